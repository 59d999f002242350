//! Forgets subjects: their rows go from every retained run, by the pseudonyms that they have there,
//! and a tombstone of each keeps every later run from publishing them again. Files that hold no row
//! of theirs are taken over as they are; the runs that did are removed. All of it happens or none
//! (`replace`).
//!
//! Reading order: `subjects` (whom), `search` (where their rows are), `counts` (what the record
//! says without them).

mod counts;
mod search;
mod subjects;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use chrono::{DateTime, Utc};
use pseudo_keyring::{DomainKeys, KeySource};
use pseudo_token::Epoch;

use self::search::{Found, Search};
use self::subjects::Subjects;
use crate::disk::Disk;
use crate::lock::Lock;
use crate::manifest::{Manifest, Origin, TableManifest};
use crate::policy::Policy;
use crate::progress::Progress;
use crate::replace::{self, Hidden};
use crate::rewrite::{Made, Remade, Rewrite};
use crate::risk::ClassCounter;
use crate::run::time;
use crate::tombstones::{self, Group, KeyName, Tombstones};
use crate::verify::each_cell;
use crate::{Cancel, Error, Leak, Result, publish, quarantine, staging};

/// How to forget.
pub struct ForgetOptions<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// Why, in words that may stand where analysts read.
    pub reason: &'a str,
    /// The identity of the subjects; that of the tables' subjects when absent, if they have one.
    pub identity: Option<&'a str>,
    /// The tables to search; all when empty. Rows of the others stay, now and in later runs.
    pub tables: &'a [String],
    /// Worker threads; all cores when absent.
    pub threads: Option<usize>,
    /// Counts the classes again of runs whose manifest has gates.
    pub classes: &'a dyn ClassCounter,
    /// Who is told how far it is.
    pub progress: &'a dyn Progress,
    /// Asks it to stop.
    pub cancel: Cancel,
    /// What it writes to: the machine's file system, unless a test has another one.
    pub disk: Disk,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgetOutcome {
    /// Rows are gone, and tombstones are there.
    Forgotten,
    /// No retained run holds a row of these subjects.
    NothingToDo,
}

/// The end of it.
#[derive(Debug)]
pub struct ForgetReport {
    /// What it came to.
    pub outcome: ForgetOutcome,
    /// The sink's directory.
    pub sink: PathBuf,
    /// The name of the current run.
    pub current: String,
    /// The identity of the subjects.
    pub identity: String,
    /// How many were given.
    pub subjects: u64,
    /// Those that a retained run held rows of.
    pub found: u64,
    /// The others that were forgotten before.
    pub before: u64,
    /// The runs that were made again.
    pub runs: Vec<ForgottenRun>,
    /// Columns of the current run, as table and column, that hold pseudonyms of the identity in
    /// rows that are about others.
    pub mentions: Vec<(String, String)>,
    /// Whether a retained run has rows in quarantine.
    pub quarantined: bool,
    /// Whether a retained run has originals in escrow.
    pub escrowed: bool,
    /// The epoch of the tombstones.
    pub epoch: u32,
    /// Columns in what is left that a run would not publish.
    pub leaks: Vec<Leak>,
    /// Gates that the current run does not hold any more without the rows.
    pub gates: Vec<String>,
}

/// A run that was made again.
#[derive(Debug)]
pub struct ForgottenRun {
    /// Its name.
    pub run_id: String,
    /// The name of the run that it was made from, which is gone.
    pub was: String,
    /// By table, the rows that were removed.
    pub rows: BTreeMap<String, u64>,
}

/// Removes the rows of `subjects`, a value a line, from all runs of `sink`, with the keys of
/// `source`, and keeps later runs from publishing them. `policy` says whom rows are about.
///
/// # Errors
/// Any [`Error`]; unless the current run is another one now, nothing has changed.
pub fn forget(
    sink: &Path,
    policy: &Policy,
    subjects: &str,
    source: &dyn KeySource,
    options: &ForgetOptions<'_>,
) -> Result<ForgetReport> {
    options.cancel.check()?;
    let threads = options.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|_| Error::Internal("no worker threads".to_owned()))?;
    let identity = subjects::identity(policy, options)?;
    let subjects = Subjects::read(policy, &identity, subjects, options.tables)?;
    none_is_no_sink(sink)?;
    let _lock = Lock::take(&options.disk, sink, &time(options.at))?;
    let runs = pool.install(|| begin(sink, policy, options))?;
    let current = runs.first().ok_or_else(|| no_run(sink))?;
    if current.recipe.domain != policy.pipeline.domain {
        let (run, domain) = (&current.recipe.domain, &policy.pipeline.domain);
        return Err(Error::Whom(format!(
            "the current run is of domain `{run}`, and the pipeline of domain `{domain}`"
        )));
    }
    let list = Tombstones::read(sink, Some(current), source)?;
    // a holder of keys may be bound to this thread
    let keys = runs.iter().map(|run| keys(run, source));
    let keys: Vec<DomainKeys> = keys.collect::<Result<_>>()?;
    let own = source.domain_keys(&policy.pipeline.domain, source.primary_epoch()?)?;
    let before = list.as_ref().map(|list| subjects.known(list, source));
    let forget = Forget {
        sink,
        policy,
        options,
        identity,
        tombstones: subjects.tombstones(&own)?,
        subjects,
        own,
        list,
        before: before.transpose()?.unwrap_or_default(),
        runs,
        keys,
    };
    pool.install(|| forget.go())
}

