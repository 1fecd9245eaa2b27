//! From syntax to IR: elaboration walks `main` as the machine would, with values that are known, or lanes of the program in the making.
//!
//! Types, secrecy and ranges are found on the way, because each decides the next: a size parameter is bound by an argument's shape, a
//! comparison's width by a range, what an `if` becomes by the secrecy of its condition. A function is elaborated once for each set of arguments, in
//! place (so an instance has one set of shapes, secrecy and ranges), and a loop's body as often as it takes to find ranges that a turn maps
//! into themselves; what such a trial made is thrown away.
//!
//! A part that is wrong is reported once: its value is [`Reported`], and whatever depends on it stays silent.
//!
//! * [`modules`], [`items`], [`declared`]: what names and written types mean
//! * [`types`], [`value`], [`known`], [`maybe`]: what is computed with
//! * [`expr`], [`arith`], [`logic`], [`words`], [`shape`], [`place`], [`one_hot`], [`builtins`]: expressions
//! * [`call`], [`generics`], [`callable`], [`higher`]: functions, what their parameters stand for, and functions as arguments
//! * [`stmt`], [`branch`], [`merged`], [`matching`], [`loops`], [`exits`], [`narrowing`]: statements
//! * [`circuits`]: netlists that are called as functions, and functions that become netlists
//! * [`rules`]: operators modulo 2^64, and those that round at random
//! * [`widest`]: what to write where a result may not fit
//! * [`io`]: inputs and outputs; [`lanes`]: the seam to the IR builder; [`names`]: functions that nothing calls, and how names are written; [`depends`]: which
//!   roles an output depends on

mod arith;
mod assigned;
mod branch;
mod builtins;
mod call;
mod callable;
mod circuits;
mod comprehension;
mod declared;
mod depends;
mod exits;
mod expr;
pub(crate) mod facts;
mod generics;
mod higher;
mod io;
mod items;
mod known;
mod lanes;
mod logic;
mod loops;
mod matching;
mod maybe;
mod merged;
pub(crate) mod modules;
mod names;
mod narrowing;
mod one_hot;
mod place;
mod rules;
mod shape;
mod stmt;
mod types;
mod value;
mod variables;
mod widest;
mod words;

pub(crate) use builtins::NAMES as FUNCTIONS;
pub(crate) use declared::is_built_in as is_type_name;

use crate::compile::Entry;
use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::ir::builder::Builder;
use crate::ir::{Manifest, Program};
use crate::source::{SourceMap, Span};
use modules::{ItemId, Modules};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use value::{BaseId, Origin, Value};

/// A message has been given, or the code has been left by an exit: there is nothing more to say of what depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reported;

/// A result, or a message that has been given.
pub(crate) type Outcome<T> = Result<T, Reported>;

/// How deep expressions, blocks and calls may nest.
const MAX_DEPTH: usize = 1_000;

/// Most expressions that a program has once its functions are put in place: some seconds of work. A function that calls another one twice, which calls a
/// third one twice, doubles with each.
const MAX_EVALUATIONS: usize = 1_000_000;

/// A variable.
#[derive(Clone, Debug)]
struct Variable {
    name: String,
    span: Span,
    mutable: bool,
    /// The written type of a `let`, a promise for each assignment.
    declared: Option<declared::Declared>,
    /// Its value now; `None` where a message has been given.
    value: Option<Value>,
    /// What it is, where it is a function that was given as an argument.
    function: Option<Rc<callable::Callable>>,
    /// Whether it is a closure's copy of a variable around it.
    captured: bool,
}

/// A function that is being elaborated, or `main`, or an item's value.
#[derive(Clone, Debug)]
struct Frame {
    /// The module in which its names are looked up.
    module: usize,
    /// The function, to refuse recursion.
    function: Option<ItemId>,
    /// Where it was called.
    called: Option<Span>,
    /// Its type and size parameters.
    generics: generics::Bindings,
    /// The first of its variables.
    first: usize,
    /// Whether statements stand at the top level of `main`.
    top: bool,
}

