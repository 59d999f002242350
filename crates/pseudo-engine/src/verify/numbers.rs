//! The distinct numbers of a batch that are whole, written as integers are. What has a fraction
//! identifies nobody.

use std::collections::HashMap;
use std::fmt::Write;
use std::hash::BuildHasherDefault;

use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, AsArray, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, Decimal256Type, i256};

use super::values::Values;
use crate::hash::Mix;

/// Integers, and decimals that are such.
pub(super) fn integers<T: ArrowPrimitiveType<Native: Into<i128>>>(array: &ArrayRef) -> Values {
    numbers(array.as_primitive::<T>(), |number| Some(number.into()))
}

/// Those that are whole and of no more digits than identifiers.
pub(super) fn floats<T: ArrowPrimitiveType<Native: Into<f64>>>(array: &ArrayRef) -> Values {
    numbers(array.as_primitive::<T>(), |number| {
        let number: f64 = number.into();
        let is_whole = number.trunc() == number && number.abs() < FLOAT_END;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole, and of twenty digits"
        )]
        is_whole.then_some(number as i128)
    })
}

/// Those that are whole.
pub(super) fn decimals<T: ArrowPrimitiveType<Native: Into<i128>>>(
    array: &ArrayRef,
    scale: i8,
) -> Values {
    let unit = 10_i128.checked_pow(scale.unsigned_abs().into());
    let tens = u32::try_from(scale).ok().and_then(Tens::new);
    numbers(array.as_primitive::<T>(), |number| {
        let number: i128 = number.into();
        match (i64::try_from(number), tens) {
            (Ok(number), Some(tens)) => tens.whole(number).map(i128::from),
            _ => scaled(number, unit?, scale),
        }
    })
}

/// Those that are whole, of the widest type.
pub(super) fn large_decimals(array: &ArrayRef, scale: i8) -> Values {
    let unit = i256::from_i128(10).checked_pow(scale.unsigned_abs().into());
    numbers(array.as_primitive::<Decimal256Type>(), |number| {
        scaled(number, unit?, scale)?.to_i128()
    })
}

/// A power of ten to divide by, for most decimals are small: a product and a rotation tell whether
/// nothing is left, and what the quotient is (Granlund and Montgomery 1994, section 9).
#[derive(Clone, Copy)]
struct Tens {
    power: u32,
    /// The inverse of 5^`power` modulo 2^64.
    inverse: u64,
    largest: u64,
}

impl Tens {
    fn new(power: u32) -> Option<Self> {
        let unit = 10_u64.checked_pow(power)?;
        let odd = unit >> power;
        // each step doubles the bits that are right, of which there are three to begin with
        let step =
            |inverse: u64, _| inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        Some(Self {
            power,
            inverse: (0..5).fold(odd, step),
            largest: u64::MAX / unit,
        })
    }

    /// The quotient of a number that is a multiple.
    fn whole(self, number: i64) -> Option<i64> {
        let quotient = number.unsigned_abs().wrapping_mul(self.inverse);
        let quotient = quotient.rotate_right(self.power);
        let quotient = i64::try_from(quotient)
            .ok()
            .filter(|_| quotient <= self.largest)?;
        Some(if number < 0 { -quotient } else { quotient })
    }
}

/// The whole number that `number` × 10^−`scale` is, where `unit` is 10^|`scale`|.
fn scaled<T: ArrowNativeTypeOp>(number: T, unit: T, scale: i8) -> Option<T> {
    if scale < 0 {
        return number.mul_checked(unit).ok();
    }
    let rest = number.mod_checked(unit).ok()?;
    rest.is_zero().then(|| number.div_wrapping(unit))
}

/// The numbers of `array` that are whole, as `whole` says which.
fn numbers<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    whole: impl Fn(T::Native) -> Option<i128>,
) -> Values {
    let mut places: HashMap<i128, usize, BuildHasherDefault<Mix>> = HashMap::default();
    let (mut met, mut rows) = (Vec::new(), Vec::<u64>::new());
    let mut fractions = 0;
    let mut count = |number: T::Native| {
        let Some(number) = whole(number) else {
            // a gap that became NaN is no amount
            fractions += u64::from(number.partial_cmp(&number).is_some());
            return;
        };
        let place = *places.entry(number).or_insert_with(|| {
            met.push(number);
            rows.push(0);
            rows.len() - 1
        });
        if let Some(rows) = rows.get_mut(place) {
            *rows += 1;
        }
    };
    match array.nulls() {
        None => array.values().iter().for_each(|number| count(*number)),
        Some(nulls) => nulls
            .valid_indices()
            .filter_map(|row| array.values().get(row))
            .for_each(|number| count(*number)),
    }
    let (mut values, mut text) = (Values::default(), String::new());
    values.fractions = fractions;
    for (number, rows) in met.into_iter().zip(rows) {
        text.clear();
        // writing to a `String` cannot fail
        let _ = write!(text, "{number}");
        values.push(text.as_bytes(), rows);
    }
    values
}

/// More than any identifier: twenty digits.
const FLOAT_END: f64 = 1e20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_decimals_are_those_without_a_rest() {
        for power in 0..=19 {
            let (tens, unit) = (Tens::new(power).unwrap(), 10_i128.pow(power));
            let near = |n: i128| (n - 1..=n + 1).filter_map(|n| i64::try_from(n).ok());
            let mut numbers: Vec<i64> = vec![0, i64::MIN, i64::MIN + 1, i64::MAX];
            numbers.extend((-120..120).flat_map(|n| near(n * unit)));
            numbers.extend((1..64).flat_map(|bits| near((1 << bits) / unit * unit)));
            for number in numbers {
                let (wide, found) = (i128::from(number), tens.whole(number));
                let expected = (wide % unit == 0).then(|| wide / unit);
                // the least number of all has no magnitude of its type
                if number != i64::MIN || power > 0 {
                    assert_eq!(found.map(i128::from), expected, "{number} / {unit}");
                }
            }
        }
        assert!(Tens::new(20).is_none());
    }
}
