//! The body of the fuzz target with random bytes, and with documents that are a little wrong.

use pseudo_keyring::fuzz;

use crate::harness::{OTHER_SECRET, SECRET, document, item};

#[test]
fn random_bytes() {
    let mut random = Random(0x853c_49e6_748f_ea9b);
    for len in 0..160 {
        for _ in 0..5 {
            let bytes: Vec<u8> = (0..len).map(|_| random.byte()).collect();
            fuzz::keyring(&bytes);
        }
    }
}

#[test]
fn documents_with_changes() {
    let items = [
        item(4, "primary", Some(OTHER_SECRET)),
        item(2, "disabled", Some(SECRET)),
        item(1, "destroyed", None),
        item(3, "enabled", Some(SECRET)),
    ];
    let mut random = Random(0xda3e_39cb_94b9_5bdb);
    for text in [document(&items), document(&items[..1]), items.join(",")] {
        fuzz::keyring(text.as_bytes());
        for _ in 0..1000 {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..=random.below(2) {
                change(&mut bytes, &mut random);
            }
            fuzz::keyring(&bytes);
        }
    }
}

#[test]
fn documents_of_random_entries() {
    let weak = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let secrets = [None, Some(SECRET), Some(OTHER_SECRET), Some(weak)];
    let statuses = ["primary", "enabled", "disabled", "destroyed"];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3000 {
        let mut entry = || {
            let epoch = [0, 1, 2, u32::MAX][random.below(4)];
            let status = statuses[random.below(4)];
            item(epoch, status, secrets[random.below(4)])
        };
        let entries = [entry(), entry(), entry()];
        fuzz::keyring(document(&entries[random.below(3)..]).as_bytes());
    }
}

/// Another byte, one bit less or more, a byte gone, a piece twice, or an early end.
fn change(bytes: &mut Vec<u8>, random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    let at = random.below(bytes.len());
    match random.below(6) {
        0 => bytes[at] = random.byte(),
        1 => bytes[at] ^= 1 << random.below(8),
        2 => bytes[at] = b"0123456789AZaz+/=\"{}[],:-TZ."[random.below(28)],
        3 => drop(bytes.remove(at)),
        4 => bytes.extend_from_within(at..),
        _ => bytes.truncate(at),
    }
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_be_bytes()[0]
    }

    fn below(&mut self, end: usize) -> usize {
        (usize::from(self.byte()) << 8 | usize::from(self.byte())) % end
    }
}
