//! Sums, products and decisions on numbers.

use super::{Definition, Run, wrapped};
use crate::conformance::data::Data;
use crate::lanes::{Lanes, Range, signed_width};
use crate::protocol::{Protocol, Shares};

/// What a party does alone.
pub(super) async fn local<P: Protocol>(run: &mut Run<'_, P>, data: &Data) {
    let p = run.p;
    let lanes = data.a.len();
    let name = |op: &str| format!("{op} {}", data.name());
    let (a, b) = (run.input(&data.a, 0).await, run.input(&data.b, 1).await);
    let wrap = |f: Definition| data.pairs().map(move |(x, y)| wrapped(f(x, y)));
    run.number(&name("add"), &p.add(&a, &b), wrap(|x, y| x + y)).await;
    run.number(&name("sub"), &p.sub(&a, &b), wrap(|x, y| x - y)).await;
    run.number(&name("neg"), &p.neg(&a), wrap(|x, _| -x)).await;
    run.number(&name("add_public"), &p.add_public(&a, &data.b), wrap(|x, y| x + y)).await;
    run.number(&name("add_public of one"), &p.add_public(&a, &[i64::MIN]), wrap(|x, _| x + i128::from(i64::MIN))).await;
    let short = data.shortened(64 - data.ra.width().max(data.rb.width()), 26);
    let factor = run.input(&short.a, 2).await;
    let products: Vec<i128> = short.pairs().map(|(x, y)| x * y).collect();
    run.number(&name("mul_public"), &p.mul_public(&factor, &short.b), products.iter().copied()).await;
    run.number(&name("mul_public of one"), &p.mul_public(&a, &[-3]), wrap(|x, _| -3 * x)).await;
    run.number(&name("share_public"), &p.share_public(&data.a, lanes), wrap(|x, _| x)).await;
    run.number(&name("share_public of one"), &p.share_public(&[-9], lanes), wrap(|_, _| -9)).await;
    for len in [1, lanes, if lanes.is_multiple_of(3) { 3 } else { 1 }] {
        let groups = |values: &[i64]| -> Vec<i128> {
            let sum = |group: &[i64]| wrapped(group.iter().map(|x| i128::from(*x)).sum());
            values.chunks(len).map(sum).collect()
        };
        run.number(&name("sum"), &p.sum(&a, &Lanes::whole(lanes), len), groups(&data.a).into_iter()).await;
        let rows = lanes / len;
        let columns = Lanes { start: 0, dims: [(1, rows), (rows.cast_signed(), len)] };
        let column = |i: usize| wrapped((0..len).map(|j| i128::from(data.a[i + j * rows])).sum());
        run.number(&name("sum of columns"), &p.sum(&a, &columns, len), (0..rows).map(column)).await;
        let running = data.a.chunks(len).flat_map(|group| {
            group.iter().scan(0, |sum, x| {
                *sum = wrapped(*sum + i128::from(*x));
                Some(*sum)
            })
        });
        run.number(&name("prefix_sum"), &p.prefix_sum(&a, len), running).await;
        let dots = products.chunks(len).map(|group| group.iter().sum::<i128>());
        run.number(&name("dot_public"), &p.dot_public(&factor, &short.b, len), dots).await;
    }
    let mut c = a.clone();
    let last = lanes - 1;
    let lane = p.lane_mul_public(
        p.lane_add_public(p.lane_sub(p.lane_add(p.lane(&a, 0), p.lane(&b, last)), p.lane(&b, 0)), 5),
        -7,
    );
    p.set_lane(&mut c, last, lane);
    let expected = (i128::from(data.a[0]) + i128::from(data.b[last]) - i128::from(data.b[0]) + 5) * -7;
    run.number(&name("lane"), &c.read(&Lanes::one(last)), std::iter::once(wrapped(expected))).await;
}

