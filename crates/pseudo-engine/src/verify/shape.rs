//! The outside of a file: size, rows, schema, and nothing in its footer that was not meant.

use std::fs::File;
use std::path::Path;

use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::schema::types::{SchemaDescriptor, Type};

use super::Table;
use super::stock::guarded;
use crate::manifest::{OutputManifest, TableManifest};
use crate::sink::parquet_schema;
use crate::{Error, Result};

/// A file that was opened, and its footer.
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) metadata: ArrowReaderMetadata,
}

/// What a file should be like.
pub(crate) struct Shape {
    /// The schema, field by field.
    planned: SchemaDescriptor,
    /// Columns of pseudonyms that repeat nothing: no statistics may show some of them.
    bare: Vec<bool>,
}

impl Shape {
    /// The shape of files of `schema`.
    pub(crate) fn new(schema: &Schema, pseudonyms: &[bool]) -> Result<Self> {
        let planned = parquet_schema(schema)
            .map_err(|_| Error::Internal("a schema that Parquet cannot hold".to_owned()))?;
        let is_bare = |(field, is_pseudonym): (&std::sync::Arc<Field>, &bool)| {
            *is_pseudonym && !matches!(field.data_type(), DataType::Dictionary(..))
        };
        let bare = schema
            .fields()
            .iter()
            .zip(pseudonyms)
            .map(is_bare)
            .collect();
        Ok(Self { planned, bare })
    }
}

/// Opens a file of `table` and checks its outside.
pub(crate) fn open(directory: &Path, table: &Table<'_>, output: &OutputManifest) -> Result<Opened> {
    let path = directory.join(&output.path);
    let fault = |fault: &str| Error::Verify {
        file: output.path.clone(),
        fault: fault.to_owned(),
    };
    let file = File::open(&path).map_err(Error::io("read", &path))?;
    if file.metadata().map_err(Error::io("read", &path))?.len() != output.bytes {
        return Err(fault("not of the size that was written"));
    }
    let load =
        || ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|_| "no Parquet");
    let metadata = guarded(load).map_err(|_| fault("cannot be read back"))?;
    match inside(&metadata, &table.shape, output.rows) {
        Some(text) => Err(fault(text)),
        None => Ok(Opened { file, metadata }),
    }
}

/// What is wrong with a footer.
fn inside(metadata: &ArrowReaderMetadata, shape: &Shape, rows: u64) -> Option<&'static str> {
    let metadata = metadata.metadata();
    let file = metadata.file_metadata();
    if u64::try_from(file.num_rows()).ok() != Some(rows) {
        return Some("rows are missing or too many");
    }
    if file
        .key_value_metadata()
        .is_some_and(|pairs| !pairs.is_empty())
    {
        return Some("holds key-value metadata");
    }
    if !file
        .created_by()
        .is_some_and(|by| by.starts_with("pseudo "))
    {
        return Some("was written by another program");
    }
    if !same(&shape.planned, file.schema_descr()) {
        return Some("has another schema than planned");
    }
    let shows = metadata.row_groups().iter().any(|group| {
        let chunks = group.columns().iter().zip(&shape.bare);
        chunks
            .into_iter()
            .any(|(chunk, is_bare)| *is_bare && chunk.statistics().is_some())
    });
    shows.then_some("shows pseudonyms in its statistics")
}

/// Whether two schemas have the same columns. Which of them may hold NULL is not compared: the
/// NULLs are counted.
fn same(planned: &SchemaDescriptor, found: &SchemaDescriptor) -> bool {
    let fields = |schema: &SchemaDescriptor| schema.root_schema().get_fields().to_vec();
    let (planned, found) = (fields(planned), fields(found));
    let column = |(a, b): (&std::sync::Arc<Type>, &std::sync::Arc<Type>)| match (&**a, &**b) {
        (
            Type::PrimitiveType {
                basic_info: a,
                physical_type: a_type,
                type_length: a_length,
                scale: a_scale,
                precision: a_precision,
            },
            Type::PrimitiveType {
                basic_info: b,
                physical_type: b_type,
                type_length: b_length,
                scale: b_scale,
                precision: b_precision,
            },
        ) => {
            (a_type, a_length, a_scale, a_precision) == (b_type, b_length, b_scale, b_precision)
                && a.name() == b.name()
                && a.logical_type_ref() == b.logical_type_ref()
        }
        _ => false,
    };
    planned.len() == found.len() && planned.iter().zip(&found).all(column)
}

/// The schema of a published table, as its manifest tells; None where it tells none.
pub(crate) fn published(table: &TableManifest) -> Option<Schema> {
    let field = |column: &crate::manifest::ColumnManifest| {
        let data_type: DataType = column.data_type.parse().ok()?;
        let field = Field::new(&column.column, data_type, true);
        let is_uuid = column.action.starts_with("token ") && column.action.contains(", uuid, ");
        let name = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
        Some(if is_uuid {
            field.with_metadata([name].into())
        } else {
            field
        })
    };
    let fields: Option<Vec<Field>> = table.columns.iter().map(field).collect();
    fields.map(Schema::new)
}
