//! The hashes that people use where they should have used a key.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
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
        if self == Self::Sha256 {
            return pseudo_token::sha256(messages, out);
        }
        for (message, out) in messages.iter().zip(out) {
            *out = self.digest(message);
        }
    }

    /// A candidate fills one block, so that the hash is one compression.
    fn digest(self, message: &[u8]) -> [u8; 16] {
        let is_short = message.len() <= SHORT;
        match self {
            Self::Md5 if is_short => {
                let mut state = MD5_START;
                md5::block_api::compress(&mut state, &[block(message, u64::to_le_bytes)]);
                first(state.map(u32::to_le_bytes).as_flattened())
            }
            Self::Sha1 if is_short => {
                let mut state = SHA1_START;
                sha1::block_api::compress(&mut state, &[block(message, u64::to_be_bytes)]);
                first(state.map(u32::to_be_bytes).as_flattened())
            }
            Self::Sha512 if is_short => {
                let mut state = SHA512_START;
                let mut block = [block(message, |_| [0; 8]), [0; 64]];
                if let Some(end) = block.as_flattened_mut().last_chunk_mut() {
                    *end = bits(message).to_be_bytes();
                }
                let mut blocks = [[0; 128]];
                blocks
                    .as_flattened_mut()
                    .copy_from_slice(block.as_flattened());
                sha2::block_api::compress512(&mut state, &blocks);
                first(state.map(u64::to_be_bytes).as_flattened())
            }
            Self::Md5 => first(&Md5::digest(message)),
            Self::Sha1 => first(&Sha1::digest(message)),
            Self::Sha256 => first(&Sha256::digest(message)),
            Self::Sha512 => first(&Sha512::digest(message)),
            Self::Sm3 => first(&Sm3::digest(message)),
        }
    }
}

/// A message of at most [`SHORT`] bytes with the mark that ends it, and the number of its bits as
/// `end` writes it.
fn block(message: &[u8], end: fn(u64) -> [u8; 8]) -> [u8; 64] {
    let mut block = [0; 64];
    if let Some((text, [mark, ..])) = block.split_at_mut_checked(message.len()) {
        text.copy_from_slice(message);
        *mark = 0x80;
    }
    if let Some(last) = block.last_chunk_mut() {
        *last = end(bits(message));
    }
    block
}

const fn bits(message: &[u8]) -> u64 {
    message.len() as u64 * 8
}

fn first(digest: &[u8]) -> [u8; 16] {
    digest.first_chunk().copied().unwrap_or_default()
}

/// Bytes of a message that fills one block of 64 bytes with its end.
const SHORT: usize = 55;
/// RFC 1321, 3.3.
const MD5_START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
/// FIPS 180-4, 5.3.1.
const SHA1_START: [u32; 5] = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];
/// FIPS 180-4, 5.3.5.
const SHA512_START: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

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

    #[test]
    fn one_block_and_several_are_hashed_alike() {
        let bytes: Vec<u8> = (0..200).collect();
        for len in [0, 1, 11, 55, 56, 63, 64, 111, 112, 200] {
            let message = &bytes[..len];
            let right: [(Hash, Vec<u8>); 4] = [
                (Hash::Md5, Md5::digest(message).to_vec()),
                (Hash::Sha1, Sha1::digest(message).to_vec()),
                (Hash::Sha256, Sha256::digest(message).to_vec()),
                (Hash::Sha512, Sha512::digest(message).to_vec()),
            ];
            for (hash, right) in right {
                assert_eq!(hash.digest(message), right[..16], "{hash:?} of {len} bytes");
                let mut out = [[0; 16]];
                hash.digests(&[message], &mut out);
                assert_eq!(out[0], right[..16], "{hash:?} of {len} bytes");
            }
        }
    }
}
