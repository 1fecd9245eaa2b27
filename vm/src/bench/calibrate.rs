//! Measures the constants of the time model (`run::cost::calibration`): each kind of gate at a few sizes, among processes over TLS as in a run.
//!
//! A gate's time is what a program with it takes longer than the same program without: of a loop of no turns and one of some, both timed in turn. Of each the fastest
//! of several counts, because whatever else runs on the machine only adds to a time.
//! The smallest size runs several gates side by side: what they add is theirs, the rest is their rounds'. A round is what a product of single lanes takes beyond that.

use super::cases::{self, Case, Made};
use super::verify;
use crate::engine::{Engine, Inputs, Plan};
use crate::failure::{Class, Failure};
use crate::output::{Json, OutputFile};
use crate::run::child::{self, Order, connect};
use crate::run::cost::calibration::{Calibration, Constants, KindTime, VERSION};
use crate::run::stats::peak_memory;
use crate::run::{Among, cluster, party, protocol};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use smpc_net::{Network, Terms};
use smpc_protocols::plain::Plain;
use smpc_protocols::registry::{PLAIN, PROTOCOLS, Setting};
use smpc_protocols::{Executor, Protocol, Stats};
use std::path::Path;
use std::time::{Duration, Instant};

/// One party's part in a measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CalibrateOrder {
    me: usize,
    protocol: Among,
    /// The number of the case; none for what new memory takes.
    case: Option<usize>,
    network: Option<String>,
}

/// A case at one size, at one party.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sample {
    /// Seconds of the program with its turns and of the one without, by repetition.
    seconds: Vec<(f64, f64)>,
    /// Turns.
    turns: u64,
    /// Rounds of all turns.
    rounds: u64,
    /// Bytes that the party sends in all turns.
    bytes: u64,
    /// Most memory of the process so far, before and after.
    memory: (u64, u64),
}

/// Times that all cases are gone through, so that what disturbs the machine for a while does not disturb a case each time.
const PASSES: usize = 2;
/// Lanes of the vector that shows what new memory takes.
const FRESH: usize = 1 << 24;
/// Units of work from which on memory counts.
const MANY: u64 = 10_000;
/// Repetitions.
const TIMES: usize = 7;
/// A network whose round trip counts, for what its emulation adds to it.
const SLOW: &str = "rtt=2ms";
/// One that has no bounds, for what its emulation takes of the processors.
const FREE: &str = "rtt=0us";

/// Measures all kinds under all protocols, or the one that is named, among so many parties, writes the file, and says where it is; without a file it returns its text.
///
/// # Errors
/// The user's where the file cannot be written and for a protocol that is not, or not among so many parties; ours where a party fails.
pub fn command(
    only: Option<&str>,
    (parties, threshold): (Option<usize>, Option<usize>),
    output: Option<&Path>,
    log: &dyn Fn(&str),
) -> Result<String, Vec<Failure>> {
    let one = |failure: Failure| vec![failure];
    let file = output.map(OutputFile::probe).transpose().map_err(one)?;
    if cfg!(debug_assertions) {
        log("warning: this is no release build; its figures say nothing");
    }
    let executable = std::env::current_exe()
        .map_err(|error| vec![Failure::ours(format!("this program cannot find itself: {error}"))])?;
    let cores = std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    let mut calibration =
        Calibration { version: VERSION, machine: machine(), cores, protocols: std::collections::BTreeMap::new() };
    let only = only.map(protocol).transpose().map_err(one)?;
    if only.is_none() && (parties.is_some() || threshold.is_some()) {
        let message = "the protocols do not all run among the same parties".to_owned();
        return Err(one(Failure::new(Class::Usage, message).help("name the one to calibrate, e.g. --protocol shamir")));
    }
    let wanted = PROTOCOLS.iter().filter(|spec| only.is_none_or(|only| only == **spec));
    let settings: Result<Vec<Setting>, String> = wanted.map(|spec| spec.among(parties, threshold)).collect();
    for protocol in settings.map_err(|what| one(Failure::new(Class::Usage, what)))? {
        let bench = Calibrator { executable: &executable, protocol, log };
        calibration.protocols.insert(protocol.name.to_owned(), bench.constants()?);
    }
    let text = json(&calibration).render();
    match file {
        None => Ok(text),
        Some(file) => {
            file.write(text).map_err(one)?;
            log(&format!("wrote {}: `smpcc cost --calibration` takes it", file.named().display()));
            Ok(String::new())
        }
    }
}

