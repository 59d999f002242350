//! Making keyrings and identity files.

use std::fs;
use std::io::Read;
use std::iter;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pseudo_keyring::{Error, Keyring, Status, Unlock, create_identity};
use pseudo_token::Epoch;

use crate::harness::{Bench, CREATED, PASSPHRASE, document, item, names, passphrase, write};

#[test]
fn what_is_made_opens_with_the_same_secret() {
    let bench = Bench::new();
    let path = bench.path("a.keyring");
    let made = Keyring::create(&path, &bench.unlock(), CREATED).unwrap();
    let opened = Keyring::open(&path, &bench.unlock()).unwrap();

    let (epoch, secret) = opened.primary().unwrap();
    assert_eq!(epoch, Epoch(1));
    assert_eq!(
        secret.dangerously_expose(),
        made.primary().unwrap().1.dangerously_expose()
    );
    let entries: Vec<_> = opened.entries().collect();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].status, Status::Primary);
    assert_eq!(entries[0].created, CREATED);
    assert_eq!(entries[0].check_value, Some(secret.check_value(epoch)));
    assert_eq!(mode(&path), 0o600);
    assert_eq!(names(bench.dir.path()), ["a.keyring", "owner.key"]);
}

#[test]
fn two_keyrings_have_two_secrets() {
    let bench = Bench::new();
    let make = |name| Keyring::create(&bench.path(name), &bench.unlock(), CREATED).unwrap();
    let (a, b) = (make("a.keyring"), make("b.keyring"));
    assert!(
        a.primary().unwrap().1.dangerously_expose() != b.primary().unwrap().1.dangerously_expose()
    );
}

#[test]
fn a_passphrase_opens_what_it_made() {
    let bench = Bench::new();
    let path = bench.path("a.keyring");
    let made = Keyring::create(&path, &passphrase(PASSPHRASE), CREATED).unwrap();
    let opened = Keyring::open(&path, &passphrase(PASSPHRASE)).unwrap();
    assert_eq!(check_value(&made), check_value(&opened));
    let error = Keyring::open(&path, &passphrase("correct horse")).unwrap_err();
    assert!(matches!(error, Error::WrongPassphrase { .. }));
}

#[test]
fn the_file_is_a_standard_age_file() {
    let bench = Bench::new();
    let path = bench.path("a.keyring");
    let identity = bench.path("made.key");
    let public = create_identity(&identity, CREATED).unwrap();
    let made = Keyring::create(&path, &Unlock::Identity(identity.clone()), CREATED).unwrap();

    let text = fs::read_to_string(&identity).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], format!("# created: {CREATED}"));
    assert_eq!(lines[1], format!("# public key: {public}"));
    assert_eq!((lines.len(), mode(&identity)), (3, 0o600));
    let key: age::x25519::Identity = lines[2].parse().unwrap();
    assert_eq!(key.to_public().to_string(), public);

    let sealed = fs::read(&path).unwrap();
    let decryptor = age::Decryptor::new(&sealed[..]).unwrap();
    let mut reader = decryptor
        .decrypt(iter::once(&key as &dyn age::Identity))
        .unwrap();
    let mut plaintext = String::new();
    reader.read_to_string(&mut plaintext).unwrap();
    let secret = STANDARD.encode(made.primary().unwrap().1.dangerously_expose());
    let item = item(1, "primary", Some(&secret));
    assert_eq!(plaintext, document(&[item]));
}

#[test]
fn nothing_is_ever_overwritten() {
    let bench = Bench::new();
    let path = bench.path("a.keyring");
    write(&path, b"mine");
    let error = Keyring::create(&path, &bench.unlock(), CREATED).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }));
    assert!(matches!(
        create_identity(&path, CREATED).unwrap_err(),
        Error::Exists { .. }
    ));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    assert_eq!(names(bench.dir.path()), ["a.keyring", "owner.key"]);
}

#[test]
fn a_link_is_never_written_through() {
    let bench = Bench::new();
    let (link, target) = (bench.path("a.keyring"), bench.path("elsewhere"));
    symlink(&target, &link).unwrap();
    let error = Keyring::create(&link, &bench.unlock(), CREATED).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }));
    assert!(matches!(
        create_identity(&link, CREATED).unwrap_err(),
        Error::Exists { .. }
    ));
    assert!(!target.exists());
}

#[test]
fn directories_are_made_for_the_owner_alone() {
    let bench = Bench::new();
    let path = bench.path("keys/deep/a.keyring");
    Keyring::create(&path, &bench.unlock(), CREATED).unwrap();
    assert_eq!(mode(&bench.path("keys")), 0o700);
    assert_eq!(mode(&bench.path("keys/deep")), 0o700);
}

#[test]
fn a_refused_creation_leaves_nothing() {
    let bench = Bench::new();
    let path = bench.path("keys/a.keyring");
    let absent = Unlock::Identity(bench.path("absent.key"));
    let error = Keyring::create(&path, &absent, CREATED).unwrap_err();
    assert!(matches!(error, Error::Io { action: "read", .. }));
    let error = Keyring::create(&path, &passphrase(""), CREATED).unwrap_err();
    assert!(matches!(error, Error::EmptyPassphrase));
    for time in [
        "",
        "yesterday",
        "2026-13-01T00:00:00Z",
        "2026-05-04T03:02:01",
        "2026-05-04T03:02:01.Z",
    ] {
        let error = Keyring::create(&path, &bench.unlock(), time).unwrap_err();
        assert!(matches!(error, Error::Created), "{time}");
    }
    let error = create_identity(&path, "2026\nAGE").unwrap_err();
    assert!(matches!(error, Error::Created));
    assert_eq!(names(bench.dir.path()), ["owner.key"]);
}

#[test]
fn debug_holds_no_secret() {
    let bench = Bench::new();
    let made = Keyring::create(&bench.path("a.keyring"), &bench.unlock(), CREATED).unwrap();
    assert_eq!(format!("{made:?}"), "Keyring{1: Primary}");
    assert_eq!(format!("{:?}", passphrase(PASSPHRASE)), "Passphrase(..)");
}

fn check_value(keyring: &Keyring) -> String {
    let (epoch, secret) = keyring.primary().unwrap();
    secret.check_value(epoch).to_string()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
