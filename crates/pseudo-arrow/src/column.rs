//! Output columns under construction: value bytes back to back, offsets computed rather than
//! measured, and a validity bitmap that does not exist until the first NULL.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryArray, FixedSizeBinaryArray, PrimitiveArray,
    StringArray,
};
use arrow_buffer::{Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use pseudo_pii::Verdict;

use crate::bytes::Cell;
use crate::outcome::Tally;
use crate::{Error, OnInvalid, bytes};

/// A text or binary column.
pub(crate) struct Bytes {
    pub(crate) values: Vec<u8>,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Bytes {
    pub(crate) fn new(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            values: Vec::with_capacity(bytes),
            offsets,
            nulls: NullBufferBuilder::new(rows),
        }
    }

    /// Closes the rows of a batch whose present cells were appended to `values`, `width` bytes
    /// each.
    pub(crate) fn close_fixed(&mut self, present: &Present, width: usize) -> Result<(), Error> {
        let mut end = self.end();
        i32::try_from(self.values.len()).map_err(|_| Error::TooLarge)?;
        let width = i32::try_from(width).map_err(|_| Error::TooLarge)?;
        if present.all() {
            self.nulls.append_n_non_nulls(present.rows.len());
            self.offsets
                .extend((1..).map(|n| end + n * width).take(present.rows.len()));
            return Ok(());
        }
        for is_present in &present.rows {
            end += if *is_present { width } else { 0 };
            self.offsets.push(end);
        }
        self.nulls.append_slice(&present.rows);
        Ok(())
    }

    /// Closes the rows of a batch whose present cells were appended to `values`, of these lengths.
    pub(crate) fn close(
        &mut self,
        present: &Present,
        lengths: impl Iterator<Item = usize>,
    ) -> Result<(), Error> {
        i32::try_from(self.values.len()).map_err(|_| Error::TooLarge)?;
        let (mut end, mut lengths) = (self.end(), lengths);
        for is_present in &present.rows {
            if *is_present {
                end += i32::try_from(lengths.next().unwrap_or_default()).unwrap_or_default();
            }
            self.offsets.push(end);
        }
        self.nulls.append_slice(&present.rows);
        Ok(())
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.values.extend_from_slice(bytes);
        self.close_row()
    }

    /// Closes a row whose bytes were appended to `values`.
    pub(crate) fn close_row(&mut self) -> Result<(), Error> {
        self.offsets
            .push(i32::try_from(self.values.len()).map_err(|_| Error::TooLarge)?);
        self.nulls.append_non_null();
        Ok(())
    }

    /// Appends a cell, NULL where there is none.
    pub(crate) fn push_option(&mut self, text: Option<&str>) -> Result<(), Error> {
        match text {
            Some(text) => self.push(text.as_bytes()),
            None => {
                self.push_null();
                Ok(())
            }
        }
    }

    pub(crate) fn push_null(&mut self) {
        self.offsets.push(self.end());
        self.nulls.append_null();
    }

    pub(crate) fn into_text(mut self) -> Result<ArrayRef, Error> {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let values = Buffer::from_vec(self.values);
        Ok(Arc::new(StringArray::try_new(
            offsets,
            values,
            self.nulls.finish(),
        )?))
    }

    pub(crate) fn into_binary(mut self) -> Result<ArrayRef, Error> {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let values = Buffer::from_vec(self.values);
        Ok(Arc::new(BinaryArray::try_new(
            offsets,
            values,
            self.nulls.finish(),
        )?))
    }

    fn end(&self) -> i32 {
        self.offsets.last().copied().unwrap_or_default()
    }
}

/// A column of `N` bytes per cell, zeros where it is NULL.
pub(crate) struct Fixed<const N: usize> {
    values: Vec<u8>,
    nulls: NullBufferBuilder,
}

impl<const N: usize> Fixed<N> {
    pub(crate) fn new(rows: usize) -> Self {
        Self {
            values: Vec::with_capacity(rows * N),
            nulls: NullBufferBuilder::new(rows),
        }
    }

    /// Appends the rows of a batch; `cells` holds the present ones.
    pub(crate) fn extend(&mut self, present: &Present, cells: &[[u8; N]]) {
        if present.all() {
            self.nulls.append_n_non_nulls(present.rows.len());
            self.values.extend_from_slice(cells.as_flattened());
            return;
        }
        let mut cells = cells.iter();
        for is_present in &present.rows {
            let cell = if *is_present { cells.next() } else { None };
            self.values.extend_from_slice(cell.unwrap_or(&[0; N]));
        }
        self.nulls.append_slice(&present.rows);
    }

    pub(crate) fn finish(mut self) -> Result<ArrayRef, Error> {
        let width = i32::try_from(N).map_err(|_| Error::Assembly)?;
        let values = Buffer::from_vec(self.values);
        Ok(Arc::new(FixedSizeBinaryArray::try_new(
            width,
            values,
            self.nulls.finish(),
        )?))
    }
}

/// Which rows of a batch have a value.
#[derive(Default)]
pub(crate) struct Present {
    pub(crate) rows: Vec<bool>,
    absent: usize,
}

impl Present {
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.absent = 0;
    }

    pub(crate) fn push(&mut self, is_present: bool) {
        self.rows.push(is_present);
        self.absent += usize::from(!is_present);
    }

    pub(crate) fn all(&self) -> bool {
        self.absent == 0
    }
}

