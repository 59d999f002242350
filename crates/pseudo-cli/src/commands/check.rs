//! `pseudo check`: what would happen to every column.

use std::path::PathBuf;

use clap::Args;
use pseudo_engine::{Choice, Job};
use pseudo_policy::{Action, Gates, PlannedColumn, TablePlan};
use serde_json::{Value, json};

use crate::message::{self, Failure, Screen};
use crate::table::Table;

/// Say what would happen to every column, and read no rows
///
/// The pipeline is bound to the schema of its source. Everything that is wrong with it is listed at
/// once, each with a rule ready to paste.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo check pipelines/quickstart.toml")]
pub(crate) struct Check {
    /// The pipeline file
    pipeline: PathBuf,
    #[command(flatten)]
    settings: Settings,
    /// Write the plan as JSON
    #[arg(long)]
    json: bool,
}

/// Values for the placeholders of a pipeline file.
#[derive(Args, Debug)]
pub(crate) struct Settings {
    /// Value for the placeholder `{NAME}` of the pipeline file; can be given several times
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
}

impl Settings {
    /// These values, and some tables; none for all.
    pub(crate) fn choice(&self, tables: &[String]) -> Result<Choice, Failure> {
        let mut choice = Choice {
            tables: tables.to_vec(),
            ..Choice::default()
        };
        for (name, value) in &self.set {
            if choice
                .settings
                .insert(name.clone(), value.clone())
                .is_some()
            {
                return Err(Failure::usage(format!("`--set {name}` is given twice")));
            }
        }
        Ok(choice)
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "not of the form NAME=VALUE".to_owned())
}

impl Check {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let choice = self.settings.choice(&[])?;
        let job = pseudo_engine::open_with(&self.pipeline, &pseudo_query::Filters, &choice)?;
        warn(&job, screen);
        let text = if self.json {
            message::json(&as_json(&job))
        } else {
            as_text(&job)
        };
        message::print(&text)?;
        let columns: usize = job
            .tables
            .iter()
            .map(|bound| bound.plan.columns.len())
            .sum();
        let (tables, columns) = (count(job.tables.len(), "table"), count(columns, "column"));
        screen.note(&format!(
            "{tables}, {columns}: ready to run; no row was read"
        ));
        Ok(())
    }
}

/// Says what is legal and yet deserves a word.
pub(crate) fn warn(job: &Job, screen: Screen) {
    for violation in job.tables.iter().flat_map(|bound| &bound.plan.warnings) {
        screen.violation(violation);
    }
}

fn as_text(job: &Job) -> String {
    let pipeline = &job.pipeline;
    let mut text = format!("pipeline {}, domain {}\n", pipeline.name, pipeline.domain);
    text.push_str(&pipeline.gates.as_ref().map(gates).unwrap_or_default());
    for bound in &job.tables {
        let plan = &bound.plan;
        text.push_str(&format!("\ntable {}{}\n", plan.table, remarks(plan)));
        let heads = [
            "column",
            "type",
            "output",
            "type",
            "rule",
            "kind",
            "if invalid",
        ];
        let mut table = Table::new(&heads);
        for column in &plan.columns {
            let output = column.output.name();
            let invalid = kind(column).map_or("", |_| column.on_invalid.name());
            table.row([
                column.source.as_str(),
                &column.input.to_string(),
                output,
                &column.output_type(),
                &rule(column),
                kind(column).unwrap_or_default(),
                invalid,
            ]);
        }
        for column in &plan.dropped {
            table.row([column, "", "", "", "drop", "", ""]);
        }
        text.push_str(&table.to_string());
    }
    text
}

/// What the output must hold, a line for each table.
fn gates(gates: &Gates) -> String {
    let names = |names: &[&str]| names.join(", ");
    let mut text = String::new();
    for set in gates.sets() {
        let known = names(&set.quasi_identifiers);
        text.push_str(&format!("gate {}: k >= {} by {known}", set.table, gates.k));
        if gates.below_rate > 0.0 {
            text.push_str(&format!(" but for a share of {}", gates.below_rate));
        }
        if !set.sensitive.is_empty() {
            let l = gates.l.map(|l| format!(", l >= {l}")).unwrap_or_default();
            let t = gates.t.map(|t| format!(", t <= {t}")).unwrap_or_default();
            text.push_str(&format!("{l}{t} of {}", names(&set.sensitive)));
        }
        text.push('\n');
    }
    text
}

fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

fn remarks(plan: &TablePlan) -> String {
    let mut text = String::new();
    if let Some(subject) = &plan.subject {
        text.push_str(&format!(", about {subject}"));
    }
    if let Some(filter) = &plan.filter {
        text.push_str(&format!(", rows where {filter}"));
    }
    text
}

/// What is done, and whether the originals go into escrow.
fn rule(column: &PlannedColumn) -> String {
    let sealed = column.escrow.as_ref().map_or("", |_| ", originals sealed");
    column.describe() + sealed
}

/// The kind that cells of the column are judged by.
fn kind(column: &PlannedColumn) -> Option<&'static str> {
    let judged = column.identity.is_some() || matches!(column.action, Action::Derive(_));
    column.kind.filter(|_| judged).map(|kind| kind.id())
}

fn as_json(job: &Job) -> Value {
    let column = |column: &PlannedColumn| {
        json!({
            "source": column.source,
            "type": column.input.to_string(),
            "column": column.output.name(),
            "output_type": column.output_type(),
            "rule": rule(column),
            "identity": column.identity_name(),
            "kind": kind(column),
            "on_invalid": kind(column).map(|_| column.on_invalid.name()),
        })
    };
    let table = |plan: &TablePlan| {
        json!({
            "table": plan.table,
            "subject": plan.subject,
            "filter": plan.filter,
            "columns": plan.columns.iter().map(column).collect::<Vec<_>>(),
            "dropped": plan.dropped,
            "warnings": plan.warnings.iter().map(|one| &one.message).collect::<Vec<_>>(),
        })
    };
    let gates = job.pipeline.gates.as_ref().map(|gates| {
        json!({
            "k": gates.k,
            "quasi_identifiers": gates.quasi_identifiers,
            "sensitive": gates.sensitive,
            "l": gates.l,
            "t": gates.t,
            "below_rate": gates.below_rate,
        })
    });
    json!({
        "pipeline": job.pipeline.name,
        "domain": job.pipeline.domain,
        "rows": job.rows(),
        "gates": gates,
        "tables": job.tables.iter().map(|bound| table(&bound.plan)).collect::<Vec<_>>(),
    })
}
