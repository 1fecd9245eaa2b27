//! Strength reduction: the same number by a cheaper gate.
//!
//! ```text
//! div(x, 8), x >= 0      ->  trunc{bits=3}(x)               rem(x, 1)          ->  0
//! lt(x, y), ranges apart ->  true or false                  sum{len=1}(x)      ->  copy(x)
//! eq(x, y), ranges apart ->  false                          and(c, c)          ->  copy(c)
//! select(c, x, x)        ->  copy(x)                        not(not(c))        ->  copy(c)
//! select(not(c), x, select(c, y, z))  ->  select(c, y, x)    select(c, x, select(c, x, y))  ->  copy of that choice
//! select(c, select(and(c, d), x, y), z)  ->  select(c, select(d, x, y), z)    mul(a, a), a = select(c, sub(x, y), sub(y, x))  ->  mul(b, b), b = sub(x, y)
//! select(c, 1, 0)        ->  b2a(c)                        eq(b2a(w), 3)   ->  eq(w, 3)
//! select(c, true, d)     ->  or(c, d)                      select(c, d, false)  ->  and(c, d)
//! or(and(not(c), d), c)  ->  or(d, c)                      and(or(not(c), d), c)  ->  and(d, c)
//! mul(x, 1), add(x, 0)   ->  copy(x)                        sub(x, x)          ->  0, also of equal sums
//! relabel(x), to a range that holds that of x  ->  copy(x)
//! fix_div{frac}(x, 2^k)  ->  round{bits=k-frac}(x), or mul(x, 2^(frac-k))
//! ```
//!
//! Comparisons take their widths from the ranges of their operands when they run, products by public factors are local, and a square is
//! a product like any other: nothing to do for those. A range is a fact only behind `prove_range`, whose operand has the full
//! range, so that no comparison is decided by what was not proven.

use super::forward::{self, Replaced, Rewrite, Taken};
use super::ranges;
use crate::ir::{Constant, Gate, Inst, Op, Place, Program, Ref, RegType, SiteId, Slot, ValueId, fits};

/// Replaces gates by cheaper ones.
#[must_use]
pub fn run(program: Program) -> Program {
    let values = program.values.len();
    let (uses, mut taken) = (program.use_counts(), Taken::default());
    let mut stack: Vec<&Inst> = program.body.iter().collect();
    while let Some(inst) = stack.pop() {
        taken.learn(inst);
        stack.extend(inst.blocks().into_iter().flatten());
    }
    forward::run(
        program,
        &mut Strength {
            uses,
            taken,
            words: vec![None; values],
            complements: vec![None; values],
            numbers: vec![None; values],
            choices: vec![None; values],
            differences: vec![None; values],
            logic: vec![None; values],
            sums: vec![None; values],
        },
    )
}

/// How far truth values that are joined are followed: they may share parts, and there is no end to the ways through these.
const DEPTH: u32 = 6;

struct Strength {
    /// By value: how often it is read.
    uses: Vec<u32>,
    /// Arrays that something takes over, anywhere.
    taken: Taken,
    /// By value: the word in all of its lanes, where that is known.
    words: Vec<Option<i64>>,
    /// By value: what it is the complement of.
    complements: Vec<Option<Ref>>,
    /// By value: the word that it is as a number.
    numbers: Vec<Option<Ref>>,
    /// By value of one lane: the condition and the sides that it is chosen of.
    choices: Vec<Option<[Ref; 3]>>,
    /// By value of one lane: which two it is the difference of.
    differences: Vec<Option<[Ref; 2]>>,
    /// By truth value: of which two it is both or either.
    logic: Vec<Option<(Op, [Ref; 2])>>,
    /// By value of one lane: the lanes that it is the sum of.
    sums: Vec<Option<Ref>>,
}

/// What a gate turns out to be.
enum Better {
    /// Another operation on views.
    Op(Op, Vec<Ref>),
    /// The same word in all lanes.
    Word(i64),
    /// The same raw numbers with another number of fractional bits.
    Rescaled(Ref),
    /// Raw numbers times a constant.
    Multiple(Ref, i64),
    /// A choice of which a side, the first or the second, is this one.
    Rest { at: usize, choice: [Ref; 3] },
    /// A truth value joined to some that are joined by another operation.
    Joined { op: Op, one: Ref, of: Op, parts: Vec<Ref> },
}

