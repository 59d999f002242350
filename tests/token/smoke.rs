//! The bodies of the fuzz targets with random bytes: they compile, and hold.

use pseudo_token::{Alphabet, Encoding, fuzz};

use crate::random::Random;

#[test]
fn seal_open() {
    inputs(fuzz::seal_open);
}

#[test]
fn decode() {
    inputs(|bytes| {
        fuzz::decode(bytes);
        for encoding in Encoding::ALL {
            let characters = b"abcdefghijklmnopqrstuvwxyz234567019-_=A";
            let place = |byte: &u8| characters[usize::from(*byte) % characters.len()];
            let text: Vec<u8> = bytes.iter().map(place).collect();
            fuzz::decode(&text);
            let mut text = Vec::new();
            encoding.encode(bytes, &mut text);
            fuzz::decode(&text);
        }
    });
}

#[test]
fn format() {
    inputs(|bytes| {
        fuzz::format(bytes);
        for alphabet in Alphabet::ALL {
            let characters = alphabet.characters();
            let place = |byte: &u8| characters[usize::from(*byte) % characters.len()];
            fuzz::format(&bytes.iter().map(place).collect::<Vec<u8>>());
        }
    });
}

fn inputs(mut body: impl FnMut(&[u8])) {
    let mut random = Random(0x853c_49e6_748f_ea9b);
    for len in 0..160 {
        for _ in 0..5 {
            body(&random.bytes(len));
        }
    }
}
