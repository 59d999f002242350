//! Which kinds of identifiers the values of a column hold, beyond what chance explains.
//!
//! A check character proves little about one value: of random digits one in ten passes Luhn. So a
//! column is judged, not a value. Every distinct value is looked at once, and only counts are kept:
//! how many have the *shape* of a kind, and how many of those *pass* its check. A kind is a finding
//! when the pass rate among values of its shape is beyond the rate that values of that shape have
//! for other reasons, the base rate.
//!
//! | kind | shape | passes with | base |
//! |---|---|---|---|
//! | `cn-resident-id` | GB 11643-1999: 18 places, province, real birth date | MOD 11-2 | 1/11 |
//! | | GB 11643-1989: 15 digits | province, real birth date | 1/10 |
//! | `cn-phone` | 11 digits, perhaps behind `86` or `0086` | 1 and a segment in use | 7 % |
//! | | those of them that begin with 1 | a segment in use | 70 % |
//! | `vin` | ISO 3779: 17 places, letters and digits, maker, serial | check digit | 1/11 |
//! | | 17 places of that alphabet, letters and digits | maker, serial | 1/6 |
//! | `cn-uscc` | GB 32100: 18 places, registrar, type, region | MOD 31 | 1/31 |
//! | `bank-card` | ISO/IEC 7812: an issuer's first digits and length | Luhn | 1/10 |
//! | `cn-plate` | a province's character, a letter, five or six places | | nil |
//! | `email` | RFC 5322: local part, `@`, domain that ends in letters | | nil |
//!
//! Provinces are the first level of GB/T 2260. MOD 11-2 is that of ISO 7064, the check digit of
//! vehicle numbers that of 49 CFR 565. It is unused in Europe, hence the second row; like the
//! second row of resident numbers that has nothing to prove itself with, and is never certain.
//!
//! *Beyond*: with a confidence of 99.9 % the pass rate is above three times the base rate: suspect;
//! or above one half: certain. Confidence is the Chernoff bound of the binomial tail, which never
//! flatters, so few values need to be nearly perfect: six cards of six are suspect, ten certain,
//! and random digits get as far once in a million columns. Three times, because the values of a
//! column are not random: they are counters, dates and codes whose rates stray from the ideal.
//!
//! Where the base rate is nil one value is a finding: an e-mail address is certain at once; a plate
//! and a mobile behind `+86` or a word for phone are suspect, and certain from the third.
//!
//! A birth date in the future is as good as any other: samples have them. So are the segments and
//! the issuer that samples use. An unknown region below a province is no reason to reject: about
//! half of all codes ever used are retired.
//!
//! A mobile has no check, so it takes more: see `mobile`, where counters, dates and times that look
//! like mobiles are told apart. An e-mail address, a mobile and a resident number count inside
//! longer text, too, where they stand as words: not within a longer run of digits or letters. A
//! single resident number amid other values is suspect: one of 20,000 random numbers is as good.
//!
//! A value that looks like several kinds counts for the one that chance explains least.

mod alone;
mod chance;
mod glance;
mod mobile;
mod number;
mod words;

use std::borrow::Cow;
use std::cmp::Reverse;

pub use self::alone::alone;
use self::chance::Tally;
use self::glance::Glance;
use self::mobile::Mobiles;
use self::number::{Number, Spelling};
use crate::canonical::prelude_slow;
use crate::{Kind, fold};

/// Counts what the values of one column look like. It keeps no value, and is about a kilobyte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recogniser {
    distinct: u64,
    rows: u64,
    email: Tally,
    plate: Tally,
    uscc: Tally,
    bank_card: Tally,
    /// Resident numbers that are right in structure; passed when their check is right, too.
    resident: Tally,
    /// Everything that is 17 digits and a digit or `X`.
    resident_places: u64,
    /// Any 15 digits; passed when they are right in structure.
    resident_15: Tally,
    /// Numbers of eleven digits that are all there is to the value.
    mobile: Mobiles,
    /// Numbers of eleven digits within text, or grouped as people group mobiles.
    mobile_in_text: Mobiles,
    /// Mobiles behind `+86` or a word for phone.
    mobile_named: Tally,
    /// Vehicle numbers that are right in structure; passed when their check is right, too.
    vin: Tally,
    /// Anything of the alphabet of vehicle numbers; passed when it is right in structure.
    vin_places: Tally,
}

