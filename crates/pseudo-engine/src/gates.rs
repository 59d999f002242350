//! `[gates]`: what the classes of a run's output must hold before it is published. Whoever knows
//! SQL counts them ([`ClassCounter`]), here they are compared with what was asked for and put on
//! record. A gate that cannot be counted does not hold; a table without rows singles nobody out.
//!
//! All of a table's output is counted, that of source files which were not read again too. Runs
//! that are made of published ones are counted again where their files are new: `rekey` is held to
//! the gates as a run is, `forget` is not, for what it removes may not stay.

use std::path::{Path, PathBuf};

use pseudo_policy::{GateSet, Gates, Pipeline};
use serde::{Deserialize, Serialize};

use crate::manifest::{self, ColumnManifest, Manifest, TableManifest};
use crate::risk::{AttackerRisk, ClassCounter, ClassQuestion, Risks, SensitiveRisk, SetRisk, Unit};
use crate::{Cancel, Error, Result, publish};

/// What `[gates]` asks of a table, and what was counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassGate {
    /// The fewest members of a class.
    pub k: u64,
    /// The fewest distinct values of a sensitive column in a class, where it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l: Option<u64>,
    /// The largest distance of a sensitive column in a class from its table, where it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub t: Option<f64>,
    /// Share of the members that may be in classes smaller than `k`.
    pub below_rate: f64,
    /// What was counted.
    pub found: SetRisk,
}

/// Holds all of `tables`, whose files are below `directory`, to the gates of `pipeline`, and
/// records what was counted.
///
/// # Errors
/// [`Error::Gates`] with every gate of every table that does not hold.
pub(crate) fn check(
    directory: &Path,
    pipeline: &Pipeline,
    tables: &mut [TableManifest],
    counter: &dyn ClassCounter,
    cancel: &Cancel,
) -> Result<()> {
    // of a table that was taken over, what another pipeline asked
    tables.iter_mut().for_each(|table| table.classes = None);
    let Some(gates) = &pipeline.gates else {
        return Ok(());
    };
    let memory = memory(pipeline.limits.memory);
    let mut failures = Vec::new();
    for set in gates.sets() {
        cancel.check()?;
        let Some(table) = tables.iter_mut().find(|table| table.table == set.table) else {
            continue;
        };
        let policy = pipeline.table(set.table);
        let source = policy.and_then(|table| table.subject.as_deref());
        table.subject = subject(source, &table.columns);
        let asked = Asked::of(gates, &set);
        match asked.count(directory, table, counter, memory) {
            Ok(Some(gate)) => {
                failures.extend(gate.faults(set.table));
                table.classes = Some(gate);
            }
            Ok(None) => {}
            Err(reason) => failures.push(uncounted(set.table, &reason)),
        }
    }
    fail(failures)
}

/// Counts the classes of tables with a gate on record again, and records what is found. Answers
/// what does not hold. Of what cannot be counted nothing stays on record.
pub(crate) fn again<'t>(
    directory: &Path,
    tables: impl Iterator<Item = &'t mut TableManifest>,
    counter: &dyn ClassCounter,
    memory_bytes: Option<u64>,
) -> Vec<String> {
    let mut failures = Vec::new();
    for table in tables {
        let Some(before) = table.classes.take() else {
            continue;
        };
        let asked = Asked::again(&before);
        match asked.count(directory, table, counter, memory(memory_bytes)) {
            Ok(gate) => {
                failures.extend(gate.iter().flat_map(|gate| gate.faults(&table.table)));
                table.classes = gate;
            }
            Err(reason) => failures.push(uncounted(&table.table, &reason)),
        }
    }
    failures
}

