//! The page as text for a terminal or a mail.

use super::page::{Block, Page, severity};
use super::words::place;
use smpc_bytecode::audit::Severity;

/// Columns of a line.
const WIDTH: usize = 100;

/// The text of a page.
pub(super) fn render(page: &Page) -> String {
    let mut out = String::new();
    line(&mut out, &page.title);
    line(&mut out, &"=".repeat(page.title.chars().count()));
    out.push('\n');
    for (name, value) in &page.facts {
        line(&mut out, &format!("{name}: {value}"));
    }
    for section in &page.sections {
        out.push('\n');
        line(&mut out, section.heading);
        line(&mut out, &"-".repeat(section.heading.chars().count()));
        for block in &section.blocks {
            out.push('\n');
            match block {
                Block::Text(text) => wrapped(&mut out, "", "", text),
                Block::Entry { mark, says, more, source } => {
                    let mark = mark
                        .filter(|mark| *mark != Severity::Stated)
                        .map_or_else(String::new, |mark| format!("{}: ", severity(mark)));
                    wrapped(&mut out, "* ", "  ", &format!("{mark}{says}"));
                    more.iter().for_each(|text| wrapped(&mut out, "  - ", "    ", text));
                    if let Some(at) = source.as_ref().filter(|at| at.line > 0) {
                        line(&mut out, &format!("  {}: {}", place(at), at.text));
                    }
                }
            }
        }
    }
    out.push('\n');
    line(&mut out, "Read and approved");
    out.push('\n');
    line(&mut out, "Name: ______________________   Date: ____________   Signature: ______________________");
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

/// A paragraph in lines of limited width.
fn wrapped(out: &mut String, first: &str, next: &str, text: &str) {
    let mut current = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && current.chars().count() + 1 + word.chars().count() > WIDTH {
            line(out, &current);
            next.clone_into(&mut current);
            empty = true;
        }
        if !empty {
            current.push(' ');
        }
        current.push_str(word);
        empty = false;
    }
    line(out, &current);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_wrapped_and_indented() {
        let mut out = String::new();
        wrapped(&mut out, "* ", "  ", &"word ".repeat(40));
        assert_eq!(out.lines().count(), 3);
        assert!(out.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(out.lines().skip(1).all(|line| line.starts_with("  word")));
    }
}
