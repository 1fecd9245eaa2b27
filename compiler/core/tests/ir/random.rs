//! Random programs from a seed: every kind of instruction, nested control, views of all sorts, arrays that are updated while old
//! versions are still read.

use crate::seeded::Seeded;
use smpc_bytecode::module::{Input, Manifest, Output, Receivers};
use smpc_bytecode::op::{InputId, OutputId, RoleId};
use smpc_bytecode::types::DataType;
use smpcc_core::ir::builder::Builder;
use smpcc_core::ir::{Bound, Dim, Op, Place, Program, Ref, RegType, ValueId, fits};
use smpcc_core::passes::ranges;

/// Inputs of random programs: secrecy, lanes, range. The last two are words of 8 bits.
const INPUTS: [(bool, u64, i64, i64); 6] =
    [(true, 6, -50, 50), (true, 1, 0, 9), (false, 4, -5, 7), (true, 12, 0, 100), (true, 4, 0, 255), (true, 1, 0, 255)];
/// The first of the words.
const WORDS: u32 = 4;

/// Numbers that fit the inputs, from a seed.
pub(crate) fn inputs(seed: u64) -> impl Fn(u32, u32) -> Vec<i64> {
    move |input, _| {
        let (_, lanes, lo, hi) = INPUTS[input as usize];
        let mut numbers = Seeded::new(seed.wrapping_mul(31).wrapping_add(u64::from(input) + 1));
        (0..lanes).map(|_| lo + numbers.below((hi - lo + 1).cast_unsigned()).cast_signed()).collect()
    }
}

/// The type that loops carry and arrays have, so that many values fit.
const WIDE: RegType = RegType::arith(-(1 << 20), 1 << 20);
const WIDE_PUB: RegType = RegType::pub_int(-(1 << 20), 1 << 20);

pub(crate) struct Generator {
    pub(crate) b: Builder,
    rng: Seeded,
    scope: Vec<ValueId>,
    counters: Vec<ValueId>,
    outputs: u32,
    lines: u32,
    /// Whether products are rounded, which one pass is allowed to change.
    rounding: bool,
    /// Whether most instructions are gates on words, so that there are circuits to make.
    wordy: bool,
}

/// A random program.
pub(crate) fn program(seed: u64, size: u64, rounding: bool) -> Program {
    generate(seed, size, rounding, false)
}

/// A random program most of which works on words.
pub(crate) fn program_on_words(seed: u64, size: u64) -> Program {
    generate(seed, size, false, true)
}

fn generate(seed: u64, size: u64, rounding: bool, wordy: bool) -> Program {
    let mut manifest = Manifest { program: "random.smpc".into(), roles: vec!["A".into()], ..Manifest::default() };
    for (input, (secret, lanes, lo, hi)) in (0..).zip(INPUTS) {
        let element = if input < WORDS { DataType::Int { lo, hi } } else { DataType::Bits { width: 8 } };
        let ty = DataType::Array { shape: vec![lanes], element: Box::new(element) };
        manifest.inputs.push(Input { name: "x".into(), member: None, role: RoleId(0), secret, ty });
    }
    let mut g = Generator {
        b: Builder::new(manifest),
        rng: Seeded::new(seed),
        scope: Vec::new(),
        counters: Vec::new(),
        outputs: 0,
        lines: 0,
        rounding,
        wordy,
    };
    g.site();
    for (input, (secret, lanes, lo, hi)) in (0..).zip(INPUTS) {
        let op = Op::Input { input: InputId(input), leaf: 0 };
        let value = if input >= WORDS {
            g.b.gate(op, Vec::new(), RegType::Bin { width: 8 }, lanes)
        } else if secret {
            let raw = g.b.gate(op, Vec::new(), RegType::arith(i64::MIN, i64::MAX), lanes);
            let raw = g.b.whole(raw);
            g.b.gate(Op::ProveRange {}, vec![raw], RegType::arith(lo, hi), lanes)
        } else {
            g.b.gate(op, Vec::new(), RegType::pub_int(lo, hi), lanes)
        };
        g.scope.push(value);
    }
    for lanes in [1, 4, 6] {
        let array = g.b.fill(WIDE, 3, lanes);
        g.scope.push(array);
        let array = g.b.fill(WIDE_PUB, 2, lanes);
        g.scope.push(array);
    }
    g.block(size, 0);
    for _ in 0..4 {
        g.output();
    }
    g.b.finish()
}

