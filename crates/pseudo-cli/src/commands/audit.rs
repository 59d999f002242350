//! `pseudo audit`: proves the log of reveal and lookup.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use pseudo_engine::audit::{Noted, Proof};
use pseudo_token::Epoch;
use serde_json::json;

use crate::guarded::{KeyArgs, NOTE_LEN};
use crate::message::{self, Failure, Screen};
use crate::table::thousands;

/// Prove the log of reveal and lookup
#[derive(Args, Debug)]
#[command(after_help = VERIFY)]
pub(crate) struct Audit {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Verify(Verify),
}

/// Prove every line of an audit log, its end included
///
/// Each line carries a MAC over itself and the line before, and the anchor beside the keys knows
/// how many lines there are and how the last one ends: a changed byte, a line that is gone, added
/// or out of its place, a tail that was cut off and another log are found, and told by line and
/// reason. Somebody who can bring back an older log together with its older anchor is found by
/// lines that were noted elsewhere: `reveal` and `lookup` say them.
#[derive(Args, Debug)]
#[command(after_help = VERIFY)]
struct Verify {
    /// The log
    log: PathBuf,
    /// A line that has to be in the log, and its MAC or the beginning of that; can be given several
    /// times
    #[arg(long, value_name = "LINE:MAC", value_parser = noted)]
    noted: Vec<Noted>,
    /// The epoch whose key the log is kept with; the primary one when absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    epoch: Option<u32>,
    /// Write what was proved as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    keys: KeyArgs,
}

impl Audit {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        match self.verb {
            Verb::Verify(args) => args.run(screen),
        }
    }
}

impl Verify {
    fn run(self, screen: Screen) -> Result<(), Failure> {
        let keys = self.keys.open()?;
        let audit = keys.audit(Some(&self.log), self.epoch.map(Epoch))?;
        let proof = audit.verify(&self.noted)?;
        if proof.pending {
            screen.warning(
                "a writer was stopped before its line was complete: no value was shown for it, \
                 and the next writer completes it",
            );
        }
        if proof.faults > 0 {
            screen.warning(&format!(
                "requests refused because this log had a fault: {}, recorded beside its anchor",
                thousands(proof.faults)
            ));
        }
        let (epoch, check) = (audit.epoch(), audit.check_value());
        message::print(&if self.json {
            message::json(&json!({
                "outcome": "verified",
                "log": self.log,
                "epoch": epoch.0,
                "check_value": check.to_string(),
                "lines": proof.lines,
                "allowed": proof.allowed,
                "refused": proof.refused,
                "head": proof.head,
                "pending": proof.pending,
                "refused_for_faults": proof.faults,
            }))
        } else {
            let Proof {
                lines,
                allowed,
                refused,
                head,
                ..
            } = &proof;
            let [lines, allowed, refused] = [lines, allowed, refused].map(|n| thousands(*n));
            let log = self.log.display();
            format!(
                "`{log}` is as it was written, key {check} of epoch {epoch}\n\
                 lines {lines}, allowed {allowed}, refused {refused}; last line: MAC {head}\n"
            )
        })
    }
}

fn noted(text: &str) -> Result<Noted, String> {
    let noted = text.split_once(':').and_then(|(line, mac)| {
        let hex = mac.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let legal = hex && (NOTE_LEN..=64).contains(&mac.len());
        let line = line.parse().ok().filter(|line| *line > 0)?;
        legal.then(|| Noted {
            line,
            mac: mac.to_owned(),
        })
    });
    noted.ok_or_else(|| "not a line and at least 16 characters of its MAC, `12:0123…`".to_owned())
}

const VERIFY: &str = "Example:\n  pseudo audit verify keys/recall.keyring.audit-1.ndjson \
                      --keys keys/recall.keyring";
