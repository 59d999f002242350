//! `rare`: values that too few rows hold become one value that says so.
//!
//! Which values are kept was counted over the whole table before: a value that was not counted is
//! rare.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_schema::DataType;
use pseudo_pii::Verdict;

use crate::bytes::Cell;
use crate::census::counts;
use crate::column::Bytes;
use crate::outcome::Tally;
use crate::{Error, Kept, RareTo, bytes};

pub(crate) struct Rare {
    pub(crate) kept: Arc<Kept>,
    pub(crate) to: RareTo,
}

impl Rare {
    pub(crate) fn output(&self, input: &DataType) -> Result<DataType, Error> {
        let unsupported = || Error::UnsupportedType {
            action: "rare",
            data_type: input.clone(),
        };
        if *input != DataType::Null && !counts(input) {
            return Err(unsupported());
        }
        match self.to {
            RareTo::Text(_) => Ok(DataType::Utf8),
            RareTo::Integer(_) if bytes::is_text(input) => Err(unsupported()),
            RareTo::Integer(to) if *input == DataType::Null || fits(to, input) => Ok(input.clone()),
            RareTo::Integer(_) => Err(Error::RareType {
                data_type: input.clone(),
            }),
        }
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        match (&self.to, array.data_type()) {
            (RareTo::Text(to), _) => self.texts(array, to, tally),
            (RareTo::Integer(to), DataType::Int8) => self.numbers::<Int8Type>(array, *to, tally),
            (RareTo::Integer(to), DataType::Int16) => self.numbers::<Int16Type>(array, *to, tally),
            (RareTo::Integer(to), DataType::Int32) => self.numbers::<Int32Type>(array, *to, tally),
            (RareTo::Integer(to), DataType::Int64) => self.numbers::<Int64Type>(array, *to, tally),
            (RareTo::Integer(to), DataType::UInt8) => self.numbers::<UInt8Type>(array, *to, tally),
            (RareTo::Integer(to), DataType::UInt16) => {
                self.numbers::<UInt16Type>(array, *to, tally)
            }
            (RareTo::Integer(to), DataType::UInt32) => {
                self.numbers::<UInt32Type>(array, *to, tally)
            }
            (RareTo::Integer(to), DataType::UInt64) => {
                self.numbers::<UInt64Type>(array, *to, tally)
            }
            _ => Err(Error::Assembly),
        }
    }

    fn texts(&self, array: &dyn Array, to: &str, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let mut column = Bytes::new(array.len(), 0);
        self.each(array, tally, |_, cell| match cell {
            Seen::Null => column.push_option(None),
            Seen::Kept(text) => column.push(text.as_bytes()),
            Seen::Rare => column.push(to.as_bytes()),
        })?;
        column.into_text()
    }

    fn numbers<T: ArrowPrimitiveType<Native: TryFrom<i64>>>(
        &self,
        array: &dyn Array,
        to: i64,
        tally: &mut Tally,
    ) -> Result<ArrayRef, Error> {
        let numbers = array.as_primitive::<T>();
        let to = T::Native::try_from(to).map_err(|_| Error::Assembly)?;
        let mut values = Vec::with_capacity(array.len());
        self.each(array, tally, |row, cell| {
            values.push(match cell {
                Seen::Null => T::Native::default(),
                Seen::Kept(_) => numbers.value(row),
                Seen::Rare => to,
            });
            Ok(())
        })?;
        let column = PrimitiveArray::<T>::try_new(values.into(), numbers.nulls().cloned())?;
        Ok(Arc::new(column))
    }

    fn each(
        &self,
        array: &dyn Array,
        tally: &mut Tally,
        mut write: impl FnMut(usize, Seen) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let cells = bytes::cells(array).ok_or(Error::Assembly)?;
        let mut written = String::new();
        for row in 0..array.len() {
            if cells.is_null(row) {
                tally.null(row);
                write(row, Seen::Null)?;
                continue;
            }
            written.clear();
            let text = match cells.cell(row, &mut written) {
                Cell::Text(text) => text,
                Cell::Written => &written,
                Cell::Bytes(_) | Cell::Missing => return Err(Error::Assembly),
            };
            tally.transformed(row, Verdict::Valid);
            let seen = if self.kept.contains(text) {
                Seen::Kept(text)
            } else {
                Seen::Rare
            };
            write(row, seen)?;
        }
        Ok(())
    }
}

/// What a cell holds.
enum Seen<'a> {
    Null,
    Kept(&'a str),
    Rare,
}

/// Says whether a column of whole numbers can hold a number.
fn fits(number: i64, data_type: &DataType) -> bool {
    match data_type {
        DataType::Int8 => i8::try_from(number).is_ok(),
        DataType::Int16 => i16::try_from(number).is_ok(),
        DataType::Int32 => i32::try_from(number).is_ok(),
        DataType::Int64 => true,
        DataType::UInt8 => u8::try_from(number).is_ok(),
        DataType::UInt16 => u16::try_from(number).is_ok(),
        DataType::UInt32 => u32::try_from(number).is_ok(),
        DataType::UInt64 => u64::try_from(number).is_ok(),
        _ => false,
    }
}
