//! Files that people keep about a run: where they may be, and how they are written.

use std::path::Path;

use crate::Result;
use crate::disk::{Disk, PRIVATE};
use crate::manifest::Manifest;
use crate::plan::absolute;
use crate::publish;

/// Whether a file at `path` would lie in the sink, where analysts read and a run may remove what is
/// not its own. Links are followed as far as they exist.
///
/// # Errors
/// [`crate::Error::Io`] when the working directory is gone.
pub fn is_inside(path: &Path, sink: &Path) -> Result<bool> {
    Ok(absolute(path)?.starts_with(absolute(sink)?))
}

/// Replaces the file at `path` as a whole, for owner and group alone: readers see the one before or
/// this one. Directories are not made.
///
/// # Errors
/// [`crate::Error::Io`] when it cannot be written; the file is the one before, then.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    Disk::default().replace(path, bytes, PRIVATE)
}

/// The run that was current before the one of the manifest, as far as the sink still has it.
#[must_use]
pub fn before(sink: &Path, manifest: &Manifest) -> Option<Manifest> {
    let runs = std::fs::read_dir(publish::runs(sink)).ok()?;
    let runs = runs.filter_map(|entry| Manifest::read(&entry.ok()?.path()).ok());
    let earlier =
        runs.filter(|run| run.run_id != manifest.run_id && run.finished <= manifest.started);
    earlier.max_by(|a, b| (&a.finished, &a.run_id).cmp(&(&b.finished, &b.run_id)))
}
