//! What the places of rows tell: a column that rises from row to row, and linked rows that stand in
//! the order of the source. Whoever knows one neighbour knows the next.

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::AttackOptions;
use super::report::OrderLeak;
use super::stolen::{Column, Stolen, Table};
use crate::Result;

/// The columns whose values rise or fall with the place, by the file where they do so most.
pub(super) fn sorted_columns(
    stolen: &Stolen,
    options: &AttackOptions<'_>,
) -> Result<Vec<OrderLeak>> {
    let tables = stolen.tables.iter();
    let columns: Vec<(&Table, &Column)> = tables
        .flat_map(|table| table.shown().map(move |(_, column)| (table, column)))
        .filter(|(_, column)| has_order(&column.data_type))
        .collect();
    let leaks = columns.into_par_iter().map(|(table, column)| {
        let mut strongest: Option<OrderLeak> = None;
        for file in &table.files {
            let mut trend = Trend::default();
            file.read(column, &mut |array| {
                options.cancel.check()?;
                trend.add(array);
                Ok(true)
            })?;
            let leak = trend.leak(table, column);
            if strongest
                .as_ref()
                .is_none_or(|one| leak.excess() > one.excess())
            {
                strongest = Some(leak);
            }
        }
        Ok(strongest.filter(|leak| leak.tells))
    });
    let leaks: Vec<Option<OrderLeak>> = leaks.collect::<Result<_>>()?;
    Ok(leaks.into_iter().flatten().collect())
}

/// Whether the places of linked rows (output, source) go together within a file of the output.
pub(super) fn linked(table: &Table, links: &[(u32, u32)]) -> Option<OrderLeak> {
    let mut links = links.to_vec();
    links.sort_unstable();
    let mut end = 0;
    let mut strongest: Option<OrderLeak> = None;
    for file in &table.files {
        let start = end;
        end += file.rows;
        let is_of = |row: u32| (start..end).contains(&u64::from(row));
        let places = links.iter().filter(|(row, _)| is_of(*row));
        let places: Vec<u32> = places.map(|(_, place)| *place).collect();
        let Some((correlation, chance)) = spearman(&places) else {
            continue;
        };
        let leak = OrderLeak {
            table: table.name.clone(),
            column: None,
            compared: places.len() as u64,
            correlation,
            chance,
            tells: correlation.abs() > BEYOND * chance + SLACK,
        };
        if strongest
            .as_ref()
            .is_none_or(|one| leak.excess() > one.excess())
        {
            strongest = Some(leak);
        }
    }
    strongest
}

impl OrderLeak {
    fn excess(&self) -> f64 {
        self.correlation.abs() - BEYOND * self.chance
    }
}

/// The rank correlation of numbers with their places, and its standard deviation by chance; None
/// for too few. No number comes twice.
fn spearman(numbers: &[u32]) -> Option<(f64, f64)> {
    let count = numbers.len();
    if count < FEWEST {
        return None;
    }
    let mut ranked: Vec<(u32, u32)> = numbers.iter().copied().zip(0..).collect();
    ranked.sort_unstable();
    let squares = ranked.iter().zip(0_u32..).map(|((_, place), rank)| {
        let apart = f64::from(*place) - f64::from(rank);
        apart * apart
    });
    let n = count as f64;
    let correlation = 1.0 - 6.0 * squares.sum::<f64>() / (n * (n * n - 1.0));
    Some((correlation, (n - 1.0).sqrt().recip()))
}

/// How often values rise from row to row, and fall.
#[derive(Default)]
struct Trend {
    last: Option<i64>,
    rises: u64,
    falls: u64,
}

impl Trend {
    fn add(&mut self, array: &ArrayRef) {
        let Ok(numbers) = cast(array, &DataType::Int64) else {
            return;
        };
        for number in numbers.as_primitive::<Int64Type>().iter().flatten() {
            if let Some(last) = self.last.replace(number) {
                self.rises += u64::from(number > last);
                self.falls += u64::from(number < last);
            }
        }
    }

    fn leak(&self, table: &Table, column: &Column) -> OrderLeak {
        let compared = self.rises + self.falls;
        let n = compared.max(1) as f64;
        let correlation = (self.rises as f64 - self.falls as f64) / n;
        // of independent rows every other rises; neighbours share one, which makes it a third
        let chance = (3.0 * n).sqrt().recip();
        let is_beyond = correlation.abs() > BEYOND * chance + SLACK;
        OrderLeak {
            table: table.name.clone(),
            column: Some(column.name.clone()),
            compared,
            correlation,
            chance,
            tells: compared >= FEWEST as u64 && is_beyond,
        }
    }
}

fn has_order(data_type: &DataType) -> bool {
    data_type.is_integer()
        || matches!(
            data_type,
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
        )
}

/// Standard deviations beyond which chance explains nothing, and what is too weak to be of use.
const BEYOND: f64 = 5.0;
const SLACK: f64 = 0.05;
/// Rows that say something.
const FEWEST: usize = 20;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;

    use super::*;

    #[test]
    fn ranks_go_together_or_do_not() {
        let rising: Vec<u32> = (0..100).map(|n| n * 3).collect();
        let falling: Vec<u32> = rising.iter().rev().copied().collect();
        assert!((spearman(&rising).unwrap().0 - 1.0).abs() < 1e-9);
        assert!((spearman(&falling).unwrap().0 + 1.0).abs() < 1e-9);
        let mixed: Vec<u32> = (0..10_007_u32).map(|n| n * 4_001 % 10_007).collect();
        let (correlation, chance) = spearman(&mixed).unwrap();
        assert!(correlation.abs() < 5.0 * chance, "{correlation}");
        assert_eq!(spearman(&[1, 2, 3]), None);
    }

    #[test]
    fn a_sorted_column_rises() {
        let mut trend = Trend::default();
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values((0..50).map(|n| n / 2)));
        trend.add(&numbers);
        assert_eq!((trend.rises, trend.falls), (24, 0));
    }
}
