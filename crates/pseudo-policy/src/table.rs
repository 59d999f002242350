//! Table: one `[tables.T]` of a pipeline file: where its rows come from, how they are read and
//! ordered, and the rules of its columns.

use std::collections::{BTreeMap, BTreeSet};

use arrow_schema::{DataType, TimeUnit};
use toml_edit::{Item, TableLike};

use crate::absent::{self, Where};
use crate::column::{ColumnRules, Context};
use crate::pipeline::{Identity, Source};
use crate::reader::{Reader, Section, shown, toml_key};
use crate::refusal::{Fault, Spot};
use crate::settings::fill;

/// A table of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name, which is the directory of its output and part of its row order.
    pub name: String,
    /// Files below the source root: a path or a pattern, its placeholders filled.
    pub source: String,
    /// The same as written.
    pub template: String,
    /// Format of the files, as said or as their extension tells; None when the source root decides.
    pub format: Option<Format>,
    /// The column that says whom a row is about.
    pub subject: Option<String>,
    /// SQL predicate; rows that do not fulfil it are left out.
    pub filter: Option<String>,
    /// Order of the rows of a chunk.
    pub order: Order,
    /// Columns without a rule are dropped.
    pub unlisted_drop: bool,
    /// Types of columns of CSV and NDJSON that are not text.
    pub types: BTreeMap<String, ColumnType>,
    /// How CSV is read.
    pub csv: CsvOptions,
    /// The rules, in the order of the file.
    pub columns: Vec<ColumnRules>,
    /// A pattern that matches no file is an empty table.
    pub allow_empty: bool,
    /// Line of the header.
    pub line: usize,
    /// Column of the header in its line.
    pub line_column: usize,
    /// Line of `[tables.T.columns]`.
    pub columns_line: usize,
    /// Column of `[tables.T.columns]` in its line.
    pub columns_line_column: usize,
}

impl Table {
    /// The identities of the column that says whom a row is about; none where no rule says one.
    #[must_use]
    pub fn subject_identities(&self) -> BTreeSet<&str> {
        crate::needs::subjects(self)
    }

    /// Reads one `[tables.T]`.
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        mut section: Section<'_>,
        name: &str,
        root: &Source,
        identities: &BTreeMap<String, Identity>,
    ) -> Self {
        let example = format!("source = \"{}/*.parquet\"", shown(name));
        let template = section
            .required(reader, "source", &example)
            .unwrap_or_default();
        let source = fill(reader, &section, "source", template);
        let format = format(reader, &mut section, source.as_deref(), template, root);
        let is_csv = format.is_none_or(|format| format == Format::Csv);
        let is_text = format.is_none_or(Format::is_text);
        let unlisted = [("drop", true)];
        let mut table = Self {
            name: name.to_owned(),
            source: source.unwrap_or_default(),
            template: template.to_owned(),
            format,
            subject: section.text(reader, "subject").map(str::to_owned),
            filter: section.text(reader, "filter").map(str::to_owned),
            order: section
                .choice(reader, "order", &Order::WORDS, Where::Nowhere)
                .unwrap_or(Order::Shuffled),
            unlisted_drop: section
                .choice(reader, "unlisted", &unlisted, Where::Nowhere)
                .unwrap_or_default(),
            types: types(reader, &mut section, is_text),
            csv: CsvOptions::read(reader, &mut section, is_csv),
            columns: Vec::new(),
            allow_empty: section.flag(reader, "allow_empty").unwrap_or_default(),
            line: section.spot.line,
            line_column: section.spot.column,
            columns_line: section.spot.line,
            columns_line_column: section.spot.column,
        };
        table.read_columns(reader, &mut section, identities);
        section.finish(reader, Where::Nowhere);
        table
    }

    /// Its place, for messages.
    pub(crate) fn place(&self) -> String {
        format!("table [tables.{}]", toml_key(&self.name))
    }

    /// The place of its rules, for messages.
    pub(crate) fn columns_place(&self) -> String {
        format!("table [tables.{}.columns]", toml_key(&self.name))
    }

    /// The columns of the output, as far as the rules tell.
    pub(crate) fn written(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().flat_map(|column| {
            let rules = column.rules.iter().filter(|rule| rule.action.writes());
            rules.map(|rule| rule.output(&column.column))
        })
    }

    fn read_columns(
        &mut self,
        reader: &mut Reader<'_>,
        section: &mut Section<'_>,
        identities: &BTreeMap<String, Identity>,
    ) {
        let Some(columns) = section.table(reader, "columns") else {
            if !section.table.contains_key("columns") && !self.unlisted_drop {
                let example = format!("[tables.{}.columns]", toml_key(&self.name));
                section.missing(reader, "columns", &example);
            }
            return;
        };
        let header = section.table.get("columns").and_then(Item::span);
        let spot = header.map_or(section.spot, |span| reader.spot(Some(span)));
        self.columns_line = spot.line;
        self.columns_line_column = spot.column;
        let place = self.columns_place();
        let context = Context {
            place: &place,
            identities,
        };
        for (column, item) in columns.iter() {
            let span = columns.key(column).and_then(toml_edit::Key::span);
            let spot = reader.spot(span.or_else(|| item.span()));
            self.columns
                .push(ColumnRules::read(reader, &context, column, item, spot));
        }
        self.check_outputs(reader, &place);
    }

    /// Refuses two rules that write one output column.
    fn check_outputs(&self, reader: &mut Reader<'_>, place: &str) {
        let mut written: BTreeMap<&str, usize> = BTreeMap::new();
        for column in &self.columns {
            for rule in column.rules.iter().filter(|rule| rule.action.writes()) {
                let output = rule.output(&column.column);
                let Some(line) = written.get(output) else {
                    written.insert(output, rule.line);
                    continue;
                };
                let message = format!(
                    "two rules write column `{}` of the output, this one and that of line {line}",
                    shown(output)
                );
                let hint = match rule.action.word() {
                    Some(_) => "leave one of them out".to_owned(),
                    None => format!(
                        "name it with `to`, for instance\n{}",
                        rule.line_with(&column.column, Some(&format!("{output}_2")))
                    ),
                };
                let spot = Spot {
                    line: rule.line,
                    column: rule.line_column,
                };
                reader.refuse(Fault::OutputTwice, spot, place, message, Some(hint));
            }
        }
    }
}

