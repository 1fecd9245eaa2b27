//! Tables of text: CSV, and its kin with semicolons or tabs.
//!
//! * Records: the first row names the columns, in any order; further columns are allowed.
//! * A single column of values needs no first row. Of a file with several columns the one that is named is taken, else the one that is called as the input.
//! * A matrix `[T; R, C]` is R rows of C cells, or R·C rows of one; so is an array of any higher rank, with all but the first extent in a row.

use super::cell;
use super::error::{InputError, Problem, shown};
use super::shape::{Columns, Shape};
use super::text::{Text, line_at};
use crate::engine::Leaves;
use csv::{ByteRecord, Reader, ReaderBuilder};
use smpc_bytecode::types::DataType;

/// Where in a row the cells of an input stand.
struct Plan<'s> {
    /// The cell, its leaf, and what it is called in messages.
    cells: Vec<(usize, usize, String)>,
    /// Cells that each row has.
    width: usize,
    /// Rows that the file must have.
    rows: u64,
    /// What they are called.
    of: &'static str,
    shape: &'s Shape,
}

/// The leaves of an input from a table.
pub(super) fn read(
    shape: &Shape,
    input: &str,
    column: Option<&str>,
    delimiter: u8,
    text: &Text,
) -> Result<Leaves, InputError> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.content.as_bytes());
    let mut row = ByteRecord::new();
    if !next(&mut reader, &mut row, text)? {
        return Err(text.error(Problem::Empty));
    }
    let first: Vec<String> = row.iter().map(|cell| as_text(cell).trim().to_owned()).collect();
    let (plan, header) =
        plan(shape, input, column, &first).map_err(|problem| text.at(line_of(&row, text), None, problem))?;
    let mut leaves: Leaves =
        (0..shape.leaves.len()).map(|leaf| Vec::with_capacity(shape.capacity(leaf, text.content.len()))).collect();
    let mut rows = 0_u64;
    let mut more = !header || next(&mut reader, &mut row, text)?;
    while more {
        rows += 1;
        if rows <= plan.rows {
            plan.take(&row, &mut leaves, text)?;
        }
        let end = reader.position().byte();
        more = next(&mut reader, &mut row, text)?;
        if more && plan.width == 1 {
            plan.no_gap(end, &row, text)?;
        }
    }
    if rows == plan.rows {
        return Ok(leaves);
    }
    Err(text.error(Problem::Count { of: plan.of, expected: plan.rows, found: rows }))
}

/// The next row that has something in it.
fn next(reader: &mut Reader<&[u8]>, row: &mut ByteRecord, text: &Text) -> Result<bool, InputError> {
    loop {
        match reader.read_byte_record(row) {
            Ok(true) if row.len() == 1 && row.get(0).is_some_and(|cell| cell.trim_ascii().is_empty()) => {}
            Ok(found) => return Ok(found),
            Err(error) => return Err(text.error(Problem::Row(error.to_string()))),
        }
    }
}

