//! The registers of a run: where their lanes are, reading and writing views. What is computed with them is in [`super::scalar`],
//! [`super::vector`] and [`super::gates`].
//!
//! Vectors are shared by pointer, so that a gate in flight reads them without a copy and a move of a whole register costs nothing; the first
//! write to a shared one copies it.

use super::scalar::outside;
use super::stop::Fault;
use smpc_bytecode::module::{Module, Slot, View};
use smpc_bytecode::op::SlotId;
use smpc_bytecode::types::RegType;
use smpc_protocols::{Lanes, Protocol, Range, Shares};
use std::rc::Rc;

/// A register's content.
pub(super) enum Value<P: Protocol> {
    /// Not written yet, or read for the last time: all zero. A register of one lane is always that, unless it is a word; see [`Store::scalars`] and
    /// [`Store::singles`].
    Empty,
    /// Known to every node.
    Pub(Rc<Vec<i64>>),
    /// Secret numbers.
    Arith(Rc<P::Arith>),
    /// Secret words.
    Bin(Rc<P::Bin>),
}

/// An operand as a vector gate takes it.
pub(super) enum Arg<P: Protocol> {
    /// Public lanes.
    Pub(Rc<Vec<i64>>),
    /// Secret numbers.
    Arith(Rc<P::Arith>),
    /// Secret words.
    Bin(Rc<P::Bin>),
}

impl<P: Protocol> Clone for Arg<P> {
    fn clone(&self) -> Self {
        match self {
            Self::Pub(values) => Self::Pub(Rc::clone(values)),
            Self::Arith(a) => Self::Arith(Rc::clone(a)),
            Self::Bin(a) => Self::Bin(Rc::clone(a)),
        }
    }
}

/// A vector of secret numbers as it lies in its register, and the lanes of it that are meant.
pub(super) type Borrowed<P> = Option<(Rc<<P as Protocol>::Arith>, Lanes)>;

/// The registers.
pub(super) struct Store<'m, P: Protocol> {
    pub(super) protocol: &'m P,
    pub(super) module: &'m Module,
    pub(super) slots: Vec<Value<P>>,
    /// Public registers of one lane, by slot: counters, indices, conditions. One more behind them is always 0.
    pub(super) scalars: Vec<i64>,
    /// Secret numbers of one lane, by slot.
    pub(super) singles: Vec<P::Lane>,
    /// A secret lane that is known to be 0.
    pub(super) zero: P::Lane,
    /// Nothing secret has content; only lengths count.
    pub(super) dry: bool,
    /// The protocol computes in the clear, so every result is held against its register's range.
    pub(super) checked: bool,
}

impl<'m, P: Protocol> Store<'m, P> {
    pub(super) fn new(protocol: &'m P, module: &'m Module, dry: bool) -> Self {
        let zero = protocol.lane(&protocol.share_public(&[0], 1), 0);
        Self {
            protocol,
            module,
            slots: module.slots.iter().map(|_| Value::Empty).collect(),
            scalars: vec![0; module.slots.len() + 1],
            singles: vec![zero; module.slots.len()],
            zero,
            dry,
            checked: protocol.clear_checks() && !dry,
        }
    }

