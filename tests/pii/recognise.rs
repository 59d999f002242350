//! A column is recognised for what it holds, and nothing is recognised where nothing is.

mod harmless;

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use pseudo_pii::sample::{Draws, Person, bank_card, phone, plate, uscc, vin};
use pseudo_pii::{Certainty, Finding, Kind, Recogniser, checksum};

use crate::dirty::cell;
use harmless::harmless;

#[test]
fn a_column_of_one_kind_is_certain() {
    for kind in KINDS {
        for count in [100, 5_000] {
            let column = column((0..count).map(|n| identifier(kind, n)));
            assert_eq!(
                column.findings(),
                [found(kind, Certainty::Certain, count, count, count)]
            );
        }
    }
}

#[test]
fn twenty_values_are_enough() {
    for kind in KINDS {
        let column = column((0..20).map(|n| identifier(kind, 977 * n)));
        let certainty = match kind {
            Kind::CnPhone => Certainty::Suspect, // one in a thousand columns of numbers with a 1
            _ => Certainty::Certain,
        };
        assert_eq!(column.findings(), [found(kind, certainty, 20, 20, 20)]);
    }
}

#[test]
fn a_few_values_are_enough_for_a_suspicion() {
    for (kind, count) in [
        (Kind::CnResidentId, 3),
        (Kind::Vin, 6),
        (Kind::CnUscc, 3),
        (Kind::BankCard, 6),
        (Kind::CnPlate, 1),
    ] {
        let few = column((0..count).map(|n| identifier(kind, 977 * n)));
        assert_eq!(
            few.findings(),
            [found(kind, Certainty::Suspect, count, count, count)]
        );
        let fewer = column((1..count).map(|n| identifier(kind, 977 * n)));
        assert_eq!(fewer.findings(), [], "{kind}");
    }
}

#[test]
fn three_of_ten_among_words_are_as_certain() {
    for kind in KINDS {
        let column = column((0..1_000).map(|n| match n % 10 {
            0..3 => identifier(kind, n),
            _ => format!("{} {n}", words(n)),
        }));
        assert_eq!(
            column.findings(),
            [found(kind, Certainty::Certain, 300, 300, 1_000)]
        );
    }
}

#[test]
fn three_of_ten_among_random_numbers_of_that_length_are_found() {
    for kind in [
        Kind::CnResidentId,
        Kind::CnPhone,
        Kind::Vin,
        Kind::CnUscc,
        Kind::BankCard,
    ] {
        let column = column((0..10_000).map(|n| {
            let identifier = identifier(kind, n);
            match (n % 10, kind) {
                (0..3, _) => identifier,
                (_, Kind::Vin) => random(n, VIN_ALPHABET, 17),
                (_, Kind::CnUscc) => format!("9111{}", random(n, DIGITS, 14)),
                (_, Kind::BankCard) => format!("098{}", random(n, DIGITS, 16)),
                _ => random(n, DIGITS, identifier.len()),
            }
        }));
        let first = column.findings()[0];
        assert_eq!(first.kind, kind);
        assert!((3_000..4_000).contains(&first.values), "{first:?}");
    }
}

#[test]
fn spelling_does_not_matter() {
    for kind in KINDS {
        for (how, damage) in DAMAGES {
            let column = column((0..200).map(|n| damage(&identifier(kind, n))));
            let findings = column.findings();
            assert_eq!(findings.len(), 1, "{kind} {how}: {findings:?}");
            assert_eq!((findings[0].kind, findings[0].values), (kind, 200), "{how}");
        }
    }
}

#[test]
fn numbers_are_found_in_the_groups_that_people_write() {
    type Spelling = fn(&str) -> String;
    let spellings: [(Kind, Spelling); 12] = [
        (Kind::CnPhone, |t| {
            format!("{}-{}-{}", &t[..3], &t[3..7], &t[7..])
        }),
        (Kind::CnPhone, |t| {
            format!("{} {} {}", &t[..3], &t[3..7], &t[7..])
        }),
        (Kind::CnPhone, |t| format!("+86 {t}")),
        (Kind::CnPhone, |t| format!("(+86) {t}")),
        (Kind::CnPhone, |t| {
            format!("+86-{}-{}-{}", &t[..3], &t[3..7], &t[7..])
        }),
        (Kind::CnPhone, |t| format!("0086{t}")),
        (Kind::CnPhone, |t| format!("86{t}")),
        (Kind::CnPhone, |t| format!("{t}.0")),
        (Kind::BankCard, |t| {
            format!("{} {} {} {}", &t[..4], &t[4..8], &t[8..12], &t[12..])
        }),
        (Kind::CnResidentId, |t| {
            format!("{} {} {}", &t[..6], &t[6..14], &t[14..])
        }),
        (Kind::CnPlate, |t| format!("{}·{}", &t[..4], &t[4..])),
        (Kind::CnUscc, |t| format!("'{t}")),
    ];
    for (kind, spelling) in spellings {
        let column = column((0..200).map(|n| spelling(&identifier(kind, n))));
        assert_eq!(
            column.findings(),
            [found(kind, Certainty::Certain, 200, 200, 200)]
        );
    }
}

