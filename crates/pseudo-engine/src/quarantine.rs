//! Quarantine: rows with a value that a rule with `on_invalid = "quarantine"` does not accept leave
//! the table before anything else is made of them. A [`Screen`] says which rows those are; [`Held`]
//! keeps what a chunk left out: a record of where each row stood and why, staged beside the output,
//! and the rows themselves in the [`Vault`], sealed to a recipient and never in clear. The rows of
//! forgotten subjects have left before, and of them nothing is kept but their number.

mod cells;
mod vault;

use std::fmt::Write as _;
use std::io::Write as _;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use pseudo_arrow::{Error as KernelError, Kernel, Outcome};
use pseudo_pii::Kind;
use pseudo_policy::{Action, OnInvalid, PlannedColumn};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use self::cells::Cells;
use self::vault::Spool;
pub(crate) use self::vault::{Vault, recover};
use crate::chunk::Chunk;
use crate::forgotten::Forgotten;
use crate::inputs::Inputs;
use crate::kernels::{self, Context};
use crate::manifest::RecordManifest;
use crate::plan::TableJob;
use crate::source::{Slice, SourceFile};
use crate::staging::{Staged, StagedFile, Staging};
use crate::{Error, Result};

/// The directory of the records within a run.
pub(crate) const DIRECTORY: &str = "quarantine";

/// The rules of one table that put rows into quarantine.
pub(crate) struct Screen {
    rules: Vec<Rule>,
    /// Rows that leave before, and are not kept anywhere.
    forgotten: Option<Forgotten>,
}

struct Rule {
    /// Position of its column in the output.
    output: usize,
    source: String,
    source_index: usize,
    subject_index: Option<usize>,
    kernel: Kernel,
    reason: String,
}

impl Screen {
    /// Binds the rules to keys.
    pub(crate) fn new(bound: &TableJob, context: &Context<'_>) -> Result<Self> {
        let inputs = Inputs::of_rules(bound);
        let rule = |(output, column): (usize, &PlannedColumn)| {
            Ok(Rule {
                output,
                source: column.source.clone(),
                source_index: column.source_index,
                subject_index: column.subject.as_ref().map(|subject| subject.source_index),
                kernel: kernels::kernel(column, context, &inputs)?,
                reason: reason(column),
            })
        };
        let rules = bound.plan.columns.iter().enumerate().filter(leaves_out);
        Ok(Self {
            rules: rules.map(rule).collect::<Result<_>>()?,
            forgotten: None,
        })
    }

    /// The same, behind which the rows of forgotten subjects have left.
    pub(crate) fn behind(self, forgotten: Option<Forgotten>) -> Self {
        Self { forgotten, ..self }
    }

    /// The source columns that are read.
    pub(crate) fn columns(&self) -> impl Iterator<Item = usize> {
        let columns = |rule: &Rule| [Some(rule.source_index), rule.subject_index];
        let forgotten = self.forgotten.as_ref().map(Forgotten::column);
        let rules = self.rules.iter().flat_map(columns).flatten();
        rules.chain(forgotten)
    }

    /// Which rows of `batch`, whose columns are the source columns `read`, ascending, are not those
    /// of forgotten subjects. None where all of them are not.
    pub(crate) fn remembers(
        &self,
        read: &[usize],
        batch: &RecordBatch,
    ) -> Result<Option<BooleanArray>> {
        let forgotten = self.forgotten.as_ref();
        forgotten.map_or(Ok(None), |forgotten| forgotten.stays(read, batch))
    }

    /// Judges the rows of `batch`, whose columns are the source columns `read`, ascending. None
    /// where all of them stay.
    pub(crate) fn judge(
        &self,
        path: &str,
        read: &[usize],
        batch: &RecordBatch,
    ) -> Result<Option<Judgement>> {
        if self.rules.is_empty() {
            return Ok(None);
        }
        let array = |index: usize| {
            let position = read.binary_search(&index).ok();
            let array = position.and_then(|position| batch.columns().get(position));
            array.ok_or_else(|| Error::Internal("a quarantine rule without its column".to_owned()))
        };
        let marks = |rule: &Rule| {
            let subject = rule.subject_index.map(array).transpose()?;
            let subject = subject.map(AsRef::as_ref);
            let refused = rule.kernel.refused(array(rule.source_index)?, subject);
            refused.map_err(|error| fault(path, rule, &error))
        };
        let marks: Vec<_> = self.rules.par_iter().map(marks).collect();
        let marks: Vec<_> = marks.into_iter().collect::<Result<_>>()?;
        if marks.iter().all(Option::is_none) {
            return Ok(None);
        }
        let marked = |row: usize| marks.iter().flatten().any(|marks| marks.value(row));
        let stays = (0..batch.num_rows())
            .map(|row| Some(!marked(row)))
            .collect();
        Ok(Some(Judgement { stays, marks }))
    }
}

