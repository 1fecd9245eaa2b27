//! The meaning of every operation on mathematical integers, in the clear.
//!
//! The constant folder, the IR interpreter, the public half of the engine and the tests of protocols all use this one definition. Lanes are
//! `i64`: a number as it is, a `bool` as 0 or 1, a word of planes as its bits, of which wide ones take several (`words.rs`).

mod words;

use crate::interval::{round_quotient, round_root};
use crate::module::Slot;
use crate::op::Op;
use crate::types::{RegType, signed_width};
use smpc_math::netlist::Netlist;
use std::borrow::Cow;
use std::fmt;

/// Why an operation has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The result lies outside its register's range.
    Range {
        /// The exact result.
        value: i128,
        /// The register's range.
        range: (i64, i64),
    },
    /// An index is not one of the array's.
    Bounds {
        /// The index.
        index: i64,
        /// Number of elements.
        len: u64,
    },
    /// An index that is written twice.
    Repeated {
        /// The index.
        index: i64,
    },
    /// A public divisor is 0.
    ZeroDivisor,
    /// The condition of a `check` or stop does not hold.
    Stopped,
    /// A value of an input lies outside its declared range, as all parties have found out together, and no more than that.
    Input {
        /// Whose it is, where it was proven of the inputs of a role.
        role: Option<String>,
    },
    /// Operands do not fit the operation; a verified module never gets here.
    Malformed(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range { value, range: (lo, hi) } => write!(f, "the result {value} lies outside {lo}..={hi}"),
            Self::Bounds { index, len } => write!(f, "index {index} is outside an array of {len} elements"),
            Self::Repeated { index } => write!(f, "index {index} is written twice"),
            Self::ZeroDivisor => write!(f, "a division by zero"),
            Self::Stopped => write!(f, "a check failed"),
            Self::Input { role: Some(role) } => write!(
                f,
                "an input of role {role} has a value outside of its declared range; which one, only its own party can see"
            ),
            Self::Input { role: None } => write!(f, "an input has a value outside of its declared range"),
            Self::Malformed(what) => write!(f, "malformed operation: {what}"),
        }
    }
}

impl std::error::Error for Fault {}

/// An operand in the clear.
#[derive(Clone, Debug)]
pub struct Operand<'a> {
    /// Type of its register.
    pub ty: RegType,
    /// Its lanes, each [`RegType::limbs`] long.
    pub lanes: Cow<'a, [i64]>,
}

