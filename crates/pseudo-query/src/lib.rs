//! SQL over tables; the one crate that knows DataFusion.
//!
//! Invariants: a session reads the tables of one published run and nothing else, and writes
//! nothing: no spill, no statement but a query; a predicate of a policy is deterministic; no text
//! of DataFusion, Arrow or Parquet leaves this crate, because it may quote a cell or a literal.
//!
//! Reading order: [`mod@query`] answers SQL over the current run, `layout` says which run and
//! tables that are, [`filter`] turns a policy's predicate into a check on batches, `session` is the
//! one place that makes a session, `shown` how a table looks to a person, [`error`] is the border.

pub mod classes;
pub mod error;
pub mod filter;
pub mod query;

mod layout;
mod session;
mod shown;

pub use classes::Classes;
pub use error::Error;
pub use filter::Filters;
pub use query::{Answer, Format, Query, query};
