//! All turns of a loop at once: each instruction of the body becomes one on vectors that hold the lanes of all turns, one turn after another.
//!
//! What is the same in every turn is computed once. Inner loops that stay loops run once, over the lanes of all outer turns; a public choice that is
//! the same in all turns stays one. An array that turns only write in places of their own stays one array, which all of them share.

use super::affine::{Affine, Scalars};
use super::contraction;
use crate::ir::{
    Bound, Carried, Concat, Constant, Dim, Gate, If, Index, Inst, Joined, Kind, Loop, Op, Place, Program, Ref, RegType,
    SiteId, Slot, Update, ValueId, fits,
};
use crate::passes::facts;
use std::collections::{BTreeMap, BTreeSet};

/// Why turns cannot run at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Something that a turn does.
    Because(SiteId, String),
    /// The vectors would have too many lanes together.
    TooLarge,
}

pub(super) type Widened<T> = Result<T, Why>;

/// A reason with a place.
pub(super) fn because<T>(site: SiteId, what: &str) -> Widened<T> {
    Err(Why::Because(site, what.to_owned()))
}

/// The turns `from .. from + count` of a loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    pub(super) counter: ValueId,
    pub(super) from: i64,
    pub(super) count: u64,
}

/// Lanes that an operand reads in each turn.
pub(super) struct Turned {
    pub(super) value: ValueId,
    /// Those of the first turn.
    pub(super) place: Place,
    /// How far those of the next turn lie behind.
    pub(super) step: i64,
}

/// Lanes that compute what another lane computes too: what they write goes behind the array, where each has a lane of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spill {
    /// Whether a lane computes something of its own.
    pub(super) own: ValueId,
    /// The number of each lane.
    pub(super) lane: ValueId,
}

pub(super) struct Widen<'p> {
    pub(super) program: &'p mut Program,
    pub(super) scalars: &'p mut Scalars,
    pub(super) turns: Turns,
    /// By value of the body: the lanes of all turns.
    pub(super) wide: BTreeMap<ValueId, ValueId>,
    /// Values of the body that are the same in all turns and another value here.
    pub(super) same: BTreeMap<ValueId, ValueId>,
    /// Versions of arrays that all turns share; where they are in `same`, that is the array as it is.
    pub(super) shared: BTreeSet<ValueId>,
    /// Public scalars that differ by turn and are made only where more than an index reads them.
    pub(super) unmade: BTreeSet<ValueId>,
    pub(super) out: Vec<Inst>,
    /// Bytes of the vectors so far, and most that they may take.
    bytes: u64,
    most: u64,
    /// Whether a vector gate takes a round.
    pub(super) rounds: bool,
    /// The counters of loops that move lanes where a view has too many dimensions.
    pub(super) moves: BTreeSet<ValueId>,
    /// Where writes to shared arrays go by tables of places.
    pub(super) spill: Option<Spill>,
    /// Depth of blocks around what is made.
    depth: u32,
}

impl<'p> Widen<'p> {
    pub(super) fn new(program: &'p mut Program, scalars: &'p mut Scalars, turns: Turns, most: u64) -> Self {
        Self {
            program,
            scalars,
            turns,
            wide: BTreeMap::new(),
            same: BTreeMap::new(),
            shared: BTreeSet::new(),
            unmade: BTreeSet::from([turns.counter]),
            out: Vec::new(),
            bytes: 0,
            most,
            rounds: false,
            moves: BTreeSet::new(),
            spill: None,
            depth: 0,
        }
    }

    /// Bytes of the vectors so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    // What is made.

    /// A gate of the output.
    pub(super) fn emit(&mut self, op: Op, args: Vec<Ref>, ty: RegType, lanes: u64, site: SiteId) -> Widened<ValueId> {
        let args = args.into_iter().map(|arg| self.lowered(arg, site)).collect::<Widened<Vec<_>>>()?;
        self.count(ty, lanes)?;
        let result = self.program.value(Slot { ty, lanes }, "");
        self.rounds |= facts::rounds(self.program, op, &args, Some(result)) > 0;
        self.out.push(Inst::Gate(Gate { op, args, result: Some(result), site }));
        Ok(result)
    }

    /// Counts a vector.
    fn count(&mut self, ty: RegType, lanes: u64) -> Widened<()> {
        // Two shares each: of a number in a word, of a word by planes.
        let bytes = match ty {
            RegType::Pub { .. } => lanes.saturating_mul(8),
            RegType::Arith { .. } => lanes.saturating_mul(16),
            RegType::Bin { width } => lanes.saturating_mul(width.into()) / 4,
        };
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.most { Err(Why::TooLarge) } else { Ok(()) }
    }

    /// A public constant.
    pub(super) fn constant(&mut self, ty: RegType, constant: Constant, lanes: u64, site: SiteId) -> Widened<ValueId> {
        let constant = self.program.constant(constant);
        self.emit(Op::Const { constant }, Vec::new(), ty, lanes, site)
    }

