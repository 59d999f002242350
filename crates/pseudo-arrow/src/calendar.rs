//! Days and clocks: the proleptic Gregorian calendar as arithmetic, and the zones of timestamp
//! columns.
//!
//! Days count from 1970-01-01. The conversions are Howard Hinnant's `civil_from_days` and
//! `days_from_civil`; they hold for every day that fits the column types.

use arrow_array::cast::AsArray;
use arrow_array::temporal_conversions::{as_datetime_with_timezone, timestamp_s_to_datetime};
use arrow_array::timezone::Tz;
use arrow_array::types::{
    ArrowTimestampType, Date32Type, Date64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_schema::{DataType, TimeUnit};

use crate::Unit;

pub(crate) const SECONDS_PER_DAY: i64 = 86_400;
pub(crate) const MILLISECONDS_PER_DAY: i64 = 86_400_000;

/// A day of the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    /// Makes a date, `None` when the calendar has no such day or the year is outside 0000 to 9999.
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let date = Self {
            year: year.into(),
            month: month.into(),
            day: day.into(),
        };
        if !(0..=9_999).contains(&year) || !(1..=12).contains(&month) || day == 0 {
            return None;
        }
        let number = days(date.year, date.month)?.checked_add(date.day - 1)?;
        (Self::of(number)? == date).then_some(date)
    }

    /// Answers the day that many days after 1970-01-01.
    pub(crate) fn of(number: i64) -> Option<Self> {
        let (year, month, day) = civil(number)?;
        Some(Self { year, month, day })
    }

    /// Answers the full years from this day to another; negative when the other comes first.
    pub(crate) fn years_until(self, other: Self) -> i64 {
        let is_short = (other.month, other.day) < (self.month, self.day);
        other.year - self.year - i64::from(is_short)
    }
}

/// Says whether a column has days: dates, and times in a zone that is known.
pub(crate) fn has_days(data_type: &DataType) -> bool {
    match data_type {
        DataType::Date32 | DataType::Date64 => true,
        DataType::Timestamp(_, zone) => Zone::parse(zone.as_deref()).is_some(),
        _ => false,
    }
}

/// Answers the day of each cell in the column's own zone, where the cell has one.
pub(crate) fn local_days(array: &dyn Array) -> Option<Vec<Option<i64>>> {
    Some(match array.data_type() {
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>();
            days.values()
                .iter()
                .map(|day| Some(i64::from(*day)))
                .collect()
        }
        DataType::Date64 => {
            let days = array.as_primitive::<Date64Type>();
            let day = |value: &i64| Some(value.div_euclid(MILLISECONDS_PER_DAY));
            days.values().iter().map(day).collect()
        }
        DataType::Timestamp(unit, zone) => {
            let zone = Zone::parse(zone.as_deref())?;
            match unit {
                TimeUnit::Second => zone.days(array.as_primitive::<TimestampSecondType>()),
                TimeUnit::Millisecond => {
                    zone.days(array.as_primitive::<TimestampMillisecondType>())
                }
                TimeUnit::Microsecond => {
                    zone.days(array.as_primitive::<TimestampMicrosecondType>())
                }
                TimeUnit::Nanosecond => zone.days(array.as_primitive::<TimestampNanosecondType>()),
            }
        }
        _ => return None,
    })
}

/// The zone in which the wall clock of a column is read.
#[derive(Clone, Copy)]
pub(crate) enum Zone {
    /// Seconds east of Greenwich.
    Fixed(i64),
    Named(Tz),
}

impl Zone {
    /// Reads what a timestamp type says; a column without a zone shows its own wall clock.
    pub(crate) fn parse(zone: Option<&str>) -> Option<Self> {
        match zone {
            None | Some("UTC" | "utc" | "Z" | "Etc/UTC") => Some(Self::Fixed(0)),
            Some(zone) => match zone.parse::<Tz>() {
                Ok(named) if !zone.starts_with(['+', '-']) => Some(Self::Named(named)),
                Ok(fixed) => offset(fixed, 0).map(Self::Fixed),
                Err(_) => None,
            },
        }
    }

