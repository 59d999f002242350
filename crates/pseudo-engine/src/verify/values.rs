//! The distinct values of a batch, as text or bytes, each with the number of its rows, in the order
//! in which they were met.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray};
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Float16Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::numbers::{decimals, floats, integers, large_decimals};

/// Values back to back.
#[derive(Default)]
pub(crate) struct Values {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    rows: Vec<u64>,
    /// Rows of numbers that are not whole, which are no values here.
    pub(crate) fractions: u64,
}

impl Values {
    /// Appends a value.
    pub(crate) fn push(&mut self, value: &[u8], rows: u64) {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len());
        self.rows.push(rows);
    }

    /// The values, and their rows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let spans = starts.zip(&self.ends).zip(&self.rows);
        spans.map(|((start, end), rows)| (self.bytes.get(start..*end).unwrap_or_default(), *rows))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// Whether a column of that type can show a raw value: text, bytes, and numbers, whatever holds
/// them. Tools that know no NULL among integers turn them into floats, and databases without
/// integers into decimals.
pub(crate) fn shows(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => shows(values),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => true,
        DataType::BinaryView => true,
        other => other.is_numeric(),
    }
}

/// The distinct values of `array`, of its numbers the whole ones, as integers are written; None for
/// a type that shows none.
pub(crate) fn distinct(array: &ArrayRef) -> Option<Values> {
    let keyed = array.as_any().downcast_ref::<DictionaryArray<Int32Type>>();
    Some(match array.data_type() {
        DataType::Dictionary(..) => dictionary(keyed?)?,
        DataType::FixedSizeBinary(_) => by_value(array.as_fixed_size_binary().iter()),
        DataType::Utf8 => by_value(texts(array.as_string::<i32>().iter())),
        DataType::LargeUtf8 => by_value(texts(array.as_string::<i64>().iter())),
        DataType::Utf8View => by_value(texts(array.as_string_view().iter())),
        DataType::Binary => by_value(array.as_binary::<i32>().iter()),
        DataType::LargeBinary => by_value(array.as_binary::<i64>().iter()),
        DataType::BinaryView => by_value(array.as_binary_view().iter()),
        DataType::Int8 => integers::<Int8Type>(array),
        DataType::Int16 => integers::<Int16Type>(array),
        DataType::Int32 => integers::<Int32Type>(array),
        DataType::Int64 => integers::<Int64Type>(array),
        DataType::UInt8 => integers::<UInt8Type>(array),
        DataType::UInt16 => integers::<UInt16Type>(array),
        DataType::UInt32 => integers::<UInt32Type>(array),
        DataType::UInt64 => integers::<UInt64Type>(array),
        DataType::Float16 => floats::<Float16Type>(array),
        DataType::Float32 => floats::<Float32Type>(array),
        DataType::Float64 => floats::<Float64Type>(array),
        DataType::Decimal32(_, 0) => integers::<Decimal32Type>(array),
        DataType::Decimal64(_, 0) => integers::<Decimal64Type>(array),
        DataType::Decimal128(_, 0) => integers::<Decimal128Type>(array),
        DataType::Decimal32(_, scale) => decimals::<Decimal32Type>(array, *scale),
        DataType::Decimal64(_, scale) => decimals::<Decimal64Type>(array, *scale),
        DataType::Decimal128(_, scale) => decimals::<Decimal128Type>(array, *scale),
        DataType::Decimal256(_, scale) => large_decimals(array, *scale),
        _ => return None,
    })
}

fn texts<'a>(
    cells: impl Iterator<Item = Option<&'a str>>,
) -> impl Iterator<Item = Option<&'a [u8]>> {
    cells.map(|cell| cell.map(str::as_bytes))
}

/// The values that keys point to; an entry that no row has is no value.
fn dictionary(array: &DictionaryArray<Int32Type>) -> Option<Values> {
    let mut rows = vec![0_u64; array.values().len()];
    let keys = array.keys();
    let mut count = |key: &i32| {
        let place = usize::try_from(*key).ok().and_then(|key| rows.get_mut(key));
        if let Some(rows) = place {
            *rows += 1;
        }
    };
    match keys.nulls() {
        None => keys.values().iter().for_each(count),
        Some(nulls) => nulls
            .valid_indices()
            .filter_map(|row| keys.values().get(row))
            .for_each(&mut count),
    }
    let mut values = Values::default();
    let mut put = |cells: &mut dyn Iterator<Item = Option<&[u8]>>| {
        for (cell, rows) in cells.zip(&rows) {
            if let (Some(cell), 1..) = (cell, *rows) {
                values.push(cell, *rows);
            }
        }
    };
    match array.values().data_type() {
        DataType::Utf8 => put(&mut texts(array.values().as_string::<i32>().iter())),
        DataType::Binary => put(&mut array.values().as_binary::<i32>().iter()),
        _ => return None,
    }
    Some(values)
}

fn by_value<'a>(cells: impl Iterator<Item = Option<&'a [u8]>>) -> Values {
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    let mut values = Values::default();
    for cell in cells.flatten() {
        match places.entry(cell) {
            Entry::Occupied(place) => {
                if let Some(rows) = values.rows.get_mut(*place.get()) {
                    *rows += 1;
                }
            }
            Entry::Vacant(place) => {
                place.insert(values.rows.len());
                values.push(cell, 1);
            }
        }
    }
    values
}
