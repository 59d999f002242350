//! Manifests of runs that never were.

use std::path::Path;

use pseudo_engine::manifest::Manifest;
use pseudo_engine::risk::Assessment;
use pseudo_engine::risk::attack::AttackReport;
use pseudo_report::Report;
use serde_json::{Value, json};

const ACCOUNT: &str = "token account, base32, 128 bits";
const PHONE: &str = "token phone, base32, 128 bits";

/// A run of two tables: rows of all fates, columns of all treatments, and a finding of the gate.
pub(crate) fn run() -> Value {
    json!({
        "format": "pseudo-manifest/1",
        "run_id": "20260102T030405Z",
        "started": "2026-01-02T03:04:05Z",
        "finished": "2026-01-02T03:05:06.789Z",
        "recipe": {
            "tool_version": "0.1.0",
            "unicode_version": "17.0.0",
            "pipeline": "customers",
            "pipeline_hash": "11".repeat(32),
            "domain": "analytics",
            "epoch": 3,
            "key_check_value": "b3c7673aa7164286",
            "quarantine": { "root": "../held", "recipient": "age1quarantine" },
        },
        "tables": [users(), orders()],
    })
}

/// The run before: another key, one row less, a column that is gone and a rule that was weaker.
pub(crate) fn before() -> Value {
    let mut run = run();
    run["run_id"] = json!("20260101T030405Z");
    run["started"] = json!("2026-01-01T03:04:05Z");
    run["finished"] = json!("2026-01-01T03:05:06Z");
    run["recipe"]["epoch"] = json!(2);
    run["recipe"]["key_check_value"] = json!("0011223344556677");
    let users = &mut run["tables"][0];
    users["source_rows"] = json!(1_234_566);
    users["published_rows"] = json!(1_234_455);
    users["columns"][1]["action"] = json!("keep");
    users["columns"][1]["column"] = json!("phone");
    users["columns"][2]["column"] = json!("town");
    users["sources"][0]["sha256"] = json!("99".repeat(32));
    run["tables"].as_array_mut().unwrap().remove(1);
    run
}

fn users() -> Value {
    json!({
        "table": "users",
        "source_rows": 1_234_567,
        "published_rows": 1_234_456,
        "filtered_rows": 61,
        "quarantined_rows": 37,
        "forgotten_rows": 13,
        "distinct_subjects": 1_234_999,
        "sources": [source("users/part-0.parquet", 1_234_567)],
        "outputs": [output("users/part-00000-aabbccdd.parquet", 1_234_456)],
        "columns": [
            column("user_id", "user_id", ACCOUNT, Some("account"), [1_234_456, 0, 0, 0, 0, 0]),
            column("phone", "phone", PHONE, Some("phone"), [1_200_000, 30_000, 4_400, 56, 71, 83]),
            column("city", "city", "rare, below 20 rows", None, [1_234_000, 456, 0, 0, 0, 0]),
            column("gender", "gender", "keep", None, [1_234_456, 0, 0, 0, 0, 0]),
            column("note", "note", "null", None, [0, 1_234_456, 0, 0, 0, 0]),
        ],
        "dropped": ["name", "email"],
        "gate": { "columns": [{
            "column": "city",
            "values": 341,
            "kinds": [{ "kind": "cn-plate/1", "certainty": "suspect", "values": 7, "rows": 19 }],
            "shared": [{ "identity": "account", "values": 5, "of": 341, "by_chance": 6 }],
        }] },
    })
}

fn orders() -> Value {
    json!({
        "table": "orders",
        "source_rows": 2_000,
        "published_rows": 2_000,
        "filtered_rows": 0,
        "quarantined_rows": 0,
        "distinct_subjects": null,
        "sources": [source("orders/part-0.parquet", 2_000)],
        "outputs": [output("orders/part-00000-00112233.parquet", 2_000)],
        "columns": [
            column("user_id", "user_id", ACCOUNT, Some("account"), [2_000, 0, 0, 0, 0, 0]),
            column("price", "price", "round to 1000", None, [1_999, 1, 0, 0, 0, 0]),
        ],
        "dropped": [],
    })
}

/// Transformed, null, blank, nulled, suspect and invalid; the first four are all rows.
pub(crate) fn column(
    source: &str,
    column: &str,
    action: &str,
    identity: Option<&str>,
    counts: [u64; 6],
) -> Value {
    let [transformed, null, blank, nulled, suspect, invalid] = counts;
    json!({
        "source": source,
        "column": column,
        "action": action,
        "identity": identity,
        "kind": identity.map(|_| "integer/1"),
        "blank_list": null,
        "type": "Utf8",
        "rows": transformed + null + blank + nulled,
        "transformed": transformed,
        "null": (null),
        "blank": blank,
        "nulled": nulled,
        "suspect": suspect,
        "invalid": invalid,
        "quarantined": if identity == Some("phone") { 37 } else { 0 },
        "distinct": identity.map(|_| transformed / 2),
    })
}

