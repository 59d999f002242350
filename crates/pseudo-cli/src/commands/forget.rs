//! `pseudo forget`: removes subjects from every retained run, and keeps them out of later ones.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use pseudo_engine::manifest::Manifest;
use pseudo_engine::{Disk, ForgetOptions, ForgetOutcome, ForgetReport, ForgottenRun, Policy};
use pseudo_keyring::{Error as KeyError, Held, Role};
use pseudo_query::Classes;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::access::{self, AccessArgs};
use crate::commands::{now, rfc3339, run};
use crate::message::{self, Failure, Screen, Standing};
use crate::progress::Meter;
use crate::signals;
use crate::table::{Table, thousands};
use crate::unlock;

/// Remove subjects from every retained run, and keep them out of later ones
///
/// Subjects are values of the identity that tables have as their `subject`, one a line, and are
/// looked for by the pseudonyms that each run gave them. Only files that hold their rows are
/// written again; the runs take the places of those they were made from at once, and those are
/// removed. A keyed tombstone of each subject makes every later run leave its rows out, whatever
/// the source holds. A subject that no retained run holds is not recorded.
///
/// It is refused when a table may hold rows of the subjects and shows no pseudonym of them.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  pseudo forget data/safe --pipeline pipelines/quickstart.toml \
                  --subjects ids.txt --reason \"request 17\""
)]
pub(crate) struct Forget {
    /// The directory that runs are published in
    sink: PathBuf,
    /// The pipeline of the runs
    #[arg(long, value_name = "FILE")]
    pipeline: PathBuf,
    /// File of subjects, a value a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    subjects: PathBuf,
    /// Why, without names: it is recorded where analysts read
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
    /// The identity of the subjects, when the subjects of the tables have several
    #[arg(long, value_name = "IDENTITY")]
    identity: Option<String>,
    /// Search this table alone, in later runs too; can be given several times
    #[arg(long = "table", value_name = "TABLE")]
    tables: Vec<String>,
    /// Worker threads; one per core when absent
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// File whose first line is the passphrase of the keyring
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Write what was done as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

impl Forget {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let started = now();
        let before = run::current(&self.sink);
        let done = message::guard(|| {
            let report = self.forget(started, screen)?;
            for leak in &report.leaks {
                screen.warning(&leak.to_string());
            }
            for gate in &report.gates {
                screen.warning(&format!("{gate}: the next run is held to it"));
            }
            message::print(&self.answer(&report))
        });
        done.map_err(|failure| Failure::run(failure, self.standing(before, started)))
    }

    fn forget(&self, started: DateTime<Utc>, screen: Screen) -> Result<ForgetReport, Failure> {
        let cancel = signals::listen()?;
        let policy = Policy::read(&self.pipeline)?;
        let subjects = subjects(&self.subjects)?;
        let path = policy.keyring();
        let unlock = unlock::unlock(&path, policy.identity(), self.passphrase_file.as_deref())?;
        let keys = match Held::open(&path, &unlock)? {
            // runs and tombstones may be of any epoch
            Held::Keyring(keyring) => Held::Keyring(self.access.give(keyring, access::usable)?),
            Held::Bundle(bundle) if bundle.role() == Role::Pseudonymise => Held::Bundle(bundle),
            Held::Bundle(bundle) => {
                let role = bundle.role();
                return Err(KeyError::OtherRole { role }.into());
            }
        };
        let meter = Meter::new(screen);
        let options = ForgetOptions {
            at: started,
            reason: &self.reason,
            identity: self.identity.as_deref(),
            tables: &self.tables,
            threads: self.threads.map(NonZeroUsize::get),
            classes: &Classes,
            progress: &meter,
            cancel,
            disk: Disk::default(),
        };
        let report = pseudo_engine::forget(&self.sink, &policy, &subjects, keys.source(), &options);
        meter.finish();
        Ok(report?)
    }

    /// What readers see after it failed.
    fn standing(&self, before: Option<String>, started: DateTime<Utc>) -> Standing {
        let after = run::current(&self.sink);
        let ours = |manifest: Manifest| {
            let last = manifest.origins.last();
            last.is_some_and(|origin| origin.verb == "forget" && origin.at == rfc3339(started))
        };
        let late = before != after && Manifest::read(&self.sink.join("current")).is_ok_and(ours);
        Standing::Sink {
            sink: self.sink.clone(),
            before,
            after,
            late,
        }
    }

