//! Keys that do not open, or are not those of the night before.

use std::fs;

use super::{Case, chmod, fails, patched};
use crate::harness::Sandbox;

fn keyring(sandbox: &Sandbox) -> Vec<u8> {
    fs::read(sandbox.path("keys/test.keyring")).unwrap()
}

fn write(sandbox: &Sandbox, bytes: impl AsRef<[u8]>) {
    sandbox.write("keys/test.keyring", bytes);
}

fn keys(sandbox: &Sandbox, line: &str) {
    let keyring = "keyring = \"keys/test.keyring\"";
    sandbox.edit("night.toml", keyring, line);
}

/// A keyring that a passphrase opens, and files with passphrases.
fn with_passphrase(sandbox: &Sandbox) {
    for (name, text) in [
        ("right", "kanarie-passphrase\n"),
        ("wrong", "kanarie-passphrase 2\n"),
        ("empty", ""),
    ] {
        sandbox.write(name, text);
        chmod(sandbox, name, 0o600);
    }
    sandbox.write("public", "kanarie-passphrase\n");
    chmod(sandbox, "public", 0o644);
    sandbox.ok(&[
        "keys",
        "new",
        "keys/word.keyring",
        "--passphrase-file",
        "right",
    ]);
    keys(sandbox, "keyring = \"keys/word.keyring\"");
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = keyrings();
    cases.extend(identities());
    cases.extend(passphrases());
    cases
}

fn keyrings() -> Vec<Case> {
    vec![
        fails(
            "the keyring of somebody else",
            2,
            &[
                "error: the current run was made with key ",
                "hint: with another key no token equals one of the runs before",
            ],
            |s| {
                s.ok(&["keys", "new", "keys/other.keyring"]);
                keys(s, "keyring = \"keys/other.keyring\"");
            },
        ),
        fails(
            "a byte of the keyring's content is another",
            2,
            &[
                "error: keyring `keys/test.keyring` is damaged",
                "hint: restore the keyring",
            ],
            |s| {
                let last = keyring(s).last().unwrap() ^ 1;
                write(s, patched(&keyring(s), -1, &[last]));
            },
        ),
        fails(
            "a byte of the keyring's header is another",
            2,
            &["error: keyring `keys/test.keyring` is damaged: its header is not what was written"],
            |s| {
                let header = keyring(s);
                let mut places = header.windows(4);
                let at = places.position(|window| window == b"\n---").unwrap() - 3;
                let other = if header[at] == b'A' { b'B' } else { b'A' };
                write(s, patched(&header, at.cast_signed(), &[other]));
            },
        ),
        fails(
            "the first half of the keyring",
            2,
            &["error: keyring `keys/test.keyring` is truncated"],
            |s| write(s, &keyring(s)[..keyring(s).len() / 2]),
        ),
        fails(
            "an empty keyring",
            2,
            &["error: keyring `keys/test.keyring` is truncated"],
            |s| {
                write(s, "");
            },
        ),
        fails(
            "a file that is no keyring",
            2,
            &["error: keyring `keys/test.keyring` is not a binary age file of version 1"],
            |s| write(s, "not a keyring"),
        ),
        fails(
            "no keyring",
            2,
            &[
                "error: cannot read `keys/test.keyring`: no such file or directory",
                "hint: `pseudo keys new` makes a keyring and its identity file",
            ],
            |s| fs::remove_file(s.path("keys/test.keyring")).unwrap(),
        ),
        fails(
            "a directory in the place of the keyring",
            2,
            &["error: `keys` is not a regular file"],
            |s| keys(s, "keyring = \"keys\"\nidentity = \"keys/test.key\""),
        ),
        fails(
            "no keyring, which the pipeline may make, though its tokens are current",
            2,
            &[
                "error: keyring `keys/test.keyring` of run `first` is gone",
                "hint: restore it from a copy",
            ],
            |s| {
                fs::remove_file(s.path("keys/test.keyring")).unwrap();
                keys(s, "keyring = \"keys/test.keyring\"\ncreate = true");
            },
        ),
        fails(
            "keys inside the sink",
            2,
            &["error: a key file lies inside the sink, where analysts read"],
            |s| keys(s, "keyring = \"safe/../safe/keys/test.keyring\""),
        ),
    ]
}

fn identities() -> Vec<Case> {
    vec![
        fails(
            "the identity of somebody else",
            2,
            &[
                "error: identity file `keys/other.key` does not open keyring `keys/test.keyring`",
                "hint: another identity made it, or its header is damaged",
            ],
            |s| {
                s.ok(&["keys", "new", "keys/other.keyring"]);
                keys(
                    s,
                    "keyring = \"keys/test.keyring\"\nidentity = \"keys/other.key\"",
                );
            },
        ),
        fails(
            "an identity that others can read",
            2,
            &[
                "error: identity file `keys/test.key` has mode 0644: others can read it",
                "hint: chmod 600 keys/test.key",
            ],
            |s| chmod(s, "keys/test.key", 0o644),
        ),
        fails(
            "an identity that is none",
            2,
            &["error: identity file `keys/test.key`: line 1 is no age X25519 identity"],
            |s| s.write("keys/test.key", "AGE-SECRET-KEY-1KANARIE\n"),
        ),
        fails(
            "no identity, and nobody to ask for a passphrase",
            2,
            &[
                "error: the keyring needs a passphrase, and there is no terminal to ask on",
                "hint: give `--passphrase-file`, or an identity file",
            ],
            |s| fs::remove_file(s.path("keys/test.key")).unwrap(),
        ),
    ]
}

fn passphrases() -> Vec<Case> {
    let with = |args, what, says| Case {
        args,
        ..fails(what, 2, says, with_passphrase)
    };
    vec![
        with(
            &["run", "night.toml", "--passphrase-file", "wrong"],
            "another passphrase",
            &["error: wrong passphrase for keyring `keys/word.keyring`"],
        ),
        with(
            &["run", "night.toml", "--passphrase-file", "public"],
            "a passphrase that others can read",
            &[
                "error: passphrase file `public` can be read by others",
                "hint: chmod 600 public",
            ],
        ),
        with(
            &["run", "night.toml", "--passphrase-file", "empty"],
            "an empty passphrase",
            &["error: the passphrase is empty"],
        ),
        with(
            &["run", "night.toml", "--passphrase-file", "absent"],
            "no passphrase",
            &["error: passphrase file `absent` cannot be read: no such file or directory"],
        ),
        with(
            &["run", "night.toml", "--passphrase-file", "right"],
            "the right passphrase of another keyring",
            &["error: the current run was made with key "],
        ),
    ]
}
