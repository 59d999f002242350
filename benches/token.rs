//! How many values a core turns into tokens, seals and text per second, on every path of this
//! machine, beside the loops one would write with the `hmac`, `aes-siv` and `fpe` crates.
//!
//! All loops of a row run in turn, several times, and the best time of each counts. Ratios are of
//! one run.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and may end early"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aes::Aes256;
use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use fpe::ff1::{FF1, FlexibleNumeralString};
use hmac::{Hmac, Mac};
use pseudo_token::{Alphabet, DomainKey, Encoding, Lanes};
use sha2::Sha256;

fn main() {
    let mut figures = Vec::new();
    println!("best path of this machine: {:?}", Lanes::best());
    for column in [
        Column::fixed(11),
        Column::fixed(18),
        Column::fixed(60),
        Column::mixed(30, 90),
    ] {
        figures.extend(tokens(&column));
        figures.extend(seals(&column));
    }
    for len in [11, 18] {
        figures.push(formats(len));
    }
    texts();
    for (name, value) in figures {
        println!("figure {name} {value:.1}");
    }
}

/// Values of a column, in the order of their rows.
struct Column {
    name: String,
    bytes: Vec<u8>,
    lengths: Vec<usize>,
}

impl Column {
    fn fixed(len: usize) -> Self {
        Self {
            name: len.to_string(),
            ..Self::mixed(len, len)
        }
    }

    fn mixed(shortest: usize, longest: usize) -> Self {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random >> 33).unwrap_or_default()
        };
        let lengths: Vec<usize> = (0..ROWS)
            .map(|_| shortest + next() % (longest - shortest + 1))
            .collect();
        let bytes = (0..lengths.iter().sum())
            .map(|_| next().to_le_bytes()[0])
            .collect();
        Self {
            name: "mixed".to_owned(),
            bytes,
            lengths,
        }
    }

    fn values(&self) -> Vec<&[u8]> {
        let mut rest = self.bytes.as_slice();
        let take = |len: &usize| {
            let (value, after) = rest.split_at(*len);
            rest = after;
            value
        };
        self.lengths.iter().map(take).collect()
    }
}

/// Compares token loops and returns the ratio of the best path to the loop of the crate.
fn tokens(column: &Column) -> Vec<(String, f64)> {
    let values = column.values();
    let values = &values;
    let key = DomainKey::from_bytes([7; 32]);
    let mut loops: Vec<Loop<'_>> = Vec::new();
    let hmac = Hmac::<Sha256>::new_from_slice(&[7; 32]).expect("a key of 32 bytes");
    let mut out = vec![[0_u8; 16]; values.len()];
    loops.push(Loop::new("hmac crate, cloned", move || {
        for (value, out) in values.iter().zip(&mut out) {
            let mut hmac = hmac.clone();
            hmac.update(value);
            out.copy_from_slice(&hmac.finalize().into_bytes()[..16]);
        }
        black_box(&out);
    }));
    for lanes in Lanes::available() {
        let key = key.token_key("person", "text/1").on(lanes);
        let mut out = vec![[0_u8; 16]; values.len()];
        loops.push(Loop::new(&format!("{lanes:?}"), move || {
            for (values, out) in values.chunks(1024).zip(out.chunks_mut(1024)) {
                key.tokens(values, out);
            }
            black_box(&out);
        }));
    }
    let ratio = race(&format!("tokens of {} bytes", column.name), loops);
    vec![(format!("token_{}_ratio", column.name), ratio)]
}

/// Compares seal loops and returns the ratio of the best path to the loop of the crate.
fn seals(column: &Column) -> Vec<(String, f64)> {
    let values = column.values();
    let values = &values;
    let key = DomainKey::from_bytes([7; 32]);
    let mut loops: Vec<Loop<'_>> = Vec::new();
    let mut siv = Aes256Siv::new(&[7; 64].into());
    let mut sealed = Vec::new();
    loops.push(Loop::new("aes-siv crate, reused", move || {
        sealed.clear();
        for value in values {
            sealed.extend_from_slice(&siv.encrypt([[0_u8; 0]], value).expect("one component"));
        }
        black_box(&sealed);
    }));
    for lanes in Lanes::available() {
        let key = key.seal_key("person", "text/1").on(lanes);
        let mut out = Vec::new();
        loops.push(Loop::new(&format!("{lanes:?}"), move || {
            out.clear();
            for values in values.chunks(1024) {
                key.seal(values, &mut out);
            }
            black_box(&out);
        }));
    }
    let ratio = race(&format!("seals of {} bytes", column.name), loops);
    vec![(format!("seal_{}_ratio", column.name), ratio)]
}

