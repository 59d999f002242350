//! `pseudo attack`: what a thief could do with the current run of a sink.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use pseudo_engine::risk::attack::{
    AttackOptions, AttackReport, OrderLeak, Recovered, Spaces, Trial, attack,
};
use pseudo_query::Assess;

use crate::message::{self, Failure, Screen};
use crate::progress::Meter;
use crate::report::ReportArgs;
use crate::signals;
use crate::table::{Table, thousands};

/// Play the thief on the current run of a sink
///
/// No key is needed, and no value that is found is shown: counts alone. Tried are hashes without a
/// key of all phone numbers, resident identity numbers, plates and whole numbers; values that are
/// identifiers as they stand; who can be singled out by what kept columns show, in one table and in
/// tables that join by their subject; what counts of pseudonyms and the order of rows tell. With
/// the raw source, its own values are the first dictionary, and rows are linked to it. The last
/// line says all of it in one sentence.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit code 3 when a hash was inverted or an identifier stands in clear; people who can be singled out
are a finding, not a failure.

Example:
  pseudo attack data/safe --source data/raw")]
pub(crate) struct Attack {
    /// The directory that runs are published in
    sink: PathBuf,
    /// The raw tables, as the thief may have them: a directory
    #[arg(long, value_name = "RAW")]
    source: Option<PathBuf>,
    /// Attack this table alone; can be given several times
    #[arg(long, value_name = "TABLE")]
    table: Vec<String>,
    /// Candidates of each dictionary that are hashed, at most, in each spelling
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    guesses: u64,
    /// Hash every candidate there is: hours
    #[arg(long, conflicts_with = "guesses")]
    exhaustive: bool,
    /// What rows may take while they are compared, in MiB; tables that need more are named
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    memory: u64,
    /// Worker threads; one per core when absent
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Write what was found as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    report: ReportArgs,
}

impl Attack {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        self.report.check(Some(&self.sink))?;
        let memory = self.memory.saturating_mul(1 << 20);
        let cancel = signals::listen()?;
        let meter = Meter::new(screen);
        let report = attack(
            &self.sink,
            &AttackOptions {
                source: self.source.as_deref(),
                tables: &self.table,
                guesses: self.guesses,
                exhaustive: self.exhaustive,
                spaces: &Spaces::default(),
                memory_bytes_max: memory,
                threads: self.threads.map(NonZeroUsize::get),
                progress: &meter,
                cancel: &cancel,
            },
        );
        meter.finish();
        let report = report?;
        // the page tells of both
        let assessment = self.report.wanted().then(|| {
            let assess = Assess {
                sink: &self.sink,
                tables: &self.table,
                quasi_identifiers: &[],
                sensitive: &[],
                k: None,
                memory_bytes_max: usize::try_from(memory).unwrap_or(usize::MAX),
            };
            assess.assess()
        });
        let assessment = assessment.transpose()?;
        self.report.tell(
            &self.sink,
            &report.run_id,
            assessment.as_ref(),
            Some(&report),
            screen,
        );
        let text = if self.json {
            let value = serde_json::to_value(&report);
            message::json(&value.map_err(|_| Failure::Bug)?)
        } else {
            as_text(&report)
        };
        message::print(&text)?;
        failure(&report).map_or(Ok(()), Err)
    }
}

/// Why the copy would be worth more to a thief than what its kept columns show.
fn failure(report: &AttackReport) -> Option<Failure> {
    let recovered = report.recovered.len();
    let identified = report.identified.len();
    let hint = match (recovered, identified) {
        (0, 0) => return None,
        (0, _) => "`pseudo scan` names the files; give these columns a rule",
        _ => "hashes without a key are no pseudonyms: tokenise these columns",
    };
    let mut faults = Vec::new();
    if recovered > 0 {
        faults.push(format!("{} inverted", columns(recovered)));
    }
    if identified > 0 {
        faults.push(format!("{} with identifiers in clear", places(identified)));
    }
    Some(Failure::Scan {
        message: faults.join(", "),
        hint: Some(hint.to_owned()),
        code: 3,
    })
}

fn as_text(report: &AttackReport) -> String {
    let parts = [
        people(report),
        dictionary(report),
        recovered(report),
        identified(report),
        counts(report),
        links(report),
        order(report),
    ];
    let mut text = String::new();
    for part in parts.into_iter().flatten() {
        text.push_str(&format!("{part}\n"));
    }
    format!("{text}run {}\n{}\n", report.run_id, report.sentence)
}

fn people(report: &AttackReport) -> Option<Table> {
    let heads = ["people of", "singled out by", "alone", "of", "share"];
    let mut shown = Table::new(&heads).numbers_from(2);
    for view in &report.singled_out {
        let tables = view.tables.join(" ⋈ ");
        let people = thousands(view.people);
        if let Some(reason) = &view.left_out {
            shown.row([tables.as_str(), reason, "", &people, ""]);
        }
        for set in &view.sets {
            shown.row([
                tables.as_str(),
                &set.columns.join(", "),
                &thousands(set.alone),
                &people,
                &share(set.alone, view.people),
            ]);
        }
    }
    (!report.singled_out.is_empty()).then_some(shown)
}

