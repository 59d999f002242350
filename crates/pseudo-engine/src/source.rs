//! Where rows come from: a table of the source is a list of files with one schema, each cut into
//! slices that can be read on their own, in any order, by any thread. A file may lack columns that
//! are nullable elsewhere, and have the others in any order.

pub(crate) mod csv;
mod ipc;
mod json;
mod parquet;
mod raw;
mod sample;
mod union;

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use pseudo_arrow::sample::Spec;
use pseudo_policy::{Format, Table};
use sha2::{Digest, Sha256};

pub(crate) use self::raw::{head, inner};
use crate::memory::Budget;
use crate::space::Extent;
use crate::{Cancel, Error, Result};

/// Rows of one batch at most: its columns are worked through while they are in the cache.
pub(crate) const BATCH_ROWS: usize = 32_768;

/// How many bytes of text become one when they are compressed, at most.
const TEXT_RATIO: u64 = 4;

/// Rows, and bytes of text, of a slice where some of a file stand for all of it.
const SPREAD_ROWS: u64 = 16_384;
const SPREAD_BYTES: u64 = 1 << 20;

/// Takes the batches of a slice.
pub(crate) type Visitor<'a> = &'a mut dyn FnMut(RecordBatch) -> Result<()>;

/// The place that `[source] root` names.
pub(crate) enum Root {
    /// A directory.
    Folder(PathBuf),
    /// An embedded sample.
    Sample(Spec),
}

/// The files of one table.
pub(crate) struct SourceTable {
    /// The schema of all files together.
    pub(crate) schema: SchemaRef,
    /// The files, by path.
    pub(crate) files: Vec<SourceFile>,
}

/// One file, or one table of an embedded sample.
pub(crate) struct SourceFile {
    /// Its path relative to the root, with `/`.
    pub(crate) path: String,
    /// What tells a changed file from an unchanged one without reading it.
    pub(crate) stamp: Stamp,
    reader: Reader,
    /// Which of the table's columns it has, when not simply those.
    view: Option<union::View>,
}

/// Size, modification time and inode of a file at the moment it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970-01-01 UTC, modulo 2^64.
    pub mtime_ns: i64,
    /// Inode number.
    pub inode: u64,
}

/// A slice of one file: the rows of one chunk.
#[derive(Clone, Debug)]
pub(crate) enum Slice {
    /// Some rows of consecutive row groups or record batches, to be read `batch` rows at a time.
    RowGroups {
        groups: Range<usize>,
        rows: Range<u64>,
        batch: u64,
    },
    /// Whole records in a byte range of a text file.
    Bytes(Range<u64>),
    /// Rows of a generated table.
    Rows(Range<u64>),
}

enum Reader {
    Parquet(parquet::ParquetFile),
    Csv(Box<csv::CsvFile>),
    Json(Box<json::JsonFile>),
    Ipc(Box<ipc::IpcFile>),
    Sample(sample::SampleFile),
}

impl Root {
    /// Reads `text`, a directory relative to `base` or a `sample:` address.
    pub(crate) fn parse(base: &Path, text: &str) -> Result<Self, String> {
        if text.starts_with("sample:") {
            return Spec::parse(text)
                .map(Self::Sample)
                .map_err(|error| error.to_string());
        }
        if text.contains("://") {
            return Err("this build reads directories and `sample:` only".to_owned());
        }
        Ok(Self::Folder(base.join(text)))
    }

    /// What to write instead of a `source` that is the name of a directory.
    pub(crate) fn folder(&self, source: &str) -> Option<String> {
        let Self::Folder(folder) = self else {
            return None;
        };
        let is_folder = !source.is_empty() && folder.join(source).is_dir();
        is_folder.then(|| format!("`{source}` is a directory: name its files, as `{source}/*.csv`"))
    }

    /// Opens the files of `table` and reads their schemas; no row is read. None when no file
    /// matches.
    pub(crate) fn open(&self, table: &Table) -> Result<Option<SourceTable>> {
        let files = match self {
            Self::Sample(spec) => vec![sample::open(spec, &table.source)?],
            Self::Folder(folder) => open_files(folder, table)?,
        };
        if files.is_empty() {
            return Ok(None);
        }
        let schema = union::schema(&files)?;
        let is_json = |(file, _): &(SourceFile, _)| matches!(file.reader, Reader::Json(_));
        let all_json = files.iter().all(is_json);
        let files = files.into_iter().map(|(mut file, own)| {
            match &mut file.reader {
                // a key that one file has at its beginning may be anywhere in another
                Reader::Json(json) if all_json => json.adopt(&schema),
                _ => file.view = union::View::new(&schema, &own),
            }
            file
        });
        let files = files.collect();
        Ok(Some(SourceTable { schema, files }))
    }
}

