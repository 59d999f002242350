//! `constant`: the same text for every cell that is not NULL.

use arrow_array::{Array, ArrayRef};
use pseudo_pii::Verdict;

use crate::Error;
use crate::column::Bytes;
use crate::outcome::Tally;

pub(crate) struct Constant {
    pub(crate) text: String,
}

impl Constant {
    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let nulls = array.logical_nulls();
        let mut column = Bytes::new(array.len(), array.len() * self.text.len());
        for row in 0..array.len() {
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                tally.null(row);
                column.push_null();
            } else {
                tally.transformed(row, Verdict::Valid);
                column.push(self.text.as_bytes())?;
            }
        }
        column.into_text()
    }
}
