//! The way back: what was sealed or encrypted opens with its key, in every form and wherever the
//! column is cut; nothing else opens.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, DictionaryArray, Int64Array, StringArray};
use pseudo_arrow::{Error, FpeForm, Kernel, OnInvalid, Outcome, SealForm};
use pseudo_pii::{Blanks, Kind};
use pseudo_token::{Alphabet, DomainKey, FpeKey, SealKey};

const FORMS: [SealForm; 3] = [SealForm::Base64Url, SealForm::Base32, SealForm::Binary];

fn seal_key(byte: u8) -> SealKey {
    DomainKey::from_bytes([byte; 32]).seal_key("person", "text/1")
}

fn fpe_key(byte: u8) -> FpeKey {
    FpeKey::from_bytes(&[byte; 32])
}

fn apply(kernel: &Kernel, array: &dyn Array) -> Result<ArrayRef, Error> {
    let mut outcome = Outcome::default();
    let made = kernel.apply(array, &mut outcome)?;
    assert!(outcome.balanced());
    assert_eq!(made.len(), array.len());
    Ok(made)
}

/// Texts of many lengths, NULL between them.
fn texts() -> StringArray {
    let text = |n: usize| (n % 7 != 3).then(|| "值 ".repeat(n % 19) + &n.to_string());
    (0..3000).map(text).collect()
}

#[test]
fn seals_open_to_the_canonical_bytes() {
    let array = texts();
    let canonical = apply(&Kernel::canonical(Kind::Text, Blanks::default()), &array).unwrap();
    let canonical = canonical.as_string::<i32>();
    for form in FORMS {
        let seal = Kernel::seal(
            seal_key(1),
            Kind::Text,
            Blanks::default(),
            form,
            OnInvalid::Token,
        );
        let sealed = apply(&seal, &array).unwrap();
        let open = Kernel::open_seals(seal_key(1), form);
        let opened = apply(&open, &sealed).unwrap();
        let opened: Vec<_> = opened.as_binary::<i32>().iter().collect();
        let expected: Vec<_> = canonical.iter().map(|t| t.map(str::as_bytes)).collect();
        assert!(opened == expected, "{form:?}");
        let part = apply(&open, &sealed.slice(1000, 1500)).unwrap();
        assert!(
            part.as_binary::<i32>()
                .iter()
                .eq(expected[1000..2500].iter().copied())
        );
    }
}

#[test]
fn a_wrong_key_opens_no_seal_and_the_row_is_told() {
    let array = StringArray::from(vec![None, Some("a"), Some("b")]);
    for form in FORMS {
        let make = |key| Kernel::seal(key, Kind::Text, Blanks::default(), form, OnInvalid::Token);
        let sealed = apply(&make(seal_key(1)), &array).unwrap();
        let open = Kernel::open_seals(seal_key(2), form);
        assert_eq!(
            apply(&open, &sealed).unwrap_err(),
            Error::NotOpened { row: 1 }
        );
        assert_eq!(
            apply(&open, &sealed.slice(2, 1)).unwrap_err(),
            Error::NotOpened { row: 0 }
        );
    }
    let open = Kernel::open_seals(seal_key(1), SealForm::Base64Url);
    let foreign = StringArray::from(vec!["AQ=="]);
    assert_eq!(
        apply(&open, &foreign).unwrap_err(),
        Error::NotOpened { row: 0 }
    );
    assert!(apply(&open, &BinaryArray::from(vec![b"a".as_slice()])).is_err());
}

#[test]
fn a_dictionary_opens_once_per_value() {
    let values = ["a", "b", "a", "c", "a"];
    let array: DictionaryArray<Int32Type> = values.into_iter().collect();
    let form = SealForm::Base64Url;
    let seal = Kernel::seal(
        seal_key(1),
        Kind::Text,
        Blanks::default(),
        form,
        OnInvalid::Token,
    );
    let sealed = apply(&seal, &array).unwrap();
    let opened = apply(&Kernel::open_seals(seal_key(1), form), &sealed).unwrap();
    let opened: Vec<_> = opened.as_binary::<i32>().iter().flatten().collect();
    assert_eq!(opened, values.map(str::as_bytes));
    let wrong = apply(&Kernel::open_seals(seal_key(2), form), &sealed);
    assert_eq!(wrong.unwrap_err(), Error::NotOpened { row: 0 });
}

#[test]
fn formats_open_to_what_was_encrypted() {
    let blanks = || Blanks::new(&["-".to_owned()]);
    let numbers: Int64Array = (0..3000)
        .map(|n| (n % 7 != 3).then_some(n * 331_777))
        .collect();
    let fpe = |key| {
        Kernel::fpe(
            key,
            Kind::Integer,
            blanks(),
            FpeForm::Int64,
            OnInvalid::Null,
        )
    };
    let made = apply(&fpe(fpe_key(1)), &numbers).unwrap();
    let open = Kernel::open_formats(fpe_key(1), FpeForm::Int64);
    assert_eq!(
        apply(&open, &made).unwrap().as_primitive::<Int64Type>(),
        &numbers
    );
    let form = FpeForm::Text(Alphabet::Alnum);
    let text = |n: usize| (n % 5 != 2).then(|| format!("Ab{:0width$}", n, width = 2 + n % 40));
    let texts: StringArray = (0..3000).map(text).collect();
    let fpe = Kernel::fpe(fpe_key(1), Kind::Exact, blanks(), form, OnInvalid::Null);
    let made = apply(&fpe, &texts).unwrap();
    let open = Kernel::open_formats(fpe_key(1), form);
    assert_eq!(apply(&open, &made).unwrap().as_string::<i32>(), &texts);
    let other = Kernel::open_formats(fpe_key(2), form);
    assert_ne!(apply(&other, &made).unwrap().as_string::<i32>(), &texts);
}

#[test]
fn what_is_not_of_the_form_is_refused() {
    let open = Kernel::open_formats(fpe_key(1), FpeForm::Text(Alphabet::Digits));
    for wrong in ["12345", "12345a", "", "１２３４５６"] {
        let array = StringArray::from(vec![Some("123456"), None, Some(wrong)]);
        assert_eq!(
            apply(&open, &array).unwrap_err(),
            Error::NotOpened { row: 2 }
        );
    }
    let open = Kernel::open_formats(fpe_key(1), FpeForm::Int64);
    for wrong in [-1, 1_000_000_000_000_000_000] {
        let array = Int64Array::from(vec![None, Some(wrong)]);
        assert_eq!(
            apply(&open, &array).unwrap_err(),
            Error::NotOpened { row: 1 }
        );
    }
    let nulls: ArrayRef = Arc::new(Int64Array::new_null(3));
    assert_eq!(apply(&open, &nulls).unwrap().null_count(), 3);
}

#[test]
fn a_phone_opens_to_its_digits() {
    let form = FpeForm::Text(Alphabet::Digits);
    let fpe = Kernel::fpe(
        fpe_key(1),
        Kind::CnPhone,
        Blanks::default(),
        form,
        OnInvalid::Null,
    );
    let made = apply(&fpe, &StringArray::from(vec!["+86 139-1234-5678"])).unwrap();
    let opened = apply(&Kernel::open_formats(fpe_key(1), form), &made).unwrap();
    assert_eq!(opened.as_string::<i32>().value(0), "13912345678");
}
