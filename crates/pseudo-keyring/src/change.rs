//! How a keyring changes: under a lock, and by a new file in the place of the old one, which is
//! there until the new one is whole and known to open. A keyring is never left damaged.

use std::path::{Path, PathBuf};

use pseudo_token::Epoch;
use zeroize::Zeroizing;

use crate::document::{SECRET_LEN, legal_time};
use crate::locked::Locked;
use crate::{
    Access, Approvals, Approved, Custody, Error, Keyring, Recipient, Root, Slot, Status, Unlock,
    age, file,
};

/// Where the secret of a new epoch comes from.
pub enum Fresh {
    /// Drawn from the operating system.
    Secret,
    /// Given, as one that was made elsewhere.
    Given(Zeroizing<[u8; SECRET_LEN]>),
    /// With a provider, which is asked for its check value.
    Custody(Custody),
}

/// A keyring being changed. Nothing on the disk changes before [`Change::commit`].
pub struct Change<'a> {
    held: file::Held,
    path: PathBuf,
    unlock: &'a Unlock,
    keyring: Keyring,
    /// Whom the file is sealed to.
    recipients: Vec<Recipient>,
    /// How many the file is sealed to that nobody named.
    unnamed: usize,
}

impl<'a> Change<'a> {
    /// Opens the keyring at `path` for change; nobody else changes it meanwhile.
    ///
    /// # Errors
    /// Those of [`Keyring::open`]; [`Error::Busy`] when somebody else is changing it.
    pub fn begin(path: &Path, unlock: &'a Unlock, access: Access) -> Result<Self, Error> {
        let (held, sealed) = file::hold(path)?;
        let keyring = Keyring::decode(path, &sealed, unlock)?.with_access(access);
        let recipients = match (unlock, keyring.recipients()) {
            (Unlock::Passphrase(_), _) => Vec::new(),
            (Unlock::Identity(file), []) => age::recipients(file)?,
            (Unlock::Identity(_), names) => {
                let names = names.iter().map(|name| Recipient::parse(name));
                names.collect::<Result<_, _>>()?
            }
        };
        let sealed_to = match unlock {
            Unlock::Passphrase(_) => 0,
            Unlock::Identity(_) => age::recipient_count(&sealed),
        };
        Ok(Self {
            held,
            path: path.to_path_buf(),
            unlock,
            keyring,
            unnamed: sealed_to.abs_diff(recipients.len()),
            recipients,
        })
    }

