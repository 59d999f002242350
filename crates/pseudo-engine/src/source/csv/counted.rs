//! How many records there are before a place in a file, for messages and records that name rows.
//! A range counts once, when it is read or when it is first asked about: each of many slices may
//! ask, and none of them reads the file from its beginning.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use crate::Result;

/// What has been counted: by where a range begins, where it ends and how many records it has.
#[derive(Default)]
pub(in crate::source) struct Counted(Mutex<BTreeMap<u64, (u64, u64)>>);

/// What is known from one place on.
enum Known {
    /// A range ends there, and has so many records.
    Range(u64, u64),
    /// Nothing up to there.
    Gap(u64),
}

impl Counted {
    /// Remembers the records of a range that begins and ends between records.
    pub(in crate::source) fn add(&self, range: &Range<u64>, records: u64) {
        if let Ok(mut counted) = self.0.lock() {
            counted.insert(range.start, (range.end, records));
        }
    }

    /// Whether the records of `range` have been counted.
    pub(in crate::source) fn knows(&self, range: &Range<u64>) -> bool {
        let counted = self.0.lock();
        counted.is_ok_and(|c| {
            c.get(&range.start)
                .is_some_and(|(end, _)| *end == range.end)
        })
    }

    /// The records of `range`, which begins and ends between records; `count` counts those of a
    /// part that is not known.
    pub(in crate::source) fn records(
        &self,
        range: Range<u64>,
        mut count: impl FnMut(Range<u64>) -> Result<u64>,
    ) -> Result<u64> {
        let (mut at, mut sum) = (range.start, 0);
        while at < range.end {
            let (next, records) = match self.known(at, range.end) {
                Known::Range(next, records) => (next, records),
                Known::Gap(next) => {
                    let records = count(at..next)?;
                    self.add(&(at..next), records);
                    (next, records)
                }
            };
            (at, sum) = (next, sum + records);
        }
        Ok(sum)
    }

    /// What is known of `at..end`, which is not empty.
    fn known(&self, at: u64, end: u64) -> Known {
        let Ok(counted) = self.0.lock() else {
            return Known::Gap(end);
        };
        match counted.get(&at) {
            Some((next, records)) if *next <= end => Known::Range(*next, *records),
            _ => Known::Gap(counted.range(at + 1..end).next().map_or(end, |(at, _)| *at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_counts_twice() {
        let counted = Counted::default();
        // a record is ten bytes
        let mut read: Vec<u64> = Vec::new();
        let mut records = |end: u64| {
            let count = |part: Range<u64>| {
                read.extend(part.clone());
                Ok((part.end - part.start) / 10)
            };
            counted.records(100..end, count).unwrap()
        };
        assert_eq!(records(100), 0);
        assert_eq!(records(300), 20);
        counted.add(&(500..700), 20);
        counted.add(&(400..500), 10);
        assert_eq!(records(700), 60);
        counted.add(&(700..900), 20);
        assert_eq!(records(1_000), 90);
        assert_eq!(records(300), 20);
        read.sort_unstable();
        let unread = (100..400).chain(900..1_000);
        assert_eq!(read, unread.collect::<Vec<_>>());
        let within = counted.records(100..800, |part| Ok((part.end - part.start) / 10));
        assert_eq!(within.unwrap(), 70);
    }
}
