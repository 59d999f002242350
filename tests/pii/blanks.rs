//! What counts as "no value".

use pseudo_pii::{Blanks, Kind, Verdict};

use crate::{canonical, canonical_slow, no_blanks};

#[test]
fn default_list_is_that_of_the_specification() {
    let list = [
        "null", "none", "n/a", "-", "--", "/", "\\n", "无", "暂无", "不详", "未知",
    ];
    assert_eq!(Blanks::default().list(), list);
    assert_eq!(Blanks::DEFAULT, list);
    for entry in list {
        for value in [
            entry.to_owned(),
            entry.to_uppercase(),
            format!(" \u{FEFF}{entry}\t"),
        ] {
            for kind in without_exact() {
                assert_eq!(
                    canonical(kind, &value, &Blanks::default()),
                    None,
                    "{kind} {value:?}"
                );
            }
        }
    }
}

#[test]
fn empty_text_is_blank_under_every_list() {
    for kind in without_exact() {
        for value in ["", " ", "\u{3000}", "\u{AD}", "\0", "\u{FEFF}\n", "\u{85}"] {
            assert_eq!(
                canonical(kind, value, &no_blanks()),
                None,
                "{kind} {value:?}"
            );
            assert_eq!(
                canonical(kind, value, &Blanks::default()),
                None,
                "{kind} {value:?}"
            );
        }
    }
}

#[test]
fn separators_alone_are_blank_where_they_are_removed() {
    use Kind::{BankCard, CnPhone, CnPlate, CnResidentId, CnUscc, Vin};
    for kind in [BankCard, CnPhone, CnPlate, CnResidentId, CnUscc, Vin] {
        for value in ["()", "- -", "_._", "'", "·•", "\u{2014}", "(\u{2212})"] {
            assert_eq!(
                canonical(kind, value, &no_blanks()),
                None,
                "{kind} {value:?}"
            );
        }
    }
    assert!(canonical(Kind::Address, "()", &no_blanks()).is_some());
}

#[test]
fn own_list_replaces_the_default() {
    let blanks = Blanks::new(&[
        "保密".to_owned(),
        "13800138000".to_owned(),
        "Test".to_owned(),
    ]);
    for value in [
        "保密",
        "13800138000",
        "１３８００１３８０００",
        "TEST",
        " test ",
    ] {
        assert_eq!(canonical(Kind::CnPhone, value, &blanks), None, "{value}");
        assert_eq!(
            canonical_slow(Kind::CnPhone, value, &blanks),
            None,
            "{value}"
        );
    }
    let expected = Some(("+8613800138000".to_owned(), Verdict::Valid));
    assert_eq!(
        canonical(Kind::CnPhone, "+8613800138000", &blanks),
        expected
    );
    assert_eq!(canonical(Kind::CnPhone, "138-0013-8000", &blanks), expected);
    assert!(canonical(Kind::Text, "无", &blanks).is_some());
}

#[test]
fn the_list_is_compared_before_the_kind_is_applied() {
    // `n-u-l-l` is not on the list; without its separators it would be
    let expected = Some(("NULL".to_owned(), Verdict::Invalid));
    assert_eq!(
        canonical(Kind::CnResidentId, "n-u-l-l", &Blanks::default()),
        expected
    );
    // only ASCII letters are compared without case
    let blanks = Blanks::new(&["ß".to_owned(), "é".to_owned()]);
    assert_eq!(canonical(Kind::Text, "é", &blanks), None);
    assert!(canonical(Kind::Text, "É", &blanks).is_some());
}

#[test]
fn exact_knows_no_blank() {
    for value in ["", " ", "NULL", "\0"] {
        let expected = Some((value.to_owned(), Verdict::Valid));
        assert_eq!(canonical(Kind::Exact, value, &Blanks::default()), expected);
    }
}

fn without_exact() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|&kind| kind != Kind::Exact)
}