/// A side of an `if` under a secret condition.
#[derive(Clone, Debug)]
struct Branch {
    /// Holds where the side counts.
    condition: Value,
    /// The condition in the source.
    span: Span,
    /// Variables before this one were declared outside.
    outside: usize,
    /// Variables that the side has a copy of, joined at its end.
    forked: BTreeSet<usize>,
    /// Whether it is the right side of `&&` or `||`.
    operator: bool,
}

/// The elaboration of one program.
pub(crate) struct Elaborator<'a> {
    modules: &'a Modules,
    sources: &'a SourceMap,
    sink: &'a mut Sink,
    builder: Builder,
    /// `-D` arguments by name.
    defines: &'a BTreeMap<String, String>,
    items: items::Items,
    variables: variables::Variables,
    frames: Vec<Frame>,
    branches: Vec<Branch>,
    /// Moves of carried leaves that the loops around are known to make in a turn.
    growing: BTreeMap<BaseId, value::Growth>,
    /// What turns of loops inside others may add to what has a declared range.
    allowances: BTreeMap<BaseId, value::Allowance>,
    /// Arrays at the start of a turn of the loops around, of which a part is as it was before the loop.
    untouched: BTreeMap<crate::ir::ValueId, loops::Untouched>,
    bases: u32,
    calls: call::Calls,
    /// Functions of which there is an instance.
    called: BTreeSet<ItemId>,
    /// Every variable that was declared, with its name and whether anything read it.
    declared: BTreeMap<Span, (String, bool)>,
    /// Parts of the source around what is being looked at in which operators have rules of their own, and the rules of the operator that is being applied.
    regions: Vec<rules::Region>,
    rules: rules::Rules,
    depth: usize,
    /// Expressions that were evaluated, each instance of a function and each turn that is put in place anew.
    evaluations: usize,
    /// Reveals, checks and the like so far.
    effects: usize,
    /// Blocks around that may not run: sides of an `if` under a public condition, bodies of loops.
    conditional: usize,
    /// Loops around that run as the program runs.
    turns: usize,
    /// A statement that came to nothing although nothing was said of it: a mistake of this compiler, which must not pass for a program.
    silent: Option<Span>,
    /// Whether a test is elaborated, in which `assert` opens secrets and which has no inputs.
    testing: bool,
    /// Where an editor asks: what was found at each place.
    facts: Option<&'a mut facts::Facts>,
}

/// Elaborates the main module. `None` where an error has been reported. With `facts`, what is found is recorded, and a file without `main` is a module.
pub(crate) fn elaborate(
    modules: &Modules,
    sources: &SourceMap,
    defines: &BTreeMap<String, String>,
    entry: Entry<'_>,
    sink: &mut Sink,
    facts: Option<&mut facts::Facts>,
) -> Option<Program> {
    let program = sources.files().first().map_or_else(String::new, |file| file.path.clone());
    let manifest = Manifest { program, ..Manifest::default() };
    let mut elaborator = Elaborator {
        modules,
        sources,
        sink,
        builder: Builder::new(manifest),
        defines,
        items: items::Items::default(),
        variables: variables::Variables::default(),
        frames: Vec::new(),
        branches: Vec::new(),
        growing: BTreeMap::new(),
        allowances: BTreeMap::new(),
        untouched: BTreeMap::new(),
        bases: 0,
        calls: call::Calls::default(),
        called: BTreeSet::new(),
        declared: BTreeMap::new(),
        regions: Vec::new(),
        rules: rules::Rules::default(),
        depth: 0,
        evaluations: 0,
        effects: 0,
        conditional: 0,
        turns: 0,
        silent: None,
        testing: entry != Entry::Main,
        facts,
    };
    elaborator.program(entry);
    let (program, stay) = crate::passes::checks::run(elaborator.builder.finish());
    told_each_turn(&program, &stay, sources, sink);
    (!sink.has_errors()).then_some(program)
}

