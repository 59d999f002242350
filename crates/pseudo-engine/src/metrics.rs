//! The outcome of a run as a file for the textfile collector of Prometheus' node exporter, in the
//! text exposition format 0.0.4. The file is replaced as a whole: a scrape sees the run before or
//! this one. Names and numbers alone: no value, no key.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::Result;
use crate::disk::Disk;
use crate::manifest::{Manifest, TableManifest};

/// What is told of a run.
pub struct Metrics<'a> {
    /// The pipeline's name.
    pub pipeline: &'a str,
    /// The process's exit code; 0 is a success.
    pub exit_code: u8,
    /// Seconds from start to end.
    pub seconds: f64,
    /// When it ended.
    pub finished: DateTime<Utc>,
    /// The manifest of the current run, unless the run failed.
    pub manifest: Option<&'a Manifest>,
}

impl Metrics<'_> {
    /// Replaces the file at `path`. Whoever collects metrics is another user, so that the file is
    /// 0644 whatever the umask says. The time of the last success survives failures.
    ///
    /// # Errors
    /// [`crate::Error::Io`] when it cannot be written; the file is the one before, then.
    pub fn write(&self, path: &Path) -> Result<()> {
        // absent or unreadable: there was no success that anybody knows of
        let before = std::fs::read_to_string(path).unwrap_or_default();
        // the collector reads `*.prom`, which is not the name of the file that takes its place
        Disk::default().replace(path, self.text(&before).as_bytes(), 0o644)
    }

    /// The text of the file; `before` is that of the file it replaces.
    #[must_use]
    pub fn text(&self, before: &str) -> String {
        let pipeline = label(self.pipeline);
        let mut text = String::new();
        if let Some(manifest) = self.manifest {
            rows(&mut text, &pipeline, &manifest.tables);
            cells(&mut text, &pipeline, &manifest.tables);
            bytes(&mut text, &pipeline, &manifest.tables);
            classes(&mut text, &pipeline, &manifest.tables);
        }
        family(&mut text, SECONDS, "How long the last run took.");
        line(
            &mut text,
            SECONDS,
            &pipeline,
            format_args!("{:.3}", self.seconds),
        );
        family(
            &mut text,
            EXIT_CODE,
            "Exit code of the last run; 0 is a success.",
        );
        line(&mut text, EXIT_CODE, &pipeline, self.exit_code);
        let success = if self.exit_code == 0 {
            let mut line_now = String::new();
            line(
                &mut line_now,
                LAST_SUCCESS,
                &pipeline,
                self.finished.timestamp(),
            );
            Some(line_now)
        } else {
            last_success(before).map(|line| format!("{line}\n"))
        };
        if let Some(success) = success {
            family(&mut text, LAST_SUCCESS, "When a run last succeeded.");
            text.push_str(&success);
        }
        text
    }
}

const ROWS: &str = "pseudo_run_rows";
const CELLS: &str = "pseudo_run_cells";
const BYTES: &str = "pseudo_run_bytes";
const K_MIN: &str = "pseudo_k_min";
const SECONDS: &str = "pseudo_run_seconds";
const EXIT_CODE: &str = "pseudo_run_exit_code";
const LAST_SUCCESS: &str = "pseudo_run_last_success_timestamp_seconds";

fn rows(text: &mut String, pipeline: &str, tables: &[TableManifest]) {
    let help = "Rows of the run: read = published + filtered + quarantined + forgotten.";
    family(text, ROWS, help);
    for table in tables {
        let labels = format!("{pipeline},table=\"{}\"", escaped(&table.table));
        let counts = [
            ("read", table.source_rows),
            ("published", table.published_rows),
            ("filtered", table.filtered_rows),
            ("quarantined", table.quarantined_rows),
            ("forgotten", table.forgotten_rows),
        ];
        for (outcome, count) in counts {
            line(
                text,
                ROWS,
                &format!("{labels},outcome=\"{outcome}\""),
                count,
            );
        }
    }
}

fn cells(text: &mut String, pipeline: &str, tables: &[TableManifest]) {
    let help = "Cells of the current run: transformed + null + blank + nulled are all; suspect and \
                invalid are part of transformed and nulled.";
    family(text, CELLS, help);
    for table in tables {
        for column in &table.columns {
            let labels = format!(
                "{pipeline},table=\"{}\",column=\"{}\"",
                escaped(&table.table),
                escaped(&column.column)
            );
            let counts = &column.counts;
            let counts = [
                ("transformed", counts.transformed),
                ("null", counts.null),
                ("blank", counts.blank),
                ("nulled", counts.nulled),
                ("suspect", counts.suspect),
                ("invalid", counts.invalid),
            ];
            for (outcome, count) in counts {
                line(
                    text,
                    CELLS,
                    &format!("{labels},outcome=\"{outcome}\""),
                    count,
                );
            }
        }
    }
}

fn bytes(text: &mut String, pipeline: &str, tables: &[TableManifest]) {
    family(text, BYTES, "Size of the files of the current run.");
    for table in tables {
        let labels = format!("{pipeline},table=\"{}\"", escaped(&table.table));
        let bytes: u64 = table.outputs.iter().map(|output| output.bytes).sum();
        line(text, BYTES, &labels, bytes);
    }
}

/// Tables without gates, or without rows, have no classes that anybody counted.
fn classes(text: &mut String, pipeline: &str, tables: &[TableManifest]) {
    let gated = || {
        let tables = tables.iter();
        tables.filter_map(|table| Some((&table.table, table.classes.as_ref()?)))
    };
    if gated().next().is_none() {
        return;
    }
    let help = "Members of the smallest class of the quasi-identifiers that gates name.";
    family(text, K_MIN, help);
    for (table, gate) in gated() {
        let labels = format!("{pipeline},table=\"{}\"", escaped(table));
        line(text, K_MIN, &labels, gate.found.k);
    }
}

fn family(text: &mut String, name: &str, help: &str) {
    text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
}

fn line(text: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    // writing to a `String` cannot fail
    let _ = writeln!(text, "{name}{{{labels}}} {value}");
}

fn label(pipeline: &str) -> String {
    format!("pipeline=\"{}\"", escaped(pipeline))
}

/// A label's value: backslash, quote and line feed are escaped, nothing else.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// The line of the last success in a file that this module wrote; anything else is left out, so
/// that a damaged file does not spoil the next one.
fn last_success(before: &str) -> Option<&str> {
    before.lines().find(|line| {
        let rest = line.strip_prefix(LAST_SUCCESS);
        let rest = rest.and_then(|rest| rest.strip_prefix("{pipeline=\""));
        let Some((name, time)) = rest.and_then(|rest| rest.rsplit_once("\"} ")) else {
            return false;
        };
        let mut open = false;
        let whole = name.chars().all(|char| {
            let legal = char != '"' || open;
            open = char == '\\' && !open;
            legal
        });
        whole && !open && !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit())
    })
}
