//! JSON text. Numbers are written from their digits: a float of 64 bits would lose some of a fixed-point number's.

use super::Shown;
use crate::decimal::print_fixed;
use crate::engine::Leaves;
use smpc_bytecode::types::{DataType, Field};
use std::fmt::Write as _;

/// A JSON value, its members in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// A number or word, as it is written.
    Word(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// An unsigned number.
    #[must_use]
    pub fn number(value: u64) -> Self {
        Self::Word(value.to_string())
    }

    /// A number with a fraction; `null` where it is none.
    #[must_use]
    pub fn float(value: f64) -> Self {
        Self::Word(if value.is_finite() { format!("{value}") } else { "null".to_owned() })
    }

    /// The text, with a line a member and a list of plain values on one line.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, Some(0));
        out.push('\n');
        out
    }

    /// Writes the value; on several lines with that indentation, or on one.
    fn write(&self, out: &mut String, indent: Option<usize>) {
        match self {
            Self::Word(word) => out.push_str(word),
            Self::Text(text) => escape(text, out),
            Self::List(items) => {
                let plain = items.iter().all(|item| matches!(item, Self::Word(_) | Self::Text(_)));
                let indent = if plain { None } else { indent };
                sequence(out, ('[', ']'), items, indent, |item, out, indent| item.write(out, indent));
            }
            Self::Object(members) => sequence(out, ('{', '}'), members, indent, |(name, value), out, indent| {
                escape(name, out);
                out.push_str(": ");
                value.write(out, indent);
            }),
        }
    }
}

fn sequence<T>(
    out: &mut String,
    (open, close): (char, char),
    items: &[T],
    indent: Option<usize>,
    each: impl Fn(&T, &mut String, Option<usize>),
) {
    out.push(open);
    let line = |out: &mut String, indent: usize| {
        let _ = write!(out, "\n{:indent$}", "");
    };
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        match indent {
            Some(indent) => line(out, indent + 2),
            None if i > 0 => out.push(' '),
            None => {}
        }
        each(item, out, indent.map(|indent| indent + 2));
    }
    if let (Some(indent), false) = (indent, items.is_empty()) {
        line(out, indent);
    }
    out.push(close);
}

fn escape(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Outputs as an object by name.
pub(super) fn object(outputs: &[Shown<'_>]) -> Json {
    Json::Object(outputs.iter().map(|o| (o.name.clone(), of_value(o.ty, o.leaves))).collect())
}

/// A value of that type: arrays as lists, records as objects, tuples as lists, what is absent as `null`, and of rows those that are there.
#[must_use]
pub fn of_value(ty: &DataType, leaves: &Leaves) -> Json {
    value(ty, leaves, 0, 0)
}

/// The scalar at a lane, as it is written; a word as `0x` and all its digits, a named value by its name.
pub(super) fn scalar(ty: &DataType, leaves: &Leaves, leaf: usize, lane: usize) -> String {
    let raw = raw(leaves, leaf, lane);
    match ty {
        DataType::Fix { frac, .. } => print_fixed(raw, *frac),
        DataType::Bool => (raw != 0).to_string(),
        DataType::Bits { width } => {
            let limbs = ty.limbs();
            let first = lane.saturating_mul(limbs);
            let digits = (0..limbs).rev().map(|limb| format!("{:016x}", self::raw(leaves, leaf, first + limb)));
            let digits: String = digits.collect();
            let shown = width.div_ceil(4) as usize;
            format!("0x{}", &digits[digits.len().saturating_sub(shown)..])
        }
        DataType::Enum { variants, .. } => {
            let name = usize::try_from(raw).ok().and_then(|value| variants.get(value));
            name.cloned().unwrap_or_else(|| raw.to_string())
        }
        _ => raw.to_string(),
    }
}

/// The raw value of a leaf's lane. Results have as many as their type says.
pub(super) fn raw(leaves: &Leaves, leaf: usize, lane: usize) -> i64 {
    leaves.get(leaf).and_then(|lanes| lanes.get(lane)).copied().unwrap_or(0)
}

/// The lanes of the rows that are there, of so many whose first leaf says that, at lane `lane` of what lies above them.
pub(super) fn valid(most: u64, leaves: &Leaves, leaf: usize, lane: usize) -> Vec<usize> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let rows = lane.saturating_mul(most)..lane.saturating_mul(most).saturating_add(most);
    rows.filter(|row| raw(leaves, leaf, *row) != 0).collect()
}

/// The value whose first leaf is `leaf`, at lane `lane` of what lies above it.
fn value(ty: &DataType, leaves: &Leaves, leaf: usize, lane: usize) -> Json {
    match ty {
        DataType::Bool | DataType::Int { .. } | DataType::Fix { .. } => Json::Word(scalar(ty, leaves, leaf, lane)),
        DataType::Bits { .. } | DataType::Enum { .. } => Json::Text(scalar(ty, leaves, leaf, lane)),
        DataType::Maybe(of) => match raw(leaves, leaf, lane) {
            0 => Json::Word("null".to_owned()),
            _ => value(of, leaves, leaf + 1, lane),
        },
        DataType::Array { shape, element } => array(shape, element, leaves, leaf, lane),
        DataType::Rows { most, element } => {
            let rows = valid(*most, leaves, leaf, lane);
            Json::List(rows.into_iter().map(|row| value(element, leaves, leaf + 1, row)).collect())
        }
        DataType::Struct { fields, .. } => {
            let mut first = leaf;
            let member = |Field { name, ty, .. }: &Field| {
                let own = value(ty, leaves, first, lane);
                first += ty.scalars().len();
                (name.clone(), own)
            };
            Json::Object(fields.iter().map(member).collect())
        }
        DataType::Tuple(items) => {
            let mut first = leaf;
            let item = |ty: &DataType| {
                let own = value(ty, leaves, first, lane);
                first += ty.scalars().len();
                own
            };
            Json::List(items.iter().map(item).collect())
        }
    }
}

fn array(extents: &[u64], element: &DataType, leaves: &Leaves, leaf: usize, lane: usize) -> Json {
    let Some((extent, inner)) = extents.split_first() else { return value(element, leaves, leaf, lane) };
    let extent = usize::try_from(*extent).unwrap_or(usize::MAX);
    let place = |i: usize| lane.saturating_mul(extent).saturating_add(i);
    Json::List((0..extent).map(|i| array(inner, element, leaves, leaf, place(i))).collect())
}
