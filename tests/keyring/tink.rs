//! Seal keys as Tink keysets: the JSON that Tink reads, and seals that Tink made of it.
//!
//! Keyset and seal were made by an independent derivation of TOKENS.md in Python and by Tink 1.16
//! for Python; `.ci/slow` has Tink open the seals of a whole run.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use pseudo_keyring::{Delivery, DomainKeys, Error, KeySource, Keyring};
use pseudo_token::Epoch;

use crate::harness::{Bench, SECRET, document, item};

/// Of the secret of bytes 0 to 31, domain `analytics`, epoch 1, `phone` of kind `cn-phone/1`.
const KEYSET: &str = concat!(
    r#"{"primaryKeyId":3770252274,"key":[{"keyData":{"#,
    r#""typeUrl":"type.googleapis.com/google.crypto.tink.AesSivKey","#,
    r#""value":"EkC1adLG+SL8ddOmM3lBWCoU4CFbBE1pMGrIok3tgf/LI15xntEK/HAbPIgmeuk3+3V2xOJakDfK"#,
    r#"TIM/3kUSxZiL","keyMaterialType":"SYMMETRIC"},"status":"ENABLED","keyId":3770252274,"#,
    r#""outputPrefixType":"TINK"}]}"#
);
/// What Tink makes of `+8613800138000`, padded, with that keyset.
const SEAL: [u8; 37] = [
    0x01, 0xe0, 0xb9, 0x7b, 0xf2, 0xe5, 0x96, 0xcc, 0x3b, 0x7d, 0xc3, 0xb7, 0xd4, 0x07, 0x5f, 0x90,
    0x97, 0xda, 0x87, 0x6f, 0xa0, 0x0f, 0x10, 0xbc, 0x52, 0x0a, 0xfb, 0xb6, 0x42, 0x62, 0xab, 0x0a,
    0x6c, 0xf1, 0xe3, 0xde, 0xfa,
];

fn keys(bench: &Bench) -> DomainKeys {
    let path = bench.keyring(&document(&[item(1, "primary", Some(SECRET))]));
    let keyring = Keyring::open(&path, &bench.unlock()).unwrap();
    keyring.domain_keys("analytics", Epoch(1)).unwrap()
}

#[test]
fn a_keyset_is_what_tink_reads_and_its_seals_open() {
    let bench = Bench::new();
    let keys = keys(&bench);
    let path = bench.path("phone.json");
    keys.create_tink("phone", "cn-phone/1", &path, &Delivery::Clear)
        .unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), KEYSET);
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o600);
    let key = keys.seal_key("phone", "cn-phone/1").unwrap();
    assert_eq!(key.open(&SEAL).unwrap(), b"+8613800138000");
    let mut sealed = Vec::new();
    key.seal(&[b"+8613800138000"], &mut sealed);
    assert_eq!(sealed, SEAL);
}

#[test]
fn a_keyset_is_sealed_to_its_holder() {
    let bench = Bench::new();
    let keys = keys(&bench);
    let path = bench.path("phone.age");
    let to = [bench.recipient()];
    keys.create_tink("phone", "cn-phone/1", &path, &Delivery::Sealed(&to))
        .unwrap();
    assert_eq!(bench.opened("phone.age"), KEYSET);
    let again = keys.create_tink("phone", "cn-phone/1", &path, &Delivery::Clear);
    assert!(matches!(again, Err(Error::Exists { .. })));
    let nobody = keys.create_tink("a", "text/1", &bench.path("b"), &Delivery::Sealed(&[]));
    assert!(matches!(nobody, Err(Error::NoRecipient)));
}
