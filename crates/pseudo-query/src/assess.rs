//! `pseudo assess`: what the current run tells of the people in it. No key is needed for it.
//!
//! Reading order: this file (what is asked of which table) · `columns` (each column by itself) ·
//! `warnings` (what should be looked at). Sets of columns are counted by [`crate::classes`].

mod columns;
mod warnings;

use std::path::{Path, PathBuf};

use pseudo_engine::manifest::{Manifest, TableManifest};
use pseudo_engine::risk::{
    AssessedSet, Assessment, ColumnClass, FORMAT, Origin, TableRisk, Unit, classify,
};

use crate::classes::scan::Files;
use crate::classes::{SetColumns, count, nothing};
use crate::error::Error;
use crate::layout;

/// What to assess.
#[derive(Debug, Clone, Copy)]
pub struct Assess<'a> {
    /// Where runs are published.
    pub sink: &'a Path,
    /// The tables; all when there are none.
    pub tables: &'a [String],
    /// Sets of columns, each of one table.
    pub quasi_identifiers: &'a [Vec<ColumnName>],
    /// Columns that nobody should learn of somebody, besides those that are found by name.
    pub sensitive: &'a [ColumnName],
    /// Classes of fewer members than this are too small; what the pipeline declares when absent,
    /// or [`K`].
    pub k: Option<u64>,
    /// What counts may hold together.
    pub memory_bytes_max: usize,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnName {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

/// The fewest members of a class where nobody says otherwise.
pub const K: u64 = 5;

/// A set that is to be counted.
struct Wanted {
    origin: Origin,
    columns: Vec<String>,
    sensitive: Vec<String>,
}

impl Assess<'_> {
    /// Assesses the current run of the sink.
    ///
    /// # Errors
    /// When nothing is published, a table or a column is not there, a file is damaged, or a count
    /// does not fit into the memory that it may hold.
    pub fn assess(&self) -> Result<Assessment, Error> {
        let (run_id, dir, manifest) = layout::current(self.sink)?;
        let unknown = |name: &&String| !manifest.tables.iter().any(|t| t.table == **name);
        let given = self
            .quasi_identifiers
            .iter()
            .flatten()
            .chain(self.sensitive);
        let mut named = self.tables.iter().chain(given.map(|name| &name.table));
        if named.any(|name| unknown(&name)) {
            return Err(Error::UnknownTable {
                tables: manifest.tables.iter().map(|t| t.table.clone()).collect(),
            });
        }
        let k = self.k.unwrap_or_else(|| declared_k(&manifest));
        let asked =
            |table: &&TableManifest| self.tables.is_empty() || self.tables.contains(&table.table);
        let mut tables = Vec::new();
        let mut warnings = Vec::new();
        for table in manifest.tables.iter().filter(asked) {
            let risk = self.table(&dir, table, k)?;
            warnings.extend(warnings::of(table, &risk, k));
            tables.push(risk);
        }
        Ok(Assessment {
            format: FORMAT.to_owned(),
            run_id,
            pipeline: manifest.recipe.pipeline,
            domain: manifest.recipe.domain,
            epoch: manifest.recipe.epoch,
            k_wanted: k,
            tables,
            warnings,
        })
    }

    fn table(&self, dir: &Path, table: &TableManifest, k: u64) -> Result<TableRisk, Error> {
        let mut classes = classify(table);
        for name in self
            .sensitive
            .iter()
            .filter(|name| name.table == table.table)
        {
            let mut columns = table.columns.iter().zip(&mut classes);
            let column = columns.find(|(column, _)| column.column == name.column);
            let (_, class) = column.ok_or_else(|| no_column(&name.column))?;
            *class = ColumnClass::Sensitive;
        }
        let wanted = self.wanted(table, &classes);
        let files: Vec<PathBuf> = table
            .outputs
            .iter()
            .map(|file| dir.join(&file.path))
            .collect();
        let mut risk = TableRisk {
            table: table.table.clone(),
            rows: 0,
            subject: table.subject.clone(),
            subjects: None,
            sets: Vec::new(),
            columns: Vec::new(),
        };
        if files.is_empty() {
            risk.columns = columns::none(table, &classes);
            risk.subjects = risk.subject.as_ref().map(|_| 0);
            let unit = unit(&risk);
            let sets = wanted.into_iter().map(|set| AssessedSet {
                origin: set.origin,
                risk: nothing(&set.columns, unit, k, &set.sensitive),
            });
            risk.sets = sets.collect();
            return Ok(risk);
        }
        let files = Files::open(&files, self.memory_bytes_max)?;
        risk.rows = files.rows;
        risk.columns = columns::count(&files, table, &classes, self.memory_bytes_max)?;
        let subject = risk.subject.as_ref();
        let own = risk
            .columns
            .iter()
            .find(|column| Some(&column.column) == subject);
        risk.subjects = own.map(|column| column.distinct);
        // Where every row has a subject of its own, rows are members.
        let alone = own.is_some_and(|own| own.distinct + own.nulls.min(1) == files.rows);
        let subject = subject.filter(|_| !alone);
        let subject = subject.map(|name| files.column(name)).transpose()?;
        risk.sets = self.sets(&files, wanted, subject, unit(&risk), k)?;
        Ok(risk)
    }

    fn sets(
        &self,
        files: &Files,
        wanted: Vec<Wanted>,
        subject: Option<usize>,
        unit: Unit,
        k: u64,
    ) -> Result<Vec<AssessedSet>, Error> {
        let places = |names: &[String]| -> Result<Vec<usize>, Error> {
            names.iter().map(|name| files.column(name)).collect()
        };
        let columns = |set: &Wanted| -> Result<SetColumns, Error> {
            Ok(SetColumns {
                quasi_identifiers: places(&set.columns)?,
                sensitive: places(&set.sensitive)?,
            })
        };
        let columns: Vec<SetColumns> = wanted.iter().map(columns).collect::<Result<_, _>>()?;
        let counted = match count(files, &columns, subject, self.memory_bytes_max) {
            Ok(counted) => counted,
            // All together need too much: one after the other.
            Err(Error::Memory) if columns.len() > 1 => {
                let mut sets = Vec::new();
                for set in wanted {
                    sets.extend(self.sets(files, vec![set], subject, unit, k)?);
                }
                return Ok(sets);
            }
            Err(error) => return Err(error),
        };
        let told = wanted
            .into_iter()
            .zip(counted)
            .map(|(set, counted)| AssessedSet {
                origin: set.origin,
                risk: counted.risk(&set.columns, unit, k, &set.sensitive),
            });
        Ok(told.collect())
    }

    /// The sets of a table: what the pipeline declares, what was given, what is proposed, and all
    /// columns that show values.
    fn wanted(&self, table: &TableManifest, classes: &[ColumnClass]) -> Vec<Wanted> {
        let of = |class: &[ColumnClass]| -> Vec<String> {
            let columns = table.columns.iter().zip(classes);
            let columns = columns.filter(|(_, own)| class.contains(own));
            columns.map(|(column, _)| column.column.clone()).collect()
        };
        let sensitive = of(&[ColumnClass::Sensitive]);
        let mut sets: Vec<Wanted> = Vec::new();
        let mut add = |origin, columns: Vec<String>, sensitive: &[String]| {
            let known = |set: &Wanted| set.columns == columns;
            if !columns.is_empty() && !sets.iter().any(known) {
                let others = sensitive.iter().filter(|name| !columns.contains(name));
                let sensitive = others.cloned().collect();
                sets.push(Wanted {
                    origin,
                    columns,
                    sensitive,
                });
            }
        };
        if let Some(gate) = &table.classes {
            let declared = gate.found.sensitive.iter().map(|risk| &risk.column);
            let more = sensitive
                .iter()
                .filter(|name| declared.clone().all(|own| own != *name));
            let both: Vec<String> = declared.clone().chain(more).cloned().collect();
            add(
                Origin::Declared,
                gate.found.quasi_identifiers.clone(),
                &both,
            );
        }
        for set in self.quasi_identifiers {
            let own = set.iter().filter(|name| name.table == table.table);
            let columns = own.map(|name| name.column.clone()).collect();
            add(Origin::Given, columns, &sensitive);
        }
        add(
            Origin::Proposed,
            of(&[ColumnClass::QuasiIdentifier]),
            &sensitive,
        );
        let shown = [
            ColumnClass::QuasiIdentifier,
            ColumnClass::Sensitive,
            ColumnClass::Other,
        ];
        add(Origin::All, of(&shown), &[]);
        sets
    }
}

/// What the pipeline declares of the smallest class, at most.
fn declared_k(manifest: &Manifest) -> u64 {
    let gates = manifest
        .tables
        .iter()
        .filter_map(|table| table.classes.as_ref());
    gates.map(|gate| gate.k).max().unwrap_or(K)
}

fn unit(risk: &TableRisk) -> Unit {
    risk.subject.as_ref().map_or(Unit::Rows, |_| Unit::Subjects)
}

fn no_column(column: &str) -> Error {
    Error::NoColumn {
        column: column.to_owned(),
    }
}
