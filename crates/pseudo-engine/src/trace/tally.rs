//! What was found, counted: columns, runs, people.

use std::collections::{BTreeMap, BTreeSet};

use pseudo_pii::Kind;

use super::columns::{Column, Item};
use super::names::Names;
use super::report::{
    Attribution, Category, Class, Maker, People, TraceReport, TracedColumn, TracedRun,
};
use super::rows::Verdict;
use super::runs::Run;
use super::sample::Sample;
use super::{Tracing, people};

/// By item, the keys that made it, and whether that is proved.
#[derive(Default)]
pub(super) struct Makers(BTreeMap<u32, BTreeMap<Maker, bool>>);

impl Makers {
    /// A key has made it, for it opens it, or makes it again.
    pub(super) fn proved(&mut self, item: u32, maker: Maker) {
        self.0.entry(item).or_default().insert(maker, true);
    }

    /// A manifest says so.
    pub(super) fn told(&mut self, item: u32, maker: Maker) {
        self.0
            .entry(item)
            .or_default()
            .entry(maker)
            .or_insert(false);
    }

    pub(super) fn has(&self, item: u32) -> bool {
        self.0.contains_key(&item)
    }

    fn of(&self, item: u32) -> impl Iterator<Item = (&Maker, bool)> {
        let makers = self.0.get(&item).into_iter().flatten();
        makers.map(|(maker, proved)| (maker, *proved))
    }
}

