//! Crash by counting: whatever operation of a run fails, is the first on a full disk or the last
//! before the process or the machine dies, readers have the complete run before or the complete new
//! one, nothing raw lies anywhere, and the same command once more comes to what an undisturbed run
//! comes to, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::Int64Array;
use pseudo_engine::{Disk, Error, RunOutcome, RunReport};

use crate::faulty::{Fault, Faulty};
use crate::harness::{Sandbox, batch, text_column};

const TABLES: &str = r#"
[tables.people]
source = "people/*.csv"
[tables.people.columns]
n = "keep"
phone = { token = "phone", on_invalid = "quarantine" }
name = "drop"
[tables.orders]
source = "orders/*.parquet"
[tables.orders.columns]
account = { token = "account" }
remark = { token = "note" }
[tables.visits]
source = "visits.csv"
order = "source"
[tables.visits.columns]
account = { token = "account" }
"#;

/// All of a directory: files with their bytes, links with their targets, directories with nothing.
type Tree = BTreeMap<PathBuf, Vec<u8>>;

/// A source, and what two nights have made of its beginning.
struct Night {
    sandbox: Sandbox,
    identity: age::x25519::Identity,
    pipeline: String,
    /// What there is before the night.
    before: Tree,
    /// The runs before, and after.
    runs: [Vec<&'static str>; 2],
}

impl Night {
    /// The third night, or the very first.
    fn new(third: bool) -> Self {
        let sandbox = Sandbox::new();
        let identity = age::x25519::Identity::generate();
        let recipient = identity.to_public();
        let quarantine = format!("[quarantine]\nroot = \"held\"\nrecipient = \"{recipient}\"\n");
        sandbox.text("people/a.csv", people(0..20, |_| true));
        sandbox.text("people/b.csv", people(20..40, |n| n % 7 != 0));
        sandbox.text("visits.csv", "account\n1\n2\n");
        sandbox.parquet("orders/1.parquet", &orders(0..20), 8);
        let mut night = Self {
            sandbox,
            identity,
            pipeline: format!("{quarantine}{TABLES}"),
            before: Tree::new(),
            runs: [vec![], vec!["three"]],
        };
        if third {
            night.run(1, "one", Disk::default()).unwrap();
            night
                .sandbox
                .parquet("orders/2.parquet", &orders(20..30), 8);
            night.run(2, "two", Disk::default()).unwrap();
            night.runs = [vec!["one", "two"], vec!["two", "three"]];
        }
        night.sandbox.text("visits.csv", "account\n1\n2\n3\n");
        let new = people(40..60, |n| n % 5 != 0);
        night.sandbox.text("people/c.csv", new);
        night.before = night.all();
        assert_eq!(night.names("safe/runs"), night.runs[0]);
        night
    }

    fn run(&self, second: u32, id: &str, disk: Disk) -> Result<RunReport, Error> {
        self.sandbox.run_with(&self.pipeline, second, |options| {
            options.run_id = Some(id.to_owned());
            options.disk = disk;
            // the same operations each time
            options.threads = Some(1);
        })
    }

    /// The night itself.
    fn attempt(&self, disk: Disk) -> Result<RunReport, Error> {
        self.run(30, "three", disk)
    }

    /// Puts back what was there before.
    fn reset(&self) {
        for root in ["safe", "held"] {
            let root = self.sandbox.path(root);
            if root.exists() {
                fs::remove_dir_all(root).unwrap();
            }
        }
        for (path, bytes) in &self.before {
            let path = self.sandbox.path("").join(path);
            if path.ends_with("current") {
                let target = std::str::from_utf8(bytes).unwrap();
                std::os::unix::fs::symlink(target, path).unwrap();
            } else if path.extension().is_some() || path.ends_with(".lock") {
                fs::write(path, bytes).unwrap();
            } else {
                fs::create_dir(path).unwrap();
            }
        }
    }

    /// All that runs have written.
    fn all(&self) -> Tree {
        let mut found = Tree::new();
        for root in ["safe", "held"] {
            tree(&self.sandbox.path(""), Path::new(root), &mut found);
        }
        found
    }

    fn names(&self, directory: &str) -> Vec<String> {
        let found = fs::read_dir(self.sandbox.path(directory));
        let names = found.into_iter().flatten();
        let mut names: Vec<_> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        // in the order of the nights
        names.sort_by_key(|name| ["one", "two", "three"].iter().position(|n| n == name));
        names
    }

    fn current(&self) -> Option<String> {
        let target = fs::read_link(self.sandbox.path("safe/current")).ok()?;
        Some(target.to_str().unwrap().to_owned())
    }

    /// The files of the run of this night, and the rows that it kept, opened.
    fn outcome(&self) -> (Tree, String) {
        let mut files = Tree::new();
        let run = self.sandbox.path("safe/runs/three");
        tree(&run, Path::new(""), &mut files);
        let sealed = self.sandbox.path("held/three/people.ndjson.age");
        let decryptor = age::Decryptor::new(fs::File::open(sealed).unwrap()).unwrap();
        let mut rows = String::new();
        decryptor
            .decrypt(iter::once(&self.identity as &dyn age::Identity))
            .unwrap()
            .read_to_string(&mut rows)
            .unwrap();
        (files, rows)
    }

    /// No value of the source is in a file or a name.
    fn shows_nothing(&self, at: &str) {
        for (path, bytes) in self.all() {
            for needle in [&b"canary"[..], b"1380000"] {
                let holds = |bytes: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
                let name = path.as_os_str().as_encoded_bytes();
                assert!(!holds(&bytes) && !holds(name), "{at}: {}", path.display());
            }
        }
    }

