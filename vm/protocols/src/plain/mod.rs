//! The protocol of one party, in the clear: every gate is its definition. The reference that the others are tested against; nothing is secret here.

mod bits;

pub use bits::Bits;

use crate::executor::Cx;
use crate::lanes::{Lanes, Range};
use crate::protocol::{BinShares, Protocol, Shares};
use crate::registry::{PLAIN, Spec};
use crate::workers;
use smpc_math::netlist::Levelled;
use smpc_math::planes::{Planes, ROW_LANES, ROW_WORDS};
use smpc_math::sorting::merge_runs;
use std::borrow::Cow;

/// Bytes of a netlist's wires at a time: they stay in the second cache, and memory does not grow with the lanes.
const WIRES: usize = 1 << 20;

/// One party in the clear.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

/// Integers modulo 2^64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers(pub Vec<u64>);

impl Shares for Numbers {
    fn lanes(&self) -> usize {
        self.0.len()
    }
    fn read(&self, view: &Lanes) -> Self {
        let mut out = vec![0; view.len()];
        view.copy(&self.0, &mut out);
        Self(out)
    }
    fn write(&mut self, view: &Lanes, values: &Self) {
        view.iter().zip(&values.0).for_each(|(i, v)| self.0[i] = *v);
    }
    fn gather(&self, index: &[usize]) -> Self {
        Self(index.iter().map(|i| self.0[*i]).collect())
    }
    fn scatter(&mut self, index: &[usize], values: &Self) {
        index.iter().zip(&values.0).for_each(|(i, v)| self.0[*i] = *v);
    }
}

/// `values` for every lane, a single one repeated.
fn cycle(values: &[i64], lanes: usize) -> impl Iterator<Item = i64> {
    values.iter().copied().cycle().take(lanes)
}

fn pairwise(a: &Numbers, b: &Numbers, f: impl Fn(u64, u64) -> u64 + Sync) -> Numbers {
    debug_assert_eq!(a.lanes(), b.lanes());
    if !workers::too_few(a.lanes(), 1) {
        let mut out = vec![0; a.lanes()];
        workers::each(&mut out, ROW_LANES, ROW_LANES, |first, out| {
            let pairs = a.0[first..].iter().zip(&b.0[first..]);
            out.iter_mut().zip(pairs).for_each(|(out, (x, y))| *out = f(*x, *y));
        });
        return Numbers(out);
    }
    Numbers(a.0.iter().zip(&b.0).map(|(x, y)| f(*x, *y)).collect())
}

fn with_public(a: &Numbers, b: &[i64], f: impl Fn(u64, u64) -> u64) -> Numbers {
    Numbers(a.0.iter().zip(cycle(b, a.lanes())).map(|(x, y)| f(*x, y.cast_unsigned())).collect())
}

/// A gate on the values as integers.
fn integers(a: &Numbers, b: &Numbers, f: impl Fn(i128, i128) -> i128 + Sync) -> Numbers {
    pairwise(a, b, |x, y| wrap(f(signed(x), signed(y))))
}

const fn signed(x: u64) -> i128 {
    x.cast_signed() as i128
}

#[allow(clippy::cast_possible_truncation, reason = "the ring is modulo 2^64")]
const fn wrap(x: i128) -> u64 {
    x as u64
}

/// ⌊√n⌋.
fn isqrt(n: u128) -> u128 {
    n.isqrt()
}

fn div(a: i128, b: i128) -> i128 {
    if b == 0 { 0 } else { a / b }
}

fn rem(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { a % b }
}

impl Protocol for Plain {
    type Arith = Numbers;
    type Bin = Bits;
    type Lane = u64;

