//! Runs of many tables, columns and files: the page stays one that opens.

use serde_json::{Value, json};

use crate::page::read;
use crate::sample::{column, manifest, output, report, run, source};

fn table(name: &str, columns: usize, files: usize) -> Value {
    let columns = (0..columns).map(|at| {
        let name = format!("column_{at}");
        column(
            &name,
            &name,
            "token account, base32, 128 bits",
            Some("account"),
            [7, 0, 0, 0, 1, 0],
        )
    });
    let outputs = (0..files).map(|at| output(&format!("{name}/part-{at:05}.parquet"), 7));
    json!({
        "table": name, "source_rows": 7, "published_rows": 7, "filtered_rows": 0,
        "quarantined_rows": 0, "distinct_subjects": 7,
        "sources": [source(&format!("{name}/part-0.parquet"), 7)],
        "outputs": outputs.collect::<Vec<_>>(),
        "columns": columns.collect::<Vec<_>>(),
        "dropped": [],
    })
}

#[test]
fn ten_thousand_columns() {
    let mut many = run();
    many["tables"] = json!([table("wide", 10_000, 3_000)]);
    let now = manifest(many);
    let html = report(&now).html().unwrap();
    assert!(html.len() < 8_000_000, "{}", html.len());
    let page = read(&html);
    assert!(
        !page
            .all("details")
            .any(|details| details.contains_key("open"))
    );
    assert!(page.text.contains("column_9999"));
    assert!(
        page.text
            .contains("The 12 columns with the largest share; 9,988 more in the tables.")
    );
    assert!(page.text.contains("2,500 more are in manifest.json."));
    assert_eq!(page.all("rect").count(), 2 * (1 + 1 + 12));
}

#[test]
fn three_hundred_tables() {
    let mut many = run();
    let tables = (0..300).map(|at| table(&format!("table_{at}"), 12, 4));
    many["tables"] = json!(tables.collect::<Vec<_>>());
    let now = manifest(many);
    let page = read(&report(&now).html().unwrap());
    assert!(
        !page
            .all("details")
            .any(|details| details.contains_key("open"))
    );
    assert!(
        page.text
            .contains("The 12 largest tables; 288 more are in the table below.")
    );
    assert!(page.text.contains("table_299"));
}

#[test]
fn no_table_at_all() {
    let mut none = run();
    none["tables"] = json!([]);
    let now = manifest(none);
    read(&report(&now).html().unwrap());
    report(&now).markdown().unwrap();
}
