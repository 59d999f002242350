//! Tests of the engine at its boundary: pipelines over small files, and every byte they wrote.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "test code")]

mod attack;
mod audit;
mod cancel;
mod classes;
mod crash;
mod csv;
mod desk;
mod escrow;
mod faulty;
mod files;
mod forget;
mod gate;
mod gates;
mod harness;
mod incremental;
mod init;
mod keys;
mod leak;
mod limits;
mod lineage;
mod lookup;
mod metrics;
mod publish;
mod quarantine;
mod refuse;
mod rekey;
mod reveal;
mod run;
mod scan;
mod sink;
mod transforms;
mod unrelated;
mod verify;
