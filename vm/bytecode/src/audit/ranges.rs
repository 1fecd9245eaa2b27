//! Which ranges inputs promise, and which numbers come near the end of 64 bits.

use super::{Disclosure, Place};
use crate::facts::walk;
use crate::module::Module;
use crate::op::Op;
use crate::types::{DataType, RegType};
use std::collections::BTreeMap;

/// Numbers that are named.
const MOST_NAMED: usize = 5;

/// An input.
#[derive(Clone, Debug, PartialEq)]
pub struct InputFacts {
    /// Its name.
    pub name: String,
    /// The member of a counted role that supplies it.
    pub member: Option<u32>,
    /// Number of the role that supplies it.
    pub role: usize,
    /// Whether only its owner knows it.
    pub secret: bool,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// A column of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The field, empty where there is only one.
    pub path: String,
    /// The type of a value.
    pub ty: DataType,
    /// How many values.
    pub lanes: u64,
    /// Where the program makes sure of the range, if it does.
    pub proven: Option<Place>,
    /// Whether anything that is told depends on it.
    pub told: bool,
}

/// A secret number with a range near the end of 64 bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Tight {
    /// Where it is computed.
    pub place: Place,
    /// The operation.
    pub operation: &'static str,
    /// Its least and its greatest raw value.
    pub range: (i64, i64),
    /// Its fractional bits.
    pub frac: u32,
}

impl Tight {
    /// Bits between the greatest magnitude and the end of 64-bit two's complement.
    #[must_use]
    pub fn spare_bits(&self) -> u32 {
        let magnitude = self.range.0.unsigned_abs().max(self.range.1.unsigned_abs());
        magnitude.leading_zeros().saturating_sub(1)
    }
}

/// The inputs of a module.
pub(super) fn inputs(module: &Module, disclosures: &[Disclosure]) -> Vec<InputFacts> {
    // A proof reads the register that the input was written to.
    let mut read: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    let mut proven: BTreeMap<(usize, usize), Place> = BTreeMap::new();
    walk(module, &mut |gate| match (gate.op, &gate.dst) {
        (Op::Input { input, leaf }, Some(dst)) => {
            read.insert(dst.slot.index(), (input.index(), leaf as usize));
        }
        (Op::ProveRange {}, _) => {
            if let Some(column) = gate.args.first().and_then(|view| read.get(&view.slot.index())) {
                proven.entry(*column).or_insert_with(|| Place::of(module, gate.site));
            }
        }
        _ => {}
    });
    let told = |input: usize, path: &str| {
        disclosures
            .iter()
            .flat_map(|disclosure| &disclosure.values)
            .any(|released| released.uses.iter().any(|one| one.path == path && one.inputs.contains(&input)))
    };
    let inputs = module.manifest.inputs.iter().enumerate().map(|(i, input)| InputFacts {
        name: input.name.clone(),
        member: input.member,
        role: input.role.index(),
        secret: input.secret,
        columns: input
            .ty
            .leaves()
            .into_iter()
            .enumerate()
            .map(|(j, leaf)| Column {
                told: told(i, &leaf.path),
                path: leaf.path,
                ty: leaf.scalar,
                lanes: leaf.lanes.unwrap_or(u64::MAX),
                proven: proven.get(&(i, j)).cloned(),
            })
            .collect(),
    });
    inputs.collect()
}

/// The numbers nearest to the end of 64 bits, and how many secret numbers there are in all.
pub(super) fn tight(module: &Module) -> (Vec<Tight>, usize) {
    let mut all: Vec<Tight> = Vec::new();
    let mut count = 0;
    walk(module, &mut |gate| {
        let Some(dst) = &gate.dst else { return };
        let RegType::Arith { lo, hi, frac } = module.slots[dst.slot.index()].ty else { return };
        // Arithmetic modulo 2^64 has all of them for a result, and what comes in is not proven yet.
        if matches!(gate.op, Op::Input { .. } | Op::AddWrap {} | Op::SubWrap {} | Op::MulWrap {} | Op::Copy {}) {
            return;
        }
        count += 1;
        let place = Place::of(module, gate.site);
        let operation = gate.op.mnemonic();
        all.push(Tight { place, operation, range: (lo, hi), frac });
    });
    all.sort_by_key(|tight| (tight.spare_bits(), tight.place.file.clone(), tight.place.line));
    let mut lines = Vec::new();
    all.retain(|tight| {
        let line = (tight.place.file.clone(), tight.place.line);
        !lines.contains(&line) && lines.len() < MOST_NAMED && {
            lines.push(line);
            true
        }
    });
    (all, count)
}
