//! One run per sink. The lock is the kernel's (flock), so that it ends with its holder however that
//! ends; the file's text only names the holder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::{Error, Result};

/// Held until dropped.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of `sink` for the process `pid`, whose run began at `started`.
    pub(crate) fn take(sink: &Path, started: &str) -> Result<Self> {
        let path = sink.join(".lock");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o640)
            .open(&path)
            .map_err(Error::io("create", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // the text is a courtesy: a holder that has not written it yet is held all the same
                let _ = file.read_to_string(&mut holder);
                let holder = holder.lines().next().map(str::to_owned);
                return Err(Error::Locked { holder });
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
        }
        let text = format!("pid {}, started {started}\n", std::process::id());
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()));
        written.map_err(Error::io("write", &path))?;
        Ok(Self { _file: file })
    }
}
