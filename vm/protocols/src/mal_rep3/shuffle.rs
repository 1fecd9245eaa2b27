//! A secret shuffle: the rows of a table in an order that no party knows.
//!
//! Each pair of parties permutes the rows by an order from the key that the two share, and shares them anew with the third party, who learns nothing of it (Laur, Willemson and Zhang,
//! "Round-efficient oblivious database manipulation", ISC 2011). For the pair P_p and P_{p+1}, with A = x_p + x_{p+1} and B = x_{p+2}, and masks m and n from K_{p+1}:
//!
//! * P_p sends π(A) − m + n to P_{p+2}: the new component p; component p + 1 is m;
//! * P_{p+1} sends π(B) − n to P_{p+2}: the new component p + 2.
//!
//! Three rounds, four elements a row from each party for two that count. Whatever a cheater sends instead adds something that it knows to the rows as they stand after that pass, another
//! order too. So numbers take their tags with them, and those must fit **after each pass**: only at the end, what was added in one pass could be taken away in another, and whether it was the same
//! row would tell of the order that the cheater does not know. Of words, a tag of 64 bits a row is made before: K·x for a secret matrix K of random bits, one
//! bit from each party a row and bit of the tag. When all have their rows, K is opened, and K·x ⊕ tag must be 0, before and after each pass (Araki, Furukawa, Ohara, Pinkas, Rosemarin
//! and Tsuchida, "Secure graph analysis at scale", CCS 2021, section 5.3, where the tags are products in a field; Carter and Wegman 1979 for a random matrix): what was
//! added to a row without knowing K passes with probability 2^−64.

use super::MalRep3;
use super::io::ALL;
use super::share::{Arith, Wide, element, number};
use crate::bits::{Row, Rows, Words, to_planes};
use crate::executor::Cx;
use crate::keys::{Source, Step};
use crate::layout::{HASH, Layout, hash_of};
use crate::message::{BLOCK, Shape, from_bytes, to_bytes};
use crate::permutation;
use crate::piece::{Incoming, Outgoing};
use crate::protocol::BinShares as _;
use crate::rep3::Bin;
use blake3::Hash;
use smpc_math::prf::Domain;
use zeroize::Zeroizing;

/// Bits of the tag of a row of words.
const TAG: u32 = 64;
/// Rounds, where numbers alone are shuffled and what was computed before is verified: those of a small verification among them.
pub(crate) const ROUNDS: u64 = 27;

/// A column of the table.
struct Column {
    /// Words of a row: two are a number, one is bits.
    words: usize,
    held: [Words; 2],
}

impl Column {
    fn plus(&self, x: &mut [u64], y: &[u64]) {
        self.combine(x, y, u128::wrapping_add);
    }

    fn minus(&self, x: &mut [u64], y: &[u64]) {
        self.combine(x, y, u128::wrapping_sub);
    }

    fn combine(&self, x: &mut [u64], y: &[u64], f: impl Fn(u128, u128) -> u128) {
        if self.words == 1 {
            return x.iter_mut().zip(y).for_each(|(x, y)| *x ^= y);
        }
        let pairs = x.as_chunks_mut().0.iter_mut().zip(y.as_chunks().0);
        pairs.for_each(|(x, y)| *x = element(f(number(*x), number(*y))));
    }
}