/// The processor, as the system names it.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix("model name"));
    let name = line.map(|line| line.trim_start_matches([' ', '\t', ':']).trim().to_owned());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

struct Calibrator<'a> {
    executable: &'a Path,
    protocol: Setting,
    log: &'a dyn Fn(&str),
}

/// A case at one size: what a turn takes.
struct Turn {
    seconds: f64,
    rounds: f64,
    bytes: f64,
    memory: (u64, u64),
}

impl Turn {
    /// Keeps the faster time; memory and messages are the same each time.
    fn faster(&mut self, other: &Self) {
        self.seconds = self.seconds.min(other.seconds);
    }
}

impl Calibrator<'_> {
    fn constants(&self) -> Result<Constants, Vec<Failure>> {
        let cases = cases::all();
        // What cannot be measured is found before minutes have gone into the others.
        let free = party::free(&self.protocol).map_err(|failure| vec![failure])?;
        let wrong = |case: &Case| case.kind(case.sizes(&self.protocol, free)[0].0, free).err();
        let wrong: Vec<Failure> = cases.iter().filter_map(wrong).collect();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let mut all: Vec<Vec<Turn>> = Vec::new();
        for pass in 0..PASSES {
            for (number, case) in cases.iter().enumerate() {
                let (kind, _) =
                    case.kind(case.sizes(&self.protocol, free)[0].0, free).map_err(|failure| vec![failure])?;
                let what = format!("{} {}", kind.form.name(), kind.op);
                (self.log)(&format!("{}, {} of {PASSES}: {what} of {} bits", self.protocol.name, pass + 1, kind.width));
                let turns = self.turns(number, None)?;
                match all.get_mut(number) {
                    Some(known) => known.iter_mut().zip(turns).for_each(|(known, turn)| known.faster(&turn)),
                    None => all.push(turns),
                }
            }
        }
        let among = Some((self.protocol.parties, self.protocol.threshold));
        let mut constants = Constants { among, fresh_byte: self.fresh()?, ..Constants::default() };
        for (number, (case, turns)) in cases.iter().zip(&all).enumerate() {
            if number == 0 {
                self.rounds(case, turns, &mut constants)?;
            }
            constants.kinds.push(fit(case, turns, &constants, &self.protocol).map_err(|failure| vec![failure])?);
        }
        Ok(constants)
    }

    /// What rounds take beside gates, from the first case.
    fn rounds(&self, case: &Case, turns: &[Turn], constants: &mut Constants) -> Result<(), Vec<Failure>> {
        constants.process = turns.first().map_or(0.0, |turn| of(turn.memory.0));
        if self.protocol.spec == &PLAIN {
            return Ok(());
        }
        // Several gates a turn, and one: the first and the last of the sizes that a party runs of this case. Where what was computed is verified, the rounds of that are among a turn's.
        let together = of(case.together(1));
        let rounds = turns.last().map_or(1.0, |turn| turn.rounds.max(1.0));
        let nanoseconds = |turns: &[Turn]| turns.iter().map(|turn| turn.seconds * 1e9).collect::<Vec<f64>>();
        let own = |times: &[f64]| match times {
            [several, .., single] => {
                let gate = ((several - single) / (together - 1.0)).max(0.0);
                (single - gate).max(0.0) / rounds
            }
            _ => 0.0,
        };
        constants.round = own(&nanoseconds(turns));
        let slow = self.turns(0, Some(SLOW))?;
        let latency = SLOW.parse::<Network>().map_or(0.0, |network| network.rtt.as_secs_f64() * 1e9 / 2.0);
        constants.network_round = (own(&nanoseconds(&slow)) - latency).max(0.0);
        let free = self.turns(0, Some(FREE))?;
        let last = turns.len().saturating_sub(2);
        if let (Some(there), Some(here)) = (free.get(last), turns.get(last)) {
            let (rounds, more) =
                (here.rounds * (constants.network_round - constants.round), there.seconds - here.seconds);
            constants.network_byte = ((more * 1e9 - rounds) / here.bytes.max(1.0)).max(0.0);
        }
        Ok(())
    }

    /// Nanoseconds a byte of new memory.
    fn fresh(&self) -> Result<f64, Vec<Failure>> {
        let slowest = || Ok(self.start::<f64>(None, None)?.into_iter().fold(0.0, f64::max));
        let mut times = (0..TIMES).map(|_| slowest()).collect::<Result<Vec<f64>, Vec<Failure>>>()?;
        times.sort_by(f64::total_cmp);
        Ok(digits(times[TIMES / 2]))
    }

    /// Starts the parties' processes, and gives back what they say.
    fn start<T: DeserializeOwned>(&self, case: Option<usize>, network: Option<&str>) -> Result<Vec<T>, Vec<Failure>> {
        let order = |me: usize| {
            let (protocol, network) = (Among::of(&self.protocol), network.map(str::to_owned));
            Order::Calibrate(CalibrateOrder { me, protocol, case, network })
        };
        let orders: Vec<Order> = (0..self.protocol.parties).map(order).collect();
        cluster::start(self.executable, &orders)
    }

    /// Runs a case at all its sizes.
    fn turns(&self, case: usize, network: Option<&str>) -> Result<Vec<Turn>, Vec<Failure>> {
        let parties: Vec<Vec<Sample>> = self.start(Some(case), network)?;
        let sizes = parties.iter().map(Vec::len).min().unwrap_or(0);
        let turn = |size: usize| {
            let samples = || parties.iter().map(|samples| &samples[size]);
            let most = |of: fn(&Sample) -> u64| samples().map(of).max().unwrap_or(0);
            // Of a repetition the slowest party, of the repetitions the fastest.
            let fastest = |program: fn(&(f64, f64)) -> f64| {
                let times = |time: usize| samples().filter_map(move |sample| sample.seconds.get(time)).map(program);
                (0..TIMES).map(|time| times(time).fold(0.0, f64::max)).fold(f64::INFINITY, f64::min)
            };
            let turns = of(most(|sample| sample.turns).max(1));
            Turn {
                seconds: (fastest(|(with, _)| *with) - fastest(|(_, without)| *without)).max(0.0) / turns,
                rounds: of(most(|sample| sample.rounds)) / turns,
                bytes: of(most(|sample| sample.bytes)) / turns,
                memory: (most(|sample| sample.memory.0), most(|sample| sample.memory.1)),
            }
        };
        Ok((0..sizes).map(turn).collect())
    }
}

