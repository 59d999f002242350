//! `[limits]`: how far a table may be from what was expected before the run is not published. A
//! limit is exceeded by what is above it, never by what meets it.
//!
//! `rows_change` compares the rows of a table with those of the current run; a table that had rows
//! and has none exceeds every such limit, and one that had none is compared with nothing.
//! `null_rate_change` compares the share of NULL cells of an output column with that of the column
//! of that name; where either has no rows there is no share.

use pseudo_policy::{Limits, Pipeline};

use crate::manifest::{ColumnManifest, Counts, Manifest, TableManifest};
use crate::{Error, Result};

/// Holds `now` to the limits of `pipeline`; `before` is the current run.
///
/// # Errors
/// [`Error::Limits`] with every excess of every table.
pub(crate) fn check(pipeline: &Pipeline, before: Option<&Manifest>, now: &Manifest) -> Result<()> {
    let limits = &pipeline.limits;
    let mut excesses = Vec::new();
    for table in &now.tables {
        let last = before.and_then(|before| before.tables.iter().find(|t| t.table == table.table));
        excesses.extend(quarantine_rate(limits, table));
        if let Some(last) = last {
            excesses.extend(rows_change(
                limits,
                &table.table,
                last,
                table.published_rows,
            ));
            excesses.extend(null_rates(limits, table, last));
        }
    }
    // a table whose files are all gone, where its pattern may match nothing
    for last in before.iter().flat_map(|before| &before.tables) {
        let gone = now.tables.iter().all(|table| table.table != last.table);
        if gone && pipeline.table(&last.table).is_some() {
            excesses.extend(rows_change(limits, &last.table, last, 0));
        }
    }
    if excesses.is_empty() {
        return Ok(());
    }
    Err(Error::Limits { excesses })
}

fn quarantine_rate(limits: &Limits, table: &TableManifest) -> Option<String> {
    let limit = limits.quarantine_rate?;
    let (part, whole) = (table.quarantined_rows, table.source_rows);
    let rate = share(part, whole)?;
    (rate > limit).then(|| {
        format!(
            "table `{}`: {part} of {whole} rows in quarantine, a share of {rate}; \
             `quarantine_rate` allows {limit}",
            table.table
        )
    })
}

fn rows_change(limits: &Limits, table: &str, last: &TableManifest, rows: u64) -> Option<String> {
    let limit = limits.rows_change?;
    let before = last.published_rows;
    let change = share(rows.abs_diff(before), before)?;
    (change > limit || rows == 0).then(|| {
        format!(
            "table `{table}`: {rows} rows, and {before} in the current run, a change of {change}; \
             `rows_change` allows {limit}{}",
            if rows == 0 {
                ", and no empty table"
            } else {
                ""
            }
        )
    })
}

fn null_rates(limits: &Limits, table: &TableManifest, last: &TableManifest) -> Vec<String> {
    let excess = |column: &ColumnManifest| {
        let limit = limits.null_rate_change?;
        let before = last.columns.iter().find(|c| c.column == column.column)?;
        let (now, before) = (nulls(&column.counts), nulls(&before.counts));
        let change = difference(now, before)?;
        let ((now_null, now_rows), (null, rows)) = (now, before);
        (change > limit).then(|| {
            format!(
                "table `{}`, column `{}`: {now_null} of {now_rows} cells are NULL, and {null} of \
                 {rows} in the current run, a change of {change}; `null_rate_change` allows \
                 {limit}",
                table.table, column.column
            )
        })
    };
    table.columns.iter().filter_map(excess).collect()
}

/// NULL cells of a column of the output, and all of its cells.
fn nulls(counts: &Counts) -> (u64, u64) {
    let null = counts.null + counts.blank + counts.nulled;
    (null, counts.rows)
}

/// A share of a whole that is not zero: one division, so that what meets a limit equals it.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The difference of two shares, over their common denominator for the same reason.
fn difference(a: (u64, u64), b: (u64, u64)) -> Option<f64> {
    let product = |x: u64, y: u64| u128::from(x) * u128::from(y);
    let whole = product(a.1, b.1);
    let part = product(a.0, b.1).abs_diff(product(b.0, a.1));
    (whole > 0).then(|| part as f64 / whole as f64)
}
