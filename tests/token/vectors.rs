//! `tests/vectors/tokens-v1.json`, made by another implementation of `TOKENS.md`: tokenise, reveal,
//! and reveal what was tampered with. Canonical text is taken from the file; how it comes about is
//! tested with the kinds.

use pseudo_token::{
    Alphabet, CheckValue, DomainKey, Encoding, Epoch, Error, Lanes, Purpose, Secret,
};
use serde_json::Value;

use crate::hex;

#[test]
fn check_values() {
    let vectors = vectors();
    let cases = vectors["check_values"].as_object().unwrap();
    assert_eq!(cases.len(), 2);
    for (epoch, expected) in cases {
        let expected = expected.as_str().unwrap();
        let value = secret(&vectors, epoch).check_value(parse_epoch(epoch));
        assert_eq!(value.to_string(), expected);
        assert_eq!(expected.parse::<CheckValue>(), Ok(value));
        assert_eq!(
            expected.to_uppercase().parse::<CheckValue>(),
            Err(Error::MalformedCheckValue)
        );
        assert_eq!(
            expected[2..].parse::<CheckValue>(),
            Err(Error::MalformedCheckValue)
        );
    }
}

#[test]
fn audit_keys() {
    let vectors = vectors();
    for (epoch, expected) in vectors["audit_keys"].as_object().unwrap() {
        let key = secret(&vectors, epoch).audit_key(parse_epoch(epoch));
        assert_eq!(*key, hex::array(expected.as_str().unwrap()));
    }
}

#[test]
fn domain_keys() {
    let vectors = vectors();
    let cases = vectors["domain_keys"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let expected: [u8; 32] = hex::array(text(case, "domain_key"));
        assert_eq!(domain_key(&vectors, case).dangerously_expose(), &expected);
    }
}

#[test]
fn subkeys() {
    let vectors = vectors();
    let cases = vectors["subkeys"].as_array().unwrap();
    assert_eq!(cases.len(), 15);
    for case in cases {
        let purpose = Purpose::ALL
            .into_iter()
            .find(|p| p.name() == text(case, "purpose"))
            .unwrap();
        let key = domain_key(&vectors, case).dangerously_export_subkey(
            purpose,
            text(case, "identity"),
            text(case, "kind"),
        );
        assert_eq!(*key, hex::bytes(text(case, "subkey")));
    }
}

#[test]
fn tokens() {
    let vectors = vectors();
    let mut seen = 0;
    for case in cells(&vectors) {
        let canonical = canonical(case);
        let key = domain_key(&vectors, case);
        for lanes in Lanes::available() {
            let key = key
                .token_key(text(case, "identity"), text(case, "kind"))
                .on(lanes);
            let mut short = [[0; 16]];
            let mut long = [[0; 32]];
            key.tokens(&[&canonical], &mut short);
            key.tokens(&[&canonical], &mut long);
            assert_text(Encoding::Base32, &short[0], text(case, "token_base32"));
            assert_text(Encoding::Hex, &short[0], text(case, "token_hex"));
            assert_text(Encoding::Base32, &long[0], text(case, "token256_base32"));
            assert_text(Encoding::Hex, &long[0], text(case, "token256_hex"));
        }
        seen += 1;
    }
    assert_eq!(seen, 138);
}

#[test]
fn typed_tokens() {
    let vectors = vectors();
    for case in vectors["typed"].as_array().unwrap() {
        let key = domain_key(&vectors, case).token_key(text(case, "identity"), text(case, "kind"));
        let mut token = [[0; 16]];
        key.tokens(&[text(case, "text").as_bytes()], &mut token);
        assert_text(Encoding::Base32, &token[0], text(case, "token_base32"));
    }
}

#[test]
fn seals() {
    let vectors = vectors();
    for case in cells(&vectors) {
        let canonical = canonical(case);
        let key = domain_key(&vectors, case);
        for lanes in Lanes::available() {
            let key = key
                .seal_key(text(case, "identity"), text(case, "kind"))
                .on(lanes);
            let mut sealed = Vec::new();
            key.seal(&[&canonical], &mut sealed);
            assert_text(Encoding::Base64Url, &sealed, text(case, "seal_base64url"));
            assert_text(Encoding::Base32, &sealed, text(case, "seal_base32"));
        }
    }
}

