//! The columns of a Parquet file that can show an identifier, nested ones too, and how one value of
//! them is written as text.

use std::borrow::Cow;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use parquet::arrow::ProjectionMask;
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type};

/// One column.
pub(super) struct Leaf {
    /// Its place among all columns.
    pub(super) index: usize,
    /// Its path, with dots.
    pub(super) name: String,
    pub(super) form: Form,
    /// Columns that have to be read for it, and which of them it is.
    columns: Vec<usize>,
    place: usize,
    /// Whether a row has one value of it at most, and no other column decides on that.
    pub(super) is_flat: bool,
}

/// What its values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Text, or bytes that may be.
    Text,
    /// Whole numbers of 64 bits.
    Signed,
    Unsigned,
    Double,
    /// Decimals of 64 bits, and the places behind their point.
    Short(i32),
    /// Decimals of any width.
    Decimal(i32),
}

impl Leaf {
    /// The columns of a schema that can show something.
    pub(super) fn all(schema: &SchemaDescriptor) -> Vec<Self> {
        let columns = schema.columns().iter().enumerate();
        let leaf = |(index, column): (usize, &std::sync::Arc<ColumnDescriptor>)| {
            let form = form(column)?;
            let root = schema.get_column_root_idx(index);
            let mut columns = vec![index];
            if holds_map(schema.get_column_root(index)) {
                // keys and values of a map can be read together alone
                let leaves = 0..schema.num_columns();
                columns = leaves
                    .filter(|leaf| schema.get_column_root_idx(*leaf) == root)
                    .collect();
            }
            Some(Self {
                index,
                name: column.path().parts().join("."),
                form,
                place: columns.iter().position(|leaf| *leaf == index)?,
                columns,
                is_flat: column.max_rep_level() == 0 && column.max_def_level() <= 1,
            })
        };
        columns.filter_map(leaf).collect()
    }

    /// What is to be read for it.
    pub(super) fn mask(&self, schema: &SchemaDescriptor) -> ProjectionMask {
        ProjectionMask::leaves(schema, self.columns.iter().copied())
    }

    /// Its values within what was read.
    pub(super) fn of(&self, array: &ArrayRef) -> Option<ArrayRef> {
        let mut leaves = Vec::new();
        collect(array, &mut leaves);
        let is_all = leaves.len() == self.columns.len();
        (is_all && self.place < leaves.len()).then(|| leaves.swap_remove(self.place))
    }

    /// A value as `PLAIN` writes it, without its length, as text.
    pub(super) fn text<'v>(&self, value: &'v [u8]) -> Option<Cow<'v, [u8]>> {
        let word = <[u8; 8]>::try_from(value);
        let number = match self.form {
            Form::Text => return Some(Cow::Borrowed(value)),
            Form::Signed => i64::from_le_bytes(word.ok()?).into(),
            Form::Unsigned => u64::from_le_bytes(word.ok()?).into(),
            Form::Double => whole(f64::from_le_bytes(word.ok()?))?,
            Form::Short(scale) => scaled(i64::from_le_bytes(word.ok()?).into(), scale)?,
            Form::Decimal(scale) => scaled(big_endian(value)?, scale)?,
        };
        (number >= LEAST).then(|| Cow::Owned(number.to_string().into_bytes()))
    }
}

/// Whether any number of an array, read as `form`, has as many digits as an identifier.
pub(super) fn has_long_numbers(array: &ArrayRef) -> bool {
    use arrow::datatypes::{Decimal128Type, Float64Type, Int64Type, UInt64Type};
    match array.data_type() {
        DataType::Int64 => {
            let least = i64::try_from(LEAST).unwrap_or(i64::MAX);
            let values = array.as_primitive::<Int64Type>().values();
            values.iter().fold(false, |any, n| any | (*n >= least))
        }
        DataType::UInt64 => {
            let least = u64::try_from(LEAST).unwrap_or(u64::MAX);
            let values = array.as_primitive::<UInt64Type>().values();
            values.iter().fold(false, |any, n| any | (*n >= least))
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            values
                .iter()
                .fold(false, |any, n| any | (*n >= LEAST_FLOAT))
        }
        DataType::Decimal128(_, scale) => {
            let unit = u32::try_from(*scale)
                .ok()
                .map(|scale| 10_i128.checked_pow(scale));
            let least = unit.flatten().and_then(|unit| LEAST.checked_mul(unit));
            let values = array.as_primitive::<Decimal128Type>().values();
            least.is_none_or(|least| values.iter().any(|n| *n >= least))
        }
        _ => true,
    }
}

