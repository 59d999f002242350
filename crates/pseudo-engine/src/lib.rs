//! Runs things: scan → project → stage → verify → manifest → publish, and the verbs around it.
//!
//! Invariants: nothing is published until everything is proved; only `disk.rs` changes a file
//! system; no error that leaves this crate holds a cell's value; no DataFusion, no printing, no
//! clock.
//!
//! Reading order: [`run()`] is the straight line; [`mod@plan`] binds a pipeline to its source;
//! `source` and `chunk` say what is read, `reuse` and `work` what need not be, `project` what
//! happens to it, `quarantine` what is left out, `sink` and `staging` where it goes, `limits` what
//! is not published for being far from what was expected, `verify` what is proved, before a run is
//! published and after, [`manifest`] what is recorded and `publish` how it becomes visible;
//! [`mod@scan`] looks for identifiers in any tree of files; [`Disk`] is what all of them write
//! through; [`lineage`] and [`metrics`] are what other systems are told, and [`Cancel`] stops it.

pub mod error;
pub mod filter;
pub mod lineage;
pub mod manifest;
pub mod metrics;
pub mod plan;
pub mod progress;
pub mod run;
pub mod sample;
pub mod scan;

mod cancel;
mod chunk;
mod disk;
mod hash;
mod inputs;
mod kernels;
mod limits;
mod lock;
mod memory;
mod order;
mod project;
mod publish;
mod quarantine;
mod reuse;
mod sink;
mod source;
mod space;
mod staging;
mod verify;
mod work;

pub use cancel::Cancel;
pub use disk::{Disk, FileSystem, Local};
pub use error::{Error, Leak, Shared};
pub use plan::{Choice, Job, TableJob, name, open, open_with, plan, sink};
pub use progress::{Progress, Silent};
pub use run::{RunOptions, RunOutcome, RunReport, run};
pub use verify::published::{VerifyReport, verify};
pub use verify::{Change, SourceChange};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
