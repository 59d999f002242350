//! The straight line of a run: source → chunks → kernels → staged files → proof → manifest →
//! switch. On error nothing has been published.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use pseudo_arrow::Outcome;
use pseudo_keyring::{DomainKeys, KeySource};
use pseudo_policy::{Action, OnInvalid, Part, Pipeline, PlannedColumn};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::chunk::Chunk;
use crate::disk::Disk;
use crate::forgotten::Forgotten;
use crate::kernels::{self, Context};
use crate::lock::Lock;
use crate::manifest::{
    self, ColumnManifest, GateManifest, KeptRows, Manifest, Recipe, SourceManifest, TableManifest,
    TableRecipe,
};
use crate::memory::Budget;
use crate::plan::{Job, TableJob};
use crate::progress::Progress;
use crate::project::{ChunkResult, Projector};
use crate::quarantine::{Screen, Vault};
use crate::reuse::{self, Store, TableSketches};
use crate::risk::ClassCounter;
use crate::sink::{Scratch, Sink};
use crate::source::SourceFile;
use crate::staging::{self, Staging};
use crate::tombstones::Tombstones;
use crate::work::{Digests, Work};
use crate::{Cancel, Error, Result, gates, limits, memory, publish, quarantine, space, verify};

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
    /// Read every source file of the job, although it may not have changed.
    pub full: bool,
    /// Run although the secret is another than that of the current run.
    pub new_epoch: bool,
    /// Worker threads; all cores when absent.
    pub threads: Option<usize>,
    /// Bytes that the run may need on the sink's disk; what the disk has left when absent.
    pub space: Option<u64>,
    /// Counts the classes of pipelines with `[gates]`.
    pub classes: &'a dyn ClassCounter,
    /// Who is told how far it is.
    pub progress: &'a dyn Progress,
    /// Asks it to stop.
    pub cancel: Cancel,
    /// What it writes to: the machine's file system, unless a test has another one.
    pub disk: Disk,
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
    /// Source files that were not read, because the run before had their output.
    pub reused_files: usize,
}

/// Runs `job` with the keys of the primary epoch of `source`, a keyring or a bundle.
///
/// # Errors
/// Any [`Error`]; nothing has been published then.
pub fn run(job: &Job, source: &dyn KeySource, options: &RunOptions) -> Result<RunReport> {
    options.cancel.check()?;
    let threads = options.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|_| Error::Internal("no worker threads".to_owned()))?;
    let keys = source.domain_keys(&job.pipeline.domain, source.primary_epoch()?)?;
    keys.require(&job.needs())?;
    let mut run = Run::new(job, keys, options)?;
    let before = pool.install(|| run.begin())?;
    // a holder of keys may be bound to this thread
    let forgotten = run.forgotten(before.as_ref(), source)?;
    pool.install(|| run.go(before, forgotten))
}

struct Run<'a> {
    job: &'a Job,
    options: &'a RunOptions<'a>,
    sink: PathBuf,
    recipe: Recipe,
    /// One for each table of the job.
    recipes: Vec<TableRecipe>,
    keys: DomainKeys,
    /// Who is left out.
    tombstones: Option<Tombstones>,
    _lock: Lock,
}

impl<'a> Run<'a> {
    fn new(job: &'a Job, keys: DomainKeys, options: &'a RunOptions<'a>) -> Result<Self> {
        let recipe = recipe(job, &keys);
        let tables = job.tables.iter();
        let recipes = tables.map(|bound| table_recipe(bound, options));
        let recipes = recipes.collect::<Result<_>>()?;
        let sink = job.sink();
        options.disk.create_dir(&sink)?;
        let lock = Lock::take(&options.disk, &sink, &time(options.started))?;
        Ok(Self {
            job,
            options,
            sink,
            recipe,
            recipes,
            keys,
            tombstones: None,
            _lock: lock,
        })
    }

    /// Removes what attempts left that did not come to their end.
    fn recover(&self) -> Result<()> {
        let (disk, sink) = (&self.options.disk, &self.sink);
        publish::recover(disk, sink)?;
        quarantine::recover(disk, self.job.quarantine(), sink)?;
        staging::clear(disk, sink)
    }

    /// Clears up, and answers the manifest of the current run, if this one may follow it.
    fn begin(&self) -> Result<Option<Manifest>> {
        self.recover()?;
        let before = self.current()?;
        self.same_key(before.as_ref())?;
        self.keeps(before.as_ref())?;
        Ok(before)
    }

