//! CSV files (RFC 4180, with the delimiter and quote of the table). A slice is a byte range that
//! begins and ends between records, found by following quotes through the whole file, so that
//! newlines inside fields never cut a record. Columns are text unless the table's `types` say
//! otherwise: ID numbers keep their zeros.

mod records;
mod split;

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use pseudo_policy::{CsvOptions, Table};

use self::records::Records;
use self::split::Splitter;
use super::Slice;
use crate::{Cancel, Error, Result};

/// How the bytes are cut into fields.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    delimiter: u8,
    quote: u8,
}

/// An opened file: where it is, and its header.
pub(crate) struct CsvFile {
    pub(crate) location: PathBuf,
    dialect: Dialect,
    nulls: Vec<String>,
    schema: SchemaRef,
    size: u64,
    /// Where the first record after the header begins.
    body: u64,
}

impl CsvFile {
    /// Reads the header.
    pub(crate) fn open(
        path: &str,
        location: PathBuf,
        size: u64,
        table: &Table,
    ) -> Result<(Self, SchemaRef)> {
        let CsvOptions {
            delimiter,
            quote,
            header,
            null,
            ..
        } = &table.csv;
        let dialect = Dialect {
            delimiter: *delimiter,
            quote: *quote,
        };
        let start = Self::mark_len(&location)?;
        let first = first_record(&location, start, dialect, size)?;
        let fields = Records::new(dialect).first(&first);
        if fields.is_empty() {
            return Err(Error::source(path, "empty file: not even a header"));
        }
        let names = header_names(path, &fields, *header)?;
        let typed = |name: &String| {
            let data_type = table
                .types
                .get(name)
                .map_or(DataType::Utf8, |declared| declared.data_type());
            Field::new(name, data_type, true)
        };
        let schema = Arc::new(Schema::new(names.iter().map(typed).collect::<Vec<_>>()));
        let body = if *header {
            start + first.len() as u64
        } else {
            start
        };
        let nulls = null.clone();
        let file = Self {
            location,
            dialect,
            nulls,
            schema: Arc::clone(&schema),
            size,
            body,
        };
        Ok((file, schema))
    }

    /// Cuts the body into ranges of whole records, of about `bytes` bytes.
    pub(crate) fn slices(&self, path: &str, bytes: u64, cancel: &Cancel) -> Result<Vec<Slice>> {
        let mut splitter = Splitter::new(self.dialect, self.body, bytes);
        self.blocks(self.body..self.size, |block| {
            splitter.feed(block);
            cancel.check()
        })?;
        let mut start = self.body;
        let mut slices = Vec::new();
        for end in splitter
            .finish()
            .map_err(|fault| Error::source(path, fault))?
        {
            slices.push(Slice::Bytes(start..end));
            start = end;
        }
        if start < self.size {
            slices.push(Slice::Bytes(start..self.size));
        }
        Ok(slices)
    }

    /// Reads some columns of the records in a range.
    pub(crate) fn read(
        &self,
        path: &str,
        range: Range<u64>,
        columns: &[usize],
    ) -> Result<RecordBatch> {
        let bytes = self.bytes(range.clone())?;
        let width = self.schema.fields().len();
        let records = Records::new(self.dialect);
        let located = |row: u64, column: Option<usize>, fault: &str| {
            let before = self.records_before(path, range.start)?;
            let column = column.map(|index| self.schema.field(index).name().clone());
            let (file, fault) = (path.to_owned(), fault.to_owned());
            Err(Error::Source {
                file,
                row: Some(before + row + 1),
                column,
                fault,
            })
        };
        let texts = match records.columns(&bytes, width, columns, &self.nulls) {
            Ok(texts) => texts,
            Err(fault) => return located(fault.row, fault.column, fault.text),
        };
        let rows = texts.rows;
        let mut arrays = Vec::with_capacity(columns.len());
        for (text, &index) in texts.arrays.into_iter().zip(columns) {
            match typed(text, self.schema.field(index).data_type()) {
                Ok(array) => arrays.push(array),
                Err(row) => return located(row, Some(index), "not a value of the declared type"),
            }
        }
        let schema = Arc::new(
            self.schema
                .project(columns)
                .map_err(|error| Error::reading_arrow(path, &error))?,
        );
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema, arrays, &options)
            .map_err(|error| Error::reading_arrow(path, &error))
    }

    /// The number of records before the byte `end`. Reads them again: for error messages only.
    pub(crate) fn records_before(&self, _path: &str, end: u64) -> Result<u64> {
        let mut counter = records::Counter::new(self.dialect);
        self.blocks(self.body..end, |block| {
            counter.feed(block);
            Ok(())
        })?;
        Ok(counter.finish())
    }

    fn bytes(&self, range: Range<u64>) -> Result<Vec<u8>> {
        let file = File::open(&self.location).map_err(Error::io("read", &self.location))?;
        let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, range.start)
            .map_err(Error::io("read", &self.location))?;
        Ok(bytes)
    }

    fn blocks(&self, range: Range<u64>, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let file = File::open(&self.location).map_err(Error::io("read", &self.location))?;
        let mut block = vec![0; 1 << 20];
        let mut at = range.start;
        while at < range.end {
            let length = usize::try_from(range.end - at)
                .unwrap_or(usize::MAX)
                .min(block.len());
            let Some(part) = block.get_mut(..length) else {
                break;
            };
            file.read_exact_at(part, at)
                .map_err(Error::io("read", &self.location))?;
            each(part)?;
            at += length as u64;
        }
        Ok(())
    }

    /// The length of a UTF-8 byte order mark at the start.
    fn mark_len(location: &std::path::Path) -> Result<u64> {
        let file = File::open(location).map_err(Error::io("read", location))?;
        let mut mark = Vec::new();
        file.take(3)
            .read_to_end(&mut mark)
            .map_err(Error::io("read", location))?;
        Ok(if mark == [0xEF, 0xBB, 0xBF] { 3 } else { 0 })
    }
}

