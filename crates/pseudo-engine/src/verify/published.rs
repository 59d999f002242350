//! The proof once more, on a run that is published, without keys: everything that the manifest
//! says of the files, the forms of pseudonyms, the kinds that columns look like; with the source at
//! hand, that no protected value of it stands in the output.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Schema};
use pseudo_arrow::Sketch;
use pseudo_pii::{Blanks, Kind};
use pseudo_policy::{Action, PlannedColumn};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::chance;
use super::filter::Filter;
use super::gate::Gate;
use super::probe::{self, Cells, Probe};
use super::proof::Proof;
use super::sources::{self, SourceChange};
use super::{shape, values};
use crate::chunk::{self, Chunk};
use crate::manifest::{self, GateManifest, Manifest, TableManifest};
use crate::memory::Budget;
use crate::plan::{Job, TableJob};
use crate::source::digest_file;
use crate::{Cancel, Error, Leak, Result, Shared, publish, reuse};

/// What was proved.
pub struct VerifyReport {
    /// The manifest of the run.
    pub manifest: Manifest,
    /// What was found in each of its tables, and let pass.
    pub gates: Vec<GateManifest>,
    /// Columns of the source that the output was compared with; None without a pipeline.
    pub protected: Option<usize>,
    /// Whether the pipeline, if there is one, is that of the run.
    pub same_pipeline: bool,
    /// Source files that are not what the run read; of them the comparison says nothing about what
    /// was published.
    pub changed: Vec<SourceChange>,
}

/// Proves the current run of `sink`; with `job`, against its source too. No key is needed.
///
/// # Errors
/// [`Error::Verify`] with the first thing that is not as the manifest says, and [`Error::Leak`]
/// with every column that shows what it should not; [`Error::Io`], [`Error::Manifest`],
/// [`Error::Counts`] and [`Error::Source`] as they come.
pub fn verify(sink: &Path, job: Option<&Job>, threads: Option<usize>) -> Result<VerifyReport> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .build();
    let pool = pool.map_err(|_| Error::Internal("no worker threads".to_owned()))?;
    pool.install(|| current(sink, job))
}

fn current(sink: &Path, job: Option<&Job>) -> Result<VerifyReport> {
    let directory = publish::current(sink)?.ok_or_else(|| {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        Error::io("read", &sink.join("current"))(missing)
    })?;
    let manifest = Manifest::read(&directory)?;
    manifest
        .tables
        .iter()
        .try_for_each(TableManifest::balance)?;
    no_strangers(&directory, &manifest)?;
    digests(&directory, &manifest)?;
    let schemas: Vec<Schema> = manifest.tables.iter().map(schema).collect::<Result<_>>()?;
    let proof = Proof::new(&directory, &manifest.tables, &schemas)?;
    let changed = job
        .map(|job| sources::changes(job, &manifest))
        .transpose()?;
    let changed = changed.unwrap_or_default();
    let source = job.map(Source::new).transpose()?;
    let (probes, copies) = source
        .as_ref()
        .map_or_else(Default::default, |s| s.probes(&proof));
    let mut is_read = false;
    let mut gate = Gate::new(&proof, probes, copies);
    let held = gate.ask(&proof, &mut |filters: &[Filter<'_>]| {
        if !is_read {
            proof.pseudonyms(true, &|_, _| None)?;
            is_read = true;
        }
        source
            .as_ref()
            .map_or(Ok(()), |source| source.stream(filters))
    })?;
    proof.balance()?;
    if let Some(source) = &source {
        source.find_categories(&mut gate.probes);
    }
    let (gates, leaks) = gate.verdicts(&proof, &held);
    if !leaks.is_empty() {
        changed.iter().for_each(|change| tracing::warn!("{change}"));
        return Err(Error::Leak { leaks });
    }
    Ok(VerifyReport {
        gates,
        changed,
        protected: source.map(|source| source.columns.len()),
        same_pipeline: job.is_none_or(|job| job.pipeline.hash() == manifest.recipe.pipeline_hash),
        manifest,
    })
}

/// Proves the files of `tables` below `directory`, which were made without their source: all but
/// their digests. Answers what is to be recorded of each table, and what should not be published.
///
/// # Errors
/// Those of [`verify`] but [`Error::Leak`].
pub(crate) fn remade(
    directory: &Path,
    tables: &[TableManifest],
) -> Result<(Vec<GateManifest>, Vec<Leak>)> {
    tables.iter().try_for_each(TableManifest::balance)?;
    let schemas: Vec<Schema> = tables.iter().map(schema).collect::<Result<_>>()?;
    let proof = Proof::new(directory, tables, &schemas)?;
    let mut gate = Gate::new(&proof, Vec::new(), BTreeSet::new());
    let held = gate.ask(&proof, &mut |_: &[Filter<'_>]| {
        proof.pseudonyms(true, &|_, _| None)
    })?;
    proof.balance()?;
    Ok(gate.verdicts(&proof, &held))
}

