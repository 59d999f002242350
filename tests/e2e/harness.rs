//! A sandbox for commands: a directory of its own, in which `pseudo` is called as by a person.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::text::{records, redacted};

/// An empty directory, the working directory of its commands.
pub(crate) struct Sandbox {
    root: TempDir,
}

/// What a command came to.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        Self { root }
    }

    /// A keyring, three people and a pipeline over them, `people.toml`.
    pub(crate) fn people() -> Self {
        let sandbox = Self::new();
        sandbox.ok(&["keys", "new", "keys/test.keyring"]);
        sandbox.write("raw/people.csv", PEOPLE);
        sandbox.write("people.toml", PIPELINE);
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file, its directories too.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Moves a file; it stays the file that it is.
    pub(crate) fn rename(&self, from: &str, to: &str) {
        let moved = Command::new("mv")
            .args([self.path(from), self.path(to)])
            .status();
        assert!(moved.unwrap().success());
    }

    /// Changes a text in a file; it has to be there.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "`{from}` is not in {name}");
        self.write(name, text.replace(from, to));
    }

    /// Copies the project's `pipelines/` to `pipelines/`.
    pub(crate) fn copy_pipelines(&self) {
        for (name, text) in pipelines() {
            self.write(&format!("pipelines/{name}"), text);
        }
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pseudo"));
        command.args(args).current_dir(self.root.path());
        command.env_clear().stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Done {
        Done::of(self.command(args).output().unwrap())
    }

    /// Runs a command that must succeed; answers what it wrote to standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let done = self.run(args);
        assert_eq!(done.code, Some(0), "{args:?}\n{}{}", done.out, done.err);
        done.out
    }

    /// The rows of an answer, as text, without the header.
    pub(crate) fn query(&self, sink: &str, sql: &str) -> Vec<Vec<String>> {
        let mut rows = records(&self.ok(&["query", "--format", "csv", sink, sql]));
        rows.remove(0);
        rows
    }

    /// The one number of an answer.
    pub(crate) fn number(&self, sink: &str, sql: &str) -> u64 {
        let rows = self.query(sink, sql);
        assert_eq!(rows.len(), 1, "{sql}");
        rows[0][0].parse().unwrap()
    }

    /// The manifest of the current run.
    pub(crate) fn manifest(&self, sink: &str) -> Value {
        let text = fs::read(self.path(sink).join("current/manifest.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// The name of the current run.
    pub(crate) fn current(&self, sink: &str) -> Option<String> {
        let target = fs::read_link(self.path(sink).join("current")).ok()?;
        Some(target.file_name().unwrap().to_str().unwrap().to_owned())
    }

    /// Every file below a directory, relative to the sandbox, with its bytes, sorted.
    pub(crate) fn files(&self, below: &str) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        walk(&self.path(below), &mut found);
        let relative = |path: &Path| path.strip_prefix(self.root.path()).unwrap().to_path_buf();
        let named = found.iter().map(|path| {
            let name = relative(path).to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        });
        let mut files: Vec<_> = named.collect();
        files.sort();
        files
    }
}

impl Done {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Exit code and messages of a command that says nothing on standard output.
    pub(crate) fn refusal(&self) -> String {
        assert_eq!(self.out, "");
        let code = self.code.unwrap();
        format!("exit {code}\n{}", redacted(&self.err))
    }
}

/// The project's pipelines by file name.
pub(crate) fn pipelines() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(project().join("pipelines")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".toml") {
            found.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    found.sort();
    found
}

/// The root of the project.
pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn walk(path: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(path).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            walk(&path, found);
        } else if !path.is_dir() {
            found.push(path);
        }
    }
}

const PEOPLE: &str = "id,name,city\n1,甲,北京\n2,乙,上海\n3,丙,北京\n";

const PIPELINE: &str = r#"version = 1
name = "people"
domain = "test"
[keys]
keyring = "keys/test.keyring"
[source]
root = "raw"
[sink]
root = "safe"
[identities.account]
kind = "integer"
[tables.people]
source = "people.csv"
[tables.people.columns]
id = { token = "account" }
name = "drop"
city = "keep"
"#;
