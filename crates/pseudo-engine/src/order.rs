//! Row order (TOKENS.md 8): the rows of a chunk are written in ascending order of a keyed digest of
//! where they stood, so that two releases for two domains cannot be aligned row by row.

use arrow::array::RecordBatch;
use pseudo_token::ShuffleKey;

/// Where the rows of `batches` stand, a batch and a row of it, in their keyed order; row *i* of
/// them all was row `rows[i]` of chunk `chunk` of `table`.
pub(crate) fn shuffled(
    key: &ShuffleKey,
    table: &str,
    chunk: u32,
    rows: &[u32],
    batches: &[RecordBatch],
) -> Vec<(usize, usize)> {
    let places = places(batches);
    order(key, table, chunk, rows)
        .into_iter()
        .filter_map(|position| places.get(position).copied())
        .collect()
}

/// Where the rows of `batches` stand, which make a published file, in the order of another key.
/// They are in the order of `old`: where `is_whole` says that none is missing, that tells where
/// each of them stood in chunk `chunk` of `table`, and the order is the one that a run with `new`
/// gives; elsewhere their places in the file take the place of that.
pub(crate) fn again(
    (old, new): (&ShuffleKey, &ShuffleKey),
    table: &str,
    chunk: u32,
    is_whole: bool,
    batches: &[RecordBatch],
) -> Vec<(usize, usize)> {
    let places = places(batches);
    let rows: Vec<u32> = (0..).take(places.len()).collect();
    let mut published: Vec<usize> = (0..places.len()).collect();
    if is_whole {
        for (position, row) in order(old, table, chunk, &rows).into_iter().enumerate() {
            if let Some(published) = published.get_mut(row) {
                *published = position;
            }
        }
    }
    let found = order(new, table, chunk, &rows).into_iter();
    found
        .filter_map(|row| places.get(*published.get(row)?).copied())
        .collect()
}

/// Batch and row of each position.
fn places(batches: &[RecordBatch]) -> Vec<(usize, usize)> {
    let rows = |(index, batch): (usize, &RecordBatch)| {
        (0..batch.num_rows())
            .map(move |row| (index, row))
            .collect::<Vec<_>>()
    };
    batches.iter().enumerate().flat_map(rows).collect()
}

/// The positions of `rows` in ascending order of their digests.
fn order(key: &ShuffleKey, table: &str, chunk: u32, rows: &[u32]) -> Vec<usize> {
    let source_rows = rows.last().map_or(0, |last| last + 1);
    let mut digests = vec![[0; 32]; source_rows as usize];
    key.order_keys(table, chunk, 0..source_rows, &mut digests);
    let index = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let digest = |position: u64| {
        let row = rows.get(index(position)).copied().unwrap_or_default();
        digests.get(row as usize).copied().unwrap_or_default()
    };
    // one word a row sorts fastest: the first bits of the digest, then the position
    let bits = u64::BITS - (rows.len() as u64).leading_zeros();
    let mask = (1 << bits) - 1;
    let mut words: Vec<u64> = (0..rows.len() as u64)
        .map(|position| {
            let [a, b, c, d, e, f, g, h, ..] = digest(position);
            u64::from_be_bytes([a, b, c, d, e, f, g, h]) & !mask | position
        })
        .collect();
    words.sort_unstable();
    // where those first bits are equal, the whole digest decides
    for equal in words.chunk_by_mut(|a, b| a & !mask == b & !mask) {
        equal.sort_unstable_by_key(|word| digest(word & mask));
    }
    words.into_iter().map(|word| index(word & mask)).collect()
}
