//! AES-256-SIV over groups of messages with VAES: four blocks of four messages per instruction.
//!
//! The messages of a group have the same number of blocks. S2V runs over them side by side; then
//! each block of key stream is computed for all of them, and added to the plaintext that is still
//! at hand.
#![expect(
    unsafe_code,
    reason = "loads and stores, and calls into code for VAES and AVX-512"
)]
#![expect(
    clippy::indexing_slicing,
    reason = "indices are constants, or positions of the run"
)]

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use zeroize::ZeroizeOnDrop;

use super::Lanes;
use super::batch::{BLOCKS, CHUNK, LONG, for_each_run};
use super::portable;
use crate::siv::{HEADER, OVERHEAD, SealKey, Siv, halves};

/// The round keys of AES-256, each repeated for the four blocks of a vector.
#[derive(ZeroizeOnDrop)]
#[repr(C, align(64))]
pub(crate) struct RoundKeys {
    keys: [[[u8; 16]; 4]; 15],
}

impl RoundKeys {
    /// Expands a key where this machine can use it, and leaves zeros elsewhere.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut round_keys = Self {
            keys: [[[0; 16]; 4]; 15],
        };
        if Lanes::Avx512.is_available() {
            // SAFETY: the machine was just found to have the instructions.
            unsafe { round_keys.expand(key) }
        }
        round_keys
    }

    /// The key schedule of AES-256 (FIPS 197, 5.2), every round key four times.
    #[target_feature(enable = "aes,sse2")]
    fn expand(&mut self, key: &[u8; 32]) {
        let [low, high] = halves(key);
        let (mut even, mut odd) = (load_block(low), load_block(high));
        let mut index = 0;
        let mut keep = |key: __m128i| {
            // SAFETY: both types are 16 bytes in which every pattern is a value.
            let key: [u8; 16] = unsafe { std::mem::transmute(key) };
            self.keys[index] = [key; 4];
            index += 1;
        };
        keep(even);
        keep(odd);
        macro_rules! next {
            ($constant:literal) => {
                let word = _mm_aeskeygenassist_si128::<$constant>(odd);
                even = mix(even, _mm_shuffle_epi32::<0xff>(word));
                keep(even);
            };
            ($constant:literal, both) => {
                next!($constant);
                let word = _mm_aeskeygenassist_si128::<0>(even);
                odd = mix(odd, _mm_shuffle_epi32::<0xaa>(word));
                keep(odd);
            };
        }
        next!(0x01, both);
        next!(0x02, both);
        next!(0x04, both);
        next!(0x08, both);
        next!(0x10, both);
        next!(0x20, both);
        next!(0x40);
    }
}

/// Appends the seal of each value.
pub(super) fn seal(siv: &Siv, values: &[&[u8]], out: &mut Vec<u8>) {
    for values in values.chunks(CHUNK) {
        let mut offsets = [0; CHUNK];
        let mut total = 0;
        for (offset, value) in offsets.iter_mut().zip(values) {
            *offset = total;
            total += SealKey::sealed_len(value.len());
        }
        out.reserve(total);
        let (place, _) = out.spare_capacity_mut().split_at_mut(total);
        for_each_run::<BLOCKS>(
            values,
            |len| len / 16,
            |class, order| {
                let run = Run {
                    siv,
                    values,
                    order,
                    offsets: &offsets,
                };
                if class == LONG {
                    run.seal_alone(place);
                } else {
                    // SAFETY: this path is entered only where the machine has its instructions.
                    unsafe { run.seal(class + 1, place) }
                }
            },
        );
        // SAFETY: the runs hold every value once, and a run writes the whole seal of each of its
        // values; together these are the `total` bytes behind the end, for which there is room.
        unsafe { out.set_len(out.len() + total) };
    }
}

/// Values with the same number of blocks, and where their seals belong.
struct Run<'a> {
    siv: &'a Siv,
    values: &'a [&'a [u8]],
    order: &'a [u16],
    offsets: &'a [usize; CHUNK],
}

