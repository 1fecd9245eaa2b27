//! Modules as bytes and back: `SMPCB`, a version byte, the body, and a SHA-256 over all of that.
//!
//! The only file that knows bincode. What is read comes from strangers: lengths are limited before anything is allocated, each module has
//! exactly one encoding (what was read is written again and compared), and nothing may be left over. A decoded module is well-formed
//! data and no more; [`crate::verify`] decides whether it may run.

use crate::module::{
    Bound, Constant, Dim, Entry, Function, Gate, If, Index, Input, Level, Loop, Manifest, Module, Output, Receivers,
    Site, Slot, SourceTable, View, While,
};
use crate::op::{FileId, FunctionId, Op, RoleId, SiteId, SlotId};
use crate::types::{DataType, Field, Format, Kind, Reading, RegType};
use bincode::{Decode, Encode, config};
use sha2::{Digest, Sha256};
use smpc_math::netlist::{self, Netlist};
use std::fmt;

/// The first bytes of every file.
pub const MAGIC: &[u8; 5] = b"SMPCB";

/// The version of the encoding and of the operation table.
pub const VERSION: u8 = 3;

/// Longest file that is read, in bytes.
pub const MAX_BYTES: usize = 256 << 20;

/// How deep blocks may nest.
pub const MAX_DEPTH: usize = 64;

const HEADER: usize = MAGIC.len() + 1;
const HASH: usize = 32;

/// Why bytes are no module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// It does not start as a `.smpcb` file.
    NotAModule,
    /// It was written for another version of the machine.
    Version {
        /// The version of the file.
        found: u8,
    },
    /// It ends too early.
    Truncated {
        /// Its length in bytes.
        length: usize,
    },
    /// It is longer than [`MAX_BYTES`].
    TooLong,
    /// The hash at the end is not that of the file.
    Hash,
    /// The body does not read.
    Body(String),
    /// The body reads, but is not what a compiler writes for that module.
    NotCanonical,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAModule => write!(f, "this is not a .smpcb file"),
            Self::Version { found } => {
                write!(f, "the file has version {found} of the bytecode, this machine runs version {VERSION}")
            }
            Self::Truncated { length } => write!(f, "the file ends too early, after {length} bytes"),
            Self::TooLong => write!(f, "the file is longer than {MAX_BYTES} bytes"),
            Self::Hash => write!(f, "the file is damaged: its hash does not match its content"),
            Self::Body(what) => write!(f, "the file is damaged: {what}"),
            Self::NotCanonical => write!(f, "the file is damaged: it is not in the one form that a module has"),
        }
    }
}

impl std::error::Error for DecodeError {}

fn limits() -> config::Configuration<config::LittleEndian, config::Varint, config::Limit<MAX_BYTES>> {
    config::standard().with_limit::<MAX_BYTES>()
}

/// The file of a module. The same module gives the same bytes.
#[must_use]
pub fn encode(module: &Module) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(VERSION);
    // Encoding into memory fails only above the limit; such a file is then refused by `decode`.
    bytes.extend(bincode::encode_to_vec(ModuleData::from(module), limits()).unwrap_or_default());
    let hash = Sha256::digest(&bytes);
    bytes.extend_from_slice(&hash);
    bytes
}

/// The hash that parties compare: SHA-256 of the whole file.
#[must_use]
pub fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The module of a file.
///
/// # Errors
/// Says what is wrong with the bytes; see [`DecodeError`].
pub fn decode(bytes: &[u8]) -> Result<Module, DecodeError> {
    if bytes.len() > MAX_BYTES {
        return Err(DecodeError::TooLong);
    }
    let magic = bytes.get(..MAGIC.len()).unwrap_or(bytes);
    if magic != &MAGIC[..magic.len()] || bytes.is_empty() {
        return Err(DecodeError::NotAModule);
    }
    match bytes.get(MAGIC.len()) {
        Some(&VERSION) => {}
        Some(&found) => return Err(DecodeError::Version { found }),
        None => return Err(DecodeError::Truncated { length: bytes.len() }),
    }
    if bytes.len() < HEADER + HASH {
        return Err(DecodeError::Truncated { length: bytes.len() });
    }
    let (content, hash) = bytes.split_at(bytes.len() - HASH);
    if Sha256::digest(content).as_slice() != hash {
        return Err(DecodeError::Hash);
    }
    let body = &content[HEADER..];
    let (data, used): (ModuleData, usize) =
        bincode::decode_from_slice(body, limits()).map_err(|error| DecodeError::Body(error.to_string()))?;
    if used != body.len() {
        return Err(DecodeError::NotCanonical);
    }
    let module = Module::try_from(data).map_err(|what| DecodeError::Body(what.to_owned()))?;
    if encode(&module) != bytes {
        return Err(DecodeError::NotCanonical);
    }
    Ok(module)
}

