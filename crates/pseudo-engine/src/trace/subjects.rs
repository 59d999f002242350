//! Whom a leak concerns: every value of every identity column of the source is tokenised under each
//! key that may have made a token of the leak, and looked up among those. One pass serves all
//! domains and epochs; no value is kept but those of rows that were found.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use pseudo_arrow::{Kernel, Outcome};
use pseudo_pii::{Blanks, Kind};
use pseudo_policy::{Pipeline, Table};
use pseudo_token::TokenKey;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::columns::Item;
use super::form::Pseudonym;
use super::keys::Candidate;
use super::needles::Needles;
use crate::memory::Budget;
use crate::progress::Progress;
use crate::source::{Root, Slice, SourceTable};
use crate::verify::each_cell;
use crate::{Cancel, Error, Result};

/// What a source holds of the leak.
#[derive(Default)]
pub(super) struct Found {
    /// Tokens and the keys that make them of a value: items, and places among the candidates.
    pub(super) made: BTreeSet<(u32, usize)>,
    /// Identifiers that stand in the source.
    pub(super) values: BTreeSet<u32>,
    /// The rows that hold them.
    pub(super) rows: Vec<Row>,
    /// Items of which there are more rows than were kept.
    pub(super) many: BTreeSet<u32>,
    /// By table, how many rows there are.
    pub(super) read: BTreeMap<String, u64>,
}

/// A row of a source. It has no `Debug`, for it holds values.
pub(super) struct Row {
    pub(super) table: String,
    /// The column, the identities and the canonical text of whom it is about.
    pub(super) subject: Option<(String, Vec<String>, String)>,
    /// What of it was looked for.
    pub(super) items: BTreeSet<u32>,
    /// Whether that was found in the column of its subject.
    pub(super) by_subject: bool,
    /// Its identifiers: column and canonical text.
    pub(super) values: Vec<(String, String)>,
}

/// The tables of all pipelines, each read once.
#[derive(Default)]
pub(super) struct Sources {
    tables: Vec<Reading>,
}

struct Reading {
    root: PathBuf,
    policy: Table,
    source: SourceTable,
    columns: Vec<Column>,
    subject: Option<String>,
}

struct Column {
    name: String,
    index: usize,
    kind: Kind,
    blank: Option<Vec<String>>,
    canonical: Kernel,
    /// Domain and identity.
    spaces: BTreeSet<(String, String)>,
}

