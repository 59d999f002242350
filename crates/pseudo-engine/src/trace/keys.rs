//! Every key that may have made a pseudonym of the leak: of each holder of keys, each domain,
//! identity and kind that is known, in each usable epoch.

use std::collections::BTreeSet;

use pseudo_keyring::{DomainKeys, Error as KeyError, Held};
use pseudo_token::{CheckValue, Epoch, SealKey, TokenKey};

use super::names::{Names, Space};
use super::report::Maker;
use crate::ask::{self, Denial, Stop};
use crate::audit::{Audit, is_ungranted};

/// A holder of keys, and its audit log.
pub struct Ring<'a> {
    /// Its keys.
    pub held: &'a Held,
    /// Its log.
    pub audit: &'a Audit,
    /// The domains that it is asked for; all when absent.
    pub domains: Option<BTreeSet<String>>,
}

/// A key, and what it makes.
pub(super) struct Candidate<K> {
    pub(super) maker: Maker,
    pub(super) key: K,
}

/// All of them.
#[derive(Default)]
pub(super) struct Candidates {
    pub(super) tokens: Vec<Candidate<TokenKey>>,
    pub(super) seals: Vec<Candidate<SealKey>>,
    /// By ring, the secrets that keys were derived from.
    pub(super) used: Vec<Vec<(Epoch, CheckValue)>>,
}

impl Candidates {
    /// Derives the keys for pseudonyms of these schemes.
    ///
    /// # Errors
    /// [`Denial::NotGranted`] when none of a scheme can be had, since none was granted.
    pub(super) fn derive(
        rings: &[Ring<'_>],
        names: &Names,
        (tokens, seals): (bool, bool),
    ) -> Result<Self, Stop> {
        let mut candidates = Self::default();
        let mut refused = None;
        let domains: BTreeSet<&str> = names.spaces.keys().map(|s| s.domain.as_str()).collect();
        for ring in rings {
            let mut used = Vec::new();
            let own = ring.domains.as_ref();
            let domains = domains
                .iter()
                .filter(|d| own.is_none_or(|own| own.contains(**d)));
            for domain in domains {
                for epoch in ask::epochs(ring.held) {
                    let keys = ring.held.source().domain_keys(domain, epoch);
                    let Some(keys) = granted(keys, &mut refused)? else {
                        continue;
                    };
                    let spaces = names.spaces.iter().filter(|(s, _)| s.domain == **domain);
                    for (space, (is_token, is_seal)) in spaces {
                        if tokens && *is_token {
                            candidates.token(&keys, space, &mut refused)?;
                        }
                        if seals && *is_seal {
                            candidates.seal(&keys, space, &mut refused)?;
                        }
                    }
                    if !used.contains(&(epoch, keys.check_value())) {
                        used.push((epoch, keys.check_value()));
                    }
                }
            }
            candidates.used.push(used);
        }
        let none = (tokens && candidates.tokens.is_empty())
            || (seals && candidates.seals.is_empty() && candidates.tokens.is_empty());
        match refused {
            Some(why) if none => Err(Denial::NotGranted(why.to_string()).into()),
            _ => Ok(candidates),
        }
    }

    fn token(
        &mut self,
        keys: &DomainKeys,
        space: &Space,
        refused: &mut Option<KeyError>,
    ) -> Result<(), Stop> {
        let key = keys.token_key(&space.identity, space.kind.id());
        let maker = maker(keys, space);
        if let Some(key) = granted(key, refused)?
            && self.tokens.iter().all(|known| known.maker != maker)
        {
            self.tokens.push(Candidate { maker, key });
        }
        Ok(())
    }

    fn seal(
        &mut self,
        keys: &DomainKeys,
        space: &Space,
        refused: &mut Option<KeyError>,
    ) -> Result<(), Stop> {
        let key = keys.seal_key(&space.identity, space.kind.id());
        let maker = maker(keys, space);
        if let Some(key) = granted(key, refused)?
            && self.seals.iter().all(|known| known.maker != maker)
        {
            self.seals.push(Candidate { maker, key });
        }
        Ok(())
    }

    /// Opens a seal with the keys whose id it names.
    pub(super) fn open(&self, seal: &[u8], key_id: u32) -> Opened {
        let mut keys = self
            .seals
            .iter()
            .filter(|one| one.key.key_id() == key_id)
            .peekable();
        if keys.peek().is_none() {
            return Opened::OtherKey;
        }
        let opened = keys.find_map(|one| Some((one.maker.clone(), one.key.open(seal).ok()?)));
        opened.map_or(Opened::Damaged, |(maker, value)| {
            Opened::Value(maker, value)
        })
    }
}

/// What became of a seal. It has no `Debug`, for it holds a value.
pub(super) enum Opened {
    /// Its maker, and the canonical bytes.
    Value(Maker, Vec<u8>),
    /// It names no key at hand.
    OtherKey,
    /// It names one, which has not made it as it stands.
    Damaged,
}

/// What can be had; what was not granted is none, and remembered.
fn granted<T>(
    asked: Result<T, KeyError>,
    refused: &mut Option<KeyError>,
) -> Result<Option<T>, Stop> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_ungranted(&error) => {
            refused.get_or_insert(error);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn maker(keys: &DomainKeys, space: &Space) -> Maker {
    Maker {
        domain: space.domain.clone(),
        identity: space.identity.clone(),
        kind: space.kind.id().to_owned(),
        epoch: keys.epoch().0,
        check: keys.check_value().to_string(),
    }
}
