//! Secrets and everything derived from them: HKDF-Expand with SHA-256 (RFC 5869) over injective
//! tuples.
//!
//! ```text
//! tuple(a, b, …)  = for each item: its length as u32 big-endian, then its bytes
//! domain key      = Expand(secret, tuple("pseudo/v1/domain", domain, epoch), 32)
//! subkey(p, L)    = Expand(domain key, tuple("pseudo/v1/key", p, identity, kind), L)
//! check value     = Expand(secret, tuple("pseudo/v1/check", epoch), 8)
//! audit key       = Expand(secret, tuple("pseudo/v1/audit", epoch), 32)
//! ```
//!
//! Nothing is extracted: a secret is uniformly random. No sub-key serves two purposes, and whatever
//! tells two keys apart (domain, epoch, purpose, identity, kind) is in the derivation, never in a
//! message.

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::encoding::Encoding;
use crate::error::Error;
use crate::ff1::FpeKey;
use crate::hmac::{ShiftKey, ShuffleKey, TokenKey};
use crate::root::RootMessage;
use crate::siv::SealKey;

/// The root key of one epoch: 32 uniformly random bytes.
#[derive(ZeroizeOnDrop)]
pub struct Secret {
    bytes: [u8; 32],
}

impl Secret {
    /// Takes 32 bytes drawn from a cryptographic random generator.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self { bytes }
    }

    /// Reads a stored secret.
    ///
    /// # Errors
    /// Refuses another length than 32 and a secret whose bytes are all equal.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        let bytes: [u8; 32] = bytes
            .try_into()
            .map_err(|_| Error::SecretLength { found: bytes.len() })?;
        let [first, rest @ ..] = &bytes;
        if rest.iter().fold(0, |seen, byte| seen | (byte ^ first)) == 0 {
            return Err(Error::WeakSecret);
        }
        Ok(Self { bytes })
    }

    /// The bytes themselves, for whoever stores or wraps them.
    #[must_use]
    pub const fn dangerously_expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Answers a message with its HMAC-SHA256, as a device does that holds the secret.
    #[must_use]
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    pub fn answer(&self, message: &RootMessage) -> Zeroizing<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.bytes).expect("a key of 32 bytes");
        mac.update(message.as_bytes());
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    /// Derives the value that says, without revealing it, which secret an epoch has.
    #[must_use]
    pub fn check_value(&self, epoch: Epoch) -> CheckValue {
        CheckValue::from_answer(&self.answer(&RootMessage::check_value(epoch)))
    }

    /// Derives the key of the audit log's HMAC chain.
    #[must_use]
    pub fn audit_key(&self, epoch: Epoch) -> Zeroizing<[u8; 32]> {
        self.answer(&RootMessage::audit_key(epoch))
    }

    /// Derives the key that makes the tokens of one domain and epoch, and of no other.
    #[must_use]
    pub fn domain_key(&self, domain: &str, epoch: Epoch) -> DomainKey {
        DomainKey::from_bytes(*self.answer(&RootMessage::domain_key(domain, epoch)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What one domain and epoch derive from the secret; enough to make and open its tokens.
#[derive(ZeroizeOnDrop)]
pub struct DomainKey {
    bytes: [u8; 32],
}

impl DomainKey {
    /// Takes a domain key that was derived elsewhere, for instance inside an HSM.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { bytes }
    }

    /// The bytes themselves, for whoever hands a domain to another machine.
    #[must_use]
    pub const fn dangerously_expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Derives the key of irreversible tokens; `kind` is written with its version, as `cn-phone/1`.
    #[must_use]
    pub fn token_key(&self, identity: &str, kind: &str) -> TokenKey {
        TokenKey::from_bytes(&self.subkey(Purpose::Token, identity, kind))
    }

    /// Derives the key of reversible seals; `kind` is written with its version, as `cn-phone/1`.
    #[must_use]
    pub fn seal_key(&self, identity: &str, kind: &str) -> SealKey {
        SealKey::from_subkey(&self.subkey(Purpose::Seal, identity, kind))
    }

    /// Derives the key of tokens that keep their format; `kind` is written with its version, as
    /// `cn-phone/1`.
    #[must_use]
    pub fn fpe_key(&self, identity: &str, kind: &str) -> FpeKey {
        FpeKey::from_bytes(&self.subkey(Purpose::Fpe, identity, kind))
    }

    /// Derives the key of the days by which a subject's dates move; identity and kind are those of
    /// the subject, and `kind` is written with its version, as `cn-phone/1`.
    #[must_use]
    pub fn shift_key(&self, identity: &str, kind: &str) -> ShiftKey {
        ShiftKey::from_bytes(&self.subkey(Purpose::Shift, identity, kind))
    }

    /// Derives the key of the row order of this domain's tables.
    #[must_use]
    pub fn shuffle_key(&self) -> ShuffleKey {
        ShuffleKey::from_bytes(&self.subkey(Purpose::Shuffle, "", ""))
    }

    /// The bytes of one sub-key, for whoever runs its algorithm outside of this crate.
    #[must_use]
    pub fn dangerously_export_subkey(
        &self,
        purpose: Purpose,
        identity: &str,
        kind: &str,
    ) -> Zeroizing<Vec<u8>> {
        let mut key = Zeroizing::new(vec![0; purpose.key_len()]);
        self.expand_subkey(purpose, identity, kind, &mut key);
        key
    }

    fn subkey<const L: usize>(
        &self,
        purpose: Purpose,
        identity: &str,
        kind: &str,
    ) -> Zeroizing<[u8; L]> {
        debug_assert_eq!(L, purpose.key_len(), "a purpose has one key length");
        let mut key = Zeroizing::new([0; L]);
        self.expand_subkey(purpose, identity, kind, key.as_mut());
        key
    }

    fn expand_subkey(&self, purpose: Purpose, identity: &str, kind: &str, key: &mut [u8]) {
        let info: [&[u8]; 4] = [
            b"pseudo/v1/key",
            purpose.name().as_bytes(),
            identity.as_bytes(),
            kind.as_bytes(),
        ];
        expand(&self.bytes, &info, key);
    }
}

impl fmt::Debug for DomainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DomainKey(..)")
    }
}

