//! Where unproved data lives: `sink/.staging/<run-id>`, removed on drop unless it was published.
//! Files are 0640 and directories 0750, whatever the umask adds.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

const DIRECTORY: &str = ".staging";

/// The directory of one run that is not published.
pub(crate) struct Staging {
    path: PathBuf,
    keep: bool,
}

impl Staging {
    /// Makes the directory of run `run_id`, and removes what earlier attempts left behind. The
    /// caller holds the sink's lock.
    pub(crate) fn create(sink: &Path, run_id: &str) -> Result<Self> {
        let parent = sink.join(DIRECTORY);
        remove(&parent)?;
        let path = parent.join(run_id);
        create_dir(&path)?;
        Ok(Self { path, keep: false })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the directory of a table.
    pub(crate) fn create_dir(&self, name: &str) -> Result<()> {
        create_dir(&self.path.join(name))
    }

    /// Writes a file and hands it to the disk.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o640)
            .open(&path)
            .map_err(Error::io("create", &path))?;
        file.write_all(bytes).map_err(Error::io("write", &path))?;
        file.sync_data().map_err(Error::io("write", &path))
    }

    /// Makes the directories durable and gives up ownership: whoever called renames next.
    pub(crate) fn seal(mut self, tables: &[String]) -> Result<PathBuf> {
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
