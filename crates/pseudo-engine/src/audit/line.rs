//! The lines of a log: JSON whose last member is a MAC over all before it.

use pseudo_token::{AuditKey, Encoding, Epoch};
use serde::{Deserialize, Serialize};

use crate::source::hex;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, RFC 3339.
    pub time: String,
    /// Who.
    pub who: Who,
    /// `reveal`, `lookup` or `trace`.
    pub verb: String,
    /// Why, in the words of who asked.
    pub reason: String,
    /// The domain; of a trace all that it asked about, behind each other with commas.
    pub domain: String,
    /// The identity, or identities.
    pub identity: String,
    /// Its kind, with its version, or their kinds.
    pub kind: String,
    /// The secrets whose keys were used.
    pub keys: Vec<UsedKey>,
    /// How many values were asked for.
    pub asked: u64,
    /// How many were answered.
    pub answered: u64,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Who consented, by their age recipients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// Who was given the people that a trace found, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<ListedPeople>,
    /// Keyed digest of what was asked for.
    pub inputs: String,
}

/// A sealed list of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPeople {
    /// Whom it is sealed to, `age1…`.
    pub recipient: String,
    /// How many people are in it.
    pub people: u64,
}

/// Who asked, as far as the operating system tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Name of the user; empty where it has none.
    pub user: String,
    /// Number of the user.
    pub uid: Option<u32>,
    /// Number of the user who logged in, where that was another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_uid: Option<u32>,
    /// Name of the host.
    pub host: String,
}

/// A secret whose key was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedKey {
    /// Its epoch.
    pub epoch: u32,
    /// Its check value.
    pub check: String,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Values were shown.
    Allowed,
    /// None was.
    Refused,
}

/// The key of one log.
pub(super) struct Seal<'a> {
    pub(super) key: &'a AuditKey,
    pub(super) epoch: Epoch,
    /// The name of the log.
    pub(super) log: &'a str,
}

/// The members of a line but its MAC.
#[derive(Serialize, Deserialize)]
pub(super) struct Body<E> {
    pub(super) n: u64,
    /// The epoch whose key the log is kept with.
    pub(super) key: u32,
    #[serde(flatten)]
    pub(super) entry: E,
    pub(super) previous: String,
}

impl Seal<'_> {
    /// Puts the MAC at the end of a JSON object.
    pub(super) fn close(&self, label: &[u8], body: &str) -> (String, [u8; 32]) {
        let mac = self.mac(label, body);
        let open = body.strip_suffix('}').unwrap_or(body);
        (format!("{open}{MEMBER}{}{END}", hex(&mac)), mac)
    }

    /// The JSON object that [`Seal::close`] closed, or nothing of it.
    pub(super) fn open(&self, label: &[u8], text: &[u8]) -> Option<(String, [u8; 32])> {
        let text = std::str::from_utf8(text).ok()?.strip_suffix(END)?;
        let (open, mac) = text.split_at_checked(text.len().checked_sub(MAC_LEN)?)?;
        let mac = Encoding::Hex.decode(mac).ok()?.try_into().ok()?;
        let body = format!("{}}}", open.strip_suffix(MEMBER)?);
        self.key
            .is_mac(&[label, self.log.as_bytes(), body.as_bytes()], &mac)
            .then_some((body, mac))
    }

    fn mac(&self, label: &[u8], body: &str) -> [u8; 32] {
        self.key.mac(&[label, self.log.as_bytes(), body.as_bytes()])
    }
}

/// What the MAC of a line is of.
pub(super) const LINE: &[u8] = b"pseudo/v1/audit/line";
/// What the MAC of an anchor is of.
pub(super) const ANCHOR: &[u8] = b"pseudo/v1/audit/anchor";

const MEMBER: &str = ",\"mac\":\"";
const END: &str = "\"}";
const MAC_LEN: usize = 64;
