//! Random syntax trees from a seed: everything that the grammar can give, and nothing else. Places are all the same.

use crate::seeded::Seeded;
use smpcc_core::source::{FileId, Span};
use smpcc_core::syntax::ast::*;

/// The place of everything.
pub(crate) const NOWHERE: Span = Span { file: FileId(0), start: 0, end: 0 };

/// A random program.
pub(crate) fn module(seed: u64) -> Module {
    let mut random = Random { seeded: Seeded::new(seed), left: 40 + seed as usize % 400 };
    let items = (0..1 + random.seeded.below(8)).map(|_| random.item()).collect();
    Module { items, lost: Vec::new() }
}

struct Random {
    seeded: Seeded,
    /// Nodes that may still be made; afterwards everything is a leaf.
    left: usize,
}

const NAMES: [&str; 14] = [
    "x",
    "y",
    "a_rather_long_name_of_a_column",
    "total",
    "xs",
    "T",
    "N",
    "ROWS",
    "from",
    "to",
    "each",
    "all",
    "under",
    "_z9",
];
const ROLES: [&str; 3] = ["Acme", "Globex", "A_role_with_a_rather_long_name"];

impl Random {
    fn chance(&mut self, percent: u64) -> bool {
        self.seeded.chance(percent)
    }

    /// Whether something may have more parts.
    fn more(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    fn some<T>(&mut self, least: usize, most: usize, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let most = if self.more() { most } else { least };
        (0..least + self.seeded.below(most - least + 1)).map(|_| one(self)).collect()
    }

    fn maybe<T>(&mut self, one: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.chance(40) && self.more()).then(|| one(self))
    }

    fn name(&mut self) -> Name {
        Name { text: self.seeded.pick(&NAMES).to_owned(), span: NOWHERE }
    }

    fn role_name(&mut self) -> Name {
        Name { text: self.seeded.pick(&ROLES).to_owned(), span: NOWHERE }
    }

    fn role(&mut self) -> RoleRef {
        RoleRef { name: self.role_name(), index: self.maybe(Self::expr), span: NOWHERE }
    }

    fn secrecy(&mut self) -> Secrecy {
        if self.chance(70) { Secrecy::Secret } else { Secrecy::Public }
    }

    fn item(&mut self) -> Item {
        let attributes = if self.chance(20) { self.some(1, 2, Self::attribute) } else { Vec::new() };
        let kind = match self.seeded.below(12) {
            0 => ItemKind::Party(self.some(1, 9, |r| Party { name: r.name(), count: r.maybe(Self::expr) })),
            1 => ItemKind::Input(Input {
                name: self.name(),
                secrecy: self.maybe(|r| (r.secrecy(), NOWHERE)),
                ty: self.plain_type(),
                each: self.chance(30),
                role: self.role(),
            }),
            2 => ItemKind::Param { name: self.name(), ty: self.ty(), value: self.expr() },
            3 => ItemKind::Const { name: self.name(), ty: self.maybe(Self::ty), value: self.expr() },
            4 => ItemKind::Struct(Struct {
                name: self.name(),
                generics: self.generics(),
                fields: self.some(0, 4, |r| Field {
                    attributes: if r.chance(20) { r.some(1, 2, Self::attribute) } else { Vec::new() },
                    name: r.name(),
                    ty: r.ty(),
                }),
            }),
            5 => ItemKind::Enum { name: self.name(), variants: self.some(0, 9, Self::name) },
            6 => ItemKind::Use(Use {
                path: self.some(1, 3, Self::name),
                what: if self.chance(30) { UseWhat::All(NOWHERE) } else { UseWhat::Names(self.some(0, 9, Self::name)) },
            }),
            7 => ItemKind::Circuit {
                name: self.name(),
                file: "aes_128.txt".to_owned(),
                params: self.some(0, 3, Self::ty),
                result: self.ty(),
            },
            8 => ItemKind::Policy { name: self.name(), settings: self.some(0, 4, |r| (r.name(), r.expr())) },
            _ => ItemKind::Fn(Fn {
                name: self.name(),
                generics: self.generics(),
                params: self.some(0, 4, |r| Param { name: r.name(), ty: r.ty() }),
                result: self.maybe(Self::ty),
                body: self.block(),
            }),
        };
        Item { docs: Vec::new(), attributes, kind, span: NOWHERE }
    }

    fn attribute(&mut self) -> Attribute {
        let arguments = self.some(0, 2, |r| (r.name(), r.maybe(Self::expr)));
        Attribute { name: self.name(), arguments, span: NOWHERE }
    }

    fn generics(&mut self) -> Vec<Generic> {
        self.some(0, 3, |r| Generic {
            name: r.name(),
            kind: if r.chance(50) { GenericKind::Const } else { GenericKind::Type(r.maybe(Self::name)) },
        })
    }