// Mirror types: what the encoding holds, apart from what the machine works with.

type Bad = &'static str;

#[derive(Encode, Decode)]
struct ModuleData {
    program: String,
    roles: Vec<String>,
    params: Vec<(String, i64)>,
    inputs: Vec<(String, Option<u32>, u32, bool, TypeData)>,
    outputs: Vec<OutputData>,
    slots: Vec<(RegData, u64)>,
    constants: Vec<ConstantData>,
    netlists: Vec<NetlistData>,
    messages: Vec<String>,
    functions: Vec<(String, CodeData)>,
    main: CodeData,
    files: Vec<String>,
    sites: Vec<(u32, u32, u32, String)>,
}

/// Name, member, receivers (`None` for all) and type.
type OutputData = (String, Option<u32>, Option<Vec<u32>>, TypeData);

#[derive(Encode, Decode)]
enum RegData {
    Pub(u8, i64, i64, u32),
    Arith(i64, i64, u32),
    Bin(u32),
}

#[derive(Encode, Decode)]
enum ConstantData {
    Words(Vec<i64>),
    Range(i64, i64),
}

#[derive(Encode, Decode)]
struct NetlistData {
    inputs: Vec<u32>,
    gates: Vec<(u8, u32, u32)>,
    outputs: Vec<u32>,
}

/// Types, flattened depth first so that reading them needs no recursion: a hostile file cannot nest the stack away.
#[derive(Encode, Decode)]
struct TypeData(Vec<TypeNode>);

#[derive(Encode, Decode)]
enum TypeNode {
    Bool,
    Int(i64, i64),
    Fix(u32, i64, i64),
    Array(Vec<u64>),
    Struct(String, Vec<FieldData>),
    Tuple(u32),
    Bits(u32),
    Enum(String, Vec<String>),
    Maybe,
    Rows(u64),
}

/// Name, column and format.
type FieldData = (String, Option<String>, FormatData);

#[derive(Encode, Decode)]
enum FormatData {
    Plain,
    Date,
    Scale(u64),
    Key,
}

/// Code, flattened: blocks are bracketed by [`Item::End`].
#[derive(Encode, Decode)]
struct CodeData(Vec<Item>);

#[derive(Encode, Decode)]
enum Item {
    /// A level follows.
    Level,
    Gate {
        op: u8,
        immediates: Vec<u64>,
        dst: Option<ViewData>,
        args: Vec<ViewData>,
        site: u32,
    },
    Loop {
        counter: u32,
        from: BoundData,
        to: BoundData,
        site: u32,
    },
    /// The head of a `while`; the body follows its end.
    While {
        condition: u32,
        site: u32,
    },
    /// The first side of an `if`; the second follows its end.
    If {
        condition: u32,
        site: u32,
    },
    Call {
        function: u32,
        site: u32,
    },
    /// Ends a body, a head or a side.
    End,
}

#[derive(Encode, Decode)]
enum BoundData {
    Const(i64),
    Slot(u32),
}

#[derive(Encode, Decode)]
struct ViewData {
    slot: u32,
    offset: u64,
    index: Option<(u32, i64)>,
    dims: Vec<(i64, u64)>,
}

