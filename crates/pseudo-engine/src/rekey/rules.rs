//! The rules that made the columns of a run, as the pipeline says them.

use pseudo_policy::{self as policy, Action, ColumnRules, Order, Pipeline, Rule};

use super::refused;
use crate::Result;
use crate::manifest::{ColumnManifest, OutputManifest, TableManifest};

/// The rules of a table that say something keyed.
pub(super) struct Rules<'a> {
    pub(super) order: Order,
    /// Place, record and rule of each column of pseudonyms, and the rules of its source.
    pub(super) columns: Vec<(usize, &'a ColumnManifest, &'a Rule, &'a ColumnRules)>,
    /// The columns of dates that are shifted by subject.
    pub(super) moved: Vec<Moved<'a>>,
}

/// A column of dates that are shifted by subject.
pub(super) struct Moved<'a> {
    /// Its place in the output.
    pub(super) output: usize,
    pub(super) name: &'a str,
    pub(super) days: u32,
    /// The place of the subjects among the columns of pseudonyms.
    pub(super) subject: usize,
}

impl<'a> Rules<'a> {
    /// Those that the pipeline has.
    pub(super) fn of(pipeline: &'a Pipeline, table: &'a TableManifest) -> Result<Self> {
        let unlike = |what: &str| {
            let fault = format!(
                "table `{}`: {what} is not what the pipeline says",
                table.table
            );
            refused(&fault, Some("make a run of all tables of the source first"))
        };
        let known = pipeline.table(&table.table).ok_or_else(|| unlike("it"))?;
        let (mut columns, mut moved) = (Vec::new(), Vec::new());
        for (output, column) in table.columns.iter().enumerate() {
            let mut rules = known
                .columns
                .iter()
                .filter(|rules| rules.column == column.source);
            let found = rules.find_map(|rules| {
                let writes = |rule: &&Rule| {
                    rule.action.writes() && rule.output(&column.source) == column.column
                };
                Some((rules.rules.iter().find(writes)?, rules))
            });
            let (rule, rules) = found.ok_or_else(|| unlike(&format!("`{}`", column.column)))?;
            let identity = rule
                .action
                .identity()
                .and_then(|name| pipeline.identities.get(name));
            let kind = identity.map(|identity| identity.kind.id());
            if rule.action.describe() != column.action || kind != column.kind.as_deref() {
                return Err(unlike(&format!("`{}`", column.column)));
            }
            match rule.action {
                Action::Shift { days } => moved.push((output, column, days)),
                _ if identity.is_some() => columns.push((output, column, rule, rules)),
                _ => {}
            }
        }
        let mut rules = Self {
            order: known.order,
            columns,
            moved: Vec::new(),
        };
        for (output, column, days) in moved {
            let subject = rules.subject(known).ok_or_else(|| {
                let (table, column) = (&table.table, &column.column);
                let fault = format!(
                    "table `{table}`: the dates of `{column}` are shifted by subject, and no \
                     column leads back to the subjects"
                );
                refused(&fault, Some("run from the source with `--new-epoch`"))
            })?;
            rules.moved.push(Moved {
                output,
                name: &column.column,
                days,
                subject,
            });
        }
        Ok(rules)
    }

    /// The place, among the columns of pseudonyms, of the one that leads back to the subjects.
    fn subject(&self, table: &policy::Table) -> Option<usize> {
        let rank = |action: &Action| match action {
            Action::Seal { .. } => 0,
            Action::Token { .. } => 1,
            // of a subject that it cannot hold nothing is left
            _ => 2,
        };
        let columns = self.columns.iter().enumerate();
        let own =
            columns.filter(|(_, (_, column, ..))| Some(&column.source) == table.subject.as_ref());
        let best = own.min_by_key(|(_, (_, _, rule, _))| rank(&rule.action));
        best.map(|(at, _)| at)
    }

    /// The columns of tokens whose originals are nowhere, or cannot be opened.
    pub(super) fn stranded(&self, table: &TableManifest, opens: bool) -> Vec<String> {
        let stranded = |column: &ColumnManifest, rules: &ColumnRules| {
            let is_held = |file: &OutputManifest| {
                let mut sealed = file.escrow.iter();
                sealed.any(|sealed| sealed.column == column.column)
            };
            // a file without values has no pairs: what is missing there shows when it is turned
            let is_there = rules.escrow().is_some() && table.outputs.iter().any(is_held);
            let is_stranded = column.counts.transformed > 0 && !(opens && is_there);
            is_stranded.then(|| format!("`{}.{}`", table.table, column.column))
        };
        let tokens = self.columns.iter();
        let tokens = tokens.filter(|(_, _, rule, _)| matches!(rule.action, Action::Token { .. }));
        tokens
            .filter_map(|(_, column, _, rules)| stranded(column, rules))
            .collect()
    }
}
