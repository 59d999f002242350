//! Column chunks of random bytes, built page by page straight from Arrow buffers: PLAIN,
//! uncompressed data pages of version 1, without dictionary and statistics, because nothing of that
//! helps a reader of tokens. The stock writer handles such values one at a time; here a page is one
//! pass over them, in their order or in another one.
//!
//! Standard: Parquet format 2.x, `Encodings.md` (PLAIN).

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use parquet::basic::{Compression, Encoding};
use parquet::bloom_filter::Sbbf;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::schema::types::ColumnDescPtr;

use super::page::{self, Content};
use super::{Place, misplaced};
use crate::source::BATCH_ROWS;

/// Whether columns of that type can be written here.
pub(crate) fn takes(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::Binary | DataType::FixedSizeBinary(_)
    )
}

/// The pages of one column chunk.
pub(crate) struct Pages {
    column: ColumnDescPtr,
    chunk: Vec<u8>,
    rows: usize,
    filter: Option<Sbbf>,
}

/// The share of values that a Bloom filter takes for others.
pub(crate) const FALSE_POSITIVES: f64 = 0.01;

/// The most distinct values that a Bloom filter is made for; it is folded to what came.
pub(crate) fn distinct_max(row_group_rows: usize) -> u64 {
    (row_group_rows as u64).min(1 << 20)
}

/// An empty Bloom filter for the values of a row group.
pub(crate) fn filter(row_group_rows: usize) -> Result<Sbbf> {
    Sbbf::new_with_ndv_fpp(distinct_max(row_group_rows), FALSE_POSITIVES)
}

impl Pages {
    /// Begins a chunk of `column` in `memory`, whose content goes; values go into `filter` too.
    pub(crate) fn new(column: &ColumnDescPtr, mut memory: Vec<u8>, filter: Option<Sbbf>) -> Self {
        memory.clear();
        Self {
            column: ColumnDescPtr::clone(column),
            chunk: memory,
            rows: 0,
            filter,
        }
    }

    /// Appends the cells of `array`.
    pub(crate) fn push(&mut self, array: &ArrayRef) -> Result<()> {
        let part = [Part::of(array)?];
        let mut first = 0;
        while first < array.len() {
            let rows = BATCH_ROWS.min(array.len() - first);
            self.page(&part, rows, |row| Some((0, first + row)))?;
            first += rows;
        }
        Ok(())
    }

    /// Appends cells of `arrays` in the order of `places`: an array, and a row of it.
    pub(crate) fn gather(&mut self, arrays: &[&ArrayRef], places: &[Place]) -> Result<()> {
        let parts = arrays.iter().map(|array| Part::of(array));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        for places in places.chunks(BATCH_ROWS) {
            self.page(&parts, places.len(), |row| places.get(row).copied())?;
        }
        Ok(())
    }

    /// Ends the chunk, and answers its bytes and what is said of it.
    pub(crate) fn finish(self) -> Result<(Vec<u8>, ColumnCloseResult)> {
        let mut close = close(self.rows, self.chunk.len(), &self.column)?;
        close.bloom_filter = self.filter.map(|mut filter| {
            filter.fold_to_target_fpp(FALSE_POSITIVES);
            filter
        });
        Ok((self.chunk, close))
    }

