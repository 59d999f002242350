//! `pseudo keys disable`, `enable` and `destroy`: what an epoch may be used for.

use std::io::{BufRead, IsTerminal, Write};

use clap::Args;
use pseudo_keyring::{Access, Change, Error, Keyring, Status};
use pseudo_token::Epoch;

use super::{Opening, as_json, as_table};
use crate::message::{self, Failure, Screen};
use crate::signals;

/// Keep an epoch and refuse its use
///
/// Nothing of it is lost: `enable` allows it again. The primary epoch cannot be disabled.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys disable keys/analytics.keyring --epoch 1")]
pub(crate) struct Disable {
    #[command(flatten)]
    choice: Choice,
}

/// Allow the use of an epoch that was disabled
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys enable keys/analytics.keyring --epoch 1")]
pub(crate) struct Enable {
    #[command(flatten)]
    choice: Choice,
}

/// Remove the secret of an epoch for good
///
/// Its tokens can no longer be made or looked up, its seals and format-preserving pseudonyms can no
/// longer be opened, by anybody. Copies of the keyring from before still hold the secret: destroy
/// them, too. The primary epoch cannot be destroyed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys destroy keys/analytics.keyring --epoch 1 --yes")]
pub(crate) struct Destroy {
    #[command(flatten)]
    choice: Choice,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Args, Debug)]
struct Choice {
    #[command(flatten)]
    opening: Opening,
    /// The epoch
    #[arg(long, value_name = "N")]
    epoch: u32,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Disable {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        self.choice
            .apply(|change, epoch| Ok(change.disable(epoch)?))?;
        screen.note(&format!("epoch {} is disabled", self.choice.epoch));
        Ok(())
    }
}

impl Enable {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        self.choice
            .apply(|change, epoch| Ok(change.enable(epoch)?))?;
        screen.note(&format!("epoch {} is enabled", self.choice.epoch));
        Ok(())
    }
}

impl Destroy {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let epoch = self.choice.epoch;
        let mut place = None;
        self.choice.apply(|change, epoch| {
            let custody = change.keyring().custody(epoch);
            place = custody.map(ToString::to_string);
            if !self.yes {
                self.confirm(change.keyring())?;
            }
            Ok(change.destroy(epoch)?)
        })?;
        screen.note(&format!(
            "epoch {epoch} is destroyed: its tokens cannot be made or looked up again, its seals \
             and format-preserving pseudonyms cannot be opened, its dates cannot be moved back"
        ));
        screen.warning(&match place {
            Some(place) => format!("the keyring forgot {place}; destroy it there, too"),
            None => "copies of the keyring from before still hold the secret: destroy them, too"
                .to_owned(),
        });
        Ok(())
    }

    /// Has the check value of the epoch typed.
    fn confirm(&self, keyring: &Keyring) -> Result<(), Failure> {
        let epoch = self.choice.epoch;
        let mut entries = keyring.entries();
        let entry = entries.find(|entry| entry.epoch.0 == epoch);
        let entry = entry.ok_or(Error::NoEpoch { epoch })?;
        if entry.status == Status::Primary {
            return Err(Error::IsPrimary { epoch }.into());
        }
        let check = entry.check_value.ok_or(Error::Destroyed { epoch })?;
        let hint = Some("give `--yes` if that is meant".to_owned());
        if !std::io::stdin().is_terminal() {
            return Err(Failure::Usage {
                message: format!("to destroy epoch {epoch} is for good, and nobody said yes"),
                hint,
            });
        }
        let mut err = std::io::stderr().lock();
        // Who does not see the question will not type the answer.
        let _ = write!(
            err,
            "Type the check value of epoch {epoch}, {check}, to destroy it: "
        );
        drop(err);
        let mut line = String::new();
        let read = signals::at_once(|| std::io::stdin().lock().read_line(&mut line));
        if read.is_err() || line.trim() != check.to_string() {
            let message = "what was typed is not the check value".to_owned();
            return Err(Failure::Usage { message, hint });
        }
        Ok(())
    }
}

impl Choice {
    fn apply(
        &self,
        verb: impl FnOnce(&mut Change<'_>, Epoch) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let epoch = Epoch(self.epoch);
        let change = |change: &mut Change<'_>| verb(change, epoch);
        let keyring = self.opening.change(Access::none(), change)?;
        message::print(&if self.json {
            message::json(&as_json(&self.opening.keyring, &keyring))
        } else {
            as_table(&keyring)
        })
    }
}
