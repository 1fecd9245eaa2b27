//! A secret shuffle: for each set of t + 1 parties, these share the rows anew in an order that they know and nobody else.
//!
//! The shares of t + 1 parties, times their coefficients, add up to the secrets. So each member of a set orders what it holds by the set's permutation and deals it; what
//! all get is a fresh sharing of the rows in that order. There is a turn for each set, so that for every t parties one permutation is that of a set without
//! them, where n = 2t + 1; of more parties the first 2t + 1 have the turns (Laur, Willemson and Zhang, "Round-efficient oblivious database manipulation", ISC
//! 2011). A round for the seeds, one a turn and one to open the column that is told: 5 in all for three parties, 12 for five, 37 for seven. Where that is too many
//! turns, `switches` has another way.

use super::Shamir;
use super::deal::Step;
use super::share::{Arith, Bin, Elements};
use crate::buffer::Pooled;
use crate::executor::Cx;
use crate::join::join;
use crate::keys::Source;
use crate::permutation::{self, Order};
use crate::piece::{Incoming, Outgoing};
use smpc_math::field::{Field, Gf256, P127, lagrange};
use smpc_math::prf::{Address, Domain, Key, Prf};
use std::cell::RefCell;
use zeroize::Zeroizing;

/// Threshold up to which each set of t + 1 of 2t + 1 parties has a turn: 126 of them, and 462 for one more.
pub(super) const MOST_BY_TURNS: usize = 4;
/// Words of a set's seed.
pub(super) const SEED: usize = 4;
/// A seed; wiped when dropped.
pub(super) type Seed = Zeroizing<[u64; SEED]>;

/// Shares of the columns of a table that is shuffled.
pub(super) struct Columns {
    pub(super) rows: usize,
    /// Column after column of numbers, and how many.
    pub(super) numbers: (Elements<P127>, usize),
    /// Plane after plane of words, and how many.
    pub(super) words: (Elements<Gf256>, usize),
}

/// All sets of so many of the first `of` parties.
pub(crate) fn sets(of: usize, size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let with_last = |last: usize| {
        sets(last, size - 1).into_iter().map(move |mut set| {
            set.push(last);
            set
        })
    };
    (size - 1..of).flat_map(with_last).collect()
}

/// The order that a seed says.
pub(super) fn order(seed: &Seed, rows: usize) -> Order {
    let mut bytes = Zeroizing::new([0; 32]);
    bytes.chunks_exact_mut(8).zip(seed.iter()).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_le_bytes()));
    let prf = Prf::new(&Key::new(*bytes), &[0; 32], Domain::Permutation, 0);
    permutation::uniform(rows, |redraw, first, out| {
        prf.fill(Address { instance: 0, step: redraw.into(), block: first as u64 / 2 }, out);
    })
}

/// The coefficient of a member's share in its set.
pub(crate) fn coefficient<F: Field>(set: &[usize], me: usize) -> F {
    let points: Vec<F> = set.iter().map(|party| F::point(*party)).collect();
    let at = set.iter().position(|party| *party == me);
    at.and_then(|at| lagrange(&points, F::default()).get(at).copied()).unwrap_or_default()
}

impl<S: Source> Shamir<S> {
    /// One for each set, and one each for the seeds and for what is told; or at most those of [`Shamir::switched`], and one.
    pub(crate) fn rounds_of_a_shuffle(&self, rows: usize) -> u64 {
        if !self.turns {
            return self.rounds_of_switches(rows) + 1;
        }
        let sets = sets(2 * self.threshold + 1, self.threshold + 1).len() as u64;
        // Where turns are verified: three each, and a small verification.
        if self.guard().is_some() { 3 * sets + 16 } else { sets + 2 }
    }

    /// The columns in a new order, and what the first of the numbers is there.
    pub(crate) async fn shuffled(
        &self,
        cx: Cx<'_>,
        told: &Arith,
        numbers: &[Arith],
        words: &[Bin],
    ) -> (Vec<i64>, Vec<Arith>, Vec<Bin>) {
        if let Some(guard) = self.guard() {
            return self.shuffled_without_dealer(guard, cx, told, numbers, words).await;
        }
        let rows = told.lanes;
        let table = Elements::concat(std::iter::once(told).chain(numbers).map(|column| &column.x[..]));
        let planes = Elements::concat(words.iter().map(|word| &word.x[..]));
        let columns = 1 + numbers.len();
        let width: usize = words.iter().map(|word| word.width as usize).sum();
        let columns_of = Columns { rows, numbers: (table, columns), words: (planes, width) };
        let shuffled = if self.turns {
            self.in_turns(cx.sub(0, 2), columns_of).await
        } else {
            self.switched(cx.sub(0, 2), columns_of).await
        };
        let Columns { numbers: (table, _), words: (planes, _), .. } = shuffled;
        let first = if self.dry { &[] } else { &table[..rows] };
        let opened = self.opened_to_all(cx.sub(1, 2), first, rows).await;
        let opened = self.numbers(&opened, rows);
        let numbers = (1..columns).map(|column| {
            let x = if self.dry { Elements::default() } else { Elements::of(&table[column * rows..][..rows]) };
            Arith { lanes: rows, x }
        });
        let mut first = 0;
        let words = words.iter().map(|word| {
            let len = if self.dry { 0 } else { word.width as usize * rows };
            let x = Elements::of(&planes[first..first + len]);
            first += len;
            Bin { width: word.width, lanes: rows, x }
        });
        (opened, numbers.collect(), words.collect())
    }

