//! Style as a test: what matters about the shape of the project and is seen from its files alone.
//! Uses nothing but std, so that it runs before anything heavy is built.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Crates of ours that each crate may depend on; `crates/README.md` draws the same picture.
const EDGES: [(&str, &[&str]); 9] = [
    ("pseudo-token", &[]),
    ("pseudo-pii", &[]),
    ("pseudo-policy", &["pseudo-pii", "pseudo-token"]),
    ("pseudo-keyring", &["pseudo-token"]),
    ("pseudo-arrow", &["pseudo-pii", "pseudo-token"]),
    (
        "pseudo-engine",
        &[
            "pseudo-arrow",
            "pseudo-keyring",
            "pseudo-pii",
            "pseudo-policy",
            "pseudo-token",
        ],
    ),
    ("pseudo-query", &["pseudo-engine", "pseudo-policy"]),
    ("pseudo-report", &["pseudo-engine"]),
    (
        "pseudo-cli",
        &[
            "pseudo-arrow",
            "pseudo-engine",
            "pseudo-keyring",
            "pseudo-pii",
            "pseudo-policy",
            "pseudo-query",
            "pseudo-report",
            "pseudo-token",
        ],
    ),
];

/// Crates of others that a crate must never depend on; a name ending in `*` is a prefix.
const FORBIDDEN: [(&str, &[&str]); 9] = [
    (
        "pseudo-token",
        &["arrow*", "serde*", "tokio*", "rand", "getrandom"],
    ),
    ("pseudo-pii", &["arrow*", "serde*", "tokio*", "getrandom"]),
    (
        "pseudo-policy",
        &["arrow", "arrow-array", "parquet", "tokio*"],
    ),
    ("pseudo-keyring", &["arrow*", "parquet", "tokio*"]),
    ("pseudo-arrow", &["arrow", "parquet", "tokio*"]),
    ("pseudo-engine", &["clap*", "pyo3*", "tokio*"]),
    ("pseudo-query", &["clap*"]),
    ("pseudo-report", &["arrow*", "clap*", "parquet", "tokio*"]),
    ("pseudo-cli", &["arrow", "arrow-array", "parquet"]),
];

/// Folders of `tests/` that hold no targets.
const FIXTURES: [&str; 7] = [
    "cases",
    "data",
    "fuzz",
    "peers.py",
    "readers",
    "snapshots",
    "vectors",
];

#[test]
fn top_level_is_the_mandated_list() {
    let hidden = |name: &String| name.starts_with('.') || name == "target";
    let mut names = names(&root());
    names.retain(|name| !hidden(name));
    let mandated = [
        "Cargo.lock",
        "Cargo.toml",
        "README.md",
        "benches",
        "crates",
        "pipelines",
        "tests",
    ];
    assert_eq!(names, mandated);
}

#[test]
fn every_test_and_bench_belongs_to_a_target() {
    let mut claims: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (_, manifest) in members() {
        for path in manifest.targets {
            *claims.entry(path).or_default() += 1;
        }
    }
    let twice = claims.iter().filter(|(_, times)| **times > 1);
    let mut faults: Vec<String> = twice
        .map(|(path, _)| format!("{}: claimed twice", shown(path)))
        .collect();
    let mut reached = BTreeSet::new();
    for path in claims.keys() {
        if path.exists() {
            reach(path, &mut reached);
        } else {
            faults.push(format!("{}: claimed, but absent", shown(path)));
        }
    }
    for folder in ["tests", "benches"] {
        for path in files(&root().join(folder)) {
            let below = path.strip_prefix(root()).unwrap();
            let fixture = |part: &std::ffi::OsStr| FIXTURES.iter().any(|name| part == *name);
            if !below.iter().any(fixture) && !reached.contains(&path) {
                faults.push(format!("{}: no target claims it", shown(&path)));
            }
        }
    }
    none(&faults);
}

#[test]
fn dependencies_point_down() {
    let mut faults = Vec::new();
    let members = members();
    let known: Vec<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    for name in members.keys() {
        if !known.contains(&name.as_str()) {
            faults.push(format!("{name}: not in the table of this test"));
        }
    }
    for (name, allowed) in EDGES {
        let Some(manifest) = members.get(name) else {
            faults.push(format!("{name}: in the table of this test, but absent"));
            continue;
        };
        let (_, forbidden) = FORBIDDEN.iter().find(|(of, _)| *of == name).unwrap();
        for dependency in &manifest.dependencies {
            let ours = dependency.name.starts_with("pseudo-");
            let up = ours && !allowed.contains(&dependency.name.as_str());
            let banned = !dependency.for_tests && is_any(&dependency.name, forbidden);
            let heavy = is_any(&dependency.name, &["datafusion*", "ballista*"]);
            if up || banned || (heavy && name != "pseudo-query") {
                faults.push(format!("{name} → {}: forbidden", dependency.name));
            }
        }
    }
    none(&faults);
}

