//! How a proved run becomes visible: its directory is renamed to `runs/<run-id>`, then `current`, a
//! relative link, is switched by one rename. The only file that renames. A reader sees the run
//! before or this one, never a mixture.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::manifest::Manifest;
use crate::staging::{self, Staging};
use crate::{Error, Result};

const RUNS: &str = "runs";
const CURRENT: &str = "current";
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

/// Publishes `staged`, whose files are all on disk, as run `run_id`.
pub(crate) fn publish(sink: &Path, staged: Staging, run_id: &str, tables: &[String]) -> Result<()> {
    let runs = sink.join(RUNS);
    staging::create_dir(&runs)?;
    let from = staged.seal(tables)?;
    let to = runs.join(run_id);
    rename(&from, &to)?;
    staging::sync_dir(&runs)?;
    let next = sink.join(NEXT);
    match std::fs::remove_file(&next) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("remove", &next)(error));
        }
        _ => {}
    }
    symlink(Path::new(RUNS).join(run_id), &next).map_err(Error::io("create", &next))?;
    rename(&next, &sink.join(CURRENT))?;
    staging::sync_dir(sink)
}

/// Removes all runs but the current one and the `keep - 1` published last before it. The caller
/// holds the sink's lock, so that a directory without a manifest is one that nobody will finish.
pub(crate) fn retain(sink: &Path, keep: u32) -> Result<()> {
    let runs = sink.join(RUNS);
    let Some(current) = current(sink)? else {
        return Ok(());
    };
    let mut complete = Vec::new();
    for entry in std::fs::read_dir(&runs).map_err(Error::io("read", &runs))? {
        let path = entry.map_err(Error::io("read", &runs))?.path();
        if path.file_name() == current.file_name() {
            continue;
        }
        match Manifest::read(&path) {
            Ok(manifest) => complete.push((manifest.finished, path)),
            Err(_) => staging::remove(&path)?,
        }
    }
    complete.sort_by(|a, b| b.cmp(a));
    let others = usize::try_from(keep)
        .unwrap_or(usize::MAX)
        .saturating_sub(1);
    let (_, old) = complete.split_at(others.min(complete.len()));
    old.iter().try_for_each(|(_, path)| remove_run(path))
}

/// Removes a run: a table after the other, its files at once.
fn remove_run(path: &Path) -> Result<()> {
    let entries = |path: &Path| -> Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(path).map_err(Error::io("read", path))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        paths
            .collect::<std::io::Result<_>>()
            .map_err(Error::io("read", path))
    };
    for table in entries(path)?.iter().filter(|path| path.is_dir()) {
        let remove = |file: &PathBuf| std::fs::remove_file(file).map_err(Error::io("remove", file));
        entries(table)?.par_iter().try_for_each(remove)?;
    }
    staging::remove(path)
}

/// Whether a run of that name exists.
pub(crate) fn exists(sink: &Path, run_id: &str) -> bool {
    sink.join(RUNS).join(run_id).symlink_metadata().is_ok()
}

/// Gives what is proved its last name.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that moves data into place"
)]
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to).map_err(Error::io("publish", to))
}
