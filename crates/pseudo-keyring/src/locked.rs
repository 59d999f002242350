//! Secrets at rest in memory: on pages of their own, which are locked (`mlock`) so that they are
//! not swapped out, left out of core dumps, and erased before they are given back.
//!
//! Locking is subject to the system's limit (`ulimit -l`): where that refuses, the page is used as
//! it is. Copies are made for the length of one derivation and erased.

use std::fmt;
use std::ops::Deref;

use memmap2::{Advice, MmapMut};
use zeroize::Zeroize;

use crate::Error;

/// Bytes that do not reach swap or a core dump where the system allows it.
pub(crate) struct Locked {
    pages: MmapMut,
    len: usize,
}

impl Locked {
    /// Copies the bytes, which are for the caller to erase.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, Error> {
        let mut pages = MmapMut::map_anon(bytes.len().max(1)).map_err(|_| Error::Memory)?;
        // Both are best effort, and come before the bytes do.
        let _ = pages.lock();
        let _ = pages.advise(Advice::DontDump);
        let room = pages.get_mut(..bytes.len()).ok_or(Error::Memory)?;
        room.copy_from_slice(bytes);
        let len = bytes.len();
        Ok(Self { pages, len })
    }
}

impl Deref for Locked {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.pages.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Debug for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locked(..)")
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.pages.zeroize();
    }
}
