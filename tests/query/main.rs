//! Tests of `pseudo-query` at its boundary: answers over a published run, what a query may not do,
//! predicates of a policy, and that no value shows in an error.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "test code")]

mod answer;
mod classes;
mod filter;
mod refuse;
mod sink;
