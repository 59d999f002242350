//! Check characters: ISO 7064 MOD 11-2, Luhn (ISO/IEC 7812), VIN (ISO 3779 with 49 CFR 565),
//! GB 32100.
//!
//! Each function takes ASCII bytes, answers the check character as an ASCII byte, and answers
//! `None` when a byte is outside the alphabet: structure and check in one pass.

/// Check character of the 17 digits of a resident identity number, ISO 7064 MOD 11-2.
///
/// `Σ digit · weight mod 11` indexes `10X98765432`.
pub fn mod_11_2(body: &[u8; 17]) -> Option<u8> {
    const WEIGHTS: [u16; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    if !is_digits(body) {
        return None;
    }
    let weighted = body
        .iter()
        .zip(WEIGHTS)
        .map(|(byte, weight)| u16::from(byte & 15) * weight);
    b"10X98765432"
        .get(usize::from(weighted.sum::<u16>() % 11))
        .copied()
}

/// Check digit that follows `body` by the Luhn formula.
pub fn luhn(body: &[u8]) -> Option<u8> {
    const DOUBLED: [u8; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
    let mut sum = 0_usize;
    for (place, byte) in body.iter().rev().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        let doubled = *DOUBLED.get(usize::from(digit))?;
        sum += usize::from(if place % 2 == 0 { doubled } else { digit });
    }
    b"0987654321".get(sum % 10).copied()
}

/// Check character that belongs at position 9 of a vehicle identification number.
///
/// `Σ value · weight mod 11`, 10 written `X`; the weight of position 9 itself is zero, but it must
/// be of the alphabet like the others.
pub fn vin(vin: &[u8; 17]) -> Option<u8> {
    const WEIGHTS: [u16; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    const VALUES: [u8; 256] = values(
        b"0123456789ABCDEFGHJKLMNPRSTUVWXYZ",
        &[
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5,
            6, 7, 8, 9,
        ],
    );
    let sum = weighted(vin, &VALUES, &WEIGHTS)?;
    b"0123456789X".get(usize::from(sum % 11)).copied()
}

/// Check character of the first 17 characters of a unified social credit code, GB 32100.
///
/// `(31 − Σ value · 3^i mod 31) mod 31` indexes the alphabet.
pub fn gb_32100(body: &[u8; 17]) -> Option<u8> {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    const ORDER: [u8; 31] = {
        let mut order = [0; 31];
        let mut at = 0;
        while at < 31 {
            order[at as usize] = at;
            at += 1;
        }
        order
    };
    const WEIGHTS: [u16; 17] = [
        1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
    ];
    const VALUES: [u8; 256] = values(ALPHABET, &ORDER);
    let sum = weighted(body, &VALUES, &WEIGHTS)?;
    ALPHABET.get(usize::from((31 - sum % 31) % 31)).copied()
}

/// Whether every byte is an ASCII digit.
pub(crate) fn is_digits(bytes: &[u8]) -> bool {
    // Not `all`: without an early exit the comparison is done on many bytes at once.
    bytes
        .iter()
        .fold(true, |digits, byte| digits & byte.is_ascii_digit())
}

/// Sum of value times weight, `None` when a byte has no value.
fn weighted(bytes: &[u8; 17], values: &[u8; 256], weights: &[u16; 17]) -> Option<u16> {
    let mut sum = 0;
    let mut seen = 0;
    for (byte, weight) in bytes.iter().zip(weights) {
        let value = values[usize::from(*byte)];
        sum += u16::from(value) * weight;
        seen |= value;
    }
    (seen < STRANGE).then_some(sum)
}

/// Values by byte: `numbers[i]` for `alphabet[i]`.
const fn values<const N: usize>(alphabet: &[u8; N], numbers: &[u8; N]) -> [u8; 256] {
    let mut values = [STRANGE; 256];
    let mut at = 0;
    while at < N {
        values[alphabet[at] as usize] = numbers[at];
        at += 1;
    }
    values
}

/// Marks a byte outside the alphabet: above every value, and its weighted sum fits.
const STRANGE: u8 = 128;
