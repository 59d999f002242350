//! `token`: irreversible pseudonyms, HMAC-SHA-256 over canonical bytes (TOKENS.md section 4).
//!
//! A batch goes through three tight loops: canonical bytes, one cipher call, one encoding call that
//! writes straight into the value buffer of the output.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use pseudo_token::{Encoding, TokenKey};

use crate::batch::{BATCH, Batch, Canon};
use crate::column::{Bytes, Fixed};
use crate::outcome::Tally;
use crate::{Error, TokenForm, bytes};

pub(crate) struct Token {
    key: Arc<TokenKey>,
    pub(super) canon: Canon,
    form: TokenForm,
    width: Width,
}

impl Token {
    pub(crate) fn new(
        key: Arc<TokenKey>,
        canon: Canon,
        form: TokenForm,
        bits: u16,
    ) -> Result<Self, Error> {
        let width = match (bits, form) {
            (128, _) => Width::Half,
            (256, TokenForm::Base32 | TokenForm::Hex | TokenForm::Binary) => Width::Full,
            _ => {
                return Err(Error::TokenBits {
                    form: form.name(),
                    bits,
                });
            }
        };
        Ok(Self {
            key,
            canon,
            form,
            width,
        })
    }

    pub(crate) fn output(&self, input: &DataType) -> Option<DataType> {
        let output = match (self.form, &self.width) {
            (TokenForm::Base32 | TokenForm::Hex, _) => DataType::Utf8,
            (TokenForm::Uuid | TokenForm::Binary, Width::Half) => DataType::FixedSizeBinary(16),
            (TokenForm::Uuid | TokenForm::Binary, Width::Full) => DataType::FixedSizeBinary(32),
        };
        self.canon.accepts(input).then_some(output)
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        match self.width {
            Width::Half => self.tokens::<16>(array, tally),
            Width::Full => self.tokens::<32>(array, tally),
        }
    }

    fn tokens<const N: usize>(
        &self,
        array: &dyn Array,
        tally: &mut Tally,
    ) -> Result<ArrayRef, Error> {
        match self.form {
            TokenForm::Base32 => self.text::<N>(array, Encoding::Base32, tally),
            TokenForm::Hex => self.text::<N>(array, Encoding::Hex, tally),
            TokenForm::Uuid | TokenForm::Binary => {
                let mut column = Fixed::<N>::new(array.len());
                self.each_batch(array, tally, |batch, tokens| {
                    column.extend(&batch.present, tokens);
                    Ok(())
                })?;
                column.finish()
            }
        }
    }

    fn text<const N: usize>(
        &self,
        array: &dyn Array,
        encoding: Encoding,
        tally: &mut Tally,
    ) -> Result<ArrayRef, Error> {
        let width = encoding.encoded_len(N);
        let values = array.len() - array.logical_null_count();
        let mut column = Bytes::new(array.len(), values * width);
        self.each_batch(array, tally, |batch, tokens: &[[u8; N]]| {
            encoding.encode_all(tokens, &mut column.values);
            column.close_fixed(&batch.present, width)
        })?;
        column.into_text()
    }

    fn each_batch<const N: usize>(
        &self,
        array: &dyn Array,
        tally: &mut Tally,
        mut write: impl FnMut(&Batch, &[[u8; N]]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(cells) = bytes::cells(array) else {
            return Err(Error::UnsupportedType {
                action: "token",
                data_type: array.data_type().clone(),
            });
        };
        let as_is = self.canon.is_as_is(array.data_type());
        let mut batch = Batch::default();
        let mut tokens = vec![[0; N]; array.len().min(BATCH)];
        for start in (0..array.len()).step_by(BATCH) {
            let rows = start..array.len().min(start + BATCH);
            cells.fill(rows, &self.canon, as_is, &mut batch, tally)?;
            let tokens = tokens.get_mut(..batch.len()).unwrap_or_default();
            batch.with_values(|values| self.key.tokens(values, tokens));
            for token in &*tokens {
                tally.outcome.distinct.insert(token);
            }
            write(&batch, tokens)?;
        }
        Ok(())
    }
}

enum Width {
    Half,
    Full,
}
