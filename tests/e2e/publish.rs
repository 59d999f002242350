//! What readers see: the last complete run, whatever happens to the next one.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

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

#[test]
fn a_killed_run_publishes_nothing_or_everything() {
    let sandbox = Sandbox::new();
    sandbox.copy_pipelines();
    let (pipeline, sink) = ("pipelines/quickstart.toml", "target/quickstart/safe");
    let moments: [fn(&Path) -> bool; 5] = [
        |sink| sink.join(".lock").exists(),
        |sink| holds(&sink.join(".staging"), 1),
        |sink| holds(&sink.join(".staging"), 3),
        |sink| holds(&sink.join(".staging"), 3) && file(sink, "manifest.json"),
        |sink| sink.join("runs").exists() && fs::read_dir(sink.join("runs")).unwrap().count() > 0,
    ];
    let mut killed = 0;
    for (at, reached) in moments.into_iter().enumerate() {
        killed += kill(&sandbox, &["run", pipeline], |_| {
            reached(&sandbox.path(sink))
        });
        complete(&sandbox, sink);
        // what a first run meets differs from what a later one does
        if at % 2 == 0 && sandbox.current(sink).is_none() {
            continue;
        }
        let before = sandbox.current(sink);
        let delay = Duration::from_millis(25 * at as u64);
        killed += kill(&sandbox, &["run", pipeline, "--full"], |since| {
            since.elapsed() > delay
        });
        complete(&sandbox, sink);
        assert!(before.is_none() || sandbox.current(sink).is_some());
    }
    assert!(killed >= 2, "only {killed} runs were killed");
    sandbox.ok(&["run", pipeline, "--full"]);
    assert_eq!(sandbox.number(sink, "SELECT count(*) FROM users"), 48_500);
    assert!(sandbox.files(&format!("{sink}/.staging")).is_empty());
    let manifests = fs::read_dir(sandbox.path(sink).join("runs")).unwrap();
    assert!(
        manifests
            .into_iter()
            .all(|run| run.unwrap().path().join("manifest.json").exists())
    );
}

/// Kills a run as soon as `reached` holds; 0 when it was over before.
fn kill(sandbox: &Sandbox, args: &[&str], reached: impl Fn(Instant) -> bool) -> usize {
    let mut command = sandbox.command(args);
    let mut run = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let since = Instant::now();
    while run.try_wait().unwrap().is_none() && !reached(since) {
        std::thread::yield_now();
    }
    run.kill().unwrap();
    usize::from(run.wait().unwrap().code().is_none())
}

/// Fails when there is a current run of which anything is missing.
fn complete(sandbox: &Sandbox, sink: &str) {
    let Some(id) = sandbox.current(sink) else {
        return;
    };
    let manifest = sandbox.manifest(sink);
    assert_eq!(manifest["run_id"], id.as_str());
    for table in manifest["tables"].as_array().unwrap() {
        for output in table["outputs"].as_array().unwrap() {
            let path = output["path"].as_str().unwrap();
            let file = File::open(sandbox.path(sink).join("current").join(path)).unwrap();
            assert_eq!(
                file.metadata().unwrap().len(),
                output["bytes"].as_u64().unwrap(),
                "{path}"
            );
        }
    }
}

/// Whether a directory of the staged run holds that many tables.
fn holds(staging: &Path, tables: usize) -> bool {
    let runs = fs::read_dir(staging).into_iter().flatten().flatten();
    runs.filter_map(|run| Some(fs::read_dir(run.path()).ok()?.count()))
        .any(|found| found >= tables)
}

/// Whether the staged run has a file of that name.
fn file(sink: &Path, name: &str) -> bool {
    let runs = fs::read_dir(sink.join(".staging"))
        .into_iter()
        .flatten()
        .flatten();
    runs.into_iter().any(|run| run.path().join(name).exists())
}

fn published(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let files = sandbox.files("safe").into_iter();
    files.filter(|(name, _)| !name.ends_with(".lock")).collect()
}

const FAILING: &str = "{ token = \"account\", on_invalid = \"fail\" }";
