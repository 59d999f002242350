//! Synthetic values are well made, distinct, belong to nobody, and follow from seed and counter.

use std::collections::HashSet;

use pseudo_pii::sample::{
    self, Draws, PERSONS, Person, bank_card, phone, place, plate, push_company, resident_id,
    scramble, uscc, vin,
};
use pseudo_pii::{Blanks, Kind, Verdict, derive};

use crate::canonical;

#[test]
fn every_number_is_valid_as_its_kind_and_already_canonical() {
    for n in counters() {
        let person = Person::new(n, n);
        for (kind, value) in [
            (Kind::CnResidentId, person.resident_id().as_str()),
            (Kind::Vin, vin(n, 1, 2020).as_str()),
            (Kind::CnPlate, plate(n).as_str()),
            (Kind::BankCard, bank_card(n).as_str()),
            (Kind::CnUscc, uscc(n).as_str()),
            (Kind::Name, &text(|out| person.name.push(out))),
            (Kind::Email, &text(|out| person.push_email(out))),
            (Kind::Address, &text(|out| line(n, out))),
        ] {
            let same = Some((value.to_owned(), Verdict::Valid));
            assert_eq!(canonical(kind, value, &Blanks::default()), same, "{kind}");
        }
        let national = phone(n);
        let international = Some((format!("+86{national}"), Verdict::Valid));
        let answer = canonical(Kind::CnPhone, &national, &Blanks::default());
        assert_eq!(answer, international);
    }
}

#[test]
fn no_value_can_belong_to_anybody() {
    for n in counters() {
        let person = Person::new(7, n);
        assert_eq!(&person.resident_id()[2..4], "98");
        assert!(["154", "161", "163"].contains(&&person.phone()[..3]));
        assert!(vin(n, 0, 2020).starts_with("GXE"));
        assert!(plate(n)[3..].starts_with('Z'));
        assert!(bank_card(n).starts_with("098"));
        assert_eq!(&uscc(n)[4..6], "98");
        let email = text(|out| person.push_email(out));
        let domain = derive::email::domain(&email).unwrap();
        assert!(["example.com", "example.org", "example.net"].contains(&domain));
        assert!(email.is_ascii());
        assert!(text(|out| line(n, out)).contains('9'));
        assert!(text(|out| push_company(&mut Draws::at(n, 0, 0), out)).contains("示例"));
    }
}

#[test]
fn an_identity_number_says_what_the_person_says() {
    for n in 0..2_000 {
        let person = Person::new(42, n);
        let id = person.resident_id();
        let sex = if person.male { "M" } else { "F" };
        assert_eq!(derive::resident_id::sex(&id), Some(sex));
        let province = format!("{}0000", person.province.code);
        assert_eq!(derive::resident_id::province(&id), Some(province.as_str()));
        let year = derive::resident_id::birth_year(&id).unwrap();
        assert!((1958..=2002).contains(&year));
        let days = f64::from(person.birth_day) / 365.2425 + 1970.0;
        assert!((days - f64::from(year) - 0.5).abs() < 0.51);
    }
    assert_eq!(&resident_id(0, true, 11, 0)[..17], "11980019700101001");
    assert_eq!(&resident_id(59, false, 65, 0)[6..14], "19700301");
    assert_eq!(&resident_id(11_016, false, 65, 0)[6..14], "20000229");
}

#[test]
fn the_older_form_of_an_identity_number_is_the_same_person() {
    let ids = (0..500).map(|n| Person::new(3, n).resident_id());
    let mut seen = 0;
    for id in ids.filter(|id| &id[6..8] == "19") {
        let older = format!("{}{}", &id[..6], &id[8..17]);
        let answer = canonical(Kind::CnResidentId, &older, &Blanks::default());
        assert_eq!(answer, Some((id.to_string(), Verdict::Valid)));
        seen += 1;
    }
    assert!(seen > 400);
}

#[test]
fn persons_share_no_identifier() {
    let (mut ids, mut phones, mut emails) = (HashSet::new(), HashSet::new(), HashSet::new());
    let indexes = (0..60_000).chain(PERSONS - 60_000..PERSONS);
    for person in indexes.map(|n| Person::new(1, n)) {
        assert!(ids.insert(person.resident_id()));
        assert!(phones.insert(person.phone()));
        assert!(emails.insert(text(|out| person.push_email(out))));
    }
}

#[test]
fn counters_map_one_to_one() {
    for (count, number) in [
        (
            sample::PHONES,
            (|n| phone(n).to_string()) as fn(u64) -> String,
        ),
        (sample::VINS, |n| vin(n, 0, 2020)[10..].to_owned()),
        (sample::PLATES, |n| plate(n).to_string()),
        (sample::BANK_CARDS, |n| bank_card(n)[6..].to_owned()),
        (sample::USCCS, |n| uscc(n)[10..17].to_owned()),
    ] {
        let stride = count / 9_973;
        let near = (0..9_973).chain(count - 9_973..count);
        let far = (1..9_973)
            .map(|n| n * stride)
            .filter(|n| (9_973..count - 9_973).contains(n));
        let all: Vec<_> = near.chain(far).collect();
        let numbers: HashSet<_> = all.iter().map(|&n| number(n)).collect();
        assert_eq!(numbers.len(), all.len());
        assert_eq!(number(count + 5)[..7], number(5)[..7]);
    }
}

#[test]
fn scrambling_is_one_to_one() {
    for bits in [1, 2, 7, 12, 15] {
        let numbers: HashSet<_> = (0..1 << bits).map(|n| scramble(9, n, bits)).collect();
        assert_eq!(numbers.len(), 1 << bits);
        assert!(numbers.iter().all(|&n| n < 1 << bits));
    }
    assert_ne!(scramble(1, 5, 28), scramble(2, 5, 28));
}

#[test]
fn draws_follow_from_seed_stream_and_index() {
    let three = |seed, stream, index| {
        let mut draws = Draws::at(seed, stream, index);
        [draws.bits(), draws.bits(), draws.bits()]
    };
    assert_eq!(three(1, 2, 3), three(1, 2, 3));
    let all: HashSet<_> = [
        three(1, 2, 3),
        three(2, 2, 3),
        three(1, 3, 3),
        three(1, 2, 4),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert_eq!(all.len(), 12);
    let mut draws = Draws::at(0, 0, 0);
    assert_eq!((draws.below(0), draws.below_wide(0)), (0, 0));
    let hits = (0..100_000).filter(|_| draws.per_mille(30)).count();
    assert!((2_700..3_300).contains(&hits));
}

#[test]
fn places_bear_the_codes_of_their_provinces() {
    let provinces = &place::PROVINCES;
    let codes: HashSet<_> = provinces.iter().map(|province| province.code).collect();
    assert_eq!(codes.len(), 31);
    for province in provinces {
        assert!(!province.cities.is_empty());
        for city in province.cities {
            assert_eq!(city.code / 10_000, u32::from(province.code));
            assert_eq!(city.code % 100, 0);
            assert!(city.name.ends_with('市'));
        }
        let postcode = text(|out| place::push_postcode(&mut Draws::at(1, 1, 1), province, out));
        assert!(postcode.len() == 6 && postcode.starts_with(province.postcode));
    }
}

fn counters() -> impl Iterator<Item = u64> {
    (0..1_000)
        .chain((1..1_000).map(|n| n * 268_435))
        .chain([u64::MAX >> 1])
}

fn line(n: u64, out: &mut String) {
    place::push_address_line(&mut Draws::at(n, 1, n), out);
}

fn text(write: impl FnOnce(&mut String)) -> String {
    let mut text = String::new();
    write(&mut text);
    text
}
