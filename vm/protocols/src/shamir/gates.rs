//! `shamir` as a [`Protocol`]: which construction each gate is.

use super::Shamir;
use super::deal::{Over as _, Step};
use super::product::Form;
use super::share::{Arith, Bin, Elements};
use crate::executor::Cx;
use crate::gates;
use crate::join::join;
use crate::keys::Source;
use crate::lanes::{Lanes, Range, limbs, signed_width};
use crate::mal_shamir::Released;
use crate::protocol::Unverified;
use crate::protocol::{Protocol, Shares};
use crate::registry::{MAL_SHAMIR, SHAMIR, Spec};
use smpc_math::field::{Field, Gf256, P127};
use smpc_math::netlist::Levelled;
use smpc_math::prf::Domain;

impl<S: Source> Protocol for Shamir<S> {
    type Arith = Arith;
    type Bin = Bin;
    type Lane = P127;

    fn spec(&self) -> &'static Spec {
        if self.guard().is_some() { &MAL_SHAMIR } else { &SHAMIR }
    }
    fn me(&self) -> usize {
        self.me
    }
    fn parties(&self) -> usize {
        self.parties
    }

    fn unverified(&self) -> Unverified {
        self.owes()
    }
    fn is_much(&self, unverified: Unverified) -> bool {
        self.guard().is_some() && Self::is_too_much(unverified)
    }
    fn set_unverified(&self, unverified: Unverified) {
        self.set_owed(unverified);
    }

    fn share_public(&self, values: &[i64], lanes: usize) -> Arith {
        self.known(values, lanes)
    }
    fn add(&self, a: &Arith, b: &Arith) -> Arith {
        self.map2(a, b, P127::add)
    }
    fn sub(&self, a: &Arith, b: &Arith) -> Arith {
        self.map2(a, b, P127::sub)
    }
    fn neg(&self, a: &Arith) -> Arith {
        self.map2(a, a, |x, _| P127::default().sub(x))
    }
    fn add_public(&self, a: &Arith, b: &[i64]) -> Arith {
        self.with_values(a, b, P127::add)
    }
    fn mul_public(&self, a: &Arith, b: &[i64]) -> Arith {
        self.with_values(a, b, P127::mul)
    }
    fn sum(&self, a: &Arith, view: &Lanes, len: usize) -> Arith {
        self.sums(a, view, len)
    }
    fn prefix_sum(&self, a: &Arith, len: usize) -> Arith {
        self.running_sums(a, len)
    }

    fn lane(&self, a: &Arith, lane: usize) -> P127 {
        if self.dry { P127::default() } else { a.x[lane] }
    }
    fn set_lane(&self, a: &mut Arith, lane: usize, value: P127) {
        if !self.dry {
            a.x[lane] = value;
        }
    }
    fn lane_add(&self, a: P127, b: P127) -> P127 {
        a.add(b)
    }
    fn lane_sub(&self, a: P127, b: P127) -> P127 {
        a.sub(b)
    }
    fn lane_add_public(&self, a: P127, b: i64) -> P127 {
        a.add(P127::from_i64(b))
    }
    fn lane_mul_public(&self, a: P127, b: i64) -> P127 {
        a.mul(P127::from_i64(b))
    }

    fn share_public_bin(&self, values: &[i64], width: u32, lanes: usize) -> Bin {
        self.known_words(values, width, lanes)
    }
    fn xor(&self, a: &Bin, b: &Bin) -> Bin {
        self.plus_words(a, b)
    }
    fn xor_public(&self, a: &Bin, b: &[i64]) -> Bin {
        self.plus_words(a, &self.known_words(b, a.width, a.lanes))
    }
    fn and_public(&self, a: &Bin, b: &[i64]) -> Bin {
        self.times_known_words(a, b)
    }

    /// 1 round; 16 bytes a lane from the owner to each of n − t − 1 parties.
    async fn input(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Arith {
        let own = values.filter(|_| owner == self.me).map(|values| self.known(values, lanes));
        let at = Step::new(cx.tape(), 0, Domain::Input);
        let secret = own.as_ref().map(|own| (&own.x[..], P127::ONE));
        let x = self.deal_sum(cx, at, &[owner], secret, lanes).await;
        self.has_come();
        Arith { lanes, x }
    }
    /// 1 round; a byte a lane and plane from the owner to each of n − t − 1 parties.
    async fn input_bin(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, width: u32, lanes: usize) -> Bin {
        let mut own = values.filter(|_| owner == self.me && !self.dry).map(|values| (values, self.words(width, lanes)));
        if let Some((values, own)) = &mut own {
            let limbs = limbs(width);
            for (plane, bits) in own.x.chunks_exact_mut(lanes.max(1)).enumerate() {
                for (lane, bit) in bits.iter_mut().enumerate() {
                    let limb = values.get(lane * limbs + plane / 64).copied().unwrap_or(0);
                    *bit = Gf256((limb >> (plane % 64) & 1 == 1).into());
                }
            }
        }
        let at = Step::new(cx.tape(), 0, Domain::Input);
        let secret = own.as_ref().map(|(_, own)| (&own.x[..], Gf256::ONE));
        let x = self.deal_sum(cx, at, &[owner], secret, width as usize * lanes).await;
        self.has_come();
        if let Some(guard) = self.guard() {
            // Bytes that are their own squares are bits.
            Gf256::side(guard).keep(Form::Lanes, [&x, &x], &x, width as usize * lanes);
        }
        Bin { width, lanes, x }
    }
    /// Where parties are not trusted, 1 round; a byte from each party to each other one.
    async fn all_is_there(&self, cx: Cx<'_>) {
        if self.guard().is_some() {
            self.word_that_all_is_there(cx).await;
        }
    }
    /// 1 round; 64 bits a lane from the owner to each of the others.
    async fn broadcast(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Vec<i64> {
        self.tell(cx, owner, values, lanes).await
    }
    /// 1 round; 16 bytes a lane from each party to t others.
    async fn open(&self, cx: Cx<'_>, a: &Arith) -> Vec<i64> {
        let released = self.verified(cx).await;
        self.numbers(&self.released(cx, &a.x, a.lanes, &released).await, a.lanes)
    }
    /// 1 round; a byte a lane and plane from each party to t others.
    async fn open_bin(&self, cx: Cx<'_>, a: &Bin) -> Vec<i64> {
        let released = self.verified(cx).await;
        words_of(&self.released(cx, &a.x, a.x_len(), &released).await, a)
    }
    /// As [`Self::open`], to the receivers alone.
    async fn open_to(&self, cx: Cx<'_>, a: &Arith, receivers: &[usize]) -> Option<Vec<i64>> {
        let _: Released = self.verified(cx).await;
        let opened = self.opened(cx, &a.x, a.lanes, receivers).await;
        opened.map(|opened| self.numbers(&opened, a.lanes))
    }
    /// As [`Self::open_bin`], to the receivers alone.
    async fn open_bin_to(&self, cx: Cx<'_>, a: &Bin, receivers: &[usize]) -> Option<Vec<i64>> {
        let _: Released = self.verified(cx).await;
        self.opened(cx, &a.x, a.x_len(), receivers).await.map(|opened| words_of(&opened, a))
    }

    /// 1 round; 16 bytes a lane from each of 2t + 1 parties to n − t − 1 others.
    async fn mul(&self, cx: Cx<'_>, a: &Arith, b: &Arith) -> Arith {
        self.product(cx, 0, a, b).await
    }
    /// As one product a result lane.
    async fn dot(&self, cx: Cx<'_>, a: &Arith, b: &Arith, len: usize) -> Arith {
        let lanes = a.lanes.checked_div(len).unwrap_or(0);
        let at = Step::new(cx.tape(), 0, Domain::Arith);
        Arith { lanes, x: self.multiplied::<P127>(cx, at, Form::Inner(len), [&a.x, &b.x], lanes).await }
    }
    /// As one product a result lane.
    async fn matmul(&self, cx: Cx<'_>, a: &Arith, b: &Arith, rows: usize, inner: usize, cols: usize) -> Arith {
        let columns = b.read(&Lanes { start: 0, dims: [(1, cols), (cols.cast_signed(), inner)] });
        let (at, form) = (Step::new(cx.tape(), 0, Domain::Arith), Form::Matrix { rows, inner, cols });
        let x = self.multiplied::<P127>(cx, at, form, [&a.x, &columns.x], rows * cols).await;
        Arith { lanes: rows * cols, x }
    }
    /// 1 round; a byte a lane and plane from each of 2t + 1 parties to n − t − 1 others.
    async fn and(&self, cx: Cx<'_>, a: &Bin, b: &Bin) -> Bin {
        Bin { x: self.byte_products(cx, 0, &a.x, &b.x, a.x_len()).await, ..*a }
    }
    async fn netlist(&self, cx: Cx<'_>, circuit: &Levelled, inputs: &[&Bin]) -> Bin {
        self.circuit_in_parts(cx, circuit, inputs).await
    }
    /// 1 round; a byte a lane and plane from each of t + 1 parties to n − t − 1 others.
    async fn random_bin(&self, cx: Cx<'_>, width: u32, lanes: usize) -> Bin {
        if let Some(guard) = self.guard() {
            return Bin { width, lanes, x: self.bits_without_dealer(guard, cx, width as usize * lanes) };
        }
        let (len, dealers) = (width as usize * lanes, self.dealers());
        let deals = dealers.contains(&self.me) && !self.dry;
        let mut own: Elements<Gf256> = self.elements(if deals { len } else { 0 });
        let at = Step::new(cx.tape(), 0, Domain::Random);
        self.draw::<Gf256>(self.me, self.me, at, own.len(), |first, drawn| {
            own[first..first + drawn.len()].iter_mut().zip(drawn).for_each(|(own, drawn)| own.0 = drawn.0 & 1);
        });
        let secret = deals.then_some((&own[..], Gf256::ONE));
        let x = self.deal_sum(cx, Step::new(cx.tape(), 1, Domain::Random), &dealers, secret, len).await;
        Bin { width, lanes, x }
    }
    /// For t = 1: 3 + ⌈log2 (width − 1)⌉ rounds.
    async fn a2b(&self, cx: Cx<'_>, a: &Arith, width: u32) -> Bin {
        let zeros = || self.words(width, a.lanes);
        let bits = async |cx: Cx<'_>, a: &Arith| self.bits_of(cx, &a.x, a.lanes, width).await;
        self.in_parts(cx, (a, self.bytes_of_words(width)), zeros, bits).await
    }
    /// For t = 1: 2 rounds.
    async fn b2a(&self, cx: Cx<'_>, a: &Bin, signed: bool) -> Arith {
        self.number_of(cx, a, signed).await
    }
    fn relabels(&self) -> bool {
        self.guard().is_none()
    }
    fn shuffle_rounds(&self, rows: usize) -> u64 {
        self.rounds_of_a_shuffle(rows)
    }
    /// For t ≤ 4 a round for each set of t + 1 of 2t + 1 parties, and two; above, those of 2·⌈log2 rows⌉ − 1 products for each of t + 1 parties, and two.
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

    async fn within(&self, cx: Cx<'_>, a: &Arith, range: Range) -> Bin {
        match self.guard() {
            Some(guard) => Box::pin(self.all_within(guard, cx, a, range)).await,
            None => Box::pin(gates::range::within(self, cx, a, range)).await,
        }
    }
    fn wraps(&self) -> bool {
        false
    }
    async fn add_wrap(&self, cx: Cx<'_>, a: &Arith, b: &Arith) -> Arith {
        self.wrapped(cx, &self.add(a, b)).await
    }
    async fn sub_wrap(&self, cx: Cx<'_>, a: &Arith, b: &Arith) -> Arith {
        self.wrapped(cx, &self.sub(a, b)).await
    }
    /// By halves of 32 bits: the upper product vanishes, and of the sum of the two in the middle the low half counts (PROTOCOLS R12).
    async fn mul_wrap(&self, cx: Cx<'_>, a: &Arith, b: &Arith) -> Arith {
        let half = P127::power_of_two(32);
        let low = |x: &Arith, high: &Arith| self.map2(x, high, |x, high| x.sub(half.mul(high)));
        let (a1, b1) =
            join(Box::pin(self.shifted(cx.sub(0, 8), a, 32, &[0])), Box::pin(self.shifted(cx.sub(1, 8), b, 32, &[0])))
                .await;
        let (a0, b0) = (low(a, &a1), low(b, &b1));
        let (outer, (left, right)) = join(
            self.product(cx.sub(2, 8), 0, &a0, &b0),
            join(self.product(cx.sub(3, 8), 0, &a0, &b1), self.product(cx.sub(4, 8), 0, &a1, &b0)),
        )
        .await;
        let middle = self.add(&left, &right);
        let above = Box::pin(self.shifted(cx.sub(5, 8), &middle, 32, &[0])).await;
        let middle = low(&middle, &above);
        let sum = self.map2(&outer, &middle, |outer, middle| outer.add(half.mul(middle)));
        self.wrapped(cx.sub(6, 8), &sum).await
    }

    async fn ltz(&self, cx: Cx<'_>, a: &Arith, width: u32) -> Bin {
        let zeros = || self.words(1, a.lanes);
        let sign = async |cx: Cx<'_>, a: &Arith| self.sign(cx, &a.x, a.lanes, width).await;
        self.in_parts(cx, (a, self.bytes_of_words(width)), zeros, sign).await
    }
    async fn eqz(&self, cx: Cx<'_>, a: &Arith, width: u32) -> Bin {
        let zeros = || self.words(1, a.lanes);
        let is_zero = async |cx: Cx<'_>, a: &Arith| self.is_zero(cx, &a.x, a.lanes, width).await;
        self.in_parts(cx, (a, self.bytes_of_words(width)), zeros, is_zero).await
    }
    /// The sign of the difference, which fits where the operands do: no case apart for differences of 65 bits.
    async fn lt(&self, cx: Cx<'_>, a: &Arith, b: &Arith, ra: Range, rb: Range) -> Bin {
        let (lo, hi) = ra.minus(rb);
        if lo >= 0 || hi < 0 {
            return self.share_public_bin(&[i64::from(hi < 0)], 1, a.lanes);
        }
        self.ltz(cx, &self.sub(a, b), signed_width(lo, hi)).await
    }
    /// For t = 1: 3 rounds.
    async fn select(&self, cx: Cx<'_>, condition: &Bin, a: &Arith, b: &Arith) -> Arith {
        let bit = self.number_of(cx.sub(0, 2), condition, false).await;
        let change = self.product(cx.sub(1, 2), 0, &bit, &self.sub(a, b)).await;
        self.add(b, &change)
    }
    /// For t = 1: 5 + ⌈log2 bits⌉ rounds.
    async fn trunc(&self, cx: Cx<'_>, a: &Arith, bits: u32, _: Range) -> Arith {
        self.shifted(cx, a, bits, &[0]).await
    }
    async fn round(&self, cx: Cx<'_>, a: &Arith, bits: u32, _: Range) -> Arith {
        self.shifted(cx, a, bits, &[(1 << bits) >> 1]).await
    }
    async fn trunc_stochastic(&self, cx: Cx<'_>, a: &Arith, bits: u32, _: Range) -> Arith {
        if bits == 0 { a.clone() } else { self.shifted_by_coins(cx, a, bits).await }
    }
}

impl<S: Source> Shamir<S> {
    /// Where parties are not trusted, an input has to be there before anything is opened.
    fn has_come(&self) {
        if let Some(guard) = self.guard() {
            guard.input_has_come();
        }
    }

    /// a modulo 2^64 in two's complement, for |a| < 2^66 − 2^63.
    async fn wrapped(&self, cx: Cx<'_>, a: &Arith) -> Arith {
        let whole = P127::power_of_two(64);
        let turns = self.shifted(cx, a, 64, &[1 << 63]).await;
        self.map2(a, &turns, |x, turns| x.sub(whole.mul(turns)))
    }
}

impl Bin {
    /// Elements of the buffer, also where it is left empty.
    pub(crate) const fn x_len(&self) -> usize {
        self.width as usize * self.lanes
    }
}

/// Opened bits as words, each ⌈width / 64⌉ values long.
fn words_of(opened: &[Gf256], of: &Bin) -> Vec<i64> {
    let (limbs, lanes) = (limbs(of.width), of.lanes);
    let mut words = vec![0; limbs * lanes];
    for (plane, bits) in opened.chunks_exact(lanes.max(1)).enumerate() {
        for (lane, bit) in bits.iter().enumerate() {
            words[lane * limbs + plane / 64] |= i64::from(bit.0 & 1) << (plane % 64);
        }
    }
    words
}
