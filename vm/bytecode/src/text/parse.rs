//! The reader's tables and the tools that it has in common with [`super::code`]. It reports the first mistake with its line and stops.
//!
//! What it returns need not make sense; [`crate::verify`] says that.

use super::TextError;
use super::token::{Token, Tokens};
use crate::codec::MAX_DEPTH;
use crate::module::{Constant, Function, Input, Module, Output, Receivers, Site, Slot};
use crate::op::{FileId, RoleId};
use crate::types::{DataType, Field, Format, Kind, Reading, RegType};
use smpc_math::netlist::{Gate, Netlist};

pub(super) type Parsed<T> = Result<T, TextError>;

/// The module of a text; see [`crate::text`].
///
/// # Errors
/// The first line that is not what [`super::print`] writes.
pub fn parse(text: &str) -> Parsed<Module> {
    let mut reader = Reader { tokens: Tokens::new(text)?, module: Module::default() };
    reader.manifest()?;
    while let Token::Word(table) = *reader.tokens.peek() {
        reader.tokens.take()?;
        match table {
            "slot" => reader.slot()?,
            "const" => reader.constant()?,
            "netlist" => reader.netlist()?,
            "message" => {
                reader.row(reader.module.messages.len())?;
                let message = reader.text()?;
                reader.module.messages.push(message);
            }
            "file" => {
                reader.row(reader.module.sources.files.len())?;
                let file = reader.text()?;
                reader.module.sources.files.push(file);
            }
            "site" => reader.site()?,
            "function" => {
                reader.row(reader.module.functions.len())?;
                let name = reader.text()?;
                let body = reader.block(0)?;
                reader.module.functions.push(Function { name, body });
            }
            "main" => {
                reader.module.main = reader.block(0)?;
                return match reader.tokens.peek() {
                    Token::End => Ok(reader.module),
                    _ => reader.tokens.unexpected("the end"),
                };
            }
            _ => return reader.tokens.error(format!("`{table}` is no table")),
        }
    }
    reader.tokens.unexpected("a table or `main`")
}

/// Reads a module front to back.
pub(super) struct Reader<'t> {
    pub(super) tokens: Tokens<'t>,
    pub(super) module: Module,
}