    /// The view with at most two dimensions; a copy, where it has more.
    fn lowered(&mut self, view: Ref, site: SiteId) -> Widened<Ref> {
        let place = view.place.simplified();
        if place.dims.len() <= 2 {
            return Ok(Ref { value: view.value, place });
        }
        let lanes = place.lanes().ok_or(Why::TooLarge)?;
        let ty = self.program.ty(view.value);
        self.count(ty, lanes)?;
        let array = self.program.value(Slot { ty, lanes }, "");
        let result = self.program.value(Slot { ty, lanes }, "");
        let rows = place.dims[0].len;
        let row = lanes / rows;
        // A row a turn. What stands in the array before is overwritten.
        let empty = self.empty(ty, lanes, site)?;
        let (counter, step) = (self.counter_of(rows), place.dims[0].stride);
        let outer = std::mem::take(&mut self.out);
        self.depth += 1;
        let index = self.shifted(place.index, Affine::of(counter), step, site)?;
        let inner = Ref { value: view.value, place: Place { index, dims: place.dims[1..].to_vec(), ..place } };
        let inner = self.lowered(inner, site)?;
        self.depth -= 1;
        let mut body = std::mem::replace(&mut self.out, outer);
        let next = self.program.value(Slot { ty, lanes }, "");
        body.push(Inst::Update(Update {
            op: Op::Copy {},
            array,
            place: Place::span(0, row).indexed(counter, i64::try_from(row).map_err(|_| Why::TooLarge)?),
            args: vec![inner],
            result: next,
            site,
        }));
        let (from, to) = (Bound::Const(0), Bound::Const(i64::try_from(rows).map_err(|_| Why::TooLarge)?));
        let carried = vec![Carried { init: empty, param: array, next, result }];
        self.out.push(Inst::Loop(Loop { counter, from, to, carried, body, site }));
        self.moves.insert(counter);
        Ok(Ref::whole(result, lanes))
    }

    /// An array about whose lanes nothing is asked.
    pub(super) fn empty(&mut self, ty: RegType, lanes: u64, site: SiteId) -> Widened<ValueId> {
        let (lo, hi) = ty.range();
        let word = if let RegType::Bin { .. } = ty { 0 } else { lo.max(0).min(hi) };
        let constant = self.program.constant(Constant::Words(vec![word]));
        let (kind, frac) = match ty {
            RegType::Pub { kind, frac, .. } => (kind, frac),
            RegType::Arith { frac, .. } => (crate::ir::Kind::Int, frac),
            RegType::Bin { .. } => (crate::ir::Kind::Int, 0),
        };
        let public = RegType::Pub { kind, lo: word, hi: word, frac };
        let scalar = self.program.value(Slot { ty: public, lanes: 1 }, "");
        self.out.push(Inst::Gate(Gate { op: Op::Const { constant }, args: Vec::new(), result: Some(scalar), site }));
        let result = self.program.value(Slot { ty, lanes }, "");
        let args = vec![Ref { value: scalar, place: Place::strided(0, 0, lanes) }];
        self.out.push(Inst::Gate(Gate { op: Op::Copy {}, args, result: Some(result), site }));
        Ok(result)
    }

    fn counter_of(&mut self, turns: u64) -> ValueId {
        let last = i64::try_from(turns.saturating_sub(1)).unwrap_or(i64::MAX);
        self.program.value(Slot { ty: RegType::pub_int(0, last), lanes: 1 }, "")
    }

    /// An index moved by `step · by`.
    fn shifted(&mut self, index: Option<Index>, by: Affine, step: i64, site: SiteId) -> Widened<Option<Index>> {
        let mut sum = Affine::default();
        if let Some(index) = index {
            sum = sum.plus(&Affine::of(index.value), index.stride).ok_or(Why::TooLarge)?;
        }
        let sum = sum.plus(&by, step).ok_or(Why::TooLarge)?;
        self.index(&sum, site)
    }

    /// An index that is worth `sum`, which has no constant.
    fn index(&mut self, sum: &Affine, site: SiteId) -> Widened<Option<Index>> {
        sum.index(self.program, &mut self.out, site).ok_or(Why::TooLarge)
    }

    // What differs by turn.

    /// Whether a value differs by turn.
    pub(super) fn differs(&self, value: ValueId) -> bool {
        self.wide.contains_key(&value) || self.unmade.contains(&value)
    }

    fn view_differs(&self, view: &Ref) -> bool {
        let mut differs = false;
        view.each_use(&mut |value| differs |= self.differs(value));
        differs
    }

    /// What stands for a value that is the same in all turns.
    pub(super) fn renamed(&self, value: ValueId) -> ValueId {
        self.same.get(&value).copied().unwrap_or(value)
    }

