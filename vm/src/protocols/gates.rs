//! What gates cost under each protocol: its own code, over buffers that have lengths and no content, at every party in turn.

use crate::failure::Failure;
use crate::run::party::{Job, counting};
use smpc_protocols::registry::{PLAIN, Setting};
use smpc_protocols::{Error, Executor, HEADER, Protocol, Range};
use std::cell::Cell;
use std::rc::Rc;

/// Lanes of a gate that is counted: whole blocks of 512, the same number for each of two to six parties, so that nothing is filled up.
pub const LANES: usize = 512 * 60;
/// Pairs that a dot product adds up.
pub const PAIRS: usize = 16;
/// Bits that a truncation takes off, as a product of two `fix<16>` has them.
pub const SHIFT: u32 = 16;
/// Numbers of 61 bits, within which truncations need no detour.
const TRUNCATED: Range = Range::new(-(1 << 60), (1 << 60) - 1);
const FULL: Range = Range::new(i64::MIN, i64::MAX);

/// A gate that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Products of numbers.
    Product,
    /// Sums of [`PAIRS`] products each.
    DotProduct,
    /// ∧ of single bits.
    And,
    /// Comparisons of any numbers of 64 bits.
    Comparison,
    /// Whether such numbers are the same.
    Equality,
    /// Truncations by [`SHIFT`] bits.
    Truncation,
    /// One of two numbers by a secret bit.
    Selection,
}

impl Gate {
    /// All of them, as the table has them.
    pub const ALL: [Self; 7] = [
        Self::Product,
        Self::DotProduct,
        Self::And,
        Self::Comparison,
        Self::Equality,
        Self::Truncation,
        Self::Selection,
    ];

    /// What the table and the JSON call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::DotProduct => "dot product",
            Self::And => "AND",
            Self::Comparison => "comparison",
            Self::Equality => "equality",
            Self::Truncation => "truncation",
            Self::Selection => "selection",
        }
    }
}

/// What a gate costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateCost {
    /// The gate.
    pub gate: Gate,
    /// Rounds of a vector of them.
    pub rounds: u64,
    /// Bits that a party sends for each lane, on average over the parties, without headers of frames.
    pub bits: f64,
}

/// Counts all gates.
///
/// # Errors
/// Ours: the protocol cannot be counted.
pub fn count(setting: &Setting) -> Result<Vec<GateCost>, Failure> {
    Gate::ALL.into_iter().map(|gate| count_one(setting, gate, LANES)).collect()
}

/// Counts a gate on a vector of so many lanes.
///
/// # Errors
/// Ours: the protocol cannot be counted.
#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
pub fn count_one(setting: &Setting, gate: Gate, lanes: usize) -> Result<GateCost, Failure> {
    if setting.spec == &PLAIN {
        return Ok(GateCost { gate, rounds: 0, bits: 0.0 });
    }
    let payload = Rc::new(Cell::new(0));
    let mut rounds = 0;
    for me in 0..setting.parties {
        let sum = Rc::clone(&payload);
        let executor = Executor::dry(me, setting.parties).watched(move |sent, _| {
            let frames = sent.iter().filter(|bytes| **bytes > 0);
            sum.set(sum.get() + frames.map(|bytes| bytes - HEADER as u64).sum::<u64>());
        });
        counting(setting, me, &executor, Counted { gate, lanes })?.map_err(|error| Failure::ours(error.to_string()))?;
        rounds = executor.rounds().max(rounds);
    }
    Ok(GateCost { gate, rounds, bits: payload.get() as f64 * 8.0 / (setting.parties * lanes) as f64 })
}

/// A party's gate on a vector.
struct Counted {
    gate: Gate,
    lanes: usize,
}

impl Job for Counted {
    type Value = ();
    type Error = Error;

    fn run<P: Protocol>(self, protocol: &P, executor: &Executor) -> Result<(), Error> {
        let (cx, lanes) = (executor.gate(0), self.lanes);
        let (a, bits) = (protocol.share_public(&[0], lanes), protocol.share_public_bin(&[0], 1, lanes));
        match self.gate {
            Gate::Product => executor.run(protocol.mul(cx, &a, &a)).map(drop),
            Gate::DotProduct => {
                let terms = protocol.share_public(&[0], lanes * PAIRS);
                executor.run(protocol.dot(cx, &terms, &terms, PAIRS)).map(drop)
            }
            Gate::And => executor.run(protocol.and(cx, &bits, &bits)).map(drop),
            Gate::Comparison => executor.run(protocol.lt(cx, &a, &a, FULL, FULL)).map(drop),
            Gate::Equality => executor.run(protocol.eq(cx, &a, &a, FULL, FULL)).map(drop),
            Gate::Truncation => executor.run(protocol.trunc(cx, &a, SHIFT, TRUNCATED)).map(drop),
            Gate::Selection => executor.run(protocol.select(cx, &bits, &a, &a)).map(drop),
        }
    }
}
