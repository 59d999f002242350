//! Check characters held against published examples.

use pseudo_pii::checksum::{gb_32100, luhn, mod_11_2, vin};

#[test]
fn mod_11_2_of_published_numbers() {
    // GB 11643-1999 itself, and a number upgraded from the 1989 form
    for number in [
        "11010519491231002X",
        "440524188001010014",
        "360426199101010071",
    ]
    .into_iter()
    .chain(["632123198209270518"])
    {
        let (body, check) = split(number);
        assert_eq!(mod_11_2(body), Some(check), "{number}");
    }
    assert_eq!(mod_11_2(b"1101051949123100X"), None);
    assert_eq!(mod_11_2(b"11010519491231/02"), None);
}

#[test]
fn luhn_of_published_numbers() {
    for number in [
        "4111111111111111",
        "6222021234567890128",
        "79927398713",
        "5555555555554444",
    ] {
        let (body, check) = number.split_at(number.len() - 1);
        assert_eq!(luhn(body.as_bytes()), check.bytes().next(), "{number}");
    }
    assert_eq!(luhn(b""), Some(b'0'));
    assert_eq!(luhn(b"41a1"), None);
}

#[test]
fn vin_of_published_numbers() {
    for number in [
        "1M8GDM9AXKP042788",
        "5YJSA1DG9DFP14705",
        "11111111111111111",
    ] {
        let number: &[u8; 17] = number.as_bytes().try_into().unwrap();
        assert_eq!(vin(number), Some(number[8]));
    }
    for letter in *b"IOQioqa -" {
        let mut number = *b"1M8GDM9AXKP042788";
        for place in 0..17 {
            let kept = std::mem::replace(&mut number[place], letter);
            assert_eq!(vin(&number), None);
            number[place] = kept;
        }
    }
}

#[test]
fn gb_32100_of_published_codes() {
    for code in ["91110000600037341L", "91350100M000100Y43"] {
        let (body, check) = split(code);
        assert_eq!(gb_32100(body), Some(check), "{code}");
    }
    for letter in *b"IOSVZa-" {
        let mut body = *b"91110000600037341";
        body[16] = letter;
        assert_eq!(gb_32100(&body), None);
    }
}

/// One changed digit is always found, and so are two neighbours that change places.
#[test]
fn mod_11_2_finds_single_faults_and_swaps() {
    let right = *b"11010519491231002";
    let check = mod_11_2(&right);
    for place in 0..17 {
        for digit in b'0'..=b'9' {
            let mut wrong = right;
            wrong[place] = digit;
            assert_eq!(mod_11_2(&wrong) == check, digit == right[place]);
        }
    }
    for place in 0..16 {
        let mut wrong = right;
        wrong.swap(place, place + 1);
        assert_eq!(mod_11_2(&wrong) == check, wrong == right);
    }
}

fn split(number: &str) -> (&[u8; 17], u8) {
    let [body @ .., check]: &[u8; 18] = number.as_bytes().try_into().unwrap();
    (body, *check)
}
