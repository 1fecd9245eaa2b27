//! From a name to its declaration and its uses, and new names for old ones, in all programs that are open and in what lies beside them.

use super::documents::Documents;
use super::programs::{Program, users_of};
use super::uri::Place;
use lsp_types::{Location, OneOf, OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit, WorkspaceEdit};
use smpcc_core::analysis::index::{DefId, Kind};
use smpcc_core::analysis::{Edit, RenameError};
use smpcc_core::source::{FileId, Span};
use std::collections::{BTreeMap, BTreeSet};

/// A declaration by its place: the same in each program that has the file.
struct Declared {
    place: Place,
    start: u32,
    end: u32,
}

impl Declared {
    fn of(program: &Program, def: DefId) -> Option<Self> {
        let span = program.analysis.index().definition(def).span;
        Some(Self { place: program.place_of(span.file)?, start: span.start, end: span.end })
    }

    fn in_program(&self, program: &Program) -> Option<DefId> {
        let file = program.file_at(&self.place)?;
        program.analysis.index().declared_at(Span { file, start: self.start, end: self.end })
    }
}

/// Where the name at a place of the main file is declared; nothing for what the library declares.
pub(super) fn definition(program: &Program, offset: u32, documents: &Documents) -> Option<Location> {
    let (def, _) = program.analysis.index().at(FileId(0), offset)?;
    program.location(program.analysis.index().definition(def).span, documents)
}

/// Where the name at a place is used, in this program and the others.
pub(super) fn references(
    program: &Program,
    others: &[&Program],
    offset: u32,
    with_declaration: bool,
    documents: &Documents,
) -> Vec<Location> {
    let Some((def, _)) = program.analysis.index().at(FileId(0), offset) else { return Vec::new() };
    let beside = beside(program, def, documents);
    let mut found: Vec<Location> = Vec::new();
    for (other, def) in users(program, others, &beside, def) {
        let index = other.analysis.index();
        let declaration = with_declaration.then(|| index.definition(def).span);
        let spans = declaration.into_iter().chain(index.uses(def).map(|reference| reference.span));
        for location in spans.filter_map(|span| other.location(span, documents)) {
            if !found.contains(&location) {
                found.push(location);
            }
        }
    }
    found
}

/// Uses of the name at a place in the same file.
pub(super) fn highlights(program: &Program, offset: u32) -> Vec<Span> {
    let index = program.analysis.index();
    let Some((def, _)) = index.at(FileId(0), offset) else { return Vec::new() };
    let mut spans: Vec<Span> = index.uses(def).map(|reference| reference.span).collect();
    spans.push(index.definition(def).span);
    spans.retain(|span| span.file == FileId(0) && span.start < span.end);
    spans.sort_unstable();
    spans.dedup();
    spans
}

/// The edits that give the name at a place another one.
pub(super) fn rename(
    program: &Program,
    others: &[&Program],
    offset: u32,
    name: &str,
    documents: &Documents,
) -> Result<WorkspaceEdit, RenameError> {
    let (def, _) = program.analysis.renameable(FileId(0), offset)?;
    let beside = beside(program, def, documents);
    let mut edits: BTreeMap<Place, BTreeSet<(u32, u32, String)>> = BTreeMap::new();
    let mut owners: BTreeMap<Place, (&Program, FileId)> = BTreeMap::new();
    for (other, def) in users(program, others, &beside, def) {
        for edit in other.analysis.rename(def, name)? {
            let Some(place) = other.place_of(edit.span.file) else { continue };
            owners.entry(place.clone()).or_insert((other, edit.span.file));
            edits.entry(place).or_default().insert((edit.span.start, edit.span.end, edit.text));
        }
    }
    let documents = edits.into_iter().filter_map(|(place, edits)| {
        let (owner, file) = owners.get(&place)?;
        let edits = edits.into_iter().map(|(start, end, text)| Edit { span: Span { file: *file, start, end }, text });
        document_edit(owner, *file, edits.collect(), documents)
    });
    Ok(of_documents(documents.collect()))
}

/// Programs on the disk that may use a definition which other files can see.
fn beside(program: &Program, def: DefId, documents: &Documents) -> Vec<Program> {
    let definition = program.analysis.index().definition(def);
    let local = matches!(definition.kind, Kind::Variable | Kind::Parameter | Kind::Generic | Kind::Module);
    let place = if local { None } else { program.place_of(definition.span.file) };
    place.map_or_else(Vec::new, |place| users_of(&place, &program.place, documents))
}

/// The definition in every program that has it, this one first.
fn users<'p>(
    program: &'p Program,
    others: &[&'p Program],
    beside: &'p [Program],
    def: DefId,
) -> Vec<(&'p Program, DefId)> {
    let declared = Declared::of(program, def);
    let mut all = vec![(program, def)];
    for other in others.iter().copied().chain(beside) {
        let found = declared.as_ref().and_then(|declared| declared.in_program(other));
        all.extend(found.filter(|_| other.place != program.place).map(|def| (other, def)));
    }
    all
}

/// Edits of one program, for the editor.
pub(super) fn workspace_edit(program: &Program, edits: &[Edit], documents: &Documents) -> WorkspaceEdit {
    let files: BTreeSet<FileId> = edits.iter().map(|edit| edit.span.file).collect();
    let of_file = |file: FileId| edits.iter().filter(|edit| edit.span.file == file).cloned().collect();
    of_documents(files.into_iter().filter_map(|file| document_edit(program, file, of_file(file), documents)).collect())
}

fn of_documents(documents: Vec<TextDocumentEdit>) -> WorkspaceEdit {
    WorkspaceEdit { document_changes: Some(lsp_types::DocumentChanges::Edits(documents)), ..WorkspaceEdit::default() }
}

fn document_edit(program: &Program, file: FileId, edits: Vec<Edit>, documents: &Documents) -> Option<TextDocumentEdit> {
    let place = program.place_of(file)?;
    let open = documents.get(&place);
    let uri = open.map(|document| document.uri.clone()).or_else(|| place.uri())?;
    let text_document = OptionalVersionedTextDocumentIdentifier { uri, version: open.map(|document| document.version) };
    let edits = edits.into_iter().map(|edit| OneOf::Left(TextEdit::new(program.range(edit.span), edit.text)));
    Some(TextDocumentEdit { text_document, edits: edits.collect() })
}
