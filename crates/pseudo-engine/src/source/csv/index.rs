//! Where the fields of regular text are, 64 bytes at a time, without a branch per byte: bit masks
//! of quotes, delimiters and newlines; a running exclusive-or over the quotes tells what is inside
//! them. Text that is irregular is left to the grammar: a quote in the middle of a field, text
//! behind a closed one, a lone CR, an empty line, a record of another width.

use memchr::memchr_iter;

use super::Dialect;

/// The fields of the complete records at the front of a text.
#[derive(Default)]
pub(super) struct Index {
    /// Where each field begins, and one more; a field ends one byte before the next begins.
    starts: Vec<u32>,
    /// Complete records.
    rows: usize,
    /// A quoted field may hold `""`.
    escapes: bool,
    /// Records end with CR LF.
    returns: bool,
}

/// The bytes of a block that are of a class, one bit each.
#[derive(Clone, Copy, Default)]
struct Masks {
    quotes: u64,
    delimiters: u64,
    newlines: u64,
    returns: u64,
}

/// What the blocks before leave for the next one.
#[derive(Clone, Copy)]
struct Carry {
    /// All ones inside quotes.
    quoted: u64,
    /// One when the last byte ended a field.
    ended: u64,
    /// One when the last byte was a quote that closed a field.
    closed: u64,
}

impl Index {
    /// Finds the fields of records of `width` fields. `last` when the text ends with them; false
    /// when it is not regular.
    pub(super) fn build(
        &mut self,
        text: &[u8],
        dialect: Dialect,
        width: usize,
        last: bool,
    ) -> bool {
        self.starts.clear();
        self.starts.push(0);
        (self.rows, self.escapes) = (0, false);
        let (Some(returns), Ok(_)) = (line_ends(text, last), i32::try_from(text.len())) else {
            return false;
        };
        self.returns = returns;
        let mut carry = Carry {
            quoted: 0,
            ended: 1,
            closed: 0,
        };
        let (blocks, rest) = text.as_chunks::<64>();
        let mut base = 0;
        for block in blocks {
            if !self.block(dialect.masks(block, returns), base, width, &mut carry) {
                return false;
            }
            base += 64;
        }
        let mut block = [0; 64];
        block
            .iter_mut()
            .zip(rest)
            .for_each(|(to, from)| *to = *from);
        let masks = dialect.masks(&block, returns).until(rest.len());
        if !self.block(masks, base, width, &mut carry) {
            return false;
        }
        if last && self.end(self.rows, width) < text.len() {
            // the end of the range ends its last record, unless that is inside quotes
            let after = u32::try_from(text.len() + 1).unwrap_or(u32::MAX);
            self.starts.push(after);
            self.rows += 1;
            return carry.quoted == 0 && self.starts.len() == self.rows * width + 1;
        }
        true
    }

    /// The number of complete records.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether a quoted field may hold `""`.
    pub(super) fn escapes(&self) -> bool {
        self.escapes
    }

    /// Where the first `rows` records of `width` fields end.
    pub(super) fn end(&self, rows: usize, width: usize) -> usize {
        self.starts
            .get(rows * width)
            .map_or(0, |start| *start as usize)
    }

    /// Start and end of field `field` of the first `rows` records. A CR before the newline is still
    /// a part of the last field.
    pub(super) fn fields(
        &self,
        field: usize,
        width: usize,
        rows: usize,
    ) -> impl Iterator<Item = (usize, usize)> {
        let from = |at: usize| self.starts.get(at..).unwrap_or_default().iter();
        let starts = from(field).step_by(width);
        let next = from(field + 1).step_by(width);
        let pair = |(start, next): (&u32, &u32)| (*start as usize, *next as usize - 1);
        starts.zip(next).take(rows).map(pair)
    }

    /// Whether records may end with CR LF.
    pub(super) fn returns(&self) -> bool {
        self.returns
    }

    /// Takes a block that begins at `base`; false when it is not regular.
    fn block(&mut self, masks: Masks, base: u32, width: usize, carry: &mut Carry) -> bool {
        let inside = running_xor(masks.quotes) ^ carry.quoted;
        let ends = (masks.delimiters | masks.newlines) & !inside;
        let (opening, closing) = (masks.quotes & inside, masks.quotes & !inside);
        let behind_end = (ends << 1) | carry.ended;
        let behind_closed = (closing << 1) | carry.closed;
        let stray = (opening & !(behind_end | behind_closed))
            | (behind_closed & !(ends | masks.quotes | masks.returns));
        if stray != 0 {
            return false;
        }
        self.escapes |= opening & behind_closed != 0;
        *carry = Carry {
            quoted: 0_u64.wrapping_sub(inside >> 63),
            ended: ends >> 63,
            closed: closing >> 63,
        };
        let before = self.starts.len();
        let mut newlines = masks.newlines & ends;
        while newlines != 0 {
            let below = newlines ^ (newlines - 1);
            let fields = before - 1 + (ends & below).count_ones() as usize;
            self.rows += 1;
            if fields != self.rows * width {
                return false;
            }
            newlines &= newlines - 1;
        }
        let mut left = ends;
        self.starts.extend((0..ends.count_ones()).map(|_| {
            let start = base + left.trailing_zeros() + 1;
            left &= left - 1;
            start
        }));
        true
    }
}

impl Dialect {
    /// Without `returns` there are none, and nobody looks.
    fn masks(self, block: &[u8; 64], returns: bool) -> Masks {
        // one byte per byte first, which compilers turn into vector instructions
        let mut classes = [0_u8; 64];
        for (class, byte) in classes.iter_mut().zip(block) {
            *class = u8::from(*byte == self.quote)
                | (u8::from(*byte == self.delimiter) << 1)
                | (u8::from(*byte == b'\n') << 2)
                | (u8::from(*byte == b'\r') << 3);
        }
        let mut masks = Masks::default();
        let (words, _) = classes.as_chunks::<8>();
        for (word, shift) in words.iter().zip((0..64).step_by(8)) {
            let word = u64::from_le_bytes(*word);
            masks.quotes |= gather(word) << shift;
            masks.delimiters |= gather(word >> 1) << shift;
            masks.newlines |= gather(word >> 2) << shift;
        }
        if returns {
            for (word, shift) in words.iter().zip((0..64).step_by(8)) {
                masks.returns |= gather(u64::from_le_bytes(*word) >> 3) << shift;
            }
        }
        masks
    }
}

impl Masks {
    /// The masks of a text that ends within the block: a quote may close a field at its end.
    fn until(self, length: usize) -> Self {
        let beyond = u64::MAX << length;
        Self {
            quotes: self.quotes & !beyond,
            delimiters: self.delimiters & !beyond,
            newlines: self.newlines & !beyond,
            returns: self.returns | beyond,
        }
    }
}

/// Whether any record may end with CR LF; None when a CR stands elsewhere.
fn line_ends(text: &[u8], last: bool) -> Option<bool> {
    let mut returns = false;
    for at in memchr_iter(b'\r', text) {
        returns = true;
        match text.get(at + 1) {
            Some(b'\n') => {}
            None if !last => {}
            _ => return None,
        }
    }
    Some(returns)
}

/// The lowest bits of eight bytes, as one byte: the products of the set bits do not overlap.
fn gather(word: u64) -> u64 {
    (word & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Each bit becomes the exclusive-or of itself and all lower ones.
fn running_xor(bits: u64) -> u64 {
    [1, 2, 4, 8, 16, 32]
        .iter()
        .fold(bits, |bits, shift| bits ^ (bits << shift))
}