impl SourceFile {
    /// Lets those of the table's `columns` that the file keeps as keys of a dictionary be read as
    /// such; their batches differ from the table's schema in that.
    pub(crate) fn read_dictionaries(&mut self, columns: &[usize]) {
        let own = self.own(columns).into_owned();
        if let Reader::Parquet(file) = &mut self.reader {
            file.read_dictionaries(&own);
        }
    }

    /// The number of rows, where the format tells without reading them.
    pub(crate) fn rows(&self) -> Option<u64> {
        match &self.reader {
            Reader::Parquet(file) => Some(file.rows()),
            Reader::Csv(_) | Reader::Json(_) => None,
            Reader::Ipc(file) => Some(file.rows()),
            Reader::Sample(file) => Some(file.rows()),
        }
    }

    /// What is in column `column` of the table's `columns`.
    pub(crate) fn extent(&self, column: usize, columns: usize) -> Extent {
        let Some(own) = self.own(&[column]).first().copied() else {
            return Extent {
                bytes: 0,
                values: Some(0),
            };
        };
        match &self.reader {
            Reader::Parquet(file) => file.extent(own),
            Reader::Csv(file) => self.text_extent(file.is_packed(), columns),
            Reader::Json(file) => self.text_extent(file.is_packed(), columns),
            Reader::Ipc(file) => file.extent(),
            Reader::Sample(file) => Extent {
                bytes: 0,
                values: Some(file.rows()),
            },
        }
    }

    /// What is in one of so many columns of text.
    fn text_extent(&self, is_packed: bool, columns: usize) -> Extent {
        let ratio = if is_packed { 1 } else { TEXT_RATIO };
        Extent {
            bytes: self.stamp.size / ratio / (columns.max(1) as u64),
            values: None,
        }
    }

    /// Cuts the file into slices, the same ones on every machine. `columns` are the columns of the
    /// table that will be read.
    pub(crate) fn slices(&self, columns: &[usize], budget: &Budget) -> Result<Vec<Slice>> {
        match &self.reader {
            Reader::Parquet(file) => Ok(file.slices(&self.own(columns), budget)),
            Reader::Csv(file) => file.slices(&self.path, budget.text_bytes()),
            Reader::Json(file) => file.slices(&self.path, budget.text_bytes()),
            Reader::Ipc(file) => Ok(file.slices(budget)),
            Reader::Sample(file) => Ok(file.slices(budget)),
        }
    }

    /// Some slices, spread over the file: all of a small one.
    pub(crate) fn spread(&self, columns: &[usize], count: usize) -> Result<Vec<Slice>> {
        let budget = Budget::reading();
        let is_large = self.stamp.size > SPREAD_BYTES * count as u64;
        match &self.reader {
            Reader::Csv(file) if file.is_packed() => {
                return file.spread_packed(&self.path, count, SPREAD_BYTES);
            }
            Reader::Csv(file) if is_large => return file.spread(count as u64, SPREAD_BYTES),
            Reader::Json(file) if is_large || file.is_packed() => {
                return file.spread(&self.path, count, SPREAD_BYTES);
            }
            _ => {}
        }
        let slices = self.slices(columns, &budget)?;
        let rows = self.rows().unwrap_or_default();
        let is_text = matches!(self.reader, Reader::Csv(_) | Reader::Json(_));
        if is_text || rows <= SPREAD_ROWS * count as u64 {
            return Ok(slices);
        }
        let step = slices.len().div_ceil(count).max(1);
        // of few slices more of each, so that as many rows are read
        let share = SPREAD_ROWS * count as u64 / slices.len().div_ceil(step).max(1) as u64;
        let first = |rows: Range<u64>| rows.start..rows.end.min(rows.start + share);
        let cut = |slice| match slice {
            Slice::RowGroups {
                groups,
                rows,
                batch,
            } => Slice::RowGroups {
                groups,
                rows: first(rows),
                batch,
            },
            Slice::Rows(rows) => Slice::Rows(first(rows)),
            Slice::Bytes(bytes) => Slice::Bytes(bytes),
        };
        Ok(slices.into_iter().step_by(step).map(cut).collect())
    }

    /// Whether it has all columns of the table, in their order.
    pub(crate) fn is_whole(&self) -> bool {
        self.view.is_none()
    }

