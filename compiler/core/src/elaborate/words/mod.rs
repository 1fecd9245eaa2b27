//! Words of bits: `^ & | !`, shifts and rotations, `+ - *` modulo 2^N, comparisons, and what turns words into numbers, bits and shorter words.
//!
//! * here: known words, words made of pieces, operators;
//! * `moves`: shifts and rotations;
//! * `parts`: conversions, bits and shorter words.
//!
//! A word lies in a register of as many planes, one bit of all lanes each. Moves of bits are moves of planes, which are free; sums and comparisons are
//! netlists, into which known operands are built. There are no public registers of words: words that everyone knows lie in shared registers as constants do,
//! which costs nothing, and are known to be public by their leaf.

mod moves;
mod parts;

use super::arith::Pair;
use super::known::{Known, Num};
use super::lanes::Operand;
use super::types::{Scalar, Type};
use super::value::{Leaf, Value};
use super::{Elaborator, Outcome, Reported};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Op, Ref, RegType, ValueId};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use num_bigint::BigUint;
use num_traits::{One, ToPrimitive, Zero};
use smpc_math::circuits;
use smpc_math::netlist::{Bit, Netlist};

/// Bits of a word that a public integer spells.
const PIECE: u32 = 62;

fn modulo(width: u32) -> BigUint {
    BigUint::one() << width
}

/// The bits of a known word, least significant first.
fn known_bits(word: &BigUint, width: u32) -> Vec<Bit> {
    (0..u64::from(width)).map(|i| Bit::Const(word.bit(i))).collect()
}

impl Operand {
    /// Bits of its words, if it is of words.
    const fn width(&self) -> Option<u32> {
        match self.scalar {
            Scalar::Bits(width) => Some(width),
            Scalar::Bool | Scalar::Int | Scalar::Fix(_) => None,
        }
    }

    /// The known word in all of its lanes.
    fn same_word(&self) -> Option<BigUint> {
        match self.known() {
            Some(Known::Same(word, _)) => word.as_word(),
            _ => None,
        }
    }
}

