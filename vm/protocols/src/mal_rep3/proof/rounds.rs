//! The rounds of the three proofs, which run side by side.

use super::layers::{self, Arity, COIN, ELEMENT, HASH, Layer, Points};
use super::statement::{self, Triple};
use super::transcript::{KEPT, Transcript};
use super::vector::{Known, OfAnds, Vector};
use super::verifier::{Verifier, fit};
use super::{PARTIES, private};
use crate::bits::Row;
use crate::error::Error;
use crate::executor::Cx;
use crate::keys::{Source, Step};
use crate::piece::{Incoming, Outgoing};
use crate::workers;
use blake3::{Hash, Hasher};
use smpc_math::field::{Field as _, P61};
use smpc_math::prf::Domain;
use smpc_math::simd::{self, Counts};
use zeroize::Zeroizing;

/// Steps of a proof, under the keys of its prover P_i: the masks of the last layer, which P_i shares with one verifier each, and the right verifier's shares of the
/// values of a layer and those that follow. Under K_j the first one belongs to P_j's proof and the others to P_{j−1}'s. Coins are steps of a key that is its owner's alone.
const LEFT_MASK: u64 = 0;
const RIGHT_MASK: u64 = 1;
const VALUES: u64 = 2;

/// Steps of work (see [`workers`]) to count the products of a row, and rows of a part of its own.
const COUNT_WORK: usize = 1024;
const PART: usize = 256;

/// One party's part in all three proofs.
pub struct Proof<S> {
    me: usize,
    source: S,
    session: [u8; 32],
    arity: Arity,
    /// Those of the first layer and of later ones.
    points: [&'static Points; 2],
    /// What this party does otherwise, where a test shows what comes of it.
    #[cfg(test)]
    pub(super) mutant: super::attacks::Mutant,
}

/// A prover: its two vectors, from the second layer on, and the coins that it has got.
#[derive(Default)]
struct Prover<'t> {
    vectors: Option<[Vector<'t>; 2]>,
    coins: Vec<[u8; COIN]>,
}

/// What a party has of a proof when its layers are through: the coins of its own, and what it claims of those that it verifies, its right neighbour's as
/// left verifier and its left one's as right verifier.
pub(super) struct Ended {
    coins: Vec<[u8; COIN]>,
    /// The coins of the left neighbour's proof.
    previous: Vec<[u8; COIN]>,
    pub(super) claims: [Zeroizing<Vec<P61>>; 2],
}

impl<S: Source> Proof<S> {
    /// Party `me` with its [`keys`](crate::mal_rep3::keys). Hashes are bound to the session.
    #[must_use]
    pub fn new(me: usize, source: S, session: [u8; 32], arity: Arity) -> Self {
        let points = [Points::of_first(), Points::of(arity)];
        Self {
            me,
            source,
            session,
            arity,
            points,
            #[cfg(test)]
            mutant: super::attacks::Mutant::default(),
        }
    }

    /// A test's party, which takes what it is told.
    #[cfg(test)]
    pub(crate) fn trusting(self) -> Self {
        Self { mutant: super::attacks::Mutant::RECKLESS, ..self }
    }

    /// Proves to both others that what this party has sent in the ANDs of a transcript is what they say, and verifies the same of them. Comes back only if
    /// all three proofs hold as far as this party can see; else the run ends, and it sends nothing more. All parties have the same gates in their transcripts, and
    /// have received their messages.
    ///
    /// For rounds and bytes see [`super::cost`].
    pub async fn run(&self, cx: Cx<'_>, transcript: &Transcript) {
        let layers = layers::layers(transcript.rows(), self.arity);
        if layers.is_empty() {
            return;
        }
        let ended = self.layers(cx, transcript, &layers).await;
        self.compare_coins(cx, &ended).await;
        self.compare_claims(cx, &ended).await;
    }

    #[cfg(test)]
    fn compares_coins(&self) -> bool {
        !self.mutant.trusts_coins
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "a test's party says something else")]
    const fn compares_coins(&self) -> bool {
        true
    }

