//! What a keyring file holds once it is open: a JSON document. Read strictly; the secrets are
//! borrowed from the erased plaintext and copied once, to locked pages.
//!
//! `pseudo-keyring/1` holds secrets alone. `pseudo-keyring/2` may also say, each where it is used:
//! of an epoch, `custody` (where its secret is instead) and `check` (the check value that the
//! provider answered when the epoch was made); of the keyring, `recipients` (whom it is sealed to,
//! so that a change can seal it to them again) and `approvals` (whose consent reveal needs). What
//! fits into version 1 is written as version 1.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pseudo_token::{CheckValue, Epoch, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::approvals::Approvals;
use crate::custody::Custody;
use crate::error::{Error, Fault};
use crate::locked::Locked;
use crate::{Root, Slot, Status};

/// The content of a keyring.
pub(crate) struct Content {
    /// Ascending by epoch, exactly one of them primary.
    pub(crate) slots: Vec<Slot>,
    /// Whom the file is sealed to, where that was said; empty where it was not.
    pub(crate) recipients: Vec<String>,
    /// Whose consent reveal needs.
    pub(crate) approvals: Option<Approvals>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    #[serde(borrow)]
    format: &'a str,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipients: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approvals: Option<Approvals>,
    #[serde(borrow)]
    secrets: Vec<Item<'a>>,
}

// The fields are borrowed, so that an escape in a string is an error and no copy of a secret is
// made.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Item<'a> {
    epoch: u32,
    status: &'a str,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    custody: Option<Custody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check: Option<String>,
    created: &'a str,
}

impl Content {
    /// One epoch, primary, and nothing else said.
    pub(crate) fn first(root: Root, created: &str) -> Result<Self, Error> {
        let slot = Slot {
            epoch: Epoch(1),
            status: Status::Primary,
            created: legal_time(created)?.to_owned(),
            root,
        };
        Ok(Self {
            slots: vec![slot],
            recipients: Vec::new(),
            approvals: None,
        })
    }

    /// The document.
    pub(crate) fn write(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let texts = self.slots.iter().map(|slot| slot.root.text());
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        let items = self.slots.iter().zip(&texts).map(|(slot, text)| {
            let (custody, check) = match &slot.root {
                Root::Custody(custody, check) => (Some(custody.clone()), Some(check.to_string())),
                Root::Secret(_) | Root::Gone => (None, None),
            };
            Ok(Item {
                epoch: slot.epoch.0,
                status: slot.status.name(),
                secret: text.as_ref().map(|text| as_text(text)).transpose()?,
                custody,
                check,
                created: &slot.created,
            })
        });
        let secrets = items.collect::<Result<Vec<_>, Error>>()?;
        let plain = self.recipients.is_empty()
            && self.approvals.is_none()
            && secrets.iter().all(|item| item.custody.is_none());
        let document = Document {
            format: if plain { FIRST } else { SECOND },
            recipients: self.recipients.clone(),
            approvals: self.approvals.clone(),
            secrets,
        };
        to_json(&document)
    }

    /// Reads a document. The reasons it answers hold epochs and field names, never content.
    pub(crate) fn parse(plaintext: &[u8]) -> Result<Self, Fault> {
        let document: Document<'_> =
            serde_json::from_slice(plaintext).map_err(|_| Fault::Document)?;
        let more = !document.recipients.is_empty()
            || document.approvals.is_some()
            || document.secrets.iter().any(Item::is_of_second);
        if document.format != SECOND && (document.format != FIRST || more) {
            return Err(Fault::Format);
        }
        let slots = document.secrets.iter().map(slot);
        let slots = in_order(slots.collect::<Result<_, _>>()?)?;
        if document.approvals.as_ref().is_some_and(|a| !a.is_legal()) {
            return Err(Fault::Approvals);
        }
        Ok(Self {
            slots,
            recipients: document.recipients,
            approvals: document.approvals,
        })
    }
}

impl Item<'_> {
    const fn is_of_second(&self) -> bool {
        self.custody.is_some() || self.check.is_some()
    }
}

impl Root {
    /// The secret in base64.
    fn text(&self) -> Result<Option<Zeroizing<[u8; TEXT_LEN]>>, Error> {
        let Self::Secret(secret) = self else {
            return Ok(None);
        };
        let mut text = Zeroizing::new([0_u8; TEXT_LEN]);
        STANDARD
            .encode_slice(&**secret, text.as_mut_slice())
            .map_err(|_| Error::Encode)?;
        Ok(Some(text))
    }
}

/// JSON, written to a buffer that has room for all of it from the start: one that grows leaves
/// copies behind.
pub(crate) fn to_json(document: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, document).map_err(|_| Error::Encode)?;
    let mut plaintext = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *plaintext, document).map_err(|_| Error::Encode)?;
    Ok(plaintext)
}

