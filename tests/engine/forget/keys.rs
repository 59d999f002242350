//! The keys that find and leave out: those of the run, of the list, of an epoch that has passed.

use std::fs;

use pseudo_engine::{Error, RunOptions};
use pseudo_keyring::{Access, Change, Fresh, Keyring, Unlock};
use pseudo_token::{Epoch, Purpose};

use super::{House, TABLES, people};
use crate::harness::{another_keyring, keyring};

#[test]
fn another_secret_finds_nobody_and_changes_nothing() {
    let house = House::new();
    let error = house
        .forget_with("7", &another_keyring(), |_| {})
        .err()
        .unwrap();
    assert!(matches!(error, Error::RunKey { .. }), "{error}");
    assert_eq!(error.exit_code(), 2);
    assert_eq!(house.runs(), ["one", "two"]);
}

#[test]
fn a_list_that_is_not_the_one_that_was_written_stops_everything() {
    let house = House::new();
    house.forget("7\n8").unwrap();
    let path = house.sandbox.path("safe/.tombstones");
    let list = fs::read(&path).unwrap();
    let mut ways: Vec<Option<Vec<u8>>> = vec![None, Some(Vec::new())];
    for at in (0..list.len()).step_by(7).chain([list.len() - 1]) {
        let mut changed = list.clone();
        changed[at] ^= 1;
        ways.push(Some(changed));
        ways.push(Some(list[..at].to_vec()));
    }
    for way in ways {
        match &way {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let errors = [
            house.run_with(60, "x", keyring(), |_| {}).err(),
            house.forget("9").err(),
        ];
        for error in errors {
            let error = error.unwrap();
            let own = matches!(error, Error::Tombstones { .. } | Error::TombstoneKey { .. });
            assert!(own && error.exit_code() == 2, "{error}");
        }
        assert_eq!(house.runs(), ["one.2", "two.2"]);
    }
    // an older one, which was right once
    fs::write(&path, &list).unwrap();
    house.forget("9").unwrap();
    fs::write(&path, &list).unwrap();
    let error = house.run_with(60, "x", keyring(), |_| {}).err().unwrap();
    assert!(
        error.to_string().contains("not that of the current run"),
        "{error}"
    );
}

#[test]
fn a_bundle_of_what_the_pipeline_needs_will_do() {
    let house = House::empty(TABLES);
    let needs = house.sandbox.job(TABLES).unwrap().needs();
    let bundle = crate::keys::bundle("analytics", needs);
    house.run_with(1, "one", &bundle, |_| {}).unwrap();
    house.forget_with("7", &bundle, |_| {}).unwrap();
    house.run_with(60, "two", &bundle, |_| {}).unwrap();
    house.holds_none_of(&[7]);
    let other = house.sandbox.job(TABLES).unwrap().needs();
    let lacks = other
        .into_iter()
        .filter(|name| name.purpose != Purpose::Forget);
    let lacking = crate::keys::bundle("analytics", lacks);
    for error in [
        house.forget_with("8", &lacking, |_| {}).err().unwrap(),
        house.run_with(61, "three", &lacking, |_| {}).err().unwrap(),
    ] {
        assert_eq!(error.exit_code(), 2, "{error}");
    }
}

/// A keyring of its own, which changes.
struct Ring {
    directory: tempfile::TempDir,
    unlock: Unlock,
}

impl Ring {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let identity = directory.path().join("test.key");
        pseudo_keyring::create_identity(&identity, "2026-01-01T00:00:00Z").unwrap();
        let unlock = Unlock::Identity(identity);
        let path = directory.path().join("test.keyring");
        Keyring::create(&path, &unlock, "2026-01-01T00:00:00Z").unwrap();
        Self { directory, unlock }
    }

    fn open(&self) -> Keyring {
        Keyring::open(&self.directory.path().join("test.keyring"), &self.unlock).unwrap()
    }

    fn change(&self, work: impl FnOnce(&mut Change<'_>)) {
        let path = self.directory.path().join("test.keyring");
        let mut change = Change::begin(&path, &self.unlock, Access::none()).unwrap();
        work(&mut change);
        change.commit().unwrap();
    }
}

#[test]
fn tombstones_outlive_a_rotation_but_not_their_epoch() {
    let house = House::empty(TABLES);
    let ring = Ring::new();
    house.run_with(1, "one", &ring.open(), |_| {}).unwrap();
    house.forget_with("7", &ring.open(), |_| {}).unwrap();
    let later = "2027-01-01T00:00:00Z";
    ring.change(|change| {
        change.rotate(Fresh::Secret, later).unwrap();
    });
    let new_epoch = |options: &mut RunOptions<'_>| options.new_epoch = true;
    house.run_with(60, "two", &ring.open(), new_epoch).unwrap();
    let gone = |run: &str, account: i64| {
        let rows = &house.shown()[&(run.to_owned(), "people")];
        !rows.contains(&format!("r{account}"))
    };
    assert!(gone("two", 7) && !gone("two", 8));
    // over runs of two epochs
    let report = house.forget_with("8", &ring.open(), |_| {}).unwrap();
    assert_eq!((report.runs.len(), report.epoch), (2, 2));
    assert!(gone("one.3", 8) && gone("two.2", 8) && gone("two.2", 7));
    house.run_with(61, "three", &ring.open(), |_| {}).unwrap();
    assert!(gone("three", 7) && gone("three", 8));
    assert_eq!(house.table("people").forgotten_rows, 2);
    ring.change(|change| change.destroy(Epoch(1)).unwrap());
    house.sandbox.text("people/d.csv", people(60..70));
    let error = house
        .run_with(62, "four", &ring.open(), |_| {})
        .err()
        .unwrap();
    assert!(
        matches!(error, Error::TombstoneKey { epoch: 1, .. }),
        "{error}"
    );
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn a_run_whose_keys_are_gone_cannot_be_searched() {
    let house = House::empty(TABLES);
    let ring = Ring::new();
    house.run_with(1, "one", &ring.open(), |_| {}).unwrap();
    ring.change(|change| {
        change
            .rotate(Fresh::Secret, "2027-01-01T00:00:00Z")
            .unwrap();
    });
    let new_epoch = |options: &mut RunOptions<'_>| options.new_epoch = true;
    house.run_with(2, "two", &ring.open(), new_epoch).unwrap();
    ring.change(|change| change.destroy(Epoch(1)).unwrap());
    let error = house.forget_with("7", &ring.open(), |_| {}).err().unwrap();
    assert!(
        error.to_string().contains("run `one` cannot be searched"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("`one`"));
    assert_eq!(house.runs(), ["one", "two"]);
}
