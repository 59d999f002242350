//! `unrelated`: two counters that end together pass where the pipeline says so, for that column and
//! that identity alone, and it is on record.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use pseudo_engine::manifest::SharedIdentity;
use pseudo_engine::{Error, Leak};

use crate::harness::{Sandbox, batch};

/// Two counters from 1 on that have nothing to do with each other, in one table and in another.
const TABLES: &str = r#"
[identities.seat]
kind = "integer"
unrelated = [UNRELATED]
[tables.t]
source = "t.parquet"
[tables.t.columns]
seat = { token = "seat" }
rank = "keep"
bib = "keep"
[tables.u]
source = "u.parquet"
[tables.u.columns]
user = { token = "account" }
"#;

const ROWS: i64 = 3_000;

fn numbers(number: impl Fn(i64) -> i64) -> ArrayRef {
    Arc::new((0..ROWS).map(|n| Some(number(n))).collect::<Int64Array>())
}

/// `bib` is far away, as numbers or as text; `user` is what it is given.
fn sandbox(bib: ArrayRef, user: ArrayRef) -> Sandbox {
    let sandbox = Sandbox::new();
    let columns = [
        ("seat", numbers(|n| n * 7 % ROWS + 1)),
        ("rank", numbers(|n| n * 11 % ROWS + 1)),
        ("bib", bib),
    ];
    sandbox.parquet("t.parquet", &batch(columns), 700);
    sandbox.parquet("u.parquet", &batch([("user", user)]), 700);
    sandbox
}

fn far() -> ArrayRef {
    numbers(|n| 5_000_000 + n * 13)
}

fn tables(unrelated: &str) -> String {
    TABLES.replace("UNRELATED", unrelated)
}

fn leaks(sandbox: &Sandbox, unrelated: &str) -> Vec<Leak> {
    let error = sandbox.run(&tables(unrelated), 1).err().unwrap();
    let leaks = match error {
        Error::Leak { leaks } => leaks,
        _ => Vec::new(),
    };
    assert!(!leaks.is_empty(), "another error");
    leaks
}

fn names(leaks: &[Leak]) -> Vec<(&str, &str)> {
    let names = leaks.iter();
    let names = names.map(|leak| (leak.column.as_str(), leak.shared.name()));
    names.collect()
}

#[test]
fn two_counters_pass_when_somebody_answers_for_it() {
    let sandbox = sandbox(far(), numbers(|n| 40_000_000 + n * 17));
    let refused = leaks(&sandbox, "");
    assert_eq!(names(&refused), [("rank", "seat")]);
    let hint = refused[0].hint();
    assert!(
        hint.ends_with("write in [identities.seat]\nunrelated = [\"t.rank\"]"),
        "{hint}"
    );
    let said = tables("\"t.rank\"");
    let manifest = sandbox.run(&said, 1).unwrap().manifest;
    let shared = &manifest.tables[0].gate.columns[0].shared;
    let is_excused = |shared: &SharedIdentity| shared.identity == "seat" && shared.unrelated;
    assert!(shared.iter().any(is_excused), "{shared:?}");
    let text = serde_json::to_string(&manifest).unwrap();
    assert_eq!(text.matches("\"unrelated\":true").count(), 1, "{text}");

    // the proof against the source knows it from the pipeline, and from nowhere else
    let safe = sandbox.path("safe");
    let verify = |tables: &str| {
        let job = sandbox.job(tables).unwrap();
        pseudo_engine::verify(&safe, Some(&job), Some(2))
    };
    let report = verify(&said).unwrap();
    let shared = &report.gates[0].columns[0].shared;
    assert!(shared.iter().any(|shared| shared.unrelated), "{shared:?}");
    let refused = verify(&tables("")).err().unwrap();
    assert_eq!(refused.exit_code(), 3, "{refused}");
}

#[test]
fn it_excuses_no_other_column_no_other_identity_and_no_text() {
    let counter = || numbers(|n| n * 13 % ROWS + 1);
    let elsewhere = || numbers(|n| 40_000_000 + n * 17);
    // two columns end where the seats do, and one is excused
    let both = sandbox(counter(), elsewhere());
    assert_eq!(names(&leaks(&both, "\"t.rank\"")), [("bib", "seat")]);
    // accounts end there as well
    let accounts = sandbox(far(), counter());
    assert_eq!(
        names(&leaks(&accounts, "\"t.rank\"")),
        [("rank", "account")]
    );
    // what is long in text is found by no chance
    let long = |n: i64| format!("{}", 700_000_000_000 + n * 1_000_003);
    let long: Vec<String> = (0..ROWS).map(long).collect();
    let numbers = numbers(|n| 700_000_000_000 + n * 1_000_003);
    let copy = Sandbox::new();
    let columns = [
        ("seat", numbers),
        ("rank", counter()),
        ("bib", Arc::new(StringArray::from(long)) as ArrayRef),
    ];
    copy.parquet("t.parquet", &batch(columns), 700);
    copy.parquet("u.parquet", &batch([("user", elsewhere())]), 700);
    let refused = leaks(&copy, "\"t.bib\"");
    assert_eq!(names(&refused), [("bib", "seat")]);
    assert!(!refused[0].hint().contains("unrelated"));
}
