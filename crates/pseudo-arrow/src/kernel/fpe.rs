//! `fpe`: format-preserving pseudonyms, FF1 over canonical text (TOKENS.md section 6).
//!
//! What is not well made, or does not fit the form, becomes NULL or fails: text in clear never
//! passes.

use std::sync::Arc;

use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_buffer::NullBufferBuilder;
use arrow_schema::DataType;
use pseudo_pii::{Blanks, Kind};
use pseudo_token::{Alphabet, FpeKey};

use crate::batch::{BATCH, Batch, Canon, Takes};
use crate::column::Bytes;
use crate::outcome::Tally;
use crate::{Error, FpeForm, OnInvalid, bytes};

pub(crate) struct Fpe {
    key: Arc<FpeKey>,
    pub(super) canon: Canon,
    form: FpeForm,
}

impl Fpe {
    pub(crate) fn new(
        key: Arc<FpeKey>,
        kind: Kind,
        blanks: Arc<Blanks>,
        form: FpeForm,
        on_invalid: OnInvalid,
    ) -> Self {
        let on_invalid = match on_invalid {
            OnInvalid::Token | OnInvalid::Null => OnInvalid::Null,
            OnInvalid::Fail => OnInvalid::Fail,
        };
        let takes = match (form, kind) {
            (FpeForm::Text(alphabet), Kind::CnPhone) => Takes::Mobile(alphabet),
            (FpeForm::Text(alphabet), _) => Takes::Text(alphabet),
            (FpeForm::Int64, Kind::Integer) => Takes::Number,
            (FpeForm::Int64, _) => Takes::Nothing,
        };
        let mut canon = Canon::new(kind, blanks, on_invalid);
        canon.takes = takes;
        Self { key, canon, form }
    }

    pub(crate) fn output(&self, input: &DataType) -> Option<DataType> {
        let output = match self.form {
            FpeForm::Text(_) => DataType::Utf8,
            FpeForm::Int64 => DataType::Int64,
        };
        self.canon.accepts(input).then_some(output)
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        match self.form {
            FpeForm::Text(alphabet) => self.texts(array, alphabet, tally),
            FpeForm::Int64 => self.numbers(array, tally),
        }
    }

    fn texts(
        &self,
        array: &dyn Array,
        alphabet: Alphabet,
        tally: &mut Tally,
    ) -> Result<ArrayRef, Error> {
        let mut column = Bytes::new(array.len(), 0);
        self.each_batch(array, alphabet, tally, |batch, pseudonyms, lengths| {
            column.values.extend_from_slice(pseudonyms);
            column.close(&batch.present, lengths.iter().copied())
        })?;
        column.into_text()
    }

    fn numbers(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let mut values = Vec::with_capacity(array.len());
        let mut nulls = NullBufferBuilder::new(array.len());
        self.each_batch(array, Alphabet::Digits, tally, |batch, pseudonyms, _| {
            let (pseudonyms, _) = pseudonyms.as_chunks::<DIGITS>();
            let mut numbers = pseudonyms.iter().map(number);
            let number_of = |is_present: &bool| if *is_present { numbers.next() } else { None };
            let cells = batch.present.rows.iter().map(number_of);
            values.extend(cells.map(Option::unwrap_or_default));
            nulls.append_slice(&batch.present.rows);
            Ok(())
        })?;
        let column = PrimitiveArray::<Int64Type>::try_new(values.into(), nulls.finish())?;
        Ok(Arc::new(column))
    }

    /// Calls `write` with the pseudonyms of each batch, back to back, and their lengths.
    fn each_batch(
        &self,
        array: &dyn Array,
        alphabet: Alphabet,
        tally: &mut Tally,
        mut write: impl FnMut(&Batch, &[u8], &[usize]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let cells = bytes::cells(array).ok_or(Error::Assembly)?;
        let as_is = self.canon.is_as_is(array.data_type());
        let (mut batch, mut pseudonyms, mut lengths) = (Batch::default(), Vec::new(), Vec::new());
        for start in (0..array.len()).step_by(BATCH) {
            let rows = start..array.len().min(start + BATCH);
            cells.fill(rows, &self.canon, as_is, &mut batch, tally)?;
            pseudonyms.clear();
            lengths.clear();
            batch.with_values(|values| {
                lengths.extend(values.iter().map(|value| value.len()));
                // The batch holds nothing that the alphabet does not accept.
                self.key
                    .encrypt(alphabet, values, &mut pseudonyms)
                    .map_err(|_| Error::Assembly)
            })?;
            let mut rest = pseudonyms.as_slice();
            for length in &lengths {
                let (pseudonym, tail) = rest.split_at_checked(*length).unwrap_or_default();
                tally.outcome.distinct.insert_text(pseudonym);
                rest = tail;
            }
            write(&batch, &pseudonyms, &lengths)?;
        }
        Ok(())
    }
}

fn number(digits: &[u8; DIGITS]) -> i64 {
    digits
        .iter()
        .fold(0, |number, digit| number * 10 + i64::from(digit & 15))
}

/// Digits of the whole numbers that `int64` takes.
const DIGITS: usize = 18;
