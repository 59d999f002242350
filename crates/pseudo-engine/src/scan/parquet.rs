//! Parquet files: a thread takes a column at a time, through all row groups, so that a value of it
//! is looked at once. Columns that cannot show an identifier are not read.
//!
//! Dictionaries are read as such: an entry is looked at once, however many rows refer to it. Text
//! that is not nested is looked at where it stands in its page (`cells`), all else is decoded.

use std::fs::File;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type, Schema};
use bytes::BytesMut;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Encoding;
use parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy, RowGroupMetaData};
use parquet::file::reader::Length;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::at::At;
use super::cells::{self, Cells};
use super::leaf::{Form, Leaf};
use super::look::{Look, ROOM};
use super::rows::{self, Entries};
use super::{Fault, Looked, Place, ScanFinding, claims, lone};
use crate::error::{arrow_fault, parquet_fault};
use crate::verify::stock::guarded;

/// A file that was opened.
struct Opened {
    file: At,
    /// As the types of Parquet say.
    plain: ArrowReaderMetadata,
    /// Text as dictionaries; None where the schema cannot be asked for like that.
    keyed: Option<ArrowReaderMetadata>,
    sample: Option<u64>,
}

/// Looks at a file, at some rows of it where `sample` says how many.
pub(super) fn look(file: File, sample: Option<u64>) -> Looked {
    match Opened::new(file, sample) {
        Ok(opened) => opened.look(),
        Err(fault) => Looked {
            fault: Some(Fault::Damaged(fault)),
            ..Looked::default()
        },
    }
}

impl Opened {
    fn new(file: File, sample: Option<u64>) -> Result<Self, &'static str> {
        let file = At::new(file).map_err(|_| "file that cannot be read")?;
        let load = |index| {
            let options = ArrowReaderOptions::new()
                .with_skip_arrow_metadata(true)
                .with_column_index_policy(index);
            guarded(|| {
                ArrowReaderMetadata::load(&file, options).map_err(|error| parquet_fault(&error))
            })
        };
        let plain = load(PageIndexPolicy::Optional).or_else(|_| load(PageIndexPolicy::Skip))?;
        let rows = plain.metadata().row_groups().iter().map(row_count);
        let rows = rows.fold(0, u64::saturating_add);
        if rows >> PAGE_ROWS_BITS > file.len() / PAGE_MIN {
            return Err("its footer claims more rows than it can hold");
        }
        let options = ArrowReaderOptions::new()
            .with_skip_arrow_metadata(true)
            .with_schema(Arc::new(keyed(plain.schema())));
        let keyed = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options);
        Ok(Self {
            file,
            keyed: keyed.ok(),
            plain,
            sample,
        })
    }

    fn look(&self) -> Looked {
        let metadata = self.plain.metadata();
        let mut findings = claims::metadata(metadata);
        findings.extend(claims::names(metadata));
        let leaves = Leaf::all(metadata.file_metadata().schema_descr());
        let columns: Vec<_> = leaves.par_iter().map(|leaf| self.column(leaf)).collect();
        let mut fault = None;
        for (found, wrong) in columns {
            findings.extend(found);
            fault = fault.or(wrong.map(Fault::Damaged));
        }
        let rows = metadata.row_groups().iter().map(row_count).sum::<u64>();
        Looked {
            rows: self.sample.map_or(rows, |sample| rows.min(sample)),
            findings,
            fault,
        }
    }

    /// Looks at one column: what it shows, and what is wrong with it.
    fn column(&self, leaf: &Leaf) -> (Vec<ScanFinding>, Option<&'static str>) {
        let mut look = Look::new(ROOM);
        let mut memory = BytesMut::new();
        let groups = self.plain.metadata().row_groups();
        let mut fault = None;
        for (group, metadata) in groups.iter().enumerate() {
            look.relieve();
            let read = guarded(|| self.group(leaf, group, metadata, &mut look, &mut memory));
            if let Err(wrong) = read {
                fault.get_or_insert(wrong);
            }
        }
        let name = if lone::name(&leaf.name, Place::ColumnNames).is_empty() {
            leaf.name.clone()
        } else {
            lone::masked(&leaf.name, leaf.index + 1)
        };
        (look.finish(Place::Column, Some(&name)), fault)
    }

    /// Looks at one column of one row group.
    fn group(
        &self,
        leaf: &Leaf,
        group: usize,
        metadata: &RowGroupMetaData,
        look: &mut Look,
        memory: &mut BytesMut,
    ) -> Result<(), &'static str> {
        let chunk = metadata.column(leaf.index);
        if self.sample.is_some() {
            return self.decode(leaf, group, metadata, look);
        }
        let footer = self.plain.metadata();
        claims::bounds(footer, group, leaf, |value| {
            look.claim(value, Place::Statistics);
        });
        if cells::takes(leaf, chunk) && self.holds(chunk) {
            let mut cells = Cells::new(leaf, chunk, look);
            match cells.read(self.file.file(), row_count(metadata), memory) {
                Ok(()) => return Ok(()),
                Err(error) if cells.any() => return Err(parquet_fault(&error)),
                // pages of another form
                Err(_) => {}
            }
        }
        let is_keyed = self.keyed.is_some() && is_keyed(chunk) && leaf.form == Form::Text;
        if !is_keyed || !leaf.is_flat {
            let claim = |value: &[u8]| look.claim(value, Place::Dictionary);
            claims::dictionary(&self.file, footer, group, leaf, claim)
                .map_err(|error| parquet_fault(&error))?;
        }
        self.decode(leaf, group, metadata, look)
    }

    /// Whether the bytes of a column chunk are within the file, whatever its footer says.
    fn holds(&self, chunk: &ColumnChunkMetaData) -> bool {
        let (start, length) = chunk.byte_range();
        let end = start.checked_add(length);
        end.is_some_and(|end| end <= self.file.len())
    }

    /// Reads a column of a row group by the decoders of Arrow.
    fn decode(
        &self,
        leaf: &Leaf,
        group: usize,
        metadata: &RowGroupMetaData,
        look: &mut Look,
    ) -> Result<(), &'static str> {
        let chunk = metadata.column(leaf.index);
        let keyed = self.keyed.as_ref().filter(|_| is_keyed(chunk));
        let reader = keyed.unwrap_or(&self.plain).clone();
        let mask = leaf.mask(reader.parquet_schema());
        let file = self.file.clone();
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, reader)
            .with_row_groups(vec![group])
            .with_projection(mask)
            .with_batch_size(batch_rows(chunk, row_count(metadata)));
        let mut missing = row_count(metadata);
        if let Some(sample) = self.sample {
            missing = missing.min(self.share(sample));
            builder = builder.with_limit(usize::try_from(missing).unwrap_or(usize::MAX));
        }
        let mut batches = builder.build().map_err(|error| parquet_fault(&error))?;
        let mut entries = Entries::new(self.sample.is_none());
        while let Some(batch) = batches
            .next()
            .transpose()
            .map_err(|error| arrow_fault(&error))?
        {
            missing = missing.saturating_sub(batch.num_rows() as u64);
            let array = batch.columns().first().and_then(|array| leaf.of(array));
            let array = array.ok_or("Parquet feature that is not supported")?;
            match array.as_dictionary_opt::<Int32Type>() {
                Some(array) => entries.add(array, look),
                None => rows::add(&array, look),
            }
        }
        entries.settle(look);
        if missing > 0 {
            return Err("fewer rows than its footer says");
        }
        Ok(())
    }

    /// Rows of each row group, where some of the file are looked at.
    fn share(&self, sample: u64) -> u64 {
        let groups = self.plain.metadata().num_row_groups() as u64;
        sample.div_ceil(groups.max(1))
    }
}

