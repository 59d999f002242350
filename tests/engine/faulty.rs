//! A disk that counts what is done to it, and at a given operation fails, is full, or is there no
//! more.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pseudo_engine::{FileSystem, Local};

/// What happens at the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails, and nothing after it.
    Once,
    /// Nothing can be made or written any more; what is there can be removed.
    Full,
    /// The process is killed: nothing happens any more. Of a write, half arrives.
    Killed,
    /// The machine loses power: besides, half of what nobody waited for is lost.
    PowerCut,
}

/// Such a disk; its clones are the same one.
#[derive(Clone)]
pub(crate) struct Faulty {
    at: usize,
    fault: Fault,
    root: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    count: usize,
    /// What the operation would have been.
    hit: Option<String>,
    /// The inodes of files that nobody waited for, with how many bytes were there before.
    unsynced: HashMap<u64, u64>,
}

/// What becomes of an operation.
enum Turn {
    Done,
    Fails(io::Error),
    /// It fails, and a write half way.
    Tears(io::Error),
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

impl Faulty {
    /// A disk whose operation `at`, from 1, meets `fault`. All that is written is below `root`.
    pub(crate) fn new(at: usize, fault: Fault, root: &Path) -> Self {
        Self {
            at,
            fault,
            root: root.to_path_buf(),
            state: Arc::default(),
        }
    }

    /// The operation that met the fault; none when there were not so many.
    pub(crate) fn hit(&self) -> Option<String> {
        self.state.lock().unwrap().hit.clone()
    }

    fn turn(&self, what: &str, path: Option<&Path>, adds: bool) -> Turn {
        let mut state = self.state.lock().unwrap();
        state.count += 1;
        let is_hit = match self.fault {
            Fault::Once => state.count == self.at,
            Fault::Full => state.count >= self.at && adds,
            Fault::Killed | Fault::PowerCut => state.count >= self.at,
        };
        if !is_hit {
            return Turn::Done;
        }
        let first = state.hit.is_none();
        if first {
            let path = path.map(|path| path.strip_prefix(&self.root).unwrap().display());
            let path = path.map(|path| format!(" {path}")).unwrap_or_default();
            state.hit = Some(format!("{what}{path}"));
            if self.fault == Fault::PowerCut {
                lose(&self.root, &state.unsynced);
            }
        }
        let error = io::Error::from_raw_os_error(match self.fault {
            Fault::Full => ENOSPC,
            _ => EIO,
        });
        match self.fault {
            Fault::Once => Turn::Fails(error),
            Fault::Full => Turn::Tears(error),
            Fault::Killed | Fault::PowerCut if first => Turn::Tears(error),
            Fault::Killed | Fault::PowerCut => Turn::Fails(error),
        }
    }

    fn step(&self, what: &str, path: Option<&Path>, adds: bool) -> io::Result<()> {
        match self.turn(what, path, adds) {
            Turn::Done => Ok(()),
            Turn::Fails(error) | Turn::Tears(error) => Err(error),
        }
    }

    fn began(&self, file: File) -> File {
        let found = file.metadata().unwrap();
        let unsynced = &mut self.state.lock().unwrap().unsynced;
        unsynced.entry(found.ino()).or_insert(found.len());
        file
    }
}

/// Cuts what nobody waited for in half.
fn lose(root: &Path, unsynced: &HashMap<u64, u64>) {
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let found = path.symlink_metadata().unwrap();
        if found.is_dir() {
            lose(&path, unsynced);
        } else if let Some(before) = unsynced.get(&found.ino())
            && found.is_file()
        {
            let file = File::options().write(true).open(&path).unwrap();
            let before = found.len().min(*before);
            file.set_len(before + (found.len() - before) / 2).unwrap();
        }
    }
}

impl FileSystem for Faulty {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.exists()).collect();
        for path in missing.into_iter().rev() {
            self.step("create_dir", Some(path), true)?;
            Local.create_dir(path)?;
        }
        Ok(())
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        self.step("create", Some(path), true)?;
        Local.create(path, mode).map(|file| self.began(file))
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        self.step("open", Some(path), true)?;
        Local.open(path).map(|file| self.began(file))
    }

    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<()> {
        match self.turn("write", None, true) {
            Turn::Done => Local.write(file, bytes),
            Turn::Fails(error) => Err(error),
            Turn::Tears(error) => {
                Local.write(file, &bytes[..bytes.len() / 2])?;
                Err(error)
            }
        }
    }

    fn empty(&self, file: &File) -> io::Result<()> {
        self.step("empty", None, false)?;
        Local.empty(file)
    }

    fn set_mode(&self, file: &File, mode: u32) -> io::Result<()> {
        self.step("set_mode", None, false)?;
        Local.set_mode(file, mode)
    }

    /// Remembers it alone: the disk of the machine would take its time.
    fn sync(&self, file: &File) -> io::Result<()> {
        self.step("sync", None, true)?;
        let inode = file.metadata()?.ino();
        self.state.lock().unwrap().unsynced.remove(&inode);
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step("sync_dir", Some(path), true)?;
        File::open(path).map(drop)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("link", Some(to), true)?;
        Local.link(from, to)
    }

    fn symlink(&self, target: &Path, path: &Path) -> io::Result<()> {
        self.step("symlink", Some(path), true)?;
        Local.symlink(target, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", Some(to), false)?;
        Local.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step("remove_file", Some(path), false)?;
        Local.remove_file(path)
    }

    /// Every file and directory of it is an operation.
    fn remove_tree(&self, path: &Path) -> io::Result<()> {
        for entry in fs::read_dir(path)? {
            let entry = entry?.path();
            if entry.symlink_metadata()?.is_dir() {
                self.remove_tree(&entry)?;
            } else {
                self.remove_file(&entry)?;
            }
        }
        self.step("remove_dir", Some(path), false)?;
        fs::remove_dir(path)
    }
}