impl Elaborator<'_> {
    // Known words.

    /// A known number as words of so many bits.
    pub(super) fn known_word(&mut self, leaf: &Leaf, width: u32, span: Span) -> Outcome<Leaf> {
        let known = leaf.as_known().ok_or(Reported)?;
        let word = |value: &Num| value.as_word().filter(|word| word.bits() <= u64::from(width)).map(Num::word);
        match known.map(word) {
            Some(known) => Ok(Leaf::known(known)),
            None => {
                let message = format!("a constant that does not fit in {width} bits");
                self.error(Code::BrokenPromise, span, message, format!("`bits<{width}>` holds 0 to 2^{width} - 1"))
            }
        }
    }

    /// The lanes of a known word in a shared register.
    pub(super) fn word_constant(&mut self, known: &Known, width: u32, lanes: u64, span: Span) -> Outcome<Ref> {
        let words: Vec<BigUint> = match known {
            Known::Same(word, _) => vec![word.as_word().unwrap_or_default()],
            Known::Each(words) => words.iter().map(|word| word.as_word().unwrap_or_default()).collect(),
            Known::Steps { lanes, .. } => {
                (0..*lanes).map(|lane| known.lane(lane).as_word().unwrap_or_default()).collect()
            }
        };
        self.at(span);
        let own = words.len() as u64;
        let mut pieces = Vec::new();
        for from in (0..width).step_by(PIECE as usize) {
            let bits = PIECE.min(width - from);
            let piece = self.public_piece(&words, from, bits);
            let value = self.builder.copy(&Ref::whole(piece, own), RegType::Bin { width: bits });
            pieces.push(Ref::whole(value, own));
        }
        let whole = self.join(pieces, width, own);
        Ok(if own == 1 { self.repeat(&whole, lanes) } else { whole })
    }

    /// Some bits of known words as public integers.
    fn public_piece(&mut self, words: &[BigUint], from: u32, bits: u32) -> ValueId {
        let piece = |word: &BigUint| ((word >> from) % modulo(bits)).to_i64().unwrap_or(0);
        let pieces: Vec<i64> = words.iter().map(piece).collect();
        let (lo, hi) = (pieces.iter().min().copied().unwrap_or(0), pieces.iter().max().copied().unwrap_or(0));
        self.builder.constant(RegType::pub_int(lo, hi), pieces)
    }

    /// Words one above the other, least significant first.
    fn join(&mut self, mut pieces: Vec<Ref>, width: u32, lanes: u64) -> Ref {
        if pieces.len() == 1 {
            return pieces.remove(0);
        }
        let value = self.builder.gate(Op::Join {}, pieces, RegType::Bin { width }, lanes);
        Ref::whole(value, lanes)
    }

    /// Bits `from ..` of words, as many as `width`; 0 where there are no more.
    fn planes(&mut self, of: &Ref, from: u32, width: u32) -> Ref {
        let lanes = of.lanes();
        let value = self.builder.gate(Op::Planes { from }, vec![of.clone()], RegType::Bin { width }, lanes);
        Ref::whole(value, lanes)
    }

    fn zeros(&mut self, width: u32, lanes: u64, span: Span) -> Outcome<Ref> {
        self.word_constant(&Known::Same(Num::word(BigUint::zero()), lanes), width, lanes, span)
    }

    fn netlist(&mut self, netlist: Netlist, args: Vec<Ref>, width: u32, lanes: u64) -> Ref {
        let netlist = self.builder.netlist(netlist);
        let value = self.builder.gate(Op::Netlist { netlist }, args, RegType::Bin { width }, lanes);
        Ref::whole(value, lanes)
    }

    // Operators.

    /// Both sides as words of one width: a known number becomes one where the other side is.
    fn word_pair(&mut self, pair: Pair) -> Outcome<(Pair, u32)> {
        let Pair { mut left, mut right, .. } = pair;
        let width = match (left.width(), right.width()) {
            (Some(a), Some(b)) if a == b => a,
            (Some(a), Some(b)) if left.known().is_some() && right.known().is_some() => {
                let width = a.max(b);
                left.leaf = self.known_word(&left.leaf, width, left.span)?;
                right.leaf = self.known_word(&right.leaf, width, right.span)?;
                width
            }
            (Some(width), _) if right.known().is_some() && right.scalar != Scalar::Bool => {
                right.leaf = self.known_word(&right.leaf, width, right.span)?;
                width
            }
            (_, Some(width)) if left.known().is_some() && left.scalar != Scalar::Bool => {
                left.leaf = self.known_word(&left.leaf, width, left.span)?;
                width
            }
            (a, b) => {
                let help = match (a, b) {
                    (Some(a), Some(b)) => format!("bring both to one width: `x as bits<{}>`", a.max(b)),
                    (Some(width), None) | (None, Some(width)) => format!("write `x as bits<{width}>`"),
                    (None, None) => "write `x as bits<32>`".to_owned(),
                };
                let diagnostic =
                    Diagnostic::new(Code::TypeMismatch, pair.span, format!("`{}` needs words of one width", pair.what))
                        .label(left.span, format!("this is `{}`", left.scalar))
                        .label(right.span, format!("this is `{}`", right.scalar))
                        .help(help);
                return Err(self.report(diagnostic));
            }
        };
        (left.scalar, right.scalar) = (Scalar::Bits(width), Scalar::Bits(width));
        Ok((Pair { left, right, ..pair }, width))
    }

    /// Whether one of the operands is of words.
    pub(super) const fn has_words(pair: &Pair) -> bool {
        pair.left.width().is_some() || pair.right.width().is_some()
    }

    fn all_public(&self, operands: &[&Operand]) -> bool {
        !operands.iter().any(|operand| self.is_secret(&operand.leaf))
    }

    fn word_value(&self, operands: &[&Operand], extents: &[u64], width: u32, view: Ref) -> Value {
        let origin = self.origin_of(&operands.iter().map(|operand| &operand.leaf).collect::<Vec<_>>());
        let scalar = Scalar::Bits(width);
        let leaf = Leaf::of(view).from(origin).public(scalar, self.all_public(operands));
        Value::new(Type::lanes_of(scalar, extents), leaf)
    }

    /// `^ & | + - *` and comparisons, where one side is of words.
    pub(super) fn word_operation(&mut self, op: BinaryOp, pair: Pair) -> Outcome<Value> {
        if let BinaryOp::Div | BinaryOp::Rem = op {
            let message = format!("words are not divided, and this is `{}`", pair.left.scalar);
            return self.error(Code::TypeMismatch, pair.span, message, "write `x as int` for numbers, or shift");
        }
        let (pair, width) = self.word_pair(pair)?;
        if let Some(known) = known_operation(op, &pair, width) {
            return Ok(known);
        }
        match op {
            BinaryOp::BitXor | BinaryOp::BitAnd | BinaryOp::BitOr => self.bitwise(op, &pair, width),
            BinaryOp::Add => {
                let (extents, span) = (pair.extents.clone(), pair.span);
                self.sum_of_words(&[pair.left, pair.right], &extents, width, span)
            }
            BinaryOp::Sub | BinaryOp::Mul => self.word_arithmetic(op, &pair, width),
            _ => self.word_comparison(op, &pair, width),
        }
    }

    fn bitwise(&mut self, op: BinaryOp, pair: &Pair, width: u32) -> Outcome<Value> {
        let lanes = pair.lanes();
        let gate = match op {
            BinaryOp::BitXor => Op::Xor {},
            BinaryOp::BitAnd => Op::And {},
            _ => Op::Or {},
        };
        let operands = [&pair.left, &pair.right];
        let mut args = Vec::with_capacity(2);
        for operand in operands {
            // A public integer spells a short word, and costs nothing as an operand.
            args.push(match operand.same_word() {
                Some(word) if width <= PIECE => {
                    let value = self.public_piece(&[word], 0, width);
                    self.repeat(&Ref::lane(value, 0), lanes)
                }
                _ => self.lanes(&operand.leaf, operand.scalar, lanes, operand.span)?,
            });
        }
        self.at(pair.span);
        let mask = operands.iter().position(|operand| operand.same_word().is_some());
        let view = match mask {
            Some(at) if width > PIECE && op != BinaryOp::BitXor => {
                let mask = known_bits(&operands[at].same_word().unwrap_or_default(), width);
                let netlist = circuits::netlist(&[width], |b, words| {
                    let bits = words[0].iter().zip(&mask);
                    bits.map(|(x, y)| if op == BinaryOp::BitAnd { b.and(*x, *y) } else { b.or(*x, *y) }).collect()
                });
                self.netlist(netlist, vec![args.remove(1 - at)], width, lanes)
            }
            _ => Ref::whole(self.builder.gate(gate, args, RegType::Bin { width }, lanes), lanes),
        };
        Ok(self.word_value(&operands, &pair.extents, width, view))
    }

    /// The sum of several words modulo 2^width: carry-save adders, and one adder with carries at the end.
    pub(super) fn sum_of_words(
        &mut self,
        terms: &[Operand],
        extents: &[u64],
        width: u32,
        span: Span,
    ) -> Outcome<Value> {
        let lanes: u64 = extents.iter().product();
        let mut constant = BigUint::zero();
        let mut args = Vec::new();
        for term in terms {
            match term.same_word() {
                Some(word) => constant = (constant + word) % modulo(width),
                None => args.push(self.lanes(&term.leaf, Scalar::Bits(width), lanes, term.span)?),
            }
        }
        let operands: Vec<&Operand> = terms.iter().collect();
        self.at(span);
        let view = match args.as_slice() {
            [only] if constant.is_zero() => only.clone(),
            _ => {
                let netlist = circuits::netlist(&vec![width; args.len()], |b, words| {
                    let mut words = words.to_vec();
                    if !constant.is_zero() {
                        words.push(known_bits(&constant, width));
                    }
                    circuits::sum(b, &words)
                });
                self.netlist(netlist, args, width, lanes)
            }
        };
        Ok(self.word_value(&operands, extents, width, view))
    }

    /// A netlist of two words, with a known one built in.
    fn two_words(
        &mut self,
        pair: &Pair,
        (width, result): (u32, u32),
        circuit: impl Fn(&mut smpc_math::netlist::Builder, &[Bit], &[Bit]) -> Vec<Bit>,
    ) -> Outcome<Ref> {
        let lanes = pair.lanes();
        let operands = [&pair.left, &pair.right];
        let built: Vec<Option<Vec<Bit>>> =
            operands.iter().map(|operand| operand.same_word().map(|word| known_bits(&word, width))).collect();
        let mut args = Vec::new();
        for (operand, built) in operands.iter().zip(&built) {
            if built.is_none() {
                args.push(self.lanes(&operand.leaf, operand.scalar, lanes, operand.span)?);
            }
        }
        self.at(pair.span);
        let netlist = circuits::netlist(&vec![width; args.len()], |b, words| {
            let mut given = words.iter();
            let both: Vec<Vec<Bit>> =
                built.iter().map(|built| built.clone().or_else(|| given.next().cloned()).unwrap_or_default()).collect();
            circuit(b, &both[0], &both[1])
        });
        Ok(self.netlist(netlist, args, result, lanes))
    }

    fn word_arithmetic(&mut self, op: BinaryOp, pair: &Pair, width: u32) -> Outcome<Value> {
        let view = self.two_words(pair, (width, width), |b, x, y| match op {
            BinaryOp::Sub => circuits::subtract(b, x, y),
            _ => circuits::multiply(b, x, y),
        })?;
        Ok(self.word_value(&[&pair.left, &pair.right], &pair.extents, width, view))
    }

    fn word_comparison(&mut self, op: BinaryOp, pair: &Pair, width: u32) -> Outcome<Value> {
        let view = match op {
            BinaryOp::Eq | BinaryOp::Ne => self.two_words(pair, (width, 1), |b, x, y| {
                let equal = circuits::equal(b, x, y);
                vec![if op == BinaryOp::Ne { b.not(equal) } else { equal }]
            })?,
            _ => self.two_words(pair, (width, 1), |b, x, y| {
                let (swap, negate) =
                    (matches!(op, BinaryOp::Gt | BinaryOp::Le), matches!(op, BinaryOp::Ge | BinaryOp::Le));
                let less = if swap { circuits::less_unsigned(b, y, x) } else { circuits::less_unsigned(b, x, y) };
                vec![if negate { b.not(less) } else { less }]
            })?,
        };
        let operands = [&pair.left, &pair.right];
        let origin = self.origin_of(&operands.iter().map(|operand| &operand.leaf).collect::<Vec<_>>());
        let lanes = view.lanes();
        let leaf = if self.all_public(&operands) {
            let value = self.builder.gate(Op::Open { steers: false }, vec![view], RegType::PUB_BOOL, lanes);
            Leaf::of(Ref::whole(value, lanes))
        } else {
            Leaf::of(view).from(origin)
        };
        Ok(Value::new(Type::lanes_of(Scalar::Bool, &pair.extents), leaf))
    }

    /// `!x` of words.
    pub(super) fn word_complement(&mut self, operand: &Operand, width: u32, span: Span) -> Outcome<Value> {
        let most = modulo(width) - BigUint::one();
        if let Some(known) =
            operand.known().and_then(|known| known.map(|word| Some(Num::word(&most - word.as_word()?))))
        {
            return Ok(Operand { leaf: Leaf::known(known), ..operand.clone() }.into_value());
        }
        let lanes = operand.leaf.lanes();
        let view = self.lanes(&operand.leaf, operand.scalar, lanes, operand.span)?;
        self.at(span);
        let value = self.builder.gate(Op::Not {}, vec![view], RegType::Bin { width }, lanes);
        Ok(self.word_value(&[operand], &operand.extents, width, Ref::whole(value, lanes)))
    }
}