impl<S: Source> MalRep3<S> {
    /// The rows of all columns in a new order; `told` in that order, which everybody learns.
    pub(crate) async fn shuffled(
        &self,
        cx: Cx<'_>,
        told: &Arith,
        numbers: &[Arith],
        words: &[Bin],
    ) -> (Vec<i64>, Vec<Arith>, Vec<Bin>) {
        let lanes = told.lanes;
        let part = |k| cx.sub(k, 8);
        let keys = self.tag_keys(part(0), words);
        let mut columns: Vec<Column> = Vec::new();
        for held in std::iter::once(told).chain(numbers).flat_map(|x| [&x.value, &x.tag]) {
            columns.push(Column { words: 2, held: held.clone().map(Wide::into_words) });
        }
        let tag = if words.is_empty() { None } else { Some(self.tag_of_words(part(1), &keys, words).await) };
        for word in words.iter().chain(&tag) {
            columns.extend(parts(word.width).map(|(from, bits)| {
                let part = word.planes(from, bits);
                Column { words: 1, held: [&part.a, &part.b].map(|rows| part.form().words(rows)) }
            }));
        }
        let tagged = 1 + numbers.len();
        let hold = self.hold();
        // The tags of before, if they were verified then.
        (0..).zip(std::iter::once(told).chain(numbers)).for_each(|(step, x)| self.owe_again(part(7), step, x));
        let mut states = Vec::new();
        let mut keep = |columns: &[Column]| {
            let words = columns[2 * tagged..].iter().map(|column| column.held.clone());
            states.push(words.collect::<Vec<_>>());
        };
        keep(&columns);
        for pair in 0..3 {
            self.pass(part(2), pair, lanes, &mut columns).await;
            for (k, column) in (0..).zip(columns[..2 * tagged].chunks_mut(2)) {
                let [value, tag] = column else { continue };
                let [a, b] = [value, tag].map(|column| std::mem::take(&mut column.held).map(Wide::of_words));
                self.owe(part(3), (pair * tagged) as u64 + k, lanes, &a, &b);
                let [value, tag] = column else { continue };
                (value.held, tag.held) = (a.map(Wide::into_words), b.map(Wide::into_words));
            }
            keep(&columns);
        }
        drop(hold);
        let batch = self.batch();
        let mut columns = columns.into_iter().map(|column| column.held);
        let mut next = || columns.next().unwrap_or_default();
        let mut number = || {
            let (value, tag) = (next().map(Wide::of_words), next().map(Wide::of_words));
            Arith { lanes, value, tag, batch }
        };
        let told = number();
        let numbers = numbers.iter().map(|_| number()).collect();
        let words = if tag.is_some() {
            let widths: Vec<u32> = words.iter().map(|word| word.width).collect();
            self.compare_tags(part(4), &keys, &widths, lanes, states).await
        } else {
            Vec::new()
        };
        let released = Box::pin(self.verified(part(5))).await;
        let told = self.opened_numbers(part(6), lanes, &told.value, &ALL, &released).await;
        (told.unwrap_or_default(), numbers, words)
    }

    /// One pair's part: see the module's text. One round.
    async fn pass(&self, cx: Cx<'_>, pair: usize, lanes: usize, columns: &mut [Column]) {
        let (left, right, third) = (pair, (pair + 1) % 3, (pair + 2) % 3);
        let of_pair = |step: u64, domain| Step::new(cx.tape(), step, domain);
        let steps = |column: usize| 2 * (pair * columns.len() + column) as u64;
        cx.count_blocks((lanes as u64 + 1) * (2 * columns.len() as u64 + 1));
        if self.me == third {
            let mut readers: Vec<_> = columns
                .iter_mut()
                .flat_map(|column| {
                    let bytes = lanes * column.words * 8;
                    let [a, b] = &mut column.held;
                    [(right, bytes, a), (left, bytes, b)]
                })
                .map(|(from, bytes, words)| {
                    (from, bytes, move |at: usize, heard: &[u8]| from_bytes(heard, &mut words[at / 8..]))
                })
                .collect();
            let receives = readers.iter_mut().map(|(from, bytes, read)| Incoming::new(*from, *bytes, read));
            let mut receives: Vec<_> = receives.collect();
            return cx.exchange(&mut [], &mut receives).await;
        }
        let order = permutation::uniform(if self.dry { 0 } else { lanes }, |again, first, out| {
            let at = of_pair(2 * pair as u64 + u64::from(again), Domain::Permutation);
            self.rep3.mask_words(right, at, first, out);
        });
        let all: Vec<u64> = (0..columns.len()).map(steps).collect();
        for (column, step) in columns.iter_mut().zip(all) {
            let (len, size) = (column.held[0].len(), column.words);
            let mut rest = Words::zeros(len);
            let mut masks = [Words::zeros(len), Words::zeros(len)];
            for (k, masks) in (0..).zip(&mut masks) {
                for (n, block) in masks.chunks_mut(BLOCK).enumerate() {
                    self.rep3.mask_words(right, of_pair(step + k, Domain::Arith), n * BLOCK, block);
                }
            }
            let [m, n] = masks;
            let [mut a, b] = std::mem::take(&mut column.held);
            if self.me == left {
                column.plus(&mut a, &b);
            }
            let from = if self.me == left { &a } else { &b };
            for (to, row) in rest.chunks_exact_mut(size).zip(order.iter()) {
                to.copy_from_slice(&from[*row as usize * size..][..size]);
            }
            column.held = if self.me == left {
                column.minus(&mut rest, &m);
                column.plus(&mut rest, &n);
                [rest, m]
            } else {
                column.minus(&mut rest, &n);
                [m, rest]
            };
        }
        let sent = usize::from(self.me == right);
        let mut writers: Vec<_> = columns
            .iter()
            .map(|column| {
                let words = &column.held[sent];
                (lanes * column.words * 8, move |at: usize, out: &mut [u8]| to_bytes(&words[at / 8..], out))
            })
            .collect();
        let mut sends: Vec<_> = writers.iter_mut().map(|(bytes, write)| Outgoing::new(third, *bytes, write)).collect();
        cx.exchange(&mut sends, &mut []).await;
    }

