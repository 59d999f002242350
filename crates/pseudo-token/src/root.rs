//! What a secret is asked for: one HMAC-SHA256 call each, so that a device or a service that
//! computes HMAC can keep the secret and answer in its place (TOKENS.md 2).
//!
//! HKDF-Expand (RFC 5869) of at most 32 bytes is its first block alone:
//!
//! ```text
//! Expand(secret, info, L) = HMAC-SHA256(secret, info ‖ 0x01)[0..L]     for L ≤ 32
//! ```

use crate::key::{Epoch, append_tuple};

/// A message whose HMAC-SHA256 under the secret of an epoch is a key, or begins with a check value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootMessage(Vec<u8>);

impl RootMessage {
    /// Asks for the key of a domain: all 32 bytes of the answer.
    #[must_use]
    pub fn domain_key(domain: &str, epoch: Epoch) -> Self {
        Self::new(&[b"pseudo/v1/domain", domain.as_bytes(), &epoch.to_bytes()])
    }

    /// Asks for the check value of the secret: the first 8 bytes of the answer.
    #[must_use]
    pub fn check_value(epoch: Epoch) -> Self {
        Self::new(&[b"pseudo/v1/check", &epoch.to_bytes()])
    }

    /// Asks for the key of the audit log's HMAC chain: all 32 bytes of the answer.
    #[must_use]
    pub fn audit_key(epoch: Epoch) -> Self {
        Self::new(&[b"pseudo/v1/audit", &epoch.to_bytes()])
    }

    /// The message as it is authenticated: `info ‖ 0x01`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn new(info: &[&[u8]]) -> Self {
        let mut message = Vec::new();
        append_tuple(info, &mut message);
        message.push(1);
        Self(message)
    }
}
