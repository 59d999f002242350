//! Predicates of a policy: SQL's meaning, and what they may not hold.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::Schema;
use pseudo_engine::filter::{FilterCompiler, RowFilter};
use pseudo_query::{Error, Filters};

use crate::sink::CANARY;

fn rows() -> RecordBatch {
    let columns: [(&str, ArrayRef, bool); 4] = [
        (
            "id",
            Arc::new(Int64Array::from(vec![Some(1), Some(2), None])),
            true,
        ),
        (
            "Status",
            Arc::new(StringArray::from(vec![Some("sold"), None, Some(CANARY)])),
            true,
        ),
        (
            "born",
            Arc::new(Date32Array::from(vec![0, 10_957, 20_000])),
            false,
        ),
        (
            "phone",
            Arc::new(StringArray::from(vec!["a", "b", "c"])),
            false,
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn schema() -> Schema {
    rows().schema().as_ref().clone()
}

fn kept(predicate: &str) -> Vec<bool> {
    let filter = Filters.filter(predicate, &schema()).unwrap();
    let answer = filter.stays(&rows()).unwrap();
    assert_eq!(answer.logical_null_count(), 0, "{predicate}");
    answer.values().iter().collect()
}

fn refusal(predicate: &str) -> Error {
    Filters.filter(predicate, &schema()).err().unwrap()
}

#[test]
fn null_does_not_pass() {
    assert_eq!(kept("Status = 'sold'"), [true, false, false]);
    assert_eq!(kept("Status <> 'sold'"), [false, false, true]);
    assert_eq!(kept("NOT (Status = 'sold')"), [false, false, true]);
    assert_eq!(kept("Status IS NULL"), [false, true, false]);
    assert_eq!(kept("coalesce(Status, '') = ''"), [false, true, false]);
    assert_eq!(kept("cast(NULL AS boolean)"), [false, false, false]);
    assert_eq!(kept("born IS NOT NULL"), [true, true, true]);
}

#[test]
fn literals_take_the_type_of_their_column() {
    assert_eq!(kept("born >= '2000-01-01'"), [false, true, true]);
    assert_eq!(kept("id > 1.5"), [false, true, false]);
    assert_eq!(
        kept("id IN (1, 2) AND born < date '1999-01-01'"),
        [true, false, false]
    );
    assert_eq!(kept("id BETWEEN 2 AND 3"), [false, true, false]);
}

#[test]
fn functions_of_one_row_are_allowed() {
    assert_eq!(kept("upper(phone) = 'B'"), [false, true, false]);
    assert_eq!(kept("phone LIKE 'a%' OR phone ~ '^c'"), [true, false, true]);
    assert_eq!(
        kept("CASE WHEN id = 1 THEN true ELSE id IS NULL END"),
        [true, false, true]
    );
    assert_eq!(kept("date_part('year', born) = 2000"), [false, true, false]);
}

#[test]
fn a_predicate_without_columns_speaks_for_every_row() {
    assert_eq!(kept("true"), [true, true, true]);
    assert_eq!(kept("1 = 2"), [false, false, false]);
}

#[test]
fn the_columns_read_are_known_and_suffice() {
    let compiler: &dyn FilterCompiler = &Filters;
    let filter: Box<dyn RowFilter> = compiler
        .compile("phone <> 'b' AND id IS NULL", &schema())
        .unwrap();
    assert_eq!(filter.columns(), ["id", "phone"]);
    // Other columns, another order: found by name.
    let columns = rows().project(&[3, 1, 0]).unwrap();
    assert_eq!(
        filter.select(&columns).unwrap(),
        BooleanArray::from(vec![false, false, true])
    );
    let none = rows().slice(0, 0);
    assert_eq!(filter.select(&none).unwrap().len(), 0);
}

#[test]
fn a_batch_without_the_column_or_with_another_type_is_refused() {
    let filter = Filters.filter("id = 1", &schema()).unwrap();
    let missing = rows().project(&[1]).unwrap();
    assert!(matches!(filter.stays(&missing), Err(Error::BatchColumn { column }) if column == "id"));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    let other = RecordBatch::try_from_iter([("id", text)]).unwrap();
    assert!(matches!(
        filter.stays(&other),
        Err(Error::BatchColumn { .. })
    ));
}

#[test]
fn column_names_match_exactly() {
    assert_eq!(
        refusal("status = 'sold'").to_string(),
        "unknown column at line 1, column 1; the columns are `Status`, `born`, `id`, `phone`"
    );
    assert_eq!(kept("\"Status\" = 'sold'"), kept("Status = 'sold'"));
}

#[test]
fn what_is_not_decided_by_one_row_is_refused() {
    for (predicate, reason) in [
        (
            "random() < 0.5",
            "function `random` may not be used: its answer differs from run to run",
        ),
        (
            "born < now()",
            "function `now` may not be used: its answer differs from run to run",
        ),
        (
            "uuid() = phone",
            "function `uuid` may not be used: its answer differs from run to run",
        ),
        ("id IN (SELECT 1)", "a predicate may not hold a subquery"),
        ("EXISTS (SELECT 1)", "a predicate may not hold a subquery"),
        ("id = (SELECT 1)", "a predicate may not hold a subquery"),
        (
            "sum(id) > 1",
            "a predicate may not hold an aggregate or window function",
        ),
        (
            "row_number() OVER () = 1",
            "a predicate may not hold an aggregate or window function",
        ),
        (
            "id = $1",
            "a predicate may not hold a parameter or a variable",
        ),
        ("id + 1", "is Int64, not Boolean"),
        ("phone", "is Utf8, not Boolean"),
        ("NULL", "is Null, not Boolean"),
    ] {
        assert_eq!(refusal(predicate).to_string(), reason, "{predicate}");
    }
}

#[test]
fn what_is_not_one_expression_is_refused() {
    for predicate in [
        "",
        "id = 1; DROP TABLE users",
        "id = 1 id",
        "SELECT 1",
        "id = ",
        "*",
    ] {
        let error = refusal(predicate);
        let refused = matches!(
            error,
            Error::Syntax { .. } | Error::Plan { .. } | Error::Unsupported { .. }
        );
        assert!(refused, "{predicate}: {error:?}");
    }
}

#[test]
fn no_refusal_holds_a_value() {
    for predicate in [
        "Status = \"canary-7f3a\"",
        "id = 'canary-7f3a",
        "id = cast('canary-7f3a' AS date)",
        "canary-7f3a(id)",
        "born = date 'canary-7f3a'",
        "Status || 'canary-7f3a'",
        "born > interval 'canary-7f3a'",
        "id = 'canary-7f3a' AND",
    ] {
        let compiled = Filters.compile(predicate, &schema());
        let shown = match compiled {
            Ok(filter) => filter.select(&rows()).unwrap_err(),
            Err(reason) => reason,
        };
        assert!(!shown.contains(CANARY), "{predicate}: {shown}");
    }
    let filter = Filters
        .compile("cast(Status AS bigint) = 1", &schema())
        .unwrap();
    let reason = filter.select(&rows()).unwrap_err();
    assert_eq!(
        reason,
        "a row does not fit an expression: a value cannot be converted"
    );
}
