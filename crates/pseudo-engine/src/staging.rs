//! Where unproved data lives: `sink/.staging/<run-id>`, removed on drop unless it was published.
//! Files are 0640 and directories 0750, whatever the umask adds.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use crate::{Error, Result};

const DIRECTORY: &str = ".staging";

/// The directory of one run that is not published.
pub(crate) struct Staging {
    path: PathBuf,
    keep: bool,
    disk: Mutex<Option<Disk>>,
}

/// A thread that waits for the disk while others compute.
struct Disk {
    files: Sender<(File, PathBuf)>,
    done: JoinHandle<Result<()>>,
}

impl Disk {
    fn new() -> Self {
        let (files, queue) = channel::<(File, PathBuf)>();
        let done = std::thread::spawn(move || {
            let mut first = Ok(());
            for (file, path) in queue {
                let synced = file.sync_data().map_err(Error::io("write", &path));
                first = first.and(synced);
            }
            first
        });
        Self { files, done }
    }

    /// Waits until all files that were handed over are on disk.
    fn finish(self) -> Result<()> {
        drop(self.files);
        let done = self.done.join();
        done.unwrap_or_else(|_| Err(Error::Internal("the thread for the disk failed".to_owned())))
    }
}

impl Staging {
    /// Makes the directory of run `run_id`, and removes what earlier attempts left behind. The
    /// caller holds the sink's lock.
    pub(crate) fn create(sink: &Path, run_id: &str) -> Result<Self> {
        let parent = sink.join(DIRECTORY);
        remove(&parent)?;
        let path = parent.join(run_id);
        create_dir(&path)?;
        Ok(Self {
            path,
            keep: false,
            disk: Mutex::new(Some(Disk::new())),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the directory of a table.
    pub(crate) fn create_dir(&self, name: &str) -> Result<()> {
        create_dir(&self.path.join(name))
    }

    /// Writes a file and hands it to the disk; [`Staging::seal`] waits for it.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o640)
            .open(&path)
            .map_err(Error::io("create", &path))?;
        file.write_all(bytes).map_err(Error::io("write", &path))?;
        let disk = self.disk.lock().map_err(|_| ended())?;
        let files = disk.as_ref().map(|disk| &disk.files).ok_or_else(ended)?;
        files.send((file, path)).map_err(|_| ended())
    }

    /// Waits for the disk, makes the directories durable too and gives up ownership: whoever called
    /// renames next.
    pub(crate) fn seal(mut self, tables: &[String]) -> Result<PathBuf> {
        let disk = self.disk.get_mut().map_err(|_| ended())?.take();
        disk.ok_or_else(ended)?.finish()?;
        for table in tables {
            sync_dir(&self.path.join(table))?;
        }
        sync_dir(&self.path)?;
        self.keep = true;
        Ok(std::mem::take(&mut self.path))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.keep {
            // what cannot be removed here is removed by the next run
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn ended() -> Error {
    Error::Internal("staging has ended".to_owned())
}

/// Makes a directory and its missing parents, 0750.
pub(crate) fn create_dir(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(path)
        .map_err(Error::io("create", path))
}

/// Hands the entries of a directory to the disk.
pub(crate) fn sync_dir(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(Error::io("write", path))
}

/// Removes a directory tree, if there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
