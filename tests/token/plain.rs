//! The hash without a key, on every path.

use pseudo_token::{Lanes, sha256, sha256_on};
use sha2::{Digest, Sha256};

#[test]
fn every_path_hashes_as_the_standard_says() {
    let bytes: Vec<u8> = (0..4096_u32)
        .map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes()[3])
        .collect();
    for longest in [0, 11, 31, 32, 55, 56, 200] {
        for count in [0, 1, 2, 31, 32, 33, 100] {
            let len = |n: usize| n * 7 % (longest + 1);
            let messages: Vec<&[u8]> = (0..count).map(|n| &bytes[n..n + len(n)]).collect();
            let digests = messages.iter().map(Sha256::digest);
            let right: Vec<[u8; 16]> = digests.map(|d| d[..16].try_into().unwrap()).collect();
            for lanes in Lanes::available() {
                let mut out = vec![[0; 16]; count];
                sha256_on(lanes, &messages, &mut out);
                assert_eq!(out, right, "{lanes:?}, {count} of at most {longest} bytes");
            }
        }
    }
}

#[test]
fn the_hash_is_that_of_the_published_vector() {
    let mut out = [[0; 16]];
    sha256(&[b"abc"], &mut out);
    assert_eq!(out[0][..4], [0xba, 0x78, 0x16, 0xbf]);
}
