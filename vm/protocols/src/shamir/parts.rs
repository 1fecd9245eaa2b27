//! Vectors of very many lanes, some of them at a time. Where a number becomes bits, each lane takes a byte a bit for every word of its mask, a byte a wire of the circuits, and
//! three more for each AND that is to be verified: hundreds of bytes among three parties and tens of thousands among seven. What a gate holds then depends on that
//! and no longer on how many lanes there are; its rounds are as many for each part.

use super::Shamir;
use super::share::Bin;
use crate::executor::Cx;
use crate::keys::Source;
use crate::lanes::Lanes;
use crate::protocol::Shares;
use smpc_math::netlist::Levelled;

/// Bytes that the lanes of a part take together, about.
pub(super) const AT_ONCE: usize = 1 << 27;

/// Parts at most: each has a part of the gate's tape. No run has as many.
const MOST: usize = 1 << 20;

/// Bytes of an AND: its operands and its result.
const AND: usize = 3;
/// As many again where a king makes it: what it is told, and random numbers that are shared twice.
const AND_BY_KINGS: usize = 2 * AND;

impl<S: Source> Shamir<S> {
    /// Words that a mask is the sum of: one for each dealer, or for each set of parties.
    fn words_of_a_mask(&self) -> usize {
        self.guard().map_or(self.threshold + 1, |guard| guard.sets().len())
    }

    /// Bytes of an AND while it is made.
    const fn bytes_of_an_and(&self) -> usize {
        if self.kings_from == usize::MAX { AND } else { AND_BY_KINGS }
    }

    /// Bytes of a bit of a mask and of what is made of it: itself, an AND, and that once more where it is kept.
    fn bytes_of_a_bit(&self) -> usize {
        1 + self.bytes_of_an_and() + if self.guard().is_some() { AND } else { 0 }
    }

    /// Bytes of a lane of a number that becomes words of so many bits.
    pub(crate) fn bytes_of_words(&self, width: u32) -> usize {
        let width = if self.guard().is_some() { 127 } else { width as usize };
        width * self.words_of_a_mask() * self.bytes_of_a_bit()
    }

    /// Bytes of a lane of so many bits that become numbers.
    pub(crate) fn bytes_of_numbers(&self, width: u32) -> usize {
        width as usize * self.words_of_a_mask() * 16 * self.bytes_of_a_bit()
    }

    /// What `gate` makes of all lanes, each of which takes so many bytes meanwhile: of all at once, or of some after the others. `zeros` is as long as the result.
    async fn part_by_part<T: Shares>(
        &self,
        cx: Cx<'_>,
        (lanes, bytes): (usize, usize),
        zeros: impl FnOnce() -> T,
        gate: impl AsyncFn(Cx<'_>, Option<Lanes>) -> T,
    ) -> T {
        let size = (self.at_once / bytes.max(1)).max(1).max(lanes.div_ceil(MOST));
        let count = lanes.div_ceil(size);
        if count <= 1 {
            return gate(cx, None).await;
        }
        let mut all = zeros();
        for part in 0..count {
            let some = Lanes::run(part * size, size.min(lanes - part * size));
            let done = Box::pin(gate(cx.sub(part as u64, count as u64), Some(some))).await;
            all.write(&some, &done);
        }
        all
    }

    /// What `gate` makes of all lanes of `a`, each of which takes so many bytes meanwhile; `zeros` is as long as the result. The rounds of the gate, and as often for each part.
    pub(crate) async fn in_parts<A: Shares, T: Shares>(
        &self,
        cx: Cx<'_>,
        (a, bytes): (&A, usize),
        zeros: impl FnOnce() -> T,
        gate: impl AsyncFn(Cx<'_>, &A) -> T,
    ) -> T {
        let of = async |cx: Cx<'_>, some: Option<Lanes>| match some {
            None => gate(cx, a).await,
            Some(some) => gate(cx, &a.read(&some)).await,
        };
        self.part_by_part(cx, (a.lanes(), bytes), zeros, of).await
    }

    /// A circuit on all lanes; an input of one lane stands for itself in every lane.
    pub(crate) async fn circuit_in_parts(&self, cx: Cx<'_>, circuit: &Levelled, inputs: &[&Bin]) -> Bin {
        let lanes = inputs.iter().map(|word| word.lanes).find(|lanes| *lanes != 1).unwrap_or(1);
        let ands = circuit.levels.iter().map(|level| level.ands.len());
        // The operands and the result of each AND of a level, and those of all levels where they are kept.
        let products = ands.clone().max().unwrap_or(0) + if self.guard().is_some() { ands.sum() } else { 0 };
        let zeros = || self.words(u32::try_from(circuit.outputs.len()).unwrap_or(u32::MAX), lanes);
        let of = async |cx: Cx<'_>, some: Option<Lanes>| {
            let Some(some) = some else { return self.run_circuit(cx, circuit, inputs).await };
            let read = |word: &Bin| if word.lanes == 1 { word.clone() } else { word.read(&some) };
            let words: Vec<Bin> = inputs.iter().map(|word| read(word)).collect();
            self.run_circuit(cx, circuit, &words.iter().collect::<Vec<_>>()).await
        };
        self.part_by_part(cx, (lanes, circuit.slots + self.bytes_of_an_and() * products), zeros, of).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use crate::conformance::source::mixed;
    use crate::conformance::suite::{Extent, suite};
    use crate::conformance::threads::threads;
    use crate::executor::Executor;
    use crate::mal_shamir;
    use crate::shamir::Shamir;

    /// Every gate gives the same in parts of few lanes, and a run that only counts counts them.
    #[test]
    fn gates_in_parts() {
        // A lane that becomes bits takes some 500 bytes, and 2,700 where all is verified: vectors of nine lanes are cut in three.
        for (guarded, at_once) in [(false, 2000), (true, 12_000)] {
            let counted = |me: usize, at_once: Option<usize>| {
                let mut p = if guarded { mal_shamir::dry(me, 1) } else { Shamir::dry(me, 3, 1) };
                p.at_once = at_once.unwrap_or(p.at_once);
                let e = Executor::dry(me, 3);
                e.run(suite(&p, &e, Extent::Least)).unwrap();
                e.stats()
            };
            let live = threads(3, 1, |me, e| {
                let mut p =
                    if guarded { mal_shamir::party(me, 1, mixed(3), [3; 32]) } else { Shamir::new(me, 3, 1, mixed(3)) };
                p.at_once = at_once;
                let report = e.run(suite(&p, e, Extent::Least))?;
                assert!(report.failures.is_empty(), "{:#?}", report.failures);
                Ok(e.stats())
            });
            for (me, live) in live.unwrap().into_iter().enumerate() {
                assert_eq!(counted(me, Some(at_once)), live, "party {me}, guarded: {guarded}");
                // Not all gates become bits, and those that do run three times as many rounds.
                let whole = counted(me, None).rounds;
                assert!(2 * live.rounds > 3 * whole, "{} rounds, {whole} where no gate runs in parts", live.rounds);
            }
        }
    }
}
