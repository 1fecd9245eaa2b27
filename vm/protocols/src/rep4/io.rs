//! Input, public values and opening.
//!
//! **Input** of x by P_w: F(K_{w+1}) and F(K_{w+2}) are components w + 1 and w + 2, component w is 0, and component w + 3 is the rest, which P_{w+1} and P_{w+2} are told. Whatever an owner
//! tells is its input, if it tells both the same: in a second round these two tell each other the hash of what they got, and all others something. That every party waits for
//! every other one there keeps an owner from choosing its input by what is opened afterwards (PROTOCOLS R4, R6).
//!
//! **Opening**: P_i lacks component i. P_{i+1} sends it and P_{i+2} its hash: one round, and compared before it is used (R3).

use super::PARTIES;
use super::Rep4;
use super::share::{Arith, Bin, HELD};
use crate::bits::{Rows, Words, fill, word_planes};
use crate::executor::Cx;
use crate::keys::{Source, Step};
use crate::lanes::limbs;
use crate::layout::{HASH, Layout};
use crate::message::{BLOCK, Shape, from_bytes, to_bytes};
use crate::piece::{Incoming, Outgoing};
use blake3::Hash;
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::cell::RefCell;
use zeroize::Zeroizing;

impl<S: Source> Rep4<S> {
    /// Secret lanes that party `owner` knows. Two rounds; 64 bits a lane from the owner to each of two parties, and 32 bytes from each party to each other one.
    pub(crate) async fn deal_numbers(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Arith {
        let values = values.unwrap_or(&[0]);
        let word = |first: usize, out: &mut [u64]| fill(values, first, out);
        Arith { lanes, x: self.deal(cx, owner, (self.numbers_of(lanes), lanes), &word).await }
    }

    /// Secret words that party `owner` knows. Two rounds; one bit a lane and plane from the owner to each of two parties, and 32 bytes from each party to each other one.
    pub(crate) async fn deal_bits(
        &self,
        cx: Cx<'_>,
        owner: usize,
        values: Option<&[i64]>,
        width: u32,
        lanes: usize,
    ) -> Bin {
        let shape = Shape::new(width as usize, lanes);
        let live = owner == self.me && !self.dry;
        let mut rows = Rows::zeros(if live { shape.rows() } else { 0 });
        if live {
            word_planes(&mut rows, values.unwrap_or(&[0]), width, lanes);
        }
        let word = |first: usize, out: &mut [u64]| out.copy_from_slice(&rows.as_flattened()[first..first + out.len()]);
        let x = self.deal(cx, owner, (Layout::Bits(shape), shape.rows() * 8), &word).await;
        Bin { width, lanes, x: x.map(Rows::from) }
    }

    /// See the module's text; `value` is asked at the owner.
    async fn deal(
        &self,
        cx: Cx<'_>,
        owner: usize,
        (layout, len): (Layout, usize),
        value: &dyn Fn(usize, &mut [u64]),
    ) -> [Words; HELD] {
        cx.count_blocks(len as u64 + 2);
        let [first, second, rest] = [1, 2, 3].map(|k| (owner + k) % PARTIES);
        let at = |k| Step::new(cx.tape(), k, Domain::Input);
        let mut z: [Words; HELD] = std::array::from_fn(|_| self.words(len));
        for (component, at) in [(first, at(0)), (second, at(1))].into_iter().filter(|_| !self.dry) {
            if component != self.me {
                for (n, words) in z[self.slot(component)].chunks_mut(BLOCK).enumerate() {
                    at.words(&self.source, component, n * BLOCK, words);
                }
            }
        }
        let hash = RefCell::new(self.hash_of("input", at(2), &[]));
        if owner == self.me {
            if !self.dry {
                self.rest(layout, &mut z, [first, second, rest], value);
            }
            let told = &z[self.slot(rest)];
            let writer = || layout.writer(|first, out| out.copy_from_slice(&told[first..first + out.len()]));
            let mut writers = [(first, writer()), (second, writer())];
            let mut sends: Vec<_> =
                writers.iter_mut().map(|(to, write)| Outgoing::new(*to, layout.bytes(), &mut **write)).collect();
            cx.exchange(&mut sends, &mut []).await;
        } else if self.me == rest {
            cx.idle().await;
        } else {
            let heard = &mut z[self.slot(rest)];
            let mut read = layout.reader(|first, words| heard[first..first + words.len()].copy_from_slice(words));
            let mut take = |at: usize, bytes: &[u8]| {
                hash.borrow_mut().update(bytes);
                read(at, bytes);
            };
            cx.exchange(&mut [], &mut [Incoming::new(owner, layout.bytes(), &mut take)]).await;
        }
        let compared = if self.me == first {
            vec![second]
        } else if self.me == second {
            vec![first]
        } else {
            vec![]
        };
        self.echo(cx, owner, *hash.into_inner().finalize().as_bytes(), &compared).await;
        z
    }

    /// Component `rest` of what its owner inputs: what the other two leave.
    fn rest(
        &self,
        layout: Layout,
        z: &mut [Words; HELD],
        [first, second, rest]: [usize; 3],
        value: &dyn Fn(usize, &mut [u64]),
    ) {
        let (mut words, mut left) = (Zeroizing::new([0; BLOCK]), Zeroizing::new([0; BLOCK]));
        let len = z[self.slot(rest)].len();
        for start in (0..len).step_by(BLOCK) {
            let at = start..(start + BLOCK).min(len);
            let (words, left) = (&mut words[..at.len()], &mut left[..at.len()]);
            value(start, words);
            layout.hide(left, words, &mut z[self.slot(first)][at.clone()]);
            layout.hide(words, left, &mut z[self.slot(second)][at.clone()]);
            z[self.slot(rest)][at].copy_from_slice(words);
        }
    }

    /// Public integers of party `owner`. Two rounds; 64 bits a lane from the owner to each other party, and 32 bytes from each party to each other one.
    pub(crate) async fn broadcast_numbers(
        &self,
        cx: Cx<'_>,
        owner: usize,
        values: Option<&[i64]>,
        lanes: usize,
    ) -> Vec<i64> {
        let mut all = vec![0; lanes];
        let hash = RefCell::new(self.hash_of("public input", Step::new(cx.tape(), 0, Domain::Input), &[]));
        let others: Vec<usize> = (0..PARTIES).filter(|party| *party != owner && *party != self.me).collect();
        if owner == self.me {
            fill(values.unwrap_or(&[0]), 0, &mut all);
            let mut writers: Vec<_> =
                others.iter().map(|to| (*to, |at: usize, out: &mut [u8]| to_bytes(&all[at / 8..], out))).collect();
            let mut sends: Vec<_> =
                writers.iter_mut().map(|(to, write)| Outgoing::new(*to, lanes * 8, write)).collect();
            cx.exchange(&mut sends, &mut []).await;
        } else {
            let mut take = |at: usize, bytes: &[u8]| {
                hash.borrow_mut().update(bytes);
                from_bytes(bytes, &mut all[at / 8..]);
            };
            cx.exchange(&mut [], &mut [Incoming::new(owner, lanes * 8, &mut take)]).await;
        }
        let compared = if owner == self.me { Vec::new() } else { others };
        self.echo(cx, owner, *hash.into_inner().finalize().as_bytes(), &compared).await;
        all.into_iter().map(u64::cast_signed).collect()
    }

    /// Every party tells those of `compared`, who got the same from `owner`, a hash of it, and holds it against theirs; to others it says as much that means nothing, because
    /// a hash of what one can guess tells it. One round; when it is over here, all parties have got what is theirs.
    async fn echo(&self, cx: Cx<'_>, owner: usize, own: [u8; HASH], compared: &[usize]) {
        let peers: Vec<usize> = (0..PARTIES).filter(|party| *party != self.me).collect();
        let mut writers: Vec<_> = peers
            .iter()
            .map(|to| {
                let said = if compared.contains(to) { own } else { [0; HASH] };
                (*to, move |at: usize, out: &mut [u8]| out.copy_from_slice(&said[at..at + out.len()]))
            })
            .collect();
        let mut heard = [[0; HASH]; HELD];
        let mut readers: Vec<_> = peers
            .iter()
            .zip(&mut heard)
            .map(|(from, heard)| {
                (*from, move |at: usize, bytes: &[u8]| heard[at..at + bytes.len()].copy_from_slice(bytes))
            })
            .collect();
        let mut sends: Vec<_> = writers.iter_mut().map(|(to, write)| Outgoing::new(*to, HASH, write)).collect();
        let mut receives: Vec<_> = readers.iter_mut().map(|(from, read)| Incoming::new(*from, HASH, read)).collect();
        cx.exchange(&mut sends, &mut receives).await;
        drop((sends, receives));
        drop(readers);
        for (peer, heard) in peers.iter().zip(heard) {
            // Hashes of what the sender may not know: comparing takes as long wherever they differ.
            let differs = Hash::from_bytes(heard) != Hash::from_bytes(own);
            if compared.contains(peer) && differs && !self.dry && self.echoes() {
                self.stop(cx, owner, *peer).await;
            }
        }
    }

    /// What each of the receivers lacks of x. One round; an element a lane to each, and a hash. At those who do not receive, nothing.
    async fn missing(&self, cx: Cx<'_>, layout: Layout, x: &[&[u64]; HELD], receivers: &[usize]) -> Words {
        let bytes = layout.bytes();
        let learns = receivers.contains(&self.me);
        let (before, third) = ((self.me + 3) % PARTIES, (self.me + 2) % PARTIES);
        let at = Step::new(cx.tape(), 0, Domain::Arith);
        let hasher = |receiver: usize| self.hash_of("opening", at, &[receiver as u64]);
        // Component i of P_i, which comes after us for P_{i−1}, and two after us for P_{i−2}.
        let component = |party: usize| {
            let words = x[self.slot(party)];
            move |first: usize, out: &mut [u64]| {
                out.copy_from_slice(&words[first..first + out.len()]);
                if self.bits() < 64 {
                    // In memory they are not reduced; what they are sums of is nobody's business.
                    layout.shorten(out);
                }
            }
        };
        let mut write = layout.writer(component(before));
        let mut hash = |_: usize, out: &mut [u8]| out.copy_from_slice(&layout.hash(hasher(third), component(third)));
        let mut missing = self.words(if learns { x[0].len() } else { 0 });
        let (mut heard, mut expected) = (hasher(self.me), [0; HASH]);
        let mut read = layout.reader(|first, words| missing[first..first + words.len()].copy_from_slice(words));
        let mut take = |at: usize, bytes: &[u8]| {
            heard.update(bytes);
            read(at, bytes);
        };
        let mut take_hash = |at: usize, bytes: &[u8]| expected[at..at + bytes.len()].copy_from_slice(bytes);
        let to = |receiver: usize, bytes: usize| if receivers.contains(&receiver) { bytes } else { 0 };
        let size = if bytes == 0 { 0 } else { HASH };
        cx.exchange(
            &mut [
                Outgoing::new(before, to(before, bytes), &mut *write),
                Outgoing::new(third, to(third, size), &mut hash),
            ],
            &mut [
                Incoming::new((self.me + 1) % PARTIES, to(self.me, bytes), &mut take),
                Incoming::new(third, to(self.me, size), &mut take_hash),
            ],
        )
        .await;
        drop(read);
        let differs = heard.finalize() != Hash::from_bytes(expected);
        if learns && bytes > 0 && !self.dry && differs && self.compares() {
            self.stop(cx, (self.me + 1) % PARTIES, third).await;
        }
        missing
    }

    /// The parties in `receivers` learn x.
    pub(crate) async fn reveal(&self, cx: Cx<'_>, x: &Arith, receivers: &[usize]) -> Option<Vec<i64>> {
        let mut sum =
            self.missing(cx, self.numbers_of(x.lanes), &x.x.each_ref().map(|words| &**words), receivers).await;
        receivers.contains(&self.me).then(|| {
            if self.dry {
                return vec![0; x.lanes];
            }
            x.x.iter().for_each(|words| simd::add_into(&mut sum, words));
            sum.iter().map(|word| word.cast_signed()).collect()
        })
    }

    /// As [`Self::reveal`], for words: each lane as many values as its bits fill.
    pub(crate) async fn reveal_bits(&self, cx: Cx<'_>, x: &Bin, receivers: &[usize]) -> Option<Vec<i64>> {
        let layout = Layout::Bits(Shape::new(x.width as usize, x.lanes));
        let mut sum = self.missing(cx, layout, &x.x.each_ref().map(|rows| rows.as_flattened()), receivers).await;
        receivers.contains(&self.me).then(|| {
            if self.dry || x.width == 0 {
                return vec![0; x.lanes * limbs(x.width)];
            }
            x.x.iter().for_each(|rows| simd::xor_into(&mut sum, rows.as_flattened()));
            x.form().words(&Rows::from(sum)).iter().map(|word| word.cast_signed()).collect()
        })
    }
}
