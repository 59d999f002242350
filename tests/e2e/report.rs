//! Reports of runs: three files beside each other, what they hold, and what becomes of a run whose
//! report cannot be written.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::harness::{Done, Sandbox};

const FILES: [&str; 3] = ["out.html", "out.json", "out.md"];

fn run(sandbox: &Sandbox, more: &[&str]) -> Done {
    let args = ["run", "people.toml", "--report", "out.html"];
    let args: Vec<_> = args.iter().chain(more).copied().collect();
    sandbox.run(&args)
}

fn texts(sandbox: &Sandbox) -> Vec<String> {
    let texts = FILES
        .iter()
        .map(|name| fs::read_to_string(sandbox.path(name)).unwrap());
    texts.collect()
}

fn json(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&fs::read_to_string(sandbox.path("out.json")).unwrap()).unwrap()
}

#[test]
fn a_run_leaves_three_files() {
    let sandbox = Sandbox::people();
    let done = run(&sandbox, &["--run-id", "first"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let first = texts(&sandbox);
    assert!(first[0].starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    assert!(first[2].starts_with("# Pseudonymisation report: `people`\n"));
    let told = json(&sandbox);
    assert_eq!(told["manifest"], sandbox.manifest("safe"));
    assert_eq!(told["changes"], Value::Null);
    // no value of a protected column, kept ones neither
    for text in &first {
        for value in ["甲", "乙", "丙", "北京", "上海"] {
            assert!(!text.contains(value), "{value}");
        }
    }
    for name in FILES {
        let mode = fs::metadata(sandbox.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o640, "{name}");
    }

    // nothing to do: the report is that of the run that is current
    let done = run(&sandbox, &[]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(texts(&sandbox), first);

    sandbox.edit("people.toml", "city = \"keep\"", "city = { prefix = 1 }");
    let done = run(&sandbox, &["--run-id", "second"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let changes = json(&sandbox)["changes"].clone();
    assert_eq!(changes["since"], "first");
    assert_eq!(changes["tables"][0]["rules"][0]["column"], "city");

    // and against the run before the current one, where nothing is done
    let second = texts(&sandbox);
    assert_eq!(run(&sandbox, &[]).code, Some(0));
    assert_eq!(texts(&sandbox), second);
}

#[test]
fn a_report_in_the_sink_is_refused() {
    let sandbox = Sandbox::people();
    for path in [
        "safe/out.html",
        "safe/runs/../out.html",
        "raw/../safe/current/x.html",
    ] {
        let done = sandbox.run(&["run", "people.toml", "--report", path]);
        assert_eq!(done.code, Some(2), "{}", done.err);
        assert!(
            done.err
                .contains("lies inside the sink, where analysts read"),
            "{}",
            done.err
        );
        assert!(done.err.contains("nothing was published"), "{}", done.err);
        assert!(sandbox.current("safe").is_none());
    }
}

#[test]
fn a_report_has_the_name_of_a_page() {
    let sandbox = Sandbox::people();
    for name in ["out.json", "out", "out.md", ".html"] {
        let done = sandbox.run(&["run", "people.toml", "--report", name]);
        assert_eq!(done.code, Some(2), "{name}: {}", done.err);
        assert!(sandbox.current("safe").is_none());
    }
}

#[test]
fn a_report_that_cannot_be_written_is_a_warning() {
    let sandbox = Sandbox::people();
    let done = sandbox.run(&["run", "people.toml", "--report", "absent/out.html"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.err.contains("warning"), "{}", done.err);
    assert!(done.err.contains("absent/out.json"), "{}", done.err);
    assert!(sandbox.current("safe").is_some());
}

#[test]
fn a_run_that_is_refused_leaves_the_report_of_the_one_before() {
    let sandbox = Sandbox::people();
    assert_eq!(run(&sandbox, &[]).code, Some(0));
    let before = texts(&sandbox);
    sandbox.edit("people.toml", "city = \"keep\"\n", "");
    assert_eq!(run(&sandbox, &[]).code, Some(2));
    assert_eq!(texts(&sandbox), before);
}

#[test]
fn an_attack_is_told_in_the_report() {
    let sandbox = Sandbox::people();
    sandbox.ok(&["run", "people.toml"]);
    let done = sandbox.run(&[
        "attack",
        "safe",
        "--guesses",
        "1000",
        "--report",
        "out.html",
    ]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let told = json(&sandbox);
    let sentence = told["attack"]["sentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("Had this copy been stolen"),
        "{sentence}"
    );
    let page = fs::read_to_string(sandbox.path("out.html")).unwrap();
    assert!(page.contains("Had this copy been stolen"));
    let done = sandbox.run(&["attack", "safe", "--report", "safe/out.html"]);
    assert_eq!(done.code, Some(2), "{}", done.err);
}
