//! The members of classes: rows, or distinct subjects.
//!
//! Where every row has a subject of its own, both are the same, and rows are counted. Otherwise
//! pairs of subject and class are told apart, in passes over ranges of the subject's hash when they
//! do not all fit.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::execution::memory_pool::MemoryReservation;
use pseudo_engine::risk::{SetRisk, Unit};

use super::hash::{Cells, HashedMap, Keys, is_ordered};
use super::measure::{Sizes, Spread, sensitive};
use super::scan::Files;
use super::tally::{Key, Tally, runs};
use super::{Hashing, learn_order};
use crate::error::{self, Error};

/// The columns of a set, by their places in the files.
#[derive(Clone)]
pub(crate) struct SetColumns {
    pub(crate) quasi_identifiers: Vec<usize>,
    pub(crate) sensitive: Vec<usize>,
}

/// The counts of one set.
pub(crate) struct Counted {
    classes: Vec<Tally<u64>>,
    sensitive: Vec<Vec<Tally<(u64, u64)>>>,
    orders: Vec<Option<HashedMap<u64, i128>>>,
    /// Held as long as the counts are.
    accounts: Vec<MemoryReservation>,
}

impl Counted {
    /// What the counts tell.
    pub(crate) fn risk(
        self,
        quasi_identifiers: &[String],
        unit: Unit,
        k_wanted: u64,
        columns: &[String],
    ) -> SetRisk {
        let add = |sizes: &mut Sizes, classes: Vec<(u64, u64)>| sizes.add(&classes);
        let sizes = Sizes::sum(runs(self.classes, Sizes::default, add));
        let spreads = self.sensitive.into_iter().zip(&self.orders);
        let told = columns
            .iter()
            .zip(spreads)
            .map(|(column, (tallies, order))| {
                let parts = runs(tallies, Vec::new, |parts: &mut Spread, part| {
                    parts.push(part);
                });
                sensitive(
                    column,
                    &parts.into_iter().flatten().collect(),
                    order.as_ref(),
                )
            });
        let risk = sizes.risk(quasi_identifiers, unit, k_wanted, told.collect());
        drop(self.accounts);
        risk
    }
}

/// Counts the members of the classes of each set.
pub(crate) fn count(
    files: &Files,
    sets: &[SetColumns],
    subject: Option<usize>,
    memory_bytes_max: usize,
) -> Result<Vec<Counted>, Error> {
    let plan = Arc::new(Plan {
        keys: Keys::new(),
        sets: sets.to_vec(),
    });
    let Some(subject) = subject else {
        return Ok(plan.rows(files, None)?.0);
    };
    let rows = usize::try_from(files.rows).map_err(|_| Error::Memory)?;
    let fits = |lists: usize| rows.saturating_mul(lists * LISTED) <= memory_bytes_max / 5 * 4;
    if fits(1 + sets.len()) {
        match plan.rows(files, Some(subject)) {
            Ok((counted, subjects)) if subjects == files.rows => return Ok(counted),
            Ok(_) | Err(Error::Memory) => {}
            Err(error) => return Err(error),
        }
    } else if fits(1) {
        let alone = Arc::new(Plan {
            keys: plan.keys,
            sets: Vec::new(),
        });
        if alone.rows(files, Some(subject))?.1 == files.rows {
            return Ok(plan.rows(files, None)?.0);
        }
    }
    let lists = sets.iter().map(|set| 2 + 3 * set.sensitive.len());
    let bytes = lists.sum::<usize>() * LISTED * rows;
    plan.subjects(
        files,
        subject,
        bytes.div_ceil(memory_bytes_max / 2 + 1).max(1),
    )
}

/// What is counted.
struct Plan {
    keys: Keys,
    sets: Vec<SetColumns>,
}

/// A subject and its class, or a class and a value in it.
type Pair = (u64, u64);
/// A subject, its class, and its value.
type Triple = (u64, u64, u64);

/// What a task counts of one set.
struct Part<C, V> {
    classes: Tally<C>,
    sensitive: Vec<Tally<V>>,
    orders: Vec<Option<HashedMap<u64, i128>>>,
}

/// What a task counts.
struct Task<C, V> {
    hashing: Hashing,
    parts: Vec<Part<C, V>>,
    subjects: Tally<u64>,
    account: MemoryReservation,
}

