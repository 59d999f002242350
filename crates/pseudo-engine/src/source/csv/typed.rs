//! Text to the types that a table declares: a short way for plain integers, dates and timestamps,
//! and Arrow's casts for every other spelling they know.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Date32Array, Int64Array, PrimitiveArray, StringArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{ArrowPrimitiveType, DataType, TimeUnit};

/// Converts text to its declared type; the row of the first value that is none on failure.
pub(in crate::source) fn typed(text: StringArray, data_type: &DataType) -> Result<ArrayRef, usize> {
    let plain: Option<ArrayRef> = match data_type {
        DataType::Utf8 => return Ok(Arc::new(text)),
        DataType::Int64 => all(&text, integer).map(|array: Int64Array| Arc::new(array) as _),
        DataType::Date32 => all(&text, date).map(|array: Date32Array| Arc::new(array) as _),
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            all(&text, timestamp).map(|array: TimestampMicrosecondArray| Arc::new(array) as _)
        }
        _ => None,
    };
    plain.map_or_else(|| cast(&text, data_type), Ok)
}

fn cast(text: &StringArray, data_type: &DataType) -> Result<ArrayRef, usize> {
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    let array = cast_with_options(text, data_type, &options).map_err(|_| 0_usize)?;
    let lost = (0..text.len()).find(|&row| text.is_valid(row) && array.is_null(row));
    lost.map_or(Ok(array), Err)
}

/// The column, when `parse` knows every value of it.
fn all<T: ArrowPrimitiveType>(
    text: &StringArray,
    parse: impl Fn(&[u8]) -> Option<T::Native>,
) -> Option<PrimitiveArray<T>> {
    let mut values = Vec::with_capacity(text.len());
    for row in 0..text.len() {
        values.push(if text.is_null(row) {
            T::Native::default()
        } else {
            parse(text.value(row).as_bytes())?
        });
    }
    PrimitiveArray::try_new(ScalarBuffer::from(values), text.nulls().cloned()).ok()
}

/// At most 18 digits, which cannot overflow.
fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first()? {
        (b'-', digits) => (true, digits),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let value = number(digits)?;
    Some(if negative { -value } else { value })
}

/// `2026-11-22`, as days since 1970-01-01.
pub(crate) fn date(text: &[u8]) -> Option<i32> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text else {
        return None;
    };
    let year = number(&[y0, y1, y2, y3])?;
    let (month, day) = (number(&[m0, m1])?, number(&[d0, d1])?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if year == 0 || !(1..=days).contains(&day) {
        return None;
    }
    // years from March, so that the leap day is their last; 719,468 days are from 0000-03-01
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400;
    i32::try_from(days + (153 * month + 2) / 5 + day - 1 - 719_468).ok()
}

/// `2026-11-22 08:30:00`, with a `T` or a space, and up to six digits of a fraction; as
/// microseconds since 1970-01-01.
pub(crate) fn timestamp(text: &[u8]) -> Option<i64> {
    let (day, time) = text.split_at_checked(10)?;
    let (time, fraction) = time.split_at_checked(9)?;
    let [b' ' | b'T', h0, h1, b':', m0, m1, b':', s0, s1] = *time else {
        return None;
    };
    let days = i64::from(date(day)?);
    let (hour, minute) = (number(&[h0, h1])?, number(&[m0, m1])?);
    let second = number(&[s0, s1])?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let micros = match fraction.split_first() {
        None => 0,
        Some((b'.', digits)) if (1..=6).contains(&digits.len()) => {
            let missing = 6 - u32::try_from(digits.len()).ok()?;
            number(digits)? * 10_i64.pow(missing)
        }
        Some(_) => return None,
    };
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + micros)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then(|| value * 10 + i64::from(digit))
    })
}

#[cfg(test)]
mod tests;
