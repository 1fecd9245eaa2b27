//! Files as text: read whole, held to UTF-8, and looked at once for their format.

use super::error::{InputError, Problem};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

/// A file's content.
pub(super) struct Text {
    pub(super) path: PathBuf,
    pub(super) content: String,
    pub(super) format: Format,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Rows and columns; the character between cells.
    Table(u8),
    /// JSON.
    Json,
    /// Numbers with space between them.
    Words,
}

impl Text {
    pub(super) fn read(path: &Path) -> Result<Self, InputError> {
        let fail = |problem| InputError::of_file(path, problem);
        if path.is_dir() {
            return Err(fail(Problem::Folder));
        }
        // A pipe is as good as a file; a device has no end.
        if path.metadata().is_ok_and(|meta| !meta.is_file() && !meta.file_type().is_fifo()) {
            return Err(fail(Problem::Device));
        }
        let bytes = std::fs::read(path).map_err(|error| fail(Problem::Unreadable(reason(&error))))?;
        let mut content = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            InputError { line: Some(line_at(valid)), ..fail(Problem::NotUtf8) }
        })?;
        // The mark that some editors put before UTF-8 text.
        if content.starts_with('\u{feff}') {
            content.drain(..'\u{feff}'.len_utf8());
        }
        if content.trim().is_empty() {
            return Err(fail(Problem::Empty));
        }
        let format = format_of(path, &content);
        Ok(Self { path: path.to_owned(), content, format })
    }

    /// An error at a line, and a column if it has one.
    pub(super) fn at(&self, line: u64, column: Option<String>, problem: Problem) -> InputError {
        InputError { path: self.path.clone(), line: Some(line), column, problem: Box::new(problem) }
    }

    /// An error of the whole file.
    pub(super) fn error(&self, problem: Problem) -> InputError {
        InputError::of_file(&self.path, problem)
    }
}

/// The number, from 1, of the line on which these bytes end.
pub(super) fn line_at(bytes: &[u8]) -> u64 {
    1 + bytes.iter().filter(|b| **b == b'\n').count() as u64
}

/// The system's words without its numbers.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// By its ending, else by its first line.
fn format_of(path: &Path, content: &str) -> Format {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let first_line = content.trim_start().lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t'].into_iter().find(|d| first_line.as_bytes().contains(d));
    match ending.as_str() {
        "json" => Format::Json,
        "csv" => Format::Table(delimiter.unwrap_or(b',')),
        "tsv" => Format::Table(b'\t'),
        _ if first_line.starts_with(['[', '{']) => Format::Json,
        _ => delimiter.map_or(Format::Words, Format::Table),
    }
}
