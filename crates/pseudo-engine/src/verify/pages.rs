//! The cells of a column whose pages are PLAIN, uncompressed and of version 1, as `sink/pages.rs`
//! writes them: read at the speed of memory, and each page to its last byte.
//!
//! Standard: Parquet format 2.x, `Encodings.md` (PLAIN, RLE / bit-packed hybrid).

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use parquet::basic::{Compression, Encoding, Type as PhysicalType};
use parquet::column::page::{Page, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

/// Whether a column chunk can be read here.
pub(crate) fn takes(chunk: &ColumnChunkMetaData) -> bool {
    let by_bytes = matches!(
        chunk.column_type(),
        PhysicalType::BYTE_ARRAY | PhysicalType::FIXED_LEN_BYTE_ARRAY
    );
    by_bytes
        && chunk.compression() == Compression::UNCOMPRESSED
        && chunk.dictionary_page_offset().is_none()
}

/// Calls `each` with every cell that is not NULL, and answers how many are NULL. `memory` is worth
/// keeping from one chunk to the next.
pub(crate) fn read(
    file: &File,
    chunk: &ColumnChunkMetaData,
    rows: usize,
    memory: &mut BytesMut,
    mut each: impl FnMut(&[u8]),
) -> Result<u64> {
    let window = Arc::new(Window::new(file, chunk, memory)?);
    let mut pages = SerializedPageReader::new(Arc::clone(&window), chunk, rows, None)?;
    let column = chunk.column_descr();
    let (mut seen, mut nulls) = (0, 0);
    while let Some(page) = pages.get_next_page()? {
        let Page::DataPage {
            buf,
            num_values,
            encoding: Encoding::PLAIN,
            def_level_encoding: Encoding::RLE,
            ..
        } = page
        else {
            return Err(other("a page of another form"));
        };
        let (present, cells) = if column.max_def_level() > 0 {
            levels(&buf, num_values)?
        } else {
            (num_values, &*buf)
        };
        if column.physical_type() == PhysicalType::BYTE_ARRAY {
            plain(cells, present, &mut each)?;
        } else {
            fixed(cells, present, column.type_length(), &mut each)?;
        }
        seen += u64::from(num_values);
        nulls += u64::from(num_values - present);
    }
    drop(pages);
    Window::give_back(window, memory);
    if seen == rows as u64 {
        Ok(nulls)
    } else {
        Err(other("another number of cells"))
    }
}

/// Splits a page with definition levels: how many cells are there, and their bytes.
pub(crate) fn levels(page: &[u8], rows: u32) -> Result<(u32, &[u8])> {
    let (length, rest) = page.split_first_chunk().ok_or_else(short)?;
    let length = usize::try_from(u32::from_le_bytes(*length))?;
    let (runs, cells) = rest.split_at_checked(length).ok_or_else(short)?;
    Ok((present(runs, rows)?, cells))
}

/// How many of some rows have a cell, as their definition levels say.
fn present(mut runs: &[u8], rows: u32) -> Result<u32> {
    let (mut left, mut present) = (rows, 0);
    while left > 0 {
        let header = varint(&mut runs)?;
        if header & 1 == 0 {
            let count = (header >> 1).min(left);
            let (level, rest) = runs.split_first().ok_or_else(short)?;
            if count == 0 || *level > 1 {
                return Err(other("definition levels that are none"));
            }
            present += count * u32::from(*level);
            left -= count;
            runs = rest;
        } else {
            let groups = usize::try_from(header >> 1)?;
            let (bits, rest) = runs.split_at_checked(groups).ok_or_else(short)?;
            if groups == 0 {
                return Err(other("definition levels that are none"));
            }
            for byte in bits {
                let used = left.min(8);
                // a mask of all bits of the byte but for the last of the page
                let mask = u8::MAX.checked_shr(8 - used).unwrap_or(0);
                present += (byte & mask).count_ones();
                left -= used;
            }
            runs = rest;
        }
    }
    Ok(present)
}

/// ULEB128.
pub(crate) fn varint(bytes: &mut &[u8]) -> Result<u32> {
    let (mut number, mut shift) = (0_u32, 0);
    loop {
        let (byte, rest) = bytes.split_first().ok_or_else(short)?;
        *bytes = rest;
        let bits = u32::from(byte & 0x7f).checked_shl(shift);
        number |= bits.ok_or_else(|| other("a number that is too long"))?;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
        shift += 7;
    }
}

#[inline]
fn plain(mut bytes: &[u8], count: u32, each: &mut impl FnMut(&[u8])) -> Result<()> {
    for _ in 0..count {
        let (length, rest) = bytes.split_first_chunk().ok_or_else(short)?;
        let length = usize::try_from(u32::from_le_bytes(*length))?;
        let (cell, rest) = rest.split_at_checked(length).ok_or_else(short)?;
        each(cell);
        bytes = rest;
    }
    if bytes.is_empty() {
        Ok(())
    } else {
        Err(long())
    }
}

#[inline]
fn fixed(bytes: &[u8], count: u32, width: i32, each: &mut impl FnMut(&[u8])) -> Result<()> {
    let width = usize::try_from(width)?.max(1);
    if bytes.len() != width * usize::try_from(count)? {
        return Err(long());
    }
    bytes.chunks_exact(width).for_each(each);
    Ok(())
}

/// A column chunk in memory, read by its place in the file.
pub(crate) struct Window {
    start: u64,
    bytes: Bytes,
}

impl Window {
    /// Reads a chunk into `memory`.
    pub(crate) fn new(
        file: &File,
        chunk: &ColumnChunkMetaData,
        memory: &mut BytesMut,
    ) -> Result<Self> {
        let (start, length) = chunk.byte_range();
        memory.resize(usize::try_from(length)?, 0);
        file.read_exact_at(memory, start)?;
        let bytes = std::mem::take(memory).freeze();
        Ok(Self { start, bytes })
    }

    /// Gives the memory back, if nobody else holds a part of it.
    pub(crate) fn give_back(window: Arc<Self>, memory: &mut BytesMut) {
        if let Some(window) = Arc::into_inner(window) {
            *memory = window.bytes.try_into_mut().unwrap_or_default();
        }
    }
}

impl Length for Window {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Window {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let from = start.checked_sub(self.start).ok_or_else(short)?;
        let from = usize::try_from(from)?.min(self.bytes.len());
        Ok(self.bytes.slice(from..).reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let from = usize::try_from(start.checked_sub(self.start).ok_or_else(short)?)?;
        let to = from.checked_add(length).ok_or_else(short)?;
        if to > self.bytes.len() {
            return Err(short());
        }
        Ok(self.bytes.slice(from..to))
    }
}

pub(crate) fn short() -> ParquetError {
    ParquetError::EOF("a page that ends early".to_owned())
}

pub(crate) fn long() -> ParquetError {
    other("bytes that no cell owns")
}

pub(crate) fn other(what: &str) -> ParquetError {
    ParquetError::General(what.to_owned())
}