/// Warns of checks that a loop opens turn by turn.
fn told_each_turn(program: &Program, checks: &[crate::ir::SiteId], sources: &SourceMap, sink: &mut Sink) {
    for check in checks {
        let site = program.sources.sites.get(check.index());
        let path = site.and_then(|site| program.sources.files.get(site.file.index()));
        if let Some(at) = site.zip(path).and_then(|(site, path)| sources.span_of(path, site.line, site.column)) {
            let diagnostic = Diagnostic::new(Code::CheckPerTurn, at, "each turn tells whether this holds");
            sink.push(
                diagnostic.here("the loop also opens something, and that has to wait for the check").help(
                    "open what the loop needs before it, or check whole arrays behind it: `check(xs < 10, \"…\")`",
                ),
            );
        }
    }
}

impl Elaborator<'_> {
    /// The whole program: items, inputs, `main`, and what nothing uses.
    fn program(&mut self, entry: Entry<'_>) {
        self.frames.push(Frame::of(0));
        self.declare_items();
        match entry {
            Entry::Main => {
                self.read_inputs();
                self.run_main();
            }
            Entry::Test(name) => self.run_test(name),
            Entry::Circuit(name) => self.run_circuit(name),
        }
        self.frames.pop();
        if let Some(span) = self.silent.filter(|_| !self.sink.has_errors()) {
            let message = "the compiler lost this statement";
            let help = "this is a mistake of the compiler, not yours: please report it with the program";
            self.report(Diagnostic::new(Code::Lost, span, message).help(help));
        }
        names::check(self.modules, &self.called, self.sources, self.sink);
        if !self.sink.has_errors() && !self.testing {
            names::style(self.modules, self.sink);
            self.lint_dependence();
        }
        self.lint_unused();
    }

    // Messages.

    /// Gives a message.
    fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        let diagnostic = self.with_calls(diagnostic);
        self.sink.push(diagnostic);
        Reported
    }

    /// Gives a message without labels.
    fn error<T>(&mut self, code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) -> Outcome<T> {
        Err(self.report(Diagnostic::new(code, span, message).help(help)))
    }

    /// What the language has and this compiler has not.
    fn unsupported<T>(&mut self, span: Span, what: &str, help: &str) -> Outcome<T> {
        self.error(Code::Unsupported, span, format!("{what} not supported yet"), help)
    }

    /// Adds the calls that led to a message inside a function.
    fn with_calls(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        // A mistake in an argument stands in the call itself.
        let at = diagnostic.primary.0;
        let around = |call: &Span| call.file == at.file && call.start <= at.start && at.end <= call.end;
        let calls = self.frames.iter().skip(1).filter_map(|frame| frame.called).filter(|call| !around(call));
        let calls: Vec<Span> = calls.collect();
        for call in calls.iter().rev().take(3) {
            diagnostic = diagnostic.label(*call, "in this call");
        }
        diagnostic
    }

    /// What follows stems from that place.
    fn at(&mut self, span: Span) {
        let sources = self.sources;
        let place = sources.place(span);
        let file = self.builder.file(&sources.file(span.file).path);
        let site = self.builder.site(file, place.line, place.column, sources.line(span));
        self.builder.at(site);
    }

    /// Runs something one level deeper.
    fn deeper<T>(&mut self, span: Span, run: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.evaluations += 1;
        if self.evaluations > MAX_EVALUATIONS {
            if self.sink.has_errors() {
                return Err(Reported);
            }
            let message = format!("more than {MAX_EVALUATIONS} expressions, each use of a function counted");
            let help = "functions that use others twice double with each level: keep results with `let`, or use loops";
            return self.error(Code::TooLarge, span, message, help);
        }
        if self.depth >= MAX_DEPTH {
            let help = "name inner parts with `let`";
            return self.error(Code::TooLarge, span, format!("more than {MAX_DEPTH} levels deep"), help);
        }
        self.depth += 1;
        let done = run(self);
        self.depth -= 1;
        done
    }

    // Variables.

    fn frame(&self) -> &Frame {
        // There is always the frame of the program.
        &self.frames[self.frames.len() - 1]
    }

    /// The variable of that name that is in scope.
    fn variable(&self, name: &str) -> Option<usize> {
        self.variables.find(name, self.frame().first)
    }

    fn declare(&mut self, name: &crate::syntax::ast::Name, mutable: bool, value: Option<Value>) -> usize {
        // Names that the compiler made up are nobody's to use.
        if !name.text.starts_with('#') {
            self.declared.entry(name.span).or_insert_with(|| (name.text.clone(), false));
        }
        if self.items.roles.iter().any(|role| role.name == name.text) {
            let message = format!("the variable `{}` hides the role of that name", name.text);
            let diagnostic = Diagnostic::new(Code::ShadowedRole, name.span, message);
            self.report(diagnostic.help("give the variable a name of its own, in small letters"));
        }
        let value = value.map(|value| self.named(value, name.text.trim_start_matches('#')));
        value.iter().for_each(|value| self.note(name.span, value));
        self.variables.push(Variable {
            name: name.text.clone(),
            span: name.span,
            mutable,
            declared: None,
            value,
            function: None,
            captured: false,
        });
        self.variables.len() - 1
    }

    /// Gives the IR values of a value a name for the text form.
    fn named(&mut self, value: Value, name: &str) -> Value {
        for leaf in &value.leaves {
            if let value::Data::Lanes(view) = &leaf.data {
                self.builder.name(view.value, name);
            }
        }
        value
    }

    fn mark_read(&mut self, at: usize) {
        if let Some((_, used)) = self.declared.get_mut(&self.variables[at].span) {
            *used = true;
        }
    }

    fn read_variable(&mut self, at: usize) -> Outcome<Value> {
        self.mark_read(at);
        self.variables[at].value.clone().ok_or(Reported)
    }

    fn lint_unused(&mut self) {
        // Where something is wrong, that is the message to read; a test uses but a part of its file.
        if self.sink.has_errors() || self.testing {
            return;
        }
        let unused = |name: &str, span: Span, what: &str, help: String| {
            let message = format!("{what} `{name}` is never used");
            Diagnostic::new(Code::Unused, span, message).help(help)
        };
        let mut found = Vec::new();
        for (span, (name, used)) in &self.declared {
            if !used && !name.starts_with('_') && !self.modules.is_library(span.file) {
                found.push(unused(name, *span, "the variable", format!("write `_{name}` if it is meant")));
            }
        }
        for named in self.modules.unread() {
            let (name, named, imported) = named;
            let help = if imported { "take it out of the `use`".to_owned() } else { "take it out".to_owned() };
            let what = if imported { "the import" } else { "the input" };
            found.push(unused(name, named, what, help));
        }
        found.into_iter().for_each(|diagnostic| self.sink.push(diagnostic));
    }
}

impl Frame {
    /// A frame outside all functions.
    const fn of(module: usize) -> Self {
        Self { module, function: None, called: None, generics: generics::Bindings::empty(), first: 0, top: false }
    }
}

/// The label that tells where a fact comes from.
fn origin_label(diagnostic: Diagnostic, origin: Option<&Origin>, what: &str) -> Diagnostic {
    match origin {
        Some(origin) => diagnostic.label(origin.span, format!("`{}` {what}", origin.name)),
        None => diagnostic,
    }
}

/// The name that was probably meant.
pub(crate) fn similar<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|known| (strsim::jaro_winkler(name, known), known));
    let (score, best) = near.max_by(|(a, x), (b, y)| a.total_cmp(b).then(y.cmp(x)))?;
    (score > 0.8).then_some(best)
}
