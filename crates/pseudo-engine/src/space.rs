//! Whether the sink's disk has room for what a run is going to write. The estimate is low: a run
//! that it refuses would have failed, later.

use std::path::Path;

use arrow::datatypes::DataType;
use pseudo_policy::{Action, OnInvalid, PlannedColumn};

use crate::source::SourceFile;
use crate::work::Work;
use crate::{Error, Result};

/// What of a source file is in one column.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent {
    /// Bytes that its values take up when they are compressed.
    pub(crate) bytes: u64,
    /// Values that are not NULL, where the format tells.
    pub(crate) values: Option<u64>,
}

/// Compares what `works` are going to write with what the disk of `sink` has left, or with `limit`.
///
/// # Errors
/// [`Error::Space`] when it is not enough.
pub(crate) fn check(sink: &Path, works: &[Work<'_>], limit: Option<u64>) -> Result<()> {
    require(
        sink,
        works.iter().map(needed).fold(0, u64::saturating_add),
        limit,
    )
}

/// Compares `needed` bytes with what the disk of `sink` has left, or with `limit`.
///
/// # Errors
/// [`Error::Space`] when it is not enough.
pub(crate) fn require(sink: &Path, needed: u64, limit: Option<u64>) -> Result<()> {
    let free = limit.map_or_else(|| free(sink), Ok)?;
    if needed <= free {
        return Ok(());
    }
    let sink = sink.to_path_buf();
    Err(Error::Space { sink, needed, free })
}

/// Bytes that may be written on the disk that a directory is on.
fn free(directory: &Path) -> Result<u64> {
    let disk = rustix::fs::statvfs(directory)
        .map_err(|error| Error::io("read", directory)(error.into()))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Bytes that a table needs at least; nobody knows what a filter or a quarantine leaves.
fn needed(work: &Work<'_>) -> u64 {
    let columns = &work.bound.plan.columns;
    let leaves_out = |column: &PlannedColumn| column.on_invalid == OnInvalid::Quarantine;
    if work.bound.plan.filter.is_some() || columns.iter().any(leaves_out) {
        return 0;
    }
    let width = work.bound.source.schema.fields().len();
    let file = |file: &SourceFile| -> u64 {
        let column = |column: &PlannedColumn| {
            let extent = file.extent(column.source_index, width);
            // originals are as long as they are, and each of them is there once
            let sealed = column.escrow.as_ref().map_or(0, |_| extent.bytes);
            bytes(column, extent).saturating_add(sealed)
        };
        columns.iter().map(column).fold(0, u64::saturating_add)
    };
    work.read().map(file).fold(0, u64::saturating_add)
}

fn bytes(column: &PlannedColumn, extent: Extent) -> u64 {
    match column.action {
        Action::Keep => extent.bytes,
        Action::Token { .. } | Action::Seal { .. } | Action::Fpe { .. } => {
            let width = match column.output.data_type() {
                DataType::FixedSizeBinary(width) => u64::try_from(*width).unwrap_or_default(),
                DataType::Utf8 if matches!(column.action, Action::Token { .. }) => TEXT_BYTES,
                _ => return extent.bytes,
            };
            extent
                .values
                .map_or(extent.bytes, |values| values.saturating_mul(width))
        }
        _ => 0,
    }
}

/// A token of 128 bits in base32, behind its length.
const TEXT_BYTES: u64 = 30;
