//! The identifiers that a thief can list: what is few enough to try it all.

use std::ops::Range;

use pseudo_pii::checksum::mod_11_2;
use pseudo_pii::sample::place;

/// Which identifiers are tried. The default is all of them.
#[derive(Clone, Debug)]
pub struct Spaces {
    /// The first digits of mobile numbers of eleven digits, all as many.
    pub phones: Vec<String>,
    /// Codes of six digits that resident identity numbers begin with.
    pub regions: Vec<String>,
    /// Birthdays in them, as days since 1970-01-01.
    pub births: Range<i32>,
    /// Province and letter that plates begin with.
    pub plates: Vec<String>,
    /// Account numbers and the like: whole numbers below this.
    pub integers: u64,
}

/// A sort of identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Phone,
    ResidentId,
    Plate,
    Integer,
}

/// One candidate as it is hashed.
#[derive(Clone, Copy, Default)]
pub(super) struct Message {
    bytes: [u8; 24],
    len: usize,
}

/// Identifiers of one sort, by number.
pub(super) struct Space<'a> {
    pub(super) family: Family,
    spaces: &'a Spaces,
    /// Birthdays as `YYYYMMDD`.
    births: Vec<[u8; 8]>,
    /// Identifiers that share a beginning.
    each: u64,
    pub(super) size: u64,
}

impl Default for Spaces {
    fn default() -> Self {
        let letters = PLACES.iter().filter(|place| place.is_ascii_alphabetic());
        let letters: Vec<char> = letters.map(|letter| char::from(*letter)).collect();
        let plates = PLATE_PROVINCES.chars();
        Self {
            phones: (13..20).map(|first| first.to_string()).collect(),
            regions: regions(),
            // 1930 to 2012
            births: -14_610..15_706,
            plates: plates
                .flat_map(|province| letters.iter().map(move |c| format!("{province}{c}")))
                .collect(),
            integers: 100_000_000,
        }
    }
}

/// The counties of the cities that are known, by the numbers that GB/T 2260 gives to counties; and
/// those of the samples, which are nobody's.
fn regions() -> Vec<String> {
    let mut regions = Vec::new();
    for province in &place::PROVINCES {
        for city in province.cities {
            let counties = (1..=40).chain(81..=85);
            regions.extend(counties.map(|county| (city.code + county).to_string()));
        }
        regions.extend((0..100).map(|county| format!("{}98{county:02}", province.code)));
    }
    regions
}

impl Family {
    pub(super) const ALL: [Self; 4] = [Self::Phone, Self::ResidentId, Self::Plate, Self::Integer];

    /// The kind of identifier.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Phone => "cn-phone",
            Self::ResidentId => "cn-resident-id",
            Self::Plate => "cn-plate",
            Self::Integer => "integer",
        }
    }

    /// How many ways of writing are tried.
    pub(super) const fn spellings(self) -> usize {
        match self {
            Self::Phone => 3,
            Self::Plate => 2,
            Self::ResidentId | Self::Integer => 1,
        }
    }
}

impl<'a> Space<'a> {
    pub(super) fn new(family: Family, spaces: &'a Spaces) -> Self {
        let births = match family {
            Family::ResidentId => spaces.births.clone().map(date).collect(),
            _ => Vec::new(),
        };
        let (starts, each) = match family {
            Family::Phone => {
                let known = spaces.phones.first().map_or(0, String::len);
                let open = 11_u32.saturating_sub(u32::try_from(known).unwrap_or_default());
                (spaces.phones.len(), 10_u64.pow(open))
            }
            Family::ResidentId => (spaces.regions.len(), births.len() as u64 * SEQUENCES),
            Family::Plate => (spaces.plates.len(), ORDINARY + NEW_ENERGY),
            Family::Integer => (1, spaces.integers),
        };
        Self {
            family,
            spaces,
            births,
            each,
            size: starts as u64 * each,
        }
    }

