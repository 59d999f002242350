//! `age`: dates of birth and resident IDs become the band of an age, `30-34`, `75+`.
//!
//! The age is the full years up to a given day, never up to today; whoever is born later than that
//! day is invalid. A band is cut short where the open one begins.

use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use pseudo_pii::Kind;
use pseudo_pii::derive::resident_id;

use crate::batch::Canon;
use crate::column::{Bytes, each_cell};
use crate::outcome::Tally;
use crate::{Date, Error, bytes, calendar};

pub(crate) struct Age {
    width: usize,
    /// By age divided by width; the last is the open one, from `top` on.
    labels: Vec<String>,
    top: usize,
    at: Date,
    canon: Canon,
}

impl Age {
    pub(crate) fn new(width: u32, top: u32, at: Date, canon: Canon) -> Result<Self, Error> {
        let faulty = |needs| Error::Steps {
            action: "age",
            needs,
        };
        if width == 0 {
            return Err(faulty("a width above zero"));
        }
        if !(1..=TOP_MAX).contains(&top) {
            return Err(faulty("a top above zero and up to 1000"));
        }
        let band = |low: u32| {
            let high = low.saturating_add(width).min(top) - 1;
            if low == high {
                low.to_string()
            } else {
                format!("{low}-{high}")
            }
        };
        let lows = (0..top).step_by(usize::try_from(width).unwrap_or(usize::MAX));
        let labels = lows.map(band).chain([format!("{top}+")]).collect();
        Ok(Self {
            width: usize::try_from(width).unwrap_or(usize::MAX),
            labels,
            top: usize::try_from(top).unwrap_or(usize::MAX),
            at,
            canon,
        })
    }

    pub(crate) fn output(&self, input: &DataType) -> Option<DataType> {
        let takes = match input {
            DataType::Null => true,
            DataType::Boolean => false,
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => {
                calendar::has_days(input)
            }
            _ => bytes::has_text(input) && self.canon.kind == Kind::CnResidentId,
        };
        takes.then_some(DataType::Utf8)
    }

    pub(crate) fn apply(&self, array: &dyn Array, tally: &mut Tally) -> Result<ArrayRef, Error> {
        let mut column = Bytes::new(array.len(), array.len() * 5);
        if let Some(days) = calendar::local_days(array) {
            let labels = days.into_iter().map(|day| self.label(Date::of(day?)?));
            each_cell(array, labels, self.canon.on_invalid, tally, |label| {
                column.push_option(label)
            })?;
        } else {
            self.canon.each(array, tally, |text| {
                let birth = text.and_then(resident_id::birth_date);
                let birth = birth.and_then(|(y, m, d)| Date::new(y.into(), m, d));
                let label = birth.and_then(|birth| self.label(birth));
                column.push_option(label)?;
                Ok(label.is_some())
            })?;
        }
        column.into_text()
    }

    fn label(&self, birth: Date) -> Option<&str> {
        let age = usize::try_from(birth.years_until(self.at)).ok()?;
        let label = if age >= self.top {
            self.labels.last()
        } else {
            self.labels.get(age / self.width)
        };
        label.map(String::as_str)
    }
}

/// Ages of people, and of what people count in years.
const TOP_MAX: u32 = 1_000;
