//! How the values of a column of text are written: as dates, as numbers. One value that is not
//! tells as much as all of them.

use crate::source::csv::{date, timestamp};

/// What all values so far have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    seen: bool,
    dates: bool,
    timestamps: bool,
    integers: bool,
    numbers: bool,
    /// Digits behind the point at most.
    scale: usize,
    /// Digits before the point at most.
    digits: usize,
}

/// What all values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// `YYYY-MM-DD`.
    Dates,
    /// A date, and a time of the day.
    Timestamps,
    /// Whole numbers without leading zeros.
    Integers,
    /// Numbers with as many digits behind the point at most.
    Decimals(usize),
}

impl Default for Spelling {
    fn default() -> Self {
        Self {
            seen: false,
            dates: true,
            timestamps: true,
            integers: true,
            numbers: true,
            scale: 0,
            digits: 0,
        }
    }
}

impl Spelling {
    /// Looks at a value.
    pub(super) fn add(&mut self, text: &str) {
        self.seen = true;
        self.dates = self.dates && date(text.as_bytes()).is_some();
        self.timestamps = self.timestamps && timestamp(text.as_bytes()).is_some();
        if !self.numbers {
            return;
        }
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_code = whole.len() > 1 && whole.starts_with('0');
        self.numbers = is_digits(whole) && is_digits(part) && !is_code;
        let is_whole = whole.len() == unsigned.len();
        self.integers = self.integers && self.numbers && is_whole;
        self.digits = self.digits.max(whole.len());
        self.scale = self.scale.max(if is_whole { 0 } else { part.len() });
    }

    /// What all values are, if they are alike.
    pub(super) fn written(&self) -> Option<Written> {
        match self {
            Self { seen: false, .. } => None,
            Self { dates: true, .. } => Some(Written::Dates),
            Self {
                timestamps: true, ..
            } => Some(Written::Timestamps),
            Self { numbers: false, .. } => None,
            Self { integers: true, .. } => (self.digits <= DIGITS).then_some(Written::Integers),
            _ => (self.digits + self.scale <= DIGITS).then_some(Written::Decimals(self.scale)),
        }
    }
}

/// What a number of 64 bits holds for sure.
const DIGITS: usize = 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_that_is_otherwise_decides() {
        let of = |values: &[&str]| {
            let mut spelling = Spelling::default();
            values.iter().for_each(|value| spelling.add(value));
            spelling.written()
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["2020-02-29", "1999-12-31"]), Some(Written::Dates));
        assert_eq!(of(&["2020-02-29 08:00:00"]), Some(Written::Timestamps));
        assert_eq!(of(&["2021-02-29"]), None);
        assert_eq!(of(&["7", "-12", "0"]), Some(Written::Integers));
        assert_eq!(of(&["7", "1.25", "0.5"]), Some(Written::Decimals(2)));
        assert_eq!(of(&["7", "010000"]), None);
        assert_eq!(of(&["7", "x"]), None);
        assert_eq!(of(&["1234567890123456789"]), None);
    }
}
