//! A pipeline bound to its source: everything that can be refused is refused here, all at once,
//! before a key is opened or a row is read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pseudo_policy::{
    Action, Fault, Pipeline, PlannedColumn, Refusal, Settings, Spot, Table, TablePlan, Violation,
};
use pseudo_token::SubKey;

use crate::error::kind_text;
use crate::filter::{FilterCompiler, RowFilter};
use crate::inputs::{self, Maps};
use crate::source::{Root, SourceTable};
use crate::{Error, Result};

/// A pipeline whose every table is bound to the schema of its source.
pub struct Job {
    /// What the file says.
    pub pipeline: Pipeline,
    /// The tables that were asked for, in the order of the file.
    pub tables: Vec<TableJob>,
    /// The names of the tables that were asked for; empty for all.
    chosen: Vec<String>,
    base: PathBuf,
}

/// What is said of a job outside of its pipeline file.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Values for the placeholders of the file.
    pub settings: Settings,
    /// The tables to run; empty for all. The others keep their current output, and their source is
    /// not looked at.
    pub tables: Vec<String>,
}

/// One bound table.
pub struct TableJob {
    /// What happens to each column.
    pub plan: TablePlan,
    pub(crate) source: SourceTable,
    pub(crate) filter: Option<Box<dyn RowFilter>>,
    pub(crate) maps: Maps,
    /// The source columns that a rule or the filter reads, ascending.
    pub(crate) read: Vec<usize>,
}

impl TableJob {
    /// The source columns that are kept and of no other use.
    fn copied(&self) -> Vec<usize> {
        let used = |column: &PlannedColumn| {
            let subject = column.subject.as_ref().map(|subject| subject.source_index);
            let source = (column.action != Action::Keep).then_some(column.source_index);
            [subject, source]
        };
        let used: Vec<usize> = self.plan.columns.iter().flat_map(used).flatten().collect();
        let used: Vec<usize> = self.filter_columns().chain(used).collect();
        let read = self.read.iter().copied();
        read.filter(|column| !used.contains(column)).collect()
    }

    /// The source columns that the filter reads.
    pub(crate) fn filter_columns(&self) -> impl Iterator<Item = usize> {
        let names = self.filter.iter().flat_map(|filter| filter.columns());
        names.filter_map(|name| self.source.schema.index_of(name).ok())
    }
}

impl Job {
    /// The sink's directory.
    #[must_use]
    pub fn sink(&self) -> PathBuf {
        self.base.join(&self.pipeline.sink.root)
    }

    /// A path of the pipeline file, from where it is relative to.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.base.join(path)
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

    /// The sub-keys that a run needs. Tables that were not asked for count too: the proof before a
    /// run is published compares what is new with them.
    #[must_use]
    pub fn needs(&self) -> BTreeSet<SubKey> {
        self.pipeline.needs(&self.pipeline.tables)
    }

    /// The tables that keep their current output.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Table> {
        let tables = self.pipeline.tables.iter();
        tables.filter(|table| !is_chosen(&self.chosen, table))
    }

    /// The directory of rows in quarantine, when the pipeline names one.
    #[must_use]
    pub fn quarantine(&self) -> Option<PathBuf> {
        let root = self.pipeline.quarantine.root.as_ref();
        root.map(|root| self.base.join(root))
    }

    /// The number of source rows, when every file tells.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        let files = self.tables.iter().flat_map(|table| &table.source.files);
        files.map(crate::source::SourceFile::rows).sum()
    }
}

/// Reads the pipeline file at `path` and binds it to the schemas of its source. No row is read.
///
/// # Errors
/// [`Error::Refused`] with every mistake of the file and every violation of every table;
/// [`Error::Io`] and [`Error::Source`] when the source cannot be opened.
pub fn open(path: &Path, filters: &dyn FilterCompiler) -> Result<Job> {
    open_with(path, filters, &Choice::default())
}

