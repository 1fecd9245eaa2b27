//! What stands at a place, as text for the editor.

use super::costs::LineCosts;
use smpcc_core::analysis::{Fact, Hover};
use smpcvm::run::cost::words::bytes;
use std::fmt::Write as _;

/// What there is to show, in Markdown. `name` is the text that it is about.
pub(super) fn markdown(hover: &Hover, name: &str) -> String {
    let mut out = String::new();
    let facts: Vec<String> = hover.facts.iter().map(one_line).collect();
    // Writing to a string does not fail.
    match &hover.code {
        Some(code) => {
            let _ = write!(out, "```smpc\n{code}\n```\n");
            if !facts.is_empty() {
                let _ = write!(out, "\nHere:\n```smpc\n{}\n```\n", facts.join("\n"));
            }
        }
        None if facts.is_empty() => return out,
        None => {
            // A name alone says its name; an expression only what it is.
            let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_')
                && !name.starts_with(|c: char| c.is_ascii_digit());
            let named = |fact: &String| if is_name { format!("{name}: {fact}") } else { fact.clone() };
            let lines: Vec<String> = facts.iter().map(named).collect();
            let _ = write!(out, "```smpc\n{}\n```\n", lines.join("\n"));
        }
    }
    if hover.facts.len() > 1 {
        out.push_str("\nThe function has several instances, or the expression several turns.\n");
    }
    if let [fact] = hover.facts.as_slice() {
        if !fact.fields.is_empty() {
            out.push('\n');
        }
        for (field, ty) in &fact.fields {
            let _ = writeln!(out, "- `{field}: {ty}`");
        }
    }
    if !hover.docs.is_empty() {
        let _ = write!(out, "\n{}\n", hover.docs.join("\n"));
    }
    out
}

fn one_line(fact: &Fact) -> String {
    match &fact.value {
        Some(value) => format!("{} = {value}", fact.ty),
        None => fact.ty.clone(),
    }
}

/// A line about what the source line costs; nothing where it costs nothing.
pub(super) fn cost_line(costs: &LineCosts, file: &str, line: u32) -> Option<String> {
    let (rounds, sent) = costs.lines.get(&(file.to_owned(), line))?;
    let bound = if costs.at_least { "at least " } else { "" };
    let plural = if *rounds == 1 { "" } else { "s" };
    Some(format!(
        "\nThis line: {bound}{rounds} round{plural}, {} a party under {} (rounds that merge count at each line).\n",
        bytes(*sent),
        costs.protocol
    ))
}
