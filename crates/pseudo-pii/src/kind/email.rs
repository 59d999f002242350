//! `email/1`: white space removed, Unicode lowercase, no IDNA. Valid with an `@`, something on both
//! sides of the last one, and a dot in the right side.

use crate::canonical::{Quick, Verdict, lowercase_from, push_without};

/// ASCII addresses in lower case without white space.
#[inline(always)]
pub(super) fn quick(value: &str) -> Option<Quick> {
    let bytes = value.as_bytes();
    let settled = match bytes.len() {
        17..=48 => are_settled::<16>(bytes),
        9..=16 => are_settled::<8>(bytes),
        _ => bytes.iter().fold(!bytes.is_empty(), |settled, byte| {
            settled & is_settled(*byte)
        }),
    };
    if !settled {
        return None;
    }
    // The first byte is left out: an `@` there has nothing before it.
    let end = bytes.len().saturating_sub(8);
    let known = verdict_at_end(
        word(bytes, end.saturating_sub(8).max(1)),
        word(bytes, end.max(1)),
    );
    Some(Quick::Same(known.unwrap_or_else(|| judge(value))))
}

/// Whether all bytes are settled, of `N` to three times as many: three blocks that overlap, which
/// leave nothing to a loop byte by byte.
#[inline(always)]
fn are_settled<const N: usize>(address: &[u8]) -> bool {
    let end = address.len() - N;
    let block = |at: usize| address.get(at..).and_then(<[u8]>::first_chunk::<N>);
    let (Some(first), Some(middle), Some(last)) = (block(0), block(end.min(N)), block(end)) else {
        return false;
    };
    let bytes = first.iter().zip(middle).zip(last);
    bytes.fold(true, |settled, ((first, middle), last)| {
        settled & is_settled(*first) & is_settled(*middle) & is_settled(*last)
    })
}

/// Whether a byte is graphic ASCII and not in upper case.
#[inline(always)]
const fn is_settled(byte: u8) -> bool {
    // 7F and above, and then 00..=20
    (byte.wrapping_sub(0x7F) > 0xFF - 0x7F + 0x21) & (byte.wrapping_sub(b'A') > b'Z' - b'A')
}

/// Eight bytes of an address, zeros where it has not so many.
#[inline(always)]
fn word(address: &[u8], at: usize) -> u64 {
    let word = address.get(at..).and_then(<[u8]>::first_chunk);
    word.map_or(0, |word| u64::from_le_bytes(*word))
}

/// The verdict on an address by its last bytes but the first, in two words that may overlap;
/// nothing where they hold no `@`.
#[inline(always)]
fn verdict_at_end(low: u64, high: u64) -> Option<Verdict> {
    // Later bytes weigh more, and bits say where the sign is not: of two signs the one that comes
    // last is the smaller number.
    let others = |sign: u8| {
        [high, low].map(|word| (word ^ splat(sign)).wrapping_add(splat(0x7F)) & UPPER_BITS)
    };
    let (dots, ats) = (others(b'.'), others(b'@'));
    if ats == [UPPER_BITS; 2] {
        return None;
    }
    Some(if dots < ats {
        Verdict::Valid
    } else {
        Verdict::Invalid
    })
}

const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The upper bit of each byte.
const UPPER_BITS: u64 = splat(0x80);

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

#[inline(never)]
fn judge(text: &str) -> Verdict {
    match domain(text) {
        Some(_) => Verdict::Valid,
        None => Verdict::Invalid,
    }
}
