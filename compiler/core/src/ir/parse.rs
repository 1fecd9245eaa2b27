//! Reads the text form of the IR that [`super::text`] prints. For tests: it reports the first mistake with its line and stops.
//!
//! What it returns need not be well formed; `ir::verify` says that.

use super::{
    Block, Bound, Carried, Concat, Constant, Dim, Gate, If, Index, Inst, Joined, Kind, Loop, Op, Place, Program, Ref,
    RegType, SiteId, Slot, Update, ValueData, ValueId, While,
};
use smpc_bytecode::module::{Input, Output, Receivers, Site};
use smpc_bytecode::op::{FileId, RoleId};
use smpc_bytecode::types::{DataType, Field, Format, Reading};
use smpc_math::netlist::{self, Netlist};

/// Why a text is no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// What was wrong there.
    pub what: String,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for ParseError {}

/// Deepest nesting of blocks and of data types.
const DEPTH: usize = 512;

/// Most values; ids are dense, so that more would be a slip.
const VALUES: u32 = 1 << 24;

type Parsed<T> = Result<T, ParseError>;

/// Reads a program.
///
/// # Errors
/// Where the text is not what [`super::text`] prints.
pub fn parse(text: &str) -> Parsed<Program> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, program: Program::default() };
    parser.header()?;
    let body = parser.block(None)?;
    parser.program.body = body;
    Ok(parser.program)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Letters, digits, `_` and `.`, from a letter on: `arith.16`, `prove_range`.
    Word(String),
    Number(i128),
    Text(String),
    /// One of `%@:=()[]{},;+*`, and `..=` as `~`.
    Sign(char),
    End,
}

fn tokens(text: &str) -> Parsed<Vec<(Token, usize)>> {
    let mut out = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line_number = i + 1;
        let fail = |what: &str| ParseError { line: line_number, what: what.to_owned() };
        let mut rest = line;
        loop {
            rest = rest.trim_start();
            let Some(c) = rest.chars().next() else { break };
            if rest.starts_with("//") {
                break;
            }
            let token = if c == '"' {
                let (token, after) = quoted(&rest[1..]).ok_or_else(|| fail("a string does not end"))?;
                rest = after;
                token
            } else if let Some(after) = rest.strip_prefix("..=") {
                rest = after;
                Token::Sign('~')
            } else if c.is_ascii_digit() || c == '-' {
                let end = rest[1..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |n| n + 1);
                let number = rest[..end].parse().map_err(|_| fail("not a number"))?;
                rest = &rest[end..];
                Token::Number(number)
            } else if c.is_ascii_alphabetic() {
                let more = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let mut end = rest.find(|c| !more(c)).unwrap_or(rest.len());
                let scale =
                    rest[end..].strip_prefix('.').filter(|after| after.starts_with(|c: char| c.is_ascii_digit()));
                if let Some(after) = scale {
                    end = rest.len() - after.find(|c| !more(c)).map_or(0, |n| after.len() - n);
                }
                let word = rest[..end].to_owned();
                rest = &rest[end..];
                Token::Word(word)
            } else if "%@:=()[]{},;+*".contains(c) {
                rest = &rest[1..];
                Token::Sign(c)
            } else {
                return Err(fail(&format!("unexpected `{c}`")));
            };
            out.push((token, line_number));
        }
    }
    out.push((Token::End, text.lines().count()));
    Ok(out)
}

