//! `pseudo reveal`: opens the seals of a short list.

use std::path::PathBuf;

use clap::Args;
use pseudo_engine::reveal::{Opened, Revealed};
use serde_json::json;

use crate::guarded::{self, GuardArgs, KeyArgs, NameArgs, csv};
use crate::message::{self, Failure, Screen};

/// Open the seals of a short list, for a reason that is recorded
///
/// The canonical texts come on standard output in the order of the list, each with its line and
/// what became of it: `opened`, `not-a-seal`, `other-key` or `damaged`. Who asked, why and how many
/// stands in the audit log beside the keys before the first value is shown, and so does every
/// refusal: without a reason, above the limit, for a table, without the consent of two approvers
/// where the keyring asks for it, and when the log is not what was written. Only seals open: a
/// token is irreversible, and an `fpe` value carries no proof of its key.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  pseudo reveal --pipeline recall.toml --identity vehicle \
                  --reason \"recall 2026-17\" --limit 500 tokens.csv"
)]
pub(crate) struct Reveal {
    /// The list of seals, one a line or a column of a CSV; `-` for standard input
    list: PathBuf,
    /// The age identity file of an approver; two are needed where the keyring asks for consent
    #[arg(long = "approve", value_name = "FILE")]
    approvers: Vec<PathBuf>,
    /// Write one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    names: NameArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    guard: GuardArgs,
}

impl Reveal {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let keys = self.keys.open()?;
        let question = self.guard.question(&keys, &self.names)?;
        let audit = keys.audit(self.guard.log(), None)?;
        let mut list = guarded::list(&self.list)?;
        let answer =
            pseudo_engine::reveal(&question, &mut list, &keys.held, &self.approvers, &audit)?;
        let text: String = if self.json {
            answer.lines.iter().map(as_json).collect()
        } else {
            let lines = answer.lines.iter().map(as_csv);
            [HEADER.to_owned()].into_iter().chain(lines).collect()
        };
        let asked = answer.lines.len();
        guarded::say(screen, "opened", answer.answered, asked, &answer.recorded);
        message::print(&text)
    }
}

fn as_csv(line: &Revealed) -> String {
    let text = match &line.opened {
        Opened::Text(text, _) => csv(text),
        Opened::Bytes(bytes, _) => hex(bytes),
        Opened::NotASeal | Opened::OtherKey | Opened::Damaged => String::new(),
    };
    let (number, outcome) = (line.line, line.opened.name());
    format!("{number},{},{outcome},{text}\n", csv(&line.seal))
}

fn as_json(line: &Revealed) -> String {
    let (text, bytes, epoch) = match &line.opened {
        Opened::Text(text, epoch) => (Some(text), None, Some(epoch.0)),
        Opened::Bytes(bytes, epoch) => (None, Some(hex(bytes)), Some(epoch.0)),
        Opened::NotASeal | Opened::OtherKey | Opened::Damaged => (None, None, None),
    };
    let outcome = line.opened.name();
    message::json(&json!({
        "line": line.line,
        "seal": line.seal,
        "outcome": outcome,
        "text": text,
        "hex": bytes,
        "epoch": epoch,
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const HEADER: &str = "line,seal,outcome,text\n";