#[test]
fn identifiers_are_found_within_text() {
    type Text = fn(&str) -> String;
    let texts: [Text; 8] = [
        |t| format!("电话{t} 张先生"),
        |t| format!("请联系{t}。"),
        |t| format!("contact: {t}, after 18:00"),
        |t| format!("备注（{t}）已核实"),
        |t| format!("id={t};ok"),
        |t| format!("\"{t}\""),
        |t| format!("2022-12-01 {t}"),
        |t| format!("订单20221201001，{t}／王"),
    ];
    for kind in [Kind::CnPhone, Kind::CnResidentId, Kind::Email] {
        for text in texts {
            let all = column((0..200).map(|n| text(&identifier(kind, n))));
            let [finding] = all.findings()[..] else {
                panic!("{kind}: {:?}", text("…"));
            };
            assert_eq!((finding.kind, finding.values), (kind, 200));
            let rare = column((0..10_000).map(|n| match n % 500 {
                0 => text(&identifier(kind, n)),
                _ => words(n),
            }));
            assert_eq!(rare.findings()[0].values, 20, "{kind}");
        }
    }
    for text in [
        "+86 13812345678",
        "+86-138-1234-5678",
        "+8613812345678",
        "手机：13812345678",
        " (Tel. 138 1234 5678)",
        "MOBILE 8613812345678",
    ] {
        let rare = column((0..1_000).map(|n| match n {
            7 => format!("王{text}张先生"),
            _ => words(n),
        }));
        assert_eq!(
            rare.findings(),
            [found(Kind::CnPhone, Certainty::Suspect, 1, 1, 1_000)]
        );
    }
}

#[test]
fn both_identifiers_of_a_text_count() {
    let column = column((0..50).map(|n| {
        let (phone, email) = (identifier(Kind::CnPhone, n), identifier(Kind::Email, n));
        format!("{email} / {phone} / {}", identifier(Kind::CnResidentId, n))
    }));
    let findings = column.findings();
    let mut kinds: Vec<Kind> = findings.iter().map(|finding| finding.kind).collect();
    kinds.sort();
    assert_eq!(kinds, [Kind::Email, Kind::CnPhone, Kind::CnResidentId]);
    assert!(findings.iter().all(|finding| finding.values == 50));
}

#[test]
fn a_part_of_a_word_is_no_identifier() {
    type Text = fn(&str) -> String;
    let texts: [Text; 14] = [
        |t| format!("x{t}"),
        |t| format!("{t}_1"),
        |t| format!("1{t}"),
        |t| format!("note 1{t}"),
        |t| format!("note {t}1"),
        |t| format!("note {t}a"),
        |t| format!("note {t}@"),
        |t| format!("note _{t}"),
        |t| format!("note 0.{t}"),
        |t| format!("note {t}.5"),
        |t| format!("note 2022-{t}"),
        |t| format!("note {t}-01"),
        |t| format!("note +1 9{t}"),
        |t| format!("note +{t}"),
    ];
    for kind in [Kind::CnPhone, Kind::CnResidentId] {
        for text in texts {
            let column = column((0..200).map(|n| text(&identifier(kind, n))));
            assert_eq!(column.findings(), [], "{kind} {}", text("…"));
        }
    }
    // Upper and lower case in one code make a token.
    let tokens = column((0..200).map(|n| {
        let vin = identifier(Kind::Vin, n);
        format!("{}{}", &vin[..3], vin[3..].to_lowercase())
    }));
    assert_eq!(tokens.findings(), []);
}

#[test]
fn what_looks_like_an_address_or_a_plate_is_none() {
    for text in [
        "P@ssw0rd 2@3.5kg 10@2.kg lodash@4.17.21",
        "@zhang.san 看@zhang a@b @.com x@.com x@y..com .@b.cn",
        "沪B",
        "沪A1234",
        "新A12345678",
        "甲A12345",
    ] {
        let mut column = Recogniser::default();
        column.add(text, 1);
        assert_eq!(column.findings(), [], "{text}");
    }
}

