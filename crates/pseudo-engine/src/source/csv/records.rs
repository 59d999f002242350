//! Records to columns, on csv-core's state machine: field bytes go straight into column buffers.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::Dialect;

/// A reader of records.
pub(crate) struct Records {
    dialect: Dialect,
}

/// Columns of text.
pub(crate) struct Texts {
    pub(crate) arrays: Vec<ArrayRef>,
    pub(crate) rows: usize,
}

/// Where a record is malformed, and how.
pub(crate) struct Fault {
    pub(crate) row: u64,
    pub(crate) column: Option<usize>,
    pub(crate) text: &'static str,
}

/// Counts records, fed block by block.
pub(crate) struct Counter {
    reader: Reader,
    scratch: Scratch,
    count: u64,
}

impl Records {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect }
    }

    /// The fields of the first record.
    pub(crate) fn first(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut fields = Vec::new();
        let mut reader = self.dialect.reader();
        let mut scratch = Scratch::default();
        let mut input = bytes;
        if scratch.next(&mut reader, &mut input) {
            for index in 0..scratch.done {
                fields.push(scratch.field(index).to_vec());
            }
        }
        fields
    }

    /// Reads the columns `wanted` of records that have `width` fields; fields equal to one of
    /// `nulls` are NULL.
    pub(crate) fn columns(
        &self,
        bytes: &[u8],
        width: usize,
        wanted: &[usize],
        nulls: &[String],
    ) -> Result<Texts, Fault> {
        let mut columns: Vec<Column> = wanted.iter().map(|_| Column::default()).collect();
        let mut reader = self.dialect.reader();
        let mut scratch = Scratch::default();
        let mut input = bytes;
        let mut rows = 0;
        while scratch.next(&mut reader, &mut input) {
            if scratch.done != width {
                let text = if scratch.done < width {
                    "too few fields"
                } else {
                    "too many fields"
                };
                return Err(Fault {
                    row: rows as u64,
                    column: None,
                    text,
                });
            }
            for (column, &index) in columns.iter_mut().zip(wanted) {
                let field = scratch.field(index);
                let null = nulls.iter().any(|null| null.as_bytes() == field);
                column.push(if null { None } else { Some(field) });
            }
            rows += 1;
        }
        let mut arrays = Vec::with_capacity(columns.len());
        for (column, &index) in columns.into_iter().zip(wanted) {
            let located = |(row, text)| Fault {
                row,
                column: Some(index),
                text,
            };
            arrays.push(column.finish().map_err(located)?);
        }
        Ok(Texts { arrays, rows })
    }
}

impl Counter {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            reader: dialect.reader(),
            scratch: Scratch::default(),
            count: 0,
        }
    }

    pub(crate) fn feed(&mut self, block: &[u8]) {
        let mut input = block;
        while !input.is_empty() {
            if self.scratch.advance(&mut self.reader, &mut input) {
                self.count += 1;
            }
        }
    }

    pub(crate) fn finish(self) -> u64 {
        self.count
    }
}

impl Dialect {
    fn reader(self) -> Reader {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(self.delimiter).quote(self.quote).build()
    }
}

/// The buffers of one record.
#[derive(Default)]
struct Scratch {
    output: Vec<u8>,
    ends: Vec<usize>,
    /// Bytes and fields of the record being read.
    written: usize,
    fields: usize,
    /// Fields of the record read last.
    done: usize,
    ended: bool,
}

impl Scratch {
    /// Reads one record from the front of `input`, whose end is the end of the last record.
    fn next(&mut self, reader: &mut Reader, input: &mut &[u8]) -> bool {
        loop {
            if self.advance(reader, input) {
                return true;
            }
            if self.ended {
                return false;
            }
        }
    }

    /// One step; true when a record is complete. An empty `input` tells the reader that there is no
    /// more.
    fn advance(&mut self, reader: &mut Reader, input: &mut &[u8]) -> bool {
        if self.ended {
            return false;
        }
        let output = self.output.get_mut(self.written..).unwrap_or_default();
        let ends = self.ends.get_mut(self.fields..).unwrap_or_default();
        let (result, read, written, fields) = reader.read_record(input, output, ends);
        *input = input.get(read..).unwrap_or_default();
        self.written += written;
        self.fields += fields;
        match result {
            ReadRecordResult::InputEmpty => false,
            ReadRecordResult::OutputFull => {
                self.output.resize((self.output.len() * 2).max(4096), 0);
                false
            }
            ReadRecordResult::OutputEndsFull => {
                self.ends.resize((self.ends.len() * 2).max(64), 0);
                false
            }
            ReadRecordResult::Record => {
                self.complete();
                true
            }
            ReadRecordResult::End => {
                self.ended = true;
                false
            }
        }
    }

    /// The record stays readable through `field` until the next step overwrites it.
    fn complete(&mut self) {
        self.written = 0;
        self.done = self.fields;
        self.fields = 0;
    }

    fn field(&self, index: usize) -> &[u8] {
        let end = self.ends.get(index).copied().unwrap_or(0);
        let start = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied();
        self.output.get(start.unwrap_or(0)..end).unwrap_or_default()
    }
}

/// The buffers of one column.
#[derive(Default)]
struct Column {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    valid: Vec<bool>,
    nulls: bool,
}

impl Column {
    fn push(&mut self, field: Option<&[u8]>) {
        self.bytes.extend_from_slice(field.unwrap_or_default());
        self.ends.push(self.bytes.len());
        self.valid.push(field.is_some());
        self.nulls |= field.is_none();
    }

    /// The column as an array; row and fault of the first field that is not text on failure.
    fn finish(self) -> Result<ArrayRef, (u64, &'static str)> {
        let mut offsets = Vec::with_capacity(self.ends.len() + 1);
        offsets.push(0);
        for (row, &end) in self.ends.iter().enumerate() {
            let end = i32::try_from(end).map_err(|_| (row as u64, "over 2 GiB in one slice"))?;
            offsets.push(end);
        }
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let nulls = self.nulls.then(|| NullBuffer::from(self.valid));
        let values = Buffer::from_vec(self.bytes);
        match StringArray::try_new(offsets.clone(), values.clone(), nulls) {
            Ok(array) => Ok(Arc::new(array)),
            Err(_) => Err((first_invalid(&offsets, &values), "not valid UTF-8")),
        }
    }
}

fn first_invalid(offsets: &OffsetBuffer<i32>, values: &[u8]) -> u64 {
    let field = |pair: &[i32]| match pair {
        [start, end] => {
            let (start, end) = (usize::try_from(*start).ok()?, usize::try_from(*end).ok()?);
            values.get(start..end)
        }
        _ => None,
    };
    let invalid = |pair: &[i32]| field(pair).is_some_and(|text| str::from_utf8(text).is_err());
    offsets.windows(2).position(invalid).unwrap_or(0) as u64
}