/// Counts the cells of a column and calls `write` with what each becomes; a cell that is there and
/// becomes nothing is invalid.
pub(crate) fn each_cell<T>(
    array: &dyn Array,
    cells: impl IntoIterator<Item = Option<T>>,
    on_invalid: OnInvalid,
    tally: &mut Tally,
    mut write: impl FnMut(Option<T>) -> Result<(), Error>,
) -> Result<(), Error> {
    for (row, cell) in cells.into_iter().enumerate() {
        if array.is_null(row) {
            tally.null(row);
            write(None)?;
            continue;
        }
        match cell {
            Some(_) => tally.transformed(row, Verdict::Valid),
            None if on_invalid == OnInvalid::Fail => tally.refuse(row)?,
            None => tally.nulled(row),
        }
        write(cell)?;
    }
    Ok(())
}

/// Makes text of a column of text: NULL stays NULL, and of every other cell `write` counts what
/// becomes, and appends it.
pub(crate) fn map_texts(
    array: &dyn Array,
    tally: &mut Tally,
    write: impl Fn(usize, &str, &mut Bytes, &mut Tally) -> Result<(), Error>,
) -> Result<ArrayRef, Error> {
    let cells = bytes::cells(array).ok_or(Error::Assembly)?;
    let mut column = Bytes::new(array.len(), 0);
    let mut written = String::new();
    for row in 0..array.len() {
        if cells.is_null(row) {
            tally.null(row);
            column.push_null();
        } else if let Cell::Text(text) = cells.cell(row, &mut written) {
            write(row, text, &mut column, tally)?;
        } else {
            return Err(Error::Assembly);
        }
    }
    column.into_text()
}

/// Maps the cells of a column of numbers; what `f` has no answer for is invalid.
pub(crate) fn map_numbers<T: ArrowPrimitiveType, U: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    on_invalid: OnInvalid,
    tally: &mut Tally,
    f: impl Fn(T::Native) -> Option<U::Native>,
) -> Result<PrimitiveArray<U>, Error> {
    let mut values = Vec::with_capacity(array.len());
    let mut nulls = NullBufferBuilder::new(array.len());
    for (row, value) in array.values().iter().enumerate() {
        let mapped = if array.is_null(row) { None } else { f(*value) };
        match mapped {
            Some(_) => tally.transformed(row, Verdict::Valid),
            None if array.is_null(row) => tally.null(row),
            None if on_invalid == OnInvalid::Fail => tally.refuse(row)?,
            None => tally.nulled(row),
        }
        nulls.append(mapped.is_some());
        values.push(mapped.unwrap_or_default());
    }
    Ok(PrimitiveArray::try_new(values.into(), nulls.finish())?)
}
