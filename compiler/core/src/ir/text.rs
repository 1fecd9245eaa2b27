//! The text form of the IR, for tests, bug reports and people. [`super::parse`] reads it back.
//!
//! ```text
//! program "main.smpc"
//! role "Acme"
//! input "pay" from 0 secret: [3] int(0..=9)
//! output "total" to all: int(0..=27)
//! %0: arith(-9223372036854775808..=9223372036854775807)[3] = input{input=0, leaf=0}() @0
//! %1 "pay": arith(0..=9)[3] = prove_range(%0) @0
//! %2: arith(0..=27)[1] = sum{len=3}(%1) @1
//! output{output=0, leaf=0}(%2) @1
//! ```
//!
//! A netlist is `netlist 8 8: xor 0 8 and 1 9 not 16 gives 17 18`: widths of its inputs, its gates, its output wires. A view is `%v` for all lanes or `%v[offset + %i*stride; stride x len, stride x len]`; `@n` is the site. A constant is written with its
//! words instead of its number: `const(1 2 3)`, `const(0 step 1)`.

use super::{Block, Bound, Carried, Constant, Inst, Kind, Op, Place, Program, Ref, RegType, SiteId, Slot, ValueId};
use smpc_bytecode::module::Receivers;
use smpc_bytecode::types::{DataType, Field, Format};
use smpc_math::netlist;
use std::fmt::{self, Display, Formatter, Write};

impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        header(self, f)?;
        Printer { program: self, depth: 0 }.block(&self.body, f)
    }
}

fn header(program: &Program, f: &mut Formatter<'_>) -> fmt::Result {
    let manifest = &program.manifest;
    writeln!(f, "program {}", Quoted(&manifest.program))?;
    for role in &manifest.roles {
        writeln!(f, "role {}", Quoted(role))?;
    }
    for (name, value) in &manifest.params {
        writeln!(f, "param {} = {value}", Quoted(name))?;
    }
    for input in &manifest.inputs {
        write!(f, "input {}", Quoted(&input.name))?;
        member(input.member, f)?;
        let secrecy = if input.secret { "secret" } else { "public" };
        writeln!(f, " from {} {secrecy}: {}", input.role.0, Data(&input.ty))?;
    }
    for output in &manifest.outputs {
        write!(f, "output {}", Quoted(&output.name))?;
        member(output.member, f)?;
        f.write_str(" to")?;
        match &output.to {
            Receivers::All => f.write_str(" all")?,
            Receivers::Roles(roles) => roles.iter().try_for_each(|role| write!(f, " {}", role.0))?,
        }
        writeln!(f, ": {}", Data(&output.ty))?;
    }
    for message in &program.messages {
        writeln!(f, "message {}", Quoted(message))?;
    }
    for netlist in &program.netlists {
        f.write_str("netlist")?;
        netlist.inputs().iter().try_for_each(|width| write!(f, " {width}"))?;
        f.write_char(':')?;
        for gate in netlist.gates() {
            match *gate {
                netlist::Gate::Xor(a, b) => write!(f, " xor {a} {b}")?,
                netlist::Gate::And(a, b) => write!(f, " and {a} {b}")?,
                netlist::Gate::Not(a) => write!(f, " not {a}")?,
                netlist::Gate::Zero => f.write_str(" zero")?,
            }
        }
        f.write_str(" gives")?;
        netlist.outputs().iter().try_for_each(|wire| write!(f, " {wire}"))?;
        f.write_char('\n')?;
    }
    for file in &program.sources.files {
        writeln!(f, "file {}", Quoted(file))?;
    }
    for site in &program.sources.sites {
        writeln!(f, "site {}:{}:{} {}", site.file.0, site.line, site.column, Quoted(&site.text))?;
    }
    Ok(())
}

fn member(member: Option<u32>, f: &mut Formatter<'_>) -> fmt::Result {
    member.map_or(Ok(()), |member| write!(f, " member {member}"))
}

struct Printer<'a> {
    program: &'a Program,
    depth: usize,
}

