//! Values as sources hold them: identifiers of a kind, typed by people, damaged on the way.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use pseudo_pii::Kind;

/// A kind, and a value that is likely to mean something to it.
pub(crate) fn cell() -> impl Strategy<Value = (Kind, String)> {
    (select(&Kind::ALL), select(&Kind::ALL)).prop_flat_map(|(kind, meant)| {
        let meant = if meant == Kind::Exact { kind } else { meant };
        (Just(kind), prop_oneof![4 => value(kind), 1 => value(meant)])
    })
}

/// A value meant for a kind, clean or dirty.
fn value(kind: Kind) -> impl Strategy<Value = String> {
    let clean = clean(kind).boxed();
    let dirty =
        (clean.clone(), vec((any::<Index>(), damage()), 1..4)).prop_map(|(text, damages)| {
            damages
                .iter()
                .fold(text, |text, (at, damage)| damage.apply(&text, at))
        });
    prop_oneof![clean, dirty]
}

fn clean(kind: Kind) -> &'static str {
    match kind {
        Kind::Exact | Kind::Text => "[ -~]{0,20}|[张三李四〇々Ω·a-f ]{0,8}",
        Kind::Integer => "[+-]?0{0,3}[0-9]{0,12}",
        Kind::Name => "[张三欧阳娜〇々]{1,4}|[A-Za-z]{1,5}[ ·•]{1,2}[a-zÉΣΑİ]{1,6}",
        Kind::Email => "[a-zA-ZΣ.]{0,6}@{1,2}[a-zA-ZΑΣ]{0,6}\\.?[a-z]{0,3}",
        Kind::CnPhone => {
            "(\\+86|0086|86|\\+|)(17951|12593|)(1[3-9][0-9]{9}|0[1-9][0-9]{7,11}|[0-9]{5,15})"
        }
        Kind::CnResidentId => {
            "[1-9][0-9]{5}(18|19|20|21|22|)[0-9][0-9](0[0-9]|1[0-3])[0-3][0-9][0-9]{3}[0-9Xx]?"
        }
        Kind::Vin => "[A-HJ-NPR-Z0-9]{17}|[A-Za-z0-9]{15,18}",
        Kind::CnPlate => "[沪京粤〇][A-Za-z][A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9学警港沪]{0,2}",
        Kind::BankCard => "[0-9]{10,20}",
        Kind::CnUscc => "[0-9A-HJ-NPQRTUWXY]{18}|[0-9A-Za-z]{17,19}",
        Kind::Address => "[上海市路号0-9A-Za-z -]{1,20}",
    }
}

/// One thing that happens to a value.
#[derive(Clone, Debug)]
enum Damage {
    Insert(&'static str),
    Wide,
    Case,
    Remove,
}

impl Damage {
    fn apply(&self, text: &str, at: &Index) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        let place = at.index(chars.len() + 1);
        match (self, chars.get_mut(place)) {
            (Self::Insert(noise), _) => {
                chars.splice(place..place, noise.chars());
            }
            (Self::Wide, Some(c @ '!'..='~')) => {
                *c = char::from_u32(u32::from(*c) + 0xFEE0).unwrap();
            }
            (Self::Case, Some(c)) if c.is_ascii_lowercase() => c.make_ascii_uppercase(),
            (Self::Case, Some(c)) => c.make_ascii_lowercase(),
            (Self::Remove, Some(_)) => {
                chars.remove(place);
            }
            (_, _) => {}
        }
        chars.into_iter().collect()
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        6 => select(&NOISE).prop_map(Damage::Insert),
        2 => Just(Damage::Wide),
        2 => Just(Damage::Case),
        1 => Just(Damage::Remove),
    ]
}

/// What gets between the characters of a value: separators, white space, controls, invisible and
/// combining characters, characters that normalisation takes apart, and text that is blank alone.
const NOISE: [&str; 44] = [
    " ",
    "  ",
    "\t",
    "\n",
    "\r\n",
    "\u{A0}",
    "\u{3000}",
    "\u{2003}",
    "\u{2028}",
    "\u{85}",
    "-",
    ".",
    "(",
    ")",
    "_",
    "'",
    "·",
    "•",
    "・",
    "‧",
    "∙",
    "⋅",
    "–",
    "−",
    "\u{200B}",
    "\u{FEFF}",
    "\u{AD}",
    "\u{2066}",
    "\0",
    "\u{7F}",
    "\u{301}",
    "\u{307}",
    "\u{327}",
    "\u{345}",
    "ﬁ",
    "ﷺ",
    "İ",
    "Σ",
    "𠮷",
    "々",
    "\u{378}",
    "\u{E0FFF}",
    "null",
    "无",
];
