//! A pipeline bound to its source: everything that can be refused is refused here, all at once, before a
//! key is opened or a row is read.

use std::path::{Path, PathBuf};

use pseudo_policy::{Fault, Pipeline, Refusal, Table, TablePlan, Violation};

use crate::filter::{FilterCompiler, RowFilter};
use crate::source::{Root, SourceTable};
use crate::{Error, Result};

/// A pipeline whose every table is bound to the schema of its source.
pub struct Job {
    /// What the file says.
    pub pipeline: Pipeline,
    /// The tables, in the order of the file.
    pub tables: Vec<TableJob>,
    base: PathBuf,
}

/// One bound table.
pub struct TableJob {
    /// What happens to each column.
    pub plan: TablePlan,
    pub(crate) source: SourceTable,
    pub(crate) filter: Option<Box<dyn RowFilter>>,
    /// The source columns that a rule or the filter reads, ascending.
    pub(crate) read: Vec<usize>,
}

impl Job {
    /// The sink's directory.
    #[must_use]
    pub fn sink(&self) -> PathBuf {
        self.base.join(&self.pipeline.sink.root)
    }

    /// The keyring's path.
    #[must_use]
    pub fn keyring(&self) -> PathBuf {
        self.base.join(&self.pipeline.keys.keyring)
    }

    /// The path of the identity file that opens the keyring, when the pipeline names one.
    #[must_use]
    pub fn identity(&self) -> Option<PathBuf> {
        self.pipeline
            .keys
            .identity
            .as_ref()
            .map(|identity| self.base.join(identity))
    }

    /// The number of source rows, when every file tells.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        let files = self.tables.iter().flat_map(|table| &table.source.files);
        files.map(crate::source::SourceFile::rows).sum()
    }
}

/// Reads and parses the pipeline file at `path`.
///
/// # Errors
/// [`Error::Io`] when it cannot be read, [`Error::Refused`] with every mistake in it.
pub fn load(path: &Path) -> Result<Pipeline> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    Pipeline::parse(&path.to_string_lossy(), &text).map_err(Error::Refused)
}

/// Binds `pipeline`, whose paths are relative to `base`, to the schemas of its source. No row is read.
///
/// # Errors
/// [`Error::Refused`] with every violation of every table; [`Error::Io`] and [`Error::Source`] when the
/// source cannot be opened.
pub fn plan(pipeline: Pipeline, base: &Path, filters: &dyn FilterCompiler) -> Result<Job> {
    let root = Root::parse(base, &pipeline.source.root)
        .map_err(|message| refuse(&pipeline, 0, "table [source]", message))?;
    let mut tables = Vec::new();
    let mut violations = Vec::new();
    for table in &pipeline.tables {
        match bind(&pipeline, &root, table, filters) {
            Ok(Some(bound)) => tables.push(bound),
            Ok(None) => tracing::warn!(table = table.name, "no source file, so no table"),
            Err(Error::Refused(refusal)) => violations.extend(refusal.violations),
            Err(error) => return Err(error),
        }
    }
    let job = Job {
        pipeline,
        tables,
        base: base.to_path_buf(),
    };
    if let Err(Error::Refused(refusal)) = keys_outside_sink(&job) {
        violations.extend(refusal.violations);
    }
    if violations.is_empty() {
        Ok(job)
    } else {
        Err(Error::Refused(Refusal { violations }))
    }
}

fn bind(
    pipeline: &Pipeline,
    root: &Root,
    table: &Table,
    filters: &dyn FilterCompiler,
) -> Result<Option<TableJob>> {
    let Some(source) = root.open(table)? else {
        if table.allow_empty {
            return Ok(None);
        }
        let place = format!("table [tables.{}]", table.name);
        return Err(refuse(
            pipeline,
            table.line,
            &place,
            "no file matches `source`".to_owned(),
        ));
    };
    let plan = pipeline
        .bind(table, &source.schema)
        .map_err(Error::Refused)?;
    let compile = |predicate: &String| {
        let place = format!("table [tables.{}]", table.name);
        filters
            .compile(predicate, &source.schema)
            .map_err(|reason| refuse(pipeline, table.line, &place, format!("`filter`: {reason}")))
    };
    let filter = plan.filter.as_ref().map(compile).transpose()?;
    let mut read = plan.source_columns();
    for column in filter.iter().flat_map(|filter| filter.columns()) {
        read.extend(source.schema.index_of(column).ok());
    }
    read.sort_unstable();
    read.dedup();
    Ok(Some(TableJob {
        plan,
        source,
        filter,
        read,
    }))
}

/// Analysts read the sink: keys below it would be theirs.
fn keys_outside_sink(job: &Job) -> Result<()> {
    let sink = absolute(&job.sink())?;
    for path in [Some(job.keyring()), job.identity()].into_iter().flatten() {
        if absolute(&path)?.starts_with(&sink) {
            let message = "a key file lies inside the sink, where analysts read".to_owned();
            return Err(refuse(&job.pipeline, 0, "table [keys]", message));
        }
    }
    Ok(())
}

/// The path without links, as far as it exists; `..` is resolved by name beyond.
fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).map_err(Error::io("read", path))?;
    let mut real = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                real.pop();
            }
            part => real.push(part),
        }
        if let Ok(resolved) = real.canonicalize() {
            real = resolved;
        }
    }
    Ok(real)
}

fn refuse(pipeline: &Pipeline, line: usize, place: &str, message: String) -> Error {
    let violation = Violation {
        fault: Fault::BadValue,
        file: pipeline.file.clone(),
        line,
        column: 1,
        place: place.to_owned(),
        message,
        hint: None,
    };
    Error::Refused(Refusal {
        violations: vec![violation],
    })
}
