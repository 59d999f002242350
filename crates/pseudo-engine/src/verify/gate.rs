//! The decision: what the columns of the output were seen to hold, and what protected columns were
//! found to share with them.

use std::collections::BTreeSet;

use pseudo_pii::Certainty;
use rayon::iter::{
    IndexedParallelIterator, IntoParallelRefIterator, IntoParallelRefMutIterator, ParallelIterator,
};

use super::candidate::{Candidate, Place};
use super::chance;
use super::filter::Filter;
use super::probe::{Class, Probe, Question, Text};
use super::proof::Proof;
use super::seen::{self, Seen, Value};
use super::values::Values;
use crate::manifest::{FoundKind, GateManifest, GatedColumn, SharedIdentity};
use crate::{Leak, Result, Shared};

/// What is asked, of whom, and what was answered.
pub(crate) struct Gate {
    seen: Vec<Seen>,
    pub(crate) probes: Vec<Probe>,
    /// Columns of the output, with the probe that protects the very same column of the source.
    sources: BTreeSet<(usize, usize, usize)>,
    has_looked: bool,
}

/// Streams the cells of every protected column past the filter of its probe.
pub(crate) type Stream<'a> = &'a mut dyn FnMut(&[Filter<'_>]) -> Result<()>;

impl Gate {
    pub(crate) fn new(
        proof: &Proof<'_>,
        probes: Vec<Probe>,
        sources: BTreeSet<(usize, usize, usize)>,
    ) -> Self {
        let mut seen = Vec::new();
        for (table, view) in proof.tables.iter().enumerate() {
            for (column, view) in view.columns.iter().enumerate().filter(|(_, c)| c.shows()) {
                seen.push(Seen::new(table, column, view.rule));
            }
        }
        Self {
            seen,
            probes,
            sources,
            has_looked: false,
        }
    }

    /// Reads the output, and asks about all of its values; every cell of every protected column is
    /// streamed once at least. Answers what [`Gate::verdicts`] wants to have back.
    pub(crate) fn ask(&mut self, proof: &Proof<'_>, stream: Stream<'_>) -> Result<Vec<Vec<Value>>> {
        let wave = 2 * rayon::current_num_threads();
        for (wave, files) in (0..).step_by(wave).zip(proof.files.chunks(wave)) {
            let read: Vec<_> = files
                .par_iter()
                .map(|file| proof.values(file))
                .collect::<Result<_>>()?;
            let add = |seen: &mut Seen| {
                for ((file, (table, _)), values) in (wave..).zip(files).zip(&read) {
                    let place = (seen.table, seen.column);
                    let own = |(column, _): &&(usize, Values)| (*table, *column) == place;
                    for (_, values) in values.iter().filter(own) {
                        seen.add(file, values);
                    }
                }
            };
            self.seen.par_iter_mut().for_each(add);
            self.ask_rest(proof)?;
            self.look_if_many(stream)?;
        }
        let held = self.ask_held(proof, stream)?;
        if !self.has_looked || self.asked() > 0 {
            self.look(stream)?;
        }
        Ok(held)
    }

    /// Asks about the values that are not held: only for what chance does not find.
    fn ask_rest(&mut self, proof: &Proof<'_>) -> Result<()> {
        let rest: Vec<_> = self.seen.iter_mut().map(Seen::take_rest).collect();
        let rest: Vec<Vec<Candidate<'_>>> = rest.par_iter().map(|rest| candidates(rest)).collect();
        let (seen, sources) = (&self.seen, &self.sources);
        let probes = self.probes.par_iter_mut().enumerate();
        probes.try_for_each(|(index, probe)| -> Result<()> {
            for ((number, seen), rest) in seen.iter().enumerate().zip(&rest) {
                let place = place(proof, seen, index, sources);
                let questions = rest.iter().filter_map(|value| value.question(probe, place));
                let sure = questions.filter(|question| question.class == Class::Sure);
                let sure: Vec<Question<'_>> = sure.collect();
                probe.ask(number, &sure)?;
            }
            Ok(())
        })
    }

    /// Asks about the values that are held, and about those like them, a column at a time.
    fn ask_held(&mut self, proof: &Proof<'_>, stream: Stream<'_>) -> Result<Vec<Vec<Value>>> {
        let ended: Vec<_> = self.seen.par_iter_mut().map(Seen::finish).collect();
        for (number, (values, top)) in ended.iter().enumerate() {
            let (sources, Some(seen)) = (&self.sources, self.seen.get(number)) else {
                continue;
            };
            if !seen.is_compared() || values.is_empty() {
                continue;
            }
            let like = Like::new(values, top, seen.is_copied());
            let values: Vec<Candidate<'_>> = values
                .iter()
                .map(|value| Candidate::new(&value.bytes, value.rows, value.file))
                .collect();
            let probes = self.probes.par_iter_mut().enumerate();
            probes.try_for_each(|(index, probe)| -> Result<()> {
                let place = place(proof, seen, index, sources);
                let questions = values
                    .iter()
                    .filter_map(|value| value.question(probe, place));
                let mut questions: Vec<Question<'_>> = questions.collect();
                if questions
                    .iter()
                    .any(|question| question.class != Class::Sure)
                {
                    questions.extend(like.questions());
                }
                probe.ask(number, &questions)
            })?;
            self.look_if_many(stream)?;
        }
        Ok(ended.into_iter().map(|(values, _)| values).collect())
    }

    fn asked(&self) -> usize {
        self.probes.iter().map(Probe::len).sum()
    }

    fn look_if_many(&mut self, stream: Stream<'_>) -> Result<()> {
        if self.asked() > ASKED_MAX {
            self.look(stream)?;
        }
        Ok(())
    }

    fn look(&mut self, stream: Stream<'_>) -> Result<()> {
        let filters: Vec<Filter<'_>> = self.probes.par_iter().map(Probe::filter).collect();
        stream(&filters)?;
        let found: Vec<_> = filters.into_iter().map(Filter::into_found).collect();
        for (probe, found) in self.probes.iter_mut().zip(found) {
            probe.settle(found);
        }
        self.has_looked = true;
        Ok(())
    }

    /// What is to be recorded of each table, and what must not be published. `held` is what
    /// [`Gate::ask`] answered.
    pub(crate) fn verdicts(
        &self,
        proof: &Proof<'_>,
        held: &[Vec<Value>],
    ) -> (Vec<GateManifest>, Vec<Leak>) {
        let mut gates = vec![GateManifest::default(); proof.tables.len()];
        let mut leaks = Vec::new();
        for ((number, seen), held) in self.seen.iter().enumerate().zip(held) {
            let table = proof.tables.get(seen.table).map(|table| table.manifest);
            let column = table.and_then(|table| table.columns.get(seen.column));
            if let (Some(table), Some(column), Some(gate)) =
                (table, column, gates.get_mut(seen.table))
            {
                let leak = |values, rows, file: usize, shared| Leak {
                    table: table.table.clone(),
                    column: column.column.clone(),
                    file: proof
                        .files
                        .get(file)
                        .map(|(_, o)| o.path.clone())
                        .unwrap_or_default(),
                    values,
                    rows,
                    all: true,
                    are_numbers: false,
                    shared,
                };
                let name = format!("{}.{}", table.table, column.column);
                let (kinds, shared) = (
                    kinds(seen, held, &leak, &mut leaks),
                    self.shared((number, name), seen, &leak, &mut leaks),
                );
                gate.columns.push(GatedColumn {
                    column: column.column.clone(),
                    values: seen.distinct(),
                    kinds,
                    shared,
                });
            }
        }
        (gates, leaks)
    }

    /// The identities that share values with column `number`, `name` in full.
    fn shared(
        &self,
        (number, name): (usize, String),
        seen: &Seen,
        leak: &dyn Fn(u64, u64, usize, Shared) -> Leak,
        leaks: &mut Vec<Leak>,
    ) -> Vec<SharedIdentity> {
        let mut shared: Vec<SharedIdentity> = Vec::new();
        for probe in &self.probes {
            let Some(overlap) = probe.overlaps.get(&number) else {
                continue;
            };
            let verdict = chance::judge(overlap, probe.is_categories);
            let identity = probe.name.name();
            // an identity in two forms holds the same values twice
            let is_known = shared.iter().any(|known| known.identity == identity);
            if verdict.values == 0 || is_known {
                continue;
            }
            let is_unrelated = verdict.are_numbers && probe.unrelated.contains(&name);
            if verdict.refuses && !is_unrelated {
                let file = overlap.file.unwrap_or_default();
                leaks.push(Leak {
                    // what chance may find is asked of the values that are held alone
                    all: seen.holds_all() || verdict.values == overlap.found(Class::Sure),
                    are_numbers: verdict.are_numbers,
                    ..leak(verdict.values, overlap.rows, file, probe.name.clone())
                });
            }
            shared.push(SharedIdentity {
                identity: identity.to_owned(),
                values: verdict.values,
                of: verdict.of,
                by_chance: verdict.by_chance,
                unrelated: is_unrelated,
            });
        }
        shared
    }
}

/// The kinds that the values of a column look like.
fn kinds(
    seen: &Seen,
    held: &[Value],
    leak: &dyn Fn(u64, u64, usize, Shared) -> Leak,
    leaks: &mut Vec<Leak>,
) -> Vec<FoundKind> {
    let mut kinds = Vec::new();
    for finding in seen.findings() {
        if finding.certainty == Certainty::Certain {
            let file = seen::first_file(finding.kind, held);
            let kind = Shared::Kind(finding.kind.name());
            leaks.push(leak(finding.values, finding.rows, file, kind));
        }
        kinds.push(FoundKind {
            kind: finding.kind.id().to_owned(),
            certainty: finding.certainty.name().to_owned(),
            values: finding.values,
            rows: finding.rows,
        });
    }
    kinds
}

/// The column as a probe is asked about it.
fn place(
    proof: &Proof<'_>,
    seen: &Seen,
    probe: usize,
    sources: &BTreeSet<(usize, usize, usize)>,
) -> Place {
    let table = proof.tables.get(seen.table);
    let column = table.and_then(|table| table.columns.get(seen.column));
    Place {
        is_number: column.is_some_and(|column| column.data_type.is_numeric()),
        is_source: sources.contains(&(seen.table, seen.column, probe)),
    }
}

fn candidates(batches: &[(usize, Values)]) -> Vec<Candidate<'_>> {
    let mut candidates = Vec::new();
    for (file, values) in batches {
        let of_batch = values
            .iter()
            .map(|(value, rows)| Candidate::new(value, rows, *file));
        candidates.extend(of_batch);
    }
    candidates
}

/// What is like the values of a column.
struct Like {
    like: Vec<(String, Class)>,
    top: Vec<String>,
    above: Vec<String>,
}

impl Like {
    fn new(values: &[Value], top: &BTreeSet<i64>, is_copied: bool) -> Self {
        let none = BTreeSet::new();
        let top = if is_copied { top } else { &none };
        Self {
            like: chance::like(values),
            top: top.iter().map(i64::to_string).collect(),
            above: chance::above(top),
        }
    }

    fn questions(&self) -> impl Iterator<Item = Question<'_>> {
        let like = self.like.iter().map(|(text, class)| (text, *class));
        let top = self.top.iter().map(|text| (text, Class::Top));
        let above = self.above.iter().map(|text| (text, Class::Above));
        let all = like.chain(top).chain(above);
        all.map(|(text, class)| Question {
            text: Text::Valid(text),
            class,
            rows: 0,
            file: 0,
        })
    }
}

/// Cells that are looked for in one go: some hundred megabytes at most.
const ASKED_MAX: usize = 1 << 20;
