//! The shape of keys, seals and texts, and that nothing secret is printed.

use pseudo_token::{
    CheckValue, DomainKey, Encoding, Epoch, Error, Lanes, Purpose, SealKey, Secret,
};

use crate::hex;

#[test]
fn secrets_are_32_bytes_and_not_all_equal() {
    for len in [0, 16, 31, 33, 64] {
        let refused = Secret::from_slice(&vec![7; len]).map(|_| ());
        assert_eq!(refused, Err(Error::SecretLength { found: len }));
    }
    for byte in [0, 0x61, 0xff] {
        assert_eq!(
            Secret::from_slice(&[byte; 32]).map(|_| ()),
            Err(Error::WeakSecret)
        );
    }
    for position in 0..32 {
        let mut bytes = [0; 32];
        bytes[position] = 1;
        assert_eq!(
            Secret::from_slice(&bytes).unwrap().dangerously_expose(),
            &bytes
        );
    }
}

#[test]
fn keys_have_no_face() {
    let secret = Secret::new([0xab; 32]);
    let domain = secret.domain_key("analytics", Epoch(1));
    let seal = domain.seal_key("person", "text/1");
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    assert_eq!(format!("{domain:?}"), "DomainKey(..)");
    assert_eq!(
        format!("{:?}", domain.token_key("person", "text/1")),
        "TokenKey(..)"
    );
    assert_eq!(format!("{:?}", domain.shuffle_key()), "ShuffleKey(..)");
    let (fpe, shift) = (
        domain.fpe_key("person", "text/1"),
        domain.shift_key("person", "text/1"),
    );
    assert_eq!(format!("{fpe:?}{shift:?}"), "FpeKey(..)ShiftKey(..)");
    assert_eq!(
        format!("{seal:?}"),
        format!("SealKey({:08x})", seal.key_id())
    );
}

#[test]
fn check_values_are_16_lowercase_characters() {
    let value = Secret::new([7; 32]).check_value(Epoch(3));
    let text = value.to_string();
    assert_eq!(text.len(), 16);
    assert_eq!(text.parse::<CheckValue>(), Ok(value));
    assert_eq!(format!("{value:?}"), format!("CheckValue({text})"));
    assert_eq!(hex::bytes(&text), value.to_bytes());
    for malformed in [
        "",
        "00",
        "000000000000000g",
        "00000000000000000",
        "ABCDEF0123456789",
    ] {
        assert_eq!(
            malformed.parse::<CheckValue>(),
            Err(Error::MalformedCheckValue)
        );
    }
}

#[test]
fn purposes_have_different_keys() {
    let key = DomainKey::from_bytes([7; 32]);
    for one in Purpose::ALL {
        for other in Purpose::ALL {
            let [one_key, other_key] =
                [one, other].map(|p| key.dangerously_export_subkey(p, "person", "text/1"));
            assert_eq!(one_key.len(), one.key_len());
            assert_eq!(one_key[..32] == other_key[..32], one == other);
        }
    }
}

#[test]
fn seals_of_another_shape_are_refused() {
    let key = DomainKey::from_bytes([7; 32]).seal_key("person", "text/1");
    for lanes in Lanes::available() {
        let mut sealed = Vec::new();
        let key = DomainKey::from_bytes([7; 32])
            .seal_key("person", "text/1")
            .on(lanes);
        key.seal(&[b"x"], &mut sealed);
        assert_eq!(sealed.len(), 37);
        for len in 0..37 {
            assert_eq!(key.open(&sealed[..len]), Err(Error::NotSealed));
        }
        sealed[0] = 0;
        assert_eq!(key.open(&sealed), Err(Error::NotSealed));
        sealed[0] = 1;
        sealed[4] ^= 1;
        let found = key.key_id() ^ 1;
        assert_eq!(
            key.open(&sealed),
            Err(Error::WrongKey {
                found,
                expected: key.key_id()
            })
        );
    }
    assert_eq!(
        [0, 15, 16, 31, 32].map(SealKey::sealed_len),
        [37, 37, 53, 53, 69]
    );
    assert_eq!(key.open(b""), Err(Error::NotSealed));
}

