//! PKCS#11, against SoftHSM2 (`apt-get install softhsm2`). Its module reads its configuration from
//! the environment when it is loaded, so that each test runs itself again in processes that have
//! one: two, one after the other, over one token.
#![expect(clippy::expect_used, clippy::disallowed_methods, reason = "test code")]

use std::fs;
use std::path::Path;
use std::process::Command;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11 as Module};
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use pseudo_keyring::{
    Access, Custody, Error, Fresh, KeySource, Keyring, Pkcs11, Unlock, create_identity,
};
use pseudo_token::{Epoch, Secret};
use zeroize::Zeroizing;

use crate::harness::CREATED;

const PIN: &str = "canary-1234";
const SECRET: [u8; 32] = *b"0123456789abcdefFEDCBA9876543210";

/// Does the work in two processes that find a token `pseudo` with PIN [`PIN`].
fn inside(test: &str, work: impl Fn(&Path)) {
    if let Some(directory) = std::env::var_os(HERE) {
        return work(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    let tokens = directory.path().join("tokens");
    fs::create_dir(&tokens).unwrap();
    let conf = directory.path().join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nlog.level = ERROR\n",
        tokens.display()
    );
    fs::write(&conf, text).unwrap();
    let init = [
        "--init-token",
        "--free",
        "--label",
        "pseudo",
        "--so-pin",
        "5678",
        "--pin",
        PIN,
    ];
    let made = Command::new("softhsm2-util")
        .args(init)
        .env(CONF, &conf)
        .output();
    let made = made.expect("softhsm2-util: `apt-get install softhsm2` makes these tests work");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    for _ in 0..2 {
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args([&format!("softhsm::{test}"), "--exact", "--nocapture"]);
        again.env(CONF, &conf).env(HERE, directory.path());
        let done = again.output().unwrap();
        let told = String::from_utf8_lossy(&done.stdout).into_owned();
        let errors = String::from_utf8_lossy(&done.stderr);
        assert!(
            done.status.success() && told.contains("1 passed"),
            "{told}{errors}"
        );
    }
}

fn module() -> String {
    let places = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
    ];
    let found = places.iter().find(|path| Path::new(path).exists());
    (*found.expect("SoftHSM's module")).to_owned()
}

fn place(key: &str) -> Pkcs11 {
    Pkcs11 {
        module: module(),
        token: "pseudo".to_owned(),
        key: key.to_owned(),
        id: None,
    }
}

fn access(pin: &str) -> Access {
    Access {
        pin: Some(Zeroizing::new(pin.to_owned())),
        ..Access::none()
    }
}

/// Puts a secret into the token, as one that does not come out again.
fn import(label: &str, id: u8, may_sign: bool) {
    let module = Module::new(module()).unwrap();
    let flags = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    module.initialize(flags).unwrap();
    let slot = module.get_slots_with_initialized_token().unwrap()[0];
    let session = module.open_rw_session(slot).unwrap();
    session
        .login(UserType::User, Some(&AuthPin::new(PIN.into())))
        .unwrap();
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(may_sign),
        Attribute::Label(label.into()),
        Attribute::Id(vec![0xa0, id]),
        Attribute::Value(SECRET.to_vec()),
    ];
    session.create_object(&template).unwrap();
    drop(session);
    module.finalize().unwrap();
}

/// Whether this process is the first of the two.
fn is_first(directory: &Path) -> bool {
    let mark = directory.join("begun");
    let first = !mark.exists();
    fs::write(mark, "").unwrap();
    first
}

fn unlock(directory: &Path) -> Unlock {
    let identity = directory.join("owner.key");
    if !identity.exists() {
        create_identity(&identity, CREATED).unwrap();
    }
    Unlock::Identity(identity)
}

fn create(directory: &Path, name: &str, place: Pkcs11, access: Access) -> Result<Keyring, Error> {
    let path = directory.join(name);
    let fresh = Fresh::Custody(Custody::Pkcs11(place));
    Keyring::create_with(&path, &unlock(directory), CREATED, fresh, access)
}

#[test]
fn tokens_are_those_of_the_imported_secret_in_every_process() {
    inside(
        "tokens_are_those_of_the_imported_secret_in_every_process",
        |directory| {
            if is_first(directory) {
                import("analytics", 1, true);
                create(directory, "a.keyring", place("analytics"), access(PIN)).unwrap();
            }
            let path = directory.join("a.keyring");
            let keyring = Keyring::open(&path, &unlock(directory)).unwrap();
            let keyring = keyring.with_access(access(PIN));
            let secret = Secret::new(SECRET);
            let check = keyring.check_value(Epoch(1)).unwrap();
            assert_eq!(check, secret.check_value(Epoch(1)));
            let keys = keyring.domain_keys("analytics", Epoch(1)).unwrap();
            let whole = secret.domain_key("analytics", Epoch(1));
            let (mut one, mut other) = ([[0; 32]], [[0; 32]]);
            let value: &[&[u8]] = &[b"+8613800138000"];
            keys.token_key("phone", "cn-phone/1")
                .unwrap()
                .tokens(value, &mut one);
            whole
                .token_key("phone", "cn-phone/1")
                .tokens(value, &mut other);
            assert_eq!(one, other);
            let audit = keyring.audit_key(Epoch(1)).unwrap();
            assert_eq!(*audit, *secret.audit_key(Epoch(1)));
        },
    );
}

#[test]
fn what_the_token_refuses_is_told_apart() {
    inside("what_the_token_refuses_is_told_apart", |directory| {
        if is_first(directory) {
            import("analytics", 1, true);
            import("twin", 2, true);
            import("twin", 3, true);
            import("mute", 4, false);
        }
        let refusal = |place: Pkcs11, access: Access| {
            let error = create(directory, "refused.keyring", place, access).unwrap_err();
            assert!(!directory.join("refused.keyring").exists());
            let all = format!("{error} {error:?}");
            assert!(!all.contains("canary"), "{all}");
            (error.exit_code(), error.to_string())
        };
        let with = |change: fn(&mut Pkcs11)| {
            let mut place = place("analytics");
            change(&mut place);
            place
        };
        let cases = [
            (place("analytics"), "canary-9", 2, "the PIN is wrong"),
            (place("other"), PIN, 2, "the token has no such secret key"),
            (
                place("twin"),
                PIN,
                2,
                "several such keys: say the id of one",
            ),
            (place("mute"), PIN, 2, "it does not sign by SHA256_HMAC"),
            (
                with(|place| place.token = "gone".into()),
                PIN,
                75,
                "no token of that label is present",
            ),
            (
                with(|place| place.module = "/no.so".into()),
                PIN,
                2,
                "module `/no.so` cannot be loaded",
            ),
            (
                with(|place| place.id = Some("xy".into())),
                PIN,
                2,
                "its id is not hexadecimal",
            ),
        ];
        for (place, pin, code, expected) in cases {
            let begin = format!("key `{}` of PKCS#11 token `{}`", place.key, place.token);
            let (found, text) = refusal(place, access(pin));
            let told = text.starts_with(&begin) && text.ends_with(expected);
            assert!(told && found == code, "{found} {text}");
        }
        let (code, text) = refusal(place("analytics"), Access::none());
        assert_eq!(
            (code, text.ends_with("needs the user PIN of its token")),
            (2, true),
            "{text}"
        );
        let mut told = place("twin");
        told.id = Some("a003".to_owned());
        let name = format!("{}.keyring", std::process::id());
        create(directory, &name, told, access(PIN)).unwrap();
    });
}

const CONF: &str = "SOFTHSM2_CONF";
const HERE: &str = "PSEUDO_TEST_SOFTHSM";
