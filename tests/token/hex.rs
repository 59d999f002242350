//! Bytes from the hexadecimal text that vectors are written in.

use pseudo_token::Encoding;

/// The bytes of a hexadecimal text; white space in it does not count.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let text: String = text.split_whitespace().collect();
    Encoding::Hex.decode(&text).unwrap()
}

/// The bytes of a hexadecimal text of known length.
pub(crate) fn array<const N: usize>(text: &str) -> [u8; N] {
    bytes(text).try_into().unwrap()
}