/// A holder of the key can make seals whose plaintext has no mark, or more zero bytes than needed.
#[test]
fn authentic_seals_with_a_bad_pad_are_refused() {
    use aes_siv::KeyInit;
    let mut siv = aes_siv::siv::Aes256Siv::new(&[7; 64].into());
    for lanes in Lanes::available() {
        let key = SealKey::from_bytes(&[7; 64], 1).on(lanes);
        let mut open = |plaintext: &[u8]| {
            let sealed = siv.encrypt([[0_u8; 0]], plaintext).unwrap();
            key.open(&[&[1, 0, 0, 0, 1], &*sealed].concat())
        };
        let padded = |text: &[u8], len| [text, &vec![0; len - text.len()]].concat();
        assert_eq!(open(&padded(b"x\x80", 16)), Ok(b"x".to_vec()));
        assert_eq!(open(&padded(b"x\x80\x80", 16)), Ok(b"x\x80".to_vec()));
        for bad in [
            padded(b"", 16),
            padded(b"x", 16),
            padded(b"x\x80", 32),
            padded(b"x\x81", 16),
            padded(b"\x80\x01", 16),
            padded(&[0x80], 48),
            [7; 16].to_vec(),
        ] {
            assert_eq!(open(&bad), Err(Error::NotAuthentic));
        }
        assert!(open(b"x\x80").is_err(), "a plaintext is whole blocks");
    }
}

#[test]
fn texts_of_another_form_are_refused() {
    for (encoding, text) in [
        (Encoding::Base32, "MY"),
        (Encoding::Base32, "my======"),
        (Encoding::Base32, "mz"),
        (Encoding::Base32, "m"),
        (Encoding::Base32, "mya"),
        (Encoding::Base32, "m1"),
        (Encoding::Base32, "m y"),
        (Encoding::Base32, "my\n"),
        (Encoding::Hex, "0"),
        (Encoding::Hex, "0A"),
        (Encoding::Hex, "0g"),
        (Encoding::Hex, "0x00"),
        (Encoding::Base64Url, "Zg=="),
        (Encoding::Base64Url, "Zh"),
        (Encoding::Base64Url, "Z"),
        (Encoding::Base64Url, "ZgB"),
        (Encoding::Base64Url, "++++"),
        (Encoding::Base64Url, "////"),
        (Encoding::Base64Url, "Zg "),
        (Encoding::Base64Url, "Zé"),
    ] {
        let refused = Error::NotCanonical {
            encoding: encoding.name(),
        };
        assert_eq!(encoding.decode(text), Err(refused), "{encoding:?}");
    }
}

#[test]
fn encodings_know_their_lengths() {
    let lens = |encoding: Encoding| [0, 1, 16, 32, 37].map(|n| encoding.encoded_len(n));
    assert_eq!(lens(Encoding::Base32), [0, 2, 26, 52, 60]);
    assert_eq!(lens(Encoding::Hex), [0, 2, 32, 64, 74]);
    assert_eq!(lens(Encoding::Base64Url), [0, 2, 22, 43, 50]);
}

#[test]
fn errors_name_no_input() {
    let texts = [
        Error::SecretLength { found: 31 },
        Error::WeakSecret,
        Error::MalformedCheckValue,
        Error::NotCanonical { encoding: "base32" },
        Error::NotInAlphabet {
            alphabet: "digits",
            shortest: 6,
        },
        Error::NotSealed,
        Error::WrongKey {
            found: 1,
            expected: 2,
        },
        Error::NotAuthentic,
    ]
    .map(|error| error.to_string());
    let expected = [
        "a secret has 32 bytes, this one has 31",
        "the secret is not random: all its bytes are equal",
        "a key check value is 16 lowercase hexadecimal characters",
        "the text is not canonical `base32`",
        "a value is not 6 to 128 characters of `digits`",
        "the bytes are not a seal of version 1",
        "the seal was made with key 00000001, not with key 00000002",
        "the seal is not authentic",
    ];
    assert_eq!(texts, expected);
}
