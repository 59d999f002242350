//! FF1 over groups of texts with VAES and AVX-512 IFMA, for halves of at most 2⁵⁰.
//!
//! A block of a vector is one text, and so is a word. The words of two vectors of blocks go into
//! one vector by turns, because then a single instruction puts them there or takes them out. Text
//! becomes numbers and back eight digits at a time, in the same way for all alphabets.
#![expect(
    unsafe_code,
    reason = "masked loads and stores, and calls into code for VAES and AVX-512"
)]

use std::arch::x86_64::*;

use super::Run;
use crate::ff1::Alphabet;
use crate::ff1::feistel::{self, Feistel, ratio};
use crate::lanes::RoundKeys;
use crate::lanes::vaes::{Blocks, GROUP, WIDE, encrypt};

/// Encrypts or decrypts a run; false when a character is of another alphabet.
pub(super) fn permute(run: &Run<'_>, feistel: &Feistel, out: &mut [u8]) -> bool {
    // SAFETY: this path is entered only where the machine has its instructions.
    unsafe { permute_groups(run, feistel, out) }
}

/// With fewer texts than this the lanes are too empty to pay.
pub(super) const FEWEST: usize = 4;
/// The largest power of a radix that a half may be below.
pub(super) const LARGEST: u64 = 1 << 50;

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512ifma,vaes")]
fn permute_groups(run: &Run<'_>, feistel: &Feistel, out: &mut [u8]) -> bool {
    let digits = Digits::new(run.alphabet);
    let rounds = Rounds::new(feistel);
    let (front, back) = (run.len / 2, run.len.div_ceil(2));
    let mut invalid = 0;
    for group in run.order.chunks(GROUP) {
        // A group that is not full repeats its first text.
        let mut lanes = [usize::from(group[0]); GROUP];
        for (lane, &index) in lanes.iter_mut().zip(group) {
            *lane = usize::from(index);
        }
        let texts = lanes.map(|index| run.values[index]);
        let mut fronts = digits.numbers(&texts, front, |text| &text[..front], &mut invalid);
        let mut backs = digits.numbers(&texts, back, |text| &text[front..], &mut invalid);
        let [first, second] = run.direction.order([&mut fronts, &mut backs]);
        rounds.permute(&run.ff1.round_keys, first, second);
        let fronts = digits.texts(fronts);
        let backs = digits.texts(backs);
        let fronts = fronts.as_flattened();
        let backs = backs.as_flattened();
        for (lane, &index) in lanes.iter().enumerate() {
            let text = &mut out[run.offsets[index]..][..run.len];
            let (front, back) = text.split_at_mut(front);
            store(&fronts[lane], front);
            store(&backs[lane], back);
        }
    }
    invalid == 0
}

/// One word of each text of a group: those of two vectors of blocks in a vector, by turns.
type Words = [__m512i; WIDE / 2];

/// What turns the texts of an alphabet into numbers and back.
struct Digits {
    /// The digit of each ASCII character, or a byte from 0x80 on.
    digits: [__m512i; 2],
    /// The character of each digit.
    characters: __m512i,
    /// The radix and one, and its square and one, and its fourth power.
    weights: [__m512i; 3],
    /// The eighth power of the radix, and its reciprocal.
    eight: [__m512i; 2],
    /// The fourth power of the radix, and its reciprocal.
    four: [__m512i; 2],
    /// The square of the radix, and its reciprocal of 36 bits.
    two: [__m512i; 2],
    /// The radix, and its reciprocal, and by how much that is shifted.
    one: [__m512i; 2],
    shift: __m128i,
}