    /// Writes candidate `number` in one of its spellings.
    pub(super) fn write(&self, number: u64, spelling: usize, out: &mut Message) {
        out.len = 0;
        let (start, rest) = (number / self.each.max(1), number % self.each.max(1));
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let text = |texts: &'a [String]| texts.get(start).map_or("", String::as_str);
        match self.family {
            Family::Phone => {
                out.push(["", "+86", "86"].get(spelling).unwrap_or(&"").as_bytes());
                let known = text(&self.spaces.phones).as_bytes();
                out.push(known);
                out.push_digits(rest, 11_usize.saturating_sub(known.len()));
            }
            Family::ResidentId => {
                out.push(text(&self.spaces.regions).as_bytes());
                let birth = usize::try_from(rest / SEQUENCES).ok();
                let birth = birth.and_then(|birth| self.births.get(birth));
                out.push(birth.map_or(&[], <[u8; 8]>::as_slice));
                out.push_digits(rest % SEQUENCES + 1, 3);
                let body = out.bytes.first_chunk::<17>();
                out.push(&[body.and_then(mod_11_2).unwrap_or_default()]);
            }
            Family::Plate => {
                let lead = text(&self.spaces.plates);
                out.push(lead.as_bytes());
                out.push(["", "·"].get(spelling).unwrap_or(&"").as_bytes());
                out.push_plate(rest);
            }
            Family::Integer => {
                let digits = rest.checked_ilog10().unwrap_or_default() + 1;
                out.push_digits(rest, usize::try_from(digits).unwrap_or_default());
            }
        }
    }
}

impl Message {
    /// The bytes that are hashed.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if let Some(places) = self.bytes.get_mut(self.len..end) {
            places.copy_from_slice(bytes);
        }
        self.len = end;
    }

    /// Appends a number in so many digits, at most 16.
    fn push_digits(&mut self, number: u64, count: usize) {
        let halves = [number / 100_000_000, number % 100_000_000];
        let digits = halves.map(eight_digits);
        let digits = digits.as_flattened();
        self.push(
            digits
                .get(digits.len() - count.min(16)..)
                .unwrap_or_default(),
        );
    }

    /// Appends what stands behind the letter of a plate: five places, or six of a vehicle of new
    /// energy, where `D` or `F` (or another letter of the kind) stands first or last.
    fn push_plate(&mut self, number: u64) {
        let base = PLACES.len() as u64;
        let mut push = |place: u64| {
            let place = usize::try_from(place).ok();
            let byte = place.and_then(|place| PLACES.get(place));
            self.push(&[byte.copied().unwrap_or_default()]);
        };
        if number < ORDINARY {
            for unit in [base.pow(4), base.pow(3), base.pow(2), base, 1] {
                push(number / unit % base);
            }
            return;
        }
        let number = number - ORDINARY;
        let energy = |number: u64| if number.is_multiple_of(2) { b"D" } else { b"F" };
        if number < SMALL {
            self.push(energy(number));
            let number = number / 2;
            let place = usize::try_from(number / 10_000).unwrap_or_default();
            self.push(&[PLACES.get(place).copied().unwrap_or_default()]);
            self.push_digits(number % 10_000, 4);
        } else {
            let number = number - SMALL;
            self.push_digits(number / 2, 5);
            self.push(energy(number));
        }
    }
}

