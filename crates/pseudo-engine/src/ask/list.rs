//! Short lists of values: a text with one value a line, or a column of a CSV (RFC 4180).

use std::io::Read;

use super::{Denial, Stop};
use crate::Error;
use crate::error::kind_text;

/// How a line of a list without a named column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The first field of a record: seals hold no separator.
    FirstField,
    /// The whole line: values may hold anything.
    Line,
}

/// One value of a list.
pub(crate) struct Item {
    /// The line that it is on, from 1.
    pub(crate) line: u64,
    pub(crate) text: String,
}

/// Reads a list, which is not long.
pub(super) fn read(input: &mut dyn Read) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let read = input.take(BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| {
        Error::source("the list", format!("cannot be read: {}", kind_text(&error)))
    })?;
    Ok(bytes)
}

/// The values of a list; empty lines are none.
pub(super) fn items(bytes: &[u8], form: Form, column: Option<&str>) -> Result<Vec<Item>, Denial> {
    let magic = |magic: &&[u8]| bytes.starts_with(magic);
    if TABLES.iter().any(magic) || bytes.len() as u64 > BYTES_MAX {
        return Err(Denial::Table);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Denial::NotText)?;
    if text.contains('\0') {
        return Err(Denial::NotText);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if form == Form::Line && column.is_none() {
        let lines = (1..).zip(text.lines());
        let items = lines.map(|(line, text)| Item {
            line,
            text: text.to_owned(),
        });
        return Ok(items.filter(|item| !item.text.trim().is_empty()).collect());
    }
    let mut records = records(text).ok_or(Denial::NotCsv)?.into_iter();
    let field = match column {
        None => 0,
        Some(name) => {
            let (_, header) = records.next().ok_or(Denial::NotCsv)?;
            let found = header.iter().position(|field| field.trim() == name);
            found.ok_or(Denial::NotCsv)?
        }
    };
    let items = records.filter_map(|(line, record)| {
        let is_empty = record.len() == 1 && record.iter().all(|field| field.trim().is_empty());
        let text = record.into_iter().nth(field).unwrap_or_default();
        (!is_empty).then_some(Item { line, text })
    });
    Ok(items.collect())
}

/// The records of a CSV, each with the line that it begins on; none when a quoted field does not
/// end.
fn records(text: &str) -> Option<Vec<(u64, Vec<String>)>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begun, mut quoted) = (1, 1, false);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' if quoted || field.is_empty() => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push((begun, std::mem::take(&mut record)));
                begun = line + 1;
            }
            _ => field.push(char),
        }
        line += u64::from(char == '\n');
    }
    if !record.is_empty() || !field.is_empty() {
        record.push(field);
        records.push((begun, record));
    }
    (!quoted).then_some(records)
}

/// More than the longest list of the longest values.
const BYTES_MAX: u64 = 16 << 20;

/// How files of tables begin: Parquet, encrypted Parquet, Arrow, ORC, Avro.
const TABLES: [&[u8]; 5] = [b"PAR1", b"PARE", b"ARROW1", b"ORC", b"Obj\x01"];
