//! Many messages at once, on the widest path that the machine has: SHA-256 over 32, 8 or 4 messages
//! (FIPS 180-4), AES over whole groups of messages (FIPS 197), text for whole columns (RFC 4648).
//!
//! Every path writes the bytes of [`Lanes::Reference`]; a path is chosen at run time, after it has
//! shown on a few messages that it does. The modules below this one are the only ones that may hold
//! `unsafe`: to call code for instructions that were found on the machine, and to load and store
//! through pointers into slices whose lengths were checked.

use std::sync::OnceLock;

use zeroize::Zeroizing;

use crate::encoding::Encoding;
use crate::error::Error;
use crate::ff1::{Alphabet, Direction, Ff1};
use crate::hmac::Keyed;
use crate::siv::Siv;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod batch;
mod ff1;
mod portable;
mod reference;
#[cfg(target_arch = "x86_64")]
mod rounds;
#[cfg(target_arch = "x86_64")]
mod sha_ni;
#[cfg(target_arch = "x86_64")]
mod text;
#[cfg(target_arch = "x86_64")]
mod vaes;

#[cfg(target_arch = "x86_64")]
pub(crate) use vaes::RoundKeys;

/// A way to compute tokens, reversible or not; all of them write the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lanes {
    /// One message at a time with the `hmac` and `aes-siv` crates, and FF1 as the standard reads:
    /// what the other paths are compared with.
    Reference,
    /// Prepared keys and batches of blocks in safe code, on every machine.
    Portable,
    /// Tokens on eight AVX2 lanes, seals as [`Lanes::Portable`].
    Avx2,
    /// Tokens on interleaved SHA instructions, seals as [`Lanes::Portable`].
    ShaNi,
    /// Tokens on twice 16 AVX-512 lanes, seals and FF1 on VAES over four blocks, text with AVX-512
    /// VBMI.
    Avx512,
}

impl Lanes {
    /// Every path, the slowest first.
    pub const ALL: [Self; 5] = [
        Self::Reference,
        Self::Portable,
        Self::Avx2,
        Self::ShaNi,
        Self::Avx512,
    ];

    /// The fastest path of this machine that passes its self-test.
    #[must_use]
    pub fn best() -> Self {
        static BEST: OnceLock<Lanes> = OnceLock::new();
        *BEST.get_or_init(|| {
            let mut paths = Self::ALL.into_iter().rev();
            paths
                .find(|path| path.is_available() && self_test(*path))
                .unwrap_or(Self::Reference)
        })
    }

    /// The paths that this machine has, the slowest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Self::ALL
            .into_iter()
            .filter(|path| path.is_available())
            .collect()
    }

    /// Whether this machine has the instructions of the path.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Reference | Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::ShaNi => {
                is_x86_feature_detected!("sha")
                    && is_x86_feature_detected!("ssse3")
                    && is_x86_feature_detected!("sse4.1")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vbmi")
                    && is_x86_feature_detected!("avx512ifma")
                    && is_x86_feature_detected!("aes")
                    && is_x86_feature_detected!("vaes")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::ShaNi | Self::Avx512 => false,
        }
    }

    /// This path, or the portable one where the machine lacks it. Keys hold nothing but its
    /// results, so that a path is never entered without its instructions.
    pub(crate) fn or_portable(self) -> Self {
        if self.is_available() {
            self
        } else {
            Self::Portable
        }
    }
}

/// Writes the first `N` bytes of the HMAC of each value.
pub(crate) fn digests<const N: usize>(
    lanes: Lanes,
    keyed: &Keyed,
    values: &[&[u8]],
    out: &mut [[u8; N]],
) {
    match lanes {
        Lanes::Reference => reference::digests(keyed, values, out),
        #[cfg(target_arch = "x86_64")]
        Lanes::Avx512 => avx512::digests(keyed, values, out),
        #[cfg(target_arch = "x86_64")]
        Lanes::ShaNi => sha_ni::digests(keyed, values, out),
        #[cfg(target_arch = "x86_64")]
        Lanes::Avx2 => avx2::digests(keyed, values, out),
        _ => portable::digests(keyed, values, out),
    }
}

/// Writes the first 16 bytes of the SHA-256 of each message, where the path has lanes for it; says
/// whether it has. No message is longer than [`SHORT`](crate::plain::SHORT).
pub(crate) fn sha256(lanes: Lanes, messages: &[&[u8]], out: &mut [[u8; 16]]) -> bool {
    match lanes {
        #[cfg(target_arch = "x86_64")]
        Lanes::Avx512 => avx512::sha256(messages, out),
        _ => {
            let _ = (messages, out);
            return false;
        }
    }
    true
}