    /// Whether the new run is current. If there is a current run, it is complete.
    fn is_switched(&self, at: &str) -> bool {
        let current = self.current();
        let before = self.runs[0].last().map(|run| format!("runs/{run}"));
        let switched = current.as_deref() == Some("runs/three");
        assert!(switched || current == before, "{at}: {current:?}");
        if current.is_some() {
            let proved = pseudo_engine::verify(&self.sandbox.path("safe"), None, Some(1));
            assert!(proved.is_ok(), "{at}: {:?}", proved.err());
        }
        switched
    }
}

fn tree(root: &Path, below: &Path, found: &mut Tree) {
    let path = root.join(below);
    let Ok(metadata) = path.symlink_metadata() else {
        return;
    };
    let bytes = if metadata.is_symlink() {
        let target = fs::read_link(&path).unwrap();
        target.into_os_string().into_encoded_bytes()
    } else if metadata.is_dir() {
        for entry in fs::read_dir(&path).unwrap() {
            tree(root, &below.join(entry.unwrap().file_name()), found);
        }
        Vec::new()
    } else {
        fs::read(&path).unwrap()
    };
    found.insert(below.to_path_buf(), bytes);
}

fn people(range: std::ops::Range<usize>, is_valid: impl Fn(usize) -> bool) -> String {
    let row = |n: usize| match is_valid(n) {
        true => format!("{n},1380000{n:04},canary-name-{n}\n"),
        false => format!("{n},canary-phone-{n},canary-name-{n}\n"),
    };
    let rows: String = range.map(row).collect();
    format!("n,phone,name\n{rows}")
}

fn orders(range: std::ops::Range<i64>) -> arrow::array::RecordBatch {
    let remarks: Vec<_> = range.clone().map(|n| format!("canary-{n}")).collect();
    let remarks = remarks.iter().map(|remark| Some(remark.as_str()));
    batch([
        ("account", Arc::new(Int64Array::from_iter_values(range))),
        ("remark", text_column(remarks)),
    ])
}

/// Meets `fault` at every operation of the night, one after the other, and answers how many there
/// were.
fn at_every_operation(fault: Fault, third: bool) -> usize {
    let night = Night::new(third);
    let first = night.attempt(Disk::default()).unwrap();
    assert_eq!(first.reused_files, if third { 3 } else { 0 });
    let undisturbed = night.outcome();
    assert_eq!(undisturbed.1.lines().count(), 7);
    let root = night.sandbox.path("");
    for n in 1.. {
        night.reset();
        let disk = Faulty::new(n, fault, &root);
        let done = night.attempt(Disk::new(disk.clone()));
        let Some(hit) = disk.hit() else {
            assert_eq!(done.unwrap().outcome, RunOutcome::Published);
            return n - 1;
        };
        let at = format!("{fault:?} at operation {n}, {hit}");
        met(&night, fault, &done, &at);
        night.shows_nothing(&at);
        let switched = night.is_switched(&at);
        assert!(switched || done.is_err(), "{at}");
        // a disk that never comes to its fault spares the one of the machine
        let whole = Faulty::new(usize::MAX, Fault::Once, &root);
        let again = night.attempt(Disk::new(whole));
        let outcome = again.as_ref().map(|again| again.outcome);
        assert!(outcome.is_ok(), "{at}: then {:?}", again.err());
        let published = outcome.unwrap() == RunOutcome::Published;
        assert_eq!(published, !switched, "{at}");
        assert!(night.is_switched(&at), "{at}");
        assert!(night.outcome() == undisturbed, "{at}");
        night.shows_nothing(&at);
        assert_eq!(night.names("safe/runs"), night.runs[1], "{at}");
        let kept = night.names("held");
        let (three, others) = kept.split_last().unwrap();
        assert_eq!(
            (three.as_str(), others),
            ("three", &strings(&night.runs[0])[..]),
            "{at}"
        );
        assert_eq!(night.names("safe/.staging"), [""; 0], "{at}");
    }
    unreachable!("a run has an end")
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// What the run says, and what it leaves as long as it lives.
fn met(night: &Night, fault: Fault, done: &Result<RunReport, Error>, at: &str) {
    let words = match fault {
        Fault::Once => "input/output error",
        Fault::Full => "no space left on device",
        // nobody hears it
        Fault::Killed | Fault::PowerCut => return,
    };
    let Err(error) = done else {
        return;
    };
    let text = error.to_string();
    let root = night.sandbox.path("").display().to_string();
    assert!(text.contains(words) && text.contains(&root), "{at}: {text}");
    assert_eq!(error.exit_code(), 1, "{at}: {text}");
    let hint = error.hint();
    assert_eq!(
        hint.is_some_and(|hint| hint.contains("free space")),
        fault == Fault::Full
    );
    assert_eq!(night.names("safe/.staging"), [""; 0], "{at}");
    if night.current().as_deref() != Some("runs/three") {
        assert_eq!(night.names("safe/runs"), night.runs[0], "{at}");
        assert_eq!(night.names("held"), night.runs[0], "{at}");
    }
}

macro_rules! nights {
    ($($first:ident $third:ident $fault:ident)*) => {$(
        #[test]
        fn $first() {
            let operations = at_every_operation(Fault::$fault, false);
            assert!(operations > 60, "only {operations} operations");
        }

        #[test]
        fn $third() {
            let operations = at_every_operation(Fault::$fault, true);
            assert!(operations > 60, "only {operations} operations");
        }
    )*};
}

nights! {
    any_operation_of_a_first_run_may_fail any_operation_of_a_later_run_may_fail Once
    the_disk_may_be_full_in_a_first_run the_disk_may_be_full_in_a_later_run Full
    a_first_run_may_be_killed_anywhere a_later_run_may_be_killed_anywhere Killed
    the_power_may_go_in_a_first_run the_power_may_go_in_a_later_run PowerCut
}
