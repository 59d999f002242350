//! Arrow value to text, one function per physical type (TOKENS.md section 3).
//!
//! Text and binary columns lend their bytes; every other type writes its text into a buffer that is
//! used again.

use std::fmt::Write;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, ArrowTimestampType, Date32Type, Date64Type, Decimal32Type, Decimal64Type,
    Decimal128Type, Decimal256Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayAccessor, BooleanArray, PrimitiveArray};
use arrow_buffer::i256;
use arrow_schema::{DataType, TimeUnit};

use crate::Error;
use crate::batch::{Batch, Canon};
use crate::calendar::{self, MILLISECONDS_PER_DAY, SECONDS_PER_DAY};
use crate::outcome::Tally;

/// The cells of one column.
pub(crate) trait Cells<'a> {
    fn is_null(&self, row: usize) -> bool;

    /// Answers the cell of a row that is not NULL; what is not lent by the column is appended to
    /// `out`.
    fn cell(&self, row: usize, out: &mut String) -> Cell<'a>;

    /// Fills a batch: one virtual call for a thousand rows.
    fn fill(
        &self,
        rows: Range<usize>,
        canon: &Canon,
        as_is: bool,
        batch: &mut Batch<'a>,
        tally: &mut Tally,
    ) -> Result<(), Error> {
        batch.fill(self, rows, canon, as_is, tally)
    }
}

/// One cell that is not NULL.
pub(crate) enum Cell<'a> {
    /// The bytes of a binary column.
    Bytes(&'a [u8]),
    /// The text of a text column.
    Text(&'a str),
    /// Text that was appended to the buffer.
    Written,
    /// The value has no text: its year is outside 0000 to 9999.
    Missing,
}

/// Answers the cells of a column, `None` for the types that are refused.
pub(crate) fn cells(array: &dyn Array) -> Option<Box<dyn Cells<'_> + '_>> {
    Some(match array.data_type() {
        DataType::Utf8 => Box::new(Text(array.as_string::<i32>())),
        DataType::LargeUtf8 => Box::new(Text(array.as_string::<i64>())),
        DataType::Utf8View => Box::new(Text(array.as_string_view())),
        DataType::Binary => Box::new(Binary(array.as_binary::<i32>())),
        DataType::LargeBinary => Box::new(Binary(array.as_binary::<i64>())),
        DataType::BinaryView => Box::new(Binary(array.as_binary_view())),
        DataType::FixedSizeBinary(_) => Box::new(Binary(array.as_fixed_size_binary())),
        DataType::Int8 => numbers::<Int8Type>(array, 0),
        DataType::Int16 => numbers::<Int16Type>(array, 0),
        DataType::Int32 => numbers::<Int32Type>(array, 0),
        DataType::Int64 => numbers::<Int64Type>(array, 0),
        DataType::UInt8 => numbers::<UInt8Type>(array, 0),
        DataType::UInt16 => numbers::<UInt16Type>(array, 0),
        DataType::UInt32 => numbers::<UInt32Type>(array, 0),
        DataType::UInt64 => numbers::<UInt64Type>(array, 0),
        DataType::Decimal32(_, scale) => numbers::<Decimal32Type>(array, *scale),
        DataType::Decimal64(_, scale) => numbers::<Decimal64Type>(array, *scale),
        DataType::Decimal128(_, scale) => numbers::<Decimal128Type>(array, *scale),
        DataType::Decimal256(_, scale) => numbers::<Decimal256Type>(array, *scale),
        DataType::Boolean => Box::new(Truth(array.as_boolean())),
        DataType::Date32 => Box::new(Days {
            array: array.as_primitive::<Date32Type>(),
            per_day: 1,
        }),
        DataType::Date64 => Box::new(Days {
            array: array.as_primitive::<Date64Type>(),
            per_day: MILLISECONDS_PER_DAY,
        }),
        DataType::Timestamp(unit, zone) => match unit {
            TimeUnit::Second => stamps::<TimestampSecondType>(array, zone.is_some()),
            TimeUnit::Millisecond => stamps::<TimestampMillisecondType>(array, zone.is_some()),
            TimeUnit::Microsecond => stamps::<TimestampMicrosecondType>(array, zone.is_some()),
            TimeUnit::Nanosecond => stamps::<TimestampNanosecondType>(array, zone.is_some()),
        },
        _ => return None,
    })
}

/// Says whether cells of this type are lent as text.
pub(crate) fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// Says whether cells of this type are lent as bytes.
pub(crate) fn is_binary(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}

/// Says whether cells of this type have a text.
pub(crate) fn has_text(data_type: &DataType) -> bool {
    is_text(data_type)
        || data_type.is_integer()
        || data_type.is_decimal()
        || matches!(
            data_type,
            DataType::Boolean | DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
        )
}

struct Text<A>(A);

impl<'a, A: ArrayAccessor<Item = &'a str>> Cells<'a> for Text<A> {
    fn is_null(&self, row: usize) -> bool {
        self.0.is_null(row)
    }

    fn cell(&self, row: usize, _: &mut String) -> Cell<'a> {
        Cell::Text(self.0.value(row))
    }
}

