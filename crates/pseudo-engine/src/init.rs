//! `init`: looks at a source and drafts a pipeline for it, with the reason for each rule. Nothing
//! is written here, and no value of the source is in what is returned.
//!
//! Reading order: `find` and `dialect` (which tables there are) · `profile`, `sketch`, `spelling`
//! (what their columns hold) · `name` (what they are called) · `nature` (what they are) · `relate`
//! (which of them join) · `decide` (their rules) · `text` (the file).

mod decide;
mod dialect;
pub(crate) mod find;
mod name;
mod nature;
mod profile;
mod relate;
mod sketch;
mod spelling;
mod text;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use pseudo_pii::Kind;
use pseudo_policy::{CsvOptions, Pipeline};

pub use self::find::Skipped;
use crate::disk::{Disk, PRIVATE};
use crate::filter::NoFilters;
use crate::progress::Progress;
use crate::source::Root;
use crate::{Cancel, Error, Result};

/// What a draft is to be made of.
pub struct Request<'a> {
    /// The directory that the pipeline file is to lie in.
    pub base: &'a Path,
    /// The source, relative to it: a directory, or the address of an embedded sample.
    pub root: &'a str,
    /// The sink, relative to it.
    pub sink: &'a str,
    /// What the pipeline is called.
    pub name: &'a str,
    /// Read all rows, not some of each file.
    pub full: bool,
    /// Who is told how far it is.
    pub progress: &'a dyn Progress,
    /// Asks it to stop.
    pub cancel: &'a Cancel,
}

/// A drafted pipeline.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The pipeline file.
    pub text: String,
    /// What it says.
    pub tables: Vec<DraftTable>,
    /// Files that are in no table.
    pub skipped: Vec<Skipped>,
}

/// A table of a draft.
#[derive(Clone, Debug)]
pub struct DraftTable {
    /// Its name.
    pub name: String,
    /// A path or a pattern below the root.
    pub source: String,
    /// Rows that were looked at.
    pub rows_read: u64,
    /// Rows that there are, where the format tells.
    pub rows: Option<u64>,
    /// The column that says whom a row is about.
    pub subject: Option<String>,
    /// Types of CSV columns that are not text.
    pub types: BTreeMap<String, String>,
    /// How its files are read, where they are CSV.
    pub csv: Option<CsvOptions>,
    /// Whether there are columns that no rule can name; they are dropped.
    pub unlisted: bool,
    /// A rule for every other column, in the order of the source.
    pub columns: Vec<DraftColumn>,
}

/// A column of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftColumn {
    /// Its name.
    pub column: String,
    /// The kind of its identifiers, if it holds any.
    pub kind: Option<Kind>,
    /// The identity that its tokens belong to.
    pub identity: Option<String>,
    /// The rule, as TOML.
    pub rule: String,
    /// Why: counts and kinds.
    pub reason: String,
}

/// Looks at a source and drafts a pipeline that binds to it. A source without tables gives a draft
/// without any.
///
/// # Errors
/// [`Error::Io`], [`Error::Source`] and [`Error::Unfit`] when the source cannot be read;
/// [`Error::Refused`] when no pipeline could be bound to it as it is; [`Error::Cancelled`].
pub fn init(request: &Request<'_>) -> Result<Draft> {
    let root = Root::parse(request.base, request.root).map_err(Error::Internal)?;
    let (found, skipped) = find::tables(&root)?;
    request.progress.begin(None);
    request.progress.phase("look");
    let mut profiles = Vec::new();
    for found in &found {
        request.cancel.check()?;
        if let Some(source) = root.open(&found.table())? {
            let (full, progress) = (request.full, request.progress);
            profiles.push(profile::read(
                found,
                &source,
                full,
                progress,
                request.cancel,
            )?);
        }
    }
    if profiles.is_empty() {
        return Ok(Draft {
            text: String::new(),
            tables: Vec::new(),
            skipped,
        });
    }
    let decided = decide::decide(&profiles);
    let text = text::of(request, &decided);
    // what is handed out is what `check` takes
    let pipeline = Pipeline::parse("draft", &text).map_err(Error::Refused)?;
    crate::plan::plan(pipeline, request.base, &NoFilters)?;
    Ok(Draft {
        text,
        tables: decided.tables,
        skipped,
    })
}

/// A name for a pipeline, made of the name of a directory.
#[must_use]
pub fn pipeline_name(text: &str) -> String {
    find::plain(text, "draft")
}

/// Writes a draft to a file that must not be there.
///
/// # Errors
/// [`Error::Io`], also when there is such a file.
pub fn write(draft: &Draft, path: &Path) -> Result<()> {
    let mut file = Disk::default().create(path, PRIVATE)?;
    let written = file.write_all(draft.text.as_bytes());
    written
        .and_then(|()| file.sync())
        .map_err(Error::io("write", path))
}
