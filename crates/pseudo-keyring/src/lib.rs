//! Opens keys: from an age file, or from the device or service that an age file refers to; grants
//! parts of them in bundles.
//!
//! Invariants: a keyring that exists is never overwritten by a new one, and a changed one replaces
//! it whole; plaintext and secrets are erased when they are dropped; no error, `Debug` or listing
//! holds key material; time and environment are passed in, never read.
//!
//! Reading order: [`Keyring`] is what callers hold, [`Change`] how it changes; `source` says how it
//! is unlocked and what a holder of keys can do, `keys` what such a holder hands to a run;
//! `custody` is where secrets are that are not in the file, [`Bundle`] what others are given of
//! them (`tink` writes one key of them for Tink), [`Approvals`] whose consent reveal needs. `age`
//! is the sealed file (age-encryption.org/v1), `document` what is inside it, `file` how it reaches
//! the disk, `locked` how secrets are held in memory. `stream` seals other data than keys: rows in
//! quarantine.

mod age;
mod approvals;
mod bundle;
mod change;
mod custody;
mod document;
mod error;
mod file;
#[doc(hidden)]
pub mod fuzz;
mod keys;
mod locked;
mod source;
mod stream;
mod tink;

use std::fmt;
use std::path::Path;

use pseudo_token::{CheckValue, Epoch, RootMessage, Secret};
use zeroize::Zeroizing;

pub use crate::age::create_identity;
pub use crate::approvals::{Approvals, Approved};
pub use crate::bundle::{Bundle, Held, Role};
pub use crate::change::{Change, Fresh};
pub use crate::custody::{Access, AwsCredentials, AwsKms, Custody, Pkcs11, Transit};
pub use crate::error::{Error, Fault};
pub use crate::keys::DomainKeys;
pub use crate::source::{KeySource, Unlock};
pub use crate::stream::{PassingKey, Recipient, Sealer};
pub use crate::tink::Delivery;

use crate::document::Content;
use crate::locked::Locked;

/// The secrets of one owner, or where they are: one per epoch, exactly one of them primary.
pub struct Keyring {
    content: Content,
    access: Access,
}

impl Keyring {
    /// Makes a keyring with one random secret, epoch 1, and returns it. `created` is an RFC 3339
    /// time. Parent directories that do not exist are made for the owner alone.
    ///
    /// # Errors
    /// When `path` exists, even as a dangling link; when `unlock` cannot be used; when the disk
    /// fails. Nothing is left behind then.
    pub fn create(path: &Path, unlock: &Unlock, created: &str) -> Result<Self, Error> {
        Self::create_with(path, unlock, created, Fresh::Secret, Access::none())
    }

    /// Makes a keyring whose first secret is drawn, or is where `fresh` says.
    ///
    /// # Errors
    /// Those of [`Keyring::create`]; when the provider does not answer.
    pub fn create_with(
        path: &Path,
        unlock: &Unlock,
        created: &str,
        fresh: Fresh,
        access: Access,
    ) -> Result<Self, Error> {
        file::refuse_existing(path)?;
        let root = fresh.root(Epoch(1), &access)?;
        let plaintext = Content::first(root, created)?.write()?;
        let sealed = age::seal(&plaintext, unlock)?;
        // What is written must open: a keyring that does not is a loss found too late.
        let keyring = Self::decode(path, &sealed, unlock)?;
        file::write_new(path, &sealed)?;
        Ok(keyring.with_access(access))
    }

    /// Opens the keyring at `path`.
    ///
    /// # Errors
    /// When the file is no keyring, is damaged, or is not opened by `unlock`; each has its own
    /// variant.
    pub fn open(path: &Path, unlock: &Unlock) -> Result<Self, Error> {
        let sealed = file::read(path)?;
        Self::decode(path, &sealed, unlock)
    }

    /// The same, with what the providers of its secrets need.
    #[must_use]
    pub fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// The primary epoch and its secret.
    ///
    /// # Errors
    /// When the secret is with a provider.
    pub fn primary(&self) -> Result<(Epoch, Secret), Error> {
        let slot = self.primary_slot()?;
        Ok((slot.epoch, slot.secret()?))
    }

    /// The secret of an epoch that may still be used.
    ///
    /// # Errors
    /// When there is no such epoch, it is disabled or destroyed, or its secret is with a provider.
    pub fn secret(&self, epoch: Epoch) -> Result<Secret, Error> {
        self.usable(epoch)?.secret()
    }

    /// Where the secret of an epoch is that is not in the keyring.
    #[must_use]
    pub fn custody(&self, epoch: Epoch) -> Option<&Custody> {
        match &self.slot(epoch).ok()?.root {
            Root::Custody(custody, _) => Some(custody),
            Root::Secret(_) | Root::Gone => None,
        }
    }

    /// Whom the file is sealed to, where the keyring says so; empty where it does not.
    #[must_use]
    pub fn recipients(&self) -> &[String] {
        &self.content.recipients
    }