impl Sources {
    /// Adds the tables of a pipeline whose paths are relative to `base`; with `root`, from there.
    /// Answers the tables that no file matches, or whose place nobody can tell.
    pub(super) fn add(
        &mut self,
        pipeline: &Pipeline,
        base: &Path,
        root: Option<&Path>,
    ) -> Result<Vec<String>> {
        let own = base.join(&pipeline.source.root);
        let place = match root {
            Some(root) => root.to_path_buf(),
            None if pipeline.source.root.starts_with("sample:") => {
                PathBuf::from(&pipeline.source.root)
            }
            None => own,
        };
        let text = place.to_string_lossy();
        let parsed = Root::parse(Path::new(""), &text);
        let parsed = parsed.map_err(|fault| Error::source(&text, fault))?;
        let mut absent = Vec::new();
        for table in &pipeline.tables {
            let place = place.clone();
            let known =
                |reading: &&mut Reading| reading.root == place && is_same(&reading.policy, table);
            if let Some(reading) = self.tables.iter_mut().find(known) {
                reading.add(pipeline, table);
                continue;
            }
            let is_told =
                !table.source.is_empty() && (root.is_some() || !pipeline.source.root.is_empty());
            let source = if is_told { parsed.open(table)? } else { None };
            let Some(source) = source else {
                absent.push(table.name.clone());
                continue;
            };
            let mut reading = Reading {
                root: place,
                policy: table.clone(),
                source,
                columns: Vec::new(),
                subject: table.subject.clone(),
            };
            reading.add(pipeline, table);
            self.tables.push(reading);
        }
        Ok(absent)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Reads all of it once.
    pub(super) fn search(
        &self,
        items: &[Item],
        candidates: &[Candidate<TokenKey>],
        (cancel, progress): (&Cancel, &dyn Progress),
    ) -> Result<Found> {
        let wanted = Wanted::new(items);
        let mut work: Vec<(&Reading, Vec<Vec<usize>>, usize, Slice)> = Vec::new();
        let mut read = BTreeMap::new();
        let mut total = Some(0);
        for reading in &self.tables {
            let keys = reading.keys(candidates);
            let columns = reading.read();
            for (file, source) in reading.source.files.iter().enumerate() {
                total = total
                    .zip(source.rows())
                    .map(|(all, rows): (u64, u64)| all + rows);
                for slice in source.slices(&columns, &Budget::reading())? {
                    work.push((reading, keys.clone(), file, slice));
                }
            }
            read.insert(reading.policy.name.clone(), 0);
        }
        progress.begin(total);
        let found = Mutex::new(Found {
            read,
            ..Found::default()
        });
        let lost = || Error::Internal("trace: a thread was lost".to_owned());
        work.into_par_iter()
            .try_for_each(|(reading, keys, file, slice)| {
                let source = reading.source.files.get(file);
                let source = source.ok_or_else(|| Error::Internal("no such file".to_owned()))?;
                let mut own = Found::default();
                let mut rows = 0;
                source.read(&slice, &reading.read(), &mut |batch| {
                    cancel.check()?;
                    rows += batch.num_rows() as u64;
                    reading.batch(&batch, &keys, candidates, &wanted, &mut own)
                })?;
                progress.rows(rows);
                let mut all = found.lock().map_err(|_| lost())?;
                *all.read.entry(reading.policy.name.clone()).or_default() += rows;
                all.made.extend(own.made);
                all.values.extend(own.values);
                all.rows.extend(own.rows);
                all.many.extend(own.many);
                Ok::<(), Error>(())
            })?;
        found.into_inner().map_err(|_| lost())
    }
}

/// Whether two tables read the same files in the same way.
fn is_same(one: &Table, other: &Table) -> bool {
    let how = |table: &Table| (table.source.clone(), table.format, table.csv.clone());
    how(one) == how(other) && one.types == other.types && one.subject == other.subject
}

impl Reading {
    /// Adds the columns that have an identity, as far as the files have them.
    fn add(&mut self, pipeline: &Pipeline, table: &Table) {
        for rules in &table.columns {
            let Ok(index) = self.source.schema.index_of(&rules.column) else {
                continue;
            };
            for rule in &rules.rules {
                let identity = rule.action.identity();
                let identity = identity.and_then(|name| pipeline.identities.get(name));
                let Some(identity) = identity else {
                    continue;
                };
                let space = (pipeline.domain.clone(), identity.name.clone());
                let same = |c: &&mut Column| {
                    c.index == index && c.kind == identity.kind && c.blank == identity.blank
                };
                if let Some(column) = self.columns.iter_mut().find(same) {
                    column.spaces.insert(space);
                    continue;
                }
                let blanks = identity.blank.as_deref();
                let blanks = blanks.map_or_else(Blanks::default, Blanks::new);
                self.columns.push(Column {
                    name: rules.column.clone(),
                    index,
                    kind: identity.kind,
                    blank: identity.blank.clone(),
                    canonical: Kernel::canonical(identity.kind, blanks),
                    spaces: BTreeSet::from([space]),
                });
            }
        }
    }

    /// The source columns to be read, ascending.
    fn read(&self) -> Vec<usize> {
        let columns: BTreeSet<usize> = self.columns.iter().map(|column| column.index).collect();
        columns.into_iter().collect()
    }

    /// By column, the keys that its values are tokenised with.
    fn keys(&self, candidates: &[Candidate<TokenKey>]) -> Vec<Vec<usize>> {
        let of = |column: &Column| {
            let makes = |one: &Candidate<TokenKey>| {
                let space = (one.maker.domain.clone(), one.maker.identity.clone());
                one.maker.kind == column.kind.id() && column.spaces.contains(&space)
            };
            let keys = candidates.iter().enumerate();
            keys.filter(|(_, one)| makes(one))
                .map(|(place, _)| place)
                .collect()
        };
        self.columns.iter().map(of).collect()
    }

