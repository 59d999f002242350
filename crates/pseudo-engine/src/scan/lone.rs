//! A few words without a column around them: names, metadata, entries that no row refers to.

use std::collections::BTreeMap;

use pseudo_pii::recognise::alone;
use pseudo_pii::{Candidate, Certainty, Kind, Recogniser};

use super::{Place, ScanFinding};

/// What a few texts show.
#[derive(Default)]
pub(super) struct Lone {
    recogniser: Recogniser,
    texts: u64,
    /// Words that are as long as numbers are.
    numbers: u64,
    alone: BTreeMap<Kind, u64>,
}

impl Lone {
    /// Adds a text.
    pub(super) fn add(&mut self, text: &str) {
        self.texts += 1;
        if Candidate::of(text).is_none() {
            return;
        }
        self.recogniser.add(text, 1);
        let mut groups = ["", "", ""];
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            self.word(word);
            let [_, second, third] = groups;
            groups = [second, third, word];
            if groups.map(str::len) == [3, 4, 4] {
                self.word(&groups.concat());
            }
        }
        let is_plate = |word: &&str| word.chars().next().is_some_and(|first| !first.is_ascii());
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(is_plate) {
            self.word(word);
        }
    }

    fn word(&mut self, word: &str) {
        if word.len() < SHORTEST {
            return;
        }
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        self.numbers += u64::from(digits >= DIGITS);
        if let Some(kind) = alone(word) {
            *self.alone.entry(kind).or_default() += 1;
        }
    }

    /// What they show, at `place`.
    pub(super) fn findings(&self, place: Place, column: Option<&str>) -> Vec<ScanFinding> {
        let found = |kind, certainty, values| ScanFinding {
            place,
            column: column.map(str::to_owned),
            kind,
            certainty,
            values,
            rows: 0,
            of: self.texts,
        };
        let judged = self.recogniser.findings().into_iter();
        let mut findings: Vec<_> = judged
            .map(|finding| found(finding.kind, finding.certainty, finding.values))
            .collect();
        // among many numbers some pass by chance, and then they are enough to be judged
        for (kind, values) in self.alone.iter().filter(|_| self.numbers <= FEW) {
            if findings.iter().all(|finding| finding.kind != *kind) {
                findings.push(found(*kind, Certainty::Suspect, *values));
            }
        }
        findings
    }
}

/// What one name shows.
pub(super) fn name(text: &str, place: Place) -> Vec<ScanFinding> {
    if Candidate::of(text).is_none() {
        return Vec::new();
    }
    let mut lone = Lone::default();
    lone.add(text);
    lone.findings(place, None)
}

/// A name that shows an identifier, so that it shows none and can be told from its neighbours: by
/// its place among them.
pub(super) fn masked(name: &str, nth: usize) -> String {
    let (stem, extension) = match name.split_once('.') {
        Some((stem, extension)) if is_extension(extension) => (stem, Some(extension)),
        _ => (name, None),
    };
    let mask = |c: char| if c.is_alphanumeric() { '*' } else { c };
    let stem: String = stem.chars().map(mask).collect();
    match extension {
        Some(extension) => format!("{stem}~{nth}.{extension}"),
        None => format!("{stem}~{nth}"),
    }
}

/// Whether the end of a name says a format, and nothing else.
fn is_extension(text: &str) -> bool {
    text.split('.').all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase())
    })
}

/// Bytes of a plate.
const SHORTEST: usize = 7;
/// Digits of the shortest number.
const DIGITS: usize = 11;
/// Numbers that are too few to be judged by how many of them pass.
const FEW: u64 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_identifier_is_suspect_in_a_name() {
        for (text, kind) in [
            ("export_15412345678_final.csv", Kind::CnPhone),
            ("154-1234-5678.txt", Kind::CnPhone),
            ("客户15412345678", Kind::CnPhone),
            ("110105194912310021.parquet", Kind::CnResidentId),
            ("11010519491231002X.parquet", Kind::CnResidentId),
            ("a.b@example.com", Kind::Email),
        ] {
            let found = name(text, Place::FileName);
            let kinds: Vec<_> = found.iter().map(|finding| finding.kind).collect();
            let expected = if text.contains("0021") {
                vec![]
            } else {
                vec![kind]
            };
            assert_eq!(kinds, expected, "{text}");
        }
        for text in [
            "part-00000-1a2b3c4d.parquet",
            "20261122T013000Z-0123456789ab",
            "00000000000000000010.json",
            "part-00000-5c7d8e9f-1234-4321-8765-123456789012-c000.snappy.parquet",
            "1763775000123",
        ] {
            assert_eq!(name(text, Place::FileName), [], "{text}");
        }
    }

    #[test]
    fn a_masked_name_shows_its_place_alone() {
        assert_eq!(masked("15412345678.csv.gz", 3), "***********~3.csv.gz");
        assert_eq!(masked("a.b@example.com", 1), "*.*@*******.***~1");
    }
}
