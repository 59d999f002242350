//! `prefix`: the first characters of a text, counted in Unicode scalar values.
//!
//! A value that is not longer than what is kept becomes NULL: only `keep` copies.

use arrow_array::{Array, ArrayRef};
use pseudo_pii::Verdict;

use crate::bytes::Cell;
use crate::column::Bytes;
use crate::outcome::Tally;
use crate::{Error, bytes};

pub(crate) struct Prefix {
    pub(crate) characters: usize,
}

impl Prefix {
    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let cells = bytes::cells(array).ok_or(Error::Assembly)?;
        let mut column = Bytes::new(array.len(), 0);
        let mut written = String::new();
        for row in 0..array.len() {
            if cells.is_null(row) {
                tally.null(row);
                column.push_null();
                continue;
            }
            let prefix = match cells.cell(row, &mut written) {
                Cell::Text(text) => self.of(text),
                Cell::Bytes(_) | Cell::Written | Cell::Missing => None,
            };
            match prefix {
                Some(_) => tally.transformed(row, Verdict::Valid),
                None => tally.withheld(row),
            }
            column.push_option(prefix)?;
        }
        column.into_text()
    }

    fn of<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (end, _) = text.char_indices().nth(self.characters)?;
        text.get(..end)
    }
}
