//! Tokens that keep their format: against the `fpe` crate on every path, and the laws of a
//! permutation.

use std::collections::HashSet;

use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString};
use pseudo_token::{Alphabet, DomainKey, Error, FpeKey, Lanes};

use crate::random::Random;

#[test]
fn every_alphabet_and_length_as_the_fpe_crate() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for alphabet in Alphabet::ALL {
        let key = random.key();
        let ff1 = FF1::<Aes256>::new(&key, alphabet.radix()).unwrap();
        for len in 2..=64 {
            let values = random.texts(alphabet, len, 35);
            if !alphabet.can_accept_length(len) {
                for lanes in Lanes::available() {
                    let key = FpeKey::from_bytes(&key).on(lanes);
                    assert_eq!(encrypt(&key, alphabet, &values), Err(refusal(alphabet)));
                    assert_eq!(decrypt(&key, alphabet, &values), Err(refusal(alphabet)));
                }
                continue;
            }
            let texts: Vec<Vec<u8>> = values
                .iter()
                .map(|value| by_crate(&ff1, alphabet, value))
                .collect();
            for lanes in Lanes::available() {
                let key = FpeKey::from_bytes(&key).on(lanes);
                let encrypted = encrypt(&key, alphabet, &values).unwrap();
                assert!(encrypted == texts.concat(), "{lanes:?} {alphabet:?} {len}");
                let decrypted = decrypt(&key, alphabet, &texts).unwrap();
                assert!(decrypted == values.concat(), "{lanes:?} {alphabet:?} {len}");
            }
        }
    }
}

/// The lengths that no word holds, up to the longest.
#[test]
fn long_texts_as_the_fpe_crate() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for alphabet in Alphabet::ALL {
        let key = random.key();
        let ff1 = FF1::<Aes256>::new(&key, alphabet.radix()).unwrap();
        for len in 65..=128 {
            let values = random.texts(alphabet, len, 2);
            for value in &values {
                let expected = by_crate(&ff1, alphabet, value);
                let key = FpeKey::from_bytes(&key);
                let value = std::slice::from_ref(value);
                assert_eq!(encrypt(&key, alphabet, value).unwrap(), expected);
                assert_eq!(decrypt(&key, alphabet, &[expected]).unwrap(), value[0]);
            }
        }
    }
}

/// Remainders are found by estimates: many values of the lengths where these are tightest.
#[test]
fn many_values_on_every_path() {
    let mut random = Random(0x0139_408d_cbbf_7a44);
    for (alphabet, lens) in [
        (Alphabet::Digits, [6, 7, 9, 11, 18, 19, 30, 31, 36]),
        (Alphabet::LowerAlpha, [5, 6, 8, 13, 17, 20, 21, 24, 26]),
        (Alphabet::UpperAlnum, [4, 5, 7, 12, 17, 18, 19, 20, 22]),
        (Alphabet::Alnum, [4, 5, 6, 10, 11, 15, 16, 17, 20]),
    ] {
        let key = random.key();
        for len in lens {
            let values = random.texts(alphabet, len, 3000);
            let reference = FpeKey::from_bytes(&key).on(Lanes::Reference);
            let expected = encrypt(&reference, alphabet, &values).unwrap();
            for lanes in Lanes::available() {
                let key = FpeKey::from_bytes(&key).on(lanes);
                let encrypted = encrypt(&key, alphabet, &values).unwrap();
                assert!(encrypted == expected, "{lanes:?} {alphabet:?} {len}");
            }
        }
    }
}

/// A million random texts of 6 to 64 characters, most of them short, under forty keys: the bytes of
/// the reference on every path, and back.
#[test]
fn a_million_texts() {
    const ROUNDS: usize = 8;
    const ROWS: usize = 25_000;
    let mut random = Random(0x3c6e_f372_a54f_f53a);
    for alphabet in Alphabet::ALL
        .into_iter()
        .flat_map(|alphabet| [alphabet; ROUNDS])
    {
        let key = random.key();
        let values: Vec<Vec<u8>> = (0..ROWS)
            .map(|_| {
                let longest = (0..2).fold(59, |longest, _| 1 + random.below(longest));
                let len = 6 + random.below(longest);
                random.text(alphabet, len)
            })
            .collect();
        let reference = FpeKey::from_bytes(&key).on(Lanes::Reference);
        let expected = encrypt(&reference, alphabet, &values).unwrap();
        let mut rest = expected.as_slice();
        let texts: Vec<&[u8]> = values
            .iter()
            .map(|value| rest.split_off(..value.len()).unwrap())
            .collect();
        for lanes in Lanes::available().into_iter().skip(1) {
            let key = FpeKey::from_bytes(&key).on(lanes);
            let encrypted = encrypt(&key, alphabet, &values).unwrap();
            assert!(encrypted == expected, "{lanes:?} {alphabet:?}");
            let decrypted = decrypt(&key, alphabet, &texts).unwrap();
            assert!(decrypted == values.concat(), "{lanes:?} {alphabet:?}");
        }
    }
}

