//! `pseudo verify`: proves the current run of a sink once more.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use pseudo_engine::VerifyReport;
use pseudo_engine::manifest::{GatedColumn, Manifest, SharedIdentity};
use pseudo_engine::risk::Unit;
use pseudo_query::Classes;
use serde_json::{Value, json};

use crate::message::{self, Failure, Screen};
use crate::table::{Table, thousands};

/// Prove the current run of a sink once more
///
/// Every file is read to its last byte and compared with the manifest: digest, rows, schema,
/// footer, NULLs, the form of every pseudonym. No column may hold more identifiers than chance
/// explains, and the classes of rows that `[gates]` asked for are counted once more. With the
/// pipeline, no value of a protected column of its source may stand in the output either. No key is
/// needed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo verify data/safe --pipeline pipelines/quickstart.toml")]
pub(crate) struct Verify {
    /// The directory that runs are published in
    sink: PathBuf,
    /// The pipeline of the run, for its source
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    /// Worker threads; one per core when absent
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Write what was found as JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let open = |pipeline| pseudo_engine::open(pipeline, &pseudo_query::Filters);
        let job = self.pipeline.as_deref().map(open).transpose()?;
        let threads = self.threads.map(NonZeroUsize::get);
        let report = pseudo_engine::verify(&self.sink, job.as_ref(), threads)?;
        let memory = job.and_then(|job| job.pipeline.limits.memory);
        pseudo_engine::verify_gates(&self.sink, &report.manifest, &Classes, memory)?;
        if !report.same_pipeline {
            screen.warning("the pipeline file is not the one that the run was made by");
        }
        for change in &report.changed {
            screen.warning(&change.to_string());
        }
        for (table, column) in columns(&report) {
            for kind in &column.kinds {
                screen.warning(&suspicion(table, &column.column, &kind.kind, kind.values));
            }
            let shared = column.shared.iter();
            let excused = shared.filter_map(|one| excused(table, &column.column, one));
            excused.for_each(|text| screen.warning(&text));
        }
        let text = if self.json {
            message::json(&as_json(&self, &report))
        } else {
            as_text(&self, &report)
        };
        message::print(&text)
    }
}

/// What is said of a column that may hold identifiers.
pub(crate) fn suspicion(table: &str, column: &str, kind: &str, values: u64) -> String {
    let values = thousands(values);
    format!("table `{table}`, column `{column}`: {values} distinct values may be of kind `{kind}`")
}

/// What is said of a column that passed for want of nothing but somebody's word.
pub(crate) fn excused(table: &str, column: &str, shared: &SharedIdentity) -> Option<String> {
    let SharedIdentity {
        identity,
        values,
        of,
        unrelated,
        ..
    } = shared;
    let (values, of) = (thousands(*values), thousands(*of));
    unrelated.then(|| {
        format!(
            "table `{table}`, column `{column}`: {values} of {of} numbers are those of \
             `{identity}`, and pass because the pipeline calls the two unrelated"
        )
    })
}

/// What was counted for `[gates]`, a line for each table.
pub(crate) fn gates(manifest: &Manifest) -> String {
    let mut text = String::new();
    for table in &manifest.tables {
        let Some(gate) = &table.classes else {
            continue;
        };
        let found = &gate.found;
        let unit = match found.unit {
            Unit::Rows => "rows",
            Unit::Subjects => "subjects",
        };
        text.push_str(&format!(
            "gate {}: k = {} by {}, {} {unit} in {} classes\n",
            table.table,
            thousands(found.k),
            found.quasi_identifiers.join(", "),
            thousands(found.members),
            thousands(found.classes),
        ));
    }
    text
}

/// The columns that were looked at, with their tables.
fn columns(report: &VerifyReport) -> impl Iterator<Item = (&str, &GatedColumn)> {
    let tables = report.manifest.tables.iter().zip(&report.gates);
    tables.flat_map(|(table, gate)| {
        gate.columns
            .iter()
            .map(|column| (table.table.as_str(), column))
    })
}

fn as_text(verify: &Verify, report: &VerifyReport) -> String {
    let heads = [
        "table",
        "column",
        "values",
        "shared with",
        "values",
        "of",
        "by chance",
    ];
    let mut shown = Table::new(&heads).numbers_from(4);
    for (table, column) in columns(report) {
        let values = thousands(column.values);
        for shared in &column.shared {
            shown.row([
                table,
                &column.column,
                &values,
                &shared.identity,
                &thousands(shared.values),
                &thousands(shared.of),
                &thousands(shared.by_chance),
            ]);
        }
        if column.shared.is_empty() {
            shown.row([table, &column.column, &values, "", "", "", ""]);
        }
    }
    let mut tables = Table::new(&["table", "files", "bytes", "rows"]).numbers_from(1);
    for table in &report.manifest.tables {
        tables.row([
            table.table.clone(),
            thousands(table.outputs.len() as u64),
            thousands(table.outputs.iter().map(|output| output.bytes).sum()),
            thousands(table.published_rows),
        ]);
    }
    let run = &report.manifest.run_id;
    let gates = gates(&report.manifest);
    let compared = report.protected.map_or_else(
        || "; give `--pipeline` to compare it with its source".to_owned(),
        |columns| format!(", and with {columns} protected columns of its source"),
    );
    format!(
        "{shown}\n{tables}\n{gates}run {run} of {} is as its manifest says{compared}\n",
        verify.sink.display()
    )
}

fn as_json(verify: &Verify, report: &VerifyReport) -> Value {
    let table = |(table, gate): (&pseudo_engine::manifest::TableManifest, _)| {
        json!({
            "table": table.table,
            "files": table.outputs.len(),
            "rows": table.published_rows,
            "gate": gate,
            "classes": table.classes,
        })
    };
    let changed = report
        .changed
        .iter()
        .map(|one| json!({ "table": one.table, "file": one.file, "change": one.change.name() }));
    let tables = report.manifest.tables.iter().zip(&report.gates);
    json!({
        "outcome": "verified",
        "sink": verify.sink,
        "run_id": report.manifest.run_id,
        "protected_columns": report.protected,
        "same_pipeline": report.same_pipeline,
        "changed_sources": changed.collect::<Vec<_>>(),
        "tables": tables.map(table).collect::<Vec<_>>(),
    })
}
