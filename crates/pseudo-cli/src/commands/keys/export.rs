//! `pseudo keys export`: gives others the keys that their role needs, and no more.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use pseudo_keyring::{Bundle, Delivery, DomainKeys, KeySource, Keyring, Recipient, Role};
use pseudo_pii::Kind;
use pseudo_policy::Pipeline;
use pseudo_token::{Epoch, Purpose, SubKey};

use super::Opening;
use super::list::{bundle_json, bundle_table};
use super::rewrap::recipient;
use crate::access::AccessArgs;
use crate::commands::{now, rfc3339};
use crate::message::{self, Failure, Screen, Standing};

/// Write a part of the keys for somebody else
///
/// `pseudonymise` runs one pipeline and nothing else: it holds the keys that the pipeline needs, of
/// its domain and one epoch. `reveal` opens the seals of identities. `tink` is the seal key of one
/// identity as a JSON keyset of Tink, which opens our seals in Java, Go, C++ and Python. No role
/// gets a secret or the key of a domain.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  pseudo keys export keys/analytics.keyring \
    --role pseudonymise --pipeline analytics.toml --recipient age1… -o host.bundle")]
pub(crate) struct Export {
    /// The keyring
    keyring: PathBuf,
    /// What the keys are for
    #[arg(long)]
    role: ExportRole,
    /// The pipeline to run, or the one that says domain and kinds
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    /// The identity whose seals are to be opened; can be given several times
    #[arg(long, value_name = "ID")]
    identity: Vec<String>,
    /// The domain, where no pipeline says it
    #[arg(long, conflicts_with = "pipeline")]
    domain: Option<String>,
    /// The kind of the identity, where no pipeline says it
    #[arg(long, value_parser = kind, conflicts_with = "pipeline")]
    kind: Option<Kind>,
    /// The epoch; the primary one when absent
    #[arg(long, value_name = "N")]
    epoch: Option<u32>,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Seal the file to this age recipient; can be given several times
    #[arg(long, value_name = "RECIPIENT", value_parser = recipient)]
    recipient: Vec<Recipient>,
    /// Write a keyset of Tink as it is, for whoever reads the file
    #[arg(long, conflicts_with = "recipient")]
    cleartext: bool,
    /// Grant keys that open what the pipeline seals
    #[arg(long)]
    allow_reveal: bool,
    /// Grant keys of another secret or epoch than the current run of the pipeline has
    #[arg(long)]
    new_epoch: bool,
    /// The age identity file that opens the keyring; the one beside it when absent
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    identity_file: Option<PathBuf>,
    /// File whose first line is the passphrase that opens the keyring
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExportRole {
    /// Run one pipeline
    Pseudonymise,
    /// Open the seals of identities
    Reveal,
    /// Open the seals of one identity with Tink
    Tink,
}

impl Export {
    pub(crate) fn run(self, screen: Screen) -> Result<(), Failure> {
        let answer = self.export(screen);
        message::print(&answer.map_err(|failure| Failure::run(failure, Standing::Nothing))?)
    }

    fn export(&self, screen: Screen) -> Result<String, Failure> {
        let pipeline = self.pipeline.as_deref().map(pseudo_engine::pipeline);
        let pipeline = pipeline.transpose()?;
        let needs = self.needs(pipeline.as_ref())?;
        if self.recipient.is_empty() && !self.cleartext {
            return Err(self.usage(
                "nobody is named who may open it",
                "give `--recipient age1…`",
            ));
        }
        if self.cleartext && self.role != ExportRole::Tink {
            let hint = "`--cleartext` is for `--role tink`";
            return Err(self.usage("a bundle is never written as it is", hint));
        }
        let keyring = self.open()?;
        let epoch = match self.epoch {
            Some(epoch) => Epoch(epoch),
            None => keyring.primary_epoch()?,
        };
        let keys = keyring.domain_keys(self.domain(pipeline.as_ref())?, epoch)?;
        self.same_key(pipeline.as_ref(), &keys)?;
        let revealing = opens(&needs);
        if !revealing.is_empty() {
            let names = revealing.join(", ");
            screen.warning(&format!(
                "whoever holds this file turns pseudonyms back: {names}"
            ));
        }
        match self.role {
            ExportRole::Tink => self.tink(&needs, &keys),
            ExportRole::Pseudonymise => self.bundle(Role::Pseudonymise, needs, &keyring, &keys),
            ExportRole::Reveal => self.bundle(Role::Reveal, needs, &keyring, &keys),
        }
    }

