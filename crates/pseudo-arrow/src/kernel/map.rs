//! `map`: each text becomes the entry of a table that equals it exactly, or the default.
//!
//! Exactly means as it is: no prelude, no blanks, no folding of case.

use std::collections::HashMap;

use arrow_array::{Array, ArrayRef};
use pseudo_pii::Verdict;

use crate::bytes::Cell;
use crate::column::Bytes;
use crate::outcome::Tally;
use crate::{Error, OnInvalid, bytes};

pub(crate) struct Map {
    pub(crate) entries: HashMap<String, String>,
    pub(crate) default: Option<String>,
    pub(crate) on_invalid: OnInvalid,
}

impl Map {
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
            let entry = match cells.cell(row, &mut written) {
                Cell::Text(text) => self.entries.get(text),
                Cell::Bytes(_) | Cell::Written | Cell::Missing => None,
            };
            let entry = entry.or(self.default.as_ref()).map(String::as_str);
            match entry {
                Some(_) => tally.transformed(row, Verdict::Valid),
                None if self.on_invalid == OnInvalid::Fail => tally.refuse(row)?,
                None => tally.nulled(row),
            }
            column.push_option(entry)?;
        }
        column.into_text()
    }
}
