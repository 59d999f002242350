//! What a pseudonym looks like (TOKENS.md 4 to 6): a cell of another length or alphabet is no
//! pseudonym, whatever else it is.

/// The form of the cells of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Text of one length.
    Text {
        /// Characters.
        length: usize,
        /// What they are.
        alphabet: Alphabet,
    },
    /// Bytes of one length.
    Bytes {
        /// How many.
        length: usize,
    },
    /// A version byte, a key id and whole blocks behind a synthetic IV; None for the bytes as they
    /// are.
    Seal(Option<Alphabet>),
    /// Text of any length that `fpe` takes.
    Fpe(Alphabet),
    /// Whole numbers of eighteen digits.
    Number,
}

/// The characters of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    Base32,
    Hex,
    Base64Url,
    Digits,
    LowerAlpha,
    LowerAlnum,
    UpperAlnum,
    Alnum,
}

impl Form {
    /// Reads the form at the end of a rule in words, which begins with `word`.
    pub(crate) fn read(word: &str, rule: &str) -> Option<Self> {
        let mut parts = rule.rsplit(", ");
        let last = parts.next()?;
        match word {
            "token" => {
                let bytes = match last {
                    "128 bits" => 16,
                    "256 bits" => 32,
                    _ => return None,
                };
                Some(match parts.next()? {
                    "base32" => Self::Text {
                        length: (bytes * 8_usize).div_ceil(5),
                        alphabet: Alphabet::Base32,
                    },
                    "hex" => Self::Text {
                        length: bytes * 2,
                        alphabet: Alphabet::Hex,
                    },
                    "uuid" | "binary" => Self::Bytes { length: bytes },
                    _ => return None,
                })
            }
            "seal" => Some(Self::Seal(match last {
                "base64url" => Some(Alphabet::Base64Url),
                "base32" => Some(Alphabet::Base32),
                "binary" => None,
                _ => return None,
            })),
            "fpe" => Some(match last {
                "digits" => Self::Fpe(Alphabet::Digits),
                "a-z" => Self::Fpe(Alphabet::LowerAlpha),
                "0-9a-z" => Self::Fpe(Alphabet::LowerAlnum),
                "0-9A-Z" => Self::Fpe(Alphabet::UpperAlnum),
                "0-9A-Za-z" => Self::Fpe(Alphabet::Alnum),
                "int64" => Self::Number,
                _ => return None,
            }),
            _ => None,
        }
    }

    /// Whether `cell` has that form. Numbers are their eight bytes, the last significant first.
    #[inline]
    pub(crate) fn holds(self, cell: &[u8]) -> bool {
        match self {
            Self::Text { length, alphabet } => cell.len() == length && alphabet.holds(cell),
            Self::Bytes { length } => cell.len() == length,
            Self::Seal(None) => is_sealed(cell.len(), cell.first() == Some(&VERSION)),
            Self::Seal(Some(alphabet)) => {
                let bits = if alphabet == Alphabet::Base32 { 5 } else { 6 };
                // the version byte is the first character and the top bits of the second
                let begins = match (alphabet, cell) {
                    (Alphabet::Base32, [b'a', second, ..]) => (b'e'..=b'h').contains(second),
                    (_, [b'A', second, ..]) => matches!(second, b'Q'..=b'Z' | b'a'..=b'f'),
                    _ => false,
                };
                is_sealed(cell.len() * bits / 8, begins) && alphabet.holds(cell)
            }
            Self::Fpe(alphabet) => FPE_LENGTHS.contains(&cell.len()) && alphabet.holds(cell),
            Self::Number => {
                let number = <[u8; 8]>::try_from(cell).map(i64::from_le_bytes);
                number.is_ok_and(|number| (0..NUMBERS_END).contains(&number))
            }
        }
    }
}