impl Generator {
    fn site(&mut self) {
        self.lines += 1;
        let file = self.b.file("random.smpc");
        let site = self.b.site(file, self.lines, 1, "");
        self.b.at(site);
    }

    fn block(&mut self, size: u64, depth: u32) {
        for _ in 0..size {
            self.site();
            // Only recent values are read: long programs take linear time to make.
            if depth == 0 && self.scope.len() > 120 {
                self.scope.drain(10..60);
            }
            if self.wordy && self.rng.chance(80) {
                self.words();
                continue;
            }
            match self.rng.below(if depth < 3 { 28 } else { 22 }) {
                0..=6 => self.arithmetic(),
                7 | 8 => self.reduction(),
                9 | 10 => self.logic(),
                11 => self.constant(),
                12..=15 => self.update(),
                16 => self.concat(),
                17 => self.check(),
                18 => self.gather(),
                19 => {
                    if depth == 0 && self.rng.chance(40) {
                        self.output();
                    } else {
                        self.shift();
                    }
                }
                20 | 21 => self.words(),
                22..=24 => self.counted(depth),
                25 => self.repeated(depth),
                _ => self.branch(depth),
            }
        }
    }

    fn number(&self, value: ValueId) -> bool {
        !matches!(self.b.ty(value), RegType::Bin { .. } | RegType::PUB_BOOL)
    }

    fn values(&self, holds: impl Fn(&Self, ValueId) -> bool) -> Vec<ValueId> {
        self.scope.iter().copied().filter(|value| holds(self, *value)).collect()
    }

    /// A random view of so many lanes of one of the values.
    fn view(&mut self, of: &[ValueId], lanes: u64) -> Option<Ref> {
        // Newer values are read more often.
        let value =
            if self.rng.chance(50) { self.rng.any(&of[of.len().saturating_sub(6)..])? } else { self.rng.any(of)? };
        let has = self.b.lanes(value);
        let whole = self.b.whole(value);
        if has == lanes && self.rng.chance(70) {
            return Some(whole);
        }
        let mut place = match self.rng.below(4) {
            0 => Place::strided(self.rng.below(has), 0, lanes),
            1 if lanes <= has => Place::strided(lanes - 1, -1, lanes),
            2 if lanes.is_multiple_of(2) && has >= 2 => {
                let inner = Dim { stride: 1, len: 2 };
                Place::grid(self.rng.below(has - 1), Dim { stride: 0, len: lanes / 2 }, inner)
            }
            _ if lanes <= has => Place::span(self.rng.below(has - lanes + 1), lanes),
            _ => Place::strided(self.rng.below(has), 0, lanes),
        };
        if lanes == 1 {
            place = Place::lane(self.rng.below(has));
            if let Some(counter) = self.rng.any(&self.counters) {
                let (lo, hi) = self.b.ty(counter).range();
                if self.rng.chance(60) && lo >= 0 && hi.cast_unsigned() < has {
                    place = Place::lane(0);
                    return Some(self.b.index(&whole, counter, 1, place));
                }
            }
        }
        Some(self.b.view(&whole, &place))
    }

    fn add(&mut self, op: Op, args: Vec<Ref>, lanes: u64) {
        let Some(range) = ranges::interval(self.b.program(), op, &args) else { return };
        let (lo, hi) = (range.lo, range.hi);
        if lo < -(1 << 40) || hi > 1 << 40 {
            return;
        }
        let (lo, hi) = (lo as i64, hi as i64);
        let secret = args.iter().any(|arg| self.b.ty(arg.value).is_secret());
        let ty = if secret { RegType::arith(lo, hi) } else { RegType::pub_int(lo, hi) };
        let value = self.b.gate(op, args, ty, lanes);
        self.scope.push(value);
    }

