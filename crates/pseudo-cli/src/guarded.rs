//! What reveal, lookup and trace share on the command line: whose keys, of which values, why, how
//! many; and who asks, as far as the operating system tells.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use pseudo_engine::Disk;
use pseudo_engine::ask::{self, Names, Question};
use pseudo_engine::audit::{Audit, Recorded, Who};
use pseudo_keyring::Held;
use pseudo_pii::Kind;
use pseudo_policy::Pipeline;
use pseudo_token::Epoch;

use crate::access::{AccessArgs, usable};
use crate::commands::now;
use crate::message::{Failure, Screen};
use crate::unlock;

/// Where keys are, and what opens them.
#[derive(Args, Debug)]
#[command(next_help_heading = "Keys")]
pub(crate) struct KeyArgs {
    /// The keyring or bundle; that of the pipeline when absent
    #[arg(long, value_name = "FILE", required_unless_present = "pipeline")]
    keys: Option<PathBuf>,
    /// The pipeline file that names keyring, domain and identities
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    /// The age identity file that opens the keys; the one beside them when absent
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    identity_file: Option<PathBuf>,
    /// File whose first line is the passphrase that opens the keys
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    access: AccessArgs,
}

/// What is asked about.
#[derive(Args, Debug)]
#[command(next_help_heading = "Values")]
pub(crate) struct NameArgs {
    /// The identity that the values are of
    #[arg(long, value_name = "NAME")]
    identity: String,
    /// Its domain, where no pipeline says it
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present = "pipeline",
        conflicts_with = "pipeline"
    )]
    domain: Option<String>,
    /// Its kind, where no pipeline says it
    #[arg(
        long,
        value_name = "KIND",
        required_unless_present = "pipeline",
        conflicts_with = "pipeline",
        value_parser = kind
    )]
    kind: Option<Kind>,
    /// The column of a CSV list with a header; without it the list has one value a line
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
}

/// What is put on record.
#[derive(Args, Debug)]
#[command(next_help_heading = "Guard")]
pub(crate) struct GuardArgs {
    /// Why, in words; refused without. It stands in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// How many values there may be; refused above
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(u64).range(1..=ask::LIMIT_MAX)
    )]
    limit: u64,
    /// The audit log; the one beside the keys when absent
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
}

/// A file of keys, opened.
pub(crate) struct Keys {
    path: PathBuf,
    pub(crate) held: Held,
    pipeline: Option<Pipeline>,
}

impl KeyArgs {
    pub(crate) fn open(&self) -> Result<Keys, Failure> {
        let pipeline = self.pipeline.as_deref().map(pseudo_engine::pipeline);
        let pipeline = pipeline.transpose()?;
        let base = self.pipeline.as_deref().and_then(Path::parent);
        let beside = |path: &String| base.unwrap_or(Path::new("")).join(path);
        let named = pipeline.as_ref().map(|pipeline| &pipeline.keys);
        let keyring = named.map(|keys| beside(&keys.keyring));
        let path = self.keys.clone().or(keyring).unwrap_or_default();
        // The identity file of a pipeline is that of its keyring, not of other keys.
        let own = named.filter(|_| self.keys.is_none());
        let identity = own.and_then(|keys| keys.identity.as_ref()).map(beside);
        let identity = match &self.passphrase_file {
            Some(_) => None,
            None => self.identity_file.clone().or(identity),
        };
        let open_with = unlock::unlock(&path, identity, self.passphrase_file.as_deref())?;
        let held = match Held::open(&path, &open_with)? {
            Held::Keyring(keyring) => Held::Keyring(self.access.give(keyring, usable)?),
            bundle => bundle,
        };
        Ok(Keys {
            path,
            held,
            pipeline,
        })
    }
}

