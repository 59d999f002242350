//! What has not changed is not read again, and nobody can tell from the output.

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use arrow::array::Int64Array;
use pseudo_engine::filter::NoFilters;
use pseudo_engine::manifest::{Manifest, TableManifest};
use pseudo_engine::{Choice, Error, RunOptions, RunOutcome, RunReport};

use crate::harness::{Sandbox, another_keyring, at, batch, keyring, options, texts};

const TABLE: &str = r#"
[tables.t]
source = "t/*.csv"
subject = "id"
[tables.t.columns]
id = { token = "account" }
note = "keep"
"#;

const OTHER: &str = r#"
[tables.u]
source = "u.csv"
[tables.u.columns]
id = { token = "account" }
note = "keep"
"#;

/// A file of the tables: rows `from..to`, an unusual cell among them.
fn rows(from: u32, to: u32) -> String {
    let mut text = "id,note\n".to_owned();
    for row in from..to {
        match row % 7 {
            0 => text.push_str(&format!(",none{row}\n")),
            1 => text.push_str(&format!("x{row},odd\n")),
            _ => text.push_str(&format!("{row},{}\n", row % 3)),
        }
    }
    text
}

fn sandbox(files: &[(&str, u32, u32)]) -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, from, to) in files {
        sandbox.text(name, rows(*from, *to));
    }
    sandbox
}

/// Makes a file unreadable without a trace in its stamp: whoever reads it again will fail.
fn scribble(sandbox: &Sandbox, name: &str) {
    let path = sandbox.path("raw").join(name);
    let found = fs::metadata(&path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let body = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    bytes[body..].fill(b'"');
    *bytes.last_mut().unwrap() = b',';
    let mut file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all(&bytes).unwrap();
    let times = FileTimes::new().set_modified(found.modified().unwrap());
    file.set_times(times).unwrap();
}

/// The inodes of a table's output files, by their names.
fn inodes(sandbox: &Sandbox, manifest: &Manifest, table: &str) -> BTreeMap<String, u64> {
    let directory = sandbox.path("safe/runs").join(&manifest.run_id);
    let table = table_of(manifest, table);
    let inode = |path: &String| fs::metadata(directory.join(path)).unwrap().ino();
    let outputs = table.outputs.iter();
    outputs
        .map(|output| (output.path.clone(), inode(&output.path)))
        .collect()
}

fn table_of<'a>(manifest: &'a Manifest, name: &str) -> &'a TableManifest {
    let mut tables = manifest.tables.iter();
    tables.find(|table| table.table == name).unwrap()
}

/// The record of all tables without what says when a source file was written.
fn unstamped(manifest: &Manifest) -> Vec<TableManifest> {
    let mut tables = manifest.tables.clone();
    for source in tables.iter_mut().flat_map(|table| &mut table.sources) {
        source.stamp = Default::default();
    }
    tables
}

/// Every file of a run but its manifest and what is bound to it.
fn published(sandbox: &Sandbox, manifest: &Manifest) -> Vec<(String, Vec<u8>)> {
    let directory = sandbox.path("safe/runs").join(&manifest.run_id);
    let written = sandbox.written().into_iter();
    let own = written.filter_map(|(path, bytes)| {
        let name = path.strip_prefix(&directory).ok()?.to_str()?.to_owned();
        name.ends_with(".parquet").then_some((name, bytes))
    });
    let mut files: Vec<_> = own.collect();
    files.sort();
    files
}

fn full(options: &mut RunOptions<'_>) {
    options.full = true;
}

