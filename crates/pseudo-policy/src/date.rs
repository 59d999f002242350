//! Dates of a policy: the day on which `age` counts years. Never that of the clock.

use std::fmt;

/// A day of the Gregorian calendar, of the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

impl Date {
    /// Reads `YYYY-MM-DD`; None for any other spelling, and for days that the calendar does not
    /// have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let shaped = text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        if !shaped || text.len() != 10 {
            return None;
        }
        let year: i32 = text.get(..4)?.parse().ok()?;
        let month: u8 = text.get(5..7)?.parse().ok()?;
        let day: u8 = text.get(8..)?.parse().ok()?;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        (year > 0 && (1..=last).contains(&day)).then_some(Self { year, month, day })
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Days since 1970-01-01, as Date32 counts them.
    #[must_use]
    pub fn days(self) -> i32 {
        let month = i32::from(self.month);
        // Years that begin in March: a leap day is the last day of its year.
        let year = self.year - i32::from(month <= 2);
        let since_march = (month + 9) % 12;
        let day_of_year = (153 * since_march + 2) / 5 + i32::from(self.day) - 1;
        365 * year + year / 4 - year / 100 + year / 400 + day_of_year - DAYS_TO_1970
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i32 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2026-11-22", 20_779),
            ("0001-01-01", -719_162),
            ("9999-12-31", 2_932_896),
        ] {
            let date = Date::parse(text).unwrap();
            assert_eq!((date.days(), date.to_string().as_str()), (days, text));
        }
        for text in [
            "",
            "2026-11-2",
            "2026-11-221",
            "2026/11/22",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "0000-01-01",
            "+026-01-01",
            "２026-01-01",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }
}
