//! The consent of two people, which a keyring can ask for before seals are revealed.
//!
//! A random key of 32 bytes, the approval key, is split by Shamir's scheme with threshold two over
//! GF(2⁸) (polynomial 0x11b): share *n* of each byte *k* is `k + a·n`, *a* drawn at random for
//! each byte, *n* = 1, 2, … . Each share is sealed to one approver's age recipient; any two
//! approvers join to the key, one alone knows nothing of it. The document keeps what recognises
//! the key, `HMAC-SHA256(key, "pseudo/v1/approval")`, and never the key.
//!
//! Consent is a rule of this program: who holds the keyring and opens it holds its secrets, and
//! could go round it with a program of their own. What holds against that, too, is giving nobody
//! the keyring: a reveal bundle that is sealed to one approver, inside an age file for the other.

use std::collections::BTreeSet;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{Error, Recipient, age};

/// The people of whom two have to consent before seals are revealed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// How many have to consent: two.
    needed: u8,
    /// Recognises the approval key; base64 of 32 bytes.
    check: String,
    shares: Vec<Share>,
}

/// One approver's part of the approval key.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Share {
    number: u8,
    /// Whom it is sealed to.
    recipient: String,
    /// An age file of 32 bytes, in base64.
    sealed: String,
}

/// Proof that two approvers have consented.
#[derive(Debug)]
pub struct Approved {
    approvers: Vec<String>,
}

impl Approved {
    /// Who consented, by their age recipients; for the audit log.
    #[must_use]
    pub fn approvers(&self) -> &[String] {
        &self.approvers
    }
}

impl Approvals {
    /// Draws an approval key and gives each recipient a share of it.
    ///
    /// # Errors
    /// When there are fewer than two recipients or one comes twice.
    pub(crate) fn new(recipients: &[Recipient]) -> Result<Self, Error> {
        let names: BTreeSet<String> = recipients.iter().map(ToString::to_string).collect();
        if names.len() != recipients.len() || !(NEEDED..=MOST).contains(&recipients.len()) {
            return Err(Error::Approvers);
        }
        let (mut key, mut slope) = (Zeroizing::new([0_u8; 32]), Zeroizing::new([0_u8; 32]));
        getrandom::fill(key.as_mut_slice()).map_err(|_| Error::Random)?;
        getrandom::fill(slope.as_mut_slice()).map_err(|_| Error::Random)?;
        let shares = (1_u8..).zip(recipients).map(|(number, recipient)| {
            let mut bytes = Zeroizing::new([0_u8; 32]);
            for ((byte, key), slope) in bytes.iter_mut().zip(*key).zip(*slope) {
                *byte = key ^ times(slope, number);
            }
            let sealed = age::seal_to(std::slice::from_ref(recipient), bytes.as_slice())?;
            Ok(Share {
                number,
                recipient: recipient.to_string(),
                sealed: STANDARD.encode(sealed),
            })
        });
        Ok(Self {
            needed: 2,
            shares: shares.collect::<Result<_, Error>>()?,
            check: STANDARD.encode(check(&key)),
        })
    }

    /// The approvers, by their age recipients.
    pub fn approvers(&self) -> impl Iterator<Item = &str> {
        self.shares.iter().map(|share| share.recipient.as_str())
    }

    /// Opens a share with each of the identity files, and joins them.
    ///
    /// # Errors
    /// [`Error::NotApproved`] unless they are the identities of two approvers;
    /// [`Error::ApprovalDamaged`] when the shares do not join.
    pub fn approve(&self, identities: &[PathBuf]) -> Result<Approved, Error> {
        let mut opened: Vec<(&Share, Zeroizing<Vec<u8>>)> = Vec::new();
        for file in identities {
            let keys = age::identities(file)?;
            let fresh = self
                .shares
                .iter()
                .filter(|share| !opened.iter().any(|(seen, _)| seen.number == share.number));
            // One file is one person, whatever is in it.
            let mut own = fresh.filter(|share| {
                let public = |key: &::age::x25519::Identity| key.to_public().to_string();
                keys.iter().any(|key| public(key) == share.recipient)
            });
            if let Some(share) = own.next() {
                opened.push((share, share.open(&keys)?));
            }
        }
        let given = opened.len();
        let [(a, first), (b, second), ..] = opened.as_slice() else {
            return Err(Error::NotApproved { given });
        };
        let key = join((a.number, first), (b.number, second)).ok_or(Error::ApprovalDamaged)?;
        let expected = STANDARD
            .decode(&self.check)
            .map_err(|_| Error::ApprovalDamaged)?;
        let mut mac = keyed(&key);
        mac.update(LABEL);
        mac.verify_slice(&expected)
            .map_err(|_| Error::ApprovalDamaged)?;
        let approvers = vec![a.recipient.clone(), b.recipient.clone()];
        Ok(Approved { approvers })
    }

    pub(crate) fn is_legal(&self) -> bool {
        let numbers: BTreeSet<u8> = self.shares.iter().map(|share| share.number).collect();
        let names: BTreeSet<&str> = self.approvers().collect();
        self.needed == 2
            && (NEEDED..=MOST).contains(&self.shares.len())
            && numbers.len() == self.shares.len()
            && names.len() == self.shares.len()
            && !numbers.contains(&0)
            && self.approvers().all(|name| Recipient::parse(name).is_ok())
    }
}

impl Share {
    fn open(&self, keys: &[::age::x25519::Identity]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let sealed = STANDARD
            .decode(&self.sealed)
            .map_err(|_| Error::ApprovalDamaged)?;
        age::open_with(&sealed, keys).ok_or(Error::ApprovalDamaged)
    }
}

/// The approval key of two shares: the line through them, at 0.
fn join(
    (x1, y1): (u8, &Zeroizing<Vec<u8>>),
    (x2, y2): (u8, &Zeroizing<Vec<u8>>),
) -> Option<Zeroizing<[u8; 32]>> {
    if y1.len() != 32 || y2.len() != 32 || x1 == x2 {
        return None;
    }
    let scale = inverse(x1 ^ x2);
    let mut key = Zeroizing::new([0_u8; 32]);
    for ((byte, y1), y2) in key.iter_mut().zip(y1.iter()).zip(y2.iter()) {
        *byte = times(times(*y1, x2) ^ times(*y2, x1), scale);
    }
    Some(key)
}

fn check(key: &[u8; 32]) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(LABEL);
    mac.finalize().into_bytes().into()
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of 32 bytes")
}

/// The product in GF(2⁸), in a time that does not depend on the factors.
fn times(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut product) = (a, b, 0);
    for _ in 0..8 {
        product ^= a & 0_u8.wrapping_sub(b & 1);
        a = (a << 1) ^ (0x1b & 0_u8.wrapping_sub(a >> 7));
        b >>= 1;
    }
    product
}

/// `a²⁵⁴`, which is `1/a`.
fn inverse(a: u8) -> u8 {
    let (mut power, mut product) = (a, 1);
    for _ in 0..7 {
        power = times(power, power);
        product = times(product, power);
    }
    product
}

const LABEL: &[u8] = b"pseudo/v1/approval";
const NEEDED: usize = 2;
const MOST: usize = 16;