/// Runs some tables of a pipeline.
fn run_some(
    sandbox: &Sandbox,
    tables: &str,
    second: u32,
    names: &[&str],
    change: impl FnOnce(&mut RunOptions<'_>),
) -> Result<RunReport, Error> {
    // writes the pipeline file; whether all of it can be bound does not matter
    drop(sandbox.job(tables));
    let choice = Choice {
        tables: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Choice::default()
    };
    let job = pseudo_engine::open_with(&sandbox.path("pipeline.toml"), &NoFilters, &choice)?;
    let clock = move || at(second + 1);
    let mut options = options(second, &clock);
    change(&mut options);
    pseudo_engine::run(&job, keyring(), &options)
}

#[test]
fn a_file_that_arrives_between_others_is_read_alone() {
    let all = [
        ("t/a.csv", 0, 40),
        ("t/b.csv", 30, 90),
        ("t/c.csv", 80, 100),
    ];
    for threads in [1, 2, 5] {
        let threads = |options: &mut RunOptions<'_>| options.threads = Some(threads);
        let complete = sandbox(&all);
        let expected = complete.run_with(TABLE, 1, threads).unwrap().manifest;

        let sandbox = sandbox(&[all[0], all[2]]);
        let first = sandbox.run_with(TABLE, 1, threads).unwrap();
        assert_eq!(first.reused_files, 0);
        scribble(&sandbox, "t/a.csv");
        scribble(&sandbox, "t/c.csv");
        sandbox.text("t/b.csv", rows(30, 90));
        let second = sandbox.run_with(TABLE, 2, threads).unwrap();
        assert_eq!(second.outcome, RunOutcome::Published);
        assert_eq!(second.reused_files, 2);
        assert_eq!(unstamped(&second.manifest), unstamped(&expected));
        let files = published(&sandbox, &second.manifest);
        assert_eq!(files.len(), 3);
        assert_eq!(files, published(&complete, &expected));

        let inodes = |manifest| -> Vec<u64> {
            let inodes = inodes(&sandbox, manifest, "t");
            inodes.into_values().collect()
        };
        let (before, after) = (inodes(&first.manifest), inodes(&second.manifest));
        assert_eq!(before, [after[0], after[2]]);
        let columns = &table_of(&second.manifest, "t").columns;
        let distinct = columns[0].distinct.unwrap();
        // an estimate, under a key of this test's own
        assert!(distinct.abs_diff(85) <= 3, "{distinct}");
    }
}

#[test]
fn a_reader_of_what_was_scribbled_over_would_have_failed() {
    let sandbox = sandbox(&[("t/a.csv", 0, 40)]);
    sandbox.run(TABLE, 1).unwrap();
    scribble(&sandbox, "t/a.csv");
    assert_eq!(
        sandbox.run(TABLE, 2).unwrap().outcome,
        RunOutcome::NothingToDo
    );
    let error = sandbox.run_with(TABLE, 3, full).err().unwrap();
    assert!(matches!(error, Error::Source { .. }), "{error}");
}

#[test]
fn the_chunks_of_a_large_file_keep_their_bytes_under_other_numbers() {
    let table = r#"
[tables.t]
source = "t/*.parquet"
[tables.t.columns]
id = { token = "account" }
"#;
    let ids = |from: i64, to: i64| {
        let ids: Int64Array = (from..to).collect();
        batch([("id", Arc::new(ids))])
    };
    let sandbox = Sandbox::new();
    sandbox.parquet("t/b.parquet", &ids(0, 300_000), 100_000);
    let first = sandbox.run(table, 1).unwrap().manifest;
    assert_eq!(table_of(&first, "t").outputs.len(), 3);
    sandbox.parquet("t/a.parquet", &ids(300_000, 300_100), 100);
    let second = sandbox.run(table, 2).unwrap();
    assert_eq!(second.reused_files, 1);
    let digests = |manifest: &Manifest| -> Vec<String> {
        let outputs = table_of(manifest, "t").outputs.iter();
        outputs.map(|output| output.sha256.clone()).collect()
    };
    let (before, after) = (digests(&first), digests(&second.manifest));
    assert_eq!(before, after[1..]);
    let names = inodes(&sandbox, &second.manifest, "t").into_keys();
    let names: Vec<_> = names.map(|name| name[..12].to_owned()).collect();
    assert_eq!(
        names,
        (0..4)
            .map(|n| format!("t/part-0000{n}"))
            .collect::<Vec<_>>()
    );
    let again = sandbox.run_with(table, 3, full).unwrap().manifest;
    assert_eq!(
        published(&sandbox, &again),
        published(&sandbox, &second.manifest)
    );
    assert_eq!(again.tables, second.manifest.tables);
}

#[test]
fn changed_touched_and_removed_files() {
    let sandbox = sandbox(&[("t/a.csv", 0, 30), ("t/b.csv", 30, 60), ("t/c.csv", 60, 90)]);
    let first = sandbox.run(TABLE, 1).unwrap().manifest;
    // another inode and time, the same bytes
    fs::remove_file(sandbox.path("raw/t/a.csv")).unwrap();
    sandbox.text("t/a.csv", rows(0, 30));
    let touched = sandbox.run(TABLE, 2).unwrap();
    assert_eq!(touched.outcome, RunOutcome::NothingToDo);
    // the same size, other bytes
    sandbox.text("t/b.csv", rows(30, 60).replace("none35", "none53"));
    let changed = sandbox.run(TABLE, 3).unwrap();
    assert_eq!(changed.reused_files, 2);
    let notes = texts(&sandbox.read("t"), "note");
    assert!(notes.contains(&Some("none53".to_owned())));
    assert!(!notes.contains(&Some("none35".to_owned())));
    let before: Vec<_> = inodes(&sandbox, &first, "t").into_values().collect();
    let after: Vec<_> = inodes(&sandbox, &changed.manifest, "t")
        .into_values()
        .collect();
    assert_eq!((before[0], before[2]), (after[0], after[2]));
    assert_ne!(before[1], after[1]);

    fs::remove_file(sandbox.path("raw/t/a.csv")).unwrap();
    let removed = sandbox.run(TABLE, 4).unwrap();
    assert_eq!(removed.reused_files, 2);
    let table = table_of(&removed.manifest, "t");
    assert_eq!((table.source_rows, table.outputs.len()), (60, 2));
    let again = sandbox.run_with(TABLE, 5, full).unwrap();
    assert_eq!(again.reused_files, 0);
    assert_eq!(again.manifest.tables, removed.manifest.tables);
    assert_eq!(
        published(&sandbox, &again.manifest),
        published(&sandbox, &removed.manifest)
    );
}

#[test]
fn a_time_beyond_the_calendar_is_a_time() {
    let sandbox = sandbox(&[("t/a.csv", 0, 30)]);
    let touch = |second: u64| {
        let path = sandbox.path("raw/t/a.csv");
        let file = File::options().write(true).open(path).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(second);
        file.set_modified(time).unwrap();
    };
    touch(15_000_000_000);
    let first = sandbox.run(TABLE, 1).unwrap().manifest;
    touch(15_000_000_001);
    assert_eq!(
        sandbox.run(TABLE, 2).unwrap().outcome,
        RunOutcome::NothingToDo
    );
    let second = sandbox.run_with(TABLE, 3, full).unwrap().manifest;
    let time = |manifest: &Manifest| table_of(manifest, "t").sources[0].stamp.mtime_ns;
    assert_ne!(time(&first), time(&second));
}

#[test]
fn a_changed_rule_redoes_its_table_alone() {
    let both = format!("{TABLE}{OTHER}");
    let sandbox = sandbox(&[("t/a.csv", 0, 30), ("t/b.csv", 0, 9), ("u.csv", 5, 25)]);
    let first = sandbox.run(&both, 1).unwrap().manifest;
    scribble(&sandbox, "u.csv");
    let changed = format!("{}{OTHER}", TABLE.replace("\"keep\"", "{ prefix = 1 }"));
    let second = sandbox.run(&changed, 2).unwrap();
    assert_eq!(second.reused_files, 1);
    assert_eq!(
        inodes(&sandbox, &first, "u"),
        inodes(&sandbox, &second.manifest, "u")
    );
    let redone = inodes(&sandbox, &second.manifest, "t");
    assert!(redone.into_values().all(|inode| {
        let before = inodes(&sandbox, &first, "t");
        before.into_values().all(|other| other != inode)
    }));

    // another pipeline, no other output: a run all the same, that needs no space
    let unused = format!("{changed}[identities.unused]\nkind = \"email\"\n");
    let third = sandbox
        .run_with(&unused, 3, |options| options.space = Some(0))
        .unwrap();
    assert_eq!(third.outcome, RunOutcome::Published);
    assert_eq!(third.reused_files, 3);
    assert_eq!(third.manifest.tables, second.manifest.tables);
    assert_ne!(
        third.manifest.recipe.pipeline_hash,
        second.manifest.recipe.pipeline_hash
    );
}

#[test]
fn a_value_that_is_no_longer_rare_redoes_the_whole_table() {
    let table = r#"
[tables.t]
source = "t/*.csv"
order = "source"
[tables.t.columns]
id = { token = "account" }
note = { rare = { below = 3, to = "OTHER" } }
"#;
    let notes = |sandbox: &Sandbox| -> Vec<String> {
        let notes = texts(&sandbox.read("t"), "note").into_iter();
        notes.map(Option::unwrap).collect()
    };
    let sandbox = Sandbox::new();
    sandbox.text("t/b.csv", "id,note\n1,x\n2,y\n3,x\n4,y\n5,y\n");
    let first = sandbox.run(table, 1).unwrap().manifest;
    assert_eq!(notes(&sandbox), ["OTHER", "y", "OTHER", "y", "y"]);
    // a file that makes nothing less rare, and one that does
    sandbox.text("t/a.csv", "id,note\n6,z\n");
    let second = sandbox.run(table, 2).unwrap();
    assert_eq!(second.reused_files, 1);
    assert_eq!(notes(&sandbox), ["OTHER", "OTHER", "y", "OTHER", "y", "y"]);
    sandbox.text("t/c.csv", "id,note\n7,x\n");
    let third = sandbox.run(table, 3).unwrap();
    assert_eq!(third.reused_files, 0);
    assert_eq!(notes(&sandbox), ["OTHER", "x", "y", "x", "y", "y", "x"]);
    let rare = |manifest: &Manifest| table_of(manifest, "t").rare["note"].clone();
    assert_eq!(rare(&first), rare(&second.manifest));
    assert_ne!(rare(&first), rare(&third.manifest));
}

#[test]
fn what_a_run_adds_to_the_plan_redoes_the_tables_that_use_it() {
    let table = r#"
[tables.t]
source = "t/*.csv"
[tables.t.columns]
id = { token = "account" }
note = { map = "map.csv", default = "-" }
"#;
    let sandbox = sandbox(&[("t/a.csv", 0, 30), ("u.csv", 0, 9)]);
    fs::write(sandbox.path("map.csv"), "0,null\n").unwrap();
    let both = format!("{table}{OTHER}");
    sandbox.run(&both, 1).unwrap();
    fs::write(sandbox.path("map.csv"), "0,nil\n").unwrap();
    assert_eq!(sandbox.run(&both, 2).unwrap().reused_files, 1);
    assert!(texts(&sandbox.read("t"), "note").contains(&Some("nil".to_owned())));
}

#[test]
fn other_keys_redo_everything() {
    let sandbox = sandbox(&[("t/a.csv", 0, 30), ("t/b.csv", 30, 60)]);
    let first = sandbox.run(TABLE, 1).unwrap().manifest;
    let meant = |options: &mut RunOptions<'_>| options.new_epoch = true;
    let second = sandbox
        .run_keyed(TABLE, 2, &another_keyring(), meant)
        .unwrap();
    assert_eq!(second.reused_files, 0);
    let digests = |manifest: &Manifest| -> Vec<String> {
        inodes(&sandbox, manifest, "t").into_keys().collect()
    };
    assert_ne!(digests(&first), digests(&second.manifest));
}

#[test]
fn files_outlive_the_run_that_wrote_them() {
    let sandbox = sandbox(&[("t/m.csv", 0, 30)]);
    let first = sandbox.run(TABLE, 1).unwrap().manifest;
    let inode = inodes(&sandbox, &first, "t").into_values().next().unwrap();
    for (second, name) in [(2, "t/a.csv"), (3, "t/z.csv"), (4, "t/b.csv")] {
        sandbox.text(name, rows(100 * second, 100 * second + 10));
        assert_eq!(
            sandbox.run(TABLE, second).unwrap().outcome,
            RunOutcome::Published
        );
    }
    assert!(!sandbox.path("safe/runs").join(&first.run_id).exists());
    let last = Manifest::read(&sandbox.path("safe/current")).unwrap();
    assert!(
        inodes(&sandbox, &last, "t")
            .values()
            .any(|own| *own == inode)
    );
    assert_eq!(sandbox.read("t").num_rows(), 60);
    let again = sandbox.run_with(TABLE, 9, full).unwrap().manifest;
    assert_eq!(published(&sandbox, &again), published(&sandbox, &last));
    assert_eq!(again.tables, last.tables);
}

#[test]
fn what_is_damaged_is_made_again() {
    let sandbox = sandbox(&[("t/a.csv", 0, 30), ("t/b.csv", 30, 60)]);
    let first = sandbox.run(TABLE, 1).unwrap().manifest;
    let part = |at: usize| {
        let run = Manifest::read(&sandbox.path("safe/current")).unwrap();
        let path = &table_of(&run, "t").outputs[at].path;
        sandbox.path("safe/current").join(path)
    };
    File::options()
        .append(true)
        .open(part(0))
        .unwrap()
        .write_all(b"x")
        .unwrap();
    assert_eq!(sandbox.run(TABLE, 2).unwrap().reused_files, 1);
    fs::remove_file(part(1)).unwrap();
    let mended = sandbox.run(TABLE, 3).unwrap();
    assert_eq!(mended.reused_files, 1);
    assert_eq!(mended.manifest.tables, first.tables);

    let sidecar = sandbox.path("safe/current/reuse.bin");
    let whole = fs::read(&sidecar).unwrap();
    let damages: [&dyn Fn() -> Option<Vec<u8>>; 4] = [
        &|| None,
        &|| Some(whole[..whole.len() - 1].to_vec()),
        &|| Some(Vec::new()),
        &|| {
            let mut bytes = whole.clone();
            bytes[60] ^= 1;
            Some(bytes)
        },
    ];
    for (second, damage) in (10..).zip(damages) {
        let sidecar = sandbox.path("safe/current/reuse.bin");
        fs::remove_file(&sidecar).unwrap();
        if let Some(bytes) = damage() {
            fs::write(&sidecar, bytes).unwrap();
        }
        assert_eq!(
            sandbox.run(TABLE, second).unwrap().outcome,
            RunOutcome::NothingToDo
        );
        sandbox.text("t/c.csv", rows(second, second + 30));
        assert_eq!(sandbox.run(TABLE, second + 20).unwrap().reused_files, 0);
    }
    // that of another run
    fs::write(sandbox.path("safe/current/reuse.bin"), whole).unwrap();
    sandbox.text("t/c.csv", rows(0, 3));
    assert_eq!(sandbox.run(TABLE, 50).unwrap().reused_files, 0);
    sandbox.text("t/c.csv", rows(0, 4));
    assert_eq!(sandbox.run(TABLE, 51).unwrap().reused_files, 2);
}

#[test]
fn empty_files_are_not_read_again_and_empty_tables_have_a_file() {
    let sandbox = sandbox(&[("t/a.csv", 0, 0)]);
    let first = sandbox.run(TABLE, 1).unwrap().manifest;
    assert_eq!(table_of(&first, "t").outputs.len(), 1);
    sandbox.text("t/b.csv", rows(0, 0));
    let second = sandbox.run(TABLE, 2).unwrap();
    assert_eq!(second.reused_files, 1);
    assert_eq!(
        table_of(&second.manifest, "t").outputs,
        table_of(&first, "t").outputs
    );
    sandbox.text("t/0.csv", rows(0, 5));
    let third = sandbox.run(TABLE, 3).unwrap();
    assert_eq!(third.reused_files, 2);
    assert_eq!(table_of(&third.manifest, "t").outputs.len(), 1);
    assert_eq!(sandbox.read("t").num_rows(), 5);
}

#[test]
fn some_tables_run_and_the_others_keep_their_output() {
    let both = format!("{TABLE}{OTHER}");
    let sandbox = sandbox(&[("t/a.csv", 0, 30), ("u.csv", 5, 25)]);
    let first = sandbox.run(&both, 1).unwrap().manifest;
    // the source and the rules of the other table do not matter
    sandbox.text("t/b.csv", rows(30, 40));
    fs::remove_file(sandbox.path("raw/u.csv")).unwrap();
    let changed = both.replace("source = \"u.csv\"", "source = \"v.csv\"");
    let second = run_some(&sandbox, &changed, 2, &["t"], |_| {}).unwrap();
    assert_eq!(
        (second.outcome, second.reused_files),
        (RunOutcome::Published, 1)
    );
    let names = |manifest: &Manifest| -> Vec<String> {
        let tables = manifest.tables.iter();
        tables.map(|table| table.table.clone()).collect()
    };
    assert_eq!(names(&second.manifest), ["t", "u"]);
    assert_eq!(table_of(&second.manifest, "u"), table_of(&first, "u"));
    assert_eq!(
        inodes(&sandbox, &second.manifest, "u"),
        inodes(&sandbox, &first, "u")
    );
    assert_eq!(sandbox.read("t").num_rows(), 40);
    let again = run_some(&sandbox, &changed, 3, &["t"], |_| {}).unwrap();
    assert_eq!(again.outcome, RunOutcome::NothingToDo);
    let forced = run_some(&sandbox, &changed, 4, &["t"], full).unwrap();
    assert_eq!(
        (forced.outcome, forced.reused_files),
        (RunOutcome::Published, 0)
    );
    assert_eq!(forced.manifest.tables, second.manifest.tables);

    // a run of all tables sees that what was kept is out of date; what was kept is still known
    sandbox.text("v.csv", rows(1, 3));
    let all = sandbox.run(&changed, 5).unwrap();
    assert_eq!((all.outcome, all.reused_files), (RunOutcome::Published, 2));
    assert_eq!(sandbox.read("u").num_rows(), 2);
    let kept = run_some(&sandbox, &changed, 6, &["u"], full).unwrap();
    assert_eq!(names(&kept.manifest), ["t", "u"]);
    sandbox.text("t/c.csv", rows(40, 50));
    assert_eq!(sandbox.run(&changed, 7).unwrap().reused_files, 3);
}

#[test]
fn tables_that_cannot_keep_their_output_are_refused() {
    let both = format!("{TABLE}{OTHER}");
    let sandbox = sandbox(&[("t/a.csv", 0, 30), ("u.csv", 5, 25)]);
    let fault = |done: Result<RunReport, Error>| {
        let error = done.err().unwrap();
        assert_eq!(error.exit_code(), 2, "{error}");
        let staged = fs::read_dir(sandbox.path("safe/.staging"));
        assert_eq!(staged.map_or(0, Iterator::count), 0);
        error.to_string()
    };
    let unknown = fault(run_some(&sandbox, &both, 1, &["t", "x"], |_| {}));
    assert!(unknown.contains("no table is called `x`"), "{unknown}");
    assert!(unknown.contains("tables: `t`, `u`"), "{unknown}");
    let none = fault(run_some(&sandbox, &both, 1, &["t"], |_| {}));
    assert!(
        none.contains("table `u`") && none.contains("no current run"),
        "{none}"
    );
    sandbox.run(TABLE, 2).unwrap();
    let absent = fault(run_some(&sandbox, &both, 3, &["t"], |_| {}));
    assert!(absent.contains("the current run has none"), "{absent}");
    // no table was left out
    run_some(&sandbox, TABLE, 4, &["t"], full).unwrap();

    let meant = |options: &mut RunOptions<'_>| options.new_epoch = true;
    sandbox
        .run_keyed(&both, 5, &another_keyring(), meant)
        .unwrap();
    let keys = fault(run_some(&sandbox, &both, 6, &["t"], |_| {}));
    assert!(keys.contains("was made with key"), "{keys}");
    let keys = fault(run_some(&sandbox, &both, 6, &["t"], meant));
    assert!(keys.contains("another key or domain"), "{keys}");

    let last = sandbox.run_with(&both, 7, meant).unwrap().manifest;
    let path = &table_of(&last, "u").outputs[0].path;
    fs::remove_file(sandbox.path("safe/current").join(path)).unwrap();
    let damaged = fault(run_some(&sandbox, &both, 8, &["t"], |_| {}));
    assert!(damaged.contains("missing or changed"), "{damaged}");
    assert_eq!(Manifest::read(&sandbox.path("safe/current")).unwrap(), last);
}

#[test]
fn tables_that_keep_their_output_are_compared_with_those_that_run() {
    let phones = ["15400000001", "16312345678", "16187654321"];
    let none = "contact\nnone\nnobody\nno one\n";
    let rules = [
        "{ token = \"phone\" }",
        "{ token = \"phone\", encoding = \"binary\", bits = 256 }",
        "{ seal = \"phone\" }",
        "{ fpe = \"phone\", alphabet = \"digits\" }",
    ];
    for rule in rules {
        let tables = format!(
            "[tables.u]\nsource = \"u.csv\"\n[tables.u.columns]\nphone = {rule}\n\
             [tables.t]\nsource = \"t.csv\"\n[tables.t.columns]\ncontact = \"keep\"\n"
        );
        let sandbox = Sandbox::new();
        let refused = |name: &str, file: &str| {
            let error = run_some(&sandbox, &tables, 5, &[name], |_| {})
                .err()
                .unwrap();
            assert_eq!(error.exit_code(), 3, "{error}");
            let said = "table `t`, column `contact`: 3 distinct values in 3 rows stand in clear \
                        for what identity `phone` protects";
            assert!(error.to_string().contains(said), "{file}: {error}");
        };
        let shown = format!("contact\n{}\n", phones.join("\n"));
        let protected = shown.replace("contact", "phone");
        sandbox.text("u.csv", &protected);
        sandbox.text("t.csv", none);
        sandbox.run(&tables, 1).unwrap();
        sandbox.text("t.csv", &shown);
        refused("t", "shown now");
        sandbox.text("u.csv", "phone\n15487654321\n");
        run_some(&sandbox, &tables, 2, &["u"], |_| {}).unwrap();
        run_some(&sandbox, &tables, 3, &["t"], |_| {}).unwrap();
        sandbox.text("u.csv", &protected);
        refused("u", "protected now");
        // nobody can ask about an identity of a kind that is not known
        sandbox.text("t.csv", none);
        let path = sandbox.path("safe/current/manifest.json");
        let manifest = fs::read_to_string(&path).unwrap();
        fs::write(&path, manifest.replace("cn-phone/1", "cn-phone/9")).unwrap();
        let error = run_some(&sandbox, &tables, 6, &["t"], |_| {})
            .err()
            .unwrap();
        assert!(matches!(error, Error::Kept { .. }), "{error}");
    }
}

#[test]
fn a_disk_without_room_is_told_before_anything_is_written() {
    let table = r#"
[tables.t]
source = "t/*.parquet"
[tables.t.columns]
id = { token = "account" }
"#;
    let sandbox = Sandbox::new();
    let ids =
        |rows: i64| -> Int64Array { (0..rows).map(|id| (id % 4 > 0).then_some(id)).collect() };
    sandbox.parquet("t/a.parquet", &batch([("id", Arc::new(ids(4_000)))]), 1_000);
    let room = |bytes: u64| move |options: &mut RunOptions<'_>| options.space = Some(bytes);
    let error = sandbox.run_with(table, 1, room(89_999)).err().unwrap();
    assert!(
        matches!(
            error,
            Error::Space {
                needed: 90_000,
                free: 89_999,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.exit_code(), 1);
    let text = error.to_string();
    assert!(text.contains("90000") && text.contains("89999"), "{text}");
    let left: Vec<_> = fs::read_dir(sandbox.path("safe")).unwrap().collect();
    assert_eq!(left.len(), 1, "the lock alone");
    sandbox.run_with(table, 2, room(90_000)).unwrap();
    // what is taken over needs no room
    sandbox.parquet("t/b.parquet", &batch([("id", Arc::new(ids(4)))]), 1_000);
    assert_eq!(
        sandbox.run_with(table, 3, room(90)).unwrap().reused_files,
        1
    );
}

const HELD: &str = r#"
[limits]
rows_change = 0.6
[tables.t]
source = "t/*.csv"
[tables.t.columns]
n = "keep"
phone = { token = "phone", on_invalid = "quarantine" }
[tables.u]
source = "u.csv"
[tables.u.columns]
id = { token = "account" }
note = "keep"
"#;

/// Phone numbers, the last of them as given.
fn phones(from: u32, to: u32, last: &str) -> String {
    let mut text = "n,phone\n".to_owned();
    for row in from..to {
        text.push_str(&format!("{row},138{row:08}\n"));
    }
    text + &format!("{to},{last}\n")
}

/// A sandbox of [`HELD`], one row of it in quarantine.
fn held() -> Sandbox {
    let sandbox = sandbox(&[("u.csv", 0, 30)]);
    sandbox.text("t/a.csv", phones(0, 20, "13800000000"));
    sandbox.text("t/c.csv", phones(40, 60, "canary"));
    sandbox
}

#[test]
fn a_file_with_rows_in_quarantine_is_read_again() {
    let complete = held();
    complete.text("t/b.csv", phones(20, 40, "13800000000"));
    let complete_run = complete.run(HELD, 0).unwrap().manifest;
    let grown = held();
    grown.run(HELD, 0).unwrap();
    grown.text("t/b.csv", phones(20, 40, "13800000000"));
    for name in ["t/a.csv", "u.csv"] {
        scribble(&grown, name);
    }
    let report = grown.run(HELD, 2).unwrap();
    assert_eq!(report.reused_files, 2);
    let manifest = report.manifest;
    assert_eq!(
        published(&grown, &manifest),
        published(&complete, &complete_run)
    );
    let table = table_of(&manifest, "t");
    let held: Vec<_> = table.sources.iter().map(|s| s.quarantined_rows).collect();
    assert_eq!(held, [0, 0, 1]);
    assert_eq!(
        (table.quarantined_rows, table.columns[1].counts.quarantined),
        (1, 1)
    );
    let record = |manifest: &Manifest| {
        let outputs = table_of(manifest, "t").outputs.iter();
        let mut records = outputs.filter_map(|output| output.quarantine.clone());
        (records.next().unwrap(), records.next())
    };
    assert_eq!(record(&manifest), record(&complete_run));
    let path = grown.path("safe/current").join(record(&manifest).0.path);
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        "{\"file\":\"t/c.csv\",\"row\":21,\"column\":\"phone\",\"reason\":\"invalid-cn-phone\"}\n"
    );
}

#[test]
fn a_table_that_keeps_its_output_keeps_its_records_and_is_not_missed() {
    let sandbox = held();
    let first = sandbox.run(HELD, 0).unwrap().manifest;
    sandbox.text("u.csv", rows(0, 40));
    let second = run_some(&sandbox, HELD, 2, &["u"], |_| {})
        .unwrap()
        .manifest;
    assert_eq!(table_of(&second, "t"), table_of(&first, "t"));
    let outputs = table_of(&second, "t").outputs.iter();
    let record = outputs
        .filter_map(|output| output.quarantine.as_ref())
        .next();
    let record = record.unwrap();
    let inode = |run: &Manifest| {
        let path = sandbox
            .path("safe/runs")
            .join(&run.run_id)
            .join(&record.path);
        fs::metadata(path).unwrap().ino()
    };
    assert_eq!(inode(&first), inode(&second));
    // one that is asked for is held to the limits
    sandbox.text("u.csv", rows(0, 90));
    let error = run_some(&sandbox, HELD, 4, &["u"], |_| {}).err().unwrap();
    assert!(matches!(error, Error::Limits { .. }), "{error}");
    // and a record that is gone cannot be kept
    let current = sandbox.path("safe/current");
    fs::remove_file(current.join(&record.path)).unwrap();
    sandbox.text("u.csv", rows(0, 41));
    let error = run_some(&sandbox, HELD, 4, &["u"], |_| {}).err().unwrap();
    assert!(matches!(error, Error::Kept { .. }), "{error}");
}

#[test]
fn a_quarantine_may_leave_nothing_to_write() {
    let sandbox = held();
    let tight = |options: &mut RunOptions<'_>| options.space = Some(1 << 10);
    run_some(&sandbox, HELD, 0, &[], tight).unwrap();
}
