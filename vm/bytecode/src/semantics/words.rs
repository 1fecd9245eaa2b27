//! The meaning of operations on words of any width.
//!
//! A word of up to 64 bits is one `i64`, as a number is. A wider one takes [`RegType::limbs`] of them a lane, least significant first.

use super::{Fault, Operand, position};
use crate::module::Slot;
use crate::op::Op;
use crate::types::RegType;
use smpc_math::netlist::Netlist;

/// The result of an operation that is about words alone, or whose operands or result are words of more than 64 bits; `None` of another.
pub(super) fn eval(
    op: Op,
    result: &Slot,
    args: &[Operand<'_>],
    netlist: Option<&Netlist>,
) -> Option<Result<Vec<i64>, Fault>> {
    let wide = result.ty.limbs() > 1 || args.iter().any(|arg| arg.ty.limbs() > 1);
    match op {
        Op::Planes { .. } | Op::Join {} | Op::Netlist { .. } => {}
        _ if wide => {}
        _ => return None,
    }
    let words: Vec<Words<'_>> = args.iter().map(Words::of).collect();
    let lanes = usize::try_from(result.lanes).map_err(|_| Fault::Malformed("too many lanes"));
    Some(lanes.and_then(|lanes| of_words(op, result.ty, lanes, &words, netlist)))
}

/// An operand as words.
struct Words<'a> {
    limbs: usize,
    width: usize,
    lanes: &'a [i64],
}

impl<'a> Words<'a> {
    fn of(arg: &'a Operand<'_>) -> Self {
        let width = if let RegType::Bin { width } = arg.ty { width as usize } else { 64 };
        Self { limbs: arg.ty.limbs(), width, lanes: &arg.lanes }
    }

    fn len(&self) -> usize {
        self.lanes.len() / self.limbs
    }

    fn lane(&self, lane: usize) -> &'a [i64] {
        &self.lanes[lane * self.limbs..(lane + 1) * self.limbs]
    }

    /// Limb `at` of a lane; those beyond the top are 0.
    fn limb(&self, lane: usize, at: usize) -> u64 {
        self.lane(lane).get(at).map_or(0, |limb| limb.cast_unsigned())
    }

    /// Bit `at` of a lane.
    fn bit(&self, lane: usize, at: usize) -> bool {
        at < self.width && self.limb(lane, at / 64) >> (at % 64) & 1 == 1
    }

    /// 64 bits of a lane from bit `at` on.
    fn bits(&self, lane: usize, at: usize) -> u64 {
        let (limb, shift) = (at / 64, at % 64);
        let low = self.limb(lane, limb) >> shift;
        if shift == 0 { low } else { low | self.limb(lane, limb + 1) << (64 - shift) }
    }
}

