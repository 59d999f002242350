//! Trace as a person meets it: a table, a sentence, a sealed list and a draft, and no value.

use std::fs;

use serde_json::Value;

use crate::harness::{Done, Sandbox};
use crate::reveal::{REASON, VINS, log, recall};
use crate::text::{redacted, words_of};

/// The sandbox with a leak: the published rows.
fn leaked() -> Sandbox {
    let sandbox = recall();
    let rows = sandbox.ok(&["query", "safe", "SELECT * FROM cars", "--format", "csv"]);
    sandbox.write("leak.csv", rows);
    sandbox
}

fn trace(sandbox: &Sandbox, more: &[&str]) -> Done {
    let words = [
        "trace",
        "leak.csv",
        "--pipeline",
        "recall.toml",
        "--sink",
        "safe",
    ];
    let done = sandbox.run(&[&words, &REASON[..], more].concat());
    let leak = fs::read_to_string(sandbox.path("leak.csv")).unwrap();
    let cells = leak.lines().skip(1).flat_map(|line| line.split(','));
    for cell in cells.filter(|cell| cell.len() > 1).chain(VINS) {
        assert!(
            !done.out.contains(cell) && !done.err.contains(cell),
            "a value is told"
        );
    }
    done
}

#[test]
fn a_leak_is_told_in_tables_and_a_sentence() {
    let sandbox = leaked();
    let done = trace(&sandbox, &[]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    insta::assert_snapshot!("told", redacted(&done.out));
    insta::assert_snapshot!(redacted(&done.err), @r"
    line 1 of `keys/recall.keyring.audit-1.ndjson`, MAC [check value]
    ");
    let [line] = log(&sandbox).try_into().unwrap();
    assert_eq!(
        (line["verb"].as_str(), line["outcome"].as_str()),
        (Some("trace"), Some("allowed"))
    );
}

#[test]
fn a_machine_reads_json() {
    let sandbox = leaked();
    let done = trace(&sandbox, &["--json"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(
        (report["class"].as_str(), report["rows"].as_u64()),
        (Some("pseudonymised"), Some(3))
    );
    let made = &report["columns"][0]["made_by"][0];
    assert_eq!(
        (made["domain"].as_str(), made["proved"].as_u64()),
        (Some("recall"), Some(3))
    );
    assert_eq!(report["runs"][0]["can"], true);
    assert_eq!(report["recorded"][0]["line"], 1);
}

#[test]
fn people_and_facts_are_written_once() {
    let sandbox = leaked();
    sandbox.ok(&["keys", "new", "team.keyring", "--identity", "team.key"]);
    let identity = fs::read_to_string(sandbox.path("team.key")).unwrap();
    let public = identity
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .unwrap();
    let to = [
        "--recipient",
        public,
        "--people",
        "people.age",
        "--facts",
        "facts.md",
    ];
    let done = trace(&sandbox, &to);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let told = format!("3 people are listed in `people.age`, sealed to {public}\n");
    assert!(done.out.ends_with(&told), "{}", done.out);
    let sealed = fs::read(sandbox.path("people.age")).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
    let facts = fs::read_to_string(sandbox.path("facts.md")).unwrap();
    assert!(facts.contains("[FILL IN cause]") && facts.contains("- People, at least: 3 ("));
    assert!(VINS.iter().all(|vin| !facts.contains(vin)));
    let again = trace(&sandbox, &to);
    insta::assert_snapshot!(again.refusal(), @r"
    exit 2
    error: `facts.md` exists
      hint: choose another path: a draft is never overwritten
    no value was shown
    ");
    assert_eq!(fs::read(sandbox.path("people.age")).unwrap(), sealed);
}

#[test]
fn what_may_not_be_is_refused() {
    let sandbox = leaked();
    let words = ["trace", "leak.csv", "--pipeline", "recall.toml"];
    insta::assert_snapshot!(redacted(&sandbox.run(&words).refusal()), @r"
    exit 3
    error: no reason is given
      hint: the refusal is line 1 of `keys/recall.keyring.audit-1.ndjson`
    no value was shown
    ");
    sandbox.write("empty.csv", "");
    let empty = ["trace", "empty.csv", "--pipeline", "recall.toml"];
    let empty = sandbox.run(&[&empty[..], &REASON].concat());
    insta::assert_snapshot!(redacted(&empty.refusal()), @r"
    exit 1
    error: `the sample`: has no rows
    no value was shown
    ");
    let cases: [&[&str]; 6] = [
        &["trace", "leak.csv"],
        &[
            "trace",
            "leak.csv",
            "--keys",
            "keys/recall.keyring",
            "--source",
            "raw",
        ],
        &[
            "trace",
            "leak.csv",
            "--pipeline",
            "recall.toml",
            "--people",
            "people.age",
        ],
        &[
            "trace",
            "leak.csv",
            "--pipeline",
            "recall.toml",
            "--rows",
            "0",
        ],
        &[
            "trace",
            "leak.csv",
            "--pipeline",
            "recall.toml",
            "--recipient",
            "age1x",
            "--people",
            "p",
        ],
        &[
            "trace",
            "absent.csv",
            "--pipeline",
            "recall.toml",
            "--reason",
            "why",
        ],
    ];
    for args in cases {
        let done = sandbox.run(args);
        assert_eq!(done.code, Some(2), "{args:?}\n{}{}", done.out, done.err);
        assert_eq!(done.out, "");
    }
    assert_eq!(log(&sandbox).len(), 1);
}

#[test]
fn the_example_of_the_help_runs() {
    let sandbox = leaked();
    let help = sandbox.ok(&["trace", "--help"]);
    let (_, example) = help.split_once("\nExample:\n  pseudo ").unwrap();
    let words = words_of(example.trim_end());
    sandbox.ok(&words.iter().map(String::as_str).collect::<Vec<_>>());
}
