//! What can go wrong, and with which exit code (DESIGN.md 4). This is the border at which upstream
//! messages end: Arrow, Parquet and CSV errors quote cells, so that only their kind passes,
//! together with table, file, column and row.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use arrow::error::ArrowError;
use parquet::errors::ParquetError;
use pseudo_policy::Refusal;

use crate::ask::Denial;
use crate::audit::{Fault, Recorded};

/// Why a verb of the engine did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The pipeline, or what it says about its source, is refused.
    #[error("{0}")]
    Refused(Refusal),
    /// A path could not be used.
    #[error("cannot {action} `{}`: {}", path.display(), kind_text(source))]
    Io {
        /// What was tried: `read`, `create`, …
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A source file is not what its format says.
    #[error("{}", location(file, *row, column.as_deref(), fault))]
    Source {
        /// The file, relative to the source root.
        file: String,
        /// Row number within the file, from 1, where known.
        row: Option<u64>,
        /// The column, where known.
        column: Option<String>,
        /// What is wrong, without values.
        fault: String,
    },
    /// The files of a source are not what the pipeline takes them for, or not alike.
    #[error("{}", location(file, None, column.as_deref(), fault))]
    Unfit {
        /// The file, relative to the source root.
        file: String,
        /// The column, where it is one.
        column: Option<String>,
        /// What does not fit, without values.
        fault: &'static str,
    },
    /// A value that a rule with `on_invalid = "fail"` met.
    #[error("{}", location(file, Some(*row), Some(column), ON_INVALID_FAIL))]
    Invalid {
        /// The file, relative to the source root.
        file: String,
        /// Row number within the file, from 1.
        row: u64,
        /// The column.
        column: String,
    },
    /// The row counts of a table do not add up.
    #[error("table `{table}`: {fault}")]
    Counts {
        /// The table.
        table: String,
        /// Which counts.
        fault: String,
    },
    /// A table is further from what was expected than `[limits]` allows.
    #[error("{}", excesses.join("; "))]
    Limits {
        /// Table, column, limit and numbers of each.
        excesses: Vec<String>,
    },
    /// What was written is not what was meant.
    #[error("verify: `{file}`: {fault}")]
    Verify {
        /// The staged file, relative to the run.
        file: String,
        /// What was found, without values.
        fault: String,
    },
    /// Columns show what they should not.
    #[error("{}", lines(leaks))]
    Leak {
        /// One for each column and what it shows.
        leaks: Vec<Leak>,
    },
    /// Tables single people out further than `[gates]` allows.
    #[error("{}", failures.join("\n"))]
    Gates {
        /// Table, columns, what was found and what is wanted of each.
        failures: Vec<String>,
    },
    /// Another run holds the sink.
    #[error("another run holds the sink: {}", holder.as_deref().unwrap_or("it does not say who"))]
    Locked {
        /// Who, as far as known.
        holder: Option<String>,
    },
    /// The run was asked to stop.
    #[error("the run was stopped before its end")]
    Cancelled,
    /// The keyring cannot serve this run.
    #[error(transparent)]
    Keyring(#[from] pseudo_keyring::Error),
    /// The keyring's primary secret is not the one that made the current run.
    #[error(
        "the current run was made with key {} of epoch {}, \
         the keyring's primary is key {} of epoch {}",
        current.0, current.1, keyring.0, keyring.1
    )]
    OtherKey {
        /// Check value and epoch of the current run.
        current: (String, u32),
        /// Check value and epoch of the keyring's primary.
        keyring: (String, u32),
    },
    /// A table that was not asked for cannot keep its output.
    #[error("table `{table}` was left out, and cannot keep its output: {fault}")]
    Kept {
        /// The table.
        table: String,
        /// Why.
        fault: &'static str,
    },
    /// The pseudonyms of the current run cannot be turned into those of another epoch.
    #[error("{fault}")]
    Rekey {
        /// Why, without values.
        fault: String,
        /// What to do instead.
        hint: Option<&'static str>,
    },
    /// The sink's disk has no room for the output.
    #[error(
        "the output needs about {needed} bytes, and the disk of `{}` has {free} free",
        sink.display()
    )]
    Space {
        /// The sink's directory.
        sink: PathBuf,
        /// What is to be written, by a low estimate.
        needed: u64,
        /// What the disk has left.
        free: u64,
    },
    /// A rule counts ages, and nobody says on which day.
    #[error("table `{table}`: an `age` rule has no `at`, and the run has none either")]
    NoDay {
        /// The table.
        table: String,
    },
    /// The run id that was asked for is taken, or is no name of a directory.
    #[error("run id `{run_id}` {fault}")]
    RunId {
        /// The id.
        run_id: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The list of forgotten subjects is not the one that was written, or does not fit the
    /// pipeline.
    #[error("the sink's list of forgotten subjects {fault}")]
    Tombstones {
        /// What is wrong with it.
        fault: String,
    },
    /// A key of the list of forgotten subjects cannot be had.
    #[error("the sink's list of forgotten subjects needs the keys of epoch {epoch}: {cause}")]
    TombstoneKey {
        /// The epoch.
        epoch: u32,
        /// Why not.
        cause: pseudo_keyring::Error,
    },
    /// A subject that is to be forgotten cannot be looked for.
    #[error("line {line} of the subjects {fault}")]
    Subject {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        fault: String,
    },
    /// Tables in which subjects cannot be looked for.
    #[error("{}", tables.join("; "))]
    NotSearched {
        /// Table, run and reason of each.
        tables: Vec<String>,
    },
    /// The keys of a retained run cannot be had, so that nobody can be looked for in it.
    #[error("run `{run_id}` cannot be searched: {cause}")]
    RunKeys {
        /// The run.
        run_id: String,
        /// Why not.
        cause: pseudo_keyring::Error,
    },
    /// A retained run was made with another secret.
    #[error(
        "run `{run_id}` cannot be searched: it was made with key {key} of epoch {epoch}, and the \
         keyring has another"
    )]
    RunKey {
        /// The run.
        run_id: String,
        /// Its key check value.
        key: String,
        /// Its epoch.
        epoch: u32,
    },
    /// It is not said whom to forget.
    #[error("{0}")]
    Whom(String),
    /// A published manifest cannot be read.
    #[error("manifest `{}` is damaged", path.display())]
    Manifest {
        /// Its path.
        path: PathBuf,
    },
    /// An audit log or its anchor is not what was written.
    #[error("{0}")]
    Audit(Fault),
    /// Reveal or lookup is refused; no value was shown.
    #[error("{denial}")]
    Denied {
        /// Why.
        denial: Denial,
        /// Where the refusal is recorded; nowhere, when who asked has no key of the audit log.
        recorded: Option<Recorded>,
    },
    /// Something that only a mistake in this program explains.
    #[error("internal error: {0}")]
    Internal(String),
}

