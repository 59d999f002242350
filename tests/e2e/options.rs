//! What can be said of a run beside its pipeline file: values for placeholders, and which tables.

use serde_json::Value;

use crate::harness::Sandbox;

/// Two nights of people, and a pipeline over one of them.
fn nights() -> Sandbox {
    let sandbox = Sandbox::people();
    sandbox.edit("people.toml", "\"people.csv\"", "\"{night}/*.csv\"");
    sandbox.write("raw/mon/people.csv", "id,name,city\n1,甲,北京\n");
    sandbox.write("raw/tue/people.csv", "id,name,city\n1,甲,北京\n2,乙,上海\n");
    sandbox
}

#[test]
fn placeholders_are_filled_from_the_command_line() {
    let sandbox = nights();
    sandbox.ok(&["check", "people.toml", "--set", "night=mon"]);
    sandbox.ok(&["run", "people.toml", "--set", "night=mon"]);
    assert_eq!(sandbox.number("safe", "SELECT count(*) FROM people"), 1);
    let monday = sandbox.manifest("safe");
    sandbox.ok(&["run", "people.toml", "--set", "night=tue"]);
    assert_eq!(sandbox.number("safe", "SELECT count(*) FROM people"), 2);
    let tuesday = sandbox.manifest("safe");
    assert_eq!(tuesday["tables"][0]["sources"][0]["path"], "tue/people.csv");
    let hash = |manifest: &Value| manifest["recipe"]["pipeline_hash"].clone();
    assert_eq!(hash(&monday), hash(&tuesday));
    let again = sandbox.ok(&["run", "people.toml", "--set", "night=tue"]);
    assert!(again.starts_with("nothing to do: "), "{again}");
}

#[test]
fn values_that_fill_nothing_are_refused() {
    let sandbox = nights();
    sandbox.ok(&[
        "run",
        "people.toml",
        "--set",
        "night=mon",
        "--run-id",
        "first",
    ]);
    insta::assert_snapshot!(sandbox.run(&["check", "people.toml"]).refusal(), @r"
    exit 2
    error: placeholder `{night}` has no value
      --> people.toml:13:10, table [tables.people]
      hint: give it one, for instance
            --set night=…
    ");
    let other = ["run", "people.toml", "--set", "nigth=tue"];
    insta::assert_snapshot!(sandbox.run(&other).refusal(), @r"
    exit 2
    error: no placeholder is called `nigth`
      --> people.toml:1:1
      hint: did you mean
            --set night=…
    error: placeholder `{night}` has no value
      --> people.toml:13:10, table [tables.people]
      hint: give it one, for instance
            --set night=…
    nothing was published; run `first` is still current in `safe`
    ");
    let twice = [
        "run",
        "people.toml",
        "--set",
        "night=mon",
        "--set",
        "night=tue",
    ];
    insta::assert_snapshot!(sandbox.run(&twice).refusal(), @r"
    exit 2
    error: `--set night` is given twice
    nothing was published; run `first` is still current in `safe`
    ");
    for pair in ["night", "=mon"] {
        let done = sandbox.run(&["check", "people.toml", "--set", pair]);
        assert_eq!(done.code, Some(2), "{pair}");
        assert!(
            done.err.contains("not of the form NAME=VALUE"),
            "{}",
            done.err
        );
    }
}

#[test]
fn some_tables_are_run_and_the_others_stay_as_they_are() {
    let sandbox = Sandbox::people();
    let more = "[tables.pets]\nsource = \"pets/*.csv\"\n\
                [tables.pets.columns]\nowner = { token = \"account\" }\n";
    sandbox.edit(
        "people.toml",
        "[tables.people]\n",
        &format!("{more}[tables.people]\n"),
    );
    sandbox.write("raw/pets/a.csv", "owner\n1\n");
    let alone = ["run", "people.toml", "--table", "people"];
    insta::assert_snapshot!(sandbox.run(&alone).refusal(), @r"
    exit 2
    error: table `pets` was left out, and cannot keep its output: there is no current run
      hint: run all tables once: leave `--table` out
    nothing was published; `safe` has no current run
    ");
    sandbox.ok(&["run", "people.toml", "--run-id", "first"]);

    sandbox.write("raw/people.csv", "id,name,city\n1,甲,北京\n");
    sandbox.write("raw/pets/b.csv", "owner\n2\n");
    sandbox.ok(&[
        "run",
        "people.toml",
        "--table",
        "people",
        "--run-id",
        "second",
    ]);
    assert_eq!(sandbox.number("safe", "SELECT count(*) FROM people"), 1);
    assert_eq!(sandbox.number("safe", "SELECT count(*) FROM pets"), 1);
    let unknown = ["run", "people.toml", "--table", "pet"];
    insta::assert_snapshot!(sandbox.run(&unknown).refusal(), @r"
    exit 2
    error: no table is called `pet`
      --> people.toml:1:1
      hint: tables: `pets`, `people`
    nothing was published; run `second` is still current in `safe`
    ");

    let both = ["run", "people.toml", "--table", "people", "--table", "pets"];
    let done = sandbox.ok(&[&both[..], &["--run-id", "third", "--json"]].concat());
    let done: Value = serde_json::from_str(&done).unwrap();
    assert_eq!(done["reused_files"], 2);
    assert_eq!(sandbox.number("safe", "SELECT count(*) FROM pets"), 2);
}

#[test]
fn a_run_says_how_many_source_files_it_did_not_read_again() {
    let sandbox = Sandbox::people();
    sandbox.edit("people.toml", "\"people.csv\"", "\"p*.csv\"");
    let first = sandbox.ok(&["run", "people.toml"]);
    assert!(!first.contains("not read again"), "{first}");
    sandbox.write("raw/pa.csv", "id,name,city\n4,丁,上海\n");
    let second = sandbox.ok(&["run", "people.toml", "--run-id", "second"]);
    let said: Vec<_> = second.lines().rev().take(2).collect();
    assert_eq!(
        said,
        [
            "run second is published: safe/current",
            "source files not read again: 1"
        ]
    );
    assert_eq!(sandbox.number("safe", "SELECT count(*) FROM people"), 4);
    let full = sandbox.ok(&["run", "people.toml", "--full"]);
    assert!(!full.contains("not read again"), "{full}");
}
