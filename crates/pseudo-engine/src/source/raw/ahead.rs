//! One place in a packed file, from which slices are handed to whichever thread asks for them. Only
//! unpacking is done one after the other; nobody waits for what another thread makes of a slice.
//!
//! Threads take chunks in order, and ask for their text about in order. A thread that is ahead of
//! another unpacks the text of the other's slice, too, and leaves it here: never more slices than
//! there are threads, each of which has been taken by one. Whoever asks for what is behind makes
//! the file be unpacked from its beginning again.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::unpack::Unpack;
use super::{PIECE, length};

#[derive(Default)]
pub(super) struct Ahead(Mutex<State>);

#[derive(Default)]
struct State {
    /// Where the slices end, by where they begin.
    slices: BTreeMap<u64, u64>,
    unpack: Option<Unpack>,
    /// The text of slices that have been passed and not been asked for, by where they begin.
    passed: BTreeMap<u64, Vec<u8>>,
    /// Slices that were handed out, by where they begin.
    handed: BTreeMap<u64, Weak<Vec<u8>>>,
}

impl Ahead {
    /// How the file has been cut.
    pub(super) fn expect(&self, slices: &[Range<u64>]) {
        let slices = slices.iter().map(|slice| (slice.start, slice.end));
        let mut state = self.state();
        state.slices = slices.collect();
        state.passed.clear();
    }

    /// The text of `range`; `open` begins at the beginning of the file.
    pub(super) fn take(
        &self,
        range: Range<u64>,
        open: impl FnOnce() -> io::Result<Unpack>,
    ) -> io::Result<Arc<Vec<u8>>> {
        let mut state = self.state();
        let text = match state.passed.remove(&range.start) {
            Some(text) if text.len() == length(range.end - range.start) => text,
            _ => state.unpack(&range, open)?,
        };
        let text = Arc::new(text);
        state.handed.retain(|_, held| held.strong_count() > 0);
        state.handed.insert(range.start, Arc::downgrade(&text));
        Ok(text)
    }

    /// The slices that are in somebody's hands and end at or before `end`.
    pub(super) fn held_before(&self, end: u64) -> Vec<(u64, Arc<Vec<u8>>)> {
        let state = self.state();
        let handed = state.handed.range(..end);
        let held = handed.filter_map(|(start, held)| Some((*start, held.upgrade()?)));
        held.filter(|(start, text)| start + text.len() as u64 <= end)
            .collect()
    }

    /// What another thread left is whole: it is replaced after it has been made.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn unpack(
        &mut self,
        range: &Range<u64>,
        open: impl FnOnce() -> io::Result<Unpack>,
    ) -> io::Result<Vec<u8>> {
        let mut unpack = match self.unpack.take() {
            Some(unpack) if unpack.at <= range.start => unpack,
            _ => open()?,
        };
        let most = rayon::current_num_threads();
        let between = self.slices.range(unpack.at..range.start);
        let near = between.count() <= most;
        let mut block = Vec::new();
        while unpack.at < range.start {
            let slice = self.slices.range(unpack.at..range.start).next();
            match slice.filter(|_| near) {
                Some((&start, &end)) if start == unpack.at && end <= range.start => {
                    let text = text(&mut unpack, end - start)?;
                    self.passed.insert(start, text);
                }
                next => {
                    block.resize(PIECE, 0);
                    let to = next.map_or(range.start, |(start, _)| *start);
                    unpack.skip(to, &mut block)?;
                }
            }
        }
        while self.passed.len() > most {
            self.passed.pop_first();
        }
        let text = text(&mut unpack, range.end - range.start)?;
        let is_last = self.slices.range(range.end..).next().is_none();
        self.unpack = (!is_last).then_some(unpack);
        Ok(text)
    }
}

/// The next `bytes` bytes.
fn text(unpack: &mut Unpack, bytes: u64) -> io::Result<Vec<u8>> {
    let mut text = vec![0; length(bytes)];
    if unpack.read(&mut text)? < text.len() {
        // another file than the one that was cut
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(text)
}
