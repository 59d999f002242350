//! Turns the pseudonyms of the current run into those of another epoch, without the source and
//! without a byte of raw data on a disk: seals and format-preserving pseudonyms are opened with the
//! keys of the one and made with those of the other, tokens are looked up in escrow where their
//! custodian gives the identity. What comes out is a run like any other: the one that the source
//! would have given.
//!
//! Reading order: [`rekey()`] is the straight line; `rules` says what made the columns, `table`
//! turns files, `joins` proves that every pseudonym went with one other, `bridge` tells which,
//! `counts` is what later runs are told.

mod bridge;
mod counts;
mod joins;
mod rules;
mod table;

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use pseudo_keyring::{DomainKeys, KeySource, Opener, Recipient};
use pseudo_policy::{Action, Order, Pipeline};
use pseudo_token::{Epoch, Purpose, SubKey};

use self::bridge::Bridge;
use self::joins::Join;
use self::rules::{Moved, Rules};
use self::table::{Column, Moves, Shared, Table, Turn};
use crate::disk::Disk;
use crate::escrow::Escrow;
use crate::lock::Lock;
use crate::manifest::{Manifest, Origin, RekeyManifest};
use crate::progress::Progress;
use crate::rewrite::Rewrite;
use crate::risk::ClassCounter;
use crate::run::{RunOutcome, time};
use crate::{Cancel, Error, Result, kernels, memory, plan, publish, space, staging};

/// The directory of the bridge within a run.
pub(crate) const DIRECTORY: &str = ".bridge";

/// How to switch epochs.
pub struct RekeyOptions<'a> {
    /// The moment it starts, from which the run's id is made.
    pub started: DateTime<Utc>,
    /// Tells the moment it ends; asked once.
    pub clock: &'a (dyn Fn() -> DateTime<Utc> + Sync),
    /// The epoch of the current run.
    pub from: u32,
    /// The epoch of the new one.
    pub to: u32,
    /// What opens the originals of tokens; there has to be one when there are tokens.
    pub escrow: Option<&'a Opener>,
    /// Where to write the table of old and new pseudonyms, and whom to seal it to.
    pub bridge: Option<(&'a Path, &'a Recipient)>,
    /// Worker threads; all cores when absent.
    pub threads: Option<usize>,
    /// Bytes that it may need on the sink's disk; what the disk has left when absent.
    pub space: Option<u64>,
    /// Counts the classes again of runs whose manifest has gates: shifted dates are others.
    pub classes: &'a dyn ClassCounter,
    /// Who is told how far it is.
    pub progress: &'a dyn Progress,
    /// Asks it to stop.
    pub cancel: Cancel,
    /// What it writes to.
    pub disk: Disk,
}

/// The end of it.
pub struct RekeyReport {
    /// Whether there is a new run, or the current one was turned before.
    pub outcome: RunOutcome,
    /// The manifest of the current run.
    pub manifest: Manifest,
}

/// Turns the current run of `sink`, which `pipeline` made, into one of another epoch of `source`.
///
/// # Errors
/// [`Error::Rekey`] for what cannot be turned; [`Error::OtherKey`] when the current run is not of
/// the first epoch; [`Error::Verify`] for a pseudonym that its key did not make; any other
/// [`Error`] as it comes. Nothing has been published then.
pub fn rekey(
    sink: &Path,
    pipeline: &Pipeline,
    source: &dyn KeySource,
    options: &RekeyOptions<'_>,
) -> Result<RekeyReport> {
    options.cancel.check()?;
    if options.from == options.to {
        return Err(refused("the two epochs are one", None));
    }
    let keys = |epoch| source.domain_keys(&pipeline.domain, Epoch(epoch));
    let keys = (keys(options.from)?, keys(options.to)?);
    let switch = Switch::new(sink, pipeline, keys, options)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(switch.threads());
    let pool = pool.build();
    let pool = pool.map_err(|_| Error::Internal("no worker threads".to_owned()))?;
    pool.install(|| switch.go())
}

