//! Vectors of the standards: RFC 4231 (HMAC), RFC 5869 (HKDF), RFC 5297 (AES-SIV), RFC 4648
//! (base32, base64).

use aes_siv::KeyInit;
use aes_siv::siv::{Aes128Siv, Aes256Siv};
use hkdf::Hkdf;
use pseudo_token::{Encoding, Lanes, TokenKey};
use sha2::{Digest, Sha256};

use crate::hex;

/// RFC 4231, 4.2 to 4.4, 4.5, 4.7 and 4.8: key, message, HMAC-SHA256.
const RFC_4231: [(&str, &str, &str); 6] = [
    (
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
        "4869205468657265",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        "4a656665",
        "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "dddddddddddddddddddddddddddddddddddddddddddddddddd
         dddddddddddddddddddddddddddddddddddddddddddddddddd",
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        "0102030405060708090a0b0c0d0e0f10111213141516171819",
        "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
         cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (
        LONG_KEY,
        "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a
         65204b6579202d2048617368204b6579204669727374",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        LONG_KEY,
        "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b
         2d73697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a652064
         6174612e20546865206b6579206e6565647320746f20626520686173686564206265666f72652062
         65696e6720757365642062792074686520484d414320616c676f726974686d2e",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
];

/// The key of 131 bytes of RFC 4231, which HMAC replaces by its hash.
const LONG_KEY: &str = "
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// RFC 5869, A.1 to A.3: pseudorandom key, info, output.
const RFC_5869: [(&str, &str, &str); 3] = [
    (
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
        "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7
         d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271
         cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
    (
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
];

#[test]
fn hmac_sha256() {
    for (key, message, expected) in RFC_4231 {
        let expected: [u8; 32] = hex::array(expected);
        for lanes in Lanes::available() {
            let key = token_key(&hex::bytes(key)).unwrap().on(lanes);
            let mut digest = [[0; 32]];
            key.tokens(&[&hex::bytes(message)], &mut digest);
            assert_eq!(digest, [expected], "{lanes:?}");
        }
    }
}

#[test]
fn hkdf_expand() {
    for (key, info, expected) in RFC_5869 {
        let (key, info, expected) = (hex::bytes(key), hex::bytes(info), hex::bytes(expected));
        let mut output = vec![0; expected.len()];
        Hkdf::<Sha256>::from_prk(&key)
            .unwrap()
            .expand(&info, &mut output)
            .unwrap();
        assert_eq!(output, expected);
    }
}

#[test]
fn hkdf_expand_is_a_chain_of_hmac() {
    for (key, info, expected) in RFC_5869 {
        let key = token_key(&hex::bytes(key)).unwrap();
        let (info, expected) = (hex::bytes(info), hex::bytes(expected));
        let mut previous = Vec::new();
        for (expected, count) in expected.chunks(32).zip(1..) {
            let mut digest = [[0; 32]];
            key.tokens(
                &[&[previous, info.clone(), vec![count]].concat()],
                &mut digest,
            );
            assert_eq!(expected, &digest[0][..expected.len()]);
            previous = digest[0].to_vec();
        }
    }
}

/// Seals, opens, and opens after each byte was changed in turn.
macro_rules! assert_siv {
    ($siv:ty, $key:expr, $components:expr, $plaintext:expr, $sealed:expr $(,)?) => {
        let mut siv = <$siv>::new_from_slice(&hex::bytes($key)).unwrap();
        let components: Vec<Vec<u8>> = $components.iter().map(|text| hex::bytes(text)).collect();
        let (plaintext, sealed) = (hex::bytes($plaintext), hex::bytes($sealed));
        assert_eq!(siv.encrypt(&components, &plaintext).unwrap(), sealed);
        assert_eq!(siv.decrypt(&components, &sealed).unwrap(), plaintext);
        for position in 0..sealed.len() {
            let mut tampered = sealed.clone();
            tampered[position] ^= 1;
            assert!(siv.decrypt(&components, &tampered).is_err());
        }
    };
}

#[test]
fn aes_siv_rfc_5297_a1() {
    assert_siv!(
        Aes128Siv,
        "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        &["101112131415161718191a1b1c1d1e1f2021222324252627"],
        "112233445566778899aabbccddee",
        "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c",
    );
}

#[test]
fn aes_siv_rfc_5297_a2() {
    assert_siv!(
        Aes128Siv,
        "7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f",
        &[
            "00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100",
            "102030405060708090a0",
            "09f911029d74e35bd84156c5635688c0",
        ],
        "7468697320697320736f6d6520706c61696e7465787420746f20656e63727970
         74207573696e67205349562d414553",
        "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17
         dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d",
    );
}

#[test]
fn aes_siv_with_aes_256() {
    assert_siv!(
        Aes256Siv,
        "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff
             f0f1f2f3f4f5f6f7f8f9fafbfcfdfefffffefdfcfbfaf9f8f7f6f5f4f3f2f1f0",
        &["101112131415161718191a1b1c1d1e1f2021222324252627"],
        "112233445566778899aabbccddee",
        "724dfb2eaf94dbb19b0ba3a299a0801ef3b05a55498ec2552690b89810e4",
    );
}

#[test]
fn rfc_4648_section_10() {
    let texts = [
        (
            Encoding::Base32,
            [
                "",
                "my",
                "mzxq",
                "mzxw6",
                "mzxw6yq",
                "mzxw6ytb",
                "mzxw6ytboi",
            ],
        ),
        (
            Encoding::Hex,
            [
                "",
                "66",
                "666f",
                "666f6f",
                "666f6f62",
                "666f6f6261",
                "666f6f626172",
            ],
        ),
        (
            Encoding::Base64Url,
            ["", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"],
        ),
    ];
    for (encoding, texts) in texts {
        for (len, text) in texts.into_iter().enumerate() {
            let mut encoded = Vec::new();
            encoding.encode(&b"foobar"[..len], &mut encoded);
            assert_eq!(str::from_utf8(&encoded), Ok(text));
            assert_eq!(encoding.decode(text).as_deref(), Ok(&b"foobar"[..len]));
        }
    }
}

/// A token key with the HMAC of a key of another length: shorter ones end in zero bytes, those
/// longer than a block are hashed, and those between have no equivalent.
pub(crate) fn token_key(key: &[u8]) -> Option<TokenKey> {
    let mut bytes = [0; 32];
    match key.len() {
        0..=32 => bytes[..key.len()].copy_from_slice(key),
        33..=64 => return None,
        _ => bytes.copy_from_slice(&Sha256::digest(key)),
    }
    Some(TokenKey::from_bytes(&bytes))
}