    /// Says of each table which of its rows are left out.
    fn forgotten(
        &mut self,
        before: Option<&Manifest>,
        source: &dyn KeySource,
    ) -> Result<Vec<Option<Forgotten>>> {
        self.tombstones = Tombstones::read(&self.sink, before, source)?;
        let tables = self.job.tables.iter();
        let of = |bound| Forgotten::of(bound, self.tombstones.as_ref(), source);
        let forgotten: Vec<Option<Forgotten>> = tables.map(of).collect::<Result<_>>()?;
        for (recipe, forgotten) in self.recipes.iter_mut().zip(&forgotten) {
            recipe.forgotten = forgotten.as_ref().map(|forgotten| forgotten.digest.clone());
        }
        Ok(forgotten)
    }

    fn go(self, before: Option<Manifest>, forgotten: Vec<Option<Forgotten>>) -> Result<RunReport> {
        let believed = before.as_ref().filter(|_| !self.options.full);
        let known = self.known_digests(believed)?;
        if let Some(manifest) = before
            .as_ref()
            .filter(|before| self.unchanged(before, &known))
        {
            self.retain();
            return Ok(self.report(RunOutcome::NothingToDo, manifest.clone(), 0));
        }
        let run_id = self.run_id()?;
        let store = before
            .as_ref()
            .map(|before| Store::open(self.directory(before), before));
        let again = |_: &&Store<'_>| !self.options.full && self.is_same_key(before.as_ref());
        let mut works = self.works(known, forgotten, store.as_ref().filter(again))?;
        space::check(&self.sink, &works, self.options.space)?;
        let staging = Staging::create(&self.options.disk, &self.sink, &run_id)?;
        let kept = self.keep(store.as_ref(), &staging)?;
        works
            .iter_mut()
            .try_for_each(|work| work.lay(&staging, &self.options.cancel))?;
        let vault = Vault::open(&self.options.disk, self.job, &self.sink, &run_id)?;
        let (results, digests) = rayon::join(
            || self.project(&works, &staging, vault.as_ref()),
            || believed.is_none().then(|| self.digests()).transpose(),
        );
        let (results, digests) = (results?, digests?.unwrap_or_default());
        self.source_files().try_for_each(SourceFile::unchanged)?;
        for (work, digests) in works.iter_mut().zip(digests) {
            work.digested(digests);
        }
        let reused_files = works.iter().map(Work::reused_files).sum();
        let (mut manifest, sketches) = self.manifest(run_id, works, results)?;
        limits::check(self.job, before.as_ref(), &manifest)?;
        self.options.progress.phase("verify");
        let beside = kept.iter().map(|(table, _)| table);
        let gates = verify::staged(staging.path(), &manifest, beside, self.job, &self.keys)?;
        for (table, gate) in manifest.tables.iter_mut().zip(gates) {
            table.gate = gate;
        }
        let sketches = reuse::join(&self.job.pipeline, &mut manifest, sketches, kept);
        self.hold_gates(staging.path(), &mut manifest.tables)?;
        // from here on it ends as published or as failed, never as stopped
        self.options.cancel.check()?;
        self.options.progress.phase("publish");
        self.publish(staging, vault, &manifest, &sketches)?;
        Ok(self.report(RunOutcome::Published, manifest, reused_files))
    }

    /// Holds all tables to the gates, those that keep their output too.
    fn hold_gates(&self, directory: &Path, tables: &mut [TableManifest]) -> Result<()> {
        let (pipeline, options) = (&self.job.pipeline, self.options);
        if pipeline.gates.is_some() {
            options.progress.phase("gates");
        }
        gates::check(
            directory,
            pipeline,
            tables,
            options.classes,
            &options.cancel,
        )
    }

    fn report(self, outcome: RunOutcome, manifest: Manifest, reused_files: usize) -> RunReport {
        RunReport {
            outcome,
            sink: self.sink,
            manifest,
            reused_files,
        }
    }

    fn publish(
        &self,
        staging: Staging,
        vault: Option<Vault>,
        manifest: &Manifest,
        sketches: &[TableSketches],
    ) -> Result<()> {
        let text = manifest.to_json()?;
        staging.write(manifest::FILE, &text)?;
        if let Some(bytes) = reuse::to_bytes(&text, sketches) {
            staging.write(reuse::FILE, &bytes)?;
        }
        vault.as_ref().map_or(Ok(()), Vault::seal)?;
        let (disk, directories) = (&self.options.disk, manifest.directories());
        Vault::publish(vault, || {
            publish::publish(disk, &self.sink, staging, &manifest.run_id, &directories)
        })?;
        self.retain();
        Ok(())
    }

