//! Who can be singled out: by what one table shows of people, and by what it shows together with
//! another that has the same pseudonym of its subject. The thief needs no name for that: a birth
//! date, a city and a model that somebody talks about are enough.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::AttackOptions;
use super::fingerprint::{self, mix};
use super::report::{SetAlone, ViewAlone};
use super::search;
use super::stolen::{Stolen, Table};
use super::view::{People, View, gather, sample_bits};
use crate::Result;

/// A table, and what joins with it by one identity.
struct Group<'a> {
    base: &'a Table,
    /// The column of the base that says whom a row is about.
    subject: Option<usize>,
    /// Other tables, with the column that says it there.
    others: Vec<(&'a Table, usize)>,
}

/// Singles people out in all tables.
pub(super) fn attack(stolen: &Stolen, options: &AttackOptions<'_>) -> Result<Vec<ViewAlone>> {
    let mut views = Vec::new();
    for group in groups(stolen) {
        group.attack(options, &mut views)?;
    }
    Ok(views)
}

/// Tables by whom they are about. The base of an identity is the table that knows most of its
/// subjects; a table without a subject is a group of its own.
fn groups(stolen: &Stolen) -> Vec<Group<'_>> {
    let mut subjects: BTreeSet<&str> = BTreeSet::new();
    let mut groups = Vec::new();
    for table in &stolen.tables {
        let subject = table.subject();
        match subject.and_then(|(_, column)| column.identity.as_deref()) {
            Some(identity) => {
                subjects.insert(identity);
            }
            None => groups.push(Group {
                base: table,
                subject: None,
                others: Vec::new(),
            }),
        }
    }
    for identity in &subjects {
        let of = |table: &Table| {
            let mut columns = table.pseudonyms();
            let found = columns.find(|(_, column)| column.identity.as_deref() == Some(*identity));
            found.map(|(index, column)| (index, column.distinct.unwrap_or_default()))
        };
        let tables = stolen.tables.iter();
        let mut tables: Vec<_> = tables
            .filter_map(|table| of(table).map(|(index, distinct)| (table, index, distinct)))
            .collect();
        tables.sort_by_key(|(_, _, distinct)| Reverse(*distinct));
        let mut tables = tables.into_iter().map(|(table, index, _)| (table, index));
        if let Some((base, index)) = tables.next() {
            groups.push(Group {
                base,
                subject: Some(index),
                others: tables.collect(),
            });
        }
    }
    groups.sort_by_key(|group| Reverse(group.base.rows));
    groups
}