#[allow(clippy::cast_precision_loss, reason = "a measurement has fewer digits")]
const fn of(count: u64) -> f64 {
    count as f64
}

/// The line of a kind: at each size what is not its rounds'.
fn fit(case: &Case, turns: &[Turn], constants: &Constants, protocol: &Setting) -> Result<KindTime, Failure> {
    let free = party::free(protocol)?;
    let mut times = Vec::new();
    let mut scratch = 0.0;
    let mut kind = case.kind(case.sizes(protocol, free)[0].0, free)?.0;
    for ((lanes, _), turn) in case.sizes(protocol, free).iter().zip(turns) {
        let (own, units) = case.kind(*lanes, free)?;
        kind = own;
        let gates = of(case.together(*lanes));
        let nanoseconds = (turn.seconds * 1e9 - turn.rounds * constants.round).max(0.0) / gates;
        times.push((of(units), digits(nanoseconds)));
        let grown = of(turn.memory.1.saturating_sub(turn.memory.0));
        // What a process takes anyway is not the lanes'.
        let many = if units < MANY { f64::INFINITY } else { of(units) };
        scratch = (grown - of(case.held(*lanes, protocol))).max(0.0) / many;
    }
    times.dedup_by(|later, earlier| later.0 <= earlier.0);
    Ok(KindTime {
        op: kind.op.to_owned(),
        form: kind.form.name().to_owned(),
        words: kind.words,
        by_public: kind.by_public,
        width: kind.width,
        times,
        scratch: digits(scratch),
    })
}

