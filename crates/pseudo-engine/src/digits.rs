//! How numbers are written for people.

/// A number with its thousands apart: 1234567 is `1,234,567`.
#[must_use]
pub fn thousands(number: u64) -> String {
    grouped(&number.to_string(), ',', |left| left.is_multiple_of(3))
}

/// The 32 hexadecimal digits of a UUID as RFC 9562 writes it: 8-4-4-4-12.
pub(crate) fn uuid(hex: &str) -> String {
    grouped(hex, '-', |left| matches!(left, 24 | 20 | 16 | 12))
}

/// Digits with `mark` before each that has as many left, itself included, as `breaks` says.
fn grouped(digits: &str, mark: char, breaks: impl Fn(usize) -> bool) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && breaks(digits.len() - at) {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        let numbers = [0, 999, 1_000, 1_234_567].map(thousands);
        assert_eq!(numbers, ["0", "999", "1,000", "1,234,567"]);
        let id = uuid("f81d4fae7dec11d0a76500a0c91e6bf6");
        assert_eq!(id, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
    }
}
