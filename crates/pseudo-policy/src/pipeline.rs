//! Pipeline: what a `pipeline.toml` says, as types. Whoever holds one holds a file without
//! mistakes; how it fits a source is the next question, answered by [`Pipeline::bind`].

use std::collections::{BTreeMap, BTreeSet};

use pseudo_pii::Kind;
use toml_edit::{Item, TableLike};

use crate::absent::Where;
use crate::gates::Gates;
use crate::limits::Limits;
use crate::near::nearest;
use crate::quarantine::Quarantine;
use crate::reader::{Reader, Section, repeatable, shown, toml_key};
use crate::refusal::{Fault, Refusal, Spot, Violation};
use crate::settings::{self, Settings};
use crate::syntax;
use crate::table::Table;
use crate::unrelated;

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
    /// `[limits]`.
    pub limits: Limits,
    /// `[gates]`.
    pub gates: Option<Gates>,
    /// `[quarantine]`.
    pub quarantine: Quarantine,
    /// `[identities.*]`, by name.
    pub identities: BTreeMap<String, Identity>,
    /// `[tables.*]`, in the order of the file.
    pub tables: Vec<Table>,
    /// Where in the file stands what only the world around it can judge.
    pub spots: Spots,
}

impl Pipeline {
    /// Reads the text of a pipeline file without placeholders; `file` is what messages call it.
    ///
    /// # Errors
    /// Refuses a file with mistakes, naming all of them.
    pub fn parse(file: &str, text: &str) -> Result<Self, Refusal> {
        Self::parse_with(file, text, &Settings::new())
    }