/// Compares loops over digits that keep their format, and returns the ratio of the best path to the
/// loop of the crate.
fn formats(len: usize) -> (String, f64) {
    let mut column = Column::fixed(len);
    for byte in &mut column.bytes {
        *byte = b'0' + *byte % 10;
    }
    let values = column.values();
    let values = &values;
    let key = DomainKey::from_bytes([7; 32]);
    let mut loops: Vec<Loop<'_>> = Vec::new();
    let ff1 = FF1::<Aes256>::new(&[7; 32], 10).expect("a radix of FF1");
    let mut out = Vec::new();
    loops.push(Loop::new("fpe crate", move || {
        out.clear();
        for value in values {
            let digits: Vec<u16> = value.iter().map(|digit| u16::from(digit - b'0')).collect();
            let digits = FlexibleNumeralString::from(digits);
            let digits: Vec<u16> = ff1.encrypt(&[], &digits).expect("digits").into();
            out.extend(digits.iter().map(|digit| b'0' + digit.to_le_bytes()[0]));
        }
        black_box(&out);
    }));
    for lanes in Lanes::available() {
        let key = key.fpe_key("person", "text/1").on(lanes);
        let mut out = Vec::new();
        loops.push(Loop::new(&format!("{lanes:?}"), move || {
            out.clear();
            for values in values.chunks(1024) {
                let digits = key.encrypt(Alphabet::Digits, values, &mut out);
                digits.expect("digits");
            }
            black_box(&out);
        }));
    }
    let ratio = race(&format!("{len} digits that keep their format"), loops);
    (format!("fpe_{len}_ratio"), ratio)
}

/// Compares the column encoders with the portable one.
fn texts() {
    let tokens: Vec<[u8; 16]> = Column::fixed(16)
        .values()
        .iter()
        .filter_map(|value| value.first_chunk().copied())
        .collect();
    for encoding in Encoding::ALL {
        let mut loops: Vec<Loop<'_>> = Vec::new();
        for lanes in [Lanes::Portable, Lanes::best()] {
            let mut out = Vec::new();
            let tokens = &tokens;
            loops.push(Loop::new(&format!("{lanes:?}"), move || {
                out.clear();
                encoding.encode_all_on(lanes, tokens, &mut out);
                black_box(&out);
            }));
        }
        race(&format!("16-byte tokens to {}", encoding.name()), loops);
    }
    let mut sealed = Vec::new();
    let column = Column::fixed(18);
    DomainKey::from_bytes([7; 32])
        .seal_key("", "")
        .seal(&column.values(), &mut sealed);
    let mut out = Vec::new();
    let one_by_one = Loop::new("one by one", || {
        out.clear();
        for sealed in sealed.chunks(53) {
            Encoding::Base64Url.encode(sealed, &mut out);
        }
        black_box(&out);
    });
    race("53-byte seals to base64url", vec![one_by_one]);
}

/// One way to do a piece of work.
struct Loop<'a> {
    name: String,
    work: Box<dyn FnMut() + 'a>,
    best: Duration,
}

impl<'a> Loop<'a> {
    fn new(name: &str, work: impl FnMut() + 'a) -> Self {
        Self {
            name: name.to_owned(),
            work: Box::new(work),
            best: Duration::MAX,
        }
    }

    /// Millions of values per second.
    fn speed(&self) -> f64 {
        f64::from(u32::try_from(ROWS).unwrap_or(u32::MAX)) / self.best.as_secs_f64() / 1e6
    }
}

/// Runs the loops in turn, prints their best speeds, and returns how much faster the last is than
/// the first.
fn race(title: &str, mut loops: Vec<Loop<'_>>) -> f64 {
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
            "  {:24} {speed:8.2}  x {:.2}",
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
