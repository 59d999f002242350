//! `pseudo assess`: what a person and a machine are told, and how it ends.

use serde_json::Value;

use crate::harness::Sandbox;

fn published() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.copy_pipelines();
    sandbox.ok(&["sample", "incident", "--scale", "0.002", "data/raw"]);
    sandbox.ok(&["keys", "new", "pipelines/keys/analytics.keyring"]);
    let run = ["run", "pipelines/owner-analytics.toml", "--run-id", "r1"];
    sandbox.ok(&run);
    sandbox
}

#[test]
fn a_run_is_measured_for_people_and_machines() {
    let sandbox = published();
    let told = sandbox.ok(&[
        "assess",
        "data/safe",
        "--table",
        "employees",
        "--table",
        "loans",
    ]);
    insta::assert_snapshot!("assess", told);
    let json = sandbox.ok(&["assess", "data/safe", "--json", "--k", "3"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["format"], "pseudo-assessment/1");
    assert_eq!(
        (&json["run_id"], &json["k_wanted"]),
        (&"r1".into(), &3.into())
    );
    let tables = json["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 7);
    for table in tables {
        let name = table["table"].as_str().unwrap();
        let rows = sandbox.number("data/safe", &format!("SELECT count(*) FROM {name}"));
        assert_eq!(table["rows"], rows, "{name}");
    }
    // SQL counts the same, by itself
    let users = &tables[0];
    let proposed = users["sets"].as_array().unwrap();
    let proposed = proposed
        .iter()
        .find(|set| set["origin"] == "proposed")
        .unwrap();
    let columns: Vec<&str> = proposed["quasi_identifiers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let columns = columns.join(", ");
    let classes = format!("SELECT count(DISTINCT user_id) AS n FROM users GROUP BY {columns}");
    for (figure, sql) in [
        ("k", format!("SELECT min(n) FROM ({classes})")),
        ("classes", format!("SELECT count(*) FROM ({classes})")),
        (
            "unique",
            format!("SELECT count(*) FROM ({classes}) WHERE n = 1"),
        ),
        ("members", format!("SELECT sum(n) FROM ({classes})")),
        (
            "below",
            format!("SELECT sum(n) FROM ({classes}) WHERE n < 3"),
        ),
    ] {
        assert_eq!(
            proposed[figure],
            sandbox.number("data/safe", &sql),
            "{figure}"
        );
    }
}

#[test]
fn what_cannot_be_measured_is_said() {
    let sandbox = published();
    for (args, code, words) in [
        (
            vec!["--quasi-identifiers", "users.city,orders.model"],
            2,
            "columns of one table",
        ),
        (
            vec!["--quasi-identifiers", "users"],
            2,
            "not a TABLE.COLUMN",
        ),
        (
            vec!["--quasi-identifiers", "users.town"],
            2,
            "there is no column `town`",
        ),
        (
            vec!["--table", "people"],
            2,
            "unknown table; the tables are `users`",
        ),
        (vec!["--k", "0"], 2, "--k"),
    ] {
        let args = [vec!["assess", "data/safe"], args].concat();
        let done = sandbox.run(&args);
        assert_eq!(done.code, Some(code), "{}", done.err);
        assert!(done.err.contains(words), "{}", done.err);
        assert_eq!(done.out, "");
    }
    let done = sandbox.run(&["assess", "data/raw"]);
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("nothing is published"), "{}", done.err);
}
