//! What turns words into numbers, truth values and shorter words, and back.

use super::{PIECE, modulo};
use crate::diagnostics::{Code, Diagnostic};
use crate::elaborate::known::{Known, MOST, Num};
use crate::elaborate::lanes::{Operand, narrow, show_place};
use crate::elaborate::types::{Scalar, Type};
use crate::elaborate::value::{Leaf, Value};
use crate::elaborate::{Elaborator, Outcome, Reported, origin_label};
use crate::ir::{Op, Place, Ref, RegType, ValueId};
use crate::source::Span;
use num_bigint::BigUint;
use num_traits::{ToPrimitive, Zero};
use smpc_bytecode::interval::Interval;
use smpc_bytecode::types::{MAX_WIDTH, signed_width};

/// Bits of a word that becomes an `int`.
const INT_BITS: u32 = 63;

impl Elaborator<'_> {
    /// Lanes as words of so many bits.
    pub(in crate::elaborate) fn word_from(&mut self, operand: &Operand, width: u32, span: Span) -> Outcome<Value> {
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
                    let diagnostic =
                        Diagnostic::new(Code::BrokenPromise, span, message).here(show_place(range, 0)).help(format!(
                            "a word of {width} bits spells 0 to 2^{width} - 1: narrow the range, or use a wider word"
                        ));
                    let diagnostic =
                        origin_label(diagnostic, operand.leaf.origin.as_deref(), "has its range from here");
                    return Err(self.report(diagnostic));
                }
                let view = self.lanes(&operand.leaf, Scalar::Int, lanes, operand.span)?;
                let (lo, hi) = narrow(range).ok_or(Reported)?;
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
    pub(in crate::elaborate) fn word_to_int(&mut self, operand: &Operand, width: u32, span: Span) -> Outcome<Value> {
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
    fn opened_piece(&mut self, view: &Ref, width: u32) -> ValueId {
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
    pub(in crate::elaborate) fn revealed_words(&mut self, leaf: &Leaf, width: u32, span: Span) -> Outcome<Leaf> {
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
        Ok(Leaf::of(whole).from(leaf.origin.clone()).public(Scalar::Bits(width), true))
    }

    /// Words as shorter words, the highest first, along a new last extent.
    pub(in crate::elaborate) fn word_parts(&mut self, operand: &Operand, part: u32, span: Span) -> Outcome<Value> {
        let width = operand.width().unwrap_or(0);
        let count = u64::from(width / part);
        let extents = [operand.extents.as_slice(), &[count]].concat();
        let words = operand.leaf.lanes();
        let split = |word: &BigUint| -> Vec<Num> {
            let parts = (0..width / part).rev();
            parts.map(|at| Num::word((word >> (at * part)) % modulo(part))).collect()
        };
        let leaf = match operand.known() {
            Some(known) if words * count <= MOST => {
                let parts = (0..words).flat_map(|lane| split(&known.lane(lane).as_word().unwrap_or_default()));
                Leaf::known(Known::each(parts.collect()))
            }
            _ => {
                let view = self.lanes(&operand.leaf, operand.scalar, words, operand.span)?;
                self.at(span);
                let ty = RegType::Bin { width: part };
                let pieces: Vec<Ref> = (0..width / part).rev().map(|at| self.planes(&view, at * part, part)).collect();
                let array = if words == 1 {
                    self.builder.concat(pieces, ty)
                } else {
                    let stride = i64::try_from(count).unwrap_or(i64::MAX);
                    let zeros = self.builder.fill(ty, 0, words * count);
                    (0..count).zip(pieces).fold(zeros, |array, (at, piece)| {
                        self.builder.update(array, Place::strided(at, stride, words), piece)
                    })
                };
                let leaf = Leaf::of(Ref::whole(array, words * count)).from(operand.leaf.origin.clone());
                leaf.public(Scalar::Bits(part), !self.is_secret(&operand.leaf))
            }
        };
        Ok(Value::new(Type::lanes_of(Scalar::Bits(part), &extents), leaf))
    }

    /// Shorter words along the last extent as one word, the first one highest.
    pub(in crate::elaborate) fn word_whole(&mut self, operand: &Operand, width: u32, span: Span) -> Outcome<Value> {
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
                Leaf::of(whole)
                    .from(operand.leaf.origin.clone())
                    .public(Scalar::Bits(width), !self.is_secret(&operand.leaf))
            }
        };
        Ok(Value::new(Type::lanes_of(Scalar::Bits(width), &extents), leaf))
    }

    /// `bit(x, place)`: one bit of words, the lowest is 0.
    pub(in crate::elaborate) fn bit(&mut self, x: (&Value, Span), place: (&Value, Span), span: Span) -> Outcome<Value> {
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
    pub(in crate::elaborate) fn parts_along(
        &mut self,
        x: (&Value, Span),
        part: (&Value, Span),
        span: Span,
    ) -> Outcome<Value> {
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
        let leaf = leaf.public(Scalar::Bits(part), !self.is_secret(&operand.leaf));
        Ok(Value::new(Type::lanes_of(Scalar::Bits(part), &extents), leaf))
    }

    /// `__slice(x, from, width)`: some neighbouring bits of each word.
    pub(in crate::elaborate) fn slice_of(
        &mut self,
        x: (&Value, Span),
        [from, width]: [&Value; 2],
        span: Span,
    ) -> Outcome<Value> {
        let (operand, own) = self.words_of(x, "sliced")?;
        let size = |value: &Value| value.known_int().and_then(|size| u32::try_from(size).ok()).ok_or(Reported);
        let (from, width) = (size(from)?, size(width)?);
        if width == 0 || from.checked_add(width).is_none_or(|end| end > own) {
            return Err(Reported);
        }
        let view = self.lanes(&operand.leaf, operand.scalar, operand.leaf.lanes(), x.1)?;
        self.at(span);
        let bits = self.planes(&view, from, width);
        Ok(self.word_value(&[&operand], &operand.extents, width, bits))
    }

    /// `__joined(rows)`: the words along the first extent as one, the first one highest.
    pub(in crate::elaborate) fn joined_along(&mut self, rows: (&Value, Span), span: Span) -> Outcome<Value> {
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
        let leaf = Leaf::of(whole)
            .from(operand.leaf.origin.clone())
            .public(Scalar::Bits(width), !self.is_secret(&operand.leaf));
        Ok(Value::new(Type::lanes_of(Scalar::Bits(width), &extents), leaf))
    }

    /// `bits_of(x)`: the bits of words along a new first extent, the lowest first.
    pub(in crate::elaborate) fn bits_of(&mut self, (x, at): (&Value, Span), span: Span) -> Outcome<Value> {
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
    pub(in crate::elaborate) fn word_of(&mut self, (bits, at): (&Value, Span), span: Span) -> Outcome<Value> {
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
                Leaf::of(self.join(rows, width, lanes))
                    .from(operand.leaf.origin.clone())
                    .public(Scalar::Bits(width), public)
            }
        };
        Ok(Value::new(Type::lanes_of(Scalar::Bits(width), &extents), leaf))
    }
}
