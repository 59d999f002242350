//! HMAC-SHA256 on 16 AVX-512 lanes, one message per lane.
#![expect(unsafe_code, reason = "masked loads, and calls into code for AVX-512")]
#![expect(
    clippy::indexing_slicing,
    reason = "indices are constants, or positions of the run"
)]

use std::arch::x86_64::*;

use super::batch::{BLOCKS, CHUNK, LONG, for_each_run};
use super::portable;
use super::rounds::{bits, blocks, compress};
use crate::hmac::Keyed;

/// Writes the first `N` bytes of the HMAC of each value.
pub(super) fn digests<const N: usize>(keyed: &Keyed, values: &[&[u8]], out: &mut [[u8; N]]) {
    for (values, out) in values.chunks(CHUNK).zip(out.chunks_mut(CHUNK)) {
        for_each_run::<BLOCKS>(values, class, |class, order| {
            if class == LONG || order.len() < FEWEST {
                for &index in order {
                    let index = usize::from(index);
                    portable::digest(keyed, values[index], &mut out[index]);
                }
            } else {
                // SAFETY: this path is entered only where the machine has its instructions.
                unsafe { digest_run(keyed, values, order, class, out) }
            }
        });
    }
}

/// Values of up to 31 bytes fill half a block at most; others are told apart by their blocks.
const fn class(len: usize) -> usize {
    if len < 32 { 0 } else { blocks(len) }
}

/// With fewer messages than this the lanes are too empty to pay.
const FEWEST: usize = 3;

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn digest_run<const N: usize>(
    keyed: &Keyed,
    values: &[&[u8]],
    order: &[u16],
    class: usize,
    out: &mut [[u8; N]],
) {
    let inner = keyed.inner.map(|word| splat(word));
    let outer = keyed.outer.map(|word| splat(word));
    for group in order.chunks(16) {
        // A group that is not full repeats its first message.
        let mut lanes = [usize::from(group[0]); 16];
        for (lane, &index) in lanes.iter_mut().zip(group) {
            *lane = usize::from(index);
        }
        let messages = lanes.map(|index| values[index]);
        let lengths = lengths(&messages);
        let state = if class == 0 {
            compress_half::<0>(inner, half(&messages, 0), lengths)
        } else {
            let mut state = inner;
            for block in 0..class {
                let [w0, w1, w2, w3, w4, w5, w6, w7] = half(&messages, block * 64);
                let [w8, w9, w10, w11, w12, w13, w14, end] = half(&messages, block * 64 + 32);
                let w15 = if block + 1 == class { lengths } else { end };
                let words = [
                    w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15,
                ];
                state = compress_full(state, words);
            }
            state
        };
        let digest = compress_half::<0x8000_0000>(outer, state, splat(96 * 8));
        store(digest, &lanes, out);
    }
}

/// Compresses blocks whose second half is one known word, zeros, and the length.
#[target_feature(enable = "avx512f")]
fn compress_half<const MARK: u32>(state: [V; 8], words: [V; 8], length: V) -> [V; 8] {
    let [w0, w1, w2, w3, w4, w5, w6, w7] = words;
    let (zero, mark) = (splat(0), splat(MARK));
    let words = [
        w0, w1, w2, w3, w4, w5, w6, w7, mark, zero, zero, zero, zero, zero, zero, length,
    ];
    compress!(state, words)
}

#[target_feature(enable = "avx512f")]
fn compress_full(state: [V; 8], words: [V; 16]) -> [V; 8] {
    compress!(state, words)
}

#[target_feature(enable = "avx512f")]
fn lengths(messages: &[&[u8]; 16]) -> V {
    let bits = messages.map(|message| bits(message.len()));
    // SAFETY: the array has the 64 bytes that are read.
    unsafe { _mm512_loadu_si512(bits.as_ptr().cast()) }
}

/// Eight words of each message from `offset` on, with the mark that ends the message.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn half(messages: &[&[u8]; 16], offset: usize) -> [V; 8] {
    let pair = |low: usize, high: usize| {
        let low = _mm512_castsi256_si512(load(messages[low], offset));
        _mm512_inserti64x4::<1>(low, load(messages[high], offset))
    };
    // Rows are paired so that the transposition below leaves the lanes in order.
    let rows = [
        pair(0, 4),
        pair(1, 5),
        pair(2, 6),
        pair(3, 7),
        pair(8, 12),
        pair(9, 13),
        pair(10, 14),
        pair(11, 15),
    ];
    let [a0, a1, a2, a3] = transpose_quarters([rows[0], rows[1], rows[2], rows[3]]);
    let [b0, b1, b2, b3] = transpose_quarters([rows[4], rows[5], rows[6], rows[7]]);
    let even = |a, b| swap_bytes(_mm512_shuffle_i32x4::<0b10_00_10_00>(a, b));
    let odd = |a, b| swap_bytes(_mm512_shuffle_i32x4::<0b11_01_11_01>(a, b));
    [
        even(a0, b0),
        even(a1, b1),
        even(a2, b2),
        even(a3, b3),
        odd(a0, b0),
        odd(a1, b1),
        odd(a2, b2),
        odd(a3, b3),
    ]
}

