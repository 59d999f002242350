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
        let length = self.size.saturating_sub(self.body);
        let mut slices = Vec::new();
        for nth in 0..count {
            let start = self.body + length / count.max(1) * nth;
            if nth > 0 && is_ambiguous(self.encoding, self.dialect) {
                break;
            }
            let end = self.size.min(start.saturating_add(bytes));
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
        let is_last = range.end == self.size;
        let found = |state, is_first| self.whole(&block, state, is_first, is_last);
        let found = if range.start == self.body {
            found(State::Record, true)
        } else {
            match (found(State::Text, false), found(State::Quoted, false)) {
                (Some(found), None) | (None, Some(found)) => Some(found),
                _ => None,
            }
        };
        Ok(found.map(|found| range.start + found.start..range.start + found.end))
    }

    /// Where the whole records of a block begin and end, read from `state`; none where one has not
    /// as many fields as the header. A block that `is_first` begins with a record.
    fn whole(
        &self,
        block: &[u8],
        mut state: State,
        is_first: bool,
        is_last: bool,
    ) -> Option<Range<u64>> {
        let width = self.schema.fields().len();
        let (mut fields, mut start, mut end) = (1, is_first.then_some(0), None);
        for (next, &byte) in (1..).zip(block) {
            let event;
            (state, event) = self.dialect.step(state, byte, width == 1);
            match event {
                Event::Field => fields += 1,
                Event::Record => {
                    match start {
                        None => start = Some(next),
                        Some(_) if fields != width => return None,
                        Some(_) => end = Some(next),
                    }
                    fields = 1;
                }
                Event::Nothing | Event::Byte => {}
            }
        }
        let (start, end) = (
            start?,
            if is_last {
                Some(block.len() as u64)
            } else {
                end
            },
        );
        end.filter(|end| *end > start).map(|end| start..end)
    }
}
