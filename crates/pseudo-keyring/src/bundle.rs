//! What others are given of a keyring: the sub-keys of one domain and epoch that their role needs,
//! sealed to them as an age file. A bundle holds no secret and no domain key, so that nothing can
//! be derived from it: another identity, domain or epoch is out of its reach.
//!
//! The document is JSON, read as strictly as a keyring's; domain, epoch, role and check value stand
//! inside the sealed file, so that a changed byte of any of them is found.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pseudo_token::{CheckValue, Epoch, Purpose, SubKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::document::{legal_time, to_json};
use crate::keys::Granted;
use crate::locked::Locked;
use crate::{DomainKeys, Error, Fault, KeySource, Keyring, Recipient, Unlock, age, file};

/// What a bundle is for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Role {
    /// Runs a pipeline.
    Pseudonymise,
    /// Opens the seals of identities, and writes the audit log.
    Reveal,
}

impl Role {
    /// The word in bundles and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pseudonymise => "pseudonymise",
            Self::Reveal => "reveal",
        }
    }

    const ALL: [Self; 2] = [Self::Pseudonymise, Self::Reveal];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The sub-keys of a role.
pub struct Bundle {
    role: Role,
    domain: String,
    epoch: Epoch,
    check_value: CheckValue,
    created: String,
    granted: Granted,
    /// The key of the audit log, for those who write it.
    audit: Option<Locked>,
}

/// A file of keys: either sort, told apart by what is inside.
pub enum Held {
    /// A keyring.
    Keyring(Keyring),
    /// A bundle.
    Bundle(Bundle),
}

impl Held {
    /// Opens the file of keys at `path`.
    ///
    /// # Errors
    /// Those of [`Keyring::open`].
    pub fn open(path: &Path, unlock: &Unlock) -> Result<Self, Error> {
        let plaintext = age::open(path, &file::read(path)?, unlock)?;
        // Only to tell the two apart; both are read strictly.
        let is_bundle = plaintext.starts_with(BEGINNING.as_bytes());
        if is_bundle {
            Bundle::read(path, &plaintext).map(Self::Bundle)
        } else {
            Keyring::read(path, &plaintext).map(Self::Keyring)
        }
    }

    /// What it can do.
    #[must_use]
    pub fn source(&self) -> &dyn KeySource {
        match self {
            Self::Keyring(keyring) => keyring,
            Self::Bundle(bundle) => bundle,
        }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    format: &'a str,
    role: &'a str,
    domain: String,
    epoch: u32,
    check: &'a str,
    created: &'a str,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    audit: Option<&'a str>,
    #[serde(borrow)]
    keys: Vec<Key<'a>>,
}

// Borrowed, so that an escape in a string is an error and no copy of a key is made.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Key<'a> {
    purpose: &'a str,
    identity: String,
    kind: &'a str,
    key: &'a str,
}

impl Bundle {
    /// Takes the sub-keys of these names out of the keys of a domain and epoch. A role that reveals
    /// gets the key of the audit log, which `source` is asked for. `created` is an RFC 3339 time.
    ///
    /// # Errors
    /// When a sub-key cannot be had, and when the provider of the secret does not answer.
    pub fn take(
        role: Role,
        source: &dyn KeySource,
        keys: &DomainKeys,
        names: impl IntoIterator<Item = SubKey>,
        created: &str,
    ) -> Result<Self, Error> {
        let audit = match role {
            Role::Pseudonymise => None,
            Role::Reveal => Some(Locked::new(source.audit_key(keys.epoch())?.as_slice())?),
        };
        Ok(Self {
            role,
            domain: keys.domain().to_owned(),
            epoch: keys.epoch(),
            check_value: keys.check_value(),
            created: legal_time(created)?.to_owned(),
            granted: keys.grant(names)?,
            audit,
        })
    }

    /// Seals it to its holders, and writes it as a new file of mode 0600.
    ///
    /// # Errors
    /// When `path` exists, and when the disk fails.
    pub fn create(&self, path: &Path, recipients: &[Recipient]) -> Result<(), Error> {
        file::refuse_existing(path)?;
        file::write_new(path, &age::seal_to(recipients, &self.write()?)?)
    }

    /// Opens the bundle at `path`.
    ///
    /// # Errors
    /// Those of [`Keyring::open`]; [`Error::NotABundle`] for a keyring.
    pub fn open(path: &Path, unlock: &Unlock) -> Result<Self, Error> {
        match Held::open(path, unlock)? {
            Held::Bundle(bundle) => Ok(bundle),
            Held::Keyring(_) => Err(Error::NotABundle {
                path: path.to_path_buf(),
            }),
        }
    }

    /// What it is for.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The domain whose keys it has.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The epoch whose keys it has.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// When it was made, RFC 3339.
    #[must_use]
    pub fn created(&self) -> &str {
        &self.created
    }

    /// The sub-keys it has, by name.
    pub fn names(&self) -> impl Iterator<Item = &SubKey> {
        self.granted.names()
    }