    /// Removes runs that are too old; a run that has nothing to do makes up for one that could not.
    fn retain(&self) {
        let keep = self.job.pipeline.sink.retain_runs;
        if let Err(error) = publish::retain(&self.options.disk, &self.sink, keep) {
            tracing::warn!(%error, "what is current stays, but earlier runs could not be removed");
        }
    }

    fn directory(&self, run: &Manifest) -> PathBuf {
        publish::directory(&self.sink, &run.run_id)
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

    /// Whether the tokens of the current run are those that this one makes.
    fn is_same_key(&self, before: Option<&Manifest>) -> bool {
        before.is_some_and(|before| {
            let (before, now) = (&before.recipe, &self.recipe);
            before.domain == now.domain
                && before.epoch == now.epoch
                && before.key_check_value == now.key_check_value
        })
    }

    /// Whether the tables that were not asked for can keep their output: all tables of a run join.
    fn keeps(&self, before: Option<&Manifest>) -> Result<()> {
        for table in self.job.kept() {
            let known = |before: &Manifest| before.tables.iter().any(|t| t.table == table.name);
            let fault = match before {
                None => "there is no current run",
                Some(_) if !self.is_same_key(before) => "it was made with another key or domain",
                Some(before) if !known(before) && !table.allow_empty => "the current run has none",
                Some(_) => continue,
            };
            let table = table.name.clone();
            return Err(Error::Kept { table, fault });
        }
        Ok(())
    }

    /// Stages the tables that were not asked for. One that had no source file has no output.
    fn keep(
        &self,
        store: Option<&Store<'_>>,
        staging: &Staging,
    ) -> Result<Vec<(TableManifest, TableSketches)>> {
        let kept = store
            .into_iter()
            .flat_map(|store| self.job.kept().map(move |table| (store, table)));
        kept.filter(|(store, table)| store.has(&table.name))
            .map(|(store, table)| store.table(&table.name, staging))
            .collect()
    }

    /// The digests of what is about to be read. That of a file whose stamp is that of the run
    /// before is taken from there; without such a run nothing waits for digests, and they come
    /// later.
    fn known_digests(&self, believed: Option<&Manifest>) -> Result<Vec<Digests>> {
        self.options.progress.phase("digest");
        let table = |bound: &TableJob| {
            let tables = believed.iter().flat_map(|before| &before.tables);
            let own = tables.filter(|table| table.table == bound.plan.table);
            let known = own.flat_map(|table| &table.sources);
            let known: HashMap<_, _> = known.map(|file| (file.path.as_str(), file)).collect();
            let digest = |file: &SourceFile| {
                // what is generated has no stamp
                let same = file.location().and_then(|_| known.get(file.path.as_str()));
                let same = same.filter(|known| known.stamp == file.stamp);
                Ok(match (same, believed) {
                    (Some(known), _) => Some(known.sha256.clone()),
                    (None, Some(_)) => Some(file.digest(&self.options.cancel)?),
                    (None, None) => None,
                })
            };
            bound.source.files.par_iter().map(digest).collect()
        };
        self.job.tables.par_iter().map(table).collect()
    }

    /// The digest of every source file, table by table.
    fn digests(&self) -> Result<Vec<Digests>> {
        let digest = |file: &SourceFile| file.digest(&self.options.cancel).map(Some);
        let table = |bound: &TableJob| bound.source.files.par_iter().map(digest).collect();
        self.job.tables.par_iter().map(table).collect()
    }

    fn source_files(&self) -> impl Iterator<Item = &SourceFile> {
        self.job.tables.iter().flat_map(|bound| &bound.source.files)
    }

    /// Whether the current run is what this one would come to.
    fn unchanged(&self, before: &Manifest, digests: &[Digests]) -> bool {
        let same = |before: &[SourceManifest], files: &[SourceFile], digests: &Digests| {
            let before = before.iter().map(|file| (&file.path, Some(&file.sha256)));
            let paths = files.iter().map(|file| &file.path);
            before.eq(paths.zip(digests.iter().map(Option::as_ref)))
        };
        let table = |name: &str| before.tables.iter().find(|table| table.table == name);
        let tables = self.job.tables.iter().zip(digests).zip(&self.recipes);
        let kept = self.job.kept().filter(|kept| table(&kept.name).is_some());
        !self.options.full
            && before.recipe == self.recipe
            && before.tables.len() == digests.len() + kept.count()
            && tables.into_iter().all(|((bound, digests), recipe)| {
                table(&bound.plan.table).is_some_and(|before| {
                    before.recipe == *recipe && same(&before.sources, &bound.source.files, digests)
                })
            })
            && verify::present(&self.directory(before), before)
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

    /// What the rules need besides the table.
    fn context(&self) -> Context<'_> {
        let at = self.options.at.map(|at| at.date_naive());
        Context {
            keys: &self.keys,
            year: self.options.at.unwrap_or(self.options.started).year(),
            at: at.and_then(kernels::calendar_date),
        }
    }

    /// What is to be done for each table; what `store` has is not done again.
    fn works<'b>(
        &'b self,
        digests: Vec<Digests>,
        forgotten: Vec<Option<Forgotten>>,
        store: Option<&'b Store<'b>>,
    ) -> Result<Vec<Work<'b>>> {
        self.options.progress.phase("count");
        let context = self.context();
        let (memory, cancel) = (self.job.pipeline.limits.memory, &self.options.cancel);
        let digests = digests.into_iter().zip(forgotten);
        let tables = self.job.tables.iter().zip(&self.recipes).zip(digests);
        tables
            .enumerate()
            .map(|(table, ((bound, recipe), (digests, forgotten)))| {
                let screen = Screen::new(bound, &context)?.behind(forgotten);
                let budget = Budget::new(&bound.plan, memory);
                let job = (table, bound, budget);
                Work::new(job, screen, recipe, digests, store, cancel)
            })
            .collect()
    }

    /// Works through the chunks in order on all threads; the error of the earliest chunk wins.
    fn project(
        &self,
        works: &[Work<'_>],
        staging: &Staging,
        vault: Option<&Vault>,
    ) -> Result<Vec<Vec<ChunkResult>>> {
        self.options.progress.phase("project");
        let read = works.iter().flat_map(Work::read);
        self.options
            .progress
            .begin(read.map(SourceFile::rows).sum());
        let chunks: Vec<&Chunk> = works.iter().flat_map(Work::chunks).collect();
        let projectors = self.projectors(works, vault)?;
        let done: Vec<OnceLock<Result<ChunkResult>>> =
            chunks.iter().map(|_| OnceLock::new()).collect();
        // of a file's chunks together: a table may have more chunks than sketches fit a memory
        let counted: Vec<Mutex<Vec<Outcome>>> = chunks.iter().map(|_| Mutex::default()).collect();
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
                let mut result = projector.chunk(chunk, staging, &mut scratch);
                match &mut result {
                    Ok(result) => {
                        self.options.progress.rows(result.source_rows);
                        let first = counted.get(at.saturating_sub(chunk.index as usize));
                        add(first, std::mem::take(&mut result.outcomes));
                    }
                    Err(_) => next.store(chunks.len(), Ordering::Relaxed),
                }
                // each slot belongs to one turn of one thread
                let _ = slot.set(result);
            }
        });
        let mut tables: Vec<_> = self.job.tables.iter().map(|_| Vec::new()).collect();
        for ((chunk, result), counted) in chunks.iter().zip(done).zip(counted) {
            let (Some(result), Some(table)) = (result.into_inner(), tables.get_mut(chunk.table))
            else {
                continue;
            };
            table.push(ChunkResult {
                outcomes: counted.into_inner().unwrap_or_default(),
                ..result?
            });
        }
        Ok(tables)
    }

    fn projectors<'p>(
        &self,
        works: &'p [Work<'_>],
        vault: Option<&'p Vault>,
    ) -> Result<Vec<Projector<'p>>> {
        let (options, cancel) = (&self.job.pipeline.sink, &self.options.cancel);
        let context = self.context();
        let projector = |work: &'p Work<'_>| {
            let sink = Sink::new(&work.bound.plan, options)?;
            let screen = (&work.screen, vault);
            Projector::new(work.bound, &context, &work.inputs, sink, screen, cancel)
        };
        works.iter().map(projector).collect()
    }

    /// The record of the tables that were asked for, and the sketches that go with it.
    fn manifest(
        &self,
        run_id: String,
        works: Vec<Work<'_>>,
        results: Vec<Vec<ChunkResult>>,
    ) -> Result<(Manifest, Vec<TableSketches>)> {
        let (mut tables, mut sketches) = (Vec::new(), Vec::new());
        for (work, results) in works.into_iter().zip(results) {
            let (table, own) = table_manifest(work, results)?;
            table.balance()?;
            tables.push(table);
            sketches.push(own);
        }
        let manifest = Manifest {
            format: manifest::FORMAT.to_owned(),
            run_id,
            started: time(self.options.started),
            finished: time((self.options.clock)()),
            recipe: self.recipe.clone(),
            tombstones: self.tombstones.as_ref().map(|list| list.sha256.clone()),
            origins: Vec::new(),
            rekey: None,
            tables,
        };
        Ok((manifest, sketches))
    }
}

