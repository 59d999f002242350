//! How runs that are made again take the places of those they were made from, all at once: a file
//! of intent names them, and the switch of `current` decides. Before it nothing has happened, and
//! what was moved is removed; after it the rest follows: what was handed in as hidden state of the
//! sink gets its name, and the old runs are removed. Whoever takes the lock next ends what a crash
//! left ([`recover`]): none of it is done or all of it.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk::{Disk, PRIVATE};
use crate::rewrite::Remade;
use crate::{Error, Result, publish, staging};

/// The file of intent, in the staging directory.
const INTENT: &str = ".replace";

/// Which runs take whose places.
#[derive(Serialize, Deserialize)]
struct Intent {
    /// The run that becomes current.
    current: String,
    /// All new runs.
    new: Vec<String>,
    /// The runs that go.
    old: Vec<String>,
    /// Files of the sink that are new as a whole, by name.
    hidden: Vec<String>,
}

/// A file in the sink that is replaced together with the runs.
pub(crate) struct Hidden<'a> {
    /// Its name, which begins with a dot.
    pub(crate) name: &'a str,
    pub(crate) bytes: &'a [u8],
}

/// Puts `new`, one of which is `current`, in the places of the runs `old`. The caller holds the
/// sink's lock.
///
/// # Errors
/// When the switch was not made, nothing has changed. When it was, what could not be done is done
/// by [`recover`]: that `current` is the new run tells which.
pub(crate) fn replace(
    (disk, sink): (&Disk, &Path),
    new: Vec<Remade>,
    current: &str,
    old: Vec<String>,
    hidden: &[Hidden<'_>],
) -> Result<()> {
    let intent = Intent {
        current: current.to_owned(),
        new: new.iter().map(|run| run.manifest.run_id.clone()).collect(),
        old,
        hidden: hidden.iter().map(|file| file.name.to_owned()).collect(),
    };
    let switched = switch((disk, sink), new, &intent, hidden);
    if switched.is_err() {
        // what cannot be undone or ended here is by the next
        let _ = recover(disk, sink);
    }
    switched
}

fn switch(
    (disk, sink): (&Disk, &Path),
    mut new: Vec<Remade>,
    intent: &Intent,
    hidden: &[Hidden<'_>],
) -> Result<()> {
    let staging = staging::directory(sink);
    for run in &mut new {
        run.staging.seal(&run.manifest.directories())?;
    }
    for file in hidden {
        disk.replace(&staging.join(file.name), file.bytes, PRIVATE)?;
    }
    let text = serde_json::to_vec(intent);
    let text = text.map_err(|_| Error::Internal("an intent that is not JSON".to_owned()))?;
    disk.replace(&staging.join(INTENT), &text, PRIVATE)?;
    publish::lay_link(disk, sink, &intent.current)?;
    for run in new {
        let place = publish::directory(sink, &run.manifest.run_id);
        run.staging.publish(&place)?;
    }
    publish::switch_link(disk, sink)?;
    follow(disk, sink, intent)
}

/// What is left to do after the switch; it may have been done in part.
fn follow(disk: &Disk, sink: &Path, intent: &Intent) -> Result<()> {
    let staging = staging::directory(sink);
    for name in &intent.hidden {
        let from = staging.join(name);
        if from.symlink_metadata().is_ok() {
            disk.rename(&from, &sink.join(name))?;
        }
    }
    disk.sync_dir(sink)?;
    for run in &intent.old {
        publish::remove_run(disk, &publish::directory(sink, run))?;
    }
    disk.sync_dir(&publish::runs(sink))?;
    disk.remove_file(&staging.join(INTENT))
}

/// Ends what was begun and did not end. The caller holds the sink's lock, and clears the staging
/// directory afterwards.
pub(crate) fn recover(disk: &Disk, sink: &Path) -> Result<()> {
    let path = staging::directory(sink).join(INTENT);
    let text = match std::fs::read(&path) {
        Err(error) if is_absent(error.kind()) => return Ok(()),
        read => read.map_err(Error::io("read", &path))?,
    };
    let intent = read(&path, &text)?;
    if !publish::is_link_laid(sink) && publish::exists(sink, &intent.current) {
        let current = publish::current(sink)?;
        let current = current.as_deref().and_then(Path::file_name);
        // somebody may have put the old one back
        if intent
            .old
            .iter()
            .any(|old| current == Some(OsStr::new(old)))
        {
            publish::lay_link(disk, sink, &intent.current)?;
            publish::switch_link(disk, sink)?;
        }
        return follow(disk, sink, &intent);
    }
    for run in &intent.new {
        publish::remove_run(disk, &publish::directory(sink, run))?;
    }
    publish::remove_link(disk, sink)?;
    disk.remove_file(&path)
}

/// Whether there is no such file, nor can be.
fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Reads an intent; its names are those of entries of a directory.
fn read(path: &Path, text: &[u8]) -> Result<Intent> {
    let intent: Option<Intent> = serde_json::from_slice(text).ok();
    let is_name = |name: &String| {
        let mut parts = Path::new(name).components();
        matches!(parts.next(), Some(std::path::Component::Normal(_))) && parts.next().is_none()
    };
    let names = |intent: &Intent| {
        let mut names = [&intent.new, &intent.old, &intent.hidden]
            .into_iter()
            .flatten();
        names.all(is_name)
    };
    intent.filter(names).ok_or_else(|| Error::Manifest {
        path: PathBuf::from(path),
    })
}
