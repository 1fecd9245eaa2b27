//! The whole way from source text to a module: parse, elaborate, run the passes, emit. Pure: texts come in by argument.

use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::elaborate::{elaborate, modules::Modules};
use crate::emit::emit;
use crate::ir::Program;
use crate::ir::verify::{VerifyError, verify};
use crate::lints::Lints;
use crate::passes::{self, Pass};
use crate::source::SourceMap;
use crate::syntax::ast::ItemKind;
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
    /// Where the texts of circuits come from: the file names that `circuit` items give.
    pub circuits: Loader<'a>,
    /// What is said of lints.
    pub lints: Lints,
    /// Where the program starts.
    pub entry: Entry<'a>,
}

impl<'a> Request<'a> {
    /// A program of one file, with the defaults of its params.
    #[must_use]
    pub fn new(path: &'a str, text: &'a str) -> Self {
        let lints = Lints::default();
        Self { path, text, defines: BTreeMap::new(), loader: &|_| None, circuits: &|_| None, lints, entry: Entry::Main }
    }
}

/// Where a program starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// At `main`.
    Main,
    /// At a function with `#[test]`, in which `assert` opens secrets.
    Test(&'a str),
    /// At a function of words, whose circuit is asked for.
    Circuit(&'a str),
}

/// What came of it.
#[derive(Debug)]
pub struct Compiled {
    /// All texts that were read.
    pub sources: SourceMap,
    /// What there is to say, in source order.
    pub diagnostics: Vec<Diagnostic>,
    /// The module; `None` where one of the messages is an error, or the passes made a mistake.
    pub module: Option<Module>,
    /// What is wrong with the program that the passes made: nothing the source could do about it.
    pub mistake: Option<VerifyError>,
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
    compile_watched(request, |_| false, |_, _| {})
}

/// As [`compile`], without the passes that `skip` names. `watch` sees the program as it was elaborated and, with its name, after each pass.
#[must_use]
pub fn compile_watched(
    request: &Request<'_>,
    skip: impl Fn(&Pass) -> bool,
    mut watch: impl FnMut(Option<&'static Pass>, &Program),
) -> Compiled {
    let (sources, diagnostics, program) = to_ir(request);
    let mut mistake = None;
    let module = program.and_then(|program| {
        watch(None, &program);
        let program = passes::run(program, skip, |pass, program| watch(Some(pass), program));
        // The bytecode's verifier would not see that a register is read before it has a value, which would then be 0.
        mistake = verify(&program).err();
        mistake.is_none().then(|| emit(program))
    });
    Compiled { sources, diagnostics, module, mistake }
}

/// The front half: the program as IR, before any pass.
#[must_use]
pub fn to_ir(request: &Request<'_>) -> (SourceMap, Vec<Diagnostic>, Option<Program>) {
    let mut sink = Sink::default();
    let (sources, modules) = load(request, &mut sink);
    let Some(modules) = modules else { return (sources, sink.finish(), None) };
    let program = elaborate(&modules, &sources, &request.defines, request.entry, &mut sink, None);
    let (diagnostics, denied) = request.lints.apply(sink.finish(), &modules);
    let program = program.filter(|_| !denied);
    (sources, diagnostics, program)
}

/// The names of the functions with `#[test]` in a text, in order.
#[must_use]
pub fn tests(path: &str, text: &str) -> Vec<String> {
    let mut sources = SourceMap::default();
    let file = sources.add(path, text);
    let module = crate::syntax::parse(&sources, file, &mut Sink::default());
    let tests = module.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Fn(of) if item.attributes.iter().any(|attribute| attribute.name.text == "test") => {
            Some(of.name.text.clone())
        }
        _ => None,
    });
    tests.collect()
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
    let modules = Modules::load(&mut sources, request.loader, request.circuits, sink);
    (sources, Some(modules))
}