impl Rewrite for Strength {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        if let Inst::Gate(gate) = &mut inst
            && let Some(result) = gate.result
        {
            self.learn(program, gate, result);
            let better = self.better(program, gate);
            // What a choice becomes may be said shorter still.
            let better = match better {
                Some(Better::Op(op, args)) if becomes(program, op, &args, program.ty(result)) => {
                    (gate.op, gate.args) = (op, args);
                    self.learn(program, gate, result);
                    if matches!(op, Op::And {} | Op::Or {}) { self.better(program, gate) } else { None }
                }
                Some(Better::Op(..)) => None,
                better => better,
            };
            match better {
                Some(Better::Op(op, args)) if becomes(program, op, &args, program.ty(result)) => {
                    (gate.op, gate.args) = (op, args);
                }
                Some(Better::Joined { op, one, of, parts }) => {
                    gate.op = op;
                    gate.args = joined(program, of, parts, gate.site, out).into_iter().chain([one]).collect();
                    self.learn(program, gate, result);
                }
                Some(Better::Rest { at, choice }) => {
                    let side = program.slot(gate.args[1 + at].value);
                    let value = program.value(side, "");
                    let (args, site) = (choice.into(), gate.site);
                    out.push(Inst::Gate(Gate { op: Op::Select {}, args, result: Some(value), site }));
                    gate.args[1 + at] = Ref::whole(value, 1);
                    self.learn(program, gate, result);
                }
                Some(Better::Rescaled(x)) => rescale(program, gate, x, out),
                Some(Better::Multiple(x, factor)) => multiply(program, gate, (x, factor), out),
                Some(Better::Word(word)) => fill(program, gate, word, out),
                Some(Better::Op(..)) | None => {}
            }
        }
        out.push(inst);
    }
}

impl Strength {
    fn learn(&mut self, program: &Program, gate: &Gate, result: ValueId) {
        match gate.op {
            Op::Const { constant } => {
                if let Some(Constant::Words(words)) = program.constants.get(constant.index())
                    && let Some(first) = words.first()
                    && words.iter().all(|word| word == first)
                {
                    self.words[result.index()] = Some(*first);
                }
            }
            Op::B2a { signed: false } => self.numbers[result.index()] = gate.args.first().cloned(),
            Op::Not {} => self.complements[result.index()] = gate.args.first().cloned(),
            Op::Sum { .. } if program.lanes(result) == 1 => {
                self.sums[result.index()] = gate.args.first().map(Ref::simplified);
            }
            Op::Copy {} | Op::Relabel {} => {
                // A secret that is a copy of something known is known too.
                self.words[result.index()] = gate.args.first().and_then(|of| self.word(of));
                let single = program.lanes(result) == 1;
                self.sums[result.index()] = gate.args.first().filter(|_| single).and_then(|of| self.sum(of)).cloned();
            }
            Op::And {} | Op::Or {} if logical(program, &Ref::whole(result, 1)) => {
                let sides = <[Ref; 2]>::try_from(gate.args.clone()).ok();
                self.logic[result.index()] = sides.map(|sides| (gate.op, sides));
            }
            Op::Sub {} if program.lanes(result) == 1 => {
                self.differences[result.index()] = <[Ref; 2]>::try_from(gate.args.clone()).ok();
            }
            Op::Select {} if program.lanes(result) == 1 => {
                self.choices[result.index()] = <[Ref; 3]>::try_from(gate.args.clone()).ok();
            }
            _ => {}
        }
    }

    /// Whether an operand can be read later as well: a lane of an array may have been written since.
    fn still(&self, program: &Program, of: &Ref) -> bool {
        program.lanes(of.value) == 1 || self.taken.spares(of)
    }

    /// The lanes that the only lane of a value is the sum of.
    fn sum(&self, of: &Ref) -> Option<&Ref> {
        self.sums.get(of.value.index())?.as_ref().filter(|_| of.place.is_whole(1))
    }

    fn word(&self, arg: &Ref) -> Option<i64> {
        self.words.get(arg.value.index()).copied().flatten()
    }

