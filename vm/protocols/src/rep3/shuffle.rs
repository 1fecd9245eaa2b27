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
use super::kernel::{BLOCK, Step};
use super::share::{Arith, Bin, Words, to_planes};
use crate::executor::Cx;
use crate::keys::Source;
use crate::message::{element_bytes, from_elements, to_elements};
use crate::permutation::{self, Order};
use crate::piece::{Incoming, Outgoing};
use crate::protocol::BinShares;
use crate::ring::low_bits;
use smpc_math::prf::Domain;

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

    fn add_to(self, to: &mut [u64], from: &[u64]) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = self.plus(*to, *from));
    }
}

/// A column of the table: an element of at most 64 bits a row, as this party shares it.
#[derive(Clone, Copy)]
struct Column<'x> {
    sum: Sum,
    bits: u32,
    a: &'x Words,
    b: &'x Words,
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

impl<S: Source> Rep3<S> {
    /// The rows of all columns in a new order; `told` in that order, which everybody learns. `turn` says whose part this party has, so that a series of
    /// shuffles loads all links alike.
    pub(crate) async fn shuffled<'x>(
        &self,
        cx: Cx<'_>,
        turn: usize,
        told: &'x Arith,
        numbers: &'x [Arith],
        words: &[Bin],
    ) -> (Vec<i64>, Vec<Arith>, Vec<Bin>) {
        let lanes = told.lanes;
        let number = |x: &'x Arith| Column { sum: Sum::Integers, bits: self.bits, a: &x.a, b: &x.b };
        let elements: Vec<(u32, Words, Words)> = words
            .iter()
            .flat_map(|x| parts(x.width).map(|(from, bits)| (bits, x.planes(from, bits))))
            .map(|(bits, part)| (bits, part.form().words(&part.a), part.form().words(&part.b)))
            .collect();
        let mut columns: Vec<Column<'_>> = std::iter::once(told).chain(numbers).map(number).collect();
        columns.extend(elements.iter().map(|(bits, a, b)| Column { sum: Sum::Bits, bits: *bits, a, b }));

        let (opened, shuffled) = self.shuffle_columns(cx, turn, lanes, &columns).await;
        let mut shuffled = shuffled.into_iter();
        let numbers = shuffled.by_ref().take(numbers.len()).map(|[a, b]| Arith { lanes, a, b }).collect();
        let words = words.iter().map(|like| self.word_of(like.width, lanes, &mut shuffled)).collect();
        (opened, numbers, words)
    }

    /// A word out of its elements.
    fn word_of(&self, width: u32, lanes: usize, elements: &mut impl Iterator<Item = [Words; 2]>) -> Bin {
        let mut word = self.bin(width, lanes);
        for ((from, bits), element) in parts(width).zip(elements) {
            for (rows, part) in [&mut word.a, &mut word.b].into_iter().zip(&element) {
                to_planes(rows, width as usize, (from as usize, bits as usize), 0..part.len(), |lane, out| {
                    out.copy_from_slice(&part[lane..lane + out.len()]);
                });
            }
        }
        word
    }

    /// See the module's text: the first column in the clear, the others under fresh sharings.
    async fn shuffle_columns(
        &self,
        cx: Cx<'_>,
        turn: usize,
        lanes: usize,
        columns: &[Column<'_>],
    ) -> (Vec<i64>, Vec<[Words; 2]>) {
        let lead = turn % 3;
        let part = Part { party: self, cx, lanes, columns, pi: lead + 1, rho: lead, sigma: lead + 2 };
        cx.count_blocks((lanes as u64 / 2 + 1) * (STEPS * columns.len() as u64 + 2));
        let (told, columns) = match (self.me + 3 - lead) % 3 {
            0 => part.first().await,
            1 => part.second().await,
            _ => part.third().await,
        };
        let told = if self.dry { vec![0; lanes] } else { told.iter().map(|x| self.signed(*x)).collect() };
        (told, columns)
    }

    /// A uniformly random order of so many rows, which the holders of a component's key know.
    fn order(&self, component: usize, cx: Cx<'_>, lanes: usize) -> Order {
        let (at, again) = (Step::new(cx.tape(), 0, Domain::Permutation), Step::new(cx.tape(), 1, Domain::Permutation));
        permutation::uniform(lanes, |redraw, first, out| {
            self.mask_words(component, if redraw { again } else { at }, first, out);
        })
    }
}