struct Binary<A>(A);

impl<'a, A: ArrayAccessor<Item = &'a [u8]>> Cells<'a> for Binary<A> {
    fn is_null(&self, row: usize) -> bool {
        self.0.is_null(row)
    }

    fn cell(&self, row: usize, _: &mut String) -> Cell<'a> {
        Cell::Bytes(self.0.value(row))
    }
}

/// Integers, and decimals with their scale.
struct Numbers<'a, T: ArrowPrimitiveType> {
    array: &'a PrimitiveArray<T>,
    scale: i8,
}

impl<'a, T: ArrowPrimitiveType<Native: Digits>> Cells<'a> for Numbers<'a, T> {
    fn is_null(&self, row: usize) -> bool {
        self.array.is_null(row)
    }

    fn cell(&self, row: usize, out: &mut String) -> Cell<'a> {
        let start = out.len();
        self.array.value(row).write(out);
        if self.scale != 0 {
            place_point(out, start, self.scale);
        }
        Cell::Written
    }
}

fn numbers<T: ArrowPrimitiveType<Native: Digits>>(
    array: &dyn Array,
    scale: i8,
) -> Box<dyn Cells<'_> + '_> {
    Box::new(Numbers {
        array: array.as_primitive::<T>(),
        scale,
    })
}

struct Truth<'a>(&'a BooleanArray);

impl<'a> Cells<'a> for Truth<'a> {
    fn is_null(&self, row: usize) -> bool {
        self.0.is_null(row)
    }

    fn cell(&self, row: usize, _: &mut String) -> Cell<'a> {
        Cell::Text(if self.0.value(row) { "true" } else { "false" })
    }
}

struct Days<'a, T: ArrowPrimitiveType> {
    array: &'a PrimitiveArray<T>,
    per_day: i64,
}

impl<'a, T: ArrowPrimitiveType<Native: Into<i64>>> Cells<'a> for Days<'a, T> {
    fn is_null(&self, row: usize) -> bool {
        self.array.is_null(row)
    }

    fn cell(&self, row: usize, out: &mut String) -> Cell<'a> {
        let day = self.array.value(row).into().div_euclid(self.per_day);
        if write_day(day, out) {
            Cell::Written
        } else {
            Cell::Missing
        }
    }
}

struct Stamps<'a, T: ArrowTimestampType> {
    array: &'a PrimitiveArray<T>,
    /// Columns with a zone are written in UTC, which is how they are stored.
    zoned: bool,
}

impl<'a, T: ArrowTimestampType> Cells<'a> for Stamps<'a, T> {
    fn is_null(&self, row: usize) -> bool {
        self.array.is_null(row)
    }

    fn cell(&self, row: usize, out: &mut String) -> Cell<'a> {
        let per_second = calendar::per_second(T::UNIT);
        let value = self.array.value(row);
        let second = value.div_euclid(per_second);
        if !write_day(second.div_euclid(SECONDS_PER_DAY), out) {
            return Cell::Missing;
        }
        write_clock(second.rem_euclid(SECONDS_PER_DAY), out);
        write_fraction(value.rem_euclid(per_second), per_second, out);
        if self.zoned {
            out.push('Z');
        }
        Cell::Written
    }
}

fn stamps<T: ArrowTimestampType>(array: &dyn Array, zoned: bool) -> Box<dyn Cells<'_> + '_> {
    Box::new(Stamps {
        array: array.as_primitive::<T>(),
        zoned,
    })
}

/// Whole numbers that can be written in decimal.
trait Digits {
    fn write(self, out: &mut String);
}

macro_rules! digits {
    ($($narrow:ty),*) => {$(
        impl Digits for $narrow {
            fn write(self, out: &mut String) {
                let (magnitude, negative) = (u64::from(self.unsigned_abs()), self < 0);
                push_whole(magnitude, negative, out);
            }
        }
    )*};
}
digits!(i8, i16, i32, i64);

macro_rules! unsigned_digits {
    ($($narrow:ty),*) => {$(
        impl Digits for $narrow {
            fn write(self, out: &mut String) {
                push_whole(u64::from(self), false, out);
            }
        }
    )*};
}
unsigned_digits!(u8, u16, u32, u64);

