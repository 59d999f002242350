//! HMAC-SHA256 on 16 AVX-512 lanes, one message per lane, and on two groups of 16 side by side: one
//! alone waits for its own sums half of the time.
#![expect(unsafe_code, reason = "masked loads, and calls into code for AVX-512")]
#![expect(
    clippy::indexing_slicing,
    reason = "indices are constants, or positions of the run"
)]

use std::arch::x86_64::*;
use std::array::from_fn;
use std::sync::atomic::{Ordering, compiler_fence};

use super::batch::{BLOCKS, CHUNK, LONG, for_each_run};
use super::portable;
use super::rounds::{bits, blocks, compress};
use crate::hmac::{INITIAL, Keyed};

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
    let inner = keyed
        .inner
        .map(|word| _mm512_set1_epi32(word.cast_signed()));
    let outer = keyed
        .outer
        .map(|word| _mm512_set1_epi32(word.cast_signed()));
    for order in order.chunks(32) {
        if order.len() > 16 {
            digest_groups::<N, 2>(&inner, &outer, values, order, class, out);
        } else {
            digest_groups::<N, 1>(&inner, &outer, values, order, class, out);
        }
    }
}

/// Writes the digests of up to 16 messages for each of `G` groups.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline(never)]
fn digest_groups<const N: usize, const G: usize>(
    inner: &[__m512i; 8],
    outer: &[__m512i; 8],
    values: &[&[u8]],
    order: &[u16],
    class: usize,
    out: &mut [[u8; N]],
) {
    // Groups that are not full repeat their first message.
    let mut lanes = [[usize::from(order[0]); 16]; G];
    for (lane, &index) in lanes.as_flattened_mut().iter_mut().zip(order) {
        *lane = usize::from(index);
    }
    let mut messages: [[&[u8]; 16]; G] = [[&[]; 16]; G];
    let places = messages.as_flattened_mut().iter_mut();
    for (message, &lane) in places.zip(lanes.as_flattened()) {
        *message = values[lane];
    }
    let mut state = inner.map(|word| [word; G]);
    let mut words = [splat(0); 16];
    if class == 0 {
        half(&messages, 0, &mut words, 0);
        words[15] = lengths(&messages);
        compress_block(&mut state, &mut words);
    }
    for block in 0..class {
        half(&messages, block * 64, &mut words, 0);
        half(&messages, block * 64 + 32, &mut words, 8);
        if block + 1 == class {
            words[15] = lengths(&messages);
        }
        compress_block(&mut state, &mut words);
    }
    let [w0, w1, w2, w3, w4, w5, w6, w7] = state;
    let (zero, mark, length) = (splat(0), splat(0x8000_0000), splat(96 * 8));
    words = [
        w0, w1, w2, w3, w4, w5, w6, w7, mark, zero, zero, zero, zero, zero, zero, length,
    ];
    state = outer.map(|word| [word; G]);
    compress_block(&mut state, &mut words);
    for (group, lanes) in lanes.iter().enumerate() {
        store(&state, group, lanes, out);
    }
}

/// Writes the first 16 bytes of the SHA-256 of each message; none is longer than [`SHORT`](crate::plain::SHORT).
pub(super) fn sha256(messages: &[&[u8]], out: &mut [[u8; 16]]) {
    for (messages, out) in messages.chunks(32).zip(out.chunks_mut(32)) {
        // SAFETY: this path is entered only where the machine has its instructions.
        unsafe { sha256_groups(messages, out) }
    }
}

/// Writes the hashes of up to 32 messages.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline(never)]
fn sha256_groups(values: &[&[u8]], out: &mut [[u8; 16]]) {
    // Lanes without a message repeat the first one.
    let mut lanes = [[0; 16]; 2];
    let mut messages: [[&[u8]; 16]; 2] = [[values[0]; 16]; 2];
    let places = lanes.as_flattened_mut().iter_mut();
    let places = places.zip(messages.as_flattened_mut());
    for ((lane, message), (index, value)) in places.zip(values.iter().enumerate()) {
        (*lane, *message) = (index, value);
    }
    let mut words: [V<2>; 16] = [splat(0); 16];
    half(&messages, 0, &mut words, 0);
    if values.iter().any(|value| value.len() > 31) {
        half(&messages, 32, &mut words, 8);
    }
    // the lengths count a block of key
    let key: V<2> = splat((64_u32 * 8).wrapping_neg());
    words[15] = add(lengths(&messages), key);
    let mut state = INITIAL.map(|word| splat(word));
    compress_block(&mut state, &mut words);
    for (group, lanes) in lanes.iter().enumerate() {
        store(&state, group, lanes, out);
    }
}

/// Compresses a block of each message; never inlined, which would take the words out of memory.
#[target_feature(enable = "avx512f")]
#[inline(never)]
fn compress_block<const G: usize>(state: &mut [V<G>; 8], words: &mut [V<G>; 16]) {
    compress!(state, words);
}