/// What a party does in a shuffle, and under which keys.
struct Part<'x, S> {
    party: &'x Rep3<S>,
    cx: Cx<'x>,
    lanes: usize,
    /// The one that is told, then the others.
    columns: &'x [Column<'x>],
    /// The components whose keys the three permutations come from.
    pi: usize,
    rho: usize,
    sigma: usize,
}

/// A column of a message: the peer, bits of an element, and the elements.
type Sent<'w> = (usize, u32, &'w Words);
type Received<'w> = (usize, u32, &'w mut Words);
/// The first column as all learn it, and the new components of the others.
type Done = (Words, Vec<[Words; 2]>);

impl<S: Source> Part<'_, S> {
    /// P_h: knows π and ρ.
    async fn first(&self) -> Done {
        let (pi, rho) = (self.order(self.pi), self.order(self.rho));
        let sent: Vec<Words> = (0..)
            .zip(self.columns)
            .map(|(c, x)| {
                let inner = self.arranged(&pi, |row| x.sum.plus(x.a[row], x.b[row]), self.add(c, 0, self.pi));
                self.arranged(&rho, |row| inner[row], self.add(c, 1, self.rho))
            })
            .collect();
        self.trade(&self.sends(self.party.next(), &sent), Vec::new()).await;
        drop(sent);
        let mut told = [self.zeros(), self.zeros()];
        let [left, right] = &mut told;
        let bits = self.told().bits;
        self.trade(&[], vec![(self.party.next(), bits, left), (self.party.prev(), bits, right)]).await;
        let [mut told, right] = told;
        self.told().sum.add_to(&mut told, &right);
        (told, (1..self.columns.len()).map(|c| [self.fresh(c, self.rho), self.fresh(c, self.pi)]).collect())
    }

    /// P_{h+1}: knows π and σ.
    async fn second(&self) -> Done {
        let (pi, sigma) = (self.order(self.pi), self.order(self.sigma));
        let sent: Vec<Words> = (0..)
            .zip(self.columns)
            .map(|(c, x)| self.arranged(&pi, |row| x.b[row], self.take(c, 0, self.pi)))
            .collect();
        let mut got: Vec<Words> = self.columns.iter().map(|_| self.zeros()).collect();
        let receives = self.receives(self.party.prev(), &mut got);
        self.trade(&self.sends(self.party.next(), &sent), receives).await;
        drop(sent);
        let own = self.arranged(&sigma, |row| got[0][row], self.add(0, 0, self.sigma));
        let (told, columns) = self.end(self.party.next(), self.party.prev(), own, &sigma, &got[1..], self.pi).await;
        (told, columns.into_iter().map(|(fresh, third)| [fresh, third]).collect())
    }

    /// P_{h+2}: knows ρ and σ.
    async fn third(&self) -> Done {
        let (rho, sigma) = (self.order(self.rho), self.order(self.sigma));
        let mut got: Vec<Words> = self.columns.iter().map(|_| self.zeros()).collect();
        self.trade(&[], self.receives(self.party.prev(), &mut got)).await;
        let inner: Vec<Words> = (0..)
            .zip(&got)
            .map(|(c, words)| self.arranged(&rho, |row| words[row], self.take(c, 1, self.rho)))
            .collect();
        drop(got);
        let own = self.arranged(&sigma, |row| inner[0][row], self.take(0, 0, self.sigma));
        let (told, columns) = self.end(self.party.prev(), self.party.next(), own, &sigma, &inner[1..], self.rho).await;
        (told, columns.into_iter().map(|(fresh, third)| [third, fresh]).collect())
    }

    /// The second step of P_{h+1} and P_{h+2}: each tells all its summand of the first column, and trades with the other what its summands leave of the new third
    /// components. `summands` are those before σ, `fresh` the component whose key the party's other new components come from, which are handed back with the third
    /// ones.
    async fn end(
        &self,
        other: usize,
        first: usize,
        mut own: Words,
        sigma: &[u32],
        summands: &[Words],
        fresh: usize,
    ) -> (Words, Vec<(Words, Words)>) {
        let (bits, columns) = (self.told().bits, &self.columns[1..]);
        let kept: Vec<Words> = (1..self.columns.len()).map(|c| self.fresh(c, fresh)).collect();
        let mut rests: Vec<Words> = columns
            .iter()
            .zip(summands.iter().zip(&kept))
            .map(|(x, (words, kept))| {
                self.arranged(
                    sigma,
                    |row| words[row],
                    |at, out| {
                        out.iter_mut()
                            .zip(&kept[at..])
                            .for_each(|(word, kept)| *word = x.sum.minus(*word, *kept) & low_bits(x.bits));
                    },
                )
            })
            .collect();
        let mut told = self.zeros();
        let mut got: Vec<Words> = columns.iter().map(|_| self.zeros()).collect();
        let mut sends: Vec<Sent<'_>> = vec![(other, bits, &own), (first, bits, &own)];
        sends.extend(columns.iter().zip(&rests).map(|(x, rest)| (other, x.bits, rest)));
        let mut receives: Vec<Received<'_>> = vec![(other, bits, &mut told)];
        receives.extend(columns.iter().zip(&mut got).map(|(x, words)| (other, x.bits, words)));
        self.trade(&sends, receives).await;
        self.told().sum.add_to(&mut own, &told);
        for ((x, rest), got) in columns.iter().zip(&mut rests).zip(&got) {
            x.sum.add_to(rest, got);
            rest.iter_mut().for_each(|word| *word &= low_bits(x.bits));
        }
        (own, kept.into_iter().zip(rests).collect())
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

    /// All columns to one peer.
    fn sends<'w>(&self, to: usize, words: &'w [Words]) -> Vec<Sent<'w>> {
        self.columns.iter().zip(words).map(|(x, words)| (to, x.bits, words)).collect()
    }

    /// All columns from one peer.
    fn receives<'w>(&self, from: usize, words: &'w mut [Words]) -> Vec<Received<'w>> {
        self.columns.iter().zip(words).map(|(x, words)| (from, x.bits, words)).collect()
    }

    fn told(&self) -> &Column<'_> {
        &self.columns[0]
    }

    fn zeros(&self) -> Words {
        self.party.words(self.lanes)
    }

    fn order(&self, component: usize) -> Order {
        self.party.order(component, self.cx, if self.party.dry { 0 } else { self.lanes })
    }

    /// The bits that count of a column's elements.
    fn low(&self, column: usize) -> u64 {
        low_bits(self.columns[column].bits)
    }

    fn step(&self, column: usize, step: u64) -> Step {
        Step::new(self.cx.tape(), STEPS * column as u64 + step, Domain::Arith)
    }

    /// Adds a step's mask for a column to words from a place on.
    fn add(&self, column: usize, step: u64, component: usize) -> impl Fn(usize, &mut [u64]) {
        self.mask(column, step, component, Sum::plus)
    }

    /// Takes it away.
    fn take(&self, column: usize, step: u64, component: usize) -> impl Fn(usize, &mut [u64]) {
        self.mask(column, step, component, Sum::minus)
    }

    fn mask(
        &self,
        column: usize,
        step: u64,
        component: usize,
        combine: impl Fn(Sum, u64, u64) -> u64,
    ) -> impl Fn(usize, &mut [u64]) {
        let (at, sum, low) = (self.step(column, step), self.columns[column].sum, self.low(column));
        move |first, out| {
            let mut masks = [0; BLOCK];
            let masks = &mut masks[..out.len()];
            self.party.mask_words(component, at, first, masks);
            out.iter_mut().zip(masks).for_each(|(word, mask)| *word = combine(sum, *word, *mask) & low);
        }
    }

    /// A new component of a column, from its key.
    fn fresh(&self, column: usize, component: usize) -> Words {
        let mut words = self.zeros();
        self.party.mask_words(component, self.step(column, 2), 0, &mut words);
        let low = self.low(column);
        words.iter_mut().for_each(|word| *word &= low);
        words
    }

    /// What stands in rows, in an order; each block of it is handed to `finish` with its place.
    fn arranged(&self, order: &[u32], of: impl Fn(usize) -> u64, finish: impl Fn(usize, &mut [u64])) -> Words {
        let mut out = self.zeros();
        for (n, (out, order)) in out.chunks_mut(BLOCK).zip(order.chunks(BLOCK)).enumerate() {
            out.iter_mut().zip(order).for_each(|(out, row)| *out = of(*row as usize));
            finish(n * BLOCK, out);
        }
        out
    }
}
