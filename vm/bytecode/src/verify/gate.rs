//! Rules 1 and 3 to 5 for a single gate. One match over the operations without a wildcard: a new one does not compile until it has a rule.

use super::{Checked, Leaves, last, register};
use crate::interval::{Interval, result_range};
use crate::module::{Constant, Gate, Module, Slot, View};
use crate::op::Op;
use crate::types::{DataType, Kind, RegType, signed_width};

/// Values from here on are too large for exact truncation over a ring.
const TRUNCATION_LIMIT: i128 = 1 << 62;

/// A view with its type and number of lanes.
#[derive(Clone, Copy)]
struct Side {
    ty: RegType,
    lanes: u64,
}

/// Checks a gate.
pub(super) fn check(module: &Module, leaves: &Leaves<'_>, gate: &Gate) -> Checked {
    let args = gate.args.iter().map(|view| side(module, view)).collect::<Result<Vec<_>, _>>()?;
    let dst = match &gate.dst {
        Some(view) => {
            distinct(view)?;
            let dst = side(module, view)?;
            // Lanes that are distinct are of the slot wherever an index puts them, or some are outside.
            let lanes = slot(module, view)?.lanes;
            if dst.lanes > lanes {
                return Err(format!("a destination of {} lanes in slot {}, which has {lanes}", dst.lanes, view.slot.0));
            }
            Some(dst)
        }
        None => None,
    };
    operation(module, leaves, gate, dst, &args)
}

/// Rules 1 and 3 for a view.
fn side(module: &Module, view: &View) -> Result<Side, String> {
    let slot = slot(module, view)?;
    if view.dims.len() > 2 {
        return Err("a view of more than two dimensions".to_owned());
    }
    let lanes = view.lanes().ok_or("a view of more than 2^64 lanes")?;
    if let Some(index) = view.index {
        match module.slots.get(index.slot.index()) {
            Some(Slot { ty: RegType::Pub { kind: Kind::Int, .. }, lanes: 1 }) => {}
            _ => return Err(format!("slot {} is no public index", index.slot.0)),
        }
    }
    let (mut low, mut high) = (i128::from(view.offset), i128::from(view.offset));
    for dim in &view.dims {
        let last = i128::from(dim.stride) * i128::from(dim.len.max(1) - 1);
        low += last.min(0);
        high += last.max(0);
    }
    // With an index the constant part alone says nothing; the engine checks it at run time.
    let inside = match lanes {
        0 => view.offset <= slot.lanes,
        _ => low >= 0 && high < i128::from(slot.lanes),
    };
    if view.index.is_none() && !inside {
        return Err(format!("lanes {low}..={high} of slot {}, which has {}", view.slot.0, slot.lanes));
    }
    Ok(Side { ty: slot.ty, lanes })
}

fn slot<'m>(module: &'m Module, view: &View) -> Result<&'m Slot, String> {
    module.slots.get(view.slot.index()).ok_or_else(|| format!("slot {} does not exist", view.slot.0))
}

/// A destination names no lane twice: its strides do not overlap.
fn distinct(view: &View) -> Checked {
    let mut dims: Vec<(i128, i128)> =
        view.dims.iter().filter(|d| d.len > 1).map(|d| (i128::from(d.stride).abs(), i128::from(d.len))).collect();
    dims.sort_unstable();
    let mut covered = 1_i128;
    for (stride, len) in dims {
        if stride < covered {
            return Err("a destination that names a lane twice".to_owned());
        }
        covered = stride * len;
    }
    Ok(())
}

fn is_bin(side: Side) -> bool {
    matches!(side.ty, RegType::Bin { .. })
}

fn is_pub(side: Side) -> bool {
    !side.ty.is_secret()
}

fn is_number(side: Side) -> bool {
    !is_bin(side)
}

fn is_logic(side: Side) -> bool {
    matches!(side.ty, RegType::Bin { .. } | RegType::Pub { kind: Kind::Bool, .. })
}

fn range(side: Side) -> Interval {
    let (lo, hi) = side.ty.range();
    Interval::new(i128::from(lo), i128::from(hi))
}

