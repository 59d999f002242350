//! What a cell of a leak is by its form alone (TOKENS.md 4 and 5): a token, a seal, or neither.
//!
//! Leaks go through other hands: white space around a cell, another case where the alphabet has
//! one, a UUID with or without hyphens, bytes written as hexadecimal. What is cut short is neither.
//! A form proves nothing: any UUID has that of a token. Keys and published runs do.

use pseudo_token::Encoding;

/// A pseudonym, whatever it was written as.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Pseudonym {
    /// 16 or 32 bytes of an HMAC.
    Token(Vec<u8>),
    /// Version, key id, and what is sealed.
    Seal(Vec<u8>),
}

/// How a pseudonym is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Written {
    /// Base32 in lowercase.
    Base32,
    /// Hexadecimal, with hyphens or without.
    Hex,
    /// Base64url.
    Base64Url,
    /// Bytes.
    Binary,
}

impl Written {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base32 => "base32",
            Self::Hex => "hex",
            Self::Base64Url => "base64url",
            Self::Binary => "binary",
        }
    }
}

/// A pseudonym of a cell, how it is written, and whether that is how a run writes it.
pub(super) type Found = (Pseudonym, Written, bool);

/// The pseudonym that a cell of bytes is.
pub(super) fn of_bytes(cell: &[u8]) -> Option<Found> {
    let found = match cell.len() {
        16 | 32 => Pseudonym::Token(cell.to_vec()),
        _ if is_seal(cell) => Pseudonym::Seal(cell.to_vec()),
        _ => return None,
    };
    Some((found, Written::Binary, true))
}

/// The pseudonym that a text is, all of it.
pub(super) fn of_text(text: &str) -> Option<Found> {
    let word = text.trim();
    let is_trimmed = word.len() != text.len();
    let (pseudonym, written, is_plain) = of_word(word)?;
    Some((pseudonym, written, is_plain && !is_trimmed))
}

/// The pseudonyms that stand as words in a text.
pub(super) fn in_text(text: &str) -> impl Iterator<Item = Found> {
    let is_border = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    text.split(is_border)
        .map(|word| word.trim_matches(['-', '_']))
        .filter(|word| word.len() >= SHORTEST)
        .filter_map(of_word)
}

fn of_word(word: &str) -> Option<Found> {
    if !word.is_ascii() || word.len() < SHORTEST {
        return None;
    }
    if word.starts_with('A') && !word.starts_with("AE") {
        // the one alphabet in which case tells characters apart
        if let Some(seal) = decoded(Encoding::Base64Url, word).filter(|bytes| is_seal(bytes)) {
            return Some((Pseudonym::Seal(seal), Written::Base64Url, true));
        }
    }
    let lower = word.to_ascii_lowercase();
    let is_plain = lower == word;
    let bare = ["0x", "\\x"]
        .iter()
        .find_map(|lead| lower.strip_prefix(lead));
    let digits = bare.unwrap_or(&lower);
    let hex = match is_hyphenated(digits) {
        true => digits.replace('-', ""),
        false => digits.to_owned(),
    };
    if let Some(bytes) = decoded(Encoding::Hex, &hex) {
        let (found, _, _) = of_bytes(&bytes)?;
        return Some((found, Written::Hex, is_plain && bare.is_none()));
    }
    let bytes = decoded(Encoding::Base32, &lower)?;
    let (found, _, _) = of_bytes(&bytes)?;
    Some((found, Written::Base32, is_plain))
}

fn decoded(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    encoding.decode(text).ok()
}

/// Whether bytes are those of a seal: version 1, a key id, a synthetic IV and whole blocks.
fn is_seal(bytes: &[u8]) -> bool {
    let body = bytes.len().checked_sub(HEAD);
    bytes.first() == Some(&1) && body.is_some_and(|body| body >= 32 && body % 16 == 0)
}

/// The key id of a seal.
pub(super) fn key_id(seal: &[u8]) -> Option<u32> {
    let id = seal.get(1..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*id))
}

/// 8-4-4-4-12, as RFC 9562 writes a UUID.
fn is_hyphenated(text: &str) -> bool {
    let at = |place: usize| text.as_bytes().get(place) == Some(&b'-');
    text.len() == 36 && [8, 13, 18, 23].into_iter().all(at)
}

/// Characters of the shortest pseudonym.
const SHORTEST: usize = 26;
/// Version and key id of a seal.
const HEAD: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Option<(Vec<u8>, Written, bool)> {
        match of_text(text)? {
            (Pseudonym::Token(bytes), written, is_plain) => Some((bytes, written, is_plain)),
            _ => None,
        }
    }

    #[test]
    fn tokens_are_known_in_every_writing_and_not_when_cut() {
        let bytes: Vec<u8> = (0..32).map(|n| n * 7 + 3).collect();
        for length in [16, 32] {
            let bytes = &bytes[..length];
            for (encoding, written) in [
                (Encoding::Base32, Written::Base32),
                (Encoding::Hex, Written::Hex),
            ] {
                let mut text = Vec::new();
                encoding.encode(bytes, &mut text);
                let text = String::from_utf8(text).unwrap();
                assert_eq!(token(&text), Some((bytes.to_vec(), written, true)));
                let loud = format!(" {}\t", text.to_uppercase());
                assert_eq!(token(&loud), Some((bytes.to_vec(), written, false)));
                assert_eq!(token(&text[1..]), None);
                assert_eq!(token(&text[..text.len() - 1]), None);
            }
        }
        let uuid = token("03ABCDEF-0001-4002-8003-000000000004").unwrap();
        assert_eq!((uuid.0.len(), uuid.1), (16, Written::Hex));
        assert_eq!(token("03abcdef0001-4002-8003-000000000004"), None);
    }

    #[test]
    fn seals_are_known_by_their_head_and_their_length() {
        for blocks in [1_u8, 2, 5] {
            let seal: Vec<u8> = [1, 9, 8, 7, 6]
                .into_iter()
                .chain(0..16 + 16 * blocks)
                .collect();
            assert_eq!(key_id(&seal), Some(0x0908_0706));
            for encoding in Encoding::ALL {
                let mut text = Vec::new();
                encoding.encode(&seal, &mut text);
                let text = String::from_utf8(text).unwrap();
                let (found, _, _) = of_text(&text).unwrap();
                assert_eq!(found, Pseudonym::Seal(seal.clone()), "{encoding:?}");
                assert!(of_text(&text[..text.len() - 2]).is_none());
                let line = format!("seen \"{text}\", sold");
                assert_eq!(in_text(&line).count(), 1);
            }
        }
    }

    #[test]
    fn nothing_else_is_a_pseudonym() {
        for text in [
            "",
            "13800138000",
            "kanarie@example.com",
            "a long text of many words",
        ] {
            assert!(
                of_text(text).is_none() && in_text(text).next().is_none(),
                "{text}"
            );
        }
        assert!(of_bytes(&[0; 15]).is_none() && of_bytes(&[2; 37]).is_none());
    }
}
