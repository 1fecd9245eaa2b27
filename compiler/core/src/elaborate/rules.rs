//! `wrapping(…)` and `stochastic(…)`: what the operators written between the parentheses compute.
//!
//! Both are about the text, not about what runs: an operator is inside where its place in the source is, whether in a closure, a block or the side of an `if`;
//! one in a function that is called from there is not. So while such a call is being looked at, its region of the source is kept, and an operator
//! asks by its own place which rules hold ([`Elaborator::written`]). What the compiler computes besides, as a piece of `sum` or of an index, has no
//! place of its own and keeps the usual rules.

use super::arith::{Pair, ROUNDING_LIMIT};
use super::known::{Known, Num};
use super::lanes::Operand;
use super::types::Scalar;
use super::value::{Leaf, Value};
use super::{Elaborator, Outcome};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Op, Ref};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr};
use num_traits::ToPrimitive;
use smpc_bytecode::interval::Interval;
use smpc_bytecode::semantics::modulo;

/// What holds for an operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rules {
    /// `+ - *` of integers are modulo 2^64.
    pub(super) wrapping: bool,
    /// `fix` results round up or down at random.
    pub(super) stochastic: bool,
}

/// A part of the source with rules of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    span: Span,
    rules: Rules,
}

impl Elaborator<'_> {
    /// `wrapping(e)` or `stochastic(e)`; `None` for any other name.
    pub(super) fn with_rules(&mut self, name: &str, args: &[Expr], span: Span) -> Option<Outcome<Value>> {
        let rules = match name {
            "wrapping" => Rules { wrapping: true, ..Rules::default() },
            "stochastic" => Rules { stochastic: true, ..Rules::default() },
            _ => return None,
        };
        let [e] = args else {
            let message = format!("`{name}` takes one expression");
            return Some(self.error(Code::Arity, span, message, format!("write `{name}(a * b)`")));
        };
        self.regions.push(Region { span: e.span, rules });
        let value = self.expression(e);
        self.regions.pop();
        Some(value)
    }

    /// The rules for an operator that stands there.
    pub(super) fn rules_at(&self, at: Span) -> Rules {
        let inside = |region: &&Region| {
            region.span.file == at.file && region.span.start <= at.start && at.end <= region.span.end
        };
        self.regions.iter().filter(inside).fold(Rules::default(), |all, region| Rules {
            wrapping: all.wrapping || region.rules.wrapping,
            stochastic: all.stochastic || region.rules.stochastic,
        })
    }

    /// Applies an operator that the source has there; its operands have been computed.
    pub(super) fn written<T>(&mut self, at: Span, apply: impl FnOnce(&mut Self) -> T) -> T {
        let rules = self.rules_at(at);
        let before = std::mem::replace(&mut self.rules, rules);
        let done = apply(self);
        self.rules = before;
        done
    }

    /// `+ - *` modulo 2^64. Where the exact result fits anyway it is an ordinary one, with its range.
    pub(super) fn modular(&mut self, op: BinaryOp, mut pair: Pair) -> Outcome<Value> {
        for operand in [&pair.left, &pair.right] {
            if operand.scalar != Scalar::Int {
                let (message, at) = (format!("`{}` of `{}` modulo 2^64", pair.what, operand.scalar), operand.span);
                let diagnostic = Diagnostic::new(Code::TypeMismatch, at, message)
                    .label(pair.span, "stands between the parentheses of `wrapping`")
                    .help("only integers and words wrap: take this out of `wrapping(…)`, or compute with `x as int`");
                return Err(self.report(diagnostic));
            }
        }
        for operand in [&mut pair.left, &mut pair.right] {
            if let Some(known) = operand.known().and_then(known_modulo) {
                operand.leaf = Leaf::known(known);
            }
        }
        let pair = pair;
        if let (Some(a), Some(b)) = (pair.left.known(), pair.right.known())
            && let Some(known) = super::arith::steps(op, a, b)
                .filter(|steps| steps.range().fits())
                .or_else(|| a.zip(b, |x, y| exact(op, x.as_int()?, y.as_int()?).map(|z| Num::Int(modulo(z).into()))))
        {
            let lanes = pair.lanes();
            let known = if let Known::Same(value, _) = known { Known::Same(value, lanes) } else { known };
            return Ok(Self::finish(&pair, Scalar::Int, Leaf::known(known)));
        }
        let [left, right] = [&pair.left, &pair.right].map(|operand| self.range(&operand.leaf, 0));
        let (range, gate) = match op {
            BinaryOp::Add => (left.add(right), Op::AddWrap {}),
            BinaryOp::Sub => (left.sub(right), Op::SubWrap {}),
            _ => (left.mul(right), Op::MulWrap {}),
        };
        if range.fits() {
            return match op {
                BinaryOp::Mul => self.product(pair),
                op => self.sum_or_difference(op, pair),
            };
        }
        let (a, b) = self.both(&pair)?;
        let leaf = self.full_range(gate, vec![a, b], &pair)?;
        Ok(Self::finish(&pair, Scalar::Int, leaf))
    }

    /// A gate modulo 2^64, whose result may be any number of 64 bits.
    fn full_range(&mut self, gate: Op, args: Vec<Ref>, pair: &Pair) -> Outcome<Leaf> {
        let blame = self.blame(pair.span, pair.what, &[&pair.left, &pair.right]);
        self.number(gate, args, (Scalar::Int, Interval::FULL, pair.lanes()), &blame)
    }

    /// −x modulo 2^64.
    pub(super) fn modular_negation(&mut self, operand: Operand, span: Span) -> Outcome<Value> {
        let zero =
            Operand { scalar: Scalar::Int, extents: Vec::new(), leaf: Leaf::known(Known::one(Num::Int(0))), span };
        let extents = operand.extents.clone();
        self.modular(BinaryOp::Sub, Pair { left: zero, right: operand, extents, what: "-", span })
    }

    /// A secret `fix` by a known power of two above 1, where it rounds at random; `None` for any other quotient: these are exact.
    pub(super) fn stochastic_quotient(&mut self, pair: &Pair) -> Outcome<Option<Value>> {
        let (Scalar::Fix(frac), Some(Known::Same(by, _)), true) =
            (pair.left.scalar, pair.right.known(), self.rules.stochastic && self.is_secret(&pair.left.leaf))
        else {
            return Ok(None);
        };
        let by = Some(by.to_fraction()).filter(|by| by.is_integer()).and_then(|by| by.to_integer().to_u64());
        let range = self.range(&pair.left.leaf, frac);
        let Some(by) = by.filter(|by| by.is_power_of_two() && *by > 1 && range.magnitude() < ROUNDING_LIMIT) else {
            return Ok(None);
        };
        let (op, range) = self.rounding(by.trailing_zeros(), range, true);
        let view = self.lanes(&pair.left.leaf, pair.left.scalar, pair.lanes(), pair.left.span)?;
        let blame = self.blame(pair.span, pair.what, &[&pair.left]);
        let leaf = self.number(op, vec![view], (pair.left.scalar, range, pair.lanes()), &blame)?;
        Ok(Some(Self::finish(pair, pair.left.scalar, leaf)))
    }

    /// The operation that brings a raw number of secret lanes back to its scale, and the range of its result.
    pub(super) fn rounding(&self, bits: u32, raw: Interval, secret: bool) -> (Op, Interval) {
        if self.rules.stochastic && secret {
            let floor = raw.trunc(bits);
            (Op::TruncStochastic { bits }, Interval::new(floor.lo, floor.hi.saturating_add(1)))
        } else {
            (Op::Round { bits }, raw.round(bits))
        }
    }
}

fn exact(op: BinaryOp, a: i128, b: i128) -> Option<i128> {
    match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        _ => a.checked_mul(b),
    }
}

/// Known integers modulo 2^64, where one of them lies outside 64-bit two's complement: `0x9e37_79b9_7f4a_7c15` is a usual factor.
fn known_modulo(known: &Known) -> Option<Known> {
    if known.range().fits() {
        return None;
    }
    known.map(|value| value.as_int().map(|value| Num::Int(modulo(value).into())))
}