/// The schema that the manifest tells of the files of a table.
pub(crate) fn schema(table: &TableManifest) -> Result<Schema> {
    shape::published(table).ok_or_else(|| Error::Verify {
        file: manifest::FILE.to_owned(),
        fault: format!("table `{}` has a column of an unknown type", table.table),
    })
}

/// Readers take every file of a table: one that nobody proved must not be there.
fn no_strangers(directory: &Path, manifest: &Manifest) -> Result<()> {
    let names = manifest.files().map(|(path, ..)| path);
    let names = names.chain([manifest::FILE, reuse::FILE]);
    let known: BTreeSet<PathBuf> = names.map(|name| directory.join(name)).collect();
    let mut folders = vec![directory.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(Error::io("read", &folder))? {
            let path = entry.map_err(Error::io("read", &folder))?.path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if !known.contains(&path) {
                let file = path.strip_prefix(directory).unwrap_or(&path);
                let file = file.to_string_lossy().into_owned();
                let fault = "is not in the manifest".to_owned();
                return Err(Error::Verify { file, fault });
            }
        }
    }
    Ok(())
}

fn digests(directory: &Path, manifest: &Manifest) -> Result<()> {
    let files: Vec<_> = manifest.files().collect();
    files.par_iter().try_for_each(|(name, _, sha256)| {
        let fault = |fault: &str| Error::Verify {
            file: (*name).to_owned(),
            fault: fault.to_owned(),
        };
        let path = directory.join(name);
        match digest_file(&path, &Cancel::default()) {
            Ok(digest) if digest == *sha256 => Ok(()),
            Ok(_) => Err(fault("has another digest than the manifest says")),
            Err(_) if !path.exists() => Err(fault("is missing")),
            Err(error) => Err(error),
        }
    })
}

/// The protected columns of a source.
struct Source<'a> {
    job: &'a Job,
    chunks: Vec<Chunk>,
    columns: Vec<Protected>,
    /// What values are counted by.
    hash: RandomState,
}

/// One protected column: token, seal, fpe, mask, null and drop say that nobody should read it.
struct Protected {
    table: usize,
    index: usize,
    name: String,
    kind: Kind,
    blanks: Vec<String>,
    /// Whether an identity says what its values are.
    is_identity: bool,
    /// Columns of the output whose numbers are said to be others.
    unrelated: Vec<String>,
    /// How many distinct values it has.
    distinct: Mutex<Sketch>,
}

/// All slices of the source.
fn chunks(job: &Job) -> Result<Vec<Chunk>> {
    let mut chunks = Vec::new();
    for (table, bound) in job.tables.iter().enumerate() {
        let budget = Budget::new(&bound.plan, job.pipeline.limits.memory);
        for file in 0..bound.source.files.len() {
            chunks.extend(chunk::cut(table, bound, file, &budget)?);
        }
    }
    Ok(chunks)
}

impl<'a> Source<'a> {
    fn new(job: &'a Job) -> Result<Self> {
        let tables = job.tables.iter().enumerate();
        Ok(Self {
            job,
            chunks: chunks(job)?,
            columns: tables
                .flat_map(|(table, bound)| protected(table, bound))
                .collect(),
            hash: RandomState::new(),
        })
    }

    /// A probe for each column, and which columns of the output are copies of which.
    fn probes(&self, proof: &Proof<'_>) -> (Vec<Probe>, BTreeSet<(usize, usize, usize)>) {
        let mut copies = BTreeSet::new();
        for (table, view) in proof.tables.iter().enumerate() {
            for (column, output) in view.manifest.columns.iter().enumerate() {
                let is_source = |protected: &Protected| {
                    let bound = self.job.tables.get(protected.table);
                    let schema = bound.map(|bound| &bound.source.schema);
                    let source = schema.map(|schema| schema.field(protected.index).name());
                    let same = bound.is_some_and(|b| b.plan.table == view.manifest.table);
                    same && protected.is_identity && source == Some(&output.source)
                };
                let is_copy = view.columns.get(column).is_some_and(|c| c.copies());
                for (probe, protected) in self.columns.iter().enumerate().filter(|_| is_copy) {
                    if is_source(protected) {
                        copies.insert((table, column, probe));
                    }
                }
            }
        }
        let probe = |column: &Protected| {
            let cells = Cells::Canonical(Box::new(Blanks::new(&column.blanks)));
            let bound = self.job.tables.get(column.table);
            let source = bound.map(|bound| bound.source.schema.field(column.index));
            let name = Shared::Source(column.name.clone());
            let mut probe = Probe::new(name, column.kind, cells);
            probe.are_numbers = source.is_some_and(|source| source.data_type().is_integer());
            probe.unrelated.clone_from(&column.unrelated);
            probe
        };
        (self.columns.iter().map(probe).collect(), copies)
    }

