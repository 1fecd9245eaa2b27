//! One value: text to the raw integer that its type stores, exactly or not at all.

use super::error::{Problem, shown};
use crate::decimal::{DecimalError, print_fixed, read_fixed};
use smpc_bytecode::types::DataType;

/// The raw value of a cell of a scalar type.
pub(super) fn read(text: &str, ty: &DataType) -> Result<i64, Problem> {
    let cell = text.trim_matches([' ', '\t']);
    if cell.is_empty() {
        return Err(Problem::EmptyCell(ty.clone()));
    }
    match *ty {
        DataType::Int { lo, hi } => match integer(cell) {
            Some(value) if (lo..=hi).contains(&value) => Ok(value),
            _ => Err(integer_problem(cell, ty)),
        },
        DataType::Fix { frac, lo, hi } => match read_fixed(cell, frac) {
            Ok(raw) if (lo..=hi).contains(&raw) => Ok(raw),
            Ok(_) | Err(DecimalError::TooLarge) => Err(Problem::OutOfRange { ty: ty.clone(), cell: shown(cell) }),
            Err(DecimalError::Malformed) => Err(Problem::NotA { ty: ty.clone(), cell: shown(cell) }),
        },
        _ => truth(cell).map(i64::from).ok_or_else(|| Problem::NotA { ty: DataType::Bool, cell: shown(cell) }),
    }
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

fn integer_problem(cell: &str, ty: &DataType) -> Problem {
    let (ty, shown) = (ty.clone(), shown(cell));
    let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        Problem::OutOfRange { ty, cell: shown }
    } else if read_fixed(cell, 0) == Err(DecimalError::Malformed) {
        Problem::NotA { ty, cell: shown }
    } else {
        Problem::NotWhole { ty, cell: shown }
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

/// What a cell may hold, in words.
pub(super) fn expected(ty: &DataType) -> String {
    match ty {
        DataType::Int { .. } => format!("a whole number in {}", range(ty)),
        DataType::Fix { .. } => format!("a number in {}", range(ty)),
        _ => "true, false, yes, no, 1 or 0".to_owned(),
    }
}

/// The range of a number type as the source would write it.
pub(super) fn range(ty: &DataType) -> String {
    match *ty {
        DataType::Int { lo, hi } => format!("{lo}..={hi}"),
        DataType::Fix { frac, lo, hi } => format!("{}..={}", print_fixed(lo, frac), print_fixed(hi, frac)),
        _ => String::new(),
    }
}
