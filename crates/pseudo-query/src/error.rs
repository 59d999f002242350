//! The border to DataFusion: its messages quote literals, cells and plans, so none of them passes.
//! What passes is the fault's kind, a position in the statement, and names that a schema holds.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use arrow::error::ArrowError;
use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;

/// What can go wrong with a query or a predicate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The sink has no current run.
    #[error("nothing is published: the sink holds no `current`")]
    NothingPublished,
    /// The link to the current run leads elsewhere.
    #[error("`current` is not a link to `runs/<run-id>`")]
    ForeignCurrent,
    /// A table of the run has no files, and the manifest does not tell its columns.
    #[error("table `{table}` of the current run has neither files nor known columns")]
    NoFiles {
        /// The table.
        table: String,
    },
    /// A file or directory of the sink cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The manifest of the current run cannot be used.
    #[error("the manifest of the current run cannot be read")]
    Manifest(#[source] pseudo_engine::Error),
    /// The answer cannot be written.
    #[error("cannot write the answer")]
    Write(#[source] io::Error),
    /// The threads of the query cannot be started.
    #[error("cannot start the query's threads")]
    Threads(#[source] io::Error),
    /// The text is not SQL.
    #[error("not valid SQL{}", at(*position))]
    Syntax {
        /// Where the parser stopped.
        position: Option<Position>,
    },
    /// The text holds no statement or more than one, or a statement that is not a query.
    #[error("only one query is answered: a published run is read, never changed")]
    NotAQuery,
    /// The statement names a table that the run does not hold.
    #[error("unknown table; the tables are {}", quoted(tables))]
    UnknownTable {
        /// The tables of the run.
        tables: Vec<String>,
    },
    /// The statement names a column that its tables do not hold.
    #[error("unknown column{}; {}", at(*position), choices(columns))]
    UnknownColumn {
        /// The columns that can be named there.
        columns: Vec<String>,
        /// Where the name stands.
        position: Option<Position>,
    },
    /// A table does not hold a column that is asked about.
    #[error("there is no column `{column}`")]
    NoColumn {
        /// The column.
        column: String,
    },
    /// The statement names a column that several of its tables hold.
    #[error("ambiguous or duplicate column name{}: write it with its table", at(*position))]
    AmbiguousColumn {
        /// Where the name stands.
        position: Option<Position>,
    },
    /// The statement is SQL, but does not fit together.
    #[error("cannot be planned{}: a function, a type or a grouping does not fit", at(*position))]
    Plan {
        /// Where the fault lies.
        position: Option<Position>,
    },
    /// The statement asks for what is not implemented.
    #[error("uses SQL that is not supported{}", at(*position))]
    Unsupported {
        /// Where it stands.
        position: Option<Position>,
    },
    /// A row made an expression fail.
    #[error("a row does not fit an expression: {fault}")]
    Row {
        /// What happened.
        fault: RowFault,
    },
    /// The operators need more memory than they may hold.
    #[error("needs more memory than a query may hold, and nothing is spilled to disk")]
    Memory,
    /// A file of the run is damaged or missing.
    #[error("a file of the run is missing or damaged")]
    Damaged,
    /// A column's type has no text form in the format asked for.
    #[error("a column of the answer cannot be written in this format")]
    Format,
    /// A predicate holds what a predicate may not.
    #[error("a predicate may not hold {what}")]
    Forbidden {
        /// The kind of expression.
        what: Forbidden,
    },
    /// A predicate calls a function whose answer is not decided by its arguments.
    #[error("function `{function}` may not be used: its answer differs from run to run")]
    NotDeterministic {
        /// The function.
        function: String,
    },
    /// A predicate is not boolean.
    #[error("is {data_type}, not Boolean")]
    NotBoolean {
        /// Its type.
        data_type: String,
    },
    /// A batch lacks a column of the predicate, or holds it in another type.
    #[error("the rows hold no column `{column}` of the type that the predicate was compiled for")]
    BatchColumn {
        /// The column.
        column: String,
    },
    /// An assumption of this crate or of DataFusion does not hold.
    #[error("internal fault of the SQL engine")]
    Internal,
}

/// A place in a statement, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: u64,
    /// Column, in characters.
    pub column: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// How a row made an expression fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFault {
    /// A value cannot be converted to the type that the expression needs.
    Conversion,
    /// A number is divided by zero.
    DivisionByZero,
    /// A result is out of its type's range.
    Overflow,
    /// Anything else.
    Evaluation,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conversion => "a value cannot be converted",
            Self::DivisionByZero => "division by zero",
            Self::Overflow => "a result is out of range",
            Self::Evaluation => "it cannot be evaluated",
        })
    }
}