/// One kind of identifier that a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind.
    pub kind: Kind,
    /// How many distinct values pass as that kind.
    pub values: u64,
    /// How many rows hold them.
    pub rows: u64,
    /// How many distinct values were seen.
    pub of: u64,
    /// How sure this is.
    pub certainty: Certainty,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// More values pass than chance explains.
    Suspect,
    /// Most values of that shape pass, and chance explains none of it.
    Certain,
}

impl Certainty {
    /// The word for it: `suspect`, `certain`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suspect => "suspect",
            Self::Certain => "certain",
        }
    }
}

/// What one cheap look at a value told that may count for some kind. [`Recogniser::add`] of any
/// other value tells that it was there, and nothing else. It fits into registers.
#[derive(Clone, Copy, Debug)]
pub struct Candidate(Glance);

impl Candidate {
    /// Takes the look.
    #[inline]
    pub fn of(text: &str) -> Option<Self> {
        if text.len() < SHORTEST {
            return None;
        }
        let glance = Glance::of(text.as_bytes());
        glance.is_worth_a_look(text.len()).then_some(Self(glance))
    }
}

impl Recogniser {
    /// Counts one distinct value, and the rows that hold it.
    #[inline]
    pub fn add(&mut self, value: &str, rows: u64) {
        match Candidate::of(value) {
            Some(candidate) => self.add_candidate(value, candidate, rows),
            None => {
                self.distinct = self.distinct.saturating_add(1);
                self.rows = self.rows.saturating_add(rows);
            }
        }
    }

    /// [`Recogniser::add`] of a value of which `candidate` was told.
    #[inline]
    pub fn add_candidate(&mut self, value: &str, candidate: Candidate, rows: u64) {
        self.distinct = self.distinct.saturating_add(1);
        self.rows = self.rows.saturating_add(rows);
        self.look(value, candidate.0, rows);
    }

    /// Counts distinct values that are no [`Candidate`], one row each.
    pub const fn add_others(&mut self, values: u64) {
        self.distinct = self.distinct.saturating_add(values);
        self.rows = self.rows.saturating_add(values);
    }

    /// Adds what another recogniser counted in other values of the column.
    pub fn merge(&mut self, other: &Self) {
        self.distinct = self.distinct.saturating_add(other.distinct);
        self.rows = self.rows.saturating_add(other.rows);
        self.resident_places = self.resident_places.saturating_add(other.resident_places);
        self.mobile.merge(&other.mobile);
        self.mobile_in_text.merge(&other.mobile_in_text);
        for (tally, other) in self.tallies(other) {
            tally.merge(other);
        }
    }

    /// Adds the rows that another recogniser counted in values that were counted here before.
    pub fn merge_rows(&mut self, other: &Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.mobile.merge_rows(&other.mobile);
        self.mobile_in_text.merge_rows(&other.mobile_in_text);
        for (tally, other) in self.tallies(other) {
            tally.merge_rows(other);
        }
    }

