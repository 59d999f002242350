//! Refusal: all that is wrong, at once. Each violation says where it is, what it is and what could
//! be written instead; none holds a value, only names of keys, columns, identities and types.

use std::fmt;

/// Everything that keeps a pipeline from being read or bound; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, in the order of the file.
    pub violations: Vec<Violation>,
}

impl Refusal {
    /// Orders violations as a reader of the file meets them.
    pub(crate) fn new(mut violations: Vec<Violation>) -> Self {
        violations.sort_by_key(|violation| (violation.line, violation.column));
        Self { violations }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.violations.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// A place in the text of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Line, counted from 1.
    pub line: usize,
    /// Column of that line in characters, counted from 1.
    pub column: usize,
}

impl Default for Spot {
    /// The beginning of the file: the place of what is not there.
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

/// One thing that is wrong, or that deserves a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What kind of mistake it is.
    pub fault: Fault,
    /// The file, as it was named to [`crate::Pipeline::parse`].
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column of that line in characters, counted from 1.
    pub column: usize,
    /// The section, for instance `table [tables.users.columns]`.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it; from its second line on, text ready to paste.
    pub hint: Option<String>,
}

impl Violation {
    /// Renders the violation under a word such as `error` or `warning`, without a last line break.
    #[must_use]
    pub fn block(&self, severity: &str) -> String {
        let mut text = format!(
            "{severity}: {}\n  --> {}:{}:{}",
            self.message, self.file, self.line, self.column
        );
        if !self.place.is_empty() {
            text.push_str(", ");
            text.push_str(&self.place);
        }
        let mut indent = "\n  hint: ";
        for line in self.hint.iter().flat_map(|hint| hint.lines()) {
            text.push_str(indent);
            text.push_str(line);
            indent = "\n        ";
        }
        text
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.block("error"))
    }
}

/// What kind of mistake a violation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The file is not TOML.
    Syntax,
    /// A key that nothing reads.
    UnknownKey,
    /// A key that is required is not there.
    MissingKey,
    /// A value of the wrong TOML type.
    WrongType,
    /// A value outside of what its key takes.
    BadValue,
    /// An action that does not exist.
    UnknownAction,
    /// A kind that does not exist.
    UnknownKind,
    /// An identity that is not declared.
    UnknownIdentity,
    /// A placeholder without a value.
    UnsetPlaceholder,
    /// A value for a placeholder that the file does not have.
    NoSuchPlaceholder,
    /// Something that this build does not have.
    NotInThisBuild,
    /// One rule names several actions.
    TwoActions,
    /// A column or rule without any action.
    NoAction,
    /// Two rules write one output column.
    OutputTwice,
    /// A column of the source without a rule.
    NoRule,
    /// A rule, or `subject`, for a column that the source does not have.
    NoSuchColumn,
    /// Two patterns match one column.
    TwoPatterns,
    /// The source has two columns of one name.
    DuplicateColumn,
    /// A column of a type that no rule but `drop` takes.
    UnsupportedType,
    /// The action does not take the type of the column.
    TypeNotTaken,
    /// The rule needs to know the kind of the column.
    NeedsKind,
    /// The rule does not fit the kind of the column.
    KindMismatch,
    /// The rule needs a subject with one identity.
    NeedsSubject,
    /// The table would be written without any column.
    NothingWritten,
    /// Warning: part of a value is shown beside its token.
    MaskBesideToken,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 25] = [
        Self::Syntax,
        Self::UnknownKey,
        Self::MissingKey,
        Self::WrongType,
        Self::BadValue,
        Self::UnknownAction,
        Self::UnknownKind,
        Self::UnknownIdentity,
        Self::UnsetPlaceholder,
        Self::NoSuchPlaceholder,
        Self::NotInThisBuild,
        Self::TwoActions,
        Self::NoAction,
        Self::OutputTwice,
        Self::NoRule,
        Self::NoSuchColumn,
        Self::TwoPatterns,
        Self::DuplicateColumn,
        Self::UnsupportedType,
        Self::TypeNotTaken,
        Self::NeedsKind,
        Self::KindMismatch,
        Self::NeedsSubject,
        Self::NothingWritten,
        Self::MaskBesideToken,
    ];

    /// The word for machines, for instance `no-rule`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::UnknownKey => "unknown-key",
            Self::MissingKey => "missing-key",
            Self::WrongType => "wrong-type",
            Self::BadValue => "bad-value",
            Self::UnknownAction => "unknown-action",
            Self::UnknownKind => "unknown-kind",
            Self::UnknownIdentity => "unknown-identity",
            Self::UnsetPlaceholder => "unset-placeholder",
            Self::NoSuchPlaceholder => "no-such-placeholder",
            Self::NotInThisBuild => "not-in-this-build",
            Self::TwoActions => "two-actions",
            Self::NoAction => "no-action",
            Self::OutputTwice => "output-twice",
            Self::NoRule => "no-rule",
            Self::NoSuchColumn => "no-such-column",
            Self::TwoPatterns => "two-patterns",
            Self::DuplicateColumn => "duplicate-column",
            Self::UnsupportedType => "unsupported-type",
            Self::TypeNotTaken => "type-not-taken",
            Self::NeedsKind => "needs-kind",
            Self::KindMismatch => "kind-mismatch",
            Self::NeedsSubject => "needs-subject",
            Self::NothingWritten => "nothing-written",
            Self::MaskBesideToken => "mask-beside-token",
        }
    }
}
