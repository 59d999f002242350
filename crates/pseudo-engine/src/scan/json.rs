//! JSON: one document a line, or one in all. Values are columns by their path, `contacts[].phone`;
//! no document is held.

use std::fmt;
use std::io::{BufReader, Write};
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::columns::Columns;
use super::look::{Look, ROOM};
use super::open::{self, Body, Stream};
use super::text::{self, Lines};
use super::{Fault, Looked, Place};

/// Looks at documents one a line. A line that is none is looked at as text.
pub(super) fn lines(stream: Stream, limit: u64) -> Looked {
    let mut columns = Columns::default();
    let mut others = Look::new(ROOM / 4);
    let mut lines = Lines::new(stream, LINE_MAX);
    let (mut rows, mut fault) = (0, None);
    while rows < limit {
        let line = match lines.next() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                fault = Some(Fault::Io(error));
                break;
            }
        };
        rows += u64::from(line.is_first);
        if line.bytes.trim_ascii().is_empty() {
            continue;
        }
        let mut document = serde_json::Deserializer::from_slice(line.bytes);
        let whole = line.is_first && line.is_last;
        let read = whole.then(|| walk(&mut document, &mut columns).and_then(|()| document.end()));
        if !matches!(read, Some(Ok(()))) {
            fault.get_or_insert(Fault::Damaged("not JSON in every line"));
            pieces(&mut others, line.bytes);
        }
    }
    let mut findings = columns.finish();
    findings.extend(others.finish(Place::Text, None));
    Looked {
        rows,
        findings,
        fault,
    }
}

fn pieces(look: &mut Look, line: &[u8]) {
    for piece in line.chunks(PIECE) {
        text::add(look, piece);
    }
}

/// Looks at one document, or several with nothing but space between them.
pub(super) fn document(stream: Stream, limit: u64) -> Result<Looked, Fault> {
    let mut columns = Columns::default();
    let reader = BufReader::with_capacity(BLOCK, stream);
    let mut document = serde_json::Deserializer::from_reader(reader);
    let mut rows = 0;
    while rows < limit {
        walk(&mut document, &mut columns).map_err(fault)?;
        rows += 1;
        match document.end() {
            Ok(()) => break,
            // another document begins
            Err(error) if error.is_syntax() => {}
            Err(error) => return Err(fault(error)),
        }
    }
    Ok(Looked {
        rows,
        findings: columns.finish(),
        fault: None,
    })
}

/// Looks at a file that is no JSON as text.
pub(super) fn again(path: &Path, limit: u64, fault: Option<Fault>) -> Looked {
    let opened = open::open(path).map(|opened| opened.body);
    let mut looked = match opened {
        Ok(Body::Document(stream, _)) => text::look(stream, limit),
        _ => Looked::default(),
    };
    looked.fault = looked.fault.or(fault);
    looked
}

/// What is wrong with a document; its text is dropped.
fn fault(error: serde_json::Error) -> Fault {
    if error.is_io() {
        Fault::Io(error.into())
    } else {
        Fault::Damaged("not JSON to its end")
    }
}

fn walk<'de, D: Deserializer<'de>>(document: D, columns: &mut Columns) -> Result<(), D::Error> {
    let mut path = String::new();
    let value = Value {
        path: &mut path,
        columns,
    };
    value.deserialize(document)
}

/// A value, and the path that leads to it.
struct Value<'a> {
    path: &'a mut String,
    columns: &'a mut Columns,
}

impl Value<'_> {
    fn add(self, value: &[u8]) {
        let place = self.columns.place(self.path);
        self.columns.add(place, value);
    }

    fn add_number(self, number: impl fmt::Display) {
        let mut text = [0_u8; NUMBER_MAX];
        let mut room = text.as_mut_slice();
        // a number that is longer is none of an identifier
        let written = write!(room, "{number}").map(|()| room.len());
        let length = written.map_or(0, |left| NUMBER_MAX - left);
        self.add(text.get(..length).unwrap_or_default());
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.columns.place(self.path);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.columns.place(self.path);
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.add_number(number);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.add_number(number);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.add_number(number);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.add(text.as_bytes());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let length = self.path.len();
        self.path.push_str("[]");
        loop {
            let value = Value {
                path: self.path,
                columns: self.columns,
            };
            if values.next_element_seed(value)?.is_none() {
                break;
            }
        }
        // what leads to nothing is a name all the same
        self.columns.place(self.path);
        self.path.truncate(length);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let length = self.path.len();
        while values.next_key_seed(Key(self.path))?.is_some() {
            values.next_value_seed(Value {
                path: self.path,
                columns: self.columns,
            })?;
            self.path.truncate(length);
        }
        self.columns.place(self.path);
        Ok(())
    }
}

/// A key, which is put behind the path.
struct Key<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<(), E> {
        if !self.0.is_empty() {
            self.0.push('.');
        }
        self.0.push_str(key);
        Ok(())
    }
}

/// Bytes that are read at a time.
const BLOCK: usize = 256 << 10;
/// Bytes of the longest line that is read as a document.
const LINE_MAX: usize = 16 << 20;
/// Bytes of a piece of a line that is none.
const PIECE: usize = 4 << 10;
/// Digits of the longest number that is looked at.
const NUMBER_MAX: usize = 32;