pub(crate) fn source(path: &str, rows: u64) -> Value {
    json!({
        "path": path, "size": 47_369_918, "mtime_ns": 5, "inode": 7,
        "sha256": "22".repeat(32), "rows": rows,
    })
}

pub(crate) fn output(path: &str, rows: u64) -> Value {
    json!({ "path": path, "bytes": 10_005_870, "sha256": "33".repeat(32), "rows": rows })
}

pub(crate) fn manifest(value: Value) -> Manifest {
    serde_json::from_value(value).unwrap()
}

/// The report of a run alone.
pub(crate) fn report(manifest: &Manifest) -> Report<'_> {
    Report {
        sink: Path::new("data/safe"),
        manifest,
        previous: None,
        assessment: None,
        attack: None,
    }
}

/// What was measured of `users`: a set that was proposed, and all columns.
pub(crate) fn assessment() -> Assessment {
    let attacker = |highest: f64, average: f64, at_risk: f64| {
        let risks = [
            ("highest", highest),
            ("average", average),
            ("at_risk", at_risk),
        ];
        risks
            .into_iter()
            .map(|(name, risk)| (name.to_owned(), json!(risk)))
            .collect::<Value>()
    };
    let set = |origin: &str, unique: u64| {
        json!({
            "origin": origin, "quasi_identifiers": ["city", "gender"], "unit": "subjects",
            "members": 1_234_300, "classes": 341, "k": 1, "unique": unique, "k_wanted": 5,
            "below": 61_704,
            "sizes": [
                { "from": 1, "to": 1, "classes": unique, "members": unique },
                { "from": 2, "to": 4, "classes": 13_000, "members": 61_704 - unique },
                { "from": 5, "to": 99, "classes": 9_000, "members": 500_000 },
                { "from": 100, "to": u64::MAX, "classes": 341, "members": 672_596 },
            ],
            "risks": {
                "prosecutor": attacker(1.0, 0.031, 0.05),
                "journalist": attacker(0.2, 0.007, 0.01),
                "marketer": 0.031,
            },
            "sensitive": [{
                "column": "note", "l_distinct": 2, "l_entropy": 1.75, "t": 0.312, "ordered": false,
                "disclosed": 4_242,
            }],
        })
    };
    let column = |name: &str, class: &str, frequency: Value| {
        json!({
            "column": name, "class": class, "action": "keep", "rows": 1_234_456, "nulls": 0,
            "distinct": 341, "unique": 17, "top": 98_765, "entropy": 6.25, "min_entropy": 3.5,
            "frequency": frequency,
        })
    };
    let counted = json!({ "values": 12.5, "rows": 0.0375 });
    let assessment = json!({
        "format": "pseudo-assessment/1", "run_id": "20260102T030405Z", "pipeline": "customers",
        "domain": "analytics", "epoch": 3, "k_wanted": 5,
        "tables": [{
            "table": "users", "rows": 1_234_456, "subject": "user_id", "subjects": 1_234_300,
            "sets": [set("all", 55_000), set("proposed", 12_345)],
            "columns": [
                column("user_id", "pseudonym", counted),
                column("city", "quasi-identifier", json!(null)),
                column("gender", "sensitive", json!(null)),
            ],
        }],
        "warnings": [{
            "kind": "small-classes", "table": "users", "columns": ["city", "gender"],
            "text": "61,704 subjects are in classes of fewer than 5",
        }],
    });
    serde_json::from_value(assessment).unwrap()
}

const SENTENCE: &str = "Had this copy been stolen: 12,345 of 1,234,300 people could be singled \
                        out, by {users.city, users.gender}; nothing was recovered from 3 columns \
                        of pseudonyms (480,000,000 guesses); no value looks like an identifier.";

/// What an attack on that run came to.
pub(crate) fn attack() -> AttackReport {
    let attack = json!({
        "format": "pseudo-attack/1", "run_id": "20260102T030405Z", "with_source": false,
        "targets": [], "hashes": 480_000_000,
        "trials": [{
            "table": "users", "column": "phone", "dictionary": "cn-phone",
            "candidates": 4_400_000_000_u64,
            "tried": 480_000_000, "hits": 0, "missed": null,
        }],
        "recovered": [], "identified": [], "unread_files": 2,
        "singled_out": [{
            "tables": ["users"], "subject": "user_id", "people": 1_234_300,
            "sets": [
                { "columns": ["users.city"], "alone": 27 },
                { "columns": ["users.city", "users.gender"], "alone": 12_345 },
            ],
            "left_out": null,
        }],
        "frequencies": [{
            "table": "users", "column": "phone", "values": 600_000, "rows": 1_200_056,
            "certain_values": 3, "certain_rows": 901, "expected_rows": 1_801.5,
            "with_source": false,
        }],
        "linked": [],
        "order": [{
            "table": "users", "column": "city", "compared": 1_234_455, "correlation": 0.001,
            "chance": 0.002, "tells": false,
        }],
        "sentence": SENTENCE,
    });
    serde_json::from_value(attack).unwrap()
}
