//! `band`: numbers become the text of the band they fall in, `5000-10000`, `<0`, `≥20000`.
//!
//! The lower bound of a band belongs to it. Integers and decimals are compared exactly; a float
//! stands on an edge when it is the float that the edge's text reads as.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::i256;
use arrow_schema::DataType;
use pseudo_pii::Verdict;

use crate::bytes::push_decimal;
use crate::column::Bytes;
use crate::outcome::Tally;
use crate::{Band, Error, Number, OnInvalid};

pub(crate) struct Banding {
    steps: Steps,
    /// Digits of fraction that the steps have.
    scale: u8,
    on_invalid: OnInvalid,
}

impl Banding {
    pub(crate) fn new(band: Band, on_invalid: OnInvalid) -> Result<Self, Error> {
        let faulty = |needs| Error::Steps {
            action: "band",
            needs,
        };
        let numbers = match &band {
            Band::Width(width) => std::slice::from_ref(width),
            Band::Edges(edges) => edges.as_slice(),
        };
        let scale = numbers
            .iter()
            .map(|number| number.scale())
            .max()
            .unwrap_or_default();
        let at = i8::try_from(scale).map_err(|_| faulty(FEWER_DIGITS))?;
        let units: Option<Vec<i128>> = numbers.iter().map(|number| number.at_scale(at)).collect();
        let units = units.ok_or_else(|| faulty(FEWER_DIGITS))?;
        let steps = match (band, units.as_slice()) {
            (Band::Width(width), [units]) if width.is_positive() => Steps::Width {
                units: *units,
                width: width.to_f64(),
            },
            (Band::Width(_), _) => return Err(faulty("a width above zero")),
            (Band::Edges(edges), _) if !edges.is_empty() && units.is_sorted_by(|a, b| a < b) => {
                Steps::Edges {
                    units,
                    labels: labels(&edges),
                    edges,
                }
            }
            (Band::Edges(_), _) => return Err(faulty("one edge or more, in ascending order")),
        };
        Ok(Self {
            steps,
            scale,
            on_invalid,
        })
    }

    pub(crate) fn output(input: &DataType) -> Option<DataType> {
        (input.is_numeric() || *input == DataType::Null).then_some(DataType::Utf8)
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        match array.data_type() {
            DataType::Int8 => self.exact::<Int8Type>(array, 0, tally),
            DataType::Int16 => self.exact::<Int16Type>(array, 0, tally),
            DataType::Int32 => self.exact::<Int32Type>(array, 0, tally),
            DataType::Int64 => self.exact::<Int64Type>(array, 0, tally),
            DataType::UInt8 => self.exact::<UInt8Type>(array, 0, tally),
            DataType::UInt16 => self.exact::<UInt16Type>(array, 0, tally),
            DataType::UInt32 => self.exact::<UInt32Type>(array, 0, tally),
            DataType::UInt64 => self.exact::<UInt64Type>(array, 0, tally),
            DataType::Decimal32(_, scale) => self.exact::<Decimal32Type>(array, *scale, tally),
            DataType::Decimal64(_, scale) => self.exact::<Decimal64Type>(array, *scale, tally),
            DataType::Decimal128(_, scale) => self.exact::<Decimal128Type>(array, *scale, tally),
            DataType::Decimal256(_, scale) => {
                let shift = i16::from(self.scale) - i16::from(*scale);
                let numbers = array.as_primitive::<Decimal256Type>();
                self.rows(numbers, tally, |value| self.index(floor_wide(value, shift)))
            }
            DataType::Float16 => {
                type Half = <Float16Type as ArrowPrimitiveType>::Native;
                let narrow = |edge| Half::from_f64(edge).to_f64();
                let index = self.floats(narrow);
                self.rows(array.as_primitive::<Float16Type>(), tally, |value| {
                    index(value.to_f64())
                })
            }
            DataType::Float32 => {
                let index = self.floats(nearest_f32);
                let numbers = array.as_primitive::<Float32Type>();
                self.rows(numbers, tally, |value| index(f64::from(value)))
            }
            DataType::Float64 => {
                let index = self.floats(|edge| edge);
                self.rows(array.as_primitive::<Float64Type>(), tally, index)
            }
            _ => Err(Error::Assembly),
        }
    }

    fn exact<T: ArrowPrimitiveType<Native: Into<i128>>>(
        &self,
        array: &dyn Array,
        scale: i8,
        tally: &mut Tally,
    ) -> Result<ArrayRef, Error> {
        let shift = i16::from(self.scale) - i16::from(scale);
        let numbers = array.as_primitive::<T>();
        self.rows(numbers, tally, |value| {
            self.index(floor(value.into(), shift))
        })
    }

    /// Writes the label of each row's band; a value without a band is invalid.
    fn rows<T: ArrowPrimitiveType>(
        &self,
        array: &PrimitiveArray<T>,
        tally: &mut Tally,
        index: impl Fn(T::Native) -> Option<i128>,
    ) -> Result<ArrayRef, Error> {
        let mut column = Bytes::new(array.len(), array.len() * 12);
        let mut written: Vec<Option<(i128, String)>> = vec![None; LABELS];
        for (row, value) in array.values().iter().enumerate() {
            if array.is_null(row) {
                tally.null(row);
                column.push_null();
                continue;
            }
            match index(*value).and_then(|band| self.label(band, &mut written)) {
                Some(label) => {
                    tally.transformed(row, Verdict::Valid);
                    column.push(label.as_bytes())?;
                }
                None if self.on_invalid == OnInvalid::Fail => tally.refuse(row)?,
                None => {
                    tally.nulled(row);
                    column.push_null();
                }
            }
        }
        column.into_text()
    }