/// Counts the classes of a published run of `sink` once more, where its manifest has gates, and
/// answers of how many tables it has.
///
/// # Errors
/// [`Error::Verify`] when the classes are others than the manifest says, [`Error::Gates`] with
/// every gate that does not hold, as after a `forget`.
pub fn verify_gates(
    sink: &Path,
    manifest: &Manifest,
    counter: &dyn ClassCounter,
    memory_bytes: Option<u64>,
) -> Result<usize> {
    let directory = publish::directory(sink, &manifest.run_id);
    let mut counted = manifest.tables.clone();
    let failures = again(&directory, counted.iter_mut(), counter, memory_bytes);
    for (before, now) in manifest.tables.iter().zip(&counted) {
        let classes = before.classes.as_ref().zip(now.classes.as_ref());
        if classes.is_some_and(|(before, now)| !before.found.is_of_the_classes(&now.found)) {
            let fault = format!("table `{}` has other classes than it says", before.table);
            let file = manifest::FILE.to_owned();
            return Err(Error::Verify { file, fault });
        }
    }
    fail(failures)?;
    let gates = manifest.tables.iter();
    Ok(gates.filter(|table| table.classes.is_some()).count())
}

/// The column of the output that holds the pseudonyms of a table's subject, if it has one; `source`
/// is the column of the source that says whom a row is about.
pub(crate) fn subject(source: Option<&str>, columns: &[ColumnManifest]) -> Option<String> {
    let is_subject = |column: &&ColumnManifest| {
        source == Some(column.source.as_str()) && column.identity.is_some()
    };
    columns
        .iter()
        .find(is_subject)
        .map(|column| column.column.clone())
}

/// What is asked of a table.
struct Asked {
    quasi_identifiers: Vec<String>,
    sensitive: Vec<String>,
    k: u64,
    l: Option<u64>,
    t: Option<f64>,
    below_rate: f64,
}

impl Asked {
    fn of(gates: &Gates, set: &GateSet<'_>) -> Self {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            quasi_identifiers: owned(&set.quasi_identifiers),
            sensitive: owned(&set.sensitive),
            k: gates.k.into(),
            l: gates.l.map(u64::from),
            t: gates.t,
            below_rate: gates.below_rate,
        }
    }

    fn again(gate: &ClassGate) -> Self {
        let sensitive = gate.found.sensitive.iter();
        Self {
            quasi_identifiers: gate.found.quasi_identifiers.clone(),
            sensitive: sensitive.map(|risk| risk.column.clone()).collect(),
            k: gate.k,
            l: gate.l,
            t: gate.t,
            below_rate: gate.below_rate,
        }
    }

    /// Asks for the classes of a table; none of a table without rows.
    fn count(
        &self,
        directory: &Path,
        table: &TableManifest,
        counter: &dyn ClassCounter,
        memory_bytes_max: usize,
    ) -> Result<Option<ClassGate>, String> {
        if table.published_rows == 0 {
            return Ok(None);
        }
        let is_written = |name: &&String| table.columns.iter().any(|c| c.column == **name);
        let mut names = self.quasi_identifiers.iter().chain(&self.sensitive);
        if let Some(name) = names.find(|name| !is_written(name)) {
            return Err(format!("its output has no column `{name}`"));
        }
        let outputs = table.outputs.iter();
        let files: Vec<PathBuf> = outputs.map(|output| directory.join(&output.path)).collect();
        let mut found = counter.count(&ClassQuestion {
            files: &files,
            quasi_identifiers: &self.quasi_identifiers,
            subject: table.subject.as_deref(),
            sensitive: &self.sensitive,
            k: self.k,
            memory_bytes_max,
        })?;
        let columns = found.sensitive.iter().map(|risk| &risk.column);
        if found.k_wanted != self.k || !columns.eq(&self.sensitive) {
            return Err("the answer is to another question".to_owned());
        }
        if found.members == 0 {
            return Err("no row of it says whom it is about".to_owned());
        }
        found.round()?;
        Ok(Some(ClassGate {
            k: self.k,
            l: self.l,
            t: self.t,
            below_rate: self.below_rate,
            found,
        }))
    }
}

