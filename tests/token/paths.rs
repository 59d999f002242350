//! Every path of this machine against the reference: the same bytes, whatever the lengths and their
//! mix.

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use hmac::{Hmac, Mac};
use proptest::collection::vec;
use proptest::prelude::*;
use pseudo_token::{DomainKey, Encoding, Lanes, SealKey, TokenKey};
use sha2::Sha256;

use crate::random::Random;

#[test]
fn every_machine_has_the_safe_paths_and_a_best_one() {
    let available = Lanes::available();
    assert!(available.starts_with(&[Lanes::Reference, Lanes::Portable]));
    assert!(available.contains(&Lanes::best()));
}

#[test]
fn every_length_alone() {
    let bytes: Vec<u8> = (0..=255).collect();
    for len in 0..=183 {
        assert_paths_agree(&[7; 32], &[&bytes[..len]]);
    }
}

#[test]
fn every_length_together() {
    let bytes: Vec<u8> = (0..=255).rev().collect();
    let values: Vec<&[u8]> = (0..=255).map(|len| &bytes[..len]).collect();
    assert_paths_agree(&[7; 32], &values);
}

#[test]
fn every_length_for_many_values() {
    let bytes: Vec<u8> = (0..=250).cycle().take(2048).collect();
    for len in 0..=183 {
        let values: Vec<&[u8]> = (0..67).map(|start| &bytes[start..start + len]).collect();
        assert_paths_agree(&[9; 32], &values);
    }
}

#[test]
fn every_number_of_values() {
    let bytes: Vec<u8> = (0..=250).cycle().take(2048).collect();
    for count in (0..=70).chain([1023, 1024, 1025, 1041, 2047, 2048, 2500]) {
        let values: Vec<&[u8]> = (0..count)
            .map(|index| &bytes[index % 800..index % 800 + 18])
            .collect();
        assert_paths_agree(&[1; 32], &values);
    }
}

#[test]
fn values_that_are_longer_than_a_path_takes() {
    let bytes = vec![b'x'; 70_000];
    let values: Vec<&[u8]> = [70_000, 3, 65_536, 0, 1000, 512, 511, 513]
        .into_iter()
        .map(|len| &bytes[..len])
        .collect();
    assert_paths_agree(&[2; 32], &values);
}

#[test]
fn values_at_the_end_of_a_page() {
    // A read beyond a value would be seen by tools that watch memory; here it would change the
    // bytes.
    for len in 0..130 {
        let values: Vec<Box<[u8]>> = (0..33).map(|byte| vec![byte; len].into()).collect();
        let values: Vec<&[u8]> = values.iter().map(|value| &**value).collect();
        assert_paths_agree(&[3; 32], &values);
    }
}

/// A million random values of up to 200 bytes: the bytes of the `hmac` crate.
#[test]
fn a_million_tokens() {
    let mut random = Random(0x0bad_5eed_0bad_5eed);
    let bytes = random.bytes(1 << 16);
    let key = random.key();
    let hmac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let mut tokens = vec![[0; 16]; MILLION.1];
    for _ in 0..MILLION.0 {
        let values = random.values(&bytes, MILLION.1);
        let digest = |value: &&[u8]| -> [u8; 16] {
            let digest = hmac.clone().chain_update(value).finalize().into_bytes();
            *digest.first_chunk().unwrap()
        };
        let expected: Vec<[u8; 16]> = values.iter().map(digest).collect();
        for lanes in Lanes::available() {
            TokenKey::from_bytes(&key)
                .on(lanes)
                .tokens(&values, &mut tokens);
            assert!(tokens == expected, "{lanes:?}");
        }
    }
}

/// A million random values of up to 200 bytes: the bytes of the `aes-siv` crate.
#[test]
fn a_million_seals() {
    let mut random = Random(0x5eed_0bad_5eed_0bad);
    let bytes = random.bytes(1 << 16);
    let key: [u8; 64] = *random.bytes(64).first_chunk().unwrap();
    let mut siv = Aes256Siv::new(&key.into());
    let mut sealed = Vec::new();
    for _ in 0..MILLION.0 {
        let values = random.values(&bytes, MILLION.1);
        let mut expected = Vec::new();
        let mut plaintext = Vec::new();
        for value in &values {
            plaintext.clear();
            plaintext.extend_from_slice(value);
            plaintext.push(0x80);
            plaintext.resize(plaintext.len().next_multiple_of(16), 0);
            expected.extend_from_slice(&[1, 0, 0, 0, 9]);
            expected.extend(siv.encrypt([[0_u8; 0]], &plaintext).unwrap());
        }
        for lanes in Lanes::available() {
            sealed.clear();
            SealKey::from_bytes(&key, 9)
                .on(lanes)
                .seal(&values, &mut sealed);
            assert!(sealed == expected, "{lanes:?}");
        }
    }
}