    fn arithmetic(&mut self) {
        let numbers = self.values(Self::number);
        let lanes = self.rng.pick(&[1, 1, 2, 4, 6]);
        let (Some(a), Some(b)) = (self.view(&numbers, lanes), self.view(&numbers, lanes)) else { return };
        match self.rng.below(9) {
            7 => {
                let op = self.rng.pick(&[Op::AddWrap {}, Op::SubWrap {}, Op::MulWrap {}]);
                let secret = [&a, &b].iter().any(|arg| self.b.ty(arg.value).is_secret());
                let full = (i64::MIN, i64::MAX);
                let ty = if secret { RegType::arith(full.0, full.1) } else { RegType::pub_int(full.0, full.1) };
                let value = self.b.gate(op, vec![a, b], ty, lanes);
                self.scope.push(value);
            }
            0..=2 => self.add(Op::Add {}, vec![a, b], lanes),
            3 => self.add(Op::Sub {}, vec![a, b], lanes),
            4 => self.add(Op::Neg {}, vec![a], lanes),
            5 => self.add(Op::Copy {}, vec![a], lanes),
            6 => {
                let by = self.rng.pick(&[1, 2, 3, 4, 7]);
                let by = self.b.int(by);
                let by = Ref { value: by, place: Place::strided(0, 0, lanes) };
                let op = if self.rng.chance(50) { Op::Div {} } else { Op::Rem {} };
                self.add(op, vec![a, by], lanes);
            }
            _ => self.add(Op::Mul {}, vec![a, b], lanes),
        }
    }

    fn shift(&mut self) {
        let numbers = self.values(Self::number);
        let Some(a) = self.view(&numbers, 4) else { return };
        let bits = self.rng.below(4_u32);
        let op = if self.rounding && self.rng.chance(70) { Op::Round { bits } } else { Op::Trunc { bits } };
        self.add(op, vec![a], 4);
    }

    fn reduction(&mut self) {
        let numbers = self.values(Self::number);
        let (Some(a), Some(b)) = (self.view(&numbers, 6), self.view(&numbers, 6)) else { return };
        let len = self.rng.pick(&[1, 2, 3, 6]);
        match self.rng.below(4) {
            0 => self.add(Op::Sum { len }, vec![a], 6 / len),
            1 => self.add(Op::PrefixSum { len }, vec![a], 6),
            2 => self.add(Op::Dot { len }, vec![a, b], 6 / len),
            _ => {
                self.add(Op::Mul {}, vec![a, b], 6);
                if let Some(product) = self.scope.last().copied()
                    && self.b.lanes(product) == 6
                    && self.number(product)
                {
                    let product = self.b.whole(product);
                    self.add(Op::Sum { len }, vec![product], 6 / len);
                }
            }
        }
    }

    fn logic(&mut self) {
        let lanes = self.rng.pick(&[1, 4]);
        let numbers = self.values(Self::number);
        let truths = self.values(|g, value| matches!(g.b.ty(value), RegType::BIN_BOOL | RegType::PUB_BOOL));
        let truth = |g: &Self, args: &[&Ref]| {
            if args.iter().any(|arg| g.b.ty(arg.value).is_secret()) { RegType::BIN_BOOL } else { RegType::PUB_BOOL }
        };
        let (Some(a), Some(b)) = (self.view(&numbers, lanes), self.view(&numbers, lanes)) else { return };
        if truths.len() < 2 || self.rng.chance(40) {
            let ty = truth(self, &[&a, &b]);
            let op = if self.rng.chance(70) { Op::Lt {} } else { Op::Eq {} };
            let value = self.b.gate(op, vec![a, b], ty, lanes);
            self.scope.push(value);
            return;
        }
        let (Some(c), Some(d)) = (self.view(&truths, lanes), self.view(&truths, lanes)) else { return };
        let (op, args) = match self.rng.below(6) {
            0 => (Op::And {}, vec![c, d]),
            1 => (Op::Or {}, vec![c, d]),
            2 => (Op::Xor {}, vec![c, d]),
            3 => (Op::Not {}, vec![c]),
            _ => {
                self.add(Op::Select {}, vec![c, a, b], lanes);
                return;
            }
        };
        let ty = truth(self, &args.iter().collect::<Vec<_>>());
        let value = self.b.gate(op, args, ty, lanes);
        self.scope.push(value);
    }

