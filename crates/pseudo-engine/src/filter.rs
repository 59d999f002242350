//! The border to whoever evaluates a policy's `filter`: the engine asks for a compiled predicate
//! and never learns which SQL engine made it. Reasons are free of values.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::Schema;

/// Turns the text of a predicate into a check on batches.
pub trait FilterCompiler: Sync {
    /// Compiles `predicate` over the columns of `schema`.
    ///
    /// # Errors
    /// A reason without values when the predicate is not a deterministic boolean over them.
    fn compile(&self, predicate: &str, schema: &Schema) -> Result<Box<dyn RowFilter>, String>;
}

/// A compiled predicate.
pub trait RowFilter: Send + Sync {
    /// The columns that [`RowFilter::select`] reads, by name.
    fn columns(&self) -> &[String];

    /// Says for each row of `batch`, which holds at least [`RowFilter::columns`], whether it stays;
    /// NULL counts as false.
    ///
    /// # Errors
    /// A reason without values.
    fn select(&self, batch: &RecordBatch) -> Result<BooleanArray, String>;
}

/// Refuses every predicate: for callers whose pipelines hold none.
pub struct NoFilters;

impl FilterCompiler for NoFilters {
    fn compile(&self, _predicate: &str, _schema: &Schema) -> Result<Box<dyn RowFilter>, String> {
        Err("this build evaluates no `filter`".to_owned())
    }
}
