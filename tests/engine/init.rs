//! `init`: what is proposed for which columns, that the proposal binds, runs and passes the gate,
//! and that no value is in it.

mod csv;
mod layout;
mod loose;
mod tpch;

use std::fs;

use pseudo_engine::filter::NoFilters;
use pseudo_engine::init::{Draft, Request, init};
use pseudo_engine::{Cancel, Error, RunReport, Silent};

use crate::harness::{Sandbox, at, keyring, options};

impl Sandbox {
    /// Drafts a pipeline for `raw`.
    pub(crate) fn draft(&self, full: bool) -> Result<Draft, Error> {
        self.draft_of("raw", full)
    }

    fn draft_of(&self, root: &str, full: bool) -> Result<Draft, Error> {
        init(&Request {
            base: &self.path(""),
            root,
            sink: "safe",
            name: "draft",
            full,
            progress: &Silent,
            cancel: &Cancel::default(),
        })
    }

    /// Runs a draft as it is.
    pub(crate) fn run_draft(&self, draft: &Draft) -> Result<RunReport, Error> {
        let path = self.path("draft.toml");
        fs::write(&path, &draft.text).unwrap();
        let job = pseudo_engine::open(&path, &NoFilters)?;
        let clock = || at(1);
        pseudo_engine::run(&job, keyring(), &options(0, &clock))
    }
}

/// The kinds and rules of a table of a draft, a line for each column.
fn rules(draft: &Draft, table: &str) -> String {
    let table = draft.tables.iter().find(|drafted| drafted.name == table);
    let line = |column: &pseudo_engine::init::DraftColumn| {
        let kind = column.kind.map_or("", |kind| kind.name());
        let rule = column.rule.replace('\n', " ");
        format!("{} | {kind} | {rule}\n", column.column)
    };
    table.unwrap().columns.iter().map(line).collect()
}

#[test]
fn the_seven_tables_of_the_sample_get_the_right_kinds_and_their_draft_runs() {
    for scale in ["0.003", "0.02"] {
        let sandbox = Sandbox::new();
        let root = format!("sample:incident?scale={scale}&seed=7");
        let draft = sandbox.draft_of(&root, true).unwrap();
        for (table, kinds) in SAMPLE {
            let drafted = draft
                .tables
                .iter()
                .find(|drafted| drafted.name == table)
                .unwrap();
            let found = drafted.columns.iter().filter_map(|column| {
                let identity = column.identity.as_deref().unwrap_or("-");
                Some(format!(
                    "{} {} {identity}",
                    column.column,
                    column.kind?.name()
                ))
            });
            let found: Vec<String> = found.collect();
            assert_eq!(found, kinds, "{table} at {scale}");
        }
        let subject = |table: usize| draft.tables[table].subject.clone().unwrap_or_default();
        let subjects: Vec<String> = (0..7).map(subject).collect();
        let expected = [
            "user_id",
            "user_id",
            "user_id",
            "employee_id",
            "owner_id",
            "user_id",
        ];
        assert_eq!(subjects[..6], expected);
        assert_eq!(subjects[6], "owner_id");
        sandbox.run_draft(&draft).unwrap();
    }
}

#[test]
fn a_sample_of_the_rows_proposes_what_all_of_them_do() {
    let sandbox = Sandbox::new();
    let root = "sample:incident?scale=0.2&seed=42";
    let some = sandbox.draft_of(root, false).unwrap();
    let all = sandbox.draft_of(root, true).unwrap();
    let users = |draft: &Draft| {
        draft
            .tables
            .iter()
            .find(|t| t.name == "users")
            .unwrap()
            .clone()
    };
    assert_eq!(users(&all).rows_read, 970_000);
    assert!(
        (100_000..400_000).contains(&users(&some).rows_read),
        "{}",
        users(&some).rows_read
    );
    for table in &all.tables {
        assert_eq!(rules(&some, &table.name), rules(&all, &table.name));
    }
}

/// Columns with their kinds and identities; all others hold no identifiers.
const SAMPLE: [(&str, &[&str]); 7] = [
    (
        "users",
        &[
            "user_id integer user",
            "name name -",
            "phone cn-phone phone",
            "email email email",
            "id_number cn-resident-id person",
        ],
    ),
    (
        "owners",
        &[
            "owner_id integer owner",
            "user_id integer user",
            "name name -",
            "id_number cn-resident-id person",
            "phone cn-phone phone",
            "vin vin vehicle",
            "licence_plate cn-plate plate",
        ],
    ),
    (
        "addresses",
        &[
            "address_id integer address",
            "user_id integer user",
            "recipient name -",
            "phone cn-phone phone",
            "address_line address -",
        ],
    ),
    (
        "employees",
        &[
            "employee_id integer employee",
            "name name -",
            "id_number cn-resident-id person",
            "phone cn-phone phone",
            "email email email",
            "bank_card bank-card bank_card",
        ],
    ),
    (
        "contacts",
        &[
            "contact_id integer contact",
            "owner_id integer owner",
            "name name -",
            "phone cn-phone phone",
            "uscc cn-uscc organisation",
        ],
    ),
    (
        "orders",
        &[
            "order_id integer order",
            "user_id integer user",
            "vin vin vehicle",
        ],
    ),
    (
        "loans",
        &[
            "loan_id integer loan",
            "order_id integer order",
            "owner_id integer owner",
            "borrower_id_number cn-resident-id person",
            "bank_card bank-card bank_card",
        ],
    ),
];
