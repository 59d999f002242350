//! What a report says of the run before.

use serde_json::{Value, json};

use crate::page::read;
use crate::sample::{before, manifest, report, run};

fn changes(before: Value, after: Value) -> (Value, String) {
    let (last, now) = (manifest(before), manifest(after));
    let mut report = report(&now);
    report.previous = Some(&last);
    let json: Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    (json["changes"].clone(), read(&report.html().unwrap()).text)
}

#[test]
fn all_that_is_other_is_told() {
    let (changes, page) = changes(before(), run());
    assert_eq!(changes["since"], "20260101T030405Z");
    let settings = changes["settings"].as_array().unwrap();
    let names: Vec<_> = settings
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["key epoch", "key check value"]);
    assert_eq!(changes["tables_added"], json!(["orders"]));
    assert_eq!(changes["tables_removed"], json!([]));
    let users = &changes["tables"][0];
    assert_eq!(users["source_rows"], json!([1_234_566, 1_234_567]));
    assert_eq!(users["columns_added"], json!(["city"]));
    assert_eq!(users["columns_removed"], json!(["town"]));
    assert_eq!(users["sources_changed"], 1);
    let rule = &users["rules"][0];
    assert_eq!(rule["column"], "phone");
    assert!(rule["before"].as_str().unwrap().starts_with("keep"));
    assert!(rule["after"].as_str().unwrap().starts_with("token phone"));
    assert!(page.contains("1,234,567, 1,234,566 before (+1)"));
}

#[test]
fn the_other_way_round() {
    let (changes, page) = changes(run(), before());
    assert_eq!(changes["tables_removed"], json!(["orders"]));
    assert!(page.contains("(−1)"), "a row less");
}

/// Each change by itself is seen.
#[test]
fn no_change_is_missed() {
    for (pointer, value) in [
        ("/recipe/tool_version", json!("0.2.0")),
        ("/recipe/unicode_version", json!("18.0.0")),
        ("/recipe/pipeline", json!("other")),
        ("/recipe/pipeline_hash", json!("other")),
        ("/recipe/domain", json!("other")),
        ("/recipe/epoch", json!(9)),
        ("/recipe/key_check_value", json!("other")),
        ("/recipe/quarantine/recipient", json!("other")),
        ("/tombstones", json!("aa")),
        ("/tables/0/table", json!("other")),
        ("/tables/0/published_rows", json!(3)),
        ("/tables/0/columns/0/action", json!("keep")),
        ("/tables/0/columns/0/kind", json!("integer/2")),
        ("/tables/0/columns/0/type", json!("Binary")),
        ("/tables/0/columns/0/source", json!("other")),
        ("/tables/0/columns/0/column", json!("other")),
        ("/tables/0/dropped/0", json!("other")),
        ("/tables/0/sources/0/sha256", json!("other")),
        ("/tables/0/sources/0/path", json!("other")),
    ] {
        let mut other = run();
        if pointer == "/tombstones" {
            other["tombstones"] = json!(null);
        }
        *other.pointer_mut(pointer).unwrap() = value;
        let (_, page) = changes(run(), other);
        assert!(!page.contains("are the same."), "{pointer}");
    }
}

#[test]
fn the_same_again_is_said_to_be_the_same() {
    let mut again = run();
    again["run_id"] = json!("20260103T030405Z");
    again["tables"][0]["sources"][0]["mtime_ns"] = json!(77);
    let (changes, page) = changes(run(), again);
    assert_eq!(changes["tables"], json!([]));
    assert_eq!(changes["tables_same"], 2);
    assert!(page.contains("rules and numbers of rows are the same."));
}

#[test]
fn without_a_run_before_that_is_said() {
    let now = manifest(run());
    let page = read(&report(&now).html().unwrap()).text;
    assert!(page.contains("No earlier run of this sink is at hand"));
}
