//! Every gate against integer arithmetic: a program that each party runs, at all widths, edge values and lane counts that tend to break. It runs
//! live over any links and dry, and its report has the cost of each case, so that both can be compared.

use super::data::{Data, EDGE_LANES, WIDTHS, signed, unsigned};
use crate::executor::{Executor, Stats};
use crate::lanes::{Lanes, Range};
use crate::protocol::{BinShares, Protocol, Shares};
use smpc_math::circuits::{add, less_signed, netlist};

/// What a run of the suite found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Each case and what it cost, inputs and opening excluded.
    pub costs: Vec<(String, Stats)>,
    /// What is wrong; empty in dry mode.
    pub failures: Vec<String>,
}

/// A gate on one or two vectors with ranges, and its definition.
type Definition = fn(i128, i128) -> i128;

/// The state of a run.
struct Run<'x, P> {
    p: &'x P,
    e: &'x Executor,
    instance: u64,
    report: Report,
}

impl<'x, P: Protocol> Run<'x, P> {
    fn next(&mut self) -> crate::executor::Cx<'x> {
        self.instance += 1;
        self.e.gate(self.instance)
    }

    async fn input(&mut self, values: &[i64], owner: usize) -> P::Arith {
        let owner = owner % self.p.parties();
        let cx = self.next();
        self.p.input(cx, owner, (self.p.me() == owner).then_some(values), values.len()).await
    }

    fn note(&mut self, name: &str, before: &Stats) {
        self.report.costs.push((name.to_owned(), self.e.stats().since(before)));
    }

    fn compare(&mut self, name: &str, found: &[i64], expected: impl Iterator<Item = i128>) {
        if self.e.is_dry() {
            return;
        }
        for (lane, (found, expected)) in found.iter().zip(expected).enumerate() {
            if i128::from(*found) != expected && self.report.failures.len() < 50 {
                self.report.failures.push(format!("{name}, lane {lane}: {found} instead of {expected}"));
            }
        }
    }

    async fn number(&mut self, name: &str, a: &P::Arith, expected: impl Iterator<Item = i128>) {
        let cx = self.next();
        let found = self.p.open(cx, a).await;
        self.compare(name, &found, expected);
    }

    async fn truth(&mut self, name: &str, a: &P::Bin, expected: impl Iterator<Item = bool>) {
        let cx = self.next();
        let found = self.p.open_bin(cx, a).await;
        self.compare(name, &found, expected.map(i128::from));
    }
}

/// How much of the suite to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All widths at all lane counts.
    Full,
    /// Few of each, for slow links.
    Short,
}

/// Runs all cases.
pub async fn suite<P: Protocol>(p: &P, e: &Executor, extent: Extent) -> Report {
    let mut run = Run { p, e, instance: 0, report: Report::default() };
    let (widths, lanes): (&[u32], &[usize]) = match extent {
        Extent::Full => (&WIDTHS, &EDGE_LANES),
        Extent::Short => (&[1, 33, 64], &[1, 513]),
    };
    for (n, &lanes) in lanes.iter().enumerate() {
        for &width in widths {
            for range in [signed(width), unsigned(width)].into_iter().flatten() {
                let data = Data::new(range, range, lanes, n as u64 * 1000 + u64::from(width));
                local(&mut run, &data).await;
                products(&mut run, &data).await;
                orders(&mut run, &data).await;
                words(&mut run, &data, width).await;
                truncations(&mut run, &data).await;
            }
        }
        layout(&mut run, lanes).await;
        checks(&mut run, lanes).await;
        sorting(&mut run, lanes).await;
    }
    let few: &[usize] = if extent == Extent::Full { &[1, 65, 513] } else { &[65] };
    for &lanes in few {
        for &width in widths {
            for range in [signed(width), unsigned(width)].into_iter().flatten() {
                divisions(&mut run, range, lanes).await;
                roots(&mut run, range, lanes).await;
            }
        }
    }
    run.report
}

/// Whether an exact result is one that the gate promises.
fn fits(x: i128) -> bool {
    i64::try_from(x).is_ok()
}