impl From<&Module> for ModuleData {
    fn from(module: &Module) -> Self {
        let manifest = &module.manifest;
        Self {
            program: manifest.program.clone(),
            roles: manifest.roles.clone(),
            params: manifest.params.clone(),
            inputs: manifest
                .inputs
                .iter()
                .map(|i| (i.name.clone(), i.member, i.role.0, i.secret, TypeData::from(&i.ty)))
                .collect(),
            outputs: manifest
                .outputs
                .iter()
                .map(|o| {
                    let to = match &o.to {
                        Receivers::All => None,
                        Receivers::Roles(roles) => Some(roles.iter().map(|role| role.0).collect()),
                    };
                    (o.name.clone(), o.member, to, TypeData::from(&o.ty))
                })
                .collect(),
            slots: module.slots.iter().map(|slot| (RegData::from(slot.ty), slot.lanes)).collect(),
            constants: module
                .constants
                .iter()
                .map(|constant| match constant {
                    Constant::Words(words) => ConstantData::Words(words.clone()),
                    Constant::Range { start, step } => ConstantData::Range(*start, *step),
                })
                .collect(),
            netlists: module.netlists.iter().map(NetlistData::from).collect(),
            messages: module.messages.clone(),
            functions: module.functions.iter().map(|f| (f.name.clone(), CodeData::from(&f.body[..]))).collect(),
            main: CodeData::from(&module.main[..]),
            files: module.sources.files.clone(),
            sites: module.sources.sites.iter().map(|s| (s.file.0, s.line, s.column, s.text.clone())).collect(),
        }
    }
}

impl TryFrom<ModuleData> for Module {
    type Error = Bad;

    fn try_from(data: ModuleData) -> Result<Self, Bad> {
        let inputs = data
            .inputs
            .into_iter()
            .map(|(name, member, role, secret, ty)| {
                Ok(Input { name, member, role: RoleId(role), secret, ty: ty.try_into()? })
            })
            .collect::<Result<_, Bad>>()?;
        let outputs = data
            .outputs
            .into_iter()
            .map(|(name, member, to, ty)| {
                let to = to.map_or(Receivers::All, |roles| Receivers::Roles(roles.into_iter().map(RoleId).collect()));
                Ok(Output { name, member, to, ty: ty.try_into()? })
            })
            .collect::<Result<_, Bad>>()?;
        Ok(Self {
            manifest: Manifest { program: data.program, roles: data.roles, params: data.params, inputs, outputs },
            slots: data
                .slots
                .into_iter()
                .map(|(ty, lanes)| Ok(Slot { ty: ty.try_into()?, lanes }))
                .collect::<Result<_, Bad>>()?,
            constants: data
                .constants
                .into_iter()
                .map(|constant| match constant {
                    ConstantData::Words(words) => Constant::Words(words),
                    ConstantData::Range(start, step) => Constant::Range { start, step },
                })
                .collect(),
            netlists: data.netlists.into_iter().map(Netlist::try_from).collect::<Result<_, Bad>>()?,
            messages: data.messages,
            functions: data
                .functions
                .into_iter()
                .map(|(name, code)| Ok(Function { name, body: code.try_into()? }))
                .collect::<Result<_, Bad>>()?,
            main: data.main.try_into()?,
            sources: SourceTable {
                files: data.files,
                sites: data
                    .sites
                    .into_iter()
                    .map(|(file, line, column, text)| Site { file: FileId(file), line, column, text })
                    .collect(),
            },
        })
    }
}

impl From<RegType> for RegData {
    fn from(ty: RegType) -> Self {
        match ty {
            RegType::Pub { kind, lo, hi, frac } => {
                let kind = match kind {
                    Kind::Int => 0,
                    Kind::Bool => 1,
                    Kind::Fix => 2,
                };
                Self::Pub(kind, lo, hi, frac)
            }
            RegType::Arith { lo, hi, frac } => Self::Arith(lo, hi, frac),
            RegType::Bin { width } => Self::Bin(width),
        }
    }
}

impl TryFrom<RegData> for RegType {
    type Error = Bad;

    fn try_from(data: RegData) -> Result<Self, Bad> {
        Ok(match data {
            RegData::Pub(kind, lo, hi, frac) => {
                let kind = match kind {
                    0 => Kind::Int,
                    1 => Kind::Bool,
                    2 => Kind::Fix,
                    _ => return Err("a register of no known kind"),
                };
                Self::Pub { kind, lo, hi, frac }
            }
            RegData::Arith(lo, hi, frac) => Self::Arith { lo, hi, frac },
            RegData::Bin(width) => Self::Bin { width },
        })
    }
}

