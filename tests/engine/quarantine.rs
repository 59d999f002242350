//! Rows that `on_invalid = "quarantine"` leaves out: they are nowhere in the output, counted once,
//! found again by file, row, column and reason, and read by nobody but the recipient.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::iter;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int64Array,
    RecordBatch, StringArray,
};
use arrow::datatypes::{Int32Type, Int64Type, Schema};
use pseudo_engine::filter::{FilterCompiler, RowFilter};
use pseudo_engine::manifest::{Manifest, TableManifest};
use pseudo_engine::{Error, RunOptions, RunOutcome, RunReport};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Sandbox, at, batch, keyring, options, text_column, texts};

const PEOPLE: &str = r#"
[tables.people]
source = "people/*.csv"
filter = "true"
[tables.people.columns]
n = "keep"
phone = { token = "phone", on_invalid = "quarantine" }
person = [
  { token = "person", on_invalid = "quarantine" },
  { derive = "birth-year", to = "birth_year", on_invalid = "quarantine" },
]
name = "drop"
"#;

const PERSON: &str = "11010519491231002X";

/// Lets every row stay but those whose `n` is a multiple of five.
struct NotFives(Vec<String>);

impl FilterCompiler for NotFives {
    fn compile(&self, _: &str, _: &Schema) -> Result<Box<dyn RowFilter>, String> {
        Ok(Box::new(Self(vec!["n".to_owned()])))
    }
}

impl RowFilter for NotFives {
    fn columns(&self) -> &[String] {
        &self.0
    }

    fn select(&self, batch: &RecordBatch) -> Result<BooleanArray, String> {
        let numbers = arrow::compute::cast(
            batch.column_by_name("n").unwrap(),
            &arrow::datatypes::DataType::Int64,
        );
        let numbers = numbers.unwrap();
        let numbers = numbers.as_primitive::<Int64Type>();
        Ok(numbers.iter().map(|n| Some(n.unwrap() % 5 != 0)).collect())
    }
}

fn filtered(sandbox: &Sandbox, tables: &str) -> Result<RunReport, Error> {
    // this writes the file, and no build of this test evaluates SQL
    assert!(sandbox.job(tables).is_err());
    let job = pseudo_engine::open(&sandbox.path("pipeline.toml"), &NotFives(Vec::new()))?;
    let clock = || at(2);
    let options = options(1, &clock);
    pseudo_engine::run(&job, keyring(), &options)
}

/// The lines of the records of a table, in the order of its chunks; digests, sizes and modes are
/// those of the manifest.
fn record(sandbox: &Sandbox, table: &TableManifest) -> Vec<Value> {
    let mut lines = Vec::new();
    let mut rows = 0;
    for record in table.outputs.iter().filter_map(|o| o.quarantine.as_ref()) {
        let path = sandbox.path("safe/current").join(&record.path);
        let name = format!("quarantine/{}.part-", table.table);
        assert!(record.path.starts_with(&name), "{}", record.path);
        assert!(
            record
                .path
                .ends_with(&format!("-{}.ndjson", &record.sha256[..8]))
        );
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len() as u64, record.bytes);
        assert_eq!(hex(&Sha256::digest(&bytes)), record.sha256);
        assert_eq!(mode(&path), 0o640);
        let before = lines.len();
        for line in String::from_utf8(bytes).unwrap().lines() {
            lines.push(serde_json::from_str::<Value>(line).unwrap());
        }
        assert_eq!((lines.len() - before) as u64, record.lines);
        rows += record.rows;
    }
    assert_eq!(rows, table.quarantined_rows);
    lines
}