    /// Answers the wall clock at an instant, in seconds.
    pub(crate) fn local(self, instant: i64) -> Option<i64> {
        match self {
            Self::Fixed(east) => instant.checked_add(east),
            Self::Named(zone) => instant.checked_add(offset(zone, instant)?),
        }
    }

    fn days<T: ArrowTimestampType>(self, stamps: &PrimitiveArray<T>) -> Vec<Option<i64>> {
        let per_second = per_second(T::UNIT);
        let day = |value: &i64| {
            let second = self.local(value.div_euclid(per_second))?;
            Some(second.div_euclid(SECONDS_PER_DAY))
        };
        stamps.values().iter().map(day).collect()
    }

    /// Answers the instant at which the wall clock showed `local`, which lies in the same period as
    /// `instant`.
    ///
    /// A wall clock that was shown twice means the hour of `instant` for hours, and the first time
    /// for longer periods, so that one day has one start. One that was skipped means the end of the
    /// gap.
    fn instant(self, local: i64, instant: i64, unit: Unit) -> Option<i64> {
        let zone = match self {
            Self::Fixed(east) => return local.checked_sub(east),
            Self::Named(zone) => zone,
        };
        let east = offset(zone, instant)?;
        let same = local.checked_sub(east)?;
        if unit == Unit::Hour && offset(zone, same)? == east {
            return Some(same);
        }
        let clock = timestamp_s_to_datetime(local)?;
        match clock.and_local_timezone(zone).earliest() {
            Some(found) => Some(found.timestamp()),
            None => local.checked_sub(offset(zone, same)?),
        }
    }

    /// Answers the instant at which the period of `instant` began.
    pub(crate) fn truncate(self, instant: i64, unit: Unit) -> Option<i64> {
        let local = self.local(instant)?;
        let start = if unit == Unit::Hour {
            local.div_euclid(3_600).checked_mul(3_600)?
        } else {
            let day = local.div_euclid(SECONDS_PER_DAY);
            truncate_day(day, unit)?.checked_mul(SECONDS_PER_DAY)?
        };
        self.instant(start, instant, unit)
    }
}

/// Answers the day on which the period of `day` began.
pub(crate) fn truncate_day(day: i64, unit: Unit) -> Option<i64> {
    let (year, month, _) = civil(day)?;
    match unit {
        Unit::Year => days(year, 1),
        Unit::Quarter => days(year, (month - 1) / 3 * 3 + 1),
        Unit::Month => days(year, month),
        // 1970-01-01 was a Thursday.
        Unit::Week => Some(day - (day.checked_add(3)?).rem_euclid(7)),
        Unit::Day | Unit::Hour => Some(day),
    }
}

/// Answers year, month and day of month.
pub(crate) fn civil(day: i64) -> Option<(i64, i64, i64)> {
    let day = day.checked_add(719_468)?;
    let era = day.div_euclid(146_097);
    let day_of_era = day.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some((year, month, day_of_month))
}

/// Answers how many units of a timestamp make a second.
pub(crate) fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// Answers the first day of a month.
fn days(year: i64, month: i64) -> Option<i64> {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era.checked_mul(146_097)?.checked_add(day_of_era - 719_468)
}

/// Answers the seconds east of Greenwich at an instant.
fn offset(zone: Tz, instant: i64) -> Option<i64> {
    let clock = as_datetime_with_timezone::<TimestampSecondType>(instant, zone)?;
    // `naive_local` panics only beyond the years that the checked conversion above admits, less a
    // day.
    let edge = SECONDS_PER_DAY * 2;
    timestamp_s_to_datetime(instant.checked_add(edge)?)?;
    timestamp_s_to_datetime(instant.checked_sub(edge)?)?;
    clock
        .naive_local()
        .and_utc()
        .timestamp()
        .checked_sub(instant)
}
