//! Words of every kind of width, up to the widest, through everything that moves, chooses or changes words.

use crate::harness::agree;
use crate::make::{Make, element};
use smpc_bytecode::module::{Bound, Dim, Slot, View};
use smpc_bytecode::op::{NetlistId, Op, SlotId};
use smpc_bytecode::semantics::{Operand, eval};
use smpc_bytecode::types::{Kind, MAX_WIDTH, RegType};
use smpc_math::circuits::{add, netlist};

/// Lanes of each word.
const LANES: u64 = 5;

/// A program and what its registers hold, by the definitions of its operations.
struct Twin {
    m: Make,
    inputs: Vec<Vec<i64>>,
    known: Vec<(SlotId, Vec<i64>)>,
    expected: Vec<Vec<i64>>,
}

impl Twin {
    fn value(&self, slot: SlotId) -> Vec<i64> {
        self.known.iter().rev().find(|(of, _)| *of == slot).expect("a known register").1.clone()
    }

    fn know(&mut self, slot: SlotId, value: Vec<i64>) -> SlotId {
        self.known.push((slot, value));
        slot
    }

    fn ty(&self, slot: SlotId) -> RegType {
        self.m.module.slots[slot.index()].ty
    }

    fn define(&self, op: Op, slot: Slot, args: &[SlotId]) -> Vec<i64> {
        let operands: Vec<Operand<'_>> =
            args.iter().map(|arg| Operand { ty: self.ty(*arg), lanes: self.value(*arg).into() }).collect();
        eval(op, &slot, &operands, self.m.module.netlists.first()).expect("a result")
    }

    /// A gate on whole registers.
    fn gate(&mut self, op: Op, ty: RegType, args: &[SlotId]) -> SlotId {
        let value = self.define(op, Slot { ty, lanes: LANES }, args);
        let views: Vec<View> = args.iter().map(|arg| self.m.all(*arg)).collect();
        let slot = self.m.make(op, ty, LANES, &views);
        self.know(slot, value)
    }

    /// Secret words of that width: bits of inputs, joined.
    fn word(&mut self, width: u32, seed: u64) -> SlotId {
        let piece = |i: u64, width: u32| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - width)).cast_signed();
        let mut parts = Vec::new();
        for from in (0..width).step_by(60) {
            let wide = (width - from).min(60);
            let lanes: Vec<i64> =
                (0..LANES).map(|lane| piece(seed * 1000 + u64::from(from) * 10 + lane + 1, wide)).collect();
            self.inputs.push(lanes.clone());
            let role = u32::try_from(self.inputs.len() % 3).expect("small");
            let number = self.m.numbers(role, RegType::arith(0, (1 << wide) - 1), LANES);
            self.know(number, lanes);
            parts.push(self.gate(Op::A2b {}, RegType::Bin { width: wide }, &[number]));
        }
        self.gate(Op::Join {}, RegType::Bin { width }, &parts)
    }

    /// Opens a word piece by piece and gives it to all.
    fn tell(&mut self, slot: SlotId) {
        let RegType::Bin { width } = self.ty(slot) else { panic!("a word") };
        for from in (0..width).step_by(63) {
            let wide = (width - from).min(63);
            let piece = self.gate(Op::Planes { from }, RegType::Bin { width: wide }, &[slot]);
            let ty = match width {
                1 => RegType::Pub { kind: Kind::Bool, lo: 0, hi: 1, frac: 0 },
                _ => RegType::pub_int(0, i64::MAX >> (63 - wide)),
            };
            let open = self.gate(Op::Open { steers: false }, ty, &[piece]);
            self.m.output(open, None);
            self.expected.push(self.value(open));
        }
    }
}

/// Lanes of a word register, each with its limbs.
fn lanes(value: &[i64], ty: RegType) -> Vec<Vec<i64>> {
    value.chunks(ty.limbs()).map(<[i64]>::to_vec).collect()
}

