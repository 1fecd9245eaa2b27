//! The common gates, one idea a file, written once over the [`crate::Protocol`] trait.

pub mod compare;
pub mod divide;
pub mod logic;
pub mod merge;
pub mod radix;
pub mod range;
pub mod reciprocal;
pub mod root;
pub mod sort;

use smpc_math::netlist::{Levelled, Netlist};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Which circuit, and its widths.
type Key = (&'static str, [u32; 4]);

thread_local! {
    static BUILT: RefCell<BTreeMap<Key, Rc<Levelled>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The circuit of that name and widths, built on first use. It is public and the same for all parties, so it may outlive a run.
pub(crate) fn circuit(name: &'static str, widths: [u32; 4], build: impl FnOnce() -> Netlist) -> Rc<Levelled> {
    let key = (name, widths);
    BUILT.with(|built| {
        if let Some(found) = built.borrow().get(&key) {
            return Rc::clone(found);
        }
        let made = Rc::new(build().levelled());
        built.borrow_mut().insert(key, Rc::clone(&made));
        made
    })
}
