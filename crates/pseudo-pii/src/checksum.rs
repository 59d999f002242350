//! Check characters: ISO 7064 MOD 11-2, Luhn (ISO/IEC 7812), VIN (ISO 3779 with 49 CFR 565),
//! GB 32100.
//!
//! Each function takes ASCII bytes, answers the check character as an ASCII byte, and answers
//! `None` when a byte is outside the alphabet: structure and check in one pass.

/// Check character of the 17 digits of a resident identity number, ISO 7064 MOD 11-2.
///
/// `Σ digit · weight mod 11` indexes `10X98765432`.
#[inline]
pub fn mod_11_2(body: &[u8; 17]) -> Option<u8> {
    // 7 9 10 5 8 4 2 1, 6 3 7 9 10 5 8 4, 2
    const WEIGHTS: [[u64; 2]; 2] = [
        [lanes([7, 10, 8, 2]), lanes([9, 5, 4, 1])],
        [lanes([6, 7, 10, 8]), lanes([3, 9, 5, 4])],
    ];
    let (words, [last]) = body.as_chunks::<8>() else {
        return None;
    };
    let (mut sum, mut strange) = (0_u64, 0);
    for (word, [even, odd]) in words.iter().zip(WEIGHTS) {
        let digits = digits(*word);
        strange |= strange_digits(digits);
        sum = sum.wrapping_add((digits & LANES).wrapping_mul(even));
        sum = sum.wrapping_add((digits >> 8 & LANES).wrapping_mul(odd));
    }
    if strange != 0 || !last.is_ascii_digit() {
        return None;
    }
    let rest = (u32::try_from(sum >> 48).ok()? + u32::from(last & 15) * 2) % 11;
    b"10X98765432".get(usize::try_from(rest).ok()?).copied()
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

/// Whether the last of 12 to 19 digits is the check digit of the others by the Luhn formula; `None`
/// for anything else.
///
/// The same as [`luhn`], eight digits at a time: the last sixteen or eight, and what is before
/// them.
#[inline]
pub(crate) fn is_luhn(number: &[u8]) -> Option<bool> {
    let len = number.len();
    let [first, last] = [number.first_chunk()?, number.last_chunk()?].map(|bytes| digits(*bytes));
    // Three words of digits that end where the number ends: zeros before it weigh nothing.
    let (head, middle) = match len {
        12..=15 => (0, first << ((16 - len) * 8)),
        16..=19 => {
            let [middle, _] = *number.last_chunk::<16>()?.as_chunks().0 else {
                return None;
            };
            (first << ((23 - len) * 8) << 8, digits(middle))
        }
        _ => return None,
    };
    let strange = strange_digits(first) | strange_digits(middle) | strange_digits(last);
    if strange != 0 {
        return None;
    }
    let sums = luhn_lanes(head) + luhn_lanes(middle) + luhn_lanes(last);
    let pairs = (sums & LANES) + (sums >> 8 & LANES);
    let sum = pairs.wrapping_mul(lanes([1; 4])) >> 48;
    Some(sum.is_multiple_of(10))
}

/// What eight digits add to the sum of Luhn modulo 10, the last of them not doubled: 19 at most in
/// each byte.
#[inline]
fn luhn_lanes(digits: u64) -> u64 {
    let doubled = digits & LANES;
    // 9 is taken from a doubled digit above 4; modulo 10 that adds 1.
    let above_4 = (doubled + 0x007B_007B_007B_007B) >> 7 & 0x0001_0001_0001_0001;
    digits + doubled + above_4
}

/// Check character that belongs at position 9 of a vehicle identification number.
///
/// `Σ value · weight mod 11`, 10 written `X`; the weight of position 9 itself is zero, but it must
/// be of the alphabet like the others.
#[inline]
pub fn vin(vin: &[u8; 17]) -> Option<u8> {
    const WEIGHTS: [u16; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    const VALUES: [u8; 256] = values(
        b"0123456789ABCDEFGHJKLMNPRSTUVWXYZ",
        &[
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5,
            6, 7, 8, 9,
        ],
    );
    static PRODUCTS: [[u16; 256]; 17] = products(&VALUES, &WEIGHTS);
    let sum = weighted(vin, &PRODUCTS)?;
    b"0123456789X".get(usize::try_from(sum % 11).ok()?).copied()
}

/// Check character of the first 17 characters of a unified social credit code, GB 32100.
///
/// `(31 − Σ value · 3^i mod 31) mod 31` indexes the alphabet.
#[inline]
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
    static PRODUCTS: [[u16; 256]; 17] = products(&VALUES, &WEIGHTS);
    let sum = weighted(body, &PRODUCTS)?;
    ALPHABET
        .get(usize::try_from((31 - sum % 31) % 31).ok()?)
        .copied()
}

/// Whether every byte is an ASCII digit.
#[inline]
pub(crate) fn is_digits(bytes: &[u8]) -> bool {
    // Words overlap at the end, so that no length has a loop of its own.
    match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => {
            let ends = strange_digits(digits(*first)) | strange_digits(digits(*last));
            let words = match bytes.len() {
                ..=16 => &[],
                _ => bytes.as_chunks::<8>().0,
            };
            words.iter().fold(ends, |strange, word| {
                strange | strange_digits(digits(*word))
            }) == 0
        }
        _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                let [[a, b, c, d], [e, f, g, h]] = [*first, *last];
                strange_digits(digits([a, b, c, d, e, f, g, h])) == 0
            }
            _ => bytes.iter().all(u8::is_ascii_digit),
        },
    }
}

/// Eight bytes as digits: 0 to 9 where they are ASCII digits, more where they are none.
#[inline]
fn digits(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes) ^ 0x3030_3030_3030_3030
}

/// Zero when eight digits are all at most 9.
#[inline]
fn strange_digits(digits: u64) -> u64 {
    // What is added lifts 10 to the upper bit. A carry comes from a byte that has that bit itself.
    (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080
}

/// Every other byte.
const LANES: u64 = 0x00FF_00FF_00FF_00FF;

/// A factor that leaves the sum of four digits by their weights in the upper 16 bits of a product:
/// the weights in the opposite order of the digits. The sums below it never reach those bits.
const fn lanes(weights: [u64; 4]) -> u64 {
    let [a, b, c, d] = weights;
    a << 48 | b << 32 | c << 16 | d
}

/// Sum of value times weight, `None` when a byte has no value.
#[inline]
fn weighted(bytes: &[u8; 17], products: &[[u16; 256]; 17]) -> Option<u32> {
    let products = bytes.iter().zip(products);
    let sum = products
        .map(|(byte, products)| u32::from(products[usize::from(*byte)]))
        .sum::<u32>();
    (sum < u32::from(STRANGE_PRODUCT)).then_some(sum)
}

/// Value times weight by place and byte: one look for each character.
const fn products(values: &[u8; 256], weights: &[u16; 17]) -> [[u16; 256]; 17] {
    let mut products = [[STRANGE_PRODUCT; 256]; 17];
    let mut place = 0;
    while place < 17 {
        let mut byte = 0;
        while byte < 256 {
            if values[byte] != STRANGE {
                products[place][byte] = values[byte] as u16 * weights[place];
            }
            byte += 1;
        }
        place += 1;
    }
    products
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

/// Marks a byte outside the alphabet: above every value.
const STRANGE: u8 = 128;
/// Marks its product: above the largest sum of the checks here, 9,150.
const STRANGE_PRODUCT: u16 = 16_384;
