//! The columns that the stock writer wrote, decoded to their last page. Text and binary come as
//! dictionaries, so that a value that stands in many rows is looked at once.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use crate::error::{arrow_fault, parquet_fault};

/// Calls `each` with the arrays of the columns `columns` (ascending indices), batch by batch, and
/// answers how many rows there are.
pub(crate) fn read(
    file: &File,
    metadata: &ArrowReaderMetadata,
    columns: &[usize],
    mut each: impl FnMut(usize, &ArrayRef),
) -> Result<u64, &'static str> {
    let options = ArrowReaderOptions::new().with_schema(Arc::new(hinted(metadata, columns)));
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options);
    let metadata = metadata.map_err(|error| parquet_fault(&error))?;
    let file = file.try_clone().map_err(|_| "file that cannot be read")?;
    let mask = ProjectionMask::roots(metadata.parquet_schema(), columns.iter().copied());
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS);
    let mut reader = guarded(|| builder.build().map_err(|error| parquet_fault(&error)))?;
    let mut rows = 0;
    while let Some(batch) = guarded(|| {
        reader
            .next()
            .transpose()
            .map_err(|error| arrow_fault(&error))
    })? {
        rows += batch.num_rows() as u64;
        for (column, array) in columns.iter().zip(batch.columns()) {
            each(*column, array);
        }
    }
    Ok(rows)
}

/// The schema of the file, with dictionaries for what repeats.
fn hinted(metadata: &ArrowReaderMetadata, columns: &[usize]) -> Schema {
    let hint = |(index, field): (usize, &Arc<Field>)| {
        let values = field.data_type();
        let repeats = matches!(values, DataType::Utf8 | DataType::Binary);
        if repeats && columns.contains(&index) {
            let keyed = DataType::Dictionary(Box::new(DataType::Int32), Box::new(values.clone()));
            Field::new(field.name(), keyed, field.is_nullable())
        } else {
            field.as_ref().clone()
        }
    };
    let fields = metadata.schema().fields().iter().enumerate().map(hint);
    Schema::new(fields.collect::<Vec<_>>())
}

/// Decoders of damaged files may panic; that ends the file, not the process.
pub(crate) fn guarded<T>(
    read: impl FnOnce() -> Result<T, &'static str>,
) -> Result<T, &'static str> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err("damaged Parquet"))
}

/// Rows of a chunk, in most cases: fewer batches repeat fewer values.
const BATCH_ROWS: usize = 131_072;
