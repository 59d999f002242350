//! `pseudo keys list`: what is in a keyring or a bundle.

use clap::Args;
use pseudo_keyring::{Bundle, Held, KeySource};
use serde_json::{Value, json};

use super::{Opening, as_json, as_table};
use crate::message::{self, Failure};
use crate::table::Table;

/// List epoch, status, check value and age of every secret
///
/// A check value recognises a secret without revealing it; manifests name it. Of a bundle, the keys
/// that it grants are listed. No provider is asked.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys list keys/analytics.keyring")]
pub(crate) struct List {
    #[command(flatten)]
    opening: Opening,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl List {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let path = &self.opening.keyring;
        message::print(&match Held::open(path, &self.opening.unlock()?)? {
            Held::Keyring(keyring) if self.json => message::json(&as_json(path, &keyring)),
            Held::Keyring(keyring) => as_table(&keyring),
            Held::Bundle(bundle) if self.json => message::json(&bundle_json(&bundle)),
            Held::Bundle(bundle) => bundle_table(&bundle),
        })
    }
}

pub(super) fn bundle_table(bundle: &Bundle) -> String {
    let mut keys = Table::new(&["key", "identity", "kind"]);
    for name in bundle.names() {
        keys.row([name.purpose.name(), &name.identity, &name.kind]);
    }
    let check = bundle.check_value(bundle.epoch());
    let check = check.map(|value| value.to_string()).unwrap_or_default();
    let (role, domain, epoch) = (bundle.role(), bundle.domain(), bundle.epoch());
    format!("role {role}, domain {domain}, epoch {epoch}, check value {check}\n\n{keys}")
}

pub(super) fn bundle_json(bundle: &Bundle) -> Value {
    let keys = bundle.names().map(|name| {
        json!({
            "purpose": name.purpose.name(),
            "identity": name.identity,
            "kind": name.kind,
        })
    });
    let check = bundle.check_value(bundle.epoch());
    json!({
        "role": bundle.role().name(),
        "domain": bundle.domain(),
        "epoch": bundle.epoch().0,
        "check_value": check.map(|value| value.to_string()).ok(),
        "created": bundle.created(),
        "keys": keys.collect::<Vec<_>>(),
    })
}