    fn batch(
        &self,
        batch: &RecordBatch,
        keys: &[Vec<usize>],
        candidates: &[Candidate<TokenKey>],
        wanted: &Wanted,
        found: &mut Found,
    ) -> Result<()> {
        let read = self.read();
        let originals = self.columns.iter().map(|column| {
            let place = read.iter().position(|index| *index == column.index);
            let array = place.and_then(|place| batch.columns().get(place));
            let array = array.ok_or_else(|| Error::Internal("no such column".to_owned()))?;
            originals(column, array)
        });
        let originals: Vec<ArrayRef> = originals.collect::<Result<_>>()?;
        // by row, what was found, and whether in the column of its subject
        let mut hits: BTreeMap<usize, (BTreeSet<u32>, bool)> = BTreeMap::new();
        for ((column, array), keys) in self.columns.iter().zip(&originals).zip(keys) {
            let is_subject = Some(&column.name) == self.subject.as_ref();
            let mut hit = |row: usize, item: u32| {
                let (items, by_subject) = hits.entry(row).or_default();
                items.insert(item);
                *by_subject |= is_subject;
            };
            let (mut rows, mut values): (Vec<usize>, Vec<&[u8]>) = (Vec::new(), Vec::new());
            present(array, &mut rows, &mut values);
            if let Some(needles) = wanted.values.get(&column.kind) {
                for (row, value) in rows.iter().zip(&values) {
                    for item in wanted.value(needles, value, &column.spaces) {
                        found.values.insert(item);
                        hit(*row, item);
                    }
                }
            }
            if wanted.tokens.is_empty() {
                continue;
            }
            let keys = keys
                .iter()
                .filter_map(|at| Some((*at, candidates.get(*at)?)));
            for (at, candidate) in keys {
                wanted.tokens(&candidate.key, &values, |place, item| {
                    found.made.insert((item, at));
                    if let Some(row) = rows.get(place) {
                        hit(*row, item);
                    }
                });
            }
        }
        for (row, (items, by_subject)) in hits {
            self.keep(row, items, by_subject, &originals, wanted, found);
        }
        Ok(())
    }

    /// Keeps a row that was found.
    fn keep(
        &self,
        row: usize,
        items: BTreeSet<u32>,
        by_subject: bool,
        originals: &[ArrayRef],
        wanted: &Wanted,
        found: &mut Found,
    ) {
        // what stands in many rows that are about others tells nothing of whom
        let is_kept = by_subject || items.iter().any(|item| wanted.has_room(*item));
        if !is_kept {
            found.many.extend(items);
            return;
        }
        let (mut subject, mut values) = (None, Vec::new());
        let mut named = HashSet::new();
        for (column, array) in self.columns.iter().zip(originals) {
            let Some(text) = text(array, row).filter(|_| named.insert(&column.name)) else {
                continue;
            };
            if Some(&column.name) == self.subject.as_ref() {
                let identities = column.spaces.iter().map(|(_, identity)| identity.clone());
                let identities: BTreeSet<String> = identities.collect();
                subject = Some((column.name.clone(), identities.into_iter().collect(), text));
            } else {
                values.push((column.name.clone(), text));
            }
        }
        found.rows.push(Row {
            table: self.policy.name.clone(),
            subject,
            items,
            by_subject,
            values,
        });
    }
}

/// What is looked for in a source.
struct Wanted {
    /// The first 16 bytes of tokens; the items that begin so.
    tokens: Needles,
    begins: Vec<Vec<(u32, Vec<u8>)>>,
    values: BTreeMap<Kind, Needles>,
    /// The items of a value, each with the identity that it is of, where that is known.
    owners: Vec<Vec<(u32, Option<String>)>>,
    /// By item, the rows that are about others.
    rows: Vec<AtomicU32>,
}

impl Wanted {
    fn new(items: &[Item]) -> Self {
        let mut begins: BTreeMap<Vec<u8>, Vec<(u32, Vec<u8>)>> = BTreeMap::new();
        type Owned = BTreeMap<Vec<u8>, Vec<(u32, Option<String>)>>;
        let mut values: BTreeMap<Kind, Owned> = BTreeMap::new();
        for (item, what) in (0..).zip(items) {
            match what {
                Item::Pseudonym(Pseudonym::Token(bytes)) => {
                    let begin = bytes.iter().copied().take(SHORT).collect();
                    begins.entry(begin).or_default().push((item, bytes.clone()));
                }
                Item::Pseudonym(Pseudonym::Seal(_)) => {}
                Item::Value(kind, text, identity) => {
                    let owned = values.entry(*kind).or_default();
                    let owners = owned.entry(text.clone().into_bytes()).or_default();
                    owners.push((item, identity.clone()));
                }
            }
        }
        let keys = begins.keys().cloned().zip(0..);
        let tokens = Needles::new(keys);
        let mut owners = Vec::new();
        let values = values.into_iter().map(|(kind, owned)| {
            let needles = owned.into_iter().map(|(text, own)| {
                let place = u32::try_from(owners.len()).unwrap_or(u32::MAX);
                owners.push(own);
                (text, place)
            });
            (kind, Needles::new(needles.collect::<Vec<_>>()))
        });
        Self {
            tokens,
            begins: begins.values().cloned().collect(),
            values: values.collect(),
            rows: items.iter().map(|_| AtomicU32::new(0)).collect(),
            owners,
        }
    }

