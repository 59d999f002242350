//! A custodian's desk: a keyring in a directory of its own, its audit log, and questions.

use std::fs;
use std::path::{Path, PathBuf};

use pseudo_engine::ask::{Answer, Names, Question};
use pseudo_engine::audit::{Audit, Entry, Outcome, UsedKey, Who};
use pseudo_engine::reveal::Revealed;
use pseudo_engine::{Disk, Error};
use pseudo_keyring::{Access, Bundle, Change, Fresh, Held, Keyring, Recipient, Role, Unlock};
use pseudo_pii::Kind;
use pseudo_token::{Encoding, Epoch, SubKey};
use tempfile::TempDir;

use crate::harness::at;

pub(crate) struct Desk {
    pub(crate) dir: TempDir,
    identity: PathBuf,
    recipient: Recipient,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let identity = dir.path().join("owner.key");
        let public = pseudo_keyring::create_identity(&identity, TIME).unwrap();
        let recipient = Recipient::parse(&public).unwrap();
        let desk = Self {
            dir,
            identity,
            recipient,
        };
        Keyring::create(&desk.keyring(), &desk.unlock(), TIME).unwrap();
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn keyring(&self) -> PathBuf {
        self.path("a.keyring")
    }

    pub(crate) fn unlock(&self) -> Unlock {
        Unlock::Identity(self.identity.clone())
    }

    pub(crate) fn held(&self) -> Held {
        Held::open(&self.keyring(), &self.unlock()).unwrap()
    }

    /// Changes the keyring.
    pub(crate) fn change(&self, how: impl FnOnce(&mut Change<'_>)) {
        let unlock = self.unlock();
        let mut change = Change::begin(&self.keyring(), &unlock, Access::none()).unwrap();
        how(&mut change);
        change.commit().unwrap();
    }

    pub(crate) fn rotate(&self) {
        self.change(|change| {
            change.rotate(Fresh::Secret, TIME).unwrap();
        });
    }

    /// A bundle file of these sub-keys of the domain, opened.
    pub(crate) fn bundle(&self, role: Role, names: &[SubKey]) -> (PathBuf, Held) {
        let path = self.path("a.bundle");
        drop(fs::remove_file(&path));
        let held = self.held();
        let keys = held.source().domain_keys(DOMAIN, Epoch(1)).unwrap();
        let names = names.iter().cloned();
        let bundle = Bundle::take(role, held.source(), &keys, names, TIME).unwrap();
        let recipients = std::slice::from_ref(&self.recipient);
        bundle.create(&path, recipients).unwrap();
        let held = Held::open(&path, &self.unlock()).unwrap();
        (path, held)
    }

    /// The log beside the keyring.
    pub(crate) fn audit(&self) -> Audit {
        self.audit_on(Disk::default())
    }

    pub(crate) fn audit_on(&self, disk: Disk) -> Audit {
        Audit::open(&self.keyring(), None, self.held().source(), None, disk).unwrap()
    }

    /// What is appended to `a.keyring` in the names of the files of the log.
    pub(crate) fn beside(&self, end: &str) -> PathBuf {
        self.path(&format!("a.keyring.audit-1{end}"))
    }

    /// The lines of the log.
    pub(crate) fn lines(&self) -> Vec<Entry> {
        entries(&self.beside(".ndjson"))
    }

    /// The seals of values in an epoch.
    pub(crate) fn seals(&self, epoch: u32, values: &[&str]) -> Vec<String> {
        let held = self.held();
        let keys = held.source().domain_keys(DOMAIN, Epoch(epoch)).unwrap();
        let key = keys.seal_key("vehicle", "vin/1").unwrap();
        let text = |value: &&str| {
            let (mut seal, mut text) = (Vec::new(), Vec::new());
            key.seal(&[value.as_bytes()], &mut seal);
            Encoding::Base64Url.encode(&seal, &mut text);
            String::from_utf8(text).unwrap()
        };
        values.iter().map(text).collect()
    }

    /// Reveals a list.
    pub(crate) fn reveal(&self, list: &str) -> Result<Answer<Revealed>, Error> {
        self.reveal_as(list, |_| {})
    }

    /// Reveals it with another question.
    pub(crate) fn reveal_as<'q>(
        &self,
        list: &str,
        change: impl FnOnce(&mut Question<'q>),
    ) -> Result<Answer<Revealed>, Error> {
        let mut question = question();
        change(&mut question);
        let mut list = list.as_bytes();
        pseudo_engine::reveal(&question, &mut list, &self.held(), &[], &self.audit())
    }
}

/// The entries of a log, whatever their MACs.
pub(crate) fn entries(log: &Path) -> Vec<Entry> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines = text.lines().map(serde_json::from_str);
    lines.map(Result::unwrap).collect()
}

pub(crate) fn question<'a>() -> Question<'a> {
    Question {
        names: Names {
            domain: DOMAIN.to_owned(),
            identity: "vehicle".to_owned(),
            kind: Kind::Vin,
        },
        reason: Some("recall 2026-17"),
        limit: 5,
        column: None,
        who: who(),
        time: at(0),
    }
}

pub(crate) fn who() -> Who {
    Who {
        user: "mei".to_owned(),
        uid: Some(1001),
        login_uid: None,
        host: "desk".to_owned(),
    }
}

pub(crate) fn entry(reason: &str) -> Entry {
    Entry {
        time: "2026-11-22T10:00:00Z".to_owned(),
        who: who(),
        verb: "reveal".to_owned(),
        reason: reason.to_owned(),
        domain: DOMAIN.to_owned(),
        identity: "vehicle".to_owned(),
        kind: "vin/1".to_owned(),
        keys: vec![UsedKey {
            epoch: 1,
            check: "0011223344556677".to_owned(),
        }],
        asked: 3,
        answered: 2,
        outcome: Outcome::Allowed,
        why: None,
        approvers: Vec::new(),
        list: None,
        inputs: "00".repeat(32),
    }
}

/// The reason why a question was denied.
pub(crate) fn denied<T>(answer: Result<T, Error>) -> String {
    match answer.err() {
        Some(Error::Denied { denial, .. }) => denial.to_string(),
        Some(error) => format!("another error: {error}"),
        None => "an answer".to_owned(),
    }
}

pub(crate) const DOMAIN: &str = "analytics";
pub(crate) const TIME: &str = "2026-01-01T00:00:00Z";