impl Plan {
    /// Counts rows, and the distinct values of `subject`.
    fn rows(
        self: &Arc<Self>,
        files: &Files,
        subject: Option<usize>,
    ) -> Result<(Vec<Counted>, u64), Error> {
        let columns = self.columns(subject);
        let plan = Arc::clone(self);
        let fold = move |task: &mut Task<u64, (u64, u64)>, batch: &RecordBatch| {
            let cells = task.hashing.cells(batch)?;
            if let Some(subject) = subject {
                let subjects = task.hashing.at(&cells, subject)?;
                subjects.count(|hash, times| task.subjects.add(hash, times));
            }
            for (set, part) in plan.sets.iter().zip(&mut task.parts) {
                let classes = set.classes(&task.hashing, &cells, batch)?;
                classes.iter().for_each(|class| part.classes.add(*class, 1));
                set.each_sensitive(&task.hashing, &cells, batch, part, |tally, values| {
                    for (row, class) in classes.iter().enumerate() {
                        tally.add((*class, values.at(row)), 1);
                    }
                })?;
            }
            task.settle()
        };
        let tasks = files.fold(&columns, || self.task(files, &columns), fold)?;
        let mut counted = self.nothing();
        let mut subjects = Vec::new();
        for task in tasks {
            subjects.push(task.subjects);
            let mut account = Some(task.account);
            for (counted, part) in counted.iter_mut().zip(task.parts) {
                counted.classes.push(part.classes);
                for (own, tally) in counted.sensitive.iter_mut().zip(part.sensitive) {
                    own.push(tally);
                }
                counted.take_orders(part.orders);
                counted.accounts.extend(account.take());
            }
        }
        let count = |distinct: &mut u64, runs: Vec<(u64, u64)>| *distinct += runs.len() as u64;
        Ok((counted, runs(subjects, || 0, count).into_iter().sum()))
    }

    /// Counts distinct subjects, in passes.
    fn subjects(
        self: &Arc<Self>,
        files: &Files,
        subject: usize,
        passes: usize,
    ) -> Result<Vec<Counted>, Error> {
        let columns = self.columns(Some(subject));
        let mut counted = self.nothing();
        let account = files.account();
        for pass in 0..passes as u64 {
            let in_pass = move |hash: u64| ((hash & LOW) * passes as u64) >> 32 == pass;
            let plan = Arc::clone(self);
            let fold = move |task: &mut Task<Pair, Triple>, batch: &RecordBatch| {
                let cells = task.hashing.cells(batch)?;
                let who = task.hashing.at(&cells, subject)?;
                let all = (0..batch.num_rows()).map(|row| (row, who.at(row)));
                let here: Vec<(usize, u64)> = all.filter(|(_, who)| in_pass(*who)).collect();
                for (set, part) in plan.sets.iter().zip(&mut task.parts) {
                    let classes = set.classes(&task.hashing, &cells, batch)?;
                    let class = |row: usize| classes.get(row).copied().unwrap_or_default();
                    for (row, who) in &here {
                        part.classes.add((*who, class(*row)), 1);
                    }
                    set.each_sensitive(&task.hashing, &cells, batch, part, |tally, values| {
                        for (row, who) in &here {
                            tally.add((*who, class(*row), values.at(*row)), 1);
                        }
                    })?;
                }
                task.settle()
            };
            let tasks = files.fold(&columns, || self.task(files, &columns), fold)?;
            let mut parts: Vec<Vec<_>> = self.sets.iter().map(|_| Vec::new()).collect();
            for task in tasks {
                let own = parts.iter_mut().zip(task.parts);
                own.for_each(|(to, part)| to.push(part));
            }
            for (counted, parts) in counted.iter_mut().zip(parts) {
                counted.take_members(parts);
            }
            let held = counted.iter().map(Counted::held).sum();
            account
                .try_resize(held)
                .map_err(|error| error::strip(error, &[]))?;
        }
        if let Some(first) = counted.first_mut() {
            first.accounts.push(account);
        }
        Ok(counted)
    }

