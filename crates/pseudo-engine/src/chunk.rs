//! Chunks: deterministic slices of the source, the unit of work, reuse, retry and distribution. A
//! chunk becomes one output file; the bytes of that file depend on the chunk, the plan and the keys
//! alone.

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
}

/// Cuts every table of the job. A table without rows still gives one chunk, so that its schema is
/// there for readers.
pub(crate) fn cut(job: &Job, cancel: &Cancel) -> Result<Vec<Chunk>> {
    let mut chunks = Vec::new();
    for (table, bound) in job.tables.iter().enumerate() {
        let mut index = 0;
        for (file, source) in bound.source.files.iter().enumerate() {
            for slice in source.slices(&bound.read, cancel)? {
                chunks.push(Chunk {
                    table,
                    index,
                    part: Some((file, slice)),
                });
                index += 1;
            }
        }
        if index == 0 {
            chunks.push(Chunk {
                table,
                index,
                part: None,
            });
        }
    }
    Ok(chunks)
}
