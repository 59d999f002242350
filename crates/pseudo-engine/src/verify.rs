//! The gate: what was written, read back to its last page before it is published.
//!
//! Checked are, of every file, size, rows, schema and footer; of every column, its NULLs against
//! the counts of the manifest; of every pseudonym, its form. Then, of the columns that may show
//! values, that they hold no identifier beyond what chance explains, and no value of a protected
//! column. What is found and explained by chance is recorded, as counts.
//!
//! Reading order: `rule` (what a rule lets its column show) · `form` (what pseudonyms look like) ·
//! `shape`, `stock`, `pages` (files, read back) · `proof` (all of them) · `values`, `seen` (what
//! columns hold) · `probe`, `candidate` (what protected columns hold) · `chance` (what that proves)
//! · `gate` (the decision) · `published` (the same, of a run that is published).

mod candidate;
mod chance;
mod form;
mod gate;
mod pages;
mod probe;
mod proof;
pub(crate) mod published;
mod rule;
mod seen;
mod shape;
mod stock;
mod values;

use std::collections::BTreeSet;
use std::path::Path;

use pseudo_keyring::DomainKeys;
use pseudo_policy::PlannedColumn;

use self::gate::Gate;
use self::probe::{Cells, Filter, Probe};
pub(crate) use self::probe::{each_cell, is_structured};
use self::proof::{Proof, Table};
use self::rule::Rule;
pub(crate) use self::stock::guarded;
use crate::manifest::{GateManifest, Manifest};
use crate::plan::Job;
use crate::{Error, Result, Shared, kernels};

/// Checks the staged files of `manifest` below `directory`, and answers what is to be recorded of
/// each table.
///
/// # Errors
/// [`Error::Verify`] with the first file that is not what the plan says; [`Error::Leak`] with every
/// column that shows what it should not.
pub(crate) fn staged(
    directory: &Path,
    manifest: &Manifest,
    job: &Job,
    keys: &DomainKeys,
) -> Result<Vec<GateManifest>> {
    let schemas: Vec<_> = job
        .tables
        .iter()
        .map(|bound| bound.plan.output_schema())
        .collect();
    let proof = Proof::new(directory, &manifest.tables, &schemas)?;
    let protected = Protected::new(job, keys)?;
    let columns = protected.columns;
    let mut gate = Gate::new(&proof, protected.probes, protected.sources);
    let mut is_read = false;
    let held = gate.ask(&proof, &mut |filters: &[Filter<'_>]| {
        let filter = |table, column| {
            let place = (table, column);
            let found = columns
                .binary_search_by_key(&place, |(t, c, _)| (*t, *c))
                .ok()?;
            filters.get(columns.get(found)?.2)
        };
        proof.pseudonyms(!is_read, &filter)?;
        is_read = true;
        Ok(())
    })?;
    proof.balance()?;
    let (gates, leaks) = gate.verdicts(&proof, &held);
    if leaks.is_empty() {
        Ok(gates)
    } else {
        Err(Error::Leak { leaks })
    }
}

/// Whether a column whose rule the manifest words so holds pseudonyms.
pub(crate) fn is_pseudonym(action: &str) -> bool {
    Rule::read(action).is_some_and(|rule| rule.form().is_some())
}

/// Whether every file of `manifest` is below `directory` in its recorded size.
pub(crate) fn present(directory: &Path, manifest: &Manifest) -> bool {
    manifest.files().all(|(path, bytes, _)| {
        let metadata = std::fs::metadata(directory.join(path));
        metadata.is_ok_and(|metadata| metadata.len() == bytes)
    })
}

/// The protected columns of a job.
struct Protected {
    probes: Vec<Probe>,
    /// Table, column and probe of every column of pseudonyms, ascending.
    columns: Vec<(usize, usize, usize)>,
    /// Table, column and probe of every column made of the source column that the probe protects.
    sources: BTreeSet<(usize, usize, usize)>,
}

impl Protected {
    fn new(job: &Job, keys: &DomainKeys) -> Result<Self> {
        let mut found: Vec<&PlannedColumn> = Vec::new();
        let mut protected = Self {
            probes: Vec::new(),
            columns: Vec::new(),
            sources: BTreeSet::new(),
        };
        for (table, bound) in job.tables.iter().enumerate() {
            for (index, column) in bound.plan.columns.iter().enumerate() {
                let Some(identity) = &column.identity else {
                    continue;
                };
                let same = |other: &&PlannedColumn| {
                    other.identity == column.identity && other.action == column.action
                };
                let probe = found.iter().position(same).unwrap_or(found.len());
                if probe == found.len() {
                    found.push(column);
                    let kernel = Box::new(kernels::probe(column, keys)?);
                    let cells = Cells::Kernel(kernel);
                    let name = Shared::Identity(identity.name.clone());
                    let mut probe = Probe::new(name, identity.kind, cells);
                    probe.are_numbers = true;
                    protected.probes.push(probe);
                }
                if let Some(probe) = protected.probes.get_mut(probe) {
                    probe.are_numbers &= column.input.is_integer();
                }
                protected.columns.push((table, index, probe));
                for (other, copy) in bound.plan.columns.iter().enumerate() {
                    if copy.copies() && copy.source_index == column.source_index {
                        protected.sources.insert((table, other, probe));
                    }
                }
            }
        }
        Ok(protected)
    }
}
