//! The files of a run, read back: the columns that may show values first, the pseudonyms second.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::Array;
use arrow::datatypes::{DataType, Schema};
use bytes::BytesMut;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::filter::{Filter, each_cell};
use super::form::Form;
use super::rule::Rule;
use super::shape::{self, Opened, Shape};
use super::values::{self, Values};
use super::{pages, stock};
use crate::error::parquet_fault;
use crate::manifest::{OutputManifest, TableManifest};
use crate::{Error, Result};

/// One table, and how its files should be.
pub(crate) struct Table<'a> {
    pub(crate) manifest: &'a TableManifest,
    pub(crate) columns: Vec<Column>,
    pub(crate) shape: Shape,
}

/// One column of the output.
pub(crate) struct Column {
    pub(crate) rule: Rule,
    pub(crate) data_type: DataType,
    /// Cells that were found to be NULL.
    nulls: AtomicU64,
}

impl Column {
    /// Whether values of the source stand in it as they are.
    pub(crate) fn copies(&self) -> bool {
        self.rule == Rule::Copies
    }

    /// Whether the values of the column are looked at.
    pub(crate) fn shows(&self) -> bool {
        let looked_at = self.rule.is_recognised() || self.rule.is_compared();
        looked_at && values::shows(&self.data_type)
    }
}

/// The files of a run.
pub(crate) struct Proof<'a> {
    directory: &'a Path,
    pub(crate) tables: Vec<Table<'a>>,
    /// Table and output of each file.
    pub(crate) files: Vec<(usize, &'a OutputManifest)>,
}

/// The values of the columns of one file, batch by batch.
pub(crate) type FileValues = Vec<(usize, Values)>;

impl<'a> Proof<'a> {
    /// The files of `tables` below `directory`, whose schemas are `schemas`.
    pub(crate) fn new(
        directory: &'a Path,
        tables: &'a [TableManifest],
        schemas: &[Schema],
    ) -> Result<Self> {
        let table = |(manifest, schema): (&'a TableManifest, &Schema)| {
            let rules: Option<Vec<Rule>> = manifest
                .columns
                .iter()
                .map(|column| Rule::read(&column.action))
                .collect();
            let rules = rules.filter(|rules| rules.len() == schema.fields().len());
            let rules = rules.ok_or_else(|| Error::Verify {
                file: manifest.table.clone(),
                fault: "its rules are not known to this program".to_owned(),
            })?;
            let pseudonyms: Vec<bool> = rules.iter().map(|rule| rule.form().is_some()).collect();
            let shape = Shape::new(schema, &pseudonyms)?;
            let column = |(rule, field): (Rule, &std::sync::Arc<arrow::datatypes::Field>)| Column {
                rule,
                data_type: field.data_type().clone(),
                nulls: AtomicU64::new(0),
            };
            let columns = rules.into_iter().zip(schema.fields()).map(column).collect();
            Ok(Table {
                manifest,
                columns,
                shape,
            })
        };
        let outputs = |(index, table): (usize, &'a TableManifest)| {
            table.outputs.iter().map(move |output| (index, output))
        };
        Ok(Self {
            directory,
            tables: tables
                .iter()
                .zip(schemas)
                .map(table)
                .collect::<Result<_>>()?,
            files: tables.iter().enumerate().flat_map(outputs).collect(),
        })
    }

    fn open(&self, file: &(usize, &OutputManifest)) -> Result<(&Table<'a>, Opened)> {
        let table = self.tables.get(file.0).ok_or_else(lost)?;
        Ok((table, shape::open(self.directory, table, file.1)?))
    }

    /// Checks the outside of a file, reads all of its columns but the pseudonyms, and answers the
    /// values of those that may show some.
    pub(crate) fn values(&self, file: &(usize, &OutputManifest)) -> Result<FileValues> {
        let (table, opened) = self.open(file)?;
        let columns = table.columns.iter().enumerate();
        let columns: Vec<usize> = columns
            .filter(|(_, column)| column.rule.form().is_none())
            .map(|(index, _)| index)
            .collect();
        let mut found = FileValues::new();
        let rows = stock::read(&opened.file, &opened.metadata, &columns, |index, array| {
            let Some(column) = table.columns.get(index) else {
                return;
            };
            let nulls = array.logical_null_count() as u64;
            column.nulls.fetch_add(nulls, Ordering::Relaxed);
            if column.shows()
                && let Some(values) = values::distinct(array)
            {
                found.push((index, values));
            }
        });
        match rows {
            Ok(rows) if rows == file.1.rows || columns.is_empty() => Ok(found),
            Ok(_) => Err(fault(file.1, ROWS)),
            Err(text) => Err(fault(file.1, text)),
        }
    }

