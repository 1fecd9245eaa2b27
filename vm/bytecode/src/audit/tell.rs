//! From what the walk has seen to what is told: disclosures with their dependencies, and what coalitions make of them.

use super::coalition::{Found, Release, Unknown, analyse};
use super::form::{Mode, Number};
use super::value::{Deps, Lanes, Value};
use super::walk::{Event, Walk};
use super::{
    Dependence, Disclosure, Means, Place, RecoveredColumn, RecoveredPart, Recovery, Released, Rounding, Shape, Told,
};
use crate::module::Receivers;
use crate::op::Op;
use crate::rounding;
use crate::types::{DataType, Leaf, RegType};
use num_traits::{One, ToPrimitive, Zero};
use std::collections::BTreeMap;

/// What coalitions make of it.
pub(super) struct Coalitions {
    pub(super) found: Vec<Recovery>,
    pub(super) left_out: Vec<usize>,
    pub(super) cut_short: bool,
}

/// What is told, in order, and what coalitions make of it.
pub(super) fn tell(walk: &Walk<'_>) -> (Vec<Disclosure>, Coalitions) {
    let teller = Teller::new(walk);
    let mut disclosures: Vec<Disclosure> = Vec::new();
    let mut releases: Vec<Release<'_>> = Vec::new();
    // Leaves of an output are one disclosure.
    let mut outputs: BTreeMap<usize, usize> = BTreeMap::new();
    let mut events: Vec<&Event<'_>> = walk.events.iter().collect();
    // What is told on the way in the order in which it is; then outputs as they are declared.
    events.sort_by_key(|event| match event.gate.op {
        Op::Output { output, leaf } => Some((output.index(), leaf)),
        _ => None,
    });
    for event in events {
        let made = teller.disclosure(event);
        let place = match event.gate.op {
            Op::Output { output, .. } => *outputs.entry(output.index()).or_insert(disclosures.len()),
            _ => disclosures.len(),
        };
        let to = made.to.clone();
        match disclosures.get_mut(place) {
            Some(known) => known.values.extend(made.values),
            None => disclosures.push(made),
        }
        if !matches!(event.gate.op, Op::Check { .. }) {
            releases.extend(event.turns.iter().map(|lanes| Release { to: to.clone(), lanes, disclosure: place }));
        }
    }
    let analysis = analyse(&walk.figures, &releases);
    let coalitions = Coalitions {
        found: analysis.found.iter().map(|found| teller.recovery(found)).collect(),
        left_out: analysis.left_out.into_iter().collect(),
        cut_short: analysis.cut_short,
    };
    (disclosures, coalitions)
}

struct Teller<'w, 'm> {
    walk: &'w Walk<'m>,
    /// By input.
    leaves: Vec<Vec<Leaf>>,
    roundings: Vec<rounding::OutputRounding>,
}

impl<'w, 'm> Teller<'w, 'm> {
    fn new(walk: &'w Walk<'m>) -> Self {
        let leaves = walk.module.manifest.inputs.iter().map(|input| input.ty.leaves()).collect();
        Self { walk, leaves, roundings: rounding::outputs(walk.module) }
    }

