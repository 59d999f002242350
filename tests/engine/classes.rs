//! A counter of equivalence classes that needs no SQL: all rows as text, in memory, by the words of
//! `risk.rs`. It is slow and plain, so that it can be read as the definition.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pseudo_engine::risk::{
    AttackerRisk, ClassCounter, ClassQuestion, Risks, SensitiveRisk, SetRisk, SizeBand, Unit,
};

type Cell = Option<String>;

/// Rows of the columns of a question.
struct Row {
    class: Vec<Cell>,
    subject: Cell,
    sensitive: Vec<Cell>,
}

/// Counts in memory.
pub(crate) struct Naive;

impl ClassCounter for Naive {
    fn count(&self, question: &ClassQuestion<'_>) -> Result<SetRisk, String> {
        let mut rows = Vec::new();
        for file in question.files {
            read(file, question, &mut rows);
        }
        let mut classes: HashMap<&[Cell], Vec<&Row>> = HashMap::new();
        for row in &rows {
            classes.entry(&row.class).or_default().push(row);
        }
        let members = |class: &Vec<&Row>| match question.subject {
            None => class.len() as u64,
            Some(_) => {
                // a subject that is NULL is one subject
                let subjects = class.iter().map(|row| &row.subject);
                subjects.collect::<BTreeSet<_>>().len() as u64
            }
        };
        let sized: Vec<(u64, &Vec<&Row>)> = classes.values().map(|c| (members(c), c)).collect();
        let sizes: Vec<u64> = sized.iter().map(|(size, _)| *size).collect();
        let small = |least: u64| sizes.iter().filter(|size| **size < least).sum();
        let (all, below) = (sizes.iter().sum(), small(question.k));
        let k = sizes.iter().min().copied().unwrap_or(0);
        let sensitive = question.sensitive.iter().enumerate();
        Ok(SetRisk {
            quasi_identifiers: question.quasi_identifiers.to_vec(),
            unit: question.subject.map_or(Unit::Rows, |_| Unit::Subjects),
            members: all,
            classes: sizes.len() as u64,
            k,
            unique: sizes.iter().filter(|size| **size == 1).count() as u64,
            k_wanted: question.k,
            below,
            sizes: bands(&sizes),
            risks: risks(k, sizes.len(), all, below),
            sensitive: sensitive
                .map(|(at, column)| sensitive_risk(at, column, &sized, &rows))
                .collect(),
        })
    }
}

fn read(file: &Path, question: &ClassQuestion<'_>, rows: &mut Vec<Row>) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap());
    for batch in reader.unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let take = |names: &[String]| -> Vec<Vec<Cell>> {
            names.iter().map(|name| cells(&batch, name)).collect()
        };
        let (classes, sensitive) = (take(question.quasi_identifiers), take(question.sensitive));
        let subjects = question.subject.map(|subject| cells(&batch, subject));
        for row in 0..batch.num_rows() {
            let of = |columns: &[Vec<Cell>]| columns.iter().map(|c| c[row].clone()).collect();
            rows.push(Row {
                class: of(&classes),
                subject: subjects.as_ref().and_then(|cells| cells[row].clone()),
                sensitive: of(&sensitive),
            });
        }
    }
}

fn cells(batch: &RecordBatch, name: &str) -> Vec<Cell> {
    let column = batch.column_by_name(name).unwrap();
    let options = FormatOptions::default();
    let format = ArrayFormatter::try_new(column, &options).unwrap();
    let cell = |row| (!column.is_null(row)).then(|| format.value(row).to_string());
    (0..column.len()).map(cell).collect()
}

/// One band for each size that there is.
fn bands(sizes: &[u64]) -> Vec<SizeBand> {
    let mut bands: BTreeMap<u64, u64> = BTreeMap::new();
    for size in sizes {
        *bands.entry(*size).or_default() += 1;
    }
    let band = |(size, classes): (u64, u64)| SizeBand {
        from: size,
        to: size,
        classes,
        members: size * classes,
    };
    bands.into_iter().map(band).collect()
}

fn risks(k: u64, classes: usize, members: u64, below: u64) -> Risks {
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let average = share(classes as f64, members as f64);
    let attacker = AttackerRisk {
        highest: share(1.0, k as f64),
        average,
        at_risk: share(below as f64, members as f64),
    };
    Risks {
        prosecutor: attacker,
        journalist: attacker,
        marketer: average,
    }
}

/// Of values without an order: half the sum of the differences of shares is `t`.
fn sensitive_risk(
    at: usize,
    column: &str,
    classes: &[(u64, &Vec<&Row>)],
    rows: &[Row],
) -> SensitiveRisk {
    let whole = shares(rows.iter().map(|row| &row.sensitive[at]));
    let mut risk = SensitiveRisk {
        column: column.to_owned(),
        l_distinct: u64::MAX,
        l_entropy: f64::INFINITY,
        t: 0.0,
        ordered: false,
        disclosed: 0,
    };
    for (members, class) in classes {
        let own = shares(class.iter().map(|row| &row.sensitive[at]));
        risk.l_distinct = risk.l_distinct.min(own.len() as u64);
        let entropy: f64 = own.values().map(|share| -share * share.ln()).sum();
        risk.l_entropy = risk.l_entropy.min(entropy.exp());
        let far = |(value, share): (&&Cell, &f64)| (share - own.get(value).unwrap_or(&0.0)).abs();
        risk.t = risk.t.max(whole.iter().map(far).sum::<f64>() / 2.0);
        if own.len() == 1 {
            risk.disclosed += members;
        }
    }
    risk
}

fn shares<'r>(cells: impl Iterator<Item = &'r Cell>) -> BTreeMap<&'r Cell, f64> {
    let (mut counts, mut all) = (BTreeMap::new(), 0.0);
    for cell in cells {
        *counts.entry(cell).or_insert(0.0) += 1.0;
        all += 1.0;
    }
    counts.values_mut().for_each(|count| *count /= all);
    counts
}
