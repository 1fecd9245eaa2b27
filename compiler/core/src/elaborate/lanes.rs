//! The seam to the IR builder: known lanes become constants, single lanes are repeated, gates get the register type that their exact result
//! asks for. An overflow is found here and nowhere else.

use super::known::{self, Known, RawError, show_int, show_raw};
use super::types::{Scalar, Type};
use super::value::{Data, Leaf, Origin, Value};
use super::{Elaborator, Outcome, origin_label};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Kind, Op, Place, Ref, RegType, ValueId};
use crate::source::Span;
use smpc_bytecode::interval::Interval;
use std::rc::Rc;

/// What a message about a result that does not fit has to show.
#[derive(Clone, Debug)]
pub(crate) struct Blame {
    /// The operator or call.
    pub(crate) span: Span,
    /// Its name, as the user wrote it.
    pub(crate) what: String,
    /// The operands.
    pub(crate) operands: Vec<Blamed>,
}

/// An operand in a message.
#[derive(Clone, Debug)]
pub(crate) struct Blamed {
    span: Span,
    /// Its name, if it is a variable or the like.
    name: Option<String>,
    /// Its raw range, and its fractional bits.
    range: Interval,
    frac: u32,
    /// Where the range comes from.
    origin: Option<Rc<Origin>>,
    /// Whether it is secret.
    secret: bool,
}

/// An operand of an operator: a scalar or an array of scalars, with its place in the source.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    /// What its lanes are.
    pub(crate) scalar: Scalar,
    /// Its shape.
    pub(crate) extents: Vec<u64>,
    /// Its lanes.
    pub(crate) leaf: Leaf,
    /// Where it stands.
    pub(crate) span: Span,
}

impl Operand {
    /// Whether the compiler knows all lanes.
    pub(crate) const fn known(&self) -> Option<&Known> {
        self.leaf.as_known()
    }

    /// As a value again.
    pub(crate) fn into_value(self) -> Value {
        Value::new(Type::lanes_of(self.scalar, &self.extents), self.leaf)
    }
}

/// A range for people.
pub(crate) fn show_range(range: Interval, frac: u32) -> String {
    format!("{}..={}", show_raw(range.lo, frac), show_raw(range.hi, frac))
}

/// Where a value lies, for people.
pub(crate) fn show_place(range: Interval, frac: u32) -> String {
    if range.lo == range.hi {
        format!("is {}", show_raw(range.lo, frac))
    } else {
        format!("lies in {}", show_range(range, frac))
    }
}

