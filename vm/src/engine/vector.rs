//! Vector gates that need no peer: sums, products by public numbers, logic with public words, and everything that only moves lanes.

use super::stop::Fault;
use super::store::{Arg, Store, size};
use smpc_bytecode::module::{Constant, Gate, Slot, View};
use smpc_bytecode::op::Op;
use smpc_bytecode::semantics::{self, Operand};
use smpc_bytecode::types::RegType;
use smpc_protocols::{BinShares, Lanes, Protocol, Shares};
use std::borrow::Cow;
use std::rc::Rc;

impl<P: Protocol> Store<'_, P> {
    /// Runs a gate that needs no peer.
    pub(super) fn local(&mut self, gate: &Gate) -> Result<(), Fault> {
        let Some(dst) = &gate.dst else { return self.stop_unless(gate) };
        match self.slot(dst.slot).ty {
            RegType::Pub { .. } => self.public(gate, dst),
            RegType::Arith { .. } | RegType::Bin { .. } if self.dry => Ok(()),
            RegType::Arith { .. } | RegType::Bin { .. } if matches!((gate.op, gate.args.as_slice()), (Op::Copy {}, [from]) if self.assign(dst, from)?) => {
                Ok(())
            }
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
        let value = match gate.op {
            Op::Const { constant } | Op::ConstRounded { constant } => {
                Ok(constant_lanes(&self.module.constants[constant.index()], lanes))
            }
            Op::Copy {} | Op::Relabel {} => return self.copy_public(gate, dst, slot.ty),
            Op::Scatter {} => self.in_the_clear(gate.op, slot, std::iter::once(dst).chain(&gate.args)),
            _ => self.in_the_clear(gate.op, slot, gate.args.iter()),
        };
        match value {
            Ok(values) => self.write_pub(dst, Rc::new(values)),
            // A dry run does not know what a real one opens, so its faults mean nothing.
            Err(_) if self.dry => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// A copy of public lanes; of a whole register it costs a look at the range.
    fn copy_public(&mut self, gate: &Gate, dst: &View, ty: RegType) -> Result<(), Fault> {
        let values = self.read_pub(gate.args.first().ok_or(Fault::Malformed("no operand"))?)?;
        let (lo, hi) = ty.range();
        match values.iter().find(|value| !(lo..=hi).contains(value)) {
            Some(_) if self.dry => Ok(()),
            Some(value) => Err(Fault::Range { value: i128::from(*value), range: (lo, hi) }),
            None => self.write_pub(dst, values),
        }
    }

    /// A gate with a result of secret numbers.
    fn arith(&mut self, gate: &Gate, dst: &View) -> Result<Rc<P::Arith>, Fault> {
        let p = self.protocol;
        let first = gate.args.first().ok_or(Fault::Malformed("no operand"))?;
        let known = |values: &[i64]| Rc::new(p.share_public(values, values.len()));
        if let Op::Scatter {} = gate.op {
            return self.scatter_arith(gate, dst);
        }
        if !matches!(gate.op, Op::Copy {} | Op::Gather {})
            && gate.args.iter().all(|v| !self.slot(v.slot).ty.is_secret())
        {
            let slot = Slot { ty: self.slot(dst.slot).ty, lanes: dst.lanes().unwrap_or(0) };
            return Ok(known(&self.in_the_clear(gate.op, slot, gate.args.iter())?));
        }
        if let Op::Sum { len } = gate.op
            && let Some((a, lanes)) = self.borrow_arith(first)?
        {
            return Ok(Rc::new(p.sum(&a, &lanes, size(len))));
        }
        let a = self.read(first)?;
        Ok(match (gate.op, a) {
            (Op::Copy {} | Op::Relabel {} | Op::ProveRange {}, Arg::Arith(a)) => a,
            (Op::Copy {}, Arg::Pub(a)) => known(&a),
            (Op::Gather {}, Arg::Arith(a)) => Rc::new(a.gather(&self.index(&gate.args[1], a.lanes())?)),
            (Op::Gather {}, Arg::Pub(a)) => {
                let index = self.index(&gate.args[1], a.len())?;
                known(&index.iter().map(|i| a[*i]).collect::<Vec<_>>())
            }
            (Op::Neg {}, Arg::Arith(a)) => Rc::new(p.neg(&a)),
            (Op::Sum { len }, Arg::Arith(a)) => Rc::new(p.sum(&a, &Lanes::whole(a.lanes()), size(len))),
            (Op::PrefixSum { len }, Arg::Arith(a)) => Rc::new(p.prefix_sum(&a, size(len))),
            (
                Op::Add {}
                | Op::Sub {}
                | Op::Mul {}
                | Op::AddWrap {}
                | Op::SubWrap {}
                | Op::MulWrap {}
                | Op::Dot { .. }
                | Op::Select {},
                a,
            ) => Rc::new(self.of_two(gate, a)?),
            _ => return Err(Fault::Malformed("an operation that needs a peer")),
        })
    }

    /// The meaning of an operation on public operands.
    fn in_the_clear<'v>(
        &mut self,
        op: Op,
        result: Slot,
        views: impl Iterator<Item = &'v View>,
    ) -> Result<Vec<i64>, Fault> {
        let args: Vec<_> =
            views.map(|view| Ok((self.slot(view.slot).ty, self.read_pub(view)?))).collect::<Result<_, Fault>>()?;
        let operands: Vec<Operand<'_>> =
            args.iter().map(|(ty, lanes)| Operand { ty: *ty, lanes: Cow::Borrowed(&lanes[..]) }).collect();
        semantics::eval(op, &result, &operands, None)
    }

    fn scatter_arith(&mut self, gate: &Gate, dst: &View) -> Result<Rc<P::Arith>, Fault> {
        let values = self.read_arith(&gate.args[0])?;
        let index = self.distinct_index(&gate.args[1], size(dst.lanes().unwrap_or(0)))?;
        let Arg::Arith(mut table) = self.take(dst)? else { return Err(Fault::Malformed("no secret numbers")) };
        Rc::make_mut(&mut table).scatter(&index, &values);
        Ok(table)
    }

    fn of_two(&mut self, gate: &Gate, a: Arg<P>) -> Result<P::Arith, Fault> {
        let p = self.protocol;
        if let (Op::Select {}, Arg::Pub(condition)) = (gate.op, &a) {
            let (x, y) = (self.read_arith(&gate.args[1])?, self.read_arith(&gate.args[2])?);
            let inverse: Vec<i64> = condition.iter().map(|c| 1 - c).collect();
            return Ok(p.add(&p.mul_public(&x, condition), &p.mul_public(&y, &inverse)));
        }
        let b = self.read(gate.args.get(1).ok_or(Fault::Malformed("no operand"))?)?;
        // These are local only where the protocol computes modulo 2^64 anyway.
        let op = match gate.op {
            Op::AddWrap {} => Op::Add {},
            Op::SubWrap {} => Op::Sub {},
            Op::MulWrap {} => Op::Mul {},
            op => op,
        };
        Ok(match (op, a, b) {
            (Op::Add {}, Arg::Arith(a), Arg::Arith(b)) => p.add(&a, &b),
            (Op::Add {}, Arg::Arith(a), Arg::Pub(b)) | (Op::Add {}, Arg::Pub(b), Arg::Arith(a)) => p.add_public(&a, &b),
            (Op::Sub {}, Arg::Arith(a), Arg::Arith(b)) => p.sub(&a, &b),
            (Op::Sub {}, Arg::Arith(a), Arg::Pub(b)) => p.add_public(&a, &negated(&b)),
            (Op::Sub {}, Arg::Pub(a), Arg::Arith(b)) => p.add_public(&p.neg(&b), &a),
            (Op::Mul {}, Arg::Arith(a), Arg::Pub(b)) | (Op::Mul {}, Arg::Pub(b), Arg::Arith(a)) => p.mul_public(&a, &b),
            (Op::Dot { len }, Arg::Arith(a), Arg::Pub(b)) | (Op::Dot { len }, Arg::Pub(b), Arg::Arith(a)) => {
                p.dot_public(&a, &b, size(len))
            }
            _ => return Err(Fault::Malformed("an operation that needs a peer")),
        })
    }

    /// A gate with a result of secret words.
    fn bin(&mut self, gate: &Gate, dst: &View, width: u32) -> Result<Rc<P::Bin>, Fault> {
        let p = self.protocol;
        let first = gate.args.first().ok_or(Fault::Malformed("no operand"))?;
        Ok(match gate.op {
            Op::Copy {} => self.read_bin(first, width)?,
            Op::Not {} => Rc::new(p.not(&*self.read_bin(first, width)?)),
            Op::Planes { from } => match self.read(first)? {
                Arg::Bin(a) => Rc::new(a.planes(from, width)),
                Arg::Pub(_) | Arg::Arith(_) => return Err(Fault::Malformed("no word")),
            },
            Op::Join {} => {
                let parts = gate.args.iter().map(|view| self.read(view)).collect::<Result<Vec<_>, _>>()?;
                let words = parts.iter().map(|part| match part {
                    Arg::Bin(part) => Ok(&**part),
                    Arg::Pub(_) | Arg::Arith(_) => Err(Fault::Malformed("no word")),
                });
                Rc::new(P::Bin::stack(&words.collect::<Result<Vec<_>, _>>()?))
            }
            Op::Gather {} => {
                let a = self.read_bin(first, width)?;
                let index = self.index(&gate.args[1], a.lanes())?;
                Rc::new(a.gather(&index))
            }
            Op::Scatter {} => {
                let values = self.read_bin(first, width)?;
                let index = self.distinct_index(&gate.args[1], size(dst.lanes().unwrap_or(0)))?;
                let Arg::Bin(mut table) = self.take(dst)? else { return Err(Fault::Malformed("no secret words")) };
                Rc::make_mut(&mut table).scatter(&index, &values);
                table
            }
            Op::Xor {} | Op::And {} | Op::Or {} => match (self.read(first)?, self.read(&gate.args[1])?) {
                (Arg::Bin(a), Arg::Bin(b)) if matches!(gate.op, Op::Xor {}) => Rc::new(p.xor(&a, &b)),
                (Arg::Bin(a), Arg::Pub(b)) | (Arg::Pub(b), Arg::Bin(a)) => Rc::new(match gate.op {
                    Op::Xor {} => p.xor_public(&a, &b),
                    Op::And {} => p.and_public(&a, &b),
                    // a ∨ b = (a ∧ ¬b) ⊕ b
                    _ => p.xor_public(&p.and_public(&a, &b.iter().map(|b| !b).collect::<Vec<_>>()), &b),
                }),
                _ => return Err(Fault::Malformed("an operation that needs a peer")),
            },
            Op::Select {} => {
                let condition = self.read_pub(first)?;
                let (x, y) = (self.read_bin(&gate.args[1], width)?, self.read_bin(&gate.args[2], width)?);
                let mask: Vec<i64> = condition.iter().map(|c| if *c != 0 { -1 } else { 0 }).collect();
                let inverse: Vec<i64> = mask.iter().map(|m| !m).collect();
                Rc::new(p.xor(&p.and_public(&x, &mask), &p.and_public(&y, &inverse)))
            }
            _ => return Err(Fault::Malformed("an operation that needs a peer")),
        })
    }

    /// Public indices as positions in an array of `len`.
    fn index(&mut self, view: &View, len: usize) -> Result<Vec<usize>, Fault> {
        self.read_pub(view)?.iter().map(|index| semantics::position(*index, len)).collect()
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

fn negated(values: &[i64]) -> Vec<i64> {
    values.iter().map(|value| value.wrapping_neg()).collect()
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
