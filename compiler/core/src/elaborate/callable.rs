//! Functions as arguments: closures, named functions and built-in ones. They stand only as arguments, and are put in place where they are called, so that
//! a call of one costs what its body costs.

use super::declared::Bare;
use super::generics::Bindings;
use super::modules::ItemId;
use super::value::Value;
use super::{Elaborator, Frame, Outcome, Variable};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind, ItemKind, Pattern, TypeKind};
use crate::syntax::walk::Walk;
use std::rc::Rc;

/// Something that can be called.
#[derive(Clone, Debug)]
pub(super) enum Callable {
    /// A function of a module.
    Item(ItemId),
    /// A function of the language.
    BuiltIn(ast::Name),
    /// `|x, y| body`
    Closure(Rc<Closure>),
    /// What a function takes as `f: fn(T) -> U`, with that type.
    Typed {
        /// What is called.
        callable: Rc<Callable>,
        /// Types of its parameters.
        params: Rc<[ast::Type]>,
        /// Type of its result.
        result: Rc<ast::Type>,
        /// The frame of the function that takes it: what its types are written in.
        frame: usize,
    },
}

/// A closure with what it captured: the values at the time when it was written.
#[derive(Clone, Debug)]
pub(super) struct Closure {
    params: Vec<Pattern>,
    body: Expr,
    module: usize,
    generics: Bindings,
    captured: Vec<Variable>,
    span: Span,
}

/// The names that a closure reads and does not declare itself.
struct Free {
    scope: Vec<String>,
    names: Vec<String>,
}

impl Free {
    fn read(&mut self, name: &str) {
        if !self.scope.iter().any(|own| own == name) {
            self.names.push(name.to_owned());
        }
    }
}

impl Walk for Free {
    fn scope(&mut self) -> &mut Vec<String> {
        &mut self.scope
    }

    fn expression(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Path { path, .. } => {
                if let [name] = path.as_slice() {
                    self.read(&name.text);
                }
            }
            ExprKind::Method { name, .. } => self.read(&name.text),
            ExprKind::Struct { fields, .. } => {
                fields.iter().filter(|(_, value)| value.is_none()).for_each(|(name, _)| self.read(&name.text));
            }
            _ => {}
        }
        self.parts(e);
    }
}

