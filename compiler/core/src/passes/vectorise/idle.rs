//! Writes that leave a place as it was, by the laws of the lattice: a turn may read a place that another turn writes to, if that write changes nothing.
//!
//! | written, where w and r are one place | because |
//! | --- | --- |
//! | min(w, r + b), b ≥ 0; max(w, r + b), b ≤ 0 | r + b is no better than w = r |
//! | min(w, max(r, b)); max(w, min(r, b)) | absorption |
//! | min(w, min(v, b)), v one of these, b no less than any w | neither is better |
//! | w \| (r & b); w & (r \| b) | absorption |
//!
//! So the inner loops of shortest paths (Floyd, 1962), of their widest ones and of transitive closures (Warshall, 1962) run at once.

use crate::ir::{Gate, Op, Program, Ref, ValueId};
use std::collections::BTreeMap;

/// Gates behind one another that are looked at: choices of choices may be many.
const DEPTH: u32 = 6;

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
        self.no_better(order, other, self.range(old), DEPTH)
    }

    /// Whether a value is never better than the read, which lies in that range.
    fn no_better(&self, order: Order, other: &Ref, (least, greatest): (i64, i64), depth: u32) -> bool {
        let worst = |of: &Ref, (lo, hi)| {
            let (least, greatest) = self.range(of);
            if order == Order::Least { least >= hi } else { greatest <= lo }
        };
        if (self.read)(other) || worst(other, (least, greatest)) {
            return true;
        }
        let Some(gate) = self.gate(other) else { return false };
        let again = |of: &Ref| depth > 0 && self.no_better(order, of, (least, greatest), depth - 1);
        match (gate.op, gate.args.as_slice()) {
            (Op::Copy {} | Op::Relabel {}, [of]) => again(of),
            (Op::Add {}, [a, b]) => again(a) && worst(b, (0, 0)) || again(b) && worst(a, (0, 0)),
            _ => match self.chosen(gate) {
                Some((inner, a, b)) if inner == order => again(a) && again(b),
                Some((_, a, b)) => again(a) || again(b),
                None => false,
            },
        }
    }

    fn range(&self, of: &Ref) -> (i64, i64) {
        self.program.ty(of.value).range()
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
        let pair = |a: &Ref, b: &Ref| (a.simplified(), b.simplified());
        if pair(a, b) == pair(x, y) {
            Some((Order::Least, x, y))
        } else if pair(a, b) == pair(y, x) {
            Some((Order::Greatest, x, y))
        } else {
            None
        }
    }
}
