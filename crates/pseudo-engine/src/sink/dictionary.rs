//! Column chunks of values that repeat: a dictionary of them, and pages of indices into it, with
//! the least and the greatest value as statistics. What comes as a dictionary is looked up once for
//! each of its entries that a row has, not once for each row; an entry that no row has goes
//! nowhere. A dictionary that grew too long gets no more entries: what follows is written value by
//! value.
//!
//! Standard: Parquet format 2.x, `Encodings.md` (PLAIN, dictionary encoding).

mod value;

use std::borrow::{Borrow, Cow};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Int32Type, TimeUnit};
use parquet::basic::{Compression, Encoding, PageType};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

use self::value::Value;
use super::page::{self, Content};
use super::{Place, misplaced};
use crate::hash::Mix;
use crate::source::BATCH_ROWS;

/// A column chunk of one type of values.
pub(super) trait Dictionary: Send {
    /// Appends the cells of `array`.
    fn push(&mut self, array: &ArrayRef) -> Result<()>;

    /// Appends cells of `arrays` in the order of `places`.
    fn gather(&mut self, arrays: &[&ArrayRef], places: &[Place]) -> Result<()>;

    /// Ends the chunk, and answers its bytes and what is said of it.
    fn finish(&mut self) -> Result<(Vec<u8>, ColumnCloseResult)>;
}

/// Begins a chunk of `column` for cells of `data_type`, which need another writer where there is
/// none.
pub(super) fn begin(
    column: &ColumnDescPtr,
    data_type: &DataType,
    compression: Compression,
) -> Result<Option<Box<dyn Dictionary>>> {
    let zstd = match compression {
        Compression::UNCOMPRESSED => None,
        Compression::ZSTD(level) => Some(Compressor::new(level.compression_level())?),
        _ => return Ok(None),
    };
    let codec = Codec { compression, zstd };
    Ok(match data_type {
        DataType::Utf8 => Some(Box::new(Chunk::<[u8]>::new(column, codec))),
        DataType::Dictionary(key, values)
            if (key.as_ref(), values.as_ref()) == (&DataType::Int32, &DataType::Utf8) =>
        {
            Some(Box::new(Chunk::<[u8]>::new(column, codec)))
        }
        DataType::Int32 | DataType::Date32 => Some(Box::new(Chunk::<i32>::new(column, codec))),
        // a unit that Parquet does not have
        DataType::Timestamp(TimeUnit::Second, _) => None,
        DataType::Int64 | DataType::Timestamp(..) => {
            Some(Box::new(Chunk::<i64>::new(column, codec)))
        }
        _ => None,
    })
}

/// Dictionaries that came, and the places of their entries in ours.
type Known = Vec<(StringArray, Vec<Option<u32>>)>;

struct Chunk<V: Value + ?Sized> {
    column: ColumnDescPtr,
    codec: Codec,
    entries: Entries<V>,
    known: Known,
    /// The data pages, and what they take without compression.
    pages: Vec<u8>,
    size: usize,
    rows: usize,
    nulls: usize,
    /// Pages of indices, and pages of values.
    counts: [i32; 2],
    // memory of one page
    indices: Vec<u32>,
    body: Vec<u8>,
}

/// The distinct values, in the order in which they came.
struct Entries<V: Value + ?Sized> {
    /// They themselves, in PLAIN.
    bytes: Vec<u8>,
    places: HashMap<V::Own, u32, BuildHasherDefault<Mix>>,
    /// The least and the greatest value of the chunk.
    range: Option<(V::Own, V::Own)>,
}

/// The cells of one array.
struct Part<'a, V: Value + ?Sized> {
    cells: Cells<'a, V>,
    nulls: Option<&'a NullBuffer>,
}