struct Forget<'a> {
    sink: &'a Path,
    policy: &'a Policy,
    options: &'a ForgetOptions<'a>,
    identity: String,
    subjects: Subjects,
    /// One for each subject, in hex.
    tombstones: Vec<String>,
    /// The keys that make them.
    own: DomainKeys,
    list: Option<Tombstones>,
    /// Which subjects are in the list.
    before: BTreeSet<usize>,
    /// The current one first.
    runs: Vec<Manifest>,
    /// One for each run.
    keys: Vec<DomainKeys>,
}

impl Forget<'_> {
    fn go(self) -> Result<ForgetReport> {
        self.options.progress.phase("search");
        let found = Search {
            sink: self.sink,
            policy: self.policy,
            identity: &self.identity,
            tables: self.options.tables,
            subjects: &self.subjects,
            cancel: &self.options.cancel,
        };
        let found = found.runs(&self.runs, &self.keys)?;
        let subjects = found.iter().flat_map(Found::subjects);
        let subjects: BTreeSet<usize> = subjects.copied().collect();
        if subjects.is_empty() {
            return Ok(self.report(&subjects, Vec::new(), Left::default()));
        }
        let (bytes, sha256) = self.list(&subjects)?;
        self.options.progress.phase("rewrite");
        let made = Made::default();
        let (mut new, mut left, mut done) = (Vec::new(), Left::default(), Vec::new());
        for (place, (run, found)) in self.runs.iter().zip(&found).enumerate() {
            // the current one goes with its list
            if place > 0 && found.is_empty() {
                continue;
            }
            let (remade, rows, own) = self.run(run, found, &made, &sha256)?;
            left.leaks.extend(own.leaks);
            // of the others nobody is shown what they hold
            if place == 0 {
                left.gates = own.gates;
            }
            done.push(ForgottenRun {
                run_id: remade.manifest.run_id.clone(),
                was: run.run_id.clone(),
                rows,
            });
            new.push(remade);
        }
        self.options.cancel.check()?;
        self.options.progress.phase("publish");
        let current = done.first().map(|run| run.run_id.clone());
        let current = current.ok_or_else(|| Error::Internal("no run was made".to_owned()))?;
        let old = done.iter().map(|run| run.was.clone()).collect();
        let hidden = Hidden {
            name: tombstones::FILE,
            bytes: &bytes,
        };
        let place = (&self.options.disk, self.sink);
        replace::replace(place, new, &current, old, &[hidden])?;
        Ok(self.report(&subjects, done, left))
    }

    /// The list with these subjects too, and its digest.
    fn list(&self, found: &BTreeSet<usize>) -> Result<(Vec<u8>, String)> {
        let tombstones = found.iter().filter_map(|place| self.tombstones.get(*place));
        let tables = self.policy.pipeline.tables.iter();
        let chosen = |name: &String| search::is_chosen(self.options.tables, name);
        let tables = tables.filter(|table| {
            let identities = table.subject_identities();
            chosen(&table.name) && identities.contains(self.identity.as_str())
        });
        let group = Group {
            by: KeyName::of(&self.own),
            identity: self.identity.clone(),
            kind: self.subjects.kind.id().to_owned(),
            tables: tables.map(|table| table.name.clone()).collect(),
            only: !self.options.tables.is_empty(),
            tombstones: tombstones.cloned().collect(),
        };
        Tombstones::with(self.list.as_ref(), vec![group], &self.own)
    }

    /// Makes a run again without the rows that were found.
    fn run(
        &self,
        run: &Manifest,
        found: &Found,
        made: &Made,
        list: &str,
    ) -> Result<(Remade, BTreeMap<String, u64>, Left)> {
        let origin = Origin {
            run_id: run.run_id.clone(),
            verb: "forget".to_owned(),
            at: time(self.options.at),
            reason: self.options.reason.to_owned(),
        };
        let run_id = self.run_id(run)?;
        let place = (&self.options.disk, self.sink);
        let (sink, cancel) = (&self.policy.pipeline.sink, &self.options.cancel);
        let rewrite = Rewrite::begin(place, run, (&run_id, origin), sink, cancel)?;
        let mut rewrite = rewrite.sharing(made);
        rewrite.manifest.tombstones = Some(list.to_owned());
        let mut rows = BTreeMap::new();
        for (index, table) in run.tables.iter().enumerate() {
            let Some(hits) = found.tables.get(&index) else {
                rewrite.table(index, &|_| false, &|_, batch| Ok(batch))?;
                continue;
            };
            let is_changed = |file: usize| hits.files.get(file).is_some_and(|rows| *rows > 0);
            let without = |_, batch| without(table, &batch, hits);
            let done = rewrite.table(index, &is_changed, &without)?;
            if let Some(own) = rewrite.manifest.tables.get_mut(index) {
                counts::without(own, &done, hits);
                rows.insert(own.table.clone(), hits.files.iter().sum());
            }
        }
        self.options.progress.phase("verify");
        // what is left was published before: to refuse it would leave more
        let leaks = rewrite.prove()?;
        let memory = self.policy.pipeline.limits.memory;
        let gates = rewrite.recount(self.options.classes, memory);
        Ok((rewrite.finish()?, rows, Left { leaks, gates }))
    }

    /// A free name for a run made again: that of the first one, with a number.
    fn run_id(&self, run: &Manifest) -> Result<String> {
        let first = run.origins.first().map_or(&run.run_id, |o| &o.run_id);
        let numbers = run.origins.len().saturating_add(2)..;
        numbers
            .map(|number| format!("{first}.{number}"))
            .find(|id| !publish::exists(self.sink, id))
            .ok_or_else(|| Error::Internal("no free run id".to_owned()))
    }

    fn report(self, found: &BTreeSet<usize>, runs: Vec<ForgottenRun>, left: Left) -> ForgetReport {
        let current = self.runs.first();
        let made = runs.first().map(|run| run.run_id.clone());
        let name = || current.map(|run| run.run_id.clone()).unwrap_or_default();
        let tables = current.iter().flat_map(|run| &run.tables);
        let mentions = tables.flat_map(|table| {
            search::mentions(self.policy, &self.identity, table)
                .map(|column| (table.table.clone(), column.column.clone()))
        });
        ForgetReport {
            outcome: match found.is_empty() {
                true => ForgetOutcome::NothingToDo,
                false => ForgetOutcome::Forgotten,
            },
            sink: self.sink.to_path_buf(),
            current: made.unwrap_or_else(name),
            subjects: self.subjects.len() as u64,
            found: found.len() as u64,
            before: self.before.difference(found).count() as u64,
            mentions: mentions.collect(),
            quarantined: {
                let mut tables = self.runs.iter().flat_map(|run| &run.tables);
                tables.any(|table| table.quarantined_rows > 0)
            },
            escrowed: {
                let tables = self.runs.iter().flat_map(|run| &run.tables);
                let mut outputs = tables.flat_map(|table| &table.outputs);
                outputs.any(|output| !output.escrow.is_empty())
            },
            epoch: self.own.epoch().0,
            identity: self.identity,
            runs,
            leaks: left.leaks,
            gates: left.gates,
        }
    }
}

