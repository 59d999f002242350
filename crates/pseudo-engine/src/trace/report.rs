//! What a trace tells: counts, names, runs and times. No value.

use std::collections::BTreeSet;
use std::path::PathBuf;

use pseudo_pii::{Certainty, Kind};

use super::form::Written;
use crate::audit::Recorded;
use crate::scan::Format;

/// Where the rows of a leak are from, and how many people they concern.
#[derive(Clone, Debug)]
pub struct TraceReport {
    /// What the leak is.
    pub format: Format,
    /// Its rows that were looked at.
    pub rows: u64,
    /// What it holds.
    pub class: Class,
    /// What was not looked at, and what to think of that.
    pub notes: Vec<String>,
    /// Its columns.
    pub columns: Vec<TracedColumn>,
    /// Pseudonyms that two keys have made, which cannot be: a manifest, a key or a file lies.
    pub conflicts: u64,
    /// The retained runs of the sinks that were given, by sink and time.
    pub runs: Vec<TracedRun>,
    /// How many people are concerned.
    pub people: People,
    /// What those who notify have to tell of the data: categories, by column.
    pub categories: Vec<Category>,
    /// The list of people, where one was asked for and somebody was found.
    pub list: Option<PeopleList>,
    /// Whether keys were tried at all on the tokens, by values of a source.
    pub recomputed: bool,
    /// Where this is recorded, a line in the log of each file of keys.
    pub recorded: Vec<Recorded>,
}

/// What rows, or a column of them, hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Identifiers as they are.
    Raw,
    /// Pseudonyms, by their form.
    Pseudonymised,
    /// Both.
    Mixed,
    /// Neither.
    Neither,
}

impl Class {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Pseudonymised => "pseudonymised",
            Self::Mixed => "mixed",
            Self::Neither => "neither",
        }
    }

    /// What is there when both parts are looked at together.
    pub(super) const fn of(raw: bool, pseudonyms: bool) -> Self {
        match (raw, pseudonyms) {
            (true, true) => Self::Mixed,
            (true, false) => Self::Raw,
            (false, true) => Self::Pseudonymised,
            (false, false) => Self::Neither,
        }
    }
}

/// What pseudonyms are by their form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// Irreversible.
    Token,
    /// Reversible.
    Seal,
}

impl Scheme {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Seal => "seal",
        }
    }
}

/// One column of the leak.
#[derive(Clone, Debug)]
pub struct TracedColumn {
    /// Its name where pipelines or runs know it, else its place.
    pub name: String,
    /// What it holds.
    pub class: Class,
    /// Cells that hold something.
    pub values: u64,
    /// What its pseudonyms are, and how they are written; several where it is text.
    pub forms: BTreeSet<(Scheme, Written)>,
    /// Distinct pseudonyms.
    pub pseudonyms: u64,
    /// Those that are not written as a run writes them: another case, white space around.
    pub rewritten: u64,
    /// Kinds of identifiers that stand in it as they are, with how many values.
    pub kinds: Vec<(Kind, Certainty, u64)>,
    /// Distinct identifiers that a source holds, where one was read.
    pub in_source: u64,
    /// By whose keys its pseudonyms were made.
    pub made_by: Vec<Attribution>,
    /// Distinct pseudonyms that no key at hand has made and no run holds.
    pub unknown: u64,
    /// Seals that name a key at hand, and were not made by it as they stand.
    pub damaged: u64,
}

/// By which key pseudonyms were made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Maker {
    /// The domain.
    pub domain: String,
    /// The identity.
    pub identity: String,
    /// Its kind, with its version.
    pub kind: String,
    /// The epoch.
    pub epoch: u32,
    /// The key check value of its secret, in hex.
    pub check: String,
}

/// How many pseudonyms of a column one key has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// The key.
    pub maker: Maker,
    /// Distinct pseudonyms.
    pub matched: u64,
    /// Those of them that are proved: opened, or made again of a value of the source. The others
    /// stand in a run whose manifest says so.
    pub proved: u64,
}

/// A retained run, and what it has of the leak.
#[derive(Clone, Debug)]
pub struct TracedRun {
    /// The sink.
    pub sink: PathBuf,
    /// The name of the run.
    pub run_id: String,
    /// Whether it is the current one.
    pub current: bool,
    /// Its domain.
    pub domain: String,
    /// Its epoch.
    pub epoch: u32,
    /// When it started, RFC 3339.
    pub started: String,
    /// When it was published, RFC 3339.
    pub finished: String,
    /// The table that holds most of the rows.
    pub table: Option<String>,
    /// Columns whose values were compared, besides the pseudonyms.
    pub compared: u64,
    /// Rows of the leak that stand in it, with the values that it has.
    pub held: u64,
    /// Rows whose pseudonyms stand in it, with other values.
    pub changed: u64,
    /// Rows of which a pseudonym is not in it.
    pub absent: u64,
    /// Why it could not be read.
    pub unread: Option<String>,
}

impl TracedRun {
    /// Whether all rows that tell can be from it.
    #[must_use]
    pub const fn can(&self) -> bool {
        self.unread.is_none() && self.held > 0 && self.changed == 0 && self.absent == 0
    }
}

/// How many people are concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// At least so many: distinct subjects of the rows.
    pub at_least: u64,
    /// By what they were counted.
    pub by: Option<String>,
    /// At most so many: the subjects of what the rows were taken from.
    pub at_most: Option<u64>,
    /// What that is.
    pub of: Option<String>,
}

/// One column of the leak for those who are to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// The column.
    pub column: String,
    /// What it is about: an identity, a kind, or nothing that is known.
    pub about: Option<String>,
    /// What was done to it.
    pub rule: String,
}

/// The sealed list of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeopleList {
    /// The file.
    pub path: PathBuf,
    /// Whom it is sealed to, `age1…`.
    pub recipient: String,
    /// Lines: one for each subject and table.
    pub lines: u64,
    /// Distinct people.
    pub people: u64,
}
