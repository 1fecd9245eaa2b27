//! What a protocol is: secret vectors, what each party does to them alone, and the gates for which the parties talk.
//!
//! A protocol has two domains. An [`Protocol::Arith`] is a vector of integers, computed modulo a ring or field that holds every 64-bit range that a
//! gate's contract names. A [`Protocol::Bin`] is a vector of words that are shared bit by bit; a secret `bool` is one of width 1. Layout (which lanes go
//! where) is the same for all and never talks: [`Shares`]. Sums and products by public numbers are local. Everything else is a **gate**: an async function that
//! gets a [`Cx`] (the executor and the gate's own randomness address) and runs in lockstep rounds.
//!
//! Sums, differences and products (`add`, `sub`, `neg`, `mul` and their public forms) promise a result that fits 64 bits, and nothing of another one but that a later sum which
//! fits again is exact. The `*_wrap` operations of the bytecode have gates of their own, which are those of a ring and take rounds in a field: [`Protocol::wraps`].
//!
//! A gate is a function on mathematical integers. The caller promises that operands lie in the ranges it states and that the exact result fits; the gate
//! then returns exactly that, whatever the protocol. The one exception is [`Protocol::trunc_stochastic`]. Gates do not fail: a fault of a link ends the run in
//! [`crate::Executor::run`].
//!
//! **Dry mode.** Under [`crate::Executor::dry`] a share is an empty buffer with a length; local functions and kernels do nothing, and gates make the same
//! rounds and messages. Public vectors stay live; what only a real run can know (an opened value) is 0.
//!
//! **Rules for whoever writes a gate.** The number of rounds and the length of each message depend on lanes, ranges and public values alone. Every
//! party awaits every round. Each step of the tape masks one message, once.

use crate::executor::Cx;
use crate::gates;
use crate::lanes::{Lanes, Range};
use crate::registry::Spec;
use smpc_math::netlist::Levelled;
use std::future::Future;

/// A vector of secret lanes: layout, which is local and the same for every protocol.
pub trait Shares: Clone {
    /// Number of lanes.
    fn lanes(&self) -> usize;
    /// The lanes that the view names, in order.
    #[must_use]
    fn read(&self, view: &Lanes) -> Self;
    /// Overwrites the lanes that the view names.
    fn write(&mut self, view: &Lanes, values: &Self);
    /// Overwrites the lanes of `place` with as many of another vector.
    fn assign(&mut self, place: &Lanes, from: &Self, view: &Lanes) {
        self.write(place, &from.read(view));
    }
    /// Lane i of the result is lane `index[i]`.
    #[must_use]
    fn gather(&self, index: &[usize]) -> Self;
    /// Lane `index[i]` becomes lane i of `values`.
    fn scatter(&mut self, index: &[usize], values: &Self);
}

/// A vector of words that are shared bit by bit, stored plane by plane.
pub trait BinShares: Shares {
    /// Bits a lane.
    fn width(&self) -> u32;
    /// Planes `from .. from + width`; missing ones are 0.
    #[must_use]
    fn planes(&self, from: u32, width: u32) -> Self;
    /// The planes of all parts, first part lowest; all have the same number of lanes.
    #[must_use]
    fn stack(parts: &[&Self]) -> Self;
}

/// What has been computed and is verified only before something is opened: so much of each kind as decides what the verification costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unverified {
    /// ANDs, or words of 64 of them.
    pub ands: u64,
    /// Numbers that were computed.
    pub numbers: u64,
    /// Terms of sums of products of bits.
    pub terms: u64,
    /// Inputs that only have to have come.
    pub inputs: u64,
    /// Bytes that are held until then and grow with what was computed, where they decide when there is too much.
    pub held: u64,
}

impl Unverified {
    /// Whether there is less of something than there was.
    #[must_use]
    pub const fn is_less(self, earlier: Self) -> bool {
        self.ands < earlier.ands
            || self.numbers < earlier.numbers
            || self.terms < earlier.terms
            || self.inputs < earlier.inputs
            || self.held < earlier.held
    }

