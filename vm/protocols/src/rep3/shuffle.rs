//! A secret shuffle: the rows of a table in an order that no party knows, in two message steps.
//!
//! Araki, Furukawa, Ohara, Pinkas, Rosemarin and Tsuchida, "Secure graph analysis at scale" (CCS 2021), section 5.2. Three parties P_h, P_{h+1} and P_{h+2}
//! apply three permutations one after another, each drawn from the key that two of them share, so that each is unknown to exactly one party and the
//! whole is unknown to all. With A = x_h, B = x_{h+1}, C = x_{h+2}, π from K_{h+1}, ρ from K_h, σ from K_{h+2} and masks from the same keys:
//!
//! * P_h sends X = ρ(π(A + B) + z) + w to P_{h+1}, and P_{h+1} sends Y = π(C) − z to P_{h+2};
//! * P_{h+1} has σ(X) and P_{h+2} has σ(ρ(Y) − w), which add up to the rows in their new order. They take the new components of P_h, F(K_h) and F(K_{h+1}), from
//!   these and trade the rest, whose sum is the third component.
//!
//! 4 elements a row in all. A column that everybody learns in its new order is not shared anew: the two summands, under one mask more, go to all, 6 elements
//! a row in place of 7 and a round less than opening it afterwards. What P_{h+1} and P_{h+2} receive of it is the value less their own summand, what P_h receives
//! is masked by K_{h+2}; so nobody sees more than the column in its new order.

use super::Rep3;
use super::elements::low_bits;
use super::kernel::{BLOCK, Step, element_bytes, from_elements, to_elements};
use super::keys::Source;
use super::share::{Arith, Bin, Words, to_planes};
use crate::executor::Cx;
use crate::piece::{Incoming, Outgoing};
use crate::protocol::BinShares;
use smpc_math::prf::Domain;
use zeroize::Zeroizing;

/// Steps of randomness that a column takes.
const STEPS: u64 = 3;

/// What the components of a share add up by.
#[derive(Clone, Copy)]
enum Sum {
    Integers,
    Bits,
}

impl Sum {
    const fn plus(self, x: u64, y: u64) -> u64 {
        match self {
            Self::Integers => x.wrapping_add(y),
            Self::Bits => x ^ y,
        }
    }

    const fn minus(self, x: u64, y: u64) -> u64 {
        match self {
            Self::Integers => x.wrapping_sub(y),
            Self::Bits => x ^ y,
        }
    }
}

/// A column of the table: an element of at most 64 bits a row, as this party shares it.
struct Column {
    sum: Sum,
    bits: u32,
    a: Words,
    b: Words,
}

impl Column {
    fn of_number(x: &Arith, bits: u32) -> Self {
        Self { sum: Sum::Integers, bits, a: x.a.clone(), b: x.b.clone() }
    }

    /// The words cut into elements that fill the bytes of a message.
    fn of_words(x: &Bin) -> Vec<Self> {
        parts(x.width)
            .map(|(from, bits)| {
                let part = x.planes(from, bits);
                Self { sum: Sum::Bits, bits, a: part.words_of(&part.a), b: part.words_of(&part.b) }
            })
            .collect()
    }
}

/// First bits and lengths of the elements of a word: whole numbers of bytes that are powers of two, but for the last.
fn parts(width: u32) -> impl Iterator<Item = (u32, u32)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let bits = match width - from {
            0 => return None,
            left @ 1..=8 => left,
            left @ 9..=24 => left.min(16),
            left @ 25..=48 => left.min(32),
            left => left.min(64),
        };
        from += bits;
        Some((from - bits, bits))
    })
}

/// An order of rows: what comes k-th was at place `order[k]`.
type Order = Zeroizing<Vec<u32>>;

