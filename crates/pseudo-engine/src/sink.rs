//! One chunk's rows → the bytes of one Parquet file. Codec and encoding follow what is in a column:
//! tokens are random, so that dictionaries, statistics and compression would cost and gain nothing;
//! and statistics would copy tokens into the footer. Nothing of the source's metadata is written.

mod pages;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, LogicalType, Type as PhysicalType, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, SchemaDescriptor, Type};
use pseudo_policy::{Action, Compression as Codec, PlannedColumn, TablePlan};

use crate::error::parquet_fault;
use crate::{Error, Result};

/// Writes files of one table.
pub(crate) struct Sink {
    schema: Arc<Schema>,
    parquet: SchemaDescriptor,
    properties: WriterPropertiesPtr,
    row_group_rows: usize,
    /// Which columns hold random bytes, and get pages of their own.
    random: Vec<bool>,
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
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true);
        // the one random type that has no pages of its own: integers
        for column in plan.columns.iter().filter(|column| is_random(column)) {
            let path = ColumnPath::from(vec![column.output.name().clone()]);
            properties = properties
                .set_column_compression(path.clone(), Compression::UNCOMPRESSED)
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_statistics_enabled(path, EnabledStatistics::None);
        }
        let own_pages =
            |column: &PlannedColumn| is_random(column) && pages::takes(column.output.data_type());
        Ok(Self {
            schema,
            parquet,
            properties: Arc::new(properties.build()),
            row_group_rows: row_group_rows.max(1),
            random: plan.columns.iter().map(own_pages).collect(),
        })
    }

    /// Puts the file that holds `batch` into `file`, whose content goes and whose memory is used
    /// again.
    pub(crate) fn encode(&self, batch: &RecordBatch, file: &mut Vec<u8>) -> Result<()> {
        file.clear();
        self.write(batch, file).map_err(|error| internal(&error))
    }

    fn write(&self, batch: &RecordBatch, file: &mut Vec<u8>) -> Result<(), ParquetError> {
        let root = self.parquet.root_schema_ptr();
        let mut writer = SerializedFileWriter::new(file, root, Arc::clone(&self.properties))?;
        let columns = ArrowRowGroupWriterFactory::new(&writer, Arc::clone(&self.schema));
        let mut at = 0;
        while at < batch.num_rows() {
            let rows = self.row_group_rows.min(batch.num_rows() - at);
            let mut group = writer.next_row_group()?;
            self.row_group(&batch.slice(at, rows), &columns, &mut group)?;
            group.close()?;
            at += rows;
        }
        writer.close().map(drop)
    }

    fn row_group<W: std::io::Write + Send>(
        &self,
        batch: &RecordBatch,
        columns: &ArrowRowGroupWriterFactory,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        // flat columns only: one writer, one leaf and one descriptor for each
        let writers = columns.create_column_writers(0)?;
        let fields = self.schema.fields().iter().zip(self.parquet.columns());
        for (((array, (field, column)), random), mut writer) in batch
            .columns()
            .iter()
            .zip(fields)
            .zip(&self.random)
            .zip(writers)
        {
            if *random {
                pages::append(array, column, group)?;
                continue;
            }
            for leaf in compute_leaves(field, array)? {
                writer.write(&leaf)?;
            }
            writer.close()?.append_to_row_group(group)?;
        }
        Ok(())
    }
}

/// Whether the cells of a column look like random bytes: no two rows share anything to be
/// compressed.
fn is_random(column: &PlannedColumn) -> bool {
    let keyed = matches!(
        column.action,
        Action::Token { .. } | Action::Seal { .. } | Action::Fpe { .. }
    );
    keyed && !matches!(column.output.data_type(), DataType::Dictionary(..))
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
