//! The sealed file: age-encryption.org/v1, binary, opened by X25519 identities or by a passphrase
//! (scrypt). Any age tool reads what is written here. The texts of the age crate are not passed on.

use std::io::{self, ErrorKind, Read, Write};
use std::iter;
use std::path::Path;

use age::secrecy::{ExposeSecret, SecretString};
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};
use zeroize::Zeroizing;

use crate::{Error, Recipient, Unlock, file};

/// Makes an identity file as `age-keygen` does, with mode 0600, and returns its public key.
/// `created` is an RFC 3339 time, for the comment.
///
/// # Errors
/// When `path` exists, or the disk fails.
pub fn create_identity(path: &Path, created: &str) -> Result<String, Error> {
    if created.contains(['\n', '\r']) {
        return Err(Error::Created);
    }
    let identity = x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let mut text = Zeroizing::new(String::with_capacity(512));
    for part in ["# created: ", created, "\n# public key: ", &public, "\n"] {
        text.push_str(part);
    }
    text.push_str(identity.to_string().expose_secret());
    text.push('\n');
    file::write_new(path, text.as_bytes())?;
    Ok(public)
}

/// Seals a plaintext so that `unlock` opens it.
pub(crate) fn seal(plaintext: &[u8], unlock: &Unlock) -> Result<Vec<u8>, Error> {
    match unlock {
        Unlock::Identity(file) => seal_to(&recipients(file)?, plaintext),
        Unlock::Passphrase(passphrase) => {
            let mut recipient = scrypt::Recipient::new(secret_string(passphrase)?);
            recipient.set_work_factor(WORK_FACTOR);
            encrypt(iter::once(&recipient as &dyn age::Recipient), plaintext)
        }
    }
}

/// Seals a plaintext to recipients, of whom there is at least one.
pub(crate) fn seal_to(recipients: &[Recipient], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
    if recipients.is_empty() {
        return Err(Error::NoRecipient);
    }
    encrypt(recipients.iter().map(Recipient::key), plaintext)
}

fn encrypt<'a>(
    recipients: impl Iterator<Item = &'a dyn age::Recipient>,
    plaintext: &[u8],
) -> Result<Vec<u8>, Error> {
    let encryptor = Encryptor::with_recipients(recipients).map_err(|_| Error::Encode)?;
    let mut sealed = Vec::with_capacity(plaintext.len() + 1024);
    let written = encryptor.wrap_output(&mut sealed).and_then(|mut writer| {
        writer.write_all(plaintext)?;
        writer.finish().map(drop)
    });
    written.map_err(|_| Error::Encode)?;
    Ok(sealed)
}

/// The recipients that the identities of a file stand for.
pub(crate) fn recipients(identity: &Path) -> Result<Vec<Recipient>, Error> {
    let identities = identities(identity)?;
    Ok(identities
        .iter()
        .map(|one| one.to_public().into())
        .collect())
}

/// How many recipients a sealed file has. Stanzas that the age crate adds to keep readers honest
/// are not counted.
pub(crate) fn recipient_count(sealed: &[u8]) -> usize {
    let lines = sealed.split(|byte| *byte == b'\n');
    let header = lines.take_while(|line| !line.starts_with(b"---"));
    let stanzas = header.filter_map(|line| line.strip_prefix(b"-> "));
    let grease = |stanza: &&[u8]| {
        let tag = stanza.split(|byte| *byte == b' ').next();
        tag.is_some_and(|tag| tag.ends_with(b"-grease"))
    };
    stanzas.filter(|stanza| !grease(stanza)).count()
}

/// Opens what was sealed to one of the identities; None when it was not, or is damaged.
pub(crate) fn open_with(sealed: &[u8], keys: &[x25519::Identity]) -> Option<Zeroizing<Vec<u8>>> {
    let decryptor = Decryptor::new_buffered(sealed).ok()?;
    let keys = keys.iter().map(|key| key as &dyn age::Identity);
    let mut plaintext = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let mut reader = decryptor.decrypt(keys).ok()?;
    reader.read_to_end(&mut plaintext).ok()?;
    Some(plaintext)
}

