//! What the rules of a table need besides their own columns: the files of `map`, read when the
//! pipeline is bound, and the values that `rare` keeps, counted in a first pass over the whole
//! table.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use arrow::compute::filter_record_batch;
use pseudo_arrow::{Census, Kept};
use pseudo_policy::{Action, PlannedColumn, TablePlan};
use sha2::{Digest, Sha256};

use crate::chunk::{self, Chunk};
use crate::memory::Budget;
use crate::plan::TableJob;
use crate::project;
use crate::quarantine::Screen;
use crate::source::{csv, hex};
use crate::{Cancel, Error, Result};

/// The files that `map` rules name, by the path as written.
pub(crate) type Maps = BTreeMap<String, MapFile>;

/// One file of a `map` rule.
pub(crate) struct MapFile {
    entries: BTreeMap<String, String>,
    /// SHA-256 in hex.
    pub(crate) sha256: String,
}

/// The inputs of one table.
pub(crate) struct Inputs<'a> {
    maps: &'a Maps,
    /// By source column and threshold.
    kept: BTreeMap<(usize, u64), Arc<Kept>>,
}

/// Reads the files that the `map` rules of `plan` name, relative to `base`. A file has two columns,
/// no header, and no text twice.
///
/// # Errors
/// What is wrong with a file, naming it and the line.
pub(crate) fn maps(base: &Path, plan: &TablePlan) -> Result<Maps, String> {
    let mut maps = Maps::new();
    for column in &plan.columns {
        let Action::Map { file, .. } = &column.action else {
            continue;
        };
        if !maps.contains_key(file) {
            maps.insert(file.clone(), map(base, file)?);
        }
    }
    Ok(maps)
}

fn map(base: &Path, file: &str) -> Result<MapFile, String> {
    let fault = |fault: &str| format!("`map` file `{file}`: {fault}");
    let bytes =
        std::fs::read(base.join(file)).map_err(|error| fault(&crate::error::kind_text(&error)))?;
    let pairs = csv::pairs(&bytes).map_err(|(row, text)| fault(&format!("line {row}: {text}")))?;
    let mut entries = BTreeMap::new();
    for (row, (from, to)) in (1..).zip(pairs) {
        if entries.insert(from, to).is_some() {
            return Err(fault(&format!(
                "line {row}: a text that an earlier line has"
            )));
        }
    }
    if entries.is_empty() {
        // everything would become the default, in one night
        return Err(fault("empty file"));
    }
    let sha256 = hex(&Sha256::digest(&bytes));
    Ok(MapFile { entries, sha256 })
}

impl<'a> Inputs<'a> {
    /// The inputs of rules that need no first pass.
    pub(crate) fn of_rules(bound: &'a TableJob) -> Self {
        Self {
            maps: &bound.maps,
            kept: BTreeMap::new(),
        }
    }

    /// Counts what the `rare` rules of `bound` need, over all `chunks` of the table, cut as
    /// `budget` says.
    pub(crate) fn count(
        (bound, budget): (&'a TableJob, &Budget),
        chunks: &[&Chunk],
        screen: &Screen,
        cancel: &Cancel,
    ) -> Result<Self> {
        let rules: Vec<(usize, u64)> = bound.plan.columns.iter().filter_map(rare).collect();
        let mut kept = BTreeMap::new();
        if !rules.is_empty() {
            for (rule, census) in
                rules
                    .iter()
                    .zip(censuses((bound, budget), &rules, chunks, screen, cancel)?)
            {
                kept.insert(*rule, Arc::new(census.kept(rule.1)));
            }
        }
        Ok(Self {
            maps: &bound.maps,
            kept,
        })
    }

    pub(crate) fn map(&self, file: &str) -> Option<&BTreeMap<String, String>> {
        self.maps.get(file).map(|map| &map.entries)
    }

    /// The values that the `rare` rule of `column` keeps.
    pub(crate) fn kept(&self, column: &PlannedColumn) -> Option<Arc<Kept>> {
        self.kept.get(&rare(column)?).map(Arc::clone)
    }
}

fn rare(column: &PlannedColumn) -> Option<(usize, u64)> {
    match column.action {
        Action::Rare { below, .. } => Some((column.source_index, below)),
        _ => None,
    }
}

/// One census per rule, over the rows that filter and screen let stay: values are counted as often
/// as they are published.
fn censuses(
    (bound, budget): (&TableJob, &Budget),
    rules: &[(usize, u64)],
    chunks: &[&Chunk],
    screen: &Screen,
    cancel: &Cancel,
) -> Result<Vec<Census>> {
    let mut read: Vec<usize> = rules.iter().map(|(index, _)| *index).collect();
    read.extend(bound.filter_columns());
    read.extend(screen.columns());
    read.sort_unstable();
    read.dedup();
    let sums = Mutex::new(rules.iter().map(|_| Census::default()).collect::<Vec<_>>());
    chunk::each(chunks, budget.limit(), |chunk| {
        let Some((file, slice)) = &chunk.part else {
            return Ok(());
        };
        let source = bound.source.files.get(*file);
        let source = source.ok_or_else(|| Error::Internal("no such file".to_owned()))?;
        let mut counted: Vec<_> = rules.iter().map(|_| Census::default()).collect();
        source.read(slice, &read, &mut |batch| {
            cancel.check()?;
            let (mut batch, _) = project::filter(bound, &source.path, batch, 0)?;
            if let Some(stays) = screen.remembers(&read, &batch)? {
                batch = filter_record_batch(&batch, &stays)
                    .map_err(|error| Error::reading_arrow(&source.path, &error))?;
            }
            if let Some(judged) = screen.judge(&source.path, &read, &batch)? {
                batch = judged.keep(&source.path, &batch)?;
            }
            for ((index, _), census) in rules.iter().zip(&mut counted) {
                let position = read.binary_search(index).unwrap_or_default();
                census
                    .add(batch.column(position).as_ref())
                    .map_err(|error| Error::Internal(format!("`rare`: {error}")))?;
            }
            Ok(())
        })?;
        let mut sums = sums.lock().map_err(|_| poisoned())?;
        for (sum, census) in sums.iter_mut().zip(counted) {
            sum.merge(census);
        }
        Ok(())
    })?;
    sums.into_inner().map_err(|_| poisoned())
}

fn poisoned() -> Error {
    Error::Internal("a thread that counted has failed".to_owned())
}
