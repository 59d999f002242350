//! Persons who do not exist: everything about one follows from a seed and an index.

use super::draws::{Draws, scramble};
use super::fixed::{Fixed, write_digits};
use super::name::Name;
use super::number::{RESIDENT_SERIALS, phone, resident_id};
use super::place::{self, Province};

/// How many persons there are; up to this index no two share an identity number, phone or email.
pub const PERSONS: u64 = 1 << BITS;

/// A person who does not exist.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// What the person is called.
    pub name: Name,
    /// Male or female, as in the identity number.
    pub male: bool,
    /// The day of birth since 1970-01-01, as in the identity number.
    pub birth_day: i32,
    /// The province of the identity number.
    pub province: &'static Province,
    serial: u64,
    number: u64,
    domain: &'static str,
}

impl Person {
    /// Returns person `index` of `seed`; indexes from [`PERSONS`] on repeat the identifiers of
    /// others.
    #[inline]
    #[must_use]
    pub fn new(seed: u64, index: u64) -> Self {
        let mut draws = Draws::at(seed, STREAM, index);
        let male = draws.per_mille(MALE_PER_MILLE);
        let number = scramble(seed, index, BITS);
        // Three births to a number, so that the birth days span a working population.
        let birth = 3 * scramble(seed ^ STREAM, index, BITS) + u64::from(draws.below(3));
        let day = i32::try_from(birth / RESIDENT_SERIALS).unwrap_or_default();
        Self {
            name: Name::draw(&mut draws, male),
            male,
            birth_day: FIRST_BIRTH_DAY + day,
            province: place::draw_province(&mut draws),
            serial: birth % RESIDENT_SERIALS,
            number,
            domain: draws.pick(&DOMAINS),
        }
    }

    /// Returns the resident identity number.
    #[inline]
    #[must_use]
    pub fn resident_id(&self) -> Fixed<18> {
        resident_id(self.birth_day, self.male, self.province.code, self.serial)
    }

    /// Returns the mobile number.
    #[inline]
    #[must_use]
    pub fn phone(&self) -> Fixed<11> {
        phone(self.number)
    }

    /// Appends the email address: the name in pinyin, a number, and a reserved domain.
    #[inline]
    pub fn push_email(&self, out: &mut String) {
        self.name.push_pinyin(out);
        // Another order than the phone's, so that one does not show in the other.
        let mut digits = [0; 9];
        write_digits(&mut digits, scramble(STREAM, self.number, BITS));
        out.push_str(Fixed::new(digits).as_str());
        out.push_str(self.domain);
    }
}

const STREAM: u64 = 0x7065_7273_6f6e;
const MALE_PER_MILLE: u32 = 620;
const BITS: u32 = 28;
/// 1958-01-01; the last day of birth is 2002-05-13.
const FIRST_BIRTH_DAY: i32 = -4_383;
const DOMAINS: [&str; 8] = [
    "@example.com",
    "@example.com",
    "@example.com",
    "@example.com",
    "@example.com",
    "@example.org",
    "@example.org",
    "@example.net",
];
