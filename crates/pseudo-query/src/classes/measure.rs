//! From counts to k, l, t and risks.

use std::collections::BTreeMap;

use pseudo_engine::risk::{AttackerRisk, Risks, SensitiveRisk, SetRisk, SizeBand, Unit};

use super::hash::HashedMap;

/// How many classes there are of each size.
#[derive(Default)]
pub(crate) struct Sizes {
    classes: BTreeMap<u64, u64>,
}

impl Sizes {
    /// Counts classes by their members.
    pub(crate) fn add(&mut self, classes: &[(u64, u64)]) {
        let mut small = [0_u64; 64];
        for (_, members) in classes {
            match small.get_mut(usize::try_from(*members).unwrap_or(usize::MAX)) {
                Some(classes) => *classes += 1,
                None => *self.classes.entry(*members).or_default() += 1,
            }
        }
        for (members, classes) in (0..).zip(small).filter(|(_, classes)| *classes > 0) {
            *self.classes.entry(members).or_default() += classes;
        }
    }

    /// Counts what others counted.
    pub(crate) fn sum(all: Vec<Self>) -> Self {
        let mut sum = Self::default();
        for (members, classes) in all.into_iter().flat_map(|one| one.classes) {
            *sum.classes.entry(members).or_default() += classes;
        }
        sum
    }

    /// Sizes and how many there are of each, in rising order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.classes
            .iter()
            .map(|(members, classes)| (*members, *classes))
    }

    /// All members.
    pub(crate) fn members(&self) -> u64 {
        self.iter()
            .map(|(members, classes)| members * classes)
            .sum()
    }

    /// All classes.
    pub(crate) fn classes(&self) -> u64 {
        self.classes.values().sum()
    }

    /// What they tell.
    pub(crate) fn risk(
        &self,
        quasi_identifiers: &[String],
        unit: Unit,
        k_wanted: u64,
        sensitive: Vec<SensitiveRisk>,
    ) -> SetRisk {
        let (members, classes) = (self.members(), self.classes());
        let k = self.classes.keys().next().copied().unwrap_or_default();
        let small = self.classes.range(..k_wanted);
        let below = small.map(|(members, classes)| members * classes).sum();
        SetRisk {
            quasi_identifiers: quasi_identifiers.to_vec(),
            unit,
            members,
            classes,
            k,
            unique: self.classes.get(&1).copied().unwrap_or_default(),
            k_wanted,
            below,
            sizes: self.bands(),
            risks: risks(members, classes, k, below),
            sensitive,
        }
    }

    fn bands(&self) -> Vec<SizeBand> {
        let last = self.classes.keys().next_back().copied().unwrap_or_default();
        let mut bands = Vec::new();
        let mut from = 1;
        for to in bounds() {
            if from > last {
                break;
            }
            let within = self.classes.range(from..=to);
            let (classes, members) = within.fold((0, 0), |(all, sum), (members, classes)| {
                (all + classes, sum + members * classes)
            });
            bands.push(SizeBand {
                from,
                to,
                classes,
                members,
            });
            from = to.saturating_add(1);
        }
        bands
    }
}

/// The largest sizes of bands: 1, 2, 4, and then below 10, 20, 50, 100 and so on.
fn bounds() -> impl Iterator<Item = u64> {
    let decades = (0..18).flat_map(|zeros| [1, 2, 5].map(|first| first * 10_u64.pow(zeros)));
    let below = decades.filter(|from| *from >= 5).map(|from| from - 1);
    [1, 2].into_iter().chain(below).chain([u64::MAX])
}

/// El Emam 2013, chapter 16: of classes `j` with `f` members each, of `n` members in all, the
/// prosecutor's risk is `1 / f` and the marketer's the mean of it.
fn risks(members: u64, classes: u64, k: u64, below: u64) -> Risks {
    let share = |part: u64| {
        if members == 0 {
            0.0
        } else {
            part as f64 / members as f64
        }
    };
    let prosecutor = AttackerRisk {
        highest: if k == 0 { 0.0 } else { 1.0 / k as f64 },
        average: share(classes),
        at_risk: share(below),
    };
    Risks {
        prosecutor,
        journalist: prosecutor,
        marketer: share(classes),
    }
}

/// How often each value of a sensitive column is in each class: of one class all together, in
/// their order.
pub(crate) type Spread = Vec<Vec<((u64, u64), u64)>>;