fn of_words(
    op: Op,
    ty: RegType,
    lanes: usize,
    args: &[Words<'_>],
    netlist: Option<&Netlist>,
) -> Result<Vec<i64>, Fault> {
    let arg = |i: usize| args.get(i).ok_or(Fault::Malformed("an operand is missing"));
    let rows = |args: &[&Words<'_>]| match args.iter().all(|arg| arg.len() == lanes) {
        true => Ok(()),
        false => Err(Fault::Malformed("operands of different lengths")),
    };
    let index = |i: usize| Ok::<_, Fault>(arg(i)?.lanes.iter().copied());
    match op {
        Op::Copy {} => {
            rows(&[arg(0)?])?;
            Ok(by_limb(ty, lanes, |lane, at| args[0].limb(lane, at)))
        }
        Op::Gather {} => {
            let from: Vec<usize> = index(1)?.map(|i| position(i, args[0].len())).collect::<Result<_, _>>()?;
            if from.len() != lanes {
                return Err(Fault::Malformed("another number of lanes"));
            }
            Ok(by_limb(ty, lanes, |lane, at| args[0].limb(from[lane], at)))
        }
        Op::Scatter {} => {
            rows(&[arg(0)?])?;
            let values = arg(1)?;
            let mut from: Vec<Option<usize>> = vec![None; lanes];
            for (value, index) in index(2)?.enumerate().take(values.len()) {
                if from[position(index, lanes)?].replace(value).is_some() {
                    return Err(Fault::Repeated { index });
                }
            }
            let limb = |lane: usize, at| from[lane].map_or(args[0].limb(lane, at), |value| values.limb(value, at));
            Ok(by_limb(ty, lanes, limb))
        }
        Op::Select {} => {
            rows(&[arg(0)?, arg(1)?, arg(2)?])?;
            Ok(by_limb(ty, lanes, |lane, at| args[if args[0].limb(lane, 0) == 0 { 2 } else { 1 }].limb(lane, at)))
        }
        Op::Xor {} | Op::And {} | Op::Or {} => {
            let (a, b) = (arg(0)?, arg(1)?);
            rows(&[a, b])?;
            let both = |lane, at| {
                let (a, b) = (a.limb(lane, at), b.limb(lane, at));
                match op {
                    Op::Xor {} => a ^ b,
                    Op::And {} => a & b,
                    _ => a | b,
                }
            };
            Ok(by_limb(ty, lanes, both))
        }
        Op::Not {} => {
            rows(&[arg(0)?])?;
            Ok(by_limb(ty, lanes, |lane, at| !args[0].limb(lane, at)))
        }
        Op::Eq {} => {
            let (a, b) = (arg(0)?, arg(1)?);
            rows(&[a, b])?;
            let limbs = a.limbs.max(b.limbs);
            let equal = |lane| i64::from((0..limbs).all(|at| a.limb(lane, at) == b.limb(lane, at)));
            Ok((0..lanes).map(equal).collect())
        }
        Op::Planes { from } => {
            rows(&[arg(0)?])?;
            Ok(by_limb(ty, lanes, |lane, at| args[0].bits(lane, from as usize + 64 * at)))
        }
        Op::Join {} => {
            rows(&args.iter().collect::<Vec<_>>())?;
            let bits = |lane| args.iter().flat_map(move |arg| (0..arg.width).map(move |at| arg.bit(lane, at)));
            Ok((0..lanes).flat_map(|lane| pack(ty, bits(lane))).collect())
        }
        Op::Netlist { .. } => {
            let netlist = netlist.ok_or(Fault::Malformed("no netlist"))?;
            if netlist.inputs().len() != args.len() || netlist.outputs().len() > ty.limbs() * 64 {
                return Err(Fault::Malformed("a netlist of other words"));
            }
            rows(&args.iter().collect::<Vec<_>>())?;
            let call = |lane: usize| {
                let words = args.iter().zip(netlist.inputs());
                let bits: Vec<bool> =
                    words.flat_map(|(arg, width)| (0..*width as usize).map(move |at| arg.bit(lane, at))).collect();
                pack(ty, netlist.evaluate_bits(&bits).into_iter())
            };
            Ok((0..lanes).flat_map(call).collect())
        }
        _ => Err(Fault::Malformed("no operation on words")),
    }
}

/// Lanes of words, limb by limb; bits above the width are cut off.
fn by_limb(ty: RegType, lanes: usize, limb: impl Fn(usize, usize) -> u64) -> Vec<i64> {
    let limbs = ty.limbs();
    let top = match ty {
        RegType::Bin { width } if !width.is_multiple_of(64) => (1 << (width % 64)) - 1,
        RegType::Bin { .. } | RegType::Pub { .. } | RegType::Arith { .. } => u64::MAX,
    };
    let masked = |lane, at| if at + 1 == limbs { limb(lane, at) & top } else { limb(lane, at) };
    (0..lanes)
        .flat_map(|lane| (0..limbs).map(move |at| (lane, at)))
        .map(|(lane, at)| masked(lane, at).cast_signed())
        .collect()
}

/// The limbs of a word from its bits; missing ones are 0.
fn pack(ty: RegType, bits: impl Iterator<Item = bool>) -> Vec<i64> {
    let mut limbs = vec![0_i64; ty.limbs()];
    for (at, bit) in bits.enumerate().take(limbs.len() * 64) {
        limbs[at / 64] |= i64::from(bit) << (at % 64);
    }
    limbs
}