/// Whether the rule of a column puts rows into quarantine.
fn leaves_out((_, column): &(usize, &PlannedColumn)) -> bool {
    column.on_invalid == OnInvalid::Quarantine
}

/// The reason code of a rule: what its values are not, or what could not be done with them.
fn reason(column: &PlannedColumn) -> String {
    let identity = column.identity.as_ref().map(|identity| identity.kind);
    let what = match &column.action {
        Action::Fpe { .. } => "fpe",
        Action::Map { .. } => "map-entry",
        Action::Band(_) | Action::Round(_) | Action::Geo { .. } => "number",
        Action::Token { .. } | Action::Seal { .. } => identity.map_or("value", Kind::name),
        _ if column.input.is_temporal() => "date",
        Action::Derive(part) => column.kind.or(part.kind()).map_or("value", Kind::name),
        _ => column.kind.unwrap_or(Kind::CnResidentId).name(),
    };
    format!("invalid-{what}")
}

fn fault(path: &str, rule: &Rule, error: &KernelError) -> Error {
    match error {
        KernelError::TooLarge => Error::Source {
            file: path.to_owned(),
            row: None,
            column: Some(rule.source.clone()),
            fault: error.to_string(),
        },
        _ => Error::Internal(format!("column `{}`: {error}", rule.source)),
    }
}

/// What a screen says of a batch.
pub(crate) struct Judgement {
    stays: BooleanArray,
    /// By rule, the rows that it refuses; none where it refuses none.
    marks: Vec<Option<BooleanArray>>,
}

impl Judgement {
    /// The rows that stay.
    pub(crate) fn keep(&self, path: &str, batch: &RecordBatch) -> Result<RecordBatch> {
        filter_record_batch(batch, &self.stays).map_err(|error| Error::reading_arrow(path, &error))
    }
}

/// What one chunk leaves out. Files are begun with the first such row.
pub(crate) struct Held<'a> {
    screen: &'a Screen,
    bound: &'a TableJob,
    /// The number of the chunk within the table.
    chunk: usize,
    staging: &'a Staging,
    vault: Option<&'a Vault>,
    open: Option<Open>,
    rows: u64,
    lines: u64,
    /// Rows of forgotten subjects.
    pub(crate) forgotten: u64,
}

struct Open {
    /// The number, from 1, of the first row of the slice within its file.
    first: u64,
    record: StagedFile,
    spool: Option<Spool>,
}

impl<'a> Held<'a> {
    pub(crate) fn new(
        screen: &'a Screen,
        bound: &'a TableJob,
        chunk: &Chunk,
        staging: &'a Staging,
        vault: Option<&'a Vault>,
    ) -> Self {
        Self {
            screen,
            bound,
            chunk: chunk.number,
            staging,
            vault,
            open: None,
            rows: 0,
            lines: 0,
            forgotten: 0,
        }
    }

    /// Takes rows out of a batch of `slice`, where row *i* of it stood at `rows[i]`, and answers
    /// those that stay. What is taken is counted in `outcomes`, one for each output column.
    pub(crate) fn take(
        &mut self,
        (source, slice): (&SourceFile, &Slice),
        mut batch: RecordBatch,
        mut rows: Vec<u32>,
        outcomes: &mut [Outcome],
    ) -> Result<(RecordBatch, Vec<u32>)> {
        if let Some(stays) = self.screen.remembers(&self.bound.read, &batch)? {
            self.forgotten += (stays.len() - stays.true_count()) as u64;
            let mut kept = stays.values().iter();
            rows.retain(|_| kept.next().unwrap_or_default());
            batch = filter_record_batch(&batch, &stays)
                .map_err(|error| Error::reading_arrow(&source.path, &error))?;
        }
        let judged = self.screen.judge(&source.path, &self.bound.read, &batch)?;
        let Some(judged) = judged else {
            return Ok((batch, rows));
        };
        for (rule, marks) in self.screen.rules.iter().zip(&judged.marks) {
            if let (Some(outcome), Some(marks)) = (outcomes.get_mut(rule.output), marks) {
                outcome.quarantined += marks.true_count() as u64;
            }
        }
        self.write((source, slice), &batch, &rows, &judged)?;
        let stays = judged.stays.values().iter();
        let kept = rows.iter().zip(stays).filter(|(_, stays)| *stays);
        let kept = kept.map(|(row, _)| *row).collect();
        Ok((judged.keep(&source.path, &batch)?, kept))
    }

