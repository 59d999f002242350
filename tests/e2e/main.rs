//! Tests of `pseudo` as a person meets it: the built program in a directory of its own, its
//! answers, its exit codes, and every byte that it leaves behind.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "test code")]

mod assess;
mod attack;
mod audit;
mod bad_input;
mod cli;
mod forget;
mod full;
mod gates;
mod harness;
mod init;
mod keys;
mod kill;
mod leak;
mod nights;
mod options;
mod pipelines;
mod publish;
mod record;
mod refuse;
mod rekey;
mod report;
mod reveal;
mod run;
mod scan;
mod signals;
mod text;
mod trace;
mod verify;
