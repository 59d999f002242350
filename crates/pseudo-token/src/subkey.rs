//! The names of sub-keys: what they are for and whom they tell apart, without a byte of them.

use std::fmt;

use crate::key::Purpose;

/// Names one sub-key of a domain and epoch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubKey {
    /// What it is for.
    pub purpose: Purpose,
    /// The identity; empty for the row order and the list of tombstones.
    pub identity: String,
    /// Its kind with its version, as `cn-phone/1`; empty where the identity is.
    pub kind: String,
}

impl SubKey {
    /// The sub-key of an identity and its kind.
    #[must_use]
    pub fn new(purpose: Purpose, identity: &str, kind: &str) -> Self {
        Self {
            purpose,
            identity: identity.to_owned(),
            kind: kind.to_owned(),
        }
    }

    /// The sub-key of the row order.
    #[must_use]
    pub const fn shuffle() -> Self {
        Self {
            purpose: Purpose::Shuffle,
            identity: String::new(),
            kind: String::new(),
        }
    }

    /// The sub-key of the list of tombstones.
    #[must_use]
    pub const fn tombstones() -> Self {
        Self {
            purpose: Purpose::Forget,
            identity: String::new(),
            kind: String::new(),
        }
    }
}

impl fmt::Display for SubKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            purpose,
            identity,
            kind,
        } = self;
        match purpose {
            Purpose::Shuffle => f.write_str("the key of the row order"),
            Purpose::Forget if identity.is_empty() => f.write_str("the key of the tombstones"),
            _ => write!(
                f,
                "the {} key of identity `{identity}` ({kind})",
                purpose.name()
            ),
        }
    }
}