async fn local<P: Protocol>(run: &mut Run<'_, P>, data: &Data) {
    let p = run.p;
    let name = |op: &str| format!("{op} {}", data.name());
    let (a, b) = (run.input(&data.a, 0).await, run.input(&data.b, 1).await);
    let wrap = |f: Definition| data.pairs().map(move |(x, y)| wrapped(f(x, y)));
    run.number(&name("add"), &p.add(&a, &b), wrap(|x, y| x + y)).await;
    run.number(&name("sub"), &p.sub(&a, &b), wrap(|x, y| x - y)).await;
    run.number(&name("neg"), &p.neg(&a), wrap(|x, _| -x)).await;
    run.number(&name("add public"), &p.add_public(&a, &data.b), wrap(|x, y| x + y)).await;
    run.number(&name("mul public"), &p.mul_public(&a, &data.b), wrap(|x, y| x * y)).await;
    run.number(&name("mul one public"), &p.mul_public(&a, &[-3]), wrap(|x, _| -3 * x)).await;
    run.number(&name("public"), &p.share_public(&data.a, data.a.len()), wrap(|x, _| x)).await;
    let total = data.a.iter().map(|x| i128::from(*x)).sum();
    run.number(&name("sum"), &p.sum(&a, data.a.len()), std::iter::once(wrapped(total))).await;
    let running = data.a.iter().scan(0, |sum, x| {
        *sum += i128::from(*x);
        Some(wrapped(*sum))
    });
    run.number(&name("prefix sum"), &p.prefix_sum(&a, data.a.len()), running).await;
    let mut c = a.clone();
    let last = data.a.len() - 1;
    let lane = p.lane_mul_public(
        p.lane_add_public(p.lane_sub(p.lane_add(p.lane(&a, 0), p.lane(&b, last)), p.lane(&b, 0)), 5),
        -7,
    );
    p.set_lane(&mut c, last, lane);
    let expected = (i128::from(data.a[0]) + i128::from(data.b[last]) - i128::from(data.b[0]) + 5) * -7;
    run.number(&name("lane"), &c.read(&Lanes::one(last)), std::iter::once(wrapped(expected))).await;
}

async fn products<P: Protocol>(run: &mut Run<'_, P>, data: &Data) {
    let p = run.p;
    let name = |op: &str| format!("{op} {}", data.name());
    let (a, b) = (run.input(&data.a, 2).await, run.input(&data.b, 0).await);
    let before = run.e.stats();
    let z = p.mul(run.next(), &a, &b).await;
    run.note(&name("mul"), &before);
    run.number(&name("mul"), &z, data.pairs().map(|(x, y)| wrapped(x * y))).await;
    let before = run.e.stats();
    let z = p.dot(run.next(), &a, &b, data.a.len()).await;
    run.note(&name("dot"), &before);
    // Modulo 2^64, so that the sum of the oracle does not overflow.
    let dot = data.pairs().fold(0_i128, |sum, (x, y)| wrapped(sum + wrapped(x * y)));
    run.number(&name("dot"), &z, std::iter::once(dot)).await;
    // As a column times a row, and a row times a column.
    let before = run.e.stats();
    let small = data.a.len().min(7);
    let (column, row) = (a.read(&Lanes::run(0, small)), b.read(&Lanes::run(0, small)));
    let z = p.matmul(run.next(), &column, &row, small, 1, small).await;
    run.note(&name("matmul"), &before);
    let table = (0..small * small).map(|i| wrapped(i128::from(data.a[i / small]) * i128::from(data.b[i % small])));
    run.number(&name("matmul"), &z, table).await;
}

async fn orders<P: Protocol>(run: &mut Run<'_, P>, data: &Data) {
    let p = run.p;
    let name = |op: &str| format!("{op} {}", data.name());
    let (a, b) = (run.input(&data.a, 1).await, run.input(&data.b, 2).await);
    let (ra, rb) = (data.ra, data.rb);
    let before = run.e.stats();
    let less = p.lt(run.next(), &a, &b, ra, rb).await;
    run.note(&name("lt"), &before);
    run.truth(&name("lt"), &less, data.pairs().map(|(x, y)| x < y)).await;
    let before = run.e.stats();
    let same = p.eq(run.next(), &a, &b, ra, rb).await;
    run.note(&name("eq"), &before);
    run.truth(&name("eq"), &same, data.pairs().map(|(x, y)| x == y)).await;
    let before = run.e.stats();
    let least = p.select(run.next(), &less, &a, &b).await;
    run.note(&name("select"), &before);
    run.number(&name("select"), &least, data.pairs().map(|(x, y)| x.min(y))).await;
}

