//! What elaboration found at each place of the user's own files, for editors: type, secrecy, range, and the value where the compiler knows it.
//!
//! Off unless [`Facts`] are handed in. Recording appends to a log and formats nothing; what a trial recorded goes with the trial. The log is
//! put in order when it is first read.

use super::Elaborator;
use super::known::{self, Known, Num, show_int, show_raw};
use super::lanes::show_range;
use super::place::root_name;
use super::types::{Scalar, Type};
use super::value::{Data, Value};
use crate::ir::builder::Mark;
use crate::source::Span;
use crate::syntax::ast::Expr;
use smpc_bytecode::interval::Interval;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Most entries of the log. A program that is put in place so often has shown every place long before.
const MOST: usize = 1 << 18;

/// Scalars of a value that are recorded; the others of a wide record have no range then.
const MOST_LEAVES: usize = 16;

/// Different facts about one place that are told apart: a function has one for each instance.
const TOLD_APART: usize = 3;

/// Elements of a known array that are shown.
const SHOWN: u64 = 8;

/// What an expression or a variable is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Secrecy, type and range: `secret [int in 0..=9; 3]`.
    pub ty: String,
    /// For records: each field with its type and range.
    pub fields: Vec<(String, String)>,
    /// Its value, where the compiler knows it.
    pub value: Option<String>,
}

/// What was found, by place.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    log: Vec<(Span, Found)>,
    by_span: OnceCell<BTreeMap<Span, Vec<Found>>>,
}

/// A fact as it was found.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    ty: Type,
    secrecy: Secrecy,
    leaves: Vec<Lanes>,
}

/// Who knows a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secrecy {
    Const,
    Public,
    Secret,
}

/// The lanes of a scalar: known, or in a raw range.
#[derive(Clone, Debug, PartialEq)]
enum Lanes {
    Known(Known),
    Within(Interval),
}

impl Elaborator<'_> {
    /// Records what a value is that stands at a place.
    pub(super) fn note(&mut self, span: Span, value: &Value) {
        let Some(facts) = &self.facts else { return };
        let module = self.frames.last().map_or(0, |frame| frame.module);
        if self.modules.get(module).library || facts.log.len() >= MOST || value.ty.is_unit() {
            return;
        }
        let secrecy = match (value.is_known(), self.secret_leaf(value)) {
            (true, _) => Secrecy::Const,
            (false, None) => Secrecy::Public,
            (false, Some(_)) => Secrecy::Secret,
        };
        let leaves = value.leaves.iter().take(MOST_LEAVES).map(|leaf| match &leaf.data {
            Data::Known(lanes) => Lanes::Known(lanes.clone()),
            Data::Lanes(view) => {
                let (lo, hi) = self.builder.ty(view.value).range();
                Lanes::Within(Interval::new(lo.into(), hi.into()))
            }
        });
        let found = Found { ty: value.ty.clone(), secrecy, leaves: leaves.collect() };
        if let Some(facts) = &mut self.facts {
            facts.log.push((span, found));
        }
    }

    /// Records what a variable holds after an assignment to it or to a part of it.
    pub(super) fn note_place(&mut self, place: &Expr, variable: usize) {
        if self.facts.is_some()
            && let Some(name) = root_name(place)
            && let Some(value) = self.variables[variable].value.clone()
        {
            self.note(name.span, &value);
        }
    }

    /// Where a trial starts: the program and the facts so far.
    pub(super) fn mark(&self) -> (Mark, usize) {
        (self.builder.mark(), self.facts.as_ref().map_or(0, |facts| facts.log.len()))
    }

    /// Takes back what was built and found since the mark.
    pub(super) fn rewind(&mut self, (mark, found): &(Mark, usize)) {
        self.builder.rewind(mark);
        self.facts.iter_mut().for_each(|facts| facts.log.truncate(*found));
    }
}

impl Facts {
    /// What was found at exactly this place: at most three facts.
    pub(crate) fn at(&self, span: Span) -> Vec<Fact> {
        self.by_span().get(&span).into_iter().flatten().map(Found::show).collect()
    }

    /// The name of the struct that the value there, or each element of it, is.
    pub(crate) fn record_at(&self, span: Span) -> Option<&str> {
        let found = self.by_span().get(&span)?.first()?;
        match found.ty.innermost() {
            Type::Struct(of) => Some(&of.name),
            _ => None,
        }
    }

    fn by_span(&self) -> &BTreeMap<Span, Vec<Found>> {
        self.by_span.get_or_init(|| {
            let mut all: BTreeMap<Span, Vec<Found>> = BTreeMap::new();
            for (span, found) in &self.log {
                let here = all.entry(*span).or_default();
                if !here.contains(found) {
                    join_into(here, found);
                }
            }
            all
        })
    }
}

