//! Bodies of the fuzz targets: laws that hold for all bytes whatever.
//!
//! `tests/fuzz` calls them with bytes that a fuzzer makes up, `tests/keyring/smoke.rs` with a few
//! random ones, so that they stay true.

use crate::document::{Content, SECRET_LEN};
use crate::{Access, Keyring, Root, Slot, Status};

/// Reads bytes as an opened document, and as the entries of one: what is read is a legal keyring,
/// and comes back when it is written anew.
pub fn keyring(data: &[u8]) {
    for plaintext in [data, &[HEAD.as_bytes(), data, TAIL.as_bytes()].concat()] {
        if let Ok(content) = Content::parse(plaintext) {
            legal(&content.slots);
            comes_back(&content);
            serves(Keyring {
                content,
                access: Access::none(),
            });
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
            matches!(slot.root, Root::Gone),
            slot.status == Status::Destroyed,
            "only the destroyed have no secret"
        );
        let local = matches!(slot.root, Root::Secret(_));
        assert_eq!(slot.secret().is_ok(), local, "no secret is weak");
    }
}

fn comes_back(content: &Content) {
    let written = content.write().ok();
    let again = written.and_then(|text| Content::parse(&text).ok());
    let same = again.is_some_and(|again| {
        again.recipients == content.recipients
            && again.approvals.is_some() == content.approvals.is_some()
            && again
                .slots
                .iter()
                .map(parts)
                .eq(content.slots.iter().map(parts))
    });
    assert!(same, "what is written is read again");
}

/// A keyring hands out the secrets that may be used, and no others.
fn serves(keyring: Keyring) {
    let primary = keyring.primary_slot().map(|slot| slot.epoch).ok();
    for slot in &keyring.content.slots {
        let usable = matches!(slot.status, Status::Primary | Status::Enabled)
            && matches!(slot.root, Root::Secret(_));
        assert_eq!(keyring.secret(slot.epoch).is_ok(), usable, "status rules");
        let is_primary = slot.status == Status::Primary;
        assert_eq!(primary == Some(slot.epoch), is_primary, "primary is found");
    }
    let slots = keyring.content.slots.len();
    assert_eq!(keyring.entries().count(), slots, "all listed");
}

type Parts<'a> = (u32, Status, &'a str, Option<[u8; SECRET_LEN]>, String);

fn parts(slot: &Slot) -> Parts<'_> {
    let secret = slot.secret().ok();
    let secret = secret.map(|secret| *secret.dangerously_expose());
    let place = match &slot.root {
        Root::Custody(custody, check) => format!("{custody:?} {check}"),
        Root::Secret(_) | Root::Gone => String::new(),
    };
    (slot.epoch.0, slot.status, &slot.created, secret, place)
}

const HEAD: &str = r#"{"format":"pseudo-keyring/1","secrets":["#;
const TAIL: &str = "]}";
