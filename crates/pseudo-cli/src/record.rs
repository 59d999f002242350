//! What a run tells machines: its lineage and its metrics. Neither decides what it comes to: a file
//! that cannot be written is a warning.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use pseudo_engine::lineage::{End, Lineage, Origin};
use pseudo_engine::metrics::Metrics;
use pseudo_engine::{Job, RunReport};

use crate::commands::now;
use crate::message::{Failure, Screen};

/// Where it is told.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Operations")]
pub(crate) struct RecordArgs {
    /// Append OpenLineage events to this file; a file that takes none is a warning
    #[arg(long, value_name = "FILE")]
    lineage: Option<PathBuf>,
    /// Replace this file by metrics for Prometheus' textfile collector; a file that takes none is a
    /// warning
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
}

/// The record of one run.
pub(crate) struct Record {
    /// The moment it started.
    pub(crate) started: DateTime<Utc>,
    pipeline: String,
    lineage: Option<Lineage>,
    metrics: Option<PathBuf>,
    screen: Screen,
    /// What was wrong with the lineage at the start is not said again at the end.
    warned: Option<String>,
}

impl Record {
    /// Begins the record of a run of the pipeline file at `path`, which may be one that is refused:
    /// without a name in it, the file's own name stands for it.
    pub(crate) fn new(
        args: RecordArgs,
        path: &Path,
        started: DateTime<Utc>,
        at: Option<DateTime<Utc>>,
        screen: Screen,
    ) -> Self {
        let stem = || path.file_stem().unwrap_or_default().to_string_lossy();
        let pipeline = pseudo_engine::name(path).unwrap_or_else(|| stem().into_owned());
        let sink = pseudo_engine::sink(path);
        let origin = Origin {
            pipeline: &pipeline,
            sink: sink.as_deref(),
            started,
            at,
        };
        let lineage = args.lineage.map(|file| Lineage::new(&file, &origin));
        Self {
            started,
            pipeline,
            lineage,
            metrics: args.metrics,
            screen,
            warned: None,
        }
    }

    /// The run starts.
    pub(crate) fn start(&mut self, job: &Job) {
        if let Some(lineage) = &mut self.lineage {
            self.warned = warn(self.screen, lineage.start(Some(job)), None);
        }
    }

    /// The run has ended: with a report when it did its work, and with a failure when it, or the
    /// answer about it, failed.
    pub(crate) fn end(self, report: Option<&RunReport>, failure: Option<&Failure>) {
        let finished = now();
        if let Some(lineage) = self.lineage {
            let message = failure.map(Failure::summary).unwrap_or_default();
            let end = match (report, failure) {
                (Some(report), _) => End::Complete(report),
                (None, Some(Failure::Engine(pseudo_engine::Error::Cancelled))) => End::Abort,
                (None, _) => End::Fail(&message),
            };
            warn(self.screen, lineage.end(finished, &end), self.warned);
        }
        if let Some(path) = self.metrics {
            let millis = (finished - self.started).num_milliseconds().max(0);
            let metrics = Metrics {
                pipeline: &self.pipeline,
                exit_code: failure.and_then(Failure::exit_code).unwrap_or(0),
                seconds: millis as f64 / 1000.0,
                finished,
                manifest: report.map(|report| &report.manifest),
            };
            warn(self.screen, metrics.write(&path), None);
        }
    }
}

/// Says what went wrong, unless that was said before; answers it.
fn warn(screen: Screen, told: pseudo_engine::Result<()>, before: Option<String>) -> Option<String> {
    let text = told.err()?.to_string();
    if before.as_ref() != Some(&text) {
        screen.warning(&text);
    }
    Some(text)
}
