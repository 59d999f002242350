//! RFC 4648 text with AVX-512 VBMI: three instructions for up to 64 characters.
//!
//! One permutation gathers for every eight characters the at most eight bytes that hold their bits,
//! one multi-shift takes the bits of each character, one permutation of the alphabet makes them
//! characters.
#![expect(
    unsafe_code,
    reason = "masked loads and stores, and calls into code for AVX-512 VBMI"
)]

use std::arch::x86_64::*;

use crate::encoding::Encoding;

/// Appends the text of `bytes`.
pub(super) fn encode(encoding: Encoding, bytes: &[u8], out: &mut Vec<u8>) {
    // SAFETY: this path is entered only where the machine has its instructions.
    unsafe {
        match encoding {
            Encoding::Base32 => append(&const { Layout::new(Encoding::Base32, 40, 1) }, bytes, out),
            Encoding::Hex => append(&const { Layout::new(Encoding::Hex, 32, 1) }, bytes, out),
            Encoding::Base64Url => append(
                &const { Layout::new(Encoding::Base64Url, 48, 1) },
                bytes,
                out,
            ),
        }
    }
}

/// Appends the texts of all tokens, back to back.
pub(super) fn encode_all<const N: usize>(
    encoding: Encoding,
    tokens: &[[u8; N]],
    out: &mut Vec<u8>,
) {
    let layout = match encoding {
        Encoding::Base32 => const { &Layout::of_column(Encoding::Base32, N) },
        Encoding::Hex => const { &Layout::of_column(Encoding::Hex, N) },
        Encoding::Base64Url => const { &Layout::of_column(Encoding::Base64Url, N) },
    };
    match layout {
        // SAFETY: this path is entered only where the machine has its instructions.
        Some(layout) => unsafe { append(layout, tokens.as_flattened(), out) },
        None => tokens.iter().for_each(|token| encode(encoding, token, out)),
    }
}

/// How the characters of some tokens are taken out of the vector that holds them.
struct Layout {
    /// The byte of the source for each byte of the gathered vector.
    gather: [u8; 64],
    /// The lowest bit of each character in its eight gathered bytes.
    shift: [u8; 64],
    /// The alphabet, repeated to 64 characters: the bits above those of a digit do not count.
    alphabet: [u8; 64],
    encoding: Encoding,
    /// The bytes of one token.
    token: usize,
    /// The bytes of one step: whole tokens.
    bytes: usize,
    /// The characters of one step.
    characters: usize,
}

impl Layout {
    /// The layout of as many tokens of `len` bytes as fit a vector, or nothing where none does.
    const fn of_column(encoding: Encoding, len: usize) -> Option<Self> {
        if len == 0 || len > ZERO as usize || encoding.encoded_len(len) > 64 {
            return None;
        }
        let (by_text, by_bytes) = (64 / encoding.encoded_len(len), ZERO as usize / len);
        let tokens = if by_text < by_bytes {
            by_text
        } else {
            by_bytes
        };
        // Eight characters of more than two short tokens may lie in more than eight bytes.
        Some(Self::new(encoding, len, if len < 8 { 1 } else { tokens }))
    }

    /// The layout of `tokens` tokens of `len` bytes.
    const fn new(encoding: Encoding, len: usize, tokens: usize) -> Self {
        let bits = encoding.bits();
        let per_token = (len * 8).div_ceil(bits);
        let mut layout = Self {
            gather: [ZERO; 64],
            shift: [0; 64],
            alphabet: repeated(encoding.alphabet()),
            encoding,
            token: len,
            bytes: len * tokens,
            characters: per_token * tokens,
        };
        assert!(
            layout.bytes <= ZERO as usize && layout.characters <= 64,
            "a step fits a vector"
        );
        let mut eight = 0;
        while eight < 64 {
            layout.fill(bits, len, eight);
            eight += 8;
        }
        layout
    }

    /// Lays out eight characters. Their bytes are gathered with the first in the highest place;
    /// where a token ends among them, the bytes of the next follow.
    #[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
    const fn fill(&mut self, bits: usize, len: usize, eight: usize) {
        let per_token = (len * 8).div_ceil(bits);
        let mut used = 0;
        let mut segment = (usize::MAX, 0, 0);
        let mut character = eight;
        while character < eight + 8 && character < self.characters {
            let token = character / per_token;
            let first_bit = character % per_token * bits;
            if segment.0 != token {
                segment = (token, used, first_bit / 8);
            }
            let (_, start, first_byte) = segment;
            while first_byte + used - start <= (first_bit + bits - 1) / 8 {
                let byte = first_byte + used - start;
                if byte < len {
                    self.gather[eight + 7 - used] = small(token * len + byte);
                }
                used += 1;
            }
            self.shift[character] = small(64 - (start * 8 + first_bit - first_byte * 8) - bits);
            character += 1;
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "positions in a vector, evaluated at compile time"
)]
const fn small(position: usize) -> u8 {
    assert!(position < 64, "a position in a vector");
    position as u8
}

#[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn repeated(alphabet: &[u8]) -> [u8; 64] {
    let mut characters = [0; 64];
    let mut index = 0;
    while index < 64 {
        characters[index] = alphabet[index % alphabet.len()];
        index += 1;
    }
    characters
}

/// Appends the text of whole steps and of what remains behind them.
#[expect(
    clippy::indexing_slicing,
    reason = "there is room for a whole vector behind the text"
)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn append(layout: &Layout, bytes: &[u8], out: &mut Vec<u8>) {
    let gather = load(&layout.gather);
    let shift = load(&layout.shift);
    let alphabet = load(&layout.alphabet);
    let steps = bytes.chunks(layout.bytes);
    let encoded_len = |len| layout.encoding.encoded_len(len);
    let (whole, rest) = (bytes.len() / layout.token, bytes.len() % layout.token);
    let length = whole * encoded_len(layout.token) + encoded_len(rest);
    // A vector is stored whole; the characters behind the last one stay beyond the end.
    out.reserve(length + 64);
    let mut place = 0;
    let (room, _) = out.spare_capacity_mut().split_at_mut(length + 64);
    for step in steps {
        let step = load_front(step);
        let gathered = _mm512_permutexvar_epi8(gather, step);
        let digits = _mm512_multishift_epi64_epi8(shift, gathered);
        let text = _mm512_permutexvar_epi8(digits, alphabet);
        let vector = &mut room[place..place + 64];
        // SAFETY: the slice has the 64 bytes that are written.
        unsafe { _mm512_storeu_si512(vector.as_mut_ptr().cast(), text) };
        place += layout.characters;
    }
    // SAFETY: every step but the last has written `characters` bytes where the step before it
    // ended, and the last has written 64, so that all bytes up to `length` are written.
    unsafe { out.set_len(out.len() + length) };
}

#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the array has the 64 bytes that are read.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// At most 63 bytes, and zeros behind them.
#[target_feature(enable = "avx512f,avx512bw")]
fn load_front(bytes: &[u8]) -> __m512i {
    debug_assert!(bytes.len() < 64, "a step is shorter than a vector");
    let mask = (1_u64 << (bytes.len() % 64)) - 1;
    // SAFETY: the mask admits no byte beyond the slice.
    unsafe { _mm512_maskz_loadu_epi8(mask, bytes.as_ptr().cast()) }
}

/// A byte that no step fills.
const ZERO: u8 = 63;