#[test]
fn mixed_lengths_keep_their_order() {
    let mut random = Random(0x6a09_e667_f3bc_c909);
    for alphabet in Alphabet::ALL {
        let key = random.key();
        for count in [0, 1, 2, 3, 4, 5, 31, 32, 33, 1023, 1024, 1025, 2500] {
            let values: Vec<Vec<u8>> = (0..count)
                .map(|_| {
                    let len = 6 + random.below(40);
                    random.text(alphabet, len)
                })
                .collect();
            let reference = FpeKey::from_bytes(&key).on(Lanes::Reference);
            let expected = encrypt(&reference, alphabet, &values).unwrap();
            for lanes in Lanes::available() {
                let key = FpeKey::from_bytes(&key).on(lanes);
                let encrypted = encrypt(&key, alphabet, &values).unwrap();
                assert!(encrypted == expected, "{lanes:?} {alphabet:?} {count}");
                let mut rest = encrypted.as_slice();
                let texts: Vec<Vec<u8>> = values
                    .iter()
                    .map(|value| rest.split_off(..value.len()).unwrap().to_vec())
                    .collect();
                assert!(texts.iter().all(|text| alphabet.accepts(text)));
                let decrypted = decrypt(&key, alphabet, &texts).unwrap();
                assert!(decrypted == values.concat(), "{lanes:?} {alphabet:?}");
            }
        }
    }
}

#[test]
fn a_whole_domain_is_permuted() {
    let values: Vec<Vec<u8>> = (0..1_000_000)
        .map(|number| format!("{number:06}").into_bytes())
        .collect();
    let key = DomainKey::from_bytes([7; 32]).fpe_key("account", "text/1");
    let encrypted = encrypt(&key, Alphabet::Digits, &values).unwrap();
    let distinct: HashSet<&[u8]> = encrypted.chunks(6).collect();
    assert_eq!(distinct.len(), values.len());
    assert!(distinct.iter().all(|text| Alphabet::Digits.accepts(text)));
}

#[test]
fn small_domains_and_long_texts_are_refused() {
    let key = DomainKey::from_bytes([7; 32]).fpe_key("account", "text/1");
    for alphabet in Alphabet::ALL {
        let first = alphabet.characters()[0];
        for len in 0..=200 {
            let domain = f64::from(alphabet.radix()).powi(i32::try_from(len).unwrap());
            let accepted = (2..=128).contains(&len) && domain >= 1e6;
            let value = vec![first; len];
            assert_eq!(alphabet.can_accept_length(len), accepted);
            assert_eq!(alphabet.accepts(&value), accepted);
            assert_eq!(encrypt(&key, alphabet, &[value]).is_ok(), accepted);
        }
    }
}

#[test]
fn one_bad_character_refuses_all_values_and_leaves_what_was_there() {
    for alphabet in Alphabet::ALL {
        let characters = alphabet.characters();
        let values = Random(1).texts(alphabet, 18, 70);
        for lanes in Lanes::available() {
            let key = FpeKey::from_bytes(&[7; 32]).on(lanes);
            for byte in 0..=u8::MAX {
                let (row, place) = (usize::from(byte) % 70, usize::from(byte) % 18);
                for len in [18, 60] {
                    let mut values = values.clone();
                    values[row].resize(len, characters[1]);
                    values[row][place] = byte;
                    let accepted = characters.contains(&byte);
                    assert_eq!(alphabet.accepts(&values[row]), accepted);
                    let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
                    let mut out = b"kept".to_vec();
                    let outcome = key.encrypt(alphabet, &values, &mut out);
                    let expected = accepted.then_some(()).ok_or(refusal(alphabet));
                    assert_eq!(outcome, expected, "{lanes:?} {alphabet:?} {byte}");
                    assert!(accepted || out == b"kept");
                }
            }
        }
    }
}

#[test]
fn alphabets_are_as_specified() {
    for (alphabet, name, radix) in [
        (Alphabet::Digits, "digits", 10),
        (Alphabet::LowerAlpha, "a-z", 26),
        (Alphabet::LowerAlnum, "0-9a-z", 36),
        (Alphabet::UpperAlnum, "0-9A-Z", 36),
        (Alphabet::Alnum, "0-9A-Za-z", 62),
    ] {
        let characters: HashSet<&u8> = alphabet.characters().iter().collect();
        assert_eq!(alphabet.name(), name);
        assert_eq!(alphabet.radix(), radix);
        assert_eq!(characters.len(), usize::try_from(radix).unwrap());
        assert!(alphabet.characters().is_sorted());
    }
}

fn encrypt(
    key: &FpeKey,
    alphabet: Alphabet,
    values: &[impl AsRef<[u8]>],
) -> Result<Vec<u8>, Error> {
    let values: Vec<&[u8]> = values.iter().map(AsRef::as_ref).collect();
    let mut out = Vec::new();
    key.encrypt(alphabet, &values, &mut out).map(|()| out)
}

fn decrypt(
    key: &FpeKey,
    alphabet: Alphabet,
    values: &[impl AsRef<[u8]>],
) -> Result<Vec<u8>, Error> {
    let values: Vec<&[u8]> = values.iter().map(AsRef::as_ref).collect();
    let mut out = Vec::new();
    key.decrypt(alphabet, &values, &mut out).map(|()| out)
}

fn by_crate(ff1: &FF1<Aes256>, alphabet: Alphabet, value: &[u8]) -> Vec<u8> {
    let characters = alphabet.characters();
    let place = |character| characters.iter().position(|known| known == character);
    let digits: Vec<u16> = value
        .iter()
        .map(|character| u16::try_from(place(character).unwrap()).unwrap())
        .collect();
    let encrypted = ff1.encrypt(&[], &FlexibleNumeralString::from(digits));
    let digits: Vec<u16> = encrypted.unwrap().into();
    let characters = digits.iter().map(|&digit| characters[usize::from(digit)]);
    characters.collect()
}

fn refusal(alphabet: Alphabet) -> Error {
    let refused = |len: &usize| !alphabet.can_accept_length(*len);
    Error::NotInAlphabet {
        alphabet: alphabet.name(),
        shortest: (0..128).take_while(refused).count(),
    }
}
