//! Metrics of a run: what the file says, that a scraper can read it, and what survives a failure.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use pseudo_engine::manifest::Manifest;
use pseudo_engine::metrics::Metrics;

use crate::harness::{Sandbox, at};

const TABLE: &str = r#"
[tables.t]
source = "*.csv"
order = "source"
[tables.t.columns]
id = { token = "account" }
note = "keep"
"#;

/// A sample: its labels and its value.
type Sample = (BTreeMap<String, String>, f64);

/// Reads the text exposition format 0.0.4 strictly: every family has HELP and TYPE, its samples
/// follow them, no series comes twice, and the last line has an end.
fn parse(text: &str) -> BTreeMap<String, Vec<Sample>> {
    assert!(text.ends_with('\n'));
    let mut families: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    let mut family = String::new();
    let mut helped = None;
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, _) = help.split_once(' ').unwrap();
            assert!(!families.contains_key(name), "{name} comes twice");
            helped = Some(name.to_owned());
        } else if let Some(typed) = line.strip_prefix("# TYPE ") {
            let name = typed.strip_suffix(" gauge").unwrap();
            assert_eq!(helped.take().unwrap(), name);
            family = name.to_owned();
            families.insert(family.clone(), Vec::new());
        } else {
            let (name, rest) = line.split_once('{').unwrap();
            assert_eq!(name, family);
            let (labels, rest) = labels(rest);
            let value = rest.strip_prefix(' ').unwrap().parse().unwrap();
            let samples = families.get_mut(name).unwrap();
            assert!(samples.iter().all(|(other, _)| *other != labels), "{line}");
            samples.push((labels, value));
        }
    }
    families
}

fn labels(text: &str) -> (BTreeMap<String, String>, &str) {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    loop {
        let (name, value) = rest.split_once("=\"").unwrap();
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        );
        let mut label = String::new();
        let mut chars = value.char_indices();
        let end = loop {
            match chars.next().unwrap() {
                (at, '"') => break at,
                (_, '\\') => match chars.next().unwrap().1 {
                    'n' => label.push('\n'),
                    char => {
                        assert!("\\\"".contains(char), "`\\{char}`");
                        label.push(char);
                    }
                },
                (_, char) => label.push(char),
            }
        };
        assert!(labels.insert(name.to_owned(), label).is_none());
        rest = value.get(end + 1..).unwrap();
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return (labels, rest.strip_prefix('}').unwrap()),
        }
    }
}

fn metrics<'a>(manifest: Option<&'a Manifest>, exit_code: u8, second: u32) -> Metrics<'a> {
    Metrics {
        pipeline: "nightly",
        exit_code,
        seconds: 1.25,
        finished: at(second),
        manifest,
    }
}

fn value(text: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let families = parse(text);
    let wanted = |(found, _): &&Sample| {
        labels.len() + 1 == found.len()
            && labels
                .iter()
                .all(|(name, value)| found.get(*name).unwrap() == value)
    };
    families[name].iter().find(wanted).unwrap().1
}

fn manifest() -> Manifest {
    let sandbox = Sandbox::new();
    sandbox.text("a.csv", "id,note\n1,x\n2,\n,y\n-,z\n");
    sandbox.run(TABLE, 1).unwrap().manifest
}

