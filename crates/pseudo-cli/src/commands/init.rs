//! `pseudo init`: a draft of a pipeline, from what its source holds.

use std::path::{Component, Path, PathBuf};

use clap::Args;
use pseudo_arrow::sample::Spec;
use pseudo_engine::init::{self, Draft, Request};

use crate::message::{self, Failure, Screen};
use crate::progress::Meter;
use crate::signals;
use crate::table::thousands;

/// Look at a folder of tables, and draft a pipeline for it
///
/// Every subdirectory, and every group of files that differ in their numbers alone, becomes a
/// table. Identifiers are recognised by their values and by their names, in English and in Chinese;
/// so are keys that tables share. Every column gets a rule with the reason for it; what nothing is
/// known of is dropped. The draft is written to standard output, or to a new file.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo init data/raw -o pipelines/draft.toml")]
pub(crate) struct Init {
    /// The directory to look at, or an embedded sample as `sample:incident?scale=0.01&seed=42`
    source: String,
    /// Write the draft to this file, which must not be there; paths in it are relative to it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Read all rows; else some of each table, spread over its files
    #[arg(long)]
    full: bool,
}

/// What a draft says of places.
struct Places {
    base: PathBuf,
    root: String,
    sink: String,
    name: String,
}

impl Init {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        if let Some(file) = self
            .output
            .as_deref()
            .filter(|file| file.symlink_metadata().is_ok())
        {
            return Err(taken(file));
        }
        let places = match self.source.starts_with("sample:") {
            true => self.of_sample()?,
            false => self.of_folder()?,
        };
        let cancel = signals::listen()?;
        let meter = Meter::new(screen);
        let draft = init::init(&Request {
            base: &places.base,
            root: &places.root,
            sink: &places.sink,
            name: &places.name,
            full: self.full,
            progress: &meter,
            cancel: &cancel,
        });
        meter.finish();
        let draft = draft?;
        for skipped in &draft.skipped {
            screen.note(&format!("left out `{}`: {}", skipped.path, skipped.reason));
        }
        if draft.tables.is_empty() {
            let message = format!("no file below `{}` whose name tells a format", self.source);
            return Err(Failure::usage(message));
        }
        match &self.output {
            Some(file) => init::write(&draft, file)?,
            None => message::print(&draft.text)?,
        }
        self.tell(&draft, screen);
        Ok(())
    }

    fn tell(&self, draft: &Draft, screen: Screen) {
        let (tables, rows) = (
            draft.tables.len(),
            draft.tables.iter().map(|table| table.rows_read),
        );
        let columns = draft.tables.iter().flat_map(|table| &table.columns);
        let found = columns
            .clone()
            .filter(|column| column.kind.is_some())
            .count();
        let s = if tables == 1 { "" } else { "s" };
        screen.note(&format!(
            "{tables} table{s}, {} columns, {found} of them identifiers or keys; {} rows were read",
            columns.count(),
            thousands(rows.sum()),
        ));
        if let Some(file) = &self.output {
            screen.note(&format!("read it, then: pseudo check {}", file.display()));
        }
    }

    /// The directory that the draft is to lie in.
    fn base(&self) -> PathBuf {
        let parent = self.output.as_deref().and_then(Path::parent);
        parent.unwrap_or(Path::new("")).to_owned()
    }

    fn of_sample(&self) -> Result<Places, Failure> {
        Spec::parse(&self.source).map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Places {
            base: self.base(),
            root: self.source.clone(),
            sink: "safe".to_owned(),
            name: "sample".to_owned(),
        })
    }

    fn of_folder(&self) -> Result<Places, Failure> {
        let source = Path::new(&self.source);
        let unreadable = |path: &Path, error: std::io::Error| {
            Failure::usage(format!(
                "cannot read `{}`: {}",
                path.display(),
                error.kind()
            ))
        };
        let real = source
            .canonicalize()
            .map_err(|error| unreadable(source, error))?;
        if !real.is_dir() {
            return Err(Failure::Usage {
                message: format!("`{}` is not a directory", source.display()),
                hint: Some("name the directory that the file is in".to_owned()),
            });
        }
        let base = self.base();
        let here = match base.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => base.clone(),
        };
        let here = here
            .canonicalize()
            .map_err(|error| unreadable(&here, error))?;
        let root = match source.is_absolute() {
            true => real.clone(),
            false => relative(&here, &real),
        };
        let Some(text) = root.to_str() else {
            let message = format!("`{}` is no UTF-8, as a pipeline file is", root.display());
            return Err(Failure::usage(message));
        };
        let name = real
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let safe = format!("{}-safe", name.as_deref().unwrap_or("source"));
        // beside the source, never within: a folder that is read must not hold what is written
        let beside = match root.file_name() {
            Some(_) => root.with_file_name(&safe),
            None => root.join("..").join(&safe),
        };
        Ok(Places {
            base,
            root: text.to_owned(),
            sink: beside.to_string_lossy().into_owned(),
            name: init::pipeline_name(name.as_deref().unwrap_or_default()),
        })
    }
}

fn taken(file: &Path) -> Failure {
    Failure::Usage {
        message: format!(
            "`{}` is there already, and no draft replaces it",
            file.display()
        ),
        hint: Some("name another file".to_owned()),
    }
}

/// The way from one directory to another; both without links.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.iter().skip(same).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.iter().skip(same).copied()).collect();
    match way.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => way,
    }
}
