//! Opening with the wrong thing, and files that should not be opened.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use pseudo_keyring::{Error, Keyring, Unlock};

use crate::harness::{Bench, PASSPHRASE, SECRET, document, item, passphrase, refused, write};

#[test]
fn another_identity_does_not_open() {
    let bench = Bench::new();
    let path = bench.keyring(&one());
    let stranger = bench.stranger();
    let text = refused(&path, &Unlock::Identity(stranger.clone()));
    let (stranger, path) = (stranger.display(), path.display());
    assert_eq!(
        text,
        format!("identity file `{stranger}` does not open keyring `{path}`")
    );
}

#[test]
fn another_passphrase_does_not_open() {
    let bench = Bench::new();
    let path = bench.passphrase_keyring(PASSPHRASE, 2);
    assert!(Keyring::open(&path, &passphrase(PASSPHRASE)).is_ok());
    let text = refused(&path, &passphrase("correct horse battery stapler"));
    assert_eq!(
        text,
        format!("wrong passphrase for keyring `{}`", path.display())
    );
    assert_eq!(refused(&path, &passphrase("")), "the passphrase is empty");
}

#[test]
fn the_wrong_sort_of_unlock_is_named() {
    let bench = Bench::new();
    let path = bench.keyring(&one());
    let text = refused(&path, &passphrase(PASSPHRASE));
    assert!(
        text.ends_with("is opened by an identity file, not by a passphrase"),
        "{text}"
    );
    let path = bench.passphrase_keyring(PASSPHRASE, 2);
    let text = refused(&path, &bench.unlock());
    assert!(
        text.ends_with("is opened by a passphrase, not by an identity file"),
        "{text}"
    );
}

#[test]
fn too_much_work_is_refused_at_once() {
    let bench = Bench::new();
    let path = bench.passphrase_keyring(PASSPHRASE, 2);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(3).position(|three| three == b" 2\n").unwrap();
    bytes.splice(at..at + 3, *b" 40\n");
    write(&path, &bytes);
    let error = Keyring::open(&path, &passphrase(PASSPHRASE)).unwrap_err();
    assert!(matches!(error, Error::ExcessiveWork { .. }));
}

#[test]
fn an_identity_file_others_can_read_is_refused() {
    let bench = Bench::new();
    let path = bench.keyring(&one());
    for mode in [0o640, 0o604, 0o620, 0o601, 0o644, 0o777] {
        fs::set_permissions(&bench.identity, fs::Permissions::from_mode(mode)).unwrap();
        let error = Keyring::open(&path, &bench.unlock()).unwrap_err();
        assert!(matches!(error, Error::Exposed { mode: seen, .. } if seen == mode));
        assert_eq!(
            error.hint(),
            Some(format!("chmod 600 {}", bench.identity.display()))
        );
    }
    for mode in [0o600, 0o400] {
        fs::set_permissions(&bench.identity, fs::Permissions::from_mode(mode)).unwrap();
        assert!(Keyring::open(&path, &bench.unlock()).is_ok());
    }
}

#[test]
fn a_link_to_an_exposed_identity_is_refused_too() {
    let bench = Bench::new();
    let path = bench.keyring(&one());
    let link = bench.path("link.key");
    symlink(&bench.identity, &link).unwrap();
    assert!(Keyring::open(&path, &Unlock::Identity(link.clone())).is_ok());
    fs::set_permissions(&bench.identity, fs::Permissions::from_mode(0o644)).unwrap();
    let error = Keyring::open(&path, &Unlock::Identity(link)).unwrap_err();
    assert!(matches!(error, Error::Exposed { .. }));
}

#[test]
fn what_is_not_a_regular_file_is_refused() {
    let bench = Bench::new();
    for path in [bench.dir.path().to_path_buf(), "/dev/null".into()] {
        let error = Keyring::open(&path, &bench.unlock()).unwrap_err();
        assert!(matches!(error, Error::NotAFile { .. }));
    }
    let error = Keyring::open(&bench.path("absent.keyring"), &bench.unlock()).unwrap_err();
    assert!(matches!(error, Error::Io { action: "read", .. }));
    let text = error.to_string();
    assert!(
        text.ends_with("absent.keyring`: no such file or directory"),
        "{text}"
    );
    assert!(error.hint().unwrap().contains("keys new"));
}

#[test]
fn identity_files_are_read_strictly() {
    let bench = Bench::new();
    let path = bench.keyring(&one());
    let key = fs::read_to_string(&bench.identity).unwrap();
    let with = |text: &str| {
        let file = bench.path("written.key");
        write(&file, text.as_bytes());
        Keyring::open(&path, &Unlock::Identity(file))
    };
    assert!(with(&format!("# a comment\r\n\r\n{key}\r\n")).is_ok());
    let second = fs::read_to_string(bench.stranger()).unwrap();
    assert!(with(&format!("{second}{key}\n")).is_ok());
    assert!(matches!(
        with("# only a comment\n").unwrap_err(),
        Error::NoIdentity { .. }
    ));
    let error = with(&format!("# created\n{key}X\n")).unwrap_err();
    assert!(matches!(error, Error::IdentityLine { line: 2, .. }));
    assert!(!format!("{error:?}{error}").contains("AGE-SECRET"));
    let long = "#".repeat(300 * 1024);
    assert!(matches!(with(&long).unwrap_err(), Error::TooLong { .. }));
}

fn one() -> String {
    document(&[item(1, "primary", Some(SECRET))])
}
