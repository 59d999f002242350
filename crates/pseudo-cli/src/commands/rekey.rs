//! `pseudo rekey`: the current run in another epoch.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use pseudo_engine::{Disk, RekeyOptions, RekeyReport, RunOutcome};
use pseudo_keyring::{Keyring, Opener, Recipient};
use pseudo_query::Classes;
use serde_json::json;

use crate::access::AccessArgs;
use crate::commands::now;
use crate::commands::run::{current, standing};
use crate::message::{self, Failure, Screen};
use crate::progress::Meter;
use crate::table::{Table, thousands};
use crate::{signals, unlock};

/// Turn the current run of a sink into another epoch, without its source
///
/// Seals and `fpe` columns are opened with the keys of one epoch and made again with those of
/// another, in memory alone. Tokens are made again from their sealed originals, with
/// `--escrow-identity`, where the pipeline has `escrow` rules; a run with other tokens is refused,
/// and has to be made from the source with `--new-epoch`. The result is published as a run of its
/// own; the manifest proves by counts that all joins survived.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    pseudo rekey data/safe --pipeline pipelines/quickstart.toml --from 1 --to 2")]
pub(crate) struct Rekey {
    /// The sink
    sink: PathBuf,
    /// The pipeline file that made the current run
    #[arg(long, value_name = "FILE")]
    pipeline: PathBuf,
    /// The epoch of the current run
    #[arg(long, value_name = "EPOCH")]
    from: u32,
    /// The epoch of the new run
    #[arg(long, value_name = "EPOCH")]
    to: u32,
    /// The age identity file that opens the originals of tokens
    #[arg(long, value_name = "FILE")]
    escrow_identity: Option<PathBuf>,
    /// Write a table of old and new pseudonyms to this file
    #[arg(long, value_name = "FILE", requires = "bridge_recipient")]
    bridge: Option<PathBuf>,
    /// The age recipient that the table is sealed to
    #[arg(long, value_name = "RECIPIENT", requires = "bridge", value_parser = recipient)]
    bridge_recipient: Option<Recipient>,
    /// Worker threads; one per core when absent
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// File whose first line is the passphrase of the keyring
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Write the outcome and the manifest as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

fn recipient(text: &str) -> Result<Recipient, String> {
    Recipient::parse(text).map_err(|_| "not an age recipient, `age1…`".to_owned())
}

impl Rekey {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let started = now();
        let before = current(&self.sink);
        let done = message::guard(|| {
            let report = self.turn(started, screen)?;
            message::print(&self.answer(&report))
        });
        let sink = Some(self.sink.clone());
        done.map_err(|failure| Failure::run(failure, standing(sink, before, started)))
    }

    fn turn(
        &self,
        started: chrono::DateTime<chrono::Utc>,
        screen: Screen,
    ) -> Result<RekeyReport, Failure> {
        let cancel = signals::listen()?;
        let pipeline = pseudo_engine::pipeline(&self.pipeline)?;
        let base = self.pipeline.parent().unwrap_or(Path::new(""));
        let identity = pipeline.keys.identity.as_ref();
        let path = base.join(&pipeline.keys.keyring);
        let unlock = unlock::unlock(
            &path,
            identity.map(|identity| base.join(identity)),
            self.passphrase_file.as_deref(),
        )?;
        let keyring = Keyring::open(&path, &unlock)?;
        let epochs = [self.from, self.to];
        let keyring = self
            .access
            .give(keyring, |entry| epochs.contains(&entry.epoch.0))?;
        let escrow = self
            .escrow_identity
            .as_deref()
            .map(Opener::read)
            .transpose()?;
        let meter = Meter::new(screen);
        let options = RekeyOptions {
            started,
            clock: &now,
            from: self.from,
            to: self.to,
            escrow: escrow.as_ref(),
            bridge: self.bridge.as_deref().zip(self.bridge_recipient.as_ref()),
            threads: self.threads.map(NonZeroUsize::get),
            space: None,
            classes: &Classes,
            progress: &meter,
            cancel,
            disk: Disk::default(),
        };
        let report = pseudo_engine::rekey(&self.sink, &pipeline, &keyring, &options);
        meter.finish();
        Ok(report?)
    }

    fn answer(&self, report: &RekeyReport) -> String {
        let manifest = &report.manifest;
        let is_new = report.outcome == RunOutcome::Published;
        if self.json {
            return message::json(&json!({
                "outcome": if is_new { "published" } else { "nothing-to-do" },
                "sink": self.sink,
                "manifest": manifest,
            }));
        }
        let (run, sink) = (&manifest.run_id, self.sink.display());
        if !is_new {
            return format!(
                "nothing to do: run {run} is of epoch {}: {sink}/current\n",
                self.to
            );
        }
        let heads = ["identity", "rule", "cells", "distinct before", "after"];
        let mut joins = Table::new(&heads).numbers_from(2);
        let mut text = String::new();
        if let Some(rekey) = &manifest.rekey {
            for join in &rekey.joins {
                let about = if join.one_in > 1 { "~" } else { "" };
                joins.row([
                    join.identity.clone(),
                    join.rule.clone(),
                    thousands(join.cells),
                    format!("{about}{}", thousands(join.before)),
                    format!("{about}{}", thousands(join.after)),
                ]);
            }
            text = format!("{joins}\nrows: {}\n", thousands(rekey.rows));
            if let (Some(bridge), Some(file)) = (&rekey.bridge, &self.bridge) {
                let lines = thousands(bridge.lines);
                text.push_str(&format!(
                    "bridge: {lines} lines, sealed, in {}\n",
                    file.display()
                ));
            }
        }
        let (from, to) = (self.from, self.to);
        format!("{text}run {run} is published, epoch {from} turned into {to}: {sink}/current\n")
    }
}