/// The result of an operation, checked against the range of its register.
///
/// `netlist` is the operation's netlist, if it has one. For `scatter` the first operand is the array before the operation: `(array, values,
/// index)`. `const`, `input` and `random` have no operands and no meaning here.
///
/// # Errors
/// See [`Fault`].
pub fn eval(op: Op, result: &Slot, args: &[Operand<'_>], netlist: Option<&Netlist>) -> Result<Vec<i64>, Fault> {
    if let Some(words) = words::eval(op, result, args, netlist) {
        return words;
    }
    let lanes = usize::try_from(result.lanes).map_err(|_| Fault::Malformed("too many lanes"))?;
    let eval = Eval { args, lanes };
    let values = match op {
        Op::Copy {} | Op::Relabel {} | Op::ProveRange {} | Op::Open { .. } => eval.map(i128::from)?,
        Op::Gather {} => return check(result, gather(eval.arg(0)?, eval.arg(1)?)?),
        Op::Scatter {} => return check(result, scatter(eval.arg(0)?, eval.arg(1)?, eval.arg(2)?)?),
        Op::Add {} => eval.zip(|a, b| a + b)?,
        Op::Sub {} => eval.zip(|a, b| a - b)?,
        Op::Neg {} => eval.map(|a| -i128::from(a))?,
        Op::Mul {} => eval.zip(|a, b| a * b)?,
        Op::AddWrap {} => eval.zip(|a, b| modulo(a + b).into())?,
        Op::SubWrap {} => eval.zip(|a, b| modulo(a - b).into())?,
        Op::MulWrap {} => eval.zip(|a, b| modulo(a * b).into())?,
        Op::Dot { len } => eval.groups(len, |_, a, b| dot(a.iter(), b.iter()))?,
        Op::MatMul { rows, inner, cols } => matmul(eval.arg(0)?, eval.arg(1)?, rows, inner, cols)?,
        Op::Sum { len } => eval.groups(len, |_, a, _| a.iter().map(|x| i128::from(*x)).sum())?,
        Op::PrefixSum { len } => prefix_sum(eval.arg(0)?, len)?,
        Op::Trunc { bits } => eval.map(|a| i128::from(a) >> bits.min(127))?,
        Op::Round { bits } | Op::TruncStochastic { bits } => eval.map(|a| round(a, bits))?,
        Op::Div {} => eval.divide(|a, b| if b == 0 { 0 } else { a / b })?,
        Op::Rem {} => eval.divide(|a, b| if b == 0 { a } else { a % b })?,
        Op::FixDiv { frac } => {
            eval.divide(|a, b| if b == 0 { 0 } else { round_quotient(a.saturating_mul(1 << frac.min(62)), b) })?
        }
        Op::Sqrt { frac } => eval.map(|a| round_root(i128::from(a), frac))?,
        Op::Lt {} => eval.zip(|a, b| i128::from(a < b))?,
        Op::Eq {} => eval.zip(|a, b| i128::from(a == b))?,
        Op::Select {} => eval.select()?,
        Op::Xor {} => eval.zip(|a, b| a ^ b)?,
        Op::And {} => eval.zip(|a, b| a & b)?,
        Op::Or {} => eval.zip(|a, b| a | b)?,
        Op::Not {} => {
            let mask = ones(result.ty);
            return Ok(eval.arg(0)?.iter().map(|a| (!a) & mask).collect());
        }
        Op::A2b {} => {
            let mask = ones(result.ty);
            return Ok(eval.arg(0)?.iter().map(|a| a & mask).collect());
        }
        Op::B2a { signed } => {
            let RegType::Bin { width } = args.first().ok_or(Fault::Malformed("no operand"))?.ty else {
                return Err(Fault::Malformed("b2a of a number"));
            };
            eval.map(|a| word(a, width, signed))?
        }
        Op::Check { .. } | Op::StopUnless { .. } => {
            return if eval.arg(0)?.iter().all(|a| *a != 0) { Ok(Vec::new()) } else { Err(Fault::Stopped) };
        }
        Op::Output { .. } => return Ok(Vec::new()),
        Op::Sort { columns } => return check(result, sort(eval.arg(0)?, columns)?),
        Op::Const { .. }
        | Op::ConstRounded { .. }
        | Op::Input { .. }
        | Op::Random {}
        | Op::Planes { .. }
        | Op::Join {}
        | Op::Netlist { .. } => {
            return Err(Fault::Malformed("no meaning in the clear"));
        }
    };
    narrow(result, values, lanes)
}

/// All ones of a word of planes, or 1 for a public `bool`.
const fn ones(ty: RegType) -> i64 {
    match ty {
        RegType::Bin { width } if width >= 64 => -1,
        RegType::Bin { width } => i64::MAX >> (63 - width),
        RegType::Pub { .. } | RegType::Arith { .. } => 1,
    }
}

/// The number that the low `width` bits spell.
fn word(bits: i64, width: u32, signed: bool) -> i128 {
    if signed && width < 64 {
        return i128::from(bits << (64 - width) >> (64 - width));
    }
    if signed { i128::from(bits) } else { i128::from(bits.cast_unsigned()) }
}

/// The integer of 64-bit two's complement that is congruent modulo 2^64.
#[allow(clippy::cast_possible_truncation, reason = "the low 64 bits are what is asked for")]
#[must_use]
pub const fn modulo(value: i128) -> i64 {
    value as i64
}

fn round(a: i64, bits: u32) -> i128 {
    let a = i128::from(a);
    if bits == 0 { a } else { (a + (1 << (bits.min(126) - 1))) >> bits.min(126) }
}

/// Saturates beyond 128 bits, which lies outside every register's range.
fn dot<'a>(a: impl Iterator<Item = &'a i64>, b: impl Iterator<Item = &'a i64>) -> i128 {
    a.zip(b).fold(0, |sum, (a, b)| sum.saturating_add(i128::from(*a) * i128::from(*b)))
}

struct Eval<'a> {
    args: &'a [Operand<'a>],
    lanes: usize,
}

