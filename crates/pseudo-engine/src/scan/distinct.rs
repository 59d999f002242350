//! Which values of a column were met, up to a number of them: fingerprints in a table with linear
//! probing. Two values have one fingerprint once in 2^63 pairs, which costs a count.
//!
//! A value for which no slot is near is not taken, so that values made to collide cost a constant
//! each.

/// The fingerprints of values.
pub(super) struct Distinct {
    /// A fingerprint, and in its last bit whether a row holds the value; zero where there is none.
    slots: Vec<u64>,
    taken: usize,
    room: usize,
}

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// Nothing, up to now.
    New,
    /// It was claimed, and no row held it.
    Claimed,
    /// A row holds it.
    InRow,
}

impl Distinct {
    /// For about `room` bytes.
    pub(super) const fn new(room: usize) -> Self {
        Self {
            slots: Vec::new(),
            taken: 0,
            room: room / size_of::<u64>(),
        }
    }

    /// Takes a value that a row holds, by its fingerprint, if there is room, and says what was
    /// known of it.
    #[inline]
    pub(super) fn add(&mut self, print: u64) -> Met {
        if self.is_crowded() && self.slots.len() * 2 <= self.room.max(SLOTS_MIN) {
            self.grow();
        }
        let can_take = !self.is_full();
        self.take(print | IN_ROW, can_take)
    }

    /// Brings the slots of fingerprints near that will be added: one after the other each would be
    /// waited for, all together they are waited for once.
    #[inline]
    pub(super) fn fetch(&self, prints: impl Iterator<Item = u64>) {
        let mask = self.slots.len().saturating_sub(1);
        let slots = prints.filter_map(|print| self.slots.get(place(print) & mask));
        std::hint::black_box(slots.fold(0, |all, slot| all ^ slot));
    }

    /// Takes a value that something but a row tells of, and says what was known of it.
    pub(super) fn claim(&mut self, value: &[u8]) -> Met {
        // what a footer claims is little, and is asked for at the end
        if self.is_crowded() {
            self.grow();
        }
        self.take(fingerprint(value), true)
    }

    /// Whether few more values can be taken.
    pub(super) const fn is_full(&self) -> bool {
        self.is_crowded() && self.slots.len() * 2 > self.room
    }

    pub(super) fn clear(&mut self) {
        self.slots.fill(0);
        self.taken = 0;
    }

    const fn is_crowded(&self) -> bool {
        self.taken * 8 >= self.slots.len() * 5
    }

    #[inline]
    fn take(&mut self, print: u64, can_take: bool) -> Met {
        let Some(slot) = self.slot(print) else {
            return Met::New;
        };
        match *slot {
            0 if can_take => *slot = print,
            0 => return Met::New,
            old => {
                *slot |= print;
                let met = [Met::Claimed, Met::InRow];
                return if old & IN_ROW == 0 { met[0] } else { met[1] };
            }
        }
        self.taken += 1;
        Met::New
    }

    /// The slot of a fingerprint, or where it would go.
    #[inline]
    fn slot(&mut self, print: u64) -> Option<&mut u64> {
        let mask = self.slots.len().checked_sub(1)?;
        let start = place(print);
        let is_it = |slot: u64| slot == 0 || slot | IN_ROW == print | IN_ROW;
        let mut places = (0..PROBES).map(|step| (start + step) & mask);
        let found = places.find(|at| self.slots.get(*at).is_some_and(|slot| is_it(*slot)))?;
        self.slots.get_mut(found)
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(SLOTS_MIN);
        let old = std::mem::replace(&mut self.slots, vec![0; size]);
        for print in old.into_iter().filter(|print| *print != 0) {
            if let Some(slot) = self.slot(print) {
                *slot = print;
            }
        }
    }
}

const fn place(print: u64) -> usize {
    (print >> 1) as usize
}

/// A hash that is not zero, its last bit free. It decides no output byte.
#[inline]
pub(super) fn fingerprint(value: &[u8]) -> u64 {
    let (words, rest) = value.as_chunks::<8>();
    let start = SEED ^ value.len() as u64;
    let state = words.iter().fold(start, |state, word| {
        folded(state ^ u64::from_le_bytes(*word), STEP)
    });
    let last = match value.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => rest
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    (folded(state, last ^ STEP) ^ folded(last ^ SEED, END)).max(2) & !IN_ROW
}

/// Both halves of a product.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a half")]
const fn folded(one: u64, other: u64) -> u64 {
    let product = one as u128 * other as u128;
    (product >> 64) as u64 ^ product as u64
}

const IN_ROW: u64 = 1;
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const STEP: u64 = 0xbf58_476d_1ce4_e5b9;
const END: u64 = 0x94d0_49bb_1331_11eb;
const SLOTS_MIN: usize = 64;
/// Slots that are looked at for a value.
const PROBES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_new_once_each() {
        let mut distinct = Distinct::new(1 << 20);
        for round in 0..3 {
            let news = (0..50_000_u64).filter(|n| {
                let text = format!("{n:0width$}", width = 1 + (n % 40) as usize);
                distinct.add(fingerprint(text.as_bytes())) == Met::New
            });
            let texts =
                (0..50_000_u64).map(|n| format!("{n:0width$}", width = 1 + (n % 40) as usize));
            let count = texts.collect::<std::collections::BTreeSet<_>>().len();
            assert_eq!(news.count(), if round == 0 { count } else { 0 });
        }
        distinct.clear();
        assert_eq!(distinct.add(fingerprint(b"")), Met::New);
        assert_eq!(distinct.add(fingerprint(b"")), Met::InRow);
    }

    #[test]
    fn room_is_kept_to_but_for_claims() {
        let mut distinct = Distinct::new(1 << 10);
        let new = |n: &u32| distinct.add(fingerprint(&n.to_le_bytes())) == Met::New;
        assert_eq!((0..1_000).filter(new).count(), 1_000);
        assert!(distinct.is_full());
        let taken = |n: &u32| distinct.add(fingerprint(&n.to_le_bytes())) == Met::InRow;
        assert!((75..=100).contains(&(0..1_000).filter(taken).count()));
        assert_eq!(distinct.claim(b"claimed"), Met::New);
        assert_eq!(distinct.claim(b"claimed"), Met::Claimed);
        assert_eq!(distinct.add(fingerprint(b"claimed")), Met::Claimed);
        assert_eq!(distinct.claim(b"claimed"), Met::InRow);
    }
}
