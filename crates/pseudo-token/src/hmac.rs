//! HMAC-SHA256 (RFC 2104, FIPS 180-4): irreversible tokens, the shift of dates, the order of rows
//! and the authenticity of an audit log.
//!
//! ```text
//! token     = HMAC-SHA256(subkey("token"), canonical bytes), its first N bytes
//! days      = HMAC-SHA256(subkey("shift"), canonical subject), its first 8 bytes as a big-endian
//!             number, mod (2N + 1), minus N
//! order key = HMAC-SHA256(subkey("shuffle"), tuple(table, chunk index, row index in the chunk))
//! audit MAC = HMAC-SHA256(audit key, tuple(label, …))
//! ```
//!
//! The key occupies one whole block of both hashes, so it is compressed once, when the key is made,
//! and every message starts from the two states that this leaves.

use std::fmt;
use std::ops::Range;

use sha2::block_api::compress256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::key::append_tuple;
use crate::lanes::{self, Lanes};
use crate::siv::halves;

/// Makes the irreversible tokens of one domain, epoch, identity and kind.
pub struct TokenKey {
    prf: Prf,
}

impl TokenKey {
    /// Writes the token of each value: the first 16 or all 32 bytes of its HMAC.
    ///
    /// # Panics
    /// When there are not as many tokens as values.
    pub fn tokens<const N: usize>(&self, values: &[&[u8]], out: &mut [[u8; N]]) {
        self.prf.digests(values, out);
    }
}

/// Decides by how many days the dates of a subject move.
pub struct ShiftKey {
    prf: Prf,
}

impl ShiftKey {
    /// Writes the days of each subject: from `-limit` to `limit`, all of them as likely.
    ///
    /// # Panics
    /// When there are not as many days as subjects.
    pub fn days(&self, limit: u32, subjects: &[&[u8]], out: &mut [i64]) {
        assert_eq!(subjects.len(), out.len(), "one number of days per subject");
        let choices = u64::from(limit) * 2 + 1;
        let mut digests = [[0; 16]; SHIFT_BATCH];
        let batches = subjects
            .chunks(SHIFT_BATCH)
            .zip(out.chunks_mut(SHIFT_BATCH));
        for (subjects, out) in batches {
            let (digests, _) = digests.split_at_mut(subjects.len());
            self.prf.digests(subjects, digests);
            for (days, digest) in out.iter_mut().zip(digests) {
                let [number, _] = halves::<16, 8>(digest);
                let choice = u64::from_be_bytes(*number) % choices;
                *days = choice.cast_signed() - i64::from(limit);
            }
        }
    }
}

/// Decides the order in which the rows of a chunk are written.
pub struct ShuffleKey {
    prf: Prf,
}

impl ShuffleKey {
    /// Writes the order key of each row: rows are written in ascending order of these.
    ///
    /// # Panics
    /// When there are not as many order keys as rows.
    pub fn order_keys(&self, table: &str, chunk: u32, rows: Range<u32>, out: &mut [[u8; 32]]) {
        assert_eq!(rows.len(), out.len(), "one order key per row");
        let mut first = Vec::with_capacity(table.len() + 20);
        append_tuple(
            &[table.as_bytes(), &chunk.to_be_bytes(), &[0; 4]],
            &mut first,
        );
        let mut messages = first.repeat(out.len().min(ORDER_BATCH));
        let mut rows = rows;
        for out in out.chunks_mut(ORDER_BATCH) {
            let mut values: [&[u8]; ORDER_BATCH] = [&[]; ORDER_BATCH];
            let used = rows
                .by_ref()
                .zip(messages.chunks_exact_mut(first.len()))
                .zip(&mut values);
            for ((row, message), value) in used.take(out.len()) {
                if let Some(index) = message.last_chunk_mut::<4>() {
                    *index = row.to_be_bytes();
                }
                *value = message;
            }
            let (values, _) = values.split_at(out.len());
            self.prf.digests(values, out);
        }
    }
}

/// Authenticates the lines of an audit log, and digests what was asked so that nobody without the
/// key can try values.
pub struct AuditKey {
    keyed: Box<Keyed>,
}

impl AuditKey {
    /// Takes the 32 bytes of a key, derived here or elsewhere.
    #[must_use]
    pub fn from_bytes(key: &[u8; 32]) -> Self {
        let keyed = Box::new(Keyed::new(key));
        Self { keyed }
    }

