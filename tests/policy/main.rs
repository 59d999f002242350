//! Tests of `pseudo-policy` at its boundary: what a pipeline file may say, and what a schema allows
//! of it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod bind;
mod cases;
mod escrow;
mod faults;
mod gates;
mod hash;
mod needs;
mod parse;
mod pipelines;
mod sections;
mod settings;

use arrow_schema::{DataType, Field, Schema};
use pseudo_policy::{Pipeline, Refusal, TablePlan};

/// A pipeline with one table `users` of these columns; its rules begin at line 23.
fn text(columns: &str) -> String {
    format!(
        "{HEAD}\n[tables.users]\nsource = \"users/*.parquet\"\n[tables.users.columns]\n{columns}\n"
    )
}

fn parsed(text: &str) -> Pipeline {
    Pipeline::parse("p.toml", text).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn refused(text: &str) -> Refusal {
    Pipeline::parse("p.toml", text).unwrap_err()
}

/// Binds the first table.
fn bound(text: &str, schema: &Schema) -> Result<TablePlan, Refusal> {
    let pipeline = parsed(text);
    pipeline.bind(pipeline.tables.first().unwrap(), schema)
}

fn schema(columns: &[(&str, DataType)]) -> Schema {
    let field = |(name, data_type): &(&str, DataType)| Field::new(*name, data_type.clone(), true);
    Schema::new(columns.iter().map(field).collect::<Vec<_>>())
}

/// A recipient of the documentation of age.
const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

const HEAD: &str = r#"version = 1
name = "test"
domain = "test"
[keys]
keyring = "test.keyring"
[source]
root = "raw"
[sink]
root = "safe"
[identities.account]
kind = "integer"
[identities.person]
kind = "cn-resident-id"
[identities.vehicle]
kind = "vin"
[identities.blob]
kind = "exact"
[identities.phone]
kind = "cn-phone""#;
