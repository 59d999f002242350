//! `pseudo keys rewrap`: who opens a keyring, and whose consent reveal needs.

use std::path::PathBuf;

use clap::Args;
use pseudo_keyring::{Access, Change, Recipient};

use super::{Opening, as_json};
use crate::message::{self, Failure, Screen};

/// Change who opens a keyring, and leave its secrets as they are
///
/// Whoever is removed still opens copies from before: rotate where that matters. With approvers,
/// two of them have to consent before seals are revealed; a change of approvers takes the consent
/// of two of those before.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys rewrap keys/analytics.keyring --add age1…")]
pub(crate) struct Rewrap {
    #[command(flatten)]
    opening: Opening,
    /// Seal it to this age recipient, too; can be given several times
    #[arg(long, value_name = "RECIPIENT", value_parser = recipient)]
    add: Vec<Recipient>,
    /// Seal it to this one no more; can be given several times
    #[arg(long, value_name = "RECIPIENT", value_parser = recipient)]
    remove: Vec<Recipient>,
    /// Seal it to these and nobody else, whoever it was sealed to; can be given several times
    #[arg(long, value_name = "RECIPIENT", value_parser = recipient,
          conflicts_with_all = ["add", "remove"])]
    only: Vec<Recipient>,
    /// Ask two of these before seals are revealed; given twice or more
    #[arg(long, value_name = "RECIPIENT", value_parser = recipient)]
    approver: Vec<Recipient>,
    /// Ask nobody before seals are revealed
    #[arg(long, conflicts_with = "approver")]
    no_approvers: bool,
    /// Identity file of an approver who consents to a change of approvers; given twice
    #[arg(long, value_name = "FILE")]
    approval_identity: Vec<PathBuf>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Rewrap {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let mut to = Vec::new();
        let keyring = self.opening.change(Access::none(), |change| {
            self.apply(change)?;
            to = change.recipients().collect();
            Ok(())
        })?;
        let approvers: Vec<&str> = keyring
            .approvals()
            .iter()
            .flat_map(|a| a.approvers())
            .collect();
        if !self.remove.is_empty() || !self.only.is_empty() {
            screen.warning("who was removed still opens copies of the keyring from before");
        }
        if self.json {
            let mut answer = as_json(&self.opening.keyring, &keyring);
            answer["recipients"] = to.into();
            return message::print(&message::json(&answer));
        }
        let lines = to.iter().map(|name| format!("opened by    {name}\n"));
        let approvers = approvers
            .iter()
            .map(|name| format!("approved by  {name}\n"));
        message::print(&lines.chain(approvers).collect::<String>())
    }

    fn apply(&self, change: &mut Change<'_>) -> Result<(), Failure> {
        if !self.only.is_empty() {
            change.seal_to(&self.only)?;
        }
        change.add(&self.add)?;
        change.remove(&self.remove)?;
        if self.approver.is_empty() && !self.no_approvers {
            return Ok(());
        }
        let approvals = change.keyring().approvals();
        let approved = approvals.map(|approvals| approvals.approve(&self.approval_identity));
        let approved = approved.transpose()?;
        Ok(change.approvers(&self.approver, approved.as_ref())?)
    }
}

pub(super) fn recipient(text: &str) -> Result<Recipient, String> {
    Recipient::parse(text).map_err(|error| error.to_string())
}
