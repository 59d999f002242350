//! Where the rows of a leak are from, and whom they concern: the answer of the day on which a file
//! turns up that should be nowhere.
//!
//! Each domain has keys of its own, so that a pseudonym tells by whose key it was made: a seal by
//! opening, which proves it, a token by being made again of some value of the source. Published
//! runs tell by what they hold, and by what they hold no longer. It is evidence and no proof of who
//! leaked: whoever holds a root key can have made the pseudonyms, and all who read a run look
//! alike.
//!
//! It is a machine that finds people, and is guarded as one: a reason, the consent of two approvers
//! where the keyring asks for it and values are opened, and a line in the audit log of every file
//! of keys before anything is told. No value leaves this module but sealed to a recipient.
//!
//! Reading order: `report` (what is told) · `sample` (the rows), `form` (what a pseudonym looks
//! like), `columns` (what columns hold) · `names`, `keys` (who may have made it) · `subjects` (the
//! source), `runs`, `rows` (what was published) · `people` (the sealed list), `facts` (a draft for
//! those who have to tell).

mod columns;
pub mod facts;
mod form;
mod keys;
mod names;
mod needles;
mod people;
mod report;
mod rows;
mod runs;
mod sample;
mod subjects;
mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use pseudo_pii::Kind;

use self::columns::{Columns, Index, Item};
use self::form::Pseudonym;
use self::keys::{Candidates, Opened};
use self::names::Names;
use self::people::List;
use self::rows::{Leak, Verdict};
use self::runs::Run;
use self::sample::Sample;
use self::subjects::{Found, Sources};
use self::tally::Makers;
use crate::ask::{self, Asking, Denial, Lines, Stop};
use crate::audit::{Entry, ListedPeople, Outcome, UsedKey, Who};
use crate::disk::Disk;
use crate::plan;
use crate::policy::Policy;
use crate::progress::Progress;
use crate::{Cancel, Error, Result};

pub use self::form::Written;
pub use self::keys::Ring;
pub use self::people::ListTo;
pub use self::report::{
    Attribution, Category, Class, Maker, People, PeopleList, Scheme, TraceReport, TracedColumn,
    TracedRun,
};

/// The most rows of a leak that can be asked about.
pub const ROWS_MAX: u64 = 1_000_000;

/// What is asked about a leak, by whom and why.
pub struct TraceRequest<'a> {
    /// Why.
    pub reason: Option<&'a str>,
    /// Rows of the leak that are looked at, at most [`ROWS_MAX`].
    pub rows_max: u64,
    /// Pipelines that may have made it: their names of identities, and their sources.
    pub policies: &'a [Policy],
    /// Where the tables of all pipelines come from, when not from where they say.
    pub source: Option<&'a Path>,
    /// Sinks whose retained runs may hold it.
    pub sinks: &'a [PathBuf],
    /// Who holds keys.
    pub rings: &'a [Ring<'a>],
    /// The age identity files of approvers.
    pub approvers: &'a [PathBuf],
    /// Who gets the list of people.
    pub list: Option<ListTo<'a>>,
    /// Who asks.
    pub who: Who,
    /// When.
    pub time: DateTime<Utc>,
    /// Worker threads; all cores when absent.
    pub threads: Option<usize>,
    /// Who is told how far it is.
    pub progress: &'a dyn Progress,
    /// Asks it to stop.
    pub cancel: Cancel,
    /// What it writes to.
    pub disk: Disk,
}

/// Says where the rows of `leak` are from and whom they concern.
///
/// # Errors
/// [`Error::Denied`] when it is refused, which the audit logs say, too; when the leak, a source, a
/// provider of keys or the disk fails. Nothing is told and no list is there then.
pub fn trace(request: &TraceRequest<'_>, leak: &mut dyn Read) -> Result<TraceReport> {
    let rows = request.rows_max.min(ROWS_MAX);
    if let Some(list) = &request.list {
        is_free(list.path, request.sinks)?;
    }
    let sample = Sample::read(leak, usize::try_from(rows).unwrap_or(usize::MAX))?;
    let mut names = Names::default();
    for policy in request.policies {
        names.add_pipeline(&policy.pipeline);
    }
    let mut runs = Vec::new();
    for sink in request.sinks {
        runs.extend(runs::of_sink(sink)?);
    }
    runs.iter().for_each(|run| names.add_run(&run.manifest));
    let columns = columns::look(&sample, &names);
    let mut askings = askings(request, &names, &columns);
    let asked = answer(request, &mut askings, &sample, columns, &names, runs);
    let (mut report, list) = match end(askings, asked)? {
        (Some(answer), recorded) => {
            let (report, list) = *answer;
            (TraceReport { recorded, ..report }, list)
        }
        (None, _) => return Err(Error::Internal("trace: no holder of keys".to_owned())),
    };
    if let (Some(to), Some(list)) = (&request.list, list) {
        list.write(to, &request.disk)?;
        report.list = Some(PeopleList {
            path: to.path.to_path_buf(),
            recipient: to.recipient.to_string(),
            lines: list.lines(),
            people: list.people,
        });
    }
    Ok(report)
}