    fn spec(&self) -> &'static Spec {
        &PLAIN
    }
    fn me(&self) -> usize {
        0
    }
    fn parties(&self) -> usize {
        1
    }

    fn share_public(&self, values: &[i64], lanes: usize) -> Numbers {
        Numbers(cycle(values, lanes).map(i64::cast_unsigned).collect())
    }
    fn add(&self, a: &Numbers, b: &Numbers) -> Numbers {
        pairwise(a, b, u64::wrapping_add)
    }
    fn sub(&self, a: &Numbers, b: &Numbers) -> Numbers {
        pairwise(a, b, u64::wrapping_sub)
    }
    fn neg(&self, a: &Numbers) -> Numbers {
        Numbers(a.0.iter().map(|x| x.wrapping_neg()).collect())
    }
    fn add_public(&self, a: &Numbers, b: &[i64]) -> Numbers {
        with_public(a, b, u64::wrapping_add)
    }
    fn mul_public(&self, a: &Numbers, b: &[i64]) -> Numbers {
        with_public(a, b, u64::wrapping_mul)
    }
    fn sum(&self, a: &Numbers, view: &Lanes, len: usize) -> Numbers {
        let mut sums = vec![0; view.len() / len.max(1)];
        view.sums(&a.0, len, &mut sums);
        Numbers(sums)
    }
    fn prefix_sum(&self, a: &Numbers, len: usize) -> Numbers {
        let mut out = a.clone();
        for group in out.0.chunks_mut(len.max(1)) {
            let mut sum = 0_u64;
            for x in group {
                sum = sum.wrapping_add(*x);
                *x = sum;
            }
        }
        out
    }
    fn clear<'a>(&self, a: &'a Numbers) -> Option<&'a [u64]> {
        Some(&a.0)
    }
    fn clear_checks(&self) -> bool {
        true
    }
    fn clear_lane(&self, lane: u64) -> Option<i64> {
        Some(lane.cast_signed())
    }
    fn lane(&self, a: &Numbers, lane: usize) -> u64 {
        a.0[lane]
    }
    fn set_lane(&self, a: &mut Numbers, lane: usize, value: u64) {
        a.0[lane] = value;
    }
    fn lane_add(&self, a: u64, b: u64) -> u64 {
        a.wrapping_add(b)
    }
    fn lane_sub(&self, a: u64, b: u64) -> u64 {
        a.wrapping_sub(b)
    }
    fn lane_add_public(&self, a: u64, b: i64) -> u64 {
        a.wrapping_add(b.cast_unsigned())
    }
    fn lane_mul_public(&self, a: u64, b: i64) -> u64 {
        a.wrapping_mul(b.cast_unsigned())
    }

    fn share_public_bin(&self, values: &[i64], width: u32, lanes: usize) -> Bits {
        Bits::of(cycle(values, lanes), width)
    }
    fn xor(&self, a: &Bits, b: &Bits) -> Bits {
        Bits(a.0.zip(&b.0, |x, y| x ^ y))
    }
    fn xor_public(&self, a: &Bits, b: &[i64]) -> Bits {
        self.xor(a, &self.share_public_bin(b, a.width(), a.lanes()))
    }
    fn and_public(&self, a: &Bits, b: &[i64]) -> Bits {
        Bits(a.0.zip(&self.share_public_bin(b, a.width(), a.lanes()).0, |x, y| x & y))
    }

    async fn input(&self, _: Cx<'_>, _: usize, values: Option<&[i64]>, lanes: usize) -> Numbers {
        self.share_public(values.unwrap_or(&[0]), lanes)
    }
    async fn input_bin(&self, _: Cx<'_>, _: usize, values: Option<&[i64]>, width: u32, lanes: usize) -> Bits {
        match values {
            Some(values) if width > 64 => Bits::of_limbs(values, width, lanes),
            values => self.share_public_bin(values.unwrap_or(&[0]), width, lanes),
        }
    }
    async fn broadcast(&self, _: Cx<'_>, _: usize, values: Option<&[i64]>, lanes: usize) -> Vec<i64> {
        cycle(values.unwrap_or(&[0]), lanes).collect()
    }
    async fn open(&self, _: Cx<'_>, a: &Numbers) -> Vec<i64> {
        a.0.iter().map(|x| x.cast_signed()).collect()
    }
    async fn open_bin(&self, _: Cx<'_>, a: &Bits) -> Vec<i64> {
        a.limbs().into_iter().map(u64::cast_signed).collect()
    }
    async fn open_to(&self, cx: Cx<'_>, a: &Numbers, receivers: &[usize]) -> Option<Vec<i64>> {
        let values = self.open(cx, a).await;
        receivers.contains(&0).then_some(values)
    }
    async fn open_bin_to(&self, cx: Cx<'_>, a: &Bits, receivers: &[usize]) -> Option<Vec<i64>> {
        let values = self.open_bin(cx, a).await;
        receivers.contains(&0).then_some(values)
    }

    async fn mul(&self, _: Cx<'_>, a: &Numbers, b: &Numbers) -> Numbers {
        pairwise(a, b, u64::wrapping_mul)
    }
    async fn dot(&self, _: Cx<'_>, a: &Numbers, b: &Numbers, len: usize) -> Numbers {
        self.sum(&pairwise(a, b, u64::wrapping_mul), &Lanes::whole(a.0.len()), len)
    }
    async fn matmul(&self, _: Cx<'_>, a: &Numbers, b: &Numbers, rows: usize, inner: usize, cols: usize) -> Numbers {
        let mut out = vec![0_u64; rows * cols];
        let cols = cols.max(1);
        workers::each(&mut out, cols, inner * cols, |first, out| {
            for (r, row) in out.chunks_mut(cols).enumerate() {
                for k in 0..inner {
                    let x = a.0[(first / cols + r) * inner + k];
                    row.iter_mut().zip(&b.0[k * cols..]).for_each(|(z, y)| *z = z.wrapping_add(x.wrapping_mul(*y)));
                }
            }
        });
        Numbers(out)
    }
    async fn and(&self, _: Cx<'_>, a: &Bits, b: &Bits) -> Bits {
        Bits(a.0.zip(&b.0, |x, y| x & y))
    }
    async fn netlist(&self, _: Cx<'_>, circuit: &Levelled, inputs: &[&Bits]) -> Bits {
        let lanes = inputs.iter().map(|word| word.lanes()).max().unwrap_or(0);
        debug_assert!(inputs.iter().all(|word| word.lanes() == lanes || word.lanes() == 1));
        let all = Lanes { start: 0, dims: [(0, 1), (0, lanes)] };
        let inputs: Vec<Cow<'_, Bits>> = inputs
            .iter()
            .map(|word| if word.lanes() == lanes { Cow::Borrowed(*word) } else { Cow::Owned(word.read(&all)) })
            .collect();
        let inputs = Bits::stack(&inputs.iter().map(|word| &**word).collect::<Vec<_>>());
        let widths = circuit.inputs.iter().map(|width| *width as usize);
        let starts = widths.clone().scan(0, |next, width| Some(std::mem::replace(next, *next + width)));
        let words: Vec<(usize, usize)> = starts.zip(widths).collect();
        let mut out = Planes::zeros(circuit.outputs.len(), inputs.lanes());
        let wave = (WIRES / (circuit.slots * size_of::<[u64; ROW_WORDS]>()).max(1)).max(1) * ROW_LANES;
        // As many waves at a time as there are threads.
        let group = wave * workers::threads();
        for start in (0..inputs.lanes()).step_by(group) {
            let count = group.min(inputs.lanes() - start).div_ceil(wave);
            let results = workers::map(count, wave * circuit.slots / ROW_WORDS, |n| {
                let first = start + n * wave;
                let part = inputs.read(&Lanes::run(first, wave.min(inputs.lanes() - first)));
                let words: Vec<Planes> = words.iter().map(|(from, width)| part.0.planes(*from, *width)).collect();
                circuit.evaluate(&words.iter().collect::<Vec<_>>())
            });
            for (n, result) in results.iter().enumerate() {
                out.copy_lanes(start + n * wave, result, 0, result.lanes());
            }
        }
        Bits(out)
    }
    async fn random_bin(&self, cx: Cx<'_>, width: u32, lanes: usize) -> Bits {
        // One party alone: any fixed sequence will do, and a repeatable one serves tests.
        let mut state = cx.tape().instance();
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let x = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x ^ (x >> 29)
        };
        let mut planes = Planes::zeros(width as usize, lanes);
        planes.raw_mut().iter_mut().for_each(|word| *word = next());
        planes.clear_tail();
        Bits(planes)
    }
    async fn a2b(&self, _: Cx<'_>, a: &Numbers, width: u32) -> Bits {
        Bits::of(a.0.iter().map(|x| x.cast_signed()), width)
    }
    async fn b2a(&self, _: Cx<'_>, a: &Bits, signed: bool) -> Numbers {
        let shift = 64 - a.width().clamp(1, 64);
        let extend = |word: u64| if signed { (word << shift).cast_signed() >> shift } else { word.cast_signed() };
        Numbers(a.words().into_iter().map(|word| extend(word).cast_unsigned()).collect())
    }
    fn relabels(&self) -> bool {
        true
    }
    async fn within(&self, _: Cx<'_>, a: &Numbers, range: Range) -> Bits {
        Bits::flags([a.0.iter().all(|x| (range.lo..=range.hi).contains(&x.cast_signed()))].into_iter())
    }

    async fn ltz(&self, _: Cx<'_>, a: &Numbers, _: u32) -> Bits {
        Bits::flags(a.0.iter().map(|x| signed(*x) < 0))
    }
    async fn eqz(&self, _: Cx<'_>, a: &Numbers, _: u32) -> Bits {
        Bits::flags(a.0.iter().map(|x| *x == 0))
    }
    async fn lt(&self, _: Cx<'_>, a: &Numbers, b: &Numbers, _: Range, _: Range) -> Bits {
        Bits::flags(a.0.iter().zip(&b.0).map(|(x, y)| signed(*x) < signed(*y)))
    }
    async fn eq(&self, _: Cx<'_>, a: &Numbers, b: &Numbers, _: Range, _: Range) -> Bits {
        Bits::flags(a.0.iter().zip(&b.0).map(|(x, y)| x == y))
    }
    async fn select(&self, _: Cx<'_>, condition: &Bits, a: &Numbers, b: &Numbers) -> Numbers {
        let pairs = a.0.iter().zip(&b.0);
        Numbers(condition.words().into_iter().zip(pairs).map(|(c, (x, y))| if c == 1 { *x } else { *y }).collect())
    }
    async fn select_bin(&self, _: Cx<'_>, condition: &Bits, a: &Bits, b: &Bits) -> Bits {
        let wide = Bits::stack(&vec![condition; a.width() as usize]);
        let change = a.0.zip(&b.0, |x, y| x ^ y).zip(&wide.0, |d, c| d & c);
        Bits(b.0.zip(&change, |y, d| y ^ d))
    }
    async fn trunc(&self, _: Cx<'_>, a: &Numbers, bits: u32, _: Range) -> Numbers {
        Numbers(a.0.iter().map(|x| wrap(signed(*x) >> bits)).collect())
    }
    async fn round(&self, _: Cx<'_>, a: &Numbers, bits: u32, _: Range) -> Numbers {
        let half = (1_i128 << bits) >> 1;
        Numbers(a.0.iter().map(|x| wrap((signed(*x) + half) >> bits)).collect())
    }
    async fn trunc_stochastic(&self, cx: Cx<'_>, a: &Numbers, bits: u32, ra: Range) -> Numbers {
        self.round(cx, a, bits, ra).await
    }
    async fn div_rem(&self, _: Cx<'_>, a: &Numbers, b: &Numbers, _: Range, _: Range) -> (Numbers, Numbers) {
        (integers(a, b, div), integers(a, b, rem))
    }
    async fn div_rem_public(&self, _: Cx<'_>, a: &Numbers, b: &[i64], _: Range) -> (Numbers, Numbers) {
        let b = self.share_public(b, a.lanes());
        (integers(a, &b, div), integers(a, &b, rem))
    }
    async fn fix_div(&self, _: Cx<'_>, a: &Numbers, b: &Numbers, _: Range, _: Range, frac: u32) -> Numbers {
        integers(a, b, |x, y| {
            if y == 0 {
                return 0;
            }
            // ⌊x·2^frac / y + ½⌋ = ⌊(2·x·2^frac + y) / 2y⌋; the division rounds down whatever the signs.
            let (n, d) = if y < 0 { (-x, -y) } else { (x, y) };
            ((n << (frac + 1)) + d).div_euclid(2 * d)
        })
    }
    async fn fix_div_public(&self, cx: Cx<'_>, a: &Numbers, b: &[i64], ra: Range, frac: u32) -> Numbers {
        let b = self.share_public(b, a.lanes());
        self.fix_div(cx, a, &b, ra, Range::FULL, frac).await
    }
    async fn sqrt(&self, _: Cx<'_>, a: &Numbers, _: Range, frac: u32) -> Numbers {
        // ⌊√n + ½⌋ is the root r of n, or r + 1 where n > r² + r.
        Numbers(
            a.0.iter()
                .map(|x| {
                    let n = signed(*x).max(0).cast_unsigned() << frac;
                    let r = isqrt(n);
                    wrap((if n - r * r > r { r + 1 } else { r }).cast_signed())
                })
                .collect(),
        )
    }
    // As among three parties, so that a run in the clear sorts in the same way.
    fn shuffle_rounds(&self, _: usize) -> u64 {
        2
    }
    async fn shuffle(
        &self,
        cx: Cx<'_>,
        turn: usize,
        told: &Numbers,
        numbers: &[Numbers],
        words: &[Bits],
    ) -> (Vec<i64>, Vec<Numbers>, Vec<Bits>) {
        // One party alone: any order will do.
        let draws = self.random_bin(cx, 63, told.lanes()).await.words();
        let mut order: Vec<usize> = (0..told.lanes()).collect();
        order.sort_by_key(|row| draws[*row].rotate_left(turn as u32));
        (
            self.open(cx, &told.gather(&order)).await,
            numbers.iter().map(|column| column.gather(&order)).collect(),
            words.iter().map(|column| column.gather(&order)).collect(),
        )
    }
    async fn radix_sort(&self, _: Cx<'_>, words: Bits, width: u32) -> Bits {
        let keys = words.planes(0, width).words();
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by_key(|row| keys[*row]);
        words.planes(width, words.width().saturating_sub(width)).gather(&order)
    }
    async fn sort(&self, _: Cx<'_>, table: &Numbers, columns: usize, _: Range) -> Numbers {
        let rows = table.lanes().checked_div(columns).unwrap_or(0);
        let mut order: Vec<usize> = (0..rows).collect();
        order.sort_by_key(|row| table.0[*row].cast_signed());
        let all: Vec<usize> =
            (0..columns).flat_map(|column| order.iter().map(move |row| column * rows + row)).collect();
        table.gather(&all)
    }
    async fn merge_layer(&self, _: Cx<'_>, table: &mut Numbers, columns: usize, p: usize, k: usize, _: Range) {
        let rows = table.lanes() / columns.max(1);
        for (i, j) in merge_runs(rows, p, k).flatten().map(|i| (i, i + k)) {
            if signed(table.0[j]) < signed(table.0[i]) {
                for column in 0..columns {
                    table.0.swap(column * rows + i, column * rows + j);
                }
            }
        }
    }
    async fn check(&self, _: Cx<'_>, a: &Bits) -> bool {
        a.words().into_iter().all(|word| word == 1)
    }
}