struct Switch<'a> {
    sink: &'a Path,
    pipeline: &'a Pipeline,
    old: DomainKeys,
    new: DomainKeys,
    options: &'a RekeyOptions<'a>,
    before: Manifest,
    _lock: Lock,
}

/// What is done to one table.
struct Turning {
    columns: Vec<Column>,
    moves: Vec<Moves>,
    escrows: Vec<Escrow>,
    is_shuffled: bool,
}

impl<'a> Switch<'a> {
    fn new(
        sink: &'a Path,
        pipeline: &'a Pipeline,
        (old, new): (DomainKeys, DomainKeys),
        options: &'a RekeyOptions<'a>,
    ) -> Result<Self> {
        let current = || publish::current(sink)?.ok_or_else(|| absent(sink));
        current()?;
        let lock = Lock::take(&options.disk, sink, &time(options.started))?;
        publish::recover(&options.disk, sink)?;
        staging::clear(&options.disk, sink)?;
        Ok(Self {
            sink,
            pipeline,
            old,
            new,
            options,
            before: Manifest::read(&current()?)?,
            _lock: lock,
        })
    }

    fn go(self) -> Result<RekeyReport> {
        if self.is_done() {
            self.export(&self.before)?;
            return Ok(self.report(RunOutcome::NothingToDo, None));
        }
        self.is_of_the_first_epoch()?;
        self.is_of_the_pipeline()?;
        if let Some((path, _)) = self.options.bridge
            && path.symlink_metadata().is_ok()
        {
            let fault = format!("the bridge `{}` is there already", path.display());
            return Err(refused(&fault, Some("name another file")));
        }
        if let Some((path, _)) = self.options.bridge
            && plan::absolute(path)?.starts_with(plan::absolute(self.sink)?)
        {
            let fault = "the bridge is to lie inside the sink, where analysts read";
            return Err(refused(fault, Some("name a file elsewhere")));
        }
        let mut joins = Vec::new();
        let turnings = self.turnings(&mut joins)?;
        let needed = self.before.files().map(|(_, bytes, _)| bytes);
        space::require(self.sink, needed.sum(), self.options.space)?;
        let manifest = self.make(&turnings, joins)?;
        self.export(&manifest)?;
        Ok(self.report(RunOutcome::Published, Some(manifest)))
    }

    /// As many as fit the memory of a run: a thread holds a file, before and after.
    fn threads(&self) -> usize {
        let threads = self.options.threads.or_else(|| {
            let cores = std::thread::available_parallelism();
            cores.ok().map(std::num::NonZeroUsize::get)
        });
        let largest = self.before.files().map(|(_, bytes, _)| bytes).max();
        let limit = self.pipeline.limits.memory;
        memory::workers(limit, threads.unwrap_or(1), largest.unwrap_or(0) * HELD)
    }

    fn report(self, outcome: RunOutcome, manifest: Option<Manifest>) -> RekeyReport {
        let manifest = manifest.unwrap_or(self.before);
        RekeyReport { outcome, manifest }
    }

    /// Whether the current run is what this comes to: it was made before.
    fn is_done(&self) -> bool {
        let recipe = &self.before.recipe;
        let turned = self.before.rekey.as_ref();
        recipe.epoch == self.options.to
            && recipe.key_check_value == self.new.check_value().to_string()
            && turned.is_some_and(|turned| turned.from == self.options.from)
    }

    fn is_of_the_first_epoch(&self) -> Result<()> {
        let recipe = &self.before.recipe;
        let current = (recipe.key_check_value.clone(), recipe.epoch);
        let keyring = (self.old.check_value().to_string(), self.options.from);
        if current != keyring {
            let (run, is, from) = (&self.before.run_id, &current, &keyring);
            let fault = format!(
                "run `{run}` was made with key {} of epoch {}, and key {} of epoch {} is asked for",
                is.0, is.1, from.0, from.1
            );
            return Err(refused(
                &fault,
                Some("give the epoch, and the keyring, that made it"),
            ));
        }
        Ok(())
    }