#[test]
fn a_run_is_told_in_the_exposition_format() {
    let mut manifest = manifest();
    manifest.tables[0].columns[0].counts.suspect = 7;
    let text = metrics(Some(&manifest), 0, 5).text("");
    let bytes = manifest.tables[0].outputs[0].bytes;
    let expected = "\
# HELP pseudo_run_rows Rows of the run: read = published + filtered + quarantined + forgotten.
# TYPE pseudo_run_rows gauge
pseudo_run_rows{pipeline=\"nightly\",table=\"t\",outcome=\"read\"} 4
pseudo_run_rows{pipeline=\"nightly\",table=\"t\",outcome=\"published\"} 4
pseudo_run_rows{pipeline=\"nightly\",table=\"t\",outcome=\"filtered\"} 0
pseudo_run_rows{pipeline=\"nightly\",table=\"t\",outcome=\"quarantined\"} 0
pseudo_run_rows{pipeline=\"nightly\",table=\"t\",outcome=\"forgotten\"} 0
";
    assert_eq!(text.get(..expected.len()).unwrap(), expected);
    let tail = format!(
        "\
# HELP pseudo_run_bytes Size of the files of the current run.
# TYPE pseudo_run_bytes gauge
pseudo_run_bytes{{pipeline=\"nightly\",table=\"t\"}} {bytes}
# HELP pseudo_run_seconds How long the last run took.
# TYPE pseudo_run_seconds gauge
pseudo_run_seconds{{pipeline=\"nightly\"}} 1.250
# HELP pseudo_run_exit_code Exit code of the last run; 0 is a success.
# TYPE pseudo_run_exit_code gauge
pseudo_run_exit_code{{pipeline=\"nightly\"}} 0
# HELP pseudo_run_last_success_timestamp_seconds When a run last succeeded.
# TYPE pseudo_run_last_success_timestamp_seconds gauge
pseudo_run_last_success_timestamp_seconds{{pipeline=\"nightly\"}} 1800000005
"
    );
    assert!(text.ends_with(&tail), "{text}");
    for (column, counted) in manifest.tables[0].columns.iter().zip(["id", "note"]) {
        assert_eq!(column.column, counted);
        let cell = |outcome: &str| {
            let labels = [("table", "t"), ("column", counted), ("outcome", outcome)];
            value(&text, "pseudo_run_cells", &labels)
        };
        let counts = column.counts;
        for (outcome, count) in [
            ("transformed", counts.transformed),
            ("null", counts.null),
            ("blank", counts.blank),
            ("nulled", counts.nulled),
            ("suspect", counts.suspect),
            ("invalid", counts.invalid),
        ] {
            assert!(
                (cell(outcome) - count as f64).abs() < 0.5,
                "{counted} {outcome}"
            );
        }
    }
}

#[test]
fn names_are_escaped() {
    let mut manifest = manifest();
    let odd = "a\"b\\c\nd{e},=\u{7532}";
    manifest.tables[0].columns[0].column = odd.to_owned();
    let mut metrics = metrics(Some(&manifest), 0, 5);
    metrics.pipeline = odd;
    let families = parse(&metrics.text(""));
    let (labels, _) = &families["pseudo_run_cells"][0];
    assert_eq!(labels["column"], odd);
    assert_eq!(labels["pipeline"], odd);
}

#[test]
fn a_failure_keeps_the_time_of_the_last_success() {
    let manifest = manifest();
    let sandbox = Sandbox::new();
    let file = sandbox.path("pseudo.prom");
    let time = "pseudo_run_last_success_timestamp_seconds";
    metrics(None, 1, 1).write(&file).unwrap();
    let families = parse(&fs::read_to_string(&file).unwrap());
    assert!(!families.contains_key(time), "there was no success yet");
    metrics(Some(&manifest), 0, 5).write(&file).unwrap();
    for (code, second) in [(75, 8), (1, 9)] {
        metrics(None, code, second).write(&file).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let families = parse(&text);
        assert!(!families.contains_key("pseudo_run_rows"));
        assert!((value(&text, "pseudo_run_exit_code", &[]) - f64::from(code)).abs() < 0.5);
        assert!((value(&text, time, &[]) - 1_800_000_005.0).abs() < 0.5);
    }
    metrics(Some(&manifest), 0, 10).write(&file).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!((value(&text, time, &[]) - 1_800_000_010.0).abs() < 0.5);
}

#[test]
fn a_damaged_file_does_not_spoil_the_next_one() {
    let name = "pseudo_run_last_success_timestamp_seconds";
    for damaged in [
        "{pipeline=\"a\"} x",
        "{pipeline=\"a\"} ",
        "{pipeline=\"a\"b\"} 1",
        "{pipeline=\"a\\\"} 1",
        " 1",
    ] {
        let text = metrics(None, 1, 1).text(&format!("{name}{damaged}\n"));
        assert!(!text.contains(name), "{damaged}");
    }
    let odd = format!("{name}{{pipeline=\"a\\\"b\\\\\"}} 7");
    let text = metrics(None, 1, 1).text(&format!("# HELP {name} x\n{odd}\n"));
    assert_eq!(parse(&text)[name][0].0["pipeline"], "a\"b\\");
}

#[test]
fn the_file_is_for_all_to_read_and_alone() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("raw/pseudo.prom");
    metrics(None, 1, 1).write(&file).unwrap();
    metrics(None, 1, 2).write(&file).unwrap();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(fs::read_dir(sandbox.path("raw")).unwrap().count(), 1);
    let error = metrics(None, 1, 1).write(&sandbox.path("absent/pseudo.prom"));
    assert_eq!(error.unwrap_err().exit_code(), 1);
}
