//! Whether a dictionary pays for a column that is kept: looked up in the first rows, because a
//! dictionary of values that are all different costs time and space until it is given up.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;

/// Rows that are looked at.
const SAMPLE: usize = 8192;
/// With fewer values than this nothing is known.
const FEWEST: usize = 1024;

/// Whether the first rows of `array` repeat each other; true where they do not tell.
pub(crate) fn pays(array: &ArrayRef) -> bool {
    let sample = array.slice(0, array.len().min(SAMPLE));
    if let Some(width) = sample.data_type().primitive_width() {
        let data = sample.to_data();
        let bytes = data.buffers().first().map(|buffer| buffer.as_slice());
        let bytes = bytes.and_then(|bytes| bytes.get(data.offset() * width..));
        let values = bytes.unwrap_or_default().chunks_exact(width);
        let valid = (0..sample.len()).map(|row| sample.is_valid(row));
        return repeats(
            values
                .zip(valid)
                .filter_map(|(value, valid)| valid.then_some(value)),
        );
    }
    match sample.data_type() {
        DataType::Utf8 => repeats(
            sample
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(str::as_bytes),
        ),
        DataType::Binary => repeats(sample.as_binary::<i32>().iter().flatten()),
        _ => true,
    }
}

/// Whether more than one value in 32 came before: then a dictionary of a row group does not end up
/// as long as the column.
fn repeats<'a>(values: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut seen = HashSet::with_capacity(SAMPLE);
    let count = values.map(|value| seen.insert(value)).count();
    count < FEWEST || seen.len() < count - count / 32
}
