//! One chunk's rows → the bytes of one Parquet file. Codec and encoding follow what is in a column:
//! tokens are random, so that dictionaries, statistics and compression would cost and gain nothing;
//! and statistics would copy tokens into the footer. Nothing of the source's metadata is written.

mod dictionary;
mod page;
mod pages;
mod repeats;

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, LogicalType, Type as PhysicalType, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, SchemaDescriptor, Type};
use pseudo_policy::{Action, Compression as Codec, PlannedColumn, Sink as Options, TablePlan};
use rayon::iter::{
    IndexedParallelIterator, IntoParallelRefIterator, IntoParallelRefMutIterator, ParallelIterator,
};

use self::dictionary::Dictionary;
use self::page::Chunk;
use crate::error::parquet_fault;
use crate::{Error, Result};

/// Writes files of one table.
pub(crate) struct Sink {
    schema: Arc<Schema>,
    parquet: SchemaDescriptor,
    properties: WriterPropertiesPtr,
    /// Make writers for columns that are kept: with dictionaries, and without.
    stock: [ArrowRowGroupWriterFactory; 2],
    row_group_rows: usize,
    /// Which columns hold random bytes, and get pages of their own.
    random: Vec<bool>,
    /// Which columns get a Bloom filter.
    filtered: Vec<bool>,
}

impl Sink {
    /// Prepares for the output of `plan`.
    pub(crate) fn new(plan: &TablePlan, options: &Options) -> Result<Self> {
        let keyed: Vec<bool> = plan.columns.iter().map(is_keyed).collect();
        Self::of(Arc::new(plan.output_schema()), &keyed, options)
    }

    /// Prepares for files of `schema`; `keyed` says which columns hold pseudonyms.
    pub(crate) fn of(schema: Arc<Schema>, keyed: &[bool], options: &Options) -> Result<Self> {
        let parquet = parquet_schema(&schema).map_err(|error| internal(&error))?;
        let fields = || schema.fields().iter().zip(keyed);
        let random = || fields().map(|(field, keyed)| *keyed && is_flat(field));
        let filtered = |name: &str| options.bloom_filter.iter().any(|column| column == name);
        let compression = match options.compression {
            Codec::Zstd => Compression::ZSTD(ZstdLevel::default()),
            Codec::Snappy => Compression::SNAPPY,
            Codec::None => Compression::UNCOMPRESSED,
        };
        let mut properties = WriterProperties::builder()
            .set_created_by(concat!("pseudo ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(compression)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true);
        let path = |field: &Field| ColumnPath::from(vec![field.name().clone()]);
        // the one random type that has no pages of its own: integers
        for ((field, _), _) in fields().zip(random()).filter(|(_, random)| *random) {
            properties = properties
                .set_column_compression(path(field), Compression::UNCOMPRESSED)
                .set_column_dictionary_enabled(path(field), false)
                .set_column_statistics_enabled(path(field), EnabledStatistics::None);
        }
        let row_group_rows = usize::try_from(options.row_group_rows).unwrap_or(usize::MAX);
        for (field, _) in fields().filter(|(field, _)| filtered(field.name())) {
            properties = properties
                .set_column_bloom_filter_fpp(path(field), pages::FALSE_POSITIVES)
                .set_column_bloom_filter_max_ndv(path(field), pages::distinct_max(row_group_rows));
        }
        let with = properties.build();
        let without = with
            .clone()
            .into_builder()
            .set_dictionary_enabled(false)
            .build();
        let properties = Arc::new(with);
        let factory = |properties: WriterPropertiesPtr| {
            let root = parquet.root_schema_ptr();
            let file = SerializedFileWriter::new(std::io::sink(), root, properties)?;
            Ok(ArrowRowGroupWriterFactory::new(&file, Arc::clone(&schema)))
        };
        let stock = factory(Arc::clone(&properties))
            .and_then(|with| Ok([with, factory(Arc::new(without))?]))
            .map_err(|error: ParquetError| internal(&error))?;
        let own_pages = |((field, _), random): ((&Arc<Field>, _), bool)| {
            random && pages::takes(field.data_type())
        };
        Ok(Self {
            random: fields().zip(random()).map(own_pages).collect(),
            filtered: fields().map(|(field, _)| filtered(field.name())).collect(),
            parquet,
            properties,
            stock,
            row_group_rows: row_group_rows.max(1),
            schema,
        })
    }

    /// Begins a file in `out`; the content of `scratch` goes, its memory is used again.
    pub(crate) fn begin<'a, W: Write + Send>(
        &'a self,
        out: &'a mut W,
        scratch: &'a mut Scratch,
    ) -> Result<Writer<'a, W>> {
        let Scratch { columns } = scratch;
        columns.resize_with(self.random.len(), Vec::new);
        let begin = || {
            let root = self.parquet.root_schema_ptr();
            SerializedFileWriter::new(out, root, Arc::clone(&self.properties))
        };
        let file = begin().map_err(|error| internal(&error))?;
        Ok(Writer {
            sink: self,
            file,
            columns,
            open: Vec::new(),
            open_rows: 0,
            rows: 0,
        })
    }
}