    fn ty(&mut self) -> Type {
        let of = self.plain_type();
        if self.chance(40) {
            return Type { kind: TypeKind::With(self.secrecy(), Box::new(of)), span: NOWHERE };
        }
        of
    }

    fn plain_type(&mut self) -> Type {
        let kind = match self.seeded.below(10) {
            0 | 1 if self.more() => self.array_type(),
            2 if self.more() => TypeKind::Tuple(self.some(0, 3, Self::ty)),
            3 if self.more() => TypeKind::Maybe(Box::new(self.plain_type())),
            4 if self.more() => TypeKind::Fn(self.some(0, 3, Self::ty), Box::new(self.plain_type())),
            _ => {
                let range = self.maybe(|r| Box::new(RangeBound { lo: r.bound(), hi: r.bound(), span: NOWHERE }));
                TypeKind::Named { name: self.name(), args: self.type_args(), range }
            }
        };
        Type { kind, span: NOWHERE }
    }

    fn array_type(&mut self) -> TypeKind {
        let element = Box::new(self.ty());
        let extents =
            self.some(1, 3, |r| if r.chance(20) { Extent::AtMost(r.expr()) } else { Extent::Exact(r.expr()) });
        TypeKind::Array { element, extents }
    }

    /// A type behind `as`.
    fn cast_type(&mut self) -> Type {
        let kind = match self.seeded.below(5) {
            0 => self.array_type(),
            1 => TypeKind::Tuple(self.some(0, 3, Self::ty)),
            // `<` opens arguments behind a word that is never a keyword.
            2 => TypeKind::Named { name: self.role_name(), args: self.type_args(), range: None },
            _ => TypeKind::Named { name: self.name(), args: Vec::new(), range: None },
        };
        Type { kind, span: NOWHERE }
    }

    fn type_args(&mut self) -> Vec<TypeArg> {
        if !self.chance(25) {
            return Vec::new();
        }
        self.some(1, 2, |r| match r.seeded.below(3) {
            0 => TypeArg::Type(r.plain_type()),
            1 => TypeArg::Const(r.number()),
            _ => TypeArg::Const(r.expr()),
        })
    }

    fn block(&mut self) -> Block {
        let statements = self.some(0, 4, Self::statement);
        let value = self.maybe(|r| Box::new(r.expr()));
        Block { statements, value, span: NOWHERE }
    }

    fn statement(&mut self) -> Stmt {
        let kind = match self.seeded.below(12) {
            0..=2 => StmtKind::Let {
                mutable: self.chance(40),
                pattern: self.pattern(),
                ty: self.maybe(Self::ty),
                value: self.expr(),
            },
            3 | 4 => {
                use BinaryOp::{Add, BitAnd, BitOr, BitXor, Div, Mul, Rem, Shl, Shr, Sub};
                let ops = [Add, Sub, Mul, Div, Rem, BitAnd, BitXor, BitOr, Shl, Shr];
                let op = self.chance(50).then(|| self.seeded.pick(&ops));
                StmtKind::Assign { place: self.expr(), op, value: self.expr() }
            }
            5 => StmtKind::For {
                pattern: self.pattern(),
                source: self.expr(),
                condition: self.maybe(Self::expr),
                body: self.block(),
            },
            6 => StmtKind::While { condition: self.expr(), body: self.block() },
            7 => [StmtKind::Break, StmtKind::Continue][self.seeded.below(2_usize)].clone(),
            8 => StmtKind::Return(self.maybe(Self::expr)),
            9 => StmtKind::Output(Output {
                name: self.name(),
                value: self.maybe(Self::expr),
                policy: self.maybe(|r| (r.name(), r.expr())),
                to: match self.seeded.below(3) {
                    0 => Receivers::All,
                    1 => Receivers::Each(self.name()),
                    _ => Receivers::Roles(self.some(1, 3, Self::role)),
                },
            }),
            _ => StmtKind::Expr(self.expr()),
        };
        Stmt { kind, span: NOWHERE }
    }

    fn pattern(&mut self) -> Pattern {
        match self.seeded.below(8) {
            0 => Pattern::Wild(NOWHERE),
            1 if self.more() => Pattern::Tuple(self.some(0, 3, Self::pattern), NOWHERE),
            _ => Pattern::Name(self.name()),
        }
    }

    fn leaf(&mut self) -> Expr {
        let kind = match self.seeded.below(8) {
            0 => return self.number(),
            1 => ExprKind::Fix(Some(Decimal { digits: self.seeded.below(100_000), scale: self.seeded.below(9) - 2 })),
            2 => ExprKind::Bool(self.chance(50)),
            3 => ExprKind::Str("a text with // and é".to_owned()),
            _ => ExprKind::Path { path: self.some(1, 2, Self::name), args: self.type_args() },
        };
        Expr { kind, span: NOWHERE }
    }

    fn number(&mut self) -> Expr {
        let most = self.seeded.pick(&[10_u64, 1_000, 1 << 40]);
        Expr { kind: ExprKind::Int(Some(self.seeded.below(most).into())), span: NOWHERE }
    }

