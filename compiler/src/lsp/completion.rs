//! What could be written at a place, and the function that is being called there.

use super::documents::{Document, Documents};
use super::programs::{Modules, Program, with_request};
use lsp_types::{
    CompletionItem, CompletionItemKind, Documentation, MarkupContent, MarkupKind, ParameterInformation, ParameterLabel,
    Position, SignatureHelp, SignatureInformation, TextEdit,
};
use smpcc_core::analysis::index::Kind;
use smpcc_core::analysis::{Completion, CompletionKind, complete, signature};
use smpcc_core::source::FileId;

/// What could stand at a position of the program's main file.
pub(super) fn completions(
    program: &Program,
    document: &Document,
    position: Position,
    documents: &Documents,
) -> Vec<CompletionItem> {
    let offset = document.lines.offset(&document.text, position);
    let modules = Modules::of(&program.place, &document.text, documents);
    let found =
        with_request(&program.place, &document.text, &modules, |request| complete(&program.analysis, request, offset));
    found.into_iter().map(|completion| item(program, completion)).collect()
}

fn item(program: &Program, completion: Completion) -> CompletionItem {
    let import = completion.import.map(|edit| vec![TextEdit::new(program.range(edit.span), edit.text)]);
    CompletionItem {
        sort_text: Some(format!("{}{}", completion.rank, completion.label)),
        label: completion.label,
        kind: Some(kind(completion.kind)),
        detail: (!completion.detail.is_empty()).then_some(completion.detail),
        documentation: (!completion.docs.is_empty()).then(|| markdown(completion.docs)),
        additional_text_edits: import,
        ..CompletionItem::default()
    }
}

fn markdown(value: String) -> Documentation {
    Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })
}

const fn kind(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Declared(Kind::Function | Kind::Circuit) | CompletionKind::Function => {
            CompletionItemKind::FUNCTION
        }
        CompletionKind::Declared(Kind::Struct) => CompletionItemKind::STRUCT,
        CompletionKind::Declared(Kind::Enum) => CompletionItemKind::ENUM,
        CompletionKind::Declared(Kind::Variant) => CompletionItemKind::ENUM_MEMBER,
        CompletionKind::Declared(Kind::Field) => CompletionItemKind::FIELD,
        CompletionKind::Declared(Kind::Param | Kind::Const) => CompletionItemKind::CONSTANT,
        CompletionKind::Declared(Kind::Generic) => CompletionItemKind::TYPE_PARAMETER,
        CompletionKind::Declared(Kind::Role) => CompletionItemKind::CLASS,
        CompletionKind::Declared(Kind::Module) | CompletionKind::Module => CompletionItemKind::MODULE,
        CompletionKind::Declared(Kind::Policy) => CompletionItemKind::VALUE,
        CompletionKind::Declared(Kind::Input | Kind::Variable | Kind::Parameter) => CompletionItemKind::VARIABLE,
        CompletionKind::Type => CompletionItemKind::CLASS,
        CompletionKind::Word => CompletionItemKind::KEYWORD,
    }
}

/// The function that is being called at a position of the program's main file.
pub(super) fn signature_help(program: &Program, document: &Document, position: Position) -> Option<SignatureHelp> {
    let offset = document.lines.offset(&document.text, position);
    let found = signature(&program.analysis, FileId(0), offset)?;
    let parameter = |text: String| ParameterInformation { label: ParameterLabel::Simple(text), documentation: None };
    let active = u32::try_from(found.active).ok();
    let signature = SignatureInformation {
        label: found.label,
        documentation: (!found.docs.is_empty()).then(|| markdown(found.docs)),
        parameters: Some(found.params.into_iter().map(parameter).collect()),
        active_parameter: active,
    };
    Some(SignatureHelp { signatures: vec![signature], active_signature: Some(0), active_parameter: active })
}