    /// The lanes of all turns of a value, which may be the same in all of them.
    pub(super) fn all_turns(&mut self, value: ValueId, site: SiteId) -> Widened<ValueId> {
        if let Some(wide) = self.wide.get(&value) {
            return Ok(*wide);
        }
        if self.unmade.contains(&value) {
            return self.made(value, site);
        }
        let value = self.renamed(value);
        let Slot { ty, lanes } = self.program.slot(value);
        let place = Place::grid(0, Dim { stride: 0, len: self.turns.count }, Dim { stride: 1, len: lanes });
        let all = self.lanes_of(lanes)?;
        self.emit(Op::Copy {}, vec![Ref { value, place }], ty, all, site)
    }

    /// Lanes of all turns, of so many in each.
    pub(super) fn lanes_of(&self, lanes: u64) -> Widened<u64> {
        lanes.checked_mul(self.turns.count).ok_or(Why::TooLarge)
    }

    /// The vector of a public scalar that is a sum of multiples.
    fn made(&mut self, value: ValueId, site: SiteId) -> Widened<ValueId> {
        let mut form = self.scalars.form(value);
        let ty = self.program.ty(value);
        let step = form.take(self.turns.counter);
        let (lo, hi) = ty.range();
        let first = step.checked_mul(self.turns.from).and_then(|first| first.checked_add(form.constant));
        let first = first.ok_or(Why::TooLarge)?;
        let last = i64::try_from(self.turns.count - 1).ok().and_then(|last| last.checked_mul(step)?.checked_add(first));
        let last = last.ok_or(Why::TooLarge)?;
        let own = if form.terms.is_empty() { ty } else { RegType::pub_int(first.min(last), first.max(last)) };
        let count = self.turns.count;
        let mut all = self.constant(own, Constant::Range { start: first, step }, count, site)?;
        form.constant = 0;
        if let Some(rest) = form.value(self.program, &mut self.out, site).ok_or(Why::TooLarge)? {
            let args = vec![Ref::whole(all, count), Ref { value: rest, place: Place::strided(0, 0, count) }];
            all = self.emit(Op::Add {}, args, RegType::pub_int(lo, hi), count, site)?;
        }
        if self.depth == 0 {
            self.wide.insert(value, all);
        }
        Ok(all)
    }

    /// The lanes that a view means in each turn.
    pub(super) fn turned(&mut self, view: &Ref, site: SiteId) -> Widened<Turned> {
        let own = i64::try_from(self.program.lanes(view.value)).map_err(|_| Why::TooLarge)?;
        let (value, apart) = if self.differs(view.value) {
            (self.all_turns(view.value, site)?, own)
        } else {
            (self.renamed(view.value), 0)
        };
        let turned = match self.turned_place(&view.place, apart, site)? {
            Some((place, step)) => Turned { value, place, step },
            None => self.gathered(value, apart, view, site)?,
        };
        let ty = self.program.ty(view.value);
        if !self.shared.contains(&view.value) || fits(self.program.ty(value), ty) {
            return Ok(turned);
        }
        // The array that all turns share has the range of all its versions; this one is known to have less.
        let each = view.lanes();
        let lanes = self.lanes_of(each)?;
        let lanes_of_all = self.over_turns(turned);
        let narrow = self.emit(Op::Relabel {}, vec![lanes_of_all], ty, lanes, site)?;
        let step = i64::try_from(each).map_err(|_| Why::TooLarge)?;
        Ok(Turned { value: narrow, place: Place::whole(each), step })
    }

    /// A place in the first turn and its step, where lanes of the next turn lie `apart`; `None` where the index follows no step.
    fn turned_place(&mut self, place: &Place, apart: i64, site: SiteId) -> Widened<Option<(Place, i64)>> {
        let Some(index) = place.index else { return Ok(Some((place.clone(), apart))) };
        if !self.differs(index.value) {
            let index = Index { value: self.renamed(index.value), ..index };
            return Ok(Some((Place { index: Some(index), ..place.clone() }, apart)));
        }
        let mut form = self.scalars.form(index.value);
        let step = form.take(self.turns.counter);
        if form.terms.keys().any(|value| self.differs(*value)) {
            return Ok(None);
        }
        let first = step.checked_mul(self.turns.from).and_then(|first| first.checked_add(form.constant));
        form.constant = 0;
        let mut scaled = Affine::default();
        for (value, factor) in &form.terms {
            scaled = scaled.plus(&Affine::of(self.renamed(*value)), *factor).ok_or(Why::TooLarge)?;
        }
        let scaled = Affine::default().plus(&scaled, index.stride).ok_or(Why::TooLarge)?;
        let offset = first.map(|first| i128::from(place.offset) + i128::from(first) * i128::from(index.stride));
        let (Some(Ok(offset)), Some(step)) =
            (offset.map(u64::try_from), step.checked_mul(index.stride).and_then(|step| step.checked_add(apart)))
        else {
            return Ok(None);
        };
        let index = self.index(&scaled, site)?;
        Ok(Some((Place { offset, index, dims: place.dims.clone() }, step)))
    }

