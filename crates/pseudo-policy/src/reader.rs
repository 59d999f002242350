//! How a file is read: sections whose keys are asked for by name, and that then know which keys
//! nobody asked for. A mistake is noted and reading goes on, so that all of them are found at once.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use toml_edit::{Item, TableLike};

use crate::absent::{self, Where};
use crate::near::nearest;
use crate::number::Number;
use crate::refusal::{Fault, Spot, Violation};
use crate::settings::Settings;

/// One file being read.
pub(crate) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    starts: Vec<usize>,
    /// What placeholders are filled with.
    pub(crate) settings: &'a Settings,
    /// The names of the placeholders met so far.
    pub(crate) placeholders: BTreeSet<String>,
    /// What was wrong so far.
    pub(crate) violations: Vec<Violation>,
    /// Lines were left out because they are not TOML: what is missing may have been there.
    pub(crate) partial: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str, settings: &'a Settings) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        Self {
            file,
            text,
            starts,
            settings,
            placeholders: BTreeSet::new(),
            violations: Vec::new(),
            partial: false,
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The bytes of the line that `offset` is in, its line break left out.
    pub(crate) fn line_of(&self, offset: usize) -> Range<usize> {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|line| self.starts.get(line));
        let end = self
            .starts
            .get(line)
            .map_or(self.text.len(), |next| next - 1);
        start.copied().unwrap_or_default()..end
    }

    pub(crate) fn spot(&self, span: Option<Range<usize>>) -> Spot {
        let offset = span.map_or(0, |span| span.start).min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let before = self
            .text
            .get(self.line_of(offset).start..offset)
            .unwrap_or_default();
        Spot {
            line,
            column: before.chars().count() + 1,
        }
    }

    pub(crate) fn refuse(
        &mut self,
        fault: Fault,
        spot: Spot,
        place: &str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        self.violations.push(Violation {
            fault,
            file: self.file.to_owned(),
            line: spot.line,
            column: spot.column,
            place: place.to_owned(),
            message: message.into(),
            hint,
        });
    }

    /// Refuses a value that has the wrong TOML type.
    pub(crate) fn wrong_type(&mut self, item: &Item, place: &str, key: &str, wanted: &str) {
        let spot = self.spot(item.span());
        let message = format!("`{key}` is {wanted}, not {}", type_name(item));
        self.refuse(Fault::WrongType, spot, place, message, None);
    }

    /// A number exactly as it is written.
    pub(crate) fn number(&self, item: &Item) -> Option<Number> {
        if let Some(integer) = item.as_integer() {
            return Number::parse(&integer.to_string());
        }
        item.as_float()?;
        Number::parse(self.text.get(item.span()?)?)
    }
}