/// A schema whose text is in dictionaries, at any depth.
fn keyed(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().map(keyed_field);
    Schema::new(fields.collect::<Vec<_>>())
}

fn keyed_field(field: &FieldRef) -> Field {
    let data_type = match field.data_type() {
        text @ (DataType::Utf8 | DataType::Binary) => {
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(text.clone()))
        }
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(keyed_field).collect()),
        DataType::List(field) => DataType::List(Arc::new(keyed_field(field))),
        other => other.clone(),
    };
    field.as_ref().clone().with_data_type(data_type)
}

/// Whether every page of rows refers to a dictionary.
fn is_keyed(chunk: &ColumnChunkMetaData) -> bool {
    let mask = chunk.page_encoding_stats_mask();
    mask.is_some_and(|mask| {
        let is_key = |one| matches!(one, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
        mask.encodings().all(is_key)
    })
}

fn row_count(group: &RowGroupMetaData) -> u64 {
    u64::try_from(group.num_rows()).unwrap_or_default()
}

/// Rows of a batch: many, but for long text.
fn batch_rows(chunk: &ColumnChunkMetaData, rows: u64) -> usize {
    let bytes = u64::try_from(chunk.uncompressed_size()).unwrap_or_default();
    let row = bytes.div_ceil(rows.max(1)).max(1);
    let batch = usize::try_from(BATCH_BYTES / row).unwrap_or(BATCH_ROWS);
    batch.clamp(BATCH_ROWS_MIN, BATCH_ROWS)
}

const BATCH_BYTES: u64 = 8 << 20;
const BATCH_ROWS: usize = 131_072;
const BATCH_ROWS_MIN: usize = 256;
/// Bits of the number of rows of a page, and bytes that a page takes at least.
const PAGE_ROWS_BITS: u32 = 31;
const PAGE_MIN: u64 = 8;
