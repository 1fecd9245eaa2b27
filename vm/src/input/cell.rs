//! One value: text to the raw integers that its type stores, exactly or not at all.

use super::date;
use super::error::{Problem, shown};
use super::key::Hasher;
use super::kind::Kind;
use crate::decimal::{DecimalError, ScaledError, read_fixed, read_scaled};
use smpc_bytecode::types::{DataType, Format};

/// What stands for an absent value, where one may be absent.
const ABSENT: &str = "NA";

/// A cell without the space around it.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Appends the raw value of a cell.
pub(super) fn push(text: &str, kind: &Kind, hasher: Option<&Hasher>, into: &mut Vec<i64>) -> Result<(), Problem> {
    let cell = trimmed(text);
    if cell.is_empty() {
        return Err(Problem::EmptyCell(kind.boxed()));
    }
    match (&kind.ty, kind.format) {
        (DataType::Bits { width }, Format::Key) => {
            into.extend(hasher.and_then(|hasher| hasher.hash(cell, *width)).ok_or(Problem::NoKey)?);
            Ok(())
        }
        (DataType::Bits { width }, _) => word(cell, *width, kind, into),
        _ => number(cell, kind).map(|value| into.push(value)),
    }
}

/// Appends a value for what is not there.
pub(super) fn pad(kind: &Kind, times: usize, into: &mut Vec<i64>) {
    into.resize(into.len().saturating_add(times.saturating_mul(kind.ty.limbs())), kind.padding());
}

/// Whether a cell says that there is no value.
pub(super) fn is_absent(text: &str, kind: &Kind) -> bool {
    let cell = trimmed(text);
    cell.is_empty() || cell == ABSENT && kind.named(ABSENT).is_none()
}

/// Whether a cell holds a value of that kind, or says that there is none where there may be none.
pub(super) fn is_value(text: &str, kind: &Kind) -> bool {
    kind.optional && is_absent(text, kind) || push(text, kind, None, &mut Vec::new()).is_ok()
}

/// A value that fits 64 bits.
fn number(cell: &str, kind: &Kind) -> Result<i64, Problem> {
    let not_a = || Problem::NotA { kind: kind.boxed(), cell: shown(cell) };
    let out_of_range = || Problem::OutOfRange { kind: kind.boxed(), cell: shown(cell) };
    let within =
        |value: i64, lo: i64, hi: i64| if (lo..=hi).contains(&value) { Ok(value) } else { Err(out_of_range()) };
    match (&kind.ty, kind.format) {
        (DataType::Int { lo, hi }, Format::Date) => within(date::read(cell).ok_or_else(not_a)?, *lo, *hi),
        (DataType::Int { lo, hi }, Format::Scale(scale)) => match read_scaled(cell, scale) {
            Ok(value) => within(value, *lo, *hi),
            Err(ScaledError::TooLarge) => Err(out_of_range()),
            Err(ScaledError::Malformed) => Err(not_a()),
            Err(ScaledError::TooFine) => Err(Problem::TooFine { kind: kind.boxed(), cell: shown(cell), scale }),
        },
        (DataType::Int { lo, hi }, _) => match integer(cell) {
            Some(value) if (lo..=hi).contains(&&value) => Ok(value),
            _ => Err(integer_problem(cell, kind)),
        },
        (DataType::Fix { frac, lo, hi }, _) => match read_fixed(cell, *frac) {
            Ok(raw) => within(raw, *lo, *hi),
            Err(DecimalError::TooLarge) => Err(out_of_range()),
            Err(DecimalError::Malformed) => Err(not_a()),
        },
        (DataType::Enum { .. }, _) => kind.named(cell).ok_or_else(not_a),
        _ => truth(cell).map(i64::from).ok_or_else(not_a),
    }
}

/// Hexadecimal digits with or without `0x`. Without it the digits must not read as a number of another value, too.
fn word(cell: &str, width: u32, kind: &Kind, into: &mut Vec<i64>) -> Result<(), Problem> {
    let prefixed = cell.strip_prefix("0x").or_else(|| cell.strip_prefix("0X"));
    let digits = prefixed.unwrap_or(cell);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Problem::NotA { kind: kind.boxed(), cell: shown(cell) });
    }
    let digits = digits.trim_start_matches('0');
    if prefixed.is_none() && is_ambiguous(cell, digits) {
        return Err(Problem::Ambiguous { kind: kind.boxed(), cell: shown(cell) });
    }
    // The first digit need not fill its four bits.
    let first = digits.chars().next().and_then(|digit| digit.to_digit(16)).unwrap_or(0);
    let bits = (digits.len() as u64 * 4).saturating_sub(u64::from(first.leading_zeros().saturating_sub(28)));
    if bits > u64::from(width) {
        return Err(Problem::OutOfRange { kind: kind.boxed(), cell: shown(cell) });
    }
    let limb = |limb: usize| {
        let end = digits.len().saturating_sub(16 * limb);
        let part = &digits[end.saturating_sub(16)..end];
        u64::from_str_radix(part, 16).unwrap_or(0).cast_signed()
    };
    into.extend((0..kind.ty.limbs()).map(limb));
    Ok(())
}

/// Whether hexadecimal digits may be meant as a number in another base: `12`, `1e5`, `0b11`. Of one digit but zeros all mean the same.
fn is_ambiguous(cell: &str, digits: &str) -> bool {
    let decimal = read_fixed(cell, 0) != Err(DecimalError::Malformed);
    let of_one = digits.len() <= 1 && cell.bytes().all(|byte| byte.is_ascii_digit());
    let binary = cell.strip_prefix("0b").or_else(|| cell.strip_prefix("0B"));
    let binary = binary.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| matches!(byte, b'0' | b'1')));
    decimal && !of_one || binary
}

/// An integer of up to 18 digits, without a look at anything else.
fn integer(cell: &str) -> Option<i64> {
    let (negative, digits) = match cell.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 {
        return if digits.is_empty() { None } else { cell.parse().ok() };
    }
    let mut value = 0_i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(if negative { -value } else { value })
}

fn integer_problem(cell: &str, kind: &Kind) -> Problem {
    let (kind, shown) = (kind.boxed(), shown(cell));
    let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        Problem::OutOfRange { kind, cell: shown }
    } else if read_fixed(cell, 0) == Err(DecimalError::Malformed) {
        Problem::NotA { kind, cell: shown }
    } else {
        Problem::NotWhole { kind, cell: shown }
    }
}

/// `true`, `yes`, `1`, `false`, `no`, `0`.
pub(super) fn truth(cell: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    if is(["true", "yes", "1"]) {
        Some(true)
    } else if is(["false", "no", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// Whether a cell is the name of a column rather than a value.
pub(super) fn is_name(cell: &str) -> bool {
    let cell = cell.trim();
    let first = cell.chars().next();
    first.is_some_and(|c| !c.is_ascii_digit() && !matches!(c, '-' | '+' | '.')) && truth(cell).is_none()
}
