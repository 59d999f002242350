//! Bytes of the file to UTF-8. In GB18030 the second and fourth byte of a character may look like
//! an ASCII letter, digit or `|`, but never like a newline, a quotation mark or a comma.

use encoding_rs::{Decoder, DecoderResult, GB18030};
use pseudo_policy::TextEncoding;

use super::Dialect;

/// Stands for bytes that are no character: it is no UTF-8 either, so that the field it ends up in
/// is refused like any other that is not text.
const MALFORMED: u8 = 0xFF;

/// Decodes a range piece by piece.
pub(super) enum Decode {
    Utf8,
    Gb18030(Box<Decoder>),
}

impl Decode {
    pub(super) fn new(encoding: TextEncoding) -> Self {
        match encoding {
            TextEncoding::Utf8 => Self::Utf8,
            TextEncoding::Gb18030 => {
                Self::Gb18030(Box::new(GB18030.new_decoder_without_bom_handling()))
            }
        }
    }

    /// Whether bytes are taken as they are.
    pub(super) fn is_identity(&self) -> bool {
        matches!(self, Self::Utf8)
    }

    /// Appends the text of `bytes` to `text`; `last` when the range ends with them.
    pub(super) fn append(&mut self, bytes: &[u8], last: bool, text: &mut Vec<u8>) {
        let Self::Gb18030(decoder) = self else {
            text.extend_from_slice(bytes);
            return;
        };
        let mut rest = bytes;
        loop {
            let room = decoder.max_utf8_buffer_length_without_replacement(rest.len());
            let start = text.len();
            text.resize(start + room.unwrap_or(rest.len()), 0);
            let free = text.get_mut(start..).unwrap_or_default();
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(rest, free, last);
            text.truncate(start + written);
            rest = rest.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => text.push(MALFORMED),
            }
        }
    }
}

/// The byte order mark of an encoding.
pub(super) fn mark(encoding: TextEncoding) -> &'static [u8] {
    match encoding {
        TextEncoding::Utf8 => b"\xEF\xBB\xBF",
        TextEncoding::Gb18030 => b"\x84\x31\x95\x33",
    }
}

/// What an invalid field is not.
pub(super) fn fault(encoding: TextEncoding) -> &'static str {
    match encoding {
        TextEncoding::Utf8 => "not valid UTF-8",
        TextEncoding::Gb18030 => "not valid GB18030",
    }
}

/// Whether the delimiter or the quote may be a part of a longer character.
pub(super) fn is_ambiguous(encoding: TextEncoding, dialect: Dialect) -> bool {
    let trails = |byte: u8| matches!(byte, b'0'..=b'9' | 0x40..=0x7E);
    encoding == TextEncoding::Gb18030 && (trails(dialect.delimiter) || trails(dialect.quote))
}

/// Hides the bytes of longer characters that look like ASCII, so that what is left can be cut at
/// delimiters, quotes and newlines without decoding.
#[derive(Default)]
pub(super) struct Mask {
    /// Bytes of the character that have been read: none, or one to three.
    read: u8,
    block: Vec<u8>,
}

impl Mask {
    /// The next bytes of the file, as many as they are.
    pub(super) fn apply<'b>(&'b mut self, encoding: TextEncoding, block: &'b [u8]) -> &'b [u8] {
        if encoding == TextEncoding::Utf8 {
            return block;
        }
        self.block.clear();
        for byte in block {
            let (read, hidden) = match (self.read, byte) {
                (1, b'0'..=b'9') => (2, true),
                (2, 0x81..=0xFE) => (3, false),
                (3, b'0'..=b'9') => (0, true),
                // a third byte without a fourth begins a character
                (1 | 3, 0x40..=0x7E) => (0, true),
                (1 | 3, 0x80..=0xFE) => (0, false),
                (_, 0x81..=0xFE) => (1, false),
                _ => (0, false),
            };
            self.read = read;
            self.block.push(if hidden { MALFORMED } else { *byte });
        }
        &self.block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text of five of these bytes, which are all that matters to a decoder.
    #[test]
    fn what_is_hidden_is_a_part_of_a_character() {
        const BYTES: [u8; 8] = [b'0', b'|', b'\n', 0x7F, 0x80, 0x81, 0xFE, 0xFF];
        for number in 0..BYTES.len().pow(5) {
            let text: Vec<u8> = (0..5).map(|at| BYTES[(number >> (3 * at)) % 8]).collect();
            let mut decoded = Vec::new();
            Decode::new(TextEncoding::Gb18030).append(&text, true, &mut decoded);
            let count = |bytes: &[u8], of: u8| bytes.iter().filter(|byte| **byte == of).count();
            let mut mask = Mask::default();
            let masked = mask.apply(TextEncoding::Gb18030, &text);
            for of in [b'|', b'\n'] {
                assert_eq!(count(masked, of), count(&decoded, of), "{text:x?}");
            }
        }
    }
}