impl Reader<'_> {
    /// Takes the sign, or fails.
    pub(super) fn sign(&mut self, wanted: &'static str) -> Parsed<()> {
        if self.try_sign(wanted)? { Ok(()) } else { self.tokens.unexpected(&format!("`{wanted}`")) }
    }

    /// Takes the sign if it comes next.
    pub(super) fn try_sign(&mut self, wanted: &'static str) -> Parsed<bool> {
        let here = *self.tokens.peek() == Token::Sign(wanted);
        if here {
            self.tokens.take()?;
        }
        Ok(here)
    }

    /// Takes the word, or fails.
    pub(super) fn word(&mut self, wanted: &'static str) -> Parsed<()> {
        if self.try_word(wanted)? { Ok(()) } else { self.tokens.unexpected(&format!("`{wanted}`")) }
    }

    /// Takes the word if it comes next.
    pub(super) fn try_word(&mut self, wanted: &'static str) -> Parsed<bool> {
        let here = *self.tokens.peek() == Token::Word(wanted);
        if here {
            self.tokens.take()?;
        }
        Ok(here)
    }

    pub(super) fn number<N: TryFrom<i128>>(&mut self) -> Parsed<N> {
        let Token::Number(number) = *self.tokens.peek() else { return self.tokens.unexpected("a number") };
        self.tokens.take()?;
        N::try_from(number).or_else(|_| self.tokens.error(format!("{number} is out of range")))
    }

    fn text(&mut self) -> Parsed<String> {
        let Token::Text(text) = self.tokens.peek() else { return self.tokens.unexpected("a string") };
        let text = text.clone();
        self.tokens.take()?;
        Ok(text)
    }

    /// The number of a row, which counts from 0.
    fn row(&mut self, wanted: usize) -> Parsed<()> {
        let found: usize = self.number()?;
        if found == wanted { Ok(()) } else { self.tokens.error(format!("row {found} where {wanted} should be")) }
    }

    /// Numbers as long as there are any.
    fn numbers<N: TryFrom<i128>>(&mut self) -> Parsed<Vec<N>> {
        let mut all = Vec::new();
        while matches!(self.tokens.peek(), Token::Number(_)) {
            all.push(self.number()?);
        }
        Ok(all)
    }

    /// `item, item …` up to the closing sign, which is taken.
    pub(super) fn list<T>(
        &mut self,
        close: &'static str,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let mut all = Vec::new();
        if self.try_sign(close)? {
            return Ok(all);
        }
        loop {
            all.push(item(self)?);
            if !self.try_sign(",")? {
                self.sign(close)?;
                return Ok(all);
            }
        }
    }

    fn manifest(&mut self) -> Parsed<()> {
        self.word("program")?;
        self.module.manifest.program = self.text()?;
        while self.try_word("param")? {
            let name = self.text()?;
            self.sign("=")?;
            let value = self.number()?;
            self.module.manifest.params.push((name, value));
        }
        while self.try_word("role")? {
            self.row(self.module.manifest.roles.len())?;
            let role = self.text()?;
            self.module.manifest.roles.push(role);
        }
        while self.try_word("input")? {
            self.row(self.module.manifest.inputs.len())?;
            let (name, member) = (self.text()?, self.member()?);
            self.word("from")?;
            let role = RoleId(self.number()?);
            let secret = self.try_word("secret")?;
            if !secret {
                self.word("public")?;
            }
            self.sign(":")?;
            let ty = self.data(0)?;
            self.module.manifest.inputs.push(Input { name, member, role, secret, ty });
        }
        while self.try_word("output")? {
            self.row(self.module.manifest.outputs.len())?;
            let (name, member) = (self.text()?, self.member()?);
            self.word("to")?;
            let to = if self.try_word("all")? {
                Receivers::All
            } else {
                Receivers::Roles(self.numbers()?.into_iter().map(RoleId).collect())
            };
            self.sign(":")?;
            let ty = self.data(0)?;
            self.module.manifest.outputs.push(Output { name, member, to, ty });
        }
        Ok(())
    }

    fn member(&mut self) -> Parsed<Option<u32>> {
        if self.try_word("member")? { self.number().map(Some) } else { Ok(None) }
    }

    /// `(lo..=hi)` or `(full)`.
    fn range(&mut self) -> Parsed<(i64, i64)> {
        self.sign("(")?;
        let range = if self.try_word("full")? {
            (i64::MIN, i64::MAX)
        } else {
            let lo = self.number()?;
            self.sign("..=")?;
            (lo, self.number()?)
        };
        self.sign(")")?;
        Ok(range)
    }

    /// A word that is a name and numbers: `arith.16`.
    fn dotted(&mut self, wanted: &str) -> Parsed<(String, Option<u32>)> {
        let Token::Word(word) = *self.tokens.peek() else { return self.tokens.unexpected(wanted) };
        self.tokens.take()?;
        match word.rsplit_once('.').map(|(name, number)| (name, number.parse())) {
            Some((name, Ok(number))) => Ok((name.to_owned(), Some(number))),
            _ => Ok((word.to_owned(), None)),
        }
    }

    fn slot(&mut self) -> Parsed<()> {
        self.row(self.module.slots.len())?;
        self.sign(":")?;
        let ty = match self.dotted("a type of register")? {
            (name, Some(width)) if name == "bin" => RegType::Bin { width },
            (name, frac) => {
                let kind = match name.as_str() {
                    "pub.int" => Some(Kind::Int),
                    "pub.bool" => Some(Kind::Bool),
                    "pub.fix" => Some(Kind::Fix),
                    "arith" => None,
                    _ => return self.tokens.error(format!("`{name}` is no type of register")),
                };
                let ((lo, hi), frac) = (self.range()?, frac.unwrap_or(0));
                kind.map_or(RegType::Arith { lo, hi, frac }, |kind| RegType::Pub { kind, lo, hi, frac })
            }
        };
        self.sign("[")?;
        let lanes = self.number()?;
        self.sign("]")?;
        self.module.slots.push(Slot { ty, lanes });
        Ok(())
    }

    fn constant(&mut self) -> Parsed<()> {
        self.row(self.module.constants.len())?;
        self.sign(":")?;
        let constant = if self.try_sign("[")? {
            Constant::Words(self.list("]", Self::number)?)
        } else {
            let start = self.number()?;
            self.word("step")?;
            Constant::Range { start, step: self.number()? }
        };
        self.module.constants.push(constant);
        Ok(())
    }

    fn netlist(&mut self) -> Parsed<()> {
        self.row(self.module.netlists.len())?;
        self.sign(":")?;
        self.word("in")?;
        let inputs: Vec<u32> = self.numbers()?;
        self.sign("{")?;
        let first: u64 = inputs.iter().map(|width| u64::from(*width)).sum();
        let mut gates = Vec::new();
        while !self.try_sign("}")? {
            let wire: u64 = self.number()?;
            if wire != first + gates.len() as u64 {
                return self.tokens.error(format!("wire {wire} where {} should be", first + gates.len() as u64));
            }
            self.sign("=")?;
            gates.push(if self.try_word("xor")? {
                Gate::Xor(self.number()?, self.number()?)
            } else if self.try_word("and")? {
                Gate::And(self.number()?, self.number()?)
            } else if self.try_word("not")? {
                Gate::Not(self.number()?)
            } else {
                self.word("zero")?;
                Gate::Zero
            });
            self.sign(";")?;
        }
        self.word("out")?;
        let outputs = self.numbers()?;
        match Netlist::new(inputs, gates, outputs) {
            Ok(netlist) => self.module.netlists.push(netlist),
            Err(error) => return self.tokens.error(error.to_string()),
        }
        Ok(())
    }

    fn site(&mut self) -> Parsed<()> {
        self.row(self.module.sources.sites.len())?;
        self.sign(":")?;
        let file = FileId(self.number()?);
        self.sign(":")?;
        let line = self.number()?;
        self.sign(":")?;
        let column = self.number()?;
        let text = self.text()?;
        self.module.sources.sites.push(Site { file, line, column, text });
        Ok(())
    }

    fn data(&mut self, depth: usize) -> Parsed<DataType> {
        if depth > MAX_DEPTH {
            return self.tokens.error("types that nest too deep");
        }
        if self.try_sign("[")? {
            if self.try_sign("..=")? {
                let most = self.number()?;
                self.sign("]")?;
                return Ok(DataType::Rows { most, element: Box::new(self.data(depth + 1)?) });
            }
            let shape = self.list("]", Self::number)?;
            return Ok(DataType::Array { shape, element: Box::new(self.data(depth + 1)?) });
        }
        if self.try_sign("(")? {
            return Ok(DataType::Tuple(self.list(")", |reader| reader.data(depth + 1))?));
        }
        match self.dotted("a type of data")? {
            (name, None) if name == "bool" => Ok(DataType::Bool),
            (name, None) if name == "int" => {
                let (lo, hi) = self.range()?;
                Ok(DataType::Int { lo, hi })
            }
            (name, Some(frac)) if name == "fix" => {
                let (lo, hi) = self.range()?;
                Ok(DataType::Fix { frac, lo, hi })
            }
            (name, None) if name == "struct" => {
                let name = self.text()?;
                self.sign("{")?;
                let fields = self.list("}", |reader| {
                    let (name, reading) = (reader.text()?, reader.reading()?);
                    reader.sign(":")?;
                    Ok(Field { name, ty: reader.data(depth + 1)?, reading })
                })?;
                Ok(DataType::Struct { name, fields })
            }
            (name, Some(width)) if name == "bits" => Ok(DataType::Bits { width }),
            (name, None) if name == "enum" => {
                let name = self.text()?;
                self.sign("{")?;
                Ok(DataType::Enum { name, variants: self.list("}", Self::text)? })
            }
            (name, None) if name == "maybe" => Ok(DataType::Maybe(Box::new(self.data(depth + 1)?))),
            (name, _) => self.tokens.error(format!("`{name}` is no type of data")),
        }
    }

    /// `column "Pay" scale 100`, or nothing.
    fn reading(&mut self) -> Parsed<Reading> {
        let column = if self.try_word("column")? { Some(self.text()?) } else { None };
        let format = if self.try_word("date")? {
            Format::Date
        } else if self.try_word("scale")? {
            Format::Scale(self.number()?)
        } else if self.try_word("key")? {
            Format::Key
        } else {
            Format::Plain
        };
        Ok(Reading { column, format })
    }
}
