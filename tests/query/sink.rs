//! A published run made by hand: two tables, one of them in two files, and one without rows.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, DictionaryArray, FixedSizeBinaryArray, Int64Array, RecordBatch,
    StringArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, TimeUnit};
use datafusion::parquet::arrow::ArrowWriter;
use pseudo_query::{Answer, Error, Format, query};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A cell that must show in no error.
pub(crate) const CANARY: &str = "canary-7f3a";

pub(crate) struct Sink {
    pub(crate) dir: TempDir,
}

impl Sink {
    /// Publishes run `r1` with tables `users`, `orders` (a file without rows), `车辆` and
    /// `nothing` (no file).
    pub(crate) fn published() -> Self {
        // A sink's own path may hold what listing code takes for a pattern.
        let dir = tempfile::Builder::new()
            .prefix("sink [a] 数 %20")
            .tempdir()
            .unwrap();
        let sink = Self { dir };
        sink.write("r1", "users", 0, &users(&[1, 2], &[Some("cn"), None]));
        sink.write("r1", "users", 1, &users(&[3], &[Some(CANARY)]));
        sink.write("r1", "orders", 0, &users(&[], &[]));
        sink.write("r1", "车辆", 0, &users(&[9], &[Some("cn")]));
        sink.record(
            "r1",
            &[("users", 2), ("orders", 1), ("车辆", 1), ("nothing", 0)],
        );
        sink.switch("runs/r1");
        sink
    }

    pub(crate) fn write(&self, run: &str, table: &str, part: usize, batch: &RecordBatch) {
        let dir = self.dir.path().join("runs").join(run).join(table);
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join(format!("part-{part:05}-00000000.parquet"));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
    }

    /// Writes the manifest of a run: its tables and how many files each has.
    pub(crate) fn record(&self, run: &str, tables: &[(&str, usize)]) {
        let tables = tables.iter().map(|(name, parts)| table(name, *parts));
        self.record_tables(run, tables.collect());
    }

    /// Writes the manifest of a run.
    pub(crate) fn record_tables(&self, run: &str, tables: Vec<Value>) {
        let manifest = json!({
            "format": "pseudo-manifest/1", "run_id": run, "tables": tables,
            "started": "2026-11-22T00:00:00Z", "finished": "2026-11-22T00:00:01Z",
            "recipe": {
                "tool_version": "0.1.0", "unicode_version": "16.0.0", "pipeline": "p",
                "pipeline_hash": "", "plan_hashes": [], "domain": "d", "epoch": 1,
                "key_check_value": "", "year": null,
            },
        });
        let path = self.path().join("runs").join(run).join("manifest.json");
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .unwrap();
        file.write_all(manifest.to_string().as_bytes()).unwrap();
    }

    pub(crate) fn switch(&self, target: &str) {
        let link = self.path().join("current");
        if link.is_symlink() {
            fs::remove_file(&link).unwrap();
        }
        symlink(target, link).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn ask(&self, sql: &str, format: Format) -> Result<(String, Answer), Error> {
        let mut out = Vec::new();
        let answer = query(self.path(), sql, format, &mut out)?;
        Ok((String::from_utf8(out).unwrap(), answer))
    }

    pub(crate) fn csv(&self, sql: &str) -> String {
        self.ask(sql, Format::Csv).unwrap().0
    }

    pub(crate) fn refusal(&self, sql: &str) -> Error {
        self.ask(sql, Format::Csv).unwrap_err()
    }
}

fn table(name: &str, parts: usize) -> Value {
    let path = |part| format!("{name}/part-{part:05}-00000000.parquet");
    let output = |part| json!({ "path": path(part), "bytes": 0, "sha256": "", "rows": 0 });
    let column = |(name, data_type): (&str, &str)| {
        json!({
            "source": name, "column": name, "action": "keep", "identity": null, "kind": null,
            "blank_list": null, "type": data_type, "rows": 0, "transformed": 0, "null": 0,
            "blank": 0, "nulled": 0, "suspect": 0, "invalid": 0, "distinct": null,
        })
    };
    let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("+08:00".into())).to_string();
    let columns = [("token", "Utf8"), ("born", "Int16"), ("at", zoned.as_str())];
    json!({
        "table": name, "source_rows": 0, "published_rows": 0, "filtered_rows": 0,
        "quarantined_rows": 0, "distinct_subjects": null, "sources": [], "dropped": [],
        "outputs": (0..parts).map(output).collect::<Vec<_>>(),
        "columns": columns.map(column),
    })
}

/// Rows with every shape of column that a run publishes.
pub(crate) fn users(ids: &[i64], countries: &[Option<&str>]) -> RecordBatch {
    let tokens = ids.iter().map(|id| Some([u8::try_from(*id).unwrap(); 16]));
    let tokens = FixedSizeBinaryArray::try_from_sparse_iter_with_size(tokens, 16).unwrap();
    let sealed = ids.iter().map(|_| [0x01, 0xab]);
    let country: DictionaryArray<Int32Type> = countries.iter().copied().collect();
    let uuid = [("ARROW:extension:name", "arrow.uuid")].map(|(k, v)| (k.into(), v.into()));
    let token = Field::new("token", tokens.data_type().clone(), true);
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        token.with_metadata(uuid.into()),
        Field::new("sealed", DataType::Binary, true),
        Field::new("country", DataType::Utf8, true),
        Field::new("region", country.data_type().clone(), true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(ids.to_vec())),
        Arc::new(tokens),
        Arc::new(BinaryArray::from_iter_values(sealed)),
        Arc::new(StringArray::from(countries.to_vec())),
        Arc::new(country),
    ];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}