/// Values in a column of the output that must not be published; none of them is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// The table.
    pub table: String,
    /// The output column.
    pub column: String,
    /// The first file that holds some, relative to the run.
    pub file: String,
    /// How many distinct values.
    pub values: u64,
    /// How many rows hold them.
    pub rows: u64,
    /// Whether the column has no others: of very many values not all are counted.
    pub all: bool,
    /// Whether they are whole numbers, of which two counters share many without being related.
    pub are_numbers: bool,
    /// What they are.
    pub shared: Shared,
}

/// What values that must not be published are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shared {
    /// Identifiers of a kind.
    Kind(&'static str),
    /// Values of an identity that the pipeline protects.
    Identity(String),
    /// Values of a source column that the pipeline protects.
    Source(String),
}

impl Shared {
    /// The name of the kind, the identity or the source column.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Kind(kind) => kind,
            Self::Identity(name) | Self::Source(name) => name,
        }
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table,
            column,
            file,
            values,
            rows,
            all,
            shared,
            ..
        } = self;
        let about = if *all { "" } else { "at least " };
        write!(
            f,
            "verify: table `{table}`, column `{column}`: {about}{values} distinct values in {rows} \
             rows "
        )?;
        match shared {
            Shared::Kind(kind) => write!(f, "are of kind `{kind}`")?,
            Shared::Identity(identity) => {
                write!(f, "stand in clear for what identity `{identity}` protects")?;
            }
            Shared::Source(source) => write!(f, "are those of the protected column `{source}`")?,
        }
        write!(f, " (`{file}`)")
    }
}

