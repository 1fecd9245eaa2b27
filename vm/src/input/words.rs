//! Numbers with space between them: no header, one value after the other, rows of an array in turn.

use super::cell;
use super::error::{InputError, Problem};
use super::shape::{Columns, Part, Rows, Shape};
use super::text::Text;
use crate::engine::Leaves;

/// The leaves of an input of plain values.
pub(super) fn read(shape: &Shape, column: Option<&str>, text: &Text) -> Result<Leaves, InputError> {
    let Columns::Bare(inner) = shape.columns else { return Err(text.error(Problem::NoRecords)) };
    if let Some(name) = column {
        return Err(text.error(Problem::NoColumn { name: name.to_owned(), found: Vec::new() }));
    }
    let most = shape.rows.most().checked_mul(inner).ok_or_else(|| text.error(Problem::TooWide))?;
    let leaf = shape.leaves.len() - 1;
    let kind = &shape.leaves[leaf].kind;
    let part = shape.bare(0);
    let mut leaves = shape.empty(text.content.len());
    let (mut found, mut excess) = (0_u64, None);
    for (line, words) in (1..).zip(text.content.lines()) {
        for word in words.split_ascii_whitespace() {
            found += 1;
            if found > most {
                excess.get_or_insert(line);
                continue;
            }
            match part {
                Part::Maybe(has, _) if cell::is_absent(word, kind) => {
                    leaves[has].push(0);
                    cell::pad(kind, 1, &mut leaves[leaf]);
                    continue;
                }
                Part::Maybe(has, _) => leaves[has].push(1),
                Part::Cell(_) => {}
            }
            cell::push(word, kind, None, &mut leaves[leaf]).map_err(|problem| text.at(line, None, problem))?;
        }
    }
    match (shape.rows, excess) {
        (Rows::AtMost(_), Some(line)) => Err(text.at(line, None, Problem::TooMany { of: "values", most, found })),
        (Rows::AtMost(_), None) if found.is_multiple_of(inner.max(1)) => {
            shape.fill(found.checked_div(inner).unwrap_or(0), &mut leaves);
            Ok(leaves)
        }
        (Rows::AtMost(_), None) => {
            let expected = found.next_multiple_of(inner);
            Err(text.error(Problem::Count { of: "values", expected, found }))
        }
        (Rows::Exactly(_), _) if found == most => Ok(leaves),
        (Rows::Exactly(_), _) => Err(text.error(Problem::Count { of: "values", expected: most, found })),
    }
}