    /// The lanes of a view whose index follows no step, by a table of places.
    fn gathered(&mut self, value: ValueId, apart: i64, view: &Ref, site: SiteId) -> Widened<Turned> {
        let index = self.places(&view.place, apart, site)?;
        let lanes = self.program.lanes(index);
        let args = vec![self.program.whole(value), Ref::whole(index, lanes)];
        let ty = self.program.ty(value);
        let result = self.emit(Op::Gather {}, args, ty, lanes, site)?;
        let each = view.lanes();
        let step = i64::try_from(each).map_err(|_| Why::TooLarge)?;
        Ok(Turned { value: result, place: Place::whole(each), step })
    }

    /// The numbers of the lanes that a place names in all turns, one after another.
    fn places(&mut self, place: &Place, apart: i64, site: SiteId) -> Widened<ValueId> {
        let Some(index) = place.index else { return because(site, "an index that cannot be followed") };
        let count = self.turns.count;
        let by_turn = self.all_turns(index.value, site)?;
        let mut sum = self.times(by_turn, index.stride, site)?;
        let offset = i64::try_from(place.offset).map_err(|_| Why::TooLarge)?;
        let dims = [Dim { stride: apart, len: count }];
        sum = self.added(sum, Place::whole(count), offset, dims[0], Place::whole(count), count, site)?;
        let mut lanes = count;
        for dim in &place.dims {
            let all = lanes.checked_mul(dim.len).ok_or(Why::TooLarge)?;
            let old = Place::grid(0, Dim { stride: 1, len: lanes }, Dim { stride: 0, len: dim.len });
            let new = Place::grid(0, Dim { stride: 0, len: lanes }, Dim { stride: 1, len: dim.len });
            sum = self.added(sum, old, 0, *dim, new, all, site)?;
            lanes = all;
        }
        Ok(sum)
    }

    fn times(&mut self, value: ValueId, factor: i64, site: SiteId) -> Widened<ValueId> {
        if factor == 1 {
            return Ok(value);
        }
        let Slot { ty, lanes } = self.program.slot(value);
        let (lo, hi) = ty.range();
        let (Some(a), Some(b)) = (lo.checked_mul(factor), hi.checked_mul(factor)) else { return Err(Why::TooLarge) };
        let by = self.constant(RegType::pub_int(factor, factor), Constant::Words(vec![factor]), 1, site)?;
        let args = vec![Ref::whole(value, lanes), Ref { value: by, place: Place::strided(0, 0, lanes) }];
        self.emit(Op::Mul {}, args, RegType::pub_int(a.min(b), a.max(b)), lanes, site)
    }

    /// `value[old]` plus the lanes `start, start + stride, …` at `new`.
    #[allow(clippy::too_many_arguments, reason = "two views and their sum")]
    fn added(
        &mut self,
        value: ValueId,
        old: Place,
        start: i64,
        dim: Dim,
        new: Place,
        lanes: u64,
        site: SiteId,
    ) -> Widened<ValueId> {
        if start == 0 && (dim.stride == 0 || dim.len == 1) && old.is_whole(lanes) {
            return Ok(value);
        }
        let last = i64::try_from(dim.len - 1).ok().and_then(|last| last.checked_mul(dim.stride)?.checked_add(start));
        let last = last.ok_or(Why::TooLarge)?;
        let ty = RegType::pub_int(start.min(last), start.max(last));
        let steps = self.constant(ty, Constant::Range { start, step: dim.stride }, dim.len, site)?;
        let ((al, ah), (bl, bh)) = (self.program.ty(value).range(), ty.range());
        let (Some(lo), Some(hi)) = (al.checked_add(bl), ah.checked_add(bh)) else { return Err(Why::TooLarge) };
        let args = vec![Ref { value, place: old }, Ref { value: steps, place: new }];
        self.emit(Op::Add {}, args, RegType::pub_int(lo, hi), lanes, site)
    }

    /// The view of all turns.
    pub(super) fn view(&mut self, view: &Ref, site: SiteId) -> Widened<Ref> {
        let turned = self.turned(view, site)?;
        Ok(self.over_turns(turned))
    }

    fn over_turns(&self, turned: Turned) -> Ref {
        let mut dims = vec![Dim { stride: turned.step, len: self.turns.count }];
        dims.extend(&turned.place.dims);
        Ref { value: turned.value, place: Place { dims, ..turned.place }.simplified() }
    }

    // Instructions.

    pub(super) fn insts(&mut self, insts: &[Inst]) -> Widened<()> {
        insts.iter().try_for_each(|inst| self.inst(inst))
    }

    pub(super) fn inst(&mut self, inst: &Inst) -> Widened<()> {
        match inst {
            Inst::Gate(gate) => self.gate(gate),
            Inst::Update(update) => self.update(update),
            Inst::Concat(concat) => self.concat(concat),
            Inst::Loop(l) => self.inner_loop(l),
            Inst::If(i) => self.choice(i),
            Inst::While(w) => because(w.site, "how often this inner loop runs is known only as the program runs"),
        }
    }

