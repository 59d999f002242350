//! `vin/1`: the vehicle identification number of ISO 3779. Its check character at position 9 is
//! the law in China and North America and unused in Europe, so a wrong one is suspect, not invalid.

use crate::canonical::{Quick, Verdict, push_code};
use crate::checksum;

/// Numbers that are right in structure.
#[inline(always)]
pub(super) fn quick(value: &str) -> Option<Quick> {
    match judge(value.as_bytes()) {
        Verdict::Invalid => None,
        verdict => Some(Quick::Same(verdict)),
    }
}

/// Appends the number in upper case without separators. `I`, `O` and `Q` are never repaired.
pub(super) fn write(text: &str, out: &mut String) -> Verdict {
    let start = out.len();
    push_code(text, out);
    judge(out.get(start..).unwrap_or_default().as_bytes())
}

/// World manufacturer identifier: the first three characters of a canonical number.
pub fn wmi(text: &str) -> Option<&str> {
    shaped(text.as_bytes())?;
    text.get(..3)
}

/// Assembly plant: position 11 of a canonical number, in the code of its manufacturer.
pub fn plant(text: &str) -> Option<&str> {
    shaped(text.as_bytes())?;
    text.get(10..11)
}

/// Model year at position 10 of a canonical number. The letters come round every 30 years: it is
/// the latest year not after `run_year` + 1.
pub fn model_year(text: &str, run_year: i32) -> Option<i16> {
    let [_, _, _, _, _, _, _, _, _, code, ..] = shaped(text.as_bytes())?;
    let place = MODEL_YEARS.iter().position(|letter| letter == code)?;
    let first = FIRST_MODEL_YEAR.checked_add(i32::try_from(place).ok()?)?;
    let latest = run_year.checked_add(1)?;
    let year = latest - latest.checked_sub(first)?.rem_euclid(CYCLE);
    if year < FIRST_MODEL_YEAR {
        return None;
    }
    i16::try_from(year).ok()
}

#[inline]
fn judge(code: &[u8]) -> Verdict {
    let Ok(code) = <&[u8; 17]>::try_from(code) else {
        return Verdict::Invalid;
    };
    match checksum::vin(code) {
        None => Verdict::Invalid,
        Some(check) if check == code[8] => Verdict::Valid,
        Some(_) => Verdict::Suspect,
    }
}

/// 17 characters of the alphabet.
fn shaped(code: &[u8]) -> Option<&[u8; 17]> {
    let code: &[u8; 17] = code.try_into().ok()?;
    checksum::vin(code).map(|_| code)
}

/// Position 10 for 1980, 1981 and so on.
const MODEL_YEARS: &[u8; 30] = b"ABCDEFGHJKLMNPRSTVWXY123456789";
const FIRST_MODEL_YEAR: i32 = 1980;
const CYCLE: i32 = 30;
