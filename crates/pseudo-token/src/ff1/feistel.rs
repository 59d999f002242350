//! FF1 as arithmetic on words, for many texts of one length: halves of less than 2⁶¹.
//!
//! ```text
//! y      = the first 64 or 96 bits of AES(base of the round ^ one half as a number)
//! other  = other ± y mod radix^m, where m is its length
//! ```
//!
//! The number y is cut into a high and a low part of `split` bits, and each is multiplied by what
//! its lowest bit is worth modulo M = radix^m. Multiplying by a fixed factor f needs no division
//! (Shoup): with r = ⌊f·2^w / M⌋ and q = ⌊x·r / 2^w⌋, x·f − q·M is below M·(1 + x / 2^w), however
//! small M is. Undoing a round multiplies by M − f instead.

use aes::Aes256;
use aes::cipher::{Array, BlockCipherEncrypt};

use super::general::{Prefix, ROUNDS};
use super::{Direction, Ff1};
use crate::siv::xor;

/// All that the rounds over texts of one length have in common.
pub(crate) struct Feistel {
    /// The blocks of the rounds but for the half that each holds, two rounds at a time, in the
    /// order in which they are done.
    pub(crate) bases: [[u128; 2]; ROUNDS as usize / 2],
    /// How many bits each of both parts of y has: 32 or 48.
    pub(crate) split: u32,
    /// For the half that is changed first, which is the front when encrypting.
    pub(crate) first: Modulus,
    /// For the half that is changed second.
    pub(crate) second: Modulus,
}

impl Feistel {
    /// Prepares the rounds, unless a half can exceed `largest`.
    pub(crate) fn new(
        ff1: &Ff1,
        radix: u32,
        direction: Direction,
        len: usize,
        largest: u64,
    ) -> Option<Self> {
        let modulus = |digits: usize| {
            let digits = u32::try_from(digits).ok()?;
            let modulus = u64::from(radix).checked_pow(digits)?;
            (modulus <= largest.min(LARGEST)).then_some(modulus)
        };
        let (front, back) = (modulus(len / 2)?, modulus(len.div_ceil(2))?);
        let prefix = Prefix::new(radix, &ff1.tweak, len);
        let split = if prefix.half_bytes > 4 { 48 } else { 32 };
        let base = base(&ff1.cipher, &prefix);
        let at = |round: u8| base ^ u128::from(round) << (8 * prefix.half_bytes);
        let mut bases = [[0; 2]; ROUNDS as usize / 2];
        for (bases, round) in bases.iter_mut().zip((0..ROUNDS).step_by(2)) {
            *bases = match direction {
                Direction::Encrypt => [at(round), at(round + 1)],
                Direction::Decrypt => [at(ROUNDS - 1 - round), at(ROUNDS - 2 - round)],
            };
        }
        let modulus = |value| Modulus::new(value, split, direction);
        let [first, second] = direction.order([modulus(front), modulus(back)]);
        Some(Self {
            bases,
            split,
            first,
            second,
        })
    }

    /// Does all rounds over as many pairs of halves: those changed first, and those changed second.
    pub(crate) fn permute(&self, cipher: &Aes256, first: &mut [u64], second: &mut [u64]) {
        for [one, other] in self.bases {
            self.round(cipher, one, &self.first, first, second);
            self.round(cipher, other, &self.second, second, first);
        }
    }

    fn round(
        &self,
        cipher: &Aes256,
        base: u128,
        modulus: &Modulus,
        targets: &mut [u64],
        sources: &[u64],
    ) {
        let mut blocks = [Array([0; 16]); GROUP];
        let groups = targets.chunks_mut(GROUP).zip(sources.chunks(GROUP));
        for (targets, sources) in groups {
            let (blocks, _) = blocks.split_at_mut(targets.len());
            for (block, source) in blocks.iter_mut().zip(sources) {
                block.0 = (base ^ u128::from(*source)).to_be_bytes();
            }
            cipher.encrypt_blocks(blocks);
            for (target, block) in targets.iter_mut().zip(blocks) {
                let number = u128::from_be_bytes(block.0) >> (128 - 2 * self.split);
                let high = low_word(number >> self.split);
                let low = low_word(number) & ((1 << self.split) - 1);
                *target = modulus.add(*target, high, low);
            }
        }
    }
}

/// The last block of a round without its number and without the half, after all blocks before it.
fn base(cipher: &Aes256, prefix: &Prefix) -> u128 {
    let mut message = prefix.message.clone();
    message.resize(message.len() + 1 + prefix.half_bytes, 0);
    let (blocks, _) = message.as_chunks::<16>();
    let mut state = Array([0; 16]);
    for (index, block) in blocks.iter().enumerate() {
        if index > 0 {
            cipher.encrypt_block(&mut state);
        }
        xor(&mut state.0, block);
    }
    u128::from_be_bytes(state.0)
}

/// A power of the radix, and what multiplies the parts of a number modulo it.
pub(crate) struct Modulus {
    pub(crate) value: u64,
    /// What the high part is multiplied by.
    pub(crate) high: u64,
    /// What the low part is multiplied by.
    pub(crate) low: u64,
    high_ratio: u64,
    low_ratio: u64,
}

impl Modulus {
    fn new(value: u64, split: u32, direction: Direction) -> Self {
        let factor = |power: u64| match direction {
            Direction::Encrypt => power % value,
            Direction::Decrypt => (value - power % value) % value,
        };
        let (high, low) = (factor(1 << split), factor(1));
        Self {
            value,
            high,
            low,
            high_ratio: ratio(high, value, 64),
            low_ratio: ratio(low, value, 64),
        }
    }

    /// Adds the number with these parts to one below the modulus.
    #[inline]
    fn add(&self, number: u64, high: u64, low: u64) -> u64 {
        let quotient = multiply_high(high, self.high_ratio) + multiply_high(low, self.low_ratio);
        let sum = number
            .wrapping_add(high.wrapping_mul(self.high))
            .wrapping_add(low.wrapping_mul(self.low))
            .wrapping_sub(quotient.wrapping_mul(self.value));
        // Below M + 2 M (1 + 2⁻¹⁶), and M is at most 2⁶¹: twice is enough.
        let sum = sum.min(sum.wrapping_sub(2 * self.value));
        sum.min(sum.wrapping_sub(self.value))
    }
}

/// ⌊`factor`·2^`bits` / `modulus`⌋ for a factor below the modulus.
pub(crate) fn ratio(factor: u64, modulus: u64, bits: u32) -> u64 {
    low_word((u128::from(factor) << bits) / u128::from(modulus))
}

#[inline]
fn multiply_high(one: u64, other: u64) -> u64 {
    low_word((u128::from(one) * u128::from(other)) >> 64)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low word is asked for")]
const fn low_word(number: u128) -> u64 {
    number as u64
}

/// The largest power of a radix that a half may be below.
const LARGEST: u64 = 1 << 61;
/// How many blocks are encrypted at once.
pub(crate) const GROUP: usize = 64;
