//! Several files of one table have one schema: columns are matched by name, and a file may lack
//! those that are nullable elsewhere.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{Field, Schema};

use crate::harness::{Sandbox, text_column, texts};

const TABLE: &str = "
[tables.t]
source = \"t/*\"
format = \"FORMAT\"
order = \"source\"
[tables.t.columns]
id = \"keep\"
note = \"keep\"
phone = { token = \"phone\" }
";

fn table(format: &str) -> String {
    TABLE.replace("FORMAT", format)
}

fn ids(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

/// A batch whose columns may hold NULLs.
fn batch<const N: usize>(columns: [(&str, ArrayRef); N]) -> RecordBatch {
    fields(columns, true)
}

/// A batch whose columns hold none.
fn required<const N: usize>(columns: [(&str, ArrayRef); N]) -> RecordBatch {
    fields(columns, false)
}

fn fields<const N: usize>(columns: [(&str, ArrayRef); N], nullable: bool) -> RecordBatch {
    let field =
        |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), nullable);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(schema), arrays).unwrap()
}

fn column(batch: &RecordBatch, name: &str) -> Vec<String> {
    let text = |text: Option<String>| text.unwrap_or_else(|| "NULL".to_owned());
    texts(batch, name).into_iter().map(text).collect()
}

fn refused(sandbox: &Sandbox, format: &str) -> String {
    let error = sandbox.run(&table(format), 1).err().unwrap();
    let code = if matches!(error, pseudo_engine::Error::Unfit { .. }) {
        2
    } else {
        1
    };
    assert_eq!(error.exit_code(), code, "{error}");
    error.to_string()
}

#[test]
fn parquet_files_may_lack_nullable_columns_and_order_them_as_they_like() {
    let sandbox = Sandbox::new();
    let text = |value: &'static str| text_column([Some(value)]);
    let phone = || text("13800138000");
    let first = batch([("note", text("a")), ("id", ids(&[1]))]);
    let second = batch([("phone", phone()), ("id", ids(&[2])), ("note", text("b"))]);
    sandbox.parquet("t/1.parquet", &first, 10);
    sandbox.parquet("t/2.parquet", &second, 10);
    sandbox.parquet("t/3.parquet", &batch([("id", ids(&[3]))]), 10);
    sandbox.parquet("t/4.parquet", &batch([("phone", phone())]), 10);
    let report = sandbox.run(&table("parquet"), 1).unwrap();
    let found = sandbox.read("t");
    assert_eq!(column(&found, "id"), ["1", "2", "3", "NULL"]);
    assert_eq!(column(&found, "note"), ["a", "b", "NULL", "NULL"]);
    let phones = column(&found, "phone");
    assert_eq!((phones[0].as_str(), phones[2].as_str()), ("NULL", "NULL"));
    assert!(
        phones[1] == phones[3] && phones[1].len() == 26,
        "{phones:?}"
    );
    let table = &report.manifest.tables[0];
    assert_eq!((table.source_rows, table.published_rows), (4, 4));
    let nulls = |name: &str| {
        let column = table.columns.iter().find(|column| column.source == name);
        column.unwrap().counts.null
    };
    assert_eq!([nulls("id"), nulls("note"), nulls("phone")], [1, 2, 2]);
}

#[test]
fn a_file_without_any_column_that_is_read_still_has_rows() {
    let sandbox = Sandbox::new();
    for format in ["parquet", "csv"] {
        let tables = format!(
            "[tables.t]\nsource = \"t/*.{format}\"\nunlisted = \"drop\"\norder = \"source\"\n\
             [tables.t.columns]\nnote = \"keep\"\n"
        );
        sandbox.parquet("t/1.parquet", &batch([("id", ids(&[1, 2]))]), 10);
        sandbox.parquet(
            "t/2.parquet",
            &batch([("note", text_column([Some("a")]))]),
            10,
        );
        sandbox.text("t/1.csv", "id\n1\n2\n");
        sandbox.text("t/2.csv", "note\na\n");
        let _ = std::fs::remove_dir_all(sandbox.path("safe"));
        sandbox.run(&tables, 1).unwrap();
        assert_eq!(column(&sandbox.read("t"), "note"), ["NULL", "NULL", "a"]);
    }
}

