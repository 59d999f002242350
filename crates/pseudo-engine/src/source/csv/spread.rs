//! Some ranges of whole records, spread over a large file, found without reading what lies between
//! them. Whether a byte stands inside quotes is known from the beginning of the file alone; here
//! both are tried, and that one is right which makes records of as many fields as the header has.

use std::ops::Range;

use super::encoding::is_ambiguous;
use super::machine::{Event, State};
use super::split::Blocks;
use super::{CsvFile, Slice};
use crate::Result;

impl CsvFile {
    /// At most `count` ranges of about `bytes` bytes, the first of them at the beginning; fewer
    /// where records cannot be told.
    pub(crate) fn spread(&self, count: u64, bytes: u64) -> Result<Vec<Slice>> {
        let length = self.raw.end().saturating_sub(self.body);
        let mut slices = Vec::new();
        for nth in 0..count {
            let start = self.body + length / count.max(1) * nth;
            if nth > 0 && is_ambiguous(self.encoding, self.dialect) {
                break;
            }
            let end = self.raw.end().min(start.saturating_add(bytes));
            slices.extend(self.records(start..end)?.map(Slice::Bytes));
        }
        Ok(slices)
    }

    /// The records that lie wholly within `range`.
    fn records(&self, range: Range<u64>) -> Result<Option<Range<u64>>> {
        let mut block = Vec::new();
        self.blocks(range.clone(), &mut |part| {
            block.extend_from_slice(part);
            true
        })?;
        let is_last = range.end == self.raw.end();
        let found = if range.start == self.body {
            self.ends(&block, State::Record, Some(0), is_last)
        } else {
            let (outside, inside) = (State::Text, State::Quoted);
            let ends = |state| self.ends(&block, state, None, is_last);
            match (ends(outside), ends(inside)) {
                // both may fall in with each other: from there on they are right
                (Some(one), Some(other)) => Some(
                    one.into_iter()
                        .filter(|end| other.binary_search(end).is_ok())
                        .collect(),
                ),
                (one, other) => one.or(other),
            }
        };
        let found = found.unwrap_or_default();
        let (Some(first), Some(last)) = (found.first(), found.last()) else {
            return Ok(None);
        };
        Ok((first < last).then_some(range.start + first..range.start + last))
    }

    /// Where records of a block end, read from `state`: none where one that begins in the block has
    /// not as many fields as the header. What ends at `begin` has been read before.
    fn ends(
        &self,
        block: &[u8],
        mut state: State,
        begin: Option<u64>,
        is_last: bool,
    ) -> Option<Vec<u64>> {
        let width = self.schema.fields().len();
        let (mut fields, mut ends) = (1, Vec::from_iter(begin));
        for (next, &byte) in (1..).zip(block) {
            let event;
            (state, event) = self.dialect.step(state, byte, width == 1);
            match event {
                Event::Field => fields += 1,
                Event::Record => {
                    if fields != width && !ends.is_empty() {
                        return None;
                    }
                    ends.push(next);
                    fields = 1;
                }
                Event::Nothing | Event::Byte => {}
            }
        }
        if is_last {
            ends.push(block.len() as u64);
        }
        Some(ends)
    }
}