impl Elaborator<'_> {
    /// The operand that a value is; `None` for anything but scalars and arrays of scalars.
    pub(crate) fn operand(value: &Value, span: Span) -> Option<Operand> {
        let (scalar, extents) = value.ty.as_lanes()?;
        Some(Operand { scalar, extents: extents.to_vec(), leaf: value.leaves.first()?.clone(), span })
    }

    /// Whether no node knows some of the lanes.
    pub(crate) fn is_secret(&self, leaf: &Leaf) -> bool {
        match &leaf.data {
            Data::Known(_) => false,
            // Only words have registers that are shared and yet known to everyone.
            Data::Lanes(view) => match self.builder.ty(view.value) {
                RegType::Bin { .. } => !leaf.public,
                ty => ty.is_secret(),
            },
        }
    }

    /// Where what is computed from these leaves has its secrecy from; its range, where none is secret.
    pub(crate) fn origin_of(&self, leaves: &[&Leaf]) -> Option<Rc<Origin>> {
        let mut secret = leaves.iter().filter(|leaf| self.is_secret(leaf)).peekable();
        if secret.peek().is_some() {
            return secret.find_map(|leaf| leaf.origin.clone());
        }
        leaves.iter().find_map(|leaf| leaf.origin.clone())
    }

    /// The leaf that makes a value secret.
    pub(crate) fn secret_leaf<'v>(&self, value: &'v Value) -> Option<&'v Leaf> {
        value.leaves.iter().find(|leaf| self.is_secret(leaf))
    }

    /// The range of the lanes as raw integers of `frac` fractional bits.
    pub(crate) fn range(&self, leaf: &Leaf, frac: u32) -> Interval {
        match &leaf.data {
            Data::Known(Known::Same(value, _)) => {
                Interval::new(known::raw_bound(value, frac, false), known::raw_bound(value, frac, true))
            }
            Data::Known(Known::Each(values)) => {
                let bounds = values
                    .iter()
                    .map(|v| Interval::new(known::raw_bound(v, frac, false), known::raw_bound(v, frac, true)));
                bounds.reduce(Interval::join).unwrap_or(Interval::of(0))
            }
            Data::Known(known) => known.range().mul(Interval::of(1 << frac)),
            Data::Lanes(view) => {
                let (lo, hi) = self.builder.ty(view.value).range();
                leaf.narrowed.unwrap_or(Interval::new(i128::from(lo), i128::from(hi)))
            }
        }
    }

    /// The raw words of known lanes, as a constant of the program; a view of `lanes` lanes.
    fn constant(&mut self, known: &Known, scalar: Scalar, lanes: u64, span: Span) -> Outcome<Ref> {
        if let Scalar::Bits(width) = scalar {
            return self.word_constant(known, width, lanes, span);
        }
        let frac = scalar.frac();
        let kind = match scalar {
            Scalar::Bool => Kind::Bool,
            Scalar::Int | Scalar::Bits(_) => Kind::Int,
            Scalar::Fix(_) => Kind::Fix,
        };
        let ty = |lo: i64, hi: i64| match kind {
            Kind::Bool => RegType::PUB_BOOL,
            kind => RegType::Pub { kind, lo, hi, frac },
        };
        match known {
            Known::Same(value, _) => {
                let word = self.raw(value, frac, span)?;
                let value = self.builder.constant_of(ty(word, word), vec![word], !known::is_exact(value, frac));
                Ok(self.repeat(&Ref::lane(value, 0), lanes))
            }
            Known::Each(values) => {
                let words = values.iter().map(|value| self.raw(value, frac, span)).collect::<Outcome<Vec<_>>>()?;
                let (lo, hi) = (words.iter().min().copied(), words.iter().max().copied());
                let rounded = values.iter().any(|value| !known::is_exact(value, frac));
                let value = self.builder.constant_of(ty(lo.unwrap_or(0), hi.unwrap_or(0)), words, rounded);
                Ok(self.builder.whole(value))
            }
            Known::Steps { start, step, lanes: own } => {
                let range = known.range().mul(Interval::of(1 << frac));
                let word = |value: i128| i64::try_from(value.saturating_mul(1 << frac)).ok();
                match (word(*start), word(*step), narrow(range)) {
                    (Some(start), Some(step), Some((lo, hi))) => {
                        let value = self.builder.range(ty(lo, hi), start, step, *own);
                        Ok(self.builder.whole(value))
                    }
                    _ => self.too_large(span, known.range()),
                }
            }
        }
    }

    fn too_large<T>(&mut self, span: Span, range: Interval) -> Outcome<T> {
        let most = if range.hi > i128::from(i64::MAX) { range.hi } else { range.lo };
        let message = format!("the constant {} does not fit in 64 bits", show_int(most));
        self.error(Code::Overflow, span, message, "constants that the program computes with lie in -2^63..=2^63-1")
    }

    /// The raw word of a known number.
    pub(crate) fn raw(&mut self, value: &known::Num, frac: u32, span: Span) -> Outcome<i64> {
        match known::raw(value, frac) {
            Ok(word) => Ok(word),
            Err(RawError::TooLarge) => {
                let bound = known::raw_bound(value, 0, false);
                self.too_large(span, Interval::of(bound))
            }
            Err(RawError::Rounds(fits)) => {
                let name = Scalar::Fix(frac).to_string();
                let message = format!("`{name}` cannot hold this constant to within 0.1 %");
                let help = match fits {
                    Some(bits) => format!("`fix<{bits}>` holds it: declare the numbers that it meets as `fix<{bits}>`"),
                    None => "no `fix` holds it; scale the numbers that it meets".to_owned(),
                };
                self.error(Code::Rounding, span, message, help)
            }
        }
    }

    /// The lanes of a leaf in the program; a single one is repeated.
    pub(crate) fn lanes(&mut self, leaf: &Leaf, scalar: Scalar, lanes: u64, span: Span) -> Outcome<Ref> {
        match &leaf.data {
            Data::Known(known) => {
                let known = known.clone();
                self.constant(&known, scalar, lanes, span)
            }
            Data::Lanes(view) => {
                let view = match (leaf.narrowed, &view.clone()) {
                    (Some(range), view) => match self.relabelled(view, range, span).data {
                        Data::Lanes(view) => view,
                        Data::Known(_) => view.clone(),
                    },
                    (None, view) => view.clone(),
                };
                Ok(if view.lanes() == lanes { view } else { self.repeat(&view, lanes) })
            }
        }
    }

    /// A single lane, so many times.
    pub(crate) fn repeat(&mut self, lane: &Ref, lanes: u64) -> Ref {
        if lanes == 1 { lane.clone() } else { self.builder.view(lane, &Place::strided(0, 0, lanes)) }
    }

    /// The register type of a number with that exact range.
    ///
    /// A secret one must fit; a public one is checked where it is computed.
    pub(crate) fn number_type(
        &mut self,
        secret: bool,
        scalar: Scalar,
        exact: Interval,
        blame: &Blame,
    ) -> Outcome<RegType> {
        let frac = scalar.frac();
        let kind = if frac == 0 && scalar == Scalar::Int { Kind::Int } else { Kind::Fix };
        match narrow(exact) {
            Some((lo, hi)) if secret => Ok(RegType::Arith { lo, hi, frac }),
            Some((lo, hi)) => Ok(RegType::Pub { kind, lo, hi, frac }),
            None if !secret && exact.lo <= Interval::FULL.hi && exact.hi >= Interval::FULL.lo => {
                let cut = |end: i128| i64::try_from(end.clamp(Interval::FULL.lo, Interval::FULL.hi)).unwrap_or(0);
                Ok(RegType::Pub { kind, lo: cut(exact.lo), hi: cut(exact.hi), frac })
            }
            None => Err(self.report(overflow(exact, frac, blame))),
        }
    }

    /// A gate whose result is a number with that exact range. Operands have `lanes` lanes.
    pub(crate) fn number(
        &mut self,
        op: Op,
        args: Vec<Ref>,
        (scalar, exact, lanes): (Scalar, Interval, u64),
        blame: &Blame,
    ) -> Outcome<Leaf> {
        let secret = args.iter().any(|arg| self.builder.ty(arg.value).is_secret());
        let ty = self.number_type(secret, scalar, exact, blame)?;
        self.at(blame.span);
        let value = self.builder.gate(op, args, ty, lanes);
        let mut told = blame.operands.iter().filter(|operand| operand.secret == secret);
        let origin = told.find_map(|operand| operand.origin.clone());
        Ok(Leaf::of(Ref::whole(value, lanes)).from(origin))
    }

    /// What a message about these operands shows.
    pub(crate) fn blame(&self, span: Span, what: &str, operands: &[&Operand]) -> Blame {
        let told = operands.iter().map(|operand| {
            let (frac, text) = (operand.scalar.frac(), self.sources.text(operand.span));
            let is_name = text.chars().all(|c| c.is_alphanumeric() || c == '_') && operand.known().is_none();
            Blamed {
                span: operand.span,
                name: is_name.then(|| text.to_owned()),
                range: self.range(&operand.leaf, frac),
                frac,
                origin: operand.leaf.origin.clone(),
                secret: self.is_secret(&operand.leaf),
            }
        });
        Blame { span, what: what.to_owned(), operands: told.collect() }
    }

    /// A truth value, or one a lane, by a gate.
    pub(crate) fn truth(&mut self, op: Op, args: Vec<Ref>, lanes: u64, span: Span) -> Ref {
        let secret = args.iter().any(|arg| self.builder.ty(arg.value).is_secret());
        self.at(span);
        let ty = if secret { RegType::BIN_BOOL } else { RegType::PUB_BOOL };
        let value = self.builder.gate(op, args, ty, lanes);
        Ref::whole(value, lanes)
    }

    /// The view as an IR value of its own.
    pub(crate) fn whole(&mut self, view: &Ref) -> ValueId {
        self.builder.value_of(view)
    }

    /// An `int` as `fix` of so many fractional bits.
    pub(crate) fn int_to_fix(&mut self, operand: &Operand, frac: u32) -> Outcome<Operand> {
        let scalar = Scalar::Fix(frac);
        let leaf = match &operand.leaf.data {
            Data::Known(known) => {
                let exact = known.map(|value| Some(known::Num::fraction(value.to_fraction())));
                // Steps too long to be written out stay integers; they are scaled where they become a constant.
                Leaf { data: Data::Known(exact.unwrap_or_else(|| known.clone())), ..operand.leaf.clone() }
            }
            Data::Lanes(view) => {
                let lanes = view.lanes();
                let factor = self.builder.int(1 << frac);
                let factor = self.repeat(&Ref::lane(factor, 0), lanes);
                let exact = self.range(&operand.leaf, 0).mul(Interval::of(1 << frac));
                let blame = self.blame(operand.span, "as fix", &[operand]);
                self.number(Op::Mul {}, vec![view.clone(), factor], (scalar, exact, lanes), &blame)?
            }
        };
        Ok(Operand { scalar, leaf, ..operand.clone() })
    }
}

