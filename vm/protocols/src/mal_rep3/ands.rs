//! ANDs: those of `rep3`, a bit a gate and lane from each party to its left neighbour; what each party has made and received is written down until it is proven (`proof`).

use super::MalRep3;
use crate::bits::{Row, Rows};
use crate::executor::Cx;
use crate::keys::{Source, Step};
use crate::message::Shape;
use crate::rep3::Bin;
use smpc_math::netlist::Levelled;
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::cell::RefCell;

/// The two components of both operands of an AND.
type Operands<'x> = [&'x Row; 4];

/// The ANDs of a round.
#[derive(Clone, Copy)]
struct Gates {
    /// Where their masks are, and the block of lanes with which they begin.
    at: Step,
    first: usize,
    /// ANDs a lane, and lanes.
    planes: usize,
    lanes: usize,
}

impl<S: Source> MalRep3<S> {
    /// The results of ANDs whose operands `of(row)` says, in the order of the message: block by block, in a block plane by plane. One round.
    async fn ands<'x>(&self, cx: Cx<'_>, gates: Gates, of: impl Fn(usize) -> Operands<'x>) -> [Rows; 2] {
        let Gates { at, first, planes, lanes } = gates;
        let shape = Shape::new(planes, lanes);
        cx.count_blocks(shape.rows() as u64 * 4);
        let zeros = || Rows::zeros(if self.dry { 0 } else { shape.rows() });
        let (made, mut received) = (RefCell::new([zeros(), zeros(), zeros()]), zeros());
        let before = first * planes;
        let send = |row: usize, out: &mut [Row]| {
            let rows = row..row + out.len();
            let [own, left, right] = &mut *made.borrow_mut();
            let (left, right) = (&mut left[rows.clone()], &mut right[rows.clone()]);
            self.rep3.mask_rows(self.me, at, before + row, left);
            self.rep3.mask_rows(self.me + 1, at, before + row, right);
            for (n, (z, (left, right))) in out.iter_mut().zip(left.iter().zip(right.iter())).enumerate() {
                let [xa, xb, ya, yb] = of(row + n);
                *z = *left;
                simd::xor_into(z, right);
                simd::cross_ands(z, xa, xb, ya, yb);
            }
            own[rows].copy_from_slice(out);
        };
        let take = |row: usize, rows: &[Row]| received[row..row + rows.len()].copy_from_slice(rows);
        self.rep3.pass_rows(cx, shape, send, take).await;
        let [own, left, right] = made.into_inner();
        self.write_down(gates, of, [&left, &right, &received]);
        [own, received]
    }

    /// Keeps what is to be proven of ANDs: their operands, this party's masks, and what it has received. Only now, when all of their messages are there: what is verified meanwhile is
    /// complete, and the same at all parties.
    fn write_down<'x>(&self, gates: Gates, of: impl Fn(usize) -> Operands<'x>, [left, right, received]: [&[Row]; 3]) {
        let ands = &mut self.owed.borrow_mut().ands;
        let place = ands.reserve(gates.planes, gates.lanes);
        for (row, (z, masks)) in received.iter().zip(left.iter().zip(right)).enumerate() {
            let [xa, xb, ya, yb] = of(row);
            ands.made(place, row, [xa, xb], [ya, yb], [masks.0, masks.1]);
            ands.received(place, row, z);
        }
    }

    /// x ∧ y, plane by plane.
    pub(crate) async fn conjunction(&self, cx: Cx<'_>, x: &Bin, y: &Bin) -> Bin {
        debug_assert_eq!((x.lanes, x.width), (y.lanes, y.width));
        let at = Step::new(cx.tape(), 0, Domain::Bin);
        let gates = Gates { at, first: 0, planes: x.width as usize, lanes: x.lanes };
        let [a, b] = self.ands(cx, gates, |row| [&x.a, &x.b, &y.a, &y.b].map(|rows| &rows[row])).await;
        self.verify_if_many(cx).await;
        Bin { width: x.width, lanes: x.lanes, a, b }
    }

    /// A circuit on the planes of `inputs`, one word after another, where a word of one lane stands for itself in all. One round an AND level, once for each wave of very many
    /// lanes.
    pub(crate) async fn run_circuit(&self, cx: Cx<'_>, circuit: &Levelled, inputs: &[&Bin]) -> Bin {
        let evaluate = async |first: usize, state: &mut Bin| self.evaluate(cx, circuit, first, state, true).await;
        self.rep3.in_waves(circuit, inputs, evaluate).await
    }

    /// Evaluates a circuit in place: `state` has a plane a slot, the inputs are in the first ones. What it owes may be verified on the way.
    pub(crate) async fn evaluate(&self, cx: Cx<'_>, circuit: &Levelled, first: usize, state: &mut Bin, verify: bool) {
        let slots = circuit.slots;
        // A constant 1 is one in component 0.
        let ones = [0, 1].map(|slot| if self.slot(0) == Some(slot) { u64::MAX } else { 0 });
        for (depth, level) in (0..).zip(&circuit.levels) {
            for (a, b) in state.a.chunks_mut(slots.max(1)).zip(state.b.chunks_mut(slots.max(1))) {
                simd::local_gates(a, b, &level.local, ones);
            }
            let (ands, planes) = (&level.ands, level.ands.len());
            if planes == 0 {
                continue;
            }
            let gates = Gates { at: Step::new(cx.tape(), depth, Domain::Bin), first, planes, lanes: state.lanes };
            let of = |row: usize| {
                let (block, and) = (row / planes * slots, &ands[row % planes]);
                let [x, y] = [and.a, and.b].map(|slot| block + slot as usize);
                [&state.a[x], &state.b[x], &state.a[y], &state.b[y]]
            };
            let results = self.ands(cx, gates, of).await;
            if verify {
                self.verify_if_many(cx).await;
            }
            for (to, from) in [&mut state.a, &mut state.b].into_iter().zip(&results) {
                for (to, from) in to.chunks_mut(slots).zip(from.chunks(planes)) {
                    ands.iter().zip(from).for_each(|(and, row)| to[and.dst as usize] = *row);
                }
            }
        }
    }
}
