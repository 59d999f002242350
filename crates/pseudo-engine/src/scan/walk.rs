//! Which files there are: all at and below some paths, hidden ones too, each once, in the order of
//! their paths. Links below a path are not followed: what they lead to is met by itself, or is
//! outside and named. So there are no loops.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::lone;
use super::{Format, Place, Reason, ScanFinding, ScannedFile, Unread};
use crate::error::kind_text;
use crate::{Error, Result};

/// A file that was met.
pub(super) struct Entry {
    /// Where it is, if it is to be looked into.
    pub(super) location: Option<PathBuf>,
    /// What is known of it.
    pub(super) file: ScannedFile,
}

/// Everything at and below `paths`, without looking into those that a pattern of `skip` matches.
pub(super) fn walk(paths: &[PathBuf], skip: &[String]) -> Result<Vec<Entry>> {
    let skip = skip.iter().filter_map(|text| Pattern::new(text).ok());
    let roots = paths.iter().map(|path| {
        let root = fs::canonicalize(path).map_err(Error::io("read", path))?;
        Ok((root, path))
    });
    let roots: Vec<(PathBuf, &PathBuf)> = roots.collect::<Result<_>>()?;
    let mut walk = Walk {
        roots: roots.iter().map(|(root, _)| root.clone()).collect(),
        skip: skip.collect(),
        met: BTreeSet::new(),
        entries: Vec::new(),
    };
    for (root, path) in roots {
        let (shown, findings) = walk.typed(path);
        walk.meet(&root, shown, findings);
    }
    Ok(walk.entries)
}

struct Walk {
    /// What was asked for, without links.
    roots: Vec<PathBuf>,
    skip: Vec<Pattern>,
    met: BTreeSet<PathBuf>,
    entries: Vec<Entry>,
}

impl Walk {
    /// A path as somebody typed it, its last name masked where that shows something.
    fn typed(&self, path: &Path) -> (String, Vec<ScanFinding>) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let findings = lone::name(&name, place(path));
        if findings.is_empty() {
            return (path.to_string_lossy().into_owned(), findings);
        }
        let above = path.parent().unwrap_or(Path::new(""));
        let shown = above.join(lone::masked(&name, 1));
        (shown.to_string_lossy().into_owned(), findings)
    }

    /// Takes what is at `path`, and what is below it. Directories that wait are few, so that depth
    /// costs no stack.
    fn meet(&mut self, path: &Path, shown: String, findings: Vec<ScanFinding>) {
        let mut open = vec![(path.to_path_buf(), shown, findings)];
        while let Some((path, shown, findings)) = open.pop() {
            if !self.met.insert(path.clone()) {
                continue;
            }
            let metadata = match fs::symlink_metadata(&path) {
                Ok(metadata) => metadata,
                Err(error) => {
                    self.unread(shown, findings, unreadable(&error));
                    continue;
                }
            };
            let file_type = metadata.file_type();
            if file_type.is_dir() {
                match self.below(&path, &shown) {
                    Ok(mut entries) => {
                        if !findings.is_empty() {
                            self.push(None, shown, findings, 0, Some(Format::Directory));
                        }
                        entries.reverse();
                        open.append(&mut entries);
                    }
                    Err(error) => self.unread(shown, findings, unreadable(&error)),
                }
            } else if self.is_skipped(&path, &shown) {
                let skipped = Unread::new(Reason::Skipped, "skipped, as was asked for");
                self.unread(shown, findings, skipped);
            } else if file_type.is_symlink() {
                if let Some(why) = self.link(&path) {
                    self.unread(shown, findings, Unread::new(Reason::Unknown, why));
                }
            } else if file_type.is_file() {
                self.push(Some(path), shown, findings, metadata.len(), None);
            } else {
                let why = Unread::new(Reason::Unknown, "neither a file nor a directory");
                self.unread(shown, findings, why);
            }
        }
    }

    /// What is in a directory, by name.
    fn below(
        &self,
        path: &Path,
        shown: &str,
    ) -> io::Result<Vec<(PathBuf, String, Vec<ScanFinding>)>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            names.push(entry?.file_name());
        }
        names.sort();
        let named = (1..).zip(names).map(|(nth, name)| {
            let path = path.join(&name);
            let name = name.to_string_lossy();
            let findings = lone::name(&name, place(&path));
            let name = match findings.as_slice() {
                [] => name.into_owned(),
                _ => lone::masked(&name, nth),
            };
            let separator = if shown.ends_with('/') { "" } else { "/" };
            (path, format!("{shown}{separator}{name}"), findings)
        });
        Ok(named.collect())
    }

    fn is_skipped(&self, path: &Path, shown: &str) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let matches = |pattern: &Pattern| pattern.matches(&name) || pattern.matches(shown);
        self.skip.iter().any(matches)
    }

    /// Why a link hides something, if it does.
    fn link(&self, path: &Path) -> Option<&'static str> {
        match fs::canonicalize(path) {
            Ok(target) if self.roots.iter().any(|root| target.starts_with(root)) => None,
            Ok(_) => Some("a link that leads out of what is scanned"),
            Err(_) => Some("a link that leads nowhere"),
        }
    }

    fn unread(&mut self, shown: String, findings: Vec<ScanFinding>, unread: Unread) {
        self.push(None, shown, findings, 0, None);
        if let Some(entry) = self.entries.last_mut() {
            entry.file.unread = Some(unread);
        }
    }

    fn push(
        &mut self,
        location: Option<PathBuf>,
        path: String,
        findings: Vec<ScanFinding>,
        bytes: u64,
        format: Option<Format>,
    ) {
        let file = ScannedFile {
            path,
            bytes,
            format,
            findings,
            ..ScannedFile::default()
        };
        self.entries.push(Entry { location, file });
    }
}

/// What the name of a path is the name of.
fn place(path: &Path) -> Place {
    if path.is_dir() && !path.is_symlink() {
        Place::DirectoryName
    } else {
        Place::FileName
    }
}

fn unreadable(error: &io::Error) -> Unread {
    Unread::new(Reason::Unreadable, kind_text(error))
}
