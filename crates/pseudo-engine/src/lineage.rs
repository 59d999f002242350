//! Where output columns come from, as events of OpenLineage 2-0-2, one JSON object a line: START,
//! then COMPLETE, FAIL or ABORT. Column lineage says with `masking` whether a rule stands between
//! a column and its source. Events hold names, types, counts and messages of ours: no value, no
//! key.

use std::io::Write;
use std::path::{Component, Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use pseudo_policy::{Action, PlannedColumn};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::digits::uuid;
use crate::disk::Disk;
use crate::manifest::{Manifest, TableManifest};
use crate::plan::{Job, TableJob};
use crate::run::{RunOutcome, RunReport};
use crate::{Error, Result};

/// The lineage of one run, appended to a file.
pub struct Lineage {
    file: PathBuf,
    run: Value,
    job: Value,
    started: DateTime<Utc>,
    /// The tables, each with an input and an output.
    tables: Vec<String>,
    inputs: Vec<Value>,
    outputs: Vec<Value>,
    begun: bool,
}

/// What a run is known by before it has an id.
pub struct Origin<'a> {
    /// The pipeline's name.
    pub pipeline: &'a str,
    /// The sink's directory, where known.
    pub sink: Option<&'a Path>,
    /// The moment the run starts.
    pub started: DateTime<Utc>,
    /// The reference time of its rules, when one was given.
    pub at: Option<DateTime<Utc>>,
}

