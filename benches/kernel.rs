//! How many values per second a core takes from an Arrow array to an Arrow array, beside the loops
//! one would write with the `hmac`, `aes-siv` and `fpe` crates, and how long canonical text of each
//! kind takes beside tokens of text that is canonical.
//!
//! The loops of the crates do less: they start from canonical bytes and stop before any text. All
//! loops of a row run in turn, several times, and the best time of each counts. Arguments name the
//! rows to run by parts of their titles: `-- clean` all clean kinds, `-- 'email, clean'` one.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and may end early"
)]

use std::env;
use std::hint::black_box;
use std::time::{Duration, Instant};

use aes::Aes256;
use aes_siv::siv::Aes256Siv;
use arrow_array::StringArray;
use fpe::ff1::{FF1, FlexibleNumeralString};
use hmac::{Hmac, KeyInit, Mac};
use pseudo_arrow::{FpeForm, Kernel, OnInvalid, Outcome, SealForm, TokenForm};
use pseudo_pii::checksum::{mod_11_2, vin};
use pseudo_pii::sample::place::push_address_line;
use pseudo_pii::sample::{self, BANK_CARDS, Draws, Name, PERSONS, PLATES, Person, USCCS};
use pseudo_pii::{Blanks, Canonical, Kind};
use pseudo_token::{Alphabet, DomainKey, Lanes};
use sha2::Sha256;

fn main() {
    println!("best path of this machine: {:?}", Lanes::best());
    let ids = column(ROWS, resident_id);
    let mut figures = vec![
        ("token_18_ratio", tokens(&ids)),
        ("seal_18_ratio", seals(&ids)),
        ("fpe_18_ratio", pseudonyms()),
    ];
    figures.extend(canonical_shares());
    repeats(&ids);
    for (name, value) in figures.into_iter().filter(|(_, value)| !value.is_nan()) {
        println!("figure {name} {value:.2}");
    }
}

fn tokens(values: &StringArray) -> f64 {
    let hmac = Hmac::<Sha256>::new_from_slice(&[7; 32]).expect("a key of 32 bytes");
    let mut out = vec![[0_u8; 16]; ROWS];
    let by_hand = Loop::new("hmac crate, cloned", move || {
        for (value, out) in values.iter().flatten().zip(&mut out) {
            let mut hmac = hmac.clone();
            hmac.update(value.as_bytes());
            out.copy_from_slice(&hmac.finalize().into_bytes()[..16]);
        }
        black_box(&out);
    });
    let exact = kernel_loop("exact, array to array", token(Kind::Exact), values);
    let kernel = kernel_loop(
        "resident IDs, array to array",
        token(Kind::CnResidentId),
        values,
    );
    race("tokens of 18 bytes in base32", vec![by_hand, exact, kernel])
}

fn seals(values: &StringArray) -> f64 {
    let mut siv = Aes256Siv::new(&[7; 64].into());
    let mut padded = Vec::new();
    let mut out = Vec::new();
    let by_hand = Loop::new("aes-siv crate, reused", move || {
        out.clear();
        for value in values.iter().flatten() {
            padded.clear();
            padded.extend_from_slice(value.as_bytes());
            padded.push(0x80);
            padded.resize(padded.len().next_multiple_of(16), 0);
            out.extend_from_slice(&siv.encrypt([[0_u8; 0]], &padded).expect("one component"));
        }
        black_box(&out);
    });
    let kernel = |kind: Kind| {
        let key = DomainKey::from_bytes([7; 32]).seal_key("person", kind.id());
        let blanks = Blanks::default();
        Kernel::seal(key, kind, blanks, SealForm::Base64Url, OnInvalid::Token)
    };
    let exact = kernel_loop("exact, array to array", kernel(Kind::Exact), values);
    let resident_ids = kernel_loop(
        "resident IDs, array to array",
        kernel(Kind::CnResidentId),
        values,
    );
    race(
        "seals of 18 bytes in base64url",
        vec![by_hand, exact, resident_ids],
    )
}

fn pseudonyms() -> f64 {
    let values = &column(ROWS, |random| format!("{:018}", random % 10_u64.pow(18)));
    let ff1 = FF1::<Aes256>::new(&[7; 32], 10).expect("a radix that FF1 has");
    let numerals: Vec<FlexibleNumeralString> = values
        .iter()
        .flatten()
        .take(ROWS / 8)
        .map(|value| value.bytes().map(|digit| u16::from(digit & 15)).collect())
        .map(|digits: Vec<u16>| FlexibleNumeralString::from(digits))
        .collect();
    // An eighth of the rows, eight times slower: the loops of a row take turns.
    let by_hand = Loop::of(ROWS / 8, "fpe crate, reused", move || {
        for numerals in &numerals {
            black_box(ff1.encrypt(&[], numerals).expect("digits"));
        }
    });
    let key = DomainKey::from_bytes([7; 32]).fpe_key("account", "exact/1");
    let form = FpeForm::Text(Alphabet::Digits);
    let kernel = Kernel::fpe(key, Kind::Exact, Blanks::default(), form, OnInvalid::Null);
    let kernel = kernel_loop("digits, array to array", kernel, values);
    race("format-preserving, 18 digits", vec![by_hand, kernel])
}