    /// A choice of which a side is chosen by the same condition, or by its complement: what that chooses is known.
    fn decided(&self, program: &Program, c: &Ref, sides: [&Ref; 2]) -> Option<Better> {
        // What chooses the same by the same condition is the choice.
        let chosen = |of: &Ref| self.choices.get(of.value.index())?.as_ref().filter(|_| of.place.is_whole(1));
        let same = |at: usize| chosen(sides[at]).is_some_and(|[own, x, y]| is(own, c) && is([y, x][at], sides[1 - at]));
        if let Some(at) = [0, 1].into_iter().find(|at| same(*at)) {
            return Some(Better::Op(Op::Copy {}, vec![sides[at].clone()]));
        }
        let opposite = self.complement(c);
        let side = |at: usize| {
            let of = sides[at];
            let [condition, x, y] = self.choices.get(of.value.index())?.as_ref().filter(|_| of.place.is_whole(1))?;
            let same = is(condition, c);
            let other = opposite.as_ref().is_some_and(|opposite| is(condition, opposite))
                || self.complement(condition).is_some_and(|of| is(&of, c));
            let chosen = if same == (at == 0) { x } else { y };
            ((same || other) && self.still(program, chosen)).then(|| chosen.clone())
        };
        let (then, otherwise) = (side(0), side(1));
        if then.is_none() && otherwise.is_none() {
            return [0, 1].into_iter().find_map(|at| self.rest(program, c, at, sides[at]));
        }
        let (a, b) = (then.unwrap_or_else(|| sides[0].clone()), otherwise.unwrap_or_else(|| sides[1].clone()));
        let args = match opposite {
            Some(opposite) if program.lanes(opposite.value) == 1 => vec![Ref::whole(opposite.value, 1), b, a],
            Some(opposite) => vec![opposite, b, a],
            None => vec![c.clone(), a, b],
        };
        Some(Better::Op(Op::Select {}, args))
    }

    /// A side that is chosen by a condition of which this one says a part.
    fn rest(&self, program: &Program, c: &Ref, at: usize, side: &Ref) -> Option<Better> {
        let [condition, x, y] = self.choices.get(side.value.index())?.as_ref().filter(|_| side.place.is_whole(1))?;
        // What something else reads too stays as it is.
        let (op, parts) = self.sides(condition).filter(|_| self.uses.get(side.value.index()) == Some(&1))?;
        let opposite = |of: &Ref| {
            self.complement(of).is_some_and(|of| is(&of, c)) || self.complement(c).is_some_and(|c| is(of, &c))
        };
        // Both have to hold, of which one does; or either, of which one does not.
        let said = |part: &Ref| if (op == Op::And {}) == (at == 0) { is(part, c) } else { opposite(part) };
        let [p, q] = &parts;
        let left = if said(p) { q } else { Some(p).filter(|_| said(q))? };
        let args = [left, x, y];
        args.iter().all(|of| self.still(program, of)).then(|| Better::Rest { at, choice: args.map(Clone::clone) })
    }

    /// What the view of a value is the complement of.
    fn complement(&self, of: &Ref) -> Option<Ref> {
        self.complements.get(of.value.index())?.as_ref()?.view(&of.place)
    }

    /// A choice of truth values of which the condition says one: `if c { true } else { d }` is `c or d`.
    fn truth(&self, c: &Ref, a: &Ref, b: &Ref) -> Option<Better> {
        let not = self.complement(c);
        let (yes, no) = (is(c, a), is(c, b));
        let (not_a, not_b) = (not.as_ref().is_some_and(|not| is(not, a)), not.as_ref().is_some_and(|not| is(not, b)));
        let (op, sides) = match (self.word(a), self.word(b)) {
            (Some(1), Some(0)) => return Some(Better::Op(Op::Copy {}, vec![c.clone()])),
            (Some(0), Some(1)) => return Some(Better::Op(Op::Not {}, vec![c.clone()])),
            (Some(1), _) => (Op::Or {}, [c.clone(), b.clone()]),
            (_, Some(0)) => (Op::And {}, [c.clone(), a.clone()]),
            (Some(0), _) => (Op::And {}, [not?, b.clone()]),
            (_, Some(1)) => (Op::Or {}, [not?, a.clone()]),
            _ if yes || not_b => (Op::Or {}, [a.clone(), b.clone()]),
            _ if no || not_a => (Op::And {}, [a.clone(), b.clone()]),
            _ => return None,
        };
        Some(Better::Op(op, sides.into()))
    }