impl<S: Source> Rep3<S> {
    /// The rows of all columns in a new order; `told` in that order, which everybody learns. `turn` says whose part this party has, so that a series of
    /// shuffles loads all links alike.
    pub(crate) async fn shuffled(
        &self,
        cx: Cx<'_>,
        turn: usize,
        told: &Arith,
        numbers: &[Arith],
        words: &[Bin],
    ) -> (Vec<i64>, Vec<Arith>, Vec<Bin>) {
        let lanes = told.lanes;
        let mut columns: Vec<Column> = Vec::new();
        columns.extend(numbers.iter().map(|x| Column::of_number(x, self.bits)));
        columns.extend(words.iter().flat_map(Column::of_words));
        let opened = self.shuffle_columns(cx, turn, lanes, Column::of_number(told, self.bits), &mut columns).await;
        let mut columns = columns.into_iter();
        let numbers: Vec<Arith> =
            columns.by_ref().take(numbers.len()).map(|x| Arith { lanes, a: x.a, b: x.b }).collect();
        let words = words
            .iter()
            .map(|like| {
                let mut word = self.bin(like.width, lanes);
                for ((from, bits), x) in parts(like.width).zip(columns.by_ref()) {
                    let place = (from as usize, bits as usize);
                    for (rows, part) in [(&mut word.a, &x.a), (&mut word.b, &x.b)] {
                        let live = 0..part.len();
                        to_planes(rows, like.width as usize, place, live, |lane, out| {
                            out.copy_from_slice(&part[lane..lane + out.len()]);
                        });
                    }
                }
                word
            })
            .collect();
        (opened, numbers, words)
    }

    /// See the module's text: the columns under fresh sharings, and the first one in the clear.
    async fn shuffle_columns(
        &self,
        cx: Cx<'_>,
        turn: usize,
        lanes: usize,
        mut told: Column,
        columns: &mut [Column],
    ) -> Vec<i64> {
        let lead = turn % 3;
        let part = Part { party: self, cx, lanes, pi: lead + 1, rho: lead, sigma: lead + 2 };
        cx.count_blocks((lanes as u64 / 2 + 1) * (STEPS * (columns.len() as u64 + 1) + 2));
        match (self.me + 3 - lead) % 3 {
            0 => part.first(&mut told, columns).await,
            1 => part.second(&mut told, columns).await,
            _ => part.third(&mut told, columns).await,
        }
        told.a.iter().map(|x| self.signed(*x)).chain(std::iter::repeat_n(0, if self.dry { lanes } else { 0 })).collect()
    }

    /// A uniformly random order of so many rows, which the holders of a component's key know: Fisher and Yates, in the form of Durstenfeld (1964), with draws
    /// that are rejected where the range does not divide 2^64 (Lemire, "Fast random integer generation in an interval", 2019).
    fn order(&self, component: usize, cx: Cx<'_>, lanes: usize) -> Order {
        let mut order: Order = Zeroizing::new((0..u32::try_from(lanes).unwrap_or(u32::MAX)).collect());
        let (at, again) = (Step::new(cx.tape(), 0, Domain::Permutation), Step::new(cx.tape(), 1, Domain::Permutation));
        let mut redraws = 0;
        let mut words = Zeroizing::new([0; BLOCK]);
        for first in (0..order.len()).step_by(BLOCK) {
            self.mask_words(component, at, first, &mut *words);
            for (n, word) in words.iter().enumerate().take(order.len() - first) {
                // Which of the rows from here on comes next.
                let count = (order.len() - first - n) as u64;
                let (mut place, mut low) = scaled(*word, count);
                while low < count && low < count.wrapping_neg() % count {
                    let mut drawn = Zeroizing::new([0; 2]);
                    self.mask_words(component, again, redraws * 2, &mut *drawn);
                    (place, low) = scaled(drawn[0], count);
                    redraws += 1;
                }
                order.swap(first + n, first + n + place);
            }
        }
        order
    }
}

/// The halves of a product: a number below `count`, and what decides whether it counts.
#[allow(clippy::cast_possible_truncation, reason = "the halves of the product")]
fn scaled(word: u64, count: u64) -> (usize, u64) {
    let product = u128::from(word) * u128::from(count);
    ((product >> 64) as usize, product as u64)
}

/// What a party does in a shuffle, and under which keys.
struct Part<'x, S> {
    party: &'x Rep3<S>,
    cx: Cx<'x>,
    lanes: usize,
    /// The components whose keys the three permutations come from.
    pi: usize,
    rho: usize,
    sigma: usize,
}

/// A column of a message: the peer, bits of an element, and the elements.
type Sent<'w> = (usize, u32, &'w Words);
type Received<'w> = (usize, u32, &'w mut Words);