impl Digits {
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(alphabet: Alphabet) -> Self {
        let mut characters = [0; 64];
        for (place, character) in characters.iter_mut().zip(alphabet.characters()) {
            *place = *character;
        }
        let (low, high) = alphabet.digits().split_at(64);
        let radix = u64::from(alphabet.radix());
        let (square, fourth, eighth) = (radix.pow(2), radix.pow(4), radix.pow(8));
        let shift = alphabet.radix().ilog2();
        let short = |number: u64| splat(number * 0x0001_0001_0001_0001);
        Self {
            digits: [load(low), load(high)],
            characters: load(&characters),
            weights: [
                short(radix | 1 << 8),
                splat((square | 1 << 16) * 0x1_0000_0001),
                splat(fourth),
            ],
            eight: [splat(eighth), splat(ratio(1, eighth, 52))],
            four: [splat(fourth), splat(ratio(1, fourth, 52))],
            // Rounded up: numbers below the square of these divisors then have the right quotient.
            two: [
                splat(square * 0x1_0000_0001),
                splat((1_u64 << 36).div_ceil(square)),
            ],
            one: [short(radix), short((1_u64 << (16 + shift)).div_ceil(radix))],
            shift: _mm_cvtsi32_si128(shift.cast_signed()),
        }
    }

    /// The numbers that halves of `len` characters are; characters of another alphabet leave a bit.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512ifma")]
    #[inline]
    fn numbers<'a>(
        &self,
        texts: &[&'a [u8]; GROUP],
        len: usize,
        half: impl Fn(&'a [u8]) -> &'a [u8],
        invalid: &mut u64,
    ) -> Words {
        let mask = last(len);
        let mask = u64::from(mask) * 0x0001_0001_0001_0001;
        let mut words = [_mm512_setzero_si512(); WIDE / 2];
        let (texts, _) = texts.as_chunks::<8>();
        for (words, texts) in words.iter_mut().zip(texts) {
            let pair: [__m512i; 2] = [0, 4].map(|lane| {
                let four = [0, 1, 2, 3].map(|next| load_half(half(texts[lane + next]), len));
                let low = _mm512_castsi128_si512(four[0]);
                let low = _mm512_inserti32x4::<1>(low, four[1]);
                let low = _mm512_inserti32x4::<2>(low, four[2]);
                let text = _mm512_inserti32x4::<3>(low, four[3]);
                let [low, high] = self.digits;
                let digits = _mm512_maskz_permutex2var_epi8(mask, low, text, high);
                *invalid |= _mm512_movepi8_mask(_mm512_or_si512(digits, text));
                self.number(digits)
            });
            let high = _mm512_unpacklo_epi64(pair[0], pair[1]);
            let low = _mm512_unpackhi_epi64(pair[0], pair[1]);
            *words = _mm512_madd52lo_epu64(low, high, self.eight[0]);
        }
        words
    }

    /// The number that each eight digits are.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn number(&self, digits: __m512i) -> __m512i {
        let [radix, square, fourth] = self.weights;
        let pairs = _mm512_maddubs_epi16(digits, radix);
        let fours = _mm512_madd_epi16(pairs, square);
        let high = _mm512_mul_epu32(fours, fourth);
        _mm512_add_epi64(high, _mm512_srli_epi64::<32>(fours))
    }

    /// The texts that numbers are, with zeros before them up to 16 characters.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512ifma")]
    #[inline]
    fn texts(&self, words: Words) -> [[[u8; 16]; 8]; WIDE / 2] {
        words.map(|words| {
            let [high, low] = divide(words, self.eight);
            let pair = [
                _mm512_unpacklo_epi64(high, low),
                _mm512_unpackhi_epi64(high, low),
            ];
            let texts = pair.map(|eights| self.text(eights));
            // SAFETY: both types are 128 bytes in which every pattern is a value.
            unsafe { std::mem::transmute::<[__m512i; 2], [[u8; 16]; 8]>(texts) }
        })
    }

