//! `round`: numbers become the nearest multiple of a step, half to even; the type stays.
//!
//! A result that the type cannot hold is invalid, as are floats that are not numbers.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType};
use arrow_buffer::i256;
use arrow_schema::DataType;

use crate::column::map_numbers;
use crate::outcome::Tally;
use crate::{Error, Number, OnInvalid};

pub(crate) struct Round {
    pub(crate) step: Number,
    pub(crate) on_invalid: OnInvalid,
}

impl Round {
    pub(crate) fn new(step: Number, on_invalid: OnInvalid) -> Result<Self, Error> {
        if !step.is_positive() {
            return Err(Error::Steps {
                action: "round",
                needs: "a step above zero",
            });
        }
        Ok(Self { step, on_invalid })
    }

    pub(crate) fn output(&self, input: &DataType) -> Result<DataType, Error> {
        if !input.is_numeric() && *input != DataType::Null {
            return Err(Error::UnsupportedType {
                action: "round",
                data_type: input.clone(),
            });
        }
        let fits = match scale(input) {
            Some(scale) => self.step.at_scale(scale).is_some(),
            None => true,
        };
        if fits {
            Ok(input.clone())
        } else {
            Err(Error::StepType {
                data_type: input.clone(),
            })
        }
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        match array.data_type() {
            DataType::Int8 => self.whole::<Int8Type>(array, tally),
            DataType::Int16 => self.whole::<Int16Type>(array, tally),
            DataType::Int32 => self.whole::<Int32Type>(array, tally),
            DataType::Int64 => self.whole::<Int64Type>(array, tally),
            DataType::UInt8 => self.whole::<UInt8Type>(array, tally),
            DataType::UInt16 => self.whole::<UInt16Type>(array, tally),
            DataType::UInt32 => self.whole::<UInt32Type>(array, tally),
            DataType::UInt64 => self.whole::<UInt64Type>(array, tally),
            DataType::Decimal32(precision, _) => {
                self.decimal::<Decimal32Type>(array, *precision, tally)
            }
            DataType::Decimal64(precision, _) => {
                self.decimal::<Decimal64Type>(array, *precision, tally)
            }
            DataType::Decimal128(precision, _) => {
                self.decimal::<Decimal128Type>(array, *precision, tally)
            }
            DataType::Decimal256(precision, _) => {
                let step = i256::from_i128(self.step_of(array)?);
                self.each::<Decimal256Type>(array, tally, |value| {
                    nearest_wide(value, step).filter(|rounded| {
                        Decimal256Type::is_valid_decimal_precision(*rounded, *precision)
                    })
                })
            }
            DataType::Float16 => {
                type Half = <Float16Type as ArrowPrimitiveType>::Native;
                let nearest = self.nearest_float();
                self.each::<Float16Type>(array, tally, |value| {
                    nearest(value.to_f64())
                        .map(Half::from_f64)
                        .filter(|half| half.is_finite())
                })
            }
            DataType::Float32 => {
                let nearest = self.nearest_float();
                self.each::<Float32Type>(array, tally, |value| {
                    nearest(f64::from(value))
                        .map(narrow)
                        .filter(|single| single.is_finite())
                })
            }
            DataType::Float64 => self.each::<Float64Type>(array, tally, self.nearest_float()),
            _ => Err(Error::Assembly),
        }
    }

    fn whole<T>(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error>
    where
        T: ArrowPrimitiveType<Native: Into<i128> + TryFrom<i128>>,
    {
        let step = self.step_of(array)?;
        self.each::<T>(array, tally, |value| {
            T::Native::try_from(nearest(value.into(), step)?).ok()
        })
    }

    fn decimal<T>(
        &self,
        array: &dyn Array,
        precision: u8,
        tally: &mut Tally,
    ) -> Result<ArrayRef, Error>
    where
        T: DecimalType<Native: Into<i128> + TryFrom<i128>>,
    {
        let step = self.step_of(array)?;
        self.each::<T>(array, tally, |value| {
            let rounded = T::Native::try_from(nearest(value.into(), step)?).ok()?;
            T::is_valid_decimal_precision(rounded, precision).then_some(rounded)
        })
    }

    fn each<T: ArrowPrimitiveType>(
        &self,
        array: &dyn Array,
        tally: &mut Tally,
        f: impl Fn(T::Native) -> Option<T::Native>,
    ) -> Result<ArrayRef, Error> {
        let numbers = array.as_primitive::<T>();
        let column = map_numbers::<T, T>(numbers, self.on_invalid, tally, f)?;
        Ok(Arc::new(column.with_data_type(array.data_type().clone())))
    }

    fn step_of(&self, array: &dyn Array) -> Result<i128, Error> {
        let data_type = array.data_type();
        let step = scale(data_type).and_then(|scale| self.step.at_scale(scale));
        step.ok_or_else(|| Error::StepType {
            data_type: data_type.clone(),
        })
    }

    fn nearest_float(&self) -> impl Fn(f64) -> Option<f64> + use<> {
        let step = self.step.to_f64();
        // A multiple of 0.1 is a whole number by ten, which rounds once; by 0.1 it would round
        // twice.
        let power = 10_f64.powi(i32::from(self.step.scale()));
        let units = (step * power).round();
        move |value| {
            let rounded = (value / step).round_ties_even() * units / power;
            // Zero has no sign in a report.
            rounded.is_finite().then_some(rounded + 0.0)
        }
    }
}

/// Answers the digits of fraction that a type has, `None` for floats.
fn scale(data_type: &DataType) -> Option<i8> {
    match data_type {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(*scale),
        _ if data_type.is_integer() => Some(0),
        _ => None,
    }
}

fn nearest(value: i128, step: i128) -> Option<i128> {
    let rest = value.rem_euclid(step);
    let low = value.checked_sub(rest)?;
    let is_up = match rest.cmp(&(step - rest)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => low / step % 2 != 0,
        std::cmp::Ordering::Greater => true,
    };
    if is_up {
        low.checked_add(step)
    } else {
        Some(low)
    }
}

fn nearest_wide(value: i256, step: i256) -> Option<i256> {
    let rest = value.checked_rem(step)?;
    let rest = if rest.is_negative() {
        rest.checked_add(step)?
    } else {
        rest
    };
    let low = value.checked_sub(rest)?;
    let is_up = match rest.cmp(&step.checked_sub(rest)?) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => {
            low.checked_div(step)?.checked_rem(i256::from_i128(2))? != i256::ZERO
        }
        std::cmp::Ordering::Greater => true,
    };
    if is_up {
        low.checked_add(step)
    } else {
        Some(low)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding is what is asked for"
)]
fn narrow(value: f64) -> f32 {
    value as f32
}
