//! Words whose bits move: `<<`, `>>`, `rotl` and `rotr` by a public amount. A known amount costs nothing; one that is known as the program runs is a
//! choice a bit of it.

use super::modulo;
use crate::diagnostics::{Code, Diagnostic};
use crate::elaborate::known::{Known, Num};
use crate::elaborate::lanes::Operand;
use crate::elaborate::types::Type;
use crate::elaborate::value::{Leaf, Value};
use crate::elaborate::{Elaborator, Outcome, Reported, origin_label};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use num_bigint::BigUint;
use num_traits::Zero;

impl Elaborator<'_> {
    /// `<<`, `>>`, `rotl`, `rotr` by a public amount.
    pub(in crate::elaborate) fn shift(
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
            let diagnostic = origin_label(diagnostic, origin.as_deref(), "is secret because of this");
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
