//! A run that is asked to stop: it stops soon, leaves nothing, and not in the middle of publishing.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{BooleanArray, Int64Array, RecordBatch};
use arrow::datatypes::Schema;
use pseudo_engine::filter::{FilterCompiler, RowFilter};
use pseudo_engine::{Cancel, Error, Progress, RunOptions, RunOutcome};

use crate::harness::{Sandbox, at, batch, keyring, options};

const TABLE: &str = r#"
[tables.t]
source = "*.parquet"
[tables.t.columns]
id = { token = "account" }
"#;

/// Stops the run when it enters a phase.
struct StopAt {
    phase: &'static str,
    cancel: Cancel,
}

impl Progress for StopAt {
    fn begin(&self, _rows: Option<u64>) {}
    fn rows(&self, _count: u64) {}
    fn phase(&self, name: &'static str) {
        if name == self.phase {
            self.cancel.cancel();
        }
    }
}

/// Lets every row stay, stops the run at the first batch and counts the batches.
struct StopInChunk {
    cancel: Cancel,
    batches: Arc<AtomicUsize>,
    columns: Vec<String>,
}

struct Compiler(Cancel, Arc<AtomicUsize>);

impl FilterCompiler for Compiler {
    fn compile(&self, predicate: &str, _schema: &Schema) -> Result<Box<dyn RowFilter>, String> {
        Ok(Box::new(StopInChunk {
            cancel: self.0.clone(),
            batches: Arc::clone(&self.1),
            columns: vec![predicate.to_owned()],
        }))
    }
}

impl RowFilter for StopInChunk {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn select(&self, batch: &RecordBatch) -> Result<BooleanArray, String> {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.cancel.cancel();
        Ok(BooleanArray::from(vec![true; batch.num_rows()]))
    }
}

fn sandbox(rows: i64) -> Sandbox {
    let sandbox = Sandbox::new();
    let ids = Int64Array::from_iter_values(0..rows);
    let rows = usize::try_from(rows).unwrap();
    sandbox.parquet("a.parquet", &batch([("id", Arc::new(ids))]), rows);
    sandbox
}

fn staged(sandbox: &Sandbox) -> usize {
    fs::read_dir(sandbox.path("safe/.staging")).map_or(0, Iterator::count)
}

#[test]
fn a_run_stops_in_every_phase_before_it_publishes() {
    let sandbox = sandbox(10);
    let first = sandbox.run(TABLE, 0).unwrap().manifest.run_id;
    for (second, phase) in [(10, "digest"), (20, "project"), (30, "verify")] {
        sandbox.parquet("b.parquet", &ids(second), 10);
        let cancel = Cancel::default();
        let progress: &'static StopAt = Box::leak(Box::new(StopAt {
            phase,
            cancel: cancel.clone(),
        }));
        let stopped = sandbox.run_with(TABLE, second, |options| {
            options.cancel = cancel;
            options.progress = progress;
        });
        let error = stopped.err().unwrap();
        assert!(matches!(error, Error::Cancelled), "{phase}: {error}");
        assert_eq!(error.exit_code(), 1);
        assert_eq!(staged(&sandbox), 0, "{phase}");
        let current = fs::read_link(sandbox.path("safe/current")).unwrap();
        assert_eq!(
            current.file_name().unwrap().to_str().unwrap(),
            first,
            "{phase}"
        );
    }
    // the lock is free again
    let report = sandbox.run(TABLE, 40).unwrap();
    assert_eq!(report.outcome, RunOutcome::Published);
}

#[test]
fn a_run_that_publishes_ends_as_published() {
    let sandbox = sandbox(10);
    let cancel = Cancel::default();
    let progress: &'static StopAt = Box::leak(Box::new(StopAt {
        phase: "publish",
        cancel: cancel.clone(),
    }));
    let report = sandbox.run_with(TABLE, 0, |options| {
        options.cancel = cancel;
        options.progress = progress;
    });
    assert_eq!(report.unwrap().outcome, RunOutcome::Published);
    assert!(sandbox.path("safe/current/manifest.json").exists());
}

#[test]
fn a_run_stops_within_a_chunk() {
    let sandbox = sandbox(100_000);
    let cancel = Cancel::default();
    let batches = Arc::new(AtomicUsize::new(0));
    let text = TABLE.replace("[tables.t.columns]", "filter = \"id\"\n[tables.t.columns]");
    // the harness refuses filters, and leaves the file behind
    sandbox.job(&text).err().unwrap();
    let compiler = Compiler(cancel.clone(), Arc::clone(&batches));
    let job = pseudo_engine::open(&sandbox.path("pipeline.toml"), &compiler).unwrap();
    let options = RunOptions {
        cancel,
        ..options(0, &|| at(1))
    };
    let stopped = pseudo_engine::run(&job, keyring(), &options);
    assert!(matches!(stopped.err().unwrap(), Error::Cancelled));
    assert_eq!(batches.load(Ordering::Relaxed), 1, "batches of one chunk");
    assert_eq!(staged(&sandbox), 0);
    assert!(!sandbox.path("safe/current").exists());
}

#[test]
fn a_run_that_was_stopped_before_touches_nothing() {
    let sandbox = sandbox(10);
    let cancel = Cancel::default();
    cancel.cancel();
    let stopped = sandbox.run_with(TABLE, 0, |options| options.cancel = cancel);
    assert!(matches!(stopped.err().unwrap(), Error::Cancelled));
    assert!(!sandbox.path("safe").exists());
}

fn ids(from: u32) -> RecordBatch {
    let ids = Int64Array::from_iter_values((0..10).map(|id| id + i64::from(from)));
    batch([("id", Arc::new(ids))])
}
