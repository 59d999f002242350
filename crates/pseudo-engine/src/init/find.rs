//! Which tables a folder holds. The files of one directory are one table when they have the same
//! columns or differ in their numbers alone; directories of partitions, `day=1` or `2026-11-22`,
//! are no tables of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pseudo_arrow::sample;
use pseudo_policy::{CsvOptions, Order, Table};

use super::dialect;
use crate::source::Root;
use crate::{Error, Result};

/// A table to look at.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Its name, which can be a directory.
    pub(crate) name: String,
    /// A path or a pattern below the root.
    pub(crate) source: String,
    /// How its files are read, where they are CSV.
    pub(crate) csv: Option<CsvOptions>,
    /// Bytes of its files.
    pub(crate) bytes: u64,
}

impl Found {
    /// The table as a pipeline would describe it.
    pub(crate) fn table(&self) -> Table {
        Table {
            name: self.name.clone(),
            source: self.source.clone(),
            template: self.source.clone(),
            format: None,
            subject: None,
            filter: None,
            order: Order::Shuffled,
            unlisted_drop: false,
            types: BTreeMap::new(),
            csv: self.csv.clone().unwrap_or_default(),
            columns: Vec::new(),
            allow_empty: false,
            line: 0,
            line_column: 0,
            columns_line: 0,
            columns_line_column: 0,
        }
    }
}

/// A file that is in no table, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its path below the source.
    pub path: String,
    /// Why it is left out.
    pub reason: &'static str,
}

/// Finds the tables of a root, by name.
pub(crate) fn tables(root: &Root) -> Result<(Vec<Found>, Vec<Skipped>)> {
    let folder = match root {
        Root::Folder(folder) => folder,
        Root::Sample(_) => {
            let table = |table: sample::Table| Found {
                name: table.name().to_owned(),
                source: format!("{}/*.parquet", table.name()),
                csv: None,
                bytes: u64::MAX,
            };
            return Ok((sample::ALL.into_iter().map(table).collect(), Vec::new()));
        }
    };
    let mut walk = Walk::default();
    walk.directory(folder, &mut Vec::new())?;
    let mut tables = Vec::new();
    for ((place, extension), files) in &walk.groups {
        tables.extend(group(root, folder, place, extension, files)?);
    }
    name_apart(&mut tables);
    Ok((tables, walk.skipped))
}

/// The files of one kind in one directory, or in its partitions: names, and bytes.
type Files = Vec<(String, u64)>;

#[derive(Default)]
struct Walk {
    /// By directory, partitions being `*`, and extension.
    groups: BTreeMap<(Vec<String>, String), Files>,
    skipped: Vec<Skipped>,
}

