//! Proof that the prelude only trims a value and its kind changes no character of it, sixteen bytes
//! at a time.
//!
//! The loops here have a fixed number of rounds and answer one bit, which compilers turn into
//! vector instructions. All but the shortest values are covered by whole blocks that may overlap:
//! there is no loop byte by byte, whose end nobody could predict.

/// Classes of characters that a kind changes: bits.
pub(crate) const UPPER: u8 = 1;
pub(crate) const LOWER: u8 = 2;
pub(crate) const SPACE: u8 = 4;
/// U+00B7, which few values hold: a kind saves the look for it.
pub(crate) const DOT: u8 = 8;

/// Proves that the prelude only trims `value`, and that it holds no character of the classes
/// `REFUSED`; what it does not prove may be so nevertheless.
///
/// Printable ASCII, U+00B7 and U+4E00..=U+9FFF are starters that NFKC keeps and never composes with
/// each other; none is a control, none is ignorable, U+0020 is the only white space among them.
#[inline(always)]
pub(crate) fn is_plain<const REFUSED: u8>(value: &str) -> bool {
    let Some((last, rest)) = value.as_bytes().split_last() else {
        return true;
    };
    !is_refused(REFUSED, *last)
        & match rest.len() {
            16..=48 => are_plain::<REFUSED, 16, 3>(value.as_bytes()),
            49..=80 => are_plain::<REFUSED, 16, 5>(value.as_bytes()),
            _ => is_short_or_long_plain::<REFUSED>(value.as_bytes()),
        }
}

/// The same for a text of other lengths. Apart, as the others need less room.
#[inline(never)]
fn is_short_or_long_plain<const REFUSED: u8>(bytes: &[u8]) -> bool {
    match bytes.len() {
        0..=8 => bytes.iter().zip(bytes.iter().skip(1)).all(|(byte, next)| {
            !is_refused(REFUSED, *byte) & !is_strange(*byte, *next, REFUSED & DOT == 0)
        }),
        9..=16 => are_plain::<REFUSED, 8, 2>(bytes),
        len => {
            // Each part ends with the first byte of the next.
            let ends = (81..len).step_by(80).chain([len]);
            ends.fold(true, |plain, end| {
                let part = bytes.get(..end).and_then(<[u8]>::last_chunk::<81>);
                plain && part.is_some_and(|part| are_plain::<REFUSED, 16, 5>(part))
            })
        }
    }
}

/// Whether all bytes but the last are plain: of more than `BLOCK`, and not more than `COUNT` blocks
/// and one. The last byte is looked at beside the one before it.
#[inline(always)]
fn are_plain<const REFUSED: u8, const BLOCK: usize, const COUNT: usize>(bytes: &[u8]) -> bool {
    let Some(end) = bytes.len().checked_sub(BLOCK + 1) else {
        return false;
    };
    let mut blocks = [(&[0; BLOCK], &[0; BLOCK]); COUNT];
    for (place, pair) in blocks.iter_mut().enumerate() {
        let at = (place * BLOCK).min(end);
        let block = bytes.get(at..).and_then(<[u8]>::first_chunk);
        let next = bytes.get(at + 1..).and_then(<[u8]>::first_chunk);
        let (Some(block), Some(next)) = (block, next) else {
            return false;
        };
        *pair = (block, next);
    }
    let mut refused = false;
    for lane in 0..BLOCK {
        for (block, next) in blocks {
            refused |= is_refused(REFUSED, block[lane]);
            refused |= is_strange(block[lane], next[lane], REFUSED & DOT == 0);
        }
    }
    !refused
}

/// Whether a byte is an ASCII control, or of classes that are refused.
#[inline(always)]
const fn is_refused(classes: u8, byte: u8) -> bool {
    byte.is_ascii_control()
        | (classes & UPPER != 0 && byte.is_ascii_uppercase())
        | (classes & LOWER != 0 && byte.is_ascii_lowercase())
        | (classes & SPACE != 0 && byte == b' ')
}

/// Whether a byte begins a character beyond ASCII that is not plain. In UTF-8 the first byte of a
/// character says how many follow; only after E4 and C2 does it take the next to know.
#[inline(always)]
const fn is_strange(byte: u8, next: u8, dots: bool) -> bool {
    // E4 before B8..=BF stays E4, before less it becomes E3.
    let lead = byte.wrapping_sub((next < 0xB8) as u8);
    let dot = dots && (byte == 0xC2) & (next == 0xB7);
    ((lead.wrapping_sub(0xC0) <= 0xE3 - 0xC0) & !dot) | (byte >= 0xEA)
}

/// Whether the first two bytes of a character of three are those of U+4E00..=U+9FFF.
#[inline(always)]
pub(crate) fn is_common_han(lead: u8, next: u8) -> bool {
    SECOND_MIN[usize::from(lead)] <= next
}

/// Whether text is two to four characters of U+4E00..=U+9FFF and nothing else: most names, of any
/// of these lengths in one pass.
#[inline(always)]
pub(crate) fn is_han_alone(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (6 | 9 | 12, Some(last)) = (bytes.len(), bytes.len().checked_sub(3)) else {
        return false;
    };
    [0, 3, 6.min(last), last].into_iter().fold(true, |han, at| {
        let pair = bytes.get(at..).and_then(<[u8]>::first_chunk::<2>);
        han & pair.is_some_and(|&[lead, next]| is_common_han(lead, next))
    })
}

/// The least second byte of a common Han character by its first; none is FF.
const SECOND_MIN: [u8; 256] = {
    let mut least = [0xFF; 256];
    least[0xE4] = 0xB8;
    let mut lead = 0xE5;
    while lead <= 0xE9 {
        least[lead] = 0x80;
        lead += 1;
    }
    least
};
