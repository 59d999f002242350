//! The verbs, one per file, in the order in which a person meets them.

pub(crate) mod assess;
pub(crate) mod attack;
pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod forget;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod lookup;
pub(crate) mod man;
pub(crate) mod query;
pub(crate) mod rekey;
pub(crate) mod reveal;
pub(crate) mod run;
pub(crate) mod sample;
pub(crate) mod scan;
pub(crate) mod trace;
pub(crate) mod verify;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::args::Command;
use crate::message::{Failure, Screen};

pub(crate) fn run(command: Command, screen: Screen) -> Result<(), Failure> {
    match command {
        Command::Init(args) => args.run(screen),
        Command::Check(args) => args.run(screen),
        Command::Run(args) => args.run(screen),
        Command::Verify(args) => args.run(screen),
        Command::Scan(args) => args.run(screen),
        Command::Assess(args) => args.run(screen),
        Command::Attack(args) => args.run(screen),
        Command::Query(args) => args.run(),
        Command::Trace(args) => args.run(screen),
        Command::Reveal(args) => args.run(screen),
        Command::Lookup(args) => args.run(screen),
        Command::Keys(args) => args.run(screen),
        Command::Rekey(args) => args.run(screen),
        Command::Forget(args) => args.run(screen),
        Command::Audit(args) => args.run(screen),
        Command::Sample(args) => args.run(screen),
        Command::Completions(args) => args.run(),
        Command::Man(args) => args.run(),
    }
}

/// The time, for the libraries that are told it.
#[expect(clippy::disallowed_methods, reason = "the one clock of the program")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
