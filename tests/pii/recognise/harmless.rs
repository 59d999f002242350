//! Columns that hold no identifiers, though some look like it.

use pseudo_pii::sample::{Draws, place};

use super::{DIGITS, LOW, VIN_ALPHABET, date, pick, random, words};

/// Makes the value of a place: a counter in its low bits, a seed above.
type Make = Box<dyn Fn(u64) -> String>;

/// What each column is, and its values.
pub(super) fn harmless() -> Vec<(&'static str, Make)> {
    let mut all: Vec<(&str, Make)> = Vec::new();
    for (name, make) in NUMBERS.iter().chain(&WORDS) {
        all.push((name, Box::new(make)));
    }
    for len in 8..=22 {
        for (name, make) in OF_A_LENGTH {
            all.push((name, Box::new(move |n| make(n, len))));
        }
    }
    for (name, make) in OF_A_START {
        for first in [13_000_000_000, 15_900_000_000, 17_123_456_789] {
            all.push((name, Box::new(move |n| make(n & LOW, first))));
        }
    }
    for (alphabet, lens) in TOKENS {
        for len in lens {
            all.push(("a token", Box::new(move |n| random(n, alphabet, len))));
        }
    }
    all
}

/// Columns whose values have a length.
type OfALength = (&'static str, fn(u64, usize) -> String);
const OF_A_LENGTH: [OfALength; 9] = [
    ("random digits", |n, len| random(n, DIGITS, len)),
    ("a counter", |n, len| {
        let first = power(len - 1).saturating_mul(1 + (n >> 32) % 3);
        first.saturating_add(n & LOW).to_string()
    }),
    ("a counter with zeros", |n, len| {
        format!("{:0len$}", n & LOW)
    }),
    ("date and digits", |n, len| {
        format!("{}{}", date(n), random(n, DIGITS, len - 8))
    }),
    ("short date and digits", |n, len| {
        format!("{}{}", &date(n)[2..], random(n, DIGITS, len - 6))
    }),
    ("date and counter", |n, len| {
        let width = len - 8;
        format!("{}{:0width$}", date(n & LOW), n % power(width))
    }),
    ("order number", |n, len| {
        format!("SO{}-{}", date(n), random(n, DIGITS, len))
    }),
    ("letters and digits", |n, len| {
        random(n, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", len)
    }),
    ("vehicle letters", |n, len| random(n, VIN_ALPHABET, len)),
];

/// Counters that begin where mobiles are.
type OfAStart = (&'static str, fn(u64, u64) -> String);
const OF_A_START: [OfAStart; 3] = [
    ("a counter like mobiles", |n, first| (first + n).to_string()),
    ("every tenth like mobiles", |n, first| {
        (first + 10 * n).to_string()
    }),
    ("a counter in text", |n, first| {
        format!("order #{}", first + n)
    }),
];

/// Alphabets and lengths of tokens.
const TOKENS: [(&[u8], [usize; 3]); 4] = [
    (b"abcdefghijklmnopqrstuvwxyz234567", [13, 26, 52]),
    (b"0123456789abcdef", [16, 32, 64]),
    (b"0123456789ABCDEF", [17, 18, 32]),
    (
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        [11, 22, 43],
    ),
];

/// Columns of any one form.
type Form = (&'static str, fn(u64) -> String);
const NUMBERS: [Form; 24] = [
    ("a 1 and ten digits", |n| {
        format!("1{}", random(n, DIGITS, 10))
    }),
    ("phones of North America", |n| {
        let rest = random(n, DIGITS, 9);
        format!(
            "1-{}{}-{}-{}",
            2 + n % 8,
            &rest[..2],
            &rest[2..5],
            &rest[5..]
        )
    }),
    ("issuer and digits", |n| {
        format!("622202{}", random(n, DIGITS, 13))
    }),
    ("issuer and counter", |n| format!("622202{:013}", n & LOW)),
    ("one in a thousand has digits", |n| match n % 1_000 {
        0 => format!("4{}", random(n, DIGITS, 15)),
        _ => format!("{} {n}", words(n)),
    }),
    ("region, date, serial", |n| {
        format!("3101{:02}{}{}", n % 20, date(n), random(n, DIGITS, 4))
    }),
    ("registrar, region, digits", |n| {
        format!("913101{}", random(n, DIGITS, 12))
    }),
    ("seconds", |n| (SECOND + 37 * (n & LOW)).to_string()),
    ("tenths of seconds", |n| {
        (10 * SECOND + 7_013 * (n & LOW)).to_string()
    }),
    ("milliseconds", |n| {
        (1_000 * SECOND + 86_400 * (n & LOW)).to_string()
    }),
    ("microseconds", |n| {
        (1_000_000 * SECOND + 999_983 * n % (1 << 50)).to_string()
    }),
    ("date and time", |n| {
        format!("{}{:06}", date(n), n % 240_000)
    }),
    ("time with milliseconds", |n| {
        format!(
            "{} {:02}:{:02}:{:02}.{:03}",
            date(n),
            n % 24,
            n % 60,
            n % 59,
            n % 997
        )
    }),
    ("short date and time", |n| {
        let time = Draws::at(8, 8, n).below(86_400_000);
        let (hour, minute) = (time / 3_600_000, time / 60_000 % 60);
        format!("{}{hour:02}{minute:02}{:05}", &date(n)[2..], time % 60_000)
    }),
    ("amount", |n| {
        format!(
            "-{}.{:02}",
            Draws::at(6, 6, n).below_wide(100_000_000_000),
            n % 100
        )
    }),
    ("fraction", |n| format!("0.{}", random(n, DIGITS, 16))),
    ("coordinate", |n| format!("121.{}", random(n, DIGITS, 8))),
    ("address of a machine", |n| {
        format!("192.168.{}.{}", 100 + n % 150, 100 + n / 150 % 150)
    }),
    ("uuid", |n| {
        let hex = random(n, b"0123456789abcdef", 32);
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }),
    ("phones of a few of its states", |n| {
        let rest = random(n, DIGITS, 9);
        format!(
            "1-{}{}-{}-{}",
            [3, 5, 8][pick(n, 3)],
            &rest[..2],
            &rest[2..5],
            &rest[5..]
        )
    }),
    ("a few years and a counter", |n| {
        format!("{}{}{:05}", 17 + n % 3, &date(n)[4..], n % 100_000)
    }),
    ("letters, date, counter", |n| {
        format!("SKUA{}{:05}", date(n), n % 100_000)
    }),
    ("letters, counter", |n| format!("SKU{:014}", n & LOW)),
    ("an order in text", |n| {
        format!("order 1{} sent", random(n, DIGITS, 10))
    }),
];
const WORDS: [Form; 13] = [
    ("words", words),
    ("gender", |n| {
        ["男", "女", "未知", "M", "F", "female"][pick(n, 6)].into()
    }),
    ("nation key", |n| (n % 25).to_string()),
    ("province", |n| {
        let all = &place::PROVINCES;
        all[pick(n, all.len())].name.into()
    }),
    ("c_name", |n| format!("Customer#{:09}", n & LOW)),
    ("c_phone", |n| {
        let rest = random(n, DIGITS, 10);
        format!(
            "{}-{}-{}-{}",
            10 + n % 25,
            &rest[..3],
            &rest[3..6],
            &rest[6..]
        )
    }),
    ("c_address", |n| {
        let len = 10 + pick(Draws::at(5, 5, n).bits() >> 8, 31);
        random(
            n,
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789, ",
            len,
        )
    }),
    ("o_comment", |n| {
        format!("{} {} {}", words(n), words(n ^ 77), words(n ^ 99))
    }),
    ("p_brand", |n| {
        format!("Brand#{}{}", 1 + n % 5, 1 + n / 5 % 5)
    }),
    ("o_orderdate", |n| {
        let date = date(n);
        format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..])
    }),
    ("address", |n| {
        format!(
            "上海市嘉定区安驰路{}号，{}室",
            9000 + n % 569,
            random(n, DIGITS, 4)
        )
    }),
    ("product code", |n| {
        format!("ET5-{}-{:04}", random(n, b"ABCDEF", 3), n % 9_999)
    }),
    ("order and table", |n| {
        format!("订单{}{} 已付", date(n), random(n, DIGITS, 3))
    }),
];

/// A second of 2022.
const SECOND: u64 = 1_640_995_200;

fn power(exponent: usize) -> u64 {
    10_u64.saturating_pow(u32::try_from(exponent).unwrap())
}
