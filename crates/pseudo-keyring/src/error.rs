//! What can go wrong with keys. Paths, line numbers and epochs are named; content never is, and the
//! texts of the crates below are dropped, for they may quote it.

use std::io;
use std::path::{Path, PathBuf};

use pseudo_token::{CheckValue, SubKey};

use crate::Role;

/// Why a keyring or an identity file could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path could not be used.
    #[error("cannot {action} `{}`: {}", path.display(), kind_text(source))]
    Io {
        /// What was tried: `read`, `create`, …
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file is in the way of one that is to be made.
    #[error("`{}` exists", path.display())]
    Exists {
        /// Its path.
        path: PathBuf,
    },
    /// The path leads to a directory, a pipe or a device.
    #[error("`{}` is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is longer than any keyring or identity file is.
    #[error("`{}` is too long to be a keyring or an identity file", path.display())]
    TooLong {
        /// Its path.
        path: PathBuf,
    },
    /// Others than the owner can read the identity file.
    #[error("identity file `{}` has mode {mode:04o}: others can read it", path.display())]
    Exposed {
        /// Its path.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A line of the identity file is neither comment nor X25519 identity.
    #[error("identity file `{}`: line {line} is no age X25519 identity", path.display())]
    IdentityLine {
        /// Its path.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The identity file holds no identity.
    #[error("identity file `{}` holds no identity", path.display())]
    NoIdentity {
        /// Its path.
        path: PathBuf,
    },
    /// The keyring is being changed by another process.
    #[error("another process is changing keyring `{}`", path.display())]
    Busy {
        /// The keyring.
        path: PathBuf,
    },
    /// The keyring is sealed to recipients that nobody named: a change would shut them out.
    #[error(
        "keyring `{}` is sealed to others than the {known} recipients that are known",
        path.display()
    )]
    UnnamedRecipients {
        /// The keyring.
        path: PathBuf,
        /// How many are known.
        known: usize,
    },
    /// A change would shut out the identity that it is made with.
    #[error("identity file `{}` cannot remove itself from the keyring", identity.display())]
    RemovesOpener {
        /// The identity file.
        identity: PathBuf,
    },
    /// The keyring is sealed to that recipient already.
    #[error("the keyring is sealed to `{recipient}` already")]
    HasRecipient {
        /// The recipient.
        recipient: String,
    },
    /// The keyring is not sealed to that recipient.
    #[error("the keyring is not sealed to `{recipient}`")]
    NoSuchRecipient {
        /// The recipient.
        recipient: String,
    },
    /// Nobody would be able to open a file.
    #[error("no recipient is named")]
    NoRecipient,
    /// Approvers are not two to sixteen different ones.
    #[error("approvers are two to sixteen age recipients, each of them once")]
    Approvers,
    /// Two approvers have to consent, and have not.
    #[error("two approvers have to consent, and {given} did")]
    NotApproved {
        /// How many did.
        given: usize,
    },
    /// The shares of the approvers do not join to the approval key.
    #[error("the shares of the approvers do not join: the keyring was not made as it is")]
    ApprovalDamaged,
    /// A recipient is none.
    #[error("not an age recipient, `age1…`")]
    Recipient,
    /// The keyring is not an age file.
    #[error("keyring `{}` is not a binary age file of version 1", path.display())]
    Foreign {
        /// Its path.
        path: PathBuf,
    },
    /// The keyring ends too early.
    #[error("keyring `{}` is truncated", path.display())]
    Truncated {
        /// Its path.
        path: PathBuf,
    },
    /// The keyring was changed after it was sealed.
    #[error("keyring `{}` is damaged: its {part} is not what was written", path.display())]
    Damaged {
        /// Its path.
        path: PathBuf,
        /// The part of the age file.
        part: &'static str,
    },
    /// The identity is not the one that the keyring is sealed to.
    #[error("identity file `{}` does not open keyring `{}`", identity.display(), path.display())]
    WrongIdentity {
        /// The keyring.
        path: PathBuf,
        /// The identity file.
        identity: PathBuf,
    },
    /// The passphrase is not the one that the keyring is sealed with.
    #[error("wrong passphrase for keyring `{}`", path.display())]
    WrongPassphrase {
        /// The keyring.
        path: PathBuf,
    },
    /// An identity was given for a keyring that is sealed with a passphrase.
    #[error("keyring `{}` is opened by a passphrase, not by an identity file", path.display())]
    NeedsPassphrase {
        /// The keyring.
        path: PathBuf,
    },
    /// A passphrase was given for a keyring that is sealed to an identity.
    #[error("keyring `{}` is opened by an identity file, not by a passphrase", path.display())]
    NeedsIdentity {
        /// The keyring.
        path: PathBuf,
    },
    /// The keyring asks for more scrypt work than a keyring made for a person does.
    #[error("keyring `{}` asks for too much work to open", path.display())]
    ExcessiveWork {
        /// The keyring.
        path: PathBuf,
    },
    /// The file opened, and what it holds is not a legal keyring.
    #[error("keyring `{}`: {fault}", path.display())]
    Content {
        /// The keyring.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A passphrase of no characters.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The time given for a keyring's making is not one.
    #[error("the creation time is not an RFC 3339 time")]
    Created,
    /// The keyring has no epoch of that number.
    #[error("keyring has no epoch {epoch}")]
    NoEpoch {
        /// Its number.
        epoch: u32,
    },
    /// The epoch is disabled.
    #[error("epoch {epoch} of the keyring is disabled")]
    Disabled {
        /// Its number.
        epoch: u32,
    },
    /// The epoch is destroyed.
    #[error("epoch {epoch} of the keyring is destroyed")]
    Destroyed {
        /// Its number.
        epoch: u32,
    },
    /// The epoch is primary, and so cannot be disabled or destroyed.
    #[error("epoch {epoch} is primary")]
    IsPrimary {
        /// Its number.
        epoch: u32,
    },
    /// The secret of the epoch is with a provider, which does not give it away.
    #[error("the secret of epoch {epoch} is not in the keyring: it is {custody}")]
    Elsewhere {
        /// The epoch.
        epoch: u32,
        /// Where it is.
        custody: String,
    },
    /// A reference to a secret elsewhere says nothing, or too much.
    #[error("a reference to a provider has an empty or overlong field")]
    Custody,
    /// A text is no reference to a provider.
    #[error("not a reference to a key of a provider")]
    CustodyText,
    /// This build cannot ask the provider.
    #[error("this build cannot ask provider `{provider}`")]
    NotBuilt {
        /// Its name, which is that of the feature.
        provider: &'static str,
    },
    /// What a provider needs besides the reference was not given.
    #[error("{custody} needs {what}")]
    NoAccess {
        /// The key.
        custody: String,
        /// A PIN, a token, credentials.
        what: &'static str,
    },
    /// The provider cannot be reached, or cannot answer now.
    #[error("{custody} cannot be reached: {fault}")]
    Unreachable {
        /// The key.
        custody: String,
        /// What happened.
        fault: String,
    },
    /// The provider does not let us use the key: access was not given, has ended or was taken away.
    #[error("{custody} may not be used: {fault}")]
    Denied {
        /// The key.
        custody: String,
        /// What the provider says.
        fault: String,
    },
    /// The provider refuses what no later attempt mends.
    #[error("{custody}: {fault}")]
    Provider {
        /// The key.
        custody: String,
        /// What is wrong.
        fault: String,
    },
    /// The provider's key is another than the epoch was made with.
    #[error("{custody} is not the key it was: its check value is {found}, and {expected} before")]
    OtherSecret {
        /// The key.
        custody: String,
        /// The check value of the epoch.
        expected: CheckValue,
        /// What the provider answers.
        found: CheckValue,
    },
    /// Sub-keys that are not among those at hand.
    #[error("the keys at hand do not hold {}", listed(names))]
    NotGranted {
        /// Their names.
        names: Vec<SubKey>,
    },
    /// A bundle serves another domain.
    #[error("the bundle serves domain `{held}`, and `{asked}` is asked for")]
    OtherDomain {
        /// The domain of the bundle.
        held: String,
        /// The domain that was asked for.
        asked: String,
    },
    /// A bundle was made for something else.
    #[error("a bundle of role `{role}` does not serve this")]
    OtherRole {
        /// The role of the bundle.
        role: Role,
    },
    /// A keyring stands where a bundle should.
    #[error("`{}` is a keyring, not a bundle", path.display())]
    NotABundle {
        /// Its path.
        path: PathBuf,
    },
    /// The system has no memory for secrets.
    #[error("the operating system gives no memory for keys")]
    Memory,
    /// The keyring has no primary epoch.
    #[error("keyring has no primary epoch")]
    NoPrimary,
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    Random,
    /// A keyring could not be encoded or sealed.
    #[error("keyring cannot be encoded")]
    Encode,
}

/// What is wrong with the content of a keyring that opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The JSON is not that of a keyring.
    #[error("its content is not a keyring document")]
    Document,
    /// The format is unknown.
    #[error("its format is not `pseudo-keyring/1` or `/2`")]
    Format,
    /// The JSON is not that of a bundle.
    #[error("its content is not a bundle of `pseudo-bundle/1`")]
    Bundle,
    /// Approvals that are not ours.
    #[error("its approvals are malformed")]
    Approvals,
    /// An epoch has a secret and a reference to one.
    #[error("epoch {0} has both a secret and a custody")]
    TwoRoots(u32),
    /// A reference to a provider is malformed, or its check value is.
    #[error("epoch {0} has a custody or check value that is malformed")]
    Custody(u32),
    /// The system has no memory for secrets.
    #[error("there is no memory for its secrets")]
    Memory,
    /// There is not exactly one primary epoch.
    #[error("it has {0} primary epochs, and exactly one is needed")]
    Primaries(usize),
    /// Epochs start at one.
    #[error("it has an epoch 0, and epochs start at 1")]
    EpochZero,
    /// Two entries are of one epoch.
    #[error("epoch {0} is there twice")]
    SameEpoch(u32),
    /// The status word is unknown.
    #[error("epoch {0} has an unknown status")]
    Status(u32),
    /// The creation time is not one.
    #[error("epoch {0} has no RFC 3339 creation time")]
    Created(u32),
    /// The secret is not base64 of 32 bytes, or is weak.
    #[error("epoch {0} has a secret that is malformed or weak")]
    Secret(u32),
    /// The secret is absent, and the epoch is not destroyed.
    #[error("epoch {0} has no secret and is not destroyed")]
    NoSecret(u32),
    /// The epoch is destroyed, and its secret is there.
    #[error("epoch {0} is destroyed and has a secret")]
    NotDestroyed(u32),
}

