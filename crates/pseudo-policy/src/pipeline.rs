//! Pipeline: what a `pipeline.toml` says, as types. Whoever holds one holds a file without
//! mistakes; how it fits a source is the next question, answered by [`Pipeline::bind`].

use std::collections::BTreeMap;

use pseudo_pii::Kind;
use toml_edit::{Item, TableLike};

use crate::absent::{PLACEHOLDERS, Where};
use crate::near::nearest;
use crate::reader::{Reader, Section, repeatable, shown, toml_key};
use crate::refusal::{Fault, Refusal, Violation};
use crate::syntax;
use crate::table::Table;

/// A pipeline file.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// The file, as it was named to [`Pipeline::parse`]; for messages alone.
    pub file: String,
    /// What the pipeline is called.
    pub name: String,
    /// The pseudonymisation domain.
    pub domain: String,
    /// `[keys]`.
    pub keys: Keys,
    /// `[source]`.
    pub source: Source,
    /// `[sink]`.
    pub sink: Sink,
    /// `[identities.*]`, by name.
    pub identities: BTreeMap<String, Identity>,
    /// `[tables.*]`, in the order of the file.
    pub tables: Vec<Table>,
}

impl Pipeline {
    /// Reads the text of a pipeline file; `file` is what messages call it.
    ///
    /// # Errors
    /// Refuses a file with mistakes, naming all of them.
    pub fn parse(file: &str, text: &str) -> Result<Self, Refusal> {
        match Self::draft(file, text) {
            (Some(pipeline), violations) if violations.is_empty() => Ok(pipeline),
            (_, violations) => Err(Refusal::new(violations)),
        }
    }

    /// Reads what can be read of a file with mistakes, and the mistakes. Such a draft serves to be
    /// bound once more, so that what does not fit the source is told in the same breath; a column
    /// whose rule is refused has no rule in it and is silent there. None when the file is not TOML
    /// throughout.
    #[must_use]
    pub fn draft(file: &str, text: &str) -> (Option<Self>, Vec<Violation>) {
        let mut reader = Reader::new(file, text);
        let document = syntax::read(&mut reader);
        let draft = document
            .as_ref()
            .map(|document| read(&mut reader, file, &**document));
        (draft.filter(|_| !reader.partial), reader.violations)
    }

    /// The table of a name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

/// Where the keys are; paths as written, relative to the pipeline file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    /// The keyring.
    pub keyring: String,
    /// The age identity that opens it; without one a passphrase is asked for.
    pub identity: Option<String>,
    /// Create keyring and identity when neither is there.
    pub create: bool,
}

/// Where the tables come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// Directory or URL, as written.
    pub root: String,
}

/// Where the output goes, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    /// Directory or URL, as written.
    pub root: String,
    /// How many published runs are kept.
    pub retain_runs: u32,
    /// Codec of the columns that are worth compressing.
    pub compression: Compression,
    /// Rows of a row group.
    pub row_group_rows: u32,
}

impl Default for Sink {
    fn default() -> Self {
        Self {
            root: String::new(),
            retain_runs: 7,
            compression: Compression::Zstd,
            row_group_rows: 1 << 20,
        }
    }
}

/// Codec of Parquet output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Zstandard, level 1.
    Zstd,
    /// Snappy.
    Snappy,
    /// None.
    None,
}

impl Compression {
    const WORDS: [(&'static str, Self); 3] = [
        ("zstd", Self::Zstd),
        ("snappy", Self::Snappy),
        ("none", Self::None),
    ];

    /// The word for it in a pipeline file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Snappy => "snappy",
            Self::None => "none",
        }
    }
}

/// A named space of values that are comparable with each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name, which is part of its keys.
    pub name: String,
    /// Its kind, which is part of its keys.
    pub kind: Kind,
    /// The blank list that replaces the default one.
    pub blank: Option<Vec<String>>,
}