impl Eval<'_> {
    fn arg(&self, i: usize) -> Result<&[i64], Fault> {
        self.args.get(i).map(|arg| arg.lanes.as_ref()).ok_or(Fault::Malformed("an operand is missing"))
    }

    fn map(&self, f: impl Fn(i64) -> i128) -> Result<Vec<i128>, Fault> {
        Ok(self.arg(0)?.iter().map(|a| f(*a)).collect())
    }

    fn zip(&self, f: impl Fn(i128, i128) -> i128) -> Result<Vec<i128>, Fault> {
        let (a, b) = (self.arg(0)?, self.arg(1)?);
        if a.len() != b.len() {
            return Err(Fault::Malformed("operands of different lengths"));
        }
        Ok(a.iter().zip(b).map(|(a, b)| f(i128::from(*a), i128::from(*b))).collect())
    }

    fn divide(&self, f: impl Fn(i128, i128) -> i128) -> Result<Vec<i128>, Fault> {
        let public = self.args.get(1).is_some_and(|arg| !arg.ty.is_secret());
        if public && self.arg(1)?.contains(&0) {
            return Err(Fault::ZeroDivisor);
        }
        self.zip(f)
    }

    fn groups(&self, len: u64, f: impl Fn(usize, &[i64], &[i64]) -> i128) -> Result<Vec<i128>, Fault> {
        let len = usize::try_from(len).map_err(|_| Fault::Malformed("too long"))?;
        let (a, b) = (self.arg(0)?, if self.args.len() > 1 { self.arg(1)? } else { self.arg(0)? });
        if a.len() != b.len() || a.len() != len.saturating_mul(self.lanes) {
            return Err(Fault::Malformed("groups do not fill the operand"));
        }
        Ok((0..self.lanes).map(|i| f(i, &a[i * len..(i + 1) * len], &b[i * len..(i + 1) * len])).collect())
    }

    fn select(&self) -> Result<Vec<i128>, Fault> {
        let (c, a, b) = (self.arg(0)?, self.arg(1)?, self.arg(2)?);
        if c.len() != a.len() || a.len() != b.len() {
            return Err(Fault::Malformed("operands of different lengths"));
        }
        Ok((0..c.len()).map(|i| i128::from(if c[i] != 0 { a[i] } else { b[i] })).collect())
    }
}

/// The values as a register's lanes, in its range.
fn narrow(result: &Slot, values: Vec<i128>, lanes: usize) -> Result<Vec<i64>, Fault> {
    if values.len() != lanes {
        return Err(Fault::Malformed("another number of lanes"));
    }
    if let RegType::Bin { width: 64.. } = result.ty {
        #[allow(clippy::cast_possible_truncation, reason = "the bits of the word")]
        return Ok(values.into_iter().map(|v| v as i64).collect());
    }
    let (lo, hi) = result.ty.range();
    let fit = |value: i128| {
        i64::try_from(value).ok().filter(|v| (lo..=hi).contains(v)).ok_or(Fault::Range { value, range: (lo, hi) })
    };
    values.into_iter().map(fit).collect()
}

fn check(result: &Slot, values: Vec<i64>) -> Result<Vec<i64>, Fault> {
    let lanes = values.len();
    if u64::try_from(lanes) != Ok(result.lanes) {
        return Err(Fault::Malformed("another number of lanes"));
    }
    narrow(result, values.into_iter().map(i128::from).collect(), lanes)
}

/// The position of an index in an array.
///
/// # Errors
/// [`Fault::Bounds`] where it is outside.
pub fn position(index: i64, len: usize) -> Result<usize, Fault> {
    usize::try_from(index).ok().filter(|i| *i < len).ok_or(Fault::Bounds { index, len: len as u64 })
}

fn gather(array: &[i64], index: &[i64]) -> Result<Vec<i64>, Fault> {
    index.iter().map(|i| Ok(array[position(*i, array.len())?])).collect()
}

fn scatter(array: &[i64], values: &[i64], index: &[i64]) -> Result<Vec<i64>, Fault> {
    let mut out = array.to_vec();
    let mut seen = vec![false; out.len()];
    for (value, index) in values.iter().zip(index) {
        let at = position(*index, out.len())?;
        if std::mem::replace(&mut seen[at], true) {
            return Err(Fault::Repeated { index: *index });
        }
        out[at] = *value;
    }
    Ok(out)
}

