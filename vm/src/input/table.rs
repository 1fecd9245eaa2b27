//! Tables of text: CSV, and its kin with semicolons or tabs.
//!
//! * Records: the first row names the columns, in any order; further columns are allowed. Something that may be absent is so where all its cells are.
//! * A single column of values needs no first row. Of a file with several columns the one that is named is taken, else the one that is called as the input.
//! * A matrix `[T; R, C]` is R rows of C cells, or R·C rows of one; so is an array of any higher rank, with all but the first extent in a row.
//! * Where the number of rows is open, nothing that might be a row is taken for a header: records have one, and a single column's is the input's name.

use super::cell;
use super::error::{InputError, Problem, shown};
use super::key::Hasher;
use super::kind::Kind;
use super::shape::{Columns, Part, Rows, Shape};
use super::text::{Text, line_at};
use crate::engine::Leaves;
use csv::{ByteRecord, Reader, ReaderBuilder};
use smpc_bytecode::types::DataType;

/// Where in a row the cells of an input stand.
struct Plan<'s> {
    cells: Vec<Cell>,
    /// What they make.
    parts: Vec<Part>,
    /// Cells that each row has.
    width: usize,
    /// Rows that the file must have.
    rows: Rows,
    shape: &'s Shape,
    hasher: Option<&'s Hasher>,
}

/// A cell of a row.
struct Cell {
    /// Its place.
    at: usize,
    leaf: usize,
    /// What it is called in messages.
    name: String,
}

