//! What chance explains: counts of one shape, and the Chernoff bound of the binomial tail.

use super::{Certainty, Part};

/// How many values have a shape, how many of them pass, and how many rows hold those.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    shaped: u64,
    passed: u64,
    rows: u64,
}

impl Tally {
    /// Counts a value of the shape.
    pub(super) const fn count(&mut self, passed: bool, rows: u64) {
        self.shaped = self.shaped.saturating_add(1);
        if passed {
            self.passed = self.passed.saturating_add(1);
            self.rows = self.rows.saturating_add(rows);
        }
    }

    pub(super) const fn merge(&mut self, other: Self) {
        self.shaped = self.shaped.saturating_add(other.shaped);
        self.passed = self.passed.saturating_add(other.passed);
        self.rows = self.rows.saturating_add(other.rows);
    }

    /// Adds rows of values that are counted.
    pub(super) const fn merge_rows(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
    }

    /// The same values among all of a wider shape.
    pub(super) const fn among(self, shaped: u64) -> Self {
        Self { shaped, ..self }
    }

    pub(super) const fn all_passed(self) -> bool {
        self.passed == self.shaped
    }

    /// What the tally says of a kind with this base rate.
    pub(super) fn judged(self, base: f64) -> Option<Part> {
        if !self.is_beyond(base) {
            None
        } else if self.is_above(MOST) {
            Some(self.part(Certainty::Certain))
        } else {
            Some(self.part(Certainty::Suspect))
        }
    }

    /// The same, where the shape has no check that could make it certain.
    pub(super) fn suspected(self, base: f64) -> Option<Part> {
        self.is_beyond(base).then(|| self.part(Certainty::Suspect))
    }

    /// What it says of a kind that chance does not make, certain from so many values on.
    pub(super) fn judged_without_chance(self, certain: u64) -> Option<Part> {
        let certainty = if self.passed >= certain {
            Certainty::Certain
        } else {
            Certainty::Suspect
        };
        (self.passed > 0).then(|| self.part(certainty))
    }

    pub(super) const fn part(self, certainty: Certainty) -> Part {
        Part {
            certainty,
            values: self.passed,
            rows: self.rows,
        }
    }

    /// Whether the pass rate is above three times its base.
    pub(super) fn is_beyond(self, base: f64) -> bool {
        self.is_above(TIMES * base)
    }

    /// Whether the pass rate is above `rate`, with the confidence of the module.
    ///
    /// Were it `rate`, so many would pass of `n` with a chance of at most `exp(−n · D)`, where `D`
    /// is the relative entropy of the share that passed to `rate` (Chernoff, Hoeffding).
    pub(super) fn is_above(self, rate: f64) -> bool {
        let (shaped, passed) = (self.shaped as f64, self.passed as f64);
        let failed = shaped - passed;
        if passed <= shaped * rate {
            return false;
        }
        let term = |seen: f64, rate: f64| {
            if seen > 0.0 {
                seen * (seen / (shaped * rate)).ln()
            } else {
                0.0
            }
        };
        term(passed, rate) + term(failed, 1.0 - rate) >= CONFIDENCE
    }
}

/// Natural logarithm of 1,000: an error once in a thousand, were the rate at the limit. At the base
/// rate itself, a third of it, an error is a thousand times rarer still.
const CONFIDENCE: f64 = 6.907_755_278_982_137;
/// How far beyond its base a rate has to be.
const TIMES: f64 = 3.0;
/// Most values of a shape.
const MOST: f64 = 0.5;
