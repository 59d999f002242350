//! Whole numbers in types of fractions: integers with gaps become floats in some tools, and
//! decimals where a database has no others. No token takes them, and keys among them are not kept.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Float64Array};

use super::rules;
use crate::harness::{Sandbox, batch};

const ROWS: u32 = 3_000;

fn floats(number: impl Fn(u32) -> f64) -> ArrayRef {
    let gap = |row: u32| row % 50 == 7;
    let cells = (0..ROWS).map(|row| (!gap(row)).then(|| number(row)));
    Arc::new(cells.collect::<Float64Array>())
}

fn decimals(hundredths: impl Fn(u32) -> u32) -> ArrayRef {
    let cells = (0..ROWS).map(|row| i128::from(hundredths(row)));
    let array = Decimal128Array::from_iter_values(cells);
    Arc::new(array.with_precision_and_scale(18, 2).unwrap())
}

#[test]
fn keys_that_became_fractions_are_dropped_and_measures_stay() {
    let sandbox = Sandbox::new();
    let columns = [
        ("customer_id", floats(|row| f64::from(row * 7 + 40_000_001))),
        ("branch_id", floats(|row| f64::from(row % 9))),
        ("area_id", floats(|row| f64::from(row % 265))),
        ("contract_no", decimals(|row| (row * 13 + 70_000) * 100)),
        ("reading", floats(|row| f64::from(row * 31 % 2_900))),
        ("seats", floats(|row| f64::from(row % 6))),
        ("salary", floats(|row| f64::from(row * 31 % 2_900))),
        ("weight", floats(|row| f64::from(row) / 8.0)),
        ("fee", decimals(|row| row * 37 % 9_000)),
    ];
    sandbox.parquet("trips.parquet", &batch(columns), 700);
    let draft = sandbox.draft(false).unwrap();
    let expected = "\
customer_id |  | \"drop\"
branch_id |  | \"keep\"
area_id |  | \"drop\"
contract_no |  | \"drop\"
reading |  | \"drop\"
seats |  | \"keep\"
salary |  | \"keep\"
weight |  | \"keep\"
fee |  | \"keep\"
";
    assert_eq!(rules(&draft, "trips"), expected);
    sandbox.run_draft(&draft).unwrap();
}
