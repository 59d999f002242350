//! Streams sealed to a recipient: standard age files, and nothing in clear.

use std::io::{ErrorKind, Read, Write};
use std::iter;
use std::os::unix::fs::PermissionsExt;

use pseudo_keyring::{Error, Opener, PassingKey, Recipient};

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

#[test]
fn an_identity_file_opens_what_is_sealed_to_it_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("custodian.key");
    let public = pseudo_keyring::create_identity(&path, "2026-01-01T00:00:00Z").unwrap();
    let mut sealed = sealed(&Recipient::parse(&public).unwrap());
    let opener = Opener::read(&path).unwrap();
    assert_eq!(format!("{opener:?}"), "Opener(..)");
    let mut opened = Vec::new();
    opener
        .open(&sealed[..])
        .unwrap()
        .read_to_end(&mut opened)
        .unwrap();
    assert_eq!(opened, plaintext());
    let kind = |sealed: &[u8]| opener.open(sealed).err().map(|error| error.kind());
    let other = self::sealed(&PassingKey::generate().recipient());
    assert_eq!(kind(&other), Some(ErrorKind::PermissionDenied));
    assert_eq!(
        kind(b"no age file, however long it may be\n"),
        Some(ErrorKind::InvalidData)
    );
    *sealed.last_mut().unwrap() ^= 1;
    let mut stream = opener.open(&sealed[..]).unwrap();
    assert!(stream.read_to_end(&mut opened).is_err());
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&path, open).unwrap();
    assert!(Opener::read(&path).is_err());
    assert!(Opener::read(&directory.path().join("none")).is_err());
}