    /// The keys of the role.
    fn needs(&self, pipeline: Option<&Pipeline>) -> Result<BTreeSet<SubKey>, Failure> {
        match (self.role, pipeline) {
            (ExportRole::Pseudonymise, None) => {
                Err(self.usage("nobody says what to run", "give `--pipeline FILE`"))
            }
            (ExportRole::Pseudonymise, Some(_)) if !self.identity.is_empty() => {
                let hint = "leave `--identity` out: the pipeline says which keys it needs";
                Err(self.usage("`--identity` is for `reveal` and `tink`", hint))
            }
            (ExportRole::Pseudonymise, Some(pipeline)) => {
                let needs = pipeline.needs(&pipeline.tables);
                let revealing = opens(&needs);
                if revealing.is_empty() || self.allow_reveal {
                    return Ok(needs);
                }
                let names = revealing.join(", ");
                let message = format!("a bundle for this pipeline turns pseudonyms back: {names}");
                Err(self.usage(&message, "`--allow-reveal` says that this is meant"))
            }
            (role, pipeline) => {
                let many = role == ExportRole::Tink && self.identity.len() > 1;
                if self.identity.is_empty() || many {
                    let message = match many {
                        true => "a keyset of Tink is for one identity",
                        false => "nobody says whose seals are to be opened",
                    };
                    return Err(self.usage(message, "give `--identity ID`"));
                }
                let names = self.identity.iter().map(|name| self.seal(name, pipeline));
                names.collect()
            }
        }
    }

    /// The seal key of an identity.
    fn seal(&self, name: &str, pipeline: Option<&Pipeline>) -> Result<SubKey, Failure> {
        let kind = match pipeline {
            Some(pipeline) => pipeline.identities.get(name).map(|identity| identity.kind),
            None => self.kind,
        };
        let kind = kind.ok_or_else(|| match pipeline {
            Some(_) => self.usage(&format!("the pipeline has no identity `{name}`"), ""),
            None => self.usage("nobody says the kind", "give `--pipeline`, or `--kind`"),
        })?;
        Ok(SubKey::new(Purpose::Seal, name, kind.id()))
    }

    fn domain<'a>(&'a self, pipeline: Option<&'a Pipeline>) -> Result<&'a str, Failure> {
        let said = pipeline.map(|pipeline| pipeline.domain.as_str());
        let said = said.or(self.domain.as_deref());
        said.ok_or_else(|| self.usage("nobody says the domain", "give `--pipeline`, or `--domain`"))
    }

    fn open(&self) -> Result<Keyring, Failure> {
        let opening = Opening {
            keyring: self.keyring.clone(),
            identity: self.identity_file.clone(),
            passphrase_file: self.passphrase_file.clone(),
        };
        let chosen = |entry: &pseudo_keyring::Entry| match self.epoch {
            Some(epoch) => entry.epoch.0 == epoch,
            None => crate::access::primary(entry),
        };
        opening.open(&self.access, chosen)
    }

    /// A bundle of another keyring would be refused over the pipeline's output: it is refused here.
    fn same_key(&self, pipeline: Option<&Pipeline>, keys: &DomainKeys) -> Result<(), Failure> {
        let (Some(path), Some(pipeline)) = (&self.pipeline, pipeline) else {
            return Ok(());
        };
        if self.new_epoch || self.role != ExportRole::Pseudonymise {
            return Ok(());
        }
        let base = path.parent().unwrap_or(Path::new(""));
        Ok(pseudo_engine::same_key(
            &base.join(&pipeline.sink.root),
            keys,
        )?)
    }

    fn bundle(
        &self,
        role: Role,
        needs: BTreeSet<SubKey>,
        keyring: &Keyring,
        keys: &DomainKeys,
    ) -> Result<String, Failure> {
        let bundle = Bundle::take(role, keyring, keys, needs, &rfc3339(now()))?;
        bundle.create(&self.output, &self.recipient)?;
        Ok(match self.json {
            true => message::json(&bundle_json(&bundle)),
            false => bundle_table(&bundle),
        })
    }

    fn tink(&self, needs: &BTreeSet<SubKey>, keys: &DomainKeys) -> Result<String, Failure> {
        let delivery = match self.cleartext {
            true => Delivery::Clear,
            false => Delivery::Sealed(&self.recipient),
        };
        let mut told = String::new();
        for SubKey { identity, kind, .. } in needs {
            keys.create_tink(identity, kind, &self.output, &delivery)?;
            let id = keys.seal_key(identity, kind)?.key_id();
            told = match self.json {
                true => message::json(&serde_json::json!({
                    "role": "tink", "domain": keys.domain(), "epoch": keys.epoch().0,
                    "identity": identity, "kind": kind, "key_id": id,
                })),
                false => format!("role tink, identity {identity}, kind {kind}, key id {id}\n"),
            };
        }
        Ok(told)
    }

    fn usage(&self, message: &str, hint: &str) -> Failure {
        let message = message.to_owned();
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        Failure::Usage { message, hint }
    }
}

/// The identities whose pseudonyms these keys turn back, each as the rule that made it.
fn opens(needs: &BTreeSet<SubKey>) -> Vec<String> {
    let turns_back = |name: &&SubKey| matches!(name.purpose, Purpose::Seal | Purpose::Fpe);
    let found = needs.iter().filter(turns_back);
    let shown = found.map(|name| format!("`{} = \"{}\"`", name.purpose.name(), name.identity));
    shown.collect()
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| "not a kind".to_owned())
}
