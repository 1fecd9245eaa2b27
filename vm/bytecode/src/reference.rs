//! `docs/bytecode.md`: the prose of `reference.md` with the tables that come from the code. Writes no file; a test compares and, on request, writes.

use crate::codec::{MAGIC, MAX_BYTES, MAX_DEPTH, VERSION};
use crate::op::{OPS, OpInfo};
use crate::strings::{MAX_NAME, MAX_TEXT};
use crate::types::MAX_WIDTH;
use crate::verify::{MAX_LEAVES, MAX_PATHS};
use std::fmt::Write;

/// The chapters of the table, by the upper half of an operation's number.
const CHAPTERS: [(u8, &str); 8] = [
    (0x0, "Moves"),
    (0x1, "Arithmetic"),
    (0x2, "Decisions"),
    (0x3, "Logic, plane by plane"),
    (0x4, "Conversions"),
    (0x5, "Input, opening, output"),
    (0x6, "Sorting"),
    (0x7, "Arithmetic modulo 2^64"),
];

/// A module in the text form, shown at the end of the page; a test holds it against the printer.
pub const EXAMPLE: &str = include_str!("reference.example");

/// The page.
#[must_use]
pub fn reference() -> String {
    include_str!("reference.md")
        .replace("{magic_len}", &MAGIC.len().to_string())
        .replace("{magic}", &String::from_utf8_lossy(MAGIC))
        .replace("{version}", &VERSION.to_string())
        .replace("{max_bytes}", &(MAX_BYTES >> 20).to_string())
        .replace("{max_depth}", &MAX_DEPTH.to_string())
        .replace("{max_leaves}", &MAX_LEAVES.to_string())
        .replace("{max_paths}", &(MAX_PATHS >> 20).to_string())
        .replace("{max_width}", &MAX_WIDTH.to_string())
        .replace("{max_name}", &MAX_NAME.to_string())
        .replace("{max_text}", &MAX_TEXT.to_string())
        .replace("{operations}", &operations())
        .replace("{example}", EXAMPLE)
}

fn operations() -> String {
    let mut out = String::new();
    let mut chapter = None;
    for info in OPS {
        let number = info.code >> 4;
        if chapter != Some(number) {
            chapter = Some(number);
            let title = CHAPTERS.iter().find(|(n, _)| *n == number).map_or("Others", |(_, title)| title);
            // Writing to a string does not fail.
            let _ = write!(out, "### {title}\n\n| number | operation | meaning |\n| --- | --- | --- |\n");
        }
        let _ =
            writeln!(out, "| {:#04x} | `{}` | {} |", info.code, signature(info), info.doc.trim().replace('|', "\\|"));
        if OPS.iter().rfind(|other| other.code >> 4 == number).is_some_and(|last| last.code == info.code) {
            out.push('\n');
        }
    }
    out
}

/// `dot{len}(n, n) -> n`.
fn signature(info: &OpInfo) -> String {
    let immediates =
        if info.immediates.is_empty() { String::new() } else { format!("{{{}}}", info.immediates.join(", ")) };
    let letters: String = info.operands.chars().filter(|c| !c.is_whitespace()).collect();
    let operands = letters.replace("...", "…").replace(',', ", ");
    let result = if info.result == "-" { String::new() } else { format!(" -> {}", info.result) };
    format!("{}{immediates}({operands}){result}", info.mnemonic)
}
