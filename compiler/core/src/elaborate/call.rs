//! Calls of functions: size parameters are bound by the arguments' shapes, and the body is elaborated for these arguments.
//!
//! The same call with the same arguments gives the same values, and is elaborated once: three quantiles of a column sort it once.

use super::declared::{Bare, Declared};
use super::modules::ItemId;
use super::types::Type;
use super::value::{Data, Value};
use super::{Elaborator, Frame, Outcome};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind, Extent, GenericKind, ItemKind, Secrecy, TypeArg, TypeKind};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Most calls that are remembered.
const MOST_CALLS: usize = 1_000;

/// A call with what it depends on.
#[derive(Clone, Debug, PartialEq)]
struct Call {
    /// Equal for equal calls, and seldom for others.
    digest: u64,
    function: ItemId,
    sizes: BTreeMap<String, i128>,
    arguments: Vec<Value>,
}

impl Call {
    fn new(function: ItemId, sizes: BTreeMap<String, i128>, arguments: Vec<Value>) -> Self {
        let mut hash = DefaultHasher::new();
        function.hash(&mut hash);
        for leaf in arguments.iter().flat_map(|argument| &argument.leaves) {
            if let Data::Lanes(view) = &leaf.data {
                view.value.hash(&mut hash);
            }
        }
        Self { digest: hash.finish(), function, sizes, arguments }
    }
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
        sizes: &[TypeArg],
        args: &[Expr],
        span: Span,
    ) -> Outcome<Value> {
        let module = self.frame().module;
        if let Some(id) = self.modules.find(module, &name.text) {
            let modules = self.modules;
            return match &modules.item(id).kind {
                ItemKind::Fn(of) => self.call_function(id, of, sizes, args, span),
                ItemKind::Error => Err(super::Reported),
                _ => {
                    let message = format!("`{}` is no function", name.text);
                    self.error(Code::TypeMismatch, name.span, message, "only functions are called")
                }
            };
        }
        if let Some(value) = self.call_builtin(name, args, span) {
            return value;
        }
        if self.modules.may_be_lost(module, &name.text, self.sources) {
            return Err(super::Reported);
        }
        let own = self.modules.get(module).names.keys().map(String::as_str);
        let near = super::similar(&name.text, own.chain(super::builtins::NAMES.iter().copied())).map(str::to_owned);
        let library = crate::library::module_with(&name.text);
        let help = match (library, near) {
            (Some(module), _) => format!("import it: `use std::{module}::{};`", name.text),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("declare it: `fn {}(…) {{ … }}`", name.text),
        };
        // Arguments are looked at all the same, so that their mistakes are told.
        for arg in args {
            let _ = self.expression(arg);
        }
        let message = format!("no function `{}`", name.text);
        let mut diagnostic = Diagnostic::new(Code::UnknownName, name.span, message).help(help);
        diagnostic.suggestion = library
            .map(|from| self.modules.import_edit(module, self.sources, from, &name.text))
            .or(diagnostic.suggestion);
        Err(self.report(diagnostic))
    }

    fn call_function(
        &mut self,
        id: ItemId,
        of: &ast::Fn,
        type_args: &[TypeArg],
        args: &[Expr],
        span: Span,
    ) -> Outcome<Value> {
        if args.len() != of.params.len() {
            let diagnostic = Diagnostic::new(
                Code::Arity,
                span,
                format!("`{}` takes {}, not {}", of.name.text, count(of.params.len(), "argument"), args.len()),
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
        if let Some(generic) = of.generics.iter().find(|generic| generic.kind != GenericKind::Const) {
            return self.unsupported(generic.name.span, "generic types are", "write the type out");
        }
        let values: Vec<Outcome<Value>> = args.iter().map(|arg| self.expression(arg)).collect();
        let values: Vec<Value> = values.into_iter().collect::<Outcome<_>>()?;
        let sizes = self.explicit_sizes(of, type_args, span)?;
        let called = self.called.contains(&id);
        self.called.insert(id);
        let frame = Frame {
            module: id.module,
            function: Some(id),
            called: Some(span),
            sizes,
            first: self.variables.len(),
            top: false,
        };
        self.frames.push(frame);
        let result = self.deeper(span, |elaborator| elaborator.instance(id, of, values, args));
        let first = self.frame().first;
        self.variables.truncate(first);
        self.frames.pop();
        if result.is_err() && !called {
            // An instance with other arguments may say more than this one could.
            self.called.insert(id);
        }
        result
    }

    /// The body, for these arguments; the function's frame is open.
    fn instance(&mut self, id: ItemId, of: &ast::Fn, values: Vec<Value>, args: &[Expr]) -> Outcome<Value> {
        for (param, value) in of.params.iter().zip(&values) {
            self.bind_sizes(&param.ty, &value.ty, of);
        }
        for generic in &of.generics {
            if !self.frame().sizes.contains_key(&generic.name.text) {
                let message = format!("the size `{}` does not follow from the arguments", generic.name.text);
                let help = format!("write it out: `{}::<…>(…)`", of.name.text);
                return self.error(Code::NotConst, generic.name.span, message, help);
            }
        }
        let mut kept = Vec::with_capacity(values.len());
        for ((param, value), arg) in of.params.iter().zip(values).zip(args) {
            let declared = self.declared_type(&param.ty, Bare::Open)?;
            kept.push(self.argument(value, &declared, param, arg.span)?);
        }
        let call = Call::new(id, self.frame().sizes.clone(), kept);
        if let Some(known) = self.calls.find(&call, self.branches.is_empty()) {
            return Ok(known);
        }
        let effects = self.effects;
        for (param, value) in of.params.iter().zip(&call.arguments) {
            self.declare(&param.name, false, Some(value.clone()));
        }
        let value = self.function_body(&of.body)?;
        let value = self.result(of, value)?;
        self.calls.remember(call, Known { value: value.clone(), effects: self.effects > effects });
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

    fn result(&mut self, of: &ast::Fn, value: Value) -> Outcome<Value> {
        let at = of.body.value.as_ref().map_or(of.body.span.after(), |value| value.span);
        let Some(ty) = &of.result else {
            if value.ty.is_unit() {
                return Ok(value);
            }
            let message = format!("`{}` gives a value, and declares none", of.name.text);
            return self.error(Code::TypeMismatch, at, message, "write `-> …` behind the parameters, or end with `;`");
        };
        let declared = self.declared_type(ty, Bare::Open)?;
        if value.ty.is_unit() && !declared.ty.is_unit() {
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

    // Sizes.

    fn explicit_sizes(&mut self, of: &ast::Fn, args: &[TypeArg], span: Span) -> Outcome<BTreeMap<String, i128>> {
        let mut sizes = BTreeMap::new();
        if args.is_empty() {
            return Ok(sizes);
        }
        if args.len() != of.generics.len() {
            let message = format!("`{}` has {}, not {}", of.name.text, count(of.generics.len(), "size"), args.len());
            return self.error(Code::Arity, span, message, "give all sizes, or none: they follow from the arguments");
        }
        for (generic, arg) in of.generics.iter().zip(args) {
            let value = match arg {
                TypeArg::Const(value) => self.known_integer(value, "a size")?,
                TypeArg::Type(ast::Type { kind: TypeKind::Named { name, args, range: None }, span })
                    if args.is_empty() =>
                {
                    let kind = ExprKind::Path { path: vec![name.clone()], args: Vec::new() };
                    self.known_integer(&Expr { kind, span: *span }, "a size")?
                }
                TypeArg::Type(ty) => {
                    return self.error(Code::TypeMismatch, ty.span, "a size is a number", "write a number");
                }
            };
            sizes.insert(generic.name.text.clone(), value);
        }
        Ok(sizes)
    }

    /// Binds sizes that stand alone as an extent to the extents of the argument.
    fn bind_sizes(&mut self, written: &ast::Type, actual: &Type, of: &ast::Fn) {
        match &written.kind {
            TypeKind::With(_, inner) => self.bind_sizes(inner, actual, of),
            TypeKind::Tuple(parts) => {
                if let Type::Tuple(own) = actual {
                    parts.iter().zip(own).for_each(|(part, own)| self.bind_sizes(part, own, of));
                }
            }
            TypeKind::Array { element, extents } => {
                for (extent, own) in extents.iter().zip(actual.extents()) {
                    if let Extent::Exact(Expr { kind: ExprKind::Path { path, .. }, .. }) = extent
                        && let [name] = path.as_slice()
                        && of.generics.iter().any(|generic| generic.name.text == name.text)
                    {
                        let last = self.frames.len() - 1;
                        self.frames[last].sizes.entry(name.text.clone()).or_insert(i128::from(*own));
                    }
                }
                if extents.len() <= actual.extents().len() {
                    self.bind_sizes(element, &actual.below(extents.len()), of);
                }
            }
            TypeKind::Named { .. } | TypeKind::Maybe(_) | TypeKind::Fn(..) => {}
        }
    }
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn signature(of: &ast::Fn) -> String {
    let params: Vec<&str> = of.params.iter().map(|param| param.name.text.as_str()).collect();
    format!("{}({})", of.name.text, params.join(", "))
}
