//! The pipelines that come with the project fit the tables they are written for.

use std::fmt::Write;

use arrow_schema::{DataType, Schema, TimeUnit};
use pseudo_policy::Pipeline;

use crate::schema;

const ID: DataType = DataType::Int64;
const TEXT: DataType = DataType::Utf8;
const DATE: DataType = DataType::Date32;
const TIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const MONEY: DataType = DataType::Decimal128(12, 2);

fn incident(table: &str) -> Schema {
    let texts = |names: &[&'static str]| names.iter().map(|name| (*name, TEXT)).collect::<Vec<_>>();
    let mut columns = match table {
        "users" => vec![
            ("user_id", ID),
            ("birth_date", DATE),
            ("registered_at", TIME),
        ],
        "owners" => vec![("owner_id", ID), ("user_id", ID)],
        "addresses" => vec![("address_id", ID), ("user_id", ID)],
        "employees" => vec![("employee_id", ID), ("hire_date", DATE), ("salary", MONEY)],
        "contacts" => vec![("contact_id", ID), ("owner_id", ID)],
        "orders" => vec![("order_id", ID), ("price", MONEY), ("ordered_at", TIME)],
        _ => vec![
            ("loan_id", ID),
            ("order_id", ID),
            ("owner_id", ID),
            ("principal", MONEY),
            ("rate", DataType::Decimal128(5, 4)),
            ("term_months", DataType::Int32),
            ("monthly_income", MONEY),
        ],
    };
    columns.extend(match table {
        "users" => texts(&["name", "phone", "email", "id_number", "gender", "city"]),
        "owners" => texts(&["name", "id_number", "phone", "vin", "licence_plate"]),
        "addresses" => texts(&[
            "recipient",
            "phone",
            "province",
            "city",
            "district",
            "address_line",
            "postcode",
        ]),
        "employees" => texts(&[
            "name",
            "id_number",
            "phone",
            "email",
            "department",
            "title",
            "bank_card",
        ]),
        "contacts" => texts(&["kind", "name", "phone", "relation", "company", "uscc"]),
        "orders" => texts(&["user_id", "vin", "model", "dealer_city"]),
        _ => texts(&["borrower_id_number", "bank", "bank_card", "status"]),
    });
    schema(&columns)
}

fn tpch(table: &str) -> Schema {
    let money = DataType::Decimal128(15, 2);
    schema(&match table {
        "customer" => vec![
            ("c_custkey", ID),
            ("c_name", TEXT),
            ("c_address", TEXT),
            ("c_nationkey", DataType::Int32),
            ("c_phone", TEXT),
            ("c_acctbal", money),
            ("c_mktsegment", TEXT),
            ("c_comment", TEXT),
        ],
        _ => vec![
            ("o_orderkey", ID),
            ("o_custkey", ID),
            ("o_orderstatus", TEXT),
            ("o_totalprice", money),
            ("o_orderdate", DATE),
            ("o_orderpriority", TEXT),
            ("o_clerk", TEXT),
            ("o_shippriority", DataType::Int32),
            ("o_comment", TEXT),
        ],
    })
}

fn explained(text: &str, source: fn(&str) -> Schema) -> String {
    let pipeline = Pipeline::parse("p.toml", text).unwrap_or_else(|refusal| panic!("{refusal}"));
    let mut lines = String::new();
    for table in &pipeline.tables {
        let plan = pipeline.bind(table, &source(&table.name));
        let plan = plan.unwrap_or_else(|refusal| panic!("{refusal}"));
        assert!(plan.warnings.is_empty());
        assert!(plan.subject.is_some());
        writeln!(lines, "{} without {:?}", plan.table, plan.dropped).unwrap();
        for column in &plan.columns {
            let (name, what) = (column.output.name(), column.describe());
            let input = &column.input;
            let output = column.output_type();
            writeln!(
                lines,
                "  {} {input} -> {name} {output}: {what}",
                column.source
            )
            .unwrap();
        }
    }
    lines
}

#[test]
fn quickstart_fits_the_sample() {
    let text = include_str!("../../pipelines/quickstart.toml");
    insta::assert_snapshot!("quickstart", explained(text, incident));
}

#[test]
fn owner_analytics_fits_the_sample() {
    let text = include_str!("../../pipelines/owner-analytics.toml");
    insta::assert_snapshot!("owner-analytics", explained(text, incident));
}

#[test]
fn tpch_fits_tpch() {
    let text = include_str!("../../pipelines/tpch.toml");
    insta::assert_snapshot!("tpch", explained(text, tpch));
}
