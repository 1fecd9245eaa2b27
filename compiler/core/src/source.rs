//! Source texts and places in them. Texts are handed in; nothing here opens a file.

/// A source file of a compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A piece of a source file, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// From the start of this to the end of the other; both lie in one file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty place behind this.
    #[must_use]
    pub const fn after(self) -> Self {
        Self { file: self.file, start: self.end, end: self.end }
    }
}

/// A line and column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// A source text with its name.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path relative to the folder of the main source; library modules as `std/…`.
    pub path: String,
    /// The text.
    pub text: String,
    /// Byte offsets at which lines start.
    lines: Vec<u32>,
}

/// All source texts of a compilation, the main one first.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| offset(at + 1))).collect();
        self.files.push(SourceFile { path: path.into(), text, lines });
        FileId(offset(self.files.len() - 1))
    }

    /// A file. Ids come from [`SourceMap::add`] of the same map.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// All files in the order they were added.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The text of a span.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Line and column of the start of a span.
    #[must_use]
    pub fn place(&self, span: Span) -> Place {
        let file = self.file(span.file);
        let line = file.lines.partition_point(|start| *start <= span.start).max(1);
        let before = file.text.get(file.lines[line - 1] as usize..span.start as usize).unwrap_or_default();
        Place { line: offset(line), column: offset(before.chars().count() + 1) }
    }

    /// The word at a line and column of the file with that path.
    #[must_use]
    pub fn span_of(&self, path: &str, line: u32, column: u32) -> Option<Span> {
        let at = self.files.iter().position(|file| file.path == path)?;
        let file = &self.files[at];
        let start = *file.lines.get((line as usize).checked_sub(1)?)?;
        let rest = file.text.get(start as usize..)?;
        let before: usize = rest.chars().take((column as usize).saturating_sub(1)).map(char::len_utf8).sum();
        let word = rest.get(before..)?.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(0).max(1);
        let start = start + offset(before);
        Some(Span { file: FileId(offset(at)), start, end: (start + offset(word)).min(offset(file.text.len())) })
    }

    /// The whole line in which a span starts, without its end.
    #[must_use]
    pub fn line(&self, span: Span) -> &str {
        let file = self.file(span.file);
        let line = file.lines.partition_point(|start| *start <= span.start).max(1);
        let start = file.lines[line - 1] as usize;
        let end = file.lines.get(line).map_or(file.text.len(), |next| *next as usize);
        file.text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }
}

/// Offsets fit 32 bits: the compiler refuses larger texts before it reads them.
#[allow(clippy::cast_possible_truncation, reason = "texts of 4 GiB are refused")]
const fn offset(at: usize) -> u32 {
    at as u32
}
