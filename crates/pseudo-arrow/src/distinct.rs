//! Work once per distinct value: dictionaries and run ends.
//!
//! Only the values that rows of the array use are transformed, each once, and counted as often as
//! it is used: what a dictionary holds beside them is not data of this column. NULL may stand in
//! the keys or in the values; in the output it stands in the keys.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type, Int64Type, RunEndIndexType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, PrimitiveArray, RunArray, UInt64Array,
    new_null_array,
};
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_schema::DataType;
use arrow_select::nullif::nullif;
use arrow_select::take::take;

use crate::outcome::Tally;
use crate::{Error, Kernel, Outcome};

/// Says whether the cells of an array stand elsewhere than in its rows.
pub(crate) fn is_encoded(array: &dyn Array) -> bool {
    matches!(
        array.data_type(),
        DataType::Dictionary(..) | DataType::RunEndEncoded(..)
    )
}

/// Writes the cells of an encoded array out, row by row; `None` for one that is not encoded.
pub(crate) fn plain(array: &dyn Array) -> Result<Option<ArrayRef>, Error> {
    if !is_encoded(array) {
        return Ok(None);
    }
    let encoded = Encoded::of(array)?;
    Ok(Some(if encoded.values.is_empty() {
        new_null_array(encoded.values.data_type(), array.len())
    } else {
        take(&encoded.values, &encoded.rows, None)?
    }))
}

/// Answers the values that rows of an encoded array use and how many rows use each; `None` for one
/// that is not encoded.
pub(crate) fn weighed(array: &dyn Array) -> Result<Option<(ArrayRef, Vec<u64>)>, Error> {
    if !is_encoded(array) {
        return Ok(None);
    }
    let encoded = Encoded::of(array)?;
    let weights = encoded.weights();
    Ok(Some((encoded.values, weights)))
}

/// Transforms an encoded array into `output`.
pub(crate) fn apply(
    kernel: &Kernel,
    array: &dyn Array,
    output: &DataType,
    outcome: &mut Outcome,
) -> Result<ArrayRef, Error> {
    Encoded::of(array)?.apply(kernel, output, outcome)
}

/// An encoded array: distinct values, and the value of each row.
pub(crate) struct Encoded {
    pub(crate) values: ArrayRef,
    pub(crate) rows: UInt64Array,
}

impl Encoded {
    /// Transforms the array into `output`.
    pub(crate) fn apply(
        &self,
        kernel: &Kernel,
        output: &DataType,
        outcome: &mut Outcome,
    ) -> Result<ArrayRef, Error> {
        if self.values.is_empty() {
            outcome.null += self.rows.len() as u64;
            return Ok(new_null_array(output, self.rows.len()));
        }
        let result = if self.values.len() > self.rows.len() {
            self.row_by_row(kernel, outcome)
        } else {
            self.once_per_value(kernel, outcome)
        };
        let (values, rows) = match result {
            // The row number is that of a distinct value; the first bad row is found in order.
            Err(Error::Invalid { .. } | Error::NotOpened { .. }) => {
                let mut discarded = Outcome::default();
                self.row_by_row(kernel, &mut discarded)?;
                return Err(Error::Assembly);
            }
            result => result?,
        };
        match output {
            DataType::Dictionary(key, _) => {
                // Every key type that held the input's keys holds these: they are not larger.
                let nulls = logical_nulls(&rows, &values);
                dictionary(key, &rows, nulls, values)
            }
            _ => Ok(take(&values, &rows, None)?),
        }
    }

    /// Says which rows a kernel refuses, each value looked at once.
    pub(crate) fn refused(&self, kernel: &Kernel) -> Result<Vec<bool>, Error> {
        if self.values.len() > self.rows.len() {
            return kernel.marks(&take(&self.values, &self.rows, None)?);
        }
        let marks = kernel.marks(&self.values)?;
        let mark = |row: Option<u64>| row.and_then(|row| marks.get(row.as_usize()).copied());
        let rows = self.rows.iter();
        Ok(rows.map(|row| mark(row).unwrap_or_default()).collect())
    }

