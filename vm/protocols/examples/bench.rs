//! A quick measure of the gates of `rep3`: three threads over plain TCP on loopback, no TLS. `smpcvm bench` is the real one.
//!
//! `cargo run --release -p smpc-protocols --example bench [NAME]`

use smpc_math::circuits::netlist;
use smpc_math::netlist::Levelled;
use smpc_math::prf::Key;
use smpc_protocols::rep3::{Keys, Rep3};
use smpc_protocols::{Error, Executor, Protocol, Range, Wire};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Sockets to the two peers.
struct Tcp(Vec<Option<TcpStream>>);

fn outcome(peer: usize, result: std::io::Result<usize>) -> Result<usize, Error> {
    match result {
        Ok(count) => Ok(count),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
        Err(error) => Err(Error::Link { peer, reason: error.to_string() }),
    }
}

impl Wire for Tcp {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        self.0[peer].as_mut().map_or(Ok(0), |socket| outcome(peer, socket.write(bytes)))
    }
    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        self.0[peer].as_mut().map_or(Ok(0), |socket| outcome(peer, socket.read(into)))
    }
    fn wait(&mut self, _: u64, _: u64) -> Result<(), Error> {
        std::thread::yield_now();
        Ok(())
    }
}

fn mesh() -> std::io::Result<Vec<Tcp>> {
    let mut wires: Vec<Tcp> = (0..3).map(|_| Tcp(vec![None, None, None])).collect();
    for (a, b) in [(0, 1), (1, 2), (0, 2)] {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let left = TcpStream::connect(listener.local_addr()?)?;
        let (right, _) = listener.accept()?;
        for socket in [&left, &right] {
            socket.set_nodelay(true)?;
            socket.set_nonblocking(true)?;
        }
        wires[a].0[b] = Some(left);
        wires[b].0[a] = Some(right);
    }
    Ok(wires)
}

type Party = Rep3<Keys>;

