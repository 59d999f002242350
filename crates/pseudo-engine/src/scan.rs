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
//! Memory is bounded: a thread knows the values of one column of a Parquet file, or of one file of
//! text, by their fingerprints, up to `look::ROOM`; behind that a value may count more than
//! once.
//!
//! No value leaves this module: names that show an identifier are masked.
//!
//! Reading order: `report` (what is told) · `walk` (which files there are) · `open` (what they
//! are) · `parquet`, `cells`, `rows`, `leaf` (columns), `claims` (what footers and dictionaries say
//! of them), `at` (reads) · `csv`, `json`, `text`, `columns` (the formats of text) · `look`,
//! `distinct` (one column) · `lone` (a few words).

mod at;
mod cells;
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
mod report;
mod rows;
mod text;
mod walk;

use std::path::PathBuf;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use self::open::Body;
pub use self::report::{
    FailOn, Format, KINDS, Packing, Place, Reason, ScanFinding, ScanReport, ScannedFile, Unread,
};
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
