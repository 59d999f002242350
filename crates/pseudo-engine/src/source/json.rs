//! NDJSON files (JSON Lines): a JSON object (RFC 8259) a line, a column a key. Text, numbers and
//! booleans are text as they are written unless the table's `types` say otherwise; null and a
//! missing key are NULL; an empty line is no record. A slice is a byte range of whole lines.
//!
//! The columns of a table are the keys at the beginning of its files, and those of `types`. No
//! other key passes unseen: a record that has one is refused, unless unlisted columns are dropped.

mod lines;
mod rows;
mod scan;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use pseudo_policy::{Table, TextEncoding};

use self::lines::{Cuts, Tally};
use self::rows::{Keys, Rows};
use super::csv::{Counted, Fault, Text};
use super::raw::{RECORD_MAX, Raw};
use super::{Slice, Visitor};
use crate::{Error, Result};

/// Bytes of text whose keys are the columns of a file.
const HEAD: u64 = 256 << 10;
/// How far into the text of a packed file a look at some of it goes: all before has to be unpacked.
const SPREAD_MAX: u64 = 1 << 30;
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// An opened file: where it is, and its columns.
pub(crate) struct JsonFile {
    raw: Raw,
    schema: SchemaRef,
    /// Columns by their names.
    known: HashMap<Box<[u8]>, usize>,
    /// Other keys are no columns, and pass.
    unlisted_drop: bool,
    /// Where the first record begins.
    body: u64,
    counted: Counted,
}

impl JsonFile {
    /// Reads the keys at its beginning.
    pub(crate) fn open(
        path: &str,
        location: PathBuf,
        size: u64,
        table: &Table,
    ) -> Result<(Self, SchemaRef)> {
        let raw = Raw::open(path, location, size)?;
        let mut head = Vec::new();
        raw.blocks(0..raw.end(), &mut |block| {
            head.extend_from_slice(block);
            // up to the end of a line
            let is_whole = head.len() as u64 >= HEAD && head.contains(&b'\n');
            !is_whole && head.len() <= RECORD_MAX
        })?;
        if head.len() > RECORD_MAX {
            return Err(Error::source(
                path,
                "its first record has no end within 16 MiB",
            ));
        }
        let body = if head.starts_with(MARK) {
            MARK.len()
        } else {
            0
        };
        let whole = head.len() as u64 >= HEAD;
        let end = head
            .iter()
            .rposition(|byte| *byte == b'\n')
            .filter(|_| whole);
        let lines = head.get(body..end.map_or(head.len(), |end| end + 1));
        let keys = Keys::of(lines.unwrap_or_default()).map_err(|fault| Error::Source {
            file: path.to_owned(),
            row: Some(fault.row as u64 + 1),
            column: None,
            fault: fault.text.to_owned(),
        })?;
        let schema = columns(keys, table);
        if schema.fields().is_empty() {
            return Err(Error::source(
                path,
                "empty file: no record that tells which columns there are",
            ));
        }
        let mut file = Self {
            raw,
            schema: Arc::new(Schema::empty()),
            known: HashMap::new(),
            unlisted_drop: table.unlisted_drop,
            body: body as u64,
            counted: Counted::default(),
        };
        let schema = Arc::new(schema);
        file.adopt(&schema);
        Ok((file, schema))
    }

    /// Takes the columns of all files of the table for its own.
    pub(super) fn adopt(&mut self, schema: &SchemaRef) {
        let names = schema
            .fields()
            .iter()
            .map(|field| field.name().as_bytes().into());
        self.known = names.zip(0..).collect();
        self.schema = Arc::clone(schema);
    }

    pub(crate) fn location(&self) -> &Path {
        &self.raw.location
    }

    pub(crate) fn is_packed(&self) -> bool {
        self.raw.is_packed()
    }

    /// Cuts the file into ranges of whole lines, of about `bytes` bytes: the same ones whether it
    /// is packed or not.
    pub(crate) fn slices(&self, path: &str, bytes: u64) -> Result<Vec<Slice>> {
        let slices = if self.raw.is_packed() {
            self.in_order(path, bytes, u64::MAX)?
        } else {
            let (mut cuts, mut at) = (Vec::new(), self.body + bytes);
            while at < self.raw.end() {
                cuts.extend(self.line_end(at..self.raw.end().min(at + bytes))?);
                at += bytes;
            }
            super::csv::ranges(self.body, &cuts, self.raw.end())
        };
        self.raw.expect(&slices);
        Ok(slices.into_iter().map(Slice::Bytes).collect())
    }

