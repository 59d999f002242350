//! What a secret is asked for, as a device sees it: one message, one HMAC-SHA256 (RFC 2104).

use hmac::{Hmac, KeyInit, Mac};
use pseudo_token::{CheckValue, DomainKey, Epoch, Purpose, RootMessage, SealKey, Secret, SubKey};
use sha2::Sha256;

/// A device that knows HMAC-SHA256 and nothing of ours.
fn device(message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(&SECRET).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[test]
fn messages_are_info_and_one_byte() {
    let domain = RootMessage::domain_key("analytics", Epoch(7));
    let expected = b"\0\0\0\x10pseudo/v1/domain\0\0\0\x09analytics\0\0\0\x04\0\0\0\x07\x01";
    assert_eq!(domain.as_bytes(), expected);
    let check = RootMessage::check_value(Epoch(0x0102_0304));
    assert_eq!(
        check.as_bytes(),
        b"\0\0\0\x0fpseudo/v1/check\0\0\0\x04\x01\x02\x03\x04\x01"
    );
    let audit = RootMessage::audit_key(Epoch(1));
    assert_eq!(
        audit.as_bytes(),
        b"\0\0\0\x0fpseudo/v1/audit\0\0\0\x04\0\0\0\x01\x01"
    );
}

#[test]
fn a_device_answers_what_the_secret_derives() {
    let secret = Secret::from_slice(&SECRET).unwrap();
    let epoch = Epoch(3);
    let domain = device(RootMessage::domain_key("analytics", epoch).as_bytes());
    let expected = secret.domain_key("analytics", epoch);
    assert_eq!(&domain, expected.dangerously_expose());
    let check = device(RootMessage::check_value(epoch).as_bytes());
    assert_eq!(CheckValue::from_answer(&check), secret.check_value(epoch));
    let audit = device(RootMessage::audit_key(epoch).as_bytes());
    assert_eq!(audit, *secret.audit_key(epoch));
}

#[test]
fn a_seal_key_is_made_of_its_sub_key() {
    let key = DomainKey::from_bytes([7; 32]);
    let bytes = key.dangerously_export_subkey(Purpose::Seal, "person", "text/1");
    let made = SealKey::from_subkey(bytes.as_slice().first_chunk().unwrap());
    let mut sealed = Vec::new();
    made.seal(&[b"value"], &mut sealed);
    let opened = key.seal_key("person", "text/1").open(&sealed).unwrap();
    assert_eq!(opened, b"value");
}

#[test]
fn sub_keys_are_named_without_their_bytes() {
    let name = SubKey::new(Purpose::Token, "phone", "cn-phone/1");
    assert_eq!(
        name.to_string(),
        "the token key of identity `phone` (cn-phone/1)"
    );
    assert_eq!(SubKey::shuffle().to_string(), "the key of the row order");
    for purpose in Purpose::ALL {
        assert_eq!(Purpose::from_name(purpose.name()), Some(purpose));
    }
    assert_eq!(Purpose::from_name("Token"), None);
}

const SECRET: [u8; 32] = *b"0123456789abcdefFEDCBA9876543210";
