//! Tests of `pseudo-arrow` at its boundary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod actions;
mod age;
mod derive;
mod encoded;
mod fpe;
mod harness;
mod laws;
mod open;
mod outcome;
mod rare;
mod refused;
mod sample;
mod shift;
mod text;
mod vectors;
mod zones;