impl Leak {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let column = &self.column;
        let hint = format!(
            "tokenise the column that `{column}` is made from, make it coarser, or drop it"
        );
        match &self.shared {
            Shared::Identity(identity) if self.are_numbers => format!(
                "{hint}; where somebody answers for it that they number something else, write in \
                 [identities.{identity}]\nunrelated = [\"{}.{column}\"]",
                self.table
            ),
            _ => hint,
        }
    }
}

fn lines(leaks: &[Leak]) -> String {
    let lines: Vec<String> = leaks.iter().map(Leak::to_string).collect();
    lines.join("\n")
}

impl Error {
    /// The exit code of the process that ends with this error.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Io { .. } | Self::Source { .. } | Self::Manifest { .. } => 1,
            Self::Space { .. } | Self::Cancelled => 1,
            Self::Kept { .. } | Self::Rekey { .. } => 2,
            Self::Refused(_) | Self::Unfit { .. } => 2,
            Self::Keyring(error) => error.exit_code(),
            Self::NoDay { .. } | Self::OtherKey { .. } | Self::RunId { .. } => 2,
            Self::Verify { .. } | Self::Leak { .. } | Self::Gates { .. } => 3,
            Self::Audit(_) | Self::Denied { .. } => 3,
            Self::Tombstones { .. } | Self::Subject { .. } | Self::Whom(_) => 2,
            Self::RunKey { .. } => 2,
            Self::TombstoneKey { cause, .. } | Self::RunKeys { cause, .. } => cause.exit_code(),
            Self::NotSearched { .. } => 3,
            Self::Invalid { .. } | Self::Counts { .. } | Self::Limits { .. } => 4,
            Self::Locked { .. } => 75,
            Self::Internal(_) => 255,
        }
    }

    /// What to do about it, where one thing is likely.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { source, .. } if is_full(source.kind()) => {
                Some("free space on its disk and run again".to_owned())
            }
            Self::Io {
                action,
                path,
                source,
            } => io_hint(action, path, source.kind()).map(str::to_owned),
            Self::Space { .. } => Some("free space on the sink's disk and run again".to_owned()),
            Self::Rekey { hint, .. } => hint.map(str::to_owned),
            Self::Kept { .. } => Some("run all tables once: leave `--table` out".to_owned()),
            Self::Unfit { column, .. } if column.is_some() => Some(
                "files of one table have one schema: mend the file, or make it a table of its own"
                    .to_owned(),
            ),
            Self::Invalid { .. } => {
                Some("`on_invalid = \"null\"` makes such a value NULL and counts it".to_owned())
            }
            Self::Limits { .. } => Some(
                "look at the source; if it is right, raise the limit or leave it out for this run"
                    .to_owned(),
            ),
            Self::Gates { .. } => Some(
                "make one of its columns coarser (`age`, `band`, `prefix`, `rare`, `truncate`), or \
                 drop it; a count that needs more memory gets it by `memory` in [limits]"
                    .to_owned(),
            ),
            Self::Locked { .. } => Some("run again when it has ended".to_owned()),
            Self::NoDay { .. } => {
                Some("write `at = \"2026-01-01\"` in the rule, or run with `--at`".to_owned())
            }
            Self::Tombstones { .. } => Some(
                "nothing is published without it, for rows of forgotten subjects would come back: \
                 restore `.tombstones` in the sink from a copy, or the subject's identity in the \
                 pipeline"
                    .to_owned(),
            ),
            Self::TombstoneKey { .. } => Some(
                "rows of subjects that were forgotten in that epoch can be told with its keys alone"
                    .to_owned(),
            ),
            Self::RunKeys { run_id, .. } => Some(format!(
                "a run without its keys can only go as a whole: run the pipeline until `{run_id}` \
                 is retained no more, or remove its directory unless it is current"
            )),
            Self::NotSearched { .. } => Some(
                "name the tables to search with `--table`; rows of the others stay".to_owned(),
            ),
            Self::OtherKey { .. } => Some(
                "with another key no token equals one of the runs before: give the right keyring, \
                 or say `--new-epoch` if that is meant"
                    .to_owned(),
            ),
            Self::Denied { recorded, .. } => Some(refused(recorded.as_ref())),
            _ => None,
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn source(file: &str, fault: impl Into<String>) -> Self {
        Self::Source {
            file: file.to_owned(),
            row: None,
            column: None,
            fault: fault.into(),
        }
    }

    pub(crate) fn unfit(file: &str, fault: &'static str) -> Self {
        Self::Unfit {
            file: file.to_owned(),
            column: None,
            fault,
        }
    }

    /// An error met while reading `file`; only its kind passes.
    pub(crate) fn reading(file: &str, error: &ParquetError) -> Self {
        Self::source(file, parquet_fault(error))
    }

    /// An error of Arrow met while reading `file`; only its kind passes.
    pub(crate) fn reading_arrow(file: &str, error: &ArrowError) -> Self {
        Self::source(file, arrow_fault(error))
    }
}