    /// The rows in the orders of all sets, one after another. A round for the seeds, and one a turn.
    async fn in_turns(&self, cx: Cx<'_>, mut of: Columns) -> Columns {
        let sets = sets(2 * self.threshold + 1, self.threshold + 1);
        let seeds = self.seeds(cx.sub(0, 2), &sets).await;
        for (k, (set, seed)) in (0..).zip(sets.iter().zip(&seeds)) {
            let turn = cx.sub(1, 2).sub(k, sets.len() as u64);
            let order = (set.contains(&self.me) && !self.dry).then(|| order(seed, of.rows));
            let (numbers_cx, words_cx) = (turn.sub(0, 2), turn.sub(1, 2));
            let own_table = order.as_ref().map(|order| arranged(&of.numbers.0, order));
            let own_planes = order.as_ref().map(|order| arranged(&of.words.0, order));
            let dealt_table = self.deal_sum(
                numbers_cx,
                Step::new(numbers_cx.tape(), 0, Domain::Arith),
                set,
                own_table.as_ref().map(|own| (&own[..], coefficient(set, self.me))),
                of.numbers.1 * of.rows,
            );
            let dealt_planes = self.deal_sum(
                words_cx,
                Step::new(words_cx.tape(), 0, Domain::Bin),
                set,
                own_planes.as_ref().map(|own| (&own[..], coefficient(set, self.me))),
                of.words.1 * of.rows,
            );
            (of.numbers.0, of.words.0) = join(dealt_table, dealt_planes).await;
        }
        of
    }

    /// A seed that this party draws alone, in step k.
    pub(super) fn own_seed(&self, cx: Cx<'_>, k: u64) -> Seed {
        let (own, tape) = (super::pair(self.me, self.me), cx.tape());
        let mut seed = Seed::default();
        self.source.fill(own, Domain::Permutation, tape, tape.step(k), 0, &mut *seed);
        seed
    }

    /// The seeds of the sets that this party is in: the first member draws it and tells the others. One round.
    async fn seeds(&self, cx: Cx<'_>, sets: &[Vec<usize>]) -> Vec<Seed> {
        let mut drawn: Vec<Seed> = vec![Seed::default(); sets.len()];
        for (k, (set, seed)) in (0..).zip(sets.iter().zip(&mut drawn)) {
            cx.count_blocks(SEED as u64 / 2);
            if set[0] == self.me && !self.dry {
                *seed = self.own_seed(cx, k);
            }
        }
        let heard = RefCell::new(vec![Seed::default(); sets.len()]);
        let (mut makers, mut takers) = (Vec::new(), Vec::new());
        for (k, set) in sets.iter().enumerate() {
            let (seed, heard) = (&drawn[k], &heard);
            if set[0] == self.me {
                makers.extend(set[1..].iter().map(|party| {
                    let make = move |_: usize, out: &mut [u8]| {
                        out.chunks_exact_mut(8)
                            .zip(seed.iter())
                            .for_each(|(out, word)| out.copy_from_slice(&word.to_le_bytes()));
                    };
                    (*party, make)
                }));
            } else if set.contains(&self.me) {
                takers.push((set[0], move |_: usize, bytes: &[u8]| {
                    let words = bytes.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
                    heard.borrow_mut()[k].iter_mut().zip(words).for_each(|(to, word)| *to = word);
                }));
            }
        }
        let mut sends: Vec<_> = makers.iter_mut().map(|(to, make)| Outgoing::new(*to, 8 * SEED, make)).collect();
        let mut receives: Vec<_> = takers.iter_mut().map(|(from, take)| Incoming::new(*from, 8 * SEED, take)).collect();
        cx.exchange(&mut sends, &mut receives).await;
        drop(sends);
        drop(receives);
        drop((makers, takers));
        let mut seeds = heard.into_inner();
        for ((seed, drawn), set) in seeds.iter_mut().zip(&drawn).zip(sets) {
            if set[0] == self.me {
                seed.copy_from_slice(&**drawn);
            }
        }
        seeds
    }
}

/// The columns, one after another, each in that order.
pub(crate) fn arranged<F: Pooled>(columns: &[F], order: &Order) -> Elements<F> {
    let rows = order.len().max(1);
    let mut arranged = Elements::zeros(columns.len());
    for (column, out) in columns.chunks_exact(rows).zip(arranged.chunks_exact_mut(rows)) {
        out.iter_mut().zip(order.iter()).for_each(|(out, row)| *out = column[*row as usize]);
    }
    arranged
}
