//! `pseudo assess`: what the current run tells of the people in it.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::Args;
use pseudo_engine::risk::{
    AssessedSet, Assessment, ColumnClass, ColumnRisk, Origin, TableRisk, Unit, WarningKind,
};
use pseudo_query::{Assess as Question, ColumnName};

use crate::message::{self, Failure, Screen};
use crate::report::ReportArgs;
use crate::table::{Table, thousands};

/// Measure how far the current run of a sink singles people out
///
/// Rows that show the same in a set of columns are a class: the smallest class is k, the fewest
/// values of a sensitive column in a class are l, and the largest distance of a class from the
/// whole table is t. Sets are those of the pipeline's `[gates]`, those that are given, one that is
/// proposed by rules and names, and all columns that show values. No key is needed, nothing is
/// written, and no value is shown. What is measured stops nothing: `[gates]` in a pipeline do.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo assess data/safe --k 10")]
pub(crate) struct Assess {
    /// The directory that runs are published in
    sink: PathBuf,
    /// Some tables; can be given several times
    #[arg(long, value_name = "TABLE")]
    table: Vec<String>,
    /// Columns that may be known of somebody together; can be given several times
    #[arg(long, value_name = "TABLE.COLUMN,…", value_parser = names)]
    quasi_identifiers: Vec<Names>,
    /// A column that nobody should learn of somebody; can be given several times
    #[arg(long, value_name = "TABLE.COLUMN", value_parser = name)]
    sensitive: Vec<ColumnName>,
    /// Classes of fewer members are too small; that of `[gates]` when absent, or 5
    #[arg(long)]
    k: Option<NonZeroU64>,
    /// What counts may hold together, in MiB
    #[arg(long, value_name = "MIB", default_value = "1024")]
    memory: NonZeroU64,
    /// Write what was measured as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    report: ReportArgs,
}

#[derive(Clone, Debug)]
struct Names(Vec<ColumnName>);

impl Assess {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        self.report.check(Some(&self.sink))?;
        let sets: Vec<_> = self
            .quasi_identifiers
            .into_iter()
            .map(|names| names.0)
            .collect();
        let memory = self.memory.get().saturating_mul(1 << 20);
        let assessment = Question {
            sink: &self.sink,
            tables: &self.table,
            quasi_identifiers: &sets,
            sensitive: &self.sensitive,
            k: self.k.map(NonZeroU64::get),
            memory_bytes_max: usize::try_from(memory).unwrap_or(usize::MAX),
        }
        .assess()?;
        let run_id = &assessment.run_id;
        self.report
            .tell(&self.sink, run_id, Some(&assessment), None, screen);
        if self.json {
            let json = serde_json::to_value(&assessment).unwrap_or_default();
            return message::print(&message::json(&json));
        }
        message::print(&as_text(&assessment))
    }
}

fn as_text(assessment: &Assessment) -> String {
    let Assessment {
        run_id,
        pipeline,
        domain,
        epoch,
        ..
    } = assessment;
    let mut text = format!("run {run_id} of {pipeline}, domain {domain}, epoch {epoch}\n");
    for table in &assessment.tables {
        text.push_str(&format!("\n{}\n\n{}", heading(table), columns(table)));
        if !table.sets.is_empty() {
            text.push_str(&format!("\n{}", sets(table)));
        }
        let told = sensitive(table);
        if let Some(told) = told {
            text.push_str(&format!("\n{told}"));
        }
        text.push_str(&format!("\n{}\n", sentence(table, assessment.k_wanted)));
    }
    let mut warnings = Table::new(&["table", "columns", "warning"]);
    for one in &assessment.warnings {
        let columns = if one.kind == WarningKind::SmallClasses && one.columns.len() > 3 {
            format!("a set of {}", one.columns.len())
        } else {
            one.columns.join(", ")
        };
        warnings.row([&one.table, &columns, &one.text]);
    }
    if !assessment.warnings.is_empty() {
        text.push_str(&format!("\n{warnings}"));
    }
    format!("{text}\n{}\n", verdict(assessment))
}

fn heading(table: &TableRisk) -> String {
    let rows = thousands(table.rows);
    let whom = match (&table.subject, table.subjects) {
        (Some(subject), Some(count)) => {
            format!("{} subjects by {subject}", thousands(count))
        }
        _ => "of which none says whom it is about".to_owned(),
    };
    format!("{}: {rows} rows, {whom}", table.table)
}

fn columns(table: &TableRisk) -> Table {
    let heads = [
        "column",
        "class",
        "rule",
        "distinct",
        "alone",
        "most frequent",
        "read by counting",
        "seal lengths",
    ];
    let mut columns = Table::new(&heads).numbers_from(3);
    for column in &table.columns {
        let valued = column.rows - column.nulls;
        let frequency = column.frequency.filter(|_| valued > 0);
        let frequency = frequency.map(|attack| share_of(attack.rows));
        let lengths = column.lengths.map(|l| {
            let fewest = thousands(l.smallest);
            format!("{}, fewest rows {fewest}", l.lengths)
        });
        columns.row([
            &column.column,
            class(column.class),
            &column.action,
            &thousands(column.distinct),
            &alone(column, valued),
            &share(column.top, valued),
            frequency.as_deref().unwrap_or_default(),
            lengths.as_deref().unwrap_or_default(),
        ]);
    }
    columns
}

