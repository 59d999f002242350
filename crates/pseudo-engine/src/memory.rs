//! What a chunk takes of the memory, and what `[limits] memory` makes of that: chunks are cut small
//! enough for one of them to fit, and no more of them are worked on at a time than fit together.
//!
//! How a table is cut depends on its plan and its files, never on the machine: the limit is part of
//! the plan, the number of threads is not. A damaged footer may claim any size: sums end at the
//! largest number.

use arrow::datatypes::DataType;
use pseudo_policy::{Action, Order, PlannedColumn, TablePlan};

use crate::source::BATCH_ROWS;

/// What the program takes without any chunk.
const BASE: u64 = 48 << 20;
/// Rows a slice aims at.
const SLICE_ROWS: u64 = 131_072;
/// Bytes of text, or of column data as they are once read, a slice aims at.
const SLICE_BYTES: u64 = 64 << 20;
/// Batches that are there at a time: read, projected, and between the two.
const BATCHES: u64 = 3;
/// How many times its size a slice of text takes: itself, its cells and the output.
const TEXT: u64 = 6;
/// What is remembered of a pair of pseudonym and original.
const PAIR: u64 = 40;
/// Bytes a batch aims at; its columns are worked through while they are in a cache.
const BATCH_BYTES: u64 = 16 << 20;

/// The estimates for one table.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    limit: Option<u64>,
    /// Bytes of the cells of a row whose width is known.
    cells: u64,
    /// Whether there are cells besides, as wide as those that are read.
    texts: bool,
    /// How many times the output of a chunk is held.
    copies: u64,
}

impl Budget {
    /// For the output of `plan`, of all the memory that `limit` allows.
    pub(crate) fn new(plan: &TablePlan, limit: Option<u64>) -> Self {
        let width = |column: &PlannedColumn| match (&column.action, column.output.data_type()) {
            (Action::Token { .. }, _) => Some(32),
            (_, DataType::FixedSizeBinary(width)) => u64::try_from(*width).ok(),
            (_, other) => other.primitive_width().map(|width| width as u64),
        };
        let widths = || plan.columns.iter().map(width);
        let sealed = plan.columns.iter().filter(|c| c.escrow.is_some()).count();
        let pairs = PAIR * sealed as u64;
        Self {
            limit: limit.map(|limit| limit.saturating_sub(BASE)),
            cells: (widths().flatten().sum::<u64>() + pairs).max(1),
            texts: widths().any(|width| width.is_none()),
            copies: if plan.order == Order::Shuffled { 2 } else { 1 },
        }
    }

    /// What the pipeline allows.
    pub(crate) fn limit(&self) -> Option<u64> {
        self.limit.map(|limit| limit.saturating_add(BASE))
    }

    /// For rows that are looked at and let go.
    pub(crate) const fn reading() -> Self {
        Self {
            limit: None,
            cells: 1,
            texts: false,
            copies: 1,
        }
    }

    /// Bytes of a row of output, made of one that takes `row` bytes once read.
    fn output(&self, row: u64) -> u64 {
        self.cells.saturating_add(if self.texts { row } else { 0 })
    }

    /// Rows of a slice whose rows take `row` bytes once read. A slice may come to be twice as long.
    pub(crate) fn slice_rows(&self, row: u64) -> u64 {
        let row = row.max(1);
        let rows = SLICE_ROWS.min(SLICE_BYTES / row);
        let fitting = self.limit.map_or(rows, |limit| {
            let copies = self.output(row).saturating_mul(2 * self.copies);
            limit.saturating_sub(self.batches(row, u64::MAX)) / copies
        });
        rows.min(fitting).max(self.batch_rows(row))
    }

    /// Rows of a batch whose rows take `row` bytes once read.
    pub(crate) fn batch_rows(&self, row: u64) -> u64 {
        let bytes = self
            .limit
            .map_or(BATCH_BYTES, |limit| BATCH_BYTES.min(limit / 8));
        (bytes / row.saturating_add(self.output(row))).clamp(1, BATCH_ROWS as u64)
    }

    /// What the batches of `rows` rows take.
    fn batches(&self, row: u64, rows: u64) -> u64 {
        let row_bytes = row.saturating_add(self.output(row));
        row_bytes.saturating_mul(BATCHES * self.batch_rows(row).min(rows))
    }

    /// Bytes of text that a slice aims at.
    pub(crate) fn text_bytes(&self) -> u64 {
        let fitting = self.limit.map_or(u64::MAX, |limit| limit / TEXT);
        (SLICE_BYTES / 4).min(fitting).max(1)
    }

    /// What a slice of `bytes` bytes of text takes.
    pub(crate) fn text_cost(&self, bytes: u64) -> u64 {
        bytes.saturating_mul(TEXT)
    }

    /// What a slice of `rows` rows takes that take `row` bytes each once read.
    pub(crate) fn cost(&self, rows: u64, row: u64) -> u64 {
        let output = self.output(row).saturating_mul(self.copies);
        output
            .saturating_mul(rows)
            .saturating_add(self.batches(row, rows))
    }
}

/// How many chunks can be worked on at a time, of which the largest takes `cost`.
pub(crate) fn workers(limit: Option<u64>, threads: usize, cost: u64) -> usize {
    let free = limit.map_or(u64::MAX, |limit| limit.saturating_sub(BASE));
    let fitting = usize::try_from(free / cost.max(1)).unwrap_or(usize::MAX);
    threads.min(fitting).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_size_is_too_large_to_be_compared() {
        for (limit, texts) in [(None, true), (Some(16 << 20), true), (Some(0), false)] {
            let budget = Budget {
                limit,
                cells: 8,
                texts,
                copies: 2,
            };
            for row in [0, 1, 1 << 40, u64::MAX] {
                assert!(budget.slice_rows(row) >= budget.batch_rows(row));
                assert!(budget.batch_rows(row) >= 1);
                for rows in [0, 1, 1 << 40, u64::MAX] {
                    assert!(budget.cost(rows, row) >= rows);
                }
            }
            assert_eq!(workers(limit, 8, budget.cost(u64::MAX, u64::MAX)), 1);
            assert_eq!(budget.text_cost(u64::MAX), u64::MAX);
        }
    }
}