    /// K: of each plane of the words, which bits of the tag it counts in, as a word of bits for each of this party's components.
    fn tag_keys(&self, cx: Cx<'_>, words: &[Bin]) -> [Words; 2] {
        let planes: usize = words.iter().map(|word| word.width as usize).sum();
        let at = Step::new(cx.tape(), 0, Domain::Random);
        cx.count_blocks(planes as u64 / 2 + 1);
        [0, 1].map(|k| {
            let mut keys = Words::zeros(if self.dry { 0 } else { planes });
            self.rep3.mask_words(self.me + k, at, 0, &mut keys);
            keys
        })
    }

    /// K·x of each row: a sum of products that is masked and sent once. Whatever is added to it, the tag then does not fit. One round, 64 bits a row.
    async fn tag_of_words(&self, cx: Cx<'_>, keys: &[Words; 2], words: &[Bin]) -> Bin {
        let lanes = words.first().map_or(0, |word| word.lanes);
        // Each party's summand: x_i·(K_i ⊕ K_{i+1}) ⊕ x_{i+1}·K_i.
        let both = keys[0].iter().zip(keys[1].iter()).map(|(a, b)| a ^ b);
        let both = Zeroizing::new(both.collect::<Vec<u64>>());
        let mut own = self.rep3.bin(TAG, lanes);
        if !self.dry {
            multiply(&mut own.a, words, |word| &word.a, &both);
            multiply(&mut own.a, words, |word| &word.b, &keys[0]);
        }
        let at = Step::new(cx.tape(), 0, Domain::Bin);
        let shape = Shape::new(TAG as usize, lanes);
        cx.count_blocks(shape.rows() as u64 * 4);
        let Bin { a, b, .. } = &mut own;
        let send = |first: usize, out: &mut [Row]| {
            self.rep3.zero_rows(at, first, out);
            for (z, own) in out.iter_mut().zip(&mut a[first..]) {
                z.iter_mut().zip(own).for_each(|(z, own)| {
                    *own ^= *z;
                    *z = *own;
                });
            }
        };
        self.rep3.pass_rows(cx, shape, send, |first, rows| b[first..first + rows.len()].copy_from_slice(rows)).await;
        own
    }

