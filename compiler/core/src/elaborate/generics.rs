//! What the type and size parameters of a function stand for: bound by the arguments' types, from left to right.

use super::types::{Scalar, StructArg, Type};
use super::{Elaborator, Outcome};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind, Extent, Generic, GenericKind, TypeArg, TypeKind};
use crate::syntax::walk::Walk;
use smpc_bytecode::interval::Interval;
use std::collections::BTreeMap;

/// The parameters of a function with what they stand for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Bindings {
    /// What is declared in `<…>`.
    pub(super) of: Vec<Generic>,
    /// Sizes by name.
    pub(super) sizes: BTreeMap<String, i128>,
    /// Types by name.
    pub(super) types: BTreeMap<String, Type>,
    /// Ranges of their scalars by name, where they are written.
    pub(super) ranges: BTreeMap<String, Vec<Option<Interval>>>,
}

impl Bindings {
    /// No parameters.
    pub(super) const fn empty() -> Self {
        Self { of: Vec::new(), sizes: BTreeMap::new(), types: BTreeMap::new(), ranges: BTreeMap::new() }
    }

    /// Parameters of which nothing is known yet.
    pub(super) fn open(of: &[Generic]) -> Self {
        Self { of: of.to_vec(), ..Self::default() }
    }

    /// Whether a size of that name is declared.
    pub(super) fn has_size(&self, name: &str) -> bool {
        self.of.iter().any(|generic| generic.kind == GenericKind::Const && generic.name.text == name)
    }

    /// Whether a type of that name is declared.
    pub(super) fn has_type(&self, name: &str) -> bool {
        self.of.iter().any(|generic| generic.kind != GenericKind::Const && generic.name.text == name)
    }

    /// The first parameter that is not bound.
    fn unbound(&self) -> Option<&Generic> {
        self.of.iter().find(|generic| match generic.kind {
            GenericKind::Const => !self.sizes.contains_key(&generic.name.text),
            GenericKind::Type(_) => !self.types.contains_key(&generic.name.text),
        })
    }
}

/// Sizes that an expression names and nothing binds yet.
struct Open<'b> {
    bindings: &'b Bindings,
    names: Vec<String>,
    scope: Vec<String>,
}

impl Walk for Open<'_> {
    fn scope(&mut self) -> &mut Vec<String> {
        &mut self.scope
    }

    fn expression(&mut self, e: &Expr) {
        if let ExprKind::Path { path, .. } = &e.kind
            && let [name] = path.as_slice()
            && self.bindings.has_size(&name.text)
            && !self.bindings.sizes.contains_key(&name.text)
            && !self.names.contains(&name.text)
        {
            self.names.push(name.text.clone());
        }
        self.parts(e);
    }
}