/// The share of canonical text for every kind: the worst of the identifiers that most tables hold,
/// the worst of all, and those of long text with dirt.
fn canonical_shares() -> [(&'static str, f64); 5] {
    let dirt = |values: &StringArray| values.iter().flatten().enumerate().map(soiled).collect();
    let (mut clean, mut dirty, mut clean_all) = (f64::NAN, f64::NAN, f64::NAN);
    for (kind, make) in [
        (Kind::CnResidentId, resident_id as Make),
        (Kind::CnPhone, phone),
        (Kind::Vin, vehicle),
    ] {
        let values = column(ROWS, make);
        clean = clean.max(canonical_share(kind, "clean", &values));
        dirty = dirty.max(canonical_share(kind, "a tenth dirty", &dirt(&values)));
    }
    for (kind, make) in [
        (Kind::Text, note as Make),
        (Kind::Integer, |random| (random >> 24).to_string()),
        (Kind::Name, person),
        (Kind::Email, email),
        (Kind::CnPlate, plate),
        (Kind::BankCard, bank_card),
        (Kind::CnUscc, company),
        (Kind::Address, address),
    ] {
        let values = column(ROWS, make);
        clean_all = clean_all.max(canonical_share(kind, "clean", &values));
    }
    let [name, address] = [(Kind::Name, person as Make), (Kind::Address, address)]
        .map(|(kind, make)| canonical_share(kind, "a tenth dirty", &dirt(&column(ROWS, make))));
    [
        ("canonical_clean_share", clean),
        ("canonical_dirty_share", dirty),
        ("canonical_clean_share_all", clean_all.max(clean)),
        ("canonical_dirty_share_name", name),
        ("canonical_dirty_share_address", address),
    ]
}

/// Compares a column of which every value differs with one of a few values.
fn repeats(ids: &StringArray) {
    let few: StringArray = ids.iter().take(64).cycle().take(ROWS).collect();
    let differ = kernel_loop("all differ", token(Kind::CnResidentId), ids);
    let repeat = kernel_loop("of 64 values", token(Kind::CnResidentId), &few);
    race("tokens of resident IDs", vec![differ, repeat]);
}

/// Compares making canonical text with making tokens of text that is canonical, and returns the
/// share of the first in the second.
fn canonical_share(kind: Kind, state: &str, values: &StringArray) -> f64 {
    let blanks = Blanks::default();
    let mut text = String::new();
    let canonical: StringArray = values
        .iter()
        .flatten()
        .map(|value| {
            text.clear();
            Some(match kind.canonical(value, &blanks, &mut text) {
                Canonical::Written(_) => text.clone(),
                Canonical::Same(_) | Canonical::Blank => value.to_owned(),
            })
        })
        .collect();
    let mut out = String::new();
    let canonicalise = Loop::new("canonical text", move || {
        out.clear();
        for value in values.iter().flatten() {
            black_box(kind.canonical(value, &blanks, &mut out));
        }
        black_box(&out);
    });
    let exact = token(Kind::Exact);
    let whole = kernel_loop("both, array to array", token(kind), values);
    let tokenise = kernel_loop("tokens of it, array to array", exact, &canonical);
    let title = format!("{kind}, {state}");
    let share = 1.0 / race(&title, vec![tokenise, whole, canonicalise]);
    if !share.is_nan() {
        println!("  share of canonical text: {share:.3}");
    }
    share
}

fn token(kind: Kind) -> Kernel {
    let key = DomainKey::from_bytes([7; 32]).token_key("person", kind.id());
    let blanks = Blanks::default();
    Kernel::token(key, kind, blanks, TokenForm::Base32, 128, OnInvalid::Token)
        .expect("128 bits in base32")
}

fn kernel_loop<'a>(name: &str, kernel: Kernel, values: &'a StringArray) -> Loop<'a> {
    Loop::new(name, move || {
        let mut outcome = Outcome::default();
        black_box(
            kernel
                .apply(values, &mut outcome)
                .expect("a column of text"),
        );
    })
}

type Make = fn(u64) -> String;

