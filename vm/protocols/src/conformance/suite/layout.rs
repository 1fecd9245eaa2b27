//! Moves of lanes, and sorting, which is moves that depend on values.

use super::Run;
use crate::conformance::data::{Data, signed};
use crate::lanes::{Lanes, Range};
use crate::protocol::{Protocol, Shares};
use smpc_math::sorting::merge_runs;

/// Reads, writes, gathers and scatters through views of every shape, of numbers and words.
pub(super) async fn views<P: Protocol>(run: &mut Run<'_, P>, lanes: usize) {
    let p = run.p;
    let values: Vec<i64> = (0..lanes as i64).map(|i| i * i - 7 * i).collect();
    let flags: Vec<i64> = values.iter().map(|v| v >> 1 & 7).collect();
    let a = run.input(&values, 0).await;
    let b = run.input_bin(&flags, 3, 0).await;
    let half = lanes.div_ceil(2);
    let n = |len: usize| len.cast_signed();
    for (i, view) in [
        Lanes::whole(lanes),
        Lanes::one(lanes - 1),
        Lanes::run(lanes / 3, lanes - lanes / 3),
        Lanes { start: lanes - 1, dims: [(0, 1), (-1, lanes)] },
        Lanes { start: 0, dims: [(0, 3), (1, lanes)] },
        Lanes { start: 0, dims: [(1, half), (0, 2)] },
        Lanes { start: 0, dims: [(1, 1), (2, half)] },
        Lanes { start: lanes / 5, dims: [(n(lanes / 5), 3), (1, lanes / 5)] },
        // Rows with gaps, columns, and backwards in both directions.
        Lanes { start: lanes / 5, dims: [(n(lanes / 5) * 2, 2), (1, lanes / 5)] },
        Lanes { start: 0, dims: [(1, lanes / 5), (n(lanes / 5), 3)] },
        Lanes { start: lanes - 1, dims: [(-n(lanes / 3), 2), (-2, lanes / 7)] },
    ]
    .into_iter()
    .enumerate()
    {
        let places: Vec<usize> = view.iter().collect();
        let name = format!("view {i} of {lanes}");
        let pick = |values: &[i64]| places.iter().map(|i| i128::from(values[*i])).collect::<Vec<_>>();
        let (x, y) = (a.read(&view), b.read(&view));
        run.number(&name, &x, pick(&values).into_iter()).await;
        run.word(&name, &y, pick(&flags).into_iter()).await;
        run.number(&format!("gather, {name}"), &a.gather(&places), pick(&values).into_iter()).await;
        run.word(&format!("gather, {name}"), &b.gather(&places), pick(&flags).into_iter()).await;
        let mut distinct = places.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < places.len() {
            continue;
        }
        for scatter in [false, true] {
            let (mut c, mut d) = (p.share_public(&[-1], lanes), p.share_public_bin(&[5], 3, lanes));
            if scatter {
                c.scatter(&places, &x);
                d.scatter(&places, &y);
            } else {
                c.write(&view, &x);
                d.write(&view, &y);
            }
            let put = |values: &[i64], empty: i128| {
                let mut out = vec![empty; lanes];
                places.iter().for_each(|i| out[*i] = i128::from(values[*i]));
                out
            };
            run.number(&format!("write, {name}"), &c, put(&values, -1).into_iter()).await;
            run.word(&format!("write, {name}"), &d, put(&flags, 5).into_iter()).await;
        }
    }
}

/// Layers of a merge, one by one against the pairs that they compare: all that a sort has, and others; and a whole sort.
pub(super) async fn sorting<P: Protocol>(run: &mut Run<'_, P>, lanes: usize) {
    let p = run.p;
    let range = signed(20).unwrap_or(Range::FULL);
    let columns = 1 + lanes % 3;
    let mut table: Vec<i64> = Data::new(range, Range::FULL, lanes, 3).a;
    table.extend((0..(columns - 1) * lanes).map(|i| i as i64));
    let mut a = run.input(&table, 0).await;
    let mut layers: Vec<(usize, usize)> = Vec::new();
    let mut width = 1;
    while width < lanes {
        layers.extend(std::iter::successors(Some(width), |k| (*k > 1).then_some(k / 2)).map(|k| (width, k)));
        width *= 2;
    }
    // Not of a sort: no pairs, beyond the end, no powers of two.
    layers.splice(0..0, [(0, 1), (1, 0), (lanes, lanes), (3, 2), (5, 5), (2, 7)]);
    if lanes > 100 {
        // Enough of a long sort.
        layers.truncate(14);
    }
    for (at, k) in layers {
        let before = run.e.stats();
        p.merge_layer(run.next(), &mut a, columns, at, k, range).await;
        run.note("merge_layer", 0, lanes, &before);
        for (i, j) in merge_runs(lanes, at, k).flatten().map(|i| (i, i + k)) {
            if table[j] < table[i] {
                (0..columns).for_each(|column| table.swap(column * lanes + i, column * lanes + j));
            }
        }
        run.number(&format!("layer ({at}, {k}) of {lanes}"), &a, table.iter().map(|x| i128::from(*x))).await;
    }
    if lanes <= 100 && !run.e.is_dry() {
        let sorted = table[..lanes].is_sorted();
        run.compare("sorted", &[i64::from(sorted)], std::iter::once(1));
    }
}
