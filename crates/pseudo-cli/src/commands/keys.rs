//! `pseudo keys`: makes and changes keyrings, lists and checks what is in them, and grants parts of
//! them; never shows a secret. One file a verb.

mod check;
mod export;
mod list;
mod new;
mod retire;
mod rewrap;
mod rotate;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use pseudo_keyring::{Access, Change, Custody, Entry, Keyring, Unlock};
use serde_json::{Value, json};

use crate::access::AccessArgs;
use crate::message::{Failure, Screen, Standing};
use crate::table::Table;
use crate::unlock;

/// Make, change and check keyrings, and grant parts of them
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys list keys/analytics.keyring")]
pub(crate) struct Keys {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    New(new::New),
    List(list::List),
    Check(check::Check),
    Rotate(rotate::Rotate),
    Disable(retire::Disable),
    Enable(retire::Enable),
    Destroy(retire::Destroy),
    Export(export::Export),
    Rewrap(rewrap::Rewrap),
}

impl Keys {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        match self.verb {
            Verb::New(args) => args.run(screen),
            Verb::List(args) => args.run(),
            Verb::Check(args) => args.run(screen),
            Verb::Rotate(args) => args.run(screen),
            Verb::Disable(args) => args.run(screen),
            Verb::Enable(args) => args.run(screen),
            Verb::Destroy(args) => args.run(screen),
            Verb::Export(args) => args.run(screen),
            Verb::Rewrap(args) => args.run(screen),
        }
    }
}

/// A keyring and what opens it.
#[derive(Args, Debug)]
struct Opening {
    /// The keyring
    keyring: PathBuf,
    /// The age identity file that opens it; the one beside it when absent
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    identity: Option<PathBuf>,
    /// File whose first line is the passphrase that opens it
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Opening {
    fn unlock(&self) -> Result<Unlock, Failure> {
        let passphrase = self.passphrase_file.as_deref();
        unlock::unlock(&self.keyring, self.identity.clone(), passphrase)
    }

    /// Opens the keyring, with what the providers of these epochs need.
    fn open(
        &self,
        access: &AccessArgs,
        epochs: impl Fn(&Entry) -> bool,
    ) -> Result<Keyring, Failure> {
        let keyring = Keyring::open(&self.keyring, &self.unlock()?)?;
        access.give(keyring, epochs)
    }

    /// Changes the keyring; a failure says that it is as it was.
    fn change(
        &self,
        access: Access,
        work: impl FnOnce(&mut Change<'_>) -> Result<(), Failure>,
    ) -> Result<Keyring, Failure> {
        let done = || {
            let unlock = self.unlock()?;
            let mut change = Change::begin(&self.keyring, &unlock, access)?;
            work(&mut change)?;
            Ok(change.commit()?)
        };
        done().map_err(|failure: Failure| self.unchanged(failure))
    }

    fn unchanged(&self, failure: Failure) -> Failure {
        Failure::run(failure, Standing::Keyring(self.keyring.clone()))
    }
}

fn as_table(keyring: &Keyring) -> String {
    let elsewhere = keyring.entries().any(|entry| entry.custody.is_some());
    let heads = ["epoch", "status", "check value", "created"];
    let mut table = match elsewhere {
        true => Table::new(&[&heads[..], &["secret"]].concat()),
        false => Table::new(&heads),
    };
    for entry in keyring.entries() {
        let place = place(&entry);
        let check = entry.check_value.map(|value| value.to_string());
        let check = check.unwrap_or_default();
        let (epoch, status) = (entry.epoch.to_string(), entry.status.to_string());
        match elsewhere {
            true => table.row([epoch, status, check, entry.created, place]),
            false => table.row([epoch, status, check, entry.created]),
        }
    }
    table.to_string()
}

fn as_json(path: &Path, keyring: &Keyring) -> Value {
    let entry = |entry: Entry| {
        json!({
            "epoch": entry.epoch.0,
            "status": entry.status.name(),
            "check_value": entry.check_value.map(|value| value.to_string()),
            "custody": entry.custody,
            "created": entry.created,
        })
    };
    let approvers = keyring.approvals().map(|approvals| {
        let names = approvals.approvers().map(str::to_owned);
        names.collect::<Vec<_>>()
    });
    json!({
        "keyring": path,
        "epochs": keyring.entries().map(entry).collect::<Vec<_>>(),
        "recipients": keyring.recipients(),
        "approvers": approvers,
    })
}

/// Where the secret of an epoch is.
fn place(entry: &Entry) -> String {
    match (&entry.custody, entry.check_value) {
        (Some(custody), _) => custody.to_string(),
        (None, Some(_)) => "in the keyring".to_owned(),
        (None, None) => "gone".to_owned(),
    }
}

/// A reference on the command line.
fn custody(text: &str) -> Result<Custody, String> {
    text.parse().map_err(|error: pseudo_keyring::Error| {
        format!("{error}\n{}", error.hint().unwrap_or_default())
    })
}
