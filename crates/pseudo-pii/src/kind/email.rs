//! `email/1`: white space removed, Unicode lowercase, no IDNA. Valid with an `@`, something on both
//! sides of the last one, and a dot in the right side.

use crate::canonical::{Quick, Verdict, lowercase_from, push_without};

/// ASCII addresses in lower case without white space.
pub(super) fn quick(value: &str) -> Option<Quick> {
    let settled = value.bytes().fold(true, |settled, byte| {
        settled & byte.is_ascii_graphic() & !byte.is_ascii_uppercase()
    });
    (settled && !value.is_empty()).then(|| Quick::Same(judge(value)))
}

/// Appends the address.
pub(super) fn write(text: &str, out: &mut String) -> Verdict {
    let start = out.len();
    push_without(text, char::is_whitespace, out);
    lowercase_from(start, out);
    judge(out.get(start..).unwrap_or_default())
}

/// The part behind the last `@` of a canonical address, if the address is valid.
pub fn domain(text: &str) -> Option<&str> {
    let (local, domain) = text.rsplit_once('@')?;
    (!local.is_empty() && domain.contains('.')).then_some(domain)
}

fn judge(text: &str) -> Verdict {
    match domain(text) {
        Some(_) => Verdict::Valid,
        None => Verdict::Invalid,
    }
}
