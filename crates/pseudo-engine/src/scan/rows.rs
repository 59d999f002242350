//! The rows of a column of Parquet, as the decoders of Arrow give them.

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::datatypes::{DataType, Int32Type};

use super::Place;
use super::leaf;
use super::look::Look;
use crate::verify::values;

/// Adds the values of an array.
pub(super) fn add(array: &ArrayRef, look: &mut Look) {
    let present = (array.len() - array.logical_null_count()) as u64;
    let is_text = match array.data_type() {
        DataType::Utf8 => {
            let text = array.as_string::<i32>();
            if is_barren(text) {
                look.add_others(present);
            } else {
                text.iter()
                    .flatten()
                    .for_each(|cell| look.add_text(cell, 1));
            }
            true
        }
        DataType::Binary => {
            let cells = array.as_binary::<i32>();
            cells.iter().flatten().for_each(|cell| look.add(cell, 1));
            true
        }
        DataType::FixedSizeBinary(_) => {
            let cells = array.as_fixed_size_binary();
            cells.iter().flatten().for_each(|cell| look.add(cell, 1));
            true
        }
        _ => false,
    };
    if is_text {
        return;
    }
    let mut shown = 0;
    if leaf::has_long_numbers(array)
        && let Some(values) = values::distinct(array)
    {
        for (value, rows) in values.iter() {
            look.add(value, rows);
            shown += rows;
        }
    }
    look.add_others(present.saturating_sub(shown));
}

/// Whether no text of an array can hold an identifier: ASCII, and neither a digit nor an `@`.
fn is_barren(text: &StringArray) -> bool {
    let offsets = text.value_offsets();
    let at = |offset: Option<&i32>| usize::try_from(*offset?).ok();
    let range = at(offsets.first()).zip(at(offsets.last()));
    let bytes = range.and_then(|(from, to)| text.value_data().get(from..to));
    let tells = |byte: &u8| !byte.is_ascii() | byte.is_ascii_digit() | (*byte == b'@');
    bytes.unwrap_or_default().chunks(BLOCK).all(|block| {
        // no branch within a block, so that many bytes are looked at at once
        !block.iter().fold(false, |any, byte| any | tells(byte))
    })
}

/// The dictionary of a row group, and how many rows refer to each of its entries.
pub(super) struct Entries {
    values: Option<ArrayRef>,
    rows: Vec<u64>,
    /// Rows that are counted.
    counted: u64,
    /// Whether all rows are read, so that an entry without one has none.
    all: bool,
}

impl Entries {
    /// Of a row group of which `all` rows are read.
    pub(super) const fn new(all: bool) -> Self {
        Self {
            values: None,
            rows: Vec::new(),
            counted: 0,
            all,
        }
    }

    pub(super) fn add(&mut self, array: &DictionaryArray<Int32Type>, look: &mut Look) {
        let same = self
            .values
            .as_ref()
            .is_some_and(|values| is_same(values, array.values()));
        if !same {
            self.settle(look);
            self.values = Some(ArrayRef::clone(array.values()));
            self.rows = vec![0; array.values().len()];
        }
        let keys = array.keys();
        let rows = &mut self.rows;
        let mut count = |key: &i32| {
            let place = usize::try_from(*key).ok().and_then(|key| rows.get_mut(key));
            if let Some(rows) = place {
                *rows += 1;
            }
        };
        match keys.nulls() {
            None => keys.values().iter().for_each(&mut count),
            Some(nulls) => nulls
                .valid_indices()
                .filter_map(|row| keys.values().get(row))
                .for_each(&mut count),
        }
        self.counted += (array.len() - array.null_count()) as u64;
    }

    /// Adds what was counted; entries without a row are claims.
    pub(super) fn settle(&mut self, look: &mut Look) {
        let Some(values) = self.values.take() else {
            return;
        };
        let mut put = |value: &[u8], rows: u64| match rows {
            0 if self.all => look.claim(value, Place::Dictionary),
            0 => {}
            _ => look.add(value, rows),
        };
        let rows = self.rows.iter().copied();
        match values.data_type() {
            DataType::Utf8 if is_barren(values.as_string()) => look.add_others(self.counted),
            DataType::Utf8 => {
                let cells = values.as_string::<i32>().iter().zip(rows);
                cells.for_each(|(cell, rows)| put(cell.unwrap_or_default().as_bytes(), rows));
            }
            _ => {
                let cells = values.as_binary::<i32>().iter().zip(rows);
                cells.for_each(|(cell, rows)| put(cell.unwrap_or_default(), rows));
            }
        }
        self.counted = 0;
    }
}

/// Whether two dictionaries are the same memory.
fn is_same(one: &ArrayRef, other: &ArrayRef) -> bool {
    let place = |array: &ArrayRef| match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value_data().as_ptr()),
        _ => Some(array.as_binary_opt::<i32>()?.value_data().as_ptr()),
    };
    one.len() == other.len() && place(one).is_some() && place(one) == place(other)
}

/// Bytes that are looked at without a branch.
const BLOCK: usize = 4 << 10;
