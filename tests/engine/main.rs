//! Tests of the engine at its boundary: pipelines over small files, and every byte they wrote.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "test code")]

mod cancel;
mod crash;
mod csv;
mod faulty;
mod files;
mod gate;
mod harness;
mod incremental;
mod keys;
mod leak;
mod limits;
mod lineage;
mod metrics;
mod publish;
mod quarantine;
mod refuse;
mod run;
mod scan;
mod sink;
mod transforms;
mod unrelated;
mod verify;
