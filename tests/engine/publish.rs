//! What readers see: one complete run, before, during and after any attempt.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use pseudo_engine::manifest::Manifest;
use pseudo_engine::{Error, RunOutcome};

use crate::harness::{Sandbox, another_keyring, texts};

const TABLE: &str = r#"
[tables.t]
source = "*.csv"
order = "source"
[tables.t.columns]
id = { token = "account" }
note = "keep"
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.text("a.csv", "id,note\n1,x\n2,y\n");
    sandbox
}

fn runs(sandbox: &Sandbox) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(sandbox.path("safe/runs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_run_is_published_under_its_id_and_current_points_to_it() {
    let sandbox = sandbox();
    let report = sandbox.run(TABLE, 1).unwrap();
    let id = &report.manifest.run_id;
    assert_eq!(id, "20270115T080001Z");
    let link = fs::read_link(sandbox.path("safe/current")).unwrap();
    assert_eq!(link.to_str().unwrap(), format!("runs/{id}"));
    assert!(
        fs::read_dir(sandbox.path("safe/.staging"))
            .unwrap()
            .next()
            .is_none()
    );
    let read = Manifest::read(&sandbox.path("safe/current")).unwrap();
    assert_eq!(read, report.manifest);
    let output = &read.tables[0].outputs[0];
    let part = sandbox.path("safe/current").join(&output.path);
    assert_eq!(
        output.path,
        format!("t/part-00000-{}.parquet", &output.sha256[..8])
    );
    assert_eq!(
        fs::metadata(&part).unwrap().permissions().mode() & 0o777,
        0o640
    );
    let directory = fs::metadata(part.parent().unwrap()).unwrap();
    assert_eq!(directory.permissions().mode() & 0o777, 0o750);
}

#[test]
fn an_unchanged_run_is_nothing_to_do_and_a_full_one_writes_the_same_bytes() {
    let sandbox = sandbox();
    let first = sandbox.run(TABLE, 1).unwrap().manifest;
    let again = sandbox.run(TABLE, 5).unwrap();
    assert_eq!(again.outcome, RunOutcome::NothingToDo);
    assert_eq!(again.manifest, first);
    // a new mtime with the same content is no change either
    sandbox.text("a.csv", "id,note\n1,x\n2,y\n");
    assert_eq!(
        sandbox.run(TABLE, 6).unwrap().outcome,
        RunOutcome::NothingToDo
    );
    let full = sandbox
        .run_with(TABLE, 7, |options| options.full = true)
        .unwrap();
    assert_eq!(full.outcome, RunOutcome::Published);
    assert_eq!(full.manifest.tables[0].outputs, first.tables[0].outputs);
}

#[test]
fn a_change_of_source_or_rules_is_a_new_run() {
    let sandbox = sandbox();
    sandbox.run(TABLE, 1).unwrap();
    sandbox.text("b.csv", "id,note\n3,z\n");
    let second = sandbox.run(TABLE, 2).unwrap();
    assert_eq!(second.outcome, RunOutcome::Published);
    assert_eq!(second.manifest.tables[0].source_rows, 3);
    let third = sandbox
        .run(&TABLE.replace("note = \"keep\"", "note = \"drop\""), 3)
        .unwrap();
    assert_eq!(third.outcome, RunOutcome::Published);
    assert_eq!(sandbox.read("t").num_columns(), 1);
}

#[test]
fn a_missing_output_file_is_written_again() {
    let sandbox = sandbox();
    let first = sandbox.run(TABLE, 1).unwrap().manifest;
    let part = sandbox
        .path("safe/current")
        .join(&first.tables[0].outputs[0].path);
    fs::remove_file(part).unwrap();
    assert_eq!(
        sandbox.run(TABLE, 2).unwrap().outcome,
        RunOutcome::Published
    );
    assert_eq!(texts(&sandbox.read("t"), "note").len(), 2);
}

#[test]
fn a_failed_run_leaves_what_is_published_untouched() {
    let sandbox = sandbox();
    let first = sandbox.run(TABLE, 1).unwrap().manifest;
    sandbox.text("b.csv", "id,note\n3\n");
    assert_eq!(sandbox.run(TABLE, 2).err().unwrap().exit_code(), 1);
    assert_eq!(
        Manifest::read(&sandbox.path("safe/current")).unwrap(),
        first
    );
    assert_eq!(runs(&sandbox), [first.run_id]);
    assert!(
        fs::read_dir(sandbox.path("safe/.staging"))
            .unwrap()
            .next()
            .is_none()
    );
}

#[test]
fn only_the_last_runs_are_retained_and_leftovers_go() {
    let sandbox = sandbox();
    fs::create_dir_all(sandbox.path("safe/runs/half-written/t")).unwrap();
    fs::create_dir_all(sandbox.path("safe/.staging/dead/t")).unwrap();
    for second in 1..=4 {
        sandbox
            .run_with(TABLE, second, |options| options.full = true)
            .unwrap();
    }
    assert_eq!(runs(&sandbox), ["20270115T080003Z", "20270115T080004Z"]);
    assert!(!sandbox.path("safe/.staging/dead").exists());
}

#[test]
fn run_ids_are_never_reused() {
    let sandbox = sandbox();
    sandbox.run(TABLE, 1).unwrap();
    let again = sandbox
        .run_with(TABLE, 1, |options| options.full = true)
        .unwrap();
    assert_eq!(again.manifest.run_id, "20270115T080001Z-2");
    let named = |options: &mut pseudo_engine::RunOptions<'_>| {
        options.full = true;
        options.run_id = Some("20270115T080001Z-2".to_owned());
    };
    assert!(matches!(
        sandbox.run_with(TABLE, 9, named),
        Err(Error::RunId { .. })
    ));
}

#[test]
fn a_second_run_is_told_who_holds_the_sink() {
    let sandbox = sandbox();
    sandbox.run(TABLE, 1).unwrap();
    let lock = fs::OpenOptions::new()
        .write(true)
        .open(sandbox.path("safe/.lock"))
        .unwrap();
    lock.lock().unwrap();
    let error = sandbox.run(TABLE, 2).err().unwrap();
    assert_eq!(error.exit_code(), 75);
    let text = error.to_string();
    assert!(
        text.contains(&format!("pid {}", std::process::id())),
        "{text}"
    );
    drop(lock);
    assert!(sandbox.run(TABLE, 3).is_ok());
}

#[test]
fn another_secret_than_before_has_to_be_meant() {
    let sandbox = sandbox();
    let first = sandbox.run(TABLE, 1).unwrap().manifest;
    let other = another_keyring();
    let error = sandbox.run_keyed(TABLE, 2, &other, |_| {}).err().unwrap();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains(&first.recipe.key_check_value));
    assert_eq!(runs(&sandbox), [first.run_id]);
    let meant = |options: &mut pseudo_engine::RunOptions<'_>| options.new_epoch = true;
    let second = sandbox.run_keyed(TABLE, 3, &other, meant).unwrap();
    assert_eq!(second.outcome, RunOutcome::Published);
}