impl Digits for i128 {
    fn write(self, out: &mut String) {
        match i64::try_from(self) {
            Ok(narrow) => narrow.write(out),
            // Writing to a `String` cannot fail.
            Err(_) => write!(out, "{self}").unwrap_or_default(),
        }
    }
}

impl Digits for i256 {
    fn write(self, out: &mut String) {
        match self.to_i128() {
            Some(narrow) => narrow.write(out),
            None => write!(out, "{self}").unwrap_or_default(),
        }
    }
}

/// Appends a decimal number in plain notation.
pub(crate) fn push_decimal(unscaled: i128, scale: u8, out: &mut String) {
    let start = out.len();
    unscaled.write(out);
    if let Ok(scale @ 1..) = i8::try_from(scale) {
        place_point(out, start, scale);
    }
}

/// Appends a whole number, two digits at a time.
fn push_whole(mut magnitude: u64, negative: bool, out: &mut String) {
    let mut text = [0_u8; 20];
    let mut start = text.len();
    while start >= 2 && magnitude >= 10 {
        start -= 2;
        let pair = usize::try_from(magnitude % 100).unwrap_or_default() * 2;
        text[start..start + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
        magnitude /= 100;
    }
    if magnitude > 0 || start == text.len() {
        start -= 1;
        text[start] = b'0' + u8::try_from(magnitude).unwrap_or_default();
    }
    if negative {
        out.push('-');
    }
    out.push_str(std::str::from_utf8(&text[start..]).unwrap_or_default());
}

/// Turns the digits after `start` into plain notation with `scale` digits of fraction, and removes
/// trailing zeros of the fraction and a trailing point.
fn place_point(out: &mut String, start: usize, scale: i8) {
    let first = start + usize::from(out[start..].starts_with('-'));
    let digits = out.len() - first;
    let places = usize::from(scale.unsigned_abs());
    if scale < 0 {
        if &out[first..] != "0" {
            out.extend(std::iter::repeat_n('0', places));
        }
        return;
    }
    if digits <= places {
        let zeros = places + 1 - digits;
        out.insert_str(first, &ZEROS[..zeros.min(ZEROS.len())]);
    }
    out.insert(out.len() - places, '.');
    let kept = out.trim_end_matches('0').trim_end_matches('.').len();
    out.truncate(kept);
}

/// Appends `YYYY-MM-DD`; false, with nothing appended, for years outside 0000 to 9999.
fn write_day(day: i64, out: &mut String) -> bool {
    let Some((year @ 0..=9_999, month, day)) = calendar::civil(day) else {
        return false;
    };
    let mut text = *b"0000-00-00";
    text[0..2].copy_from_slice(pair(year / 100));
    text[2..4].copy_from_slice(pair(year % 100));
    text[5..7].copy_from_slice(pair(month));
    text[8..10].copy_from_slice(pair(day));
    out.push_str(std::str::from_utf8(&text).unwrap_or_default());
    true
}

/// Appends `THH:MM:SS` of a second of the day.
fn write_clock(second: i64, out: &mut String) {
    let mut text = *b"T00:00:00";
    text[1..3].copy_from_slice(pair(second / 3_600));
    text[4..6].copy_from_slice(pair(second / 60 % 60));
    text[7..9].copy_from_slice(pair(second % 60));
    out.push_str(std::str::from_utf8(&text).unwrap_or_default());
}

/// Appends the fraction of a second without its trailing zeros, nothing when it is zero.
fn write_fraction(fraction: i64, per_second: i64, out: &mut String) {
    if fraction == 0 {
        return;
    }
    out.push('.');
    let (mut rest, mut unit) = (fraction, per_second / 10);
    while rest > 0 {
        out.push(char::from(
            b'0' + u8::try_from(rest / unit).unwrap_or_default(),
        ));
        rest %= unit;
        unit = (unit / 10).max(1);
    }
}

/// Answers the two digits of a number below 100.
fn pair(number: i64) -> &'static [u8] {
    let start = usize::try_from(number).unwrap_or_default() % 100 * 2;
    &PAIRS[start..start + 2]
}

/// `00` to `99`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "digits, evaluated at compile time"
)]
const PAIRS: [u8; 200] = {
    let mut pairs = [b'0'; 200];
    let mut pair = 0;
    while pair < 100 {
        pairs[pair * 2] = b'0' + (pair / 10) as u8;
        pairs[pair * 2 + 1] = b'0' + (pair % 10) as u8;
        pair += 1;
    }
    pairs
};

/// More than the largest scale of a decimal.
const ZEROS: &str =
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000";