/// An operation on known words.
fn known_operation(op: BinaryOp, pair: &Pair, width: u32) -> Option<Value> {
    let (a, b) = (pair.left.known()?, pair.right.known()?);
    let modulus = modulo(width);
    let word = |a: &Num, b: &Num| {
        let (a, b) = (a.as_word()?, b.as_word()?);
        Some(match op {
            BinaryOp::BitXor => Num::word(a ^ b),
            BinaryOp::BitAnd => Num::word(a & b),
            BinaryOp::BitOr => Num::word(a | b),
            BinaryOp::Add => Num::word((a + b) % &modulus),
            BinaryOp::Sub => Num::word((a + &modulus - b) % &modulus),
            BinaryOp::Mul => Num::word((a * b) % &modulus),
            BinaryOp::Eq => Num::Bool(a == b),
            BinaryOp::Ne => Num::Bool(a != b),
            BinaryOp::Lt => Num::Bool(a < b),
            BinaryOp::Le => Num::Bool(a <= b),
            BinaryOp::Gt => Num::Bool(a > b),
            _ => Num::Bool(a >= b),
        })
    };
    let known = a.zip(b, word)?;
    let known = if let Known::Same(value, _) = known { Known::Same(value, pair.lanes()) } else { known };
    let scalar = if matches!(known.lane(0), Num::Bool(_)) { Scalar::Bool } else { Scalar::Bits(width) };
    Some(Value::new(Type::lanes_of(scalar, &pair.extents), Leaf::known(known)))
}
