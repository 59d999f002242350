//! Everything that changes a file system, behind one seam: tests hand in a disk that fails, is full
//! or dies at a given operation. Reading needs no seam. The only file of this crate that calls what
//! `.clippy.toml` bans.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Error, Result};

/// The mode of a file that is nobody's business but the group's.
pub(crate) const PRIVATE: u32 = 0o640;

/// What is done to files. Each operation has happened, or not, when it answers; its errors are
/// those of the operating system.
pub trait FileSystem: Send + Sync {
    /// Makes a directory and its missing parents, 0750; one that is there stays as it is.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Begins a file that must not be there, with `mode` less the umask.
    fn create(&self, path: &Path, mode: u32) -> io::Result<File>;

    /// Opens a file for reading, and for writing at its end; makes it, 0640, where there is none.
    fn open(&self, path: &Path) -> io::Result<File>;

    /// Writes all of `bytes`; on error, some of them may have been written.
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<()>;

    /// Takes its content from a file.
    fn empty(&self, file: &File) -> io::Result<()>;

    /// Sets the mode, whatever the umask.
    fn set_mode(&self, file: &File, mode: u32) -> io::Result<()>;

    /// Waits until the content of a file is on the disk.
    fn sync(&self, file: &File) -> io::Result<()>;

    /// Waits until the names in a directory are on the disk.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Gives a file another name, beside its own.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes a symbolic link at `path`.
    fn symlink(&self, target: &Path, path: &Path) -> io::Result<()>;

    /// Gives a file or a directory another name, in one step; a file of that name goes.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file or a link.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a directory and all below it, following no link.
    fn remove_tree(&self, path: &Path) -> io::Result<()>;
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Local;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that changes a file system"
)]
impl FileSystem for Local {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o750).create(path)
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode).open(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        let options = options.read(true).append(true).create(true);
        options.mode(PRIVATE).open(path)
    }

    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn empty(&self, file: &File) -> io::Result<()> {
        file.set_len(0)
    }

    fn set_mode(&self, file: &File, mode: u32) -> io::Result<()> {
        file.set_permissions(Permissions::from_mode(mode))
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn symlink(&self, target: &Path, path: &Path) -> io::Result<()> {
        std::os::unix::fs::symlink(target, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_tree(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir_all(path)
    }
}

/// The file system that a run writes to; its clones are the same one.
#[derive(Clone)]
pub struct Disk(Arc<dyn FileSystem>);

impl Default for Disk {
    fn default() -> Self {
        Self::new(Local)
    }
}

impl Disk {
    /// A disk of the caller's making.
    pub fn new(files: impl FileSystem + 'static) -> Self {
        Self(Arc::new(files))
    }

    /// Makes a directory and its missing parents, 0750.
    pub(crate) fn create_dir(&self, path: &Path) -> Result<()> {
        self.0.create_dir(path).map_err(Error::io("create", path))
    }

    /// Begins a file that must not be there.
    pub(crate) fn create(&self, path: &Path, mode: u32) -> Result<DiskFile> {
        let file = self.0.create(path, mode);
        Ok(self.file(file.map_err(Error::io("create", path))?))
    }

    /// Opens a file for reading, and for writing at its end; makes it, 0640, where there is none.
    pub(crate) fn append(&self, path: &Path) -> Result<DiskFile> {
        let file = self.0.open(path).map_err(Error::io("open", path))?;
        Ok(self.file(file))
    }

    fn file(&self, file: File) -> DiskFile {
        let disk = self.clone();
        DiskFile { disk, file }
    }

    /// Waits until the names in a directory are on the disk.
    pub(crate) fn sync_dir(&self, path: &Path) -> Result<()> {
        self.0.sync_dir(path).map_err(Error::io("write", path))
    }

    /// Waits until the name of a file is on the disk.
    pub(crate) fn sync_name(&self, path: &Path) -> Result<()> {
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        self.sync_dir(parent.unwrap_or(Path::new(".")))
    }

    /// Gives a file another name, beside its own.
    pub(crate) fn link(&self, from: &Path, to: &Path) -> Result<()> {
        self.0.link(from, to).map_err(Error::io("create", to))
    }

    /// Makes a symbolic link at `path`.
    pub(crate) fn symlink(&self, target: &Path, path: &Path) -> Result<()> {
        let made = self.0.symlink(target, path);
        made.map_err(Error::io("create", path))
    }

    /// Gives what is written its last name.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.0.rename(from, to).map_err(Error::io("publish", to))
    }

    /// Removes a file or a link, if there.
    pub(crate) fn remove_file(&self, path: &Path) -> Result<()> {
        absent_is_done(self.0.remove_file(path)).map_err(Error::io("remove", path))
    }

    /// Removes a directory tree, if there.
    pub(crate) fn remove_tree(&self, path: &Path) -> Result<()> {
        absent_is_done(self.0.remove_tree(path)).map_err(Error::io("remove", path))
    }

    /// Replaces the file at `path` as a whole: readers see the one before or this one. Its mode is
    /// `mode`, whatever the umask.
    pub(crate) fn replace(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(format!(".{}", std::process::id()));
        let temporary = PathBuf::from(temporary);
        let filled = self.fill(&temporary, bytes, mode);
        let replaced = filled.and_then(|()| self.rename(&temporary, path));
        if replaced.is_err() {
            // the cause is told; a leftover is replaced by the next of this process id
            let _ = self.remove_file(&temporary);
        }
        replaced
    }

    /// Makes the file, which must be ours from its first byte.
    fn fill(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
        self.remove_file(path)?;
        let file = self.create(path, mode)?.file;
        let done = self
            .0
            .write(&file, bytes)
            .and_then(|()| self.0.set_mode(&file, mode))
            .and_then(|()| self.0.sync(&file));
        done.map_err(Error::io("write", path))
    }
}

fn absent_is_done(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A file being written. Nothing is gathered here: whoever writes little at a time does that.
pub(crate) struct DiskFile {
    disk: Disk,
    file: File,
}

impl DiskFile {
    /// The file, for all that does not change it.
    pub(crate) fn get(&self) -> &File {
        &self.file
    }

    /// Takes its content from it.
    pub(crate) fn empty(&self) -> io::Result<()> {
        self.disk.0.empty(&self.file)
    }

    /// Waits until its content is on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.disk.0.sync(&self.file)
    }
}

impl Write for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.0.write(&self.file, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
