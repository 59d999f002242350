//! Bodies of the fuzz targets: laws that hold for all bytes whatever.
//!
//! `tests/fuzz` calls them with bytes that a fuzzer makes up, `tests/keyring/smoke.rs` with a few
//! random ones, so that they stay true.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pseudo_token::Secret;

use crate::{Keyring, Slot, Status, document};

/// Reads bytes as an opened document, and as the entries of one: what is read is a legal keyring,
/// and comes back when it is written anew.
pub fn keyring(data: &[u8]) {
    for plaintext in [data, &[HEAD.as_bytes(), data, TAIL.as_bytes()].concat()] {
        if let Ok(slots) = document::parse(plaintext) {
            legal(&slots);
            comes_back(&slots);
            serves(Keyring { slots });
        }
    }
}

fn legal(slots: &[Slot]) {
    let primaries = slots.iter().filter(|slot| slot.status == Status::Primary);
    assert_eq!(primaries.count(), 1, "one epoch is primary");
    assert!(
        slots.iter().all(|slot| slot.epoch.0 >= 1),
        "epochs start at 1"
    );
    assert!(
        slots.is_sorted_by(|a, b| a.epoch.0 < b.epoch.0),
        "epochs ascend and are distinct"
    );
    for slot in slots {
        assert_eq!(
            slot.secret.is_none(),
            slot.status == Status::Destroyed,
            "only the destroyed have no secret"
        );
        let strong = |secret: &Secret| Secret::from_slice(secret.dangerously_expose()).is_ok();
        assert!(slot.secret.as_ref().is_none_or(strong), "no secret is weak");
    }
}

fn comes_back(slots: &[Slot]) {
    let items: Vec<String> = slots.iter().map(item).collect();
    let text = [HEAD, &items.join(","), TAIL].concat();
    let again = document::parse(text.as_bytes());
    let same = again.is_ok_and(|again| again.iter().map(parts).eq(slots.iter().map(parts)));
    assert!(same, "what is read is read again");

    // The product itself writes documents with one secret alone.
    for slot in slots {
        let Some(secret) = &slot.secret else { continue };
        let first = document::first(secret.dangerously_expose(), &slot.created);
        let again = first.ok().and_then(|text| document::parse(&text).ok());
        let expected = (1, Status::Primary, slot.created.as_str(), parts(slot).3);
        let same = again.is_some_and(|again| again.iter().map(parts).eq([expected]));
        assert!(same, "what is written is read");
    }
}

/// A keyring hands out the secrets that may be used, and no others.
fn serves(keyring: Keyring) {
    let primary = keyring.primary().map(|(epoch, _)| epoch).ok();
    for slot in &keyring.slots {
        let usable = matches!(slot.status, Status::Primary | Status::Enabled);
        assert_eq!(keyring.secret(slot.epoch).is_ok(), usable, "status rules");
        let is_primary = slot.status == Status::Primary;
        assert_eq!(primary == Some(slot.epoch), is_primary, "primary is found");
    }
    assert_eq!(keyring.entries().count(), keyring.slots.len(), "all listed");
}

/// An entry as text. A creation time has no character that JSON escapes.
fn item(slot: &Slot) -> String {
    let (epoch, status, created, secret) = parts(slot);
    let secret = secret.map(|bytes| format!(r#""secret":"{}","#, STANDARD.encode(bytes)));
    let secret = secret.unwrap_or_default();
    format!(r#"{{"epoch":{epoch},"status":"{status}",{secret}"created":"{created}"}}"#)
}

fn parts(slot: &Slot) -> (u32, Status, &str, Option<&[u8; document::SECRET_LEN]>) {
    let secret = slot.secret.as_ref().map(Secret::dangerously_expose);
    (slot.epoch.0, slot.status, &slot.created, secret)
}

const HEAD: &str = r#"{"format":"pseudo-keyring/1","secrets":["#;
const TAIL: &str = "]}";