    pub(crate) fn of(array: &dyn Array) -> Result<Self, Error> {
        if let Some(dictionary) = array.as_any_dictionary_opt() {
            let values = Arc::clone(dictionary.values());
            if values.is_empty() {
                return Ok(Self {
                    values,
                    rows: UInt64Array::new_null(array.len()),
                });
            }
            let keys = dictionary
                .normalized_keys()
                .into_iter()
                .map(|key| key as u64)
                .collect();
            let rows = UInt64Array::try_new(keys, dictionary.keys().nulls().cloned())?;
            return Ok(Self { values, rows });
        }
        match array.data_type() {
            DataType::RunEndEncoded(ends, _) => match ends.data_type() {
                DataType::Int16 => Self::of_runs(array.as_run::<Int16Type>()),
                DataType::Int32 => Self::of_runs(array.as_run::<Int32Type>()),
                _ => Self::of_runs(array.as_run::<Int64Type>()),
            },
            _ => Err(Error::Assembly),
        }
    }

    fn of_runs<R: RunEndIndexType>(array: &RunArray<R>) -> Result<Self, Error> {
        let mut rows = Vec::with_capacity(array.len());
        if !array.is_empty() {
            let first = array.get_start_physical_index() as u64;
            for (run, end) in (first..).zip(array.run_ends().sliced_values()) {
                rows.resize(end.as_usize().min(array.len()), run);
            }
        }
        Ok(Self {
            values: Arc::clone(array.values()),
            rows: rows.into(),
        })
    }

    /// Answers how many rows use each value.
    fn weights(&self) -> Vec<u64> {
        let mut weights = vec![0_u64; self.values.len()];
        for row in self.rows.iter().flatten() {
            if let Some(weight) = weights.get_mut(row.as_usize()) {
                *weight += 1;
            }
        }
        weights
    }

    /// Transforms each value that is used, once.
    fn once_per_value(
        &self,
        kernel: &Kernel,
        outcome: &mut Outcome,
    ) -> Result<(ArrayRef, UInt64Array), Error> {
        let weights = self.weights();
        outcome.null += self.rows.null_count() as u64;
        let unused: BooleanArray = weights.iter().map(|weight| Some(*weight == 0)).collect();
        let used = if weights.contains(&0) {
            nullif(&self.values, &unused)?
        } else {
            Arc::clone(&self.values)
        };
        let mut tally = Tally::weighed(outcome, &weights);
        Ok((kernel.plain(&used, &mut tally)?, self.rows.clone()))
    }

    /// Transforms every row: for a slice that is smaller than its dictionary, and to find a row.
    fn row_by_row(
        &self,
        kernel: &Kernel,
        outcome: &mut Outcome,
    ) -> Result<(ArrayRef, UInt64Array), Error> {
        let plain = take(&self.values, &self.rows, None)?;
        let values = kernel.plain(&plain, &mut Tally::new(outcome))?;
        Ok((values, (0..self.rows.len() as u64).collect()))
    }
}

/// Answers which rows have a value that is not NULL.
fn logical_nulls(rows: &UInt64Array, values: &dyn Array) -> Option<NullBuffer> {
    let Some(nulls) = values
        .logical_nulls()
        .filter(|nulls| nulls.null_count() > 0)
    else {
        return rows.nulls().cloned();
    };
    let valid = rows
        .iter()
        .map(|row| row.is_some_and(|row| nulls.is_valid(row.as_usize())));
    Some(NullBuffer::from_iter(valid)).filter(|nulls| nulls.null_count() > 0)
}

fn dictionary(
    key: &DataType,
    rows: &UInt64Array,
    nulls: Option<NullBuffer>,
    values: ArrayRef,
) -> Result<ArrayRef, Error> {
    match key {
        DataType::Int8 => keyed::<Int8Type>(rows, nulls, values),
        DataType::Int16 => keyed::<Int16Type>(rows, nulls, values),
        DataType::Int32 => keyed::<Int32Type>(rows, nulls, values),
        DataType::Int64 => keyed::<Int64Type>(rows, nulls, values),
        DataType::UInt8 => keyed::<UInt8Type>(rows, nulls, values),
        DataType::UInt16 => keyed::<UInt16Type>(rows, nulls, values),
        DataType::UInt32 => keyed::<UInt32Type>(rows, nulls, values),
        DataType::UInt64 => keyed::<UInt64Type>(rows, nulls, values),
        _ => Err(Error::Assembly),
    }
}

fn keyed<K: ArrowDictionaryKeyType>(
    rows: &UInt64Array,
    nulls: Option<NullBuffer>,
    values: ArrayRef,
) -> Result<ArrayRef, Error> {
    let keys: Option<Vec<K::Native>> = rows
        .values()
        .iter()
        .map(|row| K::Native::from_usize(row.as_usize()))
        .collect();
    let keys = PrimitiveArray::<K>::try_new(keys.ok_or(Error::Assembly)?.into(), nulls)?;
    Ok(Arc::new(DictionaryArray::try_new(keys, values)?))
}
