//! `[limits]`: below and at a limit a run is published, above it nothing is, and the message says
//! which table, column and limit, and by how much.

use std::fs;

use pseudo_engine::Error;
use pseudo_engine::manifest::Manifest;

use crate::harness::Sandbox;

const TABLE: &str = r#"
[tables.t]
source = "t/*.csv"
allow_empty = true
[tables.t.columns]
n = "keep"
phone = { token = "phone", on_invalid = "quarantine" }
"#;

fn limited(limit: &str) -> String {
    format!("[limits]\n{limit}\n{TABLE}")
}

/// Rows of which some are refused, and some have no phone.
fn rows(sandbox: &Sandbox, good: usize, null: usize, bad: usize) {
    let mut text = "n,phone\n".to_owned();
    for (count, phone) in [(good, "15412345678"), (null, ""), (bad, "canary")] {
        for n in 0..count {
            text.push_str(&format!("{n},{phone}\n"));
        }
    }
    sandbox.text("t/t.csv", text);
}

/// Runs it, which must not publish, and answers what is said.
fn refused(sandbox: &Sandbox, limit: &str, second: u32) -> String {
    let current = || Manifest::read(&sandbox.path("safe/current")).ok();
    let before = current();
    let error = sandbox.run(&limited(limit), second).err().unwrap();
    assert!(matches!(error, Error::Limits { .. }), "{error}");
    assert_eq!(error.exit_code(), 4);
    assert!(error.hint().is_some());
    assert_eq!(current(), before);
    let staging = fs::read_dir(sandbox.path("safe/.staging")).unwrap();
    assert_eq!(staging.count(), 0);
    let text = error.to_string();
    assert!(
        text.contains("table `t`") && !text.contains("canary"),
        "{text}"
    );
    text
}

fn published(sandbox: &Sandbox, limit: &str, second: u32) {
    sandbox.run(&limited(limit), second).unwrap();
    let manifest = Manifest::read(&sandbox.path("safe/current")).unwrap();
    let id = format!("20270115T0800{second:02}Z");
    assert_eq!(manifest.run_id, id);
}

#[test]
fn the_share_of_rows_in_quarantine() {
    let sandbox = Sandbox::new();
    rows(&sandbox, 9, 0, 1);
    let text = refused(&sandbox, "quarantine_rate = 0.0999", 1);
    let told = "1 of 10 rows in quarantine, a share of 0.1; `quarantine_rate` allows 0.0999";
    assert!(text.contains(told), "{text}");
    refused(&sandbox, "quarantine_rate = 0", 2);
    published(&sandbox, "quarantine_rate = 0.1", 3);
    rows(&sandbox, 990, 9, 1);
    published(&sandbox, "quarantine_rate = 0.001", 4);
    rows(&sandbox, 5, 0, 0);
    published(&sandbox, "quarantine_rate = 0", 5);
    rows(&sandbox, 0, 0, 0);
    published(&sandbox, "quarantine_rate = 0", 6);
}

#[test]
fn rows_that_were_refused_are_not_kept_either() {
    let identity = age::x25519::Identity::generate();
    let sandbox = Sandbox::new();
    rows(&sandbox, 1, 0, 1);
    let recipient = identity.to_public();
    let sealed = format!(
        "quarantine_rate = 0.1\n[quarantine]\nroot = \"held\"\nrecipient = \"{recipient}\""
    );
    refused(&sandbox, &sealed, 1);
    assert_eq!(fs::read_dir(sandbox.path("held")).unwrap().count(), 0);
}

#[test]
fn the_change_of_rows() {
    let limit = "rows_change = 0.5";
    let sandbox = Sandbox::new();
    rows(&sandbox, 10, 0, 7);
    published(&sandbox, limit, 1);
    rows(&sandbox, 16, 0, 0);
    let text = refused(&sandbox, limit, 2);
    let told = "16 rows, and 10 in the current run, a change of 0.6; `rows_change` allows 0.5";
    assert!(text.contains(told), "{text}");
    rows(&sandbox, 4, 0, 5);
    refused(&sandbox, limit, 3);
    rows(&sandbox, 15, 0, 0);
    published(&sandbox, limit, 4);
    rows(&sandbox, 8, 0, 0);
    published(&sandbox, limit, 5);
    rows(&sandbox, 4, 0, 4);
    published(&sandbox, limit, 6);
}

#[test]
fn a_table_that_became_empty_exceeds_every_limit() {
    for limit in ["rows_change = 0.5", "rows_change = 1", "rows_change = 1000"] {
        let sandbox = Sandbox::new();
        rows(&sandbox, 3, 0, 0);
        published(&sandbox, limit, 1);
        rows(&sandbox, 0, 0, 3);
        let text = refused(&sandbox, limit, 2);
        assert!(text.contains("0 rows, and 3 in the current run"), "{text}");
        // its files gone, the table is gone too
        fs::remove_file(sandbox.path("raw/t/t.csv")).unwrap();
        let text = refused(&sandbox, limit, 3);
        assert!(text.contains("no empty table"), "{text}");
    }
    // one that was empty is compared with nothing
    let sandbox = Sandbox::new();
    rows(&sandbox, 0, 0, 0);
    published(&sandbox, "rows_change = 0", 1);
    rows(&sandbox, 3, 0, 0);
    published(&sandbox, "rows_change = 0", 2);
    rows(&sandbox, 2, 1, 0);
    published(&sandbox, "rows_change = 0", 3);
}

#[test]
fn the_change_of_the_share_of_nulls() {
    let limit = "null_rate_change = 0.2";
    let sandbox = Sandbox::new();
    rows(&sandbox, 3, 7, 0);
    published(&sandbox, limit, 1);
    // 0.9 - 0.7 is above 0.2 in binary
    rows(&sandbox, 1, 9, 2);
    published(&sandbox, limit, 2);
    rows(&sandbox, 7, 13, 0);
    let text = refused(&sandbox, limit, 3);
    let told = "column `phone`: 13 of 20 cells are NULL, and 9 of 10 in the current run, \
                a change of 0.25; `null_rate_change` allows 0.2";
    assert!(
        text.contains(told) && !text.contains("column `n`"),
        "{text}"
    );
    rows(&sandbox, 6, 14, 0);
    published(&sandbox, limit, 4);
    rows(&sandbox, 0, 0, 0);
    published(&sandbox, limit, 5);
    rows(&sandbox, 9, 0, 0);
    published(&sandbox, limit, 6);
}

#[test]
fn the_first_run_has_nothing_to_be_compared_with() {
    let sandbox = Sandbox::new();
    rows(&sandbox, 1, 1, 1);
    published(&sandbox, "rows_change = 0\nnull_rate_change = 0", 1);
}

#[test]
fn every_excess_is_told_at_once() {
    let sandbox = Sandbox::new();
    rows(&sandbox, 10, 0, 0);
    published(&sandbox, "rows_change = 0", 1);
    rows(&sandbox, 1, 1, 8);
    let limits = "quarantine_rate = 0.5\nrows_change = 0.5\nnull_rate_change = 0.1";
    let text = refused(&sandbox, limits, 2);
    for limit in ["quarantine_rate", "rows_change", "null_rate_change"] {
        assert!(text.contains(limit), "{text}");
    }
}