impl<S: Source> Part<'_, S> {
    /// P_h: knows π and ρ.
    async fn first(&self, told: &mut Column, columns: &mut [Column]) {
        let p = self.party;
        let (pi, rho) = (p.order(self.pi, self.cx, self.live()), p.order(self.rho, self.cx, self.live()));
        let sent: Vec<(u32, Words)> = std::iter::once(&*told)
            .chain(&*columns)
            .enumerate()
            .map(|(c, x)| {
                let mut both = x.a.clone();
                both.iter_mut().zip(x.b.iter()).for_each(|(a, b)| *a = x.sum.plus(*a, *b));
                let inner = self.arranged(&both, &pi, |first, out| self.mask(c, 0, self.pi, x.sum, true, first, out));
                (x.bits, self.arranged(&inner, &rho, |first, out| self.mask(c, 1, self.rho, x.sum, true, first, out)))
            })
            .collect();
        let sends: Vec<Sent<'_>> = sent.iter().map(|(bits, words)| (p.next(), *bits, words)).collect();
        self.trade(&sends, Vec::new()).await;
        for (c, x) in columns.iter_mut().enumerate() {
            (x.a, x.b) = (self.fresh(c + 1, self.rho, x.bits), self.fresh(c + 1, self.pi, x.bits));
        }
        let (mut left, mut right) = (p.words(self.lanes), p.words(self.lanes));
        self.trade(&[], vec![(p.next(), told.bits, &mut left), (p.prev(), told.bits, &mut right)]).await;
        told.a = self.sum(told.sum, &left, &right);
    }

    /// P_{h+1}: knows π and σ.
    async fn second(&self, told: &mut Column, columns: &mut [Column]) {
        let p = self.party;
        let (pi, sigma) = (p.order(self.pi, self.cx, self.live()), p.order(self.sigma, self.cx, self.live()));
        let all = || std::iter::once(&*told).chain(&*columns).enumerate();
        let sent: Vec<(u32, Words)> = all()
            .map(|(c, x)| {
                (x.bits, self.arranged(&x.b, &pi, |first, out| self.mask(c, 0, self.pi, x.sum, false, first, out)))
            })
            .collect();
        let mut got: Vec<(u32, Words)> = all().map(|(_, x)| (x.bits, p.words(self.lanes))).collect();
        let sends = sent.iter().map(|(bits, words)| (p.next(), *bits, words)).collect::<Vec<_>>();
        self.trade(&sends, got.iter_mut().map(|(bits, words)| (p.prev(), *bits, words)).collect()).await;

        let mut got = got.into_iter().map(|(_, words)| words);
        let own = self.arranged(&got.next().unwrap_or_default(), &sigma, |first, out| {
            self.mask(0, 0, self.sigma, told.sum, true, first, out);
        });
        let mut rests = Vec::new();
        for ((c, x), words) in columns.iter_mut().enumerate().zip(got) {
            x.a = self.fresh(c + 1, self.pi, x.bits);
            rests.push(self.rest(x.sum, &self.arranged(&words, &sigma, |_, _| ()), &x.a));
        }
        self.end(p.next(), p.prev(), own, rests, told, columns).await;
    }

    /// P_{h+2}: knows ρ and σ.
    async fn third(&self, told: &mut Column, columns: &mut [Column]) {
        let p = self.party;
        let (rho, sigma) = (p.order(self.rho, self.cx, self.live()), p.order(self.sigma, self.cx, self.live()));
        let all = || std::iter::once(&*told).chain(&*columns);
        let mut got: Vec<(u32, Words)> = all().map(|x| (x.bits, p.words(self.lanes))).collect();
        self.trade(&[], got.iter_mut().map(|(bits, words)| (p.prev(), *bits, words)).collect()).await;

        let mut inner = got
            .iter()
            .zip(all().map(|x| x.sum))
            .enumerate()
            .map(|(c, ((_, words), sum))| {
                self.arranged(words, &rho, |first, out| self.mask(c, 1, self.rho, sum, false, first, out))
            })
            .collect::<Vec<_>>()
            .into_iter();
        let own = self.arranged(&inner.next().unwrap_or_default(), &sigma, |first, out| {
            self.mask(0, 0, self.sigma, told.sum, false, first, out);
        });
        let mut rests = Vec::new();
        for ((c, x), words) in columns.iter_mut().enumerate().zip(inner) {
            x.b = self.fresh(c + 1, self.rho, x.bits);
            rests.push(self.rest(x.sum, &self.arranged(&words, &sigma, |_, _| ()), &x.b));
        }
        self.end(p.prev(), p.next(), own, rests, told, columns).await;
    }

    /// The second step of P_{h+1} and P_{h+2}: each tells its summand of the first column, and trades with the other what its summands leave of the new third
    /// component.
    async fn end(
        &self,
        other: usize,
        first: usize,
        own: Words,
        rests: Vec<Words>,
        told: &mut Column,
        columns: &mut [Column],
    ) {
        let p = self.party;
        let mut sends: Vec<Sent<'_>> = vec![(other, told.bits, &own), (first, told.bits, &own)];
        sends.extend(columns.iter().zip(&rests).map(|(x, rest)| (other, x.bits, rest)));
        let mut tellings = p.words(self.lanes);
        let mut got: Vec<Words> = columns.iter().map(|_| p.words(self.lanes)).collect();
        let mut receives: Vec<Received<'_>> = vec![(other, told.bits, &mut tellings)];
        receives.extend(columns.iter().zip(&mut got).map(|(x, words)| (other, x.bits, words)));
        self.trade(&sends, receives).await;
        told.a = self.sum(told.sum, &own, &tellings);
        for ((x, rest), got) in columns.iter_mut().zip(&rests).zip(&got) {
            let third = self.sum(x.sum, rest, got);
            if other == p.next() { x.b = third } else { x.a = third }
        }
    }

    /// Rows of buffers: none in a dry run.
    const fn live(&self) -> usize {
        if self.party.dry { 0 } else { self.lanes }
    }

    /// One message step.
    async fn trade(&self, sends: &[Sent<'_>], receives: Vec<Received<'_>>) {
        let mut writers: Vec<_> = sends
            .iter()
            .map(|(to, bits, words)| {
                let size = element_bytes(*bits);
                (*to, size, move |at: usize, out: &mut [u8]| to_elements(&words[at / size..], size, out))
            })
            .collect();
        let mut readers: Vec<_> = receives
            .into_iter()
            .map(|(from, bits, words)| {
                let size = element_bytes(bits);
                (from, size, move |at: usize, bytes: &[u8]| from_elements(bytes, size, &mut words[at / size..]))
            })
            .collect();
        let mut outgoing: Vec<Outgoing<'_>> =
            writers.iter_mut().map(|(to, size, write)| Outgoing::new(*to, self.lanes * *size, write)).collect();
        let mut incoming: Vec<Incoming<'_>> =
            readers.iter_mut().map(|(from, size, read)| Incoming::new(*from, self.lanes * *size, read)).collect();
        self.cx.exchange(&mut outgoing, &mut incoming).await;
    }

    fn step(&self, column: usize, step: u64) -> Step {
        Step::new(self.cx.tape(), STEPS * column as u64 + step, Domain::Arith)
    }

    /// Adds the mask of a column's step to words from a place on, or takes it away.
    #[allow(clippy::too_many_arguments, reason = "where a mask lies, and what it is for")]
    fn mask(&self, column: usize, step: u64, component: usize, sum: Sum, add: bool, first: usize, out: &mut [u64]) {
        let mut masks = [0; BLOCK];
        let masks = &mut masks[..out.len()];
        self.party.mask_words(component, self.step(column, step), first, masks);
        for (word, mask) in out.iter_mut().zip(masks) {
            *word = if add { sum.plus(*word, *mask) } else { sum.minus(*word, *mask) };
        }
    }

    /// The new component under a key.
    fn fresh(&self, column: usize, component: usize, bits: u32) -> Words {
        let mut words = self.party.words(self.lanes);
        self.party.mask_words(component, self.step(column, 2), 0, &mut words);
        words.iter_mut().for_each(|word| *word &= low_bits(bits));
        words
    }

    /// The words in an order, each block of them handed to `finish` with its place.
    fn arranged(&self, words: &Words, order: &[u32], finish: impl Fn(usize, &mut [u64])) -> Words {
        let mut out = self.party.words(self.lanes);
        for (n, (out, order)) in out.chunks_mut(BLOCK).zip(order.chunks(BLOCK)).enumerate() {
            out.iter_mut().zip(order).for_each(|(out, from)| *out = words[*from as usize]);
            finish(n * BLOCK, out);
        }
        out
    }

    fn sum(&self, sum: Sum, x: &Words, y: &Words) -> Words {
        let mut out = self.party.words(self.lanes);
        out.iter_mut().zip(x.iter().zip(y.iter())).for_each(|(out, (x, y))| *out = sum.plus(*x, *y));
        out
    }

    fn rest(&self, sum: Sum, x: &Words, y: &Words) -> Words {
        let mut out = self.party.words(self.lanes);
        out.iter_mut().zip(x.iter().zip(y.iter())).for_each(|(out, (x, y))| *out = sum.minus(*x, *y));
        out
    }
}
