//! Makes the pseudonyms of given values, as a run would: the way in of an analyst who may ask for
//! the rows of certain people. Guarded and audited like reveal, for it answers the same question
//! from the other side.

use std::io::Read;

use pseudo_keyring::{DomainKeys, Error as KeyError, Held};
use pseudo_pii::{Blanks, Canonical, Verdict};
use pseudo_policy::{SealEncoding, TokenEncoding};
use pseudo_token::{Encoding, Epoch, SealKey, TokenKey};

use crate::Result;
use crate::ask::{Answer, Asking, Form, Lines, Question, Stop};
use crate::audit::Audit;
use crate::digits::uuid;

/// Which pseudonym is made, and how it is written. Bytes are written as hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pseudonym {
    /// The token, with 128 or 256 bits; a UUID has 128.
    Token {
        /// How it is written.
        encoding: TokenEncoding,
        /// Whether it is 256 bits long.
        long: bool,
    },
    /// The seal.
    Seal(SealEncoding),
}

/// One line of an answer. It has no `Debug`, for it holds a pseudonym of a known line.
pub struct Found {
    /// The line of the list, from 1.
    pub line: u64,
    /// How well the value is made; none when it is blank, which has no pseudonym.
    pub verdict: Option<Verdict>,
    /// Its pseudonym.
    pub pseudonym: Option<String>,
}

impl Found {
    /// The word for how well the value is made.
    #[must_use]
    pub const fn verdict_name(&self) -> &'static str {
        match self.verdict {
            None => "blank",
            Some(Verdict::Valid) => "valid",
            Some(Verdict::Suspect) => "suspect",
            Some(Verdict::Invalid) => "invalid",
        }
    }
}

/// How values are looked up.
#[derive(Clone, Copy)]
pub struct Lookup<'a> {
    /// What is made.
    pub pseudonym: Pseudonym,
    /// The texts that are no values, where the identity has a list of its own.
    pub blank: Option<&'a [String]>,
    /// The epoch; the primary one when absent.
    pub epoch: Option<Epoch>,
}

/// Makes the pseudonyms of the values that `list` holds, one a line or in a column of a CSV.
///
/// # Errors
/// [`Error::Denied`](crate::Error::Denied) when it is refused, which the audit log says, too; when
/// the list, a provider of keys or the disk fails. No pseudonym is shown then.
pub fn lookup(
    question: &Question<'_>,
    lookup: Lookup<'_>,
    list: &mut dyn Read,
    held: &Held,
    audit: &Audit,
) -> Result<Answer<Found>> {
    let mut asking = Asking::new("lookup", question, audit);
    let answer = found(&mut asking, question, lookup, list, held);
    asking.end(answer)
}

fn found(
    asking: &mut Asking<'_>,
    question: &Question<'_>,
    lookup: Lookup<'_>,
    list: &mut dyn Read,
    held: &Held,
) -> Result<Lines<Found>, Stop> {
    let items = asking.list(question, Form::Line, list)?;
    let (names, source) = (&question.names, held.source());
    let primary = || source.primary_epoch();
    let epoch = lookup.epoch.map_or_else(primary, Ok)?;
    let keys = source.domain_keys(&names.domain, epoch)?;
    let maker = Maker::new(lookup.pseudonym, &keys, &names.identity, names.kind.id())?;
    asking.used(epoch, keys.check_value());
    let blanks = lookup.blank.map_or_else(Blanks::default, Blanks::new);
    let mut lines = Vec::with_capacity(items.len());
    for item in items {
        let mut written = String::new();
        let (text, verdict) = match names.kind.canonical(&item.text, &blanks, &mut written) {
            Canonical::Blank => (None, None),
            Canonical::Same(verdict) => (Some(&item.text), Some(verdict)),
            Canonical::Written(verdict) => (Some(&written), Some(verdict)),
        };
        asking.unquoted(text.into_iter().map(String::as_str))?;
        lines.push(Found {
            line: item.line,
            verdict,
            pseudonym: text.map(|text| maker.pseudonym(text)),
        });
    }
    let made = |line: &&Found| line.pseudonym.is_some();
    let answered = lines.iter().filter(made).count();
    Ok(Lines { lines, answered })
}

enum Maker {
    Token {
        key: TokenKey,
        encoding: TokenEncoding,
        long: bool,
    },
    Seal(SealKey, SealEncoding),
}

impl Maker {
    fn new(
        pseudonym: Pseudonym,
        keys: &DomainKeys,
        identity: &str,
        kind: &str,
    ) -> Result<Self, KeyError> {
        Ok(match pseudonym {
            Pseudonym::Token { encoding, long } => Self::Token {
                key: keys.token_key(identity, kind)?,
                encoding,
                long: long && encoding != TokenEncoding::Uuid,
            },
            Pseudonym::Seal(encoding) => Self::Seal(keys.seal_key(identity, kind)?, encoding),
        })
    }

    fn pseudonym(&self, text: &str) -> String {
        let values = [text.as_bytes()];
        match self {
            Self::Token {
                key,
                encoding,
                long: true,
            } => {
                let mut token = [[0; 32]];
                key.tokens(&values, &mut token);
                written(token.as_flattened(), *encoding)
            }
            Self::Token { key, encoding, .. } => {
                let mut token = [[0; 16]];
                key.tokens(&values, &mut token);
                written(token.as_flattened(), *encoding)
            }
            Self::Seal(key, encoding) => {
                let mut seal = Vec::new();
                key.seal(&values, &mut seal);
                encoded(
                    &seal,
                    match encoding {
                        SealEncoding::Base64Url => Encoding::Base64Url,
                        SealEncoding::Base32 => Encoding::Base32,
                        SealEncoding::Binary => Encoding::Hex,
                    },
                )
            }
        }
    }
}

fn written(token: &[u8], encoding: TokenEncoding) -> String {
    match encoding {
        TokenEncoding::Base32 => encoded(token, Encoding::Base32),
        TokenEncoding::Hex | TokenEncoding::Binary => encoded(token, Encoding::Hex),
        TokenEncoding::Uuid => uuid(&encoded(token, Encoding::Hex)),
    }
}

fn encoded(bytes: &[u8], encoding: Encoding) -> String {
    let mut text = Vec::new();
    encoding.encode(bytes, &mut text);
    String::from_utf8(text).unwrap_or_default()
}