impl Tracing<'_> {
    pub(super) fn report(
        self,
        sample: &Sample,
        names: &Names,
        runs: &[Run],
        verdicts: Vec<Verdict>,
    ) -> TraceReport {
        let columns: Vec<_> = self
            .columns
            .columns
            .iter()
            .map(|c| self.column(c))
            .collect();
        let is = |class: Class| {
            let mut classes = columns.iter().map(|column| column.class);
            classes.any(|one| one == class || one == Class::Mixed)
        };
        let conflicts = self
            .makers
            .0
            .values()
            .filter(|makers| makers.len() > 1)
            .count();
        let people = self.people(names, runs, &verdicts);
        let categories = self.categories(runs, &verdicts);
        let runs = runs
            .iter()
            .zip(&verdicts)
            .map(|(run, verdict)| traced(run, verdict));
        TraceReport {
            format: sample.format,
            rows: sample.rows as u64,
            class: Class::of(is(Class::Raw), is(Class::Pseudonymised)),
            conflicts: conflicts as u64,
            runs: runs.collect(),
            list: None,
            recomputed: self.recomputed,
            recorded: Vec::new(),
            notes: self.notes,
            columns,
            people,
            categories,
        }
    }

    fn column(&self, column: &Column) -> TracedColumn {
        let mut made: BTreeMap<&Maker, (u64, u64)> = BTreeMap::new();
        let makers = column
            .pseudonyms
            .iter()
            .flat_map(|item| self.makers.of(*item));
        for (maker, proved) in makers {
            let (matched, proofs) = made.entry(maker).or_default();
            *matched += 1;
            *proofs += u64::from(proved);
        }
        let made_by = made
            .into_iter()
            .map(|(maker, (matched, proved))| Attribution {
                maker: maker.clone(),
                matched,
                proved,
            });
        let damaged = column.pseudonyms.intersection(&self.damaged).count() as u64;
        let unknown = column
            .pseudonyms
            .iter()
            .filter(|item| !self.makers.has(**item));
        let unknown = unknown.count() as u64;
        let in_source = column.identifiers.intersection(&self.found.values).count() as u64;
        // a name says what is there, where the source has most of it
        let is_there = in_source * 2 > column.identifiers.len() as u64;
        let raw = !column.kinds.is_empty() || is_there;
        TracedColumn {
            name: column.shown.clone(),
            class: match column.class() {
                Class::Pseudonymised | Class::Mixed => Class::of(raw, true),
                Class::Raw | Class::Neither => Class::of(raw, false),
            },
            values: column.values,
            forms: column.forms.clone(),
            pseudonyms: column.pseudonyms.len() as u64,
            rewritten: column.rewritten.len() as u64,
            kinds: column.kinds.clone(),
            in_source,
            made_by: made_by.collect(),
            unknown: unknown.saturating_sub(damaged),
            damaged,
        }
    }

    fn people(&self, names: &Names, runs: &[Run], verdicts: &[Verdict]) -> People {
        let (mut at_least, by) = self.at_least(names);
        let (at_most, of) = self.at_most(runs, verdicts);
        if by.is_none() {
            at_least = 0;
        }
        People {
            at_least,
            by,
            // an estimate of the distinct may be below what was counted
            at_most: at_most.map(|most| most.max(at_least)),
            of,
        }
    }

    /// Distinct subjects of the rows, by the best that tells them.
    fn at_least(&self, names: &Names) -> (u64, Option<String>) {
        let kept = people::kept(&self.found.rows, &self.index);
        let subjects = kept.iter().filter(|row| row.by_subject);
        let subjects = subjects.filter_map(|row| row.subject.as_ref());
        let of_source = people::most(
            subjects
                .clone()
                .map(|(_, names, value)| (names.join(", "), value.as_str())),
        );
        let name = subjects.map(|(_, names, _)| names.join(", ")).next();
        // by column, domain and identity, what the rows hold of it: two columns may say the same
        let mut named: BTreeMap<(&str, &str, &str, usize), BTreeSet<u32>> = BTreeMap::new();
        for (place, column) in self.columns.columns.iter().enumerate() {
            for item in &column.pseudonyms {
                for (maker, _) in self.makers.of(*item) {
                    let (domain, kind) = (maker.domain.as_str(), maker.kind.as_str());
                    let name = (domain, maker.identity.as_str(), kind, place);
                    named.entry(name).or_default().insert(*item);
                }
            }
        }
        let is_subject = |(domain, identity, ..): &(&str, &str, &str, usize)| {
            let subject = ((*domain).to_owned(), (*identity).to_owned());
            names.subjects.contains(&subject)
        };
        let told = named.iter().filter(|(name, _)| is_subject(name));
        let told = told
            .map(|((_, identity, ..), items)| (items.len() as u64, *identity))
            .max();
        if let Some((count, identity)) = told.filter(|(count, _)| *count >= of_source) {
            return (
                count,
                Some(format!("distinct subjects, identity {identity}")),
            );
        }
        if let Some(name) = name.filter(|_| of_source > 0) {
            return (
                of_source,
                Some(format!("distinct subjects, identity {name}")),
            );
        }
        let strongest = named
            .iter()
            .max_by_key(|((_, _, kind, _), items)| (Kind::parse(kind).map(strength), items.len()));
        if let Some(((_, identity, ..), items)) = strongest {
            return (
                items.len() as u64,
                Some(format!("distinct values, identity {identity}")),
            );
        }
        self.raw()
    }

    /// Distinct values of the strongest identity, as they stand in the rows.
    fn raw(&self) -> (u64, Option<String>) {
        let mut kinds: BTreeMap<Kind, BTreeSet<&str>> = BTreeMap::new();
        for column in self
            .columns
            .columns
            .iter()
            .filter(|column| !column.kinds.is_empty())
        {
            for item in &column.identifiers {
                if let Some(Item::Value(kind, text, _)) = self.columns.items.get(*item as usize) {
                    kinds.entry(*kind).or_default().insert(text);
                }
            }
        }
        let strongest = kinds.iter().max_by_key(|(kind, _)| strength(**kind));
        strongest.map_or((0, None), |(kind, values)| {
            (
                values.len() as u64,
                Some(format!("distinct values, kind {}", kind.name())),
            )
        })
    }

    /// The subjects of what the rows were taken from.
    fn at_most(&self, runs: &[Run], verdicts: &[Verdict]) -> (Option<u64>, Option<String>) {
        let best = best(runs, verdicts);
        let most = best.iter().filter_map(|(run, table)| {
            let table = run.manifest.tables.get(*table)?;
            // an estimate, and three times its standard error of 0.8 %
            let subjects = table.distinct_subjects.unwrap_or(table.published_rows);
            let count = (subjects + subjects * 24 / 1_000).min(table.published_rows);
            Some((
                count,
                format!("table {} of run {}", table.table, run.manifest.run_id),
            ))
        });
        if let Some((count, of)) = most.max() {
            return (Some(count), Some(of));
        }
        let kept = people::kept(&self.found.rows, &self.index);
        let tables = kept.iter().map(|row| &row.table);
        let tables: BTreeSet<&String> = tables.collect();
        let rows = tables.iter().filter_map(|table| {
            Some((
                *self.found.read.get(*table)?,
                format!("table {table} of the source"),
            ))
        });
        rows.max()
            .map_or((None, None), |(count, of)| (Some(count), Some(of)))
    }

    /// What was done to each column, as a run or a pipeline says.
    fn categories(&self, runs: &[Run], verdicts: &[Verdict]) -> Vec<Category> {
        let best = best(runs, verdicts);
        let category = |column: &Column| {
            let mut tables = best
                .iter()
                .filter_map(|(run, at)| run.manifest.tables.get(*at));
            let of_run = tables.find_map(|table| {
                let mut columns = table.columns.iter();
                columns.find(|own| column.name.as_ref() == Some(&own.column))
            });
            let mut makers = column
                .pseudonyms
                .iter()
                .flat_map(|item| self.makers.of(*item));
            let identity = makers.next().map(|(maker, _)| maker.identity.clone());
            let in_source = column.identifiers.intersection(&self.found.values).count();
            let is_there = in_source * 2 > column.identifiers.len();
            let (about, rule) = if !column.kinds.is_empty() || is_there {
                let kind = column
                    .kinds
                    .first()
                    .map(|(kind, ..)| kind.name().to_owned());
                let named = column.identifiers.first();
                let named = named.and_then(|item| self.columns.items.get(*item as usize));
                let named = match named {
                    Some(Item::Value(kind, _, _)) => Some(kind.name().to_owned()),
                    _ => None,
                };
                (kind.or(named), "as it is: not pseudonymised".to_owned())
            } else if let Some(own) = of_run {
                (
                    own.identity.clone().or_else(|| Some(own.source.clone())),
                    own.action.clone(),
                )
            } else if !column.pseudonyms.is_empty() {
                let by = if identity.is_some() {
                    "pseudonym"
                } else {
                    "the form of a pseudonym"
                };
                (identity, by.to_owned())
            } else {
                let said = self.said(column);
                (
                    said.as_ref().map(|(source, _)| source.clone()),
                    said.map_or_else(|| "unknown: look at it".to_owned(), |(_, rule)| rule),
                )
            };
            Category {
                column: column.shown.clone(),
                about,
                rule,
            }
        };
        self.columns.columns.iter().map(category).collect()
    }

    /// The rule by which a pipeline writes a column of that name, and of which column.
    fn said(&self, column: &Column) -> Option<(String, String)> {
        let name = column.name.as_ref()?;
        let policies = self.request.policies.iter();
        let mut tables = policies.flat_map(|policy| &policy.pipeline.tables);
        tables.find_map(|table| {
            table.columns.iter().find_map(|rules| {
                let mut written = rules.rules.iter().filter(|rule| rule.action.writes());
                let rule = written.find(|rule| rule.output(&rules.column) == name)?;
                Some((rules.column.clone(), rule.action.describe()))
            })
        })
    }
}

