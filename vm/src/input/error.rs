//! What can be wrong with an input file. Causes are values; their words stand here and nowhere else.

use super::key;
use super::kind::Kind;
use crate::failure::Failure;
use smpc_bytecode::types::{DataType, Format};
use std::fmt;
use std::path::{Path, PathBuf};

/// A mistake in an input file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, where there is one.
    pub line: Option<u64>,
    /// The column's name, or its number from 1 where columns have no names.
    pub column: Option<String>,
    /// What is wrong there.
    pub problem: Box<Problem>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It cannot be read; what the system says.
    Unreadable(String),
    /// It is a folder.
    Folder,
    /// Neither a file nor a pipe.
    Device,
    /// It is no text.
    NotUtf8,
    /// There is nothing in it.
    Empty,
    /// A column that the program names is missing.
    NoColumn {
        /// Its name.
        name: String,
        /// The columns that there are.
        found: Vec<String>,
    },
    /// Two columns have that name.
    TwoColumns(String),
    /// There are several columns and nothing says which one is meant.
    WhichColumn {
        /// The input.
        input: String,
        /// The columns that there are.
        found: Vec<String>,
    },
    /// A column was named for an input that takes more than one.
    ColumnOfTable,
    /// Another number of rows or values.
    Count {
        /// `rows` or `values`.
        of: &'static str,
        /// How many the program takes.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// More rows or values than there may be.
    TooMany {
        /// `rows` or `values`.
        of: &'static str,
        /// How many there may be.
        most: u64,
        /// How many there are.
        found: u64,
    },
    /// The first row of a single column is neither a value nor the input's name.
    Header {
        /// The input.
        input: String,
        /// The cell.
        cell: String,
    },
    /// Another number of cells in a row.
    Cells {
        /// How many there should be.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// A cell without content.
    EmptyCell(Box<Kind>),
    /// A cell that is not of its type.
    NotA {
        /// What it should be.
        kind: Box<Kind>,
        /// The cell.
        cell: String,
    },
    /// A number with a fraction where an integer is due.
    NotWhole {
        /// What it should be.
        kind: Box<Kind>,
        /// The cell.
        cell: String,
    },
    /// A number outside its range.
    OutOfRange {
        /// What it should be.
        kind: Box<Kind>,
        /// The cell.
        cell: String,
    },
    /// A number with more decimals than its scale holds.
    TooFine {
        /// What it should be.
        kind: Box<Kind>,
        /// The cell.
        cell: String,
        /// The scale.
        scale: u64,
    },
    /// Digits that may be hexadecimal ones or a number in another base.
    Ambiguous {
        /// What it should be.
        kind: Box<Kind>,
        /// The cell.
        cell: String,
    },
    /// A column is hashed, and there is no key.
    NoKey,
    /// JSON that is none, or has another shape.
    Json(String),
    /// A row that cannot be taken apart; what the reader says.
    Row(String),
    /// The format cannot hold records.
    NoRecords,
    /// The type has more columns than a table can have.
    TooWide,
}

impl InputError {
    pub(super) fn of_file(path: &Path, problem: Problem) -> Self {
        Self { path: path.to_owned(), line: None, column: None, problem: Box::new(problem) }
    }
}

/// A cell as it is shown: not longer than a line, and without control characters.
pub(super) fn shown(cell: &str) -> String {
    let clean = |text: &str| text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>();
    match cell.char_indices().nth(40) {
        None => clean(cell),
        Some((end, _)) => clean(&cell[..end]) + "…",
    }
}

/// `1 row`, `2 rows`.
fn counted(count: u64, of: &str) -> String {
    let one = of.strip_suffix('s').unwrap_or(of);
    if count == 1 { format!("1 {one}") } else { format!("{count} {of}") }
}

fn list(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(12).map(|name| format!("`{}`", shown(name))).collect();
    if names.len() > shown.len() {
        shown.push(format!("and {} more", names.len() - shown.len()));
    }
    shown.join(", ")
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Self::Folder => write!(f, "is a folder, and a file is needed"),
            Self::Device => write!(f, "is a device, and a file is needed"),
            Self::NotUtf8 => write!(f, "is not UTF-8 text"),
            Self::Empty => write!(f, "is empty"),
            Self::NoColumn { name, found } if found.is_empty() => write!(f, "has no column `{name}`"),
            Self::NoColumn { name, found } => write!(f, "has no column `{name}`; it has {}", list(found)),
            Self::TwoColumns(name) => write!(f, "has two columns `{name}`"),
            Self::WhichColumn { input, found } => {
                write!(f, "has several columns ({}), none of them called `{input}`", list(found))
            }
            Self::ColumnOfTable => write!(f, "a single column was named for an input of several"),
            Self::Count { of, expected, found } => {
                write!(f, "has {}, and the program takes {expected}", counted(*found, of))
            }
            Self::TooMany { of, most, found } => {
                write!(f, "has {}, and the program takes at most {most}", counted(*found, of))
            }
            Self::Header { input, cell } => {
                write!(f, "`{cell}` is neither a value nor the name of the input `{input}`")
            }
            Self::Cells { expected, found } => {
                write!(f, "the row has {} instead of {expected}", counted(*found, "cells"))
            }
            Self::EmptyCell(_) => write!(f, "the cell is empty"),
            Self::NotA { kind, cell } => match (&kind.ty, kind.format) {
                (DataType::Enum { name, .. }, _) => write!(f, "`{cell}` is no `{name}`"),
                (DataType::Bool, _) => write!(f, "`{cell}` is neither true nor false"),
                (DataType::Bits { .. }, _) => write!(f, "`{cell}` is not a hexadecimal number"),
                (_, Format::Date) => write!(f, "`{cell}` is not a date"),
                _ => write!(f, "`{cell}` is not a number"),
            },
            Self::NotWhole { cell, .. } => write!(f, "`{cell}` is not a whole number"),
            Self::OutOfRange { kind, cell } => match &kind.ty {
                DataType::Bits { width } => write!(f, "`{cell}` has more than {}", counted((*width).into(), "bits")),
                _ => write!(f, "`{cell}` is not in the range {}", kind.range()),
            },
            Self::TooFine { cell, scale, .. } => write!(f, "{scale} times `{cell}` is not a whole number"),
            Self::Ambiguous { cell, .. } => write!(f, "`{cell}` may be hexadecimal digits or another number"),
            Self::NoKey => write!(f, "has a column of which the program takes a keyed hash, and there is no key"),
            Self::Json(what) | Self::Row(what) => write!(f, "{what}"),
            Self::NoRecords => write!(f, "has bare numbers, and the input is a table of records"),
            Self::TooWide => write!(f, "the input has more columns than a table can hold"),
        }
    }
}

