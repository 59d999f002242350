//! Text to batches: what all formats of text have in common.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, SchemaRef};

use super::records::Fault;
use super::text::Text;
use crate::source::Visitor;
use crate::{Error, Result};

/// Collects the columns of a batch.
pub(in crate::source) trait Collect {
    /// Takes complete records from the front of `text`, and answers how many bytes they are. `last`
    /// when the range ends with the text.
    fn take(&mut self, text: &[u8], last: bool) -> Result<usize, Fault>;

    /// Rows collected.
    fn rows(&self) -> usize;

    /// Whether there is room for no more rows.
    fn is_full(&self) -> bool;

    /// The columns of the rows collected, in their types; begins anew.
    fn finish(&mut self, types: &[&DataType]) -> Result<Vec<ArrayRef>, Fault>;
}

impl Text<'_> {
    /// Hands all records to `each` in batches of `schema`, and answers how many there are. A fault
    /// is told by `located`, which gets the number of rows in the batches before.
    pub(in crate::source) fn batches(
        mut self,
        path: &str,
        schema: &SchemaRef,
        records: &mut dyn Collect,
        located: &dyn Fn(usize, Fault) -> Error,
        each: Visitor<'_>,
    ) -> Result<u64> {
        let types: Vec<_> = schema.fields().iter().map(|f| f.data_type()).collect();
        let mut before = 0;
        loop {
            let taken = records.take(self.rest(), self.last);
            self.skip(taken.map_err(|fault| located(before, fault))?);
            let more = !records.is_full();
            if more && !self.last {
                self.fill()?;
                continue;
            }
            let rows = records.rows();
            if rows > 0 {
                let arrays = records.finish(&types);
                let arrays = arrays.map_err(|fault| located(before, fault))?;
                let options = RecordBatchOptions::new().with_row_count(Some(rows));
                let batch = RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options);
                each(batch.map_err(|error| Error::reading_arrow(path, &error))?)?;
                before += rows;
            }
            if more {
                return Ok(before as u64);
            }
        }
    }
}
