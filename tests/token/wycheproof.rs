//! The Wycheproof vectors of the primitives that tokens and seals are built from.

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use hkdf::Hkdf;
use pseudo_token::{Alphabet, FpeKey, Lanes, SealKey};
use sha2::Sha256;
use wycheproof::{aead, fpe_str, hkdf as kdf, mac};

use crate::standards::token_key;

#[test]
fn hmac_sha256() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let mut seen = 0;
    for group in set.test_groups {
        for test in group.tests {
            let Some(key) = token_key(&test.key) else {
                continue;
            };
            let key = key.on(Lanes::best());
            let mut digest = [[0; 32]];
            key.tokens(&[&test.msg], &mut digest);
            let equal = digest[0][..group.tag_size / 8] == **test.tag;
            assert_eq!(equal, !test.result.must_fail(), "case {}", test.tc_id);
            seen += 1;
        }
    }
    assert_eq!(seen, 174);
}

#[test]
fn hkdf_sha256() {
    let set = kdf::TestSet::load(kdf::TestName::HkdfSha256).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let hkdf = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm);
        let mut output = vec![0; test.size];
        let made = hkdf.expand(&test.info, &mut output).is_ok();
        assert_eq!(
            made && output == **test.okm,
            !test.result.must_fail(),
            "case {}",
            test.tc_id
        );
    }
}

#[test]
fn aes_siv_cmac() {
    let set = aead::TestSet::load(aead::TestName::AesSivCmac).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in set
        .test_groups
        .into_iter()
        .filter(|group| group.key_size == 512)
    {
        for test in group.tests {
            let mut siv = Aes256Siv::new_from_slice(&test.key).unwrap();
            let components: [&[u8]; 2] = [&test.aad, &test.nonce];
            let sealed = [&**test.tag, &**test.ct].concat();
            if test.result.must_fail() {
                assert!(
                    siv.decrypt(components, &sealed).is_err(),
                    "case {}",
                    test.tc_id
                );
                invalid += 1;
            } else {
                assert_eq!(siv.encrypt(components, &test.pt).unwrap(), sealed);
                assert_eq!(siv.decrypt(components, &sealed).unwrap(), **test.pt);
                valid += 1;
            }
        }
    }
    assert_eq!(valid + invalid, 300);
    assert!(valid > 0 && invalid > 0);
}

/// Seals have one empty component, so the vectors above do not reach the other paths: their keys
/// and messages do.
#[test]
fn seals_with_the_keys_of_aes_siv_cmac() {
    let set = aead::TestSet::load(aead::TestName::AesSivCmac).unwrap();
    for group in set
        .test_groups
        .into_iter()
        .filter(|group| group.key_size == 512)
    {
        for test in group.tests {
            let mut plaintext = test.pt.to_vec();
            plaintext.push(0x80);
            plaintext.resize(plaintext.len().next_multiple_of(16), 0);
            let mut siv = Aes256Siv::new_from_slice(&test.key).unwrap();
            let expected = siv.encrypt([[0_u8; 0]], &plaintext).unwrap();
            for lanes in Lanes::available() {
                let key = SealKey::from_bytes(test.key.first_chunk().unwrap(), 7).on(lanes);
                let mut sealed = Vec::new();
                key.seal(&[&test.pt], &mut sealed);
                assert_eq!(sealed, [&[1, 0, 0, 0, 7], &*expected].concat());
                assert_eq!(key.open(&sealed).as_deref(), Ok(&**test.pt));
            }
        }
    }
}

/// The cases with a key of AES-256 and one of our alphabets, on every path: invalid ones, those of
/// smaller domains or longer texts than ours, and the rest. Other keys and radices are tested where
/// FF1 is written as the standard reads.
#[test]
fn ff1() {
    let mut seen = [0; 3];
    for (name, alphabet) in [
        (fpe_str::TestName::AesFf1Base10, Alphabet::Digits),
        (fpe_str::TestName::AesFf1Base26, Alphabet::LowerAlpha),
        (fpe_str::TestName::AesFf1Base36, Alphabet::UpperAlnum),
        (fpe_str::TestName::AesFf1Base62, Alphabet::Alnum),
    ] {
        let set = fpe_str::TestSet::load(name).unwrap();
        for group in set
            .test_groups
            .into_iter()
            .filter(|group| group.key_size == 256)
        {
            for test in group.tests {
                let [plain, encrypted] = [&test.pt, &test.ct].map(|text| match alphabet {
                    Alphabet::LowerAlpha => with_other_case(text),
                    _ => text.clone(),
                });
                for lanes in Lanes::available() {
                    let key = FpeKey::from_bytes(test.key.first_chunk().unwrap());
                    let key = key.with_tweak(&test.tweak).on(lanes);
                    let mut out = Vec::new();
                    // Several at once, since a single text does not take every path.
                    let outcome = key.encrypt(alphabet, &[plain.as_bytes(); 4], &mut out);
                    if test.result.must_fail() || !alphabet.can_accept_length(plain.len()) {
                        assert!(outcome.is_err(), "case {}", test.tc_id);
                        continue;
                    }
                    assert_eq!(outcome, Ok(()), "case {}", test.tc_id);
                    assert_eq!(out, encrypted.repeat(4).as_bytes(), "case {}", test.tc_id);
                    out.clear();
                    let outcome = key.decrypt(alphabet, &[encrypted.as_bytes(); 4], &mut out);
                    assert_eq!(outcome, Ok(()), "case {}", test.tc_id);
                    assert_eq!(out, plain.repeat(4).as_bytes(), "case {}", test.tc_id);
                }
                let class = match () {
                    () if test.result.must_fail() => 0,
                    () if !alphabet.can_accept_length(plain.len()) => 1,
                    () => 2,
                };
                seen[class] += 1;
            }
        }
    }
    assert_eq!(seen, [554, 18, 3492]);
}

/// Wycheproof has the uppercase letters where we have the lowercase ones.
fn with_other_case(text: &str) -> String {
    let other = |character: char| match character {
        'A'..='Z' => character.to_ascii_lowercase(),
        _ => character.to_ascii_uppercase(),
    };
    text.chars().map(other).collect()
}