    /// What it takes to work on a slice, in bytes.
    pub(crate) fn cost(&self, slice: &Slice, columns: &[usize], budget: &Budget) -> u64 {
        match (&self.reader, slice) {
            (Reader::Parquet(file), Slice::RowGroups { groups, rows, .. }) => {
                let row = file.slice_row_bytes(groups.clone(), &self.own(columns));
                budget.cost(rows.end - rows.start, row)
            }
            (Reader::Ipc(file), Slice::RowGroups { groups, rows, .. }) => {
                let row = file.row_bytes(groups.clone());
                let cost = budget.cost(rows.end - rows.start, row);
                cost.saturating_add(file.batch_bytes(groups.clone()))
            }
            (_, Slice::Rows(rows)) => budget.cost(rows.end - rows.start, sample::ROW_BYTES),
            (_, Slice::Bytes(bytes)) => budget.text_cost(bytes.end - bytes.start),
            _ => 0,
        }
    }

    /// Reads the columns `columns` (ascending indices) of one slice, in batches that fit a cache
    /// rather than a memory, and hands them to `each` in order. Columns of the table that the file
    /// lacks are NULL.
    pub(crate) fn read(&self, slice: &Slice, columns: &[usize], each: Visitor<'_>) -> Result<()> {
        let Some(view) = &self.view else {
            return self.read_own(slice, columns, each);
        };
        let own = view.own(columns);
        self.read_own(slice, &own, &mut |batch| {
            let batch = view.arrange(&batch, columns, &own);
            each(batch.map_err(|error| Error::reading_arrow(&self.path, &error))?)
        })
    }

    /// Columns of the table by their index within the file; those that it lacks are left out.
    fn own<'c>(&self, columns: &'c [usize]) -> Cow<'c, [usize]> {
        match &self.view {
            Some(view) => Cow::Owned(view.own(columns)),
            None => Cow::Borrowed(columns),
        }
    }

    /// Reads columns by their index within the file.
    fn read_own(&self, slice: &Slice, columns: &[usize], each: Visitor<'_>) -> Result<()> {
        if let Slice::RowGroups {
            groups,
            rows,
            batch,
        } = slice
        {
            let (path, groups, rows) = (&self.path, groups.clone(), rows.clone());
            return match &self.reader {
                Reader::Parquet(file) => file.read(path, groups, rows, *batch, columns, each),
                Reader::Ipc(file) => file.read(path, groups, rows, *batch, columns, each),
                Reader::Csv(_) | Reader::Json(_) | Reader::Sample(_) => Err(other_slice()),
            };
        }
        match (&self.reader, slice) {
            (Reader::Csv(file), Slice::Bytes(range)) => {
                file.read(&self.path, range.clone(), columns, each)
            }
            (Reader::Json(file), Slice::Bytes(range)) => {
                file.read(&self.path, range.clone(), columns, each)
            }
            (Reader::Sample(file), Slice::Rows(range)) => file.read(range.clone(), columns, each),
            _ => Err(other_slice()),
        }
    }

    /// The number, from 1, of row `row` of `slice` within the file.
    pub(crate) fn row_number(&self, slice: &Slice, row: u64) -> Result<u64> {
        let before = match (&self.reader, slice) {
            (Reader::Parquet(file), Slice::RowGroups { groups, rows, .. }) => {
                file.rows_before(groups.start) + rows.start
            }
            (Reader::Ipc(file), Slice::RowGroups { groups, rows, .. }) => {
                file.rows_before(groups.start) + rows.start
            }
            (Reader::Csv(file), Slice::Bytes(range)) => file.records_before(range.start)?,
            (Reader::Json(file), Slice::Bytes(range)) => file.records_before(range.start)?,
            (_, Slice::Rows(range)) => range.start,
            _ => 0,
        };
        Ok(before + row + 1)
    }

    /// SHA-256 of the file in lower-case hex; of address and generator version for a sample.
    pub(crate) fn digest(&self, cancel: &Cancel) -> Result<String> {
        match &self.reader {
            Reader::Parquet(file) => digest_file(&file.location, cancel),
            Reader::Csv(file) => digest_file(file.location(), cancel),
            Reader::Json(file) => digest_file(file.location(), cancel),
            Reader::Ipc(file) => digest_file(&file.location, cancel),
            Reader::Sample(file) => Ok(hex(&Sha256::digest(file.address()))),
        }
    }

    /// Where the file is; a generated one is nowhere.
    pub(crate) fn location(&self) -> Option<&Path> {
        match &self.reader {
            Reader::Parquet(file) => Some(&file.location),
            Reader::Csv(file) => Some(file.location()),
            Reader::Json(file) => Some(file.location()),
            Reader::Ipc(file) => Some(&file.location),
            Reader::Sample(_) => None,
        }
    }

    /// Fails when the file is another than the one that was opened.
    pub(crate) fn unchanged(&self) -> Result<()> {
        let Some(location) = self.location() else {
            return Ok(());
        };
        let metadata = std::fs::metadata(location).map_err(Error::io("read", location))?;
        if Stamp::of(&metadata) == self.stamp {
            return Ok(());
        }
        Err(Error::source(&self.path, "changed while it was read"))
    }
}