/// What was tried: the column that would most likely have been missed, by dictionary.
fn dictionary(report: &AttackReport) -> Option<Table> {
    let heads = [
        "dictionary",
        "columns",
        "tried",
        "of",
        "hits",
        "missed by",
        "at worst",
    ];
    let mut shown = Table::new(&heads).numbers_from(1);
    for tried in report.dictionaries() {
        let Trial { table, column, .. } = tried.worst;
        let column = format!("{table}.{column}");
        let missed = tried.worst.missed;
        shown.row([
            tried.worst.dictionary.as_str(),
            &thousands(tried.columns),
            &thousands(tried.worst.tried),
            &thousands(tried.worst.candidates),
            &thousands(tried.hits),
            &missed.map(chance).unwrap_or_default(),
            if missed.is_some_and(|missed| missed > 0.001) {
                &column
            } else {
                ""
            },
        ]);
    }
    (!report.trials.is_empty()).then_some(shown)
}

fn recovered(report: &AttackReport) -> Option<Table> {
    let heads = ["inverted", "hash", "of", "values", "of", "rows", "of"];
    let mut shown = Table::new(&heads).numbers_from(3);
    for one in &report.recovered {
        let Recovered { table, column, .. } = one;
        shown.row([
            format!("{table}.{column}").as_str(),
            &one.hash,
            &one.dictionary,
            &thousands(one.values),
            &thousands(one.of_values),
            &thousands(one.rows),
            &thousands(one.of_rows),
        ]);
    }
    (!report.recovered.is_empty()).then_some(shown)
}

fn identified(report: &AttackReport) -> Option<Table> {
    let heads = [
        "file",
        "place",
        "column",
        "kind",
        "certainty",
        "values",
        "rows",
    ];
    let mut shown = Table::new(&heads).numbers_from(5);
    for one in &report.identified {
        shown.row([
            one.file.as_str(),
            &one.place,
            one.column.as_deref().unwrap_or_default(),
            &one.kind,
            &one.certainty,
            &thousands(one.values),
            &thousands(one.rows),
        ]);
    }
    (!report.identified.is_empty()).then_some(shown)
}

/// The columns whose counts give something away: a row in a thousand, or a value for certain that
/// stands in as many.
fn counts(report: &AttackReport) -> Option<Table> {
    let heads = [
        "told by counts",
        "values",
        "for certain",
        "rows",
        "expected rows",
        "of",
        "share",
    ];
    let mut shown = Table::new(&heads).numbers_from(1);
    let telling = |expected: f64, rows: u64| expected * 1000.0 >= rows as f64;
    let mut columns = report.frequencies.iter();
    let told = columns.clone().count();
    for one in columns.by_ref() {
        if telling(one.expected_rows, one.rows) {
            shown.row([
                format!("{}.{}", one.table, one.column).as_str(),
                &thousands(one.values),
                &thousands(one.certain_values),
                &thousands(one.certain_rows),
                &format!("{:.0}", one.expected_rows),
                &thousands(one.rows),
                &percent(one.expected_rows / one.rows.max(1) as f64),
            ]);
        }
    }
    let is_any = report
        .frequencies
        .iter()
        .any(|one| telling(one.expected_rows, one.rows));
    (told > 0 && is_any).then_some(shown)
}

fn links(report: &AttackReport) -> Option<Table> {
    let heads = ["table", "linked to the source by", "rows", "of", "share"];
    let mut shown = Table::new(&heads).numbers_from(2);
    for table in &report.linked {
        let rows = thousands(table.rows);
        let name = table.table.as_str();
        if table.sets.is_empty() {
            let why = table.left_out.clone();
            let why = why.unwrap_or_else(|| match table.columns.is_empty() {
                true => "(no column shows a raw value)".to_owned(),
                false => format!("({})", table.columns.join(", ")),
            });
            shown.row([name, &why, "0", &rows, &share(0, table.rows)]);
        }
        for set in &table.sets {
            shown.row([
                name,
                &set.columns.join(", "),
                &thousands(set.linked),
                &rows,
                &share(set.linked, table.rows),
            ]);
        }
    }
    (!report.linked.is_empty()).then_some(shown)
}

fn order(report: &AttackReport) -> Option<Table> {
    let heads = ["order of rows", "tells", "compared", "correlation"];
    let mut shown = Table::new(&heads).numbers_from(2);
    let telling = || report.order.iter().filter(|one| one.tells);
    for one in telling() {
        let OrderLeak { table, column, .. } = one;
        let what = column.as_ref().map_or_else(
            || "the places in the source".to_owned(),
            |column| format!("`{column}`"),
        );
        shown.row([
            table.as_str(),
            &what,
            &thousands(one.compared),
            &format!("{:+.3}", one.correlation),
        ]);
    }
    (telling().count() > 0).then_some(shown)
}

fn share(part: u64, of: u64) -> String {
    percent(part as f64 / of.max(1) as f64)
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        percent if percent < 0.1 => "<0.1 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

/// A chance as a person reads it.
fn chance(chance: f64) -> String {
    match chance {
        0.0 => "none".to_owned(),
        chance if chance < 1e-9 => "<1e-9".to_owned(),
        chance if chance < 0.001 => format!("{chance:.0e}"),
        chance => percent(chance),
    }
}

fn columns(count: usize) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} column{s}")
}

fn places(count: usize) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} place{s}")
}
