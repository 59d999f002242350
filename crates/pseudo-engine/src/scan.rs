//! Looks for identifiers of people in any tree of files: what proves that no raw copy lies where
//! analysts read.
//!
//! Looked into are Parquet, CSV, JSON and text, also where gzip or zstd packs them: every value of
//! every column that can show an identifier, and what stands beside the values: names of files,
//! directories and columns, key-value metadata, statistics, and entries of dictionaries that no row
//! refers to. What cannot be looked into is named with the reason: nothing is passed over.
//!
//! A column is judged as a whole (`pseudo_pii::recognise`): each distinct value once, with its
//! rows. What has too few values for that, a name or a footer, is judged by structure and check
//! alone, and is never more than suspect.
//!
//! Memory is bounded: a thread holds the values of one column of a Parquet file, or of one file of
//! text, up to `look::ROOM`; behind that a value may count more than once.
//!
//! No value leaves this module: names that show an identifier are masked.
//!
//! Reading order: `walk` (which files there are) · `open` (what they are) · `parquet`, `leaf`,
//! `claims`, `at` (columns, what footers and dictionaries claim of them, and reads) · `csv`, `json`, `text`,
//! `columns` (the formats of text) · `look`, `distinct` (one column) · `lone` (a few words).

mod at;
mod claims;
mod columns;
mod csv;
mod distinct;
mod json;
mod leaf;
mod lone;
mod look;
mod open;
mod parquet;
mod text;
mod walk;

use std::path::PathBuf;

use pseudo_pii::{Certainty, Kind};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use self::open::Body;
use self::walk::Entry;
use crate::progress::Progress;
use crate::{Error, Result};

/// How to scan.
pub struct ScanOptions<'a> {
    /// Rows of each file that are looked at; all where absent.
    pub sample: Option<u64>,
    /// Names or paths of files that need not be looked into, as patterns.
    pub skip: &'a [String],
    /// Worker threads; one per core where absent.
    pub threads: Option<usize>,
    /// Who is told of rows that are done.
    pub progress: &'a dyn Progress,
}

/// What a tree holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// Every file, and every directory whose name shows something, by path.
    pub files: Vec<ScannedFile>,
}

/// What one file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScannedFile {
    /// Its path, below the one that was asked for; names that show an identifier are masked.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// What it is, where that is known.
    pub format: Option<Format>,
    /// What packs it, from the outside in.
    pub packed: Vec<Packing>,
    /// Rows, records or lines.
    pub rows: u64,
    /// What it shows.
    pub findings: Vec<ScanFinding>,
    /// Why it was not looked into to its end.
    pub unread: Option<Unread>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Fields between delimiters, RFC 4180.
    Csv,
    /// JSON, a document or one a line.
    Json,
    /// Any other text, line by line.
    Text,
    /// Nothing.
    Empty,
    /// A directory, for its name.
    Directory,
}

impl Format {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Text => "text",
            Self::Empty => "empty",
            Self::Directory => "directory",
        }
    }
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Packing {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Identifiers of one kind in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanFinding {
    /// Where they stand.
    pub place: Place,
    /// In or at which column; masked where its name shows an identifier.
    pub column: Option<String>,
    /// What they are.
    pub kind: Kind,
    /// How sure that is.
    pub certainty: Certainty,
    /// How many distinct values.
    pub values: u64,
    /// How many rows hold them; none of what stands beside the rows.
    pub rows: u64,
    /// How many values that are not NULL there are, in rows or beside them.
    pub of: u64,
}

/// Where in a file identifiers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The name of the file.
    FileName,
    /// The name of a directory.
    DirectoryName,
    /// Key-value metadata, and whatever else a footer says in words.
    Metadata,
    /// The names of columns, or the keys of JSON.
    ColumnNames,
    /// The rows of a column.
    Column,
    /// Entries of its dictionaries that no row refers to.
    Dictionary,
    /// Bounds that its statistics tell, and no row holds.
    Statistics,
    /// Lines of text.
    Text,
}

impl Place {
    /// The words for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FileName => "file name",
            Self::DirectoryName => "directory name",
            Self::Metadata => "metadata",
            Self::ColumnNames => "column names",
            Self::Column => "column",
            Self::Dictionary => "unused dictionary entries",
            Self::Statistics => "statistics",
            Self::Text => "text",
        }
    }
}

/// Why a file was not looked into, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What sort of reason.
    pub reason: Reason,
    /// The reason itself, without values.
    pub text: String,
}

/// A sort of reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nobody asked for it.
    Skipped,
    /// Of no type that can be looked into.
    Unknown,
    /// Not what its type says.
    Damaged,
    /// The system does not let it be read.
    Unreadable,
}

