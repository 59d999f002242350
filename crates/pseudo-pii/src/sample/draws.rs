//! Counter-based random draws: SplitMix64 over a key of seed, stream and index.
//!
//! Not a cipher and not meant as one: it makes samples, never keys.

/// The draws that belong to one place of a sample: a seed, a stream (what is drawn) and an index
/// (for which row).
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// Returns the draws of `index` in `stream` under `seed`.
    #[inline]
    #[must_use]
    pub const fn at(seed: u64, stream: u64, index: u64) -> Self {
        let key = mix(seed ^ mix(stream.wrapping_add(GOLDEN)));
        Self(mix(key.wrapping_add(index.wrapping_mul(GOLDEN))))
    }

    /// Draws 64 bits.
    #[inline]
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// Draws a number below `bound`; 0 if `bound` is 0.
    #[inline]
    pub const fn below(&mut self, bound: u32) -> u32 {
        (((self.bits() >> 32) * bound as u64) >> 32) as u32
    }

    /// Draws a number below `bound`, which may exceed 32 bits; 0 if `bound` is 0.
    #[inline]
    pub const fn below_wide(&mut self, bound: u64) -> u64 {
        ((self.bits() as u128 * bound as u128) >> 64) as u64
    }

    /// Is true `share` times in a thousand.
    #[inline]
    pub const fn per_mille(&mut self, share: u32) -> bool {
        self.below(1000) < share
    }

    /// Picks an element of a pool with the same chance for each.
    #[inline]
    pub const fn pick<T: Copy, const N: usize>(&mut self, pool: &[T; N]) -> T {
        const { assert!(N > 0 && N < 1 << 31, "a pool has elements") };
        pool[(((self.bits() >> 32) * N as u64) >> 32) as usize]
    }

    /// Picks an element of a pool, the first ones far more often than the last.
    #[inline]
    pub const fn pick_skewed<T: Copy, const N: usize>(&mut self, pool: &[T; N]) -> T {
        const { assert!(N > 0 && N < 1 << 31, "a pool has elements") };
        let uniform = self.bits() >> 32;
        let square = (uniform * uniform) >> 32;
        pool[((square * N as u64) >> 32) as usize]
    }
}

/// Maps the numbers of `bits` bits one to one onto themselves, in an order that the seed decides.
///
/// Identifiers made from a scrambled counter are distinct without looking at each other, and do
/// not show the counter.
#[inline]
#[must_use]
pub const fn scramble(seed: u64, index: u64, bits: u32) -> u64 {
    // Odd multiplications, additions and shifted exclusive ors are each one to one in `bits` bits.
    let mask = (1 << bits) - 1;
    let key = mix(seed);
    let mut number = index.wrapping_mul(GOLDEN).wrapping_add(key) & mask;
    number ^= number >> bits.div_ceil(2);
    number = number.wrapping_mul(key | 1) & mask;
    number ^= number >> bits.div_ceil(2);
    number.wrapping_mul(GOLDEN) & mask
}

/// Returns the remainder of `number` as an index of something that long.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a remainder is below the length"
)]
pub(super) const fn remainder(number: u64, len: usize) -> usize {
    (number % len as u64) as usize
}

/// The finaliser of SplitMix64.
#[inline]
pub(super) const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