    /// The items that a value of these spaces is.
    fn value<'a>(
        &'a self,
        needles: &Needles,
        value: &[u8],
        spaces: &'a BTreeSet<(String, String)>,
    ) -> impl Iterator<Item = u32> + use<'a> {
        let owners = needles
            .find(value)
            .and_then(|at| self.owners.get(at as usize));
        let owners = owners.into_iter().flatten();
        let is_own = |identity: &Option<String>| {
            let mut names = spaces.iter().map(|(_, name)| name);
            identity
                .as_ref()
                .is_none_or(|identity| names.any(|name| name == identity))
        };
        owners
            .filter(move |(_, identity)| is_own(identity))
            .map(|(item, _)| *item)
    }

    /// Calls `hit` with the places of values that tokens of the leak were made of.
    fn tokens(&self, key: &TokenKey, values: &[&[u8]], mut hit: impl FnMut(usize, u32)) {
        let mut tokens = [[0; SHORT]; SPAN];
        for (span, values) in values.chunks(SPAN).enumerate() {
            let (tokens, _) = tokens.split_at_mut(values.len());
            key.tokens(values, tokens);
            for ((place, token), value) in tokens.iter().enumerate().zip(values) {
                let Some(begin) = self.tokens.find(token) else {
                    continue;
                };
                let items = self.begins.get(begin as usize);
                for (item, bytes) in items.into_iter().flatten() {
                    let mut whole = [[0; 32]];
                    key.tokens(&[value], &mut whole);
                    if whole.as_flattened().starts_with(bytes) {
                        hit(span * SPAN + place, *item);
                    }
                }
            }
        }
    }

    /// Counts a row of an item, and answers whether it is to be kept.
    fn has_room(&self, item: u32) -> bool {
        let rows = self.rows.get(item as usize);
        rows.is_some_and(|rows| rows.fetch_add(1, Ordering::Relaxed) < ROWS_MAX)
    }
}

/// The canonical texts of a column; bytes as they are.
fn originals(column: &Column, array: &ArrayRef) -> Result<ArrayRef> {
    let plain = match array.data_type() {
        DataType::Dictionary(_, values) => cast(array, values).ok(),
        _ => None,
    };
    let array = plain.as_ref().unwrap_or(array);
    if array.data_type().is_binary() {
        let lost = |_| Error::Internal(format!("column `{}` is lost", column.name));
        return cast(array, &DataType::Binary).map_err(lost);
    }
    let texts = column.canonical.apply(array, &mut Outcome::default());
    let fault = |error| Error::Internal(format!("column `{}`: {error}", column.name));
    let texts = texts.map_err(fault)?;
    match texts.data_type() {
        DataType::Utf8 => Ok(texts),
        _ => {
            let lost = |_| Error::Internal(format!("column `{}` is lost", column.name));
            cast(&texts, &DataType::Utf8).map_err(lost)
        }
    }
}

/// The cells that are not NULL, and their rows.
fn present<'a>(array: &'a ArrayRef, rows: &mut Vec<usize>, values: &mut Vec<&'a [u8]>) {
    if let Some(texts) = array.as_string_opt::<i32>() {
        let cells = texts.iter().enumerate();
        for (row, text) in cells.filter_map(|(row, text)| Some((row, text?))) {
            rows.push(row);
            values.push(text.as_bytes());
        }
    } else if let Some(bytes) = array.as_binary_opt::<i32>() {
        let cells = bytes.iter().enumerate();
        for (row, bytes) in cells.filter_map(|(row, bytes)| Some((row, bytes?))) {
            rows.push(row);
            values.push(bytes);
        }
    }
}

fn text(array: &ArrayRef, row: usize) -> Option<String> {
    let one = array.slice(row, 1);
    let mut found = None;
    each_cell(&one, |_, cell| {
        found = Some(match std::str::from_utf8(cell) {
            Ok(text) => text.to_owned(),
            Err(_) => crate::source::hex(cell),
        });
    });
    found
}

/// Bytes of a token of 128 bits.
const SHORT: usize = 16;
/// Values that are tokenised in one go.
const SPAN: usize = 1_024;
/// Rows about others that are kept of one item.
const ROWS_MAX: u32 = 1_000;