#[test]
fn one_address_is_a_finding_and_one_card_is_none() {
    let with = |one: String| {
        let mut column = column((1..10_000).map(|n| format!("{} {n}", words(n))));
        column.add(&one, 7);
        column
    };
    assert_eq!(
        with("write to zhang.san@example.com, please".into()).findings(),
        [found(Kind::Email, Certainty::Certain, 1, 7, 10_000)]
    );
    assert_eq!(
        with("沪A12345".into()).findings(),
        [found(Kind::CnPlate, Certainty::Suspect, 1, 7, 10_000)]
    );
    assert_eq!(
        with(identifier(Kind::CnResidentId, 5)).findings(),
        [found(Kind::CnResidentId, Certainty::Suspect, 1, 7, 10_000)]
    );
    for quiet in ["6222020000000000008", "4111111111111111", "13812345678"] {
        assert_eq!(with(quiet.into()).findings(), [], "{quiet}");
    }
}

#[test]
fn real_forms_that_samples_do_not_have_are_found() {
    // The 15 digits of 1989 have no check: never more than a suspicion.
    let old = column((0..50).map(|n| {
        let id = identifier(Kind::CnResidentId, n);
        format!("{}{}", &id[..6], &id[8..17])
    }));
    assert_eq!(
        old.findings(),
        [found(Kind::CnResidentId, Certainty::Suspect, 50, 50, 50)]
    );
    // European makers put anything at position 9.
    let vins = column((0..50).map(|n| {
        let vin = identifier(Kind::Vin, n);
        format!("WVWZZZ1J{}{}", "Z", &vin[9..])
    }));
    assert_eq!(
        vins.findings(),
        [found(Kind::Vin, Certainty::Suspect, 50, 50, 50)]
    );
    // Births to come.
    let future = column((0..50_u64).map(|n| {
        let body = format!(
            "110105{}{:02}{:02}{:03}",
            2090 + n % 20,
            1 + n % 12,
            1 + n % 28,
            n
        );
        let check = checksum::mod_11_2(body.as_bytes().try_into().unwrap()).unwrap();
        format!("{body}{}", char::from(check))
    }));
    assert_eq!(
        future.findings(),
        [found(Kind::CnResidentId, Certainty::Certain, 50, 50, 50)]
    );
    // Numbers of many segments, of issuers there are, and of central government.
    let phones = column((0..40).map(|n| {
        let segment = ["138", "139", "150", "186", "177", "199", "135"][pick(n, 7)];
        format!("{segment}{}", random(n, DIGITS, 8))
    }));
    assert_eq!(
        phones.findings(),
        [found(Kind::CnPhone, Certainty::Certain, 40, 40, 40)]
    );
    let cards = column((0..40).map(|n| {
        let (issuer, len) = [("62", 17), ("4", 16), ("53", 16), ("37", 15)][pick(n, 4)];
        let body = format!("{issuer}{}", random(n, DIGITS, len - 1 - issuer.len()));
        let check = checksum::luhn(body.as_bytes()).unwrap();
        format!("{body}{}", char::from(check))
    }));
    assert!(cards.findings()[0].values >= 35);
    assert_eq!(cards.findings()[0].kind, Kind::BankCard);
    assert_eq!(cards.findings()[0].certainty, Certainty::Certain);
}

#[test]
fn nothing_is_recognised_where_nothing_is() {
    for (name, value) in harmless() {
        for seed in 0..3 {
            let column = column((0..60_000).map(|n| value(seed << 32 | n)));
            assert_eq!(column.findings(), [], "{name}");
        }
    }
}

#[test]
fn nothing_is_recognised_in_small_columns() {
    for (name, value) in harmless() {
        let mut from = 0;
        for size in (0..60).cycle().take(3_000) {
            let column = column((from..from + size).map(|n| value(9 << 32 | n)));
            assert_eq!(column.findings(), [], "{name}, {size} from {from}");
            from += size;
        }
    }
}

