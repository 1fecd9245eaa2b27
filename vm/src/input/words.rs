//! Numbers with space between them: no header, one value after the other, rows of an array in turn.

use super::cell;
use super::error::{InputError, Problem};
use super::shape::{Columns, Shape};
use super::text::Text;
use crate::engine::Leaves;

/// The only leaf of an input of numbers.
pub(super) fn read(shape: &Shape, column: Option<&str>, text: &Text) -> Result<Leaves, InputError> {
    let Columns::Bare(inner) = shape.columns else { return Err(text.error(Problem::NoRecords)) };
    if let Some(name) = column {
        return Err(text.error(Problem::NoColumn { name: name.to_owned(), found: Vec::new() }));
    }
    let expected = shape.rows.checked_mul(inner).ok_or_else(|| text.error(Problem::TooWide))?;
    let ty = &shape.leaves[0].scalar;
    let mut values = Vec::with_capacity(shape.capacity(0, text.content.len()));
    let mut found = 0_u64;
    for (line, words) in (1..).zip(text.content.lines()) {
        for word in words.split_ascii_whitespace() {
            found += 1;
            if found <= expected {
                values.push(cell::read(word, ty).map_err(|problem| text.at(line, None, problem))?);
            }
        }
    }
    if found == expected {
        return Ok(vec![values]);
    }
    Err(text.error(Problem::Count { of: "values", expected, found }))
}
