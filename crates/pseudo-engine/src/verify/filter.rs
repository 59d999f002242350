//! The cells that are looked for in a column, and a set of them that the column streams past: what
//! it seems to hold is compared byte by byte.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int64Type};

/// Cells, back to back.
#[derive(Default)]
pub(super) struct Entries {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Entries {
    pub(super) fn push(&mut self, cell: &[u8]) {
        self.bytes.extend_from_slice(cell);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn cell(&self, entry: usize) -> &[u8] {
        let start = entry
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        let start = start.copied().unwrap_or_default();
        let end = self.ends.get(entry).copied().unwrap_or_default();
        self.bytes.get(start..end).unwrap_or_default()
    }
}

/// A set of cells that answers most cells that are not in it from one bit.
pub(crate) struct Filter<'a> {
    entries: &'a Entries,
    bits: Vec<u64>,
    shift: u32,
    /// Random, so that no source can be made to fill one place.
    seed: u64,
    /// The hash of each entry, and which it is, ascending.
    words: Vec<(u64, usize)>,
    found: Vec<AtomicBool>,
}

impl<'a> Filter<'a> {
    pub(super) fn new(entries: &'a Entries) -> Self {
        let count = entries.len();
        let seed = RandomState::new().hash_one(count);
        let mut words: Vec<(u64, usize)> = (0..count)
            .map(|entry| (word(entries.cell(entry), seed), entry))
            .collect();
        words.sort_unstable();
        let bits = (count * BITS_PER_CELL).next_power_of_two();
        let bits = bits.clamp(BITS_MIN, BITS_MAX);
        let mut filter = Self {
            entries,
            bits: vec![0; bits / 64],
            shift: u64::BITS - bits.trailing_zeros(),
            seed,
            words,
            found: (0..count).map(|_| AtomicBool::new(false)).collect(),
        };
        for (word, _) in &filter.words {
            let (place, bit) = place(*word, filter.shift);
            if let Some(bits) = filter.bits.get_mut(place) {
                *bits |= bit;
            }
        }
        filter
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Marks the entries that are `cell`.
    #[inline]
    pub(crate) fn look(&self, cell: &[u8]) {
        let word = word(cell, self.seed);
        let (place, bit) = place(word, self.shift);
        if self.bits.get(place).is_some_and(|bits| bits & bit != 0) {
            self.second_look(word, cell);
        }
    }

    #[inline(never)]
    fn second_look(&self, word: u64, cell: &[u8]) {
        let first = self.words.partition_point(|(other, _)| *other < word);
        let equal = self.words.iter().skip(first);
        for (_, entry) in equal.take_while(|(other, _)| *other == word) {
            if self.entries.cell(*entry) != cell {
                continue;
            }
            // most cells that are found are found again and again
            if let Some(found) = self
                .found
                .get(*entry)
                .filter(|f| !f.load(Ordering::Relaxed))
            {
                found.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Which entries were found.
    pub(crate) fn into_found(self) -> Vec<AtomicBool> {
        self.found
    }
}

/// The cells of an array as bytes.
pub(crate) fn each_cell(array: &ArrayRef, mut each: impl FnMut(usize, &[u8])) {
    let valid = (0..array.len()).filter(|row| array.is_valid(*row));
    match array.data_type() {
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            valid.for_each(|row| each(row, array.value(row).as_bytes()));
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            valid.for_each(|row| each(row, array.value(row)));
        }
        DataType::FixedSizeBinary(_) => {
            let array = array.as_fixed_size_binary();
            valid.for_each(|row| each(row, array.value(row)));
        }
        DataType::Int64 => {
            let array = array.as_primitive::<Int64Type>();
            valid.for_each(|row| each(row, &array.value(row).to_le_bytes()));
        }
        _ => {}
    }
}

fn place(word: u64, shift: u32) -> (usize, u64) {
    let index = word >> shift;
    (
        usize::try_from(index >> 6).unwrap_or_default(),
        1 << (index & 63),
    )
}

/// A hash of the first and last bytes of a cell: pseudonyms and digests are random in all of
/// theirs.
#[inline]
fn word(cell: &[u8], seed: u64) -> u64 {
    let (first, last) = match (cell.first_chunk::<8>(), cell.last_chunk::<8>()) {
        (Some(first), Some(last)) => (*first, *last),
        _ => {
            let mut padded = [0; 8];
            padded
                .iter_mut()
                .zip(cell)
                .for_each(|(to, from)| *to = *from);
            (padded, [0; 8])
        }
    };
    let mixed = (u64::from_le_bytes(first) ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ u64::from_le_bytes(last) ^ mixed >> 32).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// One cell in so many gets a second look without being in the set.
const BITS_PER_CELL: usize = 64;
/// One kilobyte, and sixteen megabytes.
const BITS_MIN: usize = 1 << 13;
const BITS_MAX: usize = 1 << 27;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_pushed_is_found_and_nothing_else() {
        let cells: Vec<Vec<u8>> = (0..2_000_u32)
            .map(|n| match n % 4 {
                0 => n.to_le_bytes().to_vec(),
                1 => u64::from(n).to_le_bytes().to_vec(),
                2 => format!("same head {n} same tail").into_bytes(),
                _ => vec![7; n as usize % 40],
            })
            .collect();
        let mut entries = Entries::default();
        cells.iter().step_by(2).for_each(|cell| entries.push(cell));
        let filter = Filter::new(&entries);
        let looked: Vec<&Vec<u8>> = cells.iter().skip(1_000).collect();
        looked.iter().for_each(|cell| filter.look(cell));
        let found: Vec<bool> = filter
            .into_found()
            .into_iter()
            .map(AtomicBool::into_inner)
            .collect();
        for (cell, found) in cells.iter().step_by(2).zip(found) {
            assert_eq!(looked.contains(&cell), found, "{cell:?}");
        }
    }
}