impl Group<'_> {
    fn attack(&self, options: &AttackOptions<'_>, views: &mut Vec<ViewAlone>) -> Result<()> {
        let shown = self.base.shown().count() as u64;
        let needed = self.base.rows * (shown + 4) * CELL;
        if needed > options.memory_bytes_max {
            views.push(self.left_out(self.base, needed));
            return Ok(());
        }
        let mut people = People::default();
        let subjects = self.subject.map(|column| {
            fingerprint::column(self.base, column, options.cancel)
                .map(|tokens| people.number(&tokens))
        });
        let subjects = subjects.transpose()?;
        let known = subjects.is_some().then_some(people.rows.len() as u64);
        let view = View {
            columns: columns(self.base, options)?,
            subjects,
            people: known.unwrap_or(self.base.rows),
        };
        views.push(self.singled_out(&[self.base], &view, 0, options)?);
        for (table, column) in &self.others {
            options.cancel.check()?;
            let width = (shown + table.shown().count() as u64 + 4) * CELL;
            let joined = needed + table.rows * width;
            if joined > options.memory_bytes_max {
                views.push(self.left_out(table, joined));
                continue;
            }
            let (joined, own) = join(&view, &people, table, *column, options)?;
            views.push(self.singled_out(&[self.base, table], &joined, own, options)?);
        }
        Ok(())
    }

    /// The sets of columns of a view that single out most. The last `own` columns are those of a
    /// second table: sets without one of them say nothing new.
    fn singled_out(
        &self,
        tables: &[&Table],
        view: &View,
        own: usize,
        options: &AttackOptions<'_>,
    ) -> Result<ViewAlone> {
        let rows = view.columns.first().map_or(0, |(_, cells)| cells.len());
        let bits = sample_bits(rows);
        let others = view.columns.len() - own;
        let sets = search::best(view.columns.len(), &|set| {
            options.cancel.check()?;
            let mut score = view.estimate(set, bits);
            if own > 0 && set.iter().all(|column| *column < others) {
                score.alone = 0;
            }
            Ok(score)
        })?;
        let name = |column: &usize| view.columns.get(*column).map(|(name, _)| name.clone());
        let told = sets
            .iter()
            .filter(|set| own == 0 || set.iter().any(|column| *column >= others));
        let told = told.map(|set| SetAlone {
            columns: set.iter().filter_map(name).collect(),
            alone: view.alone(set),
        });
        let mut sets: Vec<SetAlone> = told.collect();
        // a column more that tells no more is no news
        let mut most = None;
        sets.retain(|set| {
            let is_more = most.is_none_or(|most| set.alone > most);
            most = most.max(Some(set.alone));
            is_more
        });
        Ok(ViewAlone {
            tables: tables.iter().map(|table| table.name.clone()).collect(),
            subject: self.subject_name(),
            people: view.people,
            sets,
            left_out: None,
        })
    }

    fn left_out(&self, table: &Table, needed: u64) -> ViewAlone {
        let mut tables = vec![self.base.name.clone()];
        if table.name != self.base.name {
            tables.push(table.name.clone());
        }
        ViewAlone {
            tables,
            subject: self.subject_name(),
            people: table.rows,
            sets: Vec::new(),
            left_out: Some(format!("takes {} MiB of memory", needed >> 20)),
        }
    }

    fn subject_name(&self) -> Option<String> {
        let column = self
            .subject
            .and_then(|column| self.base.columns.get(column));
        column.map(|column| format!("{}.{}", self.base.name, column.name))
    }
}

/// The columns of a table that show values.
fn columns(table: &Table, options: &AttackOptions<'_>) -> Result<Vec<(String, Vec<u64>)>> {
    let shown: Vec<_> = table.shown().collect();
    let columns = shown.par_iter().map(|(index, column)| {
        let name = format!("{}.{}", table.name, column.name);
        Ok((name, fingerprint::column(table, *index, options.cancel)?))
    });
    columns.collect()
}

/// The rows of `table` that are about people of the base, with what the base shows of them; and how
/// many columns the table adds.
fn join(
    base: &View,
    people: &People,
    table: &Table,
    subject: usize,
    options: &AttackOptions<'_>,
) -> Result<(View, usize)> {
    let tokens = fingerprint::column(table, subject, options.cancel)?;
    let (mut rows, mut subjects, mut base_rows) = (Vec::new(), Vec::new(), Vec::new());
    for (row, token) in (0_u32..).zip(&tokens) {
        let person = people.find(*token);
        let place = person.and_then(|person| usize::try_from(person).ok());
        let base_row = place.and_then(|place| people.rows.get(place));
        if let (Some(person), Some(base_row)) = (person, base_row) {
            rows.push(row);
            subjects.push(person);
            base_rows.push(*base_row);
        }
    }
    let known = base.columns.iter();
    let mut all: Vec<(String, Vec<u64>)> = known
        .map(|(name, cells)| (name.clone(), gather(cells, &base_rows)))
        .collect();
    let own = columns(table, options)?;
    let count = own.len();
    let own = own.into_iter();
    all.extend(own.map(|(name, cells)| (name, gather(&cells, &rows))));
    // numbered anew, so that people who are in the table alone count
    let mut present = People::default();
    let people = subjects.iter();
    let people: Vec<u64> = people.map(|person| mix(u64::from(*person) + 1)).collect();
    let subjects = present.number(&people);
    let view = View {
        columns: all,
        people: present.rows.len() as u64,
        subjects: Some(subjects),
    };
    Ok((view, count))
}

/// Bytes of a cell.
const CELL: u64 = 8;