    /// The eight characters of each number.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512ifma")]
    #[inline]
    fn text(&self, eights: __m512i) -> __m512i {
        let [high, low] = divide(eights, self.four);
        let fours = _mm512_or_si512(high, _mm512_slli_epi64::<32>(low));
        let [square, ratio] = self.two;
        let even = _mm512_srli_epi64::<36>(_mm512_mul_epu32(high, ratio));
        let odd = _mm512_srli_epi64::<36>(_mm512_mul_epu32(low, ratio));
        let high = _mm512_or_si512(even, _mm512_slli_epi64::<32>(odd));
        let low = _mm512_sub_epi32(fours, _mm512_madd_epi16(high, square));
        let twos = _mm512_or_si512(high, _mm512_slli_epi32::<16>(low));
        let [radix, ratio] = self.one;
        let high = _mm512_srl_epi16(_mm512_mulhi_epu16(twos, ratio), self.shift);
        let low = _mm512_sub_epi16(twos, _mm512_mullo_epi16(high, radix));
        let digits = _mm512_or_si512(high, _mm512_slli_epi16::<8>(low));
        _mm512_permutexvar_epi8(digits, self.characters)
    }
}

/// Quotient and remainder of numbers below 2⁵⁰ by a divisor with its reciprocal, rounded down.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn divide(numbers: __m512i, [divisor, ratio]: [__m512i; 2]) -> [__m512i; 2] {
    let quotient = _mm512_madd52hi_epu64(_mm512_setzero_si512(), numbers, ratio);
    let product = _mm512_madd52lo_epu64(_mm512_setzero_si512(), quotient, divisor);
    let rest = _mm512_sub_epi64(numbers, product);
    // What was rounded down can be one less.
    let less = _mm512_cmpge_epu64_mask(rest, divisor);
    [
        _mm512_mask_add_epi64(quotient, less, quotient, splat(1)),
        _mm512_mask_sub_epi64(rest, less, rest, divisor),
    ]
}

/// [`Feistel`] in vectors.
struct Rounds<'a> {
    feistel: &'a Feistel,
    first: Modulus,
    second: Modulus,
}

