//! AWS KMS: against moto, an emulator of AWS from PyPI, over TLS and in two processes; against a
//! server that keeps to the protocol, with a known secret; and against servers that do not.
//!
//! `python3 -m venv target/moto/venv && target/moto/venv/bin/pip install 'moto[kms,server]'` makes
//! the emulator that these tests start.
#![expect(clippy::expect_used, clippy::disallowed_methods, reason = "test code")]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pseudo_keyring::{
    Access, AwsCredentials, AwsKms, Custody, Error, Fresh, KeySource, Keyring, Unlock,
    create_identity,
};
use pseudo_token::{Epoch, Secret};
use zeroize::Zeroizing;

use crate::harness::{Bench, CREATED};
use crate::server::{Asked, Reply, Server, gone, hmac};

const SECRET: [u8; 32] = *b"0123456789abcdefFEDCBA9876543210";

fn access() -> Access {
    Access {
        aws: Some(AwsCredentials {
            id: "AKIDEXAMPLE".to_owned(),
            secret: Zeroizing::new("canary/secret".to_owned()),
            session: Some(Zeroizing::new("canary-session".to_owned())),
        }),
        now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_339_800),
        timeout: Duration::from_secs(20),
        ..Access::none()
    }
}

fn place(endpoint: &str, key: &str) -> AwsKms {
    AwsKms {
        region: "eu-central-1".to_owned(),
        key: key.to_owned(),
        endpoint: Some(endpoint.to_owned()),
    }
}

fn create(bench: &Bench, place: AwsKms, access: Access) -> Result<Keyring, Error> {
    let fresh = Fresh::Custody(Custody::AwsKms(place));
    let path = bench.path("a.keyring");
    Keyring::create_with(&path, &bench.unlock(), CREATED, fresh, access)
}

