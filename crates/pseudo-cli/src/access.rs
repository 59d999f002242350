//! What providers of secrets need besides a reference: a PIN, a token, credentials. They come from
//! private files, the terminal or, for AWS, from where its tools look; never from an argument.

use clap::Args;
use pseudo_keyring::{Access, Custody, Entry, Keyring, Status};

use crate::commands::now;
use crate::message::Failure;
#[cfg(any(feature = "pkcs11", feature = "transit"))]
use crate::unlock;

/// Where they are.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Providers of secrets")]
pub(crate) struct AccessArgs {
    /// File whose first line is the PIN of the PKCS#11 token; asked on the terminal when absent
    #[cfg(feature = "pkcs11")]
    #[arg(long, value_name = "FILE")]
    pin_file: Option<std::path::PathBuf>,
    /// File whose first line is the Vault token; that of `VAULT_TOKEN_FILE` when absent
    #[cfg(feature = "transit")]
    #[arg(long, value_name = "FILE")]
    vault_token_file: Option<std::path::PathBuf>,
    /// Certificates in PEM that servers are trusted by, instead of those of the web
    #[cfg(any(feature = "transit", feature = "aws-kms"))]
    #[arg(long, value_name = "FILE")]
    ca_file: Option<std::path::PathBuf>,
}

impl AccessArgs {
    /// Gives a keyring what the providers of these epochs need.
    pub(crate) fn give(
        &self,
        keyring: Keyring,
        epochs: impl Fn(&Entry) -> bool,
    ) -> Result<Keyring, Failure> {
        let entries = keyring.entries().filter(epochs);
        let places: Vec<Custody> = entries.filter_map(|entry| entry.custody).collect();
        if places.is_empty() {
            return Ok(keyring);
        }
        Ok(keyring.with_access(self.access(&places)?))
    }

    /// What these providers need; of those that this build cannot ask, nothing.
    pub(crate) fn access(&self, places: &[Custody]) -> Result<Access, Failure> {
        let mut access = Access {
            now: now().into(),
            ..Access::none()
        };
        for place in places {
            self.add(place, &mut access)?;
        }
        Ok(access)
    }

    fn add(&self, place: &Custody, access: &mut Access) -> Result<(), Failure> {
        #[cfg(any(feature = "transit", feature = "aws-kms"))]
        if let Some(file) = &self.ca_file {
            access.ca = Some(read(file)?);
        }
        match place {
            #[cfg(feature = "pkcs11")]
            Custody::Pkcs11(place) if access.pin.is_none() => {
                access.pin = Some(match &self.pin_file {
                    Some(file) => unlock::secret_in(file, "PIN file")?,
                    None => unlock::ask_pin(&place.token)?,
                });
            }
            #[cfg(feature = "transit")]
            Custody::Transit(_) if access.vault_token.is_none() => {
                let told = || std::env::var_os("VAULT_TOKEN_FILE").map(Into::into);
                let file = self.vault_token_file.clone().or_else(told);
                let file: std::path::PathBuf = file.ok_or_else(|| Failure::Usage {
                    message: format!("{place} needs a token for its server"),
                    hint: Some("give `--vault-token-file`, or set VAULT_TOKEN_FILE".to_owned()),
                })?;
                access.vault_token = Some(unlock::secret_in(&file, "token file")?);
            }
            #[cfg(feature = "aws-kms")]
            Custody::AwsKms(_) if access.aws.is_none() => access.aws = Some(aws::credentials()?),
            // What another has needed already, or what this build cannot ask.
            _ => {
                let _ = access;
            }
        }
        Ok(())
    }
}

/// The epochs that a run uses.
pub(crate) fn primary(entry: &Entry) -> bool {
    entry.status == Status::Primary
}

/// The epochs that may be used at all.
pub(crate) fn usable(entry: &Entry) -> bool {
    matches!(entry.status, Status::Primary | Status::Enabled)
}

#[cfg(any(feature = "transit", feature = "aws-kms"))]
fn read(path: &std::path::Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        let kind = error.kind();
        Failure::usage(format!("`{}` cannot be read: {kind}", path.display()))
    })
}

/// Credentials for AWS from where its tools look: the environment, then the shared file.
#[cfg(feature = "aws-kms")]
mod aws {
    use std::env;
    use std::path::PathBuf;

    use pseudo_keyring::AwsCredentials;
    use zeroize::Zeroizing;

    use crate::message::Failure;

    pub(super) fn credentials() -> Result<AwsCredentials, Failure> {
        let said = |name: &str| {
            let value = env::var_os(name)?.into_string().ok()?;
            (!value.is_empty()).then(|| Zeroizing::new(value))
        };
        if let (Some(id), Some(secret)) = (said("AWS_ACCESS_KEY_ID"), said("AWS_SECRET_ACCESS_KEY"))
        {
            let session = said("AWS_SESSION_TOKEN");
            let id = id.to_string();
            return Ok(AwsCredentials {
                id,
                secret,
                session,
            });
        }
        let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".aws/credentials"));
        let file = env::var_os("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from);
        let text = file.or_else(home).and_then(|file| std::fs::read(file).ok());
        let text = Zeroizing::new(text.unwrap_or_default());
        let profile = said("AWS_PROFILE");
        let profile = profile.as_ref().map_or("default", |name| name.as_str());
        let text = std::str::from_utf8(&text).unwrap_or_default();
        section(text, profile).ok_or_else(|| Failure::Usage {
            message: "there are no AWS credentials".to_owned(),
            hint: Some(
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE \
                 and AWS_PROFILE"
                    .to_owned(),
            ),
        })
    }

    /// The credentials of a profile in the text of a shared file.
    fn section(text: &str, profile: &str) -> Option<AwsCredentials> {
        let head = format!("[{profile}]");
        let lines = text.lines().map(str::trim).skip_while(|line| *line != head);
        let lines: Vec<_> = lines
            .skip(1)
            .take_while(|line| !line.starts_with('['))
            .collect();
        let value = |name: &str| {
            let pairs = lines.iter().filter_map(|line| line.split_once('='));
            let mut values = pairs.filter(|(key, _)| key.trim() == name);
            values
                .next()
                .map(|(_, value)| Zeroizing::new(value.trim().to_owned()))
        };
        Some(AwsCredentials {
            id: value("aws_access_key_id")?.to_string(),
            secret: value("aws_secret_access_key")?,
            session: value("aws_session_token"),
        })
    }

    #[cfg(test)]
    mod tests {
        use super::section;

        #[test]
        fn a_profile_is_found_in_a_shared_file() {
            let text = "[default]\naws_access_key_id=a\naws_secret_access_key = b/c=\n\n\
                        [other]\naws_access_key_id = d\naws_secret_access_key = e\n\
                        aws_session_token = f\n";
            let default = section(text, "default").unwrap();
            let shown = (default.id.as_str(), default.secret.as_str());
            assert_eq!(shown, ("a", "b/c="));
            assert!(default.session.is_none());
            let other = section(text, "other").unwrap();
            assert_eq!(other.session.unwrap().as_str(), "f");
            assert!(section(text, "absent").is_none());
        }
    }
}
