//! Tables in the shape of TPC-H: keys that are numbers, names that spell them out, phones of no
//! country, comments.

use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch};

use pseudo_engine::init::Draft;

use super::rules;
use crate::harness::{Sandbox, batch, text_column};

#[test]
fn keys_names_and_phones_are_found_and_nothing_else_is_taken_for_one() {
    let sandbox = Sandbox::new();
    sandbox.parquet("customer/part-0.parquet", &customer(3_000), 1_000);
    sandbox.parquet("orders/part-0.parquet", &orders(6_000, 3_000), 2_000);
    sandbox.parquet("lineitem/part-0.parquet", &lineitem(20_000, 6_000), 5_000);
    let draft = sandbox.draft(false).unwrap();
    assert_eq!(rules(&draft, "customer"), CUSTOMER);
    assert_eq!(rules(&draft, "orders"), ORDERS);
    assert_eq!(rules(&draft, "lineitem"), LINEITEM);
    let subject = |name: &str| {
        let table = draft.tables.iter().find(|table| table.name == name);
        table.unwrap().subject.clone()
    };
    assert_eq!(subject("customer").as_deref(), Some("c_custkey"));
    assert_eq!(subject("orders").as_deref(), Some("o_custkey"));
    assert_eq!(subject("lineitem"), None);
    let report = sandbox.run_draft(&draft).unwrap();
    assert_eq!(report.manifest.tables.len(), 3);
}

/// Suppliers that are as many as the largest quantity, and balances with cents beside their keys:
/// a gate that sees the numbers alone takes the quantities for a copy of the keys.
#[test]
fn a_count_that_ends_where_keys_do_is_set_apart_and_the_draft_runs() {
    let (suppliers, rows) = (10_000, 150_000);
    let supplier = batch([
        ("s_suppkey", numbers(suppliers, |row| row + 1)),
        ("s_phone", texts(suppliers, phone)),
        (
            "s_acctbal",
            money(suppliers, |row| row * 7_919 % 1_000_000 + 1),
        ),
    ]);
    let partsupp = batch([
        ("ps_partkey", numbers(rows, |row| row / 4 + 1)),
        (
            "ps_suppkey",
            numbers(rows, |row| (row * 31 + row / 4) % suppliers + 1),
        ),
        ("ps_availqty", numbers(rows, |row| row * 7_919 % 9_999 + 1)),
        ("ps_supplycost", money(rows, |row| row * 104_729 % 100_000)),
    ]);
    for full in [true, false] {
        let sandbox = Sandbox::new();
        sandbox.parquet("supplier.parquet", &supplier, 2_000);
        sandbox.parquet("partsupp.parquet", &partsupp, 20_000);
        let draft = sandbox.draft(full).unwrap();
        let kept = "ps_availqty |  | \"keep\"\n";
        assert!(rules(&draft, "partsupp").contains(kept));
        let listed = "unrelated = [\n    \"partsupp.ps_availqty\",\n]\n";
        assert_eq!(draft.text.matches(listed).count(), 1, "{}", draft.text);
        assert_eq!(draft.text.matches("unrelated = ").count(), 1);
        sandbox.run_draft(&draft).unwrap();
        fs::remove_dir_all(sandbox.path("safe")).unwrap();
        // without the line the gate refuses
        let text = draft.text.replace(listed, "");
        let refused = sandbox.run_draft(&Draft { text, ..draft });
        assert_eq!(refused.err().unwrap().exit_code(), 3);
    }
}

