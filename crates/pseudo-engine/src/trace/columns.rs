//! The columns of a leak: which cells are pseudonyms by their form, which are identifiers as they
//! are, and what of it can be looked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pseudo_pii::{Blanks, Canonical, Certainty, Kind, Recogniser, Verdict, recognise};

use super::form::{self, Found, Pseudonym, Written};
use super::names::Names;
use super::report::{Class, Scheme};
use super::sample::{Cell, Sample};
use crate::verify::is_structured;

/// What can be looked for: each once. It has no `Debug`, for it holds values.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Item {
    /// A pseudonym.
    Pseudonym(Pseudonym),
    /// The canonical text of an identifier; with the name of its identity, where the name of the
    /// column says one.
    Value(Kind, String, Option<String>),
}

/// All columns of a leak.
pub(super) struct Columns {
    pub(super) columns: Vec<Column>,
    pub(super) items: Vec<Item>,
}

/// One column.
pub(super) struct Column {
    /// Its name as it may be shown.
    pub(super) shown: String,
    /// Its name as it is, which runs may have, too.
    pub(super) name: Option<String>,
    pub(super) values: u64,
    pub(super) forms: BTreeSet<(Scheme, Written)>,
    pub(super) kinds: Vec<(Kind, Certainty, u64)>,
    /// The rows, each with an item of it.
    pub(super) cells: Vec<(u32, u32)>,
    /// The distinct pseudonyms.
    pub(super) pseudonyms: BTreeSet<u32>,
    /// The distinct identifiers.
    pub(super) identifiers: BTreeSet<u32>,
    pub(super) rewritten: BTreeSet<u32>,
    /// Whether pseudonyms are words within text, so that one row may have several.
    pub(super) is_text: bool,
}

impl Column {
    pub(super) fn class(&self) -> Class {
        Class::of(!self.kinds.is_empty(), !self.pseudonyms.is_empty())
    }
}

/// Looks at all columns.
pub(super) fn look(sample: &Sample, names: &Names) -> Columns {
    let mut items = Items::default();
    let columns = sample.cells.iter().zip(&sample.names).enumerate();
    let columns = columns.map(|(place, (cells, name))| {
        let known = name.as_ref().filter(|name| names.is_column(name));
        let shown = known.map_or_else(|| format!("column {}", place + 1), String::clone);
        column(cells, name.as_deref(), shown, names, &mut items)
    });
    let columns = columns.collect();
    let items = items.items;
    Columns { columns, items }
}

/// By item, the rows of the leak that hold it.
#[derive(Default)]
pub(super) struct Index(HashMap<u32, BTreeSet<u32>>);

impl Index {
    pub(super) fn new(columns: &[Column]) -> Self {
        let mut index = Self::default();
        for (row, item) in columns.iter().flat_map(|column| &column.cells) {
            index.0.entry(*item).or_default().insert(*row);
        }
        index
    }

    /// The rows that hold one of these.
    pub(super) fn rows<'a>(&self, items: impl IntoIterator<Item = &'a u32>) -> BTreeSet<u32> {
        let rows = items.into_iter().filter_map(|item| self.0.get(item));
        rows.flatten().copied().collect()
    }

    /// Says that an item stands wherever another does.
    pub(super) fn also(&mut self, item: u32, with: u32) {
        let rows = self.0.get(&with).cloned().unwrap_or_default();
        self.0.entry(item).or_default().extend(rows);
    }
}

#[derive(Default)]
struct Items {
    items: Vec<Item>,
    places: HashMap<Item, u32>,
}

impl Items {
    fn put(&mut self, item: Item) -> u32 {
        let next = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        *self.places.entry(item.clone()).or_insert_with(|| {
            self.items.push(item);
            next
        })
    }
}