    /// Words, some of them wider than any number, and what makes one of another.
    fn words(&mut self) {
        let lanes = if self.wordy { self.rng.pick(&[1, 4]) } else { self.rng.pick(&[1, 4, 6]) };
        let width = if self.wordy { self.rng.pick(&[8, 8, 8, 3]) } else { self.rng.pick(&[3, 8, 64, 70]) };
        let ty = RegType::Bin { width };
        let (same, all) = (
            self.values(|g, value| g.b.ty(value) == ty),
            self.values(|g, value| matches!(g.b.ty(value), RegType::Bin { .. })),
        );
        let narrow = self.values(|g, value| !g.b.ty(value).is_secret() && (0..8).contains(&g.b.ty(value).range().0));
        let public: Vec<ValueId> = narrow.into_iter().filter(|value| self.b.ty(*value).range().1 < 8).collect();
        let (Some(a), Some(b)) = (self.view(&same, lanes), self.view(&same, lanes)) else {
            if let Some(known) = self.view(&public, lanes) {
                let value = self.b.gate(Op::Copy {}, vec![known], ty, lanes);
                self.scope.push(value);
            }
            return;
        };
        let (Some(first), Some(second)) = (self.view(&all, lanes), self.view(&all, lanes)) else { return };
        let wide = |g: &Self, arg: &Ref| match g.b.ty(arg.value) {
            RegType::Bin { width } => width,
            RegType::Arith { .. } | RegType::Pub { .. } => 0,
        };
        // Some constants stay public where a word is due.
        let other = match self.view(&public, lanes) {
            Some(known) if self.rng.chance(30) => known,
            _ => b,
        };
        let value = match self.rng.below(9) {
            0 => self.b.gate(Op::Xor {}, vec![a, other], ty, lanes),
            1 => self.b.gate(Op::And {}, vec![other, a], ty, lanes),
            2 => self.b.gate(Op::Or {}, vec![a, other], ty, lanes),
            3 => self.b.gate(Op::Not {}, vec![a], ty, lanes),
            4 => self.b.gate(Op::Eq {}, vec![a, other], RegType::BIN_BOOL, lanes),
            5 => {
                let condition = self.b.gate(Op::Planes { from: 1 }, vec![first], RegType::BIN_BOOL, lanes);
                let condition = self.b.whole(condition);
                self.b.gate(Op::Select {}, vec![condition, a, other], ty, lanes)
            }
            6 => {
                let from = self.rng.below(u64::from(wide(self, &first)) + 2) as u32;
                self.b.gate(Op::Planes { from }, vec![first], ty, lanes)
            }
            7 => {
                let width = wide(self, &first) + wide(self, &second);
                let joined = self.b.gate(Op::Join {}, vec![first, second], RegType::Bin { width }, lanes);
                let joined = self.b.whole(joined);
                self.b.gate(Op::Planes { from: 2 }, vec![joined], ty, lanes)
            }
            _ if lanes == 1 => {
                let (array, has) = (a.value, self.b.lanes(a.value));
                let place = Place::lane(self.rng.below(has));
                self.b.update(array, place, other)
            }
            _ => self.b.concat(vec![a, other], ty),
        };
        self.scope.push(value);
    }

    fn constant(&mut self) {
        let lanes = self.rng.pick(&[1, 4, 6]);
        let word = self.rng.below(7_i64) - 2;
        let value = match self.rng.below(3) {
            0 => self.b.fill(WIDE, word, lanes),
            1 => self.b.fill(RegType::pub_int(word, word), word, lanes),
            _ => self.b.range(RegType::pub_int(-2, 30), word, 2, lanes),
        };
        self.scope.push(value);
    }

    fn update(&mut self) {
        let arrays = self.values(|g, value| matches!(g.b.ty(value), WIDE | WIDE_PUB));
        let recent = &arrays[arrays.len().saturating_sub(4)..];
        let Some(array) = self.rng.any(recent) else { return };
        let (ty, has) = (self.b.ty(array), self.b.lanes(array));
        let lanes = if self.rng.chance(70) { 1 } else { has };
        let sources = self.values(|g, value| fits(g.b.ty(value), ty));
        let Some(value) = self.view(&sources, lanes) else { return };
        let mut place = if lanes == 1 { Place::lane(self.rng.below(has)) } else { Place::strided(has - 1, -1, has) };
        if let Some(counter) = self.rng.any(&self.counters)
            && lanes == 1
            && self.b.ty(counter).range().1.cast_unsigned() < has
        {
            place = Place::lane(0).indexed(counter, 1);
        }
        // The new version is what later code sees more often, but the old one stays in scope.
        let new = self.b.update(array, place, value);
        self.scope.push(new);
    }

