//! What a run tells machines: exit codes, metrics and lineage of every way to end, and the last
//! line of every failure.

use std::fs;
use std::fs::OpenOptions;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Done, Sandbox};

const TOLD: [&str; 6] = [
    "run",
    "people.toml",
    "--lineage",
    "lineage.ndjson",
    "--metrics",
    "pseudo.prom",
];

fn run(sandbox: &Sandbox, more: &[&str]) -> Done {
    let args: Vec<_> = TOLD.iter().chain(more).copied().collect();
    sandbox.run(&args)
}

/// The types of the events since the last call.
fn events(sandbox: &Sandbox) -> (Vec<String>, Value) {
    let path = sandbox.path("lineage.ndjson");
    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(path).unwrap();
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let types = events
        .iter()
        .map(|event| event["eventType"].as_str().unwrap());
    (
        types.map(str::to_owned).collect(),
        events.last().unwrap().clone(),
    )
}

/// The value of a series without labels but the pipeline's.
fn metric(sandbox: &Sandbox, name: &str) -> Option<String> {
    let text = fs::read_to_string(sandbox.path("pseudo.prom")).unwrap();
    let head = format!("{name}{{pipeline=\"people\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&head));
    line.map(str::to_owned)
}

const SUCCESS: &str = "pseudo_run_last_success_timestamp_seconds";

#[test]
fn every_way_to_end_is_told() {
    let sandbox = Sandbox::people();
    assert_eq!(run(&sandbox, &["--run-id", "first"]).code, Some(0));
    let (types, last) = events(&sandbox);
    assert_eq!(types, ["START", "COMPLETE"]);
    assert_eq!(last["job"]["name"], "people");
    let name = last["outputs"][0]["name"].as_str().unwrap();
    assert!(name.ends_with("/safe/current/people"), "{name}");
    assert_eq!(
        last["outputs"][0]["facets"]["version"]["datasetVersion"],
        "first"
    );
    let success = metric(&sandbox, SUCCESS).unwrap();
    let text = fs::read_to_string(sandbox.path("pseudo.prom")).unwrap();
    let rows = "pseudo_run_rows{pipeline=\"people\",table=\"people\",outcome=\"published\"} 3\n";
    assert!(text.contains(rows), "{text}");

    assert_eq!(run(&sandbox, &[]).code, Some(0));
    assert_eq!(events(&sandbox).0, ["START", "COMPLETE"]);
    let text = fs::read_to_string(sandbox.path("pseudo.prom")).unwrap();
    assert!(
        text.contains(rows),
        "nothing to do: the rows of the current run"
    );
    assert!(metric(&sandbox, SUCCESS).unwrap() >= success);
    let success = metric(&sandbox, SUCCESS).unwrap();

    type Break = fn(&Sandbox);
    let faults: [(u8, &str, Break); 5] = [
        (1, "`people.csv`, row 2: too few fields", |sandbox| {
            sandbox.write("raw/people.csv", "id,name,city\n1,甲,北京\n2,canary\n");
        }),
        (4, "invalid value", |sandbox| {
            sandbox.write("raw/people.csv", "id,name,city\ncanary,甲,北京\n");
            let fails = "{ token = \"account\", on_invalid = \"fail\" }";
            sandbox.edit("people.toml", "{ token = \"account\" }", fails);
        }),
        (2, "run id `first` is taken", |_| {}),
        (2, "(and 1 more)", |sandbox| {
            sandbox.edit("people.toml", "name = \"drop\"", "nome = \"drop\"");
        }),
        (2, "keyring", |sandbox| {
            sandbox.edit("people.toml", "nome = \"drop\"", "name = \"drop\"");
            fs::remove_file(sandbox.path("keys/test.key")).unwrap();
        }),
    ];
    for (code, message, fault) in faults {
        fault(&sandbox);
        let more: &[&str] = if message.contains("taken") {
            &["--run-id", "first"]
        } else {
            &[]
        };
        let done = run(&sandbox, more);
        assert_eq!(done.code, Some(i32::from(code)), "{message}\n{}", done.err);
        still(&done, "first");
        let (types, last) = events(&sandbox);
        assert_eq!(types, ["START", "FAIL"], "{message}");
        let told = last["run"]["facets"]["errorMessage"]["message"]
            .as_str()
            .unwrap();
        assert!(told.contains(message), "{message}: {told}");
        assert!(!last.to_string().contains("canary"));
        let exit = metric(&sandbox, "pseudo_run_exit_code").unwrap();
        assert_eq!(exit, code.to_string(), "{message}");
        assert_eq!(metric(&sandbox, SUCCESS).unwrap(), success);
    }
}

#[test]
fn a_held_sink_is_a_failure_to_try_again() {
    let sandbox = Sandbox::people();
    assert_eq!(run(&sandbox, &["--run-id", "first"]).code, Some(0));
    events(&sandbox);
    let lock = OpenOptions::new()
        .write(true)
        .open(sandbox.path("safe/.lock"))
        .unwrap();
    lock.lock().unwrap();
    let held = run(&sandbox, &[]);
    assert_eq!(held.code, Some(75));
    still(&held, "first");
    assert_eq!(events(&sandbox).0, ["START", "FAIL"]);
    assert_eq!(metric(&sandbox, "pseudo_run_exit_code").unwrap(), "75");
}

#[test]
fn an_answer_that_cannot_be_written_does_not_undo_the_run() {
    let sandbox = Sandbox::people();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = sandbox
        .command(&TOLD)
        .stdout(full)
        .stderr(Stdio::null())
        .output();
    assert_eq!(output.unwrap().status.code(), Some(1));
    assert_eq!(events(&sandbox).0, ["START", "COMPLETE"]);
    assert_eq!(metric(&sandbox, "pseudo_run_exit_code").unwrap(), "1");
    assert_eq!(metric(&sandbox, SUCCESS), None);
}

#[test]
fn a_record_that_cannot_be_written_is_a_warning() {
    let sandbox = Sandbox::people();
    let args = ["--lineage", "absent/l.ndjson", "--metrics", "absent/p.prom"];
    let args: Vec<_> = ["run", "people.toml"].into_iter().chain(args).collect();
    let done = sandbox.run(&args);
    assert_eq!(done.code, Some(0));
    assert!(sandbox.current("safe").is_some());
    let warnings: Vec<_> = done.err.lines().collect();
    assert_eq!(warnings.len(), 2, "one a file: {}", done.err);
    assert!(
        warnings
            .iter()
            .all(|line| line.starts_with("warning: cannot ")),
        "{}",
        done.err
    );
}

#[test]
fn a_pipeline_that_cannot_be_read_is_told_by_its_file() {
    let sandbox = Sandbox::people();
    sandbox.write("people.toml", "no = = toml");
    let done = run(&sandbox, &[]);
    assert_eq!(done.code, Some(2));
    assert_eq!(done.err.lines().last(), Some("nothing was published"));
    let (types, last) = events(&sandbox);
    assert_eq!(types, ["START", "FAIL"]);
    assert_eq!(last["job"]["name"], "people");
    assert_eq!(metric(&sandbox, "pseudo_run_exit_code").unwrap(), "2");
}

#[test]
fn arguments_that_cannot_be_read_publish_nothing_either() {
    let sandbox = Sandbox::people();
    let text = sandbox.run(&["run", "people.toml", "--threads", "none"]);
    assert_eq!(text.code, Some(2));
    assert!(
        text.err
            .starts_with("error: invalid value 'none' for '--threads <N>'")
    );
    assert_eq!(text.err.lines().last(), Some("nothing was published"));
    assert!(!sandbox.path("safe").exists());

    let other = sandbox.run(&["check", "people.toml", "--threads", "1"]);
    assert_eq!(other.code, Some(2));
    assert!(!other.err.contains("published"));

    for args in [
        ["--log-format", "json", "run", "--bogus"].as_slice(),
        &["run", "--bogus", "--log-format=json"],
    ] {
        let done = sandbox.run(args);
        assert_eq!((done.code, done.out.as_str()), (Some(2), ""));
        let lines: Vec<Value> = done
            .err
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "{}", done.err);
        assert_eq!(lines[0]["level"], "error");
        assert_eq!(lines[0]["fault"], "usage");
        assert_eq!(lines[0]["message"], "unexpected argument '--bogus' found");
        assert_eq!(lines[1]["published"], false);
    }
    let help = sandbox.run(&["run", "--help", "--log-format", "json"]);
    assert_eq!(help.code, Some(0));
    assert!(help.out.contains("Usage: pseudo run"));
}

/// Whether a failure ends by saying that the run `current` still is.
fn still(done: &Done, current: &str) {
    let last = format!("nothing was published; run `{current}` is still current in `safe`");
    assert_eq!(done.err.lines().last(), Some(last.as_str()), "{}", done.err);
}
