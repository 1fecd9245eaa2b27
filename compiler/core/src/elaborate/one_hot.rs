//! Secret indices: nobody may see which element is meant, so all are looked at.
//!
//! An index is compared with every position that its range allows, in one vector comparison; of the truths at most one holds. A read is the product of the
//! truths with the array, summed: one round. A write chooses in each position between what is written and what was there; `xs[i] += v` adds the product
//! of the truths with v, so that the range of `xs` grows by that of v alone. Where no position is meant, a read gives 0 and a write does nothing.

use super::declared::Declared;
use super::lanes::{Operand, narrow, show_place};
use super::place::Target;
use super::shape::Selection;
use super::types::{LeafType, Scalar, Type};
use super::value::{Data, Leaf, Origin, Relative, Value};
use super::{Elaborator, Outcome, Reported, origin_label};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Dim, Op, Place, Ref, RegType};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use smpc_bytecode::interval::Interval;
use std::rc::Rc;

/// A secret index, or an array of them, in one extent of an array.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    /// Which extent of the region that the indices can mean.
    dim: usize,
    /// Number of positions that are compared.
    positions: u64,
    /// Number of indices; 1 for a single one, which leaves no extent.
    indices: u64,
    /// Truth values: whether position p is meant by index k, in lane p · indices + k.
    truths: Operand,
    /// The range of the index, and the extent of the array.
    range: Interval,
    extent: u64,
    /// Whether an index may mean nothing.
    outside: bool,
}

impl Lookup {
    /// Number of positions that are compared.
    pub(super) const fn positions(&self) -> u64 {
        self.positions
    }

    /// Number of indices.
    pub(super) const fn indices(&self) -> u64 {
        self.indices
    }

    /// What made the index secret.
    pub(super) fn origin(&self) -> Option<Rc<Origin>> {
        self.truths.leaf.origin.clone()
    }
}

/// What is done where a secret index means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    /// `xs[i] op= v`
    ReadAndWrite,
}

impl Access {
    const fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::ReadAndWrite => "read and write",
        }
    }

    /// What happens where no position is meant.
    const fn outside(self) -> &'static str {
        match self {
            Self::Read => "the result is 0",
            Self::Write => "nothing is written",
            Self::ReadAndWrite => "0 is read and nothing is written",
        }
    }
}

/// Lanes of a region, as what lies outside of an extent, its positions, and what lies in each.
#[derive(Clone, Copy, Debug)]
struct Parts {
    outer: u64,
    positions: u64,
    inner: u64,
}

/// Makes views of half as many positions out of those of both halves.
type Combine<'c, E, const N: usize> = &'c mut dyn FnMut(&mut E, &[Ref; N], &[Ref; N]) -> [Ref; N];

fn stride(lanes: u64) -> i64 {
    i64::try_from(lanes).unwrap_or(i64::MAX)
}

