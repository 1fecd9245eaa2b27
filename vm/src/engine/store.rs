//! The registers of a run, and everything that happens to them without a word to a peer.

use super::stop::Fault;
use smpc_bytecode::module::{Constant, Gate, Module, Slot, View};
use smpc_bytecode::op::{Op, SlotId};
use smpc_bytecode::semantics::{self, Operand};
use smpc_bytecode::types::RegType;
use smpc_protocols::{Lanes, Protocol, Range, Shares};
use std::rc::Rc;

/// A register's content. Secret vectors are shared by pointer, so that a gate in flight reads them without a copy.
#[derive(Debug)]
pub(crate) enum Value<P: Protocol> {
    /// Not written yet: all zero.
    Empty,
    /// Known to every node.
    Pub(Vec<i64>),
    /// Secret numbers.
    Arith(Rc<P::Arith>),
    /// Secret words.
    Bin(Rc<P::Bin>),
}

/// An operand as a gate takes it.
pub(crate) enum Arg<P: Protocol> {
    /// Public lanes.
    Pub(Vec<i64>),
    /// Secret numbers.
    Arith(Rc<P::Arith>),
    /// Secret words.
    Bin(Rc<P::Bin>),
}

/// The registers.
pub(crate) struct Store<'m, P: Protocol> {
    pub(crate) protocol: &'m P,
    pub(crate) module: &'m Module,
    slots: Vec<Value<P>>,
    /// Nothing secret has content; only lengths count.
    dry: bool,
}

impl<'m, P: Protocol> Store<'m, P> {
    pub(crate) fn new(protocol: &'m P, module: &'m Module, dry: bool) -> Self {
        let slots = module.slots.iter().map(|_| Value::Empty).collect();
        Self { protocol, module, slots, dry }
    }