    fn disclosure(&self, event: &Event<'m>) -> Disclosure {
        let module = self.walk.module;
        let gate = event.gate;
        let (kind, to, path, ty) = match gate.op {
            Op::Output { output, leaf } => {
                let output = &module.manifest.outputs[output.index()];
                let leaves = output.ty.leaves();
                let leaf = leaves.get(leaf as usize);
                // Members of one output are rounded alike or not; the worst is said of all.
                let rounding = self.roundings.iter().find(|one| one.name == output.name);
                let rounding = rounding.map(|found| Rounding::of(module, found));
                let kind = Told::Output { name: output.name.clone(), member: output.member, rounding };
                let (path, ty) =
                    leaf.map_or((String::new(), DataType::Bool), |leaf| (leaf.path.clone(), leaf.scalar.clone()));
                (kind, output.to.clone(), path, ty)
            }
            Op::Check { message } => {
                let message = module.messages.get(message.index()).cloned().unwrap_or_default();
                (Told::Check { message }, Receivers::All, String::new(), DataType::Bool)
            }
            Op::Open { steers } => {
                let ty = gate.dst.as_ref().map(|dst| module.slots[dst.slot.index()].ty);
                let ty = ty.map_or(DataType::Bool, shown);
                (Told::Opened { steers }, Receivers::All, String::new(), ty)
            }
            // No other gate discloses.
            _ => (Told::Opened { steers: false }, Receivers::All, String::new(), DataType::Bool),
        };
        let is_check = matches!(kind, Told::Check { .. });
        Disclosure {
            kind,
            to,
            place: Place::of(module, gate.site),
            calls: event.calls.iter().map(|site| Place::of(module, *site)).collect(),
            times: (!event.joined).then_some(event.turns.len() as u64),
            values: vec![self.released(&event.turns, path, ty, is_check)],
        }
    }

    fn released(&self, turns: &[Lanes], path: String, ty: DataType, is_check: bool) -> Released {
        // A check tells one bit of all lanes together.
        let together: Vec<Lanes>;
        let turns = if is_check {
            together = turns.iter().map(|lanes| Lanes::of(1, Value::new(lanes.all(), None))).collect();
            &together
        } else {
            turns
        };
        let mut shape = Shape::Copies;
        let (mut random, mut stochastic) = (false, false);
        let mut counts: BTreeMap<usize, Count> = BTreeMap::new();
        let mut lanes = 0_u64;
        for turn in turns {
            lanes = lanes.max(turn.len());
            for (_, len, value) in turn.each() {
                shape = shape.max(self.shape_of(value));
                random |= value.deps.random;
                stochastic |= value.deps.stochastic;
                count(&mut counts, &value.deps, len);
            }
        }
        let all: u64 = turns.iter().map(Lanes::len).sum();
        Released { path, ty, lanes, uses: self.dependences(&counts, all), shape, random, stochastic }
    }

    fn shape_of(&self, value: &Value) -> Shape {
        match value.form.as_deref() {
            None if value.deps.is_empty() => Shape::Copies,
            None => Shape::Other,
            Some(form) => match &form.terms[..] {
                [] => Shape::Copies,
                // A figure that was made of inputs is none.
                [term] if self.walk.figures[term.var.0].made.is_some() => Shape::Linear,
                [term] if term.block.count == 1 && term.times.is_one() && form.at.is_zero() && form.error.is_zero() => {
                    Shape::Copies
                }
                _ => Shape::Linear,
            },
        }
    }

    fn dependences(&self, counts: &BTreeMap<usize, Count>, lanes: u64) -> Vec<Dependence> {
        let mut found: Vec<Dependence> = Vec::new();
        // Where the next one of a name is looked for: one of the last that were added.
        for (column, count) in counts {
            let (input, leaf) = self.column(*column);
            let facts = &self.walk.module.manifest.inputs[input];
            let path = self.leaves[input].get(leaf).map_or_else(String::new, |leaf| leaf.path.clone());
            // A value that does not depend on the column depends on none of its rows.
            let fewest = if count.values < lanes { 0 } else { count.rows.0 };
            let one = Dependence {
                input: facts.name.clone(),
                path,
                inputs: Vec::new(),
                secret: facts.secret,
                how: count.how,
                rows: (fewest, count.rows.1),
                at_most: count.at_most,
                row_by_row: lanes > 1 && count.rows.1 == 1 && count.moving,
            };
            match found.iter_mut().find(|other| Dependence { inputs: Vec::new(), ..(**other).clone() } == one) {
                Some(other) => other.inputs.push(input),
                None => found.push(Dependence { inputs: vec![input], ..one }),
            }
        }
        found
    }

    /// The input and the leaf of a column.
    fn column(&self, column: usize) -> (usize, usize) {
        let input = self.walk.columns.partition_point(|first| *first <= column).saturating_sub(1);
        (input, column - self.walk.columns[input])
    }

