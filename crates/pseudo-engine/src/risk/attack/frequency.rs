//! What the counts of pseudonyms tell: the most frequent pseudonym stands for the most frequent
//! value. A thief who knows how often each value occurs goes by rank; where a count belongs to one
//! value alone, that is no guess.

use std::collections::BTreeMap;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::AttackOptions;
use super::fingerprint::{self, NULL};
use super::raw::Raw;
use super::report::ColumnFrequency;
use super::stolen::{Stolen, Table};
use crate::Result;

/// Attacks all columns of pseudonyms that hold some of them more than once.
pub(super) fn attack(
    stolen: &Stolen,
    raw: Option<&Raw>,
    options: &AttackOptions<'_>,
) -> Result<Vec<ColumnFrequency>> {
    let columns: Vec<(usize, &Table, usize)> = stolen
        .tables
        .iter()
        .enumerate()
        .flat_map(|(at, table)| table.pseudonyms().map(move |(index, _)| (at, table, index)))
        .collect();
    let attacked = columns.into_par_iter().map(|(at, table, index)| {
        options.cancel.check()?;
        let levels = levels(fingerprint::column(table, index, options.cancel)?);
        let Some(column) = table.columns.get(index) else {
            return Ok(None);
        };
        let known = raw.and_then(|raw| raw.of(at));
        let known = known.and_then(|raw| raw.index(&column.source).map(|index| (raw, index)));
        let known = known.map(|(raw, index)| raw.fingerprints(&[index], options.cancel));
        let known = known.transpose()?;
        let known = known.and_then(|mut cells| cells.pop()).map(self::levels);
        let risk = risk(&levels, known.as_ref());
        Ok((risk.values < risk.rows).then(|| ColumnFrequency {
            table: table.name.clone(),
            column: column.name.clone(),
            ..risk
        }))
    });
    let attacked: Vec<Option<ColumnFrequency>> = attacked.collect::<Result<_>>()?;
    Ok(attacked.into_iter().flatten().collect())
}

/// How many values occur how often.
type Levels = BTreeMap<u64, u64>;

fn levels(mut cells: Vec<u64>) -> Levels {
    cells.retain(|cell| *cell != NULL);
    cells.sort_unstable();
    let mut levels = Levels::new();
    for value in cells.chunk_by(|one, other| one == other) {
        *levels.entry(value.len() as u64).or_default() += 1;
    }
    levels
}

/// What ranks tell. Of `m` values with one count the thief gets one right on average, and that one
/// in `count` rows.
fn risk(levels: &Levels, known: Option<&Levels>) -> ColumnFrequency {
    let mut risk = ColumnFrequency {
        table: String::new(),
        column: String::new(),
        values: levels.values().sum(),
        rows: levels.iter().map(|(count, values)| count * values).sum(),
        certain_values: 0,
        certain_rows: 0,
        expected_rows: 0.0,
        with_source: known.is_some(),
    };
    for (count, values) in levels {
        let raw = known.map_or(*values, |known| {
            known.get(count).copied().unwrap_or_default()
        });
        if raw != *values {
            continue;
        }
        risk.expected_rows += *count as f64;
        if *values == 1 {
            risk.certain_values += 1;
            risk.certain_rows += count;
        }
    }
    risk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_of_its_own_tells_a_value() {
        // one value five times, two three times, and NULL
        let cells = [9, 9, 9, 9, 9, 4, 4, 4, 7, 7, 7, NULL, NULL];
        let levels = levels(cells.to_vec());
        assert_eq!(levels, Levels::from([(3, 2), (5, 1)]));
        let risk = risk(&levels, None);
        assert_eq!((risk.values, risk.rows), (3, 11));
        assert_eq!((risk.certain_values, risk.certain_rows), (1, 5));
        assert!((risk.expected_rows - 8.0).abs() < 1e-9);
        // in the raw column another value is as frequent
        let other = Levels::from([(3, 2), (5, 2)]);
        let risk = super::risk(&levels, Some(&other));
        assert_eq!((risk.certain_values, risk.certain_rows), (0, 0));
        assert!((risk.expected_rows - 3.0).abs() < 1e-9);
    }
}