impl ClassGate {
    /// What does not hold of `table`: columns, what was found and what is wanted of each.
    #[must_use]
    pub fn faults(&self, table: &str) -> Vec<String> {
        let columns: Vec<String> = self.found.quasi_identifiers.iter().map(quoted).collect();
        let place = format!("table `{table}`, columns {}", columns.join(", "));
        let mut faults = Vec::new();
        faults.extend(
            self.small_classes()
                .map(|fault| format!("{place}: {fault}")),
        );
        for risk in &self.found.sensitive {
            let place = format!("{place}, sensitive `{}`", risk.column);
            let told = [self.little_diversity(risk), self.far_from_table(risk)];
            let told = told.into_iter().flatten();
            faults.extend(told.map(|fault| format!("{place}: {fault}")));
        }
        faults
    }

    fn small_classes(&self) -> Option<String> {
        let SetRisk {
            k, below, members, ..
        } = self.found;
        let share = below as f64 / members as f64;
        let exceeds = share > self.below_rate || members == 0;
        exceeds.then(|| {
            let (wanted, members) = (self.k, self.members());
            let allowed = match self.below_rate > 0.0 {
                true => format!(
                    ", a share of {share}; `below_rate` allows {}",
                    self.below_rate
                ),
                false => String::new(),
            };
            format!(
                "k = {k} where {wanted} is wanted; {below} of {members} are in classes smaller \
                 than that{allowed}"
            )
        })
    }

    fn little_diversity(&self, risk: &SensitiveRisk) -> Option<String> {
        let wanted = self.l?;
        let SensitiveRisk {
            l_distinct,
            disclosed,
            ..
        } = risk;
        (*l_distinct < wanted).then(|| {
            let members = self.members();
            format!(
                "l = {l_distinct} where {wanted} is wanted; {disclosed} of {members} are in \
                 classes that all share one value"
            )
        })
    }

    fn far_from_table(&self, risk: &SensitiveRisk) -> Option<String> {
        let wanted = self.t?;
        let holds = risk.t <= wanted;
        (!holds).then(|| format!("t = {} where {wanted} is the most", risk.t))
    }

    fn members(&self) -> String {
        let unit = match self.found.unit {
            Unit::Rows => "rows",
            Unit::Subjects => "subjects",
        };
        format!("{} {unit}", self.found.members)
    }
}

impl SetRisk {
    /// Rounds what is no count, so that the order of sums decides neither a gate nor a manifest.
    fn round(&mut self) -> Result<(), String> {
        let Risks {
            prosecutor,
            journalist,
            marketer,
        } = &mut self.risks;
        let mut numbers = vec![marketer];
        for attacker in [prosecutor, journalist] {
            let AttackerRisk {
                highest,
                average,
                at_risk,
            } = attacker;
            numbers.extend([highest, average, at_risk]);
        }
        for risk in &mut self.sensitive {
            numbers.extend([&mut risk.l_entropy, &mut risk.t]);
        }
        for number in numbers {
            if !number.is_finite() {
                return Err("the answer holds what is no number".to_owned());
            }
            *number = (*number * DIGITS).round() / DIGITS;
        }
        Ok(())
    }

    /// Whether the classes of both are the same; what follows from them is not compared, for sums
    /// of fractions may end in other digits.
    fn is_of_the_classes(&self, other: &Self) -> bool {
        let counts = |risk: &Self| (risk.members, risk.classes, risk.k, risk.unique, risk.below);
        let values = |risk: &Self| {
            let sensitive = risk.sensitive.iter();
            let values = sensitive.map(|one| (one.column.clone(), one.l_distinct, one.disclosed));
            values.collect::<Vec<_>>()
        };
        self.unit == other.unit
            && counts(self) == counts(other)
            && self.sizes == other.sizes
            && values(self) == values(other)
    }
}

fn fail(failures: Vec<String>) -> Result<()> {
    if failures.is_empty() {
        return Ok(());
    }
    Err(Error::Gates { failures })
}

fn uncounted(table: &str, reason: &str) -> String {
    format!("table `{table}`: its classes cannot be counted: {reason}")
}

fn quoted(name: &String) -> String {
    format!("`{name}`")
}

fn memory(limit: Option<u64>) -> usize {
    limit.map_or(MEMORY, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// Nine digits after the point.
const DIGITS: f64 = 1e9;
/// What a count may hold where the pipeline sets no limit.
const MEMORY: usize = 1 << 30;