/// The line on which a row starts. The reader's own count takes empty lines before it for a part of the row.
fn line_of(row: &ByteRecord, text: &Text) -> u64 {
    let at = row.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
    let bytes = text.content.as_bytes();
    let empty = bytes[at.min(bytes.len())..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    line_at(&bytes[..(at + empty).min(bytes.len())])
}

fn as_text(cell: &[u8]) -> &str {
    // The file is UTF-8, and delimiters are ASCII.
    std::str::from_utf8(cell).unwrap_or_default()
}

/// How to read the file, and whether its first row is a header.
fn plan<'s>(
    shape: &'s Shape,
    input: &str,
    column: Option<&str>,
    first: &[String],
) -> Result<(Plan<'s>, bool), Problem> {
    let width = first.len();
    match &shape.columns {
        Columns::Named(_) if column.is_some() => Err(Problem::ColumnOfTable),
        Columns::Named(columns) => {
            let single = columns.len() == 1 && width == 1 && !cell::is_name(&first[0]);
            let cells = columns
                .iter()
                .map(|c| Ok((if single { 0 } else { position(first, &c.name)? }, c.leaf, c.name.clone())))
                .collect::<Result<_, Problem>>()?;
            Ok((Plan { cells, width, rows: shape.rows, of: "rows", shape }, !single))
        }
        Columns::Bare(inner) => {
            let values = shape.rows.checked_mul(*inner).ok_or(Problem::TooWide)?;
            if let Some(name) = column {
                let at = position(first, name)?;
                let cells = vec![(at, 0, name.to_owned())];
                return Ok((Plan { cells, width, rows: values, of: "rows", shape }, true));
            }
            if width == 1 {
                let header = cell::is_name(&first[0]);
                let name = if header { first[0].clone() } else { "1".to_owned() };
                return Ok((Plan { cells: vec![(0, 0, name)], width, rows: values, of: "rows", shape }, header));
            }
            let header = first.iter().all(|name| cell::is_name(name));
            if *inner == 1 {
                // One column of several.
                let named = first.iter().any(|name| name == input);
                let at = if named { position(first, input)? } else { return Err(which(input, first)) };
                return Ok((
                    Plan { cells: vec![(at, 0, input.to_owned())], width, rows: values, of: "rows", shape },
                    true,
                ));
            }
            if width as u64 != *inner {
                return Err(Problem::Cells { expected: *inner, found: width as u64 });
            }
            let name = |i: usize| if header { first[i].clone() } else { (i + 1).to_string() };
            let cells = (0..width).map(|i| (i, 0, name(i))).collect();
            Ok((Plan { cells, width, rows: shape.rows, of: "rows", shape }, header))
        }
    }
}

fn which(input: &str, first: &[String]) -> Problem {
    Problem::WhichColumn { input: input.to_owned(), found: first.iter().map(|name| shown(name)).collect() }
}

/// The only column of that name.
fn position(header: &[String], name: &str) -> Result<usize, Problem> {
    let mut found = header.iter().enumerate().filter(|(_, column)| *column == name).map(|(at, _)| at);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (Some(_), Some(_)) => Err(Problem::TwoColumns(name.to_owned())),
        (None, _) => {
            Err(Problem::NoColumn { name: name.to_owned(), found: header.iter().map(|name| shown(name)).collect() })
        }
    }
}

impl Plan<'_> {
    /// Refuses empty lines between the end of a row and the next one: in a file of one column they are cells without a value.
    fn no_gap(&self, end: u64, row: &ByteRecord, text: &Text) -> Result<(), InputError> {
        let bytes = text.content.as_bytes();
        let end = usize::try_from(end).unwrap_or(usize::MAX).min(bytes.len());
        // The end of the row may stand between the two halves of a line break.
        let half = bytes[..end].ends_with(b"\r") && bytes[end..].starts_with(b"\n");
        let from = end + usize::from(half);
        let line = line_at(&bytes[..from]);
        match (self.cells.first(), line_of(row, text) > line) {
            (Some((_, leaf, name)), true) => {
                let ty = self.shape.leaves[*leaf].scalar.clone();
                Err(text.at(line, Some(name.clone()), Problem::EmptyCell(ty)))
            }
            _ => Ok(()),
        }
    }

    /// The cells of a row that belong to the input.
    fn take(&self, row: &ByteRecord, leaves: &mut Leaves, text: &Text) -> Result<(), InputError> {
        if row.len() != self.width {
            let problem = Problem::Cells { expected: self.width as u64, found: row.len() as u64 };
            return Err(text.at(line_of(row, text), None, problem));
        }
        for (at, leaf, name) in &self.cells {
            let ty: &DataType = &self.shape.leaves[*leaf].scalar;
            let cell = row.get(*at).map(as_text).unwrap_or_default();
            let value =
                cell::read(cell, ty).map_err(|problem| text.at(line_of(row, text), Some(name.clone()), problem))?;
            leaves[*leaf].push(value);
        }
        Ok(())
    }
}