fn resident_id(random: u64) -> String {
    let mut body = *b"11010519900101000";
    for (place, byte) in [5, 8, 9, 11, 13, 14, 15, 16]
        .into_iter()
        .zip(random.to_le_bytes())
    {
        body[place] = b'1' + byte % 9;
    }
    let check = mod_11_2(&body).expect("digits");
    body.iter()
        .chain([&check])
        .copied()
        .map(char::from)
        .collect()
}

fn phone(random: u64) -> String {
    format!("1{}{:09}", 3 + random % 7, (random >> 8) % 1_000_000_000)
}

fn vehicle(random: u64) -> String {
    let mut number = *b"LSVAU2A37N2183294";
    for (place, byte) in [3, 4, 5, 12, 13, 14, 15, 16]
        .into_iter()
        .zip(random.to_le_bytes())
    {
        number[place] = b'0' + byte % 10;
    }
    number[8] = vin(&number).expect("characters of a VIN");
    number.map(char::from).iter().collect()
}

fn note(random: u64) -> String {
    format!("客户{}的备注: call back, 急", random >> 24)
}

fn person(random: u64) -> String {
    let mut name = String::new();
    Name::draw(&mut Draws::at(7, 0, random), random & 1 == 0).push(&mut name);
    name
}

fn email(random: u64) -> String {
    let mut email = String::new();
    Person::new(7, random % PERSONS).push_email(&mut email);
    email
}

fn plate(random: u64) -> String {
    sample::plate(random % PLATES).as_str().to_owned()
}

fn bank_card(random: u64) -> String {
    sample::bank_card(random % BANK_CARDS).as_str().to_owned()
}

fn company(random: u64) -> String {
    sample::uscc(random % USCCS).as_str().to_owned()
}

fn address(random: u64) -> String {
    let mut address = "浙江省杭州市西湖区".to_owned();
    push_address_line(&mut Draws::at(7, 1, random), &mut address);
    address
}

/// Every tenth value as people type it: in turn with separators, in full width (Han: with a space
/// of full width), in lower case between spaces, and with something invisible.
fn soiled((row, value): (usize, &str)) -> Option<String> {
    let (left, right) = value.split_at(value.floor_char_boundary(value.len() / 2));
    Some(match row % 40 {
        0 => format!("{left} {right}"),
        10 if value.is_ascii() => value.chars().map(full_width).collect(),
        10 => left
            .chars()
            .chain(['\u{3000}'])
            .chain(right.chars().map(full_width))
            .collect(),
        20 => format!(" {} ", value.to_lowercase()),
        30 => format!("{left}\u{200B}-{right}"),
        _ => value.to_owned(),
    })
}

/// The full-width form of printable ASCII.
fn full_width(c: char) -> char {
    match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

fn column(rows: usize, make: Make) -> StringArray {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    (0..rows)
        .map(|_| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            Some(make(random))
        })
        .collect()
}

/// One way to do a piece of work.
struct Loop<'a> {
    name: String,
    rows: usize,
    work: Box<dyn FnMut() + 'a>,
    best: Duration,
}

impl<'a> Loop<'a> {
    fn new(name: &str, work: impl FnMut() + 'a) -> Self {
        Self::of(ROWS, name, work)
    }

    fn of(rows: usize, name: &str, work: impl FnMut() + 'a) -> Self {
        Self {
            name: name.to_owned(),
            rows,
            work: Box::new(work),
            best: Duration::MAX,
        }
    }

    /// Millions of values per second.
    fn speed(&self) -> f64 {
        f64::from(u32::try_from(self.rows).unwrap_or(u32::MAX)) / self.best.as_secs_f64() / 1e6
    }
}

/// Runs the loops in turn, prints their best speeds, and returns how much faster the last is than
/// the first; not a number for a row that the arguments leave out.
fn race(title: &str, mut loops: Vec<Loop<'_>>) -> f64 {
    let mut wanted = env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .peekable();
    if wanted.peek().is_some() && !wanted.any(|word| title.contains(&word)) {
        return f64::NAN;
    }
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        for contender in &mut loops {
            let start = Instant::now();
            (contender.work)();
            contender.best = contender.best.min(start.elapsed());
        }
    }
    println!("{title}, million values per second on one core");
    let first = loops.first().map_or(1.0, Loop::speed);
    for contender in &loops {
        let speed = contender.speed();
        println!(
            "  {:30} {speed:8.2}  x {:.2}",
            contender.name,
            speed / first
        );
    }
    loops.last().map_or(1.0, Loop::speed) / first
}

/// Values of a column: small enough to stay in the cache of a core.
const ROWS: usize = 8 * 1024;
/// How long the loops of one row are repeated.
const PATIENCE: Duration = Duration::from_millis(700);
