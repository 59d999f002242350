//! That the numbers of a manifest are all there, and that those which do not add up are not told as
//! if they did.

use serde_json::{Value, json};

use crate::page::read;
use crate::sample::{manifest, report, run};

fn with_commas(number: u64) -> String {
    let digits: Vec<char> = number.to_string().chars().rev().collect();
    let groups = digits
        .chunks(3)
        .map(|group| group.iter().collect::<String>());
    let text = groups.collect::<Vec<_>>().join(",");
    text.chars().rev().collect()
}

/// All counts of tables and columns, but zeros.
fn counts(run: &Value) -> Vec<u64> {
    let mut found = Vec::new();
    for table in run["tables"].as_array().unwrap() {
        for key in [
            "source_rows",
            "published_rows",
            "filtered_rows",
            "quarantined_rows",
            "forgotten_rows",
        ] {
            found.extend(table[key].as_u64());
        }
        for column in table["columns"].as_array().unwrap() {
            for key in [
                "rows",
                "transformed",
                "null",
                "blank",
                "nulled",
                "suspect",
                "invalid",
                "quarantined",
                "distinct",
            ] {
                found.extend(column[key].as_u64());
            }
        }
    }
    found.retain(|count| *count > 0);
    found
}

#[test]
fn every_count_is_told() {
    let now = manifest(run());
    let report = report(&now);
    let page = read(&report.html().unwrap()).text;
    let markdown = report.markdown().unwrap();
    let counts = counts(&run());
    assert!(counts.len() > 30);
    let is_told = |text: &str, number: &str| {
        text.match_indices(number).any(|(at, _)| {
            let part = |byte: &u8| byte.is_ascii_digit() || *byte == b',';
            let before = text.as_bytes().get(at.wrapping_sub(1)).is_some_and(part);
            let after = text.as_bytes().get(at + number.len());
            !before && !after.is_some_and(u8::is_ascii_digit)
        })
    };
    for count in counts {
        let number = with_commas(count);
        assert!(is_told(&page, &number), "{number} is not on the page");
        assert!(
            is_told(&markdown, &number),
            "{number} is not in the Markdown"
        );
    }
}

#[test]
fn digests_and_keys_are_told() {
    let now = manifest(run());
    let report = report(&now);
    let json: Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    for text in [
        read(&report.html().unwrap()).text,
        report.markdown().unwrap(),
    ] {
        for known in ["22".repeat(32), "33".repeat(32), "11".repeat(32)] {
            assert!(text.contains(&known));
        }
        for known in [
            "b3c7673aa7164286",
            "age1quarantine",
            "pseudo verify data/safe",
            "epoch 3",
        ] {
            assert!(text.contains(known), "{known}");
        }
        assert!(text.contains(json["manifest_sha256"].as_str().unwrap()));
    }
}

#[test]
fn the_json_holds_the_manifest_as_it_is() {
    let now = manifest(run());
    let json: Value = serde_json::from_str(&report(&now).json().unwrap()).unwrap();
    assert_eq!(json["format"], pseudo_report::FORMAT);
    assert_eq!(manifest(json["manifest"].clone()), now);
    assert_eq!(json["changes"], Value::Null);
    let columns = &json["columns"];
    assert_eq!(columns["pseudonyms"], 3);
    assert_eq!(columns["coarser"], 2);
    assert_eq!(columns["kept"], 1);
    assert_eq!(columns["emptied"], 1);
    assert_eq!(columns["dropped"], 2);
    assert_eq!(columns["source"], 9);
    let verdict = json["verdict"][0].as_str().unwrap();
    assert!(
        verdict.starts_with("Of 1,236,567 rows that were read, 1,236,456 are published"),
        "{verdict}"
    );
}

#[test]
fn equal_runs_give_equal_bytes() {
    let (a, b) = (manifest(run()), manifest(run()));
    let (a, b) = (report(&a), report(&b));
    assert_eq!(a.html().unwrap(), b.html().unwrap());
    assert_eq!(a.markdown().unwrap(), b.markdown().unwrap());
    assert_eq!(a.json().unwrap(), b.json().unwrap());
}

#[test]
fn counts_that_do_not_add_up_are_said_first() {
    for (pointer, wrong) in [
        ("/tables/0/published_rows", json!(1)),
        ("/tables/0/source_rows", json!(u64::MAX)),
        ("/tables/1/columns/1/null", json!(2)),
        ("/tables/0/columns/0/transformed", json!(u64::MAX)),
    ] {
        let mut run = run();
        *run.pointer_mut(pointer).unwrap() = wrong;
        let now = manifest(run);
        let json: Value = serde_json::from_str(&report(&now).json().unwrap()).unwrap();
        let verdict = json["verdict"][0].as_str().unwrap();
        assert!(verdict.contains("do not add up"), "{pointer}: {verdict}");
        assert!(report(&now).html().unwrap().contains("do not add up"));
    }
}

#[test]
fn no_more_is_claimed_than_pseudonymisation() {
    let now = manifest(run());
    let report = report(&now);
    let texts = [
        report.html().unwrap(),
        report.markdown().unwrap(),
        report.json().unwrap(),
    ];
    for text in texts {
        assert!(!text.to_lowercase().contains(concat!("anony", "mi")));
    }
    assert!(
        report
            .html()
            .unwrap()
            .contains("Pseudonymised, and still personal data.")
    );
}

/// A rule that is not known is taken for one that shows the source's values.
#[test]
fn an_unknown_rule_counts_as_kept() {
    let mut run = run();
    run["tables"][0]["columns"][2]["action"] = json!("sparkle, brightly");
    let now = manifest(run);
    let json: Value = serde_json::from_str(&report(&now).json().unwrap()).unwrap();
    assert_eq!(json["columns"]["kept"], 2);
}
