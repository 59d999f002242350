//! The gate: what was written, read back to its last page before it is published.
//!
//! Checked are, of every file, size, rows, schema and footer; of every column, its NULLs against
//! the counts of the manifest; of every pseudonym, its form. Then, of the columns that may show
//! values, that they hold no identifier beyond what chance explains, and no value of a protected
//! column. What is found and explained by chance is recorded, as counts.
//!
//! Reading order: `rule` (what a rule lets its column show) · `form` (what pseudonyms look like) ·
//! `shape`, `stock`, `pages` (files, read back) · `proof` (all of them) · `values`, `numbers`,
//! `seen` (what columns hold) · `probe`, `filter`, `candidate`, `protected` (what protected
//! columns hold) · `chance` (what that proves) · `gate` (the decision) · `published` (the same, of
//! a run that is published) · `sources` (what of its source is no longer as it was).

mod candidate;
mod chance;
mod filter;
pub(crate) mod form;
mod gate;
mod numbers;
pub(crate) mod pages;
pub(crate) mod probe;
mod proof;
mod protected;
pub(crate) mod published;
mod rule;
mod seen;
mod shape;
mod sources;
pub(crate) mod stock;
pub(crate) mod values;

use std::path::Path;

use pseudo_keyring::DomainKeys;

use self::filter::Filter;
pub(crate) use self::filter::each_cell;
use self::gate::Gate;
pub(crate) use self::probe::is_structured;
use self::proof::{Proof, Table};
use self::protected::Protected;
use self::rule::Rule;
pub use self::sources::{Change, SourceChange};
pub(crate) use self::stock::guarded;
pub(crate) use self::values::distinct;
use crate::manifest::{GateManifest, Manifest, TableManifest};
use crate::plan::Job;
use crate::{Error, Result};

/// Checks the staged files of `manifest` below `directory`, and those of the tables `kept`, which
/// were not asked for and are published beside; answers what is to be recorded of each table of
/// `manifest`.
///
/// # Errors
/// [`Error::Kept`] when nobody can tell how a kept table was made; [`Error::Verify`] with the first
/// file that is not what the plan says; [`Error::Leak`] with every column that shows what it should
/// not.
pub(crate) fn staged<'a>(
    directory: &Path,
    manifest: &Manifest,
    kept: impl Iterator<Item = &'a TableManifest>,
    job: &Job,
    keys: &DomainKeys,
) -> Result<Vec<GateManifest>> {
    let mut tables = manifest.tables.clone();
    tables.extend(kept.cloned());
    let kept = tables.get(manifest.tables.len()..).unwrap_or_default();
    let planned = job
        .tables
        .iter()
        .map(|bound| Ok(bound.plan.output_schema()));
    let schemas = planned.chain(kept.iter().map(published::schema));
    let schemas: Vec<_> = schemas.collect::<Result<_>>()?;
    let proof = Proof::new(directory, &tables, &schemas)?;
    let protected = Protected::new(job, kept, keys)?;
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
    let (mut gates, leaks) = gate.verdicts(&proof, &held);
    if leaks.is_empty() {
        gates.truncate(manifest.tables.len());
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
