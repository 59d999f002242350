//! The audit log of reveal, lookup and trace: who asked for how many values, why, and what came of
//! it; never a value. JSON lines, appended and never changed, each with a MAC over itself and the
//! MAC of the line before:
//!
//! ```text
//! line   = body without its closing brace ‖ ,"mac":"64 hex digits"}
//! MAC    = HMAC-SHA256(audit key, tuple("pseudo/v1/audit/line", log, body))
//! body   = {"n":…,"key":…,…,"previous":"MAC of the line before, 64 zeros for the first"}
//! anchor = {"format":…,"key":…,"lines":…,"head":"MAC of the last line"}, with a MAC likewise
//! ```
//!
//! The anchor stands beside the file of the keys, and knows how long the log is and how it ends: a
//! tail that was cut off, another log and an older one are found. A line is written in three steps,
//! each on the disk before the next: the anchor is replaced by one that holds the line to come
//! (`pending`), the line is appended, the anchor counts it. Whoever comes after a crash finishes
//! what is pending; in every other state the log is exactly what its anchor says, or a fault.
//!
//! One log has one key: that of one epoch. `log` is `main`, or `fault-1`, `fault-2`, …: logs of
//! their own for what is refused because another log has a fault, so that nothing is written to a
//! log that may be evidence.
//!
//! Who holds the audit key can write any log, and who may write to the directory can remove a log
//! together with its anchor or bring back an older pair: `noted` lines, kept elsewhere, find that.

mod anchor;
mod chain;
mod line;

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use pseudo_keyring::{Error as KeyError, KeySource};
use pseudo_token::{AuditKey, CheckValue, Epoch};

use self::anchor::Anchor;
use self::chain::Chain;
use self::line::Seal;
use crate::disk::{Disk, DiskFile};
use crate::source::hex;
use crate::{Error, Result};

pub use self::chain::Proof;
pub use self::line::{Entry, ListedPeople, Outcome, UsedKey, Who};

/// The audit log of one file of keys and one epoch.
pub struct Audit {
    key: AuditKey,
    epoch: Epoch,
    check: CheckValue,
    main: Place,
    /// Where logs of faults are: this and `fault-1.ndjson`.
    stem: OsString,
    disk: Disk,
}

/// The files of one log.
struct Place {
    /// Its name, which its MACs are over.
    name: String,
    log: PathBuf,
    anchor: PathBuf,
    lock: PathBuf,
}

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The log.
    pub log: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// Its MAC, in hexadecimal.
    pub mac: String,
}

/// A log or an anchor that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1, where it is one of a log.
    pub line: Option<u64>,
    /// What is wrong with it.
    pub what: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "audit log: `{}`", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, " {}", self.what)
    }
}

/// A line that somebody took note of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Its number, from 1.
    pub line: u64,
    /// Its MAC in hexadecimal, or how it begins.
    pub mac: String,
}

impl Audit {
    /// The log that `source`, which was read from `keys`, writes in an epoch: its primary one, or
    /// one that is named. It is beside `keys` unless `log` says where; its anchor always is. No
    /// file is made.
    ///
    /// # Errors
    /// When the holder of keys has no key of the log, or `keys` cannot be found.
    pub fn open(
        keys: &Path,
        log: Option<&Path>,
        source: &dyn KeySource,
        epoch: Option<Epoch>,
        disk: Disk,
    ) -> Result<Self> {
        let epoch = epoch.map_or_else(|| source.primary_epoch(), Ok)?;
        let mut stem = real(keys)?.into_os_string();
        stem.push(format!(".audit-{epoch}"));
        let mut main = Place::new("main", &stem);
        if let Some(log) = log {
            main.log = log.to_path_buf();
        }
        Ok(Self {
            key: AuditKey::from_bytes(&*source.audit_key(epoch)?),
            check: source.check_value(epoch)?,
            epoch,
            main,
            stem,
            disk,
        })
    }