    /// Writes the record of the rows that do not stay, and the rows where there is a vault.
    fn write(
        &mut self,
        (source, slice): (&SourceFile, &Slice),
        batch: &RecordBatch,
        rows: &[u32],
        judged: &Judgement,
    ) -> Result<()> {
        let open = match &mut self.open {
            Some(open) => open,
            closed => {
                let record = format!("{DIRECTORY}/{}.{:05}", self.bound.plan.table, self.chunk);
                self.staging.create_dir(DIRECTORY)?;
                let table = &self.bound.plan.table;
                let spool = |vault: &'a Vault| vault.spool(table, self.chunk);
                closed.insert(Open {
                    first: source.row_number(slice, 0)?,
                    record: self.staging.create_file(&record)?,
                    spool: self.vault.map(spool).transpose()?,
                })
            }
        };
        let path = serde_json::Value::from(source.path.as_str()).to_string();
        let cells = match open.spool {
            Some(_) => Some(Cells::of(self.bound, batch)?),
            None => None,
        };
        let (mut record, mut line) = (String::new(), String::new());
        let out = rows.iter().zip(judged.stays.values().iter()).enumerate();
        for (row, (position, _)) in out.filter(|(_, (_, stays))| !stays) {
            let number = open.first + u64::from(*position);
            self.rows += 1;
            self.lines += self
                .screen
                .tell(&judged.marks, row, &path, number, &mut record);
            if let (Some(spool), Some(cells)) = (&mut open.spool, &cells) {
                line.clear();
                cells.write(row, &path, number, &mut line)?;
                spool.write(line.as_bytes())?;
            }
        }
        // a fault of the disk is kept, and told when the file is finished
        let _ = open.record.write_all(record.as_bytes());
        Ok(())
    }

    /// Ends the files of the chunk. Answers how many rows were left out, and their record.
    pub(crate) fn finish(self) -> Result<(u64, Option<RecordManifest>)> {
        let Some(Open { record, spool, .. }) = self.open else {
            return Ok((0, None));
        };
        if let Some(spool) = spool {
            spool.finish()?;
        }
        let Staged {
            file,
            bytes,
            sha256,
        } = record.finish()?;
        let short = sha256.get(..8).unwrap_or_default();
        let (table, chunk) = (&self.bound.plan.table, self.chunk);
        let path = format!("{DIRECTORY}/{table}.part-{chunk:05}-{short}.ndjson");
        self.staging.name(file, &path)?;
        let record = RecordManifest {
            path,
            bytes,
            sha256,
            rows: self.rows,
            lines: self.lines,
        };
        Ok((self.rows, Some(record)))
    }
}

impl Screen {
    /// Appends a line for each column and reason that put row `row` of a batch into quarantine, and
    /// answers how many.
    fn tell(
        &self,
        marks: &[Option<BooleanArray>],
        row: usize,
        path: &str,
        number: u64,
        out: &mut String,
    ) -> u64 {
        let mut told: Vec<(usize, &str)> = Vec::new();
        for (rule, marks) in self.rules.iter().zip(marks) {
            let place = (rule.source_index, rule.reason.as_str());
            let marked = marks.as_ref().is_some_and(|marks| marks.value(row));
            if !marked || told.contains(&place) {
                continue;
            }
            told.push(place);
            let column = serde_json::Value::from(rule.source.as_str());
            // writing to a text cannot fail
            let _ = writeln!(
                out,
                "{{\"file\":{path},\"row\":{number},\"column\":{column},\"reason\":\"{}\"}}",
                rule.reason
            );
        }
        told.len() as u64
    }
}
