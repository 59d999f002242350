//! The one place that makes a session: bounded memory, no spill, no file system beside the store
//! that a caller registers, no `information_schema`.
//!
//! A spill file would hold rows in clear text outside the sink, so an operator that does not fit
//! into the memory pool fails instead.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};

use crate::error::{self, Error};

/// How identifiers without quotes are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identifiers {
    /// As SQL does: lower-cased, so that `SELECT ID FROM Users` reads `id` of `users`.
    Folded,
    /// As they are written: column names of a policy match exactly.
    Exact,
}

/// Returns a session without tables and without access to any store, whose operators hold at most
/// `memory_bytes_max` together.
pub(crate) fn session(
    identifiers: Identifiers,
    memory_bytes_max: usize,
) -> Result<SessionContext, Error> {
    let border = |error| error::strip(error, &[]);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory_bytes_max)))
        .with_disk_manager_builder(
            DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
        )
        .build_arc()
        .map_err(border)?;
    let files = ObjectStoreUrl::local_filesystem();
    runtime
        .deregister_object_store(files.as_ref())
        .map_err(border)?;

    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut config = SessionConfig::new()
        .with_target_partitions(cores)
        .with_information_schema(false);
    let parser = &mut config.options_mut().sql_parser;
    parser.enable_ident_normalization = identifiers == Identifiers::Folded;
    parser.collect_spans = true;
    Ok(SessionContext::new_with_config_rt(config, runtime))
}

/// Returns what a statement may do: answer.
pub(crate) fn read_only() -> SQLOptions {
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
}