fn everything(width: u32) {
    let ty = RegType::Bin { width };
    let mut t = Twin { m: Make::new(), inputs: Vec::new(), known: Vec::new(), expected: Vec::new() };
    t.m.module.netlists.push(netlist(&[width, width], |b, w| add(b, &w[0], &w[1])));
    let (a, b) = (t.word(width, 1), t.word(width, 2));
    for op in [Op::Xor {}, Op::And {}, Op::Or {}, Op::Netlist { netlist: NetlistId(0) }] {
        let result = t.gate(op, ty, &[a, b]);
        t.tell(result);
    }
    let not = t.gate(Op::Not {}, ty, &[a]);
    t.tell(not);
    // Constants: a public integer, and pieces of such joined.
    let wide = width.min(62);
    let spelled: Vec<i64> =
        (0..LANES).map(|lane| (0x1234_5678_9abc_def0 + lane.cast_signed()) >> (62 - wide)).collect();
    let public = t.m.constant(RegType::pub_int(0, (1 << wide) - 1), &spelled);
    t.know(public, spelled);
    let known = t.gate(Op::Copy {}, ty, &[public]);
    t.tell(known);
    for op in [Op::Xor {}, Op::And {}, Op::Or {}] {
        let result = t.gate(op, ty, &[a, public]);
        t.tell(result);
    }
    let pieces: Vec<SlotId> = (0..width)
        .step_by(wide as usize)
        .map(|from| t.gate(Op::Planes { from: from % 7 }, RegType::Bin { width: (width - from).min(wide) }, &[known]))
        .collect();
    let joined = t.gate(Op::Join {}, ty, &pieces);
    t.tell(joined);
    // Which words are equal: all of them, some, none.
    let flag = t.gate(Op::Planes { from: 0 }, RegType::BIN_BOOL, &[b]);
    let mixed = t.gate(Op::Select {}, ty, &[flag, a, not]);
    t.tell(mixed);
    for other in [a, mixed, not] {
        let equal = t.gate(Op::Eq {}, RegType::BIN_BOOL, &[a, other]);
        t.tell(equal);
    }
    let equal = t.gate(Op::Eq {}, RegType::BIN_BOOL, &[known, public]);
    t.tell(equal);
    // Rotations: planes from the middle on, and those before them on top.
    if width > 1 {
        let middle = width / 2;
        let upper = t.gate(Op::Planes { from: middle }, RegType::Bin { width: width - middle }, &[a]);
        let lower = t.gate(Op::Planes { from: 0 }, RegType::Bin { width: middle }, &[a]);
        let turned = t.gate(Op::Join {}, ty, &[upper, lower]);
        t.tell(turned);
    }
    // Views: every other lane backwards into places of another register, and an indexed lane.
    let copy = t.m.make(Op::Copy {}, ty, LANES, &[t.m.all(b)]);
    let backwards = View { offset: 4, dims: vec![Dim { stride: -2, len: 3 }], ..t.m.all(a) };
    let places = View { offset: 1, dims: vec![Dim { stride: 1, len: 3 }], ..t.m.all(copy) };
    t.m.set(Op::Copy {}, places, &[backwards]);
    let (old, new) = (lanes(&t.value(a), ty), lanes(&t.value(b), ty));
    let viewed = [&new[0], &old[4], &old[2], &old[0], &new[4]].map(Clone::clone).concat();
    t.know(copy, viewed);
    t.tell(copy);
    let index = t.m.constant(RegType::pub_int(0, 4), &[3, 3, 0, 1, 4]);
    t.know(index, vec![3, 3, 0, 1, 4]);
    let gathered = t.gate(Op::Gather {}, ty, &[a, index]);
    t.tell(gathered);
    let order = t.m.constant(RegType::pub_int(0, 4), &[3, 2, 0, 1, 4]);
    t.know(order, vec![3, 2, 0, 1, 4]);
    let table = t.m.make(Op::Copy {}, ty, LANES, &[t.m.all(b)]);
    t.m.set(Op::Scatter {}, t.m.all(table), &[t.m.all(a), t.m.all(order)]);
    let value = t.define(Op::Scatter {}, Slot { ty, lanes: LANES }, &[b, a, order]);
    t.know(table, value);
    t.tell(table);
    // A loop that carries a word and reads a lane a turn, and a branch that changes one.
    let sum = t.m.make(Op::Copy {}, ty, 1, &[View::lane(a, 0)]);
    let entry = t.m.loop_entry(Bound::Const(1), Bound::Const(5), |m, turn| {
        m.set(Op::Netlist { netlist: NetlistId(0) }, m.all(sum), &[m.all(sum), element(a, 0, turn, 1)]);
    });
    t.m.entry(entry);
    let holds = t.m.constant(RegType::PUB_BOOL, &[1]);
    t.m.choice(
        holds,
        |m| m.set(Op::Not {}, m.all(sum), &[m.all(sum)]),
        |m| m.set(Op::Xor {}, m.all(sum), &[m.all(sum), m.all(sum)]),
    );
    let all =
        t.m.make(Op::Copy {}, ty, LANES, &[View { dims: vec![Dim { stride: 0, len: LANES }], ..View::lane(sum, 0) }]);
    let circuit = t.m.module.netlists.first().cloned();
    let one = Slot { ty, lanes: 1 };
    let total = lanes(&t.value(a), ty).into_iter().reduce(|sum, lane| {
        let operands = [sum, lane].map(|lanes| Operand { ty, lanes: lanes.into() });
        eval(Op::Netlist { netlist: NetlistId(0) }, &one, &operands, circuit.as_ref()).expect("a sum")
    });
    let operand = Operand { ty, lanes: total.expect("lanes").into() };
    let flipped = eval(Op::Not {}, &one, &[operand], None).expect("a complement");
    t.know(all, flipped.repeat(LANES as usize));
    t.tell(all);
    // A check on words.
    let same = t.gate(Op::Eq {}, RegType::BIN_BOOL, &[a, a]);
    let message = t.m.message("words are equal to themselves");
    let check = t.m.gate(Op::Check { message }, None, &[t.m.all(same)]);
    t.m.entry(check);
    let module = t.m.verified();
    let inputs: Vec<&[i64]> = t.inputs.iter().map(Vec::as_slice).collect();
    assert_eq!(agree(&module, &inputs), t.expected, "{width} bits");
}

