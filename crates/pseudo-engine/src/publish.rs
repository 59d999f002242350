//! How a proved run becomes visible: its directory is renamed to `runs/<run-id>`, then `current`, a
//! relative link, is switched by one rename. A reader sees the run before or this one, never a
//! mixture.
//!
//! The link lies ready in the staging directory before anything is renamed. Where it is still
//! there, its run was never current, and [`recover`] removes it: nobody has read it, and it must
//! not be retained in the place of a run that was published.

use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::disk::Disk;
use crate::manifest::{self, Manifest};
use crate::staging::{self, Staging, entries};
use crate::{Error, Result, replace};

const RUNS: &str = "runs";
const CURRENT: &str = "current";
/// The link that becomes `current`, in the staging directory.
const NEXT: &str = ".current";

/// The directory of the current run, when there is one.
pub(crate) fn current(sink: &Path) -> Result<Option<PathBuf>> {
    let link = sink.join(CURRENT);
    match std::fs::read_link(&link) {
        Ok(target) => Ok(Some(sink.join(target))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", &link)(error)),
    }
}

/// Publishes `staged`, whose files are all written, as run `run_id`.
pub(crate) fn publish(
    disk: &Disk,
    sink: &Path,
    mut staged: Staging,
    run_id: &str,
    tables: &[String],
) -> Result<()> {
    staged.seal(tables)?;
    let switched = switch(disk, sink, staged, run_id);
    if switched.is_err() {
        // what cannot be undone here is undone by the next run
        let _ = recover(disk, sink);
    }
    switched
}

fn switch(disk: &Disk, sink: &Path, staged: Staging, run_id: &str) -> Result<()> {
    disk.create_dir(&runs(sink))?;
    lay_link(disk, sink, run_id)?;
    staged.publish(&directory(sink, run_id))?;
    switch_link(disk, sink)
}

/// Lays the link ready that makes run `run_id` current.
pub(crate) fn lay_link(disk: &Disk, sink: &Path, run_id: &str) -> Result<()> {
    let staging = staging::directory(sink);
    disk.symlink(&Path::new(RUNS).join(run_id), &staging.join(NEXT))?;
    disk.sync_dir(&staging)
}

/// Whether a link lies ready, and was not made `current`.
pub(crate) fn is_link_laid(sink: &Path) -> bool {
    staging::directory(sink)
        .join(NEXT)
        .symlink_metadata()
        .is_ok()
}

/// Makes the run current whose link lies ready, when all that was moved is on the disk.
pub(crate) fn switch_link(disk: &Disk, sink: &Path) -> Result<()> {
    disk.sync_dir(&runs(sink))?;
    let next = staging::directory(sink).join(NEXT);
    disk.rename(&next, &sink.join(CURRENT))?;
    disk.sync_dir(sink)
}

/// Removes the link that lies ready.
pub(crate) fn remove_link(disk: &Disk, sink: &Path) -> Result<()> {
    disk.remove_file(&staging::directory(sink).join(NEXT))
}

/// Removes a run whose publication was begun and did not end, and ends a replacement. The caller
/// holds the sink's lock.
pub(crate) fn recover(disk: &Disk, sink: &Path) -> Result<()> {
    replace::recover(disk, sink)?;
    let next = staging::directory(sink).join(NEXT);
    let Ok(target) = std::fs::read_link(&next) else {
        return Ok(());
    };
    let current = current(sink)?;
    if let Some(run) = target.file_name().map(|name| directory(sink, name))
        && current.is_none_or(|current| current.file_name() != run.file_name())
    {
        remove_run(disk, &run)?;
    }
    disk.remove_file(&next)
}

/// Removes all runs but the current one and the `keep - 1` published last before it. The caller
/// holds the sink's lock, so that a directory without a manifest is one that nobody will finish.
pub(crate) fn retain(disk: &Disk, sink: &Path, keep: u32) -> Result<()> {
    let Some(current) = current(sink)? else {
        return Ok(());
    };
    let mut complete = Vec::new();
    for path in entries(&runs(sink))? {
        if path.file_name() == current.file_name() {
            continue;
        }
        match Manifest::read(&path) {
            Ok(manifest) => complete.push((manifest.finished, path)),
            Err(_) => disk.remove_tree(&path)?,
        }
    }
    complete.sort_by(|a, b| b.cmp(a));
    let others = usize::try_from(keep)
        .unwrap_or(usize::MAX)
        .saturating_sub(1);
    let (_, old) = complete.split_at(others.min(complete.len()));
    old.iter().try_for_each(|(_, path)| remove_run(disk, path))
}

/// Removes a run: first the manifest, without which it is none, then a table after the other, its
/// files at once, and what there is beside the tables.
pub(crate) fn remove_run(disk: &Disk, path: &Path) -> Result<()> {
    disk.remove_file(&path.join(manifest::FILE))?;
    for table in entries(path)?.iter().filter(|path| path.is_dir()) {
        let remove = |entry: &PathBuf| match entry.is_dir() {
            true => disk.remove_tree(entry),
            false => disk.remove_file(entry),
        };
        entries(table)?.par_iter().try_for_each(remove)?;
    }
    disk.remove_tree(path)
}

/// Where the runs are.
pub(crate) fn runs(sink: &Path) -> PathBuf {
    sink.join(RUNS)
}

/// The directory of a published run.
pub(crate) fn directory(sink: &Path, run_id: impl AsRef<Path>) -> PathBuf {
    runs(sink).join(run_id)
}

/// Whether a run of that name exists.
pub(crate) fn exists(sink: &Path, run_id: impl AsRef<Path>) -> bool {
    directory(sink, run_id).symlink_metadata().is_ok()
}
