//! What a run takes over from the current one, so that what has not changed is not read again: the
//! output of single source files, and that of whole tables.
//!
//! The counts of a file are in the manifest. What they lack are sketches of its distinct
//! pseudonyms, without which the table's estimate could not be made: they are kept beside the
//! manifest in [`FILE`], made of pseudonyms alone. That file is bound to its manifest by a digest;
//! where it is missing or damaged nothing is taken over.
//!
//! A source file with rows in quarantine is read again by each run, so that each has all of these
//! rows, sealed to the recipient that its pipeline names. A table that keeps its output keeps its
//! records too; its sealed rows stay where the run that read them left them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use pseudo_arrow::{Outcome, Sketch};
use pseudo_policy::Pipeline;
use sha2::{Digest, Sha256};

use crate::manifest::{
    self, Counts, Manifest, OutputManifest, SourceManifest, TableManifest, TableRecipe,
};
use crate::source::SourceFile;
use crate::staging::Staging;
use crate::{Error, Result, quarantine};

/// The name of the file within a run's directory.
pub(crate) const FILE: &str = "reuse.bin";

const MAGIC: &[u8] = b"pseudo-reuse/1\n";

/// The sketches of the source files of a table, one after another: of each file those of all
/// columns, as bytes.
pub(crate) type TableSketches = Vec<Vec<u8>>;

/// What a table is about to be made of and in which way.
pub(crate) struct Wanted<'a> {
    pub(crate) table: &'a str,
    pub(crate) recipe: &'a TableRecipe,
    /// By output column, the digest of the values that a `rare` rule keeps.
    pub(crate) rare: &'a BTreeMap<String, String>,
    /// Path and digest of each source file.
    pub(crate) sources: Vec<(&'a str, Option<&'a str>)>,
}

/// The current run, as far as output can be taken from it.
pub(crate) struct Store<'a> {
    directory: PathBuf,
    manifest: &'a Manifest,
    /// As many as there are tables.
    sketches: Vec<TableSketches>,
}

impl<'a> Store<'a> {
    /// Opens the run in `directory`, whose manifest is `manifest`.
    pub(crate) fn open(directory: PathBuf, manifest: &'a Manifest) -> Self {
        Self {
            sketches: sketches(&directory, manifest),
            directory,
            manifest,
        }
    }

    /// For each source of `wanted` its output in the current run, where that is what would be
    /// written now, with the same keys. One without a digest may be anything.
    pub(crate) fn files(&self, wanted: &Wanted<'_>) -> Vec<Option<Taken<'_>>> {
        let known = self.known(wanted);
        let file = |(path, sha256): &(&str, Option<&str>)| {
            let taken = known.get(path)?;
            let same = *sha256 == Some(taken.source.sha256.as_str()) && taken.is_present();
            same.then(|| taken.clone())
        };
        wanted.sources.iter().map(file).collect()
    }

    /// The files of a table that was made in the same way, by path.
    fn known(&self, wanted: &Wanted<'_>) -> HashMap<&str, Taken<'_>> {
        let mut known = HashMap::new();
        let tables = self.manifest.tables.iter().zip(&self.sketches);
        let same = |table: &TableManifest| {
            table.table == wanted.table
                && table.recipe == *wanted.recipe
                && table.rare == *wanted.rare
        };
        for (table, sketches) in tables.filter(|(table, _)| same(table)) {
            let mut outputs = table.outputs.as_slice();
            for (source, sketches) in table.sources.iter().zip(sketches) {
                let Some((own, others)) = outputs.split_at_checked(source.outputs) else {
                    break;
                };
                outputs = others;
                let taken = Taken {
                    directory: &self.directory,
                    source,
                    outputs: own,
                    sketches,
                };
                let whole = own.iter().all(|output| output.quarantine.is_none());
                if whole && taken.outcomes().is_some() {
                    known.insert(source.path.as_str(), taken);
                }
            }
        }
        known
    }

    /// Whether there is a table of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.manifest.tables.iter().any(|table| table.table == name)
    }

    /// Stages the whole output of a table, and answers what is to be recorded of it.
    ///
    /// # Errors
    /// [`Error::Kept`] when the current run does not have it, or not as it was published.
    pub(crate) fn table(
        &self,
        name: &str,
        staging: &Staging,
    ) -> Result<(TableManifest, TableSketches)> {
        let fault = |fault| Error::Kept {
            table: name.to_owned(),
            fault,
        };
        let mut tables = self.manifest.tables.iter().zip(&self.sketches);
        let (table, sketches) = tables
            .find(|(table, _)| table.table == name)
            .ok_or_else(|| fault("the current run has none"))?;
        staging.create_dir(name)?;
        for output in &table.outputs {
            let mut files = vec![(&output.path, output.bytes, &output.sha256)];
            if let Some(record) = &output.quarantine {
                staging.create_dir(quarantine::DIRECTORY)?;
                files.push((&record.path, record.bytes, &record.sha256));
            }
            for (path, bytes, sha256) in files {
                if !staging.take(&self.directory.join(path), path, bytes, sha256)? {
                    return Err(fault("a file of it is missing or changed"));
                }
            }
        }
        Ok((table.clone(), sketches.clone()))
    }
}

/// The output of one source file, in the current run.
#[derive(Clone)]
pub(crate) struct Taken<'a> {
    directory: &'a Path,
    source: &'a SourceManifest,
    outputs: &'a [OutputManifest],
    sketches: &'a [u8],
}