    /// Reads all pseudonyms: each has the form that its rule promises, and goes past the filter of
    /// its column, which `filter` answers for table and column. `counts` says that the NULLs count.
    pub(crate) fn pseudonyms<'f>(
        &self,
        counts: bool,
        filter: &(dyn Fn(usize, usize) -> Option<&'f Filter<'f>> + Sync),
    ) -> Result<()> {
        self.files
            .par_iter()
            .try_for_each_init(BytesMut::new, |memory, file| {
                let (table, opened) = self.open(file)?;
                for (index, column) in table.columns.iter().enumerate() {
                    let Some(form) = column.rule.form() else {
                        continue;
                    };
                    let filter = filter(file.0, index).filter(|filter| !filter.is_empty());
                    let cells = column_cells(&opened, index, form, filter, memory);
                    let Cells { nulls, wrong } = cells.map_err(|text| fault(file.1, text))?;
                    if counts {
                        column.nulls.fetch_add(nulls, Ordering::Relaxed);
                    }
                    if wrong > 0 {
                        return Err(self.wrong(file, index, wrong));
                    }
                }
                Ok(())
            })
    }

    fn wrong(&self, (table, output): &(usize, &OutputManifest), index: usize, cells: u64) -> Error {
        let columns = self
            .tables
            .get(*table)
            .map(|table| table.manifest.columns.as_slice());
        let column = columns.and_then(|columns| columns.get(index));
        let (name, rule) = column.map_or(("", ""), |c| (c.column.as_str(), c.action.as_str()));
        let text =
            format!("column `{name}`: {cells} cells do not have the form of their rule, `{rule}`");
        fault(output, &text)
    }

    /// Fails where another number of cells is NULL than was counted when they were made. To be
    /// asked when everything has been read once.
    pub(crate) fn balance(&self) -> Result<()> {
        for table in &self.tables {
            for (column, counted) in table.columns.iter().zip(&table.manifest.columns) {
                let counts = &counted.counts;
                let planned = counts.null + counts.blank + counts.nulled;
                let found = column.nulls.load(Ordering::Relaxed);
                if found != planned {
                    let name = &counted.column;
                    return Err(Error::Verify {
                        file: table.manifest.table.clone(),
                        fault: format!(
                            "column `{name}`: {found} cells are NULL, {planned} were counted"
                        ),
                    });
                }
            }
        }
        Ok(())
    }
}

struct Cells {
    nulls: u64,
    wrong: u64,
}

/// Reads one column of pseudonyms.
fn column_cells(
    opened: &Opened,
    index: usize,
    form: Form,
    filter: Option<&Filter<'_>>,
    memory: &mut BytesMut,
) -> Result<Cells, &'static str> {
    let (mut nulls, mut wrong) = (0, 0);
    let mut look = |cell: &[u8]| {
        wrong += u64::from(!form.holds(cell));
        if let Some(filter) = filter {
            filter.look(cell);
        }
    };
    let groups = opened.metadata.metadata().row_groups();
    if groups.iter().all(|group| pages::takes(group.column(index))) {
        for group in groups {
            let rows = usize::try_from(group.num_rows()).unwrap_or_default();
            let chunk = group.column(index);
            let read = || {
                pages::read(&opened.file, chunk, rows, memory, &mut look)
                    .map_err(|error| parquet_fault(&error))
            };
            nulls += stock::guarded(read)?;
        }
    } else {
        let rows = stock::read(&opened.file, &opened.metadata, &[index], |_, array| {
            nulls += array.logical_null_count() as u64;
            if *array.data_type() == DataType::Int64 {
                each_cell(array, |_, cell| look(cell));
            } else if let Some(values) = values::distinct(array) {
                values.iter().for_each(|(cell, _)| look(cell));
            }
        })?;
        if i64::try_from(rows) != Ok(opened.metadata.metadata().file_metadata().num_rows()) {
            return Err(ROWS);
        }
    }
    Ok(Cells { nulls, wrong })
}

const ROWS: &str = "rows are missing or too many";

fn fault(output: &OutputManifest, text: &str) -> Error {
    Error::Verify {
        file: output.path.clone(),
        fault: text.to_owned(),
    }
}

fn lost() -> Error {
    Error::Internal("verify: a table that is none".to_owned())
}
