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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;

    use super::*;

    /// The flags of the mapping that holds an address, as the kernel tells them.
    fn flags(address: usize) -> String {
        let maps = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
        let mut inside = false;
        for line in maps.lines() {
            let range = line
                .split(' ')
                .next()
                .and_then(|range| range.split_once('-'));
            let hex = |text: &str| usize::from_str_radix(text, 16).ok();
            if let Some((start, end)) = range.and_then(|(a, b)| Some((hex(a)?, hex(b)?))) {
                inside = (start..end).contains(&address);
            } else if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| inside) {
                return format!("{flags} ");
            }
        }
        String::new()
    }

    #[test]
    fn secrets_are_locked_and_not_dumped() {
        let locked = Locked::new(b"canary").unwrap();
        assert_eq!(&*locked, b"canary");
        assert_eq!(format!("{locked:?}"), "Locked(..)");
        let flags = flags(locked.as_ptr() as usize);
        assert!(flags.contains(" dd "), "{flags}");
        let limits = fs::read_to_string("/proc/self/limits").unwrap();
        let limit = limits
            .lines()
            .find(|line| line.starts_with("Max locked memory"))
            .unwrap();
        let limit = limit.split_whitespace().nth(3).unwrap();
        let may = limit.parse::<u64>().is_ok_and(|bytes| bytes >= 1 << 16) || limit == "unlimited";
        assert_eq!(flags.contains(" lo "), may, "{flags}, limit {limit}");
    }

    #[test]
    fn nothing_and_much_is_held() {
        assert_eq!(&*Locked::new(b"").unwrap(), b"");
        let much = vec![7; 10_000];
        assert_eq!(&*Locked::new(&much).unwrap(), much);
    }
}
