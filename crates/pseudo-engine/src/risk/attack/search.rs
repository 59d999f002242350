//! The sets of a few columns that tell most: all single columns, and from there the best of each
//! size with one more.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::Result;

/// Columns of a set, at most.
pub(super) const SIZE: usize = 4;

/// What a set of columns tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Score {
    /// Members that it singles out, or links.
    pub(super) alone: u64,
    /// Combinations of values.
    pub(super) classes: u64,
}

/// The best set of each size, of `columns` columns.
pub(super) fn best(
    columns: usize,
    score: &(dyn Fn(&[usize]) -> Result<Score> + Sync),
) -> Result<Vec<Vec<usize>>> {
    let mut best = Vec::new();
    let mut sets: BTreeSet<Vec<usize>> = (0..columns).map(|column| vec![column]).collect();
    for _ in 0..SIZE.min(columns) {
        let level: Vec<_> = std::mem::take(&mut sets).into_iter().collect();
        let level = level.into_par_iter().map(|set| Ok((score(&set)?, set)));
        let mut level: Vec<(Score, Vec<usize>)> = level.collect::<Result<_>>()?;
        level.sort_unstable_by_key(|(score, set)| (Reverse(*score), set.clone()));
        let mut kept: Vec<Vec<usize>> = first(&level);
        if let Some(set) = kept.first() {
            best.push(set.clone());
        }
        // what cuts people into most groups may single out nobody yet
        level.sort_by_key(|(score, _)| Reverse(score.classes));
        kept.extend(first(&level));
        for set in &kept {
            for column in (0..columns).filter(|column| !set.contains(column)) {
                let mut larger = set.clone();
                larger.push(column);
                larger.sort_unstable();
                sets.insert(larger);
            }
        }
    }
    Ok(best)
}

fn first(level: &[(Score, Vec<usize>)]) -> Vec<Vec<usize>> {
    let sets = level.iter().map(|(_, set)| set.clone());
    sets.take(WIDTH).collect()
}

/// Sets of a size that are tried with one more column, by each of two orders.
const WIDTH: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_sets_are_found_from_smaller_ones() {
        // each column is worth a number of its own
        let worth = [1_u64, 5, 3, 8, 2];
        let score = |set: &[usize]| {
            let alone = set.iter().map(|column| worth[*column]).sum();
            Ok(Score { alone, classes: 1 })
        };
        let sets = best(5, &score).unwrap();
        assert_eq!(sets, [vec![3], vec![1, 3], vec![1, 2, 3], vec![1, 2, 3, 4]]);
        assert!(best(0, &score).unwrap().is_empty());
    }
}