/// The records of a file of two columns, without header. Number and fault of the first record that
/// is none on failure.
pub(crate) fn pairs(bytes: &[u8]) -> Result<Vec<(String, String)>, (u64, &'static str)> {
    let dialect = Dialect {
        delimiter: b',',
        quote: b'"',
    };
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let texts = Records::new(dialect)
        .columns(bytes, 2, &[0, 1], &[])
        .map_err(|fault| (fault.row + 1, fault.text))?;
    let column = |index: usize| {
        texts
            .arrays
            .get(index)
            .and_then(|array| array.as_string_opt())
    };
    let (Some(from), Some(to)) = (column(0), column(1)) else {
        return Err((1, "not two columns"));
    };
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let pairs = from.iter().zip(to as &StringArray);
    Ok(pairs.map(|(from, to)| (owned(from), owned(to))).collect())
}

/// The bytes of the record that begins at `start`, its line end included.
fn first_record(
    location: &std::path::Path,
    start: u64,
    dialect: Dialect,
    size: u64,
) -> Result<Vec<u8>> {
    let file = File::open(location).map_err(Error::io("read", location))?;
    let mut splitter = Splitter::new(dialect, 0, 1);
    let mut record = Vec::new();
    let mut reader = BufReader::new(file);
    let mut skipped = vec![0; usize::try_from(start).unwrap_or(0)];
    reader
        .read_exact(&mut skipped)
        .map_err(Error::io("read", location))?;
    let mut block = vec![0; 1 << 16];
    while record.len() as u64 + start < size {
        let count = reader
            .read(&mut block)
            .map_err(Error::io("read", location))?;
        let Some(bytes) = block.get(..count).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        record.extend_from_slice(bytes);
        splitter.feed(bytes);
        if let Some(end) = splitter.first() {
            record.truncate(usize::try_from(end).unwrap_or(usize::MAX));
            break;
        }
    }
    Ok(record)
}

fn header_names(path: &str, fields: &[Vec<u8>], header: bool) -> Result<Vec<String>> {
    if !header {
        return Ok((1..=fields.len())
            .map(|number| format!("column_{number}"))
            .collect());
    }
    let text = |field: &Vec<u8>| String::from_utf8(field.clone());
    fields
        .iter()
        .map(text)
        .collect::<Result<_, _>>()
        .map_err(|_| Error::source(path, "its header is not valid UTF-8"))
}

/// Converts text to its declared type; the row of the first value that is none on failure.
fn typed(text: ArrayRef, data_type: &DataType) -> Result<ArrayRef, u64> {
    if data_type == &DataType::Utf8 {
        return Ok(text);
    }
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    let array = cast_with_options(&text, data_type, &options).map_err(|_| 0_u64)?;
    let lost = (0..text.len()).find(|&row| text.is_valid(row) && array.is_null(row));
    match lost {
        Some(row) => Err(row as u64),
        None => Ok(array),
    }
}
