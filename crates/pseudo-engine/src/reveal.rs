//! The guarded way back: opens the seals of a short list, and no table. It takes a reason, keeps to
//! a limit, asks two approvers where the keyring says so, and is in the audit log, refused or not,
//! before the first value is shown. Tokens do not open, nor do `fpe` values.

use std::io::Read;
use std::path::PathBuf;

use pseudo_keyring::Held;
use pseudo_token::{Encoding, Epoch, Error as TokenError, SealKey};

use crate::Result;
use crate::ask::{self, Answer, Asking, Form, Lines, Question, Stop};
use crate::audit::Audit;

/// One line of an answer. It has no `Debug`, for it holds a value.
pub struct Revealed {
    /// The line of the list, from 1.
    pub line: u64,
    /// What stands there.
    pub seal: String,
    /// What became of it.
    pub opened: Opened,
}

/// What became of a line of the list.
pub enum Opened {
    /// The canonical text, and the epoch of the key.
    Text(String, Epoch),
    /// Canonical bytes that are no text, of kind `exact`.
    Bytes(Vec<u8>, Epoch),
    /// It has not the form of a seal.
    NotASeal,
    /// It was sealed with a key that is not at hand: of another identity, kind, domain or keyring,
    /// or of an epoch that is disabled or destroyed.
    OtherKey,
    /// It names a key that is at hand, and was not made by it as it stands.
    Damaged,
}

impl Opened {
    /// The word for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Text(..) => "opened",
            Self::Bytes(..) => "opened-hex",
            Self::NotASeal => "not-a-seal",
            Self::OtherKey => "other-key",
            Self::Damaged => "damaged",
        }
    }
}

/// Opens the seals that `list` holds, in text form, one a line or in a column of a CSV. The epoch
/// of each is found by the key id that it names.
///
/// # Errors
/// [`Error::Denied`](crate::Error::Denied) when it is refused, which the audit log says, too; when
/// the list, a provider of keys or the disk fails. No value is shown then.
pub fn reveal(
    question: &Question<'_>,
    list: &mut dyn Read,
    held: &Held,
    approvers: &[PathBuf],
    audit: &Audit,
) -> Result<Answer<Revealed>> {
    let mut asking = Asking::new("reveal", question, audit);
    let answer = opened(&mut asking, question, list, held, approvers);
    asking.end(answer)
}

fn opened(
    asking: &mut Asking<'_>,
    question: &Question<'_>,
    list: &mut dyn Read,
    held: &Held,
    approvers: &[PathBuf],
) -> Result<Lines<Revealed>, Stop> {
    let items = asking.list(question, Form::FirstField, list)?;
    asking.approve(held, approvers)?;
    let seals: Vec<_> = items.iter().map(|item| decoded(&item.text)).collect();
    let ids: Vec<u32> = seals
        .iter()
        .flatten()
        .filter_map(|seal| key_id(seal))
        .collect();
    let mut keys: Vec<(Epoch, SealKey)> = Vec::new();
    for epoch in ask::epochs(held) {
        let known = |id: &u32| keys.iter().any(|(_, key)| key.key_id() == *id);
        // The latest is always asked for, so that what was not granted is refused.
        if !keys.is_empty() && ids.iter().all(known) {
            break;
        }
        let names = &question.names;
        let domain = held.source().domain_keys(&names.domain, epoch)?;
        keys.push((epoch, domain.seal_key(&names.identity, names.kind.id())?));
        asking.used(epoch, domain.check_value());
    }
    let lines = items.into_iter().zip(seals).map(|(item, seal)| Revealed {
        line: item.line,
        opened: seal.map_or(Opened::NotASeal, |seal| open(&seal, &keys)),
        seal: item.text,
    });
    let lines: Vec<_> = lines.collect();
    asking.unquoted(lines.iter().filter_map(|line| match &line.opened {
        Opened::Text(text, _) => Some(text.as_str()),
        _ => None,
    }))?;
    let is_open = |line: &&Revealed| matches!(line.opened, Opened::Text(..) | Opened::Bytes(..));
    let answered = lines.iter().filter(is_open).count();
    Ok(Lines { lines, answered })
}

fn open(seal: &[u8], keys: &[(Epoch, SealKey)]) -> Opened {
    let mut outcome = Opened::OtherKey;
    for (epoch, key) in keys {
        match key.open(seal) {
            Ok(bytes) => {
                return match String::from_utf8(bytes) {
                    Ok(text) => Opened::Text(text, *epoch),
                    Err(error) => Opened::Bytes(error.into_bytes(), *epoch),
                };
            }
            Err(TokenError::WrongKey { .. }) => {}
            Err(TokenError::NotSealed) => return Opened::NotASeal,
            Err(_) => outcome = Opened::Damaged,
        }
    }
    outcome
}

/// The bytes of a seal in one of its text forms, which begin with different letters.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let encoding = match text.starts_with('a') {
        true => Encoding::Base32,
        false => Encoding::Base64Url,
    };
    let bytes = encoding.decode(text).ok()?;
    key_id(&bytes).map(|_| bytes)
}

/// The key id behind the version byte.
fn key_id(seal: &[u8]) -> Option<u32> {
    let (version, rest) = seal.split_first()?;
    let id = rest.first_chunk::<4>()?;
    (*version == 1).then(|| u32::from_be_bytes(*id))
}
