//! The columns of pseudonyms, of tables that are written and of those that keep their output, and
//! the probes that ask about them. How a kept table was made is told by its manifest alone: the
//! pipeline may say something else by now.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, Field};
use pseudo_keyring::DomainKeys;
use pseudo_pii::Kind;
use pseudo_policy::{Action, Identity, OnInvalid, PlannedColumn};

use super::probe::{Cells, Probe};
use super::rule::Rule;
use crate::manifest::{ColumnManifest, TableManifest};
use crate::plan::Job;
use crate::{Error, Result, Shared, kernels};

/// The protected columns of a run.
#[derive(Default)]
pub(super) struct Protected {
    pub(super) probes: Vec<Probe>,
    /// Table, column and probe of every column of pseudonyms, ascending.
    pub(super) columns: Vec<(usize, usize, usize)>,
    /// Table, column and probe of every column made of the source column that the probe protects.
    pub(super) sources: BTreeSet<(usize, usize, usize)>,
    /// By probe, the first column of its pseudonyms.
    found: Vec<PlannedColumn>,
}

impl Protected {
    /// Those of the tables of `job`, and of the tables `kept`, which are numbered behind them.
    pub(super) fn new(job: &Job, kept: &[TableManifest], keys: &DomainKeys) -> Result<Self> {
        let mut protected = Self::default();
        for (table, bound) in job.tables.iter().enumerate() {
            let columns = &bound.plan.columns;
            for (index, column) in columns.iter().enumerate() {
                let copies = columns
                    .iter()
                    .map(|other| other.copies() && other.source_index == column.source_index);
                protected.add((table, index), column, copies, keys)?;
            }
        }
        for (table, manifest) in (job.tables.len()..).zip(kept) {
            for (index, column) in manifest.columns.iter().enumerate() {
                let Some(planned) = recorded(job, manifest, column)? else {
                    continue;
                };
                let copies = manifest.columns.iter().map(|other| {
                    let is_copy = Rule::read(&other.action) == Some(Rule::Copies);
                    is_copy && other.source == column.source
                });
                protected.add((table, index), &planned, copies, keys)?;
            }
        }
        Ok(protected)
    }

    /// Adds a column, if it is one of pseudonyms; `copies` says of each column of its table whether
    /// it is a copy of the same source column.
    fn add(
        &mut self,
        (table, index): (usize, usize),
        column: &PlannedColumn,
        copies: impl Iterator<Item = bool>,
        keys: &DomainKeys,
    ) -> Result<()> {
        let Some(identity) = &column.identity else {
            return Ok(());
        };
        let same = |other: &PlannedColumn| {
            other.identity == column.identity && other.action == column.action
        };
        let probe = self.found.iter().position(same).unwrap_or(self.found.len());
        if probe == self.found.len() {
            self.found.push(column.clone());
            let cells = Cells::Kernel(Box::new(kernels::probe(column, keys)?));
            let name = Shared::Identity(identity.name.clone());
            let mut probe = Probe::new(name, identity.kind, cells);
            probe.are_numbers = true;
            probe.unrelated.clone_from(&identity.unrelated);
            self.probes.push(probe);
        }
        if let Some(probe) = self.probes.get_mut(probe) {
            probe.are_numbers &= column.input.is_integer();
        }
        self.columns.push((table, index, probe));
        let copies = copies.enumerate().filter(|(_, is_copy)| *is_copy);
        self.sources
            .extend(copies.map(|(other, _)| (table, other, probe)));
        Ok(())
    }
}

/// A column of pseudonyms as its manifest tells of it; of its source nothing is known. None for any
/// other column.
fn recorded(
    job: &Job,
    table: &TableManifest,
    column: &ColumnManifest,
) -> Result<Option<PlannedColumn>> {
    let Some(name) = &column.identity else {
        return Ok(None);
    };
    let unknown = || Error::Kept {
        table: table.table.clone(),
        fault: "its rules are not known to this program",
    };
    let kind = column.kind.as_deref().and_then(Kind::parse);
    let kind = kind.ok_or_else(unknown)?;
    let named = job.pipeline.identities.get(name);
    let action = Action::of_identity(name).find(|action| action.describe() == column.action);
    Ok(Some(PlannedColumn {
        source: column.source.clone(),
        source_index: 0,
        input: DataType::Utf8,
        output: Field::new(&column.column, DataType::Utf8, true),
        action: action.ok_or_else(unknown)?,
        identity: Some(Identity {
            name: name.clone(),
            kind,
            blank: column.blank_list.clone(),
            unrelated: named
                .map(|named| named.unrelated.clone())
                .unwrap_or_default(),
        }),
        subject: None,
        kind: Some(kind),
        on_invalid: OnInvalid::Token,
    }))
}
