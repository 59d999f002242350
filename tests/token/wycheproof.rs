//! The Wycheproof vectors of the primitives that tokens and seals are built from.

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use hkdf::Hkdf;
use pseudo_token::{Lanes, SealKey};
use sha2::Sha256;
use wycheproof::{aead, hkdf as kdf, mac};

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
