//! Parquet files. A slice is a run of whole row groups, or part of one that is too large; row
//! groups are never split where that can be avoided, because skipping rows costs as much as
//! decoding them.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::basic::{Compression, Encoding};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};

use super::{Slice, TEXT_RATIO, Visitor};
use crate::error::parquet_fault;
use crate::memory::Budget;
use crate::space::Extent;
use crate::{Error, Result};

/// Readers of one slice at most, each of some of its columns, so that threads can share the work.
const READERS: usize = 8;

/// Bits of the number of rows of a page, and bytes that a page takes at least.
const PAGE_ROWS_BITS: u32 = 31;
const PAGE_MIN: u64 = 8;

/// An opened file: where it is, and its footer.
pub(crate) struct ParquetFile {
    pub(crate) location: PathBuf,
    metadata: ArrowReaderMetadata,
}

impl ParquetFile {
    /// Reads the footer.
    pub(crate) fn open(path: &str, location: PathBuf, file: &File) -> Result<(Self, SchemaRef)> {
        let metadata = guarded(path, || {
            ArrowReaderMetadata::load(file, ArrowReaderOptions::new())
                .map_err(|error| Error::source(path, footer_fault(file, &error)))
        })?;
        let schema = SchemaRef::clone(metadata.schema());
        let size = file.metadata().map_err(Error::io("read", &location))?.len();
        let opened = Self { location, metadata };
        let claimed = opened
            .groups()
            .iter()
            .map(rows)
            .fold(0, u64::saturating_add);
        if claimed >> PAGE_ROWS_BITS > size / PAGE_MIN {
            return Err(Error::source(
                path,
                "its footer claims more rows than it can hold",
            ));
        }
        Ok((opened, schema))
    }

    /// Reads those of `columns` that are text and hold keys of a dictionary on every page as such
    /// keys from now on, so that a value is not copied for each of its rows.
    pub(crate) fn read_dictionaries(&mut self, columns: &[usize]) {
        let schema = self.metadata.schema();
        let hint = |(index, field): (usize, &FieldRef)| {
            let is_text = *field.data_type() == DataType::Utf8;
            if is_text && columns.contains(&index) && self.is_dictionary(index) {
                let keyed = field.data_type().clone();
                let keyed = DataType::Dictionary(Box::new(DataType::Int32), Box::new(keyed));
                return Arc::new(field.as_ref().clone().with_data_type(keyed));
            }
            Arc::clone(field)
        };
        let fields: Vec<_> = schema.fields().iter().enumerate().map(hint).collect();
        let hinted = Schema::new_with_metadata(fields, schema.metadata().clone());
        let options = ArrowReaderOptions::new().with_schema(Arc::new(hinted));
        let metadata = Arc::clone(self.metadata.metadata());
        // a file whose own schema cannot be asked for like that is read as it is
        if let Ok(metadata) = ArrowReaderMetadata::try_new(metadata, options) {
            self.metadata = metadata;
        }
    }

    /// Whether every page of a flat column refers to a dictionary.
    fn is_dictionary(&self, column: usize) -> bool {
        let schema = self.metadata.parquet_schema();
        let mut leaves =
            (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == column);
        let (Some(leaf), None) = (leaves.next(), leaves.next()) else {
            return false;
        };
        self.groups().iter().all(|group| {
            let encodings = group.column(leaf).page_encoding_stats_mask();
            encodings.is_some_and(|mask| mask.is_only(Encoding::RLE_DICTIONARY))
        })
    }

    pub(crate) fn rows(&self) -> u64 {
        self.groups().iter().map(rows).sum()
    }

    pub(crate) fn rows_before(&self, group: usize) -> u64 {
        self.groups().iter().take(group).map(rows).sum()
    }

    /// What is in a column; bytes that are not compressed count as if they were.
    pub(crate) fn extent(&self, column: usize) -> Extent {
        let schema = self.metadata.parquet_schema();
        let number = |number: i64| u64::try_from(number).unwrap_or_default();
        let (mut bytes, mut values) = (0, 0);
        let chunks = self.groups().iter().flat_map(|group| {
            let leaves = 0..group.num_columns();
            let own = leaves.filter(|leaf| schema.get_column_root_idx(*leaf) == column);
            own.map(|leaf| group.column(leaf))
        });
        for chunk in chunks {
            let ratio = match chunk.compression() {
                Compression::UNCOMPRESSED => TEXT_RATIO,
                _ => 1,
            };
            bytes += number(chunk.compressed_size()) / ratio;
            let nulls = chunk.statistics().and_then(Statistics::null_count_opt);
            values += number(chunk.num_values()).saturating_sub(nulls.unwrap_or_default());
        }
        Extent {
            bytes,
            values: Some(values),
        }
    }

    fn groups(&self) -> &[RowGroupMetaData] {
        self.metadata.metadata().row_groups()
    }

    /// Whole row groups up to the aimed size; one that is over twice that size is cut.
    pub(crate) fn slices(&self, columns: &[usize], budget: &Budget) -> Vec<Slice> {
        let slice = |groups: Range<usize>, rows: Range<u64>| Slice::RowGroups {
            batch: budget.batch_rows(self.slice_row_bytes(groups.clone(), columns)),
            groups,
            rows,
        };
        let mut slices = Vec::new();
        let mut open: Option<(usize, u64)> = None;
        for (index, group) in self.groups().iter().enumerate() {
            let bytes = self.row_bytes(std::slice::from_ref(group), columns);
            let (limit, rows) = (budget.slice_rows(bytes), rows(group));
            if let Some((first, sum)) = open {
                if sum + rows > limit {
                    slices.push(slice(first..index, 0..sum));
                    open = None;
                } else {
                    open = Some((first, sum + rows));
                    continue;
                }
            }
            if rows > 2 * limit {
                let mut first = 0;
                while first < rows {
                    let end = rows.min(first + limit);
                    slices.push(slice(index..index + 1, first..end));
                    first = end;
                }
            } else {
                open = Some((index, rows));
            }
        }
        if let Some((first, sum)) = open {
            slices.push(slice(first..self.groups().len(), 0..sum));
        }
        slices
    }

