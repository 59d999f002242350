//! The token core from outside: published vectors, laws, formats, and every path against the
//! reference.

#![expect(clippy::unwrap_used, reason = "test code")]

mod format;
mod hex;
mod laws;
mod paths;
mod standards;
mod vectors;
mod wycheproof;
