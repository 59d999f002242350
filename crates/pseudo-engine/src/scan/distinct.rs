//! Distinct values with the number of their rows, up to a limit.
//!
//! A table with linear probing over values that stand back to back. A value for which no slot is
//! near is not taken, so that values made to collide cost a constant each.

use std::hash::Hasher;

use super::Place;
use crate::hash::Mix;

/// Values, and how many rows hold each.
pub(super) struct Distinct {
    /// Index of a value, from 1 on.
    slots: Vec<u32>,
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    room: usize,
}

struct Entry {
    start: usize,
    end: usize,
    hash: u32,
    rows: u64,
    /// Who said that there is such a value, before a row did.
    claimed: Option<Place>,
}

impl Distinct {
    /// For about `room` bytes.
    pub(super) fn new(room: usize) -> Self {
        Self {
            slots: Vec::new(),
            entries: Vec::new(),
            bytes: Vec::new(),
            room,
        }
    }

    /// Counts rows of a value; `false` where there is no room for it.
    pub(super) fn add(&mut self, value: &[u8], rows: u64, claimed: Option<Place>) -> bool {
        let is_crowded = self.entries.len() * 2 >= self.slots.len();
        if is_crowded && (claimed.is_some() || !self.is_full()) {
            self.grow();
        }
        let hash = hash(value);
        let Some(slot) = self.slot(value, hash) else {
            return false;
        };
        let is_full = self.is_full();
        let Some(index) = self.slots.get_mut(slot) else {
            return false;
        };
        if let Some(entry) = at(*index).and_then(|at| self.entries.get_mut(at)) {
            entry.rows += rows;
            return true;
        }
        // what a footer claims is little, and is asked for at the end
        if claimed.is_none() && is_full {
            return false;
        }
        let Ok(next) = u32::try_from(self.entries.len() + 1) else {
            return false;
        };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        *index = next;
        self.entries.push(Entry {
            start,
            end: self.bytes.len(),
            hash,
            rows,
            claimed,
        });
        true
    }

    /// Whether few more values can be taken.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() + self.entries.len() * ENTRY_BYTES > self.room
    }

    /// The values, their rows, and who claimed them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], u64, Option<Place>)> {
        self.entries.iter().map(|entry| {
            let value = self.bytes.get(entry.start..entry.end);
            (value.unwrap_or_default(), entry.rows, entry.claimed)
        })
    }

    pub(super) fn clear(&mut self) {
        self.slots.fill(0);
        self.entries.clear();
        self.bytes.clear();
    }

    /// The slot of a value, or where it would go.
    fn slot(&self, value: &[u8], hash: u32) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let start = usize::try_from(hash).ok()?;
        (0..PROBES).map(|step| (start + step) & mask).find(|slot| {
            let index = self.slots.get(*slot).copied().unwrap_or_default();
            at(index)
                .and_then(|at| self.entries.get(at))
                .is_none_or(|entry| {
                    entry.hash == hash && self.bytes.get(entry.start..entry.end) == Some(value)
                })
        })
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(SLOTS_MIN);
        self.slots = vec![0; size];
        let mask = size - 1;
        for (index, entry) in (1..).zip(&self.entries) {
            let start = usize::try_from(entry.hash).unwrap_or_default();
            let mut places = (0..PROBES).map(|step| (start + step) & mask);
            let free = places.find(|slot| self.slots.get(*slot) == Some(&0));
            if let Some(slot) = free.and_then(|slot| self.slots.get_mut(slot)) {
                *slot = index;
            }
        }
    }
}

/// The place of an index that counts from 1.
fn at(index: u32) -> Option<usize> {
    usize::try_from(index.checked_sub(1)?).ok()
}

#[expect(clippy::cast_possible_truncation, reason = "any bits of a hash do")]
fn hash(value: &[u8]) -> u32 {
    let mut mix = Mix::default();
    mix.write(value);
    mix.write_usize(value.len());
    mix.finish() as u32
}

/// What a value takes besides its bytes.
const ENTRY_BYTES: usize = 64;
const SLOTS_MIN: usize = 64;
/// Slots that are looked at for a value.
const PROBES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_once_each() {
        let mut distinct = Distinct::new(1 << 20);
        for round in 0..3_u64 {
            for n in 0..5_000_u64 {
                assert!(distinct.add(n.to_string().as_bytes(), round + 1, None));
            }
        }
        let rows: Vec<u64> = distinct.iter().map(|(_, rows, _)| rows).collect();
        assert_eq!(rows, [6; 5_000]);
        let values: Vec<_> = distinct
            .iter()
            .map(|(value, _, _)| value.to_vec())
            .collect();
        assert_eq!(values[4_711], b"4711");
        distinct.clear();
        assert_eq!(distinct.iter().count(), 0);
        assert!(distinct.add(b"", 1, None));
        assert_eq!(distinct.iter().count(), 1);
    }

    #[test]
    fn room_is_kept_to_but_for_claims() {
        let mut distinct = Distinct::new(10 * ENTRY_BYTES);
        let taken = (0..100).filter(|n: &u32| distinct.add(&n.to_le_bytes(), 1, None));
        assert!(taken.count() < 12);
        assert!(distinct.add(b"claimed", 0, Some(Place::Statistics)));
        assert!(distinct.add(b"claimed", 2, None));
        let claimed = distinct.iter().find(|(_, _, claimed)| claimed.is_some());
        assert_eq!(claimed, Some((&b"claimed"[..], 2, Some(Place::Statistics))));
    }
}
