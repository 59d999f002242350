//! `geo`: coordinates become coarser, rounded half to even to a number of decimals; the type stays.

use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::round::Round;
use crate::outcome::Tally;
use crate::{Error, Number, OnInvalid};

pub(crate) struct Geo {
    decimals: u8,
    round: Round,
}

impl Geo {
    pub(crate) fn new(decimals: u8, on_invalid: OnInvalid) -> Self {
        Self {
            decimals,
            round: Round {
                step: Number::new(1, decimals),
                on_invalid,
            },
        }
    }

    /// A column without more decimals than are kept is refused: such a rule would be a copy.
    pub(crate) fn output(&self, input: &DataType) -> Option<DataType> {
        let takes = match input {
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale)
            | DataType::Decimal256(_, scale) => i16::from(*scale) > i16::from(self.decimals),
            _ => input.is_floating() || *input == DataType::Null,
        };
        takes.then(|| input.clone())
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        self.round.apply(array, tally)
    }
}