/// As many digits as were measured.
fn digits(value: f64) -> f64 {
    let scale = 10_f64.powi(3 - value.abs().max(1e-9).log10().floor() as i32);
    (value * scale).round() / scale
}

/// A party's part: the case at each of its sizes, and for the first case one gate alone as well.
///
/// # Errors
/// Those of its links, and of a case that does not run.
pub fn party(order: &CalibrateOrder) -> Result<serde_json::Value, Failure> {
    let Some(number) = order.case else {
        child::ready(order.me)?;
        return child::value(&fresh());
    };
    let cases = cases::all();
    let case = cases.get(number).ok_or_else(|| Failure::ours("no such case"))?;
    let protocol = order.protocol.setting()?;
    let with_gates = |(lanes, turns)| (lanes, turns, case.together(lanes));
    let mut sizes: Vec<(u64, u64, u64)> =
        case.sizes(&protocol, party::free(&protocol)?).into_iter().map(with_gates).collect();
    if number == 0 {
        sizes.push((1, sizes[0].1, 1));
    }
    if protocol.spec == &PLAIN {
        child::ready(order.me)?;
        let executor = Executor::new(0, 1, 0, 0, Box::new(crate::run::wire::NoWire));
        return child::value(&samples(&Plain, &executor, case, &sizes)?);
    }
    let mut terms = Terms::default();
    terms.add("calibration", format!("{number} {:?}", order.network));
    let network = order.network.as_deref().map(str::parse::<Network>).transpose();
    let network = network.map_err(|error| Failure::ours(error.to_string()))?;
    let mesh = connect(order.me, &terms, Duration::from_secs(60), network)?;
    let control = mesh.control.clone();
    let job = Measure { case, sizes: &sizes };
    let (samples, ..) = party::among(&protocol, mesh, job)?;
    let samples = samples?;
    control.finish()?;
    child::value(&samples)
}

/// A case under a protocol.
struct Measure<'a> {
    case: &'a Case,
    sizes: &'a [(u64, u64, u64)],
}

impl party::Job for Measure<'_> {
    type Value = Vec<Sample>;
    type Error = Failure;

    fn run<P: Protocol>(self, protocol: &P, executor: &Executor) -> Result<Vec<Sample>, Failure> {
        samples(protocol, executor, self.case, self.sizes)
    }
}

/// Nanoseconds a byte that a vector's memory takes when it is new, beyond what writing it takes.
fn fresh() -> f64 {
    let mut vector: Vec<u64> = Vec::with_capacity(FRESH);
    let mut write = || {
        vector.clear();
        let start = Instant::now();
        vector.resize(FRESH, 1);
        std::hint::black_box(&mut vector);
        start.elapsed().as_secs_f64()
    };
    let (new, known) = (write(), write());
    (new - known).max(0.0) * 1e9 / of(size_of::<u64>() as u64 * FRESH as u64)
}

fn samples<P: Protocol>(
    protocol: &P,
    executor: &Executor,
    case: &Case,
    sizes: &[(u64, u64, u64)],
) -> Result<Vec<Sample>, Failure> {
    sizes.iter().map(|size| sample(protocol, executor, case, *size)).collect()
}

