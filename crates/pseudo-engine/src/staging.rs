//! Where unproved data lives: `sink/.staging/<run-id>`, removed on drop unless it was published.
//! Files are 0640 and directories 0750, whatever the umask adds.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

use crate::disk::{Disk, DiskFile, PRIVATE};
use crate::source::hex;
use crate::{Error, Result};

const DIRECTORY: &str = ".staging";

/// The directory of one run that is not published.
pub(crate) struct Staging {
    disk: Disk,
    path: PathBuf,
    keep: bool,
    syncer: Mutex<Option<Syncer>>,
}

/// A thread that waits for the disk while others compute.
struct Syncer {
    files: Sender<(DiskFile, PathBuf)>,
    done: JoinHandle<Result<()>>,
}

impl Syncer {
    fn new() -> Self {
        let (files, queue) = channel::<(DiskFile, PathBuf)>();
        let done = std::thread::spawn(move || {
            let mut first = Ok(());
            for (file, path) in queue {
                let synced = file.sync().map_err(Error::io("write", &path));
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

/// Where unproved data of `sink` lives.
pub(crate) fn directory(sink: &Path) -> PathBuf {
    sink.join(DIRECTORY)
}

/// Removes what earlier attempts left behind. The caller holds the sink's lock.
pub(crate) fn clear(disk: &Disk, sink: &Path) -> Result<()> {
    entries(&directory(sink))?
        .iter()
        .try_for_each(|entry| match entry.symlink_metadata() {
            Ok(found) if found.is_dir() => disk.remove_tree(entry),
            _ => disk.remove_file(entry),
        })
}

/// What is in a directory, in the order of the names; nothing where there is none.
pub(crate) fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let read = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(Error::io("read", directory))?,
    };
    let paths = read.map(|entry| entry.map(|entry| entry.path()));
    let paths: std::io::Result<Vec<_>> = paths.collect();
    let mut paths = paths.map_err(Error::io("read", directory))?;
    paths.sort();
    Ok(paths)
}

impl Staging {
    /// Makes the directory of run `run_id`. The caller holds the sink's lock.
    pub(crate) fn create(disk: &Disk, sink: &Path, run_id: &str) -> Result<Self> {
        let path = directory(sink).join(run_id);
        disk.create_dir(&path)?;
        Ok(Self {
            disk: disk.clone(),
            path,
            keep: false,
            syncer: Mutex::new(Some(Syncer::new())),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the directory of a table.
    pub(crate) fn create_dir(&self, name: &str) -> Result<()> {
        self.disk.create_dir(&self.path.join(name))
    }

    /// Begins a file.
    pub(crate) fn create_file(&self, name: &str) -> Result<StagedFile> {
        let path = self.path.join(name);
        Ok(StagedFile {
            file: self.disk.create(&path, PRIVATE)?,
            path,
            pending: Vec::with_capacity(PENDING),
            digest: Sha256::new(),
            bytes: 0,
            fault: None,
        })
    }

    /// Gives a file that is written its last name and hands it to the disk; [`Staging::seal`] waits
    /// for it.
    pub(crate) fn name(&self, (file, from): (DiskFile, PathBuf), name: &str) -> Result<()> {
        let path = self.path.join(name);
        self.disk.rename(&from, &path)?;
        let syncer = self.syncer.lock().map_err(|_| ended())?;
        let files = syncer.as_ref().map(|syncer| &syncer.files);
        let sent = files.ok_or_else(ended)?.send((file, path));
        sent.map_err(|_| ended())
    }

    /// Takes over a published file as `name`: as another link to it, or as a copy where the disk
    /// makes no more links. False when it is not, or no longer, of these bytes; a link is believed
    /// by its size.
    pub(crate) fn take(&self, from: &Path, name: &str, bytes: u64, sha256: &str) -> Result<bool> {
        let found = std::fs::symlink_metadata(from);
        if !found.is_ok_and(|found| found.is_file() && found.len() == bytes) {
            return Ok(false);
        }
        if self.disk.link(from, &self.path.join(name)).is_ok() {
            return Ok(true);
        }
        self.copy(from, name, sha256)
    }

    /// Copies a file as `name`; false, and no copy, when it is of another digest.
    fn copy(&self, from: &Path, name: &str, sha256: &str) -> Result<bool> {
        let mut source = File::open(from).map_err(Error::io("read", from))?;
        let mut copy = self.create_file(name)?;
        let copied = std::io::copy(&mut source, &mut copy).map_err(Error::io("read", from));
        // what the disk said comes first
        let copy = copy.finish()?;
        copied?;
        if copy.sha256 == sha256 {
            return self.name(copy.file, name).map(|()| true);
        }
        self.remove(name)?;
        Ok(false)
    }

    /// Removes a file that is not to be published.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        self.disk.remove_file(&self.path.join(name))
    }

    /// Writes a whole file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut file = self.create_file(name)?;
        // a fault is told by `finish`
        let _ = file.write_all(bytes);
        self.name(file.finish()?.file, name)
    }

    /// Waits for the disk, and makes the directories durable too. Nothing may be staged afterwards.
    pub(crate) fn seal(&mut self, tables: &[String]) -> Result<()> {
        let syncer = self.syncer.get_mut().map_err(|_| ended())?.take();
        syncer.ok_or_else(ended)?.finish()?;
        for table in tables {
            self.disk.sync_dir(&self.path.join(table))?;
        }
        self.disk.sync_dir(&self.path)
    }

    /// Moves the directory to `path`, where it stays.
    pub(crate) fn publish(mut self, path: &Path) -> Result<()> {
        self.disk.rename(&self.path, path)?;
        self.keep = true;
        Ok(())
    }
}

/// A file being written: every byte goes through its digest on the way to the disk.
pub(crate) struct StagedFile {
    file: DiskFile,
    path: PathBuf,
    pending: Vec<u8>,
    digest: Sha256,
    bytes: u64,
    fault: Option<Error>,
}

/// Bytes that are gathered before they are digested and written, few enough to stay in the cache.
const PENDING: usize = 256 << 10;

/// A file that is written.
pub(crate) struct Staged {
    /// The file, and where it is.
    pub(crate) file: (DiskFile, PathBuf),
    /// Its size.
    pub(crate) bytes: u64,
    /// Its SHA-256 in lower-case hex.
    pub(crate) sha256: String,
}

impl StagedFile {
    /// Writes what is pending.
    ///
    /// # Errors
    /// The first fault of the disk since the file was begun.
    pub(crate) fn finish(mut self) -> Result<Staged> {
        // a fault is kept and told below
        let _ = self.drain();
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(Staged {
                file: (self.file, self.path),
                bytes: self.bytes,
                sha256: hex(&self.digest.finalize()),
            }),
        }
    }

    fn drain(&mut self) -> std::io::Result<()> {
        self.digest.update(&self.pending);
        let written = self.file.write_all(&self.pending);
        self.bytes += self.pending.len() as u64;
        self.pending.clear();
        written.map_err(|error| {
            // whoever writes through another writer has this one alone
            let same = match error.raw_os_error() {
                Some(code) => std::io::Error::from_raw_os_error(code),
                None => error.kind().into(),
            };
            let fault = Error::io("write", &self.path)(error);
            self.fault.get_or_insert(fault);
            same
        })
    }
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.pending.len() + bytes.len() > PENDING {
            self.drain()?;
        }
        self.pending.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.keep {
            // what cannot be removed here is removed by the next run
            let _ = self.disk.remove_tree(&self.path);
        }
    }
}

fn ended() -> Error {
    Error::Internal("staging has ended".to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a file to copy")]
    fn a_copy_is_made_of_the_recorded_bytes_alone() {
        let sink = tempfile::tempdir().unwrap();
        let from = sink.path().join("published");
        std::fs::write(&from, b"rows").unwrap();
        let staging = Staging::create(&Disk::default(), sink.path(), "run").unwrap();
        let sha256 = hex(&Sha256::digest(b"rows"));
        assert!(staging.copy(&from, "copy", &sha256).unwrap());
        let copy = staging.path().join("copy");
        assert_eq!(std::fs::read(&copy).unwrap(), b"rows");
        let mode = std::fs::metadata(&copy).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        std::fs::write(&from, b"ruin").unwrap();
        assert!(!staging.copy(&from, "other", &sha256).unwrap());
        assert!(!staging.path().join("other").exists());
    }
}
