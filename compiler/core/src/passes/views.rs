//! Copies into views: what reads a copy of some lanes reads the lanes themselves.
//!
//! ```text
//! %1 = copy(%0[8; -1 x 4])
//! %2 = mul(%1, %3)              ->      %2 = mul(%0[8; -1 x 4], %3)
//! ```
//!
//! A copy that makes a public value secret goes too where the reader takes a mix of both: a product with a public factor is
//! local. What reads a single part of a concatenation reads that part, and a concatenation of parts of one value at equal distances is
//! a view of it. Left alone are copies of an array that has been updated since: reading the old version would keep it alive and force
//! a copy of all of it. The copies themselves are left to `passes::dead`.

use super::forward::{self, Replaced, Rewrite, Taken};
use crate::ir::{Dim, Gate, Inst, Op, Place, Program, Ref, fits};

/// Lets readers look through copies.
#[must_use]
pub fn run(program: Program) -> Program {
    let values = program.values.len();
    let (copies, parts) = (vec![None; values], vec![Vec::new(); values]);
    forward::run(program, &mut Views { copies, parts, taken: Taken::default() })
}

struct Views {
    /// By value: what it is a copy of.
    copies: Vec<Option<Ref>>,
    /// By value: what was concatenated to it, each with the lane behind it.
    parts: Vec<Vec<(u64, Ref)>>,
    taken: Taken,
}

impl Rewrite for Views {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, replaced: &mut Replaced) {
        match &mut inst {
            Inst::Gate(gate) => {
                self.gate(program, gate);
                if let (Op::Copy {}, Some(result), [of]) = (gate.op, gate.result, gate.args.as_slice()) {
                    if of.place.is_whole(program.lanes(of.value)) && program.slot(of.value) == program.slot(result) {
                        replaced.insert(result, of.value);
                        return;
                    }
                    self.copies[result.index()] = Some(of.clone());
                }
            }
            Inst::Update(update) => {
                let secret = program.ty(update.result).is_secret();
                // Moving whole parts takes a public value as it is.
                let mixes = matches!(update.op, Op::Copy {} | Op::Scatter {}) && secret;
                for (at, arg) in update.args.iter_mut().enumerate() {
                    self.look_through(program, arg, mixes && at == 0);
                }
                self.taken.insert(update.array);
                if let (Op::Copy {}, [of]) = (update.op, update.args.as_mut_slice()) {
                    straighten(&mut update.place, &mut of.place);
                    let slot = program.slot(update.result);
                    if update.place.is_whole(slot.lanes) && program.ty(of.value).is_secret() == slot.ty.is_secret() {
                        // Nothing is left of the array.
                        let gate = Gate {
                            op: Op::Copy {},
                            args: vec![of.clone()],
                            result: Some(update.result),
                            site: update.site,
                        };
                        return self.inst(program, Inst::Gate(gate), out, replaced);
                    }
                }
            }
            Inst::Concat(concat) => {
                let before = grid(&concat.parts);
                let mixes = program.ty(concat.result).is_secret();
                concat.parts.iter_mut().for_each(|part| self.look_through(program, part, mixes));
                self.copies[concat.result.index()] = before.or_else(|| grid(&concat.parts));
                let behind = |end: &mut u64, part: &Ref| {
                    *end += part.lanes();
                    Some((*end, part.clone()))
                };
                self.parts[concat.result.index()] = concat.parts.iter().scan(0, behind).collect();
            }
            Inst::Loop(_) | Inst::While(_) | Inst::If(_) => {}
        }
        self.taken.learn(&inst);
        out.push(inst);
    }
}

impl Views {
    fn gate(&self, program: &Program, gate: &mut Gate) {
        let mixes = matches!(
            gate.op,
            Op::Add {}
                | Op::Sub {}
                | Op::Mul {}
                | Op::AddWrap {}
                | Op::SubWrap {}
                | Op::MulWrap {}
                | Op::Dot { .. }
                | Op::MatMul { .. }
                | Op::Lt {}
                | Op::Eq {}
                | Op::Xor {}
                | Op::And {}
                | Op::Or {}
        );
        for at in 0..gate.args.len() {
            // One operand has to stay secret, or the result would be public.
            let other_secret =
                gate.args.iter().enumerate().any(|(i, arg)| i != at && program.ty(arg.value).is_secret());
            self.look_through(program, &mut gate.args[at], mixes && other_secret);
        }
        if let (Op::Copy {}, Some(result)) = (gate.op, gate.result) {
            let secret = program.ty(result).is_secret();
            self.look_through(program, &mut gate.args[0], secret);
        }
    }