impl Run<'_> {
    /// Seals values that are too long to go side by side.
    fn seal_alone(&self, out: &mut [MaybeUninit<u8>]) {
        let mut sealed = Vec::new();
        for &index in self.order {
            let index = usize::from(index);
            sealed.clear();
            portable::seal(self.siv, &self.values[index..=index], &mut sealed);
            let place = &mut out[self.offsets[index]..][..sealed.len()];
            place.write_copy_of_slice(&sealed);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,aes,vaes")]
    fn seal(&self, blocks: usize, out: &mut [MaybeUninit<u8>]) {
        match blocks {
            1 => self.seal_groups::<1>(out),
            2 => self.seal_groups::<2>(out),
            3 => self.seal_groups::<3>(out),
            4 => self.seal_groups::<4>(out),
            5 => self.seal_groups::<5>(out),
            6 => self.seal_groups::<6>(out),
            7 => self.seal_groups::<7>(out),
            _ => self.seal_groups::<8>(out),
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,aes,vaes")]
    fn seal_groups<const M: usize>(&self, out: &mut [MaybeUninit<u8>]) {
        for group in self.order.chunks(GROUP) {
            // A group that is not full repeats its first message.
            let mut lanes = [usize::from(group[0]); GROUP];
            for (lane, &index) in lanes.iter_mut().zip(group) {
                *lane = usize::from(index);
            }
            let messages = lanes.map(|index| {
                let message = self.values[index];
                assert!(
                    message.len() / 16 + 1 == M,
                    "a run has one number of blocks"
                );
                message
            });
            let plaintext = plaintext::<M>(&messages);
            let tags = self.tags(&plaintext);
            let ciphertext = self.ciphertext(&plaintext, &tags);
            // SAFETY: both types hold one block per message, in which every pattern is a value.
            let tags: [[u8; 16]; GROUP] = unsafe { std::mem::transmute(tags) };
            let ciphertext = ciphertext.map(|blocks| {
                // SAFETY: as above.
                unsafe { std::mem::transmute::<Blocks, [[u8; 16]; GROUP]>(blocks) }
            });
            for (lane, &index) in lanes.iter().enumerate() {
                let place = &mut out[self.offsets[index]..][..OVERHEAD + M * 16];
                store(&self.siv.header, &tags[lane], &ciphertext, lane, place);
            }
        }
    }

    /// S2V of each message: CBC over its blocks, with a constant added to the last.
    #[target_feature(enable = "avx512f,vaes")]
    fn tags<const M: usize>(&self, plaintext: &[Blocks; M]) -> Blocks {
        let last = _mm512_broadcast_i32x4(load_block(&self.siv.last));
        let mut state = [_mm512_setzero_si512(); WIDE];
        for (index, blocks) in plaintext.iter().enumerate() {
            for (state, block) in state.iter_mut().zip(blocks) {
                *state = if index + 1 == M {
                    _mm512_ternarylogic_epi32::<0x96>(*state, *block, last)
                } else {
                    _mm512_xor_si512(*state, *block)
                };
            }
            state = encrypt(&self.siv.mac_keys, state);
        }
        state
    }

    /// CTR over the blocks of each message.
    #[target_feature(enable = "avx512f,avx512bw,vaes")]
    fn ciphertext<const M: usize>(&self, plaintext: &[Blocks; M], tags: &Blocks) -> [Blocks; M] {
        // Bits 63 and 31 are cleared, so counting never carries out of the last word.
        let kept = _mm_set_epi64x(0xffff_ff7f_ffff_ff7f_u64.cast_signed(), -1);
        let kept = _mm512_broadcast_i32x4(kept);
        let first = tags.map(|tag| swap_last(_mm512_and_si512(tag, kept)));
        let one = _mm512_broadcast_i32x4(_mm_set_epi32(1, 0, 0, 0));
        let mut count = _mm512_setzero_si512();
        plaintext.map(|blocks| {
            let counters = first.map(|first| swap_last(_mm512_add_epi32(first, count)));
            count = _mm512_add_epi32(count, one);
            let mut stream = encrypt(&self.siv.ctr_keys, counters);
            for (stream, block) in stream.iter_mut().zip(blocks) {
                *stream = _mm512_xor_si512(*stream, block);
            }
            stream
        })
    }
}

/// Writes the seal of one message of a group.
#[inline]
fn store<const M: usize>(
    header: &[u8; HEADER],
    tag: &[u8; 16],
    ciphertext: &[[[u8; 16]; GROUP]; M],
    lane: usize,
    place: &mut [MaybeUninit<u8>],
) {
    let (front, blocks) = place.split_at_mut(OVERHEAD);
    front[..HEADER].write_copy_of_slice(header);
    front[HEADER..].write_copy_of_slice(tag);
    for (index, ciphertext) in ciphertext.iter().enumerate() {
        blocks[index * 16..][..16].write_copy_of_slice(&ciphertext[lane]);
    }
}

/// The padded blocks of messages of `16 (M - 1)` to `16 M - 1` bytes.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn plaintext<const M: usize>(messages: &[&[u8]; GROUP]) -> [Blocks; M] {
    let mut plaintext = [[_mm512_setzero_si512(); WIDE]; M];
    for (index, blocks) in plaintext.iter_mut().enumerate() {
        for (block, messages) in blocks.iter_mut().zip(messages.as_chunks::<4>().0) {
            let four = messages.map(|message| load(message, index * 16));
            let low = _mm512_castsi128_si512(four[0]);
            let low = _mm512_inserti32x4::<1>(low, four[1]);
            let low = _mm512_inserti32x4::<2>(low, four[2]);
            *block = _mm512_inserti32x4::<3>(low, four[3]);
        }
    }
    plaintext
}

/// Up to 16 bytes of a message from `offset` on; behind the last comes the mark `0x80`, then zeros.
#[target_feature(enable = "avx512bw,avx512vl")]
#[inline]
fn load(message: &[u8], offset: usize) -> __m128i {
    let rest = &message[offset..];
    if let Some(whole) = rest.first_chunk::<16>() {
        return load_block(whole);
    }
    let mark = 1_u16 << rest.len();
    // SAFETY: the mask admits no byte beyond the message.
    let bytes = unsafe { _mm_maskz_loadu_epi8(mark - 1, rest.as_ptr().cast()) };
    _mm_mask_mov_epi8(bytes, mark, _mm_set1_epi8(0x80_u8.cast_signed()))
}

/// AES-256 over blocks side by side (FIPS 197, 5.1).
#[target_feature(enable = "avx512f,vaes")]
#[inline]
pub(super) fn encrypt(keys: &RoundKeys, mut blocks: Blocks) -> Blocks {
    let [first, middle @ .., last] = &keys.keys;
    let key = load_key(first);
    blocks = blocks.map(|block| _mm512_xor_si512(block, key));
    for key in middle {
        let key = load_key(key);
        blocks = blocks.map(|block| _mm512_aesenc_epi128(block, key));
    }
    let key = load_key(last);
    blocks.map(|block| _mm512_aesenclast_epi128(block, key))
}

/// Adds to each word of a round key all words before it, and `word`.
#[target_feature(enable = "sse2")]
fn mix(key: __m128i, word: __m128i) -> __m128i {
    let key = _mm_xor_si128(key, _mm_slli_si128::<4>(key));
    let key = _mm_xor_si128(key, _mm_slli_si128::<8>(key));
    _mm_xor_si128(key, word)
}

#[target_feature(enable = "sse2")]
#[inline]
fn load_block(block: &[u8; 16]) -> __m128i {
    // SAFETY: the array has the 16 bytes that are read.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load_key(key: &[[u8; 16]; 4]) -> __m512i {
    // SAFETY: the array has the 64 bytes that are read.
    unsafe { _mm512_loadu_si512(key.as_ptr().cast()) }
}

/// Turns the last word of each block from big-endian into a word of the machine, and back.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn swap_last(blocks: __m512i) -> __m512i {
    let quarter = _mm_set_epi64x(0x0c0d_0e0f_0b0a_0908, 0x0706_0504_0302_0100);
    _mm512_shuffle_epi8(blocks, _mm512_broadcast_i32x4(quarter))
}

/// How many messages are sealed side by side.
pub(super) const GROUP: usize = 32;
/// The vectors that hold one block of each message of a group.
pub(super) const WIDE: usize = GROUP / 4;
pub(super) type Blocks = [__m512i; WIDE];
