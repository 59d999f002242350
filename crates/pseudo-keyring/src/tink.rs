//! A seal key as a Tink keyset: JSON, one key `AesSivKey` with prefix TINK. Any Tink opens our
//! seals with it, associated data empty; its user strips the pad (TOKENS.md 5).

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pseudo_token::{Purpose, SubKey};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::document::to_json;
use crate::{DomainKeys, Error, Recipient, age, file};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Keyset<'a> {
    primary_key_id: u32,
    key: [Key<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Key<'a> {
    key_data: KeyData<'a>,
    status: &'a str,
    key_id: u32,
    output_prefix_type: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyData<'a> {
    type_url: &'a str,
    value: &'a str,
    key_material_type: &'a str,
}

/// How a keyset reaches its holder.
pub enum Delivery<'a> {
    /// As an age file, whose content is the keyset.
    Sealed(&'a [Recipient]),
    /// As it is, in a file of mode 0600.
    Clear,
}

impl DomainKeys {
    /// Writes the seal key of an identity as a Tink keyset, a new file of mode 0600.
    ///
    /// # Errors
    /// When the key is not among these, when `path` exists, and when the disk fails.
    pub fn create_tink(
        &self,
        identity: &str,
        kind: &str,
        path: &Path,
        delivery: &Delivery<'_>,
    ) -> Result<(), Error> {
        file::refuse_existing(path)?;
        let keyset = self.tink(identity, kind)?;
        match delivery {
            Delivery::Sealed(recipients) => {
                file::write_new(path, &age::seal_to(recipients, &keyset)?)
            }
            Delivery::Clear => file::write_new(path, &keyset),
        }
    }

    fn tink(&self, identity: &str, kind: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let bytes = self.bytes(SubKey::new(Purpose::Seal, identity, kind))?;
        let (key, id) = bytes.split_last_chunk::<4>().ok_or(Error::Encode)?;
        let id = u32::from_be_bytes(*id);
        // Protocol buffers: field 2, length-delimited, 64 bytes; field 1, version 0, is left out.
        let mut message = Zeroizing::new(Vec::with_capacity(66));
        message.extend_from_slice(&[0x12, 64]);
        message.extend_from_slice(key);
        let mut value = Zeroizing::new(String::with_capacity(2 * message.len()));
        STANDARD.encode_string(message.as_slice(), &mut value);
        to_json(&Keyset {
            primary_key_id: id,
            key: [Key {
                key_data: KeyData {
                    type_url: "type.googleapis.com/google.crypto.tink.AesSivKey",
                    value: &value,
                    key_material_type: "SYMMETRIC",
                },
                status: "ENABLED",
                key_id: id,
                output_prefix_type: "TINK",
            }],
        })
    }
}
