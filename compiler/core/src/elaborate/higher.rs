//! `map fold scan filter`, and `any all` with a condition: functions that take functions. Each is a piece of the language around a call of the given
//! function, so that it means, and costs, what that piece does.

use super::callable::Callable;
use super::value::Value;
use super::{Elaborator, Outcome};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, Block, Expr, ExprKind, Name, Pattern, Stmt, StmtKind};
use std::rc::Rc;

/// Names that no program can write.
const XS: &str = "#xs";
const X: &str = "#x";
const F: &str = "#f";
const ACC: &str = "#acc";
const OUT: &str = "#out";
const AT: &str = "#at";

/// Says that a function may be applied in any grouping.
const ASSOCIATIVE: &str = "associative";

/// Whether an expression is that word alone.
fn is_word(expression: &Expr, word: &str) -> bool {
    matches!(&expression.kind, ExprKind::Path { path, args } if args.is_empty() && path.len() == 1 && path[0].text == word)
}

/// A piece of syntax at one place.
struct Make(Span);

impl Make {
    fn name(&self, text: &str) -> Name {
        Name { text: text.to_owned(), span: self.0 }
    }

    fn expr(&self, kind: ExprKind) -> Expr {
        Expr { kind, span: self.0 }
    }

    fn read(&self, text: &str) -> Expr {
        self.expr(ExprKind::Path { path: vec![self.name(text)], args: Vec::new() })
    }

    fn call(&self, function: &str, args: Vec<Expr>) -> Expr {
        self.expr(ExprKind::Call { callee: Box::new(self.read(function)), args })
    }

    fn index(&self, of: &str, at: Expr) -> Expr {
        self.expr(ExprKind::Index(Box::new(self.read(of)), vec![at]))
    }

    fn comprehension(&self, element: Expr, filter: Option<Expr>) -> Expr {
        self.expr(ExprKind::Comprehension {
            element: Box::new(element),
            pattern: Pattern::Name(self.name(X)),
            source: Box::new(self.read(XS)),
            filter: filter.map(Box::new),
        })
    }

    fn statement(&self, kind: StmtKind) -> Stmt {
        Stmt { kind, span: self.0 }
    }

    fn variable(&self, name: &str, value: Expr) -> Stmt {
        self.statement(StmtKind::Let { mutable: true, pattern: Pattern::Name(self.name(name)), ty: None, value })
    }

    fn assign(&self, place: Expr, value: Expr) -> Stmt {
        self.statement(StmtKind::Assign { place, op: None, value })
    }

    fn block(&self, statements: Vec<Stmt>, value: Expr) -> Expr {
        self.expr(ExprKind::Block(Block { statements, value: Some(Box::new(value)), span: self.0 }))
    }

    fn number(&self, number: u64) -> Expr {
        self.expr(ExprKind::Int(Some(number.into())))
    }

    fn binary(&self, op: BinaryOp, left: Expr, right: Expr) -> Expr {
        self.expr(ExprKind::Binary { op, op_span: self.0, left: Box::new(left), right: Box::new(right) })
    }

    /// Neighbours joined in pairs until one is left, and the start with that:
    /// `{ let xs = [f(xs[2 * at], xs[2 * at + 1]) for at in 0..len / 2] ++ xs[len - len % 2..]; …; f(acc, xs[0]) }`
    fn tree(&self, mut len: u64) -> Expr {
        if len == 0 {
            return self.read(ACC);
        }
        let mut levels = Vec::new();
        while len > 1 {
            let twice = |more: u64| {
                let double = self.binary(BinaryOp::Mul, self.number(2), self.read(AT));
                self.index(XS, self.binary(BinaryOp::Add, double, self.number(more)))
            };
            let range = |from: u64, to: u64| {
                let end = |at: u64| Some(Box::new(self.number(at)));
                self.expr(ExprKind::Range { from: end(from), to: end(to), inclusive: false })
            };
            let pairs = self.expr(ExprKind::Comprehension {
                element: Box::new(self.call(F, vec![twice(0), twice(1)])),
                pattern: Pattern::Name(self.name(AT)),
                source: Box::new(range(0, len / 2)),
                filter: None,
            });
            let level = if len.is_multiple_of(2) {
                pairs
            } else {
                self.binary(BinaryOp::Concat, pairs, self.index(XS, range(len - 1, len)))
            };
            levels.push(self.variable(XS, level));
            len = len.div_ceil(2);
        }
        self.block(levels, self.call(F, vec![self.read(ACC), self.index(XS, self.number(0))]))
    }

    /// `acc = f(acc, x)`
    fn step(&self) -> Stmt {
        self.assign(self.read(ACC), self.call(F, vec![self.read(ACC), self.read(X)]))
    }
}