fn line(file: &str, row: usize, column: &str, reason: &str) -> Value {
    json!({"file": file, "row": row, "column": column, "reason": reason})
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every file and directory below a path, by its relative name.
fn below(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![path.to_path_buf()];
    while let Some(directory) = open.pop() {
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries {
            let entry = entry.unwrap().path();
            found.push(entry.strip_prefix(path).unwrap().to_path_buf());
            if entry.is_dir() {
                open.push(entry);
            }
        }
    }
    found.sort();
    found
}

/// What the recipient reads.
fn opened(path: &Path, identity: &age::x25519::Identity) -> Vec<Value> {
    let decryptor = age::Decryptor::new(fs::File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    decryptor
        .decrypt(iter::once(identity as &dyn age::Identity))
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn sealing(identity: &age::x25519::Identity, tables: &str) -> String {
    let recipient = identity.to_public();
    format!("[quarantine]\nroot = \"held\"\nrecipient = \"{recipient}\"\n{tables}")
}

fn phone(n: usize) -> String {
    match n % 7 {
        3 => format!("canary-phone-{n}"),
        4 => String::new(),
        _ => format!("138{n:08}"),
    }
}

fn person(n: usize) -> &'static str {
    if n % 11 == 5 { "canary-person" } else { PERSON }
}

fn csv(range: std::ops::Range<usize>) -> String {
    let row = |n| format!("{n},{},{},canary-name\n", phone(n), person(n));
    let rows: String = range.map(row).collect();
    format!("n,phone,person,name\n{rows}")
}

/// What the filter says.
fn stays(n: usize) -> bool {
    !n.is_multiple_of(5)
}

fn bad(n: usize) -> bool {
    n % 7 == 3 || n % 11 == 5
}

/// The lines that `people` in files of 100 rows has to give.
fn expected(files: &[&str]) -> Vec<Value> {
    let mut lines = Vec::new();
    for (index, file) in files.iter().enumerate() {
        for n in (index * 100..index * 100 + 100).filter(|n| stays(*n)) {
            let row = n - index * 100 + 1;
            if n % 7 == 3 {
                lines.push(line(file, row, "phone", "invalid-cn-phone"));
            }
            if n % 11 == 5 {
                lines.push(line(file, row, "person", "invalid-cn-resident-id"));
            }
        }
    }
    lines
}

#[test]
fn rows_of_csv_leave_and_are_found_again() {
    let sandbox = Sandbox::new();
    sandbox.text("people/a.csv", csv(0..100));
    sandbox.text("people/b.csv", csv(100..200));
    let manifest = filtered(&sandbox, PEOPLE).unwrap().manifest;
    let table = &manifest.tables[0];
    let stay = |n: &usize| stays(*n) && !bad(*n);
    let out = (0..200).filter(|n| stays(*n) && bad(*n)).count() as u64;
    assert_eq!(
        (
            table.source_rows,
            table.filtered_rows,
            table.quarantined_rows
        ),
        (200, 40, out)
    );
    assert_eq!(table.published_rows, (0..200).filter(stay).count() as u64);
    assert_eq!(
        record(&sandbox, table),
        expected(&["people/a.csv", "people/b.csv"])
    );

    let read = sandbox.read("people");
    let numbers: BTreeSet<usize> = texts(&read, "n")
        .into_iter()
        .map(|n| n.unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers, (0..200).filter(stay).collect());
    assert_eq!(read.num_rows(), numbers.len());

    let [n, phone, person, year] = [0, 1, 2, 3].map(|at| table.columns[at].counts);
    for counts in [n, phone, person, year] {
        assert_eq!(counts.rows, table.published_rows);
        assert_eq!((counts.invalid, counts.nulled, counts.suspect), (0, 0, 0));
    }
    let count =
        |test: &dyn Fn(usize) -> bool| (0..200).filter(|n| stays(*n) && test(*n)).count() as u64;
    assert_eq!(n.quarantined, 0);
    assert_eq!(phone.quarantined, count(&|n| n % 7 == 3));
    assert_eq!(person.quarantined, count(&|n| n % 11 == 5));
    assert_eq!(year.quarantined, person.quarantined);
    assert_eq!(phone.null + phone.blank, count(&|n| n % 7 == 4 && !bad(n)));
}

/// A table of more than one slice, and more than one batch in each.
fn long() -> RecordBatch {
    let bad = |n: &i64| BAD.contains(n);
    let ids = 0..150_000_i64;
    let phones: StringArray = ids
        .clone()
        .map(|n| Some(if bad(&n) { "canary" } else { "15412345678" }))
        .collect();
    batch([
        ("n", Arc::new(ids.collect::<Int64Array>()) as ArrayRef),
        ("phone", Arc::new(phones)),
    ])
}

const BAD: [i64; 8] = [0, 32_767, 32_768, 65_536, 69_999, 70_000, 102_768, 149_999];

const LONG: &str = r#"
[tables.long]
source = "long.parquet"
[tables.long.columns]
n = "keep"
phone = { token = "phone", on_invalid = "quarantine" }
"#;

#[test]
fn rows_of_parquet_are_found_across_batches_and_slices() {
    let run = |threads: usize, order: &str| {
        let sandbox = Sandbox::new();
        sandbox.parquet("long.parquet", &long(), 70_000);
        let source = format!("order = \"{order}\"\nsource");
        let text = LONG.replacen("source", &source, 1);
        let report = sandbox.run_with(&text, 1, |options| options.threads = Some(threads));
        let manifest = report.unwrap().manifest;
        let table = &manifest.tables[0];
        assert!(table.outputs.len() > 1);
        assert_eq!(table.quarantined_rows, 8);
        assert_eq!(table.published_rows, 149_992);
        let line = |n: i64| {
            let row = usize::try_from(n).unwrap() + 1;
            line("long.parquet", row, "phone", "invalid-cn-phone")
        };
        assert_eq!(record(&sandbox, table), BAD.map(line));
        let read = sandbox.read("long");
        let numbers = read.column(0).as_primitive::<Int64Type>();
        assert!(numbers.values().iter().all(|n| !BAD.contains(n)));
        manifest.tables
    };
    let outputs = |tables: Vec<TableManifest>| tables[0].outputs.clone();
    let shuffled = outputs(run(1, "shuffled"));
    assert_eq!(outputs(run(4, "shuffled")), shuffled);
    let source = outputs(run(3, "source"));
    let records = |outputs: &[pseudo_engine::manifest::OutputManifest]| {
        outputs
            .iter()
            .map(|o| o.quarantine.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(records(&source), records(&shuffled));
}

#[test]
fn a_row_that_several_rules_refuse_is_one_row() {
    let sandbox = Sandbox::new();
    let text = format!("n,phone,person,name\n1,canary,canary,x\n2,15412345678,{PERSON},y\n");
    sandbox.text("people/a.csv", text);
    let tables = PEOPLE.replace("filter = \"true\"\n", "");
    let manifest = sandbox.run(&tables, 1).unwrap().manifest;
    let table = &manifest.tables[0];
    assert_eq!((table.quarantined_rows, table.published_rows), (1, 1));
    let counts: Vec<_> = table.columns.iter().map(|c| c.counts.quarantined).collect();
    assert_eq!(counts, [0, 1, 1, 1]);
    assert_eq!(
        record(&sandbox, table),
        [
            line("people/a.csv", 1, "phone", "invalid-cn-phone"),
            line("people/a.csv", 1, "person", "invalid-cn-resident-id"),
        ]
    );
}

const EVERY: &str = r#"
[tables.every]
source = "every.parquet"
subject = "id"
[tables.every.columns]
id = { token = "account" }
banded = { band = { width = 10 }, on_invalid = "quarantine" }
rounded = { round = 10, on_invalid = "quarantine" }
place = { geo = { decimals = 1 }, on_invalid = "quarantine" }
day = { truncate = "month", on_invalid = "quarantine" }
moved = { shift = { days = 30 }, on_invalid = "quarantine" }
born = { age = { width = 5, at = "2026-01-01" }, on_invalid = "quarantine" }
code = { map = "codes.csv", on_invalid = "quarantine" }
digits = { fpe = "note", alphabet = "digits", on_invalid = "quarantine" }
sealed = { seal = "phone", on_invalid = "quarantine" }
tag = { token = "phone", on_invalid = "quarantine" }
"#;

/// Row *i* is refused by column *i* alone, and the last row by none.
fn every() -> RecordBatch {
    let rows = 11;
    let dates = |bad: usize, value: i32| -> ArrayRef {
        let date = |row| if row == bad { value } else { 10_000 };
        Arc::new(
            (0..rows)
                .map(|row| Some(date(row)))
                .collect::<Date32Array>(),
        )
    };
    let floats = |bad: usize| -> ArrayRef {
        let float = |row| if row == bad { f64::NAN } else { 12.25 };
        Arc::new(
            (0..rows)
                .map(|row| Some(float(row)))
                .collect::<Float64Array>(),
        )
    };
    let words = |bad: usize, good: &'static str| -> ArrayRef {
        text_column((0..rows).map(|row| Some(if row == bad { "canary" } else { good })))
    };
    let tags: DictionaryArray<Int32Type> = (0..rows)
        .map(|row| if row == 9 { "canary" } else { "15412345678" })
        .collect();
    batch([
        ("id", Arc::new((0..11).collect::<Int64Array>()) as ArrayRef),
        ("banded", floats(0)),
        ("rounded", floats(1)),
        ("place", floats(2)),
        ("day", dates(3, i32::MIN)),
        ("moved", dates(99, 0)),
        ("born", dates(5, i32::MAX)),
        ("code", words(6, "a")),
        ("digits", words(7, "1234567")),
        ("sealed", words(8, "15412345678")),
        ("tag", Arc::new(tags)),
    ])
}

#[test]
fn every_rule_with_a_choice_quarantines() {
    let identity = age::x25519::Identity::generate();
    let sandbox = Sandbox::new();
    sandbox.parquet("every.parquet", &every(), 100);
    fs::write(sandbox.path("codes.csv"), "a,A\n").unwrap();
    let report = sandbox.run(&sealing(&identity, EVERY), 1).unwrap();
    let table = &report.manifest.tables[0];
    let line = |(row, column, reason)| line("every.parquet", row, column, reason);
    let lines = [
        (1, "banded", "invalid-number"),
        (2, "rounded", "invalid-number"),
        (3, "place", "invalid-number"),
        (4, "day", "invalid-date"),
        (6, "born", "invalid-date"),
        (7, "code", "invalid-map-entry"),
        (8, "digits", "invalid-fpe"),
        (9, "sealed", "invalid-cn-phone"),
        (10, "tag", "invalid-cn-phone"),
    ];
    assert_eq!(record(&sandbox, table), lines.map(line));
    assert_eq!((table.published_rows, table.quarantined_rows), (2, 9));
    // cells are written as text of their type; a date beyond the calendar as its number
    let rows = opened(
        &sandbox.path("held/20270115T080001Z/every.ndjson.age"),
        &identity,
    );
    assert_eq!(rows.len(), 9);
    assert_eq!(
        rows[3],
        json!({"file": "every.parquet", "row": 4, "cells": {
            "id": "3", "banded": "12.25", "rounded": "12.25", "place": "12.25",
            "day": i32::MIN.to_string(), "moved": "1997-05-19", "born": "1997-05-19",
            "code": "a", "digits": "1234567", "sealed": "15412345678", "tag": "15412345678",
        }})
    );
    assert_eq!(rows[0]["cells"]["banded"], json!("NaN"));
    assert_eq!(rows[8]["cells"]["tag"], json!("canary"));
}

#[test]
fn dates_that_cannot_move_are_left_out() {
    let sandbox = Sandbox::new();
    let rows = 64;
    let dates: Date32Array = iter::repeat_n(Some(i32::MAX), rows).collect();
    let ids: Int64Array = (0..64).collect();
    let columns = [
        ("id", Arc::new(ids) as ArrayRef),
        ("moved", Arc::new(dates)),
    ];
    sandbox.parquet("t.parquet", &batch(columns), 100);
    let tables = r#"
[tables.t]
source = "t.parquet"
subject = "id"
[tables.t.columns]
id = { token = "account" }
moved = { shift = { days = 30 }, on_invalid = "quarantine" }
"#;
    let manifest = sandbox.run(tables, 1).unwrap().manifest;
    let table = &manifest.tables[0];
    assert!(table.quarantined_rows > 0 && table.published_rows > 0);
    assert_eq!(table.quarantined_rows + table.published_rows, 64);
    assert_eq!(table.columns[1].counts.quarantined, table.quarantined_rows);
    assert_eq!(record(&sandbox, table)[0]["reason"], "invalid-date");
}

#[test]
fn the_recipient_reads_the_rows_and_nobody_else() {
    let identity = age::x25519::Identity::generate();
    let sandbox = Sandbox::new();
    for (file, start) in [("a", 0), ("b", 100), ("c", 200)] {
        sandbox.text(&format!("people/{file}.csv"), csv(start..start + 100));
    }
    let manifest = filtered(&sandbox, &sealing(&identity, PEOPLE))
        .unwrap()
        .manifest;
    let held = sandbox.path("held");
    let name = PathBuf::from(&manifest.run_id);
    let file = name.join("people.ndjson.age");
    assert_eq!(below(&held), [name.clone(), file.clone()]);
    assert_eq!(mode(&held.join(&file)), 0o640);
    assert_eq!(mode(&held.join(&name)), 0o750);

    let out = (0..300_usize).filter(|n| stays(*n) && bad(*n));
    let row = |n: usize| {
        // an empty field of CSV is NULL
        let phone = Some(phone(n)).filter(|phone| !phone.is_empty());
        json!({
            "file": format!("people/{}.csv", ["a", "b", "c"][n / 100]),
            "row": n % 100 + 1,
            "cells": {"n": n.to_string(), "phone": phone, "person": person(n)},
        })
    };
    let rows = opened(&held.join(&file), &identity);
    assert_eq!(rows, out.map(row).collect::<Vec<_>>());

    let canary = b"canary";
    let holds = |bytes: &[u8]| bytes.windows(canary.len()).any(|window| window == canary);
    let mut files = sandbox.written();
    files.push((file.clone(), fs::read(held.join(&file)).unwrap()));
    assert!(files.len() >= 8, "{files:?}");
    for (path, bytes) in files {
        assert!(!holds(&bytes), "{}", path.display());
    }
    assert!(holds(&fs::read(sandbox.path("raw/people/a.csv")).unwrap()));
}

#[test]
fn plaintext_does_not_depend_on_threads() {
    let identity = age::x25519::Identity::generate();
    let run = |threads: usize| {
        let sandbox = Sandbox::new();
        sandbox.parquet("long.parquet", &long(), 30_000);
        for file in 0..20 {
            sandbox.text(&format!("people/{file:02}.csv"), csv(0..100));
        }
        let people = PEOPLE.replace("filter = \"true\"\n", "");
        let text = sealing(&identity, &format!("{LONG}{people}"));
        let report = sandbox.run_with(&text, 1, |options| options.threads = Some(threads));
        let run = sandbox.path("held").join(report.unwrap().manifest.run_id);
        ["long", "people"].map(|table| opened(&run.join(format!("{table}.ndjson.age")), &identity))
    };
    let [long, people] = run(1);
    assert_eq!(
        (long.len(), people.len()),
        (8, 20 * (0..100).filter(|n| bad(*n)).count())
    );
    assert_eq!(run(4), [long, people]);
}

#[test]
fn without_a_recipient_or_a_row_nothing_is_kept() {
    let identity = age::x25519::Identity::generate();
    let people = PEOPLE.replace("filter = \"true\"\n", "");
    let sandbox = Sandbox::new();
    sandbox.text("people/a.csv", csv(0..100));
    let rooted = format!("[quarantine]\nroot = \"held\"\n{people}");
    let manifest = sandbox.run(&rooted, 1).unwrap().manifest;
    assert!(manifest.tables[0].quarantined_rows > 0);
    assert!(!sandbox.path("held").exists());

    sandbox.text("people/a.csv", csv(0..3));
    let manifest = sandbox
        .run(&sealing(&identity, &people), 2)
        .unwrap()
        .manifest;
    assert_eq!(manifest.tables[0].quarantined_rows, 0);
    assert_eq!(manifest.tables[0].outputs[0].quarantine, None);
    assert_eq!(below(&sandbox.path("held")), [] as [PathBuf; 0]);
    assert!(!sandbox.path("safe/current/quarantine").exists());
    // a pipeline that sends nothing there makes no directory
    let sandbox = Sandbox::new();
    sandbox.text("people/a.csv", csv(0..100));
    let none = people.replace("quarantine", "null");
    sandbox.run(&sealing(&identity, &none), 1).unwrap();
    assert!(!sandbox.path("held").exists());
}

#[test]
fn another_recipient_is_something_to_do_and_no_reason_to_read_what_is_whole() {
    let (first, second) = (
        age::x25519::Identity::generate(),
        age::x25519::Identity::generate(),
    );
    let people = PEOPLE.replace("filter = \"true\"\n", "");
    let sandbox = Sandbox::new();
    sandbox.text("people/a.csv", csv(0..3));
    sandbox.text("people/b.csv", csv(0..100));
    sandbox.text("people/c.csv", csv(0..3));
    // nobody is to read the rows, then somebody, then somebody else, then elsewhere
    let nobody = people.clone();
    let elsewhere = sealing(&second, &people).replace("held", "there");
    let steps = [
        (sealing(&first, &people), Some(("held", &first))),
        (sealing(&second, &people), Some(("held", &second))),
        (elsewhere, Some(("there", &second))),
        (nobody.clone(), None),
    ];
    sandbox.run(&nobody, 1).unwrap();
    for (second, (tables, reader)) in (2..).step_by(2).zip(steps) {
        let report = sandbox.run(&tables, second).unwrap();
        assert_eq!(report.outcome, RunOutcome::Published);
        assert_eq!(report.reused_files, 2, "the files without such rows");
        if let Some((root, identity)) = reader {
            let run = sandbox.path(root).join(&report.manifest.run_id);
            let rows = opened(&run.join("people.ndjson.age"), identity);
            assert_eq!(rows.len(), (0..100).filter(|n| bad(*n)).count());
        }
        let again = sandbox.run(&tables, second + 1).unwrap();
        assert_eq!(again.outcome, RunOutcome::NothingToDo);
    }
}

#[test]
fn a_failed_run_leaves_nothing_behind() {
    let identity = age::x25519::Identity::generate();
    let sandbox = Sandbox::new();
    sandbox.text("people/a.csv", csv(0..100));
    sandbox.text("people/b.csv", "n,phone,person,name\nbroken\n");
    let people = PEOPLE.replace("filter = \"true\"\n", "");
    let error = sandbox.run(&sealing(&identity, &people), 1).err().unwrap();
    assert_eq!(error.exit_code(), 1);
    assert!(!format!("{error:?} {error}").contains("canary"));
    assert_eq!(below(&sandbox.path("held")), [] as [PathBuf; 0]);
    assert_eq!(below(&sandbox.path("safe/.staging")), [] as [PathBuf; 0]);
    assert!(!sandbox.path("safe/current").exists());
}

#[test]
fn leftovers_of_a_killed_run_go_and_those_of_other_sinks_stay() {
    let identity = age::x25519::Identity::generate();
    let sandbox = Sandbox::new();
    sandbox.text("people/a.csv", csv(0..100));
    fs::create_dir(sandbox.path("safe")).unwrap();
    let sink = sandbox.path("safe").canonicalize().unwrap();
    let digest = hex(&Sha256::digest(sink.to_string_lossy().as_bytes()));
    let ours = sandbox
        .path("held")
        .join(format!(".pseudo-{}", &digest[..16]));
    fs::create_dir_all(ours.join(".chunks/people")).unwrap();
    fs::write(
        ours.join(".chunks/people/0000000000"),
        "sealed to a lost key",
    )
    .unwrap();
    let other = sandbox.path("held/.pseudo-0123456789abcdef");
    fs::create_dir_all(&other).unwrap();
    let people = PEOPLE.replace("filter = \"true\"\n", "");
    let manifest = sandbox
        .run(&sealing(&identity, &people), 1)
        .unwrap()
        .manifest;
    assert!(other.exists() && !ours.exists());
    let file = sandbox
        .path("held")
        .join(&manifest.run_id)
        .join("people.ndjson.age");
    let rows = (0..100).filter(|n| bad(*n)).count();
    assert_eq!(opened(&file, &identity).len(), rows);
}

#[test]
fn no_run_takes_the_place_of_rows_that_are_kept() {
    let identity = age::x25519::Identity::generate();
    let sandbox = Sandbox::new();
    sandbox.text("people/a.csv", csv(0..100));
    let people = sealing(&identity, &PEOPLE.replace("filter = \"true\"\n", ""));
    fs::create_dir_all(sandbox.path("held/20270115T080001Z")).unwrap();
    let manifest = sandbox.run(&people, 1).unwrap().manifest;
    assert_eq!(manifest.run_id, "20270115T080001Z-2");
    fs::create_dir_all(sandbox.path("held/mine")).unwrap();
    let named = |options: &mut RunOptions<'_>| {
        options.run_id = Some("mine".to_owned());
        options.full = true;
    };
    let error = sandbox.run_with(&people, 2, named).err().unwrap();
    assert!(matches!(error, Error::RunId { .. }), "{error}");
}

#[test]
fn a_row_in_quarantine_fails_no_other_rule_and_makes_no_value_frequent() {
    let sandbox = Sandbox::new();
    sandbox.text(
        "t.csv",
        "phone,other,city\n15412345678,15412345678,X\ncanary,canary,X\n15412345678,,X\n\
         15412345678,,Y\n15412345678,,Y\n15412345678,,Y\n",
    );
    let tables = r#"
[tables.t]
source = "t.csv"
order = "source"
[tables.t.columns]
phone = { token = "phone", on_invalid = "quarantine" }
other = { token = "phone", on_invalid = "fail" }
city = { rare = { below = 3, to = "OTHER" } }
"#;
    let manifest = sandbox.run(tables, 1).unwrap().manifest;
    assert_eq!(manifest.tables[0].quarantined_rows, 1);
    // X is there three times, and twice in what is published
    let cities = texts(&sandbox.read("t"), "city");
    let cities: Vec<_> = cities.iter().map(|city| city.as_deref().unwrap()).collect();
    assert_eq!(cities, ["OTHER", "OTHER", "Y", "Y", "Y"]);
    assert_eq!(manifest.tables[0].columns[0].distinct, Some(1));
}

#[test]
fn a_table_that_is_left_out_as_a_whole_keeps_its_schema() {
    let sandbox = Sandbox::new();
    sandbox.text("t.csv", "n,phone\n1,canary\n2,canary\n");
    let tables = r#"
[tables.quarantine]
source = "t.csv"
[tables.quarantine.columns]
n = "keep"
phone = { token = "phone", on_invalid = "quarantine" }
"#;
    // a table may be called what the directory of the records is
    let manifest = sandbox.run(tables, 1).unwrap().manifest;
    let table = &manifest.tables[0];
    assert_eq!((table.published_rows, table.quarantined_rows), (0, 2));
    assert_eq!(record(&sandbox, table).len(), 2);
    let parts = manifest.tables[0]
        .outputs
        .iter()
        .map(|output| output.path.clone());
    for part in parts {
        assert!(sandbox.path("safe/current").join(part).exists());
    }
}

#[test]
fn a_repeated_run_writes_the_same_record_and_a_lost_one_is_written_again() {
    let sandbox = Sandbox::new();
    sandbox.text("people/a.csv", csv(0..100));
    let people = PEOPLE.replace("filter = \"true\"\n", "");
    let first = sandbox.run(&people, 1).unwrap().manifest;
    assert_eq!(
        sandbox.run(&people, 2).unwrap().outcome,
        RunOutcome::NothingToDo
    );
    let full = sandbox
        .run_with(&people, 3, |options| options.full = true)
        .unwrap();
    assert_eq!(full.manifest.tables[0].outputs, first.tables[0].outputs);
    let record = full.manifest.tables[0].outputs[0]
        .quarantine
        .clone()
        .unwrap();
    fs::remove_file(sandbox.path("safe/current").join(record.path)).unwrap();
    assert_eq!(
        sandbox.run(&people, 4).unwrap().outcome,
        RunOutcome::Published
    );
    // and runs with records are removed like others
    for second in 5..8 {
        sandbox
            .run_with(&people, second, |options| options.full = true)
            .unwrap();
    }
    assert_eq!(fs::read_dir(sandbox.path("safe/runs")).unwrap().count(), 2);
    Manifest::read(&sandbox.path("safe/current")).unwrap();
}