    /// The columns that are read, ascending.
    fn columns(&self, subject: Option<usize>) -> Vec<usize> {
        let sets = self.sets.iter();
        let sets = sets.flat_map(|set| set.quasi_identifiers.iter().chain(&set.sensitive));
        let mut columns: Vec<usize> = sets.copied().chain(subject).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    fn task<C: Key, V: Key>(&self, files: &Files, columns: &[usize]) -> Task<C, V> {
        let part = |set: &SetColumns| Part {
            classes: Tally::default(),
            sensitive: set.sensitive.iter().map(|_| Tally::default()).collect(),
            orders: set.orders(files),
        };
        Task {
            hashing: Hashing::new(self.keys, columns),
            parts: self.sets.iter().map(part).collect(),
            subjects: Tally::default(),
            account: files.account(),
        }
    }

    fn nothing(&self) -> Vec<Counted> {
        let nothing = |set: &SetColumns| Counted {
            classes: Vec::new(),
            sensitive: set.sensitive.iter().map(|_| Vec::new()).collect(),
            orders: set.sensitive.iter().map(|_| None).collect(),
            accounts: Vec::new(),
        };
        self.sets.iter().map(nothing).collect()
    }
}

impl<C: Key, V: Key> Task<C, V> {
    /// Accounts for what the task holds.
    fn settle(&self) -> Result<(), Error> {
        let part = |part: &Part<C, V>| {
            let sensitive = part.sensitive.iter().map(Tally::held).sum::<usize>();
            let orders = part.orders.iter().flatten();
            // They become counted runs, twice as long.
            part.classes.held() + 2 * sensitive + orders.map(order_held).sum::<usize>()
        };
        let parts = self.parts.iter().map(part).sum::<usize>();
        let held = self.subjects.held() + parts;
        self.account
            .try_resize(held)
            .map_err(|error| error::strip(error, &[]))
    }
}

impl Counted {
    fn take_orders(&mut self, orders: Vec<Option<HashedMap<u64, i128>>>) {
        for (own, order) in self.orders.iter_mut().zip(orders) {
            if let Some(order) = order {
                own.get_or_insert_default().extend(order);
            }
        }
    }

    /// Takes over the distinct subjects of a pass.
    fn take_members(&mut self, parts: Vec<Part<Pair, Triple>>) {
        let mut pairs = Vec::new();
        let mut triples: Vec<Vec<_>> = self.sensitive.iter().map(|_| Vec::new()).collect();
        for part in parts {
            pairs.push(part.classes);
            let own = triples.iter_mut().zip(part.sensitive);
            own.for_each(|(to, tally)| to.push(tally));
            self.take_orders(part.orders);
        }
        let add = |tally: &mut Tally<u64>, pairs: Vec<((u64, u64), u64)>| {
            pairs
                .iter()
                .for_each(|((_, class), _)| tally.add(*class, 1));
        };
        self.classes.extend(runs(pairs, Tally::default, add));
        for (own, triples) in self.sensitive.iter_mut().zip(triples) {
            let add = |tally: &mut Tally<_>, triples: Vec<((u64, u64, u64), u64)>| {
                let members = triples.iter();
                members.for_each(|((_, class, value), _)| tally.add((*class, *value), 1));
            };
            own.extend(runs(triples, Tally::default, add));
        }
    }

    fn held(&self) -> usize {
        let classes = self.classes.iter().map(Tally::held).sum::<usize>();
        let sensitive = self
            .sensitive
            .iter()
            .flatten()
            .map(Tally::held)
            .sum::<usize>();
        let orders = self.orders.iter().flatten().map(order_held).sum::<usize>();
        classes + 2 * sensitive + orders
    }
}

impl SetColumns {
    /// The class of each row.
    fn classes(
        &self,
        hashing: &Hashing,
        cells: &[Cells],
        batch: &RecordBatch,
    ) -> Result<Vec<u64>, Error> {
        hashing.rows(cells, &self.quasi_identifiers, batch.num_rows())
    }

    fn each_sensitive<C, V>(
        &self,
        hashing: &Hashing,
        cells: &[Cells],
        batch: &RecordBatch,
        part: &mut Part<C, V>,
        each: impl Fn(&mut Tally<V>, &Cells),
    ) -> Result<(), Error> {
        let own = part.sensitive.iter_mut().zip(&mut part.orders);
        for (column, (tally, order)) in self.sensitive.iter().zip(own) {
            let values = hashing.at(cells, *column)?;
            each(tally, values);
            if let Some(order) = order {
                learn_order(hashing.at(batch.columns(), *column)?, values, order);
            }
        }
        Ok(())
    }

    /// A place for the order of each sensitive column that has one.
    fn orders(&self, files: &Files) -> Vec<Option<HashedMap<u64, i128>>> {
        let types = self
            .sensitive
            .iter()
            .map(|column| files.schema.fields().get(*column));
        let ordered = types.map(|field| field.is_some_and(|field| is_ordered(field.data_type())));
        ordered
            .map(|ordered| ordered.then(HashedMap::default))
            .collect()
    }
}

fn order_held(order: &HashedMap<u64, i128>) -> usize {
    order.capacity() * size_of::<(u64, i128)>()
}

/// Bytes of a hash in a list that grows.
const LISTED: usize = 12;
/// The bits of a subject's hash by which passes share subjects; lists are cut by others.
const LOW: u64 = u32::MAX as u64;
