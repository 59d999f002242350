//! A sandbox for runs: a directory with a keyring, sources written as files, and a pipeline over
//! them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use chrono::{DateTime, Utc};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use pseudo_engine::filter::NoFilters;
use pseudo_engine::{Cancel, Disk, Error, Job, RunOptions, RunReport, Silent};
use pseudo_keyring::{KeySource, Keyring, Unlock};
use tempfile::TempDir;

use crate::classes::Naive;

/// A directory with `raw/`, `safe/` and keys.
pub(crate) struct Sandbox {
    root: TempDir,
    /// What `[sink]` says besides its root.
    pub(crate) sink: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("raw")).unwrap();
        let sink = "retain_runs = 2".to_owned();
        Self { root, sink }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes `raw/<name>`.
    pub(crate) fn text(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path("raw").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Writes `raw/<name>` as Parquet in row groups of `group` rows.
    pub(crate) fn parquet(&self, name: &str, batch: &RecordBatch, group: usize) {
        let path = self.path("raw").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(group))
            .build();
        let file = File::create(path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
    }

    /// Binds a pipeline with these identities and tables.
    pub(crate) fn job(&self, tables: &str) -> Result<Job, Error> {
        let sink = &self.sink;
        let text = format!(
            "version = 1\nname = \"test\"\ndomain = \"analytics\"\n\
             [keys]\nkeyring = \"keys/test.keyring\"\n\
             [source]\nroot = \"raw\"\n[sink]\nroot = \"safe\"\n{sink}\n\
             [identities.account]\nkind = \"integer\"\n[identities.note]\nkind = \"text\"\n\
             [identities.person]\nkind = \"cn-resident-id\"\n\
             [identities.phone]\nkind = \"cn-phone\"\n{tables}"
        );
        let path = self.path("pipeline.toml");
        fs::write(&path, text).unwrap();
        pseudo_engine::open(&path, &NoFilters)
    }

    /// Runs such a pipeline at second `second` of a day.
    pub(crate) fn run(&self, tables: &str, second: u32) -> Result<RunReport, Error> {
        self.run_with(tables, second, |_| {})
    }

    /// Runs it with other options.
    pub(crate) fn run_with(
        &self,
        tables: &str,
        second: u32,
        change: impl FnOnce(&mut RunOptions<'_>),
    ) -> Result<RunReport, Error> {
        self.run_keyed(tables, second, keyring(), change)
    }

    /// Runs it with other keys.
    pub(crate) fn run_keyed(
        &self,
        tables: &str,
        second: u32,
        keys: &dyn KeySource,
        change: impl FnOnce(&mut RunOptions<'_>),
    ) -> Result<RunReport, Error> {
        let job = self.job(tables)?;
        let clock = move || at(second + 1);
        let mut options = options(second, &clock);
        change(&mut options);
        pseudo_engine::run(&job, keys, &options)
    }

    /// All rows of a table of the current run, in the order of its files.
    pub(crate) fn read(&self, table: &str) -> RecordBatch {
        let directory = self.path("safe/current").join(table);
        let mut paths: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        let mut batches = Vec::new();
        for path in &paths {
            let file = File::open(path).unwrap();
            let reader = ParquetRecordBatchReaderBuilder::try_new(file)
                .unwrap()
                .build()
                .unwrap();
            let empty = RecordBatch::new_empty(arrow::array::RecordBatchReader::schema(&reader));
            batches.push(empty);
            batches.extend(reader.map(Result::unwrap));
        }
        concat_batches(&batches[0].schema(), &batches).unwrap()
    }

    /// Every file below `safe`, with its bytes.
    pub(crate) fn written(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        walk(&self.path("safe"), &mut found);
        found
    }
}

/// A batch of named columns.
pub(crate) fn batch<const N: usize>(columns: [(&str, ArrayRef); N]) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

/// A second of a fixed day.
pub(crate) fn at(second: u32) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + i64::from(second), 0).unwrap()
}

/// The options of a run that begins at second `second`, on two threads.
pub(crate) fn options<'a>(
    second: u32,
    clock: &'a (dyn Fn() -> DateTime<Utc> + Sync),
) -> RunOptions<'a> {
    RunOptions {
        started: at(second),
        clock,
        at: None,
        run_id: None,
        full: false,
        new_epoch: false,
        threads: Some(2),
        space: None,
        classes: &Naive,
        progress: &Silent,
        cancel: Cancel::default(),
        disk: Disk::default(),
    }
}

/// One keyring for all tests of the process.
pub(crate) fn keyring() -> &'static Keyring {
    static KEYRING: OnceLock<Keyring> = OnceLock::new();
    KEYRING.get_or_init(another_keyring)
}

/// A keyring that no other test has.
pub(crate) fn another_keyring() -> Keyring {
    let directory = tempfile::tempdir().unwrap();
    let identity = directory.path().join("test.key");
    pseudo_keyring::create_identity(&identity, "2026-01-01T00:00:00Z").unwrap();
    let unlock = Unlock::Identity(identity);
    let path = directory.path().join("test.keyring");
    Keyring::create(&path, &unlock, "2026-01-01T00:00:00Z").unwrap()
}

/// The text of a column that is text.
pub(crate) fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let column = batch.column_by_name(column).unwrap();
    let column = arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8).unwrap();
    let column = column
        .as_any()
        .downcast_ref::<arrow::array::StringArray>()
        .unwrap();
    column.iter().map(|text| text.map(str::to_owned)).collect()
}

/// A column of text.
pub(crate) fn text_column<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<arrow::array::StringArray>())
}

fn walk(path: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else {
            let bytes = fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
}
