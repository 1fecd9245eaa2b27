//! What is measured, at one party: each job sets up its operands, waits until all parties are there, and times the gate alone.

use super::limits::ring;
use super::{TIMES, modules, netlist, verify};
use crate::engine::{Engine, Plan};
use crate::failure::Failure;
use crate::run::child::connect;
use crate::run::party;
use crate::run::stats::{peak_memory, processor_seconds};
use serde::{Deserialize, Serialize};
use smpc_math::circuits;
use smpc_math::netlist::Netlist;
use smpc_net::{Network, Terms};
use smpc_protocols::registry::Setting;
use smpc_protocols::{Executor, Protocol, Range, Stats};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Job {
    /// Bytes round a ring of processes, without a protocol.
    Ring { bytes: u64 },
    /// Eight bytes round a ring, again and again, without a protocol.
    Rounds { rounds: u64 },
    /// Products in one vector.
    Products { lanes: u64 },
    /// Products of which each needs the one before.
    Dependent { products: u64 },
    /// Comparisons whose difference fits 64 bits.
    Comparisons { lanes: u64 },
    /// Comparisons of any two 64-bit integers.
    FullComparisons { lanes: u64 },
    /// The inner product of two vectors.
    InnerProduct { lanes: u64 },
    /// Numbers without their last sixteen bits, as after a product of fixed-point numbers.
    Truncations { lanes: u64 },
    /// The product of two square matrices.
    Matrix { size: u64 },
    /// The random circuit.
    Netlist { lanes: u64 },
    /// A circuit of the size of a block cipher.
    Cipher { lanes: u64 },
    /// A small circuit on words of eight bits, ten times one after the other.
    Sboxes { lanes: u64 },
    /// Sums of two words of 32 bits, each of which needs the one before, 100 lanes wide.
    Adders { sums: u64 },
    /// A loop of additions of array elements.
    Loop { turns: u64 },
}

/// All jobs, in the order of the table.
pub(super) const JOBS: &[Job] = &[
    Job::Ring { bytes: 256 << 20 },
    Job::Rounds { rounds: 10_000 },
    Job::Products { lanes: 1_000_000 },
    Job::Products { lanes: 20_000_000 },
    Job::Dependent { products: 10_000 },
    Job::Comparisons { lanes: 100_000 },
    Job::Comparisons { lanes: 1_000_000 },
    Job::FullComparisons { lanes: 100_000 },
    Job::FullComparisons { lanes: 1_000_000 },
    Job::InnerProduct { lanes: 1_000_000 },
    Job::Truncations { lanes: 100_000 },
    Job::Truncations { lanes: 1_000_000 },
    Job::Matrix { size: 512 },
    Job::Netlist { lanes: 16_384 },
    Job::Netlist { lanes: 1 << 20 },
    Job::Cipher { lanes: 1_000 },
    Job::Cipher { lanes: 10_000 },
    Job::Sboxes { lanes: 16_000 },
    Job::Sboxes { lanes: 160_000 },
    Job::Adders { sums: 1_000 },
    Job::Loop { turns: 1_000_000 },
];

impl Job {
    /// Its name and how many lanes it has.
    pub(super) fn title(&self) -> String {
        format!("{}, {} lanes", self.name(), self.lanes())
    }

    /// The same between parties that are far from each other: with a hundredth of the rounds, where it has thousands.
    pub(super) fn far(&self) -> Self {
        match *self {
            Self::Rounds { rounds } => Self::Rounds { rounds: rounds / 100 },
            Self::Dependent { products } => Self::Dependent { products: products / 100 },
            Self::Adders { sums } => Self::Adders { sums: sums / 100 },
            _ => self.clone(),
        }
    }

