//! Transit, against a server that keeps to the protocol of Vault's HTTP API, and against servers
//! that do not.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pseudo_keyring::{Access, Change, Custody, Error, Fresh, KeySource, Keyring, Transit, Unlock};
use pseudo_token::Epoch;
use zeroize::Zeroizing;

use crate::harness::{Bench, CREATED};
use crate::server::{Asked, Reply, Server, gone, hmac};

const KEYS: [[u8; 32]; 2] = [
    *b"the first version of the secret.",
    *b"the second version of the same!!",
];

/// Vault, as far as one key goes.
fn vault(asked: &Asked) -> Reply {
    let error = |status, text: &str| Reply::Json(status, format!(r#"{{"errors":["{text}"]}}"#));
    if asked.header("x-vault-token") != Some("s.token") {
        return error(403, "permission denied");
    }
    let Some(path) = asked.line.strip_prefix("POST /v1/team/transit/hmac/") else {
        return error(404, "no handler for route");
    };
    if path != "analytics%20key/sha2-256 HTTP/1.1" {
        return error(400, "encryption key not found");
    }
    let question = asked.json();
    let version = question["key_version"].as_u64().unwrap();
    let Some(key) = usize::try_from(version).ok().and_then(|n| KEYS.get(n - 1)) else {
        return error(
            400,
            "requested version for signing is greater than the latest key version",
        );
    };
    let input = STANDARD
        .decode(question["input"].as_str().unwrap())
        .unwrap();
    let mac = STANDARD.encode(hmac(key, &input));
    let text = format!(r#"{{"request_id":"x","data":{{"hmac":"vault:v{version}:{mac}"}}}}"#);
    Reply::Json(200, text)
}

fn place(address: &str) -> Transit {
    Transit {
        address: address.to_owned(),
        mount: "team/transit".to_owned(),
        key: "analytics key".to_owned(),
        version: 1,
        namespace: None,
    }
}

fn access() -> Access {
    Access {
        vault_token: Some(Zeroizing::new("s.token\n".to_owned())),
        timeout: Duration::from_millis(500),
        ..Access::none()
    }
}

fn create(bench: &Bench, place: Transit, access: Access) -> Result<Keyring, Error> {
    let fresh = Fresh::Custody(Custody::Transit(place));
    let path = bench.path("a.keyring");
    Keyring::create_with(&path, &bench.unlock(), CREATED, fresh, access)
}

/// An age keyring with the same secret as epoch 2.
fn imported(bench: &Bench, secret: [u8; 32]) -> Keyring {
    let path = bench.path("imported.keyring");
    let unlock: Unlock = bench.unlock();
    Keyring::create(&path, &unlock, CREATED).unwrap();
    let mut change = Change::begin(&path, &unlock, Access::none()).unwrap();
    let fresh = Fresh::Given(Zeroizing::new(secret));
    change.rotate(fresh, CREATED).unwrap();
    change.commit().unwrap()
}

fn token(keyring: &dyn KeySource, epoch: u32) -> [u8; 32] {
    let keys = keyring.domain_keys("analytics", Epoch(epoch)).unwrap();
    let mut token = [[0; 32]];
    let key = keys.token_key("phone", "cn-phone/1").unwrap();
    key.tokens(&[b"+8613800138000"], &mut token);
    token[0]
}

#[test]
fn tokens_are_those_of_the_same_secret_in_a_keyring() {
    let bench = Bench::new();
    let server = Server::start(vault);
    let made = create(&bench, place(&server.address), access()).unwrap();
    let check = made.check_value(Epoch(1)).unwrap();
    assert_eq!(made.entries().next().unwrap().check_value, Some(check));
    // Epoch 2 is the next version: rotation at the provider is a rotation here.
    let (path, unlock) = (bench.path("a.keyring"), bench.unlock());
    let mut change = Change::begin(&path, &unlock, access()).unwrap();
    let next = Transit {
        version: 2,
        ..place(&server.address)
    };
    change
        .rotate(Fresh::Custody(Custody::Transit(next)), CREATED)
        .unwrap();
    change.commit().unwrap();
    let opened = Keyring::open(&path, &unlock).unwrap().with_access(access());
    let imported = imported(&bench, KEYS[1]);
    assert_eq!(token(&opened, 2), token(&imported, 2));
    assert_eq!(
        opened.check_value(Epoch(2)).unwrap(),
        imported.check_value(Epoch(2)).unwrap()
    );
    assert_eq!(
        *opened.audit_key(Epoch(2)).unwrap(),
        *imported.audit_key(Epoch(2)).unwrap()
    );
    assert_ne!(token(&opened, 1), token(&opened, 2));
    assert!(!bench.opened("a.keyring").contains("\"secret\""));
    let asked = server.last();
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.header("x-vault-request"), Some("true"));
    assert_eq!(asked.header("x-vault-namespace"), None);
}

#[test]
fn a_namespace_is_told() {
    let bench = Bench::new();
    let server = Server::start(vault);
    let place = Transit {
        namespace: Some("team-a".to_owned()),
        ..place(&server.address)
    };
    create(&bench, place, access()).unwrap();
    assert_eq!(server.last().header("x-vault-namespace"), Some("team-a"));
}

/// The exit code and text of an error, which holds nothing of what was sent or answered.
fn refusal(place: Transit, access: Access) -> (u8, String) {
    let bench = Bench::new();
    let error = create(&bench, place, access).unwrap_err();
    assert!(!bench.path("a.keyring").exists());
    let all = format!("{error} {error:?}");
    assert!(!all.contains("s.token") && !all.contains("canary"), "{all}");
    let text = error.to_string();
    let at = text.find("` ").or(text.find("`: ")).unwrap();
    (
        error.exit_code(),
        text[at..].trim_start_matches(['`', ':', ' ']).to_owned(),
    )
}

#[test]
fn what_the_server_refuses_is_told_apart() {
    let server = Server::start(vault);
    let address = server.address.as_str();
    let wrong = Access {
        vault_token: Some(Zeroizing::new("s.revoked".to_owned())),
        ..access()
    };
    let (code, text) = refusal(place(address), wrong);
    assert_eq!(code, 75);
    assert!(
        text.ends_with("the token is expired, revoked or has no permission"),
        "{text}"
    );
    let cases = [
        (
            Transit {
                key: "other".into(),
                ..place(address)
            },
            "no such key or version",
        ),
        (
            Transit {
                version: 3,
                ..place(address)
            },
            "no such key or version",
        ),
        (
            Transit {
                mount: "kv".into(),
                ..place(address)
            },
            "no such mount or key",
        ),
    ];
    for (place, expected) in cases {
        let (code, text) = refusal(place, access());
        assert!(code == 2 && text.ends_with(expected), "{code} {text}");
    }
    let error = create(&Bench::new(), place(address), Access::none()).unwrap_err();
    assert!(matches!(error, Error::NoAccess { .. }), "{error}");
}

#[test]
fn servers_that_cannot_answer_are_tried_again_later() {
    for (status, expected) in [
        (503, "its server is sealed or in maintenance"),
        (500, "its server cannot answer now"),
        (502, "its server cannot answer now"),
        (429, "its server cannot answer now"),
        (412, "its server cannot answer now"),
        (307, "it is not the active one"),
    ] {
        let server = Server::start(move |_| Reply::Json(status, "{\"errors\":[]}".to_owned()));
        let (code, text) = refusal(place(&server.address), access());
        assert!(
            code == 75 && text.ends_with(expected),
            "{status}: {code} {text}"
        );
    }
    let (code, text) = refusal(place(&gone()), access());
    assert!(
        code == 75 && text.ends_with("it takes no connection"),
        "{code} {text}"
    );
    let unknown = place("https://vault.invalid:8200");
    let (code, text) = refusal(unknown, access());
    assert_eq!(code, 75, "{text}");
    let silent = Server::start(|_| Reply::Silence);
    let start = Instant::now();
    let (code, text) = refusal(place(&silent.address), access());
    assert!(
        code == 75 && text.ends_with("does not answer in time"),
        "{code} {text}"
    );
    assert!(start.elapsed() < Duration::from_secs(10));
    let broken = Server::start(|_| Reply::Raw(Vec::new()));
    let (code, text) = refusal(place(&broken.address), access());
    assert_eq!(code, 75, "{text}");
}

#[test]
fn what_is_no_transit_engine_is_refused() {
    let mac = STANDARD.encode([7; 32]);
    let short = STANDARD.encode([7; 31]);
    let data = |text: &str| format!(r#"{{"data":{{"hmac":"{text}"}}}}"#);
    let garbage = [
        String::new(),
        "<html>canary</html>".to_owned(),
        "{}".to_owned(),
        r#"{"data":{"hmac":7}}"#.to_owned(),
        data(&mac),
        data(&format!("vault:v2:{mac}")),
        data(&format!("vault:v1:{short}")),
        data(&format!("vault:v1:{mac}{mac}")),
        data("vault:v1:*canary*"),
        data(&format!("vault:v1:{}", "A".repeat(60_000))),
    ];
    for text in garbage {
        let body = text.clone();
        let server = Server::start(move |_| Reply::Json(200, body.clone()));
        let (code, found) = refusal(place(&server.address), access());
        let expected = "what answers is not a Transit engine that knows the key";
        assert!(
            code == 2 && found.ends_with(expected),
            "{text}: {code} {found}"
        );
    }
    let endless = vec![b'a'; 200_000];
    for raw in [b"SSH-2.0-canary\r\n\r\n".to_vec(), endless] {
        let server = Server::start(move |_| Reply::Raw(raw.clone()));
        let (code, text) = refusal(place(&server.address), access());
        assert!([2, 75].contains(&code), "{code} {text}");
    }
}

#[test]
fn secrets_travel_under_tls_or_not_at_all() {
    for address in [
        "http://vault.example:8200",
        "http://127.0.0.1.example",
        "vault:8200",
        "",
    ] {
        let bench = Bench::new();
        let error = create(&bench, place(address), access()).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
        if !address.is_empty() {
            assert!(error.to_string().contains("is not `https://`"), "{error}");
        }
    }
}

#[test]
fn another_key_under_the_same_name_is_refused() {
    let bench = Bench::new();
    let server = Server::start(vault);
    create(&bench, place(&server.address), access()).unwrap();
    // The same request, answered under another secret.
    let other = Server::start(|asked| {
        let input = asked.json()["input"].as_str().unwrap().to_owned();
        let mac = STANDARD.encode(hmac(&[9; 32], &STANDARD.decode(input).unwrap()));
        Reply::Json(200, format!(r#"{{"data":{{"hmac":"vault:v1:{mac}"}}}}"#))
    });
    let text = bench
        .opened("a.keyring")
        .replace(&server.address, &other.address);
    let keyring = Keyring::open(&bench.keyring(&text), &bench.unlock()).unwrap();
    let keyring = keyring.with_access(access());
    let error = keyring.domain_keys("analytics", Epoch(1)).unwrap_err();
    assert!(matches!(error, Error::OtherSecret { .. }), "{error}");
    assert_eq!(error.exit_code(), 2);
}