    fn answer(&self, report: &ForgetReport) -> String {
        if self.json {
            return message::json(&as_json(report));
        }
        let before = match report.before {
            0 => String::new(),
            before => format!(", {} were forgotten before", thousands(before)),
        };
        let subjects = thousands(report.subjects);
        let identity = &report.identity;
        if report.outcome == ForgetOutcome::NothingToDo {
            return format!(
                "nothing to do: of {subjects} subjects of identity {identity} no retained run \
                 holds a row{before}\n"
            );
        }
        let mut rows = Table::new(&["run", "made from", "table", "rows removed"]).numbers_from(3);
        for run in &report.runs {
            for (table, count) in &run.rows {
                rows.row([&run.run_id, &run.was, table, &thousands(*count)]);
            }
        }
        let unknown = report.subjects - report.found.min(report.subjects);
        let unknown = match unknown.saturating_sub(report.before) {
            0 => String::new(),
            others => format!(", {} are in no retained run", thousands(others)),
        };
        let found = thousands(report.found);
        let (run, sink) = (&report.current, report.sink.display());
        let remains: String = remains(report)
            .iter()
            .map(|what| format!("  - {what}\n"))
            .collect();
        format!(
            "{rows}\n{found} of {subjects} subjects of identity {identity} are forgotten{before}\
             {unknown}\nwhat remains:\n{remains}\nrun {run} is current: {sink}/current\n"
        )
    }
}

/// What forgetting does not reach.
fn remains(report: &ForgetReport) -> Vec<String> {
    let mut remains = vec![
        "the source, whose rows of theirs every later run leaves out".to_owned(),
        "backups and other copies of the sink, and files that readers have open".to_owned(),
        format!(
            "their pseudonyms, for whoever has keys and values; and without the keys of epoch {} \
             no later run can be published",
            report.epoch
        ),
    ];
    if report.escrowed {
        let sealed = "originals of theirs in escrow, sealed, until the next run of their files";
        remains.push(sealed.to_owned());
    }
    if report.quarantined {
        let sealed = "rows of theirs in quarantine, sealed, and records of where they stood";
        remains.push(sealed.to_owned());
    }
    for (table, column) in &report.mentions {
        remains.push(format!(
            "pseudonyms of identity {} in `{column}` of `{table}`, in rows about others",
            report.identity
        ));
    }
    remains
}

fn as_json(report: &ForgetReport) -> Value {
    let outcome = match report.outcome {
        ForgetOutcome::Forgotten => "forgotten",
        ForgetOutcome::NothingToDo => "nothing-to-do",
    };
    let run = |run: &ForgottenRun| {
        let (run_id, was) = (&run.run_id, &run.was);
        json!({ "run_id": run_id, "made_from": was, "rows_removed": run.rows })
    };
    let remains = match report.outcome {
        ForgetOutcome::Forgotten => remains(report),
        ForgetOutcome::NothingToDo => Vec::new(),
    };
    json!({
        "outcome": outcome,
        "sink": report.sink,
        "current": report.current,
        "identity": report.identity,
        "subjects": report.subjects,
        "found": report.found,
        "forgotten_before": report.before,
        "epoch": report.epoch,
        "runs": report.runs.iter().map(run).collect::<Vec<_>>(),
        "remains": remains,
    })
}

/// The values, from a file or standard input, never from an argument.
fn subjects(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let fault = |what: String| {
        let name = match path.as_os_str() == "-" {
            true => "standard input".to_owned(),
            false => format!("`{}`", path.display()),
        };
        Failure::usage(format!("the subjects in {name} {what}"))
    };
    let mut bytes = Zeroizing::new(Vec::new());
    let read = if path.as_os_str() == "-" {
        signals::at_once(|| {
            io::stdin()
                .lock()
                .take(SUBJECTS_MAX + 1)
                .read_to_end(&mut bytes)
        })
    } else {
        File::open(path).and_then(|file| {
            let length = file.metadata()?.len().min(SUBJECTS_MAX);
            bytes.reserve_exact(usize::try_from(length).unwrap_or_default() + 1);
            file.take(SUBJECTS_MAX + 1).read_to_end(&mut bytes)
        })
    };
    read.map_err(|error| fault(format!("cannot be read: {}", error.kind())))?;
    if bytes.len() as u64 > SUBJECTS_MAX {
        let limit = SUBJECTS_MAX >> 20;
        return Err(fault(format!(
            "are more than {limit} MiB: give fewer at a time"
        )));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| fault("are not UTF-8".to_owned()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn reason(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("a reason is a text".to_owned());
    }
    Ok(text.to_owned())
}

const SUBJECTS_MAX: u64 = 64 << 20;