fn read(reader: &mut Reader<'_>, file: &str, root: &dyn TableLike) -> Pipeline {
    let mut top = Section::new(root, "", reader.spot(None));
    version(reader, &mut top);
    let name = top
        .required(reader, "name", "name = \"analytics\"")
        .map(str::to_owned);
    let domain = top
        .required(reader, "domain", "domain = \"analytics\"")
        .map(str::to_owned);
    check_name(reader, &top, "name", name.as_deref());
    check_name(reader, &top, "domain", domain.as_deref());
    let keys = section(
        reader,
        &mut top,
        "keys",
        "keyring = \"keys/analytics.keyring\"",
    )
    .map(|section| keys(reader, section));
    let source = section(reader, &mut top, "source", "root = \"../data/raw\"")
        .map(|section| source(reader, section))
        .unwrap_or_default();
    let sink = section(reader, &mut top, "sink", "root = \"../data/safe\"")
        .map(|section| sink(reader, section));
    let identities = identities(reader, &mut top);
    let tables = tables(reader, &mut top, &source, &identities);
    top.finish(reader, Where::Section);
    Pipeline {
        file: file.to_owned(),
        name: name.unwrap_or_default(),
        domain: domain.unwrap_or_default(),
        keys: keys.unwrap_or_default(),
        source,
        sink: sink.unwrap_or_default(),
        identities,
        tables,
    }
}

fn version(reader: &mut Reader<'_>, top: &mut Section<'_>) {
    match top.item("version") {
        None => top.missing(reader, "version", "version = 1"),
        Some(item) => match item.as_integer() {
            Some(1) => {}
            Some(_) => top.bad(reader, "version", "this build reads `version = 1`", None),
            None => reader.wrong_type(item, "", "version", "an integer"),
        },
    }
}

/// A section that has to be there.
fn section<'a>(
    reader: &mut Reader<'_>,
    top: &mut Section<'a>,
    key: &'static str,
    example: &str,
) -> Option<Section<'a>> {
    let Some(table) = top.table(reader, key) else {
        if !top.table.contains_key(key) {
            top.missing(reader, &format!("[{key}]"), &format!("[{key}]\n{example}"));
        }
        return None;
    };
    Some(Section::new(
        table,
        format!("table [{key}]"),
        top.key_spot(reader, key),
    ))
}

fn keys(reader: &mut Reader<'_>, mut section: Section<'_>) -> Keys {
    let example = "keyring = \"keys/analytics.keyring\"";
    let keys = Keys {
        keyring: section
            .required(reader, "keyring", example)
            .unwrap_or_default()
            .to_owned(),
        identity: section.text(reader, "identity").map(str::to_owned),
        create: section.flag(reader, "create").unwrap_or_default(),
    };
    section.finish(reader, Where::Nowhere);
    keys
}

fn source(reader: &mut Reader<'_>, mut section: Section<'_>) -> Source {
    let root = section
        .required(reader, "root", "root = \"../data/raw\"")
        .unwrap_or_default();
    check_placeholders(reader, &section, "root", root);
    section.finish(reader, Where::Nowhere);
    Source {
        root: root.to_owned(),
    }
}

fn sink(reader: &mut Reader<'_>, mut section: Section<'_>) -> Sink {
    let default = Sink::default();
    let root = section
        .required(reader, "root", "root = \"../data/safe\"")
        .unwrap_or_default();
    check_placeholders(reader, &section, "root", root);
    let compression = section.choice(reader, "compression", &Compression::WORDS, Where::Nowhere);
    let sink = Sink {
        root: root.to_owned(),
        retain_runs: section
            .count(reader, "retain_runs", 1..=10_000)
            .unwrap_or(default.retain_runs),
        compression: compression.unwrap_or(default.compression),
        row_group_rows: section
            .count(reader, "row_group_rows", 1..=1 << 24)
            .unwrap_or(default.row_group_rows),
    };
    section.finish(reader, Where::Nowhere);
    sink
}

fn identities(reader: &mut Reader<'_>, top: &mut Section<'_>) -> BTreeMap<String, Identity> {
    let mut identities = BTreeMap::new();
    let Some(table) = top.table(reader, "identities") else {
        return identities;
    };
    for (name, item) in table.iter() {
        let place = format!("table [identities.{}]", toml_key(name));
        let Some(spot) = entry(reader, table, name, item, &place) else {
            continue;
        };
        let Some(table) = item.as_table_like() else {
            continue;
        };
        let mut section = Section::new(table, place, spot);
        if !is_plain(name) {
            name_refused(reader, &section, "identity");
        }
        let kind = section.required(reader, "kind", "kind = \"text\"");
        // A wrong kind is told once, here; the rules of the identity are judged as if it were text.
        let kind = kind
            .and_then(|kind| read_kind(reader, &section, kind))
            .unwrap_or(Kind::Text);
        let blank = section.texts(reader, "blank");
        if blank.is_some() && kind == Kind::Exact {
            section.bad(
                reader,
                "blank",
                "kind `exact` has no `blank`: it takes all values",
                None,
            );
        }
        section.finish(reader, Where::Nowhere);
        identities.insert(
            name.to_owned(),
            Identity {
                name: name.to_owned(),
                kind,
                blank,
            },
        );
    }
    identities
}

