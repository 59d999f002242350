//! Values as 64 bits each, so that classes are told apart without holding what they show.
//!
//! The hash is keyed by chance in every process: nobody can prepare values that meet. Of `n`
//! distinct values two meet with a chance below `n² / 2^65`: one in a million for five million
//! classes, one in 15,000 for fifty million. Two that meet count as one.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::datatypes::{
    ArrowNativeType, DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type,
    Decimal128Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::row::{RowConverter, SortField};

use crate::error::{self, Error};

/// The keys of the hash.
#[derive(Clone, Copy)]
pub(crate) struct Keys {
    keys: [u64; 4],
}

/// The cells of one column of a batch.
pub(crate) enum Cells {
    /// A hash per row.
    Each(Vec<u64>),
    /// Rows refer to hashes.
    Keyed {
        /// Per row.
        keys: Vec<u32>,
        /// The last one is that of NULL.
        entries: Arc<[u64]>,
    },
}

/// The hashes of the dictionary that was seen last: batches of one row group share it.
#[derive(Default)]
pub(crate) struct Seen {
    last: Option<(ArrayRef, Arc<[u64]>)>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let chance = || RandomState::new().hash_one(0_u8) | 1;
        Self {
            keys: [chance(), chance(), chance(), chance()],
        }
    }

    /// Hashes the cells of a column.
    pub(crate) fn cells(&self, array: &dyn Array, seen: &mut Seen) -> Result<Cells, Error> {
        let Some(dictionary) = array.as_any_dictionary_opt() else {
            return Ok(Cells::Each(self.each(array)?));
        };
        let values = dictionary.values();
        let known = seen
            .last
            .take()
            .filter(|(last, _)| Arc::ptr_eq(last, values));
        let entries = match known {
            Some((_, entries)) => entries,
            None => {
                let mut entries = self.each(values)?;
                entries.push(self.null());
                entries.into()
            }
        };
        seen.last = Some((Arc::clone(values), Arc::clone(&entries)));
        let null = u32::try_from(values.len()).map_err(|_| Error::Internal)?;
        let keys = if values.is_empty() {
            vec![null; array.len()]
        } else {
            let keys = dictionary.normalized_keys().into_iter();
            let mut keys: Vec<u32> = keys.map(|key| u32::try_from(key).unwrap_or(null)).collect();
            if let Some(nulls) = array.nulls() {
                let cells = keys.iter_mut().zip(nulls.iter());
                cells.for_each(|(key, valid)| *key = if valid { *key } else { null });
            }
            keys
        };
        Ok(Cells::Keyed { keys, entries })
    }

    /// Puts a column into the hashes of rows, which begin at [`Keys::row`].
    pub(crate) fn absorb(&self, cells: &Cells, rows: &mut [u64]) {
        let [_, key, ..] = self.keys;
        match cells {
            Cells::Each(each) => {
                let pairs = rows.iter_mut().zip(each);
                pairs.for_each(|(row, cell)| *row = mix(*row ^ cell, key));
            }
            Cells::Keyed { keys, entries } => {
                for (row, entry) in rows.iter_mut().zip(keys) {
                    let cell = entries.get(*entry as usize).copied().unwrap_or_default();
                    *row = mix(*row ^ cell, key);
                }
            }
        }
    }

    /// The hash of a row of no columns.
    pub(crate) fn row(&self) -> u64 {
        let [first, ..] = self.keys;
        first
    }

    /// The hash of NULL.
    pub(crate) fn null(&self) -> u64 {
        self.bytes(b"NULL, of which there is one\0")
    }

    fn each(&self, array: &dyn Array) -> Result<Vec<u64>, Error> {
        use DataType as T;
        Ok(match array.data_type() {
            T::Null => vec![self.null(); array.len()],
            T::Boolean => self.texts(
                array,
                array
                    .as_boolean()
                    .iter()
                    .map(|v| v.map(|v| if v { b"1".as_slice() } else { b"0" })),
            ),
            T::Utf8 => self.texts(array, array.as_string::<i32>().iter().map(bytes_of)),
            T::LargeUtf8 => self.texts(array, array.as_string::<i64>().iter().map(bytes_of)),
            T::Utf8View => self.texts(array, array.as_string_view().iter().map(bytes_of)),
            T::Binary => self.texts(array, array.as_binary::<i32>().iter()),
            T::LargeBinary => self.texts(array, array.as_binary::<i64>().iter()),
            T::BinaryView => self.texts(array, array.as_binary_view().iter()),
            T::FixedSizeBinary(_) => self.texts(array, array.as_fixed_size_binary().iter()),
            T::Dictionary(..) => {
                let Cells::Keyed { keys, entries } = self.cells(array, &mut Seen::default())?
                else {
                    return Err(Error::Internal);
                };
                let entry = |key: u32| entries.get(key as usize).copied().unwrap_or_default();
                keys.into_iter().map(entry).collect()
            }
            _ => match numbers(array) {
                Some(numbers) => numbers
                    .into_iter()
                    .map(|number| number.map_or_else(|| self.null(), |n| self.number(n)))
                    .collect(),
                None => self.rows(array)?,
            },
        })
    }

    /// Of any other type: by the bytes that Arrow compares its values by.
    fn rows(&self, array: &dyn Array) -> Result<Vec<u64>, Error> {
        let border = |error| error::strip_arrow(&error);
        let fields = vec![SortField::new(array.data_type().clone())];
        let converter = RowConverter::new(fields).map_err(border)?;
        let array = arrow::array::make_array(array.to_data());
        let rows = converter.convert_columns(&[array]).map_err(border)?;
        Ok(rows.iter().map(|row| self.bytes(row.data())).collect())
    }

    fn texts<'a>(
        &self,
        array: &dyn Array,
        cells: impl Iterator<Item = Option<&'a [u8]>>,
    ) -> Vec<u64> {
        let null = self.null();
        let mut hashes = Vec::with_capacity(array.len());
        hashes.extend(cells.map(|cell| cell.map_or(null, |bytes| self.bytes(bytes))));
        hashes
    }

    fn number(&self, number: i128) -> u64 {
        let [first, second, third, last] = self.keys;
        let bytes = number.to_le_bytes();
        let (low, high) = bytes.split_at(8);
        mix(
            mix(mix(word(low) ^ first, second) ^ word(high), third),
            last,
        )
    }

    fn bytes(&self, bytes: &[u8]) -> u64 {
        let [first, second, third, last] = self.keys;
        let mut hash = first;
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            hash = mix(hash ^ word(chunk), second);
        }
        hash = mix(hash ^ word(chunks.remainder()), third);
        mix(hash ^ bytes.len() as u64, last)
    }
}