    /// What one side already says is not said again by the other: `c or (not c and d)` is `c or d`, and `c or (c or d)` too.
    fn absorbed(&self, program: &Program, op: Op, a: &Ref, b: &Ref) -> Option<Better> {
        [(a, b), (b, a)].into_iter().find_map(|(inner, c)| {
            let (of, sides) = self.sides(inner)?;
            if of == op {
                let known = sides.iter().any(|side| is(side, c));
                return known.then(|| Better::Op(Op::Copy {}, vec![inner.clone()]));
            }
            let parts = self.without(program, inner, of, c, DEPTH)?;
            Some(Better::Joined { op, one: c.clone(), of, parts })
        })
    }

    /// One of two differences that are each other's negative, where a value is either: its square is the square of both.
    fn distance(&self, of: &Ref) -> Option<Ref> {
        let [_, a, b] = self.choices.get(of.value.index())?.as_ref().filter(|_| of.place.is_whole(1))?;
        let difference = |of: &Ref| self.differences.get(of.value.index())?.as_ref().filter(|_| of.place.is_whole(1));
        let ([x, y], [p, q]) = (difference(a)?, difference(b)?);
        (is(x, q) && is(y, p)).then(|| a.clone())
    }

    /// The two that a truth value is both or either of.
    fn sides(&self, of: &Ref) -> Option<(Op, [Ref; 2])> {
        let (op, [x, y]) = self.logic.get(of.value.index())?.as_ref()?;
        Some((*op, [x.view(&of.place)?, y.view(&of.place)?]))
    }

    /// What is joined by `op` to a truth value, without the complement of `c`; `None` where that is not among it.
    fn without(&self, program: &Program, of: &Ref, op: Op, c: &Ref, depth: u32) -> Option<Vec<Ref>> {
        let depth = depth.checked_sub(1)?;
        let (_, [x, y]) = self.sides(of).filter(|(own, _)| *own == op)?;
        [(&x, &y), (&y, &x)].into_iter().find_map(|(side, other)| {
            let opposite = self.complement(side).is_some_and(|side| is(&side, c))
                || self.complement(c).is_some_and(|c| is(side, &c));
            let mut rest = if opposite { Vec::new() } else { self.without(program, side, op, c, depth)? };
            rest.push(other.clone());
            self.still(program, other).then_some(rest)
        })
    }

