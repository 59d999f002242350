//! Tests of `pseudo-keyring` at its boundary: what is made opens again, and nothing else does.

#![expect(clippy::unwrap_used, reason = "test code")]

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