    /// Its name in the table.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Ring { .. } => "limit: ring over TLS",
            Self::Rounds { .. } => "limit: rounds over TLS",
            Self::Products { .. } => "products",
            Self::Dependent { .. } => "dependent products",
            Self::Comparisons { .. } => "comparisons, differences of 64 bits",
            Self::FullComparisons { .. } => "comparisons, full i64",
            Self::InnerProduct { .. } => "inner product",
            Self::Truncations { .. } => "truncations by 16 bits",
            Self::Matrix { .. } => "matrix product",
            Self::Netlist { .. } => "netlist of 10,000 gates",
            Self::Cipher { .. } => "netlist like AES-128, 6,400 ANDs",
            Self::Sboxes { .. } => "netlist of 32 ANDs, depth 4, ten in a row",
            Self::Adders { .. } => "dependent sums of 32-bit words",
            Self::Loop { .. } => "loop turns",
        }
    }

    /// Lanes, or what comes nearest.
    pub(super) const fn lanes(&self) -> u64 {
        match *self {
            Self::Ring { .. } | Self::Rounds { .. } | Self::Dependent { .. } | Self::Loop { .. } => 1,
            Self::Products { lanes }
            | Self::Comparisons { lanes }
            | Self::FullComparisons { lanes }
            | Self::InnerProduct { lanes }
            | Self::Truncations { lanes }
            | Self::Netlist { lanes }
            | Self::Cipher { lanes }
            | Self::Sboxes { lanes } => lanes,
            Self::Adders { .. } => ADDER_LANES,
            Self::Matrix { size } => size * size,
        }
    }

    /// Units of work.
    pub(super) const fn work(&self) -> u64 {
        match *self {
            Self::Ring { bytes } => bytes,
            Self::Rounds { rounds } => rounds,
            Self::Dependent { products } => products,
            Self::Loop { turns } => turns,
            Self::Products { lanes }
            | Self::Comparisons { lanes }
            | Self::FullComparisons { lanes }
            | Self::InnerProduct { lanes }
            | Self::Truncations { lanes } => lanes,
            Self::Matrix { size } => size * size * size,
            Self::Netlist { lanes } => lanes * netlist::LARGE.all_ands(),
            Self::Cipher { lanes } => lanes * netlist::CIPHER_ANDS,
            Self::Sboxes { lanes } => lanes * netlist::SBOX.all_ands() * SBOXES,
            Self::Adders { sums } => sums,
        }
    }

    /// What a unit of work is.
    pub(super) const fn unit(&self) -> &'static str {
        match self {
            Self::Ring { .. } => "bytes a link",
            Self::Rounds { .. } => "rounds",
            Self::Products { .. } | Self::Dependent { .. } | Self::InnerProduct { .. } | Self::Matrix { .. } => {
                "products"
            }
            Self::Comparisons { .. } | Self::FullComparisons { .. } => "comparisons",
            Self::Truncations { .. } => "truncations",
            Self::Netlist { .. } | Self::Cipher { .. } | Self::Sboxes { .. } => "ANDs",
            Self::Adders { .. } => "sums",
            Self::Loop { .. } => "turns",
        }
    }
}

/// What a party measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Wall time of each repetition.
    pub(super) seconds: Vec<f64>,
    /// Processor time of each repetition.
    pub(super) busy: Vec<f64>,
    /// Of one repetition.
    pub(super) rounds: u64,
    /// Of one repetition, headers included.
    pub(super) bytes_sent: u64,
    /// Of the whole process.
    pub(super) peak_memory: u64,
}

/// Calls of [`Job::Sboxes`].
const SBOXES: u64 = 10;
/// Lanes of [`Job::Adders`].
const ADDER_LANES: u64 = 100;

/// Runs a job as one party.
pub(super) fn run(me: usize, protocol: &Setting, job: &Job, network: Option<Network>) -> Result<Measured, Failure> {
    let mut terms = Terms::default();
    terms.add("bench", format!("{job:?}"));
    let mesh = connect(me, &terms, Duration::from_secs(60), network)?;
    let control = mesh.control.clone();
    let measured = match *job {
        Job::Ring { bytes } => ring(mesh, bytes, 1),
        Job::Rounds { rounds } => ring(mesh, 8, rounds),
        _ => party::among(protocol, mesh, Gates(job))?.0,
    }?;
    control.finish()?;
    Ok(measured)
}

