//! Amounts and counts whose numbers end where those of a key do. The gate cannot tell them from a
//! copy of the key (`verify/chance.rs`), and refuses them unless the identity calls them
//! `unrelated`. Here names tell: what is an amount by its name, or has a fraction, is no key. The
//! draft says so, in as few pairs as the gate would stop at, and leaves it to the reader.

use std::collections::BTreeMap;

use super::profile::{Column, Profile};
use super::relate::Place;
use crate::verify::chance;

/// The least and the largest number of each identity of whole numbers.
pub(super) fn bounds<'a>(
    profiles: &[Profile],
    keys: impl Iterator<Item = (&'a Place, &'a str)>,
) -> BTreeMap<String, (i128, i128)> {
    let mut all: BTreeMap<String, (i128, i128)> = BTreeMap::new();
    for ((table, index), identity) in keys {
        let column = profiles
            .get(*table)
            .and_then(|profile| profile.columns.get(*index));
        if let Some((least, largest)) = column.and_then(|column| column.bounds) {
            let known = all.entry(identity.to_owned()).or_insert((least, largest));
            *known = (known.0.min(least), known.1.max(largest));
        }
    }
    all
}

/// Whether a column that is kept would look like a copy of keys from `least` to `largest`, where
/// they are dense: as many of its own largest numbers are among them, and few above.
pub(super) fn ends_with(column: &Column, (least, largest): (i128, i128)) -> bool {
    let (distinct, Some((_, end))) = (column.distinct(), column.bounds) else {
        return false;
    };
    let whole = column.values.saturating_sub(column.fractions);
    if distinct < DISTINCT_MIN || !chance::may_be_whole(whole, column.fractions) {
        return false;
    }
    let texts = column.examples.values();
    let mut numbers: Vec<i128> = texts.filter_map(|text| text.trim().parse().ok()).collect();
    numbers.sort_unstable();
    // as many of those that are known as 1,024 are of all
    let seen = numbers.len() as u64;
    let known = seen * distinct.min(chance::TOP as u64) / distinct;
    let below = usize::try_from(seen - known.clamp(1, seen.max(1)).min(seen)).unwrap_or(0);
    let top = numbers.get(below..).unwrap_or_default();
    // both ends are those of a sample
    let slack = (end.max(largest) / SLACK).max(1);
    let is_among =
        |number: &&i128| (least..=largest.saturating_add(slack)).contains(&(**number - slack));
    let among = top.iter().filter(is_among).count();
    let reach = top.first().map_or(0, |least| end - least);
    let is_high = largest <= end.saturating_add(reach / 4).saturating_add(slack);
    among * AMONG >= top.len() && among > 0 && is_high
}

/// Half of what the gate wants to see: there may be more values than were looked at.
const DISTINCT_MIN: u64 = 500;
/// Every eighth of the largest numbers; the gate refuses for every fourth.
const AMONG: usize = 8;
const SLACK: i128 = 16;