impl<'a> Rounds<'a> {
    #[target_feature(enable = "avx512f")]
    fn new(feistel: &'a Feistel) -> Self {
        Self {
            feistel,
            first: Modulus::new(&feistel.first),
            second: Modulus::new(&feistel.second),
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes")]
    #[inline]
    fn permute(&self, keys: &RoundKeys, first: &mut Words, second: &mut Words) {
        if self.feistel.split == 48 {
            self.permute_split::<48>(keys, first, second);
        } else {
            self.permute_split::<32>(keys, first, second);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes")]
    #[inline]
    fn permute_split<const SPLIT: u32>(
        &self,
        keys: &RoundKeys,
        first: &mut Words,
        second: &mut Words,
    ) {
        for [one, other] in &self.feistel.bases {
            let output = encrypt(keys, blocks(*one, second));
            self.first.add::<SPLIT>(first, &output);
            let output = encrypt(keys, blocks(*other, first));
            self.second.add::<SPLIT>(second, &output);
        }
    }
}

/// The blocks of a round: its base and a half of each text.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn blocks(base: u128, words: &Words) -> Blocks {
    let base = base.to_be_bytes();
    // SAFETY: the array has the 16 bytes that are read.
    let base = unsafe { _mm_loadu_si128(base.as_ptr().cast()) };
    let base = _mm512_broadcast_i32x4(base);
    let zero = _mm512_setzero_si512();
    let mut blocks = [zero; WIDE];
    for (pair, words) in blocks.as_chunks_mut::<2>().0.iter_mut().zip(words) {
        let words = swap_bytes(*words);
        *pair = [
            _mm512_xor_si512(base, _mm512_unpacklo_epi64(zero, words)),
            _mm512_xor_si512(base, _mm512_unpackhi_epi64(zero, words)),
        ];
    }
    blocks
}

/// [`feistel::Modulus`] in vectors, with reciprocals of 52 bits.
struct Modulus {
    value: __m512i,
    twice: __m512i,
    negative: __m512i,
    high: __m512i,
    low: __m512i,
    high_ratio: __m512i,
    low_ratio: __m512i,
}

impl Modulus {
    #[target_feature(enable = "avx512f")]
    fn new(modulus: &feistel::Modulus) -> Self {
        let value = modulus.value;
        Self {
            value: splat(value),
            twice: splat(2 * value),
            negative: splat((1 << 52) - value),
            high: splat(modulus.high),
            low: splat(modulus.low),
            high_ratio: splat(ratio(modulus.high, value, 52)),
            low_ratio: splat(ratio(modulus.low, value, 52)),
        }
    }

    /// Adds to each word the number that its encrypted block begins with.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
    #[inline]
    fn add<const SPLIT: u32>(&self, words: &mut Words, blocks: &Blocks) {
        for (word, pair) in words.iter_mut().zip(blocks.as_chunks::<2>().0) {
            let front = swap_bytes(_mm512_unpacklo_epi64(pair[0], pair[1]));
            let (high, low) = if SPLIT == 48 {
                let back = swap_bytes(_mm512_unpackhi_epi64(pair[0], pair[1]));
                let middle = _mm512_and_si512(front, splat(0xffff));
                let low = _mm512_or_si512(
                    _mm512_slli_epi64::<32>(middle),
                    _mm512_srli_epi64::<32>(back),
                );
                (_mm512_srli_epi64::<16>(front), low)
            } else {
                let low = _mm512_and_si512(front, splat(0xffff_ffff));
                (_mm512_srli_epi64::<32>(front), low)
            };
            *word = self.add_parts(*word, high, low);
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    fn add_parts(&self, word: __m512i, high: __m512i, low: __m512i) -> __m512i {
        let quotient = _mm512_madd52hi_epu64(_mm512_setzero_si512(), high, self.high_ratio);
        let quotient = _mm512_madd52hi_epu64(quotient, low, self.low_ratio);
        let sum = _mm512_madd52lo_epu64(word, high, self.high);
        let sum = _mm512_madd52lo_epu64(sum, low, self.low);
        let sum = _mm512_madd52lo_epu64(sum, quotient, self.negative);
        let sum = _mm512_and_si512(sum, splat((1 << 52) - 1));
        // Below M + 2 M (1 + 2⁻⁴), and M is at most 2⁵⁰: twice is enough.
        let sum = _mm512_min_epu64(sum, _mm512_sub_epi64(sum, self.twice));
        _mm512_min_epu64(sum, _mm512_sub_epi64(sum, self.value))
    }
}

/// The mask of the last `len` of 16 bytes.
const fn last(len: usize) -> u16 {
    assert!(0 < len && len <= 16, "a half has from 1 to 16 characters");
    u16::MAX << (16 - len)
}

/// A half of `len` characters, and zeros before it.
#[target_feature(enable = "avx512bw,avx512vl")]
#[inline]
fn load_half(half: &[u8], len: usize) -> __m128i {
    assert_eq!(half.len(), len, "a run has one length");
    let start = half.as_ptr().wrapping_add(len).wrapping_sub(16);
    // SAFETY: the mask admits the `len` bytes before the end of the slice, which are all of it.
    unsafe { _mm_maskz_loadu_epi8(last(len), start.cast()) }
}

/// Writes the last characters of a text, as many as the half has.
#[target_feature(enable = "avx512bw,avx512vl")]
#[inline]
fn store(text: &[u8; 16], half: &mut [u8]) {
    let mask = last(half.len());
    let start = half.as_mut_ptr().wrapping_add(half.len()).wrapping_sub(16);
    // SAFETY: the array has the 16 bytes that are read, and the mask admits the last bytes before
    // the end of the slice, as many as it has.
    unsafe {
        let text = _mm_loadu_si128(text.as_ptr().cast());
        _mm_mask_storeu_epi8(start.cast(), mask, text);
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load(bytes: &[u8]) -> __m512i {
    let (bytes, _) = bytes.as_chunks::<64>();
    // SAFETY: the array has the 64 bytes that are read.
    unsafe { _mm512_loadu_si512(bytes[0].as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn splat(word: u64) -> __m512i {
    _mm512_set1_epi64(word.cast_signed())
}

/// Turns big-endian words into words of the machine, and back.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn swap_bytes(words: __m512i) -> __m512i {
    let half = _mm_set_epi64x(0x0809_0a0b_0c0d_0e0f, 0x0001_0203_0405_0607);
    _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(half))
}
