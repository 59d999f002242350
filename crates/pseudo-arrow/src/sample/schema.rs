//! The columns of the tables.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::Table;
use ColumnKind::{Date, Id, Int, Key, Money, Rate, Text, Time};

/// Returns the columns of a table.
pub(super) fn of(table: Table) -> SchemaRef {
    let columns = match table {
        Table::Users => USERS,
        Table::Owners => OWNERS,
        Table::Addresses => ADDRESSES,
        Table::Employees => EMPLOYEES,
        Table::Contacts => CONTACTS,
        Table::Orders => ORDERS,
        Table::Loans => LOANS,
    };
    let field = |&(name, kind): &Column| {
        let (data_type, nullable) = kind.field();
        Field::new(name, data_type, nullable)
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// A name and what the column holds.
type Column = (&'static str, ColumnKind);

/// What a column holds.
#[derive(Clone, Copy)]
enum ColumnKind {
    /// A number that is never NULL.
    Id,
    /// Text that is never NULL.
    Key,
    Text,
    Date,
    Time,
    Money,
    Rate,
    Int,
}

impl ColumnKind {
    const fn field(self) -> (DataType, bool) {
        match self {
            Self::Id => (DataType::Int64, false),
            Self::Key => (DataType::Utf8, false),
            Self::Text => (DataType::Utf8, true),
            Self::Date => (DataType::Date32, true),
            Self::Time => (DataType::Timestamp(TimeUnit::Microsecond, None), true),
            Self::Money => (DataType::Decimal128(12, 2), true),
            Self::Rate => (DataType::Decimal128(5, 4), true),
            Self::Int => (DataType::Int32, true),
        }
    }
}

const USERS: &[Column] = &[
    ("user_id", Id),
    ("name", Text),
    ("phone", Text),
    ("email", Text),
    ("id_number", Text),
    ("gender", Text),
    ("birth_date", Date),
    ("city", Text),
    ("registered_at", Time),
];
const OWNERS: &[Column] = &[
    ("owner_id", Id),
    ("user_id", Id),
    ("name", Text),
    ("id_number", Text),
    ("phone", Text),
    ("vin", Text),
    ("licence_plate", Text),
];
const ADDRESSES: &[Column] = &[
    ("address_id", Id),
    ("user_id", Id),
    ("recipient", Text),
    ("phone", Text),
    ("province", Text),
    ("city", Text),
    ("district", Text),
    ("address_line", Text),
    ("postcode", Text),
];
const EMPLOYEES: &[Column] = &[
    ("employee_id", Id),
    ("name", Text),
    ("id_number", Text),
    ("phone", Text),
    ("email", Text),
    ("department", Text),
    ("title", Text),
    ("hire_date", Date),
    ("salary", Money),
    ("bank_card", Text),
];
const CONTACTS: &[Column] = &[
    ("contact_id", Id),
    ("owner_id", Id),
    ("kind", Key),
    ("name", Text),
    ("phone", Text),
    ("relation", Text),
    ("company", Text),
    ("uscc", Text),
];
const ORDERS: &[Column] = &[
    ("order_id", Id),
    ("user_id", Key),
    ("vin", Text),
    ("model", Key),
    ("price", Money),
    ("dealer_city", Text),
    ("ordered_at", Time),
];
const LOANS: &[Column] = &[
    ("loan_id", Id),
    ("order_id", Id),
    ("owner_id", Id),
    ("borrower_id_number", Text),
    ("bank", Text),
    ("bank_card", Text),
    ("principal", Money),
    ("rate", Rate),
    ("term_months", Int),
    ("monthly_income", Money),
    ("status", Key),
];