/// The kind of a Parquet error. Its text is dropped: decoders put bytes of the file into it.
pub(crate) fn parquet_fault(error: &ParquetError) -> &'static str {
    match error {
        ParquetError::EOF(_) => "truncated or damaged Parquet",
        ParquetError::NYI(_) => "Parquet feature that is not supported",
        ParquetError::ArrowError(_) => "Parquet data that its schema does not fit",
        ParquetError::External(_) => "Parquet file that cannot be read",
        _ => "not valid Parquet",
    }
}

/// The kind of an Arrow error. Its text is dropped: casts quote the cell.
pub(crate) fn arrow_fault(error: &ArrowError) -> &'static str {
    match error {
        ArrowError::MemoryError(_) | ArrowError::OffsetOverflowError(_) => {
            "more than 2 GiB of text in one chunk of a column"
        }
        ArrowError::IoError(..) => "file that cannot be read",
        ArrowError::ParquetError(_) => "truncated or damaged Parquet",
        _ => "data that its schema does not fit",
    }
}

/// Where a refusal stands.
fn refused(recorded: Option<&Recorded>) -> String {
    match recorded {
        Some(Recorded { log, line, .. }) => {
            format!("the refusal is line {line} of `{}`", log.display())
        }
        None => "without the key of the audit log the refusal is not recorded".to_owned(),
    }
}

/// Whether nothing more can be written, to the disk or within a quota.
fn is_full(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// The operating system's words for a kind of error; never its custom text.
pub(crate) fn kind_text(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => {
            let text = io::Error::from_raw_os_error(code).to_string();
            text.split(" (os error")
                .next()
                .unwrap_or_default()
                .to_lowercase()
        }
        None if error.kind() == io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        None => error.kind().to_string(),
    }
}

/// What to do about a path that is not as a run makes it.
fn io_hint(action: &str, path: &Path, kind: io::ErrorKind) -> Option<&'static str> {
    let is_current = path.file_name().is_some_and(|name| name == "current");
    match kind {
        io::ErrorKind::NotFound if is_current => Some("no run is published there"),
        io::ErrorKind::InvalidInput if is_current => {
            Some("`current` is a link that runs make: move away what is in its place")
        }
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory if action == "create" => {
            Some("a run needs a directory there, and a file is in its place")
        }
        _ => None,
    }
}

fn location(file: &str, row: Option<u64>, column: Option<&str>, fault: &str) -> String {
    let mut text = format!("`{file}`");
    if let Some(row) = row {
        text.push_str(&format!(", row {row}"));
    }
    if let Some(column) = column {
        text.push_str(&format!(", column `{column}`"));
    }
    format!("{text}: {fault}")
}

const ON_INVALID_FAIL: &str = "invalid value, and its rule says `fail`";
