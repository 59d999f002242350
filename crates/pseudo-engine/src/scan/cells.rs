//! The cells of a column of text that is not nested, looked at where they stand in the pages of a
//! column chunk: nothing is copied, and an entry of a dictionary is looked at once.
//!
//! Standard: Parquet format 2.x, `Encodings.md` (PLAIN, RLE / bit-packed hybrid, dictionaries).

use std::fs::File;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use parquet::basic::{ConvertedType, Encoding, LogicalType, Type as PhysicalType};
use parquet::column::page::{Page, PageReader};
use parquet::errors::Result;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use super::Place;
use super::leaf::{Form, Leaf};
use super::look::{Batch, Look};
use crate::verify::pages::{Window, levels, other, short, varint};

/// Whether a column chunk can be read here, as far as its footer says.
pub(super) fn takes(leaf: &Leaf, chunk: &ColumnChunkMetaData) -> bool {
    let is_known = |encoding| {
        matches!(
            encoding,
            Encoding::PLAIN | Encoding::RLE | Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY
        )
    };
    leaf.is_flat && leaf.form == Form::Text && chunk.encodings().all(is_known)
}

/// One column chunk, while it is read.
pub(super) struct Cells<'l> {
    chunk: &'l ColumnChunkMetaData,
    shape: Shape,
    look: &'l mut Look,
    dictionary: Option<Dictionary>,
    rows: u64,
}

/// What the cells are.
#[derive(Clone, Copy)]
struct Shape {
    /// Bytes of a cell, where all have the same.
    width: Option<usize>,
    /// Whether all are said to be text.
    is_text: bool,
    has_levels: bool,
}

/// The entries of a dictionary, and how many rows refer to each since they were last looked at.
struct Dictionary {
    entries: Bytes,
    rows: Vec<u64>,
    is_counted: bool,
}

impl<'l> Cells<'l> {
    pub(super) fn new(leaf: &Leaf, chunk: &'l ColumnChunkMetaData, look: &'l mut Look) -> Self {
        debug_assert!(leaf.is_flat, "levels of one bit");
        let column = chunk.column_descr();
        let is_fixed = column.physical_type() == PhysicalType::FIXED_LEN_BYTE_ARRAY;
        let width = usize::try_from(column.type_length()).unwrap_or_default();
        let is_text = matches!(
            column.logical_type_ref(),
            Some(LogicalType::String | LogicalType::Json | LogicalType::Enum)
        ) || matches!(
            column.converted_type(),
            ConvertedType::UTF8 | ConvertedType::JSON | ConvertedType::ENUM
        );
        Self {
            chunk,
            shape: Shape {
                width: is_fixed.then_some(width.max(1)),
                is_text: is_text && !is_fixed,
                has_levels: column.max_def_level() > 0,
            },
            look,
            dictionary: None,
            rows: 0,
        }
    }

    /// Whether anything was looked at.
    pub(super) const fn any(&self) -> bool {
        self.rows > 0
    }

    /// Looks at all cells of the chunk. `memory` is worth keeping from one chunk to the next.
    ///
    /// # Errors
    /// Pages that are damaged or of another form, and another number of rows than `rows`.
    pub(super) fn read(&mut self, file: &File, rows: u64, memory: &mut BytesMut) -> Result<()> {
        let window = Arc::new(Window::new(file, self.chunk, memory)?);
        let count = usize::try_from(rows)?;
        let mut pages = SerializedPageReader::new(Arc::clone(&window), self.chunk, count, None)?;
        while let Some(page) = pages.get_next_page()? {
            self.page(page)?;
        }
        self.settle()?;
        self.dictionary = None;
        drop(pages);
        Window::give_back(window, memory);
        if self.rows == rows {
            Ok(())
        } else {
            Err(other("another number of cells"))
        }
    }

    fn page(&mut self, page: Page) -> Result<()> {
        match page {
            Page::DictionaryPage {
                buf,
                num_values,
                encoding: Encoding::PLAIN | Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY,
                ..
            } => self.open(buf, usize::try_from(num_values)?),
            Page::DataPage {
                buf,
                num_values,
                encoding,
                def_level_encoding: Encoding::RLE,
                ..
            } => {
                let (present, cells) = if self.shape.has_levels {
                    levels(&buf, num_values)?
                } else {
                    (num_values, &*buf)
                };
                self.data(encoding, cells, num_values, present)
            }
            Page::DataPageV2 {
                buf,
                num_values,
                num_nulls,
                encoding,
                def_levels_byte_len,
                rep_levels_byte_len: 0,
                ..
            } => {
                let present = num_values.checked_sub(num_nulls).ok_or_else(short)?;
                let levels = usize::try_from(def_levels_byte_len)?;
                let cells = buf.get(levels..).ok_or_else(short)?;
                self.data(encoding, cells, num_values, present)
            }
            _ => Err(other("a page of another form")),
        }
    }

    /// Takes a dictionary.
    fn open(&mut self, entries: Bytes, count: usize) -> Result<()> {
        self.settle()?;
        let least = self.shape.width.unwrap_or(size_of::<u32>());
        if count > entries.len() / least {
            return Err(short());
        }
        self.dictionary = Some(Dictionary {
            entries,
            rows: vec![0; count],
            is_counted: true,
        });
        Ok(())
    }

