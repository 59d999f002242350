//! The Transit secrets engine of HashiCorp Vault and OpenBao:
//! `POST /v1/{mount}/hmac/{key}/sha2-256` with the input in base64, answered by
//! `vault:v{version}:{base64}`. Keys of type `hmac` are the HMAC key themselves.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pseudo_token::RootMessage;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::http::{Answer, Request, escaped};
use super::{Access, Transit};
use crate::Error;

#[derive(Serialize)]
struct Question<'a> {
    input: &'a str,
    key_version: u32,
}

// Borrowed, so that no copy of the answer is made.
#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    hmac: &'a str,
}

pub(super) fn answer(
    place: &Transit,
    name: &str,
    message: &RootMessage,
    access: &Access,
) -> Result<Zeroizing<[u8; 32]>, Error> {
    let token = access.vault_token.as_ref().ok_or_else(|| Error::NoAccess {
        custody: name.to_owned(),
        what: "a token for its server",
    })?;
    let question = Question {
        input: &STANDARD.encode(message.as_bytes()),
        key_version: place.version,
    };
    let body = serde_json::to_vec(&question).map_err(|_| Error::Encode)?;
    let mount = escaped(place.mount.trim_matches('/'), true);
    let path = format!("/v1/{mount}/hmac/{}/sha2-256", escaped(&place.key, false));
    let mut headers = vec![
        ("Content-Type", "application/json"),
        ("X-Vault-Request", "true"),
        ("X-Vault-Token", token.trim()),
    ];
    if let Some(namespace) = &place.namespace {
        headers.push(("X-Vault-Namespace", namespace));
    }
    let request = Request {
        name,
        server: &place.address,
        path: &path,
        headers: &headers,
        body: &body,
    };
    let answer = request.send(access)?;
    match answer.status {
        200 => read(place, &answer).ok_or_else(|| request.refused(GARBAGE)),
        400 => Err(request.refused("the server knows no such key or version")),
        403 => Err(request.denied("the token is expired, revoked or has no permission")),
        404 => Err(request.refused("the server knows no such mount or key")),
        300..400 => Err(request.away("its server sends elsewhere: it is not the active one")),
        503 => Err(request.away("its server is sealed or in maintenance")),
        412 | 429 | 500.. => Err(request.away("its server cannot answer now")),
        _ => Err(request.refused(GARBAGE)),
    }
}

/// The HMAC, where the answer is one of the version that was asked for.
fn read(place: &Transit, answer: &Answer) -> Option<Zeroizing<[u8; 32]>> {
    let reply: Reply<'_> = serde_json::from_slice(&answer.body).ok()?;
    let text = reply.data.hmac.strip_prefix("vault:v")?;
    let (version, text) = text.split_once(':')?;
    if version.parse() != Ok(place.version) {
        return None;
    }
    super::mac(text)
}

const GARBAGE: &str = "what answers is not a Transit engine that knows the key";