    /// Appends one page: row *i* of it stands at `place(i)`.
    fn page(
        &mut self,
        parts: &[Part<'_>],
        rows: usize,
        place: impl Fn(usize) -> Option<Place> + Copy,
    ) -> Result<()> {
        let cells = Cells {
            parts,
            rows,
            place: move |row| place(row).and_then(|(part, row)| Some((parts.get(part)?, row))),
        };
        let mut levels = Vec::new();
        let valid = if parts.iter().all(|part| part.nulls.is_none()) {
            if self.column.max_def_level() > 0 {
                page::all_valid(rows, &mut levels)?;
            }
            rows
        } else if self.column.max_def_level() > 0 {
            cells.validity(&mut levels)?
        } else {
            return Err(page::null_in_required());
        };
        let size = levels.len() + cells.size(valid)?;
        page::data_header(rows, Content::Plain, (size, size), &mut self.chunk)?;
        self.chunk.reserve(size);
        self.chunk.extend_from_slice(&levels);
        cells.append(&mut self.chunk)?;
        if let Some(filter) = &mut self.filter {
            cells.insert(filter)?;
        }
        self.rows += rows;
        Ok(())
    }
}

/// The cells of a page: row *i* of it is a row of a part, `place(i)`.
struct Cells<'a, P> {
    parts: &'a [Part<'a>],
    rows: usize,
    place: P,
}

impl<'a, P: Fn(usize) -> Option<(&'a Part<'a>, usize)>> Cells<'a, P> {
    /// Appends the definition levels, and answers how many rows are not NULL.
    fn validity(&self, out: &mut Vec<u8>) -> Result<usize> {
        let is_valid = |row| {
            let (part, at) = (self.place)(row).ok_or_else(misplaced)?;
            Ok(part.nulls.is_none_or(|nulls| nulls.is_valid(at)))
        };
        page::some_valid(self.rows, is_valid, out)
    }

    /// Bytes of all cells, `valid` of which are not NULL.
    fn size(&self, valid: usize) -> Result<usize> {
        if let Some((prefix, width)) = self.width() {
            return Ok(valid * (prefix + width));
        }
        (0..self.rows).try_fold(0, |size, row| {
            let (part, row) = (self.place)(row).ok_or_else(misplaced)?;
            Ok(size + part.cell(row)?.map_or(0, |cell| part.prefix + cell.len()))
        })
    }

    /// Appends all cells that are not NULL, behind their lengths where these are not given.
    fn append(&self, out: &mut Vec<u8>) -> Result<()> {
        match self.width() {
            Some((4, 26)) => self.append_even::<26>(out),
            Some((4, 32)) => self.append_even::<32>(out),
            Some((4, 52)) => self.append_even::<52>(out),
            _ => self.append_any(out),
        }
    }

    /// In blocks: first where the cells are, then their bytes, so that one cell's way to the cache
    /// does not wait for another's, and without a branch on NULLs, which no branch predictor knows.
    fn append_even<const WIDTH: usize>(&self, out: &mut Vec<u8>) -> Result<()> {
        const BLOCK: usize = 512;
        let length = u32::try_from(WIDTH)?.to_le_bytes();
        let mut found = [&[0; WIDTH]; BLOCK + 1];
        for first in (0..self.rows).step_by(BLOCK) {
            let (mut count, mut missing) = (0, false);
            for row in first..self.rows.min(first + BLOCK) {
                let (part, row) = (self.place)(row).ok_or_else(misplaced)?;
                let (start, valid) = part.start(row, WIDTH)?;
                let cell = part.data.get(start..).and_then(<[u8]>::first_chunk);
                missing |= valid & cell.is_none();
                if let (Some(place), Some(cell)) = (found.get_mut(count), cell) {
                    *place = cell;
                }
                count += usize::from(valid);
            }
            if missing {
                return Err(misplaced());
            }
            for cell in found.iter().take(count) {
                out.extend_from_slice(&length);
                out.extend_from_slice(*cell);
            }
        }
        Ok(())
    }

    fn append_any(&self, out: &mut Vec<u8>) -> Result<()> {
        for row in 0..self.rows {
            let (part, row) = (self.place)(row).ok_or_else(misplaced)?;
            let Some(cell) = part.cell(row)? else {
                continue;
            };
            let length = u32::try_from(cell.len())?.to_le_bytes();
            out.extend_from_slice(length.get(..part.prefix).unwrap_or_default());
            out.extend_from_slice(cell);
        }
        Ok(())
    }

