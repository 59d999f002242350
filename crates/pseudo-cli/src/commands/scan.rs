//! `pseudo scan`: which identifiers stand in any tree of files.

mod sarif;

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::Args;
use pseudo_engine::scan::{FailOn, KINDS, ScanFinding, ScanOptions, ScanReport, ScannedFile};
use pseudo_pii::{Certainty, Kind};
use serde_json::{Value, json};

use crate::message::{self, Failure, Screen};
use crate::progress::Meter;
use crate::table::{Table, thousands};

/// Look for identifiers of people in any tree of files
///
/// Every file at and below the paths is looked into: Parquet, CSV, JSON and text, also packed by
/// gzip or zstd. A finding names the file, the place in it, the kind of identifier and how many
/// values and rows there are; no value is shown, and a name that is an identifier is masked, with
/// its place among its neighbours behind it. Besides rows, the names of files, directories and
/// columns are looked at, metadata of footers, statistics, and entries of dictionaries that no row
/// refers to. What cannot be looked into is named, and the scan then ends with exit code 1.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo scan data/safe --fail-on suspect")]
pub(crate) struct Scan {
    /// Files and directories
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// End with exit code 3 where something is found: `suspect` for anything, `certain`, or a kind;
    /// can be given several times
    #[arg(long, value_name = "suspect|certain|KIND", value_parser = fail_on)]
    fail_on: Vec<FailOn>,
    /// Look at so many rows of each file, and not at dictionaries and statistics; all when absent
    #[arg(long, value_name = "ROWS")]
    sample: Option<NonZeroU64>,
    /// Files that need not be looked into, by name or path; can be given several times
    #[arg(long, value_name = "PATTERN", value_parser = pattern)]
    skip: Vec<String>,
    /// Worker threads; one per core when absent
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Write what was found as JSON
    #[arg(long, conflicts_with = "sarif")]
    json: bool,
    /// Write what was found as SARIF 2.1.0
    #[arg(long)]
    sarif: bool,
}

impl Scan {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let meter = Meter::new(screen);
        let options = ScanOptions {
            sample: self.sample.map(NonZeroU64::get),
            skip: &self.skip,
            threads: self.threads.map(NonZeroUsize::get),
            progress: &meter,
        };
        let report = pseudo_engine::scan::scan(&self.paths, &options);
        meter.finish();
        let report = report?;
        let text = if self.sarif {
            message::json(&sarif::log(&report))
        } else if self.json {
            message::json(&self.as_json(&report))
        } else {
            as_text(&report)
        };
        message::print(&text)?;
        self.failure(&report).map_or(Ok(()), Err)
    }

    fn is_hit(&self, finding: &ScanFinding) -> bool {
        self.fail_on.iter().any(|fail_on| fail_on.hits(finding))
    }

    /// Why the scan does not end well.
    fn failure(&self, report: &ScanReport) -> Option<Failure> {
        let unread = report.unread().count();
        let not_read = format!("{} not looked into to the end", count(unread, "file"));
        let hits = report
            .findings()
            .filter(|(_, finding)| self.is_hit(finding));
        let hits = hits.count();
        if hits > 0 {
            let mut message = format!("{} that `--fail-on` names", count(hits, "finding"));
            if unread > 0 {
                message.push_str(&format!("; {not_read}"));
            }
            let hint = "whoever reads these files reads identifiers: find out what wrote them";
            return Some(Failure::Scan {
                message,
                hint: Some(hint.to_owned()),
                code: 3,
            });
        }
        let hint = "`--skip PATTERN` leaves out what need not be looked into";
        (unread > 0).then(|| Failure::Scan {
            message: not_read,
            hint: Some(hint.to_owned()),
            code: 1,
        })
    }

    fn as_json(&self, report: &ScanReport) -> Value {
        let finding = |one: &ScanFinding| {
            json!({
                "place": one.place.name(),
                "column": one.column,
                "kind": one.kind.name(),
                "certainty": one.certainty.name(),
                "values": one.values,
                "rows": one.rows,
                "of": one.of,
                "fails": self.is_hit(one),
            })
        };
        let file = |file: &ScannedFile| {
            let unread = file.unread.as_ref();
            json!({
                "path": file.path,
                "bytes": file.bytes,
                "format": file.format.map(|format| format.name()),
                "packed": file.packed.iter().map(|packing| packing.name()).collect::<Vec<_>>(),
                "rows": file.rows,
                "findings": file.findings.iter().map(finding).collect::<Vec<_>>(),
                "unread": unread.map(|why| {
                    json!({ "reason": why.reason.name(), "text": why.text })
                }),
            })
        };
        let outcome = match self.failure(report) {
            None => "done",
            Some(failure) if failure.exit_code() == Some(3) => "failed",
            Some(_) => "incomplete",
        };
        json!({
            "outcome": outcome,
            "files": report.files.iter().map(file).collect::<Vec<_>>(),
        })
    }
}

