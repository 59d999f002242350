//! The text of a range of a file, read and decoded piece by piece.

use std::ops::Range;

use pseudo_policy::TextEncoding;

use super::encoding::Decode;
use super::{PIECE, Raw, length};
use crate::source::raw::Piece;
use crate::{Error, Result};

/// A buffer that holds the part of a range that is being worked on.
pub(in crate::source) struct Text<'a> {
    raw: &'a Raw,
    piece: Piece,
    decode: Decode,
    /// What of the range is still to be read.
    unread: Range<u64>,
    undecoded: Vec<u8>,
    /// The text that has been read and not been taken is at `from..to`.
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    /// Whether the range ends with it.
    pub(super) last: bool,
}

impl<'a> Text<'a> {
    pub(in crate::source) fn open(
        raw: &'a Raw,
        encoding: TextEncoding,
        range: Range<u64>,
    ) -> Result<Self> {
        let mut text = Self {
            raw,
            piece: raw.piece(range.clone())?,
            decode: Decode::new(encoding),
            unread: range,
            undecoded: Vec::new(),
            buffer: Vec::new(),
            from: 0,
            to: 0,
            last: false,
        };
        text.fill()?;
        Ok(text)
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.buffer.get(self.from..self.to).unwrap_or_default()
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.from += bytes;
    }

    /// Reads on; twice as much as is there, where that is not even one record.
    pub(super) fn fill(&mut self) -> Result<()> {
        self.buffer.copy_within(self.from..self.to, 0);
        (self.from, self.to) = (0, self.to - self.from);
        let left = length(self.unread.end - self.unread.start);
        let wanted = PIECE.max(self.to).min(left);
        self.last = wanted == left;
        let plain = self.decode.is_identity();
        let (into, at) = if plain {
            (&mut self.buffer, self.to)
        } else {
            (&mut self.undecoded, 0)
        };
        if into.len() < at + wanted {
            into.resize(at + wanted, 0);
        }
        let part = into.get_mut(at..at + wanted).unwrap_or_default();
        self.piece
            .read_exact_at(part, self.unread.start)
            .map_err(Error::io("read", &self.raw.location))?;
        self.unread.start += wanted as u64;
        if plain {
            self.to += wanted;
        } else {
            self.buffer.truncate(self.to);
            let raw = self.undecoded.get(..wanted).unwrap_or_default();
            self.decode.append(raw, self.last, &mut self.buffer);
            self.to = self.buffer.len();
        }
        Ok(())
    }
}