#[test]
fn words_of_all_widths() {
    for width in [1, 2, 3, 8, 61, 62, 63, 64, 65, 127, 128, 129, 256, 511, 512, 513, 1000, MAX_WIDTH - 1, MAX_WIDTH] {
        everything(width);
    }
}

/// One lane of a word in place of many, as an operand of a circuit: beside a whole word, twice, and at an index that is known when it runs.
#[test]
fn a_lane_stands_for_many() {
    let byte = RegType::arith(0, 255);
    for lanes in [1_u64, 3, 512, 600] {
        let mut m = Make::new();
        m.module.netlists.push(netlist(&[9, 9], |b, w| add(b, &w[0], &w[1])));
        let sum = Op::Netlist { netlist: NetlistId(0) };
        let (x, y) = (m.numbers(0, byte, lanes), m.numbers(1, byte, 3));
        let ty = RegType::Bin { width: 9 };
        let (x, y) = (m.make(Op::A2b {}, ty, lanes, &[m.all(x)]), m.make(Op::A2b {}, ty, 3, &[m.all(y)]));
        let index = m.constant(RegType::pub_int(0, 2), &[1]);
        let many = |view: View| View { dims: vec![Dim { stride: 0, len: lanes }], ..view };
        let (first, last, indexed) = (many(View::lane(y, 0)), many(View::lane(y, 2)), many(element(y, 0, index, 1)));
        let whole = m.all(x);
        let pairs = [[whole.clone(), last.clone()], [last.clone(), whole], [first, last.clone()], [indexed, last]];
        for pair in &pairs {
            let word = m.make(sum, ty, lanes, pair);
            let number = m.make(Op::B2a { signed: false }, RegType::arith(0, 511), lanes, &[m.all(word)]);
            m.output(number, None);
        }
        let x: Vec<i64> = (0..lanes.cast_signed()).map(|lane| lane * 37 % 256).collect();
        let each: Vec<i64> = x.iter().map(|x| x + 250).collect();
        let same = |value: i64| vec![value; x.len()];
        let expected = [each.clone(), each, same(7 + 250), same(91 + 250)];
        assert_eq!(agree(&m.verified(), &[&x, &[7, 91, 250]]), expected, "{lanes} lanes");
    }
}