    /// Bytes of the rows of a slice, once they are read.
    pub(crate) fn slice_row_bytes(&self, groups: Range<usize>, columns: &[usize]) -> u64 {
        self.row_bytes(self.groups().get(groups).unwrap_or_default(), columns)
    }

    /// Bytes of a row of some row groups, as it is once read.
    fn row_bytes(&self, groups: &[RowGroupMetaData], columns: &[usize]) -> u64 {
        let schema = self.metadata.parquet_schema();
        let read = |leaf: &usize| columns.contains(&schema.get_column_root_idx(*leaf));
        let bytes = |group: &RowGroupMetaData| -> u64 {
            (0..group.num_columns())
                .filter(read)
                .map(|leaf| u64::try_from(group.column(leaf).uncompressed_size()).unwrap_or(0))
                .sum()
        };
        let sum: u64 = groups.iter().map(bytes).sum();
        sum.div_ceil(groups.iter().map(rows).sum::<u64>().max(1))
    }

    /// Reads some columns of the rows `rows` of some row groups, `batch` rows at a time.
    pub(crate) fn read(
        &self,
        path: &str,
        groups: Range<usize>,
        rows: Range<u64>,
        batch: u64,
        columns: &[usize],
        each: Visitor<'_>,
    ) -> Result<()> {
        let count = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
        let (skip, mut missing) = (count(rows.start), count(rows.end - rows.start));
        let groups: Vec<_> = groups.collect();
        let open = |columns: &[usize]| {
            let file = File::open(&self.location).map_err(Error::io("read", &self.location))?;
            let builder = self.builder(file, columns).with_batch_size(count(batch));
            let builder = builder.with_row_groups(groups.clone());
            limited(path, builder, skip, missing)
        };
        let share = columns.len().div_ceil(READERS).max(1);
        let mut readers = match columns {
            [] => vec![open(columns)?],
            _ => columns.chunks(share).map(open).collect::<Result<_>>()?,
        };
        while let Some(batch) = next(path, &mut readers)? {
            missing = missing.saturating_sub(batch.num_rows());
            each(batch)?;
        }
        if missing > 0 {
            return Err(Error::source(path, "fewer rows than its footer says"));
        }
        Ok(())
    }

    /// Makes a reader of some columns.
    fn builder(&self, file: File, columns: &[usize]) -> ParquetRecordBatchReaderBuilder<File> {
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), columns.iter().copied());
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_projection(mask)
    }
}

/// Why a footer cannot be read: by the magic numbers of the format where they tell.
fn footer_fault(file: &File, error: &ParquetError) -> &'static str {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let magic = |at: Option<u64>| {
        let mut magic = [0; 4];
        let read = at.and_then(|at| file.read_exact_at(&mut magic, at).ok());
        read.map(|()| magic)
    };
    match (magic(Some(0)), magic(length.checked_sub(4))) {
        (None, _) if length == 0 => "empty file: not even a footer",
        (_, Some(ENCRYPTED)) => "its footer is encrypted, and this build reads none",
        (_, Some(MAGIC)) => parquet_fault(error),
        (Some(MAGIC | ENCRYPTED), _) => "truncated Parquet: it has no footer",
        _ => "not a Parquet file",
    }
}

/// At both ends of a file, and of one whose footer is encrypted.
const MAGIC: [u8; 4] = *b"PAR1";
const ENCRYPTED: [u8; 4] = *b"PARE";

/// A reader of `take` rows behind the first `skip` rows.
fn limited(
    path: &str,
    builder: ParquetRecordBatchReaderBuilder<File>,
    skip: usize,
    take: usize,
) -> Result<ParquetRecordBatchReader> {
    guarded(path, || {
        let builder = if skip == 0 {
            builder.with_limit(take)
        } else {
            let selection = vec![RowSelector::skip(skip), RowSelector::select(take)];
            builder.with_row_selection(RowSelection::from(selection))
        };
        let reader = builder.build();
        reader.map_err(|error| Error::reading(path, &error))
    })
}

/// The next rows of readers of neighbouring columns; idle threads take some of them.
fn next(path: &str, readers: &mut [ParquetRecordBatchReader]) -> Result<Option<RecordBatch>> {
    let parts: Vec<_> = readers
        .par_iter_mut()
        .map(|reader| guarded(path, || reader.next().transpose().map_err(fault(path))))
        .collect();
    let parts: Option<Vec<_>> = parts.into_iter().collect::<Result<_>>()?;
    let Some(parts) = parts else {
        return Ok(None);
    };
    if let [part] = parts.as_slice() {
        return Ok(Some(part.clone()));
    }
    let fields: Vec<_> = parts
        .iter()
        .flat_map(|part| part.schema_ref().fields().iter().cloned())
        .collect();
    let columns = parts.iter().flat_map(RecordBatch::columns).cloned();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.collect());
    batch.map(Some).map_err(fault(path))
}

fn fault(path: &str) -> impl FnOnce(ArrowError) -> Error {
    |error| Error::reading_arrow(path, &error)
}

/// Decoders of damaged files may panic; that ends the file, not the process.
fn guarded<T>(path: &str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Error::source(path, "damaged Parquet")))
}

fn rows(group: &RowGroupMetaData) -> u64 {
    u64::try_from(group.num_rows()).unwrap_or(0)
}
