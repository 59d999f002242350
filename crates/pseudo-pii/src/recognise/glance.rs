//! The cheap look that rejects most values: how many digits, whether an `@`, whether a plate may
//! begin.

use super::{mobile, number};

/// What one pass over the bytes of a value shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glance {
    digits: usize,
    at: bool,
    ascii: bool,
    /// Digits or an `@` of full width.
    wide: bool,
    plate: bool,
}

impl Glance {
    #[inline]
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut seen = Seen::default();
        let (blocks, rest) = bytes.as_chunks::<16>();
        for block in blocks {
            seen.add(block);
        }
        seen.add(rest);
        let glance = Self {
            digits: seen.digits,
            at: seen.at,
            ascii: seen.or < 0x80,
            wide: false,
            plate: false,
        };
        if glance.ascii {
            glance
        } else {
            glance.beyond_ascii(bytes)
        }
    }

    #[inline(never)]
    fn beyond_ascii(mut self, bytes: &[u8]) -> Self {
        let (mut digits, mut at) = (0, 0);
        if bytes.contains(&0xEF) {
            for window in bytes.windows(3) {
                if let [0xEF, 0xBC, last] = window {
                    digits += usize::from(matches!(last, 0x90..=0x99));
                    at += usize::from(*last == 0xA0);
                }
            }
        }
        self.wide = digits + at > 0;
        self.digits += digits;
        self.at |= at > 0;
        // A Han character, and then none.
        self.plate = matches!(bytes, [0xE4..=0xE9, _, _, next, ..] if !(0xE3..=0xE9).contains(next))
            && bytes.len() <= LONGEST_PLATE;
        self
    }

    /// Whether the value can be any identifier.
    #[inline]
    pub(super) const fn is_worth_a_look(self) -> bool {
        self.digits >= FEWEST_DIGITS || self.at || self.plate
    }

    /// Whether the value is too long to be one number, and has too few digits to hold one.
    pub(super) const fn is_poor_text(self, len: usize) -> bool {
        len > number::LONGEST && self.digits < mobile::DIGITS && !self.wide && !self.at
    }

    pub(super) const fn digits(self) -> usize {
        self.digits
    }

    pub(super) const fn has_at(self) -> bool {
        self.at
    }

    pub(super) const fn is_ascii(self) -> bool {
        self.ascii
    }

    pub(super) const fn is_wide(self) -> bool {
        self.wide
    }
}

#[derive(Default)]
struct Seen {
    digits: usize,
    at: bool,
    or: u8,
}

impl Seen {
    /// Counts in one byte: `bytes` are at most 16.
    #[inline]
    fn add(&mut self, bytes: &[u8]) {
        let (mut digits, mut at, mut or) = (0_u8, 0_u8, 0_u8);
        for byte in bytes {
            digits += u8::from(byte.wrapping_sub(b'0') < 10);
            at |= u8::from(*byte == b'@');
            or |= byte;
        }
        self.digits += usize::from(digits);
        self.at |= at != 0;
        self.or |= or;
    }
}

/// Digits of the identifier with the fewest, but for e-mail addresses and plates: a vehicle number.
const FEWEST_DIGITS: usize = 4;
/// Bytes of the longest plate with what people put between its places, or in full width.
const LONGEST_PLATE: usize = 32;
