//! Streams sealed to a recipient: age-encryption.org/v1, binary, X25519, as any age tool opens
//! them. Memory is that of one block of 64 KiB, whatever the length.

use std::fmt;
use std::io::{self, Read, Write};
use std::iter;
use std::path::Path;

use age::stream::StreamWriter;
use age::{DecryptError, Decryptor, Encryptor, x25519};

use crate::Error;

/// Whom a stream is sealed to.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(x25519::Recipient);

impl Recipient {
    /// Reads a recipient, `age1…`.
    ///
    /// # Errors
    /// [`Error::Recipient`] for any other text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        text.parse().map(Self).map_err(|_| Error::Recipient)
    }

    pub(crate) const fn key(&self) -> &dyn age::Recipient {
        &self.0
    }

    /// Begins a stream in `out`.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn seal<W: Write>(&self, out: W) -> io::Result<Sealer<W>> {
        let recipient = iter::once(&self.0 as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipient).map_err(io::Error::other)?;
        encryptor.wrap_output(out).map(Sealer)
    }
}

impl From<x25519::Recipient> for Recipient {
    fn from(recipient: x25519::Recipient) -> Self {
        Self(recipient)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A stream being sealed. One that is dropped without [`Sealer::finish`] does not open.
pub struct Sealer<W: Write>(StreamWriter<W>);

impl<W: Write> Sealer<W> {
    /// Ends the stream, and gives back where it was written.
    ///
    /// # Errors
    /// When the rest cannot be written.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Opens streams that were sealed to its recipient: the identities of an age file.
pub struct Opener(Vec<x25519::Identity>);

impl Opener {
    /// Reads an age identity file (X25519), readable by its owner alone.
    ///
    /// # Errors
    /// When it cannot be read, others can read it, or it holds no identity.
    pub fn read(path: &Path) -> Result<Self, Error> {
        crate::age::identities(path).map(Self)
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// [`io::ErrorKind::PermissionDenied`] when it was not sealed to one of the identities;
    /// otherwise when it cannot be read, or is no such stream. Its end and changes within it are
    /// told while reading.
    pub fn open<R: Read>(&self, sealed: R) -> io::Result<impl Read + use<R>> {
        let fault = |error: DecryptError| match error {
            DecryptError::NoMatchingKeys => io::ErrorKind::PermissionDenied.into(),
            DecryptError::Io(error) => error,
            _ => io::Error::from(io::ErrorKind::InvalidData),
        };
        let decryptor = Decryptor::new(sealed).map_err(fault)?;
        let keys = self.0.iter().map(|key| key as &dyn age::Identity);
        decryptor.decrypt(keys).map_err(fault)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener(..)")
    }
}

/// A key of this process alone, for what has to lie on a disk for a while: nothing that was sealed
/// with it opens when the process has ended.
pub struct PassingKey(x25519::Identity);

impl PassingKey {
    /// Makes a random key.
    #[must_use]
    pub fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// Whom to seal to.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }

    /// Opens a stream that was sealed to this key.
    ///
    /// # Errors
    /// When `sealed` cannot be read, or is not such a stream; its end and changes within it are
    /// told while reading.
    pub fn open<R: Read>(&self, sealed: R) -> io::Result<impl Read + use<R>> {
        let damaged = |_| io::Error::from(io::ErrorKind::InvalidData);
        let decryptor = Decryptor::new(sealed).map_err(damaged)?;
        let key = iter::once(&self.0 as &dyn age::Identity);
        decryptor.decrypt(key).map_err(damaged)
    }
}
