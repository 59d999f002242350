//! Identifiers that are numbers: resident identity, phone, vehicle, plate, card, organisation.
//!
//! Each function maps a counter one to one onto values up to the count in its constant, and starts
//! over beyond it.

use super::draws::{mix, remainder};
use super::fixed::{Fixed, write_digits};
use super::place::PROVINCES;
use crate::checksum;

/// How many resident identity numbers share a birth date, sex and province.
pub const RESIDENT_SERIALS: u64 = 100 * SEQUENCES;
/// How many phone numbers there are.
pub const PHONES: u64 = SEGMENTS.len() as u64 * 100_000_000;
/// How many vehicle numbers there are.
pub const VINS: u64 = PLANTS.len() as u64 * 1_000_000;
/// How many licence plates there are.
pub const PLATES: u64 = PLATE_PROVINCES.len() as u64 * 2 * PLATE_ALPHABET.len() as u64 * 10_000;
/// How many bank cards there are.
pub const BANK_CARDS: u64 = 1_000_000_000_000;
/// How many unified social credit codes there are.
pub const USCCS: u64 = 31 * 31 * 31 * 31 * 31 * 31;

/// Returns a resident identity number (GB 11643) of county `PP98xx`, which was never assigned.
///
/// `birth_day` counts from 1970-01-01, `province` is the two-digit code of GB/T 2260, and `serial`
/// decides the county's last two digits and the sequence. No sequence is above 994, because 996 to
/// 999 meant the nineteenth century in the 15-digit form.
#[inline]
#[must_use]
pub fn resident_id(birth_day: i32, male: bool, province: u8, serial: u64) -> Fixed<18> {
    let mut id = [b'0'; 18];
    write_digits(&mut id[..2], u64::from(province));
    id[2..4].copy_from_slice(b"98");
    write_digits(&mut id[4..6], serial / SEQUENCES);
    write_digits(&mut id[6..14], civil(birth_day));
    let sequence = 2 * (serial % SEQUENCES) + if male { 1 } else { 2 };
    write_digits(&mut id[14..17], sequence);
    with_check(&mut id, checksum::mod_11_2);
    Fixed::new(id)
}

/// Returns a mobile number of a segment that is not in use, without a country code.
#[inline]
#[must_use]
pub fn phone(n: u64) -> Fixed<11> {
    let mut phone = [b'0'; 11];
    phone[..3].copy_from_slice(SEGMENTS[remainder(n / 100_000_000, SEGMENTS.len())]);
    write_digits(&mut phone[3..], n);
    Fixed::new(phone)
}

/// Returns a vehicle identification number (ISO 3779) of an unassigned maker; `model` decides its
/// fourth character and `model_year` its tenth.
#[inline]
#[must_use]
pub fn vin(n: u64, model: u8, model_year: u16) -> Fixed<17> {
    let mut vin = [b'0'; 17];
    vin[..3].copy_from_slice(b"GXE");
    vin[3] = VIN_MODELS[usize::from(model) % VIN_MODELS.len()];
    write_digits(&mut vin[4..8], mix(n) >> 32);
    vin[9] = VIN_YEARS[usize::from(model_year.saturating_sub(2010)) % VIN_YEARS.len()];
    vin[10] = PLANTS[remainder(n / 1_000_000, PLANTS.len())];
    write_digits(&mut vin[11..], n);
    if let Some(check) = checksum::vin(&vin) {
        vin[8] = check;
    }
    Fixed::new(vin)
}

/// Returns a plate of a battery vehicle of a city letter that its province does not use.
#[inline]
#[must_use]
pub fn plate(n: u64) -> Fixed<10> {
    let mut plate = [b'Z'; 10];
    let letter = n / 10_000;
    let series = letter / PLATE_ALPHABET.len() as u64;
    let province = PLATE_PROVINCES[remainder(series / 2, PLATE_PROVINCES.len())];
    plate[..3].copy_from_slice(province.as_bytes());
    plate[4] = if series.is_multiple_of(2) { b'D' } else { b'F' };
    plate[5] = PLATE_ALPHABET[remainder(letter, PLATE_ALPHABET.len())];
    write_digits(&mut plate[6..], n);
    Fixed::new(plate)
}

/// Returns a bank card number of 19 digits whose first digit is no bank's.
#[inline]
#[must_use]
pub fn bank_card(n: u64) -> Fixed<19> {
    let mut card = [b'0'; 19];
    write_digits(&mut card[1..6], 98_000 + mix(n) % 12);
    write_digits(&mut card[6..18], n);
    if let Some(check) = checksum::luhn(&card[..18]) {
        card[18] = check;
    }
    Fixed::new(card)
}

/// Returns a unified social credit code (GB 32100) of an enterprise in region `PP98xx`.
#[inline]
#[must_use]
pub fn uscc(n: u64) -> Fixed<18> {
    let mut code = [b'0'; 18];
    let place = mix(n);
    let province = &PROVINCES[remainder(place, PROVINCES.len())];
    code[..2].copy_from_slice(b"91");
    write_digits(&mut code[2..4], u64::from(province.code));
    code[4..6].copy_from_slice(b"98");
    write_digits(&mut code[6..8], place >> 32);
    code[8..10].copy_from_slice(b"MA");
    let mut rest = n;
    for digit in code[10..16].iter_mut().rev() {
        *digit = USCC_ALPHABET[remainder(rest, USCC_ALPHABET.len())];
        rest /= 31;
    }
    // The organisation code has a check character of its own (GB 11714); `A` counts 10.
    let inner: u32 = (code[8..16].iter().zip([3, 7, 9, 10, 5, 8, 4, 2]))
        .map(|(&c, weight)| {
            u32::from(if c.is_ascii_digit() {
                c - b'0'
            } else {
                c - b'7'
            }) * weight
        })
        .sum();
    code[16] = b"0X987654321"[(inner % 11) as usize];
    with_check(&mut code, checksum::gb_32100);
    Fixed::new(code)
}

/// Writes the last character, which checks the others.
#[inline]
fn with_check(text: &mut [u8; 18], check: impl Fn(&[u8; 17]) -> Option<u8>) {
    let (body, last) = text.split_at_mut(17);
    if let Some(check) = body.first_chunk().and_then(check) {
        last[0] = check;
    }
}

/// Returns the date of a day since 1970-01-01 as the number `YYYYMMDD` (proleptic Gregorian).
#[inline]
fn civil(day: i32) -> u64 {
    // Days since 0000-03-01, so that a leap day is the last day of its year.
    let shifted = u64::from(day.saturating_add(719_468).unsigned_abs());
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    year * 10_000 + month * 100 + day
}

const SEQUENCES: u64 = 497;
const SEGMENTS: [&[u8; 3]; 3] = [b"154", b"161", b"163"];
const VIN_MODELS: &[u8] = b"ABCDEFGHJKLMNPRSTUVWXYZ";
const VIN_YEARS: &[u8] = b"ABCDEFGHJKLMNPRSTVWXY123456789";
const PLANTS: &[u8; 20] = b"ABCDEFGHJKLMNPRSTUVW";
const PLATE_ALPHABET: &[u8; 34] = b"ABCDEFGHJKLMNPQRSTUVWXYZ0123456789";
const PLATE_PROVINCES: [&str; 21] = [
    "冀", "晋", "蒙", "辽", "吉", "黑", "苏", "浙", "皖", "闽", "赣", "湘", "桂", "琼", "贵", "云",
    "藏", "甘", "青", "宁", "新",
];
const USCC_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
