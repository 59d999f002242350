//! Chunks: deterministic slices of the source, the unit of work, reuse, retry and distribution. A
//! chunk becomes one output file; the bytes of that file depend on the chunk, the plan and the keys
//! alone.

use crate::memory::Budget;
use crate::plan::Job;
use crate::source::Slice;
use crate::{Cancel, Result};

/// One chunk of a job.
pub(crate) struct Chunk {
    /// Index of the table within the job.
    pub(crate) table: usize,
    /// Index of the chunk within the table.
    pub(crate) index: u32,
    /// File and slice; none for the one chunk of a table without rows.
    pub(crate) part: Option<(usize, Slice)>,
    /// Bytes it takes to work on it.
    pub(crate) cost: u64,
}

/// Cuts every table of the job. A table without rows still gives one chunk, so that its schema is
/// there for readers.
pub(crate) fn cut(job: &Job, cancel: &Cancel) -> Result<Vec<Chunk>> {
    let mut chunks = Vec::new();
    for (table, bound) in job.tables.iter().enumerate() {
        let mut index = 0;
        let budget = Budget::new(&bound.plan, job.pipeline.limits.memory);
        for (file, source) in bound.source.files.iter().enumerate() {
            cancel.check()?;
            for slice in source.slices(&bound.read, &budget)? {
                let cost = source.cost(&slice, &bound.read, &budget);
                chunks.push(Chunk {
                    table,
                    index,
                    cost,
                    part: Some((file, slice)),
                });
                index += 1;
            }
        }
        if index == 0 {
            chunks.push(Chunk {
                table,
                index,
                cost: 0,
                part: None,
            });
        }
    }
    Ok(chunks)
}
