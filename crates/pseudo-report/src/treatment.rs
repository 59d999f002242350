//! What became of the columns, in the five words that a reader needs.

use std::collections::BTreeSet;

use pseudo_engine::manifest::{ColumnManifest, Manifest, TableManifest};
use serde::Serialize;

/// What became of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Treatment {
    /// Its values are pseudonyms.
    Pseudonym,
    /// Its values say less than those of the source.
    Coarser,
    /// Its values are those of the source.
    Kept,
    /// It has no values of the source.
    Emptied,
}

impl Treatment {
    /// A rule by its first word. One that is not known is taken for the worst.
    pub(crate) fn of(column: &ColumnManifest) -> Self {
        let word = column.action.split([' ', ',']).next().unwrap_or_default();
        match word {
            "token" | "seal" | "fpe" => Self::Pseudonym,
            "mask" | "band" | "round" | "truncate" | "age" | "shift" | "derive" | "map"
            | "rare" | "prefix" | "geo" => Self::Coarser,
            "null" | "constant" | "escrow" => Self::Emptied,
            _ => Self::Kept,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pseudonym => "pseudonym",
            Self::Coarser => "coarser",
            Self::Kept => "as it is",
            Self::Emptied => "emptied",
        }
    }
}

/// How many columns became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Totals {
    /// Columns of the sources.
    pub(crate) source: usize,
    /// Those of them that no published column is made of.
    pub(crate) dropped: usize,
    /// Columns that are published.
    pub(crate) published: usize,
    pub(crate) pseudonyms: usize,
    pub(crate) coarser: usize,
    pub(crate) kept: usize,
    pub(crate) emptied: usize,
}

impl Totals {
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let mut totals = Self::default();
        for table in &manifest.tables {
            totals.source += sources(table);
            totals.dropped += table.dropped.len();
            totals.published += table.columns.len();
            for column in &table.columns {
                match Treatment::of(column) {
                    Treatment::Pseudonym => totals.pseudonyms += 1,
                    Treatment::Coarser => totals.coarser += 1,
                    Treatment::Kept => totals.kept += 1,
                    Treatment::Emptied => totals.emptied += 1,
                }
            }
        }
        totals
    }
}

/// The number of source columns of a table.
fn sources(table: &TableManifest) -> usize {
    let read: BTreeSet<_> = table.columns.iter().map(|column| &column.source).collect();
    read.len() + table.dropped.len()
}
