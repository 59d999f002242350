//! FF1 (NIST SP 800-38G, revision 1) with AES-256: tokens that keep length and alphabet.
//!
//! ```text
//! fpe(text) = FF1(subkey("fpe"), the empty tweak, text as digits of its alphabet)
//! ```
//!
//! FF1 is a Feistel network of ten rounds over the two halves of a text, read as numbers. What its
//! rounds encrypt begins, for one alphabet and length, with the same block, so that this block is
//! encrypted once; a round then costs one block per text. `feistel` holds that form, for halves
//! that fit a word; `general` is the standard as it reads, for every length and for comparison.

use std::fmt;

use aes::Aes256;
use aes::cipher::KeyInit;
use zeroize::ZeroizeOnDrop;

use crate::error::Error;
use crate::lanes::{self, Lanes};

pub(crate) mod feistel;
pub(crate) mod general;

/// The characters that a text may have, and the order in which they are digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// `0` to `9`.
    Digits,
    /// `a` to `z`.
    LowerAlpha,
    /// `0` to `9`, `a` to `z`.
    LowerAlnum,
    /// `0` to `9`, `A` to `Z`.
    UpperAlnum,
    /// `0` to `9`, `A` to `Z`, `a` to `z`.
    Alnum,
}

impl Alphabet {
    /// Every alphabet, in the order of the specification.
    pub const ALL: [Self; 5] = [
        Self::Digits,
        Self::LowerAlpha,
        Self::LowerAlnum,
        Self::UpperAlnum,
        Self::Alnum,
    ];
    /// The length of the longest text.
    pub const LONGEST: usize = 128;

    /// The name by which pipelines call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::LowerAlpha => "a-z",
            Self::LowerAlnum => "0-9a-z",
            Self::UpperAlnum => "0-9A-Z",
            Self::Alnum => "0-9A-Za-z",
        }
    }

    /// The characters, in the order of their digits.
    #[must_use]
    pub const fn characters(self) -> &'static [u8] {
        match self {
            Self::Digits => b"0123456789",
            Self::LowerAlpha => b"abcdefghijklmnopqrstuvwxyz",
            Self::LowerAlnum => b"0123456789abcdefghijklmnopqrstuvwxyz",
            Self::UpperAlnum => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::Alnum => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        }
    }

    /// How many characters there are.
    #[must_use]
    pub const fn radix(self) -> u32 {
        match self {
            Self::Digits => 10,
            Self::LowerAlpha => 26,
            Self::LowerAlnum | Self::UpperAlnum => 36,
            Self::Alnum => 62,
        }
    }

    /// Whether a text of this length can be encrypted: there are a million of them or more, and it
    /// is not longer than [`Alphabet::LONGEST`].
    #[must_use]
    pub const fn can_accept_length(self, len: usize) -> bool {
        self.shortest() <= len && len <= Self::LONGEST
    }

    /// Whether a text can be encrypted: it has such a length and none but these characters.
    #[must_use]
    pub fn accepts(self, value: &[u8]) -> bool {
        self.can_accept_length(value.len())
            && value.iter().all(|&character| self.digit(character) != NONE)
    }

    /// The length from which on there are a million texts.
    pub(crate) const fn shortest(self) -> usize {
        match self {
            Self::Digits => 6,
            Self::LowerAlpha => 5,
            Self::LowerAlnum | Self::UpperAlnum | Self::Alnum => 4,
        }
    }

    /// The digit that a character is, or [`NONE`].
    #[inline]
    pub(crate) fn digit(self, character: u8) -> u8 {
        let digits = self.digits();
        digits.get(usize::from(character)).copied().unwrap_or(NONE)
    }

    /// The digit that each ASCII character is, or [`NONE`].
    pub(crate) const fn digits(self) -> &'static [u8; 128] {
        const ALL: [[u8; 128]; 5] = [
            digits(Alphabet::Digits),
            digits(Alphabet::LowerAlpha),
            digits(Alphabet::LowerAlnum),
            digits(Alphabet::UpperAlnum),
            digits(Alphabet::Alnum),
        ];
        let [digits, lower_alpha, lower_alnum, upper_alnum, alnum] = &ALL;
        match self {
            Self::Digits => digits,
            Self::LowerAlpha => lower_alpha,
            Self::LowerAlnum => lower_alnum,
            Self::UpperAlnum => upper_alnum,
            Self::Alnum => alnum,
        }
    }
}

