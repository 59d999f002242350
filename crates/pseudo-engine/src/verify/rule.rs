//! What the rule of a column, as the manifest words it, says about what may stand in its cells.
//!
//! | rule | cells | asked for kinds | compared with protected columns |
//! |---|---|---|---|
//! | `token`, `seal`, `fpe` | of one form | – | they are the protected columns |
//! | `keep`, `rare`, `map` | values of the source | yes | yes |
//! | `prefix`, `round`, `geo` | parts, which may be all of it | yes | yes |
//! | `derive` | a part of an identifier, of a shape of its own | no | yes |
//! | `mask` | at least one `*` in each | no | no |
//! | `band`, `age`, `truncate`, `shift` | ranges and dates | no | no |
//! | `constant`, `null` | the policy's words, nothing | no | no |

use super::form::Form;

/// A rule as it matters to a reader of its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Pseudonyms of one form.
    Pseudonyms(Form),
    /// Values of the source, as they are.
    Copies,
    /// What is left of a value by leaving something out, if there is something to leave out.
    Parts,
    /// A part of an identifier.
    Derived,
    /// Nothing that could be a value.
    Nothing,
}

impl Rule {
    /// Reads what [`pseudo_policy::Action::describe`] wrote; None for anything else.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let word = text.split([' ', ',']).next().unwrap_or_default();
        Some(match word {
            "token" | "seal" | "fpe" => Self::Pseudonyms(Form::read(word, text)?),
            "keep" | "rare" | "map" => Self::Copies,
            "prefix" | "round" | "geo" => Self::Parts,
            "derive" => Self::Derived,
            "mask" | "band" | "age" | "truncate" | "shift" | "constant" | "null" => Self::Nothing,
            _ => return None,
        })
    }

    /// Whether identifiers are looked for in the column.
    pub(crate) fn is_recognised(self) -> bool {
        matches!(self, Self::Copies | Self::Parts)
    }

    /// Whether the column is compared with the protected ones.
    pub(crate) fn is_compared(self) -> bool {
        matches!(self, Self::Copies | Self::Parts | Self::Derived)
    }

    /// The form of its cells, where it promises one.
    pub(crate) fn form(self) -> Option<Form> {
        match self {
            Self::Pseudonyms(form) => Some(form),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use pseudo_policy::{Action, FpeAlphabet, SealEncoding, TokenEncoding};

    use super::super::form::Alphabet;
    use super::*;

    #[test]
    fn pseudonyms_say_their_form() {
        let token = |encoding, bits| {
            let identity = "person, hex, 1 bits".to_owned();
            let action = Action::Token {
                identity,
                encoding,
                bits,
            };
            Rule::read(&action.describe())
        };
        let text = |length, alphabet| Some(Rule::Pseudonyms(Form::Text { length, alphabet }));
        assert_eq!(
            token(TokenEncoding::Base32, 128),
            text(26, Alphabet::Base32)
        );
        assert_eq!(
            token(TokenEncoding::Base32, 256),
            text(52, Alphabet::Base32)
        );
        assert_eq!(token(TokenEncoding::Hex, 256), text(64, Alphabet::Hex));
        let bytes = |length| Some(Rule::Pseudonyms(Form::Bytes { length }));
        assert_eq!(token(TokenEncoding::Uuid, 128), bytes(16));
        assert_eq!(token(TokenEncoding::Binary, 256), bytes(32));
        for encoding in [
            SealEncoding::Base64Url,
            SealEncoding::Base32,
            SealEncoding::Binary,
        ] {
            let identity = "a".to_owned();
            let rule = Rule::read(&Action::Seal { identity, encoding }.describe());
            assert!(matches!(rule, Some(Rule::Pseudonyms(Form::Seal(_)))));
        }
        for alphabet in [FpeAlphabet::LowerAlpha, FpeAlphabet::Int64] {
            let identity = "a".to_owned();
            let rule = Rule::read(&Action::Fpe { identity, alphabet }.describe());
            assert!(matches!(rule, Some(Rule::Pseudonyms(_))));
        }
    }

    #[test]
    fn what_is_no_rule_is_none() {
        assert_eq!(Rule::read(&Action::Keep.describe()), Some(Rule::Copies));
        assert_eq!(Rule::read(&Action::Prefix(2).describe()), Some(Rule::Parts));
        for text in [
            "",
            "keeps",
            "token",
            "token a, base31, 128 bits",
            "seal a, x",
        ] {
            assert_eq!(Rule::read(text), None, "{text}");
        }
    }
}
