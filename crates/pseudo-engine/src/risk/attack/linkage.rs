//! Rows of the run that the raw source gives a name to: what kept columns show of them is unique in
//! both. What a rule makes coarser matches nothing, and that is its point.

use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::fingerprint::{self, NULL};
use super::raw::{Raw, RawTable};
use super::report::{AttackReport, SetLinked, TableLinkage};
use super::search::{self, Score};
use super::stolen::{Stolen, Table};
use super::view::{combined, is_in, sample_bits};
use super::{AttackOptions, order};
use crate::Result;

/// A table of the run beside its raw table: the columns whose values stand in both.
struct Pair {
    names: Vec<String>,
    output: Vec<Vec<u64>>,
    source: Vec<Vec<u64>>,
}

/// Links all tables, and compares the places of linked rows.
pub(super) fn attack(
    stolen: &Stolen,
    raw: &Raw,
    options: &AttackOptions<'_>,
    report: &mut AttackReport,
) -> Result<()> {
    for known in raw.tables() {
        options.cancel.check()?;
        let Some(table) = stolen.tables.get(known.of) else {
            continue;
        };
        let mut linkage = TableLinkage {
            table: table.name.clone(),
            source: known.name.clone(),
            rows: table.rows,
            columns: Vec::new(),
            sets: Vec::new(),
            left_out: None,
        };
        // raw cells are there twice while their parts are put together
        let needed = table.rows * 3 * CELL * table.shown().count() as u64;
        if needed > options.memory_bytes_max {
            linkage.left_out = Some(format!("takes {} MiB of memory", needed >> 20));
        } else {
            let pair = Pair::new(table, known, options)?;
            linkage.columns.clone_from(&pair.names);
            linkage.sets = pair.sets(options)?;
            if linkage.sets.iter().any(|set| set.linked > 0) {
                let all: Vec<usize> = (0..pair.names.len()).collect();
                let links = pair.links(&all);
                report.order.extend(order::linked(table, &links));
            }
        }
        report.linked.push(linkage);
    }
    Ok(())
}

impl Pair {
    /// Reads the columns whose values stand in the raw column, too.
    fn new(table: &Table, known: &RawTable, options: &AttackOptions<'_>) -> Result<Self> {
        let mut asked: Vec<(usize, usize, &str)> = table
            .shown()
            .filter_map(|(index, column)| {
                let raw = known.index(&column.source)?;
                Some((raw, index, column.name.as_str()))
            })
            .collect();
        asked.sort_unstable();
        let mut raws: Vec<usize> = asked.iter().map(|(raw, ..)| *raw).collect();
        raws.dedup();
        let cells = known.fingerprints(&raws, options.cancel)?;
        let read = asked.par_iter().map(|(raw, index, name)| {
            let output = fingerprint::column(table, *index, options.cancel)?;
            let place = raws.iter().position(|one| one == raw);
            let source = place.and_then(|place| cells.get(place));
            let source = source.filter(|source| is_shared(&output, source));
            Ok(source.map(|source| ((*name).to_owned(), output, source.clone())))
        });
        let read: Vec<Option<(String, Vec<u64>, Vec<u64>)>> = read.collect::<Result<_>>()?;
        let mut pair = Self {
            names: Vec::new(),
            output: Vec::new(),
            source: Vec::new(),
        };
        for (name, output, source) in read.into_iter().flatten() {
            pair.names.push(name);
            pair.output.push(output);
            pair.source.push(source);
        }
        Ok(pair)
    }

    /// The sets that link most rows.
    fn sets(&self, options: &AttackOptions<'_>) -> Result<Vec<SetLinked>> {
        let rows = self.output.first().map_or(0, Vec::len);
        let bits = sample_bits(rows);
        let mut sets = search::best(self.names.len(), &|set| {
            options.cancel.check()?;
            let (output, source) = self.hashes(set);
            let (links, classes) = part(&output, &source, 0, bits);
            Ok(Score {
                alone: (links.len() as u64) << bits,
                classes: classes << bits,
            })
        })?;
        if self.names.len() > search::SIZE {
            sets.push((0..self.names.len()).collect());
        }
        let mut linked = Vec::new();
        let mut most = 0;
        for set in sets {
            let count = self.links(&set).len() as u64;
            if count > most {
                most = count;
                let names = set.iter().filter_map(|column| self.names.get(*column));
                linked.push(SetLinked {
                    columns: names.cloned().collect(),
                    linked: count,
                });
            }
        }
        Ok(linked)
    }