    fn better(&self, program: &Program, gate: &Gate) -> Option<Better> {
        let copy = |arg: &Ref| Some(Better::Op(Op::Copy {}, vec![arg.clone()]));
        let range = |arg: &Ref| program.ty(arg.value).range();
        match (gate.op, gate.args.as_slice()) {
            (Op::Add {}, [x, zero]) | (Op::Add {}, [zero, x]) | (Op::Sub {}, [x, zero])
                if self.word(zero) == Some(0) =>
            {
                copy(x)
            }
            (Op::Relabel {}, [x])
                if gate
                    .result
                    .map(|result| program.ty(result))
                    .is_some_and(|ty| ty.is_secret() && fits(program.ty(x.value), ty)) =>
            {
                copy(x)
            }
            (Op::Sub {}, [a, b]) if a == b => Some(Better::Word(0)),
            (Op::Sub {}, [a, b]) if self.sum(a).is_some_and(|sum| Some(sum) == self.sum(b)) => Some(Better::Word(0)),
            (Op::Mul {}, [a, b]) if a == b && self.distance(a).is_some() => {
                let difference = self.distance(a)?;
                Some(Better::Op(Op::Mul {}, vec![difference.clone(), difference]))
            }
            (Op::Mul {}, [x, one]) | (Op::Mul {}, [one, x]) if self.word(one) == Some(1) => copy(x),
            (Op::Mul {}, [_, zero]) | (Op::Mul {}, [zero, _]) if self.word(zero) == Some(0) => Some(Better::Word(0)),
            (Op::Sum { len: 1 } | Op::PrefixSum { len: 1 } | Op::Trunc { bits: 0 } | Op::Round { bits: 0 }, [x]) => {
                copy(x)
            }
            (Op::Dot { len: 1 }, [_, _]) => Some(Better::Op(Op::Mul {}, gate.args.clone())),
            (Op::Div {}, [x, by]) => {
                let by = self.word(by).filter(|by| *by > 0)?.cast_unsigned();
                match by.trailing_zeros() {
                    0 if by == 1 => copy(x),
                    // Shifts take numbers of 62 bits.
                    bits if by.is_power_of_two() && range(x).0 >= 0 && range(x).1 < 1 << 62 => {
                        Some(Better::Op(Op::Trunc { bits }, vec![x.clone()]))
                    }
                    _ => None,
                }
            }
            (Op::FixDiv { frac }, [x, by]) => {
                let by = self.word(by).filter(|by| *by > 0)?.cast_unsigned();
                let bits = by.trailing_zeros();
                match bits.checked_sub(frac) {
                    _ if !by.is_power_of_two() => None,
                    None => {
                        let factor = 1_i64.checked_shl(frac - bits).filter(|factor| *factor > 0)?;
                        // What is known of the quotient may be less than what a product would show.
                        let (least, greatest) = program.ty(gate.result?).range();
                        let fits =
                            |end: i64| end.checked_mul(factor).is_some_and(|end| least <= end && end <= greatest);
                        (fits(range(x).0) && fits(range(x).1)).then(|| Better::Multiple(x.clone(), factor))
                    }
                    Some(0) => Some(Better::Rescaled(x.clone())),
                    Some(bits) if range(x).0 > -(1 << 62) && range(x).1 < 1 << 62 => {
                        Some(Better::Op(Op::Round { bits }, vec![x.clone()]))
                    }
                    _ => None,
                }
            }
            (Op::B2a { signed: false }, [x]) => Some(Better::Word(self.word(x)?)),
            (Op::Rem {}, [_, by]) if self.word(by) == Some(1) => Some(Better::Word(0)),
            (Op::Lt {}, [a, b]) if a == b => Some(Better::Word(0)),
            (Op::Lt {}, [a, b]) if range(a).1 < range(b).0 => Some(Better::Word(1)),
            (Op::Lt {}, [a, b]) if range(a).0 >= range(b).1 => Some(Better::Word(0)),
            (Op::Eq {}, [a, b]) if a == b => Some(Better::Word(1)),
            (Op::Eq {}, [a, b]) if range(a).1 < range(b).0 || range(b).1 < range(a).0 => Some(Better::Word(0)),
            (Op::Eq {}, [number, known]) | (Op::Eq {}, [known, number])
                if matches!(program.ty(known.value), RegType::Pub { frac: 0, .. }) =>
            {
                let word = self.numbers.get(number.value.index())?.as_ref()?.view(&number.place)?;
                let (least, greatest) = (range(known).0, range(known).1);
                let holds = least >= 0 && greatest <= range(&word).1;
                holds.then(|| Better::Op(Op::Eq {}, vec![word, known.clone()]))
            }
            (Op::Select {}, [_, a, b]) if a == b => copy(a),
            (Op::Select {}, [c, a, b]) => match self.word(c) {
                Some(0) => copy(b),
                Some(_) => copy(a),
                // The truth value as a number.
                None if program.ty(c.value) == RegType::BIN_BOOL
                    && (self.word(a), self.word(b)) == (Some(1), Some(0)) =>
                {
                    Some(Better::Op(Op::B2a { signed: false }, vec![c.clone()]))
                }
                None if gate.result.is_some_and(|result| program.ty(result) == RegType::BIN_BOOL) => {
                    self.truth(c, a, b).or_else(|| self.decided(program, c, [a, b]))
                }
                None => self.decided(program, c, [a, b]),
            },
            (Op::Xor {}, [a, b]) if a == b => Some(Better::Word(0)),
            (Op::And {} | Op::Or {}, [a, b]) if a == b => copy(a),
            (Op::And {} | Op::Or {}, [x, c]) | (Op::And {} | Op::Or {}, [c, x])
                if logical(program, x) && logical(program, c) && self.word(c).is_some() =>
            {
                match (gate.op, self.word(c)) {
                    (Op::And {}, Some(0)) => Some(Better::Word(0)),
                    (Op::And {}, _) | (_, Some(0)) => copy(x),
                    _ => Some(Better::Word(1)),
                }
            }
            (Op::And {} | Op::Or {}, [a, b]) if logical(program, a) && logical(program, b) => {
                self.absorbed(program, gate.op, a, b)
            }
            (Op::Not {}, [x]) => {
                let of = self.complements.get(x.value.index())?.as_ref()?;
                copy(&of.view(&x.place)?)
            }
            _ => None,
        }
    }
}

