//! How many values a core turns into tokens, seals and text per second, on every path of this
//! machine, beside the loops one would write with the `hmac`, `ring`, `aes-siv` and `fpe` crates,
//! and beside what the instructions of a value allow.
//!
//! All loops of a row run in turn, several times, and the best time of each counts. Ratios are of
//! one run. A limit counts vector instructions alone: nothing is loaded, transposed or stored, and
//! no instruction waits for another.

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
use ring::hmac as ring_hmac;
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
        println!("figure {name} {value:.2}");
    }
}

/// Values of a column, in the order of their rows.
struct Column {
    name: String,
    bytes: Vec<u8>,
    lengths: Vec<usize>,
}

impl Column {
    /// Any bytes, `len` to a value.
    fn fixed(len: usize) -> Self {
        let mut next = random();
        Self {
            name: len.to_string(),
            bytes: (0..ROWS * len).map(|_| next().to_le_bytes()[0]).collect(),
            lengths: vec![len; ROWS],
        }
    }

    /// Text of ASCII and Han characters, `shortest` to `longest` bytes to a value.
    fn mixed(shortest: usize, longest: usize) -> Self {
        let mut next = random();
        let lengths: Vec<usize> = (0..ROWS)
            .map(|_| shortest + next() % (longest - shortest + 1))
            .collect();
        let mut text = String::new();
        let mut end = 0;
        for len in &lengths {
            end += len;
            while text.len() < end {
                text.push(match (end - text.len(), next() % 8) {
                    (3.., 4..) => HAN[next() % HAN.len()],
                    _ => char::from(b"abcdefghijklmnopqrstuvwxyz 0123456789"[next() % 37]),
                });
            }
        }
        Self {
            name: "mixed".to_owned(),
            bytes: text.into_bytes(),
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

/// Numbers that are the same in every run.
fn random() -> impl FnMut() -> usize {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 33).unwrap_or_default()
    }
}

/// Compares token loops and returns the ratios of the best path to the loops of the crates, and its
/// share of the limit.
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
    let ring = ring_hmac::Key::new(ring_hmac::HMAC_SHA256, &[7; 32]);
    let mut out = vec![[0_u8; 16]; values.len()];
    loops.push(Loop::new("ring crate, key reused", move || {
        for (value, out) in values.iter().zip(&mut out) {
            out.copy_from_slice(&ring_hmac::sign(&ring, value).as_ref()[..16]);
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
    let name = &column.name;
    let speeds = race(&format!("tokens of {name} bytes"), loops);
    let of_ring = speeds.best / speeds.second;
    println!("  best path beside the ring crate: x {of_ring:.2}");
    let mut figures = vec![
        (format!("token_{name}_ratio"), speeds.ratio()),
        (format!("token_{name}_ring_ratio"), of_ring),
    ];
    let share = limit_share(&speeds, column, |ports, len| {
        // Inner hash behind its keyed block, in blocks with nine bytes of padding; one outer block.
        COMPRESSION * ((len + 9).div_ceil(64) + 1) as f64 / 16.0 / ports.integer
    });
    figures.extend(share.map(|share| (format!("token_{name}_limit_share"), share)));
    figures
}

/// Compares seal loops and returns the ratio of the best path to the loop of the crate, and its
/// share of the limit.
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
    let name = &column.name;
    let speeds = race(&format!("seals of {name} bytes"), loops);
    let mut figures = vec![(format!("seal_{name}_ratio"), speeds.ratio())];
    let share = limit_share(&speeds, column, |ports, len| {
        // Each block of the padded value is encrypted twice, for S2V and for CTR, in 14 rounds.
        (2 * 14 * (len / 16 + 1)) as f64 / 4.0 / ports.aes
    });
    figures.extend(share.map(|share| (format!("seal_{name}_limit_share"), share)));
    figures
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
    let speeds = race(&format!("{len} digits that keep their format"), loops);
    (format!("fpe_{len}_ratio"), speeds.ratio())
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

/// Millions of values per second in one row: of its first loop, its second and its last.
struct Speeds {
    first: f64,
    second: f64,
    best: f64,
    /// Cycles per second while they ran.
    clock: f64,
}

impl Speeds {
    /// How much faster the last is than the first.
    fn ratio(&self) -> f64 {
        self.best / self.first
    }
}

/// Runs the loops in turn, and prints and returns their best speeds.
fn race(title: &str, mut loops: Vec<Loop<'_>>) -> Speeds {
    let mut clock = 0.0_f64;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        clock = clock.max(cycles_per_second());
        for contender in &mut loops {
            let start = Instant::now();
            (contender.work)();
            contender.best = contender.best.min(start.elapsed());
        }
    }
    println!("{title}, million values per second on one core");
    let speed = |contender: Option<&Loop<'_>>| contender.map_or(1.0, Loop::speed);
    let first = speed(loops.first());
    for contender in &loops {
        let speed = contender.speed();
        println!(
            "  {:24} {speed:8.2}  x {:.2}",
            contender.name,
            speed / first
        );
    }
    Speeds {
        first,
        second: speed(loops.get(1)),
        best: speed(loops.last()),
        clock,
    }
}

/// Vector instructions of 512 bits that a core starts in a cycle.
#[derive(Clone, Copy)]
struct Ports {
    name: &'static str,
    /// Of the sums, rotations and three-way logic of SHA-256, in their proportion.
    integer: f64,
    /// Of rounds of AES, four blocks each.
    aes: f64,
}

/// Prints what the instructions of a column allow, by the cycles that a value of some length takes,
/// and returns the share of it that the best path reaches.
fn limit_share(
    speeds: &Speeds,
    column: &Column,
    cycles: impl Fn(Ports, usize) -> f64,
) -> Option<f64> {
    if Lanes::best() != Lanes::Avx512 {
        return None;
    }
    let shares = PORTS.map(|ports| {
        let cycles: f64 = column.lengths.iter().map(|len| cycles(ports, *len)).sum();
        let limit = ROWS as f64 / cycles * speeds.clock / 1e6;
        let (share, ghz, name) = (speeds.best / limit, speeds.clock / 1e9, ports.name);
        println!("  limit, {name:16}  {limit:8.2}  of which {share:.2}, at {ghz:.2} GHz");
        share
    });
    let [two_ports, zen_5] = shares;
    Some(if is_zen_5() { zen_5 } else { two_ports })
}

/// The clock of this core: a multiplication takes three cycles, and each waits for the one before.
fn cycles_per_second() -> f64 {
    const STEPS: u32 = 20_000;
    let start = Instant::now();
    let mut product = black_box(3_u64);
    for _ in 0..STEPS {
        product = product.wrapping_mul(product);
    }
    black_box(product);
    3.0 * f64::from(STEPS) / start.elapsed().as_secs_f64()
}

/// Whether this is an AMD processor of family 1Ah.
#[cfg(target_arch = "x86_64")]
fn is_zen_5() -> bool {
    use std::arch::x86_64::__cpuid;
    let amd = __cpuid(0).ebx == u32::from_le_bytes(*b"Auth");
    let version = __cpuid(1).eax;
    amd && (version >> 8 & 0xF) + (version >> 20 & 0xFF) == 0x1A
}

#[cfg(not(target_arch = "x86_64"))]
const fn is_zen_5() -> bool {
    false
}

/// Values of a column: small enough to stay in the cache of a core.
const ROWS: usize = 8 * 1024;
/// How long the loops of one row are repeated.
const PATIENCE: Duration = Duration::from_millis(700);
/// Common Han characters, three bytes each in UTF-8.
const HAN: [char; 16] = [
    '中', '国', '北', '京', '上', '海', '市', '区', '路', '号', '张', '王', '李', '明', '华', '安',
];
/// Instructions of SHA-256 over a block of each lane: 17 for each of 64 rounds, 11 for each of the
/// 48 words that the schedule adds.
const COMPRESSION: f64 = 64.0 * 17.0 + 48.0 * 11.0;
/// What processors start in a cycle: most servers with AVX-512, and Zen 5, measured.
const PORTS: [Ports; 2] = [
    Ports {
        name: "two ports",
        integer: 2.0,
        aes: 1.0,
    },
    Ports {
        name: "Zen 5",
        integer: 4.0,
        aes: 2.0,
    },
];