const CUSTOMER: &str = "\
c_custkey | integer | { token = \"cust\" }
c_name | name | \"drop\"
c_address | address | \"drop\"
c_nationkey |  | \"keep\"
c_phone | cn-phone | { token = \"phone\" }
c_acctbal |  | \"keep\"
c_mktsegment |  | \"keep\"
c_comment |  | \"drop\"
";

const ORDERS: &str = "\
o_orderkey | integer | { token = \"order\" }
o_custkey | integer | { token = \"cust\" }
o_orderstatus |  | \"keep\"
o_totalprice |  | \"keep\"
o_orderdate |  | \"keep\"
o_orderpriority |  | \"keep\"
o_clerk | name | \"drop\"
o_shippriority |  | \"keep\"
o_comment |  | \"drop\"
";

const LINEITEM: &str = "\
l_orderkey | integer | { token = \"order\" }
l_partkey | integer | { token = \"part\" }
l_suppkey |  | \"keep\"
l_linenumber |  | \"keep\"
l_quantity |  | \"keep\"
l_extendedprice |  | \"keep\"
l_returnflag |  | \"keep\"
l_shipdate |  | \"keep\"
l_shipmode |  | \"keep\"
l_comment |  | \"drop\"
";

fn customer(rows: u64) -> RecordBatch {
    batch([
        ("c_custkey", numbers(rows, |row| row + 1)),
        (
            "c_name",
            texts(rows, |row| format!("Customer#{:09}", row + 1)),
        ),
        ("c_address", texts(rows, |row| words(row, 2))),
        ("c_nationkey", numbers(rows, |row| row * 7 % 25)),
        ("c_phone", texts(rows, phone)),
        ("c_acctbal", money(rows, |row| row * 7_919 % 1_099_999)),
        (
            "c_mktsegment",
            texts(rows, |row| SEGMENTS[index(row, 5)].to_owned()),
        ),
        ("c_comment", texts(rows, |row| words(row + 17, 9))),
    ])
}

fn orders(rows: u64, customers: u64) -> RecordBatch {
    batch([
        ("o_orderkey", numbers(rows, order_key)),
        ("o_custkey", numbers(rows, |row| row * 13 % customers + 1)),
        (
            "o_orderstatus",
            texts(rows, |row| ["F", "O", "P"][index(row, 3)].to_owned()),
        ),
        (
            "o_totalprice",
            money(rows, |row| row * 104_729 % 50_000_000),
        ),
        ("o_orderdate", dates(rows)),
        (
            "o_orderpriority",
            texts(rows, |row| format!("{}-LOW", row % 5)),
        ),
        (
            "o_clerk",
            texts(rows, |row| format!("Clerk#{:09}", row % 1_000 + 1)),
        ),
        (
            "o_shippriority",
            Arc::new(Int32Array::from_iter_values((0..rows).map(|_| 0))),
        ),
        ("o_comment", texts(rows, |row| words(row + 5, 7))),
    ])
}

fn lineitem(rows: u64, orders: u64) -> RecordBatch {
    batch([
        (
            "l_orderkey",
            numbers(rows, |row| order_key(row * 3 / 10 % orders)),
        ),
        ("l_partkey", numbers(rows, |row| row * 31 % 2_000 + 1)),
        ("l_suppkey", numbers(rows, |row| row * 17 % 100 + 1)),
        ("l_linenumber", numbers(rows, |row| row % 7 + 1)),
        ("l_quantity", money(rows, |row| (row % 50 + 1) * 100)),
        (
            "l_extendedprice",
            money(rows, |row| row * 7_907 % 10_000_000),
        ),
        (
            "l_returnflag",
            texts(rows, |row| ["A", "N", "R"][index(row, 3)].to_owned()),
        ),
        ("l_shipdate", dates(rows)),
        (
            "l_shipmode",
            texts(rows, |row| SEGMENTS[index(row, 5)].to_owned()),
        ),
        ("l_comment", texts(rows, |row| words(row + 3, 5))),
    ])
}

/// Eight of every 32 numbers are keys of orders.
fn order_key(row: u64) -> u64 {
    row / 8 * 32 + row % 8 + 1
}

fn phone(row: u64) -> String {
    let (a, b, c) = (
        row * 37 % 900 + 100,
        row * 91 % 900 + 100,
        row * 173 % 9_000 + 1_000,
    );
    format!("{}-{a}-{b}-{c}", row % 25 + 10)
}

fn words(row: u64, count: u64) -> String {
    const WORDS: [&str; 11] = [
        "furiously",
        "final",
        "packages",
        "carefully",
        "pending",
        "deposits",
        "sleep",
        "among",
        "the",
        "ironic",
        "foxes",
    ];
    let word = |nth| WORDS[index(row * 131 / (nth + 1) + nth * row, 11)];
    let words: Vec<&str> = (0..count).map(word).collect();
    format!("{} {row}", words.join(" "))
}

fn index(row: u64, of: u64) -> usize {
    usize::try_from(row % of).unwrap()
}

fn numbers(rows: u64, number: impl Fn(u64) -> u64) -> ArrayRef {
    let number = |row| i64::try_from(number(row)).unwrap();
    Arc::new(Int64Array::from_iter_values((0..rows).map(number)))
}

fn money(rows: u64, cents: impl Fn(u64) -> u64) -> ArrayRef {
    let cents = |row| i128::from(cents(row));
    let array = Decimal128Array::from_iter_values((0..rows).map(cents));
    Arc::new(array.with_precision_and_scale(15, 2).unwrap())
}

fn dates(rows: u64) -> ArrayRef {
    let day = |row| i32::try_from(row * 7 % 2_400 + 8_035).unwrap();
    Arc::new(Date32Array::from_iter_values((0..rows).map(day)))
}

fn texts(rows: u64, text: impl Fn(u64) -> String) -> ArrayRef {
    let texts: Vec<String> = (0..rows).map(text).collect();
    text_column(texts.iter().map(|text| Some(text.as_str())))
}

const SEGMENTS: [&str; 5] = [
    "AUTOMOBILE",
    "BUILDING",
    "FURNITURE",
    "MACHINERY",
    "HOUSEHOLD",
];
