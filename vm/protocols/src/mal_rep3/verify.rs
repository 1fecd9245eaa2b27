//! What is verified, and when: everything that has been computed, before anything is opened that depends on it.
//!
//! With three parties of whom one cheats, a lie cannot do harm before something is opened: whatever the two others hold is a sharing of *some* value, and a wrong message has only added
//! a number to it that the cheater chose (PROTOCOLS section 2.1). So a party keeps of each AND seven bits, and of each product two sums, and verifies them together:
//!
//! 1. **Tags.** For secret random ρ_j the parties hold shares of w = Σ ρ_j·z_j and u = Σ ρ_j·ẑ_j over all products z_j and their tags ẑ_j. They become components (one
//!    round), and so does α·w (one round). t = u − α·w is 0 if every tag fits, and with probability below
//!    2^−57 if one of the values is wrong in the 64 bits that count (Abspoel, Dalskov, Escudero and Nof 2021). A lie further up does no harm to the value and passes more often, half of
//!    the time where it is 2^127; so vectors whose tags others are made of in a later verification are verified again with these (`owe_again`).
//! 2. **t = 0** in bits: t − 1 is the sum of three words each of which two parties know, and it is −1 where the sum and the carries of a carry-save adder are each other's
//!    complements. One bit comes out, and nothing else is ever told of t (8 rounds, 254 ANDs).
//! 3. **ANDs**, these too: the proof (`proof`).
//! 4. A word to both others that all of this has passed: no party goes on before it has theirs, so that nothing is opened while a message is still held back (PROTOCOLS R4). The bit is
//!    opened, and another such word is sent before anything else is (R5).
//!
//! The order is a type: what opens a value that a program says takes a [`Released`], which only [`MalRep3::verified`] makes.

use super::MalRep3;
use super::io::ALL;
use super::product::{LANES, cross, plus};
use super::proof::{Arity, Proof, Transcript};
use super::share::{Arith, Held, element, number, part};
use crate::error::Error;
use crate::executor::Cx;
use crate::join::join;
use crate::keys::{Source, Step};
use crate::piece::{Incoming, Outgoing};
use crate::protocol::Unverified;
use crate::rep3::Bin;
use smpc_math::prf::Domain;
use std::cell::Cell;
use zeroize::Zeroize as _;

/// ANDs that are proven together at most, about: the proof of more would take more memory, and hardly less time or fewer bytes each.
pub(crate) const MOST_ANDS: usize = 1 << 25;
/// ANDs up to which a proof takes the way of fewest rounds, which is more work for each of them.
const FEW_ANDS: usize = 1 << 18;
/// Instances of gates from here on are those of verifications, which are numbered in their order.
const INSTANCES: u64 = 1 << 47;

/// What has been computed and not yet verified.
pub(crate) struct Owed {
    /// ANDs.
    pub(crate) ands: Transcript,
    /// Products and other vectors with tags: how many lanes, and this party's summands of w and u.
    pub(crate) tagged: u64,
    sums: [u128; 2],
    /// Inputs without tags, which only have to have come.
    pub(crate) inputs: u64,
}

impl Owed {
    /// More lanes with tags, and this party's summands of w and u for them.
    pub(crate) fn add(&mut self, lanes: usize, more: [u128; 2]) {
        self.tagged += lanes as u64;
        self.sums.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.wrapping_add(more));
    }

    pub(crate) fn new(dry: bool) -> Self {
        Self { ands: transcript(dry), tagged: 0, sums: [0; 2], inputs: 0 }
    }
}

fn transcript(dry: bool) -> Transcript {
    if dry { Transcript::dry() } else { Transcript::new() }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.sums.zeroize();
    }
}

/// While it lives no verification begins: what a construction owes in several rounds is then verified together.
pub(crate) struct Hold<'x>(&'x Cell<u32>);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Everything that was computed before has been verified, by all parties.
#[must_use = "a value is opened with it"]
pub(crate) struct Released(());

impl<S: Source> MalRep3<S> {
    /// A vector and its tag are to be verified. Uses step `step` of the coefficients.
    pub(crate) fn owe(&self, cx: Cx<'_>, step: u64, lanes: usize, value: &Held, tag: &Held) {
        let mut sums = [0; 2];
        let at = Step::new(cx.tape(), step, Domain::Coefficient);
        let mut rho = [self.room(lanes), self.room(lanes)];
        for first in (0..if self.dry { 0 } else { lanes }).step_by(LANES) {
            let count = LANES.min(lanes - first);
            for (right, rho) in [false, true].into_iter().zip(&mut rho) {
                self.coefficients(right, at, first, &mut rho[..count]);
            }
            let rho = rho.each_ref().map(|rho| &rho[..count]);
            let of = |z| {
                let [left, right] = part(z, first, count);
                Self::sum_of_left(rho, left).wrapping_add(Self::sum_of_right(rho[0], right))
            };
            sums = plus(sums, [of(value), of(tag)]);
        }
        self.owed.borrow_mut().add(lanes, sums);
    }

    /// The number of the verification that comes next.
    pub(crate) fn batch(&self) -> u64 {
        self.verifications.get()
    }

    /// A vector whose tags others are being made of is verified again if that was before: a lie of 2^127 gets through a verification half of the time, and whether one that follows from it does
    /// could else depend on a secret factor. With the first one in the same batch, how often a batch passes depends on that alone. Uses step `step` of the coefficients.
    pub(crate) fn owe_again(&self, cx: Cx<'_>, step: u64, x: &Arith) {
        if x.batch < self.batch() {
            self.owe(cx, step, x.lanes, &x.value, &x.tag);
        }
    }

