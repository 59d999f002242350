//! Exact decimal numbers of policies: the width of a band, the edges of bands, the step of a
//! rounding.

use std::fmt;

use crate::bytes;

/// A decimal number, `unscaled × 10^−scale`, without trailing zeros in the fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    unscaled: i64,
    scale: u8,
}

impl Number {
    /// Makes the number `unscaled × 10^−scale`.
    pub fn new(unscaled: i64, scale: u8) -> Self {
        let (mut unscaled, mut scale) = (unscaled, scale);
        while scale > 0 && unscaled % 10 == 0 {
            unscaled /= 10;
            scale -= 1;
        }
        Self { unscaled, scale }
    }

    pub(crate) fn scale(self) -> u8 {
        self.scale
    }

    pub(crate) fn is_positive(self) -> bool {
        self.unscaled > 0
    }

    /// Answers the integer that stands for this number in a column of `scale`; `None` when there is
    /// none.
    pub(crate) fn at_scale(self, scale: i8) -> Option<i128> {
        let shift = i16::from(scale) - i16::from(self.scale);
        let power = 10_i128.checked_pow(u32::from(shift.unsigned_abs()))?;
        let unscaled = i128::from(self.unscaled);
        if shift >= 0 {
            return unscaled.checked_mul(power);
        }
        (unscaled % power == 0).then(|| unscaled / power)
    }

    /// Answers the double that the text of this number reads as.
    pub(crate) fn to_f64(self) -> f64 {
        // Parsing rounds once; dividing two floats would round twice.
        self.to_string().parse().unwrap_or(f64::NAN)
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::new(number, 0)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        bytes::push_decimal(i128::from(self.unscaled), self.scale, &mut text);
        f.write_str(&text)
    }
}
