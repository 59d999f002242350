//! The token core from outside: published vectors, laws, formats, and every path against the
//! reference.

#![expect(clippy::unwrap_used, reason = "test code")]

mod ff1;
mod format;
mod hex;
mod laws;
mod paths;
mod plain;
mod random;
mod root;
mod smoke;
mod standards;
mod vectors;
mod wycheproof;