    /// At most `count` slices of about `bytes` bytes, spread over the file; all where there are no
    /// more. Of a packed file a part of it is looked at.
    pub(crate) fn spread(&self, path: &str, count: usize, bytes: u64) -> Result<Vec<Slice>> {
        let mut slices = Vec::new();
        if self.raw.is_packed() {
            let all = self.in_order(path, bytes, SPREAD_MAX)?;
            let step = all.len().div_ceil(count.max(1)).max(1);
            slices.extend(all.into_iter().step_by(step));
        } else {
            let (end, share) = (self.raw.end(), self.raw.end() / count.max(1) as u64);
            for at in (0..count as u64).map(|nth| nth * share) {
                let start = match at {
                    0 => Some(self.body),
                    _ => self.line_end(at..end)?,
                };
                let Some(start) = start.filter(|start| *start < end) else {
                    break;
                };
                let stop = self.line_end(end.min(start.saturating_add(bytes))..end)?;
                slices.push(start..stop.unwrap_or(end));
            }
        }
        self.raw.expect(&slices);
        Ok(slices.into_iter().map(Slice::Bytes).collect())
    }

    /// Where the first line ends that ends within `range`.
    fn line_end(&self, range: Range<u64>) -> Result<Option<u64>> {
        let (mut at, mut found) = (range.start, None);
        self.raw.blocks(range, &mut |block| {
            found = memchr::memchr(b'\n', block).map(|end| at + end as u64 + 1);
            at += block.len() as u64;
            found.is_none()
        })?;
        Ok(found)
    }

    /// Reads the file up to `most` and cuts it into ranges of whole lines.
    fn in_order(&self, path: &str, bytes: u64, most: u64) -> Result<Vec<Range<u64>>> {
        let longest = bytes.saturating_mul(3).saturating_add(RECORD_MAX as u64);
        let (mut cuts, mut is_long) = (Cuts::new(self.body, bytes), false);
        self.raw.blocks(self.body..most, &mut |block| {
            cuts.feed(block);
            is_long = cuts.behind() > longest;
            !is_long
        })?;
        if is_long {
            return Err(Error::source(path, "a record of over 16 MiB"));
        }
        let (cuts, end) = cuts.finish();
        let last = cuts.last().copied().unwrap_or(self.body);
        // where the text goes on, so may the last record
        let end = if end == most { last } else { end };
        Ok(super::csv::ranges(self.body, &cuts, end))
    }

    /// Reads some columns of the records in a range, and hands them to `each` in batches.
    pub(crate) fn read(
        &self,
        path: &str,
        range: Range<u64>,
        columns: &[usize],
        each: Visitor<'_>,
    ) -> Result<()> {
        let mut rows = Rows::new(self, columns);
        let text = Text::open(&self.raw, TextEncoding::Utf8, range.clone())?;
        let located = |before: usize, fault: Fault| self.located(path, range.start, before, fault);
        let schema = self.schema.project(columns);
        let schema = schema.map_err(|error| Error::reading_arrow(path, &error))?;
        let read = text.batches(path, &Arc::new(schema), &mut rows, &located, each)?;
        self.counted.add(&range, read);
        Ok(())
    }

    /// The number of records before the byte `end`, where one begins.
    pub(crate) fn records_before(&self, end: u64) -> Result<u64> {
        for (start, text) in self.raw.held_before(end) {
            let range = start..start + text.len() as u64;
            if !self.counted.knows(&range) {
                let mut tally = Tally::default();
                tally.add(&text);
                self.counted.add(&range, tally.records());
            }
        }
        let count = |range| {
            let mut tally = Tally::default();
            self.raw.blocks(range, &mut |block| {
                tally.add(block);
                true
            })?;
            Ok(tally.records())
        };
        self.counted.records(self.body..end, count)
    }

    fn located(&self, path: &str, start: u64, before: usize, fault: Fault) -> Error {
        match self.records_before(start) {
            Ok(count) => fault.located(path, &self.schema, count + before as u64),
            Err(error) => error,
        }
    }
}

/// The columns of a file whose beginning has `keys`: those, then others that `types` declares.
fn columns(keys: Keys, table: &Table) -> Schema {
    let mut fields: Vec<Field> = Vec::new();
    for (name, is_nested) in keys.found {
        let declared = table.types.get(&name);
        let data_type = match is_nested {
            // no rule but `drop` takes it
            true => DataType::Struct(Fields::empty()),
            false => declared.map_or(DataType::Utf8, |declared| declared.data_type()),
        };
        fields.push(Field::new(name, data_type, true));
    }
    for (name, declared) in &table.types {
        if fields.iter().all(|field| field.name() != name) {
            fields.push(Field::new(name, declared.data_type(), true));
        }
    }
    Schema::new(fields)
}
