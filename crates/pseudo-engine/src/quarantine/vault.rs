//! Rows in quarantine, kept for those who mend the source: NDJSON sealed to an age recipient,
//! `root/<run-id>/<table>.ndjson.age`, outside the sink and readable with no key of the pipeline.
//!
//! Chunks end in any order, and the rows of a table are wanted in that of the source: each chunk
//! seals its rows to a key that this process alone has, and at the end they are sealed again, one
//! chunk after the other. Both lie in a hidden directory below `root`, which gets its last name
//! when the run is published; no byte of it was ever in clear, and memory is that of one block.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pseudo_keyring::{PassingKey, Recipient, Sealer};
use pseudo_policy::OnInvalid;
use sha2::{Digest, Sha256};

use crate::plan::Job;
use crate::source::hex;
use crate::staging::{create_dir, remove, sync_dir};
use crate::{Error, Result, publish};

/// The directory of the chunks within the hidden one.
const CHUNKS: &str = ".chunks";

/// The rows that one run leaves out.
pub(crate) struct Vault {
    root: PathBuf,
    /// Where files are until the run is published.
    hidden: PathBuf,
    /// Where they are then.
    last: PathBuf,
    recipient: Recipient,
    key: PassingKey,
    /// Nothing is removed any more.
    keep: bool,
}

impl Vault {
    /// Makes the hidden directory, and removes what an earlier attempt left there. None where no
    /// row is to be kept. The caller holds the lock of `sink`, after which the directory is named:
    /// several sinks may share one root.
    pub(crate) fn open(job: &Job, sink: &Path, run_id: &str) -> Result<Option<Self>> {
        let columns = job.tables.iter().flat_map(|bound| &bound.plan.columns);
        let mut rules = columns.map(|column| column.on_invalid);
        let (Some(root), Some(recipient)) =
            (job.quarantine(), job.pipeline.quarantine.recipient.as_ref())
        else {
            return Ok(None);
        };
        if !rules.any(|on_invalid| on_invalid == OnInvalid::Quarantine) {
            return Ok(None);
        }
        let sink = sink.canonicalize().map_err(Error::io("read", sink))?;
        let name = hex(&Sha256::digest(sink.to_string_lossy().as_bytes()));
        let name = format!(".pseudo-{}", name.get(..16).unwrap_or_default());
        let hidden = root.join(name);
        remove(&hidden)?;
        create_dir(&hidden)?;
        Ok(Some(Self {
            last: root.join(run_id),
            root,
            hidden,
            recipient: Recipient::parse(recipient)?,
            key: PassingKey::generate(),
            keep: false,
        }))
    }

    /// Whether a run of that name has kept rows.
    pub(crate) fn exists(job: &Job, run_id: &str) -> bool {
        let root = job.quarantine();
        root.is_some_and(|root| root.join(run_id).symlink_metadata().is_ok())
    }

    /// Begins the rows of a chunk.
    pub(crate) fn spool(&self, table: &str, chunk: u32) -> Result<Spool> {
        let directory = self.hidden.join(CHUNKS).join(table);
        create_dir(&directory)?;
        let path = directory.join(format!("{chunk:010}"));
        let sealer = self.key.recipient().seal(create(&path)?);
        Ok(Spool {
            sealer: sealer.map_err(Error::io("write", &path))?,
            path,
        })
    }

    /// Seals the rows of all chunks to the recipient, a file a table, and waits for the disk.
    pub(crate) fn seal(&self) -> Result<()> {
        let chunks = self.hidden.join(CHUNKS);
        for table in entries(&chunks)? {
            let name = table.file_name().unwrap_or_default().to_string_lossy();
            let path = self.hidden.join(format!("{name}.ndjson.age"));
            let write = || Error::io("write", &path);
            let mut sealer = self.recipient.seal(create(&path)?).map_err(write())?;
            for chunk in entries(&table)? {
                let file = File::open(&chunk).map_err(Error::io("read", &chunk))?;
                let mut rows = self.key.open(file).map_err(Error::io("read", &chunk))?;
                io::copy(&mut rows, &mut sealer).map_err(write())?;
            }
            let file = sealer.finish().map_err(write())?;
            file.sync_all().map_err(write())?;
        }
        remove(&chunks)?;
        sync_dir(&self.hidden)
    }

    /// Gives the files their last names and publishes; takes them back when that fails.
    pub(crate) fn publish(
        vault: Option<Self>,
        sink: &Path,
        publish: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let Some(mut vault) = vault else {
            return publish();
        };
        if entries(&vault.hidden)?.is_empty() {
            drop(vault);
            return publish();
        }
        publish::rename(&vault.hidden, &vault.last)?;
        vault.hidden.clone_from(&vault.last);
        sync_dir(&vault.root)?;
        let published = publish();
        // a run that is current in spite of an error has its rows
        let current = publish::current(sink).ok().flatten();
        let is_current = current.is_some_and(|run| run.file_name() == vault.last.file_name());
        vault.keep = published.is_ok() || is_current;
        published
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        if !self.keep {
            // what cannot be removed is sealed; the hidden directory is removed by the next run
            let _ = remove(&self.hidden);
        }
    }
}

/// The rows of one chunk, being sealed.
pub(crate) struct Spool {
    sealer: Sealer<File>,
    path: PathBuf,
}

impl Spool {
    pub(crate) fn write(&mut self, line: &[u8]) -> Result<()> {
        let written = self.sealer.write_all(line);
        written.map_err(Error::io("write", &self.path))
    }

    pub(crate) fn finish(self) -> Result<()> {
        let finished = self.sealer.finish();
        finished.map(drop).map_err(Error::io("write", &self.path))
    }
}

/// Begins a file that is not there, 0640.
fn create(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o640).open(path);
    file.map_err(Error::io("create", path))
}

/// What is in a directory, in the order of the names; nothing where there is none.
fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let read = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(Error::io("read", directory))?,
    };
    let paths = read.map(|entry| entry.map(|entry| entry.path()));
    let paths: io::Result<Vec<_>> = paths.collect();
    let mut paths = paths.map_err(Error::io("read", directory))?;
    paths.sort();
    Ok(paths)
}
