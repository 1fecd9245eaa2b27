//! `smpcc check`: what is wrong with a program, for people or for tools.

use crate::cli::{Check, Format};
use crate::source::{compile_source, summary};
use crate::{Done, log, one, print};
use serde_json::{Value, json};
use smpcc_core::Compiled;
use smpcc_core::diagnostics::{Diagnostic, Level};
use smpcc_core::source::Span;
use smpcvm::failure::Failure;

pub(crate) fn run(arguments: &Check) -> Done {
    let compiled = compile_source(&arguments.source)?;
    let text = match arguments.format {
        Format::Text => {
            log(compiled.render().trim_end());
            if compiled.diagnostics.is_empty() {
                log("nothing is wrong");
            } else {
                log(&format!("\n{}", summary(&compiled.diagnostics)));
            }
            String::new()
        }
        Format::Json => format!("{:#}\n", json!({ "messages": messages(&compiled) })),
    };
    if compiled.module.is_some() {
        return Ok(text);
    }
    // A tool reads the messages whatever the exit code.
    print(&text);
    Err(one(Failure::user("")))
}

fn messages(compiled: &Compiled) -> Vec<Value> {
    compiled.diagnostics.iter().map(|diagnostic| message(compiled, diagnostic)).collect()
}

/// A message: code, level, text, places, notes, help. Lines and columns count from 1.
fn message(compiled: &Compiled, diagnostic: &Diagnostic) -> Value {
    let level = match diagnostic.code.level() {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    let labels: Vec<Value> = diagnostic.labels.iter().map(|(span, text)| place(compiled, *span, text)).collect();
    json!({
        "code": diagnostic.code.as_str(),
        "level": level,
        "message": diagnostic.message,
        "place": place(compiled, diagnostic.primary.0, &diagnostic.primary.1),
        "labels": labels,
        "notes": diagnostic.notes,
        "help": diagnostic.help,
    })
}

fn place(compiled: &Compiled, span: Span, text: &str) -> Value {
    let (start, end) = (compiled.sources.place(span), compiled.sources.place(span.after()));
    json!({
        "file": compiled.sources.file(span.file).path,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "text": text,
    })
}