impl Elaborator<'_> {
    /// A call of one of these functions; `None` for any other.
    pub(super) fn higher_order(&mut self, name: &ast::Name, args: &[Expr], span: Span) -> Option<Outcome<Value>> {
        Some(match (name.text.as_str(), args) {
            ("map", [xs, f]) => {
                self.over(xs, None, f, span, |make, _| make.comprehension(make.call(F, vec![make.read(X)]), None))
            }
            ("filter", [xs, f]) => self.over(xs, None, f, span, |make, _| {
                make.comprehension(make.read(X), Some(make.call(F, vec![make.read(X)])))
            }),
            ("any" | "all", [xs, f]) => self.over(xs, None, f, span, |make, _| {
                let each = make.comprehension(make.call(F, vec![make.read(X)]), None);
                make.call(&name.text, vec![each])
            }),
            ("fold", [xs, init, f]) => self.over(xs, Some(init), f, span, |make, _| {
                let turn = make.statement(StmtKind::For {
                    pattern: Pattern::Name(make.name(X)),
                    source: make.read(XS),
                    condition: None,
                    body: Block { statements: vec![make.step()], value: None, span },
                });
                make.block(vec![turn], make.read(ACC))
            }),
            ("fold", [xs, init, f, how]) if is_word(how, ASSOCIATIVE) && self.variable(ASSOCIATIVE).is_none() => {
                self.over(xs, Some(init), f, span, |make, len| make.tree(len))
            }
            ("fold", [_, _, _, how]) => {
                let message = "the fourth argument of `fold` is the word `associative`, or there is none";
                let help = "with it `f(f(a, b), c)` has to be `f(a, f(b, c))`: then neighbours are joined in pairs, all pairs at once";
                self.error(Code::Arity, how.span, message, help)
            }
            // Of nothing the comprehension tells the type of a sum.
            ("scan", [xs, init, f]) => self.over(xs, Some(init), f, span, |make, len| {
                if len == 0 {
                    return make.comprehension(make.call(F, vec![make.read(ACC), make.read(X)]), None);
                }
                // What stands in the array before is overwritten; it says what the array holds.
                let first = make.call(F, vec![make.read(ACC), make.index(XS, make.expr(ExprKind::Int(Some(0))))]);
                let len = make.call("len", vec![make.read(XS)]);
                let out = make.variable(OUT, make.expr(ExprKind::Repeat(Box::new(first), vec![len.clone()])));
                let element = make.statement(StmtKind::Let {
                    mutable: false,
                    pattern: Pattern::Name(make.name(X)),
                    ty: None,
                    value: make.index(XS, make.read(AT)),
                });
                let write = make.assign(make.index(OUT, make.read(AT)), make.read(ACC));
                let zero = Some(Box::new(make.expr(ExprKind::Int(Some(0)))));
                let turn = make.statement(StmtKind::For {
                    pattern: Pattern::Name(make.name(AT)),
                    source: make.expr(ExprKind::Range { from: zero, to: Some(Box::new(len)), inclusive: false }),
                    condition: None,
                    body: Block { statements: vec![element, make.step(), write], value: None, span },
                });
                make.block(vec![out, turn], make.read(OUT))
            }),
            ("map" | "filter" | "fold" | "scan", _) => {
                let message = format!("`{}` does not take {} arguments", name.text, args.len());
                let usage = match name.text.as_str() {
                    "map" => "map(xs, |x| …)",
                    "filter" => "filter(xs, |x| …)",
                    "fold" => "fold(xs, start, |sum, x| …)` or `fold(xs, start, |sum, x| …, associative)",
                    _ => "scan(xs, start, |sum, x| …)",
                };
                self.error(Code::Arity, span, message, format!("write `{usage}`"))
            }
            _ => return None,
        })
    }

    /// Evaluates a piece of syntax in which the array, the start and the function have their names; it may depend on the array's length.
    fn over(
        &mut self,
        xs: &Expr,
        init: Option<&Expr>,
        f: &Expr,
        span: Span,
        piece: impl FnOnce(&Make, u64) -> Expr,
    ) -> Outcome<Value> {
        let make = Make(span);
        let array = self.expression(xs);
        let start = init.map(|init| self.expression(init)).transpose();
        let function = self.callable(f);
        let (array, start, function): (Value, Option<Value>, Rc<Callable>) = (array?, start?, function?);
        let Some(&len) = array.ty.extents().first() else {
            let message = format!("an array is expected here, and this is `{}`", array.ty);
            return self.error(Code::TypeMismatch, xs.span, message, "give it an array or a range");
        };
        let first = self.variables.len();
        self.declare(&make.name(XS), false, Some(array));
        if start.is_some() {
            self.declare(&make.name(ACC), true, start);
        }
        let at = self.declare(&make.name(F), false, None);
        self.variables[at].function = Some(function);
        let value = self.expression(&piece(&make, len));
        self.variables.truncate(first);
        value
    }
}
