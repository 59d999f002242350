//! The bytes of a file of text, plain or packed by gzip or zstd. Packed bytes are unpacked in
//! memory alone, in order, and never more of them than slices are worked on.

mod ahead;
mod unpack;

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::ahead::Ahead;
use self::unpack::Unpack;
pub(crate) use self::unpack::{Packing, inner};
use crate::{Error, Result};

/// Bytes read at a time: text and index of so many stay in a core's cache.
pub(super) const PIECE: usize = 256 << 10;

/// The longest record of a packed file, and the longest first record of any: a slice of a packed
/// file is in memory as a whole.
pub(super) const RECORD_MAX: usize = 16 << 20;

/// A file of text, opened.
pub(super) struct Raw {
    pub(super) location: PathBuf,
    /// Its path relative to the root, for messages.
    path: String,
    /// Bytes of the text; those of a packed one are not known.
    size: u64,
    packed: Option<(Packing, Ahead)>,
}

/// The text of a range.
pub(super) enum Piece {
    /// It is read from the file.
    File(File),
    /// It is in memory; where it begins.
    Held(Arc<Vec<u8>>, u64),
}

impl Raw {
    /// Opens a file that is packed as its name says, and is not packed otherwise.
    pub(super) fn open(path: &str, location: PathBuf, size: u64) -> Result<Self> {
        let packing = Packing::of_name(path);
        let mut head = Vec::new();
        let file = File::open(&location).map_err(Error::io("read", &location))?;
        let read = file.take(4).read_to_end(&mut head);
        read.map_err(Error::io("read", &location))?;
        if let Some(fault) = unpack::misnamed(packing, &head) {
            return Err(Error::source(path, fault));
        }
        Ok(Self {
            location,
            path: path.to_owned(),
            size: if packing.is_some() { u64::MAX } else { size },
            packed: packing.map(|packing| (packing, Ahead::default())),
        })
    }

    pub(super) fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// Where the text ends at the latest.
    pub(super) fn end(&self) -> u64 {
        self.size
    }

    /// Hands the blocks of `range`, or of what there is of it, to `each` until it answers false.
    pub(super) fn blocks(
        &self,
        range: Range<u64>,
        each: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<()> {
        let mut block = vec![0; length(range.end - range.start).min(PIECE)];
        let mut at = range.start;
        let Some((packing, _)) = &self.packed else {
            let file = self.file()?;
            while at < range.end {
                let wanted = length(range.end - at).min(block.len());
                let part = block.get_mut(..wanted).unwrap_or_default();
                file.read_exact_at(part, at).map_err(self.unread())?;
                if !each(part) {
                    break;
                }
                at += wanted as u64;
            }
            return Ok(());
        };
        let mut unpack = self.unpack(*packing)?;
        self.told(*packing, unpack.skip(at, &mut block))?;
        while at < range.end {
            let wanted = length(range.end - at).min(block.len());
            let part = block.get_mut(..wanted).unwrap_or_default();
            let count = self.told(*packing, unpack.read(part))?;
            if count == 0 || !each(part.get(..count).unwrap_or_default()) {
                break;
            }
            at += count as u64;
        }
        Ok(())
    }

    /// Tells a packed file how it has been cut: which ranges will be asked for, about in order.
    pub(super) fn expect(&self, slices: &[Range<u64>]) {
        if let Some((_, ahead)) = &self.packed {
            ahead.expect(slices);
        }
    }

    /// The text of `range`.
    pub(super) fn piece(&self, range: Range<u64>) -> Result<Piece> {
        let Some((packing, ahead)) = &self.packed else {
            return Ok(Piece::File(self.file()?));
        };
        let open = || Unpack::open(&self.location, *packing);
        let text = self.told(*packing, ahead.take(range.clone(), open))?;
        Ok(Piece::Held(text, range.start))
    }

    /// Slices before `end` that are being worked on, where the file is packed: where they begin,
    /// and their text.
    pub(super) fn held_before(&self, end: u64) -> Vec<(u64, Arc<Vec<u8>>)> {
        let packed = self.packed.as_ref();
        packed.map_or_else(Vec::new, |(_, ahead)| ahead.held_before(end))
    }

    fn unpack(&self, packing: Packing) -> Result<Unpack> {
        self.told(packing, Unpack::open(&self.location, packing))
    }

    fn file(&self) -> Result<File> {
        File::open(&self.location).map_err(self.unread())
    }

    fn unread(&self) -> impl FnOnce(io::Error) -> Error {
        Error::io("read", &self.location)
    }

    /// What went wrong with a packed file: its disk, or what is in it.
    fn told<T>(&self, packing: Packing, result: io::Result<T>) -> Result<T> {
        result.map_err(|error| match packing.fault(&error) {
            Some(fault) => Error::source(&self.path, fault),
            None => self.unread()(error),
        })
    }
}

impl Piece {
    /// Fills `part` with the text from `at` on, a place within the range.
    pub(super) fn read_exact_at(&self, part: &mut [u8], at: u64) -> io::Result<()> {
        let (text, start) = match self {
            Self::File(file) => return file.read_exact_at(part, at),
            Self::Held(text, start) => (text, *start),
        };
        let from = length(at.saturating_sub(start));
        let held = text.get(from..from.saturating_add(part.len()));
        part.copy_from_slice(held.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// The first `most` bytes of the text of a file, which is packed as its name says.
pub(crate) fn head(location: &Path, most: usize) -> Result<Vec<u8>> {
    let size = std::fs::metadata(location).map_err(Error::io("read", location))?;
    let raw = Raw::open(&location.to_string_lossy(), location.to_owned(), size.len())?;
    let mut head = Vec::new();
    raw.blocks(0..raw.end().min(most as u64), &mut |block| {
        head.extend_from_slice(block);
        true
    })?;
    Ok(head)
}

/// A difference of offsets as a length in memory.
pub(super) fn length(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
