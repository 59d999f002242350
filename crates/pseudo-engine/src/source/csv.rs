//! CSV files, with the delimiter, quote and encoding of the table. A slice is a byte range that
//! begins and ends between records, found by following quotes, so that newlines inside fields never
//! cut a record. Columns are text unless the table's `types` say otherwise: ID numbers keep their
//! zeros.
//!
//! An empty line is a record with an empty field where records have one field, and none elsewhere.

mod collect;
mod counted;
mod encoding;
mod in_order;
mod index;
pub(crate) mod machine;
mod records;
mod split;
mod spread;
mod text;
mod typed;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use pseudo_policy::{CsvOptions, Table, TextEncoding};

pub(super) use self::collect::Collect;
pub(super) use self::counted::Counted;
use self::encoding::{Decode, Mask};
use self::machine::{Event, State};
pub(super) use self::records::{Column, Fault};
use self::records::{Layout, Nulls, Records};
use self::split::Blocks;
pub(super) use self::split::ranges;
pub(super) use self::text::Text;
pub(super) use self::typed::typed;
pub(crate) use self::typed::{date, timestamp};
use super::raw::{PIECE, RECORD_MAX, Raw, length};
use super::{BATCH_ROWS, Slice, Visitor};
use crate::{Error, Result};

/// What is wrong with a file whose last field is never closed.
const OPEN: &str = "ends inside a quoted field";

/// How the bytes are cut into fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
}

/// An opened file: where it is, and its header.
pub(crate) struct CsvFile {
    raw: Raw,
    dialect: Dialect,
    encoding: TextEncoding,
    nulls: Nulls,
    schema: SchemaRef,
    /// Where the first record after the header begins.
    body: u64,
    counted: Counted,
}

impl CsvFile {
    /// Reads the header.
    pub(crate) fn open(
        path: &str,
        location: PathBuf,
        size: u64,
        table: &Table,
    ) -> Result<(Self, SchemaRef)> {
        let options = &table.csv;
        let mut file = Self {
            raw: Raw::open(path, location, size)?,
            dialect: Dialect {
                delimiter: options.delimiter,
                quote: options.quote,
            },
            encoding: options.encoding,
            nulls: Nulls::new(&options.null),
            schema: Arc::new(Schema::empty()),
            body: 0,
            counted: Counted::default(),
        };
        let start = file.mark_len()?;
        let (end, fields) = file.first_record(path, start)?;
        file.body = if options.header { end } else { start };
        let names = header_names(path, &fields, options)?;
        let typed = |name: &String| {
            let declared = table.types.get(name);
            let data_type = declared.map_or(DataType::Utf8, |declared| declared.data_type());
            Field::new(name, data_type, true)
        };
        file.schema = Arc::new(Schema::new(names.iter().map(typed).collect::<Vec<_>>()));
        let schema = Arc::clone(&file.schema);
        Ok((file, schema))
    }

    pub(crate) fn location(&self) -> &Path {
        &self.raw.location
    }

    pub(crate) fn is_packed(&self) -> bool {
        self.raw.is_packed()
    }

    /// Cuts the body into ranges of whole records, of about `bytes` bytes: the same ones whether
    /// the file is packed or not.
    pub(crate) fn slices(&self, path: &str, bytes: u64) -> Result<Vec<Slice>> {
        let (dialect, body) = (self.dialect, self.body..self.raw.end());
        let slices = if self.raw.is_packed() || encoding::is_ambiguous(self.encoding, dialect) {
            self.in_order(path, bytes, body.end)?
        } else {
            let cuts = split::cuts(self, dialect, body.clone(), bytes)?;
            let cuts = cuts.ok_or_else(|| Error::source(path, OPEN))?;
            ranges(body.start, &cuts, body.end)
        };
        self.raw.expect(&slices);
        Ok(slices.into_iter().map(Slice::Bytes).collect())
    }

    /// Reads some columns of the records in a range, and hands them to `each` in batches.
    pub(crate) fn read(
        &self,
        path: &str,
        range: Range<u64>,
        columns: &[usize],
        each: Visitor<'_>,
    ) -> Result<()> {
        let schema = self.schema.project(columns);
        let schema = Arc::new(schema.map_err(|error| Error::reading_arrow(path, &error))?);
        let layout = Layout {
            dialect: self.dialect,
            width: self.schema.fields().len(),
            wanted: columns,
            nulls: &self.nulls,
            not_text: encoding::fault(self.encoding),
        };
        let mut records = Records::new(layout, BATCH_ROWS);
        let text = Text::open(&self.raw, self.encoding, range.clone())?;
        let located = |before: usize, fault: Fault| self.located(path, range.start, before, fault);
        let read = text.batches(path, &schema, &mut records, &located, each)?;
        self.counted.add(&range, read);
        Ok(())
    }

    /// The number of records before the byte `end`, where one begins.
    pub(crate) fn records_before(&self, end: u64) -> Result<u64> {
        for (start, text) in self.raw.held_before(end) {
            // what another thread works on need not be unpacked again to be counted
            let range = start..start + text.len() as u64;
            if !self.counted.knows(&range) {
                let mut tally = Tally::new(self);
                tally.add(&text);
                self.counted.add(&range, tally.records);
            }
        }
        let count = |range| self.count(range);
        self.counted.records(self.body..end, count)
    }

    fn count(&self, range: Range<u64>) -> Result<u64> {
        let mut tally = Tally::new(self);
        self.raw.blocks(range, &mut |block| {
            tally.add(block);
            true
        })?;
        Ok(tally.records)
    }