    pub(super) fn slot(&self, id: SlotId) -> &'m Slot {
        &self.module.slots[id.index()]
    }

    /// The range of a number register.
    pub(super) fn range(&self, view: &View) -> Range {
        let (lo, hi) = self.slot(view.slot).ty.range();
        Range::new(lo, hi)
    }

    /// The only lane of a public control register.
    pub(super) fn control(&self, id: SlotId) -> i64 {
        self.scalars[id.index()]
    }

    /// Sets a public register of one lane.
    pub(super) fn set_control(&mut self, id: SlotId, value: i64) {
        self.scalars[id.index()] = value;
    }

    /// Drops a register's content.
    pub(super) fn clear(&mut self, id: SlotId) {
        self.slots[id.index()] = Value::Empty;
    }

    /// The lanes that a view names now.
    pub(super) fn lanes(&self, view: &View) -> Result<Lanes, Fault> {
        if view.dims.iter().any(|dim| dim.len == 0) {
            // No lane, wherever that would be; and a loop over rows of none may be long.
            return Ok(Lanes::run(0, 0));
        }
        let mut start = i128::from(view.offset);
        if let Some(index) = view.index {
            start += i128::from(self.control(index.slot)) * i128::from(index.stride);
        }
        let len = self.slot(view.slot).lanes;
        let (mut low, mut high) = (start, start);
        let mut dims = [(0, 1), (0, 1)];
        for (own, dim) in dims.iter_mut().rev().zip(view.dims.iter().rev()) {
            let last = i128::from(dim.stride) * i128::from(dim.len.max(1) - 1);
            low += last.min(0);
            high += last.max(0);
            *own = (isize::try_from(dim.stride).unwrap_or(0), size(dim.len));
        }
        if low < 0 || high >= i128::from(len) {
            if self.dry && view.index.is_some() && len > 0 {
                // What a real run knows only when it runs: any place costs the same.
                return Ok(Lanes { start: 0, dims: [(0, dims[0].1), (0, dims[1].1)] });
            }
            let at = i64::try_from(if low < 0 { low } else { high }).unwrap_or(i64::MAX);
            return Err(outside(at, view.index.map_or(1, |index| index.stride), len));
        }
        Ok(Lanes { start: usize::try_from(start).unwrap_or(0), dims })
    }

    /// Whether the lanes are a whole register in order.
    fn is_whole(&self, id: SlotId, lanes: &Lanes) -> bool {
        lanes.contiguous().is_some_and(|(start, len)| start == 0 && len as u64 == self.slot(id).lanes)
    }

    /// Whether a register is one of [`Store::scalars`].
    fn is_scalar(&self, id: SlotId) -> bool {
        matches!(self.slot(id), Slot { ty: RegType::Pub { .. }, lanes: 1 })
    }

    /// Whether a register is one of [`Store::singles`].
    fn is_single(&self, id: SlotId) -> bool {
        matches!(self.slot(id), Slot { ty: RegType::Arith { .. }, lanes: 1 })
    }

    /// A secret number as a vector of one lane.
    fn vector(&self, id: SlotId) -> P::Arith {
        let mut vector = self.protocol.share_public(&[0], 1);
        self.protocol.set_lane(&mut vector, 0, self.singles[id.index()]);
        vector
    }

    /// Makes sure that a vector has content.
    #[inline]
    pub(super) fn fill(&mut self, slot: usize) {
        if let Value::Empty = self.slots[slot] {
            self.zero_out(slot);
        }
    }

    #[cold]
    fn zero_out(&mut self, slot: usize) {
        let Slot { ty, lanes } = self.module.slots[slot];
        let lanes = size(lanes);
        self.slots[slot] = match ty {
            RegType::Pub { .. } => Value::Pub(Rc::new(vec![0; lanes])),
            RegType::Arith { .. } => Value::Arith(Rc::new(self.protocol.share_public(&[0], lanes))),
            RegType::Bin { width } => Value::Bin(Rc::new(self.protocol.share_public_bin(&[0], width, lanes))),
        };
    }

    /// An operand.
    pub(super) fn read(&mut self, view: &View) -> Result<Arg<P>, Fault> {
        let lanes = self.lanes(view)?;
        if self.is_scalar(view.slot) {
            return Ok(Arg::Pub(Rc::new(vec![self.scalars[view.slot.index()]; lanes.len()])));
        }
        if self.is_single(view.slot) {
            let vector = self.vector(view.slot);
            return Ok(Arg::Arith(Rc::new(if lanes.len() == 1 { vector } else { vector.read(&lanes) })));
        }
        self.fill(view.slot.index());
        let whole = self.is_whole(view.slot, &lanes);
        Ok(match &self.slots[view.slot.index()] {
            Value::Pub(values) if whole => Arg::Pub(Rc::clone(values)),
            Value::Pub(values) => {
                let mut taken = vec![0; lanes.len()];
                lanes.copy(values, &mut taken);
                Arg::Pub(Rc::new(taken))
            }
            Value::Arith(values) if whole => Arg::Arith(Rc::clone(values)),
            Value::Arith(values) => Arg::Arith(Rc::new(values.read(&lanes))),
            Value::Bin(values) if whole => Arg::Bin(Rc::clone(values)),
            Value::Bin(values) => Arg::Bin(Rc::new(values.read(&lanes))),
            Value::Empty => Arg::Pub(Rc::default()),
        })
    }

    /// A vector of secret numbers as it lies in its register, and which of its lanes a view names; `None` for everything else.
    pub(super) fn borrow_arith(&mut self, view: &View) -> Result<Borrowed<P>, Fault> {
        if self.is_single(view.slot) || !matches!(self.slot(view.slot).ty, RegType::Arith { .. }) {
            return Ok(None);
        }
        let lanes = self.lanes(view)?;
        self.fill(view.slot.index());
        Ok(match &self.slots[view.slot.index()] {
            Value::Arith(values) => Some((Rc::clone(values), lanes)),
            Value::Pub(_) | Value::Bin(_) | Value::Empty => None,
        })
    }

    /// An operand as public lanes.
    pub(super) fn read_pub(&mut self, view: &View) -> Result<Rc<Vec<i64>>, Fault> {
        match self.read(view)? {
            Arg::Pub(values) => Ok(values),
            Arg::Arith(_) | Arg::Bin(_) => Err(Fault::Malformed("a secret operand where a public one is due")),
        }
    }

    /// An operand as secret numbers.
    pub(super) fn read_arith(&mut self, view: &View) -> Result<Rc<P::Arith>, Fault> {
        match self.read(view)? {
            Arg::Arith(values) => Ok(values),
            Arg::Pub(values) => Ok(Rc::new(self.protocol.share_public(&values, values.len()))),
            Arg::Bin(_) => Err(Fault::Malformed("a word where a number is due")),
        }
    }

    /// An operand as secret words of that width.
    pub(super) fn read_bin(&mut self, view: &View, width: u32) -> Result<Rc<P::Bin>, Fault> {
        match self.read(view)? {
            Arg::Bin(values) => Ok(values),
            Arg::Pub(values) => Ok(Rc::new(self.protocol.share_public_bin(&values, width, values.len()))),
            Arg::Arith(_) => Err(Fault::Malformed("a number where a word is due")),
        }
    }

    /// As [`Store::read_bin`], but a word of one lane where that lane stands for all: an operand of a circuit.
    pub(super) fn read_word(&mut self, view: &View, width: u32) -> Result<Rc<P::Bin>, Fault> {
        let same = view.lanes() > Some(1) && view.dims.iter().all(|dim| dim.stride == 0 || dim.len == 1);
        let one = || View { index: view.index, ..View::lane(view.slot, view.offset) };
        if same { self.read_bin(&one(), width) } else { self.read_bin(view, width) }
    }

    /// Takes an operand out to be changed in place, where it is a whole register; writing the result puts it back.
    pub(super) fn take(&mut self, view: &View) -> Result<Arg<P>, Fault> {
        let lanes = self.lanes(view)?;
        let arg = self.read(view)?;
        if self.is_whole(view.slot, &lanes) {
            self.clear(view.slot);
        }
        Ok(arg)
    }

    pub(super) fn write_pub(&mut self, view: &View, values: Rc<Vec<i64>>) -> Result<(), Fault> {
        let lanes = self.lanes(view)?;
        fits(values.len(), &lanes)?;
        let slot = view.slot.index();
        if self.is_scalar(view.slot) {
            if let Some(value) = values.first() {
                self.scalars[slot] = *value;
            }
        } else if self.is_whole(view.slot, &lanes) {
            self.slots[slot] = Value::Pub(values);
        } else {
            self.fill(slot);
            if let Value::Pub(own) = &mut self.slots[slot] {
                let own = Rc::make_mut(own);
                lanes.iter().zip(&*values).for_each(|(lane, value)| own[lane] = *value);
            }
        }
        Ok(())
    }

    pub(super) fn write_arith(&mut self, view: &View, values: Rc<P::Arith>) -> Result<(), Fault> {
        let lanes = self.lanes(view)?;
        fits(values.lanes(), &lanes)?;
        self.check_range(view, &values)?;
        let slot = view.slot.index();
        if self.is_single(view.slot) {
            if values.lanes() == 1 {
                self.singles[slot] = self.protocol.lane(&values, 0);
            }
            return Ok(());
        }
        if self.is_whole(view.slot, &lanes) {
            self.slots[slot] = Value::Arith(values);
            return Ok(());
        }
        self.fill(slot);
        if let Value::Arith(own) = &mut self.slots[slot] {
            Rc::make_mut(own).write(&lanes, &values);
        }
        Ok(())
    }

    pub(super) fn write_bin(&mut self, view: &View, values: Rc<P::Bin>) -> Result<(), Fault> {
        let lanes = self.lanes(view)?;
        fits(values.lanes(), &lanes)?;
        let slot = view.slot.index();
        if self.is_whole(view.slot, &lanes) {
            self.slots[slot] = Value::Bin(values);
            return Ok(());
        }
        self.fill(slot);
        if let Value::Bin(own) = &mut self.slots[slot] {
            Rc::make_mut(own).write(&lanes, &values);
        }
        Ok(())
    }

    /// Copies secret lanes of one register to a part of another one of the same kind. Says whether it did; elsewhere an operand has to be read and written.
    pub(super) fn assign(&mut self, to: &View, from: &View) -> Result<bool, Fault> {
        let (place, lanes) = (self.lanes(to)?, self.lanes(from)?);
        let single = self.is_single(to.slot) || self.is_single(from.slot);
        if to.slot == from.slot || single || self.checked || self.is_whole(to.slot, &place) {
            return Ok(false);
        }
        fits(lanes.len(), &place)?;
        self.fill(from.slot.index());
        self.fill(to.slot.index());
        // The source stays where it is: this is its pointer.
        match &self.slots[from.slot.index()] {
            Value::Bin(values) => {
                let values = Rc::clone(values);
                let Value::Bin(own) = &mut self.slots[to.slot.index()] else { return Ok(false) };
                Rc::make_mut(own).assign(&place, &values, &lanes);
            }
            Value::Arith(values) => {
                let values = Rc::clone(values);
                let Value::Arith(own) = &mut self.slots[to.slot.index()] else { return Ok(false) };
                Rc::make_mut(own).assign(&place, &values, &lanes);
            }
            Value::Pub(_) | Value::Empty => return Ok(false),
        }
        Ok(true)
    }

    fn check_range(&self, view: &View, values: &P::Arith) -> Result<(), Fault> {
        if !self.checked {
            return Ok(());
        }
        let (lo, hi) = self.slot(view.slot).ty.range();
        let Some(clear) = self.protocol.clear(values) else { return Ok(()) };
        match clear.iter().map(|word| word.cast_signed()).find(|value| !(lo..=hi).contains(value)) {
            Some(value) => Err(Fault::Range { value: value.into(), range: (lo, hi) }),
            None => Ok(()),
        }
    }
}

impl<P: Protocol> Drop for Store<'_, P> {
    /// Vectors wipe themselves; single lanes are wiped here.
    fn drop(&mut self) {
        self.singles.fill(self.zero);
        std::hint::black_box(&mut self.singles);
    }
}

/// The verifier has counted lanes; this holds a gate to it, so that a fault of ours ends the run and not the process.
fn fits(lanes: usize, view: &Lanes) -> Result<(), Fault> {
    if lanes == view.len() { Ok(()) } else { Err(Fault::Malformed("a result of another length")) }
}

/// Lengths of verified gates fit the memory, and so `usize`.
pub(super) fn size(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
