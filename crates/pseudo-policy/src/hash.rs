//! Which parts of a pipeline decide its output: their digest tells a changed policy from a moved
//! comment.
//!
//! The digest is SHA-256 over items, each with its length before it, so that no two lists of items
//! run together into one.

use sha2::{Digest, Sha256};

use crate::action::Action;
use crate::column::{OnInvalid, Rule};
use crate::gates::Gates;
use crate::limits::Limits;
use crate::pipeline::{Identity, Pipeline, Sink};
use crate::plan::PlannedColumn;
use crate::table::{Format, Table};

impl Pipeline {
    /// SHA-256, in lowercase hexadecimal, over everything that decides output: not the words of the
    /// file, nor where keys, sink and quarantine are, nor what the pipeline is called, nor which
    /// limits keep it back, which compare it with the run before. Gates are in it, for the current
    /// run has to hold them too.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut print = Fingerprint::new("pseudo/pipeline/1");
        print.item(&self.domain);
        // With its placeholders, here and in tables: the job of every night is the same one.
        print.item(&self.source.template);
        print.sink(&self.sink);
        print.limits(&self.limits);
        let mut filtered: Vec<&str> = self.sink.bloom_filter.iter().map(String::as_str).collect();
        filtered.sort_unstable();
        print.count(filtered.len());
        for column in filtered {
            print.item(column);
        }
        print.count(self.identities.len());
        for identity in self.identities.values() {
            print.identity(identity);
        }
        // Tables do not depend on each other's order, nor do the rules of a table.
        let mut tables: Vec<&Table> = self.tables.iter().collect();
        tables.sort_by(|left, right| left.name.cmp(&right.name));
        print.count(tables.len());
        for table in tables {
            print.table(table);
            print.rules(table);
        }
        if let Some(gates) = &self.gates {
            print.gates(gates);
        }
        print.finish()
    }
}

/// The digest of one bound table.
pub(crate) fn plan(pipeline: &Pipeline, table: &Table, columns: &[PlannedColumn]) -> String {
    let mut print = Fingerprint::new("pseudo/plan/1");
    print.item(&pipeline.domain);
    print.sink(&pipeline.sink);
    print.limits(&pipeline.limits);
    print.table(table);
    print.count(columns.len());
    for column in columns {
        print.item(&column.source);
        print.item(&column.input.to_string());
        print.item(column.output.name());
        print.item(&column.output.data_type().to_string());
        print.item(if column.output.is_nullable() {
            "nullable"
        } else {
            ""
        });
        print.action(&column.action);
        print.item(column.kind.map_or("", |kind| kind.id()));
        print.item(column.on_invalid.name());
        print.optional(column.escrow.as_deref());
        let filtered = pipeline.sink.bloom_filter.contains(column.output.name());
        print.count(usize::from(filtered));
        print.count(usize::from(column.identity.is_some()));
        if let Some(identity) = &column.identity {
            print.identity(identity);
        }
        print.count(usize::from(column.subject.is_some()));
        if let Some(subject) = &column.subject {
            print.item(&subject.column);
            print.item(&subject.input.to_string());
            print.identity(&subject.identity);
        }
    }
    print.finish()
}

struct Fingerprint(Sha256);

impl Fingerprint {
    fn new(purpose: &str) -> Self {
        let mut print = Self(Sha256::new());
        print.item(purpose);
        print
    }

    fn item(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_be_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.count(usize::from(text.is_some()));
        self.item(text.unwrap_or_default());
    }

    fn texts(&mut self, texts: &[String]) {
        self.count(texts.len());
        for text in texts {
            self.item(text);
        }
    }

    fn sink(&mut self, sink: &Sink) {
        self.item(sink.compression.name());
        self.item(&sink.row_group_rows.to_string());
    }

    /// Memory bounds the slices, and they the files; the other limits bound what is published.
    fn limits(&mut self, limits: &Limits) {
        self.count(usize::from(limits.memory.is_some()));
        self.item(&limits.memory.unwrap_or_default().to_string());
    }

    /// A file without gates has the digest that it had before there were any.
    fn gates(&mut self, gates: &Gates) {
        self.item("gates");
        self.item(&gates.k.to_string());
        for columns in [&gates.quasi_identifiers, &gates.sensitive] {
            // the order of columns says nothing
            let mut columns = columns.clone();
            columns.sort_unstable();
            self.texts(&columns);
        }
        self.item(&gates.l.map_or_else(String::new, |l| l.to_string()));
        self.item(&gates.t.map_or_else(String::new, |t| t.to_string()));
        self.item(&gates.below_rate.to_string());
    }

    fn identity(&mut self, identity: &Identity) {
        self.item(&identity.name);
        self.item(identity.kind.id());
        self.count(usize::from(identity.blank.is_some()));
        self.texts(identity.blank.as_deref().unwrap_or_default());
    }

    /// How the rows of a table are found, read, chosen and ordered.
    fn table(&mut self, table: &Table) {
        self.item(&table.name);
        self.item(&table.template);
        self.item(table.format.map_or("", Format::name));
        self.optional(table.subject.as_deref());
        self.optional(table.filter.as_deref());
        self.item(table.order.name());
        self.item(if table.allow_empty { "allow-empty" } else { "" });
        self.count(table.types.len());
        for (column, column_type) in &table.types {
            self.item(column);
            self.item(&column_type.data_type().to_string());
        }
        self.0.update([
            table.csv.delimiter,
            table.csv.quote,
            u8::from(table.csv.header),
        ]);
        self.texts(&table.csv.null);
        self.item(table.csv.encoding.name());
    }

    fn rules(&mut self, table: &Table) {
        self.item(if table.unlisted_drop { "drop" } else { "" });
        let mut columns: Vec<_> = table.columns.iter().collect();
        columns.sort_by(|left, right| left.column.cmp(&right.column));
        self.count(columns.len());
        for column in columns {
            self.item(&column.column);
            self.count(column.rules.len());
            for rule in &column.rules {
                self.rule(rule);
            }
        }
    }

    fn rule(&mut self, rule: &Rule) {
        self.action(&rule.action);
        self.optional(rule.to.as_deref());
        self.item(rule.on_invalid.map_or("", OnInvalid::name));
        self.item(rule.kind.map_or("", |kind| kind.id()));
    }

    fn action(&mut self, action: &Action) {
        self.item(&action.toml());
        for text in action.texts() {
            self.item(text);
        }
    }

    fn finish(self) -> String {
        self.0
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
