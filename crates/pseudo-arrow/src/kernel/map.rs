//! `map`: each text becomes the entry of a table that equals it exactly, or the default.
//!
//! Exactly means as it is: no prelude, no blanks, no folding of case.

use std::collections::HashMap;

use arrow_array::{Array, ArrayRef};
use pseudo_pii::Verdict;

use crate::column::map_texts;
use crate::outcome::Tally;
use crate::{Error, OnInvalid};

pub(crate) struct Map {
    pub(crate) entries: HashMap<String, String>,
    pub(crate) default: Option<String>,
    pub(crate) on_invalid: OnInvalid,
}

impl Map {
    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        map_texts(array, tally, |row, text, column, tally| {
            let entry = self.entries.get(text).or(self.default.as_ref());
            match entry {
                Some(_) => tally.transformed(row, Verdict::Valid),
                None if self.on_invalid == OnInvalid::Fail => tally.refuse(row)?,
                None => tally.nulled(row),
            }
            column.push_option(entry.map(String::as_str))
        })
    }
}
