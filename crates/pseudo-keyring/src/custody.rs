//! Where a secret is that is not in the keyring: in a device or service that computes HMAC-SHA256
//! and never gives it away. The keyring holds the reference, and what the reference needs besides
//! (PIN, token, credentials) is passed in ([`Access`]) and never stored.
//!
//! One file for each provider, each behind the feature of its name.

#[cfg(feature = "aws-kms")]
mod aws_kms;
#[cfg(any(feature = "transit", feature = "aws-kms"))]
mod http;
mod parse;
#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(feature = "aws-kms")]
mod sigv4;
#[cfg(feature = "transit")]
mod transit;

use std::fmt;
use std::time::{Duration, SystemTime};

use pseudo_token::{CheckValue, Epoch, RootMessage};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Error;

/// A reference to a secret that stays where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "kebab-case")]
pub enum Custody {
    /// A key object of a PKCS#11 token: an HSM, a smart card, SoftHSM.
    Pkcs11(Pkcs11),
    /// A key of a Transit secrets engine: HashiCorp Vault, OpenBao.
    Transit(Transit),
    /// An HMAC key of AWS KMS.
    AwsKms(AwsKms),
}

/// A key object of a PKCS#11 token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pkcs11 {
    /// Path of the library that speaks to the device.
    pub module: String,
    /// Label of the token.
    pub token: String,
    /// Label of the key (`CKA_LABEL`).
    pub key: String,
    /// Its id (`CKA_ID`) in hexadecimal, where the label alone does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A key of a Transit secrets engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transit {
    /// `https://host:port` of the server.
    pub address: String,
    /// Path at which the engine is mounted, as `transit`.
    pub mount: String,
    /// Name of the key.
    pub key: String,
    /// Its version: another one is another secret.
    pub version: u32,
    /// Namespace, where the server has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// An HMAC key of AWS KMS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsKms {
    /// The region, as `eu-central-1`.
    pub region: String,
    /// Id or ARN of a key of spec `HMAC_256`.
    pub key: String,
    /// `https://host` of the service, where it is not that of the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// What providers need besides a reference; none of it is stored.
#[derive(Clone)]
pub struct Access {
    /// The user PIN of the PKCS#11 token.
    pub pin: Option<Zeroizing<String>>,
    /// The token that the Transit server knows us by.
    pub vault_token: Option<Zeroizing<String>>,
    /// Credentials for AWS.
    pub aws: Option<AwsCredentials>,
    /// Certificates in PEM that servers are trusted by, instead of those of the web.
    pub ca: Option<Vec<u8>>,
    /// The time, which AWS wants to be told.
    pub now: SystemTime,
    /// How long a server is waited for, in all.
    pub timeout: Duration,
}

/// Credentials for AWS.
#[derive(Clone)]
pub struct AwsCredentials {
    /// Id of the access key; not a secret.
    pub id: String,
    /// The secret access key.
    pub secret: Zeroizing<String>,
    /// The session token of temporary credentials.
    pub session: Option<Zeroizing<String>>,
}

impl Access {
    /// Nothing: enough for keyrings that hold their secrets.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            pin: None,
            vault_token: None,
            aws: None,
            ca: None,
            now: SystemTime::UNIX_EPOCH,
            timeout: Duration::from_secs(15),
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access(..)")
    }
}

impl fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AwsCredentials({})", self.id)
    }
}

impl Custody {
    /// The word for the provider, in keyrings and listings; also that of the feature.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        match self {
            Self::Pkcs11(_) => "pkcs11",
            Self::Transit(_) => "transit",
            Self::AwsKms(_) => "aws-kms",
        }
    }

    /// Whether this build can ask the provider.
    #[must_use]
    pub const fn is_built(&self) -> bool {
        match self {
            Self::Pkcs11(_) => cfg!(feature = "pkcs11"),
            Self::Transit(_) => cfg!(feature = "transit"),
            Self::AwsKms(_) => cfg!(feature = "aws-kms"),
        }
    }

    /// Asks the provider for the check value of its key.
    ///
    /// # Errors
    /// When it does not answer, and when the reference is malformed.
    pub fn check_value(&self, epoch: Epoch, access: &Access) -> Result<CheckValue, Error> {
        if !self.is_legal() {
            return Err(Error::Custody);
        }
        let answer = self.answer(&RootMessage::check_value(epoch), access)?;
        Ok(CheckValue::from_answer(&answer))
    }

    /// Asks the provider for the HMAC-SHA256 of a message.
    pub(crate) fn answer(
        &self,
        message: &RootMessage,
        access: &Access,
    ) -> Result<Zeroizing<[u8; 32]>, Error> {
        match self {
            #[cfg(feature = "pkcs11")]
            Self::Pkcs11(place) => pkcs11::answer(place, &self.to_string(), message, access),
            #[cfg(feature = "transit")]
            Self::Transit(place) => transit::answer(place, &self.to_string(), message, access),
            #[cfg(feature = "aws-kms")]
            Self::AwsKms(place) => aws_kms::answer(place, &self.to_string(), message, access),
            #[cfg(not(all(feature = "pkcs11", feature = "transit", feature = "aws-kms")))]
            _ => {
                let _ = (message, access);
                let provider = self.provider();
                Err(Error::NotBuilt { provider })
            }
        }
    }

    /// Whether the fields say something: none is empty, and none is longer than such a thing is.
    pub(crate) fn is_legal(&self) -> bool {
        let (fields, more) = match self {
            Self::Pkcs11(place) => ([&place.module, &place.token, &place.key], &place.id),
            Self::Transit(place) => ([&place.address, &place.mount, &place.key], &place.namespace),
            Self::AwsKms(place) => ([&place.region, &place.key, &place.key], &place.endpoint),
        };
        let legal = |field: &String| {
            !field.is_empty() && field.len() <= 1024 && !field.contains(char::is_control)
        };
        let version = match self {
            Self::Transit(place) => place.version > 0,
            _ => true,
        };
        version && fields.into_iter().chain(more).all(legal)
    }
}

/// Where it is, for messages: no secret is in a reference.
impl fmt::Display for Custody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pkcs11(Pkcs11 { token, key, .. }) => {
                write!(f, "key `{key}` of PKCS#11 token `{token}`")
            }
            Self::Transit(place) => {
                let Transit {
                    address,
                    mount,
                    key,
                    version,
                    ..
                } = place;
                write!(
                    f,
                    "key `{key}` version {version} of Transit `{address}/{mount}`"
                )
            }
            Self::AwsKms(AwsKms { region, key, .. }) => {
                write!(f, "key `{key}` of AWS KMS in {region}")
            }
        }
    }
}

/// The 32 bytes of an HMAC from base64.
#[cfg(any(feature = "transit", feature = "aws-kms"))]
fn mac(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    // The decoder asks for some more than the padded text can hold.
    let mut bytes = Zeroizing::new([0_u8; 36]);
    let len = STANDARD.decode_slice(text, bytes.as_mut_slice()).ok()?;
    let bytes = bytes.get(..len)?;
    Some(Zeroizing::new(bytes.try_into().ok()?))
}
