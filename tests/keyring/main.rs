//! Tests of `pseudo-keyring` at its boundary: what is made opens again, and nothing else does.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "test code")]

mod approvals;
mod bundle;
mod change;
mod content;
mod create;
mod damage;
mod harness;
mod open;
mod smoke;
mod stream;