    fn concat(&mut self) {
        let (a, b) = (self.values(|g, value| fits(g.b.ty(value), WIDE)), self.values(|g, value| g.number(value)));
        let b: Vec<ValueId> = b.into_iter().filter(|value| fits(self.b.ty(*value), WIDE_PUB)).collect();
        let (Some(a), Some(b)) = (self.view(&a, 2), self.view(&b, 4)) else { return };
        let value = self.b.concat(vec![b, a], WIDE);
        self.scope.push(value);
    }

    fn gather(&mut self) {
        let numbers = self.values(Self::number);
        let (Some(of), Some(index)) = (self.view(&numbers, 4), self.view(&numbers, 6)) else { return };
        if self.b.ty(index.value).is_secret() {
            return;
        }
        let (lo, hi) = self.b.ty(of.value).range();
        let ty = if self.b.ty(of.value).is_secret() { RegType::arith(lo, hi) } else { RegType::pub_int(lo, hi) };
        let bounded = Ref { value: self.b.int(4), place: Place::strided(0, 0, 6) };
        let index = self.b.gate(Op::Rem {}, vec![index, bounded], RegType::pub_int(-3, 3), 6);
        let nine = Ref { value: self.b.int(9), place: Place::strided(0, 0, 6) };
        let index = self.b.whole(index);
        let index = self.b.gate(Op::Mul {}, vec![index.clone(), index], RegType::pub_int(0, 9), 6);
        let index = self.b.whole(index);
        let index = self.b.gate(Op::Div {}, vec![index, nine], RegType::pub_int(0, 9), 6);
        let index = self.b.whole(index);
        let value = self.b.gate(Op::Gather {}, vec![of, index], ty, 6);
        self.scope.push(value);
    }

    fn check(&mut self) {
        let numbers = self.values(Self::number);
        let Some(a) = self.view(&numbers, 1) else { return };
        let (lo, hi) = self.b.ty(a.value).range();
        let bound = if self.rng.chance(90) { hi.saturating_add(1) } else { hi / 2 + lo / 2 };
        let bound = self.b.int(bound);
        let secret = self.b.ty(a.value).is_secret();
        let ty = if secret { RegType::BIN_BOOL } else { RegType::PUB_BOOL };
        let holds = self.b.gate(Op::Lt {}, vec![a, Ref::lane(bound, 0)], ty, 1);
        let message = self.b.message(&format!("check {}", self.lines));
        let op = if secret { Op::Check { message } } else { Op::StopUnless { message } };
        let holds = self.b.whole(holds);
        self.b.effect(op, vec![holds]);
    }

    fn output(&mut self) {
        let all = self.scope.clone();
        let Some(value) = self.rng.any(&all[all.len().saturating_sub(8)..]) else { return };
        let whole = self.b.whole(value);
        let ty =
            DataType::Array { shape: vec![self.b.lanes(value)], element: Box::new(DataType::Int { lo: 0, hi: 0 }) };
        let name = format!("out{}", self.outputs);
        self.b.manifest_mut().outputs.push(Output { name, member: None, to: Receivers::All, ty });
        self.b.effect(Op::Output { output: OutputId(self.outputs), leaf: 0 }, vec![whole]);
        self.outputs += 1;
    }

    /// What a loop carries: values of the types that many things fit.
    fn carried(&mut self) -> Vec<(ValueId, RegType)> {
        let word = |g: &Self, value| matches!(g.b.ty(value), RegType::Bin { width: 2.. });
        let candidates =
            self.values(|g, value| fits(g.b.ty(value), WIDE) || fits(g.b.ty(value), WIDE_PUB) || word(g, value));
        let count = self.rng.below(4);
        let mut all = Vec::new();
        for _ in 0..count {
            if let Some(value) = self.rng.any(&candidates[candidates.len().saturating_sub(10)..]) {
                let ty = match self.b.ty(value) {
                    ty @ RegType::Bin { .. } => ty,
                    RegType::Arith { .. } => WIDE,
                    RegType::Pub { .. } => WIDE_PUB,
                };
                all.push((value, ty));
            }
        }
        all
    }