/// Products and sums of products.
pub(super) async fn products<P: Protocol>(run: &mut Run<'_, P>, data: &Data, width: u32) {
    let p = run.p;
    let lanes = data.a.len();
    let name = |op: &str| format!("{op} {}", data.name());
    wrapping(run, data, width).await;
    // As many bits as leave room for the sum of all products.
    let data = &data.shortened(64 - width.min(64), 26);
    let (a, b) = (run.input(&data.a, 2).await, run.input(&data.b, 0).await);
    let before = run.e.stats();
    let z = p.mul(run.next(), &a, &b).await;
    run.note("mul", width, lanes, &before);
    run.number(&name("mul"), &z, data.pairs().map(|(x, y)| wrapped(x * y))).await;
    let divisors = [7, lanes / 2].into_iter().filter(|len| *len > 1 && lanes.is_multiple_of(*len));
    for len in [lanes, 1].into_iter().chain(divisors) {
        let before = run.e.stats();
        let z = p.dot(run.next(), &a, &b, len).await;
        run.note("dot", width, lanes, &before);
        // Modulo 2^64, so that the sum of the oracle does not overflow.
        let products: Vec<i128> = data.pairs().map(|(x, y)| wrapped(x * y)).collect();
        let dots = products.chunks(len).map(|group| group.iter().fold(0, |sum, x| wrapped(sum + x)));
        run.number(&name("dot"), &z, dots).await;
        let before = run.e.stats();
        let z = p.dot_columns(run.next(), &a, &b, len).await;
        run.note("dot_columns", width, lanes, &before);
        let rows = lanes / len;
        let of_row = |row: usize| products.iter().skip(row).step_by(rows).fold(0, |sum, x| wrapped(sum + x));
        run.number(&name("dot_columns"), &z, (0..rows).map(of_row)).await;
    }
    // As many products as there are lanes: an outer product, and a matrix times a column of as many lanes as fit. Then two matrices that have several rows, columns and terms.
    let small = lanes.min(7);
    let (column, row) = (a.read(&Lanes::run(0, small)), b.read(&Lanes::run(0, small)));
    let inner = lanes.min(5);
    let rows = lanes / inner;
    let matrix = a.read(&Lanes::run(0, rows * inner));
    let vector = b.read(&Lanes::run(0, inner));
    let (depth, side) = (lanes.min(3), (lanes / 3).clamp(1, 13));
    let tall = a.read(&Lanes::run(0, side * depth));
    let wide = b.read(&Lanes::run(0, depth * side));
    for (x, y, (rows, inner, cols)) in
        [(&column, &row, (small, 1, small)), (&matrix, &vector, (rows, inner, 1)), (&tall, &wide, (side, depth, side))]
    {
        let before = run.e.stats();
        let z = p.matmul(run.next(), x, y, rows, inner, cols).await;
        run.note("matmul", width, lanes, &before);
        let entry = |at: usize| {
            let (r, c) = (at / cols, at % cols);
            let product = |i: usize| i128::from(data.a[r * inner + i]) * i128::from(data.b[i * cols + c]);
            (0..inner).fold(0, |sum, i| wrapped(sum + wrapped(product(i))))
        };
        run.number(&name("matmul"), &z, (0..rows * cols).map(entry)).await;
    }
}

/// Sums, differences and products that leave 64 bits.
async fn wrapping<P: Protocol>(run: &mut Run<'_, P>, data: &Data, width: u32) {
    let p = run.p;
    let lanes = data.a.len();
    let name = |op: &str| format!("{op} {}", data.name());
    let (a, b) = (run.input(&data.a, 2).await, run.input(&data.b, 0).await);
    let wrap = |f: Definition| data.pairs().map(move |(x, y)| wrapped(f(x, y)));
    let before = run.e.stats();
    let z = p.add_wrap(run.next(), &a, &b).await;
    run.note("add_wrap", width, lanes, &before);
    run.number(&name("add_wrap"), &z, wrap(|x, y| x + y)).await;
    // What wraps is a number of 64 bits to the gates behind it.
    let negative = p.ltz(run.next(), &z, 64).await;
    run.word(&name("ltz of add_wrap"), &negative, wrap(|x, y| i128::from(wrapped(x + y) < 0))).await;
    let before = run.e.stats();
    let z = p.sub_wrap(run.next(), &a, &b).await;
    run.note("sub_wrap", width, lanes, &before);
    run.number(&name("sub_wrap"), &z, wrap(|x, y| x - y)).await;
    let before = run.e.stats();
    let z = p.mul_wrap(run.next(), &a, &b).await;
    run.note("mul_wrap", width, lanes, &before);
    run.number(&name("mul_wrap"), &z, wrap(|x, y| x * y)).await;
    let halves = p.trunc(run.next(), &z, 1, Range::FULL).await;
    run.number(&name("trunc of mul_wrap"), &halves, wrap(|x, y| wrapped(x * y) >> 1)).await;
}

