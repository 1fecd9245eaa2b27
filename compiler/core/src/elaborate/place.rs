//! Assignment: which lanes of which variable a place names, and the variable's value afterwards.
//!
//! A variable holds one value at a time; writing to a part of it makes the next value by an update of the array. Under secret conditions only what is
//! written is chosen: the new lanes where the conditions hold, else the old ones.

use super::declared::Declared;
use super::known::Known;
use super::lanes::Operand;
use super::one_hot::Access;
use super::shape::Selection;
use super::types::{Scalar, Type};
use super::value::{Data, Leaf, Relative, Value};
use super::{Elaborator, Outcome, Reported};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Ref, RegType};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, Expr, ExprKind};
use std::ops::Range;

/// A place that is assigned.
pub(super) struct Target {
    /// The variable.
    pub(super) variable: usize,
    /// Which of its leaves.
    leaves: Range<usize>,
    /// Type of these before the selection.
    ty: Type,
    /// Which elements of them.
    selection: Option<Selection>,
    /// Whether it is read before it is written.
    access: Access,
    /// Where it stands.
    span: Span,
}

impl Target {
    /// Whether the whole variable is assigned.
    fn is_whole(&self, of: &Value) -> bool {
        self.selection.is_none() && self.leaves == (0..of.leaves.len())
    }

    /// Which elements are meant.
    pub(super) const fn selection(&self) -> Option<&Selection> {
        self.selection.as_ref()
    }

    /// Type of the leaves before the selection.
    pub(super) const fn ty(&self) -> &Type {
        &self.ty
    }

    /// Which leaves of the variable are meant.
    pub(super) fn leaves(&self) -> Range<usize> {
        self.leaves.clone()
    }

    /// Whether it is read before it is written.
    pub(super) const fn access(&self) -> Access {
        self.access
    }

    /// Where it stands.
    pub(super) const fn span(&self) -> Span {
        self.span
    }

    /// Type of what is assigned.
    pub(super) fn assigned(&self) -> Type {
        match &self.selection {
            Some(selection) => self.ty.below(selection.depth()).arrays(selection.extents()),
            None => self.ty.clone(),
        }
    }
}

