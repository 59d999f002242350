//! `pseudo init`: the draft for the sample as a person reads it, that it is checked, run and
//! verified as it stands, and what is refused.

use std::fs;

use crate::harness::Sandbox;

#[test]
fn the_draft_for_the_sample_is_checked_run_and_verified_as_it_stands() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["sample", "incident", "--scale", "0.002", "data/raw"]);
    let drafted = sandbox.run(&["init", "data/raw", "-o", "draft.toml"]);
    assert_eq!(
        (drafted.code, drafted.out.as_str()),
        (Some(0), ""),
        "{}",
        drafted.err
    );
    insta::assert_snapshot!(drafted.err, @r"
    7 tables, 61 columns, 36 of them identifiers or keys; 13,278 rows were read
    read it, then: pseudo check draft.toml
    ");
    let text = fs::read_to_string(sandbox.path("draft.toml")).unwrap();
    insta::assert_snapshot!("draft", text);
    sandbox.ok(&["check", "draft.toml"]);
    sandbox.ok(&["run", "draft.toml"]);
    let sink = "data/raw-safe";
    sandbox.ok(&["verify", sink, "--pipeline", "draft.toml"]);
    let joined = "SELECT count(*) FROM orders o JOIN users u USING (user_id)";
    let orders = sandbox.number(sink, "SELECT count(*) FROM orders");
    assert_eq!(sandbox.number(sink, joined), orders);

    // all rows say what some of so few say, and the same to standard output
    assert_eq!(sandbox.ok(&["init", "data/raw", "--full"]), text);
    assert_eq!(sandbox.run(&["init", "data/raw", "-q"]).err, "");
}

#[test]
fn paths_in_a_draft_are_relative_to_its_file() {
    let sandbox = Sandbox::people();
    sandbox.write("pipelines/empty", "");
    sandbox.ok(&["init", "raw", "-o", "pipelines/draft.toml"]);
    let text = fs::read_to_string(sandbox.path("pipelines/draft.toml")).unwrap();
    assert!(text.contains("root = \"../raw\""), "{text}");
    assert!(text.contains("root = \"../raw-safe\""), "{text}");
    sandbox.ok(&["run", "pipelines/draft.toml"]);
    assert!(sandbox.current("raw-safe").is_some());
    // names of three people and as many towns: too few to tell
    let columns = sandbox.ok(&[
        "query",
        "raw-safe",
        "SELECT * FROM people",
        "--format",
        "csv",
    ]);
    assert_eq!(columns.lines().next(), Some("id"));
    assert!(!columns.contains('甲'), "{columns}");
}

#[test]
fn the_embedded_sample_can_be_drafted_for() {
    let sandbox = Sandbox::new();
    let source = "sample:incident?scale=0.001&seed=42";
    sandbox.ok(&["init", source, "-o", "draft.toml"]);
    sandbox.ok(&["run", "draft.toml"]);
    assert!(sandbox.current("safe").is_some());
}

#[test]
fn no_draft_replaces_a_file_and_no_source_gives_an_empty_one() {
    let sandbox = Sandbox::people();
    sandbox.write("void/notes.txt", "nothing");
    let before = sandbox.files(".");
    let refused = |args: &[&str]| sandbox.run(args).refusal();
    insta::assert_snapshot!(refused(&["init", "raw", "-o", "people.toml"]), @r"
    exit 2
    error: `people.toml` is there already, and no draft replaces it
      hint: name another file
    ");
    insta::assert_snapshot!(refused(&["init", "void", "-o", "new.toml"]), @r"
    exit 2
    left out `notes.txt`: its name tells no format
    error: no file below `void` whose name tells a format
    ");
    insta::assert_snapshot!(refused(&["init", "nowhere"]), @r"
    exit 2
    error: cannot read `nowhere`: entity not found
    ");
    insta::assert_snapshot!(refused(&["init", "raw/people.csv"]), @r"
    exit 2
    error: `raw/people.csv` is not a directory
      hint: name the directory that the file is in
    ");
    insta::assert_snapshot!(refused(&["init", "raw", "-o", "nowhere/new.toml"]), @r"
    exit 2
    error: cannot read `nowhere`: entity not found
    ");
    insta::assert_snapshot!(refused(&["init", "sample:other"]), @r"
    exit 2
    error: no sample is called `other`; there is `incident`
    ");
    sandbox.write("broken/a.parquet", "PAR1 no more");
    insta::assert_snapshot!(refused(&["init", "broken", "-o", "new.toml"]), @r"
    exit 1
    error: `a.parquet`: truncated Parquet: it has no footer
    ");
    fs::remove_dir_all(sandbox.path("broken")).unwrap();
    assert_eq!(sandbox.files("."), before);
}
