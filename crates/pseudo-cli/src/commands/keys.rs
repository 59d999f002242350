//! `pseudo keys`: makes keyrings and lists what is in them; never a secret.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use pseudo_keyring::{Keyring, Unlock};
use serde_json::{Value, json};

use crate::commands::{now, rfc3339};
use crate::message::{self, Failure, Screen};
use crate::table::Table;
use crate::unlock;

/// Make keyrings and list their epochs
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys list keys/analytics.keyring")]
pub(crate) struct Keys {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    New(New),
    List(List),
}

/// Make a keyring with one secret
///
/// Without options it is sealed to an identity file beside it, of the same name with the extension
/// `.key`, which is made when it is absent. Keep copies of both, apart from each other: without
/// them no token can be made again. Nothing is ever overwritten.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys new keys/analytics.keyring")]
struct New {
    /// The keyring to make
    keyring: PathBuf,
    /// Seal to this age identity file, made when absent
    #[arg(long, value_name = "FILE", conflicts_with_all = ["passphrase", "passphrase_file"])]
    identity: Option<PathBuf>,
    /// Seal with a passphrase, asked on the terminal
    #[arg(long)]
    passphrase: bool,
    /// Seal with the passphrase in the first line of this file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// List epoch, status, check value and age of every secret
///
/// A check value recognises a secret without revealing it; manifests name it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys list keys/analytics.keyring")]
struct List {
    /// The keyring
    keyring: PathBuf,
    /// The age identity file that opens it; the one beside it when absent
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    identity: Option<PathBuf>,
    /// File whose first line is the passphrase that opens it
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Keys {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        match self.verb {
            Verb::New(args) => args.run(screen),
            Verb::List(args) => args.run(),
        }
    }
}

impl New {
    fn run(self, screen: Screen) -> Result<(), Failure> {
        let created = rfc3339(now());
        let open_with = if let Some(file) = &self.passphrase_file {
            Unlock::Passphrase(unlock::passphrase_in(file)?)
        } else if self.passphrase {
            unlock::refuse_existing(&self.keyring)?;
            Unlock::Passphrase(unlock::ask_twice(&self.keyring)?)
        } else {
            Unlock::Identity(unlock::identity_or_beside(&self.keyring, self.identity))
        };
        let keyring = unlock::create(&self.keyring, &open_with, &created, screen)?;
        message::print(&as_table(&keyring))
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        let open_with = unlock::unlock(
            &self.keyring,
            self.identity,
            self.passphrase_file.as_deref(),
        )?;
        let keyring = Keyring::open(&self.keyring, &open_with)?;
        message::print(&if self.json {
            message::json(&as_json(&self.keyring, &keyring))
        } else {
            as_table(&keyring)
        })
    }
}

fn as_table(keyring: &Keyring) -> String {
    let mut table = Table::new(&["epoch", "status", "check value", "created"]);
    for entry in keyring.entries() {
        table.row([
            entry.epoch.to_string(),
            entry.status.to_string(),
            entry
                .check_value
                .map(|value| value.to_string())
                .unwrap_or_default(),
            entry.created,
        ]);
    }
    table.to_string()
}

fn as_json(path: &Path, keyring: &Keyring) -> Value {
    let entry = |entry: pseudo_keyring::Entry| {
        json!({
            "epoch": entry.epoch.0,
            "status": entry.status.name(),
            "check_value": entry.check_value.map(|value| value.to_string()),
            "created": entry.created,
        })
    };
    json!({ "keyring": path, "epochs": keyring.entries().map(entry).collect::<Vec<_>>() })
}