fn quoted(mut rest: &str) -> Option<(Token, &str)> {
    let mut text = String::new();
    loop {
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => return Some((Token::Text(text), rest)),
            '\\' => {
                if let Some(hex) = rest.strip_prefix("u{") {
                    let (digits, after) = hex.split_once('}')?;
                    text.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
                    rest = after;
                } else {
                    let c = rest.chars().next()?;
                    text.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
            c => text.push(c),
        }
    }
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
    program: Program,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn next(&mut self) -> Token {
        let token = self.tokens[self.at].0.clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn fail<T>(&self, what: impl Into<String>) -> Parsed<T> {
        Err(ParseError { line: self.tokens[self.at].1, what: what.into() })
    }

    fn is(&self, c: char) -> bool {
        *self.peek() == Token::Sign(c)
    }

    fn eat(&mut self, c: char) -> bool {
        let is = self.is(c);
        if is {
            self.next();
        }
        is
    }

    fn expect(&mut self, c: char) -> Parsed<()> {
        if self.eat(c) { Ok(()) } else { self.fail(format!("expected `{c}`, found {:?}", self.peek())) }
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Token::Word(w) if w == word);
        if is {
            self.next();
        }
        is
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word) { Ok(()) } else { self.fail(format!("expected `{word}`, found {:?}", self.peek())) }
    }

    fn word(&mut self) -> Parsed<String> {
        match self.peek() {
            Token::Word(_) => match self.next() {
                Token::Word(word) => Ok(word),
                _ => self.fail("expected a word"),
            },
            other => self.fail(format!("expected a word, found {other:?}")),
        }
    }

    fn text(&mut self) -> Parsed<String> {
        match self.peek().clone() {
            Token::Text(text) => {
                self.next();
                Ok(text)
            }
            other => self.fail(format!("expected a string, found {other:?}")),
        }
    }

    fn number<T: TryFrom<i128>>(&mut self) -> Parsed<T> {
        let number = match self.peek() {
            Token::Number(number) => T::try_from(*number).ok(),
            Token::Word(_) | Token::Text(_) | Token::Sign(_) | Token::End => None,
        };
        match number {
            Some(number) => {
                self.next();
                Ok(number)
            }
            None => self.fail(format!("expected a number in range, found {:?}", self.peek())),
        }
    }

    // Header.

    fn header(&mut self) -> Parsed<()> {
        self.expect_word("program")?;
        self.program.manifest.program = self.text()?;
        loop {
            if self.eat_word("role") {
                let role = self.text()?;
                self.program.manifest.roles.push(role);
            } else if self.eat_word("param") {
                let name = self.text()?;
                self.expect('=')?;
                let value = self.number()?;
                self.program.manifest.params.push((name, value));
            } else if self.eat_word("input") {
                let (name, member) = (self.text()?, self.member()?);
                self.expect_word("from")?;
                let role = RoleId(self.number()?);
                let secret = self.word()? == "secret";
                self.expect(':')?;
                let ty = self.data()?;
                self.program.manifest.inputs.push(Input { name, member, role, secret, ty });
            } else if matches!(self.peek(), Token::Word(w) if w == "output")
                && matches!(self.tokens.get(self.at + 1), Some((Token::Text(_), _)))
            {
                self.next();
                let output = self.output()?;
                self.program.manifest.outputs.push(output);
            } else if self.eat_word("message") {
                let message = self.text()?;
                self.program.messages.push(message);
            } else if self.eat_word("netlist") {
                let netlist = self.netlist()?;
                self.program.netlists.push(netlist);
            } else if self.eat_word("file") {
                let file = self.text()?;
                self.program.sources.files.push(file);
            } else if self.eat_word("site") {
                let file = FileId(self.number()?);
                self.expect(':')?;
                let line = self.number()?;
                self.expect(':')?;
                let column = self.number()?;
                let text = self.text()?;
                self.program.sources.sites.push(Site { file, line, column, text });
            } else {
                return Ok(());
            }
        }
    }

    fn netlist(&mut self) -> Parsed<Netlist> {
        let mut inputs = Vec::new();
        while !self.eat(':') {
            inputs.push(self.number()?);
        }
        let mut gates = Vec::new();
        loop {
            let gate = match self.word()?.as_str() {
                "xor" => netlist::Gate::Xor(self.number()?, self.number()?),
                "and" => netlist::Gate::And(self.number()?, self.number()?),
                "not" => netlist::Gate::Not(self.number()?),
                "zero" => netlist::Gate::Zero,
                "gives" => break,
                other => return self.fail(format!("a netlist has no gate `{other}`")),
            };
            gates.push(gate);
        }
        let mut outputs = Vec::new();
        while matches!(self.peek(), Token::Number(_)) {
            outputs.push(self.number()?);
        }
        Netlist::new(inputs, gates, outputs).or_else(|error| self.fail(error.to_string()))
    }

    fn member(&mut self) -> Parsed<Option<u32>> {
        if self.eat_word("member") { self.number().map(Some) } else { Ok(None) }
    }

    fn output(&mut self) -> Parsed<Output> {
        let (name, member) = (self.text()?, self.member()?);
        self.expect_word("to")?;
        let to = if self.eat_word("all") {
            Receivers::All
        } else {
            let mut roles = Vec::new();
            while !self.is(':') {
                roles.push(RoleId(self.number()?));
            }
            Receivers::Roles(roles)
        };
        self.expect(':')?;
        Ok(Output { name, member, to, ty: self.data()? })
    }

    fn data(&mut self) -> Parsed<DataType> {
        self.depth += 1;
        if self.depth > DEPTH {
            return self.fail("nested too deep");
        }
        let ty = self.data_inner();
        self.depth -= 1;
        ty
    }

    fn data_inner(&mut self) -> Parsed<DataType> {
        if self.eat('[') {
            if self.eat('~') {
                let most = self.number()?;
                self.expect(']')?;
                return Ok(DataType::Rows { most, element: Box::new(self.data()?) });
            }
            let mut shape = Vec::new();
            while !self.eat(']') {
                shape.push(self.number()?);
                self.eat(',');
            }
            return Ok(DataType::Array { shape, element: Box::new(self.data()?) });
        }
        if self.eat('(') {
            let mut items = Vec::new();
            while !self.eat(')') {
                items.push(self.data()?);
                self.eat(',');
            }
            return Ok(DataType::Tuple(items));
        }
        let word = self.word()?;
        match scaled(&word) {
            ("bool", 0) => Ok(DataType::Bool),
            ("int", 0) => {
                let (lo, hi) = self.interval()?;
                Ok(DataType::Int { lo, hi })
            }
            ("fix", frac) => {
                let (lo, hi) = self.interval()?;
                Ok(DataType::Fix { frac, lo, hi })
            }
            ("struct", 0) => {
                let name = self.text()?;
                self.expect('{')?;
                let mut fields = Vec::new();
                while !self.eat('}') {
                    let (name, reading) = (self.text()?, self.reading()?);
                    self.expect(':')?;
                    fields.push(Field { name, ty: self.data()?, reading });
                    self.eat(',');
                }
                Ok(DataType::Struct { name, fields })
            }
            ("bits", width) => Ok(DataType::Bits { width }),
            ("enum", 0) => {
                let name = self.text()?;
                self.expect('{')?;
                let mut variants = Vec::new();
                while !self.eat('}') {
                    variants.push(self.text()?);
                    self.eat(',');
                }
                Ok(DataType::Enum { name, variants })
            }
            ("maybe", 0) => Ok(DataType::Maybe(Box::new(self.data()?))),
            _ => self.fail(format!("no type `{word}`")),
        }
    }

    /// `column "Pay" scale 100`, or nothing.
    fn reading(&mut self) -> Parsed<Reading> {
        let column = if self.eat_word("column") { Some(self.text()?) } else { None };
        let format = if self.eat_word("date") {
            Format::Date
        } else if self.eat_word("scale") {
            Format::Scale(self.number()?)
        } else if self.eat_word("key") {
            Format::Key
        } else {
            Format::Plain
        };
        Ok(Reading { column, format })
    }

    fn interval(&mut self) -> Parsed<(i64, i64)> {
        self.expect('(')?;
        let lo = self.number()?;
        self.expect('~')?;
        let hi = self.number()?;
        self.expect(')')?;
        Ok((lo, hi))
    }

    // Values.

    fn slot(&mut self) -> Parsed<Slot> {
        let word = self.word()?;
        let (name, frac) = scaled(&word);
        let ty = match name {
            "bool" if !self.is('(') => RegType::PUB_BOOL,
            "bin" => RegType::Bin { width: frac },
            "int" | "bool" | "fix" | "arith" => {
                let (lo, hi) = self.interval()?;
                match name {
                    "int" => RegType::Pub { kind: Kind::Int, lo, hi, frac },
                    "bool" => RegType::Pub { kind: Kind::Bool, lo, hi, frac },
                    "fix" => RegType::Pub { kind: Kind::Fix, lo, hi, frac },
                    _ => RegType::Arith { lo, hi, frac },
                }
            }
            _ => return self.fail(format!("no register type `{word}`")),
        };
        self.expect('[')?;
        let lanes = self.number()?;
        self.expect(']')?;
        Ok(Slot { ty, lanes })
    }

    fn value(&mut self) -> Parsed<ValueId> {
        self.expect('%')?;
        let id = self.number()?;
        if id >= VALUES {
            return self.fail("too many values");
        }
        while self.program.values.len() <= id as usize {
            let slot = Slot { ty: RegType::pub_int(0, 0), lanes: 0 };
            self.program.values.push(ValueData { slot, name: String::new() });
        }
        Ok(ValueId(id))
    }

    fn definition(&mut self) -> Parsed<ValueId> {
        let value = self.value()?;
        let name = if matches!(self.peek(), Token::Text(_)) { self.text()? } else { String::new() };
        self.expect(':')?;
        let slot = self.slot()?;
        self.program.values[value.index()] = ValueData { slot, name };
        Ok(value)
    }

    fn site(&mut self) -> Parsed<SiteId> {
        self.expect('@')?;
        Ok(SiteId(self.number()?))
    }

    /// `None` stands for all lanes, whose number may be known only later in the text.
    fn place(&mut self) -> Parsed<Option<Place>> {
        if !self.eat('[') {
            return Ok(None);
        }
        let offset = self.number()?;
        let index = if self.eat('+') {
            let value = self.value()?;
            self.expect('*')?;
            Some(Index { value, stride: self.number()? })
        } else {
            None
        };
        let mut dims = Vec::new();
        if self.eat(';') {
            loop {
                let stride = self.number()?;
                self.expect_word("x")?;
                dims.push(Dim { stride, len: self.number()? });
                if !self.eat(',') {
                    break;
                }
            }
        }
        self.expect(']')?;
        Ok(Some(Place { offset, index, dims }))
    }

    fn args(&mut self) -> Parsed<Vec<Ref>> {
        self.expect('(')?;
        let mut args = Vec::new();
        while !self.eat(')') {
            let value = self.value()?;
            let place = self.place()?.unwrap_or_else(|| Place::whole(self.program.lanes(value)));
            args.push(Ref { value, place });
            self.eat(',');
        }
        Ok(args)
    }

    fn op(&mut self) -> Parsed<(Op, Vec<Ref>)> {
        let word = self.word()?;
        let Some(info) = Op::by_mnemonic(&word) else { return self.fail(format!("no operation `{word}`")) };
        if word == "const" {
            let constant = self.constant()?;
            return Ok((Op::Const { constant: self.program.constant(constant) }, Vec::new()));
        }
        if word == "const_rounded" {
            let constant = self.constant()?;
            return Ok((Op::ConstRounded { constant: self.program.constant(constant) }, Vec::new()));
        }
        let mut immediates = Vec::new();
        if self.eat('{') {
            while !self.eat('}') {
                let name = self.word()?;
                if info.immediates.get(immediates.len()) != Some(&name.as_str()) {
                    return self.fail(format!("`{word}` has no immediate `{name}` there"));
                }
                self.expect('=')?;
                immediates.push(self.number()?);
                self.eat(',');
            }
        }
        let Some(op) = Op::from_parts(info.code, &immediates) else {
            return self.fail(format!("wrong immediates for `{word}`"));
        };
        Ok((op, self.args()?))
    }

    fn constant(&mut self) -> Parsed<Constant> {
        self.expect('(')?;
        let mut words = Vec::new();
        loop {
            if self.eat(')') {
                return Ok(Constant::Words(words));
            }
            if self.eat_word("step") {
                let step = self.number()?;
                self.expect(')')?;
                let start = words.first().copied().unwrap_or(0);
                return Ok(Constant::Range { start, step });
            }
            words.push(self.number()?);
        }
    }

    // Code.

    /// Instructions up to a `}`, which is eaten, or to the end at the top. Leading `carry` lines go to `carried`.
    fn block(&mut self, carried: Option<&mut Vec<Carried>>) -> Parsed<Block> {
        let top = self.depth == 0;
        self.depth += 1;
        if self.depth > DEPTH {
            return self.fail("nested too deep");
        }
        if let Some(carried) = carried {
            while self.eat_word("carry") {
                let param = self.definition()?;
                self.expect('=')?;
                let init = self.value()?;
                self.expect_word("then")?;
                let next = self.value()?;
                self.expect_word("gives")?;
                let result = self.definition()?;
                carried.push(Carried { init, param, next, result });
            }
        }
        let mut block = Block::new();
        loop {
            if *self.peek() == Token::End {
                if top {
                    break;
                }
                return self.fail("a block does not end");
            }
            if !top && self.eat('}') {
                break;
            }
            let inst = self.inst()?;
            block.push(inst);
        }
        self.depth -= 1;
        Ok(block)
    }

    fn inst(&mut self) -> Parsed<Inst> {
        if self.is('%') {
            return self.defining();
        }
        if self.eat_word("loop") {
            let counter = self.definition()?;
            self.expect_word("from")?;
            let from = self.bound()?;
            self.expect_word("to")?;
            let to = self.bound()?;
            let site = self.site()?;
            self.expect('{')?;
            let mut carried = Vec::new();
            let body = self.block(Some(&mut carried))?;
            return Ok(Inst::Loop(Loop { counter, from, to, carried, body, site }));
        }
        if self.eat_word("while") {
            let site = self.site()?;
            self.expect('{')?;
            let mut carried = Vec::new();
            let head = self.block(Some(&mut carried))?;
            let condition = self.value()?;
            self.expect('{')?;
            let body = self.block(None)?;
            return Ok(Inst::While(While { carried, head, condition, body, site }));
        }
        if self.eat_word("if") {
            return self.branch();
        }
        let (op, args) = self.op()?;
        Ok(Inst::Gate(Gate { op, args, result: None, site: self.site()? }))
    }

    fn defining(&mut self) -> Parsed<Inst> {
        let result = self.definition()?;
        self.expect('=')?;
        if self.eat_word("update") {
            let array = self.value()?;
            let place = self.place()?.unwrap_or_else(|| Place::whole(self.program.lanes(array)));
            let (op, args) = self.op()?;
            return Ok(Inst::Update(Update { op, array, place, args, result, site: self.site()? }));
        }
        if self.eat_word("concat") {
            let parts = self.args()?;
            return Ok(Inst::Concat(Concat { parts, result, site: self.site()? }));
        }
        let (op, args) = self.op()?;
        Ok(Inst::Gate(Gate { op, args, result: Some(result), site: self.site()? }))
    }

    fn branch(&mut self) -> Parsed<Inst> {
        let condition = self.value()?;
        let site = self.site()?;
        self.expect('{')?;
        let then = self.block(None)?;
        self.expect_word("else")?;
        self.expect('{')?;
        let otherwise = self.block(None)?;
        self.expect_word("giving")?;
        self.expect('{')?;
        let mut results = Vec::new();
        while !self.eat('}') {
            let result = self.definition()?;
            self.expect('=')?;
            let then = self.value()?;
            self.expect_word("else")?;
            results.push(Joined { then, otherwise: self.value()?, result });
        }
        Ok(Inst::If(If { condition, then, otherwise, results, site }))
    }

    fn bound(&mut self) -> Parsed<Bound> {
        if self.is('%') { Ok(Bound::Value(self.value()?)) } else { Ok(Bound::Const(self.number()?)) }
    }
}

/// `fix.16` is `fix` with 16 fractional bits.
fn scaled(word: &str) -> (&str, u32) {
    match word.split_once('.') {
        Some((name, frac)) => (name, frac.parse().unwrap_or(u32::MAX)),
        None => (word, 0),
    }
}