impl Elaborator<'_> {
    /// `place op= value;`
    pub(super) fn assign(&mut self, place: &Expr, op: Option<BinaryOp>, value: &Expr, span: Span) -> Outcome<()> {
        let assigned = self.assigned_value(place, op, value, span);
        match assigned {
            Ok(Some((target, value))) => {
                let stored = self.store(&target, value, span);
                self.note_place(place, target.variable);
                stored
            }
            Ok(None) => Ok(()),
            Err(Reported) => {
                // What the variable is now is not known.
                if let Some(name) = root_name(place)
                    && let Some(variable) = self.variable(&name.text)
                {
                    self.variables[variable].value = None;
                }
                Err(Reported)
            }
        }
    }

    /// What is stored where; `None` where that is done already.
    fn assigned_value(
        &mut self,
        place: &Expr,
        op: Option<BinaryOp>,
        value: &Expr,
        span: Span,
    ) -> Outcome<Option<(Target, Value)>> {
        // `xs[i] = xs[i] + x` where i is secret is `xs[i] += x`, for which nothing is looked up.
        let mut known = None;
        let (op, value) = match self.compound(op, place, value) {
            Some((own, term)) => {
                let target = self.target(place)?;
                let secret = target.selection().is_some_and(|selection| !selection.lookups().is_empty());
                known = Some(target);
                if secret { (Some(own), term) } else { (op, value) }
            }
            None => (op, value),
        };
        let (written, value_span) = (value, value.span);
        let value = self.expression(value);
        let mut target = match known {
            Some(target) => target,
            None => self.target(place)?,
        };
        let value = value?;
        self.stays_public(&target, span)?;
        if let Some(lookup) = target.selection().and_then(Selection::scatters) {
            let origin = lookup.origin();
            let diagnostic =
                Diagnostic::new(Code::SecretShape, place.span, "a write to several secret positions at once")
                    .here("two of them may be the same, and nobody may see whether they are")
                    .help("write one after the other: `for k in 0..N { xs[index[k]] = …; }`");
            let diagnostic = super::origin_label(diagnostic, origin.as_deref(), "is secret because of this");
            return Err(self.report(diagnostic));
        }
        let Some(op) = op else { return Ok(Some((target, value))) };
        target.access = Access::ReadAndWrite;
        let declared = self.variables[target.variable].declared.clone();
        let conditions = self.conditions_of(target.variable, span)?;
        let facts = (conditions.as_ref(), declared.as_ref());
        if let Some(whole) = self.add_looked_up(&target, op, (&value, value_span), facts, span)? {
            self.variables[target.variable].value = Some(whole);
            return Ok(None);
        }
        let old = self.load(&target, place.span)?;
        let old = self.as_untouched(place, old, place.span);
        let (old, value) = ((&old, place.span), (&value, value_span));
        let value = self.written(span, |elaborator| elaborator.operate(op, span, old, value, span));
        let value = value.or_else(|Reported| self.suggest_range_of(place, op, written, span))?;
        Ok(Some((target, value)))
    }

    /// The operator and the term of `place = place + term` for an element of an array, as it is written.
    fn compound<'e>(&self, op: Option<BinaryOp>, place: &Expr, value: &'e Expr) -> Option<(BinaryOp, &'e Expr)> {
        let (None, ExprKind::Index { .. }) = (op, &place.kind) else { return None };
        let ExprKind::Binary { op, left, right, .. } = &value.kind else { return None };
        let text = self.sources.text(place.span);
        // A call may give something else each time, and a block may change what the place means.
        if self.sources.text(value.span).contains('{') {
            return None;
        }
        let same = |side: &Expr| !text.contains('(') && self.sources.text(side.span) == text;
        match op {
            BinaryOp::Add if same(left) => Some((*op, right)),
            BinaryOp::Add if same(right) => Some((*op, left)),
            BinaryOp::Sub if same(left) => Some((*op, right)),
            _ => None,
        }
    }

    /// Refuses a write that would make a variable secret that is declared as public: which value it has then depends on a secret.
    fn stays_public(&mut self, target: &Target, span: Span) -> Outcome<()> {
        let variable = &self.variables[target.variable];
        let declared = match &variable.declared {
            Some(declared) if declared.secrecy == Some(ast::Secrecy::Public) => declared.span,
            _ => return Ok(()),
        };
        let diagnostic =
            |message: &str| Diagnostic::new(Code::SecretToPublic, span, message).label(declared, "declared here");
        let branch = self.branches.iter().rev().find(|branch| target.variable < branch.outside);
        let lookup = target.selection().and_then(|selection| selection.lookups().first());
        let (diagnostic, origin) = match (branch, lookup) {
            (Some(branch), _) => {
                let message = "a variable that is declared as `public` is assigned under a secret condition";
                let origin = branch.condition.leaves.first().and_then(|leaf| leaf.origin.clone());
                (diagnostic(message).label(branch.span, "this condition is secret"), origin)
            }
            (None, Some(lookup)) => (
                diagnostic("a variable that is declared as `public` is assigned at a secret position"),
                lookup.origin(),
            ),
            (None, None) => return Ok(()),
        };
        let diagnostic = diagnostic
            .here("everyone would see which value it has")
            .help("take `public` out of its type, or assign it outside and choose a secret value from it");
        let diagnostic = super::origin_label(diagnostic, origin.as_deref(), "is secret because of this");
        Err(self.report(diagnostic))
    }

    /// What a place names.
    fn target(&mut self, place: &Expr) -> Outcome<Target> {
        let mut steps = Vec::new();
        let mut at = place;
        let name = loop {
            match &at.kind {
                ExprKind::Path { path, args } if path.len() == 1 && args.is_empty() => break &path[0],
                ExprKind::Field(of, _) | ExprKind::TupleIndex(of, ..) | ExprKind::Index(of, _) => {
                    steps.push(at);
                    at = of;
                }
                ExprKind::Error => return Err(Reported),
                _ => {
                    let message = "this cannot be assigned to";
                    let help = "only variables, their elements and their fields can be";
                    return self.error(Code::NotAPlace, place.span, message, help);
                }
            }
        };
        let variable = self.assignable(name)?;
        let value = self.variables[variable].value.clone().ok_or(Reported)?;
        let leaves = 0..value.leaves.len();
        let (ty, access, span) = (value.ty, Access::Write, place.span);
        let mut target = Target { variable, leaves, ty, selection: None, access, span };
        let mut positions: Vec<Expr> = Vec::new();
        for step in steps.into_iter().rev() {
            match &step.kind {
                ExprKind::Field(_, name) => {
                    let (ty, leaves) = self.field(&target.ty, name)?;
                    target.descend(ty, leaves);
                }
                ExprKind::TupleIndex(_, part, span) => {
                    let (ty, leaves) = self.tuple_part(&target.ty, *part, *span)?;
                    target.descend(ty, leaves);
                }
                ExprKind::Index(_, more) => {
                    if positions.iter().any(|position| matches!(position.kind, ExprKind::Range { .. })) {
                        let message = "an element of a slice cannot be assigned to";
                        return self.error(Code::NotAPlace, step.span, message, "name the element of the array itself");
                    }
                    positions.extend(more.iter().cloned());
                }
                _ => {}
            }
        }
        if !positions.is_empty() {
            target.selection = Some(self.selection(&target.ty, &positions, place.span)?);
        }
        Ok(target)
    }

    fn assignable(&mut self, name: &ast::Name) -> Outcome<usize> {
        let Some(variable) = self.variable(&name.text) else {
            let module = self.frame().module;
            if self.frame().generics.sizes.contains_key(&name.text) || self.modules.find(module, &name.text).is_some() {
                let message = format!("`{}` cannot be assigned to", name.text);
                let help = format!("copy it: `let mut {0}_now = {0};`", name.text.to_lowercase());
                return self.error(Code::NotAPlace, name.span, message, help);
            }
            if self.modules.may_be_lost(module, &name.text, self.sources) {
                return Err(Reported);
            }
            let variables = self.variables[self.frame().first..].iter().filter(|variable| variable.mutable);
            let near = super::similar(&name.text, variables.map(|variable| variable.name.as_str()));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "a variable starts with `let`: `let {0} = …;`, or `let mut {0} = …;` where it is assigned again",
                    name.text
                ),
            };
            return self.error(Code::UnknownName, name.span, format!("no `{}` is in scope", name.text), help);
        };
        if self.variables[variable].captured {
            let declared = self.variables[variable].span;
            let message = format!("a closure cannot assign `{}`, which is declared outside", name.text);
            let diagnostic = Diagnostic::new(Code::NotAPlace, name.span, message)
                .label(declared, "declared here")
                .help("let the closure give the new value, or write a `for` loop");
            return Err(self.report(diagnostic));
        }
        if !self.variables[variable].mutable {
            let declared = self.variables[variable].span;
            let message = format!("`{}` is not declared as `mut`", name.text);
            let diagnostic = Diagnostic::new(Code::NotAPlace, name.span, message)
                .label(declared, "declared here")
                .help(format!("write `let mut {} = …;`", name.text));
            return Err(self.report(diagnostic));
        }
        Ok(variable)
    }

    fn load(&mut self, target: &Target, span: Span) -> Outcome<Value> {
        let value = self.read_variable(target.variable)?;
        let part = Value { ty: target.ty.clone(), leaves: value.leaves[target.leaves.clone()].to_vec() };
        match &target.selection {
            Some(selection) if !selection.lookups().is_empty() => {
                self.read_looked_up(&part, selection, target.access, span)
            }
            Some(selection) => self.selected(&part, selection, span),
            None => Ok(part),
        }
    }

    /// Gives the variable its next value.
    fn store(&mut self, target: &Target, value: Value, span: Span) -> Outcome<()> {
        let mut whole = self.variables[target.variable].value.clone().ok_or(Reported)?;
        let conditions = self.conditions_of(target.variable, span)?;
        let value = self.promised(target, &whole, value, conditions.as_ref(), span)?;
        if target.is_whole(&whole) && conditions.is_none() {
            let name = self.variables[target.variable].name.clone();
            let value = self.named(value, &name);
            self.variables[target.variable].value = Some(value);
            return Ok(());
        }
        if target.selection().is_some_and(|selection| !selection.lookups().is_empty()) {
            self.write_looked_up(target, &mut whole, (value, conditions.as_ref()), span)?;
            self.variables[target.variable].value = Some(whole);
            return Ok(());
        }
        let types = target.ty.leaves();
        for (n, leaf) in value.leaves.into_iter().enumerate() {
            let at = target.leaves.start + n;
            let old = whole.leaves[at].clone();
            let of = &types[n];
            whole.leaves[at] = match &target.selection {
                None => match &conditions {
                    Some(condition) => self.choose(condition, &leaf, &old, (of.scalar, of.lanes()), span)?,
                    None => leaf,
                },
                Some(selection) => {
                    let indexed: u64 = target.ty.extents()[..selection.depth()].iter().product();
                    let below = of.lanes().checked_div(indexed).unwrap_or(0);
                    let written = match &conditions {
                        Some(condition) => {
                            let part = Value::new(Type::lanes_of(of.scalar, &of.extents), old.clone());
                            let part = self.selected(&part, selection, span)?;
                            let lanes = leaf.lanes();
                            let before = part.leaves.first().ok_or(Reported)?;
                            self.choose(condition, &leaf, before, (of.scalar, lanes), span)?
                        }
                        None => leaf,
                    };
                    self.updated(&old, written, (of.scalar, of.lanes(), below), selection, span)?
                }
            };
        }
        self.variables[target.variable].value = Some(whole);
        Ok(())
    }

    /// What is written, as one of the place's type and in its declared range.
    fn promised(
        &mut self,
        target: &Target,
        whole: &Value,
        value: Value,
        conditions: Option<&Operand>,
        span: Span,
    ) -> Outcome<Value> {
        let ty = target.assigned();
        let Some(declared) = self.variables[target.variable].declared.clone() else {
            return self.as_type(value, &ty, span);
        };
        let ranges = declared.ranges[target.leaves.clone()].to_vec();
        let part = Declared { ty, ranges, ..declared };
        if part.secrecy == Some(ast::Secrecy::Public) {
            return self.keep_promise(value, &part, span);
        }
        let mut value = self.as_type(value, &part.ty, span)?;
        let guard = match conditions {
            Some(conditions) => Some(conditions.clone()),
            None => self.forking_condition(target.variable),
        };
        if let Some(guard) = guard {
            self.choose_first(target, whole, &mut value, (&part, &guard), span)?;
        }
        self.keep_promise(value, &part, span)
    }

    /// The secret condition under which the variable is a copy.
    fn forking_condition(&self, variable: usize) -> Option<Operand> {
        let branch = self.branches.iter().rev().find(|branch| branch.forked.contains(&variable))?;
        Self::operand(&branch.condition, branch.span)
    }

    /// Where a secret condition compares what is written with what was there, the lesser or greater of the two may lie in the declared range although what
    /// is written does not: then that is written. It is the same where the condition holds, and nothing else counts.
    fn choose_first(
        &mut self,
        target: &Target,
        whole: &Value,
        value: &mut Value,
        (declared, guard): (&Declared, &Operand),
        span: Span,
    ) -> Outcome<()> {
        let types = target.ty.leaves();
        for (n, (leaf, range)) in value.leaves.iter_mut().zip(&declared.ranges).enumerate() {
            let (of, Some(range)) = (&types[n], range) else { continue };
            let outside = !self.range(leaf, of.scalar.frac()).within(*range);
            if !outside || !self.is_secret(leaf) || leaf.lanes() != 1 {
                continue;
            }
            let mut before = whole.leaves[target.leaves.start + n].clone();
            if let Some(selection) = target.selection.as_ref().filter(|selection| selection.lookups().is_empty()) {
                let part = Value::new(Type::lanes_of(of.scalar, &of.extents), before);
                before = self.selected(&part, selection, span)?.leaves.into_iter().next().ok_or(Reported)?;
            }
            if before.lanes() != 1 {
                continue;
            }
            let chosen = self.choose(guard, leaf, &before, (of.scalar, 1), span)?;
            if self.range(&chosen, of.scalar.frac()).within(*range) {
                *leaf = chosen;
            }
        }
        Ok(())
    }

    /// The conjunction of the secret conditions between a write to the variable and the place where it was declared or copied; `None` where there is
    /// none.
    fn conditions_of(&mut self, variable: usize, span: Span) -> Outcome<Option<Operand>> {
        let mut conditions: Vec<Value> = Vec::new();
        for branch in self.branches.iter().rev() {
            if variable >= branch.outside || branch.forked.contains(&variable) {
                break;
            }
            conditions.push(branch.condition.clone());
        }
        let Some(mut all) = conditions.pop() else { return Ok(None) };
        while let Some(next) = conditions.pop() {
            all = self.operate(BinaryOp::And, span, (&all, span), (&next, span), span)?;
        }
        Ok(Self::operand(&all, span))
    }

    /// The leaf with the selected lanes replaced.
    pub(super) fn updated(
        &mut self,
        old: &Leaf,
        written: Leaf,
        (scalar, lanes, below): (Scalar, u64, u64),
        selection: &Selection,
        span: Span,
    ) -> Outcome<Leaf> {
        let count = written.lanes();
        if count == 0 {
            return Ok(old.clone());
        }
        let public = !self.is_secret(old) && !self.is_secret(&written);
        let origin = self.origin_of(&[old, &written]);
        let (array, mut written) = self.array_for(old, written, (scalar, lanes), span)?;
        let view = self.lanes(&written, scalar, count, span)?;
        self.at(span);
        let next = match (selection.positions().cloned(), selection.place(below)) {
            (Some(positions), _) => {
                let positions = self.lane_positions(&positions, below)?;
                self.builder.scatter(array, view, positions)
            }
            (None, Some(place)) => self.builder.update(array, place, view),
            (None, None) => {
                let words = selection.lanes(below).into_iter().map(|lane| i64::try_from(lane).unwrap_or(i64::MAX));
                let words: Vec<i64> = words.collect();
                let (lo, hi) = (words.iter().min().copied().unwrap_or(0), words.iter().max().copied().unwrap_or(0));
                let positions = self.builder.constant(RegType::pub_int(lo, hi), words);
                let mut positions = self.builder.whole(positions);
                if let Some(index) = selection.index(below) {
                    positions = self.moved_positions(&positions, index);
                }
                self.builder.scatter(array, view, positions)
            }
        };
        let relative = match &old.data {
            Data::Lanes(_) => Relative::join(old.relative, written.relative.take()),
            Data::Known(_) => None,
        };
        Ok(Leaf::of(Ref::whole(next, lanes)).from(origin).relative(relative).public(scalar, public))
    }

    /// The array as an IR value whose type holds what is written, and what is written as a value of that type.
    fn array_for(
        &mut self,
        old: &Leaf,
        written: Leaf,
        (scalar, lanes): (Scalar, u64),
        span: Span,
    ) -> Outcome<(crate::ir::ValueId, Leaf)> {
        let frac = scalar.frac();
        let secret = self.is_secret(old) || self.is_secret(&written);
        let (own, new) = (self.range(old, frac), self.range(&written, frac));
        if let (Data::Lanes(view), false, Some(relative)) = (&old.data, new.within(own), written.relative)
            && self.is_secret(old) == secret
            && Relative::join(old.relative, Some(relative)).is_some()
            && self.growing.get(&relative.base).is_some_and(|growth| growth.holds(relative))
        {
            // The range of the array holds all that the loop's turns can add to it.
            let view = view.clone();
            let array = self.whole(&view);
            let added = self.lanes(&written, scalar, written.lanes(), span)?;
            let kept = self.relabelled(&added, own, span).from(written.origin).relative(written.relative);
            return Ok((array, kept));
        }
        let ty = super::branch::register(scalar, secret, own.join(new));
        // Words may have more bits than what fills a register.
        if let (Data::Known(Known::Same(value, _)), false) = (&old.data, matches!(scalar, Scalar::Bits(_))) {
            let word = self.raw(&value.clone(), frac, span)?;
            self.at(span);
            return Ok((self.builder.fill(ty, word, lanes), written));
        }
        let view = self.lanes(old, scalar, lanes, span)?;
        self.at(span);
        let array = self.builder.value_of(&view);
        // An update keeps the array's type, so a wider one takes a copy.
        let array = if self.builder.ty(array) == ty { array } else { self.builder.copy(&Ref::whole(array, lanes), ty) };
        Ok((array, written))
    }
}

impl Target {
    fn descend(&mut self, ty: Type, leaves: Range<usize>) {
        let start = self.leaves.start;
        self.leaves = start + leaves.start..start + leaves.end;
        self.ty = ty;
    }
}

/// The variable at the root of a place.
pub(super) fn root_name(place: &Expr) -> Option<&ast::Name> {
    match &place.kind {
        ExprKind::Path { path, .. } => path.first(),
        ExprKind::Field(of, _) | ExprKind::TupleIndex(of, ..) | ExprKind::Index(of, _) => root_name(of),
        _ => None,
    }
}

/// Whether a place is a variable as a whole.
pub(super) const fn is_whole(place: &Expr) -> bool {
    matches!(place.kind, ExprKind::Path { .. })
}
