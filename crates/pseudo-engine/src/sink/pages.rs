//! Column chunks of random bytes, built page by page straight from Arrow buffers: PLAIN,
//! uncompressed data pages of version 1, without dictionary and statistics, because nothing of that
//! helps a reader of tokens. The stock writer handles such values one at a time; here a page is one
//! pass over them.
//!
//! Standard: Parquet format 2.x, `Encodings.md` (PLAIN, RLE / bit-packed hybrid) and `README.md`
//! (data pages).

use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray, GenericByteArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{ByteArrayType, DataType};
use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use crate::source::BATCH_ROWS;

/// Whether columns of that type can be written here.
pub(crate) fn takes(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::Binary | DataType::FixedSizeBinary(_)
    )
}

/// The pages of one column chunk; one page for each array that is pushed.
pub(crate) struct Pages {
    column: ColumnDescPtr,
    chunk: TrackedWrite<Vec<u8>>,
    rows: usize,
}

impl Pages {
    /// Begins a chunk of `column` in `memory`, whose content goes.
    pub(crate) fn new(column: &ColumnDescPtr, mut memory: Vec<u8>) -> Self {
        memory.clear();
        Self {
            column: ColumnDescPtr::clone(column),
            chunk: TrackedWrite::new(memory),
            rows: 0,
        }
    }

    /// Appends the cells of `array` as one page, or as several where it is long.
    pub(crate) fn push(&mut self, array: &ArrayRef) -> Result<()> {
        let mut at = 0;
        while at < array.len() {
            let rows = BATCH_ROWS.min(array.len() - at);
            let page = page(&array.slice(at, rows), &self.column)?;
            SerializedPageWriter::new(&mut self.chunk).write_page(page)?;
            at += rows;
        }
        self.rows += array.len();
        Ok(())
    }

    /// Appends the chunk to `group`, and gives the memory back.
    pub(crate) fn append<W: Write + Send>(
        self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<Vec<u8>> {
        let chunk = self.chunk.into_inner()?;
        let close = close(self.rows, chunk.len(), &self.column)?;
        group.append_column(&Chunk(&chunk), close)?;
        Ok(chunk)
    }
}

/// A column chunk in memory.
struct Chunk<'a>(&'a [u8]);

impl Length for Chunk<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

impl<'a> ChunkReader for Chunk<'a> {
    type T = &'a [u8];

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.0.get(usize::try_from(start)?..).unwrap_or_default())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.get_read(start)?;
        Ok(Bytes::copy_from_slice(bytes.get(..length).unwrap_or(bytes)))
    }
}

fn page(array: &ArrayRef, column: &ColumnDescPtr) -> Result<CompressedPage> {
    let mut bytes = Vec::with_capacity(array.len() * 36);
    if column.max_def_level() > 0 {
        definition_levels(array.nulls(), array.len(), &mut bytes)?;
    } else if array.null_count() > 0 {
        return Err(ParquetError::General(
            "NULL in a required column".to_owned(),
        ));
    }
    match array.data_type() {
        DataType::Utf8 => plain(array.as_string::<i32>(), &mut bytes)?,
        DataType::Binary => plain(array.as_binary::<i32>(), &mut bytes)?,
        DataType::FixedSizeBinary(_) => fixed(array.as_fixed_size_binary(), &mut bytes),
        _ => return Err(ParquetError::NYI("pages of this type".to_owned())),
    }
    let size = bytes.len();
    let page = Page::DataPage {
        buf: Bytes::from(bytes),
        num_values: u32::try_from(array.len())?,
        encoding: Encoding::PLAIN,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    };
    Ok(CompressedPage::new(page, size))
}

/// One run, its length in front: of ones where nothing is NULL, else the validity bitmap itself.
fn definition_levels(nulls: Option<&NullBuffer>, rows: usize, out: &mut Vec<u8>) -> Result<()> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        None => {
            varint(rows << 1, out);
            out.push(1);
        }
        Some(nulls) => {
            let groups = rows.div_ceil(8);
            varint(groups << 1 | 1, out);
            let bitmap = nulls.inner().sliced();
            out.extend(bitmap.iter().take(groups));
            // bits behind the last row are nobody's, but the same rows give the same bytes
            if let (Some(last), used @ 1..) = (out.last_mut(), rows % 8) {
                *last &= (1 << used) - 1;
            }
        }
    }
    let length = u32::try_from(out.len() - start - 4)?;
    if let Some(prefix) = out.get_mut(start..start + 4) {
        prefix.copy_from_slice(&length.to_le_bytes());
    }
    Ok(())
}

/// ULEB128.
fn varint(mut number: usize, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(0x80 | u8::try_from(number & 0x7f).unwrap_or(0));
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}

/// Each value behind its length; nothing for NULL.
fn plain<T: ByteArrayType<Offset = i32>>(
    array: &GenericByteArray<T>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let values = array.value_data();
    let mut put = |start: i32, end: i32| -> Result<()> {
        let (from, to) = (usize::try_from(start)?, usize::try_from(end)?);
        let value = values.get(from..to).unwrap_or_default();
        out.extend_from_slice(&(end - start).to_le_bytes());
        out.extend_from_slice(value);
        Ok(())
    };
    let offsets = array.value_offsets();
    let mut spans = offsets.iter().zip(offsets.iter().skip(1));
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => spans.try_for_each(|(start, end)| put(*start, *end)),
        Some(nulls) => spans
            .zip(nulls.iter())
            .filter(|(_, valid)| *valid)
            .try_for_each(|((start, end), _)| put(*start, *end)),
    }
}

fn fixed(array: &FixedSizeBinaryArray, out: &mut Vec<u8>) {
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => (0..array.len()).for_each(|row| out.extend_from_slice(array.value(row))),
        Some(nulls) => nulls
            .valid_indices()
            .for_each(|row| out.extend_from_slice(array.value(row))),
    }
}

fn close(rows: usize, bytes: usize, column: &ColumnDescPtr) -> Result<ColumnCloseResult> {
    let size = i64::try_from(bytes)?;
    let metadata = ColumnChunkMetaData::builder(ColumnDescPtr::clone(column))
        .set_encodings(vec![Encoding::PLAIN, Encoding::RLE])
        .set_compression(Compression::UNCOMPRESSED)
        .set_num_values(i64::try_from(rows)?)
        .set_total_compressed_size(size)
        .set_total_uncompressed_size(size)
        .set_data_page_offset(0)
        .build()?;
    Ok(ColumnCloseResult {
        bytes_written: bytes as u64,
        rows_written: rows as u64,
        metadata,
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    })
}
