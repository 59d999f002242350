//! Opens keys from an age file: epochs, status, check values.
//!
//! Invariants: a keyring that exists is never overwritten; plaintext and secrets are erased when
//! they are dropped; no error, `Debug` or listing holds key material; the time is passed in, never
//! read.
//!
//! Reading order: [`Keyring`] is what callers hold; `source` says how it is unlocked and what a
//! holder of keys can do; `age` is the sealed file (age-encryption.org/v1), `document` what is
//! inside it, `file` how it reaches the disk. `stream` seals other data than keys: rows in
//! quarantine.

mod age;
mod document;
mod error;
mod file;
#[doc(hidden)]
pub mod fuzz;
mod source;
mod stream;

use std::fmt;
use std::path::Path;

use pseudo_token::{CheckValue, Epoch, Secret};
use zeroize::Zeroizing;

pub use crate::age::create_identity;
pub use crate::error::{Error, Fault};
pub use crate::source::{KeySource, Unlock};
pub use crate::stream::{PassingKey, Recipient, Sealer};

/// The secrets of one owner: one per epoch, exactly one of them primary.
pub struct Keyring {
    /// Ascending by epoch.
    slots: Vec<Slot>,
}

impl Keyring {
    /// Makes a keyring with one random secret, epoch 1, and returns it. `created` is an RFC 3339
    /// time. Parent directories that do not exist are made for the owner alone.
    ///
    /// # Errors
    /// When `path` exists, even as a dangling link; when `unlock` cannot be used; when the disk
    /// fails. Nothing is left behind then.
    pub fn create(path: &Path, unlock: &Unlock, created: &str) -> Result<Self, Error> {
        file::refuse_existing(path)?;
        let mut bytes = Zeroizing::new([0_u8; document::SECRET_LEN]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| Error::Random)?;
        let plaintext = document::first(&bytes, created)?;
        let sealed = age::seal(path, &plaintext, unlock)?;
        // What is written must open: a keyring that does not is a loss found too late.
        let keyring = Self::decode(path, &sealed, unlock)?;
        file::write_new(path, &sealed)?;
        Ok(keyring)
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

    /// The primary epoch and its secret.
    ///
    /// # Errors
    /// Never for a keyring that was opened: its document says exactly one.
    pub fn primary(&self) -> Result<(Epoch, &Secret), Error> {
        let primary = self
            .slots
            .iter()
            .find(|slot| slot.status == Status::Primary);
        primary
            .and_then(|slot| slot.secret.as_ref().map(|secret| (slot.epoch, secret)))
            .ok_or(Error::NoPrimary)
    }

    /// The secret of an epoch that may still be used.
    ///
    /// # Errors
    /// When there is no such epoch, or it is disabled or destroyed.
    pub fn secret(&self, epoch: Epoch) -> Result<&Secret, Error> {
        let slot = self.slots.iter().find(|slot| slot.epoch == epoch);
        let slot = slot.ok_or(Error::NoEpoch { epoch: epoch.0 })?;
        match (slot.status, &slot.secret) {
            (Status::Primary | Status::Enabled, Some(secret)) => Ok(secret),
            (Status::Disabled, _) => Err(Error::Disabled { epoch: epoch.0 }),
            _ => Err(Error::Destroyed { epoch: epoch.0 }),
        }
    }

    /// What may be shown of every epoch, ascending.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.slots.iter().map(|slot| Entry {
            epoch: slot.epoch,
            status: slot.status,
            check_value: slot
                .secret
                .as_ref()
                .map(|secret| secret.check_value(slot.epoch)),
            created: slot.created.clone(),
        })
    }

    fn decode(path: &Path, sealed: &[u8], unlock: &Unlock) -> Result<Self, Error> {
        let plaintext = age::open(path, sealed, unlock)?;
        let slots = document::parse(&plaintext).map_err(|fault| Error::Content {
            path: path.to_path_buf(),
            fault,
        })?;
        Ok(Self { slots })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epochs = self.slots.iter().map(|slot| (slot.epoch.0, slot.status));
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

/// One epoch as held in memory; `secret` is `None` exactly when it is destroyed.
struct Slot {
    epoch: Epoch,
    status: Status,
    created: String,
    secret: Option<Secret>,
}
