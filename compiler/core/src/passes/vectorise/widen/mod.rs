//! All turns of a loop at once: each instruction of the body becomes one on vectors that hold the lanes of all turns, one turn after another.
//!
//! What is the same in every turn is computed once. Inner loops that stay loops run once, over the lanes of all outer turns; a public choice that is
//! the same in all turns stays one. An array that turns only write in places of their own stays one array, which all of them share.

mod arrays;
mod blocks;
mod gates;
mod views;

use crate::ir::{
    Bound, Carried, Constant, Gate, Index, Inst, Kind, Loop, Op, Place, Program, Ref, RegType, SiteId, Slot, Update,
    ValueId,
};
use crate::passes::affine::{Affine, Scalars};
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

/// The turns of a loop as lanes: what the counter is in the first of them, and whether it falls from there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    pub(super) counter: ValueId,
    pub(super) from: i64,
    pub(super) count: u64,
    pub(super) falls: bool,
}

impl Turns {
    /// The turns `from .. from + count` in that order, or in the opposite one; `None` where a number exceeds 64 bits.
    pub(super) fn of(counter: ValueId, from: i64, count: u64, falls: bool) -> Option<Self> {
        let last = i64::try_from(count.checked_sub(1)?).ok()?.checked_add(from)?;
        Some(Self { counter, from: if falls { last } else { from }, count, falls })
    }

    /// The first lane and the distance of neighbours, where the counter counts `step` times.
    fn steps(&self, step: i64) -> Option<(i64, i64)> {
        Some((step.checked_mul(self.from)?, if self.falls { step.checked_neg()? } else { step }))
    }

    /// The lane of the last turn.
    pub(super) fn last(&self) -> u64 {
        if self.falls { 0 } else { self.count - 1 }
    }

    /// That the order of the lanes does not matter to what is computed of them, or is that of the turns.
    ///
    /// # Errors
    /// It is not: the loop is tried again in its own order.
    pub(super) fn in_order(&self, site: SiteId) -> Widened<()> {
        if self.falls { because(site, "a later turn builds on an earlier one") } else { Ok(()) }
    }
}

/// Lanes that an operand reads in each turn.
#[derive(Clone, Debug)]
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
    /// Products of which only sums will be left.
    pub(super) fused: BTreeSet<ValueId>,
    /// The factors of those that are not made.
    pub(super) products: BTreeMap<ValueId, [Turned; 2]>,
    /// Bytes of the vectors so far, and most that they may take.
    bytes: u64,
    most: u64,
    /// Whether a vector gate takes a round.
    pub(super) rounds: bool,
    /// The counters of loops that move lanes where a view has too many dimensions.
    pub(super) moves: BTreeSet<ValueId>,
    /// Whether what no vector stands for may run by itself, and why it does where that is so.
    pub(super) distribute: bool,
    pub(super) left: Vec<(SiteId, String)>,
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
            fused: BTreeSet::new(),
            products: BTreeMap::new(),
            distribute: false,
            left: Vec::new(),
            spill: None,
            depth: 0,
        }
    }

    /// Bytes of the vectors so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

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
        self.bytes = self.bytes.saturating_add(facts::bytes(Slot { ty, lanes }));
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
        let empty = self.empty(ty, lanes, site);
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
    pub(super) fn empty(&mut self, ty: RegType, lanes: u64, site: SiteId) -> ValueId {
        empty(self.program, &mut self.out, Slot { ty, lanes }, site)
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
}

/// An array about whose lanes nothing is asked.
pub(super) fn empty(program: &mut Program, out: &mut Vec<Inst>, slot: Slot, site: SiteId) -> ValueId {
    let Slot { ty, lanes } = slot;
    let (lo, hi) = ty.range();
    let word = if let RegType::Bin { .. } = ty { 0 } else { lo.max(0).min(hi) };
    let constant = program.constant(Constant::Words(vec![word]));
    let (kind, frac) = match ty {
        RegType::Pub { kind, frac, .. } => (kind, frac),
        RegType::Arith { frac, .. } => (Kind::Int, frac),
        RegType::Bin { .. } => (Kind::Int, 0),
    };
    let public = RegType::Pub { kind, lo: word, hi: word, frac };
    let scalar = program.value(Slot { ty: public, lanes: 1 }, "");
    out.push(Inst::Gate(Gate { op: Op::Const { constant }, args: Vec::new(), result: Some(scalar), site }));
    let result = program.value(slot, "");
    let args = vec![Ref { value: scalar, place: Place::strided(0, 0, lanes) }];
    out.push(Inst::Gate(Gate { op: Op::Copy {}, args, result: Some(result), site }));
    result
}
