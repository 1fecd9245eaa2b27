//! What the machine could do: bytes round a ring of processes without a protocol, and the inner loops without a network. What a job's figures are
//! to be held against.

use super::jobs::{Clock, Measured};
use super::report::Row;
use super::{TIMES, median};
use crate::failure::Failure;
use crate::run::stats::processor_seconds;
use smpc_math::prf::{Address, Domain, Key, Prf};
use smpc_net::{Links, Mesh, NetError};
use std::hint::black_box;
use std::time::Instant;

/// Bytes that are handed to a link at a time.
const PIECE: usize = 256 << 10;

/// Sends `bytes` to the left neighbour and receives as many from the right one, `rounds` times.
pub(super) fn ring(mesh: Mesh, bytes: u64, rounds: u64) -> Result<Measured, Failure> {
    let mut links = mesh.links;
    let parties = links.parties();
    let (left, right) = ((links.me() + parties - 1) % parties, (links.me() + 1) % parties);
    let mut clock = Clock::default();
    for _ in 0..=TIMES {
        // Twice round: then all are there.
        (0..2).try_for_each(|_| round(&mut links, left, right, 8))?;
        clock.start();
        for _ in 0..rounds {
            round(&mut links, left, right, bytes)?;
        }
        clock.stop();
    }
    Ok(clock.measured(rounds, bytes * rounds))
}

fn round(links: &mut Links, left: usize, right: usize, bytes: u64) -> Result<(), NetError> {
    let mut buffer = vec![0; PIECE];
    let (mut to_send, mut to_receive) = (bytes, bytes);
    let piece = |left: u64| usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
    loop {
        let sent = if to_send > 0 { links.try_send(left, &buffer[..piece(to_send)])? } else { 0 };
        to_send -= sent as u64;
        let received = if to_receive > 0 { links.try_recv(right, &mut buffer[..piece(to_receive)])? } else { 0 };
        to_receive -= received as u64;
        if to_send == 0 && to_receive == 0 {
            return Ok(());
        }
        if sent == 0 && received == 0 {
            links.wait(u64::from(to_receive > 0) << right, u64::from(to_send > 0) << left)?;
        }
    }
}

/// A loop on one core.
pub(super) struct Kernel {
    pub(super) name: &'static str,
    unit: &'static str,
    /// Words in each buffer.
    words: usize,
    /// How often the buffers are gone through.
    times: usize,
    /// Units a word.
    units: u64,
    run: fn(&mut Buffers),
}

/// The buffers of a kernel.
struct Buffers {
    a: [Vec<u64>; 4],
    out: Vec<u64>,
    masks: [Prf; 2],
}

/// Words that stay in the first cache, and words that do not fit any.
const CACHED: usize = 256;
const STREAMED: usize = 4 << 20;

/// All kernels.
pub(super) const KERNELS: &[Kernel] = &[
    Kernel { name: "limit: AES-128, in cache", unit: "bytes", words: CACHED, times: 200_000, units: 8, run: aes },
    Kernel { name: "limit: AES-128, to memory", unit: "bytes", words: STREAMED, times: 8, units: 8, run: aes },
    Kernel { name: "limit: memory copied", unit: "bytes", words: STREAMED, times: 16, units: 8, run: copy },
    Kernel {
        name: "limit: product kernel, in cache",
        unit: "products",
        words: CACHED,
        times: 100_000,
        units: 1,
        run: product,
    },
    Kernel {
        name: "limit: product kernel, streaming",
        unit: "products",
        words: STREAMED,
        times: 8,
        units: 1,
        run: product,
    },
    Kernel { name: "limit: AND kernel, in cache", unit: "ANDs", words: CACHED, times: 100_000, units: 64, run: and },
    Kernel { name: "limit: AND kernel, streaming", unit: "ANDs", words: STREAMED, times: 8, units: 64, run: and },
];

impl Kernel {
    /// Measures it.
    pub(super) fn row(&self) -> Row {
        let prf = |key: u8| Prf::new(&Key::new([key; 32]), &[7; 32], Domain::Arith, 0);
        let buffer = |word: u64| vec![word; self.words];
        let mut buffers =
            Buffers { a: [buffer(3), buffer(5), buffer(7), buffer(9)], out: buffer(0), masks: [prf(1), prf(2)] };
        let (mut seconds, mut busy) = (Vec::new(), Vec::new());
        for _ in 0..=TIMES {
            let (start, before) = (Instant::now(), processor_seconds());
            for _ in 0..self.times {
                (self.run)(black_box(&mut buffers));
            }
            seconds.push(start.elapsed().as_secs_f64());
            busy.push(processor_seconds() - before);
        }
        Row {
            job: self.name.to_owned(),
            of_protocol: false,
            lanes: self.words as u64,
            seconds: median(&mut seconds[1..]),
            busy: Some(median(&mut busy[1..])),
            work: (self.words * self.times) as u64 * self.units,
            unit: self.unit,
            rounds: None,
            bytes: None,
            peak_memory: None,
        }
    }
}

fn aes(buffers: &mut Buffers) {
    buffers.masks[0].fill(Address { instance: 0, step: 0, block: 0 }, &mut buffers.out);
}

fn copy(buffers: &mut Buffers) {
    buffers.out.copy_from_slice(&buffers.a[0]);
}

/// The two masks of a block of words, in the cache.
fn masks(of: &[Prf; 2], first: usize, left: &mut [u64], right: &mut [u64]) {
    let address = Address { instance: 0, step: 0, block: first as u64 / 2 };
    of[0].fill(address, left);
    of[1].fill(address, right);
}

/// x·y of shares with the mask of zero, as `rep3` has it.
fn product(buffers: &mut Buffers) {
    let Buffers { a: [xa, xb, ya, yb], out, masks: prfs } = buffers;
    let (mut left, mut right) = ([0; CACHED], [0; CACHED]);
    for (n, out) in out.chunks_mut(CACHED).enumerate() {
        let at = n * CACHED..n * CACHED + out.len();
        masks(prfs, at.start, &mut left, &mut right);
        let operands = xa[at.clone()].iter().zip(&xb[at.clone()]).zip(ya[at.clone()].iter().zip(&yb[at]));
        for ((z, ((xa, xb), (ya, yb))), (l, r)) in out.iter_mut().zip(operands).zip(left.iter().zip(&right)) {
            let term = xa.wrapping_mul(ya.wrapping_add(*yb)).wrapping_add(xb.wrapping_mul(*ya));
            *z = term.wrapping_add(*l).wrapping_sub(*r);
        }
    }
}

/// x∧y of shared bits with the mask of zero.
fn and(buffers: &mut Buffers) {
    let Buffers { a: [xa, xb, ya, yb], out, masks: prfs } = buffers;
    let (mut left, mut right) = ([0; CACHED], [0; CACHED]);
    for (n, out) in out.chunks_mut(CACHED).enumerate() {
        let at = n * CACHED..n * CACHED + out.len();
        masks(prfs, at.start, &mut left, &mut right);
        let operands = xa[at.clone()].iter().zip(&xb[at.clone()]).zip(ya[at.clone()].iter().zip(&yb[at]));
        for ((z, ((xa, xb), (ya, yb))), (l, r)) in out.iter_mut().zip(operands).zip(left.iter().zip(&right)) {
            *z = (xa & (ya ^ yb)) ^ (xb & ya) ^ l ^ r;
        }
    }
}
