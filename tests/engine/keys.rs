//! Runs with a part of the keys: what a pipeline needs suffices, and nothing less does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pseudo_engine::{Error, RunOutcome};
use pseudo_keyring::{Bundle, Error as KeyError, KeySource, Keyring, Role, Unlock};
use pseudo_token::{Purpose, SubKey};
use tempfile::TempDir;

use crate::harness::{Sandbox, another_keyring, keyring};

const TABLES: &str = r#"
[tables.people]
source = "people.csv"
subject = "id"
[tables.people.columns]
id = { token = "person" }
phone = [ { token = "phone" }, { seal = "phone", to = "sealed" } ]
born = { shift = { days = 30 } }
[tables.orders]
source = "orders.csv"
order = "source"
types = { number = "integer" }
[tables.orders.columns]
number = { fpe = "account", alphabet = "int64" }
person = { token = "person" }
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let people = "id,phone,born\n\
                  11010519491231002X,13800138000,1949-12-31\n\
                  440524188001010014,+86 138 0013 8001,1980-01-01\n";
    sandbox.text("people.csv", people);
    sandbox.text(
        "orders.csv",
        "number,person\n1,11010519491231002X\n2,440524188001010014\n",
    );
    sandbox
}

fn tables() -> String {
    TABLES.replace(
        "subject = \"id\"",
        "subject = \"id\"\ntypes = { born = \"date\" }",
    )
}

/// A bundle of these sub-keys, written, read and so as its holder has it.
pub(crate) fn bundle(domain: &str, names: impl IntoIterator<Item = SubKey>) -> Bundle {
    let directory = TempDir::new().unwrap();
    let identity = directory.path().join("host.key");
    let public = pseudo_keyring::create_identity(&identity, TIME).unwrap();
    let recipient = pseudo_keyring::Recipient::parse(&public).unwrap();
    let epoch = keyring().primary_epoch().unwrap();
    let keys = keyring().domain_keys(domain, epoch).unwrap();
    let bundle = Bundle::take(Role::Pseudonymise, keyring(), &keys, names, TIME).unwrap();
    let path = directory.path().join("host.bundle");
    bundle.create(&path, &[recipient]).unwrap();
    Bundle::open(&path, &Unlock::Identity(identity)).unwrap()
}

fn needs(sandbox: &Sandbox) -> BTreeSet<SubKey> {
    sandbox.job(&tables()).unwrap().needs()
}

fn relative(sandbox: &Sandbox) -> Vec<(PathBuf, Vec<u8>)> {
    let root = sandbox.path("safe");
    let below = |path: &Path| path.strip_prefix(&root).unwrap().to_path_buf();
    let mut files: Vec<_> = sandbox.written();
    files.iter_mut().for_each(|(path, _)| *path = below(path));
    files.sort();
    files.retain(|(path, _)| !path.ends_with(".lock"));
    files
}

#[test]
fn a_bundle_of_what_is_needed_writes_the_same_bytes() {
    let (one, other) = (sandbox(), sandbox());
    one.run(&tables(), 1).unwrap();
    let bundle = bundle("analytics", needs(&other));
    let report = other.run_keyed(&tables(), 1, &bundle, |_| {}).unwrap();
    assert_eq!(report.outcome, RunOutcome::Published);
    let (one, other) = (tidy(relative(&one)), tidy(relative(&other)));
    assert!(one.len() >= 4, "tables, manifest and sketches are there");
    assert!(one == other, "names and bytes are the same");
}

/// Without what differs between two sources: the stamps of files, and the digests over them.
fn tidy(files: Vec<(PathBuf, Vec<u8>)>) -> Vec<(PathBuf, Vec<u8>)> {
    let parquet = |(path, _): &(PathBuf, Vec<u8>)| path.extension().is_some_and(|e| e == "parquet");
    let names = files.iter().map(|(path, _)| (path.clone(), Vec::new()));
    names
        .chain(files.iter().filter(|file| parquet(file)).cloned())
        .collect()
}

/// Neither the secret nor a key that derives from it, as bytes or in hexadecimal.
#[test]
fn no_file_of_a_run_holds_a_key() {
    let sandbox = sandbox();
    let report = sandbox.run(&tables(), 1).unwrap();
    let (epoch, secret) = keyring().primary().unwrap();
    let domain = secret.domain_key("analytics", epoch);
    let names = needs(&sandbox);
    let subkeys = names.iter().map(|name| {
        domain
            .dangerously_export_subkey(name.purpose, &name.identity, &name.kind)
            .to_vec()
    });
    let mut keys: Vec<Vec<u8>> = subkeys.collect();
    keys.push(secret.dangerously_expose().to_vec());
    keys.push(domain.dangerously_expose().to_vec());
    let files = sandbox.written();
    let holds = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|window| window == part);
    let check = report.manifest.recipe.key_check_value.as_bytes();
    assert!(
        files.iter().any(|(_, bytes)| holds(bytes, check)),
        "the search finds"
    );
    for (path, bytes) in &files {
        for key in &keys {
            // Any sixteen bytes of it are too many.
            let parts = key.chunks_exact(16);
            for part in parts {
                let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
                let found = holds(bytes, part) || holds(bytes, hex.as_bytes());
                assert!(!found, "{}", path.display());
            }
        }
    }
}

