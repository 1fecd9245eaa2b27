//! Input, public values and opening.
//!
//! **Input** is that of `rep3`: the owner's neighbour is told the one component that it lacks, and whatever that is, is the owner's input. A number then gets its tag, a product with α.
//! **Public values** are told to both others, who compare.
//!
//! **Opening**: P_i lacks component i + 2, which P_{i+1} sends it and of which P_{i+2} sends the hash, in the same round, and the two are compared before they are used (PROTOCOLS R3). Of a
//! number only the low words are told: what is above them follows from how it was computed.

use super::share::{Arith, Held};
use super::verify::Released;
use super::{MalRep3, PARTIES};
use crate::bits::{Rows, Words};
use crate::executor::Cx;
use crate::keys::{Source, Step};
use crate::lanes::limbs;
use crate::layout::{HASH, Layout, hash_of};
use crate::message::Shape;
use crate::piece::{Incoming, Outgoing};
use crate::rep3::Bin;
use blake3::Hash;
use smpc_math::prf::Domain;
use smpc_math::simd;

/// All parties.
pub(crate) const ALL: [usize; PARTIES] = [0, 1, 2];

/// Writes words of a vector from a place on.
type Words64<'x> = &'x dyn Fn(usize, &mut [u64]);

impl<S: Source> MalRep3<S> {
    /// Secret lanes that party `owner` knows. Two rounds: 8 bytes a lane from the owner, and 16 from each party.
    pub(crate) async fn deal_numbers(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Arith {
        let dealt = self.rep3.deal_numbers(cx.sub(0, 2), owner, values, lanes).await;
        let mut held = self.held(lanes);
        for (to, from) in held.iter_mut().zip([&dealt.a, &dealt.b]) {
            to.iter_mut().zip(from.iter()).for_each(|(to, word)| *to = [*word, 0]);
        }
        self.with_tag(cx.sub(1, 2), 0, lanes, held).await
    }

    /// Secret words that party `owner` knows. One round, a bit a lane and plane from the owner. Nothing is computed, but before anything is opened all of them have to be there.
    pub(crate) async fn deal_bits(
        &self,
        cx: Cx<'_>,
        owner: usize,
        values: Option<&[i64]>,
        width: u32,
        lanes: usize,
    ) -> Bin {
        let dealt = self.rep3.deal_bits(cx, owner, values, width, lanes).await;
        self.owed.borrow_mut().inputs += 1;
        dealt
    }

    /// Public integers of party `owner`. Two rounds: 8 bytes a lane from the owner to each other party, and 32 bytes between these.
    pub(crate) async fn told(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Vec<i64> {
        let all = self.rep3.tell(cx, owner, values, lanes).await;
        let at = Step::new(cx.tape(), 0, Domain::Input);
        let mut hasher = hash_of(&self.session, "public value", at, &[owner as u64, lanes as u64]);
        all.iter().for_each(|value| {
            hasher.update(&value.to_le_bytes());
        });
        let own = hasher.finalize();
        let mut heard = [0; HASH];
        let mut say = |at: usize, out: &mut [u8]| out.copy_from_slice(&own.as_bytes()[at..at + out.len()]);
        let mut hear = |at: usize, bytes: &[u8]| heard[at..at + bytes.len()].copy_from_slice(bytes);
        if owner == self.me {
            cx.idle().await;
            return all;
        }
        let other = PARTIES - owner - self.me;
        cx.exchange(&mut [Outgoing::new(other, HASH, &mut say)], &mut [Incoming::new(other, HASH, &mut hear)]).await;
        self.stop_unless(cx, self.same(own, heard)).await;
        all
    }

    /// Whether a hash is what the other party says. Takes as long wherever they differ.
    fn same(&self, own: Hash, heard: [u8; HASH]) -> bool {
        let same = self.dry || own == Hash::from_bytes(heard);
        #[cfg(test)]
        let same = same || self.trust.hashes;
        same
    }

    /// The component that each of the receivers lacks of a vector, of which `left` and `right` say what this party holds. One round: the vector to each receiver, and 32 bytes. At
    /// those who do not receive, nothing.
    pub(crate) async fn missing(
        &self,
        cx: Cx<'_>,
        layout: Layout,
        [left, right]: [Words64<'_>; 2],
        receivers: &[usize],
    ) -> Words {
        let bytes = layout.bytes();
        let (previous, next, learns) = (self.previous(), self.next(), receivers.contains(&self.me));
        let at = Step::new(cx.tape(), 0, Domain::Arith);
        let hasher = |receiver: usize| hash_of(&self.session, "opening", at, &[receiver as u64, bytes as u64]);
        let mut write = layout.writer(right);
        let mut hash = |_: usize, out: &mut [u8]| out.copy_from_slice(&layout.hash(hasher(next), left));
        let mut missing = Words::zeros(if learns && !self.dry { layout.words() } else { 0 });
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
                Outgoing::new(previous, to(previous, bytes), &mut *write),
                Outgoing::new(next, to(next, size), &mut hash),
            ],
            &mut [
                Incoming::new(next, to(self.me, bytes), &mut take),
                Incoming::new(previous, to(self.me, size), &mut take_hash),
            ],
        )
        .await;
        drop(read);
        if learns && bytes > 0 {
            self.stop_unless(cx, self.same(heard.finalize(), expected)).await;
        }
        missing
    }

    /// The parties in `receivers` learn x. One round, 8 bytes a lane to each, and 32.
    pub(crate) async fn opened_numbers(
        &self,
        cx: Cx<'_>,
        lanes: usize,
        x: &Held,
        receivers: &[usize],
        _: &Released,
    ) -> Option<Vec<i64>> {
        let low = |k: usize| {
            let x = &x[k];
            move |first: usize, out: &mut [u64]| out.iter_mut().zip(&x[first..]).for_each(|(out, x)| *out = x[0])
        };
        let layout = Layout::Numbers { len: lanes, bits: 64 };
        let missing = self.missing(cx, layout, [&low(0), &low(1)], receivers).await;
        receivers.contains(&self.me).then(|| {
            if self.dry {
                return vec![0; lanes];
            }
            let held = x[0].iter().zip(x[1].iter()).zip(missing.iter());
            held.map(|((a, b), c)| a[0].wrapping_add(b[0]).wrapping_add(*c).cast_signed()).collect()
        })
    }

    /// As [`Self::opened_numbers`], for words: a bit a lane and plane to each receiver.
    pub(crate) async fn opened_bits(&self, cx: Cx<'_>, x: &Bin, receivers: &[usize], _: &Released) -> Option<Vec<i64>> {
        self.told_bits(cx, x, receivers).await
    }

    /// As [`Self::opened_bits`], before anything is verified: for a verdict, and for what one fresh mask a lane hides, so that it tells nothing.
    pub(crate) async fn told_bits(&self, cx: Cx<'_>, x: &Bin, receivers: &[usize]) -> Option<Vec<i64>> {
        let rows = |k: usize| {
            let words = [&x.a, &x.b][k].as_flattened();
            move |first: usize, out: &mut [u64]| out.copy_from_slice(&words[first..first + out.len()])
        };
        let layout = Layout::Bits(Shape::new(x.width as usize, x.lanes));
        let mut sum = self.missing(cx, layout, [&rows(0), &rows(1)], receivers).await;
        receivers.contains(&self.me).then(|| {
            if self.dry || x.width == 0 {
                return vec![0; x.lanes * limbs(x.width)];
            }
            [&x.a, &x.b].into_iter().for_each(|rows| simd::xor_into(&mut sum, rows.as_flattened()));
            x.form().words(&Rows::from(sum)).iter().map(|word| word.cast_signed()).collect()
        })
    }
}