    /// Opens K and compares in all states, of which the words of the last one are handed back: the sum of the components of K·x ⊕ tag is 0 where what this party's two components come
    /// to is what both others hold of the third. Three rounds.
    async fn compare_tags(
        &self,
        cx: Cx<'_>,
        keys: &[Words; 2],
        widths: &[u32],
        lanes: usize,
        states: Vec<Vec<[Words; 2]>>,
    ) -> Vec<Bin> {
        // All have their rows: nothing can be fitted to K any more.
        self.word_that_it_holds(cx.sub(0, 3)).await;
        let planes = widths.iter().map(|width| *width as usize).sum();
        let key =
            |k: usize| move |first: usize, out: &mut [u64]| out.copy_from_slice(&keys[k][first..first + out.len()]);
        let layout = Layout::Numbers { len: planes, bits: 64 };
        let mut opened = self.missing(cx.sub(1, 3), layout, [&key(0), &key(1)], &ALL).await;
        for keys in keys {
            opened.iter_mut().zip(keys.iter()).for_each(|(all, key)| *all ^= key);
        }
        let mut words = Vec::new();
        let mut tags = Vec::new();
        for state in states {
            let mut columns = state.into_iter();
            let mut next = || columns.next().unwrap_or_default();
            words = widths.iter().map(|width| self.word_of(*width, lanes, &mut next)).collect();
            let mut tag = self.word_of(TAG, lanes, &mut next);
            if !self.dry {
                multiply(&mut tag.a, &words, |word| &word.a, &opened);
                multiply(&mut tag.b, &words, |word| &word.b, &opened);
            }
            tags.push(tag);
        }
        let tag = Bin::stack(&tags.iter().collect::<Vec<_>>());
        let layout = Layout::Bits(Shape::new(tag.width as usize, lanes));
        let at = Step::new(cx.sub(2, 3).tape(), 0, Domain::Bin);
        // The hash of component k, as every holder of it says.
        let hash = |component: usize, rows: &[Row]| {
            let hasher = hash_of(&self.session, "tags of words", at, &[component as u64]);
            let words = rows.as_flattened();
            if self.dry {
                return [0; HASH];
            }
            layout.hash(hasher, |first, out| out.copy_from_slice(&words[first..first + out.len()]))
        };
        let (previous, next) = (self.previous(), self.next());
        let held = [hash(self.me, &tag.a), hash(next, &tag.b)];
        let mut third = tag.a.clone();
        third.as_flattened_mut().iter_mut().zip(tag.b.as_flattened()).for_each(|(a, b)| *a ^= b);
        let third = hash(previous, &third);
        let mut say = [|at: usize, out: &mut [u8]| out.copy_from_slice(&third[at..at + out.len()]); 2];
        let ([left, right], mut from_left, mut from_right) = (&mut say, [0; HASH], [0; HASH]);
        let mut hear_left = |at: usize, bytes: &[u8]| from_left[at..at + bytes.len()].copy_from_slice(bytes);
        let mut hear_right = |at: usize, bytes: &[u8]| from_right[at..at + bytes.len()].copy_from_slice(bytes);
        cx.exchange(
            &mut [Outgoing::new(previous, HASH, left), Outgoing::new(next, HASH, right)],
            &mut [Incoming::new(previous, HASH, &mut hear_left), Incoming::new(next, HASH, &mut hear_right)],
        )
        .await;
        // What the left neighbour does not hold is our right component, and the right one's is our left.
        let same = [(from_left, held[1]), (from_right, held[0])].map(|(heard, held)| Hash::from_bytes(heard) == held);
        let fits = self.dry || same == [true, true];
        #[cfg(test)]
        let fits = fits || self.trust.words;
        self.stop_unless(cx, fits).await;
        words
    }

    /// A word out of its columns.
    fn word_of(&self, width: u32, lanes: usize, next: &mut impl FnMut() -> [Words; 2]) -> Bin {
        let mut word = self.rep3.bin(width, lanes);
        for (from, bits) in parts(width) {
            for (rows, part) in [&mut word.a, &mut word.b].into_iter().zip(&next()) {
                to_planes(rows, width as usize, (from as usize, bits as usize), 0..part.len(), |lane, out| {
                    out.copy_from_slice(&part[lane..lane + out.len()]);
                });
            }
        }
        word
    }
}

/// First bits and lengths of the parts of a word that are a column each.
fn parts(width: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..width).step_by(64).map(move |from| (from, (width - from).min(64)))
}

/// Adds K·x to tags, for one component of the words and what `keys` says of their planes. Takes as long whatever these are.
fn multiply(tags: &mut Rows, words: &[Bin], component: impl Fn(&Bin) -> &Rows, keys: &[u64]) {
    let mut before = 0;
    for word in words {
        let width = word.width as usize;
        let rows = component(word).chunks_exact(width.max(1));
        for (tag, rows) in tags.chunks_exact_mut(TAG as usize).zip(rows) {
            for (row, key) in rows.iter().zip(&keys[before..]) {
                for (j, tag) in tag.iter_mut().enumerate() {
                    let counts = (key >> j & 1).wrapping_neg();
                    tag.iter_mut().zip(row).for_each(|(tag, row)| *tag ^= row & counts);
                }
            }
        }
        before += width;
    }
}
