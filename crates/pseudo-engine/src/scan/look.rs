//! One column, while it is looked at.
//!
//! Most values cannot be identifiers, and are only counted; each of the others is looked at when it
//! is met, and counts when it is met for the first time. When it is met again, its rows do.

use std::borrow::Cow;

use encoding_rs::GB18030;
use pseudo_pii::{Candidate, Recogniser};

use super::distinct::{Distinct, Met, fingerprint};
use super::lone::Lone;
use super::{Place, ScanFinding};
use crate::verify::form::{Alphabet, Form};

/// What is known of a column.
pub(super) struct Look {
    recogniser: Recogniser,
    /// Of values that were met before.
    again: Recogniser,
    distinct: Distinct,
    /// Values that are not NULL.
    values: u64,
    /// Values that no row held when they were claimed, and who claims them.
    claims: Vec<(Place, Box<str>)>,
    /// Values that a footer or a dictionary tells of, and no row holds.
    strays: [(Place, Lone); 2],
}

impl Look {
    /// With `room` bytes for distinct values.
    pub(super) fn new(room: usize) -> Self {
        Self {
            recogniser: Recogniser::default(),
            again: Recogniser::default(),
            distinct: Distinct::new(room),
            values: 0,
            claims: Vec::new(),
            strays: [Place::Dictionary, Place::Statistics].map(|place| (place, Lone::default())),
        }
    }

    /// Adds rows of a value that may be text.
    pub(super) fn add(&mut self, value: &[u8], rows: u64) {
        match std::str::from_utf8(value) {
            Ok(text) => self.add_text(text, rows),
            Err(_) => self.add_others(rows),
        }
    }

    /// Adds rows of a value that is text.
    pub(super) fn add_text(&mut self, value: &str, rows: u64) {
        match Worth::of(value, rows) {
            Some(worth) => self.add_worth(&worth),
            None => self.add_others(rows),
        }
    }

    /// Adds rows of a value that is text, or keeps it for later in `batch`, which [`Look::flush`]
    /// adds.
    #[inline]
    pub(super) fn add_later<'v>(&mut self, value: &'v str, rows: u64, batch: &mut Batch<'v>) {
        let Some(worth) = Worth::of(value, rows) else {
            self.add_others(rows);
            return;
        };
        batch.push(worth);
        if batch.len() == BATCH {
            self.flush(batch);
        }
    }

    /// Adds what was kept for later.
    pub(super) fn flush(&mut self, batch: &mut Batch<'_>) {
        self.distinct.fetch(batch.iter().map(|worth| worth.print));
        for worth in batch.drain(..) {
            self.add_worth(&worth);
        }
    }

    #[inline]
    fn add_worth(&mut self, worth: &Worth<'_>) {
        self.values += worth.rows;
        let recogniser = match self.distinct.add(worth.print) {
            Met::New | Met::Claimed => &mut self.recogniser,
            Met::InRow => &mut self.again,
        };
        recogniser.add_candidate(worth.text, worth.candidate, worth.rows);
    }

    /// Adds rows of values that cannot be identifiers.
    pub(super) const fn add_others(&mut self, rows: u64) {
        self.values += rows;
        self.recogniser.add_others(rows);
    }

    /// Adds a value that `place` tells of; rows that hold it may follow.
    pub(super) fn claim(&mut self, value: &[u8], place: Place) {
        let text = std::str::from_utf8(value).unwrap_or_default();
        if candidate(text).is_some() && self.distinct.claim(value) == Met::New {
            self.claims.push((place, text.into()));
        }
    }

    /// Makes room for the values of a part of the file, where there is little left.
    pub(super) fn relieve(&mut self) {
        if self.distinct.is_full() {
            self.settle();
            self.distinct.clear();
        }
    }

    /// Decides on the claims.
    fn settle(&mut self) {
        for (claimed, text) in self.claims.drain(..) {
            if self.distinct.claim(text.as_bytes()) == Met::InRow {
                continue;
            }
            let stray = self.strays.iter_mut().find(|(place, _)| *place == claimed);
            if let Some((_, lone)) = stray {
                lone.add(&text);
            }
        }
    }

    /// What the column shows.
    pub(super) fn finish(mut self, place: Place, column: Option<&str>) -> Vec<ScanFinding> {
        self.settle();
        self.recogniser.merge_rows(&self.again);
        let column = column.map(str::to_owned);
        let found = self.recogniser.findings().into_iter();
        let mut findings: Vec<_> = found
            .map(|finding| ScanFinding {
                place,
                column: column.clone(),
                kind: finding.kind,
                certainty: finding.certainty,
                values: finding.values,
                rows: finding.rows,
                of: self.values,
            })
            .collect();
        for (place, lone) in &self.strays {
            findings.extend(lone.findings(*place, column.as_deref()));
        }
        findings
    }
}

/// A value that may be an identifier, with its rows.
pub(super) struct Worth<'v> {
    text: &'v str,
    candidate: Candidate,
    rows: u64,
    print: u64,
}

/// Values that are added together.
pub(super) type Batch<'v> = Vec<Worth<'v>>;

impl<'v> Worth<'v> {
    #[inline]
    fn of(text: &'v str, rows: u64) -> Option<Self> {
        let candidate = candidate(text)?;
        Some(Self {
            text,
            candidate,
            rows,
            print: fingerprint(text.as_bytes()),
        })
    }
}

/// What is to be looked for in a value that may be an identifier.
#[inline]
fn candidate(value: &str) -> Option<Candidate> {
    Candidate::of(value).filter(|_| !is_pseudonym(value))
}

/// Whether a value is a token or a seal as text: it then is no identifier, whatever else it is.
fn is_pseudonym(value: &str) -> bool {
    const SHORT: Form = Form::Text {
        length: 26,
        alphabet: Alphabet::Base32,
    };
    const LONG: Form = Form::Text {
        length: 52,
        alphabet: Alphabet::Base32,
    };
    let bytes = value.as_bytes();
    let seal = |alphabet| Form::Seal(Some(alphabet)).holds(bytes);
    match bytes {
        [b'a' | b'A', ..] if seal(Alphabet::Base64Url) || seal(Alphabet::Base32) => true,
        _ => SHORT.holds(bytes) || LONG.holds(bytes),
    }
}

/// Bytes of a file of text as text: UTF-8, or else GB 18030, which Chinese tools write.
pub(super) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => GB18030.decode_without_bom_handling(bytes).0,
    }
}

/// Values in a batch: as many as a core waits for at a time.
const BATCH: usize = 32;
/// Bytes for the distinct values of a column, or of all columns of a file of text.
pub(super) const ROOM: usize = 4 << 20;