    fn gate(&mut self, gate: &Gate) -> Widened<()> {
        let site = gate.site;
        if let (Op::Copy {} | Op::Relabel {}, [of], Some(result)) = (gate.op, gate.args.as_slice(), gate.result)
            && self.shared.contains(&of.value)
            && of.place.is_whole(self.program.lanes(of.value))
            && self.program.ty(of.value).is_secret() == self.program.ty(result).is_secret()
        {
            // Another version of the array that all turns share.
            self.same.insert(result, self.renamed(of.value));
            self.shared.insert(result);
            return Ok(());
        }
        let fresh = matches!(gate.op, Op::Random {} | Op::TruncStochastic { .. });
        let allowed = facts::is_pure(self.program, gate)
            || fresh && facts::removable(self.program, gate)
            || gate.result.is_some_and(|result| self.stays(result));
        let Some(result) = gate.result.filter(|_| allowed) else { return because(site, refused(gate)) };
        if !fresh && !gate.args.iter().any(|arg| self.view_differs(arg)) {
            let mut gate = gate.clone();
            gate.args.iter_mut().for_each(|arg| arg.map_uses(&mut |value| self.renamed(value)));
            self.out.push(Inst::Gate(gate));
            return Ok(());
        }
        let Slot { ty, lanes } = self.program.slot(result);
        if lanes == 1 && matches!(ty, RegType::Pub { .. }) && self.follows_steps(result) {
            self.unmade.insert(result);
            return Ok(());
        }
        let all = self.lanes_of(lanes)?;
        let wide = match gate.op {
            op if facts::lane_by_lane(op)
                || matches!(op, Op::Sum { .. } | Op::PrefixSum { .. } | Op::Random {} | Op::TruncStochastic { .. }) =>
            {
                let args = gate.args.iter().map(|arg| self.view(arg, site)).collect::<Widened<Vec<_>>>()?;
                self.emit(op, args, ty, all, site)?
            }
            Op::Dot { .. } | Op::MatMul { .. } => {
                let [a, b] = gate.args.as_slice() else { return because(site, "a product without factors") };
                let secret = [a, b].iter().all(|factor| self.program.ty(factor.value).is_secret());
                if let (Op::Dot { .. }, false) = (gate.op, secret) {
                    // With a public factor each party computes sums alone.
                    let args = vec![self.view(a, site)?, self.view(b, site)?];
                    let wide = self.emit(gate.op, args, ty, all, site)?;
                    self.wide.insert(result, wide);
                    return Ok(());
                }
                let (a, b) = (self.turned(a, site)?, self.turned(b, site)?);
                let Some(sum) = contraction::Contraction::of_turns(gate.op, &a, &b, self.turns.count) else {
                    return because(site, "this product of matrices differs by turn");
                };
                let (op, args) = sum.best();
                self.emit(op, args, ty, all, site)?
            }
            Op::Gather {} => {
                let [of, index] = gate.args.as_slice() else { return because(site, "a look-up without an index") };
                self.lookup(of, index, (ty, lanes), site)?
            }
            _ => return because(site, "this operation works on one turn at a time"),
        };
        self.wide.insert(result, wide);
        Ok(())
    }

    /// Whether a public scalar follows steps that keep it in its range in all turns.
    fn stays(&self, value: ValueId) -> bool {
        let Slot { ty: RegType::Pub { kind: Kind::Int, lo, hi, .. }, lanes: 1 } = self.program.slot(value) else {
            return false;
        };
        if !self.follows_steps(value) {
            return false;
        }
        let mut form = self.scalars.form(value);
        let step = form.take(self.turns.counter);
        let Some(last) = i64::try_from(self.turns.count - 1).ok().and_then(|last| last.checked_add(self.turns.from))
        else {
            return false;
        };
        let terms = form.terms.iter().map(|(term, factor)| (self.program.ty(*term).range(), *factor));
        let mut ends = [i128::from(form.constant); 2];
        for ((from, to), factor) in terms.chain([((self.turns.from, last), step)]) {
            let pair = [from, to].map(|end| i128::from(end) * i128::from(factor));
            ends = [ends[0] + pair[0].min(pair[1]), ends[1] + pair[0].max(pair[1])];
        }
        i128::from(lo) <= ends[0] && ends[1] <= i128::from(hi)
    }

    /// Whether a public scalar is a sum of multiples of the counter and of what is the same in all turns.
    fn follows_steps(&self, value: ValueId) -> bool {
        let form = self.scalars.form(value);
        !form.terms.contains_key(&value)
            && form.terms.keys().all(|term| *term == self.turns.counter || !self.differs(*term))
    }

