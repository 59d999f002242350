//! Synthetic identifiers that are well made and can belong to nobody.
//!
//! Every value is a pure function of a seed and a counter: there is no state, so that any part of a
//! sample can be made on its own and equals that part of the whole. What keeps each kind apart from
//! real people is in its structure, and survives canonicalisation:
//!
//! | kind | valid by | belongs to nobody because |
//! |---|---|---|
//! | `cn-resident-id` | real date, MOD 11-2 | county `PP98xx`: no prefecture was ever 98 |
//! | `cn-phone` | `1[3-9]` and nine digits | segments 154, 161 and 163 are not in use |
//! | `email` | one `@`, a dot after it | `example.com`, `.org`, `.net` are reserved (RFC 2606) |
//! | `vin` | alphabet and check digit | no country holds makers' codes in `G` |
//! | `cn-plate` | Han character, letter, six more | the letter `Z` is no city of these provinces |
//! | `bank-card` | 19 digits, Luhn | industry digit 0 (ISO/IEC 7812-1) issues no cards |
//! | `cn-uscc` | GB 32100 check | region `PP98xx`, as above |
//! | `address` | | roads invented, numbers from 9000 |
//!
//! Reading order: [`Draws`], then numbers, then [`Person`], then [`place`].

mod draws;
mod fixed;
mod name;
mod number;
mod person;
pub mod place;

pub use draws::{Draws, scramble};
pub use fixed::Fixed;
pub use name::{Name, push_company};
pub use number::{
    BANK_CARDS, PHONES, PLATES, RESIDENT_SERIALS, USCCS, VINS, bank_card, phone, plate,
    resident_id, uscc, vin,
};
pub use person::{PERSONS, Person};
