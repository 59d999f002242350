//! How far published rows single people out: the terms, and the border to whoever counts.
//!
//! Rows that show the same values in a set of quasi-identifiers are an equivalence class. The
//! engine asks a [`ClassCounter`] for the classes of staged files and never learns which SQL engine
//! made them, as with [`crate::filter`]. Terms and formulas are those of El Emam, *Guide to the
//! De-Identification of Personal Health Information* (2013), which ARX follows, and of the papers
//! on l-diversity (Machanavajjhala et al. 2007) and t-closeness (Li et al. 2007).

mod assessment;
pub mod attack;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::assessment::{
    AssessedSet, Assessment, ColumnClass, ColumnRisk, FORMAT, FrequencyAttack, LengthGroups,
    Origin, TableRisk, Warning, WarningKind,
};

/// Counts equivalence classes.
pub trait ClassCounter: Sync {
    /// Answers `question` in bounded memory, without writing anything to a disk.
    ///
    /// # Errors
    /// A reason without values.
    fn count(&self, question: &ClassQuestion<'_>) -> Result<SetRisk, String>;
}

/// Counts nothing: for callers whose pipelines have no gates.
pub struct NoClasses;

impl ClassCounter for NoClasses {
    fn count(&self, _question: &ClassQuestion<'_>) -> Result<SetRisk, String> {
        Err("this build counts no classes".to_owned())
    }
}

/// A set of columns of one table that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct ClassQuestion<'a> {
    /// The Parquet files of the table, all of one schema.
    pub files: &'a [PathBuf],
    /// The columns that are known of somebody, at least one. NULL is a value like others.
    pub quasi_identifiers: &'a [String],
    /// The column of pseudonyms that says whom a row is about. With one, the members of a class are
    /// its distinct subjects; without, its rows.
    pub subject: Option<&'a str>,
    /// The columns that nobody should learn of somebody.
    pub sensitive: &'a [String],
    /// Classes of fewer members than this are too small.
    pub k: u64,
    /// Bytes that the count may hold.
    pub memory_bytes_max: usize,
}

/// What the members of a class are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Rows: the table has no column of pseudonyms that says whom a row is about.
    Rows,
    /// Distinct subjects.
    Subjects,
}

/// What a set of quasi-identifiers tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetRisk {
    /// The columns.
    pub quasi_identifiers: Vec<String>,
    /// What is counted.
    pub unit: Unit,
    /// Members of all classes. A subject that is in several classes counts in each.
    pub members: u64,
    /// Classes.
    pub classes: u64,
    /// Members of the smallest class; 0 of an empty table.
    pub k: u64,
    /// Members that are alone in their class.
    pub unique: u64,
    /// The `k` that was asked for.
    pub k_wanted: u64,
    /// Members of classes smaller than that.
    pub below: u64,
    /// Classes by size, in rising bands that leave none out.
    pub sizes: Vec<SizeBand>,
    /// Risks of the three attackers.
    pub risks: Risks,
    /// What the classes tell of each sensitive column, in the order of the question.
    pub sensitive: Vec<SensitiveRisk>,
}

/// Classes of about one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeBand {
    /// The fewest members.
    pub from: u64,
    /// The most members.
    pub to: u64,
    /// Classes of this size.
    pub classes: u64,
    /// Members of them.
    pub members: u64,
}

/// Probabilities that an attacker links a record to the right person, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Risks {
    /// Of an attacker who knows that a certain person is in the table.
    pub prosecutor: AttackerRisk,
    /// Of an attacker who does not know it, against the population that was given; as the
    /// prosecutor's when none was.
    pub journalist: AttackerRisk,
    /// The share that an attacker who links all records gets right.
    pub marketer: f64,
}

/// The risk of one attacker.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttackerRisk {
    /// Of the record at most risk.
    pub highest: f64,
    /// Of all records on average.
    pub average: f64,
    /// Share of the records whose risk is above `1 / k_wanted`.
    pub at_risk: f64,
}

/// What the classes tell of one sensitive column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensitiveRisk {
    /// The column.
    pub column: String,
    /// Distinct values in the class that has the fewest (distinct l-diversity).
    pub l_distinct: u64,
    /// `exp` of the smallest entropy of a class (entropy l-diversity).
    pub l_entropy: f64,
    /// The largest distance between the distribution in a class and that in the whole table:
    /// earth mover's distance over equal distances, or over ranks where values have an order.
    pub t: f64,
    /// Whether `t` is over ranks.
    pub ordered: bool,
    /// Members of classes that all share one value: it is known of them without being singled out.
    pub disclosed: u64,
}
