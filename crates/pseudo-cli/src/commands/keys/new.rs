//! `pseudo keys new`: a keyring with one secret, or with a reference to one.

use std::path::PathBuf;

use clap::Args;
use pseudo_keyring::{Access, Custody, Fresh, Unlock};
use pseudo_token::Epoch;

use super::{as_table, custody};
use crate::access::AccessArgs;
use crate::commands::{now, rfc3339};
use crate::message::{self, Failure, Screen};
use crate::unlock;

/// Make a keyring with one secret
///
/// Without options it is sealed to an identity file beside it, of the same name with the extension
/// `.key`, which is made when it is absent. Keep copies of both, apart from each other: without
/// them no token can be made again. Nothing is ever overwritten.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys new keys/analytics.keyring")]
pub(crate) struct New {
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
    /// Use a secret that stays with a provider: `pkcs11:…`, `transit:…` or `aws-kms:…`
    #[arg(long, value_name = "REFERENCE", value_parser = custody)]
    custody: Option<Custody>,
    #[command(flatten)]
    access: AccessArgs,
}

impl New {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let created = rfc3339(now());
        unlock::refuse_existing(&self.keyring)?;
        let (fresh, access) = match self.custody {
            Some(custody) => {
                let access = self.access.access(std::slice::from_ref(&custody))?;
                // Before anything is made that would be of no use without it.
                custody.check_value(Epoch(1), &access)?;
                (Fresh::Custody(custody), access)
            }
            None => (Fresh::Secret, Access::none()),
        };
        let open_with = if let Some(file) = &self.passphrase_file {
            Unlock::Passphrase(unlock::passphrase_in(file)?)
        } else if self.passphrase {
            Unlock::Passphrase(unlock::ask_twice(&self.keyring)?)
        } else {
            Unlock::Identity(unlock::identity_or_beside(&self.keyring, self.identity))
        };
        let keyring = unlock::create(&self.keyring, &open_with, &created, fresh, access, screen)?;
        message::print(&as_table(&keyring))
    }
}
