//! HMAC-SHA256 with the SHA instructions of x86, several messages interleaved to hide their
//! latency.
#![expect(
    unsafe_code,
    reason = "loads and stores, and calls into code for SHA instructions"
)]
#![expect(
    clippy::indexing_slicing,
    reason = "indices are constants, or positions of the run"
)]

use std::arch::x86_64::*;

use super::batch::{BLOCKS, CHUNK, LONG, for_each_run};
use super::portable;
use super::rounds::{K, blocks};
use crate::hmac::{Keyed, block_of};

/// Writes the first `N` bytes of the HMAC of each value.
pub(super) fn digests<const N: usize>(keyed: &Keyed, values: &[&[u8]], out: &mut [[u8; N]]) {
    for (values, out) in values.chunks(CHUNK).zip(out.chunks_mut(CHUNK)) {
        for_each_run::<BLOCKS>(values, blocks, |class, order| {
            if class == LONG {
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

/// How many messages are interleaved.
const WAYS: usize = 4;

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn digest_run<const N: usize>(
    keyed: &Keyed,
    values: &[&[u8]],
    order: &[u16],
    blocks: usize,
    out: &mut [[u8; N]],
) {
    let inner = State::new(&keyed.inner);
    let outer = State::new(&keyed.outer);
    for group in order.chunks(WAYS) {
        // A group that is not full repeats its first message.
        let mut lanes = [usize::from(group[0]); WAYS];
        for (lane, &index) in lanes.iter_mut().zip(group) {
            *lane = usize::from(index);
        }
        let mut states = [inner; WAYS];
        for block in 0..blocks {
            let rows = lanes.map(|index| block_of(values[index], block));
            compress(&mut states, rows.each_ref().map(|row| words(row)));
        }
        let end = [
            _mm_set_epi32(0, 0, 0, 0x8000_0000_u32.cast_signed()),
            _mm_set_epi32(96 * 8, 0, 0, 0),
        ];
        let rows = states.map(|state| {
            let [low, high] = state.halves();
            [low, high, end[0], end[1]]
        });
        let mut states = [outer; WAYS];
        compress(&mut states, rows);
        for (state, &index) in states.iter().zip(&lanes) {
            let halves = state.halves().map(|half| swap_bytes(half));
            // SAFETY: both types are 32 bytes in which every pattern is a value.
            let bytes: [u8; 32] = unsafe { std::mem::transmute(halves) };
            out[index].copy_from_slice(&bytes[..N]);
        }
    }
}

/// A state as the instructions hold it: a, b, e, f and c, d, g, h, the first in the highest word.
#[derive(Clone, Copy)]
struct State {
    abef: __m128i,
    cdgh: __m128i,
}

impl State {
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn new(&[a, b, c, d, e, f, g, h]: &[u32; 8]) -> Self {
        let words = |a: u32, b: u32, e: u32, f: u32| {
            _mm_set_epi32(
                a.cast_signed(),
                b.cast_signed(),
                e.cast_signed(),
                f.cast_signed(),
            )
        };
        Self {
            abef: words(a, b, e, f),
            cdgh: words(c, d, g, h),
        }
    }

    /// The words a to d and e to h, the first in the lowest word.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn halves(self) -> [__m128i; 2] {
        let feba = _mm_shuffle_epi32::<0b00_01_10_11>(self.abef);
        let hgdc = _mm_shuffle_epi32::<0b00_01_10_11>(self.cdgh);
        [
            _mm_unpacklo_epi64(feba, hgdc),
            _mm_unpackhi_epi64(feba, hgdc),
        ]
    }
}

/// Compresses one block of each message, four rounds at a time.
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress(states: &mut [State; WAYS], mut rows: [[__m128i; 4]; WAYS]) {
    let before = *states;
    for (step, k) in K.as_flattened().as_chunks::<4>().0.iter().enumerate() {
        let [k0, k1, k2, k3] = k.map(u32::cast_signed);
        let k = _mm_set_epi32(k3, k2, k1, k0);
        for (state, [m0, m1, m2, m3]) in states.iter_mut().zip(&mut rows) {
            let word = _mm_add_epi32(*m0, k);
            state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, word);
            let word = _mm_shuffle_epi32::<0x0e>(word);
            state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, word);
            let next = if step < 12 {
                let sum = _mm_sha256msg1_epu32(*m0, *m1);
                let sum = _mm_add_epi32(sum, _mm_alignr_epi8::<4>(*m3, *m2));
                _mm_sha256msg2_epu32(sum, *m3)
            } else {
                *m0
            };
            (*m0, *m1, *m2, *m3) = (*m1, *m2, *m3, next);
        }
    }
    for (state, before) in states.iter_mut().zip(before) {
        state.abef = _mm_add_epi32(state.abef, before.abef);
        state.cdgh = _mm_add_epi32(state.cdgh, before.cdgh);
    }
}

/// The 16 words of a block.
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn words(row: &[u8; 64]) -> [__m128i; 4] {
    [0, 16, 32, 48].map(|offset: usize| {
        let bytes: &[u8] = &row[offset..offset + 16];
        // SAFETY: the slice has the 16 bytes that are read.
        swap_bytes(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
    })
}

/// Turns big-endian words into words of the machine, and back.
#[target_feature(enable = "ssse3")]
fn swap_bytes(words: __m128i) -> __m128i {
    _mm_shuffle_epi8(
        words,
        _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203),
    )
}
