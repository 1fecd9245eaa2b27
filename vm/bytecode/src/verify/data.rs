//! Rule 2 for the types of inputs and outputs: whatever a file or a result of such a type could hold has a meaning.

use super::{Checked, MAX_LEAVES};
use crate::types::{DataType, Field, Format, Scalar};
use std::collections::BTreeSet;

/// Widest word that a keyed hash fills, in bits.
pub const WIDEST_KEY: u32 = 256;

/// Greatest factor of a decimal number.
pub const MAX_SCALE: u64 = 1_000_000_000_000_000_000;

/// Checks the type of an input, whose rows are those of a file and so stand at its top alone.
pub(super) fn input(ty: &DataType) -> Checked {
    match ty {
        DataType::Rows { element, .. } => check(element, false),
        _ => check(ty, false),
    }
}

/// What its owner's node fills up, whatever the file holds, fits the memory: the file does not bound it, and the registers do so only where the program
/// reads it.
pub(super) fn fits(ty: &DataType, leaves: &[Scalar<'_>], memory: u64) -> Checked {
    let bytes = |leaf: &Scalar<'_>| leaf.lanes?.checked_mul(8 * leaf.ty.limbs() as u64);
    let all = leaves.iter().try_fold(0_u64, |sum, leaf| sum.checked_add(bytes(leaf)?));
    match all {
        Some(all) if all <= memory => Ok(()),
        _ if !is_filled(ty) => Ok(()),
        _ => Err(format!("rows or absent values of more than {memory} bytes")),
    }
}

/// Whether there may be rows or values that no file holds.
fn is_filled(ty: &DataType) -> bool {
    match ty {
        DataType::Bool
        | DataType::Int { .. }
        | DataType::Fix { .. }
        | DataType::Bits { .. }
        | DataType::Enum { .. } => false,
        DataType::Maybe(_) | DataType::Rows { .. } => true,
        DataType::Array { element, .. } => is_filled(element),
        DataType::Struct { fields, .. } => fields.iter().any(|field| is_filled(&field.ty)),
        DataType::Tuple(items) => items.iter().any(is_filled),
    }
}

/// Checks the type of an output. Its elements are bounded by the registers that hold them, and where they hold nothing, here.
pub(super) fn output(ty: &DataType) -> Checked {
    let empty = empty(ty, 1);
    if empty > MAX_LEAVES as u64 {
        return Err(format!("{empty} elements that hold nothing"));
    }
    check(ty, true)
}

/// How many empty lists, records and tuples a value has, of which there are so many.
fn empty(ty: &DataType, times: u64) -> u64 {
    let all = |count: usize, sum: u64| if count == 0 { times } else { sum };
    match ty {
        DataType::Bool
        | DataType::Int { .. }
        | DataType::Fix { .. }
        | DataType::Bits { .. }
        | DataType::Enum { .. } => 0,
        DataType::Maybe(value) => empty(value, times),
        DataType::Array { shape, element } => {
            let mut times = times;
            for extent in shape {
                if *extent == 0 {
                    return times;
                }
                times = times.saturating_mul(*extent);
            }
            empty(element, times)
        }
        DataType::Rows { most, element } => empty(element, times.saturating_mul(*most)),
        DataType::Struct { fields, .. } => {
            let sum = fields.iter().fold(0, |sum: u64, field| sum.saturating_add(empty(&field.ty, times)));
            all(fields.len(), sum)
        }
        DataType::Tuple(items) => {
            all(items.len(), items.iter().fold(0, |sum: u64, ty| sum.saturating_add(empty(ty, times))))
        }
    }
}

fn check(ty: &DataType, rows: bool) -> Checked {
    match ty {
        // Ranges and widths are those of the registers that hold them.
        DataType::Bool | DataType::Int { .. } | DataType::Fix { .. } | DataType::Bits { .. } => Ok(()),
        DataType::Enum { variants, .. } => {
            if variants.is_empty() {
                return Err("an enum without values".to_owned());
            }
            let mut seen = BTreeSet::new();
            match variants.iter().find(|variant| !is_cell(variant) || !seen.insert(*variant)) {
                Some(_) => Err("an enum with a value that no name tells".to_owned()),
                None => Ok(()),
            }
        }
        DataType::Maybe(value) if matches!(**value, DataType::Maybe(_)) => Err("a maybe of a maybe".to_owned()),
        DataType::Maybe(value) => check(value, rows),
        DataType::Array { element, .. } => check(element, rows),
        DataType::Rows { .. } if !rows => Err("rows that are not the whole input".to_owned()),
        DataType::Rows { element, .. } => check(element, rows),
        DataType::Struct { fields, .. } => fields.iter().try_for_each(|field| {
            reading(field)?;
            check(&field.ty, rows)
        }),
        DataType::Tuple(items) => items.iter().try_for_each(|ty| check(ty, rows)),
    }
}

/// What is read from a cell is of the field's type.
fn reading(field: &Field) -> Checked {
    if field.reading.column.as_ref().is_some_and(|column| !is_cell(column)) {
        return Err("a column that no header can name".to_owned());
    }
    let value = match &field.ty {
        DataType::Maybe(value) => value,
        ty => ty,
    };
    match (field.reading.format, value) {
        (Format::Plain, _) | (Format::Date, DataType::Int { .. }) => Ok(()),
        (Format::Scale(1..=MAX_SCALE), DataType::Int { .. }) => Ok(()),
        (Format::Key, DataType::Bits { width: 1..=WIDEST_KEY }) => Ok(()),
        (Format::Date, _) => Err("a date that is no integer".to_owned()),
        (Format::Scale(scale), _) => Err(format!("a scale of {scale}, or of what is no integer")),
        (Format::Key, _) => Err(format!("a key that is no word of at most {WIDEST_KEY} bits")),
    }
}

/// Whether a text is the content of a cell: cells are read without the space around them.
fn is_cell(text: &str) -> bool {
    !text.is_empty() && text.trim() == text
}
