//! How long the proofs of `mal-rep3` take: three threads over queues in memory, each with all of its roles.
//!
//! `cargo run --release -p smpc-protocols --example proof -- [CONJUNCTIONS [4|32 [THREADS]]]`: processor and wall time of the proofs of so many ANDs, the slowest party's, medians of
//! five.

use smpc_math::prf::Key;
use smpc_protocols::conformance::memory::memory_wires;
use smpc_protocols::mal_rep3::proof::{Arity, Proof, Transcript, cost};
use smpc_protocols::mal_rep3::{self, PARTIES};
use smpc_protocols::rep3::Row;
use smpc_protocols::{Error, Executor, workers};
use std::time::{Duration, Instant};

/// Random rows, the same at every party that asks for them.
fn row(which: usize, n: usize) -> Row {
    std::array::from_fn(|w| {
        let x = ((which << 48 | n << 3 | w) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^ (x >> 27)
    })
}

/// What party `me` keeps of honest ANDs.
fn transcript(me: usize, conjunctions: usize) -> Transcript {
    let (next, after) = ((me + 1) % PARTIES, (me + 2) % PARTIES);
    let mut transcript = Transcript::new();
    let place = transcript.reserve(1, conjunctions);
    for n in 0..conjunctions.div_ceil(512) {
        let x = [me, next, after].map(|i| row(i, n));
        let y = [me, next, after].map(|i| row(3 + i, n));
        let masks = [me, next, after].map(|i| row(6 + i, n));
        let z = std::array::from_fn(|w| x[1][w] & (y[1][w] ^ y[2][w]) ^ x[2][w] & y[1][w] ^ masks[1][w] ^ masks[2][w]);
        transcript.made(place, n, [&x[0], &x[1]], [&y[0], &y[1]], [&masks[0], &masks[1]]);
        transcript.received(place, n, &z);
    }
    transcript
}

/// Processor time of this thread.
fn processor() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(now).unwrap_or_default()
}

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let conjunctions = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(10_000_000);
    let arity = if arguments.next().as_deref() == Some("32") { Arity::ThirtyTwo } else { Arity::Four };
    let threads = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1);
    let party = |me: usize, executor: &Executor| {
        let _workers = workers::start(threads)?;
        let key = |j: usize| Key::new([j as u8; 32]);
        let keys = mal_rep3::keys(me, key(me), key((me + 1) % PARTIES), key(3 + me), [7; 32]);
        let (proof, transcript) = (Proof::new(me, keys, [7; 32], arity), transcript(me, conjunctions));
        let mut times = Vec::new();
        for n in 0..5 {
            executor.run(executor.gate(2 * n).idle())?;
            let (wall, busy) = (Instant::now(), processor());
            executor.run(proof.run(executor.gate(2 * n + 1), &transcript))?;
            times.push([processor().saturating_sub(busy), wall.elapsed()]);
        }
        Ok(times)
    };
    let times = std::thread::scope(|scope| {
        let start = |(me, wire)| {
            let party = &party;
            scope.spawn(move || party(me, &Executor::new(me, PARTIES, 1, 0, Box::new(wire))))
        };
        let running: Vec<_> = memory_wires(PARTIES).into_iter().enumerate().map(start).collect();
        let ended = running.into_iter().map(|thread| thread.join().unwrap_or(Err(Error::Internal("a party panicked"))));
        ended.collect::<Result<Vec<Vec<[Duration; 2]>>, Error>>()
    })?;
    for (which, name) in ["processor", "wall"].into_iter().enumerate() {
        let mut all: Vec<f64> =
            (0..5).map(|run| times.iter().map(|times| times[run][which].as_secs_f64()).fold(0.0, f64::max)).collect();
        all.sort_by(f64::total_cmp);
        let (median, count) = (all[2], conjunctions as f64);
        println!(
            "{name:10} {:9.2} ms {:7.2} ns an AND {:7.1} million ANDs/s",
            median * 1e3,
            median * 1e9 / count,
            count / median / 1e6
        );
    }
    let (rounds, [left, right]) = cost(conjunctions, arity);
    println!("{rounds} rounds, {left} bytes to the left and {right} to the right");
    Ok(())
}