    /// `of[index]` for a table of indices.
    fn lookup(&mut self, of: &Ref, index: &Ref, (ty, lanes): (RegType, u64), site: SiteId) -> Widened<ValueId> {
        let all = self.lanes_of(lanes)?;
        if !self.view_differs(of) {
            let mut of = of.clone();
            of.map_uses(&mut |value| self.renamed(value));
            let index = self.view(index, site)?;
            return self.emit(Op::Gather {}, vec![of, index], ty, all, site);
        }
        let each = of.lanes();
        let (of, index) = (self.view(of, site)?, self.view(index, site)?);
        let step = i64::try_from(each).map_err(|_| Why::TooLarge)?;
        // Turns whose lanes overlap in the array are apart in the view.
        let index_ty = self.program.ty(index.value);
        let index = self.emit(Op::Copy {}, vec![index], index_ty, all, site)?;
        let starts = i64::try_from(self.turns.count - 1).ok().and_then(|last| last.checked_mul(step));
        let starts = RegType::pub_int(0, starts.ok_or(Why::TooLarge)?);
        let count = self.turns.count;
        let starts = self.constant(starts, Constant::Range { start: 0, step }, count, site)?;
        let spread = Place::grid(0, Dim { stride: 1, len: count }, Dim { stride: 0, len: lanes });
        let ((al, ah), (_, bh)) = (self.program.ty(index).range(), self.program.ty(starts).range());
        let sum = RegType::pub_int(al, ah.checked_add(bh).ok_or(Why::TooLarge)?);
        let args = vec![Ref::whole(index, all), Ref { value: starts, place: spread }];
        let index = self.emit(Op::Add {}, args, sum, all, site)?;
        self.emit(Op::Gather {}, vec![of, Ref::whole(index, all)], ty, all, site)
    }

    fn update(&mut self, update: &Update) -> Widened<()> {
        let (array, site) = (update.array, update.site);
        let Op::Copy {} = update.op else {
            return because(site, "this operation on an array works on one turn at a time");
        };
        let inst = Inst::Update(update.clone());
        if !facts::own_effects(self.program, &inst).none() {
            return because(site, "this place may lie outside its array, which stops the run");
        }
        let [value] = update.args.as_slice() else { return because(site, "a write without a value") };
        let mut differs = self.view_differs(value) || self.differs(array);
        update.place.each_use(&mut |value| differs |= self.differs(value));
        if self.shared.contains(&array) {
            let value = self.view(value, site)?;
            let Some((place, step)) = self.turned_place(&update.place, 0, site)? else {
                let result = self.spilled(update, value)?;
                self.same.insert(update.result, result);
                self.shared.insert(update.result);
                return Ok(());
            };
            let array = self.renamed(array);
            let place = self.over_turns(Turned { value: array, place, step }).place;
            let result = self.written(array, place, value, site)?;
            self.same.insert(update.result, result);
            self.shared.insert(update.result);
            return Ok(());
        }
        if !differs {
            let mut inst = inst;
            inst.map_own_uses(&mut |value| self.renamed(value));
            self.out.push(inst);
            return Ok(());
        }
        let own = self.program.lanes(array);
        let apart = i64::try_from(own).map_err(|_| Why::TooLarge)?;
        let mut all = self.all_turns(array, site)?;
        let ty = self.program.ty(update.result);
        if self.program.ty(all) != ty {
            let lanes = self.program.lanes(all);
            all = self.emit(Op::Copy {}, vec![Ref::whole(all, lanes)], ty, lanes, site)?;
        }
        let value = self.view(value, site)?;
        let result = match self.turned_place(&update.place, apart, site)? {
            Some((place, step)) => {
                let place = self.over_turns(Turned { value: all, place, step }).place;
                self.written(all, place, value, site)?
            }
            None => {
                let index = self.places(&update.place, apart, site)?;
                let slot = self.program.slot(all);
                let value = self.lowered(value, site)?;
                let result = self.program.value(slot, "");
                let args = vec![value, self.program.whole(index)];
                let place = Place::whole(slot.lanes);
                self.out.push(Inst::Update(Update { op: Op::Scatter {}, array: all, place, args, result, site }));
                result
            }
        };
        self.wide.insert(update.result, result);
        Ok(())
    }

    /// A shared array with the lanes replaced that a table of places names.
    fn spilled(&mut self, update: &Update, value: Ref) -> Widened<ValueId> {
        let site = update.site;
        let Some(spill) = self.spill else { return because(site, "where this writes follows no step") };
        let array = self.renamed(update.array);
        let slot = self.program.slot(array);
        let index = self.places(&update.place, 0, site)?;
        let lanes = self.program.lanes(index);
        if lanes != self.turns.count {
            return because(site, "where this writes follows no step");
        }
        let behind = i64::try_from(slot.lanes - lanes).map_err(|_| Why::TooLarge)?;
        let last = i64::try_from(slot.lanes - 1).map_err(|_| Why::TooLarge)?;
        let start = self.constant(RegType::pub_int(behind, behind), Constant::Words(vec![behind]), 1, site)?;
        let args = vec![Ref::whole(spill.lane, lanes), Ref { value: start, place: Place::strided(0, 0, lanes) }];
        let spare = self.emit(Op::Add {}, args, RegType::pub_int(behind, last), lanes, site)?;
        let args = [spill.own, index, spare].map(|value| Ref::whole(value, lanes)).to_vec();
        let places = self.emit(Op::Select {}, args, RegType::pub_int(0, last), lanes, site)?;
        let value = self.lowered(value, site)?;
        let result = self.program.value(slot, "");
        let args = vec![value, Ref::whole(places, lanes)];
        let place = Place::whole(slot.lanes);
        self.out.push(Inst::Update(Update { op: Op::Scatter {}, array, place, args, result, site }));
        Ok(result)
    }

