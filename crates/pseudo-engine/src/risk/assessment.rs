//! What `pseudo assess` says of a run.

use serde::{Deserialize, Serialize};

use super::SetRisk;

/// The format this build writes and reads.
pub const FORMAT: &str = "pseudo-assessment/1";

/// What a published run tells of the people in it. It holds names of tables and columns and
/// figures, and no value of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// Always [`FORMAT`].
    pub format: String,
    /// The run.
    pub run_id: String,
    /// Its pipeline.
    pub pipeline: String,
    /// Its pseudonymisation domain.
    pub domain: String,
    /// The epoch of its secret.
    pub epoch: u32,
    /// Classes of fewer members than this are too small.
    pub k_wanted: u64,
    /// Its tables, in the order of the pipeline.
    pub tables: Vec<TableRisk>,
    /// What should be looked at, the gravest first in each table.
    pub warnings: Vec<Warning>,
}

/// What one table tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableRisk {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// The column of pseudonyms that says whom a row is about.
    pub subject: Option<String>,
    /// Its distinct values, NULL being none.
    pub subjects: Option<u64>,
    /// The sets of columns that were asked about.
    pub sets: Vec<AssessedSet>,
    /// Its columns, in the order of the files.
    pub columns: Vec<ColumnRisk>,
}

/// A set of quasi-identifiers, and who chose it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssessedSet {
    /// Who chose it.
    pub origin: Origin,
    /// What it tells.
    #[serde(flatten)]
    pub risk: SetRisk,
}

/// Who chose a set of quasi-identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The pipeline.
    Declared,
    /// Whoever asked.
    Given,
    /// The assessment, by rules and names.
    Proposed,
    /// Nobody: all columns that show values, the worst case.
    All,
}

/// What a column is to somebody who looks for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnClass {
    /// Its rule makes pseudonyms: of what identifies by itself.
    Pseudonym,
    /// It may be known of somebody.
    QuasiIdentifier,
    /// Nobody should learn it of somebody.
    Sensitive,
    /// Neither.
    Other,
}

/// What one column tells by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnRisk {
    /// Its name.
    pub column: String,
    /// What it is.
    pub class: ColumnClass,
    /// Its rule, in words.
    pub action: String,
    /// Rows.
    pub rows: u64,
    /// Rows where it is NULL.
    pub nulls: u64,
    /// Distinct values, NULL being none.
    pub distinct: u64,
    /// Rows that are alone with their value.
    pub unique: u64,
    /// Rows that hold the most frequent value.
    pub top: u64,
    /// Bits of Shannon entropy of a row's value.
    pub entropy: f64,
    /// Bits of min-entropy: of the most frequent value.
    pub min_entropy: f64,
    /// Expected success of an attacker who counts, where the rule makes pseudonyms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<FrequencyAttack>,
    /// How long the seals are, where the rule makes seals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lengths: Option<LengthGroups>,
}

/// An attacker who knows how often each value occurs, to the row, and gives the most frequent
/// pseudonym the most frequent value, and so on; of values that are equally frequent by chance. Of
/// `m` pseudonyms in a tie one is right on average, whatever `m` is. A real attacker knows less.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrequencyAttack {
    /// Expected number of pseudonyms that are matched with their value.
    pub values: f64,
    /// Expected share of the rows with a pseudonym that are read so.
    pub rows: f64,
}

/// Groups of seals of one length: a seal is as long as what it seals, but for a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LengthGroups {
    /// Distinct lengths.
    pub lengths: u64,
    /// Rows of the rarest length.
    pub smallest: u64,
    /// Rows that are alone with their length.
    pub unique: u64,
}

/// What should be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What it is about.
    pub kind: WarningKind,
    /// The table.
    pub table: String,
    /// The columns.
    pub columns: Vec<String>,
    /// What is the matter, in a sentence with figures.
    pub text: String,
}

/// What a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WarningKind {
    /// Members in classes that are too small.
    SmallClasses,
    /// All members of a class share a sensitive value.
    SharedValue,
    /// Pseudonyms of few values, or of one that is in most rows: counting reads them.
    SkewedPseudonym,
    /// A part of a value beside the pseudonym of the same value.
    PartBesidePseudonym,
    /// A value that is nearly a row's own: a timestamp, an amount, a place.
    FineValue,
    /// Seals whose length tells them apart.
    SealLength,
    /// Values that few rows share.
    RareValue,
    /// Few subjects.
    FewSubjects,
}