fn want(holds: bool, what: &str) -> Checked {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

fn operands<const N: usize>(args: &[Side]) -> Result<[Side; N], String> {
    <[Side; N]>::try_from(args).map_err(|_| format!("{} operands instead of {N}", args.len()))
}

fn groups(lanes: u64, len: u64) -> Option<u64> {
    lanes.checked_mul(len)
}

/// The result is secret where an operand is, and holds the exact result.
fn number(op: Op, dst: Side, args: &[Side]) -> Checked {
    want(is_number(dst) && args.iter().all(|a| is_number(*a)), "an operand or result is no number")?;
    want(is_pub(dst) || !args.is_empty(), "no operands")?;
    want(!is_pub(dst) || args.iter().all(|a| is_pub(*a)), "a public result of a secret operand")?;
    if is_pub(dst) {
        return Ok(());
    }
    let ranges: Vec<Interval> = args.iter().map(|a| range(*a)).collect();
    let exact = result_range(op, &ranges).ok_or("an operation without a range")?;
    want(
        exact.within(range(dst)),
        &format!("the result {}..={} does not fit {}..={}", exact.lo, exact.hi, range(dst).lo, range(dst).hi),
    )
}

#[allow(clippy::too_many_lines, reason = "one arm an operation")]
fn operation(module: &Module, leaves: &Leaves<'_>, gate: &Gate, dst: Option<Side>, args: &[Side]) -> Checked {
    let result = || dst.ok_or_else(|| "no result".to_owned());
    let none = || want(dst.is_none(), "a result that nothing computes");
    let same = |a: Side, lanes: u64| want(a.lanes == lanes, "operands or result of different lengths");
    match gate.op {
        Op::Const { constant } | Op::ConstRounded { constant } => {
            let (dst, []) = (result()?, operands(args)?);
            want(is_pub(dst), "a constant is public")?;
            constant_fits(module.constants.get(constant.index()), dst)
        }
        Op::Copy {} => {
            let (dst, [a]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            moves(dst, a)
        }
        Op::Gather {} => {
            let (dst, [a, index]) = (result()?, operands(args)?);
            want(is_pub(index), "a secret index")?;
            same(index, dst.lanes)?;
            moves(dst, a)
        }
        Op::Scatter {} => {
            let (dst, [values, index]) = (result()?, operands(args)?);
            want(is_pub(index), "a secret index")?;
            same(index, values.lanes)?;
            moves(dst, values)
        }
        Op::Add {} | Op::Sub {} | Op::Mul {} | Op::Div {} | Op::Rem {} => {
            let (dst, [a, b]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            same(b, dst.lanes)?;
            if matches!(gate.op, Op::Mul {}) && gate.args[0] == gate.args[1] && !is_pub(dst) {
                let exact = range(a).square();
                want(is_number(a) && is_number(dst), "an operand or result is no number")?;
                return want(exact.within(range(dst)), "the square does not fit");
            }
            number(gate.op, dst, args)
        }
        Op::FixDiv { frac } => {
            let (dst, [a, b]) = (result()?, operands(args)?);
            want(frac <= 62, "too many fractional bits")?;
            same(a, dst.lanes)?;
            same(b, dst.lanes)?;
            number(gate.op, dst, args)
        }
        Op::AddWrap {} | Op::SubWrap {} | Op::MulWrap {} => {
            let (dst, [a, b]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            same(b, dst.lanes)?;
            number(gate.op, dst, args)
        }
        Op::Neg {} => {
            let (dst, [a]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            number(gate.op, dst, args)
        }
        Op::Sqrt { frac } => {
            let (dst, [a]) = (result()?, operands(args)?);
            want(frac <= 62, "too many fractional bits")?;
            same(a, dst.lanes)?;
            number(gate.op, dst, args)
        }
        Op::Trunc { bits } | Op::Round { bits } | Op::TruncStochastic { bits } => {
            let (dst, [a]) = (result()?, operands(args)?);
            want(bits <= 62, "a shift by more than 62 bits")?;
            same(a, dst.lanes)?;
            want(is_pub(a) || range(a).magnitude() < TRUNCATION_LIMIT, "an operand of 2^62 or more")?;
            number(gate.op, dst, args)
        }
        Op::Dot { len } => {
            let (dst, [a, b]) = (result()?, operands(args)?);
            want(len > 0, "groups of no lanes")?;
            want(groups(dst.lanes, len) == Some(a.lanes) && a.lanes == b.lanes, "operands of another length")?;
            if gate.args[0] == gate.args[1] && !is_pub(dst) {
                want(is_number(a) && is_number(dst), "an operand or result is no number")?;
                return want(range(a).square().times(len).within(range(dst)), "the sum of squares does not fit");
            }
            number(gate.op, dst, args)
        }
        Op::MatMul { rows, inner, cols } => {
            let (dst, [a, b]) = (result()?, operands(args)?);
            let sizes = [groups(rows, inner), groups(inner, cols), groups(rows, cols)];
            want(sizes == [Some(a.lanes), Some(b.lanes), Some(dst.lanes)], "matrices of another size")?;
            number(gate.op, dst, args)
        }
        Op::Sum { len } => {
            let (dst, [a]) = (result()?, operands(args)?);
            want(len > 0, "groups of no lanes")?;
            want(groups(dst.lanes, len) == Some(a.lanes), "an operand of another length")?;
            number(gate.op, dst, args)
        }
        Op::PrefixSum { len } => {
            let (dst, [a]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            want(len > 0 && a.lanes.is_multiple_of(len), "groups that do not fill the operand")?;
            number(gate.op, dst, args)
        }
        Op::Lt {} | Op::Eq {} => {
            let (dst, [a, b]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            same(b, dst.lanes)?;
            want(truth(dst, is_pub(a) && is_pub(b)), "the result is no truth value")?;
            match [width(a), width(b)].into_iter().flatten().max() {
                Some(_) if matches!(gate.op, Op::Lt {}) => Err("an operand is no number".to_owned()),
                Some(wide) => want(spells(a, wide) && spells(b, wide), "a word with something that is no such word"),
                None => Ok(()),
            }
        }
        Op::Select {} => {
            let (dst, [c, a, b]) = (result()?, operands(args)?);
            [c, a, b].into_iter().try_for_each(|side| same(side, dst.lanes))?;
            want(is_logic(c) && !matches!(c.ty, RegType::Bin { width: 2.. }), "the condition is no truth value")?;
            want(!is_pub(dst) || is_pub(c), "a public result of a secret condition")?;
            moves(dst, a)?;
            moves(dst, b)
        }
        Op::Xor {} | Op::And {} | Op::Or {} => {
            let (dst, [a, b]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            same(b, dst.lanes)?;
            logic(dst, &[a, b])
        }
        Op::Not {} => {
            let (dst, [a]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            want(is_logic(a) && is_logic(dst), "an operand or result is no truth value or word")?;
            logic(dst, &[a])
        }
        Op::Planes { .. } => {
            let (dst, [a]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            want(is_bin(dst) && is_bin(a), "an operand or result is no word of planes")
        }
        Op::Join {} => {
            let dst = result()?;
            want(!args.is_empty(), "a join without operands")?;
            let widths: Option<Vec<u32>> = args.iter().map(|a| width(*a)).collect();
            let widths = widths.ok_or("an operand is no word of planes")?;
            let sum = widths.iter().map(|w| u64::from(*w)).sum::<u64>();
            want(width(dst).map(u64::from) == Some(sum), "a result of another width than the operands together")?;
            args.iter().try_for_each(|a| same(*a, dst.lanes))
        }
        Op::Netlist { netlist } => {
            let dst = result()?;
            let netlist = module.netlists.get(netlist.index()).ok_or("the netlist does not exist")?;
            want(!args.is_empty(), "a netlist without operands")?;
            let widths: Vec<Option<u32>> = args.iter().map(|a| width(*a)).collect();
            let wanted: Vec<Option<u32>> = netlist.inputs().iter().map(|w| Some(*w)).collect();
            want(widths == wanted, "operands of other widths than the netlist's inputs")?;
            want(width(dst).map(|w| w as usize) == Some(netlist.outputs().len()), "a result of another width")?;
            args.iter().try_for_each(|a| same(*a, dst.lanes))
        }
        Op::A2b {} => {
            let (dst, [a]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            let RegType::Arith { lo, hi, .. } = a.ty else { return Err("the operand is no secret number".to_owned()) };
            let wide = width(dst).ok_or("the result is no word of planes")?;
            want(
                wide <= 64 && (wide >= signed_width(lo, hi) || lo >= 0 && wide + 1 >= signed_width(lo, hi)),
                "too few planes",
            )
        }
        Op::B2a { signed } => {
            let (dst, [a]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            let wide = width(a).filter(|w| *w <= 64).ok_or("the operand is no word of at most 64 planes")?;
            let spelled = match (signed, wide) {
                (true, w) => Interval::new(-(1 << (w - 1)), (1 << (w - 1)) - 1),
                (false, w) => Interval::new(0, (1 << w) - 1),
            };
            want(matches!(dst.ty, RegType::Arith { .. }), "the result is no secret number")?;
            want(spelled.within(range(dst)), "the number does not fit the result")
        }
        Op::Input { input, leaf } => {
            let (dst, []) = (result()?, operands(args)?);
            let secret = module.manifest.inputs.get(input.index()).ok_or("the input does not exist")?.secret;
            let leaves = leaves.inputs.get(input.index()).ok_or("the input does not exist")?;
            let leaf = leaves.get(leaf as usize).ok_or("the leaf does not exist")?;
            want(leaf.lanes == Some(dst.lanes), "another number of lanes than the input's")?;
            let declared = register(leaf.ty, secret);
            match (declared, dst.ty) {
                (RegType::Arith { frac, .. }, RegType::Arith { lo: i64::MIN, hi: i64::MAX, frac: own })
                    if frac == own =>
                {
                    Ok(())
                }
                (RegType::Arith { .. }, _) => Err("a secret input has the full range until prove_range".to_owned()),
                (declared, own) => want(declared == own, "another type than the input's"),
            }
        }
        Op::Relabel {} => {
            let (dst, [a]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            want(is_number(dst) && is_number(a), "an operand or result is no number")?;
            want(is_pub(dst) == is_pub(a) && dst.ty.frac() == a.ty.frac(), "another domain or scale")
        }
        Op::ProveRange {} => {
            let (dst, [a]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            match (dst.ty, a.ty) {
                (RegType::Arith { frac, .. }, RegType::Arith { frac: own, .. }) => want(frac == own, "another scale"),
                _ => Err("no secret number".to_owned()),
            }
        }
        Op::Open { .. } => {
            let (dst, [a]) = (result()?, operands(args)?);
            same(a, dst.lanes)?;
            want(is_pub(dst) && !is_pub(a), "opens a secret to a public register")?;
            match (dst.ty, a.ty) {
                (RegType::Pub { kind: Kind::Bool, .. }, RegType::Bin { width: 1 }) => Ok(()),
                (RegType::Pub { kind: Kind::Int, frac: 0, lo, hi }, RegType::Bin { width: wide @ ..=63 }) => {
                    want(lo <= 0 && i128::from(hi) >= (1 << wide) - 1, "the word does not fit the result")
                }
                (RegType::Pub { .. }, RegType::Bin { .. }) => {
                    Err("opens a word to something else than a bool of one bit or an integer of at most 63".to_owned())
                }
                _ => want(
                    dst.ty.frac() == a.ty.frac() && range(a).within(range(dst)),
                    "the value does not fit the result",
                ),
            }
        }
        Op::Output { output, leaf } => {
            none()?;
            let [a] = operands(args)?;
            let leaves = leaves.outputs.get(output.index()).ok_or("the output does not exist")?;
            let leaf = leaves.get(leaf as usize).ok_or("the leaf does not exist")?;
            want(leaf.lanes == Some(a.lanes), "another number of lanes than the output's")?;
            let fits = match *leaf.ty {
                DataType::Bool => is_logic(a) && !matches!(a.ty, RegType::Bin { width: 2.. }),
                DataType::Int { lo, hi } => {
                    is_number(a) && a.ty.frac() == 0 && range(a).within(Interval::new(lo.into(), hi.into()))
                }
                DataType::Fix { frac, lo, hi } => {
                    is_number(a) && a.ty.frac() == frac && range(a).within(Interval::new(lo.into(), hi.into()))
                }
                DataType::Bits { width: wide } => width(a) == Some(wide),
                DataType::Enum { ref variants, .. } => {
                    let names = Interval::new(0, last(variants).into());
                    is_number(a) && a.ty.frac() == 0 && range(a).within(names)
                }
                DataType::Maybe(_)
                | DataType::Array { .. }
                | DataType::Rows { .. }
                | DataType::Struct { .. }
                | DataType::Tuple(_) => false,
            };
            want(fits, "another type than the output's")
        }
        Op::Check { message } => {
            none()?;
            let [a] = operands(args)?;
            want(message.index() < module.messages.len(), "the message does not exist")?;
            want(is_logic(a) && !matches!(a.ty, RegType::Bin { width: 2.. }), "the condition is no truth value")
        }
        Op::StopUnless { message } => {
            none()?;
            let [a] = operands(args)?;
            want(message.index() < module.messages.len(), "the message does not exist")?;
            want(is_logic(a) && is_pub(a), "the condition is no public truth value")
        }
        Op::Random {} => {
            let (dst, []) = (result()?, operands(args)?);
            want(is_bin(dst), "the result is no word of planes")
        }
        Op::Sort { columns } => {
            let (dst, [table]) = (result()?, operands(args)?);
            want(columns > 0 && table.lanes.is_multiple_of(u64::from(columns)), "columns that do not fill the table")?;
            same(table, dst.lanes)?;
            want(matches!(table.ty, RegType::Arith { .. }), "the table is no secret numbers")?;
            want(matches!(dst.ty, RegType::Arith { .. }), "the result is no secret numbers")?;
            moves(dst, table)
        }
    }
}

fn width(side: Side) -> Option<u32> {
    match side.ty {
        RegType::Bin { width } => Some(width),
        RegType::Pub { .. } | RegType::Arith { .. } => None,
    }
}

/// Whether a value of one side may become one of the other: public to secret, narrow to wide, of one scale.
fn moves(dst: Side, a: Side) -> Checked {
    let fits = match (dst.ty, a.ty) {
        (RegType::Bin { width }, RegType::Bin { width: own }) => width == own,
        (RegType::Bin { width }, RegType::Pub { .. }) => spells(a, width),
        (RegType::Bin { .. }, _) | (_, RegType::Bin { .. }) | (RegType::Pub { .. }, RegType::Arith { .. }) => false,
        (RegType::Pub { frac, .. }, RegType::Pub { frac: own, .. }) => frac == own,
        (RegType::Arith { frac, .. }, RegType::Pub { frac: own, .. } | RegType::Arith { frac: own, .. }) => {
            frac == own && range(a).within(range(dst))
        }
    };
    want(fits, "a value of another type, scale or range than the result's")
}

fn logic(dst: Side, args: &[Side]) -> Checked {
    let secret = args.iter().any(|a| is_bin(*a));
    match dst.ty {
        RegType::Bin { width: wide } => {
            want(secret, "a secret result of public operands")?;
            want(args.iter().all(|a| width(*a).is_none_or(|w| w == wide)), "operands of different widths")?;
            want(args.iter().all(|a| spells(*a, wide)), "an operand is no word of the result's width")
        }
        RegType::Pub { kind: Kind::Bool, .. } => {
            want(!secret, "a public result of a secret operand")?;
            want(args.iter().all(|a| is_logic(*a)), "an operand is no truth value")
        }
        // What the bits spell is held against the range as it runs.
        RegType::Pub { kind: Kind::Int, .. } => {
            let integers = args.iter().all(|a| matches!(a.ty, RegType::Pub { kind: Kind::Int | Kind::Bool, .. }));
            want(integers, "an operand is no public integer")
        }
        RegType::Pub { .. } | RegType::Arith { .. } => Err("the result is no truth value, integer or word".to_owned()),
    }
}

/// Whether every value of a side is a word of that width: words of planes are, and public integers in 0..2^width.
fn spells(a: Side, wide: u32) -> bool {
    match a.ty {
        RegType::Bin { width } => width == wide,
        RegType::Pub { lo, hi, frac: 0, .. } => lo >= 0 && (wide >= 63 || hi >> wide == 0),
        RegType::Pub { .. } | RegType::Arith { .. } => false,
    }
}

fn truth(dst: Side, public: bool) -> bool {
    match dst.ty {
        RegType::Bin { width } => width == 1 && !public,
        RegType::Pub { kind, .. } => kind == Kind::Bool && public,
        RegType::Arith { .. } => false,
    }
}

fn constant_fits(constant: Option<&Constant>, dst: Side) -> Checked {
    let all = match constant.ok_or("the constant does not exist")? {
        Constant::Words(words) => {
            want(words.len() == 1 || words.len() as u64 == dst.lanes, "another number of values than lanes")?;
            words.iter().all(|word| range(dst).contains(i128::from(*word)))
        }
        Constant::Range { start, step } => {
            let last = i128::from(*start) + i128::from(*step) * i128::from(dst.lanes.max(1) - 1);
            range(dst).contains(i128::from(*start)) && range(dst).contains(last)
        }
    };
    want(all, "a value outside the result's range")
}