fn sample<P: Protocol>(
    protocol: &P,
    executor: &Executor,
    case: &Case,
    (lanes, turns, together): (u64, u64, u64),
) -> Result<Sample, Failure> {
    let before = peak_memory();
    let (with, without) = (case.program(lanes, turns, together)?, case.program(lanes, 0, together)?);
    let run = |made: &Made| -> Result<(f64, Stats), Failure> {
        meet(protocol, executor)?;
        let plan = Plan { nodes: vec![0], steps: u64::MAX };
        let values = || usize::try_from(made.input).map(|lanes| vec![vec![1; lanes]]).unwrap_or_default();
        let inputs: Inputs = if made.input > 0 { vec![(protocol.me() == 0).then(values)] } else { Vec::new() };
        let (before, start) = (executor.stats(), Instant::now());
        let engine = Engine::new(&made.program, protocol, executor, &plan, inputs, &|| ());
        engine.run().map_err(|error| Failure::ours(format!("a case does not run: {error:?}")))?;
        executor.run(verify(protocol, executor)).map_err(|error| Failure::ours(error.to_string()))?;
        Ok((start.elapsed().as_secs_f64(), executor.stats().since(&before)))
    };
    let mut seconds = Vec::with_capacity(TIMES);
    let mut cost = Stats::default();
    // The first one warms up.
    for time in 0..=TIMES {
        let (base, nothing) = run(&without)?;
        let (whole, all) = run(&with)?;
        cost = all.since(&nothing);
        if time > 0 {
            seconds.push((whole, base));
        }
    }
    let bytes = cost.sent.iter().sum();
    Ok(Sample { seconds, turns, rounds: cost.rounds, bytes, memory: (before, peak_memory()) })
}

/// Returns when all parties are there.
fn meet<P: Protocol>(protocol: &P, executor: &Executor) -> Result<(), Failure> {
    let met = executor.run(async {
        let one = protocol.share_public(&[1], 1);
        protocol.open(executor.gate(u64::MAX >> 1), &one).await;
        protocol.open(executor.gate(u64::MAX >> 1), &one).await;
    });
    met.map_err(|error| Failure::ours(error.to_string()))
}

fn json(calibration: &Calibration) -> Json {
    let member = |name: &str, value: Json| (name.to_owned(), value);
    let text = |text: &str| Json::Text(text.to_owned());
    let kind = |kind: &KindTime| {
        let times = kind.times.iter().map(|(units, ns)| Json::List(vec![Json::float(*units), Json::float(*ns)]));
        Json::Object(vec![
            member("op", text(&kind.op)),
            member("form", text(&kind.form)),
            member("words", Json::Word(kind.words.to_string())),
            member("by_public", Json::Word(kind.by_public.to_string())),
            member("width", Json::number(u64::from(kind.width))),
            member("times", Json::List(times.collect())),
            member("scratch", Json::float(kind.scratch)),
        ])
    };
    let constants = |constants: &Constants| {
        let among = constants.among.map(|(parties, threshold)| [parties, threshold].map(|n| Json::number(n as u64)));
        let among = among.map_or(Json::Word("null".to_owned()), |among| Json::List(among.into()));
        Json::Object(vec![
            member("among", among),
            member("round", Json::float(constants.round)),
            member("network_round", Json::float(constants.network_round)),
            member("network_byte", Json::float(constants.network_byte)),
            member("process", Json::float(constants.process)),
            member("fresh_byte", Json::float(constants.fresh_byte)),
            member("kinds", Json::List(constants.kinds.iter().map(kind).collect())),
        ])
    };
    let protocols = calibration.protocols.iter().map(|(name, own)| (name.clone(), constants(own)));
    Json::Object(vec![
        member("version", Json::number(u64::from(calibration.version))),
        member("machine", text(&calibration.machine)),
        member("cores", Json::number(u64::from(calibration.cores))),
        member("protocols", Json::Object(protocols.collect())),
    ])
}