    /// Whose consent reveal needs.
    #[must_use]
    pub const fn approvals(&self) -> Option<&Approvals> {
        self.content.approvals.as_ref()
    }

    /// What may be shown of every epoch, ascending. No provider is asked.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.content.slots.iter().map(|slot| Entry {
            epoch: slot.epoch,
            status: slot.status,
            check_value: slot.check_value(),
            custody: self.custody(slot.epoch).cloned(),
            created: slot.created.clone(),
        })
    }

    fn slot(&self, epoch: Epoch) -> Result<&Slot, Error> {
        let slot = self.content.slots.iter().find(|slot| slot.epoch == epoch);
        slot.ok_or(Error::NoEpoch { epoch: epoch.0 })
    }

    fn primary_slot(&self) -> Result<&Slot, Error> {
        let mut slots = self.content.slots.iter();
        let primary = slots.find(|slot| slot.status == Status::Primary);
        primary.ok_or(Error::NoPrimary)
    }

    fn usable(&self, epoch: Epoch) -> Result<&Slot, Error> {
        let slot = self.slot(epoch)?;
        match slot.status {
            Status::Primary | Status::Enabled => Ok(slot),
            Status::Disabled => Err(Error::Disabled { epoch: epoch.0 }),
            Status::Destroyed => Err(Error::Destroyed { epoch: epoch.0 }),
        }
    }

    /// The HMAC-SHA256 of a message under the secret of a usable epoch, wherever that is.
    fn answer(&self, epoch: Epoch, message: &RootMessage) -> Result<Zeroizing<[u8; 32]>, Error> {
        let slot = self.usable(epoch)?;
        match &slot.root {
            Root::Custody(custody, _) => custody.answer(message, &self.access),
            Root::Secret(_) | Root::Gone => Ok(slot.secret()?.answer(message)),
        }
    }

    /// Refuses a provider whose key is not the one that the epoch was made with.
    fn recognise(&self, epoch: Epoch, found: CheckValue) -> Result<(), Error> {
        match &self.slot(epoch)?.root {
            Root::Custody(custody, expected) if *expected != found => Err(Error::OtherSecret {
                custody: custody.to_string(),
                expected: *expected,
                found,
            }),
            _ => Ok(()),
        }
    }

    fn decode(path: &Path, sealed: &[u8], unlock: &Unlock) -> Result<Self, Error> {
        let plaintext = age::open(path, sealed, unlock)?;
        Self::read(path, &plaintext)
    }

    fn read(path: &Path, plaintext: &[u8]) -> Result<Self, Error> {
        let content = Content::parse(plaintext).map_err(|fault| Error::Content {
            path: path.to_path_buf(),
            fault,
        })?;
        let access = Access::none();
        Ok(Self { content, access })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = self.content.slots.iter();
        let epochs = slots.map(|slot| (slot.epoch.0, slot.status));
        f.write_str("Keyring")?;
        f.debug_map().entries(epochs).finish()
    }
}

/// What may be shown of an epoch.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number.
    pub epoch: Epoch,
    /// What it may be used for.
    pub status: Status,
    /// Recognises its secret without revealing it; gone with a destroyed secret.
    pub check_value: Option<CheckValue>,
    /// Where its secret is that is not in the keyring.
    pub custody: Option<Custody>,
    /// When it was made, RFC 3339.
    pub created: String,
}

/// What the secret of an epoch may be used for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Status {
    /// Makes the tokens of new runs.
    Primary,
    /// Opens what it made.
    Enabled,
    /// Kept, and refused.
    Disabled,
    /// Erased from the keyring.
    Destroyed,
}

impl Status {
    /// The word in keyrings and listings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Destroyed => "destroyed",
        }
    }

    const ALL: [Self; 4] = [
        Self::Primary,
        Self::Enabled,
        Self::Disabled,
        Self::Destroyed,
    ];
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One epoch as held in memory.
struct Slot {
    epoch: Epoch,
    status: Status,
    created: String,
    root: Root,
}

/// What an epoch derives from; `Gone` exactly when it is destroyed.
enum Root {
    Secret(Locked),
    /// With a provider, and the check value that it answered when the epoch was made.
    Custody(Custody, CheckValue),
    Gone,
}

impl Slot {
    /// A copy of the secret, for the length of one use.
    fn secret(&self) -> Result<Secret, Error> {
        let epoch = self.epoch.0;
        match &self.root {
            Root::Secret(bytes) => Secret::from_slice(bytes).map_err(|_| Error::Encode),
            Root::Custody(custody, _) => Err(Error::Elsewhere {
                epoch,
                custody: custody.to_string(),
            }),
            Root::Gone => Err(Error::Destroyed { epoch }),
        }
    }

    fn check_value(&self) -> Option<CheckValue> {
        match &self.root {
            Root::Custody(_, check) => Some(*check),
            Root::Secret(_) | Root::Gone => Some(self.secret().ok()?.check_value(self.epoch)),
        }
    }
}
