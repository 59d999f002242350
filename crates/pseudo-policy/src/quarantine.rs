//! Quarantine: `[quarantine]` of a pipeline file: where rows go that `on_invalid = "quarantine"`
//! leaves out, and who may read them. Recipients are those of age (X25519), written in Bech32 of
//! BIP 173.

use crate::absent::Where;
use crate::reader::{Reader, Section};
use crate::settings::refuse_braces;

/// Where rows that are left out are kept, sealed; without a recipient they are counted and named,
/// and nothing of them is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quarantine {
    /// Directory, as written, relative to the pipeline file; there whenever `recipient` is.
    pub root: Option<String>,
    /// The age recipient, `age1…`, that rows are sealed to.
    pub recipient: Option<String>,
}

impl Quarantine {
    pub(crate) fn read(reader: &mut Reader<'_>, mut section: Section<'_>) -> Self {
        let root = section.text(reader, "root");
        if let Some(root) = root {
            refuse_braces(reader, &section, "root", root);
        }
        if section.table.contains_key("recipient") && !section.table.contains_key("root") {
            section.missing(reader, "root", "root = \"../quarantine\"");
        }
        let recipient = recipient(reader, &mut section, "recipient");
        section.finish(reader, Where::Nowhere);
        Self {
            root: root.map(str::to_owned),
            recipient: recipient.map(str::to_owned),
        }
    }
}

/// The age recipient under a key, if there is one; refuses what is none.
pub(crate) fn recipient<'a>(
    reader: &mut Reader<'_>,
    section: &mut Section<'a>,
    key: &'static str,
) -> Option<&'a str> {
    let text = section.text(reader, key)?;
    if is_recipient(text) {
        return Some(text);
    }
    let secret = text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-");
    let (fault, hint) = match secret {
        true => (
            "is a secret key, which has no place in this file",
            "make a new key, and write its recipient, `age1…`, here",
        ),
        false => (
            "is not an age recipient, or has a slip in it",
            "it is `age1` and 58 more small letters and digits, as `age-keygen -y` prints it",
        ),
    };
    let message = format!("`{key}` {fault}");
    section.bad(reader, key, &message, Some(hint.to_owned()));
    None
}

/// Whether a text is an X25519 recipient of age: Bech32 of the prefix `age` and 32 bytes.
fn is_recipient(text: &str) -> bool {
    let Some(data) = text.strip_prefix("age1") else {
        return false;
    };
    let digit = |byte: u8| CHARSET.bytes().position(|c| c == byte);
    let digits: Option<Vec<u32>> = data
        .bytes()
        .map(|byte| u32::try_from(digit(byte)?).ok())
        .collect();
    let Some(digits) = digits.filter(|digits| digits.len() == DATA_DIGITS + 6) else {
        return false;
    };
    // 52 digits are 260 bits: the last four are beyond the 32 bytes, and zero.
    let padded = digits
        .get(DATA_DIGITS - 1)
        .is_some_and(|last| last & 15 == 0);
    padded && PREFIX.iter().chain(&digits).fold(1, checksum) == 1
}

/// One step of the checksum of BIP 173.
fn checksum(sum: u32, digit: &u32) -> u32 {
    let next = ((sum & 0x01ff_ffff) << 5) ^ digit;
    let taps = GENERATOR.iter().enumerate();
    taps.filter(|(bit, _)| (sum >> 25 >> bit) & 1 == 1)
        .fold(next, |sum, (_, tap)| sum ^ tap)
}

/// The digits of Bech32, in the order of their values.
const CHARSET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// `age` as the checksum takes it: the high bits of each letter, zero, the low bits of each.
const PREFIX: [u32; 7] = [3, 3, 3, 0, 1, 7, 5];
const GENERATOR: [u32; 5] = [
    0x3b6a_57b2,
    0x2650_8e6d,
    0x1ea1_19fa,
    0x3d42_33dd,
    0x2a14_62b3,
];
/// Digits of 32 bytes.
const DATA_DIGITS: usize = 52;

#[cfg(test)]
mod tests {
    use super::*;

    /// A recipient of the documentation of age.
    const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

    #[test]
    fn recipients_are_told_from_slips() {
        assert!(is_recipient(RECIPIENT));
        // Bech32 finds every slip of one character, and every swap of two neighbours that differ.
        for at in 0..RECIPIENT.len() {
            let (left, right) = RECIPIENT.split_at(at);
            let mut rest = right.chars();
            let old = rest.next().unwrap();
            for new in CHARSET.chars().chain(['1', 'b', 'i', 'o', 'A', '·']) {
                let text = format!("{left}{new}{}", rest.as_str());
                assert_eq!(is_recipient(&text), new == old, "{at} {new}");
            }
            assert!(!is_recipient(left));
            assert!(!is_recipient(&format!("{left}{}", rest.as_str())));
        }
        assert!(!is_recipient(&RECIPIENT.to_uppercase()));
        assert!(!is_recipient(&format!("{RECIPIENT}q")));
    }

    #[test]
    fn what_is_no_key_of_32_bytes_is_no_recipient() {
        let digits = |last: u32| {
            let mut digits = vec![0; DATA_DIGITS - 1];
            digits.push(last);
            let zeros = digits.iter().copied().chain([0; 6]).collect::<Vec<u32>>();
            let sum = PREFIX.iter().chain(&zeros).fold(1, checksum) ^ 1;
            digits.extend((0..6).map(|at| (sum >> (5 * (5 - at))) & 31));
            let digits = digits.iter().map(|digit| *digit as usize);
            let text: String = digits
                .filter_map(|digit| CHARSET.chars().nth(digit))
                .collect();
            format!("age1{text}")
        };
        assert!(is_recipient(&digits(0)));
        assert!(is_recipient(&digits(16)));
        assert!(!is_recipient(&digits(1)));
        assert!(!is_recipient(&digits(8)));
    }
}