fn size(lanes: u64) -> usize {
    usize::try_from(lanes).unwrap_or(usize::MAX)
}

/// A job's gate under a protocol.
struct Gates<'a>(&'a Job);

impl party::Job for Gates<'_> {
    type Value = Measured;
    type Error = Failure;

    fn run<P: Protocol>(self, protocol: &P, executor: &Executor) -> Result<Measured, Failure> {
        gates(&Bench { p: protocol, e: executor, instance: Cell::new(0) }, self.0)
    }
}

fn gates<P: Protocol>(bench: &Bench<'_, P>, job: &Job) -> Result<Measured, Failure> {
    let wide = Range::new(-(1 << 62), (1 << 62) - 1);
    match *job {
        Job::Products { lanes } => {
            let lanes = size(lanes);
            bench.gate(
                |p| [p.share_public(&[3], lanes), p.share_public(&[5], lanes)],
                async |p, cx, [a, b]| {
                    p.mul(cx, a, b).await;
                },
            )
        }
        Job::Dependent { products } => bench.gate(
            |p| [p.share_public(&[3], 1), p.share_public(&[5], 1)],
            async |p, cx, [a, b]| {
                let mut z = a.clone();
                for i in 0..products {
                    z = p.mul(cx.sub(i, products), &z, b).await;
                }
            },
        ),
        Job::Comparisons { lanes } => bench.compare(size(lanes), wide),
        Job::FullComparisons { lanes } => bench.compare(size(lanes), Range::FULL),
        Job::InnerProduct { lanes } => {
            let lanes = size(lanes);
            bench.gate(
                |p| [p.share_public(&[3], lanes), p.share_public(&[5], lanes)],
                async |p, cx, [a, b]| {
                    p.dot(cx, a, b, lanes).await;
                },
            )
        }
        Job::Truncations { lanes } => bench.gate(
            |p| p.share_public(&[1 << 40], size(lanes)),
            async |p, cx, x| {
                p.trunc(cx, x, 16, wide).await;
            },
        ),
        Job::Matrix { size: n } => {
            let n = size(n);
            bench.gate(
                |p| [p.share_public(&[3], n * n), p.share_public(&[5], n * n)],
                async |p, cx, [a, b]| {
                    p.matmul(cx, a, b, n, n, n).await;
                },
            )
        }
        Job::Netlist { lanes } => bench.circuit(&netlist::circuit(netlist::LARGE), lanes, 1),
        Job::Cipher { lanes } => bench.circuit(&netlist::cipher(), lanes, 1),
        Job::Sboxes { lanes } => bench.circuit(&netlist::circuit(netlist::SBOX), lanes, SBOXES),
        Job::Adders { sums } => {
            let circuit = circuits::netlist(&[32, 32], |b, w| circuits::add(b, &w[0], &w[1])).levelled();
            bench.gate(
                |p| p.share_public_bin(&[5], 32, size(ADDER_LANES)),
                async |p, cx, x| {
                    let mut sum = x.clone();
                    for i in 0..sums {
                        sum = p.netlist(cx.sub(i, sums), &circuit, &[&sum, x]).await;
                    }
                },
            )
        }
        Job::Loop { turns } => bench.program(turns),
        Job::Ring { .. } | Job::Rounds { .. } => Err(Failure::ours("a limit is no gate")),
    }
}

struct Bench<'b, P> {
    p: &'b P,
    e: &'b Executor,
    instance: Cell<u64>,
}

