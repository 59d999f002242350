//! The straight line of a run: source → chunks → kernels → staged files → proof → manifest →
//! switch. On error nothing has been published.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use pseudo_arrow::Outcome;
use pseudo_keyring::Keyring;
use pseudo_policy::{Action, Part, PlannedColumn, TablePlan};
use pseudo_token::{DomainKey, Epoch};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::chunk::{self, Chunk};
use crate::inputs::Inputs;
use crate::kernels::{self, Context};
use crate::lock::Lock;
use crate::manifest::{
    self, ColumnManifest, GateManifest, Manifest, OutputManifest, Recipe, SourceManifest,
    TableManifest,
};
use crate::plan::{Job, TableJob};
use crate::progress::Progress;
use crate::project::{ChunkResult, Projector};
use crate::quarantine::{Gate, Vault};
use crate::sink::{Scratch, Sink};
use crate::staging::{self, Staging};
use crate::{Cancel, Error, Result, limits, memory, publish, verify};

/// How to run.
pub struct RunOptions<'a> {
    /// The moment the run starts, from which its id is made.
    pub started: DateTime<Utc>,
    /// Tells the moment it ends; asked once.
    pub clock: &'a (dyn Fn() -> DateTime<Utc> + Sync),
    /// The reference time of rules that need one; the start when absent.
    pub at: Option<DateTime<Utc>>,
    /// The run's id; made from the start when absent.
    pub run_id: Option<String>,
    /// Run although nothing changed.
    pub full: bool,
    /// Run although the secret is another than that of the current run.
    pub new_epoch: bool,
    /// Worker threads; all cores when absent.
    pub threads: Option<usize>,
    /// Who is told how far it is.
    pub progress: &'a dyn Progress,
    /// Asks it to stop.
    pub cancel: Cancel,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// New output is current.
    Published,
    /// Source, pipeline, keys and program are those of the current run.
    NothingToDo,
}

/// The end of a run.
pub struct RunReport {
    /// What it came to.
    pub outcome: RunOutcome,
    /// The sink's directory.
    pub sink: PathBuf,
    /// The manifest of the current run.
    pub manifest: Manifest,
}

/// Runs `job` with the primary secret of `keyring`.
///
/// # Errors
/// Any [`Error`]; nothing has been published then.
pub fn run(job: &Job, keyring: &Keyring, options: &RunOptions) -> Result<RunReport> {
    options.cancel.check()?;
    let threads = options.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|_| Error::Internal("no worker threads".to_owned()))?;
    pool.install(|| Run::new(job, keyring, options)?.go())
}

struct Run<'a> {
    job: &'a Job,
    options: &'a RunOptions<'a>,
    sink: PathBuf,
    recipe: Recipe,
    key: DomainKey,
    _lock: Lock,
}

impl<'a> Run<'a> {
    fn new(job: &'a Job, keyring: &Keyring, options: &'a RunOptions<'a>) -> Result<Self> {
        let (epoch, secret) = keyring.primary()?;
        let check_value = secret.check_value(epoch).to_string();
        let recipe = recipe(job, epoch, check_value, options)?;
        let sink = job.sink();
        staging::create_dir(&sink)?;
        let lock = Lock::take(&sink, &time(options.started))?;
        let key = secret.domain_key(&job.pipeline.domain, epoch);
        Ok(Self {
            job,
            options,
            sink,
            recipe,
            key,
            _lock: lock,
        })
    }

