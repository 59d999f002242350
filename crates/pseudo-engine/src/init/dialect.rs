//! How the files of a table of text are written: delimiter, encoding, header. Told by the first
//! bytes of its first file. A first record that holds values is no header, or a draft would show
//! them as names of columns.

use std::path::Path;

use encoding_rs::GB18030;
use pseudo_pii::{Blanks, Canonical, Kind, Verdict};
use pseudo_policy::{CsvOptions, TextEncoding};

use crate::Result;
use crate::source;
use crate::verify::is_structured;

/// The options that read the first file that `pattern` names.
pub(super) fn of(folder: &Path, pattern: &str) -> Result<CsvOptions> {
    let mut options = CsvOptions::default();
    let files = source::matches(folder, pattern)?;
    let Some(path) = files.first() else {
        return Ok(options);
    };
    let bytes = source::head(path, HEAD)?;
    // the last character may be cut in two
    let valid = match std::str::from_utf8(&bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    let text = if valid {
        String::from_utf8_lossy(&bytes)
    } else {
        options.encoding = TextEncoding::Gb18030;
        GB18030.decode_without_bom_handling(&bytes).0
    };
    let text = text.trim_start_matches('\u{FEFF}');
    let line = text
        .lines()
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let count = |delimiter: &&u8| line.bytes().filter(|byte| byte == *delimiter).count();
    let most = DELIMITERS.iter().rev().max_by_key(count);
    if let Some(delimiter) = most.filter(|delimiter| count(delimiter) > 0) {
        options.delimiter = *delimiter;
    }
    let mut fields = line.split(char::from(options.delimiter));
    options.header = !fields.any(is_value);
    Ok(options)
}

/// Whether a field of a first record is a value rather than a name.
fn is_value(field: &str) -> bool {
    let field = field.trim_matches(['"', ' ']);
    let is_number = field.bytes().any(|byte| byte.is_ascii_digit())
        && field
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.:/ T".contains(&byte));
    is_number || is_identifier(field)
}

fn is_identifier(field: &str) -> bool {
    let (blanks, mut written) = (Blanks::default(), String::new());
    let mut is_of = |kind: &Kind| {
        written.clear();
        let found = kind.canonical(field, &blanks, &mut written);
        matches!(
            found,
            Canonical::Same(Verdict::Valid) | Canonical::Written(Verdict::Valid)
        )
    };
    Kind::ALL
        .iter()
        .filter(|kind| is_structured(**kind))
        .any(&mut is_of)
}

/// Of two that are as frequent the first.
const DELIMITERS: [u8; 4] = *b",;\t|";
const HEAD: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_record_of_values_is_no_header() {
        for field in [
            "17",
            "2026-11-22",
            "-1.5",
            "13800138000",
            "\"a@example.com\"",
        ] {
            assert!(is_value(field), "{field}");
        }
        for field in ["id", "2nd_phone", "手机", "e-mail", "", "price/unit"] {
            assert!(!is_value(field), "{field}");
        }
    }
}
