//! One schema over several files: columns are matched by name. A file may lack a column that is
//! nullable elsewhere, whose rows are NULL then; any other difference is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::SourceFile;
use crate::{Error, Result};

/// The columns of a table as a file has them that has not simply the same ones.
pub(super) struct View {
    schema: SchemaRef,
    /// For each column of the table its index in the file; none where the file lacks it.
    columns: Vec<Option<usize>>,
}

/// A column of the table so far.
struct Column {
    field: Field,
    /// A file has it without NULLs.
    required: bool,
}

/// The schema of all `files` together: the columns of the first one, then those that others add, in
/// the order in which they are met. A column is nullable when it is so anywhere.
///
/// # Errors
/// File and column, when a column is of another type than in a file before, is missing though it is
/// not nullable elsewhere, or stands twice in one of several files.
pub(super) fn schema(files: &[(SourceFile, SchemaRef)]) -> Result<SchemaRef> {
    if let [(_, only)] = files {
        // a name that stands twice is refused with the rest of what is wrong with its columns
        return Ok(Arc::clone(only));
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for (file, own) in files {
        let mut seen = BTreeSet::new();
        for field in own.fields() {
            if !seen.insert(field.name()) {
                return Err(fault(file, field, "stands twice"));
            }
            let at = *known.entry(field.name()).or_insert(columns.len());
            match columns.get_mut(at) {
                Some(column) => column
                    .merge(field)
                    .map_err(|text| fault(file, field, text))?,
                None => columns.push(Column::new(field)),
            }
        }
    }
    for (file, own) in files {
        for column in &columns {
            if own.field_with_name(column.field.name()).is_ok() {
                continue;
            }
            if column.required {
                let text = "missing here, and not nullable in other files";
                return Err(fault(file, &column.field, text));
            }
        }
    }
    let fields: Vec<Field> = columns.into_iter().map(|column| column.field).collect();
    Ok(Arc::new(Schema::new(fields)))
}

impl Column {
    fn new(field: &FieldRef) -> Self {
        Self {
            field: Field::clone(field),
            required: !field.is_nullable(),
        }
    }

    fn merge(&mut self, other: &FieldRef) -> Result<(), &'static str> {
        match (self.field.data_type(), other.data_type()) {
            (own, other) if own == other => {}
            // keys whose values are nested in one file alone
            (own, other) if is_object(own) && *other == DataType::Utf8 => {}
            (DataType::Utf8, other) if is_object(other) => {
                self.field.set_data_type(other.clone());
            }
            _ => return Err("of another type than in other files"),
        }
        self.required |= !other.is_nullable();
        let nullable = self.field.is_nullable() || other.is_nullable();
        self.field.set_nullable(nullable);
        Ok(())
    }
}

/// Whether it is what stands for the nested values of JSON.
fn is_object(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Struct(fields) if fields.is_empty())
}

fn fault(file: &SourceFile, field: &Field, fault: &'static str) -> Error {
    Error::Unfit {
        file: file.path.clone(),
        column: Some(field.name().clone()),
        fault,
    }
}

impl View {
    /// A file with the schema `own` as a part of a table with the schema `schema`; none when it has
    /// the same columns.
    pub(super) fn new(schema: &SchemaRef, own: &SchemaRef) -> Option<Self> {
        let columns = schema.fields().iter();
        (schema.fields() != own.fields()).then(|| Self {
            schema: Arc::clone(schema),
            columns: columns
                .map(|field| own.index_of(field.name()).ok())
                .collect(),
        })
    }

    /// The indices within the file of those of `columns` that it has, ascending.
    pub(super) fn own(&self, columns: &[usize]) -> Vec<usize> {
        let own = |&column: &usize| self.columns.get(column).copied().flatten();
        let mut own: Vec<usize> = columns.iter().filter_map(own).collect();
        own.sort_unstable();
        own
    }

    /// Turns a batch of the columns `own` of the file into one of the columns `columns` of the
    /// table.
    pub(super) fn arrange(
        &self,
        batch: &RecordBatch,
        columns: &[usize],
        own: &[usize],
    ) -> Result<RecordBatch, ArrowError> {
        let schema = self.schema.project(columns)?;
        let rows = batch.num_rows();
        let array = |(&column, field): (&usize, &FieldRef)| -> ArrayRef {
            let index = self.columns.get(column).copied().flatten();
            let position = index.and_then(|index| own.binary_search(&index).ok());
            position.map_or_else(
                || new_null_array(field.data_type(), rows),
                |position| Arc::clone(batch.column(position)),
            )
        };
        let arrays: Vec<_> = columns.iter().zip(schema.fields()).map(array).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = super::schema_of(&Arc::new(schema), &arrays);
        RecordBatch::try_new_with_options(schema, arrays, &options)
    }
}