#[test]
fn a_recogniser_is_small_and_counts_what_it_was_given() {
    assert!(size_of::<Recogniser>() <= 1_536);
    let mut column = Recogniser::default();
    assert_eq!((column.distinct(), column.rows()), (0, 0));
    assert_eq!(column.findings(), []);
    column.add("上海", 40);
    column.add("", u64::MAX);
    assert_eq!((column.distinct(), column.rows()), (2, u64::MAX));
    assert_eq!(column.findings(), []);
    assert!(Certainty::Suspect < Certainty::Certain);
    assert_eq!(Certainty::Certain.name(), "certain");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn parts_merge_into_the_whole(
        cells in vec((cell(), any::<u32>(), 0_usize..3), 0..60),
        rotate in any::<prop::sample::Index>(),
    ) {
        let mut whole = Recogniser::default();
        let mut parts = vec![Recogniser::default(); 3];
        for ((_, value), rows, part) in &cells {
            whole.add(value, u64::from(*rows));
            parts[*part].add(value, u64::from(*rows));
        }
        let mut merged = Recogniser::default();
        for part in parts.iter().rev() {
            merged.merge(part);
        }
        prop_assert_eq!(&merged, &whole);
        prop_assert_eq!(merged.findings(), whole.findings());

        let mut turned = cells.clone();
        turned.rotate_left(rotate.index(cells.len() + 1).min(cells.len()));
        turned.reverse();
        let turned = turned.iter().fold(Recogniser::default(), |mut column, ((_, value), rows, _)| {
            column.add(value, u64::from(*rows));
            column
        });
        prop_assert_eq!(turned, whole);
    }

    #[test]
    fn any_text_is_looked_at(value in any::<String>(), digits in "[0-9@. Xx+-]{0,40}") {
        let mut column = Recogniser::default();
        column.add(&value, 1);
        column.add(&digits, 1);
        column.add(&format!("{value}{digits}{value}"), 1);
        prop_assert!(column.findings().iter().all(|finding| finding.values <= 3));
    }
}

const KINDS: [Kind; 7] = [
    Kind::Email,
    Kind::CnPhone,
    Kind::CnResidentId,
    Kind::Vin,
    Kind::CnPlate,
    Kind::BankCard,
    Kind::CnUscc,
];
const DIGITS: &[u8] = b"0123456789";
const VIN_ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPRSTUVWXYZ";
/// The counter in a number that has a seed above it.
const LOW: u64 = (1 << 32) - 1;

/// What happens to a value on its way, by a name.
type Damage = (&'static str, fn(&str) -> String);
const DAMAGES: [Damage; 7] = [
    ("padded", |text| format!("  {text} \t")),
    ("marked", |text| format!("\u{FEFF}{text}\u{200B}")),
    ("lower", str::to_lowercase),
    ("upper", str::to_uppercase),
    ("wide", |text| text.chars().map(wide).collect()),
    ("wide spaces", |text| format!("\u{3000}{text}\u{A0}")),
    ("split", |text| {
        let (at, _) = text.char_indices().nth(5).unwrap();
        format!("{}\u{200B}{}", &text[..at], &text[at..])
    }),
];

fn wide(c: char) -> char {
    match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap(),
        _ => c,
    }
}

fn column(values: impl Iterator<Item = String>) -> Recogniser {
    values.fold(Recogniser::default(), |mut column, value| {
        column.add(&value, 1);
        column
    })
}

fn found(kind: Kind, certainty: Certainty, values: u64, rows: u64, of: u64) -> Finding {
    Finding {
        kind,
        values,
        rows,
        of,
        certainty,
    }
}

/// A synthetic identifier; counters of one kind give others.
fn identifier(kind: Kind, n: u64) -> String {
    let person = Person::new(7, n);
    match kind {
        Kind::Email => {
            let mut text = String::new();
            person.push_email(&mut text);
            text
        }
        Kind::CnPhone => phone(n * 99_991_111).to_string(),
        Kind::CnResidentId => person.resident_id().to_string(),
        Kind::Vin => vin(n, 1, 2020).to_string(),
        Kind::CnPlate => plate(n * 7_919).to_string(),
        Kind::BankCard => bank_card(n * 7_919).to_string(),
        Kind::CnUscc => uscc(n * 7_919).to_string(),
        _ => unreachable!("a kind that has no structure"),
    }
}

/// A place among `len`.
fn pick(n: u64, len: usize) -> usize {
    usize::try_from(n).unwrap() % len
}

fn random(n: u64, alphabet: &[u8], len: usize) -> String {
    let mut draws = Draws::at(3, len as u64, n);
    let mut place = || alphabet[pick(draws.bits() >> 8, alphabet.len())];
    (0..len).map(|_| char::from(place())).collect()
}

/// A date of the years 2012 to 2026, as `YYYYMMDD`.
fn date(n: u64) -> String {
    let mut draws = Draws::at(4, 4, n);
    let mut text = String::new();
    let (year, month, day) = (draws.below(15), draws.below(12), draws.below(28));
    write!(text, "{}{:02}{:02}", 2012 + year, 1 + month, 1 + day).unwrap();
    text
}

fn words(n: u64) -> String {
    const WORDS: [&str; 12] = [
        "furiously",
        "regular",
        "deposits",
        "sleep",
        "carefully",
        "客户",
        "要求",
        "final",
        "requests",
        "已回访",
        "among",
        "packages",
    ];
    let mut draws = Draws::at(2, 2, n);
    let words: Vec<&str> = (0..1 + draws.below(9))
        .map(|_| draws.pick(&WORDS))
        .collect();
    words.join(" ")
}