#[test]
fn members_inherit_their_dependencies_as_they_are() {
    let mut faults = Vec::new();
    for (name, manifest) in members() {
        for dependency in manifest.dependencies {
            if !dependency.inherited {
                let hint = "write `workspace = true` and nothing but `optional` beside it";
                faults.push(format!("{name} → {}: {hint}", dependency.name));
            }
        }
    }
    none(&faults);
}

#[test]
fn columnar_crates_come_once() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for name in [
        "arrow-array",
        "arrow-schema",
        "datafusion",
        "object_store",
        "parquet",
        "tokio",
    ] {
        let entry = format!("\nname = \"{name}\"\n");
        assert_eq!(lock.matches(&entry).count(), 1, "copies of {name}");
    }
}

#[test]
fn sources_keep_the_style() {
    let bans = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("db", "g!"),
        concat!("to", "do!"),
        concat!("unimple", "mented!"),
        concat!("#[ig", "nore"),
    ];
    let mut faults = Vec::new();
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let mut fault = |line: usize, what: &str| {
            faults.push(format!("{}:{line}: {what}", shown(&path)));
        };
        if !text.starts_with("//!") {
            fault(1, "begins without `//!`");
        }
        if text.lines().count() > 800 {
            fault(800, "more than 800 lines");
        }
        for (index, line) in text.lines().enumerate() {
            if line.chars().count() > 100 {
                fault(index + 1, "more than 100 characters");
            }
            for ban in bans.iter().filter(|ban| holds_word(line, ban)) {
                fault(index + 1, ban);
            }
        }
    }
    none(&faults);
}

#[test]
fn danger_stays_in_its_files() {
    let rules: [(&str, &[&str]); 2] = [
        (
            concat!("un", "safe"),
            &[
                "crates/pseudo-token/src/lanes.rs",
                "crates/pseudo-token/src/lanes/",
            ],
        ),
        (
            concat!("fs::", "rename"),
            &[
                "crates/pseudo-engine/src/disk.rs",
                "crates/pseudo-keyring/src/",
            ],
        ),
    ];
    let mut faults = Vec::new();
    for path in sources() {
        let name = shown(&path);
        let text = fs::read_to_string(&path).unwrap();
        for (word, allowed) in rules {
            if allowed.iter().any(|place| name.starts_with(place)) {
                continue;
            }
            for (index, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                if holds_word(code, word) {
                    faults.push(format!("{name}:{}: {word}", index + 1));
                }
            }
        }
    }
    none(&faults);
}

#[test]
fn no_module_is_a_mod_file() {
    let named_mod = sources()
        .into_iter()
        .filter(|path| path.ends_with("mod.rs"));
    none(&named_mod.map(|path| shown(&path)).collect::<Vec<_>>());
}

/// A token is personal data of whoever holds the keyring: the words for more are a legal claim.
#[test]
fn nothing_is_called_anonymous() {
    let words = [concat!("anony", "mised"), concat!("anony", "mized")];
    let mut faults = Vec::new();
    let texts = files(&root().join("crates")).into_iter();
    for path in texts.chain([root().join("README.md")]) {
        let prose = path
            .extension()
            .is_some_and(|end| end == "md" || end == "rs");
        if !prose {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap().to_lowercase();
        for word in words.iter().filter(|word| text.contains(**word)) {
            faults.push(format!("{}: {word}", shown(&path)));
        }
    }
    none(&faults);
}

#[test]
fn every_verb_is_in_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut faults = Vec::new();
    let verbs = names(&root().join("crates/pseudo-cli/src/commands"));
    assert!(!verbs.is_empty());
    for verb in verbs.iter().filter_map(|file| file.strip_suffix(".rs")) {
        let verb = verb.replace('_', "-");
        if !readme.contains(&format!("pseudo {verb}")) {
            faults.push(format!("`pseudo {verb}` is not in README.md"));
        }
    }
    none(&faults);
}

