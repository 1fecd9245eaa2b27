//! Where a `use` goes that a file lacks.

use super::ast::{ItemKind, Module, UseWhat};
use crate::diagnostics::Suggestion;
use crate::source::{FileId, Span};

/// The edit that imports `name` from a module: it joins the `use` of that module if there is one, and otherwise stands behind the last `use`, or in front
/// of the first item and its comments.
#[must_use]
pub fn import(file: FileId, text: &str, ast: &Module, path: &[&str], name: &str) -> Suggestion {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut last: Option<Span> = None;
    for item in &ast.items {
        let ItemKind::Use(of) = &item.kind else { continue };
        last = Some(item.span);
        let same = of.path.iter().map(|word| word.text.as_str()).eq(path.iter().copied());
        if let (true, UseWhat::Names(names)) = (same, &of.what)
            && let Some(known) = names.last()
        {
            let written = text.get(item.span.start as usize..item.span.end as usize).unwrap_or_default();
            return if written.contains('{') {
                Suggestion { span: known.span.after(), replacement: format!(", {name}") }
            } else {
                Suggestion { span: known.span, replacement: format!("{{{}, {name}}}", known.text) }
            };
        }
    }
    let line = format!("use {}::{name};", path.join("::"));
    if let Some(last) = last {
        return Suggestion { span: last.after(), replacement: format!("{end}{line}") };
    }
    let at = first_item(text, ast);
    let at = u32::try_from(at).unwrap_or(0);
    Suggestion { span: Span { file, start: at, end: at }, replacement: format!("{line}{end}{end}") }
}

/// The start of the lines that belong to the first item; behind the comment of the file where there is none.
fn first_item(text: &str, ast: &Module) -> usize {
    let starts = ast.items.iter().map(|item| item.span).chain(ast.lost.iter().copied()).map(|span| span.start as usize);
    let lines = |until: usize| {
        let mut start = 0;
        text.get(..until).unwrap_or_default().split_inclusive('\n').map(move |line| {
            start += line.len();
            (start - line.len(), line.trim())
        })
    };
    match starts.min() {
        None => lines(text.len()).take_while(|(_, line)| line.starts_with("//!")).last().map_or(0, |(at, line)| {
            text.get(at..).and_then(|rest| rest.find('\n')).map_or(at + line.len(), |end| at + end + 1)
        }),
        Some(item) => {
            let line_start = text.get(..item).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
            let above: Vec<(usize, &str)> = lines(line_start).collect();
            let belongs = |line: &str| line.starts_with("//") && !line.starts_with("//!");
            above.iter().rev().take_while(|(_, line)| belongs(line)).last().map_or(line_start, |(at, _)| *at)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Sink;
    use crate::source::SourceMap;

    fn imported(text: &str) -> String {
        let mut sources = SourceMap::default();
        let file = sources.add("main.smpc", text);
        let ast = super::super::parse(&sources, file, &mut Sink::default());
        let edit = import(file, text, &ast, &["std", "math"], "sqrt");
        let mut text = text.to_owned();
        text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
        text
    }

    #[test]
    fn a_name_joins_the_import_of_its_module() {
        assert_eq!(imported("use std::math::exp;\n"), "use std::math::{exp, sqrt};\n");
        assert_eq!(imported("use std::math::{exp, ln};\n"), "use std::math::{exp, ln, sqrt};\n");
    }

    #[test]
    fn a_new_import_has_its_place() {
        assert_eq!(
            imported("use std::sort::sort;\nparty A;\n"),
            "use std::sort::sort;\nuse std::math::sqrt;\nparty A;\n"
        );
        assert_eq!(
            imported("//! File.\n\n/// Roles.\nparty A;\n"),
            "//! File.\n\nuse std::math::sqrt;\n\n/// Roles.\nparty A;\n"
        );
        assert_eq!(imported("party A;\r\n"), "use std::math::sqrt;\r\n\r\nparty A;\r\n");
        assert_eq!(imported("//! File.\n"), "//! File.\nuse std::math::sqrt;\n\n");
        assert_eq!(imported(""), "use std::math::sqrt;\n\n");
    }
}