impl Walk {
    fn directory(&mut self, folder: &Path, place: &mut Vec<String>) -> Result<()> {
        let entries = std::fs::read_dir(folder).map_err(Error::io("read", folder))?;
        let mut names = BTreeSet::new();
        for entry in entries {
            names.insert(entry.map_err(Error::io("read", folder))?.file_name());
        }
        for name in names {
            let path = folder.join(&name);
            let Some(name) = name.to_str() else {
                self.skip(place, &name.to_string_lossy(), "its name is not UTF-8");
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let about = std::fs::metadata(&path).map_err(Error::io("read", &path))?;
            if about.is_dir() {
                // logs and leftovers of other tools begin with `_`
                if place.len() < DEPTH && !name.starts_with('_') {
                    place.push(name.to_owned());
                    self.directory(&path, place)?;
                    place.pop();
                }
                continue;
            }
            let extension = Path::new(name).extension().and_then(|end| end.to_str());
            match extension {
                Some("parquet" | "csv") if !about.is_file() => {
                    self.skip(place, name, "not a regular file");
                }
                Some("parquet" | "csv") if has_braces(place, name) => {
                    self.skip(place, name, "a brace in its path would be a placeholder");
                }
                Some("csv") if about.len() == 0 => self.skip(place, name, "empty"),
                Some(extension @ ("parquet" | "csv")) => {
                    let group = (collapsed(place), extension.to_owned());
                    let files = self.groups.entry(group).or_default();
                    files.push((name.to_owned(), about.len()));
                }
                _ => self.skip(place, name, "neither `.parquet` nor `.csv`"),
            }
        }
        Ok(())
    }

    fn skip(&mut self, place: &[String], name: &str, reason: &'static str) {
        let mut path = place.join("/");
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(name);
        self.skipped.push(Skipped { path, reason });
    }
}

fn has_braces(place: &[String], name: &str) -> bool {
    let mut parts = place.iter().map(String::as_str).chain([name]);
    parts.any(|part| part.contains(['{', '}']))
}

/// The path of a directory as a pattern in which partitions are `*`.
fn collapsed(place: &[String]) -> Vec<String> {
    let is_partition = |part: &str| {
        part.contains('=')
            || part
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    let one = |(depth, part): (usize, &String)| match depth > 0 && is_partition(part) {
        true => "*".to_owned(),
        false => glob::Pattern::escape(part),
    };
    place.iter().enumerate().map(one).collect()
}

/// The tables of one group of files.
fn group(
    root: &Root,
    folder: &Path,
    place: &[String],
    extension: &str,
    files: &Files,
) -> Result<Vec<Found>> {
    let below = |pattern: &str| [place, &[pattern.to_owned()]].concat().join("/");
    let folder_name = place.iter().rev().find(|part| *part != "*");
    let found = |name: &str, pattern: &str, files: &[&(String, u64)]| -> Result<Found> {
        let source = below(pattern);
        let csv = (extension == "csv").then(|| dialect::of(folder, &source));
        Ok(Found {
            name: name.to_owned(),
            source,
            csv: csv.transpose()?,
            bytes: files.iter().map(|(_, bytes)| bytes).sum(),
        })
    };
    let mut stems: BTreeMap<(&str, bool), Vec<&(String, u64)>> = BTreeMap::new();
    for file in files {
        stems.entry(stem(&file.0)).or_default().push(file);
    }
    if let Some(name) = folder_name {
        let all: Vec<_> = files.iter().collect();
        let whole = found(name, &format!("*.{extension}"), &all)?;
        // files of other columns are other tables, and so may be files that cannot be read at all
        let is_alike = stems.len() == 1 || is_alike(root, &whole);
        if is_alike {
            return Ok(vec![whole]);
        }
    }
    let mut tables = Vec::new();
    for ((stem, _), files) in stems {
        let prefix = folder_name.map_or(String::new(), |name| format!("{name}_"));
        let start = files.iter().map(|file| file.0.as_str()).reduce(common);
        let start = glob::Pattern::escape(digits_off(start.unwrap_or_default()));
        let pattern = format!("{start}[0-9]*.{extension}");
        let known = glob::Pattern::new(&pattern).ok();
        let is_named = |file: &&(String, u64)| known.as_ref().is_some_and(|p| p.matches(&file.0));
        if files.len() > 1 && files.iter().all(is_named) {
            let name = if stem.is_empty() { "table" } else { stem };
            tables.push(found(&format!("{prefix}{name}"), &pattern, &files)?);
            continue;
        }
        for file in files {
            let own = file.0.strip_suffix(extension).unwrap_or(&file.0);
            let name = format!("{prefix}{}", own.trim_end_matches('.'));
            tables.push(found(&name, &glob::Pattern::escape(&file.0), &[file])?);
        }
    }
    Ok(tables)
}

/// Whether all files of a table have the same columns.
fn is_alike(root: &Root, found: &Found) -> bool {
    let opened = root.open(&found.table());
    opened.is_ok_and(|source| {
        source.is_some_and(|source| source.files.iter().all(crate::source::SourceFile::is_whole))
    })
}

/// What files of one table have in common: the name up to its first number, and whether it has one.
fn stem(name: &str) -> (&str, bool) {
    let end = name.rfind('.').unwrap_or(name.len());
    let name = name.get(..end).unwrap_or(name);
    let stem = digits_off(name);
    let is_numbered = stem.len() < name.len();
    (stem.trim_end_matches(['-', '_', '.', ' ']), is_numbered)
}

/// The beginning of two names.
fn common<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b);
    one.get(..same.map(|(c, _)| c.len_utf8()).sum())
        .unwrap_or_default()
}

fn digits_off(name: &str) -> &str {
    let end = name
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(name.len());
    name.get(..end).unwrap_or(name)
}

/// Gives every table a name of its own that can be a directory.
fn name_apart(tables: &mut [Found]) {
    let mut taken = BTreeSet::new();
    for table in tables {
        let plain = plain(&table.name, "table");
        let numbered = (2_u32..).map(|number| format!("{plain}_{number}"));
        let mut names = [plain.clone()].into_iter().chain(numbered);
        if let Some(name) = names.find(|name| taken.insert(name.clone())) {
            table.name = name;
        }
    }
}

/// A text as a name of letters, digits, `_` and `-`.
pub(super) fn plain(text: &str, otherwise: &str) -> String {
    let letter = |c: char| match c {
        c if c.is_alphanumeric() || c == '-' => c,
        _ => '_',
    };
    let name: String = text.chars().map(letter).take(NAME).collect();
    let name = name.trim_matches('_');
    if name.is_empty() {
        otherwise.to_owned()
    } else {
        name.to_owned()
    }
}

/// Directories within each other.
const DEPTH: usize = 16;
/// Characters of a name, of four bytes at most.
const NAME: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_table_differ_in_their_numbers() {
        for (name, of) in [
            ("part-00000.parquet", ("part", true)),
            ("part-00000-c3d1.snappy.parquet", ("part", true)),
            ("users_20261122.csv", ("users", true)),
            ("users.csv", ("users", false)),
            ("2026.csv", ("", true)),
        ] {
            assert_eq!(stem(name), of, "{name}");
        }
        assert_eq!(common("users_01.csv", "users_02.csv"), "users_0");
        let place = |parts: &[&str]| {
            parts
                .iter()
                .map(|part| (*part).to_owned())
                .collect::<Vec<_>>()
        };
        let found = collapsed(&place(&["orders", "day=2026-11-22", "2026-11", "a[b"]));
        assert_eq!(found, ["orders", "*", "*", "a[[]b"]);
        assert_eq!(plain("用户 表", "table"), "用户_表");
        assert_eq!(plain("//", "table"), "table");
    }
}