impl From<&Netlist> for NetlistData {
    fn from(netlist: &Netlist) -> Self {
        let gate = |gate: &netlist::Gate| match *gate {
            netlist::Gate::Xor(a, b) => (0, a, b),
            netlist::Gate::And(a, b) => (1, a, b),
            netlist::Gate::Not(a) => (2, a, 0),
            netlist::Gate::Zero => (3, 0, 0),
        };
        Self {
            inputs: netlist.inputs().to_vec(),
            gates: netlist.gates().iter().map(gate).collect(),
            outputs: netlist.outputs().to_vec(),
        }
    }
}

impl TryFrom<NetlistData> for Netlist {
    type Error = Bad;

    fn try_from(data: NetlistData) -> Result<Self, Bad> {
        let gate = |(kind, a, b): (u8, u32, u32)| match kind {
            0 => Ok(netlist::Gate::Xor(a, b)),
            1 => Ok(netlist::Gate::And(a, b)),
            2 => Ok(netlist::Gate::Not(a)),
            3 => Ok(netlist::Gate::Zero),
            _ => Err("a netlist with a gate of no known kind"),
        };
        let gates = data.gates.into_iter().map(gate).collect::<Result<_, Bad>>()?;
        Self::new(data.inputs, gates, data.outputs).map_err(|_| "a netlist that is no circuit")
    }
}

impl From<&DataType> for TypeData {
    fn from(ty: &DataType) -> Self {
        let mut nodes = Vec::new();
        flatten(ty, &mut nodes);
        Self(nodes)
    }
}

fn flatten(ty: &DataType, nodes: &mut Vec<TypeNode>) {
    match ty {
        DataType::Bool => nodes.push(TypeNode::Bool),
        DataType::Int { lo, hi } => nodes.push(TypeNode::Int(*lo, *hi)),
        DataType::Fix { frac, lo, hi } => nodes.push(TypeNode::Fix(*frac, *lo, *hi)),
        DataType::Array { shape, element } => {
            nodes.push(TypeNode::Array(shape.clone()));
            flatten(element, nodes);
        }
        DataType::Struct { name, fields } => {
            nodes.push(TypeNode::Struct(name.clone(), fields.iter().map(field_data).collect()));
            fields.iter().for_each(|field| flatten(&field.ty, nodes));
        }
        DataType::Tuple(items) => {
            nodes.push(TypeNode::Tuple(u32::try_from(items.len()).unwrap_or(u32::MAX)));
            items.iter().for_each(|ty| flatten(ty, nodes));
        }
        DataType::Bits { width } => nodes.push(TypeNode::Bits(*width)),
        DataType::Enum { name, variants } => nodes.push(TypeNode::Enum(name.clone(), variants.clone())),
        DataType::Maybe(value) => {
            nodes.push(TypeNode::Maybe);
            flatten(value, nodes);
        }
        DataType::Rows { most, element } => {
            nodes.push(TypeNode::Rows(*most));
            flatten(element, nodes);
        }
    }
}

fn field_data(field: &Field) -> FieldData {
    let format = match field.reading.format {
        Format::Plain => FormatData::Plain,
        Format::Date => FormatData::Date,
        Format::Scale(scale) => FormatData::Scale(scale),
        Format::Key => FormatData::Key,
    };
    (field.name.clone(), field.reading.column.clone(), format)
}

fn reading(column: Option<String>, format: &FormatData) -> Reading {
    let format = match *format {
        FormatData::Plain => Format::Plain,
        FormatData::Date => Format::Date,
        FormatData::Scale(scale) => Format::Scale(scale),
        FormatData::Key => Format::Key,
    };
    Reading { column, format }
}

impl TryFrom<TypeData> for DataType {
    type Error = Bad;

    fn try_from(data: TypeData) -> Result<Self, Bad> {
        let mut nodes = data.0.into_iter();
        let ty = unflatten(&mut nodes, 0)?;
        if nodes.next().is_some() { Err("a type with something left over") } else { Ok(ty) }
    }
}

