//! What reveal and lookup share: a short list of values, a reason, a limit; and with trace, that
//! what came of it is in the audit log before the first value is shown.

mod list;

use std::fmt;
use std::io::Read;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use pseudo_keyring::{Error as KeyError, Held, KeySource, Role};
use pseudo_pii::Kind;
use pseudo_token::{CheckValue, Epoch};

use crate::audit::{Audit, Entry, Fault, Outcome, Recorded, UsedKey, Who, is_ungranted};
use crate::{Error, Result};

pub(crate) use self::list::Form;
use self::list::Item;

/// The most values that can be asked for at once.
pub const LIMIT_MAX: u64 = 10_000;

/// The space of values that is asked about.
#[derive(Clone, Debug)]
pub struct Names {
    /// The domain.
    pub domain: String,
    /// The identity.
    pub identity: String,
    /// Its kind.
    pub kind: Kind,
}

/// What is asked, by whom and why.
pub struct Question<'a> {
    /// Of which values.
    pub names: Names,
    /// Why.
    pub reason: Option<&'a str>,
    /// How many values there may be, at most [`LIMIT_MAX`].
    pub limit: u64,
    /// The column of a CSV list with a header; without one the list has no header.
    pub column: Option<&'a str>,
    /// Who asks.
    pub who: Who,
    /// When.
    pub time: DateTime<Utc>,
}

/// The answer, line by line in the order of the list.
pub struct Answer<T> {
    /// The lines.
    pub lines: Vec<T>,
    /// How many of them answer what was asked.
    pub answered: u64,
    /// Where the audit log has it.
    pub recorded: Recorded,
}

/// Why nothing is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Nobody says why.
    NoReason,
    /// The reason is longer than one.
    LongReason,
    /// The reason holds a value of the list, or what one opens to.
    ReasonQuotes,
    /// There are more values than the limit.
    AboveLimit {
        /// The limit.
        limit: u64,
    },
    /// The list is a table in a columnar format.
    Table,
    /// The list is not a text in UTF-8.
    NotText,
    /// The list is not CSV, or has no such column.
    NotCsv,
    /// Two approvers have to consent, and did not.
    NotApproved(String),
    /// The keys at hand do not serve it.
    NotGranted(String),
    /// The audit log is not what was written.
    Tampered(Fault),
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoReason => f.write_str("no reason is given"),
            Self::LongReason => write!(f, "the reason is longer than {REASON_MAX} characters"),
            Self::ReasonQuotes => {
                f.write_str("the reason holds one of the values, and the audit log keeps reasons")
            }
            Self::AboveLimit { limit } => {
                write!(f, "more values are asked for than the limit of {limit}")
            }
            Self::Table => f.write_str("a whole table is asked for, and lists alone are served"),
            Self::NotText => f.write_str("the list is not a text in UTF-8"),
            Self::NotCsv => f.write_str("the list is not CSV, or has no such column"),
            Self::NotApproved(why) | Self::NotGranted(why) => f.write_str(why),
            Self::Tampered(fault) => write!(f, "{fault}"),
        }
    }
}

/// Why there is no answer.
pub(crate) enum Stop {
    Denied(Denial),
    Failed(Error),
}

impl From<Denial> for Stop {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<KeyError> for Stop {
    fn from(error: KeyError) -> Self {
        if is_ungranted(&error) {
            return Denial::NotGranted(error.to_string()).into();
        }
        match error {
            KeyError::NotApproved { .. } | KeyError::ApprovalDamaged => {
                Denial::NotApproved(error.to_string()).into()
            }
            error => Self::Failed(error.into()),
        }
    }
}

/// Lines of an answer, and how many of them answer what was asked.
pub(crate) struct Lines<T> {
    pub(crate) lines: Vec<T>,
    pub(crate) answered: usize,
}

/// A question on its way to an answer, and what the audit log will say of it.
#[derive(Clone)]
pub(crate) struct Asking<'a> {
    audit: &'a Audit,
    entry: Entry,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(verb: &str, question: &Question<'_>, audit: &'a Audit) -> Self {
        let Question { names, .. } = question;
        let entry = Entry {
            time: question.time.to_rfc3339_opts(SecondsFormat::Secs, true),
            who: question.who.clone(),
            verb: verb.to_owned(),
            reason: shortened(question.reason.unwrap_or_default()),
            domain: names.domain.clone(),
            identity: names.identity.clone(),
            kind: names.kind.id().to_owned(),
            keys: Vec::new(),
            asked: 0,
            answered: 0,
            outcome: Outcome::Refused,
            why: None,
            approvers: Vec::new(),
            list: None,
            inputs: audit.digest(std::iter::empty()),
        };
        Self { audit, entry }
    }

    /// A question of which the log says `entry`.
    pub(crate) fn of(entry: Entry, audit: &'a Audit) -> Self {
        let reason = shortened(&entry.reason);
        Self {
            audit,
            entry: Entry { reason, ..entry },
        }
    }

    /// The line that the log will have.
    pub(crate) fn entry(&mut self) -> &mut Entry {
        &mut self.entry
    }