/// Adds a fact. Where there are too many to be told apart, it widens one of its kind.
fn join_into(here: &mut Vec<Found>, found: &Found) {
    if here.len() < TOLD_APART {
        here.push(found.clone());
        return;
    }
    let alike = here.iter_mut().find(|other| other.ty == found.ty && other.secrecy == found.secrecy);
    if let Some(other) = alike {
        let scalars = found.ty.leaves();
        for ((own, more), leaf) in other.leaves.iter_mut().zip(&found.leaves).zip(scalars) {
            if own != more {
                let frac = leaf.scalar.frac();
                let joined = own.range(frac).zip(more.range(frac)).map(|(a, b)| a.join(b));
                *own = Lanes::Within(joined.unwrap_or(Interval::FULL));
            }
        }
    }
}

impl Lanes {
    /// The raw range; `None` where there are too many known lanes to look at each.
    fn range(&self, frac: u32) -> Option<Interval> {
        let bounds =
            |value: &Num| Interval::new(known::raw_bound(value, frac, false), known::raw_bound(value, frac, true));
        match self {
            Self::Within(range) => Some(*range),
            Self::Known(Known::Same(value, _)) => Some(bounds(value)),
            Self::Known(Known::Each(values)) if values.len() > 1 << 10 => None,
            Self::Known(Known::Each(values)) => values.iter().map(bounds).reduce(Interval::join),
            Self::Known(known @ Known::Steps { .. }) => Some(known.range().mul(Interval::of(1 << frac))),
        }
    }
}

impl Found {
    fn show(&self) -> Fact {
        let word = match self.secrecy {
            Secrecy::Const => "const",
            Secrecy::Public => "public",
            Secrecy::Secret => "secret",
        };
        let mut fields = Vec::new();
        if let (Type::Scalar(scalar), Some(value)) = (&self.ty, self.value()) {
            return Fact { ty: format!("{word} {scalar}"), fields, value: Some(value) };
        }
        let text = written(&self.ty, &mut self.leaves.iter(), &mut fields);
        Fact { ty: format!("{word} {text}"), fields, value: self.value() }
    }

    /// The value of a known scalar or array of scalars.
    fn value(&self) -> Option<String> {
        let (scalar, extents) = self.ty.as_lanes()?;
        let (Secrecy::Const, [Lanes::Known(known)]) = (self.secrecy, self.leaves.as_slice()) else { return None };
        if extents.is_empty() {
            return Some(show(&known.scalar()?, scalar));
        }
        if extents.len() > 1 {
            return None;
        }
        let mut shown: Vec<String> = (0..known.lanes().min(SHOWN)).map(|at| show(&known.lane(at), scalar)).collect();
        if known.lanes() > SHOWN {
            shown.push("…".to_owned());
        }
        Some(format!("[{}]", shown.join(", ")))
    }
}

/// A known number as it is written.
fn show(value: &Num, scalar: Scalar) -> String {
    match value {
        Num::Bool(value) => value.to_string(),
        Num::Int(value) => show_int(*value),
        Num::Bits(value) => format!("{:#x}", **value),
        Num::Fix(_) => show_raw(known::raw_bound(value, scalar.frac(), false), scalar.frac()),
    }
}

/// A type with its ranges, as it would be written. Takes the leaves of the type; a record adds its fields to `fields`.
fn written<'l>(ty: &Type, leaves: &mut impl Iterator<Item = &'l Lanes>, fields: &mut Vec<(String, String)>) -> String {
    if let Type::Array(extents, element) = ty {
        let extents: Vec<String> = extents.iter().map(u64::to_string).collect();
        return format!("[{}; {}]", written(element, leaves, fields), extents.join(", "));
    }
    if let Type::Tuple(parts) = ty {
        let parts: Vec<String> = parts.iter().map(|part| written(part, leaves, fields)).collect();
        return format!("({}{})", parts.join(", "), if parts.len() == 1 { "," } else { "" });
    }
    if let Type::Struct(of) = ty {
        for (name, field) in &of.fields {
            // Records in records are named, not unfolded.
            let text = written(field, leaves, &mut Vec::new());
            fields.push((name.clone(), text));
        }
        return of.name.clone();
    }
    let lanes: Vec<&Lanes> = leaves.take(ty.leaf_count()).collect();
    match (ty, lanes.as_slice()) {
        (Type::Scalar(scalar), [lanes]) if scalar.is_number() => match lanes.range(scalar.frac()) {
            Some(range) if range != Interval::FULL => format!("{ty} in {}", show_range(range, scalar.frac())),
            _ => ty.to_string(),
        },
        _ => ty.to_string(),
    }
}