    fn go(self) -> Result<RunReport> {
        let before = self.current()?;
        self.same_key(before.as_ref())?;
        let sources = self.sources(before.as_ref())?;
        if let Some(before) = before
            .as_ref()
            .filter(|before| self.unchanged(before, &sources))
        {
            let outcome = RunOutcome::NothingToDo;
            return Ok(RunReport {
                outcome,
                sink: self.sink,
                manifest: before.clone(),
            });
        }
        let run_id = self.run_id()?;
        let staging = Staging::create(&self.sink, &run_id)?;
        let vault = Vault::open(self.job, &self.sink, &run_id)?;
        let parts = self.project(&staging, vault.as_ref())?;
        let mut manifest = self.manifest(run_id, sources, parts)?;
        limits::check(&self.job.pipeline, before.as_ref(), &manifest)?;
        self.options.progress.phase("verify");
        let gates = verify::staged(staging.path(), &manifest, self.job, &self.key)?;
        for (table, gate) in manifest.tables.iter_mut().zip(gates) {
            table.gate = gate;
        }
        // from here on it ends as published or as failed, never as stopped
        self.options.cancel.check()?;
        self.options.progress.phase("publish");
        staging.write(manifest::FILE, &manifest.to_json()?)?;
        vault.as_ref().map_or(Ok(()), Vault::seal)?;
        let directories = manifest.directories();
        Vault::publish(vault, &self.sink, || {
            publish::publish(&self.sink, staging, &manifest.run_id, &directories)
        })?;
        if let Err(error) = publish::retain(&self.sink, self.job.pipeline.sink.retain_runs) {
            tracing::warn!(%error, "published, but earlier runs could not be removed");
        }
        Ok(RunReport {
            outcome: RunOutcome::Published,
            sink: self.sink,
            manifest,
        })
    }

