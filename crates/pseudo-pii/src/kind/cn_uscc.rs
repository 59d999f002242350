//! `cn-uscc/1`: the unified social credit code of GB 32100-2015, 18 characters, the last a check.

use crate::canonical::{Quick, Verdict, push_code};
use crate::checksum::gb_32100;

/// Codes that are right in structure.
#[inline(always)]
pub(super) fn quick(value: &str) -> Option<Quick> {
    match judge(value.as_bytes()) {
        Verdict::Invalid => None,
        verdict => Some(Quick::Same(verdict)),
    }
}

/// Appends the code in upper case without separators.
pub(super) fn write(text: &str, out: &mut String) -> Verdict {
    let start = out.len();
    push_code(text, out);
    judge(out.get(start..).unwrap_or_default().as_bytes())
}

#[inline]
fn judge(code: &[u8]) -> Verdict {
    let Ok([body @ .., check]) = <&[u8; 18]>::try_from(code) else {
        return Verdict::Invalid;
    };
    match gb_32100(body) {
        Some(right) if right == *check => Verdict::Valid,
        Some(_) if is_place(*check) => Verdict::Suspect,
        _ => Verdict::Invalid,
    }
}

/// A digit or a letter but `I`, `O`, `S`, `V` and `Z`.
fn is_place(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'Y') && !matches!(byte, b'I' | b'O' | b'S' | b'V')
}
