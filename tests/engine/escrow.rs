//! Sealed originals: whoever has the identity reads pairs that are those of the output, and nobody
//! else reads anything; they go with their output file, whoever takes it over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::iter;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Arc;

use age::x25519::Identity;
use arrow::array::{AsArray, Int64Array};
use arrow::datatypes::Int64Type;
use pseudo_engine::manifest::{EscrowManifest, Manifest, TableManifest};
use pseudo_engine::{Disk, Error, RunOutcome};
use serde_json::Value;

use crate::faulty::{Fault, Faulty};
use crate::harness::{Sandbox, batch, text_column, texts};

/// Tables whose originals are sealed to `identity`.
fn tables(identity: &Identity) -> String {
    let escrow = format!("{{ escrow = \"{}\" }}", identity.to_public());
    format!(
        r#"
[tables.people]
source = "people/*.csv"
[tables.people.columns]
n = [ {{ fpe = "account", alphabet = "int64" }}, {escrow} ]
phone = [
  {{ token = "phone", on_invalid = "null" }},
  {{ seal = "phone", to = "sealed" }},
  {{ token = "phone", encoding = "uuid", to = "../phone id" }},
  {escrow},
]
name = {{ token = "note" }}
[tables.orders]
source = "orders.parquet"
order = "source"
[tables.orders.columns]
account = {{ token = "account" }}
remark = [ {{ token = "note", encoding = "hex", bits = 256 }}, {escrow} ]
"#
    )
}

fn people(range: std::ops::Range<usize>) -> String {
    let row = |n: usize| match n % 5 {
        0 => format!("{n},canary-phone-{n},canary-name-{n}\n"),
        1 => format!("{n},,canary-name-{n}\n"),
        // written in two ways, and each of them in several rows
        2 => format!("{n},+86 1380000000{},canary-name-{n}\n", n % 3),
        _ => format!("{n},1380000000{},canary-name-{n}\n", n % 3),
    };
    let rows: String = range.map(row).collect();
    format!("n,phone,name\n{rows}")
}

struct Sealed {
    sandbox: Sandbox,
    identity: Identity,
}

impl Sealed {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.text("people/a.csv", people(0..40));
        sandbox.text("people/c.csv", people(40..60));
        let remarks: Vec<_> = (0..300)
            .map(|n| format!("canary \"{}\" \n 备注", n / 2))
            .collect();
        let remarks = remarks.iter().map(|remark| Some(remark.as_str()));
        let orders = batch([
            ("account", Arc::new(Int64Array::from_iter_values(0..300))),
            ("remark", text_column(remarks)),
        ]);
        sandbox.parquet("orders.parquet", &orders, 100);
        let identity = Identity::generate();
        Self { sandbox, identity }
    }

    fn run(&self, second: u32) -> Manifest {
        let report = self.sandbox.run(&tables(&self.identity), second).unwrap();
        assert_eq!(report.outcome, RunOutcome::Published);
        report.manifest
    }

    /// The pairs of a file, in its order.
    fn open(&self, sealed: &EscrowManifest) -> Vec<(String, String)> {
        let path = self.sandbox.path("safe/current").join(&sealed.path);
        let file = fs::File::open(path).unwrap();
        assert_eq!(file.metadata().unwrap().len(), sealed.bytes);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        let decryptor = age::Decryptor::new(file).unwrap();
        let key = iter::once(&self.identity as &dyn age::Identity);
        let mut text = String::new();
        let mut stream = decryptor.decrypt(key).unwrap();
        stream.read_to_string(&mut text).unwrap();
        let pair = |line: &str| {
            let line: BTreeMap<String, String> = serde_json::from_str(line).unwrap();
            assert_eq!(line.len(), 2);
            (line["token"].clone(), line["value"].clone())
        };
        let pairs: Vec<_> = text.lines().map(pair).collect();
        assert_eq!(pairs.len() as u64, sealed.pairs);
        pairs
    }

    /// All pairs of a column of the current run; those of a file are distinct.
    fn pairs(&self, table: &TableManifest, column: &str) -> BTreeMap<String, String> {
        let sealed = table.outputs.iter().flat_map(|output| &output.escrow);
        let mut all = BTreeMap::new();
        for sealed in sealed.filter(|sealed| sealed.column == column) {
            let pairs = self.open(sealed);
            let distinct: BTreeSet<_> = pairs.iter().collect();
            assert_eq!(distinct.len(), pairs.len());
            all.extend(pairs);
        }
        all
    }

    fn shows_nothing(&self, at: &str) {
        for (path, bytes) in self.sandbox.written() {
            for needle in ["canary", "1380000", "备注"] {
                let needle = needle.as_bytes();
                let holds = |bytes: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
                let name = path.as_os_str().as_encoded_bytes();
                assert!(!holds(&bytes) && !holds(name), "{at}: {}", path.display());
            }
        }
    }
}

