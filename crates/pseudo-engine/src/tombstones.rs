//! The list of forgotten subjects, in the sink's hidden state: of each the HMAC of its canonical
//! text under a key of its own purpose (TOKENS.md 10), with the domain, epoch, identity and kind
//! that the key belongs to, so that it stays valid when the secret rotates. The list as a whole is
//! authenticated, and the manifest of the current run holds its digest: one that is cut, changed,
//! gone or put back from an older copy is refused.

use std::collections::BTreeSet;
use std::path::Path;

use pseudo_keyring::{DomainKeys, KeySource};
use pseudo_token::{CheckValue, Epoch};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::manifest::Manifest;
use crate::source::hex;
use crate::{Error, Result};

/// The name of the file within the sink.
pub(crate) const FILE: &str = ".tombstones";

const FORMAT: &str = "pseudo-tombstones/1";

/// The list: one line of JSON, and one of its HMAC-SHA256 in hex.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tombstones {
    format: String,
    /// Of the key that authenticates the list.
    by: KeyName,
    /// One for each key and scope.
    groups: Vec<Group>,
    /// Of the bytes of the file.
    #[serde(skip)]
    pub(crate) sha256: String,
}

/// Which keys made something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyName {
    domain: String,
    epoch: u32,
    key_check_value: String,
}

impl KeyName {
    pub(crate) fn of(keys: &DomainKeys) -> Self {
        Self {
            domain: keys.domain().to_owned(),
            epoch: keys.epoch().0,
            key_check_value: keys.check_value().to_string(),
        }
    }

    /// The keys of that name.
    pub(crate) fn keys(&self, source: &dyn KeySource) -> Result<DomainKeys> {
        let keys = source.domain_keys(&self.domain, Epoch(self.epoch));
        let keys = keys.map_err(|cause| Error::TombstoneKey {
            epoch: self.epoch,
            cause,
        })?;
        let is_same = self.key_check_value.parse::<CheckValue>() == Ok(keys.check_value());
        is_same.then_some(keys).ok_or_else(|| {
            let (epoch, check) = (self.epoch, &self.key_check_value);
            fault(format!(
                "was made with key {check} of epoch {epoch}, and the keyring has another"
            ))
        })
    }
}

/// Tombstones of one key that hold for the same tables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) by: KeyName,
    pub(crate) identity: String,
    /// The kind of the identity, with its version.
    pub(crate) kind: String,
    /// The tables that were searched for the subjects.
    pub(crate) tables: BTreeSet<String>,
    /// Whether no other table is meant, now or later.
    pub(crate) only: bool,
    /// In hex.
    pub(crate) tombstones: BTreeSet<String>,
}

impl Group {
    /// Whether rows of that table are left out, whose subject has these identities.
    pub(crate) fn holds_for(&self, table: &str, identities: &BTreeSet<&str>) -> Result<bool> {
        let is_told = identities.contains(self.identity.as_str());
        if self.tables.contains(table) && !is_told {
            let (count, identity) = (self.tombstones.len(), &self.identity);
            return Err(fault(format!(
                "names {count} subjects of identity `{identity}` that are forgotten in table \
                 `{table}`, whose subject is of that identity no more"
            )));
        }
        Ok(is_told && (self.tables.contains(table) || !self.only))
    }
}

