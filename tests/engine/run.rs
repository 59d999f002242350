//! What a run makes of rows: every row accounted for, tokens that join across types and files, row
//! order that is keyed, output that depends on nothing but input, plan and keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::DataType;
use pseudo_engine::{RunOutcome, manifest::Manifest};

use crate::harness::{Sandbox, batch, text_column, texts};

const JOINED: &str = r#"
[tables.users]
source = "users.parquet"
subject = "user_id"
[tables.users.columns]
user_id = { token = "account" }
name = "drop"
city = "keep"
[tables.orders]
source = "orders.parquet"
order = "source"
[tables.orders.columns]
user_id = { token = "account" }
price = { band = { width = 100 } }
"#;

fn users(rows: i64) -> RecordBatch {
    let ids: Vec<i64> = (0..rows).collect();
    let names: Vec<String> = ids.iter().map(|id| format!("name-{id}")).collect();
    let city = |id: &i64| ["北京", "上海", "广州"][usize::try_from(id % 3).unwrap()];
    let cities: Vec<&str> = ids.iter().map(city).collect();
    batch([
        ("user_id", Arc::new(Int64Array::from(ids))),
        (
            "name",
            text_column(names.iter().map(|name| Some(name.as_str()))),
        ),
        ("city", text_column(cities.into_iter().map(Some))),
    ])
}

fn orders() -> RecordBatch {
    let ids = ["7", "007", " ７", "+8", "N/A", "9"];
    let prices = Int64Array::from(vec![
        Some(99),
        Some(100),
        Some(-1),
        None,
        Some(250),
        Some(0),
    ]);
    batch([
        ("user_id", text_column(ids.map(Some))),
        ("price", Arc::new(prices)),
    ])
}

fn joined(rows: i64, group: usize, threads: usize) -> (Sandbox, Manifest) {
    let sandbox = Sandbox::new();
    sandbox.parquet("users.parquet", &users(rows), group);
    sandbox.parquet("orders.parquet", &orders(), 10);
    let report = sandbox
        .run_with(JOINED, 1, |options| options.threads = Some(threads))
        .unwrap();
    assert_eq!(report.outcome, RunOutcome::Published);
    (sandbox, report.manifest)
}

#[test]
fn tokens_of_one_identity_join_across_types_and_spellings() {
    let (sandbox, _) = joined(1000, 1000, 2);
    let users = texts(&sandbox.read("users"), "user_id");
    let orders = texts(&sandbox.read("orders"), "user_id");
    assert_eq!(orders[0], orders[1]);
    assert_eq!(orders[0], orders[2]);
    assert_eq!(orders[4], None);
    for order in [0, 3, 5] {
        assert!(users.contains(&orders[order]));
        assert_eq!(orders[order].as_ref().unwrap().len(), 26);
    }
}

#[test]
fn every_cell_is_counted_once() {
    let (_sandbox, manifest) = joined(1000, 1000, 2);
    let [users, orders] = manifest.tables.as_slice() else {
        unreachable!()
    };
    assert_eq!(
        (users.source_rows, users.published_rows, users.filtered_rows),
        (1000, 1000, 0)
    );
    assert_eq!(users.dropped, ["name"]);
    let subjects = users.distinct_subjects.unwrap();
    assert!((950..=1050).contains(&subjects), "{subjects}");
    let counts = orders.columns[0].counts;
    assert_eq!((counts.rows, counts.transformed, counts.blank), (6, 5, 1));
    let counts = orders.columns[1].counts;
    assert_eq!((counts.rows, counts.transformed, counts.null), (6, 5, 1));
}

#[test]
fn output_types_and_bands_are_those_of_the_plan() {
    let (sandbox, manifest) = joined(1000, 1000, 2);
    let orders = sandbox.read("orders");
    assert_eq!(orders.column(0).data_type(), &DataType::Utf8);
    let bands = texts(&orders, "price");
    let bands: Vec<_> = bands
        .iter()
        .map(|band| band.as_deref().unwrap_or("NULL"))
        .collect();
    assert_eq!(
        bands,
        ["0-100", "100-200", "-100-0", "NULL", "200-300", "0-100"]
    );
    assert_eq!(manifest.tables[1].columns[1].data_type, "Utf8");
}