impl Elaborator<'_> {
    /// The bindings of the frame on top.
    pub(super) fn bindings(&mut self) -> &mut Bindings {
        let last = self.frames.len() - 1;
        &mut self.frames[last].generics
    }

    /// Binds the parameters that a written type names to what they are in the actual one. Where the types do not agree nothing is bound: whoever compares
    /// them says so.
    pub(super) fn bind_generics(&mut self, written: &ast::Type, actual: &Type) {
        match &written.kind {
            TypeKind::With(_, inner) => self.bind_generics(inner, actual),
            TypeKind::Tuple(parts) => {
                if let Type::Tuple(own) = actual {
                    parts.iter().zip(own).for_each(|(part, own)| self.bind_generics(part, own));
                }
            }
            TypeKind::Array { element, extents } => {
                let own = actual.extents();
                // A signature that did not parse may have no extents.
                let Some(outer) = extents.first().filter(|_| extents.len() <= own.len()) else { return };
                for (extent, own) in extents.iter().zip(own.to_vec()) {
                    let (Extent::Exact(extent) | Extent::AtMost(extent)) = extent;
                    self.bind_size(extent, i128::from(own));
                }
                let below = actual.below(extents.len());
                match (outer, &below) {
                    (Extent::AtMost(_), Type::Maybe(row, _)) => self.bind_generics(element, &row.clone()),
                    _ => self.bind_generics(element, &below),
                }
            }
            TypeKind::Maybe(inner) => {
                if let Type::Maybe(own, _) = actual {
                    self.bind_generics(inner, &own.clone());
                }
            }
            TypeKind::Named { name, args, range: None } if args.is_empty() => {
                if self.bindings().has_type(&name.text) {
                    self.bind_type(&name.text, actual);
                }
            }
            TypeKind::Named { args, .. } => {
                let own = match actual {
                    Type::Struct(of) => of.args.clone(),
                    Type::Scalar(scalar) => {
                        scalar.size().map(|size| StructArg::Size(size.into())).into_iter().collect()
                    }
                    _ => Vec::new(),
                };
                for (arg, own) in args.iter().zip(own) {
                    match (arg, own) {
                        (TypeArg::Type(written), StructArg::Type(own)) => self.bind_generics(written, &own),
                        (
                            TypeArg::Type(ast::Type { kind: TypeKind::Named { name, .. }, span }),
                            StructArg::Size(size),
                        ) => {
                            let kind = ExprKind::Path { path: vec![name.clone()], args: Vec::new() };
                            self.bind_size(&Expr { kind, span: *span }, size);
                        }
                        (TypeArg::Const(extent), StructArg::Size(size)) => self.bind_size(extent, size),
                        (TypeArg::Type(_), StructArg::Size(_)) | (TypeArg::Const(_), StructArg::Type(_)) => {}
                    }
                }
            }
            TypeKind::Fn(..) => {}
        }
    }

    /// A type that stands for several arguments' types holds them all: `int` becomes `fix` where another one is.
    fn bind_type(&mut self, name: &str, actual: &Type) {
        let joined = match self.bindings().types.get(name) {
            Some(known) => known.joined(actual),
            None => Some(actual.clone()),
        };
        if let Some(joined) = joined {
            self.bindings().types.insert(name.to_owned(), joined);
        }
    }

    /// Binds the only size that an extent leaves open, where the extent is a multiple of it and a constant: `N`, `N + 1`, `2 * N`.
    fn bind_size(&mut self, extent: &Expr, own: i128) {
        let mut open = Open { bindings: &self.frame().generics, names: Vec::new(), scope: Vec::new() };
        open.expression(extent);
        let [name] = open.names.as_slice() else { return };
        let name = name.clone();
        if matches!(&extent.kind, ExprKind::Path { .. }) {
            self.bindings().sizes.insert(name, own);
            return;
        }
        let messages = self.sink.len();
        let mut value_for = |size: i128| {
            self.bindings().sizes.insert(name.clone(), size);
            let value = self.expression(extent).ok().and_then(|value| value.known_int());
            self.bindings().sizes.remove(&name);
            self.sink.truncate(messages);
            value
        };
        let (Some(first), Some(second)) = (value_for(0), value_for(1)) else { return };
        let slope = second - first;
        if slope == 0 || (own - first) % slope != 0 {
            return;
        }
        let size = (own - first) / slope;
        if value_for(size) == Some(own) {
            self.bindings().sizes.insert(name, size);
        }
    }

    /// What is written behind a function's name: `f::<T, 4>`.
    pub(super) fn explicit_generics(&mut self, of: &ast::Fn, args: &[TypeArg], span: Span) -> Outcome<Bindings> {
        let mut found = Bindings::open(&of.generics);
        if args.is_empty() {
            return Ok(found);
        }
        if args.len() != of.generics.len() {
            let message =
                format!("`{}` has {} parameters in `<…>`, not {}", of.name.text, of.generics.len(), args.len());
            return self.error(Code::Arity, span, message, "give all of them, or none: they follow from the arguments");
        }
        for (generic, arg) in of.generics.iter().zip(args) {
            let name = generic.name.text.clone();
            match (&generic.kind, arg) {
                (GenericKind::Const, arg) => {
                    let value = self.size_argument(arg)?;
                    found.sizes.insert(name, value);
                }
                (GenericKind::Type(_), TypeArg::Type(ty)) => {
                    let declared = self.declared_type(ty, super::declared::Bare::Open)?;
                    found.types.insert(name, declared.ty);
                }
                (GenericKind::Type(_), TypeArg::Const(value)) => {
                    let message = format!("`{name}` is a type, and this is a number");
                    return self.error(Code::TypeMismatch, value.span, message, "write a type");
                }
            }
        }
        Ok(found)
    }

    /// An argument in `<…>` that is a size.
    pub(super) fn size_argument(&mut self, arg: &TypeArg) -> Outcome<i128> {
        match arg {
            TypeArg::Const(value) => self.known_integer(value, "a size"),
            TypeArg::Type(ast::Type { kind: TypeKind::Named { name, args, range: None }, span }) if args.is_empty() => {
                let kind = ExprKind::Path { path: vec![name.clone()], args: Vec::new() };
                self.known_integer(&Expr { kind, span: *span }, "a size")
            }
            TypeArg::Type(ty) => self.error(Code::TypeMismatch, ty.span, "a size is a number", "write a number"),
        }
    }

    /// Refuses a function whose parameters in `<…>` are not all bound, or to types that their bounds exclude. Types that only a function argument's result
    /// tells are bound when it is called.
    pub(super) fn check_generics(&mut self, of: &ast::Fn, span: Span) -> Outcome<()> {
        let told_later = |name: &str| {
            let results = of.params.iter().filter_map(|param| match &param.ty.kind {
                TypeKind::Fn(_, result) => Some(&**result),
                _ => None,
            });
            results.into_iter().any(|result| names_type(result, name))
        };
        if let Some(generic) = self.bindings().unbound().cloned()
            && !told_later(&generic.name.text)
        {
            let what = if generic.kind == GenericKind::Const { "size" } else { "type" };
            let message = format!("the {what} `{}` does not follow from the arguments", generic.name.text);
            let diagnostic = Diagnostic::new(Code::NotConst, span, message)
                .label(generic.name.span, "declared here")
                .help(format!("write it out: `{}::<…>(…)`", of.name.text));
            return Err(self.report(diagnostic));
        }
        for generic in &of.generics {
            let GenericKind::Type(Some(bound)) = &generic.kind else { continue };
            let Some(ty) = self.bindings().types.get(&generic.name.text).cloned() else { continue };
            // A column of a table may have values that are absent; only the library's functions know what to do with them.
            let column = match ty.innermost() {
                Type::Maybe(of, _) => (**of).clone(),
                other => other.clone(),
            };
            let library = self.modules.get(self.frame().module).library;
            let holds = match bound.text.as_str() {
                "num" | "ord" => matches!(ty.innermost(), Type::Scalar(scalar) if scalar.is_number()),
                "column" if library => matches!(column, Type::Scalar(scalar) if scalar.is_number()),
                "int_column" if library => column == Type::INT,
                _ => {
                    let message = format!("no bound `{}`", bound.text);
                    return self.error(Code::UnknownName, bound.span, message, "bounds are `num` and `ord`");
                }
            };
            if !holds {
                let whole = bound.text == "int_column";
                let what = if whole { "integers" } else { "numbers" };
                let message = format!("`{}` works on {what}, and this is `{ty}`", of.name.text);
                let mut diagnostic = Diagnostic::new(Code::TypeMismatch, span, message);
                if !library {
                    let label = format!("`{}` has the bound `{}`", generic.name.text, bound.text);
                    diagnostic = diagnostic.label(generic.name.span, label);
                }
                let help = match (&column, whole) {
                    (Type::Scalar(Scalar::Bool), _) => "write `x as int`: false is 0, true is 1",
                    (_, true) => "give it a column of `int`",
                    _ => "give it `int` or `fix`, or arrays of them",
                };
                return Err(self.report(diagnostic.help(help)));
            }
        }
        Ok(())
    }
}

/// Whether a written type names a type parameter.
fn names_type(written: &ast::Type, wanted: &str) -> bool {
    match &written.kind {
        TypeKind::With(_, inner) | TypeKind::Maybe(inner) => names_type(inner, wanted),
        TypeKind::Tuple(parts) => parts.iter().any(|part| names_type(part, wanted)),
        TypeKind::Array { element, .. } => names_type(element, wanted),
        TypeKind::Named { name, args, .. } => {
            name.text == wanted || args.iter().any(|arg| matches!(arg, TypeArg::Type(ty) if names_type(ty, wanted)))
        }
        TypeKind::Fn(..) => false,
    }
}