    fn recovery(&self, found: &Found) -> Recovery {
        let parts = found.parts.iter().map(|(times, what)| RecoveredPart {
            times: times.to_string(),
            columns: self.recovered(what),
            each: what.each,
        });
        Recovery {
            owner: found.owner,
            coalition: found.coalition.clone(),
            parts: parts.collect(),
            within: (!found.error.is_zero()).then(|| above(&found.error)),
            modulo: found.mode == Mode::Wrapped,
            words: found.mode == Mode::Word,
            from: found.from.clone(),
            tried: found.tried,
        }
    }

    fn recovered(&self, what: &Unknown) -> Vec<RecoveredColumn> {
        let mut columns: Vec<RecoveredColumn> = Vec::new();
        for piece in &what.pieces {
            let figure = &self.walk.figures[piece.var.0];
            let lane = |lane: i128| u64::try_from(lane).unwrap_or(u64::MAX);
            let lanes = (lane(piece.from), lane(piece.to));
            let column = match &figure.made {
                None => RecoveredColumn {
                    of: vec![self.column(piece.var.0)],
                    figure: None,
                    how: Means::NONE,
                    rows: 1,
                    lanes,
                },
                Some((deps, site)) => {
                    let secret = deps.uses.iter().filter(|one| self.walk.figures[one.column].owner.is_some());
                    let rows = secret.clone().map(|one| lane(one.lanes.size(0).0)).max().unwrap_or(1);
                    RecoveredColumn {
                        of: secret.clone().map(|one| self.column(one.column)).collect(),
                        figure: Some(Place::of(self.walk.module, *site)),
                        how: secret.fold(Means::NONE, |all, one| all | one.how),
                        rows,
                        lanes,
                    }
                }
            };
            match columns.last_mut() {
                Some(last) if last.lanes.1 == lanes.0 && RecoveredColumn { lanes, ..last.clone() } == column => {
                    last.lanes.1 = lanes.1;
                }
                _ => columns.push(column),
            }
        }
        columns
    }
}

/// Of how many rows of a column the values are.
struct Count {
    how: Means,
    rows: (u64, u64),
    at_most: bool,
    /// Values that depend on it at all.
    values: u64,
    /// Whether different values depend on different rows.
    moving: bool,
    /// The row of the values so far, if there is one.
    row: Option<i128>,
}

fn count(counts: &mut BTreeMap<usize, Count>, deps: &Deps, len: u64) {
    for one in &deps.uses {
        let size = |i: u64| {
            let (size, at_most) = one.lanes.size(i.into());
            (u64::try_from(size).unwrap_or(u64::MAX), at_most)
        };
        let ((first, a), (last, b)) = (size(0), size(len - 1));
        let row = one.lanes.blocks.first().map(|block| block.base);
        let entry = counts.entry(one.column).or_insert(Count {
            how: one.how,
            rows: (u64::MAX, 0),
            at_most: false,
            values: 0,
            moving: false,
            row,
        });
        entry.how |= one.how;
        entry.rows = (entry.rows.0.min(first).min(last), entry.rows.1.max(first).max(last));
        entry.at_most |= a || b;
        entry.values += len;
        entry.moving |= !one.lanes.is_still() || entry.row != row;
    }
}

/// The type of an opened value.
fn shown(ty: RegType) -> DataType {
    let (lo, hi) = ty.range();
    match ty {
        RegType::Pub { kind: crate::types::Kind::Bool, .. } => DataType::Bool,
        RegType::Bin { width } => DataType::Bits { width },
        RegType::Pub { frac: 0, .. } | RegType::Arith { frac: 0, .. } => DataType::Int { lo, hi },
        RegType::Pub { frac, .. } | RegType::Arith { frac, .. } => DataType::Fix { frac, lo, hi },
    }
}

/// A number in floating point, not less than it is.
fn above(number: &Number) -> f64 {
    number.to_f64().unwrap_or(f64::INFINITY) * (1.0 + f64::EPSILON)
}
