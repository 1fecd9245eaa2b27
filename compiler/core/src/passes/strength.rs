//! Strength reduction: the same number by a cheaper gate.
//!
//! ```text
//! div(x, 8), x >= 0      ->  trunc{bits=3}(x)               rem(x, 1)          ->  0
//! lt(x, y), ranges apart ->  true or false                  sum{len=1}(x)      ->  copy(x)
//! eq(x, y), ranges apart ->  false                          and(c, c)          ->  copy(c)
//! select(c, x, x)        ->  copy(x)                        not(not(c))        ->  copy(c)
//! select(not(c), x, select(c, y, z))  ->  select(c, y, x)
//! select(c, 1, 0)        ->  b2a(c)                        eq(b2a(w), 3)   ->  eq(w, 3)
//! mul(x, 1), add(x, 0)   ->  copy(x)                        sub(x, x)          ->  0
//! fix_div{frac}(x, 2^k)  ->  round{bits=k-frac}(x), or mul(x, 2^(frac-k))
//! ```
//!
//! Comparisons take their widths from the ranges of their operands when they run, products by public factors are local, and a square is
//! a product like any other: nothing to do for those. A range is a fact only behind `prove_range`, whose operand has the full
//! range, so that no comparison is decided by what was not proven.

use super::forward::{self, Replaced, Rewrite};
use super::ranges;
use crate::ir::{Constant, Gate, Inst, Op, Place, Program, Ref, RegType, Slot, ValueId};

/// Replaces gates by cheaper ones.
#[must_use]
pub fn run(program: Program) -> Program {
    let values = program.values.len();
    forward::run(
        program,
        &mut Strength {
            words: vec![None; values],
            complements: vec![None; values],
            numbers: vec![None; values],
            choices: vec![None; values],
        },
    )
}

struct Strength {
    /// By value: the word in all of its lanes, where that is known.
    words: Vec<Option<i64>>,
    /// By value: what it is the complement of.
    complements: Vec<Option<Ref>>,
    /// By value: the word that it is as a number.
    numbers: Vec<Option<Ref>>,
    /// By value of one lane: the condition and the sides that it is chosen of.
    choices: Vec<Option<[Ref; 3]>>,
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
}

impl Rewrite for Strength {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        if let Inst::Gate(gate) = &mut inst
            && let Some(result) = gate.result
        {
            self.learn(program, gate, result);
            match self.better(program, gate) {
                Some(Better::Op(op, args)) if becomes(program, op, &args, program.ty(result)) => {
                    gate.op = op;
                    gate.args = args;
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
            Op::Select {} if program.lanes(result) == 1 => {
                self.choices[result.index()] = <[Ref; 3]>::try_from(gate.args.clone()).ok();
            }
            _ => {}
        }
    }

    fn word(&self, arg: &Ref) -> Option<i64> {
        self.words.get(arg.value.index()).copied().flatten()
    }

    /// A choice of which a side is chosen by the same condition, or by its complement: what that chooses is known.
    fn decided(&self, program: &Program, c: &Ref, sides: [&Ref; 2]) -> Option<Better> {
        let complement = |of: &Ref| self.complements.get(of.value.index())?.as_ref()?.view(&of.place);
        let opposite = complement(c);
        let side = |at: usize| {
            let of = sides[at];
            let [condition, x, y] = self.choices.get(of.value.index())?.as_ref().filter(|_| of.place.is_whole(1))?;
            let same = condition.simplified() == c.simplified();
            let other = opposite.as_ref().is_some_and(|opposite| condition.simplified() == opposite.simplified())
                || complement(condition).is_some_and(|of| of.simplified() == c.simplified());
            let chosen = if same == (at == 0) { x } else { y };
            // A lane of an array may have been written since.
            let still = program.lanes(chosen.value) == 1 && chosen.place.is_whole(1);
            ((same || other) && still).then(|| chosen.clone())
        };
        let (then, otherwise) = (side(0), side(1));
        if then.is_none() && otherwise.is_none() {
            return None;
        }
        let (a, b) = (then.unwrap_or_else(|| sides[0].clone()), otherwise.unwrap_or_else(|| sides[1].clone()));
        let args = match opposite {
            Some(opposite) if program.lanes(opposite.value) == 1 => vec![Ref::whole(opposite.value, 1), b, a],
            Some(opposite) => vec![opposite, b, a],
            None => vec![c.clone(), a, b],
        };
        Some(Better::Op(Op::Select {}, args))
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
            (Op::Sub {}, [a, b]) if a == b => Some(Better::Word(0)),
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
                None => self.decided(program, c, [a, b]),
            },
            (Op::Xor {}, [a, b]) if a == b => Some(Better::Word(0)),
            (Op::And {} | Op::Or {}, [a, b]) if a == b => copy(a),
            (Op::And {}, [x, c]) | (Op::And {}, [c, x]) if logical(program, x) && logical(program, c) => {
                match self.word(c)? {
                    0 => Some(Better::Word(0)),
                    _ => copy(x),
                }
            }
            (Op::Or {}, [x, c]) | (Op::Or {}, [c, x]) if logical(program, x) && logical(program, c) => {
                match self.word(c)? {
                    0 => copy(x),
                    _ => Some(Better::Word(1)),
                }
            }
            (Op::Not {}, [x]) => {
                let of = self.complements.get(x.value.index())?.as_ref()?;
                copy(&of.view(&x.place)?)
            }
            _ => None,
        }
    }
}

/// Whether the operation gives a value of that type; a copy keeps the scale.
fn becomes(program: &Program, op: Op, args: &[Ref], result: RegType) -> bool {
    if let (Op::B2a { .. }, RegType::Arith { lo, hi, frac }) = (op, result) {
        return lo <= 0 && hi >= 1 && frac == 0;
    }
    let scale = |arg: &Ref| program.ty(arg.value).frac() == result.frac();
    (!matches!(op, Op::Copy {}) || args.iter().all(scale)) && ranges::within(program, op, args, result)
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