enum Cells<'a, V: Value + ?Sized> {
    Values(V::Cells<'a>),
    /// Keys of a dictionary that is known.
    Keys(&'a [i32], usize),
}

struct Codec {
    compression: Compression,
    zstd: Option<Compressor<'static>>,
}

impl<V: Value + ?Sized> Dictionary for Chunk<V> {
    fn push(&mut self, array: &ArrayRef) -> Result<()> {
        let part = self.part(array)?;
        self.pages(array.len(), |row| Ok((&part, row)))
    }

    fn gather(&mut self, arrays: &[&ArrayRef], places: &[Place]) -> Result<()> {
        let parts = arrays.iter().map(|array| self.part(array));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        self.pages(places.len(), |row| {
            let (part, row) = places.get(row).ok_or_else(misplaced)?;
            Ok((parts.get(*part).ok_or_else(misplaced)?, *row))
        })
    }

    fn finish(&mut self) -> Result<(Vec<u8>, ColumnCloseResult)> {
        let size = self.entries.bytes.len();
        let mut chunk = Vec::with_capacity(size + self.pages.len() + 64);
        let stored = self.codec.stored(&self.entries.bytes)?;
        page::dictionary_header(self.entries.places.len(), (size, stored.len()), &mut chunk)?;
        self.size += chunk.len() + size;
        chunk.extend_from_slice(&stored);
        let data = chunk.len();
        chunk.extend_from_slice(&self.pages);
        let close = self.close(data, chunk.len())?;
        Ok((chunk, close))
    }
}

impl<V: Value + ?Sized> Chunk<V> {
    fn new(column: &ColumnDescPtr, codec: Codec) -> Self {
        Self {
            column: ColumnDescPtr::clone(column),
            codec,
            entries: Entries {
                bytes: Vec::new(),
                places: HashMap::default(),
                range: None,
            },
            known: Vec::new(),
            pages: Vec::new(),
            size: 0,
            rows: 0,
            nulls: 0,
            counts: [0; 2],
            indices: Vec::new(),
            body: Vec::new(),
        }
    }

    fn part<'a>(&mut self, array: &'a ArrayRef) -> Result<Part<'a, V>> {
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        let Some(keyed) = array.as_dictionary_opt::<Int32Type>() else {
            let cells = V::cells(array).ok_or_else(misplaced)?;
            let cells = Cells::Values(cells);
            return Ok(Part { cells, nulls });
        };
        let entries = keyed
            .values()
            .as_string_opt::<i32>()
            .ok_or_else(misplaced)?;
        let is_same = |(known, _): &(StringArray, _)| {
            // what is known is held here, so that no other array can be at its place
            known.len() == entries.len()
                && known.value_offsets().as_ptr() == entries.value_offsets().as_ptr()
                && known.value_data().as_ptr() == entries.value_data().as_ptr()
        };
        let known = self.known.iter().position(is_same).unwrap_or_else(|| {
            self.known
                .push((entries.clone(), vec![None; entries.len()]));
            self.known.len() - 1
        });
        let cells = Cells::Keys(keyed.keys().values(), known);
        Ok(Part { cells, nulls })
    }

    /// Appends `rows` rows, the cell of each of which is at a row of a part.
    fn pages<'p, 'a: 'p>(
        &mut self,
        rows: usize,
        at: impl Fn(usize) -> Result<(&'p Part<'a, V>, usize)>,
    ) -> Result<()> {
        let mut first = 0;
        while first < rows {
            let at = |row| at(first + row);
            let rows = BATCH_ROWS.min(rows - first);
            first += if self.entries.bytes.len() < LENGTH_MAX {
                self.page_of_indices(rows, at)?
            } else {
                self.page_of_values(rows, at)?
            };
        }
        Ok(())
    }

    /// Appends a page of indices, and answers how many of the rows it has: it ends where the
    /// dictionary is full.
    fn page_of_indices<'p, 'a: 'p>(
        &mut self,
        rows: usize,
        at: impl Fn(usize) -> Result<(&'p Part<'a, V>, usize)>,
    ) -> Result<usize> {
        self.indices.clear();
        let mut taken = 0;
        while taken < rows && self.entries.bytes.len() < LENGTH_MAX {
            let (part, row) = at(taken)?;
            if part.is_valid(row) {
                let index = part.index(row, &mut self.known, &mut self.entries)?;
                self.indices.push(index);
            }
            taken += 1;
        }
        let width = self.entries.width();
        self.body.clear();
        self.levels(taken, self.indices.len(), &at)?;
        self.body.push(u8::try_from(width)?);
        page::runs(&self.indices, width, &mut self.body);
        self.end_page(taken, self.indices.len(), Content::Indices)?;
        Ok(taken)
    }

    /// Appends a page of values, and answers how many of the rows it has: it ends where it is
    /// long enough.
    fn page_of_values<'p, 'a: 'p>(
        &mut self,
        rows: usize,
        at: impl Fn(usize) -> Result<(&'p Part<'a, V>, usize)>,
    ) -> Result<usize> {
        let (mut values, mut taken, mut valid) = (Vec::new(), 0, 0);
        while taken < rows && values.len() < LENGTH_MAX {
            let (part, row) = at(taken)?;
            if part.is_valid(row) {
                let value = part.value(row, &self.known)?;
                self.entries.see(value);
                value.append(&mut values)?;
                valid += 1;
            }
            taken += 1;
        }
        self.body.clear();
        self.levels(taken, valid, &at)?;
        self.body.extend_from_slice(&values);
        self.end_page(taken, valid, Content::Plain)?;
        Ok(taken)
    }

    /// Appends the definition levels of a page to its body.
    fn levels<'p, 'a: 'p>(
        &mut self,
        rows: usize,
        valid: usize,
        at: impl Fn(usize) -> Result<(&'p Part<'a, V>, usize)>,
    ) -> Result<()> {
        match (self.column.max_def_level() > 0, valid == rows) {
            (false, true) => Ok(()),
            (false, false) => Err(page::null_in_required()),
            (true, true) => page::all_valid(rows, &mut self.body),
            (true, false) => {
                let is_valid = |row| at(row).map(|(part, row)| part.is_valid(row));
                page::some_valid(rows, is_valid, &mut self.body).map(|_| ())
            }
        }
    }

    /// Appends the page whose body is complete.
    fn end_page(&mut self, rows: usize, valid: usize, content: Content) -> Result<()> {
        let before = self.pages.len();
        let stored = self.codec.stored(&self.body)?;
        let sizes = (self.body.len(), stored.len());
        page::data_header(rows, content, sizes, &mut self.pages)?;
        self.size += self.pages.len() - before + self.body.len();
        self.pages.extend_from_slice(&stored);
        self.rows += rows;
        self.nulls += rows - valid;
        let [indices, values] = &mut self.counts;
        match content {
            Content::Indices => *indices += 1,
            Content::Plain => *values += 1,
        }
        Ok(())
    }

    /// What is said of the chunk: its dictionary takes the first `data` of its `bytes`.
    fn close(&self, data: usize, bytes: usize) -> Result<ColumnCloseResult> {
        let [indices, values] = self.counts;
        let pages = [
            (PageType::DICTIONARY_PAGE, Encoding::PLAIN, 1),
            (PageType::DATA_PAGE, Encoding::RLE_DICTIONARY, indices),
            (PageType::DATA_PAGE, Encoding::PLAIN, values),
        ];
        let pages = pages.into_iter().filter(|(_, _, count)| *count > 0);
        let pages = pages.map(|(page_type, encoding, count)| PageEncodingStats {
            page_type,
            encoding,
            count,
        });
        let encodings = [Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY];
        let range = self.entries.range.as_ref();
        let range = range.map(|(least, greatest)| (least.borrow(), greatest.borrow()));
        let metadata = ColumnChunkMetaData::builder(ColumnDescPtr::clone(&self.column))
            .set_encodings(encodings.to_vec())
            .set_page_encoding_stats(pages.collect())
            .set_compression(self.codec.compression)
            .set_num_values(i64::try_from(self.rows)?)
            .set_total_compressed_size(i64::try_from(bytes)?)
            .set_total_uncompressed_size(i64::try_from(self.size)?)
            .set_dictionary_page_offset(Some(0))
            .set_data_page_offset(i64::try_from(data)?)
            .set_statistics(V::statistics(range, self.nulls as u64))
            .build()?;
        Ok(ColumnCloseResult {
            bytes_written: bytes as u64,
            rows_written: self.rows as u64,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        })
    }
}