impl Tombstones {
    /// Reads the list of `sink`, whose current run has the manifest `current`; none where nobody
    /// was forgotten.
    ///
    /// # Errors
    /// [`Error::Tombstones`] for a list that is not the one that was written, and
    /// [`Error::TombstoneKey`] when its key cannot be had.
    pub(crate) fn read(
        sink: &Path,
        current: Option<&Manifest>,
        source: &dyn KeySource,
    ) -> Result<Option<Self>> {
        let path = sink.join(FILE);
        let recorded = current.and_then(|current| current.tombstones.as_ref());
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return match recorded {
                    Some(_) => Err(fault("is gone")),
                    None => Ok(None),
                };
            }
            read => read.map_err(Error::io("read", &path))?,
        };
        let mut list = Self::parse(&bytes, source)?;
        list.sha256 = hex(&Sha256::digest(&bytes));
        if current.is_some() && recorded != Some(&list.sha256) {
            return Err(fault("is not that of the current run"));
        }
        Ok(Some(list))
    }

    fn parse(bytes: &[u8], source: &dyn KeySource) -> Result<Self> {
        let damaged = || fault("was cut or changed");
        let text = bytes.strip_suffix(b"\n").ok_or_else(damaged)?;
        let line = text.iter().rposition(|byte| *byte == b'\n');
        let (body, mac) = line
            .and_then(|line| text.split_at_checked(line + 1))
            .ok_or_else(damaged)?;
        let list: Option<Self> = serde_json::from_slice(body).ok();
        let list = list.filter(|list| list.format == FORMAT);
        let list = list.ok_or_else(damaged)?;
        let keys = list.by.keys(source)?;
        if authenticate(&keys, body)?.as_bytes() != mac {
            return Err(damaged());
        }
        Ok(list)
    }

    /// A list that holds `groups` too, authenticated with `keys`, and its bytes.
    pub(crate) fn with(
        list: Option<&Self>,
        groups: Vec<Group>,
        keys: &DomainKeys,
    ) -> Result<(Vec<u8>, String)> {
        let mut all: Vec<Group> = list.map(|list| list.groups.clone()).unwrap_or_default();
        for new in groups {
            let scope = |group: &Group| Group {
                tombstones: BTreeSet::new(),
                ..group.clone()
            };
            match all.iter_mut().find(|group| scope(group) == scope(&new)) {
                Some(group) => group.tombstones.extend(new.tombstones),
                None => all.push(new),
            }
        }
        all.sort();
        let list = Self {
            format: FORMAT.to_owned(),
            by: KeyName::of(keys),
            groups: all,
            sha256: String::new(),
        };
        let body = serde_json::to_vec(&list);
        let mut bytes = body.map_err(|_| Error::Internal("a list that is not JSON".to_owned()))?;
        bytes.push(b'\n');
        let mac = authenticate(keys, &bytes)?;
        bytes.extend(mac.as_bytes());
        bytes.push(b'\n');
        let sha256 = hex(&Sha256::digest(&bytes));
        Ok((bytes, sha256))
    }

    /// The groups that hold for a table, whose subject has these identities.
    pub(crate) fn of_table(&self, table: &str, identities: &BTreeSet<&str>) -> Result<Vec<&Group>> {
        let mut groups = Vec::new();
        for group in &self.groups {
            if group.holds_for(table, identities)? {
                groups.push(group);
            }
        }
        Ok(groups)
    }

    /// Whether one of these is in the list.
    pub(crate) fn has(&self, tombstone: &str) -> bool {
        let mut groups = self.groups.iter();
        groups.any(|group| group.tombstones.contains(tombstone))
    }

    /// The keys of all epochs that made tombstones.
    pub(crate) fn makers(&self) -> BTreeSet<&KeyName> {
        self.groups.iter().map(|group| &group.by).collect()
    }
}

/// Whether subjects are forgotten in `sink`: then a run needs the keys of other epochs, too.
#[must_use]
pub fn has_tombstones(sink: &Path) -> bool {
    sink.join(FILE).symlink_metadata().is_ok()
}

/// What a run's rows depend on, of the groups that hold for a table.
pub(crate) fn digest(groups: &[&Group]) -> Result<Option<String>> {
    if groups.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_vec(groups);
    let text = text.map_err(|_| Error::Internal("a list that is not JSON".to_owned()))?;
    Ok(Some(hex(&Sha256::digest(text))))
}

fn authenticate(keys: &DomainKeys, body: &[u8]) -> Result<String> {
    let mut mac = [[0; 32]];
    keys.tombstones_key()?.tokens(&[body], &mut mac);
    Ok(hex(mac.as_flattened()))
}

fn fault(fault: impl Into<String>) -> Error {
    Error::Tombstones {
        fault: fault.into(),
    }
}
