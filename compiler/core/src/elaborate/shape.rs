//! Shapes: what an index, a slice or a field of a value is, arrays out of elements, and arrays joined.
//!
//! An index or slice names lanes of each leaf. They are found once for all extents of the array as a [`Selection`], which reading and writing
//! (see `place`) share.

use super::known::Known;
use super::lanes::Operand;
use super::one_hot::Lookup;
use super::types::{Scalar, Type};
use super::value::{Data, Leaf, Relative, Value};
use super::{Elaborator, Outcome};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Dim, Index, Place, Ref, RegType, ValueId};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind};
use smpc_bytecode::interval::Interval;

/// Rows of at least so many lanes are gathered slice by slice.
const FEWEST_BELOW: u64 = 8;

/// As long as there are no more of them than this.
const MOST_SLICES: u64 = 256;

/// Which elements of an array an index expression names: elements of the outer extents, in order.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    /// First element, counted in elements below the indexed extents.
    offset: u64,
    /// A part of it that is known when the program runs, in the same units.
    index: Option<Index>,
    /// Strides and lengths in the same units, outer first.
    dims: Vec<Dim>,
    /// How many extents are indexed.
    depth: usize,
    /// The extents that are left of them.
    extents: Vec<u64>,
    /// A public array of positions in the first extent, instead of the above.
    gather: Option<Operand>,
    /// Secret indices among the extents that the above names.
    lookups: Vec<Lookup>,
    /// The extents that the above names.
    region: Vec<u64>,
}

impl Selection {
    /// The extents that are left of the indexed ones.
    pub(super) fn extents(&self) -> &[u64] {
        &self.extents
    }

    /// Number of indexed extents.
    pub(super) const fn depth(&self) -> usize {
        self.depth
    }

    /// The public positions, for a gather or scatter.
    pub(super) const fn positions(&self) -> Option<&Operand> {
        self.gather.as_ref()
    }

    /// Secret indices.
    pub(super) fn lookups(&self) -> &[Lookup] {
        &self.lookups
    }

    /// Number of secret indices: 1 unless there is an array of them.
    pub(super) fn indices(&self) -> u64 {
        self.lookups.iter().map(Lookup::indices).product()
    }

    /// Several secret indices, which no write may have.
    pub(super) fn scatters(&self) -> Option<&Lookup> {
        self.lookups.iter().find(|lookup| lookup.indices() > 1)
    }

    /// All that secret indices may mean.
    pub(super) fn region(&self) -> Self {
        Self { extents: self.region.clone(), lookups: Vec::new(), ..self.clone() }
    }

    /// The lanes of a leaf with so many lanes below each element, as strides; outer first, without those of length 1.
    fn strides(&self, below: u64) -> (u64, Option<Index>, Vec<Dim>) {
        let scale = |stride: i64| stride.saturating_mul(i64::try_from(below).unwrap_or(i64::MAX));
        let mut dims: Vec<Dim> = self.dims.iter().map(|dim| Dim { stride: scale(dim.stride), len: dim.len }).collect();
        dims.push(Dim { stride: 1, len: below });
        let joined = joined_dims(dims);
        let index = self.index.map(|index| Index { value: index.value, stride: scale(index.stride) });
        (self.offset * below, index, joined)
    }

    /// As a place of the IR, where two dimensions can say it.
    pub(super) fn place(&self, below: u64) -> Option<Place> {
        let (offset, index, dims) = self.strides(below);
        (dims.len() <= 2).then_some(Place { offset, index, dims })
    }

    /// The lanes one by one, apart from the run-time part.
    pub(super) fn lanes(&self, below: u64) -> Vec<u64> {
        let (offset, _, dims) = self.strides(below);
        lanes_of_dims(offset, &dims)
    }

    /// The run-time part in lanes.
    pub(super) fn index(&self, below: u64) -> Option<Index> {
        self.strides(below).1
    }
}

/// One position of an index expression.
enum Position {
    /// A known element.
    Known(u64),
    /// An element that is known when the program runs.
    Public(ValueId),
    /// So many elements from a known or public start.
    Slice(Option<u64>, Option<ValueId>, u64),
    /// A secret element, of those from a known start.
    Secret(u64, Box<Lookup>),
}