fn table<'a>(manifest: &'a Manifest, name: &str) -> &'a TableManifest {
    manifest.tables.iter().find(|t| t.table == name).unwrap()
}

fn distinct(tokens: Vec<Option<String>>) -> BTreeSet<String> {
    tokens.into_iter().flatten().collect()
}

#[test]
fn whoever_has_the_identity_reads_the_pairs_of_the_output() {
    let sealed = Sealed::new();
    let manifest = sealed.run(1);
    let (people, orders) = (table(&manifest, "people"), table(&manifest, "orders"));
    let read = sealed.sandbox.read("people");
    let phones = sealed.pairs(people, "phone");
    let tokens = distinct(texts(&read, "phone"));
    assert_eq!(phones.keys().cloned().collect::<BTreeSet<_>>(), tokens);
    let values: BTreeSet<_> = phones.values().map(String::as_str).collect();
    let canonical = ["+8613800000000", "+8613800000001", "+8613800000002"];
    assert_eq!(values, BTreeSet::from(canonical));
    // the same originals under every encoding, what is invalid elsewhere too
    let ids = sealed.pairs(people, "../phone id");
    assert!(ids.keys().all(|id| id.len() == 32));
    let values: BTreeSet<_> = ids.values().map(String::as_str).collect();
    assert!(
        values.contains("canary-phone-5".replace('-', "").as_str()),
        "{values:?}"
    );
    assert!(canonical.iter().all(|phone| values.contains(phone)));
    // numbers as numbers
    let numbers = read.column_by_name("n").unwrap();
    let numbers = numbers.as_primitive::<Int64Type>().values().iter();
    let numbers: BTreeSet<_> = numbers.map(i64::to_string).collect();
    let pairs = sealed.pairs(people, "n");
    assert_eq!(pairs.keys().cloned().collect::<BTreeSet<_>>(), numbers);
    let mut values: Vec<u32> = pairs.values().map(|n| n.parse().unwrap()).collect();
    values.sort_unstable();
    assert_eq!(values, (0..60).collect::<Vec<_>>());
    // text with all that JSON escapes
    let remarks = sealed.pairs(orders, "remark");
    let read = sealed.sandbox.read("orders");
    let tokens = distinct(texts(&read, "remark"));
    assert_eq!(remarks.keys().cloned().collect::<BTreeSet<_>>(), tokens);
    assert!(
        remarks.values().any(|value| value == "canary \"7\"   备注"),
        "{remarks:?}"
    );
    sealed.shows_nothing("a run");
}

#[test]
fn only_what_is_asked_for_is_sealed_and_the_manifest_says_what() {
    let sealed = Sealed::new();
    let manifest = sealed.run(1);
    let columns = |name: &str| {
        let outputs = table(&manifest, name).outputs.iter();
        outputs
            .flat_map(|output| output.escrow.iter().map(|e| e.column.clone()))
            .collect::<BTreeSet<_>>()
    };
    let people = ["../phone id", "n", "phone"].map(str::to_owned);
    assert_eq!(columns("people"), BTreeSet::from(people));
    assert_eq!(columns("orders"), BTreeSet::from(["remark".to_owned()]));
    let recipient = sealed.identity.to_public().to_string();
    for table in &manifest.tables {
        let directory = format!(".escrow/{}/", table.table);
        for (number, output) in table.outputs.iter().enumerate() {
            for file in &output.escrow {
                let end = format!("-{number:05}-{}.age", &file.sha256[..8]);
                assert!(file.path.starts_with(&directory) && file.path.ends_with(&end));
                assert_eq!(file.path.matches('/').count(), 2, "{}", file.path);
                assert_eq!(file.recipient, recipient);
            }
        }
    }
    // where readers of tables look there is nothing else
    for name in ["people", "orders"] {
        let current = sealed.sandbox.path("safe/current").join(name);
        for entry in fs::read_dir(current).unwrap() {
            assert_eq!(entry.unwrap().path().extension().unwrap(), "parquet");
        }
    }
}

