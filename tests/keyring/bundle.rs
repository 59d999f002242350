//! Bundles: what is granted works as with the keyring, what is not is out of reach, and every
//! changed byte is found.

use std::fs;

use pseudo_keyring::{
    Bundle, DomainKeys, Error, Fault, Held, KeySource, Keyring, Recipient, Role, Unlock,
};
use pseudo_token::{Epoch, Purpose, SubKey};

use crate::harness::{Bench, CREATED, write};

struct House {
    bench: Bench,
    keyring: Keyring,
}

impl House {
    fn new() -> Self {
        let bench = Bench::new();
        let keyring = Keyring::create(&bench.path("a.keyring"), &bench.unlock(), CREATED);
        let keyring = keyring.unwrap();
        Self { bench, keyring }
    }

    fn keys(&self) -> DomainKeys {
        self.keyring.domain_keys("analytics", Epoch(1)).unwrap()
    }

    /// A bundle on the disk.
    fn bundle(&self, role: Role, names: &[SubKey]) -> std::path::PathBuf {
        let path = self.bench.path("a.bundle");
        drop(fs::remove_file(&path));
        let names = names.iter().cloned();
        let bundle = Bundle::take(role, &self.keyring, &self.keys(), names, CREATED).unwrap();
        bundle.create(&path, &[self.bench.recipient()]).unwrap();
        path
    }

    fn open(&self, path: &std::path::Path) -> Result<Bundle, Error> {
        Bundle::open(path, &self.bench.unlock())
    }
}

fn all() -> Vec<SubKey> {
    let of = |purpose| SubKey::new(purpose, "手机 \"1\"", "cn-phone/1");
    vec![
        of(Purpose::Token),
        of(Purpose::Seal),
        of(Purpose::Fpe),
        of(Purpose::Shift),
        SubKey::shuffle(),
        SubKey::tombstones(),
        of(Purpose::Forget),
    ]
}

#[test]
fn what_is_granted_is_what_the_keyring_has() {
    let house = House::new();
    let bundle = house
        .open(&house.bundle(Role::Pseudonymise, &all()))
        .unwrap();
    assert_eq!(bundle.names().cloned().collect::<Vec<_>>(), all());
    assert_eq!((bundle.domain(), bundle.epoch()), ("analytics", Epoch(1)));
    assert_eq!(bundle.created(), CREATED);
    let whole = house.keys();
    let granted = bundle.domain_keys("analytics", Epoch(1)).unwrap();
    assert_eq!(granted.check_value(), whole.check_value());
    granted.require(&all()).unwrap();
    for keys in [&whole, &granted] {
        assert_eq!(marks(keys), marks(&whole));
    }
}

/// What each sort of key makes of a value.
fn marks(keys: &DomainKeys) -> Vec<Vec<u8>> {
    let (identity, kind) = ("手机 \"1\"", "cn-phone/1");
    let mut token = [[0; 32]];
    let key = keys.token_key(identity, kind).unwrap();
    key.tokens(&[b"1"], &mut token);
    let mut sealed = Vec::new();
    keys.seal_key(identity, kind)
        .unwrap()
        .seal(&[b"1"], &mut sealed);
    let mut days = [0];
    let key = keys.shift_key(identity, kind).unwrap();
    key.days(1000, &[b"1"], &mut days);
    let mut order = [[0; 32]];
    keys.shuffle_key()
        .unwrap()
        .order_keys("t", 0, 0..1, &mut order);
    assert!(keys.fpe_key(identity, kind).is_ok());
    vec![
        token[0].to_vec(),
        sealed,
        days[0].to_be_bytes().to_vec(),
        order[0].to_vec(),
    ]
}

#[test]
fn what_is_not_granted_is_refused_by_name() {
    let house = House::new();
    let granted = SubKey::new(Purpose::Token, "phone", "cn-phone/1");
    let path = house.bundle(Role::Pseudonymise, std::slice::from_ref(&granted));
    let bundle = house.open(&path).unwrap();
    let keys = bundle.domain_keys("analytics", Epoch(1)).unwrap();
    assert!(keys.token_key("phone", "cn-phone/1").is_ok());
    assert!(keys.token_key("phone", "cn-phone/2").is_err());
    assert!(keys.token_key("person", "cn-phone/1").is_err());
    assert!(keys.seal_key("phone", "cn-phone/1").is_err());
    assert!(keys.fpe_key("phone", "cn-phone/1").is_err());
    assert!(keys.shift_key("phone", "cn-phone/1").is_err());
    assert!(keys.shuffle_key().is_err());
    let error = keys.require(&[granted, SubKey::shuffle()]).unwrap_err();
    let text = "the keys at hand do not hold the key of the row order";
    assert_eq!((error.to_string().as_str(), error.exit_code()), (text, 2));
    assert!(bundle.domain_keys("analytics", Epoch(2)).is_err());
    assert!(matches!(
        bundle.domain_keys("research", Epoch(1)),
        Err(Error::OtherDomain { .. })
    ));
}