/// The extensions of packings, of gzip and of zstd.
const PACKED: [&str; 2] = [".gz", ".zst"];

/// File formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values and their kin.
    Csv,
    /// A JSON object a line: NDJSON, JSON Lines.
    Ndjson,
    /// An Arrow IPC file: Feather version 2.
    Arrow,
}

impl Format {
    const WORDS: [(&'static str, Self); 6] = [
        ("parquet", Self::Parquet),
        ("csv", Self::Csv),
        ("ndjson", Self::Ndjson),
        ("jsonl", Self::Ndjson),
        ("arrow", Self::Arrow),
        ("feather", Self::Arrow),
    ];

    /// The format of a file, as its name tells: by its extension, behind which that of its packing
    /// may stand where the format is text.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let (name, packed) = Self::unpacked(name);
        let (_, extension) = name.rsplit_once('.')?;
        Self::of_word(extension).filter(|format| !packed || format.is_text())
    }

    /// Whether files of it are text.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Ndjson)
    }

    /// A name without `.gz` or `.zst`, and whether it had that.
    fn unpacked(name: &str) -> (&str, bool) {
        let inner = PACKED.iter().find_map(|end| name.strip_suffix(end));
        (inner.unwrap_or(name), inner.is_some())
    }

    fn of_word(word: &str) -> Option<Self> {
        let found = Self::WORDS.iter().find(|(known, _)| *known == word);
        found.map(|(_, format)| *format)
    }

    /// The word for it in a pipeline file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Arrow => "arrow",
        }
    }
}

/// Order of the rows of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// A keyed order that says nothing.
    Shuffled,
    /// That of the source.
    Source,
}

impl Order {
    const WORDS: [(&'static str, Self); 2] =
        [("shuffled", Self::Shuffled), ("source", Self::Source)];

    /// The word for it in a pipeline file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shuffled => "shuffled",
            Self::Source => "source",
        }
    }
}

/// Type of a CSV column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// Text, the default: leading zeros and a last `X` stay.
    Text,
    /// 64-bit integers.
    Integer,
    /// Decimals of a precision and a scale.
    Decimal(u8, i8),
    /// 64-bit floats.
    Float,
    /// `true` and `false`.
    Boolean,
    /// Dates, `YYYY-MM-DD`.
    Date,
    /// Timestamps in microseconds, without a zone.
    Timestamp,
}

impl ColumnType {
    const WORDS: [(&'static str, Self); 7] = [
        ("text", Self::Text),
        ("integer", Self::Integer),
        ("decimal(18,2)", Self::Decimal(18, 2)),
        ("float", Self::Float),
        ("boolean", Self::Boolean),
        ("date", Self::Date),
        ("timestamp", Self::Timestamp),
    ];

    /// Reads `decimal(12,2)` and the plain words.
    fn parse(word: &str) -> Option<Self> {
        if let Some((_, found)) = Self::WORDS.iter().find(|(name, _)| *name == word) {
            return Some(*found);
        }
        let (precision, scale) = word
            .strip_prefix("decimal(")?
            .strip_suffix(')')?
            .split_once(',')?;
        let precision: u8 = precision.trim().parse().ok()?;
        let scale: u8 = scale.trim().parse().ok()?;
        let fits = (1..=38).contains(&precision) && scale <= precision;
        fits.then_some(Self::Decimal(precision, i8::try_from(scale).ok()?))
    }

    /// The Arrow type of it.
    #[must_use]
    pub const fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Decimal(precision, scale) => DataType::Decimal128(precision, scale),
            Self::Float => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        }
    }
}

