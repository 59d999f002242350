//! Rows in quarantine, kept for those who mend the source: NDJSON sealed to an age recipient,
//! `root/<run-id>/<table>.ndjson.age`, outside the sink and readable with no key of the pipeline.
//!
//! Chunks end in any order, and the rows of a table are wanted in that of the source: each chunk
//! seals its rows to a key that this process alone has, and at the end they are sealed again, one
//! chunk after the other. Both lie in a hidden directory below `root`; what is sealed gets its last
//! name just before the run is published. No byte of it was ever in clear, and memory is that of
//! one block.
//!
//! A note in the hidden directory names the run. Where the note is there and the sealed rows are
//! not, they have their last name, and they go when their run was not published after all.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use pseudo_keyring::{PassingKey, Recipient, Sealer};
use pseudo_policy::OnInvalid;
use sha2::{Digest, Sha256};

use crate::disk::{Disk, DiskFile, PRIVATE};
use crate::plan::Job;
use crate::source::hex;
use crate::staging::entries;
use crate::{Error, Result, publish};

/// Within the hidden directory, that of the chunks.
const CHUNKS: &str = "chunks";
/// That of the rows that are sealed to the recipient.
const ROWS: &str = "rows";
/// That of the note: an empty directory with the name of the run.
const NOTE: &str = "run";

/// The rows that one run leaves out.
pub(crate) struct Vault {
    disk: Disk,
    root: PathBuf,
    sink: PathBuf,
    /// Where files are until the run is published.
    hidden: PathBuf,
    /// Where they are then.
    last: PathBuf,
    recipient: Recipient,
    key: PassingKey,
}

/// Removes what an earlier attempt left in `root`, where rows in quarantine are kept, of what was
/// not published. The caller holds the lock of `sink`, and has recovered its runs.
pub(crate) fn recover(disk: &Disk, root: Option<PathBuf>, sink: &Path) -> Result<()> {
    let Some(root) = root else {
        return Ok(());
    };
    clear(disk, sink, &root, &hidden(&root, sink)?)
}

fn clear(disk: &Disk, sink: &Path, root: &Path, hidden: &Path) -> Result<()> {
    let note = hidden.join(NOTE);
    if hidden.join(ROWS).symlink_metadata().is_err() {
        for run in entries(&note)? {
            let run_id = run.file_name().unwrap_or_default();
            if !publish::exists(sink, run_id) {
                disk.remove_tree(&root.join(run_id))?;
            }
        }
    }
    // before the rows, whose absence would mean something beside it
    disk.remove_tree(&note)?;
    disk.remove_tree(hidden)
}

/// The hidden directory of a sink: several may share one root.
fn hidden(root: &Path, sink: &Path) -> Result<PathBuf> {
    let sink = sink.canonicalize().map_err(Error::io("read", sink))?;
    let name = hex(&Sha256::digest(sink.to_string_lossy().as_bytes()));
    Ok(root.join(format!(".pseudo-{}", name.get(..16).unwrap_or_default())))
}

impl Vault {
    /// Makes the hidden directory. None where no row is to be kept. The caller holds the lock of
    /// `sink`.
    pub(crate) fn open(disk: &Disk, job: &Job, sink: &Path, run_id: &str) -> Result<Option<Self>> {
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
        let vault = Self {
            disk: disk.clone(),
            sink: sink.to_path_buf(),
            hidden: hidden(&root, sink)?,
            last: root.join(run_id),
            root,
            recipient: Recipient::parse(recipient)?,
            key: PassingKey::generate(),
        };
        // the note comes second: without rows it means something
        disk.create_dir(&vault.hidden.join(ROWS))?;
        disk.create_dir(&vault.hidden.join(NOTE).join(run_id))?;
        Ok(Some(vault))
    }

    /// Whether a run of that name has kept rows.
    pub(crate) fn exists(job: &Job, run_id: &str) -> bool {
        let root = job.quarantine();
        root.is_some_and(|root| root.join(run_id).symlink_metadata().is_ok())
    }

    /// Begins the rows of a chunk.
    pub(crate) fn spool(&self, table: &str, chunk: usize) -> Result<Spool> {
        let directory = self.hidden.join(CHUNKS).join(table);
        self.disk.create_dir(&directory)?;
        let path = directory.join(format!("{chunk:010}"));
        let sealer = create(&self.disk, &self.key.recipient(), &path)?;
        Ok(Spool { sealer, path })
    }

    /// Seals the rows of all chunks to the recipient, a file a table, and waits for the disk.
    pub(crate) fn seal(&self) -> Result<()> {
        let (chunks, rows) = (self.hidden.join(CHUNKS), self.hidden.join(ROWS));
        for table in entries(&chunks)? {
            let name = table.file_name().unwrap_or_default().to_string_lossy();
            let path = rows.join(format!("{name}.ndjson.age"));
            let write = || Error::io("write", &path);
            let mut sealer = create(&self.disk, &self.recipient, &path)?;
            for chunk in entries(&table)? {
                let file = File::open(&chunk).map_err(Error::io("read", &chunk))?;
                let mut rows = self.key.open(file).map_err(Error::io("read", &chunk))?;
                io::copy(&mut rows, &mut sealer).map_err(write())?;
            }
            let file = finish(sealer).map_err(write())?;
            file.sync().map_err(write())?;
        }
        self.disk.remove_tree(&chunks)?;
        for directory in [&rows, &self.hidden.join(NOTE), &self.hidden] {
            self.disk.sync_dir(directory)?;
        }
        Ok(())
    }

    /// Gives the files their last names and publishes; takes them back when that fails.
    pub(crate) fn publish(vault: Option<Self>, publish: impl FnOnce() -> Result<()>) -> Result<()> {
        if let Some(vault) = &vault {
            let rows = vault.hidden.join(ROWS);
            if !entries(&rows)?.is_empty() {
                vault.disk.rename(&rows, &vault.last)?;
                vault.disk.sync_dir(&vault.root)?;
            }
        }
        publish()
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        // what cannot be removed is sealed, and the next run tries again
        let _ = clear(&self.disk, &self.sink, &self.root, &self.hidden);
    }
}

/// The rows of one chunk, being sealed.
pub(crate) struct Spool {
    sealer: Sealer<BufWriter<DiskFile>>,
    path: PathBuf,
}

impl Spool {
    pub(crate) fn write(&mut self, line: &[u8]) -> Result<()> {
        let written = self.sealer.write_all(line);
        written.map_err(Error::io("write", &self.path))
    }

    pub(crate) fn finish(self) -> Result<()> {
        let finished = finish(self.sealer);
        finished.map(drop).map_err(Error::io("write", &self.path))
    }
}

/// Begins a sealed file. Its header goes through a buffer: what writes it does not pass on why the
/// disk did not take it.
fn create(disk: &Disk, to: &Recipient, path: &Path) -> Result<Sealer<BufWriter<DiskFile>>> {
    let file = BufWriter::new(disk.create(path, PRIVATE)?);
    to.seal(file).map_err(Error::io("write", path))
}

fn finish(sealer: Sealer<BufWriter<DiskFile>>) -> io::Result<DiskFile> {
    let file = sealer.finish()?.into_inner();
    file.map_err(io::IntoInnerError::into_error)
}
