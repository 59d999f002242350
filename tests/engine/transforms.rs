//! Rules that need more than their own column: files, counts over the whole table, a subject, a
//! day.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use arrow::array::{Date32Array, Int64Array};
use pseudo_engine::{Error, RunOutcome};

use crate::harness::{Sandbox, at, batch, text_column, texts};

fn text(sandbox: &Sandbox, column: &str) -> Vec<String> {
    let cells = texts(&sandbox.read("t"), column);
    cells
        .into_iter()
        .map(|cell| cell.unwrap_or("NULL".into()))
        .collect()
}

const MAP: &str = r#"
[tables.t]
source = "t.csv"
order = "source"
[tables.t.columns]
city = [ { map = "groups.csv", default = "OTHER" }, { map = "groups.csv", to = "strict" } ]
"#;

#[test]
fn a_map_is_a_file_beside_the_pipeline() {
    let sandbox = Sandbox::new();
    sandbox.text("t.csv", "city\n北京\n上海\n广州\n");
    fs::write(
        sandbox.path("groups.csv"),
        "北京,north\n\"广州\",\"south, far\"\n",
    )
    .unwrap();
    let first = sandbox.run(MAP, 1).unwrap().manifest;
    assert_eq!(text(&sandbox, "city"), ["north", "OTHER", "south, far"]);
    assert_eq!(text(&sandbox, "strict"), ["north", "NULL", "south, far"]);
    assert_eq!(first.recipe.maps.len(), 1);
    assert_eq!(
        sandbox.run(MAP, 2).unwrap().outcome,
        RunOutcome::NothingToDo
    );
    fs::write(sandbox.path("groups.csv"), "北京,capital\n").unwrap();
    assert_eq!(sandbox.run(MAP, 3).unwrap().outcome, RunOutcome::Published);
    assert_eq!(text(&sandbox, "city"), ["capital", "OTHER", "OTHER"]);
}

#[test]
fn a_map_that_is_no_map_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.text("t.csv", "city\n北京\n");
    let refusal = |content: Option<&str>| {
        match content {
            Some(content) => fs::write(sandbox.path("groups.csv"), content).unwrap(),
            None => drop(fs::remove_file(sandbox.path("groups.csv"))),
        }
        let error = sandbox.run(MAP, 1).err().unwrap();
        assert_eq!(error.exit_code(), 2, "{error}");
        error.to_string()
    };
    assert!(refusal(None).contains("`map` file `groups.csv`: no such file"));
    assert!(refusal(Some("canary\n")).contains("line 1: too few fields"));
    let twice = refusal(Some("canary,a\ncanary,b\n"));
    assert!(
        twice.contains("line 2: a text that an earlier line has"),
        "{twice}"
    );
    assert!(!twice.contains("canary"), "{twice}");
}

#[test]
fn rare_counts_over_all_files_of_the_table() {
    let sandbox = Sandbox::new();
    for (name, cities) in [("a", ["x", "y", "x"]), ("b", ["z", "y", "y"])] {
        let columns = [("city", text_column(cities.map(Some)))];
        sandbox.parquet(&format!("t/{name}.parquet"), &batch(columns), 1);
    }
    let pipeline = r#"
[tables.t]
source = "t/*.parquet"
order = "source"
[tables.t.columns]
city = { rare = { below = 2, to = "OTHER" } }
"#;
    sandbox.run(pipeline, 1).unwrap();
    assert_eq!(text(&sandbox, "city"), ["x", "y", "x", "OTHER", "y", "y"]);
    let three = pipeline.replace("below = 2", "below = 3");
    sandbox.run(&three, 2).unwrap();
    assert_eq!(
        text(&sandbox, "city"),
        ["OTHER", "y", "OTHER", "OTHER", "y", "y"]
    );
}

#[test]
fn dates_of_one_subject_move_together() {
    let sandbox = Sandbox::new();
    let subjects = Int64Array::from(vec![Some(1), Some(1), Some(2), None]);
    let days = Date32Array::from(vec![10_000, 10_007, 10_000, 10_000]);
    let columns = [
        ("user_id", Arc::new(subjects) as _),
        ("day", Arc::new(days) as _),
    ];
    sandbox.parquet("t.parquet", &batch(columns), 10);
    let pipeline = r#"
[tables.t]
source = "t.parquet"
subject = "user_id"
order = "source"
[tables.t.columns]
user_id = { token = "account" }
day = { shift = { days = 30 } }
"#;
    sandbox.run(pipeline, 1).unwrap();
    let batch = sandbox.read("t");
    let column = batch.column_by_name("day").unwrap();
    let days = column.as_any().downcast_ref::<Date32Array>().unwrap();
    assert_eq!(days.value(1) - days.value(0), 7);
    assert!(
        days.iter()
            .flatten()
            .all(|day| (9_970..=10_037).contains(&day))
    );
    assert!(days.iter().nth(3).unwrap().is_none());
}

#[test]
fn an_age_needs_a_day_of_the_rule_or_of_the_run() {
    let sandbox = Sandbox::new();
    sandbox.text("t.csv", "id_number\n11010519491231002X\n");
    let pipeline = r#"
[tables.t]
source = "t.csv"
[tables.t.columns]
id_number = { age = { width = 5, top = 75 }, kind = "cn-resident-id", to = "age" }
"#;
    let error = sandbox.run(pipeline, 1).err().unwrap();
    assert!(matches!(error, Error::NoDay { .. }), "{error}");
    assert_eq!(error.exit_code(), 2);
    sandbox
        .run_with(pipeline, 2, |options| options.at = Some(at(0)))
        .unwrap();
    assert_eq!(text(&sandbox, "age"), ["75+"]);
    let said = pipeline.replace("top = 75", "top = 75, at = \"2000-01-01\"");
    sandbox.run(&said, 3).unwrap();
    assert_eq!(text(&sandbox, "age"), ["50-54"]);
}

#[test]
fn fpe_keeps_the_shape_and_stays_one_to_one() {
    let sandbox = Sandbox::new();
    let numbers: String = (0..1000).map(|n| format!("{n},{:08}\n", n * 7)).collect();
    sandbox.text("t.csv", format!("n,code\n{numbers}"));
    let pipeline = r#"
[tables.t]
source = "t.csv"
types = { n = "integer" }
order = "source"
[tables.t.columns]
n = { fpe = "account", alphabet = "int64" }
code = { fpe = "note", alphabet = "digits" }
"#;
    sandbox.run(pipeline, 1).unwrap();
    for (column, length) in [("n", None), ("code", Some(8))] {
        let values = text(&sandbox, column);
        assert!(
            values
                .iter()
                .all(|value| value.bytes().all(|byte| byte.is_ascii_digit()))
        );
        assert!(length.is_none_or(|length| values.iter().all(|value| value.len() == length)));
        assert_eq!(values.iter().collect::<BTreeSet<_>>().len(), 1000);
        assert_ne!(values[1], "1");
    }
}
