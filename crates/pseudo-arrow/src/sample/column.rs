//! Columns while they are written.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{Decimal128Builder, StringBuilder};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

/// A column of text.
pub(super) struct Text {
    cells: StringBuilder,
    scratch: String,
}

impl Text {
    /// Makes room for a number of cells that are about `bytes` long.
    pub(super) fn new(cells: usize, bytes: usize) -> Self {
        Self {
            cells: StringBuilder::with_capacity(cells, cells * bytes),
            scratch: String::new(),
        }
    }

    /// Appends a cell.
    #[inline]
    pub(super) fn push(&mut self, text: &str) {
        self.cells.append_value(text);
    }

    /// Appends a cell or NULL.
    #[inline]
    pub(super) fn push_option(&mut self, text: Option<&str>) {
        self.cells.append_option(text);
    }

    /// Appends NULL.
    #[inline]
    pub(super) fn null(&mut self) {
        self.cells.append_null();
    }

    /// Appends a cell made of pieces.
    #[inline]
    pub(super) fn push_pieces(&mut self, pieces: &[&str]) {
        for piece in pieces {
            self.piece(piece);
        }
        self.cells.append_value("");
    }

    /// Appends a cell made of characters.
    pub(super) fn push_chars(&mut self, chars: impl Iterator<Item = char>) {
        let mut bytes = [0; 4];
        for c in chars {
            self.piece(c.encode_utf8(&mut bytes));
        }
        self.cells.append_value("");
    }

    /// Lets `compose` write a text, and `finish` append it as it sees fit.
    #[inline]
    pub(super) fn compose(
        &mut self,
        compose: impl FnOnce(&mut String),
        finish: impl FnOnce(&mut Self, &str),
    ) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        compose(&mut scratch);
        finish(self, &scratch);
        self.scratch = scratch;
    }

    /// Returns the column.
    pub(super) fn finish(mut self) -> ArrayRef {
        Arc::new(self.cells.finish())
    }

    #[inline]
    fn piece(&mut self, piece: &str) {
        // A builder takes every piece; what it is asked to report is that.
        let _: std::fmt::Result = self.cells.write_str(piece);
    }
}

/// Makes a column of decimals, `None` for NULL, from their unscaled numbers.
pub(super) fn decimals(
    data_type: DataType,
    unscaled: impl Iterator<Item = Option<i128>>,
) -> ArrayRef {
    let room = unscaled.size_hint().0;
    let mut cells = Decimal128Builder::with_capacity(room).with_data_type(data_type);
    for number in unscaled {
        cells.append_option(number);
    }
    Arc::new(cells.finish())
}

/// Makes a column of cells, one for each row.
pub(super) fn each<A, T>(rows: &Range<u64>, cell: impl Fn(u64) -> T) -> ArrayRef
where
    A: From<Vec<T>> + Array + 'static,
{
    Arc::new(A::from(rows.clone().map(cell).collect::<Vec<T>>()))
}

/// Returns how many rows there are.
pub(super) fn count(rows: &Range<u64>) -> usize {
    usize::try_from(rows.end - rows.start).unwrap_or(usize::MAX)
}