/// What no digit is.
pub(crate) const NONE: u8 = 0xff;

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated at compile time"
)]
const fn digits(alphabet: Alphabet) -> [u8; 128] {
    let mut digits = [NONE; 128];
    let characters = alphabet.characters();
    let mut digit = 0;
    while digit < characters.len() {
        digits[characters[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
}

/// Encrypts and decrypts the texts of one domain, epoch, identity and kind, keeping their format.
pub struct FpeKey {
    ff1: Box<Ff1>,
    lanes: Lanes,
}

impl FpeKey {
    /// Takes the 32 bytes of a key, derived here or elsewhere.
    #[must_use]
    pub fn from_bytes(key: &[u8; 32]) -> Self {
        Self {
            ff1: Box::new(Ff1::new(key)),
            lanes: Lanes::best(),
        }
    }

    /// Does the work on one path, or portably where the machine has no such path.
    #[must_use]
    pub fn on(mut self, lanes: Lanes) -> Self {
        self.lanes = lanes.or_portable();
        self
    }

    /// Uses a tweak. Tokens have the empty one; this is for the vectors of the standard.
    #[doc(hidden)]
    #[must_use]
    pub fn with_tweak(mut self, tweak: &[u8]) -> Self {
        self.ff1.tweak = tweak.to_vec();
        self
    }

    /// Appends the encrypted values, back to back, each as long as its value.
    ///
    /// # Errors
    /// Refuses all values, and appends nothing, when [`Alphabet::accepts`] refuses one of them.
    pub fn encrypt(
        &self,
        alphabet: Alphabet,
        values: &[&[u8]],
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.permute(alphabet, Direction::Encrypt, values, out)
    }

    /// Appends the values that [`FpeKey::encrypt`] has encrypted, back to back.
    ///
    /// There is no mark by which a wrong key shows: whatever is accepted is decrypted.
    ///
    /// # Errors
    /// Refuses all values, and appends nothing, when [`Alphabet::accepts`] refuses one of them.
    pub fn decrypt(
        &self,
        alphabet: Alphabet,
        values: &[&[u8]],
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.permute(alphabet, Direction::Decrypt, values, out)
    }

    fn permute(
        &self,
        alphabet: Alphabet,
        direction: Direction,
        values: &[&[u8]],
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let refused = Error::NotInAlphabet {
            alphabet: alphabet.name(),
            shortest: alphabet.shortest(),
        };
        if !values
            .iter()
            .all(|value| alphabet.can_accept_length(value.len()))
        {
            return Err(refused);
        }
        let len = out.len();
        if lanes::permute(self.lanes, &self.ff1, alphabet, direction, values, out) {
            return Ok(());
        }
        out.truncate(len);
        Err(refused)
    }
}

impl fmt::Debug for FpeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FpeKey(..)")
    }
}

/// Whether the rounds are done or undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Encrypt,
    Decrypt,
}

impl Direction {
    /// The halves of a text, or what belongs to them, in the order in which they are changed.
    pub(crate) fn order<T>(self, [front, back]: [T; 2]) -> [T; 2] {
        match self {
            Self::Encrypt => [front, back],
            Self::Decrypt => [back, front],
        }
    }
}

/// A key of FF1 with what depends on it alone.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Ff1 {
    pub(crate) cipher: Aes256,
    pub(crate) tweak: Vec<u8>,
    #[cfg(target_arch = "x86_64")]
    pub(crate) round_keys: lanes::RoundKeys,
}

impl Ff1 {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self {
            cipher: Aes256::new(key.into()),
            tweak: Vec::new(),
            #[cfg(target_arch = "x86_64")]
            round_keys: lanes::RoundKeys::new(key),
        }
    }
}