/// A table of the file; every key that is read is asked for by name.
pub(crate) struct Section<'a> {
    pub(crate) table: &'a dyn TableLike,
    pub(crate) place: String,
    pub(crate) spot: Spot,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(crate) fn new(table: &'a dyn TableLike, place: impl Into<String>, spot: Spot) -> Self {
        Self {
            table,
            place: place.into(),
            spot,
            known: Vec::new(),
        }
    }

    /// What stands under a key, which thereby is known.
    pub(crate) fn item(&mut self, key: &'static str) -> Option<&'a Item> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.table.get(key)
    }

    /// Where a key stands; the section's own place if it is not there.
    pub(crate) fn key_spot(&self, reader: &Reader<'_>, key: &str) -> Spot {
        match self.table.get_key_value(key) {
            Some((name, item)) => reader.spot(name.span().or_else(|| item.span())),
            None => self.spot,
        }
    }

    /// Where the value of a key stands.
    pub(crate) fn value_spot(&self, reader: &Reader<'_>, key: &str) -> Spot {
        match self.table.get(key).and_then(Item::span) {
            Some(span) => reader.spot(Some(span)),
            None => self.key_spot(reader, key),
        }
    }

    pub(crate) fn text(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<&'a str> {
        let item = self.item(key)?;
        let text = item.as_str();
        match text {
            None => reader.wrong_type(item, &self.place, key, "a string"),
            Some("") => self.bad(reader, key, format!("`{key}` is empty"), None),
            Some(_) => {}
        }
        text.filter(|text| !text.is_empty())
    }

    /// A string that has to be there; `example` is ready to paste.
    pub(crate) fn required(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        example: &str,
    ) -> Option<&'a str> {
        if !self.table.contains_key(key) {
            self.missing(reader, key, example);
        }
        self.text(reader, key)
    }

    pub(crate) fn missing(&self, reader: &mut Reader<'_>, key: &str, example: &str) {
        if !reader.partial {
            let hint = Some(format!("say it, for instance\n{example}"));
            let message = format!("`{key}` is missing");
            reader.refuse(Fault::MissingKey, self.spot, &self.place, message, hint);
        }
    }

    pub(crate) fn flag(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<bool> {
        let item = self.item(key)?;
        if item.as_bool().is_none() {
            reader.wrong_type(item, &self.place, key, "`true` or `false`");
        }
        item.as_bool()
    }

    pub(crate) fn count(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        range: RangeInclusive<u32>,
    ) -> Option<u32> {
        let item = self.item(key)?;
        let Some(integer) = item.as_integer() else {
            reader.wrong_type(item, &self.place, key, "an integer");
            return None;
        };
        let count = u32::try_from(integer)
            .ok()
            .filter(|count| range.contains(count));
        if count.is_none() {
            let message = format!("`{key}` is from {} to {}", range.start(), range.end());
            self.bad(reader, key, message, None);
        }
        count
    }

    pub(crate) fn texts(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<Vec<String>> {
        let item = self.item(key)?;
        let texts = item.as_array().and_then(|array| {
            array
                .iter()
                .map(|value| value.as_str().map(str::to_owned))
                .collect()
        });
        if texts.is_none() {
            reader.wrong_type(item, &self.place, key, "a list of strings");
        }
        texts
    }

    /// One of a few words; those that this build does not have are refused as such.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        words: &[(&'static str, T)],
        place: Where,
    ) -> Option<T> {
        let word = self.text(reader, key)?;
        let found = words
            .iter()
            .find(|(name, _)| *name == word)
            .map(|(_, value)| *value);
        if found.is_none() {
            if let Some(message) = absent::message(place, word) {
                let spot = self.value_spot(reader, key);
                reader.refuse(Fault::NotInThisBuild, spot, &self.place, message, None);
                return None;
            }
            let names = words.iter().map(|(name, _)| *name);
            let message = match words {
                [(only, _)] => format!("`{key}` is `{only}` or left out"),
                _ => format!("`{key}` is one of {}", quoted(names.clone())),
            };
            let hint = nearest(word, names).map(|name| format!("did you mean\n{key} = \"{name}\""));
            self.bad(reader, key, message, hint);
        }
        found
    }

    /// A table under a key.
    pub(crate) fn table(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
    ) -> Option<&'a dyn TableLike> {
        let item = self.item(key)?;
        if item.as_table_like().is_none() {
            reader.wrong_type(item, &self.place, key, "a table");
        }
        item.as_table_like()
    }

    /// Refuses the value of a key.
    pub(crate) fn bad(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let spot = self.value_spot(reader, key);
        reader.refuse(Fault::BadValue, spot, &self.place, message, hint);
    }

    /// Refuses every key that nobody asked for.
    pub(crate) fn finish(self, reader: &mut Reader<'_>, place: Where) {
        for (key, _) in self.table.iter() {
            if self.known.contains(&key) {
                continue;
            }
            let spot = self.key_spot(reader, key);
            if let Some(message) = absent::message(place, key) {
                reader.refuse(Fault::NotInThisBuild, spot, &self.place, message, None);
                continue;
            }
            let hint = match nearest(key, self.known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`"),
                None => format!("known here: {}", quoted(self.known.iter().copied())),
            };
            let message = format!("unknown key `{}`", shown(key));
            reader.refuse(Fault::UnknownKey, spot, &self.place, message, Some(hint));
        }
    }
}

/// A name as a TOML key: bare if it can be, else quoted.
pub fn toml_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        toml_text(name)
    }
}

/// A text as a TOML basic string.
pub fn toml_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A name for a message: control characters would let a file write to the terminal.
pub(crate) fn shown(name: &str) -> String {
    name.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect()
}

/// A word that stands where a value stands, if it is a name that may be repeated in a message.
pub(crate) fn repeatable(word: &str) -> Option<&str> {
    let name = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-');
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let fits = word.len() <= 32
        && digits <= 3
        && word.bytes().next().is_some_and(name)
        && word.bytes().all(|byte| name(byte) || byte.is_ascii_digit());
    fits.then_some(word)
}

/// `a`, `b`, `c`.
pub(crate) fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn type_name(item: &Item) -> &'static str {
    match item.type_name() {
        "string" => "a string",
        "integer" => "an integer",
        "float" => "a float",
        "boolean" => "a boolean",
        "datetime" => "a date",
        "array" | "array of tables" => "a list",
        _ => "a table",
    }
}