impl Error {
    /// The exit code of the process that ends with this error (DESIGN.md 4).
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Busy { .. } | Self::Unreachable { .. } | Self::Denied { .. } => 75,
            _ => 2,
        }
    }

    /// What to do about it, where one thing is likely.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exposed { path, .. } => Some(format!("chmod 600 {}", path.display())),
            Self::Exists { .. } => {
                Some("choose another path: keys are never overwritten".to_owned())
            }
            Self::WrongIdentity { .. } => Some(
                "another identity made it, or its header is damaged: compare with a copy of both"
                    .to_owned(),
            ),
            Self::Truncated { .. } | Self::Damaged { .. } => {
                Some("restore the keyring from a copy".to_owned())
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("`pseudo keys new` makes a keyring and its identity file".to_owned())
            }
            Self::UnnamedRecipients { .. } => Some(
                "name all of them once: `pseudo keys rewrap KEYRING --only age1… --only age1…`"
                    .to_owned(),
            ),
            Self::RemovesOpener { .. } => {
                Some("let another recipient do it: what is written is proved to open".to_owned())
            }
            Self::IsPrimary { .. } => Some("`pseudo keys rotate` makes another primary".to_owned()),
            Self::NotBuilt { provider } => Some(format!("build it with `--features {provider}`")),
            Self::NotGranted { .. } => Some(
                "`pseudo keys export --role pseudonymise --pipeline …` makes a bundle of the keys \
                 that a pipeline needs"
                    .to_owned(),
            ),
            Self::CustodyText => Some(CUSTODY_FORMS.to_owned()),
            Self::Busy { .. } => Some("try again when it has ended".to_owned()),
            _ => None,
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

const CUSTODY_FORMS: &str = "\
pkcs11:token=TOKEN;object=KEY?module-path=/usr/lib/softhsm/libsofthsm2.so
transit:https://HOST:8200/transit/KEY?version=1
aws-kms:REGION/KEY";

fn listed(names: &[SubKey]) -> String {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// The operating system's words for a kind of error; never custom text.
fn kind_text(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => {
            let text = io::Error::from_raw_os_error(code).to_string();
            text.split(" (os error")
                .next()
                .unwrap_or_default()
                .to_lowercase()
        }
        None => error.kind().to_string(),
    }
}
