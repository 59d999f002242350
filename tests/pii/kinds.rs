//! Cases of each kind at the edges of its rule.

use pseudo_pii::Verdict::{Invalid, Suspect, Valid};
use pseudo_pii::{Blanks, Kind, Verdict};

use crate::canonical;

#[test]
fn names_are_read_with_and_without_version() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.name()), Some(kind));
        assert_eq!(Kind::parse(kind.id()), Some(kind));
        assert_eq!(kind.id(), format!("{}/1", kind.name()));
        assert_eq!(kind.to_string(), kind.name());
    }
    for text in [
        "",
        "cn-phone/2",
        "cn-phone/",
        "CN-PHONE",
        "phone",
        "cn-phone/01",
    ] {
        assert_eq!(Kind::parse(text), None);
    }
}

#[test]
fn integer() {
    check(
        Kind::Integer,
        &[
            ("-007", "-7", Valid),
            ("-000", "0", Valid),
            ("+0", "0", Valid),
            ("000", "0", Valid),
            ("1", "1", Valid),
            ("+", "+", Invalid),
            ("+-1", "+-1", Invalid),
            ("--1", "--1", Invalid),
            ("\u{2212}1", "\u{2212}1", Invalid),
            ("-0.0", "-0.0", Invalid),
            ("²", "2", Valid),
            ("٣", "٣", Invalid),
        ],
    );
}

#[test]
fn name() {
    check(
        Kind::Name,
        &[
            ("A\u{2003}\u{2003}B", "a b", Valid),
            ("A\u{2028}B", "a b", Valid),
            ("阿 A\u{1680}B", "阿ab", Valid),
            ("艾力\u{2027}买", "艾力·买", Valid),
            ("a \u{22C5} b", "a · b", Valid),
            ("a·b", "a·b", Valid),
            ("ÉMILE ZOLA", "émile zola", Valid),
            ("ΑΣ ΑΣ", "ας ας", Valid),
            ("\u{2070E}  x", "\u{2070E}x", Valid),
            ("ゔ  ゔ", "ゔ ゔ", Valid),
        ],
    );
}

#[test]
fn email() {
    check(
        Kind::Email,
        &[
            ("a@b.", "a@b.", Valid),
            ("a@.", "a@.", Valid),
            ("a@", "a@", Invalid),
            ("a@b@", "a@b@", Invalid),
            ("@", "@", Invalid),
            ("A@B.C", "a@b.c", Valid),
            ("a\u{2028}@b.c", "a@b.c", Valid),
            ("\u{130}@B.C", "i\u{307}@b.c", Valid),
        ],
    );
}

#[test]
fn cn_phone() {
    check(
        Kind::CnPhone,
        &[
            ("12912345678", "12912345678", Invalid),
            ("+8613912345678", "+8613912345678", Valid),
            ("+86 17951 13912345678", "+8613912345678", Valid),
            ("8617951 13912345678", "861795113912345678", Invalid),
            ("0086 12593 139 1234 5678", "+8613912345678", Valid),
            ("17911139123456789", "17911139123456789", Invalid),
            ("012345678", "012345678", Invalid),
            ("0123456789", "+86123456789", Valid),
            ("012345678901", "+8612345678901", Valid),
            ("0123456789012", "0123456789012", Invalid),
            ("+86123456789", "+86123456789", Valid),
            ("+8612345678", "+8612345678", Invalid),
            ("+86123456789012", "+86123456789012", Invalid),
            ("+861 2345 6789 01", "+8612345678901", Valid),
            ("+123456", "+123456", Invalid),
            ("+1234567", "+1234567", Valid),
            ("+123456789012345", "+123456789012345", Valid),
            ("+1234567890123456", "+1234567890123456", Invalid),
            ("008613912345678转8", "008613912345678转8", Invalid),
            ("1391234567٣", "1391234567٣", Invalid),
            ("++8613912345678", "++8613912345678", Invalid),
            ("tel:13912345678", "tel:13912345678", Invalid),
        ],
    );
}

