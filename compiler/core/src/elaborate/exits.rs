//! `break`, `continue` and `return`. The program in the making has no jumps: an exit sets flags, and what follows it runs where they are not set.
//!
//! ```text
//! for i in 0..n {                    while i < n && !over {
//!     if xs[i] == key { break; }         over = xs[i] == key;
//!     count += 1;              ->        if !over { count += 1; }
//! }                                      i += 1; }
//! ```
//!
//! Flags are hidden variables, which an `if` joins and a loop carries like others, with names that nobody can write. Where the compiler knows whether an exit
//! is reached, it knows the flag, and nothing of it is left in the program. What an unconditional exit is followed by is not elaborated: its value is
//! [`Reported`], and [`Elaborator::left`] tells that nothing is wrong.

use super::assigned::assigned_in_rest;
use super::branch::Sides;
use super::types::Scalar;
use super::value::Value;
use super::{Elaborator, Outcome, Reported, Variable};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::ValueId;
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind, ItemKind, Stmt, StmtKind};
use crate::syntax::walk::Walk;

/// Whether the innermost loop has ended.
pub(super) const OVER: &str = "<over>";
/// Whether the turn of the innermost loop has ended.
pub(super) const LEFT: &str = "<left>";
/// Whether the function has returned.
pub(super) const RETURNED: &str = "<returned>";
/// What it has returned; the unit where it has not.
pub(super) const RESULT: &str = "<result>";

/// Whether the code that is being elaborated has been left by an exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It has not.
    No,
    /// It has: nothing runs here.
    Yes,
    /// It has where that public truth value holds.
    Perhaps(ValueId),
}

/// An exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Break,
    Continue,
    Return,
}

impl Exit {
    const fn word(self) -> &'static str {
        match self {
            Self::Break => "break",
            Self::Continue => "continue",
            Self::Return => "return",
        }
    }
}

