//! References as a person writes them:
//!
//! ```text
//! pkcs11:token=TOKEN;object=KEY[;id=%A0%03]?module-path=/path/to/module.so       RFC 7512
//! transit:https://HOST[:PORT]/MOUNT/KEY[?version=N][&namespace=NAME]
//! aws-kms:REGION/KEY[?endpoint=https://HOST]          KEY is an id, an ARN or `alias/NAME`
//! ```

use std::fmt::Write;
use std::str::FromStr;

use super::{AwsKms, Custody, Pkcs11, Transit};
use crate::Error;

impl FromStr for Custody {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (provider, rest) = text.split_once(':').ok_or(Error::CustodyText)?;
        let custody = match provider {
            "pkcs11" => pkcs11(rest),
            "transit" => transit(rest),
            "aws-kms" => aws_kms(rest),
            _ => None,
        };
        let legal = custody.filter(Self::is_legal);
        legal.ok_or(Error::CustodyText)
    }
}

fn pkcs11(text: &str) -> Option<Custody> {
    let (path, query) = text.split_once('?')?;
    let (mut token, mut key, mut id, mut module) = (None, None, None, None);
    let attributes = path.split(';').chain(query.split('&'));
    for attribute in attributes {
        let (name, value) = attribute.split_once('=')?;
        let bytes = unescaped(value)?;
        let place = match name {
            "token" => &mut token,
            "object" => &mut key,
            "id" => &mut id,
            "module-path" => &mut module,
            _ => return None,
        };
        let text = match name {
            "id" => hex(&bytes),
            _ => String::from_utf8(bytes).ok()?,
        };
        if place.replace(text).is_some() {
            return None;
        }
    }
    Some(Custody::Pkcs11(Pkcs11 {
        module: module?,
        token: token?,
        key: key?,
        id,
    }))
}

fn transit(text: &str) -> Option<Custody> {
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    let (scheme, rest) = place.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let (mount, key) = path.rsplit_once('/')?;
    let (mut version, mut namespace) = (1, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=')? {
            ("version", number) => version = number.parse().ok()?,
            ("namespace", name) => namespace = Some(text_of(name)?),
            _ => return None,
        }
    }
    Some(Custody::Transit(Transit {
        address: format!("{scheme}://{host}"),
        mount: text_of(mount)?,
        key: text_of(key)?,
        version,
        namespace,
    }))
}

fn aws_kms(text: &str) -> Option<Custody> {
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    let (region, key) = place.split_once('/')?;
    let endpoint = match query {
        "" => None,
        query => Some(query.strip_prefix("endpoint=")?.to_owned()),
    };
    // The region becomes a part of the service's host.
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let region = region.bytes().all(legal).then(|| region.to_owned())?;
    let key = key.to_owned();
    Some(Custody::AwsKms(AwsKms {
        region,
        key,
        endpoint,
    }))
}

fn text_of(text: &str) -> Option<String> {
    String::from_utf8(unescaped(text)?).ok()
}

/// The bytes of a text with percent escapes (RFC 3986).
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            out.push(*first);
            continue;
        }
        let (digits, tail) = rest.split_first_chunk::<2>()?;
        let digits = std::str::from_utf8(digits).ok()?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        out.push(u8::from_str_radix(digits, 16).ok().filter(|_| plain)?);
        rest = tail;
    }
    Some(out)
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // a String takes whatever is written
        let _ = write!(text, "{byte:02x}");
    }
    text
}
