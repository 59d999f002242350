//! Derived parts: what they answer, and when they answer nothing.

use pseudo_pii::derive::{email, phone, plate, resident_id, vin};

#[test]
fn birth_year_needs_a_real_date() {
    assert_eq!(resident_id::birth_year("11010519491231002X"), Some(1949));
    assert_eq!(resident_id::birth_year("440524188001010014"), Some(1880));
    // a wrong check character alone does not matter
    assert_eq!(resident_id::birth_year("110105194912310021"), Some(1949));
    for (date, year) in [
        ("18000101", Some(1800)),
        ("21991231", Some(2199)),
        ("17991231", None),
        ("22000101", None),
        ("20000229", Some(2000)),
        ("19000229", None),
        ("20240229", Some(2024)),
        ("20230229", None),
        ("20230431", None),
        ("20231301", None),
        ("20230001", None),
        ("20230100", None),
        ("20230132", None),
    ] {
        assert_eq!(
            resident_id::birth_year(&format!("110105{date}0021")),
            year,
            "{date}"
        );
    }
}

#[test]
fn birth_date_is_the_whole_date() {
    let date = resident_id::birth_date("11010519491231002X");
    assert_eq!(date, Some((1949, 12, 31)));
    assert_eq!(resident_id::birth_date("110105194913310026"), None);
}

#[test]
fn sex_is_the_parity_of_digit_17() {
    for digit in 0..10 {
        let number = format!("1101051949123100{digit}X");
        let expected = if digit % 2 == 1 { "M" } else { "F" };
        assert_eq!(resident_id::sex(&number), Some(expected));
    }
    // the date is no part of it
    assert_eq!(resident_id::sex("110105194913310026"), Some("F"));
}

#[test]
fn province_is_a_code_of_the_first_level() {
    let known = (10..100).filter(|tens| {
        let number = format!("{tens}010519491231002X");
        let province = resident_id::province(&number);
        assert!(province.is_none() || province == Some(&format!("{tens}0000")));
        province.is_some()
    });
    assert_eq!(known.count(), 35);
    assert_eq!(resident_id::province("11010519491231002X"), Some("110000"));
    assert_eq!(resident_id::province("83000019491231002X"), Some("830000"));
    for unknown in [
        "00", "01", "10", "16", "20", "47", "55", "66", "70", "84", "91", "99",
    ] {
        assert_eq!(
            resident_id::province(&format!("{unknown}010519491231002X")),
            None
        );
    }
}

#[test]
fn city_is_a_code_of_the_second_level() {
    for (number, city) in [
        ("11010519491231002X", Some(*b"110100")),
        ("44052418800101001X", Some(*b"440500")),
        ("830000194912310021", None),
        ("110005194912310021", None),
        ("160105194912310021", None),
        ("1101051949123100", None),
    ] {
        assert_eq!(resident_id::city(number), city, "{number}");
    }
}

#[test]
fn issue_network_is_of_chinese_mobiles() {
    assert_eq!(phone::mobile("+8613912345678"), Some("13912345678"));
    assert_eq!(phone::issue_network("+8619912345678"), Some("199"));
    for text in [
        "",
        "13912345678",
        "+861062345678",
        "+8612912345678",
        "+85213912345",
        "+86139123456789",
        "+861391234567张",
    ] {
        assert_eq!(phone::mobile(text), None);
        assert_eq!(phone::issue_network(text), None);
    }
}

#[test]
fn plates_of_new_energy_vehicles_have_one_place_more() {
    for (text, is_nev) in [
        ("沪AD12345", Some(true)),
        ("沪A12345D", Some(true)),
        ("沪A12345", Some(false)),
        ("京A1234警", Some(false)),
        ("京A12345警", None),
        ("沪A1234", None),
        ("沪I12345", None),
        ("", None),
    ] {
        assert_eq!(plate::is_nev(text), is_nev, "{text}");
    }
}

#[test]
fn parts_of_what_is_no_resident_id_are_none() {
    for text in [
        "",
        "1101",
        "11010519491231002",
        "11010519491231002x",
        "1101051949123100XX",
    ]
    .into_iter()
    .chain([
        "1234567890",
        "110105194912310021 ",
        "张三",
        "京1010519491231002",
    ]) {
        assert_eq!(resident_id::birth_year(text), None);
        assert_eq!(resident_id::sex(text), None);
        assert_eq!(resident_id::province(text), None);
        assert_eq!(resident_id::city(text), None);
    }
}

#[test]
fn wmi_is_the_first_three() {
    assert_eq!(vin::wmi("1M8GDM9AXKP042788"), Some("1M8"));
    assert_eq!(vin::wmi("LSVAU2A37N2183294"), Some("LSV"));
    assert_eq!(vin::plant("1M8GDM9AXKP042788"), Some("P"));
    for text in [
        "",
        "LSV",
        "1M8GDM9AXKPO42788",
        "1m8gdm9axkp042788",
        "1M8GDM9AXKP04278张",
    ] {
        assert_eq!(vin::wmi(text), None);
        assert_eq!(vin::plant(text), None);
        assert_eq!(vin::model_year(text, 2022), None);
    }
}

#[test]
fn model_year_is_the_latest_in_its_cycle() {
    let year = |code: char, run_year| {
        let text = format!("LSVAU2A37{code}2183294");
        vin::model_year(&text, run_year)
    };
    let codes = [
        ('L', 2020),
        ('M', 2021),
        ('N', 2022),
        ('P', 2023),
        ('R', 2024),
        ('S', 2025),
    ];
    for (code, expected) in codes {
        assert_eq!(year(code, 2026), Some(expected));
    }
    assert_eq!(year('T', 2026), Some(2026));
    assert_eq!(year('V', 2026), Some(2027));
    assert_eq!(year('W', 2026), Some(1998));
    assert_eq!(year('W', 2027), Some(2028));
    assert_eq!(year('9', 2022), Some(2009));
    assert_eq!(year('1', 2022), Some(2001));
    assert_eq!(year('Y', 2022), Some(2000));
    assert_eq!(year('A', 1979), Some(1980));
    assert_eq!(year('A', 1978), None);
    assert_eq!(year('B', 1979), None);
    for code in ['U', 'Z', '0', 'I', 'O', 'Q'] {
        assert_eq!(year(code, 2022), None);
    }
    for run_year in [i32::MIN, 0, 32_766, 40_000, i32::MAX] {
        let _ = year('N', run_year);
    }
}

#[test]
fn domain_is_behind_the_last_at() {
    assert_eq!(email::domain("a.b@example.com"), Some("example.com"));
    assert_eq!(email::domain("a@b@example.com"), Some("example.com"));
    assert_eq!(email::domain("张三@例子.中国"), Some("例子.中国"));
    for text in [
        "",
        "@",
        "a@",
        "@example.com",
        "x@y",
        "no-at-sign",
        "a@b.c@d",
    ] {
        assert_eq!(email::domain(text), None);
    }
}
