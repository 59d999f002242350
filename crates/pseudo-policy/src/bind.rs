//! Binding: a table of the policy meets the schema of its source. Default deny: every column has a
//! rule or the table is refused, and every rule fits its column or the table is refused.

use std::collections::{BTreeMap, BTreeSet};

use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, Schema};
use pseudo_pii::Kind;

use crate::absent::NESTED;
use crate::action::{Action, Part, TokenEncoding};
use crate::column::{ColumnRules, OnInvalid, Rule, drop_hint};
use crate::hash;
use crate::legal::{self, Misfit};
use crate::near::nearest;
use crate::pipeline::Pipeline;
use crate::plan::{PlannedColumn, Subject, TablePlan, UUID};
use crate::reader::{shown, toml_key, toml_text};
use crate::refusal::{Fault, Refusal, Violation};
use crate::table::Table;

impl Pipeline {
    /// Binds a table of the pipeline to the schema of its source.
    ///
    /// # Errors
    /// Refuses a policy that does not decide every column, or that decides what cannot be done,
    /// naming all there is to say.
    pub fn bind(&self, table: &Table, schema: &Schema) -> Result<TablePlan, Refusal> {
        let mut binder = Binder::new(self, table, schema);
        binder.check_duplicates();
        binder.check_named_columns();
        for (index, field) in schema.fields().iter().enumerate() {
            if !binder.duplicates.contains(field.name().as_str()) {
                binder.column(index, field);
            }
        }
        binder.check_bloom_filter();
        binder.finish()
    }
}

struct Binder<'a> {
    pipeline: &'a Pipeline,
    table: &'a Table,
    schema: &'a Schema,
    place: String,
    /// Names that more than one column of the source has.
    duplicates: BTreeSet<&'a str>,
    exact: BTreeMap<&'a str, &'a ColumnRules>,
    columns: Vec<PlannedColumn>,
    dropped: Vec<String>,
    violations: Vec<Violation>,
    warnings: Vec<Violation>,
}