/// What classes tell of a sensitive column; `order` tells the places of its values, where they have
/// some.
pub(crate) fn sensitive(
    column: &str,
    spread: &Spread,
    order: Option<&HashedMap<u64, i128>>,
) -> SensitiveRisk {
    let whole = Whole::new(spread, order);
    let mut risk = SensitiveRisk {
        column: column.to_owned(),
        l_distinct: u64::MAX,
        l_entropy: f64::INFINITY,
        t: 0.0,
        ordered: order.is_some(),
        disclosed: 0,
    };
    let mut values = Vec::new();
    let classes = spread
        .iter()
        .flat_map(|part| part.chunk_by(|a, b| a.0.0 == b.0.0));
    for class in classes {
        values.clear();
        values.extend(
            class
                .iter()
                .map(|((_, value), n)| (whole.place(*value), *n)),
        );
        let members: u64 = values.iter().map(|(_, n)| n).sum();
        if values.len() == 1 {
            risk.disclosed += members;
        }
        risk.l_distinct = risk.l_distinct.min(values.len() as u64);
        risk.l_entropy = risk.l_entropy.min(entropy(&values, members).exp());
        let distance = if risk.ordered {
            whole.ordered(&mut values, members)
        } else {
            whole.equal(&values, members)
        };
        risk.t = risk.t.max(distance);
    }
    if risk.l_distinct == u64::MAX {
        (risk.l_distinct, risk.l_entropy) = (0, 0.0);
    }
    risk
}

/// In nats.
fn entropy(values: &[(usize, u64)], members: u64) -> f64 {
    let part = |(_, n): &(usize, u64)| {
        let p = *n as f64 / members as f64;
        -p * p.ln()
    };
    values.iter().map(part).sum()
}

/// The distribution of a sensitive column over all classes.
struct Whole {
    places: HashedMap<u64, usize>,
    /// The share of the value at each place.
    shares: Vec<f64>,
    /// The share of the values up to each place.
    sums: Vec<f64>,
    /// Sums of the sums before each place.
    areas: Vec<f64>,
}

impl Whole {
    fn new(spread: &Spread, order: Option<&HashedMap<u64, i128>>) -> Self {
        let mut counts: HashedMap<u64, u64> = HashedMap::default();
        for ((_, value), n) in spread.iter().flatten() {
            *counts.entry(*value).or_default() += n;
        }
        let all: u64 = counts.values().sum();
        let mut values: Vec<(u64, u64)> = counts.into_iter().collect();
        // NULL has no number, and comes first.
        let number = |value: u64| order.and_then(|order| order.get(&value).copied());
        values.sort_unstable_by_key(|(value, _)| (number(*value), *value));
        let shares: Vec<f64> = values.iter().map(|(_, n)| *n as f64 / all as f64).collect();
        let mut seen = 0;
        let sums = values.iter().map(|(_, n)| {
            seen += n;
            seen as f64 / all as f64
        });
        let sums: Vec<f64> = sums.collect();
        let mut area = 0.0;
        let mut areas = vec![0.0];
        areas.extend(sums.iter().map(|sum| {
            area += sum;
            area
        }));
        let places = values
            .iter()
            .enumerate()
            .map(|(place, (value, _))| (*value, place));
        Self {
            places: places.collect(),
            shares,
            sums,
            areas,
        }
    }

    fn place(&self, value: u64) -> usize {
        self.places.get(&value).copied().unwrap_or_default()
    }

    /// Li et al. 2007, 5.2: half the sum of the differences.
    fn equal(&self, values: &[(usize, u64)], members: u64) -> f64 {
        let share = |place: usize| self.shares.get(place).copied().unwrap_or_default();
        let (mut differences, mut met) = (0.0, 0.0);
        for (place, n) in values {
            let whole = share(*place);
            differences += (*n as f64 / members as f64 - whole).abs();
            met += whole;
        }
        let others = (1.0 - met).max(0.0);
        if values.len() == self.shares.len() {
            return differences / 2.0;
        }
        f64::midpoint(differences, others)
    }

    /// Li et al. 2007, 5.1: the sum of the differences of sums, over one less than there are
    /// values. The sums of a class change at its own values alone; between two of them those of
    /// the whole table rise, and cross it once.
    fn ordered(&self, values: &mut [(usize, u64)], members: u64) -> f64 {
        let count = self.sums.len();
        if count < 2 {
            return 0.0;
        }
        values.sort_unstable();
        let ends = values
            .iter()
            .skip(1)
            .map(|(place, _)| *place)
            .chain([count]);
        let first = values.first().map_or(count, |(place, _)| *place);
        let mut distance = self.between(0, first, 0.0);
        let mut seen = 0;
        for ((place, n), end) in values.iter().zip(ends) {
            seen += n;
            distance += self.between(*place, end, seen as f64 / members as f64);
        }
        distance / (count - 1) as f64
    }

    /// The sum of the distances of `sum` from the sums at `from` and up to `to`.
    fn between(&self, from: usize, to: usize, sum: f64) -> f64 {
        let sums = self.sums.get(from..to).unwrap_or_default();
        let cross = from + sums.partition_point(|other| *other <= sum);
        let area = |place: usize| self.areas.get(place).copied().unwrap_or_default();
        let under = sum * (cross - from) as f64 - (area(cross) - area(from));
        let above = (area(to) - area(cross)) - sum * (to - cross) as f64;
        under + above
    }
}
