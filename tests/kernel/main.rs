//! Tests of `pseudo-arrow` at its boundary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod actions;
mod encoded;
mod harness;
mod laws;
mod outcome;
mod sample;
mod vectors;
mod zones;