#[test]
fn seals_revealed() {
    let vectors = vectors();
    for case in cells(&vectors) {
        let sealed = Encoding::Base64Url
            .decode(text(case, "seal_base64url"))
            .unwrap();
        assert_eq!(
            Encoding::Base32.decode(text(case, "seal_base32")),
            Ok(sealed.clone())
        );
        let key = domain_key(&vectors, case);
        for lanes in Lanes::available() {
            let key = key
                .seal_key(text(case, "identity"), text(case, "kind"))
                .on(lanes);
            assert_eq!(key.open(&sealed), Ok(canonical(case)));
        }
    }
}

#[test]
fn seals_tampered_with() {
    let vectors = vectors();
    for case in cells(&vectors) {
        let sealed = Encoding::Base64Url
            .decode(text(case, "seal_base64url"))
            .unwrap();
        let key = domain_key(&vectors, case);
        for lanes in Lanes::available() {
            let key = key
                .seal_key(text(case, "identity"), text(case, "kind"))
                .on(lanes);
            for position in 0..sealed.len() {
                let mut tampered = sealed.clone();
                tampered[position] ^= 1 << (position % 8);
                assert!(
                    key.open(&tampered).is_err(),
                    "byte {position} of a seal does not count"
                );
            }
            for len in 0..sealed.len() {
                assert!(
                    key.open(&sealed[..len]).is_err(),
                    "a seal opens after {len} bytes"
                );
            }
        }
    }
}

#[test]
fn seals_of_other_keys() {
    let vectors = vectors();
    for case in cells(&vectors) {
        let sealed = Encoding::Base64Url
            .decode(text(case, "seal_base64url"))
            .unwrap();
        let key = domain_key(&vectors, case);
        let other = key.seal_key("another identity", text(case, "kind"));
        assert!(matches!(other.open(&sealed), Err(Error::WrongKey { .. })));
        let material =
            key.dangerously_export_subkey(Purpose::Seal, "another identity", text(case, "kind"));
        let id = key
            .seal_key(text(case, "identity"), text(case, "kind"))
            .key_id();
        let forged = pseudo_token::SealKey::from_bytes(material.first_chunk().unwrap(), id);
        assert_eq!(forged.open(&sealed), Err(Error::NotAuthentic));
    }
}

#[test]
fn formats() {
    let vectors = vectors();
    let (mut valid, mut invalid) = (0, 0);
    for case in vectors["fpe"].as_array().unwrap() {
        let name = text(case, "alphabet");
        let value = canonical_text(text(case, "kind"), text(case, "value"));
        let int64 = name == "int64";
        let value = match (int64, text(case, "kind")) {
            (false, _) => value.into_bytes(),
            // The integers of the alphabet, as they are written before they are encrypted.
            (true, "integer/1") if !value.starts_with('-') => format!("{value:0>18}").into_bytes(),
            (true, _) => Vec::new(),
        };
        let alphabet = Alphabet::ALL
            .into_iter()
            .find(|alphabet| alphabet.name() == name);
        let alphabet = alphabet.unwrap_or(Alphabet::Digits);
        let accepted = alphabet.accepts(&value) && (!int64 || value.len() == 18);
        let expected = match &case["fpe"] {
            Value::String(text) => text.clone(),
            Value::Number(number) => format!("{number:0>18}"),
            _ => {
                assert!(!accepted, "{case}");
                invalid += 1;
                continue;
            }
        };
        for lanes in Lanes::available() {
            let key = domain_key(&vectors, case)
                .fpe_key(text(case, "identity"), text(case, "kind"))
                .on(lanes);
            // Several at once, since a single text does not take every path.
            let mut encrypted = Vec::new();
            let values = [value.as_slice(); 5];
            assert_eq!(key.encrypt(alphabet, &values, &mut encrypted), Ok(()));
            assert_eq!(
                encrypted,
                expected.repeat(5).as_bytes(),
                "{lanes:?}: {case}"
            );
            let mut decrypted = Vec::new();
            let values = [expected.as_bytes(); 5];
            assert_eq!(key.decrypt(alphabet, &values, &mut decrypted), Ok(()));
            assert_eq!(decrypted, value.repeat(5), "{lanes:?}: {case}");
        }
        valid += 1;
    }
    assert_eq!((valid, invalid), (17, 9));
}