/// Appends the seal of each value.
pub(crate) fn seal(lanes: Lanes, siv: &Siv, values: &[&[u8]], out: &mut Vec<u8>) {
    match lanes {
        Lanes::Reference => reference::seal(siv, values, out),
        #[cfg(target_arch = "x86_64")]
        Lanes::Avx512 => vaes::seal(siv, values, out),
        _ => portable::seal(siv, values, out),
    }
}

/// Opens `V ‖ C` and returns the padded plaintext.
pub(crate) fn open(lanes: Lanes, siv: &Siv, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    match lanes {
        Lanes::Reference => reference::open(siv, sealed),
        _ => portable::open(siv, sealed),
    }
}

/// Opens seals behind their headers, `V ‖ C`, in place: `V` stays, and behind it stands the padded
/// plaintext. Answers which is the first that is not authentic; all of them are worth nothing then.
pub(crate) fn open_all(lanes: Lanes, siv: &Siv, sealed: &mut [&mut [u8]]) -> Result<(), usize> {
    match lanes {
        Lanes::Reference => reference::open_all(siv, sealed),
        _ => portable::open_all(siv, sealed),
    }
}

/// Appends each value encrypted or decrypted in its format; false when a character is of another
/// alphabet, and what was appended is then worth nothing. The lengths were found acceptable.
pub(crate) fn permute(
    lanes: Lanes,
    ff1: &Ff1,
    alphabet: Alphabet,
    direction: Direction,
    values: &[&[u8]],
    out: &mut Vec<u8>,
) -> bool {
    match lanes {
        Lanes::Reference => reference::permute(ff1, alphabet, direction, values, out),
        _ => ff1::permute(lanes, ff1, alphabet, direction, values, out),
    }
}

/// Appends the text of `bytes`.
pub(crate) fn encode(lanes: Lanes, encoding: Encoding, bytes: &[u8], out: &mut Vec<u8>) {
    match lanes {
        #[cfg(target_arch = "x86_64")]
        Lanes::Avx512 => text::encode(encoding, bytes, out),
        _ => portable::encode(encoding, bytes, out),
    }
}

/// Appends the texts of all tokens, back to back.
pub(crate) fn encode_all<const N: usize>(
    lanes: Lanes,
    encoding: Encoding,
    tokens: &[[u8; N]],
    out: &mut Vec<u8>,
) {
    match lanes {
        #[cfg(target_arch = "x86_64")]
        Lanes::Avx512 => text::encode_all(encoding, tokens, out),
        _ => portable::encode_all(encoding, tokens, out),
    }
}

/// Whether a path agrees with the reference on messages of one to five blocks, alone and in groups.
fn self_test(lanes: Lanes) -> bool {
    let bytes: [u8; 90] = std::array::from_fn(|index| index.to_le_bytes()[0].wrapping_mul(0x9d));
    let values: [&[u8]; 90] = std::array::from_fn(|len| bytes.get(..len).unwrap_or_default());
    let keyed = Keyed::new(&[0x5a; 32]);
    let siv = Siv::new(&[0xa5; 64], 1);
    let ff1 = Ff1::new(&[0x3c; 32]);
    let digits = bytes.map(|byte| b'0' + byte % 10);
    // Five texts of each length from 6 to 23.
    let texts: [&[u8]; 90] = std::array::from_fn(|index| {
        let (len, start) = (6 + index / 5, index % 5);
        digits.get(start..start + len).unwrap_or_default()
    });
    let run = |lanes| {
        let mut tokens = [[0; 32]; 90];
        let mut seals = Vec::new();
        let mut text = Vec::new();
        digests(lanes, &keyed, &values, &mut tokens);
        seal(lanes, &siv, &values, &mut seals);
        for encoding in Encoding::ALL {
            encode_all(lanes, encoding, &tokens, &mut text);
            encode(lanes, encoding, &bytes, &mut text);
        }
        let mut formats = Vec::new();
        for alphabet in [Alphabet::Digits, Alphabet::Alnum] {
            for direction in [Direction::Encrypt, Direction::Decrypt] {
                permute(lanes, &ff1, alphabet, direction, &texts, &mut formats);
            }
        }
        (tokens, seals, text, formats)
    };
    run(lanes) == run(Lanes::Reference)
}
