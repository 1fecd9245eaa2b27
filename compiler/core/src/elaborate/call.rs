//! Calls of functions: type and size parameters are bound by the arguments, and the body is elaborated for these arguments.
//!
//! The same call with the same arguments gives the same values, and is elaborated once: three quantiles of a column sort it once.

use super::callable::Callable;
use super::declared::{Bare, Declared};
use super::generics::Bindings;
use super::modules::ItemId;
use super::value::{Data, Value};
use super::{Elaborator, Frame, Outcome, Reported};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind, ItemKind, Secrecy, StmtKind, TypeArg, TypeKind};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;

/// Most calls that are remembered.
const MOST_CALLS: usize = 1_000;

/// A call with what it depends on.
#[derive(Clone, Debug, PartialEq)]
struct Call {
    /// Equal for equal calls, and seldom for others.
    digest: u64,
    function: ItemId,
    generics: Bindings,
    arguments: Vec<Value>,
}

impl Call {
    fn new(function: ItemId, generics: Bindings, arguments: Vec<Value>) -> Self {
        let mut hash = DefaultHasher::new();
        function.hash(&mut hash);
        for leaf in arguments.iter().flat_map(|argument| &argument.leaves) {
            if let Data::Lanes(view) = &leaf.data {
                view.value.hash(&mut hash);
            }
        }
        Self { digest: hash.finish(), function, generics, arguments }
    }
}

/// An argument of a call.
enum Argument {
    /// A value.
    Value(Value),
    /// A function.
    Function(Rc<Callable>),
}

/// What a call gave.
#[derive(Clone, Debug)]
struct Known {
    value: Value,
    /// Whether everyone sees something of it: it has a `reveal` or a `check`.
    effects: bool,
}

/// Calls whose results are in scope.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<(Call, Known)>);

impl Calls {
    /// How many there are: what is added later goes with the block that is open then.
    pub(super) const fn mark(&self) -> usize {
        self.0.len()
    }

    /// Forgets what was added since.
    pub(super) fn forget(&mut self, mark: usize) {
        self.0.truncate(mark);
    }

    /// The result of an equal call; of one with effects only where effects may be.
    fn find(&self, call: &Call, effects: bool) -> Option<Value> {
        let known = self.0.iter().rev().find(|(known, _)| known == call).map(|(_, known)| known)?;
        (effects || !known.effects).then(|| known.value.clone())
    }

    fn remember(&mut self, call: Call, known: Known) {
        if self.0.len() < MOST_CALLS {
            self.0.push((call, known));
        }
    }
}