    fn write(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let encode = |bytes: &[u8]| {
            // Room for all of it from the start: a buffer that grows leaves copies behind.
            let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
            STANDARD.encode_string(bytes, &mut text);
            text
        };
        let names = self.granted.names();
        let texts = names.map(|name| encode(self.granted.get(name).unwrap_or_default()));
        let texts: Vec<_> = texts.collect();
        let keys = self.granted.names().zip(&texts).map(|(name, text)| Key {
            purpose: name.purpose.name(),
            identity: name.identity.clone(),
            kind: &name.kind,
            key: text,
        });
        let audit = self.audit.as_deref().map(encode);
        to_json(&Document {
            format: FORMAT,
            role: self.role.name(),
            domain: self.domain.clone(),
            epoch: self.epoch.0,
            check: &self.check_value.to_string(),
            created: &self.created,
            audit: audit.as_ref().map(|text| text.as_str()),
            keys: keys.collect(),
        })
    }

    fn read(path: &Path, plaintext: &[u8]) -> Result<Self, Error> {
        let damaged = || Error::Content {
            path: path.to_path_buf(),
            fault: Fault::Bundle,
        };
        let document: Document<'_> = serde_json::from_slice(plaintext).map_err(|_| damaged())?;
        let mut roles = Role::ALL.into_iter();
        let role = roles.find(|role| role.name() == document.role);
        let role = role.ok_or_else(damaged)?;
        let keys = document.keys.iter().map(key);
        let keys = keys.collect::<Option<Vec<_>>>().ok_or_else(damaged)?;
        let granted = Granted::new(&keys)?;
        let twice = granted
            .names()
            .zip(granted.names().skip(1))
            .any(|(a, b)| a == b);
        let audit = document
            .audit
            .map(|text| decode(text, 32).ok_or_else(damaged));
        let audit = audit.transpose()?;
        let legal = document.format == FORMAT
            && document.epoch > 0
            && !twice
            && audit.is_some() == (role == Role::Reveal)
            && legal_time(document.created).is_ok();
        if !legal {
            return Err(damaged());
        }
        Ok(Self {
            role,
            domain: document.domain,
            epoch: Epoch(document.epoch),
            check_value: document.check.parse().map_err(|_| damaged())?,
            created: document.created.to_owned(),
            granted,
            audit: audit.map(|bytes| Locked::new(&bytes)).transpose()?,
        })
    }

    fn has(&self, epoch: Epoch) -> Result<(), Error> {
        if epoch == self.epoch {
            Ok(())
        } else {
            Err(Error::NoEpoch { epoch: epoch.0 })
        }
    }
}

impl KeySource for Bundle {
    fn primary_epoch(&self) -> Result<Epoch, Error> {
        Ok(self.epoch)
    }

    fn check_value(&self, epoch: Epoch) -> Result<CheckValue, Error> {
        self.has(epoch)?;
        Ok(self.check_value)
    }

    fn domain_keys(&self, domain: &str, epoch: Epoch) -> Result<DomainKeys, Error> {
        self.has(epoch)?;
        if domain != self.domain {
            let (held, asked) = (self.domain.clone(), domain.to_owned());
            return Err(Error::OtherDomain { held, asked });
        }
        let granted = self.granted.copy()?;
        Ok(DomainKeys::granted(
            domain,
            epoch,
            self.check_value,
            granted,
        ))
    }

    fn audit_key(&self, epoch: Epoch) -> Result<Zeroizing<[u8; 32]>, Error> {
        self.has(epoch)?;
        let role = self.role;
        let bytes = self.audit.as_deref().ok_or(Error::OtherRole { role })?;
        let bytes = bytes.try_into().map_err(|_| Error::Encode)?;
        Ok(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            role,
            domain,
            epoch,
            ..
        } = self;
        write!(f, "Bundle({role}, {domain}, epoch {epoch})")
    }
}

fn key(key: &Key<'_>) -> Option<(SubKey, Zeroizing<Vec<u8>>)> {
    let purpose = Purpose::from_name(key.purpose)?;
    let is_nameless = key.identity.is_empty();
    let is_legal = match purpose {
        Purpose::Shuffle => is_nameless,
        Purpose::Forget => true,
        _ => !is_nameless,
    };
    if !is_legal || key.kind.is_empty() != is_nameless {
        return None;
    }
    let bytes = decode(key.key, purpose.key_len())?;
    Some((SubKey::new(purpose, &key.identity, key.kind), bytes))
}

/// Bytes of a length from base64.
fn decode(text: &str, len: usize) -> Option<Zeroizing<Vec<u8>>> {
    // The decoder asks for some more than the padded text can hold.
    let mut bytes = Zeroizing::new(vec![0; len + 3]);
    let found = STANDARD.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(found);
    (found == len).then_some(bytes)
}

const FORMAT: &str = "pseudo-bundle/1";
const BEGINNING: &str = "{\"format\":\"pseudo-bundle/";