impl Elaborator<'_> {
    // Flags.

    /// A variable that nobody can name.
    pub(super) fn hidden(&mut self, name: &str, value: Value) -> usize {
        let span = Span { file: self.modules.get(self.frame().module).file, start: 0, end: 0 };
        let value = Some(value);
        self.variables.push(Variable {
            name: name.to_owned(),
            span,
            mutable: true,
            declared: None,
            value,
            function: None,
            captured: false,
        });
        self.variables.len() - 1
    }

    /// What a flag says.
    pub(super) fn flag(&mut self, variable: usize) -> Left {
        let leaf = self.variables[variable].value.as_ref().and_then(|value| value.leaves.first());
        let Some(leaf) = leaf else { return Left::No };
        if let Some(known) = leaf.as_known() {
            return if known.lane(0).is_zero() { Left::No } else { Left::Yes };
        }
        let leaf = leaf.clone();
        match self.lanes(&leaf, Scalar::Bool, 1, self.variables[variable].span) {
            Ok(view) => Left::Perhaps(self.whole(&view)),
            Err(Reported) => Left::No,
        }
    }

    fn set_flag(&mut self, name: &str, value: &Value) {
        if let Some(variable) = self.variable(name) {
            self.variables[variable].value = Some(value.clone());
        }
    }

    /// Whether the turn or function that is being elaborated has been left.
    pub(super) fn left(&mut self) -> Left {
        match self.variable(LEFT).or_else(|| self.variable(RETURNED)) {
            Some(flag) => self.flag(flag),
            None => Left::No,
        }
    }

    // Statements.

    /// `break;` or `continue;`
    pub(super) fn leave_loop(&mut self, exit: Exit, span: Span) -> Outcome<()> {
        let Some(left) = self.variable(LEFT) else {
            let message = format!("`{}` outside a loop", exit.word());
            let help = "it stands in the body of a `for` or `while`";
            return self.error(Code::Syntax, span, message, help);
        };
        let help = match exit {
            Exit::Break => {
                "write `for … in … while c { … }`: once the secret `c` is false, the remaining turns change nothing"
            }
            Exit::Continue | Exit::Return => "write the rest of the turn into an `if` with the opposite condition",
        };
        self.public_exit(exit, left, span, help)?;
        let yes = Value::boolean(true);
        match exit {
            Exit::Break => self.end_loop_where(&yes),
            Exit::Continue | Exit::Return => self.set_flag(LEFT, &yes),
        }
        Ok(())
    }

    /// The innermost loop ends where a public truth value holds.
    pub(super) fn end_loop_where(&mut self, holds: &Value) {
        self.set_flag(LEFT, holds);
        self.set_flag(OVER, holds);
    }

    /// `return;` or `return value;`
    pub(super) fn leave_function(&mut self, value: Option<&Expr>, span: Span) -> Outcome<()> {
        let (Some(returned), Some(id)) = (self.variable(RETURNED), self.frame().function) else {
            return self.error(Code::Syntax, span, "`return` outside a function", "let the block end with the value");
        };
        let help =
            "let both sides of the `if` give a value, or keep what is found in a variable and give it at the end";
        self.public_exit(Exit::Return, returned, span, help)?;
        let modules = self.modules;
        let ItemKind::Fn(of) = &modules.item(id).kind else { return Err(Reported) };
        let result = match value {
            Some(e) if of.name.text == "main" => return self.main_gives_nothing(e.span),
            Some(e) => {
                self.refuse_exits(e)?;
                let value = self.expression(e)?;
                self.result(of, value, e.span)?
            }
            None if of.result.is_some() => {
                let message = format!("`{}` returns without a value", of.name.text);
                return self.error(Code::TypeMismatch, span, message, "write `return …;`");
            }
            None => Value::unit(),
        };
        self.set_flag(RESULT, &result);
        let yes = Value::boolean(true);
        self.set_flag(RETURNED, &yes);
        self.set_flag(LEFT, &yes);
        Ok(())
    }

    /// Refuses an exit under a secret condition inside of what it leaves, of which `flag` is a variable.
    fn public_exit(&mut self, exit: Exit, flag: usize, span: Span, help: &str) -> Outcome<()> {
        let Some(branch) = self.branches.last().filter(|branch| branch.outside > flag) else { return Ok(()) };
        let origin = branch.condition.leaves.first().and_then(|leaf| leaf.origin.clone());
        let message = format!("`{}` under a secret condition", exit.word());
        let diagnostic = Diagnostic::new(Code::SecretEffect, span, message)
            .here("everyone would see whether this happens")
            .label(branch.span, "this condition is secret")
            .help(help);
        Err(self.report(super::origin_label(diagnostic, origin.as_deref(), "is secret because of this")))
    }

    /// Refuses exits in an expression all of which is computed at once: what follows them in it would have to be skipped.
    pub(super) fn refuse_exits(&mut self, e: &Expr) -> Outcome<()> {
        let Some((exit, span)) = Finder::first(e) else { return Ok(()) };
        let word = exit.word();
        let message = format!("`{word}` in the middle of an expression");
        self.error(Code::Syntax, span, message, format!("make it a statement of its own: `if … {{ {word}; }}`"))
    }

    /// Refuses exits in the body of a closure, which is put in place where it is called: it gives what its body ends with.
    pub(super) fn refuse_exits_of_closure(&mut self, body: &Expr) -> Outcome<()> {
        let Some((exit, span)) = Finder::first(body) else { return Ok(()) };
        let help = match exit {
            Exit::Return => {
                "end with the value, `|x| { if … { a } else { b } }`; a function that you declare and name here may return early"
            }
            Exit::Break | Exit::Continue => "a closure leaves no loop: write a `for` with the steps in its body",
        };
        self.error(Code::Syntax, span, format!("`{}` in a closure", exit.word()), help)
    }

    /// The same for an expression that is a statement or the value of a `let` or block: blocks, `if` and `match` may be left.
    pub(super) fn refuse_inner_exits(&mut self, e: &Expr) -> Outcome<()> {
        match &e.kind {
            ExprKind::Block(_) => Ok(()),
            ExprKind::If { condition, otherwise, .. } => {
                self.refuse_exits(condition)?;
                otherwise.as_ref().map_or(Ok(()), |otherwise| self.refuse_inner_exits(otherwise))
            }
            ExprKind::Match(of, arms) => {
                self.refuse_exits(of)?;
                arms.iter().try_for_each(|arm| self.refuse_inner_exits(&arm.value))
            }
            _ => self.refuse_exits(e),
        }
    }

    // What follows.

    /// Statements and a last value; what follows an exit runs where that has not been taken.
    pub(super) fn statements(&mut self, statements: &[Stmt], value: Option<&Expr>) -> Outcome<Value> {
        for (at, statement) in statements.iter().enumerate() {
            // Where it fails, the next one may have a mistake of its own.
            let failed = self.deeper(statement.span, |elaborator| elaborator.statement(statement)).is_err();
            let rest = &statements[at + 1..];
            let left = self.left();
            if failed && left == Left::No && !self.sink.has_errors() {
                self.silent = Some(statement.span);
            }
            match left {
                Left::No => {}
                Left::Yes => {
                    self.lint_unreachable(statement, rest, value);
                    return Err(Reported);
                }
                Left::Perhaps(_) if rest.is_empty() && value.is_none() => break,
                Left::Perhaps(left) => {
                    let span = rest.first().map(|next| next.span).or(value.map(|value| value.span));
                    let span = span.unwrap_or(statement.span);
                    let names = assigned_in_rest(rest, value);
                    let variables = self.variables_of(&names, false);
                    let stay = |elaborator: &mut Self| elaborator.statements(rest, value);
                    return self.deeper(span, |elaborator| {
                        elaborator.unless(left, &variables, span, |elaborator| match guard(statement) {
                            // What follows `if c { break; }` runs where c does not hold.
                            Some(condition) => elaborator.knowing(condition, false, stay),
                            None => stay(elaborator),
                        })
                    });
                }
            }
        }
        match value {
            Some(value) => {
                self.refuse_inner_exits(value)?;
                self.expression(value)
            }
            None => Ok(Value::unit()),
        }
    }

    /// Runs something where a public truth value does not hold; where it does, the code has been left.
    pub(super) fn unless(
        &mut self,
        left: ValueId,
        variables: &[usize],
        span: Span,
        run: impl FnOnce(&mut Self) -> Outcome<Value>,
    ) -> Outcome<Value> {
        let flag = self.variable(LEFT).or_else(|| self.variable(RETURNED));
        let set = |elaborator: &mut Self, value: Value| {
            if let Some(flag) = flag {
                elaborator.variables[flag].value = Some(value);
            }
        };
        let stay = |elaborator: &mut Self| {
            set(elaborator, Value::boolean(false));
            let first = elaborator.variables.len();
            let value = run(elaborator);
            elaborator.variables.truncate(first);
            value
        };
        let leave = |elaborator: &mut Self| {
            set(elaborator, Value::boolean(true));
            Err(Reported)
        };
        let mut joined = variables.to_vec();
        joined.extend(flag.filter(|flag| !variables.contains(flag)));
        self.public_choice(left, &joined, Sides::of(span), leave, stay)
    }

    fn lint_unreachable(&mut self, exit: &Stmt, rest: &[Stmt], value: Option<&Expr>) {
        let at = rest.first().map(|next| next.span).or(value.map(|value| value.span));
        if let (StmtKind::Break | StmtKind::Continue | StmtKind::Return(_), Some(at)) = (&exit.kind, at) {
            let diagnostic = Diagnostic::new(Code::Unreachable, at, "this is never reached")
                .label(exit.span, "the code is always left here")
                .help("take it out, or put the exit into an `if`");
            self.report(diagnostic);
        }
    }

    // Functions.

    /// The body of a function: what it returns.
    pub(super) fn function_body(&mut self, of: &ast::Fn) -> Outcome<Value> {
        let returned = self.hidden(RETURNED, Value::boolean(false));
        let result = self.hidden(RESULT, Value::unit());
        let last = self.block_of(&of.body);
        let at = of.body.value.as_ref().map_or(of.body.span.after(), |value| value.span);
        match self.flag(returned) {
            Left::No => self.result(of, last?, at),
            Left::Yes => self.variables[result].value.clone().ok_or(Reported),
            Left::Perhaps(left) => {
                let last = self.result(of, last?, at)?;
                let early = self.variables[result].value.clone().ok_or(Reported);
                self.public_choice(left, &[], Sides::of(at), |_| early, |_| Ok(last))
            }
        }
    }
}

