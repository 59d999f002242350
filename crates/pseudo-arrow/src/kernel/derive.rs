//! `derive`: one part of an identifier, the year of a date, or the length of a text.
//!
//! The part is read from canonical text. Where it is not there the cell becomes NULL and counts as
//! invalid; a part that is there is answered even if the check character of the identifier is
//! wrong.

use std::sync::Arc;

use arrow_array::builder::BooleanBuilder;
use arrow_array::types::{Int16Type, Int32Type};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::NullBufferBuilder;
use arrow_schema::DataType;
use pseudo_pii::derive::{email, phone, plate, resident_id, vin};

use crate::batch::Canon;
use crate::calendar::{civil, has_days, local_days};
use crate::column::{Bytes, each_cell};
use crate::outcome::Tally;
use crate::{Error, Part, bytes};

pub(crate) struct Derive {
    pub(crate) part: Part,
    pub(crate) canon: Canon,
    pub(crate) run_year: i32,
}

impl Derive {
    pub(crate) fn output(&self, input: &DataType) -> Option<DataType> {
        let takes = match (self.part, input) {
            (_, DataType::Null) => true,
            (Part::Length, _) => bytes::is_text(input),
            (_, DataType::Boolean) => false,
            (_, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)) => {
                self.part == Part::BirthYear && has_days(input)
            }
            _ => bytes::has_text(input) && self.canon.kind == self.part.kind(),
        };
        takes.then_some(match self.part {
            Part::BirthYear | Part::ModelYear => DataType::Int16,
            Part::Length => DataType::Int32,
            Part::IsNev => DataType::Boolean,
            Part::Sex
            | Part::Province
            | Part::City
            | Part::Wmi
            | Part::Plant
            | Part::EmailDomain
            | Part::IssueNetwork => DataType::Utf8,
        })
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        if let Some(days) = local_days(array) {
            return self.years(array, days, tally);
        }
        match self.part {
            Part::BirthYear => self.numbers::<Int16Type>(array, tally, resident_id::birth_year),
            Part::ModelYear => {
                let year = |text: &str| vin::model_year(text, self.run_year);
                self.numbers::<Int16Type>(array, tally, year)
            }
            Part::Length => self.numbers::<Int32Type>(array, tally, length),
            Part::IsNev => self.truths(array, tally, plate::is_nev),
            _ => self.texts(array, tally),
        }
    }

    fn years(
        &self,
        array: &dyn Array,
        days: Vec<Option<i64>>,
        tally: &mut Tally,
    ) -> Result<ArrayRef, Error> {
        let mut years = Numbers::<Int16Type>::new(array.len());
        let cells = days.into_iter().map(|day| year_of(day?));
        each_cell(array, cells, self.canon.on_invalid, tally, |year| {
            years.push(year);
            Ok(())
        })?;
        years.finish()
    }

    fn numbers<T: ArrowPrimitiveType>(
        &self,
        array: &dyn Array,
        tally: &mut Tally,
        part: impl Fn(&str) -> Option<T::Native>,
    ) -> Result<ArrayRef, Error> {
        let mut numbers = Numbers::<T>::new(array.len());
        self.canon
            .each(array, tally, |text| Ok(numbers.push(text.and_then(&part))))?;
        numbers.finish()
    }

    fn truths(
        &self,
        array: &dyn Array,
        tally: &mut Tally,
        part: impl Fn(&str) -> Option<bool>,
    ) -> Result<ArrayRef, Error> {
        let mut truths = BooleanBuilder::with_capacity(array.len());
        self.canon.each(array, tally, |text| {
            let truth = text.and_then(&part);
            truths.append_option(truth);
            Ok(truth.is_some())
        })?;
        Ok(Arc::new(truths.finish()))
    }

    fn texts(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let mut column = Bytes::new(array.len(), 0);
        self.canon.each(array, tally, |text| {
            let Some(text) = text else {
                column.push_null();
                return Ok(false);
            };
            let city;
            let part = match self.part {
                Part::Sex => resident_id::sex(text),
                Part::Province => resident_id::province(text),
                Part::City => {
                    city = resident_id::city(text);
                    city.as_ref().and_then(|code| str::from_utf8(code).ok())
                }
                Part::Wmi => vin::wmi(text),
                Part::Plant => vin::plant(text),
                Part::EmailDomain => email::domain(text),
                Part::IssueNetwork => phone::issue_network(text),
                Part::BirthYear | Part::ModelYear | Part::IsNev | Part::Length => None,
            };
            column.push_option(part)?;
            Ok(part.is_some())
        })?;
        column.into_text()
    }
}

/// A column of numbers under construction.
struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    nulls: NullBufferBuilder,
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    fn new(rows: usize) -> Self {
        Self {
            values: Vec::with_capacity(rows),
            nulls: NullBufferBuilder::new(rows),
        }
    }

    /// Appends a cell, and says whether it is there.
    fn push(&mut self, number: Option<T::Native>) -> bool {
        self.values.push(number.unwrap_or_default());
        self.nulls.append(number.is_some());
        number.is_some()
    }

    fn finish(mut self) -> Result<ArrayRef, Error> {
        let column = PrimitiveArray::<T>::try_new(self.values.into(), self.nulls.finish())?;
        Ok(Arc::new(column))
    }
}

fn length(text: &str) -> Option<i32> {
    i32::try_from(text.chars().count()).ok()
}

/// Answers the year of a day, `None` outside 0000 to 9999.
fn year_of(day: i64) -> Option<i16> {
    match civil(day)? {
        (year @ 0..=9_999, _, _) => i16::try_from(year).ok(),
        _ => None,
    }
}
