//! Text of a fixed length without an allocation.

use std::fmt;
use std::ops::Deref;

/// A text of `N` bytes of UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fixed<const N: usize>([u8; N]);

impl<const N: usize> Fixed<N> {
    /// Takes bytes that their maker knows to be UTF-8.
    #[inline]
    pub(super) const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// Returns the text.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl<const N: usize> Deref for Fixed<N> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> fmt::Display for Fixed<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Writes the last `digits.len()` decimal digits of `number`.
#[inline]
pub(super) const fn write_digits(digits: &mut [u8], mut number: u64) {
    let mut at = digits.len();
    while at > 0 {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
