//! `pseudo forget` as a person meets it.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Done, Sandbox};
use crate::text::redacted;

/// Three people, whose rows are about accounts, in two published runs.
fn published() -> Sandbox {
    let sandbox = Sandbox::people();
    let subject = "source = \"people.csv\"\nsubject = \"id\"";
    sandbox.edit("people.toml", "source = \"people.csv\"", subject);
    sandbox.ok(&["run", "people.toml", "--run-id", "one"]);
    let rows = "id,name,city\n1,甲,北京\n2,乙,上海\n3,丙,北京\n4,丁,广州\n";
    sandbox.write("raw/people.csv", rows);
    sandbox.ok(&["run", "people.toml", "--run-id", "two"]);
    sandbox
}

/// What comes before the options of a case.
const FORGET: [&str; 6] = [
    "forget",
    "safe",
    "--pipeline",
    "people.toml",
    "--reason",
    "request 17",
];

fn forget(sandbox: &Sandbox, options: &[&str]) -> Done {
    sandbox.run(&[&FORGET[..], options].concat())
}

/// The subjects as standard input.
fn forget_input(sandbox: &Sandbox, subjects: &str, options: &[&str]) -> Done {
    let options = [&FORGET[..], &["--subjects", "-"][..], options].concat();
    let mut command = sandbox.command(&options);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(subjects.as_bytes()).unwrap();
    drop(input);
    Done::of(child.wait_with_output().unwrap())
}

fn cities(sandbox: &Sandbox) -> Vec<String> {
    let rows = sandbox.query("safe", "SELECT city FROM people ORDER BY city");
    rows.into_iter().flatten().collect()
}

#[test]
fn what_is_done_and_what_remains_is_said() {
    let sandbox = published();
    sandbox.write("ids.txt", "+2\n0077\n4\n");
    let done = forget(&sandbox, &["--subjects", "ids.txt"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    insta::assert_snapshot!(done.out);
    assert_eq!(cities(&sandbox), ["北京", "北京"]);
    let runs: Vec<_> = sandbox.files("safe/runs").into_iter().collect();
    assert!(
        runs.iter()
            .all(|(name, _)| name.contains("/one.2/") || name.contains("/two.2/"))
    );
    let again = forget(&sandbox, &["--subjects", "ids.txt"]);
    assert_eq!(again.code, Some(0), "{}", again.err);
    let said = "nothing to do: of 3 subjects of identity account no retained run holds a row, 2 \
                were forgotten before\n";
    assert_eq!(again.out, said);
    // tomorrow, from a source that still has them
    sandbox.write(
        "raw/people.csv",
        "id,name,city\n1,甲,北京\n2,乙,上海\n5,戊,深圳\n",
    );
    let done = sandbox.ok(&["run", "people.toml"]);
    assert!(done.contains("\nrows of forgotten subjects: 1\n"), "{done}");
    assert_eq!(cities(&sandbox), ["北京", "深圳"]);
    let table = &sandbox.manifest("safe")["tables"][0];
    assert_eq!(
        (&table["source_rows"], &table["forgotten_rows"]),
        (&3.into(), &1.into())
    );
    sandbox.ok(&["verify", "safe"]);
}

#[test]
fn machines_read_it_and_nobody_reads_the_values() {
    let sandbox = published();
    let done = forget_input(&sandbox, "2\n80041\n", &["--json"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let answer: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(answer["outcome"], "forgotten");
    assert_eq!(
        (&answer["subjects"], &answer["found"]),
        (&2.into(), &1.into())
    );
    assert_eq!(answer["runs"][0]["rows_removed"]["people"], 1);
    assert_eq!(
        (&answer["current"], &answer["epoch"]),
        (&"two.2".into(), &1.into())
    );
    assert_eq!(answer["remains"].as_array().unwrap().len(), 3);
    let origin = &sandbox.manifest("safe")["origins"][0];
    assert_eq!(
        (&origin["reason"], &origin["run_id"]),
        (&"request 17".into(), &"two".into())
    );
    let holds = |bytes: &[u8]| bytes.windows(5).any(|part| part == b"80041");
    assert!(!holds(done.out.as_bytes()) && !holds(done.err.as_bytes()));
    assert!(!sandbox.files("safe").iter().any(|(_, bytes)| holds(bytes)));
    let none = forget_input(&sandbox, "80041\n", &["--json"]);
    let answer: Value = serde_json::from_str(&none.out).unwrap();
    assert_eq!(
        (none.code, &answer["outcome"]),
        (Some(0), &"nothing-to-do".into())
    );
}

#[test]
fn refusals_say_what_is_still_current() {
    let sandbox = published();
    let before = sandbox.files("safe");
    let blank = forget_input(&sandbox, "2\n-\n", &[]);
    insta::assert_snapshot!(redacted(&blank.refusal()), @"
    exit 2
    error: line 2 of the subjects is blank
    nothing was published; run `two` is still current in `safe`
    ");
    let missing = forget(&sandbox, &["--subjects", "nobody.txt"]);
    insta::assert_snapshot!(missing.refusal(), @"
    exit 2
    error: the subjects in `nobody.txt` cannot be read: entity not found
    nothing was published; run `two` is still current in `safe`
    ");
    let identity = forget_input(&sandbox, "2", &["--identity", "person"]);
    insta::assert_snapshot!(identity.refusal(), @"
    exit 2
    error: the subject of no table is of identity `person`
    nothing was published; run `two` is still current in `safe`
    ");
    sandbox.edit("people.toml", "subject = \"id\"\n", "");
    let untold = forget_input(&sandbox, "2", &[]);
    insta::assert_snapshot!(untold.refusal(), @"
    exit 2
    error: no table has a `subject` with an identity
    nothing was published; run `two` is still current in `safe`
    ");
    sandbox.edit(
        "people.toml",
        "source = \"p",
        "subject = \"name\"\nsource = \"p",
    );
    let typo = forget(&sandbox, &["--subject", "ids.txt"]);
    assert_eq!(typo.code, Some(2));
    assert!(
        typo.err.ends_with("nothing was published\n"),
        "{}",
        typo.err
    );
    let lock = |files: Vec<(String, Vec<u8>)>| -> Vec<(String, Vec<u8>)> {
        files
            .into_iter()
            .filter(|(name, _)| !name.ends_with(".lock"))
            .collect()
    };
    assert_eq!(lock(sandbox.files("safe")), lock(before));
}

#[test]
fn a_table_without_pseudonyms_of_its_subject_is_named() {
    let sandbox = published();
    let other = "[tables.cities]\nsource = \"cities.csv\"\nsubject = \"name\"\n\
                 [tables.cities.columns]\nname = \"drop\"\ncity = \"keep\"\n";
    let pipeline = std::fs::read_to_string(sandbox.path("people.toml")).unwrap();
    sandbox.write("people.toml", format!("{pipeline}{other}"));
    sandbox.write("raw/cities.csv", "name,city\n甲,北京\n");
    sandbox.ok(&["run", "people.toml", "--run-id", "three"]);
    let untold = forget_input(&sandbox, "2", &[]);
    insta::assert_snapshot!(untold.refusal(), @"
    exit 3
    error: table `cities` cannot be searched: its output has no pseudonym of `name` (run `three`)
      hint: name the tables to search with `--table`; rows of the others stay
    nothing was published; run `three` is still current in `safe`
    ");
    let done = forget_input(&sandbox, "2", &["--table", "people"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(cities(&sandbox), ["北京", "北京", "广州"]);
}
