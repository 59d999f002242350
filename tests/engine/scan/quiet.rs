//! Where nothing is, nothing is found: published runs, and the columns of TPC-H.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch};
use parquet::file::properties::WriterProperties;
use pseudo_pii::Kind;

use super::{plant, scanned};
use crate::harness::{Sandbox, batch, text_column};

/// Every form of token and seal, over phones and resident numbers.
const PIPELINE: &str = r#"
[tables.people]
source = "people.csv"
[tables.people.columns]
phone = [
  { token = "phone" },
  { token = "phone", bits = 256, to = "long" },
  { token = "phone", encoding = "hex", to = "hex" },
  { token = "phone", encoding = "uuid", to = "uuid" },
  { token = "phone", encoding = "binary", to = "bytes" },
  { seal = "phone", to = "seal" },
  { seal = "phone", encoding = "base32", to = "seal_base32" },
  { seal = "phone", encoding = "binary", to = "seal_bytes" },
  { derive = "issue-network", to = "network" },
]
note = "keep"
"#;

#[test]
fn tokens_and_seals_are_no_identifiers() {
    let sandbox = Sandbox::new();
    let rows: String = (0..20_000)
        .map(|n| format!("{},n{}\n", plant::mobile(n), n % 5))
        .collect();
    sandbox.text("people.csv", format!("phone,note\n{rows}"));
    sandbox.run(PIPELINE, 1).unwrap();
    let report = scanned(&sandbox, &["safe"]);
    let findings: Vec<_> = report.findings().collect();
    assert_eq!(findings, []);
    assert_eq!(report.unread().collect::<Vec<_>>(), []);
    let rows: u64 = report
        .files
        .iter()
        .filter(|file| file.path.ends_with("parquet"))
        .map(|file| file.rows)
        .sum();
    assert_eq!(rows, 20_000);
    // the source beside it is full of them
    let raw = scanned(&sandbox, &["raw"]);
    assert_eq!(raw.findings().next().unwrap().1.kind, Kind::CnPhone);
    assert_eq!(raw.findings().count(), 1);
}

#[test]
fn columns_of_tpc_h_hold_nothing() {
    let sandbox = Sandbox::new();
    let lineitem = lineitem();
    let builder = WriterProperties::builder().set_max_row_group_row_count(Some(10_000));
    sandbox.text("lineitem.parquet", plant::bytes(&lineitem, builder));
    let builder = WriterProperties::builder().set_dictionary_enabled(false);
    sandbox.text("plain.parquet", plant::bytes(&lineitem, builder));
    let file = std::fs::File::create(sandbox.path("raw/lineitem.csv")).unwrap();
    arrow::csv::Writer::new(file).write(&lineitem).unwrap();
    let report = scanned(&sandbox, &["raw"]);
    assert_eq!(report.findings().collect::<Vec<_>>(), []);
    assert_eq!(report.unread().count(), 0);
    let rows: u64 = report.files.iter().map(|file| file.rows).sum();
    assert_eq!(rows, 3 * COUNT.unsigned_abs());
}

const COUNT: i64 = 30_000;

/// Columns as those of TPC-H, and numbers as long as identifiers.
fn lineitem() -> RecordBatch {
    let day = |n: i64| i32::try_from(8_035 + n % 2_500).unwrap();
    let days: ArrayRef = Arc::new(Date32Array::from_iter_values((1..=COUNT).map(day)));
    batch([
        ("l_orderkey", numbers(&|n| n * 32 + n % 8)),
        ("l_partkey", numbers(&|n| mixed(n) % 200_000)),
        ("l_quantity", money(&|n| (1 + n % 50) * 100)),
        (
            "l_extendedprice",
            money(&|n| mixed(n) % 10_494_950 + 90_100),
        ),
        ("l_total", money(&|n| mixed(n) * 1_000)),
        ("l_returnflag", texts(&|n| one_of(n, ["A", "N", "R"]))),
        ("l_shipdate", days),
        (
            "l_shipmode",
            texts(&|n| one_of(n, ["REG AIR", "TRUCK", "MAIL"])),
        ),
        (
            "l_comment",
            texts(&|n| one_of(n, ["furiously regular", "nag", "wake"])),
        ),
        ("c_name", texts(&|n| format!("Customer#{n:09}"))),
        ("c_phone", texts(&phone)),
        (
            "c_address",
            texts(&|n| format!("{:x}IVhz t,c,E{:o}", mixed(n), mixed(n * 3))),
        ),
        ("o_clerk", texts(&|n| format!("Clerk#{:09}", n % 1_000))),
        (
            "micros",
            numbers(&|n| 1_763_775_000_000_000 + n * 1_357_911),
        ),
        (
            "snowflake",
            numbers(&|n| 1_845_000_000_000_000_000 + n * 4_194_304_917),
        ),
    ])
}

fn texts(of: &dyn Fn(i64) -> String) -> ArrayRef {
    let texts: Vec<String> = (1..=COUNT).map(of).collect();
    text_column(texts.iter().map(|text| Some(text.as_str())))
}

fn numbers(of: &dyn Fn(i64) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values((1..=COUNT).map(of)))
}

fn money(of: &dyn Fn(i64) -> i64) -> ArrayRef {
    let cents = Decimal128Array::from_iter_values((1..=COUNT).map(|n| of(n).into()));
    Arc::new(cents.with_precision_and_scale(15, 2).unwrap())
}

/// A random number of nine digits.
fn mixed(n: i64) -> i64 {
    n.wrapping_mul(2_654_435_761).rem_euclid(1_000_000_007)
}

fn one_of(n: i64, words: [&str; 3]) -> String {
    words[usize::try_from(n).unwrap() % 3].to_owned()
}

/// A phone of TPC-H: country, 3, 3 and 4 digits.
fn phone(n: i64) -> String {
    let (country, random) = (10 + n % 25, mixed(n));
    let (area, office) = (100 + random % 900, 100 + random / 7 % 900);
    format!("{country}-{area}-{office}-{}", 1_000 + random / 11 % 9_000)
}
