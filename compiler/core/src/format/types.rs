//! Types, patterns and what both have in common with items: lists.

use super::cursor::{Blank, Cursor, Sep};
use super::doc::Doc;
use crate::syntax::ast::{Expr, ExprKind, Extent, Pattern, RangeBound, Type, TypeArg, TypeKind};
use crate::syntax::token::Token;

impl Cursor<'_> {
    /// A list from its opening to its closing token: on one line, or one element a line. `edge` stands inside the brackets on one line.
    pub(super) fn list<T>(&mut self, items: &[T], edge: Sep, each: impl Fn(&mut Self, &T)) {
        self.token();
        if items.is_empty() {
            return self.empty();
        }
        self.group(|c| {
            c.nest_until(edge, |c| {
                for (i, item) in items.iter().enumerate() {
                    let (sep, blank) = if i == 0 { (edge, Blank::Start) } else { (Sep::Line, Blank::Keep) };
                    c.sep_keeping(sep, blank);
                    each(c, item);
                    c.comma(Some(if i + 1 == items.len() { Doc::IfBroken(",") } else { comma() }));
                }
            });
            c.token();
        });
    }

    /// A list of short elements: as many on a line as fit.
    pub(super) fn filled<T>(&mut self, items: &[T], each: impl Fn(&mut Self, &T)) {
        self.token();
        if items.is_empty() {
            return self.empty();
        }
        self.group(|c| {
            c.nest_until(Sep::Soft, |c| {
                for (i, item) in items.iter().enumerate() {
                    let last = i + 1 == items.len();
                    let element = |c: &mut Self| {
                        c.sep(if i == 0 { Sep::Soft } else { Sep::Line });
                        each(c, item);
                        if !last {
                            c.comma(Some(comma()));
                        }
                    };
                    // The first line breaks with the brackets.
                    if i == 0 {
                        element(c)
                    } else {
                        c.group(element)
                    }
                    if last {
                        c.comma(Some(Doc::IfBroken(",")));
                    }
                }
            });
            c.token();
        });
    }

    /// A list in braces, always one element a line.
    pub(super) fn lines<T>(&mut self, items: &[T], each: impl Fn(&mut Self, &T)) {
        self.token();
        if items.is_empty() {
            return self.empty();
        }
        self.nest_until(Sep::Hard, |c| {
            for (i, item) in items.iter().enumerate() {
                c.sep_keeping(Sep::Hard, if i == 0 { Blank::Start } else { Blank::Keep });
                each(c, item);
                c.comma(Some(comma()));
            }
        });
        self.token();
    }

    /// The end of an empty list or block.
    pub(super) fn empty(&mut self) {
        if self.comments_come() {
            self.nest_until(Sep::Hard, |c| c.sep_keeping(Sep::None, Blank::Start));
        }
        self.token();
    }

    /// A list in parentheses; one of a single element keeps its comma.
    pub(super) fn tuple<T>(&mut self, items: &[T], each: impl Fn(&mut Self, &T)) {
        let [only] = items else { return self.list(items, Sep::Soft, each) };
        self.token();
        self.group(|c| {
            c.nest_until(Sep::Soft, |c| {
                c.sep(Sep::Soft);
                each(c, only);
                let written = c.at(&Token::Comma).then(comma);
                c.comma(written);
            });
            c.token();
        });
    }

    pub(super) fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Named { args, range, .. } => {
                self.token();
                if self.at(&Token::Lt) || self.at(&Token::TypeLt) {
                    // `bits<8>` stays on one line.
                    match args.as_slice() {
                        [only @ TypeArg::Const(_)] => {
                            self.token();
                            self.type_arg(only);
                            self.comma(None);
                            self.token();
                        }
                        _ => self.list(args, Sep::Soft, Self::type_arg),
                    }
                }
                if let Some(range) = range {
                    self.sep(Sep::Space);
                    self.token();
                    self.sep(Sep::Space);
                    self.range_bound(range);
                }
            }
            // A short type is not broken: what stands around it is, such as the parameters before a result.
            TypeKind::Array { element, extents } if matches!(element.kind, TypeKind::Named { .. }) => {
                self.token();
                self.ty(element);
                self.end_token();
                for (i, extent) in extents.iter().enumerate() {
                    self.sep(Sep::Space);
                    self.extent(extent);
                    self.comma((i + 1 < extents.len()).then(comma));
                }
                self.token();
            }
            TypeKind::Array { element, extents } => {
                self.token();
                self.group(|c| {
                    c.nest_until(Sep::Soft, |c| {
                        c.sep(Sep::Soft);
                        c.ty(element);
                        c.end_token();
                        for (i, extent) in extents.iter().enumerate() {
                            c.sep(Sep::Line);
                            c.extent(extent);
                            c.comma((i + 1 < extents.len()).then(comma));
                        }
                    });
                    c.token();
                });
            }
            TypeKind::Tuple(types) => self.tuple(types, Self::ty),
            TypeKind::Maybe(of) | TypeKind::With(_, of) => {
                self.token();
                self.sep(Sep::Space);
                self.ty(of);
            }
            TypeKind::Fn(params, result) => {
                self.token();
                self.list(params, Sep::Soft, Self::ty);
                self.result(result);
            }
        }
    }

    /// `-> T`
    pub(super) fn result(&mut self, result: &Type) {
        self.sep(Sep::Space);
        self.token();
        self.sep(Sep::Space);
        self.ty(result);
    }

    pub(super) fn type_arg(&mut self, arg: &TypeArg) {
        match arg {
            TypeArg::Type(ty) => self.ty(ty),
            TypeArg::Const(e) if self.at(&Token::LBrace) => {
                self.token();
                self.expr(e);
                self.token();
            }
            TypeArg::Const(e) => self.expr(e),
        }
    }

    fn extent(&mut self, extent: &Extent) {
        match extent {
            Extent::Exact(e) => self.expr(e),
            Extent::AtMost(e) => {
                self.token();
                self.expr(e);
            }
        }
    }

    fn range_bound(&mut self, range: &RangeBound) {
        self.bound(&range.lo);
        self.token();
        self.bound(&range.hi);
    }

    /// A bound of a range: its parentheses are not part of the expression.
    pub(super) fn bound(&mut self, e: &Expr) {
        match &e.kind {
            _ if self.offset() < e.span.start as usize => {
                self.token();
                self.expr(e);
                self.token();
            }
            ExprKind::Unary(_, of) => {
                self.token();
                self.bound(of);
            }
            _ => self.expr(e),
        }
    }

    pub(super) fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Name(_) | Pattern::Wild(_) => self.token(),
            Pattern::Tuple(parts, _) => self.tuple(parts, Self::pattern),
        }
    }
}

/// A comma.
pub(super) fn comma() -> Doc {
    Doc::Text(",".to_owned())
}
