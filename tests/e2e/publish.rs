//! What readers see: the last complete run, whatever happens to the next one.

use std::fs::OpenOptions;
use std::process::Stdio;

use crate::harness::Sandbox;
use crate::text::redacted;

#[test]
fn a_failed_run_says_what_is_still_current() {
    let sandbox = Sandbox::people();
    sandbox.ok(&["run", "people.toml", "--run-id", "first"]);
    let before = published(&sandbox);
    sandbox.write("raw/people.csv", "id,name,city\n1,甲,北京\n2,乙\n");
    let failed = sandbox.run(&["run", "people.toml", "--run-id", "second"]);
    insta::assert_snapshot!(failed.refusal(), @r"
    exit 1
    error: `people.csv`, row 2: too few fields
    nothing was published; run `first` is still current in `safe`
    ");
    assert_eq!(published(&sandbox), before);
    assert_eq!(sandbox.current("safe").unwrap(), "first");
    assert!(sandbox.files("safe/.staging").is_empty());

    let json = sandbox.run(&["run", "people.toml", "--log-format", "json"]);
    let last: serde_json::Value = serde_json::from_str(json.err.lines().last().unwrap()).unwrap();
    assert_eq!(last["published"], false);
    assert_eq!(last["current"], "first");

    sandbox.write("raw/people.csv", "id,name,city\n1,甲,北京\n2,乙,上海\n");
    sandbox.ok(&["run", "people.toml", "--run-id", "third"]);
    assert_eq!(sandbox.number("safe", "SELECT count(*) FROM people"), 2);
    let earlier = sandbox.files("safe/runs/first");
    assert_eq!(
        earlier.len(),
        3,
        "readers of the run before keep their files"
    );
}

#[test]
fn a_first_run_that_fails_leaves_no_current() {
    let sandbox = Sandbox::people();
    sandbox.edit("people.toml", "{ token = \"account\" }", FAILING);
    sandbox.write("raw/people.csv", "id,name,city\n1,甲,北京\nx,乙,上海\n");
    let failed = sandbox.run(&["run", "people.toml"]);
    insta::assert_snapshot!(failed.refusal(), @r#"
    exit 4
    error: `people.csv`, row 2, column `id`: invalid value, and its rule says `fail`
      hint: `on_invalid = "null"` makes such a value NULL and counts it
    nothing was published; `safe` has no current run
    "#);
    assert_eq!(sandbox.current("safe"), None);
    assert!(sandbox.files("safe/.staging").is_empty());
}

#[test]
fn an_answer_that_cannot_be_written_is_a_late_failure() {
    let sandbox = Sandbox::people();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut run = sandbox.command(&["run", "people.toml", "--run-id", "first"]);
    let output = run.stdout(full).stderr(Stdio::piped()).output().unwrap();
    let err = redacted(&String::from_utf8(output.stderr).unwrap());
    insta::assert_snapshot!(format!("exit {}\n{err}", output.status.code().unwrap()), @r"
    exit 1
    error: cannot write to standard output: no storage space
    the failure came late: run `first` is current in `safe`
    ");
    assert_eq!(sandbox.current("safe").unwrap(), "first");
}

fn published(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let files = sandbox.files("safe").into_iter();
    files.filter(|(name, _)| !name.ends_with(".lock")).collect()
}

const FAILING: &str = "{ token = \"account\", on_invalid = \"fail\" }";
