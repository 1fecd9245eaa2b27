//! A quick measure of the gates of `rep3`, without TLS; `smpcvm bench` is the real one.
//!
//! `cargo run --release -p smpc-protocols --example bench -- [solo|memory|tcp] [NAME [MOST LANES [THREADS]]]`: one party's work alone, three threads over queues in memory, or three
//! threads over TCP on loopback. Times are medians of five.

mod programs;
mod wires;

use smpc_math::prf::Key;
use smpc_protocols::keys::Keys;
use smpc_protocols::rep3::{self, Rep3};
use smpc_protocols::{Executor, Protocol, Wire, workers};
use std::time::{Duration, Instant};

type Party = Rep3<Keys>;

/// Wall and processor time.
type Times = [Duration; 2];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Solo,
    Memory,
    Tcp,
}

/// Runs a program some times at a party.
fn repeat(
    me: usize,
    wire: Box<dyn Wire>,
    mode: Mode,
    threads: usize,
    program: &impl AsyncFn(&Party, &Executor) -> Times,
) -> Vec<Times> {
    let Ok(_workers) = workers::start(threads) else { return Vec::new() };
    let key = |j: usize| Key::new([j as u8; 32]);
    let p = Rep3::new(me, rep3::keys(me, key(me), key((me + 1) % 3), [7; 32]));
    let e = Executor::new(me, 3, 1, 0, wire);
    let run = async || {
        let mut times = Vec::new();
        for _ in 0..if mode == Mode::Solo { 15 } else { 5 } {
            times.push(program(&p, &e).await);
        }
        times
    };
    e.run(run()).unwrap_or_default()
}

/// Median time of some runs of a program, each timed after a common round.
fn measure(name: &str, lanes: usize, program: impl AsyncFn(&Party, &Executor) -> Times + Sync) {
    let mut arguments = std::env::args().skip(1);
    let mode = match arguments.next().as_deref() {
        Some("solo") => Mode::Solo,
        Some("memory") => Mode::Memory,
        _ => Mode::Tcp,
    };
    let wanted = arguments.next().unwrap_or_default();
    let most = arguments.next().and_then(|lanes| lanes.parse().ok()).unwrap_or(usize::MAX);
    let threads = arguments.next().and_then(|threads| threads.parse().ok()).unwrap_or(1);
    if !name.contains(&wanted) || lanes > most {
        return;
    }
    let wires = match mode {
        Mode::Solo => Vec::new(),
        Mode::Memory => wires::memory(),
        Mode::Tcp => wires::tcp().unwrap_or_default(),
    };
    let times: Vec<Vec<Times>> = if mode == Mode::Solo {
        vec![repeat(0, Box::new(wires::Mirror::default()), mode, threads, &program)]
    } else {
        std::thread::scope(|scope| {
            let start = |(me, wire): (usize, Box<dyn Wire + Send>)| {
                let program = &program;
                scope.spawn(move || repeat(me, wire, mode, threads, program))
            };
            let running: Vec<_> = wires.into_iter().enumerate().map(start).collect();
            running.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
        })
    };
    let runs = times.iter().map(Vec::len).min().unwrap_or(0);
    if runs == 0 {
        println!("{name:28} {lanes:10} not with these wires");
        return;
    }
    // The slowest party's clock, and what all parties together kept the processors busy.
    let median = |of: &dyn Fn(usize) -> Duration| {
        let mut all: Vec<f64> = (0..runs).map(|i| of(i).as_secs_f64()).collect();
        all.sort_by(f64::total_cmp);
        all[runs / 2]
    };
    let wall = median(&|i| times.iter().map(|t| t[i][0]).max().unwrap_or_default());
    let busy = median(&|i| times.iter().map(|t| t[i][1]).sum()) / times.len() as f64;
    println!(
        "{name:28} {lanes:10} {:9.3} ms {:9.2} million/s; {:9.3} ms busy, {:7.2} ns a lane and party",
        wall * 1e3,
        lanes as f64 / wall / 1e6,
        busy * 1e3,
        busy * 1e9 / lanes as f64
    );
}

/// Processor time of this thread.
fn processor() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(now).unwrap_or_default()
}

struct Clock(Instant, Duration);

impl Clock {
    fn elapsed(&self) -> Times {
        [self.0.elapsed(), processor().saturating_sub(self.1)]
    }
}

/// A clock that starts when all parties are there.
async fn start(p: &Party, e: &Executor) -> Clock {
    let a = p.share_public(&[1], 1);
    p.open(e.gate(1), &a).await;
    p.open(e.gate(1), &a).await;
    Clock(Instant::now(), processor())
}

fn main() {
    programs::all();
}
