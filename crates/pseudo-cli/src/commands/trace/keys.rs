//! Whose keys are tried: keyrings and bundles that are named, or those of the pipelines.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use pseudo_engine::audit::Audit;
use pseudo_engine::trace::Ring;
use pseudo_engine::{Disk, Policy, ask};
use pseudo_keyring::Held;

use crate::access::{AccessArgs, usable};
use crate::message::Failure;
use crate::unlock;

/// Where keys are, and what opens them.
#[derive(Args, Debug)]
#[command(next_help_heading = "Keys")]
pub(super) struct KeysArgs {
    /// A keyring or bundle; those of the pipelines when absent; can be given several times
    #[arg(
        long = "keys",
        value_name = "FILE",
        required_unless_present = "pipelines"
    )]
    files: Vec<PathBuf>,
    /// The age identity file that opens the keys, one for each in their order; those beside them
    /// when absent
    #[arg(long = "identity-file", value_name = "FILE", requires = "files")]
    identities: Vec<PathBuf>,
    /// File whose first line is the passphrase that opens the keys
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    access: AccessArgs,
}

/// A file of keys, opened.
pub(super) struct Opened {
    path: PathBuf,
    held: Held,
    /// The domains that it is asked for; all when absent.
    domains: Option<BTreeSet<String>>,
}

/// A file of keys, what opens it, and the domains that it is for.
type Place = (PathBuf, Option<PathBuf>, Option<BTreeSet<String>>);

impl KeysArgs {
    pub(super) fn open(&self, policies: &[Policy]) -> Result<Vec<Opened>, Failure> {
        if self.identities.len() > self.files.len() {
            let message = "there are more identity files than keys";
            return Err(Failure::usage(message.to_owned()));
        }
        let places = self.places(policies);
        places.into_iter().map(|place| self.opened(place)).collect()
    }

    fn places(&self, policies: &[Policy]) -> Vec<Place> {
        let mut identities = self.identities.iter().cloned();
        let mut places: Vec<Place> = Vec::new();
        for path in &self.files {
            places.push((path.clone(), identities.next(), None));
        }
        if !places.is_empty() {
            return places;
        }
        for policy in policies {
            let (path, domain) = (policy.keyring(), policy.pipeline.domain.clone());
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            let same = |(other, ..): &&mut Place| {
                other.canonicalize().unwrap_or_else(|_| other.clone()) == real
            };
            match places.iter_mut().find(same) {
                Some((_, _, Some(domains))) => drop(domains.insert(domain)),
                _ => places.push((path, policy.identity(), Some(BTreeSet::from([domain])))),
            }
        }
        if let [(_, _, domains)] = places.as_mut_slice() {
            // the only one there is may have made whatever sinks hold
            *domains = None;
        }
        places
    }

    fn opened(&self, (path, identity, domains): Place) -> Result<Opened, Failure> {
        let unlock = unlock::unlock(&path, identity, self.passphrase_file.as_deref())?;
        let held = match Held::open(&path, &unlock)? {
            Held::Keyring(keyring) => Held::Keyring(self.access.give(keyring, usable)?),
            bundle => bundle,
        };
        Ok(Opened {
            path,
            held,
            domains,
        })
    }
}

impl Opened {
    /// The audit log beside it.
    pub(super) fn audit(&self) -> Result<Audit, Failure> {
        let audit = ask::open_audit(&self.held, |source| {
            Audit::open(&self.path, None, source, None, Disk::default())
        });
        Ok(audit?)
    }

    pub(super) fn ring<'a>(&'a self, audit: &'a Audit) -> Ring<'a> {
        Ring {
            held: &self.held,
            audit,
            domains: self.domains.clone(),
        }
    }
}
