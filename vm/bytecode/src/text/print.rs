//! The printer: one line a row of a table or an entry, with what a reader wants to know of it as a comment.

use crate::module::{Bound, Constant, Entry, Gate, Input, Level, Module, Output, Receivers, Site, Slot, View, While};
use crate::op::{RoleId, SiteId};
use crate::types::{DataType, Field, Format, Kind, RegType};
use smpc_math::netlist::{self, Netlist};
use std::fmt::Write;

/// Where comments start, if the line is not longer.
const COMMENT: usize = 56;
/// Numbers or gates that share a line.
const A_LINE: usize = 8;
/// Leaves of a type that a comment names.
const LEAVES: usize = 6;

/// The text of a module; see [`crate::text`].
#[must_use]
pub fn print(module: &Module) -> String {
    let mut printer = Printer { module, out: String::new() };
    printer.manifest();
    printer.tables();
    for (i, function) in module.functions.iter().enumerate() {
        printer.line(0, &format!("function {i} {:?} {{", function.name), "");
        printer.levels(1, &function.body);
        printer.line(0, "}", "");
    }
    printer.line(0, "main {", "");
    printer.levels(1, &module.main);
    printer.line(0, "}", "");
    printer.out
}

struct Printer<'m> {
    module: &'m Module,
    out: String,
}