    fn is_of_the_pipeline(&self) -> Result<()> {
        let (recipe, pipeline) = (&self.before.recipe, self.pipeline);
        if recipe.pipeline_hash == pipeline.hash() && recipe.domain == pipeline.domain {
            return Ok(());
        }
        let fault = format!(
            "run `{}` was made by another pipeline than `{}` says now",
            self.before.run_id, pipeline.file
        );
        let hint = "give the file that made it, or make a run of the source first";
        Err(refused(&fault, Some(hint)))
    }

    /// What is done to each table; all that cannot be done is told at once.
    fn turnings(&self, joins: &mut Vec<(String, String, Mutex<Join>)>) -> Result<Vec<Turning>> {
        let mut needs = BTreeSet::new();
        let (mut tokens, mut turnings) = (Vec::new(), Vec::new());
        for table in &self.before.tables {
            let rules = Rules::of(self.pipeline, table)?;
            if rules.order == Order::Shuffled {
                needs.insert(SubKey::shuffle());
            }
            for (_, column, rule, _) in &rules.columns {
                let purpose = match rule.action {
                    Action::Token { .. } => Purpose::Token,
                    Action::Seal { .. } => Purpose::Seal,
                    _ => Purpose::Fpe,
                };
                let names = column.identity.as_deref().zip(column.kind.as_deref());
                needs.extend(names.map(|(name, kind)| SubKey::new(purpose, name, kind)));
            }
            for moved in &rules.moved {
                let subject = rules.columns.get(moved.subject);
                let names = subject.and_then(|(_, subject, ..)| {
                    subject.identity.as_deref().zip(subject.kind.as_deref())
                });
                needs.extend(names.map(|(name, kind)| SubKey::new(Purpose::Shift, name, kind)));
            }
            tokens.extend(rules.stranded(table, self.options.escrow.is_some()));
        }
        if !tokens.is_empty() {
            let hint = match self.options.escrow {
                None => {
                    "without escrow, run from the source with `--new-epoch`;\n\
                     tokens are made again where the escrow identity is: `--escrow-identity`"
                }
                Some(_) => "run from the source with `--new-epoch`",
            };
            let fault = format!("tokens without an original at hand: {}", tokens.join(", "));
            return Err(refused(&fault, Some(hint)));
        }
        self.old.require(&needs)?;
        self.new.require(&needs)?;
        for table in &self.before.tables {
            turnings.push(self.turning(&Rules::of(self.pipeline, table)?, joins)?);
        }
        Ok(turnings)
    }

    fn turning(
        &self,
        rules: &Rules<'_>,
        joins: &mut Vec<(String, String, Mutex<Join>)>,
    ) -> Result<Turning> {
        let (mut columns, mut escrows) = (Vec::new(), Vec::new());
        for (output, column, rule, of) in &rules.columns {
            let identity = rule.action.identity();
            let identity = identity.and_then(|name| self.pipeline.identities.get(name));
            let identity = identity.ok_or_else(|| Error::Internal("no identity".to_owned()))?;
            let keys = (&self.old, &self.new);
            let turn = match kernels::turn(&rule.action, identity, keys)? {
                Some((open, make)) => Turn::Open { open, make },
                None => Turn::Escrow {
                    check: kernels::tokens(&rule.action, identity, &self.old)?,
                    make: kernels::tokens(&rule.action, identity, &self.new)?,
                },
            };
            if let Some(recipient) = of.escrow().filter(|_| rule.action.takes_escrow()) {
                let escrow = Escrow::of(&column.column, (*output, *output), recipient)?;
                escrows.push(match &turn {
                    Turn::Open { .. } => escrow.making(kernels::originals(identity))?,
                    Turn::Escrow { .. } => escrow,
                });
            }
            let (name, rule) = (&identity.name, &column.action);
            let known = joins.iter().position(|(n, r, _)| n == name && r == rule);
            let join = known.unwrap_or(joins.len());
            if known.is_none() {
                let join = Mutex::new(Join::new(name, rule));
                joins.push((name.clone(), rule.clone(), join));
            }
            columns.push(Column {
                output: *output,
                name: column.column.clone(),
                turn,
                join,
            });
        }
        let moves = rules.moved.iter().map(|moved| self.moves(rules, moved));
        let moves = moves.collect::<Result<_>>()?;
        Ok(Turning {
            columns,
            moves,
            escrows,
            is_shuffled: rules.order == Order::Shuffled,
        })
    }

