//! A small set of byte strings, past which many stream: most are told apart by one bit.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// The set; each string has a number.
pub(super) struct Needles {
    bits: Vec<u64>,
    seed: u64,
    places: HashMap<Vec<u8>, u32>,
}

impl Needles {
    pub(super) fn new(needles: impl IntoIterator<Item = (Vec<u8>, u32)>) -> Self {
        let places: HashMap<Vec<u8>, u32> = needles.into_iter().collect();
        let mut set = Self {
            bits: vec![0; BITS / 64],
            seed: RandomState::new().hash_one(places.len()),
            places: HashMap::new(),
        };
        for needle in places.keys() {
            let (word, bit) = place(needle, set.seed);
            if let Some(bits) = set.bits.get_mut(word) {
                *bits |= bit;
            }
        }
        set.places = places;
        set
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The number of a string of the set.
    #[inline]
    pub(super) fn find(&self, cell: &[u8]) -> Option<u32> {
        let (word, bit) = place(cell, self.seed);
        let seen = self.bits.get(word).is_some_and(|bits| bits & bit != 0);
        if seen {
            self.places.get(cell).copied()
        } else {
            None
        }
    }
}

/// A place among the bits, by the first and last bytes: pseudonyms are random in all of theirs, and
/// numbers differ in their last.
#[inline]
fn place(cell: &[u8], seed: u64) -> (usize, u64) {
    let (first, last) = match (cell.first_chunk::<8>(), cell.last_chunk::<8>()) {
        (Some(first), Some(last)) => (*first, *last),
        _ => {
            let mut padded = [0; 8];
            let cells = padded.iter_mut().zip(cell);
            cells.for_each(|(to, from)| *to = *from);
            (padded, [0; 8])
        }
    };
    let mixed = (u64::from_le_bytes(first) ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash =
        (mixed ^ u64::from_le_bytes(last) ^ (mixed >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let index = hash >> (u64::BITS - BITS.trailing_zeros());
    (
        usize::try_from(index >> 6).unwrap_or_default(),
        1 << (index & 63),
    )
}

/// Thirty-two kilobytes: they stay in the nearest cache.
const BITS: usize = 1 << 18;