    /// Where the log is.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.main.log
    }

    /// The epoch whose key it is kept with.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Recognises the secret of that epoch.
    #[must_use]
    pub const fn check_value(&self) -> CheckValue {
        self.check
    }

    /// Digests what was asked for, so that two entries can be compared and nobody without the key
    /// of the log can try values.
    #[must_use]
    pub fn digest<'a>(&self, inputs: impl Iterator<Item = &'a str>) -> String {
        let label: &[u8] = b"pseudo/v1/audit/inputs";
        let items: Vec<&[u8]> = [label]
            .into_iter()
            .chain(inputs.map(str::as_bytes))
            .collect();
        hex(&self.key.mac(&items))
    }

    /// Appends an entry; it and the anchor are on the disk when this answers.
    ///
    /// # Errors
    /// [`Error::Audit`] when the log is not what was written: nothing is appended then.
    pub fn record(&self, entry: &Entry) -> Result<Recorded> {
        self.append(&self.main, entry)
    }

    /// Appends an entry that a fault of the log is the reason of, to a log beside it. Such a log
    /// that has a fault itself is left as it is, too.
    ///
    /// # Errors
    /// When a log cannot be written.
    pub fn record_fault(&self, entry: &Entry) -> Result<Recorded> {
        let mut last = None;
        for number in 1..=FAULT_LOGS {
            match self.append(&self.fault_log(number), entry) {
                Err(Error::Audit(fault)) => last = Some(fault),
                done => return done,
            }
        }
        Err(last.map_or_else(|| Error::Internal("no log".to_owned()), Error::Audit))
    }

    /// Proves every line of the log, and that it ends where its anchor says.
    ///
    /// # Errors
    /// [`Error::Audit`] for the first fault.
    pub fn verify(&self, noted: &[Noted]) -> Result<Proof> {
        let proof = self.proof(&self.main, noted)?;
        let faults = (1..=FAULT_LOGS).map(|number| self.fault_log(number));
        let mut faults = faults.filter(|place| place.log.exists() || place.anchor.exists());
        let faults = faults.try_fold(0, |lines, place| {
            Ok::<_, Error>(lines + self.proof(&place, &[])?.lines)
        });
        Ok(Proof {
            faults: faults?,
            ..proof
        })
    }

    fn proof(&self, place: &Place, noted: &[Noted]) -> Result<Proof> {
        let _lock = match File::open(&place.lock) {
            Ok(file) => {
                let locked = file.lock_shared();
                locked.map_err(Error::io("lock", &place.lock))?;
                Some(file)
            }
            // Nobody has written yet.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("open", &place.lock)(error)),
        };
        if !place.log.exists() && !place.anchor.exists() {
            return Err(Error::Audit(place.fault(None, "is not there")));
        }
        self.chain(place)?.proof(place, noted)
    }

    /// The log as it is, proved.
    fn chain(&self, place: &Place) -> Result<Chain> {
        let seal = self.seal(place);
        let anchor = Anchor::read(&seal, place)?;
        let log = match std::fs::read(&place.log) {
            Ok(log) => log,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::io("read", &place.log)(error)),
        };
        Chain::prove(&seal, place, &log, anchor.as_ref()).map_err(Error::Audit)
    }

    fn append(&self, place: &Place, entry: &Entry) -> Result<Recorded> {
        let _lock = self.lock(place)?;
        let mut chain = self.chain(place)?;
        let seal = self.seal(place);
        if let Some(rest) = chain.finish() {
            self.write(place, &rest)?;
            Anchor::settled(&chain).write(&seal, place, &self.disk)?;
        }
        let line = chain.next(&seal, entry)?;
        Anchor::pending(&chain, &line.text).write(&seal, place, &self.disk)?;
        self.write(place, format!("{}\n", line.text).as_bytes())?;
        chain.add(line.mac);
        Anchor::settled(&chain).write(&seal, place, &self.disk)?;
        Ok(Recorded {
            log: place.log.clone(),
            line: chain.lines(),
            mac: hex(&line.mac),
        })
    }

    /// Appends to the log, and waits until it is on the disk.
    fn write(&self, place: &Place, bytes: &[u8]) -> Result<()> {
        let mut log = self.disk.append(&place.log)?;
        let written = log.write_all(bytes).and_then(|()| log.sync());
        written.map_err(Error::io("write", &place.log))?;
        self.disk.sync_name(&place.log)
    }

    /// Waits for other writers of the log.
    fn lock(&self, place: &Place) -> Result<DiskFile> {
        let file = self.disk.append(&place.lock)?;
        let locked = file.get().lock();
        locked.map_err(Error::io("lock", &place.lock))?;
        Ok(file)
    }

    fn fault_log(&self, number: u32) -> Place {
        Place::new(&format!("fault-{number}"), &self.stem)
    }

    fn seal<'a>(&'a self, place: &'a Place) -> Seal<'a> {
        Seal {
            key: &self.key,
            epoch: self.epoch,
            log: &place.name,
        }
    }
}

impl Place {
    /// The files of the log `name` behind `stem`.
    fn new(name: &str, stem: &OsString) -> Self {
        let file = |end: &str| {
            let mut path = stem.clone();
            if name != "main" {
                path.push(format!(".{name}"));
            }
            path.push(end);
            PathBuf::from(path)
        };
        Self {
            name: name.to_owned(),
            log: file(".ndjson"),
            anchor: file(".anchor"),
            lock: file(".lock"),
        }
    }

    /// A fault of a line of the log, or of the whole.
    fn fault(&self, line: Option<u64>, what: &'static str) -> Fault {
        let file = self.log.clone();
        Fault { file, line, what }
    }
}

/// Where a link leads to, so that keys have one anchor whatever they are called.
fn real(keys: &Path) -> Result<PathBuf> {
    let found = keys.symlink_metadata().map_err(Error::io("read", keys))?;
    if !found.is_symlink() {
        return Ok(keys.to_path_buf());
    }
    keys.canonicalize().map_err(Error::io("read", keys))
}

/// Whether the keys at hand do not serve what is asked, for what they are.
pub(crate) fn is_ungranted(error: &KeyError) -> bool {
    matches!(
        error,
        KeyError::NotGranted { .. } | KeyError::OtherDomain { .. } | KeyError::OtherRole { .. }
    )
}

/// How many logs of faults there can be.
const FAULT_LOGS: u32 = 64;
