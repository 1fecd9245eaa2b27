//! Values under elaboration: a type, and for each scalar of it either known lanes or lanes of the program in the making.
//!
//! A value is `const` where all of it is known; otherwise the register type of the IR value says whether it is secret and in which range its lanes
//! lie. Two more facts travel with each leaf: where its secrecy and range come from, for messages, and how it relates to what a loop carries,
//! for ranges of loops.

use super::known::{Known, Num};
use super::types::{Scalar, Type};
use crate::ir::{Ref, ValueId};
use crate::source::Span;
use smpc_bytecode::interval::Interval;
use std::rc::Rc;

/// Where a fact about a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The declaration.
    pub(crate) span: Span,
    /// Its name.
    pub(crate) name: String,
}

/// What a loop carries, at the start of the turn that is being elaborated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BaseId(pub(crate) u32);

/// Every lane lies in the range that a carried leaf has at the start of the turn, moved by something in `lo..=hi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Relative {
    /// The carried leaf.
    pub(crate) base: BaseId,
    /// Least move.
    pub(crate) lo: i128,
    /// Greatest move.
    pub(crate) hi: i128,
    /// Whether it lies in the range that the leaf had before the loop: no turn has written there.
    pub(crate) untouched: bool,
}

impl Relative {
    /// What holds of lanes of which some are this and some the other.
    pub(crate) fn join(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        let (a, b) = (a?, b?);
        (a.base == b.base).then(|| Self {
            base: a.base,
            lo: a.lo.min(b.lo),
            hi: a.hi.max(b.hi),
            untouched: a.untouched && b.untouched,
        })
    }

    /// After a move by something in `lo..=hi`.
    pub(crate) const fn moved(self, lo: i128, hi: i128) -> Self {
        Self { base: self.base, lo: self.lo.saturating_add(lo), hi: self.hi.saturating_add(hi), untouched: false }
    }
}

/// By how much a turn moves a carried leaf, and where it lies whatever the turns add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Growth {
    /// Least move of a turn.
    pub(crate) lo: i128,
    /// Greatest move of a turn.
    pub(crate) hi: i128,
    /// The range before the loop, moved by all of its turns.
    pub(crate) range: Interval,
}

impl Growth {
    /// Whether what has moved so since the start of the turn lies in the range.
    pub(crate) const fn holds(&self, moved: Relative) -> bool {
        self.lo <= moved.lo && moved.hi <= self.hi
    }
}

/// What a turn of a loop inside another one may add: so much in each turn that all turns of both keep to the growth of the outer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Most turns that may add.
    pub(crate) turns: i128,
    /// How far the leaf had moved before the inner loop, since the start of the outer turn.
    pub(crate) before: Relative,
    /// What holds of it there.
    pub(crate) growth: Growth,
    /// The moves that were taken to be allowed, which the end of the turn has to keep to.
    pub(crate) taken: Option<(i128, i128)>,
}

impl Allowance {
    /// The allowance where every turn may move so far too; `None` where that is more than the outer loop's turns can do.
    pub(crate) fn take(self, moved: Relative) -> Option<Self> {
        let (lo, hi) = self.taken.unwrap_or((0, 0));
        let (lo, hi) = (lo.min(moved.lo), hi.max(moved.hi));
        let all = self.before.moved(lo.saturating_mul(self.turns), hi.saturating_mul(self.turns));
        self.growth.holds(all).then_some(Self { taken: Some((lo, hi)), ..self })
    }
}

/// The lanes of a scalar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    /// Known to the compiler.
    Known(Known),
    /// In the program.
    Lanes(Ref),
}

/// A scalar of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leaf {
    /// Its lanes.
    pub(crate) data: Data,
    /// What made it secret, or gave it its range.
    pub(crate) origin: Option<Rc<Origin>>,
    /// How it relates to what a loop carries.
    pub(crate) relative: Option<Relative>,
    /// Whether everyone knows the lanes although their register is shared: words of bits have no public registers.
    pub(crate) public: bool,
    /// A range, of raw integers, that a public condition around leaves of that of its register.
    pub(crate) narrowed: Option<Interval>,
}