    /// Values at the end of a turn, one for each param: often a later version of it, sometimes another param.
    fn nexts(&mut self, params: &[ValueId]) -> Vec<ValueId> {
        let mut next = Vec::new();
        for param in params {
            let (ty, lanes) = (self.b.ty(*param), self.b.lanes(*param));
            let fit = self.values(|g, value| g.b.lanes(value) == lanes && fits(g.b.ty(value), ty));
            next.push(self.rng.any(&fit[fit.len().saturating_sub(5)..]).unwrap_or(*param));
        }
        next
    }

    fn counted(&mut self, depth: u32) {
        let carried = self.carried();
        let (from, to) = (self.rng.below(2_i64), self.rng.below(4_i64));
        let scope = self.scope.len();
        let bound = if self.rng.chance(30) { Bound::Value(self.b.int(to)) } else { Bound::Const(to) };
        let open = self.b.begin_loop(Bound::Const(from), bound, (0, 3), &carried);
        self.scope.extend(&open.params);
        self.scope.push(open.counter);
        self.counters.push(open.counter);
        let size = 1 + self.rng.below(8);
        self.block(size, depth + 1);
        let next = self.nexts(&open.params);
        self.counters.pop();
        let results = self.b.end_loop(open, &next);
        self.scope.truncate(scope);
        self.scope.extend(results);
    }

    fn repeated(&mut self, depth: u32) {
        let mut carried = self.carried();
        let zero = self.b.int(0);
        carried.push((zero, RegType::pub_int(0, 9)));
        let scope = self.scope.len();
        let open = self.b.begin_while(&carried);
        let params = open.params.clone();
        let turn = params[params.len() - 1];
        self.scope.extend(&params);
        let size = self.rng.below(3);
        self.block(size, 3);
        let bound = self.rng.below(4_i64);
        let bound = self.b.int(bound);
        let more = self.b.gate(Op::Lt {}, vec![Ref::lane(turn, 0), Ref::lane(bound, 0)], RegType::PUB_BOOL, 1);
        let open = self.b.while_body(open, more);
        let size = 1 + self.rng.below(5);
        self.block(size, depth + 1);
        let mut next = self.nexts(&params[..params.len() - 1]);
        let one = self.b.int(1);
        next.push(self.b.gate(Op::Add {}, vec![Ref::lane(turn, 0), Ref::lane(one, 0)], RegType::pub_int(0, 9), 1));
        let results = self.b.end_while(open, &next);
        self.scope.truncate(scope);
        self.scope.extend(results);
    }

    fn branch(&mut self, depth: u32) {
        let numbers = self.values(|g, value| g.number(value) && !g.b.ty(value).is_secret());
        let (Some(a), Some(b)) = (self.view(&numbers, 1), self.view(&numbers, 1)) else { return };
        let condition = self.b.gate(Op::Lt {}, vec![a, b], RegType::PUB_BOOL, 1);
        let outer = self.carried();
        let scope = self.scope.len();
        let open = self.b.begin_if(condition);
        let size = self.rng.below(6);
        self.block(size, depth + 1);
        let values: Vec<ValueId> = outer.iter().map(|(value, _)| *value).collect();
        let then = self.ends(&outer);
        self.scope.truncate(scope);
        let open = self.b.begin_else(open);
        let size = self.rng.below(4);
        self.block(size, depth + 1);
        let otherwise = if self.rng.chance(50) { values } else { self.ends(&outer) };
        self.scope.truncate(scope);
        let joins: Vec<_> = outer.iter().enumerate().map(|(i, (_, ty))| (then[i], otherwise[i], *ty)).collect();
        let results = self.b.end_if(open, &joins);
        self.scope.extend(results);
    }

    fn ends(&mut self, outer: &[(ValueId, RegType)]) -> Vec<ValueId> {
        let mut ends = Vec::new();
        for (value, ty) in outer {
            let lanes = self.b.lanes(*value);
            let fit = self.values(|g, value| g.b.lanes(value) == lanes && fits(g.b.ty(value), *ty));
            ends.push(self.rng.any(&fit[fit.len().saturating_sub(4)..]).unwrap_or(*value));
        }
        ends
    }
}