/// Reads the pipeline file at `path`, its placeholders filled, and binds the tables that are asked
/// for to the schemas of their source. No row is read.
///
/// # Errors
/// Those of [`open`]; [`Error::Refused`] for a value that no placeholder asks for, too, and for a
/// table that is not in the file.
pub fn open_with(path: &Path, filters: &dyn FilterCompiler, choice: &Choice) -> Result<Job> {
    let (file, text) = text(path)?;
    let (draft, mut violations) = Pipeline::draft_with(&file, &text, &choice.settings);
    if let Some(pipeline) = draft {
        violations.extend(unknown(&pipeline, &choice.tables));
        match plan_of(pipeline, base(path), filters, &choice.tables) {
            Ok(job) if violations.is_empty() => return Ok(job),
            Err(Error::Refused(refusal)) => violations.extend(refusal.violations),
            Err(error) if violations.is_empty() => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    violations.sort_by_key(|violation| (violation.line, violation.column));
    violations.dedup();
    Err(Error::Refused(Refusal { violations }))
}

/// Reads the pipeline file at `path` and looks at no source: what it says of its tables is whole,
/// but for placeholders, which need no values.
///
/// # Errors
/// [`Error::Refused`] with every mistake of the file.
pub fn pipeline(path: &Path) -> Result<Pipeline> {
    let (file, text) = text(path)?;
    let (draft, mut violations) = Pipeline::draft_with(&file, &text, &Settings::default());
    violations.retain(|violation| violation.fault != Fault::UnsetPlaceholder);
    match draft {
        Some(pipeline) if violations.is_empty() => Ok(pipeline),
        _ => Err(Error::Refused(Refusal { violations })),
    }
}

/// The name and the text of a pipeline file.
fn text(path: &Path) -> Result<(String, String)> {
    let file = path.to_string_lossy().into_owned();
    let refused = |message: String| refuse(&file, Spot::default(), "", message);
    let bytes = std::fs::read(path)
        .map_err(|error| refused(format!("cannot be read: {}", kind_text(&error))))?;
    let text = String::from_utf8(bytes).map_err(|_| refused("not valid UTF-8".to_owned()))?;
    Ok((file, text))
}

/// The sink that the pipeline file at `path` names, as far as the file can be read: so that whoever
/// is refused can still be told what is published.
#[must_use]
pub fn sink(path: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(path).ok()?;
    let root = Pipeline::draft("", &text).0?.sink.root;
    (!root.is_empty()).then(|| base(path).join(root))
}

/// The name of the pipeline in the file at `path`, as far as the file can be read.
#[must_use]
pub fn name(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let name = Pipeline::draft("", &text).0?.name;
    (!name.is_empty()).then_some(name)
}

/// Binds `pipeline`, whose paths are relative to `base`, to the schemas of its source. No row is
/// read.
///
/// # Errors
/// [`Error::Refused`] with every violation of every table; [`Error::Io`] and [`Error::Source`] when
/// the source cannot be opened.
pub fn plan(pipeline: Pipeline, base: &Path, filters: &dyn FilterCompiler) -> Result<Job> {
    plan_of(pipeline, base, filters, &[])
}

fn plan_of(
    pipeline: Pipeline,
    base: &Path,
    filters: &dyn FilterCompiler,
    chosen: &[String],
) -> Result<Job> {
    let file = pipeline.file.clone();
    let root = Root::parse(base, &pipeline.source.root)
        .map_err(|message| refuse(&file, pipeline.spots.source_root, "table [source]", message))?;
    let mut tables = Vec::new();
    let mut violations = Vec::new();
    // Of a draft whose root or `source` is refused, no file can be told to be missing.
    let named = |table: &&Table| !pipeline.source.root.is_empty() && !table.source.is_empty();
    let chosen_tables = pipeline.tables.iter();
    let chosen_tables = chosen_tables.filter(|table| is_chosen(chosen, table));
    for table in chosen_tables.filter(named) {
        match bind(&pipeline, base, &root, table, filters) {
            Ok(Some(bound)) => tables.push(bound),
            Ok(None) => tracing::warn!(table = table.name, "no source file, so no table"),
            Err(Error::Refused(refusal)) => violations.extend(refusal.violations),
            Err(error) => return Err(error),
        }
    }
    let job = Job {
        pipeline,
        tables,
        chosen: chosen.to_vec(),
        base: base.to_path_buf(),
    };
    for check in [private_outside_sink, sources_outside_sink] {
        if let Err(Error::Refused(refusal)) = check(&job) {
            violations.extend(refusal.violations);
        }
    }
    if violations.is_empty() {
        Ok(job)
    } else {
        Err(Error::Refused(Refusal { violations }))
    }
}

fn bind(
    pipeline: &Pipeline,
    base: &Path,
    root: &Root,
    table: &Table,
    filters: &dyn FilterCompiler,
) -> Result<Option<TableJob>> {
    let Some(source) = root.open(table)? else {
        if table.allow_empty {
            return Ok(None);
        }
        let place = format!("table [tables.{}]", table.name);
        let message = "no file matches `source`".to_owned();
        let missing = violation(&pipeline.file, header(table), &place, message);
        let violations = vec![Violation {
            hint: root.folder(&table.source),
            ..missing
        }];
        return Err(Error::Refused(Refusal { violations }));
    };
    let plan = pipeline
        .bind(table, &source.schema)
        .map_err(Error::Refused)?;
    let compile = |predicate: &String| {
        let place = format!("table [tables.{}]", table.name);
        filters
            .compile(predicate, &source.schema)
            .map_err(|reason| {
                refuse(
                    &pipeline.file,
                    header(table),
                    &place,
                    format!("`filter`: {reason}"),
                )
            })
    };
    let filter = plan.filter.as_ref().map(compile).transpose()?;
    let maps = inputs::maps(base, &plan).map_err(|reason| {
        let place = format!("table [tables.{}.columns]", table.name);
        let spot = Spot {
            line: table.columns_line,
            column: table.columns_line_column,
        };
        refuse(&pipeline.file, spot, &place, reason)
    })?;
    let mut bound = TableJob {
        read: plan.source_columns(),
        plan,
        source,
        filter,
        maps,
    };
    let filtered: Vec<usize> = bound.filter_columns().collect();
    bound.read.extend(filtered);
    bound.read.sort_unstable();
    bound.read.dedup();
    let copied = bound.copied();
    for file in &mut bound.source.files {
        file.read_dictionaries(&copied);
    }
    Ok(Some(bound))
}

/// Refuses tables that are asked for and not in the file.
fn unknown(pipeline: &Pipeline, chosen: &[String]) -> Vec<Violation> {
    let names = pipeline.tables.iter().map(|table| &table.name);
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let unknown = chosen.iter().filter(|name| pipeline.table(name).is_none());
    let refuse = |name: &String| Violation {
        hint: Some(format!("tables: {}", names.join(", "))),
        ..violation(
            &pipeline.file,
            Spot::default(),
            "",
            format!("no table is called `{name}`"),
        )
    };
    unknown.map(refuse).collect()
}

fn is_chosen(chosen: &[String], table: &Table) -> bool {
    chosen.is_empty() || chosen.contains(&table.name)
}

/// Analysts read the sink: keys and rows in quarantine below it would be theirs.
fn private_outside_sink(job: &Job) -> Result<()> {
    let Some(sink) = named_sink(job)? else {
        return Ok(());
    };
    let pipeline = &job.pipeline;
    let (keys, rows) = ("a key file lies", "the quarantine lies");
    let paths = [
        (Some(job.keyring()), pipeline.spots.keyring, "keys", keys),
        (job.identity(), pipeline.spots.identity, "keys", keys),
        (
            job.quarantine(),
            pipeline.spots.quarantine_root,
            "quarantine",
            rows,
        ),
    ];
    let mut violations = Vec::new();
    for (path, spot, section, what) in paths {
        let Some(path) = path else { continue };
        if absolute(&path)?.starts_with(&sink) {
            let message = format!("{what} inside the sink, where analysts read");
            let place = format!("table [{section}]");
            violations.push(violation(&pipeline.file, spot, &place, message));
        }
    }
    if violations.is_empty() {
        return Ok(());
    }
    Err(Error::Refused(Refusal { violations }))
}

/// The sink; none in a draft whose sink is refused.
fn named_sink(job: &Job) -> Result<Option<PathBuf>> {
    let named = !job.pipeline.sink.root.is_empty();
    named.then(|| absolute(&job.sink())).transpose()
}

/// A run that read its own output would tokenise tokens.
fn sources_outside_sink(job: &Job) -> Result<()> {
    let Some(sink) = named_sink(job)? else {
        return Ok(());
    };
    let files = job.tables.iter().flat_map(|table| &table.source.files);
    for location in files.filter_map(crate::source::SourceFile::location) {
        if absolute(location)?.starts_with(&sink) {
            let message = "a source file lies inside the sink".to_owned();
            let (file, spot) = (&job.pipeline.file, job.pipeline.spots.source_root);
            return Err(refuse(file, spot, "table [source]", message));
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

/// The directory that the paths in a pipeline file are relative to.
pub(crate) fn base(pipeline: &Path) -> &Path {
    pipeline.parent().unwrap_or(Path::new(""))
}

/// Where a table begins.
fn header(table: &Table) -> Spot {
    Spot {
        line: table.line,
        column: table.line_column,
    }
}

fn violation(file: &str, spot: Spot, place: &str, message: String) -> Violation {
    Violation {
        fault: Fault::BadValue,
        file: file.to_owned(),
        line: spot.line,
        column: spot.column,
        place: place.to_owned(),
        message,
        hint: None,
    }
}

fn refuse(file: &str, spot: Spot, place: &str, message: String) -> Error {
    let violations = vec![violation(file, spot, place, message)];
    Error::Refused(Refusal { violations })
}