/// What a run would not publish of what is left.
#[derive(Default)]
struct Left {
    leaks: Vec<Leak>,
    gates: Vec<String>,
}

/// The rows of a batch that are of nobody who was found.
fn without(table: &TableManifest, batch: &RecordBatch, hits: &search::Hits) -> Result<RecordBatch> {
    let lost = || Error::Internal(format!("table `{}`: a subject is lost", table.table));
    let mut stays = vec![true; batch.num_rows()];
    let subject = batch.columns().get(hits.column).ok_or_else(lost)?;
    each_cell(subject, |row, cell| {
        if let (true, Some(stays)) = (hits.pseudonyms.contains_key(cell), stays.get_mut(row)) {
            *stays = false;
        }
    });
    filter_record_batch(batch, &BooleanArray::from(stays)).map_err(|_| lost())
}

/// Clears up, and answers the records of all runs, that of the current one first.
fn begin(sink: &Path, policy: &Policy, options: &ForgetOptions<'_>) -> Result<Vec<Manifest>> {
    let disk = &options.disk;
    publish::recover(disk, sink)?;
    quarantine::recover(disk, policy.quarantine(), sink)?;
    staging::clear(disk, sink)?;
    // what has no record cannot be searched, and is none
    publish::retain(disk, sink, u32::MAX)?;
    let current = publish::current(sink)?.ok_or_else(|| no_run(sink))?;
    let mut runs = vec![Manifest::read(&current)?];
    for run in staging::entries(&publish::runs(sink))? {
        if run.file_name() != current.file_name() {
            runs.push(Manifest::read(&run)?);
        }
    }
    Ok(runs)
}

/// The keys that made a run.
fn keys(run: &Manifest, source: &dyn KeySource) -> Result<DomainKeys> {
    let (run_id, recipe) = (run.run_id.clone(), &run.recipe);
    let keys = source.domain_keys(&recipe.domain, Epoch(recipe.epoch));
    let keys = match keys {
        Ok(keys) => keys,
        Err(cause) => return Err(Error::RunKeys { run_id, cause }),
    };
    if keys.check_value().to_string() == recipe.key_check_value {
        return Ok(keys);
    }
    Err(Error::RunKey {
        run_id,
        key: recipe.key_check_value.clone(),
        epoch: recipe.epoch,
    })
}

/// A directory that nothing was ever published in stays as it is.
fn none_is_no_sink(sink: &Path) -> Result<()> {
    publish::current(sink)?
        .map(drop)
        .ok_or_else(|| no_run(sink))
}

fn no_run(sink: &Path) -> Error {
    let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
    Error::io("read", &sink.join("current"))(missing)
}
