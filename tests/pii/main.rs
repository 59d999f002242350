//! Tests of `pseudo-pii` at its boundary.

#![expect(clippy::unwrap_used, reason = "test code")]

mod blanks;
mod checksums;
mod clean;
mod derived;
mod dirty;
mod kinds;
mod laws;
mod recognise;
mod sample;
mod unicode;
mod vectors;

use pseudo_pii::{Blanks, Canonical, Kind, Verdict};

/// Canonical text and verdict of a value, `None` when it is blank.
fn canonical(kind: Kind, value: &str, blanks: &Blanks) -> Option<(String, Verdict)> {
    let mut out = String::from(BEFORE);
    let answer = kind.canonical(value, blanks, &mut out);
    read(answer, value, &out)
}

/// The same, by the definition of the kind without its shortcuts.
fn canonical_slow(kind: Kind, value: &str, blanks: &Blanks) -> Option<(String, Verdict)> {
    let mut out = String::from(BEFORE);
    let answer = kind.canonical_slow(value, blanks, &mut out);
    read(answer, value, &out)
}

/// Holds an answer against its contract: only `Written` appends, and never what was there already.
fn read(answer: Canonical, value: &str, out: &str) -> Option<(String, Verdict)> {
    let appended = out.strip_prefix(BEFORE).unwrap();
    match answer {
        Canonical::Blank => {
            assert_eq!(appended, "");
            None
        }
        Canonical::Same(verdict) => {
            assert_eq!(appended, "");
            Some((value.to_owned(), verdict))
        }
        Canonical::Written(verdict) => {
            assert_ne!(appended, value);
            assert_ne!(appended, "");
            Some((appended.to_owned(), verdict))
        }
    }
}

/// No text but the empty one is blank.
fn no_blanks() -> Blanks {
    Blanks::new(&[])
}

/// What an output column holds before a value is appended; it must be left alone.
const BEFORE: &str = "前0";
