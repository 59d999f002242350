//! A value of the output as protected columns are asked about it: what kind of evidence it would be
//! depends on the value and on whom it is asked of.

use super::chance;
use super::probe::{Class, Probe, Question, Text};

/// A value, looked at once for all who are asked.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a> {
    text: Text<'a>,
    rows: u64,
    file: usize,
    /// What it is when it is short.
    short: Class,
    is_long: bool,
    /// No number is written like that.
    is_word: bool,
}

/// Which column of the output it stands in.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The column holds numbers.
    pub(crate) is_number: bool,
    /// The column is a copy of the very column that is protected.
    pub(crate) is_source: bool,
}

impl<'a> Candidate<'a> {
    pub(crate) fn new(value: &'a [u8], rows: u64, file: usize) -> Self {
        let has_digit = value.iter().any(u8::is_ascii_digit);
        let text = Text::new(value);
        let (short, length) = match text {
            Text::Valid(_) if chance::number(value).is_some() => (Class::Digits, value.len()),
            Text::Valid(text) if has_digit => (Class::Codes, length(text)),
            Text::Valid(text) => (Class::Letters, length(text)),
            Text::Other(_) => (Class::Codes, value.len()),
        };
        Self {
            text,
            rows,
            file,
            short,
            is_long: length >= LONG,
            is_word: value.iter().any(u8::is_ascii_alphabetic),
        }
    }

    /// The question that is put to `probe`; None where the answer is known to be no.
    pub(crate) fn question(&self, probe: &Probe, place: Place) -> Option<Question<'a>> {
        if self.is_word && probe.holds_numbers() {
            return None;
        }
        let is_proof = place.is_source || probe.is_structured();
        let counts_long = self.is_long && !(place.is_number && self.short == Class::Digits);
        let class = if is_proof || counts_long {
            Class::Sure
        } else {
            self.short
        };
        Some(Question {
            text: self.text,
            class,
            rows: self.rows,
            file: self.file,
        })
    }
}

/// Characters, as many as matter.
fn length(text: &str) -> usize {
    match text.len() {
        short @ ..LONG => short,
        long if long >= 4 * LONG => long,
        _ => text.chars().take(LONG).count(),
    }
}

/// Characters from which on a text is not found by chance.
const LONG: usize = 12;