impl Elaborator<'_> {
    /// The function that an argument is.
    pub(super) fn callable(&mut self, e: &Expr) -> Outcome<Rc<Callable>> {
        match &e.kind {
            ExprKind::Closure(params, body) => {
                self.refuse_exits_of_closure(body)?;
                let mut free = Free { scope: Vec::new(), names: Vec::new() };
                free.scoped(|walk| {
                    params.iter().for_each(|param| walk.pattern(param));
                    walk.expression(body);
                });
                let first = self.frame().first;
                let mut captured = Vec::new();
                for name in free.names {
                    if captured.iter().any(|variable: &Variable| variable.name == name) {
                        continue;
                    }
                    if let Some(at) = self.variable(&name).filter(|at| *at >= first) {
                        captured.push(Variable { mutable: false, captured: true, ..self.variables[at].clone() });
                    }
                }
                let frame = self.frame();
                let (module, generics) = (frame.module, frame.generics.clone());
                let (params, body, span) = (params.clone(), (**body).clone(), e.span);
                let closure = Closure { params, body, module, generics, captured, span };
                Ok(Rc::new(Callable::Closure(Rc::new(closure))))
            }
            ExprKind::Path { path, args } if args.is_empty() && path.len() == 1 => {
                let name = &path[0];
                if let Some(at) = self.variable(&name.text) {
                    let function = self.variables[at].function.clone();
                    self.mark_read(at);
                    return match function {
                        Some(function) => Ok(function),
                        None => self.no_function(name),
                    };
                }
                let module = self.frame().module;
                match self.modules.find(module, &name.text) {
                    Some(id) if matches!(self.modules.item(id).kind, ItemKind::Fn(_) | ItemKind::Circuit { .. }) => {
                        Ok(Rc::new(Callable::Item(id)))
                    }
                    Some(_) => self.no_function(name),
                    None if super::builtins::NAMES.contains(&name.text.as_str()) => {
                        Ok(Rc::new(Callable::BuiltIn(name.clone())))
                    }
                    None => Err(self.unknown_function(name)),
                }
            }
            _ => {
                let message = "a function is expected here";
                self.error(Code::TypeMismatch, e.span, message, "write a closure, `|x| x + 1`, or a function's name")
            }
        }
    }

    fn no_function<T>(&mut self, name: &ast::Name) -> Outcome<T> {
        let message = format!("`{}` is no function", name.text);
        self.error(Code::TypeMismatch, name.span, message, "write a closure, `|x| x + 1`, or a function's name")
    }

    /// Calls a function with these arguments.
    pub(super) fn call_callable(
        &mut self,
        callable: &Callable,
        args: Vec<(Value, Span)>,
        span: Span,
    ) -> Outcome<Value> {
        match callable {
            Callable::Item(id) => self.call_item(*id, args, span),
            Callable::BuiltIn(name) => {
                let (values, spans): (Vec<Value>, Vec<Span>) = args.into_iter().unzip();
                self.apply(name, &values, &spans, span).unwrap_or(Err(super::Reported))
            }
            Callable::Closure(closure) => self.call_closure(closure, args, span),
            Callable::Typed { callable, params, result, frame } => {
                if params.len() != args.len() {
                    let message = format!("this function takes {} arguments, not {}", params.len(), args.len());
                    return self.error(Code::Arity, span, message, "give it as many as its type says");
                }
                let mut given = Vec::with_capacity(args.len());
                for ((value, at), ty) in args.into_iter().zip(params.iter()) {
                    given.push((self.as_written(value, ty, *frame, at)?, at));
                }
                let value = self.call_callable(callable, given, span)?;
                self.as_written(value, result, *frame, span)
            }
        }
    }

    /// A value as one of a type that is written in the signature of the function of that frame; types that nothing has told yet are bound.
    fn as_written(&mut self, value: Value, ty: &ast::Type, frame: usize, span: Span) -> Outcome<Value> {
        // The types of an outer function's parameter are looked up there.
        let inner = self.frames.split_off(frame + 1);
        let variables = inner.first().map_or_else(Vec::new, |inner| self.variables.split_off(inner.first));
        self.bind_generics(ty, &value.ty);
        let declared = self.declared_type(ty, Bare::Open);
        self.variables.extend(variables);
        self.frames.extend(inner);
        self.keep_promise(value, &declared?, span)
    }

    fn call_closure(&mut self, closure: &Closure, args: Vec<(Value, Span)>, span: Span) -> Outcome<Value> {
        if closure.params.len() != args.len() {
            let message = format!(
                "this closure takes {}, and is given {}",
                super::call::count(closure.params.len(), "argument"),
                args.len()
            );
            let diagnostic = Diagnostic::new(Code::Arity, closure.span, message)
                .label(span, "called here")
                .help(if args.len() == 2 { "write `|x, y| …`" } else { "write `|x| …`" });
            return Err(self.report(diagnostic));
        }
        self.frames.push(Frame {
            generics: closure.generics.clone(),
            first: self.variables.len(),
            ..Frame::of(closure.module)
        });
        self.variables.extend(closure.captured.iter().cloned());
        let result = self.deeper(span, |elaborator| {
            for (param, (value, _)) in closure.params.iter().zip(args) {
                elaborator.bind(param, Some(value), false)?;
            }
            elaborator.expression(&closure.body)
        });
        let first = self.frame().first;
        self.variables.truncate(first);
        self.frames.pop();
        result
    }

    /// The parameter `f: fn(T) -> U` of a function whose frame is open.
    pub(super) fn declare_function(&mut self, param: &ast::Param, callable: Rc<Callable>) {
        let callable = match &param.ty.kind {
            TypeKind::Fn(params, result) => Rc::new(Callable::Typed {
                callable,
                params: params.clone().into(),
                result: Rc::new((**result).clone()),
                frame: self.frames.len() - 1,
            }),
            _ => callable,
        };
        let at = self.declare(&param.name, false, None);
        self.variables[at].function = Some(callable);
    }
}