    /// Replaces a view of a copy by a view of what was copied, as often as that goes.
    fn look_through(&self, program: &Program, arg: &mut Ref, public_too: bool) {
        while let Some((of, place)) = self.copied(arg) {
            let (from, into) = (program.ty(of.value), program.ty(arg.value));
            let becomes_public = public_too && into.is_secret() && !from.is_secret();
            if self.taken.has(of.value) || !(fits(from, into) || becomes_public) {
                return;
            }
            let whole = place.is_whole(of.lanes()).then(|| of.clone());
            let Some(view) = whole.or_else(|| of.view(&place)) else { return };
            *arg = view;
        }
    }

    /// What holds the lanes of a view too, and where in it.
    fn copied(&self, arg: &Ref) -> Option<(&Ref, Place)> {
        if let Some(of) = self.copies.get(arg.value.index())?.as_ref() {
            return Some((of, arg.place.clone()));
        }
        // A run-time index may reach any part.
        let (least, greatest) = arg.place.extent().filter(|_| arg.place.index.is_none())?;
        let parts = self.parts.get(arg.value.index())?;
        let at = parts.partition_point(|(behind, _)| i128::from(*behind) <= least);
        let (behind, part) = parts.get(at).filter(|(behind, _)| greatest < i128::from(*behind))?;
        let offset = arg.place.offset - (behind - part.lanes());
        Some((part, Place { offset, ..arg.place.clone() }))
    }
}

/// Walks columns first what is read and written by columns: both lie one after another then, or the written one does.
fn straighten(place: &mut Place, of: &mut Place) {
    let ([rows, cols], [of_rows, of_cols]) = (place.dims.as_slice(), of.dims.as_slice()) else { return };
    if (rows.len, cols.len) != (of_rows.len, of_cols.len) {
        return;
    }
    let turned = Place { dims: vec![*cols, *rows], ..place.clone() }.simplified();
    if turned.dims.len() < 2 {
        *of = Place { dims: vec![*of_cols, *of_rows], ..of.clone() }.simplified();
        *place = turned;
    }
}

/// What concatenates to the rows of a grid: the parts lie in one value at equal distances, and are alike otherwise.
pub(super) fn grid(parts: &[Ref]) -> Option<Ref> {
    let [first, second, ..] = parts else { return None };
    let offset = |part: &Ref| i64::try_from(part.place.offset).ok();
    let stride = offset(second)?.checked_sub(offset(first)?)?;
    let alike = |part: &Ref| {
        let (a, b) = (&first.place, &part.place);
        part.value == first.value && a.index == b.index && a.dims == b.dims
    };
    let apart = |pair: &[Ref]| {
        let [a, b] = pair else { return Some(false) };
        Some(offset(b)?.checked_sub(offset(a)?)? == stride)
    };
    let inner = match first.place.dims.as_slice() {
        [] => Dim { stride: 0, len: 1 },
        [dim] => *dim,
        _ => return None,
    };
    let equal = parts.iter().all(alike) && parts.windows(2).all(|pair| apart(pair) == Some(true));
    let outer = Dim { stride, len: parts.len() as u64 };
    let place = Place { index: first.place.index, ..Place::grid(first.place.offset, outer, inner) }.simplified();
    equal.then_some(Ref { value: first.value, place })
}

/// So many lanes and those that go on from there, at the same distance from one another.
pub(super) fn behind((first, before): (&Ref, u64), (then, after): (&Ref, u64)) -> Option<Ref> {
    let stride = match (first.place.dims.as_slice(), then.place.dims.as_slice()) {
        ([own], []) | ([], [own]) => own.stride,
        ([own], [other]) if own.stride == other.stride => own.stride,
        _ => return None,
    };
    let distance = i128::from(stride) * i128::from(before);
    let follows = i128::from(then.place.offset) - i128::from(first.place.offset) == distance;
    let same = (first.value, first.place.index) == (then.value, then.place.index);
    let dims = vec![Dim { stride, len: before.checked_add(after)? }];
    (follows && same).then(|| Ref { value: first.value, place: Place { dims, ..first.place.clone() } })
}