    /// With `times` times what was added since `earlier`.
    #[must_use]
    pub fn and_again(self, earlier: Self, times: u64) -> Self {
        let more = |now: u64, then: u64| now.saturating_add(now.saturating_sub(then).saturating_mul(times));
        Self {
            ands: more(self.ands, earlier.ands),
            numbers: more(self.numbers, earlier.numbers),
            terms: more(self.terms, earlier.terms),
            inputs: more(self.inputs, earlier.inputs),
            held: more(self.held, earlier.held),
        }
    }
}

/// A secret-sharing protocol of one party. See the module's text for the rules.
///
/// Public operands are slices of 64-bit integers; a slice of length 1 stands for every lane.
pub trait Protocol {
    /// Secret integers.
    type Arith: Shares;
    /// Secret words, bit by bit.
    type Bin: BinShares;
    /// One lane of an [`Protocol::Arith`], for the interpreter's scalar path.
    type Lane: Copy;

    /// Name, parties and what it tolerates.
    fn spec(&self) -> &'static Spec;
    /// This party's number.
    fn me(&self) -> usize;
    /// Number of parties.
    fn parties(&self) -> usize;

    /// What waits to be verified, where the protocol does so late: the next opening costs by it.
    fn unverified(&self) -> Unverified {
        Unverified::default()
    }
    /// Whether so much is verified before the next gate.
    fn is_much(&self, _: Unverified) -> bool {
        false
    }
    /// Says what waits, in a run that only counts: how it counts a loop whose turns cost the same.
    fn set_unverified(&self, _: Unverified) {}

    // ---- Local: integers -----------------------------------------------------------------------------------------------------------------

