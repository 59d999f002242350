//! What a holder of keys hands to a run: the keys of one domain and epoch, all of them or the
//! sub-keys that were granted.

use std::fmt;
use std::ops::Range;

use pseudo_token::{
    CheckValue, DomainKey, Epoch, FpeKey, Purpose, SealKey, ShiftKey, ShuffleKey, SubKey, TokenKey,
};
use zeroize::Zeroizing;

use crate::Error;
use crate::locked::Locked;

/// The keys of one domain and epoch. A sub-key that is not among them is refused by name.
pub struct DomainKeys {
    domain: String,
    epoch: Epoch,
    check_value: CheckValue,
    held: Held,
}

/// Whole: every sub-key can be derived.
enum Held {
    Whole(Locked),
    Granted(Granted),
}

impl DomainKeys {
    /// All keys of a domain and epoch; `check_value` is that of the epoch's secret.
    ///
    /// # Errors
    /// When the system has no memory for them.
    pub fn whole(
        domain: &str,
        epoch: Epoch,
        check_value: CheckValue,
        key: &DomainKey,
    ) -> Result<Self, Error> {
        let held = Held::Whole(Locked::new(key.dangerously_expose())?);
        Ok(Self::new(domain, epoch, check_value, held))
    }

    /// The keys that were granted, and no others.
    pub(crate) fn granted(
        domain: &str,
        epoch: Epoch,
        check_value: CheckValue,
        granted: Granted,
    ) -> Self {
        Self::new(domain, epoch, check_value, Held::Granted(granted))
    }

    fn new(domain: &str, epoch: Epoch, check_value: CheckValue, held: Held) -> Self {
        Self {
            domain: domain.to_owned(),
            epoch,
            check_value,
            held,
        }
    }

    /// The domain whose tokens they make.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The epoch whose tokens they make.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Recognises the secret that they derive from.
    #[must_use]
    pub const fn check_value(&self) -> CheckValue {
        self.check_value
    }