/// The condition of an `if` that always ends with an exit.
fn guard(statement: &Stmt) -> Option<&Expr> {
    let StmtKind::Expr(Expr { kind: ExprKind::If { condition, then, otherwise: None }, .. }) = &statement.kind else {
        return None;
    };
    let last = then.statements.last().filter(|_| then.value.is_none())?;
    matches!(last.kind, StmtKind::Break | StmtKind::Continue | StmtKind::Return(_)).then_some(condition)
}

/// Finds the first exit that leads out of an expression.
struct Finder {
    first: Option<(Exit, Span)>,
    scope: Vec<String>,
    loops: usize,
}

impl Finder {
    fn first(e: &Expr) -> Option<(Exit, Span)> {
        let mut finder = Self { first: None, scope: Vec::new(), loops: 0 };
        finder.expression(e);
        finder.first
    }
}

impl Walk for Finder {
    fn scope(&mut self) -> &mut Vec<String> {
        &mut self.scope
    }

    fn expression(&mut self, e: &Expr) {
        if !matches!(e.kind, ExprKind::Closure(..)) {
            self.parts(e);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        let exit = match statement.kind {
            StmtKind::Break if self.loops == 0 => Some(Exit::Break),
            StmtKind::Continue if self.loops == 0 => Some(Exit::Continue),
            StmtKind::Return(_) => Some(Exit::Return),
            _ => None,
        };
        self.first = self.first.or(exit.map(|exit| (exit, statement.span)));
        let inner = matches!(statement.kind, StmtKind::For { .. } | StmtKind::While { .. });
        self.loops += usize::from(inner);
        self.parts_of(statement);
        self.loops -= usize::from(inner);
    }
}