    /// Has verifications wait that gates beside would begin. Of lies in several rounds one may be taken away by another where a secret is what the cheater guesses; in one verification the
    /// first one decides how often it passes, and in two the second would tell. Whoever holds must not verify.
    pub(crate) fn hold(&self) -> Hold<'_> {
        self.holds.set(self.holds.get() + 1);
        Hold(&self.holds)
    }

    /// What would have to be verified now.
    pub(crate) fn owes(&self) -> Unverified {
        let owed = self.owed.borrow();
        Unverified { ands: owed.ands.words() as u64, numbers: owed.tagged, terms: 0, inputs: owed.inputs, held: 0 }
    }

    /// Says so, in a run that only counts.
    pub(crate) fn set_owed(&self, unverified: Unverified) {
        if self.dry {
            let owed = &mut *self.owed.borrow_mut();
            // No run comes near: what a program would cost that nobody runs need not be exact.
            owed.ands.set_words(usize::try_from(unverified.ands).unwrap_or(usize::MAX).min(1 << 50));
            owed.tagged = unverified.numbers;
            owed.inputs = unverified.inputs;
        }
    }

    /// Verifies where so much has come together that it should not become more.
    pub(crate) async fn verify_if_many(&self, cx: Cx<'_>) {
        if self.owed.borrow().ands.conjunctions() >= MOST_ANDS {
            let _: Released = Box::pin(self.verified(cx)).await;
        }
    }

    /// Comes back once everything that has been computed is verified at all parties, or never, and the run ends. Of gates that run beside, this is what they had completed.
    ///
    /// No round where nothing has happened since the last time, and one where inputs have come and nothing was computed. Else a round and those of the proof; where there are tags, 12 more.
    pub(crate) async fn verified(&self, cx: Cx<'_>) -> Released {
        // One after another: who comes second may depend on what is being verified.
        while self.verifying.get() || self.holds.get() > 0 {
            cx.idle().await;
        }
        if self.owes() == Unverified::default() {
            return Released(());
        }
        self.verifying.set(true);
        let number = self.verifications.replace(self.verifications.get() + 1);
        let cx = cx.executor().gate(INSTANCES + number);
        let mut owed = self.owed.replace(Owed::new(self.dry));
        let verdict = if owed.tagged > 0 { Some(self.tags_fit(cx, &owed).await) } else { None };
        if verdict.is_some() {
            // The circuit's own ANDs, and with them those that gates beside it have completed meanwhile.
            let more = std::mem::replace(&mut self.owed.borrow_mut().ands, transcript(self.dry));
            owed.ands.append(&more);
        }
        if owed.ands.words() == 0 {
            // Nothing was computed; but all inputs have to be there.
            self.word_that_it_holds(cx).await;
            self.verifying.set(false);
            return Released(());
        }
        let arity = if owed.ands.conjunctions() < FEW_ANDS { Arity::ThirtyTwo } else { Arity::Four };
        let proof = Proof::new(self.me, self.rep3.source(), self.session, arity);
        #[cfg(test)]
        let proof = if self.trust.proofs { proof.trusting() } else { proof };
        proof.run(cx, &owed.ands).await;
        drop(owed);
        self.word_that_it_holds(cx).await;
        if let Some(verdict) = verdict {
            let bit = self.told_bits(cx, &verdict, &ALL).await;
            let fits = self.dry || bit.is_some_and(|bit| bit == [1]);
            #[cfg(test)]
            let fits = fits || self.trust.tags;
            self.stop_unless(cx, fits).await;
            self.word_that_it_holds(cx).await;
        }
        self.verifying.set(false);
        Released(())
    }

    /// Whether t = 0, as one shared bit. 10 rounds.
    pub(crate) async fn tags_fit(&self, cx: Cx<'_>, owed: &Owed) -> Bin {
        let [w, u] = owed.sums;
        let (w, u) = join(
            self.reshare(cx, 0, 1, &|_, out| out.fill(element(w))),
            self.reshare(cx, 1, 1, &|_, out| out.fill(element(u))),
        )
        .await;
        let key = self.key.map(|component| [element(component)]);
        let product = self.reshare(cx, 2, 1, &|_, out| cross(out, [&key[0], &key[1]], part(&w, 0, 1))).await;
        let width = self.tag_bits;
        let words = self.summands(width, 1, |component, held, limb, _, out| {
            for (out, (u, product)) in out.iter_mut().zip(u[held].iter().zip(product[held].iter())) {
                let t = number(*u).wrapping_sub(number(*product)).wrapping_sub(u128::from(component == 0));
                *out = element(t)[limb];
            }
        });
        // Its ANDs belong to this verification, however many others there are.
        self.is_minus_one(cx, &words, false).await
    }

    /// Tells both others that this party has verified, and hears it from them: one round, a byte to each.
    pub(crate) async fn word_that_it_holds(&self, cx: Cx<'_>) {
        let mut say = [|_: usize, out: &mut [u8]| out.fill(1); 2];
        let mut hear = [|_: usize, _: &[u8]| (); 2];
        let ([left, right], [from_left, from_right]) = (&mut say, &mut hear);
        let (previous, next) = (self.previous(), self.next());
        cx.exchange(
            &mut [Outgoing::new(previous, 1, left), Outgoing::new(next, 1, right)],
            &mut [Incoming::new(previous, 1, from_left), Incoming::new(next, 1, from_right)],
        )
        .await;
    }

    /// Goes on only if what the two others say fits: else one of them cheats, the run ends, and this never comes back.
    pub(crate) async fn stop_unless(&self, cx: Cx<'_>, fits: bool) {
        if !fits {
            let [one, other] = [self.previous(), self.next()];
            cx.executor().fail(Error::Differ { parties: vec![one.min(other), one.max(other)] });
            std::future::pending::<()>().await;
        }
    }
}
