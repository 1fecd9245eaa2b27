//! JSON, read along the input's type: arrays as arrays, records as objects, numbers as they are written. No tree is built, and no number
//! passes through floating point.
//!
//! What is absent is `null`, an empty text or `NA`; a member of a record must be there all the same.
//!
//! The file is the value itself, or an object with a member for it (named after the input, or as `FILE:MEMBER`). An array of records also
//! serves an input of plain values, which are then the field of that name in each.

use super::cell;
use super::error::{InputError, Problem, shown};
use super::key::Hasher;
use super::shape::{Shape, flatten};
use super::text::{Text, line_at};
use crate::engine::Leaves;
use serde::de::IgnoredAny;
use smpc_bytecode::types::{DataType, Field};
use std::borrow::Cow;

/// What is wrong with a file that was cut off.
const ENDS: &str = "the file ends in the middle of a value";

/// The leaves of an input from JSON.
pub(super) fn read<'t>(
    ty: &DataType,
    shape: &Shape,
    input: &'t str,
    column: Option<&'t str>,
    text: &'t Text,
    hasher: Option<&Hasher>,
) -> Result<Leaves, InputError> {
    let leaves = shape.empty(text.content.len());
    let mut reader = Reader { text, rest: &text.content, leaves, shape, hasher, field: None, inside: false };
    let form = Form::of(ty, &mut 0, "");
    let record = matches!(form, Form::Record(_) | Form::Tuple(_));
    match (reader.peek()?, column) {
        ('{', Some(name)) => reader.only_member(name, &form)?,
        ('{', None) if !record => reader.only_member(input, &form)?,
        ('[', Some(_)) if record => return Err(text.error(Problem::ColumnOfTable)),
        ('[', name) => {
            // A column of records, if it comes to that.
            reader.field = Some(name.unwrap_or(input));
            reader.value(&form)?;
        }
        _ => reader.value(&form)?,
    }
    match reader.rest.trim_start().chars().next() {
        None => Ok(reader.leaves),
        Some(_) => Err(reader.wrong("there is something after the end of the value")),
    }
}

/// A type with its leaves numbered.
enum Form {
    Scalar {
        leaf: usize,
        name: String,
    },
    /// What may be absent: the leaf that says so, and the leaves of the value with the lanes that one takes.
    Maybe {
        has: usize,
        leaves: Vec<(usize, u64)>,
        value: Box<Form>,
    },
    /// At most so many rows.
    Rows {
        most: u64,
        of: &'static str,
        element: Box<Form>,
    },
    /// An array of one extent; those of more are arrays of these.
    Array {
        extent: u64,
        of: &'static str,
        element: Box<Form>,
    },
    Record(Vec<(String, Form)>),
    Tuple(Vec<Form>),
}

impl Form {
    fn of(ty: &DataType, leaf: &mut usize, name: &str) -> Self {
        match ty {
            DataType::Bool
            | DataType::Int { .. }
            | DataType::Fix { .. }
            | DataType::Bits { .. }
            | DataType::Enum { .. } => {
                *leaf += 1;
                Self::Scalar { leaf: *leaf - 1, name: name.to_owned() }
            }
            DataType::Maybe(value) => {
                let has = *leaf;
                *leaf += 1;
                let lanes = value.scalars().into_iter().map(|scalar| scalar.lanes.unwrap_or(u64::MAX));
                let leaves = (*leaf..).zip(lanes).collect();
                Self::Maybe { has, leaves, value: Box::new(Self::of(value, leaf, name)) }
            }
            DataType::Rows { most, element } => {
                *leaf += 1;
                let of = if element.is_scalar() { "values" } else { "rows" };
                Self::Rows { most: *most, of, element: Box::new(Self::of(element, leaf, name)) }
            }
            DataType::Array { .. } => {
                let (extents, element) = flatten(ty);
                let mut of = if element.is_scalar() { "values" } else { "rows" };
                extents.iter().rev().fold(Self::of(element, leaf, name), |element, extent| {
                    let form = Self::Array { extent: *extent, of, element: Box::new(element) };
                    of = "rows";
                    form
                })
            }
            DataType::Struct { fields, .. } => {
                let member = |Field { name, ty, reading }: &Field| {
                    let name = reading.column.as_ref().unwrap_or(name);
                    (name.clone(), Self::of(ty, leaf, name))
                };
                Self::Record(fields.iter().map(member).collect())
            }
            DataType::Tuple(items) => Self::Tuple(items.iter().map(|ty| Self::of(ty, leaf, name)).collect()),
        }
    }
}

struct Reader<'t> {
    text: &'t Text,
    rest: &'t str,
    leaves: Leaves,
    shape: &'t Shape,
    hasher: Option<&'t Hasher>,
    /// Where records stand for plain values: the field that is meant, and whether this is in one of them.
    field: Option<&'t str>,
    inside: bool,
}

