//! Words for what an audit says: numbers, types, names of roles and columns.

use smpc_bytecode::audit::{Audit, Column, Dependence, InputFacts, Means, Place};
use smpc_bytecode::op::RoleId;
use smpc_bytecode::types::DataType;
use smpcvm::decimal::print_fixed;

/// Names before the rest is counted.
const MOST_NAMES: usize = 12;

/// A number with its thousands apart.
pub(super) fn number(value: impl ToString) -> String {
    grouped(&value.to_string())
}

fn grouped(digits: &str) -> String {
    let (sign, rest) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let (whole, fraction) = rest.find('.').map_or((rest, ""), |point| rest.split_at(point));
    let mut out = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

/// "3 rows", "1 row".
pub(super) fn count(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(count), if count == 1 { "" } else { "s" })
}

/// "a, b and c"; of very many some, and how many more.
pub(super) fn list(items: &[String]) -> String {
    if items.len() > MOST_NAMES {
        return format!("{} and {} more", items[..MOST_NAMES - 1].join(", "), number(items.len() + 1 - MOST_NAMES));
    }
    match items {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// What a value can be.
pub(super) fn kind(ty: &DataType) -> String {
    match ty {
        DataType::Bool => "yes or no".to_owned(),
        DataType::Int { lo, hi } if lo == hi => format!("the number {}", number(lo)),
        DataType::Int { lo, hi } => format!("a whole number from {} to {}", number(lo), number(hi)),
        DataType::Fix { frac, lo, hi } => {
            format!("a number from {} to {}", fixed(*lo, *frac), fixed(*hi, *frac))
        }
        DataType::Bits { width } => format!("a word of {}", count((*width).into(), "bit")),
        DataType::Enum { variants, .. } => format!("one of {}", variants.join(", ")),
        DataType::Maybe(_)
        | DataType::Array { .. }
        | DataType::Rows { .. }
        | DataType::Struct { .. }
        | DataType::Tuple(_) => "several values".to_owned(),
    }
}

/// A fixed-point number, in a few digits.
pub(super) fn fixed(raw: i64, frac: u32) -> String {
    let exact = print_fixed(raw, frac);
    match exact.split_once('.') {
        Some((whole, "0")) => grouped(whole),
        Some((whole, fraction)) if fraction.len() > 3 => format!("about {}.{}", grouped(whole), &fraction[..3]),
        _ => grouped(&exact),
    }
}

/// Names of roles; neighbours of a counted role together.
pub(super) fn roles(audit: &Audit, roles: impl IntoIterator<Item = usize>) -> String {
    let names: Vec<&str> = roles.into_iter().map(|role| audit.roles.get(role).map_or("?", String::as_str)).collect();
    let mut found: Vec<String> = Vec::new();
    let mut at = 0;
    while at < names.len() {
        let member = |name: &str| {
            let (counted, number) = name.strip_suffix(']')?.split_once('[')?;
            Some((counted.to_owned(), number.parse::<usize>().ok()?))
        };
        let mut end = at + 1;
        if let Some((counted, first)) = member(names[at]) {
            while names.get(end).and_then(|name| member(name)) == Some((counted.clone(), first + end - at)) {
                end += 1;
            }
        }
        if end - at > 2 {
            found.push(format!("{} to {}", names[at], names[end - 1]));
        } else {
            found.extend(names[at..end].iter().map(|name| (*name).to_owned()));
        }
        at = end;
    }
    list(&found)
}

/// As [`roles`], of ids.
pub(super) fn role_ids(audit: &Audit, ids: &[RoleId]) -> String {
    roles(audit, ids.iter().map(|id| id.index()))
}

/// `acme.salary`, `pay[3]`.
pub(super) fn column_name(input: &InputFacts, column: &Column) -> String {
    let member = input.member.map(|member| format!("[{member}]")).unwrap_or_default();
    let dot = if column.path.is_empty() { "" } else { "." };
    format!("{}{member}{dot}{}", input.name, column.path)
}

/// The column of a dependence, with its owners.
pub(super) fn column_of(audit: &Audit, one: &Dependence) -> String {
    let dot = if one.path.is_empty() { "" } else { "." };
    let owners = one.inputs.iter().filter_map(|input| audit.inputs.get(*input)).map(|input| input.role);
    let public = if one.secret { "" } else { ", public" };
    format!("{}{dot}{} ({}{public})", one.input, one.path, roles(audit, owners))
}

/// "through sums and rounding".
pub(super) fn through(how: Means) -> String {
    let words: Vec<String> = how.words().into_iter().map(str::to_owned).collect();
    if words.is_empty() { "as it is".to_owned() } else { format!("through {}", list(&words)) }
}

/// `main.smpc:9`.
pub(super) fn place(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

/// A positive number in a few digits, not less than it is.
pub(super) fn at_most(value: f64) -> String {
    if !value.is_finite() {
        return "any distance".to_owned();
    }
    if value >= 1000.0 {
        return grouped(&format!("{:.0}", value.ceil()));
    }
    let mut decimals = 0;
    let mut unit = 1.0_f64;
    while unit * 10.0 > value && decimals < 18 {
        unit /= 10.0;
        decimals += 1;
    }
    let shown = (value / unit * (1.0 - 1e-9)).ceil() * unit;
    let text = format!("{shown:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        assert_eq!(number(0), "0");
        assert_eq!(number(-1_234_567), "-1,234,567");
        assert_eq!(grouped("1234.5678"), "1,234.5678");
        assert_eq!(fixed(1 << 15, 16), "0.5");
        assert_eq!(fixed(3000 << 16, 16), "3,000");
        assert_eq!(kind(&DataType::Int { lo: -5, hi: 2_000_000 }), "a whole number from -5 to 2,000,000");
    }

    #[test]
    fn distances_are_never_shown_smaller() {
        for value in [0.5, 7.7e-6, 3.0, 1.25, 999.5, 12_345.6] {
            let read: f64 = at_most(value).replace(',', "").parse().expect("a number");
            assert!(read >= value * (1.0 - 1e-8) && read <= value * 1.11, "{value} as {read}");
        }
        assert_eq!(at_most(0.5), "0.5");
        assert_eq!(at_most(1.0), "1");
    }

    #[test]
    fn lists_end() {
        let many: Vec<String> = (0..50).map(|i| i.to_string()).collect();
        assert_eq!(list(&many[..3]), "0, 1 and 2");
        assert!(list(&many).ends_with("10 and 39 more"));
    }
}
