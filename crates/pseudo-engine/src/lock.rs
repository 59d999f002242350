//! One run per sink. The lock is the kernel's (flock), so that it ends with its holder however that
//! ends; the file's text only names the holder.

use std::fs::TryLockError;
use std::io::{Read, Write};
use std::path::Path;

use crate::disk::{Disk, DiskFile};
use crate::{Error, Result};

/// Held until dropped.
pub(crate) struct Lock {
    _file: DiskFile,
}

impl Lock {
    /// Takes the lock of `sink` for the process `pid`, whose run began at `started`.
    pub(crate) fn take(disk: &Disk, sink: &Path, started: &str) -> Result<Self> {
        let path = sink.join(".lock");
        let mut file = disk.append(&path)?;
        match file.get().try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // the text is a courtesy: a holder that has not written it yet is held all the same
                let _ = file.get().read_to_string(&mut holder);
                let holder = holder.lines().next().map(str::to_owned);
                return Err(Error::Locked { holder });
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
        }
        let text = format!("pid {}, started {started}\n", std::process::id());
        let written = file.empty().and_then(|()| file.write_all(text.as_bytes()));
        written.map_err(Error::io("write", &path))?;
        Ok(Self { _file: file })
    }
}
