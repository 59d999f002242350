//! A second way to count: maps over whole rows, distributions as vectors, in another order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Array, StringArray};
use arrow::datatypes::Int32Type;
use pseudo_engine::risk::SetRisk;

use super::{Ask, MEMORY, Table, batch, near};

/// One row: two quasi-identifiers, the subject, a text and a number that are sensitive.
type Row = (Option<u8>, Option<u8>, Option<u16>, Option<u8>, Option<i32>);

/// The class of a member, the member, and a value of it.
type Member = ((Option<u8>, Option<u8>), u64, Option<i32>);

/// Numbers that look like chance (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn maybe<T: TryFrom<u64>>(&mut self, bound: u64) -> Option<T> {
        let value = self.below(bound);
        (self.below(8) > 0).then(|| T::try_from(value).ok().unwrap())
    }
}

fn table(rows: &[Row]) -> Table {
    let word = |value: u8| format!("value {value} of many, longer than a view");
    let words = |values: Vec<Option<u8>>| -> Vec<Option<String>> {
        values.into_iter().map(|value| value.map(word)).collect()
    };
    let part = |rows: &[Row]| {
        let first: DictionaryArray<Int32Type> = words(rows.iter().map(|r| r.0).collect())
            .iter()
            .map(Option::as_deref)
            .collect();
        let second = words(rows.iter().map(|r| r.1).collect());
        let who = rows.iter().map(|r| r.2.map(|who| format!("{who:026}")));
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("first", Arc::new(first)),
            ("second", Arc::new(StringArray::from(second))),
            ("who", Arc::new(StringArray::from_iter(who))),
            (
                "text",
                Arc::new(StringArray::from(words(rows.iter().map(|r| r.3).collect()))),
            ),
            (
                "number",
                Arc::new(Int32Array::from_iter(rows.iter().map(|r| r.4))),
            ),
        ];
        batch(columns)
    };
    let (one, other) = rows.split_at(rows.len() / 3);
    Table::of(&[part(one), part(other)])
}

/// k, unique, members, classes, and below.
fn classes(members: &BTreeMap<(Option<u8>, Option<u8>), BTreeSet<u64>>, k: u64) -> [u64; 5] {
    let sizes: Vec<u64> = members.values().map(|who| who.len() as u64).collect();
    [
        sizes.iter().min().copied().unwrap_or_default(),
        sizes.iter().filter(|size| **size == 1).count() as u64,
        sizes.iter().sum(),
        sizes.len() as u64,
        sizes.iter().filter(|size| **size < k).sum(),
    ]
}

/// l distinct, l by entropy, t, and how many of the classes share one value.
fn spread(pairs: &BTreeSet<Member>, ordered: bool) -> (u64, f64, f64, u64) {
    let domain: Vec<Option<i32>> = pairs
        .iter()
        .map(|p| p.2)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let share = |of: &dyn Fn(&Member) -> bool| -> Vec<f64> {
        let within: Vec<_> = pairs.iter().filter(|p| of(p)).collect();
        let count = |value: &Option<i32>| within.iter().filter(|p| p.2 == *value).count();
        domain
            .iter()
            .map(|value| count(value) as f64 / within.len() as f64)
            .collect()
    };
    let whole = share(&|_| true);
    let (mut distinct, mut entropy, mut t, mut disclosed) = (u64::MAX, f64::MAX, 0.0_f64, 0);
    for class in pairs.iter().map(|p| p.0).collect::<BTreeSet<_>>() {
        let own = share(&|p| p.0 == class);
        let values = own.iter().filter(|p| **p > 0.0).count();
        distinct = distinct.min(values as u64);
        if values == 1 {
            disclosed += pairs.iter().filter(|p| p.0 == class).count() as u64;
        }
        let bits = own
            .iter()
            .filter(|p| **p > 0.0)
            .map(|p| -p * p.ln())
            .sum::<f64>();
        entropy = entropy.min(bits.exp());
        let differences = own.iter().zip(&whole).map(|(p, q)| p - q);
        let distance = if ordered {
            let mut sum = 0.0;
            let sums = differences.map(|d| {
                sum += d;
                f64::abs(sum)
            });
            sums.sum::<f64>() / (domain.len().max(2) - 1) as f64
        } else {
            differences.map(f64::abs).sum::<f64>() / 2.0
        };
        t = t.max(distance);
    }
    (distinct, entropy, t, disclosed)
}

fn check(risk: &SetRisk, rows: &[Row], by_subject: bool) {
    let who = |row: usize, r: &Row| {
        if by_subject {
            r.2.map_or(u64::MAX, u64::from)
        } else {
            row as u64
        }
    };
    let mut members: BTreeMap<_, BTreeSet<u64>> = BTreeMap::new();
    for (row, r) in rows.iter().enumerate() {
        members.entry((r.0, r.1)).or_default().insert(who(row, r));
    }
    let got = [risk.k, risk.unique, risk.members, risk.classes, risk.below];
    assert_eq!(got, classes(&members, risk.k_wanted));
    assert_eq!(
        risk.sizes.iter().map(|band| band.members).sum::<u64>(),
        risk.members
    );
    assert_eq!(
        risk.sizes.iter().map(|band| band.classes).sum::<u64>(),
        risk.classes
    );
    let texts = rows
        .iter()
        .enumerate()
        .map(|(i, r)| ((r.0, r.1), who(i, r), r.3.map(i32::from)));
    let numbers = rows
        .iter()
        .enumerate()
        .map(|(i, r)| ((r.0, r.1), who(i, r), r.4));
    let want = [
        spread(&texts.collect(), false),
        spread(&numbers.collect(), true),
    ];
    for (column, (distinct, entropy, t, disclosed)) in risk.sensitive.iter().zip(want) {
        assert_eq!((column.l_distinct, column.disclosed), (distinct, disclosed));
        near(column.l_entropy, entropy);
        near(column.t, t);
    }
}

#[test]
fn both_ways_to_count_agree() {
    let mut chance = Chance(7);
    for round in 0..60 {
        let count = 1 + chance.below(400);
        let people = if round % 3 == 0 { 60_000 } else { 40 };
        let rows: Vec<Row> = (0..count)
            .map(|_| {
                let cells = (chance.maybe(6), chance.maybe(4), chance.maybe(people));
                (cells.0, cells.1, cells.2, chance.maybe(5), chance.maybe(9))
            })
            .collect();
        let table = table(&rows);
        for by_subject in [false, true] {
            let ask = Ask {
                sets: &["first", "second"],
                subject: by_subject.then_some("who"),
                sensitive: &["text", "number"],
                k: 4,
                memory: MEMORY,
            };
            check(&table.ask(&ask).unwrap(), &rows, by_subject);
        }
    }
}
