//! What is attacked, gate by gate: see [`super::cheat`]. Tests only.

use crate::error::Error;
use crate::executor::Executor;
use crate::lanes::{Lanes, Range};
use crate::protocol::{BinShares as _, Protocol, Shares as _};
use smpc_math::circuits::{add, netlist};

/// Lanes of the inputs.
pub const LANES: usize = 5;
/// What two of the parties put in.
pub const A: [i64; LANES] = [3, -7, 1 << 40, -(1 << 30), 0];
const B: [i64; LANES] = [5, 2, -9, 100, 0];

/// What is attacked: inputs of three parties, a gate, and what all learn of its result.
pub const GATES: [&str; 24] = [
    "open",
    "open_bin",
    "open_to",
    "open_bin_to",
    "broadcast",
    "mul",
    "dot",
    "dot_columns",
    "matmul",
    "and",
    "netlist",
    "random_bin",
    "a2b",
    "b2a",
    "within",
    "shuffle",
    "ltz",
    "eqz",
    "lt",
    "select",
    "trunc",
    "trunc_stochastic",
    "check",
    "sort",
];

/// Runs a gate of that name on inputs, of which `hook` may change this party's shares, and gives what this party learns.
///
/// # Errors
/// Why the run ended before.
pub fn attacked<P: Protocol>(
    p: &P,
    e: &Executor,
    gate: &str,
    hook: impl Fn(&mut P::Arith, &mut P::Bin),
) -> Result<Vec<i64>, Error> {
    let own = |owner: usize, values: &'static [i64]| (p.me() == owner).then_some(values);
    let wide = Range::new(-(1 << 41), 1 << 41);
    e.run(async {
        let (a, b) =
            crate::join(p.input(e.gate(1), 0, own(0, &A), LANES), p.input(e.gate(2), 1, own(1, &B), LANES)).await;
        let c = p.input_bin(e.gate(3), 2, own(2, &A), 64, LANES).await;
        let (mut a, mut c) = (a, c);
        hook(&mut a, &mut c);
        let bit = c.planes(1, 1);
        let cx = e.gate(9);
        let number = async |x: P::Arith| p.open(e.gate(10), &x).await;
        let word = async |x: P::Bin| p.open_bin(e.gate(10), &x).await;
        match gate {
            "open" => number(a).await,
            "open_bin" => word(c).await,
            "open_to" => p.open_to(cx, &a, &[0, 2]).await.unwrap_or_default(),
            "open_bin_to" => p.open_bin_to(cx, &c, &[1]).await.unwrap_or_default(),
            "broadcast" => {
                let last = p.parties() - 1;
                p.broadcast(cx, last, own(last, &B), LANES).await
            }
            "mul" => number(p.mul(cx, &a, &b).await).await,
            "dot" => number(p.dot(cx, &a, &b, LANES).await).await,
            "dot_columns" => number(p.dot_columns(cx, &a, &b, 1).await).await,
            "matmul" => number(p.matmul(cx, &a, &b, LANES, 1, LANES).await).await,
            "and" => word(p.and(cx, &c, &c.planes(1, 64)).await).await,
            "netlist" => {
                let circuit = netlist(&[8, 8], |b, words| add(b, &words[0], &words[1])).levelled();
                word(p.netlist(cx, &circuit, &[&c.planes(0, 8), &c.planes(8, 8)]).await).await
            }
            "random_bin" => word(p.random_bin(cx, 7, LANES).await).await,
            "a2b" => word(p.a2b(cx, &a, 64).await).await,
            "b2a" => number(p.b2a(cx, &c.planes(0, 9), true).await).await,
            "within" => word(p.within(cx, &a, wide).await).await,
            "shuffle" => {
                let (told, numbers, words) =
                    p.shuffle(cx, 0, &p.share_public(&[4, 0, 2, 3, 1], LANES), &[a], &[c]).await;
                let mut all = told;
                all.extend(p.open(e.gate(10), &numbers[0]).await);
                all.extend(p.open_bin(e.gate(11), &words[0]).await);
                all
            }
            "ltz" => word(p.ltz(cx, &a, 64).await).await,
            "eqz" => word(p.eqz(cx, &a, 64).await).await,
            "lt" => word(p.lt(cx, &a, &b, Range::FULL, Range::FULL).await).await,
            "select" => number(p.select(cx, &bit, &a, &b).await).await,
            "trunc" => number(p.trunc(cx, &a, 3, wide).await).await,
            "trunc_stochastic" => number(p.trunc_stochastic(cx, &a, 3, wide).await).await,
            "check" => vec![i64::from(p.check(cx, &bit).await)],
            "sort" => number(p.sort(cx, &a.read(&Lanes::run(0, 4)), 1, wide).await).await,
            _ => {
                e.fail(Error::Internal("no such gate"));
                Vec::new()
            }
        }
    })
}