    /// The tallies that are no more than that, each with that of another recogniser.
    const fn tallies<'r>(&'r mut self, other: &Self) -> [(&'r mut Tally, Tally); 9] {
        [
            (&mut self.email, other.email),
            (&mut self.plate, other.plate),
            (&mut self.resident, other.resident),
            (&mut self.resident_15, other.resident_15),
            (&mut self.mobile_named, other.mobile_named),
            (&mut self.vin, other.vin),
            (&mut self.vin_places, other.vin_places),
            (&mut self.uscc, other.uscc),
            (&mut self.bank_card, other.bank_card),
        ]
    }

    /// Says which kinds the values hold, the most certain and then the most frequent first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = [
            (Kind::CnResidentId, self.residents()),
            (Kind::CnPhone, self.phones()),
            (Kind::Vin, self.vins()),
            (Kind::CnUscc, self.uscc.judged(MOD_31)),
            (Kind::BankCard, self.bank_card.judged(LUHN)),
            (Kind::CnPlate, self.plate.judged_without_chance(FEW)),
            (Kind::Email, self.email.judged_without_chance(1)),
        ]
        .into_iter()
        .filter_map(|(kind, part)| {
            part.map(|part| Finding {
                kind,
                values: part.values,
                rows: part.rows,
                of: self.distinct,
                certainty: part.certainty,
            })
        })
        .collect();
        findings.sort_by_key(|finding| (Reverse(finding.certainty), Reverse(finding.values)));
        findings
    }

    /// How many distinct values were added.
    pub const fn distinct(&self) -> u64 {
        self.distinct
    }

    /// How many rows hold them.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// [`Recogniser::add`] of a value that may be something.
    fn look(&mut self, value: &str, glance: Glance, rows: u64) {
        let room = &mut [0; fold::ROOM];
        let text = if glance.is_ascii() {
            Cow::Borrowed(value)
        } else if let Some(folded) = fold::folded(value, room) {
            Cow::Borrowed(folded)
        } else if glance.is_wide() {
            prelude_slow(value)
        } else {
            Cow::Borrowed(value)
        };
        let text = text.trim();
        if glance.has_at() && words::hold_email(text) {
            self.email.count(true, rows);
        } else if number::is_plate(text) {
            self.plate.count(true, rows);
            return;
        } else if self.count_number(text, rows) {
            return;
        }
        if glance.digits() >= mobile::DIGITS {
            self.count_words(text, rows);
        }
    }

    /// Counts a value that is a number as a whole, if it has the shape of one.
    fn count_number(&mut self, text: &str, rows: u64) -> bool {
        // the most frequent of all, at hand without a copy
        if let Some(digits) = number::eleven(text) {
            self.mobile.count(digits, rows);
            return true;
        }
        let room = &mut [0; fold::ROOM];
        let Some(number) = Number::of(text, room) else {
            return false;
        };
        match number {
            Number::Nothing => {}
            Number::Mobile(digits, Spelling::Plain) => self.mobile.count(digits, rows),
            Number::Mobile(digits, Spelling::Grouped) => self.mobile_in_text.count(digits, rows),
            Number::Mobile(digits, Spelling::China) => self.count_named(digits, rows),
            Number::Fifteen(code) => {
                let resident = number::is_resident_15(code);
                self.resident_15.count(resident, rows);
                self.count_card(code.as_bytes(), resident, rows);
            }
            Number::Seventeen(code) => self.count_vin(code, rows),
            Number::Eighteen(code) => self.count_eighteen(code, rows),
            Number::Card(digits) => self.count_card(digits, false, rows),
        }
        true
    }

    fn count_eighteen(&mut self, code: &[u8; 18], rows: u64) {
        if self.count_resident(code, rows) {
            return;
        }
        let passed = number::uscc(code);
        if let Some(passed) = passed {
            self.uscc.count(passed, rows);
        }
        self.count_card(code, passed == Some(true), rows);
    }

    /// Counts what may be a resident number, and says whether it is one.
    fn count_resident(&mut self, code: &[u8; 18], rows: u64) -> bool {
        if !number::has_resident_places(code) {
            return false;
        }
        self.resident_places = self.resident_places.saturating_add(1);
        let passed = number::resident(code);
        if let Some(passed) = passed {
            self.resident.count(passed, rows);
        }
        passed == Some(true)
    }

    fn count_vin(&mut self, code: &[u8; 17], rows: u64) {
        match number::vin(code) {
            Some(vin) => {
                self.vin_places.count(vin.structured, rows);
                if vin.structured {
                    self.vin.count(vin.checked, rows);
                }
            }
            None => self.count_card(code, false, rows),
        }
    }

    /// Counts what may be a card, unless it `is_other`.
    fn count_card(&mut self, digits: &[u8], is_other: bool, rows: u64) {
        if !is_other && let Some(passed) = number::bank_card(digits) {
            self.bank_card.count(passed, rows);
        }
    }

    fn count_named(&mut self, digits: &[u8; 11], rows: u64) {
        if mobile::is_in_use(digits) {
            self.mobile_named.count(true, rows);
        }
    }

    /// Counts the numbers within a text, one of each kind: what passes before what does not.
    fn count_words(&mut self, text: &str, rows: u64) {
        let found = words::numbers(text);
        if let Some(digits) = found.named {
            self.count_named(&digits, rows);
        } else if let Some(digits) = found.mobile {
            self.mobile_in_text.count(&digits, rows);
        }
        if let Some(code) = found.resident {
            self.count_resident(&code, rows);
        }
    }
}