impl Printer<'_> {
    fn block(&mut self, block: &Block, f: &mut Formatter<'_>) -> fmt::Result {
        block.iter().try_for_each(|inst| self.inst(inst, f))
    }

    fn nested(&mut self, block: &Block, f: &mut Formatter<'_>) -> fmt::Result {
        self.depth += 1;
        let written = self.block(block, f);
        self.depth -= 1;
        written
    }

    fn indent(&self, f: &mut Formatter<'_>) -> fmt::Result {
        (0..self.depth).try_for_each(|_| f.write_str("    "))
    }

    fn inst(&mut self, inst: &Inst, f: &mut Formatter<'_>) -> fmt::Result {
        self.indent(f)?;
        match inst {
            Inst::Gate(gate) => {
                if let Some(result) = gate.result {
                    self.definition(result, f)?;
                    f.write_str(" = ")?;
                }
                self.op(gate.op, &gate.args, f)?;
                site(gate.site, f)
            }
            Inst::Update(update) => {
                self.definition(update.result, f)?;
                write!(f, " = update {}", Value(update.array))?;
                self.place(&update.place, self.program.lanes(update.array), f)?;
                f.write_char(' ')?;
                self.op(update.op, &update.args, f)?;
                site(update.site, f)
            }
            Inst::Concat(concat) => {
                self.definition(concat.result, f)?;
                f.write_str(" = concat")?;
                self.args(&concat.parts, f)?;
                site(concat.site, f)
            }
            Inst::Loop(l) => {
                f.write_str("loop ")?;
                self.definition(l.counter, f)?;
                write!(f, " from {} to {} @{} {{", ShownBound(l.from), ShownBound(l.to), l.site.0)?;
                f.write_char('\n')?;
                self.carried(&l.carried, f)?;
                self.nested(&l.body, f)?;
                self.close("}", f)
            }
            Inst::While(w) => {
                writeln!(f, "while @{} {{", w.site.0)?;
                self.carried(&w.carried, f)?;
                self.nested(&w.head, f)?;
                self.close(&format!("}} {} {{", Value(w.condition)), f)?;
                self.nested(&w.body, f)?;
                self.close("}", f)
            }
            Inst::If(i) => {
                writeln!(f, "if {} @{} {{", Value(i.condition), i.site.0)?;
                self.nested(&i.then, f)?;
                self.close("} else {", f)?;
                self.nested(&i.otherwise, f)?;
                self.close("} giving {", f)?;
                for joined in &i.results {
                    self.depth += 1;
                    self.indent(f)?;
                    self.depth -= 1;
                    self.definition(joined.result, f)?;
                    writeln!(f, " = {} else {}", Value(joined.then), Value(joined.otherwise))?;
                }
                self.close("}", f)
            }
        }
    }

    fn close(&self, text: &str, f: &mut Formatter<'_>) -> fmt::Result {
        self.indent(f)?;
        writeln!(f, "{text}")
    }

    fn carried(&mut self, carried: &[Carried], f: &mut Formatter<'_>) -> fmt::Result {
        self.depth += 1;
        for c in carried {
            self.indent(f)?;
            f.write_str("carry ")?;
            self.definition(c.param, f)?;
            write!(f, " = {} then {} gives ", Value(c.init), Value(c.next))?;
            self.definition(c.result, f)?;
            f.write_char('\n')?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn definition(&self, value: ValueId, f: &mut Formatter<'_>) -> fmt::Result {
        let data = &self.program.values[value.index()];
        write!(f, "{}", Value(value))?;
        if !data.name.is_empty() {
            write!(f, " {}", Quoted(&data.name))?;
        }
        write!(f, ": {}", ShownSlot(data.slot))
    }

    fn op(&self, op: Op, args: &[Ref], f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(op.mnemonic())?;
        if let Op::Const { constant } | Op::ConstRounded { constant } = op {
            return match self.program.constants.get(constant.index()) {
                Some(Constant::Words(words)) => {
                    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
                    write!(f, "({})", words.join(" "))
                }
                Some(Constant::Range { start, step }) => write!(f, "({start} step {step})"),
                None => f.write_str("(?)"),
            };
        }
        let immediates = op.immediates();
        if !immediates.is_empty() {
            let shown: Vec<String> = immediates.iter().map(|(name, bits)| format!("{name}={bits}")).collect();
            write!(f, "{{{}}}", shown.join(", "))?;
        }
        self.args(args, f)
    }

    fn args(&self, args: &[Ref], f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('(')?;
        for (i, arg) in args.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{}", Value(arg.value))?;
            self.place(&arg.place, self.program.lanes(arg.value), f)?;
        }
        f.write_char(')')
    }

    /// Nothing for all lanes in the plain form.
    fn place(&self, place: &Place, lanes: u64, f: &mut Formatter<'_>) -> fmt::Result {
        if *place == Place::whole(lanes) {
            return Ok(());
        }
        write!(f, "[{}", place.offset)?;
        if let Some(index) = place.index {
            write!(f, " + {}*{}", Value(index.value), index.stride)?;
        }
        for (i, dim) in place.dims.iter().enumerate() {
            write!(f, "{} {} x {}", if i == 0 { ";" } else { "," }, dim.stride, dim.len)?;
        }
        f.write_char(']')
    }
}

