//! `mask`: all but the first and last characters become `*`, counted in Unicode scalar values.
//!
//! A value that is not longer than what is kept becomes `*` throughout: only `keep` copies.

use arrow_array::{Array, ArrayRef};
use pseudo_pii::Verdict;

use crate::Error;
use crate::column::map_texts;
use crate::outcome::Tally;

pub(crate) struct Mask {
    pub(crate) keep_first: usize,
    pub(crate) keep_last: usize,
}

impl Mask {
    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        map_texts(array, tally, |row, text, column, tally| {
            self.write(text, &mut column.values);
            tally.transformed(row, Verdict::Valid);
            column.close_row()
        })
    }

    fn write(&self, text: &str, out: &mut Vec<u8>) {
        let length = if text.is_ascii() {
            text.len()
        } else {
            text.chars().count()
        };
        let kept = self.keep_first.saturating_add(self.keep_last);
        if length <= kept {
            out.resize(out.len() + length, b'*');
            return;
        }
        let first = byte_of(text, self.keep_first);
        let last = byte_of(text, length - self.keep_last);
        out.extend_from_slice(text.as_bytes().get(..first).unwrap_or_default());
        out.resize(out.len() + length - kept, b'*');
        out.extend_from_slice(text.as_bytes().get(last..).unwrap_or_default());
    }
}

/// Answers where the character at an index begins.
fn byte_of(text: &str, index: usize) -> usize {
    if text.is_ascii() {
        return index.min(text.len());
    }
    text.char_indices()
        .nth(index)
        .map_or(text.len(), |(at, _)| at)
}
