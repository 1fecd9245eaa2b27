//! Files that appear whole or not at all: tried before a run starts, written beside their place, and moved there in one step.

use crate::failure::Failure;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file to be written at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// As the user wrote it.
    named: PathBuf,
    /// Where it goes, links followed.
    path: PathBuf,
    /// Something that is no file, such as a terminal or a pipe: written to as it is.
    special: bool,
    /// Whether a new file is readable by its owner alone.
    private: bool,
}

impl OutputFile {
    /// Makes sure that a file can be written there, and leaves nothing behind.
    ///
    /// # Errors
    /// Says why it cannot.
    pub fn probe(path: &Path) -> Result<Self, Failure> {
        Self::try_at(path, false)
    }

    /// As [`OutputFile::probe`], for what is meant for one party alone: a new file is readable by its owner only.
    ///
    /// # Errors
    /// Says why it cannot.
    pub fn private(path: &Path) -> Result<Self, Failure> {
        Self::try_at(path, true)
    }

    fn try_at(path: &Path, private: bool) -> Result<Self, Failure> {
        let fail = |why: &str| Failure::user(format!("cannot write {}: {why}", path.display()));
        let file = Self { named: path.to_owned(), special: false, path: place(path), private };
        match std::fs::metadata(&file.path) {
            Ok(meta) if meta.is_dir() => {
                return Err(fail("it is a folder").help("name a file, in it or elsewhere; nothing has been started"));
            }
            Ok(meta) if !meta.is_file() => return Ok(Self { special: true, ..file }),
            Ok(_) | Err(_) => {}
        }
        let folder_like = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        if folder_like || file.path.file_name().is_none() {
            return Err(fail("it names no file").help("put a file's name at the end; nothing has been started"));
        }
        file.beside().map_err(|error| {
            fail(&words(&error)).help("the folder must exist and be writable; nothing has been started")
        })?;
        Ok(file)
    }

    /// The path as the user wrote it.
    #[must_use]
    pub fn named(&self) -> &Path {
        &self.named
    }

    /// Whether writing one would overwrite the other.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        !self.special && self.path == other.path
    }

    /// A new file in the same folder, gone when dropped. Where it is to replace one, it may be read by whom that one may be.
    fn beside(&self) -> std::io::Result<tempfile::NamedTempFile> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let existing = std::fs::metadata(&self.path).ok().map(|meta| meta.permissions());
        // Of a new file's mode the user's mask takes its part; an existing one's is kept as it is.
        let mode = if self.private || existing.is_some() { 0o600 } else { 0o666 };
        let permissions = std::fs::Permissions::from_mode(mode);
        let file = tempfile::Builder::new().prefix(".smpcvm-").permissions(permissions).tempfile_in(folder)?;
        if let Some(existing) = existing {
            file.as_file().set_permissions(existing)?;
        }
        Ok(file)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// The system's, with the path; the file is then as it was before.
    pub fn write(&self, content: impl AsRef<[u8]>) -> Result<(), Failure> {
        let content = content.as_ref();
        let write = || -> std::io::Result<()> {
            if self.special {
                return std::fs::OpenOptions::new().write(true).open(&self.path)?.write_all(content);
            }
            let mut file = self.beside()?;
            file.write_all(content)?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| {
            Failure::user(format!("cannot write {}: {}", self.named.display(), words(&error)))
                .help("is there room, and is the folder still there and writable?")
        })
    }
}

/// Where a path leads, links followed; where nothing is there yet, the name in the folder that is.
fn place(path: &Path) -> PathBuf {
    if let Ok(existing) = std::fs::canonicalize(path) {
        return existing;
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return path.to_owned() };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    std::fs::canonicalize(folder).map_or_else(|_| path.to_owned(), |folder| folder.join(name))
}

/// The system's words without its numbers and without the name of a temporary file.
fn words(error: &std::io::Error) -> String {
    let text = match error.kind() {
        std::io::ErrorKind::NotFound => "the folder does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.get_ref().map_or_else(|| error.to_string(), ToString::to_string),
    };
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
