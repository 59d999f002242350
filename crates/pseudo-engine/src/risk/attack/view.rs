//! Rows about people: those of one table, or of a table with what another says of the same people.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::fingerprint::{NULL, join, mix};
use super::search::Score;

/// Rows, by the fingerprints of their cells.
pub(super) struct View {
    /// Names and cells of the columns that show values.
    pub(super) columns: Vec<(String, Vec<u64>)>,
    /// Whom each row is about; each about another where there is none.
    pub(super) subjects: Option<Vec<u32>>,
    /// How many people that are.
    pub(super) people: u64,
}

/// Numbers for people, in the order in which their pseudonyms are met.
#[derive(Default)]
pub(super) struct People {
    numbers: HashMap<u64, u32, BuildHasherDefault<Print>>,
    /// The row in which each was met first.
    pub(super) rows: Vec<u32>,
}

impl People {
    /// Numbers the people of a column of pseudonyms; a row without one is a person, too.
    pub(super) fn number(&mut self, subjects: &[u64]) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(subjects.len());
        for (row, subject) in (0..).zip(subjects) {
            let next = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
            let number = match *subject {
                NULL => next,
                subject => *self.numbers.entry(subject).or_insert(next),
            };
            if number == next {
                self.rows.push(row);
            }
            numbers.push(number);
        }
        numbers
    }

    /// The number of the person with that pseudonym.
    pub(super) fn find(&self, subject: u64) -> Option<u32> {
        self.numbers.get(&subject).copied()
    }
}

impl View {
    /// How many people the columns of a set single out, by the classes whose hash begins with
    /// `bits` zeros: a part of them all that is drawn at random, and as many are found in others.
    pub(super) fn estimate(&self, set: &[usize], bits: u32) -> Score {
        let hashes = self.hashes(set);
        let (alone, classes) = self.part(&hashes, 0, bits);
        Score {
            alone: (alone.len() as u64) << bits,
            classes: classes << bits,
        }
    }

    /// How many people the columns of a set single out.
    pub(super) fn alone(&self, set: &[usize]) -> u64 {
        let hashes = self.hashes(set);
        let parts = (0..1_u64 << PART_BITS).into_par_iter();
        let found: Vec<Vec<u32>> = parts
            .map(|part| self.part(&hashes, part, PART_BITS).0)
            .collect();
        if self.subjects.is_none() {
            return found.iter().map(|part| part.len() as u64).sum();
        }
        // somebody with several rows can be alone in several classes
        let mut seen = vec![false; usize::try_from(self.people).unwrap_or_default()];
        for person in found.iter().flatten() {
            let place = usize::try_from(*person).ok();
            if let Some(seen) = place.and_then(|place| seen.get_mut(place)) {
                *seen = true;
            }
        }
        seen.iter().filter(|seen| **seen).count() as u64
    }

    fn hashes(&self, set: &[usize]) -> Vec<u64> {
        let columns = set.iter().filter_map(|column| self.columns.get(*column));
        let columns: Vec<&[u64]> = columns.map(|(_, cells)| cells.as_slice()).collect();
        combined(&columns)
    }

    /// The people who are alone in a class of part `part` of `2^bits`, and the number of classes.
    fn part(&self, hashes: &[u64], part: u64, bits: u32) -> (Vec<u32>, u64) {
        let mut members = Vec::with_capacity(hashes.len() >> bits);
        match &self.subjects {
            Some(subjects) => {
                let rows = hashes.iter().zip(subjects);
                let rows = rows.filter(|(hash, _)| is_in(**hash, part, bits));
                members.extend(rows.map(|(hash, subject)| (*hash, *subject)));
            }
            None => {
                let rows = hashes.iter().zip(0_u32..);
                let rows = rows.filter(|(hash, _)| is_in(**hash, part, bits));
                members.extend(rows.map(|(hash, row)| (*hash, row)));
            }
        }
        members.sort_unstable();
        let mut alone = Vec::new();
        let mut classes = 0;
        for class in members.chunk_by(|one, other| one.0 == other.0) {
            classes += 1;
            if let (Some((_, first)), Some((_, last))) = (class.first(), class.last())
                && first == last
            {
                alone.push(*first);
            }
        }
        (alone, classes)
    }
}

