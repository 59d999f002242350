//! Finds ends of records near wanted offsets. What a byte means depends on all quotes before it;
//! but from any place every state a reader could be in comes to the same one within a few fields,
//! because a quote opens nothing in the middle of a field. Until then all of them are followed; a
//! part of a file where they stay apart, such as one without any quote, is settled from the part
//! before it.

use std::ops::Range;

use memchr::{memchr, memchr3};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::Dialect;
use super::machine::State;
use crate::Result;

/// The states to begin with where nothing is known.
const ANY: [State; 5] = [
    State::Field,
    State::Text,
    State::Quoted,
    State::Closed,
    State::Return,
];

/// Follows the quotes through bytes that are fed block by block.
struct Scan {
    dialect: Dialect,
    /// The state now for each state at the start.
    states: [State; 5],
    /// Offset of the next byte.
    at: u64,
    /// The first record end found at or behind this offset is the answer.
    wanted: u64,
    found: Option<u64>,
    /// Whether the last byte was a quote.
    behind_quote: bool,
}

/// What a part of a file tells by itself.
enum Part {
    /// The first record end behind the place where all states had become one.
    Cut(u64),
    /// The state at its end for each state at its start.
    Unsettled([State; 5]),
}

impl Scan {
    /// Begins at offset `at` in one of `states` and looks for a record end from `wanted` on.
    fn new(dialect: Dialect, states: [State; 5], at: u64, wanted: u64) -> Self {
        Self {
            dialect,
            states,
            at,
            wanted,
            found: None,
            behind_quote: false,
        }
    }

    /// Takes the next bytes; false when no more are needed.
    fn feed(&mut self, block: &[u8]) -> bool {
        let early = usize::try_from(self.wanted.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let (before, rest) = block.split_at(early.min(block.len()));
        self.follow(before);
        self.search(rest);
        self.found.is_none()
    }

    fn settled(&self) -> Option<State> {
        let (first, others) = self.states.split_first()?;
        others.iter().all(|state| state == first).then_some(*first)
    }

    /// Hops from quote to quote.
    fn follow(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = self.hop(rest, memchr(self.dialect.quote, rest));
        }
    }

    fn search(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(first) = rest.first().filter(|_| self.found.is_none()) {
            let settled = self.settled();
            if settled == Some(State::Return) {
                self.found = Some(self.at + u64::from(*first == b'\n'));
                return;
            }
            let quote = self.dialect.quote;
            let stop = match settled {
                Some(state) if state != State::Quoted => memchr3(quote, b'\n', b'\r', rest),
                // states fall in with each other here or at a quote: blocks decide nothing
                None if self.behind_quote => Some(0),
                _ => memchr(quote, rest),
            };
            let newline = stop.is_some_and(|stop| rest.get(stop) == Some(&b'\n'));
            rest = self.hop(rest, stop);
            if newline && settled.is_some() {
                self.found = Some(self.at);
            }
        }
    }

    /// Moves over `bytes` up to and with the byte at `stop`, no quote before which; to the end when
    /// there is none. What is left.
    fn hop<'b>(&mut self, bytes: &'b [u8], stop: Option<usize>) -> &'b [u8] {
        let (plain, rest) = bytes.split_at(stop.unwrap_or(bytes.len()).min(bytes.len()));
        if let Some(last) = plain.last() {
            self.each(|dialect, state| dialect.after_plain(state, *last));
            self.behind_quote = false;
        }
        self.at += plain.len() as u64;
        let Some((stop, rest)) = rest.split_first() else {
            return rest;
        };
        self.behind_quote = *stop == self.dialect.quote;
        if self.behind_quote {
            self.each(Dialect::after_quote);
        } else {
            self.each(|dialect, state| dialect.after_plain(state, *stop));
        }
        self.at += 1;
        rest
    }

    fn each(&mut self, next: impl Fn(Dialect, State) -> State) {
        for state in &mut self.states {
            *state = next(self.dialect, *state);
        }
    }
}