/// What values a column has, if they can show anything. An identifier that is a number has eleven
/// digits at least, which 32 bits do not hold.
fn form(column: &ColumnDescriptor) -> Option<Form> {
    let logical = column.logical_type_ref();
    let decimal = match logical {
        Some(LogicalType::Decimal(decimal)) => Some(decimal.scale),
        _ if column.converted_type() == ConvertedType::DECIMAL => Some(column.type_scale()),
        _ => None,
    };
    let is_other = matches!(
        logical,
        Some(LogicalType::Timestamp { .. } | LogicalType::Time { .. } | LogicalType::Float16)
    );
    let is_time = matches!(
        column.converted_type(),
        ConvertedType::TIMESTAMP_MILLIS
            | ConvertedType::TIMESTAMP_MICROS
            | ConvertedType::TIME_MICROS
            | ConvertedType::INTERVAL
    );
    if is_other || is_time {
        return None;
    }
    match (column.physical_type(), decimal) {
        (PhysicalType::INT32 | PhysicalType::FLOAT, _) => None,
        (PhysicalType::BOOLEAN | PhysicalType::INT96, _) => None,
        (PhysicalType::INT64, Some(scale)) => Some(Form::Short(scale)),
        (_, Some(scale)) => Some(Form::Decimal(scale)),
        (PhysicalType::BYTE_ARRAY | PhysicalType::FIXED_LEN_BYTE_ARRAY, None) => Some(Form::Text),
        (PhysicalType::DOUBLE, None) => Some(Form::Double),
        (PhysicalType::INT64, None) => {
            let is_unsigned = column.converted_type() == ConvertedType::UINT_64
                || matches!(logical, Some(LogicalType::Integer(integer)) if !integer.is_signed);
            Some(if is_unsigned {
                Form::Unsigned
            } else {
                Form::Signed
            })
        }
    }
}

fn holds_map(node: &Type) -> bool {
    let info = node.get_basic_info();
    let is_map = matches!(
        info.converted_type(),
        ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE
    );
    let fields = if node.is_group() {
        node.get_fields()
    } else {
        &[]
    };
    is_map
        || info.logical_type_ref() == Some(&LogicalType::Map)
        || fields.iter().any(|field| holds_map(field))
}

/// The arrays that hold no others, in the order of the schema.
fn collect(array: &ArrayRef, leaves: &mut Vec<ArrayRef>) {
    match array.data_type() {
        DataType::Struct(_) => {
            let columns = array.as_struct().columns();
            columns.iter().for_each(|column| collect(column, leaves));
        }
        DataType::List(_) => collect(array.as_list::<i32>().values(), leaves),
        DataType::LargeList(_) => collect(array.as_list::<i64>().values(), leaves),
        DataType::FixedSizeList(..) => collect(array.as_fixed_size_list().values(), leaves),
        DataType::Map(..) => {
            let columns = array.as_map().entries().columns();
            columns.iter().for_each(|column| collect(column, leaves));
        }
        _ => leaves.push(ArrayRef::clone(array)),
    }
}

fn whole(number: f64) -> Option<i128> {
    let is_whole = number.trunc() == number && number.abs() < FLOAT_END;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole, and of twenty digits"
    )]
    is_whole.then_some(number as i128)
}

/// The whole number that `number` × 10^−`scale` is.
fn scaled(number: i128, scale: i32) -> Option<i128> {
    let unit = 10_i128.checked_pow(scale.try_into().ok()?)?;
    (number % unit == 0).then(|| number / unit)
}

/// Two's complement, the most significant byte first; None for what no identifier needs.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    let fill = if bytes.first()? & 0x80 == 0 { 0 } else { 0xFF };
    let mut wide = [fill; 16];
    let skip = bytes.len().saturating_sub(wide.len());
    let (above, low) = bytes.split_at_checked(skip)?;
    let start = wide.len() - low.len();
    wide.get_mut(start..)?.copy_from_slice(low);
    above
        .iter()
        .all(|byte| *byte == fill)
        .then(|| i128::from_be_bytes(wide))
}

/// The least number of eleven digits.
const LEAST: i128 = 10_000_000_000;
const LEAST_FLOAT: f64 = 1e10;
const FLOAT_END: f64 = 1e20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_in_any_width() {
        for (number, bytes) in [
            (15_412_345_678_i128, &[3, 0x96, 0xa5, 0xbb, 0x4e][..]),
            (-2, &[0xFF, 0xFE]),
            (1, &[0; 19]),
        ] {
            let mut bytes = bytes.to_vec();
            if number == 1 {
                bytes.push(1);
            }
            assert_eq!(big_endian(&bytes), Some(number));
        }
        assert_eq!(big_endian(&[]), None);
        assert_eq!(big_endian(&[1; 17]), None);
    }
}