impl Cells {
    /// The hash of the cell in a row.
    pub(crate) fn at(&self, row: usize) -> u64 {
        match self {
            Self::Each(each) => each.get(row).copied(),
            Self::Keyed { keys, entries } => keys
                .get(row)
                .and_then(|key| entries.get(*key as usize).copied()),
        }
        .unwrap_or_default()
    }

    /// Calls `each` with hashes and how many rows have them.
    pub(crate) fn count(&self, mut each: impl FnMut(u64, u64)) {
        match self {
            Self::Each(hashes) => hashes.iter().for_each(|hash| each(*hash, 1)),
            Self::Keyed { keys, entries } => {
                let mut rows = vec![0_u64; entries.len()];
                for key in keys {
                    if let Some(rows) = rows.get_mut(*key as usize) {
                        *rows += 1;
                    }
                }
                let used = entries.iter().zip(rows).filter(|(_, rows)| *rows > 0);
                used.for_each(|(hash, rows)| each(*hash, rows));
            }
        }
    }
}

/// The values of a column in their order, where they have one that can be told by a number: of
/// numbers, dates and times.
pub(crate) fn numbers(array: &dyn Array) -> Option<Vec<Option<i128>>> {
    use DataType as T;
    Some(match array.data_type() {
        T::Int8 => of::<Int8Type>(array, i128::from),
        T::Int16 => of::<Int16Type>(array, i128::from),
        T::Int32 => of::<Int32Type>(array, i128::from),
        T::Int64 => of::<Int64Type>(array, i128::from),
        T::UInt8 => of::<UInt8Type>(array, i128::from),
        T::UInt16 => of::<UInt16Type>(array, i128::from),
        T::UInt32 => of::<UInt32Type>(array, i128::from),
        T::UInt64 => of::<UInt64Type>(array, i128::from),
        T::Float16 => of::<Float16Type>(array, |v| float(f64::from(v))),
        T::Float32 => of::<Float32Type>(array, |v| float(f64::from(v))),
        T::Float64 => of::<Float64Type>(array, float),
        T::Decimal32(..) => of::<Decimal32Type>(array, i128::from),
        T::Decimal64(..) => of::<Decimal64Type>(array, i128::from),
        T::Decimal128(..) => of::<Decimal128Type>(array, |v| v),
        T::Date32 => of::<Date32Type>(array, i128::from),
        T::Date64 => of::<Date64Type>(array, i128::from),
        T::Time32(TimeUnit::Second) => of::<Time32SecondType>(array, i128::from),
        T::Time32(_) => of::<Time32MillisecondType>(array, i128::from),
        T::Time64(TimeUnit::Microsecond) => of::<Time64MicrosecondType>(array, i128::from),
        T::Time64(_) => of::<Time64NanosecondType>(array, i128::from),
        T::Timestamp(TimeUnit::Second, _) => of::<TimestampSecondType>(array, i128::from),
        T::Timestamp(TimeUnit::Millisecond, _) => of::<TimestampMillisecondType>(array, i128::from),
        T::Timestamp(TimeUnit::Microsecond, _) => of::<TimestampMicrosecondType>(array, i128::from),
        T::Timestamp(TimeUnit::Nanosecond, _) => of::<TimestampNanosecondType>(array, i128::from),
        _ => return None,
    })
}

/// Whether the values of a type have an order that [`numbers`] tells.
pub(crate) fn is_ordered(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_ordered(values),
        other => numbers(&arrow::array::new_empty_array(other)).is_some(),
    }
}

fn of<T: ArrowPrimitiveType>(
    array: &dyn Array,
    number: impl Fn(T::Native) -> i128,
) -> Vec<Option<i128>>
where
    T::Native: ArrowNativeType,
{
    let cells = array.as_primitive::<T>().iter();
    cells.map(|cell| cell.map(&number)).collect()
}

/// The place of a float among all others, as IEEE 754 orders them.
fn float(value: f64) -> i128 {
    let bits = value.to_bits().cast_signed();
    i128::from(if bits < 0 { !bits ^ i64::MIN } else { bits })
}

fn bytes_of(text: Option<&str>) -> Option<&[u8]> {
    text.map(str::as_bytes)
}

/// Up to eight bytes as a number.
fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    u64::from_le_bytes(word)
}

fn mix(a: u64, b: u64) -> u64 {
    let (low, high) = a.carrying_mul(b, 0);
    low ^ high
}

/// A map whose keys are hashes already.
pub(crate) type HashedMap<K, V> = HashMap<K, V, BuildHasherDefault<Hashed>>;

/// Takes hashes as they are.
#[derive(Default)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes
            .chunks(8)
            .for_each(|chunk| self.write_u64(word(chunk)));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = self.0.rotate_left(23) ^ hash;
    }
}
