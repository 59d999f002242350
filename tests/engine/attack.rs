//! What a thief could do with a published run.

mod hashes;
mod people;

use std::path::Path;

use pseudo_engine::risk::attack::{AttackOptions, AttackReport, Spaces, attack};
use pseudo_engine::{Cancel, Error, Silent};

use crate::harness::Sandbox;

/// A few identifiers, so that all of them are tried at once: those of the samples.
fn spaces() -> Spaces {
    Spaces {
        phones: vec!["1540000".to_owned()],
        regions: vec!["119800".to_owned()],
        births: 0..10,
        plates: Vec::new(),
        integers: 10_000,
    }
}

/// Attacks the current run, with `raw/` at hand or without.
fn attacked(sandbox: &Sandbox, source: bool) -> AttackReport {
    let raw = sandbox.path("raw");
    with(sandbox, source.then_some(raw.as_path()), &Cancel::default()).unwrap()
}

fn with(sandbox: &Sandbox, source: Option<&Path>, cancel: &Cancel) -> Result<AttackReport, Error> {
    let options = AttackOptions {
        source,
        tables: &[],
        guesses: 1_000_000,
        exhaustive: false,
        spaces: &spaces(),
        memory_bytes_max: 1 << 30,
        threads: Some(2),
        progress: &Silent,
        cancel,
    };
    attack(&sandbox.path("safe"), &options)
}
