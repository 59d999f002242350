//! `pseudo keys check`: opens a keyring and asks every provider for the check value of its key.

use clap::Args;
use pseudo_keyring::{Entry, KeySource, Keyring};
use serde_json::json;

use super::{Opening, place};
use crate::access::{AccessArgs, usable};
use crate::message::{self, Failure, Screen};
use crate::table::Table;

/// Open a keyring and prove that every epoch in use can be used
///
/// Every provider is asked for the check value of its key. An epoch that cannot be used makes the
/// verb fail: with 75 where trying again later may help, with 2 where it will not.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys check keys/analytics.keyring")]
pub(crate) struct Check {
    #[command(flatten)]
    opening: Opening,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

impl Check {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let keyring = self.opening.open(&self.access, usable)?;
        let mut failure = None;
        let mut table = Table::new(&["epoch", "status", "secret", "check value", "usable"]);
        let mut epochs = Vec::new();
        for entry in keyring.entries() {
            let fault = ask(&keyring, &entry).err();
            let verdict = match (&fault, usable(&entry)) {
                (Some(_), _) => "no",
                (None, true) => "yes",
                (None, false) => "",
            };
            let check = entry.check_value.map(|value| value.to_string());
            let (epoch, status) = (entry.epoch.to_string(), entry.status.name());
            let shown = check.clone().unwrap_or_default();
            table.row([&epoch, status, &place(&entry), &shown, verdict]);
            epochs.push(json!({
                "epoch": entry.epoch.0,
                "status": status,
                "check_value": check,
                "custody": entry.custody,
                "usable": usable(&entry) && fault.is_none(),
                "fault": fault.as_ref().map(ToString::to_string),
            }));
            if let (Some(fault), Some(_)) = (&fault, &failure) {
                screen.warning(&fault.to_string());
            }
            failure = failure.or(fault);
        }
        let path = &self.opening.keyring;
        message::print(&if self.json {
            message::json(&json!({ "keyring": path, "epochs": epochs }))
        } else {
            table.to_string()
        })?;
        failure.map_or(Ok(()), |fault| Err(fault.into()))
    }
}

fn ask(keyring: &Keyring, entry: &Entry) -> Result<(), pseudo_keyring::Error> {
    if usable(entry) {
        keyring.check_value(entry.epoch)?;
    }
    Ok(())
}
