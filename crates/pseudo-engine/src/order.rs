//! Row order (TOKENS.md 8): the rows of a chunk are written in ascending order of a keyed digest of
//! where they stood, so that two releases for two domains cannot be aligned row by row.

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use pseudo_token::ShuffleKey;

use crate::{Error, Result};

/// Reorders `batch`, whose row *i* was row `rows[i]` of chunk `chunk` of `table`.
pub(crate) fn shuffle(
    key: &ShuffleKey,
    table: &str,
    chunk: u32,
    rows: &[u32],
    batch: &RecordBatch,
) -> Result<RecordBatch> {
    let source_rows = rows.last().map_or(0, |last| last + 1);
    let mut digests = vec![[0; 32]; source_rows as usize];
    key.order_keys(table, chunk, 0..source_rows, &mut digests);
    let digest = |row: u32| digests.get(row as usize).copied().unwrap_or_default();
    let mut order: Vec<(u64, u32)> = (0_u32..)
        .zip(rows)
        .map(|(position, &row)| {
            let [a, b, c, d, e, f, g, h, ..] = digest(row);
            (u64::from_be_bytes([a, b, c, d, e, f, g, h]), position)
        })
        .collect();
    // the first eight bytes decide but for a chance in 2^64, and then the rest does
    order.sort_unstable_by(|a, b| {
        let rest = |&(_, position): &(u64, u32)| {
            digest(rows.get(position as usize).copied().unwrap_or_default())
        };
        a.0.cmp(&b.0).then_with(|| rest(a).cmp(&rest(b)))
    });
    let order = UInt32Array::from_iter_values(order.into_iter().map(|(_, position)| position));
    take_record_batch(batch, &order)
        .map_err(|_| Error::Internal("rows that cannot be reordered".to_owned()))
}
