//! Values as the bytes that they may stand for: a thief takes what is written in hexadecimal, base32
//! or base64 for a hash, and tries the bytes.

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As they are.
    Binary,
    /// Hexadecimal in any case, with `0x` in front or with the hyphens of a UUID (RFC 9562).
    Hex,
    /// RFC 4648 in any case, with or without padding.
    Base32,
    /// RFC 4648, both alphabets, with or without padding.
    Base64,
}

/// The first bytes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bytes {
    /// The first sixteen, or zeros behind fewer.
    pub(super) first: [u8; 16],
    /// How many there are in all.
    pub(super) len: usize,
}

/// Fewer bytes than this are no hash: candidates would hit them by chance.
pub(super) const SHORTEST: usize = 8;

impl Encoding {
    const TEXTS: [Self; 3] = [Self::Hex, Self::Base32, Self::Base64];

    /// The word for it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Hex => "hex",
            Self::Base32 => "base32",
            Self::Base64 => "base64",
        }
    }

    /// The writing in which most of these texts are bytes.
    pub(super) fn of<'v>(texts: impl Iterator<Item = &'v [u8]> + Clone) -> Option<Self> {
        let count = texts.clone().count();
        Self::TEXTS.into_iter().find(|encoding| {
            let read = texts.clone().filter(|text| encoding.read(text).is_some());
            count > 0 && read.count() * 10 >= count * 9
        })
    }

    /// The bytes that a value stands for; None where it is not written so, or stands for too few.
    pub(super) fn read(self, value: &[u8]) -> Option<Bytes> {
        let text = match self {
            Self::Binary => {
                let mut first = [0; 16];
                first
                    .iter_mut()
                    .zip(value)
                    .for_each(|(place, byte)| *place = *byte);
                let len = value.len();
                return (len >= SHORTEST).then_some(Bytes { first, len });
            }
            Self::Hex => value.strip_prefix(b"0x").unwrap_or(value),
            Self::Base32 | Self::Base64 => value.trim_ascii_end(),
        };
        let (bits, table) = match self {
            Self::Base32 => (5, &BASE32),
            Self::Base64 => (6, &BASE64),
            Self::Hex | Self::Binary => (4, &HEX),
        };
        let is_uuid = self == Self::Hex && text.len() == 36;
        let (mut first, mut len) = ([0; 16], 0);
        let (mut buffer, mut filled) = (0_u32, 0);
        let mut is_padded = false;
        for (at, character) in text.iter().enumerate() {
            if is_uuid && matches!(at, 8 | 13 | 18 | 23) {
                if *character != b'-' {
                    return None;
                }
                continue;
            }
            is_padded |= *character == b'=' && bits > 4;
            let digit = *table.get(usize::from(*character))?;
            match (is_padded, digit) {
                (true, _) if *character == b'=' => continue,
                (true, _) | (_, NONE) => return None,
                _ => {}
            }
            buffer = (buffer << bits) | u32::from(digit);
            filled += bits;
            if filled >= 8 {
                filled -= 8;
                if let Some(place) = first.get_mut(len) {
                    let [.., byte] = (buffer >> filled).to_be_bytes();
                    *place = byte;
                }
                len += 1;
            }
        }
        // a whole character that is left over, or bits of it, is no end of bytes
        let stray = buffer & ((1 << filled) - 1);
        (len >= SHORTEST && filled < bits && stray == 0).then_some(Bytes { first, len })
    }
}

/// What is no digit.
const NONE: u8 = 0xFF;
const HEX: [u8; 256] = table(b"0123456789abcdef", b"0123456789ABCDEF");
const BASE32: [u8; 256] = table(
    b"abcdefghijklmnopqrstuvwxyz234567",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
);
const BASE64: [u8; 256] = table(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
);

#[expect(
    clippy::cast_possible_truncation,
    reason = "an alphabet has at most 64 characters"
)]
const fn table<const N: usize>(one: &[u8; N], other: &[u8; N]) -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut digit = 0;
    while digit < N {
        table[one[digit] as usize] = digit as u8;
        table[other[digit] as usize] = digit as u8;
        digit += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
        let bytes = encoding.read(text.as_bytes())?;
        Some(bytes.first[..bytes.len.min(16)].to_vec())
    }

    #[test]
    fn bytes_are_read_in_every_writing() {
        let bytes = *b"pseudonyms, 17 b";
        let hex = "70736575646f6e796d732c2031372062";
        for text in [hex, &hex.to_uppercase(), &format!("0x{hex}")] {
            assert_eq!(read(Encoding::Hex, text).as_deref(), Some(&bytes[..]));
        }
        let uuid = "70736575-646f-6e79-6d73-2c2031372062";
        assert_eq!(read(Encoding::Hex, uuid).as_deref(), Some(&bytes[..]));
        for text in [
            "obzwk5len5xhs3ltfqqdcnzamI======",
            "OBZWK5LEN5XHS3LTFQQDCNZAMI",
        ] {
            assert_eq!(read(Encoding::Base32, text).as_deref(), Some(&bytes[..]));
        }
        for text in ["cHNldWRvbnltcywgMTcgYg==", "cHNldWRvbnltcywgMTcgYg"] {
            assert_eq!(read(Encoding::Base64, text).as_deref(), Some(&bytes[..]));
        }
        assert_eq!(
            read(Encoding::Base64, "-_-_-_-_-_-_"),
            read(Encoding::Base64, "+/+/+/+/+/+/")
        );
        let long = Encoding::Hex.read(hex.repeat(2).as_bytes());
        assert_eq!(long.map(|bytes| bytes.len), Some(32));
    }

    #[test]
    fn other_values_are_no_bytes() {
        for text in [
            "",
            "abcd",
            "70736575646f6e7",
            "北京市",
            "cHNldWRv=bnltcyw",
            "ab cdefghijklmnop",
        ] {
            for encoding in Encoding::TEXTS {
                assert_eq!(read(encoding, text), None, "{text}");
            }
        }
        let words = ["Shanghai", "北京", "2024-01-01", "Model 3", "OTHER"];
        assert_eq!(Encoding::of(words.iter().map(|word| word.as_bytes())), None);
        let hashes = ["70736575646f6e796d732c2031372062"];
        let of = Encoding::of(hashes.iter().map(|hash| hash.as_bytes()));
        assert_eq!(of, Some(Encoding::Hex));
    }
}
