//! Finds places between records, fed block by block. A quote opens a quoted field only at the start
//! of a field, and `""` inside one is a quote: so a stray quote in the middle of a field is text,
//! as it is for the record reader.

use memchr::memchr;

use super::Dialect;

/// Collects the first record end at or after every `step` bytes.
pub(crate) struct Splitter {
    dialect: Dialect,
    step: u64,
    /// Offset of the next byte to be fed.
    at: u64,
    /// No end before this offset is wanted.
    wanted: u64,
    quoted: bool,
    /// The byte before `at`; a newline at the start, because a record begins there.
    before: u8,
    /// Whether that byte closed a quoted field: a quote right behind it makes the pair an escaped
    /// one.
    closed: bool,
    ends: Vec<u64>,
}

impl Splitter {
    /// Starts at offset `start`, between two records.
    pub(crate) fn new(dialect: Dialect, start: u64, step: u64) -> Self {
        let wanted = start + step;
        Self {
            dialect,
            step,
            at: start,
            wanted,
            quoted: false,
            before: b'\n',
            closed: false,
            ends: Vec::new(),
        }
    }

    /// The first end found so far.
    pub(crate) fn first(&self) -> Option<u64> {
        self.ends.first().copied()
    }

    /// Takes the next bytes of the file.
    pub(crate) fn feed(&mut self, block: &[u8]) {
        let mut from = 0;
        while let Some(rest) = block.get(from..).filter(|rest| !rest.is_empty()) {
            let open = memchr(self.dialect.quote, rest).unwrap_or(rest.len());
            if !self.quoted {
                self.newlines(rest.get(..open).unwrap_or_default());
            }
            if open > 0 {
                self.before = rest.get(open - 1).copied().unwrap_or(self.before);
                self.closed = false;
            }
            self.at += open as u64;
            from += open;
            if open < rest.len() {
                let closes = self.quoted;
                self.quoted = !closes && (self.closed || self.field_begins());
                self.closed = closes;
                self.before = self.dialect.quote;
                self.at += 1;
                from += 1;
            }
        }
    }

    /// The ends found.
    ///
    /// # Errors
    /// When the file ends inside a quoted field.
    pub(crate) fn finish(self) -> Result<Vec<u64>, &'static str> {
        if self.quoted {
            Err("ends inside a quoted field")
        } else {
            Ok(self.ends)
        }
    }

    fn field_begins(&self) -> bool {
        self.before == self.dialect.delimiter || matches!(self.before, b'\n' | b'\r')
    }

    /// Notes ends in `text`, which begins at `self.at` and holds no quote.
    fn newlines(&mut self, text: &[u8]) {
        let mut from = 0;
        loop {
            // an end at offset e is wanted when e >= wanted, so its newline is at e - 1
            let skip = self.wanted.saturating_sub(1).saturating_sub(self.at);
            from = from.max(usize::try_from(skip).unwrap_or(usize::MAX));
            let Some(found) = text.get(from..).and_then(|rest| memchr(b'\n', rest)) else {
                return;
            };
            from += found + 1;
            let end = self.at + from as u64;
            self.ends.push(end);
            self.wanted = end + self.step;
        }
    }
}
