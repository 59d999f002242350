//! Lines to columns.

use std::collections::HashMap;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use memchr::memchr;

use super::JsonFile;
use super::lines::is_blank;
use super::scan::{NOT_JSON, Scan, Value, unescape};
use crate::source::BATCH_ROWS;
use crate::source::csv::{Collect, Column, Fault, typed};

/// What is wrong with a record.
const NO_COLUMN: &str = "a key that is no column: give it a type in `types`, or say \
                         `unlisted = \"drop\"`";
const NESTED: &str = "nested: an object or a list";
const NOT_OBJECT: &str = "not a JSON object";
const NOT_TEXT: &str = "not valid UTF-8";
const TWICE: &str = "a key that stands twice";
const UNNAMED: &str = "a key without a name";

/// Collects the columns of a batch.
pub(super) struct Rows<'a> {
    file: &'a JsonFile,
    wanted: &'a [usize],
    columns: Vec<Column>,
    /// For each column of the file, which of those that are read it is.
    places: Vec<Option<usize>>,
    /// For each column of the file, the record that had it last, from 1.
    seen: Vec<u64>,
    record: u64,
    rows: usize,
    key: Vec<u8>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(file: &'a JsonFile, wanted: &'a [usize]) -> Self {
        let width = file.schema.fields().len();
        Self {
            file,
            wanted,
            columns: wanted.iter().map(|_| Column::new(0, 0)).collect(),
            places: (0..width)
                .map(|index| wanted.binary_search(&index).ok())
                .collect(),
            seen: vec![0; width],
            record: 0,
            rows: 0,
            key: Vec::new(),
        }
    }

    /// Takes the record on a line.
    fn line(&mut self, line: &[u8]) -> Result<(), (Option<usize>, &'static str)> {
        let of_none = |text| (None, text);
        let mut scan = Scan::new(line);
        if !scan.take(b'{') {
            let is_json = scan.value().is_some() && scan.next().is_none();
            return Err(of_none(if is_json { NOT_OBJECT } else { NOT_JSON }));
        }
        self.record += 1;
        // columns mostly come in their order
        let mut next = 0;
        let mut more = scan.next() != Some(b'}');
        while more {
            let (key, escapes) = scan.string().ok_or(of_none(NOT_JSON))?;
            let column = self.column(key, escapes, next).map_err(of_none)?;
            let pair = if scan.take(b':') { scan.value() } else { None };
            let value = pair.ok_or(of_none(NOT_JSON))?;
            if let Some(column) = column {
                self.set(column, value)
                    .map_err(|text| (Some(column), text))?;
                next = column + 1;
            }
            more = scan.take(b',');
        }
        if !scan.take(b'}') || scan.next().is_some() {
            return Err(of_none(NOT_JSON));
        }
        for (column, index) in self.columns.iter_mut().zip(self.wanted) {
            if self.seen.get(*index) != Some(&self.record) {
                column.push_null();
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// The column of a key, probably column `next`; none where it is passed over.
    fn column(
        &mut self,
        key: &[u8],
        escapes: bool,
        next: usize,
    ) -> Result<Option<usize>, &'static str> {
        let is_next = |name: &String| !escapes && name.as_bytes() == key;
        let fields = self.file.schema.fields();
        if fields.get(next).is_some_and(|field| is_next(field.name())) {
            return Ok(Some(next));
        }
        let mut name = key;
        if escapes {
            self.key.clear();
            unescape(key, &mut self.key).ok_or(NOT_JSON)?;
            name = &self.key;
        }
        match self.file.known.get(name) {
            None if !self.file.unlisted_drop => Err(NO_COLUMN),
            found => Ok(found.copied()),
        }
    }

    fn set(&mut self, column: usize, value: Value<'_>) -> Result<(), &'static str> {
        if let Some(seen) = self.seen.get_mut(column) {
            if *seen == self.record {
                return Err(TWICE);
            }
            *seen = self.record;
        }
        let place = self.places.get(column).copied().flatten();
        let Some(cells) = place.and_then(|place| self.columns.get_mut(place)) else {
            return Ok(());
        };
        match value {
            Value::Null => cells.push_null(),
            Value::Plain(text) | Value::Text(text, false) => cells.push_text(text),
            Value::Text(text, true) => {
                self.key.clear();
                unescape(text, &mut self.key).ok_or(NOT_JSON)?;
                cells.push_text(&self.key);
            }
            Value::Nested => return Err(NESTED),
        }
        Ok(())
    }
}

impl Collect for Rows<'_> {
    fn take(&mut self, text: &[u8], last: bool) -> Result<usize, Fault> {
        let mut taken = 0;
        while !self.is_full() {
            let rest = text.get(taken..).unwrap_or_default();
            let (line, bytes) = match memchr(b'\n', rest) {
                Some(end) => (rest.get(..end).unwrap_or_default(), end + 1),
                None if last && !rest.is_empty() => (rest, rest.len()),
                None => break,
            };
            taken += bytes;
            if is_blank(line) {
                continue;
            }
            let row = self.rows;
            self.line(line)
                .map_err(|(field, text)| Fault { row, field, text })?;
        }
        Ok(taken)
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS
    }

    fn finish(&mut self, types: &[&DataType]) -> Result<Vec<ArrayRef>, Fault> {
        let mut arrays = Vec::with_capacity(self.columns.len());
        for ((column, &field), data_type) in self.columns.iter_mut().zip(self.wanted).zip(types) {
            let located = |(row, text)| Fault {
                row,
                field: Some(field),
                text,
            };
            let text = column.finish(NOT_TEXT).map_err(located)?;
            let array = typed(text, data_type);
            arrays.push(array.map_err(|row| located((row, "not a value of the declared type")))?);
        }
        self.rows = 0;
        Ok(arrays)
    }
}

/// The keys of some records, in the order in which they are met, and whether a value of theirs is
/// nested.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) found: Vec<(String, bool)>,
}

impl Keys {
    pub(super) fn of(text: &[u8]) -> Result<Self, Fault> {
        let (mut keys, mut known) = (Self::default(), HashMap::new());
        let lines = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !is_blank(line));
        for (row, line) in lines.enumerate() {
            keys.add(line, &mut known).map_err(|text| Fault {
                row,
                field: None,
                text,
            })?;
        }
        Ok(keys)
    }

    fn add(
        &mut self,
        line: &[u8],
        known: &mut HashMap<Vec<u8>, usize>,
    ) -> Result<(), &'static str> {
        let mut scan = Scan::new(line);
        if !scan.take(b'{') {
            // told when it is read, with all else that may be wrong with it
            return Ok(());
        }
        let mut more = scan.next() != Some(b'}');
        while more {
            let (written, _) = scan.string().ok_or(NOT_JSON)?;
            let mut key = Vec::new();
            unescape(written, &mut key).ok_or(NOT_JSON)?;
            let pair = if scan.take(b':') { scan.value() } else { None };
            let value = pair.ok_or(NOT_JSON)?;
            let at = match known.get(&key) {
                Some(at) => *at,
                None => {
                    let name = String::from_utf8(key.clone()).map_err(|_| NOT_TEXT)?;
                    if name.is_empty() {
                        return Err(UNNAMED);
                    }
                    self.found.push((name, false));
                    known.insert(key, self.found.len() - 1);
                    self.found.len() - 1
                }
            };
            if let Some((_, is_nested)) = self.found.get_mut(at) {
                *is_nested |= value == Value::Nested;
            }
            more = scan.take(b',');
        }
        Ok(())
    }
}
