//! One layer of a sorting network, in place.

use crate::executor::Cx;
use crate::lanes::{Lanes, Range};
use crate::protocol::{BinShares, Protocol, Shares};
use smpc_math::sorting::merge_runs;

/// One layer in place: gathers the pairs, compares their keys, and puts lo + c·(hi − lo) and its counterpart back; every column moves with its key. The
/// rounds of one comparison and one selection.
pub async fn merge_layer<P: Protocol>(
    p: &P,
    cx: Cx<'_>,
    table: &mut P::Arith,
    columns: usize,
    at: usize,
    k: usize,
    keys: Range,
) {
    let rows = table.lanes().checked_div(columns).unwrap_or(0);
    let pairs: usize = merge_runs(rows, at, k).map(|run| run.len()).sum();
    if cx.is_dry() {
        // The same two gates, without the lists of lanes: a count of millions of rows takes no time.
        let (keyed, moved) = (p.share_public(&[0], pairs), p.share_public(&[0], pairs * columns));
        p.lt(cx.sub(0, 2), &keyed, &keyed, keys, keys).await;
        p.select(cx.sub(1, 2), &p.share_public_bin(&[0], 1, pairs * columns), &moved, &moved).await;
        return;
    }
    let lanes = |of_pair: usize| -> Vec<usize> {
        (0..columns).flat_map(|c| merge_runs(rows, at, k).flatten().map(move |i| c * rows + i + of_pair)).collect()
    };
    let (lower, upper) = (lanes(0), lanes(k));
    let (first, second) = (table.gather(&lower), table.gather(&upper));
    let key = Lanes::run(0, pairs);
    let swap = p.lt(cx.sub(0, 2), &second.read(&key), &first.read(&key), keys, keys).await;
    // One bit a pair moves all columns.
    let repeat = || -> Vec<usize> { (0..columns).flat_map(|_| 0..pairs).collect() };
    let swap = if columns == 1 { swap } else { swap.gather(&repeat()) };
    debug_assert_eq!(swap.width(), 1);
    let low = p.select(cx.sub(1, 2), &swap, &second, &first).await;
    let high = p.sub(&p.add(&first, &second), &low);
    table.scatter(&lower, &low);
    table.scatter(&upper, &high);
}
