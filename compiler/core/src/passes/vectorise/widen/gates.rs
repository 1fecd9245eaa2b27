//! Gates on vectors of all turns.

use super::super::contraction::{Contraction, Product};
use super::{Why, Widen, Widened, because};
use crate::ir::{Constant, Dim, Gate, Inst, Kind, Op, Place, Ref, RegType, SiteId, Slot, ValueId};
use crate::passes::facts;

impl Widen<'_> {
    pub(super) fn gate(&mut self, gate: &Gate) -> Widened<()> {
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
        if let (Op::Mul {}, [a, b], true) = (gate.op, gate.args.as_slice(), self.fused.contains(&result)) {
            let factors = [self.turned(a, site)?, self.turned(b, site)?];
            let secret = factors.iter().all(|factor| self.program.ty(factor.value).is_secret());
            if secret && Contraction::over_turns(&factors[0], &factors[1], self.turns.count).is_some() {
                self.products.insert(result, factors);
                return Ok(());
            }
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
                let Some(sum) = Contraction::of_turns(gate.op, &a, &b, self.turns.count) else {
                    return because(site, "this product of matrices differs by turn");
                };
                let Product { op, args, lanes } = sum.best();
                let product = self.emit(op, args, ty, all, site)?;
                self.laid(product, lanes, site)?
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

    /// The lanes of a value that lie in it like that, one after another.
    pub(in crate::passes::vectorise) fn laid(
        &mut self,
        value: ValueId,
        lanes: Option<Place>,
        site: SiteId,
    ) -> Widened<ValueId> {
        let Some(place) = lanes else { return Ok(value) };
        let Slot { ty, lanes } = self.program.slot(value);
        self.emit(Op::Copy {}, vec![Ref { value, place }], ty, lanes, site)
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
        let reach = i64::try_from(self.turns.count - 1).unwrap_or(i64::MAX);
        let last =
            if self.turns.falls { self.turns.from.checked_sub(reach) } else { self.turns.from.checked_add(reach) };
        let Some(last) = last else { return false };
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
