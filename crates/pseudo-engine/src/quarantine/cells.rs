//! Rows in quarantine as text, for those who mend the source.

use std::fmt::Write as _;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::plan::TableJob;
use crate::{Error, Result};

/// The cells of a batch as text.
pub(super) struct Cells<'a> {
    columns: Vec<CellColumn<'a>>,
}

struct CellColumn<'a> {
    /// As JSON.
    name: String,
    array: &'a ArrayRef,
    /// Of a dictionary it is made anew each time it is asked for.
    nulls: Option<NullBuffer>,
    formatter: ArrayFormatter<'a>,
}

impl<'a> Cells<'a> {
    pub(super) fn of(bound: &TableJob, batch: &'a RecordBatch) -> Result<Self> {
        const OPTIONS: FormatOptions<'_> = FormatOptions::new().with_display_error(false);
        let column = |(index, array): (&usize, &'a ArrayRef)| {
            let name = bound.source.schema.field(*index).name().as_str();
            let name = serde_json::Value::from(name).to_string();
            let formatter = ArrayFormatter::try_new(array.as_ref(), &OPTIONS);
            let formatter = formatter.map_err(|_| unwritable(&name))?;
            Ok(CellColumn {
                name,
                array,
                nulls: array.logical_nulls(),
                formatter,
            })
        };
        let columns = bound.read.iter().zip(batch.columns());
        Ok(Self {
            columns: columns.map(column).collect::<Result<_>>()?,
        })
    }

    /// Appends row `row` as one JSON object: file, row number, and the text of every cell.
    pub(super) fn write(
        &self,
        row: usize,
        path: &str,
        number: u64,
        out: &mut String,
    ) -> Result<()> {
        // writing to a text cannot fail
        let _ = write!(out, "{{\"file\":{path},\"row\":{number},\"cells\":{{");
        for (at, column) in self.columns.iter().enumerate() {
            let (separator, name) = (if at == 0 { "" } else { "," }, &column.name);
            let _ = write!(out, "{separator}{name}:");
            let nulls = column.nulls.as_ref();
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                out.push_str("null");
                continue;
            }
            let text = match column.formatter.value(row).try_to_string() {
                Ok(text) => text,
                // a date beyond the calendar is still a number
                Err(_) => number_of(column.array, row).ok_or_else(|| unwritable(name))?,
            };
            let _ = write!(out, "{}", serde_json::Value::from(text));
        }
        out.push_str("}}\n");
        Ok(())
    }
}

fn number_of(array: &ArrayRef, row: usize) -> Option<String> {
    let number = cast(&array.slice(row, 1), &DataType::Int64).ok()?;
    let formatter = ArrayFormatter::try_new(&number, &FormatOptions::new());
    formatter.ok()?.value(0).try_to_string().ok()
}

fn unwritable(column: &str) -> Error {
    Error::Internal(format!("column {column} has cells without a text"))
}