    fn insert(&self, filter: &mut Sbbf) -> Result<()> {
        for row in 0..self.rows {
            let (part, row) = (self.place)(row).ok_or_else(misplaced)?;
            if let Some(cell) = part.cell(row)? {
                filter.insert(cell);
            }
        }
        Ok(())
    }

    /// The length of the prefix and of the cells that are not NULL, where all have one.
    fn width(&self) -> Option<Place> {
        let first = self.parts.first()?;
        let even = |part: &Part<'_>| part.width == first.width;
        let width = self.parts.iter().all(even).then_some(first.width)?;
        Some((first.prefix, width?))
    }
}

/// The cells of one array.
struct Part<'a> {
    /// Where each cell begins and the next one does; none where the type has one width.
    offsets: &'a [i32],
    /// The bytes of the cells; from the first one on where there is no NULL.
    data: &'a [u8],
    /// The width of every cell that is not NULL, if there is one.
    width: Option<usize>,
    /// Bytes of the length in front of a cell on a page.
    prefix: usize,
    nulls: Option<&'a NullBuffer>,
}

impl<'a> Part<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self> {
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        let (offsets, data) = match array.data_type() {
            DataType::Utf8 => {
                let array = array.as_string::<i32>();
                (array.value_offsets(), array.value_data())
            }
            DataType::Binary => {
                let array = array.as_binary::<i32>();
                (array.value_offsets(), array.value_data())
            }
            DataType::FixedSizeBinary(width) => {
                return Ok(Self {
                    offsets: &[],
                    data: array.as_fixed_size_binary().value_data(),
                    width: Some(usize::try_from(*width)?),
                    prefix: 0,
                    nulls,
                });
            }
            _ => return Err(ParquetError::NYI("pages of this type".to_owned())),
        };
        let width = even_width(offsets, nulls)
            .map(usize::try_from)
            .transpose()?;
        let first = match (width, nulls) {
            (Some(_), None) => usize::try_from(offsets.first().copied().unwrap_or(0))?,
            _ => 0,
        };
        Ok(Self {
            offsets,
            data: data.get(first..).unwrap_or_default(),
            width,
            prefix: 4,
            nulls,
        })
    }

    /// Where the cell of a row begins if it is one of `width` bytes, and whether it is not NULL.
    fn start(&self, row: usize, width: usize) -> Result<(usize, bool)> {
        let Some(nulls) = self.nulls else {
            return Ok((row * width, true));
        };
        let start = self.offsets.get(row).ok_or_else(misplaced)?;
        Ok((usize::try_from(*start)?, nulls.is_valid(row)))
    }

    /// The bytes of a cell; `None` for NULL.
    fn cell(&self, row: usize) -> Result<Option<&'a [u8]>> {
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(None);
        }
        let range = match (self.offsets.get(row..row + 2), self.width, self.nulls) {
            (_, Some(width), None) => row * width..(row + 1) * width,
            (Some([start, end]), ..) => usize::try_from(*start)?..usize::try_from(*end)?,
            (None, Some(width), _) => row * width..(row + 1) * width,
            _ => return Err(misplaced()),
        };
        self.data.get(range).map(Some).ok_or_else(misplaced)
    }
}

/// The width that all cells between `offsets` have, but for NULLs.
fn even_width(offsets: &[i32], nulls: Option<&NullBuffer>) -> Option<i32> {
    let widths = || {
        let ends = offsets.iter().skip(1);
        offsets
            .iter()
            .zip(ends)
            .map(|(start, end)| end.wrapping_sub(*start))
    };
    match nulls {
        None => {
            let width = widths().next()?;
            widths()
                .fold(true, |even, found| even & (found == width))
                .then_some(width)
        }
        Some(nulls) => {
            let width = widths().max()?;
            let mut cells = widths().zip(nulls.iter());
            cells
                .all(|(found, valid)| found == width || !valid)
                .then_some(width)
        }
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