/// A million values, as rounds of many values each.
const MILLION: (usize, usize) = (200, 5000);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn mixed_lengths(key: [u8; 32], values in vec(vec(any::<u8>(), 0..200), 0..120)) {
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        assert_paths_agree(&key, &values);
    }

    #[test]
    fn one_length(key: [u8; 32], len in 0_usize..200, values in vec(any::<[u8; 32]>(), 0..60)) {
        let values: Vec<Vec<u8>> =
            values.iter().map(|seed| seed.iter().copied().cycle().take(len).collect()).collect();
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        assert_paths_agree(&key, &values);
    }

    #[test]
    fn columns_of_text(tokens in vec(vec(any::<u8>(), 64), 0..20)) {
        assert_columns_agree::<1>(&tokens);
        assert_columns_agree::<2>(&tokens);
        assert_columns_agree::<3>(&tokens);
        assert_columns_agree::<7>(&tokens);
        assert_columns_agree::<8>(&tokens);
        assert_columns_agree::<12>(&tokens);
        assert_columns_agree::<16>(&tokens);
        assert_columns_agree::<21>(&tokens);
        assert_columns_agree::<32>(&tokens);
        assert_columns_agree::<37>(&tokens);
        assert_columns_agree::<53>(&tokens);
        assert_columns_agree::<64>(&tokens);
    }
}

fn assert_paths_agree(key: &[u8; 32], values: &[&[u8]]) {
    let key = DomainKey::from_bytes(*key);
    let on = |lanes| {
        let token_key = key.token_key("person", "text/1").on(lanes);
        let mut short = vec![[0xee; 16]; values.len()];
        let mut long = vec![[0xee; 32]; values.len()];
        token_key.tokens(values, &mut short);
        token_key.tokens(values, &mut long);
        let mut sealed = b"kept".to_vec();
        key.seal_key("person", "text/1")
            .on(lanes)
            .seal(values, &mut sealed);
        let lengths = values.iter().map(|value| SealKey::sealed_len(value.len()));
        let mut rest = sealed.strip_prefix(b"kept").unwrap();
        let mut seals = Vec::new();
        for length in lengths {
            let (seal, after) = rest.split_at(length);
            seals.push(seal);
            rest = after;
        }
        assert_opens(&key, lanes, values, &seals);
        (short, long, sealed)
    };
    let expected = on(Lanes::Reference);
    for lanes in Lanes::available() {
        // Not `assert_eq`: a failure would print thousands of bytes.
        assert!(
            on(lanes) == expected,
            "{lanes:?} differs for {} values",
            values.len()
        );
    }
}

/// Seals open together to what they open to alone, and one that does not open is told.
fn assert_opens(key: &DomainKey, lanes: Lanes, values: &[&[u8]], seals: &[&[u8]]) {
    let key = key.seal_key("person", "text/1").on(lanes);
    let (mut opened, mut lengths) = (b"kept".to_vec(), vec![7]);
    key.open_all(seals, &mut opened, &mut lengths).unwrap();
    assert_eq!(opened.strip_prefix(b"kept").unwrap(), values.concat());
    assert!(
        lengths[1..]
            .iter()
            .eq(values.iter().map(|v| v.len()).collect::<Vec<_>>().iter())
    );
    for at in [0, seals.len() / 2, seals.len().saturating_sub(1)] {
        let Some(seal) = seals.get(at) else {
            continue;
        };
        for byte in [0, 1, 5, 21, seal.len() - 1] {
            let mut wrong = seal.to_vec();
            wrong[byte] ^= 1;
            let mut seals = seals.to_vec();
            seals[at] = &wrong;
            let alone = key.open(&wrong).unwrap_err();
            let (mut opened, mut lengths) = (Vec::new(), Vec::new());
            let together = key.open_all(&seals, &mut opened, &mut lengths);
            assert_eq!(together, Err((at, alone)));
            assert!(opened.is_empty() && lengths.is_empty());
        }
        let cut = &seal[..seal.len() - 1];
        let (mut opened, mut lengths) = (Vec::new(), Vec::new());
        assert!(key.open_all(&[cut], &mut opened, &mut lengths).is_err());
    }
}

fn assert_columns_agree<const N: usize>(tokens: &[Vec<u8>]) {
    let tokens: Vec<[u8; N]> = tokens
        .iter()
        .map(|token| *token.first_chunk().unwrap())
        .collect();
    for encoding in Encoding::ALL {
        let texts: String = tokens
            .iter()
            .map(|token| by_hand(encoding, token))
            .collect();
        let expected = format!("kept{texts}").into_bytes();
        for lanes in Lanes::available() {
            let mut column = b"kept".to_vec();
            encoding.encode_all_on(lanes, &tokens, &mut column);
            assert!(column == expected, "{lanes:?} differs for {encoding:?}");
        }
    }
}

/// RFC 4648 as it reads: bits in order, cut into digits, the last filled up with zeros.
fn by_hand(encoding: Encoding, bytes: &[u8]) -> String {
    let (alphabet, width) = match encoding {
        Encoding::Base32 => ("abcdefghijklmnopqrstuvwxyz234567", 5),
        Encoding::Hex => ("0123456789abcdef", 4),
        Encoding::Base64Url => (
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
            6,
        ),
    };
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    bits.as_bytes()
        .chunks(width)
        .map(|digit| {
            let digit = format!("{:0<width$}", str::from_utf8(digit).unwrap());
            char::from(alphabet.as_bytes()[usize::from_str_radix(&digit, 2).unwrap()])
        })
        .collect()
}