impl Keys {
    /// The audit log of these keys.
    pub(crate) fn audit(&self, log: Option<&Path>, epoch: Option<Epoch>) -> Result<Audit, Failure> {
        let disk = Disk::default();
        let audit = ask::open_audit(&self.held, |source| {
            Audit::open(&self.path, log, source, epoch, disk)
        });
        Ok(audit?)
    }

    /// The texts that are no values of the identity, where it has a list of its own.
    pub(crate) fn blank(&self, names: &NameArgs) -> Option<&[String]> {
        let identity = self.pipeline.as_ref()?.identities.get(&names.identity)?;
        identity.blank.as_deref()
    }

    fn names(&self, asked: &NameArgs) -> Result<Names, Failure> {
        let identity = asked.identity.clone();
        let (domain, kind) = match (&self.pipeline, &asked.domain, asked.kind) {
            (None, Some(domain), Some(kind)) => (domain.clone(), kind),
            (Some(pipeline), _, _) => {
                let found = pipeline.identities.get(&identity);
                let kind = found.map(|found| found.kind).ok_or_else(|| {
                    let file = &pipeline.file;
                    Failure::usage(format!("`{file}` has no identity `{identity}`"))
                })?;
                (pipeline.domain.clone(), kind)
            }
            _ => {
                let message = "a domain and a kind are needed, or a pipeline that says them";
                return Err(Failure::usage(message.to_owned()));
            }
        };
        Ok(Names {
            domain,
            identity,
            kind,
        })
    }
}

impl GuardArgs {
    /// The log that was named.
    pub(crate) fn log(&self) -> Option<&Path> {
        self.audit.as_deref()
    }

    /// The question as it is asked here and now.
    pub(crate) fn question<'a>(
        &'a self,
        keys: &Keys,
        names: &'a NameArgs,
    ) -> Result<Question<'a>, Failure> {
        Ok(Question {
            names: keys.names(names)?,
            reason: self.reason.as_deref(),
            limit: self.limit,
            column: names.column.as_deref(),
            who: who(),
            time: now(),
        })
    }
}

/// The list, which is standard input when it is `-`.
pub(crate) fn list(path: &Path) -> Result<Box<dyn Read>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let opened = File::open(path).map_err(|error| Failure::Usage {
        message: format!("cannot read `{}`: {}", path.display(), error.kind()),
        hint: Some("values come from a file or, with `-`, from standard input".to_owned()),
    });
    Ok(Box::new(opened?))
}

/// Says what came of it, and where that stands.
pub(crate) fn say(screen: Screen, done: &str, answered: u64, asked: usize, recorded: &Recorded) {
    let Recorded { log, line, mac } = recorded;
    let mac = mac.get(..NOTE_LEN).unwrap_or_default();
    screen.note(&format!(
        "{answered} of {asked} {done}; line {line} of `{}`, MAC {mac}",
        log.display()
    ));
}

/// A field of RFC 4180.
pub(crate) fn csv(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    let names = || Kind::ALL.map(Kind::name).join(", ");
    Kind::parse(text).ok_or_else(|| format!("kinds are {}", names()))
}

/// Who runs this, as Linux tells it: what a variable of the environment says is not asked.
pub(crate) fn who() -> Who {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let status = read("/proc/self/status");
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let uid = uid.and_then(|ids| ids.split_whitespace().next()?.parse().ok());
    let login: Option<u32> = read("/proc/self/loginuid").trim().parse().ok();
    let users = read("/etc/passwd");
    let name = |uid: u32| {
        let mut fields = users.lines().map(|line| line.split(':'));
        fields.find_map(|mut fields| {
            let name = fields.next()?;
            (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
        })
    };
    Who {
        user: uid.and_then(name).unwrap_or_default(),
        uid,
        login_uid: login.filter(|login| *login != u32::MAX && Some(*login) != uid),
        host: read("/proc/sys/kernel/hostname").trim().to_owned(),
    }
}

/// How much of a MAC is shown to be noted, in characters.
pub(crate) const NOTE_LEN: usize = 16;