#[test]
fn csv_files_may_lack_columns_and_order_them_as_they_like() {
    let sandbox = Sandbox::new();
    sandbox.text("t/1.csv", "note,id\na,1\nb,2\n");
    sandbox.text("t/2.csv", "phone,id,note\n13800138000,3,c\n");
    sandbox.text("t/3.csv", "phone\n13800138000\n");
    sandbox.text("t/4.csv", "");
    let text = refused(&sandbox, "csv");
    assert_eq!(text, "`t/4.csv`: empty file: not even a header");
    sandbox.text("t/4.csv", "id\n");
    let typed = table("csv").replace("order", "types = { id = \"integer\" }\norder");
    sandbox.run(&typed, 1).unwrap();
    let found = sandbox.read("t");
    assert_eq!(column(&found, "id"), ["1", "2", "3", "NULL"]);
    assert_eq!(column(&found, "note"), ["a", "b", "c", "NULL"]);
    let phones = column(&found, "phone");
    assert!(phones[0] == "NULL" && phones[2] == phones[3] && phones[2].len() == 26);
}

#[test]
fn the_row_of_a_fault_is_that_of_its_file() {
    let sandbox = Sandbox::new();
    sandbox.text("t/1.csv", "note,id\na,1\nb,2\n");
    sandbox.text("t/2.csv", "phone,id,note\n13800138000,3,c\n,canary,d\n");
    let typed = table("csv").replace("order", "types = { id = \"integer\" }\norder");
    let error = sandbox.run(&typed, 1).err().unwrap().to_string();
    let expected = "`t/2.csv`, row 2, column `id`: not a value of the declared type";
    assert_eq!(error, expected);
}

#[test]
fn other_differences_are_refused_with_file_and_column() {
    let text = || text_column([Some("a")]);
    let whole = batch([("id", ids(&[1])), ("note", text()), ("phone", text())]);
    let cases = [
        (
            batch([("id", text()), ("note", text()), ("phone", text())]),
            "`t/2.parquet`, column `id`: of another type than in other files",
        ),
        (
            required([("id", ids(&[1])), ("code", text())]),
            "`t/1.parquet`, column `code`: missing here, and not nullable in other files",
        ),
    ];
    for (second, expected) in cases {
        let sandbox = Sandbox::new();
        sandbox.parquet("t/1.parquet", &whole, 10);
        sandbox.parquet("t/2.parquet", &second, 10);
        assert_eq!(refused(&sandbox, "parquet"), expected);
    }
    let sandbox = Sandbox::new();
    sandbox.parquet(
        "t/1.parquet",
        &required([("id", ids(&[1])), ("note", text())]),
        10,
    );
    sandbox.parquet(
        "t/2.parquet",
        &batch([("id", ids(&[1])), ("phone", text())]),
        10,
    );
    let expected = "`t/2.parquet`, column `note`: missing here, and not nullable in other files";
    assert_eq!(refused(&sandbox, "parquet"), expected);

    let sandbox = Sandbox::new();
    sandbox.text("t/1.csv", "id,note,phone\n1,a,\n");
    sandbox.text("t/2.csv", "id,note,note\n1,canary,b\n");
    let expected = "`t/2.csv`, column `note`: stands twice";
    assert_eq!(refused(&sandbox, "csv"), expected);
}

#[test]
fn a_column_that_one_file_has_needs_a_rule() {
    let sandbox = Sandbox::new();
    sandbox.text("t/1.csv", "id,note,phone\n1,a,\n");
    sandbox.text("t/2.csv", "id,secret\n1,canary\n");
    let error = sandbox.run(&table("csv"), 1).err().unwrap();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("`secret`"), "{error}");
}

#[test]
fn a_nullable_column_may_be_required_elsewhere() {
    let sandbox = Sandbox::new();
    let text = |value| text_column([value]);
    let first = required([
        ("id", ids(&[1])),
        ("note", text(Some("a"))),
        ("phone", text(Some(""))),
    ]);
    let second = batch([
        ("id", ids(&[2])),
        ("note", text(None)),
        ("phone", text(None)),
    ]);
    sandbox.parquet("t/1.parquet", &first, 10);
    sandbox.parquet("t/2.parquet", &second, 10);
    sandbox.run(&table("parquet"), 1).unwrap();
    let found = sandbox.read("t");
    assert_eq!(column(&found, "note"), ["a", "NULL"]);
    assert!(
        found
            .schema()
            .field_with_name("note")
            .unwrap()
            .is_nullable()
    );
}
