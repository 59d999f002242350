//! Tables of an embedded sample, generated where they are read.

use std::ops::Range;

use arrow::datatypes::SchemaRef;
use pseudo_arrow::sample::{GENERATOR_VERSION, Spec, Table};

use super::{BATCH_ROWS, Reader, Slice, SourceFile, Stamp, Visitor};
use crate::memory::Budget;
use crate::{Error, Result};

/// One generated table.
pub(crate) struct SampleFile {
    spec: Spec,
    table: Table,
}

/// Opens the table that the first part of `source` names.
pub(crate) fn open(spec: &Spec, source: &str) -> Result<(SourceFile, SchemaRef)> {
    let name = source.split(['/', '.']).next().unwrap_or_default();
    let Some(table) = Table::parse(name) else {
        return Err(Error::unfit(source, "the sample has no such table"));
    };
    let file = SampleFile { spec: *spec, table };
    let schema = file.table.schema();
    let path = format!("{}/{name}", file.spec);
    let stamp = Stamp {
        size: 0,
        mtime_ns: 0,
        inode: 0,
    };
    Ok((
        SourceFile {
            path,
            stamp,
            reader: Reader::Sample(file),
            view: None,
        },
        schema,
    ))
}

/// Bytes of a row, about.
pub(super) const ROW_BYTES: u64 = 256;

impl SampleFile {
    pub(crate) fn rows(&self) -> u64 {
        self.table.rows(self.spec.scale)
    }

    /// What decides the rows: address, table and generator version.
    pub(crate) fn address(&self) -> String {
        format!("{}/{}/{GENERATOR_VERSION}", self.spec, self.table.name())
    }

    pub(crate) fn slices(&self, budget: &Budget) -> Vec<Slice> {
        let (rows, size) = (self.rows(), budget.slice_rows(ROW_BYTES));
        (0..rows.div_ceil(size))
            .map(|slice| Slice::Rows(slice * size..rows.min((slice + 1) * size)))
            .collect()
    }

    pub(crate) fn read(
        &self,
        rows: Range<u64>,
        columns: &[usize],
        each: Visitor<'_>,
    ) -> Result<()> {
        for start in rows.clone().step_by(BATCH_ROWS) {
            let end = rows.end.min(start + BATCH_ROWS as u64);
            let batch = self
                .table
                .batch(self.spec.seed, self.spec.scale, start..end);
            let batch = batch
                .project(columns)
                .map_err(|_| Error::Internal("sample column out of range".to_owned()))?;
            each(batch)?;
        }
        Ok(())
    }
}