/// Median time of five runs of a program at three parties, each timed after a common round.
fn measure(name: &str, lanes: usize, program: impl AsyncFn(&Party, &Executor) -> [Duration; 2] + Sync) {
    if std::env::args().nth(1).is_some_and(|wanted| !name.contains(&wanted)) {
        return;
    }
    let Ok(wires) = mesh() else { return };
    let times: Vec<Vec<[Duration; 2]>> = std::thread::scope(|scope| {
        let running: Vec<_> = wires
            .into_iter()
            .enumerate()
            .map(|(me, wire)| {
                let program = &program;
                scope.spawn(move || {
                    let key = |j: usize| Key::new([j as u8; 32]);
                    let p = Rep3::new(me, Keys::new(me, key(me), key((me + 1) % 3), [7; 32]));
                    let e = Executor::new(me, 3, 1, 0, Box::new(wire));
                    let run = async || {
                        let mut times = Vec::new();
                        for _ in 0..5 {
                            times.push(program(&p, &e).await);
                        }
                        times
                    };
                    e.run(run()).unwrap_or_default()
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
    });
    // The slowest party's clock, and what all parties together kept the processors busy.
    let median = |of: &dyn Fn(usize) -> Duration| {
        let mut all: Vec<f64> = (0..5).map(|i| of(i).as_secs_f64()).collect();
        all.sort_by(f64::total_cmp);
        all[2]
    };
    if times.iter().all(|times| times.len() == 5) {
        let wall = median(&|i| times.iter().map(|t| t[i][0]).max().unwrap_or_default());
        let busy = median(&|i| times.iter().map(|t| t[i][1]).sum());
        println!(
            "{name:28} {lanes:10} {:9.3} ms {:9.2} million/s; {:9.3} ms busy, {:7.2} ns a lane and party",
            wall * 1e3,
            lanes as f64 / wall / 1e6,
            busy * 1e3,
            busy * 1e9 / 3.0 / lanes as f64
        );
    }
}

/// Processor time of this thread.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0))
}

struct Clock(Instant, Duration);

impl Clock {
    fn elapsed(&self) -> [Duration; 2] {
        [self.0.elapsed(), processor() - self.1]
    }
}

/// A clock that starts when all parties are there.
async fn start(p: &Party, e: &Executor) -> Clock {
    let a = p.share_public(&[1], 1);
    p.open(e.gate(1), &a).await;
    p.open(e.gate(1), &a).await;
    Clock(Instant::now(), processor())
}

/// The netlist of the performance table: 10,000 gates, a fifth of them AND, AND depth 20.
fn random_netlist() -> Levelled {
    let mut seed = 0x5eed_u64;
    let mut next = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    netlist(&[256], |b, words| {
        let mut before = words[0].clone();
        for _ in 0..20 {
            let mut level = Vec::new();
            for i in 0..500 {
                // Operands from the last level and this one's XORs.
                let pick = |n: usize| before[n % before.len()];
                let (x, y) = (pick(next(before.len())), pick(next(before.len())));
                level.push(if i < 100 { b.and(x, y) } else { b.xor(x, y) });
            }
            before = level;
        }
        before[..128].to_vec()
    })
    .levelled()
}

fn main() {
    let million = 1_000_000;
    for lanes in [million, 10 * million] {
        measure("products", lanes, async |p, e| {
            let (a, b) = (p.share_public(&[3], lanes), p.share_public(&[5], lanes));
            let clock = start(p, e).await;
            p.mul(e.gate(2), &a, &b).await;
            clock.elapsed()
        });
    }
    measure("dependent products", 10_000, async |p, e| {
        let (mut a, b) = (p.share_public(&[3], 1), p.share_public(&[5], 1));
        let clock = start(p, e).await;
        for i in 0..10_000 {
            a = p.mul(e.gate(2 + i), &a, &b).await;
        }
        clock.elapsed()
    });
    for lanes in [100_000, million] {
        for (name, range) in
            [("comparisons, 64 bits", Range::new(-(1 << 61), 1 << 61)), ("comparisons, full i64", Range::FULL)]
        {
            measure(name, lanes, async |p, e| {
                let (a, b) = (p.share_public(&[3], lanes), p.share_public(&[5], lanes));
                let clock = start(p, e).await;
                p.lt(e.gate(2), &a, &b, range, range).await;
                clock.elapsed()
            });
        }
    }
    measure("inner product", million, async |p, e| {
        let (a, b) = (p.share_public(&[3], million), p.share_public(&[5], million));
        let clock = start(p, e).await;
        p.dot(e.gate(2), &a, &b, million).await;
        clock.elapsed()
    });
    measure("matrix product 512", 512 * 512, async |p, e| {
        let (a, b) = (p.share_public(&[3], 512 * 512), p.share_public(&[5], 512 * 512));
        let clock = start(p, e).await;
        p.matmul(e.gate(2), &a, &b, 512, 512, 512).await;
        clock.elapsed()
    });
    let circuit = random_netlist();
    println!("netlist: {} ANDs, depth {}, {} slots", circuit.ands(), circuit.depth(), circuit.slots);
    for lanes in [16_384, 1 << 20] {
        let circuit = &circuit;
        measure("netlist (lanes of ANDs)", lanes * circuit.ands(), async |p, e| {
            let a = p.share_public_bin(&[5], 256, lanes);
            let clock = start(p, e).await;
            p.netlist(e.gate(2), circuit, &a).await;
            clock.elapsed()
        });
    }
    measure("rounding by 16", million, async |p, e| {
        let a = p.share_public(&[3], million);
        let clock = start(p, e).await;
        p.round(e.gate(2), &a, 16, Range::new(-(1 << 60), 1 << 60)).await;
        clock.elapsed()
    });
    measure("selections", million, async |p, e| {
        let (a, c) = (p.share_public(&[3], million), p.share_public_bin(&[1], 1, million));
        let clock = start(p, e).await;
        p.select(e.gate(2), &c, &a, &a).await;
        clock.elapsed()
    });
    measure("quotients, 32 bits", 10_000, async |p, e| {
        let a = p.share_public(&[300], 10_000);
        let range = Range::new(-(1 << 31), (1 << 31) - 1);
        let clock = start(p, e).await;
        p.div_rem(e.gate(2), &a, &a, range, range).await;
        clock.elapsed()
    });
}
