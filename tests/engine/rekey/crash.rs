//! A disk that fails, is full, or dies with its machine, at every operation.

use std::fs;
use std::path::Path;

use pseudo_engine::{Disk, RunOutcome};
use pseudo_keyring::{Opener, Recipient};

use super::{Bench, NAMES, people, recipient, rows};
use crate::faulty::{Fault, Faulty};

#[test]
fn killed_at_any_operation_it_can_be_done_again() {
    for fault in [Fault::Once, Fault::Full, Fault::Killed, Fault::PowerCut] {
        let operations = at_every_operation(fault);
        assert!(operations > 80, "{fault:?}: only {operations} operations");
    }
}

fn at_every_operation(fault: Fault) -> usize {
    let bench = Bench::new();
    bench.sandbox.text("people/b.csv", people(70..75));
    bench.run(1, 1);
    let old: Vec<_> = NAMES.map(|name| rows(&bench.sandbox.read(name))).into();
    let (safe, kept) = (bench.sandbox.path("safe"), bench.sandbox.path("kept"));
    copy_run(&safe, &kept);
    let opener = Opener::read(&bench.identity).unwrap();
    let to = Recipient::parse(&recipient(&bench.identity)).unwrap();
    let bridge = bench.sandbox.path("bridge.age");
    let attempt = |disk: Faulty| {
        bench.rekey_with(1, 2, |options| {
            options.escrow = Some(&opener);
            options.bridge = Some((&bridge, &to));
            options.threads = Some(1);
            options.disk = Disk::new(disk);
        })
    };
    let other = bench.fresh();
    let keys = bench.at(2);
    other.run_keyed(&bench.tables, 1, keys, |_| {}).unwrap();
    let new: Vec<_> = NAMES.map(|name| rows(&other.read(name))).into();
    let root = bench.sandbox.path("");
    for n in 1.. {
        fs::remove_dir_all(&safe).unwrap();
        copy_run(&kept, &safe);
        let _ = fs::remove_file(&bridge);
        let disk = Faulty::new(n, fault, &root);
        let done = attempt(disk.clone());
        let Some(hit) = disk.hit() else {
            assert!(done.is_ok());
            return n - 1;
        };
        let at = format!("{fault:?} at operation {n}, {hit}");
        bench.shows_nothing(&at);
        assert!(bench.is_proved(), "{at}");
        // one epoch or the other, never both
        let found: Vec<_> = NAMES.map(|name| rows(&bench.sandbox.read(name))).into();
        assert!(found == old || found == new, "{at}");
        assert!(found == new || done.is_err(), "{at}");
        let again = attempt(Faulty::new(usize::MAX, fault, &root));
        assert!(again.is_ok(), "{at}: then {:?}", again.err());
        let again = again.unwrap();
        let published = again.outcome == RunOutcome::Published;
        assert_eq!(published, found == old, "{at}");
        let found: Vec<_> = NAMES.map(|name| rows(&bench.sandbox.read(name))).into();
        assert!(found == new && bench.is_proved(), "{at}");
        assert!(!bench.open(&bridge).is_empty(), "{at}");
        let staging = safe.join(".staging");
        assert_eq!(fs::read_dir(staging).unwrap().count(), 0, "{at}");
        assert_eq!(fs::read_dir(safe.join("runs")).unwrap().count(), 2, "{at}");
        let next = bench.try_run(2, 900, |_| {}).unwrap();
        assert_eq!(next.outcome, RunOutcome::NothingToDo, "{at}");
    }
    unreachable!("it has an end")
}

/// Copies a sink, its link with it.
fn copy_run(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if from.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&from).unwrap(), &to).unwrap();
        } else if from.is_dir() {
            copy_run(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}