    /// Answers the band of an exact number in units of the steps.
    fn index(&self, value: Result<i128, Beyond>) -> Option<i128> {
        match (&self.steps, value) {
            (Steps::Width { units, .. }, Ok(value)) => Some(value.div_euclid(*units)),
            (Steps::Width { .. }, Err(_)) => None,
            (Steps::Edges { units, .. }, Ok(value)) => {
                i128::try_from(units.partition_point(|edge| *edge <= value)).ok()
            }
            (Steps::Edges { .. }, Err(Beyond::Below)) => Some(0),
            (Steps::Edges { units, .. }, Err(Beyond::Above)) => i128::try_from(units.len()).ok(),
        }
    }

    /// Answers the function from a float to its band; `narrow` rounds an edge to the column's
    /// precision.
    fn floats<'s>(&'s self, narrow: impl Fn(f64) -> f64 + 's) -> impl Fn(f64) -> Option<i128> + 's {
        let edges: Vec<f64> = match &self.steps {
            Steps::Width { .. } => Vec::new(),
            Steps::Edges { edges, .. } => edges.iter().map(|e| narrow(e.to_f64())).collect(),
        };
        let power = 10_f64.powi(i32::from(self.scale));
        move |value| {
            if value.is_nan() {
                return None;
            }
            let Steps::Width { units, width } = &self.steps else {
                return i128::try_from(edges.partition_point(|edge| *edge <= value)).ok();
            };
            let units = *units as f64;
            let mut band = (value / width).floor();
            if band.abs() >= EXACT_MAX {
                return None;
            }
            // The quotient may round across an edge; the edge itself decides.
            let edge = |band: f64| narrow(band * units / power);
            if edge(band) > value {
                band -= 1.0;
            } else if edge(band + 1.0) <= value {
                band += 1.0;
            }
            Some(whole(band))
        }
    }

    /// Answers the text of a band, from the few that were written last if it is there.
    fn label<'w>(
        &'w self,
        band: i128,
        written: &'w mut [Option<(i128, String)>],
    ) -> Option<&'w str> {
        let units = match &self.steps {
            Steps::Edges { labels, .. } => {
                return labels.get(usize::try_from(band).ok()?).map(String::as_str);
            }
            Steps::Width { units, .. } => *units,
        };
        let place = usize::try_from(band.rem_euclid(LABELS as i128)).ok()?;
        let entry = written.get_mut(place)?;
        if entry.as_ref().is_none_or(|(known, _)| *known != band) {
            let low = band.checked_mul(units)?;
            let mut text = String::new();
            push_decimal(low, self.scale, &mut text);
            text.push('-');
            push_decimal(low.checked_add(units)?, self.scale, &mut text);
            *entry = Some((band, text));
        }
        entry.as_ref().map(|(_, text)| text.as_str())
    }
}

enum Steps {
    /// In units of 10^−scale, and as a float.
    Width { units: i128, width: f64 },
    Edges {
        units: Vec<i128>,
        edges: Vec<Number>,
        labels: Vec<String>,
    },
}

/// A number that is larger than what steps can be.
#[derive(Clone, Copy)]
enum Beyond {
    Below,
    Above,
}

impl Beyond {
    fn side(negative: bool) -> Self {
        if negative { Self::Below } else { Self::Above }
    }
}

/// Answers ⌊value × 10^shift⌋, which is on the same side of every edge as the exact number.
fn floor(value: i128, shift: i16) -> Result<i128, Beyond> {
    let power = 10_i128.checked_pow(u32::from(shift.unsigned_abs()));
    match (shift >= 0, power) {
        _ if value == 0 => Ok(0),
        (true, Some(power)) => value.checked_mul(power).ok_or(Beyond::side(value < 0)),
        (true, None) => Err(Beyond::side(value < 0)),
        (false, Some(power)) => Ok(value.div_euclid(power)),
        (false, None) => Ok(if value < 0 { -1 } else { 0 }),
    }
}

fn floor_wide(value: i256, shift: i16) -> Result<i128, Beyond> {
    if let Some(narrow) = value.to_i128() {
        return floor(narrow, shift);
    }
    let beyond = Beyond::side(value.is_negative());
    let ten = i256::from_i128(10);
    let power = ten
        .checked_pow(u32::from(shift.unsigned_abs()))
        .filter(|_| shift < 0);
    let power = power.ok_or(beyond)?;
    let quotient = value.checked_div(power).ok_or(beyond)?;
    let rest = value.checked_rem(power).ok_or(beyond)?;
    let below = i128::from(rest.is_negative());
    quotient
        .to_i128()
        .and_then(|quotient| quotient.checked_sub(below))
        .ok_or(beyond)
}

fn labels(edges: &[Number]) -> Vec<String> {
    let mut labels = Vec::with_capacity(edges.len() + 1);
    labels.extend(edges.first().map(|edge| format!("<{edge}")));
    labels.extend(edges.windows(2).filter_map(|pair| match pair {
        [low, high] => Some(format!("{low}-{high}")),
        _ => None,
    }));
    labels.extend(edges.last().map(|edge| format!("≥{edge}")));
    labels
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding is what is asked for"
)]
fn nearest_f32(edge: f64) -> f64 {
    f64::from(edge as f32)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the caller checked the magnitude"
)]
fn whole(band: f64) -> i128 {
    band as i128
}

/// Labels that are kept while a column is written.
const LABELS: usize = 256;
/// Up to here every whole number is a double.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
const FEWER_DIGITS: &str = "numbers with fewer digits";