/// Adds outcomes, one for each column, to those of a file.
fn add(sum: Option<&Mutex<Vec<Outcome>>>, outcomes: Vec<Outcome>) {
    let Some(Ok(mut sum)) = sum.map(Mutex::lock) else {
        return;
    };
    if sum.is_empty() {
        *sum = outcomes;
        return;
    }
    for (sum, outcome) in sum.iter_mut().zip(&outcomes) {
        sum.merge(outcome);
    }
}

fn table_manifest(
    work: Work<'_>,
    results: Vec<ChunkResult>,
) -> Result<(TableManifest, TableSketches)> {
    let plan = &work.bound.plan;
    let (known, sketches, sum) = work.account(results)?;
    let columns: Vec<_> = plan
        .columns
        .iter()
        .zip(&sum.outcomes)
        .map(|(column, outcome)| ColumnManifest::new(column, outcome))
        .collect();
    let subject = |column: &&ColumnManifest| {
        plan.subject.as_ref() == Some(&column.source) && column.distinct.is_some()
    };
    let manifest = TableManifest {
        source_rows: sum.source_rows,
        published_rows: sum.outputs.iter().map(|output| output.rows).sum(),
        filtered_rows: sum.filtered_rows,
        quarantined_rows: sum.quarantined_rows,
        forgotten_rows: sum.forgotten_rows,
        subject: gates::subject(plan.subject.as_deref(), &columns),
        distinct_subjects: columns
            .iter()
            .find(subject)
            .and_then(|column| column.distinct),
        outputs: sum.outputs,
        columns,
        dropped: plan.dropped.clone(),
        gate: GateManifest::default(),
        ..known
    };
    Ok((manifest, sketches))
}

