//! Slices of text that can only be had from the front, as that of a packed file, or only be
//! understood so: those that the file would have if it were plain.

use std::ops::Range;

use super::encoding::Mask;
use super::split::{self, InOrder};
use super::{CsvFile, OPEN, RECORD_MAX, Slice};
use crate::{Error, Result};

/// How far into the text of a packed file a look at some of it goes: all before has to be unpacked.
const SPREAD_MAX: u64 = 1 << 30;

impl CsvFile {
    /// Reads the body up to `most` and cuts it into ranges of whole records, of about `bytes`
    /// bytes.
    pub(super) fn in_order(&self, path: &str, bytes: u64, most: u64) -> Result<Vec<Range<u64>>> {
        let body = self.body..most;
        // a slice of a packed file is unpacked into memory as a whole
        let longest = bytes.saturating_mul(3).saturating_add(RECORD_MAX as u64);
        let (mut mask, mut is_long) = (Mask::default(), false);
        let mut cuts = InOrder::new(self.dialect, body.start, bytes);
        self.raw.blocks(body.clone(), &mut |block| {
            cuts.feed(mask.apply(self.encoding, block));
            is_long = self.raw.is_packed() && cuts.behind() > longest;
            !is_long
        })?;
        if is_long {
            return Err(Error::source(path, "a record of over 16 MiB"));
        }
        let (cuts, end) = cuts.finish();
        if self.raw.is_packed() && end == most {
            // the last record may go on
            let cuts = cuts.unwrap_or_default();
            let end = cuts.last().copied().unwrap_or(body.start);
            return Ok(split::ranges(body.start, &cuts, end));
        }
        let cuts = cuts.ok_or_else(|| Error::source(path, OPEN))?;
        Ok(split::ranges(body.start, &cuts, end))
    }

    /// At most `count` slices of about `bytes` bytes, spread over the text of a packed file as far
    /// as it is looked at; all slices where there are no more.
    pub(crate) fn spread_packed(&self, path: &str, count: usize, bytes: u64) -> Result<Vec<Slice>> {
        let slices = self.in_order(path, bytes, SPREAD_MAX)?;
        let step = slices.len().div_ceil(count.max(1)).max(1);
        let chosen: Vec<Range<u64>> = slices.into_iter().step_by(step).collect();
        self.raw.expect(&chosen);
        Ok(chosen.into_iter().map(Slice::Bytes).collect())
    }
}
