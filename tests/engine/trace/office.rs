//! An office with one keyring, three domains over one source, and leaks out of what they publish.

use std::fmt::Write;
use std::fs::{self, File};
use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pseudo_engine::filter::NoFilters;
use pseudo_engine::trace::{ListTo, Ring, TraceReport, TraceRequest};
use pseudo_engine::{Cancel, Disk, Error, Policy, Silent};

use crate::desk::{Desk, who};
use crate::harness::{at, options, texts};

pub(crate) const DOMAINS: [&str; 3] = ["analytics", "sales", "care"];

pub(crate) struct Office {
    pub(crate) desk: Desk,
    pub(crate) policies: Vec<Policy>,
    pub(crate) sinks: Vec<PathBuf>,
}

/// What questions differ in.
pub(crate) struct Ask<'a> {
    pub(crate) reason: Option<&'a str>,
    pub(crate) rows_max: u64,
    pub(crate) policies: &'a [Policy],
    pub(crate) sinks: &'a [PathBuf],
    pub(crate) approvers: &'a [PathBuf],
    pub(crate) list: Option<ListTo<'a>>,
}

impl Office {
    /// Three hundred people, published in three domains.
    pub(crate) fn published() -> Self {
        let office = Self::new();
        for (second, domain) in (0..).zip(DOMAINS) {
            office.publish(domain, second);
        }
        office
    }

    pub(crate) fn new() -> Self {
        let mut office = Self {
            desk: Desk::new(),
            policies: Vec::new(),
            sinks: Vec::new(),
        };
        fs::create_dir(office.path("raw")).unwrap();
        office.write_users(|_| "");
        for domain in DOMAINS {
            fs::write(office.path(&format!("{domain}.toml")), pipeline(domain)).unwrap();
            office.sinks.push(office.path(&format!("safe-{domain}")));
            office.policies.push(office.policy(domain));
        }
        office
    }

    pub(crate) fn policy(&self, domain: &str) -> Policy {
        Policy::read(&self.path(&format!("{domain}.toml"))).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.desk.path(name)
    }

    /// Writes the users; `city` of one may be another, and whose is `-` is gone.
    pub(crate) fn write_users(&self, city: impl Fn(u32) -> &'static str) {
        let mut text = "user_id,phone,city,vin\n".to_owned();
        for n in 0..300_u32 {
            let city = match city(n) {
                "-" => continue,
                "" => ["Beijing", "Shanghai", "Hefei"][n as usize % 3],
                other => other,
            };
            let (id, vin) = (800_000_000 + n * 7, vin(n));
            writeln!(
                text,
                "{id},138{:08},{city},{vin}",
                u64::from(n) * 61_803_399 % 99_999_989
            )
            .unwrap();
        }
        fs::write(self.path("raw/users.csv"), text).unwrap();
    }

    pub(crate) fn publish(&self, domain: &str, second: u32) -> String {
        let job = pseudo_engine::open(&self.path(&format!("{domain}.toml")), &NoFilters).unwrap();
        let held = self.desk.held();
        let clock = move || at(second + 1);
        let mut options = options(second, &clock);
        options.new_epoch = true;
        let report = pseudo_engine::run(&job, held.source(), &options).unwrap();
        report.manifest.run_id
    }

    /// The current rows of a domain.
    pub(crate) fn rows(&self, domain: &str) -> RecordBatch {
        let directory = self.path(&format!("safe-{domain}/current/users"));
        let paths = fs::read_dir(directory).unwrap();
        let mut batches = Vec::new();
        for path in paths {
            let file = File::open(path.unwrap().path()).unwrap();
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
            batches.extend(reader.build().unwrap().map(Result::unwrap));
        }
        concat_batches(&batches[0].schema(), &batches).unwrap()
    }

    /// Some of them as CSV.
    pub(crate) fn leak(&self, domain: &str, columns: &[&str], count: usize) -> String {
        let rows = self.rows(domain);
        let cells: Vec<_> = columns.iter().map(|column| texts(&rows, column)).collect();
        let mut text = format!("{}\n", columns.join(","));
        for row in 0..count {
            let fields = cells.iter().map(|cells| cells[row * 2].clone().unwrap());
            let fields: Vec<_> = fields.collect();
            writeln!(text, "{}", fields.join(",")).unwrap();
        }
        text
    }

    pub(crate) fn trace(&self, leak: &str) -> TraceReport {
        self.trace_as(leak, |_| {}).unwrap()
    }

    /// Traces with another question.
    pub(crate) fn trace_as<'q>(
        &'q self,
        leak: impl AsRef<[u8]>,
        change: impl FnOnce(&mut Ask<'q>),
    ) -> Result<TraceReport, Error> {
        let mut ask = Ask {
            reason: Some("incident 2026-3"),
            rows_max: 10_000,
            policies: &self.policies,
            sinks: &self.sinks,
            approvers: &[],
            list: None,
        };
        change(&mut ask);
        let (held, audit) = (self.desk.held(), self.desk.audit());
        let rings = [Ring {
            held: &held,
            audit: &audit,
            domains: None,
        }];
        let request = TraceRequest {
            reason: ask.reason,
            rows_max: ask.rows_max,
            policies: ask.policies,
            sinks: ask.sinks,
            approvers: ask.approvers,
            list: ask.list,
            ..self.request(&rings)
        };
        pseudo_engine::trace(&request, &mut leak.as_ref())
    }

    pub(crate) fn request<'a>(&'a self, rings: &'a [Ring<'a>]) -> TraceRequest<'a> {
        TraceRequest {
            reason: Some("incident 2026-3"),
            rows_max: 10_000,
            policies: &self.policies,
            source: None,
            sinks: &self.sinks,
            rings,
            approvers: &[],
            list: None,
            who: who(),
            time: at(0),
            threads: Some(2),
            progress: &Silent,
            cancel: Cancel::default(),
            disk: Disk::default(),
        }
    }
}

/// A number whose check is right.
fn vin(n: u32) -> String {
    let body = format!("LSVAB2180E2{n:06}");
    let weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |c: char| match c {
        '0'..='9' => c as u32 - '0' as u32,
        'A'..='H' => c as u32 - 'A' as u32 + 1,
        'J'..='N' => c as u32 - 'J' as u32 + 1,
        'P' => 7,
        'R' => 9,
        _ => c as u32 - 'S' as u32 + 2,
    };
    let sum: u32 = body.chars().zip(weights).map(|(c, w)| value(c) * w).sum();
    let check = char::from_digit(sum % 11, 10).unwrap_or('X');
    format!("{}{check}{}", &body[..8], &body[9..])
}

fn pipeline(domain: &str) -> String {
    format!(
        "version = 1\nname = \"{domain}-nightly\"\ndomain = \"{domain}\"\n\
         [keys]\nkeyring = \"a.keyring\"\n\
         [source]\nroot = \"raw\"\n[sink]\nroot = \"safe-{domain}\"\nretain_runs = 5\n\
         [identities.account]\nkind = \"integer\"\n[identities.phone]\nkind = \"cn-phone\"\n\
         [identities.vehicle]\nkind = \"vin\"\n\
         [tables.users]\nsource = \"users.csv\"\nsubject = \"user_id\"\n\
         [tables.users.columns]\nuser_id = {{ token = \"account\" }}\n\
         phone = {{ token = \"phone\" }}\ncity = \"keep\"\n\
         vin = {{ seal = \"vehicle\", to = \"sealed\" }}\n"
    )
}
