//! Gates on single lanes, resolved once before the run: what a loop over the elements of an array mostly consists of.
//!
//! A gate whose operands and result are one lane each needs no vector, no allocation and no look at its types. Here it becomes an instruction with
//! its places worked out; [`super::store`] keeps public registers of one lane in a flat array for it. What is not recognised stays a vector gate,
//! with the same meaning: `semantics` defines it for both.

use super::stop::Fault;
use super::store::{Store, Value};
use smpc_bytecode::module::{Constant, Gate, Module, View};
use smpc_bytecode::op::Op;
use smpc_bytecode::types::RegType;
use smpc_protocols::Protocol;
use std::rc::Rc;

/// One lane of a register: `offset + register · stride`.
#[derive(Clone, Copy, Debug)]
struct Place {
    slot: u32,
    /// A public register of one lane; [`Store::scalars`] has one more than there are slots, which is always 0.
    index: u32,
    stride: i64,
    offset: i64,
    lanes: u64,
}

/// A public operand or result.
#[derive(Clone, Copy, Debug)]
enum Public {
    /// A register of one lane.
    Register(u32),
    /// A lane of a longer one.
    Lane(Place),
}

/// A secret operand or result.
#[derive(Clone, Copy, Debug)]
enum Number {
    /// A register of one lane.
    Single(u32),
    /// A lane of a longer one.
    Lane(Place),
}

/// A fault as it travels: behind a pointer, so that success needs none of its room.
type Boxed = Box<Fault>;

/// What a gate with a public result computes.
#[derive(Clone, Copy, Debug)]
enum Calc {
    Const(i64),
    Copy,
    Add,
    Sub,
    Neg,
    Mul,
    AddWrap,
    SubWrap,
    MulWrap,
    Div,
    Rem,
    Trunc(u32),
    Lt,
    Eq,
    Select,
    Xor,
    And,
    Or,
    Not,
}

/// What a gate with a secret result computes.
#[derive(Clone, Copy, Debug)]
enum Secret {
    Known(Public),
    Copy(Number),
    Add(Number, Number),
    Sub(Number, Number),
    AddPublic(Number, Public),
    SubPublic(Number, Public),
    PublicSub(Public, Number),
    MulPublic(Number, Public),
    Neg(Number),
    Select(Public, Number, Number),
}

/// A gate on single lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scalar(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Public { calc: Calc, dst: Public, args: [Public; 3], range: (i64, i64) },
    Secret { calc: Secret, dst: Number, range: (i64, i64) },
}

impl Scalar {
    /// The instruction of a gate, or `None` where it is no gate on single lanes.
    pub(super) fn of(module: &Module, gate: &Gate) -> Option<Self> {
        let resolver = Resolver { module };
        let dst = gate.dst.as_ref()?;
        let ty = module.slots[dst.slot.index()].ty;
        let range = ty.range();
        match ty {
            RegType::Pub { .. } => {
                let dst = resolver.public(dst)?;
                let (calc, args) = resolver.calc(gate)?;
                Some(Self(Kind::Public { calc, dst, args, range }))
            }
            RegType::Arith { .. } => {
                let dst = resolver.number(dst)?;
                Some(Self(Kind::Secret { calc: resolver.secret(gate)?, dst, range }))
            }
            RegType::Bin { .. } => None,
        }
    }
}

struct Resolver<'m> {
    module: &'m Module,
}

