//! The circuits of this protocol's own gates, each built once.

use smpc_math::circuits::{add, carry_out, equal, netlist};
use smpc_math::netlist::{Bit, Builder, Levelled};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A circuit on two summands of so many bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The top bit of the sum.
    Sign(u32),
    /// Whether they are equal.
    Equal(u32),
    /// The sum.
    Sum(u32),
    /// The carry out of the sum.
    Carry(u32),
}

/// Circuits that have been asked for.
#[derive(Default)]
pub(crate) struct Circuits(RefCell<BTreeMap<Kind, Rc<Levelled>>>);

impl Circuits {
    pub(crate) fn get(&self, kind: Kind) -> Rc<Levelled> {
        Rc::clone(self.0.borrow_mut().entry(kind).or_insert_with(|| Rc::new(build(kind))))
    }
}

/// Builds the output bits of a circuit from its two input words.
type Build = fn(&mut Builder, &[Bit], &[Bit]) -> Vec<Bit>;

fn build(kind: Kind) -> Levelled {
    let circuit: (u32, Build) = match kind {
        Kind::Sign(width) => (width, |b, s, t| {
            let top = s.len() - 1;
            let carry = carry_out(b, &s[..top], &t[..top], false);
            let sum = b.xor(s[top], t[top]);
            vec![b.xor(sum, carry)]
        }),
        Kind::Equal(width) => (width, |b, s, t| vec![equal(b, s, t)]),
        Kind::Sum(width) => (width, add),
        Kind::Carry(width) => (width, |b, s, t| vec![carry_out(b, s, t, false)]),
    };
    let width = circuit.0.max(1);
    netlist(&[width, width], |b, words| circuit.1(b, &words[0], &words[1])).levelled()
}