    /// Reads the text of a pipeline file, its placeholders filled with `settings`.
    ///
    /// # Errors
    /// Refuses a file with mistakes, a placeholder without a value, a value that is not a part of a
    /// path, and one that no placeholder asks for, naming all of them.
    pub fn parse_with(file: &str, text: &str, settings: &Settings) -> Result<Self, Refusal> {
        match Self::draft_with(file, text, settings) {
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
        Self::draft_with(file, text, &Settings::new())
    }

    /// Reads what can be read of a file with mistakes, its placeholders filled with `settings`;
    /// where one could not be filled, `source` or the root is empty in the draft.
    #[must_use]
    pub fn draft_with(
        file: &str,
        text: &str,
        settings: &Settings,
    ) -> (Option<Self>, Vec<Violation>) {
        let mut reader = Reader::new(file, text, settings);
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

/// Where in a pipeline file stands what nobody can judge from the file alone. Of a key that is not
/// there it is the header of its section, of a section that is not there the beginning of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spots {
    /// `[keys] keyring`.
    pub keyring: Spot,
    /// `[keys] identity`.
    pub identity: Spot,
    /// `[source] root`.
    pub source_root: Spot,
    /// `[sink] root`.
    pub sink_root: Spot,
    /// The names of `[sink] bloom_filter`, in their order.
    pub bloom_filter: Vec<Spot>,
    /// The header of `[limits]`.
    pub limits: Spot,
    /// The header of `[quarantine]`.
    pub quarantine: Spot,
    /// `[quarantine] root`.
    pub quarantine_root: Spot,
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
    /// Directory or URL, its placeholders filled.
    pub root: String,
    /// The same as written.
    pub template: String,
}

impl Source {
    /// Whether the root is an embedded sample, or nobody can tell for want of a value.
    pub(crate) fn has_no_files(&self) -> bool {
        let sample = |root: &str| root.starts_with("sample:");
        match self.root.is_empty() {
            true => sample(&self.template) || self.template.starts_with('{'),
            false => sample(&self.root),
        }
    }
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
    /// Columns of the output, of whichever tables have them, that get a Bloom filter.
    pub bloom_filter: Vec<String>,
}

impl Default for Sink {
    fn default() -> Self {
        Self {
            root: String::new(),
            retain_runs: 7,
            compression: Compression::Zstd,
            row_group_rows: 1 << 20,
            bloom_filter: Vec::new(),
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
    /// Columns of the output, `table.column`, of which somebody says that their numbers have
    /// nothing to do with those of the identity, although the one may be found in the other.
    pub unrelated: Vec<String>,
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
    let mut spots = Spots::default();
    let keys =
        section(reader, &mut top, "keys", KEYRING).map(|section| keys(reader, section, &mut spots));
    let source = section(reader, &mut top, "source", SOURCE)
        .map(|section| source(reader, section, &mut spots))
        .unwrap_or_default();
    let sink = section(reader, &mut top, "sink", SINK)
        .map(|section| sink(reader, section, &mut spots))
        .unwrap_or_default();
    let limits = optional(reader, &mut top, "limits").map(|section| {
        spots.limits = section.spot;
        Limits::read(reader, section)
    });
    let quarantine = optional(reader, &mut top, "quarantine").map(|section| {
        spots.quarantine = section.spot;
        spots.quarantine_root = section.value_spot(reader, "root");
        Quarantine::read(reader, section)
    });
    let identities = identities(reader, &mut top);
    let tables = tables(reader, &mut top, &source, &identities);
    check_bloom_filter(reader, &sink, &spots, &tables);
    unrelated::check(reader, &top, &identities, &tables);
    let gates = optional(reader, &mut top, "gates")
        .and_then(|section| Gates::read(reader, section, &tables));
    top.finish(reader, Where::Section);
    settings::refuse_unused(reader);
    Pipeline {
        file: file.to_owned(),
        name: name.unwrap_or_default(),
        domain: domain.unwrap_or_default(),
        keys: keys.unwrap_or_default(),
        source,
        sink,
        limits: limits.unwrap_or_default(),
        gates,
        quarantine: quarantine.unwrap_or_default(),
        identities,
        tables,
        spots,
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
    if !top.table.contains_key(key) {
        top.missing(reader, &format!("[{key}]"), &format!("[{key}]\n{example}"));
    }
    optional(reader, top, key)
}

/// A section that may be there.
fn optional<'a>(
    reader: &mut Reader<'_>,
    top: &mut Section<'a>,
    key: &'static str,
) -> Option<Section<'a>> {
    let table = top.table(reader, key)?;
    let spot = top.key_spot(reader, key);
    Some(Section::new(table, format!("table [{key}]"), spot))
}

fn keys(reader: &mut Reader<'_>, mut section: Section<'_>, spots: &mut Spots) -> Keys {
    spots.keyring = section.value_spot(reader, "keyring");
    spots.identity = section.value_spot(reader, "identity");
    let keys = Keys {
        keyring: section
            .required(reader, "keyring", KEYRING)
            .unwrap_or_default()
            .to_owned(),
        identity: section.text(reader, "identity").map(str::to_owned),
        create: section.flag(reader, "create").unwrap_or_default(),
    };
    section.finish(reader, Where::Nowhere);
    keys
}

fn source(reader: &mut Reader<'_>, mut section: Section<'_>, spots: &mut Spots) -> Source {
    spots.source_root = section.value_spot(reader, "root");
    let template = section.required(reader, "root", SOURCE).unwrap_or_default();
    let root = settings::fill(reader, &section, "root", template);
    section.finish(reader, Where::Nowhere);
    Source {
        root: root.unwrap_or_default(),
        template: template.to_owned(),
    }
}

fn sink(reader: &mut Reader<'_>, mut section: Section<'_>, spots: &mut Spots) -> Sink {
    let default = Sink::default();
    spots.sink_root = section.value_spot(reader, "root");
    let root = section.required(reader, "root", SINK).unwrap_or_default();
    settings::refuse_braces(reader, &section, "root", root);
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
        bloom_filter: section
            .texts(reader, "bloom_filter")
            .unwrap_or(default.bloom_filter),
    };
    let names = section.table.get("bloom_filter").and_then(Item::as_array);
    let names = names.iter().flat_map(|names| names.iter());
    spots.bloom_filter = names.map(|name| reader.spot(name.span())).collect();
    section.finish(reader, Where::Nowhere);
    sink
}

/// Refuses names that no table writes: every column of the output has a rule that names it.
fn check_bloom_filter(reader: &mut Reader<'_>, sink: &Sink, spots: &Spots, tables: &[Table]) {
    let mut columns = tables.iter().flat_map(|table| &table.columns);
    // A rule that is refused would have said what it writes.
    if reader.partial || columns.any(|column| column.rules.is_empty()) {
        return;
    }
    let written: BTreeSet<&str> = tables.iter().flat_map(Table::written).collect();
    let mut seen = BTreeSet::new();
    for (name, spot) in sink.bloom_filter.iter().zip(&spots.bloom_filter) {
        let place = "table [sink]";
        if !seen.insert(name) {
            let message = "`bloom_filter` names a column twice";
            reader.refuse(Fault::BadValue, *spot, place, message, None);
        } else if !written.contains(name.as_str()) {
            let message = match repeatable(name) {
                Some(name) => format!("`bloom_filter`: no table writes a column `{name}`"),
                None => "`bloom_filter` names a column that no table writes".to_owned(),
            };
            let hint = match nearest(name, written.iter().copied()) {
                Some(near) => format!("did you mean `{}`", shown(near)),
                None => "name columns of the output, as `to` renames them".to_owned(),
            };
            reader.refuse(Fault::NoSuchColumn, *spot, place, message, Some(hint));
        }
    }
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
        let unrelated = section.texts(reader, "unrelated").unwrap_or_default();
        section.finish(reader, Where::Nowhere);
        identities.insert(
            name.to_owned(),
            Identity {
                name: name.to_owned(),
                kind,
                blank,
                unrelated,
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
) -> Option<Spot> {
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

/// Whether a name means one thing to a reader: it goes into keys byte by byte.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control)
}

/// Whether a name can be a directory of the sink on every file system, and is told apart by eye.
fn is_plain(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !name.is_empty() && name.len() <= 128 && name.chars().all(fits)
}

/// The keys of the sections that have to be there, ready to paste.
const KEYRING: &str = "keyring = \"keys/analytics.keyring\"";
const SOURCE: &str = "root = \"../data/raw\"";
const SINK: &str = "root = \"../data/safe\"";