impl Resolver<'_> {
    fn ty(&self, view: &View) -> RegType {
        self.module.slots[view.slot.index()].ty
    }

    /// The place of a view of one lane.
    fn place(&self, view: &View) -> Option<Place> {
        if view.lanes() != Some(1) {
            return None;
        }
        let (index, stride) = view.index.map_or((self.none()?, 0), |index| (index.slot.0, index.stride));
        let lanes = self.module.slots[view.slot.index()].lanes;
        Some(Place { slot: view.slot.0, index, stride, offset: i64::try_from(view.offset).ok()?, lanes })
    }

    /// The register that is always 0.
    fn none(&self) -> Option<u32> {
        u32::try_from(self.module.slots.len()).ok()
    }

    fn public(&self, view: &View) -> Option<Public> {
        let place = self.place(view)?;
        if self.ty(view).is_secret() {
            return None;
        }
        let register = place.lanes == 1 && place.offset == 0 && view.index.is_none();
        Some(if register { Public::Register(place.slot) } else { Public::Lane(place) })
    }

    /// A secret number of one lane.
    fn number(&self, view: &View) -> Option<Number> {
        let place = self.place(view)?;
        if !matches!(self.ty(view), RegType::Arith { .. }) {
            return None;
        }
        let single = place.lanes == 1 && place.offset == 0 && view.index.is_none();
        match place.lanes {
            1 if single => Some(Number::Single(place.slot)),
            // One lane at a place that is only known later: rare, and left to the vector gates.
            1 => None,
            _ => Some(Number::Lane(place)),
        }
    }

    /// An array access: the lane of a whole array at a register's value.
    fn element(&self, array: &View, index: &View) -> Option<Place> {
        let Public::Register(register) = self.public(index)? else { return None };
        let lanes = self.module.slots[array.slot.index()].lanes;
        let whole = View::whole(array.slot, lanes);
        (*array == whole && lanes > 1).then_some(Place {
            slot: array.slot.0,
            index: register,
            stride: 1,
            offset: 0,
            lanes,
        })
    }

    fn calc(&self, gate: &Gate) -> Option<(Calc, [Public; 3])> {
        let none = Public::Register(0);
        let calc = match gate.op {
            Op::Const { constant } | Op::ConstRounded { constant } => {
                let value = match &self.module.constants[constant.index()] {
                    Constant::Words(words) => *words.first()?,
                    Constant::Range { start, .. } => *start,
                };
                return Some((Calc::Const(value), [none; 3]));
            }
            Op::Gather {} => {
                let element = self.element(gate.args.first()?, gate.args.get(1)?)?;
                return Some((Calc::Copy, [Public::Lane(element), none, none]));
            }
            Op::Copy {} | Op::Relabel {} => Calc::Copy,
            Op::Add {} => Calc::Add,
            Op::Sub {} => Calc::Sub,
            Op::Neg {} => Calc::Neg,
            Op::Mul {} => Calc::Mul,
            Op::AddWrap {} => Calc::AddWrap,
            Op::SubWrap {} => Calc::SubWrap,
            Op::MulWrap {} => Calc::MulWrap,
            Op::Div {} => Calc::Div,
            Op::Rem {} => Calc::Rem,
            Op::Trunc { bits } => Calc::Trunc(bits),
            Op::Lt {} => Calc::Lt,
            Op::Eq {} => Calc::Eq,
            Op::Select {} => Calc::Select,
            Op::Xor {} => Calc::Xor,
            Op::And {} => Calc::And,
            Op::Or {} => Calc::Or,
            Op::Not {} => Calc::Not,
            _ => return None,
        };
        let mut args = [none; 3];
        for (to, view) in args.iter_mut().zip(&gate.args) {
            *to = self.public(view)?;
        }
        Some((calc, args))
    }

    fn secret(&self, gate: &Gate) -> Option<Secret> {
        let first = gate.args.first()?;
        let second = gate.args.get(1);
        Some(match gate.op {
            Op::Gather {} if matches!(self.ty(first), RegType::Arith { .. }) => {
                Secret::Copy(Number::Lane(self.element(first, second?)?))
            }
            Op::Copy {} | Op::Relabel {} => match self.number(first) {
                Some(place) => Secret::Copy(place),
                None => Secret::Known(self.public(first)?),
            },
            Op::Neg {} => Secret::Neg(self.number(first)?),
            // Shares are modulo 2^64: with and without an overflow it is the same sum.
            Op::Add {} | Op::AddWrap {} => match (self.number(first), self.number(second?)) {
                (Some(a), Some(b)) => Secret::Add(a, b),
                (Some(a), None) => Secret::AddPublic(a, self.public(second?)?),
                (None, Some(b)) => Secret::AddPublic(b, self.public(first)?),
                (None, None) => return None,
            },
            Op::Sub {} | Op::SubWrap {} => match (self.number(first), self.number(second?)) {
                (Some(a), Some(b)) => Secret::Sub(a, b),
                (Some(a), None) => Secret::SubPublic(a, self.public(second?)?),
                (None, Some(b)) => Secret::PublicSub(self.public(first)?, b),
                (None, None) => return None,
            },
            Op::Mul {} | Op::MulWrap {} => match (self.number(first), self.number(second?)) {
                (Some(a), None) => Secret::MulPublic(a, self.public(second?)?),
                (None, Some(b)) => Secret::MulPublic(b, self.public(first)?),
                _ => return None,
            },
            Op::Select {} => {
                let (a, b) = (self.number(second?)?, self.number(gate.args.get(2)?)?);
                Secret::Select(self.public(first)?, a, b)
            }
            _ => return None,
        })
    }
}

