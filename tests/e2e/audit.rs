//! `pseudo audit verify`, and what a tampered log does to the next reveal.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Done, Sandbox};
use crate::reveal::{LOG, REASON, asked, log, recall};
use crate::text::redacted;

/// Three reveals; what the last one said.
fn revealed() -> (Sandbox, String) {
    let sandbox = recall();
    let words = asked("reveal", &[&REASON[..], &["tokens.csv"]].concat());
    let mut last = String::new();
    for _ in 0..3 {
        let done = sandbox.run(&words);
        assert_eq!(done.code, Some(0), "{}", done.err);
        last = done.err;
    }
    (sandbox, last)
}

/// The refusal, with the log by a shorter name.
fn told(done: &Done) -> String {
    done.refusal()
        .replace("keys/recall.keyring.audit-1", "[log]")
}

const VERIFY: [&str; 5] = ["audit", "verify", LOG, "--keys", "keys/recall.keyring"];

#[test]
fn a_log_is_proved() {
    let (sandbox, last) = revealed();
    let done = sandbox.ok(&VERIFY);
    let shown = redacted(&done);
    let (head, mac) = shown.trim_end().split_once("MAC ").unwrap();
    insta::assert_snapshot!(head.trim_end(), @r"
    `keys/recall.keyring.audit-1.ndjson` is as it was written, key [check value] of epoch 1
    lines 3, allowed 3, refused 0; last line:
    ");
    assert_eq!(mac.len(), 64);
    let by_pipeline = ["audit", "verify", LOG, "--pipeline", "recall.toml"];
    assert_eq!(sandbox.ok(&by_pipeline), done);
    let json = sandbox.ok(&[&VERIFY[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["outcome"], "verified");
    assert_eq!((&json["lines"], &json["allowed"]), (&3.into(), &3.into()));
    assert_eq!(json["head"], mac);
    // What reveal said can be asked for.
    let said = last.trim_end().rsplit_once("MAC ").unwrap().1;
    let noted = format!("3:{said}");
    sandbox.ok(&[&VERIFY[..], &["--noted", &noted]].concat());
    let other = "2:".to_owned() + said;
    let wrong = sandbox.run(&[&VERIFY[..], &["--noted", &other]].concat());
    insta::assert_snapshot!(told(&wrong), @r"
    exit 3
    error: audit log: `[log].ndjson`, line 2 is not the one that was noted
    ");
}

#[test]
fn a_cut_tail_refuses_the_next_reveal() {
    let (sandbox, _) = revealed();
    let whole = fs::read_to_string(sandbox.path(LOG)).unwrap();
    let cut: String = whole.split_inclusive('\n').take(2).collect();
    sandbox.write(LOG, &cut);
    insta::assert_snapshot!(told(&sandbox.run(&VERIFY)), @r"
    exit 3
    error: audit log: `[log].ndjson`, line 3 is gone, and all behind it
    ");
    let reveal = asked("reveal", &[&REASON[..], &["tokens.csv"]].concat());
    insta::assert_snapshot!(told(&sandbox.run(&reveal)), @r"
    exit 3
    error: audit log: `[log].ndjson`, line 3 is gone, and all behind it
      hint: no value was shown; the refusal is line 1 of `[log].fault-1.ndjson`
    ");
    let lookup = asked("lookup", &[&REASON[..], &["values.txt"]].concat());
    assert_eq!(sandbox.run(&lookup).code, Some(3));
    assert_eq!(log(&sandbox).len(), 2, "the evidence is as it was");
    let faults = sandbox.path("keys/recall.keyring.audit-1.fault-1.ndjson");
    let faults = fs::read_to_string(faults).unwrap();
    assert_eq!(faults.lines().count(), 2);
    assert!(
        faults
            .lines()
            .all(|line| line.contains("\"outcome\":\"refused\""))
    );
    sandbox.write(LOG, whole);
    let done = sandbox.run(&VERIFY);
    assert_eq!(done.code, Some(0));
    let warning = "warning: requests refused because this log had a fault: 2, \
                   recorded beside its anchor\n";
    assert_eq!(done.err, warning);
    assert_eq!(sandbox.run(&reveal).code, Some(0));
}

#[test]
fn a_fault_is_told_by_line_and_reason() {
    let (sandbox, _) = revealed();
    sandbox.edit(LOG, "\"n\":2,", "\"n\":7,");
    insta::assert_snapshot!(told(&sandbox.run(&VERIFY)), @r"
    exit 3
    error: audit log: `[log].ndjson`, line 2 was changed after it was written, or with another key
    ");
    let anchor = "keys/recall.keyring.audit-1.anchor";
    fs::remove_file(sandbox.path(anchor)).unwrap();
    insta::assert_snapshot!(told(&sandbox.run(&VERIFY)), @r"
    exit 3
    error: audit log: `[log].ndjson` has no anchor, which is beside the keys
    ");
    let absent = [
        "audit",
        "verify",
        "keys/other.ndjson",
        "--keys",
        "keys/recall.keyring",
    ];
    insta::assert_snapshot!(told(&sandbox.run(&absent)), @r"
    exit 3
    error: audit log: `keys/other.ndjson` is not there
    ");
    let key = ["audit", "verify", LOG, "--keys", "keys/absent.keyring"];
    assert_eq!(sandbox.run(&key).code, Some(2));
}

#[test]
fn processes_wait_for_each_other() {
    let sandbox = recall();
    let words = asked("reveal", &[&REASON[..], &["tokens.csv"]].concat());
    let start = |_| {
        let mut command = sandbox.command(&words);
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let children: Vec<_> = (0..8).map(start).collect();
    for mut child in children {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    let numbers: Vec<_> = log(&sandbox)
        .iter()
        .map(|line| line["n"].as_u64())
        .collect();
    assert_eq!(numbers, (1..=8).map(Some).collect::<Vec<_>>());
    sandbox.ok(&VERIFY);
}
