//! Writes a syntax tree as tokens, with parentheses where the grammar needs them and nowhere else. Knows nothing of the formatter.

use smpcc_core::syntax::ast::*;

/// Where an expression stands: what the grammar calls "all", "head" and "stmt".
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    All,
    Head,
    Stmt,
}

impl Mode {
    /// The mode to the right of an operator.
    fn right(self) -> Self {
        if self == Self::Head { Self::Head } else { Self::All }
    }
}

/// The tokens of a program.
pub(crate) fn module(module: &Module) -> Vec<String> {
    let mut printer = Printer::default();
    module.items.iter().for_each(|item| printer.item(item));
    printer.out
}

#[derive(Default)]
struct Printer {
    out: Vec<String>,
}

const RANGE: u8 = 0;
const OR: u8 = 1;
const COMPARISON: u8 = 3;
const CAST: u8 = 11;
const UNARY: u8 = 12;
const POSTFIX: u8 = 13;

fn level(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => OR,
        BinaryOp::And => 2,
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => COMPARISON,
        BinaryOp::BitOr => 4,
        BinaryOp::BitXor => 5,
        BinaryOp::BitAnd => 6,
        BinaryOp::Shl | BinaryOp::Shr => 7,
        BinaryOp::Concat => 8,
        BinaryOp::Add | BinaryOp::Sub => 9,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => 10,
    }
}

fn is_block_like(e: &Expr) -> bool {
    matches!(e.kind, ExprKind::If { .. } | ExprKind::Block(_) | ExprKind::Match(..))
}

/// What a block takes as its value although it is a statement.
fn becomes_value(e: &Expr) -> bool {
    matches!(e.kind, ExprKind::If { otherwise: Some(_), .. } | ExprKind::Block(_) | ExprKind::Match(..))
}

