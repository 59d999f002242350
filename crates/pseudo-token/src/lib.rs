//! Keyed functions from bytes to tokens and back, and the token format.
//!
//! Who holds a [`Secret`] or a [`DomainKey`] can link and, by trying candidates, reverse every
//! token made with it; who holds only tokens sees which values of one domain and identity are
//! equal, how often each occurs, and for seals the length of a value in steps of 16 bytes. Nothing
//! else is meant to leak.
//!
//! What this crate refuses to know: files, clocks, randomness, columns, kinds of identifiers. It
//! maps canonical bytes to bytes, and the same key and bytes give the same result on every machine.
//!
//! * No key type prints its bytes, and all key material is erased on drop.
//! * No error carries input bytes.
//! * Every fast path is byte-equal to the `RustCrypto` path it replaces; `lanes` alone holds
//!   `unsafe`.
//!
//! In reading order: `key` (secrets and what is derived from them), `root` (what a secret is asked
//! for), `subkey` (the names of sub-keys), `hmac` (tokens, the shift of dates, row order, the audit
//! log), `siv` (seals), `encoding` (their text forms), `ff1` (tokens that keep their format),
//! `lanes` (many messages at once), `plain` (the
//! hash without a key, for attacks), `error`; `fuzz` for tests.
//! `TOKENS.md` beside this crate is the contract these modules implement.

#![warn(clippy::indexing_slicing)]

mod encoding;
mod error;
mod ff1;
#[doc(hidden)]
pub mod fuzz;
mod hmac;
mod key;
mod lanes;
mod plain;
mod root;
mod siv;
mod subkey;

pub use encoding::Encoding;
pub use error::Error;
pub use ff1::{Alphabet, FpeKey};
pub use hmac::{AuditKey, ShiftKey, ShuffleKey, TokenKey};
pub use key::{CheckValue, DomainKey, Epoch, Purpose, Secret};
pub use lanes::Lanes;
pub use plain::{sha256, sha256_on};
pub use root::RootMessage;
pub use siv::SealKey;
pub use subkey::SubKey;