/// Refuses what is not an RFC 3339 time.
pub(crate) fn legal_time(text: &str) -> Result<&str, Error> {
    is_rfc3339(text).then_some(text).ok_or(Error::Created)
}

/// Counts what is written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn as_text(text: &Zeroizing<[u8; TEXT_LEN]>) -> Result<&str, Error> {
    std::str::from_utf8(text.as_slice()).map_err(|_| Error::Encode)
}

/// The epochs ascending; refused unless each comes once and exactly one is primary.
fn in_order(mut slots: Vec<Slot>) -> Result<Vec<Slot>, Fault> {
    slots.sort_unstable_by_key(|slot| slot.epoch.0);
    for pair in slots.windows(2) {
        if let [a, b] = pair
            && a.epoch == b.epoch
        {
            return Err(Fault::SameEpoch(a.epoch.0));
        }
    }
    let primaries = slots.iter().filter(|slot| slot.status == Status::Primary);
    match primaries.count() {
        1 => Ok(slots),
        count => Err(Fault::Primaries(count)),
    }
}

fn slot(item: &Item<'_>) -> Result<Slot, Fault> {
    let epoch = item.epoch;
    if epoch == 0 {
        return Err(Fault::EpochZero);
    }
    let status = Status::ALL
        .into_iter()
        .find(|status| status.name() == item.status);
    let status = status.ok_or(Fault::Status(epoch))?;
    if !is_rfc3339(item.created) {
        return Err(Fault::Created(epoch));
    }
    Ok(Slot {
        epoch: Epoch(epoch),
        status,
        created: item.created.to_owned(),
        root: root(item, status)?,
    })
}

fn root(item: &Item<'_>, status: Status) -> Result<Root, Fault> {
    let epoch = item.epoch;
    let check = item.check.as_deref();
    match (status, item.secret, &item.custody) {
        (Status::Destroyed, None, None) if check.is_none() => Ok(Root::Gone),
        (Status::Destroyed, ..) => Err(Fault::NotDestroyed(epoch)),
        (_, Some(_), Some(_)) => Err(Fault::TwoRoots(epoch)),
        (_, Some(text), None) if check.is_none() => decode(text).ok_or(Fault::Secret(epoch))?,
        (_, Some(_), None) => Err(Fault::Custody(epoch)),
        (_, None, Some(custody)) => {
            let check = check.and_then(|check| check.parse::<CheckValue>().ok());
            let check = check.filter(|_| custody.is_legal());
            let check = check.ok_or(Fault::Custody(epoch))?;
            Ok(Root::Custody(custody.clone(), check))
        }
        (_, None, None) => Err(Fault::NoSecret(epoch)),
    }
}

/// None for a text that is no secret.
fn decode(text: &str) -> Option<Result<Root, Fault>> {
    if text.len() != TEXT_LEN {
        return None;
    }
    // The decoder asks for one byte more than the padded text can hold.
    let mut bytes = Zeroizing::new([0_u8; SECRET_LEN + 1]);
    let len = STANDARD.decode_slice(text, bytes.as_mut_slice()).ok()?;
    let secret = Secret::from_slice(bytes.get(..len)?).ok()?;
    let locked = Locked::new(secret.dangerously_expose());
    Some(locked.map(Root::Secret).map_err(|_| Fault::Memory))
}

/// `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`, RFC 3339 section 5.6, days not checked against
/// months.
fn is_rfc3339(text: &str) -> bool {
    let Some((head, tail)) = text.as_bytes().split_at_checked(19) else {
        return false;
    };
    let shape = head
        .iter()
        .zip(b"0000-00-00T00:00:00")
        .all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        });
    let within = |at: usize, low: u8, high: u8| {
        let digits = head
            .get(at..at + 2)
            .and_then(|two| std::str::from_utf8(two).ok());
        digits
            .and_then(|two| two.parse().ok())
            .is_some_and(|n: u8| (low..=high).contains(&n))
    };
    let zone = match tail.split_first() {
        Some((b'.', rest)) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 || digits > 9 {
                return false;
            }
            rest.get(digits..).unwrap_or_default()
        }
        _ => tail,
    };
    let zone = match zone {
        [b'Z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit()),
        _ => false,
    };
    let date = within(5, 1, 12) && within(8, 1, 31);
    shape && zone && date && within(11, 0, 23) && within(14, 0, 59) && within(17, 0, 60)
}

pub(crate) const SECRET_LEN: usize = 32;
const TEXT_LEN: usize = 44;
const FIRST: &str = "pseudo-keyring/1";
const SECOND: &str = "pseudo-keyring/2";
