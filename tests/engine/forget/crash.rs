//! Whatever operation fails, or is the last: all of it has happened or none, and the next attempt
//! comes to what an undisturbed one comes to, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pseudo_engine::{Disk, ForgetOutcome};

use super::House;
use crate::faulty::{Fault, Faulty};
use crate::harness::keyring;

/// All that is below `safe`, but for the lock.
type Tree = BTreeMap<PathBuf, Vec<u8>>;

fn tree(path: &Path, found: &mut Tree) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let about = path.symlink_metadata().unwrap();
        if about.is_symlink() {
            let target = fs::read_link(&path).unwrap();
            found.insert(path, target.into_os_string().into_encoded_bytes());
        } else if about.is_dir() {
            tree(&path, found);
            found.insert(path, Vec::new());
        } else if !path.ends_with(".lock") {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
}

fn all(house: &House) -> Tree {
    let mut found = Tree::new();
    tree(&house.sandbox.path("safe"), &mut found);
    found
}

/// Puts back what was there before.
fn reset(house: &House, before: &Tree) {
    let safe = house.sandbox.path("safe");
    fs::remove_dir_all(&safe).unwrap();
    fs::create_dir(&safe).unwrap();
    let mut paths: Vec<_> = before.iter().collect();
    paths.sort();
    for (path, bytes) in paths {
        if path.ends_with("current") {
            let target = std::str::from_utf8(bytes).unwrap();
            std::os::unix::fs::symlink(target, path).unwrap();
        } else if path.extension().is_some_and(|e| e.len() > 1) || path.ends_with(".tombstones") {
            fs::write(path, bytes).unwrap();
        } else {
            fs::create_dir(path).unwrap();
        }
    }
}

/// Meets `fault` at every operation, one after the other, and answers how many there were.
fn at_every_operation(fault: Fault) -> usize {
    let house = House::new();
    house.forget("8").unwrap();
    let before = all(&house);
    let attempt = |disk: Disk| {
        house.forget_with("7\n25\n", keyring(), |options| {
            options.threads = Some(1);
            options.disk = disk;
        })
    };
    attempt(Disk::default()).unwrap();
    let undisturbed = all(&house);
    let root = house.sandbox.path("");
    for n in 1.. {
        reset(&house, &before);
        assert!(all(&house) == before);
        let disk = Faulty::new(n, fault, &root);
        let done = attempt(Disk::new(disk.clone()));
        let Some(hit) = disk.hit() else {
            assert_eq!(done.unwrap().outcome, ForgetOutcome::Forgotten);
            return n - 1;
        };
        let at = format!("{fault:?} at operation {n}, {hit}");
        // a disk that never comes to its fault spares the one of the machine
        let whole = Disk::new(Faulty::new(usize::MAX, Fault::Once, &root));
        let current = fs::read_link(house.sandbox.path("safe/current")).unwrap();
        let switched = current == Path::new("runs/two.3");
        assert!(switched || current == Path::new("runs/two.2"), "{at}");
        assert!(switched || done.is_err(), "{at}");
        if fault == Fault::Once && switched {
            // what could not be removed is told
            assert!(done.is_err() || !hit.contains("runs/"), "{at}");
        }
        if fault == Fault::Once && !switched {
            // whoever lives to tell clears up
            assert_eq!(house.runs(), ["one.2", "two.2"], "{at}");
        }
        let proved = pseudo_engine::verify(&house.sandbox.path("safe"), None, Some(1));
        assert!(proved.is_ok(), "{at}: {:?}", proved.err());
        let again = attempt(whole);
        let outcome = again.as_ref().map(|again| (again.outcome, again.before));
        let expected = match switched {
            true => (ForgetOutcome::NothingToDo, 2),
            false => (ForgetOutcome::Forgotten, 0),
        };
        assert_eq!(outcome.ok(), Some(expected), "{at}: then {:?}", again.err());
        assert!(all(&house) == undisturbed, "{at}");
    }
    unreachable!("forgetting has an end")
}

macro_rules! crashes {
    ($($name:ident $fault:ident)*) => {$(
        #[test]
        fn $name() {
            let operations = at_every_operation(Fault::$fault);
            assert!(operations > 60, "only {operations} operations");
        }
    )*};
}

crashes! {
    any_operation_may_fail Once
    the_disk_may_be_full Full
    it_may_be_killed_anywhere Killed
    the_power_may_go PowerCut
}

/// A run is the one that ends what a crash left, as well.
#[test]
fn the_next_run_ends_what_was_begun() {
    let house = House::new();
    let before = all(&house);
    let root = house.sandbox.path("");
    let (mut none, mut all_of_it) = (0, 0);
    for n in 1.. {
        reset(&house, &before);
        let disk = Faulty::new(n, Fault::Killed, &root);
        let done = house.forget_with("7", keyring(), |options| {
            options.threads = Some(1);
            options.disk = Disk::new(disk.clone());
        });
        let Some(hit) = disk.hit() else {
            done.unwrap();
            break;
        };
        house.sandbox.text("cars.csv", format!("model\nET7\n{n}\n"));
        house.run(60, "three");
        let at = format!("operation {n}, {hit}");
        let rows = house.shown();
        let holds = |run: &str| rows[&(run.to_owned(), "people")].contains(&"r7".to_owned());
        if house.sandbox.path("safe/.tombstones").exists() {
            assert!(!holds("two.2") && !holds("three"), "{at}");
            all_of_it += 1;
        } else {
            assert!(holds("two") && holds("three"), "{at}");
            none += 1;
        }
        assert_eq!(house.runs().len(), 2, "{at}");
    }
    assert!(none > 40 && all_of_it > 5, "{none} and {all_of_it}");
}