fn matmul(a: &[i64], b: &[i64], rows: u64, inner: u64, cols: u64) -> Result<Vec<i128>, Fault> {
    let size = |n: u64| usize::try_from(n).map_err(|_| Fault::Malformed("too large"));
    let (rows, inner, cols) = (size(rows)?, size(inner)?, size(cols)?);
    if rows.checked_mul(inner) != Some(a.len()) || inner.checked_mul(cols) != Some(b.len()) {
        return Err(Fault::Malformed("matrices of other sizes"));
    }
    let entry = |r: usize, c: usize| dot(a[r * inner..(r + 1) * inner].iter(), b.iter().skip(c).step_by(cols.max(1)));
    Ok((0..rows).flat_map(|r| (0..cols).map(move |c| (r, c))).map(|(r, c)| entry(r, c)).collect())
}

fn prefix_sum(a: &[i64], len: u64) -> Result<Vec<i128>, Fault> {
    let len = usize::try_from(len).map_err(|_| Fault::Malformed("too long"))?;
    if len == 0 || !a.len().is_multiple_of(len) {
        return Err(Fault::Malformed("groups do not fill the operand"));
    }
    let running = |group: &[i64]| {
        group
            .iter()
            .scan(0_i128, |sum, x| {
                *sum += i128::from(*x);
                Some(*sum)
            })
            .collect::<Vec<_>>()
    };
    Ok(a.chunks(len).flat_map(running).collect())
}

/// The rows of a table of so many columns in ascending order of the first; equal ones stay in their order.
fn sort(table: &[i64], columns: u32) -> Result<Vec<i64>, Fault> {
    let columns = columns.max(1) as usize;
    if !table.len().is_multiple_of(columns) {
        return Err(Fault::Malformed("columns do not fill the table"));
    }
    let rows = table.len() / columns;
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by_key(|row| table[*row]);
    Ok((0..columns).flat_map(|column| order.iter().map(move |row| table[column * rows + row])).collect())
}

