//! `[gates]` as a person meets them: what is said before a run, of one that is refused, and of one
//! that is not.

use std::fs;

use serde_json::Value;

use crate::harness::Sandbox;

const GATES: &str = "[gates]\nk = 2\nquasi_identifiers = [\"people.city\", \"people.band\"]\n\
                     sensitive = [\"people.plan\"]\nl = 2\n";

/// Six people in two cities, three of whom live alone in theirs.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::people();
    let rows = "id,name,city,band,plan\n1,甲,北京,30,a\n2,乙,北京,30,b\n3,丙,上海,30,a\n\
                4,丁,上海,30,b\n5,戊,kanarie,30,a\n5,戊,kanarie,30,b\n";
    sandbox.write("raw/people.csv", rows);
    sandbox.edit(
        "people.toml",
        "city = \"keep\"",
        "city = \"keep\"\nband = \"keep\"\nplan = \"keep\"",
    );
    sandbox.edit(
        "people.toml",
        "source = \"people.csv\"",
        "source = \"people.csv\"\nsubject = \"id\"",
    );
    sandbox
}

fn gated() -> Sandbox {
    let sandbox = sandbox();
    sandbox.edit(
        "people.toml",
        "[tables.people]\n",
        &format!("{GATES}[tables.people]\n"),
    );
    sandbox
}

/// Whoever lives alone in a city is counted once, and is not published.
#[test]
fn a_run_that_singles_somebody_out_is_not_published() {
    let sandbox = gated();
    let args = ["run", "people.toml", "--metrics", "pseudo.prom"];
    let failed = sandbox.run(&args);
    insta::assert_snapshot!("refused", failed.refusal());
    assert_eq!(sandbox.current("safe"), None);
    assert!(sandbox.files("safe/.staging").is_empty());
    assert!(!failed.err.contains("kanarie"));
    let metrics = fs::read_to_string(sandbox.path("pseudo.prom")).unwrap();
    assert!(metrics.contains("pseudo_run_exit_code{pipeline=\"people\"} 3\n"));
    assert!(!metrics.contains("pseudo_k_min"), "{metrics}");

    let json = sandbox.run(&["run", "people.toml", "--log-format", "json"]);
    let first: Value = serde_json::from_str(json.err.lines().next().unwrap()).unwrap();
    assert_eq!(first["fault"], "gates");
}

#[test]
fn what_is_current_stays_when_a_gate_comes_that_it_does_not_hold() {
    let sandbox = sandbox();
    sandbox.ok(&["run", "people.toml", "--run-id", "first"]);
    let before = sandbox.files("safe/runs");
    sandbox.edit(
        "people.toml",
        "[tables.people]\n",
        &format!("{GATES}[tables.people]\n"),
    );
    let failed = sandbox.run(&["run", "people.toml"]);
    assert_eq!(failed.code, Some(3));
    let last = "nothing was published; run `first` is still current in `safe`\n";
    assert!(failed.err.ends_with(last), "{}", failed.err);
    assert_eq!(sandbox.files("safe/runs"), before);
    // a rule that makes it coarse enough
    sandbox.edit(
        "people.toml",
        "city = \"keep\"",
        "city = { rare = { below = 3, to = \"OTHER\" } }",
    );
    sandbox.ok(&["run", "people.toml", "--run-id", "second"]);
    assert_eq!(sandbox.current("safe").as_deref(), Some("second"));
}

#[test]
fn a_run_that_holds_them_is_on_record() {
    let sandbox = gated();
    let check = sandbox.ok(&["check", "people.toml"]);
    let line = "gate people: k >= 2 by city, band, l >= 2 of plan\n";
    assert!(check.contains(line), "{check}");
    let json: Value =
        serde_json::from_str(&sandbox.ok(&["check", "people.toml", "--json"])).unwrap();
    assert_eq!(json["gates"]["k"], 2);

    sandbox.edit(
        "raw/people.csv",
        "5,戊,kanarie,30,a\n5,戊,kanarie,30,b\n",
        "",
    );
    let args = [
        "run",
        "people.toml",
        "--run-id",
        "first",
        "--metrics",
        "pseudo.prom",
    ];
    let text = sandbox.ok(&args);
    let told = "gate people: k = 2 by city, band, 4 subjects in 2 classes\n";
    assert!(text.contains(told), "{text}");
    let manifest = sandbox.manifest("safe");
    let table = &manifest["tables"][0];
    assert_eq!(table["subject"], "id");
    let gate = &table["classes"];
    assert_eq!((gate["k"].as_u64(), gate["l"].as_u64()), (Some(2), Some(2)));
    let found = &gate["found"];
    for (name, count) in [
        ("k", 2),
        ("members", 4),
        ("classes", 2),
        ("below", 0),
        ("unique", 0),
    ] {
        assert_eq!(found[name], count, "{name}");
    }
    assert_eq!(found["unit"], "subjects");
    assert_eq!(found["sensitive"][0]["l_distinct"], 2);
    let metrics = fs::read_to_string(sandbox.path("pseudo.prom")).unwrap();
    let series = "pseudo_k_min{pipeline=\"people\",table=\"people\"} 2\n";
    assert!(metrics.contains(series), "{metrics}");

    let again = sandbox.ok(&["run", "people.toml"]);
    assert!(again.starts_with("nothing to do"), "{again}");
    let verified = sandbox.ok(&["verify", "safe"]);
    assert!(verified.contains(told), "{verified}");
    let json: Value = serde_json::from_str(&sandbox.ok(&["verify", "safe", "--json"])).unwrap();
    assert_eq!(json["tables"][0]["classes"], *gate);
}

#[test]
fn erasure_is_not_held_up_and_says_what_it_costs() {
    let sandbox = gated();
    sandbox.edit(
        "raw/people.csv",
        "5,戊,kanarie,30,a\n5,戊,kanarie,30,b\n",
        "",
    );
    sandbox.ok(&["run", "people.toml"]);
    sandbox.write("who.txt", "1\n");
    let forget = [
        "forget",
        "safe",
        "--pipeline",
        "people.toml",
        "--subjects",
        "who.txt",
        "--reason",
        "request 7",
    ];
    let done = sandbox.run(&forget);
    assert_eq!(done.code, Some(0), "{}", done.err);
    insta::assert_snapshot!("forgotten", done.err);
    let found = &sandbox.manifest("safe")["tables"][0]["classes"]["found"];
    assert_eq!(
        (found["k"].as_u64(), found["members"].as_u64()),
        (Some(1), Some(3))
    );
    let verified = sandbox.run(&["verify", "safe"]);
    assert_eq!(verified.code, Some(3), "{}", verified.err);
    assert_eq!(sandbox.run(&["run", "people.toml"]).code, Some(3));
}
