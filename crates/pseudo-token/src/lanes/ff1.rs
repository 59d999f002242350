//! FF1 over runs of texts of one length: as words where both halves fit one, else one by one.
#![expect(
    clippy::indexing_slicing,
    reason = "indices are positions of the run, and halves are shorter than the text"
)]

use super::batch::{CHUNK, for_each_run};
use super::{Lanes, reference};
use crate::ff1::feistel::{Feistel, GROUP};
use crate::ff1::{Alphabet, Direction, Ff1};

#[cfg(target_arch = "x86_64")]
mod vaes;

/// Appends each value encrypted or decrypted in its format; false when a character is of another
/// alphabet.
pub(super) fn permute(
    lanes: Lanes,
    ff1: &Ff1,
    alphabet: Alphabet,
    direction: Direction,
    values: &[&[u8]],
    out: &mut Vec<u8>,
) -> bool {
    let mut valid = true;
    for values in values.chunks(CHUNK) {
        let mut offsets = [0; CHUNK];
        let mut total = 0;
        for (offset, value) in offsets.iter_mut().zip(values) {
            *offset = total;
            total += value.len();
        }
        let start = out.len();
        out.resize(start + total, 0);
        let (_, place) = out.split_at_mut(start);
        for_each_run::<LENGTHS>(
            values,
            |len| len,
            |len, order| {
                let run = Run {
                    ff1,
                    alphabet,
                    direction,
                    len,
                    values,
                    order,
                    offsets: &offsets,
                };
                valid &= run.permute(lanes, place);
            },
        );
    }
    valid
}

/// Values of one length, and where what becomes of them belongs.
struct Run<'a> {
    ff1: &'a Ff1,
    alphabet: Alphabet,
    direction: Direction,
    len: usize,
    values: &'a [&'a [u8]],
    order: &'a [u16],
    offsets: &'a [usize; CHUNK],
}

impl Run<'_> {
    fn permute(&self, lanes: Lanes, out: &mut [u8]) -> bool {
        #[cfg(target_arch = "x86_64")]
        if lanes == Lanes::Avx512
            && self.order.len() >= vaes::FEWEST
            && let Some(feistel) = self.feistel(vaes::LARGEST)
        {
            return vaes::permute(self, &feistel, out);
        }
        let _ = lanes;
        let Some(feistel) = self.feistel(u64::MAX) else {
            return self.permute_alone(out);
        };
        match self.alphabet {
            Alphabet::Digits => self.permute_words::<10>(&feistel, out),
            Alphabet::LowerAlpha => self.permute_words::<26>(&feistel, out),
            Alphabet::LowerAlnum | Alphabet::UpperAlnum => self.permute_words::<36>(&feistel, out),
            Alphabet::Alnum => self.permute_words::<62>(&feistel, out),
        }
    }

    /// The rounds over texts of this length, unless a half can exceed `largest`.
    fn feistel(&self, largest: u64) -> Option<Feistel> {
        let radix = self.alphabet.radix();
        Feistel::new(self.ff1, radix, self.direction, self.len, largest)
    }

    /// Takes each half as a word.
    fn permute_words<const RADIX: u64>(&self, feistel: &Feistel, out: &mut [u8]) -> bool {
        let digits = self.alphabet.digits();
        let characters = self.alphabet.characters();
        let middle = self.len / 2;
        let mut seen = 0;
        for order in self.order.chunks(GROUP) {
            let mut halves = [[0; GROUP]; 2];
            let [fronts, backs] = halves.each_mut().map(|half| &mut half[..order.len()]);
            for ((front, back), &index) in fronts.iter_mut().zip(&mut *backs).zip(order) {
                let text = self.values[usize::from(index)].split_at(middle);
                *front = number::<RADIX>(digits, text.0, &mut seen);
                *back = number::<RADIX>(digits, text.1, &mut seen);
            }
            let [first, second] = self.direction.order([&mut *fronts, &mut *backs]);
            feistel.permute(&self.ff1.cipher, first, second);
            for ((front, back), &index) in fronts.iter().zip(&*backs).zip(order) {
                let offset = self.offsets[usize::from(index)];
                let text = out[offset..offset + self.len].split_at_mut(middle);
                write::<RADIX>(characters, *front, text.0);
                write::<RADIX>(characters, *back, text.1);
            }
        }
        seen < 0x80
    }

    /// Takes values that are too long for words.
    fn permute_alone(&self, out: &mut [u8]) -> bool {
        let mut text = Vec::with_capacity(self.len);
        self.order.iter().all(|&index| {
            let index = usize::from(index);
            let value = &self.values[index..=index];
            text.clear();
            let valid =
                reference::permute(self.ff1, self.alphabet, self.direction, value, &mut text);
            let offset = self.offsets[index];
            out[offset..offset + text.len()].copy_from_slice(&text);
            valid
        })
    }
}

/// The number that a text is; `seen` reaches 0x80 when a character is not of the alphabet.
#[inline]
fn number<const RADIX: u64>(digits: &[u8; 128], text: &[u8], seen: &mut u8) -> u64 {
    text.iter().fold(0, |number: u64, &character| {
        let digit = digits[usize::from(character & 0x7f)] | (character & 0x80);
        *seen |= digit;
        number.wrapping_mul(RADIX).wrapping_add(u64::from(digit))
    })
}

/// Writes the number as text, with leading zeros.
#[inline]
fn write<const RADIX: u64>(characters: &[u8], mut number: u64, text: &mut [u8]) {
    for character in text.iter_mut().rev() {
        let digit = number % RADIX;
        number /= RADIX;
        *character = characters[usize::from(digit.to_le_bytes()[0])];
    }
}

/// The lengths from none to the longest.
const LENGTHS: usize = Alphabet::LONGEST + 1;
