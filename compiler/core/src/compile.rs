//! The whole way from source text to a module: parse, elaborate, run the passes, emit. Pure: texts come in by argument.

use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::elaborate::{elaborate, modules::Modules};
use crate::emit::emit;
use crate::ir::Program;
use crate::passes;
use crate::source::SourceMap;
use smpc_bytecode::module::Module;
use std::collections::BTreeMap;

pub use crate::elaborate::modules::Loader;

/// Longest source text, in bytes.
pub const MAX_SOURCE: usize = 16 << 20;

/// What is compiled.
pub struct Request<'a> {
    /// Name of the main file, relative to its own folder.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Values of params by name, as written behind `-D`.
    pub defines: BTreeMap<String, String>,
    /// Where the texts of the user's other modules come from.
    pub loader: Loader<'a>,
    /// Lints that count as errors.
    pub deny: Vec<Code>,
}

/// What came of it.
#[derive(Debug)]
pub struct Compiled {
    /// All texts that were read.
    pub sources: SourceMap,
    /// What there is to say, in source order.
    pub diagnostics: Vec<Diagnostic>,
    /// The module; `None` where one of the messages is an error.
    pub module: Option<Module>,
}

impl Compiled {
    /// The messages as text.
    #[must_use]
    pub fn render(&self) -> String {
        crate::diagnostics::render::text(&self.sources, &self.diagnostics)
    }
}

/// Compiles a program. The same request gives the same module.
#[must_use]
pub fn compile(request: &Request<'_>) -> Compiled {
    let (sources, diagnostics, program) = to_ir(request);
    let module = program.map(|program| emit(passes::optimise(program)));
    Compiled { sources, diagnostics, module }
}

/// The front half: the program as IR, before any pass.
#[must_use]
pub fn to_ir(request: &Request<'_>) -> (SourceMap, Vec<Diagnostic>, Option<Program>) {
    let mut sink = Sink::default();
    let (sources, modules) = load(request, &mut sink);
    let program = modules.and_then(|modules| elaborate(&modules, &sources, &request.defines, &mut sink, None));
    let mut diagnostics = sink.finish();
    let denied = diagnostics.iter().any(|diagnostic| request.deny.contains(&diagnostic.code));
    for diagnostic in &mut diagnostics {
        if request.deny.contains(&diagnostic.code) {
            diagnostic.notes.push("this lint counts as an error here (`--deny`)".to_owned());
        }
    }
    let program = program.filter(|_| !denied);
    (sources, diagnostics, program)
}

/// Reads the main file and what it imports; no modules where it is too long.
pub(crate) fn load(request: &Request<'_>, sink: &mut Sink) -> (SourceMap, Option<Modules>) {
    let mut sources = SourceMap::default();
    let file = sources.add(request.path, request.text);
    if request.text.len() > MAX_SOURCE {
        let at = crate::source::Span { file, start: 0, end: 0 };
        let message = format!("a source text of more than {MAX_SOURCE} bytes");
        sink.push(Diagnostic::new(Code::TooLarge, at, message).help("move tables of numbers into an input"));
        return (sources, None);
    }
    let modules = Modules::load(&mut sources, request.loader, sink);
    (sources, Some(modules))
}
