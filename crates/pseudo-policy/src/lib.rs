//! `pipeline.toml` as types, and the default-deny binding of a policy to a schema.
//!
//! Two steps: [`Pipeline::parse`] turns text into a [`Pipeline`], [`Pipeline::bind`] turns a table
//! of it and the schema of its source into a [`TablePlan`]. Invariants: what either step returns is
//! legal; what it refuses is refused whole, every mistake at once ([`Refusal`]); no message quotes
//! what the file says beyond its names; no key, no path and no row is touched here.
//!
//! In reading order: `pipeline` and `table` (what a file says), `limits`, `gates` and `quarantine`
//! (what keeps output back), `column` and `action` (what may happen to a column), `bind` and
//! `legal` (which of it a schema allows), `plan` (the result), `refusal` (the other result),
//! `reader`, `settings`, `syntax`, `number`, `date`, `near` and `absent` (how a file is read),
//! `hash` (which parts of it decide output), `needs` (which keys it takes).
#![warn(clippy::indexing_slicing)]

mod absent;
mod action;
mod bind;
mod column;
mod date;
mod gates;
mod hash;
mod legal;
mod limits;
mod near;
mod needs;
mod number;
mod pipeline;
mod plan;
mod quarantine;
mod reader;
mod refusal;
mod settings;
mod syntax;
mod table;
mod unrelated;

pub use action::{Action, Band, FpeAlphabet, Part, RareTo, SealEncoding, TokenEncoding, Unit};
pub use column::{ColumnRules, OnInvalid, Rule};
pub use date::Date;
pub use gates::{GateSet, Gates};
pub use limits::Limits;
pub use number::Number;
pub use pipeline::{Compression, Identity, Keys, Pipeline, Sink, Source, Spots};
pub use plan::{PlannedColumn, Subject, TablePlan};
pub use quarantine::Quarantine;
pub use reader::{toml_key, toml_text};
pub use refusal::{Fault, Refusal, Spot, Violation};
pub use settings::Settings;
pub use table::{ColumnType, CsvOptions, Format, Order, Table, TextEncoding};