/// The eight digits of a number, all at once: halves, quarters and digits side by side in a word.
fn eight_digits(number: u64) -> [u8; 8] {
    let halves = (number / 10_000) | ((number % 10_000) << 32);
    let high = ((halves * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let pairs = high | ((halves - 100 * high) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000F_000F_000F_000F;
    let digits = tens | ((pairs - 10 * tens) << 8);
    (digits | 0x3030_3030_3030_3030).to_le_bytes()
}

/// A day since 1970-01-01 as `YYYYMMDD`.
fn date(day: i32) -> [u8; 8] {
    let date = chrono::DateTime::from_timestamp(i64::from(day) * 86_400, 0);
    let text = date.map(|date| date.format("%Y%m%d").to_string());
    let text = text.unwrap_or_default();
    text.as_bytes().first_chunk().copied().unwrap_or([b'0'; 8])
}

/// The characters of plates: digits and letters but `I` and `O`.
const PLACES: &[u8; 34] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const PLATE_PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
/// Plates of five places: 34^5.
const ORDINARY: u64 = 45_435_424;
/// Small vehicles of new energy: `D` or `F`, a place, four digits.
const SMALL: u64 = 2 * 34 * 10_000;
/// Those, and large ones: five digits, `D` or `F`.
const NEW_ENERGY: u64 = SMALL + 2 * 100_000;
/// Sequence numbers of one region and day.
const SEQUENCES: u64 = 999;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pseudo_pii::{Blanks, Kind};

    use super::*;
    use crate::verify::probe;

    fn text(space: &Space<'_>, number: u64, spelling: usize) -> String {
        let mut message = Message::default();
        space.write(number, spelling, &mut message);
        String::from_utf8(message.as_bytes().to_vec()).unwrap()
    }

    fn canonical(kind: Kind, text: &str) -> String {
        let mut written = String::new();
        let cell = probe::canonical(kind, text, &Blanks::default(), &mut written);
        cell.unwrap_or_else(|| panic!("{text} is no {kind:?}"))
            .to_owned()
    }

    #[test]
    fn every_candidate_is_an_identifier_of_its_kind_and_another() {
        let spaces = Spaces::default();
        for (family, kind) in [
            (Family::Phone, Kind::CnPhone),
            (Family::ResidentId, Kind::CnResidentId),
            (Family::Plate, Kind::CnPlate),
            (Family::Integer, Kind::Integer),
        ] {
            let space = Space::new(family, &spaces);
            let step = space.size / 5_000;
            let numbers: Vec<u64> = (0..5_000)
                .map(|n| n * step)
                .chain([space.size - 1])
                .collect();
            let mut seen = BTreeSet::new();
            for number in &numbers {
                let plain = text(&space, *number, 0);
                let one = canonical(kind, &plain);
                for spelling in 1..family.spellings() {
                    let spelt = text(&space, *number, spelling);
                    assert_ne!(spelt, plain);
                    assert_eq!(canonical(kind, &spelt), one, "{spelt}");
                }
                seen.insert(one);
            }
            assert_eq!(seen.len(), numbers.len(), "{family:?}");
        }
    }

    #[test]
    fn digits_are_those_of_the_number() {
        let numbers = (0..10_000).chain((0..10_000).map(|n| 99_999_999 - n * 9_973));
        for number in numbers {
            let digits = eight_digits(number);
            assert_eq!(str::from_utf8(&digits), Ok(format!("{number:08}").as_str()));
        }
    }

    #[test]
    fn spaces_have_the_size_of_their_standards() {
        let spaces = Spaces::default();
        let size = |family| Space::new(family, &spaces).size;
        assert_eq!(size(Family::Phone), 7_000_000_000);
        assert_eq!(size(Family::Plate), 31 * 24 * (45_435_424 + 880_000));
        assert_eq!(size(Family::Integer), 100_000_000);
    }

    #[test]
    fn plates_of_new_energy_are_among_the_candidates() {
        let spaces = Spaces {
            plates: vec!["冀Z".to_owned()],
            ..Spaces::default()
        };
        let space = Space::new(Family::Plate, &spaces);
        let ends: Vec<_> = [
            ORDINARY,
            ORDINARY + SMALL - 1,
            ORDINARY + SMALL,
            space.size - 1,
        ]
        .into_iter()
        .map(|number| text(&space, number, 0))
        .collect();
        assert_eq!(ends, ["冀ZD00000", "冀ZFZ9999", "冀Z00000D", "冀Z99999F"]);
    }
}