#[test]
fn cn_resident_id() {
    check(
        Kind::CnResidentId,
        &[
            ("11010519491231002-X", "11010519491231002X", Valid),
            ("1101 0519 4912 3100 2x", "11010519491231002X", Valid),
            ("X1010519491231002X", "X1010519491231002X", Invalid),
            ("11010519491231002Y", "11010519491231002Y", Invalid),
            ("6321 2382 0927 051", "632123198209270518", Valid),
            ("63212382092705X", "63212382092705X", Invalid),
            ("110105179912310021", "110105179912310021", Invalid),
            ("1.10105E+17", "110105E+17", Invalid),
        ],
    );
}

#[test]
fn vin() {
    check(
        Kind::Vin,
        &[
            (
                "１Ｍ８ＧＤＭ９ＡＸＫＰ０４２７８８",
                "1M8GDM9AXKP042788",
                Valid,
            ),
            ("1M8GDM9ABKP042788", "1M8GDM9ABKP042788", Suspect),
            ("1M8GDM9AIKP042788", "1M8GDM9AIKP042788", Invalid),
            ("QM8GDM9AXKP042788", "QM8GDM9AXKP042788", Invalid),
            ("1M8GDM9AXKP0427888", "1M8GDM9AXKP0427888", Invalid),
        ],
    );
}

#[test]
fn cn_plate() {
    check(
        Kind::CnPlate,
        &[
            ("沪a·1234学", "沪A1234学", Valid),
            ("粤Z1234澳", "粤Z1234澳", Valid),
            ("沪A123456", "沪A123456", Valid),
            ("沪A1234567", "沪A1234567", Invalid),
            ("沪A1234", "沪A1234", Invalid),
            ("沪A12345学", "沪A12345学", Invalid),
            ("沪A123学", "沪A123学", Invalid),
            ("沪A1234学学", "沪A1234学学", Invalid),
            ("沪A1234沪", "沪A1234沪", Invalid),
            ("沪AI2345", "沪AI2345", Invalid),
            ("沪O12345", "沪O12345", Invalid),
            ("沪112345", "沪112345", Invalid),
            ("沪沪12345", "沪沪12345", Invalid),
            ("\u{2070E}A12345", "\u{2070E}A12345", Valid),
            ("沪A1234é", "沪A1234é", Invalid),
        ],
    );
}

#[test]
fn bank_card() {
    check(
        Kind::BankCard,
        &[
            ("4111-1111-1111-1111", "4111111111111111", Valid),
            ("00000000000", "00000000000", Invalid),
            ("000000000000", "000000000000", Valid),
            ("0000000000000000000", "0000000000000000000", Valid),
            ("00000000000000000000", "00000000000000000000", Invalid),
            ("4111x", "4111x", Invalid),
        ],
    );
}

#[test]
fn cn_uscc() {
    check(
        Kind::CnUscc,
        &[
            ("91350100M000100Y4S", "91350100M000100Y4S", Invalid),
            ("9135010OM000100Y43", "9135010OM000100Y43", Invalid),
            ("91350100M000100Y4Y", "91350100M000100Y4Y", Suspect),
            ("91350100M000100Y433", "91350100M000100Y433", Invalid),
        ],
    );
}

#[test]
fn address() {
    check(
        Kind::Address,
        &[
            ("北京市\u{2003}朝阳区\r\n1号", "北京市朝阳区1号", Valid),
            ("straße é", "STRAßEé", Valid),
            ("1-2.3", "1-2.3", Valid),
        ],
    );
}

fn check(kind: Kind, cases: &[(&str, &str, Verdict)]) {
    for &(value, text, verdict) in cases {
        let expected = Some((text.to_owned(), verdict));
        assert_eq!(
            canonical(kind, value, &Blanks::default()),
            expected,
            "{value:?}"
        );
    }
}