/// What this test reads of a member's `Cargo.toml`.
#[derive(Default)]
struct Manifest {
    dependencies: Vec<Dependency>,
    /// Files of `[[test]]` and `[[bench]]` targets.
    targets: Vec<PathBuf>,
}

struct Dependency {
    name: String,
    for_tests: bool,
    inherited: bool,
}

/// The members by name.
fn members() -> BTreeMap<String, Manifest> {
    let crates = root().join("crates");
    let folders = names(&crates).into_iter();
    let folders = folders.filter(|name| crates.join(name).join("Cargo.toml").exists());
    folders
        .map(|name| (name.clone(), manifest(&crates.join(name))))
        .collect()
}

/// Reads the sections that matter, a line at a time: manifests here are plain.
fn manifest(folder: &Path) -> Manifest {
    let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let mut manifest = Manifest::default();
    let mut section = String::new();
    for line in text
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default().trim())
    {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_matches(['[', ']']).to_owned();
            if let Some((kind, name)) = section.rsplit_once("dependencies.") {
                let for_tests = kind.ends_with("dev-");
                let name = name.to_owned();
                // A table of its own has no need that one line does not serve.
                manifest.dependencies.push(Dependency {
                    name,
                    for_tests,
                    inherited: false,
                });
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        if section.ends_with("dependencies") {
            manifest.dependencies.push(dependency(&section, key, value));
        } else if matches!(section.as_str(), "test" | "bench") && key == "path" {
            manifest
                .targets
                .push(resolved(&folder.join(value.trim_matches('"'))));
        }
    }
    manifest
}

fn dependency(section: &str, key: &str, value: &str) -> Dependency {
    let (name, inherited) = match key.strip_suffix(".workspace") {
        Some(name) => (name, value == "true"),
        None => {
            let table = value.trim_matches(['{', '}']);
            let mut parts = table.split(',').map(|part| part.replace(' ', ""));
            let plain = |part: String| part == "workspace=true" || part == "optional=true";
            (key, value.starts_with('{') && parts.all(plain))
        }
    };
    let for_tests = section.ends_with("dev-dependencies");
    Dependency {
        name: name.to_owned(),
        for_tests,
        inherited,
    }
}

/// Adds a target's root and the modules that it declares, and those that they declare.
fn reach(target: &Path, reached: &mut BTreeSet<PathBuf>) {
    let mut open = vec![(target.to_owned(), target.parent().unwrap().to_owned())];
    while let Some((path, folder)) = open.pop() {
        if !reached.insert(path.clone()) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let mut elsewhere = None;
        for line in text.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("#[path = \"") {
                elsewhere = rest
                    .split('"')
                    .next()
                    .map(|name| path.parent().unwrap().join(name));
            } else if let Some(name) = declared(line) {
                let file = elsewhere
                    .take()
                    .unwrap_or_else(|| folder.join(format!("{name}.rs")));
                if file.exists() {
                    let file = resolved(&file);
                    let below = file.with_extension("");
                    open.push((file, below));
                }
            }
        }
    }
}

/// The name of the module that a line declares to be in another file.
fn declared(line: &str) -> Option<&str> {
    let name = line.strip_suffix(';')?;
    let name = name.strip_prefix("pub(crate) ").unwrap_or(name);
    name.strip_prefix("pub ")
        .unwrap_or(name)
        .strip_prefix("mod ")
}

/// Every `.rs` file of the project.
fn sources() -> Vec<PathBuf> {
    let folders = ["benches", "crates", "tests"].into_iter();
    let all = folders.flat_map(|folder| files(&root().join(folder)));
    all.filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect()
}

/// Every file below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for name in names(folder) {
        let path = folder.join(&name);
        if !path.is_dir() {
            all.push(path);
        } else if name != "target" {
            all.extend(files(&path));
        }
    }
    all
}

/// The entries of a folder, sorted; none when it is absent.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names
}

fn holds_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = line;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let starts = !before.ends_with(part) || !word.starts_with(part);
        let ends = !after.starts_with(part) || !word.ends_with(part);
        if starts && ends {
            return true;
        }
        rest = after;
    }
    false
}

fn is_any(name: &str, list: &[&str]) -> bool {
    list.iter().any(|entry| match entry.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == *entry,
    })
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

fn root() -> PathBuf {
    resolved(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
}

/// The path without `..`, whether or not it exists.
fn resolved(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path {
        if part == ".." {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}
