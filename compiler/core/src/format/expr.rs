//! Expressions.

use super::cursor::{Cursor, Sep};
use super::doc::Doc;
use super::types::comma;
use crate::syntax::ast::{Arm, BinaryOp, Block, Expr, ExprKind, Name, Pattern, TypeArg};
use crate::syntax::token::Token;

/// Widest that `if c { a } else { b }` may be on one line.
const SHORT_IF: usize = 60;

impl Cursor<'_> {
    pub(super) fn expr(&mut self, e: &Expr) {
        let own = usize::from(matches!(e.kind, ExprKind::Tuple(_)));
        let pairs = self.parentheses(e.span.start, e.span.end).saturating_sub(own);
        self.in_parentheses(pairs, e);
    }

    fn in_parentheses(&mut self, pairs: usize, e: &Expr) {
        if pairs == 0 {
            return self.bare(e);
        }
        self.token();
        self.group(|c| {
            c.nest_until(Sep::Soft, |c| {
                c.sep(Sep::Soft);
                c.in_parentheses(pairs - 1, e);
            });
            c.token();
        });
    }

    /// An expression without the parentheses around it.
    fn bare(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Int(_)
            | ExprKind::Word(_)
            | ExprKind::Fix(_)
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::Error => {
                self.token();
            }
            ExprKind::Path { path, args } => self.path(path, args),
            ExprKind::Unary(_, of) => {
                self.token();
                self.expr(of);
            }
            ExprKind::Binary { .. } => self.chain(e),
            ExprKind::As(of, ty) => {
                self.expr(of);
                self.sep(Sep::Space);
                self.token();
                self.sep(Sep::Space);
                self.ty(ty);
            }
            ExprKind::Range { from, to, .. } => {
                from.iter().for_each(|from| self.expr(from));
                self.token();
                to.iter().for_each(|to| self.expr(to));
            }
            ExprKind::Call { callee, args } => {
                self.expr(callee);
                self.arguments(args);
            }
            ExprKind::Method { .. } | ExprKind::Field(..) | ExprKind::TupleIndex(..) | ExprKind::Index(..) => {
                self.postfix(e);
            }
            ExprKind::Array(items) if items.iter().all(|item| self.is_short(item.span.start, item.span.end)) => {
                self.filled(items, Self::expr);
            }
            ExprKind::Array(items) => self.list(items, Sep::Soft, Self::expr),
            ExprKind::Repeat(of, counts) => self.bracketed(|c| {
                c.expr(of);
                c.end_token();
                for (i, count) in counts.iter().enumerate() {
                    c.sep(Sep::Line);
                    c.expr(count);
                    c.comma((i + 1 < counts.len()).then(comma));
                }
            }),
            ExprKind::Comprehension { element, pattern, source, filter } => self.bracketed(|c| {
                c.expr(element);
                c.sep(Sep::Line);
                c.token();
                c.sep(Sep::Space);
                c.pattern(pattern);
                c.sep(Sep::Space);
                c.token();
                c.sep(Sep::Space);
                c.expr(source);
                if let Some(filter) = filter {
                    c.sep(Sep::Line);
                    c.token();
                    c.sep(Sep::Space);
                    c.expr(filter);
                }
            }),
            ExprKind::Tuple(items) => self.tuple(items, Self::expr),
            ExprKind::Struct { fields, base, .. } => self.record(fields, base.as_deref()),
            ExprKind::If { condition, then, otherwise } => self.choice(condition, then, otherwise.as_deref()),
            ExprKind::Match(of, arms) => {
                self.token();
                self.sep(Sep::Space);
                self.expr(of);
                self.sep(Sep::Space);
                self.lines(arms, Self::arm);
            }
            ExprKind::Block(block) => match only_value(block) {
                Some(value) => self.group(|c| c.value_block(value)),
                None => self.block(block),
            },
            ExprKind::Closure(params, body) => self.closure(params, body),
        }
    }

    /// What stands in `[…]`, on one line or in lines of its own.
    fn bracketed(&mut self, run: impl FnOnce(&mut Self)) {
        self.token();
        self.group(|c| {
            c.nest_until(Sep::Soft, |c| {
                c.sep(Sep::Soft);
                run(c);
            });
            c.token();
        });
    }

    fn path(&mut self, path: &[Name], args: &[TypeArg]) {
        self.tokens(2 * path.len() - 1);
        if self.at(&Token::PathSep) {
            self.token();
            self.list(args, Sep::Soft, Self::type_arg);
        }
    }

    /// Operators of one precedence: all on one line, or each at the start of a line.
    fn chain(&mut self, e: &Expr) {
        let mut right = Vec::new();
        let mut first = e;
        while let ExprKind::Binary { op, left, right: operand, .. } = &first.kind
            && (right.is_empty() || level(*op) == operator_level(e) && !self.is_parenthesised(first))
        {
            right.push(&**operand);
            first = left;
        }
        self.group(|c| {
            c.expr(first);
            c.nest(|c| {
                for operand in right.iter().rev() {
                    c.sep(Sep::Line);
                    c.token();
                    c.sep(Sep::Space);
                    c.expr(operand);
                }
            });
        });
    }

    fn is_parenthesised(&self, e: &Expr) -> bool {
        self.parentheses(e.span.start, e.span.end) > usize::from(matches!(e.kind, ExprKind::Tuple(_)))
    }

    /// Fields, indices and calls of methods; from two calls on each may start a line.
    fn postfix(&mut self, e: &Expr) {
        let mut links = Vec::new();
        let mut first = e;
        while let ExprKind::Method { receiver: of, .. }
        | ExprKind::Field(of, _)
        | ExprKind::TupleIndex(of, ..)
        | ExprKind::Index(of, _) = &first.kind
            && (links.is_empty() || !self.is_parenthesised(first))
        {
            links.push(first);
            first = of;
        }
        let calls = links.iter().filter(|link| matches!(link.kind, ExprKind::Method { .. })).count();
        self.group(|c| {
            c.expr(first);
            let each = |c: &mut Self| links.iter().rev().for_each(|link| c.link(first, link, calls > 1));
            if calls > 1 { c.nest(each) } else { each(c) }
        });
    }

    /// `.name`, `.0`, `.name(…)` or `[…]`.
    fn link(&mut self, first: &Expr, link: &Expr, may_break: bool) {
        match &link.kind {
            ExprKind::Method { args, .. } => {
                self.sep(if may_break { Sep::Soft } else { Sep::None });
                self.tokens(2);
                self.arguments(args);
            }
            ExprKind::Index(_, positions) => self.list(positions, Sep::Soft, Self::expr),
            _ => {
                // `1.0` would be a number.
                let number = matches!(first.kind, ExprKind::Int(_)) && matches!(link.kind, ExprKind::TupleIndex(..));
                self.sep(if number { Sep::Space } else { Sep::None });
                self.tokens(2);
            }
        }
    }

    /// Arguments in parentheses. What has brackets of its own and stands last or alone breaks at them.
    fn arguments(&mut self, args: &[Expr]) {
        let own = match args {
            [.., Expr { kind: ExprKind::Closure(_, body), .. }] => {
                matches!(&body.kind, ExprKind::Block(block) if only_value(block).is_none() && !self.is_parenthesised(body))
            }
            [only] => {
                let brackets = matches!(
                    only.kind,
                    ExprKind::Array(_) | ExprKind::Struct { .. } | ExprKind::Comprehension { .. } | ExprKind::Match(..)
                );
                brackets && !self.is_parenthesised(only)
            }
            _ => false,
        };
        if !own {
            return self.list(args, Sep::Soft, Self::expr);
        }
        self.token();
        for (i, arg) in args.iter().enumerate() {
            self.sep(if i == 0 { Sep::None } else { Sep::Space });
            self.expr(arg);
            self.comma((i + 1 < args.len()).then(comma));
        }
        self.sep(Sep::None);
        self.token();
    }

    fn record(&mut self, fields: &[(Name, Option<Expr>)], base: Option<&Expr>) {
        let field = |c: &mut Self, (_, value): &(Name, Option<Expr>)| {
            c.token();
            if let Some(value) = value {
                c.token();
                c.sep(Sep::Space);
                c.expr(value);
            }
        };
        self.token();
        self.sep(Sep::Space);
        let Some(base) = base else { return self.list(fields, Sep::Line, field) };
        self.token();
        self.group(|c| {
            c.nest_until(Sep::Line, |c| {
                for one in fields {
                    c.sep(Sep::Line);
                    field(c, one);
                    c.comma(Some(comma()));
                }
                c.sep(Sep::Line);
                c.token();
                c.expr(base);
            });
            c.token();
        });
    }

    /// An `if` that is a value: on one line if it is short and both sides are values.
    fn choice(&mut self, condition: &Expr, then: &Block, otherwise: Option<&Expr>) {
        let simple = |block| {
            let block_like =
                |e: &Expr| matches!(e.kind, ExprKind::If { .. } | ExprKind::Match(..) | ExprKind::Block(_));
            only_value(block).filter(|value| !block_like(value))
        };
        let other = match otherwise.map(|other| &other.kind) {
            Some(ExprKind::Block(block)) => simple(block),
            _ => None,
        };
        let (Some(then_value), Some(other)) = (simple(then), other) else {
            return self.branches(condition, then, otherwise);
        };
        self.group_within(SHORT_IF, |c| {
            c.token();
            c.sep(Sep::Space);
            c.expr(condition);
            c.sep(Sep::Space);
            c.value_block(then_value);
            c.sep(Sep::Space);
            c.token();
            c.sep(Sep::Space);
            c.value_block(other);
        });
    }

    /// An `if` with its blocks in lines of their own.
    pub(super) fn branches(&mut self, condition: &Expr, then: &Block, otherwise: Option<&Expr>) {
        let (mut condition, mut then, mut otherwise) = (condition, then, otherwise);
        loop {
            self.token();
            self.sep(Sep::Space);
            self.expr(condition);
            self.sep(Sep::Space);
            self.block(then);
            let Some(other) = otherwise else { return };
            self.sep(Sep::Space);
            self.token();
            self.sep(Sep::Space);
            match &other.kind {
                ExprKind::If { condition: c, then: t, otherwise: o } => {
                    (condition, then, otherwise) = (c, t, o.as_deref());
                }
                ExprKind::Block(block) => return self.block(block),
                _ => return self.expr(other),
            }
        }
    }

    fn arm(&mut self, arm: &Arm) {
        self.group(|c| {
            for (i, pattern) in arm.patterns.iter().enumerate() {
                if i > 0 {
                    c.sep(Sep::Line);
                    c.token();
                    c.sep(Sep::Space);
                }
                match &pattern.kind {
                    ExprKind::Range { from: Some(from), to: Some(to), .. }
                        if c.offset() == pattern.span.start as usize =>
                    {
                        c.bound(from);
                        c.token();
                        c.bound(to);
                    }
                    _ => c.bound(pattern),
                }
            }
        });
        self.sep(Sep::Space);
        self.token();
        self.sep(Sep::Space);
        self.expr(&arm.value);
    }

    fn closure(&mut self, params: &[Pattern], body: &Expr) {
        self.token();
        for (i, param) in params.iter().enumerate() {
            self.sep(if i == 0 { Sep::None } else { Sep::Space });
            self.pattern(param);
            self.comma((i + 1 < params.len()).then(|| Doc::Text(",".to_owned())));
        }
        // `||` would be the operator.
        self.sep(if params.is_empty() { Sep::Space } else { Sep::None });
        self.token();
        self.sep(Sep::Space);
        self.expr(body);
    }
}

/// The value of a block that is nothing else.
fn only_value(block: &Block) -> Option<&Expr> {
    block.value.as_deref().filter(|_| block.statements.is_empty())
}

fn operator_level(e: &Expr) -> Option<u8> {
    match &e.kind {
        ExprKind::Binary { op, .. } => level(*op),
        _ => None,
    }
}

/// How tightly an operator binds.
fn level(op: BinaryOp) -> Option<u8> {
    Some(match op {
        BinaryOp::Or => 0,
        BinaryOp::And => 1,
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => 2,
        BinaryOp::BitOr => 3,
        BinaryOp::BitXor => 4,
        BinaryOp::BitAnd => 5,
        BinaryOp::Shl | BinaryOp::Shr => 6,
        BinaryOp::Concat => 7,
        BinaryOp::Add | BinaryOp::Sub => 8,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => 9,
    })
}