    /// A bound of a range or a pattern.
    fn bound(&mut self) -> Expr {
        let e = if self.chance(80) { self.number() } else { self.expr() };
        if self.chance(20) { Expr { kind: ExprKind::Unary(UnaryOp::Neg, Box::new(e)), span: NOWHERE } } else { e }
    }

    fn boxed(&mut self) -> Box<Expr> {
        Box::new(self.expr())
    }

    fn expr(&mut self) -> Expr {
        if !self.more() || self.chance(30) {
            return self.leaf();
        }
        let kind = match self.seeded.below(20) {
            0 => ExprKind::Unary(if self.chance(50) { UnaryOp::Neg } else { UnaryOp::Not }, self.boxed()),
            1..=4 => {
                ExprKind::Binary { op: self.operator(), op_span: NOWHERE, left: self.boxed(), right: self.boxed() }
            }
            5 => ExprKind::As(self.boxed(), self.cast_type()),
            6 => ExprKind::Range { from: Some(self.boxed()), to: Some(self.boxed()), inclusive: self.chance(50) },
            7 | 8 => {
                let path = if self.chance(20) {
                    vec![Name { text: "secret".to_owned(), span: NOWHERE }]
                } else {
                    self.some(1, 3, Self::name)
                };
                let args = if path[0].text == "secret" { Vec::new() } else { self.type_args() };
                let callee = Box::new(Expr { kind: ExprKind::Path { path, args }, span: NOWHERE });
                ExprKind::Call { callee, args: self.arguments() }
            }
            9 => ExprKind::Method { receiver: self.boxed(), name: self.name(), args: self.arguments() },
            10 => ExprKind::Field(self.boxed(), self.name()),
            11 => ExprKind::TupleIndex(self.boxed(), self.seeded.below(12), NOWHERE),
            12 => ExprKind::Index(self.boxed(), self.some(1, 3, Self::position)),
            13 => ExprKind::Array(self.some(0, 9, Self::expr)),
            14 => ExprKind::Repeat(self.boxed(), self.some(1, 2, Self::expr)),
            15 => ExprKind::Comprehension {
                element: self.boxed(),
                pattern: self.pattern(),
                source: self.boxed(),
                filter: self.maybe(Self::boxed),
            },
            16 => ExprKind::Tuple(self.some(0, 3, Self::expr)),
            17 => ExprKind::Struct {
                name: self.name(),
                fields: self.some(0, 3, |r| (r.name(), r.maybe(Self::expr))),
                base: self.maybe(Self::boxed),
            },
            18 => self.choice(),
            _ if self.chance(50) => ExprKind::Block(self.block()),
            _ => ExprKind::Match(
                self.boxed(),
                self.some(0, 3, |r| Arm { patterns: r.some(1, 3, Self::arm_pattern), value: r.expr() }),
            ),
        };
        Expr { kind, span: NOWHERE }
    }

    fn choice(&mut self) -> ExprKind {
        let otherwise = self.maybe(|r| {
            let kind = if r.chance(25) { r.choice() } else { ExprKind::Block(r.block()) };
            Box::new(Expr { kind, span: NOWHERE })
        });
        ExprKind::If { condition: self.boxed(), then: self.block(), otherwise }
    }

    fn arm_pattern(&mut self) -> Expr {
        let kind = match self.seeded.below(4) {
            0 => {
                let name = Name { text: "_".to_owned(), span: NOWHERE };
                ExprKind::Path { path: vec![name], args: Vec::new() }
            }
            1 => ExprKind::Range {
                from: Some(Box::new(self.bound())),
                to: Some(Box::new(self.bound())),
                inclusive: true,
            },
            _ => return self.bound(),
        };
        Expr { kind, span: NOWHERE }
    }

    fn arguments(&mut self) -> Vec<Expr> {
        self.some(0, 4, |r| {
            if !r.chance(15) {
                return r.expr();
            }
            let params = r.some(0, 2, Self::pattern);
            Expr { kind: ExprKind::Closure(params, r.boxed()), span: NOWHERE }
        })
    }

    fn position(&mut self) -> Expr {
        if !self.chance(30) {
            return self.expr();
        }
        let (from, to) = (self.maybe(Self::boxed), self.maybe(Self::boxed));
        let inclusive = to.is_some() && from.is_none() && self.chance(50);
        Expr { kind: ExprKind::Range { from, to, inclusive }, span: NOWHERE }
    }

    fn operator(&mut self) -> BinaryOp {
        use BinaryOp::*;
        let ops = [
            Add, Sub, Mul, Div, Rem, Concat, Shl, Shr, BitAnd, BitXor, BitOr, Eq, Ne, Lt, Le, Gt, Ge, And, Or, Add,
            And, Mul,
        ];
        self.seeded.pick(&ops)
    }
}
