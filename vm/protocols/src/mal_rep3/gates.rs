//! `mal-rep3` as a [`Protocol`]: which construction each gate is.

use super::io::ALL;
use super::local::public;
use super::share::{Arith, element, number};
use super::{MalRep3, PARTIES, shuffle, verify};
use crate::executor::Cx;
use crate::gates;
use crate::keys::{Source, Step};
use crate::lanes::{Lanes, Range};
use crate::protocol::{Protocol, Unverified};
use crate::registry::{MAL_REP3, Spec};
use crate::rep3::Bin;
use smpc_math::netlist::Levelled;
use smpc_math::prf::Domain;

/// Both components of a lane and of its tag, and with which verification that was to be verified.
type Lane = ([u128; 4], u64);

impl<S: Source> Protocol for MalRep3<S> {
    type Arith = Arith;
    type Bin = Bin;
    type Lane = Lane;

    fn spec(&self) -> &'static Spec {
        &MAL_REP3
    }
    fn me(&self) -> usize {
        self.me
    }
    fn parties(&self) -> usize {
        PARTIES
    }
    fn unverified(&self) -> Unverified {
        self.owes()
    }
    fn is_much(&self, unverified: Unverified) -> bool {
        unverified.ands >= verify::MOST_ANDS as u64 / 64
    }
    fn set_unverified(&self, unverified: Unverified) {
        self.set_owed(unverified);
    }

    fn share_public(&self, values: &[i64], lanes: usize) -> Arith {
        self.plus_public(&self.arith(lanes), values)
    }
    fn add(&self, a: &Arith, b: &Arith) -> Arith {
        self.map2(a, b, u128::wrapping_add)
    }
    fn sub(&self, a: &Arith, b: &Arith) -> Arith {
        self.map2(a, b, u128::wrapping_sub)
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

    // In dry mode there are no elements; a lane then is nothing.
    fn lane(&self, a: &Arith, lane: usize) -> Lane {
        let mut held = a.all().map(|x| x.get(lane).map_or(0, |x| number(*x)));
        (std::array::from_fn(|_| held.next().unwrap_or(0)), a.batch)
    }
    fn set_lane(&self, a: &mut Arith, lane: usize, (value, batch): Lane) {
        a.batch = a.batch.min(batch);
        if !self.dry {
            a.all_mut().zip(value).for_each(|(x, value)| x[lane] = element(value));
        }
    }
    fn lane_add(&self, (a, one): Lane, (b, other): Lane) -> Lane {
        (std::array::from_fn(|k| a[k].wrapping_add(b[k])), one.min(other))
    }
    fn lane_sub(&self, (a, one): Lane, (b, other): Lane) -> Lane {
        (std::array::from_fn(|k| a[k].wrapping_sub(b[k])), one.min(other))
    }
    fn lane_add_public(&self, (mut a, batch): Lane, b: i64) -> Lane {
        if let Some(slot) = self.slot(0) {
            a[slot] = a[slot].wrapping_add(public(b));
        }
        for (x, key) in a[2..].iter_mut().zip(*self.key) {
            *x = x.wrapping_add(public(b).wrapping_mul(key));
        }
        (a, batch)
    }
    fn lane_mul_public(&self, (a, batch): Lane, b: i64) -> Lane {
        (a.map(|x| x.wrapping_mul(public(b))), batch)
    }

    fn share_public_bin(&self, values: &[i64], width: u32, lanes: usize) -> Bin {
        self.rep3.bin_known(values, width, lanes)
    }
    fn xor(&self, a: &Bin, b: &Bin) -> Bin {
        self.rep3.bin_xor(a, b)
    }
    fn xor_public(&self, a: &Bin, b: &[i64]) -> Bin {
        self.rep3.bin_xor_public(a, b)
    }
    fn and_public(&self, a: &Bin, b: &[i64]) -> Bin {
        self.rep3.bin_and_public(a, b)
    }

    /// 2 rounds; 64 bits a lane from the owner, and 128 from each party for the tag.
    async fn input(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Arith {
        self.deal_numbers(cx, owner, values, lanes).await
    }
    /// 1 round; a bit a lane and plane from the owner.
    async fn input_bin(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, width: u32, lanes: usize) -> Bin {
        self.deal_bits(cx, owner, values, width, lanes).await
    }
    /// 1 round; a byte from each party to both others.
    async fn all_is_there(&self, cx: Cx<'_>) {
        self.word_that_it_holds(cx).await;
    }
    /// 2 rounds; 64 bits a lane from the owner to each of the others, and a hash between these.
    async fn broadcast(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Vec<i64> {
        self.told(cx, owner, values, lanes).await
    }
    /// 1 round after those of a verification; 64 bits a lane from each party.
    async fn open(&self, cx: Cx<'_>, a: &Arith) -> Vec<i64> {
        let released = self.verified(cx).await;
        self.opened_numbers(cx, a.lanes, &a.value, &ALL, &released).await.unwrap_or_default()
    }
    /// 1 round after those of a verification; a bit a lane and plane from each party.
    async fn open_bin(&self, cx: Cx<'_>, a: &Bin) -> Vec<i64> {
        let released = self.verified(cx).await;
        self.opened_bits(cx, a, &ALL, &released).await.unwrap_or_default()
    }
    /// 1 round after those of a verification; 64 bits a lane to each receiver, who lacks one component, which the value gives away: nothing has to be masked anew.
    async fn open_to(&self, cx: Cx<'_>, a: &Arith, receivers: &[usize]) -> Option<Vec<i64>> {
        let released = self.verified(cx).await;
        self.opened_numbers(cx, a.lanes, &a.value, receivers, &released).await
    }
    /// 1 round after those of a verification; a bit a lane and plane to each receiver.
    async fn open_bin_to(&self, cx: Cx<'_>, a: &Bin, receivers: &[usize]) -> Option<Vec<i64>> {
        let released = self.verified(cx).await;
        self.opened_bits(cx, a, receivers, &released).await
    }

    /// 1 round; 256 bits a lane from each party.
    async fn mul(&self, cx: Cx<'_>, a: &Arith, b: &Arith) -> Arith {
        self.product(cx, a, &b.value).await
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
    /// 1 round; a bit a lane and plane from each party.
    async fn and(&self, cx: Cx<'_>, a: &Bin, b: &Bin) -> Bin {
        self.conjunction(cx, a, b).await
    }
    /// A round an AND level (once for each wave of very many lanes); a bit a lane and AND from each party.
    async fn netlist(&self, cx: Cx<'_>, circuit: &Levelled, inputs: &[&Bin]) -> Bin {
        self.run_circuit(cx, circuit, inputs).await
    }
    /// Free: each component is what its key says.
    async fn random_bin(&self, cx: Cx<'_>, width: u32, lanes: usize) -> Bin {
        let at = Step::new(cx.tape(), 0, Domain::Random);
        let mut x = self.rep3.bin(width, lanes);
        cx.count_blocks((x.form().rows() as u64 + 1) * 4);
        self.rep3.mask_rows(self.me, at, 0, &mut x.a);
        self.rep3.mask_rows(self.me + 1, at, 0, &mut x.b);
        x
    }
    /// 1 + ⌈log2 width⌉ rounds.
    async fn a2b(&self, cx: Cx<'_>, a: &Arith, width: u32) -> Bin {
        self.bits_of(cx, a, 0, width).await
    }
    /// 3 rounds, 384 bits a bit and 128 a lane from each party, for up to four bits; for more 9 rounds and about 690 bits a word.
    async fn b2a(&self, cx: Cx<'_>, a: &Bin, signed: bool) -> Arith {
        self.number_of(cx, a, signed).await
    }
    /// 8 + ⌈log2 lanes⌉ rounds: two comparisons of 64 bits side by side, an AND, and the conjunction over the lanes.
    async fn within(&self, cx: Cx<'_>, a: &Arith, range: Range) -> Bin {
        Box::pin(gates::range::within_ring(self, cx, a, range)).await
    }

    fn shuffle_rounds(&self, _: usize) -> u64 {
        shuffle::ROUNDS
    }
    /// 3 rounds, those of a verification, and one; 4 more for words. 4 elements of 128 bits a row and number from each party, and 2 of 64 bits for each 64 bits of a word.
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

    /// 1 + ⌈log2 width⌉ rounds.
    async fn ltz(&self, cx: Cx<'_>, a: &Arith, width: u32) -> Bin {
        self.sign(cx, a, width).await
    }
    /// 1 + ⌈log2 width⌉ rounds.
    async fn eqz(&self, cx: Cx<'_>, a: &Arith, width: u32) -> Bin {
        self.is_zero(cx, a, width).await
    }
    /// 3 rounds; 640 bits a lane from each party.
    async fn select(&self, cx: Cx<'_>, condition: &Bin, a: &Arith, b: &Arith) -> Arith {
        let change = self.bit_times(cx, condition, &self.sub(a, b)).await;
        self.add(b, &change)
    }
    /// 4 + ⌈log2 bits⌉ rounds; 16 where the range leaves no room above it.
    async fn trunc(&self, cx: Cx<'_>, a: &Arith, bits: u32, ra: Range) -> Arith {
        self.shifted(cx, a, bits, ra, false).await
    }
    /// As [`Self::trunc`].
    async fn round(&self, cx: Cx<'_>, a: &Arith, bits: u32, ra: Range) -> Arith {
        self.shifted(cx, a, bits, ra, true).await
    }
    /// As [`Self::trunc`].
    async fn trunc_stochastic(&self, cx: Cx<'_>, a: &Arith, bits: u32, ra: Range) -> Arith {
        self.shifted_by_coins(cx, a, bits, ra).await
    }
}