impl Printer<'_> {
    fn line(&mut self, depth: usize, code: &str, comment: &str) {
        let start = self.out.len();
        self.out.extend(std::iter::repeat_n("  ", depth));
        self.out.push_str(code);
        if !comment.is_empty() {
            let width = self.out[start..].chars().count();
            self.out.extend(std::iter::repeat_n(' ', COMMENT.saturating_sub(width).max(2)));
            self.out.push_str("// ");
            self.out.push_str(comment);
        }
        self.out.push('\n');
    }

    fn manifest(&mut self) {
        let manifest = &self.module.manifest;
        self.line(0, &format!("program {:?}", manifest.program), "");
        for (name, value) in &manifest.params {
            self.line(0, &format!("param {name:?} = {value}"), "");
        }
        for (i, role) in manifest.roles.iter().enumerate() {
            self.line(0, &format!("role {i} {role:?}"), "");
        }
        for (i, input) in manifest.inputs.iter().enumerate() {
            let Input { name, member, role, secret, ty } = input;
            let secrecy = if *secret { "secret" } else { "public" };
            let row = format!("input {i} {name:?}{} from {} {secrecy}: {}", at(*member), role.0, data(ty));
            self.line(0, &row, &format!("{} gives {}", self.role(*role), leaves(ty)));
        }
        for (i, output) in manifest.outputs.iter().enumerate() {
            let Output { name, member, to, ty } = output;
            let (receivers, who) = match to {
                Receivers::All => (" all".to_owned(), "everyone learns".to_owned()),
                Receivers::Roles(roles) => {
                    let names: Vec<String> = roles.iter().map(|role| self.role(*role)).collect();
                    let learn = if let [_] = names[..] { "learns" } else { "learn" };
                    let numbers = roles.iter().map(|role| format!(" {}", role.0)).collect();
                    (numbers, format!("{} {learn}", if names.is_empty() { "nobody".into() } else { names.join(", ") }))
                }
            };
            let row = format!("output {i} {name:?}{} to{receivers}: {}", at(*member), data(ty));
            self.line(0, &row, &format!("{who} {}", leaves(ty)));
        }
    }

    fn role(&self, role: RoleId) -> String {
        let name = self.module.manifest.roles.get(role.index());
        name.map_or_else(|| "nobody".to_owned(), |name| name.escape_debug().to_string())
    }

    fn tables(&mut self) {
        for (i, Slot { ty, lanes }) in self.module.slots.iter().enumerate() {
            self.line(0, &format!("slot {i}: {}[{lanes}]", register(*ty)), &scaled(*ty));
        }
        for (i, constant) in self.module.constants.iter().enumerate() {
            match constant {
                Constant::Words(words) => {
                    let lines: Vec<String> = words
                        .chunks(A_LINE)
                        .map(|chunk| chunk.iter().map(i64::to_string).collect::<Vec<_>>().join(", "))
                        .collect();
                    self.line(0, &format!("const {i}: [{}]", lines.join(",\n  ")), "");
                }
                Constant::Range { start, step } => self.line(0, &format!("const {i}: {start} step {step}"), ""),
            }
        }
        for (i, netlist) in self.module.netlists.iter().enumerate() {
            self.netlist(i, netlist);
        }
        for (i, message) in self.module.messages.iter().enumerate() {
            self.line(0, &format!("message {i} {message:?}"), "");
        }
        for (i, file) in self.module.sources.files.iter().enumerate() {
            self.line(0, &format!("file {i} {file:?}"), "");
        }
        for (i, Site { file, line, column, text }) in self.module.sources.sites.iter().enumerate() {
            self.line(0, &format!("site {i}: {}:{line}:{column} {text:?}", file.0), "");
        }
    }

    fn netlist(&mut self, number: usize, netlist: &Netlist) {
        let wires = |wires: &[u32]| wires.iter().map(|wire| format!(" {wire}")).collect::<String>();
        let comment = format!("{} gates, {} ANDs, depth {}", netlist.gates().len(), netlist.ands(), netlist.depth());
        self.line(0, &format!("netlist {number}: in{} {{", wires(netlist.inputs())), &comment);
        let mut wire = netlist.input_bits();
        for gates in netlist.gates().chunks(A_LINE) {
            let mut row = String::new();
            for gate in gates {
                // Writing to a string does not fail.
                let _ = match *gate {
                    netlist::Gate::Xor(a, b) => write!(row, "{wire} = xor {a} {b}; "),
                    netlist::Gate::And(a, b) => write!(row, "{wire} = and {a} {b}; "),
                    netlist::Gate::Not(a) => write!(row, "{wire} = not {a}; "),
                    netlist::Gate::Zero => write!(row, "{wire} = zero; "),
                };
                wire += 1;
            }
            self.line(1, row.trim_end(), "");
        }
        self.line(0, &format!("}} out{}", wires(netlist.outputs())), "");
    }

    /// `main.smpc:9  let total = sum(pay)`.
    fn place(&self, site: SiteId) -> String {
        let sources = &self.module.sources;
        let Some(Site { file, line, text, .. }) = sources.sites.get(site.index()) else { return String::new() };
        let file = sources.files.get(file.index()).map_or("?", String::as_str);
        format!("{}:{line}  {}", file.escape_debug(), text.trim().escape_debug()).trim_end().to_owned()
    }

    fn levels(&mut self, depth: usize, levels: &[Level]) {
        for level in levels {
            self.line(depth, "level", "");
            for entry in &level.entries {
                self.entry(depth + 1, entry);
            }
        }
    }

    fn entry(&mut self, depth: usize, entry: &Entry) {
        match entry {
            Entry::Gate(gate) => self.line(depth, &self.gate(gate), &self.place(gate.site)),
            Entry::Loop(l) => {
                let head = format!("loop s{} from {} to {} @{} {{", l.counter.0, bound(l.from), bound(l.to), l.site.0);
                self.line(depth, &head, &self.place(l.site));
                self.levels(depth + 1, &l.body);
                self.line(depth, "}", "");
            }
            Entry::While(While { head, condition, body, site }) => {
                self.line(depth, &format!("while @{} {{", site.0), &self.place(*site));
                self.levels(depth + 1, head);
                self.line(depth, &format!("}} s{} {{", condition.0), "");
                self.levels(depth + 1, body);
                self.line(depth, "}", "");
            }
            Entry::If(i) => {
                self.line(depth, &format!("if s{} @{} {{", i.condition.0, i.site.0), &self.place(i.site));
                self.levels(depth + 1, &i.then);
                if !i.otherwise.is_empty() {
                    self.line(depth, "} else {", "");
                    self.levels(depth + 1, &i.otherwise);
                }
                self.line(depth, "}", "");
            }
            Entry::Call { function, site } => {
                let name = self.module.functions.get(function.index()).map_or("?", |f| f.name.as_str());
                let comment = format!("{}  calls {}", self.place(*site), name.escape_debug());
                self.line(depth, &format!("call f{} @{}", function.0, site.0), comment.trim_start());
            }
        }
    }

    fn gate(&self, gate: &Gate) -> String {
        let mut text = String::new();
        if let Some(dst) = &gate.dst {
            let _ = write!(text, "{} = ", self.view(dst));
        }
        text.push_str(gate.op.mnemonic());
        let immediates = gate.op.immediates();
        if !immediates.is_empty() {
            let list: Vec<String> = immediates.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = write!(text, "{{{}}}", list.join(", "));
        }
        let args: Vec<String> = gate.args.iter().map(|view| self.view(view)).collect();
        let _ = write!(text, "({}) @{}", args.join(", "), gate.site.0);
        text
    }

    fn view(&self, view: &View) -> String {
        let slot = view.slot.0;
        if self.module.slots.get(view.slot.index()).is_some_and(|own| *view == View::whole(view.slot, own.lanes)) {
            return format!("s{slot}");
        }
        if let (None, [dim]) = (view.index, &view.dims[..])
            && dim.stride == 1
            && let Some(end) = view.offset.checked_add(dim.len)
        {
            return format!("s{slot}[{}..{end}]", view.offset);
        }
        let mut text = format!("s{slot}[{}", view.offset);
        if let Some(index) = view.index {
            let _ = write!(text, " + s{}*{}", index.slot.0, index.stride);
        }
        for (i, dim) in view.dims.iter().enumerate() {
            let _ = write!(text, "{} {} x {}", if i == 0 { ";" } else { "," }, dim.stride, dim.len);
        }
        text.push(']');
        text
    }
}

