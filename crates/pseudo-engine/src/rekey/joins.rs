//! The proof that joins survive: of all pseudonyms of one identity and form, each old one goes with
//! one new one and each new one with one old one, so that there are as many after as before.
//!
//! Pairs are held as digests, a million of them for each identity and form; where there are more,
//! those whose old digest ends in more and more zero bits.

use std::collections::HashSet;

use crate::manifest::JoinManifest;
use crate::{Error, Result};

/// The pairs of one identity and form.
pub(super) struct Join {
    identity: String,
    rule: String,
    cells: u64,
    /// Digests of the old pseudonym and the new one.
    pairs: HashSet<(u128, u128)>,
    /// Zero bits that a digest must end in.
    bits: u32,
    most: usize,
}

/// Pairs that are held: 32 MiB and what a table of them takes besides.
const PAIRS_MAX: usize = 1 << 20;

impl Join {
    pub(super) fn new(identity: &str, rule: &str) -> Self {
        Self {
            identity: identity.to_owned(),
            rule: rule.to_owned(),
            cells: 0,
            pairs: HashSet::new(),
            bits: 0,
            most: PAIRS_MAX,
        }
    }

    /// Adds cells that were turned, and the pairs that are among them.
    pub(super) fn add(&mut self, cells: u64, pairs: impl Iterator<Item = (u128, u128)>) {
        self.cells += cells;
        for (old, new) in pairs {
            if old.trailing_zeros() >= self.bits {
                self.pairs.insert((old, new));
            }
            while self.pairs.len() > self.most {
                self.bits += 1;
                let bits = self.bits;
                self.pairs.retain(|(old, _)| old.trailing_zeros() >= bits);
            }
        }
    }

    /// What is to be recorded.
    ///
    /// # Errors
    /// [`Error::Counts`] when there are not as many after as before, or more pairs than either.
    pub(super) fn finish(&self) -> Result<JoinManifest> {
        let old: HashSet<u128> = self.pairs.iter().map(|(old, _)| *old).collect();
        let new: HashSet<u128> = self.pairs.iter().map(|(_, new)| *new).collect();
        let (before, after) = (old.len() as u64, new.len() as u64);
        if before != after || before != self.pairs.len() as u64 {
            let pairs = self.pairs.len();
            return Err(Error::Counts {
                table: self.identity.clone(),
                fault: format!(
                    "{before} pseudonyms of `{}` became {after}, in {pairs} pairs",
                    self.rule
                ),
            });
        }
        Ok(JoinManifest {
            identity: self.identity.clone(),
            rule: self.rule.clone(),
            cells: self.cells,
            before: before << self.bits,
            after: after << self.bits,
            one_in: 1 << self.bits,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digests that look like some.
    fn pair(n: u128) -> (u128, u128) {
        let mix = |n: u128| (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        (mix(n) ^ mix(n) >> 64, mix(n + 7))
    }

    #[test]
    fn what_goes_with_one_is_counted_and_more_is_refused() {
        let mut join = Join::new("phone", "token phone");
        join.add(9, (0..3).map(pair));
        join.add(9, (0..5).map(pair));
        let found = join.finish().unwrap();
        assert_eq!((found.cells, found.before, found.after), (18, 5, 5));
        assert_eq!(found.one_in, 1);
        join.add(1, [(pair(0).0, pair(9).1)].into_iter());
        let text = join.finish().unwrap_err().to_string();
        assert_eq!(
            text,
            "table `phone`: 5 pseudonyms of `token phone` became 6, in 6 pairs"
        );
        let mut join = Join::new("phone", "token phone");
        join.add(1, [pair(0), (pair(1).0, pair(0).1)].into_iter());
        assert!(join.finish().is_err());
    }

    #[test]
    fn beyond_what_is_held_some_stand_for_all() {
        let mut join = Join::new("phone", "token phone");
        join.most = 64;
        join.add(0, (0..10_000).map(pair));
        join.add(0, (0..10_000).map(pair));
        let found = join.finish().unwrap();
        assert!(join.pairs.len() <= 64 && found.one_in >= 128);
        assert!((4_000..25_000).contains(&found.before), "{found:?}");
        assert_eq!(found.before, found.after);
    }
}