impl Alphabet {
    /// Whether all characters of `text` are of the alphabet. One loop for each alphabet, so that
    /// what is one is known when it is compiled.
    #[inline]
    fn holds(self, text: &[u8]) -> bool {
        let small = |byte| run(byte, b'a', 26);
        let capital = |byte| run(byte, b'A', 26);
        let digit = |byte| run(byte, b'0', 10);
        match self {
            Self::Base32 => all(text, |byte| small(byte) | run(byte, b'2', 6)),
            Self::Hex => all(text, |byte| digit(byte) | run(byte, b'a', 6)),
            Self::Base64Url => all(text, |byte| {
                small(byte) | capital(byte) | digit(byte) | run(byte, b'-', 1) | run(byte, b'_', 1)
            }),
            Self::Digits => all(text, digit),
            Self::LowerAlpha => all(text, small),
            Self::LowerAlnum => all(text, |byte| digit(byte) | small(byte)),
            Self::UpperAlnum => all(text, |byte| digit(byte) | capital(byte)),
            Self::Alnum => all(text, |byte| digit(byte) | small(byte) | capital(byte)),
        }
    }
}

/// Whether `byte` is one of the `size` from `first` on.
#[inline]
fn run(byte: u8, first: u8, size: u8) -> bool {
    byte.wrapping_sub(first) < size
}

/// Sixteen bytes at a time without a branch between them, the last sixteen once more where they
/// overlap.
#[inline]
fn all(text: &[u8], of: impl Fn(u8) -> bool) -> bool {
    let Some(last) = text.last_chunk::<16>() else {
        return text.iter().all(|byte| of(*byte));
    };
    let block = |block: &[u8; 16]| block.iter().fold(true, |all, byte| all & of(*byte));
    let (blocks, _) = text.as_chunks::<16>();
    blocks
        .iter()
        .fold(block(last), |all, bytes| all & block(bytes))
}

fn is_sealed(length: usize, begins: bool) -> bool {
    begins && length >= SEALED_MIN && (length - SEALED_MIN).is_multiple_of(BLOCK)
}

/// The first byte of a seal.
const VERSION: u8 = 1;
/// Version, key id, synthetic IV and one block.
const SEALED_MIN: usize = 37;
const BLOCK: usize = 16;
/// What FF1 is used for.
const FPE_LENGTHS: std::ops::RangeInclusive<usize> = 2..=128;
const NUMBERS_END: i64 = 1_000_000_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_in_clear_has_another_form() {
        let alphabet = Alphabet::Base32;
        let token = Form::Text {
            length: 26,
            alphabet,
        };
        assert!(token.holds(b"abcdefghijklmnopqrstuvwxyz"));
        assert!(token.holds(b"234567abcdefghijklmnopqrst"));
        for cell in [
            "13812345678",
            "Abcdefghijklmnopqrstuvwxyz",
            "abcdefghijklmnopqrstuvwxy1",
            "abcdefghijklmnop1rstuvwxyz",
            "abcdefghijklmnopqrstuvwxyza",
            "",
        ] {
            assert!(!token.holds(cell.as_bytes()), "{cell}");
        }
        assert!(!Form::Bytes { length: 16 }.holds(b"13812345678"));
        assert!(Form::Fpe(Alphabet::Digits).holds(b"123456"));
        assert!(!Form::Fpe(Alphabet::Digits).holds(b"12345x"));
        assert!(Form::Number.holds(&7_i64.to_le_bytes()));
        assert!(!Form::Number.holds(&(-7_i64).to_le_bytes()));
        assert!(!Form::Number.holds(&NUMBERS_END.to_le_bytes()));
    }

    #[test]
    fn seals_begin_with_their_version() {
        use pseudo_token::Encoding;
        for (encoding, alphabet) in [
            (Encoding::Base64Url, Alphabet::Base64Url),
            (Encoding::Base32, Alphabet::Base32),
        ] {
            let form = Form::Seal(Some(alphabet));
            for second in [0, 0x5a, 0xff] {
                for length in [37, 53, 69] {
                    let mut sealed = vec![second; length];
                    sealed[0] = VERSION;
                    assert!(Form::Seal(None).holds(&sealed));
                    let mut text = Vec::new();
                    encoding.encode(&sealed, &mut text);
                    assert!(form.holds(&text));
                    sealed[0] = 2;
                    let mut text = Vec::new();
                    encoding.encode(&sealed, &mut text);
                    assert!(!form.holds(&text) && !Form::Seal(None).holds(&sealed));
                }
            }
            assert!(!form.holds(b"13812345678"));
        }
        assert!(!Form::Seal(None).holds(&[1; 36]));
    }
}
