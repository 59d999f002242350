//! SHA-256 without a key (FIPS 180-4) of many short messages: what a thief computes over candidates,
//! and therefore what a proof that tokens are keyed has to compute as fast. No token is made here.

use sha2::{Digest, Sha256};

use crate::lanes::{self, Lanes};

/// Bytes of a message that fills one block with its end.
pub(crate) const SHORT: usize = 55;

/// Writes the first 16 bytes of the SHA-256 of each message.
///
/// # Panics
/// When there are not as many hashes as messages.
pub fn sha256(messages: &[&[u8]], out: &mut [[u8; 16]]) {
    sha256_on(Lanes::best(), messages, out);
}

/// Does the work of [`sha256`] on one path, or portably where that has no lanes for it.
///
/// # Panics
/// As [`sha256`].
pub fn sha256_on(lanes: Lanes, messages: &[&[u8]], out: &mut [[u8; 16]]) {
    assert_eq!(messages.len(), out.len(), "one hash per message");
    let is_short = messages.iter().all(|message| message.len() <= SHORT);
    if is_short && lanes::sha256(lanes.or_portable(), messages, out) {
        return;
    }
    for (message, out) in messages.iter().zip(out) {
        if let Some(first) = Sha256::digest(message).first_chunk() {
            *out = *first;
        }
    }
}