/// Up to 32 bytes of a message from `offset` on; behind the last comes the mark `0x80`, then zeros.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn load(message: &[u8], offset: usize) -> __m256i {
    let Some(left) = message.len().checked_sub(offset) else {
        return _mm256_setzero_si256();
    };
    let mark = if left < 32 { 1_u32 << left } else { 0 };
    let mask = mark.wrapping_sub(1);
    // SAFETY: the mask admits no byte beyond the message, and `offset` is at most its length.
    let bytes = unsafe { _mm256_maskz_loadu_epi8(mask, message.as_ptr().add(offset).cast()) };
    _mm256_mask_mov_epi8(bytes, mark, _mm256_set1_epi8(0x80_u8.cast_signed()))
}

/// Transposes each quarter of four rows, seen as 4 x 4 words.
#[target_feature(enable = "avx512f")]
fn transpose_quarters([r0, r1, r2, r3]: [V; 4]) -> [V; 4] {
    let t0 = _mm512_unpacklo_epi32(r0, r1);
    let t1 = _mm512_unpackhi_epi32(r0, r1);
    let t2 = _mm512_unpacklo_epi32(r2, r3);
    let t3 = _mm512_unpackhi_epi32(r2, r3);
    [
        _mm512_unpacklo_epi64(t0, t2),
        _mm512_unpackhi_epi64(t0, t2),
        _mm512_unpacklo_epi64(t1, t3),
        _mm512_unpackhi_epi64(t1, t3),
    ]
}

/// Writes the digest of each lane to its place.
#[target_feature(enable = "avx512f,avx512bw")]
fn store<const N: usize>(digest: [V; 8], lanes: &[usize; 16], out: &mut [[u8; N]]) {
    for half in 0..N / 16 {
        let words = [0, 1, 2, 3].map(|word| swap_bytes(digest[half * 4 + word]));
        let quarters = transpose_quarters(words);
        // SAFETY: both types are 256 bytes in which every pattern is a value.
        let bytes: [[u8; 16]; 16] = unsafe { std::mem::transmute(quarters) };
        for (lane, &index) in lanes.iter().enumerate() {
            let place = &mut out[index].as_chunks_mut::<16>().0[half];
            *place = bytes[lane % 4 * 4 + lane / 4];
        }
    }
}

type V = __m512i;

#[target_feature(enable = "avx512f")]
#[inline]
fn splat(word: u32) -> V {
    _mm512_set1_epi32(word.cast_signed())
}

#[target_feature(enable = "avx512f")]
#[inline]
fn add(a: V, b: V) -> V {
    _mm512_add_epi32(a, b)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn ch(e: V, f: V, g: V) -> V {
    _mm512_ternarylogic_epi32::<0xca>(e, f, g)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn maj(a: V, b: V, c: V) -> V {
    _mm512_ternarylogic_epi32::<0xe8>(a, b, c)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn xor(a: V, b: V, c: V) -> V {
    _mm512_ternarylogic_epi32::<0x96>(a, b, c)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn big_0(a: V) -> V {
    xor(
        _mm512_ror_epi32::<2>(a),
        _mm512_ror_epi32::<13>(a),
        _mm512_ror_epi32::<22>(a),
    )
}

#[target_feature(enable = "avx512f")]
#[inline]
fn big_1(e: V) -> V {
    xor(
        _mm512_ror_epi32::<6>(e),
        _mm512_ror_epi32::<11>(e),
        _mm512_ror_epi32::<25>(e),
    )
}

#[target_feature(enable = "avx512f")]
#[inline]
fn small_0(w: V) -> V {
    xor(
        _mm512_ror_epi32::<7>(w),
        _mm512_ror_epi32::<18>(w),
        _mm512_srli_epi32::<3>(w),
    )
}

#[target_feature(enable = "avx512f")]
#[inline]
fn small_1(w: V) -> V {
    xor(
        _mm512_ror_epi32::<17>(w),
        _mm512_ror_epi32::<19>(w),
        _mm512_srli_epi32::<10>(w),
    )
}

/// Turns big-endian words into words of the machine, and back.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn swap_bytes(words: V) -> V {
    let quarter = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(quarter))
}
