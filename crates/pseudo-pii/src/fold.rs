//! The prelude of dirty values without Unicode tables: what people and programs add to a value is
//! mostly one of a few characters, whose fate under the prelude is known beforehand.
//!
//! Each of them becomes printable ASCII, a character that NFKC keeps and never composes, or
//! nothing; a value that holds any other character is left to the prelude as it is defined.

/// Bytes of the longest text that is worked on in place.
pub(crate) const ROOM: usize = 128;

/// Answers what the prelude makes of a value, but for its ends; `None` where it has to be asked.
pub(crate) fn folded<'r>(value: &str, room: &'r mut [u8; ROOM]) -> Option<&'r str> {
    let mut text = Text { room, len: 0 };
    let mut rest = value.as_bytes();
    if rest.len() > text.room.len() {
        return None;
    }
    loop {
        // A text never grows: there is room for every byte.
        rest = match rest {
            [] => return Some(text.into_str()),
            [byte @ 0x20..=0x7E, tail @ ..] => text.with([*byte], tail),
            // White space among the controls, and beyond ASCII.
            [0x09..=0x0D, tail @ ..]
            | [0xC2, 0x85 | 0xA0, tail @ ..]
            | [0xE2, 0x80, 0x80..=0x8A | 0xAF, tail @ ..]
            | [0xE2, 0x81, 0x9F, tail @ ..]
            | [0xE3, 0x80, 0x80, tail @ ..] => text.with(*b" ", tail),
            // Other controls, and characters that are not seen.
            [0x00..=0x1F | 0x7F, tail @ ..]
            | [0xC2, 0x80..=0x9F | 0xAD, tail @ ..]
            | [0xE2, 0x80, 0x8B..=0x8F | 0xAA..=0xAE, tail @ ..]
            | [0xE2, 0x81, 0xA0..=0xA4, tail @ ..]
            | [0xEF, 0xBB, 0xBF, tail @ ..] => tail,
            // Full width.
            [0xEF, 0xBC, c @ 0x81..=0xBF, tail @ ..] => text.with([c - 0x60], tail),
            [0xEF, 0xBD, c @ 0x80..=0x9E, tail @ ..] => text.with([c - 0x20], tail),
            // Dashes, the middle dot, the minus sign, Chinese comma and full stop, and common
            // Han characters stay.
            [0xE2, 0x80, 0x91, tail @ ..] => text.with([0xE2, 0x80, 0x90], tail),
            [0xC2, 0xB7, tail @ ..] => text.with([0xC2, 0xB7], tail),
            [a @ 0xE2, b @ 0x80, c @ (0x90 | 0x92..=0x95), tail @ ..]
            | [a @ 0xE2, b @ 0x88, c @ 0x92, tail @ ..]
            | [a @ 0xE3, b @ 0x80, c @ 0x81..=0x82, tail @ ..]
            | [a @ 0xE4, b @ 0xB8..=0xBF, c, tail @ ..]
            | [a @ 0xE5..=0xE9, b, c, tail @ ..] => text.with([*a, *b, *c], tail),
            _ => return None,
        };
    }
}

/// Answers an ASCII text without separators, its letters in upper case where `raised`; `None` for a
/// text that is too long or not ASCII.
pub(crate) fn code<'r>(text: &str, raised: bool, room: &'r mut [u8; ROOM]) -> Option<&'r str> {
    if text.len() > room.len() || !text.is_ascii() {
        return None;
    }
    let mut code = Text { room, len: 0 };
    for byte in text.bytes() {
        let kept = CODE[usize::from(byte)];
        if let Some(place) = code.room.get_mut(code.len) {
            *place = if raised { kept } else { byte };
        }
        code.len += usize::from(kept != 0);
    }
    Some(code.into_str())
}

/// A text under construction.
struct Text<'r> {
    room: &'r mut [u8; ROOM],
    len: usize,
}

impl<'r> Text<'r> {
    /// Appends bytes, and answers what is left of the value behind them.
    fn with<'t, const N: usize>(&mut self, bytes: [u8; N], tail: &'t [u8]) -> &'t [u8] {
        for byte in bytes {
            if let Some(place) = self.room.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
        tail
    }

    fn into_str(self) -> &'r str {
        let bytes = self.room.get(..self.len).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

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
