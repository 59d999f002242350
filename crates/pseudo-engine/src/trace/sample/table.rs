//! Parquet. Columns within columns are not looked at, and that is said.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Cell, Sample, fault};
use crate::Result;
use crate::error::{arrow_fault, parquet_fault};
use crate::scan::Format;
use crate::verify::guarded;

/// Reads the first rows of a file.
pub(super) fn read(bytes: Vec<u8>, rows: usize) -> Result<Sample> {
    read_guarded(bytes, rows).map_err(|text| fault(format!("is Parquet: {text}")))
}

fn read_guarded(bytes: Vec<u8>, rows: usize) -> Result<Sample, &'static str> {
    let builder = guarded(|| {
        let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes));
        builder.map_err(|error| parquet_fault(&error))
    })?;
    let schema = std::sync::Arc::clone(builder.schema());
    let flat = schema.fields().iter().enumerate();
    let flat: Vec<usize> = flat
        .filter(|(_, field)| !field.data_type().is_nested())
        .map(|(place, _)| place)
        .collect();
    let nested = schema.fields().len() - flat.len();
    let more = builder.metadata().file_metadata().num_rows();
    let more = usize::try_from(more).is_ok_and(|all| all > rows);
    let mask = ProjectionMask::roots(builder.parquet_schema(), flat.iter().copied());
    let builder = builder.with_projection(mask).with_limit(rows);
    let mut reader = guarded(|| builder.build().map_err(|error| parquet_fault(&error)))?;
    let mut sample = Sample::new(Format::Parquet);
    let names = flat.iter().filter_map(|place| schema.fields().get(*place));
    sample.names = names.map(|field| Some(field.name().clone())).collect();
    sample.cells = vec![Vec::new(); flat.len()];
    while let Some(batch) = guarded(|| {
        let batch = reader.next().transpose();
        batch.map_err(|error| arrow_fault(&error))
    })? {
        sample.rows += batch.num_rows();
        for (array, column) in batch.columns().iter().zip(&mut sample.cells) {
            cells(array, column);
        }
    }
    if more {
        sample.cut(rows);
    }
    if nested > 0 {
        let s = if nested == 1 { "" } else { "s" };
        let note = format!("{nested} nested column{s} were not looked at");
        sample.notes.push(note);
    }
    Ok(sample)
}

/// The cells of an array: bytes as they are, everything else as text.
fn cells(array: &ArrayRef, column: &mut Vec<Cell>) {
    let to = match array.data_type() {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Dictionary(_, values) if values.is_binary() => DataType::Binary,
        _ => DataType::Utf8,
    };
    let Ok(plain) = cast(array, &to) else {
        column.extend((0..array.len()).map(|_| Cell::Null));
        return;
    };
    match to {
        DataType::Binary => {
            let cells = plain.as_binary::<i32>().iter();
            column.extend(cells.map(|cell| cell.map_or(Cell::Null, |c| Cell::Bytes(c.to_vec()))));
        }
        _ => {
            let cells = plain.as_string::<i32>().iter();
            column.extend(cells.map(|cell| cell.map_or(Cell::Null, |c| Cell::Text(c.to_owned()))));
        }
    }
}
