//! Which columns hold the same keys: names of one stem, types that can be compared, and values that
//! stand in both. One of them, at least, has every value once: the table that the others refer to.

use super::find::plain;
use super::name::{self, Hint};
use super::profile::{Column, Profile};

/// A column, by table and by its place in it.
pub(super) type Place = (usize, usize);

/// Columns with one space of keys.
pub(super) struct Group {
    /// What it is called.
    pub(super) name: String,
    /// Its columns, in the order of the tables.
    pub(super) places: Vec<Place>,
    /// The column of the table that is about what the keys stand for.
    pub(super) home: Place,
    /// Whether all values are whole numbers.
    pub(super) is_integer: bool,
}

/// One candidate.
struct Candidate<'a> {
    place: Place,
    stem: Vec<String>,
    column: &'a Column,
    is_full: bool,
}

/// Finds the keys that tables share, and those that stand alone; `free` says which columns can be
/// keys.
pub(super) fn groups(profiles: &[Profile], free: &dyn Fn(Place) -> bool) -> Vec<Group> {
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for (table, profile) in profiles.iter().enumerate() {
        let words = name::words(&profile.name);
        for (index, column) in profile.columns.iter().enumerate() {
            let place = (table, index);
            let is_key = name::hint(&column.name, &words) == Some(Hint::Key);
            if is_key && free(place) {
                candidates.push(Candidate {
                    place,
                    stem: name::stem(&column.name, &words),
                    column,
                    is_full: profile.is_full,
                });
            }
        }
    }
    let mut joined: Vec<usize> = (0..candidates.len()).collect();
    for (one, a) in candidates.iter().enumerate() {
        for (other, b) in candidates.iter().enumerate().skip(one + 1) {
            if a.place.0 != b.place.0 && is_shared(a, b) {
                let (from, to) = (joined.get(other).copied(), joined.get(one).copied());
                if let (Some(from), Some(to)) = (from, to) {
                    joined
                        .iter_mut()
                        .filter(|of| **of == from)
                        .for_each(|of| *of = to);
                }
            }
        }
    }
    let mut groups = Vec::new();
    for first in 0..candidates.len() {
        let members = candidates
            .iter()
            .zip(&joined)
            .filter(|(_, of)| **of == first);
        let members: Vec<&Candidate<'_>> = members.map(|(candidate, _)| candidate).collect();
        groups.extend(group(profiles, &members));
    }
    groups
}

fn group(profiles: &[Profile], members: &[&Candidate<'_>]) -> Option<Group> {
    let first = members.first()?;
    let shortest = members.iter().min_by_key(|member| member.stem.len())?;
    let entity = name::entity(&shortest.stem);
    let is_home = |member: &&&Candidate<'_>| {
        let table = profiles
            .get(member.place.0)
            .map(|profile| name::words(&profile.name));
        let last = table.as_ref().and_then(|words| words.last());
        let (last, entity) = (last.map(|word| name::singular(word)), entity.last());
        // `custkey` is at home in `customer`
        let known = last.zip(entity);
        known.is_some_and(|(table, entity)| table.starts_with(entity.as_str()))
            && member.column.is_unique()
    };
    let unique = |member: &&&Candidate<'_>| member.column.is_unique();
    let home = members
        .iter()
        .find(is_home)
        .or_else(|| members.iter().find(unique));
    Some(Group {
        name: plain(&entity.join("_"), "key"),
        places: members.iter().map(|member| member.place).collect(),
        home: home.unwrap_or(first).place,
        is_integer: members.iter().all(|member| is_integer(member.column)),
    })
}

/// Whether all values of a column are whole numbers.
pub(super) fn is_integer(column: &Column) -> bool {
    column.data_type.is_numeric()
        || column.share(|text| text.trim().parse::<i128>().is_ok()) >= 1.0
            && !column.examples.is_empty()
}

/// Whether two columns hold the same keys.
fn is_shared(a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
    if !a.stem.ends_with(&b.stem) && !b.stem.ends_with(&a.stem) {
        return false;
    }
    if is_integer(a.column) != is_integer(b.column) {
        return false;
    }
    if !a.column.is_unique() && !b.column.is_unique() && a.stem != b.stem {
        return false;
    }
    let overlap = a.column.sketch.overlap(&b.column.sketch);
    let share = overlap.both as f64 / overlap.of.max(1) as f64;
    let is_many = overlap.both >= FEW || share >= MOST;
    if overlap.both > 0 && share >= SHARE && is_many {
        return true;
    }
    // of two samples hardly a value is the same; their ranges are
    let is_sampled = !a.is_full || !b.is_full;
    is_sampled && (overlap.both >= FEW || ranges_overlap(a.column, b.column))
}

fn ranges_overlap(a: &Column, b: &Column) -> bool {
    let (Some(a), Some(b)) = (a.bounds, b.bounds) else {
        return false;
    };
    let width = |(least, largest): (i128, i128)| largest.saturating_sub(least);
    let both = width((a.0.max(b.0), a.1.min(b.1)));
    both > 0 && both >= width(a).min(width(b)) / 2
}

/// Values that two columns share by more than a slip, and shares of the smaller one.
const FEW: u64 = 3;
const SHARE: f64 = 0.05;
const MOST: f64 = 0.5;
