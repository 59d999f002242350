//! The text forms of tokens and seals: RFC 4648 base32 (lowercase, no padding), lowercase
//! hexadecimal and base64url (no padding).
//!
//! Every byte string has exactly one text: decoding refuses another case, padding, stray characters
//! and bits beyond the last byte that are not zero.

use crate::error::Error;
use crate::lanes::{self, Lanes};

/// A way to write bytes as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// RFC 4648 base32 in lowercase without padding: `a-z2-7`.
    Base32,
    /// Lowercase hexadecimal.
    Hex,
    /// RFC 4648 base64url without padding: `A-Za-z0-9-_`.
    Base64Url,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 3] = [Self::Base32, Self::Hex, Self::Base64Url];

    /// The name of the encoding, as pipeline files write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base32 => "base32",
            Self::Hex => "hex",
            Self::Base64Url => "base64url",
        }
    }

    /// The number of characters that `n` bytes are written with.
    #[must_use]
    pub const fn encoded_len(self, n: usize) -> usize {
        (n * 8).div_ceil(self.bits())
    }

    /// Appends the text of `bytes`.
    pub fn encode(self, bytes: &[u8], out: &mut Vec<u8>) {
        lanes::encode(Lanes::best(), self, bytes, out);
    }

    /// Appends the texts of a whole column, back to back, each [`Encoding::encoded_len`] of `N`
    /// long.
    pub fn encode_all<const N: usize>(self, tokens: &[[u8; N]], out: &mut Vec<u8>) {
        self.encode_all_on(Lanes::best(), tokens, out);
    }

    /// Does the work of [`Encoding::encode_all`] on one path, or portably where the machine has no
    /// such path.
    pub fn encode_all_on<const N: usize>(
        self,
        lanes: Lanes,
        tokens: &[[u8; N]],
        out: &mut Vec<u8>,
    ) {
        lanes::encode_all(lanes.or_portable(), self, tokens, out);
    }

    /// Reads the bytes that `text` stands for.
    ///
    /// # Errors
    /// Refuses every text that [`Encoding::encode`] would not have written.
    pub fn decode(self, text: &str) -> Result<Vec<u8>, Error> {
        let refused = Error::NotCanonical {
            encoding: self.name(),
        };
        let mut bytes = Vec::with_capacity(text.len() * self.bits() / 8);
        let mut buffer = 0_u32;
        let mut filled = 0;
        for &character in text.as_bytes() {
            let digit = self.digit(character).ok_or(refused)?;
            buffer = (buffer << self.bits()) | u32::from(digit);
            filled += self.bits();
            if filled >= 8 {
                filled -= 8;
                let [.., byte] = (buffer >> filled).to_be_bytes();
                bytes.push(byte);
            }
        }
        // A whole unused character, or a bit beyond the last byte, would be a second text of these
        // bytes.
        let stray = buffer & ((1 << filled) - 1);
        if filled >= self.bits() || stray != 0 {
            return Err(refused);
        }
        Ok(bytes)
    }

    /// The number of bits that one character holds.
    pub(crate) const fn bits(self) -> usize {
        match self {
            Self::Base32 => 5,
            Self::Hex => 4,
            Self::Base64Url => 6,
        }
    }

    /// The characters in the order of their values.
    pub(crate) const fn alphabet(self) -> &'static [u8] {
        match self {
            Self::Base32 => b"abcdefghijklmnopqrstuvwxyz234567",
            Self::Hex => b"0123456789abcdef",
            Self::Base64Url => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        }
    }

    const fn digit(self, character: u8) -> Option<u8> {
        match (self, character) {
            (Self::Base32, b'a'..=b'z') => Some(character - b'a'),
            (Self::Base32, b'2'..=b'7') => Some(character - b'2' + 26),
            (Self::Hex | Self::Base64Url, b'0'..=b'9') => match self {
                Self::Hex => Some(character - b'0'),
                _ => Some(character - b'0' + 52),
            },
            (Self::Hex, b'a'..=b'f') => Some(character - b'a' + 10),
            (Self::Base64Url, b'A'..=b'Z') => Some(character - b'A'),
            (Self::Base64Url, b'a'..=b'z') => Some(character - b'a' + 26),
            (Self::Base64Url, b'-') => Some(62),
            (Self::Base64Url, b'_') => Some(63),
            _ => None,
        }
    }
}
