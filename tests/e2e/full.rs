//! A sink on a disk that is full: a tmpfs of one megabyte in a name space of its own, where the
//! machine lets anybody mount one.

use std::io::Write;
use std::process::Command;

use crate::harness::{Done, Sandbox};

/// Mounts the disk, publishes a run, fills the disk, runs again, makes room and runs once more.
const NIGHTS: &str = r#"
mount -t tmpfs -o size=1m none safe || exit 99
"$PSEUDO" run people.toml --run-id first >/dev/null || exit 98
head -c 2m /dev/zero >safe/filler 2>/dev/null
"$PSEUDO" run people.toml --run-id second --full
echo "exit $?, $(readlink safe/current), $(ls -A safe/.staging safe/runs)"
rm safe/filler
"$PSEUDO" run people.toml --run-id second --full >/dev/null || exit 97
"$PSEUDO" verify safe >/dev/null || exit 96
echo "then $(readlink safe/current)"
"#;

fn unshared(sandbox: &Sandbox, script: &str) -> std::io::Result<Done> {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
    command.current_dir(sandbox.path("")).env_clear();
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.env("PSEUDO", env!("CARGO_BIN_EXE_pseudo"));
    command.output().map(Done::of)
}

#[test]
fn a_full_disk_is_told_and_what_is_current_stays() {
    let sandbox = Sandbox::people();
    // with a filter nobody knows beforehand how much room is needed
    let head = "[tables.people]\n";
    sandbox.edit("people.toml", head, &format!("{head}filter = \"id > 0\"\n"));
    std::fs::create_dir(sandbox.path("safe")).unwrap();
    let mounts = unshared(&sandbox, "mount -t tmpfs none safe");
    if !mounts.is_ok_and(|done| done.code == Some(0)) {
        // past the harness, which keeps to itself what a test prints
        let told = "no tmpfs can be mounted here: a full disk was tried in tests/engine alone\n";
        std::io::stderr().write_all(told.as_bytes()).unwrap();
        return;
    }
    let done = unshared(&sandbox, NIGHTS).unwrap();
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    insta::assert_snapshot!(format!("{}{}", done.err, done.out), @r"
    error: cannot write `safe/.staging/second/people/00000`: no space left on device
      hint: free space on its disk and run again
    nothing was published; run `first` is still current in `safe`
    exit 1, runs/first, safe/.staging:

    safe/runs:
    first
    then runs/second
    ");
}