/// Whether two views are of the same lanes.
fn is(a: &Ref, b: &Ref) -> bool {
    a.simplified() == b.simplified()
}

/// Whether the operation gives a value of that type; a copy keeps the scale.
fn becomes(program: &Program, op: Op, args: &[Ref], result: RegType) -> bool {
    if let (Op::B2a { .. }, RegType::Arith { lo, hi, frac }) = (op, result) {
        return lo <= 0 && hi >= 1 && frac == 0;
    }
    let scale = |arg: &Ref| program.ty(arg.value).frac() == result.frac();
    (!matches!(op, Op::Copy {}) || args.iter().all(scale)) && ranges::within(program, op, args, result)
}

/// Several truth values as one.
fn joined(program: &mut Program, op: Op, parts: Vec<Ref>, site: SiteId, out: &mut Vec<Inst>) -> Option<Ref> {
    parts.into_iter().reduce(|a, b| {
        let (lanes, secret) = (a.lanes(), [&a, &b].iter().any(|of| program.ty(of.value).is_secret()));
        let ty = if secret { RegType::BIN_BOOL } else { RegType::PUB_BOOL };
        let value = program.value(Slot { ty, lanes }, "");
        out.push(Inst::Gate(Gate { op, args: vec![a, b], result: Some(value), site }));
        Ref::whole(value, lanes)
    })
}

/// Makes the gate a sum with 0: numbers have no scale of their own there.
fn rescale(program: &mut Program, gate: &mut Gate, x: Ref, out: &mut Vec<Inst>) {
    let constant = program.constant(Constant::Words(vec![0]));
    let zero = program.value(Slot { ty: RegType::pub_int(0, 0), lanes: 1 }, "");
    out.push(Inst::Gate(Gate { op: Op::Const { constant }, args: Vec::new(), result: Some(zero), site: gate.site }));
    let place = Place::strided(0, 0, x.lanes());
    gate.op = Op::Add {};
    gate.args = vec![x, Ref { value: zero, place }];
}

/// Makes the gate a product with a constant.
fn multiply(program: &mut Program, gate: &mut Gate, (x, factor): (Ref, i64), out: &mut Vec<Inst>) {
    let constant = program.constant(Constant::Words(vec![factor]));
    let by = program.value(Slot { ty: RegType::pub_int(factor, factor), lanes: 1 }, "");
    out.push(Inst::Gate(Gate { op: Op::Const { constant }, args: Vec::new(), result: Some(by), site: gate.site }));
    let place = Place::strided(0, 0, x.lanes());
    gate.op = Op::Mul {};
    gate.args = vec![x, Ref { value: by, place }];
}

/// Whether it is a truth value, of which 1 is all.
fn logical(program: &Program, arg: &Ref) -> bool {
    program.ty(arg.value).range() == (0, 1)
}

/// Makes the gate a constant; a secret result copies a public one.
fn fill(program: &mut Program, gate: &mut Gate, word: i64, out: &mut Vec<Inst>) {
    let Some(result) = gate.result else { return };
    let Slot { ty, lanes } = program.slot(result);
    let (lo, hi) = ty.range();
    if word < lo || word > hi {
        return;
    }
    let constant = program.constant(Constant::Words(vec![word]));
    let op = Op::Const { constant };
    if !ty.is_secret() {
        gate.op = op;
        gate.args.clear();
        return;
    }
    let public = match ty {
        RegType::BIN_BOOL => RegType::PUB_BOOL,
        _ => RegType::Pub { kind: crate::ir::Kind::Int, lo: word, hi: word, frac: ty.frac() },
    };
    let scalar = program.value(Slot { ty: public, lanes: 1 }, "");
    out.push(Inst::Gate(Gate { op, args: Vec::new(), result: Some(scalar), site: gate.site }));
    gate.op = Op::Copy {};
    gate.args = vec![Ref { value: scalar, place: Place::strided(0, 0, lanes) }];
}
