//! Words of bits: `^ & | !`, shifts and rotations, `+ - *` modulo 2^N, comparisons, and what turns words into numbers, bits and shorter words.
//!
//! A word lies in a register of as many planes, one bit of all lanes each. Moves of bits are moves of planes, which are free; sums and comparisons are
//! netlists, into which known operands are built. There are no public registers of words: words that everyone knows lie in shared registers as constants do,
//! which costs nothing, and are known to be public by their leaf.

use super::arith::Pair;
use super::known::{Known, Num};
use super::lanes::Operand;
use super::types::{Scalar, Type};
use super::value::{Leaf, Value};
use super::{Elaborator, Outcome, Reported};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Op, Place, Ref, RegType};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use num_bigint::BigUint;
use num_traits::{One, ToPrimitive, Zero};
use smpc_bytecode::interval::Interval;
use smpc_bytecode::types::{MAX_WIDTH, signed_width};
use smpc_math::circuits;
use smpc_math::netlist::{Bit, Netlist};

/// Bits of a word that a public integer spells.
const PIECE: u32 = 62;

/// Bits of a word that becomes an `int`.
const INT_BITS: u32 = 63;

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
    fn public_piece(&mut self, words: &[BigUint], from: u32, bits: u32) -> crate::ir::ValueId {
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
        let origin = operands.iter().find_map(|operand| operand.leaf.origin.clone());
        let leaf = Leaf::of(view).from(origin).public(self.all_public(operands));
        Value::new(Type::lanes_of(Scalar::Bits(width), extents), leaf)
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
        let origin = operands.iter().find_map(|operand| operand.leaf.origin.clone());
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

    // Shifts and rotations.

    /// `<<`, `>>`, `rotl`, `rotr` by a public amount.
    pub(super) fn shift(
        &mut self,
        what: &str,
        (x, x_span): (&Value, Span),
        (by, by_span): (&Value, Span),
        span: Span,
    ) -> Outcome<Value> {
        let words = Self::operand(x, x_span).and_then(|operand| operand.width().map(|width| (operand, width)));
        let Some((operand, width)) = words else {
            let message = format!("`{what}` moves the bits of a word, and this is `{}`", x.ty);
            let help = if x.ty == Type::INT {
                "multiply or divide by a power of two, or write `x as bits<32>`"
            } else {
                "write `x as bits<32>`"
            };
            return self.error(Code::TypeMismatch, x_span, message, help);
        };
        if by.ty != Type::INT {
            let message = format!("bits are moved by an `int`, and this is `{}`", by.ty);
            return self.error(Code::TypeMismatch, by_span, message, "give the number of places");
        }
        if let Some(leaf) = self.secret_leaf(by) {
            let origin = leaf.origin.clone();
            let diagnostic = Diagnostic::new(Code::SecretShape, by_span, "a shift by a secret amount")
                .help("choose among the shifts by each amount that it can be: `select(k == 1, x << 1, x)`");
            let diagnostic = super::origin_label(diagnostic, origin.as_deref(), "is secret because of this");
            return Err(self.report(diagnostic));
        }
        if let Some(places) = by.known_int() {
            if places < 0 {
                return self.error(Code::OutOfBounds, by_span, "a shift by a negative amount", "shift the other way");
            }
            return self.shifted(what, &operand, width, places, span);
        }
        // Bit by bit of the amount: each moves the word by a power of two, or not.
        let index = self.public_int(by, by_span)?;
        self.bounds(index, u64::from(u32::MAX), "a shift by a negative amount", by_span);
        let mut value = x.clone();
        let rotates = what.starts_with("rot");
        let steps = 32 - (width - 1).leading_zeros();
        let by = if rotates {
            self.operate(BinaryOp::Rem, span, (by, by_span), (&Value::int(width.into()), span), span)?
        } else {
            by.clone()
        };
        for step in 0..steps {
            let power = Value::int(1 << step);
            let part = self.operate(BinaryOp::Div, span, (&by, by_span), (&power, span), span)?;
            let bit = self.operate(BinaryOp::Rem, span, (&part, span), (&Value::int(2), span), span)?;
            let holds = self.operate(BinaryOp::Eq, span, (&bit, span), (&Value::int(1), span), span)?;
            let moved = Self::operand(&value, span).ok_or(Reported)?;
            let moved = self.shifted(what, &moved, width, 1 << step, span)?;
            let condition = Self::operand(&holds, span).ok_or(Reported)?;
            value = self.choice(&condition, (&moved, span), (&value, span), span)?;
        }
        if !rotates {
            let far = Value::int(1 << steps);
            let beyond = self.operate(BinaryOp::Ge, span, (&by, by_span), (&far, span), span)?;
            let condition = Self::operand(&beyond, span).ok_or(Reported)?;
            let lanes = operand.leaf.lanes();
            let none = Leaf::known(Known::Same(Num::word(BigUint::zero()), lanes));
            let none = Value::new(x.ty.clone(), none);
            value = self.choice(&condition, (&none, span), (&value, span), span)?;
        }
        Ok(value)
    }

    fn shifted(&mut self, what: &str, operand: &Operand, width: u32, places: i128, span: Span) -> Outcome<Value> {
        let rotates = what.starts_with("rot");
        let places = if rotates { places % i128::from(width) } else { places.min(i128::from(width)) };
        let places = u32::try_from(places).unwrap_or(0);
        if places == 0 {
            return Ok(operand.clone().into_value());
        }
        if let Some(known) = operand
            .known()
            .and_then(|known| known.map(|word| Some(Num::word(moved(what, &word.as_word()?, width, places)))))
        {
            return Ok(Operand { leaf: Leaf::known(known), ..operand.clone() }.into_value());
        }
        let lanes = operand.leaf.lanes();
        if places == width {
            let none = Leaf::known(Known::Same(Num::word(BigUint::zero()), lanes));
            return Ok(Operand { leaf: none, ..operand.clone() }.into_value());
        }
        let view = self.lanes(&operand.leaf, operand.scalar, lanes, operand.span)?;
        self.at(span);
        let view = match what {
            ">>" => self.planes(&view, places, width),
            "<<" => {
                let low = self.zeros(places, lanes, span)?;
                let high = self.planes(&view, 0, width - places);
                self.join(vec![low, high], width, lanes)
            }
            _ => {
                let right = if what == "rotr" { places } else { width - places };
                let (low, high) = (self.planes(&view, right, width - right), self.planes(&view, 0, right));
                self.join(vec![low, high], width, lanes)
            }
        };
        Ok(self.word_value(&[operand], &operand.extents, width, view))
    }

    // Conversions.

    /// Lanes as words of so many bits.
    pub(super) fn word_from(&mut self, operand: &Operand, width: u32, span: Span) -> Outcome<Value> {
        if operand.known().is_some() && operand.scalar != Scalar::Bool {
            let leaf = self.known_word(&operand.leaf, width, span)?;
            return Ok(Operand { scalar: Scalar::Bits(width), leaf, ..operand.clone() }.into_value());
        }
        let lanes = operand.leaf.lanes();
        let secret = self.is_secret(&operand.leaf);
        let view = match operand.scalar {
            Scalar::Bits(own) if own > width => {
                let message = format!("`{}` does not fit in {width} bits", operand.scalar);
                let help =
                    format!("take its parts, the highest first: `x as [bits<{width}>; {}]`", own.div_ceil(width));
                return self.error(Code::BrokenPromise, span, message, help);
            }
            Scalar::Bits(_) => self.lanes(&operand.leaf, operand.scalar, lanes, operand.span)?,
            Scalar::Bool => {
                let view = self.lanes(&operand.leaf, Scalar::Bool, lanes, operand.span)?;
                if self.builder.ty(view.value).is_secret() {
                    view
                } else {
                    Ref::whole(self.builder.copy(&view, RegType::BIN_BOOL), lanes)
                }
            }
            Scalar::Int => {
                let range = self.range(&operand.leaf, 0);
                let most = Interval::new(0, if width >= 64 { i128::from(i64::MAX) } else { (1 << width) - 1 });
                if !range.within(most) {
                    let message = format!("an integer that may not be a word of {width} bits");
                    let diagnostic = Diagnostic::new(Code::BrokenPromise, span, message)
                        .here(super::lanes::show_place(range, 0))
                        .help(format!(
                            "a word of {width} bits spells 0 to 2^{width} - 1: narrow the range, or use a wider word"
                        ));
                    let diagnostic =
                        super::origin_label(diagnostic, operand.leaf.origin.as_deref(), "has its range from here");
                    return Err(self.report(diagnostic));
                }
                let view = self.lanes(&operand.leaf, Scalar::Int, lanes, operand.span)?;
                let (lo, hi) = super::lanes::narrow(range).ok_or(Reported)?;
                self.at(span);
                let own = signed_width(lo, hi);
                let value = if secret {
                    self.builder.gate(Op::A2b {}, vec![view], RegType::Bin { width: own }, lanes)
                } else {
                    self.builder.copy(&view, RegType::Bin { width: own.max(2) - 1 })
                };
                Ref::whole(value, lanes)
            }
            Scalar::Fix(_) => {
                let message = format!("`{}` does not become words", operand.scalar);
                return self.error(Code::TypeMismatch, span, message, "write `x as int` first");
            }
        };
        self.at(span);
        let resized = self.planes(&view, 0, width);
        Ok(self.word_value(&[operand], &operand.extents, width, resized))
    }

    /// Words as the integers that they spell.
    pub(super) fn word_to_int(&mut self, operand: &Operand, width: u32, span: Span) -> Outcome<Value> {
        let as_int = |word: &Num| word.as_word().and_then(|word| word.to_i128()).map(Num::Int);
        if let Some(known) = operand.known().and_then(|known| known.map(as_int)) {
            return Ok(Operand { scalar: Scalar::Int, leaf: Leaf::known(known), ..operand.clone() }.into_value());
        }
        if width > INT_BITS {
            let message = format!("a word of {width} bits does not fit an `int`");
            let help = "an `int` has at most 63 bits: take parts of the word, `x as [bits<32>; …]`";
            return self.error(Code::Overflow, span, message, help);
        }
        let lanes = operand.leaf.lanes();
        let view = self.lanes(&operand.leaf, operand.scalar, lanes, operand.span)?;
        let hi = i64::MAX >> (INT_BITS - width);
        self.at(span);
        let value = if self.is_secret(&operand.leaf) {
            self.builder.gate(Op::B2a { signed: false }, vec![view], RegType::arith(0, hi), lanes)
        } else {
            self.opened_piece(&view, width)
        };
        let leaf = Leaf::of(Ref::whole(value, lanes)).from(operand.leaf.origin.clone());
        Ok(Operand { scalar: Scalar::Int, leaf, ..operand.clone() }.into_value())
    }

    /// Words of at most 63 bits as public integers.
    fn opened_piece(&mut self, view: &Ref, width: u32) -> crate::ir::ValueId {
        let (lanes, hi) = (view.lanes(), i64::MAX >> (INT_BITS - width));
        if width > 1 {
            return self.builder.gate(Op::Open { steers: false }, vec![view.clone()], RegType::pub_int(0, hi), lanes);
        }
        let bit = self.builder.gate(Op::Open { steers: false }, vec![view.clone()], RegType::PUB_BOOL, lanes);
        let (one, zero) = (self.builder.int(1), self.builder.int(0));
        let args = vec![
            Ref::whole(bit, lanes),
            self.repeat(&Ref::lane(one, 0), lanes),
            self.repeat(&Ref::lane(zero, 0), lanes),
        ];
        self.builder.gate(Op::Select {}, args, RegType::pub_int(0, 1), lanes)
    }

    /// `reveal` of words: every node learns them, and they stay in shared registers.
    pub(super) fn revealed_words(&mut self, leaf: &Leaf, width: u32, span: Span) -> Outcome<Leaf> {
        let lanes = leaf.lanes();
        let view = self.lanes(leaf, Scalar::Bits(width), lanes, span)?;
        self.at(span);
        let mut pieces = Vec::new();
        for from in (0..width).step_by(PIECE as usize) {
            let bits = PIECE.min(width - from);
            let piece = self.planes(&view, from, bits);
            let opened = self.opened_piece(&piece, bits);
            let value = self.builder.copy(&Ref::whole(opened, lanes), RegType::Bin { width: bits });
            pieces.push(Ref::whole(value, lanes));
        }
        let whole = self.join(pieces, width, lanes);
        Ok(Leaf::of(whole).from(leaf.origin.clone()).public(true))
    }

    /// Words as shorter words, the highest first, along a new last extent.
    pub(super) fn word_parts(&mut self, operand: &Operand, part: u32, span: Span) -> Outcome<Value> {
        let width = operand.width().unwrap_or(0);
        let count = u64::from(width / part);
        let extents = [operand.extents.as_slice(), &[count]].concat();
        let words = operand.leaf.lanes();
        let split = |word: &BigUint| -> Vec<Num> {
            let parts = (0..width / part).rev();
            parts.map(|at| Num::word((word >> (at * part)) % modulo(part))).collect()
        };
        let leaf = match operand.known() {
            Some(known) if words * count <= super::known::MOST => {
                let parts = (0..words).flat_map(|lane| split(&known.lane(lane).as_word().unwrap_or_default()));
                Leaf::known(Known::each(parts.collect()))
            }
            _ => {
                let view = self.lanes(&operand.leaf, operand.scalar, words, operand.span)?;
                self.at(span);
                let mut array = self.builder.fill(RegType::Bin { width: part }, 0, words * count);
                let stride = i64::try_from(count).unwrap_or(i64::MAX);
                for at in 0..count {
                    let from = width - part * (u32::try_from(at).unwrap_or(0) + 1);
                    let piece = self.planes(&view, from, part);
                    array = self.builder.update(array, Place::strided(at, stride, words), piece);
                }
                let leaf = Leaf::of(Ref::whole(array, words * count)).from(operand.leaf.origin.clone());
                leaf.public(!self.is_secret(&operand.leaf))
            }
        };
        Ok(Value::new(Type::lanes_of(Scalar::Bits(part), &extents), leaf))
    }

    /// Shorter words along the last extent as one word, the first one highest.
    pub(super) fn word_whole(&mut self, operand: &Operand, width: u32, span: Span) -> Outcome<Value> {
        let part = operand.width().unwrap_or(1);
        let (count, extents) = operand.extents.split_last().ok_or(Reported)?;
        let (count, extents) = (*count, extents.to_vec());
        let words: u64 = extents.iter().product();
        let leaf = match operand.known() {
            Some(known) => {
                let whole = |word: u64| {
                    let parts = (0..count).map(|at| known.lane(word * count + at).as_word().unwrap_or_default());
                    Num::word(parts.fold(BigUint::zero(), |whole, part_word| (whole << part) + part_word))
                };
                Leaf::known(Known::each((0..words).map(whole).collect()))
            }
            None => {
                let view = self.lanes(&operand.leaf, operand.scalar, words * count, operand.span)?;
                self.at(span);
                let stride = i64::try_from(count).unwrap_or(i64::MAX);
                let pieces = (0..count).rev().map(|at| self.builder.view(&view, &Place::strided(at, stride, words)));
                let pieces: Vec<Ref> = pieces.collect();
                let whole = self.join(pieces, width, words);
                Leaf::of(whole).from(operand.leaf.origin.clone()).public(!self.is_secret(&operand.leaf))
            }
        };
        Ok(Value::new(Type::lanes_of(Scalar::Bits(width), &extents), leaf))
    }

    /// `bit(x, place)`: one bit of words, the lowest is 0.
    pub(super) fn bit(&mut self, x: (&Value, Span), place: (&Value, Span), span: Span) -> Outcome<Value> {
        let (operand, width) = self.words_of(x, "bit")?;
        let at = match place.0.known_int().map(u32::try_from) {
            Some(Ok(at)) if at < width => at,
            Some(_) => {
                let message = format!("a word of {width} bits has bits 0 to {}", width - 1);
                return self.error(Code::OutOfBounds, place.1, message, "count from the lowest bit, which is 0");
            }
            // A place that is known as the program runs is shifted to.
            None => {
                let moved = self.shift(">>", x, place, span)?;
                return self.bit((&moved, x.1), (&Value::int(0), place.1), span);
            }
        };
        let lanes = operand.leaf.lanes();
        let leaf =
            match operand.known().and_then(|known| known.map(|word| Some(Num::Bool(word.as_word()?.bit(at.into()))))) {
                Some(known) => Leaf::known(known),
                None => {
                    let view = self.lanes(&operand.leaf, operand.scalar, lanes, x.1)?;
                    self.at(span);
                    let public = !self.is_secret(&operand.leaf);
                    let row = self.bit_row(&view, at, public);
                    Leaf::of(row).from(operand.leaf.origin.clone())
                }
            };
        Ok(Value::new(Type::lanes_of(Scalar::Bool, &operand.extents), leaf))
    }

    /// One bit of all words, as truth values.
    fn bit_row(&mut self, view: &Ref, place: u32, public: bool) -> Ref {
        let row = self.planes(view, place, 1);
        if !public {
            return row;
        }
        let lanes = row.lanes();
        let opened = self.builder.gate(Op::Open { steers: false }, vec![row], RegType::PUB_BOOL, lanes);
        Ref::whole(opened, lanes)
    }

    fn words_of(&mut self, (x, at): (&Value, Span), what: &str) -> Outcome<(Operand, u32)> {
        let words = Self::operand(x, at).and_then(|operand| operand.width().map(|width| (operand, width)));
        match words {
            Some(words) => Ok(words),
            None => {
                let message = format!("`{what}` works on words, and this is `{}`", x.ty);
                self.error(Code::TypeMismatch, at, message, "write `x as bits<32>`")
            }
        }
    }

    /// `__parts(x, width)`: words as shorter ones along a new first extent, the highest first.
    pub(super) fn parts_along(&mut self, x: (&Value, Span), part: (&Value, Span), span: Span) -> Outcome<Value> {
        let (operand, width) = self.words_of(x, "parts")?;
        let part =
            part.0.known_int().and_then(|part| u32::try_from(part).ok()).filter(|part| *part > 0 && width % part == 0);
        let part = part.ok_or(Reported)?;
        let lanes = operand.leaf.lanes();
        let view = self.lanes(&operand.leaf, operand.scalar, lanes, x.1)?;
        self.at(span);
        let rows: Vec<Ref> = (0..width / part).rev().map(|at| self.planes(&view, at * part, part)).collect();
        let count = rows.len() as u64;
        let value = self.builder.concat(rows, RegType::Bin { width: part });
        let leaf = Leaf::of(Ref::whole(value, lanes * count)).from(operand.leaf.origin.clone());
        let extents = [&[count], operand.extents.as_slice()].concat();
        let leaf = leaf.public(!self.is_secret(&operand.leaf));
        Ok(Value::new(Type::lanes_of(Scalar::Bits(part), &extents), leaf))
    }

    /// `__joined(rows)`: the words along the first extent as one, the first one highest.
    pub(super) fn joined_along(&mut self, rows: (&Value, Span), span: Span) -> Outcome<Value> {
        let (operand, part) = self.words_of(rows, "joined")?;
        let (count, extents) = operand.extents.split_first().ok_or(Reported)?;
        let (count, extents) = (*count, extents.to_vec());
        let width = u32::try_from(count).ok().and_then(|count| count.checked_mul(part)).ok_or(Reported)?;
        let lanes: u64 = extents.iter().product();
        let view = self.lanes(&operand.leaf, operand.scalar, lanes * count, rows.1)?;
        self.at(span);
        let pieces = (0..count).rev().map(|at| self.builder.view(&view, &Place::span(at * lanes, lanes)));
        let pieces: Vec<Ref> = pieces.collect();
        let whole = self.join(pieces, width, lanes);
        let leaf = Leaf::of(whole).from(operand.leaf.origin.clone()).public(!self.is_secret(&operand.leaf));
        Ok(Value::new(Type::lanes_of(Scalar::Bits(width), &extents), leaf))
    }

    /// `bits_of(x)`: the bits of words along a new first extent, the lowest first.
    pub(super) fn bits_of(&mut self, (x, at): (&Value, Span), span: Span) -> Outcome<Value> {
        let (operand, width) = self.words_of((x, at), "bits_of")?;
        let extents = [&[u64::from(width)], operand.extents.as_slice()].concat();
        let lanes = operand.leaf.lanes();
        let leaf = match operand.known() {
            Some(known) => {
                let bit = |place: u64, lane: u64| Num::Bool(known.lane(lane).as_word().unwrap_or_default().bit(place));
                let bits = (0..u64::from(width)).flat_map(|place| (0..lanes).map(move |lane| (place, lane)));
                Leaf::known(Known::each(bits.map(|(place, lane)| bit(place, lane)).collect()))
            }
            None => {
                let view = self.lanes(&operand.leaf, operand.scalar, lanes, at)?;
                self.at(span);
                let public = !self.is_secret(&operand.leaf);
                let mut rows = Vec::new();
                for place in 0..width {
                    rows.push(self.bit_row(&view, place, public));
                }
                let ty = if public { RegType::PUB_BOOL } else { RegType::BIN_BOOL };
                let value = self.builder.concat(rows, ty);
                Leaf::of(Ref::whole(value, lanes * u64::from(width))).from(operand.leaf.origin.clone())
            }
        };
        Ok(Value::new(Type::lanes_of(Scalar::Bool, &extents), leaf))
    }

    /// `word_of(bits)`: the words whose bits stand along the first extent, the lowest first.
    pub(super) fn word_of(&mut self, (bits, at): (&Value, Span), span: Span) -> Outcome<Value> {
        let operand = Self::scalars(bits, at).filter(|operand| operand.scalar == Scalar::Bool);
        let width = operand.as_ref().and_then(|operand| u32::try_from(operand.extents[0]).ok());
        let (Some(operand), Some(width @ 1..=MAX_WIDTH)) = (operand, width) else {
            let message =
                format!("`word_of` takes an array of 1 to {MAX_WIDTH} truth values, and this is `{}`", bits.ty);
            return self.error(Code::TypeMismatch, at, message, "give it the bits, the lowest first");
        };
        let extents = operand.extents[1..].to_vec();
        let lanes: u64 = extents.iter().product();
        let leaf = match operand.known() {
            Some(known) => {
                let word = |lane: u64| {
                    let mut word = BigUint::zero();
                    (0..u64::from(width))
                        .for_each(|place| word.set_bit(place, !known.lane(place * lanes + lane).is_zero()));
                    Num::word(word)
                };
                Leaf::known(Known::each((0..lanes).map(word).collect()))
            }
            None => {
                let view = self.lanes(&operand.leaf, Scalar::Bool, lanes * u64::from(width), at)?;
                self.at(span);
                let public = !self.is_secret(&operand.leaf);
                let mut rows = Vec::new();
                for place in 0..u64::from(width) {
                    let row = self.builder.view(&view, &Place::span(place * lanes, lanes));
                    let row = if public { Ref::whole(self.builder.copy(&row, RegType::BIN_BOOL), lanes) } else { row };
                    rows.push(row);
                }
                Leaf::of(self.join(rows, width, lanes)).from(operand.leaf.origin.clone()).public(public)
            }
        };
        Ok(Value::new(Type::lanes_of(Scalar::Bits(width), &extents), leaf))
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

/// A known word with its bits moved.
fn moved(what: &str, word: &BigUint, width: u32, places: u32) -> BigUint {
    match what {
        "<<" => (word << places) % modulo(width),
        ">>" => word >> places,
        "rotr" => (word >> places) + (word << (width - places)) % modulo(width),
        _ => (word << places) % modulo(width) + (word >> (width - places)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_words_move() {
        let word = BigUint::from(0b1001_0110_u32);
        assert_eq!(moved("<<", &word, 8, 3), BigUint::from(0b1011_0000_u32));
        assert_eq!(moved(">>", &word, 8, 3), BigUint::from(0b0001_0010_u32));
        assert_eq!(moved("rotr", &word, 8, 3), BigUint::from(0b1101_0010_u32));
        assert_eq!(moved("rotl", &word, 8, 3), BigUint::from(0b1011_0100_u32));
    }
}
