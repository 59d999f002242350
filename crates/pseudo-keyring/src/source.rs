//! How keys are unlocked, and what a holder of keys can do. The border is the domain key: deriving
//! it is one HMAC (TOKENS.md 2), so that a holder may be a device that never gives its secret away.

use std::fmt;
use std::path::PathBuf;

use pseudo_token::{CheckValue, DomainKey, Epoch, RootMessage};
use zeroize::Zeroizing;

use crate::{DomainKeys, Error, Keyring};

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

/// A holder of keys: a keyring, whose secrets may be elsewhere, or a bundle.
pub trait KeySource {
    /// The epoch that makes the tokens of new runs.
    ///
    /// # Errors
    /// When the holder has none.
    fn primary_epoch(&self) -> Result<Epoch, Error>;

    /// Recognises the secret of an epoch without revealing it.
    ///
    /// # Errors
    /// When the epoch is unknown or may not be used, or its provider does not answer.
    fn check_value(&self, epoch: Epoch) -> Result<CheckValue, Error>;

    /// The keys of one domain and epoch, as far as the holder has them.
    ///
    /// # Errors
    /// When the epoch is unknown or may not be used, its provider does not answer, or the holder
    /// serves another domain.
    fn domain_keys(&self, domain: &str, epoch: Epoch) -> Result<DomainKeys, Error>;

    /// The key of the audit log's HMAC chain.
    ///
    /// # Errors
    /// When the epoch is unknown or may not be used, its provider does not answer, or the holder
    /// may not write the log.
    fn audit_key(&self, epoch: Epoch) -> Result<Zeroizing<[u8; 32]>, Error>;
}

impl KeySource for Keyring {
    fn primary_epoch(&self) -> Result<Epoch, Error> {
        self.primary_slot().map(|slot| slot.epoch)
    }

    fn check_value(&self, epoch: Epoch) -> Result<CheckValue, Error> {
        let answer = self.answer(epoch, &RootMessage::check_value(epoch))?;
        let found = CheckValue::from_answer(&answer);
        self.recognise(epoch, found)?;
        Ok(found)
    }

    fn domain_keys(&self, domain: &str, epoch: Epoch) -> Result<DomainKeys, Error> {
        let check_value = self.check_value(epoch)?;
        let answer = self.answer(epoch, &RootMessage::domain_key(domain, epoch))?;
        DomainKeys::whole(domain, epoch, check_value, &DomainKey::from_bytes(*answer))
    }

    fn audit_key(&self, epoch: Epoch) -> Result<Zeroizing<[u8; 32]>, Error> {
        self.check_value(epoch)?;
        self.answer(epoch, &RootMessage::audit_key(epoch))
    }
}