impl Problem {
    fn help(&self) -> String {
        match self {
            Self::Unreadable(_) | Self::Folder | Self::Device => "check the path after `NAME=`".to_owned(),
            Self::NotUtf8 => "save it as UTF-8".to_owned(),
            Self::NoColumn { .. } | Self::TwoColumns(_) => {
                "the first row names the columns, in any order, spelled as in the program".to_owned()
            }
            Self::WhichColumn { input, .. } => format!("say which one: --input {input}=FILE:COLUMN"),
            Self::ColumnOfTable => "leave `:COLUMN` out; the first row of the file names the columns".to_owned(),
            Self::Empty => "give the file that holds the values of this input".to_owned(),
            Self::Count { expected, found, .. } => {
                let (done, size) = if found > expected { ("left out", "more") } else { ("filled in", "fewer") };
                format!(
                    "nothing is {done} silently: give the file that belongs to this program, or compile it for {size}"
                )
            }
            Self::TooMany { .. } => {
                "nothing is left out silently: give fewer, or compile the program for more".to_owned()
            }
            Self::Header { input, .. } => format!(
                "where the number of rows is open, the first is a value or says `{input}`; of a column of another name \
                 say --input {input}=FILE:COLUMN"
            ),
            Self::Cells { .. } => {
                "every row has a cell for each column; a cell that has a separator in it stands in quotes".to_owned()
            }
            Self::Json(_) => {
                "expected JSON along the input's type: lists for arrays and tuples, objects with the fields' names for \
                 records"
                    .to_owned()
            }
            Self::Row(_) => "save it as plain CSV again".to_owned(),
            Self::NotA { kind, cell } if let Some(nearest) = kind.nearest(cell) => {
                format!("expected {}, spelled like that; the nearest is `{nearest}`", kind.expected())
            }
            Self::EmptyCell(kind)
            | Self::NotA { kind, .. }
            | Self::NotWhole { kind, .. }
            | Self::TooFine { kind, .. }
            | Self::OutOfRange { kind, .. } => format!("expected {}", kind.expected()),
            Self::Ambiguous { kind, .. } => {
                format!("write 0x before hexadecimal digits; expected {}", kind.expected())
            }
            Self::NoKey => key::MAKE.to_owned(),
            Self::NoRecords => "use CSV with a first row that names the columns, or JSON".to_owned(),
            Self::TooWide => "use JSON".to_owned(),
        }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        match &self.column {
            Some(column) => write!(f, ": column `{}`: {}", shown(column), self.problem),
            None => write!(f, ": {}", self.problem),
        }
    }
}

impl std::error::Error for InputError {}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::user(error.to_string()).help(error.problem.help())
    }
}
