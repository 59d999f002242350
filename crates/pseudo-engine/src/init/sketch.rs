//! The distinct values of a column as a bounded set of hashes: those below a threshold that falls
//! as the set fills (KMV, Bar-Yossef et al. 2002). Two sketches keep the same values of what two
//! columns have in common, so that the share of one in the other can be told without either.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use crate::hash::Mix;

/// Hashes of distinct values, with the rows of each.
pub(super) struct Sketch {
    rows: HashMap<u64, u64, BuildHasherDefault<Mix>>,
    /// The largest hash that is kept.
    end: u64,
}

/// What two columns share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overlap {
    /// Distinct values in both, of those that are compared.
    pub(super) both: u64,
    /// Distinct values of the column that has fewer, of those that are compared.
    pub(super) of: u64,
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            rows: HashMap::default(),
            end: u64::MAX,
        }
    }
}

impl Sketch {
    /// The hash of a value.
    pub(super) fn hash(value: &[u8]) -> u64 {
        let mut mix = Mix::default();
        mix.write(value);
        mix.write_usize(value.len());
        mix.finish()
    }

    /// Counts the rows of a value; says whether it is one to be looked at: it is new, and one of
    /// those that stand for all.
    pub(super) fn add(&mut self, hash: u64, rows: u64) -> bool {
        if hash > self.end {
            return false;
        }
        match self.rows.entry(hash) {
            Entry::Occupied(mut held) => {
                *held.get_mut() += rows;
                return false;
            }
            Entry::Vacant(place) => {
                place.insert(rows);
            }
        }
        if self.rows.len() > 2 * KEPT {
            let mut hashes: Vec<u64> = self.rows.keys().copied().collect();
            let (_, end, _) = hashes.select_nth_unstable(KEPT - 1);
            self.end = *end;
            self.rows.retain(|hash, _| *hash <= self.end);
        }
        true
    }

    /// Whether it holds all distinct values.
    pub(super) fn is_exact(&self) -> bool {
        self.end == u64::MAX
    }

    /// How many distinct values there are, about.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate of a count"
    )]
    pub(super) fn distinct(&self) -> u64 {
        if self.is_exact() {
            return self.rows.len() as u64;
        }
        let share = (self.end as f64) / (u64::MAX as f64);
        (self.rows.len() as f64 / share).round() as u64
    }

    /// Rows of the value that the fewest rows hold.
    pub(super) fn rarest(&self) -> u64 {
        self.rows.values().copied().min().unwrap_or_default()
    }

    /// What it has in common with another.
    pub(super) fn overlap(&self, other: &Self) -> Overlap {
        let end = self.end.min(other.end);
        let below = |sketch: &Self| sketch.rows.keys().filter(|hash| **hash <= end).count() as u64;
        let is_shared = |hash: &&u64| **hash <= end && other.rows.contains_key(*hash);
        Overlap {
            both: self.rows.keys().filter(is_shared).count() as u64,
            of: below(self).min(below(other)),
        }
    }
}

/// Hashes that are kept of many.
const KEPT: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: impl Iterator<Item = u64>) -> Sketch {
        let mut sketch = Sketch::default();
        for number in numbers {
            sketch.add(Sketch::hash(number.to_string().as_bytes()), 1);
        }
        sketch
    }

    #[test]
    fn few_values_are_counted_and_many_are_estimated() {
        let few = of((0..1_000).chain(0..500));
        assert_eq!((few.distinct(), few.is_exact()), (1_000, true));
        assert_eq!(few.rarest(), 1);
        let many = of((0..400_000).chain(0..400_000));
        assert!(!many.is_exact());
        let distinct = many.distinct();
        assert!((380_000..420_000).contains(&distinct), "{distinct}");
    }

    #[test]
    fn a_value_is_looked_at_once() {
        let mut sketch = Sketch::default();
        let mut looked = 0;
        for round in 0..3 {
            for number in 0..100_000_u64 {
                let is_new = sketch.add(Sketch::hash(&number.to_le_bytes()), 1);
                assert!(round == 0 || !is_new);
                looked += u64::from(is_new);
            }
        }
        assert!((2 * KEPT as u64..100_000).contains(&looked), "{looked}");
    }

    #[test]
    fn what_two_columns_share_is_told_whatever_their_sizes() {
        let (all, some) = (of(0..300_000), of((0..300_000).step_by(7)));
        let Overlap { both, of: asked } = all.overlap(&some);
        assert_eq!(both, asked);
        assert!(asked > 500, "{asked}");
        let other = of(1_000_000..1_300_000);
        assert_eq!(all.overlap(&other).both, 0);
    }
}