/// Dimensions without those of length 1, neighbours as one where that is the same.
pub(super) fn joined_dims(mut dims: Vec<Dim>) -> Vec<Dim> {
    dims.retain(|dim| dim.len != 1);
    let mut joined: Vec<Dim> = Vec::new();
    for dim in dims {
        match joined.last_mut() {
            Some(outer) if i64::try_from(dim.len).is_ok_and(|len| outer.stride == dim.stride.saturating_mul(len)) => {
                *outer = Dim { stride: dim.stride, len: outer.len * dim.len };
            }
            _ => joined.push(dim),
        }
    }
    joined
}

/// The lanes that dimensions name, one by one.
pub(super) fn lanes_of_dims(offset: u64, dims: &[Dim]) -> Vec<u64> {
    let mut lanes = vec![offset];
    for dim in dims {
        let row = |at: u64| (0..dim.len).map(move |i| at.wrapping_add_signed(dim.stride.wrapping_mul(i.cast_signed())));
        lanes = lanes.into_iter().flat_map(row).collect();
    }
    lanes
}

/// Of two elements, each as it is and as one of their common type, the leaves that later elements must agree with: a known number takes any scalar that
/// holds it, and so does an `int` that has become `fix` for the sake of a known number.
fn more_certain((a, left): (&Value, Value), (b, right): (&Value, Value)) -> Value {
    let common = left.ty.leaves();
    let fixed =
        |of: &Value, at: usize| of.leaves[at].as_known().is_none() && of.ty.leaves()[at].scalar == common[at].scalar;
    let each = left.leaves.into_iter().zip(right.leaves).enumerate().map(|(at, (x, y))| {
        let second = fixed(b, at) || (!fixed(a, at) && x.as_known().is_none());
        if second { y } else { x }
    });
    let leaves = each.collect();
    Value { ty: left.ty, leaves }
}

