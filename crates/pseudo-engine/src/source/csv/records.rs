//! Records to columns. Regular text goes the way of the index, one column after the other; the rest
//! goes byte by byte through the grammar.

use std::cmp::Ordering;

use arrow::array::{ArrayRef, BooleanBufferBuilder, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Schema};
use memchr::memchr;

use super::index::Index;
use super::machine::{Event, State};
use super::typed::typed;
use super::{Collect, Dialect};
use crate::Error;

/// What fields mean.
#[derive(Clone, Copy)]
pub(super) struct Layout<'a> {
    pub(super) dialect: Dialect,
    /// Fields of a record.
    pub(super) width: usize,
    /// The fields that are read, in ascending order.
    pub(super) wanted: &'a [usize],
    pub(super) nulls: &'a Nulls,
    /// What a field is not whose bytes are no text.
    pub(super) not_text: &'static str,
}

/// The fields that are NULL.
#[derive(Debug, Default)]
pub(super) struct Nulls {
    texts: Vec<Vec<u8>>,
    /// Length of the longest one.
    longest: Option<usize>,
}

/// Collects the columns of a batch.
pub(super) struct Records<'a> {
    layout: Layout<'a>,
    index: Index,
    columns: Vec<Column>,
    rows: usize,
    rows_max: usize,
    /// The record that is being read byte by byte: its fields, and where each of them ends.
    fields: Vec<u8>,
    ends: Vec<usize>,
}

/// Where a record is malformed, and how.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::source) struct Fault {
    /// Row within the batch.
    pub(in crate::source) row: usize,
    pub(in crate::source) field: Option<usize>,
    pub(in crate::source) text: &'static str,
}

impl Fault {
    /// The fault of a file with this schema, in a batch behind `before` of its records.
    pub(in crate::source) fn located(self, path: &str, schema: &Schema, before: u64) -> Error {
        let name = |index: usize| schema.fields().get(index).map(|f| f.name().clone());
        Error::Source {
            file: path.to_owned(),
            row: Some(before + self.row as u64 + 1),
            column: self.field.and_then(name),
            fault: self.text.to_owned(),
        }
    }
}