#[test]
fn the_default_order_is_keyed_and_keeps_rows_together() {
    let (sandbox, _) = joined(1000, 1000, 2);
    let shuffled = sandbox.read("users");
    let sorted = JOINED.replacen("subject", "order = \"source\"\nsubject", 1);
    sandbox.run(&sorted, 5).unwrap();
    let source = sandbox.read("users");
    let pairs = |batch: &RecordBatch| -> Vec<(Option<String>, Option<String>)> {
        texts(batch, "user_id")
            .into_iter()
            .zip(texts(batch, "city"))
            .collect()
    };
    let (mut shuffled, mut source) = (pairs(&shuffled), pairs(&source));
    assert_ne!(shuffled, source);
    let moved = shuffled
        .iter()
        .zip(&source)
        .filter(|(a, b)| a.0 != b.0)
        .count();
    assert!(moved > 900, "{moved} of 1000 rows moved");
    shuffled.sort();
    source.sort();
    assert_eq!(shuffled, source);
}

#[test]
fn output_does_not_depend_on_threads() {
    let digests = |manifest: &Manifest| -> BTreeMap<String, String> {
        let outputs = manifest.tables.iter().flat_map(|table| &table.outputs);
        outputs
            .map(|output| (output.path.clone(), output.sha256.clone()))
            .collect()
    };
    // six chunks of users and one of orders
    let of = |threads| digests(&joined(170_000, 30_000, threads).1);
    let one = of(1);
    assert_eq!(one.len(), 3);
    assert_eq!(one, of(2));
    assert_eq!(one, of(5));
}

#[test]
fn tables_without_rows_keep_their_schema() {
    let sandbox = Sandbox::new();
    sandbox.parquet("users.parquet", &users(0), 10);
    sandbox.parquet("orders.parquet", &orders().slice(0, 0), 10);
    let report = sandbox.run(JOINED, 1).unwrap();
    assert_eq!(report.manifest.tables[0].source_rows, 0);
    let users = sandbox.read("users");
    assert_eq!(users.num_rows(), 0);
    assert_eq!(users.schema().field(0).name(), "user_id");
}

#[test]
fn files_of_one_table_are_read_in_the_order_of_their_names() {
    let sandbox = Sandbox::new();
    for (name, from) in [("b", 10), ("a", 0)] {
        let users = users(20).slice(from, 10);
        sandbox.parquet(&format!("users/{name}.parquet"), &users, 3);
    }
    let pipeline = r#"
[tables.users]
source = "users/*.parquet"
order = "source"
[tables.users.columns]
user_id = "keep"
name = "drop"
city = "drop"
"#;
    let report = sandbox.run(pipeline, 1).unwrap();
    let sources = &report.manifest.tables[0].sources;
    let names: Vec<_> = sources
        .iter()
        .map(|source| (source.path.as_str(), source.rows))
        .collect();
    assert_eq!(names, [("users/a.parquet", 10), ("users/b.parquet", 10)]);
    let ids: Vec<_> = texts(&sandbox.read("users"), "user_id")
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(ids, (0..20).map(|id| id.to_string()).collect::<Vec<_>>());
}

#[test]
fn row_groups_that_are_too_large_are_read_in_slices() {
    let sandbox = Sandbox::new();
    sandbox.parquet("users.parquet", &users(400_000), 400_000);
    let pipeline = r#"
[tables.users]
source = "users.parquet"
order = "source"
[tables.users.columns]
user_id = "keep"
name = "drop"
city = "keep"
"#;
    let report = sandbox.run(pipeline, 1).unwrap();
    assert_eq!(report.manifest.tables[0].outputs.len(), 4);
    let ids: Vec<_> = texts(&sandbox.read("users"), "user_id")
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(ids.len(), 400_000);
    assert!(
        ids.iter()
            .enumerate()
            .all(|(row, id)| *id == row.to_string())
    );
}

#[test]
fn the_embedded_sample_is_a_source() {
    let sandbox = Sandbox::new();
    let pipeline = r#"
[tables.orders]
source = "orders/*.parquet"
unlisted = "drop"
[tables.orders.columns]
user_id = { token = "account" }
"#;
    let job = |root: &str| {
        let job = sandbox.job(pipeline);
        let text = std::fs::read_to_string(sandbox.path("pipeline.toml")).unwrap();
        drop(job);
        let text = text.replace("root = \"raw\"", &format!("root = \"{root}\""));
        let pipeline = pseudo_policy::Pipeline::parse("test", &text).unwrap();
        pseudo_engine::plan(
            pipeline,
            &sandbox.path("."),
            &pseudo_engine::filter::NoFilters,
        )
    };
    let bound = job("sample:incident?scale=0.001&seed=7").unwrap();
    assert_eq!(bound.rows(), Some(125));
    assert!(job("sample:incident?scale=x").is_err());
    assert!(job("s3://bucket/raw").is_err());
}
