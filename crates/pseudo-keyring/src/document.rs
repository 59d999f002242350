//! What a keyring file holds once it is open: the JSON document `pseudo-keyring/1`. Read strictly;
//! the secrets are borrowed from the erased plaintext and copied once, into the key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pseudo_token::{Epoch, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{Error, Fault};
use crate::{Slot, Status};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    #[serde(borrow)]
    format: &'a str,
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
    created: &'a str,
}

/// The document of a keyring with one secret: epoch 1, primary.
pub(crate) fn first(secret: &[u8; SECRET_LEN], created: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    if !is_rfc3339(created) {
        return Err(Error::Created);
    }
    let mut text = Zeroizing::new([0_u8; TEXT_LEN]);
    STANDARD
        .encode_slice(secret, text.as_mut_slice())
        .map_err(|_| Error::Encode)?;
    let text = std::str::from_utf8(text.as_slice()).map_err(|_| Error::Encode)?;
    let status = Status::Primary.name();
    let item = Item {
        epoch: 1,
        status,
        secret: Some(text),
        created,
    };
    let document = Document {
        format: FORMAT,
        secrets: vec![item],
    };
    // Room for all of it from the start: a buffer that grows leaves copies behind.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(1024));
    serde_json::to_writer(&mut *plaintext, &document).map_err(|_| Error::Encode)?;
    Ok(plaintext)
}

/// Reads a document. The reasons it answers hold epochs and field names, never content.
pub(crate) fn parse(plaintext: &[u8]) -> Result<Vec<Slot>, Fault> {
    let document: Document<'_> = serde_json::from_slice(plaintext).map_err(|_| Fault::Document)?;
    if document.format != FORMAT {
        return Err(Fault::Format);
    }
    let mut slots = document
        .secrets
        .iter()
        .map(slot)
        .collect::<Result<Vec<_>, _>>()?;
    slots.sort_unstable_by_key(|slot| slot.epoch.0);
    for pair in slots.windows(2) {
        if let [a, b] = pair
            && a.epoch == b.epoch
        {
            return Err(Fault::SameEpoch(a.epoch.0));
        }
    }
    match slots
        .iter()
        .filter(|slot| slot.status == Status::Primary)
        .count()
    {
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
    let secret = match (status, item.secret) {
        (Status::Destroyed, None) => None,
        (Status::Destroyed, Some(_)) => return Err(Fault::NotDestroyed(epoch)),
        (_, Some(text)) => Some(decode(text).ok_or(Fault::Secret(epoch))?),
        (_, None) => return Err(Fault::NoSecret(epoch)),
    };
    Ok(Slot {
        epoch: Epoch(epoch),
        status,
        created: item.created.to_owned(),
        secret,
    })
}

fn decode(text: &str) -> Option<Secret> {
    if text.len() != TEXT_LEN {
        return None;
    }
    // The decoder asks for one byte more than the padded text can hold.
    let mut bytes = Zeroizing::new([0_u8; SECRET_LEN + 1]);
    let len = STANDARD.decode_slice(text, bytes.as_mut_slice()).ok()?;
    Secret::from_slice(bytes.get(..len)?).ok()
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
const FORMAT: &str = "pseudo-keyring/1";
