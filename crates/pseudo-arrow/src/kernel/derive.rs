//! `derive`: one part of an identifier, or the year of a date.
//!
//! The part is read from canonical text. Where it is not there the cell becomes NULL and counts as
//! invalid; a part that is there is answered even if the check character of the identifier is
//! wrong.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowTimestampType, Date32Type, Date64Type, Int16Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, Int16Array};
use arrow_buffer::NullBufferBuilder;
use arrow_schema::{DataType, TimeUnit};
use pseudo_pii::derive::{email, resident_id, vin};
use pseudo_pii::{Canonical, Verdict};

use crate::batch::Canon;
use crate::bytes::Cell;
use crate::calendar::{self, MILLISECONDS_PER_DAY, SECONDS_PER_DAY, Zone, civil};
use crate::column::{Bytes, map_numbers};
use crate::outcome::Tally;
use crate::{Error, OnInvalid, Part, bytes};

pub(crate) struct Derive {
    pub(crate) part: Part,
    pub(crate) canon: Canon,
    pub(crate) run_year: i32,
}

impl Derive {
    pub(crate) fn output(&self, input: &DataType) -> Option<DataType> {
        let takes = match input {
            DataType::Null => true,
            DataType::Date32 | DataType::Date64 => self.part == Part::BirthYear,
            DataType::Timestamp(_, zone) => {
                self.part == Part::BirthYear && Zone::parse(zone.as_deref()).is_some()
            }
            DataType::Boolean => false,
            _ => bytes::has_text(input) && self.canon.kind == self.part.kind(),
        };
        takes.then_some(match self.part {
            Part::BirthYear | Part::ModelYear => DataType::Int16,
            Part::Sex | Part::Province | Part::Wmi | Part::EmailDomain => DataType::Utf8,
        })
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        match array.data_type() {
            DataType::Date32 => {
                let days = array.as_primitive::<Date32Type>();
                let year = |day: i32| year_of(i64::from(day));
                let years = map_numbers::<_, Int16Type>(days, self.canon.on_invalid, tally, year)?;
                Ok(Arc::new(years))
            }
            DataType::Date64 => {
                let days = array.as_primitive::<Date64Type>();
                let year = |value: i64| year_of(value.div_euclid(MILLISECONDS_PER_DAY));
                let years = map_numbers::<_, Int16Type>(days, self.canon.on_invalid, tally, year)?;
                Ok(Arc::new(years))
            }
            DataType::Timestamp(unit, zone) => {
                let zone = Zone::parse(zone.as_deref()).ok_or(Error::Assembly)?;
                match unit {
                    TimeUnit::Second => self.years::<TimestampSecondType>(array, zone, tally),
                    TimeUnit::Millisecond => {
                        self.years::<TimestampMillisecondType>(array, zone, tally)
                    }
                    TimeUnit::Microsecond => {
                        self.years::<TimestampMicrosecondType>(array, zone, tally)
                    }
                    TimeUnit::Nanosecond => {
                        self.years::<TimestampNanosecondType>(array, zone, tally)
                    }
                }
            }
            _ if matches!(self.part, Part::BirthYear | Part::ModelYear) => {
                self.numbers(array, tally)
            }
            _ => self.texts(array, tally),
        }
    }

    fn years<T: ArrowTimestampType>(
        &self,
        array: &dyn Array,
        zone: Zone,
        tally: &mut Tally,
    ) -> Result<ArrayRef, Error> {
        let per_second = calendar::per_second(T::UNIT);
        let year = |value: i64| {
            let second = zone.local(value.div_euclid(per_second))?;
            year_of(second.div_euclid(SECONDS_PER_DAY))
        };
        let stamps = array.as_primitive::<T>();
        let years = map_numbers::<_, Int16Type>(stamps, self.canon.on_invalid, tally, year)?;
        Ok(Arc::new(years))
    }

    fn numbers(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let mut values = Vec::with_capacity(array.len());
        let mut nulls = NullBufferBuilder::new(array.len());
        let part = |text: &str| match self.part {
            Part::BirthYear => resident_id::birth_year(text),
            _ => vin::model_year(text, self.run_year),
        };
        self.each(array, tally, |text| {
            let year = text.and_then(part);
            values.push(year.unwrap_or_default());
            nulls.append(year.is_some());
            Ok(year.is_some())
        })?;
        Ok(Arc::new(Int16Array::try_new(
            values.into(),
            nulls.finish(),
        )?))
    }

    fn texts(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let mut column = Bytes::new(array.len(), 0);
        self.each(array, tally, |text| {
            let Some(text) = text else {
                column.push_null();
                return Ok(false);
            };
            let is_there = match self.part {
                Part::Province => append(resident_id::province(text), &mut column),
                Part::Sex => append(resident_id::sex(text), &mut column),
                Part::Wmi => append(vin::wmi(text), &mut column),
                _ => append(email::domain(text), &mut column),
            };
            if is_there {
                column.close_row()?;
            } else {
                column.push_null();
            }
            Ok(is_there)
        })?;
        column.into_text()
    }

    /// Calls `part` for every row with its canonical text; it appends a cell and says whether there
    /// is a part.
    fn each(
        &self,
        array: &dyn Array,
        tally: &mut Tally,
        mut part: impl FnMut(Option<&str>) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let cells = bytes::cells(array).ok_or(Error::Assembly)?;
        let (mut written, mut canonical) = (String::new(), String::new());
        for row in 0..array.len() {
            if cells.is_null(row) {
                tally.null(row);
                part(None)?;
                continue;
            }
            written.clear();
            canonical.clear();
            let text = match cells.cell(row, &mut written) {
                Cell::Text(text) => text,
                Cell::Written => &written,
                Cell::Bytes(_) | Cell::Missing => "",
            };
            let kind = self.canon.kind;
            let (text, verdict) = match kind.canonical(text, &self.canon.blanks, &mut canonical) {
                Canonical::Blank => {
                    tally.blank(row);
                    part(None)?;
                    continue;
                }
                Canonical::Same(verdict) => (text, verdict),
                Canonical::Written(verdict) => (canonical.as_str(), verdict),
            };
            self.count(row, part(Some(text))?, verdict, tally)?;
        }
        Ok(())
    }

    fn count(
        &self,
        row: usize,
        is_there: bool,
        verdict: Verdict,
        tally: &mut Tally,
    ) -> Result<(), Error> {
        match (is_there, self.canon.on_invalid) {
            (true, _) => tally.transformed(row, verdict),
            (false, OnInvalid::Fail) => return Err(Error::Invalid { row }),
            (false, OnInvalid::Token | OnInvalid::Null) => tally.nulled(row),
        }
        Ok(())
    }
}

fn append(part: Option<&str>, column: &mut Bytes) -> bool {
    column
        .values
        .extend_from_slice(part.unwrap_or_default().as_bytes());
    part.is_some()
}

/// Answers the year of a day, `None` outside 0000 to 9999.
fn year_of(day: i64) -> Option<i16> {
    match civil(day)? {
        (year @ 0..=9_999, _, _) => i16::try_from(year).ok(),
        _ => None,
    }
}
