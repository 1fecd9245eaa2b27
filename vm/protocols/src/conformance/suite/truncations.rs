//! Shifts to the right: exact down, exact to nearest, and stochastic.

use super::Run;
use crate::conformance::data::Data;
use crate::protocol::Protocol;

/// By every number of bits that is at an end of something, for operands up to the full range.
pub(super) async fn truncations<P: Protocol>(run: &mut Run<'_, P>, data: &Data, width: u32) {
    let p = run.p;
    let lanes = data.a.len();
    let a = run.input(&data.a, 2).await;
    for bits in [0, 1, 2, 16, 31, 32, 61, 62, 63] {
        let name = |op: &str| format!("{op} by {bits} {}", data.name());
        let before = run.e.stats();
        let z = p.trunc(run.next(), &a, bits, data.ra).await;
        run.note("trunc", width, lanes, &before);
        run.number(&name("trunc"), &z, data.pairs().map(|(x, _)| x >> bits)).await;
        let before = run.e.stats();
        let z = p.round(run.next(), &a, bits, data.ra).await;
        run.note("round", width, lanes, &before);
        run.number(&name("round"), &z, data.pairs().map(|(x, _)| (x + ((1 << bits) >> 1)) >> bits)).await;
        let before = run.e.stats();
        let z = p.trunc_stochastic(run.next(), &a, bits, data.ra).await;
        run.note("trunc_stochastic", width, lanes, &before);
        let found = p.open(run.next(), &z).await;
        // Up or down, and exact where nothing is lost.
        let near = found.iter().zip(data.pairs()).map(|(z, (x, _))| {
            let floor = x >> bits;
            let up = i128::from(floor << bits != x);
            i128::from(*z).clamp(floor, floor + up)
        });
        run.compare(&name("trunc_stochastic"), &found, near);
    }
}