impl Elaborator<'_> {
    /// What `base[positions]` names of a value of that type.
    pub(super) fn selection(&mut self, ty: &Type, positions: &[ast::Expr], span: Span) -> Outcome<Selection> {
        let extents = ty.extents().to_vec();
        if extents.is_empty() {
            let message = format!("`{ty}` has no elements");
            return self.error(Code::TypeMismatch, span, message, "only arrays are indexed");
        }
        if positions.is_empty() || positions.len() > extents.len() {
            let message = format!("{} positions in an array of {} dimensions", positions.len(), extents.len());
            return self.error(Code::Arity, span, message, format!("this is `{ty}`"));
        }
        if let [only] = positions
            && !matches!(only.kind, ExprKind::Range { .. })
        {
            let value = self.expression(only)?;
            if let (Type::Array(own, element), [_]) = (&value.ty, value.leaves.as_slice())
                && **element == Type::INT
                && own.len() == 1
            {
                return self.gather_selection(&value, &extents, only.span);
            }
            let position = self.element(&value, extents[0], 0, only.span)?;
            return self.select(vec![position], &extents, span);
        }
        let mut found = Vec::with_capacity(positions.len());
        // Extents that stay, for secret indices to count.
        let mut dim = 0;
        for (position, extent) in positions.iter().zip(&extents) {
            let position = self.position(position, *extent, dim)?;
            dim += usize::from(matches!(position, Position::Slice(..) | Position::Secret(..)));
            found.push(position);
        }
        self.select(found, &extents, span)
    }

    fn gather_selection(&mut self, index: &Value, extents: &[u64], span: Span) -> Outcome<Selection> {
        let Some(operand) = Self::operand(index, span) else { return Err(super::Reported) };
        if self.is_secret(&operand.leaf) {
            let (first, lookup) = self.lookup(&operand, extents[0], 0)?;
            let Some(lookup) = lookup else { return Err(super::Reported) };
            let count = operand.leaf.lanes();
            let selection = self.select(vec![Position::Secret(first, Box::new(lookup))], extents, span)?;
            return Ok(Selection { extents: vec![count], ..selection });
        }
        if let Some(known) = operand.known() {
            let range = known.range();
            if known.lanes() > 0 && (range.lo < 0 || range.hi >= i128::from(extents[0])) {
                let outside = if range.lo < 0 { range.lo } else { range.hi };
                return self.out_of_bounds(outside, extents[0], span);
            }
        }
        let count = operand.leaf.lanes();
        Ok(Selection {
            offset: 0,
            index: None,
            dims: Vec::new(),
            depth: 1,
            extents: vec![count],
            gather: Some(operand),
            lookups: Vec::new(),
            region: vec![count],
        })
    }

    fn out_of_bounds<T>(&mut self, index: i128, extent: u64, span: Span) -> Outcome<T> {
        let last =
            if extent == 0 { "it has no elements".to_owned() } else { format!("the last element is {}", extent - 1) };
        self.error(Code::OutOfBounds, span, format!("index {index} is outside an array of {extent} elements"), last)
    }

    /// A single element.
    fn element(&mut self, value: &Value, extent: u64, dim: usize, span: Span) -> Outcome<Position> {
        if value.ty != Type::INT {
            let message = format!("an index is an `int`, and this is `{}`", value.ty);
            return self.error(Code::TypeMismatch, span, message, "write `x as int`");
        }
        if let Some(known) = value.known_int() {
            return match u64::try_from(known).ok().filter(|at| *at < extent) {
                Some(at) => Ok(Position::Known(at)),
                None => self.out_of_bounds(known, extent, span),
            };
        }
        if let Some(operand) = Self::operand(value, span).filter(|operand| self.is_secret(&operand.leaf)) {
            let (first, lookup) = self.lookup(&operand, extent, dim)?;
            return Ok(lookup.map_or(Position::Known(first), |lookup| Position::Secret(first, Box::new(lookup))));
        }
        let index = self.public_int(value, span)?;
        self.bounds(index, extent, &format!("an index outside an array of {extent} elements"), span);
        Ok(Position::Public(index))
    }

    /// A public integer as an IR value of one lane.
    pub(super) fn public_int(&mut self, value: &Value, span: Span) -> Outcome<ValueId> {
        let Some(leaf) = value.leaves.first() else { return Err(super::Reported) };
        let view = self.lanes(leaf, Scalar::Int, 1, span)?;
        Ok(self.whole(&view))
    }

    /// Stops the run where an index leaves `0..extent`, unless its range excludes that. `what` is said then.
    pub(super) fn bounds(&mut self, index: ValueId, extent: u64, what: &str, span: Span) {
        let (lo, hi) = self.builder.ty(index).range();
        let last = i64::try_from(extent).unwrap_or(i64::MAX);
        let mut inside: Vec<Ref> = Vec::new();
        if hi >= last {
            let end = self.builder.int(last);
            inside.push(self.truth(crate::ir::Op::Lt {}, vec![Ref::lane(index, 0), Ref::lane(end, 0)], 1, span));
        }
        if lo < 0 {
            let below = self.builder.int(-1);
            inside.push(self.truth(crate::ir::Op::Lt {}, vec![Ref::lane(below, 0), Ref::lane(index, 0)], 1, span));
        }
        for holds in inside {
            self.at(span);
            let message = self.builder.message(what);
            self.builder.effect(crate::ir::Op::StopUnless { message }, vec![holds]);
        }
    }

    fn position(&mut self, position: &ast::Expr, extent: u64, dim: usize) -> Outcome<Position> {
        let ExprKind::Range { from, to, inclusive } = &position.kind else {
            let value = self.expression(position)?;
            return self.element(&value, extent, dim, position.span);
        };
        let start = match from {
            Some(from) => self.expression(from)?,
            None => Value::int(0),
        };
        if let (Some(first), to) = (start.known_int(), to) {
            let last = match to {
                Some(to) => {
                    let end = self.expression(to)?;
                    let Some(end) = end.known_int() else { return self.slice_length(position.span) };
                    end + i128::from(*inclusive)
                }
                None => i128::from(extent),
            };
            if first < 0 || last > i128::from(extent) {
                let outside = if first < 0 { first } else { last - 1 };
                return self.out_of_bounds(outside, extent, position.span);
            }
            if first > last {
                let message = format!("a slice that starts at {first} and ends before {last}");
                return self.error(Code::OutOfBounds, position.span, message, "write the smaller end first");
            }
            let len = u64::try_from(last - first).unwrap_or(0);
            return Ok(Position::Slice(u64::try_from(first).ok(), None, len));
        }
        // `xs[i..i + 5]`: the length is known although the start is not.
        let (Some(from), Some(to)) = (from, to) else { return self.slice_length(position.span) };
        let Some(len) = self.distance(from, to)? else { return self.slice_length(position.span) };
        let len = len + i128::from(*inclusive);
        let Some(len) = u64::try_from(len).ok().filter(|len| *len <= extent) else {
            let message = format!("a slice of {len} elements of an array of {extent}");
            let help = "take no more elements than there are, and no less than none";
            return self.error(Code::OutOfBounds, position.span, message, help);
        };
        if let Some(leaf) = self.secret_leaf(&start) {
            let origin = leaf.origin.clone();
            return self.secret_slice(from.span, origin.as_deref());
        }
        if start.ty != Type::INT {
            let message = format!("an index is an `int`, and this is `{}`", start.ty);
            return self.error(Code::TypeMismatch, from.span, message, "write `x as int`");
        }
        let index = self.public_int(&start, from.span)?;
        let what = format!("a slice of {len} elements outside an array of {extent} elements");
        self.bounds(index, extent - len + 1, &what, position.span);
        Ok(Position::Slice(None, Some(index), len))
    }

    fn slice_length<T>(&mut self, span: Span) -> Outcome<T> {
        let message = "the length of a slice must be known to the compiler";
        self.error(Code::NotConst, span, message, "write bounds that are known, or `xs[i..i + 5]`")
    }

    /// `to − from` where `to` is written as `from + constant`.
    fn distance(&mut self, from: &ast::Expr, to: &ast::Expr) -> Outcome<Option<i128>> {
        if let ExprKind::Binary { op: ast::BinaryOp::Add, left, right, .. } = &to.kind {
            let (from, left_text) = (self.sources.text(from.span), self.sources.text(left.span));
            if from == left_text {
                return Ok(self.expression(right)?.known_int());
            }
        }
        Ok(None)
    }

    fn select(&mut self, positions: Vec<Position>, extents: &[u64], span: Span) -> Outcome<Selection> {
        let depth = positions.len();
        let mut below: u64 = extents[..depth].iter().product();
        let (mut offset, mut index, mut dims, mut left) = (0, None, Vec::new(), Vec::new());
        let (mut region, mut lookups) = (Vec::new(), Vec::new());
        self.at(span);
        for (position, extent) in positions.into_iter().zip(extents) {
            below = below.checked_div(*extent).unwrap_or(0);
            let stride = i64::try_from(below).unwrap_or(i64::MAX);
            let public = match position {
                Position::Known(at) => {
                    offset += at * below;
                    None
                }
                Position::Public(value) => Some(value),
                Position::Slice(start, value, len) => {
                    offset += start.unwrap_or(0) * below;
                    dims.push(Dim { stride, len });
                    left.push(len);
                    region.push(len);
                    value
                }
                Position::Secret(first, lookup) => {
                    offset += first * below;
                    dims.push(Dim { stride, len: lookup.positions() });
                    region.push(lookup.positions());
                    lookups.push(*lookup);
                    None
                }
            };
            if let Some(value) = public {
                let more = Index { value, stride };
                index = Some(match index {
                    Some(index) => self.builder.linear(index, more),
                    None => more,
                });
            }
        }
        Ok(Selection { offset, index, dims, depth, extents: left, gather: None, lookups, region })
    }

    /// The element of an array at a run-time index that is known to be inside.
    pub(super) fn row(&mut self, xs: &Value, index: ValueId, span: Span) -> Outcome<Value> {
        let selection = self.select(vec![Position::Public(index)], xs.ty.extents(), span)?;
        self.selected(xs, &selection, span)
    }

    /// The element of an array at a known index inside.
    pub(super) fn known_row(&mut self, xs: &Value, at: u64, span: Span) -> Outcome<Value> {
        let selection = self.select(vec![Position::Known(at)], xs.ty.extents(), span)?;
        self.selected(xs, &selection, span)
    }

    /// The elements of a value that a selection names.
    pub(super) fn selected(&mut self, value: &Value, selection: &Selection, span: Span) -> Outcome<Value> {
        if !selection.lookups().is_empty() {
            return self.looked_up(value, selection, span);
        }
        let ty = value.ty.below(selection.depth()).arrays(selection.extents());
        let mut leaves = Vec::with_capacity(value.leaves.len());
        let indexed: u64 = value.ty.extents()[..selection.depth()].iter().product();
        for (leaf, of) in value.leaves.iter().zip(value.ty.leaves()) {
            let below = of.lanes().checked_div(indexed).unwrap_or(0);
            leaves.push(self.selected_lanes(leaf, (of.scalar, of.lanes(), below), selection, span)?);
        }
        Ok(Value { ty, leaves })
    }

    fn selected_lanes(
        &mut self,
        leaf: &Leaf,
        (scalar, lanes, below): (Scalar, u64, u64),
        selection: &Selection,
        span: Span,
    ) -> Outcome<Leaf> {
        let count = selection.extents().iter().product::<u64>() * below;
        if count == 0 {
            return Ok(Leaf::known(Known::Same(super::known::Num::Int(0), 0)));
        }
        if let Some(operand) = selection.positions().cloned() {
            return self.gathered(leaf, (scalar, lanes, below), &operand, span);
        }
        match &leaf.data {
            Data::Known(Known::Same(value, _)) => return Ok(Leaf::known(Known::Same(value.clone(), count))),
            Data::Known(known) if selection.index(below).is_none() => {
                let known = known.clone();
                if count <= super::known::MOST
                    && let Some(picked) = known.pick(selection.lanes(below).into_iter())
                {
                    return Ok(Leaf { data: Data::Known(picked), ..leaf.clone() });
                }
            }
            // One of evenly spaced numbers is computed, rather than read from a table of them.
            Data::Known(Known::Steps { start, step, .. }) if count == 1 => {
                let (start, step) = (*start, *step);
                if let Some(found) = self.step_at(start, step, selection, below, span)? {
                    return Ok(found);
                }
            }
            Data::Known(_) | Data::Lanes(_) => {}
        }
        let view = self.lanes(leaf, scalar, lanes, span)?;
        let picked = match selection.place(below) {
            Some(Place { offset, index: Some(index), dims }) => {
                self.at(span);
                self.builder.index(&view, index.value, index.stride, Place { offset, index: None, dims })
            }
            Some(place) => self.builder.view(&view, &place),
            None => {
                let lanes = selection.lanes(below);
                let index = selection.index(below);
                self.picked(&view, &lanes, index, span)?
            }
        };
        let public = !self.is_secret(leaf);
        Ok(Leaf { data: Data::Lanes(picked), ..leaf.clone() }.public(scalar, public))
    }

    /// `start + step · index` for a single element.
    fn step_at(
        &mut self,
        start: i128,
        step: i128,
        selection: &Selection,
        below: u64,
        span: Span,
    ) -> Outcome<Option<Leaf>> {
        let Some(index) = selection.index(below) else { return Ok(None) };
        let offset = selection.lanes(below).first().copied().unwrap_or(0);
        let (Some(first), Some(step)) =
            (start.checked_add(step.saturating_mul(i128::from(offset))), step.checked_mul(i128::from(index.stride)))
        else {
            return Ok(None);
        };
        let (lo, hi) = self.builder.ty(index.value).range();
        let counter = Value::of(Scalar::Int, &[], index.value);
        let (step, first) = (Value::int(step), Value::int(first));
        if Interval::new(lo.into(), hi.into()).mul(Interval::of(step.known_int().unwrap_or(1))).fits() {
            let pair = self.pair("*", (&counter, span), (&step, span), span)?;
            let scaled = if step.known_int() == Some(1) { counter } else { self.arithmetic(ast::BinaryOp::Mul, pair)? };
            let pair = self.pair("+", (&scaled, span), (&first, span), span)?;
            let sum = if first.known_int() == Some(0) { scaled } else { self.arithmetic(ast::BinaryOp::Add, pair)? };
            return Ok(sum.leaves.into_iter().next());
        }
        Ok(None)
    }

    /// Lanes one by one, by a gather.
    pub(super) fn picked(&mut self, view: &Ref, lanes: &[u64], index: Option<Index>, span: Span) -> Outcome<Ref> {
        let words: Vec<i64> = lanes.iter().map(|lane| i64::try_from(*lane).unwrap_or(i64::MAX)).collect();
        let (lo, hi) = (words.iter().min().copied().unwrap_or(0), words.iter().max().copied().unwrap_or(0));
        self.at(span);
        let positions = self.builder.constant(RegType::pub_int(lo, hi), words);
        let mut positions = self.builder.whole(positions);
        if let Some(index) = index {
            positions = self.moved_positions(&positions, index);
        }
        let ty = self.builder.ty(view.value);
        let value = self.builder.gate(crate::ir::Op::Gather {}, vec![view.clone(), positions], ty, lanes.len() as u64);
        Ok(self.builder.whole(value))
    }

    /// Positions moved by a run-time amount.
    pub(super) fn moved_positions(&mut self, positions: &Ref, index: Index) -> Ref {
        let none = self.builder.int(0);
        let sum = self.builder.linear(index, Index { value: none, stride: 1 });
        let lanes = positions.lanes();
        let ((a, b), (c, d)) = (self.builder.ty(positions.value).range(), self.builder.ty(sum.value).range());
        let ty = RegType::pub_int(a.saturating_add(c), b.saturating_add(d));
        let by = self.repeat(&Ref::lane(sum.value, 0), lanes);
        let value = self.builder.gate(crate::ir::Op::Add {}, vec![positions.clone(), by], ty, lanes);
        self.builder.whole(value)
    }

    /// Positions of elements as positions of lanes: `below` lanes an element.
    pub(super) fn lane_positions(&mut self, positions: &Operand, below: u64) -> Outcome<Ref> {
        let count = positions.leaf.lanes();
        let view = self.lanes(&positions.leaf, Scalar::Int, count, positions.span)?;
        if below == 1 {
            return Ok(view);
        }
        let lanes = count * below;
        let each =
            self.builder.view(&view, &Place::grid(0, Dim { stride: 1, len: count }, Dim { stride: 0, len: below }));
        let (lo, hi) = self.builder.ty(view.value).range();
        let width = i64::try_from(below).unwrap_or(i64::MAX);
        let scale = self.builder.int(width);
        let scale = self.repeat(&Ref::lane(scale, 0), lanes);
        let ty = RegType::pub_int(lo.saturating_mul(width), hi.saturating_mul(width));
        let scaled = self.builder.gate(crate::ir::Op::Mul {}, vec![each, scale], ty, lanes);
        let steps = self.builder.range(RegType::pub_int(0, width - 1), 0, 1, below);
        let steps =
            Ref { value: steps, place: Place::grid(0, Dim { stride: 0, len: count }, Dim { stride: 1, len: below }) };
        let ty = RegType::pub_int(lo.saturating_mul(width), hi.saturating_mul(width).saturating_add(width - 1));
        let whole = self.builder.whole(scaled);
        let sum = self.builder.gate(crate::ir::Op::Add {}, vec![whole, steps], ty, lanes);
        Ok(self.builder.whole(sum))
    }

    fn gathered(
        &mut self,
        leaf: &Leaf,
        (scalar, lanes, below): (Scalar, u64, u64),
        positions: &Operand,
        span: Span,
    ) -> Outcome<Leaf> {
        if let (Data::Known(known), Some(at), 1) = (&leaf.data, positions.known(), below) {
            let index = |lane: u64| u64::try_from(at.lane(lane).as_int().unwrap_or(0)).unwrap_or(0);
            let wanted: Vec<u64> = (0..at.lanes().min(super::known::MOST)).map(index).collect();
            if at.lanes() <= super::known::MOST
                && let Some(picked) = known.pick(wanted.into_iter())
            {
                return Ok(Leaf { data: Data::Known(picked), ..leaf.clone() });
            }
        }
        let view = self.lanes(leaf, scalar, lanes, span)?;
        let public = !self.is_secret(leaf);
        if let Some(known) = positions.known()
            && below >= FEWEST_BELOW
            && known.lanes() <= MOST_SLICES
        {
            // Rows are moved as a whole.
            let start = |lane: u64| u64::try_from(known.lane(lane).as_int().unwrap_or(0)).unwrap_or(0) * below;
            let rows = (0..known.lanes()).map(|lane| self.builder.view(&view, &Place::span(start(lane), below)));
            let rows: Vec<Ref> = rows.collect();
            let (ty, count) = (self.builder.ty(view.value), known.lanes() * below);
            self.at(span);
            let value = self.builder.concat(rows, ty);
            return Ok(Leaf { data: Data::Lanes(Ref::whole(value, count)), ..leaf.clone() }.public(scalar, public));
        }
        let positions = self.lane_positions(positions, below)?;
        self.at(span);
        let (ty, count) = (self.builder.ty(view.value), positions.lanes());
        let value = self.builder.gate(crate::ir::Op::Gather {}, vec![view, positions], ty, count);
        Ok(Leaf { data: Data::Lanes(Ref::whole(value, count)), ..leaf.clone() }.public(scalar, public))
    }

    // Records and tuples.

    /// The type and leaves of a field: of a record, or the column of an array of records.
    pub(super) fn field(&mut self, ty: &Type, name: &ast::Name) -> Outcome<(Type, std::ops::Range<usize>)> {
        if let Type::Maybe(of, _) = ty.innermost() {
            return match name.text.as_str() {
                "has" | "valid" => Ok((Type::BOOL.arrays(ty.extents()), 0..1)),
                "value" => Ok(((**of).clone().arrays(ty.extents()), 1..1 + of.leaf_count())),
                field => {
                    let message = format!("`{ty}` may be absent, and so may its `{field}`");
                    self.error(Code::NoField, name.span, message, format!("write `.value.{field}`"))
                }
            };
        }
        let Type::Struct(of) = ty.innermost() else {
            let message = format!("`{ty}` has no fields");
            let help =
                if name.text == "len" { "write `len(xs)`" } else { "only structs and arrays of structs have fields" };
            return self.error(Code::NoField, name.span, message, help);
        };
        let mut first = 0;
        for (own, field) in &of.fields {
            let count = field.leaf_count();
            if *own == name.text {
                return Ok((field.clone().arrays(ty.extents()), first..first + count));
            }
            first += count;
        }
        let names: Vec<&str> = of.fields.iter().map(|(name, _)| name.as_str()).collect();
        let help = super::similar(&name.text, names.iter().copied())
            .map_or_else(|| format!("it has {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
        let message = format!("`{}` has no field `{}`", of.name, name.text);
        self.error(Code::NoField, name.span, message, help)
    }

    /// The type and leaves of a part of a tuple, or of an array of tuples.
    pub(super) fn tuple_part(&mut self, ty: &Type, at: u32, span: Span) -> Outcome<(Type, std::ops::Range<usize>)> {
        let Type::Tuple(parts) = ty.innermost() else {
            let message = format!("`{ty}` is no tuple");
            return self.error(
                Code::NoField,
                span,
                message,
                "`.0` and `.1` are parts of a tuple; elements of an array are `xs[0]`",
            );
        };
        let Some(part) = parts.get(at as usize) else {
            let message = format!("`{ty}` has {} parts", parts.len());
            return self.error(Code::NoField, span, message, "the first part is `.0`");
        };
        let first = parts[..at as usize].iter().map(Type::leaf_count).sum::<usize>();
        Ok((part.clone().arrays(ty.extents()), first..first + part.leaf_count()))
    }

    // Arrays out of parts.

    /// The lanes of several leaves one after another.
    pub(super) fn joined(&mut self, parts: &[Leaf], scalar: Scalar, span: Span) -> Outcome<Leaf> {
        let parts: Vec<&Leaf> = parts.iter().filter(|part| part.lanes() > 0).collect();
        let lanes: u64 = parts.iter().map(|part| part.lanes()).sum();
        let [first, rest @ ..] = parts.as_slice() else {
            return Ok(Leaf::known(Known::Same(super::known::Num::Int(0), 0)));
        };
        if rest.is_empty() {
            return Ok((*first).clone());
        }
        let known: Option<Vec<&Known>> = parts.iter().map(|part| part.as_known()).collect();
        if let Some(known) = known
            && lanes <= super::known::MOST
        {
            let each = known.iter().flat_map(|part| (0..part.lanes()).map(|lane| part.lane(lane))).collect();
            return Ok(Leaf::known(Known::each(each)));
        }
        let frac = scalar.frac();
        let secret = parts.iter().any(|part| self.is_secret(part));
        let range = parts.iter().map(|part| self.range(part, frac)).reduce(Interval::join).unwrap_or(Interval::of(0));
        let ty = super::branch::register(scalar, secret, range);
        let origin = self.origin_of(&parts);
        let relative = rest.iter().fold(first.relative, |all, part| Relative::join(all, part.relative));
        let mut views = Vec::with_capacity(parts.len());
        for part in parts {
            views.push(self.lanes(part, scalar, part.lanes(), span)?);
        }
        self.at(span);
        let value = self.builder.concat(views, ty);
        Ok(Leaf::of(Ref::whole(value, lanes)).from(origin).relative(relative).public(scalar, !secret))
    }

    /// An array of elements of one type.
    pub(super) fn array_of(&mut self, elements: Vec<(Value, Span)>, span: Span) -> Outcome<Value> {
        let Some((first, first_span)) = elements.first().cloned() else {
            let message = "the type of an empty array is not known";
            return self.error(Code::TypeMismatch, span, message, "write `[0; 0]`");
        };
        let count = elements.len();
        let (elements, ty) = self.of_one_type((first, first_span), &elements, span)?;
        let types = ty.leaves();
        let mut parts: Vec<Vec<Leaf>> = vec![Vec::with_capacity(count); types.len()];
        for element in elements {
            parts.iter_mut().zip(element.leaves).for_each(|(parts, leaf)| parts.push(leaf));
        }
        let mut leaves = Vec::with_capacity(parts.len());
        for (parts, leaf) in parts.iter().zip(&types) {
            leaves.push(self.joined(parts, leaf.scalar, span)?);
        }
        Ok(Value { ty: ty.array(count as u64), leaves })
    }

    /// The values as values of one type, in any order of constants and others, and that type.
    pub(super) fn of_one_type(
        &mut self,
        first: (Value, Span),
        values: &[(Value, Span)],
        span: Span,
    ) -> Outcome<(Vec<Value>, Type)> {
        // One round finds the scalars that hold all values, the second brings each to them.
        let mut common = first;
        for (value, at) in &values[1..] {
            let own = self.lifted(value.clone(), &common.0.ty, *at)?;
            common.0 = self.lifted(common.0, &own.ty, common.1)?;
            let (left, right) = self.unify((&common.0, common.1), (&own, *at), span)?;
            common.0 = more_certain((&common.0, left), (&own, right));
        }
        let ty = common.0.ty;
        let mut all = Vec::with_capacity(values.len());
        for (value, at) in values {
            all.push(self.rescale(value, &ty, *at)?);
        }
        Ok((all, ty))
    }

    /// `a ++ b`.
    pub(super) fn concatenation(
        &mut self,
        (a, a_span): (&Value, Span),
        (b, b_span): (&Value, Span),
        span: Span,
    ) -> Outcome<Value> {
        for (value, at) in [(a, a_span), (b, b_span)] {
            if value.ty.extents().is_empty() {
                let message = format!("`++` joins arrays, and this is `{}`", value.ty);
                return self.error(Code::TypeMismatch, at, message, "write `[x]` for an array of one element");
            }
        }
        let (first, second) = (a.ty.extents(), b.ty.extents());
        let (element_a, element_b) = (a.ty.below(1), b.ty.below(1));
        let total = first[0].checked_add(second[0]);
        let (from_a, from_b) = (element_a.leaves(), element_b.leaves());
        let fits = from_a.len() == from_b.len() && from_a.iter().zip(&from_b).all(|(x, y)| x.extents == y.extents);
        let (Some(total), true) = (total, fits) else {
            let diagnostic = Diagnostic::new(Code::TypeMismatch, span, "`++` joins arrays of one type")
                .label(a_span, format!("this is `{}`", a.ty))
                .label(b_span, format!("this is `{}`", b.ty))
                .help("the elements of both must have the same type and shape");
            return Err(self.report(diagnostic));
        };
        // Elements are compared by a single one of each, so that shapes agree.
        let one = |value: &Value, ty: &Type| Value { ty: ty.clone(), leaves: value.leaves.clone() };
        let (left, right) = (one(a, &element_a), one(b, &element_b));
        let (left, right) = self.unify((&left, a_span), (&right, b_span), span)?;
        let mut leaves = Vec::with_capacity(left.leaves.len());
        for ((x, y), leaf) in left.leaves.iter().zip(&right.leaves).zip(left.ty.leaves()) {
            leaves.push(self.joined(&[x.clone(), y.clone()], leaf.scalar, span)?);
        }
        Ok(Value { ty: left.ty.array(total), leaves })
    }

    /// `[x; N, M]`
    pub(super) fn repeated(&mut self, element: &Value, extents: &[u64], span: Span) -> Outcome<Value> {
        let count: u64 = extents.iter().product();
        let types = element.ty.leaves();
        let mut leaves = Vec::with_capacity(types.len());
        for (leaf, of) in element.leaves.iter().zip(&types) {
            let lanes = of.lanes() * count;
            leaves.push(match &leaf.data {
                _ if lanes == 0 => Leaf::known(Known::Same(super::known::Num::Int(0), 0)),
                Data::Known(Known::Same(value, _)) => Leaf::known(Known::Same(value.clone(), lanes)),
                Data::Known(_) | Data::Lanes(_) => {
                    let view = self.lanes(leaf, of.scalar, of.lanes(), span)?;
                    let (outer, inner) = (Dim { stride: 0, len: count }, Dim { stride: 1, len: of.lanes() });
                    let view = self.builder.view(&view, &Place::grid(0, outer, inner));
                    let public = !self.is_secret(leaf);
                    Leaf { data: Data::Lanes(view), ..leaf.clone() }.public(of.scalar, public)
                }
            });
        }
        Ok(Value { ty: element.ty.clone().arrays(extents), leaves })
    }
}
