//! The types of values that a dictionary of ours holds.

use std::borrow::Borrow;
use std::hash::Hash;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{
    Date32Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use parquet::data_type::ByteArray;
use parquet::errors::Result;
use parquet::file::statistics::Statistics;

/// A value, as the cells of a column and the entries of a dictionary are.
pub(super) trait Value: Eq + Hash + Ord + 'static {
    /// The value outside of its column.
    type Own: Borrow<Self> + Eq + Hash + Send;
    /// The values of a column.
    type Cells<'a>: Copy;

    /// The values of `array`; None when it is of another type.
    fn cells(array: &ArrayRef) -> Option<Self::Cells<'_>>;

    fn cell(cells: Self::Cells<'_>, row: usize) -> Option<&Self>;

    /// An entry of a dictionary that came; None when it is of another type.
    fn entry(entries: &StringArray, key: usize) -> Option<&Self>;

    fn own(&self) -> Self::Own;

    /// Appends the value as PLAIN has it.
    fn append(&self, out: &mut Vec<u8>) -> Result<()>;

    fn statistics(range: Option<(&Self, &Self)>, nulls: u64) -> Statistics;
}

impl Value for [u8] {
    type Own = Box<Self>;
    type Cells<'a> = &'a StringArray;

    fn cells(array: &ArrayRef) -> Option<&StringArray> {
        array.as_string_opt()
    }

    #[inline]
    fn cell(cells: Self::Cells<'_>, row: usize) -> Option<&Self> {
        (row < cells.len()).then(|| cells.value(row).as_bytes())
    }

    fn entry(entries: &StringArray, key: usize) -> Option<&Self> {
        Self::cell(entries, key)
    }

    fn own(&self) -> Box<Self> {
        self.into()
    }

    fn append(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&u32::try_from(self.len())?.to_le_bytes());
        out.extend_from_slice(self);
        Ok(())
    }

    /// Nothing is said of long text: a bound that is cut off would take more room than it is worth.
    fn statistics(range: Option<(&Self, &Self)>, nulls: u64) -> Statistics {
        let range = range.filter(|(least, greatest)| least.len().max(greatest.len()) <= LONG);
        let owned = |text: &Self| ByteArray::from(text.to_vec());
        let (least, greatest) = range.map(|(a, b)| (owned(a), owned(b))).unzip();
        Statistics::byte_array(least, greatest, None, Some(nulls), false)
    }
}

/// A number as its column holds it: `$arrow` are the types whose values it is, `$statistics` makes
/// its bounds.
macro_rules! number {
    ($native:ty, $statistics:path, $($arrow:ty),+) => {
        impl Value for $native {
            type Own = Self;
            type Cells<'a> = &'a [Self];

            fn cells(array: &ArrayRef) -> Option<&[Self]> {
                $(if let Some(numbers) = array.as_primitive_opt::<$arrow>() {
                    return Some(numbers.values());
                })+
                None
            }

            #[inline]
            fn cell(cells: Self::Cells<'_>, row: usize) -> Option<&Self> {
                cells.get(row)
            }

            fn entry(_: &StringArray, _: usize) -> Option<&Self> {
                None
            }

            fn own(&self) -> Self {
                *self
            }

            fn append(&self, out: &mut Vec<u8>) -> Result<()> {
                out.extend_from_slice(&self.to_le_bytes());
                Ok(())
            }

            fn statistics(range: Option<(&Self, &Self)>, nulls: u64) -> Statistics {
                let (least, greatest) = range.unzip();
                $statistics(least.copied(), greatest.copied(), None, Some(nulls), false)
            }
        }
    };
}

number!(i32, Statistics::int32, Int32Type, Date32Type);
number!(
    i64,
    Statistics::int64,
    Int64Type,
    TimestampMillisecondType,
    TimestampMicrosecondType,
    TimestampNanosecondType
);

/// Bytes of a text that statistics hold at most.
const LONG: usize = 64;
