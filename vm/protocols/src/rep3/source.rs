//! Where masks come from: key K_j of component j is held by exactly the two parties that hold the component (P_j and P_{j−1}), and a mask is that
//! key's function of an address (R1).

use crate::tape::Tape;

/// Streams of one key that never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// Words of the ring.
    Arith,
    /// Bit planes.
    Bin,
    /// What the dealer of an input puts into its first component.
    Input,
    /// Random values that a program asks for.
    Random,
}

/// The pairwise keys of one party, as functions. Two parties that hold the key of a component get the same words from the same address.
pub trait Source {
    /// Words `first .. first + out.len()` of the stream of component `component` at step `step` of the tape's instance. `first` is even.
    fn fill(&self, component: usize, stream: Stream, tape: Tape, step: u64, first: usize, out: &mut [u64]);
}

impl<S: Source + ?Sized> Source for &S {
    fn fill(&self, component: usize, stream: Stream, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        (**self).fill(component, stream, tape, step, first, out);
    }
}
