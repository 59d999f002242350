//! The rows of a leak, as texts and bytes, whatever file they came in: Parquet, CSV, JSON or text,
//! also packed, in UTF-8, UTF-16 or GB 18030. All of it is in memory, so that it has limits; what
//! is beyond them is not looked at, and that is said.

mod delimited;
mod json;
mod table;

use std::io::Read;

use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;

use crate::error::kind_text;
use crate::scan::Format;
use crate::{Error, Result};

/// The rows of a leak.
pub(super) struct Sample {
    pub(super) format: Format,
    /// Names of columns as the file has them; none where it has none.
    pub(super) names: Vec<Option<String>>,
    /// By column, its cells, as many as there are rows.
    pub(super) cells: Vec<Vec<Cell>>,
    pub(super) rows: usize,
    /// What was not looked at, in words.
    pub(super) notes: Vec<String>,
}

/// One cell. It has no `Debug`, for it holds a value.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// NULL, or not there.
    Null,
    Text(String),
    Bytes(Vec<u8>),
}

impl Sample {
    fn new(format: Format) -> Self {
        Self {
            format,
            names: Vec::new(),
            cells: Vec::new(),
            rows: 0,
            notes: Vec::new(),
        }
    }

    /// Reads a leak, of no more than `rows` rows.
    ///
    /// # Errors
    /// [`Error::Source`] for what cannot be read, or has no rows in it.
    pub(super) fn read(input: &mut dyn Read, rows: usize) -> Result<Self> {
        let mut notes = Vec::new();
        let mut bytes = taken(input, &mut notes)?;
        if bytes.starts_with(PARQUET) {
            let sample = table::read(bytes, rows)?;
            return sample.with(notes);
        }
        for _ in 0..PACKED_MAX {
            bytes = match bytes.as_slice() {
                [0x1F, 0x8B, ..] => taken(&mut MultiGzDecoder::new(bytes.as_slice()), &mut notes)?,
                [0x28, 0xB5, 0x2F, 0xFD, ..] => {
                    let unpacked = zstd::Decoder::new(bytes.as_slice());
                    taken(&mut unpacked.map_err(|error| unread(&error))?, &mut notes)?
                }
                _ => break,
            };
        }
        let text = text(&bytes, &mut notes);
        drop(bytes);
        if text.contains('\0') {
            return Err(fault("is neither a table nor a text"));
        }
        let first = text.trim_start().chars().next();
        let json = match first {
            Some('{' | '[') => json::read(&text, rows),
            _ => None,
        };
        let sample = json
            .or_else(|| delimited::read(&text, rows))
            .unwrap_or_else(|| lines(&text, rows));
        sample.with(notes)
    }

    fn with(mut self, notes: Vec<String>) -> Result<Self> {
        self.notes.extend(notes);
        if self.rows == 0 {
            return Err(fault("has no rows"));
        }
        Ok(self)
    }

    /// Says that there are more rows.
    fn cut(&mut self, rows: usize) {
        let note = format!("only the first {rows} rows were looked at");
        self.notes.push(note);
    }
}

/// Text without fields: a row a line.
fn lines(text: &str, rows: usize) -> Sample {
    let mut sample = Sample::new(Format::Text);
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let cells = lines.by_ref().take(rows);
    let cells: Vec<Cell> = cells.map(|line| Cell::Text(line.to_owned())).collect();
    sample.rows = cells.len();
    sample.names = vec![None];
    sample.cells = vec![cells];
    if lines.next().is_some() {
        sample.cut(rows);
    }
    sample
}

/// All bytes, up to a number of them.
fn taken(input: &mut dyn Read, notes: &mut Vec<String>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = input.take(BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| unread(&error))?;
    if bytes.len() as u64 > BYTES_MAX {
        if bytes.starts_with(PARQUET) {
            return Err(fault("is larger than 256 MiB: cut some rows out of it"));
        }
        bytes.truncate(usize::try_from(BYTES_MAX).unwrap_or(usize::MAX));
        notes.push("only the first 256 MiB were looked at".to_owned());
    }
    Ok(bytes)
}

fn text(bytes: &[u8], notes: &mut Vec<String>) -> String {
    let wide = match bytes {
        [0xFF, 0xFE, ..] => Some(UTF_16LE),
        [0xFE, 0xFF, ..] => Some(UTF_16BE),
        _ => None,
    };
    if let Some(encoding) = wide {
        return encoding.decode_with_bom_removal(bytes).0.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
    }
    let (text, has_errors) = GB18030.decode_without_bom_handling(bytes);
    if !has_errors {
        return text.into_owned();
    }
    notes.push("not a text in UTF-8: what is no text in it was not looked at".to_owned());
    String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}")
}

fn unread(error: &std::io::Error) -> Error {
    fault(format!("cannot be read: {}", kind_text(error)))
}

/// What is wrong with the leak.
fn fault(fault: impl Into<String>) -> Error {
    Error::source("the sample", fault)
}

/// Bytes of a leak, packed and unpacked.
const BYTES_MAX: u64 = 256 << 20;
const PACKED_MAX: usize = 3;
const PARQUET: &[u8] = b"PAR1";