    /// Tells the probes of columns that are streamed which of them hold categories.
    fn find_categories(&self, probes: &mut [Probe]) {
        for (probe, column) in probes.iter_mut().zip(&self.columns) {
            probe.is_categories = column.is_categories();
        }
    }

    /// Streams the protected columns past their filters.
    fn stream(&self, filters: &[Filter<'_>]) -> Result<()> {
        let chunks: Vec<&Chunk> = self.chunks.iter().collect();
        chunk::each(&chunks, self.job.pipeline.limits.memory, |chunk| {
            let (Some((file, slice)), Some(bound)) =
                (&chunk.part, self.job.tables.get(chunk.table))
            else {
                return Ok(());
            };
            let of_table = self.columns.iter().zip(filters);
            let asked: Vec<_> = of_table
                .filter(|(column, filter)| column.table == chunk.table && !filter.is_empty())
                .collect();
            let read: Vec<usize> = asked.iter().map(|(column, _)| column.index).collect();
            let source = bound.source.files.get(*file);
            let source = source.ok_or_else(|| Error::Internal("no such file".to_owned()))?;
            if read.is_empty() {
                return Ok(());
            }
            source.read(slice, &read, &mut |batch| {
                for ((column, filter), array) in asked.iter().zip(batch.columns()) {
                    column.past(filter, array, &self.hash);
                }
                Ok(())
            })
        })
    }
}

impl Protected {
    fn is_categories(&self) -> bool {
        let distinct = self.distinct.lock().map(|distinct| distinct.estimate());
        !self.is_identity && distinct.is_ok_and(|distinct| distinct < chance::CATEGORIES_MAX)
    }

    /// Streams cells past a filter, each value of a batch once.
    fn past(&self, filter: &Filter<'_>, array: &ArrayRef, hash: &RandomState) {
        let plain = match array.data_type() {
            DataType::Dictionary(_, values) => cast(array, values).ok(),
            _ => None,
        };
        let Some(values) = values::distinct(plain.as_ref().unwrap_or(array)) else {
            return;
        };
        let (blanks, mut written) = (Blanks::new(&self.blanks), String::new());
        if let (false, Ok(mut distinct)) = (self.is_identity, self.distinct.lock()) {
            for (value, _) in values.iter() {
                distinct.insert(&hash.hash_one(value).to_be_bytes());
            }
        }
        for (value, _) in values.iter() {
            match std::str::from_utf8(value) {
                Ok(text) => {
                    if let Some(cell) = probe::canonical(self.kind, text, &blanks, &mut written) {
                        filter.look(&probe::digest(cell.as_bytes()));
                    }
                }
                Err(_) => filter.look(&probe::digest(value)),
            }
        }
    }
}

/// The protected columns of a table, ascending.
fn protected(table: usize, bound: &TableJob) -> Vec<Protected> {
    let fields = bound.source.schema.fields().iter().enumerate();
    let shown = fields.filter(|(_, field)| values::shows(field.data_type()));
    let column = |(index, field): (usize, &FieldRef)| {
        let name = field.name();
        let rules: Vec<&PlannedColumn> = bound
            .plan
            .columns
            .iter()
            .filter(|column| column.source_index == index)
            .collect();
        let hides = |column: &&PlannedColumn| {
            matches!(column.action, Action::Mask { .. } | Action::Null) || column.identity.is_some()
        };
        if !rules.iter().any(hides) && !bound.plan.dropped.contains(name) {
            return None;
        }
        let identity = rules.iter().find_map(|column| column.identity.as_ref());
        if identity.is_none() && is_measure(field.data_type()) {
            return None;
        }
        let kind = identity.map(|identity| identity.kind);
        let kind = kind.or_else(|| rules.iter().find_map(|column| column.kind));
        let blanks = identity.and_then(|identity| identity.blank.clone());
        Some(Protected {
            table,
            index,
            name: format!("{}.{name}", bound.plan.table),
            kind: kind.unwrap_or(Kind::Text),
            blanks: blanks.unwrap_or_else(|| Blanks::DEFAULT.map(String::from).to_vec()),
            is_identity: identity.is_some(),
            unrelated: identity
                .map(|identity| identity.unrelated.clone())
                .unwrap_or_default(),
            distinct: Mutex::default(),
        })
    };
    shown.filter_map(column).collect()
}

/// Whether a type is that of amounts and measures, whose whole numbers others have, too: not to
/// show them protects nobody.
fn is_measure(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_measure(values),
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => *scale != 0,
        other => other.is_floating(),
    }
}
