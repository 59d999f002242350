//! The life of a keyring: what each change does, and that it is done whole or not at all.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use pseudo_keyring::{
    Access, Change, Error, Fresh, KeySource, Keyring, Recipient, Status, Unlock, create_identity,
};
use pseudo_token::Epoch;
use zeroize::Zeroizing;

use crate::harness::{Bench, CREATED, PASSPHRASE, names, passphrase, write};

fn begin<'a>(path: &Path, unlock: &'a Unlock) -> Change<'a> {
    Change::begin(path, unlock, Access::none()).unwrap()
}

/// Changes the keyring, and reads it from the disk.
fn change(path: &Path, unlock: &Unlock, work: impl FnOnce(&mut Change<'_>)) -> Keyring {
    let mut change = begin(path, unlock);
    work(&mut change);
    change.commit().unwrap();
    Keyring::open(path, unlock).unwrap()
}

fn statuses(keyring: &Keyring) -> Vec<(u32, Status)> {
    let entries = keyring.entries();
    entries.map(|entry| (entry.epoch.0, entry.status)).collect()
}

fn made(bench: &Bench) -> std::path::PathBuf {
    let path = bench.path("a.keyring");
    Keyring::create(&path, &bench.unlock(), CREATED).unwrap();
    path
}

#[test]
fn a_rotation_adds_an_epoch_and_keeps_the_old_tokens() {
    let bench = Bench::new();
    let (path, unlock) = (made(&bench), bench.unlock());
    let before = Keyring::open(&path, &unlock).unwrap();
    let first = before.check_value(Epoch(1)).unwrap();
    let later = "2027-01-01T00:00:00Z";
    let after = change(&path, &unlock, |change| {
        assert_eq!(change.rotate(Fresh::Secret, later).unwrap(), Epoch(2));
        assert_eq!(change.rotate(Fresh::Secret, later).unwrap(), Epoch(3));
    });
    let expected = [
        (1, Status::Enabled),
        (2, Status::Enabled),
        (3, Status::Primary),
    ];
    assert_eq!(statuses(&after), expected);
    assert_eq!(after.check_value(Epoch(1)).unwrap(), first);
    assert_eq!(after.primary_epoch().unwrap(), Epoch(3));
    let values = [1, 2, 3].map(|n| after.check_value(Epoch(n)).unwrap().to_string());
    assert!(values[0] != values[1] && values[1] != values[2]);
    assert_eq!(after.entries().last().unwrap().created, later);
    assert_eq!(names(bench.dir.path()), ["a.keyring", "owner.key"]);
}

#[test]
fn a_given_secret_becomes_an_epoch() {
    let bench = Bench::new();
    let (path, unlock) = (made(&bench), bench.unlock());
    let secret: [u8; 32] = *b"0123456789abcdefFEDCBA9876543210";
    let after = change(&path, &unlock, |change| {
        let fresh = Fresh::Given(Zeroizing::new(secret));
        change.rotate(fresh, CREATED).unwrap();
    });
    let (epoch, held) = after.primary().unwrap();
    assert_eq!((epoch, held.dangerously_expose()), (Epoch(2), &secret));
}

#[test]
fn an_epoch_is_disabled_enabled_and_destroyed() {
    let bench = Bench::new();
    let (path, unlock) = (made(&bench), bench.unlock());
    change(&path, &unlock, |change| {
        change.rotate(Fresh::Secret, CREATED).unwrap();
    });
    let secret = Keyring::open(&path, &unlock)
        .unwrap()
        .secret(Epoch(1))
        .unwrap();
    let disabled = change(&path, &unlock, |change| change.disable(Epoch(1)).unwrap());
    assert!(matches!(
        disabled.domain_keys("a", Epoch(1)),
        Err(Error::Disabled { epoch: 1 })
    ));
    let enabled = change(&path, &unlock, |change| change.enable(Epoch(1)).unwrap());
    assert!(enabled.domain_keys("a", Epoch(1)).is_ok());
    let destroyed = change(&path, &unlock, |change| change.destroy(Epoch(1)).unwrap());
    let expected = [(1, Status::Destroyed), (2, Status::Primary)];
    assert_eq!(statuses(&destroyed), expected);
    assert!(matches!(
        destroyed.domain_keys("a", Epoch(1)),
        Err(Error::Destroyed { epoch: 1 })
    ));
    assert!(destroyed.entries().next().unwrap().check_value.is_none());
    gone(&bench, secret.dangerously_expose());
    let mut change = begin(&path, &unlock);
    for again in [Change::enable, Change::disable, Change::destroy] {
        let error = again(&mut change, Epoch(1)).unwrap_err();
        assert!(matches!(error, Error::Destroyed { epoch: 1 }));
        let error = again(&mut change, Epoch(2)).unwrap_err();
        assert!(matches!(error, Error::IsPrimary { epoch: 2 }));
        let error = again(&mut change, Epoch(3)).unwrap_err();
        assert!(matches!(error, Error::NoEpoch { epoch: 3 }));
    }
}

/// The destroyed secret is not in the opened content of the keyring.
fn gone(bench: &Bench, secret: &[u8; 32]) {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(secret);
    let plaintext = bench.opened("a.keyring");
    assert!(plaintext.contains("\"destroyed\""));
    assert!(!plaintext.contains(&text));
}

#[test]
fn what_is_not_committed_changes_nothing() {
    let bench = Bench::new();
    let (path, unlock) = (made(&bench), bench.unlock());
    let before = fs::read(&path).unwrap();
    let mut change = begin(&path, &unlock);
    change.rotate(Fresh::Secret, CREATED).unwrap();
    assert!(change.rotate(Fresh::Secret, "today").is_err());
    drop(change);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(names(bench.dir.path()), ["a.keyring", "owner.key"]);
}

#[test]
fn two_do_not_change_a_keyring_at_once() {
    let bench = Bench::new();
    let (path, unlock) = (made(&bench), bench.unlock());
    let mut first = begin(&path, &unlock);
    let error = Change::begin(&path, &unlock, Access::none()).err().unwrap();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert_eq!(error.exit_code(), 75);
    assert!(Keyring::open(&path, &unlock).is_ok(), "readers do not wait");
    first.rotate(Fresh::Secret, CREATED).unwrap();
    first.commit().unwrap();
    begin(&path, &unlock);
}

#[test]
fn a_change_that_cannot_be_written_leaves_the_keyring() {
    let bench = Bench::new();
    let directory = bench.path("closed");
    fs::create_dir(&directory).unwrap();
    let path = directory.join("a.keyring");
    let unlock = bench.unlock();
    Keyring::create(&path, &unlock, CREATED).unwrap();
    let before = fs::read(&path).unwrap();
    let mut change = begin(&path, &unlock);
    change.rotate(Fresh::Secret, CREATED).unwrap();
    // A directory that is gone takes no new file, from root neither.
    let kept = bench.path("kept.keyring");
    fs::hard_link(&path, &kept).unwrap();
    fs::remove_dir_all(&directory).unwrap();
    let error = change.commit().unwrap_err();
    assert!(
        matches!(
            error,
            Error::Io {
                action: "create",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(fs::read(kept).unwrap(), before);
    assert!(!directory.exists());
}

#[test]
fn mode_and_links_stay() {
    let bench = Bench::new();
    let (path, unlock) = (made(&bench), bench.unlock());
    let link = bench.path("link.keyring");
    symlink(&path, &link).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let inode = fs::metadata(&path).unwrap().ino();
    change(&link, &unlock, |change| {
        change.rotate(Fresh::Secret, CREATED).unwrap();
    });
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let after = fs::metadata(&path).unwrap();
    assert_eq!(after.permissions().mode() & 0o7777, 0o640);
    assert_ne!(after.ino(), inode, "a new file in the place of the old one");
}

/// Another identity, as a file and as a recipient.
fn other(bench: &Bench, name: &str) -> (Unlock, Recipient) {
    let path = bench.path(name);
    let public = create_identity(&path, CREATED).unwrap();
    (Unlock::Identity(path), Recipient::parse(&public).unwrap())
}

#[test]
fn recipients_come_and_go_and_secrets_stay() {
    let bench = Bench::new();
    let (path, unlock) = (made(&bench), bench.unlock());
    let (second, recipient) = other(&bench, "second.key");
    let check = |unlock: &Unlock| {
        let keyring = Keyring::open(&path, unlock)?;
        keyring.check_value(Epoch(1))
    };
    let before = check(&unlock).unwrap();
    assert!(check(&second).is_err());
    let both = change(&path, &unlock, |change| {
        change.add(std::slice::from_ref(&recipient)).unwrap();
    });
    assert_eq!(both.recipients().len(), 2);
    assert_eq!(check(&second).unwrap(), before);
    // What either changes, both open still.
    change(&path, &second, |change| {
        change.rotate(Fresh::Secret, CREATED).unwrap();
    });
    assert_eq!(check(&unlock).unwrap(), before);
    let mut twice = begin(&path, &unlock);
    let error = twice.add(std::slice::from_ref(&recipient)).unwrap_err();
    assert!(matches!(error, Error::HasRecipient { .. }));
    drop(twice);
    change(&path, &unlock, |change| {
        change.remove(std::slice::from_ref(&recipient)).unwrap();
    });
    assert!(matches!(check(&second), Err(Error::WrongIdentity { .. })));
    assert_eq!(check(&unlock).unwrap(), before);
    let mut none = begin(&path, &unlock);
    let error = none.remove(&[recipient]).unwrap_err();
    assert!(matches!(error, Error::NoSuchRecipient { .. }));
}

#[test]
fn nobody_shuts_themselves_out() {
    let bench = Bench::new();
    let (path, unlock) = (made(&bench), bench.unlock());
    let (_, recipient) = other(&bench, "second.key");
    let before = fs::read(&path).unwrap();
    let mut change = begin(&path, &unlock);
    change.seal_to(&[recipient]).unwrap();
    let error = change.commit().unwrap_err();
    assert!(matches!(error, Error::RemovesOpener { .. }), "{error}");
    let mut change = begin(&path, &unlock);
    change.seal_to(&[]).unwrap();
    assert!(matches!(change.commit().unwrap_err(), Error::NoRecipient));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn recipients_that_nobody_named_are_not_shut_out() {
    let bench = Bench::new();
    let (_, recipient) = other(&bench, "second.key");
    let path = bench.keyring_for(&recipient.to_string());
    let unlock = bench.unlock();
    let mut change = begin(&path, &unlock);
    change.rotate(Fresh::Secret, CREATED).unwrap();
    let error = change.commit().unwrap_err();
    assert!(
        matches!(error, Error::UnnamedRecipients { known: 1, .. }),
        "{error}"
    );
    let mut change = begin(&path, &unlock);
    let own: Vec<_> = change
        .recipients()
        .map(|r| Recipient::parse(&r).unwrap())
        .collect();
    change.seal_to(&[&own[..], &[recipient]].concat()).unwrap();
    change.commit().unwrap();
    begin(&path, &unlock).commit().unwrap();
}

#[test]
fn a_passphrase_stays_or_gives_way_to_identities() {
    let bench = Bench::new();
    let path = bench.passphrase_keyring(PASSPHRASE, 2);
    let unlock = passphrase(PASSPHRASE);
    let rotated = change(&path, &unlock, |change| {
        change.rotate(Fresh::Secret, CREATED).unwrap();
    });
    assert_eq!(statuses(&rotated).len(), 2);
    let (second, recipient) = other(&bench, "second.key");
    let mut change = begin(&path, &unlock);
    change.add(&[recipient]).unwrap();
    change.commit().unwrap();
    assert!(matches!(
        Keyring::open(&path, &unlock).unwrap_err(),
        Error::NeedsIdentity { .. }
    ));
    assert_eq!(statuses(&Keyring::open(&path, &second).unwrap()).len(), 2);
}

#[test]
fn a_damaged_keyring_is_not_changed() {
    let bench = Bench::new();
    let (path, unlock) = (made(&bench), bench.unlock());
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    write(&path, &bytes);
    let error = Change::begin(&path, &unlock, Access::none()).err().unwrap();
    assert!(matches!(error, Error::Damaged { .. }));
    assert_eq!(fs::read(&path).unwrap(), bytes);
}
