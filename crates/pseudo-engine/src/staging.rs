//! Where unproved data lives: `sink/.staging/<run-id>`, removed on drop unless it was published.
//! Files are 0640 and directories 0750, whatever the umask adds.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

use crate::source::hex;
use crate::{Error, Result, publish};

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

    /// Begins a file.
    pub(crate) fn create_file(&self, name: &str) -> Result<StagedFile> {
        let path = self.path.join(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o640)
            .open(&path)
            .map_err(Error::io("create", &path))?;
        Ok(StagedFile {
            file,
            path,
            pending: Vec::with_capacity(PENDING),
            digest: Sha256::new(),
            bytes: 0,
            fault: None,
        })
    }

    /// Gives a file that is written its last name and hands it to the disk; [`Staging::seal`] waits
    /// for it.
    pub(crate) fn name(&self, (file, from): (File, PathBuf), name: &str) -> Result<()> {
        let path = self.path.join(name);
        publish::rename(&from, &path)?;
        let disk = self.disk.lock().map_err(|_| ended())?;
        let files = disk.as_ref().map(|disk| &disk.files).ok_or_else(ended)?;
        files.send((file, path)).map_err(|_| ended())
    }

    /// Writes a whole file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut file = self.create_file(name)?;
        // a fault is told by `finish`
        let _ = file.write_all(bytes);
        self.name(file.finish()?.file, name)
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

/// A file being written: every byte goes through its digest on the way to the disk.
pub(crate) struct StagedFile {
    file: File,
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
    pub(crate) file: (File, PathBuf),
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
            let kind = error.kind();
            let fault = Error::io("write", &self.path)(error);
            self.fault.get_or_insert(fault);
            kind.into()
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