async fn words<P: Protocol>(run: &mut Run<'_, P>, data: &Data, width: u32) {
    let p = run.p;
    let name = |op: &str| format!("{op} {}", data.name());
    let (me, lanes) = (p.me(), data.a.len());
    let a = run.input(&data.a, 0).await;
    let cx = run.next();
    let b = p.input_bin(cx, 1 % p.parties(), (me == 1 % p.parties()).then_some(&data.b[..]), width, lanes).await;
    let before = run.e.stats();
    let bits = p.a2b(run.next(), &a, width).await;
    run.note(&name("a2b"), &before);
    let low = move |x: i128| x & ((1 << width) - 1);
    // An opened word of 64 bits is in two's complement.
    let word = move |x: i128| if width == 64 { wrapped(x) } else { low(x) };
    let opened = p.open_bin(run.next(), &bits).await;
    run.compare(&name("a2b"), &opened, data.pairs().map(|(x, _)| word(x)));
    for is_signed in [false, true] {
        let before = run.e.stats();
        let number = p.b2a(run.next(), &bits, is_signed).await;
        run.note(&name("b2a"), &before);
        let value = move |x: i128| if is_signed && low(x) >> (width - 1) == 1 { low(x) - (1 << width) } else { low(x) };
        run.number(&name("b2a"), &number, data.pairs().map(|(x, _)| wrapped(value(x)))).await;
    }
    let before = run.e.stats();
    let both = p.and(run.next(), &bits, &b).await;
    run.note(&name("and"), &before);
    for (op, found, f) in [
        ("and", both, (|x, y| x & y) as Definition),
        ("xor", p.xor(&bits, &b), |x, y| x ^ y),
        ("not", p.not(&bits), |x, _| !x),
        ("xor public", p.xor_public(&bits, &data.b), |x, y| x ^ y),
        ("and public", p.and_public(&bits, &data.b), |x, y| x & y),
        ("public words", p.share_public_bin(&data.a, width, lanes), |x, _| x),
    ] {
        let opened = p.open_bin(run.next(), &found).await;
        run.compare(&name(op), &opened, data.pairs().map(|(x, y)| word(f(x, y))));
    }
    let circuit = netlist(&[width, width], |c, words| {
        let mut out = add(c, &words[0], &words[1]);
        out.push(less_signed(c, &words[0], &words[1]));
        out
    })
    .levelled();
    let before = run.e.stats();
    let z = p.netlist(run.next(), &circuit, &P::Bin::stack(&[&bits, &b])).await;
    run.note(&name("netlist"), &before);
    let opened = p.open_bin(run.next(), &z.planes(0, width)).await;
    run.compare(&name("netlist sum"), &opened, data.pairs().map(|(x, y)| word(x + y)));
    let sign = move |x: i128| (low(x) << (127 - (width - 1))) >> (127 - (width - 1));
    run.truth(&name("netlist less"), &z.planes(width, 1), data.pairs().map(|(x, y)| sign(x) < sign(y))).await;
    let condition = bits.planes(0, 1);
    let before = run.e.stats();
    let z = p.select_bin(run.next(), &condition, &bits, &b).await;
    run.note(&name("select words"), &before);
    let opened = p.open_bin(run.next(), &z).await;
    run.compare(&name("select words"), &opened, data.pairs().map(|(x, y)| word(if x & 1 == 1 { x } else { y })));
}

async fn truncations<P: Protocol>(run: &mut Run<'_, P>, data: &Data) {
    let p = run.p;
    let a = run.input(&data.a, 2).await;
    for bits in [0, 1, 2, 16, 31, 32, 61, 62, 63] {
        let name = |op: &str| format!("{op} by {bits} {}", data.name());
        let before = run.e.stats();
        let z = p.trunc(run.next(), &a, bits, data.ra).await;
        run.note(&name("trunc"), &before);
        run.number(&name("trunc"), &z, data.pairs().map(|(x, _)| x >> bits)).await;
        let before = run.e.stats();
        let z = p.round(run.next(), &a, bits, data.ra).await;
        run.note(&name("round"), &before);
        run.number(&name("round"), &z, data.pairs().map(|(x, _)| (x + ((1 << bits) >> 1)) >> bits)).await;
        let before = run.e.stats();
        let z = p.trunc_stochastic(run.next(), &a, bits, data.ra).await;
        run.note(&name("stochastic"), &before);
        let found = p.open(run.next(), &z).await;
        // Up or down, and exact where nothing is lost.
        let near = found.iter().zip(data.pairs()).map(|(z, (x, _))| {
            let floor = x >> bits;
            let up = i128::from(floor << bits != x);
            i128::from(*z).clamp(floor, floor + up)
        });
        run.compare(&name("stochastic"), &found, near);
    }
}

