//! Which run is current, and which files its tables have: `current` is read once, so that a switch
//! during a query does not mix two runs.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use pseudo_engine::manifest::{Manifest, TableManifest};

use crate::error::Error;

/// A published run.
pub(crate) struct Run {
    /// Its name.
    pub(crate) id: String,
    /// Its directory.
    pub(crate) dir: PathBuf,
    /// Its tables, in the order of the pipeline.
    pub(crate) tables: Vec<Table>,
}

/// A table of a run.
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) rows: Rows,
}

/// Where the rows of a table are.
pub(crate) enum Rows {
    /// In these files: paths relative to the run, `/` between their parts; at least one.
    Files(Vec<String>),
    /// Nowhere: the source was empty. The columns are those of the manifest.
    None(SchemaRef),
}

impl Run {
    /// Finds the current run of a sink.
    pub(crate) fn current(sink: &Path) -> Result<Self, Error> {
        let (id, dir, manifest) = current(sink)?;
        let tables = manifest
            .tables
            .into_iter()
            .map(Table::new)
            .collect::<Result<_, _>>()?;
        Ok(Self { id, dir, tables })
    }
}

/// The name, the directory and the manifest of the current run of a sink.
pub(crate) fn current(sink: &Path) -> Result<(String, PathBuf, Manifest), Error> {
    let link = sink.join("current");
    let target = fs::read_link(&link).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::NothingPublished,
        io::ErrorKind::InvalidInput => Error::ForeignCurrent,
        _ => Error::Read { path: link, source },
    })?;
    let parts: Vec<Component<'_>> = target.components().collect();
    let [Component::Normal(runs), Component::Normal(id)] = parts.as_slice() else {
        return Err(Error::ForeignCurrent);
    };
    let id = id
        .to_str()
        .filter(|_| *runs == "runs")
        .ok_or(Error::ForeignCurrent)?
        .to_owned();
    let dir = sink.join(&target);
    let manifest = Manifest::read(&dir).map_err(Error::Manifest)?;
    Ok((id, dir, manifest))
}

impl Table {
    fn new(manifest: TableManifest) -> Result<Self, Error> {
        let rows = if manifest.outputs.is_empty() {
            Rows::None(columns(&manifest)?)
        } else {
            Rows::Files(manifest.outputs.into_iter().map(|file| file.path).collect())
        };
        Ok(Self {
            name: manifest.table,
            rows,
        })
    }
}

fn columns(manifest: &TableManifest) -> Result<SchemaRef, Error> {
    let field = |name: &String, data_type: &String| {
        let data_type: Option<DataType> = data_type.parse().ok();
        let data_type = data_type.ok_or_else(|| Error::NoFiles {
            table: manifest.table.clone(),
        });
        data_type.map(|data_type| Field::new(name, data_type, true))
    };
    let fields = manifest
        .columns
        .iter()
        .map(|column| field(&column.column, &column.data_type));
    Ok(Arc::new(Schema::new(
        fields.collect::<Result<Vec<Field>, _>>()?,
    )))
}
