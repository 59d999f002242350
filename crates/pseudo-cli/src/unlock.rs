//! How a keyring is found, unlocked and, where that is asked for, made. Passphrases come from a
//! private file or the terminal, never from an argument or the environment.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use pseudo_engine::Job;
use pseudo_keyring::{Access, Error as KeyError, Fresh, Held, Keyring, Role, Unlock};
use zeroize::Zeroizing;

use crate::access::AccessArgs;
use crate::message::{Failure, Screen};
use crate::signals;

/// Opens the keyring of a job, or the bundle in its place, or makes a keyring when the pipeline
/// says so. `current` is the run that readers of the sink see.
pub(crate) fn for_job(
    job: &Job,
    current: Option<&str>,
    passphrase_file: Option<&Path>,
    created: &str,
    access: &AccessArgs,
    screen: Screen,
) -> Result<Held, Failure> {
    let path = job.keyring();
    let absent = path
        .symlink_metadata()
        .is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
    if !absent || !job.pipeline.keys.create {
        let unlock = unlock(&path, job.identity(), passphrase_file)?;
        return match Held::open(&path, &unlock)? {
            Held::Keyring(keyring) => {
                // tombstones may be of any epoch
                let epochs = match pseudo_engine::has_tombstones(&job.sink()) {
                    true => crate::access::usable,
                    false => crate::access::primary,
                };
                Ok(Held::Keyring(access.give(keyring, epochs)?))
            }
            Held::Bundle(bundle) if bundle.role() == Role::Pseudonymise => Ok(Held::Bundle(bundle)),
            Held::Bundle(bundle) => Err(KeyError::OtherRole {
                role: bundle.role(),
            }
            .into()),
        };
    }
    if let Some(run) = current {
        return Err(Failure::Usage {
            message: format!("keyring `{}` of run `{run}` is gone", path.display()),
            hint: Some(
                "restore it from a copy; `pseudo keys new` makes another, and other tokens"
                    .to_owned(),
            ),
        });
    }
    let unlock = match passphrase_file {
        Some(file) if job.identity().is_none() => Unlock::Passphrase(passphrase_in(file)?),
        _ => Unlock::Identity(identity_or_beside(&path, job.identity())),
    };
    create(
        &path,
        &unlock,
        created,
        Fresh::Secret,
        Access::none(),
        screen,
    )
    .map(Held::Keyring)
}

/// Makes a keyring, and its identity file when that is absent, and says so.
pub(crate) fn create(
    path: &Path,
    unlock: &Unlock,
    created: &str,
    fresh: Fresh,
    access: Access,
    screen: Screen,
) -> Result<Keyring, Failure> {
    refuse_existing(path)?;
    if let Unlock::Identity(identity) = unlock {
        if identity == path {
            let message = "the keyring and its identity file need two names".to_owned();
            return Err(Failure::usage(message));
        }
        if !exists(identity) {
            let public = pseudo_keyring::create_identity(identity, created)?;
            let identity = identity.display();
            screen.warning(&format!(
                "made identity file `{identity}`, public key {public}"
            ));
        }
    }
    let keyring = Keyring::create_with(path, unlock, created, fresh, access)?;
    screen.warning(&format!("made keyring `{}`", path.display()));
    screen.warning(match unlock {
        Unlock::Identity(_) => {
            "keep copies of keyring and identity file, apart from each other: without them these \
             tokens can never be made again"
        }
        Unlock::Passphrase(_) => {
            "keep a copy of the keyring and remember the passphrase: without them these tokens can \
             never be made again"
        }
    });
    Ok(keyring)
}

/// What opens a keyring: what was named, else the identity file beside it, else a passphrase.
pub(crate) fn unlock(
    keyring: &Path,
    identity: Option<PathBuf>,
    passphrase_file: Option<&Path>,
) -> Result<Unlock, Failure> {
    if let Some(identity) = identity {
        return Ok(Unlock::Identity(identity));
    }
    if let Some(file) = passphrase_file {
        return Ok(Unlock::Passphrase(passphrase_in(file)?));
    }
    let beside = beside(keyring);
    if beside != keyring && exists(&beside) || !exists(keyring) {
        return Ok(Unlock::Identity(beside));
    }
    ask(&format!("Passphrase of {}: ", keyring.display())).map(Unlock::Passphrase)
}

pub(crate) fn identity_or_beside(keyring: &Path, identity: Option<PathBuf>) -> PathBuf {
    identity.unwrap_or_else(|| beside(keyring))
}

/// Refuses before anything is asked or made.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), Failure> {
    if exists(path) {
        return Err(pseudo_keyring::Error::Exists {
            path: path.to_path_buf(),
        }
        .into());
    }
    Ok(())
}

pub(crate) fn passphrase_in(path: &Path) -> Result<Zeroizing<String>, Failure> {
    secret_in(path, "passphrase file")
}

/// The first line of a file that others cannot read; a pipe will do. `file` is what messages call
/// it.
pub(crate) fn secret_in(path: &Path, file: &str) -> Result<Zeroizing<String>, Failure> {
    let called = file;
    let fault = |what: &str| Failure::usage(format!("{called} `{}` {what}", path.display()));
    let unreadable = |error: std::io::Error| {
        let text = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
            kind => kind.to_string(),
        };
        fault(&format!("cannot be read: {text}"))
    };
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if about.is_file() && about.permissions().mode() & 0o077 != 0 {
        return Err(Failure::Usage {
            message: format!("{called} `{}` can be read by others", path.display()),
            hint: Some(format!("chmod 600 {}", path.display())),
        });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(PASSPHRASE_LEN_MAX + 1));
    let limit = PASSPHRASE_LEN_MAX as u64 + 1;
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() > PASSPHRASE_LEN_MAX {
        return Err(fault("is longer than a passphrase"));
    }
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|_| fault("is not UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Asks for the passphrase of a keyring that is to be made.
pub(crate) fn ask_twice(keyring: &Path) -> Result<Zeroizing<String>, Failure> {
    let keyring = keyring.display();
    let first = ask(&format!("Passphrase for {keyring}: "))?;
    let second = ask("The same again: ")?;
    if *first != *second {
        return Err(Failure::usage("the two passphrases differ".to_owned()));
    }
    Ok(first)
}

/// Asks for the user PIN of a PKCS#11 token.
#[cfg(feature = "pkcs11")]
pub(crate) fn ask_pin(token: &str) -> Result<Zeroizing<String>, Failure> {
    let answer = signals::at_once(|| rpassword::prompt_password(format!("PIN of {token}: ")));
    let answer = answer.map_err(|_| Failure::Usage {
        message: format!(
            "PKCS#11 token `{token}` needs its PIN, and there is no terminal to ask on"
        ),
        hint: Some("give `--pin-file`".to_owned()),
    })?;
    Ok(Zeroizing::new(answer))
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let answer = signals::at_once(|| rpassword::prompt_password(prompt));
    let answer = answer.map_err(|_| Failure::Usage {
        message: "the keyring needs a passphrase, and there is no terminal to ask on".to_owned(),
        hint: Some("give `--passphrase-file`, or an identity file".to_owned()),
    })?;
    Ok(Zeroizing::new(answer))
}

/// `keys/analytics.keyring` → `keys/analytics.key`.
fn beside(keyring: &Path) -> PathBuf {
    keyring.with_extension("key")
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

const PASSPHRASE_LEN_MAX: usize = 4096;
