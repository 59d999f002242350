//! The way back: what `seal` and `fpe` made, opened with the same key. No action of a policy: for
//! the verbs that turn the pseudonyms of one key into those of another.
//!
//! A seal proves its key (TOKENS.md section 5). Format-preserving pseudonyms do not: under a wrong
//! key they open to other values of their alphabet, and the caller has to know the key by its check
//! value.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_schema::DataType;
use pseudo_pii::Verdict;
use pseudo_token::{Alphabet, Encoding, FpeKey, SealKey};

use crate::batch::BATCH;
use crate::column::{Bytes, Present};
use crate::outcome::Tally;
use crate::{Error, FpeForm, SealForm};

/// Opens seals into their canonical bytes.
pub(crate) struct Seals {
    pub(super) key: Arc<SealKey>,
    pub(super) form: SealForm,
}

impl Seals {
    pub(crate) fn output(&self, input: &DataType) -> Option<DataType> {
        let made = match self.form {
            SealForm::Base64Url | SealForm::Base32 => DataType::Utf8,
            SealForm::Binary => DataType::Binary,
        };
        (*input == made || *input == DataType::Null).then_some(DataType::Binary)
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let encoding = match self.form {
            SealForm::Base64Url => Encoding::Base64Url,
            SealForm::Base32 => Encoding::Base32,
            SealForm::Binary => {
                let sealed = array.as_binary::<i32>();
                return self.open(array, tally, |row, out| {
                    out.extend_from_slice(sealed.value(row));
                    true
                });
            }
        };
        let texts = array.as_string::<i32>();
        self.open(array, tally, |row, out| {
            let bytes = encoding.decode(texts.value(row));
            bytes.map(|bytes| out.extend(bytes)).is_ok()
        })
    }

    /// Opens the rows, whose bytes `append` appends, false where there are none.
    fn open(
        &self,
        array: &dyn Array,
        tally: &mut Tally,
        append: impl Fn(usize, &mut Vec<u8>) -> bool,
    ) -> Result<ArrayRef, Error> {
        let mut column = Bytes::new(array.len(), 0);
        let (mut sealed, mut lengths) = (Vec::new(), Vec::new());
        for start in (0..array.len()).step_by(BATCH) {
            let batch = Rows::of(array, start, tally);
            sealed.clear();
            lengths.clear();
            let mut places: Vec<Range<usize>> = Vec::new();
            for row in &batch.filled {
                let from = sealed.len();
                if !append(*row, &mut sealed) {
                    return Err(Error::NotOpened { row: *row });
                }
                places.push(from..sealed.len());
            }
            let seals = places.into_iter().filter_map(|place| sealed.get(place));
            let seals: Vec<&[u8]> = seals.collect();
            let opened = self.key.open_all(&seals, &mut column.values, &mut lengths);
            opened.map_err(|(at, _)| batch.refused(at))?;
            column.close(&batch.present, lengths.drain(..))?;
        }
        column.into_binary()
    }
}

/// Opens pseudonyms that keep a format.
pub(crate) struct Formats {
    pub(super) key: Arc<FpeKey>,
    pub(super) form: FpeForm,
}

impl Formats {
    pub(crate) fn output(&self, input: &DataType) -> Option<DataType> {
        let made = match self.form {
            FpeForm::Text(_) => DataType::Utf8,
            FpeForm::Int64 => DataType::Int64,
        };
        (*input == made || *input == DataType::Null).then_some(made)
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
        let texts = array.as_string::<i32>();
        let mut column = Bytes::new(array.len(), 0);
        for start in (0..array.len()).step_by(BATCH) {
            let batch = Rows::of(array, start, tally);
            let values = batch.filled.iter().map(|row| texts.value(*row).as_bytes());
            let values: Vec<&[u8]> = values.collect();
            if let Some(at) = values.iter().position(|value| !alphabet.accepts(value)) {
                return Err(batch.refused(at));
            }
            let opened = self.key.decrypt(alphabet, &values, &mut column.values);
            opened.map_err(|_| batch.refused(0))?;
            column.close(&batch.present, values.iter().map(|value| value.len()))?;
        }
        column.into_text()
    }

    fn numbers(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let numbers = array.as_primitive::<Int64Type>();
        let mut opened: Vec<i64> = Vec::with_capacity(array.len());
        let (mut written, mut digits) = (Vec::new(), Vec::new());
        for start in (0..array.len()).step_by(BATCH) {
            let batch = Rows::of(array, start, tally);
            written.clear();
            digits.clear();
            for row in &batch.filled {
                let text = format!("{:018}", numbers.value(*row));
                let text = text.into_bytes();
                let text = <[u8; DIGITS]>::try_from(text);
                written.push(text.map_err(|_| Error::NotOpened { row: *row })?);
            }
            let values: Vec<&[u8]> = written.iter().map(|text| text.as_slice()).collect();
            if let Some(at) = values
                .iter()
                .position(|text| !Alphabet::Digits.accepts(text))
            {
                return Err(batch.refused(at));
            }
            let done = self.key.decrypt(Alphabet::Digits, &values, &mut digits);
            done.map_err(|_| batch.refused(0))?;
            let (texts, _) = digits.as_chunks::<DIGITS>();
            let mut texts = texts.iter().map(number);
            let next = |is_present: &bool| if *is_present { texts.next() } else { None };
            let cells = batch.present.rows.iter().map(next);
            opened.extend(cells.map(Option::unwrap_or_default));
        }
        let nulls = array.nulls().cloned();
        let column = PrimitiveArray::<Int64Type>::try_new(opened.into(), nulls)?;
        Ok(Arc::new(column))
    }
}

/// The rows of a batch.
struct Rows {
    present: Present,
    /// Those that are not NULL.
    filled: Vec<usize>,
}

impl Rows {
    fn of(array: &dyn Array, start: usize, tally: &mut Tally) -> Self {
        let mut rows = Self {
            present: Present::default(),
            filled: Vec::new(),
        };
        for row in start..array.len().min(start + BATCH) {
            let is_present = array.is_valid(row);
            rows.present.push(is_present);
            if is_present {
                tally.transformed(row, Verdict::Valid);
                rows.filled.push(row);
            } else {
                tally.null(row);
            }
        }
        rows
    }

    /// The error of the `at`th row that is not NULL.
    fn refused(&self, at: usize) -> Error {
        let row = self.filled.get(at).copied().unwrap_or_default();
        Error::NotOpened { row }
    }
}

fn number(digits: &[u8; DIGITS]) -> i64 {
    digits
        .iter()
        .fold(0, |number, digit| number * 10 + i64::from(digit & 15))
}

/// Digits of the whole numbers that `int64` takes.
const DIGITS: usize = 18;
