//! `rep4` as a [`Protocol`]: which construction each gate is.

use super::product::ALL as ROUTES;
use super::share::{Arith, Bin, HELD};
use super::{PARTIES, Rep4, shuffle};
use crate::executor::Cx;
use crate::gates;
use crate::keys::{Source, Step};
use crate::lanes::{Lanes, Range};
use crate::message::BLOCK;
use crate::protocol::Protocol;
use crate::registry::{REP4, Spec};
use smpc_math::netlist::Levelled;
use smpc_math::prf::Domain;

const ALL: [usize; PARTIES] = [0, 1, 2, 3];
const _: () = assert!(ROUTES.len() == 6, "the pairs of four components");

impl<S: Source> Protocol for Rep4<S> {
    type Arith = Arith;
    type Bin = Bin;
    type Lane = [u64; HELD];

    fn spec(&self) -> &'static Spec {
        &REP4
    }
    fn me(&self) -> usize {
        self.me
    }
    fn parties(&self) -> usize {
        PARTIES
    }

    fn share_public(&self, values: &[i64], lanes: usize) -> Arith {
        self.known(values, lanes)
    }
    fn add(&self, a: &Arith, b: &Arith) -> Arith {
        self.map2(a, b, u64::wrapping_add)
    }
    fn sub(&self, a: &Arith, b: &Arith) -> Arith {
        self.map2(a, b, u64::wrapping_sub)
    }
    fn neg(&self, a: &Arith) -> Arith {
        self.map1(a, |_, x| x.wrapping_neg())
    }
    fn add_public(&self, a: &Arith, b: &[i64]) -> Arith {
        self.plus_public(a, b)
    }
    fn mul_public(&self, a: &Arith, b: &[i64]) -> Arith {
        self.times_public(a, b)
    }
    fn sum(&self, a: &Arith, view: &Lanes, len: usize) -> Arith {
        self.sums(a, view, len)
    }
    fn prefix_sum(&self, a: &Arith, len: usize) -> Arith {
        self.running_sums(a, len)
    }

    // In dry mode there are no words; a lane then is nothing.
    fn lane(&self, a: &Arith, lane: usize) -> [u64; HELD] {
        a.x.each_ref().map(|words| words.get(lane).copied().unwrap_or(0))
    }
    fn set_lane(&self, a: &mut Arith, lane: usize, value: [u64; HELD]) {
        if !self.dry {
            a.x.iter_mut().zip(value).for_each(|(words, value)| words[lane] = value);
        }
    }
    fn lane_add(&self, a: [u64; HELD], b: [u64; HELD]) -> [u64; HELD] {
        std::array::from_fn(|k| a[k].wrapping_add(b[k]))
    }
    fn lane_sub(&self, a: [u64; HELD], b: [u64; HELD]) -> [u64; HELD] {
        std::array::from_fn(|k| a[k].wrapping_sub(b[k]))
    }
    fn lane_add_public(&self, mut a: [u64; HELD], b: i64) -> [u64; HELD] {
        if let Some(zero) = a.get_mut(self.slot(0)) {
            *zero = zero.wrapping_add(b.cast_unsigned());
        }
        a
    }
    fn lane_mul_public(&self, a: [u64; HELD], b: i64) -> [u64; HELD] {
        a.map(|word| word.wrapping_mul(b.cast_unsigned()))
    }

    fn share_public_bin(&self, values: &[i64], width: u32, lanes: usize) -> Bin {
        self.bin_known(values, width, lanes)
    }
    fn xor(&self, a: &Bin, b: &Bin) -> Bin {
        self.bin_xor(a, b)
    }
    fn xor_public(&self, a: &Bin, b: &[i64]) -> Bin {
        self.bin_xor(a, &self.bin_known(b, a.width, a.lanes))
    }
    fn and_public(&self, a: &Bin, b: &[i64]) -> Bin {
        self.bin_and_public(a, b)
    }

    /// 2 rounds; 64 bits a lane from the owner to each of two parties.
    async fn input(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Arith {
        self.deal_numbers(cx, owner, values, lanes).await
    }
    /// 2 rounds; a bit a lane and plane from the owner to each of two parties.
    async fn input_bin(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, width: u32, lanes: usize) -> Bin {
        self.deal_bits(cx, owner, values, width, lanes).await
    }
    /// 2 rounds; 64 bits a lane from the owner to each of the others.
    async fn broadcast(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Vec<i64> {
        self.broadcast_numbers(cx, owner, values, lanes).await
    }
    /// 1 round; 64 bits a lane from each party.
    async fn open(&self, cx: Cx<'_>, a: &Arith) -> Vec<i64> {
        self.reveal(cx, a, &ALL).await.unwrap_or_default()
    }
    /// 1 round; a bit a lane and plane from each party.
    async fn open_bin(&self, cx: Cx<'_>, a: &Bin) -> Vec<i64> {
        self.reveal_bits(cx, a, &ALL).await.unwrap_or_default()
    }
    /// 1 round; 64 bits a lane to each receiver, who lacks one component, which the value gives away: nothing has to be masked anew.
    async fn open_to(&self, cx: Cx<'_>, a: &Arith, receivers: &[usize]) -> Option<Vec<i64>> {
        self.reveal(cx, a, receivers).await
    }
    /// 1 round; a bit a lane and plane to each receiver.
    async fn open_bin_to(&self, cx: Cx<'_>, a: &Bin, receivers: &[usize]) -> Option<Vec<i64>> {
        self.reveal_bits(cx, a, receivers).await
    }

    /// 1 round; 96 bits a lane from each party on average, and 48 bytes.
    async fn mul(&self, cx: Cx<'_>, a: &Arith, b: &Arith) -> Arith {
        self.product(cx, a, b).await
    }
    /// As one product a result lane.
    async fn dot(&self, cx: Cx<'_>, a: &Arith, b: &Arith, len: usize) -> Arith {
        self.inner_products(cx, a, b, len).await
    }
    /// As one product a result lane.
    async fn dot_columns(&self, cx: Cx<'_>, a: &Arith, b: &Arith, len: usize) -> Arith {
        self.products_of_columns(cx, a, b, len).await
    }
    /// As one product a result lane.
    async fn matmul(&self, cx: Cx<'_>, a: &Arith, b: &Arith, rows: usize, inner: usize, cols: usize) -> Arith {
        self.matrix_product(cx, a, b, (rows, inner, cols)).await
    }
    /// 1 round; 1.5 bits a lane and plane from each party on average.
    async fn and(&self, cx: Cx<'_>, a: &Bin, b: &Bin) -> Bin {
        self.conjunction(cx, a, b).await
    }
    /// A round an AND level (once for each wave of very many lanes); 1.5 bits a lane and AND from each party on average.
    async fn netlist(&self, cx: Cx<'_>, circuit: &Levelled, inputs: &[&Bin]) -> Bin {
        self.run_circuit(cx, circuit, inputs).await
    }
    /// Free: each component is what its key says.
    async fn random_bin(&self, cx: Cx<'_>, width: u32, lanes: usize) -> Bin {
        let at = Step::new(cx.tape(), 0, Domain::Random);
        let mut x = self.bin(width, lanes);
        cx.count_blocks((x.form().rows() as u64 + 1) * 4);
        for (k, rows) in x.x.iter_mut().enumerate() {
            for (n, words) in rows.as_flattened_mut().chunks_mut(BLOCK).enumerate() {
                at.words(&self.source, (self.me + 1 + k) % PARTIES, n * BLOCK, words);
            }
        }
        x
    }
    /// 2 + ⌈log2 (width − 1)⌉ rounds.
    async fn a2b(&self, cx: Cx<'_>, a: &Arith, width: u32) -> Bin {
        self.bits_of_number(cx, a, width).await
    }
    /// 2 rounds; as often for each part of more than 2^22 bits.
    async fn b2a(&self, cx: Cx<'_>, a: &Bin, signed: bool) -> Arith {
        self.number_of(cx, a, signed).await
    }
    /// 9 + ⌈log2 lanes⌉ rounds: two comparisons of 64 bits side by side, an AND, and the conjunction over the lanes.
    async fn within(&self, cx: Cx<'_>, a: &Arith, range: Range) -> Bin {
        Box::pin(gates::range::within_ring(self, cx, a, range)).await
    }

    fn shuffle_rounds(&self, _: usize) -> u64 {
        shuffle::ROUNDS
    }
    /// 5 rounds; three elements a row from each party on average, and one of the column that is told.
    async fn shuffle(
        &self,
        cx: Cx<'_>,
        _: usize,
        told: &Arith,
        numbers: &[Arith],
        words: &[Bin],
    ) -> (Vec<i64>, Vec<Arith>, Vec<Bin>) {
        self.shuffled(cx, told, numbers, words).await
    }

    /// 2 + ⌈log2 (width − 1)⌉ rounds.
    async fn ltz(&self, cx: Cx<'_>, a: &Arith, width: u32) -> Bin {
        self.sign(cx, a, width).await
    }
    /// 1 + ⌈log2 width⌉ rounds.
    async fn eqz(&self, cx: Cx<'_>, a: &Arith, width: u32) -> Bin {
        self.is_zero(cx, a, width).await
    }
    /// 2 rounds; 160 bits a lane from each party on average.
    async fn select(&self, cx: Cx<'_>, condition: &Bin, a: &Arith, b: &Arith) -> Arith {
        let change = self.bit_times(cx, condition, &self.sub(a, b)).await;
        self.add(b, &change)
    }
    /// 4 + ⌈log2 bits⌉ rounds; 10 where the range leaves no room above it.
    async fn trunc(&self, cx: Cx<'_>, a: &Arith, bits: u32, ra: Range) -> Arith {
        self.shift_to(cx, a, bits, ra, false).await
    }
    /// As [`Self::trunc`].
    async fn round(&self, cx: Cx<'_>, a: &Arith, bits: u32, ra: Range) -> Arith {
        self.shift_to(cx, a, bits, ra, true).await
    }
    /// 2 rounds; as [`Self::round`], and then to nearest, where the range leaves no room above it.
    async fn trunc_stochastic(&self, cx: Cx<'_>, a: &Arith, bits: u32, ra: Range) -> Arith {
        self.shift_by_coins(cx, a, bits, ra).await
    }
}
