//! Expressions: what each form is, in terms of the operators, shapes and calls of the other files.

use super::branch::Sides;
use super::declared::Bare;
use super::known::{Known, Num};
use super::lanes::Operand;
use super::types::{FIX, Scalar, Type};
use super::value::{Leaf, Value};
use super::{Elaborator, Outcome, Reported};
use crate::diagnostics::Code;
use crate::ir::{Op, Ref, RegType};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, Expr, ExprKind, ItemKind, UnaryOp};
use smpc_bytecode::interval::Interval;

impl Elaborator<'_> {
    /// The value of an expression.
    pub(super) fn expression(&mut self, e: &Expr) -> Outcome<Value> {
        let value = self.deeper(e.span, |elaborator| elaborator.form(e));
        value.iter().for_each(|value| self.note(e.span, value));
        value
    }

    fn form(&mut self, e: &Expr) -> Outcome<Value> {
        let span = e.span;
        match &e.kind {
            ExprKind::Int(Some(value)) => Ok(Value::int(*value)),
            ExprKind::Fix(Some(value)) => {
                let known = Known::one(Num::decimal(value.digits, value.scale));
                Ok(Value::new(Type::Scalar(Scalar::Fix(FIX)), Leaf::known(known)))
            }
            ExprKind::Int(None) | ExprKind::Fix(None) => {
                self.error(Code::Overflow, span, "a number that is too long", "numbers have at most 127 bits")
            }
            ExprKind::Bool(value) => Ok(Value::boolean(*value)),
            ExprKind::Str(_) => {
                let message = "a string is no value";
                self.error(Code::TypeMismatch, span, message, "strings stand in `check` and `assert` alone")
            }
            ExprKind::Path { path, args } => self.path(path, args, span),
            ExprKind::Unary(UnaryOp::Neg, of) => {
                let value = self.expression(of)?;
                self.negation(&value, span)
            }
            ExprKind::Unary(UnaryOp::Not, of) => {
                let value = self.expression(of)?;
                self.complement(&value, span)
            }
            ExprKind::Binary { op, op_span, left, right } => self.binary(*op, *op_span, left, right, span),
            ExprKind::As(of, ty) => self.conversion(of, ty, span),
            ExprKind::Range { from, to, inclusive } => {
                self.range_value(from.as_deref(), to.as_deref(), *inclusive, span)
            }
            ExprKind::Call { callee, args } => self.call_expression(callee, args, span),
            ExprKind::Method { receiver, name, args } => {
                let mut all = vec![(**receiver).clone()];
                all.extend(args.iter().cloned());
                self.call_named(name, &[], &all, span)
            }
            ExprKind::Field(of, name) => {
                let value = self.expression(of)?;
                let (ty, leaves) = self.field(&value.ty, name)?;
                Ok(Value { ty, leaves: value.leaves[leaves].to_vec() })
            }
            ExprKind::TupleIndex(of, at, at_span) => {
                let value = self.expression(of)?;
                let (ty, leaves) = self.tuple_part(&value.ty, *at, *at_span)?;
                Ok(Value { ty, leaves: value.leaves[leaves].to_vec() })
            }
            ExprKind::Index(of, positions) => {
                let value = self.expression(of)?;
                let selection = self.selection(&value.ty, positions, span)?;
                self.selected(&value, &selection, span)
            }
            ExprKind::Array(items) => {
                let elements = self.all(items)?;
                self.array_of(elements, span)
            }
            ExprKind::Repeat(element, extents) => {
                let element = self.expression(element)?;
                let extents = extents.iter().map(|extent| self.extent(extent)).collect::<Outcome<Vec<_>>>()?;
                self.check_size(&element.ty.clone().arrays(&extents), span)?;
                self.repeated(&element, &extents, span)
            }
            ExprKind::Comprehension { element, pattern, source, filter } => {
                self.comprehension(element, pattern, source, filter.as_deref(), span)
            }
            ExprKind::Tuple(parts) => {
                let parts = self.all(parts)?;
                let ty = Type::Tuple(parts.iter().map(|(part, _)| part.ty.clone()).collect());
                Ok(Value { ty, leaves: parts.into_iter().flat_map(|(part, _)| part.leaves).collect() })
            }
            ExprKind::Struct { name, fields, base } => self.record(name, fields, base.as_deref(), span),
            ExprKind::If { condition, then, otherwise } => {
                self.if_expression(condition, then, otherwise.as_deref(), span)
            }
            ExprKind::Match(..) => self.unsupported(span, "`match` is", "write `if … else if … else …`"),
            ExprKind::Block(block) => self.block_value(block),
            ExprKind::Closure(..) => self.unsupported(span, "closures are", "write a function"),
            ExprKind::Error => Err(Reported),
        }
    }

    /// The values of several expressions; all are looked at, so that each mistake is told.
    fn all(&mut self, items: &[Expr]) -> Outcome<Vec<(Value, Span)>> {
        let found: Vec<Outcome<Value>> = items.iter().map(|item| self.expression(item)).collect();
        found.into_iter().zip(items).map(|(value, item)| Ok((value?, item.span))).collect()
    }

    // Names.

    fn path(&mut self, path: &[ast::Name], args: &[ast::TypeArg], span: Span) -> Outcome<Value> {
        let [name] = path else {
            let words: Vec<&str> = path.iter().map(|name| name.text.as_str()).collect();
            let (module, last) = words.split_at(words.len() - 1);
            let help = format!("import it: `use {}::{};`", module.join("::"), last.join(""));
            return self.error(Code::UnknownName, span, format!("`{}` is not in scope", words.join("::")), help);
        };
        if !args.is_empty() {
            let message = format!("`{}` takes no arguments here", name.text);
            return self.error(Code::Syntax, span, message, "arguments in `<…>` belong to calls");
        }
        if let Some(at) = self.variable(&name.text) {
            return self.read_variable(at);
        }
        if let Some(size) = self.frame().sizes.get(&name.text) {
            return Ok(Value::int(*size));
        }
        let module = self.frame().module;
        let Some(id) = self.modules.find(module, &name.text) else {
            if self.modules.may_be_lost(module, &name.text, self.sources) {
                return Err(Reported);
            }
            return self.unknown_name(name);
        };
        match &self.modules.item(id).kind {
            ItemKind::Param { .. } | ItemKind::Const { .. } => self.constant_item(id),
            ItemKind::Input(_) => self.items.inputs.get(&id).cloned().unwrap_or(Err(Reported)),
            ItemKind::Fn(_) => {
                let message = format!("`{}` is a function", name.text);
                self.error(Code::TypeMismatch, span, message, format!("call it: `{}(…)`", name.text))
            }
            ItemKind::Party(_) => {
                let message = format!("`{}` is a role, not a value", name.text);
                self.error(Code::TypeMismatch, span, message, "roles stand behind `from` and `to`")
            }
            ItemKind::Struct(_) => {
                let message = format!("`{}` is a type", name.text);
                self.error(Code::TypeMismatch, span, message, format!("write `{} {{ field: value, … }}`", name.text))
            }
            ItemKind::Enum { .. }
            | ItemKind::Use(_)
            | ItemKind::Circuit { .. }
            | ItemKind::Policy { .. }
            | ItemKind::Error => Err(Reported),
        }
    }

    fn unknown_name(&mut self, name: &ast::Name) -> Outcome<Value> {
        let frame = self.frame();
        let variables = self.variables[frame.first..].iter().map(|variable| variable.name.as_str());
        let sizes = frame.sizes.keys().map(String::as_str);
        let items = self.modules.get(frame.module).names.keys().map(String::as_str);
        let near = super::similar(&name.text, variables.chain(sizes).chain(items)).map(str::to_owned);
        let help = match (name.text.as_str(), near) {
            ("True" | "False", _) => "write `true` or `false`".to_owned(),
            (_, Some(near)) => format!("did you mean `{near}`?"),
            (text, None) => format!("declare it: `let {text} = …;`"),
        };
        self.error(Code::UnknownName, name.span, format!("no `{}` is in scope", name.text), help)
    }

    // Operators.

    fn binary(&mut self, op: BinaryOp, op_span: Span, left: &Expr, right: &Expr, span: Span) -> Outcome<Value> {
        if let BinaryOp::And | BinaryOp::Or = op
            && may_stop(right)
        {
            return self.short_circuit(op, left, right, span);
        }
        if let (BinaryOp::Div, ExprKind::As(of, ty)) = (op, &left.kind)
            && let Some(value) = self.quotient_of_ints(of, ty, left.span, right, span)?
        {
            return Ok(value);
        }
        let (a, b) = (self.expression(left), self.expression(right));
        let (a, b) = (a?, b?);
        self.operate(op, op_span, (&a, left.span), (&b, right.span), span)
    }

    /// An operator on two values.
    pub(super) fn operate(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: (&Value, Span),
        right: (&Value, Span),
        span: Span,
    ) -> Outcome<Value> {
        match op {
            BinaryOp::Concat => self.concatenation(left, right, span),
            BinaryOp::Shl | BinaryOp::Shr | BinaryOp::BitAnd | BinaryOp::BitXor | BinaryOp::BitOr => {
                let what = format!("`{}` is", op.symbol());
                let help = match op {
                    BinaryOp::BitAnd => "for truth values, write `&&`",
                    BinaryOp::BitOr => "for truth values, write `||`",
                    BinaryOp::BitXor => "for truth values, write `!=`; there is no power operator",
                    _ => "multiply or divide by a power of two",
                };
                self.unsupported(op_span, &what, help)
            }
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => {
                let pair = self.pair(op.symbol(), left, right, span)?;
                self.arithmetic(op, pair)
            }
            BinaryOp::And | BinaryOp::Or => {
                let pair = self.pair(op.symbol(), left, right, span)?;
                self.logic(op, pair)
            }
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                let pair = self.pair(op.symbol(), left, right, span)?;
                self.comparison(op, pair)
            }
        }
    }

    /// `a && b` where b may stop the run: it is not computed where a decides and is public.
    fn short_circuit(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Outcome<Value> {
        let first = self.expression(left)?;
        let decides = op == BinaryOp::Or;
        if first.known_bool() == Some(decides) {
            return Ok(Value::boolean(decides));
        }
        let public = match Self::operand(&first, left.span) {
            Some(operand) if operand.scalar == Scalar::Bool && operand.extents.is_empty() => {
                self.public_truth(&operand)
            }
            _ => None,
        };
        let Some(condition) = public else {
            let second = self.expression(right)?;
            return self.operate(op, span, (&first, left.span), (&second, right.span), span);
        };
        let second = |elaborator: &mut Self| elaborator.expression(right);
        let constant = |_: &mut Self| Ok(Value::boolean(decides));
        if op == BinaryOp::And {
            self.public_choice(condition, &[], Sides::of(span), second, constant)
        } else {
            self.public_choice(condition, &[], Sides::of(span), constant, second)
        }
    }

    /// `(a as fix) / b` for integers a and b.
    fn quotient_of_ints(
        &mut self,
        of: &Expr,
        ty: &ast::Type,
        left_span: Span,
        right: &Expr,
        span: Span,
    ) -> Outcome<Option<Value>> {
        let declared = self.declared_type(ty, Bare::Open)?;
        let Type::Scalar(Scalar::Fix(frac)) = declared.ty else { return Ok(None) };
        let (a, b) = (self.expression(of), self.expression(right));
        let (a, b) = (a?, b?);
        let pair = self.pair("/", (&a, left_span), (&b, right.span), span)?;
        let ints = pair.left.scalar == Scalar::Int && pair.right.scalar == Scalar::Int;
        if ints && !(a.is_known() && b.is_known()) {
            return self.fix_quotient_of_ints(pair, frac).map(Some);
        }
        let a = self.converted(&a, Scalar::Fix(frac), left_span)?;
        self.operate(BinaryOp::Div, span, (&a, left_span), (&b, right.span), span).map(Some)
    }

    // Conversions.

    fn conversion(&mut self, of: &Expr, ty: &ast::Type, span: Span) -> Outcome<Value> {
        let value = self.expression(of);
        let declared = self.declared_type(ty, Bare::Open)?;
        let value = value?;
        let Some((scalar, _)) = declared.ty.as_lanes() else {
            let message = format!("`as` converts numbers and truth values, not to `{}`", declared.ty);
            return self.error(Code::TypeMismatch, ty.span, message, "write `as int` or `as fix`");
        };
        let converted = self.converted(&value, scalar, span)?;
        let Some(Some(_)) = declared.ranges.first() else { return Ok(converted) };
        // A named range: every lane must lie in it.
        let declared = super::declared::Declared { ty: converted.ty.clone(), ..declared };
        self.keep_promise(converted, &declared, span)
    }

    /// The value lane by lane as another scalar.
    pub(super) fn converted(&mut self, value: &Value, into: Scalar, span: Span) -> Outcome<Value> {
        let Some(operand) = Self::operand(value, span) else {
            let message = format!("`as` converts numbers and truth values, not `{}`", value.ty);
            return self.error(Code::TypeMismatch, span, message, "convert its parts");
        };
        let lanes = operand.leaf.lanes();
        if let Some(known) = operand.known() {
            let found = known.map(|value| convert_known(value, into));
            if let Some(known) = found {
                return Ok(Operand { scalar: into, leaf: Leaf::known(known), ..operand }.into_value());
            }
        }
        let blame = self.blame(span, "as", &[&operand]);
        let leaf = match (operand.scalar, into) {
            (a, b) if a == b => operand.leaf.clone(),
            (_, Scalar::Bool) => {
                let message = format!("`{}` does not become `bool`", operand.scalar);
                return self.error(Code::TypeMismatch, span, message, "compare it: `x != 0`");
            }
            (Scalar::Bool, _) => {
                let number = self.bool_to_int(&operand)?;
                if into == Scalar::Int { number.leaf } else { self.int_to_fix(&number, into.frac())?.leaf }
            }
            (Scalar::Int, _) => self.int_to_fix(&operand, into.frac())?.leaf,
            // Toward zero, as a division by 2^frac.
            (Scalar::Fix(frac), Scalar::Int) => {
                let view = self.lanes(&operand.leaf, operand.scalar, lanes, span)?;
                let by = i64::try_from(1_i128 << frac).unwrap_or(i64::MAX);
                let by = self.builder.int(by);
                let by = self.repeat(&Ref::lane(by, 0), lanes);
                let exact = self.range(&operand.leaf, frac).div(Interval::of(1 << frac));
                self.number(Op::Div {}, vec![view, by], (Scalar::Int, exact, lanes), &blame)?
            }
            (Scalar::Fix(from), Scalar::Fix(to)) => {
                let view = self.lanes(&operand.leaf, operand.scalar, lanes, span)?;
                let range = self.range(&operand.leaf, from);
                if to > from {
                    let by = self.builder.int(1 << (to - from));
                    let by = self.repeat(&Ref::lane(by, 0), lanes);
                    let exact = range.mul(Interval::of(1 << (to - from)));
                    self.number(Op::Mul {}, vec![view, by], (into, exact, lanes), &blame)?
                } else {
                    let bits = from - to;
                    self.number(Op::Round { bits }, vec![view], (into, range.round(bits), lanes), &blame)?
                }
            }
        };
        Ok(Operand { scalar: into, leaf, ..operand }.into_value())
    }

    /// Truth values as 0 and 1.
    pub(super) fn bool_to_int(&mut self, operand: &Operand) -> Outcome<Operand> {
        let lanes = operand.leaf.lanes();
        let view = self.lanes(&operand.leaf, Scalar::Bool, lanes, operand.span)?;
        self.at(operand.span);
        let value = if self.builder.ty(view.value).is_secret() {
            self.builder.gate(Op::B2a { signed: false }, vec![view], RegType::arith(0, 1), lanes)
        } else {
            let (one, zero) = (self.builder.int(1), self.builder.int(0));
            let args = vec![view, self.repeat(&Ref::lane(one, 0), lanes), self.repeat(&Ref::lane(zero, 0), lanes)];
            self.builder.gate(Op::Select {}, args, RegType::pub_int(0, 1), lanes)
        };
        let leaf = Leaf::of(Ref::whole(value, lanes)).from(operand.leaf.origin.clone());
        Ok(Operand { scalar: Scalar::Int, leaf, ..operand.clone() })
    }

    // Arrays and records.

    fn range_value(&mut self, from: Option<&Expr>, to: Option<&Expr>, inclusive: bool, span: Span) -> Outcome<Value> {
        let (Some(from), Some(to)) = (from, to) else {
            return self.error(Code::Syntax, span, "a range without an end", "write `0..N`");
        };
        let (first, last) =
            (self.known_integer(from, "the start of a range"), self.known_integer(to, "the end of a range"));
        let (first, last) = (first?, last?);
        let end = last.saturating_add(i128::from(inclusive));
        let lanes = u64::try_from(end.saturating_sub(first).max(0)).unwrap_or(u64::MAX);
        if lanes > super::declared::MAX_LANES {
            let message = format!("a range of {} elements", super::known::show_int(lanes.into()));
            return self.error(Code::TooLarge, span, message, "use a shorter one");
        }
        let known = Known::Steps { start: first, step: 1, lanes };
        Ok(Value::new(Type::INT.array(lanes), Leaf::known(known)))
    }

    fn record(
        &mut self,
        name: &ast::Name,
        fields: &[(ast::Name, Option<Expr>)],
        base: Option<&Expr>,
        span: Span,
    ) -> Outcome<Value> {
        let named = ast::TypeKind::Named { name: name.clone(), args: Vec::new(), range: None };
        let declared = self.declared_type(&ast::Type { kind: named, span: name.span }, Bare::Data)?;
        let Type::Struct(of) = declared.ty.clone() else {
            let message = format!("`{}` is no struct", name.text);
            return self.error(Code::TypeMismatch, name.span, message, "only structs have fields");
        };
        let base = base.map(|base| Ok((self.expression(base)?, base.span))).transpose()?;
        if let Some((base, at)) = &base
            && base.ty != declared.ty
        {
            let message = format!("expected `{}`, and this is `{}`", declared.ty, base.ty);
            return self.error(Code::TypeMismatch, *at, message, "the base is a value of the same struct");
        }
        let mut given: Vec<Option<(Value, Span)>> = vec![None; of.fields.len()];
        for (field, value) in fields {
            let Some(at) = of.fields.iter().position(|(own, _)| *own == field.text) else {
                return self.field(&declared.ty, field).map(|_| Value::unit());
            };
            let value = match value {
                Some(value) => (self.expression(value)?, value.span),
                None => (self.path(std::slice::from_ref(field), &[], field.span)?, field.span),
            };
            if given[at].replace(value).is_some() {
                let message = format!("the field `{}` is given twice", field.text);
                return self.error(Code::Duplicate, field.span, message, "take one of them out");
            }
        }
        let mut leaves = Vec::new();
        let mut first = 0;
        for ((own, ty), value) in of.fields.iter().zip(given) {
            let count = ty.leaf_count();
            let range = first..first + count;
            first += count;
            match (value, &base) {
                (Some((value, at)), _) => {
                    let ranges = declared.ranges[range].to_vec();
                    let field = super::declared::Declared { ty: ty.clone(), ranges, secrecy: None, span: at };
                    leaves.extend(self.keep_promise(value, &field, at)?.leaves);
                }
                (None, Some((base, _))) => leaves.extend(base.leaves[range].iter().cloned()),
                (None, None) => {
                    let message = format!("the field `{own}` of `{}` is missing", of.name);
                    return self.error(Code::NoField, span, message, format!("write `{own}: …`"));
                }
            }
        }
        Ok(Value { ty: declared.ty, leaves })
    }
}