/// The fingerprint of each row over several columns.
pub(super) fn combined(columns: &[&[u64]]) -> Vec<u64> {
    let rows = columns.first().map_or(0, |cells| cells.len());
    let mut hashes = vec![0; rows];
    for cells in columns {
        for (hash, cell) in hashes.iter_mut().zip(*cells) {
            *hash = join(*hash, *cell);
        }
    }
    hashes.iter_mut().for_each(|hash| *hash = mix(*hash));
    hashes
}

/// Whether a hash is of part `part` of `2^bits`.
#[inline]
pub(super) const fn is_in(hash: u64, part: u64, bits: u32) -> bool {
    bits == 0 || hash >> (64 - bits) == part
}

/// Into how few parts rows can be cut, as bits, for a part to be quick.
pub(super) fn sample_bits(rows: usize) -> u32 {
    (rows / SAMPLE_ROWS).checked_ilog2().unwrap_or_default()
}

/// Gathers the cells of rows.
pub(super) fn gather(cells: &[u64], rows: &[u32]) -> Vec<u64> {
    let cell = |row: &u32| {
        let row = usize::try_from(*row).ok();
        row.and_then(|row| cells.get(row)).copied()
    };
    rows.par_iter()
        .map(|row| cell(row).unwrap_or(NULL))
        .collect()
}

/// A hasher for what is a hash already.
#[derive(Default)]
pub(super) struct Print(u64);

impl Hasher for Print {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = join(self.0, u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// Parts that are counted one by one.
const PART_BITS: u32 = 4;
/// Rows of a part, about.
const SAMPLE_ROWS: usize = 1 << 18;

#[cfg(test)]
mod tests {
    use super::super::fingerprint::of;
    use super::*;

    fn cells(values: &[&str]) -> Vec<u64> {
        values.iter().map(|value| of(value.as_bytes())).collect()
    }

    #[test]
    fn people_are_alone_by_what_nobody_else_shows() {
        let mut people = People::default();
        // one person with two rows, two with one each, and one row of nobody
        let mut tokens = cells(&["a", "a", "b", "c", "-"]);
        tokens[4] = NULL;
        let subjects = people.number(&tokens);
        assert_eq!(subjects, [0, 0, 1, 2, 3]);
        assert_eq!(people.rows, [0, 2, 3, 4]);
        let view = View {
            columns: vec![
                ("city".to_owned(), cells(&["x", "x", "x", "y", "y"])),
                ("model".to_owned(), cells(&["1", "1", "2", "1", "1"])),
            ],
            subjects: Some(subjects),
            people: 4,
        };
        assert_eq!(view.alone(&[0]), 0);
        assert_eq!(view.alone(&[1]), 1);
        // both rows of the first person are one class: 1 and 2 are alone, the others are two
        assert_eq!(view.alone(&[0, 1]), 2);
        let score = view.estimate(&[0, 1], 0);
        assert_eq!((score.alone, score.classes), (2, 3));
    }

    #[test]
    fn a_part_of_the_classes_stands_for_all() {
        let rows = 400_000_u32;
        let column = |modulus: u32| -> Vec<u64> {
            let cells = (0..rows).map(|row| of(&(row % modulus).to_le_bytes()));
            cells.collect()
        };
        let view = View {
            columns: vec![
                ("a".to_owned(), column(300_000)),
                ("b".to_owned(), column(7)),
            ],
            subjects: None,
            people: rows.into(),
        };
        assert_eq!(view.alone(&[0]), 200_000);
        let estimate = view.estimate(&[0], 3).alone;
        assert!(estimate.abs_diff(200_000) < 4_000, "{estimate}");
        assert_eq!(view.alone(&[1]), 0);
        assert_eq!(view.alone(&[0, 1]), 400_000);
    }
}