fn as_text(report: &ScanReport) -> String {
    let heads = [
        "file",
        "place",
        "column",
        "kind",
        "certainty",
        "values",
        "rows",
        "of",
        "rate",
    ];
    let mut found = Table::new(&heads).numbers_from(5);
    for (file, finding) in report.findings() {
        found.row([
            file.path.as_str(),
            finding.place.name(),
            finding.column.as_deref().unwrap_or_default(),
            finding.kind.name(),
            finding.certainty.name(),
            &thousands(finding.values),
            &thousands(finding.rows),
            &thousands(finding.of),
            &rate(finding),
        ]);
    }
    let mut unread = Table::new(&["not looked into", "why"]);
    for file in &report.files {
        if let Some(why) = &file.unread {
            unread.row([&file.path, &why.text]);
        }
    }
    let findings = report.findings().count();
    let mut text = String::new();
    if findings > 0 {
        text.push_str(&format!("{found}\n"));
    }
    if report.files.iter().any(|file| file.unread.is_some()) {
        text.push_str(&format!("{unread}\n"));
    }
    let is_file = |file: &&ScannedFile| file.format.is_some() && file.unread.is_none();
    let looked: Vec<_> = report.files.iter().filter(is_file).collect();
    let rows = thousands(looked.iter().map(|file| file.rows).sum());
    let bytes = thousands(looked.iter().map(|file| file.bytes).sum());
    let files = count(looked.len(), "file");
    let findings = count(findings, "finding");
    format!("{text}{files}, {bytes} bytes, {rows} rows: {findings}\n")
}

/// How many of the values are identifiers: of rows, or of what stands beside them.
fn rate(finding: &ScanFinding) -> String {
    let part = if finding.rows > 0 {
        finding.rows
    } else {
        finding.values
    };
    let percent = part.saturating_mul(100) as f64 / finding.of.max(1) as f64;
    match percent {
        percent if percent > 100.0 => String::new(),
        percent if percent < 0.1 => "<0.1 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

fn count(number: usize, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {thing}{s}", thousands(number as u64))
}

fn fail_on(text: &str) -> Result<FailOn, String> {
    let certainties = [Certainty::Suspect, Certainty::Certain];
    if let Some(certainty) = certainties.into_iter().find(|one| one.name() == text) {
        return Ok(FailOn::Certainty(certainty));
    }
    let kind = Kind::parse(text).filter(|kind| KINDS.contains(kind));
    kind.map(FailOn::Kind).ok_or_else(|| {
        let kinds = KINDS.map(Kind::name).join("`, `");
        format!("neither `suspect` nor `certain` nor one of the kinds `{kinds}`")
    })
}

fn pattern(text: &str) -> Result<String, String> {
    pseudo_engine::scan::is_pattern(text)
        .then(|| text.to_owned())
        .ok_or_else(|| "not a pattern of `*`, `?` and `[…]`".to_owned())
}
