//! What an editor asks about a program: messages, what a name means and where it is used, what an expression is, what could be written at a place.
//!
//! Pure, as all of this crate: texts come in by argument, and answers are places in bytes and words. [`Analysis`] is one look at one main file and what
//! it imports; it is made anew after each change. Types, secrecy and ranges are recorded as the program is elaborated ([`Fact`]); names are
//! resolved in the text alone ([`index`]), so that they are known too where nothing calls a function or something is wrong.

mod builtins;
mod complete;
mod hover;
pub mod index;
mod rename;
mod resolve;
mod signature;
mod symbols;

pub use complete::{Completion, CompletionKind, complete};
pub use hover::Hover;
pub use rename::{Edit, RenameError};
pub use signature::{Signature, signature};
pub use symbols::{Fold, Symbol};

pub use crate::elaborate::facts::Fact;

use crate::compile::{Request, load};
use crate::diagnostics::{Diagnostic, Sink};
use crate::elaborate::facts::Facts;
use crate::elaborate::{elaborate, modules::Modules};
use crate::source::{FileId, SourceMap};
use index::Index;
use std::cell::OnceCell;

/// A main file and all that it imports, as they are now.
#[derive(Debug)]
pub struct Analysis {
    sources: SourceMap,
    diagnostics: Vec<Diagnostic>,
    modules: Modules,
    facts: Facts,
    index: OnceCell<Index>,
}

/// Looks at a program, or at a module: a file without `main`, whose functions have their names looked up and no more.
#[must_use]
pub fn analyse(request: &Request<'_>) -> Analysis {
    let mut sink = Sink::default();
    let mut facts = Facts::default();
    let (sources, modules) = load(request, &mut sink);
    if let Some(modules) = &modules {
        elaborate(modules, &sources, &request.defines, request.entry, &mut sink, Some(&mut facts));
    }
    Analysis {
        sources,
        diagnostics: sink.finish(),
        modules: modules.unwrap_or_default(),
        facts,
        index: OnceCell::new(),
    }
}

/// Looks at the names of a program alone: nothing is elaborated, and only mistakes of syntax and imports are told.
#[must_use]
pub fn outline(request: &Request<'_>) -> Analysis {
    let mut sink = Sink::default();
    let (sources, modules) = load(request, &mut sink);
    Analysis {
        sources,
        diagnostics: sink.finish(),
        modules: modules.unwrap_or_default(),
        facts: Facts::default(),
        index: OnceCell::new(),
    }
}

impl Analysis {
    /// All texts that were read, the main file first.
    #[must_use]
    pub const fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// What there is to say, in source order.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether a file belongs to the library, and lies nowhere on a disk.
    #[must_use]
    pub fn is_library(&self, file: FileId) -> bool {
        self.modules.is_library(file)
    }

    /// What names mean and where they are used.
    #[must_use]
    pub fn index(&self) -> &Index {
        self.index.get_or_init(|| resolve::index(&self.modules, &self.sources, &self.facts))
    }

    /// The module of a file.
    fn module_of(&self, file: FileId) -> Option<usize> {
        (0..self.modules.len()).find(|module| self.modules.get(*module).file == file)
    }
}
