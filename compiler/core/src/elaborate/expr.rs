//! Expressions: what each form is, in terms of the operators, shapes and calls of the other files.

use super::branch::Sides;
use super::declared::{Bare, Declared};
use super::generics::Bindings;
use super::known::{Known, Num};
use super::lanes::Operand;
use super::types::{FIX, Scalar, StructArg, Type};
use super::value::{Leaf, Value};
use super::{Elaborator, Frame, Outcome, Reported};
use crate::diagnostics::{Code, Diagnostic};
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
            ExprKind::Word(value) => {
                // The digits say how wide it is: `0x` and 32 of them are 128 bits.
                let width = u32::try_from(value.bits().next_multiple_of(4)).unwrap_or(1);
                let known = Known::one(Num::word(value.clone()));
                Ok(Value::new(Type::Scalar(Scalar::Bits(width)), Leaf::known(known)))
            }
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
                self.written(span, |elaborator| elaborator.negation(&value, span))
            }
            ExprKind::Unary(UnaryOp::Not, of) => {
                let value = self.expression(of)?;
                self.complement(&value, span)
            }
            ExprKind::Binary { op, op_span, left, right } => {
                self.binary(*op, *op_span, left, right, span).or_else(|Reported| self.suggest_range(e))
            }
            ExprKind::As(of, ty) => self.conversion(of, ty, span),
            ExprKind::Range { from, to, inclusive } => {
                self.range_value(from.as_deref(), to.as_deref(), *inclusive, span)
            }
            ExprKind::Call { callee, args } => {
                self.call_expression(callee, args, span).or_else(|Reported| self.suggest_range(e))
            }
            ExprKind::Method { receiver, name, args } => {
                let mut all = vec![(**receiver).clone()];
                all.extend(args.iter().cloned());
                self.call_named(name, &[], &all, span)
            }
            ExprKind::Field(of, name) => {
                let value = self.expression(of)?;
                self.field_of(&value, name)
            }
            ExprKind::TupleIndex(of, at, at_span) => {
                let value = self.expression(of)?;
                let (ty, leaves) = self.tuple_part(&value.ty, *at, *at_span)?;
                Ok(Value { ty, leaves: value.leaves[leaves].to_vec() })
            }
            ExprKind::Index(of, positions) => {
                let value = self.expression(of)?;
                let selection = self.selection(&value.ty, positions, span)?;
                let found = self.selected(&value, &selection, span)?;
                Ok(self.as_untouched(e, found, span))
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
            ExprKind::Match(of, arms) => self.match_expression(of, arms, span),
            ExprKind::Block(block) => self.block_value(block),
            ExprKind::Closure(..) => {
                let message = "a closure stands only as an argument";
                self.error(Code::TypeMismatch, span, message, "give it to a function: `map(xs, |x| x + 1)`")
            }
            ExprKind::Error => Err(Reported),
        }
    }

    /// The values of several expressions; all are looked at, so that each mistake is told.
    pub(super) fn all(&mut self, items: &[Expr]) -> Outcome<Vec<(Value, Span)>> {
        let found: Vec<Outcome<Value>> = items.iter().map(|item| self.expression(item)).collect();
        found.into_iter().zip(items).map(|(value, item)| Ok((value?, item.span))).collect()
    }

    // Names.

    fn path(&mut self, path: &[ast::Name], args: &[ast::TypeArg], span: Span) -> Outcome<Value> {
        if let [of, variant] = path
            && let Some(value) = self.variant(of, variant)
        {
            return value;
        }
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
            if self.variables[at].function.is_some() {
                self.mark_read(at);
                let message = format!("`{}` is a function", name.text);
                return self.error(Code::TypeMismatch, span, message, format!("call it: `{}(…)`", name.text));
            }
            return self.read_variable(at);
        }
        if let Some(size) = self.frame().generics.sizes.get(&name.text) {
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
            ItemKind::Input(_) if self.testing => {
                let message = format!("a test has no inputs, and `{}` is one", name.text);
                self.error(
                    Code::BadMain,
                    span,
                    message,
                    "give the function a parameter, and the test a `secret(…)` for it",
                )
            }
            ItemKind::Input(_) => match self.items.inputs.get(&id) {
                Some(value) => value.clone(),
                // Params and consts are looked at before any input is there.
                None => {
                    let message = format!("the input `{}` is not known to the compiler", name.text);
                    let help =
                        "params and consts are made of literals, and of each other; compute with inputs in functions";
                    self.error(Code::NotConst, span, message, help)
                }
            },
            ItemKind::Fn(_) | ItemKind::Circuit { .. } => {
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
            ItemKind::Enum { variants, .. } => {
                let message = format!("`{}` is a type", name.text);
                let first = variants.first().map_or("…", |variant| variant.text.as_str());
                self.error(Code::TypeMismatch, span, message, format!("name a variant: `{}::{first}`", name.text))
            }
            ItemKind::Use(_) | ItemKind::Policy { .. } | ItemKind::Error => Err(Reported),
        }
    }

    /// `Arm::Control`; `None` where the first name is no enum.
    pub(super) fn variant(&mut self, of: &ast::Name, variant: &ast::Name) -> Option<Outcome<Value>> {
        let module = self.frame().module;
        let modules = self.modules;
        let id = modules.find(module, &of.text)?;
        let ItemKind::Enum { name, variants } = &modules.item(id).kind else { return None };
        let Some(at) = variants.iter().position(|own| own.text == variant.text) else {
            let names: Vec<&str> = variants.iter().map(|own| own.text.as_str()).collect();
            let help = super::similar(&variant.text, names.iter().copied())
                .map_or_else(|| format!("it has {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
            let message = format!("`{}` has no variant `{}`", name.text, variant.text);
            return Some(self.error(Code::UnknownName, variant.span, message, help));
        };
        let at = i128::try_from(at).unwrap_or(0);
        Some(self.enum_item(id, name, variants).map(|ty| Value::new(ty, Leaf::known(Known::one(Num::Int(at))))))
    }

    fn unknown_name(&mut self, name: &ast::Name) -> Outcome<Value> {
        let frame = self.frame();
        let variables = self.variables[frame.first..].iter().map(|variable| variable.name.as_str());
        let variables = variables.filter(|name| !name.starts_with(['<', '#']));
        let sizes = frame.generics.sizes.keys().map(String::as_str);
        let diagnostic = super::names::unknown_value(name, variables.chain(sizes), self.modules, frame.module);
        Err(self.report(diagnostic))
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
        if op == BinaryOp::Add {
            return self.sum_chain(left, op_span, right, span);
        }
        let (a, b) = (self.expression(left), self.expression(right));
        let (a, b) = (a?, b?);
        self.written(op_span, |elaborator| elaborator.operate(op, op_span, (&a, left.span), (&b, right.span), span))
    }

    /// `a + b + c`: of words one sum, which has fewer rounds than one after the other.
    fn sum_chain(&mut self, left: &Expr, op_span: Span, right: &Expr, span: Span) -> Outcome<Value> {
        let mut links = vec![(right, op_span, span)];
        let mut first = left;
        while let ExprKind::Binary { op: BinaryOp::Add, op_span, left, right } = &first.kind {
            links.push((right, *op_span, first.span));
            first = left;
        }
        links.reverse();
        let head = self.expression(first);
        let terms: Vec<Outcome<Value>> = links.iter().map(|(term, ..)| self.expression(term)).collect();
        let mut values = vec![head?];
        for term in terms {
            values.push(term?);
        }
        let spans = [first.span].into_iter().chain(links.iter().map(|(term, ..)| term.span));
        let operands: Option<Vec<Operand>> =
            values.iter().zip(spans).map(|(value, at)| Self::operand(value, at)).collect();
        if let Some(operands) = operands
            && operands.len() > 2
            && let Some(sum) = self.sum_of_terms(operands, span)?
        {
            return Ok(sum);
        }
        let mut values = values.into_iter();
        let mut sum = (values.next().ok_or(Reported)?, first.span);
        for (value, (term, op_span, whole)) in values.zip(links) {
            let (left, right) = ((&sum.0, sum.1), (&value, term.span));
            sum = (self.written(op_span, |s| s.operate(BinaryOp::Add, op_span, left, right, whole))?, whole);
        }
        Ok(sum.0)
    }

    /// The sum of words and known numbers of one shape; `None` where the terms are something else.
    fn sum_of_terms(&mut self, mut operands: Vec<Operand>, span: Span) -> Outcome<Option<Value>> {
        let width = operands.iter().find_map(|operand| match operand.scalar {
            Scalar::Bits(width) => Some(width),
            _ => None,
        });
        let Some(width) = width else { return Ok(None) };
        let extents = operands.iter().map(|operand| &operand.extents).max_by_key(|extents| extents.len()).cloned();
        let extents = extents.unwrap_or_default();
        let fits = |operand: &Operand| {
            (operand.scalar == Scalar::Bits(width) || operand.scalar == Scalar::Int && operand.known().is_some())
                && (operand.extents.is_empty() || operand.extents == extents)
        };
        if !operands.iter().all(fits) || operands.iter().all(|operand| operand.known().is_some()) {
            return Ok(None);
        }
        for operand in &mut operands {
            if operand.known().is_some() {
                operand.leaf = self.known_word(&operand.leaf, width, operand.span)?;
                operand.scalar = Scalar::Bits(width);
            }
        }
        self.sum_of_words(&operands, &extents, width, span).map(Some)
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
            BinaryOp::Shl | BinaryOp::Shr => self.shift(op.symbol(), left, right, span),
            BinaryOp::BitAnd | BinaryOp::BitXor | BinaryOp::BitOr => {
                let pair = self.pair(op.symbol(), left, right, span)?;
                if Self::has_words(&pair) {
                    return self.word_operation(op, pair);
                }
                if pair.left.scalar == Scalar::Bool && pair.right.scalar == Scalar::Bool {
                    let op = match op {
                        BinaryOp::BitAnd => BinaryOp::And,
                        BinaryOp::BitOr => BinaryOp::Or,
                        other => other,
                    };
                    return self.logic(op, pair);
                }
                let message = format!("`{}` works on words of bits and truth values", op.symbol());
                let help = if op == BinaryOp::BitXor {
                    "write `x as bits<32>`; there is no power operator: write `x * x`"
                } else {
                    "write `x as bits<32>`"
                };
                let diagnostic = Diagnostic::new(Code::TypeMismatch, op_span, message)
                    .label(left.1, format!("this is `{}`", left.0.ty))
                    .label(right.1, format!("this is `{}`", right.0.ty))
                    .help(help);
                Err(self.report(diagnostic))
            }
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => {
                let pair = self.pair(op.symbol(), left, right, span)?;
                self.arithmetic(op, pair)
            }
            BinaryOp::And | BinaryOp::Or => {
                let pair = self.pair(op.symbol(), left, right, span)?;
                self.logic(op, pair)
            }
            BinaryOp::Eq | BinaryOp::Ne
                if matches!(left.0.ty.innermost(), Type::Enum(_))
                    && left.0.ty.innermost() == right.0.ty.innermost() =>
            {
                let (a, b) = (Self::numbered(left.0), Self::numbered(right.0));
                self.operate(op, op_span, (&a, left.1), (&b, right.1), span)
            }
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                let pair = self.pair(op.symbol(), left, right, span)?;
                self.comparison(op, pair)
            }
        }
    }

    /// `a && b` where b may stop the run or tell something: it is not computed where a decides and is public. Where a is secret b is computed whatever a
    /// is, and may do neither.
    fn short_circuit(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Outcome<Value> {
        let first = self.expression(left)?;
        let decides = op == BinaryOp::Or;
        if first.known_bool() == Some(decides) {
            return Ok(Value::boolean(decides));
        }
        let single = Self::operand(&first, left.span)
            .filter(|operand| operand.scalar == Scalar::Bool && operand.extents.is_empty());
        let Some(condition) = single.as_ref().and_then(|operand| self.public_truth(operand)) else {
            let second = match single {
                Some(operand) if self.is_secret(&operand.leaf) => {
                    let counts = if decides { self.complement(&first, left.span)? } else { first.clone() };
                    self.right_side(counts, left.span, |elaborator| elaborator.expression(right))?
                }
                _ => self.expression(right)?,
            };
            return self.operate(op, span, (&first, left.span), (&second, right.span), span);
        };
        let second = |elaborator: &mut Self| {
            elaborator.knowing(left, op == BinaryOp::And, |elaborator| elaborator.expression(right))
        };
        let constant = |_: &mut Self| Ok(Value::boolean(decides));
        let mut names = super::assigned::Assigned::new();
        super::assigned::assigned_in(right, &mut names);
        let variables = self.variables_of(&names, false);
        if op == BinaryOp::And {
            self.public_choice(condition, &variables, Sides::of(span), second, constant)
        } else {
            self.public_choice(condition, &variables, Sides::of(span), constant, second)
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
        let value = Self::numbered(&value?);
        if let Type::Enum(_) = declared.ty {
            let number = self.keep_promise(value, &Declared { ty: Type::INT, ..declared.clone() }, span)?;
            return Ok(Value { ty: declared.ty, ..number });
        }
        let Some((scalar, extents)) = declared.ty.as_lanes() else {
            let message = format!("`as` converts numbers, words and truth values, not to `{}`", declared.ty);
            return self.error(Code::TypeMismatch, ty.span, message, "write `as int`, `as fix` or `as bits<32>`");
        };
        if let Some(parts) = self.converted_words(&value, scalar, extents, span)? {
            return Ok(parts);
        }
        let converted = self.written(span, |elaborator| elaborator.converted(&value, scalar, span))?;
        let Some(Some(_)) = declared.ranges.first() else { return Ok(converted) };
        // A named range: every lane must lie in it.
        let declared = Declared { ty: converted.ty.clone(), ..declared };
        self.keep_promise(converted, &declared, span)
    }

    /// A word as shorter ones, or shorter ones as a word; `None` where this is another conversion.
    fn converted_words(&mut self, value: &Value, into: Scalar, extents: &[u64], span: Span) -> Outcome<Option<Value>> {
        let Some(operand) = Self::operand(value, span) else { return Ok(None) };
        let (Scalar::Bits(from), Scalar::Bits(width)) = (operand.scalar, into) else { return Ok(None) };
        if let [count] = extents
            && u64::from(from) == u64::from(width) * count
            && operand.extents.is_empty() | !operand.extents.ends_with(extents)
        {
            return self.word_parts(&operand, width, span).map(Some);
        }
        match operand.extents.last() {
            Some(count) if extents.is_empty() && u64::from(from) * count == u64::from(width) => {
                self.word_whole(&operand, width, span).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The value lane by lane as another scalar.
    pub(super) fn converted(&mut self, value: &Value, into: Scalar, span: Span) -> Outcome<Value> {
        let Some(operand) = Self::operand(value, span) else {
            let message = format!("`as` converts numbers and truth values, not `{}`", value.ty);
            return self.error(Code::TypeMismatch, span, message, "convert its parts");
        };
        let lanes = operand.leaf.lanes();
        match (operand.scalar, into) {
            (_, Scalar::Bits(width)) => return self.word_from(&operand, width, span),
            (Scalar::Bits(width), Scalar::Int) => return self.word_to_int(&operand, width, span),
            (Scalar::Bits(_), _) => {
                let message = format!("`{}` does not become `{into}`", operand.scalar);
                let help = if into == Scalar::Bool { "compare it: `x != 0`" } else { "write `x as int` first" };
                return self.error(Code::TypeMismatch, span, message, help);
            }
            _ => {}
        }
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
            (Scalar::Bits(_), _) | (_, Scalar::Bits(_)) => return Err(Reported),
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
                    let (bits, secret) = (from - to, self.is_secret(&operand.leaf));
                    if secret && range.magnitude() >= super::arith::ROUNDING_LIMIT {
                        // Too wide to be shifted: the same as a quotient.
                        let by = self.builder.int(1 << bits);
                        let by = self.repeat(&Ref::lane(by, 0), lanes);
                        let exact = range.fix_div(Interval::of(1 << bits), 0);
                        self.number(Op::FixDiv { frac: 0 }, vec![view, by], (into, exact, lanes), &blame)?
                    } else {
                        let (op, range) = self.rounding(bits, range, secret);
                        self.number(op, vec![view], (into, range, lanes), &blame)?
                    }
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
        let mut values = Vec::with_capacity(fields.len());
        for (field, value) in fields {
            let value = match value {
                Some(value) => self.expression(value).map(|found| (found, value.span)),
                None => self.path(std::slice::from_ref(field), &[], field.span).map(|found| (found, field.span)),
            };
            values.push((field, value));
        }
        let base = base.map(|base| Ok((self.expression(base)?, base.span))).transpose()?;
        let declared = self.record_type(name, &values)?;
        let Type::Struct(of) = declared.ty.clone() else {
            let message = format!("`{}` is no struct", name.text);
            return self.error(Code::TypeMismatch, name.span, message, "only structs have fields");
        };
        if let Some((base, at)) = &base
            && base.ty != declared.ty
        {
            let message = format!("expected `{}`, and this is `{}`", declared.ty, base.ty);
            return self.error(Code::TypeMismatch, *at, message, "the base is a value of the same struct");
        }
        let mut given: Vec<Option<(Value, Span)>> = vec![None; of.fields.len()];
        for (field, value) in values {
            let Some(at) = of.fields.iter().position(|(own, _)| *own == field.text) else {
                return self.field(&declared.ty, field).map(|_| Value::unit());
            };
            if given[at].replace(value?).is_some() {
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
                    let field = Declared { ty: ty.clone(), ranges, secrecy: None, span: at };
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

    /// The struct that a literal is of; what its parameters stand for follows from the fields.
    fn record_type(&mut self, name: &ast::Name, values: &[(&ast::Name, Outcome<(Value, Span)>)]) -> Outcome<Declared> {
        let module = self.frame().module;
        let modules = self.modules;
        let generic = modules.find(module, &name.text).and_then(|id| match &modules.item(id).kind {
            ItemKind::Struct(of) if !of.generics.is_empty() => Some((id, of)),
            _ => None,
        });
        let Some((id, of)) = generic else {
            let named = ast::TypeKind::Named { name: name.clone(), args: Vec::new(), range: None };
            return self.declared_type(&ast::Type { kind: named, span: name.span }, Bare::Data);
        };
        let first = self.variables.len();
        self.frames.push(Frame { generics: Bindings::open(&of.generics), first, ..Frame::of(id.module) });
        for field in &of.fields {
            if let Some((_, Ok((value, _)))) = values.iter().find(|(own, _)| own.text == field.name.text) {
                self.bind_generics(&field.ty, &value.ty);
            }
        }
        let bindings = std::mem::take(self.bindings());
        self.frames.pop();
        let mut args = Vec::with_capacity(of.generics.len());
        for generic in &of.generics {
            let text = &generic.name.text;
            args.push(match (bindings.types.get(text), bindings.sizes.get(text)) {
                (Some(ty), _) => (StructArg::Type(ty.clone()), vec![None; ty.leaf_count()]),
                (None, Some(size)) => (StructArg::Size(*size), Vec::new()),
                (None, None) => {
                    let message = format!("what `{text}` stands for does not follow from the fields");
                    return self.error(Code::NotConst, name.span, message, "give all fields");
                }
            });
        }
        self.struct_item(id, of, args)
    }
}

/// A known number as another scalar; `None` where it has none.
fn convert_known(value: &Num, into: Scalar) -> Option<Num> {
    match (value, into) {
        (Num::Bits(_), _) | (_, Scalar::Bits(_)) => None,
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
        ExprKind::Int(_)
        | ExprKind::Word(_)
        | ExprKind::Fix(_)
        | ExprKind::Bool(_)
        | ExprKind::Str(_)
        | ExprKind::Path { .. } => false,
        ExprKind::Unary(_, of) | ExprKind::As(of, _) | ExprKind::Field(of, _) | ExprKind::TupleIndex(of, ..) => {
            may_stop(of)
        }
        ExprKind::Binary { op, left, right, .. } => {
            matches!(op, BinaryOp::Div | BinaryOp::Rem) || may_stop(left) || may_stop(right)
        }
        _ => true,
    }
}