impl<V: Value + ?Sized> Entries<V> {
    /// The place of a value, which gets the next one when it has none.
    #[inline]
    fn place(&mut self, value: &V) -> Result<u32> {
        if let Some(place) = self.places.get(value) {
            return Ok(*place);
        }
        let place = u32::try_from(self.places.len())?;
        value.append(&mut self.bytes)?;
        self.see(value);
        self.places.insert(value.own(), place);
        Ok(place)
    }

    /// Widens the range.
    fn see(&mut self, value: &V) {
        match &mut self.range {
            None => self.range = Some((value.own(), value.own())),
            Some((least, greatest)) => {
                if value < (*least).borrow() {
                    *least = value.own();
                } else if value > (*greatest).borrow() {
                    *greatest = value.own();
                }
            }
        }
    }

    /// Bits of an index; one at least, which every reader knows.
    fn width(&self) -> u32 {
        let last = self.places.len().saturating_sub(1);
        (usize::BITS - last.leading_zeros()).max(1)
    }
}

impl<V: Value + ?Sized> Part<'_, V> {
    #[inline]
    fn is_valid(&self, row: usize) -> bool {
        self.nulls.is_none_or(|nulls| nulls.is_valid(row))
    }

    /// The index of the cell of a row that is not NULL.
    #[inline]
    fn index(&self, row: usize, known: &mut Known, entries: &mut Entries<V>) -> Result<u32> {
        match &self.cells {
            Cells::Values(cells) => entries.place(V::cell(*cells, row).ok_or_else(misplaced)?),
            Cells::Keys(keys, dictionary) => {
                let key = usize::try_from(*keys.get(row).ok_or_else(misplaced)?)?;
                let (texts, places) = known.get_mut(*dictionary).ok_or_else(misplaced)?;
                let place = places.get_mut(key).ok_or_else(misplaced)?;
                if let Some(place) = place {
                    return Ok(*place);
                }
                let new = entries.place(V::entry(texts, key).ok_or_else(misplaced)?)?;
                *place = Some(new);
                Ok(new)
            }
        }
    }

    /// The cell of a row that is not NULL.
    fn value<'s>(&'s self, row: usize, known: &'s Known) -> Result<&'s V> {
        match &self.cells {
            Cells::Values(cells) => V::cell(*cells, row),
            Cells::Keys(keys, dictionary) => {
                let key = usize::try_from(*keys.get(row).ok_or_else(misplaced)?)?;
                known
                    .get(*dictionary)
                    .and_then(|(texts, _)| V::entry(texts, key))
            }
        }
        .ok_or_else(misplaced)
    }
}

impl Codec {
    /// The bytes of a page as they are stored.
    fn stored<'a>(&mut self, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>> {
        match &mut self.zstd {
            None => Ok(Cow::Borrowed(bytes)),
            Some(zstd) => Ok(Cow::Owned(zstd.compress(bytes)?)),
        }
    }
}

/// Bytes from which on a dictionary gets no more entries, and a page of values no more of them.
const LENGTH_MAX: usize = 1 << 20;
