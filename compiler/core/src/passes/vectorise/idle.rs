//! Writes that leave a place as it was, by the laws of the lattice: a turn may read a place that another turn writes to, if that write changes nothing.
//!
//! | written, where w and r are one place | because |
//! | --- | --- |
//! | min(w, r + b), b ≥ 0; max(w, r + b), b ≤ 0 | r + b is no better than w = r |
//! | min(w, max(r, b)); max(w, min(r, b)) | absorption |
//! | w \| (r & b); w & (r \| b) | absorption |
//!
//! So the inner loops of shortest paths (Floyd, 1962), of their widest ones and of transitive closures (Warshall, 1962) run at once.

use crate::ir::{Gate, Op, Program, Ref, ValueId};
use std::collections::BTreeMap;

/// What is asked about a write and a read of one place.
pub(super) struct Idle<'a> {
    pub(super) program: &'a Program,
    /// Gates of the body, by result.
    pub(super) gates: &'a BTreeMap<ValueId, &'a Gate>,
    /// Whether a view reads the place that is written, before it is.
    pub(super) old: &'a dyn Fn(&Ref) -> bool,
    /// Whether a view is the read.
    pub(super) read: &'a dyn Fn(&Ref) -> bool,
}

/// The lesser or greater of two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Least,
    Greatest,
}

impl Idle<'_> {
    /// Whether what is written is what was there, where both are one place.
    pub(super) fn leaves(&self, written: &Ref) -> bool {
        self.old_or_same(written)
    }

    fn old_or_same(&self, view: &Ref) -> bool {
        if (self.old)(view) {
            return true;
        }
        let Some(gate) = self.gate(view) else { return false };
        if let (Op::Copy {} | Op::Relabel {}, [of]) = (gate.op, gate.args.as_slice()) {
            return self.old_or_same(of);
        }
        if let Some((order, a, b)) = self.chosen(gate) {
            return self.absorbs(order, a, b) || self.absorbs(order, b, a);
        }
        match (gate.op, gate.args.as_slice()) {
            (Op::Or {}, [a, b]) => self.absorbs_logic(Op::And {}, a, b) || self.absorbs_logic(Op::And {}, b, a),
            (Op::And {}, [a, b]) => self.absorbs_logic(Op::Or {}, a, b) || self.absorbs_logic(Op::Or {}, b, a),
            _ => false,
        }
    }

    fn absorbs(&self, order: Order, old: &Ref, other: &Ref) -> bool {
        if !(self.old)(old) {
            return false;
        }
        let Some(gate) = self.gate(other) else { return false };
        if let (Op::Copy {} | Op::Relabel {}, [of]) = (gate.op, gate.args.as_slice()) {
            return self.absorbs(order, old, of);
        }
        if let (Op::Add {}, [a, b]) = (gate.op, gate.args.as_slice()) {
            let no_better = |of: &Ref| {
                let (lo, hi) = self.program.ty(of.value).range();
                if order == Order::Least { lo >= 0 } else { hi <= 0 }
            };
            return (self.read)(a) && no_better(b) || (self.read)(b) && no_better(a);
        }
        match self.chosen(gate) {
            Some((inner, a, b)) => inner != order && ((self.read)(a) || (self.read)(b)),
            None => false,
        }
    }

    fn absorbs_logic(&self, op: Op, old: &Ref, other: &Ref) -> bool {
        let Some(gate) = self.gate(other).filter(|gate| gate.op == op) else { return false };
        (self.old)(old) && gate.args.iter().any(|arg| (self.read)(arg))
    }

    /// The gate of which the view is the whole result.
    fn gate(&self, view: &Ref) -> Option<&Gate> {
        let whole = view.place.is_whole(self.program.lanes(view.value));
        self.gates.get(&view.value).copied().filter(|_| whole)
    }

    /// The gate as a choice by a comparison of what it chooses from.
    fn chosen<'g>(&self, gate: &'g Gate) -> Option<(Order, &'g Ref, &'g Ref)> {
        let (Op::Select {}, [condition, x, y]) = (gate.op, gate.args.as_slice()) else { return None };
        let mut holds = true;
        let mut decides = self.gate(condition)?;
        while let (Op::Not {}, [of]) = (decides.op, decides.args.as_slice()) {
            holds = !holds;
            decides = self.gate(of)?;
        }
        let (Op::Lt {}, [a, b]) = (decides.op, decides.args.as_slice()) else { return None };
        let (x, y) = if holds { (x, y) } else { (y, x) };
        if (a, b) == (x, y) {
            Some((Order::Least, x, y))
        } else if (a, b) == (y, x) {
            Some((Order::Greatest, x, y))
        } else {
            None
        }
    }
}
