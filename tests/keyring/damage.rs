//! Every cut and every changed byte of a keyring is found.

use pseudo_keyring::{Access, Change, Error, Fresh, Keyring, Recipient, create_identity};

use crate::harness::{
    Bench, CREATED, PASSPHRASE, SECRET, document, item, passphrase, refused, write,
};

#[test]
fn every_truncation_is_found() {
    let bench = Bench::new();
    let path = bench.keyring(&document(&[item(1, "primary", Some(SECRET))]));
    let whole = std::fs::read(&path).unwrap();
    for len in 0..whole.len() {
        write(&path, &whole[..len]);
        let error = Keyring::open(&path, &bench.unlock()).unwrap_err();
        let expected = matches!(error, Error::Truncated { .. } | Error::Damaged { .. });
        assert!(expected, "cut to {len}: {error}");
    }
    write(&path, &[&whole[..], b"\n"].concat());
    let error = Keyring::open(&path, &bench.unlock()).unwrap_err();
    assert!(matches!(
        error,
        Error::Damaged {
            part: "sealed content",
            ..
        }
    ));
}

#[test]
fn every_changed_byte_is_found() {
    let bench = Bench::new();
    let path = bench.keyring(&document(&[item(1, "primary", Some(SECRET))]));
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        for mask in [0x01, 0x20, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] ^= mask;
            write(&path, &changed);
            refused(&path, &bench.unlock());
        }
    }
    write(&path, &whole);
    assert!(Keyring::open(&path, &bench.unlock()).is_ok());
}

#[test]
fn every_changed_byte_is_found_where_it_says_more() {
    let bench = Bench::new();
    let (path, unlock) = (bench.path("a.keyring"), bench.unlock());
    Keyring::create(&path, &unlock, CREATED).unwrap();
    let others = ["b", "c"].map(|name| {
        let public = create_identity(&bench.path(name), CREATED).unwrap();
        Recipient::parse(&public).unwrap()
    });
    let mut change = Change::begin(&path, &unlock, Access::none()).unwrap();
    change.rotate(Fresh::Secret, CREATED).unwrap();
    change.add(&others[..1]).unwrap();
    change.approvers(&others, None).unwrap();
    change.commit().unwrap();
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        write(&path, &changed);
        assert!(Keyring::open(&path, &unlock).is_err(), "byte {at}");
        assert!(Change::begin(&path, &unlock, Access::none()).is_err());
    }
    write(&path, &whole);
    assert!(Keyring::open(&path, &unlock).is_ok());
}

#[test]
fn every_truncation_under_a_passphrase_is_found() {
    let bench = Bench::new();
    let path = bench.passphrase_keyring(PASSPHRASE, 2);
    let whole = std::fs::read(&path).unwrap();
    for len in (0..whole.len()).step_by(7) {
        write(&path, &whole[..len]);
        refused(&path, &passphrase(PASSPHRASE));
    }
}

#[test]
fn foreign_files_are_named_as_such() {
    let bench = Bench::new();
    let path = bench.path("foreign.keyring");
    let armored = b"-----BEGIN AGE ENCRYPTED FILE-----\n".as_slice();
    let later = b"age-encryption.org/v2\n".as_slice();
    for bytes in [
        b"PAR1".as_slice(),
        b"{\"format\":\"pseudo-keyring/1\"}",
        armored,
        later,
        &[0xff; 64],
    ] {
        write(&path, bytes);
        let error = Keyring::open(&path, &bench.unlock()).unwrap_err();
        assert!(matches!(error, Error::Foreign { .. }), "{error}");
    }
    write(&path, &vec![b'a'; 300 * 1024]);
    let error = Keyring::open(&path, &bench.unlock()).unwrap_err();
    assert!(matches!(error, Error::TooLong { .. }));
}