#[test]
fn who_reveals_writes_the_log_and_who_runs_does_not() {
    let house = House::new();
    let run = house
        .open(&house.bundle(Role::Pseudonymise, &all()))
        .unwrap();
    assert!(matches!(
        run.audit_key(Epoch(1)),
        Err(Error::OtherRole {
            role: Role::Pseudonymise
        })
    ));
    let reveal = house
        .open(&house.bundle(Role::Reveal, &all()[1..2]))
        .unwrap();
    assert_eq!(reveal.role(), Role::Reveal);
    let expected = house.keyring.audit_key(Epoch(1)).unwrap();
    assert_eq!(*reveal.audit_key(Epoch(1)).unwrap(), *expected);
    assert!(reveal.audit_key(Epoch(2)).is_err());
}

#[test]
fn a_bundle_of_a_bundle_is_no_more_than_it() {
    let house = House::new();
    let bundle = house
        .open(&house.bundle(Role::Pseudonymise, &all()[..1]))
        .unwrap();
    let keys = bundle.domain_keys("analytics", Epoch(1)).unwrap();
    let error = Bundle::take(Role::Pseudonymise, &bundle, &keys, all(), CREATED).unwrap_err();
    assert!(matches!(error, Error::NotGranted { .. }));
    let error = Bundle::take(Role::Reveal, &bundle, &keys, [], CREATED).unwrap_err();
    assert!(matches!(error, Error::OtherRole { .. }));
}

#[test]
fn keyrings_and_bundles_are_told_apart() {
    let house = House::new();
    let path = house.bundle(Role::Pseudonymise, &all());
    let unlock = house.bench.unlock();
    assert!(matches!(Held::open(&path, &unlock), Ok(Held::Bundle(_))));
    let keyring = house.bench.path("a.keyring");
    assert!(matches!(
        Held::open(&keyring, &unlock),
        Ok(Held::Keyring(_))
    ));
    assert!(matches!(
        house.open(&keyring),
        Err(Error::NotABundle { .. })
    ));
    let error = Keyring::open(&path, &unlock).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Content {
                fault: Fault::Document,
                ..
            }
        ),
        "{error}"
    );
    let stranger = Unlock::Identity(house.bench.stranger());
    assert!(matches!(
        Bundle::open(&path, &stranger),
        Err(Error::WrongIdentity { .. })
    ));
}

#[test]
fn every_changed_byte_and_every_cut_is_found() {
    let house = House::new();
    let path = house.bundle(Role::Reveal, &all());
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        write(&path, &changed);
        assert!(house.open(&path).is_err(), "byte {at} of {}", whole.len());
        write(&path, &whole[..at]);
        assert!(house.open(&path).is_err(), "cut to {at}");
    }
    write(&path, &whole);
    assert!(house.open(&path).is_ok());
}

#[test]
fn documents_are_read_strictly() {
    let house = House::new();
    house.bundle(Role::Pseudonymise, &all());
    let good = house.bench.opened("a.bundle");
    let check = house.keys().check_value().to_string();
    let refused = |text: &str| {
        let path = house.bench.keyring(text);
        let opened = house.open(&path);
        let error = opened.err().unwrap_or_else(|| panic!("read: {text}"));
        let is_fault = matches!(
            error,
            Error::Content {
                fault: Fault::Bundle,
                ..
            }
        );
        assert!(is_fault, "{error}: {text}");
        assert!(!format!("{error:?}").contains("AAAA"));
    };
    for (from, to) in [
        ("bundle/1", "bundle/2"),
        ("\"pseudonymise\"", "\"reveal\""),
        ("\"pseudonymise\"", "\"everything\""),
        ("\"epoch\":1", "\"epoch\":0"),
        (CREATED, "today"),
        (check.as_str(), "0011"),
        ("\"token\"", "\"seal\""),
        ("\"token\"", "\"shift\""),
        ("\"token\"", "\"other\""),
        (
            "\"shuffle\",\"identity\":\"\"",
            "\"shuffle\",\"identity\":\"a\"",
        ),
        ("\"keys\":", "\"more\":1,\"keys\":"),
        ("\"keys\":[", "\"keys\":[{},"),
    ] {
        assert!(good.contains(from), "{from}");
        refused(&good.replacen(from, to, 1));
    }
    refused(&format!("{good}{{}}"));
    assert!(house.open(&house.bench.keyring(&good)).is_ok());
}

#[test]
fn a_bundle_is_never_written_over_a_file_or_in_clear() {
    let house = House::new();
    let path = house.bundle(Role::Pseudonymise, &all());
    let keys = house.keys();
    let take = || Bundle::take(Role::Pseudonymise, &house.keyring, &keys, all(), CREATED);
    let error = take()
        .unwrap()
        .create(&path, &[house.bench.recipient()])
        .unwrap_err();
    assert!(matches!(error, Error::Exists { .. }));
    let nobody: [Recipient; 0] = [];
    let new = house.bench.path("b.bundle");
    assert!(matches!(
        take().unwrap().create(&new, &nobody),
        Err(Error::NoRecipient)
    ));
    assert!(!new.exists());
    let shown = format!("{:?} {:?}", take().unwrap(), keys);
    assert_eq!(
        shown,
        "Bundle(pseudonymise, analytics, epoch 1) DomainKeys(analytics, epoch 1, whole)"
    );
}
