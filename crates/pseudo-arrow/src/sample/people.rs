//! The tables of people: users, owners, addresses, employees, contacts.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::Date32Builder;
use arrow_array::{ArrayRef, Date32Array, Int64Array, TimestampMicrosecondArray};
use arrow_schema::DataType;
use pseudo_pii::sample::{Draws, Person, bank_card, place, plate, push_company, scramble, uscc};

use super::column::{Text, count, decimals, each};
use super::world::{Stream, World, moment};

pub(super) fn users(world: &World, rows: Range<u64>) -> Vec<ArrayRef> {
    let n = count(&rows);
    let mut name = Text::new(n, 10);
    let mut phone = Text::new(n, 12);
    let mut email = Text::new(n, 34);
    let mut id_number = Text::new(n, 9);
    let mut gender = Text::new(n, 3);
    let mut birth_date = Date32Builder::with_capacity(n);
    let mut city = Text::new(n, 9);
    let mut registered_at = Vec::with_capacity(n);
    for row in rows.clone() {
        let person = world.user(row);
        let draws = &mut world.draws(Stream::Users, row);
        push_name(&mut name, draws, &person);
        phone.phone(draws, &person.phone());
        if draws.per_mille(100) {
            email.null();
        } else {
            push_email(&mut email, draws, &person);
        }
        if draws.per_mille(450) {
            id_number.resident_id(draws, &person.resident_id());
        } else {
            id_number.null();
        }
        let told = !draws.per_mille(100);
        gender.push_option(told.then_some(if person.male { "男" } else { "女" }));
        birth_date.append_option((!draws.per_mille(200)).then_some(person.birth_day));
        let lives = home(draws, &person);
        let town = place::draw_city(draws, lives);
        city.city(draws, town.name);
        registered_at.push(moment(draws, row, world.users, &REGISTRATIONS));
    }
    vec![
        each::<Int64Array, _>(&rows, |row| world.user_id(row)),
        name.finish(),
        phone.finish(),
        email.finish(),
        id_number.finish(),
        gender.finish(),
        Arc::new(birth_date.finish()),
        city.finish(),
        Arc::new(TimestampMicrosecondArray::from(registered_at)),
    ]
}

pub(super) fn owners(world: &World, rows: Range<u64>) -> Vec<ArrayRef> {
    let n = count(&rows);
    let mut name = Text::new(n, 10);
    let mut id_number = Text::new(n, 19);
    let mut phone = Text::new(n, 12);
    let mut vin = Text::new(n, 17);
    let mut licence_plate = Text::new(n, 10);
    for row in rows.clone() {
        let person = world.user(world.owner_user(row));
        let draws = &mut world.draws(Stream::Owners, row);
        push_name(&mut name, draws, &person);
        if draws.per_mille(10) {
            id_number.null();
        } else {
            id_number.resident_id(draws, &person.resident_id());
        }
        phone.phone(draws, &person.phone());
        vin.vin(draws, &world.vehicle(row).1);
        licence_plate.plate(draws, &plate(scramble(world.seed, row, PLATE_BITS)));
    }
    vec![
        each::<Int64Array, _>(&rows, World::owner_id),
        each::<Int64Array, _>(&rows, |row| world.user_id(world.owner_user(row))),
        name.finish(),
        id_number.finish(),
        phone.finish(),
        vin.finish(),
        licence_plate.finish(),
    ]
}

pub(super) fn addresses(world: &World, rows: Range<u64>) -> Vec<ArrayRef> {
    let n = count(&rows);
    let mut user_id = Vec::with_capacity(n);
    let mut recipient = Text::new(n, 10);
    let mut phone = Text::new(n, 12);
    let mut province = Text::new(n, 10);
    let mut city = Text::new(n, 10);
    let mut district = Text::new(n, 10);
    let mut address_line = Text::new(n, 46);
    let mut postcode = Text::new(n, 5);
    let mut line = String::new();
    for row in rows.clone() {
        let draws = &mut world.draws(Stream::Addresses, row);
        let user = world.any_user(draws);
        let person = world.user(user);
        let receiver = if draws.per_mille(200) {
            world.recipient(row)
        } else {
            person
        };
        user_id.push(world.user_id(user));
        push_name(&mut recipient, draws, &receiver);
        phone.phone(draws, &receiver.phone());
        let lives = home(draws, &person);
        let town = place::draw_city(draws, lives);
        province.push(lives.name);
        city.push(town.name);
        district.push_option(place::draw_district(draws, town));
        line.clear();
        place::push_address_line(draws, &mut line);
        address_line.address(draws, &line);
        line.clear();
        place::push_postcode(draws, lives, &mut line);
        match draws.below(1000) {
            0..300 => postcode.null(),
            300..310 => postcode.spaced(draws, &line),
            _ => postcode.push(&line),
        }
    }
    vec![
        each::<Int64Array, _>(&rows, |row| (row + 1).cast_signed()),
        Arc::new(Int64Array::from(user_id)),
        recipient.finish(),
        phone.finish(),
        province.finish(),
        city.finish(),
        district.finish(),
        address_line.finish(),
        postcode.finish(),
    ]
}