/// Reads a range of the file block by block until told to stop.
pub(super) trait Blocks: Sync {
    /// Hands the blocks of `range` to `each` until it answers false.
    fn blocks(&self, range: Range<u64>, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<()>;
}

/// Offsets, about `step` bytes apart, at which records of `body` end, found in parallel. None when
/// the file is known to end inside a quoted field.
pub(super) fn cuts(
    file: &dyn Blocks,
    dialect: Dialect,
    body: Range<u64>,
    step: u64,
) -> Result<Option<Vec<u64>>> {
    let scan = |range: Range<u64>, states: [State; 5], wanted: u64| -> Result<Scan> {
        let mut scan = Scan::new(dialect, states, range.start, wanted);
        file.blocks(range, &mut |block| scan.feed(block))?;
        Ok(scan)
    };
    let part = |index: u64| {
        let start = body.start + index * step;
        start..body.end.min(start + step)
    };
    let count = (body.end - body.start).div_ceil(step);
    let parts: Vec<Part> = (1..count)
        .into_par_iter()
        .map(|index| {
            let scan = scan(part(index), ANY, part(index).start)?;
            Ok(scan.found.map_or(Part::Unsettled(scan.states), Part::Cut))
        })
        .collect::<Result<_>>()?;
    let mut cuts = Vec::new();
    // the last place whose state is known
    let (mut at, mut state) = (body.start, State::Field);
    for (range, found) in (1..count).map(part).zip(parts) {
        match found {
            Part::Cut(cut) => {
                cuts.push(cut);
                (at, state) = (cut, State::Field);
            }
            Part::Unsettled(ends) => {
                let [start, ..] = scan(at..range.start, [state; 5], u64::MAX)?.states;
                cuts.extend(scan(range.clone(), [start; 5], range.start)?.found);
                let end = ANY.iter().zip(ends).find(|(any, _)| **any == start);
                (at, state) = (range.end, end.map_or(start, |(_, end)| end));
            }
        }
    }
    if at == body.end && state == State::Quoted {
        return Ok(None);
    }
    Ok(Some(cuts))
}

/// The cuts of [`cuts`], found from the front: for bytes that can only be had in order, or
/// be understood so.
pub(super) struct InOrder {
    /// From the beginning on, in the one state that is right.
    truth: Scan,
    /// From the beginning of a part on, in any state.
    any: Option<Scan>,
    /// The first record end of the part.
    first: Option<u64>,
    /// Where the part ends.
    end: u64,
    step: u64,
    cuts: Vec<u64>,
}

impl InOrder {
    /// Cuts what begins at `begin`, between records, every `step` bytes.
    pub(super) fn new(dialect: Dialect, begin: u64, step: u64) -> Self {
        Self {
            truth: Scan::new(dialect, [State::Field; 5], begin, u64::MAX),
            any: None,
            first: None,
            end: begin.saturating_add(step),
            step,
            cuts: Vec::new(),
        }
    }

    /// Takes the next bytes.
    pub(super) fn feed(&mut self, block: &[u8]) {
        let mut rest = block;
        while !rest.is_empty() {
            if self.truth.at == self.end {
                self.end_part();
                self.truth.wanted = self.end;
                self.any = Some(Scan::new(self.truth.dialect, ANY, self.end, self.end));
                self.end = self.end.saturating_add(self.step);
            }
            let room = usize::try_from(self.end - self.truth.at).unwrap_or(usize::MAX);
            let (part, later) = rest.split_at(room.min(rest.len()));
            if let Some(any) = self.any.as_mut().filter(|any| any.found.is_none()) {
                any.feed(part);
            }
            self.follow(part);
            rest = later;
        }
    }

    fn follow(&mut self, part: &[u8]) {
        let begin = self.truth.at;
        if !self.truth.feed(part) {
            self.first = self.truth.found.take();
            self.truth.wanted = u64::MAX;
            let read = usize::try_from(self.truth.at - begin).unwrap_or(usize::MAX);
            self.truth.feed(part.get(read..).unwrap_or_default());
        }
    }

    fn end_part(&mut self) {
        let first = self.first.take();
        if let Some(any) = self.any.take() {
            self.cuts.extend(any.found.or(first));
        }
    }

    /// How many bytes there have been behind the last cut.
    pub(super) fn behind(&self) -> u64 {
        let last = self.cuts.last().copied();
        self.truth.at - last.unwrap_or_default()
    }

    /// The cuts so far, and where the bytes end.
    pub(super) fn finish(mut self) -> (Option<Vec<u64>>, u64) {
        let is_unsettled = self.any.as_ref().is_some_and(|any| any.found.is_none());
        self.end_part();
        let [state, ..] = self.truth.states;
        let is_open = is_unsettled && state == State::Quoted;
        ((!is_open).then_some(self.cuts), self.truth.at)
    }
}

/// The ranges between `cuts`, from `start` to `end`.
pub(in crate::source) fn ranges(mut start: u64, cuts: &[u64], end: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::with_capacity(cuts.len() + 1);
    for end in cuts.iter().copied().chain([end]) {
        if start < end {
            ranges.push(start..end);
            start = end;
        }
    }
    ranges
}

#[cfg(test)]
mod tests;