/// The last word of each message.
#[target_feature(enable = "avx512f")]
#[inline]
fn lengths<const G: usize>(messages: &[[&[u8]; 16]; G]) -> V<G> {
    let mut lengths = [[0; 16]; G];
    let places = lengths.as_flattened_mut().iter_mut();
    for (length, message) in places.zip(messages.as_flattened()) {
        *length = bits(message.len());
    }
    // SAFETY: each array has the 64 bytes that are read.
    from_fn(|group| unsafe { _mm512_loadu_si512(lengths[group].as_ptr().cast()) })
}

/// Writes eight words of each message from `offset` on, with the mark that ends the message,
/// beginning at word `place`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn half<const G: usize>(
    messages: &[[&[u8]; 16]; G],
    offset: usize,
    words: &mut [V<G>; 16],
    place: usize,
) {
    for (group, messages) in messages.iter().enumerate() {
        let half = half_of_group(messages, offset);
        for (word, half) in words[place..place + 8].iter_mut().zip(half) {
            word[group] = half;
        }
    }
}

/// Eight words of each message of one group.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn half_of_group(messages: &[&[u8]; 16], offset: usize) -> [__m512i; 8] {
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
#[inline]
fn transpose_quarters([r0, r1, r2, r3]: [__m512i; 4]) -> [__m512i; 4] {
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

/// Writes the digest of each lane of a group to its place.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn store<const N: usize, const G: usize>(
    digest: &[V<G>; 8],
    group: usize,
    lanes: &[usize; 16],
    out: &mut [[u8; N]],
) {
    for half in 0..N / 16 {
        let words = [0, 1, 2, 3].map(|word| swap_bytes(digest[half * 4 + word][group]));
        let quarters = transpose_quarters(words);
        // SAFETY: both types are 256 bytes in which every pattern is a value.
        let bytes: [[u8; 16]; 16] = unsafe { std::mem::transmute(quarters) };
        for (lane, &index) in lanes.iter().enumerate() {
            let place = &mut out[index].as_chunks_mut::<16>().0[half];
            *place = bytes[lane % 4 * 4 + lane / 4];
        }
    }
}

/// A word of each message of `G` groups.
type V<const G: usize> = [__m512i; G];

/// Leaves the words of two groups in memory, where their rounds find them: the registers have no
/// room for them, and a compiler that keeps one there moves others out of the way.
#[inline]
fn round_ends<const G: usize>(_: &V<G>) {
    if G > 1 {
        compiler_fence(Ordering::SeqCst);
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn splat<const G: usize>(word: u32) -> V<G> {
    [_mm512_set1_epi32(word.cast_signed()); G]
}

#[target_feature(enable = "avx512f")]
#[inline]
fn add<const G: usize>(a: V<G>, b: V<G>) -> V<G> {
    from_fn(|group| _mm512_add_epi32(a[group], b[group]))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn logic<const G: usize, const TABLE: i32>(a: V<G>, b: V<G>, c: V<G>) -> V<G> {
    from_fn(|group| _mm512_ternarylogic_epi32::<TABLE>(a[group], b[group], c[group]))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn rotate<const G: usize, const BITS: i32>(a: V<G>) -> V<G> {
    from_fn(|group| _mm512_ror_epi32::<BITS>(a[group]))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn shift<const G: usize, const BITS: u32>(a: V<G>) -> V<G> {
    from_fn(|group| _mm512_srli_epi32::<BITS>(a[group]))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn ch<const G: usize>(e: V<G>, f: V<G>, g: V<G>) -> V<G> {
    logic::<G, 0xca>(e, f, g)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn maj<const G: usize>(a: V<G>, b: V<G>, c: V<G>) -> V<G> {
    logic::<G, 0xe8>(a, b, c)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn xor<const G: usize>(a: V<G>, b: V<G>, c: V<G>) -> V<G> {
    logic::<G, 0x96>(a, b, c)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn big_0<const G: usize>(a: V<G>) -> V<G> {
    xor(rotate::<G, 2>(a), rotate::<G, 13>(a), rotate::<G, 22>(a))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn big_1<const G: usize>(e: V<G>) -> V<G> {
    xor(rotate::<G, 6>(e), rotate::<G, 11>(e), rotate::<G, 25>(e))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn small_0<const G: usize>(w: V<G>) -> V<G> {
    xor(rotate::<G, 7>(w), rotate::<G, 18>(w), shift::<G, 3>(w))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn small_1<const G: usize>(w: V<G>) -> V<G> {
    xor(rotate::<G, 17>(w), rotate::<G, 19>(w), shift::<G, 10>(w))
}

/// Turns big-endian words into words of the machine, and back.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn swap_bytes(words: __m512i) -> __m512i {
    let quarter = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(quarter))
}