    /// Reads the list, as far as it may be one, and looks at reason and limit.
    pub(crate) fn list(
        &mut self,
        question: &Question<'_>,
        form: Form,
        input: &mut dyn Read,
    ) -> Result<Vec<Item>, Stop> {
        let limit = question.limit.min(LIMIT_MAX);
        let reason = question.reason.unwrap_or_default();
        let bytes = list::read(input)?;
        let items = list::items(&bytes, form, question.column);
        if let Ok(items) = &items {
            self.entry.asked = items.len() as u64;
            let texts = items.iter().map(|item| item.text.as_str());
            self.entry.inputs = self.audit.digest(texts);
            self.unquoted(items.iter().map(|item| item.text.as_str()))?;
        }
        reasoned(reason)?;
        let items = items?;
        if items.len() as u64 > limit {
            return Err(Denial::AboveLimit { limit }.into());
        }
        Ok(items)
    }

    /// Refuses a reason that holds one of these values, and does not keep it.
    pub(crate) fn unquoted<'v>(
        &mut self,
        mut values: impl Iterator<Item = &'v str>,
    ) -> Result<(), Denial> {
        if values.any(|value| quotes(&self.entry.reason, value)) {
            self.entry.reason.clear();
            return Err(Denial::ReasonQuotes);
        }
        Ok(())
    }

    /// Asks two approvers, when the keyring says so.
    pub(crate) fn approve(&mut self, held: &Held, approvers: &[PathBuf]) -> Result<(), Stop> {
        if let Held::Keyring(keyring) = held
            && let Some(approvals) = keyring.approvals()
        {
            let approved = approvals.approve(approvers)?;
            self.entry.approvers = approved.approvers().to_vec();
        }
        Ok(())
    }

    /// The keys of an epoch were used.
    pub(crate) fn used(&mut self, epoch: Epoch, check: CheckValue) {
        self.entry.keys.push(UsedKey {
            epoch: epoch.0,
            check: check.to_string(),
        });
    }

    /// Writes down what came of it, and only then hands the answer out.
    pub(crate) fn end<T>(mut self, answer: Result<Lines<T>, Stop>) -> Result<Answer<T>> {
        let denial = match answer {
            Ok(Lines { lines, answered }) => {
                self.entry.answered = answered as u64;
                self.entry.outcome = Outcome::Allowed;
                match self.audit.record(&self.entry) {
                    Ok(recorded) => {
                        let answered = answered as u64;
                        return Ok(Answer {
                            lines,
                            answered,
                            recorded,
                        });
                    }
                    Err(Error::Audit(fault)) => Denial::Tampered(fault),
                    Err(error) => return Err(error),
                }
            }
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Denied(denial)) => denial,
        };
        self.refuse(denial)
    }

    fn refuse<T>(mut self, denial: Denial) -> Result<Answer<T>> {
        self.entry.answered = 0;
        self.entry.outcome = Outcome::Refused;
        self.entry.why = Some(denial.to_string());
        let recorded = match &denial {
            Denial::Tampered(_) => self.audit.record_fault(&self.entry),
            _ => self.audit.record(&self.entry),
        };
        let recorded = match recorded {
            Err(Error::Audit(fault)) if !matches!(denial, Denial::Tampered(_)) => {
                return self.refuse(Denial::Tampered(fault));
            }
            recorded => recorded?,
        };
        Err(Error::Denied {
            denial,
            recorded: Some(recorded),
        })
    }
}

/// The epochs whose keys may be used, the latest first.
pub(crate) fn epochs(held: &Held) -> Vec<Epoch> {
    use pseudo_keyring::Status;
    match held {
        Held::Bundle(bundle) => vec![bundle.epoch()],
        Held::Keyring(keyring) => {
            let usable = |status| matches!(status, Status::Primary | Status::Enabled);
            let entries = keyring.entries().filter(|entry| usable(entry.status));
            let mut epochs: Vec<Epoch> = entries.map(|entry| entry.epoch).collect();
            epochs.reverse();
            epochs
        }
    }
}

/// Opens the audit log of a holder of keys. Who may not write it may not ask.
///
/// # Errors
/// [`Error::Denied`] for a bundle of a role that has no key of the log, so that this refusal stands
/// in none; those of [`Audit::open`].
pub fn open_audit(
    held: &Held,
    open: impl FnOnce(&dyn KeySource) -> Result<Audit>,
) -> Result<Audit> {
    if let Held::Bundle(bundle) = held
        && bundle.role() != Role::Reveal
    {
        let why = KeyError::OtherRole {
            role: bundle.role(),
        };
        return Err(Error::Denied {
            denial: Denial::NotGranted(why.to_string()),
            recorded: None,
        });
    }
    open(held.source())
}

/// Refuses what is no reason, or too long for one.
pub(crate) fn reasoned(reason: &str) -> Result<(), Denial> {
    if !reason.chars().any(char::is_alphanumeric) {
        return Err(Denial::NoReason);
    }
    if reason.chars().count() > REASON_MAX {
        return Err(Denial::LongReason);
    }
    Ok(())
}

/// Whether a reason holds a value that is long enough not to be there by chance.
fn quotes(reason: &str, value: &str) -> bool {
    let value = value.trim();
    value.chars().count() >= QUOTE_MIN && reason.contains(value)
}

fn shortened(reason: &str) -> String {
    reason.chars().take(REASON_MAX).collect()
}

/// The longest reason, in characters.
const REASON_MAX: usize = 500;
/// The shortest value that a reason is searched for, in characters.
const QUOTE_MIN: usize = 6;
