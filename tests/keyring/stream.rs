//! Streams sealed to a recipient: standard age files, and nothing in clear.

use std::io::{Read, Write};
use std::iter;

use pseudo_keyring::{Error, PassingKey, Recipient};

/// More than two blocks of 64 KiB.
fn plaintext() -> Vec<u8> {
    b"canary-row\n"
        .iter()
        .copied()
        .cycle()
        .take(150_000)
        .collect()
}

fn sealed(recipient: &Recipient) -> Vec<u8> {
    let mut sealer = recipient.seal(Vec::new()).unwrap();
    for part in plaintext().chunks(7_001) {
        sealer.write_all(part).unwrap();
    }
    sealer.flush().unwrap();
    sealer.finish().unwrap()
}

#[test]
fn a_stream_is_a_standard_age_file() {
    let identity = age::x25519::Identity::generate();
    let recipient = Recipient::parse(&identity.to_public().to_string()).unwrap();
    let sealed = sealed(&recipient);
    assert!(!sealed.windows(10).any(|window| window == b"canary-row"));
    let decryptor = age::Decryptor::new(&sealed[..]).unwrap();
    let mut reader = decryptor
        .decrypt(iter::once(&identity as &dyn age::Identity))
        .unwrap();
    let mut opened = Vec::new();
    reader.read_to_end(&mut opened).unwrap();
    assert_eq!(opened, plaintext());
}

#[test]
fn a_passing_key_opens_what_is_sealed_to_it_and_nothing_else() {
    let key = PassingKey::generate();
    let mut sealed = sealed(&key.recipient());
    let mut opened = Vec::new();
    key.open(&sealed[..])
        .unwrap()
        .read_to_end(&mut opened)
        .unwrap();
    assert_eq!(opened, plaintext());
    assert!(PassingKey::generate().open(&sealed[..]).is_err());
    *sealed.last_mut().unwrap() ^= 1;
    assert!(
        key.open(&sealed[..])
            .unwrap()
            .read_to_end(&mut opened)
            .is_err()
    );
    assert!(key.open(&b"no age file"[..]).is_err());
}

#[test]
fn a_stream_without_its_end_does_not_open() {
    let key = PassingKey::generate();
    let sealed = sealed(&key.recipient());
    let cut = &sealed[..sealed.len() - 20];
    let mut opened = Vec::new();
    assert!(key.open(cut).unwrap().read_to_end(&mut opened).is_err());
}

#[test]
fn other_texts_are_no_recipients() {
    for text in ["", "age1", "someone@example.com", "AGE-SECRET-KEY-1"] {
        assert!(
            matches!(Recipient::parse(text), Err(Error::Recipient)),
            "{text}"
        );
    }
}
