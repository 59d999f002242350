//! `pseudo run`: runs a pipeline, and says what came of it either way.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use pseudo_engine::manifest::{ColumnManifest, Manifest};
use pseudo_engine::{Disk, RunOptions, RunOutcome, RunReport};
use pseudo_query::Classes;
use pseudo_report::Report;
use serde_json::json;

use crate::access::AccessArgs;
use crate::commands::check::{self, Settings};
use crate::commands::{now, rfc3339, verify};
use crate::message::{self, Failure, Screen, Standing};
use crate::progress::Meter;
use crate::record::{Record, RecordArgs};
use crate::report::{self, ReportArgs};
use crate::signals;
use crate::table::{Table, thousands};
use crate::unlock;

/// Run a pipeline and publish its output
///
/// The output becomes visible at once and as a whole, as `current` in the sink, after it was read
/// back and checked. A source file that has not changed is not read again: its output is taken
/// over. When neither source nor pipeline nor keys have changed, there is nothing to do.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo run pipelines/quickstart.toml")]
pub(crate) struct Run {
    /// The pipeline file
    pipeline: PathBuf,
    /// Run this table alone, the others keep their current output; can be given several times
    #[arg(long = "table", value_name = "TABLE")]
    tables: Vec<String>,
    #[command(flatten)]
    settings: Settings,
    /// Read every source file, also those that have not changed
    #[arg(long)]
    full: bool,
    /// Run although the keyring's secret is another than that of the current run
    #[arg(long)]
    new_epoch: bool,
    /// Name of the run; made from its start when absent
    #[arg(long, value_name = "ID", value_parser = run_id)]
    run_id: Option<String>,
    /// The time that rules refer to, RFC 3339; the start of the run when absent
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<DateTime<Utc>>,
    /// Worker threads; one per core when absent
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// File whose first line is the passphrase of the keyring
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Write the outcome and the manifest as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    record: RecordArgs,
    #[command(flatten)]
    report: ReportArgs,
    #[command(flatten)]
    access: AccessArgs,
}

impl Run {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let started = now();
        let sink = pseudo_engine::sink(&self.pipeline);
        let before = sink.as_deref().and_then(current);
        let mut record = Record::new(
            self.record.clone(),
            &self.pipeline,
            started,
            self.at,
            screen,
        );
        let last = sink.as_deref().filter(|_| self.report.wanted());
        let last = last.and_then(report::current);
        let mut report = None;
        let done = message::guard(|| {
            self.report.check(sink.as_deref())?;
            let report = report.insert(self.publish(before.as_deref(), &mut record, screen)?);
            self.tell(report, last, screen);
            message::print(&self.answer(report))
        });
        record.end(report.as_ref(), done.as_ref().err());
        done.map_err(|failure| Failure::run(failure, standing(sink, before, started)))
    }

    fn publish(
        &self,
        current: Option<&str>,
        record: &mut Record,
        screen: Screen,
    ) -> Result<RunReport, Failure> {
        let cancel = signals::listen()?;
        let choice = self.settings.choice(&self.tables)?;
        let job = pseudo_engine::open_with(&self.pipeline, &pseudo_query::Filters, &choice)?;
        check::warn(&job, screen);
        let started = record.started;
        let held = unlock::for_job(
            &job,
            current,
            self.passphrase_file.as_deref(),
            &rfc3339(started),
            &self.access,
            screen,
        )?;
        record.start(&job);
        let meter = Meter::new(screen);
        let options = RunOptions {
            started,
            clock: &now,
            at: self.at,
            run_id: self.run_id.clone(),
            full: self.full,
            new_epoch: self.new_epoch,
            threads: self.threads.map(NonZeroUsize::get),
            space: None,
            classes: &Classes,
            progress: &meter,
            cancel,
            disk: Disk::default(),
        };
        let report = pseudo_engine::run(&job, held.source(), &options);
        meter.finish();
        let report = report?;
        for table in &report.manifest.tables {
            for column in &table.gate.columns {
                for kind in &column.kinds {
                    let (table, column) = (&table.table, &column.column);
                    screen.warning(&verify::suspicion(table, column, &kind.kind, kind.values));
                }
                let shared = column.shared.iter();
                let excused =
                    shared.filter_map(|one| verify::excused(&table.table, &column.column, one));
                excused.for_each(|text| screen.warning(&text));
            }
        }
        Ok(report)
    }

    /// Writes the report. The run is what it is: a report that cannot be written is a warning.
    fn tell(&self, report: &RunReport, last: Option<Manifest>, screen: Screen) {
        if !self.report.wanted() {
            return;
        }
        let (sink, manifest) = (&report.sink, &report.manifest);
        let other = last.filter(|last| last.run_id != manifest.run_id);
        let previous = other.or_else(|| pseudo_engine::report::before(sink, manifest));
        let told = self.report.write(&Report {
            sink,
            manifest,
            previous: previous.as_ref(),
            assessment: None,
            attack: None,
        });
        if let Err(error) = told {
            screen.warning(&error.to_string());
        }
    }

    fn answer(&self, report: &RunReport) -> String {
        if self.json {
            let outcome = match report.outcome {
                RunOutcome::Published => "published",
                RunOutcome::NothingToDo => "nothing-to-do",
            };
            return message::json(&json!({
                "outcome": outcome,
                "sink": report.sink,
                "reused_files": report.reused_files,
                "manifest": report.manifest,
            }));
        }
        let run = &report.manifest.run_id;
        let sink = report.sink.display();
        match report.outcome {
            RunOutcome::Published => {
                let reused = match report.reused_files {
                    0 => String::new(),
                    files => format!("source files not read again: {}\n", thousands(files as u64)),
                };
                let tables = report.manifest.tables.iter();
                let held = match tables.map(|table| table.quarantined_rows).sum() {
                    0 => String::new(),
                    rows => {
                        let rows = thousands(rows);
                        format!("rows in quarantine: {rows}, told in {sink}/current/quarantine\n")
                    }
                };
                let summary = summary(&report.manifest);
                let gates = verify::gates(&report.manifest);
                let tables = report.manifest.tables.iter();
                let forgotten = match tables.map(|table| table.forgotten_rows).sum() {
                    0 => String::new(),
                    rows => format!("rows of forgotten subjects: {}\n", thousands(rows)),
                };
                format!(
                    "{summary}\n{gates}{forgotten}{reused}{held}run {run} is published: \
                     {sink}/current\n"
                )
            }
            RunOutcome::NothingToDo => format!(
                "nothing to do: source, pipeline and keys are those of run {run}: {sink}/current\n"
            ),
        }
    }
}

