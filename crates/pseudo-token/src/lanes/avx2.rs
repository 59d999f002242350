//! HMAC-SHA256 on eight AVX2 lanes, one message per lane.
#![expect(unsafe_code, reason = "loads, and calls into code for AVX2")]
#![expect(
    clippy::indexing_slicing,
    reason = "indices are constants, or positions of the run"
)]

use std::arch::x86_64::*;
use std::sync::atomic::{Ordering, compiler_fence};

use super::batch::{BLOCKS, CHUNK, LONG, for_each_run};
use super::portable;
use super::rounds::{blocks, compress};
use crate::hmac::{Keyed, block_of};

/// Writes the first `N` bytes of the HMAC of each value.
pub(super) fn digests<const N: usize>(keyed: &Keyed, values: &[&[u8]], out: &mut [[u8; N]]) {
    for (values, out) in values.chunks(CHUNK).zip(out.chunks_mut(CHUNK)) {
        for_each_run::<BLOCKS>(values, blocks, |class, order| {
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

/// With fewer messages than this the lanes are too empty to pay.
const FEWEST: usize = 3;

#[target_feature(enable = "avx2")]
fn digest_run<const N: usize>(
    keyed: &Keyed,
    values: &[&[u8]],
    order: &[u16],
    blocks: usize,
    out: &mut [[u8; N]],
) {
    let inner = keyed.inner.map(|word| splat(word));
    let outer = keyed.outer.map(|word| splat(word));
    let zero = splat(0);
    for group in order.chunks(8) {
        // A group that is not full repeats its first message.
        let mut lanes = [usize::from(group[0]); 8];
        for (lane, &index) in lanes.iter_mut().zip(group) {
            *lane = usize::from(index);
        }
        let mut state = inner;
        for block in 0..blocks {
            let rows = lanes.map(|index| block_of(values[index], block));
            let [w0, w1, w2, w3, w4, w5, w6, w7] = half(&rows, 0);
            let [w8, w9, w10, w11, w12, w13, w14, w15] = half(&rows, 32);
            let mut words = [
                w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15,
            ];
            compress_block(&mut state, &mut words);
        }
        let [w0, w1, w2, w3, w4, w5, w6, w7] = state;
        let (mark, length) = (splat(0x8000_0000), splat(96 * 8));
        let mut words = [
            w0, w1, w2, w3, w4, w5, w6, w7, mark, zero, zero, zero, zero, zero, zero, length,
        ];
        state = outer;
        compress_block(&mut state, &mut words);
        store(state, &lanes, out);
    }
}

/// Compresses a block of each message; never inlined, which would take the words out of memory.
#[target_feature(enable = "avx2")]
#[inline(never)]
fn compress_block(state: &mut [V; 8], words: &mut [V; 16]) {
    compress!(state, words);
}

/// Eight words of each row from byte `offset` on.
#[target_feature(enable = "avx2")]
fn half(rows: &[[u8; 64]; 8], offset: usize) -> [V; 8] {
    let rows = [0, 1, 2, 3, 4, 5, 6, 7].map(|row: usize| {
        let bytes: &[u8] = &rows[row][offset..offset + 32];
        // SAFETY: the slice has the 32 bytes that are read.
        swap_bytes(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) })
    });
    transpose(rows)
}

/// Transposes 8 x 8 words.
#[target_feature(enable = "avx2")]
fn transpose([r0, r1, r2, r3, r4, r5, r6, r7]: [V; 8]) -> [V; 8] {
    let quarters = |r0, r1, r2, r3| {
        let (t0, t1) = (_mm256_unpacklo_epi32(r0, r1), _mm256_unpackhi_epi32(r0, r1));
        let (t2, t3) = (_mm256_unpacklo_epi32(r2, r3), _mm256_unpackhi_epi32(r2, r3));
        [
            _mm256_unpacklo_epi64(t0, t2),
            _mm256_unpackhi_epi64(t0, t2),
            _mm256_unpacklo_epi64(t1, t3),
            _mm256_unpackhi_epi64(t1, t3),
        ]
    };
    let [a0, a1, a2, a3] = quarters(r0, r1, r2, r3);
    let [b0, b1, b2, b3] = quarters(r4, r5, r6, r7);
    let low = |a, b| _mm256_permute2x128_si256::<0x20>(a, b);
    let high = |a, b| _mm256_permute2x128_si256::<0x31>(a, b);
    [
        low(a0, b0),
        low(a1, b1),
        low(a2, b2),
        low(a3, b3),
        high(a0, b0),
        high(a1, b1),
        high(a2, b2),
        high(a3, b3),
    ]
}

/// Writes the digest of each lane to its place.
#[target_feature(enable = "avx2")]
fn store<const N: usize>(digest: [V; 8], lanes: &[usize; 8], out: &mut [[u8; N]]) {
    let rows = transpose(digest).map(|row| swap_bytes(row));
    // SAFETY: both types are 256 bytes in which every pattern is a value.
    let rows: [[u8; 32]; 8] = unsafe { std::mem::transmute(rows) };
    for (row, &index) in rows.iter().zip(lanes) {
        out[index].copy_from_slice(&row[..N]);
    }
}

type V = __m256i;

/// Leaves the words in memory, where their rounds find them: the registers have no room for them.
#[inline]
fn round_ends(_: &V) {
    compiler_fence(Ordering::SeqCst);
}

#[target_feature(enable = "avx2")]
#[inline]
fn splat(word: u32) -> V {
    _mm256_set1_epi32(word.cast_signed())
}

#[target_feature(enable = "avx2")]
#[inline]
fn add(a: V, b: V) -> V {
    _mm256_add_epi32(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn ch(e: V, f: V, g: V) -> V {
    _mm256_xor_si256(g, _mm256_and_si256(e, _mm256_xor_si256(f, g)))
}

#[target_feature(enable = "avx2")]
#[inline]
fn maj(a: V, b: V, c: V) -> V {
    let either = _mm256_or_si256(a, b);
    _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, either))
}

#[target_feature(enable = "avx2")]
#[inline]
fn xor(a: V, b: V, c: V) -> V {
    _mm256_xor_si256(_mm256_xor_si256(a, b), c)
}

#[target_feature(enable = "avx2")]
#[inline]
fn rotate<const RIGHT: i32, const LEFT: i32>(a: V) -> V {
    const { assert!(RIGHT + LEFT == 32, "a rotation keeps all bits") };
    _mm256_or_si256(_mm256_srli_epi32::<RIGHT>(a), _mm256_slli_epi32::<LEFT>(a))
}

#[target_feature(enable = "avx2")]
#[inline]
fn big_0(a: V) -> V {
    xor(rotate::<2, 30>(a), rotate::<13, 19>(a), rotate::<22, 10>(a))
}

#[target_feature(enable = "avx2")]
#[inline]
fn big_1(e: V) -> V {
    xor(rotate::<6, 26>(e), rotate::<11, 21>(e), rotate::<25, 7>(e))
}

#[target_feature(enable = "avx2")]
#[inline]
fn small_0(w: V) -> V {
    xor(
        rotate::<7, 25>(w),
        rotate::<18, 14>(w),
        _mm256_srli_epi32::<3>(w),
    )
}

#[target_feature(enable = "avx2")]
#[inline]
fn small_1(w: V) -> V {
    xor(
        rotate::<17, 15>(w),
        rotate::<19, 13>(w),
        _mm256_srli_epi32::<10>(w),
    )
}

/// Turns big-endian words into words of the machine, and back.
#[target_feature(enable = "avx2")]
#[inline]
fn swap_bytes(words: V) -> V {
    let half = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    _mm256_shuffle_epi8(words, _mm256_broadcastsi128_si256(half))
}