impl<P: Protocol> Store<'_, P> {
    /// Runs an instruction.
    #[inline(always)]
    pub(super) fn scalar(&mut self, instruction: &Scalar) -> Result<(), Boxed> {
        match &instruction.0 {
            Kind::Public { calc, dst, args, range } => match self.calculate(*calc, args, *range) {
                Ok(value) => self.set_public(dst, value),
                // A dry run does not know what a real one opens, so its faults mean nothing.
                Err(_) if self.dry => Ok(()),
                Err(fault) => Err(fault),
            },
            Kind::Secret { .. } if self.dry => Ok(()),
            Kind::Secret { calc, dst, range } => {
                let value = self.secret(calc)?;
                self.set_secret(dst, value, *range)
            }
        }
    }

    #[inline(always)]
    fn at(&self, place: &Place) -> Result<usize, Boxed> {
        let index = self.scalars[place.index as usize].checked_mul(place.stride);
        match index.and_then(|more| more.checked_add(place.offset)) {
            // A lane of a register that fits the memory.
            Some(start) if start.cast_unsigned() < place.lanes => Ok(usize::try_from(start).unwrap_or(usize::MAX)),
            start => self.outside(place, start),
        }
    }

    #[cold]
    fn outside(&self, place: &Place, start: Option<i64>) -> Result<usize, Boxed> {
        if self.dry && place.lanes > 0 {
            // What a real run knows only when it runs.
            return Ok(0);
        }
        Err(Box::new(outside(start.unwrap_or(i64::MAX), place.stride, place.lanes)))
    }

    #[inline]
    fn get_public(&self, from: &Public) -> Result<i64, Boxed> {
        match from {
            Public::Register(slot) => Ok(self.scalars[*slot as usize]),
            Public::Lane(place) => {
                let lane = self.at(place)?;
                match &self.slots[place.slot as usize] {
                    Value::Pub(values) => Ok(values[lane]),
                    Value::Empty => Ok(if place.lanes == 1 { self.scalars[place.slot as usize] } else { 0 }),
                    Value::Arith(_) | Value::Bin(_) => Err(malformed("a secret operand of a public result")),
                }
            }
        }
    }

    #[inline]
    fn set_public(&mut self, to: &Public, value: i64) -> Result<(), Boxed> {
        match to {
            Public::Register(slot) => self.scalars[*slot as usize] = value,
            Public::Lane(place) => {
                let (lane, slot) = (self.at(place)?, place.slot as usize);
                if place.lanes == 1 {
                    self.scalars[slot] = value;
                    return Ok(());
                }
                self.fill(slot);
                if let Value::Pub(values) = &mut self.slots[slot] {
                    Rc::make_mut(values)[lane] = value;
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn calculate(&self, calc: Calc, args: &[Public; 3], range: (i64, i64)) -> Result<i64, Boxed> {
        if let Calc::Const(value) = calc {
            return in_range(Some(value), range, || value.into());
        }
        let a = self.get_public(&args[0])?;
        let wide = i128::from;
        match calc {
            Calc::Const(_) | Calc::Copy => return in_range(Some(a), range, || wide(a)),
            Calc::Neg => return in_range(a.checked_neg(), range, || -wide(a)),
            Calc::Trunc(bits) => return in_range(Some(a >> bits.min(63)), range, || wide(a >> bits.min(63))),
            Calc::Not => return in_range(Some(!a & 1), range, || wide(!a & 1)),
            _ => {}
        }
        let b = self.get_public(&args[1])?;
        match calc {
            Calc::Add => in_range(a.checked_add(b), range, || wide(a) + wide(b)),
            Calc::Sub => in_range(a.checked_sub(b), range, || wide(a) - wide(b)),
            Calc::Mul => in_range(a.checked_mul(b), range, || wide(a) * wide(b)),
            Calc::AddWrap => in_range(Some(a.wrapping_add(b)), range, || wide(a.wrapping_add(b))),
            Calc::SubWrap => in_range(Some(a.wrapping_sub(b)), range, || wide(a.wrapping_sub(b))),
            Calc::MulWrap => in_range(Some(a.wrapping_mul(b)), range, || wide(a.wrapping_mul(b))),
            Calc::Div | Calc::Rem if b == 0 => Err(Box::new(Fault::ZeroDivisor)),
            Calc::Div => in_range(a.checked_div(b), range, || wide(a) / wide(b)),
            // The remainder by −1 is 0 and never overflows.
            Calc::Rem => in_range(Some(a.wrapping_rem(b)), range, || wide(a) % wide(b)),
            Calc::Lt => in_range(Some(i64::from(a < b)), range, || wide(i64::from(a < b))),
            Calc::Eq => in_range(Some(i64::from(a == b)), range, || wide(i64::from(a == b))),
            Calc::Xor => in_range(Some(a ^ b), range, || wide(a ^ b)),
            Calc::And => in_range(Some(a & b), range, || wide(a & b)),
            Calc::Or => in_range(Some(a | b), range, || wide(a | b)),
            _ => {
                let value = if a != 0 { b } else { self.get_public(&args[2])? };
                in_range(Some(value), range, || wide(value))
            }
        }
    }

    #[inline(always)]
    fn get_secret(&self, from: &Number) -> Result<P::Lane, Boxed> {
        match from {
            Number::Single(slot) => Ok(self.singles[*slot as usize]),
            Number::Lane(place) => {
                let lane = self.at(place)?;
                match &self.slots[place.slot as usize] {
                    Value::Arith(values) => Ok(self.protocol.lane(values, lane)),
                    Value::Empty => Ok(self.zero),
                    Value::Pub(_) | Value::Bin(_) => Err(malformed("no secret number")),
                }
            }
        }
    }

    #[inline]
    fn set_secret(&mut self, to: &Number, value: P::Lane, range: (i64, i64)) -> Result<(), Boxed> {
        if self.checked
            && let Some(clear) = self.protocol.clear_lane(value)
        {
            in_range(Some(clear), range, || clear.into())?;
        }
        match to {
            Number::Single(slot) => self.singles[*slot as usize] = value,
            Number::Lane(place) => {
                let (lane, slot) = (self.at(place)?, place.slot as usize);
                self.fill(slot);
                let Value::Arith(own) = &mut self.slots[slot] else { return Err(malformed("no secret number")) };
                self.protocol.set_lane(Rc::make_mut(own), lane, value);
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn secret(&self, calc: &Secret) -> Result<P::Lane, Boxed> {
        let p = self.protocol;
        Ok(match calc {
            Secret::Known(a) => p.lane_add_public(self.zero, self.get_public(a)?),
            Secret::Copy(a) => self.get_secret(a)?,
            Secret::Add(a, b) => p.lane_add(self.get_secret(a)?, self.get_secret(b)?),
            Secret::Sub(a, b) => p.lane_sub(self.get_secret(a)?, self.get_secret(b)?),
            Secret::AddPublic(a, b) => p.lane_add_public(self.get_secret(a)?, self.get_public(b)?),
            Secret::SubPublic(a, b) => p.lane_add_public(self.get_secret(a)?, self.get_public(b)?.wrapping_neg()),
            Secret::PublicSub(a, b) => {
                p.lane_add_public(p.lane_sub(self.zero, self.get_secret(b)?), self.get_public(a)?)
            }
            Secret::MulPublic(a, b) => p.lane_mul_public(self.get_secret(a)?, self.get_public(b)?),
            Secret::Neg(a) => p.lane_sub(self.zero, self.get_secret(a)?),
            Secret::Select(c, a, b) => {
                let (a, b) = (self.get_secret(a)?, self.get_secret(b)?);
                if self.get_public(c)? != 0 { a } else { b }
            }
        })
    }
}

/// A result that its register can hold; `exact` is what it is where 64 bits or the range are too narrow.
#[inline]
fn in_range(value: Option<i64>, (lo, hi): (i64, i64), exact: impl FnOnce() -> i128) -> Result<i64, Boxed> {
    match value {
        Some(value) if lo <= value && value <= hi => Ok(value),
        _ => Err(too_large(exact(), (lo, hi))),
    }
}

#[cold]
fn too_large(value: i128, range: (i64, i64)) -> Boxed {
    Box::new(Fault::Range { value, range })
}

#[cold]
fn malformed(what: &'static str) -> Boxed {
    Box::new(Fault::Malformed(what))
}

/// A lane outside a register, in terms of the index that the source wrote: units of the stride.
pub(super) fn outside(start: i64, stride: i64, lanes: u64) -> Fault {
    let unit = stride.unsigned_abs().max(1);
    let index = i128::from(start).div_euclid(i128::from(unit));
    Fault::Bounds { index: i64::try_from(index).unwrap_or(i64::MAX), len: lanes / unit }
}
