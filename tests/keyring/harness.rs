//! A directory with an identity in it, and keyrings sealed by the age crate itself.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::iter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use age::secrecy::{ExposeSecret, SecretString};
use age::{Encryptor, scrypt, x25519};
use pseudo_keyring::{Keyring, Recipient, Unlock, create_identity};
use tempfile::TempDir;
use zeroize::Zeroizing;

pub(crate) struct Bench {
    pub(crate) dir: TempDir,
    pub(crate) identity: PathBuf,
    key: x25519::Identity,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = x25519::Identity::generate();
        let identity = dir.path().join("owner.key");
        write(&identity, key.to_string().expose_secret().as_bytes());
        Self { dir, identity, key }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn unlock(&self) -> Unlock {
        Unlock::Identity(self.identity.clone())
    }

    /// Another identity file.
    pub(crate) fn stranger(&self) -> PathBuf {
        let path = self.path("stranger.key");
        create_identity(&path, CREATED).unwrap();
        path
    }

    /// A keyring with the given content.
    pub(crate) fn keyring(&self, plaintext: &str) -> PathBuf {
        let path = self.path("made.keyring");
        write(&path, &seal(&self.key.to_public(), plaintext));
        path
    }

    /// Whom this identity is.
    pub(crate) fn recipient(&self) -> Recipient {
        Recipient::parse(&self.key.to_public().to_string()).unwrap()
    }

    /// A keyring that another tool sealed to another recipient, too.
    pub(crate) fn keyring_for(&self, other: &str) -> PathBuf {
        let path = self.path("made.keyring");
        let other: x25519::Recipient = other.parse().unwrap();
        let own = self.key.to_public();
        let recipients: [&dyn age::Recipient; 2] = [&own, &other];
        let text = document(&[item(1, "primary", Some(SECRET))]);
        write(&path, &seal_to(recipients.into_iter(), &text));
        path
    }

    /// What is inside a file that is sealed to this identity.
    pub(crate) fn opened(&self, name: &str) -> String {
        let sealed = fs::read(self.path(name)).unwrap();
        let decryptor = age::Decryptor::new(&sealed[..]).unwrap();
        let key = iter::once(&self.key as &dyn age::Identity);
        let mut text = String::new();
        let mut reader = decryptor.decrypt(key).unwrap();
        reader.read_to_string(&mut text).unwrap();
        text
    }

    /// A keyring with the given content under a passphrase and little work.
    pub(crate) fn passphrase_keyring(&self, passphrase: &str, log_n: u8) -> PathBuf {
        let path = self.path("passphrase.keyring");
        let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
        recipient.set_work_factor(log_n);
        write(
            &path,
            &seal(&recipient, &document(&[item(1, "primary", Some(SECRET))])),
        );
        path
    }
}

pub(crate) fn write(path: &Path, bytes: &[u8]) {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).unwrap().write_all(bytes).unwrap();
}

pub(crate) fn passphrase(text: &str) -> Unlock {
    Unlock::Passphrase(Zeroizing::new(text.to_owned()))
}

pub(crate) fn document(items: &[String]) -> String {
    format!(
        r#"{{"format":"pseudo-keyring/1","secrets":[{}]}}"#,
        items.join(",")
    )
}

pub(crate) fn item(epoch: u32, status: &str, secret: Option<&str>) -> String {
    let secret = secret
        .map(|text| format!(r#""secret":"{text}","#))
        .unwrap_or_default();
    format!(r#"{{"epoch":{epoch},"status":"{status}",{secret}"created":"{CREATED}"}}"#)
}

/// The text of the error, after looking through it and its `Debug` for key material.
pub(crate) fn refused(path: &Path, unlock: &Unlock) -> String {
    let error = Keyring::open(path, unlock).unwrap_err();
    let all = format!("{error} {error:?} {}", error.hint().unwrap_or_default());
    for secret in [SECRET, OTHER_SECRET, PASSPHRASE, "AGE-SECRET-KEY"] {
        assert!(!all.contains(secret), "key material in an error");
    }
    error.to_string()
}

/// Names of the files in a directory.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn seal(recipient: &dyn age::Recipient, plaintext: &str) -> Vec<u8> {
    seal_to(iter::once(recipient), plaintext)
}

fn seal_to<'a>(
    recipients: impl Iterator<Item = &'a dyn age::Recipient>,
    plaintext: &str,
) -> Vec<u8> {
    let encryptor = Encryptor::with_recipients(recipients).unwrap();
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed).unwrap();
    writer.write_all(plaintext.as_bytes()).unwrap();
    writer.finish().unwrap();
    sealed
}

pub(crate) const CREATED: &str = "2026-05-04T03:02:01Z";
pub(crate) const PASSPHRASE: &str = "correct horse battery staple";
/// Base64 of the bytes 0 to 31, and of 32 to 63.
pub(crate) const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub(crate) const OTHER_SECRET: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