    /// The manifest of the current run; a damaged one counts as none, so that a run can mend it.
    fn current(&self) -> Result<Option<Manifest>> {
        let Some(directory) = publish::current(&self.sink)? else {
            return Ok(None);
        };
        match Manifest::read(&directory) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(error) => {
                tracing::warn!(%error, "the current run has no readable manifest");
                Ok(None)
            }
        }
    }

    /// Tokens of two secrets do not join: another one than before has to be meant.
    fn same_key(&self, before: Option<&Manifest>) -> Result<()> {
        let key = |recipe: &Recipe| (recipe.key_check_value.clone(), recipe.epoch);
        match before.map(|before| key(&before.recipe)) {
            Some(current) if current != key(&self.recipe) && !self.options.new_epoch => {
                let keyring = key(&self.recipe);
                Err(Error::OtherKey { current, keyring })
            }
            _ => Ok(()),
        }
    }

    /// What is about to be read. The digest of a file whose stamp is that of the run before is
    /// taken from there.
    fn sources(&self, before: Option<&Manifest>) -> Result<Vec<Vec<SourceManifest>>> {
        self.options.progress.phase("digest");
        let table = |bound: &TableJob| {
            let known = before
                .and_then(|manifest| manifest.tables.iter().find(|t| t.table == bound.plan.table));
            let known = known
                .map(|table| table.sources.as_slice())
                .unwrap_or_default();
            let digest = |file: &crate::source::SourceFile| {
                let same = known
                    .iter()
                    .find(|k| k.path == file.path && k.stamp == file.stamp);
                let sha256 = same.map_or_else(
                    || file.digest(&self.options.cancel),
                    |k| Ok(k.sha256.clone()),
                )?;
                Ok(SourceManifest {
                    path: file.path.clone(),
                    stamp: file.stamp,
                    sha256,
                    rows: 0,
                })
            };
            bound.source.files.par_iter().map(digest).collect()
        };
        self.job.tables.par_iter().map(table).collect()
    }

    fn unchanged(&self, before: &Manifest, sources: &[Vec<SourceManifest>]) -> bool {
        let content = |files: &[SourceManifest]| -> Vec<(String, String)> {
            files
                .iter()
                .map(|file| (file.path.clone(), file.sha256.clone()))
                .collect()
        };
        let tables = self.job.tables.iter().zip(sources);
        !self.options.full
            && before.recipe == self.recipe
            && before.tables.len() == sources.len()
            && before
                .tables
                .iter()
                .zip(tables)
                .all(|(before, (bound, files))| {
                    before.table == bound.plan.table && content(&before.sources) == content(files)
                })
            && verify::present(&self.sink.join("runs").join(&before.run_id), before)
    }

    fn run_id(&self) -> Result<String> {
        if let Some(run_id) = self.options.run_id.clone() {
            let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            let fault = if self.taken(&run_id) {
                "is taken"
            } else if run_id.starts_with('.') || run_id.is_empty() || !run_id.chars().all(legal) {
                "is not made of letters, digits, `-`, `_` and `.`"
            } else {
                return Ok(run_id);
            };
            return Err(Error::RunId { run_id, fault });
        }
        let id = self.options.started.format("%Y%m%dT%H%M%SZ").to_string();
        let others = (2..).map(|n| format!("{id}-{n}"));
        std::iter::once(id.clone())
            .chain(others)
            .find(|id| !self.taken(id))
            .ok_or_else(|| Error::Internal("no free run id".to_owned()))
    }

    fn taken(&self, run_id: &str) -> bool {
        publish::exists(&self.sink, run_id) || Vault::exists(self.job, run_id)
    }

    /// Works through the chunks in order on all threads; the error of the earliest chunk wins.
    fn project(&self, staging: &Staging, vault: Option<&Vault>) -> Result<Vec<Vec<ChunkResult>>> {
        self.options.progress.phase("project");
        self.options.progress.begin(self.job.rows());
        let chunks = chunk::cut(self.job, &self.options.cancel)?;
        let projectors = self.projectors(&chunks, staging, vault)?;
        let done: Vec<OnceLock<Result<ChunkResult>>> =
            chunks.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let largest = chunks.iter().map(|chunk| chunk.cost).max().unwrap_or(0);
        let limit = self.job.pipeline.limits.memory;
        let workers = memory::workers(limit, rayon::current_num_threads(), largest);
        (0..workers).into_par_iter().for_each(|_| {
            let mut scratch = Scratch::default();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let (Some(chunk), Some(slot)) = (chunks.get(at), done.get(at)) else {
                    return;
                };
                let Some(projector) = projectors.get(chunk.table) else {
                    return;
                };
                let result = projector.chunk(chunk, staging, &mut scratch);
                match &result {
                    Ok(result) => self.options.progress.rows(result.source_rows),
                    Err(_) => next.store(chunks.len(), Ordering::Relaxed),
                }
                // each slot belongs to one turn of one thread
                let _ = slot.set(result);
            }
        });
        let mut tables: Vec<_> = self.job.tables.iter().map(|_| Vec::new()).collect();
        for (chunk, result) in chunks.iter().zip(done) {
            let (Some(result), Some(table)) = (result.into_inner(), tables.get_mut(chunk.table))
            else {
                continue;
            };
            table.push(result?);
        }
        for file in self.job.tables.iter().flat_map(|bound| &bound.source.files) {
            file.unchanged()?;
        }
        Ok(tables)
    }

    fn projectors<'p>(
        &self,
        chunks: &[Chunk],
        staging: &Staging,
        vault: Option<&'p Vault>,
    ) -> Result<Vec<Projector<'p>>>
    where
        'a: 'p,
    {
        let (options, cancel) = (&self.job.pipeline.sink, &self.options.cancel);
        let at = self.options.at.map(|at| at.date_naive());
        let context = Context {
            key: &self.key,
            year: self.options.at.unwrap_or(self.options.started).year(),
            at: at.and_then(kernels::calendar_date),
        };
        let mut projectors = Vec::with_capacity(self.job.tables.len());
        for (table, bound) in self.job.tables.iter().enumerate() {
            staging.create_dir(&bound.plan.table)?;
            let chunks: Vec<_> = chunks.iter().filter(|chunk| chunk.table == table).collect();
            let gate = Gate::new(bound, &context)?;
            let inputs = Inputs::count(bound, &chunks, &gate, cancel)?;
            let sink = Sink::new(&bound.plan, options)?;
            projectors.push(Projector::new(
                bound,
                &context,
                &inputs,
                sink,
                (gate, vault),
                cancel,
            )?);
        }
        Ok(projectors)
    }

    fn manifest(
        &self,
        run_id: String,
        sources: Vec<Vec<SourceManifest>>,
        results: Vec<Vec<ChunkResult>>,
    ) -> Result<Manifest> {
        let mut tables = Vec::with_capacity(results.len());
        for ((bound, files), results) in self.job.tables.iter().zip(sources).zip(results) {
            let table = table_manifest(bound, files, results);
            table.balance()?;
            tables.push(table);
        }
        Ok(Manifest {
            format: manifest::FORMAT.to_owned(),
            run_id,
            started: time(self.options.started),
            finished: time((self.options.clock)()),
            recipe: self.recipe.clone(),
            tables,
        })
    }
}