impl<'a> Records<'a> {
    /// For batches of `rows_max` rows.
    pub(super) fn new(layout: Layout<'a>, rows_max: usize) -> Self {
        Self {
            layout,
            index: Index::default(),
            columns: layout.wanted.iter().map(|_| Column::new(0, 0)).collect(),
            rows: 0,
            rows_max,
            fields: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The same, byte by byte.
    pub(super) fn irregular(&mut self, text: &[u8], last: bool) -> Result<usize, Fault> {
        let (dialect, blank_lines) = (self.layout.dialect, self.layout.width == 1);
        let (mut state, mut taken) = (State::Record, 0);
        self.restart();
        for (at, &byte) in (1..).zip(text) {
            let event;
            (state, event) = dialect.step(state, byte, blank_lines);
            match event {
                Event::Nothing => {}
                Event::Byte => self.fields.push(byte),
                Event::Field => self.ends.push(self.fields.len()),
                Event::Record => {
                    let next = text.get(at);
                    if state == State::Return && next.is_none() && !last {
                        // an LF that belongs to the CR may follow
                        return Ok(taken);
                    }
                    self.record()?;
                    if self.is_full() {
                        let pair = state == State::Return && next == Some(&b'\n');
                        return Ok(at + usize::from(pair));
                    }
                }
            }
            if !state.is_open() {
                taken = at;
            }
        }
        if !last || !state.is_open() {
            return Ok(taken);
        }
        if state == State::Quoted {
            return Err(Fault {
                row: self.rows,
                field: Some(self.ends.len()).filter(|field| *field < self.layout.width),
                text: "ends inside a quoted field",
            });
        }
        self.record()?;
        Ok(text.len())
    }

    fn restart(&mut self) {
        self.fields.clear();
        self.ends.clear();
    }

    /// Takes the record that was read byte by byte.
    fn record(&mut self) -> Result<(), Fault> {
        self.ends.push(self.fields.len());
        let text = match self.ends.len().cmp(&self.layout.width) {
            Ordering::Equal => None,
            Ordering::Less => Some("too few fields"),
            Ordering::Greater => Some("too many fields"),
        };
        if let Some(text) = text {
            return Err(Fault {
                row: self.rows,
                field: None,
                text,
            });
        }
        for (column, &index) in self.columns.iter_mut().zip(self.layout.wanted) {
            let before = index
                .checked_sub(1)
                .and_then(|before| self.ends.get(before));
            let start = before.copied().unwrap_or(0);
            let end = self.ends.get(index).copied().unwrap_or(start);
            let field = self.fields.get(start..end).unwrap_or_default();
            column.push(field, self.layout.nulls);
        }
        self.rows += 1;
        self.restart();
        Ok(())
    }
}

impl Collect for Records<'_> {
    fn take(&mut self, text: &[u8], last: bool) -> Result<usize, Fault> {
        let Layout { dialect, width, .. } = self.layout;
        if !self.index.build(text, dialect, width, last) {
            return self.irregular(text, last);
        }
        let rows = self.index.rows().min(self.rows_max - self.rows);
        for (column, &field) in self.columns.iter_mut().zip(self.layout.wanted) {
            column.regular(text, &self.index, &self.layout, field, rows);
        }
        self.rows += rows;
        Ok(self.index.end(rows, width).min(text.len()))
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn is_full(&self) -> bool {
        self.rows >= self.rows_max
    }

    fn finish(&mut self, types: &[&DataType]) -> Result<Vec<ArrayRef>, Fault> {
        let mut arrays = Vec::with_capacity(self.columns.len());
        let columns = self.columns.iter_mut().zip(self.layout.wanted);
        for ((column, &field), data_type) in columns.zip(types) {
            let located = |(row, text)| Fault {
                row,
                field: Some(field),
                text,
            };
            let text = column.finish(self.layout.not_text).map_err(located)?;
            let array = typed(text, data_type);
            arrays.push(array.map_err(|row| located((row, "not a value of the declared type")))?);
        }
        self.rows = 0;
        Ok(arrays)
    }
}

/// The buffers of one column.
pub(in crate::source) struct Column {
    bytes: Vec<u8>,
    /// Where each row begins, and where the last one ends; wrong when that is over 2 GiB.
    offsets: Vec<i32>,
    /// The rows that are NULL.
    nulls: Vec<usize>,
}

/// Most fields are shorter: copying so many bytes at once takes two instructions.
const SHORT: usize = 32;

impl Column {
    /// With room for so many bytes and rows.
    pub(in crate::source) fn new(bytes: usize, rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            bytes: Vec::with_capacity(bytes + SHORT),
            offsets,
            nulls: Vec::new(),
        }
    }

    /// Takes a cell.
    pub(in crate::source) fn push_text(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.end_row(false);
    }

    /// Takes a cell that is NULL.
    pub(in crate::source) fn push_null(&mut self) {
        self.end_row(true);
    }

    fn push(&mut self, field: &[u8], nulls: &Nulls) {
        self.bytes.extend_from_slice(field);
        self.end_row(nulls.contain(field));
    }

    /// Takes field `field` of the first `rows` records of an index.
    fn regular(
        &mut self,
        text: &[u8],
        index: &Index,
        layout: &Layout<'_>,
        field: usize,
        rows: usize,
    ) {
        let quote = layout.dialect.quote;
        let returns = index.returns() && field + 1 == layout.width;
        for (start, mut end) in index.fields(field, layout.width, rows) {
            if returns && end > start && text.get(end - 1) == Some(&b'\r') {
                end -= 1;
            }
            if text.get(start) != Some(&quote) {
                self.copy(text, start, end, layout.nulls);
                continue;
            }
            let inner = text.get(start + 1..end - 1).unwrap_or_default();
            if index.escapes() && memchr(quote, inner).is_some() {
                self.unescape(inner, quote, layout.nulls);
            } else {
                self.copy(text, start + 1, end - 1, layout.nulls);
            }
        }
    }

    fn copy(&mut self, text: &[u8], start: usize, end: usize, nulls: &Nulls) {
        let length = end - start;
        let rest = text.get(start..).unwrap_or_default();
        match rest.first_chunk::<SHORT>() {
            Some(block) if length <= SHORT => {
                let before = self.bytes.len();
                self.bytes.extend_from_slice(block);
                self.bytes.truncate(before + length);
            }
            _ => self
                .bytes
                .extend_from_slice(rest.get(..length).unwrap_or_default()),
        }
        self.end_row(nulls.contain(rest.get(..length).unwrap_or_default()));
    }

    /// Takes what stands between quotes, where each quote is written twice.
    fn unescape(&mut self, inner: &[u8], quote: u8, nulls: &Nulls) {
        let before = self.bytes.len();
        let mut rest = inner;
        while let Some(at) = memchr(quote, rest) {
            self.bytes
                .extend_from_slice(rest.get(..=at).unwrap_or_default());
            rest = rest.get(at + 2..).unwrap_or_default();
        }
        self.bytes.extend_from_slice(rest);
        let null = nulls.contain(self.bytes.get(before..).unwrap_or_default());
        self.end_row(null);
    }

    #[inline]
    fn end_row(&mut self, null: bool) {
        if null {
            let start = self.offsets.last().copied().unwrap_or(0);
            self.bytes.truncate(usize::try_from(start).unwrap_or(0));
            self.nulls.push(self.offsets.len() - 1);
        }
        let end = i32::try_from(self.bytes.len()).unwrap_or(i32::MAX);
        self.offsets.push(end);
    }

    /// The column as an array; row and fault of the first field that is not text on failure. Begins
    /// anew.
    pub(in crate::source) fn finish(
        &mut self,
        not_text: &'static str,
    ) -> Result<StringArray, (usize, &'static str)> {
        let next = Self::new(self.bytes.len(), self.offsets.len());
        let column = std::mem::replace(self, next);
        if i32::try_from(column.bytes.len()).is_err() {
            return Err((0, "over 2 GiB of text in one batch"));
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(column.offsets));
        let values = Buffer::from_vec(column.bytes);
        let nulls = (!column.nulls.is_empty()).then(|| {
            let mut valid = BooleanBufferBuilder::new(offsets.len());
            valid.append_n(offsets.len() - 1, true);
            column
                .nulls
                .iter()
                .for_each(|row| valid.set_bit(*row, false));
            NullBuffer::new(valid.finish())
        });
        StringArray::try_new(offsets.clone(), values.clone(), nulls)
            .map_err(|_| (first_invalid(&offsets, &values), not_text))
    }
}

impl Nulls {
    pub(super) fn new(texts: &[String]) -> Self {
        Self {
            longest: texts.iter().map(String::len).max(),
            texts: texts.iter().map(|text| text.clone().into_bytes()).collect(),
        }
    }

    #[inline]
    fn contain(&self, field: &[u8]) -> bool {
        self.longest.is_some_and(|longest| field.len() <= longest) && self.search(field)
    }

    /// Byte by byte: a call to compare two bytes costs more than they do.
    fn search(&self, field: &[u8]) -> bool {
        let same = |text: &Vec<u8>| text.len() == field.len() && text.iter().eq(field);
        self.texts.iter().any(same)
    }
}

fn first_invalid(offsets: &OffsetBuffer<i32>, values: &[u8]) -> usize {
    let field = |pair: &[i32]| match pair {
        [start, end] => {
            let (start, end) = (usize::try_from(*start).ok()?, usize::try_from(*end).ok()?);
            values.get(start..end)
        }
        _ => None,
    };
    let invalid = |pair: &[i32]| field(pair).is_some_and(|text| str::from_utf8(text).is_err());
    offsets.windows(2).position(invalid).unwrap_or(0)
}

#[cfg(test)]
mod tests;