    /// Secret lanes of known value; a single value fills `lanes`.
    fn share_public(&self, values: &[i64], lanes: usize) -> Self::Arith;
    /// a + b.
    fn add(&self, a: &Self::Arith, b: &Self::Arith) -> Self::Arith;
    /// a − b.
    fn sub(&self, a: &Self::Arith, b: &Self::Arith) -> Self::Arith;
    /// −a.
    fn neg(&self, a: &Self::Arith) -> Self::Arith;
    /// a + public.
    fn add_public(&self, a: &Self::Arith, b: &[i64]) -> Self::Arith;
    /// a · public.
    fn mul_public(&self, a: &Self::Arith, b: &[i64]) -> Self::Arith;
    /// Sums of each `len` neighbours among the lanes of a view.
    fn sum(&self, a: &Self::Arith, view: &Lanes, len: usize) -> Self::Arith;
    /// Running sums, inclusive, within groups of `len` neighbours.
    fn prefix_sum(&self, a: &Self::Arith, len: usize) -> Self::Arith;
    /// Lane i is Σ_j a[i·len + j] · b[i·len + j].
    fn dot_public(&self, a: &Self::Arith, b: &[i64], len: usize) -> Self::Arith {
        self.sum(&self.mul_public(a, b), &Lanes::whole(a.lanes()), len)
    }
    /// The lanes as they are, where the protocol computes in the clear: the engine then holds every result against its range.
    fn clear<'a>(&self, _a: &'a Self::Arith) -> Option<&'a [u64]> {
        None
    }
    /// Whether [`Protocol::clear`] gives lanes.
    fn clear_checks(&self) -> bool {
        false
    }
    /// One lane.
    fn lane(&self, a: &Self::Arith, lane: usize) -> Self::Lane;
    /// A lane as it is, where the protocol computes in the clear.
    fn clear_lane(&self, _lane: Self::Lane) -> Option<i64> {
        None
    }
    /// Overwrites one lane.
    fn set_lane(&self, a: &mut Self::Arith, lane: usize, value: Self::Lane);
    /// a + b of single lanes.
    fn lane_add(&self, a: Self::Lane, b: Self::Lane) -> Self::Lane;
    /// a − b of single lanes.
    fn lane_sub(&self, a: Self::Lane, b: Self::Lane) -> Self::Lane;
    /// a + public of a single lane.
    fn lane_add_public(&self, a: Self::Lane, b: i64) -> Self::Lane;
    /// a · public of a single lane.
    fn lane_mul_public(&self, a: Self::Lane, b: i64) -> Self::Lane;

    // ---- Local: words --------------------------------------------------------------------------------------------------------------------

    /// Secret words of known value (two's complement, extended to the width); a single value fills `lanes`.
    fn share_public_bin(&self, values: &[i64], width: u32, lanes: usize) -> Self::Bin;
    /// a ⊕ b.
    fn xor(&self, a: &Self::Bin, b: &Self::Bin) -> Self::Bin;
    /// a ⊕ public.
    fn xor_public(&self, a: &Self::Bin, b: &[i64]) -> Self::Bin;
    /// a ∧ public.
    fn and_public(&self, a: &Self::Bin, b: &[i64]) -> Self::Bin;
    /// ¬a.
    fn not(&self, a: &Self::Bin) -> Self::Bin {
        self.xor_public(a, &[-1])
    }

    // ---- Gates that every protocol has -----------------------------------------------------------------------------------------------------

    /// `lanes` secret integers that party `owner` knows and passes as `values`; the others pass `None`. The range of the result is the full 64 bits
    /// until it is proven by [`Protocol::within`] (R16).
    fn input(
        &self,
        cx: Cx<'_>,
        owner: usize,
        values: Option<&[i64]>,
        lanes: usize,
    ) -> impl Future<Output = Self::Arith>;
    /// As [`Protocol::input`], for words of `width` bits: `lanes` of them, each ⌈width / 64⌉ values long, least significant first.
    fn input_bin(
        &self,
        cx: Cx<'_>,
        owner: usize,
        values: Option<&[i64]>,
        width: u32,
        lanes: usize,
    ) -> impl Future<Output = Self::Bin>;
    /// Comes back once all parties have said that everything has come that was sent to them: nobody then chooses by what follows what it keeps back. Nothing to do where nobody cheats.
    fn all_is_there(&self, _cx: Cx<'_>) -> impl Future<Output = ()> {
        async {}
    }
    /// Public integers that party `owner` tells all others; `lanes` of them.
    fn broadcast(
        &self,
        cx: Cx<'_>,
        owner: usize,
        values: Option<&[i64]>,
        lanes: usize,
    ) -> impl Future<Output = Vec<i64>>;
    /// Every party learns a. In dry mode zeros.
    fn open(&self, cx: Cx<'_>, a: &Self::Arith) -> impl Future<Output = Vec<i64>>;
    /// Every party learns a, each lane as ⌈width / 64⌉ values, least significant first: the bits as they are, so that a word of 64 bits looks like a
    /// number in two's complement. In dry mode zeros.
    fn open_bin(&self, cx: Cx<'_>, a: &Self::Bin) -> impl Future<Output = Vec<i64>>;
    /// The parties in `receivers` learn a, the others nothing; `Some` at those.
    fn open_to(&self, cx: Cx<'_>, a: &Self::Arith, receivers: &[usize]) -> impl Future<Output = Option<Vec<i64>>>;
    /// As [`Protocol::open_to`], for words as in [`Protocol::open_bin`].
    fn open_bin_to(&self, cx: Cx<'_>, a: &Self::Bin, receivers: &[usize]) -> impl Future<Output = Option<Vec<i64>>>;

    /// a · b, lane by lane.
    fn mul(&self, cx: Cx<'_>, a: &Self::Arith, b: &Self::Arith) -> impl Future<Output = Self::Arith>;
    /// Lane i is Σ_j a[i·len + j] · b[i·len + j].
    fn dot(&self, cx: Cx<'_>, a: &Self::Arith, b: &Self::Arith, len: usize) -> impl Future<Output = Self::Arith>;
    /// As [`Protocol::dot`] where the operands lie column by column: with n result lanes, lane i is Σ_j a[j·n + i] · b[j·n + i], j below `len`.
    fn dot_columns(
        &self,
        cx: Cx<'_>,
        a: &Self::Arith,
        b: &Self::Arith,
        len: usize,
    ) -> impl Future<Output = Self::Arith> {
        async move {
            let rows = a.lanes().checked_div(len).unwrap_or(0);
            let turned = Lanes { start: 0, dims: [(1, rows), (rows.cast_signed(), len)] };
            self.dot(cx, &a.read(&turned), &b.read(&turned), len).await
        }
    }
    /// The product of a `rows × inner` and an `inner × cols` matrix, row by row.
    fn matmul(
        &self,
        cx: Cx<'_>,
        a: &Self::Arith,
        b: &Self::Arith,
        rows: usize,
        inner: usize,
        cols: usize,
    ) -> impl Future<Output = Self::Arith>;
    /// a ∧ b, plane by plane.
    fn and(&self, cx: Cx<'_>, a: &Self::Bin, b: &Self::Bin) -> impl Future<Output = Self::Bin>;
    /// Evaluates a circuit lane by lane: the planes of `inputs`, one word after another, are its input bits in order, its output bits are the planes of the
    /// result. A word of one lane stands for itself in every lane. One round an AND level; a protocol may take very many lanes in parts, each with its own rounds.
    fn netlist(&self, cx: Cx<'_>, circuit: &Levelled, inputs: &[&Self::Bin]) -> impl Future<Output = Self::Bin>;
    /// Uniformly random words that nobody knows.
    fn random_bin(&self, cx: Cx<'_>, width: u32, lanes: usize) -> impl Future<Output = Self::Bin>;
    /// The low `width` bits of a in two's complement.
    fn a2b(&self, cx: Cx<'_>, a: &Self::Arith, width: u32) -> impl Future<Output = Self::Bin>;
    /// The number that the planes spell (at most 64), in two's complement if `signed`.
    fn b2a(&self, cx: Cx<'_>, a: &Self::Bin, signed: bool) -> impl Future<Output = Self::Arith>;
    /// Whether the ranges of inputs are taken as they are declared, because the owner's node has checked them and nobody cheats.
    fn relabels(&self) -> bool {
        false
    }

    /// Rounds of [`Protocol::shuffle`] of so many rows, or somewhat more than that.
    fn shuffle_rounds(&self, rows: usize) -> u64;
    /// The rows of a table in an order that is uniformly random and that nobody knows: all columns by the same permutation. Every party learns `told`, a
    /// column of that table, in the new order, and nothing else; the numbers of that column are below 2^31 and not negative. There are fewer than 2^31 rows. Shuffles of
    /// a series have different `turn`s, so that a protocol may have its parties take turns.
    fn shuffle(
        &self,
        cx: Cx<'_>,
        turn: usize,
        told: &Self::Arith,
        numbers: &[Self::Arith],
        words: &[Self::Bin],
    ) -> impl Future<Output = (Vec<i64>, Vec<Self::Arith>, Vec<Self::Bin>)>;

    /// a < 0, for |a| < 2^(width−1).
    fn ltz(&self, cx: Cx<'_>, a: &Self::Arith, width: u32) -> impl Future<Output = Self::Bin>;
    /// a = 0, for |a| < 2^(width−1); at width 64 for every a.
    fn eqz(&self, cx: Cx<'_>, a: &Self::Arith, width: u32) -> impl Future<Output = Self::Bin>;
    /// a where the condition (width 1) holds, else b.
    fn select(
        &self,
        cx: Cx<'_>,
        condition: &Self::Bin,
        a: &Self::Arith,
        b: &Self::Arith,
    ) -> impl Future<Output = Self::Arith>;
    /// ⌊a / 2^bits⌋.
    fn trunc(&self, cx: Cx<'_>, a: &Self::Arith, bits: u32, ra: Range) -> impl Future<Output = Self::Arith>;
    /// ⌊a / 2^bits + ½⌋: to nearest, ties up.
    fn round(&self, cx: Cx<'_>, a: &Self::Arith, bits: u32, ra: Range) -> impl Future<Output = Self::Arith>;
    /// a / 2^bits, rounded up or down, up with the probability of the fraction. Not a function that flips its own coin: a party may know beforehand the
    /// threshold that the fraction is compared with, so that whoever sees the result may learn how that comparison went.
    fn trunc_stochastic(&self, cx: Cx<'_>, a: &Self::Arith, bits: u32, ra: Range) -> impl Future<Output = Self::Arith>;

    // ---- Sums and products modulo 2^64 --------------------------------------------------------------------------------------------------

    /// Whether sums, differences and products, by public numbers too, are modulo 2^64 by themselves. Then `add_wrap` and `sub_wrap` are [`Protocol::add`] and
    /// [`Protocol::sub`], products by public numbers need no gate, and the engine runs all of them without a round.
    fn wraps(&self) -> bool {
        true
    }
    /// a + b modulo 2^64, in two's complement.
    fn add_wrap(&self, _cx: Cx<'_>, a: &Self::Arith, b: &Self::Arith) -> impl Future<Output = Self::Arith> {
        async move { self.add(a, b) }
    }
    /// a − b modulo 2^64, in two's complement.
    fn sub_wrap(&self, _cx: Cx<'_>, a: &Self::Arith, b: &Self::Arith) -> impl Future<Output = Self::Arith> {
        async move { self.sub(a, b) }
    }
    /// a · b modulo 2^64, in two's complement.
    fn mul_wrap(&self, cx: Cx<'_>, a: &Self::Arith, b: &Self::Arith) -> impl Future<Output = Self::Arith> {
        self.mul(cx, a, b)
    }

    // ---- Common gates: written once over the ones above; a protocol overrides what it does better -----------------------------------------------

    /// a < b, where every difference has |a − b| < 2^(width−1), or is −2^(width−1).
    fn less(&self, cx: Cx<'_>, a: &Self::Arith, b: &Self::Arith, width: u32) -> impl Future<Output = Self::Bin> {
        async move { self.ltz(cx, &self.sub(a, b), width).await }
    }
    /// a = b, where every difference has |a − b| < 2^(width−1); at width 64 for every pair.
    fn equal(&self, cx: Cx<'_>, a: &Self::Arith, b: &Self::Arith, width: u32) -> impl Future<Output = Self::Bin> {
        async move { self.eqz(cx, &self.sub(a, b), width).await }
    }
    /// a < b for every pair of the ranges.
    fn lt(&self, cx: Cx<'_>, a: &Self::Arith, b: &Self::Arith, ra: Range, rb: Range) -> impl Future<Output = Self::Bin>
    where
        Self: Sized,
    {
        gates::compare::lt(self, cx, a, b, ra, rb)
    }
    /// a = b for every pair of the ranges.
    fn eq(&self, cx: Cx<'_>, a: &Self::Arith, b: &Self::Arith, ra: Range, rb: Range) -> impl Future<Output = Self::Bin>
    where
        Self: Sized,
    {
        gates::compare::eq(self, cx, a, b, ra, rb)
    }
    /// a = b of words of the same width.
    fn eq_bin(&self, cx: Cx<'_>, a: &Self::Bin, b: &Self::Bin) -> impl Future<Output = Self::Bin>
    where
        Self: Sized,
    {
        gates::logic::eq_bin(self, cx, a, b)
    }
    /// As [`Protocol::select`], for words; the condition has width 1.
    fn select_bin(
        &self,
        cx: Cx<'_>,
        condition: &Self::Bin,
        a: &Self::Bin,
        b: &Self::Bin,
    ) -> impl Future<Output = Self::Bin>
    where
        Self: Sized,
    {
        gates::logic::select_bin(self, cx, condition, a, b)
    }
    /// Quotient truncated toward zero and remainder with the sign of a; 0 and a where b is 0. The quotient must fit 64 bits.
    fn div_rem(
        &self,
        cx: Cx<'_>,
        a: &Self::Arith,
        b: &Self::Arith,
        ra: Range,
        rb: Range,
    ) -> impl Future<Output = (Self::Arith, Self::Arith)>
    where
        Self: Sized,
    {
        gates::divide::div_rem(self, cx, a, b, ra, rb)
    }
    /// As [`Protocol::div_rem`] by public divisors (one, or one a lane), none of them 0.
    fn div_rem_public(
        &self,
        cx: Cx<'_>,
        a: &Self::Arith,
        b: &[i64],
        ra: Range,
    ) -> impl Future<Output = (Self::Arith, Self::Arith)>
    where
        Self: Sized,
    {
        gates::divide::div_rem_public(self, cx, a, b, ra)
    }
    /// a · 2^frac / b to nearest, ties up; 0 where b is 0. The exact result fits 64 bits; frac at most 62.
    fn fix_div(
        &self,
        cx: Cx<'_>,
        a: &Self::Arith,
        b: &Self::Arith,
        ra: Range,
        rb: Range,
        frac: u32,
    ) -> impl Future<Output = Self::Arith>
    where
        Self: Sized,
    {
        gates::divide::fix_div(self, cx, a, b, ra, rb, frac)
    }
    /// As [`Protocol::fix_div`] by public divisors (one, or one a lane), none of them 0.
    fn fix_div_public(
        &self,
        cx: Cx<'_>,
        a: &Self::Arith,
        b: &[i64],
        ra: Range,
        frac: u32,
    ) -> impl Future<Output = Self::Arith>
    where
        Self: Sized,
    {
        gates::divide::fix_div_public(self, cx, a, b, ra, frac)
    }
    /// ⌊√(a · 2^frac) + ½⌋, and 0 for a negative a; frac at most 62.
    fn sqrt(&self, cx: Cx<'_>, a: &Self::Arith, ra: Range, frac: u32) -> impl Future<Output = Self::Arith>
    where
        Self: Sized,
    {
        gates::root::sqrt(self, cx, a, ra, frac)
    }
    /// Whether all lanes of a, which may be any 64 bits, lie in the range: one lane, of width 1.
    fn within(&self, cx: Cx<'_>, a: &Self::Arith, range: Range) -> impl Future<Output = Self::Bin>
    where
        Self: Sized,
    {
        gates::range::within(self, cx, a, range)
    }
    /// One layer of an odd–even merge (Batcher, 1968): `table` has `columns` columns of equal length, sorted by the first, whose range is `keys`; every
    /// pair that the layer (p, k) compares is put in order.
    fn merge_layer(
        &self,
        cx: Cx<'_>,
        table: &mut Self::Arith,
        columns: usize,
        p: usize,
        k: usize,
        keys: Range,
    ) -> impl Future<Output = ()>
    where
        Self: Sized,
    {
        gates::merge::merge_layer(self, cx, table, columns, p, k, keys)
    }
    /// Words in ascending order of the numbers that their lowest `width` planes spell without a sign; equal ones stay in their order. These planes are left out of the
    /// result. Fewer than 2^31 lanes.
    fn radix_sort(&self, cx: Cx<'_>, words: Self::Bin, width: u32) -> impl Future<Output = Self::Bin>
    where
        Self: Sized,
    {
        gates::radix::radix_sort(self, cx, words, width)
    }
    /// The rows of a table in ascending order of its first column, whose range is `keys`; equal ones stay in their order. The table has `columns` columns of equal
    /// length, one after another.
    fn sort(&self, cx: Cx<'_>, table: &Self::Arith, columns: usize, keys: Range) -> impl Future<Output = Self::Arith>
    where
        Self: Sized,
    {
        gates::sort::sort(self, cx, table, columns, keys)
    }
    /// Every party learns whether all lanes of a (width 1) hold, and nothing else.
    fn check(&self, cx: Cx<'_>, a: &Self::Bin) -> impl Future<Output = bool>
    where
        Self: Sized,
    {
        gates::logic::check(self, cx, a)
    }
}