/// Bits of the two's complement that holds a register's range; for a word of planes its width.
#[must_use]
pub const fn width_of(ty: RegType) -> u32 {
    match ty {
        RegType::Bin { width } => width,
        RegType::Pub { lo, hi, .. } | RegType::Arith { lo, hi, .. } => signed_width(lo, hi),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::NetlistId;
    use crate::types::Kind;
    use smpc_math::circuits::{add, netlist};

    fn int(lanes: &[i64]) -> Operand<'_> {
        Operand { ty: RegType::arith(i64::MIN, i64::MAX), lanes: lanes.into() }
    }

    fn run(op: Op, result: RegType, lanes: u64, args: &[Operand<'_>]) -> Result<Vec<i64>, Fault> {
        eval(op, &Slot { ty: result, lanes }, args, None)
    }

    const FULL: RegType = RegType::arith(i64::MIN, i64::MAX);

    #[test]
    fn numbers() {
        assert_eq!(run(Op::Add {}, FULL, 2, &[int(&[1, -5]), int(&[2, 3])]), Ok(vec![3, -2]));
        let over = run(Op::Mul {}, FULL, 1, &[int(&[i64::MAX]), int(&[2])]);
        assert!(matches!(over, Err(Fault::Range { .. })));
        assert_eq!(run(Op::Round { bits: 1 }, FULL, 4, &[int(&[1, -1, 3, -3])]), Ok(vec![1, 0, 2, -1]));
        assert_eq!(run(Op::Trunc { bits: 1 }, FULL, 2, &[int(&[1, -1])]), Ok(vec![0, -1]));
        assert_eq!(run(Op::Dot { len: 2 }, FULL, 2, &[int(&[1, 2, 3, 4]), int(&[5, 6, 7, 8])]), Ok(vec![17, 53]));
        assert_eq!(run(Op::PrefixSum { len: 3 }, FULL, 6, &[int(&[1, 2, 3, 4, 5, 6])]), Ok(vec![1, 3, 6, 4, 9, 15]));
        let product = run(Op::MatMul { rows: 1, inner: 2, cols: 2 }, FULL, 2, &[int(&[1, 2]), int(&[3, 4, 5, 6])]);
        assert_eq!(product, Ok(vec![13, 16]));
        assert_eq!(run(Op::Sqrt { frac: 2 }, FULL, 3, &[int(&[4, -4, 9])]), Ok(vec![4, 0, 6]));
    }

    /// Modulo 2^64 at the ends of the range, and no fault.
    #[test]
    fn wrapping() {
        let (a, b) = (int(&[i64::MAX, i64::MIN, i64::MIN, 3]), int(&[1, 1, i64::MIN, 5]));
        assert_eq!(run(Op::AddWrap {}, FULL, 4, &[a.clone(), b.clone()]), Ok(vec![i64::MIN, i64::MIN + 1, 0, 8]));
        assert_eq!(run(Op::SubWrap {}, FULL, 4, &[b.clone(), a.clone()]), Ok(vec![i64::MIN + 2, i64::MIN + 1, 0, 2]));
        assert_eq!(run(Op::MulWrap {}, FULL, 4, &[a.clone(), a]), Ok(vec![1, 0, 0, 9]));
        let narrow = run(Op::AddWrap {}, RegType::pub_int(0, 9), 1, &[int(&[i64::MAX]), int(&[i64::MAX])]);
        assert!(matches!(narrow, Err(Fault::Range { value: -2, .. })), "a public register keeps its range");
    }

    #[test]
    fn division_by_zero_is_defined_for_secrets_alone() {
        assert_eq!(run(Op::Div {}, FULL, 3, &[int(&[7, -7, 7]), int(&[0, 2, -2])]), Ok(vec![0, -3, -3]));
        assert_eq!(run(Op::Rem {}, FULL, 3, &[int(&[7, -7, 7]), int(&[0, 2, -2])]), Ok(vec![7, -1, 1]));
        let public = Operand { ty: RegType::pub_int(0, 9), lanes: vec![0].into() };
        assert_eq!(run(Op::Div {}, FULL, 1, &[int(&[7]), public]), Err(Fault::ZeroDivisor));
    }

    #[test]
    fn words_and_numbers() {
        let bin = |width, lanes: &'static [i64]| Operand { ty: RegType::Bin { width }, lanes: lanes.into() };
        assert_eq!(run(Op::A2b {}, RegType::Bin { width: 3 }, 2, &[int(&[-1, 2])]), Ok(vec![7, 2]));
        assert_eq!(run(Op::B2a { signed: true }, FULL, 2, &[bin(3, &[7, 2])]), Ok(vec![-1, 2]));
        assert_eq!(run(Op::B2a { signed: false }, FULL, 2, &[bin(3, &[7, 2])]), Ok(vec![7, 2]));
        assert_eq!(run(Op::Not {}, RegType::Bin { width: 3 }, 1, &[bin(3, &[5])]), Ok(vec![2]));
        let truth = RegType::Pub { kind: Kind::Bool, lo: 0, hi: 1, frac: 0 };
        let not = run(Op::Not {}, truth, 2, &[Operand { ty: truth, lanes: vec![0, 1].into() }]);
        assert_eq!(not, Ok(vec![1, 0]));
    }

    /// Wide words lane by lane, each as many limbs as it fills.
    #[test]
    fn wide_words() {
        let bin = |width: u32, lanes: &'static [i64]| Operand { ty: RegType::Bin { width }, lanes: lanes.into() };
        let wide = |op, width: u32, args: &[Operand<'_>]| run(op, RegType::Bin { width }, 2, args);
        let (a, b) = (bin(70, &[-1, 63, 5, 1]), bin(70, &[1, 32, 5, 1]));
        assert_eq!(wide(Op::Xor {}, 70, &[a.clone(), b.clone()]), Ok(vec![-2, 31, 0, 0]));
        assert_eq!(wide(Op::And {}, 70, &[a.clone(), b.clone()]), Ok(vec![1, 32, 5, 1]));
        assert_eq!(wide(Op::Or {}, 70, &[a.clone(), int(&[0, 6])]), Ok(vec![-1, 63, 7, 1]));
        assert_eq!(wide(Op::Not {}, 70, std::slice::from_ref(&a)), Ok(vec![0, 0, -6, 62]));
        assert_eq!(wide(Op::Copy {}, 70, &[int(&[3, i64::MAX])]), Ok(vec![3, 0, i64::MAX, 0]));
        assert_eq!(run(Op::Eq {}, RegType::BIN_BOOL, 2, &[a.clone(), b.clone()]), Ok(vec![0, 1]));
        let condition = bin(1, &[0, 1]);
        assert_eq!(wide(Op::Select {}, 70, &[condition, a.clone(), b.clone()]), Ok(vec![1, 32, 5, 1]));
        // 60 bits from bit 8 on are 56 of the first limb and 4 of the second.
        assert_eq!(wide(Op::Planes { from: 8 }, 60, std::slice::from_ref(&a)), Ok(vec![(1 << 60) - 1, 1 << 56]));
        assert_eq!(wide(Op::Planes { from: 66 }, 80, std::slice::from_ref(&a)), Ok(vec![15, 0, 0, 0]));
        let joined = wide(Op::Join {}, 73, &[bin(3, &[5, 0]), a.clone()]);
        assert_eq!(joined, Ok(vec![-3, 511, 5 << 3, 1 << 3]));
        assert_eq!(wide(Op::Join {}, 5, &[bin(3, &[5, 0]), bin(2, &[1, 3])]), Ok(vec![0b01_101, 0b11_000]));
        let index = Operand { ty: RegType::pub_int(0, 9), lanes: vec![1, 0].into() };
        assert_eq!(wide(Op::Gather {}, 70, &[a.clone(), index.clone()]), Ok(vec![5, 1, -1, 63]));
        assert_eq!(wide(Op::Scatter {}, 70, &[b.clone(), a.clone(), index]), Ok(vec![5, 1, -1, 63]));
        let twice = Operand { ty: RegType::pub_int(0, 9), lanes: vec![1, 1].into() };
        assert_eq!(wide(Op::Scatter {}, 70, &[b.clone(), a.clone(), twice]), Err(Fault::Repeated { index: 1 }));
        let sum = netlist(&[70, 70], |c, w| add(c, &w[0], &w[1]));
        let result = Slot { ty: RegType::Bin { width: 70 }, lanes: 2 };
        let call = eval(Op::Netlist { netlist: NetlistId(0) }, &result, &[a, b], Some(&sum));
        assert_eq!(call, Ok(vec![0, 32, 10, 2]));
    }

    #[test]
    fn places() {
        let index = |lanes: &'static [i64]| Operand { ty: RegType::pub_int(-9, 9), lanes: lanes.into() };
        assert_eq!(run(Op::Gather {}, FULL, 2, &[int(&[5, 6, 7]), index(&[2, 0])]), Ok(vec![7, 5]));
        let outside = run(Op::Gather {}, FULL, 1, &[int(&[5, 6, 7]), index(&[3])]);
        assert_eq!(outside, Err(Fault::Bounds { index: 3, len: 3 }));
        let put = run(Op::Scatter {}, FULL, 3, &[int(&[5, 6, 7]), int(&[1, 2]), index(&[2, 0])]);
        assert_eq!(put, Ok(vec![2, 6, 1]));
        let twice = run(Op::Scatter {}, FULL, 3, &[int(&[5, 6, 7]), int(&[1, 2]), index(&[2, 2])]);
        assert_eq!(twice, Err(Fault::Repeated { index: 2 }));
    }

    #[test]
    fn rows_in_order() {
        let table = int(&[3, -1, 3, i64::MIN, 0, 1, 2, 3]);
        let sorted = |columns, args: &[Operand<'_>]| run(Op::Sort { columns }, FULL, 8, args);
        assert_eq!(sorted(1, std::slice::from_ref(&table)), Ok(vec![i64::MIN, -1, 0, 1, 2, 3, 3, 3]));
        // Equal keys stay in their order.
        assert_eq!(sorted(2, std::slice::from_ref(&table)), Ok(vec![i64::MIN, -1, 3, 3, 3, 1, 0, 2]));
        assert!(sorted(3, &[table]).is_err());
        assert_eq!(run(Op::Sort { columns: 4 }, FULL, 0, &[int(&[])]), Ok(vec![]));
    }
}