impl<'a> Binder<'a> {
    fn new(pipeline: &'a Pipeline, table: &'a Table, schema: &'a Schema) -> Self {
        let mut names = BTreeSet::new();
        let fields = schema.fields().iter().map(|field| field.name().as_str());
        let duplicates = fields.filter(|name| !names.insert(*name)).collect();
        let exact = table
            .columns
            .iter()
            .map(|rules| (rules.column.as_str(), rules))
            .collect();
        Self {
            pipeline,
            table,
            schema,
            place: table.columns_place(),
            duplicates,
            exact,
            columns: Vec::new(),
            dropped: Vec::new(),
            violations: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn violation(
        &self,
        fault: Fault,
        spot: (usize, usize),
        message: String,
        hint: Option<String>,
    ) -> Violation {
        let (line, column) = spot;
        let (file, place) = (self.pipeline.file.clone(), self.place.clone());
        Violation {
            fault,
            file,
            line,
            column,
            place,
            message,
            hint,
        }
    }

    fn refuse(&mut self, fault: Fault, spot: (usize, usize), message: String, hint: String) {
        let violation = self.violation(fault, spot, message, Some(hint));
        self.violations.push(violation);
    }

    fn header(&self) -> (usize, usize) {
        (self.table.columns_line, self.table.columns_line_column)
    }

    fn check_duplicates(&mut self) {
        for name in self.duplicates.clone() {
            let message = format!("the source has more than one column `{}`", shown(name));
            let spot = self
                .exact
                .get(name)
                .map_or(self.header(), |rules| rules.spot());
            let hint = "give the columns of the source names of their own".to_owned();
            self.refuse(Fault::DuplicateColumn, spot, message, hint);
        }
    }

    /// Refuses rules and a subject for columns that are not there.
    fn check_named_columns(&mut self) {
        let names: Vec<&str> = self
            .schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        for rules in &self.table.columns {
            let found = names.contains(&rules.column.as_str());
            let matched = rules
                .prefix()
                .is_some_and(|prefix| names.iter().any(|name| name.starts_with(prefix)));
            if !found && !matched {
                self.no_such_column(rules, &names);
            }
        }
        let subject = self.table.subject.as_deref();
        let Some(subject) = subject.filter(|subject| !names.contains(subject)) else {
            return;
        };
        let message = format!(
            "`subject` names a column that the source does not have: `{}`",
            shown(subject)
        );
        let hint = match nearest(subject, names) {
            Some(name) => format!("did you mean\nsubject = {}", toml_text(name)),
            None => "leave `subject` out, or name a column of the source".to_owned(),
        };
        let spot = (self.table.line, self.table.line_column);
        let violation = self.violation(Fault::NoSuchColumn, spot, message, Some(hint));
        self.violations.push(Violation {
            place: self.table.place(),
            ..violation
        });
    }

    fn no_such_column(&mut self, rules: &ColumnRules, names: &[&str]) {
        let column = rules.column.as_str();
        let parent = column.split_once('.').and_then(|(parent, _)| {
            self.schema
                .fields()
                .iter()
                .find(|field| field.name() == parent)
        });
        if let Some(parent) = parent.filter(|parent| parent.data_type().is_nested()) {
            let hint = drop_hint(parent.name());
            self.refuse(Fault::NotInThisBuild, rules.spot(), NESTED.to_owned(), hint);
            return;
        }
        if rules.prefix().is_some() {
            let message = format!(
                "pattern `{}` matches no column of the source",
                shown(column)
            );
            let hint = "leave the rule out".to_owned();
            self.refuse(Fault::NoSuchColumn, rules.spot(), message, hint);
            return;
        }
        let message = format!("the source has no column `{}`", shown(column));
        let free = names
            .iter()
            .copied()
            .filter(|name| !self.exact.contains_key(name));
        let near = nearest(column, free).or_else(|| nearest(column, names.iter().copied()));
        let hint = match near {
            Some(name) => format!(
                "did you mean\n{}",
                line_of(name, &rules.rules.iter().collect::<Vec<_>>())
            ),
            None => "leave the rule out".to_owned(),
        };
        self.refuse(Fault::NoSuchColumn, rules.spot(), message, hint);
    }

    /// Finds the one rule of a column.
    fn column(&mut self, index: usize, field: &Field) {
        let name = field.name().as_str();
        if let Some(rules) = self.exact.get(name).copied() {
            self.rules(index, field, rules);
            return;
        }
        let table = self.table;
        let matches = |rules: &&ColumnRules| {
            rules
                .prefix()
                .is_some_and(|prefix| name.starts_with(prefix))
        };
        let mut patterns = table.columns.iter().filter(matches);
        match (patterns.next(), patterns.next()) {
            (Some(_), Some(second)) => {
                let message = format!("two patterns match column `{}`", shown(name));
                self.refuse(Fault::TwoPatterns, second.spot(), message, drop_hint(name));
            }
            (Some(rules), None) => self.rules(index, field, rules),
            (None, _) if table.unlisted_drop => self.dropped.push(name.to_owned()),
            (None, _) => {
                let message = format!("column `{}` has no rule", shown(name));
                self.refuse(Fault::NoRule, self.header(), message, drop_hint(name));
            }
        }
    }

    fn rules(&mut self, index: usize, field: &Field, rules: &ColumnRules) {
        let is = |wanted: fn(&Action) -> bool| rules.rules.iter().find(|rule| wanted(&rule.action));
        let kind = rules.rules.iter().find_map(|rule| self.identity_kind(rule));
        if let (Some(mask), Some(_)) = (
            is(|action| matches!(action, Action::Mask { .. })),
            is(|action| matches!(action, Action::Token { .. })),
        ) {
            self.mask_beside_token(field.name(), mask);
        }
        for rule in &rules.rules {
            match rule.action {
                Action::Drop => self.dropped.push(field.name().clone()),
                Action::Escrow(_) => self.escrow(field, rules, rule, kind),
                _ => self.rule(index, field, rules, rule, kind),
            }
        }
    }

    /// Refuses an `escrow` of cells that have no text.
    fn escrow(&mut self, field: &Field, rules: &ColumnRules, rule: &Rule, kind: Option<Kind>) {
        if let Err(misfit) = legal::output(&rule.action, kind, field.data_type()) {
            self.misfit(field, rules, rule, misfit);
        }
    }

    fn identity_kind(&self, rule: &Rule) -> Option<Kind> {
        let name = rule.action.identity()?;
        self.pipeline
            .identities
            .get(name)
            .map(|identity| identity.kind)
    }

    /// Plans one rule; `column_kind` is that of the column's identity.
    fn rule(
        &mut self,
        index: usize,
        field: &Field,
        rules: &ColumnRules,
        rule: &Rule,
        column_kind: Option<Kind>,
    ) {
        let name = rule.action.identity();
        let identity = name.and_then(|name| self.pipeline.identities.get(name));
        if let (Some(name), None) = (name, identity) {
            let message = format!("identity `{}` is not declared", shown(name));
            self.refuse(
                Fault::UnknownIdentity,
                rule.spot(),
                message,
                drop_hint(field.name()),
            );
            return;
        }
        let kind = match rule.action {
            // What every text has is the same under every kind.
            Action::Derive(Part::Length) => None,
            _ => identity
                .map(|identity| identity.kind)
                .or(rule.kind)
                .or(column_kind),
        };
        let fits = legal::output(&rule.action, kind, field.data_type());
        let fits = match (rule.kind, column_kind) {
            (Some(said), Some(known)) if said != known => fits.and(Err(Misfit {
                fault: Fault::KindMismatch,
                reason: format!(
                    "the rule says kind `{}`, and the identity of the column is of kind `{}`",
                    said.name(),
                    known.name()
                ),
                kind: None,
            })),
            _ => fits,
        };
        let output = match fits {
            Ok(output) => output,
            Err(misfit) => return self.misfit(field, rules, rule, misfit),
        };
        let subject = match self.subject(&rule.action) {
            Ok(subject) => subject,
            Err(Some(misfit)) => return self.misfit(field, rules, rule, misfit),
            Err(None) => return,
        };
        let on_invalid = rule
            .on_invalid
            .unwrap_or(match rule.action.takes_invalid() {
                true => OnInvalid::Token,
                false => OnInvalid::Null,
            });
        self.columns.push(PlannedColumn {
            source: field.name().clone(),
            source_index: index,
            input: field.data_type().clone(),
            output: output_field(field, rule, output),
            action: rule.action.clone(),
            identity: identity.cloned(),
            subject,
            kind,
            on_invalid,
            escrow: rules
                .escrow()
                .filter(|_| rule.action.takes_escrow())
                .map(str::to_owned),
        });
    }

    /// The subject of an action that moves rows by theirs; an error without a misfit is told
    /// elsewhere.
    fn subject(&self, action: &Action) -> Result<Option<Subject>, Option<Misfit>> {
        if !matches!(action, Action::Shift { .. }) {
            return Ok(None);
        }
        let needs = |reason: String| {
            Some(Misfit {
                fault: Fault::NeedsSubject,
                reason,
                kind: None,
            })
        };
        let Some(subject) = self.table.subject.as_deref() else {
            let reason = "`shift` needs the `subject` of the table, and none is named";
            return Err(needs(reason.to_owned()));
        };
        let (source_index, field) = self.schema.column_with_name(subject).ok_or(None)?;
        let rules = self.exact.get(subject).map(|rules| rules.rules.as_slice());
        if rules.is_some_and(<[Rule]>::is_empty) {
            return Err(None);
        }
        let names: BTreeSet<&str> = rules
            .unwrap_or_default()
            .iter()
            .filter_map(|rule| rule.action.identity())
            .collect();
        let has = |count: &str| {
            let subject = shown(subject);
            needs(format!(
                "`shift` needs one identity of the subject, and `{subject}` has {count}"
            ))
        };
        let mut names = names.into_iter();
        let name = match (names.next(), names.next()) {
            (Some(name), None) => name,
            (None, _) => return Err(has("none")),
            (Some(_), Some(_)) => return Err(has("several")),
        };
        let identity = self.pipeline.identities.get(name).ok_or(None)?;
        Ok(Some(Subject {
            column: subject.to_owned(),
            source_index,
            input: field.data_type().clone(),
            identity: identity.clone(),
        }))
    }

    fn misfit(&mut self, field: &Field, rules: &ColumnRules, rule: &Rule, misfit: Misfit) {
        let name = field.name();
        let message = match misfit.fault {
            Fault::TypeNotTaken => format!(
                "column `{}` is {}: {}",
                shown(name),
                shown(&field.data_type().to_string()),
                misfit.reason
            ),
            _ => format!("column `{}`: {}", shown(name), misfit.reason),
        };
        let hint = match misfit.kind {
            Some(kind) => {
                let known = Rule {
                    kind: Some(kind),
                    ..rule.clone()
                };
                let line = rules.line_with(name, rule, Some(&known));
                format!("say the kind, here or with an identity\n{line}")
            }
            None => format!(
                "decide it, for instance\n{}",
                rules.line_with(name, rule, None)
            ),
        };
        self.refuse(misfit.fault, rule.spot(), message, hint);
    }

    fn mask_beside_token(&mut self, column: &str, mask: &Rule) {
        let message = format!(
            "column `{}` has a mask beside its token, which helps to guess the value",
            shown(column)
        );
        let hint = "leave the mask out, or move it to a table of another domain".to_owned();
        let warning = self.violation(Fault::MaskBesideToken, mask.spot(), message, Some(hint));
        self.warnings.push(warning);
    }

    /// Refuses Bloom filters of columns whose type they do not serve.
    fn check_bloom_filter(&mut self) {
        let (sink, spots) = (&self.pipeline.sink, &self.pipeline.spots);
        for (name, spot) in sink.bloom_filter.iter().zip(&spots.bloom_filter) {
            let mut columns = self.columns.iter().map(|column| &column.output);
            let Some(output) = columns.find(|output| output.name() == name) else {
                continue;
            };
            if legal::bloom_filter(output.data_type()) {
                continue;
            }
            let message = format!(
                "column `{}` of table `{}` is written as {}: `bloom_filter` takes text, integers \
                 and bytes",
                shown(name),
                shown(&self.table.name),
                shown(&output.data_type().to_string())
            );
            let hint = Some("leave it out of `bloom_filter`".to_owned());
            let spot = (spot.line, spot.column);
            let violation = self.violation(Fault::TypeNotTaken, spot, message, hint);
            self.violations.push(Violation {
                place: "table [sink]".to_owned(),
                ..violation
            });
        }
    }

    fn finish(mut self) -> Result<TablePlan, Refusal> {
        if self.columns.is_empty() && self.violations.is_empty() {
            let message = format!("nothing of table `{}` is written", shown(&self.table.name));
            let hint = "leave the table out, or give a column a rule other than `drop`".to_owned();
            self.refuse(Fault::NothingWritten, self.header(), message, hint);
        }
        if !self.violations.is_empty() {
            return Err(Refusal::new(self.violations));
        }
        Ok(TablePlan {
            table: self.table.name.clone(),
            hash: hash::plan(self.pipeline, self.table, &self.columns),
            columns: self.columns,
            dropped: self.dropped,
            filter: self.table.filter.clone(),
            subject: self.table.subject.clone(),
            order: self.table.order,
            warnings: self.warnings,
        })
    }
}

impl ColumnRules {
    fn spot(&self) -> (usize, usize) {
        (self.line, self.line_column)
    }

    /// The rules, ready to paste, with another rule or none in the place of one of them.
    fn line_with(&self, column: &str, old: &Rule, new: Option<&Rule>) -> String {
        let kept = |rule| if rule == old { new } else { Some(rule) };
        line_of(
            column,
            &self.rules.iter().filter_map(kept).collect::<Vec<_>>(),
        )
    }
}

/// Rules as a line of a pipeline file.
fn line_of(column: &str, rules: &[&Rule]) -> String {
    let line = |rule: &Rule| rule.line_with(column, rule.to.as_deref());
    let start = format!("{} = ", toml_key(column));
    match rules {
        [] => format!("{start}\"drop\""),
        [rule] => line(rule),
        rules => {
            let tail = |rule: &&Rule| line(rule).strip_prefix(&start).map(str::to_owned);
            let fields: Vec<String> = rules.iter().filter_map(tail).collect();
            format!("{start}[ {} ]", fields.join(", "))
        }
    }
}

impl Rule {
    fn spot(&self) -> (usize, usize) {
        (self.line, self.line_column)
    }
}

/// The field that a rule writes: the name of the policy, the type of the action, nothing of the
/// source's metadata.
fn output_field(field: &Field, rule: &Rule, output: DataType) -> Field {
    let nullable = field.is_nullable() || !matches!(rule.action, Action::Keep);
    let written = Field::new(rule.output(field.name()), output, nullable);
    match &rule.action {
        Action::Token {
            encoding: TokenEncoding::Uuid,
            ..
        } => written.with_metadata([(EXTENSION_TYPE_NAME_KEY.to_owned(), UUID.to_owned())].into()),
        _ => written,
    }
}
