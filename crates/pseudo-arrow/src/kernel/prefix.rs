//! `prefix`: the first characters of a text, counted in Unicode scalar values.
//!
//! A value that is not longer than what is kept becomes NULL: only `keep` copies.

use arrow_array::{Array, ArrayRef};
use pseudo_pii::Verdict;

use crate::Error;
use crate::column::map_texts;
use crate::outcome::Tally;

pub(crate) struct Prefix {
    pub(crate) characters: usize,
}

impl Prefix {
    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        map_texts(array, tally, |row, text, column, tally| {
            let prefix = self.of(text);
            match prefix {
                Some(_) => tally.transformed(row, Verdict::Valid),
                None => tally.withheld(row),
            }
            column.push_option(prefix)
        })
    }

    fn of<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (end, _) = text.char_indices().nth(self.characters)?;
        text.get(..end)
    }
}