    /// Refuses unless all of these sub-keys can be had, and names all that cannot.
    ///
    /// # Errors
    /// [`Error::NotGranted`].
    pub fn require<'a>(&self, needs: impl IntoIterator<Item = &'a SubKey>) -> Result<(), Error> {
        let missing: Vec<_> = needs.into_iter().filter(|name| !self.has(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let names = missing.into_iter().cloned().collect();
        Err(Error::NotGranted { names })
    }

    /// The key of irreversible tokens; `kind` is written with its version, as `cn-phone/1`.
    ///
    /// # Errors
    /// [`Error::NotGranted`] when it is not among these keys.
    pub fn token_key(&self, identity: &str, kind: &str) -> Result<TokenKey, Error> {
        let bytes = self.bytes(SubKey::new(Purpose::Token, identity, kind))?;
        Ok(TokenKey::from_bytes(sized(&bytes)?))
    }

    /// The key of reversible seals; `kind` is written with its version, as `cn-phone/1`.
    ///
    /// # Errors
    /// [`Error::NotGranted`] when it is not among these keys.
    pub fn seal_key(&self, identity: &str, kind: &str) -> Result<SealKey, Error> {
        let bytes = self.bytes(SubKey::new(Purpose::Seal, identity, kind))?;
        Ok(SealKey::from_subkey(sized(&bytes)?))
    }

    /// The key of tokens that keep their format; `kind` is written with its version.
    ///
    /// # Errors
    /// [`Error::NotGranted`] when it is not among these keys.
    pub fn fpe_key(&self, identity: &str, kind: &str) -> Result<FpeKey, Error> {
        let bytes = self.bytes(SubKey::new(Purpose::Fpe, identity, kind))?;
        Ok(FpeKey::from_bytes(sized(&bytes)?))
    }

    /// The key of the days by which a subject's dates move; identity and kind are the subject's.
    ///
    /// # Errors
    /// [`Error::NotGranted`] when it is not among these keys.
    pub fn shift_key(&self, identity: &str, kind: &str) -> Result<ShiftKey, Error> {
        let bytes = self.bytes(SubKey::new(Purpose::Shift, identity, kind))?;
        Ok(ShiftKey::from_bytes(sized(&bytes)?))
    }

    /// The key of the row order of the domain's tables.
    ///
    /// # Errors
    /// [`Error::NotGranted`] when it is not among these keys.
    pub fn shuffle_key(&self) -> Result<ShuffleKey, Error> {
        let bytes = self.bytes(SubKey::shuffle())?;
        Ok(ShuffleKey::from_bytes(sized(&bytes)?))
    }

    /// The key of the tombstones of forgotten subjects: a tombstone is a token of 256 bits. `kind`
    /// is written with its version.
    ///
    /// # Errors
    /// [`Error::NotGranted`] when it is not among these keys.
    pub fn forget_key(&self, identity: &str, kind: &str) -> Result<TokenKey, Error> {
        let bytes = self.bytes(SubKey::new(Purpose::Forget, identity, kind))?;
        Ok(TokenKey::from_bytes(sized(&bytes)?))
    }

    /// The key that authenticates a list of tombstones.
    ///
    /// # Errors
    /// [`Error::NotGranted`] when it is not among these keys.
    pub fn tombstones_key(&self) -> Result<TokenKey, Error> {
        let bytes = self.bytes(SubKey::tombstones())?;
        Ok(TokenKey::from_bytes(sized(&bytes)?))
    }

    /// The sub-keys of these names, for a bundle.
    pub(crate) fn grant(&self, names: impl IntoIterator<Item = SubKey>) -> Result<Granted, Error> {
        let keys = names.into_iter().map(|name| {
            let bytes = self.bytes(name.clone())?;
            Ok((name, bytes))
        });
        Granted::new(&keys.collect::<Result<Vec<_>, Error>>()?)
    }

    fn has(&self, name: &SubKey) -> bool {
        match &self.held {
            Held::Whole(_) => true,
            Held::Granted(granted) => granted.get(name).is_some(),
        }
    }

    pub(crate) fn bytes(&self, name: SubKey) -> Result<Zeroizing<Vec<u8>>, Error> {
        match &self.held {
            Held::Whole(key) => {
                let key = DomainKey::from_bytes(*sized(key)?);
                let SubKey {
                    purpose,
                    identity,
                    kind,
                } = &name;
                Ok(key.dangerously_export_subkey(*purpose, identity, kind))
            }
            Held::Granted(granted) => match granted.get(&name) {
                Some(bytes) => Ok(Zeroizing::new(bytes.to_vec())),
                None => Err(Error::NotGranted { names: vec![name] }),
            },
        }
    }
}

impl fmt::Debug for DomainKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = match &self.held {
            Held::Whole(_) => "whole".to_owned(),
            Held::Granted(granted) => format!("{} sub-keys", granted.names().count()),
        };
        write!(
            f,
            "DomainKeys({}, epoch {}, {held})",
            self.domain, self.epoch
        )
    }
}

/// Sub-keys by name.
pub(crate) struct Granted {
    /// Ascending by name, each with its place.
    places: Vec<(SubKey, Range<usize>)>,
    bytes: Locked,
}

impl Granted {
    /// Copies the sub-keys, in ascending order of their names and each as long as its purpose says.
    pub(crate) fn new(keys: &[(SubKey, Zeroizing<Vec<u8>>)]) -> Result<Self, Error> {
        let len = keys.iter().map(|(_, bytes)| bytes.len()).sum();
        let mut all = Zeroizing::new(Vec::with_capacity(len));
        let mut places = Vec::with_capacity(keys.len());
        for (name, bytes) in keys {
            let start = all.len();
            all.extend_from_slice(bytes);
            places.push((name.clone(), start..all.len()));
        }
        places.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let bytes = Locked::new(&all)?;
        Ok(Self { places, bytes })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &SubKey> {
        self.places.iter().map(|(name, _)| name)
    }

    pub(crate) fn get(&self, name: &SubKey) -> Option<&[u8]> {
        let found = self
            .places
            .binary_search_by(|(held, _)| held.cmp(name))
            .ok()?;
        let (_, place) = self.places.get(found)?;
        self.bytes.get(place.clone())
    }

    /// The same once more.
    pub(crate) fn copy(&self) -> Result<Self, Error> {
        Ok(Self {
            places: self.places.clone(),
            bytes: Locked::new(&self.bytes)?,
        })
    }
}

/// The bytes of a key as an array; a length that is not that of its purpose was refused before.
fn sized<const N: usize>(bytes: &[u8]) -> Result<&[u8; N], Error> {
    bytes.try_into().map_err(|_| Error::Encode)
}
