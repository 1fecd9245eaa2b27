//! Every gate against integer arithmetic: a program that each party runs, at all widths, edge values and lane counts that tend to break. It runs
//! live over any links and dry, and its report has the cost of each case, so that both can be compared.
//!
//! A case is named after the method of [`Protocol`] that it tries; a test holds the names against the trait, so that a gate without a case is found.

mod borders;
mod divisions;
mod layout;
mod numbers;
mod truncations;
mod words;

use super::data::{Data, EDGE_LANES, WIDE_WIDTHS, WIDTHS, signed, unsigned};
use crate::executor::{Cx, Executor, Stats};
use crate::protocol::Protocol;

/// A gate that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The method of [`Protocol`].
    pub gate: &'static str,
    /// Bits of the operands; 0 where the gate has none to speak of.
    pub width: u32,
    /// Number of lanes.
    pub lanes: usize,
    /// What it cost, inputs and opening excluded.
    pub cost: Stats,
}

/// What a run of the suite found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was tried.
    pub cases: Vec<Case>,
    /// What is wrong; empty in dry mode.
    pub failures: Vec<String>,
}

/// How much of the suite to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All widths at all lane counts.
    Full,
    /// All lane counts at few widths.
    Sizes,
    /// Few of each, for slow links.
    Short,
    /// One of each, for many parties.
    Least,
}

/// Runs all cases.
pub async fn suite<P: Protocol>(p: &P, e: &Executor, extent: Extent) -> Report {
    let mut run = Run { p, e, instance: 0, report: Report::default() };
    let (widths, wide, lanes): (&[u32], &[u32], &[usize]) = match extent {
        Extent::Full => (&WIDTHS, &WIDE_WIDTHS, &EDGE_LANES),
        Extent::Sizes => (&[2, 64], &[65], &EDGE_LANES),
        Extent::Short => (&[1, 33, 64], &[128], &[1, 513]),
        Extent::Least => (&[64], &[65], &[9]),
    };
    for (n, &lanes) in lanes.iter().enumerate() {
        for &width in widths {
            for range in [signed(width), unsigned(width)].into_iter().flatten() {
                let data = Data::new(range, range, lanes, n as u64 * 1000 + u64::from(width));
                numbers::local(&mut run, &data).await;
                numbers::products(&mut run, &data, width).await;
                numbers::decisions(&mut run, &data, width).await;
                words::words(&mut run, &data, width).await;
                truncations::truncations(&mut run, &data, width).await;
                divisions::divisions(&mut run, &data, width).await;
                divisions::roots(&mut run, &data, width).await;
            }
        }
        for &width in wide {
            words::wide_words(&mut run, width, lanes).await;
        }
        layout::views(&mut run, lanes).await;
        layout::sorting(&mut run, lanes).await;
        layout::shuffles(&mut run, lanes).await;
        layout::sorted_rows(&mut run, lanes).await;
        // So few that a network sorts them.
        if lanes == 1 {
            layout::sorted_rows(&mut run, 4).await;
            layout::sorted_rows(&mut run, 17).await;
        }
        borders::checks(&mut run, lanes).await;
        borders::inputs_and_openings(&mut run, lanes).await;
    }
    run.report
}

/// A gate on two integers, and its definition.
type Definition = fn(i128, i128) -> i128;

/// The state of a run.
struct Run<'x, P> {
    p: &'x P,
    e: &'x Executor,
    instance: u64,
    report: Report,
}

impl<'x, P: Protocol> Run<'x, P> {
    /// The handle for the next gate.
    fn next(&mut self) -> Cx<'x> {
        self.instance += 1;
        self.e.gate(self.instance)
    }

    async fn input(&mut self, values: &[i64], owner: usize) -> P::Arith {
        let owner = owner % self.p.parties();
        let cx = self.next();
        self.p.input(cx, owner, (self.p.me() == owner).then_some(values), values.len()).await
    }

    async fn input_bin(&mut self, values: &[i64], width: u32, owner: usize) -> P::Bin {
        let owner = owner % self.p.parties();
        let cx = self.next();
        self.p.input_bin(cx, owner, (self.p.me() == owner).then_some(values), width, values.len()).await
    }

    /// Notes a case that has cost what was spent since `before`.
    fn note(&mut self, gate: &'static str, width: u32, lanes: usize, before: &Stats) {
        self.report.cases.push(Case { gate, width, lanes, cost: self.e.stats().since(before) });
    }

    fn compare(&mut self, name: &str, found: &[i64], expected: impl Iterator<Item = i128>) {
        if self.e.is_dry() {
            return;
        }
        let expected: Vec<i128> = expected.collect();
        let mut fail = |what: String| {
            if self.report.failures.len() < 50 {
                self.report.failures.push(format!("{name}: {what}"));
            }
        };
        if found.len() != expected.len() {
            fail(format!("{} lanes instead of {}", found.len(), expected.len()));
        }
        for (lane, (found, expected)) in found.iter().zip(expected).enumerate() {
            if i128::from(*found) != expected {
                fail(format!("lane {lane}: {found} instead of {expected}"));
            }
        }
    }

    async fn number(&mut self, name: &str, a: &P::Arith, expected: impl Iterator<Item = i128>) {
        let cx = self.next();
        let found = self.p.open(cx, a).await;
        self.compare(name, &found, expected);
    }

    /// As [`Self::number`], for words of at most 64 bits.
    async fn word(&mut self, name: &str, a: &P::Bin, expected: impl Iterator<Item = i128>) {
        let cx = self.next();
        let found = self.p.open_bin(cx, a).await;
        self.compare(name, &found, expected);
    }
}

/// Whether an exact result is one that a gate promises.
fn fits(x: i128) -> bool {
    i64::try_from(x).is_ok()
}

/// Modulo 2^64, in two's complement.
fn wrapped(x: i128) -> i128 {
    x << 64 >> 64
}
