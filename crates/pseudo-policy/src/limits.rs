//! Limits: `[limits]` of a pipeline file: how much memory a run takes, and how far its output may
//! be from what was expected before it is not published.

use toml_edit::Item;

use crate::absent::Where;
use crate::number::Number;
use crate::reader::{Reader, Section, quoted};

/// Bounds of a run; what is not said is not bounded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits {
    /// Bytes of memory; at least 64 MiB.
    pub memory: Option<u64>,
    /// Share of the rows of a table that quarantine may take, 0 to 1.
    pub quarantine_rate: Option<f64>,
    /// Difference of a table's rows from those of the last run, as a share of these; 0 to 1000.
    pub rows_change: Option<f64>,
    /// Difference of a column's share of NULLs from that of the last run, 0 to 1.
    pub null_rate_change: Option<f64>,
}

impl Limits {
    pub(crate) fn read(reader: &mut Reader<'_>, mut section: Section<'_>) -> Self {
        let limits = Self {
            memory: memory(reader, &mut section),
            quarantine_rate: share(reader, &mut section, "quarantine_rate", 1),
            rows_change: share(reader, &mut section, "rows_change", CHANGE_MAX),
            null_rate_change: share(reader, &mut section, "null_rate_change", 1),
        };
        section.finish(reader, Where::Nowhere);
        limits
    }
}

fn memory(reader: &mut Reader<'_>, section: &mut Section<'_>) -> Option<u64> {
    let item = section.item("memory")?;
    let bytes = match (item.as_integer(), item.as_str()) {
        (Some(integer), _) => Some(u64::try_from(integer).unwrap_or_default()),
        (None, Some(text)) => size(text),
        (None, None) => {
            let wanted = "a size such as `1GiB`, or an integer of bytes";
            reader.wrong_type(item, &section.place, "memory", wanted);
            return None;
        }
    };
    let units = || quoted(UNITS.iter().map(|(unit, _)| *unit));
    let message = match bytes {
        Some(bytes) if bytes >= MEMORY_MIN => return Some(bytes),
        Some(_) => "`memory` is at least 64 MiB".to_owned(),
        None => format!("`memory` is a whole number and one of {}", units()),
    };
    let hint = "for instance\nmemory = \"1GiB\"".to_owned();
    section.bad(reader, "memory", message, Some(hint));
    None
}

/// Reads a size such as `1GiB`.
fn size(text: &str) -> Option<u64> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let count: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let (_, bytes) = UNITS
        .iter()
        .find(|(name, _)| *name == unit.trim_start_matches(' '))?;
    count.checked_mul(*bytes)
}

/// A share of a whole, which may exceed it.
pub(crate) fn share(
    reader: &mut Reader<'_>,
    section: &mut Section<'_>,
    key: &'static str,
    max: u16,
) -> Option<f64> {
    let item: &Item = section.item(key)?;
    if item.as_integer().is_none() && item.as_float().is_none() {
        reader.wrong_type(item, &section.place, key, "a number");
        return None;
    }
    let share = reader
        .number(item)
        .map(Number::to_f64)
        .filter(|share| (0.0..=f64::from(max)).contains(share));
    if share.is_none() {
        let message = format!("`{key}` is a number from 0 to {max} of at most 18 digits");
        section.bad(reader, key, message, None);
    }
    share
}

const UNITS: [(&str, u64); 7] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];
/// Below this, what stays loaded whatever the slices would be most of it.
const MEMORY_MIN: u64 = 64 << 20;
/// A table that grows a thousandfold overnight is not bounded at all.
const CHANGE_MAX: u16 = 1000;
