//! Text of fields: RFC 4180, as `source/csv` reads it, and no record is refused for the number of
//! its fields. A line without quotes is cut where delimiters are; the rest goes byte by byte.

use memchr::{memchr, memchr_iter, memchr2};

use super::columns::{COLUMNS_MAX, Columns};
use super::look::decoded;
use super::open::Stream;
use super::{Fault, Looked, text};
use crate::source::csv::Dialect;
use crate::source::csv::machine::{Event, State};

/// Looks at the fields of a file, of its first `limit` records.
pub(super) fn look(mut stream: Stream, delimiter: u8, limit: u64) -> Looked {
    let mut records = Records::new(delimiter, limit);
    let mut buffer = vec![0; BLOCK];
    let (mut kept, mut fault) = (0, None);
    while records.rows < limit {
        let room = buffer.get_mut(kept..).unwrap_or_default();
        let length = match text::read(&mut stream, room) {
            Ok(length) => length,
            Err(error) => {
                fault = Some(Fault::Io(error));
                break;
            }
        };
        let filled = kept + length;
        let bytes = buffer.get(..filled).unwrap_or_default();
        let taken = records.take(bytes, length == 0, filled == BLOCK);
        buffer.copy_within(taken..filled, 0);
        kept = filled - taken;
        if length == 0 {
            break;
        }
    }
    records.finish(fault)
}

struct Records {
    dialect: Dialect,
    columns: Columns,
    limit: u64,
    rows: u64,
    state: State,
    /// The field that is read byte by byte, and its place.
    field: Vec<u8>,
    place: usize,
    /// The first record, which may be names.
    first: Option<Vec<Vec<u8>>>,
}

impl Records {
    fn new(delimiter: u8, limit: u64) -> Self {
        let quote = b'"';
        Self {
            dialect: Dialect { delimiter, quote },
            columns: Columns::default(),
            limit,
            rows: 0,
            state: State::Record,
            field: Vec::new(),
            place: 0,
            first: Some(Vec::new()),
        }
    }

    /// Takes bytes from the front, and answers how many.
    fn take(&mut self, bytes: &[u8], last: bool, full: bool) -> usize {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            if self.rows >= self.limit {
                return bytes.len();
            }
            let newline = memchr(b'\n', rest);
            let plain = match newline {
                Some(end) if self.is_between() => plain_line(rest, end, self.dialect.quote),
                None if self.is_between() && !last && !full => return taken,
                _ => None,
            };
            taken += match plain {
                Some(line) => {
                    self.line(line);
                    newline.map_or(rest.len(), |end| end + 1)
                }
                None => self.steps(rest),
            };
        }
        taken
    }

    const fn is_between(&self) -> bool {
        matches!(self.state, State::Record | State::Return)
    }

    /// A record without quotes.
    fn line(&mut self, line: &[u8]) {
        self.state = State::Record;
        if line.is_empty() {
            return;
        }
        let mut start = 0;
        for end in memchr_iter(self.dialect.delimiter, line).chain([line.len()]) {
            self.value(line.get(start..end).unwrap_or_default());
            start = end + 1;
        }
        self.record();
    }

    /// One record byte by byte, or what there is of it.
    fn steps(&mut self, bytes: &[u8]) -> usize {
        for (at, byte) in (1..).zip(bytes) {
            let event;
            (self.state, event) = self.dialect.step(self.state, *byte, false);
            match event {
                Event::Nothing => {}
                Event::Byte => {
                    self.field.push(*byte);
                    let length = self.field.len();
                    let is_end = length >= FIELD_MAX && text::is_border(*byte);
                    if is_end || length >= 2 * FIELD_MAX {
                        self.part();
                    }
                }
                Event::Field => self.field(),
                Event::Record => {
                    self.field();
                    self.record();
                    return at;
                }
            }
        }
        bytes.len()
    }

    /// A part of a field that is too long to be held.
    fn part(&mut self) {
        let field = std::mem::take(&mut self.field);
        self.look_at(&field);
    }

    fn field(&mut self) {
        let mut field = std::mem::take(&mut self.field);
        self.value(&field);
        field.clear();
        self.field = field;
    }

    fn value(&mut self, value: &[u8]) {
        self.look_at(value);
        self.place += 1;
    }

    fn look_at(&mut self, value: &[u8]) {
        if let Some(first) = &mut self.first {
            if first.len() <= self.place.min(COLUMNS_MAX) {
                first.push(value.to_vec());
            } else if let Some(field) = first.last_mut() {
                field.push(b'\n');
                field.extend_from_slice(value);
            }
            return;
        }
        let place = self.place.min(COLUMNS_MAX);
        while self.columns.len() <= place {
            self.columns.push("");
        }
        if !value.is_empty() {
            self.columns.add(place, value);
        }
    }

    fn record(&mut self) {
        self.place = 0;
        match self.first.take() {
            None => self.rows += 1,
            Some(first) if is_header(&first) => {
                for name in first {
                    self.columns.push(&decoded(&name));
                }
            }
            Some(first) => {
                for value in first {
                    self.value(&value);
                }
                self.place = 0;
                self.rows += 1;
            }
        }
    }

    fn finish(mut self, mut fault: Option<Fault>) -> Looked {
        if self.state.is_open() && self.rows < self.limit {
            if fault.is_none() && self.state == State::Quoted {
                fault = Some(Fault::Damaged("ends inside a quoted field"));
            }
            self.field();
            self.record();
        }
        Looked {
            rows: self.rows,
            findings: self.columns.finish(),
            fault,
        }
    }
}

/// A line that ends at `end`, where it has neither quotes nor line ends of another kind.
fn plain_line(bytes: &[u8], end: usize, quote: u8) -> Option<&[u8]> {
    let line = bytes.get(..end)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    memchr2(quote, b'\r', line).is_none().then_some(line)
}

/// Whether the fields of the first record are names: of each another one, and none of digits alone.
fn is_header(fields: &[Vec<u8>]) -> bool {
    let is_name = |field: &Vec<u8>| {
        let text = decoded(field);
        let text = text.trim();
        text.len() <= NAME_MAX
            && text.chars().any(|c| c.is_alphabetic() || c == '_')
            && !text.contains('@')
    };
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort();
    sorted.dedup();
    sorted.len() == fields.len() && fields.iter().all(is_name)
}

/// Bytes that are read at a time.
const BLOCK: usize = 256 << 10;
/// Bytes of a field from which on it is looked at in parts.
const FIELD_MAX: usize = 4 << 10;
/// Bytes of the longest name.
const NAME_MAX: usize = 128;
