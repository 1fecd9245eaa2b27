//! What a cell may hold, and how that is said.

use super::date;
use crate::decimal::{print_fixed, print_scaled};
use smpc_bytecode::types::{DataType, Format};
use std::collections::BTreeMap;

/// Names that a message lists.
const LISTED: usize = 12;

/// Names among which the nearest is looked for, and how much of a cell is compared with them.
const COMPARED: usize = 1000;

/// What the cells of a leaf hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// A scalar type.
    pub ty: DataType,
    /// How values of it are written.
    pub format: Format,
    /// Whether there need not be a value.
    pub optional: bool,
    /// The values of an enum by name.
    names: BTreeMap<String, i64>,
}

impl Kind {
    pub(super) fn new(ty: &DataType, format: Format, optional: bool) -> Self {
        let names = match ty {
            DataType::Enum { variants, .. } => (0..).zip(variants).map(|(value, name)| (name.clone(), value)).collect(),
            _ => BTreeMap::new(),
        };
        Self { ty: ty.clone(), format, optional, names }
    }

    /// What tells whether a value or a row is there; no file holds it.
    pub(super) fn flag() -> Self {
        Self::new(&DataType::Bool, Format::Plain, false)
    }

    /// The kinds of all leaves of a type, in order.
    pub(super) fn of_leaves(ty: &DataType) -> Vec<Self> {
        let mut kinds = Vec::new();
        collect(ty, Format::Plain, false, &mut kinds);
        kinds
    }

    /// A copy for a message.
    pub(super) fn boxed(&self) -> Box<Self> {
        Box::new(self.clone())
    }

    /// The value of a name of an enum.
    pub(super) fn named(&self, name: &str) -> Option<i64> {
        self.names.get(name).copied()
    }

    /// The name that is most like a text.
    pub(super) fn nearest(&self, text: &str) -> Option<&str> {
        let DataType::Enum { variants, .. } = &self.ty else { return None };
        let text: String = text.chars().take(COMPARED).collect();
        let distance = |name: &&String| (strsim::osa_distance(&text.to_lowercase(), &name.to_lowercase()), name.len());
        variants.iter().take(COMPARED).min_by_key(distance).map(String::as_str)
    }

    /// A value of the type, for what is not there: 0, or what is least.
    pub(super) fn padding(&self) -> i64 {
        match self.ty {
            DataType::Int { lo, hi } | DataType::Fix { lo, hi, .. } if !(lo..=hi).contains(&0) => lo,
            _ => 0,
        }
    }

    /// What a cell may hold, in words.
    pub(super) fn expected(&self) -> String {
        let what = match (&self.ty, self.format) {
            (DataType::Bits { .. }, Format::Key) => "a text".to_owned(),
            (DataType::Int { .. }, Format::Date) => format!("a date YYYY-MM-DD in {}", self.range()),
            (DataType::Int { .. }, Format::Scale(scale)) => match decimals(scale) {
                Some(1) => format!("a number of at most 1 decimal in {}", self.range()),
                Some(decimals) => format!("a number of at most {decimals} decimals in {}", self.range()),
                None => format!("a number of which {scale} times is a whole number in {}", self.range()),
            },
            (DataType::Int { .. }, _) => format!("a whole number in {}", self.range()),
            (DataType::Fix { .. }, _) => format!("a number in {}", self.range()),
            (DataType::Bits { width }, _) => {
                format!("0x and hexadecimal digits of at most {width} {}", if *width == 1 { "bit" } else { "bits" })
            }
            (DataType::Enum { variants, .. }, _) => {
                let mut names: Vec<String> = variants.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
                if variants.len() > LISTED {
                    names.push(format!("{} more", variants.len() - LISTED));
                }
                match names.split_last() {
                    Some((last, [])) => last.clone(),
                    Some((last, names)) => format!("{} or {last}", names.join(", ")),
                    None => String::new(),
                }
            }
            _ => "true, false, yes, no, 1 or 0".to_owned(),
        };
        if self.optional { format!("{what}; or NA, or an empty cell, where there is none") } else { what }
    }

    /// The range of a number as the source would write it, and in the units of the file.
    pub(super) fn range(&self) -> String {
        match (&self.ty, self.format) {
            (DataType::Int { lo, hi }, Format::Date) => format!("{}..={}", date::print(*lo), date::print(*hi)),
            (DataType::Int { lo, hi }, Format::Scale(scale)) if let Some(decimals) = decimals(scale) => {
                format!("{}..={}", print_scaled(*lo, decimals), print_scaled(*hi, decimals))
            }
            (DataType::Int { lo, hi }, _) => format!("{lo}..={hi}"),
            (DataType::Fix { frac, lo, hi }, _) => format!("{}..={}", print_fixed(*lo, *frac), print_fixed(*hi, *frac)),
            _ => String::new(),
        }
    }
}

/// The decimals that a scale holds, where it is a power of ten.
fn decimals(scale: u64) -> Option<u32> {
    scale.checked_ilog10().filter(|decimals| 10_u64.pow(*decimals) == scale)
}

fn collect(ty: &DataType, format: Format, optional: bool, kinds: &mut Vec<Kind>) {
    match ty {
        DataType::Bool
        | DataType::Int { .. }
        | DataType::Fix { .. }
        | DataType::Bits { .. }
        | DataType::Enum { .. } => kinds.push(Kind::new(ty, format, optional)),
        DataType::Maybe(value) => {
            kinds.push(Kind::flag());
            collect(value, format, true, kinds);
        }
        DataType::Rows { element, .. } => {
            kinds.push(Kind::flag());
            collect(element, Format::Plain, false, kinds);
        }
        DataType::Array { element, .. } => collect(element, Format::Plain, false, kinds),
        DataType::Struct { fields, .. } => {
            fields.iter().for_each(|field| collect(&field.ty, field.reading.format, false, kinds));
        }
        DataType::Tuple(items) => items.iter().for_each(|ty| collect(ty, Format::Plain, false, kinds)),
    }
}
