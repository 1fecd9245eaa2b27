//! A watch over the use of randomness (R1, R24): which blocks were asked for under which key, and whether one was asked for twice. Tests only; keeps
//! addresses, never what stands there.

use super::source::Drawn;
use crate::keys::Source;
use crate::tape::Tape;
use smpc_math::prf::Domain;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Component (or [`crate::keys::COMMON`]), domain, epoch, gate instance, step.
pub type Stream = (usize, Domain, u32, u64, u64);

/// The blocks (128 bits, two words) that were used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// By stream: runs of blocks, first and one past the last, in ascending order, none touching another.
    pub spans: BTreeMap<Stream, Vec<(u64, u64)>>,
    /// Coefficients that were made a second time: one of a lane counts for both components of it, which are not there at the same time. It hides nothing, and is never sent.
    again: BTreeMap<Stream, Vec<(u64, u64)>>,
    /// Blocks that were used more than once.
    pub repeated: Vec<String>,
}

impl Blocks {
    fn use_up(&mut self, stream: Stream, first: u64, end: u64) {
        let fresh = insert(self.spans.entry(stream).or_default(), first, end);
        let mut again = || stream.1 == Domain::Coefficient && insert(self.again.entry(stream).or_default(), first, end);
        if !fresh && !again() {
            self.repeated.push(format!("{stream:?}, blocks {first}..{end}"));
        }
    }

    /// The streams of one component.
    pub fn of(&self, component: usize) -> impl Iterator<Item = (&Stream, &Vec<(u64, u64)>)> {
        self.spans.range((component, Domain::Arith, 0, 0, 0)..(component + 1, Domain::Arith, 0, 0, 0))
    }

    /// Number of blocks.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.spans.values().flatten().map(|(first, end)| end - first).sum()
    }
}

/// Adds a run of blocks, none of which may be there.
fn insert(spans: &mut Vec<(u64, u64)>, first: u64, end: u64) -> bool {
    let at = spans.partition_point(|span| span.0 < first);
    let before = at.checked_sub(1).map(|i| spans[i]);
    let after = spans.get(at).copied();
    if before.is_some_and(|span| span.1 > first) || after.is_some_and(|span| span.0 < end) {
        return false;
    }
    match (before.filter(|span| span.1 == first), after.filter(|span| span.0 == end)) {
        (Some(_), Some(next)) => {
            spans[at - 1].1 = next.1;
            spans.remove(at);
        }
        (Some(_), None) => spans[at - 1].1 = end,
        (None, Some(_)) => spans[at].0 = first,
        (None, None) => spans.insert(at, (first, end)),
    }
    true
}

/// Keys under watch.
pub struct Watched {
    inner: Drawn,
    used: Arc<Mutex<Blocks>>,
}

impl Watched {
    /// The keys, and what was used of them.
    #[must_use]
    pub fn over(inner: Drawn) -> (Drawn, Arc<Mutex<Blocks>>) {
        let used = Arc::default();
        (Box::new(Self { inner, used: Arc::clone(&used) }), used)
    }
}

impl Source for Watched {
    fn fill(&self, component: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        if !out.is_empty() {
            let (from, to) = (first as u64 / 2, (first + out.len()).div_ceil(2) as u64);
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.use_up((component, domain, tape.epoch(), tape.instance(), step), from, to);
        }
        self.inner.fill(component, domain, tape, step, first, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_join_and_overlaps_are_found() {
        let stream = (0, Domain::Bin, 0, 1, 2);
        let mut blocks = Blocks::default();
        for (first, end) in [(4, 6), (0, 2), (2, 3), (8, 9), (3, 4), (6, 8)] {
            blocks.use_up(stream, first, end);
        }
        assert_eq!(blocks.spans[&stream], [(0, 9)]);
        assert!(blocks.repeated.is_empty());
        for (first, end) in [(0, 1), (8, 12), (5, 6)] {
            blocks.use_up(stream, first, end);
        }
        assert_eq!(blocks.repeated.len(), 3);
    }

    /// A coefficient may be made twice, not three times.
    #[test]
    fn coefficients_may_be_made_twice() {
        let stream = (0, Domain::Coefficient, 0, 1, 2);
        let mut blocks = Blocks::default();
        for (first, end) in [(0, 4), (4, 8), (0, 4), (4, 8)] {
            blocks.use_up(stream, first, end);
        }
        assert!(blocks.repeated.is_empty() && blocks.spans[&stream] == [(0, 8)]);
        blocks.use_up(stream, 4, 8);
        assert_eq!(blocks.repeated.len(), 1);
    }
}