    /// The array with a place replaced.
    pub(super) fn written(&mut self, array: ValueId, place: Place, value: Ref, site: SiteId) -> Widened<ValueId> {
        let value = self.lowered(value, site)?;
        let slot = self.program.slot(array);
        let place = place.simplified();
        if place.is_whole(slot.lanes) {
            return self.emit(Op::Copy {}, vec![value], slot.ty, slot.lanes, site);
        }
        let result = self.program.value(slot, "");
        if place.dims.len() <= 2 {
            let args = vec![value];
            self.out.push(Inst::Update(Update { op: Op::Copy {}, array, place, args, result, site }));
            return Ok(result);
        }
        // A row a turn.
        let Dim { stride, len } = place.dims[0];
        let lanes = place.lanes().ok_or(Why::TooLarge)?;
        let row = lanes / len;
        let value = self.emit(Op::Copy {}, vec![value], slot.ty, lanes, site)?;
        let counter = self.counter_of(len);
        let param = self.program.value(slot, "");
        let outer = std::mem::take(&mut self.out);
        self.depth += 1;
        let index = self.shifted(place.index, Affine::of(counter), stride, site)?;
        let step = i64::try_from(row).map_err(|_| Why::TooLarge)?;
        let part = Ref { value, place: Place::span(0, row).indexed(counter, step) };
        let place = Place { index, dims: place.dims[1..].to_vec(), ..place };
        let next = self.written(param, place, part, site)?;
        self.depth -= 1;
        let body = std::mem::replace(&mut self.out, outer);
        let (from, to) = (Bound::Const(0), Bound::Const(i64::try_from(len).map_err(|_| Why::TooLarge)?));
        let carried = vec![Carried { init: array, param, next, result }];
        self.out.push(Inst::Loop(Loop { counter, from, to, carried, body, site }));
        self.moves.insert(counter);
        Ok(result)
    }

    fn concat(&mut self, concat: &Concat) -> Widened<()> {
        let site = concat.site;
        if !facts::own_effects(self.program, &Inst::Concat(concat.clone())).none() {
            return because(site, "this place may lie outside its array, which stops the run");
        }
        if !concat.parts.iter().any(|part| self.view_differs(part)) {
            let mut concat = concat.clone();
            concat.parts.iter_mut().for_each(|part| part.map_uses(&mut |value| self.renamed(value)));
            self.out.push(Inst::Concat(concat));
            return Ok(());
        }
        let Slot { ty, lanes } = self.program.slot(concat.result);
        let all = self.lanes_of(lanes)?;
        self.count(ty, all)?;
        let stride = i64::try_from(lanes).map_err(|_| Why::TooLarge)?;
        let mut array = self.empty(ty, all, site)?;
        let mut offset = 0;
        for part in &concat.parts {
            let len = part.lanes();
            if len == 0 {
                continue;
            }
            let value = self.view(part, site)?;
            let place = Place::grid(offset, Dim { stride, len: self.turns.count }, Dim { stride: 1, len }).simplified();
            array = self.written(array, place, value, site)?;
            offset += len;
        }
        self.wide.insert(concat.result, array);
        Ok(())
    }

    /// An inner loop that stays one: its turns are the same in all outer turns.
    fn inner_loop(&mut self, l: &Loop) -> Widened<()> {
        for bound in [l.from, l.to] {
            if let Bound::Value(value) = bound
                && self.differs(value)
            {
                return because(l.site, "how often this inner loop runs differs by turn");
            }
        }
        let mut differs: Vec<bool> = l.carried.iter().map(|c| self.differs(c.init)).collect();
        loop {
            let before = (self.wide.clone(), self.same.clone(), self.shared.clone(), self.unmade.clone());
            let (bytes, rounds, outer) = (self.bytes, self.rounds, std::mem::take(&mut self.out));
            let made = self.turn_of(l, &differs);
            let body = std::mem::replace(&mut self.out, outer);
            let carried = made?;
            let grown: Vec<bool> =
                l.carried.iter().zip(&differs).map(|(c, differs)| *differs || self.differs(c.next)).collect();
            if grown == differs {
                let bound = |bound| match bound {
                    Bound::Value(value) => Bound::Value(self.renamed(value)),
                    Bound::Const(value) => Bound::Const(value),
                };
                let (from, to) = (bound(l.from), bound(l.to));
                let inits: Vec<ValueId> = l
                    .carried
                    .iter()
                    .zip(&differs)
                    .map(
                        |(c, differs)| if *differs { self.all_turns(c.init, l.site) } else { Ok(self.renamed(c.init)) },
                    )
                    .collect::<Widened<_>>()?;
                let mut all = Vec::with_capacity(l.carried.len());
                for ((c, (param, next)), (init, differs)) in
                    l.carried.iter().zip(carried).zip(inits.into_iter().zip(differs))
                {
                    let result = if differs {
                        let Slot { ty, lanes } = self.program.slot(c.result);
                        let lanes = self.lanes_of(lanes)?;
                        let result = self.program.value(Slot { ty, lanes }, "");
                        self.wide.insert(c.result, result);
                        result
                    } else if self.shared.contains(&c.init) {
                        let result = self.program.value(self.program.slot(init), "");
                        self.same.insert(c.result, result);
                        self.shared.insert(c.result);
                        result
                    } else {
                        c.result
                    };
                    all.push(Carried { init, param, next, result });
                }
                self.out.push(Inst::Loop(Loop { counter: l.counter, from, to, carried: all, body, site: l.site }));
                return Ok(());
            }
            differs = grown;
            (self.wide, self.same, self.shared, self.unmade) = before;
            (self.bytes, self.rounds) = (bytes, rounds);
        }
    }