/// What a predicate may not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// A query inside the predicate.
    Subquery,
    /// A function over many rows.
    Aggregate,
    /// A parameter or a variable.
    Parameter,
    /// Any other expression that is more than a look at one row.
    Other,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subquery => "a subquery",
            Self::Aggregate => "an aggregate or window function",
            Self::Parameter => "a parameter or a variable",
            Self::Other => "an expression that is more than a look at one row",
        })
    }
}

impl Error {
    /// What an I/O error becomes for a file that is read.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }
}

/// Keeps of DataFusion's error what cannot quote a value; of names, those that are in `columns`.
pub(crate) fn strip(error: DataFusionError, columns: &[String]) -> Error {
    classify(&error, columns, None)
}

/// Keeps of Arrow's error what cannot quote a value.
pub(crate) fn strip_arrow(error: &ArrowError) -> Error {
    classify_arrow(error, &[], None)
}

fn classify(error: &DataFusionError, columns: &[String], at: Option<Position>) -> Error {
    use DataFusionError as E;
    match error {
        E::Diagnostic(diagnostic, inner) => {
            let start = diagnostic.span.map(|span| span.start);
            let here = start.filter(|place| place.line > 0);
            let here = here.map(|place| Position {
                line: place.line,
                column: place.column,
            });
            classify(inner, columns, here.or(at))
        }
        E::Context(_, inner) => classify(inner, columns, at),
        E::Shared(inner) => classify(inner, columns, at),
        E::Collection(all) => match all.first() {
            Some(first) => classify(first, columns, at),
            None => Error::Internal,
        },
        E::SQL(inner, _) => Error::Syntax {
            position: parser_position(inner).or(at),
        },
        E::SchemaError(inner, _) => classify_schema(inner, columns, at),
        E::Plan(_) | E::Configuration(_) => Error::Plan { position: at },
        E::NotImplemented(_) => Error::Unsupported { position: at },
        E::Execution(_) => Error::Row {
            fault: RowFault::Evaluation,
        },
        E::ResourcesExhausted(_) => Error::Memory,
        E::ArrowError(inner, _) => classify_arrow(inner, columns, at),
        E::External(inner) => match inner.downcast_ref::<DataFusionError>() {
            Some(inner) => classify(inner, columns, at),
            None => inner
                .downcast_ref::<ArrowError>()
                .map_or(Error::Internal, |inner| classify_arrow(inner, columns, at)),
        },
        E::ParquetError(_) | E::ObjectStore(_) | E::IoError(_) => Error::Damaged,
        E::Internal(_) | E::ExecutionJoin(_) | E::Substrait(_) | E::Ffi(_) => Error::Internal,
    }
}

fn classify_arrow(error: &ArrowError, columns: &[String], at: Option<Position>) -> Error {
    use ArrowError as E;
    let fault = match error {
        E::ExternalError(inner) => {
            return inner
                .downcast_ref::<DataFusionError>()
                .map_or(Error::Internal, |inner| classify(inner, columns, at));
        }
        E::IoError(..) | E::ParquetError(_) | E::IpcError(_) => return Error::Damaged,
        E::MemoryError(_) => return Error::Memory,
        E::CastError(_) | E::ParseError(_) => RowFault::Conversion,
        E::DivideByZero => RowFault::DivisionByZero,
        E::ArithmeticOverflow(_) => RowFault::Overflow,
        _ => RowFault::Evaluation,
    };
    Error::Row { fault }
}

/// An unknown name may be a value in the wrong quotes, and a column of a subquery is called after
/// the expression that makes it, literals included: only names that a schema holds are shown.
fn classify_schema(error: &SchemaError, columns: &[String], position: Option<Position>) -> Error {
    match error {
        SchemaError::FieldNotFound { valid_fields, .. } => {
            let known = |field: &&Column| columns.contains(&field.name);
            let names = valid_fields
                .iter()
                .filter(known)
                .map(|field| field.name.clone());
            let mut columns: Vec<String> = names.collect();
            columns.sort_unstable();
            columns.dedup();
            Error::UnknownColumn { columns, position }
        }
        _ => Error::AmbiguousColumn { position },
    }
}

/// Reads the position that the parser puts at the end of its message, which quotes the statement.
fn parser_position(error: &ParserError) -> Option<Position> {
    let (ParserError::TokenizerError(text) | ParserError::ParserError(text)) = error else {
        return None;
    };
    let (_, tail) = text.rsplit_once(" at Line: ")?;
    let (line, column) = tail.split_once(", Column: ")?;
    Some(Position {
        line: line.trim().parse().ok()?,
        column: column.trim().parse().ok()?,
    })
}

fn at(position: Option<Position>) -> String {
    position.map_or_else(String::new, |position| format!(" at {position}"))
}

fn choices(columns: &[String]) -> String {
    if columns.is_empty() {
        return "a text literal is written in single quotes".to_owned();
    }
    format!("the columns are {}", quoted(columns))
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
