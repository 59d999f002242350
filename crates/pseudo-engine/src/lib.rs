//! Runs things: scan → project → stage → verify → manifest → publish, and the verbs around it.
//!
//! Invariants: nothing is published until everything is proved; only `publish.rs` renames; no error
//! that leaves this crate holds a cell's value; no DataFusion, no printing, no clock.
//!
//! Reading order: [`run()`] is the straight line; [`mod@plan`] binds a pipeline to its source;
//! `source` and `chunk` say what is read, `project` what happens to it, `sink` and `staging` where
//! it goes, `verify` what is proved, before a run is published and after, [`manifest`] what is
//! recorded and `publish` how it becomes visible.

pub mod error;
pub mod filter;
pub mod manifest;
pub mod plan;
pub mod progress;
pub mod run;
pub mod sample;

mod chunk;
mod inputs;
mod kernels;
mod lock;
mod order;
mod project;
mod publish;
mod sink;
mod source;
mod staging;
mod verify;

pub use error::{Error, Leak, Shared};
pub use plan::{Job, TableJob, open, plan, sink};
pub use progress::{Progress, Silent};
pub use run::{RunOptions, RunOutcome, RunReport, run};
pub use verify::published::{VerifyReport, verify};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