#[test]
fn nobody_else_opens_them() {
    let sealed = Sealed::new();
    let manifest = sealed.run(1);
    let other = Identity::generate();
    for output in manifest.tables.iter().flat_map(|table| &table.outputs) {
        for file in &output.escrow {
            let path = sealed.sandbox.path("safe/current").join(&file.path);
            let decryptor = age::Decryptor::new(fs::File::open(path).unwrap()).unwrap();
            let key = iter::once(&other as &dyn age::Identity);
            assert!(decryptor.decrypt(key).is_err());
        }
    }
}

#[test]
fn they_are_proved_with_the_run() {
    let sealed = Sealed::new();
    let manifest = sealed.run(1);
    let safe = sealed.sandbox.path("safe");
    let verify = || pseudo_engine::verify(&safe, None, Some(1));
    assert!(verify().is_ok());
    let name = &table(&manifest, "orders").outputs[0].escrow[0].path;
    let path = safe.join("current").join(name);
    let whole = fs::read(&path).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&path, &changed).unwrap();
    let fault = |error: Option<Error>| match error {
        Some(Error::Verify { file, fault }) => (file, fault),
        other => panic!("{other:?}"),
    };
    let said = fault(verify().err());
    assert_eq!(said.0, *name);
    assert_eq!(said.1, "has another digest than the manifest says");
    fs::remove_file(&path).unwrap();
    assert_eq!(fault(verify().err()).1, "is missing");
    fs::write(&path, &whole).unwrap();
    fs::write(safe.join("current/.escrow/orders/more.age"), &whole).unwrap();
    assert_eq!(fault(verify().err()).1, "is not in the manifest");
}

#[test]
fn they_are_taken_over_with_their_output() {
    let sealed = Sealed::new();
    let first = sealed.run(1);
    let inode = |path: &str| {
        let path = sealed.sandbox.path("safe/current").join(path);
        fs::metadata(path).unwrap().ino()
    };
    let files = |manifest: &Manifest, name: &str| -> Vec<EscrowManifest> {
        let outputs = table(manifest, name).outputs.iter();
        outputs.flat_map(|output| output.escrow.clone()).collect()
    };
    let before = files(&first, "people");
    let inodes: Vec<_> = before.iter().map(|file| inode(&file.path)).collect();
    let again = sealed.sandbox.run(&tables(&sealed.identity), 2).unwrap();
    assert_eq!(again.outcome, RunOutcome::NothingToDo);
    // between the two files: the second gets other numbers
    sealed.sandbox.text("people/b.csv", people(60..80));
    let second = sealed.run(3);
    let after = files(&second, "people");
    assert_eq!(after.len(), before.len() / 2 * 3);
    for (file, old) in before.iter().zip(inodes) {
        let same = after.iter().find(|f| f.sha256 == file.sha256).unwrap();
        assert_eq!(inode(&same.path), old, "another name, and no copy");
        sealed.open(same);
    }
    let moved = before.iter().filter(|file| !after.contains(file)).count();
    assert_eq!(moved, before.len() / 2);
    assert_eq!(files(&first, "orders"), files(&second, "orders"));
    let values = sealed.pairs(table(&second, "people"), "n");
    assert_eq!(values.len(), 80);
    assert!(pseudo_engine::verify(&sealed.sandbox.path("safe"), None, Some(1)).is_ok());
}

#[test]
fn a_lost_one_is_made_again() {
    let sealed = Sealed::new();
    let first = sealed.run(1);
    let lost = &table(&first, "people").outputs[1].escrow[0].path;
    fs::remove_file(sealed.sandbox.path("safe/current").join(lost)).unwrap();
    let second = sealed.run(2);
    assert_eq!(sealed.pairs(table(&second, "people"), "n").len(), 60);
}

