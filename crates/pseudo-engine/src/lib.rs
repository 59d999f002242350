//! Runs things: scan → project → stage → verify → manifest → publish, and the verbs around it.
//!
//! Invariants: nothing is published until everything is proved; only `disk.rs` changes a file
//! system; no error that leaves this crate holds a cell's value; no DataFusion, no printing, no
//! clock.
//!
//! Reading order: [`run()`] is the straight line; [`mod@plan`] binds a pipeline to its source;
//! `source` and `chunk` say what is read, `reuse` and `work` what need not be, `project` what
//! happens to it, `quarantine` what is left out, `escrow` what is sealed beside it, `sink` and
//! `staging` where it goes, `limits` what is not published for being far from what was expected,
//! `gates` what is not for singling people out, `verify` what is proved, before a run is published
//! and after, [`manifest`] what is recorded and `publish` how it becomes visible. [`mod@rekey`] and
//! [`mod@forget`] make runs of published ones, by way of `rewrite` and `replace`; `tombstones` are
//! what makes rows `forgotten`. [`mod@reveal`] and [`mod@lookup`] are the guarded ways between
//! values and pseudonyms, [`ask`] what they share, [`audit`] what is known of them afterwards;
//! [`Disk`] is what all of them write through; [`risk`] is how far a table singles people out,
//! counted by whoever knows SQL, and its `attack` plays the thief; [`lineage`] and [`metrics`] are
//! what other systems are told, [`report`] is where files for people go, and [`Cancel`] stops it.
//! Before all of it comes [`init`], which drafts a pipeline; apart stand [`mod@scan`], which looks
//! for identifiers in any tree of files, and [`mod@trace`], which says where the rows of a leak are
//! from.

pub mod ask;
pub mod audit;
pub mod error;
pub mod filter;
pub mod forget;
pub mod init;
pub mod lineage;
pub mod lookup;
pub mod manifest;
pub mod metrics;
pub mod plan;
pub mod progress;
pub mod rekey;
pub mod report;
pub mod reveal;
pub mod risk;
pub mod run;
pub mod sample;
pub mod scan;
pub mod trace;

mod cancel;
mod chunk;
mod digits;
mod disk;
mod escrow;
mod forgotten;
mod gates;
mod hash;
mod inputs;
mod kernels;
mod limits;
mod lock;
mod memory;
mod order;
mod policy;
mod project;
mod publish;
mod quarantine;
mod replace;
mod reuse;
mod rewrite;
mod same_key;
mod sink;
mod source;
mod space;
mod staging;
mod tombstones;
mod verify;
mod work;

pub use cancel::Cancel;
pub use digits::thousands;
pub use disk::{Disk, FileSystem, Local};
pub use error::{Error, Leak, Shared};
pub use forget::{ForgetOptions, ForgetOutcome, ForgetReport, ForgottenRun, forget};
pub use gates::{ClassGate, verify_gates};
pub use lookup::lookup;
pub use plan::{Choice, Job, TableJob, name, open, open_with, pipeline, plan, sink};
pub use policy::Policy;
pub use progress::{Progress, Silent};
pub use rekey::{RekeyOptions, RekeyReport, rekey};
pub use reveal::reveal;
pub use run::{RunOptions, RunOutcome, RunReport, run};
pub use same_key::same_key;
pub use tombstones::has_tombstones;
pub use trace::trace;
pub use verify::published::{VerifyReport, verify};
pub use verify::{Change, SourceChange};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
