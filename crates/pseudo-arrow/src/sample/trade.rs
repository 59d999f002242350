//! The tables of trade: orders and loans.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, Int64Array, TimestampMicrosecondArray};
use arrow_schema::DataType;
use pseudo_pii::sample::{bank_card, place, scramble};

use super::column::{Text, count, decimals, each};
use super::world::{Stream, World, moment};

pub(super) fn orders(world: &World, rows: Range<u64>) -> Vec<ArrayRef> {
    let n = count(&rows);
    let mut user_id = Text::new(n, 9);
    let mut vin = Text::new(n, 17);
    let mut model = Text::new(n, 2);
    let mut dealer_city = Text::new(n, 9);
    let mut ordered_at = Vec::with_capacity(n);
    for row in rows.clone() {
        let draws = &mut world.draws(Stream::Orders, row);
        let owner = world.order_owner(row);
        let user = world.owner_user(owner);
        user_id.push(&world.user_id(user).to_string());
        let (car, number) = world.vehicle(owner);
        if draws.per_mille(40) {
            // Not delivered yet.
            vin.null();
        } else {
            vin.vin(draws, &number);
        }
        model.push(car.name);
        let province = place::draw_province(draws);
        let town = place::draw_city(draws, province);
        dealer_city.city(draws, town.name);
        ordered_at.push(moment(draws, row, world.orders, &ORDERS));
    }
    vec![
        each::<Int64Array, _>(&rows, World::order_id),
        user_id.finish(),
        vin.finish(),
        model.finish(),
        money(&rows, |row| Some(world.order_price(row))),
        dealer_city.finish(),
        Arc::new(TimestampMicrosecondArray::from(ordered_at)),
    ]
}

pub(super) fn loans(world: &World, rows: Range<u64>) -> Vec<ArrayRef> {
    let n = count(&rows);
    let mut borrower = Text::new(n, 19);
    let mut bank = Text::new(n, 15);
    let mut card = Text::new(n, 19);
    let mut status = Text::new(n, 7);
    for row in rows.clone() {
        let draws = &mut world.draws(Stream::Loans, row);
        let owner = world.order_owner(world.loan_order(row));
        let person = world.user(world.owner_user(owner));
        borrower.checked_resident_id(draws, &person.resident_id());
        bank.push(draws.pick(&BANKS));
        let number = (1 << CARD_BITS) + scramble(world.seed, row, CARD_BITS);
        card.bank_card(draws, &bank_card(number));
        status.push(draws.pick(&STATUSES));
    }
    let terms = |row| world.draws(Stream::Terms, row);
    vec![
        each::<Int64Array, _>(&rows, |row| (7_000_000 + row).cast_signed()),
        each::<Int64Array, _>(&rows, |row| World::order_id(world.loan_order(row))),
        each::<Int64Array, _>(&rows, |row| {
            World::owner_id(world.order_owner(world.loan_order(row)))
        }),
        borrower.finish(),
        bank.finish(),
        card.finish(),
        money(&rows, |row| {
            // Half to eight tenths of the price, in whole thousands.
            let price = world.order_price(world.loan_order(row));
            Some(price / 10 * terms(row).pick(&[5, 6, 7, 8]) / 1_000 * 1_000)
        }),
        decimals(
            DataType::Decimal128(5, 4),
            (rows.clone()).map(|row| Some(i128::from(199 + terms(row).below(600)))),
        ),
        each::<Int32Array, _>(&rows, |row| terms(row).pick(&[12, 24, 36, 48, 60])),
        money(&rows, |row| {
            let mut draws = world.draws(Stream::Incomes, row);
            let hundreds = 60 + draws.below(100) * draws.below(100) / 16;
            (!draws.per_mille(100)).then_some(hundreds * 100)
        }),
        status.finish(),
    ]
}

/// Makes a column of amounts of whole yuan.
fn money(rows: &Range<u64>, yuan: impl Fn(u64) -> Option<u32>) -> ArrayRef {
    let fen = rows
        .clone()
        .map(|row| yuan(row).map(|yuan| i128::from(yuan) * 100));
    decimals(DataType::Decimal128(12, 2), fen)
}

/// 2018-05-01 to 2022-08-01: an order follows its user's registration, except for second cars.
const ORDERS: Range<u32> = 1_525_132_800..1_659_312_000;
const CARD_BITS: u32 = 36;
const BANKS: [&str; 8] = [
    "云栎银行",
    "星澄银行",
    "岚泊农商银行",
    "霁川商业银行",
    "鹿眠银行",
    "松霭银行",
    "青黍农商银行",
    "远帆银行",
];
const STATUSES: [&str; 8] = [
    "active", "active", "active", "active", "settled", "settled", "overdue", "rejected",
];