fn site(site: SiteId, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, " @{}", site.0)
}

struct Value(ValueId);

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0.0)
    }
}

struct ShownBound(Bound);

impl Display for ShownBound {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Bound::Const(value) => write!(f, "{value}"),
            Bound::Value(value) => write!(f, "{}", Value(value)),
        }
    }
}

/// A register type and lanes: `arith.16(0..=9)[3]`.
pub(crate) struct ShownSlot(pub(crate) Slot);

impl Display for ShownSlot {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (word, lo, hi, frac) = match self.0.ty {
            RegType::PUB_BOOL => return write!(f, "bool[{}]", self.0.lanes),
            RegType::Bin { width } => return write!(f, "bin.{width}[{}]", self.0.lanes),
            RegType::Pub { kind: Kind::Int, lo, hi, frac } => ("int", lo, hi, frac),
            RegType::Pub { kind: Kind::Bool, lo, hi, frac } => ("bool", lo, hi, frac),
            RegType::Pub { kind: Kind::Fix, lo, hi, frac } => ("fix", lo, hi, frac),
            RegType::Arith { lo, hi, frac } => ("arith", lo, hi, frac),
        };
        f.write_str(word)?;
        if frac != 0 {
            write!(f, ".{frac}")?;
        }
        write!(f, "({lo}..={hi})[{}]", self.0.lanes)
    }
}

struct Data<'a>(&'a DataType);

impl Display for Data<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            DataType::Bool => f.write_str("bool"),
            DataType::Int { lo, hi } => write!(f, "int({lo}..={hi})"),
            DataType::Fix { frac, lo, hi } => write!(f, "fix.{frac}({lo}..={hi})"),
            DataType::Array { shape, element } => {
                let shape: Vec<String> = shape.iter().map(ToString::to_string).collect();
                write!(f, "[{}] {}", shape.join(", "), Data(element))
            }
            DataType::Struct { name, fields } => {
                write!(f, "struct {} {{", Quoted(name))?;
                for (i, Field { name, ty, reading }) in fields.iter().enumerate() {
                    write!(f, "{} {}", if i == 0 { "" } else { "," }, Quoted(name))?;
                    if let Some(column) = &reading.column {
                        write!(f, " column {}", Quoted(column))?;
                    }
                    match reading.format {
                        Format::Plain => {}
                        Format::Date => f.write_str(" date")?,
                        Format::Scale(scale) => write!(f, " scale {scale}")?,
                        Format::Key => f.write_str(" key")?,
                    }
                    write!(f, ": {}", Data(ty))?;
                }
                f.write_str(" }")
            }
            DataType::Bits { width } => write!(f, "bits.{width}"),
            DataType::Enum { name, variants } => {
                write!(f, "enum {} {{", Quoted(name))?;
                for (i, variant) in variants.iter().enumerate() {
                    write!(f, "{} {}", if i == 0 { "" } else { "," }, Quoted(variant))?;
                }
                f.write_str(" }")
            }
            DataType::Maybe(value) => write!(f, "maybe {}", Data(value)),
            DataType::Rows { most, element } => write!(f, "[..={most}] {}", Data(element)),
            DataType::Tuple(items) => {
                f.write_char('(')?;
                for (i, ty) in items.iter().enumerate() {
                    write!(f, "{}{}", if i == 0 { "" } else { ", " }, Data(ty))?;
                }
                f.write_char(')')
            }
        }
    }
}

/// A string in quotes, with `"`, `\` and control characters escaped.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}
