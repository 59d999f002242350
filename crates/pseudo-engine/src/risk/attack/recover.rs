//! Inverts a column of unkeyed hashes: how many of its values and rows a dictionary gives back. What
//! they are is known for the length of a comparison and counted, no more.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::hash::Hash;
use super::targets::{self, Column, Entry, Index};
use crate::{Cancel, Result};

/// All values of a column; an entry's owner is the number of its rows.
pub(super) struct Full {
    index: Index,
    rows: u64,
}

impl Full {
    /// Reads a column in full.
    pub(super) fn read(column: &Column<'_>, cancel: &Cancel) -> Result<Self> {
        let mut entries = Vec::new();
        column.table.read(column.index, &mut |array| {
            cancel.check()?;
            targets::each(&plain(array), &mut |value| {
                if let Some(bytes) = column.encoding.read(value) {
                    entries.push(Entry::new(&bytes, 1));
                }
            });
            Ok(true)
        })?;
        let rows = entries.len() as u64;
        entries.sort_unstable();
        entries.dedup_by(|next, kept| {
            let is_same = next.is_same(kept);
            if is_same {
                kept.owner = kept.owner.saturating_add(next.owner);
            }
            is_same
        });
        Ok(Self {
            index: Index::new(entries),
            rows,
        })
    }

    /// Distinct values.
    pub(super) fn values(&self) -> u64 {
        self.index.entries().len() as u64
    }

    /// Rows that are not NULL.
    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }
}

/// Which values were inverted.
pub(super) struct Inverted<'a> {
    full: &'a Full,
    found: Vec<AtomicBool>,
    left: AtomicU64,
}

impl<'a> Inverted<'a> {
    pub(super) fn new(full: &'a Full) -> Self {
        let found = full.index.entries().iter();
        Self {
            full,
            found: found.map(|_| AtomicBool::new(false)).collect(),
            left: AtomicU64::new(full.values()),
        }
    }

    /// Tries words; answers whether there are values left.
    pub(super) fn try_all(&self, hash: Hash, words: &[&[u8]]) -> bool {
        let mut digests = vec![[0; 16]; words.len()];
        hash.digests(words, &mut digests);
        for digest in &digests {
            self.full.index.look(digest, |at| {
                let found = self.found.get(at);
                if found.is_some_and(|found| !found.swap(true, Ordering::Relaxed)) {
                    self.left.fetch_sub(1, Ordering::Relaxed);
                }
            });
        }
        self.left.load(Ordering::Relaxed) > 0
    }

    /// How many values, and how many rows.
    pub(super) fn count(&self) -> (u64, u64) {
        let entries = self.full.index.entries().iter().zip(&self.found);
        let found = entries.filter(|(_, found)| found.load(Ordering::Relaxed));
        found.fold((0, 0), |(values, rows), (entry, _)| {
            (values + 1, rows + u64::from(entry.owner))
        })
    }
}

/// Text out of its dictionary, so that every row counts.
fn plain(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Dictionary(_, values) => {
            cast(array, values).unwrap_or_else(|_| ArrayRef::clone(array))
        }
        _ => ArrayRef::clone(array),
    }
}