/// The answer, and the list of people that belongs to it.
type Answer = Box<(TraceReport, Option<List>)>;

/// Refuses a list where there is one, or where analysts read.
fn is_free(path: &Path, sinks: &[PathBuf]) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        let there = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(Error::io("create", path)(there));
    }
    for sink in sinks {
        if plan::absolute(path)?.starts_with(plan::absolute(sink)?) {
            let fault = "a list of people lies inside a sink, where analysts read";
            return Err(Error::unfit(&path.to_string_lossy(), fault));
        }
    }
    Ok(())
}

/// One question for each log.
fn askings<'a>(request: &TraceRequest<'a>, names: &Names, columns: &Columns) -> Vec<Asking<'a>> {
    let items: BTreeSet<String> = columns.items.iter().map(written).collect();
    let joined = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(",");
    let asking = |ring: &Ring<'a>| {
        let own = |domain: &str| ring.domains.as_ref().is_none_or(|own| own.contains(domain));
        let spaces = || names.spaces.keys().filter(|space| own(&space.domain));
        let entry = Entry {
            time: request.time.to_rfc3339_opts(SecondsFormat::Secs, true),
            who: request.who.clone(),
            verb: "trace".to_owned(),
            reason: request.reason.unwrap_or_default().to_owned(),
            domain: joined(spaces().map(|space| space.domain.as_str()).collect()),
            identity: joined(spaces().map(|space| space.identity.as_str()).collect()),
            kind: joined(spaces().map(|space| space.kind.id()).collect()),
            keys: Vec::new(),
            asked: columns.items.len() as u64,
            answered: 0,
            outcome: Outcome::Refused,
            why: None,
            approvers: Vec::new(),
            list: None,
            inputs: ring.audit.digest(items.iter().map(String::as_str)),
        };
        Asking::of(entry, ring.audit)
    };
    request.rings.iter().map(asking).collect()
}

/// An item as it is digested.
fn written(item: &Item) -> String {
    match item {
        Item::Pseudonym(Pseudonym::Token(bytes)) => format!("token:{}", crate::source::hex(bytes)),
        Item::Pseudonym(Pseudonym::Seal(bytes)) => format!("seal:{}", crate::source::hex(bytes)),
        Item::Value(kind, text, _) => format!("{}:{text}", kind.id()),
    }
}

/// Writes down in every log what came of it, and only then hands the answer out.
fn end(
    askings: Vec<Asking<'_>>,
    answer: Result<(Answer, u64), Stop>,
) -> Result<(Option<Answer>, Vec<crate::audit::Recorded>)> {
    let (answer, answered) = match answer {
        Ok((answer, answered)) => (answer, answered),
        Err(Stop::Failed(error)) => return Err(error),
        Err(Stop::Denied(denial)) => return Err(refuse(askings, &denial)),
    };
    let answered = usize::try_from(answered).unwrap_or(usize::MAX);
    let mut recorded = Vec::new();
    for (place, asking) in askings.iter().enumerate() {
        let lines = Vec::<()>::new();
        match asking.clone().end(Ok(Lines { lines, answered })) {
            Ok(answer) => recorded.push(answer.recorded),
            Err(Error::Denied { denial, recorded }) => {
                // those that have it as allowed have it as refused behind that
                let why = Denial::NotGranted(denial.to_string());
                let others = askings.into_iter().enumerate();
                let others = others.filter(|(other, _)| *other != place);
                drop(refuse(others.map(|(_, asking)| asking).collect(), &why));
                return Err(Error::Denied { denial, recorded });
            }
            Err(error) => return Err(error),
        }
    }
    let is_recorded = !recorded.is_empty();
    Ok((is_recorded.then_some(answer), recorded))
}

