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
}

impl OutputFile {
    /// Makes sure that a file can be written there, and leaves nothing behind.
    ///
    /// # Errors
    /// Says why it cannot.
    pub fn probe(path: &Path) -> Result<Self, Failure> {
        let fail = |why: String| Failure::user(format!("cannot write {}: {why}", path.display()));
        let existing = std::fs::canonicalize(path).ok();
        let target = existing.unwrap_or_else(|| path.to_owned());
        let file = Self { named: path.to_owned(), special: false, path: target };
        match std::fs::metadata(&file.path) {
            Ok(meta) if meta.is_dir() => return Err(fail("it is a folder".to_owned())),
            Ok(meta) if !meta.is_file() => return Ok(Self { special: true, ..file }),
            Ok(_) | Err(_) => {}
        }
        let folder_like = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        if folder_like || file.path.file_name().is_none() {
            return Err(fail("it names no file".to_owned()));
        }
        file.beside().map_err(|error| {
            fail(words(&error)).help("the folder must exist and be writable; nothing has been started")
        })?;
        Ok(file)
    }

    /// A new file in the same folder, gone when dropped.
    fn beside(&self) -> std::io::Result<tempfile::NamedTempFile> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // As any new file: what the user's mask leaves.
        let permissions = std::fs::Permissions::from_mode(0o666);
        tempfile::Builder::new().prefix(".smpcvm-").permissions(permissions).tempfile_in(folder)
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
        write().map_err(|error| Failure::user(format!("cannot write {}: {}", self.named.display(), words(&error))))
    }
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