/// KMS, as far as one key goes.
fn kms(asked: &Asked) -> Reply {
    let signed = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";
    let scope = "Credential=AKIDEXAMPLE/20261122/eu-central-1/kms/aws4_request";
    let begin = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders={signed}, Signature=");
    let authorization = asked.header("authorization").unwrap();
    assert!(authorization.starts_with(&begin), "{authorization}");
    assert_eq!(authorization.len(), begin.len() + 64);
    assert_eq!(asked.line, "POST / HTTP/1.1");
    assert_eq!(
        asked.header("x-amz-target"),
        Some("TrentService.GenerateMac")
    );
    assert_eq!(asked.header("x-amz-date"), Some("20261122T093000Z"));
    assert_eq!(asked.header("x-amz-security-token"), Some("canary-session"));
    assert_eq!(
        asked.header("content-type"),
        Some("application/x-amz-json-1.1")
    );
    let question = asked.json();
    assert_eq!(question["MacAlgorithm"], "HMAC_SHA_256");
    if question["KeyId"] != "alias/analytics" {
        let text = r#"{"__type":"com.amazonaws.kms#NotFoundException","message":"canary"}"#;
        return Reply::Json(400, text.to_owned());
    }
    let message = STANDARD
        .decode(question["Message"].as_str().unwrap())
        .unwrap();
    let mac = STANDARD.encode(hmac(&SECRET, &message));
    let text = format!(r#"{{"KeyId":"arn:x","Mac":"{mac}","MacAlgorithm":"HMAC_SHA_256"}}"#);
    Reply::Json(200, text)
}

#[test]
fn keys_are_those_of_the_same_secret() {
    let bench = Bench::new();
    let server = Server::start(kms);
    create(&bench, place(&server.address, "alias/analytics"), access()).unwrap();
    let keyring = Keyring::open(&bench.path("a.keyring"), &bench.unlock()).unwrap();
    let keyring = keyring.with_access(access());
    let secret = Secret::new(SECRET);
    assert_eq!(
        keyring.check_value(Epoch(1)).unwrap(),
        secret.check_value(Epoch(1))
    );
    assert_eq!(
        *keyring.audit_key(Epoch(1)).unwrap(),
        *secret.audit_key(Epoch(1))
    );
    let keys = keyring.domain_keys("analytics", Epoch(1)).unwrap();
    let whole = secret.domain_key("analytics", Epoch(1));
    let (mut one, mut other) = (Vec::new(), Vec::new());
    keys.seal_key("phone", "cn-phone/1")
        .unwrap()
        .seal(&[b"1"], &mut one);
    whole
        .seal_key("phone", "cn-phone/1")
        .seal(&[b"1"], &mut other);
    assert_eq!(one, other);
}

/// The exit code and text of an error, which holds nothing of what was sent or answered.
fn refusal(place: AwsKms, access: Access) -> (u8, String) {
    let bench = Bench::new();
    let error = create(&bench, place, access).unwrap_err();
    assert!(!bench.path("a.keyring").exists());
    let all = format!("{error} {error:?}");
    assert!(!all.contains("canary"), "{all}");
    (error.exit_code(), error.to_string())
}

#[test]
fn what_the_service_says_is_told_apart() {
    let server = Server::start(kms);
    let (code, text) = refusal(place(&server.address, "alias/other"), access());
    let expected = "key `alias/other` of AWS KMS in eu-central-1: the service knows no such key";
    assert_eq!((code, text.as_str()), (2, expected));
}

#[test]
fn exceptions_are_told_apart_by_name() {
    for (status, kind, code, expected) in EXCEPTIONS {
        let body = format!(r#"{{"__type":"{kind}","message":"canary"}}"#);
        let server = Server::start(move |_| Reply::Json(status, body.clone()));
        let (found, text) = refusal(place(&server.address, "alias/analytics"), access());
        assert!(
            found == code && text.ends_with(expected),
            "{kind}: {found} {text}"
        );
    }
}

#[test]
fn a_service_that_is_away_is_tried_again_later() {
    let key = "alias/analytics";
    let (code, text) = refusal(place(&gone(), key), access());
    assert!(
        code == 75 && text.ends_with("it takes no connection"),
        "{code} {text}"
    );
    let error = create(&Bench::new(), place(&gone(), key), Access::none()).unwrap_err();
    assert!(matches!(error, Error::NoAccess { .. }), "{error}");
    let hasty = Access {
        timeout: Duration::from_millis(300),
        ..access()
    };
    let silent = Server::start(|_| Reply::Silence);
    let (code, text) = refusal(place(&silent.address, key), hasty);
    assert!(
        code == 75 && text.ends_with("does not answer in time"),
        "{code} {text}"
    );
}

#[test]
fn what_is_not_the_service_is_refused() {
    let mac = STANDARD.encode([7; 32]);
    for text in [
        "canary".to_owned(),
        "{}".to_owned(),
        format!(r#"{{"Mac":"{mac}","MacAlgorithm":"HMAC_SHA_512"}}"#),
        r#"{"Mac":"canary","MacAlgorithm":"HMAC_SHA_256"}"#.to_owned(),
    ] {
        let server = Server::start(move |_| Reply::Json(200, text.clone()));
        let (code, text) = refusal(place(&server.address, "alias/analytics"), access());
        assert!(
            code == 2 && text.ends_with("what answers is not AWS KMS"),
            "{code} {text}"
        );
    }
}

/// A running emulator, and the certificate it is trusted by.
struct Moto {
    process: Child,
    address: String,
    ca: PathBuf,
}

impl Moto {
    fn start(directory: &Path) -> Self {
        let (ca, key) = (directory.join("ca.pem"), directory.join("ca.key"));
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .args(["-nodes", "-days", "3", "-subj", "/CN=test"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args([Path::new("-keyout"), &key, Path::new("-out"), &ca])
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let process = Command::new(venv("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port.to_string(), "-s"])
            .args([Path::new("-c"), &ca, Path::new("-k"), &key])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the emulator: the head of this file says how it is installed");
        let moto = Self {
            process,
            address: format!("https://127.0.0.1:{port}"),
            ca,
        };
        let up = |_: &i32| {
            thread::sleep(Duration::from_millis(100));
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        };
        assert!((0..300).any(|n| up(&n)), "the emulator does not start");
        moto
    }

    /// Makes a key, and answers its id.
    fn key(&self, spec: &str, usage: &str) -> String {
        let script = format!(
            "import boto3; kms = boto3.client('kms', endpoint_url='{}', verify='{}', \
             region_name='eu-central-1', aws_access_key_id='a', aws_secret_access_key='b'); \
             print(kms.create_key(KeySpec='{spec}', KeyUsage='{usage}')['KeyMetadata']['KeyId'])",
            self.address,
            self.ca.display()
        );
        let made = Command::new(venv("python"))
            .args(["-c", &script])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(made.status.success(), "{told}");
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn venv(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("target/moto/venv/bin").join(name)
}

#[test]
fn an_emulator_answers_the_same_in_every_process() {
    if let Some(directory) = std::env::var_os(HERE) {
        return with_emulator(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    let moto = Moto::start(directory.path());
    let hmac = moto.key("HMAC_256", "GENERATE_VERIFY_MAC");
    let other = moto.key("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    let told = [moto.address.as_str(), &hmac, &other].join("\n");
    std::fs::write(directory.path().join("place"), told).unwrap();
    create_identity(&directory.path().join("owner.key"), CREATED).unwrap();
    let answers = [0, 1].map(|_| {
        let mut again = Command::new(std::env::current_exe().unwrap());
        let name = "kms::an_emulator_answers_the_same_in_every_process";
        again
            .args([name, "--exact", "--nocapture"])
            .env(HERE, directory.path());
        let done = again.output().unwrap();
        let told = String::from_utf8_lossy(&done.stdout).into_owned();
        let errors = String::from_utf8_lossy(&done.stderr);
        assert!(
            done.status.success() && told.contains("1 passed"),
            "{told}{errors}"
        );
        std::fs::read(directory.path().join("token")).unwrap()
    });
    assert_eq!(answers[0].len(), 32);
    assert_eq!(answers[0], answers[1]);
}

fn with_emulator(directory: &Path) {
    let told = std::fs::read_to_string(directory.join("place")).unwrap();
    let [address, hmac, other] = told.split('\n').collect::<Vec<_>>().try_into().unwrap();
    let trusted = || Access {
        ca: Some(std::fs::read(directory.join("ca.pem")).unwrap()),
        now: SystemTime::now(),
        ..access()
    };
    let unlock = Unlock::Identity(directory.join("owner.key"));
    let path = directory.join("a.keyring");
    if !path.exists() {
        let fresh = Fresh::Custody(Custody::AwsKms(place(address, hmac)));
        Keyring::create_with(&path, &unlock, CREATED, fresh, trusted()).unwrap();
    }
    let keyring = Keyring::open(&path, &unlock)
        .unwrap()
        .with_access(trusted());
    let keys = keyring.domain_keys("analytics", Epoch(1)).unwrap();
    let mut token = [[0; 32]];
    let key = keys.token_key("phone", "cn-phone/1").unwrap();
    key.tokens(&[b"+8613800138000"], &mut token);
    std::fs::write(directory.join("token"), token[0]).unwrap();
    let (code, text) = refusal(place(address, other), trusted());
    assert!(
        code == 2 && text.ends_with("it is no key of spec HMAC_256"),
        "{code} {text}"
    );
    let unknown = "11111111-2222-3333-4444-555555555555";
    let (code, text) = refusal(place(address, unknown), trusted());
    assert!(
        code == 2 && text.ends_with("the service knows no such key"),
        "{code} {text}"
    );
    // By the certificates of the web, and by those of somebody else, it is not trusted.
    for ca in [None, Some(b"no certificate".to_vec())] {
        let (code, text) = refusal(place(address, hmac), Access { ca, ..trusted() });
        assert!(code == 2 && text.contains("certificate"), "{code} {text}");
    }
}

const HERE: &str = "PSEUDO_TEST_KMS";
const STATE: &str = "the key is disabled, or about to be deleted";
const WRONG: &str = "the credentials are wrong, or the clock is";
const AWAY: &str = "the service cannot answer now";
const OTHER: &str = "what answers is not AWS KMS";
/// Status and exception, and what becomes of them.
const EXCEPTIONS: [(u16, &str, u8, &str); 12] = [
    (400, "DisabledException", 75, STATE),
    (400, "KMSInvalidStateException", 75, STATE),
    (
        400,
        "AccessDeniedException",
        75,
        "the credentials have no permission, or no longer",
    ),
    (
        400,
        "ExpiredTokenException",
        75,
        "the credentials have expired",
    ),
    (400, "UnrecognizedClientException", 2, WRONG),
    (403, "InvalidSignatureException", 2, WRONG),
    (
        400,
        "InvalidKeyUsageException",
        2,
        "it is no key of spec HMAC_256",
    ),
    (400, "ThrottlingException", 75, AWAY),
    (500, "KMSInternalException", 75, AWAY),
    (503, "Anything", 75, AWAY),
    (400, "Anything", 2, OTHER),
    (404, "", 2, OTHER),
];
