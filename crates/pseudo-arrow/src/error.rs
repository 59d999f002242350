//! What can go wrong in a kernel. No variant carries a cell value: a row number and a type say
//! enough.

use arrow_schema::DataType;

/// The fault that made a kernel refuse a column or stop inside one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A value is not well made and the rule says that this fails the run.
    #[error("row {row} holds an invalid value")]
    Invalid {
        /// Position of the cell in the array that was applied.
        row: usize,
    },
    /// A pseudonym is not one that this key made.
    #[error("row {row} does not open with this key")]
    NotOpened {
        /// Position of the cell in the array that was applied.
        row: usize,
    },
    /// The action does not take columns of this type.
    #[error("`{action}` does not take a column of type {data_type}")]
    UnsupportedType {
        /// Name of the action as a policy writes it.
        action: &'static str,
        /// Type of the column.
        data_type: DataType,
    },
    /// A token cannot be written in this form with this many bits.
    #[error("tokens of {bits} bits cannot be written as `{form}`")]
    TokenBits {
        /// Name of the form as a policy writes it.
        form: &'static str,
        /// Bits asked for.
        bits: u16,
    },
    /// The numbers of a `band`, `round`, `age` or `shift` are not usable.
    #[error("`{action}` needs {needs}")]
    Steps {
        /// Name of the action as a policy writes it.
        action: &'static str,
        /// What a usable rule would have.
        needs: &'static str,
    },
    /// The step of a `round` cannot be written in the type of the column.
    #[error("`round` has a step that a column of type {data_type} cannot hold")]
    StepType {
        /// Type of the column.
        data_type: DataType,
    },
    /// The number that stands for rare values cannot be written in the type of the column.
    #[error("`rare` has a number that a column of type {data_type} cannot hold")]
    RareType {
        /// Type of the column.
        data_type: DataType,
    },
    /// An action that moves the rows of one subject alike was given no subject for each row.
    #[error("`shift` needs the subject of each row")]
    NoSubject,
    /// The text of one batch outgrew the 2 GiB that 32-bit offsets can address.
    #[error("more than 2 GiB of text in one batch")]
    TooLarge,
    /// Arrow refused buffers that were built here: a bug, reported without Arrow's text.
    #[error("an output column could not be assembled")]
    Assembly,
}

impl From<arrow_schema::ArrowError> for Error {
    /// Drops the text of Arrow's error, which may quote a cell.
    fn from(_: arrow_schema::ArrowError) -> Self {
        Self::Assembly
    }
}
