//! What chance explains, for values that many columns share without being copies of each other:
//! whole numbers and short text.
//!
//! How many of a column's values stand in a protected column is known; how many would if the two
//! had nothing to do with each other is found by asking about values that are *like* those of the
//! column: for a number *n* a random one between 0 and 2*n*, of the same divisor as all of them;
//! for text without digits the head of one value before the tail of another. Where ids are dense,
//! most numbers are ids, and finding numbers proves nothing; where they are sparse, it proves a
//! copy. Nothing is like a code of letters and digits.
//!
//! The share that is found refuses, for digits, letters and codes each by itself, when it is
//!
//! - of 20 values and 5 % of all short values of the column at least, and
//! - over four times the upper bound (three sigma) of the share of values like them,
//!   or, for letters, one half at least.
//!
//! Dense numbers from 1 on say nothing by their share. They still are a copy when the protected
//! column ends where the column ends: of its 1,024 largest values every fourth is found and twenty
//! are, and just above them next to nothing is. That takes 1,000 values, and a rule that copies:
//! what is rounded ends where it was made. Amounts with cents are whole once in a hundred rows, and
//! whole amounts are dense: under 5 % of the rows are no copy of whole numbers.
//!
//! Two counters without anything in common may end at the same number, too. Where the policy says
//! that of a column and an identity (`unrelated`), numbers refuse nothing; text does as ever.
//!
//! Where nothing says what a protected column holds, for it is just not shown, a column of under
//! 1,000 distinct values is taken for one of categories, and short values of it refuse nothing.

use std::collections::BTreeSet;

use super::probe::{Class, Overlap};
use super::seen::Value;

/// What was found of a column, and whether chance explains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Distinct values found.
    pub(crate) values: u64,
    /// Of so many asked for.
    pub(crate) of: u64,
    /// So many of them would be found by chance, at most.
    pub(crate) by_chance: u64,
    /// Chance does not explain it.
    pub(crate) refuses: bool,
    /// Chance does not explain the numbers, and nothing else refuses.
    pub(crate) are_numbers: bool,
}

/// Judges what was found of one column in one protected column, which holds categories or not.
pub(crate) fn judge(overlap: &Overlap, is_categories: bool) -> Verdict {
    let (asked, found) = (|class| overlap.asked(class), |class| overlap.found(class));
    let short = [
        (Class::Digits, Some(Class::LikeDigits)),
        (Class::Letters, Some(Class::LikeLetters)),
        (Class::Codes, None),
    ];
    let all: u64 = short.iter().map(|(class, _)| asked(*class)).sum();
    let (mut is_copy, mut by_chance) = (false, 0);
    let mut copies_numbers = ends_together(overlap);
    for (class, like) in short {
        let bound = like.map_or(0.0, |like| upper(found(like), asked(like)));
        let share = rate(found(class), asked(class));
        by_chance += expected(bound, asked(class));
        let is_many = found(class) >= FEW && rate(found(class), all) >= SHARE_MIN;
        let is_most = class == Class::Letters && share >= MOST;
        let copies = is_many && (share > TIMES * bound || is_most);
        match class {
            Class::Digits => copies_numbers |= copies,
            _ => is_copy |= copies,
        }
    }
    let refuses = found(Class::Sure) > 0 || is_copy && !is_categories;
    let are_numbers = copies_numbers && !is_categories;
    let values = found(Class::Sure) + short.iter().map(|(class, _)| found(*class)).sum::<u64>();
    Verdict {
        values,
        of: asked(Class::Sure) + all,
        by_chance: by_chance.min(all),
        refuses: refuses || are_numbers,
        are_numbers: are_numbers && !refuses,
    }
}

/// Whether the protected column ends where the numbers of the column do.
fn ends_together(overlap: &Overlap) -> bool {
    let (asked, found) = (overlap.asked(Class::Top), overlap.found(Class::Top));
    let above = upper(overlap.found(Class::Above), overlap.asked(Class::Above));
    let share = rate(found, asked);
    overlap.asked(Class::Digits) >= DENSE_MIN
        && rate(overlap.found(Class::Digits), overlap.asked(Class::Digits)) >= SHARE_MIN
        && found >= FEW
        && share >= TOP_MIN
        && share > TIMES * above
}

/// Whether a column with so many rows of whole numbers and of others may be a copy of whole ones.
pub(crate) fn may_be_whole(whole: u64, fractions: u64) -> bool {
    whole as f64 >= SHARE_MIN * fractions as f64
}