#[test]
fn shifts() {
    let vectors = vectors();
    let cases = vectors["shift"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let subject = canonical_text(text(case, "kind"), text(case, "subject"));
        let limit = u32::try_from(case["days"].as_u64().unwrap()).unwrap();
        for lanes in Lanes::available() {
            let key = domain_key(&vectors, case)
                .shift_key(text(case, "identity"), text(case, "kind"))
                .on(lanes);
            let mut days = [0; 3];
            key.days(limit, &[subject.as_bytes(); 3], &mut days);
            assert_eq!(days, [case["shift_days"].as_i64().unwrap(); 3], "{lanes:?}");
        }
    }
}

#[test]
fn shuffle() {
    let vectors = vectors();
    for case in vectors["shuffle"].as_array().unwrap() {
        let chunk = u32::try_from(case["chunk"].as_u64().unwrap()).unwrap();
        let rows = u32::try_from(case["rows"].as_u64().unwrap()).unwrap();
        let expected: Vec<u64> = case["order"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_u64().unwrap())
            .collect();
        for lanes in Lanes::available() {
            let key = domain_key(&vectors, case).shuffle_key().on(lanes);
            let mut keys = vec![[0; 32]; rows as usize];
            key.order_keys(text(case, "table"), chunk, 0..rows, &mut keys);
            let mut order: Vec<u64> = (0..u64::from(rows)).collect();
            order.sort_by_key(|&row| keys[usize::try_from(row).unwrap()]);
            assert_eq!(order, expected);
        }
    }
}

fn assert_text(encoding: Encoding, bytes: &[u8], expected: &str) {
    let mut encoded = Vec::new();
    encoding.encode(bytes, &mut encoded);
    assert_eq!(str::from_utf8(&encoded), Ok(expected));
    assert_eq!(encoding.decode(expected).as_deref(), Ok(bytes));
}

/// The cells that have a token: all but the blank ones.
fn cells(vectors: &Value) -> impl Iterator<Item = &Value> {
    vectors["cells"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|cell| cell["token_hex"].is_string())
}

/// The bytes that are keyed: text, or for binary cells hexadecimal behind `hex:`.
fn canonical(cell: &Value) -> Vec<u8> {
    text(cell, "canonical").as_bytes().to_vec()
}

/// What the kinds do to the few values here; they themselves are tested elsewhere.
fn canonical_text(kind: &str, value: &str) -> String {
    let joined = value.replace(' ', "");
    match kind {
        "text/1" => value.to_owned(),
        "integer/1" => match value.trim_start_matches('0') {
            "" => "0".to_owned(),
            digits => digits.to_owned(),
        },
        // The 11 digits of a mobile, which every other phone is not.
        "cn-phone/1" => joined.trim_start_matches("+86").to_owned(),
        _ => joined.to_uppercase(),
    }
}

fn domain_key(vectors: &Value, case: &Value) -> DomainKey {
    let epoch = text(case, "epoch");
    secret(vectors, epoch).domain_key(text(case, "domain"), parse_epoch(epoch))
}

fn secret(vectors: &Value, epoch: &str) -> Secret {
    Secret::from_slice(&hex::bytes(text(&vectors["secrets"], epoch))).unwrap()
}

fn parse_epoch(epoch: &str) -> Epoch {
    Epoch(epoch.parse().unwrap())
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap()
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/tokens-v1.json")).unwrap()
}
