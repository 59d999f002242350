//! The hashes that people use where they should have used a key.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha512};
use sm3::Sm3;

/// A hash without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hash {
    /// RFC 1321.
    Md5,
    /// FIPS 180-4.
    Sha1,
    /// FIPS 180-4.
    Sha256,
    /// FIPS 180-4.
    Sha512,
    /// GB/T 32905.
    Sm3,
}

impl Hash {
    pub(super) const ALL: [Self; 5] =
        [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512, Self::Sm3];

    /// The name of its standard.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
            Self::Sm3 => "SM3",
        }
    }

    /// Writes the first 16 bytes of the hash of each message.
    pub(super) fn digests(self, messages: &[&[u8]], out: &mut [[u8; 16]]) {
        match self {
            Self::Md5 => each::<Md5>(messages, out),
            Self::Sha1 => each::<Sha1>(messages, out),
            Self::Sha256 => pseudo_token::sha256(messages, out),
            Self::Sha512 => each::<Sha512>(messages, out),
            Self::Sm3 => each::<Sm3>(messages, out),
        }
    }
}

fn each<D: Digest>(messages: &[&[u8]], out: &mut [[u8; 16]]) {
    for (message, out) in messages.iter().zip(out) {
        let digest = D::digest(message);
        if let Some(first) = digest.first_chunk() {
            *out = *first;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_their_standards() {
        for (hash, first) in [
            (Hash::Md5, [0x90, 0x01, 0x50, 0x98]),
            (Hash::Sha1, [0xa9, 0x99, 0x3e, 0x36]),
            (Hash::Sha256, [0xba, 0x78, 0x16, 0xbf]),
            (Hash::Sha512, [0xdd, 0xaf, 0x35, 0xa1]),
            (Hash::Sm3, [0x66, 0xc7, 0xf0, 0xf4]),
        ] {
            let mut out = [[0; 16]];
            hash.digests(&[b"abc"], &mut out);
            assert_eq!(out[0][..4], first, "{hash:?}");
        }
    }
}