/// How a run ended.
pub enum End<'a> {
    /// It did its work.
    Complete(&'a RunReport),
    /// It failed; why, in words of ours.
    Fail(&'a str),
    /// It was stopped.
    Abort,
}

impl Lineage {
    /// Prepares the events of a run; nothing is written. The run's UUID is made of `origin`: of
    /// version 7 (RFC 9562), with a digest in the place of random bits.
    #[must_use]
    pub fn new(file: &Path, origin: &Origin<'_>) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let mut facets = Map::new();
        let engine = json!({ "name": "pseudo", "version": version });
        insert(&mut facets, "processing_engine", &PROCESSING_ENGINE, engine);
        if let Some(at) = origin.at {
            let nominal = json!({ "nominalStartTime": time(at) });
            insert(&mut facets, "nominalTime", &NOMINAL_TIME, nominal);
        }
        Self {
            file: file.to_path_buf(),
            run: json!({ "runId": run_id(origin), "facets": facets }),
            job: json!({ "namespace": "pseudo", "name": origin.pipeline }),
            started: origin.started,
            tables: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            begun: false,
        }
    }

    /// Tells that the run starts. Of a pipeline that is refused no dataset is known.
    ///
    /// # Errors
    /// [`Error::Io`] when the event cannot be appended.
    pub fn start(&mut self, job: Option<&Job>) -> Result<()> {
        self.begun = true;
        if let Some(job) = job {
            let tables = || job.tables.iter().map(|bound| (bound, source(job, bound)));
            self.tables = tables()
                .map(|(bound, _)| bound.plan.table.clone())
                .collect();
            self.inputs = tables()
                .map(|(bound, source)| input(bound, &source))
                .collect();
            self.outputs = tables()
                .map(|(bound, source)| output(job, bound, &source))
                .collect();
        }
        self.append("START", self.started)
    }

    /// Tells how the run ended at `when`, and first that it started, when that was not told.
    ///
    /// # Errors
    /// [`Error::Io`] when the event cannot be appended.
    pub fn end(mut self, when: DateTime<Utc>, end: &End<'_>) -> Result<()> {
        if !self.begun {
            self.start(None)?;
        }
        match end {
            End::Complete(report) => {
                self.complete(report);
                self.append("COMPLETE", when)
            }
            End::Fail(message) => {
                let message = json!({ "message": message, "programmingLanguage": "Rust" });
                if let Some(Value::Object(facets)) = self.run.get_mut("facets") {
                    insert(facets, "errorMessage", &ERROR_MESSAGE, message);
                }
                self.append("FAIL", when)
            }
            End::Abort => self.append("ABORT", when),
        }
    }

    /// Adds which run is current, and what was read and written for it.
    fn complete(&mut self, report: &RunReport) {
        let Manifest { run_id, tables, .. } = &report.manifest;
        let datasets = self.inputs.iter_mut().zip(&mut self.outputs);
        for ((input, output), name) in datasets.zip(&self.tables) {
            // tables that were not asked for are there too
            let Some(table) = tables.iter().find(|table| table.table == *name) else {
                continue;
            };
            if let Some(Value::Object(facets)) = output.get_mut("facets") {
                let version = json!({ "datasetVersion": run_id });
                insert(facets, "version", &DATASET_VERSION, version);
            }
            if report.outcome == RunOutcome::Published {
                let (read, written) = statistics(table);
                if let (Value::Object(input), Value::Object(output)) = (input, output) {
                    input.insert("inputFacets".to_owned(), read);
                    output.insert("outputFacets".to_owned(), written);
                }
            }
        }
    }

    /// One event, one line, one write.
    fn append(&self, event_type: &str, when: DateTime<Utc>) -> Result<()> {
        let event = json!({
            "eventType": event_type,
            "eventTime": time(when),
            "producer": PRODUCER,
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": self.run,
            "job": self.job,
            "inputs": self.inputs,
            "outputs": self.outputs,
        });
        let mut file = Disk::default().append(&self.file)?;
        file.write_all(format!("{event}\n").as_bytes())
            .map_err(Error::io("write", &self.file))
    }
}

/// A dataset by its OpenLineage name, and where it is.
struct Source {
    namespace: &'static str,
    name: String,
    uri: String,
}

/// The source of a table: files together are one dataset, which root and pattern as written name
/// from one day to the next.
fn source(job: &Job, bound: &TableJob) -> Source {
    let pseudo_policy::Source { root, template } = &job.pipeline.source;
    let table = job.pipeline.table(&bound.plan.table);
    let pattern = table.map_or("", |table| table.template.as_str());
    if root.starts_with("sample:") {
        return Source {
            namespace: "sample",
            name: format!("{template}/{pattern}"),
            uri: root.clone(),
        };
    }
    Source {
        namespace: FILE,
        name: shown(&absolute(&job.path(template)).join(pattern)),
        uri: file_uri(&absolute(&job.path(root))),
    }
}

fn input(bound: &TableJob, source: &Source) -> Value {
    let fields = bound.source.schema.fields().iter();
    let fields: Vec<_> = fields
        .map(|field| json!({ "name": field.name(), "type": field.data_type().to_string() }))
        .collect();
    let mut facets = Map::new();
    insert(&mut facets, "schema", &SCHEMA, json!({ "fields": fields }));
    let place = json!({ "name": source.namespace, "uri": source.uri });
    insert(&mut facets, "dataSource", &DATA_SOURCE, place);
    json!({ "namespace": source.namespace, "name": source.name, "facets": facets })
}

fn output(job: &Job, bound: &TableJob, source: &Source) -> Value {
    let columns = &bound.plan.columns;
    let field = |column: &PlannedColumn| {
        json!({
            "name": column.output.name(),
            "type": column.output_type(),
            "description": column.describe(),
        })
    };
    let fields: Vec<_> = columns.iter().map(field).collect();
    let sink = absolute(&job.sink());
    let mut facets = Map::new();
    insert(&mut facets, "schema", &SCHEMA, json!({ "fields": fields }));
    let place = json!({ "name": FILE, "uri": file_uri(&sink) });
    insert(&mut facets, "dataSource", &DATA_SOURCE, place);
    let lineage = column_lineage(bound, source);
    insert(&mut facets, "columnLineage", &COLUMN_LINEAGE, lineage);
    let name = shown(&sink.join("current").join(&bound.plan.table));
    json!({ "namespace": FILE, "name": name, "facets": facets })
}

/// Which columns an output column is made of, and which decide what rows there are.
fn column_lineage(bound: &TableJob, source: &Source) -> Value {
    let from = |name: &str, transformation: Value| {
        json!({
            "namespace": source.namespace,
            "name": source.name,
            "field": name,
            "transformations": [transformation],
        })
    };
    let direct = |column: &PlannedColumn| {
        let kept = column.action == Action::Keep;
        json!({
            "type": "DIRECT",
            "subtype": if kept { "IDENTITY" } else { "TRANSFORMATION" },
            "description": column.describe(),
            "masking": !kept,
        })
    };
    let mut fields = Map::new();
    for column in &bound.plan.columns {
        let subject = column.subject.as_ref().map(|subject| &subject.column);
        let sources = std::iter::once(&column.source).chain(subject);
        let sources: Vec<_> = sources.map(|name| from(name, direct(column))).collect();
        let name = column.output.name().clone();
        fields.insert(name, json!({ "inputFields": sources }));
    }
    let filter = || json!({ "type": "INDIRECT", "subtype": "FILTER", "masking": false });
    let schema = &bound.source.schema;
    let filters: Vec<_> = bound
        .filter_columns()
        .map(|index| from(schema.field(index).name(), filter()))
        .collect();
    if filters.is_empty() {
        json!({ "fields": fields })
    } else {
        json!({ "fields": fields, "dataset": filters })
    }
}

/// How much was read and written.
fn statistics(table: &TableManifest) -> (Value, Value) {
    let (mut read, mut written) = (Map::new(), Map::new());
    let sizes = table.sources.iter().map(|source| source.stamp.size);
    let input = json!({
        "rowCount": table.source_rows,
        "size": sizes.sum::<u64>(),
        "fileCount": table.sources.len(),
    });
    insert(&mut read, "inputStatistics", &INPUT_STATISTICS, input);
    let sizes = table.outputs.iter().map(|output| output.bytes);
    let output = json!({
        "rowCount": table.published_rows,
        "size": sizes.sum::<u64>(),
        "fileCount": table.outputs.len(),
    });
    insert(&mut written, "outputStatistics", &OUTPUT_STATISTICS, output);
    (Value::Object(read), Value::Object(written))
}

/// A facet's schema: its version, and its name there.
struct Facet(&'static str, &'static str);

const COLUMN_LINEAGE: Facet = Facet("1-2-0", "ColumnLineageDatasetFacet");
const DATASET_VERSION: Facet = Facet("1-0-1", "DatasetVersionDatasetFacet");
const DATA_SOURCE: Facet = Facet("1-0-1", "DatasourceDatasetFacet");
const ERROR_MESSAGE: Facet = Facet("1-0-1", "ErrorMessageRunFacet");
const INPUT_STATISTICS: Facet = Facet("1-0-0", "InputStatisticsInputDatasetFacet");
const NOMINAL_TIME: Facet = Facet("1-0-1", "NominalTimeRunFacet");
const OUTPUT_STATISTICS: Facet = Facet("1-0-2", "OutputStatisticsOutputDatasetFacet");
const PROCESSING_ENGINE: Facet = Facet("1-1-1", "ProcessingEngineRunFacet");
const SCHEMA: Facet = Facet("1-1-1", "SchemaDatasetFacet");

/// Who says so, as a package URL.
const PRODUCER: &str = concat!("pkg:generic/pseudo@", env!("CARGO_PKG_VERSION"));
/// The namespace of files on this machine.
const FILE: &str = "file";

/// Adds a facet with what every facet has.
fn insert(facets: &mut Map<String, Value>, key: &str, Facet(version, name): &Facet, body: Value) {
    let url = format!("https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}");
    let mut facet = Map::new();
    facet.insert("_producer".to_owned(), PRODUCER.into());
    facet.insert("_schemaURL".to_owned(), url.into());
    if let Value::Object(body) = body {
        facet.extend(body);
    }
    facets.insert(key.to_owned(), Value::Object(facet));
}

/// Milliseconds, then bits of a digest over what tells this run from others.
fn run_id(origin: &Origin<'_>) -> String {
    let sink = origin.sink.map(|sink| shown(&absolute(sink)));
    let parts = [
        origin.pipeline.to_owned(),
        sink.unwrap_or_default(),
        origin.started.to_rfc3339_opts(SecondsFormat::Nanos, true),
    ];
    let digest = Sha256::digest(parts.join("\0"));
    let mut bits = [0; 16];
    for (to, from) in bits.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    let millis = u128::from(origin.started.timestamp_millis().unsigned_abs()) << 80;
    let digest = u128::from_be_bytes(bits);
    let id = millis | digest & !(u128::MAX << 80);
    let id = id & !(0xf << 76) | 7 << 76;
    let id = id & !(0b11 << 62) | 0b10 << 62;
    uuid(&format!("{id:032x}"))
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The path from the root, without `.` and `..`. Links stay: a name outlives where they point.
fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// RFC 8089, with all but unreserved characters and `/` in percent form.
fn file_uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