pub(super) fn employees(world: &World, rows: Range<u64>) -> Vec<ArrayRef> {
    let n = count(&rows);
    let mut name = Text::new(n, 10);
    let mut id_number = Text::new(n, 19);
    let mut phone = Text::new(n, 12);
    let mut email = Text::new(n, 34);
    let mut department = Text::new(n, 6);
    let mut title = Text::new(n, 9);
    let mut hire_date = Vec::with_capacity(n);
    let mut salary = Vec::with_capacity(n);
    let mut card = Text::new(n, 19);
    for row in rows.clone() {
        let person = world.employee(row);
        let draws = &mut world.draws(Stream::Employees, row);
        push_name(&mut name, draws, &person);
        id_number.resident_id(draws, &person.resident_id());
        phone.phone(draws, &person.phone());
        push_email(&mut email, draws, &person);
        department.push(draws.pick(&DEPARTMENTS));
        let (rank, base) = draws.pick_skewed(&TITLES);
        title.push(rank);
        // At 18 at the earliest.
        let since = (person.birth_day + 6_575).max(FIRST_HIRE);
        let days = draws.below((LAST_HIRE - since).unsigned_abs());
        hire_date.push(since + days.cast_signed());
        let pay = base + draws.below(base);
        salary.push((!draws.per_mille(10)).then_some(i128::from(pay) * 10_000));
        card.bank_card(draws, &bank_card(scramble(world.seed, row, CARD_BITS)));
    }
    vec![
        each::<Int64Array, _>(&rows, |row| (10_000 + row).cast_signed()),
        name.finish(),
        id_number.finish(),
        phone.finish(),
        email.finish(),
        department.finish(),
        title.finish(),
        Arc::new(Date32Array::from(hire_date)),
        decimals(DataType::Decimal128(12, 2), salary.into_iter()),
        card.finish(),
    ]
}

pub(super) fn contacts(world: &World, rows: Range<u64>) -> Vec<ArrayRef> {
    let n = count(&rows);
    let mut owner_id = Vec::with_capacity(n);
    let mut kind = Text::new(n, 9);
    let mut name = Text::new(n, 10);
    let mut phone = Text::new(n, 12);
    let mut relation = Text::new(n, 6);
    let mut company = Text::new(n, 9);
    let mut code = Text::new(n, 6);
    for row in rows.clone() {
        let draws = &mut world.draws(Stream::Contacts, row);
        owner_id.push(World::owner_id(world.any_owner(draws)));
        let user = world.any_user(draws);
        let known = draws.per_mille(200);
        let person = if known {
            world.user(user)
        } else {
            world.contact(row)
        };
        push_name(&mut name, draws, &person);
        phone.phone(draws, &person.phone());
        if draws.per_mille(700) {
            kind.push("emergency");
            relation.push(draws.pick(&RELATIONS));
            company.null();
            code.null();
        } else {
            kind.push("company");
            relation.push(draws.pick(&ROLES));
            company.compose(|out| push_company(draws, out), Text::push);
            code.uscc(draws, &uscc(scramble(world.seed, row, USCC_BITS)));
        }
    }
    vec![
        each::<Int64Array, _>(&rows, |row| (row + 1).cast_signed()),
        Arc::new(Int64Array::from(owner_id)),
        kind.finish(),
        name.finish(),
        phone.finish(),
        relation.finish(),
        company.finish(),
        code.finish(),
    ]
}

/// Draws where a person lives: seven in ten stay in the province of their identity number.
#[inline]
fn home(draws: &mut Draws, person: &Person) -> &'static place::Province {
    if draws.per_mille(700) {
        person.province
    } else {
        place::draw_province(draws)
    }
}

#[inline]
fn push_name(column: &mut Text, draws: &mut Draws, person: &Person) {
    column.compose(
        |out| person.name.push(out),
        |column, name| column.name(draws, name),
    );
}

#[inline]
fn push_email(column: &mut Text, draws: &mut Draws, person: &Person) {
    column.compose(
        |out| person.push_email(out),
        |column, email| column.email(draws, email),
    );
}

/// 2015-03-01 to 2021-08-01.
const REGISTRATIONS: Range<u32> = 1_425_168_000..1_627_776_000;
/// 2014-11-25 and 2021-08-01.
const FIRST_HIRE: i32 = 16_399;
const LAST_HIRE: i32 = 18_840;
const PLATE_BITS: u32 = 23;
const CARD_BITS: u32 = 36;
const USCC_BITS: u32 = 29;
const DEPARTMENTS: [&str; 10] = [
    "研发",
    "制造",
    "销售",
    "服务",
    "财务",
    "法务",
    "供应链",
    "质量",
    "人力资源",
    "数字化",
];
/// Titles and the hundreds of yuan that they are paid a month at least.
const TITLES: [(&str, u32); 8] = [
    ("专员", 70),
    ("工程师", 120),
    ("高级工程师", 200),
    ("主管", 180),
    ("经理", 250),
    ("高级经理", 350),
    ("总监", 500),
    ("副总裁", 900),
];
const RELATIONS: [&str; 6] = ["配偶", "父母", "子女", "朋友", "同事", "其他"];
const ROLES: [&str; 3] = ["法定代表人", "经办人", "车队管理员"];