/// How CSV is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CsvOptions {
    /// Between fields.
    pub delimiter: u8,
    /// Around fields.
    pub quote: u8,
    /// The first line holds the names.
    pub header: bool,
    /// Fields that are NULL, quoted or not. An empty line is a record with an empty field where
    /// records have one field, and no record elsewhere.
    pub null: Vec<String>,
    /// Of the bytes. A byte order mark at the start is no part of the text.
    pub encoding: TextEncoding,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: b'"',
            header: true,
            null: vec![String::new(), "\\N".to_owned()],
            encoding: TextEncoding::Utf8,
        }
    }
}

/// Encoding of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextEncoding {
    /// UTF-8.
    Utf8,
    /// GB 18030, which covers GBK and GB 2312.
    Gb18030,
}

impl TextEncoding {
    const WORDS: [(&'static str, Self); 2] = [("utf-8", Self::Utf8), ("gb18030", Self::Gb18030)];

    /// The word for it in a pipeline file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Gb18030 => "gb18030",
        }
    }
}

impl CsvOptions {
    fn read(reader: &mut Reader<'_>, section: &mut Section<'_>, fits: bool) -> Self {
        let default = Self::default();
        let encoding = section.choice(reader, "encoding", &TextEncoding::WORDS, Where::Nowhere);
        let (delimiter, quote) = (
            byte(reader, section, "delimiter"),
            byte(reader, section, "quote"),
        );
        let options = Self {
            delimiter: delimiter.unwrap_or(default.delimiter),
            quote: quote.unwrap_or(default.quote),
            header: section.flag(reader, "header").unwrap_or(default.header),
            null: section.texts(reader, "null").unwrap_or(default.null),
            encoding: encoding.unwrap_or(default.encoding),
        };
        if options.delimiter == options.quote {
            let key = if delimiter.is_some() {
                "delimiter"
            } else {
                "quote"
            };
            section.bad(reader, key, "`delimiter` and `quote` are the same", None);
        }
        for key in ["encoding", "delimiter", "quote", "header", "null"] {
            text_only(reader, section, key, fits, "`format = \"csv\"`");
        }
        options
    }
}

/// One ASCII character.
fn byte(reader: &mut Reader<'_>, section: &mut Section<'_>, key: &'static str) -> Option<u8> {
    match section.text(reader, key)?.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => Some(*byte),
        _ => {
            section.bad(reader, key, format!("`{key}` is one ASCII character"), None);
            None
        }
    }
}

fn types(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    fits: bool,
) -> BTreeMap<String, ColumnType> {
    let mut types = BTreeMap::new();
    let table = section.table(reader, "types");
    text_only(
        reader,
        section,
        "types",
        fits,
        "text: to `csv` and `ndjson`",
    );
    for (column, item) in table.iter().flat_map(|table: &&dyn TableLike| table.iter()) {
        let Some(word) = item.as_str() else {
            reader.wrong_type(item, &section.place, &shown(column), "a string");
            continue;
        };
        match ColumnType::parse(word) {
            Some(found) => {
                types.insert(column.to_owned(), found);
            }
            None => {
                let names = ColumnType::WORDS.iter().map(|(name, _)| *name);
                let message = format!("the type of a column is one of {}", quoted(names));
                let spot = reader.spot(item.span());
                reader.refuse(Fault::BadValue, spot, &section.place, message, None);
            }
        }
    }
    types
}

fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    crate::reader::quoted(names)
}

fn text_only(reader: &mut Reader<'_>, section: &Section<'_>, key: &str, fits: bool, to: &str) {
    if !fits && section.table.contains_key(key) {
        let spot = section.key_spot(reader, key);
        let message = format!("`{key}` belongs to {to}");
        reader.refuse(Fault::BadValue, spot, &section.place, message, None);
    }
}

/// The format as said, else by extension, else that of the root.
fn format(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    source: Option<&str>,
    template: &str,
    root: &Source,
) -> Option<Format> {
    if section.table.contains_key("format") {
        return section.choice(reader, "format", &Format::WORDS, Where::Format);
    }
    // Asking makes the key known.
    section.item("format");
    // Without its values, a placeholder at the end may be any extension.
    let unfilled = Some(template).filter(|template| !template.ends_with('}'));
    let source = source.or(unfilled).unwrap_or_default();
    let name = source.rsplit(['/', '\\']).next().unwrap_or_default();
    let found = Format::of_name(name);
    if found.is_some() || source.is_empty() || root.has_no_files() {
        return found;
    }
    let (inner, packed) = Format::unpacked(name);
    let extension = inner
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension);
    let spot = section.value_spot(reader, "source");
    match absent::message(Where::Format, extension) {
        Some(message) => {
            reader.refuse(Fault::NotInThisBuild, spot, &section.place, message, None);
        }
        None if packed && Format::of_word(extension).is_some() => {
            let message = format!("this build reads no packed `{extension}`");
            reader.refuse(Fault::NotInThisBuild, spot, &section.place, message, None);
        }
        None => {
            let message = "the extension of `source` tells no format";
            let hint = "say what is inside, for instance\nformat = \"csv\"".to_owned();
            reader.refuse(Fault::MissingKey, spot, &section.place, message, Some(hint));
        }
    }
    None
}
