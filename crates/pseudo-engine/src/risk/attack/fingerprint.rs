//! Rows as numbers: a fingerprint of 64 bits for every cell, the same for equal values of a column.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};

use super::stolen::Table;
use crate::{Cancel, Error, Result};

/// What stands for NULL.
pub(super) const NULL: u64 = 0;

/// Appends the fingerprint of each cell: of its text, so that a number, a day or an amount is the
/// same in every type that writes it alike.
pub(super) fn append(array: &ArrayRef, out: &mut Vec<u64>) -> Result<()> {
    match array.data_type() {
        DataType::Dictionary(key, _) if **key == DataType::Int32 => {
            let keyed = array.as_dictionary::<Int32Type>();
            let mut values = Vec::new();
            append(keyed.values(), &mut values)?;
            let place = |key: Option<i32>| {
                let key = key.and_then(|key| usize::try_from(key).ok());
                key.and_then(|key| values.get(key)).copied()
            };
            out.extend(keyed.keys().iter().map(|key| place(key).unwrap_or(NULL)));
        }
        DataType::Utf8 => texts(array.as_string::<i32>(), out),
        DataType::Binary => {
            let cells = array.as_binary::<i32>().iter();
            out.extend(cells.map(|cell| cell.map_or(NULL, of)));
        }
        DataType::FixedSizeBinary(_) => {
            let cells = array.as_fixed_size_binary().iter();
            out.extend(cells.map(|cell| cell.map_or(NULL, of)));
        }
        DataType::Null => out.resize(out.len() + array.len(), NULL),
        _ => {
            let text = cast(array, &DataType::Utf8);
            let text = text.map_err(|_| Error::Internal("a cell without a text".to_owned()))?;
            texts(text.as_string::<i32>(), out);
        }
    }
    Ok(())
}

fn texts(cells: &StringArray, out: &mut Vec<u64>) {
    let print = |cell: Option<&str>| cell.map_or(NULL, |text| of(text.as_bytes()));
    out.extend(cells.iter().map(print));
}

/// The fingerprint of a value, which is never that of NULL.
pub(super) fn of(value: &[u8]) -> u64 {
    let mut state = (value.len() as u64).wrapping_mul(STEP) ^ SEED;
    let (words, rest) = value.as_chunks::<8>();
    for word in words {
        state = fold(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    mix(fold(state, u64::from_le_bytes(last))).max(1)
}

/// The fingerprint of several values in their order.
#[inline]
pub(super) fn join(state: u64, next: u64) -> u64 {
    fold(state ^ SEED, next)
}

#[inline]
fn fold(state: u64, word: u64) -> u64 {
    let (low, high) = (state ^ word.rotate_left(29)).carrying_mul(STEP, word.wrapping_mul(SEED));
    low ^ high.rotate_left(23)
}

/// Spreads the bits of a number: every bit of the result depends on all of them.
#[inline]
pub(super) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The fingerprints of a column of the run, in the order of its rows.
pub(super) fn column(table: &Table, index: usize, cancel: &Cancel) -> Result<Vec<u64>> {
    let mut prints = Vec::with_capacity(usize::try_from(table.rows).unwrap_or_default());
    table.read(index, &mut |array| {
        cancel.check()?;
        append(array, &mut prints)?;
        Ok(true)
    })?;
    Ok(prints)
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
const SEED: u64 = 0x2545_f491_4f6c_dd1d;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{DictionaryArray, Int64Array};

    use super::*;

    #[test]
    fn a_value_has_one_fingerprint_in_every_type() {
        let plain: ArrayRef = Arc::new(StringArray::from(vec![Some("12"), None, Some("7")]));
        let keyed: DictionaryArray<Int32Type> = [Some("12"), None, Some("7")].into_iter().collect();
        let keyed: ArrayRef = Arc::new(keyed);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(12), None, Some(7)]));
        let prints = [plain, keyed, numbers].map(|array| {
            let mut prints = Vec::new();
            append(&array, &mut prints).unwrap();
            prints
        });
        assert_eq!(prints[0], prints[1]);
        assert_eq!(prints[0], prints[2]);
        assert_eq!(prints[0][1], NULL);
    }

    #[test]
    fn fingerprints_of_near_values_are_apart() {
        let mut prints: Vec<u64> = (0..200_000_u32).map(|n| of(&n.to_le_bytes())).collect();
        prints.extend((0..100_000_u32).map(|n| of(n.to_string().as_bytes())));
        let pairs = (0..300_u64).flat_map(|a| (0..300).map(move |b| join(join(0, a), b)));
        prints.extend(pairs);
        let count = prints.len();
        prints.sort_unstable();
        prints.dedup();
        assert_eq!(prints.len(), count);
        // high bits cut work into parts
        let high = prints.iter().filter(|print| **print >> 60 == 0).count();
        assert!((20_000..30_000).contains(&high), "{high} of {count}");
    }
}
