//! The prelude of dirty values without Unicode tables: what people and programs add to a value is
//! mostly one of a few characters, whose fate under the prelude is known beforehand.
//!
//! Each of them becomes printable ASCII, a character that NFKC keeps and never composes, or
//! nothing; a value that holds any other character is left to the prelude as it is defined.

/// A text of at most [`ROOM`] bytes that needs no allocation.
pub(crate) struct Short {
    bytes: [u8; ROOM],
    len: usize,
}

impl Short {
    /// Answers what the prelude makes of a value, but for its ends; `None` where it has to be
    /// asked.
    pub(crate) fn folded(value: &str) -> Option<Self> {
        let mut short = Self::empty();
        let mut rest = value.as_bytes();
        if rest.len() > ROOM {
            return None;
        }
        loop {
            // A text never grows: there is room for every byte.
            rest = match rest {
                [] => return Some(short),
                [byte @ 0x20..=0x7E, tail @ ..] => short.with(*byte, tail),
                // White space among the controls, and beyond ASCII.
                [0x09..=0x0D, tail @ ..]
                | [0xC2, 0x85 | 0xA0, tail @ ..]
                | [0xE2, 0x80, 0x80..=0x8A | 0xAF, tail @ ..]
                | [0xE2, 0x81, 0x9F, tail @ ..]
                | [0xE3, 0x80, 0x80, tail @ ..] => short.with(b' ', tail),
                // Other controls, and characters that are not seen.
                [0x00..=0x1F | 0x7F, tail @ ..]
                | [0xC2, 0x80..=0x9F | 0xAD, tail @ ..]
                | [0xE2, 0x80, 0x8B..=0x8F | 0xAA..=0xAE, tail @ ..]
                | [0xE2, 0x81, 0xA0..=0xA4, tail @ ..]
                | [0xEF, 0xBB, 0xBF, tail @ ..] => tail,
                // Full width.
                [0xEF, 0xBC, last @ 0x81..=0xBF, tail @ ..] => short.with(last - 0x60, tail),
                [0xEF, 0xBD, last @ 0x80..=0x9E, tail @ ..] => short.with(last - 0x20, tail),
                // Dashes, the middle dot, the minus sign and common Han characters stay.
                [0xE2, 0x80, 0x91, tail @ ..] => short.with_all([0xE2, 0x80, 0x90], tail),
                [a @ 0xE2, b @ 0x80, c @ (0x90 | 0x92..=0x95), tail @ ..]
                | [a @ 0xE2, b @ 0x88, c @ 0x92, tail @ ..]
                | [a @ 0xE5..=0xE9, b, c, tail @ ..]
                | [a @ 0xE4, b @ 0xB8..=0xBF, c, tail @ ..] => short.with_all([*a, *b, *c], tail),
                [a @ 0xC2, b @ 0xB7, tail @ ..] => short.with_all([*a, *b], tail),
                _ => return None,
            };
        }
    }

    /// Answers an ASCII text without separators, its letters in upper case where `raised`; `None`
    /// for a text that is too long or not ASCII.
    pub(crate) fn code(text: &str, raised: bool) -> Option<Self> {
        if text.len() > ROOM || !text.is_ascii() {
            return None;
        }
        let mut short = Self::empty();
        for byte in text.bytes() {
            let kept = CODE[usize::from(byte)];
            if let Some(place) = short.bytes.get_mut(short.len) {
                *place = if raised { kept } else { byte };
            }
            short.len += usize::from(kept != 0);
        }
        Some(short)
    }

    pub(crate) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    const fn empty() -> Self {
        Self {
            bytes: [0; ROOM],
            len: 0,
        }
    }

    fn with<'t>(&mut self, byte: u8, tail: &'t [u8]) -> &'t [u8] {
        self.with_all([byte], tail)
    }

    fn with_all<'t, const N: usize>(&mut self, bytes: [u8; N], tail: &'t [u8]) -> &'t [u8] {
        for byte in bytes {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
        tail
    }
}

/// Bytes of the longest text that is worked on in place.
const ROOM: usize = 64;

/// The ASCII letter in upper case, any other byte as it is, and 0 for a separator.
const CODE: [u8; 256] = {
    let mut code = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        code[byte as usize] = match byte {
            b'-' | b'.' | b'(' | b')' | b'_' | b'\'' | 0x09..=0x0D | b' ' => 0,
            _ => byte.to_ascii_uppercase(),
        };
        byte += 1;
    }
    code
};