impl Leaf {
    /// Known lanes.
    pub(crate) const fn known(lanes: Known) -> Self {
        Self { data: Data::Known(lanes), origin: None, relative: None, narrowed: None, public: false }
    }

    /// Lanes of the program.
    pub(crate) const fn of(view: Ref) -> Self {
        Self { data: Data::Lanes(view), origin: None, relative: None, narrowed: None, public: false }
    }

    /// Lanes of that kind that everyone knows, or not. Of anything but words the register tells.
    pub(crate) const fn public(mut self, scalar: Scalar, public: bool) -> Self {
        self.public = public && matches!(scalar, Scalar::Bits(_));
        self
    }

    /// With an origin.
    pub(crate) fn from(mut self, origin: Option<Rc<Origin>>) -> Self {
        self.origin = origin;
        self
    }

    /// Where it is this one or an equal other one.
    pub(crate) fn or(mut self, other: &Self) -> Self {
        self.relative = Relative::join(self.relative, other.relative);
        self.narrowed = self.narrowed.zip(other.narrowed).map(|(a, b)| a.join(b));
        self
    }

    /// With a relation to what a loop carries.
    pub(crate) const fn relative(mut self, relative: Option<Relative>) -> Self {
        self.relative = relative;
        self
    }

    /// The known lanes, if they are.
    pub(crate) const fn as_known(&self) -> Option<&Known> {
        match &self.data {
            Data::Known(known) => Some(known),
            Data::Lanes(_) => None,
        }
    }

    /// Number of lanes.
    pub(crate) fn lanes(&self) -> u64 {
        match &self.data {
            Data::Known(known) => known.lanes(),
            Data::Lanes(view) => view.lanes(),
        }
    }
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    /// Kind and shape.
    pub(crate) ty: Type,
    /// Its scalars, depth first.
    pub(crate) leaves: Vec<Leaf>,
}

impl Value {
    /// A value of one leaf.
    pub(crate) fn new(ty: Type, leaf: Leaf) -> Self {
        Self { ty, leaves: vec![leaf] }
    }

    /// Nothing: the value of a statement.
    pub(crate) const fn unit() -> Self {
        Self { ty: Type::unit(), leaves: Vec::new() }
    }

    /// A known integer.
    pub(crate) fn int(value: i128) -> Self {
        Self::new(Type::INT, Leaf::known(Known::one(Num::Int(value))))
    }

    /// A known truth value.
    pub(crate) fn boolean(value: bool) -> Self {
        Self::new(Type::BOOL, Leaf::known(Known::one(Num::Bool(value))))
    }

    /// A scalar or array of scalars out of an IR value.
    pub(crate) fn of(scalar: Scalar, extents: &[u64], value: ValueId) -> Self {
        let lanes = extents.iter().product();
        Self::new(Type::lanes_of(scalar, extents), Leaf::of(Ref::whole(value, lanes)))
    }

    /// The known scalar that it is.
    pub(crate) fn known_scalar(&self) -> Option<Num> {
        match (&self.ty, self.leaves.as_slice()) {
            (Type::Scalar(_), [leaf]) => leaf.as_known()?.scalar(),
            _ => None,
        }
    }

    /// The known integer that it is.
    pub(crate) fn known_int(&self) -> Option<i128> {
        self.known_scalar()?.as_int()
    }

    /// The known truth value that it is.
    pub(crate) fn known_bool(&self) -> Option<bool> {
        match self.known_scalar()? {
            Num::Bool(value) => Some(value),
            Num::Int(_) | Num::Fix(_) | Num::Bits(_) => None,
        }
    }

    /// Whether the compiler knows all of it.
    pub(crate) fn is_known(&self) -> bool {
        self.leaves.iter().all(|leaf| leaf.as_known().is_some())
    }
}
