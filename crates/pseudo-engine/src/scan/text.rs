//! Text of no format that is known: line by line, and a long line piece by piece.

use std::io::{self, Read};

use memchr::memrchr;

use super::look::{Look, ROOM, decoded};
use super::open::Stream;
use super::{Fault, Looked, Place};

/// Looks at the lines of a file, the first `limit` of them.
pub(super) fn look(stream: Stream, limit: u64) -> Looked {
    let mut look = Look::new(ROOM);
    let mut lines = Lines::new(stream, PIECE);
    let (mut rows, mut fault) = (0, None);
    while rows < limit {
        match lines.next() {
            Ok(Some(line)) => {
                rows += u64::from(line.is_first);
                add(&mut look, line.bytes);
            }
            Ok(None) => break,
            Err(error) => {
                fault = Some(Fault::Io(error));
                break;
            }
        }
    }
    Looked {
        rows,
        findings: look.finish(Place::Text, None),
        fault,
    }
}

/// Adds a line, cut behind each of its long numbers: of one text one number of a kind counts.
pub(super) fn add(look: &mut Look, line: &[u8]) {
    let text = decoded(line);
    let mut rest: &str = &text;
    let mut run = 0;
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte.is_ascii_digit() || run >= LONG_NUMBER && matches!(byte, b'x' | b'X') {
            run += 1;
            continue;
        }
        if run >= LONG_NUMBER
            && byte.is_ascii()
            && let Some((number, behind)) = rest.split_at_checked(at - start)
        {
            look.add_text(number, 1);
            (rest, start) = (behind, at);
        }
        run = 0;
    }
    look.add_text(rest, 1);
}

/// A line, or a piece of one.
pub(super) struct Line<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether the line begins with it.
    pub(super) is_first: bool,
    /// Whether the line ends with it.
    pub(super) is_last: bool,
}

/// The lines of a stream, without their ends, in pieces of at most a number of bytes.
pub(super) struct Lines {
    stream: Stream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes from `start` on without a newline.
    known: usize,
    longest: usize,
    is_first: bool,
    done: bool,
}

impl Lines {
    pub(super) fn new(stream: Stream, longest: usize) -> Self {
        Self {
            stream,
            buffer: vec![0; BLOCK],
            start: 0,
            end: 0,
            known: 0,
            longest,
            is_first: true,
            done: false,
        }
    }

    /// The next line or piece, and None behind the last.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            let text = self.buffer.get(self.start..self.end).unwrap_or_default();
            let unknown = text.get(self.known..).unwrap_or_default();
            let newline = memchr::memchr(b'\n', unknown).map(|at| at + self.known);
            let (length, skip, is_last) = match newline {
                Some(at) if at <= self.longest => (at, 1, true),
                _ if text.len() > self.longest => (cut(text, self.longest), 0, false),
                _ if self.done && text.is_empty() => return Ok(None),
                _ if self.done => (text.len(), 0, true),
                _ => {
                    self.known = text.len();
                    self.fill()?;
                    continue;
                }
            };
            let (from, is_first) = (self.start, self.is_first);
            self.start += length + skip;
            self.known = 0;
            self.is_first = is_last;
            let bytes = self.buffer.get(from..from + length).unwrap_or_default();
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            return Ok(Some(Line {
                bytes,
                is_first,
                is_last,
            }));
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let length = read(&mut self.stream, room)?;
        self.end += length;
        self.done = length == 0;
        Ok(())
    }
}

/// Reads some bytes; none at the end alone.
pub(super) fn read(stream: &mut Stream, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Where a piece of at most `longest` bytes ends: between words, if there are any.
fn cut(text: &[u8], longest: usize) -> usize {
    let piece = text.get(..longest).unwrap_or(text);
    let tail = piece.len().saturating_sub(TAIL);
    let end = piece.get(tail..).unwrap_or_default();
    let space = memrchr(b' ', end).or_else(|| end.iter().rposition(|byte| is_border(*byte)));
    let word = space.map(|at| tail + at + 1);
    let is_start = |at: &usize| text.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80);
    let character = || (1..=piece.len()).rev().find(is_start);
    word.or_else(character).unwrap_or(piece.len()).max(1)
}

/// Whether a byte is within no identifier.
pub(super) fn is_border(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_punctuation() && !b"@._-+".contains(&byte)
}

/// Bytes that are read at a time.
const BLOCK: usize = 256 << 10;
/// Bytes of a piece of a long line.
const PIECE: usize = 4 << 10;
/// How far from its end a piece is cut.
const TAIL: usize = 512;
/// Digits of a number that may be an identifier.
const LONG_NUMBER: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str, longest: usize) -> Vec<(String, bool, bool)> {
        let stream = io::Cursor::new(text.as_bytes().to_vec());
        let mut lines = Lines::new(Box::new(stream), longest);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let text = String::from_utf8(line.bytes.to_vec()).unwrap();
            found.push((text, line.is_first, line.is_last));
        }
        found
    }

    #[test]
    fn lines_come_whole_and_long_ones_in_pieces() {
        let line = |text: &str| (text.to_owned(), true, true);
        let short = ["a", "b", "", "c"].map(line);
        assert_eq!(pieces("a\r\nb\n\nc", 10), short);
        assert_eq!(pieces("", 10), []);
        let long = pieces("one two three\nend\n", 8);
        let piece = |text: &str, first, last| (text.to_owned(), first, last);
        let expected = [
            piece("one two ", true, false),
            piece("three", false, true),
            piece("end", true, true),
        ];
        assert_eq!(long, expected);
        let solid = pieces(&"京".repeat(5), 8);
        assert_eq!(solid.concat_texts(), "京".repeat(5));
    }

    trait Texts {
        fn concat_texts(&self) -> String;
    }

    impl Texts for Vec<(String, bool, bool)> {
        fn concat_texts(&self) -> String {
            self.iter().map(|(text, _, _)| text.as_str()).collect()
        }
    }

    #[test]
    fn a_block_is_no_border() {
        let text: String = (0..60_000).map(|n| format!("line {n}\n")).collect();
        let found = pieces(&text, PIECE);
        assert_eq!(found.len(), 60_000);
        assert_eq!(found[59_999].0, "line 59999");
    }
}
