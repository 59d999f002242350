//! Lines of a text that comes block by block: where it can be cut, and how many records it has.

use memchr::memchr;

/// Cuts behind the first line end of every part of `step` bytes but the first.
pub(super) struct Cuts {
    at: u64,
    /// Where the part ends.
    end: u64,
    step: u64,
    /// Whether the part waits for its cut.
    waits: bool,
    cuts: Vec<u64>,
}

impl Cuts {
    pub(super) fn new(begin: u64, step: u64) -> Self {
        Self {
            at: begin,
            end: begin.saturating_add(step),
            step,
            waits: false,
            cuts: Vec::new(),
        }
    }

    pub(super) fn feed(&mut self, block: &[u8]) {
        let mut rest = block;
        while !rest.is_empty() {
            if self.at == self.end {
                self.end = self.end.saturating_add(self.step);
                self.waits = true;
            }
            let room = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
            let (part, later) = rest.split_at(room.min(rest.len()));
            if self.waits
                && let Some(end) = memchr(b'\n', part)
            {
                self.cuts.push(self.at + end as u64 + 1);
                self.waits = false;
            }
            self.at += part.len() as u64;
            rest = later;
        }
    }

    /// How many bytes there have been behind the last cut.
    pub(super) fn behind(&self) -> u64 {
        self.at - self.cuts.last().copied().unwrap_or_default()
    }

    /// The cuts, and where the text ends.
    pub(super) fn finish(self) -> (Vec<u64>, u64) {
        (self.cuts, self.at)
    }
}

/// Counts lines that are not blank.
#[derive(Default)]
pub(super) struct Tally {
    ended: u64,
    /// Whether the line has more than spaces.
    begun: bool,
}

impl Tally {
    pub(super) fn add(&mut self, block: &[u8]) {
        for &byte in block {
            if byte == b'\n' {
                self.ended += u64::from(std::mem::take(&mut self.begun));
            } else {
                self.begun |= !is_space(byte);
            }
        }
    }

    pub(super) fn records(&self) -> u64 {
        self.ended + u64::from(self.begun)
    }
}

/// Whether nothing is on a line.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| is_space(*byte))
}

/// The space of JSON that is no line end.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}