/// Reads the name of a kind under the key `kind`.
pub(crate) fn read_kind(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    text: &str,
) -> Option<Kind> {
    let kind = Kind::parse(text);
    if kind.is_none() {
        let names = || Kind::ALL.iter().map(|kind| kind.name());
        let message = match repeatable(text) {
            Some(word) => format!("unknown kind `{word}`"),
            None => "unknown kind".to_owned(),
        };
        let hint = match nearest(text, names()) {
            Some(name) => format!("did you mean\nkind = \"{name}\""),
            None => format!("kinds: {}", crate::reader::quoted(names())),
        };
        let spot = section.value_spot(reader, "kind");
        reader.refuse(
            Fault::UnknownKind,
            spot,
            &section.place,
            message,
            Some(hint),
        );
    }
    kind
}

fn tables(
    reader: &mut Reader<'_>,
    top: &mut Section<'_>,
    source: &Source,
    identities: &BTreeMap<String, Identity>,
) -> Vec<Table> {
    let mut tables = Vec::new();
    let found = top.table(reader, "tables");
    for (name, item) in found.iter().flat_map(|table| table.iter()) {
        let place = format!("table [tables.{}]", toml_key(name));
        let Some(parent) = found else { continue };
        let Some(spot) = entry(reader, parent, name, item, &place) else {
            continue;
        };
        let Some(table) = item.as_table_like() else {
            continue;
        };
        let section = Section::new(table, place, spot);
        if !is_plain(name) {
            name_refused(reader, &section, "table");
        }
        tables.push(Table::read(reader, section, name, source, identities));
    }
    if found.is_none_or(|found| found.is_empty()) && !reader.partial {
        let hint = "say which, for instance\n[tables.users]\nsource = \"users/*.parquet\"";
        let spot = top.key_spot(reader, "tables");
        let message = "the pipeline has no table";
        reader.refuse(Fault::MissingKey, spot, "", message, Some(hint.to_owned()));
    }
    tables
}

/// Where an entry of `[identities]` or `[tables]` stands; None if it is no table.
fn entry(
    reader: &mut Reader<'_>,
    parent: &dyn TableLike,
    name: &str,
    item: &Item,
    place: &str,
) -> Option<crate::reader::Spot> {
    if item.as_table_like().is_none() {
        reader.wrong_type(item, place, &shown(name), "a table");
        return None;
    }
    // The span of a table is that of its header; a table made by its children alone has none.
    let span = item
        .span()
        .or_else(|| parent.key(name).and_then(toml_edit::Key::span));
    Some(reader.spot(span))
}

fn check_name(reader: &mut Reader<'_>, section: &Section<'_>, key: &str, name: Option<&str>) {
    if name.is_some_and(|name| !is_name(name)) {
        let message = format!("`{key}` has spaces at its ends or control characters");
        section.bad(reader, key, message, None);
    }
}

fn name_refused(reader: &mut Reader<'_>, section: &Section<'_>, what: &str) {
    let message = format!("the name of the {what} is not made of letters, digits, `_` and `-`");
    reader.refuse(Fault::BadValue, section.spot, &section.place, message, None);
}

/// Refuses `{name}`, which later builds may fill in.
pub(crate) fn check_placeholders(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    key: &str,
    text: &str,
) {
    if text.contains(['{', '}']) {
        let spot = section.value_spot(reader, key);
        reader.refuse(
            Fault::NotInThisBuild,
            spot,
            &section.place,
            PLACEHOLDERS,
            None,
        );
    }
}

/// Whether a name means one thing to a reader: it goes into keys byte by byte.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control)
}

/// Whether a name can be a directory of the sink on every file system, and is told apart by eye.
fn is_plain(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !name.is_empty() && name.len() <= 128 && name.chars().all(fits)
}