    /// The rows that a set links: their places in the output and in the source.
    fn links(&self, set: &[usize]) -> Vec<(u32, u32)> {
        let (output, source) = self.hashes(set);
        let parts = (0..1_u64 << PART_BITS).into_par_iter();
        let parts: Vec<Vec<(u32, u32)>> = parts
            .map(|number| part(&output, &source, number, PART_BITS).0)
            .collect();
        parts.concat()
    }

    fn hashes(&self, set: &[usize]) -> (Vec<u64>, Vec<u64>) {
        let of = |columns: &[Vec<u64>]| {
            let columns = set.iter().filter_map(|column| columns.get(*column));
            combined(&columns.map(Vec::as_slice).collect::<Vec<_>>())
        };
        (of(&self.output), of(&self.source))
    }
}

/// The rows of a part that are unique in both, and how many classes the output has.
fn part(output: &[u64], source: &[u64], number: u64, bits: u32) -> (Vec<(u32, u32)>, u64) {
    let rows = |hashes: &[u64]| {
        let rows = hashes.iter().zip(0_u32..);
        let rows = rows.filter(|(hash, _)| is_in(**hash, number, bits));
        let mut rows: Vec<(u64, u32)> = rows.map(|(hash, row)| (*hash, row)).collect();
        rows.sort_unstable();
        rows
    };
    let (output, source) = (rows(output), rows(source));
    let mut known = source.chunk_by(|one, other| one.0 == other.0).peekable();
    let mut links = Vec::new();
    let mut classes = 0;
    for class in output.chunk_by(|one, other| one.0 == other.0) {
        classes += 1;
        let Some((hash, row)) = class.first() else {
            continue;
        };
        let is_before = |one: &&[(u64, u32)]| one.first().is_some_and(|(known, _)| known < hash);
        while known.next_if(is_before).is_some() {}
        if let (1, Some([(same, raw)])) = (class.len(), known.peek())
            && same == hash
        {
            links.push((*row, *raw));
        }
    }
    (links, classes)
}

/// Whether values of a column of the output stand in that of the source: more than every other of
/// some values that were drawn.
fn is_shared(output: &[u64], source: &[u64]) -> bool {
    let mut drawn: Vec<u64> = output
        .iter()
        .step_by((output.len() / DRAWN).max(1))
        .copied()
        .collect();
    drawn.retain(|cell| *cell != NULL);
    drawn.sort_unstable();
    drawn.dedup();
    let mut found = vec![false; drawn.len()];
    for cell in source {
        if let Ok(place) = drawn.binary_search(cell)
            && let Some(found) = found.get_mut(place)
        {
            *found = true;
        }
    }
    let found = found.iter().filter(|found| **found).count();
    found * 2 > drawn.len()
}

const PART_BITS: u32 = 4;
const DRAWN: usize = 4096;
/// Bytes of a cell.
const CELL: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_linked_that_are_unique_in_both() {
        let output = [5, 7, 7, 9, 11, u64::MAX];
        let source = [u64::MAX, 9, 5, 5, 7, 13];
        for bits in [0, 4] {
            let parts = (0..1 << bits).map(|number| part(&output, &source, number, bits));
            let (mut links, mut classes) = (Vec::new(), 0);
            for (part, count) in parts {
                links.extend(part);
                classes += count;
            }
            assert_eq!((links, classes), (vec![(3, 1), (5, 0)], 5));
        }
    }

    #[test]
    fn a_coarse_column_is_not_shared() {
        let source: Vec<u64> = (1..=1000).collect();
        assert!(is_shared(&[3, 5, 7, NULL], &source));
        assert!(!is_shared(&[3, 5, 7001, 8001], &source));
        assert!(!is_shared(&[NULL], &source));
    }
}