/// Comparisons, equality and choice; ranges that are only told.
pub(super) async fn decisions<P: Protocol>(run: &mut Run<'_, P>, data: &Data, width: u32) {
    let p = run.p;
    let lanes = data.a.len();
    let name = |op: &str| format!("{op} {}", data.name());
    let (a, b) = (run.input(&data.a, 1).await, run.input(&data.b, 2).await);
    let (ra, rb) = (data.ra, data.rb);
    let before = run.e.stats();
    let within = p.within(run.next(), &a, ra).await;
    run.note("within", width, lanes, &before);
    run.word(&name("within"), &within, std::iter::once(1)).await;
    // Without its greatest or its least lane the range is another one, for those who prove it.
    let (least, most) = (data.a.iter().copied().min().unwrap_or(0), data.a.iter().copied().max().unwrap_or(0));
    if least < most && !p.relabels() {
        for range in [Range::new(ra.lo, most - 1), Range::new(least + 1, ra.hi)] {
            let within = p.within(run.next(), &a, range).await;
            run.word(&name("within"), &within, std::iter::once(0)).await;
        }
    }
    let before = run.e.stats();
    let less = p.lt(run.next(), &a, &b, ra, rb).await;
    run.note("lt", width, lanes, &before);
    run.word(&name("lt"), &less, data.pairs().map(|(x, y)| i128::from(x < y))).await;
    let before = run.e.stats();
    let same = p.eq(run.next(), &a, &b, ra, rb).await;
    run.note("eq", width, lanes, &before);
    run.word(&name("eq"), &same, data.pairs().map(|(x, y)| i128::from(x == y))).await;
    let before = run.e.stats();
    let negative = p.ltz(run.next(), &a, ra.width()).await;
    run.note("ltz", width, lanes, &before);
    run.word(&name("ltz"), &negative, data.pairs().map(|(x, _)| i128::from(x < 0))).await;
    let before = run.e.stats();
    let zero = p.eqz(run.next(), &a, ra.width()).await;
    run.note("eqz", width, lanes, &before);
    run.word(&name("eqz"), &zero, data.pairs().map(|(x, _)| i128::from(x == 0))).await;
    // The difference of halves fits 64 bits, whatever the whole.
    let (lo, hi) = Range::new(ra.lo >> 1, ra.hi >> 1).minus(Range::new(rb.lo >> 1, rb.hi >> 1));
    let difference = signed_width(lo, hi);
    let halves = |values: &[i64]| values.iter().map(|x| x >> 1).collect::<Vec<i64>>();
    let (half_a, half_b) = (halves(&data.a), halves(&data.b));
    let (c, d) = (run.input(&half_a, 0).await, run.input(&half_b, 1).await);
    let before = run.e.stats();
    let half_less = p.less(run.next(), &c, &d, difference).await;
    run.note("less", width, lanes, &before);
    let pairs = || half_a.iter().zip(&half_b);
    run.word(&name("less"), &half_less, pairs().map(|(x, y)| i128::from(x < y))).await;
    let before = run.e.stats();
    let half_same = p.equal(run.next(), &c, &d, difference).await;
    run.note("equal", width, lanes, &before);
    run.word(&name("equal"), &half_same, pairs().map(|(x, y)| i128::from(x == y))).await;
    let before = run.e.stats();
    let least = p.select(run.next(), &less, &a, &b).await;
    run.note("select", width, lanes, &before);
    run.number(&name("select"), &least, data.pairs().map(|(x, y)| x.min(y))).await;
}
