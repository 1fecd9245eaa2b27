//! Layout: a document of texts and possible line breaks, printed within a width. After P. Wadler, "A prettier printer" (2003): a group is printed on
//! one line if it fits there, and otherwise breaks all of its own lines. Knows nothing of the language.

use super::align::{Column, Mark};

/// Columns that a line should not exceed.
pub(super) const WIDTH: usize = 100;

/// Columns of one level of indentation.
const STEP: usize = 4;

/// A piece of a document.
#[derive(Debug)]
pub(super) enum Doc {
    /// Text without line ends.
    Text(String),
    /// A comment: nothing stands behind it on its line, and its width breaks nothing. With a mark it stands behind code, a space apart.
    Comment(String, Option<Mark>),
    /// `flat` where the group around it is on one line, else a new line, with an empty one before if `blank`.
    Line {
        /// What stands here on one line.
        flat: &'static str,
        /// Whether an empty line comes first.
        blank: bool,
    },
    /// A new line, with an empty one before if `blank`.
    Hard {
        /// Whether an empty line comes first.
        blank: bool,
    },
    /// Text where the group around it is broken.
    IfBroken(&'static str),
    /// A column that lines below each other may share.
    Mark(Mark),
    /// Its lines are indented one level more.
    Nest(Box<Body>),
    /// Printed on one line if that is allowed and fits.
    Group(Box<Body>),
    /// What stands to the right of a `=`: behind it if it fits, else on a line of its own if it fits there, else behind it and broken.
    Right(Box<Body>),
}

/// What stands in a nest or a group.
#[derive(Debug)]
pub(super) struct Body {
    docs: Vec<Doc>,
    /// Whether a line break in it is forced.
    forced: bool,
    /// Widest that it may be on one line.
    limit: usize,
}

impl Body {
    pub(super) fn new(docs: Vec<Doc>) -> Box<Self> {
        Self::within(docs, WIDTH)
    }

    /// A group that breaks where it takes more than `limit` columns.
    pub(super) fn within(docs: Vec<Doc>, limit: usize) -> Box<Self> {
        let forced = docs.iter().any(|doc| match doc {
            Doc::Hard { .. } | Doc::Comment(..) => true,
            Doc::Nest(body) | Doc::Group(body) | Doc::Right(body) => body.forced,
            Doc::Text(_) | Doc::Line { .. } | Doc::IfBroken(_) | Doc::Mark(_) => false,
        });
        Box::new(Self { docs, forced, limit })
    }
}

/// What is still to be printed: indentation, whether lines break, and what.
type Todo<'a> = (usize, bool, &'a Doc);

/// Prints documents.
#[derive(Default)]
struct Printer {
    out: String,
    /// Line, from 0, and column where the next text goes.
    line: usize,
    column: usize,
    /// Indentation that is written before the next text.
    indent: usize,
    columns: Vec<Column>,
}

/// Prints a document: the text, and where its marks are.
pub(super) fn print(docs: &[Doc]) -> (String, Vec<Column>) {
    let mut printer = Printer::default();
    let mut todo: Vec<Todo<'_>> = docs.iter().rev().map(|doc| (0, true, doc)).collect();
    while let Some((indent, broken, doc)) = todo.pop() {
        match doc {
            Doc::Text(text) | Doc::Comment(text, None) => printer.text(text),
            Doc::Comment(text, Some(mark)) => {
                printer.trim();
                printer.text(" ");
                printer.mark(*mark);
                printer.text(text);
            }
            Doc::Line { blank, .. } if broken => printer.new_line(indent, *blank),
            Doc::Line { flat, .. } => printer.text(flat),
            Doc::Hard { blank } => printer.new_line(indent, *blank),
            Doc::IfBroken(text) => printer.text(if broken { text } else { "" }),
            Doc::Mark(mark) => printer.mark(*mark),
            Doc::Nest(body) => push(&mut todo, indent + STEP, broken, &body.docs),
            Doc::Group(body) => {
                let breaks = body.forced || !printer.fits(body, &todo, printer.at());
                push(&mut todo, indent, breaks, &body.docs);
            }
            Doc::Right(body) => {
                let here = !body.forced && printer.fits(body, &todo, printer.at() + 1);
                if !here && !body.forced && printer.fits(body, &todo, indent + STEP) {
                    printer.new_line(indent + STEP, false);
                    push(&mut todo, indent + STEP, false, &body.docs);
                } else {
                    // A comment comes first: what follows it is on a line of its own.
                    let comment = matches!(body.docs.first(), Some(Doc::Comment(..) | Doc::Hard { .. }));
                    printer.text(" ");
                    push(&mut todo, if comment { indent + STEP } else { indent }, !here, &body.docs);
                }
            }
        }
    }
    (printer.out, printer.columns)
}

fn push<'a>(todo: &mut Vec<Todo<'a>>, indent: usize, broken: bool, docs: &'a [Doc]) {
    todo.extend(docs.iter().rev().map(|doc| (indent, broken, doc)));
}

impl Printer {
    /// The column of the next text.
    fn at(&self) -> usize {
        self.column.max(self.indent)
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        while self.column < self.indent {
            self.out.push(' ');
            self.column += 1;
        }
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn new_line(&mut self, indent: usize, blank: bool) {
        self.trim();
        self.out.push_str(if blank { "\n\n" } else { "\n" });
        self.line += 1 + usize::from(blank);
        (self.column, self.indent) = (0, indent);
    }

    /// Takes back a space that a separator has left before the end of a line.
    fn trim(&mut self) {
        let kept = self.out.trim_end_matches(' ').len();
        self.column = self.column.saturating_sub(self.out.len() - kept);
        self.out.truncate(kept);
    }

    fn mark(&mut self, mark: Mark) {
        let column = self.at();
        self.columns.push(Column { line: self.line, column, mark });
    }

    /// Whether a body fits on one line from a column on, with what follows up to the next place where a line may end.
    fn fits(&self, body: &Body, rest: &[Todo<'_>], column: usize) -> bool {
        let mut left = WIDTH.saturating_sub(column);
        let mut own = body.limit;
        let mut inside = vec![(false, body.docs.iter())];
        let mut behind = rest.iter().rev();
        loop {
            let (broken, doc) = match inside.last_mut() {
                Some((broken, docs)) => match docs.next() {
                    Some(doc) => (*broken, doc),
                    None => {
                        inside.pop();
                        continue;
                    }
                },
                None => {
                    own = usize::MAX;
                    match behind.next() {
                        Some((_, broken, doc)) => (*broken, *doc),
                        None => return true,
                    }
                }
            };
            let width = match doc {
                Doc::Text(text) => text.chars().count(),
                Doc::Comment(..) | Doc::Hard { .. } => return true,
                Doc::Line { .. } if broken => return true,
                Doc::Line { flat, .. } => flat.len(),
                Doc::IfBroken(text) => {
                    if broken {
                        text.len()
                    } else {
                        0
                    }
                }
                Doc::Mark(_) => 0,
                Doc::Nest(body) | Doc::Group(body) => {
                    inside.push((broken, body.docs.iter()));
                    0
                }
                // Behind a `=` a line may end.
                Doc::Right(_) if broken => return true,
                Doc::Right(body) => {
                    inside.push((broken, body.docs.iter()));
                    1
                }
            };
            if width > left || width > own {
                return false;
            }
            left -= width;
            own = if own == usize::MAX { own } else { own - width };
        }
    }
}
