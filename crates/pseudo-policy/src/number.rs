//! Exact numbers of a policy: the steps, widths and edges of `round` and `band`, as they are
//! written. A binary float would move the edge `0.1`, and with it the rows that stand on it.

use std::cmp::Ordering;
use std::fmt;

/// A decimal of at most 18 digits, `unscaled × 10^−scale`, in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    unscaled: i64,
    scale: u8,
}

impl Number {
    /// Reads a TOML integer or float as written; None for `inf`, `nan` and more than 18 digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text: String = text.trim().chars().filter(|c| *c != '_').collect();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(&text)),
        };
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (digits, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let written = format!("{whole}{fraction}");
        if written.is_empty() || !written.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut digits = written.trim_start_matches('0').to_owned();
        let mut scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        while scale > 0 && digits.ends_with('0') {
            digits.pop();
            scale -= 1;
        }
        if digits.is_empty() {
            return Some(Self {
                unscaled: 0,
                scale: 0,
            });
        }
        if scale < 0 {
            let zeros = usize::try_from(scale.unsigned_abs()).ok()?;
            if zeros > DIGITS_MAX {
                return None;
            }
            digits.push_str(&"0".repeat(zeros));
            scale = 0;
        }
        let scale = u8::try_from(scale).ok()?;
        if digits.len() > DIGITS_MAX || usize::from(scale) > DIGITS_MAX {
            return None;
        }
        Some(Self {
            unscaled: sign * digits.parse::<i64>().ok()?,
            scale,
        })
    }

    /// The digits, with their sign.
    #[must_use]
    pub const fn unscaled(self) -> i64 {
        self.unscaled
    }

    /// How many of the digits stand behind the point, 0 to 18.
    #[must_use]
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// Whether the number is an integer.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.scale == 0
    }

    /// The nearest binary float.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Parsing rounds once; dividing two floats would round twice.
        self.to_string().parse().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        let digits = format!(
            "{:0>width$}",
            self.unscaled.unsigned_abs(),
            width = scale + 1
        );
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if self.unscaled < 0 { "-" } else { "" };
        let point = if scale == 0 { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        // 18 digits times 10^18 fit.
        let left = i128::from(self.unscaled) * 10_i128.pow(u32::from(other.scale));
        left.cmp(&(i128::from(other.unscaled) * 10_i128.pow(u32::from(self.scale))))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Digits of a number, and behind its point.
const DIGITS_MAX: usize = 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_toml_writes() {
        for (written, shown) in [
            ("5000", "5000"),
            ("+1_000", "1000"),
            ("-0.250", "-0.25"),
            ("1e3", "1000"),
            ("12.5e-1", "1.25"),
            ("0.0", "0"),
            ("-0", "0"),
            ("0.000000000000000001", "0.000000000000000001"),
            ("999999999999999999", "999999999999999999"),
        ] {
            assert_eq!(Number::parse(written).unwrap().to_string(), shown);
        }
        for written in [
            "inf",
            "nan",
            "",
            "1000000000000000000",
            "1e99",
            "1e-99",
            "0x10",
        ] {
            assert_eq!(Number::parse(written), None);
        }
    }

    #[test]
    fn orders_by_value() {
        let number = |text| Number::parse(text).unwrap();
        assert!(number("0.5") < number("1"));
        assert!(number("-1") < number("-0.25"));
        assert_eq!(number("0.1").to_f64().to_bits(), 0.1_f64.to_bits());
    }
}
