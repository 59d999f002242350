//! `rare`: the census of a table, and what becomes of the values that too few rows hold.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, UInt8Type};
use arrow_array::{
    Array, DictionaryArray, Float64Array, Int8Array, Int64Array, LargeStringArray, NullArray,
    UInt8Array,
};
use arrow_schema::DataType;
use pseudo_arrow::{Census, Error, Kept, Kernel, RareTo};

use crate::harness::{apply, cells, shown, some, texts};

fn cities() -> arrow_array::ArrayRef {
    texts(&[
        Some("上海"),
        Some("Beijing"),
        None,
        Some("上海"),
        Some(""),
        Some("beijing"),
        Some("上海"),
        Some("Beijing"),
    ])
}

fn census(arrays: &[&dyn Array]) -> Census {
    let mut census = Census::default();
    for array in arrays {
        census.add(*array).unwrap();
    }
    census
}

fn to_other() -> RareTo {
    RareTo::Text("OTHER".to_owned())
}

#[test]
fn values_that_too_few_rows_hold_become_one() {
    let array = cities();
    let kernel = Kernel::rare(census(&[&array]).kept(2), to_other());
    let (result, outcome) = apply(&kernel, &array);
    let mut expected = some(&[
        "上海", "Beijing", "上海", "OTHER", "OTHER", "上海", "Beijing",
    ]);
    expected.insert(2, None);
    assert_eq!(shown(&result), expected);
    assert_eq!((outcome.transformed, outcome.null), (7, 1));
    let kernel = Kernel::rare(census(&[&array]).kept(3), to_other());
    assert_eq!(cells(&kernel, &array)[1].as_deref(), Some("OTHER"));
    let kernel = Kernel::rare(census(&[&array]).kept(4), to_other());
    let large = LargeStringArray::from(vec!["上海"]);
    assert_eq!(cells(&kernel, &large), some(&["OTHER"]));
}

#[test]
fn a_census_is_the_same_however_it_is_taken() {
    let array = cities();
    let whole = census(&[&array]).kept(2);
    assert_eq!(whole.len(), 2);
    for cut in 0..=array.len() {
        let (left, right) = (array.slice(0, cut), array.slice(cut, array.len() - cut));
        assert_eq!(census(&[&right, &left]).kept(2), whole);
        let mut merged = census(&[&left]);
        merged.merge(census(&[&right]));
        assert_eq!(merged.distinct(), 4);
        assert_eq!(merged.kept(2), whole);
    }
    let keys = Int8Array::from(vec![
        Some(0),
        Some(1),
        None,
        Some(0),
        Some(3),
        Some(4),
        Some(0),
        Some(5),
    ]);
    // One value stands twice, one is NULL, one is used by no row.
    let values = texts(&[
        Some("上海"),
        Some("Beijing"),
        None,
        Some(""),
        Some("beijing"),
        Some("Beijing"),
        Some("unused"),
    ]);
    let encoded = DictionaryArray::<Int8Type>::new(keys, values);
    assert_eq!(census(&[&encoded]).kept(2), whole);
    assert_eq!(census(&[&encoded]).kept(1), census(&[&array]).kept(1));
    let kernel = Kernel::rare(whole, to_other());
    assert_eq!(cells(&kernel, &encoded), cells(&kernel, &array));
    let (result, _) = apply(&kernel, &encoded);
    assert!(matches!(result.data_type(), DataType::Dictionary(..)));
}

#[test]
fn numbers_stay_numbers_or_become_text() {
    let array = Int64Array::from(vec![Some(7), Some(7), Some(-8), None]);
    let kept = Arc::new(census(&[&array]).kept(2));
    let kernel = Kernel::rare(Arc::clone(&kept), RareTo::Integer(-1));
    let expected = [Some("7"), Some("7"), Some("-1"), None];
    let expected = expected.map(|cell| cell.map(str::to_owned));
    assert_eq!(cells(&kernel, &array), expected);
    let kernel = Kernel::rare(Arc::clone(&kept), to_other());
    assert_eq!(cells(&kernel, &array)[..3], some(&["7", "7", "OTHER"]));
    let kernel = Kernel::rare(Arc::clone(&kept), RareTo::Integer(255));
    let (result, _) = apply(&kernel, &UInt8Array::from(vec![7, 9]));
    assert_eq!(result.as_primitive::<UInt8Type>().values(), &[7, 255]);
    assert_eq!(
        kernel.output(&DataType::Int8),
        Err(Error::RareType {
            data_type: DataType::Int8
        })
    );
    assert!(matches!(
        kernel.output(&DataType::Utf8),
        Err(Error::UnsupportedType { action: "rare", .. })
    ));
    assert_eq!(kernel.output(&DataType::Null), Ok(DataType::Null));
}

#[test]
fn the_digest_is_of_the_values_in_order() {
    let kept = Kept::new(["b", "a"]);
    assert_eq!(kept.digest(), Kept::new(["a", "b", "a"]).digest());
    assert_ne!(kept.digest(), Kept::new(["ab"]).digest());
    assert_ne!(kept.digest(), Kept::new(["a"]).digest());
    let none = Kept::new(Vec::<String>::new());
    assert!(none.is_empty());
    // SHA-256 of nothing.
    assert_eq!(none.digest()[..4], [0xe3, 0xb0, 0xc4, 0x42]);
}

#[test]
fn floats_are_not_counted_and_nothing_is_shown() {
    let mut census = Census::default();
    let refused = census.add(&Float64Array::from(vec![1.5])).unwrap_err();
    assert!(matches!(
        refused,
        Error::UnsupportedType { action: "rare", .. }
    ));
    census.add(&NullArray::new(3)).unwrap();
    census.add(&cities()).unwrap();
    assert_eq!(format!("{census:?}"), "Census(4)");
    let kept = census.kept(1);
    assert_eq!(format!("{kept:?}"), "Kept(4)");
    let kernel = Kernel::rare(kept, to_other());
    assert_eq!(format!("{kernel:?}"), "Kernel(rare)");
    assert!(kernel.output(&DataType::Boolean).is_err());
}
