//! `pseudo trace`: where the rows of a leak are from, and whom they concern.

mod keys;
mod told;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use pseudo_engine::trace::{ListTo, ROWS_MAX, Ring, TraceReport, TraceRequest, facts};
use pseudo_engine::{Disk, Policy};
use pseudo_keyring::Recipient;

use crate::commands::now;
use crate::commands::rekey::recipient;
use crate::guarded;
use crate::message::{self, Failure, Screen, Standing};
use crate::progress::Meter;
use crate::signals;

/// Say where the rows of a leak are from, and whom they concern
///
/// The sample is Parquet, CSV, JSON or text, packed or not. It is said which columns hold
/// identifiers as they are, which pseudonyms, and whose: seals are opened, and tokens made again of
/// every value of the source, under every key of the domains that pipelines and sinks name. The
/// retained runs of sinks are searched for the rows, values of kept columns too, so that runs from
/// before and after a change are told apart. It is evidence, and no proof: whoever holds the keys
/// can have made the pseudonyms.
///
/// No value is shown. The people concerned can be listed, with the identifiers that reach them, in
/// a file that is sealed to an age recipient. Who asked and why stands in the audit log beside the
/// keys first, as with `pseudo reveal`, refusals included; where the keyring asks for the consent
/// of two approvers, seals and lists need it.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  pseudo trace leak.csv --pipeline recall.toml --sink safe \
                  --reason \"incident 2026-3\""
)]
pub(crate) struct Trace {
    /// The leaked rows; `-` for standard input
    sample: PathBuf,
    /// A pipeline that may have made them: its keys, identities and source; can be given several
    /// times
    #[arg(long = "pipeline", value_name = "FILE")]
    pipelines: Vec<PathBuf>,
    /// A sink whose retained runs may have held them; can be given several times
    #[arg(long = "sink", value_name = "DIRECTORY")]
    sinks: Vec<PathBuf>,
    /// Where the tables of the pipelines come from, when not from where these say
    #[arg(long, value_name = "DIRECTORY", requires = "pipelines")]
    source: Option<PathBuf>,
    /// Rows that are looked at
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u64).range(1..=ROWS_MAX)
    )]
    rows: u64,
    /// Seal the list of people to this age recipient
    #[arg(long, value_name = "RECIPIENT", requires = "people", value_parser = recipient)]
    recipient: Option<Recipient>,
    /// The file of that list, which must not be there
    #[arg(long, value_name = "FILE", requires = "recipient")]
    people: Option<PathBuf>,
    /// Write a draft of the facts that PIPL 57 and GDPR 33 ask for to this file, which must not be
    /// there
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// Why, in words; refused without. It stands in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The age identity file of an approver; two are needed where the keyring asks for consent
    #[arg(long = "approve", value_name = "FILE")]
    approvers: Vec<PathBuf>,
    /// Worker threads; one per core when absent
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Write the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keys: keys::KeysArgs,
}

impl Trace {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let answer = message::guard(|| self.answer(screen));
        message::print(&answer.map_err(|failure| Failure::run(failure, Standing::Hidden))?)
    }

    fn answer(&self, screen: Screen) -> Result<String, Failure> {
        if let Some(facts) = self.facts.as_deref() {
            is_free(facts)?;
        }
        let policies = self.pipelines.iter().map(|path| Policy::read(path));
        let policies: Vec<Policy> = policies.collect::<Result<_, _>>()?;
        let opened = self.keys.open(&policies)?;
        let audits = opened.iter().map(keys::Opened::audit);
        let audits: Vec<_> = audits.collect::<Result<_, _>>()?;
        let rings = opened.iter().zip(&audits);
        let rings: Vec<Ring<'_>> = rings.map(|(keys, audit)| keys.ring(audit)).collect();
        let cancel = signals::listen()?;
        let mut leak = guarded::list(&self.sample)?;
        let meter = Meter::new(screen);
        let time = now();
        let list = self.recipient.as_ref().zip(self.people.as_deref());
        let request = TraceRequest {
            reason: self.reason.as_deref(),
            rows_max: self.rows,
            policies: &policies,
            source: self.source.as_deref(),
            sinks: &self.sinks,
            rings: &rings,
            approvers: &self.approvers,
            list: list.map(|(recipient, path)| ListTo { recipient, path }),
            who: guarded::who(),
            time,
            threads: self.threads.map(NonZeroUsize::get),
            progress: &meter,
            cancel,
            disk: Disk::default(),
        };
        let report = pseudo_engine::trace(&request, &mut leak);
        meter.finish();
        let report = report?;
        if let Some(path) = &self.facts {
            facts::write(&facts::draft(&report, time), path, &Disk::default())?;
        }
        self.tell(&report, screen);
        Ok(match self.json {
            true => message::json(&told::as_json(&report)),
            false => told::as_text(&report),
        })
    }

    /// What stands beside the answer.
    fn tell(&self, report: &TraceReport, screen: Screen) {
        if report.conflicts > 0 {
            let count = report.conflicts;
            screen.warning(&format!(
                "{count} pseudonyms were made by two keys, which cannot be: a manifest, a key or \
                 a file is not what it says"
            ));
        }
        for note in &report.notes {
            screen.warning(note);
        }
        if self.people.is_some() && report.list.is_none() {
            screen.warning("nobody was found, and no list was written");
        }
        for recorded in &report.recorded {
            let (line, log) = (recorded.line, recorded.log.display());
            let mac = recorded.mac.get(..guarded::NOTE_LEN).unwrap_or_default();
            screen.note(&format!("line {line} of `{log}`, MAC {mac}"));
        }
    }
}

/// Refuses a file that is there before anything is asked.
fn is_free(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(_) => Err(Failure::Usage {
            message: format!("`{}` exists", path.display()),
            hint: Some("choose another path: a draft is never overwritten".to_owned()),
        }),
    }
}
