//! Public scalars as sums of multiples of other ones: what an index is made of.
//!
//! ```text
//! %3 = mul(%i, 256)
//! %4 = add(%3, %j)          %4 = 256·%i + %j
//! ```

use crate::ir::{Constant, Gate, Index, Inst, Kind, Op, Program, Ref, RegType, SiteId, Slot, ValueId};
use std::collections::BTreeMap;

/// `constant` + Σ coefficient · value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Affine {
    pub(super) constant: i64,
    /// Coefficients that are not 0.
    pub(super) terms: BTreeMap<ValueId, i64>,
}

impl Affine {
    pub(super) fn of(value: ValueId) -> Self {
        Self { constant: 0, terms: BTreeMap::from([(value, 1)]) }
    }

    pub(super) fn constant(constant: i64) -> Self {
        Self { constant, terms: BTreeMap::new() }
    }

    /// The sum with `factor` times another one; `None` where a number exceeds 64 bits.
    pub(super) fn plus(mut self, other: &Self, factor: i64) -> Option<Self> {
        self.constant = self.constant.checked_add(other.constant.checked_mul(factor)?)?;
        for (value, coefficient) in &other.terms {
            let sum = self.terms.entry(*value).or_default();
            *sum = sum.checked_add(coefficient.checked_mul(factor)?)?;
        }
        self.terms.retain(|_, coefficient| *coefficient != 0);
        Some(self)
    }

    /// Takes the term of a value out; its coefficient, or 0.
    pub(super) fn take(&mut self, value: ValueId) -> i64 {
        self.terms.remove(&value).unwrap_or(0)
    }

    /// An index that is worth the sum but for its constant; `None` inside, where that is 0. `None` where a number exceeds 64 bits.
    pub(super) fn index(&self, program: &mut Program, out: &mut Vec<Inst>, site: SiteId) -> Option<Option<Index>> {
        match self.terms.iter().next() {
            None => Some(None),
            Some((value, stride)) if self.terms.len() == 1 => Some(Some(Index { value: *value, stride: *stride })),
            Some(_) => Some(self.value(program, out, site)?.map(|value| Index { value, stride: 1 })),
        }
    }

    /// The sum but for its constant as a value; `None` inside, where that is 0. `None` where a number exceeds 64 bits.
    pub(super) fn value(&self, program: &mut Program, out: &mut Vec<Inst>, site: SiteId) -> Option<Option<ValueId>> {
        let mut sums = Arithmetic { program, out, site };
        let mut total = None;
        for (value, factor) in &self.terms {
            let term = sums.times(*value, *factor)?;
            total = Some(match total {
                None => term,
                Some(total) => sums.sum(total, term)?,
            });
        }
        Some(total)
    }
}

/// The public scalars of a program that are sums of multiples of others.
#[derive(Debug, Default)]
pub(super) struct Scalars {
    forms: BTreeMap<ValueId, Affine>,
    /// What was noted, in order, and what was known before.
    log: Vec<(ValueId, Option<Affine>)>,
}

impl Scalars {
    /// What a value is; itself, where nothing is known of it.
    pub(super) fn form(&self, value: ValueId) -> Affine {
        self.forms.get(&value).cloned().unwrap_or_else(|| Affine::of(value))
    }

    /// Notes what a value is.
    pub(super) fn define(&mut self, value: ValueId, form: Affine) {
        let before = self.forms.insert(value, form);
        self.log.push((value, before));
    }

    /// How much has been noted, to come back to.
    pub(super) fn mark(&self) -> usize {
        self.log.len()
    }

    /// Forgets what was noted since.
    pub(super) fn rewind(&mut self, mark: usize) {
        for (value, before) in self.log.split_off(mark).into_iter().rev() {
            match before {
                Some(form) => self.forms.insert(value, form),
                None => self.forms.remove(&value),
            };
        }
    }

    /// Notes what a gate computes, if that is a sum of multiples. That it may stop the run is for the caller to see.
    pub(super) fn learn(&mut self, program: &Program, gate: &Gate) {
        let Some(result) = gate.result.filter(|result| is_scalar(program, *result)) else { return };
        if let Some(form) = self.computed(program, gate) {
            self.define(result, form);
        }
    }

    fn computed(&self, program: &Program, gate: &Gate) -> Option<Affine> {
        let arg = |at: usize| {
            let arg = gate.args.get(at)?;
            let whole = is_scalar(program, arg.value) && arg.place.index.is_none();
            whole.then(|| self.form(arg.value))
        };
        match gate.op {
            Op::Const { constant } => match program.constants.get(constant.index())? {
                Constant::Words(words) => words.first().map(|word| Affine::constant(*word)),
                Constant::Range { start, .. } => Some(Affine::constant(*start)),
            },
            Op::Copy {} | Op::Relabel {} => arg(0),
            Op::Neg {} => Affine::default().plus(&arg(0)?, -1),
            Op::Add {} => arg(0)?.plus(&arg(1)?, 1),
            Op::Sub {} => arg(0)?.plus(&arg(1)?, -1),
            Op::Mul {} => {
                let (a, b) = (arg(0)?, arg(1)?);
                let (of, factor) = if b.terms.is_empty() { (a, b) } else { (b, a) };
                factor.terms.is_empty().then(|| Affine::default().plus(&of, factor.constant)).flatten()
            }
            _ => None,
        }
    }
}

/// Arithmetic on public scalars, put into a block; `None` from each where a range exceeds 64 bits.
pub(super) struct Arithmetic<'a> {
    pub(super) program: &'a mut Program,
    pub(super) out: &'a mut Vec<Inst>,
    pub(super) site: SiteId,
}

impl Arithmetic<'_> {
    pub(super) fn word(&mut self, word: i64) -> ValueId {
        let op = Op::Const { constant: self.program.constant(Constant::Words(vec![word])) };
        self.gate(op, [], RegType::pub_int(word, word))
    }

    pub(super) fn sum(&mut self, a: ValueId, b: ValueId) -> Option<ValueId> {
        let ((al, ah), (bl, bh)) = (self.program.ty(a).range(), self.program.ty(b).range());
        let ty = RegType::pub_int(al.checked_add(bl)?, ah.checked_add(bh)?);
        Some(self.gate(Op::Add {}, [a, b], ty))
    }

    /// `value + term`
    pub(super) fn plus(&mut self, value: ValueId, term: i64) -> Option<ValueId> {
        if term == 0 {
            return Some(value);
        }
        let term = self.word(term);
        self.sum(value, term)
    }

    /// `value · factor`
    pub(super) fn times(&mut self, value: ValueId, factor: i64) -> Option<ValueId> {
        if factor == 1 {
            return Some(value);
        }
        let (lo, hi) = self.program.ty(value).range();
        let (a, b) = (lo.checked_mul(factor)?, hi.checked_mul(factor)?);
        let by = self.word(factor);
        Some(self.gate(Op::Mul {}, [value, by], RegType::pub_int(a.min(b), a.max(b))))
    }

    fn gate<const N: usize>(&mut self, op: Op, args: [ValueId; N], ty: RegType) -> ValueId {
        let result = self.program.value(Slot { ty, lanes: 1 }, "");
        let args = args.map(|arg| Ref::lane(arg, 0)).to_vec();
        self.out.push(Inst::Gate(Gate { op, args, result: Some(result), site: self.site }));
        result
    }
}

/// Whether a value is a public number of one lane.
fn is_scalar(program: &Program, value: ValueId) -> bool {
    let slot = program.slot(value);
    slot.lanes == 1 && matches!(slot.ty, RegType::Pub { kind: Kind::Int, .. })
}