fn alone(column: &ColumnRisk, valued: u64) -> String {
    share(column.unique, valued)
}

fn sets(table: &TableRisk) -> Table {
    let heads = [
        "set", "columns", "k", "classes", "alone", "below k", "highest", "average",
    ];
    let mut sets = Table::new(&heads).numbers_from(2);
    for set in &table.sets {
        let risk = &set.risk;
        let prosecutor = &risk.risks.prosecutor;
        sets.row([
            origin(set.origin),
            &risk.quasi_identifiers.join(", "),
            &thousands(risk.k),
            &thousands(risk.classes),
            &share(risk.unique, risk.members),
            &share(risk.below, risk.members),
            &share_of(prosecutor.highest),
            &share_of(prosecutor.average),
        ]);
    }
    sets
}

fn sensitive(table: &TableRisk) -> Option<Table> {
    let heads = [
        "set",
        "sensitive",
        "order",
        "l",
        "l by entropy",
        "t",
        "shared by a class",
    ];
    let mut told = Table::new(&heads).numbers_from(3);
    let mut any = false;
    for set in &table.sets {
        for one in &set.risk.sensitive {
            any = true;
            told.row([
                origin(set.origin),
                &one.column,
                if one.ordered { "ranks" } else { "none" },
                &thousands(one.l_distinct),
                &format!("{:.2}", one.l_entropy),
                &format!("{:.3}", one.t),
                &share(one.disclosed, set.risk.members),
            ]);
        }
    }
    any.then_some(told)
}

/// The set that a person should look at first: what was said before what was guessed, and of sets
/// that are said the one with the most members in small classes.
fn first(table: &TableRisk) -> Option<&AssessedSet> {
    let said = table.sets.iter().filter(|set| set.origin != Origin::All);
    said.max_by_key(|set| {
        (
            std::cmp::Reverse(set.origin.min(Origin::Proposed)),
            set.risk.below,
        )
    })
    .or(table.sets.first())
}

fn sentence(table: &TableRisk, k: u64) -> String {
    let Some(set) = first(table).filter(|_| table.rows > 0) else {
        return "Nothing is to be measured.".to_owned();
    };
    let risk = &set.risk;
    let members = match risk.unit {
        Unit::Rows => "rows",
        Unit::Subjects => "subjects",
    };
    format!(
        "By the {} set {} of {} {members} ({}) are alone, {} ({}) in classes of fewer than {k}.",
        origin(set.origin),
        thousands(risk.unique),
        thousands(risk.members),
        share(risk.unique, risk.members),
        thousands(risk.below),
        share(risk.below, risk.members),
    )
}

fn verdict(assessment: &Assessment) -> String {
    let k = assessment.k_wanted;
    let tables = assessment.tables.iter().filter(|table| table.rows > 0);
    let sets = tables.filter_map(|table| Some((table, first(table)?)));
    let worst = sets.max_by(|(_, a), (_, b)| {
        let rate = |set: &AssessedSet| set.risk.risks.prosecutor.at_risk;
        rate(a).total_cmp(&rate(b))
    });
    match worst {
        None => "The run holds no rows to measure.".to_owned(),
        Some((_, set)) if set.risk.below == 0 => {
            format!("No set that is declared, given or proposed has a class of fewer than {k}.")
        }
        Some((table, set)) => format!(
            "Most at risk is {}: {} of it in classes of fewer than {k}, {} alone.",
            table.table,
            share(set.risk.below, set.risk.members),
            share(set.risk.unique, set.risk.members),
        ),
    }
}

fn class(class: ColumnClass) -> &'static str {
    match class {
        ColumnClass::Pseudonym => "pseudonym",
        ColumnClass::QuasiIdentifier => "quasi-identifier",
        ColumnClass::Sensitive => "sensitive",
        ColumnClass::Other => "other",
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Declared => "declared",
        Origin::Given => "given",
        Origin::Proposed => "proposed",
        Origin::All => "all",
    }
}

fn share(part: u64, all: u64) -> String {
    if part == 0 {
        return "0 %".to_owned();
    }
    share_of(part as f64 / all.max(1) as f64)
}

fn share_of(share: f64) -> String {
    match share * 100.0 {
        percent if percent < 0.01 => "<0.01 %".to_owned(),
        percent if percent < 1.0 => format!("{percent:.2} %"),
        percent => format!("{percent:.1} %"),
    }
}

fn name(text: &str) -> Result<ColumnName, String> {
    let parts = text.split_once('.');
    let parts = parts.filter(|(table, column)| !table.is_empty() && !column.is_empty());
    let (table, column) = parts.ok_or_else(|| "not a TABLE.COLUMN".to_owned())?;
    Ok(ColumnName {
        table: table.to_owned(),
        column: column.to_owned(),
    })
}

fn names(text: &str) -> Result<Names, String> {
    let names: Vec<ColumnName> = text.split(',').map(name).collect::<Result<_, _>>()?;
    let tables: Vec<&String> = names.iter().map(|name| &name.table).collect();
    if tables.windows(2).any(|pair| pair.first() != pair.last()) {
        return Err("a set is of columns of one table".to_owned());
    }
    Ok(Names(names))
}
