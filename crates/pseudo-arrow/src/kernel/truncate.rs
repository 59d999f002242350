//! `truncate`: dates and times become the start of their period, in the zone of their column.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowTimestampType, Date32Type, Date64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};

use crate::calendar::{self, MILLISECONDS_PER_DAY, Zone, truncate_day};
use crate::column::map_numbers;
use crate::outcome::Tally;
use crate::{Error, OnInvalid, Unit};

pub(crate) struct Truncate {
    pub(crate) unit: Unit,
    pub(crate) on_invalid: OnInvalid,
}

impl Truncate {
    /// Dates have no hours: such a rule would be a copy.
    pub(crate) fn output(&self, input: &DataType) -> Option<DataType> {
        let takes = match input {
            DataType::Null => true,
            DataType::Date32 | DataType::Date64 => self.unit != Unit::Hour,
            DataType::Timestamp(_, zone) => Zone::parse(zone.as_deref()).is_some(),
            _ => false,
        };
        takes.then(|| input.clone())
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let unit = self.unit;
        match array.data_type() {
            DataType::Date32 => {
                let days = array.as_primitive::<Date32Type>();
                let start = |day: i32| i32::try_from(truncate_day(i64::from(day), unit)?).ok();
                let column = map_numbers::<_, Date32Type>(days, self.on_invalid, tally, start)?;
                Ok(Arc::new(column))
            }
            DataType::Date64 => {
                let start = |value: i64| {
                    let day = value.div_euclid(MILLISECONDS_PER_DAY);
                    truncate_day(day, unit)?.checked_mul(MILLISECONDS_PER_DAY)
                };
                let days = array.as_primitive::<Date64Type>();
                let column = map_numbers::<_, Date64Type>(days, self.on_invalid, tally, start)?;
                Ok(Arc::new(column))
            }
            DataType::Timestamp(TimeUnit::Second, zone) => {
                self.stamps::<TimestampSecondType>(array, zone.as_deref(), tally)
            }
            DataType::Timestamp(TimeUnit::Millisecond, zone) => {
                self.stamps::<TimestampMillisecondType>(array, zone.as_deref(), tally)
            }
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                self.stamps::<TimestampMicrosecondType>(array, zone.as_deref(), tally)
            }
            DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
                self.stamps::<TimestampNanosecondType>(array, zone.as_deref(), tally)
            }
            _ => Err(Error::Assembly),
        }
    }

    fn stamps<T: ArrowTimestampType>(
        &self,
        array: &dyn Array,
        zone: Option<&str>,
        tally: &mut Tally,
    ) -> Result<ArrayRef, Error> {
        let zone = Zone::parse(zone).ok_or(Error::Assembly)?;
        let per_second = calendar::per_second(T::UNIT);
        let start = |value: i64| {
            zone.truncate(value.div_euclid(per_second), self.unit)?
                .checked_mul(per_second)
        };
        let stamps = array.as_primitive::<T>();
        let column = map_numbers::<_, T>(stamps, self.on_invalid, tally, start)?;
        Ok(Arc::new(column.with_data_type(array.data_type().clone())))
    }
}