/// What is said of a kind, or of one spelling of it.
#[derive(Clone, Copy, Debug)]
struct Part {
    certainty: Certainty,
    values: u64,
    rows: u64,
}

impl Part {
    /// What two spellings of one kind, whose values are others, say together.
    fn with(self, other: Self) -> Self {
        Self {
            certainty: self.certainty.max(other.certainty),
            values: self.values.saturating_add(other.values),
            rows: self.rows.saturating_add(other.rows),
        }
    }
}

impl Recogniser {
    fn residents(&self) -> Option<Part> {
        let long = self
            .resident
            .judged(MOD_11)
            .or_else(|| self.few_residents());
        let short = self.resident_15.suspected(RESIDENT_15);
        long.into_iter().chain(short).reduce(Part::with)
    }

    /// Too few for the check alone, but few numbers have that structure by chance. Where the column
    /// is made of such numbers they may be a region, a date and a serial number: it takes three.
    fn few_residents(&self) -> Option<Part> {
        let stray = self.resident_places.saturating_mul(10) <= self.distinct;
        let likely = self.resident.all_passed()
            && self
                .resident
                .among(self.resident_places)
                .is_beyond(RESIDENT)
            && (stray || self.resident_places >= FEW);
        likely.then(|| self.resident.part(Certainty::Suspect))
    }

    fn phones(&self) -> Option<Part> {
        let parts = [
            self.mobile.judged(mobile::Place::Alone),
            self.mobile_in_text.judged(mobile::Place::Text),
            self.mobile_named.judged_without_chance(FEW),
        ];
        parts.into_iter().flatten().reduce(Part::with)
    }

    fn vins(&self) -> Option<Part> {
        let checked = self.vin.judged(MOD_11);
        let structured = self.vin_places.suspected(VIN);
        match (checked, structured) {
            (Some(checked), Some(structured)) => Some(Part {
                certainty: checked.certainty,
                ..structured
            }),
            _ => checked.or(structured),
        }
    }
}

/// Bytes of the shortest identifier: an e-mail address, `a@b.cn`.
const SHORTEST: usize = 6;

/// Values from which on a kind that chance does not make is certain, where one may be a slip.
const FEW: u64 = 3;

/// Base rates.
const LUHN: f64 = 1.0 / 10.0;
const MOD_11: f64 = 1.0 / 11.0;
const MOD_31: f64 = 1.0 / 31.0;
/// Of random 18 places: a province 35 %, a year 4 %, month and day 3.65 %, the check 1/11.
const RESIDENT: f64 = 5e-5;
/// Of random digits 1.3 %, of times of the day with milliseconds behind a date 1/10.
const RESIDENT_15: f64 = 1.0 / 10.0;
/// Of random letters and digits below 1 %, but serial numbers end in digits, too.
const VIN: f64 = 1.0 / 6.0;