/// A known number as another scalar; `None` where it has none.
fn convert_known(value: &Num, into: Scalar) -> Option<Num> {
    match (value, into) {
        (Num::Bool(value), Scalar::Int) => Some(Num::Int(i128::from(*value))),
        (Num::Int(value), Scalar::Int) => Some(Num::Int(*value)),
        (Num::Fix(value), Scalar::Int) => {
            use num_traits::ToPrimitive;
            value.trunc().to_integer().to_i128().map(Num::Int)
        }
        (Num::Bool(value), Scalar::Bool) => Some(Num::Bool(*value)),
        (_, Scalar::Bool) => None,
        (value, Scalar::Fix(_)) => Some(Num::fraction(value.to_fraction())),
    }
}

/// Whether computing an expression may stop the run or tell something: it indexes, divides or calls.
fn may_stop(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Int(_) | ExprKind::Fix(_) | ExprKind::Bool(_) | ExprKind::Str(_) | ExprKind::Path { .. } => false,
        ExprKind::Unary(_, of) | ExprKind::As(of, _) | ExprKind::Field(of, _) | ExprKind::TupleIndex(of, ..) => {
            may_stop(of)
        }
        ExprKind::Binary { op, left, right, .. } => {
            matches!(op, BinaryOp::Div | BinaryOp::Rem) || may_stop(left) || may_stop(right)
        }
        _ => true,
    }
}
