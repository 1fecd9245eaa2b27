//! Measures the links: the time of a round in a ring of three parties, and throughput, over TLS between three processes (this program, started
//! again by itself) and between three threads.
//!
//! `cargo run --release -p smpc-net --example links -- [ROUNDS] [MEGABYTES]`

use smpc_net::{Config, Fingerprint, Identity, Links, Mesh, NetError, Node, Terms, connect, local_mesh};
use std::error::Error;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

const PARTIES: usize = 3;
const SILENCE: Duration = Duration::from_secs(30);

/// What to measure.
#[derive(Clone, Copy)]
struct Work {
    rounds: usize,
    bytes: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("party") => party(&arguments[1..]),
        _ => all(&arguments),
    }
}

/// Starts the parties.
fn all(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let number = |place: usize, default| arguments.get(place).map_or(Ok(default), |text| text.parse::<usize>());
    let work = Work { rounds: number(0, 20_000)?, bytes: number(1, 1024)? << 20 };
    let folder = std::env::temp_dir().join(format!("smpc-links-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let result = processes(&folder, work);
    std::fs::remove_dir_all(&folder)?;
    result?;
    let parties: Vec<_> = local_mesh(PARTIES, SILENCE, None)
        .into_iter()
        .map(|end| {
            std::thread::spawn(move || end.open(Terms::default()).and_then(|mesh| measure("threads", mesh, work)))
        })
        .collect();
    for party in parties {
        party.join().map_err(|_| "a party's thread failed")??;
    }
    Ok(())
}

fn processes(folder: &Path, work: Work) -> Result<(), Box<dyn Error>> {
    let mut nodes = Vec::new();
    let held = (0..PARTIES).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<Vec<_>, _>>()?;
    for (party, listener) in held.iter().enumerate() {
        let (identity, _) = Identity::create(folder, &party.to_string())?;
        nodes.push(format!("{}={}", listener.local_addr()?, identity.fingerprint()));
    }
    drop(held);
    let program = std::env::current_exe()?;
    let start = |party: usize| -> std::io::Result<Child> {
        Command::new(&program)
            .args(["party", &party.to_string(), &folder.to_string_lossy()])
            .args([work.rounds.to_string(), work.bytes.to_string()])
            .args(&nodes)
            .spawn()
    };
    let children = (0..PARTIES).map(start).collect::<Result<Vec<_>, _>>()?;
    for mut child in children {
        if !child.wait()?.success() {
            return Err("a party failed".into());
        }
    }
    Ok(())
}

/// One party of the processes: number, folder, rounds, bytes, nodes.
fn party(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [me, folder, rounds, bytes, nodes @ ..] = arguments else { return Err("too few arguments".into()) };
    let node = |text: &String| -> Result<Node, Box<dyn Error>> {
        let (address, fingerprint) = text.split_once('=').ok_or("a node is ADDRESS=FINGERPRINT")?;
        Ok(Node { address: address.into(), fingerprint: fingerprint.parse::<Fingerprint>()? })
    };
    let nodes = nodes.iter().map(node).collect::<Result<_, _>>()?;
    let work = Work { rounds: rounds.parse()?, bytes: bytes.parse()? };
    let config = Config { me: me.parse()?, nodes, silence: SILENCE, channels: 1, network: None };
    let identity = Identity::load(&PathBuf::from(folder).join(format!("{me}.key")))?;
    let start = Instant::now();
    let mesh = connect(&identity, &config, &Terms::default(), &|line| eprintln!("party {me}: {line}"))?;
    if config.me == 0 {
        println!("TLS between processes: set-up {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(measure("TLS between processes", mesh, work)?)
}

fn measure(name: &str, mesh: Mesh, work: Work) -> Result<(), NetError> {
    let mut links = mesh.links;
    let me = links.me();
    let (next, previous) = ((me + 1) % PARTIES, (me + PARTIES - 1) % PARTIES);
    for (size, rounds) in [(8, work.rounds), (1024, work.rounds / 2), (16_384, work.rounds / 4)] {
        let (out, mut inn) = (vec![7; size], vec![0; size]);
        let mut times = Vec::with_capacity(rounds);
        let (all, cpu) = (Instant::now(), processor());
        for _ in 0..rounds {
            let start = Instant::now();
            exchange(&mut links, Some((next, &out)), Some((previous, &mut inn)), size)?;
            times.push(start.elapsed());
        }
        #[allow(clippy::cast_precision_loss, reason = "for people")]
        let [mean, used] =
            [all.elapsed(), processor() - cpu].map(|time| time.as_secs_f64() * 1e6 / rounds.max(1) as f64);
        times.sort_unstable();
        if me == 0 && rounds > 0 {
            let at = |part: usize| times[(rounds - 1) * part / 100].as_secs_f64() * 1e6;
            println!(
                "{name}: round of {size:5} bytes in a ring: mean {mean:.1} µs, median {:.1} µs, 99 % {:.1} µs, processor {used:.1} µs",
                at(50),
                at(99),
            );
        }
    }
    // One stream, from party 0 to party 1.
    let (out, mut inn) = (vec![7; 256 * 1024], vec![0; 256 * 1024]);
    let (start, cpu) = (Instant::now(), processor());
    match me {
        0 => exchange(&mut links, Some((1, &out)), None, work.bytes)?,
        1 => exchange(&mut links, None, Some((0, &mut inn)), work.bytes)?,
        _ => {}
    }
    let used = processor() - cpu;
    if me == 0 {
        rate(name, "one stream, sender's processor", work.bytes, used);
    } else if me == 1 {
        rate(name, "one stream, receiver's processor", work.bytes, used);
        rate(name, "one stream", work.bytes, start.elapsed());
    }
    barrier(&mut links, next, previous)?;
    // All links of the ring at once.
    let start = Instant::now();
    exchange(&mut links, Some((next, &out)), Some((previous, &mut inn)), work.bytes)?;
    if me == 1 {
        rate(name, "ring, each link", work.bytes, start.elapsed());
    }
    mesh.control.finish()
}

fn rate(name: &str, what: &str, bytes: usize, time: Duration) {
    #[allow(clippy::cast_precision_loss, reason = "for people")]
    let rate = bytes as f64 / time.as_secs_f64() / 1e9;
    println!("{name}: {what}: {rate:.2} GB/s");
}

/// Processor time of this thread: what stays meaningful on a machine that is busy with other things.
fn processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Two rounds, after which every party has heard of every other.
fn barrier(links: &mut Links, next: usize, previous: usize) -> Result<(), NetError> {
    for _ in 0..2 {
        exchange(links, Some((next, &[0; 8])), Some((previous, &mut [0; 8])), 8)?;
    }
    Ok(())
}

/// Sends and receives so many bytes, a buffer at a time, with neither keeping the other waiting.
fn exchange(
    links: &mut Links,
    to: Option<(usize, &[u8])>,
    mut from: Option<(usize, &mut [u8])>,
    total: usize,
) -> Result<(), NetError> {
    let mut unsent = to.map_or(0, |_| total);
    let mut missing = from.as_ref().map_or(0, |_| total);
    loop {
        let (mut readable, mut writable) = (0, 0);
        if let Some((peer, bytes)) = to {
            while unsent > 0 {
                // The buffer is the stream's next part, whatever was sent of it before: all its bytes are the same.
                let count = links.try_send(peer, &bytes[..unsent.min(bytes.len())])?;
                unsent -= count;
                if count == 0 {
                    writable = 1 << peer;
                    break;
                }
            }
        }
        if let Some((peer, into)) = &mut from {
            while missing > 0 {
                let room = missing.min(into.len());
                let count = links.try_recv(*peer, &mut into[..room])?;
                missing -= count;
                if count == 0 {
                    readable = 1 << *peer;
                    break;
                }
            }
        }
        if unsent == 0 && missing == 0 {
            return Ok(());
        }
        links.wait(readable, writable)?;
    }
}
