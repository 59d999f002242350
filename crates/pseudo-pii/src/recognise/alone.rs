//! What one word is where no column tells: the name of a file, a line of its metadata, an entry of
//! a dictionary that no row refers to.
//!
//! Of one value only its structure and its check speak. So nothing is more than suspect here, and
//! whoever asks for more than a few words asks for chance: of random words of the right length and
//! alphabet 1 in 20,000 passes as a resident number, 1 in 31 of those with a region as a social
//! credit code, 1 in 11 of those with a maker and a serial number as a vehicle, 1 in 10 of those
//! that an issuer could have as a card, and of eleven digits 7 in 100 as a mobile.

use super::{mobile, number};
use crate::Kind;

/// The kind of identifier that a word is, all of it and with every check right.
pub fn alone(word: &str) -> Option<Kind> {
    if number::is_plate(word) {
        return Some(Kind::CnPlate);
    }
    let upper = word.to_ascii_uppercase();
    if let Some(digits) = number::eleven(&upper) {
        return mobile::is_in_use(digits).then_some(Kind::CnPhone);
    }
    let bytes = upper.as_bytes();
    if let Ok(code) = <&[u8; 18]>::try_from(bytes) {
        if number::has_resident_places(code) && number::resident(code) == Some(true) {
            return Some(Kind::CnResidentId);
        }
        if number::uscc(code) == Some(true) {
            return Some(Kind::CnUscc);
        }
    }
    if let Ok(code) = <&[u8; 17]>::try_from(bytes) {
        let is_vin = number::vin(code).is_some_and(|vin| vin.structured && vin.checked);
        if is_vin {
            return Some(Kind::Vin);
        }
    }
    (number::bank_card(bytes) == Some(true)).then_some(Kind::BankCard)
}
