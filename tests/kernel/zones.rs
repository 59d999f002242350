//! Named zones: clocks that skip and clocks that repeat.

use arrow_array::PrimitiveArray;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampSecondType;
use pseudo_arrow::{Kernel, OnInvalid, Outcome, Part, Unit};
use pseudo_pii::Blanks;

fn truncate(unit: Unit, zone: &str, instant: i64) -> i64 {
    let array = PrimitiveArray::<TimestampSecondType>::from(vec![instant]).with_timezone(zone);
    let kernel = Kernel::truncate(unit, OnInvalid::Fail);
    let result = kernel.apply(&array, &mut Outcome::default()).unwrap();
    result.as_primitive::<TimestampSecondType>().value(0)
}

#[test]
fn a_month_begins_where_the_column_is() {
    // 2021-07-31T18:30:00Z is 2021-08-01T02:30:00 in Shanghai.
    assert_eq!(
        truncate(Unit::Month, "Asia/Shanghai", 1_627_756_200),
        1_627_747_200
    );
    assert_eq!(
        truncate(Unit::Month, "Etc/UTC", 1_627_756_200),
        1_625_097_600
    );
}

#[test]
fn a_day_without_midnight_begins_behind_the_gap() {
    // 2018-11-04 began at 01:00 in São Paulo.
    assert_eq!(
        truncate(Unit::Day, "America/Sao_Paulo", 1_541_340_000),
        1_541_300_400
    );
}

#[test]
fn a_day_with_two_midnights_has_one_start_and_its_hours_two() {
    // On 2021-11-07 in Havana the hour after midnight came twice.
    let midnight = 1_636_257_600;
    for instant in [
        midnight,
        midnight + 1_800,
        midnight + 5_400,
        midnight + 40_000,
    ] {
        assert_eq!(truncate(Unit::Day, "America/Havana", instant), midnight);
    }
    assert_eq!(
        truncate(Unit::Hour, "America/Havana", midnight + 1_800),
        midnight
    );
    assert_eq!(
        truncate(Unit::Hour, "America/Havana", midnight + 5_400),
        midnight + 3_600
    );
}

#[test]
fn an_hour_whose_first_half_was_skipped_begins_behind_the_gap() {
    // On 2021-10-03 Lord Howe Island went from 02:00 to 02:30.
    assert_eq!(
        truncate(Unit::Hour, "Australia/Lord_Howe", 1_633_189_500),
        1_633_188_600
    );
}

#[test]
fn what_a_zone_cannot_show_is_invalid() {
    let array = PrimitiveArray::<TimestampSecondType>::from(vec![i64::MIN, i64::MAX, 0])
        .with_timezone("Asia/Shanghai");
    let derive = Kernel::derive(
        Part::BirthYear,
        None,
        Blanks::default(),
        2026,
        OnInvalid::Null,
    );
    for kernel in [Kernel::truncate(Unit::Day, OnInvalid::Null), derive] {
        let mut outcome = Outcome::default();
        kernel.apply(&array, &mut outcome).unwrap();
        assert_eq!((outcome.invalid, outcome.transformed), (2, 1));
    }
}