    /// How a column of dates is moved.
    fn moves(&self, rules: &Rules<'_>, moved: &Moved<'_>) -> Result<Moves> {
        let lost = || Error::Internal("no subject".to_owned());
        let (output, _, rule, _) = rules.columns.get(moved.subject).ok_or_else(lost)?;
        let identity = rule.action.identity();
        let identity = identity.and_then(|name| self.pipeline.identities.get(name));
        let identity = identity.ok_or_else(lost)?;
        let is_part = matches!(rule.action, Action::Fpe { .. });
        Ok(Moves {
            output: moved.output,
            name: moved.name.to_owned(),
            subject: *output,
            canonical: is_part.then(|| kernels::originals(identity)),
            kernel: kernels::reshift(identity, moved.days, (&self.old, &self.new))?,
        })
    }

    /// Makes the run and publishes it.
    fn make(
        &self,
        turnings: &[Turning],
        joins: Vec<(String, String, Mutex<Join>)>,
    ) -> Result<Manifest> {
        let (disk, options) = (&self.options.disk, self.options);
        options.progress.phase("rekey");
        let run_id = self.run_id()?;
        let origin = Origin {
            run_id: self.before.run_id.clone(),
            verb: "rekey".to_owned(),
            at: time(options.started),
            reason: format!("epoch {} to {}", options.from, options.to),
        };
        let mut rewrite = Rewrite::begin(
            (disk, self.sink),
            &self.before,
            (&run_id, origin),
            &self.pipeline.sink,
            &options.cancel,
        )?;
        let bridge = options
            .bridge
            .map(|(_, to)| Bridge::begin(rewrite.staging(), to));
        let from = publish::directory(self.sink, &self.before.run_id);
        let shared = Shared {
            from: &from,
            epoch: options.from,
            opener: options.escrow,
            joins,
            bridge: bridge.transpose()?.map(Mutex::new),
            cancel: &options.cancel,
        };
        for (at, turning) in turnings.iter().enumerate() {
            self.table(&mut rewrite, at, turning, &shared)?;
        }
        self.record(&mut rewrite, shared)?;
        options.progress.phase("verify");
        let leaks = rewrite.prove()?;
        if !leaks.is_empty() {
            return Err(Error::Leak { leaks });
        }
        let failures = rewrite.recount(options.classes, self.pipeline.limits.memory);
        if !failures.is_empty() {
            return Err(Error::Gates { failures });
        }
        let made = rewrite.finish()?;
        // from here on it ends as published or as failed, never as stopped
        options.cancel.check()?;
        options.progress.phase("publish");
        let directories = made.manifest.directories();
        publish::publish(disk, self.sink, made.staging, &run_id, &directories)?;
        if let Err(error) = publish::retain(disk, self.sink, self.pipeline.sink.retain_runs) {
            tracing::warn!(%error, "what is current stays, but earlier runs could not be removed");
        }
        Ok(made.manifest)
    }

