//! FF1 as the standard reads (SP 800-38G r1, algorithms 7 and 8), one text at a time: any radix up
//! to 256, any length, tweak and block cipher.
//!
//! Numbers are limbs of 32 bits, the least significant first; texts are digits, the most
//! significant first.

use aes::cipher::consts::U16;
use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser};

use super::Direction;

/// Encrypts or decrypts the digits of one text.
pub(crate) fn permute<C>(
    cipher: &C,
    radix: u32,
    tweak: &[u8],
    direction: Direction,
    digits: &mut [u8],
) where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let prefix = Prefix::new(radix, tweak, digits.len());
    let mut sum = Vec::new();
    for round in 0..ROUNDS {
        let round = match direction {
            Direction::Encrypt => round,
            Direction::Decrypt => ROUNDS - 1 - round,
        };
        // Even rounds change the front half, odd ones the back half; so the halves stay in place
        // instead of being exchanged.
        let (front, back) = digits.split_at_mut(digits.len() / 2);
        let (target, source) = if round.is_multiple_of(2) {
            (front, back)
        } else {
            (back, front)
        };
        sum.clear();
        sum.resize(target.len(), 0);
        write_digits(prefix.round(cipher, round, source), radix, &mut sum);
        match direction {
            Direction::Encrypt => add(target, &sum, radix),
            Direction::Decrypt => subtract(target, &sum, radix),
        }
    }
}

/// What all rounds over texts of one length have in common.
pub(crate) struct Prefix {
    radix: u32,
    /// P, then the tweak and zero bytes up to the number of the round.
    pub(crate) message: Vec<u8>,
    /// The bytes of the larger half as a number, b in the standard.
    pub(crate) half_bytes: usize,
}

impl Prefix {
    pub(crate) fn new(radix: u32, tweak: &[u8], len: usize) -> Self {
        let half_bytes = half_bytes(radix, len);
        let mut message = first_block(radix, tweak, len).to_vec();
        message.extend_from_slice(tweak);
        let end = (message.len() + half_bytes + 1).next_multiple_of(16);
        message.resize(end - half_bytes - 1, 0);
        Self {
            radix,
            message,
            half_bytes,
        }
    }

    /// The number y of one round.
    fn round<C>(&self, cipher: &C, round: u8, source: &[u8]) -> Vec<u32>
    where
        C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
    {
        let mut message = self.message.clone();
        message.push(round);
        let number = number(source, self.radix);
        let bytes = number.iter().flat_map(|limb| limb.to_le_bytes());
        let bytes: Vec<u8> = bytes
            .chain(std::iter::repeat(0))
            .take(self.half_bytes)
            .collect();
        message.extend(bytes.iter().rev());

        let mut state = Array([0; 16]);
        for block in message.as_chunks::<16>().0 {
            crate::siv::xor(&mut state.0, block);
            cipher.encrypt_block(&mut state);
        }
        let length = 4 * self.half_bytes.div_ceil(4) + 4;
        let mut output = state.0.to_vec();
        for count in 1_u128.. {
            if output.len() >= length {
                break;
            }
            let counted = u128::from_be_bytes(state.0) ^ count;
            let mut block = Array(counted.to_be_bytes());
            cipher.encrypt_block(&mut block);
            output.extend_from_slice(&block.0);
        }
        output.truncate(length);
        let limbs = output.as_chunks::<4>().0.iter().rev();
        limbs.map(|limb| u32::from_be_bytes(*limb)).collect()
    }
}

/// P: the block that says what is encrypted.
fn first_block(radix: u32, tweak: &[u8], len: usize) -> [u8; 16] {
    let [_, r1, r2, r3] = radix.to_be_bytes();
    let half = (len / 2).to_le_bytes()[0];
    let [.., l0, l1, l2, l3] = len.to_be_bytes();
    let [.., t0, t1, t2, t3] = tweak.len().to_be_bytes();
    [
        1, 2, 1, r1, r2, r3, ROUNDS, half, l0, l1, l2, l3, t0, t1, t2, t3,
    ]
}

/// How many bytes the larger half of a text takes as a number.
fn half_bytes(radix: u32, len: usize) -> usize {
    let largest = u8::try_from(radix - 1).unwrap_or(u8::MAX);
    let number = number(&vec![largest; len.div_ceil(2)], radix);
    let bits: u32 = match number.iter().rposition(|&limb| limb != 0) {
        Some(last) => {
            let below = u32::try_from(last).unwrap_or(u32::MAX) * 32;
            below + number.get(last).map_or(0, |limb| 32 - limb.leading_zeros())
        }
        None => 0,
    };
    usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX)
}

/// The number that digits are, several of them at a time.
fn number(digits: &[u8], radix: u32) -> Vec<u32> {
    let mut number = vec![0];
    for digits in digits.chunks(step(radix)) {
        let (mut factor, mut carry) = (1_u64, 0_u64);
        for &digit in digits {
            factor *= u64::from(radix);
            carry = carry * u64::from(radix) + u64::from(digit);
        }
        for limb in &mut number {
            let sum = u64::from(*limb) * factor + carry;
            (*limb, carry) = (low(sum), sum >> 32);
        }
        if carry != 0 {
            number.push(low(carry));
        }
    }
    number
}

/// Writes the last digits of a number, several of them at a time.
fn write_digits(mut number: Vec<u32>, radix: u32, digits: &mut [u8]) {
    for digits in digits.rchunks_mut(step(radix)) {
        let divisor = digits
            .iter()
            .fold(1, |divisor, _| divisor * u64::from(radix));
        let mut rest = 0;
        for limb in number.iter_mut().rev() {
            let dividend = rest << 32 | u64::from(*limb);
            (*limb, rest) = (low(dividend / divisor), dividend % divisor);
        }
        for digit in digits.iter_mut().rev() {
            *digit = (rest % u64::from(radix)).to_le_bytes()[0];
            rest /= u64::from(radix);
        }
    }
}

/// How many digits fit a limb.
fn step(radix: u32) -> usize {
    let fits = |count: &u32| radix.checked_pow(*count).is_some();
    (1..32).take_while(fits).count()
}

/// Adds digits to others as many, without what overflows.
fn add(digits: &mut [u8], other: &[u8], radix: u32) {
    let mut carry = 0;
    for (digit, other) in digits.iter_mut().zip(other).rev() {
        let sum = u32::from(*digit) + u32::from(*other) + carry;
        carry = u32::from(sum >= radix);
        *digit = (sum - carry * radix).to_le_bytes()[0];
    }
}

/// Subtracts digits from others as many, without what underflows.
fn subtract(digits: &mut [u8], other: &[u8], radix: u32) {
    let mut borrow = 0;
    for (digit, other) in digits.iter_mut().zip(other).rev() {
        let (from, what) = (u32::from(*digit), u32::from(*other) + borrow);
        borrow = u32::from(from < what);
        *digit = (from + borrow * radix - what).to_le_bytes()[0];
    }
}

/// The low half of a number.
fn low(number: u64) -> u32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// How many rounds FF1 has.
pub(crate) const ROUNDS: u8 = 10;

#[cfg(test)]
mod tests;