#[test]
fn another_recipient_is_sealed_to_anew() {
    let mut sealed = Sealed::new();
    sealed.run(1);
    sealed.identity = Identity::generate();
    let second = sealed.run(2);
    assert_eq!(sealed.pairs(table(&second, "people"), "n").len(), 60);
}

#[test]
fn they_go_with_their_run_and_nothing_else_differs() {
    let sealed = Sealed::new();
    let first = sealed.run(1);
    let full = |second| {
        let run = sealed
            .sandbox
            .run_with(&tables(&sealed.identity), second, |options| {
                options.full = true;
            });
        run.unwrap().manifest
    };
    let second = full(2);
    let (one, two) = (outputs(&first), outputs(&second));
    assert_eq!(one.len(), two.len());
    for ((path, sha256, sealed), (other_path, other_sha256, others)) in one.iter().zip(&two) {
        assert_eq!((path, sha256), (other_path, other_sha256));
        assert!(sealed.iter().zip(others).all(|(one, other)| one != other));
        assert!(!sealed.is_empty() && sealed.len() == others.len());
    }
    full(3);
    // two are retained
    assert!(!sealed.sandbox.path("safe/runs").join(first.run_id).exists());
    assert!(
        sealed
            .sandbox
            .path("safe/runs")
            .join(second.run_id)
            .exists()
    );
}

/// Path and digest of each output, and the digests of its sealed originals.
fn outputs(manifest: &Manifest) -> Vec<(String, String, Vec<String>)> {
    let outputs = manifest.tables.iter().flat_map(|table| &table.outputs);
    let sealed = |escrow: &[EscrowManifest]| escrow.iter().map(|e| e.sha256.clone()).collect();
    outputs
        .map(|o| (o.path.clone(), o.sha256.clone(), sealed(&o.escrow)))
        .collect()
}

#[test]
fn a_column_without_values_has_none() {
    let sealed = Sealed::new();
    sealed
        .sandbox
        .text("people/a.csv", "n,phone,name\n1,,x\n2,,y\n");
    sealed.sandbox.text("people/c.csv", "n,phone,name\n");
    let manifest = sealed.run(1);
    assert!(sealed.pairs(table(&manifest, "people"), "phone").is_empty());
    assert_eq!(sealed.pairs(table(&manifest, "people"), "n").len(), 2);
    let text = serde_json::to_value(&manifest).unwrap();
    let empty = &text["tables"][0]["outputs"][1];
    assert_eq!(empty.get("escrow"), None::<&Value>, "{empty}");
}

#[test]
fn whatever_fails_nothing_is_in_clear_and_the_next_run_is_whole() {
    let small = Sealed::new();
    small.sandbox.text("people/a.csv", people(0..20));
    small.sandbox.text("people/c.csv", people(20..30));
    for (fault, words) in [(Fault::Once, "input/output error"), (Fault::Killed, "")] {
        for n in 1.. {
            let _ = fs::remove_dir_all(small.sandbox.path("safe"));
            fs::create_dir(small.sandbox.path("safe")).unwrap();
            let disk = Faulty::new(n, fault, &small.sandbox.path(""));
            let run = |disk: Faulty| {
                small
                    .sandbox
                    .run_with(&tables(&small.identity), 1, |options| {
                        options.disk = Disk::new(disk);
                        options.threads = Some(1);
                    })
            };
            let done = run(disk.clone());
            let Some(hit) = disk.hit() else {
                assert!(done.is_ok() && n > 60, "only {n} operations");
                break;
            };
            let at = format!("{fault:?} at operation {n}, {hit}");
            small.shows_nothing(&at);
            if let Err(error) = done {
                let text = error.to_string();
                assert!(text.contains(words), "{at}: {text}");
            }
            let again = run(Faulty::new(usize::MAX, fault, &small.sandbox.path("")));
            let manifest = again
                .unwrap_or_else(|error| panic!("{at}: {error}"))
                .manifest;
            assert_eq!(
                small.pairs(table(&manifest, "people"), "n").len(),
                30,
                "{at}"
            );
            let proved = pseudo_engine::verify(&small.sandbox.path("safe"), None, Some(1));
            assert!(proved.is_ok(), "{at}");
        }
    }
}