fn unflatten(nodes: &mut impl Iterator<Item = TypeNode>, depth: usize) -> Result<DataType, Bad> {
    if depth > MAX_DEPTH {
        return Err("types that nest too deep");
    }
    Ok(match nodes.next().ok_or("a type that ends too early")? {
        TypeNode::Bool => DataType::Bool,
        TypeNode::Int(lo, hi) => DataType::Int { lo, hi },
        TypeNode::Fix(frac, lo, hi) => DataType::Fix { frac, lo, hi },
        TypeNode::Array(shape) => DataType::Array { shape, element: Box::new(unflatten(nodes, depth + 1)?) },
        TypeNode::Struct(name, fields) => {
            let fields = fields.into_iter().map(|(name, column, format)| {
                Ok(Field { name, ty: unflatten(nodes, depth + 1)?, reading: reading(column, &format) })
            });
            let fields = fields.collect::<Result<_, Bad>>()?;
            DataType::Struct { name, fields }
        }
        TypeNode::Tuple(count) => {
            let mut items = Vec::new();
            for _ in 0..count {
                items.push(unflatten(nodes, depth + 1)?);
            }
            DataType::Tuple(items)
        }
        TypeNode::Bits(width) => DataType::Bits { width },
        TypeNode::Enum(name, variants) => DataType::Enum { name, variants },
        TypeNode::Maybe => DataType::Maybe(Box::new(unflatten(nodes, depth + 1)?)),
        TypeNode::Rows(most) => DataType::Rows { most, element: Box::new(unflatten(nodes, depth + 1)?) },
    })
}

impl From<&[Level]> for CodeData {
    fn from(levels: &[Level]) -> Self {
        let mut items = Vec::new();
        write_levels(levels, &mut items);
        Self(items)
    }
}

fn write_levels(levels: &[Level], items: &mut Vec<Item>) {
    for level in levels {
        items.push(Item::Level);
        for entry in &level.entries {
            write_entry(entry, items);
        }
    }
}

fn write_entry(entry: &Entry, items: &mut Vec<Item>) {
    let block = |levels: &[Level], items: &mut Vec<Item>| {
        write_levels(levels, items);
        items.push(Item::End);
    };
    match entry {
        Entry::Gate(gate) => items.push(Item::Gate {
            op: gate.op.code(),
            immediates: gate.op.immediates().into_iter().map(|(_, value)| value).collect(),
            dst: gate.dst.as_ref().map(ViewData::from),
            args: gate.args.iter().map(ViewData::from).collect(),
            site: gate.site.0,
        }),
        Entry::Loop(l) => {
            items.push(Item::Loop {
                counter: l.counter.0,
                from: BoundData::from(l.from),
                to: BoundData::from(l.to),
                site: l.site.0,
            });
            block(&l.body, items);
        }
        Entry::While(w) => {
            items.push(Item::While { condition: w.condition.0, site: w.site.0 });
            block(&w.head, items);
            block(&w.body, items);
        }
        Entry::If(i) => {
            items.push(Item::If { condition: i.condition.0, site: i.site.0 });
            block(&i.then, items);
            block(&i.otherwise, items);
        }
        Entry::Call { function, site } => items.push(Item::Call { function: function.0, site: site.0 }),
    }
}

impl TryFrom<CodeData> for Vec<Level> {
    type Error = Bad;

    fn try_from(data: CodeData) -> Result<Self, Bad> {
        let mut items = data.0.into_iter();
        let (levels, ended) = read_levels(&mut items, 0)?;
        if ended { Err("a block that ends twice") } else { Ok(levels) }
    }
}