    pub(crate) fn slot(&self, id: SlotId) -> &'m Slot {
        &self.module.slots[id.index()]
    }

    /// The range of a number register.
    pub(crate) fn range(&self, view: &View) -> Range {
        let (lo, hi) = self.slot(view.slot).ty.range();
        Range::new(lo, hi)
    }

    /// The only lane of a public control register.
    pub(crate) fn control(&self, id: SlotId) -> i64 {
        match &self.slots[id.index()] {
            Value::Pub(lanes) => lanes.first().copied().unwrap_or(0),
            Value::Empty | Value::Arith(_) | Value::Bin(_) => 0,
        }
    }

    /// Sets a public register of one lane.
    pub(crate) fn set_control(&mut self, id: SlotId, value: i64) {
        match &mut self.slots[id.index()] {
            Value::Pub(lanes) if lanes.len() == 1 => lanes[0] = value,
            slot => *slot = Value::Pub(vec![value]),
        }
    }

    /// The lanes that a view names now.
    pub(crate) fn lanes(&self, view: &View) -> Result<Lanes, Fault> {
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
            *own = (isize::try_from(dim.stride).unwrap_or(0), usize::try_from(dim.len).unwrap_or(usize::MAX));
        }
        let empty = dims.iter().any(|(_, len)| *len == 0);
        if !empty && (low < 0 || high >= i128::from(len)) {
            if self.dry && view.index.is_some() {
                // What a real run knows only when it runs: any place costs the same.
                return Ok(Lanes { start: 0, dims: [(0, dims[0].1), (0, dims[1].1)] });
            }
            let outside = if low < 0 { low } else { high };
            return Err(Fault::Bounds { index: i64::try_from(outside).unwrap_or(i64::MAX), len });
        }
        Ok(Lanes { start: usize::try_from(start).unwrap_or(0), dims })
    }

    /// Whether the lanes are a whole register in order.
    fn is_whole(&self, id: SlotId, lanes: &Lanes) -> bool {
        lanes.contiguous().is_some_and(|(start, len)| start == 0 && len as u64 == self.slot(id).lanes)
    }

    /// All zero, as the register's type has it.
    fn zero(&self, slot: &Slot) -> Value<P> {
        let lanes = usize::try_from(slot.lanes).unwrap_or(usize::MAX);
        match slot.ty {
            RegType::Pub { .. } => Value::Pub(vec![0; lanes]),
            RegType::Arith { .. } => Value::Arith(Rc::new(self.protocol.share_public(&[0], lanes))),
            RegType::Bin { width } => Value::Bin(Rc::new(self.protocol.share_public_bin(&[0], width, lanes))),
        }
    }

    /// Makes sure that a register has content.
    pub(crate) fn fill(&mut self, id: SlotId) {
        if matches!(self.slots[id.index()], Value::Empty) {
            let slot = self.slot(id);
            self.slots[id.index()] = self.zero(slot);
        }
    }

    /// An operand.
    pub(crate) fn read(&mut self, view: &View) -> Result<Arg<P>, Fault> {
        self.fill(view.slot);
        let lanes = self.lanes(view)?;
        let whole = self.is_whole(view.slot, &lanes);
        Ok(match &self.slots[view.slot.index()] {
            Value::Pub(values) if whole => Arg::Pub(values.clone()),
            Value::Pub(values) => Arg::Pub(lanes.iter().map(|lane| values[lane]).collect()),
            Value::Arith(values) if whole => Arg::Arith(Rc::clone(values)),
            Value::Arith(values) => Arg::Arith(Rc::new(values.read(&lanes))),
            Value::Bin(values) if whole => Arg::Bin(Rc::clone(values)),
            Value::Bin(values) => Arg::Bin(Rc::new(values.read(&lanes))),
            Value::Empty => Arg::Pub(Vec::new()),
        })
    }

    /// An operand as public lanes.
    pub(crate) fn read_pub(&mut self, view: &View) -> Result<Vec<i64>, Fault> {
        match self.read(view)? {
            Arg::Pub(values) => Ok(values),
            Arg::Arith(_) | Arg::Bin(_) => Err(Fault::Malformed("a secret operand where a public one is due")),
        }
    }

    /// An operand as secret numbers.
    pub(crate) fn read_arith(&mut self, view: &View) -> Result<Rc<P::Arith>, Fault> {
        match self.read(view)? {
            Arg::Arith(values) => Ok(values),
            Arg::Pub(values) => Ok(Rc::new(self.protocol.share_public(&values, values.len()))),
            Arg::Bin(_) => Err(Fault::Malformed("a word where a number is due")),
        }
    }

    /// An operand as secret words of that width.
    pub(crate) fn read_bin(&mut self, view: &View, width: u32) -> Result<Rc<P::Bin>, Fault> {
        match self.read(view)? {
            Arg::Bin(values) => Ok(values),
            Arg::Pub(values) => Ok(Rc::new(self.protocol.share_public_bin(&values, width, values.len()))),
            Arg::Arith(_) => Err(Fault::Malformed("a number where a word is due")),
        }
    }

    /// Takes a register's numbers out to be changed in place; [`Store::write_arith`] puts them back.
    pub(crate) fn take_arith(&mut self, view: &View) -> Result<P::Arith, Fault> {
        let lanes = self.lanes(view)?;
        self.fill(view.slot);
        if self.is_whole(view.slot, &lanes)
            && let Value::Arith(values) = std::mem::replace(&mut self.slots[view.slot.index()], Value::Empty)
        {
            return Ok(Rc::unwrap_or_clone(values));
        }
        Ok((*self.read_arith(view)?).clone())
    }

    pub(crate) fn write_pub(&mut self, view: &View, values: Vec<i64>) -> Result<(), Fault> {
        let lanes = self.lanes(view)?;
        if self.is_whole(view.slot, &lanes) {
            self.slots[view.slot.index()] = Value::Pub(values);
            return Ok(());
        }
        self.fill(view.slot);
        if let Value::Pub(own) = &mut self.slots[view.slot.index()] {
            lanes.iter().zip(values).for_each(|(lane, value)| own[lane] = value);
        }
        Ok(())
    }

    pub(crate) fn write_arith(&mut self, view: &View, values: P::Arith) -> Result<(), Fault> {
        self.check_range(view, &values)?;
        let lanes = self.lanes(view)?;
        if self.is_whole(view.slot, &lanes) {
            self.slots[view.slot.index()] = Value::Arith(Rc::new(values));
            return Ok(());
        }
        self.fill(view.slot);
        if let Value::Arith(own) = &mut self.slots[view.slot.index()] {
            Rc::make_mut(own).write(&lanes, &values);
        }
        Ok(())
    }

    pub(crate) fn write_bin(&mut self, view: &View, values: P::Bin) -> Result<(), Fault> {
        let lanes = self.lanes(view)?;
        if self.is_whole(view.slot, &lanes) {
            self.slots[view.slot.index()] = Value::Bin(Rc::new(values));
            return Ok(());
        }
        self.fill(view.slot);
        if let Value::Bin(own) = &mut self.slots[view.slot.index()] {
            Rc::make_mut(own).write(&lanes, &values);
        }
        Ok(())
    }

    /// Where the protocol computes in the clear, every result is held against its register's range.
    fn check_range(&self, view: &View, values: &P::Arith) -> Result<(), Fault> {
        let (lo, hi) = self.slot(view.slot).ty.range();
        let Some(clear) = self.protocol.clear(values) else { return Ok(()) };
        match clear.iter().map(|word| word.cast_signed()).find(|value| !(lo..=hi).contains(value)) {
            Some(value) => Err(Fault::Range { value: value.into(), range: (lo, hi) }),
            None => Ok(()),
        }
    }

    /// Runs a gate that needs no peer.
    pub(crate) fn local(&mut self, gate: &Gate) -> Result<(), Fault> {
        let Some(dst) = &gate.dst else { return self.stop_unless(gate) };
        if self.dry && self.slot(dst.slot).ty.is_secret() {
            return Ok(());
        }
        if dst.dims.is_empty() && self.scalar(gate, dst)? {
            return Ok(());
        }
        match self.slot(dst.slot).ty {
            RegType::Pub { .. } => self.public(gate, dst),
            RegType::Arith { .. } => {
                let values = self.arith(gate, dst)?;
                self.write_arith(dst, values)
            }
            RegType::Bin { width } => {
                let values = self.bin(gate, dst, width)?;
                self.write_bin(dst, values)
            }
        }
    }

    fn stop_unless(&mut self, gate: &Gate) -> Result<(), Fault> {
        let Some(view) = gate.args.first() else { return Ok(()) };
        let holds = self.dry || self.read_pub(view)?.iter().all(|lane| *lane != 0);
        if holds { Ok(()) } else { Err(Fault::Stopped) }
    }

    /// A gate on public lanes.
    fn public(&mut self, gate: &Gate, dst: &View) -> Result<(), Fault> {
        let lanes = dst.lanes().unwrap_or(0);
        let slot = Slot { ty: self.slot(dst.slot).ty, lanes };
        if let Op::Const { constant } = gate.op {
            let values = constant_lanes(&self.module.constants[constant.index()], lanes);
            return self.write_pub(dst, values);
        }
        let mut args = Vec::with_capacity(gate.args.len() + 1);
        if matches!(gate.op, Op::Scatter {}) {
            args.push(self.operand(dst)?);
        }
        for view in &gate.args {
            args.push(self.operand(view)?);
        }
        match semantics::eval(gate.op, &slot, &args, None) {
            Ok(values) => self.write_pub(dst, values),
            // A dry run does not know what a real one opens, so its faults mean nothing.
            Err(_) if self.dry => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    fn operand(&mut self, view: &View) -> Result<Operand<'static>, Fault> {
        Ok(Operand { ty: self.slot(view.slot).ty, lanes: self.read_pub(view)?.into() })
    }

    /// A gate on single lanes of numbers, without an allocation. False where it is of another kind.
    fn scalar(&mut self, gate: &Gate, dst: &View) -> Result<bool, Fault> {
        let (Op::Add {} | Op::Sub {} | Op::Mul {} | Op::Copy {} | Op::Lt {} | Op::Eq {}) = gate.op else {
            return Ok(false);
        };
        if gate.args.iter().any(|view| !view.dims.is_empty()) {
            return Ok(false);
        }
        match self.slot(dst.slot).ty {
            RegType::Pub { lo, hi, .. } => {
                let (Some(a), b) = (self.pub_lane(gate.args.first())?, self.pub_lane(gate.args.get(1))?) else {
                    return Ok(false);
                };
                let (a, b) = (i128::from(a), i128::from(b.unwrap_or(0)));
                let value = match gate.op {
                    Op::Add {} => a + b,
                    Op::Sub {} => a - b,
                    Op::Mul {} => a * b,
                    Op::Lt {} => i128::from(a < b),
                    Op::Eq {} => i128::from(a == b),
                    _ => a,
                };
                let Some(value) = i64::try_from(value).ok().filter(|v| (lo..=hi).contains(v)) else {
                    return if self.dry { Ok(true) } else { Err(Fault::Range { value, range: (lo, hi) }) };
                };
                let lane = self.lanes(dst)?.start;
                self.fill(dst.slot);
                if let Value::Pub(own) = &mut self.slots[dst.slot.index()] {
                    own[lane] = value;
                }
                Ok(true)
            }
            RegType::Arith { .. } if self.protocol.clear_checks() => Ok(false),
            RegType::Arith { .. } => self.secret_scalar(gate, dst),
            RegType::Bin { .. } => Ok(false),
        }
    }

    /// A public lane, or `None` where the view is secret or missing.
    fn pub_lane(&mut self, view: Option<&View>) -> Result<Option<i64>, Fault> {
        let Some(view) = view else { return Ok(None) };
        self.fill(view.slot);
        let lane = self.lanes(view)?.start;
        Ok(match &self.slots[view.slot.index()] {
            Value::Pub(values) => Some(values[lane]),
            Value::Empty | Value::Arith(_) | Value::Bin(_) => None,
        })
    }

    fn secret_lane(&mut self, view: &View) -> Result<Option<P::Lane>, Fault> {
        self.fill(view.slot);
        let lane = self.lanes(view)?.start;
        Ok(match &self.slots[view.slot.index()] {
            Value::Arith(values) => Some(self.protocol.lane(values, lane)),
            Value::Empty | Value::Pub(_) | Value::Bin(_) => None,
        })
    }

    fn secret_scalar(&mut self, gate: &Gate, dst: &View) -> Result<bool, Fault> {
        let Some(first) = gate.args.first() else { return Ok(false) };
        let a = self.secret_lane(first)?;
        let value = match (gate.op, a, gate.args.get(1)) {
            (Op::Copy {}, Some(a), _) => a,
            (Op::Add {} | Op::Sub {}, Some(a), Some(second)) => match (self.secret_lane(second)?, gate.op) {
                (Some(b), Op::Add {}) => self.protocol.lane_add(a, b),
                (Some(b), _) => self.protocol.lane_sub(a, b),
                (None, Op::Add {}) => self.protocol.lane_add_public(a, self.pub_lane(Some(second))?.unwrap_or(0)),
                (None, _) => self.protocol.lane_add_public(a, self.pub_lane(Some(second))?.unwrap_or(0).wrapping_neg()),
            },
            (Op::Add {} | Op::Mul {}, None, Some(second)) => {
                let (Some(b), Some(a)) = (self.secret_lane(second)?, self.pub_lane(Some(first))?) else {
                    return Ok(false);
                };
                if matches!(gate.op, Op::Add {}) {
                    self.protocol.lane_add_public(b, a)
                } else {
                    self.protocol.lane_mul_public(b, a)
                }
            }
            (Op::Mul {}, Some(a), Some(second)) => match self.pub_lane(Some(second))? {
                Some(b) => self.protocol.lane_mul_public(a, b),
                None => return Ok(false),
            },
            _ => return Ok(false),
        };
        let lane = self.lanes(dst)?.start;
        self.fill(dst.slot);
        if let Value::Arith(own) = &mut self.slots[dst.slot.index()] {
            self.protocol.set_lane(Rc::make_mut(own), lane, value);
        }
        Ok(true)
    }

    /// A local gate with a result of secret numbers.
    fn arith(&mut self, gate: &Gate, dst: &View) -> Result<P::Arith, Fault> {
        let p = self.protocol;
        let first = gate.args.first().ok_or(Fault::Malformed("no operand"))?;
        let a = self.read(first)?;
        let lanes = |values: &[i64]| p.share_public(values, values.len());
        Ok(match (gate.op, a) {
            (Op::Copy {} | Op::Relabel {}, Arg::Arith(a)) => Rc::unwrap_or_clone(a),
            (Op::Copy {}, Arg::Pub(a)) => lanes(&a),
            (Op::Gather {}, Arg::Arith(a)) => {
                let index = self.index(&gate.args[1], a.lanes())?;
                a.gather(&index)
            }
            (Op::Gather {}, Arg::Pub(a)) => {
                let index = self.index(&gate.args[1], a.len())?;
                lanes(&index.iter().map(|i| a[*i]).collect::<Vec<_>>())
            }
            (Op::Scatter {}, a) => {
                let values = match a {
                    Arg::Arith(a) => a,
                    Arg::Pub(a) => Rc::new(lanes(&a)),
                    Arg::Bin(_) => return Err(Fault::Malformed("a word where a number is due")),
                };
                let mut table = Rc::unwrap_or_clone(self.read_arith(dst)?);
                let index = self.distinct_index(&gate.args[1], table.lanes())?;
                table.scatter(&index, &values);
                table
            }
            (Op::Neg {}, Arg::Arith(a)) => p.neg(&a),
            (Op::Sum { len }, Arg::Arith(a)) => p.sum(&a, size(len)),
            (Op::PrefixSum { len }, Arg::Arith(a)) => p.prefix_sum(&a, size(len)),
            (Op::Add {} | Op::Sub {} | Op::Mul {} | Op::Dot { .. } | Op::Select {}, a) => self.binary(gate, a)?,
            _ => return Err(Fault::Malformed("an operation that needs a peer")),
        })
    }

    fn binary(&mut self, gate: &Gate, a: Arg<P>) -> Result<P::Arith, Fault> {
        let p = self.protocol;
        if let (Op::Select {}, Arg::Pub(condition)) = (gate.op, &a) {
            let (x, y) = (self.read_arith(&gate.args[1])?, self.read_arith(&gate.args[2])?);
            let inverse: Vec<i64> = condition.iter().map(|c| 1 - c).collect();
            return Ok(p.add(&p.mul_public(&x, condition), &p.mul_public(&y, &inverse)));
        }
        let b = self.read(gate.args.get(1).ok_or(Fault::Malformed("no operand"))?)?;
        Ok(match (gate.op, a, b) {
            (Op::Add {}, Arg::Arith(a), Arg::Arith(b)) => p.add(&a, &b),
            (Op::Add {}, Arg::Arith(a), Arg::Pub(b)) | (Op::Add {}, Arg::Pub(b), Arg::Arith(a)) => p.add_public(&a, &b),
            (Op::Sub {}, Arg::Arith(a), Arg::Arith(b)) => p.sub(&a, &b),
            (Op::Sub {}, Arg::Arith(a), Arg::Pub(b)) => {
                p.add_public(&a, &b.iter().map(|b| b.wrapping_neg()).collect::<Vec<_>>())
            }
            (Op::Sub {}, Arg::Pub(a), Arg::Arith(b)) => p.add_public(&p.neg(&b), &a),
            (Op::Mul {}, Arg::Arith(a), Arg::Pub(b)) | (Op::Mul {}, Arg::Pub(b), Arg::Arith(a)) => p.mul_public(&a, &b),
            (Op::Dot { len }, Arg::Arith(a), Arg::Pub(b)) | (Op::Dot { len }, Arg::Pub(b), Arg::Arith(a)) => {
                p.dot_public(&a, &b, size(len))
            }
            (op, Arg::Pub(a), Arg::Pub(b)) => {
                let (x, y) = (p.share_public(&a, a.len()), b);
                match op {
                    Op::Add {} => p.add_public(&x, &y),
                    Op::Sub {} => p.add_public(&x, &y.iter().map(|y| y.wrapping_neg()).collect::<Vec<_>>()),
                    Op::Dot { len } => p.dot_public(&x, &y, size(len)),
                    _ => p.mul_public(&x, &y),
                }
            }
            _ => return Err(Fault::Malformed("an operation that needs a peer")),
        })
    }

    /// A local gate with a result of secret words.
    fn bin(&mut self, gate: &Gate, dst: &View, width: u32) -> Result<P::Bin, Fault> {
        use smpc_protocols::BinShares;
        let p = self.protocol;
        let first = gate.args.first().ok_or(Fault::Malformed("no operand"))?;
        Ok(match gate.op {
            Op::Copy {} => Rc::unwrap_or_clone(self.read_bin(first, width)?),
            Op::Not {} => p.not(&*self.read_bin(first, width)?),
            Op::Planes { from } => match self.read(first)? {
                Arg::Bin(a) => a.planes(from, width),
                Arg::Pub(_) | Arg::Arith(_) => return Err(Fault::Malformed("no word")),
            },
            Op::Gather {} => {
                let a = self.read_bin(first, width)?;
                let index = self.index(&gate.args[1], a.lanes())?;
                a.gather(&index)
            }
            Op::Scatter {} => {
                let values = self.read_bin(first, width)?;
                let mut table = Rc::unwrap_or_clone(self.read_bin(dst, width)?);
                let index = self.distinct_index(&gate.args[1], table.lanes())?;
                table.scatter(&index, &values);
                table
            }
            Op::Xor {} | Op::And {} | Op::Or {} => match (self.read(first)?, self.read(&gate.args[1])?) {
                (Arg::Bin(a), Arg::Bin(b)) if matches!(gate.op, Op::Xor {}) => p.xor(&a, &b),
                (Arg::Bin(a), Arg::Pub(b)) | (Arg::Pub(b), Arg::Bin(a)) => match gate.op {
                    Op::Xor {} => p.xor_public(&a, &b),
                    Op::And {} => p.and_public(&a, &b),
                    // a ∨ b = (a ∧ ¬b) ⊕ b
                    _ => {
                        let inverse: Vec<i64> = b.iter().map(|b| !b).collect();
                        p.xor_public(&p.and_public(&a, &inverse), &b)
                    }
                },
                _ => return Err(Fault::Malformed("an operation that needs a peer")),
            },
            Op::Select {} => {
                let condition = self.read_pub(first)?;
                let (x, y) = (self.read_bin(&gate.args[1], width)?, self.read_bin(&gate.args[2], width)?);
                let mask: Vec<i64> = condition.iter().map(|c| if *c != 0 { -1 } else { 0 }).collect();
                let inverse: Vec<i64> = mask.iter().map(|m| !m).collect();
                p.xor(&p.and_public(&x, &mask), &p.and_public(&y, &inverse))
            }
            _ => return Err(Fault::Malformed("an operation that needs a peer")),
        })
    }

    /// Public indices as positions in an array of `len`.
    fn index(&mut self, view: &View, len: usize) -> Result<Vec<usize>, Fault> {
        self.read_pub(view)?.into_iter().map(|index| semantics::position(index, len)).collect()
    }

    fn distinct_index(&mut self, view: &View, len: usize) -> Result<Vec<usize>, Fault> {
        let index = self.index(view, len)?;
        let mut seen = vec![false; len];
        match index.iter().find(|i| std::mem::replace(&mut seen[**i], true)) {
            Some(twice) => Err(Fault::Repeated { index: i64::try_from(*twice).unwrap_or(i64::MAX) }),
            None => Ok(index),
        }
    }
}

/// Lengths of verified gates fit the memory, and so `usize`.
fn size(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

fn constant_lanes(constant: &Constant, lanes: u64) -> Vec<i64> {
    match constant {
        Constant::Words(words) if words.len() == 1 => vec![words[0]; size(lanes)],
        Constant::Words(words) => words.clone(),
        Constant::Range { start, step } => {
            (0..lanes).map(|i| start.wrapping_add(step.wrapping_mul(i.cast_signed()))).collect()
        }
    }
}