async fn divisions<P: Protocol>(run: &mut Run<'_, P>, range: Range, lanes: usize) {
    let p = run.p;
    for rb in [range, Range::new(range.lo.max(-128), range.hi.min(127)), Range::new(1, range.hi.max(1))] {
        let mut data = Data::new(range, rb, lanes, range.hi.cast_unsigned() ^ lanes as u64);
        let by = |x: i128, y: i128| if y == 0 { 0 } else { x / y };
        data.keep(|x, y| fits(by(x, y)));
        let name = |op: &str| format!("{op} {}", data.name());
        let (a, b) = (run.input(&data.a, 0).await, run.input(&data.b, 1).await);
        let before = run.e.stats();
        let (q, r) = p.div_rem(run.next(), &a, &b, data.ra, data.rb).await;
        run.note(&name("div"), &before);
        run.number(&name("div"), &q, data.pairs().map(|(x, y)| by(x, y))).await;
        run.number(&name("rem"), &r, data.pairs().map(|(x, y)| x - by(x, y) * y)).await;
        let divisors: Vec<i64> = data.b.iter().map(|b| if *b == 0 { 1 } else { *b }).collect();
        for divisors in [&divisors[..], &divisors[..1]] {
            let divisor = |i: usize| i128::from(if divisors.len() == 1 { divisors[0] } else { divisors[i] });
            let exact = |i: usize, x: i128| x / divisor(i);
            if !data.pairs().enumerate().all(|(i, (x, _))| fits(exact(i, x))) {
                continue;
            }
            let before = run.e.stats();
            let (q, r) = p.div_rem_public(run.next(), &a, divisors, data.ra).await;
            run.note(&name("div public"), &before);
            run.number(&name("div public"), &q, data.pairs().enumerate().map(|(i, (x, _))| exact(i, x))).await;
            run.number(
                &name("rem public"),
                &r,
                data.pairs().enumerate().map(|(i, (x, _))| x - exact(i, x) * divisor(i)),
            )
            .await;
        }
        for frac in [0, 16] {
            let by = |x: i128, y: i128| {
                let (x, y) = if y < 0 { (-x, -y) } else { (x, y) };
                if y == 0 { 0 } else { ((x << (frac + 1)) + y).div_euclid(2 * y) }
            };
            let mut data = data.clone();
            data.keep(|x, y| fits(by(x, y)));
            let (a, b) = (run.input(&data.a, 2).await, run.input(&data.b, 0).await);
            let before = run.e.stats();
            let q = p.fix_div(run.next(), &a, &b, data.ra, data.rb, frac).await;
            run.note(&name("fix div"), &before);
            run.number(&format!("{} frac {frac}", name("fix div")), &q, data.pairs().map(|(x, y)| by(x, y))).await;
            let divisors: Vec<i64> = data.b.iter().map(|b| if *b == 0 { 1 } else { *b }).collect();
            for divisors in [&divisors[..], &divisors[..1]] {
                let divisor = |i: usize| i128::from(if divisors.len() == 1 { divisors[0] } else { divisors[i] });
                let exact = |i: usize, x: i128| by(x, divisor(i));
                if !data.pairs().enumerate().all(|(i, (x, _))| fits(exact(i, x))) {
                    continue;
                }
                let before = run.e.stats();
                let q = p.fix_div_public(run.next(), &a, divisors, data.ra, frac).await;
                run.note(&name("fix div public"), &before);
                let expected = data.pairs().enumerate().map(|(i, (x, _))| exact(i, x));
                run.number(&format!("{} frac {frac}", name("fix div public")), &q, expected).await;
            }
        }
    }
}

async fn roots<P: Protocol>(run: &mut Run<'_, P>, range: Range, lanes: usize) {
    let p = run.p;
    let data = Data::new(range, range, lanes, range.hi.cast_unsigned() ^ 77);
    let a = run.input(&data.a, 1).await;
    for frac in [0, 16] {
        let name = format!("sqrt frac {frac} {}", data.name());
        let before = run.e.stats();
        let z = p.sqrt(run.next(), &a, data.ra, frac).await;
        run.note(&name, &before);
        // ⌊√n + ½⌋ = ⌊(⌊√4n⌋ + 1) / 2⌋.
        let root = |x: i128| ((x.max(0).cast_unsigned() << (frac + 2)).isqrt().cast_signed() + 1) / 2;
        run.number(&name, &z, data.pairs().map(|(x, _)| root(x))).await;
    }
}