/// Levels up to the end of their block (true) or of the code (false).
fn read_levels(items: &mut impl Iterator<Item = Item>, depth: usize) -> Result<(Vec<Level>, bool), Bad> {
    if depth > MAX_DEPTH {
        return Err("blocks that nest too deep");
    }
    let mut levels: Vec<Level> = Vec::new();
    while let Some(item) = items.next() {
        let entry = match item {
            Item::End => return Ok((levels, true)),
            Item::Level => {
                levels.push(Level::default());
                continue;
            }
            Item::Gate { op, immediates, dst, args, site } => Entry::Gate(Gate {
                op: Op::from_parts(op, &immediates).ok_or("an operation that does not exist")?,
                dst: dst.map(View::from),
                args: args.into_iter().map(View::from).collect(),
                site: SiteId(site),
            }),
            Item::Loop { counter, from, to, site } => Entry::Loop(Loop {
                counter: SlotId(counter),
                from: from.into(),
                to: to.into(),
                body: read_block(items, depth)?,
                site: SiteId(site),
            }),
            Item::While { condition, site } => Entry::While(While {
                head: read_block(items, depth)?,
                condition: SlotId(condition),
                body: read_block(items, depth)?,
                site: SiteId(site),
            }),
            Item::If { condition, site } => Entry::If(If {
                condition: SlotId(condition),
                then: read_block(items, depth)?,
                otherwise: read_block(items, depth)?,
                site: SiteId(site),
            }),
            Item::Call { function, site } => Entry::Call { function: FunctionId(function), site: SiteId(site) },
        };
        levels.last_mut().ok_or("an entry outside a level")?.entries.push(entry);
    }
    Ok((levels, false))
}

fn read_block(items: &mut impl Iterator<Item = Item>, depth: usize) -> Result<Vec<Level>, Bad> {
    match read_levels(items, depth + 1)? {
        (levels, true) => Ok(levels),
        (_, false) => Err("a block that does not end"),
    }
}

impl From<Bound> for BoundData {
    fn from(bound: Bound) -> Self {
        match bound {
            Bound::Const(value) => Self::Const(value),
            Bound::Slot(slot) => Self::Slot(slot.0),
        }
    }
}

impl From<BoundData> for Bound {
    fn from(data: BoundData) -> Self {
        match data {
            BoundData::Const(value) => Self::Const(value),
            BoundData::Slot(slot) => Self::Slot(SlotId(slot)),
        }
    }
}

impl From<&View> for ViewData {
    fn from(view: &View) -> Self {
        Self {
            slot: view.slot.0,
            offset: view.offset,
            index: view.index.map(|index| (index.slot.0, index.stride)),
            dims: view.dims.iter().map(|dim| (dim.stride, dim.len)).collect(),
        }
    }
}