    /// The body of an inner loop, with param and next of what it carries.
    fn turn_of(&mut self, l: &Loop, differs: &[bool]) -> Widened<Vec<(ValueId, ValueId)>> {
        let mut params = Vec::with_capacity(l.carried.len());
        for (c, differs) in l.carried.iter().zip(differs) {
            let slot = self.program.slot(c.param);
            params.push(if *differs {
                let lanes = self.lanes_of(slot.lanes)?;
                self.count(slot.ty, lanes)?;
                let param = self.program.value(Slot { lanes, ..slot }, "");
                self.wide.insert(c.param, param);
                param
            } else if self.shared.contains(&c.init) {
                let slot = self.program.slot(self.renamed(c.init));
                let param = self.program.value(slot, "");
                self.same.insert(c.param, param);
                self.shared.insert(c.param);
                param
            } else {
                c.param
            });
        }
        self.depth += 1;
        self.insts(&l.body)?;
        let mut carried = Vec::with_capacity(params.len());
        for ((c, param), differs) in l.carried.iter().zip(params).zip(differs) {
            // Where the guess was wrong, the turn is made again.
            let next = if *differs { self.all_turns(c.next, l.site)? } else { self.renamed(c.next) };
            carried.push((param, next));
        }
        self.depth -= 1;
        Ok(carried)
    }

    /// A public choice that is the same in all turns.
    fn choice(&mut self, i: &If) -> Widened<()> {
        if self.differs(i.condition) {
            return because(i.site, "this choice differs by turn");
        }
        let mut sides = Vec::with_capacity(2);
        let outer = std::mem::take(&mut self.out);
        self.depth += 1;
        for block in [&i.then, &i.otherwise] {
            self.insts(block)?;
            sides.push(std::mem::take(&mut self.out));
        }
        let mut results = Vec::with_capacity(i.results.len());
        for joined in &i.results {
            let slot = self.program.slot(joined.result);
            if self.differs(joined.then) || self.differs(joined.otherwise) {
                let mut all = [joined.then; 2];
                for (at, value) in [joined.then, joined.otherwise].into_iter().enumerate() {
                    self.out = std::mem::take(&mut sides[at]);
                    all[at] = self.all_turns(value, i.site)?;
                    sides[at] = std::mem::take(&mut self.out);
                }
                let lanes = self.lanes_of(slot.lanes)?;
                let result = self.program.value(Slot { lanes, ..slot }, "");
                self.wide.insert(joined.result, result);
                results.push(Joined { then: all[0], otherwise: all[1], result });
                continue;
            }
            let (then, otherwise) = (self.renamed(joined.then), self.renamed(joined.otherwise));
            let result = if self.shared.contains(&joined.then) || self.shared.contains(&joined.otherwise) {
                let result = self.program.value(self.program.slot(then), "");
                self.same.insert(joined.result, result);
                self.shared.insert(joined.result);
                result
            } else {
                joined.result
            };
            results.push(Joined { then, otherwise, result });
        }
        self.depth -= 1;
        self.out = outer;
        let condition = self.renamed(i.condition);
        let mut sides = sides.into_iter();
        let (then, otherwise) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
        self.out.push(Inst::If(If { condition, then, otherwise, results, site: i.site }));
        Ok(())
    }
}

/// Why a gate is not one of all turns.
fn refused(gate: &Gate) -> &'static str {
    match gate.op {
        Op::Open { .. } => "each turn reveals something",
        Op::Output { .. } | Op::Input { .. } | Op::ProveRange {} => "each turn takes or gives something",
        Op::Check { .. } | Op::StopUnless { .. } => "each turn may stop the run with a message",
        _ => "this may stop the run: the ranges do not show that it always has a result",
    }
}