/// The memory of one worker: the pages of random columns.
#[derive(Default)]
pub(crate) struct Scratch {
    columns: Vec<Vec<u8>>,
}

/// A file being written.
pub(crate) struct Writer<'a, W: Write + Send> {
    sink: &'a Sink,
    file: SerializedFileWriter<&'a mut W>,
    columns: &'a mut Vec<Vec<u8>>,
    /// The columns of the row group being filled, empty when none is.
    open: Vec<ColumnWriter>,
    open_rows: usize,
    rows: u64,
}

/// One column of a row group.
enum ColumnWriter {
    Pages(pages::Pages),
    Dictionary(Box<dyn Dictionary>),
    Stock(Box<ArrowColumnWriter>),
}

/// Where a row stands: a batch, and a row of it.
type Place = (usize, usize);

impl<W: Write + Send> Writer<'_, W> {
    /// Appends rows.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut at = 0;
        while at < batch.num_rows() {
            let rows = self.free().min(batch.num_rows() - at);
            let batch = batch.slice(at, rows);
            let filled = self.fill(&batch, rows, |index, column, field| {
                let array = batch.columns().get(index).ok_or_else(misshapen)?;
                match column {
                    ColumnWriter::Pages(pages) => pages.push(array),
                    ColumnWriter::Dictionary(values) => values.push(array),
                    ColumnWriter::Stock(writer) => stock(writer, field, array),
                }
            });
            filled.map_err(|error| internal(&error))?;
            at += rows;
        }
        Ok(())
    }

    /// Appends rows of `batches` in the order of `places`.
    pub(crate) fn gather(&mut self, batches: &[RecordBatch], places: &[Place]) -> Result<()> {
        let mut places = places;
        while let ([_, ..], Some(first)) = (places, batches.first()) {
            let (now, later) = places.split_at(self.free().min(places.len()));
            let filled = self.fill(first, now.len(), |index, column, field| {
                let arrays: Option<Vec<_>> = batches
                    .iter()
                    .map(|batch| batch.columns().get(index))
                    .collect();
                let arrays = arrays.ok_or_else(misshapen)?;
                match column {
                    ColumnWriter::Pages(pages) => pages.gather(&arrays, now),
                    ColumnWriter::Dictionary(values) => values.gather(&arrays, now),
                    ColumnWriter::Stock(writer) => {
                        let arrays: Vec<_> = arrays.iter().map(|array| array.as_ref()).collect();
                        stock(writer, field, &interleave(&arrays, now)?)
                    }
                }
            });
            filled.map_err(|error| internal(&error))?;
            places = later;
        }
        Ok(())
    }

    /// Ends the file, and answers how many rows are in it.
    pub(crate) fn finish(mut self) -> Result<u64> {
        let finish = || -> Result<u64, ParquetError> {
            self.flush()?;
            self.file.close()?;
            Ok(self.rows)
        };
        finish().map_err(|error| internal(&error))
    }

    /// Rows that the open row group, or the next one, has room for.
    fn free(&self) -> usize {
        self.sink.row_group_rows - self.open_rows
    }

    /// Appends `rows` rows that the open row group has room for; idle threads take columns. A row
    /// group is opened for what is in `sample`.
    fn fill(
        &mut self,
        sample: &RecordBatch,
        rows: usize,
        append: impl Fn(usize, &mut ColumnWriter, &Field) -> Result<(), ParquetError> + Sync,
    ) -> Result<(), ParquetError> {
        if self.open.is_empty() {
            self.open(sample)?;
        }
        let fields = self.sink.schema.fields();
        let columns = self.open.par_iter_mut().zip(fields.par_iter()).enumerate();
        columns.try_for_each(|(index, (column, field))| append(index, column, field))?;
        self.open_rows += rows;
        self.rows += rows as u64;
        if self.open_rows == self.sink.row_group_rows {
            self.flush()?;
        }
        Ok(())
    }

    /// Opens a row group. Columns are flat: one writer, one descriptor and one buffer for each.
    fn open(&mut self, sample: &RecordBatch) -> Result<(), ParquetError> {
        let sink = self.sink;
        let [with, without] = &sink.stock;
        let with = with.create_column_writers(0)?;
        let without = without.create_column_writers(0)?;
        let stock = with.into_iter().zip(without).zip(sample.columns());
        let columns = sink.parquet.columns().iter().zip(self.columns.iter_mut());
        let own = sink.random.iter().zip(&sink.filtered);
        for (((random, filtered), ((with, without), sample)), (column, memory)) in
            own.zip(stock).zip(columns)
        {
            self.open.push(if *random {
                let filter = filtered
                    .then(|| pages::filter(sink.row_group_rows))
                    .transpose()?;
                ColumnWriter::Pages(pages::Pages::new(column, std::mem::take(memory), filter))
            } else if repeats::pays(sample) {
                let properties = &sink.properties;
                let path = column.path();
                let compression = properties.compression(path);
                let own = !filtered && properties.dictionary_enabled(path);
                let own = own.then(|| dictionary::begin(column, sample.data_type(), compression));
                own.transpose()?.flatten().map_or_else(
                    || ColumnWriter::Stock(Box::new(with)),
                    ColumnWriter::Dictionary,
                )
            } else {
                ColumnWriter::Stock(Box::new(without))
            });
        }
        Ok(())
    }

    /// Appends the open row group to the file.
    fn flush(&mut self) -> Result<(), ParquetError> {
        if self.open_rows == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for (column, memory) in self.open.drain(..).zip(self.columns.iter_mut()) {
            match column {
                ColumnWriter::Pages(pages) => {
                    let (chunk, close) = pages.finish()?;
                    group.append_column(&Chunk(&chunk), close)?;
                    *memory = chunk;
                }
                ColumnWriter::Dictionary(mut values) => {
                    let (chunk, close) = values.finish()?;
                    group.append_column(&Chunk(&chunk), close)?;
                }
                ColumnWriter::Stock(writer) => writer.close()?.append_to_row_group(&mut group)?,
            }
        }
        group.close()?;
        self.open_rows = 0;
        Ok(())
    }
}

fn stock(
    writer: &mut ArrowColumnWriter,
    field: &Field,
    array: &ArrayRef,
) -> Result<(), ParquetError> {
    for leaf in compute_leaves(field, array)? {
        writer.write(&leaf)?;
    }
    Ok(())
}

/// Whether a column holds pseudonyms.
fn is_keyed(column: &PlannedColumn) -> bool {
    matches!(
        column.action,
        Action::Token { .. } | Action::Seal { .. } | Action::Fpe { .. }
    )
}

/// Whether pseudonyms in a column look like random bytes: no two rows share anything to be
/// compressed.
fn is_flat(field: &Field) -> bool {
    !matches!(field.data_type(), DataType::Dictionary(..))
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

fn misplaced() -> ParquetError {
    ParquetError::General("a place outside the arrays".to_owned())
}

fn misshapen() -> ParquetError {
    ParquetError::General("a batch without a planned column".to_owned())
}
