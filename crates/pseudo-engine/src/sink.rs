//! One chunk's rows → the bytes of one Parquet file. Codec and encoding follow what is in a column:
//! tokens are random, so that dictionaries, statistics and compression would cost and gain nothing;
//! and statistics would copy tokens into the footer. Nothing of the source's metadata is written.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::{Compression, LogicalType, Type as PhysicalType, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::{ColumnPath, SchemaDescriptor, Type};
use pseudo_policy::{Action, Compression as Codec, TablePlan};

use crate::error::parquet_fault;
use crate::{Error, Result};

/// Writes files of one table.
pub(crate) struct Sink {
    options: ArrowWriterOptions,
    schema: Arc<Schema>,
}

impl Sink {
    /// Prepares for the output of `plan`.
    pub(crate) fn new(plan: &TablePlan, compression: Codec, row_group_rows: usize) -> Result<Self> {
        let schema = Arc::new(plan.output_schema());
        let parquet = parquet_schema(&schema).map_err(|error| internal(&error))?;
        let compression = match compression {
            Codec::Zstd => Compression::ZSTD(ZstdLevel::default()),
            Codec::Snappy => Compression::SNAPPY,
            Codec::None => Compression::UNCOMPRESSED,
        };
        let mut properties = WriterProperties::builder()
            .set_created_by(concat!("pseudo ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(compression)
            .set_max_row_group_row_count(Some(row_group_rows))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true);
        for column in &plan.columns {
            let random = matches!(column.action, Action::Token { .. } | Action::Seal { .. });
            if random && !matches!(column.output.data_type(), DataType::Dictionary(..)) {
                let path = ColumnPath::from(vec![column.output.name().clone()]);
                properties = properties
                    .set_column_compression(path.clone(), Compression::UNCOMPRESSED)
                    .set_column_dictionary_enabled(path.clone(), false)
                    .set_column_statistics_enabled(path, EnabledStatistics::None);
            }
        }
        let options = ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_skip_arrow_metadata(true)
            .with_parquet_schema(parquet);
        Ok(Self { options, schema })
    }

    /// The file that holds `batch`.
    pub(crate) fn encode(&self, batch: &RecordBatch) -> Result<Vec<u8>> {
        let size = batch.get_array_memory_size();
        let file = Vec::with_capacity(size / 2);
        let schema = Arc::clone(&self.schema);
        let write = || -> Result<Vec<u8>, ParquetError> {
            let mut writer = ArrowWriter::try_new_with_options(file, schema, self.options.clone())?;
            if batch.num_rows() > 0 {
                writer.write(batch)?;
            }
            writer.into_inner()
        };
        write().map_err(|error| internal(&error))
    }
}

/// The Parquet schema of the output. UUID columns carry the logical type of the format, which the
/// Arrow type alone does not tell.
pub(crate) fn parquet_schema(schema: &Schema) -> Result<SchemaDescriptor, ParquetError> {
    let converted = ArrowSchemaConverter::new()
        .with_coerce_types(false)
        .convert(schema)?;
    let mut fields = converted.root_schema().get_fields().to_vec();
    for (node, field) in fields.iter_mut().zip(schema.fields()) {
        if is_uuid(field) {
            let uuid =
                Type::primitive_type_builder(field.name(), PhysicalType::FIXED_LEN_BYTE_ARRAY)
                    .with_repetition(node.get_basic_info().repetition())
                    .with_length(16)
                    .with_logical_type(Some(LogicalType::Uuid));
            *node = Arc::new(uuid.build()?);
        }
    }
    let root = Type::group_type_builder("schema")
        .with_fields(fields)
        .build()?;
    Ok(SchemaDescriptor::new(Arc::new(root)))
}

fn is_uuid(field: &Field) -> bool {
    field.extension_type_name() == Some("arrow.uuid")
}

fn internal(error: &ParquetError) -> Error {
    Error::Internal(format!("writing Parquet: {}", parquet_fault(error)))
}
