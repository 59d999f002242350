//! The cheap look that rejects most values: how many digits, whether an `@`, whether a plate may
//! begin.

use super::{mobile, number};

/// What one pass over the bytes of a value shows: one word, which stays in a register.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glance {
    digits: u32,
    flags: u32,
}

impl Glance {
    #[inline]
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut seen = Seen::default();
        let (words, rest) = bytes.as_chunks();
        for word in words {
            seen.add(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            seen.add(padded(bytes, rest));
        }
        let flags = if seen.at == 0 { 0 } else { AT };
        if seen.or & HIGH == 0 {
            let flags = flags | ASCII;
            return Self {
                digits: seen.digits,
                flags,
            };
        }
        let beyond = Self::beyond_ascii(bytes);
        Self {
            digits: seen.digits + beyond.digits,
            flags: flags | beyond.flags,
        }
    }

    /// What the characters beyond ASCII add.
    #[inline(never)]
    fn beyond_ascii(bytes: &[u8]) -> Self {
        let (mut digits, mut at) = (0, 0);
        if bytes.contains(&0xEF) {
            for window in bytes.windows(3) {
                if let [0xEF, 0xBC, last] = window {
                    digits += u32::from(matches!(last, 0x90..=0x99));
                    at += u32::from(*last == 0xA0);
                }
            }
        }
        // A Han character, and then none.
        let is_begin =
            matches!(bytes, [0xE4..=0xE9, _, _, next, ..] if !(0xE3..=0xE9).contains(next));
        let is_plate = is_begin && bytes.len() <= LONGEST_PLATE;
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags = flag(digits + at > 0, WIDE) | flag(at > 0, AT) | flag(is_plate, PLATE);
        Self { digits, flags }
    }

    const fn has(self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether a value of `len` bytes can be or hold any identifier.
    #[inline]
    pub(super) const fn is_worth_a_look(self, len: usize) -> bool {
        if self.has(AT | PLATE) || self.digits() >= mobile::DIGITS {
            return true;
        }
        // too few digits for anything but one code with letters
        self.digits() >= FEWEST_DIGITS
            && (self.has(WIDE)
                || len <= number::LONGEST && (!self.has(ASCII) || len >= SHORTEST_CODE))
    }

    pub(super) const fn digits(self) -> usize {
        self.digits as usize
    }

    pub(super) const fn has_at(self) -> bool {
        self.has(AT)
    }

    pub(super) const fn is_ascii(self) -> bool {
        self.has(ASCII)
    }

    pub(super) const fn is_wide(self) -> bool {
        self.has(WIDE)
    }
}

/// The last bytes of a value, fewer than a word, and zeros.
#[inline]
fn padded(bytes: &[u8], rest: &[u8]) -> u64 {
    match bytes.last_chunk() {
        Some(last) => u64::from_le_bytes(*last) >> (8 * (8 - rest.len())),
        None => rest
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// What words of eight bytes show, counted without a branch.
#[derive(Default)]
struct Seen {
    digits: u32,
    /// Zero where there is no `@`.
    at: u64,
    or: u64,
}

impl Seen {
    #[inline]
    fn add(&mut self, word: u64) {
        // seven bits of a byte, and a carry into its eighth where they are not below a limit
        let carries = |word: u64, limit: u64| (word & !HIGH) + (0x80 - limit) * ONES;
        let digit = word ^ (u64::from(b'0') * ONES);
        let digits = !(carries(digit, 10) | digit) & HIGH;
        let at = word ^ (u64::from(b'@') * ONES);
        self.digits += ((digits >> 7).wrapping_mul(ONES) >> 56) as u32;
        self.at |= !(carries(at, 1) | at) & HIGH;
        self.or |= word;
    }
}

const AT: u32 = 1;
const ASCII: u32 = 2;
/// Digits or an `@` of full width.
const WIDE: u32 = 4;
/// A plate may begin the value.
const PLATE: u32 = 8;

/// One in each byte of a word, and the highest bit of each.
const ONES: u64 = u64::MAX / 0xFF;
const HIGH: u64 = ONES << 7;
/// Digits of the identifier with the fewest, but for e-mail addresses and plates: a vehicle number.
const FEWEST_DIGITS: usize = 4;
/// Places of the shortest identifier with letters among its digits: a vehicle number.
const SHORTEST_CODE: usize = 17;
/// Bytes of the longest plate with what people put between its places, or in full width.
const LONGEST_PLATE: usize = 32;
