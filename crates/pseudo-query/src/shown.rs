//! A table for a person. What a terminal would obey, in names and in cells, is written as an escape
//! (`\t`, `\u{1b}`): kept columns hold whatever the source held. A line break begins another line
//! of its cell.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches;

/// Rows as aligned columns with a head and a last line break; NULL is written so.
pub(crate) fn table(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, ArrowError> {
    let field = |name: &str| Field::new(escaped(name), DataType::Utf8, false);
    let fields = schema.fields().iter().map(|own| field(own.name()));
    let shown: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let texts = |batch: &RecordBatch| {
        let columns = batch.columns().iter().map(text);
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&shown), columns, &rows)
    };
    let mut all = vec![RecordBatch::new_empty(Arc::clone(&shown))];
    for batch in batches {
        all.push(texts(batch)?);
    }
    Ok(format!("{}\n", pretty_format_batches(&all)?).into_bytes())
}

fn text(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options = FormatOptions::default()
        .with_null("NULL")
        .with_display_error(false);
    let cells = ArrayFormatter::try_new(array.as_ref(), &options)?;
    let cell = |row| Ok(escaped(&cells.value(row).try_to_string()?));
    let cells: Vec<String> = (0..array.len())
        .map(cell)
        .collect::<Result<_, ArrowError>>()?;
    Ok(Arc::new(StringArray::from(cells)))
}

/// The text with escapes for control characters other than line breaks, and for those that turn the
/// direction of what follows (UAX 9).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.extend(c.escape_default()),
            _ if c.is_control() => out.extend(c.escape_default()),
            _ => out.push(c),
        }
    }
    out
}