fn recipe(job: &Job, keys: &DomainKeys) -> Recipe {
    Recipe {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        unicode_version: unicode_version(),
        pipeline: job.pipeline.name.clone(),
        pipeline_hash: job.pipeline.hash(),
        domain: job.pipeline.domain.clone(),
        epoch: keys.epoch().0,
        key_check_value: keys.check_value().to_string(),
        quarantine: kept_rows(&job.pipeline),
    }
}

/// Where rows in quarantine go, by all tables of the pipeline: some of them alone are the same job.
fn kept_rows(pipeline: &Pipeline) -> Option<KeptRows> {
    let columns = pipeline.tables.iter().flat_map(|table| &table.columns);
    let mut rules = columns.flat_map(|column| &column.rules);
    let quarantine = &pipeline.quarantine;
    let (root, recipient) = (quarantine.root.as_ref()?, quarantine.recipient.as_ref()?);
    let kept = || KeptRows {
        root: root.clone(),
        recipient: recipient.clone(),
    };
    rules
        .any(|rule| rule.on_invalid == Some(OnInvalid::Quarantine))
        .then(kept)
}

fn table_recipe(bound: &TableJob, options: &RunOptions<'_>) -> Result<TableRecipe> {
    let plan = &bound.plan;
    if plan.needs_at() && options.at.is_none() {
        return Err(Error::NoDay {
            table: plan.table.clone(),
        });
    }
    let by_year = |column: &PlannedColumn| matches!(column.action, Action::Derive(Part::ModelYear));
    let year = options.at.unwrap_or(options.started).year();
    let maps = bound.maps.iter();
    Ok(TableRecipe {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        unicode_version: unicode_version(),
        plan_hash: plan.hash().to_owned(),
        year: plan.columns.iter().any(by_year).then_some(year),
        at: options
            .at
            .filter(|_| plan.needs_at())
            .map(|at| at.date_naive().to_string()),
        maps: maps
            .map(|(file, map)| (file.clone(), map.sha256.clone()))
            .collect(),
        forgotten: None,
    })
}

/// RFC 3339, in seconds.
pub(crate) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn unicode_version() -> String {
    let (major, minor, update) = pseudo_pii::UNICODE_VERSION;
    format!("{major}.{minor}.{update}")
}