    #[cfg(test)]
    fn compares_claims(&self) -> bool {
        !self.mutant.trusts_claims
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "a test's party says something else")]
    const fn compares_claims(&self) -> bool {
        true
    }

    const fn previous(&self) -> usize {
        (self.me + 2) % PARTIES
    }

    const fn next(&self) -> usize {
        (self.me + 1) % PARTIES
    }

    /// The layers of all proofs. Two rounds each.
    pub(super) async fn layers<'t>(&'t self, cx: Cx<'_>, transcript: &'t Transcript, layers: &[Layer]) -> Ended {
        let (rows, dry) = (self.arity.rows(transcript.rows()), cx.is_dry());
        let blocks: usize = layers.iter().map(|layer| layer.values().div_ceil(2)).sum();
        cx.count_blocks(blocks as u64 + 1);
        let mut own = Prover::default();
        let claims = layers::claims(layers.len());
        // The sum is public: the left verifier's share is all of it.
        let mut left = Verifier::new(statement::honest_sum(rows), claims);
        let mut right = Verifier::new(P61::default(), claims);
        let mut last = [Vec::new(), Vec::new()];
        let zeros = |count| Zeroizing::new(vec![P61::default(); count]);
        for (n, layer) in layers.iter().enumerate() {
            let points = self.points[usize::from(n > 0)];
            // The values are fixed for both verifiers …
            let bytes = layer.values() * ELEMENT;
            let (mut to_previous, mut from_next) = (Zeroizing::new(vec![0; bytes]), Zeroizing::new(vec![0; bytes]));
            if !dry {
                let mut shares = self.values(points, &own, transcript);
                let masks = self.elements(cx, self.next(), VALUES + n as u64, layer.values());
                shares.iter_mut().zip(masks.iter()).for_each(|(share, mask)| *share = share.sub(*mask));
                #[cfg(test)]
                self.mutant.forge(layer, &own.coins, &mut shares);
                P61::to_bytes(&shares, &mut to_previous);
            }
            self.trade(cx, [&to_previous, &[]], [&mut [], &mut from_next]).await;
            // … before the left one says at which point it wants to see them.
            let (coin, mut of_own, mut of_previous) = (self.coin(cx, n), [0; COIN], [0; COIN]);
            self.trade(cx, [&coin, &coin], [&mut of_own, &mut of_previous]).await;
            own.coins.push(of_own);
            left.coins.push(coin);
            right.coins.push(of_previous);
            if dry {
                continue;
            }
            let mut shares = zeros(layer.values());
            P61::from_bytes(&from_next, &mut shares);
            let r = [of_own, coin, of_previous].map(|coin| layers::point(coin, layer.size));
            left.layer(*layer, points, &shares, r[1]);
            let shares = self.elements(cx, self.me, VALUES + n as u64, layer.values());
            right.layer(*layer, points, &shares, r[2]);
            let weights = r.map(|r| points.weights(r));
            match layers.get(n + 1) {
                Some(next) => self.shorten(cx, transcript, *next, &weights, (&mut own, &mut left, &mut right)),
                None => {
                    let [_, of_next, of_previous] = weights;
                    last = [of_next, of_previous];
                }
            }
        }
        let previous = std::mem::take(&mut right.coins);
        let claims = if dry { [zeros(claims), zeros(claims)] } else { [left.claims(&last[0]), right.claims(&last[1])] };
        Ended { coins: own.coins, previous, claims }
    }

    /// The values of G in this party's own proof.
    fn values(&self, points: &Points, own: &Prover<'_>, transcript: &Transcript) -> Zeroizing<Vec<P61>> {
        let products = match &own.vectors {
            Some([u, v]) => u.products(v),
            None => self.first_products(transcript),
        };
        Zeroizing::new(points.values(&products))
    }

    /// The vectors of the next layer, in all three proofs.
    fn shorten<'t>(
        &'t self,
        cx: Cx<'_>,
        transcript: &'t Transcript,
        next: Layer,
        weights: &[Vec<P61>; PARTIES],
        (own, left, right): (&mut Prover<'t>, &mut Verifier<'t>, &mut Verifier<'t>),
    ) {
        let [of_own, of_next, of_previous] = weights;
        let (l, r) = (statement::left_factors(), statement::right_factors());
        let of_ands = |known: Known<'t>, factors, weights: &[P61]| {
            Vector::of_ands(next, OfAnds::new(transcript, known, statement::tables(factors, weights)))
        };
        // Without masks the last values would be secrets.
        let mask = |key: usize, step: u64| next.masked.then(|| self.elements(cx, key, step, 1)[0]);
        own.vectors = Some(match &own.vectors {
            Some([u, v]) => {
                [u.fold(next, of_own, mask(self.me, LEFT_MASK)), v.fold(next, of_own, mask(self.next(), RIGHT_MASK))]
            }
            None => [
                of_ands(Box::new(|kept| self.own_left(kept)), l, of_own),
                of_ands(Box::new(statement::own_right), r, of_own),
            ],
        });
        left.vector = Some(match &left.vector {
            Some(vector) => vector.fold(next, of_next, mask(self.next(), LEFT_MASK)),
            None => of_ands(Box::new(statement::next_left), l, of_next),
        });
        right.vector = Some(match &right.vector {
            Some(vector) => vector.fold(next, of_previous, mask(self.me, RIGHT_MASK)),
            None => of_ands(Box::new(statement::previous_right), r, of_previous),
        });
    }

    /// R9: the right verifier hears from the prover which coins it has got, before it says anything that depends on its own. A left verifier that tells the two different
    /// ones would else learn the values of G at two points, and from these secret bits. One round.
    pub(super) async fn compare_coins(&self, cx: Cx<'_>, ended: &Ended) {
        let own = *self.hash_of_coins(cx, self.me, &ended.coins).as_bytes();
        let mut heard = [0; HASH];
        self.trade(cx, [&[], &own], [&mut heard, &mut []]).await;
        let expected = self.hash_of_coins(cx, self.previous(), &ended.previous);
        if !cx.is_dry() && self.compares_coins() && expected != Hash::from_bytes(heard) {
            self.stop(cx).await;
        }
    }

    /// The verifiers of each proof tell each other their claims, and both compare them. One round.
    async fn compare_claims(&self, cx: Cx<'_>, ended: &Ended) {
        let heard = self.trade_claims(cx, ended).await;
        let holds = fit(&ended.claims[0], &heard[0]) & fit(&ended.claims[1], &heard[1]);
        if !cx.is_dry() && self.compares_claims() && !bool::from(holds) {
            self.stop(cx).await;
        }
    }

    /// What the other verifiers claim, of the right neighbour's proof and of the left one's.
    pub(super) async fn trade_claims(&self, cx: Cx<'_>, ended: &Ended) -> [Zeroizing<Vec<P61>>; 2] {
        let bytes = |claims: &Zeroizing<Vec<P61>>| {
            let mut bytes = Zeroizing::new(vec![0; claims.len() * ELEMENT]);
            P61::to_bytes(claims, &mut bytes);
            bytes
        };
        // The right neighbour's proof is verified by this party and its left neighbour.
        let [to_previous, to_next] = ended.claims.each_ref().map(bytes);
        let (mut from_previous, mut from_next) = (to_previous.clone(), to_next.clone());
        self.trade(cx, [&to_previous, &to_next], [&mut from_previous, &mut from_next]).await;
        [from_previous, from_next].map(|bytes| {
            let mut claims = Zeroizing::new(vec![P61::default(); bytes.len() / ELEMENT]);
            P61::from_bytes(&bytes, &mut claims);
            claims
        })
    }

    /// A coin that nobody could know before.
    fn coin(&self, cx: Cx<'_>, layer: usize) -> [u8; COIN] {
        let (mut words, mut coin) = ([0; 2], [0; COIN]);
        if !cx.is_dry() {
            let at = Step::new(cx.tape(), VALUES + layer as u64, Domain::Proof);
            at.words(&self.source, private(self.me), 0, &mut words);
        }
        coin.as_chunks_mut().0.iter_mut().zip(words).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
        coin
    }

    /// Random elements that both holders of a key know.
    fn elements(&self, cx: Cx<'_>, key: usize, step: u64, count: usize) -> Zeroizing<Vec<P61>> {
        let mut words = Zeroizing::new(vec![0; count]);
        Step::new(cx.tape(), step, Domain::Proof).words(&self.source, key, 0, &mut words);
        let mut elements = Zeroizing::new(vec![P61::default(); count]);
        P61::from_random(&words, &mut elements);
        elements
    }

    /// A hash of the coins of a party's proof, for this use alone.
    fn hash_of_coins(&self, cx: Cx<'_>, prover: usize, coins: &[[u8; COIN]]) -> Hash {
        let mut hasher = Hasher::new();
        hasher.update(&self.session);
        hasher.update(b"coins of a proof");
        let address = Step::new(cx.tape(), VALUES, Domain::Proof).address();
        for number in address.into_iter().chain([prover as u64, coins.len() as u64]) {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(coins.as_flattened());
        hasher.finalize()
    }

    /// One round of bytes to and from the left and the right neighbour.
    async fn trade(&self, cx: Cx<'_>, to: [&[u8]; 2], from: [&mut [u8]; 2]) {
        let peers = [self.previous(), self.next()];
        let [mut write_left, mut write_right] =
            to.map(|bytes| move |at: usize, out: &mut [u8]| out.copy_from_slice(&bytes[at..at + out.len()]));
        let lengths = [from[0].len(), from[1].len()];
        let [mut read_left, mut read_right] =
            from.map(|bytes| move |at: usize, heard: &[u8]| bytes[at..at + heard.len()].copy_from_slice(heard));
        cx.exchange(
            &mut [
                Outgoing::new(peers[0], to[0].len(), &mut write_left),
                Outgoing::new(peers[1], to[1].len(), &mut write_right),
            ],
            &mut [
                Incoming::new(peers[0], lengths[0], &mut read_left),
                Incoming::new(peers[1], lengths[1], &mut read_right),
            ],
        )
        .await;
    }

    /// Ends the run: of a prover and the other verifier one cheats, and which one this party cannot tell. Never comes back.
    async fn stop(&self, cx: Cx<'_>) {
        let [one, other] = [self.previous(), self.next()];
        cx.executor().fail(Error::Differ { parties: vec![one.min(other), one.max(other)] });
        std::future::pending::<()>().await;
    }

    /// The bits that this party and its left verifier know.
    fn own_left(&self, kept: &[Row; KEPT]) -> Triple {
        #[cfg(test)]
        if self.mutant.admits {
            return super::attacks::admitted(statement::own_left(kept));
        }
        statement::own_left(kept)
    }

    /// The sums of products of the first layer.
    fn first_products(&self, transcript: &Transcript) -> Zeroizing<Vec<P61>> {
        let rows = self.arity.rows(transcript.rows());
        let part = |n: usize| {
            let mut counts = Zeroizing::new(Counts::default());
            for row in n * PART..rows.min((n + 1) * PART) {
                let kept = transcript.row(row);
                simd::count_products(&mut counts, &self.own_left(kept), &statement::own_right(kept));
            }
            counts
        };
        let mut sums = Zeroizing::new(Counts::default());
        for counts in workers::map(rows.div_ceil(PART), PART * COUNT_WORK, part) {
            let (sums, counts) = (sums.as_flattened_mut().as_flattened_mut(), counts.as_flattened().as_flattened());
            let pairs = sums.as_flattened_mut().iter_mut().zip(counts.as_flattened());
            pairs.for_each(|(sum, count)| *sum += count);
        }
        statement::products(&sums)
    }
}
