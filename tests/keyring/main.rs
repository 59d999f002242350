//! Tests of `pseudo-keyring` at its boundary: what is made opens again, and nothing else does.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "test code")]

mod approvals;
mod bundle;
mod change;
mod content;
mod create;
mod custody;
mod damage;
mod harness;
#[cfg(feature = "aws-kms")]
mod kms;
mod open;
#[cfg(any(feature = "transit", feature = "aws-kms"))]
mod server;
mod smoke;
#[cfg(feature = "pkcs11")]
mod softhsm;
mod stream;
mod tink;
#[cfg(feature = "transit")]
mod transit;