    /// The MAC of a tuple of items, the first of which says what it is of.
    #[must_use]
    pub fn mac(&self, items: &[&[u8]]) -> [u8; 32] {
        let mut message = Vec::new();
        append_tuple(items, &mut message);
        let mut mac = [0; 32];
        let (words, _) = mac.as_chunks_mut::<4>();
        for (bytes, word) in words.iter_mut().zip(self.keyed.digest(&message)) {
            *bytes = word.to_be_bytes();
        }
        mac
    }

    /// Whether that is the MAC of the items, in a time that does not depend on it.
    #[must_use]
    pub fn is_mac(&self, items: &[&[u8]], mac: &[u8; 32]) -> bool {
        self.mac(items).ct_eq(mac).into()
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKey(..)")
    }
}

/// What the keys for many messages share: how they are made, which path they take, and that nothing
/// shows them.
macro_rules! prf_keys {
    ($($key:ident)*) => {
        $(
            impl $key {
                /// Takes the 32 bytes of a key, derived here or elsewhere.
                #[must_use]
                pub fn from_bytes(key: &[u8; 32]) -> Self {
                    Self { prf: Prf::new(key) }
                }

                /// Does the work on one path, or portably where the machine has no such path.
                #[must_use]
                pub fn on(mut self, lanes: Lanes) -> Self {
                    self.prf.lanes = lanes.or_portable();
                    self
                }
            }

            impl fmt::Debug for $key {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(concat!(stringify!($key), "(..)"))
                }
            }
        )*
    };
}

prf_keys!(TokenKey ShiftKey ShuffleKey);

/// An HMAC-SHA256 key and the path that its messages take.
struct Prf {
    keyed: Box<Keyed>,
    lanes: Lanes,
}

impl Prf {
    fn new(key: &[u8; 32]) -> Self {
        Self {
            keyed: Box::new(Keyed::new(key)),
            lanes: Lanes::best(),
        }
    }

    fn digests<const N: usize>(&self, values: &[&[u8]], out: &mut [[u8; N]]) {
        const { assert!(N == 16 || N == 32, "a token has 16 or 32 bytes") };
        assert_eq!(values.len(), out.len(), "one token per value");
        lanes::digests(self.lanes, &self.keyed, values, out);
    }
}

/// What one HMAC-SHA256 key leaves behind: the key itself and the states after its inner and outer
/// block.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Keyed {
    pub(crate) key: [u8; 32],
    pub(crate) inner: [u32; 8],
    pub(crate) outer: [u32; 8],
}

impl Keyed {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut keyed = Self {
            key: *key,
            inner: INITIAL,
            outer: INITIAL,
        };
        let mut block = [0x36; 64];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        compress256(&mut keyed.inner, &[block]);
        for byte in &mut block {
            *byte ^= 0x36 ^ 0x5c;
        }
        compress256(&mut keyed.outer, &[block]);
        block.zeroize();
        keyed
    }

    /// Computes one HMAC from the prepared states, as the eight words of its result.
    pub(crate) fn digest(&self, message: &[u8]) -> [u32; 8] {
        let mut state = self.inner;
        let (blocks, tail) = message.as_chunks::<64>();
        compress256(&mut state, blocks);
        for index in blocks.len()..blocks.len() + (tail.len() + 9).div_ceil(64) {
            compress256(&mut state, &[block_of(message, index)]);
        }
        let mut block = [0; 64];
        let (words, _) = block.as_chunks_mut::<4>();
        let fixed = [0x8000_0000, 0, 0, 0, 0, 0, 0, 96 * 8];
        for (bytes, word) in words.iter_mut().zip(state.into_iter().chain(fixed)) {
            *bytes = word.to_be_bytes();
        }
        let mut state = self.outer;
        compress256(&mut state, &[block]);
        state
    }
}

/// One block of a message behind a key block: its bytes, and at its end the mark, zeros and the
/// length.
pub(crate) fn block_of(message: &[u8], index: usize) -> [u8; 64] {
    let mut block = [0; 64];
    let start = index * 64;
    let rest = message.get(start..).unwrap_or_default();
    if let Some(whole) = rest.first_chunk::<64>() {
        return *whole;
    }
    let (front, back) = block.split_at_mut(rest.len());
    front.copy_from_slice(rest);
    if let (Some(mark), true) = (back.first_mut(), start <= message.len()) {
        *mark = 0x80;
    }
    if start + 64 >= message.len() + 9
        && let Some(end) = block.last_chunk_mut::<8>()
    {
        *end = ((message.len() as u64 + 64) * 8).to_be_bytes();
    }
    block
}

/// The initial state of SHA-256 (FIPS 180-4, 5.3.3).
pub(crate) const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// How many shifts are computed at once.
const SHIFT_BATCH: usize = 256;
/// How many order keys are computed at once.
const ORDER_BATCH: usize = 256;
