//! How keyrings and identity files reach the disk and come back: whole or not at all, for the owner
//! alone, and never over a file that is there, unless it is held for change.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place of this crate that changes files"
)]

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::Error;

/// Reads a regular file of at most [`LEN_MAX`] bytes.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    open(path).and_then(|file| read_open(path, file))
}

/// Reads a file that nobody but its owner can read.
pub(crate) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = open(path)?;
    // The open file is asked, not the path, so that nobody can swap one for the other between.
    let mode = file
        .metadata()
        .map_err(Error::io("read", path))?
        .permissions()
        .mode()
        & 0o7777;
    if mode & 0o077 != 0 {
        return Err(Error::Exposed {
            path: path.to_path_buf(),
            mode,
        });
    }
    read_open(path, file)
}

/// Refuses a path at which something is, if only a dangling link.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(Error::Exists {
            path: path.to_path_buf(),
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("create", path)(error)),
    }
}

/// Writes a file with mode 0600 that is not there yet; it appears whole and durable, or not at all.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    refuse_existing(path)?;
    let directory = directory(path);
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
        .create(directory)
        .map_err(Error::io("create", directory))?;

    let staged = Staged::new(directory)?;
    staged.write(bytes, |_| Ok(()))?;
    // A hard link, and not a rename: it is as atomic, and fails when the name is taken.
    match fs::hard_link(&staged.0, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Error::Exists {
                path: path.to_path_buf(),
            });
        }
        linked => linked.map_err(Error::io("create", path))?,
    }
    drop(staged);
    sync(directory)
}

/// Opens a file to change it, and reads it; nobody else holds it meanwhile.
pub(crate) fn hold(path: &Path) -> Result<(Held, Zeroizing<Vec<u8>>), Error> {
    let busy = || Error::Busy {
        path: path.to_path_buf(),
    };
    // A link is followed: what it leads to is replaced, and not the link.
    let real = fs::canonicalize(path).map_err(Error::io("read", path))?;
    let file = open(&real)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(busy()),
        Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
    }
    let held = file.metadata().map_err(Error::io("read", path))?;
    let there = fs::metadata(&real).map_err(Error::io("read", path))?;
    if (held.dev(), held.ino()) != (there.dev(), there.ino()) {
        // Somebody has put another file there between.
        return Err(busy());
    }
    let bytes = read_open(path, file.try_clone().map_err(Error::io("read", path))?)?;
    Ok((Held { path: real, file }, bytes))
}

/// A file that is held for change, until this is dropped.
pub(crate) struct Held {
    path: PathBuf,
    file: File,
}

impl Held {
    /// Puts other bytes in its place, at once and durable; owner and mode stay. On error the old
    /// file is as it was.
    #[expect(clippy::disallowed_methods, reason = "the keyring's own atomic write")]
    pub(crate) fn replace(self, bytes: &[u8]) -> Result<(), Error> {
        let path = &self.path;
        let old = self.file.metadata().map_err(Error::io("read", path))?;
        let directory = directory(path);
        let staged = Staged::new(directory)?;
        staged.write(bytes, |file| {
            let new = file.metadata()?;
            if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
                fchown(file, Some(old.uid()), Some(old.gid()))?;
            }
            file.set_permissions(old.permissions())
        })?;
        fs::rename(&staged.0, path).map_err(Error::io("replace", path))?;
        sync(directory)
    }
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn sync(directory: &Path) -> Result<(), Error> {
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(Error::io("write", directory))
}

fn open(path: &Path) -> Result<File, Error> {
    let not_a_file = || Error::NotAFile {
        path: path.to_path_buf(),
    };
    // Asked before opening too, for opening a pipe waits for its writer.
    if !fs::metadata(path)
        .map_err(Error::io("read", path))?
        .is_file()
    {
        return Err(not_a_file());
    }
    let file = File::open(path).map_err(Error::io("read", path))?;
    if !file.metadata().map_err(Error::io("read", path))?.is_file() {
        return Err(not_a_file());
    }
    Ok(file)
}

fn read_open(path: &Path, file: File) -> Result<Zeroizing<Vec<u8>>, Error> {
    let too_long = || Error::TooLong {
        path: path.to_path_buf(),
    };
    let len = file.metadata().map_err(Error::io("read", path))?.len();
    let len = usize::try_from(len)
        .ok()
        .filter(|len| *len <= LEN_MAX)
        .ok_or_else(too_long)?;
    // Room for all of it from the start: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(len + 1));
    file.take(len as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    if bytes.len() > len {
        // It grew while it was read, which no file of ours does.
        return Err(too_long());
    }
    Ok(bytes)
}

/// The path of a file that is not in place; the file is removed on drop.
struct Staged(PathBuf);

impl Staged {
    fn new(directory: &Path) -> Result<Self, Error> {
        let mut salt = [0_u8; 8];
        getrandom::fill(&mut salt).map_err(|_| Error::Random)?;
        let name = format!(".pseudo-{:016x}.tmp", u64::from_ne_bytes(salt));
        Ok(Self(directory.join(name)))
    }

    /// Writes the bytes with mode 0600, lets `finish` see to the rest, and reads them back.
    fn write(
        &self,
        bytes: &[u8],
        finish: impl FnOnce(&File) -> std::io::Result<()>,
    ) -> Result<(), Error> {
        let path = &self.0;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(path).map_err(Error::io("create", path))?;
        let written = file.write_all(bytes).and_then(|()| finish(&file));
        let written = written.and_then(|()| file.sync_all());
        written.map_err(Error::io("write", path))?;
        if read(path)?.as_slice() != bytes {
            return Err(Error::Damaged {
                path: path.clone(),
                part: "copy on the disk",
            });
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Best effort: what would be left is sealed or private, and in nobody's way.
        drop(fs::remove_file(&self.0));
    }
}

const LEN_MAX: usize = 256 * 1024;
