//! The rows of forgotten subjects, as they come from the source: they leave before anything else
//! is made of them, quarantine included.

use std::collections::{BTreeSet, HashSet};

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use pseudo_arrow::{Kernel, Outcome, TokenForm};
use pseudo_keyring::{DomainKeys, KeySource};
use pseudo_pii::{Blanks, Kind};
use pseudo_token::Encoding;

use crate::plan::TableJob;
use crate::tombstones::{Group, Tombstones, digest};
use crate::verify::each_cell;
use crate::{Error, Result, kernels};

/// Which rows of one table are those of forgotten subjects.
pub(crate) struct Forgotten {
    /// The source column that says whom a row is about.
    source_index: usize,
    /// By key, the tombstones and how they are made.
    keys: Vec<(Kernel, HashSet<Vec<u8>>)>,
    /// What the rows that are left out depend on.
    pub(crate) digest: String,
}

impl Forgotten {
    /// What the list says of a table; none where it says nothing.
    pub(crate) fn of(
        bound: &TableJob,
        list: Option<&Tombstones>,
        source: &dyn KeySource,
    ) -> Result<Option<Self>> {
        let Some(list) = list else {
            return Ok(None);
        };
        let plan = &bound.plan;
        let subject = plan.columns.iter().filter(|column| {
            plan.subject.as_ref() == Some(&column.source) && column.identity.is_some()
        });
        let subject: Vec<_> = subject.collect();
        let identities: BTreeSet<&str> = subject.iter().filter_map(|c| c.identity_name()).collect();
        let groups = list.of_table(&plan.table, &identities)?;
        let (Some(digest), Some(first)) = (digest(&groups)?, subject.first()) else {
            return Ok(None);
        };
        let key = |group: &&Group| {
            let keys = group.by.keys(source)?;
            let column = subject
                .iter()
                .find(|column| column.identity_name() == Some(&group.identity));
            let identity = column.and_then(|column| column.identity.as_ref());
            let kernel = maker(&keys, group, kernels::blanks(identity))?;
            let bytes = |hex: &String| Encoding::Hex.decode(hex).map_err(|_| damaged());
            let tombstones = group.tombstones.iter().map(bytes);
            Ok((kernel, tombstones.collect::<Result<_>>()?))
        };
        Ok(Some(Self {
            source_index: first.source_index,
            keys: groups.iter().map(key).collect::<Result<_>>()?,
            digest,
        }))
    }

    /// The source column that is read.
    pub(crate) fn column(&self) -> usize {
        self.source_index
    }

    /// Which rows of `batch`, whose columns are the source columns `read`, ascending, stay. None
    /// where all of them do.
    pub(crate) fn stays(
        &self,
        read: &[usize],
        batch: &RecordBatch,
    ) -> Result<Option<BooleanArray>> {
        let position = read.binary_search(&self.source_index).ok();
        let subject = position.and_then(|position| batch.columns().get(position));
        let lost = || Error::Internal("a subject that is not read".to_owned());
        let subject = subject.ok_or_else(lost)?;
        let mut stays = vec![true; batch.num_rows()];
        for (kernel, forgotten) in &self.keys {
            let made = kernel.apply(subject.as_ref(), &mut Outcome::default());
            let made = made.map_err(|error| Error::Internal(format!("a subject: {error}")))?;
            let made = match made.data_type() {
                DataType::Dictionary(_, values) => cast(&made, values),
                _ => Ok(made),
            };
            let made = made.map_err(|_| Error::Internal("a tombstone is no bytes".to_owned()))?;
            each_cell(&made, |row, cell| {
                if let (true, Some(stays)) = (forgotten.contains(cell), stays.get_mut(row)) {
                    *stays = false;
                }
            });
        }
        Ok(stays.contains(&false).then(|| BooleanArray::from(stays)))
    }
}

/// Makes the tombstones of a group out of values.
fn maker(keys: &DomainKeys, group: &Group, blanks: Blanks) -> Result<Kernel> {
    let kind = Kind::parse(&group.kind).ok_or_else(|| Error::Tombstones {
        fault: format!(
            "names a kind that this program does not know, `{}`",
            group.kind
        ),
    })?;
    tombstone_kernel(keys, &group.identity, kind, blanks)
}

/// Makes tombstones out of values: tokens of 256 bits under a key of their own.
pub(crate) fn tombstone_kernel(
    keys: &DomainKeys,
    identity: &str,
    kind: Kind,
    blanks: Blanks,
) -> Result<Kernel> {
    let key = keys.forget_key(identity, kind.id())?;
    let (form, always) = (TokenForm::Binary, pseudo_arrow::OnInvalid::Token);
    let kernel = Kernel::token(key, kind, blanks, form, 256, always);
    kernel.map_err(|error| Error::Internal(format!("tombstones: {error}")))
}

fn damaged() -> Error {
    let fault = "holds what is no tombstone".to_owned();
    Error::Tombstones { fault }
}
