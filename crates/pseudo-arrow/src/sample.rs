//! Seven synthetic tables in the shape of a car maker's leaked customer data, as record batches.
//!
//! Every cell is a pure function of the seed, the scale and the row: any range of rows can be made
//! by any thread, in any order, and equals that part of the whole table. Keys are consistent, the
//! same person keeps one identity across the tables, and the spellings are as dirty as real ones:
//! NULLs, blanks, full-width digits, country codes, stray spaces, 15-digit identity numbers, bad
//! check digits, people who registered twice. All values can belong to nobody
//! ([`pseudo_pii::sample`]).

mod column;
mod dirt;
mod people;
mod schema;
mod spec;
mod trade;
mod world;

use std::ops::Range;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;

pub use spec::{Dataset, MAX_SCALE, Spec, SpecError};
use world::World;

/// The version of the generator: it rises when any cell of any sample changes.
pub const GENERATOR_VERSION: u32 = 1;

/// Every table, referred-to tables before those that refer to them.
pub const ALL: [Table; 7] = [
    Table::Users,
    Table::Owners,
    Table::Addresses,
    Table::Employees,
    Table::Contacts,
    Table::Orders,
    Table::Loans,
];

/// A table of the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// Registered users, some of them registered twice.
    Users,
    /// Owners of cars: users, with their identity number, car and plate.
    Owners,
    /// Delivery addresses of users.
    Addresses,
    /// Employees, who are nobody else in the sample.
    Employees,
    /// Emergency contacts of owners, and representatives of their companies.
    Contacts,
    /// Orders of owners; `user_id` is text here and a number in the other tables.
    Orders,
    /// Loans on orders, under the owner's identity number.
    Loans,
}

impl Table {
    /// Returns the table of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        ALL.into_iter().find(|table| table.name() == name)
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Owners => "owners",
            Self::Addresses => "addresses",
            Self::Employees => "employees",
            Self::Contacts => "contacts",
            Self::Orders => "orders",
            Self::Loans => "loans",
        }
    }

    /// Returns how many rows the table has at a scale; 50 at least.
    #[must_use]
    pub fn rows(self, scale: f64) -> u64 {
        let rows = match self {
            Self::Users => 4_850_000.0,
            Self::Owners => 399_000.0,
            Self::Addresses => 650_000.0,
            Self::Employees => 22_800.0,
            Self::Contacts => 500_000.0,
            Self::Orders => 125_000.0,
            Self::Loans => 90_000.0,
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounded, and a cast from a float saturates"
        )]
        let rows = (rows * scale).round() as u64;
        rows.max(MIN_ROWS)
    }

    /// Returns the columns.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        schema::of(self)
    }

    /// Makes some rows of the table: those of `rows` that exist at that scale.
    #[must_use]
    pub fn batch(self, seed: u64, scale: f64, rows: Range<u64>) -> RecordBatch {
        let world = World::new(seed, scale);
        let rows = rows.start..rows.end.min(self.rows(scale)).max(rows.start);
        let columns = match self {
            Self::Users => people::users(&world, rows),
            Self::Owners => people::owners(&world, rows),
            Self::Addresses => people::addresses(&world, rows),
            Self::Employees => people::employees(&world, rows),
            Self::Contacts => people::contacts(&world, rows),
            Self::Orders => trade::orders(&world, rows),
            Self::Loans => trade::loans(&world, rows),
        };
        assemble(self.schema(), columns)
    }
}

#[expect(
    clippy::expect_used,
    reason = "a table's columns are written beside its schema, and a test makes every table"
)]
fn assemble(schema: SchemaRef, columns: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(schema, columns).expect("the columns are those of the schema")
}

const MIN_ROWS: u64 = 50;