async fn layout<P: Protocol>(run: &mut Run<'_, P>, lanes: usize) {
    let p = run.p;
    let values: Vec<i64> = (0..lanes as i64).map(|i| i * i - 7 * i).collect();
    let flags: Vec<i64> = values.iter().map(|v| v >> 1 & 7).collect();
    let a = run.input(&values, 0).await;
    let cx = run.next();
    let b = p.input_bin(cx, 0, (p.me() == 0).then_some(&flags[..]), 3, lanes).await;
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
    ]
    .into_iter()
    .enumerate()
    {
        let places: Vec<usize> = view.iter().collect();
        let name = format!("view {i} of {lanes}");
        let pick = |values: &[i64]| places.iter().map(|i| i128::from(values[*i])).collect::<Vec<_>>();
        let (x, y) = (a.read(&view), b.read(&view));
        run.number(&name, &x, pick(&values).into_iter()).await;
        let opened = p.open_bin(run.next(), &y).await;
        run.compare(&name, &opened, pick(&flags).into_iter());
        run.number(&format!("gather, {name}"), &a.gather(&places), pick(&values).into_iter()).await;
        let opened = p.open_bin(run.next(), &b.gather(&places)).await;
        run.compare(&format!("gather, {name}"), &opened, pick(&flags).into_iter());
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
            let opened = p.open_bin(run.next(), &d).await;
            run.compare(&format!("write, {name}"), &opened, put(&flags, 5).into_iter());
        }
    }
}

async fn checks<P: Protocol>(run: &mut Run<'_, P>, lanes: usize) {
    let p = run.p;
    for (i, wrong) in [None, Some(0), Some(lanes - 1), Some(lanes / 2)].into_iter().enumerate() {
        let mut flags = vec![1; lanes];
        if let Some(lane) = wrong {
            flags[lane] = 0;
        }
        let cx = run.next();
        let a = p.input_bin(cx, 0, (p.me() == 0).then_some(&flags[..]), 1, lanes).await;
        let before = run.e.stats();
        let holds = p.check(run.next(), &a).await;
        let name = format!("check {i} of {lanes}");
        run.note(&name, &before);
        run.compare(&name, &[i64::from(holds)], std::iter::once(i128::from(wrong.is_none())));
    }
    let cx = run.next();
    let random = p.random_bin(cx, 64, lanes).await;
    let cx = run.next();
    let other = p.random_bin(cx, 64, lanes).await;
    let (x, y) = (p.open_bin(run.next(), &random).await, p.open_bin(run.next(), &other).await);
    run.compare("random words differ", &[i64::from(x == y)], std::iter::once(i128::from(run.e.is_dry())));
    let told: Vec<i64> = (0..lanes as i64).map(|i| i64::MIN + i).collect();
    let owner = 2 % p.parties();
    let heard = p.broadcast(run.next(), owner, (p.me() == owner).then_some(&told[..]), lanes).await;
    run.compare("broadcast", &heard, told.iter().map(|x| i128::from(*x)));
    // To one party only.
    let a = run.input(&told, 0).await;
    for receiver in 0..p.parties() {
        let before = run.e.stats();
        let opened = p.open_to(run.next(), &a, &[receiver]).await;
        let words = p.open_bin_to(run.next(), &random, &[receiver]).await;
        run.note(&format!("open to {receiver}, {lanes}"), &before);
        let mine = p.me() == receiver;
        run.compare(
            "open to one",
            &[i64::from(opened.is_some() && words.is_some())],
            std::iter::once(i128::from(mine)),
        );
        if let (Some(opened), Some(words)) = (opened, words) {
            run.compare("open to one", &opened, told.iter().map(|x| i128::from(*x)));
            run.compare("open words to one", &words, x.iter().map(|x| i128::from(*x)));
        }
    }
}

async fn sorting<P: Protocol>(run: &mut Run<'_, P>, lanes: usize) {
    let p = run.p;
    let lanes = lanes.min(70);
    let keys = Data::new(signed(20).unwrap_or(Range::FULL), Range::FULL, lanes, 3).a;
    let rows: Vec<i64> = (0..lanes as i64).collect();
    let mut table: Vec<i64> = keys.clone();
    table.extend(&rows);
    let mut a = run.input(&table, 0).await;
    let range = Range::new(-(1 << 19), (1 << 19) - 1);
    let before = run.e.stats();
    let mut width = 1;
    while width < lanes {
        let mut k = width;
        while k > 0 {
            p.merge_layer(run.next(), &mut a, 2, width, k, range).await;
            k /= 2;
        }
        width *= 2;
    }
    run.note(&format!("sort {lanes}"), &before);
    let found = p.open(run.next(), &a).await;
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    run.compare("sorted keys", &found[..lanes], sorted.iter().map(|x| i128::from(*x)));
    let moved = found[lanes..].iter().map(|row| usize::try_from(*row).ok().and_then(|row| keys.get(row)).copied());
    let moved: Vec<i64> = moved.map(|key| key.unwrap_or(i64::MIN)).collect();
    run.compare("rows move with keys", &moved, sorted.iter().map(|x| i128::from(*x)));
}

/// Modulo 2^64, in two's complement.
fn wrapped(x: i128) -> i128 {
    x << 64 >> 64
}
