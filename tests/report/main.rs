//! Tests of `pseudo-report` at its boundary: what a page, a Markdown text and a JSON document say
//! of a run, and that no name in them is more than a name.
#![expect(clippy::unwrap_used, reason = "test code")]

mod changes;
mod figures;
mod hostile;
mod many;
mod page;
mod risk;
mod sample;
mod text;