#[test]
fn what_one_began_the_other_goes_on_with() {
    let sandbox = sandbox();
    sandbox.run(&tables(), 1).unwrap();
    let bundle = bundle("analytics", needs(&sandbox));
    let again = sandbox.run_keyed(&tables(), 2, &bundle, |_| {}).unwrap();
    assert_eq!(again.outcome, RunOutcome::NothingToDo);
}

#[test]
fn without_any_one_of_them_nothing_is_begun() {
    let sandbox = sandbox();
    let all = needs(&sandbox);
    assert_eq!(all.len(), 8, "{all:?}");
    for missing in &all {
        let rest = all.iter().filter(|name| *name != missing).cloned();
        let error = sandbox
            .run_keyed(&tables(), 1, &bundle("analytics", rest), |_| {})
            .err()
            .unwrap();
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        assert_eq!(text, format!("the keys at hand do not hold {missing}"));
        assert!(!sandbox.path("safe").exists(), "nothing is begun");
    }
    let none = bundle("analytics", []);
    let error = sandbox
        .run_keyed(&tables(), 1, &none, |_| {})
        .err()
        .unwrap();
    for name in &all {
        assert!(error.to_string().contains(&name.to_string()), "{error}");
    }
}

#[test]
fn a_bundle_serves_one_domain() {
    let sandbox = sandbox();
    let other = bundle("research", needs(&sandbox));
    let error = sandbox
        .run_keyed(&tables(), 1, &other, |_| {})
        .err()
        .unwrap();
    let text = "the bundle serves domain `research`, and `analytics` is asked for";
    assert_eq!((error.to_string().as_str(), error.exit_code()), (text, 2));
    assert!(!sandbox.path("safe").exists());
}

#[test]
fn a_bundle_of_another_keyring_is_refused_over_its_output() {
    let sandbox = sandbox();
    sandbox
        .run_keyed(&tables(), 1, &another_keyring(), |_| {})
        .unwrap();
    let before = relative(&sandbox);
    let bundle = bundle("analytics", needs(&sandbox));
    let error = sandbox
        .run_keyed(&tables(), 2, &bundle, |_| {})
        .err()
        .unwrap();
    assert!(matches!(error, Error::OtherKey { .. }), "{error}");
    assert!(relative(&sandbox) == before, "the output is as it was");
}

#[test]
fn a_bundle_makes_nothing_else() {
    let sandbox = sandbox();
    let bundle = bundle("analytics", needs(&sandbox));
    let epoch = bundle.primary_epoch().unwrap();
    let keys = bundle.domain_keys("analytics", epoch).unwrap();
    let refused = |result: Result<(), KeyError>, name: SubKey| match result {
        Err(KeyError::NotGranted { names }) => assert_eq!(names, [name]),
        other => panic!("{other:?}"),
    };
    let of = |purpose, identity: &str, kind: &str| SubKey::new(purpose, identity, kind);
    refused(
        keys.token_key("account", "integer/1").map(drop),
        of(Purpose::Token, "account", "integer/1"),
    );
    refused(
        keys.token_key("phone", "text/1").map(drop),
        of(Purpose::Token, "phone", "text/1"),
    );
    refused(
        keys.seal_key("person", "cn-resident-id/1").map(drop),
        of(Purpose::Seal, "person", "cn-resident-id/1"),
    );
    assert!(matches!(
        bundle.domain_keys("research", epoch),
        Err(KeyError::OtherDomain { .. })
    ));
    assert!(bundle.audit_key(epoch).is_err());
    opens_no_other_seal(&keys);
}

/// A seal of an identity that was not granted is not opened by any key of the bundle.
fn opens_no_other_seal(keys: &pseudo_keyring::DomainKeys) {
    let whole: &Keyring = keyring();
    let epoch = whole.primary_epoch().unwrap();
    let whole = whole.domain_keys("analytics", epoch).unwrap();
    let mut sealed = Vec::new();
    let person = whole.seal_key("person", "cn-resident-id/1").unwrap();
    person.seal(&[b"11010519491231002X"], &mut sealed);
    let phone = keys.seal_key("phone", "cn-phone/1").unwrap();
    assert!(phone.open(&sealed).is_err());
}

const TIME: &str = "2026-01-01T00:00:00Z";
