//! `pseudo keys rotate`: another epoch.

use clap::Args;
use pseudo_keyring::{Access, Custody, Fresh};

use super::{Opening, as_json, as_table, custody};
use crate::access::AccessArgs;
use crate::commands::{now, rfc3339};
use crate::message::{self, Failure, Screen};

/// Add an epoch with a new secret and make it primary
///
/// The epoch that was primary is enabled: it opens what it made. Tokens of two epochs do not join,
/// so that the next run is refused unless it says `--new-epoch`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys rotate keys/analytics.keyring")]
pub(crate) struct Rotate {
    #[command(flatten)]
    opening: Opening,
    /// Use a secret that stays with a provider: `pkcs11:…`, `transit:…` or `aws-kms:…`
    #[arg(long, value_name = "REFERENCE", value_parser = custody)]
    custody: Option<Custody>,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

impl Rotate {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let (fresh, access) = match &self.custody {
            Some(place) => {
                let access = self.access.access(std::slice::from_ref(place));
                let access = access.map_err(|failure| self.opening.unchanged(failure))?;
                (Fresh::Custody(place.clone()), access)
            }
            None => (Fresh::Secret, Access::none()),
        };
        let mut made = None;
        let keyring = self.opening.change(access, |change| {
            made = Some(change.rotate(fresh, &rfc3339(now()))?);
            Ok(())
        })?;
        if let Some(epoch) = made {
            screen.note(&format!(
                "epoch {epoch} is primary; a run over output of another epoch has to say \
                 `--new-epoch`"
            ));
        }
        message::print(&if self.json {
            message::json(&as_json(&self.opening.keyring, &keyring))
        } else {
            as_table(&keyring)
        })
    }
}
