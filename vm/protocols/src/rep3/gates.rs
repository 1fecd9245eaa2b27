//! `rep3` as a [`Protocol`]: which construction each gate is.

use super::Rep3;
use super::kernel::Step;
use super::share::{Arith, Bin};
use super::split::Number;
use crate::executor::Cx;
use crate::gates;
use crate::keys::Source;
use crate::lanes::{Lanes, Range};
use crate::protocol::{BinShares, Protocol};
use crate::registry::{REP3, Spec};
use crate::ring::{lift, upper};
use smpc_math::netlist::Levelled;
use smpc_math::prf::Domain;

const ALL: [usize; 3] = [0, 1, 2];

impl<S: Source> Protocol for Rep3<S> {
    type Arith = Arith;
    type Bin = Bin;
    type Lane = (u64, u64);

    fn spec(&self) -> &'static Spec {
        &REP3
    }
    fn me(&self) -> usize {
        self.me
    }
    fn parties(&self) -> usize {
        3
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
        self.map1(a, u64::wrapping_neg)
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
    fn lane(&self, a: &Arith, lane: usize) -> (u64, u64) {
        if self.dry { (0, 0) } else { (a.a[lane], a.b[lane]) }
    }
    fn set_lane(&self, a: &mut Arith, lane: usize, value: (u64, u64)) {
        if !self.dry {
            (a.a[lane], a.b[lane]) = value;
        }
    }
    fn lane_add(&self, a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
        (a.0.wrapping_add(b.0) & self.mask, a.1.wrapping_add(b.1) & self.mask)
    }
    fn lane_sub(&self, a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
        (a.0.wrapping_sub(b.0) & self.mask, a.1.wrapping_sub(b.1) & self.mask)
    }
    fn lane_add_public(&self, a: (u64, u64), b: i64) -> (u64, u64) {
        match self.slot(0) {
            Some(0) => (a.0.wrapping_add(b.cast_unsigned()) & self.mask, a.1),
            Some(_) => (a.0, a.1.wrapping_add(b.cast_unsigned()) & self.mask),
            None => a,
        }
    }
    fn lane_mul_public(&self, a: (u64, u64), b: i64) -> (u64, u64) {
        let times = |word: u64| word.wrapping_mul(b.cast_unsigned()) & self.mask;
        (times(a.0), times(a.1))
    }

    fn share_public_bin(&self, values: &[i64], width: u32, lanes: usize) -> Bin {
        self.bin_known(values, width, lanes)
    }
    fn xor(&self, a: &Bin, b: &Bin) -> Bin {
        self.bin_xor(a, b)
    }
    fn xor_public(&self, a: &Bin, b: &[i64]) -> Bin {
        self.bin_xor_public(a, b)
    }
    fn and_public(&self, a: &Bin, b: &[i64]) -> Bin {
        self.bin_and_public(a, b)
    }

    /// 1 round; 64 bits a lane from the owner.
    async fn input(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Arith {
        self.deal_numbers(cx, owner, values, lanes).await
    }
    /// 1 round; a bit a lane and plane from the owner.
    async fn input_bin(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, width: u32, lanes: usize) -> Bin {
        self.deal_bits(cx, owner, values, width, lanes).await
    }
    /// 1 round; 64 bits a lane from the owner to each of the others.
    async fn broadcast(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Vec<i64> {
        self.tell(cx, owner, values, lanes).await
    }
    /// 1 round; 64 bits a lane from each party.
    async fn open(&self, cx: Cx<'_>, a: &Arith) -> Vec<i64> {
        self.reveal(cx, a, &ALL).await.unwrap_or_default()
    }
    /// 1 round; a bit a lane and plane from each party.
    async fn open_bin(&self, cx: Cx<'_>, a: &Bin) -> Vec<i64> {
        self.reveal_bits(cx, a, &ALL).await.unwrap_or_default()
    }
    /// 1 round; 64 bits a lane to each receiver. A receiver lacks one component, which the value gives away: nothing has to be masked anew.
    async fn open_to(&self, cx: Cx<'_>, a: &Arith, receivers: &[usize]) -> Option<Vec<i64>> {
        self.reveal(cx, a, receivers).await
    }
    /// 1 round; a bit a lane and plane to each receiver.
    async fn open_bin_to(&self, cx: Cx<'_>, a: &Bin, receivers: &[usize]) -> Option<Vec<i64>> {
        self.reveal_bits(cx, a, receivers).await
    }

    /// 1 round; 64 bits a lane from each party.
    async fn mul(&self, cx: Cx<'_>, a: &Arith, b: &Arith) -> Arith {
        self.product(cx, a, b).await
    }
    /// 1 round; 64 bits a result lane from each party.
    async fn dot(&self, cx: Cx<'_>, a: &Arith, b: &Arith, len: usize) -> Arith {
        self.inner_products(cx, a, b, len).await
    }
    /// 1 round; 64 bits a result lane from each party.
    async fn dot_columns(&self, cx: Cx<'_>, a: &Arith, b: &Arith, len: usize) -> Arith {
        self.products_of_columns(cx, a, b, len).await
    }
    /// 1 round; 64 bits a result lane from each party.
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
    /// Free: the first component of each party is what its key says.
    async fn random_bin(&self, cx: Cx<'_>, width: u32, lanes: usize) -> Bin {
        let at = Step::new(cx.tape(), 0, Domain::Random);
        let mut x = self.bin(width, lanes);
        cx.count_blocks((x.a.len() as u64 + 1) * 4);
        self.mask_rows(self.me, at, 0, &mut x.a);
        self.mask_rows(self.me + 1, at, 0, &mut x.b);
        x
    }
    /// 2 + ⌈log2 (width − 1)⌉ rounds; for 64 bits 8 rounds and 373 bits a lane from each party on average.
    async fn a2b(&self, cx: Cx<'_>, a: &Arith, width: u32) -> Bin {
        self.bits_of(cx, a, width).await
    }
    /// 2 rounds; for one bit 64 bits a lane from each party on average, for 64 bits 960.
    async fn b2a(&self, cx: Cx<'_>, a: &Bin, signed: bool) -> Arith {
        self.number_of(cx, a, signed).await
    }
    fn relabels(&self) -> bool {
        true
    }

    fn shuffle_rounds(&self, _: usize) -> u64 {
        2
    }
    /// 2 rounds; 128 bits a row of the column that is told from each party on average, 86 of a number, and of words their bytes and a third as many.
    async fn shuffle(
        &self,
        cx: Cx<'_>,
        turn: usize,
        told: &Arith,
        numbers: &[Arith],
        words: &[Bin],
    ) -> (Vec<i64>, Vec<Arith>, Vec<Bin>) {
        self.shuffled(cx, turn, told, numbers, words).await
    }
    /// 6 rounds for two bits of the width. Places of rows are computed modulo 2^32, which halves their messages.
    async fn radix_sort(&self, cx: Cx<'_>, words: Bin, width: u32) -> Bin {
        gates::radix::radix_sort(&self.narrow(), cx, words, width).await
    }

    /// 2 + ⌈log2 (width − 1)⌉ rounds; for 64 bits 8 rounds and 181 bits a lane from each party on average.
    async fn ltz(&self, cx: Cx<'_>, a: &Arith, width: u32) -> Bin {
        self.sign(cx, Number::of(a), width).await
    }
    /// 1 + ⌈log2 width⌉ rounds; for 64 bits 7 rounds and 84 bits a lane from each party on average.
    async fn eqz(&self, cx: Cx<'_>, a: &Arith, width: u32) -> Bin {
        self.is_zero(cx, Number::of(a), width).await
    }
    /// As [`Self::ltz`].
    async fn less(&self, cx: Cx<'_>, a: &Arith, b: &Arith, width: u32) -> Bin {
        self.sign(cx, Number::difference(a, b), width).await
    }
    /// As [`Self::eqz`].
    async fn equal(&self, cx: Cx<'_>, a: &Arith, b: &Arith, width: u32) -> Bin {
        self.is_zero(cx, Number::difference(a, b), width).await
    }
    /// 2 rounds; 107 bits a lane from each party on average.
    async fn select(&self, cx: Cx<'_>, condition: &Bin, a: &Arith, b: &Arith) -> Arith {
        let change = self.bit_times(cx, condition, &self.sub(a, b)).await;
        self.add(b, &change)
    }
    /// 4 + ⌈log2 bits⌉ rounds; for 16 bits 8 rounds and 133 bits a lane from each party on average. More where the range is not below 2^62.
    async fn trunc(&self, cx: Cx<'_>, a: &Arith, bits: u32, ra: Range) -> Arith {
        self.shift_to(cx, a, bits, ra, false).await
    }
    /// As [`Self::trunc`].
    async fn round(&self, cx: Cx<'_>, a: &Arith, bits: u32, ra: Range) -> Arith {
        self.shift_to(cx, a, bits, ra, true).await
    }
    /// 2 rounds; for 16 bits 37 bits a lane from each party on average.
    async fn trunc_stochastic(&self, cx: Cx<'_>, a: &Arith, bits: u32, ra: Range) -> Arith {
        // One below the operand, one above the result: then a whole multiple stays what it is, and the rest rounds up by its fraction.
        match lift(self.bits, bits, -1, ra) {
            Some(lift) if bits > 0 => {
                let z = self.shift_loose(cx, a, bits, lift.wrapping_sub(1)).await;
                self.plus_public(&z, &[1 - (lift >> bits).cast_signed()])
            }
            _ => self.round(cx, a, bits, ra).await,
        }
    }
}

impl<S: Source> Rep3<S> {
    /// ⌊a / 2^m⌋, or to nearest.
    async fn shift_to(&self, cx: Cx<'_>, a: &Arith, m: u32, ra: Range, nearest: bool) -> Arith {
        if m == 0 {
            return a.clone();
        }
        let half = if nearest { 1_i128 << (m - 1) } else { 0 };
        if let Some(lift) = lift(self.bits, m, half, ra) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "m < 64")]
            let z = self.shift_exact(cx, a, m, lift.wrapping_add(half as u64)).await;
            return self.plus_public(&z, &[-(lift >> m).cast_signed()]);
        }
        // A range that the ring has no room above.
        let bits = self.bits_of(cx.sub(0, 2), a, self.bits).await;
        let (from, coefficients) = upper(self.bits, m, nearest);
        self.bits_to_number(cx.sub(1, 2), &bits.planes(from, self.bits - from), &coefficients).await
    }
}
