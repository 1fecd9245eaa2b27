//! Moves of lanes, shuffles, and sorting, which is moves that depend on values.

use super::Run;
use crate::conformance::data::{Data, mix, signed, unsigned};
use crate::lanes::{Lanes, Range};
use crate::protocol::{BinShares, Protocol, Shares};
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

/// Shuffled rows are the rows that there were, all columns in one order; and another time in another.
pub(super) async fn shuffles<P: Protocol>(run: &mut Run<'_, P>, lanes: usize) {
    let p = run.p;
    let ids: Vec<i64> = (0..lanes as i64).collect();
    let values = Data::new(Range::FULL, Range::FULL, lanes, 4);
    let wide: Vec<i64> = values.a.iter().map(|x| x & 0x1ff).collect();
    let told = run.input(&ids, 0).await;
    let numbers = [run.input(&values.a, 1).await, run.input(&values.b, 2).await];
    let words = [run.input_bin(&wide, 9, 0).await, run.input_bin(&values.b, 64, 1).await];
    let mut orders = Vec::new();
    for turn in 0..3 {
        let before = run.e.stats();
        let (order, numbers, words) = p.shuffle(run.next(), turn, &told, &numbers, &words).await;
        run.note("shuffle", 0, lanes, &before);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        run.compare("shuffle, told", &sorted, ids.iter().map(|id| i128::from(*id)));
        let at = |row: &i64| usize::try_from(*row).unwrap_or(0);
        let pick = |column: &[i64]| order.iter().map(|row| i128::from(column[at(row)])).collect::<Vec<_>>().into_iter();
        for (column, values) in numbers.iter().zip([&values.a, &values.b]) {
            run.number("shuffle, numbers", column, pick(values)).await;
        }
        for (column, values) in words.iter().zip([&wide, &values.b]) {
            run.word("shuffle, words", column, pick(values)).await;
        }
        orders.push(order);
    }
    if lanes > 20 {
        run.compare("shuffles differ", &[i64::from(orders[0] == orders[1])], std::iter::once(0));
    }
}

/// Keys of several widths with rows beside them, in ascending order and stable: words and tables, whichever way a protocol sorts them.
pub(super) async fn sorted_rows<P: Protocol>(run: &mut Run<'_, P>, lanes: usize) {
    let p = run.p;
    let ids: Vec<i64> = (0..lanes as i64).collect();
    let ranges = [signed(64), signed(33), unsigned(5), unsigned(2), Some(Range::new(7, 7)), Some(Range::new(-3, 0))];
    for (n, range) in ranges.into_iter().flatten().enumerate() {
        let keys = Data::new(range, range, lanes, 60 + n as u64).a;
        let mut order: Vec<usize> = (0..lanes).collect();
        order.sort_by_key(|row| keys[*row]);
        let in_order = |column: &[i64]| order.iter().map(|row| i128::from(column[*row])).collect::<Vec<_>>();
        // Numbers, with none, one or two columns beside the keys.
        let columns = 1 + (lanes + n) % 3;
        let mut table = keys.clone();
        (1..columns).for_each(|c| table.extend(ids.iter().map(|id| mix(*id as u64 + c as u64).cast_signed())));
        let a = run.input(&table, 0).await;
        let before = run.e.stats();
        let sorted = p.sort(run.next(), &a, columns, range).await;
        run.note("sort", 0, lanes, &before);
        let expected: Vec<i128> = table.chunks(lanes).flat_map(in_order).collect();
        run.number(&format!("sort by {}..={} of {lanes}", range.lo, range.hi), &sorted, expected.into_iter()).await;
        // Words, with a number beside the keys.
        let (width, id_bits) = (range.width(), 10);
        let words: Vec<i64> = keys.iter().map(|key| key.wrapping_sub(range.lo)).collect();
        let words = run.input_bin(&words, width, 1).await;
        let words = P::Bin::stack(&[&words, &p.share_public_bin(&ids, id_bits, lanes)]);
        let before = run.e.stats();
        let sorted = p.radix_sort(run.next(), words, width).await;
        run.note("radix_sort", 0, lanes, &before);
        run.word(&format!("radix_sort of {width} bits, {lanes} lanes"), &sorted, in_order(&ids).into_iter()).await;
    }
}