impl From<ViewData> for View {
    fn from(data: ViewData) -> Self {
        Self {
            slot: SlotId(data.slot),
            offset: data.offset,
            index: data.index.map(|(slot, stride)| Index { slot: SlotId(slot), stride }),
            dims: data.dims.into_iter().map(|(stride, len)| Dim { stride, len }).collect(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::op::{ConstId, InputId, MessageId, OutputId};

    /// A module that has a bit of everything; it need not make sense.
    pub(crate) fn sample() -> Module {
        let gate =
            |op, dst, args| Entry::Gate(Gate { op, dst: Some(View::whole(SlotId(dst), 1)), args, site: SiteId(0) });
        let view = View {
            slot: SlotId(1),
            offset: 3,
            index: Some(Index { slot: SlotId(0), stride: -2 }),
            dims: vec![Dim { stride: -1, len: 2 }, Dim { stride: 0, len: 1 }],
        };
        let arm = DataType::Enum { name: "Arm".into(), variants: vec!["Left".into(), "Right".into()] };
        let body = vec![Level { entries: vec![gate(Op::Dot { len: 7 }, 1, vec![view.clone(), view])] }];
        Module {
            manifest: Manifest {
                program: "main.smpc".into(),
                roles: vec!["A".into(), "B[0]".into()],
                params: vec![("N".into(), 3)],
                inputs: vec![Input {
                    name: "x".into(),
                    member: Some(0),
                    role: RoleId(1),
                    secret: true,
                    ty: DataType::Rows {
                        most: 3,
                        element: Box::new(DataType::Struct {
                            name: "S".into(),
                            fields: vec![
                                Field {
                                    reading: Reading { column: Some("A".into()), format: Format::Scale(100) },
                                    ..Field::new("a", DataType::Int { lo: -1, hi: 5 })
                                },
                                Field::new("b", DataType::Tuple(vec![DataType::Bits { width: 9 }])),
                                Field::new("c", DataType::Maybe(Box::new(arm))),
                                Field::new("d", DataType::Array { shape: vec![2], element: Box::new(DataType::Bool) }),
                            ],
                        }),
                    },
                }],
                outputs: vec![Output {
                    name: "y".into(),
                    member: None,
                    to: Receivers::Roles(vec![RoleId(0)]),
                    ty: DataType::Fix { frac: 16, lo: 0, hi: 1 << 20 },
                }],
            },
            slots: vec![
                Slot { ty: RegType::pub_int(0, 9), lanes: 1 },
                Slot { ty: RegType::arith(i64::MIN, i64::MAX), lanes: 1_000_000 },
                Slot { ty: RegType::BIN_BOOL, lanes: 2 },
                Slot { ty: RegType::PUB_BOOL, lanes: 1 },
            ],
            constants: vec![Constant::Words(vec![1, -2]), Constant::Range { start: 0, step: 5 }],
            netlists: vec![smpc_math::circuits::netlist(&[2, 2], |b, w| smpc_math::circuits::add(b, &w[0], &w[1]))],
            messages: vec!["no".into()],
            functions: vec![Function { name: "f".into(), body: body.clone() }],
            main: vec![
                Level {
                    entries: vec![
                        gate(Op::Const { constant: ConstId(1) }, 0, vec![]),
                        gate(Op::Input { input: InputId(0), leaf: 1 }, 1, vec![]),
                        Entry::Call { function: FunctionId(0), site: SiteId(0) },
                    ],
                },
                Level {
                    entries: vec![
                        Entry::Loop(Loop {
                            counter: SlotId(0),
                            from: Bound::Const(-1),
                            to: Bound::Slot(SlotId(0)),
                            body: body.clone(),
                            site: SiteId(0),
                        }),
                        Entry::While(While { head: body.clone(), condition: SlotId(3), body: vec![], site: SiteId(0) }),
                        Entry::If(If { condition: SlotId(3), then: body, otherwise: vec![], site: SiteId(0) }),
                        Entry::Gate(Gate {
                            op: Op::Check { message: MessageId(0) },
                            dst: None,
                            args: vec![View::lane(SlotId(2), 1)],
                            site: SiteId(0),
                        }),
                        Entry::Gate(Gate {
                            op: Op::Output { output: OutputId(0), leaf: 0 },
                            dst: None,
                            args: vec![View::lane(SlotId(1), 0)],
                            site: SiteId(0),
                        }),
                    ],
                },
            ],
            sources: SourceTable {
                files: vec!["main.smpc".into()],
                sites: vec![Site { file: FileId(0), line: 3, column: 5, text: "    x + y".into() }],
            },
        }
    }

    #[test]
    fn modules_come_back() {
        let module = sample();
        let bytes = encode(&module);
        assert_eq!(decode(&bytes), Ok(module));
        assert_eq!(encode(&sample()), bytes);
    }

    #[test]
    fn foreign_files_are_refused() {
        let bytes = encode(&sample());
        assert_eq!(decode(b""), Err(DecodeError::NotAModule));
        assert_eq!(decode(b"\x7fELF and more"), Err(DecodeError::NotAModule));
        let mut other = bytes.clone();
        other[5] = 9;
        assert_eq!(decode(&other), Err(DecodeError::Version { found: 9 }));
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_refused() {
        let bytes = encode(&sample());
        for at in 0..bytes.len() {
            assert!(decode(&bytes[..at]).is_err(), "truncated at {at}");
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert!(decode(&flipped).is_err(), "bit {bit} of byte {at}");
            }
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(decode(&longer).is_err());
    }

    /// With the hash made to match, damage gives an error or another module in its one form; never a panic.
    #[test]
    fn damage_with_a_matching_hash_never_panics() {
        let bytes = encode(&sample());
        let body = &bytes[..bytes.len() - HASH];
        for at in HEADER..body.len() {
            for value in [0, 1, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xfe, 0xff, body[at] ^ 1, body[at] ^ 0x10] {
                let mut damaged = body.to_vec();
                damaged[at] = value;
                let hash = Sha256::digest(&damaged);
                damaged.extend_from_slice(&hash);
                if let Ok(module) = decode(&damaged) {
                    assert_eq!(encode(&module), damaged);
                }
            }
        }
    }
}