impl<P: Protocol> Bench<'_, P> {
    fn next(&self) -> smpc_protocols::Cx<'_> {
        self.e.gate(self.instance.replace(self.instance.get() + 1))
    }

    /// Returns when all parties are there: nobody learns x before everyone has sent its part, and nobody sends the second before it has the first.
    async fn meet(&self) {
        let one = self.p.share_public(&[1], 1);
        self.p.open(self.next(), &one).await;
        self.p.open(self.next(), &one).await;
    }

    /// Times `gate` on operands that `operands` makes once.
    fn gate<T>(
        &self,
        operands: impl FnOnce(&P) -> T,
        gate: impl AsyncFn(&P, smpc_protocols::Cx<'_>, &T),
    ) -> Result<Measured, Failure> {
        let run = async || {
            let operands = operands(self.p);
            let (mut clock, mut cost) = (Clock::default(), Stats::default());
            for _ in 0..=TIMES {
                self.meet().await;
                let before = self.e.stats();
                clock.start();
                gate(self.p, self.next(), &operands).await;
                verify(self.p, self.e).await;
                clock.stop();
                cost = self.e.stats().since(&before);
            }
            (clock, cost)
        };
        let (clock, cost) = self.e.run(run()).map_err(|error| Failure::ours(error.to_string()))?;
        Ok(clock.measured(cost.rounds, cost.sent.iter().sum()))
    }

    /// Times a circuit whose outputs are the inputs of the next call, where there are several.
    fn circuit(&self, circuit: &Netlist, lanes: u64, calls: u64) -> Result<Measured, Failure> {
        let circuit = circuit.levelled();
        self.gate(
            |p| p.share_public_bin(&[5], circuit.inputs.iter().sum(), size(lanes)),
            async |p, cx, input| {
                let mut word = p.netlist(cx.sub(0, calls), &circuit, &[input]).await;
                for i in 1..calls {
                    word = p.netlist(cx.sub(i, calls), &circuit, &[&word]).await;
                }
            },
        )
    }

    fn compare(&self, lanes: usize, range: Range) -> Result<Measured, Failure> {
        self.gate(
            |p| [p.share_public(&[3], lanes), p.share_public(&[5], lanes)],
            async |p, cx, [a, b]| {
                p.lt(cx, a, b, range, range).await;
            },
        )
    }

    /// Times a whole program: here the loop's turns are all that it does.
    fn program(&self, turns: u64) -> Result<Measured, Failure> {
        let program = modules::sum_by_turns(turns)?;
        let plan = Plan { nodes: Vec::new(), steps: u64::MAX };
        let (mut clock, mut cost) = (Clock::default(), Stats::default());
        for _ in 0..=TIMES {
            self.e.run(self.meet()).map_err(|error| Failure::ours(error.to_string()))?;
            let before = self.e.stats();
            clock.start();
            let engine = Engine::new(&program, self.p, self.e, &plan, Vec::new(), &|| ());
            engine.run().map_err(|error| Failure::ours(format!("{error:?}")))?;
            clock.stop();
            cost = self.e.stats().since(&before);
        }
        Ok(clock.measured(cost.rounds, cost.sent.iter().sum()))
    }
}

/// Wall and processor time of repetitions; the first one warms up and does not count.
#[derive(Default)]
pub(super) struct Clock {
    since: Option<(Instant, f64)>,
    seconds: Vec<f64>,
    busy: Vec<f64>,
}

impl Clock {
    pub(super) fn start(&mut self) {
        self.since = Some((Instant::now(), processor_seconds()));
    }

    pub(super) fn stop(&mut self) {
        if let Some((since, busy)) = self.since.take() {
            self.seconds.push(since.elapsed().as_secs_f64());
            self.busy.push(processor_seconds() - busy);
        }
    }

    /// Rounds and bytes are those of one repetition.
    pub(super) fn measured(mut self, rounds: u64, bytes_sent: u64) -> Measured {
        let (seconds, busy) = (self.seconds.split_off(1), self.busy.split_off(1));
        Measured { seconds, busy, rounds, bytes_sent, peak_memory: peak_memory() }
    }
}