/// The leaves of an input from a table.
pub(super) fn read(
    shape: &Shape,
    input: &str,
    column: Option<&str>,
    delimiter: u8,
    text: &Text,
    hasher: Option<&Hasher>,
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
        plan(shape, input, column, &first, hasher).map_err(|problem| text.at(line_of(&row, text), None, problem))?;
    let mut leaves = shape.empty(text.content.len());
    let (mut rows, mut excess) = (0_u64, None);
    let mut more = !header || next(&mut reader, &mut row, text)?;
    while more {
        rows += 1;
        if rows <= plan.rows.most() {
            plan.take(&row, &mut leaves, text)?;
        } else {
            excess.get_or_insert_with(|| line_of(&row, text));
        }
        let end = reader.position().byte();
        more = next(&mut reader, &mut row, text)?;
        if more && plan.width == 1 {
            plan.no_gap(end, &row, text)?;
        }
    }
    if plan.rows.are(rows) {
        shape.fill(rows, &mut leaves);
        return Ok(leaves);
    }
    match (plan.rows, excess) {
        (Rows::AtMost(most), Some(line)) => {
            Err(text.at(line, None, Problem::TooMany { of: "rows", most, found: rows }))
        }
        (of, _) => Err(text.error(Problem::Count { of: "rows", expected: of.most(), found: rows })),
    }
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

/// The byte at which a row starts. The reader's own count takes empty lines before it for a part of the row.
fn start_of(row: &ByteRecord, text: &Text) -> usize {
    let at = row.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
    let bytes = text.content.as_bytes();
    let at = at.min(bytes.len());
    at + bytes[at..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count()
}

/// The line on which a row starts, for messages: it takes a look at all before it.
fn line_of(row: &ByteRecord, text: &Text) -> u64 {
    line_at(&text.content.as_bytes()[..start_of(row, text)])
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
    hasher: Option<&'s Hasher>,
) -> Result<(Plan<'s>, bool), Problem> {
    let width = first.len();
    let inner = match &shape.columns {
        Columns::Named(..) if column.is_some() => return Err(Problem::ColumnOfTable),
        Columns::Named(columns, parts) => {
            let exact = matches!(shape.rows, Rows::Exactly(_));
            let single = exact && columns.len() == 1 && width == 1 && !cell::is_name(&first[0]);
            let cell = |column: &super::shape::Column| {
                let at = if single { 0 } else { position(first, &column.name)? };
                Ok(Cell { at, leaf: column.leaf, name: column.name.clone() })
            };
            let cells = columns.iter().map(cell).collect::<Result<_, Problem>>()?;
            return Ok((Plan { cells, parts: parts.clone(), width, rows: shape.rows, shape, hasher }, !single));
        }
        Columns::Bare(inner) => *inner,
    };
    let leaf = shape.leaves.len() - 1;
    let kind = &shape.leaves[leaf].kind;
    // One cell of each row.
    let one = |at: usize, name: &str| {
        let cells = vec![Cell { at, leaf, name: name.to_owned() }];
        let rows = shape.rows.times(inner).ok_or(Problem::Cells { expected: inner, found: 1 })?;
        Ok(Plan { cells, parts: vec![shape.bare(0)], width, rows, shape, hasher })
    };
    if let Some(name) = column {
        return Ok((one(position(first, name)?, name)?, true));
    }
    if width == 1 {
        let header = is_header(&first[0], kind, shape.rows, input)?;
        return Ok((one(0, if header { &first[0] } else { "1" })?, header));
    }
    if inner == 1 {
        // One column of several.
        return match first.iter().any(|name| name == input) {
            true => Ok((one(position(first, input)?, input)?, true)),
            false => Err(which(input, first)),
        };
    }
    if width as u64 != inner {
        return Err(Problem::Cells { expected: inner, found: width as u64 });
    }
    let open_names = matches!((shape.rows, &kind.ty), (Rows::AtMost(_), DataType::Bits { .. } | DataType::Enum { .. }));
    let header = !open_names && first.iter().all(|name| cell::is_name(name) && !cell::is_value(name, kind));
    let name = |i: usize| if header { first[i].clone() } else { (i + 1).to_string() };
    let cells = (0..width).map(|i| Cell { at: i, leaf, name: name(i) }).collect();
    let parts = (0..width).map(|i| shape.bare(i)).collect();
    Ok((Plan { cells, parts, width, rows: shape.rows, shape, hasher }, header))
}

/// Whether the first row of a single column is a header. Where the number of rows does not tell, it must be the input's name or a value.
fn is_header(cell: &str, kind: &Kind, rows: Rows, input: &str) -> Result<bool, Problem> {
    match rows {
        Rows::Exactly(_) => Ok(cell::is_name(cell) && !cell::is_value(cell, kind)),
        Rows::AtMost(_) if cell == input => Ok(true),
        Rows::AtMost(_) if cell::is_name(cell) && !cell::is_value(cell, kind) => {
            Err(Problem::Header { input: input.to_owned(), cell: shown(cell) })
        }
        Rows::AtMost(_) => Ok(false),
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
        let gap = bytes.get(from..start_of(row, text)).is_some_and(|between| between.contains(&b'\n'));
        match (self.cells.first(), gap) {
            (Some(cell), true) => {
                let kind = self.shape.leaves[cell.leaf].kind.boxed();
                Err(text.at(line_at(&bytes[..from]), Some(cell.name.clone()), Problem::EmptyCell(kind)))
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
        self.parts.iter().try_for_each(|part| self.part(part, row, leaves, text))
    }

    fn part(&self, part: &Part, row: &ByteRecord, leaves: &mut Leaves, text: &Text) -> Result<(), InputError> {
        match part {
            Part::Cell(cell) => {
                let Cell { at, leaf, name } = &self.cells[*cell];
                let kind = &self.shape.leaves[*leaf].kind;
                let content = row.get(*at).map(as_text).unwrap_or_default();
                cell::push(content, kind, self.hasher, &mut leaves[*leaf])
                    .map_err(|problem| text.at(line_of(row, text), Some(name.clone()), problem))
            }
            Part::Maybe(has, of) if of.iter().all(|part| self.is_absent(part, row)) => {
                leaves[*has].push(0);
                of.iter().for_each(|part| self.pad(part, leaves));
                Ok(())
            }
            Part::Maybe(has, of) => {
                leaves[*has].push(1);
                of.iter().try_for_each(|part| self.part(part, row, leaves, text))
            }
        }
    }

    fn is_absent(&self, part: &Part, row: &ByteRecord) -> bool {
        match part {
            Part::Cell(cell) => {
                let Cell { at, leaf, .. } = &self.cells[*cell];
                cell::is_absent(row.get(*at).map(as_text).unwrap_or_default(), &self.shape.leaves[*leaf].kind)
            }
            Part::Maybe(_, of) => of.iter().all(|part| self.is_absent(part, row)),
        }
    }

    /// Values for what is absent.
    fn pad(&self, part: &Part, leaves: &mut Leaves) {
        match part {
            Part::Cell(cell) => {
                let leaf = self.cells[*cell].leaf;
                cell::pad(&self.shape.leaves[leaf].kind, 1, &mut leaves[leaf]);
            }
            Part::Maybe(has, of) => {
                leaves[*has].push(0);
                of.iter().for_each(|part| self.pad(part, leaves));
            }
        }
    }
}