impl Elaborator<'_> {
    pub(super) fn call_expression(&mut self, callee: &Expr, args: &[Expr], span: Span) -> Outcome<Value> {
        match &callee.kind {
            ExprKind::Path { path, args: sizes } => match path.as_slice() {
                [name] => self.call_named(name, sizes, args, span),
                _ => self.expression(callee),
            },
            _ => self.error(Code::TypeMismatch, callee.span, "only functions are called", "write the function's name"),
        }
    }

    /// `name::<sizes>(args)`.
    pub(super) fn call_named(
        &mut self,
        name: &ast::Name,
        generics: &[TypeArg],
        args: &[Expr],
        span: Span,
    ) -> Outcome<Value> {
        if let Some(at) = self.variable(&name.text)
            && let Some(function) = self.variables[at].function.clone()
        {
            self.mark_read(at);
            let args = self.all(args)?;
            return self.call_callable(&function, args, span);
        }
        let module = self.frame().module;
        if let Some(id) = self.modules.find(module, &name.text) {
            let modules = self.modules;
            return match &modules.item(id).kind {
                ItemKind::Fn(of) => self.call_function(id, of, generics, args, span),
                ItemKind::Circuit { name: declared, file, params, result } => {
                    let args = self.all(args);
                    let circuit = self.circuit_item(id, declared, file, params, result)?;
                    self.call_circuit(declared, &circuit, args?, span)
                }
                ItemKind::Error => Err(Reported),
                _ => {
                    let message = format!("`{}` is no function", name.text);
                    self.error(Code::TypeMismatch, name.span, message, "only functions are called")
                }
            };
        }
        if let Some(value) = self.call_builtin(name, args, span) {
            return value;
        }
        let unknown = self.unknown_function(name);
        // Arguments are looked at all the same, so that their mistakes are told.
        for arg in args {
            let _ = self.expression(arg);
        }
        Err(unknown)
    }

    /// Nothing of that name can be called.
    pub(super) fn unknown_function(&mut self, name: &ast::Name) -> Reported {
        let module = self.frame().module;
        if self.modules.may_be_lost(module, &name.text, self.sources) {
            return Reported;
        }
        self.report(super::names::unknown_function(name, self.modules, module, self.sources))
    }

    fn call_function(
        &mut self,
        id: ItemId,
        of: &ast::Fn,
        type_args: &[TypeArg],
        args: &[Expr],
        span: Span,
    ) -> Outcome<Value> {
        self.check_call(id, of, args.len(), span)?;
        let mut given = Vec::with_capacity(args.len());
        for (param, arg) in of.params.iter().zip(args) {
            let argument = if matches!(param.ty.kind, TypeKind::Fn(..)) {
                self.callable(arg).map(Argument::Function)
            } else {
                self.expression(arg).map(Argument::Value)
            };
            given.push(argument.map(|argument| (argument, arg.span)));
        }
        let given = given.into_iter().collect::<Outcome<Vec<_>>>()?;
        let generics = self.explicit_generics(of, type_args, span)?;
        self.call_with(id, of, generics, given, span)
    }

    /// Calls a function that is named as an argument.
    pub(super) fn call_item(&mut self, id: ItemId, args: Vec<(Value, Span)>, span: Span) -> Outcome<Value> {
        let modules = self.modules;
        let of = match &modules.item(id).kind {
            ItemKind::Fn(of) => of,
            ItemKind::Circuit { name, file, params, result } => {
                let circuit = self.circuit_item(id, name, file, params, result)?;
                return self.call_circuit(name, &circuit, args, span);
            }
            _ => return Err(Reported),
        };
        self.check_call(id, of, args.len(), span)?;
        if let Some(param) = of.params.iter().find(|param| matches!(param.ty.kind, TypeKind::Fn(..))) {
            let message = format!("`{}` takes a function itself", of.name.text);
            return self.error(Code::TypeMismatch, param.name.span, message, "write a closure that calls it");
        }
        let given = args.into_iter().map(|(value, at)| (Argument::Value(value), at)).collect();
        self.call_with(id, of, Bindings::open(&of.generics), given, span)
    }

    fn check_call(&mut self, id: ItemId, of: &ast::Fn, args: usize, span: Span) -> Outcome<()> {
        if args != of.params.len() {
            let diagnostic = Diagnostic::new(
                Code::Arity,
                span,
                format!("`{}` takes {}, not {args}", of.name.text, count(of.params.len(), "argument")),
            )
            .label(of.name.span, "declared here")
            .help(format!("call it as `{}`", signature(of)));
            return Err(self.report(diagnostic));
        }
        if self.frames.iter().any(|frame| frame.function == Some(id)) {
            let diagnostic = Diagnostic::new(Code::Recursion, span, format!("`{}` calls itself", of.name.text))
                .label(of.name.span, "declared here")
                .help("use a loop: how deep calls nest must be known");
            return Err(self.report(diagnostic));
        }
        Ok(())
    }

    fn call_with(
        &mut self,
        id: ItemId,
        of: &ast::Fn,
        generics: Bindings,
        args: Vec<(Argument, Span)>,
        span: Span,
    ) -> Outcome<Value> {
        self.called.insert(id);
        let frame = Frame {
            module: id.module,
            function: Some(id),
            called: Some(span),
            generics,
            first: self.variables.len(),
            top: false,
        };
        self.frames.push(frame);
        let result = self.deeper(span, |elaborator| elaborator.instance(id, of, args, span));
        let first = self.frame().first;
        self.variables.truncate(first);
        self.frames.pop();
        result
    }

    /// The body, for these arguments; the function's frame is open.
    fn instance(&mut self, id: ItemId, of: &ast::Fn, args: Vec<(Argument, Span)>, span: Span) -> Outcome<Value> {
        for (param, (argument, _)) in of.params.iter().zip(&args) {
            if let Argument::Value(value) = argument {
                self.bind_generics(&param.ty, &value.ty);
            }
        }
        self.check_generics(of, span)?;
        let (mut kept, mut functions) = (Vec::with_capacity(args.len()), Vec::new());
        for (param, (argument, at)) in of.params.iter().zip(args) {
            match argument {
                Argument::Value(value) => {
                    let declared = self.declared_type(&param.ty, Bare::Open)?;
                    kept.push((param, self.argument(value, &declared, param, at)?));
                }
                Argument::Function(callable) => functions.push((param, callable)),
            }
        }
        let (params, kept): (Vec<&ast::Param>, Vec<Value>) = kept.into_iter().unzip();
        let call = Call::new(id, self.frame().generics.clone(), kept);
        // What a function argument captured is no part of the call's description.
        let known = functions.is_empty();
        if known && let Some(known) = self.calls.find(&call, self.branches.is_empty()) {
            return Ok(known);
        }
        let effects = self.effects;
        for (param, value) in params.into_iter().zip(&call.arguments) {
            self.declare(&param.name, false, Some(value.clone()));
        }
        for (param, callable) in functions {
            self.declare_function(param, callable);
        }
        let value = self.function_body(of)?;
        if known {
            self.calls.remember(call, Known { value: value.clone(), effects: self.effects > effects });
        }
        Ok(value)
    }

    fn argument(&mut self, value: Value, declared: &Declared, param: &ast::Param, span: Span) -> Outcome<Value> {
        if declared.secrecy != Some(Secrecy::Secret)
            && let Some(leaf) = self.secret_leaf(&value)
        {
            let origin = leaf.origin.clone();
            let message = format!("a secret value for `{}`, which takes public ones", param.name.text);
            let diagnostic = Diagnostic::new(Code::SecretToPublic, span, message)
                .label(param.ty.span, "declared without `secret` here")
                .help(format!("write `{}: secret …` if the function may work on secrets", param.name.text));
            let diagnostic = super::origin_label(diagnostic, origin.as_deref(), "is secret because of this");
            return Err(self.report(diagnostic));
        }
        self.keep_promise(value, declared, span)
    }

    /// What a function gives as its written type says; `at` is where it stands.
    pub(super) fn result(&mut self, of: &ast::Fn, value: Value, at: Span) -> Outcome<Value> {
        let Some(ty) = &of.result else {
            if value.ty.is_unit() {
                return Ok(value);
            }
            let message = format!("`{}` gives a value, and declares none", of.name.text);
            return self.error(Code::TypeMismatch, at, message, "write `-> …` behind the parameters, or end with `;`");
        };
        // A type that only a function argument's result tells is bound by now, or else by what the body gives.
        self.bind_generics(ty, &value.ty);
        let declared = self.declared_type(ty, Bare::Open)?;
        if value.ty.is_unit() && !declared.ty.is_unit() {
            // Its value may stand in what did not parse.
            if of.body.statements.iter().any(|statement| statement.kind == StmtKind::Error) {
                return Err(Reported);
            }
            let message = format!("`{}` ends without a value", of.name.text);
            let diagnostic = Diagnostic::new(Code::TypeMismatch, of.name.span, message)
                .label(ty.span, "it declares one here")
                .help("take the `;` away behind the last expression");
            return Err(self.report(diagnostic));
        }
        if declared.secrecy != Some(Secrecy::Secret)
            && let Some(leaf) = self.secret_leaf(&value)
        {
            let origin = leaf.origin.clone();
            let message = format!("`{}` gives a secret value, and declares a public one", of.name.text);
            let diagnostic = Diagnostic::new(Code::SecretToPublic, at, message)
                .label(ty.span, "declared without `secret` here")
                .help("write `-> secret …`");
            let diagnostic = super::origin_label(diagnostic, origin.as_deref(), "is secret because of this");
            return Err(self.report(diagnostic));
        }
        self.keep_promise(value, &declared, at)
    }
}

/// `1 argument`, `2 arguments`.
pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn signature(of: &ast::Fn) -> String {
    let params: Vec<&str> = of.params.iter().map(|param| param.name.text.as_str()).collect();
    format!("{}({})", of.name.text, params.join(", "))
}