    /// Looks at a page of `rows` rows, of which `present` have a cell.
    fn data(&mut self, encoding: Encoding, cells: &[u8], rows: u32, present: u32) -> Result<()> {
        match encoding {
            Encoding::PLAIN => {
                // entries first: what stands here was then not claimed
                self.settle()?;
                self.rows += u64::from(rows);
                let (look, mut batch) = (&mut *self.look, Batch::new());
                let each = |cell| match cell {
                    Some(text) => look.add_later(text, 1, &mut batch),
                    None => look.add_others(1),
                };
                self.shape.each(cells, usize::try_from(present)?, each)?;
                self.look.flush(&mut batch);
                Ok(())
            }
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                let dictionary = self.dictionary.as_mut().ok_or_else(short)?;
                self.rows += u64::from(rows);
                dictionary.count(cells, present)
            }
            _ => Err(other("a page of another form")),
        }
    }

    /// Looks at the entries that rows referred to; others are claims.
    fn settle(&mut self) -> Result<()> {
        let Some(dictionary) = self.dictionary.as_mut().filter(|one| one.is_counted) else {
            return Ok(());
        };
        dictionary.is_counted = false;
        let (look, mut batch) = (&mut *self.look, Batch::new());
        let mut rows = dictionary.rows.iter_mut().map(std::mem::take);
        let count = rows.len();
        self.shape.each(&dictionary.entries, count, |cell| {
            match (cell, rows.next().unwrap_or_default()) {
                (Some(text), 0) => look.claim(text.as_bytes(), Place::Dictionary),
                (Some(text), rows) => look.add_later(text, rows, &mut batch),
                (None, rows) => look.add_others(rows),
            }
        })?;
        self.look.flush(&mut batch);
        Ok(())
    }
}

impl Shape {
    /// Calls `each` with `count` cells, as text where they are.
    #[inline]
    fn each<'b>(
        self,
        bytes: &'b [u8],
        count: usize,
        mut each: impl FnMut(Option<&'b str>),
    ) -> Result<()> {
        // Lengths below 128 are ASCII, so that most pages are text as a whole.
        let page = std::str::from_utf8(bytes).ok();
        let mut at = 0;
        for _ in 0..count {
            let length = match self.width {
                Some(width) => width,
                None => {
                    let length = bytes.get(at..).and_then(<[u8]>::first_chunk);
                    at += size_of::<u32>();
                    usize::try_from(u32::from_le_bytes(*length.ok_or_else(short)?))?
                }
            };
            let end = at.checked_add(length).ok_or_else(short)?;
            let cell = bytes.get(at..end).ok_or_else(short)?;
            let text = match page {
                Some(page) => page.get(at..end),
                None => std::str::from_utf8(cell).ok(),
            };
            if text.is_none() && self.is_text {
                return Err(other("text that is none"));
            }
            each(text);
            at = end;
        }
        // readers let pass what stands behind the last cell
        Ok(())
    }
}

impl Dictionary {
    /// Counts `left` keys.
    fn count(&mut self, keys: &[u8], mut left: u32) -> Result<()> {
        self.is_counted = true;
        let (width, mut runs) = keys.split_first().ok_or_else(short)?;
        let width = u32::from(*width);
        if width > u32::BITS {
            return Err(other("keys that are none"));
        }
        while left > 0 {
            let header = varint(&mut runs)?;
            let bytes;
            if header & 1 == 0 {
                let count = (header >> 1).min(left);
                (bytes, runs) = split(runs, width.div_ceil(8))?;
                self.add(key(bytes, 0, u32::BITS), count)?;
                left -= count;
            } else {
                let count = (header >> 1).saturating_mul(8);
                let used = count.min(left);
                let whole = split(runs, (header >> 1).saturating_mul(width));
                // some writers leave the end of the last group out
                (bytes, runs) = whole.or_else(|_| split(runs, bits(used, width)))?;
                for nth in 0..usize::try_from(used)? {
                    self.add(key(bytes, nth * usize::try_from(width)?, width), 1)?;
                }
                left -= used;
            }
            if header < 2 {
                return Err(other("keys that are none"));
            }
        }
        Ok(())
    }

    #[inline]
    fn add(&mut self, key: u32, rows: u32) -> Result<()> {
        let entry = self.rows.get_mut(usize::try_from(key)?);
        *entry.ok_or_else(|| other("a key without an entry"))? += u64::from(rows);
        Ok(())
    }
}

/// The `width` bits from bit `at` on, least significant first; zeros behind the end.
#[inline]
fn key(bytes: &[u8], at: usize, width: u32) -> u32 {
    let rest = bytes.get(at / 8..).unwrap_or_default();
    let word = match rest.first_chunk() {
        Some(word) => *word,
        None => {
            let mut word = [0; 8];
            word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            word
        }
    };
    let mask = u64::MAX.checked_shr(u64::BITS - width).unwrap_or(0);
    let key = u64::from_le_bytes(word) >> (at % 8) & mask;
    u32::try_from(key).unwrap_or(u32::MAX)
}

/// Bytes of so many keys.
fn bits(keys: u32, width: u32) -> u32 {
    keys.saturating_mul(width).div_ceil(8)
}

fn split(bytes: &[u8], length: u32) -> Result<(&[u8], &[u8])> {
    bytes
        .split_at_checked(usize::try_from(length)?)
        .ok_or_else(short)
}
