//! Parquet files. A slice is a run of whole row groups, or part of one that is too large; row
//! groups are never split where that can be avoided, because skipping rows costs as much as
//! decoding them.

use std::fs::File;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::basic::Compression;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};

use super::{BATCH_ROWS, SLICE_BYTES, SLICE_ROWS, Slice, TEXT_RATIO, Visitor};
use crate::error::parquet_fault;
use crate::space::Extent;
use crate::{Error, Result};

/// Readers of one slice at most, each of some of its columns, so that threads can share the work.
const READERS: usize = 8;

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
                .map_err(|error| Error::source(path, parquet_fault(&error)))
        })?;
        let schema = SchemaRef::clone(metadata.schema());
        Ok((Self { location, metadata }, schema))
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
    pub(crate) fn slices(&self, columns: &[usize]) -> Vec<Slice> {
        let mut slices = Vec::new();
        let mut open: Option<(usize, u64)> = None;
        for (index, group) in self.groups().iter().enumerate() {
            let (rows, limit) = (rows(group), self.rows_per_slice(group, columns));
            if let Some((first, sum)) = open {
                if sum + rows > limit {
                    slices.push(whole(first..index, sum));
                    open = None;
                } else {
                    open = Some((first, sum + rows));
                    continue;
                }
            }
            if rows > 2 * limit {
                let mut skip = 0;
                while skip < rows {
                    let take = limit.min(rows - skip);
                    slices.push(Slice::RowGroups {
                        groups: index..index + 1,
                        skip,
                        take,
                    });
                    skip += take;
                }
            } else {
                open = Some((index, rows));
            }
        }
        if let Some((first, sum)) = open {
            slices.push(whole(first..self.groups().len(), sum));
        }
        slices
    }

    fn rows_per_slice(&self, group: &RowGroupMetaData, columns: &[usize]) -> u64 {
        let schema = self.metadata.parquet_schema();
        let bytes: u64 = (0..group.num_columns())
            .filter(|leaf| columns.contains(&schema.get_column_root_idx(*leaf)))
            .map(|leaf| u64::try_from(group.column(leaf).uncompressed_size()).unwrap_or(0))
            .sum();
        let by_bytes = (4 * SLICE_BYTES * rows(group))
            .checked_div(bytes)
            .unwrap_or(u64::MAX);
        by_bytes.clamp(1, SLICE_ROWS)
    }

    /// Reads some columns of the rows `rows` of some row groups.
    pub(crate) fn read(
        &self,
        path: &str,
        groups: Range<usize>,
        rows: Range<u64>,
        columns: &[usize],
        each: Visitor<'_>,
    ) -> Result<()> {
        let count = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
        let (skip, mut missing) = (count(rows.start), count(rows.end - rows.start));
        let groups: Vec<_> = groups.collect();
        let open = |columns: &[usize]| {
            let file = File::open(&self.location).map_err(Error::io("read", &self.location))?;
            self.reader(path, file, &groups, skip, missing, columns)
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

    /// A reader of some columns of `take` rows behind the first `skip` rows of some row groups.
    fn reader(
        &self,
        path: &str,
        file: File,
        groups: &[usize],
        skip: usize,
        take: usize,
        columns: &[usize],
    ) -> Result<ParquetRecordBatchReader> {
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), columns.iter().copied());
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_projection(mask)
                .with_batch_size(BATCH_ROWS)
                .with_row_groups(groups.to_vec());
        guarded(path, || {
            let builder = if skip == 0 {
                builder.with_limit(take)
            } else {
                let selection = vec![RowSelector::skip(skip), RowSelector::select(take)];
                builder.with_row_selection(RowSelection::from(selection))
            };
            builder
                .build()
                .map_err(|error| Error::reading(path, &error))
        })
    }
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

fn whole(groups: Range<usize>, rows: u64) -> Slice {
    Slice::RowGroups {
        groups,
        skip: 0,
        take: rows,
    }
}

fn rows(group: &RowGroupMetaData) -> u64 {
    u64::try_from(group.num_rows()).unwrap_or(0)
}
