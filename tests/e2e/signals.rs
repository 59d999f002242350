//! A run that is told to stop: what is current stays, nothing else is left, and it says so.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Done, Sandbox};
use crate::text::redacted;

/// A sandbox with a run `first`, and a pipeline whose next run takes minutes.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok(&["keys", "new", "keys/test.keyring"]);
    sandbox.write("long.toml", PIPELINE);
    sandbox.ok(&["run", "long.toml", "--run-id", "first"]);
    sandbox.edit("long.toml", "scale=0.001", "scale=5");
    sandbox
}

fn spawn(sandbox: &Sandbox, args: &[&str]) -> Child {
    let mut command = sandbox.command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn signal(run: &Child, name: &str) {
    let mut kill = Command::new("kill");
    let sent = kill.args([name, &run.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until `reached` holds, as long as the run lives.
fn until(run: &mut Child, reached: impl Fn(&Child) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !reached(run) {
        assert!(run.try_wait().unwrap().is_none(), "the run is over");
        assert!(Instant::now() < deadline, "the moment does not come");
        std::thread::yield_now();
    }
}

/// Whether the staged run holds a file.
fn stages(sandbox: &Sandbox) -> bool {
    !sandbox.files("safe/.staging").is_empty()
}

/// A mask of signals from `/proc`, with a bit for each.
fn mask(run: &Child, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", run.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap())
}

#[test]
fn a_run_that_is_told_to_stop_leaves_what_was() {
    let sandbox = sandbox();
    for name in ["-TERM", "-INT"] {
        let mut run = spawn(&sandbox, &["run", "long.toml"]);
        until(&mut run, |_| stages(&sandbox));
        let sent = Instant::now();
        signal(&run, name);
        let done = Done::of(run.wait_with_output().unwrap());
        // a debug build on a busy machine; a release build takes a tenth of a second
        assert!(
            sent.elapsed() < Duration::from_secs(10),
            "{:?}",
            sent.elapsed()
        );
        assert_eq!(done.out, "");
        let err = done.err.lines().filter(|line| !line.contains("rows/s"));
        let err: Vec<_> = err.collect();
        assert_eq!(
            err,
            [
                "error: the run was stopped before its end",
                "nothing was published; run `first` is still current in `safe`",
            ],
            "{name}"
        );
        assert_eq!(done.code, Some(1), "{name}");
        assert_eq!(sandbox.current("safe").unwrap(), "first");
        assert_eq!(
            fs::read_dir(sandbox.path("safe/.staging")).unwrap().count(),
            0
        );
        assert_eq!(fs::read_dir(sandbox.path("safe/runs")).unwrap().count(), 1);
    }
    // the lock is free, and the next run finds nothing in its way
    sandbox.edit("long.toml", "scale=5", "scale=0.002");
    sandbox.ok(&["run", "long.toml", "--run-id", "second"]);
    assert_eq!(sandbox.current("safe").unwrap(), "second");
}

#[test]
fn a_stopped_run_is_an_abort_and_no_success() {
    let sandbox = sandbox();
    let told = ["--lineage", "lineage.ndjson", "--metrics", "pseudo.prom"];
    let args: Vec<_> = ["run", "long.toml"].into_iter().chain(told).collect();
    sandbox.edit("long.toml", "scale=5", "scale=0.001");
    sandbox.ok(&args);
    let metrics = || fs::read_to_string(sandbox.path("pseudo.prom")).unwrap();
    let success = |text: &str| {
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with("pseudo_run_last_success_timestamp_seconds"));
        line.unwrap().to_owned()
    };
    let before = success(&metrics());
    sandbox.edit("long.toml", "scale=0.001", "scale=5");
    let mut run = spawn(&sandbox, &args);
    until(&mut run, |_| stages(&sandbox));
    signal(&run, "-TERM");
    assert_eq!(run.wait_with_output().unwrap().status.code(), Some(1));
    assert_eq!(success(&metrics()), before);
    assert!(metrics().contains("pseudo_run_exit_code{pipeline=\"long\"} 1\n"));
    let lineage = fs::read_to_string(sandbox.path("lineage.ndjson")).unwrap();
    let last: serde_json::Value = serde_json::from_str(lineage.lines().last().unwrap()).unwrap();
    assert_eq!(last["eventType"], "ABORT");
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let sandbox = Sandbox::people();
    // a passphrase that never comes: the run waits where it looks at no flag
    let made = Command::new("mkfifo").arg(sandbox.path("secret")).status();
    assert!(made.unwrap().success());
    let args = ["run", "people.toml", "--passphrase-file", "secret"];
    let mut run = spawn(&sandbox, &args);
    let term = 1 << (15 - 1);
    until(&mut run, |run| mask(run, "SigCgt:") & term != 0);
    signal(&run, "-TERM");
    until(&mut run, |run| mask(run, "ShdPnd:") & term == 0);
    for _ in 0..1000 {
        assert!(run.try_wait().unwrap().is_none(), "one signal was enough");
        std::thread::yield_now();
    }
    signal(&run, "-TERM");
    let status = run.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(15)
    );
    assert!(!sandbox.path("safe").exists());
}

#[test]
fn a_run_that_is_told_to_stop_before_it_begins_says_so_too() {
    let sandbox = Sandbox::people();
    sandbox.write("secret", "the passphrase\n");
    let made = Command::new("mkfifo").arg(sandbox.path("pipe")).status();
    assert!(made.unwrap().success());
    let mut chmod = Command::new("chmod");
    assert!(
        chmod
            .arg("600")
            .arg(sandbox.path("secret"))
            .status()
            .unwrap()
            .success()
    );
    sandbox.ok(&[
        "keys",
        "new",
        "keys/other.keyring",
        "--passphrase-file",
        "secret",
    ]);
    sandbox.edit("people.toml", "test.keyring", "other.keyring");
    let mut run = spawn(
        &sandbox,
        &["run", "people.toml", "--passphrase-file", "pipe"],
    );
    until(&mut run, |run| mask(run, "SigCgt:") & (1 << (2 - 1)) != 0);
    signal(&run, "-INT");
    until(&mut run, |run| mask(run, "ShdPnd:") & (1 << (2 - 1)) == 0);
    fs::write(sandbox.path("pipe"), "the passphrase\n").unwrap();
    let done = Done::of(run.wait_with_output().unwrap());
    insta::assert_snapshot!(redacted(&done.err), @r"
    error: the run was stopped before its end
    nothing was published; `safe` has no current run
    ");
    assert_eq!(done.code, Some(1));
}

const PIPELINE: &str = r#"version = 1
name = "long"
domain = "test"
[keys]
keyring = "keys/test.keyring"
[source]
root = "sample:incident?scale=0.001&seed=7"
[sink]
root = "safe"
[identities.account]
kind = "integer"
[tables.users]
source = "users/*.parquet"
unlisted = "drop"
[tables.users.columns]
user_id = { token = "account" }
"#;