impl Stamp {
    fn of(metadata: &std::fs::Metadata) -> Self {
        Self {
            size: metadata.size(),
            // beyond the year 2262 they count from the beginning, and still tell two times apart
            mtime_ns: (metadata.mtime().wrapping_mul(1_000_000_000))
                .wrapping_add(metadata.mtime_nsec()),
            inode: metadata.ino(),
        }
    }
}

fn other_slice() -> Error {
    Error::Internal("a slice of another format".to_owned())
}

fn open_files(folder: &Path, table: &Table) -> Result<Vec<(SourceFile, SchemaRef)>> {
    let mut files = Vec::new();
    for location in matches(folder, &table.source)? {
        let path = location.strip_prefix(folder).unwrap_or(&location);
        let path = path.to_string_lossy().into_owned();
        let about = std::fs::metadata(&location).map_err(Error::io("read", &location))?;
        if !about.is_file() {
            // a pipe would be waited for all night
            return Err(Error::source(&path, "not a regular file"));
        }
        let file = File::open(&location).map_err(Error::io("read", &location))?;
        let stamp = Stamp::of(&file.metadata().map_err(Error::io("read", &location))?);
        let (reader, schema) = match format_of(table, &path)? {
            Format::Parquet => {
                let (file, schema) = parquet::ParquetFile::open(&path, location, &file)?;
                (Reader::Parquet(file), schema)
            }
            Format::Csv => {
                let (file, schema) = csv::CsvFile::open(&path, location, stamp.size, table)?;
                (Reader::Csv(Box::new(file)), schema)
            }
            Format::Ndjson => {
                let (file, schema) = json::JsonFile::open(&path, location, stamp.size, table)?;
                (Reader::Json(Box::new(file)), schema)
            }
            Format::Arrow => {
                let (file, schema) = ipc::IpcFile::open(&path, location, &file)?;
                (Reader::Ipc(Box::new(file)), schema)
            }
        };
        files.push((
            SourceFile {
                path,
                stamp,
                reader,
                view: None,
            },
            schema,
        ));
    }
    Ok(files)
}

/// The files that the pattern names, in order of their paths. Hidden files are never meant.
pub(crate) fn matches(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    // what a directory holds can be listed, whatever it is called
    std::fs::read_dir(folder).map_err(Error::io("read source root", folder))?;
    let root = glob::Pattern::escape(&folder.to_string_lossy());
    let options = glob::MatchOptions {
        require_literal_separator: true,
        require_literal_leading_dot: true,
        ..glob::MatchOptions::default()
    };
    let found = glob::glob_with(&format!("{root}/{pattern}"), options)
        .map_err(|_| Error::unfit(pattern, "not a valid pattern"))?;
    let mut files = Vec::new();
    for entry in found {
        let path = entry.map_err(|error| {
            let path = error.path().to_path_buf();
            Error::io("read", &path)(error.into())
        })?;
        if path.is_dir() {
            continue;
        }
        files.push(path);
    }
    files.sort();
    Ok(files)
}

fn format_of(table: &Table, path: &str) -> Result<Format> {
    if let Some(format) = table.format {
        return Ok(format);
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    Format::of_name(name)
        .ok_or_else(|| Error::unfit(path, "its name does not tell its format: set `format`"))
}

/// The schema of `arrays`: `schema`, but for the columns that come as keys of a dictionary.
pub(crate) fn schema_of(schema: &SchemaRef, arrays: &[ArrayRef]) -> SchemaRef {
    let fields = || schema.fields().iter().zip(arrays);
    if fields().all(|(field, array)| field.data_type() == array.data_type()) {
        return Arc::clone(schema);
    }
    let field = |(field, array): (&FieldRef, &ArrayRef)| match array.data_type() {
        keyed @ DataType::Dictionary(_, values) if values.as_ref() == field.data_type() => {
            Arc::new(field.as_ref().clone().with_data_type(keyed.clone()))
        }
        _ => Arc::clone(field),
    };
    Arc::new(Schema::new(fields().map(field).collect::<Vec<_>>()))
}

/// SHA-256 of a file in lower-case hex.
pub(crate) fn digest_file(location: &Path, cancel: &Cancel) -> Result<String> {
    let mut file = File::open(location).map_err(Error::io("read", location))?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        cancel.check()?;
        let count = file.read(&mut block).map_err(Error::io("read", location))?;
        match block.get(..count) {
            Some([]) | None => return Ok(hex(&hasher.finalize())),
            Some(bytes) => hasher.update(bytes),
        }
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