    /// Turns the files of a table.
    fn table(
        &self,
        rewrite: &mut Rewrite<'_>,
        at: usize,
        turning: &Turning,
        shared: &Shared<'_>,
    ) -> Result<()> {
        let old = self.before.tables.get(at);
        let old = old.ok_or_else(|| Error::Internal("a table that is none".to_owned()))?;
        let Turning {
            columns,
            moves,
            escrows,
            is_shuffled,
        } = turning;
        let order =
            is_shuffled.then(|| Ok::<_, Error>((self.old.shuffle_key()?, self.new.shuffle_key()?)));
        let table = Table::new(shared, old, (columns, moves), escrows, order.transpose()?);
        let is_turned = *is_shuffled || !columns.is_empty();
        let done = rewrite.remake(at, &|_| is_turned, &table)?;
        if done.iter().any(|file| file.read != file.written) {
            return Err(Error::Counts {
                table: old.table.clone(),
                fault: "rows are not as many as they were".to_owned(),
            });
        }
        if !is_turned {
            return Ok(());
        }
        let files = table.outcomes()?;
        let (sketches, sum) = counts::sketches(old, &files);
        rewrite.sketch(at, sketches);
        if let Some(new) = rewrite.manifest.tables.get_mut(at) {
            let subject = self
                .pipeline
                .table(&old.table)
                .and_then(|t| t.subject.as_ref());
            counts::estimate(new, columns, &sum, subject);
        }
        Ok(())
    }

    /// Records what the run is now.
    fn record(&self, rewrite: &mut Rewrite<'_>, shared: Shared<'_>) -> Result<()> {
        let poisoned = || Error::Internal("a thread ended early".to_owned());
        let joins = shared.joins.into_iter();
        let joins = joins.map(|(_, _, join)| join.into_inner().map_err(|_| poisoned())?.finish());
        let bridge = shared.bridge.map(|bridge| {
            let bridge = bridge.into_inner().map_err(|_| poisoned())?;
            bridge.finish(rewrite.staging())
        });
        let rekey = RekeyManifest {
            from: self.options.from,
            from_key_check_value: self.old.check_value().to_string(),
            to: self.options.to,
            rows: self
                .before
                .tables
                .iter()
                .map(|table| table.published_rows)
                .sum(),
            joins: joins.collect::<Result<_>>()?,
            bridge: bridge.transpose()?,
        };
        let manifest = &mut rewrite.manifest;
        manifest.rekey = Some(rekey);
        manifest.recipe.epoch = self.options.to;
        manifest.recipe.key_check_value = self.new.check_value().to_string();
        manifest.started = time(self.options.started);
        manifest.finished = time((self.options.clock)());
        Ok(())
    }

    /// Copies the bridge of the current run to where it was asked for, if it is not there.
    fn export(&self, current: &Manifest) -> Result<()> {
        let Some((to, _)) = self.options.bridge else {
            return Ok(());
        };
        if to.symlink_metadata().is_ok() {
            return Ok(());
        }
        let Some(bridge) = current.bridge() else {
            let fault = format!("run `{}` was made without a bridge", current.run_id);
            return Err(refused(&fault, None));
        };
        let from = publish::directory(self.sink, &current.run_id).join(&bridge.path);
        let read = File::open(&from).map_err(Error::io("read", &from))?;
        let mut part = to.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let disk = &self.options.disk;
        disk.remove_file(&part)?;
        let mut file = disk.create(&part, PRIVATE)?;
        let copied = io::copy(&mut io::BufReader::with_capacity(1 << 16, read), &mut file);
        let copied = copied
            .and_then(|_| file.sync())
            .map_err(Error::io("write", &part));
        copied.and_then(|()| disk.rename(&part, to))
    }

    fn run_id(&self) -> Result<String> {
        let id = self.options.started.format("%Y%m%dT%H%M%SZ").to_string();
        let others = (2..).map(|n| format!("{id}-{n}"));
        std::iter::once(id.clone())
            .chain(others)
            .find(|id| !publish::exists(self.sink, id))
            .ok_or_else(|| Error::Internal("no free run id".to_owned()))
    }
}

/// How many times its size a file is held: read, turned, with its pairs, and as it is written.
const HELD: u64 = 6;

/// The bridge is for its owner to hand on.
const PRIVATE: u32 = 0o600;

fn absent(sink: &Path) -> Error {
    let missing = io::Error::from(io::ErrorKind::NotFound);
    Error::io("read", &sink.join("current"))(missing)
}

fn refused(fault: &str, hint: Option<&'static str>) -> Error {
    Error::Rekey {
        fault: fault.to_owned(),
        hint,
    }
}