    /// The keyring as it is to be.
    #[must_use]
    pub const fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Whom it is to be sealed to, as age recipients; empty with a passphrase.
    pub fn recipients(&self) -> impl Iterator<Item = String> + '_ {
        self.recipients.iter().map(ToString::to_string)
    }

    /// Adds an epoch and makes it primary; the primary epoch until now is enabled. `created` is an
    /// RFC 3339 time.
    ///
    /// # Errors
    /// When the provider of the new secret does not answer, and when there are no more epochs.
    pub fn rotate(&mut self, fresh: Fresh, created: &str) -> Result<Epoch, Error> {
        let created = legal_time(created)?.to_owned();
        let slots = &mut self.keyring.content.slots;
        let last = slots.iter().map(|slot| slot.epoch.0).max().unwrap_or(0);
        let epoch = Epoch(last.checked_add(1).ok_or(Error::NoPrimary)?);
        let root = fresh.root(epoch, &self.keyring.access)?;
        for slot in slots.iter_mut().filter(|s| s.status == Status::Primary) {
            slot.status = Status::Enabled;
        }
        slots.push(Slot {
            epoch,
            status: Status::Primary,
            created,
            root,
        });
        Ok(epoch)
    }

    /// Keeps an epoch and refuses its use.
    ///
    /// # Errors
    /// When there is no such epoch, and when it is primary or destroyed.
    pub fn disable(&mut self, epoch: Epoch) -> Result<(), Error> {
        self.secondary(epoch)?.status = Status::Disabled;
        Ok(())
    }

    /// Allows the use of an epoch that was disabled.
    ///
    /// # Errors
    /// When there is no such epoch, and when it is primary or destroyed.
    pub fn enable(&mut self, epoch: Epoch) -> Result<(), Error> {
        self.secondary(epoch)?.status = Status::Enabled;
        Ok(())
    }

    /// Removes the secret of an epoch, or the reference to it, for good.
    ///
    /// # Errors
    /// When there is no such epoch, and when it is primary or destroyed.
    pub fn destroy(&mut self, epoch: Epoch) -> Result<(), Error> {
        let slot = self.secondary(epoch)?;
        (slot.status, slot.root) = (Status::Destroyed, Root::Gone);
        Ok(())
    }

    /// Seals the keyring to others, too. One that had a passphrase is opened by identities then.
    ///
    /// # Errors
    /// When one of them has it already.
    pub fn add(&mut self, recipients: &[Recipient]) -> Result<(), Error> {
        for recipient in recipients {
            if self.recipients.contains(recipient) {
                let recipient = recipient.to_string();
                return Err(Error::HasRecipient { recipient });
            }
            self.recipients.push(recipient.clone());
        }
        Ok(())
    }

    /// Seals the keyring to some no more; copies from before still open.
    ///
    /// # Errors
    /// When one of them does not have it.
    pub fn remove(&mut self, recipients: &[Recipient]) -> Result<(), Error> {
        for recipient in recipients {
            let place = self.recipients.iter().position(|held| held == recipient);
            let no_recipient = || Error::NoSuchRecipient {
                recipient: recipient.to_string(),
            };
            self.recipients.remove(place.ok_or_else(no_recipient)?);
        }
        Ok(())
    }

    /// Seals the keyring to these and to nobody else, whoever it was sealed to.
    ///
    /// # Errors
    /// When one comes twice.
    pub fn seal_to(&mut self, recipients: &[Recipient]) -> Result<(), Error> {
        self.recipients.clear();
        self.unnamed = 0;
        self.add(recipients)
    }

    /// Asks two of these approvers for consent before seals are revealed; none asks nobody.
    /// Whoever had a say until now has to agree: `approved` is their consent.
    ///
    /// # Errors
    /// When consent is missing, when there is one approver alone, and when one comes twice.
    pub fn approvers(
        &mut self,
        recipients: &[Recipient],
        approved: Option<&Approved>,
    ) -> Result<(), Error> {
        if self.keyring.approvals().is_some() && approved.is_none() {
            return Err(Error::NotApproved { given: 0 });
        }
        let some = !recipients.is_empty();
        self.keyring.content.approvals = some.then(|| Approvals::new(recipients)).transpose()?;
        Ok(())
    }

    /// Puts the changed keyring in the place of the old one, and returns it.
    ///
    /// # Errors
    /// When what would be written does not open with what the change was begun with, when the file
    /// is sealed to others than are known, and when the disk fails. The old keyring is as it was.
    pub fn commit(mut self) -> Result<Keyring, Error> {
        if self.unnamed > 0 {
            let (path, known) = (self.path, self.recipients.len());
            return Err(Error::UnnamedRecipients { path, known });
        }
        let sealed = match self.unlock {
            Unlock::Passphrase(_) if self.recipients.is_empty() => {
                age::seal(&self.keyring.content.write()?, self.unlock)?
            }
            _ => {
                let names = self.recipients.iter().map(ToString::to_string);
                let names: Vec<String> = names.collect();
                let own = match self.unlock {
                    Unlock::Identity(file) => age::recipients(file)?,
                    Unlock::Passphrase(_) => Vec::new(),
                };
                // What the own identity says need not be written down.
                let same = own == self.recipients;
                self.keyring.content.recipients = if same { Vec::new() } else { names };
                age::seal_to(&self.recipients, &self.keyring.content.write()?)?
            }
        };
        let keyring = match (self.unlock, self.recipients.as_slice()) {
            // Nobody here can open what is sealed to others by one who had a passphrase.
            (Unlock::Passphrase(_), [_, ..]) => self.keyring,
            _ => {
                let again = Keyring::decode(&self.path, &sealed, self.unlock);
                again.map_err(lost)?.with_access(self.keyring.access)
            }
        };
        self.held.replace(&sealed)?;
        Ok(keyring)
    }

    /// An epoch that may change: neither primary nor destroyed.
    fn secondary(&mut self, epoch: Epoch) -> Result<&mut Slot, Error> {
        let number = epoch.0;
        let mut slots = self.keyring.content.slots.iter_mut();
        let slot = slots.find(|slot| slot.epoch == epoch);
        let slot = slot.ok_or(Error::NoEpoch { epoch: number })?;
        match slot.status {
            Status::Primary => Err(Error::IsPrimary { epoch: number }),
            Status::Destroyed => Err(Error::Destroyed { epoch: number }),
            Status::Enabled | Status::Disabled => Ok(slot),
        }
    }
}

impl Fresh {
    pub(crate) fn root(self, epoch: Epoch, access: &Access) -> Result<Root, Error> {
        match self {
            Self::Secret => {
                let mut bytes = Zeroizing::new([0_u8; SECRET_LEN]);
                getrandom::fill(bytes.as_mut_slice()).map_err(|_| Error::Random)?;
                Ok(Root::Secret(Locked::new(bytes.as_slice())?))
            }
            Self::Given(bytes) => Ok(Root::Secret(Locked::new(bytes.as_slice())?)),
            Self::Custody(custody) => {
                let check = custody.check_value(epoch, access)?;
                Ok(Root::Custody(custody, check))
            }
        }
    }
}

/// A keyring that is sealed away from its opener cannot be proved to open.
fn lost(error: Error) -> Error {
    match error {
        Error::WrongIdentity { identity, .. } => Error::RemovesOpener { identity },
        other => other,
    }
}