impl Elaborator<'_> {
    /// The comparisons of a secret index with the positions of an extent; the first position, and the lookup. `None` for an index that is known by its range.
    pub(super) fn lookup(&mut self, index: &Operand, extent: u64, dim: usize) -> Outcome<(u64, Option<Lookup>)> {
        let span = index.span;
        let range = self.range(&index.leaf, 0);
        let last = i128::from(extent) - 1;
        let (from, to) = (range.lo.max(0), range.hi.min(last));
        let (Ok(first), Ok(positions)) = (u64::try_from(from), u64::try_from(to - from + 1)) else {
            return self.never_inside(range, extent, index);
        };
        if positions == 0 {
            return self.never_inside(range, extent, index);
        }
        let outside = range.lo < 0 || range.hi > last;
        let indices = index.leaf.lanes();
        if positions == 1 && !outside && index.extents.is_empty() {
            return Ok((first, None));
        }
        let Some(lanes) = positions.checked_mul(indices).filter(|lanes| *lanes <= super::declared::MAX_LANES) else {
            let message = format!("{indices} secret indices into {positions} elements are too many comparisons");
            return self.error(
                Code::TooLarge,
                span,
                message,
                "narrow the range of the indices, or sort and join instead",
            );
        };
        let view = self.lanes(&index.leaf, Scalar::Int, indices, span)?;
        self.at(span);
        let (across, along) = (Dim { stride: 0, len: positions }, Dim { stride: 1, len: indices });
        let view = self.builder.view(&view, &Place::grid(0, across, along).simplified());
        let ends = narrow(Interval::new(from, to)).unwrap_or((0, 0));
        let all = self.builder.range(RegType::pub_int(ends.0, ends.1), ends.0, 1, positions);
        let (across, along) = (Dim { stride: 1, len: positions }, Dim { stride: 0, len: indices });
        let all = Ref { value: all, place: Place::grid(0, across, along).simplified() };
        let equal = self.truth(Op::Eq {}, vec![view, all], lanes, span);
        let leaf = Leaf::of(equal).from(index.leaf.origin.clone());
        let truths = Operand { scalar: Scalar::Bool, extents: vec![positions, indices], leaf, span };
        Ok((first, Some(Lookup { dim, positions, indices, truths, range, extent, outside })))
    }

    fn never_inside<T>(&mut self, range: Interval, extent: u64, index: &Operand) -> Outcome<T> {
        let message = format!("a secret index that is never inside an array of {extent} elements");
        let last = if extent == 0 { "it has none".to_owned() } else { format!("the last element is {}", extent - 1) };
        let diagnostic = Diagnostic::new(Code::OutOfBounds, index.span, message).here(show_place(range, 0)).help(last);
        Err(self.report(origin_label(diagnostic, index.leaf.origin.as_deref(), "has its range from here")))
    }

    /// A secret value where a slice would start.
    pub(super) fn secret_slice<T>(&mut self, span: Span, origin: Option<&Origin>) -> Outcome<T> {
        let text = self.sources.text(span);
        let diagnostic = Diagnostic::new(Code::SecretShape, span, "a slice that starts at a secret position")
            .help(format!("read the elements one by one: `[xs[{text} + offset] for offset in 0..5]`"));
        Err(self.report(origin_label(diagnostic, origin, "is secret because of this")))
    }

    /// Says what a secret index costs, and what it does outside the array.
    fn lint_lookups(&mut self, lookups: &[Lookup], products: u64, access: Access, span: Span) {
        if self.modules.is_library(span.file) {
            return;
        }
        let show = |n: u64| super::known::show_int(n.into());
        let many = |n: u64, what: &str| if n == 1 { format!("1 {what}") } else { format!("{} {what}s", show(n)) };
        let compared: u64 = lookups.iter().map(|lookup| lookup.positions.saturating_mul(lookup.indices)).sum();
        let what = if lookups.iter().any(|lookup| lookup.indices > 1) {
            "secret indices look"
        } else {
            "a secret index looks"
        };
        let mut diagnostic = Diagnostic::new(Code::SecretIndex, span, format!("{what} at every element"))
            .here(format!(
                "each {} costs {} and {}",
                access.verb(),
                many(compared, "comparison"),
                many(products, "product")
            ))
            .help("narrow the range of the index where it can only mean some of the elements, or use a public one");
        for lookup in lookups.iter().filter(|lookup| lookup.outside) {
            let text = self.sources.text(lookup.truths.span);
            diagnostic = diagnostic.note(format!(
                "`{text}` {}, and there are {} elements: outside of them {}",
                show_place(lookup.range, 0),
                show(lookup.extent),
                access.outside()
            ));
        }
        self.report(diagnostic);
    }

    // Reading.

    /// The elements that a selection with secret indices means.
    pub(super) fn looked_up(&mut self, value: &Value, selection: &Selection, span: Span) -> Outcome<Value> {
        self.read_looked_up(value, selection, Access::Read, span)
    }

    /// The same; what is read to be written again is told where it is written.
    pub(super) fn read_looked_up(
        &mut self,
        value: &Value,
        selection: &Selection,
        access: Access,
        span: Span,
    ) -> Outcome<Value> {
        let ty = value.ty.below(selection.depth()).arrays(selection.extents());
        let (region, extents) = (selection.region(), selection.region().extents().to_vec());
        let part = self.selected(value, &region, span)?;
        if access == Access::Read {
            let products: u64 = part.ty.leaves().iter().map(LeafType::lanes).sum();
            self.lint_lookups(selection.lookups(), products.saturating_mul(selection.indices()), access, span);
        }
        let mut leaves = Vec::with_capacity(part.leaves.len());
        for (leaf, of) in part.leaves.iter().zip(part.ty.leaves()) {
            let indexed: u64 = extents.iter().product();
            let below = of.lanes().checked_div(indexed).unwrap_or(0);
            let mut left = extents.clone();
            let mut leaf = leaf.clone();
            // The last extent first, so that the others keep their numbers.
            for lookup in selection.lookups().iter().rev() {
                let parts = Parts {
                    outer: left[..lookup.dim].iter().product(),
                    positions: lookup.positions,
                    inner: left[lookup.dim + 1..].iter().product::<u64>() * below,
                };
                leaf = self.read(&leaf, of.scalar, lookup, parts, span)?;
                left.remove(lookup.dim);
            }
            leaves.push(leaf);
        }
        Ok(Value { ty, leaves })
    }

    /// A leaf without the extent of a lookup, in whose place stand the indices.
    fn read(&mut self, leaf: &Leaf, scalar: Scalar, lookup: &Lookup, parts: Parts, span: Span) -> Outcome<Leaf> {
        let Parts { outer, positions, inner } = parts;
        let lanes = outer * lookup.indices * inner;
        let origin = lookup.truths.leaf.origin.clone().or_else(|| leaf.origin.clone());
        if lanes == 0 {
            return Ok(leaf.clone());
        }
        let view = self.lanes(leaf, scalar, outer * positions * inner, span)?;
        let found = if scalar == Scalar::Bool {
            self.read_truths(&view, lookup, parts, span)?
        } else if matches!(scalar, Scalar::Bits(_)) {
            // Words are no numbers that products could choose.
            self.read_wide(&view, (scalar, Interval::of(0)), lookup, parts, span)?
        } else {
            let own = self.range(leaf, scalar.frac());
            let kept = if lookup.outside { own.join(Interval::of(0)) } else { own };
            let rule = own.mul(Interval::new(0, 1)).times(positions);
            match narrow(rule) {
                Some((lo, hi)) => {
                    let ty = RegType::Arith { lo, hi, frac: scalar.frac() };
                    let sum = self.read_numbers(&view, ty, lookup, parts)?;
                    if rule.within(kept) { sum } else { self.relabelled_view(&sum, kept, span) }
                }
                None => self.read_wide(&view, (scalar, kept), lookup, parts, span)?,
            }
        };
        // 0 is no move of anything.
        let relative = if lookup.outside { None } else { leaf.relative };
        Ok(Leaf::of(found).from(origin).relative(relative))
    }

    fn relabelled_view(&mut self, view: &Ref, range: Interval, span: Span) -> Ref {
        match self.relabelled(view, range, span).data {
            Data::Lanes(view) => view,
            Data::Known(_) => view.clone(),
        }
    }

    /// Sums of products with the truths as numbers.
    fn read_numbers(&mut self, view: &Ref, ty: RegType, lookup: &Lookup, parts: Parts) -> Outcome<Ref> {
        let Parts { outer, positions, inner } = parts;
        let truths = self.bool_to_int(&lookup.truths)?;
        let Data::Lanes(truths) = truths.leaf.data else { return Err(Reported) };
        let truths = self.by_index(&truths, lookup);
        self.at(lookup.truths.span);
        let (rows, lanes) = (lookup.indices, outer * lookup.indices * inner);
        // What lies outside goes inside, and comes back afterwards.
        let view = self.turned(view, outer, positions * inner);
        let op = Op::MatMul { rows, inner: positions, cols: inner * outer };
        let value = self.builder.gate(op, vec![truths, view], ty, lanes);
        Ok(self.turned(&Ref::whole(value, lanes), lanes / outer, outer))
    }

    /// A matrix turned round: rows become columns.
    fn turned(&mut self, view: &Ref, rows: u64, cols: u64) -> Ref {
        if rows == 1 || cols == 1 {
            return view.clone();
        }
        let (across, along) = (Dim { stride: 1, len: cols }, Dim { stride: stride(cols), len: rows });
        self.builder.view(view, &Place::grid(0, across, along))
    }

    /// The truths index by index.
    fn by_index(&mut self, truths: &Ref, lookup: &Lookup) -> Ref {
        self.turned(truths, lookup.positions, lookup.indices)
    }

    /// The array once for each index, and the truths once for each lane: both in lanes (outer or index, position, inner).
    fn beside(&mut self, view: &Ref, lookup: &Lookup, parts: Parts) -> Outcome<(Ref, Ref)> {
        let Parts { outer, positions, inner } = parts;
        let Data::Lanes(truths) = lookup.truths.leaf.data.clone() else { return Err(Reported) };
        let again = |elaborator: &mut Self, view: &Ref, times: u64, lanes: u64| {
            let (all, each) = (Dim { stride: 0, len: times }, Dim { stride: 1, len: lanes });
            elaborator.builder.view(view, &Place::grid(0, all, each).simplified())
        };
        let array = again(self, view, lookup.indices, outer * positions * inner);
        let truths = self.by_index(&truths, lookup);
        let (lane, wide) = (Dim { stride: 1, len: lookup.indices * positions }, Dim { stride: 0, len: inner });
        let truths = self.builder.view(&truths, &Place::grid(0, lane, wide).simplified());
        let truths = again(self, &truths, outer, lookup.indices * positions * inner);
        Ok((array, truths))
    }

    /// The positions `from .. from + len` of lanes (group, position, inner).
    fn positions(&mut self, view: &Ref, groups: u64, parts: Parts, (from, len): (u64, u64)) -> Ref {
        let (group, each) = (
            Dim { stride: stride(parts.positions * parts.inner), len: groups },
            Dim { stride: 1, len: len * parts.inner },
        );
        self.builder.view(view, &Place::grid(from * parts.inner, group, each).simplified())
    }

    /// Combines all positions, half with half; what is combined are views of lanes (group, position, inner).
    fn halves<const N: usize>(
        &mut self,
        views: [Ref; N],
        groups: u64,
        mut parts: Parts,
        combine: Combine<'_, Self, N>,
    ) -> [Ref; N] {
        let (mut views, mut odd): ([Ref; N], Option<[Ref; N]>) = (views, None);
        while parts.positions > 1 {
            let half = parts.positions / 2;
            if parts.positions % 2 == 1 {
                let last = views.each_ref().map(|view| self.positions(view, groups, parts, (2 * half, 1)));
                odd = Some(match odd {
                    Some(odd) => combine(self, &last, &odd),
                    None => last,
                });
            }
            let first = views.each_ref().map(|view| self.positions(view, groups, parts, (0, half)));
            let second = views.each_ref().map(|view| self.positions(view, groups, parts, (half, half)));
            views = combine(self, &first, &second);
            parts.positions = half;
        }
        match odd {
            Some(odd) => combine(self, &views, &odd),
            None => views,
        }
    }

    /// Truth values: at most one is kept, so that their parity is that one.
    fn read_truths(&mut self, view: &Ref, lookup: &Lookup, parts: Parts, span: Span) -> Outcome<Ref> {
        let (array, truths) = self.beside(view, lookup, parts)?;
        let lanes = array.lanes();
        let kept = self.truth(Op::And {}, vec![truths, array], lanes, span);
        let [found] = self.halves([kept], parts.outer * lookup.indices, parts, &mut |elaborator, [a], [b]| {
            [elaborator.truth(Op::Xor {}, vec![a.clone(), b.clone()], a.lanes(), span)]
        });
        Ok(found)
    }

    /// Numbers of which a sum may exceed 64 bits, as far as the ranges tell: a tournament of choices.
    fn read_wide(
        &mut self,
        view: &Ref,
        (scalar, kept): (Scalar, Interval),
        lookup: &Lookup,
        parts: Parts,
        span: Span,
    ) -> Outcome<Ref> {
        let (array, truths) = self.beside(view, lookup, parts)?;
        let ty = super::branch::register(scalar, true, kept);
        let [found, any] =
            self.halves([array, truths], parts.outer * lookup.indices, parts, &mut |elaborator, a, b| {
                let lanes = a[0].lanes();
                let any = elaborator.truth(Op::Xor {}, vec![a[1].clone(), b[1].clone()], lanes, span);
                let args = vec![a[1].clone(), a[0].clone(), b[0].clone()];
                let value = elaborator.builder.gate(Op::Select {}, args, ty, lanes);
                [Ref::whole(value, lanes), any]
            });
        if !lookup.outside {
            return Ok(found);
        }
        let lanes = found.lanes();
        let zero = self.lanes(&Leaf::known(super::known::Known::Same(scalar.num(0), lanes)), scalar, lanes, span)?;
        let value = self.builder.gate(Op::Select {}, vec![any, found, zero], ty, lanes);
        Ok(Ref::whole(value, lanes))
    }

    // Writing.

    /// Writes where a secret index means; the whole variable afterwards. `None` for the conditions where there are none.
    pub(super) fn write_looked_up(
        &mut self,
        target: &Target,
        whole: &mut Value,
        (value, conditions): (Value, Option<&Operand>),
        span: Span,
    ) -> Outcome<()> {
        let Some(selection) = target.selection() else { return Err(Reported) };
        let types = target.ty().leaves();
        // Once to read and once to write.
        let times = if target.access() == Access::ReadAndWrite { 2 } else { 1 };
        let products = self.region_lanes(target, selection, &types).saturating_mul(times);
        self.lint_lookups(selection.lookups(), products, target.access(), target.span());
        let truths = self.place_truths(selection, conditions, span)?;
        for (n, (leaf, of)) in value.leaves.into_iter().zip(&types).enumerate() {
            let at = target.leaves().start + n;
            let (old, below) = self.region_of(&whole.leaves[at], of, target, selection, span)?;
            if old.lanes() == 0 {
                continue;
            }
            let leaf = self.over_region(&leaf, of.scalar, selection, below, span)?;
            let written = self.choose(&truths, &leaf, &old, (of.scalar, old.lanes()), span)?;
            let dims = (of.scalar, of.lanes(), below);
            whole.leaves[at] = self.updated(&whole.leaves[at].clone(), written, dims, &selection.region(), span)?;
        }
        Ok(())
    }

    /// `place += value` and `place -= value` where a secret index means: the range grows by that of the value alone. `None` where that is not how it is done.
    pub(super) fn add_looked_up(
        &mut self,
        target: &Target,
        op: BinaryOp,
        (value, value_span): (&Value, Span),
        (conditions, declared): (Option<&Operand>, Option<&Declared>),
        span: Span,
    ) -> Outcome<Option<Value>> {
        let Some(selection) = target.selection().filter(|selection| !selection.lookups().is_empty()) else {
            return Ok(None);
        };
        let types = target.ty().leaves();
        let [of] = types.as_slice() else { return Ok(None) };
        let gate = match op {
            BinaryOp::Add => Op::Add {},
            BinaryOp::Sub => Op::Sub {},
            _ => return Ok(None),
        };
        let assigned = target.assigned();
        if !of.scalar.is_number() || assigned.as_lanes().is_none() {
            return Ok(None);
        }
        let value = match (value.ty.extents().is_empty(), &value.ty) {
            // A scalar is added to every element.
            (true, Type::Scalar(_)) => self.repeated(value, assigned.extents(), value_span)?,
            _ => value.clone(),
        };
        let value = self.as_type(value, &assigned, value_span)?;
        let products = self.region_lanes(target, selection, &types);
        self.lint_lookups(selection.lookups(), products, Access::ReadAndWrite, target.span());
        let mut whole = self.variables[target.variable].value.clone().ok_or(Reported)?;
        let at = target.leaves().start;
        let (old, below) = self.region_of(&whole.leaves[at], of, target, selection, span)?;
        let lanes = old.lanes();
        if lanes == 0 {
            return Ok(Some(whole));
        }
        let leaf = value.leaves.first().ok_or(Reported)?;
        let leaf = self.over_region(leaf, of.scalar, selection, below, span)?;
        let frac = of.scalar.frac();
        let (range, added) = (self.range(&old, frac), self.range(&leaf, frac).join(Interval::of(0)));
        let truths = self.place_truths(selection, conditions, span)?;
        let truths = self.bool_to_int(&truths)?;
        let Data::Lanes(truths) = truths.leaf.data else { return Err(Reported) };
        let (lane, wide) = (Dim { stride: 1, len: truths.lanes() }, Dim { stride: 0, len: below });
        let truths = self.builder.view(&truths, &Place::grid(0, lane, wide).simplified());
        let view = self.lanes(&leaf, of.scalar, lanes, span)?;
        let operand =
            |leaf: &Leaf, span: Span| Operand { scalar: of.scalar, extents: vec![lanes], leaf: leaf.clone(), span };
        let what = if op == BinaryOp::Add { "+=" } else { "-=" };
        let blame = self.blame(span, what, &[&operand(&old, target.span()), &operand(&leaf, value_span)]);
        let product = self.number(Op::Mul {}, vec![view, truths], (of.scalar, added, lanes), &blame)?;
        let product = self.lanes(&product, of.scalar, lanes, span)?;
        let before = self.lanes(&old, of.scalar, lanes, span)?;
        let moved = if op == BinaryOp::Add { added } else { added.neg() };
        let exact = range.add(moved);
        let wraps = self.rules_at(span).wrapping && of.scalar == Scalar::Int && !exact.fits();
        let (gate, exact) = match (wraps, gate) {
            (true, Op::Add {}) => (Op::AddWrap {}, Interval::FULL),
            (true, _) => (Op::SubWrap {}, Interval::FULL),
            (false, gate) => (gate, exact),
        };
        let sum = self.number(gate, vec![before, product], (of.scalar, exact, lanes), &blame)?;
        let relative = old.relative.map(|relative: Relative| relative.moved(moved.lo, moved.hi));
        let sum = sum.relative(if leaf.relative.is_some() || wraps { None } else { relative });
        let ty = Type::lanes_of(of.scalar, &[lanes]);
        let sum = Value::new(ty.clone(), sum);
        let sum = match declared {
            Some(declared) => {
                let ranges = declared.ranges[target.leaves()].to_vec();
                self.keep_promise(sum, &Declared { ty, ranges, ..declared.clone() }, span)?
            }
            None => sum,
        };
        let sum = sum.leaves.into_iter().next().ok_or(Reported)?;
        let dims = (of.scalar, of.lanes(), below);
        whole.leaves[at] = self.updated(&whole.leaves[at].clone(), sum, dims, &selection.region(), span)?;
        Ok(Some(whole))
    }

    /// Lanes of all that the indices may mean.
    fn region_lanes(&self, target: &Target, selection: &Selection, types: &[LeafType]) -> u64 {
        let indexed: u64 = target.ty().extents()[..selection.depth()].iter().product();
        let each = types.iter().map(|of| of.lanes().checked_div(indexed).unwrap_or(0));
        each.sum::<u64>().saturating_mul(selection.region().extents().iter().product())
    }

    /// What stands now where the indices may mean, and the lanes of an element.
    fn region_of(
        &mut self,
        whole: &Leaf,
        of: &LeafType,
        target: &Target,
        selection: &Selection,
        span: Span,
    ) -> Outcome<(Leaf, u64)> {
        let indexed: u64 = target.ty().extents()[..selection.depth()].iter().product();
        let below = of.lanes().checked_div(indexed).unwrap_or(0);
        let part = Value::new(Type::lanes_of(of.scalar, &of.extents), whole.clone());
        let part = self.selected(&part, &selection.region(), span)?;
        Ok((part.leaves.into_iter().next().ok_or(Reported)?, below))
    }

    /// For each element of the region whether it is meant.
    fn place_truths(&mut self, selection: &Selection, conditions: Option<&Operand>, span: Span) -> Outcome<Operand> {
        let region = selection.region();
        let extents = region.extents();
        let mut all: Option<Value> = None;
        for lookup in selection.lookups() {
            let mut truths = lookup.truths.clone().into_value();
            if let (Some(condition), None) = (conditions, &all) {
                let condition = condition.clone().into_value();
                truths = self.operate(BinaryOp::And, span, (&condition, span), (&truths, span), span)?;
            }
            let Some(Data::Lanes(view)) = truths.leaves.first().map(|leaf| leaf.data.clone()) else {
                return Err(Reported);
            };
            let dims: Vec<(i64, u64)> =
                extents.iter().enumerate().map(|(dim, len)| (i64::from(dim == lookup.dim), *len)).collect();
            let view = self.grid(&view, &dims, span)?;
            let leaf = Leaf::of(view).from(lookup.truths.leaf.origin.clone());
            let truths = Value::new(Type::lanes_of(Scalar::Bool, extents), leaf);
            all = Some(match all {
                Some(all) => self.operate(BinaryOp::And, span, (&all, span), (&truths, span), span)?,
                None => truths,
            });
        }
        all.and_then(|all| Self::operand(&all, span)).ok_or(Reported)
    }

    /// What is written, in each position that may be meant.
    fn over_region(
        &mut self,
        leaf: &Leaf,
        scalar: Scalar,
        selection: &Selection,
        below: u64,
        span: Span,
    ) -> Outcome<Leaf> {
        let region = selection.region();
        let extents = region.extents();
        let lanes = extents.iter().product::<u64>() * below;
        if let Data::Known(super::known::Known::Same(value, _)) = &leaf.data {
            return Ok(Leaf { data: Data::Known(super::known::Known::Same(value.clone(), lanes)), ..leaf.clone() });
        }
        let view = self.lanes(leaf, scalar, selection.extents().iter().product::<u64>() * below, span)?;
        let mut dims = vec![(1, below)];
        let mut step = below;
        for (dim, len) in extents.iter().enumerate().rev() {
            if selection.lookups().iter().any(|lookup| lookup.dim == dim) {
                dims.push((0, *len));
            } else {
                dims.push((stride(step), *len));
                step *= len;
            }
        }
        dims.reverse();
        let view = self.grid(&view, &dims, span)?;
        Ok(Leaf { data: Data::Lanes(view), ..leaf.clone() })
    }

    /// A view of any number of dimensions, outer first: where two cannot say it, the lanes are gathered.
    fn grid(&mut self, view: &Ref, dims: &[(i64, u64)], span: Span) -> Outcome<Ref> {
        let dims: Vec<Dim> = dims.iter().map(|(stride, len)| Dim { stride: *stride, len: *len }).collect();
        let dims = super::shape::joined_dims(dims);
        if dims.len() <= 2 {
            return Ok(self.builder.view(view, &Place { offset: 0, index: None, dims }));
        }
        let lanes = super::shape::lanes_of_dims(0, &dims);
        self.picked(view, &lanes, None, span)
    }
}