/// Values like `values`, and whether they are digits or letters.
pub(crate) fn like(values: &[Value]) -> Vec<(String, Class)> {
    let mut numbers: Vec<(&[u8], i64)> = values
        .iter()
        .filter_map(|value| Some((value.bytes.as_ref(), number(&value.bytes)?)))
        .collect();
    let is_short =
        |text: &&str| text.len() <= SHORT_BYTES && !text.bytes().any(|byte| byte.is_ascii_digit());
    let mut letters: Vec<&str> = values
        .iter()
        .filter_map(|value| std::str::from_utf8(&value.bytes).ok())
        .filter(is_short)
        .collect();
    if (numbers.len() as u64) < FEW {
        numbers.clear();
    }
    if (letters.len() as u64) < FEW {
        letters.clear();
    }
    let mut random = Random(numbers.len() as u64 ^ (letters.len() as u64) << 32);
    let mut like: Vec<(String, Class)> = Vec::new();
    let divisor = numbers.iter().fold(0, |divisor, (_, number)| {
        common(divisor, number.unsigned_abs())
    });
    for (text, number) in spread(&numbers) {
        like.push((
            random.like_number(text, *number, divisor),
            Class::LikeDigits,
        ));
    }
    for text in spread(&letters) {
        let other = letters.get(random.below(letters.len() as u64));
        let other = other.copied().unwrap_or_default();
        like.push((recombined(text, other), Class::LikeLetters));
    }
    like
}

/// Numbers just above the largest, as far up as the largest reach down.
pub(crate) fn above(top: &BTreeSet<i64>) -> Vec<String> {
    let (Some(least), Some(largest)) = (top.first(), top.last()) else {
        return Vec::new();
    };
    let divisor = top.iter().fold(0, |divisor, number| {
        common(divisor, number.abs_diff(*largest))
    });
    let steps = largest.abs_diff(*least).checked_div(divisor).unwrap_or(0);
    let asked = steps.min(ABOVE);
    let number = |nth: u64| {
        // evenly over all steps, without a product that could overflow
        let step = u128::from(nth) * u128::from(steps) / u128::from(asked.max(1));
        let rise = u64::try_from(step).ok()?.checked_mul(divisor)?;
        Some(largest.checked_add_unsigned(rise)?.to_string())
    };
    (1..=asked).filter_map(number).collect()
}

/// The number that a text of digits is.
pub(crate) fn number(value: &[u8]) -> Option<i64> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    if digits.is_empty() || digits.len() > DIGITS_MAX || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// The greatest common divisor; 0 of nothing.
fn common(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Some of many, evenly; all of few, several times.
fn spread<T>(of: &[T]) -> impl Iterator<Item = &T> {
    let step = of.len().div_ceil(LIKE_MAX).max(1);
    let times = if of.is_empty() {
        0
    } else {
        (LIKE_MIN / of.len()).max(1)
    };
    std::iter::repeat_n(of, times).flat_map(move |of| of.iter().step_by(step))
}

fn recombined(head: &str, tail: &str) -> String {
    let half = head.chars().count().div_ceil(2);
    let rest = tail.chars().count().div_ceil(2);
    head.chars()
        .take(half)
        .chain(tail.chars().skip(rest))
        .collect()
}

fn rate(part: u64, of: u64) -> f64 {
    if of == 0 {
        0.0
    } else {
        part as f64 / of as f64
    }
}

/// The upper bound of the share that `found` of `asked` tells of.
fn upper(found: u64, asked: u64) -> f64 {
    let found = found as f64;
    let bound = (found + 3.0 * found.sqrt() + 3.0) / (asked as f64).max(1.0);
    bound.min(1.0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a count"
)]
fn expected(share: f64, of: u64) -> u64 {
    (share * of as f64).round() as u64
}

/// SplitMix64, always the same: a repeated run asks the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let hash = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ hash >> 31
    }

    /// A number below `end`, or 0.
    fn below(&mut self, end: u64) -> usize {
        usize::try_from(self.next().checked_rem(end).unwrap_or(0)).unwrap_or(0)
    }

    /// A number of the size of `number`, written as `text` is.
    fn like_number(&mut self, text: &[u8], number: i64, divisor: u64) -> String {
        let steps = (number.unsigned_abs().saturating_mul(2))
            .checked_div(divisor)
            .unwrap_or(0);
        let like = (self.next() % (steps + 1)).saturating_mul(divisor);
        let sign = if number < 0 { "-" } else { "" };
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let width = if digits.first() == Some(&b'0') {
            digits.len()
        } else {
            0
        };
        format!("{sign}{like:0width$}")
    }
}

/// The largest numbers of a column that are remembered.
pub(crate) const TOP: usize = 1_024;
/// Digits of a number.
const DIGITS_MAX: usize = 18;
/// Bytes of a text that can be short.
const SHORT_BYTES: usize = 48;
/// Values like those of a column that are asked for.
const LIKE_MIN: usize = 1_024;
const LIKE_MAX: usize = 4_096;
const ABOVE: u64 = 256;
/// What no share of can prove anything.
const FEW: u64 = 20;
const SHARE_MIN: f64 = 0.05;
const TIMES: f64 = 4.0;
const MOST: f64 = 0.5;
const DENSE_MIN: u64 = 1_000;
/// Distinct values of what is more than categories.
pub(crate) const CATEGORIES_MAX: u64 = 1_000;
const TOP_MIN: f64 = 0.25;