fn at(member: Option<u32>) -> String {
    member.map_or_else(String::new, |member| format!(" member {member}"))
}

fn bound(bound: Bound) -> String {
    match bound {
        Bound::Const(value) => value.to_string(),
        Bound::Slot(slot) => format!("s{}", slot.0),
    }
}

fn range(lo: i64, hi: i64) -> String {
    if (lo, hi) == (i64::MIN, i64::MAX) { "full".to_owned() } else { format!("{lo}..={hi}") }
}

fn fraction(frac: u32) -> String {
    if frac == 0 { String::new() } else { format!(".{frac}") }
}

fn register(ty: RegType) -> String {
    match ty {
        RegType::Pub { kind, lo, hi, frac } => {
            let kind = match kind {
                Kind::Int => "int",
                Kind::Bool => "bool",
                Kind::Fix => "fix",
            };
            format!("pub.{kind}{}({})", fraction(frac), range(lo, hi))
        }
        RegType::Arith { lo, hi, frac } => format!("arith{}({})", fraction(frac), range(lo, hi)),
        RegType::Bin { width } => format!("bin.{width}"),
    }
}

fn data(ty: &DataType) -> String {
    match ty {
        DataType::Bool => "bool".to_owned(),
        DataType::Int { lo, hi } => format!("int({})", range(*lo, *hi)),
        DataType::Fix { frac, lo, hi } => format!("fix.{frac}({})", range(*lo, *hi)),
        DataType::Array { shape, element } => {
            let shape: Vec<String> = shape.iter().map(u64::to_string).collect();
            format!("[{}] {}", shape.join(", "), data(element))
        }
        DataType::Struct { name, fields } => {
            let fields: Vec<String> = fields.iter().map(field).collect();
            format!("struct {name:?} {{{}}}", fields.join(", "))
        }
        DataType::Tuple(items) => {
            let items: Vec<String> = items.iter().map(data).collect();
            format!("({})", items.join(", "))
        }
        DataType::Bits { width } => format!("bits.{width}"),
        DataType::Enum { name, variants } => {
            let variants: Vec<String> = variants.iter().map(|variant| format!("{variant:?}")).collect();
            format!("enum {name:?} {{{}}}", variants.join(", "))
        }
        DataType::Maybe(value) => format!("maybe {}", data(value)),
        DataType::Rows { most, element } => format!("[..={most}] {}", data(element)),
    }
}

fn field(field: &Field) -> String {
    let Field { name, ty, reading } = field;
    let column = reading.column.as_ref().map_or_else(String::new, |column| format!(" column {column:?}"));
    let format = match reading.format {
        Format::Plain => String::new(),
        Format::Date => " date".to_owned(),
        Format::Scale(scale) => format!(" scale {scale}"),
        Format::Key => " key".to_owned(),
    };
    format!("{name:?}{column}{format}: {}", data(ty))
}

/// The range of a fixed-point register in units, for the reader.
fn scaled(ty: RegType) -> String {
    let (lo, hi) = ty.range();
    if ty.frac() == 0 { String::new() } else { units(ty.frac(), lo, hi) }
}

#[allow(clippy::cast_precision_loss, reason = "a comment; the exact ends stand beside it")]
fn units(frac: u32, lo: i64, hi: i64) -> String {
    let one = 2_f64.powi(i32::try_from(frac).unwrap_or(i32::MAX));
    format!("{}..={}", lo as f64 / one, hi as f64 / one)
}

/// What a value of the type consists of: names, ranges in units, how many.
fn leaves(ty: &DataType) -> String {
    let leaves = ty.leaves();
    let mut named: Vec<String> = leaves
        .iter()
        .take(LEAVES)
        .map(|leaf| {
            let scalar = match &leaf.scalar {
                DataType::Int { lo, hi } => range(*lo, *hi),
                DataType::Fix { frac, lo, hi } => units(*frac, *lo, *hi),
                DataType::Bits { width } => format!("{width} bits"),
                DataType::Enum { name, .. } => name.escape_debug().to_string(),
                DataType::Bool
                | DataType::Maybe(_)
                | DataType::Array { .. }
                | DataType::Rows { .. }
                | DataType::Struct { .. }
                | DataType::Tuple(_) => "bool".into(),
            };
            let path = if leaf.path.is_empty() { String::new() } else { format!("{} ", leaf.path.escape_debug()) };
            let count = match leaf.lanes {
                Some(1) => String::new(),
                Some(lanes) => format!(" x {lanes}"),
                None => " x too many".to_owned(),
            };
            format!("{path}{scalar}{count}")
        })
        .collect();
    if leaves.len() > LEAVES {
        named.push(format!("and {} more", leaves.len() - LEAVES));
    }
    if named.is_empty() { "nothing".to_owned() } else { named.join(", ") }
}