fn column(
    cells: &[Cell],
    name: Option<&str>,
    shown: String,
    names: &Names,
    items: &mut Items,
) -> Column {
    let mut column = Column {
        shown,
        name: name.map(str::to_owned),
        values: 0,
        forms: BTreeSet::new(),
        kinds: Vec::new(),
        cells: Vec::new(),
        pseudonyms: BTreeSet::new(),
        identifiers: BTreeSet::new(),
        rewritten: BTreeSet::new(),
        is_text: false,
    };
    let mut texts: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (row, cell) in (0..).zip(cells) {
        let text = match cell {
            Cell::Null => continue,
            Cell::Bytes(bytes) => {
                column.values += 1;
                if let Some(found) = form::of_bytes(bytes) {
                    column.add(row, found, items);
                }
                continue;
            }
            Cell::Text(text) if text.trim().is_empty() => continue,
            Cell::Text(text) => text,
        };
        column.values += 1;
        if let Some(found) = form::of_text(text) {
            column.add(row, found, items);
            continue;
        }
        for found in form::in_text(text) {
            column.is_text = true;
            column.add(row, found, items);
        }
        texts.entry(text).or_default().push(row);
    }
    column.kinds = kinds(&texts);
    for (text, rows) in &texts {
        let found = identifiers(text, &column.kinds, names.of_column(name));
        for item in found {
            let item = items.put(item);
            column.identifiers.insert(item);
            column.cells.extend(rows.iter().map(|row| (*row, item)));
        }
    }
    column
}

impl Column {
    fn add(&mut self, row: u32, (found, written, is_plain): Found, items: &mut Items) {
        let scheme = match &found {
            Pseudonym::Token(_) => Scheme::Token,
            Pseudonym::Seal(_) => Scheme::Seal,
        };
        let item = items.put(Item::Pseudonym(found));
        self.forms.insert((scheme, written));
        self.pseudonyms.insert(item);
        self.cells.push((row, item));
        if !is_plain {
            self.rewritten.insert(item);
        }
    }
}

/// The kinds of identifiers that a column shows. Of a few values structure and check speak, where
/// most of them have it.
fn kinds(texts: &BTreeMap<&str, Vec<u32>>) -> Vec<(Kind, Certainty, u64)> {
    let (mut recogniser, mut alone) = (Recogniser::default(), BTreeMap::new());
    for (text, rows) in texts {
        recogniser.add(text, rows.len() as u64);
        if texts.len() <= FEW {
            let words = words(text).filter_map(recognise::alone);
            let found: BTreeSet<Kind> = words.collect();
            found
                .into_iter()
                .for_each(|kind| *alone.entry(kind).or_insert(0_u64) += 1);
        }
    }
    let findings = recogniser.findings().into_iter();
    let mut kinds: Vec<_> = findings
        .map(|finding| (finding.kind, finding.certainty, finding.values))
        .collect();
    for (kind, values) in alone {
        if kinds.iter().all(|(known, ..)| *known != kind) && is_most(values, texts.len() as u64) {
            kinds.push((kind, Certainty::Suspect, values));
        }
    }
    kinds
}

/// Four of five; of three values half will do.
const fn is_most(values: u64, of: u64) -> bool {
    values * 5 >= of * 4 || of <= 3 && values * 2 >= of
}

/// The identifiers of a cell: those of the kinds of its column, and what its column is known for.
fn identifiers(
    text: &str,
    kinds: &[(Kind, Certainty, u64)],
    known: &[(String, Kind, Blanks)],
) -> Vec<Item> {
    let mut found = Vec::new();
    let mut written = String::new();
    for (identity, kind, blanks) in known {
        if let Some((value, verdict)) = canonical(*kind, text, blanks, &mut written)
            && (verdict != Verdict::Invalid || !is_structured(*kind))
        {
            found.push(Item::Value(*kind, value, Some(identity.clone())));
        }
    }
    if !found.is_empty() {
        return found;
    }
    let blanks = Blanks::default();
    for (kind, ..) in kinds {
        let whole = canonical(*kind, text, &blanks, &mut written);
        let whole = whole.filter(|(_, verdict)| *verdict == Verdict::Valid);
        if let Some((value, _)) = whole {
            found.push(Item::Value(*kind, value, None));
            continue;
        }
        for word in words(text).filter(|word| recognise::alone(word) == Some(*kind)) {
            if let Some((value, _)) = canonical(*kind, word, &blanks, &mut written) {
                found.push(Item::Value(*kind, value, None));
            }
        }
    }
    found
}

pub(super) fn canonical(
    kind: Kind,
    text: &str,
    blanks: &Blanks,
    written: &mut String,
) -> Option<(String, Verdict)> {
    written.clear();
    match kind.canonical(text, blanks, written) {
        Canonical::Blank => None,
        Canonical::Same(verdict) => Some((text.to_owned(), verdict)),
        Canonical::Written(verdict) => Some((written.clone(), verdict)),
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || ",;|\"'()[]{}:=<>，；：".contains(c))
        .filter(|word| !word.is_empty())
}

/// Distinct values that are too few to be judged by how many of them pass.
const FEW: usize = 40;