impl Reason {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Unread {
    fn new(reason: Reason, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { reason, text }
    }
}

/// Which findings are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// All that are so sure, or surer.
    Certainty(Certainty),
    /// All of a kind.
    Kind(Kind),
}

impl FailOn {
    /// Whether a finding is one too many.
    #[must_use]
    pub fn hits(self, finding: &ScanFinding) -> bool {
        match self {
            Self::Certainty(certainty) => finding.certainty >= certainty,
            Self::Kind(kind) => finding.kind == kind,
        }
    }
}

/// The kinds that are looked for.
pub const KINDS: [Kind; 7] = [
    Kind::BankCard,
    Kind::CnPhone,
    Kind::CnPlate,
    Kind::CnResidentId,
    Kind::CnUscc,
    Kind::Email,
    Kind::Vin,
];

impl ScanReport {
    /// The findings, each with its file.
    pub fn findings(&self) -> impl Iterator<Item = (&ScannedFile, &ScanFinding)> {
        let files = self.files.iter();
        files.flat_map(|file| file.findings.iter().map(move |finding| (file, finding)))
    }

    /// The files that were not looked into to their end although somebody asked for it.
    pub fn unread(&self) -> impl Iterator<Item = (&ScannedFile, &Unread)> {
        let files = self.files.iter();
        let named = files.filter_map(|file| file.unread.as_ref().map(|why| (file, why)));
        named.filter(|(_, why)| why.reason != Reason::Skipped)
    }
}

/// Whether a text is a pattern that files can be skipped by.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    glob::Pattern::new(text).is_ok()
}

/// Looks into every file at and below `paths`.
///
/// # Errors
/// [`Error::Io`] for a path that is not there; what is wrong with a file below one is in the
/// report.
pub fn scan(paths: &[PathBuf], options: &ScanOptions<'_>) -> Result<ScanReport> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads.unwrap_or(0));
    let pool = pool
        .build()
        .map_err(|_| Error::Internal("no worker threads".to_owned()))?;
    let entries = walk::walk(paths, options.skip)?;
    options.progress.phase("scan");
    options.progress.begin(None);
    let files = pool.install(|| {
        let files = entries.into_par_iter();
        files.map(|entry| file(entry, options)).collect()
    });
    Ok(ScanReport { files })
}

/// Looks into one file.
fn file(entry: Entry, options: &ScanOptions<'_>) -> ScannedFile {
    let Entry { location, mut file } = entry;
    let Some(location) = location else {
        return file;
    };
    match open::open(&location) {
        Err(unread) => file.unread = Some(unread),
        Ok(opened) => {
            file.format = Some(opened.format);
            file.packed = opened.packed;
            let limit = options.sample.unwrap_or(u64::MAX);
            let looked = match opened.body {
                Body::Nothing => Looked::default(),
                Body::Parquet(body) => parquet::look(body, options.sample),
                Body::Csv(body, delimiter) => csv::look(body, delimiter, limit),
                Body::Text(body) => text::look(body, limit),
                Body::Lines(body) => json::lines(body, limit),
                Body::Document(body, named) => match json::document(body, limit) {
                    Ok(looked) => looked,
                    Err(fault) => {
                        if !named {
                            file.format = Some(Format::Text);
                        }
                        json::again(&location, limit, named.then_some(fault))
                    }
                },
            };
            options.progress.rows(looked.rows);
            file.rows = looked.rows;
            file.findings.extend(looked.findings);
            let packed = file.packed.last().copied();
            file.unread = looked.fault.map(|fault| fault.unread(packed));
        }
    }
    let order = |one: &ScanFinding| (one.place, one.column.clone());
    file.findings.sort_by_key(order);
    file
}

/// What was seen in a file.
#[derive(Default)]
struct Looked {
    rows: u64,
    findings: Vec<ScanFinding>,
    fault: Option<Fault>,
}

/// What ended a look before its end.
enum Fault {
    /// The file is not what it should be.
    Damaged(&'static str),
    /// It cannot be read, or unpacked.
    Io(std::io::Error),
}

impl Fault {
    fn unread(self, packed: Option<Packing>) -> Unread {
        let error = match self {
            Self::Damaged(text) => return Unread::new(Reason::Damaged, text),
            Self::Io(error) => error,
        };
        match packed {
            // an error of the system has a number, one of the decoder a text of its own
            Some(packing) if error.raw_os_error().is_none() => {
                let name = packing.name();
                Unread::new(Reason::Damaged, format!("truncated or damaged {name}"))
            }
            _ => Unread::new(Reason::Unreadable, crate::error::kind_text(&error)),
        }
    }
}
