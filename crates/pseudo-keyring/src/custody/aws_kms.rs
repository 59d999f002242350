//! AWS KMS: `GenerateMac` with `HMAC_SHA_256` under a key of spec `HMAC_256`, signed by Signature
//! Version 4.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pseudo_token::RootMessage;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::http::{Answer, Request};
use super::sigv4::{self, Signed};
use super::{Access, AwsKms};
use crate::Error;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Question<'a> {
    key_id: &'a str,
    mac_algorithm: &'a str,
    message: &'a str,
}

// Borrowed, so that no copy of the answer is made.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply<'a> {
    #[serde(borrow)]
    mac: &'a str,
    #[serde(borrow)]
    mac_algorithm: &'a str,
}

#[derive(Deserialize)]
struct Refusal<'a> {
    #[serde(rename = "__type", borrow)]
    kind: &'a str,
}

pub(super) fn answer(
    place: &AwsKms,
    name: &str,
    message: &RootMessage,
    access: &Access,
) -> Result<Zeroizing<[u8; 32]>, Error> {
    let credentials = access.aws.as_ref().ok_or_else(|| Error::NoAccess {
        custody: name.to_owned(),
        what: "AWS credentials",
    })?;
    let question = Question {
        key_id: &place.key,
        mac_algorithm: ALGORITHM,
        message: &STANDARD.encode(message.as_bytes()),
    };
    let body = serde_json::to_vec(&question).map_err(|_| Error::Encode)?;
    let server = place.endpoint.clone().unwrap_or_else(|| {
        let china = if place.region.starts_with("cn-") {
            ".cn"
        } else {
            ""
        };
        format!("https://kms.{}.amazonaws.com{china}", place.region)
    });
    let server = server.trim_end_matches('/');
    let host = server.split_once("://").map_or(server, |(_, host)| host);
    let time = sigv4::time(access.now).ok_or(Error::Created)?;
    let mut signed = vec![
        ("content-type", "application/x-amz-json-1.1"),
        ("host", host),
        ("x-amz-date", &time),
    ];
    if let Some(session) = &credentials.session {
        signed.push(("x-amz-security-token", session));
    }
    signed.push(("x-amz-target", "TrentService.GenerateMac"));
    let authorization = Signed {
        method: "POST",
        path: "/",
        query: "",
        headers: &signed,
        body: &body,
    };
    let authorization = authorization.authorization(credentials, &place.region, "kms", &time);
    let mut headers = signed;
    headers.push(("authorization", &authorization));
    // The client says the host by itself.
    headers.retain(|(header, _)| *header != "host");
    let request = Request {
        name,
        server,
        path: "/",
        headers: &headers,
        body: &body,
    };
    let answer = request.send(access)?;
    match answer.status {
        200 => read(&answer).ok_or_else(|| request.refused(GARBAGE)),
        _ => Err(refusal(&request, &answer)),
    }
}

fn read(answer: &Answer) -> Option<Zeroizing<[u8; 32]>> {
    let reply: Reply<'_> = serde_json::from_slice(&answer.body).ok()?;
    if reply.mac_algorithm != ALGORITHM {
        return None;
    }
    super::mac(reply.mac)
}

/// What the service says, by the name of its exception alone.
fn refusal(request: &Request<'_>, answer: &Answer) -> Error {
    let refusal: Option<Refusal<'_>> = serde_json::from_slice(&answer.body).ok();
    // It may stand behind a namespace.
    let kind = refusal.and_then(|refusal| refusal.kind.rsplit('#').next());
    match (kind.unwrap_or_default(), answer.status) {
        ("NotFoundException", _) => request.refused("the service knows no such key"),
        ("DisabledException" | "KMSInvalidStateException", _) => {
            request.denied("the key is disabled, or about to be deleted")
        }
        ("AccessDeniedException" | "AccessDenied", _) => {
            request.denied("the credentials have no permission, or no longer")
        }
        ("ExpiredTokenException" | "ExpiredToken" | "RequestExpired", _) => {
            request.denied("the credentials have expired")
        }
        (
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException",
            _,
        ) => request.refused("the credentials are wrong, or the clock is"),
        ("InvalidKeyUsageException" | "ValidationException", _) => {
            request.refused("it is no key of spec HMAC_256")
        }
        (
            "ThrottlingException"
            | "KMSInternalException"
            | "DependencyTimeoutException"
            | "KeyUnavailableException"
            | "ServiceUnavailableException",
            _,
        )
        | (_, 429 | 500..) => request.away("the service cannot answer now"),
        _ => request.refused(GARBAGE),
    }
}

const ALGORITHM: &str = "HMAC_SHA_256";
const GARBAGE: &str = "what answers is not AWS KMS";
