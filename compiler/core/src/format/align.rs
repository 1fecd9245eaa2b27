//! Columns: where the author has put words of lines below each other, with more than one space, they stay below each other.
//!
//! Lines belong together if they follow one another and their columns differ by little. A single space everywhere asks for nothing.

use super::doc::WIDTH;

/// A word that may be aligned, and whether the author had more than a space before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// What it is.
    pub(super) kind: Kind,
    /// Whether the author asks for a column.
    pub(super) wanted: bool,
}

/// What may be aligned, from left to right within a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The type of an `input`.
    InputType,
    /// The `from` of an `input`.
    InputFrom,
    /// The type of a struct's field.
    FieldType,
    /// The `=` of an `output`.
    OutputValue,
    /// The `to` of an `output`.
    OutputTo,
    /// A comment behind code.
    Comment,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::InputType, Self::InputFrom, Self::FieldType, Self::OutputValue, Self::OutputTo, Self::Comment];

    /// The word that starts a line on which this is aligned: the second line of a broken statement is not.
    const fn line(self) -> &'static str {
        match self {
            Self::InputType | Self::InputFrom => "input ",
            Self::OutputValue | Self::OutputTo => "output ",
            Self::FieldType | Self::Comment => "",
        }
    }

    /// How far columns may lie apart.
    const fn apart(self) -> usize {
        match self {
            Self::Comment => 24,
            _ => 12,
        }
    }
}

/// A mark and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// The line, from 0.
    pub(super) line: usize,
    /// Characters before it.
    pub(super) column: usize,
    /// What is there.
    pub(super) mark: Mark,
}

/// Aligns a printed text.
pub(super) fn align(text: &str, mut columns: Vec<Column>) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    for kind in Kind::ALL {
        let mut own: Vec<usize> = (0..columns.len()).filter(|at| columns[*at].mark.kind == kind).collect();
        own.retain(|at| lines[columns[*at].line].trim_start().starts_with(kind.line()));
        let together = |a: &usize, b: &usize| {
            let (a, b) = (columns[*a], columns[*b]);
            a.line + 1 == b.line && a.column.abs_diff(b.column) <= kind.apart()
        };
        let sections: Vec<Vec<usize>> = own.chunk_by(together).map(<[usize]>::to_vec).collect();
        for section in sections {
            section_to_column(kind, &section, &mut lines, &mut columns);
        }
    }
    lines.join("\n")
}

fn section_to_column(kind: Kind, section: &[usize], lines: &mut [String], columns: &mut [Column]) {
    let wanted = section.iter().any(|at| columns[*at].mark.wanted);
    let target = section.iter().map(|at| columns[*at].column).max().unwrap_or_default();
    let too_wide = section.iter().any(|at| {
        let column = columns[*at];
        kind != Kind::Comment && lines[column.line].chars().count() + target - column.column > WIDTH
    });
    if !wanted || section.len() < 2 || too_wide {
        return;
    }
    for at in section {
        let Column { line, column, .. } = columns[*at];
        let spaces = target - column;
        let byte = lines[line].char_indices().nth(column).map_or(lines[line].len(), |(byte, _)| byte);
        lines[line].insert_str(byte, &" ".repeat(spaces));
        // Columns stand in the order of their lines.
        let first = columns.partition_point(|other| other.line < line);
        for other in columns[first..].iter_mut().take_while(|other| other.line == line) {
            other.column += if other.column >= column { spaces } else { 0 };
        }
    }
}
