//! What can go wrong, without saying a byte of the input.

/// A fault of this crate; no variant carries input bytes or key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A secret is not 32 bytes long.
    #[error("a secret has 32 bytes, this one has {found}")]
    SecretLength {
        /// The length that was found.
        found: usize,
    },
    /// All bytes of a secret are equal, so it cannot have been drawn at random.
    #[error("the secret is not random: all its bytes are equal")]
    WeakSecret,
    /// A text is not a key check value.
    #[error("a key check value is 16 lowercase hexadecimal characters")]
    MalformedCheckValue,
    /// A text is not in the one form that its encoding allows.
    #[error("the text is not canonical `{encoding}`")]
    NotCanonical {
        /// The name of the encoding.
        encoding: &'static str,
    },
    /// A value to encrypt in its format is not a text of the alphabet, or too short or too long.
    #[error("a value is not {shortest} to 128 characters of `{alphabet}`")]
    NotInAlphabet {
        /// The name of the alphabet.
        alphabet: &'static str,
        /// The length from which on there are a million texts.
        shortest: usize,
    },
    /// Bytes do not have the shape of a seal of version 1.
    #[error("the bytes are not a seal of version 1")]
    NotSealed,
    /// A seal names another key than the one it was given to.
    #[error("the seal was made with key {found:08x}, not with key {expected:08x}")]
    WrongKey {
        /// The id that the seal names.
        found: u32,
        /// The id of the key it was given to.
        expected: u32,
    },
    /// A seal was altered, or made with another key.
    #[error("the seal is not authentic")]
    NotAuthentic,
}
