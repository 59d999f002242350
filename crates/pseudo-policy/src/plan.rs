//! Plan: what will happen to every column of a table, with the types it ends in. Names and types
//! alone: no key, no path, no row.

use arrow_schema::{DataType, Field, Schema};
use pseudo_pii::Kind;

use crate::action::Action;
use crate::column::OnInvalid;
use crate::pipeline::Identity;
use crate::refusal::Violation;
use crate::table::Order;

/// A table bound to the schema of its source.
#[derive(Debug, Clone, PartialEq)]
pub struct TablePlan {
    /// Name of the table.
    pub table: String,
    /// The columns that are written, in the order they are written.
    pub columns: Vec<PlannedColumn>,
    /// The columns of the source that nothing is written of, in the order of the source.
    pub dropped: Vec<String>,
    /// SQL predicate over the source.
    pub filter: Option<String>,
    /// The column of the source that says whom a row is about.
    pub subject: Option<String>,
    /// Order of the rows of a chunk.
    pub order: Order,
    /// What is legal and yet deserves a word.
    pub warnings: Vec<Violation>,
    /// See [`TablePlan::hash`].
    pub(crate) hash: String,
}

impl TablePlan {
    /// The schema that is written; of the source's metadata nothing is left.
    #[must_use]
    pub fn output_schema(&self) -> Schema {
        Schema::new(
            self.columns
                .iter()
                .map(|column| column.output.clone())
                .collect::<Vec<_>>(),
        )
    }

    /// The columns of the source that rules read, rising and each once; a filter may read others.
    #[must_use]
    pub fn source_columns(&self) -> Vec<usize> {
        let subjects = self
            .columns
            .iter()
            .filter_map(|column| column.subject.as_ref());
        let mut columns: Vec<usize> = self
            .columns
            .iter()
            .map(|column| column.source_index)
            .chain(subjects.map(|subject| subject.source_index))
            .collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Whether the run has to say the day on which ages are counted.
    #[must_use]
    pub fn needs_at(&self) -> bool {
        self.columns.iter().any(PlannedColumn::needs_at)
    }

    /// SHA-256, in lowercase hexadecimal, over everything of the policy and the schema that decides
    /// the output of this table; what a run adds to it (the file of a `map`, the values that `rare`
    /// keeps, the day of an age) is not in it.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// One column of the output.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedColumn {
    /// Column of the source.
    pub source: String,
    /// Its place in the schema of the source.
    pub source_index: usize,
    /// Its type.
    pub input: DataType,
    /// What is written.
    pub output: Field,
    /// How.
    pub action: Action,
    /// The identity, of `token`, `seal` and `fpe`.
    pub identity: Option<Identity>,
    /// The column that decides by how much `shift` moves a row.
    pub subject: Option<Subject>,
    /// The kind of the column, if an identity or a rule says it.
    pub kind: Option<Kind>,
    /// What becomes of values that are not well made.
    pub on_invalid: OnInvalid,
    /// The age recipient that its originals are sealed to, pair by pair, beside the table.
    pub escrow: Option<String>,
}

/// The column that says whom a row is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// Column of the source.
    pub column: String,
    /// Its place in the schema of the source.
    pub source_index: usize,
    /// Its type.
    pub input: DataType,
    /// Its one identity.
    pub identity: Identity,
}

impl PlannedColumn {
    /// What is done, in a few words: `token person, base32, 128 bits`.
    #[must_use]
    pub fn describe(&self) -> String {
        self.action.describe()
    }

    /// Whether values of the source stand in the output, all or some: every check of such a column
    /// is that of `keep`.
    #[must_use]
    pub const fn copies(&self) -> bool {
        self.action.copies()
    }

    /// Whether the run has to say the day on which ages are counted.
    #[must_use]
    pub const fn needs_at(&self) -> bool {
        self.action.needs_at()
    }

    /// The name of the identity.
    #[must_use]
    pub fn identity_name(&self) -> Option<&str> {
        self.identity
            .as_ref()
            .map(|identity| identity.name.as_str())
    }

    /// The type that is written, as text.
    #[must_use]
    pub fn output_type(&self) -> String {
        match self.output.extension_type_name() {
            Some(UUID) => "Uuid".to_owned(),
            _ => self.output.data_type().to_string(),
        }
    }
}

/// The canonical Arrow extension type of UUIDs.
pub(crate) const UUID: &str = "arrow.uuid";
