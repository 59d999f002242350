//! `seal`: reversible pseudonyms, AES-SIV over canonical bytes (TOKENS.md section 5).

use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use pseudo_token::{Encoding, SealKey};

use crate::batch::{BATCH, Batch, Canon};
use crate::column::Bytes;
use crate::outcome::Tally;
use crate::{Error, SealForm, bytes};

pub(crate) struct Seal {
    key: Arc<SealKey>,
    pub(super) canon: Canon,
    form: SealForm,
}

impl Seal {
    pub(crate) fn new(key: Arc<SealKey>, canon: Canon, form: SealForm) -> Self {
        Self { key, canon, form }
    }

    pub(crate) fn output(&self, input: &DataType) -> Option<DataType> {
        let output = match self.form {
            SealForm::Base64Url | SealForm::Base32 => DataType::Utf8,
            SealForm::Binary => DataType::Binary,
        };
        self.canon.accepts(input).then_some(output)
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let Some(cells) = bytes::cells(array) else {
            return Err(Error::UnsupportedType {
                action: "seal",
                data_type: array.data_type().clone(),
            });
        };
        let encoding = match self.form {
            SealForm::Base64Url => Some(Encoding::Base64Url),
            SealForm::Base32 => Some(Encoding::Base32),
            SealForm::Binary => None,
        };
        let as_is = self.canon.is_as_is(array.data_type());
        let width = |length: usize| encoding.map_or(length, |text| text.encoded_len(length));
        let mut column = Bytes::new(array.len(), array.len() * width(SealKey::sealed_len(0)));
        let (mut batch, mut sealed, mut lengths) = (Batch::default(), Vec::new(), Vec::new());
        for start in (0..array.len()).step_by(BATCH) {
            let rows = start..array.len().min(start + BATCH);
            cells.fill(rows, &self.canon, as_is, &mut batch, tally)?;
            sealed.clear();
            lengths.clear();
            batch.with_values(|values| {
                self.key.seal(values, &mut sealed);
                lengths.extend(values.iter().map(|value| SealKey::sealed_len(value.len())));
            });
            let mut rest = sealed.as_slice();
            for run in lengths.chunk_by(|a, b| a == b) {
                let length = run.first().copied().unwrap_or(1);
                let (values, tail) = rest
                    .split_at_checked(length * run.len())
                    .unwrap_or_default();
                for value in values.chunks_exact(length) {
                    // Behind version and key id stands the synthetic IV, a PRF of the value.
                    tally
                        .outcome
                        .distinct
                        .insert(value.get(HEADER..).unwrap_or_default());
                }
                match encoding {
                    Some(encoding) => encode_run(encoding, values, length, &mut column.values),
                    None => column.values.extend_from_slice(values),
                }
                rest = tail;
            }
            column.close(&batch.present, lengths.iter().map(|length| width(*length)))?;
        }
        if encoding.is_some() {
            column.into_text()
        } else {
            column.into_binary()
        }
    }
}

/// Writes sealed values of one length; the lengths of short values in one call.
fn encode_run(encoding: Encoding, values: &[u8], length: usize, out: &mut Vec<u8>) {
    match length {
        37 => encoding.encode_all(values.as_chunks::<37>().0, out),
        53 => encoding.encode_all(values.as_chunks::<53>().0, out),
        69 => encoding.encode_all(values.as_chunks::<69>().0, out),
        _ => values
            .chunks_exact(length)
            .for_each(|value| encoding.encode(value, out)),
    }
}

/// Version byte and key id.
const HEADER: usize = 5;
