//! Columnar kernels: one array in, one array out; sample tables.
//!
//! A [`Kernel`] is one action of a policy bound to its key, kind and options. It reads a whole
//! array and answers an array of the same length, and counts every cell it saw in an [`Outcome`].
//! Invariants: NULL stays NULL, no cell value and no key reaches an error or a `Debug` text,
//! nothing here does I/O, reads a clock or knows a file format, and the result does not depend on
//! where a column is cut into batches.
//!
//! Reading order: [`Kernel`] and its actions in `kernel/`, `bytes` (Arrow value to text), `batch`
//! (text to canonical bytes, a thousand at a time), `distinct` (dictionaries), `repeats` (columns
//! that are like them), [`Census`] (the first pass of `rare`), [`Outcome`], [`Error`].

mod batch;
mod bytes;
mod calendar;
mod census;
mod column;
mod distinct;
mod error;
mod kernel;
mod number;
mod outcome;
mod repeats;
pub mod sample;

pub use calendar::Date;
pub use census::{Census, Kept};
pub use error::Error;
pub use kernel::{Band, FpeForm, Kernel, OnInvalid, Part, RareTo, SealForm, TokenForm, Unit};
pub use number::Number;
pub use outcome::{Outcome, Sketch};