/// Writes a refusal down in every log, and answers the first.
fn refuse(askings: Vec<Asking<'_>>, denial: &Denial) -> Error {
    let mut refused = None;
    for asking in askings {
        let answer = asking.end::<()>(Err(Stop::Denied(denial.clone())));
        if let Err(error) = answer {
            refused.get_or_insert(error);
        }
    }
    refused.unwrap_or_else(|| Error::Denied {
        denial: denial.clone(),
        recorded: None,
    })
}

fn answer(
    request: &TraceRequest<'_>,
    askings: &mut [Asking<'_>],
    sample: &Sample,
    columns: Columns,
    names: &Names,
    mut runs: Vec<Run>,
) -> Result<(Answer, u64), Stop> {
    reasoned(request, askings, &columns)?;
    let has = |is: fn(&Pseudonym) -> bool| {
        let mut items = columns.items.iter();
        items.any(|item| matches!(item, Item::Pseudonym(found) if is(found)))
    };
    let tokens = has(|found| matches!(found, Pseudonym::Token(_)));
    let seals = has(|found| matches!(found, Pseudonym::Seal(_)));
    if seals || request.list.is_some() {
        for (asking, ring) in askings.iter_mut().zip(request.rings) {
            asking.approve(ring.held, request.approvers)?;
        }
    }
    let candidates = Candidates::derive(request.rings, names, (tokens, seals))?;
    for (asking, used) in askings.iter_mut().zip(&candidates.used) {
        let used = used.iter().map(|(epoch, check)| UsedKey {
            epoch: epoch.0,
            check: check.to_string(),
        });
        asking.entry().keys.extend(used);
    }
    let mut tracing = Tracing {
        request,
        index: Index::new(&columns.columns),
        columns,
        makers: Makers::default(),
        damaged: BTreeSet::new(),
        notes: sample.notes.clone(),
        found: Found::default(),
        opened: BTreeSet::new(),
        recomputed: false,
    };
    tracing.open(&candidates, askings)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(request.threads.unwrap_or(0));
    let pool = pool.build();
    let pool = pool.map_err(|_| Error::Internal("no worker threads".to_owned()))?;
    let verdicts = pool.install(|| {
        tracing.runs(&mut runs)?;
        tracing.subjects(&candidates)?;
        tracing.verdicts(sample, &runs)
    })?;
    let list = tracing.list();
    if let (Some(to), Some(list)) = (&request.list, &list) {
        for asking in askings.iter_mut() {
            asking.entry().list = Some(ListedPeople {
                recipient: to.recipient.to_string(),
                people: list.people,
            });
        }
    }
    let answered = tracing.answered();
    let report = tracing.report(sample, names, &runs, verdicts);
    Ok((Box::new((report, list)), answered))
}

/// Refuses what is no reason, and one that quotes the leak.
fn reasoned(
    request: &TraceRequest<'_>,
    askings: &mut [Asking<'_>],
    columns: &Columns,
) -> Result<(), Denial> {
    let reason = request.reason.unwrap_or_default();
    let values = || {
        columns.items.iter().filter_map(|item| match item {
            Item::Value(_, text, _) => Some(text.as_str()),
            Item::Pseudonym(_) => None,
        })
    };
    let has_pseudonym = form::in_text(reason).next().is_some();
    for asking in askings.iter_mut() {
        asking.unquoted(values().chain(has_pseudonym.then_some(reason)))?;
    }
    ask::reasoned(reason)
}

/// A leak on its way to an answer.
struct Tracing<'a> {
    request: &'a TraceRequest<'a>,
    columns: Columns,
    index: Index,
    makers: Makers,
    damaged: BTreeSet<u32>,
    notes: Vec<String>,
    found: Found,
    /// Values that seals opened to.
    opened: BTreeSet<u32>,
    recomputed: bool,
}

impl Tracing<'_> {
    /// Opens all seals.
    fn open(&mut self, candidates: &Candidates, askings: &mut [Asking<'_>]) -> Result<(), Denial> {
        let mut texts: BTreeMap<(String, String), u32> = BTreeMap::new();
        for item in 0..self.columns.items.len() {
            let number = u32::try_from(item).unwrap_or(u32::MAX);
            let Some(Item::Pseudonym(Pseudonym::Seal(seal))) = self.columns.items.get(item) else {
                continue;
            };
            let opened = form::key_id(seal).map(|id| candidates.open(seal, id));
            match opened {
                Some(Opened::Value(maker, bytes)) => {
                    let kind = Kind::parse(&maker.kind);
                    if let (Ok(text), Some(kind)) = (String::from_utf8(bytes), kind) {
                        let identity = maker.identity.clone();
                        let next = u32::try_from(self.columns.items.len()).unwrap_or(u32::MAX);
                        let place = texts
                            .entry((identity.clone(), text.clone()))
                            .or_insert(next);
                        if *place == next {
                            self.columns
                                .items
                                .push(Item::Value(kind, text, Some(identity)));
                        }
                        self.index.also(*place, number);
                        self.opened.insert(*place);
                    }
                    self.makers.proved(number, maker);
                }
                Some(Opened::Damaged) => drop(self.damaged.insert(number)),
                Some(Opened::OtherKey) | None => {}
            }
        }
        for asking in askings {
            asking.unquoted(texts.keys().map(|(_, text)| text.as_str()))?;
        }
        Ok(())
    }

    /// Looks into published runs.
    fn runs(&mut self, runs: &mut [Run]) -> Result<()> {
        if runs.is_empty() {
            return Ok(());
        }
        self.request.progress.phase("runs");
        let mut search = runs::Search::new(&self.columns.items, &self.request.cancel);
        for run in runs {
            search.run(run)?;
            for (table, hits) in run.manifest.tables.iter().zip(run.hits.iter().flatten()) {
                for (column, items) in &hits.columns {
                    let column = table.columns.get(*column as usize);
                    let maker = column.and_then(|column| runs::maker(&run.manifest, column));
                    if let Some(maker) = maker {
                        items
                            .iter()
                            .for_each(|item| self.makers.told(*item, maker.clone()));
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes tokens of all values of the source.
    fn subjects(&mut self, candidates: &Candidates) -> Result<()> {
        let mut sources = Sources::default();
        for policy in self.request.policies {
            let name = &policy.pipeline.name;
            let added = sources.add(&policy.pipeline, policy.base(), self.request.source);
            match added {
                Ok(absent) if absent.is_empty() => {}
                Ok(absent) => self.notes.push(format!(
                    "pipeline {name}: no source of {}, whose values were not looked at",
                    absent.join(", ")
                )),
                // the source of a pipeline may be where no incident team gets
                Err(_) if self.request.source.is_none() => self.notes.push(format!(
                    "pipeline {name}: its source cannot be read, and its values were not looked at"
                )),
                Err(error) => return Err(error),
            }
        }
        if sources.is_empty() {
            return Ok(());
        }
        self.request.progress.phase("source");
        let control = (&self.request.cancel, self.request.progress);
        self.found = sources.search(&self.columns.items, &candidates.tokens, control)?;
        self.recomputed = true;
        for (item, candidate) in &self.found.made {
            if let Some(candidate) = candidates.tokens.get(*candidate) {
                self.makers.proved(*item, candidate.maker.clone());
            }
        }
        if !self.found.many.is_empty() {
            let note = "some of it stands in more than 1,000 rows about others: not all were kept";
            self.notes.push(note.to_owned());
        }
        Ok(())
    }

    /// Compares the rows with those of all runs.
    fn verdicts(&self, sample: &Sample, runs: &[Run]) -> Result<Vec<Verdict>> {
        let leak = Leak::new(sample, &self.columns, |item| self.makers.has(item));
        runs.iter().map(|run| leak.compare(run)).collect()
    }

    /// The list of people, where there are some.
    fn list(&self) -> Option<List> {
        self.request.list.as_ref()?;
        let kept = people::kept(&self.found.rows, &self.index);
        let identifiers = self.columns.columns.iter().flat_map(|column| {
            // a column that is no identifier by its values, and by its name alone
            let is_raw =
                |item: &&u32| !column.kinds.is_empty() || self.found.values.contains(*item);
            column.identifiers.iter().filter(is_raw)
        });
        let values = self.opened.iter().chain(identifiers).copied().collect();
        let list = List::new(&kept, &self.index, &self.columns.items, &values);
        (list.lines() > 0).then_some(list)
    }

    /// How much of what was asked has an answer.
    fn answered(&self) -> u64 {
        let asked = self.columns.columns.iter();
        let asked = asked.flat_map(|column| column.pseudonyms.iter().chain(&column.identifiers));
        let has_answer = |item: &&u32| self.makers.has(**item) || self.found.values.contains(*item);
        asked.filter(has_answer).collect::<BTreeSet<_>>().len() as u64
    }
}
