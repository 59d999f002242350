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
        let mut columns: Vec<usize> = self
            .columns
            .iter()
            .map(|column| column.source_index)
            .collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// SHA-256, in lowercase hexadecimal, over everything of the policy and the schema that decides
    /// the output of this table.
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
    /// The identity, of `token` and `seal`.
    pub identity: Option<Identity>,
    /// The kind of the column, if an identity or a rule says it.
    pub kind: Option<Kind>,
    /// What becomes of values that are not well made.
    pub on_invalid: OnInvalid,
}

impl PlannedColumn {
    /// What is done, in a few words: `token person, base32, 128 bits`.
    #[must_use]
    pub fn describe(&self) -> String {
        self.action.describe()
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