/// The range in 64 bits, if it fits.
pub(crate) fn narrow(range: Interval) -> Option<(i64, i64)> {
    Some((i64::try_from(range.lo).ok()?, i64::try_from(range.hi).ok()?))
}

/// The message about a result that may not fit.
pub(crate) fn overflow(exact: Interval, frac: u32, blame: &Blame) -> Diagnostic {
    let message = format!("the result of `{}` may not fit in 64 bits", blame.what);
    let mut diagnostic = Diagnostic::new(Code::Overflow, blame.span, message).here(show_place(exact, frac));
    for operand in blame.operands.iter().filter(|operand| operand.span != blame.span) {
        diagnostic = diagnostic.label(operand.span, show_place(operand.range, operand.frac));
    }
    // The widest; of equal ones the one of which there is more to say.
    let magnitude = |operand: &&Blamed| (operand.range.magnitude(), operand.origin.is_some());
    let widest = blame.operands.iter().filter(|operand| operand.origin.is_some() || operand.name.is_some());
    let widest = widest.max_by_key(magnitude);
    let origin = widest.and_then(|operand| operand.origin.as_deref());
    diagnostic = origin_label(diagnostic, origin, "has its range from here");
    diagnostic.help(match (origin, widest.and_then(|operand| operand.name.as_deref())) {
        (Some(origin), _) => format!(
            "narrow the range of `{}`, or bring a value back into its range with `clamp(x, lo, hi)`",
            origin.name
        ),
        (None, Some(name)) => format!("declare the range of `{name}`: `let {name}: int in 0..=1_000_000 = …`"),
        (None, None) => "bring a value back into its range with `clamp(x, lo, hi)`".to_owned(),
    })
}
