//! The raw source, if the thief has that too: the tables of a folder that the tables of the run
//! were made of, by name, by the paths that the manifest tells, or by their columns.

use std::path::Path;

use arrow::array::ArrayRef;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::fingerprint;
use super::stolen::{Stolen, Table};
use crate::init::find;
use crate::memory::Budget;
use crate::source::{Root, Slice, SourceFile, SourceTable};
use crate::{Cancel, Error, Result};

/// The raw tables.
pub(super) struct Raw {
    tables: Vec<RawTable>,
}

/// One of them.
pub(super) struct RawTable {
    pub(super) name: String,
    /// The table of the run.
    pub(super) of: usize,
    source: SourceTable,
}

impl Raw {
    /// Finds the raw table of each table of the run.
    pub(super) fn open(folder: &Path, stolen: &Stolen) -> Result<Self> {
        let text = folder.to_string_lossy();
        let root = Root::parse(Path::new(""), &text)
            .map_err(|_| Error::unfit(&text, "neither a directory nor a sample"))?;
        let (found, _) = find::tables(&root)?;
        let mut opened = Vec::new();
        for table in &found {
            if let Some(source) = root.open(&table.table())? {
                opened.push(Some((table.name.clone(), source)));
            }
        }
        let mut tables = Vec::new();
        for (of, table) in stolen.tables.iter().enumerate() {
            let fits = opened.iter().enumerate().filter_map(|(at, source)| {
                let (name, source) = source.as_ref()?;
                fit(table, name, source).map(|fit| (fit, at))
            });
            // of equals the first
            let best = fits.max_by_key(|(fit, at)| (*fit, std::cmp::Reverse(*at)));
            let best = best.and_then(|(_, at)| opened.get_mut(at));
            if let Some((name, source)) = best.and_then(Option::take) {
                tables.push(RawTable { name, of, source });
            }
        }
        if tables.is_empty() {
            let fault = "no table there is one of the run";
            return Err(Error::unfit(&text, fault));
        }
        Ok(Self { tables })
    }

    /// The raw tables.
    pub(super) fn tables(&self) -> impl Iterator<Item = &RawTable> {
        self.tables.iter()
    }

    /// The raw table of a table of the run.
    pub(super) fn of(&self, table: usize) -> Option<&RawTable> {
        self.tables.iter().find(|raw| raw.of == table)
    }
}

/// How well a raw table fits one of the run, if it may be it at all.
fn fit(table: &Table, name: &str, source: &SourceTable) -> Option<(u8, usize)> {
    let names = table.columns.iter().map(|column| column.source.as_str());
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    let has = |name: &&&str| source.schema.index_of(name).is_ok();
    let common = names.iter().filter(has).count();
    let is_path = |file: &SourceFile| table.sources.contains(&file.path);
    let sort = if source.files.iter().any(is_path) {
        3
    } else if name.eq_ignore_ascii_case(&table.name) {
        2
    } else {
        1
    };
    (common * 2 >= names.len() && common > 0).then_some((sort, common))
}

impl RawTable {
    /// The place of a column.
    pub(super) fn index(&self, column: &str) -> Option<usize> {
        self.source.schema.index_of(column).ok()
    }

    /// The columns, by place and name.
    pub(super) fn columns(&self) -> impl Iterator<Item = (usize, &str)> {
        let fields = self.source.schema.fields().iter().enumerate();
        fields.map(|(index, field)| (index, field.name().as_str()))
    }

    /// The fingerprints of columns, ascending, in the order of the rows.
    pub(super) fn fingerprints(&self, columns: &[usize], cancel: &Cancel) -> Result<Vec<Vec<u64>>> {
        let slices = self.slices(columns)?;
        let parts = slices.par_iter().map(|(file, slice)| {
            let mut cells = vec![Vec::new(); columns.len()];
            file.read(slice, columns, &mut |batch| {
                cancel.check()?;
                for (cells, array) in cells.iter_mut().zip(batch.columns()) {
                    fingerprint::append(array, cells)?;
                }
                Ok(())
            })?;
            Ok(cells)
        });
        let parts: Vec<Vec<Vec<u64>>> = parts.collect::<Result<_>>()?;
        let mut all = vec![Vec::new(); columns.len()];
        for part in parts {
            for (all, cells) in all.iter_mut().zip(part) {
                all.extend(cells);
            }
        }
        Ok(all)
    }

    /// Hands the cells of one column to `each`, from several threads in any order; of the first
    /// rows alone, where `rows` says how many.
    pub(super) fn read(
        &self,
        column: usize,
        rows: Option<u64>,
        each: &(dyn Fn(&ArrayRef) -> Result<()> + Sync),
    ) -> Result<()> {
        let columns = [column];
        let slices = self.slices(&columns)?;
        let Some(rows) = rows else {
            return slices.par_iter().try_for_each(|(file, slice)| {
                file.read(slice, &columns, &mut |batch| {
                    batch.columns().iter().try_for_each(each)
                })
            });
        };
        let mut seen = 0;
        for (file, slice) in slices {
            if seen >= rows {
                break;
            }
            file.read(&slice, &columns, &mut |batch| {
                if seen < rows {
                    seen += batch.num_rows() as u64;
                    batch.columns().iter().try_for_each(each)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn slices(&self, columns: &[usize]) -> Result<Vec<(&SourceFile, Slice)>> {
        let budget = Budget::reading();
        let mut slices = Vec::new();
        for file in &self.source.files {
            let cut = file.slices(columns, &budget)?;
            slices.extend(cut.into_iter().map(|slice| (file, slice)));
        }
        Ok(slices)
    }
}