fn table_manifest(
    bound: &TableJob,
    mut sources: Vec<SourceManifest>,
    results: Vec<ChunkResult>,
) -> TableManifest {
    let plan = &bound.plan;
    let mut outcomes = vec![Outcome::default(); plan.columns.len()];
    let mut outputs = Vec::with_capacity(results.len());
    let (mut source_rows, mut filtered_rows, mut quarantined_rows) = (0, 0, 0);
    for result in results {
        source_rows += result.source_rows;
        filtered_rows += result.filtered_rows;
        quarantined_rows += result.quarantined_rows;
        if let Some(source) = result.file.and_then(|file| sources.get_mut(file)) {
            source.rows += result.source_rows;
        }
        for (sum, outcome) in outcomes.iter_mut().zip(&result.outcomes) {
            sum.merge(outcome);
        }
        outputs.push(result.output);
    }
    let columns: Vec<_> = plan
        .columns
        .iter()
        .zip(&outcomes)
        .map(|(column, outcome)| ColumnManifest::new(column, outcome))
        .collect();
    let subject = |column: &&ColumnManifest| {
        plan.subject.as_ref() == Some(&column.source) && column.distinct.is_some()
    };
    TableManifest {
        table: plan.table.clone(),
        source_rows,
        published_rows: outputs
            .iter()
            .map(|output: &OutputManifest| output.rows)
            .sum(),
        filtered_rows,
        quarantined_rows,
        distinct_subjects: columns
            .iter()
            .find(subject)
            .and_then(|column| column.distinct),
        sources,
        outputs,
        columns,
        dropped: plan.dropped.clone(),
        gate: GateManifest::default(),
    }
}

fn recipe(
    job: &Job,
    epoch: Epoch,
    check_value: String,
    options: &RunOptions<'_>,
) -> Result<Recipe> {
    let plans = || job.tables.iter().map(|bound| &bound.plan);
    if let Some(plan) = plans().find(|plan| plan.needs_at() && options.at.is_none()) {
        return Err(Error::NoDay {
            table: plan.table.clone(),
        });
    }
    let by_year = |column: &PlannedColumn| matches!(column.action, Action::Derive(Part::ModelYear));
    let year = options.at.unwrap_or(options.started).year();
    let maps = job.tables.iter().flat_map(|bound| &bound.maps);
    Ok(Recipe {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        unicode_version: unicode_version(),
        pipeline: job.pipeline.name.clone(),
        pipeline_hash: job.pipeline.hash(),
        plan_hashes: plans().map(|plan| plan.hash().to_owned()).collect(),
        domain: job.pipeline.domain.clone(),
        epoch: epoch.0,
        key_check_value: check_value,
        year: plans()
            .flat_map(|plan| &plan.columns)
            .any(by_year)
            .then_some(year),
        at: options
            .at
            .filter(|_| plans().any(TablePlan::needs_at))
            .map(|at| at.date_naive().to_string()),
        maps: maps
            .map(|(file, map)| (file.clone(), map.sha256.clone()))
            .collect(),
    })
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn unicode_version() -> String {
    let (major, minor, update) = pseudo_pii::UNICODE_VERSION;
    format!("{major}.{minor}.{update}")
}
