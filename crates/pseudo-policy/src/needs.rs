//! Which sub-keys a pipeline needs: what a bundle has to hold so that a run works with it. The file
//! alone tells, so that whoever keeps the keys need not see the source.

use std::collections::{BTreeMap, BTreeSet};

use pseudo_token::{Purpose, SubKey};

use crate::action::Action;
use crate::pipeline::{Identity, Pipeline};
use crate::table::{Order, Table};

impl Pipeline {
    /// The sub-keys that rules and row order of these tables need, and with them the proof of what
    /// was written, which asks for values by the same keys; and those of the tombstones by which
    /// rows of forgotten subjects are left out.
    #[must_use]
    pub fn needs<'a>(&self, tables: impl IntoIterator<Item = &'a Table>) -> BTreeSet<SubKey> {
        let tables = tables.into_iter();
        tables
            .flat_map(|table| of_table(table, &self.identities))
            .collect()
    }
}

fn of_table(table: &Table, identities: &BTreeMap<String, Identity>) -> Vec<SubKey> {
    let mut needs = Vec::new();
    if table.order == Order::Shuffled {
        needs.push(SubKey::shuffle());
    }
    let mut need = |purpose, name: &str| {
        // A name without an identity was refused when the file was read.
        if let Some(identity) = identities.get(name) {
            needs.push(SubKey::new(purpose, name, identity.kind.id()));
        }
    };
    for rule in table.columns.iter().flat_map(|column| &column.rules) {
        match &rule.action {
            Action::Token { identity, .. } => need(Purpose::Token, identity),
            Action::Seal { identity, .. } => need(Purpose::Seal, identity),
            Action::Fpe { identity, .. } => need(Purpose::Fpe, identity),
            Action::Shift { .. } => {
                for identity in subjects(table) {
                    need(Purpose::Shift, identity);
                }
            }
            _ => {}
        }
    }
    let subjects = subjects(table);
    for identity in &subjects {
        need(Purpose::Forget, identity);
    }
    if !subjects.is_empty() {
        needs.push(SubKey::tombstones());
    }
    needs
}

/// The identities of the column that says whom a row is about: one, or `shift` is refused.
pub(crate) fn subjects(table: &Table) -> BTreeSet<&str> {
    let column = |rules: &&crate::ColumnRules| Some(&rules.column) == table.subject.as_ref();
    let columns = table.columns.iter().filter(column);
    let rules = columns.flat_map(|column| &column.rules);
    rules.filter_map(|rule| rule.action.identity()).collect()
}