    /// A fault in the batch whose first record is record `before` of the range from `start` on.
    fn located(&self, path: &str, start: u64, before: usize, fault: Fault) -> Error {
        match self.records_before(start) {
            Ok(count) => fault.located(path, &self.schema, count + before as u64),
            Err(error) => error,
        }
    }

    /// The length of a byte order mark at the start.
    fn mark_len(&self) -> Result<u64> {
        let mark = encoding::mark(self.encoding);
        let mut start = Vec::new();
        let end = self.raw.end().min(mark.len() as u64);
        self.raw.blocks(0..end, &mut |block| {
            start.extend_from_slice(block);
            true
        })?;
        Ok(if start == mark { mark.len() as u64 } else { 0 })
    }

    /// The fields of the record that begins at `start`, and where it ends, its line end included.
    fn first_record(&self, path: &str, start: u64) -> Result<(u64, Vec<Vec<u8>>)> {
        let (mut raw, mut mask) = (Vec::new(), Mask::default());
        let (mut state, mut begun, mut end) = (State::Record, false, None);
        self.raw.blocks(start..self.raw.end(), &mut |block| {
            for (at, &byte) in (raw.len()..).zip(mask.apply(self.encoding, block)) {
                if begun && !state.is_open() {
                    // behind the record, where an LF may belong to its CR
                    let pair = state == State::Return && byte == b'\n';
                    end = Some(at + usize::from(pair));
                    break;
                }
                let event;
                (state, event) = self.dialect.step(state, byte, false);
                begun |= event != Event::Nothing || state == State::Quoted;
            }
            raw.extend_from_slice(block);
            end.is_none() && raw.len() <= RECORD_MAX
        })?;
        if end.is_none() && raw.len() > RECORD_MAX {
            return Err(Error::source(
                path,
                "its first record has no end within 16 MiB",
            ));
        }
        if state == State::Quoted {
            return Err(Error::source(
                path,
                "its first record ends inside a quoted field",
            ));
        }
        raw.truncate(end.unwrap_or(raw.len()));
        let mut text = Vec::new();
        Decode::new(self.encoding).append(&raw, true, &mut text);
        Ok((start + raw.len() as u64, self.dialect.fields(&text)))
    }
}

impl Blocks for CsvFile {
    fn blocks(&self, range: Range<u64>, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<()> {
        self.raw.blocks(range, each)
    }
}

/// Counts records.
struct Tally<'a> {
    file: &'a CsvFile,
    state: State,
    mask: Mask,
    records: u64,
}

impl<'a> Tally<'a> {
    fn new(file: &'a CsvFile) -> Self {
        Self {
            file,
            state: State::Record,
            mask: Mask::default(),
            records: 0,
        }
    }

    fn add(&mut self, block: &[u8]) {
        let CsvFile {
            dialect, encoding, ..
        } = self.file;
        let blank_lines = self.file.schema.fields().len() == 1;
        for &byte in self.mask.apply(*encoding, block) {
            let event;
            (self.state, event) = dialect.step(self.state, byte, blank_lines);
            self.records += u64::from(event == Event::Record);
        }
    }
}

impl Dialect {
    /// The fields of the first record.
    fn fields(self, text: &[u8]) -> Vec<Vec<u8>> {
        let (mut state, mut fields, mut field) = (State::Record, Vec::new(), Vec::new());
        for &byte in text {
            let event;
            (state, event) = self.step(state, byte, false);
            match event {
                Event::Nothing => {}
                Event::Byte => field.push(byte),
                Event::Field => fields.push(std::mem::take(&mut field)),
                Event::Record => break,
            }
        }
        if state.is_open() || !fields.is_empty() || !field.is_empty() {
            fields.push(field);
        }
        fields
    }
}

/// The records of a file of two columns, without header. Number and fault of the first record that
/// is none on failure.
pub(crate) fn pairs(bytes: &[u8]) -> Result<Vec<(String, String)>, (u64, &'static str)> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let layout = Layout {
        dialect: Dialect {
            delimiter: b',',
            quote: b'"',
        },
        width: 2,
        wanted: &[0, 1],
        nulls: &Nulls::default(),
        not_text: encoding::fault(TextEncoding::Utf8),
    };
    let mut records = Records::new(layout, usize::MAX);
    let arrays = records
        .take(bytes, true)
        .and_then(|_| records.finish(&[&DataType::Utf8; 2]))
        .map_err(|fault| (fault.row as u64 + 1, fault.text))?;
    let column = |index: usize| arrays.get(index).and_then(|array| array.as_string_opt());
    let (Some(from), Some(to)) = (column(0), column(1)) else {
        return Err((1, "not two columns"));
    };
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let pairs = from.iter().zip(to as &StringArray);
    Ok(pairs.map(|(from, to)| (owned(from), owned(to))).collect())
}

fn header_names(path: &str, fields: &[Vec<u8>], options: &CsvOptions) -> Result<Vec<String>> {
    if fields.is_empty() {
        let fault = if options.header {
            "empty file: not even a header"
        } else {
            "empty file: no record that tells how many columns there are"
        };
        return Err(Error::source(path, fault));
    }
    let mut names = Vec::with_capacity(fields.len());
    for (number, field) in (1..).zip(fields) {
        if !options.header {
            names.push(format!("column_{number}"));
            continue;
        }
        let fault = |fault: &str| Error::source(path, format!("header, column {number}: {fault}"));
        let name = String::from_utf8(field.clone());
        let name = name.map_err(|_| fault(encoding::fault(options.encoding)))?;
        if name.is_empty() {
            return Err(fault("has no name"));
        }
        names.push(name);
    }
    Ok(names)
}