fn summary(manifest: &Manifest) -> String {
    let heads = [
        "table",
        "column",
        "output",
        "rule",
        "identity",
        "transformed",
        "null",
        "blank",
        "suspect",
        "invalid",
        "nulled",
        "distinct",
    ];
    let mut columns = Table::new(&heads).numbers_from(5);
    let mut rows = Table::new(&[
        "table",
        "rows read",
        "filtered",
        "quarantined",
        "published",
        "subjects",
        "files",
    ])
    .numbers_from(1);
    for table in &manifest.tables {
        for column in &table.columns {
            columns.row(cells(&table.table, column));
        }
        for dropped in &table.dropped {
            let name = table.table.as_str();
            columns.row([name, dropped, "", "drop", "", "", "", "", "", "", "", ""]);
        }
        rows.row([
            table.table.clone(),
            thousands(table.source_rows),
            thousands(table.filtered_rows),
            thousands(table.quarantined_rows),
            thousands(table.published_rows),
            table.distinct_subjects.map(about).unwrap_or_default(),
            thousands(table.outputs.len() as u64),
        ]);
    }
    format!("{columns}\n{rows}")
}

fn cells(table: &str, column: &ColumnManifest) -> [String; 12] {
    let counts = &column.counts;
    [
        table.to_owned(),
        column.source.clone(),
        column.column.clone(),
        column.action.clone(),
        column.identity.clone().unwrap_or_default(),
        thousands(counts.transformed),
        thousands(counts.null),
        thousands(counts.blank),
        thousands(counts.suspect),
        thousands(counts.invalid),
        thousands(counts.nulled),
        column.distinct.map(about).unwrap_or_default(),
    ]
}

fn about(estimate: u64) -> String {
    format!("~{}", thousands(estimate))
}

/// The name of the run that readers of the sink see.
pub(crate) fn current(sink: &Path) -> Option<String> {
    let target = std::fs::read_link(sink.join("current")).ok()?;
    Some(target.file_name()?.to_string_lossy().into_owned())
}

/// What readers see after a run that failed. A run that another process published meanwhile is not
/// of this one's making.
pub(crate) fn standing(
    sink: Option<PathBuf>,
    before: Option<String>,
    started: DateTime<Utc>,
) -> Standing {
    let Some(sink) = sink else {
        return Standing::Unknown;
    };
    let after = current(&sink);
    let ours = |manifest: Manifest| manifest.started == rfc3339(started);
    let late = before != after && Manifest::read(&sink.join("current")).is_ok_and(ours);
    Standing::Sink {
        sink,
        before,
        after,
        late,
    }
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text);
    time.map(|time| time.to_utc())
        .map_err(|_| "not an RFC 3339 time".to_owned())
}

/// A run's name is that of a directory.
fn run_id(text: &str) -> Result<String, String> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let first = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric());
    if first && text.len() <= 64 && text.bytes().all(legal) {
        Ok(text.to_owned())
    } else {
        Err(
            "a run id is up to 64 letters, digits, `-`, `_` and `.`, starting with a letter or \
             digit"
                .to_owned(),
        )
    }
}
