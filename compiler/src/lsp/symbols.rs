//! The outline of a file, and what of it can be folded.

use super::programs::Program;
use lsp_types::{DocumentSymbol, FoldingRange, FoldingRangeKind, SymbolKind};
use smpcc_core::analysis::Symbol;
use smpcc_core::analysis::index::Kind;
use smpcc_core::source::FileId;

/// The outline of the main file.
pub(super) fn outline(program: &Program) -> Vec<DocumentSymbol> {
    program.analysis.symbols(FileId(0)).iter().map(|symbol| shown(program, symbol)).collect()
}

fn shown(program: &Program, symbol: &Symbol) -> DocumentSymbol {
    let parts: Vec<DocumentSymbol> = symbol.parts.iter().map(|part| shown(program, part)).collect();
    #[allow(deprecated, reason = "the field has no other way to be set")]
    DocumentSymbol {
        name: symbol.name.clone(),
        detail: (!symbol.detail.is_empty()).then(|| symbol.detail.clone()),
        kind: kind(symbol.kind),
        tags: None,
        deprecated: None,
        range: program.range(symbol.whole),
        selection_range: program.range(symbol.span),
        children: (!parts.is_empty()).then_some(parts),
    }
}

/// The protocol's nearest word.
const fn kind(kind: Kind) -> SymbolKind {
    match kind {
        Kind::Module => SymbolKind::MODULE,
        Kind::Role => SymbolKind::CLASS,
        Kind::Input | Kind::Variable | Kind::Parameter => SymbolKind::VARIABLE,
        Kind::Param | Kind::Const => SymbolKind::CONSTANT,
        Kind::Struct => SymbolKind::STRUCT,
        Kind::Field => SymbolKind::FIELD,
        Kind::Enum => SymbolKind::ENUM,
        Kind::Variant => SymbolKind::ENUM_MEMBER,
        Kind::Function | Kind::Circuit => SymbolKind::FUNCTION,
        Kind::Generic => SymbolKind::TYPE_PARAMETER,
        Kind::Policy => SymbolKind::OBJECT,
    }
}

/// Blocks, records and imports.
pub(super) fn folds(program: &Program) -> Vec<FoldingRange> {
    let folds = program.analysis.folds(FileId(0));
    folds
        .into_iter()
        .map(|fold| {
            let range = program.range(fold.span);
            FoldingRange {
                start_line: range.start.line,
                end_line: range.end.line,
                kind: Some(if fold.imports { FoldingRangeKind::Imports } else { FoldingRangeKind::Region }),
                ..FoldingRange::default()
            }
        })
        .collect()
}
