//! Tests of the engine at its boundary: pipelines over small files, and every byte they wrote.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "test code")]

mod csv;
mod gate;
mod harness;
mod leak;
mod publish;
mod refuse;
mod run;
mod transforms;
mod verify;