/// Opens a sealed file; `path` is for errors.
pub(crate) fn open(
    path: &Path,
    sealed: &[u8],
    unlock: &Unlock,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let keyring = || path.to_path_buf();
    refuse_foreign(path, sealed)?;
    let decryptor = Decryptor::new_buffered(sealed).map_err(|error| damage(path, &error))?;
    let reader = match (unlock, decryptor.is_scrypt()) {
        (Unlock::Identity(_), true) => return Err(Error::NeedsPassphrase { path: keyring() }),
        (Unlock::Passphrase(_), false) => return Err(Error::NeedsIdentity { path: keyring() }),
        (Unlock::Identity(file), false) => {
            let identities = identities(file)?;
            let identities = identities.iter().map(|one| one as &dyn age::Identity);
            decryptor.decrypt(identities).map_err(|error| match error {
                DecryptError::NoMatchingKeys => Error::WrongIdentity {
                    path: keyring(),
                    identity: file.clone(),
                },
                other => damage(path, &other),
            })
        }
        (Unlock::Passphrase(passphrase), true) => {
            let mut identity = scrypt::Identity::new(secret_string(passphrase)?);
            identity.set_max_work_factor(WORK_FACTOR_MAX);
            decryptor
                .decrypt(iter::once(&identity as &dyn age::Identity))
                .map_err(|error| match error {
                    DecryptError::DecryptionFailed => Error::WrongPassphrase { path: keyring() },
                    DecryptError::ExcessiveWork { .. } => Error::ExcessiveWork { path: keyring() },
                    other => damage(path, &other),
                })
        }
    };
    let mut plaintext = Zeroizing::new(Vec::with_capacity(sealed.len()));
    match reader?.read_to_end(&mut plaintext) {
        Ok(_) => Ok(plaintext),
        Err(error) => Err(damage(path, &DecryptError::Io(error))),
    }
}

/// The identities of a file that only its owner can read.
pub(crate) fn identities(path: &Path) -> Result<Vec<x25519::Identity>, Error> {
    let bytes = file::read_private(path)?;
    let mut found = Vec::new();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let identity = std::str::from_utf8(line)
            .ok()
            .and_then(|line| line.parse().ok());
        let fault = || Error::IdentityLine {
            path: path.to_path_buf(),
            line: at + 1,
        };
        found.push(identity.ok_or_else(fault)?);
    }
    if found.is_empty() {
        return Err(Error::NoIdentity {
            path: path.to_path_buf(),
        });
    }
    Ok(found)
}

fn secret_string(passphrase: &Zeroizing<String>) -> Result<SecretString, Error> {
    if passphrase.is_empty() {
        return Err(Error::EmptyPassphrase);
    }
    Ok(SecretString::from(passphrase.as_str().to_owned()))
}

/// Tells a file that never was a keyring from one that is broken.
fn refuse_foreign(path: &Path, sealed: &[u8]) -> Result<(), Error> {
    if sealed.starts_with(MAGIC) {
        Ok(())
    } else if MAGIC.starts_with(sealed) {
        Err(Error::Truncated {
            path: path.to_path_buf(),
        })
    } else {
        Err(Error::Foreign {
            path: path.to_path_buf(),
        })
    }
}

fn damage(path: &Path, error: &DecryptError) -> Error {
    let path = path.to_path_buf();
    match error {
        DecryptError::Io(error) if ends_early(error) => Error::Truncated { path },
        // The last chunk authenticates its end, so that a cut and a change look the same.
        DecryptError::Io(_) => Error::Damaged {
            path,
            part: "sealed content",
        },
        DecryptError::UnknownFormat => Error::Foreign { path },
        _ => Error::Damaged {
            path,
            part: "header",
        },
    }
}

fn ends_early(error: &io::Error) -> bool {
    error.kind() == ErrorKind::UnexpectedEof
}

const MAGIC: &[u8] = b"age-encryption.org/v1\n";
/// N = 2^18: about a second and 256 MiB, what the age tools choose.
const WORK_FACTOR: u8 = 18;
const WORK_FACTOR_MAX: u8 = 22;
