//! Mobile numbers of China, which have no check: eleven digits, `1`, a segment of two.
//!
//! Three things look like them. *Random numbers*: 7 % of those with eleven digits, and 70 % of
//! those that begin with 1. 55 of the 100 segments are in use or in samples; the share in them has
//! to be above 70 %. *Counters and times* cover their range evenly: one segment, or a run of
//! adjacent ones without a gap, where real numbers leave out the segments that nobody was given.
//! *Dates* before a serial number, `yymmdd` and five digits, have a month and a day at 3 to 6;
//! 4 % of mobiles do.
//!
//! Within text a number of eleven digits is rarer, and a mobile more likely: there a share above
//! 55 % makes it suspect, which takes twelve numbers instead of twenty. Certain is what is above
//! the share that even numbers all over their range would have in the segments.

use super::chance::Tally;
use super::{Certainty, Part};

/// Digits of a mobile number.
pub(super) const DIGITS: usize = 11;

/// Where a number stood.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the whole value.
    Alone,
    /// In text, or grouped 3-4-4 as people group mobiles.
    Text,
}

/// Counts of numbers of eleven digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mobiles {
    /// Any eleven digits; passed when the segment is in use.
    tally: Tally,
    /// Those that begin with 1.
    ones: u64,
    /// Those of them with a month and a day behind the segment's first digit.
    dated: u64,
    /// Those that begin with 1 by their segment.
    segments: [u32; SEGMENTS],
}

impl Default for Mobiles {
    fn default() -> Self {
        Self {
            tally: Tally::default(),
            ones: 0,
            dated: 0,
            segments: [0; SEGMENTS],
        }
    }
}

impl Mobiles {
    /// Counts a number of eleven digits.
    pub(super) fn count(&mut self, digits: &[u8; DIGITS], rows: u64) {
        self.tally.count(is_in_use(digits), rows);
        if let Some(count) = segment(digits).and_then(|at| self.segments.get_mut(at)) {
            *count = count.saturating_add(1);
            self.ones = self.ones.saturating_add(1);
            self.dated = self.dated.saturating_add(u64::from(is_dated(digits)));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.tally.merge(other.tally);
        self.ones = self.ones.saturating_add(other.ones);
        self.dated = self.dated.saturating_add(other.dated);
        for (count, other) in self.segments.iter_mut().zip(other.segments) {
            *count = count.saturating_add(other);
        }
    }

    pub(super) const fn merge_rows(&mut self, other: &Self) {
        self.tally.merge_rows(other.tally);
    }

    /// What the counts say.
    pub(super) fn judged(&self, place: Place) -> Option<Part> {
        let ones = self.tally.among(self.ones);
        let likely = self.tally.is_beyond(OF_ELEVEN_DIGITS)
            && match place {
                Place::Alone => ones.is_above(OF_ONES),
                Place::Text => ones.is_above(IN_SEGMENTS),
            }
            && self.dated <= self.ones / 2;
        let even = self.even_share()?;
        if !likely {
            None
        } else if ones.is_above(even.max(OF_ONES)) {
            Some(self.tally.part(Certainty::Certain))
        } else {
            Some(self.tally.part(Certainty::Suspect))
        }
    }

    /// The share of even numbers over the same range that would be in segments in use, `None` when
    /// the numbers are such.
    fn even_share(&self) -> Option<f64> {
        let first = self.segments.iter().position(|count| *count > 0)?;
        let last = self.segments.iter().rposition(|count| *count > 0)?;
        let range = self.segments.get(first..=last)?;
        let width = range.len() as u64;
        let most = range.iter().copied().max().map(u64::from)?;
        // Ten times as thin as the average: a gap, but for slips.
        let gap = range
            .iter()
            .any(|count| u64::from(*count).saturating_mul(10 * width) < self.ones);
        if !gap || most.saturating_mul(5) > self.ones.saturating_mul(4) {
            return None;
        }
        let used = IN_USE.get(first..=last)?.iter().filter(|used| **used);
        Some(used.count() as f64 / width as f64)
    }
}

/// Whether a number of eleven digits is of a segment in use, or of one that samples use.
pub(super) fn is_in_use(digits: &[u8; DIGITS]) -> bool {
    segment(digits).is_some_and(|at| IN_USE.get(at) == Some(&true))
}

/// The two digits behind the 1.
fn segment(digits: &[u8; DIGITS]) -> Option<usize> {
    match digits {
        [b'1', tens @ b'0'..=b'9', units @ b'0'..=b'9', ..] => {
            Some(usize::from(tens - b'0') * 10 + usize::from(units - b'0'))
        }
        _ => None,
    }
}

/// Whether digits 3 to 6 are a month and a day.
fn is_dated(digits: &[u8; DIGITS]) -> bool {
    let [_, _, m1, m2, d1, d2, ..] = *digits;
    matches!([m1, m2], [b'0', b'1'..=b'9'] | [b'1', b'0'..=b'2'])
        && matches!(
            [d1, d2],
            [b'0', b'1'..=b'9'] | [b'1' | b'2', _] | [b'3', b'0' | b'1']
        )
}

const SEGMENTS: usize = 100;

/// Segments of mobile numbers in use in 2026, and 154, 161 and 163, which samples use. The
/// satellite numbers of 174 are too few to count.
static IN_USE: [bool; SEGMENTS] = {
    const USED: &[u8; 55] = &[
        30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 45, 47, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 61,
        62, 63, 65, 66, 67, 70, 71, 72, 73, 75, 76, 77, 78, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89,
        90, 91, 92, 93, 95, 96, 97, 98, 99,
    ];
    let mut used = [false; SEGMENTS];
    let mut at = 0;
    while at < USED.len() {
        used[USED[at] as usize] = true;
        at += 1;
    }
    used
};

/// Share of random numbers with eleven digits that look like mobiles.
const OF_ELEVEN_DIGITS: f64 = 0.07;
/// Share of random numbers with eleven digits and a leading 1 that look like mobiles.
const OF_ONES: f64 = 0.7;
/// Share of them that is in segments in use.
const IN_SEGMENTS: f64 = 0.55;