/// A fixed-point literal of that value.
fn decimal(of: Decimal) -> String {
    if of.scale <= 0 {
        return format!("{}e{}", of.digits, -of.scale);
    }
    let places = of.scale as usize;
    let digits = format!("{:0>width$}", of.digits, width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    format!("{whole}.{part}")
}

impl Printer {
    fn put(&mut self, token: &str) {
        self.out.push(token.to_owned());
    }

    fn all(&mut self, tokens: &[&str]) {
        tokens.iter().for_each(|token| self.put(token));
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.put(",");
            }
            each(self, item);
        }
    }

    fn item(&mut self, item: &Item) {
        item.attributes.iter().for_each(|attribute| self.attribute(attribute));
        match &item.kind {
            ItemKind::Party(parties) => {
                self.put("party");
                self.list(parties, |p, party| {
                    p.put(&party.name.text);
                    p.member(party.count.as_ref());
                });
                self.put(";");
            }
            ItemKind::Input(input) => {
                self.all(&["input", &input.name.text, ":"]);
                if let Some((secrecy, _)) = input.secrecy {
                    self.secrecy(secrecy);
                }
                self.ty(&input.ty);
                self.put("from");
                if input.each {
                    self.put("each");
                }
                self.role(&input.role);
                self.put(";");
            }
            ItemKind::Param { name, ty, value } => {
                self.all(&["param", &name.text, ":"]);
                self.ty(ty);
                self.put("=");
                self.expr(value, RANGE, Mode::All);
                self.put(";");
            }
            ItemKind::Const { name, ty, value } => {
                self.all(&["const", &name.text]);
                self.typed(ty.as_ref());
                self.put("=");
                self.expr(value, RANGE, Mode::All);
                self.put(";");
            }
            ItemKind::Struct(of) => {
                self.all(&["struct", &of.name.text]);
                self.generics(&of.generics);
                self.put("{");
                self.list(&of.fields, |p, field| {
                    field.attributes.iter().for_each(|attribute| p.attribute(attribute));
                    p.all(&[&field.name.text, ":"]);
                    p.ty(&field.ty);
                });
                self.put("}");
            }
            ItemKind::Enum { name, variants } => {
                self.all(&["enum", &name.text, "{"]);
                self.list(variants, |p, variant| p.put(&variant.text));
                self.put("}");
            }
            ItemKind::Fn(of) => {
                self.all(&["fn", &of.name.text]);
                self.generics(&of.generics);
                self.put("(");
                self.list(&of.params, |p, param| {
                    p.all(&[&param.name.text, ":"]);
                    p.ty(&param.ty);
                });
                self.put(")");
                if let Some(result) = &of.result {
                    self.put("->");
                    self.ty(result);
                }
                self.block(&of.body);
            }
            ItemKind::Use(of) => {
                self.put("use");
                of.path.iter().for_each(|name| self.all(&[&name.text, "::"]));
                match &of.what {
                    UseWhat::All(_) => self.put("*"),
                    UseWhat::Names(names) => {
                        self.put("{");
                        self.list(names, |p, name| p.put(&name.text));
                        self.put("}");
                    }
                }
                self.put(";");
            }
            ItemKind::Circuit { name, file, params, result } => {
                self.all(&["circuit", &name.text, "(", &format!("\"{file}\""), ")", ":", "("]);
                self.list(params, Self::ty);
                self.all(&[")", "->"]);
                self.ty(result);
                self.put(";");
            }
            ItemKind::Policy { name, settings } => {
                self.all(&["policy", &name.text, "{"]);
                self.list(settings, |p, (name, value)| {
                    p.all(&[&name.text, ":"]);
                    p.expr(value, RANGE, Mode::All);
                });
                self.put("}");
            }
            ItemKind::Error => unreachable!("no random program has errors"),
        }
    }

    fn attribute(&mut self, attribute: &Attribute) {
        self.all(&["#", "[", &attribute.name.text]);
        if !attribute.arguments.is_empty() {
            self.put("(");
            self.list(&attribute.arguments, |p, (name, value)| {
                p.put(&name.text);
                if let Some(value) = value {
                    p.put("=");
                    p.expr(value, RANGE, Mode::All);
                }
            });
            self.put(")");
        }
        self.put("]");
    }

    fn member(&mut self, index: Option<&Expr>) {
        if let Some(index) = index {
            self.put("[");
            self.expr(index, RANGE, Mode::All);
            self.put("]");
        }
    }

    fn role(&mut self, role: &RoleRef) {
        self.put(&role.name.text);
        self.member(role.index.as_ref());
    }

    fn typed(&mut self, ty: Option<&Type>) {
        if let Some(ty) = ty {
            self.put(":");
            self.ty(ty);
        }
    }

    fn secrecy(&mut self, secrecy: Secrecy) {
        self.put(if secrecy == Secrecy::Secret { "secret" } else { "public" });
    }

    fn generics(&mut self, generics: &[Generic]) {
        if generics.is_empty() {
            return;
        }
        self.put("<");
        self.list(generics, |p, generic| match &generic.kind {
            GenericKind::Const => p.all(&["const", &generic.name.text]),
            GenericKind::Type(bound) => {
                p.put(&generic.name.text);
                if let Some(bound) = bound {
                    p.all(&[":", &bound.text]);
                }
            }
        });
        self.put(">");
    }

    fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Named { name, args, range } => {
                self.put(&name.text);
                self.type_args(args);
                if let Some(range) = range {
                    self.put("in");
                    self.bound(&range.lo);
                    self.put("..=");
                    self.bound(&range.hi);
                }
            }
            TypeKind::Array { element, extents } => {
                self.put("[");
                self.ty(element);
                self.put(";");
                self.list(extents, |p, extent| match extent {
                    Extent::Exact(e) => p.expr(e, OR, Mode::All),
                    Extent::AtMost(e) => {
                        p.put("..=");
                        p.expr(e, OR, Mode::All);
                    }
                });
                self.put("]");
            }
            TypeKind::Tuple(types) => {
                self.put("(");
                self.list(types, Self::ty);
                self.put(")");
            }
            TypeKind::Maybe(of) => {
                self.put("maybe");
                self.ty(of);
            }
            TypeKind::With(secrecy, of) => {
                self.secrecy(*secrecy);
                self.ty(of);
            }
            TypeKind::Fn(params, result) => {
                self.all(&["fn", "("]);
                self.list(params, Self::ty);
                self.all(&[")", "->"]);
                self.ty(result);
            }
        }
    }

    fn type_args(&mut self, args: &[TypeArg]) {
        if args.is_empty() {
            return;
        }
        self.put("<");
        self.list(args, |p, arg| match arg {
            TypeArg::Type(ty) => p.ty(ty),
            TypeArg::Const(e) if matches!(e.kind, ExprKind::Int(_)) => p.expr(e, POSTFIX, Mode::All),
            TypeArg::Const(e) => {
                p.put("{");
                p.expr(e, RANGE, Mode::All);
                p.put("}");
            }
        });
        self.put(">");
    }

    /// A bound of a range: a literal or a name, with a minus, or anything in parentheses.
    fn bound(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Unary(UnaryOp::Neg, of) => {
                self.put("-");
                self.bound_atom(of);
            }
            _ => self.bound_atom(e),
        }
    }

    fn bound_atom(&mut self, e: &Expr) {
        let bare = match &e.kind {
            ExprKind::Int(_) | ExprKind::Fix(_) | ExprKind::Bool(_) | ExprKind::Str(_) => true,
            ExprKind::Path { path, args } => path.len() == 1 && args.is_empty(),
            _ => false,
        };
        if bare {
            return self.expr(e, POSTFIX, Mode::All);
        }
        self.put("(");
        self.expr(e, RANGE, Mode::All);
        self.put(")");
    }

    fn block(&mut self, block: &Block) {
        self.put("{");
        for (i, statement) in block.statements.iter().enumerate() {
            self.statement(statement, i + 1 == block.statements.len() && block.value.is_none());
        }
        if let Some(value) = &block.value {
            if becomes_value(value) { self.block_like(value) } else { self.expr(value, RANGE, Mode::Stmt) }
        }
        self.put("}");
    }

    fn statement(&mut self, statement: &Stmt, last: bool) {
        match &statement.kind {
            StmtKind::Let { mutable, pattern, ty, value } => {
                self.put("let");
                if *mutable {
                    self.put("mut");
                }
                self.pattern(pattern);
                self.typed(ty.as_ref());
                self.put("=");
                self.expr(value, RANGE, Mode::All);
                self.put(";");
            }
            StmtKind::Assign { place, op, value } => {
                self.expr(place, RANGE, Mode::Stmt);
                let op = op.map_or(String::new(), |op| op.symbol().to_owned());
                self.put(&format!("{op}="));
                self.expr(value, RANGE, Mode::All);
                self.put(";");
            }
            StmtKind::Expr(e) if is_block_like(e) => {
                self.block_like(e);
                if last && becomes_value(e) {
                    self.put(";");
                }
            }
            StmtKind::Expr(e) => {
                self.expr(e, RANGE, Mode::Stmt);
                self.put(";");
            }
            StmtKind::For { pattern, source, condition, body } => {
                self.put("for");
                self.pattern(pattern);
                self.put("in");
                self.expr(source, RANGE, Mode::Head);
                if let Some(condition) = condition {
                    self.put("while");
                    self.expr(condition, RANGE, Mode::Head);
                }
                self.block(body);
            }
            StmtKind::While { condition, body } => {
                self.put("while");
                self.expr(condition, RANGE, Mode::Head);
                self.block(body);
            }
            StmtKind::Break => self.all(&["break", ";"]),
            StmtKind::Continue => self.all(&["continue", ";"]),
            StmtKind::Return(value) => {
                self.put("return");
                if let Some(value) = value {
                    self.expr(value, RANGE, Mode::All);
                }
                self.put(";");
            }
            StmtKind::Output(output) => {
                self.all(&["output", &output.name.text]);
                if let Some(value) = &output.value {
                    self.put("=");
                    self.expr(value, RANGE, Mode::All);
                }
                if let Some((policy, of)) = &output.policy {
                    self.all(&["under", &policy.text, "("]);
                    self.expr(of, RANGE, Mode::All);
                    self.put(")");
                }
                self.put("to");
                match &output.to {
                    Receivers::All => self.put("all"),
                    Receivers::Each(role) => self.all(&["each", &role.text]),
                    Receivers::Roles(roles) => self.list(roles, Self::role),
                }
                self.put(";");
            }
            StmtKind::Error => unreachable!("no random program has errors"),
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Name(name) => self.put(&name.text),
            Pattern::Wild(_) => self.put("_"),
            Pattern::Tuple(parts, _) => {
                self.put("(");
                self.list(parts, Self::pattern);
                self.put(")");
            }
        }
    }

    /// An expression where the grammar takes those of a level or a tighter one.
    fn expr(&mut self, e: &Expr, least: u8, mode: Mode) {
        let own = match &e.kind {
            ExprKind::Range { .. } => RANGE,
            ExprKind::Binary { op, .. } => level(*op),
            ExprKind::As(..) => CAST,
            ExprKind::Unary(..) => UNARY,
            _ => POSTFIX,
        };
        let not_here =
            mode == Mode::Stmt && is_block_like(e) || mode == Mode::Head && matches!(e.kind, ExprKind::Struct { .. });
        if own < least || not_here {
            self.put("(");
            self.bare(e, Mode::All);
            self.put(")");
        } else {
            self.bare(e, mode);
        }
    }

    fn bare(&mut self, e: &Expr, mode: Mode) {
        match &e.kind {
            ExprKind::Int(value) => self.put(&value.expect("a number").to_string()),
            ExprKind::Fix(value) => self.put(&decimal(value.expect("a number"))),
            ExprKind::Bool(value) => self.put(if *value { "true" } else { "false" }),
            ExprKind::Str(text) => self.put(&format!("\"{text}\"")),
            ExprKind::Path { path, args } => {
                for (i, name) in path.iter().enumerate() {
                    if i > 0 {
                        self.put("::");
                    }
                    self.put(&name.text);
                }
                if !args.is_empty() {
                    self.put("::");
                    self.type_args(args);
                }
            }
            ExprKind::Unary(op, of) => {
                self.put(if *op == UnaryOp::Neg { "-" } else { "!" });
                self.expr(of, UNARY, mode.right());
            }
            ExprKind::Binary { op, left, right, .. } => {
                let own = level(*op);
                let start = self.out.len();
                self.expr(left, if own == COMPARISON { own + 1 } else { own }, mode);
                // `x as T < y` would open type arguments.
                let before_last = self.out.len().checked_sub(2).map(|at| self.out[at].as_str());
                if *op == BinaryOp::Lt && before_last == Some("as") && self.out.len() - start >= 2 {
                    self.out.insert(start, "(".to_owned());
                    self.put(")");
                }
                self.put(op.symbol());
                self.expr(right, own + 1, mode.right());
            }
            ExprKind::As(of, ty) => {
                self.expr(of, CAST, mode);
                self.put("as");
                self.ty(ty);
            }
            ExprKind::Range { from, to, inclusive } => {
                if let Some(from) = from {
                    self.expr(from, OR, mode);
                }
                self.put(if *inclusive { "..=" } else { ".." });
                if let Some(to) = to {
                    self.expr(to, OR, mode.right());
                }
            }
            ExprKind::Call { callee, args } => {
                self.bare(callee, Mode::All);
                self.arguments(args);
            }
            ExprKind::Method { receiver, name, args } => {
                self.expr(receiver, POSTFIX, mode);
                self.all(&[".", &name.text]);
                self.arguments(args);
            }
            ExprKind::Field(of, name) => {
                self.expr(of, POSTFIX, mode);
                self.all(&[".", &name.text]);
            }
            ExprKind::TupleIndex(of, index, _) => {
                self.expr(of, POSTFIX, mode);
                self.all(&[".", &index.to_string()]);
            }
            ExprKind::Index(of, positions) => {
                self.expr(of, POSTFIX, mode);
                self.put("[");
                self.list(positions, |p, e| p.expr(e, RANGE, Mode::All));
                self.put("]");
            }
            ExprKind::Array(items) => {
                self.put("[");
                self.list(items, |p, e| p.expr(e, RANGE, Mode::All));
                self.put("]");
            }
            ExprKind::Repeat(of, counts) => {
                self.put("[");
                self.expr(of, RANGE, Mode::All);
                self.put(";");
                self.list(counts, |p, e| p.expr(e, RANGE, Mode::All));
                self.put("]");
            }
            ExprKind::Comprehension { element, pattern, source, filter } => {
                self.put("[");
                self.expr(element, RANGE, Mode::All);
                self.put("for");
                self.pattern(pattern);
                self.put("in");
                self.expr(source, RANGE, Mode::All);
                if let Some(filter) = filter {
                    self.put("if");
                    self.expr(filter, RANGE, Mode::All);
                }
                self.put("]");
            }
            ExprKind::Tuple(items) => {
                self.put("(");
                self.list(items, |p, e| p.expr(e, RANGE, Mode::All));
                if items.len() == 1 {
                    self.put(",");
                }
                self.put(")");
            }
            ExprKind::Struct { name, fields, base } => {
                self.all(&[&name.text, "{"]);
                self.list(fields, |p, (name, value)| {
                    p.put(&name.text);
                    if let Some(value) = value {
                        p.put(":");
                        p.expr(value, RANGE, Mode::All);
                    }
                });
                if let Some(base) = base {
                    if !fields.is_empty() {
                        self.put(",");
                    }
                    self.put("..");
                    self.expr(base, OR, Mode::All);
                }
                self.put("}");
            }
            ExprKind::If { .. } | ExprKind::Match(..) | ExprKind::Block(_) => self.block_like(e),
            ExprKind::Closure(params, body) => {
                self.put("|");
                self.list(params, Self::pattern);
                self.put("|");
                self.expr(body, RANGE, Mode::All);
            }
            ExprKind::Word(word) => self.put(&format!("{word:#x}")),
            ExprKind::Error => unreachable!("no random program has errors"),
        }
    }

    fn arguments(&mut self, args: &[Expr]) {
        self.put("(");
        self.list(args, |p, e| p.expr(e, RANGE, Mode::All));
        self.put(")");
    }

    fn block_like(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::If { condition, then, otherwise } => {
                self.put("if");
                self.expr(condition, RANGE, Mode::Head);
                self.block(then);
                if let Some(otherwise) = otherwise {
                    self.put("else");
                    self.block_like(otherwise);
                }
            }
            ExprKind::Match(of, arms) => {
                self.put("match");
                self.expr(of, RANGE, Mode::Head);
                self.put("{");
                self.list(arms, |p, arm| {
                    for (i, pattern) in arm.patterns.iter().enumerate() {
                        if i > 0 {
                            p.put("|");
                        }
                        match &pattern.kind {
                            ExprKind::Range { from: Some(from), to: Some(to), inclusive: true } => {
                                p.bound(from);
                                p.put("..=");
                                p.bound(to);
                            }
                            _ => p.bound(pattern),
                        }
                    }
                    p.put("=>");
                    p.expr(&arm.value, RANGE, Mode::All);
                });
                self.put("}");
            }
            ExprKind::Block(block) => self.block(block),
            _ => unreachable!("not like a block"),
        }
    }
}
