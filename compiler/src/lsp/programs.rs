//! Programs: each open document is the main file of one, or a module. What it imports is read from the editor where it is open there, else from the disk.

use super::documents::Documents;
use super::positions::Lines;
use super::uri::Place;
use crate::source::read;
use lsp_types::{Location, Range};
use smpcc_core::Request;
use smpcc_core::analysis::{Analysis, analyse, outline};
use smpcc_core::source::{FileId, Span};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Folders above a module's own in which what it imports may lie: that of the program's main file.
const FOLDERS_ABOVE: usize = 3;

/// Most files of a folder in which uses of a name are looked for.
const MOST_FILES: usize = 200;

/// A main file with what it imports, as they are now.
#[derive(Debug)]
pub(super) struct Program {
    /// What is known of it.
    pub(super) analysis: Analysis,
    /// The place of the main file.
    pub(super) place: Place,
    /// Where the imported files lie, by the path that the analysis has for them.
    modules: BTreeMap<String, PathBuf>,
    /// Every file that was looked for: a change of one of them makes this out of date.
    pub(super) asked: BTreeSet<PathBuf>,
}

/// Finds the texts of modules, and remembers where.
pub(super) struct Modules<'a> {
    documents: &'a Documents,
    /// The folders that are looked through.
    folders: Vec<PathBuf>,
    found: RefCell<BTreeMap<String, PathBuf>>,
    asked: RefCell<BTreeSet<PathBuf>>,
}

impl<'a> Modules<'a> {
    /// For a main file or a module at that place.
    pub(super) fn of(place: &Place, text: &str, documents: &'a Documents) -> Self {
        let folder = place.path().and_then(Path::parent);
        // A module may lie below the folder of its main file, from which all paths count.
        let above = if has_main(text) { 0 } else { FOLDERS_ABOVE };
        let folders = folder.into_iter().flat_map(Path::ancestors).take(above + 1).map(Path::to_path_buf).collect();
        Self { documents, folders, found: RefCell::default(), asked: RefCell::default() }
    }

    /// The text of the module `a/b`.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.folders.iter().find_map(|folder| {
            let path = folder.join(format!("{name}.smpc"));
            self.asked.borrow_mut().insert(path.clone());
            let open = self.documents.get(&Place::File(path.clone())).map(|document| document.text.clone());
            let text = open.or_else(|| read(&path).ok())?;
            self.found.borrow_mut().insert(format!("{name}.smpc"), path);
            Some(text)
        })
    }
}

/// Whether a text declares `main`, as far as a glance can tell.
fn has_main(text: &str) -> bool {
    text.lines()
        .any(|line| line.trim_start().strip_prefix("fn").is_some_and(|rest| rest.trim_start().starts_with("main")))
}

/// Asks something of a text and its modules.
pub(super) fn with_request<T>(
    place: &Place,
    text: &str,
    modules: &Modules<'_>,
    ask: impl FnOnce(&Request<'_>) -> T,
) -> T {
    let loader = |name: &str| modules.text(name);
    let circuits = |name: &str| place.beside(name);
    ask(&Request { loader: &loader, circuits: &circuits, ..Request::new(&place.name(), text) })
}

impl Program {
    /// Looks at a text and what it imports.
    pub(super) fn new(place: &Place, text: &str, documents: &Documents) -> Self {
        Self::by(place, text, documents, analyse)
    }

    fn by(place: &Place, text: &str, documents: &Documents, look: fn(&Request<'_>) -> Analysis) -> Self {
        let modules = Modules::of(place, text, documents);
        let analysis = with_request(place, text, &modules, look);
        Self { analysis, place: place.clone(), modules: modules.found.into_inner(), asked: modules.asked.into_inner() }
    }

    /// Where a file of the program lies; `None` for those of the library.
    pub(super) fn place_of(&self, file: FileId) -> Option<Place> {
        if file == FileId(0) {
            return Some(self.place.clone());
        }
        if self.analysis.is_library(file) {
            return None;
        }
        self.modules.get(&self.analysis.sources().file(file).path).cloned().map(Place::File)
    }

    /// The file of the program that lies there.
    pub(super) fn file_at(&self, place: &Place) -> Option<FileId> {
        let files = (0..).map(FileId).take(self.analysis.sources().files().len());
        files.into_iter().find(|file| self.place_of(*file).as_ref() == Some(place))
    }

    /// A span as a range of its file.
    pub(super) fn range(&self, span: Span) -> Range {
        let text = &self.analysis.sources().file(span.file).text;
        Lines::of(text).range(text, span.start as usize, span.end as usize)
    }

    /// A span as a place in an editor, by the name that the editor has for the file; `None` in the library.
    pub(super) fn location(&self, span: Span, documents: &Documents) -> Option<Location> {
        let place = self.place_of(span.file)?;
        let open = documents.get(&place).map(|document| document.uri.clone());
        Some(Location::new(open.or_else(|| place.uri())?, self.range(span)))
    }
}

/// Programs on the disk, not open, that may use what a file declares: those beside it and beside the main file. Their names are known, and no more.
pub(super) fn users_of(place: &Place, main: &Place, documents: &Documents) -> Vec<Program> {
    let Some(path) = place.path() else { return Vec::new() };
    let Some(stem) = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()) else { return Vec::new() };
    let folders: BTreeSet<&Path> = [path.parent(), main.path().and_then(Path::parent)].into_iter().flatten().collect();
    let mut found = Vec::new();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|own| own == "smpc")).collect();
        paths.sort();
        for other in paths.into_iter().take(MOST_FILES) {
            let other = Place::File(other);
            if documents.contains_key(&other) || other == *place {
                continue;
            }
            let text = other.path().and_then(|path| read(path).ok());
            if let Some(text) = text.filter(|text| text.contains("use") && text.contains(&stem)) {
                found.push(Program::by(&other, &text, documents, outline));
            }
        }
    }
    found
}
