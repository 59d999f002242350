//! Who is who: which rows of the tables refer to each other, and which person stands behind a row.

use std::ops::Range;

use pseudo_pii::sample::{Draws, Fixed, Person, scramble, vin};

use super::Table;

/// A sample as a whole: what every row can look up about every other without a table.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) users: u64,
    pub(super) orders: u64,
    owners: u64,
    loans: u64,
}

/// A car of the maker.
pub(super) struct Model {
    pub(super) name: &'static str,
    /// In yuan.
    pub(super) price: u32,
}

/// What is drawn: each has its own draws for every row.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Users,
    Owners,
    Addresses,
    Employees,
    Contacts,
    Orders,
    Loans,
    Registration,
    Ownership,
    Order,
    Loan,
    Price,
    Vehicle,
    Terms,
    Incomes,
}

impl World {
    pub(super) fn new(seed: u64, scale: f64) -> Self {
        Self {
            seed,
            users: Table::Users.rows(scale),
            orders: Table::Orders.rows(scale),
            owners: Table::Owners.rows(scale),
            loans: Table::Loans.rows(scale),
        }
    }

    /// Returns the draws of a row.
    #[inline]
    pub(super) const fn draws(&self, stream: Stream, row: u64) -> Draws {
        Draws::at(self.seed, stream as u64, row)
    }

    /// Returns the key of a user: rising, with gaps.
    #[inline]
    pub(super) const fn user_id(&self, user: u64) -> i64 {
        let gap = self.draws(Stream::Registration, user).below(7);
        (100_000_000 + 7 * user + gap as u64).cast_signed()
    }

    /// Returns the person behind a user: one in a hundred had registered before.
    #[inline]
    pub(super) fn user(&self, user: u64) -> Person {
        let mut draws = self.draws(Stream::Registration, user);
        let earlier = draws.below_wide(user.max(1));
        let person = if draws.per_mille(10) { earlier } else { user };
        Person::new(self.seed, person)
    }

    /// Draws any user.
    pub(super) const fn any_user(&self, draws: &mut Draws) -> u64 {
        draws.below_wide(self.users)
    }

    /// Returns the key of an owner.
    pub(super) const fn owner_id(owner: u64) -> i64 {
        (20_000_000 + owner).cast_signed()
    }

    /// Returns the user who an owner is. One in 25 cars belongs to someone with another car.
    pub(super) const fn owner_user(&self, owner: u64) -> u64 {
        let mut draws = self.draws(Stream::Ownership, owner);
        let first = if draws.per_mille(40) {
            self.any_owner(&mut draws)
        } else {
            owner
        };
        let mut draws = self.draws(Stream::Ownership, first);
        let users = share(first, self.owners, self.users);
        users.start + draws.below_wide(users.end - users.start)
    }

    /// Draws any owner.
    pub(super) const fn any_owner(&self, draws: &mut Draws) -> u64 {
        draws.below_wide(self.owners)
    }

    /// Returns an owner's car: its model and its number.
    pub(super) fn vehicle(&self, owner: u64) -> (&'static Model, Fixed<17>) {
        let mut draws = self.draws(Stream::Vehicle, owner);
        let code = draws.pick_skewed(&MODEL_CODES);
        let year = draws.pick(&[2018, 2019, 2020, 2020, 2021, 2021, 2022]);
        let number = vin(scramble(self.seed, owner, VIN_BITS), code, year);
        (&MODELS[usize::from(code) % MODELS.len()], number)
    }

    /// Returns the key of an order.
    pub(super) const fn order_id(order: u64) -> i64 {
        (50_000_000 + 3 * order).cast_signed()
    }

    /// Returns the owner whose car an order is for; no two orders are for one car.
    pub(super) const fn order_owner(&self, order: u64) -> u64 {
        let owners = share(order, self.orders, self.owners);
        let mut draws = self.draws(Stream::Order, order);
        owners.start + draws.below_wide(owners.end - owners.start)
    }

    /// Returns the order that a loan pays; no two loans pay one order.
    pub(super) const fn loan_order(&self, loan: u64) -> u64 {
        let orders = share(loan, self.loans, self.orders);
        let mut draws = self.draws(Stream::Loan, loan);
        orders.start + draws.below_wide(orders.end - orders.start)
    }

    /// Returns an employee, who is no user.
    pub(super) fn employee(&self, employee: u64) -> Person {
        Person::new(self.seed, FIRST_EMPLOYEE + employee)
    }

    /// Returns who receives parcels at an address that is not the user's own.
    pub(super) fn recipient(&self, address: u64) -> Person {
        Person::new(self.seed, FIRST_RECIPIENT + address)
    }

    /// Returns a contact who is no user.
    pub(super) fn contact(&self, contact: u64) -> Person {
        Person::new(self.seed, FIRST_CONTACT + contact)
    }

    /// Returns what an order costs, in yuan: the model and its options.
    pub(super) fn order_price(&self, order: u64) -> u32 {
        let (model, _) = self.vehicle(self.order_owner(order));
        model.price + 1_000 * self.draws(Stream::Price, order).below(90)
    }
}

/// Draws a moment in the part of a period that falls to a row when the rows fill it in order: in
/// microseconds, to the millisecond. `period` is in seconds since 1970.
#[inline]
pub(super) const fn moment(draws: &mut Draws, row: u64, rows: u64, period: &Range<u32>) -> i64 {
    let step = (period.end - period.start) as u64 * 1_000_000 / rows;
    let since = row * step + draws.below_wide(step);
    (period.start as u64 * 1_000_000 + since / 1_000 * 1_000).cast_signed()
}

/// Returns the part of `total` that falls to one of `parts`, which are no more than `total`.
const fn share(part: u64, parts: u64, total: u64) -> Range<u64> {
    part * total / parts..(part + 1) * total / parts
}

/// The cars, by their code in the vehicle number.
static MODELS: [Model; 5] = [
    Model {
        name: "S7",
        price: 358_000,
    },
    Model {
        name: "X6",
        price: 398_000,
    },
    Model {
        name: "S5",
        price: 298_000,
    },
    Model {
        name: "X8",
        price: 498_000,
    },
    Model {
        name: "V9",
        price: 568_000,
    },
];
const MODEL_CODES: [u8; 5] = [0, 1, 2, 3, 4];
const VIN_BITS: u32 = 24;
/// Users are the persons from 0 on; the others begin where no scale lets users reach.
const FIRST_EMPLOYEE: u64 = 200_000_000;
const FIRST_RECIPIENT: u64 = 210_000_000;
const FIRST_CONTACT: u64 = 230_000_000;
