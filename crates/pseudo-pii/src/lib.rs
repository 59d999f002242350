//! Identifier kinds: canonical form, checksum, derived parts, synthetic values.
//!
//! A [`Kind`] turns every spelling of one identifier into one text, so that equal identifiers get
//! equal tokens, and says whether the identifier is well made. The rules are versioned: the text a
//! kind writes for a value never changes within a version.
//!
//! Invariants: no input makes this crate panic; nothing here reads a file, a clock or a key; no
//! error or `Debug` text holds a cell value; a blank never yields text.
//!
//! Reading order: [`canonical`] (steps every kind shares) · `plain` and `fold` (their shortcuts for
//! clean and for dirty values) · [`kind`] (the kinds, one file each) · [`checksum`] ·
//! [`mod@derive`] (parts an analyst may keep) · [`recognise`] (what kinds a column holds) ·
//! [`sample`] (identifiers that belong to nobody).

pub mod canonical;
pub mod checksum;
pub mod derive;
mod fold;
pub mod kind;
mod plain;
pub mod recognise;
pub mod sample;

pub use crate::canonical::{Blanks, Canonical, UNICODE_VERSION, Verdict};
pub use crate::kind::Kind;
pub use crate::recognise::{Candidate, Certainty, Finding, Recogniser};