/// The runs that can have held the rows, or else those that have most of them, with their tables.
fn best<'a>(runs: &'a [Run], verdicts: &[Verdict]) -> Vec<(&'a Run, usize)> {
    let rank = |verdict: &Verdict| {
        let is_whole = verdict.changed == 0 && verdict.absent == 0;
        (is_whole, verdict.held, verdict.changed)
    };
    let found = || {
        runs.iter()
            .zip(verdicts)
            .filter(|(_, v)| v.held + v.changed > 0)
    };
    let most = found().map(|(_, verdict)| rank(verdict)).max();
    let best = found().filter(|(_, verdict)| Some(rank(verdict)) == most);
    best.filter_map(|(run, verdict)| Some((run, verdict.table?)))
        .collect()
}

fn traced(run: &Run, verdict: &Verdict) -> TracedRun {
    let Run { manifest, .. } = run;
    let table = verdict.table.and_then(|at| manifest.tables.get(at));
    TracedRun {
        sink: run.sink.clone(),
        run_id: manifest.run_id.clone(),
        current: run.current,
        domain: manifest.recipe.domain.clone(),
        epoch: manifest.recipe.epoch,
        started: manifest.started.clone(),
        finished: manifest.finished.clone(),
        table: table.map(|table| table.table.clone()),
        compared: verdict.compared,
        held: verdict.held,
        changed: verdict.changed,
        absent: verdict.absent,
        unread: run.hits.as_ref().err().cloned(),
    }
}

/// How well a kind tells one person from another.
const fn strength(kind: Kind) -> u8 {
    match kind {
        Kind::CnResidentId => 9,
        Kind::CnPhone => 8,
        Kind::Email => 7,
        Kind::BankCard => 6,
        Kind::Vin => 5,
        Kind::CnPlate => 4,
        Kind::Integer => 3,
        Kind::CnUscc => 2,
        Kind::Exact | Kind::Text | Kind::Name | Kind::Address => 1,
    }
}