type Done = Result<(), InputError>;

impl<'t> Reader<'t> {
    /// The line on which `rest`, a rest of the file, starts.
    fn line(&self, rest: &str) -> u64 {
        let read = self.text.content.len() - rest.len();
        line_at(&self.text.content.as_bytes()[..read])
    }

    fn wrong(&self, what: impl Into<String>) -> InputError {
        self.problem(None, Problem::Json(what.into()))
    }

    fn problem(&self, column: Option<String>, problem: Problem) -> InputError {
        self.text.at(self.line(self.rest), column, problem)
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Result<char, InputError> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.rest.chars().next().ok_or_else(|| self.wrong(ENDS))
    }

    fn take(&mut self, wanted: char) -> Result<bool, InputError> {
        let found = self.peek()? == wanted;
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        Ok(found)
    }

    fn demand(&mut self, wanted: char) -> Done {
        if self.take(wanted)? {
            return Ok(());
        }
        let found = self.peek()?;
        Err(self.wrong(format!("`{found}` stands where `{wanted}` is due")))
    }

    /// A string, its escapes undone.
    fn string(&mut self) -> Result<Cow<'t, str>, InputError> {
        if self.peek()? != '"' {
            return Err(self.wrong("a name in quotes is missing"));
        }
        let bytes = self.rest.as_bytes();
        let (mut end, mut escapes) = (1, false);
        while let Some(byte) = bytes.get(end).filter(|byte| **byte != b'"') {
            escapes |= *byte == b'\\';
            end += if *byte == b'\\' { 2 } else { 1 };
        }
        let quoted = self.rest.get(..=end).ok_or_else(|| self.wrong("a text without its closing quote"))?;
        self.rest = &self.rest[quoted.len()..];
        if !escapes {
            return Ok(Cow::Borrowed(&quoted[1..end]));
        }
        serde_json::from_str(quoted).map(Cow::Owned).map_err(|_| self.wrong("a text that cannot be read"))
    }

    /// The characters of a number or word.
    fn word(&mut self) -> &'t str {
        let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' | b':');
        let end = self.rest.as_bytes().iter().position(ends).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// The one member of an object that is meant; the others are skipped.
    fn only_member(&mut self, name: &str, form: &Form) -> Done {
        let mut found = Vec::new();
        let mut read = false;
        self.members(|reader, member| {
            if member != name {
                found.push(member.into_owned());
                return reader.skip();
            }
            if std::mem::replace(&mut read, true) {
                return Err(reader.text.error(Problem::TwoColumns(member.into_owned())));
            }
            reader.inside = true;
            reader.value(form)?;
            reader.inside = false;
            Ok(())
        })?;
        if read { Ok(()) } else { Err(self.text.error(Problem::NoColumn { name: name.to_owned(), found })) }
    }

    /// The members of an object.
    fn members(&mut self, mut each: impl FnMut(&mut Self, Cow<'t, str>) -> Done) -> Done {
        self.demand('{')?;
        if self.take('}')? {
            return Ok(());
        }
        loop {
            let name = self.string()?;
            self.demand(':')?;
            each(self, name)?;
            if self.take('}')? {
                return Ok(());
            }
            self.demand(',')?;
        }
    }

    fn value(&mut self, form: &Form) -> Done {
        match form {
            Form::Scalar { leaf, name } => self.scalar(*leaf, name, form),
            Form::Maybe { has, leaves, value } => self.maybe(*has, leaves, value, form),
            Form::Rows { most, of, element } => self.rows(*most, of, element),
            Form::Array { extent, of, element } => self.array(*extent, of, element),
            Form::Record(fields) => self.record(fields),
            Form::Tuple(items) => {
                self.demand('[')?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        self.demand(',')?;
                    }
                    self.value(item)?;
                }
                self.demand(']')
            }
        }
    }

    fn scalar(&mut self, leaf: usize, name: &str, form: &Form) -> Done {
        let first = self.peek()?;
        if let ('{', Some(field), false) = (first, self.field, self.inside) {
            return self.field_of_record(field, form);
        }
        let kind = &self.shape.leaves[leaf].kind;
        if matches!(first, '{' | '[') {
            return Err(self.wrong(format!("a list or an object stands where {} is due", kind.expected())));
        }
        // Numbers in quotes are how some tools write large ones.
        let quoted = first == '"';
        let word = if quoted { self.string()? } else { Cow::Borrowed(self.word()) };
        let pushed = if word == "null" && !quoted {
            Err(Problem::EmptyCell(kind.boxed()))
        } else {
            cell::push(&word, kind, self.hasher, &mut self.leaves[leaf])
        };
        let name = self.field.filter(|_| self.inside).unwrap_or(name);
        pushed.map_err(|problem| self.problem((!name.is_empty()).then(|| name.to_owned()), problem))
    }

    fn maybe(&mut self, has: usize, leaves: &[(usize, u64)], value: &Form, form: &Form) -> Done {
        let first = self.peek()?;
        if let (Form::Scalar { .. }, '{', Some(field), false) = (value, first, self.field, self.inside) {
            return self.field_of_record(field, form);
        }
        let start = self.rest;
        let absent = match (first, value) {
            ('"', Form::Scalar { leaf, .. }) => cell::is_absent(&self.string()?, &self.shape.leaves[*leaf].kind),
            ('"' | '{' | '[', _) => false,
            _ => self.word() == "null",
        };
        self.leaves[has].push(i64::from(!absent));
        if !absent {
            self.rest = start;
            return self.value(value);
        }
        for (leaf, lanes) in leaves {
            let lanes = usize::try_from(*lanes).unwrap_or(usize::MAX);
            cell::pad(&self.shape.leaves[*leaf].kind, lanes, &mut self.leaves[*leaf]);
        }
        Ok(())
    }

    /// The value of one field of a record.
    fn field_of_record(&mut self, field: &'t str, form: &Form) -> Done {
        let start = self.rest;
        let mut read = false;
        self.members(|reader, member| {
            if member != field {
                return reader.skip();
            }
            if std::mem::replace(&mut read, true) {
                return Err(reader.problem(None, Problem::TwoColumns(member.into_owned())));
            }
            reader.inside = true;
            reader.value(form)?;
            reader.inside = false;
            Ok(())
        })?;
        if read { Ok(()) } else { Err(self.no_field(start, field)) }
    }

    fn no_field(&self, start: &str, field: &str) -> InputError {
        let what = format!("a record without a field `{}`", shown(field));
        self.text.at(self.line(start), None, Problem::Json(what))
    }

    fn array(&mut self, extent: u64, of: &'static str, element: &Form) -> Done {
        self.demand('[')?;
        let mut count = 0_u64;
        let mut more = !self.take(']')?;
        while more {
            count += 1;
            if count > extent {
                self.skip()?
            } else {
                self.value(element)?
            }
            more = !self.take(']')?;
            if more {
                self.demand(',')?;
            }
        }
        if count == extent {
            Ok(())
        } else {
            Err(self.problem(None, Problem::Count { of, expected: extent, found: count }))
        }
    }

    /// The rows that there are; the first leaf tells which. They stand at the top alone.
    fn rows(&mut self, most: u64, of: &'static str, element: &Form) -> Done {
        self.demand('[')?;
        let (mut found, mut excess) = (0_u64, None);
        let mut more = !self.take(']')?;
        while more {
            self.peek()?;
            found += 1;
            if found > most {
                excess.get_or_insert(self.rest);
                self.skip()?;
            } else {
                self.value(element)?;
            }
            more = !self.take(']')?;
            if more {
                self.demand(',')?;
            }
        }
        match excess {
            Some(at) => Err(self.text.at(self.line(at), None, Problem::TooMany { of, most, found })),
            None => {
                self.shape.fill(found, &mut self.leaves);
                Ok(())
            }
        }
    }

    fn record(&mut self, fields: &[(String, Form)]) -> Done {
        if self.peek()? != '{' {
            return Err(self.wrong("a record is an object with the fields' names"));
        }
        let start = self.rest;
        let mut seen = vec![false; fields.len()];
        self.members(|reader, member| match fields.iter().position(|(name, _)| *name == member) {
            // Further members are allowed, as further columns are.
            None => reader.skip(),
            Some(at) if std::mem::replace(&mut seen[at], true) => {
                Err(reader.problem(None, Problem::TwoColumns(member.into_owned())))
            }
            Some(at) => reader.value(&fields[at].1),
        })?;
        match seen.iter().position(|seen| !seen) {
            None => Ok(()),
            Some(missing) => Err(self.no_field(start, &fields[missing].0)),
        }
    }

    /// Passes over a value of any kind, which must be JSON all the same: who wrote it wrongly may have meant something else by all of it.
    fn skip(&mut self) -> Done {
        self.peek()?;
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<IgnoredAny>();
        let error = match values.next() {
            None => return Err(self.wrong(ENDS)),
            Some(Err(error)) => error,
            Some(Ok(_)) => {
                self.rest = &self.rest[values.byte_offset()..];
                return Ok(());
            }
        };
        let line = self.line(self.rest) + (error.line() as u64).saturating_sub(1);
        let text = error.to_string();
        let what = match text.split(" at line ").next() {
            Some(words) if !error.is_eof() => format!("this is no JSON: {words}"),
            _ => ENDS.to_owned(),
        };
        Err(self.text.at(line, None, Problem::Json(what)))
    }
}
