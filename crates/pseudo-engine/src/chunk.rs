//! Chunks: deterministic slices of the source, the unit of work, reuse, retry and distribution. A
//! chunk becomes one output file; the bytes of that file depend on the chunk, the plan and the keys
//! alone.
//!
//! A chunk has two numbers. Its index within its source file goes into the order of its rows
//! (TOKENS.md 8), so that nothing about a chunk depends on the other files of the table: one that
//! arrives late, between two others, leaves the output of both as it is. That chunks of two files
//! have an index in common tells nobody more than is known, for tokens link the rows of a domain
//! anyway. Its number within the table names its output file, so that files are found in the order
//! of their sources; a file that is taken over may get another number.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::memory::{self, Budget};
use crate::plan::TableJob;
use crate::source::Slice;
use crate::{Error, Result};

/// One chunk of a job.
pub(crate) struct Chunk {
    /// Index of the table within the job.
    pub(crate) table: usize,
    /// Number of the output file within the table.
    pub(crate) number: usize,
    /// Index of the chunk within its source file.
    pub(crate) index: u32,
    /// File and slice; none for the one chunk of a table without rows.
    pub(crate) part: Option<(usize, Slice)>,
    /// Bytes it takes to work on it.
    pub(crate) cost: u64,
}

impl Chunk {
    /// The chunk of a table without rows: it gives a file too, so that the schema is there for
    /// readers.
    pub(crate) fn empty(table: usize) -> Self {
        Self {
            table,
            number: 0,
            index: 0,
            part: None,
            cost: 0,
        }
    }
}

/// Cuts file `file` of a table, the `table`th of its job, as `budget` says. The numbers of the
/// chunks are those of a table that has no other file.
pub(crate) fn cut(
    table: usize,
    bound: &TableJob,
    file: usize,
    budget: &Budget,
) -> Result<Vec<Chunk>> {
    let source = bound.source.files.get(file);
    let source = source.ok_or_else(|| Error::Internal("no such file".to_owned()))?;
    let mut chunks = Vec::new();
    for (index, slice) in (0..).zip(source.slices(&bound.read, budget)?) {
        chunks.push(Chunk {
            table,
            number: chunks.len(),
            index,
            cost: source.cost(&slice, &bound.read, budget),
            part: Some((file, slice)),
        });
    }
    Ok(chunks)
}

/// Does something with each chunk, on as many threads as `limit` has memory for. Threads take the
/// chunks in order: a packed file is read from its front.
pub(crate) fn each(
    chunks: &[&Chunk],
    limit: Option<u64>,
    act: impl Fn(&Chunk) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let largest = chunks.iter().map(|chunk| chunk.cost).max().unwrap_or(0);
    let workers = memory::workers(limit, rayon::current_num_threads(), largest);
    (0..workers).into_par_iter().try_for_each(|_| {
        while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let done = act(chunk);
            if done.is_err() {
                next.store(chunks.len(), Ordering::Relaxed);
            }
            done?;
        }
        Ok(())
    })
}
