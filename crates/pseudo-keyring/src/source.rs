//! How keys are unlocked, and what a holder of keys can do. The border is the domain key: deriving
//! it is one HMAC (TOKENS.md 2), so that a holder may be a device that never gives its secret away.

use std::fmt;
use std::path::PathBuf;

use pseudo_token::{CheckValue, DomainKey, Epoch};
use zeroize::Zeroizing;

use crate::{Error, Keyring};

/// What opens a keyring.
pub enum Unlock {
    /// An age identity file (X25519), readable by its owner alone.
    Identity(PathBuf),
    /// A passphrase (scrypt).
    Passphrase(Zeroizing<String>),
}

impl fmt::Debug for Unlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(path) => f.debug_tuple("Identity").field(path).finish(),
            Self::Passphrase(_) => f.write_str("Passphrase(..)"),
        }
    }
}

/// A holder of secrets.
pub trait KeySource {
    /// The epoch that makes the tokens of new runs.
    ///
    /// # Errors
    /// When the holder has none.
    fn primary_epoch(&self) -> Result<Epoch, Error>;

    /// Recognises the secret of an epoch without revealing it.
    ///
    /// # Errors
    /// When the epoch is unknown or may not be used.
    fn check_value(&self, epoch: Epoch) -> Result<CheckValue, Error>;

    /// The key from which everything of one domain and epoch derives.
    ///
    /// # Errors
    /// When the epoch is unknown or may not be used.
    fn domain_key(&self, domain: &str, epoch: Epoch) -> Result<DomainKey, Error>;
}

impl KeySource for Keyring {
    fn primary_epoch(&self) -> Result<Epoch, Error> {
        self.primary().map(|(epoch, _)| epoch)
    }

    fn check_value(&self, epoch: Epoch) -> Result<CheckValue, Error> {
        Ok(self.secret(epoch)?.check_value(epoch))
    }

    fn domain_key(&self, domain: &str, epoch: Epoch) -> Result<DomainKey, Error> {
        Ok(self.secret(epoch)?.domain_key(domain, epoch))
    }
}