impl Taken<'_> {
    /// The number of files.
    pub(crate) fn files(&self) -> usize {
        self.outputs.len()
    }

    /// Whether all files are there in their recorded size.
    fn is_present(&self) -> bool {
        self.outputs.iter().all(|output| {
            let found = std::fs::symlink_metadata(self.directory.join(&output.path));
            found.is_ok_and(|found| found.is_file() && found.len() == output.bytes)
        })
    }

    /// Stages the files as those from number `first` on of `table`; when one of them is not what
    /// was published, none of them, and the answer is false.
    pub(crate) fn stage(&self, staging: &Staging, table: &str, first: usize) -> Result<bool> {
        let names = self.renumbered(table, first);
        for (at, (output, new)) in self.outputs.iter().zip(&names).enumerate() {
            let from = self.directory.join(&output.path);
            if !staging.take(&from, &new.path, output.bytes, &output.sha256)? {
                for staged in names.iter().take(at) {
                    staging.remove(&staged.path)?;
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the file gave.
    pub(crate) fn done(&self, table: &str, first: usize) -> Result<Done> {
        let outcomes = self.outcomes();
        Ok(Done {
            source_rows: self.source.rows,
            filtered_rows: self.source.filtered_rows,
            quarantined_rows: self.source.quarantined_rows,
            forgotten_rows: self.source.forgotten_rows,
            outputs: self.renumbered(table, first),
            outcomes: outcomes.ok_or_else(|| Error::Internal("a sketch is lost".to_owned()))?,
        })
    }

    fn renumbered(&self, table: &str, first: usize) -> Vec<OutputManifest> {
        let output = |(number, output): (usize, &OutputManifest)| OutputManifest {
            path: OutputManifest::path(table, number, &output.sha256),
            ..output.clone()
        };
        (first..).zip(self.outputs).map(output).collect()
    }

    fn outcomes(&self) -> Option<Vec<Outcome>> {
        let mut bytes = self.sketches;
        let outcome = |counts: &Counts| {
            Some(Outcome {
                rows: counts.rows,
                transformed: counts.transformed,
                null: counts.null,
                blank: counts.blank,
                nulled: counts.nulled,
                suspect: counts.suspect,
                invalid: counts.invalid,
                quarantined: counts.quarantined,
                distinct: Sketch::decode(&mut bytes)?,
            })
        };
        let outcomes: Option<Vec<_>> = self.source.columns.iter().map(outcome).collect();
        outcomes.filter(|_| bytes.is_empty())
    }
}

/// What a source file gave, read now or for a run before; or several of them.
pub(crate) struct Done {
    pub(crate) source_rows: u64,
    pub(crate) filtered_rows: u64,
    pub(crate) quarantined_rows: u64,
    pub(crate) forgotten_rows: u64,
    pub(crate) outputs: Vec<OutputManifest>,
    /// One for each column.
    pub(crate) outcomes: Vec<Outcome>,
}

impl Done {
    /// Nothing, in `columns` columns.
    pub(crate) fn nothing(columns: usize) -> Self {
        Self {
            source_rows: 0,
            filtered_rows: 0,
            quarantined_rows: 0,
            forgotten_rows: 0,
            outputs: Vec::new(),
            outcomes: vec![Outcome::default(); columns],
        }
    }

    /// Adds what follows.
    pub(crate) fn add(&mut self, other: Self) {
        self.source_rows += other.source_rows;
        self.filtered_rows += other.filtered_rows;
        self.quarantined_rows += other.quarantined_rows;
        self.forgotten_rows += other.forgotten_rows;
        self.outputs.extend(other.outputs);
        for (sum, outcome) in self.outcomes.iter_mut().zip(&other.outcomes) {
            sum.merge(outcome);
        }
    }

    /// The record of the source file `file` of digest `sha256`, and the sketches that go with it.
    pub(crate) fn record(&self, file: &SourceFile, sha256: String) -> (SourceManifest, Vec<u8>) {
        let source = SourceManifest {
            path: file.path.clone(),
            stamp: file.stamp,
            sha256,
            rows: self.source_rows,
            filtered_rows: self.filtered_rows,
            quarantined_rows: self.quarantined_rows,
            forgotten_rows: self.forgotten_rows,
            outputs: self.outputs.len(),
            columns: self.outcomes.iter().map(Counts::from).collect(),
        };
        let mut sketches = Vec::new();
        for outcome in &self.outcomes {
            outcome.distinct.encode(&mut sketches);
        }
        (source, sketches)
    }
}

/// Puts the tables that keep their output between those of `manifest`, in the order of the
/// pipeline, and answers the sketches of all.
pub(crate) fn join(
    pipeline: &Pipeline,
    manifest: &mut Manifest,
    sketches: Vec<TableSketches>,
    kept: Vec<(TableManifest, TableSketches)>,
) -> Vec<TableSketches> {
    let written = std::mem::take(&mut manifest.tables)
        .into_iter()
        .zip(sketches);
    let mut tables: Vec<_> = written.chain(kept).collect();
    tables.sort_by_key(|(table, _)| {
        let mut names = pipeline.tables.iter().map(|table| &table.name);
        names.position(|name| *name == table.table)
    });
    let (tables, sketches) = tables.into_iter().unzip();
    manifest.tables = tables;
    sketches
}

/// The bytes of [`FILE`]: what it is, the digest of the manifest, the number of tables, of each
/// table the number of its sources, of each source the length of its sketches and the sketches, and
/// the digest of all that; numbers are u32 big-endian. None when a number does not fit.
pub(crate) fn to_bytes(manifest: &[u8], tables: &[TableSketches]) -> Option<Vec<u8>> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(Sha256::digest(manifest));
    let count = |bytes: &mut Vec<u8>, count: usize| {
        bytes.extend(u32::try_from(count).ok()?.to_be_bytes());
        Some(())
    };
    count(&mut bytes, tables.len())?;
    for sources in tables {
        count(&mut bytes, sources.len())?;
        for sketches in sources {
            count(&mut bytes, sketches.len())?;
            bytes.extend(sketches);
        }
    }
    let digest = Sha256::digest(&bytes);
    bytes.extend(digest);
    Some(bytes)
}

/// The sketches of the run in `directory`, whose manifest is `manifest`: as many as it has tables.
pub(crate) fn sketches(directory: &Path, manifest: &Manifest) -> Vec<TableSketches> {
    let none = || manifest.tables.iter().map(|_| Vec::new()).collect();
    let found = read(directory).filter(|found| found.len() == manifest.tables.len());
    found.unwrap_or_else(none)
}

/// Reads the sketches of the run in `directory`; none when they are missing, damaged or those of
/// another manifest.
fn read(directory: &Path) -> Option<Vec<TableSketches>> {
    let manifest = std::fs::read(directory.join(manifest::FILE)).ok()?;
    let bytes = std::fs::read(directory.join(FILE)).ok()?;
    let (body, digest) = bytes.split_last_chunk::<32>()?;
    if Sha256::digest(body).as_slice() != digest {
        return None;
    }
    let (digest, mut rest) = body.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
    if Sha256::digest(&manifest).as_slice() != digest {
        return None;
    }
    let count = |rest: &mut &[u8]| {
        let (count, others) = rest.split_first_chunk::<4>()?;
        *rest = others;
        usize::try_from(u32::from_be_bytes(*count)).ok()
    };
    let mut tables = Vec::new();
    for _ in 0..count(&mut rest)? {
        let mut sources = Vec::new();
        for _ in 0..count(&mut rest)? {
            let length = count(&mut rest)?;
            let (sketches, others) = rest.split_at_checked(length)?;
            sources.push(sketches.to_vec());
            rest = others;
        }
        tables.push(sources);
    }
    rest.is_empty().then_some(tables)
}
