//! `shift`: the dates of one subject move together, by whole days (TOKENS.md section 7).
//!
//! Intervals within a subject stay as they are. A row without a subject becomes NULL: its date
//! would have to move by nothing.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowTimestampType, Date32Type, Date64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::NullBufferBuilder;
use arrow_schema::{DataType, TimeUnit};
use pseudo_pii::Verdict;
use pseudo_token::ShiftKey;

use crate::batch::{BATCH, Batch, Canon};
use crate::calendar::{self, MILLISECONDS_PER_DAY, SECONDS_PER_DAY};
use crate::outcome::Tally;
use crate::{Error, OnInvalid, Outcome, bytes, distinct};

pub(crate) struct Shift {
    key: Arc<ShiftKey>,
    /// The key by which dates were moved before, and are moved back.
    undone: Option<Arc<ShiftKey>>,
    /// Of the subject.
    canon: Canon,
    days: u32,
    on_invalid: OnInvalid,
}

impl Shift {
    pub(crate) fn new(
        key: Arc<ShiftKey>,
        canon: Canon,
        days: u32,
        on_invalid: OnInvalid,
    ) -> Result<Self, Error> {
        if days == 0 {
            return Err(Error::Steps {
                action: "shift",
                needs: "one day or more",
            });
        }
        Ok(Self {
            key,
            undone: None,
            canon,
            days,
            on_invalid,
        })
    }

    /// The same, of dates that `key` has moved.
    pub(crate) fn undoing(self, key: Arc<ShiftKey>) -> Self {
        Self {
            undone: Some(key),
            ..self
        }
    }

    pub(crate) fn output(input: &DataType) -> Option<DataType> {
        let takes = matches!(
            input,
            DataType::Null | DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
        );
        takes.then(|| input.clone())
    }

    /// Answers by how many days the dates of each row move, `None` where there is no subject.
    pub(crate) fn offsets(&self, subject: &dyn Array) -> Result<Vec<Option<i64>>, Error> {
        let Some(subject) = distinct::plain(subject)? else {
            return self.plain_offsets(subject);
        };
        self.plain_offsets(&subject)
    }

    fn plain_offsets(&self, subject: &dyn Array) -> Result<Vec<Option<i64>>, Error> {
        let data_type = subject.data_type();
        if *data_type == DataType::Null {
            return Ok(vec![None; subject.len()]);
        }
        let cells = bytes::cells(subject).filter(|_| self.canon.accepts(data_type));
        let cells = cells.ok_or_else(|| Error::UnsupportedType {
            action: "shift",
            data_type: data_type.clone(),
        })?;
        // What becomes of the subject itself is counted where its own rule is applied.
        let outcome = &mut Outcome::default();
        let tally = &mut Tally::new(outcome);
        let as_is = self.canon.is_as_is(data_type);
        let mut batch = Batch::default();
        let mut days = vec![0; subject.len().min(BATCH)];
        let mut before = days.clone();
        let mut offsets = Vec::with_capacity(subject.len());
        for start in (0..subject.len()).step_by(BATCH) {
            let rows = start..subject.len().min(start + BATCH);
            cells.fill(rows, &self.canon, as_is, &mut batch, tally)?;
            let days = days.get_mut(..batch.len()).unwrap_or_default();
            batch.with_values(|subjects| self.key.days(self.days, subjects, days));
            if let Some(undone) = &self.undone {
                let before = before.get_mut(..batch.len()).unwrap_or_default();
                batch.with_values(|subjects| undone.days(self.days, subjects, before));
                days.iter_mut()
                    .zip(before)
                    .for_each(|(days, before)| *days -= *before);
            }
            let mut days = days.iter().copied();
            let offset = |is_present: &bool| if *is_present { days.next() } else { None };
            offsets.extend(batch.present.rows.iter().map(offset));
        }
        Ok(offsets)
    }

    /// Moves the dates of a column that is neither a dictionary nor run-end encoded.
    pub(crate) fn apply(
        &self,
        array: &dyn Array,
        offsets: &[Option<i64>],
        tally: &mut Tally,
    ) -> Result<ArrayRef, Error> {
        match array.data_type() {
            DataType::Date32 => self.moved::<Date32Type>(array, offsets, tally, |date, days| {
                date.checked_add(i32::try_from(days).ok()?)
            }),
            DataType::Date64 => self.moved::<Date64Type>(array, offsets, tally, |date, days| {
                date.checked_add(days.checked_mul(MILLISECONDS_PER_DAY)?)
            }),
            DataType::Timestamp(TimeUnit::Second, _) => {
                self.stamps::<TimestampSecondType>(array, offsets, tally)
            }
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                self.stamps::<TimestampMillisecondType>(array, offsets, tally)
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                self.stamps::<TimestampMicrosecondType>(array, offsets, tally)
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                self.stamps::<TimestampNanosecondType>(array, offsets, tally)
            }
            _ => Err(Error::Assembly),
        }
    }

    fn stamps<T: ArrowTimestampType>(
        &self,
        array: &dyn Array,
        offsets: &[Option<i64>],
        tally: &mut Tally,
    ) -> Result<ArrayRef, Error> {
        let per_day = calendar::per_second(T::UNIT) * SECONDS_PER_DAY;
        self.moved::<T>(array, offsets, tally, |stamp, days| {
            stamp.checked_add(days.checked_mul(per_day)?)
        })
    }

    fn moved<T: ArrowPrimitiveType>(
        &self,
        array: &dyn Array,
        offsets: &[Option<i64>],
        tally: &mut Tally,
        add: impl Fn(T::Native, i64) -> Option<T::Native>,
    ) -> Result<ArrayRef, Error> {
        let dates = array.as_primitive::<T>();
        let mut values = Vec::with_capacity(dates.len());
        let mut nulls = NullBufferBuilder::new(dates.len());
        for (row, (date, offset)) in dates.values().iter().zip(offsets).enumerate() {
            let moved = match offset {
                _ if dates.is_null(row) => {
                    tally.null(row);
                    None
                }
                None => {
                    tally.withheld(row);
                    None
                }
                Some(days) => {
                    let moved = add(*date, *days);
                    match moved {
                        Some(_) => tally.transformed(row, Verdict::Valid),
                        None if self.on_invalid == OnInvalid::Fail => tally.refuse(row)?,
                        None => tally.nulled(row),
                    }
                    moved
                }
            };
            nulls.append(moved.is_some());
            values.push(moved.unwrap_or_default());
        }
        let column = PrimitiveArray::<T>::try_new(values.into(), nulls.finish())?;
        Ok(Arc::new(column.with_data_type(array.data_type().clone())))
    }
}
