//! The canonical text itself (TOKENS.md section 3): no action of a policy, but what stands beside
//! its pseudonyms for whoever may have the originals.

use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use crate::batch::Canon;
use crate::column::Bytes;
use crate::outcome::Tally;
use crate::{Error, bytes};

pub(crate) struct Canonical {
    pub(super) canon: Canon,
}

impl Canonical {
    pub(crate) fn output(&self, input: &DataType) -> Option<DataType> {
        let fits = self.canon.accepts(input) && !bytes::is_binary(input);
        fits.then_some(DataType::Utf8)
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let mut column = Bytes::new(array.len(), 0);
        self.canon.each(array, tally, |text| {
            column.push_option(text)?;
            Ok(true)
        })?;
        column.into_text()
    }
}