/// What a sub-key is for; no sub-key serves two purposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// HMAC-SHA256 key of irreversible tokens.
    Token,
    /// AES-SIV key of reversible seals, and its key id.
    Seal,
    /// AES-256 key of format-preserving tokens.
    Fpe,
    /// HMAC-SHA256 key of the per-subject date shift.
    Shift,
    /// HMAC-SHA256 key of the row order.
    Shuffle,
    /// HMAC-SHA256 key of the tombstones of forgotten subjects, or of the list of them.
    Forget,
}

impl Purpose {
    /// Every purpose, in the order of the specification.
    pub const ALL: [Self; 6] = [
        Self::Token,
        Self::Seal,
        Self::Fpe,
        Self::Shift,
        Self::Shuffle,
        Self::Forget,
    ];

    /// The name that goes into the derivation.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Seal => "seal",
            Self::Fpe => "fpe",
            Self::Shift => "shift",
            Self::Shuffle => "shuffle",
            Self::Forget => "forget",
        }
    }

    /// The purpose of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|purpose| purpose.name() == name)
    }

    /// The length of the sub-key in bytes.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::Seal => 68,
            Self::Token | Self::Fpe | Self::Shift | Self::Shuffle | Self::Forget => 32,
        }
    }
}

/// The generation of the secret; it rises at each rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u32);

impl Epoch {
    pub(crate) const fn to_bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Eight bytes that tell secrets apart without revealing them; shown as 16 hexadecimal characters.
#[derive(Clone, Copy)]
pub struct CheckValue([u8; 8]);

impl CheckValue {
    /// Takes the answer to [`RootMessage::check_value`]: its first 8 bytes are the check value.
    #[must_use]
    pub fn from_answer(answer: &[u8; 32]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *answer;
        Self([a, b, c, d, e, f, g, h])
    }

    /// The bytes, as recorded in binary formats.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0
    }
}

impl PartialEq for CheckValue {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for CheckValue {}

impl fmt::Display for CheckValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for CheckValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckValue({self})")
    }
}

impl FromStr for CheckValue {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes = Encoding::Hex
            .decode(text)
            .map_err(|_| Error::MalformedCheckValue)?;
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| Error::MalformedCheckValue)
    }
}

/// Appends the items, each behind its length, so that no two tuples are written alike.
pub(crate) fn append_tuple(items: &[&[u8]], out: &mut Vec<u8>) {
    for item in items {
        let len = u32::try_from(item.len()).unwrap_or(u32::MAX);
        debug_assert_ne!(len, u32::MAX, "an item of a tuple is shorter than 4 GiB");
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(item);
    }
}

#[expect(
    clippy::expect_used,
    reason = "32 bytes are a whole key, and at most 68 are asked for"
)]
fn expand(key: &[u8; 32], info: &[&[u8]], out: &mut [u8]) {
    let mut tuple = Vec::new();
    append_tuple(info, &mut tuple);
    let hkdf = Hkdf::<Sha256>::from_prk(key).expect("a key of 32 bytes");
    out.zeroize();
    hkdf.expand(&tuple, out)
        .expect("an output of at most 255 blocks");
}
